//! Rows from CSV. Framing is [`crate::sources::delimited`]'s; here a field becomes the cell of its column.

use super::cell::{Cell, WIDTH};
use super::table::Table;
use crate::sources::delimited::{Header, Opened, open};
use crate::sources::{Input, InputError, Sink};
use std::borrow::Cow;

/// Whether a file begins with a header that tells the table from others.
pub(super) fn has_landmarks(table: Table, first_line: &[u8]) -> bool {
    Header::read(first_line, |name| table.number(name).is_some())
        .is_some_and(|header| header.has_all(table.landmarks()))
}

/// Reads a CSV file. Returns where the last row that ends with a newline ends: a last row without one may be cut and is read again.
pub(super) fn read(table: Table, input: &Input, sink: &mut dyn Sink) -> Result<u64, InputError> {
    let is_known = |name: &str| table.number(name).is_some();
    let rows = match open(input, sink, is_known, |header| header.has_all(table.landmarks()))? {
        Opened::Rows(rows) => rows,
        Opened::Nothing(end) => return Ok(end),
    };
    let numbers: Vec<Option<usize>> = rows.header.names.iter().map(|name| table.number(name)).collect();
    rows.each(sink, |header, fields, at, sink| {
        let mut cells = [const { Cell::Null }; WIDTH];
        for ((field, number), name) in fields.iter().zip(&numbers).zip(&header.names) {
            match number {
                _ if field.is_empty() => {}
                Some(number) => cells[*number] = Cell::Text(Cow::Borrowed(field)),
                None => sink.unknown_field(name),
            }
        }
        table.take(&cells, at, sink);
    })
}
