//! Logs against bills: what each line says, why it may be so, and whether it is within a tolerance.
//!
//! Owns the shape of the answer, the judgement of a line and the words. Owns no SQL and no files: callers hand in the rows of `rpt_reconciliation` and of
//! the models beside it. Amounts are whole tokens and millionths of a US dollar; a share is a float and nothing is added up in floats.
//!
//! What is missing or extra has a dull explanation more often than another, so a line lists what may have caused it and accuses nobody.

mod checks;
mod reasons;
#[cfg(test)]
mod tests;

pub use checks::{Check, CheckRow, checks};
pub use reasons::Surroundings;

use serde::Serialize;

/// What one line compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// Tokens of all kinds together.
    Tokens,
    /// Millionths of a US dollar, where a bill has no tokens.
    MicroUsd,
}

/// A row of `rpt_reconciliation`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Row {
    /// Whose use: a tool, or the maker of the model.
    pub scope: String,
    /// `day` or `month`.
    pub period: String,
    /// First day, UTC.
    pub period_from: String,
    /// Model in its normalised name; `(all models)` where the bill names none, `(no model)` for charges without one.
    pub model: String,
    /// Reports of the bill, comma-separated; empty where the bill has no such line.
    pub reports: String,
    /// Whether the scope's bill has tokens around this day.
    pub has_tokens: bool,
    /// Billed tokens.
    pub billed_tokens: Option<i64>,
    /// Logged tokens.
    pub logged_tokens: Option<i64>,
    /// Billed, millionths of a US dollar.
    pub billed_cost_micro_usd: Option<i64>,
    /// Logged: as reported by the tool, else at list prices.
    pub logged_cost_micro_usd: Option<i64>,
    /// The part of it that tools reported; the rest is at list prices.
    pub reported_cost_micro_usd: Option<i64>,
    /// Billed requests.
    pub billed_requests: Option<i64>,
    /// Model responses in the logs.
    pub completions: i64,
    /// Of these, without token counts.
    pub completions_without_usage: i64,
    /// Of these, without a cost: neither reported nor in the list of prices.
    pub completions_without_cost: i64,
    /// Of these, with an output count that is known to be too low.
    pub lower_bound_completions: i64,
}

/// One line of the answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Line {
    /// Whose use: a tool, or the maker of the model.
    pub scope: String,
    /// `day` or `month`, of UTC as bills count.
    pub period: String,
    /// First day.
    pub period_from: String,
    /// Model in its normalised name.
    pub model: String,
    /// Reports of the bill that have it; empty where none has.
    pub reports: String,
    /// What `billed` to `extra` are counted in.
    pub measure: Measure,
    /// On the bill.
    pub billed: i64,
    /// In the logs; of money what has a price, see `completions_without_cost`.
    pub logged: i64,
    /// Billed and in no log.
    pub missing: i64,
    /// Logged above the bill.
    pub extra: i64,
    /// The part of `extra` that is held against the tolerance: all of it in tokens, of money what tools reported above the bill. List prices say
    /// nothing about what a plan or a discount is billed.
    pub extra_judged: i64,
    /// Logged divided by billed, four decimals; none where nothing was billed.
    pub ratio: Option<f64>,
    /// Billed, millionths of a US dollar.
    pub billed_cost_micro_usd: Option<i64>,
    /// Logged, millionths of a US dollar: as the tool reported it, else at list prices.
    pub logged_cost_micro_usd: Option<i64>,
    /// Billed requests.
    pub billed_requests: Option<i64>,
    /// Model responses in the logs.
    pub completions: i64,
    /// Of these, without a cost.
    pub completions_without_cost: i64,
    /// Whether missing or extra are more than the tolerance allows of what was billed.
    pub over_tolerance: bool,
    /// What may have caused it; within the tolerance only where list prices are not what was billed.
    pub why: Vec<String>,
}

/// All lines of one scope.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ScopeTotal {
    /// Whose use.
    pub scope: String,
    /// What is counted.
    pub measure: Measure,
    /// On the bill.
    pub billed: i64,
    /// In the logs.
    pub logged: i64,
    /// Sum of what the lines miss.
    pub missing: i64,
    /// Sum of what the lines have above the bill.
    pub extra: i64,
    /// The part of it that is held against the tolerance.
    pub extra_judged: i64,
    /// Missing, of what was billed.
    pub missing_share: Option<f64>,
    /// Extra, of what was billed; none where nothing was billed.
    pub extra_share: Option<f64>,
    /// Billed money, where the bill has any.
    pub billed_cost_micro_usd: Option<i64>,
    /// Logged money.
    pub logged_cost_micro_usd: Option<i64>,
    /// Whether what is missing, or what is extra and judged, is beyond the tolerance.
    pub over_tolerance: bool,
}

