//! Files that are one JSON document: read whole, in bounded memory, or not at all.
//!
//! Owns the limits on size and on the number of entries, and the count of bytes read. A document that ends early is being written: it is left for the next run.
//! [`read_document`] parses while it reads and keeps no text; [`read_text`] keeps it, so that its parts know where they stand.

use crate::sources::json::{parse_last_wins, reject_reason, safe_detail};
use crate::sources::{Input, InputError, Position, Reason, Sink};
use serde::de::{Deserialize, DeserializeOwned, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, BufRead, Read};
use std::marker::PhantomData;

/// A document may be this many times as long as the longest line: session indexes carry prompts and skill lists.
const LINES_PER_DOCUMENT: u64 = 4;
/// Entries of one list or map. Two bytes a entry would otherwise become a hundred in memory (`faults.md` 32).
const ENTRIES: usize = 250_000;

/// A list of at most [`ENTRIES`].
#[derive(Debug)]
pub(crate) struct Items<T>(pub(crate) Vec<T>);

/// A map of at most [`ENTRIES`]; of equal keys the last counts.
#[derive(Debug)]
pub(crate) struct Entries<T>(pub(crate) BTreeMap<String, T>);

/// One entry of a document that is judged by itself: what cannot be read of it says why, and the entries beside it are read.
#[derive(Debug)]
pub(crate) struct Judged<T>(pub(crate) Result<T, (Reason, String)>);

impl<'de, T: DeserializeOwned> Deserialize<'de> for Judged<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Box::<RawValue>::deserialize(deserializer)?;
        Ok(Self(parse_last_wins(text.get()).map_err(|error| (reject_reason(&error), safe_detail(&error)))))
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Items<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ItemsVisitor<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for ItemsVisitor<T> {
            type Value = Items<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Items<T>, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = seq.next_element()? {
                    if items.len() == ENTRIES {
                        return Err(A::Error::custom("too many entries"));
                    }
                    items.push(item);
                }
                Ok(Items(items))
            }
        }
        deserializer.deserialize_seq(ItemsVisitor(PhantomData))
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Entries<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct EntriesVisitor<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for EntriesVisitor<T> {
            type Value = Entries<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries<T>, A::Error> {
                let mut entries = BTreeMap::new();
                while let Some((key, value)) = map.next_entry()? {
                    if entries.len() == ENTRIES {
                        return Err(A::Error::custom("too many entries"));
                    }
                    entries.insert(key, value);
                }
                Ok(Entries(entries))
            }
        }
        deserializer.deserialize_map(EntriesVisitor(PhantomData))
    }
}

/// Counts what is read, up to a limit, and tells the sink of it: reading the file again to know what it was could find another.
struct Counted<'s, R> {
    inner: R,
    read: u64,
    limit: u64,
    sink: &'s mut dyn Sink,
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let allowed = usize::try_from(self.limit - self.read).unwrap_or(usize::MAX).min(buffer.len());
        let count = self.inner.read(&mut buffer[..allowed])?;
        self.read += count as u64;
        self.sink.content(&buffer[..count]);
        Ok(count)
    }
}

/// Bytes that a document may have.
pub(super) fn longest(input: &Input) -> u64 {
    (input.limits.line_bytes as u64).saturating_mul(LINES_PER_DOCUMENT)
}

/// The text of a document, from which its parts are borrowed.
pub(crate) struct TextDocument {
    pub(super) text: String,
    /// Bytes of the byte-order mark before the text.
    mark_bytes: u64,
    /// Plain bytes of the file: where its committed part ends.
    pub(crate) length: u64,
}

/// Reads all plain bytes of a file that is judged as a whole. The inner error, of one that is longer than a document may be, is where the committed part ends.
pub(crate) fn read_bytes(input: &Input, sink: &mut dyn Sink) -> Result<Result<Vec<u8>, u64>, InputError> {
    let limit = longest(input);
    let mut plain = input.open()?;
    let mut bytes = Vec::new();
    plain.by_ref().take(limit + 1).read_to_end(&mut bytes).map_err(|error| input.io_error(error))?;
    let length = bytes.len() as u64;
    if length > limit {
        sink.reject(Position::default(), Reason::LineTooLong, "document");
        let rest = io::copy(&mut plain, &mut io::sink()).map_err(|error| input.io_error(error))?;
        return Ok(Err(length + rest));
    }
    sink.content(&bytes);
    Ok(Ok(bytes))
}

/// Reads the text of a document. The inner error, of a document that was rejected, is where the committed part ends.
pub(crate) fn read_text(input: &Input, sink: &mut dyn Sink) -> Result<Result<TextDocument, u64>, InputError> {
    let mut bytes = match read_bytes(input, sink)? {
        Ok(bytes) => bytes,
        Err(end) => return Ok(Err(end)),
    };
    let length = bytes.len() as u64;
    let mark_bytes = if bytes.starts_with(b"\xEF\xBB\xBF") { 3 } else { 0 };
    bytes.drain(..mark_bytes);
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Ok(TextDocument { text, mark_bytes: mark_bytes as u64, length })),
        Err(_) => {
            sink.reject(Position::default(), Reason::BadUtf8, "invalid byte sequence");
            Ok(Err(length))
        }
    }
}

impl TextDocument {
    /// Parses the text. The error, of a document that was rejected, is where the committed part ends: nowhere for one that is
    /// still being written.
    pub(crate) fn parse<'a, T: Deserialize<'a>>(&'a self, sink: &mut dyn Sink) -> Result<T, u64> {
        serde_json::from_str(&self.text).map_err(|error| {
            if error.is_eof() {
                sink.reject(Position::default(), Reason::TornLine, "the document is not whole yet");
                return 0;
            }
            sink.reject(Position::default(), reject_reason(&error), &safe_detail(&error));
            self.length
        })
    }

