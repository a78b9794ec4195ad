//! Fixtures of invented records, one a trap, and the property that the three formats agree.

use super::{Canonical, lacking};
use crate::events::{Event, Kind};
use crate::sources::testing::{Recorded, fixture_bytes, input_of, read_bytes, read_fixture};
use crate::sources::{InputError, Probe, Source, Unit};
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use std::path::Path;

fn assert_fixture(file: &str) {
    let read = read_fixture(&Canonical, &format!("src/sources/canonical/fixtures/{file}"));
    insta::with_settings!({ snapshot_path => "snapshots", prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!(file, read.snapshot());
    });
}

fn recognised(name: &str, head: &[u8]) -> bool {
    let options = Default::default();
    Canonical.recognises(&Probe { path: Path::new(name), unit: Unit::File, head, options: &options })
}

#[test]
fn a_header_that_is_not_the_canonical_one_is_told_what_it_lacks() {
    let lacks = |name: &str, head: &[u8]| {
        lacking(&Probe { path: Path::new(name), unit: Unit::File, head, options: &Default::default() })
    };
    let said = "by its name it is a canonical file, and its header lacks actor_id";
    assert_eq!(lacks("roster.csv", b"name,team_id\nada@example.test,red\n").as_deref(), Some(said));
    assert!(!recognised("roster.csv", b"name,team_id\nada@example.test,red\n"));
    assert_eq!(lacks("roster.csv", b"\xEF\xBB\xBFactor_id;team_id\nada;red\n"), None);
    let said = lacks("x.outcomes.csv.gz", b"kind,outcome,when\n").unwrap();
    assert!(said.ends_with("lacks ts, outcome_id"), "{said}");
    assert_eq!((lacks("people.csv", b"name\n"), lacks("x.events.ndjson", b"{}\n")), (None, None));
}

#[test]
fn every_kind_of_event() {
    assert_fixture("week.events.ndjson");
}

#[test]
fn bad_rows_are_rejected_and_bad_fields_are_null() {
    assert_fixture("faults.events.ndjson");
}

#[test]
fn a_row_is_the_same_whichever_reader_takes_it() {
    const HOSTILE: &str = r#"[{"ts":"2026-05-04T09:00:00Z","session_id":"s","kind":"prompt"}]
{"ts":"2026-05-04T09:00:00Z","session_id":"s","kind":"prompt","stranger":1,"text":"half \ud83d"}
{"ts":"2026-05-04T09:00:00Z","session_id":"s","kind":"prompt","stranger":1,"text":"whole \ud83d\ude42 \"\n","text":"last"}
{"ts":"2026-05-04T09:00:00Z","session_id":18446744073709551615,"kind":"tool_call","tool_args":{"a":"\ud83d"},"cost_usd":0.10,"is_error":"no"} 7
{"ts":"2026-05-04T09:00:00Z","session_id":"s","kind":"tool_call","tool_args":{"b": [1, "x\ty"]},"cost_usd":0.10,"duration_ms":-0}
"#;
    for (name, bytes) in [
        ("week.events.ndjson", fixture_bytes(&Canonical, "week.events.ndjson")),
        ("faults.events.ndjson", fixture_bytes(&Canonical, "faults.events.ndjson")),
        ("work.outcomes.ndjson", fixture_bytes(&Canonical, "work.outcomes.ndjson")),
        ("hostile.events.ndjson", HOSTILE.as_bytes().to_vec()),
    ] {
        // A tab outside a text is left to serde_json, and with it the line.
        let slowly = bytes.split(|byte| *byte == b'\n').map(|line| match line.strip_prefix(b"{") {
            Some(rest) => [b"{\t".as_slice(), rest].concat(),
            None => line.to_vec(),
        });
        let slowly = slowly.collect::<Vec<Vec<u8>>>().join(&b'\n');
        let told = |bytes: &[u8]| {
            let read = read_bytes(&Canonical, name, bytes);
            let events: Vec<Event> = read.events.iter().map(|(_, event)| event.clone()).collect();
            let outcomes: Vec<_> = read.outcomes.iter().map(|(_, outcome)| outcome.clone()).collect();
            let reasons = read.reasons();
            (events, outcomes, reasons, read.unknown_fields)
        };
        assert_eq!(told(&bytes), told(&slowly), "{name}");
    }
}

