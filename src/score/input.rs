//! What scoring reads: plain rows, filled from the `fct_` and `sig_` models by the caller.
//!
//! Owns the input row structs and the vocabulary of families. Owns no reading of tables. Actor ids are whatever the caller
//! uses throughout; [`super::Scored::rename_actors`] turns them into pseudonyms before anything is written.

use std::fmt;
use std::sync::Arc;

use super::objections::Objection;

/// Evidence family of signals.md section 2: signals of one family look at one thing and are averaged, not added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// The same thing asked or produced again.
    Redundancy,
    /// The agent ran on without progress or attention.
    AgentWaste,
    /// Nobody used the result.
    NoConsumption,
    /// A machine clock behind starts labelled human.
    Clock,
    /// Usage follows the quota or the ranking.
    Incentive,
    /// Spending without need; weak by design.
    Spend,
}

impl Family {
    /// Every family, in the order of reports.
    pub const ALL: [Family; 6] = [
        Family::Redundancy,
        Family::AgentWaste,
        Family::NoConsumption,
        Family::Clock,
        Family::Incentive,
        Family::Spend,
    ];

    /// The word used in tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Family::Redundancy => "REDUNDANCY",
            Family::AgentWaste => "AGENT-WASTE",
            Family::NoConsumption => "NO-CONSUMPTION",
            Family::Clock => "CLOCK",
            Family::Incentive => "INCENTIVE",
            Family::Spend => "SPEND",
        }
    }

    /// Most that the family can add to a score, decibans (signals.md section 3, step 4; a judgement default).
    pub fn cap_db(self) -> f64 {
        match self {
            Family::Redundancy | Family::AgentWaste | Family::Incentive => 12.0,
            Family::NoConsumption => 10.0,
            Family::Clock => 8.0,
            Family::Spend => 3.0,
        }
    }

    /// Name and family of a session or actor-week signal of signals.md section 2; `None` for a name that is not in the
    /// catalogue. The name comes back as the catalogue's own, so that millions of rows share it.
    pub fn of_signal(signal: &str) -> Option<(&'static str, Family)> {
        number_of(signal).map(numbered)
    }
}

/// Session and actor-week signals.
const CATALOGUE: [(&str, Family); 12] = [
    ("prompt_repetition", Family::Redundancy),
    ("context_padding", Family::Redundancy),
    ("low_output_novelty", Family::Redundancy),
    ("loop_no_progress", Family::AgentWaste),
    ("unattended_burn", Family::AgentWaste),
    ("orphan_output", Family::NoConsumption),
    ("timer_regularity", Family::Clock),
    ("off_rhythm", Family::Clock),
    ("threshold_hugging", Family::Incentive),
    ("deadline_burst", Family::Incentive),
    ("rank_chasing", Family::Incentive),
    ("model_overkill", Family::Spend),
];

/// Place of a signal in the catalogue.
pub(super) fn number_of(signal: &str) -> Option<u8> {
    CATALOGUE.iter().position(|(name, _)| *name == signal).map(|place| place as u8)
}

/// Name and family of the signal at a place in the catalogue.
pub(super) fn numbered(number: u8) -> (&'static str, Family) {
    CATALOGUE[usize::from(number)]
}

/// What is one observation of a signal, and so what a reading is ranked among.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Observation {
    /// A session or a week.
    Unit,
    /// A person whose sessions show one habit: which model they take (signals.md S6, over weeks of prompts).
    Habit,
    /// A person: the reading of a week is about all of their weeks since the announcement or publication (signals.md S10 to S12).
    Person,
}

/// What one observation of a signal is.
pub fn observation(signal: &str) -> Observation {
    match signal {
        "threshold_hugging" | "deadline_burst" | "rank_chasing" => Observation::Person,
        "model_overkill" => Observation::Habit,
        _ => Observation::Unit,
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a reading is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// One root session with its subagents; the unit id is the session id.
    Session,
    /// One person and ISO week; the unit id is `actor/2026-W07`.
    ActorWeek,
}

impl Scope {
    /// The word used in tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Scope::Session => "session",
            Scope::ActorWeek => "actor_week",
        }
    }
}

