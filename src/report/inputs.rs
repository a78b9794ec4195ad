//! What a report is made from.
//!
//! Owns the shape only: the rows of `OUT/tables` as scoring wrote them, and the facts about the run that no table has. Everything
//! is plain data, so that a report can be built from a lake, from Parquet files or from a test alike.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::compare::Earlier;
use super::readings::Readings;
use super::release::Weeks;
use crate::score::objections::ObjectionCounts;
use crate::score::population::RankAgreement;
use crate::score::rows::{ActorWeekRow, AttributionRow, FindingRow, PopulationRow, SessionRow, TeamRow};

/// All of it. The order of the rows does not matter: building sorts.
#[derive(Debug, Clone, Default)]
pub struct Inputs {
    /// Facts about the run.
    pub run: RunFacts,
    /// `sessions`.
    pub sessions: Vec<SessionRow>,
    /// `actor_weeks`.
    pub actor_weeks: Vec<ActorWeekRow>,
    /// `signals`, counted: there are several to each session.
    pub signals: Readings,
    /// `findings`.
    pub findings: Vec<FindingRow>,
    /// `teams`, already suppressed where they must be.
    pub teams: Vec<TeamRow>,
    /// `population`.
    pub population: Vec<PopulationRow>,
    /// `attribution`.
    pub attribution: Vec<AttributionRow>,
    /// Whether each outcome of `attribution` was kept.
    pub outcomes: Vec<OutcomeFact>,
    /// Totals by day.
    pub days: Vec<DayTotals>,
    /// Totals by model.
    pub models: Vec<ModelTotals>,
    /// Weekly panel of the organisation, released with the teams.
    pub weeks: Vec<WeekTotals>,
    /// What the release did with teams and weeks.
    pub weeks_released: Weeks,
    /// Dates at which usage became a target, or stopped being one.
    pub policies: Vec<PolicyMarker>,
    /// The numbers of usage that were made a target or a ranking, oldest first.
    pub kpis: Vec<Kpi>,
    /// Whether use orders people as outcomes do; none when the test abstains.
    pub rank_agreement: Option<RankAgreement>,
    /// What each signal means.
    pub catalogue: Vec<SignalEntry>,
    /// Archetypes found.
    pub archetypes: Vec<Archetype>,
    /// What agents did to each system, and who let them.
    pub systems: Vec<SystemActs>,
    /// Declared automation by job.
    pub declared: Vec<DeclaredJob>,
    /// The SQL of the models that the method names.
    pub queries: Vec<QueryText>,
    /// The report to compare with.
    pub earlier: Option<Earlier>,
}

