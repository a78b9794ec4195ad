//! One change of structure in a sound file: values of another kind, members and cells taken away, strangers among records, fields that nobody knows.

use crate::sources::laws::Seed;
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Map, Value, json};

/// A fixture in parts, of which one can be changed and the rest written as it was.
pub(super) enum Parts {
    /// One JSON document.
    Document(Value),
    /// Lines; those that are no JSON stay texts.
    Lines(Vec<Result<Value, String>>),
    /// A table with a header, and its separator.
    Table(u8, Vec<csv::StringRecord>),
}

impl Parts {
    /// The parts of a text file; null for one that is none.
    pub(super) fn of(seed: &Seed) -> Option<Self> {
        let bytes = seed.bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&seed.bytes);
        let text = std::str::from_utf8(bytes).ok()?;
        if let Ok(document) = serde_json::from_str(text) {
            return Some(Self::Document(document));
        }
        if text.trim_start().starts_with(['{', '[']) {
            let lines = text.lines().filter(|line| !line.trim().is_empty());
            let lines: Vec<_> = lines.map(|line| serde_json::from_str(line).map_err(|_| line.to_owned())).collect();
            return lines.iter().any(Result::is_ok).then_some(Self::Lines(lines));
        }
        if !seed.name.ends_with(".csv") {
            return None;
        }
        let separator = [b',', b';', b'\t'].into_iter().max_by_key(|separator| {
            text.lines().next().unwrap_or("").bytes().filter(|byte| byte == separator).count()
        })?;
        let mut reader =
            csv::ReaderBuilder::new().delimiter(separator).has_headers(false).flexible(true).from_reader(bytes);
        let rows = reader.records().collect::<Result<Vec<_>, _>>().ok()?;
        Some(Self::Table(separator, rows))
    }

    /// The file that they make.
    pub(super) fn written(&self) -> Vec<u8> {
        match self {
            Self::Document(document) => document.to_string().into_bytes(),
            Self::Lines(lines) => {
                let line = |line: &Result<Value, String>| match line {
                    Ok(value) => format!("{value}\n"),
                    Err(text) => format!("{text}\n"),
                };
                lines.iter().map(line).collect::<String>().into_bytes()
            }
            Self::Table(separator, rows) => {
                let mut writer = csv::WriterBuilder::new().delimiter(*separator).flexible(true).from_writer(Vec::new());
                for row in rows {
                    writer.write_record(row).unwrap();
                }
                writer.into_inner().unwrap()
            }
        }
    }

    /// The values that are JSON.
    fn values(&mut self) -> Vec<&mut Value> {
        match self {
            Self::Document(document) => vec![document],
            Self::Lines(lines) => lines.iter_mut().filter_map(|line| line.as_mut().ok()).collect(),
            Self::Table(..) => Vec::new(),
        }
    }
}

/// Calls with every value within this one, itself included, and the name of the member that holds it.
fn each<'v>(value: &'v mut Value, visit: &mut dyn FnMut(&mut Value)) {
    visit(value);
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| each(item, visit)),
        Value::Object(fields) => fields.values_mut().for_each(|field| each(field, visit)),
        _ => {}
    }
}

/// Changes one of the values that are `wanted`, chosen by `index`. False when there is none.
fn change_one(parts: &mut Parts, index: &Index, wanted: impl Fn(&Value) -> bool, change: impl Fn(&mut Value)) -> bool {
    let mut count = 0;
    parts.values().into_iter().for_each(|value| each(value, &mut |value| count += usize::from(wanted(value))));
    if count == 0 {
        return false;
    }
    let (chosen, mut number) = (index.index(count), 0);
    for value in parts.values() {
        each(value, &mut |value| {
            if wanted(value) {
                if number == chosen {
                    change(value);
                }
                number += 1;
            }
        });
    }
    true
}

/// A value of another kind, for each member in turn.
fn replacements() -> Vec<Value> {
    let deep = (0..100).fold(json!(1), |inner, _| json!([inner]));
    vec![
        Value::Null,
        json!(true),
        json!(-1),
        json!(1.5),
        json!(9_223_372_036_854_775_807i64),
        json!(1e300),
        json!(""),
        json!("\u{0}\u{feff}x\r\n"),
        json!("9".repeat(40)),
        json!("x".repeat(70_000)),
        json!([]),
        json!([1, "a", null]),
        json!({}),
        json!({"type": "zz_new", "zz": {"zz": 1}}),
        deep,
    ]
}

/// One change of structure.
#[derive(Debug, Clone)]
pub(super) enum Change {
    /// A value becomes one of another kind.
    Retype(Index, usize),
    /// A member of an object is taken away.
    TakeMember(Index, Index),
    /// A record that is none, between the lines of a file or the rows of a table.
    Stranger(Index, usize),
    /// An object has a member that nobody knows.
    NewMember(Index, usize),
}

/// Any change.
pub(super) fn any_change() -> impl Strategy<Value = Change> {
    let at = any::<Index>;
    prop_oneof![
        4 => (at(), 0..replacements().len()).prop_map(|(at, what)| Change::Retype(at, what)),
        2 => (at(), at()).prop_map(|(at, member)| Change::TakeMember(at, member)),
        1 => (at(), 0usize..4).prop_map(|(at, what)| Change::Stranger(at, what)),
        2 => (at(), 0usize..3).prop_map(|(at, what)| Change::NewMember(at, what)),
    ]
}

