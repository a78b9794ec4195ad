//! The table of declared automation.
//!
//! Owns its shape only. A line is of a job, never of a person.

use serde::Serialize;

use crate::report::quantities::{Count, Maybe, MicroDollars, Share, Tokens};

/// How it is known that something is automation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum JobKind {
    /// An `[[automation]]` of `footlight.toml`.
    Declaration,
    /// A schedule of the platform that runs it.
    Schedule,
    /// The account is a service, and nothing else declares what it ran.
    Service,
    /// A schedule began it and nobody declared it.
    Undeclared,
    /// Several jobs together.
    Several,
}

impl JobKind {
    /// In words.
    pub fn text(&self) -> &'static str {
        match self {
            JobKind::Declaration => "footlight.toml",
            JobKind::Schedule => "its platform's schedule",
            JobKind::Service => "a service account",
            JobKind::Undeclared => "nobody: only its schedule is logged",
            JobKind::Several => "",
        }
    }
}

/// All declared automation.
#[derive(Debug, Clone, Serialize)]
pub struct Automation {
    /// Jobs that have a line of their own, by kind and name.
    pub jobs: Vec<Job>,
    /// Those in the accounts of fewer people than the floor, together; none when there are none.
    pub of_few_people: Maybe<Job>,
    /// All jobs; none when there are none.
    pub total: Maybe<Job>,
    /// Declared, and without a run of its own in the period.
    pub never_ran: Count,
}

impl Automation {
    /// Every line in the order of the table; a sum that is withheld is none.
    pub fn lines(&self) -> Vec<&Job> {
        self.jobs
            .iter()
            .chain(&self.of_few_people.0)
            .chain(self.total.0.iter().filter(|total| !total.suppressed))
            .collect()
    }
}

/// One job. Null figures are not known, or suppressed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Job {
    /// How it is known.
    pub kind: JobKind,
    /// Repository pattern, id of the schedule, service account or tool; which, for several.
    pub job: String,
    /// Whose it is, where the declaration says so and it is no person.
    pub owner: Maybe<String>,
    /// Cron expression, as declared.
    pub schedule: Maybe<String>,
    /// It may not be shown.
    pub suppressed: bool,
    /// Sessions.
    pub runs: Maybe<Count>,
    /// ISO weeks with a run; none for several.
    pub weeks: Maybe<Count>,
    /// Tokens.
    pub tokens: Maybe<Tokens>,
    /// Cost; none without a price.
    pub cost: Maybe<MicroDollars>,
    /// Runs of whose output it can be told whether anybody took it up.
    pub followed_runs: Maybe<Count>,
    /// Of these, the share of which an outcome is linked or a line landed; none when none can be followed.
    pub uptake: Maybe<Share>,
    /// Share of their new lines that landed.
    pub lines_landed: Maybe<Share>,
    /// Cost of the runs that can be followed and nobody took up.
    pub cost_not_taken_up: Maybe<MicroDollars>,
}
