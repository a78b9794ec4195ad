//! Rows from CSV. Framing is [`crate::sources::delimited`]'s; here a field becomes the cell of its column.

use super::{Cell, Layout, WIDTH};
use crate::sources::delimited::{Header, Opened, open};
use crate::sources::{Input, InputError, Sink};
use std::borrow::Cow;

/// Whether a file begins with a header that tells the table from others.
pub(in crate::sources) fn has_landmarks(layout: &impl Layout, first_line: &[u8]) -> bool {
    read_header(layout, first_line).is_some_and(|header| header.has_all(&layout.landmarks()))
}

/// The names in a header line.
pub(in crate::sources) fn column_names(layout: &impl Layout, first_line: &[u8]) -> Vec<String> {
    read_header(layout, first_line).map_or_else(Vec::new, |header| header.names)
}

fn read_header(layout: &impl Layout, first_line: &[u8]) -> Option<Header> {
    Header::read(first_line, |name| layout.number(name).is_some())
}

/// Reads a CSV file. Returns where the last row that ends with a newline ends: a last row without one may be cut and is read again.
pub(super) fn read(layout: &impl Layout, input: &Input, sink: &mut dyn Sink) -> Result<u64, InputError> {
    let is_known = |name: &str| layout.number(name).is_some();
    let mut rows = match open(input, sink, is_known, |header| header.has_all(&layout.landmarks()))? {
        Opened::Rows(rows) => rows,
        Opened::Nothing(end) => return Ok(end),
    };
    rows.fields_short = layout.fields_short();
    let numbers: Vec<Option<usize>> = rows.header.names.iter().map(|name| layout.number(name)).collect();
    rows.each(sink, |header, fields, at, sink| {
        let mut cells = [const { Cell::Null }; WIDTH];
        for ((field, number), name) in fields.iter().copied().zip(&numbers).zip(&header.names) {
            match number {
                _ if field.is_empty() => {}
                Some(number) => put(layout, &mut cells[*number], field),
                None => sink.unknown_field(name),
            }
        }
        layout.take(&cells, at, sink);
    })
}

/// Puts a text into a cell, beside what a column of the same name has put there where the layout wants both.
fn put<'a>(layout: &impl Layout, cell: &mut Cell<'a>, text: &'a str) {
    let text = Cow::Borrowed(text);
    match std::mem::take(cell) {
        Cell::Text(first) if layout.gathers() => *cell = Cell::List(vec![first, text]),
        Cell::List(mut items) if layout.gathers() => {
            items.push(text);
            *cell = Cell::List(items);
        }
        _ => *cell = Cell::Text(text),
    }
}
