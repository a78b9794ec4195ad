//! Mutated fixtures of every source of the registry, held against the laws of [`super::laws`]: nothing panics, nothing is kept without bound, and every
//! record ends as a record, a reject or an ignored kind.
//!
//! A source is covered by having fixtures. Two kinds of change are tried. Damage of bytes (flips, cuts, other encodings, lines twice, in another order or
//! gone, nesting, numbers beyond 64 bits) must leave the laws standing. One change of structure in a sound file must besides show in what is told:
//! a record that is lost is a reject or an ignored kind more, a stranger among records is too, and a new field changes nothing.
//!
//! `FOOTLIGHT_MUTATIONS` is the number of cases for each source and kind of change (default [`CASES`]), `FOOTLIGHT_MUTATED` a source to keep to.

use super::laws::{Seed, Tree, beyond};
use super::{ALL, Source};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::{Config, TestError, TestRunner};
use rayon::prelude::*;
use serde_json::{Map, Value, json};

/// Cases of each kind for each source, few enough for every run of the tests.
const CASES: u32 = 48;
/// Smaller cases that are tried when one has failed.
const SHRINKS: u32 = 60;
/// A source that starts another program for each case is tried less often.
const SLOW: (&str, u32) = ("git", 16);

/// One change of bytes. Places are shares of the length that there is when it is made.
#[derive(Debug, Clone)]
enum Damage {
    Overwrite(Index, u8),
    Flip(Index, u8),
    PutIn(Index, Vec<u8>),
    Cut(Index),
    Take(Index, usize),
    RepeatLine(Index, usize),
    TakeLine(Index),
    SwapLines(Index, Index),
    WindowsLines,
    ByteOrderMark,
    Nest(Index, usize),
}

fn any_damage() -> impl Strategy<Value = Damage> {
    let snippets: Vec<Vec<u8>> = [
        &b"\0"[..],
        b"\xff\xfe",
        b"\xEF\xBB\xBF",
        b"\xed\xa0\x80",
        b"\\ud800",
        b"\"",
        b"\\",
        b"{",
        b"}",
        b"[",
        b"]",
        b",",
        b";",
        b":",
        b"\n",
        b"\r\n",
        b"\t",
        b"null",
        b"-1",
        b"1e999",
        b"99999999999999999999999",
        b"0.1",
        b"\"\":",
        b"PAR1",
        b"\x1f\x8b",
    ]
    .map(<[u8]>::to_vec)
    .to_vec();
    let at = any::<Index>;
    prop_oneof![
        (at(), any::<u8>()).prop_map(|(at, byte)| Damage::Overwrite(at, byte)),
        (at(), 0u8..8).prop_map(|(at, bit)| Damage::Flip(at, bit)),
        (at(), select(snippets)).prop_map(|(at, bytes)| Damage::PutIn(at, bytes)),
        at().prop_map(Damage::Cut),
        (at(), 1usize..400).prop_map(|(at, length)| Damage::Take(at, length)),
        (at(), 1usize..50).prop_map(|(at, times)| Damage::RepeatLine(at, times)),
        at().prop_map(Damage::TakeLine),
        (at(), at()).prop_map(|(one, two)| Damage::SwapLines(one, two)),
        Just(Damage::WindowsLines),
        Just(Damage::ByteOrderMark),
        (at(), select(vec![100usize, 130, 20_000])).prop_map(|(at, depth)| Damage::Nest(at, depth)),
    ]
}

/// A place in so many bytes, their end included.
fn place(at: &Index, length: usize) -> usize {
    at.index(length + 1)
}

