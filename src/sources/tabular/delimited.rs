//! Rows from CSV, with the separator found in the header.
//!
//! Rows are framed by the `csv` crate and not by Polars: Polars' reader gives no position of a row, stops at the first ragged one or fills it silently,
//! and each of ours must be read or rejected with its line and byte.

use super::{Cell, Layout, WIDTH};
use crate::sources::{Input, InputError, Position, Reason, Sink};
use csv::{ByteRecord, ReaderBuilder, Terminator};
use std::borrow::Cow;
use std::io::{self, BufRead, Read};
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

const BOM: &[u8] = b"\xEF\xBB\xBF";
const SEPARATORS: [u8; 3] = [b',', b';', b'\t'];

/// What the columns of a file are.
struct Header {
    separator: u8,
    /// The column number of each field, null for strangers, with its name.
    columns: Vec<(Option<usize>, String)>,
}

impl Header {
    /// The reading of a header line in which the most columns are known.
    fn read(layout: &impl Layout, line: &[u8]) -> Option<Self> {
        let readings = SEPARATORS.into_iter().filter_map(|separator| {
            let mut reader = ReaderBuilder::new().has_headers(false).delimiter(separator).from_reader(line);
            let mut record = ByteRecord::new();
            reader.read_byte_record(&mut record).ok().filter(|found| *found)?;
            let names = record.iter().map(|name| String::from_utf8_lossy(name.trim_ascii()).into_owned());
            Some(Header { separator, columns: names.map(|name| (layout.number(&name), name)).collect() })
        });
        let known = |header: &Header| header.columns.iter().filter(|(number, _)| number.is_some()).count();
        readings.reduce(|best, next| if known(&next) > known(&best) { next } else { best })
    }

    fn has_landmarks(&self, layout: &impl Layout) -> bool {
        layout.landmarks().iter().all(|name| self.columns.iter().any(|(_, column)| column == name))
    }
}

/// Whether a file begins with a header that tells the table from others.
pub(in crate::sources) fn has_landmarks(layout: &impl Layout, first_line: &[u8]) -> bool {
    Header::read(layout, first_line).is_some_and(|header| header.has_landmarks(layout))
}

/// The names in a header line.
pub(in crate::sources) fn column_names(layout: &impl Layout, first_line: &[u8]) -> Vec<String> {
    Header::read(layout, first_line)
        .map_or_else(Vec::new, |header| header.columns.into_iter().map(|(_, name)| name).collect())
}

/// Stops a quote that never closes from taking the rest of the file into memory, and knows how the file ends.
struct Guarded<R> {
    inner: R,
    read: u64,
    /// Where the row that is being read began; moved on by the reader of rows.
    row_start: Rc<AtomicU64>,
    ends_with_newline: Rc<AtomicBool>,
    limit: u64,
}

#[derive(Debug, thiserror::Error)]
#[error("a row is longer than the limit")]
struct RowTooLong;

impl<R: Read> Read for Guarded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        if self.read.saturating_sub(self.row_start.load(Ordering::Relaxed)) > self.limit {
            return Err(io::Error::other(RowTooLong));
        }
        self.read += count as u64;
        if count > 0 {
            self.ends_with_newline.store(buffer[count - 1] == b'\n', Ordering::Relaxed);
        }
        Ok(count)
    }
}

