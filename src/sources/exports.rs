//! Exports of tables: rows written as lines of JSON, as one JSON document, as pages of an API or as CSV, handed over alike.
//!
//! Owns which of these a file is and the place of each row. Owns no columns: callers ask a row for its fields by name.

use super::delimited::{Header, Opened, open};
use super::document::{Places, read_whole};
use super::json::{parse_utc, reject_reason, safe_detail};
use super::{Handled, Input, InputError, Position, Reason, Sink, read_lines, values};
use crate::fingerprint::Json;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// Whether each line of a JSON file is a record of its own, by its beginning. If not, the file is one document over several lines, or a list.
pub(crate) fn is_cut_by_lines(head: &[u8]) -> bool {
    let mut head = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head).trim_ascii_start();
    // Lines that are no JSON object or list, before the first that is, say nothing of the others.
    while !head.starts_with(b"{") {
        match memchr::memchr(b'\n', head) {
            Some(end) if !head.starts_with(b"[") => head = head[end..].trim_ascii_start(),
            _ => return false,
        }
    }
    let mut lines = head.split(|&byte| byte == b'\n');
    let first = lines.next().unwrap_or_default();
    let has_more = lines.any(|line| !line.trim_ascii().is_empty());
    // A first line that ends inside an object is the beginning of a document, unless the probe or a torn write cut it.
    let is_whole = serde_json::from_slice::<&RawValue>(first).map_or_else(|error| !error.is_eof(), |_| true);
    is_whole || !has_more
}

/// The keys of the first object of a text that may be cut anywhere: of the object itself, of the first in a list, or of the first row of a page.
/// Keys inside values do not count, so that no prompt can pass for a record.
pub(crate) fn first_keys(head: &[u8]) -> Vec<String> {
    const MOST: usize = 256;
    let head = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head);
    let mut keys = Vec::new();
    // Depth at which the keys stand that are looked for, and the current depth.
    let (mut wanted, mut depth) = (None, 0usize);
    let (mut index, mut expects_key) = (0, false);
    while index < head.len() && keys.len() < MOST {
        match head[index] {
            b'"' => {
                let Some(end) = string_end(head, index) else { break };
                if expects_key && wanted == Some(depth) {
                    keys.push(String::from_utf8_lossy(&head[index + 1..end]).into_owned());
                }
                expects_key = false;
                index = end;
            }
            b'{' => {
                depth += 1;
                expects_key = true;
                match wanted {
                    None => wanted = Some(depth),
                    // The first row of a page: its keys are asked for, those of the page are not.
                    Some(at) if at + 2 == depth && is_page(&keys) => {
                        wanted = Some(depth);
                        keys.clear();
                    }
                    Some(_) => {}
                }
            }
            b'[' => {
                depth += 1;
                expects_key = false;
            }
            b'}' | b']' => {
                if wanted == Some(depth) && head[index] == b'}' {
                    break;
                }
                depth = depth.saturating_sub(1);
            }
            b',' => expects_key = true,
            _ => {}
        }
        index += 1;
    }
    keys
}

/// Pages of an API hold their rows under this name.
fn is_page(keys: &[String]) -> bool {
    keys.last().is_some_and(|key| key == "data")
}

fn string_end(text: &[u8], start: usize) -> Option<usize> {
    let mut index = start + 1;
    loop {
        match text.get(index)? {
            b'"' => return Some(index),
            b'\\' => index += 2,
            _ => index += 1,
        }
    }
}

/// The column names that a file begins with, whatever it is: keys of its first row or the header of a CSV.
pub(crate) fn first_columns(head: &[u8], is_known: impl Fn(&str) -> bool) -> Vec<String> {
    let plain = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head).trim_ascii_start();
    if plain.starts_with(b"{") || plain.starts_with(b"[") {
        return first_keys(plain);
    }
    let line = plain.split(|&byte| byte == b'\n').next().unwrap_or_default();
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    if std::str::from_utf8(line).is_err() {
        return Vec::new();
    }
    Header::read(line, is_known).map_or_else(Vec::new, |header| header.names)
}

/// Reads every row of a file and hands it over as an object.
pub(crate) fn read_rows(
    input: &Input,
    sink: &mut dyn Sink,
    is_known: impl Fn(&str) -> bool,
    mut take: impl FnMut(&Json<'_>, Position, &mut dyn Sink),
) -> Result<u64, InputError> {
    let head = input.head()?;
    let plain = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&head).trim_ascii_start();
    if !plain.starts_with(b"{") && !plain.starts_with(b"[") {
        return read_csv(input, sink, is_known, take);
    }
    if !is_cut_by_lines(&head) {
        return read_whole(input, sink, |text, base, sink| {
            rows_of(text, Position { offset: base, line: 1 }, sink, &mut take)
        });
    }
    read_lines(input, sink, |line, sink| match rows_of(line.text, line.at, sink, &mut take) {
        Ok(()) => Handled::Done,
        Err(_) if !line.complete => Handled::Torn,
        Err(error) => {
            sink.reject(line.at, reject_reason(&error), &safe_detail(&error));
            Handled::Done
        }
    })
}