fn damaged(mut bytes: Vec<u8>, damage: &Damage) -> Vec<u8> {
    let lines = |bytes: &[u8]| bytes.split_inclusive(|&byte| byte == b'\n').map(<[u8]>::to_vec).collect::<Vec<_>>();
    match damage {
        Damage::Overwrite(at, byte) => {
            let at = place(at, bytes.len());
            if let Some(target) = bytes.get_mut(at) {
                *target = *byte;
            }
        }
        Damage::Flip(at, bit) => {
            let at = place(at, bytes.len());
            if let Some(target) = bytes.get_mut(at) {
                *target ^= 1 << bit;
            }
        }
        Damage::PutIn(at, snippet) => {
            let at = place(at, bytes.len());
            bytes.splice(at..at, snippet.iter().copied());
        }
        Damage::Cut(at) => bytes.truncate(place(at, bytes.len())),
        Damage::Take(at, length) => {
            let at = place(at, bytes.len());
            let end = (at + length).min(bytes.len());
            bytes.drain(at..end);
        }
        Damage::RepeatLine(at, times) => {
            let mut all = lines(&bytes);
            if !all.is_empty() {
                let at = at.index(all.len());
                let line = all[at].clone();
                all.splice(at..at, std::iter::repeat_n(line, *times));
            }
            bytes = all.concat();
        }
        Damage::TakeLine(at) => {
            let mut all = lines(&bytes);
            if !all.is_empty() {
                all.remove(at.index(all.len()));
            }
            bytes = all.concat();
        }
        Damage::SwapLines(one, two) => {
            let mut all = lines(&bytes);
            if !all.is_empty() {
                let (one, two) = (one.index(all.len()), two.index(all.len()));
                all.swap(one, two);
            }
            bytes = all.concat();
        }
        Damage::WindowsLines => {
            bytes = lines(&bytes)
                .concat()
                .iter()
                .flat_map(|&byte| if byte == b'\n' { vec![b'\r', b'\n'] } else { vec![byte] })
                .collect();
        }
        Damage::ByteOrderMark => {
            bytes.splice(0..0, *b"\xEF\xBB\xBF");
        }
        Damage::Nest(at, depth) => {
            let at = place(at, bytes.len());
            let deep = [b"[".repeat(*depth), b"]".repeat(*depth)].concat();
            bytes.splice(at..at, deep);
        }
    }
    bytes
}

/// A fixture in parts, of which one can be changed and the rest written as it was.
enum Parts {
    /// One JSON document.
    Document(Value),
    /// Lines; those that are no JSON stay texts.
    Lines(Vec<Result<Value, String>>),
    /// A table with a header, and its separator.
    Table(u8, Vec<csv::StringRecord>),
}