    /// Where a part that was borrowed from the text stands in the file.
    pub(crate) fn position(&self, part: &str) -> Position {
        let offset = (part.as_ptr() as usize).checked_sub(self.text.as_ptr() as usize);
        let inside = offset.filter(|&offset| offset <= self.text.len()).unwrap_or(0);
        Position { offset: self.mark_bytes + inside as u64, line: 0 }
    }
}

/// Where a part that was borrowed from a document which stands at `at` stands itself.
pub(crate) fn position_inside(document: &RawValue, at: Position, part: &RawValue) -> Position {
    let offset = (part.get().as_ptr() as usize).checked_sub(document.get().as_ptr() as usize);
    let inside = offset.filter(|&offset| offset <= document.get().len()).unwrap_or(0);
    Position { offset: at.offset + inside as u64, ..at }
}

/// Reads the document and hands its text to `parse`, with the place of the text's first byte in the file. Returns where the committed part ends.
pub(crate) fn read_whole(
    input: &Input,
    sink: &mut dyn Sink,
    parse: impl FnOnce(&str, u64, &mut dyn Sink) -> Result<(), serde_json::Error>,
) -> Result<u64, InputError> {
    let document = match read_text(input, sink)? {
        Ok(document) => document,
        Err(end) => return Ok(end),
    };
    match parse(&document.text, document.mark_bytes, sink) {
        Err(error) if error.is_eof() => {
            sink.reject(Position::default(), Reason::TornLine, "the document is not whole yet");
            Ok(0)
        }
        Err(error) => {
            sink.reject(Position::default(), reject_reason(&error), &safe_detail(&error));
            Ok(document.length)
        }
        Ok(()) => Ok(document.length),
    }
}

/// Reads the document. Null when it was rejected; the second value is where the committed part ends.
pub(crate) fn read_document<T: DeserializeOwned>(
    input: &Input,
    sink: &mut dyn Sink,
) -> Result<(Option<T>, u64), InputError> {
    let mut plain = input.open()?;
    let mut mark_bytes = 0;
    if plain.fill_buf().map_err(|error| input.io_error(error))?.starts_with(b"\xEF\xBB\xBF") {
        plain.consume(3);
        mark_bytes = 3;
        sink.content(b"\xEF\xBB\xBF");
    }
    let limit = longest(input);
    let mut counted = Counted { inner: plain, read: 0, limit, sink: &mut *sink };
    let parsed = serde_json::from_reader::<_, T>(io::BufReader::new(&mut counted));
    let Counted { inner: plain, read, .. } = counted;
    let start = Position::default();
    let document = match parsed {
        Ok(document) => Some(document),
        Err(error) if error.is_io() => return Err(input.io_error(error.into())),
        Err(_) if read >= limit => {
            sink.reject(start, Reason::LineTooLong, "document");
            None
        }
        Err(error) if error.is_eof() => {
            sink.reject(start, Reason::TornLine, "the document is not whole yet");
            return Ok((None, 0));
        }
        Err(error) => {
            sink.reject(start, reject_reason(&error), &safe_detail(&error));
            None
        }
    };
    let mut rest = Counted { inner: plain, read: 0, limit: u64::MAX, sink };
    let rest = io::copy(&mut rest, &mut io::sink()).map_err(|error| input.io_error(error))?;
    Ok((document, mark_bytes + read + rest))
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

    #[test]
    fn parts_know_where_they_stand_behind_a_byte_order_mark_too() {
        let text = "\u{feff}[{\"a\":1},\n {\"b\":2}]";
        let (input, _guard) = input_of("x.json", text.as_bytes());
        let mut sink = Recorded::default();
        let document = read_text(&input, &mut sink).unwrap().unwrap();
        let parts: Items<&RawValue> = document.parse(&mut sink).unwrap();
        let offsets: Vec<u64> = parts.0.iter().map(|part| document.position(part.get()).offset).collect();
        assert_eq!(offsets, [4, 14]);
        assert!(text[14..].starts_with("{\"b\""));
        assert_eq!((document.length, sink.content.len()), (text.len() as u64, text.len()));
    }

    #[test]
    fn the_sink_is_told_what_was_read() {
        for text in ["\u{feff}[\"a\", \"b\"]\n\n", "[\"a\",] and more", "{}"] {
            let (input, _guard) = input_of("x.json", text.as_bytes());
            let mut sink = Recorded::default();
            let (_, end) = read_document::<Items<String>>(&input, &mut sink).unwrap();
            assert_eq!((end, sink.content.as_slice()), (text.len() as u64, text.as_bytes()));
        }
    }

    #[test]
    fn what_is_no_document_says_why_and_how_far_it_counts() {
        for (text, reason, end) in [
            ("[\"a\",", "torn_line", 0),
            ("[\"a\",]", "bad_json", 6),
            ("{}", "bad_value", 2),
            ("[\"\\ud800\"]", "bad_utf8", 10),
        ] {
            let (input, _guard) = input_of("x.json", text.as_bytes());
            let mut sink = Recorded::default();
            let document = read_text(&input, &mut sink).unwrap().unwrap();
            assert_eq!(document.parse::<Items<String>>(&mut sink).err(), Some(end), "{text}");
            assert_eq!(sink.reasons(), [reason], "{text}");
        }
        let (mut input, _guard) = input_of("x.json", b"[\"\xff\"] ");
        let mut sink = Recorded::default();
        assert_eq!(read_text(&input, &mut sink).unwrap().err(), Some(6));
        input.limits.line_bytes = 1;
        assert_eq!(read_text(&input, &mut sink).unwrap().err(), Some(6));
        assert_eq!(sink.reasons(), ["bad_utf8", "line_too_long"]);
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
