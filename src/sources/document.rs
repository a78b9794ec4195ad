//! Files that are one JSON document, read whole in bounded memory.
//!
//! Owns the limit on size and what becomes of a document that is torn, too long or no JSON. Owns no meaning: the caller parses the text. A document that
//! ends early is being written: it is left for the next run.

use super::json::{reject_reason, safe_detail};
use super::{Input, InputError, Position, Reason, Sink};
use std::io::{self, Read};

/// A document may be this many times as long as the longest line.
const LINES_PER_DOCUMENT: u64 = 4;
const BOM: &[u8] = b"\xEF\xBB\xBF";

/// Reads the document and hands its text to `parse`, with the place of the text's first byte in the file. Returns where the committed part ends.
pub(crate) fn read_document(
    input: &Input,
    sink: &mut dyn Sink,
    parse: impl FnOnce(&str, u64, &mut dyn Sink) -> Result<(), serde_json::Error>,
) -> Result<u64, InputError> {
    let start = Position { offset: 0, line: 1 };
    let mut reader = input.open()?;
    let limit = (input.limits.line_bytes as u64).saturating_mul(LINES_PER_DOCUMENT);
    let mut bytes = Vec::new();
    reader.by_ref().take(limit + 1).read_to_end(&mut bytes).map_err(|error| input.io_error(error))?;
    if bytes.len() as u64 > limit {
        let rest = io::copy(&mut reader, &mut io::sink()).map_err(|error| input.io_error(error))?;
        let length = bytes.len() as u64 + rest;
        sink.reject(start, Reason::LineTooLong, &format!("a document of {length} bytes"));
        return Ok(length);
    }
    let plain = bytes.strip_prefix(BOM).unwrap_or(&bytes);
    let base = (bytes.len() - plain.len()) as u64;
    match simdutf8::basic::from_utf8(plain) {
        Ok(text) => match parse(text, base, sink) {
            Ok(()) => {}
            Err(error) if error.is_eof() => {
                sink.reject(start, Reason::TornLine, "the document is not whole yet");
                return Ok(0);
            }
            Err(error) => sink.reject(start, reject_reason(&error), &safe_detail(&error)),
        },
        Err(_) => sink.reject(start, Reason::BadUtf8, "invalid byte sequence"),
    }
    sink.content(&bytes);
    Ok(bytes.len() as u64)
}

/// Finds the places of parts of a text, which must be asked for in their order.
pub(crate) struct Places<'t> {
    text: &'t str,
    /// Place in the file of the text's first byte.
    base: Position,
    /// Bytes of the text whose lines are counted, and the lines begun in them.
    counted: usize,
    lines: u64,
}

impl<'t> Places<'t> {
    /// Places in a text whose first byte stands at `base`.
    pub(crate) fn new(text: &'t str, base: Position) -> Self {
        Self { text, base, counted: 0, lines: 0 }
    }

    /// Where a part of the text stands. What is no part of it stands at its beginning.
    pub(crate) fn of(&mut self, part: &str) -> Position {
        let offset = (part.as_ptr() as usize)
            .checked_sub(self.text.as_ptr() as usize)
            .filter(|&offset| offset <= self.text.len())
            .unwrap_or(0);
        if offset > self.counted {
            self.lines += memchr::memchr_iter(b'\n', &self.text.as_bytes()[self.counted..offset]).count() as u64;
            self.counted = offset;
        }
        Position { offset: self.base.offset + offset as u64, line: self.base.line + self.lines }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::testing::{Recorded, input_of};

    fn read(bytes: &[u8], line_bytes: usize) -> (Recorded, u64) {
        let (mut input, _guard) = input_of("x.json", bytes);
        input.limits.line_bytes = line_bytes;
        let mut sink = Recorded::default();
        let end =
            read_document(&input, &mut sink, |text, _, _| serde_json::from_str::<serde_json::Value>(text).map(|_| ()))
                .unwrap();
        (sink, end)
    }

    #[test]
    fn a_document_is_taken_whole_or_not_at_all() {
        for (bytes, reasons, end) in [
            (&b"\xEF\xBB\xBF{\"a\":1}"[..], vec![], 10),
            (b"{\"a\":", vec!["torn_line"], 0),
            (b"{\"a\":?}", vec!["bad_json"], 7),
            (b"{\"a\":\"\xff\"}", vec!["bad_utf8"], 9),
            (b"[1,2,3,4,5,6,7,8,9,10]", vec!["line_too_long"], 22),
        ] {
            let (sink, committed) = read(bytes, 4);
            assert_eq!((sink.reasons(), committed), (reasons, end));
            assert!(sink.content.is_empty() || sink.content == bytes);
        }
    }

    #[test]
    fn places_have_offset_and_line() {
        let text = "[\n 1,\n 2]";
        let mut places = Places::new(text, Position { offset: 3, line: 1 });
        assert_eq!(places.of(&text[3..4]), Position { offset: 6, line: 2 });
        assert_eq!(places.of(&text[7..8]), Position { offset: 10, line: 3 });
        assert_eq!(places.of("stranger").offset, 3);
    }
}
