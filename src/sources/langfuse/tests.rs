//! Fixtures of invented rows, one a trap, in every writing, and the properties that hold for any of them.

use super::Langfuse;
use crate::events::ids::Key;
use crate::events::{Event, Kind};
use crate::sources::litellm::LiteLlm;
use crate::sources::otel::Otel;
use crate::sources::testing::{self, Recorded, fixture_path, input_of, read_fixture};
use crate::sources::{Probe, Source, Unit, recognise};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

const FIXTURES: &[&str] = &[
    "observations.jsonl",
    "observations.json",
    "observations.csv",
    "api.json",
    "traces.jsonl",
    "scores.jsonl",
    "nesting.jsonl",
    "faults.jsonl",
];

fn path(name: &str) -> PathBuf {
    fixture_path(&Langfuse, name)
}

fn fixture(name: &str) -> Recorded {
    read_fixture(&Langfuse, &format!("src/sources/langfuse/fixtures/{name}"))
}

fn assert_fixture(name: &str) {
    testing::assert_fixture(&Langfuse, "langfuse", name);
}

fn kept<'a>(files: impl IntoIterator<Item = &'a Recorded>) -> BTreeMap<Key, Event> {
    testing::kept(&Langfuse, files)
}

#[test]
fn observations_of_every_kind() {
    assert_fixture("observations.jsonl");
    let kept = kept([&fixture("observations.jsonl")]);
    let completions: Vec<&Event> = kept.values().filter(|event| event.kind == Kind::Completion).collect();
    let sum = |count: fn(&Event) -> Option<i64>| completions.iter().filter_map(|event| count(event)).sum::<i64>();
    // By hand, in the order of the rows; of the one that was exported twice the fuller.
    assert_eq!(sum(|event| event.tokens.input), 200 + 200 + 12 + 40 + 500 + 10 + 20 + 30 + 7);
    assert_eq!(sum(|event| event.tokens.cache_read), 1000 + 1000 + 15_000);
    assert_eq!(sum(|event| event.tokens.output), 80 + 80 + 118 + 5 + 1 + 2 + 3 + 9);
    assert_eq!(sum(|event| event.cost_micro_usd), 1050 * 5 + 9680 + 700);
    assert_eq!(completions.len(), 10);
}

#[test]
fn an_observation_is_the_same_in_every_writing() {
    let lines = kept([&fixture("observations.jsonl")]);
    assert_eq!(kept([&fixture("observations.json")]), lines);
    assert_eq!(kept([&fixture("observations.csv")]), lines);
}

#[cfg(feature = "engine")]
#[test]
fn an_observation_is_the_same_in_parquet() {
    let (lines, parquet) = (fixture("observations.jsonl"), fixture("observations.parquet"));
    assert_eq!(parquet.rejects, []);
    assert_eq!(parquet.ignored, lines.ignored);
    let steps = |read: &Recorded| read.events.iter().map(|(_, event)| event.clone()).collect::<Vec<_>>();
    assert_eq!(steps(&parquet), steps(&lines));
}

#[cfg(feature = "engine")]
#[test]
fn a_damaged_parquet_file_is_an_error_and_no_panic() {
    let whole = std::fs::read(path("observations.parquet")).unwrap();
    for cut in [5, whole.len() / 2, whole.len() - 1] {
        let (input, _guard) = input_of("x.parquet", &whole[..cut]);
        assert!(Langfuse.read(&input, &mut Recorded::default()).is_err(), "cut at {cut}");
    }
}

#[cfg(not(feature = "engine"))]
#[test]
fn a_build_without_the_engine_says_that_it_reads_no_parquet() {
    let (input, _guard) = input_of("x.parquet", &std::fs::read(path("observations.parquet")).unwrap());
    let error = Langfuse.read(&input, &mut Recorded::default()).unwrap_err();
    assert_eq!(error.reason().as_str(), "unknown_format");
}

#[test]
fn a_request_has_the_same_id_in_every_source_that_saw_it() {
    let ids = |read: Recorded| -> Vec<String> {
        let completions = read.events.into_iter().filter(|(_, event)| event.kind == Kind::Completion);
        completions.filter_map(|(_, event)| event.event_id).collect()
    };
    let here = ids(fixture("observations.jsonl"));
    let otel = ids(read_fixture(&Otel, "src/sources/otel/fixtures/current.jsonl"));
    let litellm = ids(read_fixture(&LiteLlm, "src/sources/litellm/fixtures/requests.jsonl"));
    for (id, others) in [
        // The provider's id, the span's where there is none, and the one inside LiteLLM's own.
        ("resp_inv1", &otel),
        ("0af7651916cd43dd8448eb211c80319c/aa00000000000003", &otel),
        ("chatcmpl-inv-1", &litellm),
    ] {
        assert!(here.iter().any(|held| held == id) && others.iter().any(|held| held == id), "{id}");
    }
}

