//! Fixtures of invented rows, one a trap, in every writing, and the properties that hold for any of them.

use super::LiteLlm;
use crate::events::ids::Key;
use crate::events::{Event, Kind};
use crate::sources::testing::{self, Recorded, fixture_path, input_of, read_fixture};
use crate::sources::{Probe, Source, Unit, recognise};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

const FIXTURES: &[&str] = &["requests.jsonl", "list.json", "page.json", "spend_logs.csv", "faults.jsonl", "faults.csv"];

fn path(name: &str) -> PathBuf {
    fixture_path(&LiteLlm, name)
}

fn fixture(name: &str) -> Recorded {
    read_fixture(&LiteLlm, &format!("src/sources/litellm/fixtures/{name}"))
}

fn assert_fixture(name: &str) {
    testing::assert_fixture(&LiteLlm, "litellm", name);
}

fn kept<'a>(files: impl IntoIterator<Item = &'a Recorded>) -> BTreeMap<Key, Event> {
    testing::kept(&LiteLlm, files)
}

#[test]
fn rows_of_every_kind() {
    assert_fixture("requests.jsonl");
    let kept = kept([&fixture("requests.jsonl")]);
    let completions: Vec<&Event> = kept.values().filter(|event| event.kind == Kind::Completion).collect();
    let sum = |count: fn(&Event) -> Option<i64>| completions.iter().filter_map(|event| count(event)).sum::<i64>();
    // By hand, in the order of the rows; the cache hit, the failure and the row that stands twice add nothing.
    assert_eq!(sum(|event| event.tokens.input), 200 + 12 + 1200 + 50 + 10 + 10 + 4 + 40 + 20 + 30);
    assert_eq!(sum(|event| event.tokens.cache_read), 1000 + 15_000);
    assert_eq!(sum(|event| event.tokens.output), 80 + 118 + 80 + 5 + 2 + 2 + 1 + 4 + 4);
    assert_eq!(sum(|event| event.cost_micro_usd), 2100 + 9680 + 2100 + 10 + 4 + 1000 + 1000);
    assert_eq!(completions.len(), 13);
}

#[test]
fn a_row_is_the_same_in_every_writing() {
    assert_fixture("page.json");
    let lines = kept([&fixture("requests.jsonl")]);
    assert_eq!(kept([&fixture("list.json")]), lines);
    assert_eq!(kept([&fixture("spend_logs.csv")]), lines);
    let all: Vec<Recorded> = ["requests.jsonl", "list.json", "page.json", "spend_logs.csv"].map(fixture).into();
    assert_eq!(kept(&all), lines, "together they are one export");
}

#[test]
fn bad_rows_are_rejected_and_bad_fields_are_null() {
    assert_fixture("faults.jsonl");
    assert_fixture("faults.csv");
}

#[test]
fn exports_are_recognised_by_their_columns() {
    let options = Default::default();
    let recognised = |head: &[u8]| {
        recognise(&Probe { path: Path::new("x"), unit: Unit::File, head, options: &options }).map(Source::name)
    };
    for name in FIXTURES {
        let bytes = std::fs::read(path(name)).unwrap();
        assert_eq!(recognised(&bytes), Some("litellm"), "{name}");
        assert_eq!(recognised(&bytes[..bytes.len().min(700)]), Some("litellm"), "{name}, cut");
    }
    for stranger in [
        r#"{"spend":1,"startTime":"2026-06-01","users":{"request_id":1}}"#,
        r#"{"text":"{\"request_id\":1,\"startTime\":2,\"spend\":3}"}"#,
        "date,model,spend\n",
        "",
    ] {
        assert_eq!(recognised(stranger.as_bytes()), None, "{stranger}");
    }
}

#[test]
fn every_row_is_a_record_an_ignored_kind_or_a_reject() {
    let text = std::fs::read_to_string(path("faults.jsonl")).unwrap();
    let read = fixture("faults.jsonl");
    for line in 1..=text.lines().count() as u64 {
        let is_somewhere =
            read.events.iter().any(|(at, _)| at.line == line) || read.rejects.iter().any(|(at, _, _)| at.line == line);
        assert!(is_somewhere, "line {line} is lost");
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
        let end = LiteLlm.read(&input, &mut one).unwrap();
        prop_assert!(end <= bytes.len() as u64);
        LiteLlm.read(&input, &mut two).unwrap();
        prop_assert_eq!(kept([&one]), kept([&one, &two]));
        for (_, event) in &one.events {
            prop_assert!(event.tokens.input.is_none_or(|count| count >= 0));
            prop_assert!(event.cost_micro_usd.is_none_or(|cost| cost >= 0));
        }
    }

    /// What a first run left of a file that has grown is all that the next has to read.
    #[test]
    fn a_tail_is_read_alone(share in 0.0f64..1.0, csv in any::<bool>()) {
        let name = if csv { "spend_logs.csv" } else { "requests.jsonl" };
        let whole = std::fs::read(path(name)).unwrap();
        let cut = (whole.len() as f64 * share) as usize;
        let (mut input, _guard) = input_of(name, &whole[..cut]);
        let (mut first, mut rest) = (Recorded::default(), Recorded::default());
        input.start = LiteLlm.read(&input, &mut first).unwrap();
        std::fs::write(&input.path, &whole).unwrap();
        LiteLlm.read(&input, &mut rest).unwrap();
        let full = kept([&fixture(name)]);
        let both = kept([&first, &rest]);
        // A row that was cut in a number is read as it stands and again when it is whole; nothing of the whole file is missing.
        prop_assert!(full.keys().all(|key| both.contains_key(key)));
    }
}

