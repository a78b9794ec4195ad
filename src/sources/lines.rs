//! Line framing for newline-delimited files: constant memory whatever a line's length, byte offsets, one
//! byte-order mark stripped, and the rule for a last line without a newline.

use super::{Input, InputError, Position, Reason, Sink};
use std::cell::Cell;
use std::io::{self, Read};

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

/// Bytes asked of the file at once.
const BLOCK: usize = 256 * 1024;
/// The sink is told of bytes by multiples of this, as long as there are more to come: what it hashes them with takes so many at once.
const TOLD: usize = 16 * 1024;

/// Reads lines with a length limit, in memory bounded by it. A line is borrowed from the buffer that the file was read into.
struct LineReader<R> {
    reader: R,
    /// Offset in the file of the line that comes next.
    offset: u64,
    line: u64,
    limit: usize,
    buffer: Vec<u8>,
    /// The line that comes next begins here; before it lie lines that were handed out.
    start: usize,
    /// No line end before this place, from `start` on.
    scanned: usize,
    /// The file's bytes end here.
    end: usize,
    /// Bytes before `start` that [`Sink::content`] was told.
    told: usize,
}

thread_local! {
    /// The buffer of the file that this thread read before: there are many small files, and new memory costs more than reading them.
    static SPARE: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// Buffers that a long line has made larger than this are given back.
const SPARE_BYTES: usize = 8 * BLOCK;

impl<R> Drop for LineReader<R> {
    fn drop(&mut self) {
        if self.buffer.len() <= SPARE_BYTES {
            SPARE.set(std::mem::take(&mut self.buffer));
        }
    }
}

/// A line of the buffer, or what became of one that is too long.
enum Framed {
    End,
    Line { at: Position, bytes: std::ops::Range<usize>, complete: bool },
    TooLong { at: Position, length: u64, complete: bool },
}

impl<R: Read> LineReader<R> {
    /// Of a file whose part before `offset` has this many line ends.
    fn new(reader: R, offset: u64, line: u64, limit: usize) -> Self {
        let mut buffer = SPARE.take();
        if buffer.is_empty() {
            buffer = vec![0; BLOCK];
        }
        Self { reader, offset, line, limit, buffer, start: 0, scanned: 0, end: 0, told: 0 }
    }

    fn next_frame(&mut self, sink: &mut dyn Sink) -> io::Result<Framed> {
        let at = Position { offset: self.offset, line: self.line + 1 };
        // Bytes of this line that were dropped because it is too long.
        let mut dropped = 0u64;
        loop {
            let newline = memchr::memchr(b'\n', &self.buffer[self.scanned..self.end]);
            let length = newline.map_or(self.end, |index| self.scanned + index) - self.start;
            let too_long = dropped > 0 || length > self.limit;
            if newline.is_none() {
                self.scanned = self.end;
                if too_long {
                    dropped += length as u64;
                    self.start = self.end;
                }
                if self.refill(sink)? {
                    continue;
                }
                if length == 0 && dropped == 0 {
                    return Ok(Framed::End);
                }
            }
            let complete = newline.is_some();
            let bytes = self.start..self.start + if complete || !too_long { length } else { 0 };
            self.start = bytes.end + usize::from(complete);
            self.scanned = self.start;
            let whole = dropped + (self.start - bytes.start) as u64;
            self.offset += whole;
            self.line += 1;
            return Ok(if too_long {
                Framed::TooLong { at, length: whole, complete }
            } else {
                Framed::Line { at, bytes, complete }
            });
        }
    }

    /// Makes room behind the bytes that are still needed and reads on. False at the end of the file.
    fn refill(&mut self, sink: &mut dyn Sink) -> io::Result<bool> {
        self.tell(sink, self.told + (self.start - self.told) / TOLD * TOLD);
        self.buffer.copy_within(self.told..self.end, 0);
        self.end -= self.told;
        self.scanned -= self.told;
        self.start -= self.told;
        self.told = 0;
        if self.buffer.len() - self.end < BLOCK / 2 {
            self.buffer.resize(self.buffer.len() * 2, 0);
        }
        loop {
            // A block at a time, also where there is room for more: it is in the cache when it is looked at.
            let until = self.buffer.len().min(self.end + BLOCK);
            match self.reader.read(&mut self.buffer[self.end..until]) {
                Ok(count) => {
                    self.end += count;
                    return Ok(count > 0);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Tells the sink of the bytes up to a place in the buffer, which will not be asked for again.
    fn tell(&mut self, sink: &mut dyn Sink, until: usize) {
        if self.told < until {
            sink.content(&self.buffer[self.told..until]);
            self.told = until;
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
    let passed = pass_over(&mut source, input.start, sink).map_err(|error| input.io_error(error))?;
    let mut reader = LineReader::new(source, input.start, passed, input.limits.line_bytes);
    let mut committed = input.start;
    loop {
        match reader.next_frame(sink).map_err(|error| input.io_error(error))? {
            Framed::End => {
                reader.tell(sink, reader.start);
                return Ok(committed);
            }
            Framed::TooLong { at, length, complete } => {
                sink.reject(at, Reason::LineTooLong, &format!("{length} bytes"));
                if complete {
                    committed = reader.offset;
                }
            }
            Framed::Line { at, bytes: place, complete } => {
                let mut bytes = &reader.buffer[place.clone()];
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
                    // The last line there is: its bytes stay untold, like those that a next run will read.
                    reader.tell(sink, place.start);
                    reader.told = reader.start;
                    sink.reject(at, Reason::TornLine, "the last line is not a whole record yet");
                }
            }
        }
    }
}

/// Reads what an earlier run committed, which only the identity of the file and the numbers of its lines need. Returns its line ends.
fn pass_over(source: &mut impl Read, length: u64, sink: &mut dyn Sink) -> io::Result<u64> {
    let mut source = source.take(length);
    let mut lines = 0;
    let mut block = vec![0; usize::try_from(length).unwrap_or(BLOCK).min(BLOCK)];
    while source.limit() > 0 {
        match source.read(&mut block) {
            Ok(0) => break,
            Ok(count) => {
                lines += memchr::memchr_iter(b'\n', &block[..count]).count() as u64;
                sink.content(&block[..count]);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(lines)
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
    fn the_lines_of_a_tail_are_numbered_as_those_of_the_file() {
        let (mut input, _guard) = input_of("lines.jsonl", b"ab\n\ncd\n{e}\n");
        input.start = 7;
        let (mut sink, mut lines) = (Recorded::default(), Vec::new());
        let end = read_lines(&input, &mut sink, |line, _| {
            lines.push((line.at.offset, line.at.line));
            Handled::Done
        });
        assert_eq!((end.unwrap(), lines), (11, vec![(7, 4)]));
        assert_eq!(sink.content, b"ab\n\ncd\n{e}\n");
    }

    #[test]
    fn the_sink_is_told_of_all_committed_bytes_in_order() {
        let long = "y".repeat(3 * BLOCK);
        let lines = format!("first\n{}\n\n{long}\nlast", "x".repeat(BLOCK));
        for (limit, tail, told) in [(usize::MAX, "}", 0), (usize::MAX, "{", 5), (BLOCK + 5, "}", 0)] {
            let bytes = format!("{lines}{tail}");
            let (_, sink, end) = read(bytes.as_bytes(), limit);
            assert_eq!(sink.content.len() as u64, end);
            assert_eq!(sink.content, bytes.as_bytes()[..bytes.len() - told]);
        }
    }

    #[test]
    fn lines_longer_than_the_buffer_keep_their_offsets() {
        let text = format!("{}\nab\n{}\n", "x".repeat(BLOCK * 2 + 7), "z".repeat(BLOCK));
        let (lines, _, end) = read(text.as_bytes(), usize::MAX);
        let places: Vec<_> = lines.iter().map(|line| (line.0, line.1, line.2.len())).collect();
        let first = (BLOCK * 2 + 8) as u64;
        assert_eq!(places, [(0, 1, BLOCK * 2 + 7), (first, 2, 2), (first + 3, 3, BLOCK)]);
        assert_eq!(end, text.len() as u64);
        let (lines, sink, _) = read(text.as_bytes(), BLOCK);
        assert_eq!(lines.len(), 2);
        assert_eq!(sink.reasons(), ["line_too_long"]);
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