/// The rows of a text: it is one row, a list of rows, or a page that holds such a list.
fn rows_of(
    text: &str,
    base: Position,
    sink: &mut dyn Sink,
    take: &mut impl FnMut(&Json<'_>, Position, &mut dyn Sink),
) -> Result<(), serde_json::Error> {
    let mut places = Places::new(text, base);
    if text.trim_start().starts_with('[') {
        let rows: Vec<&RawValue> = serde_json::from_str(text)?;
        each(&rows, &mut places, sink, take);
        return Ok(());
    }
    match page(text)? {
        Some(rows) => each(&rows, &mut places, sink, take),
        None => row(text, base, sink, take)?,
    }
    Ok(())
}

/// A page of an API.
#[derive(serde::Deserialize)]
struct Page<'a> {
    #[serde(borrow)]
    data: Option<&'a RawValue>,
}

/// The rows of a page, null for what is none.
fn page(text: &str) -> Result<Option<Vec<&RawValue>>, serde_json::Error> {
    if memchr::memmem::find(text.as_bytes(), b"\"data\"").is_none() {
        return Ok(None);
    }
    let list = serde_json::from_str::<Page<'_>>(text)?.data.filter(|data| data.get().starts_with('['));
    list.map(|list| serde_json::from_str(list.get())).transpose()
}

fn each(
    rows: &[&RawValue],
    places: &mut Places<'_>,
    sink: &mut dyn Sink,
    take: &mut impl FnMut(&Json<'_>, Position, &mut dyn Sink),
) {
    for raw in rows {
        let at = places.of(raw.get());
        row(raw.get(), at, sink, take).unwrap_or_else(|error| {
            sink.reject(at, reject_reason(&error), &safe_detail(&error));
        });
    }
}

fn row(
    text: &str,
    at: Position,
    sink: &mut dyn Sink,
    take: &mut impl FnMut(&Json<'_>, Position, &mut dyn Sink),
) -> Result<(), serde_json::Error> {
    match serde_json::from_str(text)? {
        row @ Json::Object(_) => take(&row, at, sink),
        _ => sink.reject(at, Reason::BadValue, "not an object"),
    }
    Ok(())
}

fn read_csv(
    input: &Input,
    sink: &mut dyn Sink,
    is_known: impl Fn(&str) -> bool,
    mut take: impl FnMut(&Json<'_>, Position, &mut dyn Sink),
) -> Result<u64, InputError> {
    let is_ours = |header: &Header| header.names.iter().any(|name| is_known(name));
    match open(input, sink, &is_known, is_ours)? {
        Opened::Nothing(end) => Ok(end),
        Opened::Rows(rows) => rows.each(sink, |header, fields, at, sink| {
            let fields = header.names.iter().zip(fields).filter(|(_, field)| !field.is_empty());
            let row = fields.map(|(name, field)| (Cow::Borrowed(name.as_str()), Json::Text(Cow::Borrowed(*field))));
            take(&Json::Object(row.collect()), at, sink);
        }),
    }
}

/// A row whose fields are asked for by any of their spellings, with where it stands and where its rejects go.
pub(crate) struct Row<'r, 'a> {
    pub(crate) fields: &'r Json<'a>,
    pub(crate) at: Position,
}

impl<'r> Row<'r, '_> {
    /// The first of these fields that says anything, with its name.
    fn named(&self, names: &[&'static str]) -> Option<(&'static str, &'r Json<'r>)> {
        names.iter().find_map(|name| {
            let value = self.fields.get(name)?;
            let is_empty = matches!(value, Json::Null) || matches!(value, Json::Text(text) if text.trim().is_empty());
            (!is_empty).then_some((*name, value))
        })
    }

    /// The first of these fields that says anything.
    pub(crate) fn get(&self, names: &[&'static str]) -> Option<&'r Json<'r>> {
        self.named(names).map(|(_, value)| value)
    }

    /// A text.
    pub(crate) fn text(&self, names: &[&'static str]) -> Option<Cow<'r, str>> {
        values::text(self.get(names)?)
    }

    /// An owned text.
    pub(crate) fn string(&self, names: &[&'static str]) -> Option<String> {
        self.text(names).map(Cow::into_owned)
    }

    /// An object or list, also as JSON in a text; what is none is rejected and read as null.
    pub(crate) fn nested(&self, names: &[&'static str], sink: &mut dyn Sink) -> Option<Cow<'r, Json<'r>>> {
        let (name, value) = self.named(names)?;
        let nested = values::nested(value);
        if nested.is_none() {
            sink.reject(self.at, Reason::BadValue, name);
        }
        nested
    }

    /// A count; what is none is rejected and read as null.
    pub(crate) fn count(&self, names: &[&'static str], sink: &mut dyn Sink) -> Option<i64> {
        let (name, value) = self.named(names)?;
        values::count(value).get(name, self.at, sink)
    }

    /// An amount in millionths of a dollar; what is none is rejected and read as null.
    pub(crate) fn micro_usd(&self, names: &[&'static str], sink: &mut dyn Sink) -> Option<i64> {
        let (name, value) = self.named(names)?;
        values::micro_usd(value).unwrap_or_else(|reason| {
            sink.reject(self.at, reason, name);
            None
        })
    }

    /// A moment in microseconds since the epoch, UTC where it names no zone; what is none is rejected and read as null.
    pub(crate) fn moment(&self, names: &[&'static str], sink: &mut dyn Sink) -> Option<i64> {
        let (name, value) = self.named(names)?;
        let moment = match value {
            Json::Text(text) => parse_utc(text.trim()),
            _ => Err(Reason::BadTimestamp),
        };
        moment.map_err(|reason| sink.reject(self.at, reason, name)).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::testing::{Recorded, input_of};

    fn read(name: &str, bytes: &[u8]) -> (Vec<(u64, u64, String)>, Recorded, u64) {
        let (input, _guard) = input_of(name, bytes);
        let mut sink = Recorded::default();
        let mut rows = Vec::new();
        let end = read_rows(
            &input,
            &mut sink,
            |name| name == "id",
            |row, at, _| {
                rows.push((at.offset, at.line, row.get("id").and_then(values::text).unwrap_or_default().into_owned()));
            },
        );
        (rows, sink, end.unwrap())
    }

    #[test]
    fn rows_are_the_same_in_every_writing() {
        for (name, bytes, places) in [
            ("lines", &b"{\"id\":\"a\"}\n{\"id\":\"b\"}\n"[..], [(0, 1), (11, 2)]),
            ("list", b"[\n {\"id\":\"a\"},\n {\"id\":\"b\"}\n]\n", [(3, 2), (16, 3)]),
            ("page", b"{\"data\":[{\"id\":\"a\"},{\"id\":\"b\"}],\"meta\":{}}", [(9, 1), (20, 1)]),
            ("document", b"{\n\"data\":[\n{\"id\":\"a\"},\n{\"id\":\"b\"}]}", [(11, 3), (23, 4)]),
            ("table", b"\xEF\xBB\xBFid;x\na;1\nb;2\n", [(8, 2), (12, 3)]),
        ] {
            let (rows, sink, end) = read(name, bytes);
            assert_eq!(rows.iter().map(|row| row.2.as_str()).collect::<Vec<_>>(), ["a", "b"], "{name}");
            assert_eq!(rows.iter().map(|row| (row.0, row.1)).collect::<Vec<_>>(), places, "{name}");
            assert!(sink.rejects.is_empty());
            assert_eq!(end, bytes.len() as u64, "{name}");
        }
    }

    #[test]
    fn what_is_no_row_is_rejected_by_itself() {
        let (rows, sink, _) = read("x.json", b"[{\"id\":\"a\"},7,{\"id\":\"\\ud800\"},{\"id\":\"b\"}]");
        assert_eq!(rows.len(), 2);
        assert_eq!(sink.reasons(), ["bad_value", "bad_utf8"]);
        let (rows, sink, end) = read("x.json", b"[{\"id\":\"a\"},");
        assert_eq!((rows.len(), sink.reasons(), end), (0, vec!["torn_line"], 0));
        let (rows, sink, end) = read("x.jsonl", b"{\"id\":\"a\"}\n{\"id\":");
        assert_eq!((rows.len(), sink.reasons(), end), (1, vec!["torn_line"], 11));
    }

    #[test]
    fn first_keys_are_those_of_the_first_record_however_it_is_cut() {
        for (head, keys) in [
            (r#"{"a":{"x":1},"b":["y"],"c":"d"} {"e":1}"#, vec!["a", "b", "c"]),
            (r#"[{"a":"\"q\":","b":{}},{"z":1}]"#, vec!["a", "b"]),
            (r#"{"meta":{"n":1},"data":[{"a":1,"b":{"data":[{"q":1}]}}]}"#, vec!["a", "b"]),
            (r#"{"a":"cut in the midd"#, vec!["a"]),
            (r#"{"a":1,"b"#, vec!["a"]),
            ("7", vec![]),
            ("", vec![]),
        ] {
            assert_eq!(first_keys(head.as_bytes()), keys, "{head}");
        }
        assert_eq!(first_columns(b"id,x\r\n1,2\n", |name| name == "id"), ["id", "x"]);
    }

    #[test]
    fn lines_are_told_from_documents() {
        for (head, by_lines) in [
            ("{\"a\":1}\n{\"a\":2}\n", true),
            ("{\"a\":1}", true),
            ("{\"a\":", true),
            ("{\n \"a\":1\n}\n", false),
            ("[{\"a\":1}]", false),
            ("{\"a\":?}\n{\"a\":1}\n", true),
            ("7\n\nno json\n{\"a\":1}\n{\"a\":2}\n", true),
            ("no json\n[{\n\"a\":1}]\n", false),
            ("[\n{\"a\":1},\n{\"a\":2}]", false),
            ("no json", false),
        ] {
            assert_eq!(is_cut_by_lines(head.as_bytes()), by_lines, "{head}");
        }
    }
}
