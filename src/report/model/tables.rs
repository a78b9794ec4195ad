//! The rows of the report's tables.
//!
//! Owns their shape only, like the rest of the model. Every row is of a week, a kind, a team or a model, never of a person.

use serde::Serialize;

use crate::report::quantities::{Count, Estimate, Maybe, MicroDollars, Portion, Probability, Share, Tokens};

/// One week.
#[derive(Debug, Clone, Serialize)]
pub struct Week {
    /// `2026-W07`.
    pub iso_week: String,
    /// Active people: with a session begun or a prompt; none, as all that follows, when the week may not be shown.
    pub active_actors: Maybe<Count>,
    /// Sessions.
    pub sessions: Maybe<Count>,
    /// Prompts.
    pub prompts: Maybe<Count>,
    /// Tokens.
    pub tokens: Maybe<Tokens>,
    /// Cost.
    pub cost: Maybe<MicroDollars>,
    /// Outcomes landed.
    pub outcomes: Maybe<Count>,
    /// Not a whole week.
    pub partial: bool,
    /// Data may still come: a later report may restate it.
    pub not_final: bool,
    /// Whole in the earlier report, and another one now.
    pub restated: bool,
}

/// One policy date.
#[derive(Debug, Clone, Serialize)]
pub struct Policy {
    /// Day.
    pub date: String,
    /// Week it falls into.
    pub iso_week: String,
    /// What happened.
    pub label: String,
}

/// One population test.
#[derive(Debug, Clone, Serialize)]
pub struct PopulationTest {
    /// Name.
    pub test: String,
    /// What it was run for.
    pub scope: String,
    /// Estimate in the test's own unit.
    pub estimate: Maybe<Estimate>,
    /// That unit in words; may be empty where nothing was estimated.
    pub estimate_unit: String,
    /// 95 % interval.
    pub low: Maybe<Estimate>,
    /// 95 % interval.
    pub high: Maybe<Estimate>,
    /// p.
    pub p: Maybe<Probability>,
    /// Observations.
    pub n: Count,
    /// What they are: person-weeks, people, teams, ...
    pub n_unit: String,
    /// Whether it speaks.
    pub speaks: bool,
    /// Whether it speaks, and for the metric: p at most 0.05 and an excess: an interval above zero, or
    /// an estimate above zero where the test has no interval.
    pub points_to_metric: bool,
    /// Reading in words, or why it abstains.
    pub note: String,
    /// When it is innocent.
    pub innocent: String,
    /// Whether n is rounded as counts of people are; weeks, teams and templates are as they are.
    #[serde(skip)]
    pub counts_people: bool,
}

impl PopulationTest {
    /// What it asks, for people; a test that this program does not have is shown by its name.
    pub fn title(&self) -> &str {
        match self.test.as_str() {
            "quota_bunching" => "Weeks that pile up at the target",
            "incentive_break" => "A rise at the date that outcomes do not follow",
            "metric_decoupling" => "Use and outcomes that come apart",
            "rank_chasing" => "Use that rises just below the cut of the ranking",
            "shared_burner_template" => "Shared prompts whose output goes unused",
            name => name,
        }
    }
}

/// One kind of observed fact.
#[derive(Debug, Clone, Serialize)]
pub struct Finding {
    /// Name.
    pub finding: String,
    /// What was observed, in words.
    pub states: String,
    /// `waste`, `exploration`, `theater`: which of the three words it can bear on; `unknown` of one that the report has no words for.
    pub bears_on: &'static str,
    /// Sessions with it; none, as all that follows, when it may not be shown.
    pub sessions: Maybe<Count>,
    /// How often.
    pub count: Maybe<Count>,
    /// Tokens of the steps concerned.
    pub tokens: Maybe<Tokens>,
    /// Their cost.
    pub cost: Maybe<MicroDollars>,
    /// When it is innocent.
    pub innocent: String,
    /// A few sessions, first by id, not by size; only in a report that describes persons, which is not published.
    pub examples: Vec<String>,
}

/// A reason and how often it was given.
#[derive(Debug, Clone, Serialize)]
pub struct ReasonCount {
    /// Reason.
    pub reason: String,
    /// How often.
    pub count: Count,
}

/// One signal over all its units.
#[derive(Debug, Clone, Serialize)]
pub struct Signal {
    /// Name.
    pub signal: String,
    /// Family.
    pub family: String,
    /// What it measures.
    pub measures: String,
    /// What a high reading suggests.
    pub suggests: String,
    /// What innocently looks like it.
    pub innocent: String,
    /// How its model weighs that, in the words of its header; empty where `innocent` says these.
    pub weighed: String,
    /// Reference.
    pub reference: String,
    /// Units it spoke on; none when it may not be shown.
    pub spoke: Maybe<Count>,
    /// Of these, with p at most 0.05 against their peers. About 5 % of honest units have that by chance.
    pub unusual: Maybe<Count>,
    /// Share of the calibrated units that are unusual.
    pub prevalence: Maybe<Share>,
    /// Units it abstained on; none where it may not be shown on how many it spoke.
    pub abstained: Maybe<Count>,
    /// Why, most frequent first.
    pub reasons: Vec<ReasonCount>,
}

/// One archetype.
#[derive(Debug, Clone, Serialize)]
pub struct ArchetypeShare {
    /// Name.
    pub name: String,
    /// Sessions; none when too few people stand behind them.
    pub sessions: Maybe<Count>,
    /// Share of the sessions clustered.
    pub share: Maybe<Share>,
    /// People.
    pub actors: Maybe<Count>,
}

