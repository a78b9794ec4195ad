//! What keeps people out of the outputs: pseudonyms, small-cell suppression, harmless text, the access log.
//!
//! Owns the rules of signals.md section 5 and `faults.md`, as plain functions. Owns no tables and no rendering: reports call
//! these functions, and nothing is published that did not pass through them.

mod access;
mod pseudonym;
mod suppress;
mod text;
mod tombstone;

pub use access::{AccessError, AccessLine, rewrite_access_log};
pub use pseudonym::{Domain, KeyError, Pseudonyms};
pub use suppress::{Cell, FLOOR, Hidden, Rules, RulesError, Share};
pub use text::{csv_text, terminal};
pub use tombstone::{Tombstone, TombstoneError, Tombstones, is_masked};
