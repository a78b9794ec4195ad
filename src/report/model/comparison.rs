//! The shape of the difference to an earlier report.
//!
//! Owns the shape only, like the rest of the model.

use serde::Serialize;

use super::Quantity;
use crate::report::quantities::Maybe;

/// What changed since an earlier report.
#[derive(Debug, Clone, Serialize)]
pub struct Comparison {
    /// What it is compared with: a report as it was published, or a version of the lake, in words that follow "since".
    pub against: String,
    /// The moment the earlier report speaks for.
    pub as_of: String,
    /// Its first day.
    pub period_start: String,
    /// Its last day.
    pub period_end: String,
    /// One sentence for the answer box.
    pub sentence: String,
    /// Headline figures and parts of the money, each against its earlier self.
    pub moved: Vec<Moved>,
    /// Whole weeks of the earlier report whose figures differ now, by week and figure.
    pub restated: Vec<Restated>,
    /// Weeks that the earlier report did not hold whole, in their order: what they bring has moved figures and restated nothing.
    pub new_weeks: Vec<String>,
    /// Weeks that it held whole and the period does not any more, in their order: nothing of them was restated.
    pub left_weeks: Vec<String>,
    /// What may have restated them, one reason each.
    pub reasons: Vec<String>,
    /// What of it the comparison can tell apart; may be empty.
    pub note: String,
}

/// How a figure stands to its earlier self.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// The interval lies above the earlier one.
    Higher,
    /// The interval lies below the earlier one.
    Lower,
    /// Exact, and the same.
    Unchanged,
    /// The intervals overlap.
    NotDistinguishable,
    /// One of them is not known.
    NotComparable,
}

impl Change {
    /// For people.
    pub fn text(self) -> &'static str {
        match self {
            Change::Higher => "higher",
            Change::Lower => "lower",
            Change::Unchanged => "unchanged",
            Change::NotDistinguishable => "not distinguishable",
            Change::NotComparable => "cannot be compared",
        }
    }
}

/// A value with its interval.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Range {
    /// Best single value.
    pub value: Maybe<Quantity>,
    /// Lower end.
    pub low: Maybe<Quantity>,
    /// Upper end, none when there is none.
    pub high: Maybe<Quantity>,
}

impl Range {
    /// Nothing is known.
    pub const UNKNOWN: Self = Self { value: Maybe(None), low: Maybe(None), high: Maybe(None) };

    /// The interval in words.
    pub fn interval_text(&self) -> String {
        match (self.low.0, self.high.0) {
            (Some(low), Some(high)) if low.to_string() == high.to_string() => low.to_string(),
            (Some(low), Some(high)) => format!("{low} to {high}"),
            (Some(_), None) => "at least this".into(),
            _ => "not known".into(),
        }
    }
}

/// A figure then and now.
#[derive(Debug, Clone, Serialize)]
pub struct Moved {
    /// Id of the figure, or `money_` and the id of the part.
    pub id: String,
    /// What it is.
    pub label: String,
    /// Then.
    pub before: Range,
    /// Now.
    pub now: Range,
    /// How the two stand to each other.
    pub change: Change,
}

/// A figure of a week that was whole in the earlier report and is another one now.
#[derive(Debug, Clone, Serialize)]
pub struct Restated {
    /// `2026-W07`.
    pub iso_week: String,
    /// Which figure of the weeks table.
    pub what: &'static str,
    /// Then.
    pub before: Maybe<Quantity>,
    /// Now.
    pub now: Maybe<Quantity>,
}