/// One row of a `sig_` model: the uniform columns, plus the model's name. Its words stay where they are: a run has millions of readings, of
/// which scoring keeps numbers alone.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reading<'a> {
    /// Session or actor-week. Population models have their own statistics in [`super::population`].
    pub scope: Scope,
    /// Session id, or `actor/2026-W07`.
    pub unit_id: &'a str,
    /// Snake-case name of signals.md.
    pub signal: &'a str,
    /// The reading in the signal's own unit; larger is more suspicious.
    pub value: Option<f64>,
    /// Observations behind it.
    pub n: i64,
    /// False when the model abstained.
    pub speaks: bool,
    /// Why it abstained. Not looked at before rows are made.
    pub abstain_reason: Option<&'a str>,
    /// Product of the discounts, 1 when none; multiplies positive evidence only.
    pub discount: f64,
    /// Innocent facts that subtract, decibans, 0 or negative.
    pub exculpation_db: f64,
    /// Evidence that the reading's own size or test supports, decibans, whoever the peers are: somebody is always the first of their peers.
    /// Null where the model states no limit.
    pub most_db: Option<f64>,
    /// JSON object of the model. Not looked at before rows are made.
    pub evidence: &'a str,
}

/// One root session: who, where in the population, and how much, so that volume can be taken out. There are millions, and their words are
/// few: whoever fills them shares each word.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SessionInput {
    /// The source's own id.
    pub session_id: Box<str>,
    /// Resolved actor.
    pub actor: Arc<str>,
    /// Team, `(unassigned)` when unknown.
    pub team_id: Arc<str>,
    /// Tool name without version.
    pub client_name: Arc<str>,
    /// Role family, empty when unknown.
    pub role: Arc<str>,
    /// `human`, `schedule`, `agent`, `unknown`.
    pub trigger: Arc<str>,
    /// True when a `[[automation]]` entry, a schedule or a service account stands behind it.
    pub declared: bool,
    /// First step, microseconds since the epoch.
    pub started_at: i64,
    /// ISO week of the start in actor-local time.
    pub iso_week: Arc<str>,
    /// Prompts.
    pub prompts: i64,
    /// Tool calls.
    pub tool_calls: i64,
    /// Tokens of all kinds; null when none was reported.
    pub tokens: Option<i64>,
}

/// One person and ISO week. Amounts are those of the person's own use: declared automation and what a schedule began are not in them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ActorWeekInput {
    /// Resolved actor.
    pub actor: Arc<str>,
    /// Team.
    pub team_id: Arc<str>,
    /// Role family, empty when unknown.
    pub role: Arc<str>,
    /// True for a service account: leaves the person scopes.
    pub service: bool,
    /// `2026-W07`.
    pub iso_week: Arc<str>,
    /// First microsecond of the week, UTC; compared with the policy dates.
    pub week_start: i64,
    /// Root sessions started.
    pub sessions: i64,
    /// Prompts.
    pub prompts: i64,
    /// Tokens of all kinds; null when none was reported.
    pub tokens: Option<i64>,
    /// Millionths of a US dollar; null when nothing could be priced.
    pub cost_micro_usd: Option<i64>,
}

/// One team and ISO week, for share quotas.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TeamWeekInput {
    /// Team.
    pub team_id: String,
    /// First microsecond of the week, UTC.
    pub week_start: i64,
    /// People on the roster.
    pub people: u64,
    /// Of these, active: with a session begun or a prompt.
    pub active: u64,
}

/// One known person and whole ISO week of the population panel, with the use that is the person's own. A person's week without use and outcomes
/// may be left out.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PanelWeek {
    /// Resolved actor.
    pub actor: String,
    /// Team; empty when on no roster.
    pub team_id: String,
    /// First microsecond of the week, UTC.
    pub week_start: i64,
    /// True when the week ends before the person's first 60 days on the roster do.
    pub is_new: bool,
    /// Tokens of all kinds; null when there was use and none was reported.
    pub tokens: Option<i64>,
    /// Prompts; null when there was use by tools of which no prompt is logged, and nothing else.
    pub prompts: Option<i64>,
    /// Outcomes landed and not undone; null when no source has any, and in weeks up to whose end they were not read.
    pub outcomes: Option<i64>,
    /// Share of the person's edited paths where outcomes are known; null when nothing was edited.
    pub coverage: Option<f64>,
}

