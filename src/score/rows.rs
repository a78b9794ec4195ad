//! The rows of `OUT/tables/*.parquet`, a public contract (`outputs.md`). Scoring fills them, reports read them.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::input::Family;

/// One root session, subagents rolled up.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct SessionRow {
    /// The source's own id.
    pub session_id: String,
    /// Pseudonym.
    pub actor: String,
    /// Team, `(unassigned)` when unknown.
    pub team_id: String,
    /// Tool with version.
    pub client: String,
    /// `human`, `schedule`, `agent`, `unknown`.
    pub trigger: String,
    /// First step, microseconds since the epoch.
    pub started_at: i64,
    /// Last step, microseconds since the epoch.
    pub ended_at: i64,
    /// ISO week of the start in the actor's local time, `2026-W07`.
    pub iso_week: String,
    /// Texts handed to the agent, other than by another agent.
    pub prompts: i64,
    /// Model responses.
    pub completions: i64,
    /// Tool calls.
    pub tool_calls: i64,
    /// Fresh input tokens; null when no completion reported any.
    pub input_tokens: Option<i64>,
    /// Output tokens.
    pub output_tokens: Option<i64>,
    /// Cache reads.
    pub cache_read_tokens: Option<i64>,
    /// Cache writes.
    pub cache_write_tokens: Option<i64>,
    /// Millionths of a US dollar; null when nothing could be priced.
    pub cost_micro_usd: Option<i64>,
    /// Completions whose usage the log did not report.
    pub completions_without_usage: i64,
    /// Completions whose output count is a lower bound.
    pub lower_bound_completions: i64,
    /// `linked`, `none`, `unknown`.
    pub outcome_link: String,
    /// Evidence in decibans, null when insufficient.
    pub score_db: Option<f64>,
    /// `insufficient`, `none`, `note`, `look`, `review`.
    pub band: String,
    /// Name of the archetype, `noise` or empty when not clustered.
    pub archetype: String,
    /// `open` (contested), `accepted` (out of the scores), `rejected`; empty without an objection.
    pub objection: String,
}

/// One person and ISO week in local time.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct ActorWeekRow {
    /// Pseudonym.
    pub actor: String,
    /// Team.
    pub team_id: String,
    /// `2026-W07`.
    pub iso_week: String,
    /// Root sessions started in the week.
    pub sessions: i64,
    /// Prompts.
    pub prompts: i64,
    /// Input, output and cache tokens together; null when none was reported.
    pub tokens: Option<i64>,
    /// Millionths of a US dollar.
    pub cost_micro_usd: Option<i64>,
    /// Outcomes landed in the week; null when no outcome source covers the actor.
    pub outcomes: Option<i64>,
    /// Pooled evidence in decibans.
    pub score_db: Option<f64>,
    /// Band.
    pub band: String,
    /// As in sessions.
    pub objection: String,
}

impl ActorWeekRow {
    /// Whether the person was active in the week, which every count of active people asks: began a session or gave a prompt. Whoever only let a
    /// session of the week before run on was not.
    pub fn is_active(&self) -> bool {
        self.sessions > 0 || self.prompts > 0
    }
}

/// One signal read on one unit. A run has millions of them, and their words are a dozen: words are borrowed, not copied.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct SignalRow {
    /// `session` or `actor_week`; what is read on `population` stands in [`PopulationRow`] alone.
    pub scope: Cow<'static, str>,
    /// Session id; `pseudonym/2026-W07`.
    pub unit_id: String,
    /// Snake-case name of `signals.md`.
    pub signal: Cow<'static, str>,
    /// `REDUNDANCY`, `AGENT-WASTE`, `NO-CONSUMPTION`, `CLOCK`, `INCENTIVE`, `SPEND`.
    pub family: Cow<'static, str>,
    /// The reading x, in the signal's own unit; null when abstaining without one.
    pub value: Option<f64>,
    /// Observations behind it.
    pub n: i64,
    /// Conformal p, null when not calibrated.
    pub p: Option<f64>,
    /// Evidence in decibans after discounts.
    pub weight_db: Option<f64>,
    /// `speak` or `abstain`.
    pub status: Cow<'static, str>,
    /// Why it abstains.
    pub abstain_reason: Option<String>,
    /// Product of the discounts, 1 when none.
    pub discount: f64,
    /// JSON object: what was counted, the calibration rung, discounts with reasons.
    pub evidence: String,
}

/// A word of the signals table, borrowed when it is one of the usual ones.
pub fn word(text: String) -> Cow<'static, str> {
    const WORDS: [&str; 6] = ["session", "actor_week", "population", "speak", "abstain", ""];
    let family = || Family::ALL.into_iter().map(Family::as_str).find(|family| *family == text);
    let signal = || Family::of_signal(&text).map(|(signal, _)| signal);
    let known = WORDS.into_iter().find(|known| *known == text).or_else(family).or_else(signal);
    known.map_or(Cow::Owned(text), Cow::Borrowed)
}

/// One observed fact, stated without any comparison.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct FindingRow {
    /// Session.
    pub session_id: String,
    /// `repeated_prompt`, `identical_calls`, `no_op_run`, `undelivered_output`, `output_never_landed`, `machine_clock_starts`.
    pub finding: String,
    /// How often.
    pub count: i64,
    /// Tokens of the steps concerned; null when not reported.
    pub tokens: Option<i64>,
    /// Their cost in millionths of a US dollar.
    pub cost_micro_usd: Option<i64>,
    /// First step concerned, microseconds since the epoch.
    pub first_at: i64,
    /// Last step concerned.
    pub last_at: i64,
    /// JSON object.
    pub evidence: String,
}

