//! The report: one struct with every number, from which each format is written.
//!
//! Owns the shape and the stable ids. Owns neither how the numbers come about (the modules beside it) nor how they look
//! (`html`, `markdown`, `summary`). Texts in here are already [`plain`](super::escape::plain).

use std::fmt;

use serde::Serialize;

pub mod actions;
pub mod automation;
pub mod comparison;
pub mod coverage;
pub mod measuring;
mod tables;
pub mod views;

pub use tables::{
    ArchetypeShare, DataQuality, Day, Finding, Model, Policy, PopulationTest, ReasonCount, Signal, SourceLine, System,
    Team, Week,
};

use super::quantities::{Count, Counted, Estimate, Maybe, MicroDollars, Share, Tokens};
use crate::privacy::rounding;

/// Version of `summary.json`. Raised when an id or a meaning changes, not when something is added.
pub const SCHEMA_VERSION: u32 = 1;

/// Everything a report says.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// Where the report comes from.
    pub run: Run,
    /// The three sentences.
    pub answer: Answer,
    /// What changed since an earlier report; none without one.
    pub comparison: Option<comparison::Comparison>,
    /// The four numbers, always the same four in the same order.
    pub figures: Vec<Figure>,
    /// Weekly usage and outcomes.
    pub weeks: Vec<Week>,
    /// Policy dates, oldest first.
    pub policies: Vec<Policy>,
    /// From seats to kept outcomes.
    pub funnel: Vec<FunnelStep>,
    /// What the money bought.
    pub money: Money,
    /// Is the metric still measuring?
    pub measuring: measuring::Measuring,
    /// Population tests.
    pub population: Vec<PopulationTest>,
    /// Facts observed, by kind.
    pub findings: Vec<Finding>,
    /// Signals, by family and name.
    pub signals: Vec<Signal>,
    /// Archetypes, by name.
    pub archetypes: Vec<ArchetypeShare>,
    /// What agents did to each system, by name.
    pub systems: Vec<System>,
    /// Declared automation, by job.
    pub automation: automation::Automation,
    /// What the sessions that stand out rest on.
    pub reasons: views::Reasons,
    /// Usage of teams against outcomes.
    pub quadrant: views::Quadrant,
    /// Who stays, by month of first use.
    pub cohorts: Vec<views::Cohort>,
    /// Latest whole week of each team, by name.
    pub teams: Vec<Team>,
    /// Models, by name.
    pub models: Vec<Model>,
    /// Days, oldest first.
    pub days: Vec<Day>,
    /// What to do next, at most five, what the answer names first.
    pub actions: Vec<actions::Action>,
    /// What the totals rest on.
    pub data_quality: DataQuality,
    /// What was published, and what was not.
    pub released: Released,
    /// How much of the billed use the logs hold.
    pub coverage: coverage::Coverage,
    /// Seats, by tool, and of all together.
    pub seats: Vec<coverage::Seats>,
    /// A month of the idle seats, beside the spend; none without a bill for seats that may be shown.
    pub idle_seats: Option<coverage::IdleSeats>,
    /// Logs that are gone or about to go.
    pub retention: Vec<coverage::Retention>,
    /// How each figure comes about, by the figure's id.
    pub method: Vec<MethodEntry>,
    /// The queries that the method names, by file.
    pub queries: Vec<Query>,
}

impl Report {
    /// Names of the teams whose latest week may not be shown.
    pub fn withheld_teams(&self) -> Vec<&str> {
        self.teams.iter().filter(|team| team.suppressed).map(|team| team.team_id.as_str()).collect()
    }

    /// A count as people read it. Counts are rounded where people are protected, and a rounded zero is `<5`, whether there are none or a few: nobody's
    /// behaviour may follow from "none", and a few are not none. Machines read 0.
    pub fn told(&self, count: &impl Counted) -> String {
        if self.released.protected && count.is_zero_count() {
            format!("<{}", rounding::count_step())
        } else {
            count.to_string()
        }
    }

    /// Names of the sources of which nothing may be shown.
    pub fn withheld_sources(&self) -> Vec<&str> {
        let withheld = self.data_quality.sources.iter().filter(|source| source.counted.0.is_none());
        withheld.map(|source| source.source.as_str()).collect()
    }

    /// Whether a model's figures may not be shown.
    pub fn withholds_models(&self) -> bool {
        self.models.iter().any(|model| model.completions.0.is_none())
    }

    /// How a count of none is told.
    pub fn few(&self) -> String {
        self.told(&Count(0))
    }

    /// Whether outcomes are known of any week, however few landed.
    pub fn knows_outcomes(&self) -> bool {
        self.weeks.iter().any(|week| week.outcomes.0.is_some())
    }

