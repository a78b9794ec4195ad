//! Rows of CSV files: the separator found in the header, bytes framed into rows, bad rows rejected with line and byte.
//!
//! Owns framing. Owns no columns: callers say which header is theirs and what a row means.
//!
//! Rows are framed by the `csv` crate and not by Polars: Polars' reader gives no position of a row, stops at the first ragged one or fills it silently,
//! and each of ours must be read or rejected with its line and byte.

use super::{Input, InputError, Position, Reason, Sink};
use csv::{ByteRecord, Reader, ReaderBuilder, Terminator};
use std::io::{self, BufRead, Read};
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

const BOM: &[u8] = b"\xEF\xBB\xBF";
const SEPARATORS: [u8; 3] = [b',', b';', b'\t'];

/// The names of the columns of a file.
pub(crate) struct Header {
    separator: u8,
    /// Names in the order of the fields, without the white space around them.
    pub(crate) names: Vec<String>,
}

impl Header {
    /// The reading of a header line in which the most names are known.
    pub(crate) fn read(line: &[u8], is_known: impl Fn(&str) -> bool) -> Option<Self> {
        let line = line.strip_prefix(BOM).unwrap_or(line);
        let readings = SEPARATORS.into_iter().filter_map(|separator| {
            let mut reader = ReaderBuilder::new().has_headers(false).delimiter(separator).from_reader(line);
            let mut record = ByteRecord::new();
            reader.read_byte_record(&mut record).ok().filter(|found| *found)?;
            let names = record.iter().map(|name| String::from_utf8_lossy(name.trim_ascii()).into_owned()).collect();
            Some(Header { separator, names })
        });
        let known = |header: &Header| header.names.iter().filter(|name| is_known(name)).count();
        readings.reduce(|best, next| if known(&next) > known(&best) { next } else { best })
    }

    /// Whether every one of these columns is there.
    pub(crate) fn has_all(&self, names: &[&str]) -> bool {
        names.iter().all(|name| self.names.iter().any(|column| column == name))
    }
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

/// An opened file whose header was read.
pub(crate) struct Rows<'i> {
    input: &'i Input,
    /// What the columns are.
    pub(crate) header: Header,
    /// The line on which they stand.
    header_line: u64,
    /// How many fields a row may have fewer than the header; the missing ones are empty.
    pub(crate) fields_short: usize,
    reader: Reader<Guarded<Box<dyn BufRead + Send>>>,
    row_start: Rc<AtomicU64>,
    ends_with_newline: Rc<AtomicBool>,
    /// Bytes before the first row.
    base: u64,
}

/// What an opened file is.
pub(crate) enum Opened<'i> {
    /// A file with a header that is the caller's.
    Rows(Box<Rows<'i>>),
    /// A file without one, rejected unless it is empty; its header ends at this byte.
    Nothing(u64),
}

/// Opens a CSV file and reads its header.
pub(crate) fn open<'i>(
    input: &'i Input,
    sink: &mut dyn Sink,
    is_known: impl Fn(&str) -> bool,
    is_ours: impl Fn(&Header) -> bool,
) -> Result<Opened<'i>, InputError> {
    let mut source = input.open()?;
    let mut base = 0u64;
    let first = source.fill_buf().map_err(|error| input.io_error(error))?;
    if first.starts_with(BOM) {
        source.consume(BOM.len());
        base = BOM.len() as u64;
    }
    let mut line = Vec::new();
    let mut header_line = 0;
    let limit = input.limits.line_bytes as u64;
    // Blank lines may stand before the header, as spreadsheets leave them.
    while line.trim_ascii().is_empty() {
        line.clear();
        if source.by_ref().take(limit).read_until(b'\n', &mut line).map_err(|error| input.io_error(error))? == 0 {
            break;
        }
        header_line += 1;
        base += line.len() as u64;
    }
    let Some(header) = Header::read(&line, is_known).filter(is_ours) else {
        if !line.trim_ascii().is_empty() {
            sink.reject(Position { offset: 0, line: header_line }, Reason::MissingField, "header");
        }
        return Ok(Opened::Nothing(base));
    };
    let row_start = Rc::new(AtomicU64::new(0));
    let ends_with_newline = Rc::new(AtomicBool::new(line.ends_with(b"\n")));
    let guarded = Guarded {
        inner: source,
        read: 0,
        row_start: Rc::clone(&row_start),
        ends_with_newline: Rc::clone(&ends_with_newline),
        limit,
    };
    let reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(header.separator)
        // Under the default a row after `\r\n` is said to begin at the `\n`.
        .terminator(Terminator::Any(b'\n'))
        .from_reader(guarded);
    Ok(Opened::Rows(Box::new(Rows {
        input,
        header,
        header_line,
        fields_short: 0,
        reader,
        row_start,
        ends_with_newline,
        base,
    })))
}

