//! Files that are one JSON document: read whole, in bounded memory, or not at all.
//!
//! Owns the limits on size and on the number of entries, and the count of bytes read. A document that ends early is being written: it is left for the next run.

use crate::sources::json::{reject_reason, safe_detail};
use crate::sources::{Input, InputError, Position, Reason, Sink};
use serde::de::{Deserialize, DeserializeOwned, Deserializer, Error, MapAccess, SeqAccess, Visitor};
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
pub(super) struct Items<T>(pub(super) Vec<T>);

/// A map of at most [`ENTRIES`]; of equal keys the last counts.
#[derive(Debug)]
pub(super) struct Entries<T>(pub(super) BTreeMap<String, T>);

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

/// Counts what is read, up to a limit.
struct Counted<R> {
    inner: R,
    read: u64,
    limit: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let allowed = usize::try_from(self.limit - self.read).unwrap_or(usize::MAX).min(buffer.len());
        let count = self.inner.read(&mut buffer[..allowed])?;
        self.read += count as u64;
        Ok(count)
    }
}

/// Reads the document. Null when it was rejected; the second value is where the committed part ends.
pub(super) fn read_document<T: DeserializeOwned>(
    input: &Input,
    sink: &mut dyn Sink,
) -> Result<(Option<T>, u64), InputError> {
    let mut plain = input.open()?;
    let mut mark_bytes = 0;
    if plain.fill_buf().map_err(|error| input.io_error(error))?.starts_with(b"\xEF\xBB\xBF") {
        plain.consume(3);
        mark_bytes = 3;
    }
    let limit = (input.limits.line_bytes as u64).saturating_mul(LINES_PER_DOCUMENT);
    let mut counted = Counted { inner: plain, read: 0, limit };
    let parsed = serde_json::from_reader::<_, T>(io::BufReader::new(&mut counted));
    let start = Position::default();
    let document = match parsed {
        Ok(document) => Some(document),
        Err(error) if error.is_io() => return Err(input.io_error(error.into())),
        Err(_) if counted.read >= limit => {
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
    let rest = io::copy(&mut counted.inner, &mut io::sink()).map_err(|error| input.io_error(error))?;
    Ok((document, mark_bytes + counted.read + rest))
}
