//! Fixtures of invented exports, one a trap, and the properties that hold for any of them.

use super::Otel;
use crate::events::ids::{Key, aggregate_key, aggregate_version};
use crate::events::{Event, Kind, TokenBasis};
use crate::sources::testing::{
    self, Recorded, file_input, fixture_bytes, fixture_path, input_of, read_bytes, read_fixture,
};
use crate::sources::{Probe, Source, Unit, recognise};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

const FIXTURES: &[&str] = &[
    "current.jsonl",
    "legacy.jsonl",
    "wrappers.jsonl",
    "agents.jsonl",
    "tempo.json",
    "batches.json",
    "claude_code.jsonl",
    "claude_code_ids.jsonl",
    "events.jsonl",
    "langfuse.jsonl",
    "cumulative.jsonl",
    "faults.jsonl",
    "claude_code.binpb",
    "packed.binpb",
    "single.binpb",
    "faults.binpb",
];

fn path(name: &str) -> PathBuf {
    fixture_path(&Otel, name)
}

fn fixture(name: &str) -> Recorded {
    read_fixture(&Otel, &format!("src/sources/otel/fixtures/{name}"))
}

fn assert_fixture(name: &str) {
    testing::assert_fixture(&Otel, "otel", name);
}

fn kept<'a>(files: impl IntoIterator<Item = &'a Recorded>) -> BTreeMap<Key, Event> {
    testing::kept(&Otel, files)
}

/// Fresh input, cache reads, cache writes and output of what the lake keeps, and its completions.
fn totals(files: &[&Recorded]) -> ([i64; 4], usize) {
    let kept = kept(files.iter().copied());
    let completions: Vec<&Event> = kept.values().filter(|event| event.kind == Kind::Completion).collect();
    let sum = |count: fn(&Event) -> Option<i64>| completions.iter().filter_map(|event| count(event)).sum();
    let sums = [
        sum(|event| event.tokens.input),
        sum(|event| event.tokens.cache_read),
        sum(|event| event.tokens.cache_write),
        sum(|event| event.tokens.output),
    ];
    (sums, completions.len())
}

#[test]
fn requests_under_current_names() {
    assert_fixture("current.jsonl");
    // By hand: 200 + 200 + 40 fresh, and the two of a server whose response ids collide; the agent's 3,700 and 200 nowhere.
    assert_eq!(totals(&[&fixture("current.jsonl")]), ([200 + 200 + 40 + 20, 3000, 300, 80 + 120 + 10], 6));
}

#[test]
fn requests_under_the_names_of_earlier_years_and_other_libraries() {
    assert_fixture("legacy.jsonl");
    let fresh = (900 - 512) + 12 + 2000 + (300 - 128) + 70 + 5 + 6;
    let sums = [fresh, 512 + 15_000 + 1500 + 128, 900, 50 + 118 + 100 + 20 + 9 + 2 + 3];
    assert_eq!(totals(&[&fixture("legacy.jsonl")]), (sums, 7));
}

#[test]
fn a_request_that_two_libraries_trace_counts_once() {
    assert_fixture("wrappers.jsonl");
    assert_eq!(totals(&[&fixture("wrappers.jsonl")]).0, [100 + 200 + 300 + 400, 0, 0, 10 + 20 + 30 + 40]);
}

#[test]
fn an_agent_below_which_no_request_stands_counts_where_the_file_has_its_whole_time() {
    assert_fixture("agents.jsonl");
    // 100, 400 and 800 of requests, 200 of the inner of two agents.
    assert_eq!(totals(&[&fixture("agents.jsonl")]).0, [100 + 200 + 400 + 800, 0, 0, 10 + 20 + 40 + 80]);
}

#[test]
fn tempo_and_the_collector_tell_of_the_same_spans() {
    assert_fixture("tempo.json");
    assert_fixture("batches.json");
    let (current, tempo, batches) = (fixture("current.jsonl"), fixture("tempo.json"), fixture("batches.json"));
    assert_eq!(totals(&[&current]), totals(&[&tempo, &current, &batches]));
}

#[test]
fn claude_code_counts_by_its_events_and_never_by_its_metrics() {
    assert_fixture("claude_code.jsonl");
    assert_eq!(totals(&[&fixture("claude_code.jsonl")]), ([12 + 3 + 5, 30_000, 1800, 118 + 40 + 60], 4));
}

