//! What ingest leaves out on purpose: people who were erased, and what is older than the retention.
//!
//! Owns the questions. The answers come from tombstones and identity rules, which ingest does not know.

use crate::events::RosterEntry;

/// Tells who was erased. Empty texts mean that the log does not say.
pub trait KeepOut: Send + Sync {
    /// Whether a step or sum is that of an erased person.
    fn session(&self, actor_raw: &str, os_user: &str, source_file: &str, session_id: &str) -> bool;

    /// Whether an outcome's author is an erased person.
    fn outcome(&self, actor_raw: &str) -> bool;

    /// Whether an entry of the roster is about an erased person.
    fn person(&self, entry: &RosterEntry) -> bool;

    /// Whether a session was an erased person's alone.
    fn is_erased_session(&self, session_id: &str) -> bool;

    /// What the ledger says instead of the name of a file that held nothing but rows of erased people.
    fn masked_file(&self, source_file: &str) -> String;

    /// Whether a name is such a mask.
    fn is_masked(&self, source_file: &str) -> bool;
}

/// First moments that are kept, microseconds since the epoch; everything where there is none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct KeepFrom {
    /// Of events, outcomes and dated facts.
    pub events_us: Option<i64>,
    /// Of sums that somebody else counted: their last moment.
    pub aggregates_us: Option<i64>,
}