#[test]
fn a_span_has_its_own_id_in_telemetry_and_here_with_or_without_that_of_its_response() {
    let requests = |read: &Recorded| -> Vec<(Option<String>, Option<String>)> {
        let completions = read.events.iter().filter(|(_, event)| event.kind == Kind::Completion);
        completions.map(|(_, event)| (event.request_id.clone(), event.response_id.clone())).collect()
    };
    let both = (Some("0af7651916cd43dd8448eb211c80319c/b7ad6b7169203331".to_owned()), Some("resp_inv1".to_owned()));
    assert!(requests(&fixture("observations.jsonl")).contains(&both));
    assert!(requests(&read_fixture(&Otel, "src/sources/otel/fixtures/current.jsonl")).contains(&both));
}

#[test]
fn a_request_inside_a_request_counts_once() {
    assert_fixture("nesting.jsonl");
    let kept = kept([&fixture("nesting.jsonl")]);
    // 100 of n-3, 200 of n-5, 400 of n-6, whose inner one states nothing, 800 of another trace, 1600 of a judge.
    let counts = |count: fn(&Event) -> Option<i64>| kept.values().filter_map(count).sum::<i64>();
    assert_eq!(counts(|event| event.tokens.input), 100 + 200 + 400 + 800 + 1600);
    assert_eq!(counts(|event| event.tokens.output), 10 + 20 + 40 + 80 + 160);
    let judged = kept.values().filter(|event| event.trigger_evidence == Some("langfuse.evaluator"));
    assert_eq!(judged.filter_map(|event| event.tokens.input).collect::<Vec<_>>(), [1600]);
}

#[test]
fn of_a_row_that_was_exported_again_the_newest_stays() {
    let row = |output: i64, updated: &str| {
        format!(
            r#"{{"id":"o-1","trace_id":"tr-9","type":"GENERATION","start_time":"2026-06-02 09:00:00","usage_details":{{"input":7,"output":{output}}},"updated_at":"{updated}"}}"#
        )
    };
    let (first, corrected) = (row(900, "2026-06-02 09:00:10.5"), row(9, "2026-06-02 10:00:00"));
    for rows in [format!("{first}\n{corrected}\n"), format!("{corrected}\n{first}\n")] {
        let read = testing::read_bytes(&Langfuse, "observations.jsonl", rows.as_bytes());
        let outputs: Vec<Option<i64>> = kept([&read]).values().map(|event| event.tokens.output).collect();
        assert_eq!(outputs, [Some(9)]);
    }
}

#[test]
fn observations_nest_in_the_answer_for_one_trace_too() {
    let observation = |id: &str, parent: &str| {
        format!(
            r#"{{"id":"{id}","type":"GENERATION","parentObservationId":{parent},"startTime":"2026-06-02T09:00:00.000Z","usageDetails":{{"input":7,"total":7}}}}"#
        )
    };
    let row = format!(
        r#"{{"id":"tr-9","timestamp":"2026-06-02T09:00:00.000Z","userId":"u","sessionId":"s","release":null,"htmlPath":"/x","observations":[{},{}]}}"#,
        observation("a", "null"),
        observation("b", "\"a\"")
    );
    let read = testing::read_bytes(&Langfuse, "traces.jsonl", format!("{row}\n").as_bytes());
    assert_eq!((read.events.len(), read.ignored.get("request_around_request")), (1, Some(&1)));
}

/// What is read of observations of one trace: id, parent, type and further columns, as JSON without braces.
fn read_observations(observations: &[(&str, &str, &str, &str)]) -> Recorded {
    let rows = observations.iter().map(|(id, parent, kind, columns)| {
        format!(
            r#"{{"id":"{id}","trace_id":"tr-e","parent_observation_id":"{parent}","type":"{kind}","start_time":"2026-06-02 09:00:00",{columns}}}"#
        ) + "\n"
    });
    testing::read_bytes(&Langfuse, "observations.jsonl", rows.collect::<String>().as_bytes())
}