/// Facts about the run that no table has.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RunFacts {
    /// Title, for example the organisation's name.
    pub title: String,
    /// The moment the report speaks for; never the machine's clock.
    pub as_of: Option<Timestamp>,
    /// Up to here every source has delivered, but for what comes later than the lateness.
    #[serde(default)]
    pub watermark: Option<Timestamp>,
    /// Day of the first event, inclusive; none when there are no events. Outcomes may lie outside of the period.
    pub period_start: Option<Date>,
    /// Day of the last event, inclusive.
    pub period_end: Option<Date>,
    /// Version of footlight.
    pub footlight_version: String,
    /// Version of the lake that was read: runs that brought something, counted.
    pub lake_version: Option<i64>,
    /// blake3 of the resolved configuration, in hexadecimal.
    pub policy_hash: String,
    /// Where the prices of requests come from; empty in files of earlier versions.
    #[serde(default)]
    pub price_table: String,
    /// blake3 of the models that ran, in hexadecimal; empty in files of earlier versions.
    #[serde(default)]
    pub queries_hash: String,
    /// Commands that reproduce the report, in order, without paths: they may name people.
    pub reproduce: Vec<String>,
    /// Seats paid for; none when no roster or licence count was given.
    pub seats: Option<i64>,
    /// People who were active in the period and hold none of them; none where nobody says who holds one, and in files of earlier versions.
    #[serde(default)]
    pub active_without_seat: Option<i64>,
    /// Smallest number of people a published cell may stand for.
    pub small_cell_floor: i64,
    /// Input files read.
    pub files_read: i64,
    /// Events in the lake for the period.
    pub events: i64,
    /// Records seen again and counted once.
    pub duplicates: i64,
    /// What each source of sessions saw, and what of that is counted under its name; none in files of earlier versions.
    #[serde(default)]
    pub sources: Vec<SourceSight>,
    /// Ids by how sure it is whose they are, the surest first; none in files of earlier versions.
    #[serde(default)]
    pub identities: Vec<(String, i64)>,
    /// Ids that contradict themselves: two people claim them, or rows of the roster differ.
    #[serde(default)]
    pub identity_conflicts: i64,
    /// Rejected records by reason.
    pub quarantined: Vec<(String, i64)>,
    /// Record kinds that carry no usage and were passed over, with how many.
    pub ignored_kinds: Vec<(String, i64)>,
    /// Models without a price.
    pub unpriced_models: Vec<String>,
    /// Share of edited files in repositories whose outcomes are known, 0 to 1; none when nothing was edited.
    pub outcome_coverage: Option<f64>,
    /// Share of the tokens whose actor is not known, 0 to 1.
    pub unassigned_tokens_share: Option<f64>,
    /// What readings were compared with, in words: `own history before the quota`, `built-in reference`, ...
    pub calibration_rung: String,
    /// Reservations about the comparison.
    pub calibration_notes: Vec<String>,
    /// Readings that could not be compared, by reason; none in files of earlier versions.
    #[serde(default)]
    pub silenced: Vec<(String, i64)>,
    /// How much of what vendors billed or counted the logs hold, by month; empty without a bill.
    #[serde(default)]
    pub coverage: Vec<CoverageFact>,
    /// Seats by tool, and of all together as `(any)`; empty where nobody says who holds one.
    #[serde(default)]
    pub seat_use: Vec<SeatFact>,
    /// Logs that their own tool deleted, or is about to, before they were read.
    #[serde(default)]
    pub retention: Vec<RetentionFact>,
    /// Objections to sessions and actor-weeks; none in files of earlier versions.
    #[serde(default)]
    pub objections: ObjectionCounts,
}

/// What one source saw, in model responses.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceSight {
    /// Source.
    pub source: String,
    /// Responses that it saw.
    pub seen: i64,
    /// Of these, counted under its name and seen by others too.
    pub shared: i64,
    /// Of these, counted under another source's name, because both state one id.
    pub merged_by_id: i64,
    /// Of these, counted under another source's name, because counts, time and person agree.
    pub merged_by_counts: i64,
    /// Prompts and tool steps that are counted under another source's name.
    pub other_steps_merged: i64,
    /// Tokens that it states.
    pub tokens_seen: i64,
    /// Tokens that are counted under its name.
    pub tokens_counted: i64,
    /// Whom it saw, by pseudonym: responses, tokens that it states, tokens counted under its name. Empty in files of earlier versions, and then
    /// nothing is published.
    #[serde(default)]
    pub people: BTreeMap<String, [i64; 3]>,
    /// Whose responses are counted under another source's name, by pseudonym: by an id, by counts. Empty in files of earlier versions, and then
    /// it is not published how many there are.
    #[serde(default)]
    pub merged_people: BTreeMap<String, [i64; 2]>,
}

/// What the logs hold of the billed use of one tool or maker in one month: a row of `rpt_coverage`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CoverageFact {
    /// `2026-06`, of UTC.
    pub month: String,
    /// A tool, or the maker of the models.
    pub scope: String,
    /// `tokens` or `micro_usd`: what the amounts are in.
    pub measure: String,
    /// On the bill.
    pub billed: i64,
    /// In the logs, for days that the bill covers.
    pub logged: i64,
    /// Of the billed, what the logs hold by day and model.
    pub held_low: i64,
    /// Of the billed, what the logs hold by model in the whole month.
    pub held_high: i64,
    /// Days with a bill; 1 where bills are by the month.
    pub billed_periods: i64,
    /// People behind it, as far as bill and logs know them; 0 in files of earlier versions.
    #[serde(default)]
    pub people: i64,
}

/// Seats of one tool: a row of `rpt_seats`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeatFact {
    /// Tool; `(any)` for everybody who holds a seat of one or more.
    pub product: String,
    /// People who hold one.
    pub seats: i64,
    /// Used in the period.
    pub used: i64,
    /// Not used in it.
    pub idle: i64,
    /// Of the idle, never used as far as anybody can tell.
    pub never_used: i64,
    /// Of which nobody can tell.
    pub use_unknown: i64,
    /// What the newest month's bill has for the seats, millionths of a US dollar.
    pub monthly_cost_micro_usd: Option<i64>,
}