#[test]
fn requests_of_claude_code_without_a_request_id_are_told_apart() {
    assert_fixture("claude_code_ids.jsonl");
    // Two under one span, one after the session was resumed, one that its span tells again, one that only its span tells.
    let sums = [100 + 200 + 400 + 800 + 1600, 0, 0, 10 + 20 + 40 + 80 + 160];
    let read = fixture("claude_code_ids.jsonl");
    assert_eq!(totals(&[&read]), (sums, 5));
    // Transcripts state the request's id and the message's: one of them under the name of the other would join nothing.
    let (_, last) = read.events.last().unwrap();
    assert_eq!((last.request_id.as_deref(), last.response_id.as_deref()), (Some("req_inv09"), None));
}

#[test]
fn an_event_that_repeats_its_span_is_the_same_request() {
    assert_fixture("events.jsonl");
    // 55 of one that its span tells too, 55 of one that has no span, 70 of one inside another, whose span and event are ignored.
    assert_eq!(totals(&[&fixture("events.jsonl")]), ([55 + 55 + 70, 0, 0, 6 + 6 + 7], 3));
}

#[test]
fn counts_by_name_of_the_sdk_of_langfuse() {
    assert_fixture("langfuse.jsonl");
    // Inside another, whose counts are ignored; counts of the conventions beside them; counts that are none.
    assert_eq!(totals(&[&fixture("langfuse.jsonl")]).0, [200 + 400 + 7, 1000, 0, 110 + 40]);
}

#[test]
fn of_a_counter_that_goes_on_the_last_value_stays() {
    assert_fixture("cumulative.jsonl");
    let mut kept = BTreeMap::new();
    for (_, sum) in fixture("cumulative.jsonl").aggregates {
        let (key, version) = (aggregate_key("otel", &sum), aggregate_version(&sum));
        if kept.get(&key).is_none_or(|(known, _)| version > *known) {
            kept.insert(key, (version, sum));
        }
    }
    let input: i64 = kept.values().filter_map(|(_, sum)| sum.tokens.input).sum();
    let output: i64 = kept.values().filter_map(|(_, sum)| sum.tokens.output).sum();
    assert_eq!((kept.len(), input, output), (3, 250 + 30, 10));
}

#[test]
fn bad_records_are_rejected_alone() {
    assert_fixture("faults.jsonl");
}

#[test]
fn protocol_buffers_tell_what_json_tells() {
    let told = |name: &str| {
        let read = fixture(name);
        let events: Vec<Event> = read.events.iter().map(|(_, event)| event.clone()).collect();
        let facts: Vec<_> = read.facts.into_iter().map(|(_, fact)| fact).collect();
        let aggregates: Vec<_> = read.aggregates.into_iter().map(|(_, aggregate)| aggregate).collect();
        (events, facts, aggregates, read.ignored)
    };
    assert_eq!(told("claude_code.binpb"), told("claude_code.jsonl"));
    assert_eq!(told("packed.binpb"), told("legacy.jsonl"));
    let line = std::fs::read_to_string(path("current.jsonl")).unwrap();
    let json = read_bytes(&Otel, "x.jsonl", line.lines().nth(1).unwrap().as_bytes());
    let events: Vec<Event> = json.events.into_iter().map(|(_, event)| event).collect();
    assert_eq!(told("single.binpb").0, events);
}

#[test]
fn messages_that_are_none_are_rejected_with_their_place() {
    assert_fixture("faults.binpb");
    let whole = std::fs::read(path("claude_code.binpb")).unwrap();
    let (input, _guard) = input_of("x", &whole[..whole.len() - 1]);
    let mut sink = Recorded::default();
    let end = Otel.read(&input, &mut sink).unwrap();
    assert_eq!(sink.reasons().last(), Some(&"torn_line"));
    assert!(end < whole.len() as u64 && end > 0);
}