    /// The week from which on no outcomes are known, where those of earlier weeks are.
    pub fn outcomes_unknown_from(&self) -> Option<&str> {
        let known = self.weeks.iter().rposition(|week| week.outcomes.0.is_some())?;
        self.weeks.get(known + 1).map(|week| week.iso_week.as_str())
    }

    /// The query of a file.
    pub fn query(&self, file: &str) -> Option<&Query> {
        self.queries.iter().find(|query| query.file == file)
    }
}

/// A query as the run used it.
#[derive(Debug, Clone, Serialize)]
pub struct Query {
    /// `queries/x.sql`.
    pub file: String,
    /// Its place in the page.
    pub anchor: String,
    /// The whole file.
    pub sql: String,
}

/// Where the report comes from.
#[derive(Debug, Clone, Serialize)]
pub struct Run {
    /// Title.
    pub title: String,
    /// Day of UTC that the report speaks for, empty when there are no events.
    pub as_of: String,
    /// Day of UTC up to which every source has delivered; weeks that end later are not final. Empty when nobody knows.
    pub watermark: String,
    /// First day, empty when there are no events.
    pub period_start: String,
    /// Last day.
    pub period_end: String,
    /// Version of footlight.
    pub footlight_version: String,
    /// Version of the lake: runs that brought something, counted.
    pub lake_version: Maybe<Count>,
    /// Hash of the resolved configuration.
    pub policy_hash: String,
    /// Where the prices of requests come from.
    pub price_table: String,
    /// Hash of the models that ran.
    pub queries_hash: String,
    /// Commands that reproduce the report, without paths.
    pub reproduce: Vec<String>,
    /// Smallest number of people a published cell may stand for.
    pub small_cell_floor: i64,
    /// True when fewer people than the floor are in the data: the report then describes persons, not a population.
    pub describes_persons: bool,
}

impl Run {
    /// The watermark to the minute, for people: `2026-03-26 19:19 UTC`.
    pub fn watermark_text(&self) -> String {
        match self.watermark.split_once('T') {
            Some((day, time)) => format!("{day} {} UTC", time.get(..5).unwrap_or(time)),
            None => self.watermark.clone(),
        }
    }
}

/// How sure the answer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Confidence {
    /// No answer is given.
    Insufficient,
    /// Most of what would be needed is missing.
    Low,
    /// Something of what would be needed is missing.
    Moderate,
    /// Nothing of what would be needed is missing.
    High,
}

/// What the usage looks like as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The evidence does not carry an answer.
    Insufficient,
    /// Most of it reached an outcome, little or nothing suggests the metric.
    MostlyReal,
    /// Neither is most of it linked to outcomes nor does much suggest the metric.
    Mixed,
    /// A part of it is better explained by the metric than by the work.
    PartlyForTheMetric,
}

/// The three sentences.
#[derive(Debug, Clone, Serialize)]
pub struct Answer {
    /// Verdict.
    pub verdict: Verdict,
    /// Confidence.
    pub confidence: Confidence,
    /// The claim, a few words.
    pub claim: String,
    /// Is the usage real?
    pub is_it_real: String,
    /// How sure are we?
    pub how_sure: String,
    /// What to do.
    pub what_to_do: String,
    /// What changed since the earlier report, when one is compared with.
    pub what_changed: Maybe<String>,
    /// What holds the confidence down, one reason each.
    pub reservations: Vec<String>,
}

/// Which kind of interval a figure has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum IntervalKind {
    /// Nothing was sampled: low if every open case is decided against, high if every one is decided for.
    OpenCases,
    /// Wilson score interval at 95 %.
    #[serde(rename = "wilson_95")]
    Wilson95,
    /// The value is what is known; the truth is at least this.
    AtLeast,
    /// The figure is withheld; it lies in here, as follows from what is published.
    Implied,
}

/// A value in its unit.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Quantity {
    /// Money.
    Money(MicroDollars),
    /// A share.
    Share(Share),
    /// A count.
    Count(Count),
    /// Tokens.
    Tokens(Tokens),
    /// A mean or another number without a unit of its own.
    Number(Estimate),
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Quantity::Money(money) => money.fmt(f),
            Quantity::Share(share) => share.fmt(f),
            Quantity::Count(count) => count.fmt(f),
            Quantity::Tokens(tokens) => tokens.fmt(f),
            Quantity::Number(number) => number.fmt(f),
        }
    }
}

impl Counted for Quantity {
    fn is_zero_count(&self) -> bool {
        matches!(self, Quantity::Count(count) if count.is_zero_count())
    }
}

impl fmt::Display for Confidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Confidence::Insufficient => "insufficient",
            Confidence::Low => "low",
            Confidence::Moderate => "moderate",
            Confidence::High => "high",
        })
    }
}