/// Logs that their own tool deletes after a while.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetentionFact {
    /// Source.
    pub source: String,
    /// `at_risk`: the oldest logs go before long; `gap`: some went before they were read.
    pub state: String,
    /// Days that the tool keeps its logs.
    pub kept_days: i64,
    /// Where that number comes from: `setting`, or the tool's `default`.
    pub kept_by: String,
    /// `at_risk`: the first day on which logs go. `gap`: the first day of which logs may be gone.
    pub from: Date,
    /// `gap`: the last such day; else the same as `from`.
    pub to: Date,
}

/// A model as the run used it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueryText {
    /// `queries/x.sql`, also where another file replaced it.
    pub file: String,
    /// The whole file.
    pub sql: String,
}

/// Whether an outcome was kept.
#[derive(Debug, Clone, Default)]
pub struct OutcomeFact {
    /// The source's own id.
    pub outcome_id: String,
    /// True when still there after the survival horizon and not reverted; none when it is too young to tell.
    pub kept: Option<bool>,
    /// `commit`, `ticket` and so on: ids are those of their kind.
    pub outcome_kind: String,
}

/// Totals of one day, in the actors' local time.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct DayTotals {
    /// Day.
    pub day: Date,
    /// Root sessions started.
    pub sessions: i64,
    /// Prompts.
    pub prompts: i64,
    /// Tokens; none when no completion reported any.
    pub tokens: Option<i64>,
    /// Millionths of a US dollar; none when nothing could be priced.
    pub cost_micro_usd: Option<i64>,
}

/// Totals of one model.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ModelTotals {
    /// Name as the log has it.
    pub model: String,
    /// Model responses.
    pub completions: i64,
    /// Fresh input tokens.
    pub input_tokens: Option<i64>,
    /// Output tokens.
    pub output_tokens: Option<i64>,
    /// Cache reads.
    pub cache_read_tokens: Option<i64>,
    /// Cache writes.
    pub cache_write_tokens: Option<i64>,
    /// Millionths of a US dollar; none when the model has no price.
    pub cost_micro_usd: Option<i64>,
    /// Who used it, by pseudonym: completions, tokens, micro-dollars. Empty in files of earlier versions, and then nothing is published.
    #[serde(default)]
    pub people: BTreeMap<String, [i64; 3]>,
}

/// One week of the organisation.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct WeekTotals {
    /// `2026-W07`.
    pub iso_week: String,
    /// Known people who were active: with a session begun or a prompt.
    pub active_actors: i64,
    /// Root sessions.
    pub sessions: i64,
    /// Prompts.
    pub prompts: i64,
    /// Tokens.
    pub tokens: Option<i64>,
    /// Millionths of a US dollar.
    pub cost_micro_usd: Option<i64>,
    /// Outcomes landed; none when no outcome source covers the week.
    pub outcomes: Option<i64>,
    /// True when the logs do not hold the whole week: it is drawn pale and left out of week-on-week figures.
    pub partial: bool,
    /// True when the figures may not be published: they are then zero or none.
    #[serde(default)]
    pub withheld: bool,
    /// True when data of the week may still come: it ends after the watermark of the run.
    #[serde(default)]
    pub is_open: bool,
}

/// A date at which usage became a target, or stopped being one.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PolicyMarker {
    /// Day it took effect.
    pub date: Date,
    /// What happened: `quota announced: 500 prompts a week`, `leaderboard published`, ...
    pub label: String,
}

/// A number of usage that was made a target or a ranking.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Kpi {
    /// `quota` or `leaderboard`.
    pub kind: String,
    /// `active_week`, `prompts`, `sessions`, `tokens`, `cost_usd`.
    pub metric: String,
    /// What people were told, in words.
    pub target: String,
    /// Day it took effect.
    pub since: Date,
    /// Day it ended.
    pub until: Option<Date>,
    /// Scope of the population test of its own.
    pub scope: String,
    /// Weeks of people around the target; empty where there are no bins.
    pub bins: Vec<KpiBin>,
}