impl Rows<'_> {
    /// Hands every row that is not in the lake yet to `take`, a field for every column. Returns where the last row that ends with a newline ends: a last
    /// row without one may be cut and is read again.
    pub(crate) fn each(
        mut self,
        sink: &mut dyn Sink,
        mut take: impl FnMut(&Header, &[&str], Position, &mut dyn Sink),
    ) -> Result<u64, InputError> {
        let frame = Frame {
            header: &self.header,
            header_line: self.header_line,
            fields_short: self.fields_short,
            base: self.base,
            start: self.input.start,
        };
        let (mut row, mut next) = (ByteRecord::new(), ByteRecord::new());
        let mut committed = self.base;
        let mut has_row = false;
        let mut end = self.reader.position().clone();
        loop {
            let before = self.reader.position().clone();
            // One row ahead, since only the last one may be cut.
            match self.reader.read_byte_record(&mut next) {
                Ok(true) => {
                    let begins = next.position().map_or(0, csv::Position::byte);
                    self.row_start.store(begins, Ordering::Relaxed);
                    if has_row {
                        frame.hand_over(&row, &end, true, sink, &mut take);
                        committed = self.base + begins;
                    }
                    std::mem::swap(&mut row, &mut next);
                    end = self.reader.position().clone();
                    has_row = true;
                }
                Ok(false) => {
                    if has_row {
                        let complete = self.ends_with_newline.load(Ordering::Relaxed);
                        frame.hand_over(&row, &end, complete, sink, &mut take);
                        if complete {
                            committed = self.base + self.reader.position().byte();
                        }
                    }
                    return Ok(committed);
                }
                Err(error) => {
                    if has_row {
                        frame.hand_over(&row, &end, true, sink, &mut take);
                        committed = self.base + before.byte();
                    }
                    return match error.into_kind() {
                        csv::ErrorKind::Io(error) if is_too_long(&error) => {
                            let at = Position { offset: committed, line: self.header_line + before.line() };
                            sink.reject(at, Reason::LineTooLong, "a quote may be open");
                            Ok(committed)
                        }
                        csv::ErrorKind::Io(error) => Err(self.input.io_error(error)),
                        other => Err(self.input.io_error(io::Error::other(format!("{other:?}")))),
                    };
                }
            }
        }
    }
}

fn is_too_long(error: &io::Error) -> bool {
    error.get_ref().is_some_and(|inner| inner.is::<RowTooLong>())
}

/// Whether a row is a line of blanks; the parser passes over those without any. What stands in quotes is no line of blanks, whether they close or not: it has
/// more bytes than its field and the ends of its lines, or holds such an end. An empty field that stands alone came from quotes too.
fn is_blank(row: &ByteRecord, end: &csv::Position) -> bool {
    if row.len() != 1 || row[0].is_empty() || !row[0].trim_ascii().is_empty() {
        return false;
    }
    let Some(begin) = row.position() else { return false };
    let ends_of_lines = end.line().saturating_sub(begin.line());
    let bytes = end.byte().saturating_sub(begin.byte());
    !row[0].contains(&b'\n') && bytes == row[0].len() as u64 + ends_of_lines
}

/// What every row of a file is held against.
struct Frame<'f> {
    header: &'f Header,
    header_line: u64,
    fields_short: usize,
    /// Bytes before the first row.
    base: u64,
    /// Rows before this byte are in the lake.
    start: u64,
}

impl Frame<'_> {
    fn hand_over(
        &self,
        row: &ByteRecord,
        end: &csv::Position,
        complete: bool,
        sink: &mut dyn Sink,
        take: &mut impl FnMut(&Header, &[&str], Position, &mut dyn Sink),
    ) {
        let (offset, line) = row.position().map_or((0, 0), |position| (position.byte(), position.line()));
        let at = Position { offset: self.base + offset, line: self.header_line + line };
        if at.offset < self.start || is_blank(row, end) {
            return;
        }
        let columns = self.header.names.len();
        if row.len() > columns || row.len() + self.fields_short < columns {
            let reason = if complete { Reason::RaggedRow } else { Reason::TornLine };
            sink.reject(at, reason, &format!("{} fields, the header has {columns}", row.len()));
            return;
        }
        let fields: Result<Vec<&str>, _> = row.iter().map(std::str::from_utf8).collect();
        match fields {
            Ok(mut fields) => {
                if let Some(last) = fields.last_mut() {
                    *last = last.strip_suffix('\r').unwrap_or(last);
                }
                fields.resize(columns, "");
                take(self.header, &fields, at, sink);
            }
            Err(_) => sink.reject(at, Reason::BadUtf8, "invalid byte sequence"),
        }
    }
}