#[test]
fn arguments_are_the_same_as_an_object_and_as_a_text() {
    let line = |arguments: &str| {
        format!(
            r#"{{"ts":"2026-05-04T09:00:00Z","session_id":"s","kind":"tool_call","tool_name":"edit","tool_args":{arguments}}}"#
        ) + "\n"
    };
    let lines = line(r#"{"path":"a.rs"}"#) + &line(r#""{\"path\":\"a.rs\"}""#) + &line(r#"["a.rs"]"#);
    let read = read_bytes(&Canonical, "x.events.ndjson", lines.as_bytes());
    let hashes: Vec<Option<i64>> = read.events.iter().map(|(_, event)| event.call_hash).collect();
    assert_eq!(hashes.len(), 3, "{:?}", read.rejects);
    assert!(hashes[0].is_some() && hashes[0] == hashes[1] && hashes[2].is_some() && hashes[2] != hashes[0]);
}

#[test]
fn csv_with_every_dialect_trap() {
    assert_fixture("semicolons.events.csv");
}

#[test]
fn outcomes_of_both_formats() {
    assert_fixture("work.outcomes.ndjson");
    assert_fixture("work.outcomes.csv");
}

#[test]
fn the_roster() {
    assert_fixture("roster.csv");
}

#[test]
fn a_name_alone_is_not_enough_and_neither_is_content() {
    let event = br#"{"ts":"2026-05-04T09:00:00Z","session_id":"s","kind":"prompt"}"#;
    assert!(recognised("x.events.ndjson", event));
    assert!(recognised("x.events.ndjson.gz", event));
    assert!(recognised(
        "x.events.ndjson",
        b"not json\n{\"ts\":\"2026-05-04T09:00:00Z\",\"session_id\":\"s\",\"kind\":\"prompt\"}"
    ));
    assert!(recognised("x.events.ndjson", b""), "an empty export");
    let long = format!(r#"{{"ts":"2026-05-04T09:00:00Z","text":"{}"#, "long ".repeat(20_000));
    assert!(recognised("x.events.ndjson", long.as_bytes()), "cut by the probe");
    assert!(!recognised("x.jsonl", event));
    assert!(!recognised("x.events.ndjson", br#"{"timestamp":1}"#));
    assert!(!recognised("x.outcomes.ndjson", event));
    assert!(recognised("x.events.csv", b"\xEF\xBB\xBFkind;ts;session_id\n"));
    assert!(!recognised("x.events.csv", b"date,model,cost\n"));
    assert!(recognised("roster.csv", b"actor_id,aliases\n"));
    assert!(recognised("x.events.parquet", b"PAR1\x15\x04"));
    assert!(!recognised("x.events.parquet", b"kind,ts\n"));
}

/// Found by fuzzing: the beginning of a quoted field, alone on the last line, was taken for a blank one.
#[test]
fn a_quote_alone_is_no_blank_line() {
    let read = read_bytes(&Canonical, "roster.csv", b"actor_id,team_id\nada@example.test,payments\n \r\n\n\"");
    assert_eq!((read.roster.len(), read.reasons()), (1, vec!["torn_line"]));
}

/// Found by fuzzing: a quote that holds nothing but the end of its line, or blanks, was taken for a blank line.
#[test]
fn blanks_in_quotes_are_no_blank_line() {
    let read = |end: &str| {
        let text = format!("actor_id,team_id\nada@example.test,payments\n{end}");
        let read = read_bytes(&Canonical, "roster.csv", text.as_bytes());
        assert_eq!(read.roster.len(), 1, "{end:?}");
        read.reasons().join(" ")
    };
    for blank in ["", "\n", " ", "\t\r\n", "\n\n  \n\r\n \n", "  \n\n", "\n  "] {
        assert_eq!(read(blank), "", "{blank:?}");
    }
    for (quoted, want) in [
        ("\"\n", "ragged_row"),
        ("\"  ", "torn_line"),
        ("\" \"\n", "ragged_row"),
        ("\n\n\" \"\n \n", "ragged_row"),
        ("\" \n \"\n", "ragged_row"),
        ("\"\"\n", "ragged_row"),
    ] {
        assert_eq!(read(quoted), want, "{quoted:?}");
    }
}

/// Found by mutation: a table behind a blank line was taken for an empty file.
#[test]
fn blank_lines_before_the_header_lose_nothing() {
    let rows = b"actor_id,team_id\nada@example.test,payments\n";
    let plain = read_bytes(&Canonical, "roster.csv", rows);
    let behind = read_bytes(&Canonical, "roster.csv", &[&b"\xEF\xBB\xBF\r\n \n"[..], rows].concat());
    assert_eq!(plain.roster.len(), 1);
    assert_eq!(behind.roster[0].1, plain.roster[0].1);
    assert_eq!((behind.roster[0].0.line, behind.roster[0].0.offset), (4, plain.roster[0].0.offset + 7));
}

#[test]
fn a_quote_that_never_closes_takes_no_memory() {
    let mut bytes =
        b"ts,session_id,kind,text\n2026-05-04T09:00:00Z,s,prompt,hi\n2026-05-04T09:00:00Z,s,prompt,\"".to_vec();
    bytes.resize(600_000, b'x');
    let (mut input, _guard) = input_of("x.events.csv", &bytes);
    input.limits.line_bytes = 64 * 1024;
    let mut sink = Recorded::default();
    let end = Canonical.read(&input, &mut sink).unwrap();
    assert_eq!((sink.events.len(), sink.reasons()), (1, vec!["line_too_long"]));
    assert_eq!(end, 57);
}

#[test]
fn a_csv_tail_is_read_with_the_header_of_the_whole() {
    let whole =
        b"ts,session_id,kind\n2026-05-04T09:00:00Z,a,prompt\n2026-05-04T09:00:01Z,b,prompt\n2026-05-04T09:00:02Z,c,pro";
    let (mut input, _guard) = input_of("x.events.csv", whole);
    let mut first = Recorded::default();
    input.start = Canonical.read(&input, &mut first).unwrap();
    // The last row may be cut: it is read, and rejected here, but not committed.
    assert_eq!((first.events.len(), first.reasons()), (2, vec!["bad_value"]));
    std::fs::write(&input.path, [whole.as_slice(), b"mpt\n"].concat()).unwrap();
    let mut rest = Recorded::default();
    assert_eq!(Canonical.read(&input, &mut rest).unwrap(), whole.len() as u64 + 4);
    assert_eq!(rest.events.iter().map(|(_, event)| event.session_id.as_str()).collect::<Vec<_>>(), ["c"]);
    assert_eq!(rest.events[0].0.line, 4);
}

#[test]
fn a_depth_bomb_is_survived() {
    let bomb = format!(
        r#"{{"ts":"2026-05-04T09:00:00Z","session_id":"s","kind":"prompt","x":{0}{1},"text":{0}{1},"refs":{0}{1}}}"#,
        "[".repeat(50_000),
        "]".repeat(50_000)
    );
    let read = read_bytes(&Canonical, "x.events.ndjson", bomb.as_bytes());
    assert_eq!(read.events.len() + read.rejects.len(), 2);
}

#[test]
fn an_object_of_a_million_fields_is_one_reject() {
    let fields: String = (0..1_000_000).map(|number| format!(r#","k{number}":0"#)).collect();
    let line = format!(r#"{{"ts":"2026-05-04T09:00:00Z","session_id":"s","kind":"prompt"{fields}}}"#);
    let read = read_bytes(&Canonical, "x.events.ndjson", format!("{line}\n").as_bytes());
    assert_eq!((read.reasons(), read.unknown_fields.len()), (vec!["bad_value"], 0));
}

/// A logical row: what an exporter wants to say, before it is a line of anything.
fn logical_row() -> impl Strategy<Value = Map<String, Value>> {
    let text = "[ -~é\n]{0,40}";
    let count = prop::option::of(0i64..5_000_000);
    let word = |words: &'static [&'static str]| prop::option::of(prop::sample::select(words));
    let ids =
        (1_750_000_000i64..1_790_000_000, "[a-z0-9-]{1,12}", prop::option::of("[a-z0-9]{1,8}"), prop::option::of(text));
    let words = (
        prop::sample::select(&["prompt", "completion", "tool_call", "tool_result"][..]),
        word(&["human", "schedule", "agent", "unknown"]),
        word(&["none", "read", "write", "execute", "send"]),
        word(&["filesystem", "email"]),
    );
    let numbers =
        (count.clone(), count.clone(), count, prop::option::of(0i64..9_000_000_000), prop::option::of(any::<bool>()));
    (ids, words, numbers).prop_map(|((second, session, id, text), (kind, trigger, effect, system), numbers)| {
        let (input, output, duration, micro_usd, is_error) = numbers;
        let ts = jiff::Timestamp::from_second(second).unwrap().to_string();
        let is_completion = kind == "completion";
        let row = json!({
            "ts": ts, "session_id": session, "event_id": id, "kind": kind, "trigger": trigger, "client": "deskbot/3.2",
            "effect": effect, "system": system, "text": text, "is_error": is_error, "duration_ms": duration,
            "input_tokens": input.filter(|_| is_completion), "output_tokens": output.filter(|_| is_completion),
            "cost_usd": micro_usd.map(|micro| format!("{}.{:06}", micro / 1_000_000, micro % 1_000_000)),
        });
        row.as_object().cloned().unwrap_or_default()
    })
}

fn ndjson(rows: &[Map<String, Value>]) -> Vec<u8> {
    let lines = rows.iter().map(|row| {
        let said: Map<String, Value> =
            row.iter().filter(|(_, value)| !value.is_null()).map(|(n, v)| (n.clone(), v.clone())).collect();
        Value::Object(said).to_string() + "\n"
    });
    lines.collect::<String>().into_bytes()
}

fn names(rows: &[Map<String, Value>]) -> Vec<String> {
    rows.first().map(|row| row.keys().cloned().collect()).unwrap_or_default()
}

fn cell(row: &Map<String, Value>, name: &str) -> Option<String> {
    match row.get(name)? {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

fn csv(rows: &[Map<String, Value>]) -> Vec<u8> {
    let mut writer = ::csv::Writer::from_writer(Vec::new());
    let names = names(rows);
    writer.write_record(&names).unwrap();
    for row in rows {
        writer.write_record(names.iter().map(|name| cell(row, name).unwrap_or_default())).unwrap();
    }
    writer.into_inner().unwrap()
}

fn events(read: &Recorded) -> Vec<&Event> {
    assert_eq!(read.reasons(), Vec::<&str>::new());
    read.events.iter().map(|(_, event)| event).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn json_and_csv_say_the_same(rows in prop::collection::vec(logical_row(), 1..20)) {
        let from_json = read_bytes(&Canonical, "x.events.ndjson", &ndjson(&rows));
        let from_csv = read_bytes(&Canonical, "x.events.csv", &csv(&rows));
        prop_assert_eq!(events(&from_json), events(&from_csv));
        prop_assert_eq!(from_json.events.len(), rows.len());
    }

    /// Any bytes in the middle of a file cost the rows that they stand in and nothing else, and never a panic.
    #[test]
    fn noise_is_survived(noise in prop::collection::vec(any::<u8>(), 0..300), csv in any::<bool>()) {
        let row = |n: usize| if csv { format!("2026-05-04T09:00:00Z,s{n},prompt\n") } else { format!("{}\n", json!({"ts":"2026-05-04T09:00:00Z","session_id":format!("s{n}"),"kind":"prompt"})) };
        let (name, header) = if csv { ("x.events.csv", "ts,session_id,kind\n") } else { ("x.events.ndjson", "") };
        let bytes = [header.as_bytes(), row(1).as_bytes(), &noise, b"\n", row(2).as_bytes()].concat();
        let read = read_bytes(&Canonical, name, &bytes);
        prop_assert_eq!(read.events.first().map(|(_, event)| event.session_id.as_str()), Some("s1"));
    }
}

#[cfg(not(feature = "engine"))]
#[test]
fn a_build_without_the_engine_says_that_it_reads_no_parquet() {
    let (input, _guard) = input_of("x.events.parquet", b"PAR1");
    let error = Canonical.read(&input, &mut Recorded::default()).unwrap_err();
    assert!(matches!(&error, InputError::Format { .. }) && error.to_string().contains("engine"), "{error}");
}

#[cfg(feature = "engine")]
mod parquet {
    use super::*;
    use polars::prelude::{Column, DataFrame, IntoColumn, NamedFrom, ParquetWriter, Series};

    /// Typed as a careful exporter would: integers as integers, flags as flags.
    fn column(rows: &[Map<String, Value>], name: &str) -> Column {
        let cells = rows.iter().map(|row| row.get(name).cloned().unwrap_or_default());
        match name {
            "input_tokens" | "output_tokens" | "duration_ms" => {
                Series::new(name.into(), cells.map(|cell| cell.as_i64()).collect::<Vec<_>>()).into_column()
            }
            "is_error" => Series::new(name.into(), cells.map(|cell| cell.as_bool()).collect::<Vec<_>>()).into_column(),
            _ => {
                let texts: Vec<Option<String>> = cells.map(|cell| cell.as_str().map(str::to_owned)).collect();
                Series::new(name.into(), texts).into_column()
            }
        }
    }

    fn parquet(rows: &[Map<String, Value>], group_rows: usize) -> Vec<u8> {
        let columns: Vec<Column> = names(rows).iter().map(|name| column(rows, name)).collect();
        let mut frame = DataFrame::new(rows.len(), columns).unwrap();
        let mut bytes = Vec::new();
        ParquetWriter::new(&mut bytes).with_row_group_size(Some(group_rows)).finish(&mut frame).unwrap();
        bytes
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn json_and_parquet_say_the_same(rows in prop::collection::vec(logical_row(), 1..20)) {
            let from_json = read_bytes(&Canonical, "x.events.ndjson", &ndjson(&rows));
            let from_parquet = read_bytes(&Canonical, "x.events.parquet", &parquet(&rows, 7));
            prop_assert_eq!(events(&from_json), events(&from_parquet));
        }
    }

    #[test]
    fn rows_are_numbered_across_batches_and_row_groups() {
        let row = json!({"ts": "2026-05-04T09:00:00Z", "session_id": "s", "kind": "prompt", "mood": "good"});
        let rows = vec![row.as_object().cloned().unwrap(); 20_000];
        let read = read_bytes(&Canonical, "x.events.parquet", &parquet(&rows, 6_000));
        assert_eq!(read.events.len(), 20_000);
        assert!(read.events.iter().enumerate().all(|(index, (at, _))| at.offset == index as u64));
        assert_eq!(read.unknown_fields["mood"], 1);
    }

    #[test]
    fn what_a_dataframe_library_writes_is_read_by_its_types() {
        let read = read_fixture(&Canonical, "src/sources/canonical/fixtures/typed.events.parquet");
        insta::with_settings!({ snapshot_path => "snapshots", prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!("typed.events.parquet", read.snapshot());
        });
    }

    #[test]
    fn a_damaged_file_is_an_error_at_every_cut() {
        let row = json!({"ts": "2026-05-04T09:00:00Z", "session_id": "s", "kind": "prompt"});
        let whole = parquet(&vec![row.as_object().cloned().unwrap(); 50], 50);
        for cut in [4, 5, 12, whole.len() / 2, whole.len() - 8, whole.len() - 1] {
            let (input, _guard) = input_of("x.events.parquet", &whole[..cut]);
            let error = Canonical.read(&input, &mut Recorded::default()).unwrap_err();
            assert!(matches!(error, InputError::Format { .. }), "{cut}: {error}");
        }
    }
}

#[test]
fn only_completions_have_usage() {
    let line = json!({"ts": "2026-05-04T09:00:00Z", "session_id": "s", "kind": "prompt", "input_tokens": 0, "output_tokens": 0}).to_string();
    let read = read_bytes(&Canonical, "x.events.ndjson", line.as_bytes());
    let event = &read.events[0].1;
    assert_eq!((event.kind, event.tokens.input, event.token_basis), (Kind::Prompt, None, None));
    assert!(read.rejects.is_empty(), "zeros are filler");
}
