//! The shape of the view "is the metric still measuring".
//!
//! Owns the shape only, like the rest of the model. A cell is of weeks, a side of a date or a test, never of a person.

use serde::Serialize;

use super::Quantity;
use crate::report::quantities::{Count, Estimate, Maybe};

/// The whole view.
#[derive(Debug, Clone, Serialize)]
pub struct Measuring {
    /// The claim, a few words.
    pub claim: String,
    /// One for each number of usage that was made a target or a ranking, oldest first.
    pub kpis: Vec<Kpi>,
    /// Whether use orders people as outcomes do; none when the test abstains.
    pub rank_agreement: Option<Agreement>,
}

/// What the tests of a number come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reading {
    /// At least one test speaks and points to the metric.
    InvitesGaming,
    /// At least one speaks, and none points to the metric.
    Quiet,
    /// All abstain: nothing is claimed.
    CannotBeTold,
}

impl Reading {
    /// For people.
    pub fn text(self) -> &'static str {
        match self {
            Reading::InvitesGaming => "invites gaming",
            Reading::Quiet => "no sign, in the tests that had data",
            Reading::CannotBeTold => "cannot be told",
        }
    }

    /// Class of its mark in the page.
    pub fn class(self) -> &'static str {
        match self {
            Reading::InvitesGaming => "points",
            Reading::Quiet => "quiet",
            Reading::CannotBeTold => "abstains",
        }
    }
}

/// One number of usage that was made a target or a ranking.
#[derive(Debug, Clone, Serialize)]
pub struct Kpi {
    /// `quota` or `leaderboard`.
    pub kind: String,
    /// What it counts.
    pub metric: String,
    /// What people were told.
    pub target: String,
    /// Day it took effect.
    pub since: String,
    /// Day it ended, empty while it holds.
    pub until: String,
    /// What the tests come to.
    pub reading: Reading,
    /// What each test that bears on it says, one sentence each.
    pub says: Vec<String>,
    /// What to measure instead, one sentence each; empty when nothing is claimed.
    pub instead: Vec<String>,
    /// Means of whole weeks before and after.
    pub sides: Vec<Sides>,
    /// Why there are no means, or none of outcomes; empty when there are.
    pub sides_note: String,
    /// Weeks of people around the target; empty without one.
    pub bins: Vec<Bin>,
    /// How to read the bins, or why there are none.
    pub bins_note: String,
}

impl Kpi {
    /// What it counts, for people; a name that this program does not have is shown as it is.
    pub fn metric_text(&self) -> &str {
        metric_text(&self.metric)
    }
}

/// What a metric counts, for people.
pub fn metric_text(metric: &str) -> &str {
    match metric {
        "active_week" => "active weeks",
        "cost_usd" => "cost",
        other => other,
    }
}

impl Kpi {
    /// Whether a curve stands behind the bins.
    pub fn has_curve(&self) -> bool {
        self.bins.iter().any(|bin| bin.expected.0.is_some())
    }
}

/// The mean of weeks on either side of a date.
#[derive(Debug, Clone, Serialize)]
pub struct Sides {
    /// What is counted.
    pub what: String,
    /// Before.
    pub before: Mean,
    /// After.
    pub after: Mean,
    /// Whether the two intervals overlap: then the sides are not distinguishable.
    pub overlap: bool,
    /// Whether the mean after is the higher one.
    pub rose: bool,
}

/// A mean of weeks with its 95 % interval (Student's t over weeks, which are taken as independent).
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Mean {
    /// Mean.
    pub value: Quantity,
    /// Lower end.
    pub low: Quantity,
    /// Upper end.
    pub high: Quantity,
    /// Weeks.
    pub weeks: Count,
}

/// Weeks of people whose amount lies in a bin.
#[derive(Debug, Clone, Serialize)]
pub struct Bin {
    /// Lowest amount, inclusive.
    pub from: Quantity,
    /// Highest amount, exclusive.
    pub to: Quantity,
    /// Whether it lies above the line.
    pub above: bool,
    /// Weeks before the announcement; none when hidden.
    pub before: Maybe<Count>,
    /// Weeks after it; none when hidden.
    pub after: Maybe<Count>,
    /// Weeks after it that a smooth curve expects; none where the test abstains.
    pub expected: Maybe<Estimate>,
}

/// Kendall's tau between use and outcomes across people, before and after the first policy date, with 95 % intervals.
#[derive(Debug, Clone, Serialize)]
pub struct Agreement {
    /// People compared.
    pub people: Count,
    /// Whole weeks on either side.
    pub weeks: Count,
    /// Before: value, low, high.
    pub before: Tau,
    /// After.
    pub after: Tau,
    /// Reading in words.
    pub reading: String,
}

/// One tau.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Tau {
    /// -1 to 1.
    pub value: Estimate,
    /// Lower end.
    pub low: Estimate,
    /// Upper end.
    pub high: Estimate,
}
