//! Labelled organisations: invented people who work with AI tools, some of whom make usage to be counted, and the truth about them.
//!
//! Owns the simulated world; it writes the public interchange format and knows nothing of how the product judges (no signal, no threshold was
//! read for it). Flow: [`World`] and seed give a policy and people; each person's weeks are then made one after the other from a stream of
//! draws of their own, so memory does not grow with the organisation's history and the same seed gives the same bytes. [`Divisions`] makes as
//! many organisations as a number of events needs, in parallel, for measuring speed and memory.

mod divisions;
mod families;
mod held_out;
mod honest;
mod journal;
mod lookalike;
mod outcomes;
mod person;
mod random;
mod row;
mod session;
mod strategy;
mod theater;
mod transcript;
mod voice;
mod words;
mod world;

#[cfg(test)]
mod tests;

pub use divisions::Divisions;
pub use journal::Written;
pub use person::LOOK_ALIKES;
pub use strategy::{Hiding, JitterLaw, PadSource, Strategy};
pub use world::World;

use journal::{Journal, Layout};
use outcomes::Desk;
use person::{Label, Mix, Person};
use random::Random;
use session::Style;
use std::path::{Path, PathBuf};
use world::Policy;

/// Files of events of a labelled organisation, and as many of outcomes.
const SHARDS: usize = 8;

/// What is simulated.
#[derive(Debug, Clone, PartialEq)]
pub struct Simulation {
    /// Seed of everything.
    pub seed: u64,
    /// People; service accounts come on top, one for each sixty.
    pub people: usize,
    /// Weeks, from 2026-W02 on.
    pub weeks: usize,
    /// Which organisation.
    pub world: World,
    /// Share of people who make usage to be counted; the world `clean` has none.
    pub theater_share: f64,
    /// Families of theater in use, held-out ones among them, [`HELD_OUT`] standing for all of those; the twelve when empty.
    pub families: Vec<String>,
    /// Sessions of the median person in an average week; more than 0.
    pub pace: f64,
    /// Leave texts, arguments and patches out.
    pub strip_text: bool,
    /// Claude Code's own transcripts for those who use it; the others, outcomes and roster stay canonical.
    pub native: bool,
}

/// Why a simulation could not be written.
#[derive(Debug, thiserror::Error)]
pub enum SimulateError {
    /// The operating system refused.
    #[error("{path}: {error}")]
    Io {
        /// File or directory.
        path: PathBuf,
        /// Cause.
        #[source]
        error: std::io::Error,
    },
    /// A truth file or the roster could not be written.
    #[error("cannot write a table: {0}")]
    Table(#[from] csv::Error),
    /// A row could not be written.
    #[error("cannot write a row: {0}")]
    Row(#[from] serde_json::Error),
    /// The machine does not know a time zone.
    #[error("time zone {zone}: {error}")]
    Zone {
        /// IANA name.
        zone: &'static str,
        /// Cause.
        #[source]
        error: jiff::Error,
    },
    /// The threads could not be started.
    #[error("cannot start threads: {0}")]
    Threads(#[from] rayon::ThreadPoolBuildError),
    /// A family that there is none of.
    #[error(
        "`{0}` is no family of theater; there are {names}; held out, and not for --adversary: {held_out}, or {HELD_OUT} for all of them",
        names = family_names().join(", "),
        held_out = held_out_names().join(", ")
    )]
    Family(String),
    /// A transcript is made of texts.
    #[error("transcripts cannot be written without text: leave out either --strip-text or --format")]
    StrippedTranscript,
}

/// Names of the twelve families of theater that are used when none is named.
pub fn family_names() -> Vec<&'static str> {
    families::FAMILIES.iter().map(|family| family.name).collect()
}

/// Stands for all held-out families where families are named.
pub const HELD_OUT: &str = "held-out";

/// Names of the held-out families: theater that nothing was tuned on, made only when it is asked for.
pub fn held_out_names() -> Vec<&'static str> {
    held_out::FAMILIES.iter().map(|family| family.name).collect()
}

impl Simulation {
    /// Writes `DIR/input` (events, outcomes, `roster.csv`, `footlight.toml`) and `DIR/truth`.
    ///
    /// # Errors
    /// [`SimulateError`]; what was written before it stays.
    pub fn write(&self, directory: &Path) -> Result<Written, SimulateError> {
        self.write_people(directory, None)
    }

    /// The same organisation, in which all who play are one group with this strategy; `families` does not count then. What
    /// everybody else does is the same for every strategy of a seed.
    ///
    /// # Errors
    /// As [`Simulation::write`].
    pub fn write_with(&self, strategy: &Strategy, directory: &Path) -> Result<Written, SimulateError> {
        self.write_people(directory, Some(strategy))
    }

    /// ISO week in which the incentive begins, and with it the theater of a group that shares a strategy.
    pub fn incentive_week(&self) -> String {
        let policy = Policy::draw(self.seed, self.world, self.weeks, self.pace);
        let week = policy.monday(policy.incentive_week).iso_week_date();
        format!("{:04}-W{:02}", week.year(), week.week())
    }