/// Spans, log records and metrics below a value.
fn records_in(value: &serde_json::Value) -> usize {
    match value {
        serde_json::Value::Object(fields) => fields
            .iter()
            .map(|(key, value)| match (key.as_str(), value) {
                ("spans" | "logRecords" | "metrics", serde_json::Value::Array(records)) => records.len(),
                _ => records_in(value),
            })
            .sum(),
        serde_json::Value::Array(items) => items.iter().map(records_in).sum(),
        _ => 0,
    }
}

#[test]
fn every_record_is_a_step_an_ignored_kind_or_a_reject() {
    for name in [
        "current.jsonl",
        "legacy.jsonl",
        "wrappers.jsonl",
        "agents.jsonl",
        "claude_code.jsonl",
        "claude_code_ids.jsonl",
        "events.jsonl",
        "langfuse.jsonl",
        "cumulative.jsonl",
    ] {
        let text = std::fs::read_to_string(path(name)).unwrap();
        let lines = text.trim_start_matches('\u{feff}').lines();
        let there: usize = lines.map(|line| records_in(&serde_json::from_str(line).unwrap())).sum();
        let read = fixture(name);
        let stepped = read.events.iter().map(|(at, _)| at.offset);
        let summed = read.aggregates.iter().map(|(at, _)| at.offset);
        let rejected = read.rejects.iter().map(|(at, _, _)| at.offset);
        let places: BTreeSet<u64> = stepped.chain(summed).chain(rejected).collect();
        assert_eq!(places.len() as u64 + read.ignored.values().sum::<u64>(), there as u64, "{name}");
    }
}

#[test]
fn every_export_is_recognised_by_what_it_holds() {
    let options = Default::default();
    let recognised = |head: &[u8]| {
        let probe = Probe { path: Path::new("x"), unit: Unit::File, head, options: &options };
        recognise(&probe).map(Source::name)
    };
    for name in FIXTURES {
        let bytes = std::fs::read(path(name)).unwrap();
        assert_eq!(recognised(&bytes), Some("otel"), "{name}");
        assert_eq!(recognised(&bytes[..bytes.len() * 2 / 3]), Some("otel"), "{name}, cut");
        assert_eq!(recognised(&bytes[..bytes.len() * 2 / 3 - 1]), Some("otel"), "{name}, cut elsewhere");
    }
    assert_eq!(recognised(b"not json\n{\"resourceLogs\":[]}\n"), Some("otel"), "one bad line");
    for stranger in [
        r#"{"text":"{\"resourceSpans\":[]}","n":{"resourceSpans":1}}"#,
        r#"{"trace":"0af7","level":"info"}"#,
        r#"{"batches":[{"size":1}]}"#,
        "resourceSpans",
        "",
    ] {
        assert_eq!(recognised(stranger.as_bytes()), None, "{stranger}");
    }
}

#[test]
fn reading_twice_is_reading_once() {
    for name in FIXTURES {
        let (one, two) = (fixture(name), fixture(name));
        assert_eq!(one.snapshot(), two.snapshot());
        assert_eq!(kept([&one]), kept([&one, &two]), "{name}");
    }
}

#[test]
fn a_compressed_export_is_read_as_the_plain_one() {
    let bytes = std::fs::read(path("current.jsonl")).unwrap();
    let packed = zstd::encode_all(bytes.as_slice(), 1).unwrap();
    assert_eq!(read_bytes(&Otel, "x.jsonl.zst", &packed).snapshot(), fixture("current.jsonl").snapshot());
}

