//! Rows from newline-delimited JSON, borrowed from the line.

use super::{Cell, Layout, WIDTH};
use crate::sources::json::{reject_reason, safe_detail};
use crate::sources::{Handled, Input, InputError, Line, Sink, quick_json, read_lines};
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// A record has some thirty fields; an object with more than this is an attack on memory and not an export.
const MAX_FIELDS: usize = 1024;

/// Reads a file of one JSON object a line.
pub(super) fn read(layout: &impl Layout, input: &Input, sink: &mut dyn Sink) -> Result<u64, InputError> {
    read_lines(input, sink, |line, sink| take(layout, &line, sink))
}

fn take(layout: &impl Layout, line: &Line<'_>, sink: &mut dyn Sink) -> Handled {
    let mut unknown = Vec::new();
    match parse(layout, line.text, &mut unknown) {
        Ok(cells) => {
            for name in unknown {
                sink.unknown_field(&name);
            }
            layout.take(&cells, line.at, sink);
        }
        Err(_) if !line.complete => return Handled::Torn,
        Err(error) => sink.reject(line.at, reject_reason(&error), &safe_detail(&error)),
    }
    Handled::Done
}

/// Whether a line is an object with the columns that tell the table from others. A line longer than what recognition sees is judged by
/// what there is of it.
pub(in crate::sources) fn has_landmarks(layout: &impl Layout, line: &[u8]) -> bool {
    let names = layout.landmarks();
    may_have_all(&names, line) && judge(layout, &names, line)
}

/// Parses a line to say whether it has the columns of these names.
fn judge(layout: &impl Layout, names: &[&str], line: &[u8]) -> bool {
    let text = String::from_utf8_lossy(line);
    match parse(layout, text.trim(), &mut Vec::new()) {
        Ok(cells) => {
            let is_there = |name: &&str| layout.number(name).is_some_and(|number| cells[number] != Cell::Null);
            names.iter().all(is_there)
        }
        Err(error) => error.is_eof() && names.iter().any(|name| text.contains(&format!("\"{name}\":"))),
    }
}

/// False for a line, like most lines of other formats, that surely lacks one of the names and is not the beginning of a longer one that has another: it
/// need not be parsed. A line that spells names with escapes is, where it has one of them.
fn may_have_all(names: &[&str], line: &[u8]) -> bool {
    let holds = |part: &[u8]| memchr::memmem::find(line, part).is_some();
    let may_stand = |name: &&str| may_stand_in(name, line);
    names.iter().all(may_stand)
        || names.iter().any(|name| holds(format!("\"{name}\":").as_bytes()))
        || holds(b"\\u") && names.iter().any(may_stand)
}

/// False where a name surely stands nowhere in a line, as in most lines of other formats. A name that JSON may write with escapes may stand in any.
fn may_stand_in(name: &str, line: &[u8]) -> bool {
    let leaf = name.rsplit('.').next().unwrap_or(name);
    let is_plain = leaf.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b' '));
    !is_plain || memchr::memmem::find(line, leaf.as_bytes()).is_some()
}

fn parse<'a>(
    layout: &impl Layout,
    text: &'a str,
    unknown: &mut Vec<Cow<'a, str>>,
) -> Result<[Cell<'a>; WIDTH], serde_json::Error> {
    let mut cells = [const { Cell::Null }; WIDTH];
    if text.starts_with('{') {
        let mut fields = 0;
        let row = RowSeed { layout, unknown: &mut *unknown, cells: &mut cells, prefix: "", fields: &mut fields };
        if quick_json::quick_seed(text, row).is_some() {
            return Ok(cells);
        }
        unknown.clear();
        cells = [const { Cell::Null }; WIDTH];
    }
    let mut deserializer = serde_json::Deserializer::from_str(text);
    RowSeed { layout, unknown, cells: &mut cells, prefix: "", fields: &mut 0 }.deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(cells)
}

/// Reads an object into cells by column number. A name that comes twice keeps its last value.
struct RowSeed<'r, 'a, L> {
    layout: &'r L,
    unknown: &'r mut Vec<Cow<'a, str>>,
    cells: &'r mut [Cell<'a>; WIDTH],
    /// Names of the objects that this one stands in, each with a dot behind it.
    prefix: &'r str,
    fields: &'r mut usize,
}

impl<'a, L: Layout> DeserializeSeed<'a> for RowSeed<'_, 'a, L> {
    type Value = ();
    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        // Below the top an object may be missing: what stands in its place has none of the columns.
        if self.prefix.is_empty() { deserializer.deserialize_map(self) } else { deserializer.deserialize_any(self) }
    }
}

impl<'a, L: Layout> Visitor<'a> for RowSeed<'_, 'a, L> {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }
    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<(), A::Error> {
        let Self { layout, unknown, cells, prefix, fields } = self;
        while let Some(Name(name)) = map.next_key()? {
            *fields += 1;
            if *fields > MAX_FIELDS {
                return Err(A::Error::custom("more fields than any record has"));
            }
            let name = if prefix.is_empty() { name } else { Cow::Owned(format!("{prefix}{name}")) };
            match layout.number(&name) {
                Some(column) if layout.keeps_json(column) => {
                    let json: &'a RawValue = map.next_value()?;
                    cells[column] = if json.get() == "null" { Cell::Null } else { Cell::Json(json.get()) };
                }
                Some(column) => cells[column] = map.next_value_seed(CellSeed)?,
                None if layout.nests(&name) => {
                    let prefix = format!("{name}.");
                    map.next_value_seed(RowSeed { layout, unknown, cells, prefix: &prefix, fields })?;
                }
                None => {
                    unknown.push(name);
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }
    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }
    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }
    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }
    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }
    fn visit_seq<A: SeqAccess<'a>>(self, mut seq: A) -> Result<(), A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::canonical::Table;

    proptest::proptest! {
        #[test]
        fn a_line_that_is_not_parsed_would_not_have_been_taken(
            fields in proptest::collection::vec((0..7usize, 0..5usize), 0..7),
            cut in 0..90usize,
        ) {
            const NAMES: [&str; 7] = ["ts", "session_id", "kind", "k\\u0069nd", "other", "ts_kind", "session_id"];
            const VALUES: [&str; 5] = ["1", "null", "\"kind\"", "{\"ts\":2}", "\"a \\\"ts\\\": b\""];
            let fields = fields.iter().map(|(name, value)| format!("\"{}\":{}", NAMES[*name], VALUES[*value]));
            let text = format!("{{{}}}", fields.collect::<Vec<_>>().join(","));
            let line = &text.as_bytes()[..cut.min(text.len())];
            for table in [Table::Events, Table::Outcomes, Table::Roster] {
                let names = table.landmarks();
                let taken = names.iter().any(|name| may_stand_in(name, line)) && judge(&table, &names, line);
                proptest::prop_assert_eq!(has_landmarks(&table, line), taken, "{}", text);
            }
        }
    }

    #[test]
    fn a_line_is_the_tables_by_all_its_names_or_by_one_where_it_is_cut() {
        let is_ours = |line: &str| has_landmarks(&Table::Events, line.as_bytes());
        assert!(is_ours(r#"{"ts":1,"session_id":"s","kind":"prompt"}"#));
        assert!(is_ours(r#"{"ts":1,"session_id":"s","k\u0069nd":"prompt"}"#));
        assert!(is_ours(r#"{"session_id":"s","text":"cut"#));
        assert!(!is_ours(r#"{"ts":1,"session_id":"s","type":"prompt"}"#));
        assert!(!is_ours(r#"{"ts":1,"session_id":"s","kind":null}"#));
    }
}