    fn write_people(&self, directory: &Path, strategy: Option<&Strategy>) -> Result<Written, SimulateError> {
        self.check()?;
        let style = Style { strip_text: self.strip_text, native: self.native };
        let policy = Policy::draw(self.seed, self.world, self.weeks, self.pace);
        let mut people = self.draw(&policy, 0, strategy)?;
        let (input, truth) = (directory.join("input"), directory.join("truth"));
        let layout = Layout { input: &input, truth: Some(&truth), first_shard: 0, shards: SHARDS, plain: false };
        let mut journal = Journal::create(&layout, style)?;
        let idle = self.histories(&people, &policy, &mut journal)?;
        if strategy.is_none() {
            idle.into_iter().for_each(|place| people[place].label = Label::Honest);
        }
        write_truth(&truth.join("truth.csv"), &people)?;
        let mut roster = csv::Writer::from_path(input.join("roster.csv"))?;
        roster.write_record(person::ROSTER_COLUMNS)?;
        person::write_roster(&mut roster, &people, &policy)?;
        let path = input.join("footlight.toml");
        let text = policy.general_toml(style) + &policy.accounts_toml(&people) + &policy.releases_toml();
        std::fs::write(&path, text).map_err(|error| SimulateError::Io { path, error })?;
        journal.finish()
    }

    /// Whether what is asked for can be made.
    fn check(&self) -> Result<(), SimulateError> {
        let known = |name: &str| name == HELD_OUT || family_names().contains(&name) || held_out_names().contains(&name);
        if let Some(name) = self.families.iter().find(|name| !known(name)) {
            return Err(SimulateError::Family(name.clone()));
        }
        if self.native && self.strip_text {
            return Err(SimulateError::StrippedTranscript);
        }
        Ok(())
    }

    /// The accounts of a division; the whole organisation is its division 0.
    fn draw(
        &self,
        policy: &Policy,
        division: usize,
        strategy: Option<&Strategy>,
    ) -> Result<Vec<Person>, SimulateError> {
        let mix = Mix {
            division,
            people: self.people,
            theater_share: self.theater_share,
            families: &self.families,
            strategy,
        };
        person::draw(self.seed, policy, &mix)
    }

    /// All weeks of these accounts. Returns the places of those who meant to play and never did: a label stands for injected tokens.
    fn histories(
        &self,
        people: &[Person],
        policy: &Policy,
        journal: &mut Journal,
    ) -> Result<Vec<usize>, SimulateError> {
        let mut idle = Vec::new();
        for (place, person) in people.iter().enumerate() {
            let before = journal.written.injected_tokens;
            self.history(person, people, policy, journal)?;
            if matches!(person.label, Label::Theater(_)) && journal.written.injected_tokens == before {
                idle.push(place);
            }
        }
        Ok(idle)
    }

    /// All weeks of one account.
    fn history(
        &self,
        person: &Person,
        people: &[Person],
        policy: &Policy,
        journal: &mut Journal,
    ) -> Result<(), SimulateError> {
        let next_number = (person.index as u64 + 1) * 10_000;
        let mut desk = Desk { journal, people, policy, seed: self.seed, next_number };
        let mut debt = 0.0;
        for week in person.joined.unwrap_or(0)..self.weeks {
            let mut random = Random::stream(self.seed, "week", &[person.index as u64, week as u64]);
            if person.is_service() {
                lookalike::service_week(&mut desk, &mut random, person, week)?;
            } else if let Some(theater) = person.theater_in(week) {
                theater::week(&mut desk, &mut random, person, theater, week, &mut debt)?;
            } else if let (Label::LookAlike { family, share }, true) =
                (&person.label, person.special_weeks.contains(&week))
            {
                lookalike::week(&mut desk, &mut random, person, family, *share, week)?;
            } else {
                let usual = person.pace * honest::activity(self.seed, person, week);
                honest::week(&mut desk, &mut random, person, week, usual, None)?;
            }
        }
        Ok(())
    }
}

/// `truth.csv`: who is what.
fn write_truth(path: &Path, people: &[Person]) -> Result<(), SimulateError> {
    let mut rows = csv::Writer::from_path(path)?;
    rows.write_record(["actor_id", "label", "family", "dose", "evasion", "lookalike"])?;
    for person in people {
        let (label, family, dose, evasion, lookalike) = match &person.label {
            Label::Honest => ("honest", "", String::new(), "", ""),
            Label::LookAlike { family, .. } => ("honest", "", String::new(), "", *family),
            Label::Theater(theater) => {
                ("theater", theater.family.name, theater.dose.to_string(), theater.evasion.unwrap_or(""), "")
            }
        };
        rows.write_record([&person.actor_id, label, family, &dose, evasion, lookalike])?;
    }
    rows.flush().map_err(|error| SimulateError::Io { path: path.to_path_buf(), error })
}