/// One headline number.
#[derive(Debug, Clone, Serialize)]
pub struct Figure {
    /// Stable id: the anchor in the page and the key in `summary.json`.
    pub id: &'static str,
    /// What it is.
    pub label: &'static str,
    /// `micro_usd` or `share`.
    pub unit: &'static str,
    /// Best single value, none when it cannot be told.
    pub value: Maybe<Quantity>,
    /// Lower end.
    pub low: Maybe<Quantity>,
    /// Upper end, none for [`IntervalKind::AtLeast`].
    pub high: Maybe<Quantity>,
    /// What the interval means.
    pub interval: IntervalKind,
    /// What was counted; none where it may not be said beside an earlier report.
    pub n: Maybe<Count>,
    /// Its name.
    pub n_unit: &'static str,
    /// How to read it, or why it cannot be told.
    pub note: String,
}

/// One step of the funnel, each counted among the people of the step before.
#[derive(Debug, Clone, Serialize)]
pub struct FunnelStep {
    /// `seats`, `active`, `sustained`, `linked`, `kept`.
    pub id: &'static str,
    /// What it is.
    pub label: &'static str,
    /// People, none when it cannot be told.
    pub people: Maybe<Count>,
    /// Share of the step before.
    pub of_previous: Maybe<Share>,
    /// How it is counted, or why it cannot be told.
    pub note: String,
}

/// A part of the total with its range.
#[derive(Debug, Clone, Serialize)]
pub struct MoneyPart {
    /// `linked`, `exploration`, `waste`, `theater_like`, `unknown`.
    pub id: &'static str,
    /// Name.
    pub label: &'static str,
    /// What it means.
    pub meaning: &'static str,
    /// Cost: before rounding the five add up to the total exactly. None when unknown or withheld.
    pub cost: Maybe<MicroDollars>,
    /// Lowest it can be: a share of the total to the next 5 points below. Of a withheld part, what follows from the published ones.
    pub cost_low: Maybe<MicroDollars>,
    /// Highest it can be.
    pub cost_high: Maybe<MicroDollars>,
    /// Share of the total cost. Of a withheld part it may still be said that it is below 10 %.
    pub share: Maybe<Share>,
    /// Lowest share it can be.
    pub share_low: Maybe<Share>,
    /// Highest share it can be.
    pub share_high: Maybe<Share>,
    /// Tokens.
    pub tokens: Maybe<Tokens>,
    /// Sessions that stand here, whole or in part.
    pub sessions: Maybe<Count>,
    /// True when only a range or a band may be shown: then its ends are not of open cases but what follows from the total, the parts
    /// that are shown and the bands that are said.
    pub withheld: bool,
}

/// What the money bought.
#[derive(Debug, Clone, Serialize)]
pub struct Money {
    /// Cost of all sessions that could be priced; none when there are none, or it may not be shown.
    pub total: Maybe<MicroDollars>,
    /// Tokens of all sessions that reported any.
    pub total_tokens: Maybe<Tokens>,
    /// Whether any session has a price. When there is none every cost below is unknown.
    #[serde(skip)]
    pub has_price: bool,
    /// Sessions with a price, as many as the total is of: of an earlier report where that is. None where it may not be shown.
    pub priced_sessions: Maybe<Count>,
    /// Sessions without a price, which are in the tokens of a part and not in its cost. As the sessions with one.
    pub unpriced_sessions: Maybe<Count>,
    /// Sessions that were compared with others. As the sessions with a price.
    #[serde(skip)]
    pub scored_sessions: Maybe<Count>,
    /// The five parts, always in the same order.
    pub parts: Vec<MoneyPart>,
}

/// What the release rule did with the cells of this report (docs/disclosure.md).
#[derive(Debug, Clone, Default, Serialize)]
pub struct Released {
    /// False when fewer people than the floor are in the data: then nothing is withheld, and nothing is for publication.
    pub protected: bool,
    /// Whether there was a release ledger to compare with earlier reports.
    pub ledger: bool,
    /// Cells published as they are.
    pub published: Count,
    /// Cells published as an earlier report had them.
    pub kept: Count,
    /// Cells not published.
    pub withheld: Count,
    /// Why, in words.
    pub notes: Vec<String>,
}

/// How a figure comes about.
#[derive(Debug, Clone, Serialize)]
pub struct MethodEntry {
    /// Id of the figure.
    pub id: &'static str,
    /// What the figure is called.
    pub label: &'static str,
    /// The rule, in words.
    pub rule: &'static str,
    /// Models behind it, paths in the repository; a `*` stands for any name.
    pub models: &'static [&'static str],
    /// The same as the files that this run used: keys of `queries`.
    pub queries: Vec<String>,
    /// Table of `OUT/tables` that holds the rows; empty where they are in `OUT/run.json`.
    pub table: &'static str,
    /// The question to the result tables that gives the exact number, before rounding; empty where there is none.
    pub check: String,
}
