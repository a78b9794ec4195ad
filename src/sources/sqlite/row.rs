//! One row of a table: its values by column and type, and a reject that says where it stands for each that is not what it must be.

use super::Database;
use crate::events::{Aggregate, Event, Fact, Outcome, RosterEntry};
use crate::sources::{Position, Reason, Sink};
use rusqlite::types::ValueRef;
use std::io::Read;

/// Window of a compressed value, as a power of two.
const WINDOW_LOG: u32 = 25;

/// One row. Columns are counted from 1, in the order in which they were selected.
pub(crate) struct Row<'a> {
    pub(super) row: &'a rusqlite::Row<'a>,
    pub(super) number: i64,
    pub(super) database: &'a Database,
}

impl Row<'_> {
    /// Where it stands: its number in the table; a database has no lines.
    pub(crate) fn at(&self) -> Position {
        Position { offset: 0, line: u64::try_from(self.number).unwrap_or_default() }
    }

    fn value(&self, column: usize) -> ValueRef<'_> {
        self.row.get_ref(column).unwrap_or(ValueRef::Null)
    }

    /// A text. Null where there is none, and where it was rejected for being none.
    pub(crate) fn text(&self, column: usize, sink: &mut dyn Sink) -> Option<&str> {
        match self.value(column) {
            ValueRef::Null => None,
            ValueRef::Text(bytes) => match simdutf8::basic::from_utf8(bytes) {
                Ok(text) => Some(text),
                Err(_) => {
                    self.refuse(column, Reason::BadUtf8, sink);
                    None
                }
            },
            _ => {
                self.refuse(column, Reason::BadValue, sink);
                None
            }
        }
    }

    /// A text that must be there and not empty.
    pub(crate) fn some_text(&self, column: usize, sink: &mut dyn Sink) -> Option<&str> {
        match self.value(column) {
            ValueRef::Null | ValueRef::Text([]) => {
                self.refuse(column, Reason::MissingField, sink);
                None
            }
            _ => self.text(column, sink),
        }
    }

    /// A whole number. Null where there is none, and where it was rejected for being none.
    pub(crate) fn integer(&self, column: usize, sink: &mut dyn Sink) -> Option<i64> {
        match self.value(column) {
            ValueRef::Null => None,
            ValueRef::Integer(number) => Some(number),
            _ => {
                self.refuse(column, Reason::BadValue, sink);
                None
            }
        }
    }

    /// Whether there is no value.
    pub(crate) fn is_null(&self, column: usize) -> bool {
        matches!(self.value(column), ValueRef::Null)
    }

    /// The bytes of a value that is zstd, unpacked. Null where there are none, and where they were rejected.
    pub(crate) fn unpacked(&self, column: usize, sink: &mut dyn Sink) -> Option<Vec<u8>> {
        let packed = match self.value(column) {
            ValueRef::Null => return None,
            ValueRef::Blob(bytes) => bytes,
            _ => {
                self.refuse(column, Reason::BadValue, sink);
                return None;
            }
        };
        let left = self.database.unpacked_left.get();
        let most = left.min(self.database.value_bytes as u64);
        match unpack(packed, most) {
            Ok(bytes) if bytes.len() as u64 <= most => {
                self.database.unpacked_left.set(left - bytes.len() as u64);
                Some(bytes)
            }
            Ok(_) if most == left => {
                self.refuse(column, Reason::CompressionBomb, sink);
                None
            }
            Ok(_) => {
                self.refuse(column, Reason::LineTooLong, sink);
                None
            }
            Err(_) => {
                self.refuse(column, Reason::DamagedArchive, sink);
                None
            }
        }
    }

    /// Rejects a value by the name of its column.
    pub(crate) fn refuse(&self, column: usize, reason: Reason, sink: &mut dyn Sink) {
        let name = self.row.as_ref().column_name(column).unwrap_or("");
        sink.reject(self.at(), reason, name);
    }
}

/// Up to one byte more than `most`.
fn unpack(packed: &[u8], most: u64) -> std::io::Result<Vec<u8>> {
    let mut decoder = zstd::stream::read::Decoder::with_buffer(packed)?;
    decoder.window_log_max(WINDOW_LOG)?;
    let mut bytes = Vec::new();
    decoder.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// A sink that says of each reject in which row of which table it is.
pub(super) struct InRow<'a> {
    pub(super) sink: &'a mut dyn Sink,
    pub(super) table: &'static str,
    pub(super) number: i64,
}

impl Sink for InRow<'_> {
    fn event(&mut self, at: Position, event: Event) {
        self.sink.event(at, event);
    }
    fn outcome(&mut self, at: Position, outcome: Outcome) {
        self.sink.outcome(at, outcome);
    }
    fn fact(&mut self, at: Position, fact: Fact) {
        self.sink.fact(at, fact);
    }
    fn aggregate(&mut self, at: Position, aggregate: Aggregate) {
        self.sink.aggregate(at, aggregate);
    }
    fn roster(&mut self, at: Position, entry: RosterEntry) {
        self.sink.roster(at, entry);
    }
    fn reject(&mut self, at: Position, reason: Reason, detail: &str) {
        self.sink.reject(at, reason, &format!("table {}, row {}: {detail}", self.table, self.number));
    }
    fn ignore(&mut self, kind: &'static str) {
        self.sink.ignore(kind);
    }
    fn unknown_field(&mut self, name: &str) {
        self.sink.unknown_field(name);
    }
}