/// Something that happened to everybody in an ISO week.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct WeekEvent {
    /// `release`, `training`, `client_change`, `holiday`.
    pub kind: String,
    /// First microsecond of the week, UTC; for a client change the week from which it holds.
    pub week_start: i64,
    /// Share of the week's days, 0 to 1.
    pub share: f64,
}

/// One prompt template and one person who used it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TemplateUse {
    /// The template, a hash.
    pub template: i64,
    /// Resolved actor.
    pub actor: String,
    /// The person's first use, microseconds since the epoch.
    pub first_use: i64,
    /// True when that was on the day with most first uses of the template.
    pub first_on_busiest_day: bool,
    /// True when the person was in their first 60 days.
    pub is_new: bool,
    /// Sessions with the template whose outcome is known.
    pub judged_sessions: i64,
    /// Of these, with an output that was used.
    pub used_sessions: i64,
    /// Of these, how many would have been used at the rate of their strata.
    pub expected_used: f64,
}

/// One leaderboard, person and whole ISO week: where they stood and what they did next.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RankWeek {
    /// The leaderboard in words.
    pub board: String,
    /// Resolved actor.
    pub actor: String,
    /// First microsecond of the week, UTC.
    pub week_start: i64,
    /// True for weeks in which the board could be seen.
    pub published: bool,
    /// Rank by the metric of that week, 1 for the most.
    pub rank: usize,
    /// The top-N that is looked at.
    pub cut: usize,
    /// ln of the next week's amount less ln of this week's, one added to both; null for the last week.
    pub growth: Option<f64>,
}

/// A usage target that people knew of.
#[derive(Debug, Clone, PartialEq)]
pub struct Quota {
    /// `active_week`, `prompts`, `sessions`, `tokens`, `cost_usd`.
    pub metric: String,
    /// Share of a team for `active_week`, else the amount per person and week (US dollars for `cost_usd`).
    pub threshold: f64,
    /// `week`; other periods abstain.
    pub period: String,
    /// Microseconds since the epoch.
    pub announced: i64,
}

/// Everything one run of scoring needs beside the readings, which come signal by signal ([`super::Scoring::hear`]). The order of rows does not matter.
#[derive(Debug, Clone, Default)]
pub struct ScoreInput {
    /// Root sessions.
    pub sessions: Vec<SessionInput>,
    /// Actor-weeks; one for each session's actor and week.
    pub actor_weeks: Vec<ActorWeekInput>,
    /// Team-weeks, for `active_week` quotas.
    pub team_weeks: Vec<TeamWeekInput>,
    /// People and whole weeks, for the break and decoupling tests.
    pub panel: Vec<PanelWeek>,
    /// What happened to everybody.
    pub events: Vec<WeekEvent>,
    /// Templates shared by five people or more.
    pub template_uses: Vec<TemplateUse>,
    /// Ranks of published leaderboards.
    pub ranks: Vec<RankWeek>,
    /// Usage targets.
    pub quotas: Vec<Quota>,
    /// When a policy came to a team: team, and microseconds since the epoch.
    pub rollouts: Vec<(String, i64)>,
    /// When leaderboards were published, microseconds since the epoch.
    pub leaderboards: Vec<i64>,
    /// What the people concerned say about units; of two about one unit the later in the list stands.
    pub objections: Vec<Objection>,
    /// Seed of every bootstrap.
    pub seed: u64,
}

impl ScoreInput {
    /// The first moment at which anybody had a reason to inflate, one team's policy included; before it lies the cleanest reference.
    pub fn clean_until(&self) -> Option<i64> {
        self.rollouts.iter().map(|(_, date)| *date).chain(self.incentive_start()).min()
    }

    /// The first date of a policy for everybody, which the tests of one date look at.
    pub fn incentive_start(&self) -> Option<i64> {
        self.quotas.iter().map(|quota| quota.announced).chain(self.leaderboards.iter().copied()).min()
    }
}
