//! A group of people who all do the same: what they use, and how many of them a run finds.
//!
//! Owns what one run says of the group (all who are theater in the truth). Which strategies are tried is in `climb`.

use super::{EvaluateError, Person, Readings, Truth, join, threshold_at};
use serde::Serialize;

/// The number that people are measured by officially.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// Tokens of every kind.
    Tokens,
    /// Days (UTC) on which a session began.
    ActiveDays,
}

impl Metric {
    /// The word on the command line and in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Metric::Tokens => "tokens",
            Metric::ActiveDays => "active_days",
        }
    }
}

/// What a run says of the group. Use counts from the week in which the group's theater may begin.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Observed {
    /// People in the group.
    pub people: usize,
    /// Of them above the threshold of 1 % false positives: the score that at most 1 % of the honest people of the same run exceed.
    pub above_1_percent: usize,
    /// Of them in band `review`.
    pub in_review: usize,
    /// Mean score in decibans; somebody of whom nothing could be said counts with the lowest score of anybody.
    pub mean_score: f64,
    /// That threshold, in decibans; null when nothing was said of the honest.
    pub threshold: Option<f64>,
    /// Honest people.
    pub honest: usize,
    /// Person-weeks of the group with any use.
    pub person_weeks: usize,
    /// Tokens of every kind.
    pub tokens: i64,
    /// Person-days with a session.
    pub active_days: usize,
    /// Outcomes.
    pub outcomes: i64,
    /// Tool calls.
    pub tool_calls: i64,
}

impl Observed {
    /// The group's official metric.
    pub fn metric(&self, metric: Metric) -> f64 {
        match metric {
            Metric::Tokens => self.tokens as f64,
            Metric::ActiveDays => self.active_days as f64,
        }
    }

    /// Share of the group above the threshold.
    pub fn caught(&self) -> f64 {
        self.above_1_percent as f64 / self.people.max(1) as f64
    }
}

/// A strategy that was tried.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Trial {
    /// The group's metric over what it is without theater.
    pub inflation: f64,
    /// What the run said.
    #[serde(flatten)]
    pub observed: Observed,
}

impl Trial {
    /// Sets what a run said beside what the same group does without theater.
    pub fn new(observed: Observed, without: &Observed, metric: Metric) -> Self {
        Self { inflation: observed.metric(metric) / without.metric(metric).max(1.0), observed }
    }
}

/// Looks at the group, from a week (`2026-W06`) on.
///
/// # Errors
/// As [`join`].
pub fn observe(truth: &Truth, readings: &Readings, from_week: &str) -> Result<Observed, EvaluateError> {
    let everybody = join(truth, readings)?;
    let people: Vec<&Person> = everybody.iter().filter(|person| !person.truth.is_service()).collect();
    let (group, honest): (Vec<&Person>, Vec<&Person>) = people.iter().partition(|person| person.truth.is_theater());
    let threshold = threshold_at(&honest, 0.01);
    let lowest = people.iter().map(|person| person.score).filter(|score| score.is_finite()).fold(0.0, f64::min);
    let scores: f64 = group.iter().map(|person| person.score.max(lowest)).sum();
    let weeks = || {
        group.iter().flat_map(|person| &person.by_week).filter(|(week, _)| week.as_str() >= from_week).map(|row| row.1)
    };
    Ok(Observed {
        people: group.len(),
        above_1_percent: group.iter().filter(|person| person.score > threshold).count(),
        in_review: group.iter().filter(|person| person.in_review).count(),
        mean_score: scores / group.len().max(1) as f64,
        threshold: Some(threshold).filter(|score| score.is_finite()),
        honest: honest.len(),
        person_weeks: weeks().count(),
        tokens: weeks().map(|week| week.tokens).sum(),
        active_days: weeks().map(|week| week.days.len()).sum(),
        outcomes: weeks().map(|week| week.outcomes).sum(),
        tool_calls: weeks().map(|week| week.tool_calls).sum(),
    })
}