/// The latest whole week of one team.
#[derive(Debug, Clone, Serialize)]
pub struct Team {
    /// Team.
    pub team_id: String,
    /// Week.
    pub iso_week: String,
    /// True when nothing may be shown.
    pub suppressed: bool,
    /// Active people.
    pub active_actors: Maybe<Count>,
    /// Tokens.
    pub tokens: Maybe<Tokens>,
    /// Cost.
    pub cost: Maybe<MicroDollars>,
    /// Outcomes.
    pub outcomes: Maybe<Count>,
    /// Share of the tokens with an outcome, lower end.
    pub with_outcome_low: Maybe<Share>,
    /// Upper end.
    pub with_outcome_high: Maybe<Share>,
    /// Share of active people in `look` or `review`, shrunk.
    pub flagged: Maybe<Share>,
    /// 90 % interval.
    pub flagged_low: Maybe<Share>,
    /// 90 % interval.
    pub flagged_high: Maybe<Share>,
    /// True when it cannot be told apart from the organisation's share, judged with the week's other teams.
    pub like_organisation: bool,
}

/// One model.
#[derive(Debug, Clone, Serialize)]
pub struct Model {
    /// Name.
    pub model: String,
    /// Responses; none, as all that follows, when the model may not be shown.
    pub completions: Maybe<Count>,
    /// Fresh input.
    pub input_tokens: Maybe<Tokens>,
    /// Output.
    pub output_tokens: Maybe<Tokens>,
    /// Cache reads.
    pub cache_read_tokens: Maybe<Tokens>,
    /// Cache writes.
    pub cache_write_tokens: Maybe<Tokens>,
    /// Cost.
    pub cost: Maybe<MicroDollars>,
}

/// One day.
#[derive(Debug, Clone, Serialize)]
pub struct Day {
    /// Day.
    pub day: String,
    /// Sessions.
    pub sessions: Count,
    /// Prompts.
    pub prompts: Count,
    /// Tokens.
    pub tokens: Maybe<Tokens>,
    /// Cost.
    pub cost: Maybe<MicroDollars>,
}

/// What the totals rest on.
#[derive(Debug, Clone, Serialize)]
pub struct DataQuality {
    /// Files read.
    pub files_read: Count,
    /// Events.
    pub events: Count,
    /// Seen again and counted once.
    pub duplicates: Count,
    /// Model responses that several sources saw, counted once: how many sightings were not counted, because both state one id. Null where it would
    /// tell of few people.
    pub merged_by_id: Maybe<Count>,
    /// The same, because counts, time and person agree.
    pub merged_by_counts: Maybe<Count>,
    /// What each source of sessions saw.
    pub sources: Vec<SourceLine>,
    /// Ids by how sure it is whose they are.
    pub identities: Vec<ReasonCount>,
    /// Ids that contradict themselves: two people claim them, or rows of the roster differ.
    pub identity_conflicts: Count,
    /// Rejected, all reasons.
    pub quarantined: Count,
    /// Rejected by reason.
    pub quarantined_by_reason: Vec<ReasonCount>,
    /// Kinds passed over.
    pub ignored_kinds: Vec<ReasonCount>,
    /// Models without a price.
    pub unpriced_models: Vec<String>,
    /// Share of completions whose usage the log did not report.
    pub missing_usage: Maybe<Portion>,
    /// Share of completions whose output count is a lower bound.
    pub lower_bound_outputs: Maybe<Portion>,
    /// Share of edited files whose outcomes are known.
    pub outcome_coverage: Maybe<Portion>,
    /// Share of the tokens whose actor is not known, rounded: subtracted from a total it would tell of those beside it.
    pub unassigned_tokens: Maybe<Share>,
    /// Share of the sessions that could be scored.
    pub scored_sessions: Maybe<Portion>,
    /// Cells of the teams table that are suppressed.
    pub suppressed_cells: Count,
    /// Cells of the teams table.
    pub cells: Count,
    /// Objections to sessions and person-weeks, by what became of them; left out when nobody objected.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub objections: Vec<ReasonCount>,
    /// What readings were compared with.
    pub calibration_rung: String,
    /// Reservations about the comparison.
    pub calibration_notes: Vec<String>,
}

/// What one source saw, in model responses. Null figures are suppressed: all of them, or those that beside what is counted here would tell of the few
/// whose responses are counted elsewhere.
#[derive(Debug, Clone, Serialize)]
pub struct SourceLine {
    /// Source.
    pub source: String,
    /// Responses that it saw.
    pub seen: Maybe<Count>,
    /// Of these, counted under its name.
    pub counted: Maybe<Count>,
    /// Of these, counted under the name of a source nearer to the tool.
    pub merged: Maybe<Count>,
    /// Tokens that it states.
    pub tokens_seen: Maybe<Tokens>,
    /// Tokens that are counted under its name.
    pub tokens_counted: Maybe<Tokens>,
}

/// What agents did to one system. Null figures are suppressed.
#[derive(Debug, Clone, Serialize)]
pub struct System {
    /// Name.
    pub system: String,
    /// Fewer people than the floor stand behind it, so that it has no figures.
    pub suppressed: bool,
    /// Calls that write.
    pub writes: Maybe<Count>,
    /// Calls that send.
    pub sends: Maybe<Count>,
    /// Calls that execute.
    pub executes: Maybe<Count>,
    /// Share of the calls in sessions that a person started.
    pub started_by_human: Maybe<Share>,
    /// Share in sessions that a schedule or another agent started.
    pub started_by_machine: Maybe<Share>,
    /// Share that a person let run, of those where the log says who did.
    pub approved_by_human: Maybe<Share>,
    /// Share of which the log does not say who let them run.
    pub approval_unknown: Maybe<Share>,
    /// Share outside working hours in the person's own zone.
    pub off_hours: Maybe<Share>,
    /// Share long after a person's last turn.
    pub unattended: Maybe<Share>,
}