/// Reads a CSV file. Returns where the last row that ends with a newline ends: a last row without one may be cut and is read again.
pub(super) fn read(layout: &impl Layout, input: &Input, sink: &mut dyn Sink) -> Result<u64, InputError> {
    let mut source = input.open()?;
    let mut base = 0u64;
    let first = source.fill_buf().map_err(|error| input.io_error(error))?;
    if first.starts_with(BOM) {
        source.consume(BOM.len());
        base = BOM.len() as u64;
    }
    let mut line = Vec::new();
    let limit = input.limits.line_bytes as u64;
    source.by_ref().take(limit).read_until(b'\n', &mut line).map_err(|error| input.io_error(error))?;
    let Some(header) = Header::read(layout, &line).filter(|header| header.has_landmarks(layout)) else {
        if !line.trim_ascii().is_empty() {
            sink.reject(Position { offset: 0, line: 1 }, Reason::MissingField, "header");
        }
        return Ok(base + line.len() as u64);
    };
    base += line.len() as u64;

    let row_start = Rc::new(AtomicU64::new(0));
    let ends_with_newline = Rc::new(AtomicBool::new(line.ends_with(b"\n")));
    let guarded = Guarded {
        inner: source,
        read: 0,
        row_start: Rc::clone(&row_start),
        ends_with_newline: Rc::clone(&ends_with_newline),
        limit,
    };
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(header.separator)
        // Under the default a row after `\r\n` is said to begin at the `\n`.
        .terminator(Terminator::Any(b'\n'))
        .from_reader(guarded);
    let mut rows = Rows { layout, header, base, start: input.start, sink };
    let (mut row, mut next) = (ByteRecord::new(), ByteRecord::new());
    let mut committed = base;
    let mut has_row = false;
    loop {
        let before = reader.position().clone();
        // One row ahead, since only the last one may be cut.
        match reader.read_byte_record(&mut next) {
            Ok(true) => {
                let begins = next.position().map_or(0, csv::Position::byte);
                row_start.store(begins, Ordering::Relaxed);
                if has_row {
                    rows.take(&row, true);
                    committed = base + begins;
                }
                std::mem::swap(&mut row, &mut next);
                has_row = true;
            }
            Ok(false) => {
                if has_row {
                    let complete = ends_with_newline.load(Ordering::Relaxed);
                    rows.take(&row, complete);
                    if complete {
                        committed = base + reader.position().byte();
                    }
                }
                return Ok(committed);
            }
            Err(error) => {
                if has_row {
                    rows.take(&row, true);
                    committed = base + before.byte();
                }
                return match error.into_kind() {
                    csv::ErrorKind::Io(error) if is_too_long(&error) => {
                        let at = Position { offset: committed, line: before.line() + 1 };
                        rows.sink.reject(at, Reason::LineTooLong, "a quote may be open");
                        Ok(committed)
                    }
                    csv::ErrorKind::Io(error) => Err(input.io_error(error)),
                    other => Err(input.io_error(io::Error::other(format!("{other:?}")))),
                };
            }
        }
    }
}

fn is_too_long(error: &io::Error) -> bool {
    error.get_ref().is_some_and(|inner| inner.is::<RowTooLong>())
}

struct Rows<'s, L> {
    layout: &'s L,
    header: Header,
    /// Bytes before the first row.
    base: u64,
    /// Rows before this byte are in the lake.
    start: u64,
    sink: &'s mut dyn Sink,
}

impl<L: Layout> Rows<'_, L> {
    fn take(&mut self, row: &ByteRecord, complete: bool) {
        let (offset, line) = row.position().map_or((0, 0), |position| (position.byte(), position.line()));
        // The header is line 1.
        let at = Position { offset: self.base + offset, line: line + 1 };
        if at.offset < self.start {
            return;
        }
        let columns = &self.header.columns;
        if row.len() == 1 && row[0].trim_ascii().is_empty() {
            return;
        }
        let missing = columns.len().checked_sub(row.len());
        if missing.is_none_or(|missing| missing > self.layout.fields_short()) {
            let reason = if complete { Reason::RaggedRow } else { Reason::TornLine };
            self.sink.reject(at, reason, &format!("{} fields, the header has {}", row.len(), columns.len()));
            return;
        }
        if simdutf8::basic::from_utf8(row.as_slice()).is_err() {
            self.sink.reject(at, Reason::BadUtf8, "invalid byte sequence");
            return;
        }
        let mut cells = [const { Cell::Null }; WIDTH];
        for (index, (field, (number, name))) in row.iter().zip(columns).enumerate() {
            let is_last = index + 1 == row.len();
            let field = if is_last { field.strip_suffix(b"\r").unwrap_or(field) } else { field };
            if field.is_empty() {
                continue;
            }
            // A character never spans two fields, so each is valid when the row is.
            match (number, std::str::from_utf8(field)) {
                (Some(number), Ok(text)) => put(self.layout, &mut cells[*number], text),
                (Some(number), Err(_)) => cells[*number] = Cell::Bad,
                (None, _) => self.sink.unknown_field(name),
            }
        }
        self.layout.take(&cells, at, self.sink);
    }
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
