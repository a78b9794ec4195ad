//! Rows from newline-delimited JSON, borrowed from the line.

use super::cell::{Cell, WIDTH};
use super::table::Table;
use crate::sources::json::{reject_reason, safe_detail};
use crate::sources::{Handled, Input, InputError, Line, Sink, read_lines};
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// A record has some thirty fields; an object with more than this is an attack on memory and not an export.
const MAX_FIELDS: usize = 1024;

/// Reads a file of one JSON object a line.
pub(super) fn read(table: Table, input: &Input, sink: &mut dyn Sink) -> Result<u64, InputError> {
    read_lines(input, sink, |line, sink| take(table, &line, sink))
}

fn take(table: Table, line: &Line<'_>, sink: &mut dyn Sink) -> Handled {
    let mut unknown = Vec::new();
    match parse(table, line.text, &mut unknown) {
        Ok(cells) => {
            for name in unknown {
                sink.unknown_field(&name);
            }
            table.take(&cells, line.at, sink);
        }
        Err(_) if !line.complete => return Handled::Torn,
        Err(error) => sink.reject(line.at, reject_reason(&error), &safe_detail(&error)),
    }
    Handled::Done
}

/// Whether a line is an object with the columns that tell the table from others. A line longer than what recognition sees is judged by
/// what there is of it.
pub(super) fn has_landmarks(table: Table, line: &[u8]) -> bool {
    let text = String::from_utf8_lossy(line);
    match parse(table, text.trim(), &mut Vec::new()) {
        Ok(cells) => {
            let is_there = |name: &&str| table.number(name).is_some_and(|number| cells[number] != Cell::Null);
            table.landmarks().iter().all(is_there)
        }
        Err(error) => error.is_eof() && table.landmarks().iter().any(|name| text.contains(&format!("\"{name}\":"))),
    }
}

fn parse<'a>(
    table: Table,
    text: &'a str,
    unknown: &mut Vec<Cow<'a, str>>,
) -> Result<[Cell<'a>; WIDTH], serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let cells = RowSeed { table, unknown }.deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(cells)
}

/// Reads an object into cells by column number. A name that comes twice keeps its last value.
struct RowSeed<'u, 'a> {
    table: Table,
    unknown: &'u mut Vec<Cow<'a, str>>,
}

impl<'a> DeserializeSeed<'a> for RowSeed<'_, 'a> {
    type Value = [Cell<'a>; WIDTH];
    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'a> Visitor<'a> for RowSeed<'_, 'a> {
    type Value = [Cell<'a>; WIDTH];
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }
    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut cells = [const { Cell::Null }; WIDTH];
        let mut fields = 0;
        while let Some(Name(name)) = map.next_key()? {
            fields += 1;
            if fields > MAX_FIELDS {
                return Err(A::Error::custom("more fields than any record has"));
            }
            match self.table.number(&name) {
                Some(column) if self.table.keeps_json(column) => {
                    let json: &'a RawValue = map.next_value()?;
                    cells[column] = if json.get() == "null" { Cell::Null } else { Cell::Json(json.get()) };
                }
                Some(column) => cells[column] = map.next_value_seed(CellSeed)?,
                None => {
                    self.unknown.push(name);
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(cells)
    }
}

/// A text, borrowed where it has no escapes.
struct Name<'a>(Cow<'a, str>);

impl<'a> serde::Deserialize<'a> for Name<'a> {
    fn deserialize<D: Deserializer<'a>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameVisitor;
        impl<'a> Visitor<'a> for NameVisitor {
            type Value = Name<'a>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }
            fn visit_borrowed_str<E>(self, text: &'a str) -> Result<Name<'a>, E> {
                Ok(Name(Cow::Borrowed(text)))
            }
            fn visit_str<E>(self, text: &str) -> Result<Name<'a>, E> {
                Ok(Name(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(NameVisitor)
    }
}

struct CellSeed;

impl<'a> DeserializeSeed<'a> for CellSeed {
    type Value = Cell<'a>;
    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<Cell<'a>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'a> Visitor<'a> for CellSeed {
    type Value = Cell<'a>;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }
    fn visit_unit<E>(self) -> Result<Cell<'a>, E> {
        Ok(Cell::Null)
    }
    fn visit_bool<E>(self, flag: bool) -> Result<Cell<'a>, E> {
        Ok(Cell::Flag(flag))
    }
    fn visit_i64<E>(self, number: i64) -> Result<Cell<'a>, E> {
        Ok(Cell::Integer(number))
    }
    fn visit_u64<E>(self, number: u64) -> Result<Cell<'a>, E> {
        Ok(i64::try_from(number).map_or(Cell::Float(number as f64), Cell::Integer))
    }
    fn visit_f64<E>(self, number: f64) -> Result<Cell<'a>, E> {
        Ok(Cell::Float(number))
    }
    fn visit_borrowed_str<E>(self, text: &'a str) -> Result<Cell<'a>, E> {
        Ok(Cell::Text(Cow::Borrowed(text)))
    }
    fn visit_str<E>(self, text: &str) -> Result<Cell<'a>, E> {
        Ok(Cell::Text(Cow::Owned(text.to_owned())))
    }
    fn visit_seq<A: SeqAccess<'a>>(self, mut seq: A) -> Result<Cell<'a>, A::Error> {
        let mut items = Vec::new();
        let mut is_list = true;
        while let Some(item) = seq.next_element_seed(ItemSeed)? {
            match item {
                Some(item) => items.push(item),
                None => is_list = false,
            }
        }
        Ok(if is_list { Cell::List(items) } else { Cell::Bad })
    }
    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<Cell<'a>, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Cell::Bad)
    }
}

/// An element of a list: a text, or nothing that a list may hold.
struct ItemSeed;

impl<'a> DeserializeSeed<'a> for ItemSeed {
    type Value = Option<Cow<'a, str>>;
    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        // Through raw JSON, so that a nested bomb costs no stack.
        let json = <&'a RawValue as serde::Deserialize<'a>>::deserialize(deserializer)?.get();
        if !json.starts_with('"') {
            return Ok(None);
        }
        serde_json::from_str::<Name<'a>>(json).map(|Name(text)| Some(text)).map_err(D::Error::custom)
    }
}