#[test]
fn a_generation_around_an_embedding_is_another_request() {
    let read = read_observations(&[
        ("g1", "", "GENERATION", r#""usage_details":{"input":1200,"output":80,"total":1280}"#),
        ("e1", "g1", "EMBEDDING", r#""usage_details":{"input":12,"total":12}"#),
    ]);
    let tokens =
        |count: fn(&Event) -> Option<i64>| read.events.iter().filter_map(|(_, event)| count(event)).sum::<i64>();
    assert_eq!((tokens(|event| event.tokens.input), tokens(|event| event.tokens.output)), (1212, 80));
    assert_eq!(read.ignored.len(), 0);
}

#[test]
fn a_cost_in_parts_is_their_sum() {
    let columns = r#""usage_details":{"input":200,"output":80},"cost_details":{"input":0.00025,"output":0.0008}"#;
    let read = read_observations(&[("g1", "", "GENERATION", columns)]);
    assert_eq!((read.events[0].1.cost_micro_usd, read.reasons()), (Some(1050), vec![]));
}

#[test]
fn what_is_embedded_is_nobodys_prompt() {
    let columns = r#""usage_details":{"input":12},"input":"def charge(card): ...","output":"a vector in words""#;
    let read = read_observations(&[("e1", "", "EMBEDDING", columns)]);
    let steps: Vec<_> = read.events.iter().map(|(_, event)| (event.kind, event.text.is_some())).collect();
    assert_eq!((steps, read.ignored.get("embedding_input")), (vec![(Kind::Completion, false)], Some(&1)));
}

#[test]
fn the_sessions_of_a_client_are_not_so_many_accounts() {
    let actor = |user_id: &str| {
        let columns = format!(r#""user_id":"{user_id}","usage_details":{{"input":12}}"#);
        let read = read_observations(&[("g1", "", "GENERATION", &columns)]);
        assert_eq!((read.events.len(), read.reasons()), (1, vec![]), "{user_id}");
        read.events[0].1.actor_id.clone()
    };
    for (user_id, want) in [
        ("user_5dd0_account_9b1f-77_session_d2e70091-0001", Some("9b1f-77")),
        ("user_5dd0_account__session_d2e70091-0002", Some("5dd0")),
        (r#"{\"device_id\":\"5dd0\",\"account_uuid\":\"\",\"session_id\":\"d2e70091-0001\"}"#, Some("5dd0")),
        (r#"{\"session_id\":\"d2e70091-0001\"}"#, None),
        ("ada@example.com", Some("ada@example.com")),
        ("", None),
    ] {
        assert_eq!(actor(user_id).as_deref(), want, "{user_id}");
    }
}

#[test]
fn what_the_api_answers() {
    assert_fixture("api.json");
    assert_fixture("traces.jsonl");
    assert_fixture("scores.jsonl");
}

#[test]
fn bad_rows_are_rejected_and_bad_fields_are_null() {
    assert_fixture("faults.jsonl");
    let text = std::fs::read_to_string(path("faults.jsonl")).unwrap();
    let read = fixture("faults.jsonl");
    for line in 1..=text.lines().count() as u64 {
        let is_somewhere =
            read.events.iter().any(|(at, _)| at.line == line) || read.rejects.iter().any(|(at, _, _)| at.line == line);
        assert!(is_somewhere, "line {line} is lost");
    }
}

#[test]
fn exports_are_recognised_by_their_columns() {
    let options = Default::default();
    let recognised = |path: &Path, head: &[u8]| {
        recognise(&Probe { path, unit: Unit::File, head, options: &options }).map(Source::name)
    };
    for name in FIXTURES {
        let bytes = std::fs::read(path(name)).unwrap();
        assert_eq!(recognised(Path::new("x"), &bytes), Some("langfuse"), "{name}");
        assert_eq!(recognised(Path::new("x"), &bytes[..bytes.len().min(900)]), Some("langfuse"), "{name}, cut");
    }
    assert_eq!(recognised(&path("observations.parquet"), b"PAR1"), Some("langfuse"));
    let canonical = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/sources/canonical/fixtures/typed.events.parquet");
    assert_eq!(recognised(&canonical, b"PAR1"), Some("canonical"));
    assert_eq!(recognised(Path::new("/nowhere/x.parquet"), b"PAR1"), None);
    for stranger in [
        r#"{"id":"1","type":"session","timestamp":"2026-06-01T09:00:00Z"}"#,
        r#"{"id":"1","trace_id":"2","start_time":"x","duration":3}"#,
        "id,name,value\n",
        "",
    ] {
        assert_ne!(recognised(Path::new("x"), stranger.as_bytes()), Some("langfuse"), "{stranger}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// Cut, overwritten and spliced bytes never end in a panic or an error, and reading twice is reading once.
    #[test]
    fn mutated_files_are_read_to_the_end(
        file in 0..FIXTURES.len(),
        cut in any::<prop::sample::Index>(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8),
        splice in prop::collection::vec(prop::sample::select(b"{}[]\"\\:,;0-e.\n\r\xff".to_vec()), 0..6),
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
        let (mut one, mut two) = (Recorded::default(), Recorded::default());
        let end = Langfuse.read(&input, &mut one).unwrap();
        prop_assert!(end <= bytes.len() as u64);
        Langfuse.read(&input, &mut two).unwrap();
        prop_assert_eq!(kept([&one]), kept([&one, &two]));
        for (_, event) in &one.events {
            prop_assert!(event.tokens.input.is_none_or(|count| count >= 0));
            prop_assert!(event.kind != Kind::Completion || event.token_basis.is_some());
        }
    }
}

/// Found by mutation: observations of a trace that are no list were passed over.
#[test]
fn observations_that_are_no_list_are_rejected() {
    let trace = |observations: &str| {
        let row = format!(
            r#"{{"id":"tr-9","timestamp":"2026-06-01T09:00:00.000Z","userId":"u","sessionId":"s","release":null,"htmlPath":"/x","observations":{observations}}}"#
        );
        testing::read_bytes(&Langfuse, "traces.jsonl", format!("{row}\n").as_bytes()).reasons()
    };
    assert_eq!(trace(r#"["obs-1"]"#), Vec::<&str>::new());
    assert_eq!(trace("null"), Vec::<&str>::new());
    for observations in [r#"{"type":"GENERATION"}"#, "7", "\"obs-1\"", "[7]"] {
        assert_eq!(trace(observations), ["bad_value"], "{observations}");
    }
}
