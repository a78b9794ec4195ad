//! Line framing for newline-delimited files: constant memory whatever a line's length, byte offsets, one
//! byte-order mark stripped, and the rule for a last line without a newline.

use super::{Input, InputError, Position, Reason, Sink};
use std::io::{self, BufRead};

/// One line of a file.
#[derive(Debug)]
pub struct Line<'a> {
    /// Where it starts.
    pub at: Position,
    /// Its bytes, valid UTF-8, without the line end.
    pub text: &'a str,
    /// False for a last line without a newline, which may be torn.
    pub complete: bool,
}

/// What a handler says of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Handled {
    /// Read, ignored or rejected by the handler.
    Done,
    /// The line is not a whole record. A complete line is the handler's to reject; only an incomplete last line may be left.
    Torn,
}

/// Reads lines with a length limit, in memory bounded by it.
pub struct LineReader<R> {
    reader: R,
    offset: u64,
    line: u64,
    limit: usize,
    buffer: Vec<u8>,
}

enum Framed {
    End,
    Line { at: Position, complete: bool },
    TooLong { at: Position, length: u64, complete: bool },
}

impl<R: BufRead> LineReader<R> {
    /// A reader that starts at `offset` of the plain file.
    pub fn new(reader: R, offset: u64, limit: usize) -> Self {
        Self { reader, offset, line: 0, limit, buffer: Vec::with_capacity(8 * 1024) }
    }

    fn next_frame(&mut self) -> io::Result<Framed> {
        self.buffer.clear();
        let at = Position { offset: self.offset, line: self.line + 1 };
        let mut length = 0u64;
        let mut too_long = false;
        loop {
            let available = match self.reader.fill_buf() {
                Ok(available) => available,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if available.is_empty() {
                if length == 0 {
                    return Ok(Framed::End);
                }
                self.offset += length;
                self.line += 1;
                return Ok(if too_long {
                    Framed::TooLong { at, length, complete: false }
                } else {
                    Framed::Line { at, complete: false }
                });
            }
            let (take, newline) = match memchr::memchr(b'\n', available) {
                Some(index) => (index, true),
                None => (available.len(), false),
            };
            if !too_long {
                if self.buffer.len() + take > self.limit {
                    too_long = true;
                    self.buffer = Vec::new();
                } else {
                    self.buffer.extend_from_slice(&available[..take]);
                }
            }
            let consumed = take + usize::from(newline);
            self.reader.consume(consumed);
            length += consumed as u64;
            if newline {
                self.offset += length;
                self.line += 1;
                return Ok(if too_long {
                    Framed::TooLong { at, length, complete: true }
                } else {
                    Framed::Line { at, complete: true }
                });
            }
        }
    }
}

/// Reads every line of `input`, handing valid ones to `handle`, and returns where the committed part ends.
///
/// Blank lines are passed over. A line that is too long or not UTF-8 is rejected here. A last line without a newline is handed
/// over like any other; if the handler answers [`Handled::Torn`], it is rejected as torn and not committed, so that the next run reads it again.
pub fn read_lines(
    input: &Input,
    sink: &mut dyn Sink,
    mut handle: impl FnMut(Line<'_>, &mut dyn Sink) -> Handled,
) -> Result<u64, InputError> {
    let mut source = input.open()?;
    if input.start > 0 {
        io::copy(&mut io::Read::take(&mut source, input.start), &mut io::sink())
            .map_err(|error| input.io_error(error))?;
    }
    let mut reader = LineReader::new(source, input.start, input.limits.line_bytes);
    let mut committed = input.start;
    loop {
        match reader.next_frame().map_err(|error| input.io_error(error))? {
            Framed::End => return Ok(committed),
            Framed::TooLong { at, length, complete } => {
                sink.reject(at, Reason::LineTooLong, &format!("{length} bytes"));
                if complete {
                    committed = reader.offset;
                }
            }
            Framed::Line { at, complete } => {
                let mut bytes: &[u8] = &reader.buffer;
                if at.offset == 0 {
                    bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
                }
                let bytes = bytes.trim_ascii();
                if bytes.is_empty() {
                    committed = reader.offset;
                    continue;
                }
                let handled = match simdutf8::basic::from_utf8(bytes) {
                    Ok(text) => handle(Line { at, text, complete }, sink),
                    Err(_) if complete => {
                        sink.reject(at, Reason::BadUtf8, "invalid byte sequence");
                        Handled::Done
                    }
                    Err(_) => Handled::Torn,
                };
                if handled == Handled::Done {
                    committed = reader.offset;
                } else {
                    sink.reject(at, Reason::TornLine, "the last line is not a whole record yet");
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::testing::{Recorded, input_of};

    /// Offset, line number, text and completeness of a line.
    type Seen = (u64, u64, String, bool);

    fn read(bytes: &[u8], limit: usize) -> (Vec<Seen>, Recorded, u64) {
        let (mut input, _guard) = input_of("lines.jsonl", bytes);
        input.limits.line_bytes = limit;
        let mut sink = Recorded::default();
        let mut lines = Vec::new();
        let end = read_lines(&input, &mut sink, |line, _| {
            lines.push((line.at.offset, line.at.line, line.text.to_owned(), line.complete));
            if line.complete || line.text.ends_with('}') { Handled::Done } else { Handled::Torn }
        })
        .unwrap();
        (lines, sink, end)
    }

    #[test]
    fn offsets_blank_lines_crlf_and_byte_order_mark() {
        let (lines, sink, end) = read(b"\xEF\xBB\xBFab\r\n\n{c}", 100);
        assert_eq!(lines, vec![(0, 1, "ab".into(), true), (8, 3, "{c}".into(), false)]);
        assert!(sink.rejects.is_empty());
        assert_eq!(end, 11);
    }

    #[test]
    fn a_torn_last_line_is_not_committed() {
        let (_, sink, end) = read(b"ab\n{\"x\":", 100);
        assert_eq!(sink.reasons(), ["torn_line"]);
        assert_eq!(end, 3);
    }

    #[test]
    fn long_lines_and_bad_bytes_are_rejected_and_the_rest_goes_on() {
        let mut bytes = vec![b'x'; 5000];
        bytes.extend_from_slice(b"\nok\n\xff\xfe\nend\n");
        let (lines, sink, end) = read(&bytes, 1000);
        assert_eq!(lines.iter().map(|line| line.2.as_str()).collect::<Vec<_>>(), ["ok", "end"]);
        assert_eq!(sink.reasons(), ["line_too_long", "bad_utf8"]);
        assert_eq!(end, bytes.len() as u64);
    }
}