/// What a change must show in, besides breaking no law.
pub(super) enum Shows {
    /// In nothing that could be said beforehand: what is left out where it may be is no loss.
    Anything,
    /// Records that are fewer are rejects or ignored kinds more.
    Losses,
    /// Something more is left out.
    LeftOut,
    /// Nothing.
    Nothing,
}

/// Makes the change. Null when there is nothing in the file that it could change.
pub(super) fn changed(parts: &mut Parts, change: &Change) -> Option<Shows> {
    if let Parts::Table(_, rows) = parts {
        return changed_table(rows, change);
    }
    match change {
        Change::Retype(at, what) => {
            let what = replacements().swap_remove(*what);
            // Where a value may be missing, one that says nothing is missing too.
            let shows = if says_nothing(&what) { Shows::Anything } else { Shows::Losses };
            change_one(parts, at, |_| true, |value| *value = what.clone()).then_some(shows)
        }
        Change::TakeMember(at, member) => {
            let has_members = |value: &Value| value.as_object().is_some_and(|fields| !fields.is_empty());
            let take = |value: &mut Value| {
                if let Some(fields) = value.as_object_mut()
                    && let Some(name) = fields.keys().nth(member.index(fields.len())).cloned()
                {
                    fields.remove(&name);
                }
            };
            change_one(parts, at, has_members, take).then_some(Shows::Anything)
        }
        Change::Stranger(at, what) => {
            let Parts::Lines(lines) = parts else { return None };
            let strangers = [Ok(json!({"zz_new": 1})), Ok(json!(7)), Ok(json!([null])), Err("no json".to_owned())];
            let at = at.index(lines.len());
            lines.insert(at, strangers[*what].clone());
            Some(Shows::LeftOut)
        }
        Change::NewMember(at, what) => {
            let new = [json!("new"), json!(17), json!({"zz": [{"zz": null}]})];
            let add = |value: &mut Value| {
                if let Some(fields) = value.as_object_mut() {
                    fields.insert("zz_new".to_owned(), new[*what].clone());
                }
            };
            change_one(parts, at, is_record, add).then_some(Shows::Nothing)
        }
    }
}

/// Whether an object is a record by its members' names, and not a map from names that somebody chose (models, tools, paths) to values: a new
/// name in a map is a new entry.
fn is_record(value: &Value) -> bool {
    let is_map = |fields: &Map<String, Value>| {
        let all = |is: fn(&Value) -> bool| fields.values().all(is);
        fields.len() < 2 || all(Value::is_object) || all(Value::is_array) || all(Value::is_number)
    };
    value.as_object().is_some_and(|fields| !is_map(fields))
}

/// Whether a value is empty.
fn says_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    }
}

fn changed_table(rows: &mut Vec<csv::StringRecord>, change: &Change) -> Option<Shows> {
    let width = rows.first()?.len();
    if rows.len() < 2 {
        return None;
    }
    match change {
        Change::Retype(at, what) => {
            let cells = ["", "x", "-1", "1e999", "\u{0}", "\n", "9999999999999999999999", "{\"a\":", "2026-06-01"];
            let at = at.index((rows.len() - 1) * width);
            let (row, column) = (1 + at / width, at % width);
            let old = rows[row].clone();
            let cell = |index: usize, field: &str| {
                if index == column { cells[what % cells.len()].to_owned() } else { field.to_owned() }
            };
            rows[row] = old.iter().enumerate().map(|(index, field)| cell(index, field)).collect();
            Some(Shows::Losses)
        }
        Change::TakeMember(at, member) => {
            let column = member.index(width);
            let row = 1 + at.index(rows.len() - 1);
            rows[row] = rows[row]
                .iter()
                .enumerate()
                .filter(|(index, _)| *index != column)
                .map(|(_, field)| field.to_owned())
                .collect();
            Some(Shows::Losses)
        }
        Change::Stranger(at, _) => {
            let at = 1 + at.index(rows.len() - 1);
            rows.insert(at, vec!["zz"; width + 3].into());
            Some(Shows::LeftOut)
        }
        Change::NewMember(..) => {
            for (index, row) in rows.iter_mut().enumerate() {
                // A row that is ragged stays so.
                row.push_field(if index == 0 { "zz_new" } else { "new" });
            }
            Some(Shows::Nothing)
        }
    }
}

/// The file without the value that a change of type changes. Null for a table, and for the document itself.
pub(super) fn without_value(seed: &Seed, change: &Change) -> Option<Vec<u8>> {
    const MARK: &str = "\u{1}taken away";
    let (mut parts, Change::Retype(at, _)) = (Parts::of(seed)?, change) else { return None };
    change_one(&mut parts, at, |_| true, |value| *value = json!(MARK)).then_some(())?;
    if let Parts::Lines(lines) = &mut parts {
        lines.retain(|line| line.as_ref().ok() != Some(&json!(MARK)));
    }
    for value in parts.values() {
        each(value, &mut |value| match value {
            Value::Array(items) => items.retain(|item| item != MARK),
            Value::Object(fields) => fields.retain(|_, field| field != MARK),
            _ => {}
        });
    }
    let is_document = matches!(&parts, Parts::Document(document) if document == MARK);
    (!is_document).then(|| parts.written())
}
