//! Tables in files: CSV, NDJSON and Parquet read row by row into cells, whatever the columns mean.
//!
//! Owns framing, places, rejects of rows that are no rows, and what a cell is. Owns no columns: a [`Layout`] says which there are and what becomes
//! of a row. Two have one: [`super::canonical`], whose columns are those of `schema.md`, and [`super::mapping`], whose columns somebody declared.

mod cell;
pub(super) mod delimited;
pub(super) mod ndjson;
pub(super) mod parquet;

pub(super) use cell::{Cell, Rejected, Row, WIDTH};

use super::{Input, InputError, Position, Sink};

/// The columns of a table and what becomes of its rows.
pub(super) trait Layout: Sync {
    /// The number of a column by its name, under [`WIDTH`]; null for a stranger. In NDJSON a name with dots is a path into nested objects.
    fn number(&self, name: &str) -> Option<usize>;

    /// The names that tell this table from others.
    fn landmarks(&self) -> Vec<&str>;

    /// Whether a column's JSON is kept as it stands: the digits of an amount, the arguments of a call.
    fn keeps_json(&self, column: usize) -> bool;

    /// Whether columns below this one are wanted, in NDJSON.
    fn nests(&self, _name: &str) -> bool {
        false
    }

    /// Whether several columns of one name make a list. Elsewhere the last value stays.
    fn gathers(&self) -> bool {
        false
    }

    /// How many fields a CSV row may have fewer than its header.
    fn fields_short(&self) -> usize {
        0
    }

    /// Turns a row into its record, or rejects it.
    fn take(&self, cells: &[Cell<'_>; WIDTH], at: Position, sink: &mut dyn Sink);
}

/// How a table is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Ndjson,
    Csv,
    Parquet,
}

impl Format {
    /// The format of a file that is one of the three, by its first bytes.
    pub(super) fn of(head: &[u8]) -> Self {
        let text = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head).trim_ascii_start();
        match text.first() {
            _ if head.starts_with(b"PAR1") => Format::Parquet,
            Some(b'{') => Format::Ndjson,
            _ => Format::Csv,
        }
    }

    /// Reads a file and returns where its committed part ends.
    pub(super) fn read(self, layout: &impl Layout, input: &Input, sink: &mut dyn Sink) -> Result<u64, InputError> {
        match self {
            Format::Ndjson => ndjson::read(layout, input, sink),
            Format::Csv => delimited::read(layout, input, sink),
            Format::Parquet => parquet::read(layout, input, sink),
        }
    }
}