/// One team and ISO week; every figure is rounded, and null when the cell is suppressed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct TeamRow {
    /// Team.
    pub team_id: String,
    /// `2026-W07`.
    pub iso_week: String,
    /// People on the roster that week.
    pub actors: Option<i64>,
    /// Of these, active ([`ActorWeekRow::is_active`]).
    pub active_actors: Option<i64>,
    /// Tokens.
    pub tokens: Option<i64>,
    /// Millionths of a US dollar.
    pub cost_micro_usd: Option<i64>,
    /// Outcomes landed by people in weeks in which they used a tool.
    pub outcomes: Option<i64>,
    /// Of the tokens, those of sessions linked to an outcome, lower bound (certain links).
    pub tokens_with_outcome_low: Option<i64>,
    /// Upper bound (unknown links counted as linked).
    pub tokens_with_outcome_high: Option<i64>,
    /// Shrunk share of active people in `look` or `review`, 0 to 1.
    pub flagged_share: Option<f64>,
    /// 90 % interval.
    pub flagged_low: Option<f64>,
    /// 90 % interval.
    pub flagged_high: Option<f64>,
    /// Whether the team can be told apart from the organisation, judged with the week's other teams (Benjamini-Hochberg at 10 %).
    pub flagged_distinguishable: Option<bool>,
    /// True when the cell is below the small-cell floor or dominated.
    pub suppressed: bool,
}

/// One person and one tool that they hold a seat of.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct SeatRow {
    /// Pseudonym.
    pub actor: String,
    /// Tool.
    pub product: String,
    /// Team.
    pub team_id: String,
    /// Used in the period that the logs cover; none where nobody can tell.
    pub used: Option<bool>,
    /// Used at any time; none where nobody can tell.
    pub ever_used: Option<bool>,
    /// Week of the last use that is known, `2026-W07`.
    pub last_used_week: Option<String>,
}

/// What outcomes are known of one person's work.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct OutcomeCoverageRow {
    /// Pseudonym.
    pub actor: String,
    /// Distinct files that their sessions edited.
    pub edited_paths: i64,
    /// Of these, in repositories that outcomes are known of.
    pub covered_paths: i64,
}

/// One population test.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct PopulationRow {
    /// Test name: `quota_bunching`, ...
    pub test: String,
    /// `organisation`, or the quota it was run for.
    pub scope: String,
    /// Estimate in the test's own unit.
    pub estimate: Option<f64>,
    /// That unit in words, such as `Kendall's tau`; may be empty where nothing was estimated.
    pub estimate_unit: String,
    /// 95 % interval.
    pub ci_low: Option<f64>,
    /// 95 % interval.
    pub ci_high: Option<f64>,
    /// p.
    pub p: Option<f64>,
    /// Observations.
    pub n: i64,
    /// What they are: `person-weeks`, `people`, `steps of people`, `teams`, `weeks` or `templates`.
    pub n_unit: String,
    /// `speak` or `abstain`.
    pub status: String,
    /// Reading in words, or why it abstains. Published, so people are not counted in it.
    pub note: String,
}

impl PopulationRow {
    /// p up to which a test fires.
    const FIRES_P: f64 = 0.05;

    /// Whether n counts people or what they did, and not weeks, teams or templates: published, it is rounded then.
    pub fn counts_people(&self) -> bool {
        !matches!(self.n_unit.as_str(), "weeks" | "teams" | "templates")
    }

    /// Whether the test speaks and points to usage for the metric: its interval leaves out zero on that side, and p is at most 0.05.
    pub fn fires(&self) -> bool {
        let leaves_out_zero = match (self.ci_low, self.ci_high) {
            // Only decoupling may point either way; the others are about an excess.
            (Some(low), Some(high)) => low > 0.0 || (self.test == "metric_decoupling" && high < 0.0),
            // An exact test has a p and no interval.
            _ => self.estimate.is_some_and(|estimate| estimate > 0.0),
        };
        self.status == "speak" && leaves_out_zero && self.p.is_some_and(|p| p <= Self::FIRES_P)
    }
}

/// One session and one source that saw something of it.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct SessionSourceRow {
    /// Session.
    pub session_id: String,
    /// Source, as `footlight sources` has it.
    pub source: String,
    /// Model responses of the session that the source saw.
    pub requests_seen: i64,
    /// Of these, how many are counted under its name; the rest are counted under that of a source nearer to the tool.
    pub requests_counted: i64,
}

/// One id of the lake, and whose it is.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct IdentityRow {
    /// Pseudonym of the id; empty where the log has none.
    pub identity: String,
    /// `email`, `login`, `key`, `name`, `os_user`, `path`, `nothing`.
    pub form: String,
    /// Pseudonym of the person or service, `(unassigned)` when nobody's.
    pub actor: String,
    /// `declared`, `roster`, `email`, `login`, `os_user`, `itself`, `unknown`.
    pub confidence: String,
    /// Whether something contradicts itself.
    pub conflict: bool,
    /// What, or why it is nobody's; empty otherwise.
    pub reason: String,
    /// Pseudonym of the one roster entry that it looks like; never used.
    pub looks_like: Option<String>,
    /// Events that name it.
    pub events: i64,
    /// Outcomes that name it.
    pub outcomes: i64,
}

/// One session-outcome pair.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct AttributionRow {
    /// Session.
    pub session_id: String,
    /// Outcome.
    pub outcome_id: String,
    /// `explicit`, `lines`, `files`, `window`.
    pub tier: String,
    /// 0 to 1.
    pub confidence: f64,
    /// Distinct added lines that both have; 0 also where lines were not compared.
    pub lines_matched: i64,
    /// Kind of the outcome: ids are those of their kind.
    pub outcome_kind: String,
}
