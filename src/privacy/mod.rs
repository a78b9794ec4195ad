//! What keeps people and secrets out of the outputs: pseudonyms, small-cell suppression, redaction, harmless text, the access log.
//!
//! Owns the rules of signals.md section 5 and `faults.md`, as plain functions. Owns no tables and no rendering: reports call
//! these functions, and nothing is published that did not pass through them.

mod access;
mod bounds;
mod known;
mod ledger;
mod panel;
mod pseudonym;
pub mod rounding;
pub mod secrets;
mod suppress;
mod text;
mod tombstone;

pub use access::{AccessError, AccessLine, rewrite_access_log};
pub use bounds::{Interval, Line, propagate};
pub use ledger::{History, Ledger, LedgerError, ledger_members};
pub use panel::Cell as PanelCell;
pub use panel::{Contribution, Decision, Members, NOBODY, PROTECTION, Panel, Verdict, is_wide};
pub use pseudonym::{Domain, KeyError, Pseudonyms};
pub use secrets::Secrets;
pub use suppress::{Cell, FLOOR, Hidden, Rules, RulesError};
pub use text::{csv_text, json_text, terminal, terminal_lines};
pub use tombstone::{Tombstone, TombstoneError, Tombstones, is_masked};
