//! The shape of what to do next.
//!
//! Owns the shape only. An action is about a target, a tool, a repository or a seat, never about a person.

use serde::Serialize;

use crate::report::quantities::{Maybe, MicroDollars};

/// One thing to do, with what it may be worth and how to see whether it was.
#[derive(Debug, Clone, Serialize)]
pub struct Action {
    /// Stable id.
    pub id: &'static str,
    /// What to do.
    pub what: String,
    /// Whose it is, as a role.
    pub owner: String,
    /// What in this report asks for it.
    pub because: String,
    /// What may come of it, in words with the range.
    pub expected: String,
    /// The range in money: the least; none where it is not about money or cannot be told.
    pub expected_low: Maybe<MicroDollars>,
    /// The most.
    pub expected_high: Maybe<MicroDollars>,
    /// How to check next month.
    pub check: String,
}