/// Weeks of people whose amount lies in a bin. The line is an edge.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct KpiBin {
    /// Lowest amount, inclusive, in the metric's own unit.
    pub from: f64,
    /// Highest amount, exclusive.
    pub to: f64,
    /// Whether it lies above the line.
    pub above: bool,
    /// Weeks before the announcement, to the nearest 5; none when hidden.
    pub before: Option<i64>,
    /// Weeks after it; none when hidden.
    pub after: Option<i64>,
    /// Weeks after it that a smooth curve expects; none where none can be fitted.
    pub expected: Option<f64>,
}

/// What a signal means, from the header of its model.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SignalEntry {
    /// Snake-case name.
    pub name: String,
    /// Family.
    pub family: String,
    /// What it measures.
    pub measures: String,
    /// What a high reading suggests.
    pub suggests: String,
    /// When a high reading is innocent.
    pub innocent: String,
    /// Where the definition comes from.
    pub reference: String,
}

/// A share by a day, with what is too young to say taken out by its estimator.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SurvivalFact {
    /// What the share is of, in words.
    pub of: String,
    /// The day.
    pub days: i64,
    /// 0 to 1.
    pub share: f64,
    /// Sessions or commits behind it.
    pub n: i64,
    /// Estimator.
    pub method: String,
}

/// One group of similar sessions.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Archetype {
    /// Name, `noise` for sessions like no other.
    pub name: String,
    /// Sessions in it.
    pub sessions: i64,
    /// People with at least one of them.
    pub actors: i64,
}

/// One job of declared automation: a row of `rpt_declared_automations`, and of `declared_automations`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobFacts {
    /// `declaration`, `schedule`, `service`; `undeclared` for what schedules of a tool began and nobody declared.
    pub kind: String,
    /// Repository pattern, id of the schedule, service account or tool. It has no account of a person in it.
    pub job: String,
    /// Cron expression, as declared; none where several jobs of one name differ.
    pub schedule: Option<String>,
    /// Whose it is; none where nobody says so, or the owner may be a person.
    pub owner: Option<String>,
    /// Sessions.
    pub runs: i64,
    /// ISO weeks in which one began.
    pub weeks: i64,
    /// Tokens; none when none was reported.
    pub tokens: Option<i64>,
    /// Millionths of a US dollar; none without a price.
    pub cost_micro_usd: Option<i64>,
    /// Sessions with tokens and without a price.
    pub unpriced_runs: i64,
    /// Sessions of whose output it is known whether anybody took it up.
    pub followed_runs: i64,
    /// Of these, those to which an outcome is linked or a line of which landed; none when none can be followed.
    pub taken_up_runs: Option<i64>,
    /// New lines of the sessions that can be followed.
    pub lines: i64,
    /// Of these, those that landed; none when no session can be followed.
    pub landed_lines: Option<i64>,
    /// Cost of the sessions that can be followed and nobody took up; none without one.
    pub cost_not_taken_up_micro_usd: Option<i64>,
}

/// A job with the people in it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeclaredJob {
    /// What is known of the job.
    #[serde(flatten)]
    pub facts: JobFacts,
    /// In whose accounts it ran, by pseudonym: sessions, tokens, micro-dollars. Services are no people.
    pub people: BTreeMap<String, [i64; 3]>,
}

/// What agents did to one system: tool calls that write, send or execute, split three times over.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SystemActs {
    /// Name, `(unknown)` where the log names none.
    pub system: String,
    /// Distinct people and services behind them.
    pub actors: i64,
    /// Calls of each of them, by pseudonym. Empty in files of earlier versions, and then nothing is published.
    #[serde(default)]
    pub people: BTreeMap<String, i64>,
    /// Sessions.
    pub sessions: i64,
    /// Calls that write.
    pub writes: i64,
    /// Calls that send.
    pub sends: i64,
    /// Calls that execute.
    pub executes: i64,
    /// In sessions that a person started.
    pub started_by_human: i64,
    /// In sessions that a schedule started.
    pub started_by_schedule: i64,
    /// In sessions that another agent started.
    pub started_by_agent: i64,
    /// In sessions of which the log does not say.
    pub started_by_unknown: i64,
    /// A person let the call run.
    pub approved_by_human: i64,
    /// A rule let it run.
    pub approved_by_rule: i64,
    /// Nobody was asked.
    pub approved_by_nobody: i64,
    /// The log does not say.
    pub approval_unknown: i64,
    /// Outside working hours of the person's own zone.
    pub off_hours: i64,
    /// Long after a person's last turn.
    pub unattended: i64,
}