#[test]
fn a_depth_bomb_is_rejected_and_the_rest_is_read() {
    let (open, close) = (r#"{"arrayValue":{"values":["#.repeat(20_000), "]}}".repeat(20_000));
    let line = format!(
        r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{{"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"b7ad6b7169203331","startTimeUnixNano":"1780304400000000000","attributes":[{{"key":"gen_ai.operation.name","value":{{"stringValue":"chat"}}}},{{"key":"gen_ai.input.messages","value":{open}{close}}}]}}]}}]}}]}}"#
    );
    let read = read_bytes(&Otel, "x.jsonl", line.as_bytes());
    assert_eq!((read.events.len(), read.reasons()), (1, vec!["too_deep"]));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// Cut, overwritten and spliced bytes never end in a panic or an error, and never in counts that are none.
    #[test]
    fn mutated_files_are_read_to_the_end(
        file in 0..FIXTURES.len(),
        cut in any::<prop::sample::Index>(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8),
        splice in prop::collection::vec(prop::sample::select(b"{}[]\"\\:,0-e.\n\xff".to_vec()), 0..6),
        at in any::<prop::sample::Index>(),
    ) {
        let mut bytes = std::fs::read(path(FIXTURES[file])).unwrap();
        for (index, byte) in edits {
            let index = index.index(bytes.len());
            bytes[index] = byte;
        }
        let position = at.index(bytes.len());
        bytes.splice(position..position, splice);
        bytes.truncate(cut.index(bytes.len()) + 1);
        let (input, _guard) = input_of(FIXTURES[file], &bytes);
        let mut sink = Recorded::default();
        let end = Otel.read(&input, &mut sink).unwrap();
        prop_assert!(end <= bytes.len() as u64);
        for (position, event) in &sink.events {
            prop_assert!(position.offset < bytes.len() as u64);
            prop_assert!(event.tokens.input.is_none_or(|count| count >= 0));
            prop_assert!(event.kind != Kind::Completion || event.token_basis.is_some());
            prop_assert!(event.token_basis != Some(TokenBasis::Absent) || event.tokens.input.is_none());
        }
        let records = sink.events.len() + sink.rejects.len() + sink.ignored.len();
        prop_assert!(records > 0 || bytes.trim_ascii().is_empty() || end as usize == bytes.len());
    }

    /// Wherever lines are cut, what stands before the cut is read as in the whole file and the committed part ends with a line.
    #[test]
    fn a_file_cut_at_any_byte_loses_only_its_tail(share in 0.0f64..1.0) {
        let whole = std::fs::read(path("claude_code.jsonl")).unwrap();
        let cut = (whole.len() as f64 * share) as usize;
        let (input, _guard) = input_of("x.jsonl", &whole[..cut]);
        let mut part = Recorded::default();
        let end = Otel.read(&input, &mut part).unwrap() as usize;
        prop_assert!(end == cut || end == 0 || whole[end - 1] == b'\n');
        let full = fixture("claude_code.jsonl");
        prop_assert_eq!(&part.events[..], &full.events[..part.events.len()]);
    }
}

/// Reads a file that the caller names and prints how fast.
#[test]
#[ignore = "reads a file that the caller names"]
fn speed_of_a_file() {
    let path = PathBuf::from(std::env::var("FOOTLIGHT_SPEED_FILE").unwrap());
    let bytes = std::fs::metadata(&path).unwrap().len();
    let start = std::time::Instant::now();
    let mut sink = Recorded::default();
    Otel.read(&file_input(&path, "x"), &mut sink).unwrap();
    println!("{} events, {:.0} MB/s", sink.events.len(), bytes as f64 / 1e6 / start.elapsed().as_secs_f64());
}

/// Found by mutation: a line that is no JSON object, before all others, made one broken document of the file.
#[test]
fn a_stranger_on_the_first_line_hides_no_other() {
    let lines = fixture_bytes(&Otel, "faults.jsonl");
    let alone = read_bytes(&Otel, "x.jsonl", &lines);
    for stranger in ["7\n", "no json\n", "\"text\"\n\nnull\n"] {
        let read = read_bytes(&Otel, "x.jsonl", &[stranger.as_bytes(), &lines].concat());
        assert_eq!(read.events.len(), alone.events.len(), "{stranger:?}");
        assert!(read.rejects.len() > alone.rejects.len(), "{stranger:?}");
    }
}

/// Found by fuzzing: what stands under a name that nobody knows was lost, and nothing was told of the file.
#[test]
fn a_resource_or_scope_without_records_is_counted() {
    for (text, kind) in [
        ("{\"resourceSpans\":[\n{\"scopeSpanz\":[{\"spans\":[{\"name\":\"x\"}]}]}]}", "resource_without_records"),
        ("{\"resourceLogs\":[\n{\"scopeLogs\":[{\"logRecordz\":[{\"body\":{}}]}]}]}", "scope_without_records"),
    ] {
        let read = read_bytes(&Otel, "x.json", text.as_bytes());
        assert_eq!((read.rejects.len(), read.ignored.get(kind)), (0, Some(&1)), "{text}: {}", read.snapshot());
    }
}