impl Parts {
    fn of(seed: &Seed) -> Option<Self> {
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

    fn written(&self) -> Vec<u8> {
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
enum Change {
    /// A value becomes one of another kind.
    Retype(Index, usize),
    /// A member of an object is taken away.
    TakeMember(Index, Index),
    /// A record that is none, between the lines of a file or the rows of a table.
    Stranger(Index, usize),
    /// An object has a member that nobody knows.
    NewMember(Index, usize),
}

fn any_change() -> impl Strategy<Value = Change> {
    let at = any::<Index>;
    prop_oneof![
        4 => (at(), 0..replacements().len()).prop_map(|(at, what)| Change::Retype(at, what)),
        2 => (at(), at()).prop_map(|(at, member)| Change::TakeMember(at, member)),
        1 => (at(), 0usize..4).prop_map(|(at, what)| Change::Stranger(at, what)),
        2 => (at(), 0usize..3).prop_map(|(at, what)| Change::NewMember(at, what)),
    ]
}

/// What a change must show in, besides breaking no law.
enum Shows {
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
fn changed(parts: &mut Parts, change: &Change) -> Option<Shows> {
    if let Parts::Table(_, rows) = parts {
        return changed_table(rows, change);
    }
    let made = match change {
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
    };
    made
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
fn without_value(seed: &Seed, change: &Change) -> Option<Vec<u8>> {
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

fn fails(law: String) -> TestCaseError {
    TestCaseError::fail(law)
}

fn with_damage(tree: &Tree, seed: &Seed, damages: &[Damage]) -> Result<(), TestCaseError> {
    let bytes = damages.iter().fold(seed.bytes.clone(), damaged);
    let read = || tree.broken_law(seed, &bytes).unwrap().map_err(|law| fails(format!("{}: {law}", seed.name)));
    let (once, again) = (read()?, read()?);
    prop_assert!(once.told.snapshot() == again.told.snapshot(), "{}: read twice, it says two things", seed.name);
    Ok(())
}

fn with_change(tree: &Tree, seed: &Seed, change: &Change) -> Result<(), TestCaseError> {
    let Some(mut parts) = Parts::of(seed) else { return Ok(()) };
    let read =
        |bytes: &[u8]| tree.broken_law(seed, bytes).unwrap().map_err(|law| fails(format!("{}: {law}", seed.name)));
    let before = read(&parts.written())?;
    let Some(shows) = changed(&mut parts, change) else { return Ok(()) };
    let bytes = parts.written();
    let after = read(&bytes)?;
    let (was, is) = (before.without_places(), after.without_places());
    let told =
        || format!("\n--- no more\n{}\n--- new\n{}\n", beyond(&was, &is).join("\n"), beyond(&is, &was).join("\n"));
    let new_losses = beyond(&after.losses(), &before.losses());
    // A file that counts as a whole as one ignored kind, such as a backup, is not looked into.
    let is_passed_over = before.records() == 0 && before.told.rejects.is_empty() && before.told.ignored.len() == 1;
    match shows {
        Shows::Anything => {}
        _ if is_passed_over => {}
        Shows::Losses => {
            // What is gone took its own rejects with it: one that says the same may be new, which a file without the value tells.
            let is_told = || {
                let without = without_value(seed, change).map(|bytes| read(&bytes)).transpose();
                without
                    .map(|without| without.is_none_or(|without| !beyond(&after.losses(), &without.losses()).is_empty()))
            };
            let is_less = after.records() < before.records();
            let is_told = !is_less || !new_losses.is_empty() || is_told()?;
            prop_assert!(is_told, "{}: a record is lost without a word{}", seed.name, told());
        }
        Shows::LeftOut => {
            prop_assert!(!new_losses.is_empty(), "{}: a stranger is in nobody's count{}", seed.name, told())
        }
        Shows::Nothing => {
            // Of a map whose names somebody chose, it is an entry, which may be said to be none. Whatever else is told stays.
            let is_loss = |line: &String| line.starts_with("reject ") || line.starts_with("ignored ");
            let is_gone = |line: &String| !line.starts_with("ignored ");
            let is_same = !beyond(&was, &is).iter().any(is_gone) && beyond(&is, &was).iter().all(is_loss);
            prop_assert!(is_same, "{}: a new field changed what is told{}", seed.name, told());
        }
    }
    Ok(())
}

fn cases(source: &dyn Source) -> u32 {
    let asked = std::env::var("FOOTLIGHT_MUTATIONS").ok().and_then(|text| text.parse().ok());
    let cases = asked.unwrap_or(CASES);
    if source.name() == SLOW.0 { cases.div_ceil(CASES / SLOW.1) } else { cases }
}

/// Tries a strategy on every source, and says for each what failed.
fn on_every_source<S>(
    strategy: impl Fn() -> S + Sync,
    check: impl Fn(&Tree, &Seed, &S::Value) -> Result<(), TestCaseError> + Sync,
) where
    S: Strategy,
{
    let only = std::env::var("FOOTLIGHT_MUTATED").ok();
    let failures: Vec<String> = ALL
        .par_iter()
        .filter(|source| only.as_ref().is_none_or(|only| only == source.name()))
        .filter_map(|source| {
            let tree = Tree::of(*source).unwrap();
            assert!(!tree.seeds.is_empty(), "{} has no fixtures: nothing tests it", source.name());
            // The seed is fixed: what fails here fails everywhere. More cases are asked for by number.
            let config = Config {
                cases: cases(*source),
                failure_persistence: None,
                max_shrink_iters: SHRINKS,
                ..Config::default()
            };
            let mut runner = TestRunner::new_with_rng(
                config,
                proptest::test_runner::TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::ChaCha),
            );
            let result = runner.run(&(any::<Index>(), strategy()), |(index, value)| {
                check(&tree, &tree.seeds[index.index(tree.seeds.len())], &value)
            });
            match result {
                Ok(()) => None,
                Err(TestError::Fail(why, (_, value))) => Some(format!("{}: {why}\n=== by {value:?}", source.name())),
                Err(other) => Some(format!("{}: {other}", source.name())),
            }
        })
        .collect();
    assert!(failures.is_empty(), "{} sources:\n{}", failures.len(), failures.join("\n\n"));
}

#[test]
fn damaged_files_of_every_source_break_no_law() {
    on_every_source(
        || prop::collection::vec(any_damage(), 1..6),
        |tree, seed, damages| with_damage(tree, seed, damages),
    );
}

#[test]
fn changed_records_of_every_source_are_told_of() {
    on_every_source(any_change, |tree, seed, change| with_change(tree, seed, change));
}
