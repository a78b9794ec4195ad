//! The vocabulary of the pipeline: what a step, an outcome, a person and a fact about a session are.
//!
//! Owns the record types that sources write and the lake stores, their enumerations and their identity
//! ([`ids`]). Owns no reading, no writing and no judgement, and uses no other module of the crate.
//! The public contract is `schema.md`; names follow it.

pub mod ids;
mod kinds;
mod records;

pub use kinds::{
    Approval, CostBasis, CountedBy, Effect, Kind, OutcomeKind, OutcomeStatus, ParseNameError, TokenBasis, Trigger,
};
pub use records::{Aggregate, Event, Fact, FactName, Outcome, RosterEntry, TextSketch, Tokens};