/// Found by mutation: a tool call whose type cannot be read became a request without a word.
#[test]
fn a_type_that_is_no_text_is_rejected_and_the_row_is_a_request() {
    let row = |call_type: &str| {
        let row = format!(
            r#"{{"request_id":"r-1","call_type":{call_type},"startTime":"2026-06-01T09:00:00.000Z","endTime":"2026-06-01T09:00:01.000Z","spend":0,"model":"m"}}"#
        );
        let read = testing::read_bytes(&LiteLlm, "spend.jsonl", format!("{row}\n").as_bytes());
        (read.events.len(), read.reasons())
    };
    assert_eq!(row("\"acompletion\""), (1, vec![]));
    assert_eq!(row("null"), (1, vec![]));
    assert_eq!(row(r#"["call_mcp_tool"]"#), (1, vec!["bad_value"]));
}

/// What is read of a row of a request with these further columns, as JSON without braces.
fn read_row(columns: &str) -> Recorded {
    let row = format!(
        r#"{{"request_id":"r-1","startTime":"2026-06-01T09:00:00.000Z","endTime":"2026-06-01T09:00:01.000Z","spend":0,"model":"m",{columns}}}"#
    );
    testing::read_bytes(&LiteLlm, "spend.jsonl", row.as_bytes())
}

#[test]
fn what_a_client_puts_beside_a_prompt_is_no_part_of_it() {
    let prompts = |content: &str| -> Vec<Option<i64>> {
        let read = read_row(&format!(
            r#""call_type":"anthropic_messages","messages":[{{"role":"user","content":{content}}}]"#
        ));
        assert_eq!((read.reasons(), read.ignored.len()), (vec![], 0), "{content}");
        let prompts = read.events.into_iter().filter(|(_, event)| event.kind == Kind::Prompt);
        prompts.map(|(_, event)| event.text.map(|text| text.exact_hash)).collect()
    };
    let reminder = r#"{"type":"text","text":"<system-reminder>\nThe todo list is currently empty.</system-reminder>"}"#;
    let typed = prompts(r#""hey""#);
    assert!(typed.len() == 1 && typed[0].is_some());
    assert_eq!(prompts(&format!(r#"[{reminder},{{"type":"text","text":"hey"}}]"#)), typed);
    let command =
        |arguments: &str| format!(r#"{{"type":"text","text":"<command-name>/review</command-name>{arguments}"}}"#);
    let expansion = r#"{"type":"text","text":"Read the pull request and judge it."}"#;
    assert_eq!(prompts(&format!("[{},{expansion}]", command(""))), [None::<i64>]);
    assert_eq!(prompts(&format!("[{},{expansion}]", command("<command-args>hey</command-args>"))), typed);
    let result = r#"{"type":"tool_result","tool_use_id":"toolu_1","content":"ok"}"#;
    assert!(prompts(&format!("[{result},{reminder}]")).is_empty());
    assert!(prompts(&format!("[{result}]")).is_empty());
}

#[test]
fn what_is_embedded_is_nobodys_prompt() {
    for call_type in ["aembedding", "arerank"] {
        let read = read_row(&format!(
            r#""call_type":"{call_type}","prompt_tokens":12,"user":"ada","messages":"[\"def charge(card): ...\"]","response":{{"text":"x"}}"#
        ));
        let steps: Vec<_> = read.events.iter().map(|(_, event)| (event.kind, event.text.is_some())).collect();
        assert_eq!(steps, [(Kind::Completion, false)], "{call_type}");
        assert_eq!(read.ignored.get("embedding_input"), Some(&1), "{call_type}");
    }
}

#[test]
fn the_sessions_of_a_client_are_not_so_many_accounts() {
    let actor = |end_user: &str| {
        let metadata = r#""metadata":{"user_api_key_alias":"payments-laptops"}"#;
        let read = read_row(&format!(r#""call_type":"acompletion","user":"","end_user":"{end_user}",{metadata}"#));
        assert_eq!((read.events.len(), read.reasons()), (1, vec![]), "{end_user}");
        read.events[0].1.actor_id.clone()
    };
    for (end_user, want) in [
        ("user_5dd0_account__session_d2e70091-0001", "5dd0"),
        ("user_5dd0_account__session_d2e70091-0002", "5dd0"),
        ("user_5dd0_account_9b1f-77_session_d2e70091-0001", "9b1f-77"),
        (r#"{\"device_id\":\"5dd0\",\"account_uuid\":\"\",\"session_id\":\"d2e70091-0001\"}"#, "5dd0"),
        (r#"{\"device_id\":\"5dd0\",\"session_id\":\"d2e70091-0002\"}"#, "5dd0"),
        (r#"{\"device_id\":\"5dd0\",\"account_uuid\":\"9b1f-77\",\"session_id\":\"d2e70091-0002\"}"#, "9b1f-77"),
        (r#"{\"session_id\":\"d2e70091-0002\"}"#, "payments-laptops"),
        ("user__account__session_d2e70091-0002", "payments-laptops"),
        ("user_17", "user_17"),
        ("u-17", "u-17"),
    ] {
        assert_eq!(actor(end_user).as_deref(), Some(want), "{end_user}");
    }
}