/// One team in one month.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TeamLine {
    /// Whose use.
    pub scope: String,
    /// First day of the month.
    pub month: String,
    /// Team; `(unassigned)` for rows that are nobody's on the roster.
    pub team_id: String,
    /// True when fewer people than the floor stand behind the logs: the figures are then hidden.
    pub suppressed: bool,
    /// Billed tokens.
    pub billed_tokens: Option<i64>,
    /// Logged tokens.
    pub logged_tokens: Option<i64>,
    /// Billed money.
    pub billed_cost_micro_usd: Option<i64>,
    /// Logged money.
    pub logged_cost_micro_usd: Option<i64>,
}

/// One workspace, project or key in one month, as the bill has it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AccountLine {
    /// Whose use.
    pub scope: String,
    /// First day of the month.
    pub month: String,
    /// `group` (workspace, project, sub-account) or `key`.
    pub kind: String,
    /// The group's id; a key's pseudonym.
    pub account: String,
    /// Team, where the roster knows the account or a team is called like it.
    pub team_id: Option<String>,
    /// Billed tokens.
    pub billed_tokens: Option<i64>,
    /// Billed money.
    pub billed_cost_micro_usd: Option<i64>,
}

fn share(part: i64, whole: i64) -> Option<f64> {
    (whole > 0).then(|| (part as f64 / whole as f64 * 10_000.0).round() / 10_000.0)
}

fn is_over(missing: i64, extra_judged: i64, billed: i64, tolerance: f64) -> bool {
    let allowed = tolerance * billed.max(0) as f64;
    missing as f64 > allowed || extra_judged as f64 > allowed
}

/// Judges every row, in the order of scope, period and model.
pub fn lines(rows: &[Row], tolerance: f64, around: &Surroundings) -> Vec<Line> {
    let mut lines: Vec<Line> = rows.iter().map(|row| line(row, tolerance, around)).collect();
    lines.sort_by(|a, b| (&a.scope, &a.period_from, &a.model).cmp(&(&b.scope, &b.period_from, &b.model)));
    lines
}

fn line(row: &Row, tolerance: f64, around: &Surroundings) -> Line {
    let (measure, billed, logged, judged) = if row.has_tokens {
        (Measure::Tokens, row.billed_tokens, row.logged_tokens, row.logged_tokens)
    } else {
        let (billed, logged) = (row.billed_cost_micro_usd, row.logged_cost_micro_usd);
        (Measure::MicroUsd, billed, logged, row.reported_cost_micro_usd)
    };
    let (billed, logged) = (billed.unwrap_or(0), logged.unwrap_or(0));
    let (missing, extra) = ((billed - logged).max(0), (logged - billed).max(0));
    let extra_judged = judged.map_or(0, |judged| (judged - billed).clamp(0, extra));
    let over_tolerance = is_over(missing, extra_judged, billed, tolerance);
    let mut line = Line {
        scope: row.scope.clone(),
        period: row.period.clone(),
        period_from: row.period_from.clone(),
        model: row.model.clone(),
        reports: row.reports.clone(),
        measure,
        billed,
        logged,
        missing,
        extra,
        extra_judged,
        ratio: share(logged, billed),
        billed_cost_micro_usd: row.billed_cost_micro_usd,
        logged_cost_micro_usd: row.logged_cost_micro_usd,
        billed_requests: row.billed_requests,
        completions: row.completions,
        completions_without_cost: row.completions_without_cost,
        over_tolerance,
        why: Vec::new(),
    };
    line.why = reasons::why(&line, row, tolerance, around);
    line
}

/// Adds lines up by scope and measure.
pub fn totals(lines: &[Line], tolerance: f64) -> Vec<ScopeTotal> {
    let mut totals: Vec<ScopeTotal> = Vec::new();
    for line in lines {
        let known = totals.iter().position(|total| total.scope == line.scope && total.measure == line.measure);
        let at = known.unwrap_or_else(|| {
            totals.push(ScopeTotal {
                scope: line.scope.clone(),
                measure: line.measure,
                billed: 0,
                logged: 0,
                missing: 0,
                extra: 0,
                extra_judged: 0,
                missing_share: None,
                extra_share: None,
                billed_cost_micro_usd: None,
                logged_cost_micro_usd: None,
                over_tolerance: false,
            });
            totals.len() - 1
        });
        let total = &mut totals[at];
        total.billed += line.billed;
        total.logged += line.logged;
        total.missing += line.missing;
        total.extra += line.extra;
        total.extra_judged += line.extra_judged;
        let add = |sum: &mut Option<i64>, part: Option<i64>| {
            if let Some(part) = part {
                *sum = Some(sum.unwrap_or(0) + part);
            }
        };
        add(&mut total.billed_cost_micro_usd, line.billed_cost_micro_usd);
        add(&mut total.logged_cost_micro_usd, line.logged_cost_micro_usd);
    }
    for total in &mut totals {
        total.missing_share = share(total.missing, total.billed);
        total.extra_share = share(total.extra, total.billed);
        total.over_tolerance = is_over(total.missing, total.extra_judged, total.billed, tolerance);
    }
    totals
}
