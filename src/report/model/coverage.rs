//! What the totals cover: the share of billed use that the logs hold, seats, and logs that are gone.
//!
//! Owns the shape only. Counts of people in it have passed the rule for small cells.

use serde::Serialize;

use super::Quantity;
use crate::report::quantities::{Count, Maybe, MicroDollars, Portion};

/// How complete the logs are, as far as a bill or a vendor's own report says.
#[derive(Debug, Clone, Serialize)]
pub struct Coverage {
    /// Share of the billed use that the logs hold; none without a bill. By day and model: what is logged above the bill makes up for nothing.
    pub share: Maybe<Portion>,
    /// The same: what is certainly held.
    pub low: Maybe<Portion>,
    /// What is held if a request may be billed on another day of its month than it is logged.
    pub high: Maybe<Portion>,
    /// `tokens` or `micro_usd`: what the share is of.
    pub measure: Maybe<&'static str>,
    /// How to read it, or why it is not known.
    pub note: String,
    /// By month and tool or maker, oldest first.
    pub months: Vec<CoverageMonth>,
}

/// One month of one tool or maker.
#[derive(Debug, Clone, Serialize)]
pub struct CoverageMonth {
    /// `2026-06`.
    pub month: String,
    /// A tool, or the maker of the models.
    pub scope: String,
    /// `tokens` or `micro_usd`.
    pub measure: &'static str,
    /// On the bill; none, like all that follows but the days, where too few people stand behind it.
    pub billed: Maybe<Quantity>,
    /// In the logs, for days that the bill covers.
    pub logged: Maybe<Quantity>,
    /// Share of the billed that the logs hold.
    pub share: Maybe<Portion>,
    /// Lower end.
    pub low: Maybe<Portion>,
    /// Upper end.
    pub high: Maybe<Portion>,
    /// Days of the month with a bill; none where bills are by the month.
    pub billed_days: Maybe<Count>,
}

/// Seats of one tool.
#[derive(Debug, Clone, Serialize)]
pub struct Seats {
    /// Tool; `(any)` for everybody who holds a seat of one or more.
    pub product: String,
    /// People who hold one; none when too few.
    pub seats: Maybe<Count>,
    /// Used in the period; none when too few stand on either side.
    pub used: Maybe<Count>,
    /// Not used in it: at least those of whom a vendor or a log says so.
    pub idle: Maybe<Count>,
    /// The same, if everybody of whom nobody can tell is idle too.
    pub idle_high: Maybe<Count>,
    /// Of the idle, never used at all.
    pub never_used: Maybe<Count>,
    /// A month of the idle seats, at what the newest bill has for all of them: of those never used at all.
    pub idle_cost_low: Maybe<MicroDollars>,
    /// The same: of all that may be idle.
    pub idle_cost_high: Maybe<MicroDollars>,
    /// True when there is a count that may not be shown.
    pub suppressed: bool,
}

/// A month of the seats that nobody uses, over all tools with a bill for seats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct IdleSeats {
    /// Those that were never used at all.
    pub cost_low: MicroDollars,
    /// All that may be idle.
    pub cost_high: MicroDollars,
}

/// Logs that their own tool deletes.
#[derive(Debug, Clone, Serialize)]
pub struct Retention {
    /// Source.
    pub source: String,
    /// `at_risk` or `gap`.
    pub state: String,
    /// Days that the tool keeps its logs.
    pub kept_days: Count,
    /// First day concerned.
    pub from: String,
    /// Last day concerned.
    pub to: String,
    /// What it means and what to do.
    pub note: String,
}
