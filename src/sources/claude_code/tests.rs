//! Fixtures, hostile input, properties, and totals of a directory for comparison with other readers.

use super::ClaudeCode;
use crate::events::ids::{Key, event_key, event_version};
use crate::events::{Event, Kind, TokenBasis, Tokens};
use crate::sources::testing::{Recorded, file_input, input_of, read_bytes, read_fixture};
use crate::sources::{Probe, Source, SourceOptions, Unit};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;

const FOLDER: &str = "src/sources/claude_code/fixtures";

/// One fixture a trap; the README says which rule each is about.
const FIXTURES: &[&str] = &[
    "advisor",
    "cache_tiers_and_cost",
    "commands_and_interrupts",
    "edits",
    "headless",
    "hooks",
    "hostile",
    "known_kinds",
    "missing_ids",
    "mixed_blocks",
    "pull_request_link",
    "resume/copy",
    "resume/fork_cli",
    "resume/fork_sdk",
    "resume/original",
    "scheduled",
    "sidechain/agent-aside-7",
    "sidechain/parent",
    "streaming_blocks",
    "subagent/agent-a1b2c3",
    "subagent/parent",
    "synthetic",
    "tools",
    "typed_prompts",
    "undercount",
];

fn fixture(name: &str) -> Recorded {
    read_fixture(&ClaudeCode, &format!("{FOLDER}/{name}.jsonl"))
}

fn bytes(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(FOLDER).join(format!("{name}.jsonl"))).unwrap()
}

#[test]
fn every_fixture_reads_as_its_snapshot_says() {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| {
        for name in FIXTURES {
            insta::assert_snapshot!(name.replace('/', "."), fixture(name).snapshot());
        }
    });
}

/// What the lake keeps of several files: one row a key, the larger version, then the smaller session id.
fn kept(files: &[Recorded]) -> BTreeMap<Key, Event> {
    let mut kept: BTreeMap<Key, Event> = BTreeMap::new();
    for event in files.iter().flat_map(|file| &file.events).map(|(_, event)| event) {
        let better = |old: &Event| (event_version(event), &old.session_id) > (event_version(old), &event.session_id);
        let key = event_key("claude_code", event);
        if kept.get(&key).is_none_or(better) {
            kept.insert(key, event.clone());
        }
    }
    kept
}

/// Summed tokens of what is kept.
fn sums(kept: &BTreeMap<Key, Event>) -> Tokens {
    let mut sums = Tokens::default();
    for tokens in kept.values().map(|event| event.tokens) {
        let pairs = [
            (&mut sums.input, tokens.input),
            (&mut sums.output, tokens.output),
            (&mut sums.cache_read, tokens.cache_read),
            (&mut sums.cache_write, tokens.cache_write),
            (&mut sums.cache_write_1h, tokens.cache_write_1h),
        ];
        for (sum, count) in pairs {
            *sum = Some(sum.unwrap_or(0) + count.unwrap_or(0));
        }
    }
    sums
}

fn counts(kept: &BTreeMap<Key, Event>) -> [usize; 4] {
    [Kind::Prompt, Kind::Completion, Kind::ToolCall, Kind::ToolResult]
        .map(|kind| kept.values().filter(|event| event.kind == kind).count())
}

#[test]
fn resumed_and_forked_history_is_counted_once_in_any_order() {
    let names = ["resume/original", "resume/copy", "resume/fork_cli", "resume/fork_sdk"];
    let original = kept(&[fixture("resume/original")]);
    assert_eq!(counts(&original), [1, 2, 1, 1]);
    let forwards = kept(&names.map(fixture));
    let backwards = kept(&[3, 2, 1, 0].map(|index| fixture(names[index])));
    // Three new prompts and one new response stand in the copies.
    assert_eq!(counts(&forwards), [4, 3, 1, 1]);
    assert_eq!(forwards, backwards);
    for key in original.keys() {
        assert_eq!(forwards[key].session_id, original[key].session_id);
    }
}

/// Nothing in a history that was copied without `forkedFrom` tells which of the two sessions is the older.
#[test]
fn a_resumed_session_whose_id_begins_smaller_has_all_of_the_history_and_no_step_counts_twice() {
    let resumed = "1b0e0a4e-0000-4000-8000-000000000002";
    let text = String::from_utf8(bytes("resume/copy")).unwrap();
    let text = text.replace("5b0e0a4e-0000-4000-8000-000000000002", resumed);
    let copy = || read_bytes(&ClaudeCode, "x.jsonl", text.as_bytes());
    let both = kept(&[fixture("resume/original"), copy()]);
    assert_eq!(both, kept(&[copy(), fixture("resume/original")]));
    assert_eq!(both, kept(&[copy()]), "counts and tokens are those of the copy alone");
    assert!(both.values().all(|event| event.session_id == resumed));
}

#[test]
fn a_sidechain_replay_is_dropped_and_its_own_answer_counts() {
    let parent = kept(&[fixture("sidechain/parent")]);
    let both = kept(&[fixture("sidechain/agent-aside-7"), fixture("sidechain/parent")]);
    assert_eq!(counts(&both), [2, 3, 1, 1]);
    assert!(parent.iter().all(|(key, event)| both[key] == *event));
}

#[test]
fn what_hooks_say_is_nobodys_prompt_and_starts_no_turn() {
    let hooks = kept(&[fixture("hooks")]);
    assert_eq!(counts(&hooks), [2, 3, 0, 0]);
    assert!(hooks.values().all(|event| event.trigger_evidence != Some("no_prompt_in_file")));
    let words = |id: &str| hooks.values().find(|event| event.event_id.as_deref() == Some(id)).unwrap().text.clone();
    let typed = read_bytes(&ClaudeCode, "x.jsonl", &{
        let line = String::from_utf8(bytes("hooks")).unwrap().lines().nth(2).unwrap().to_owned();
        line.replace("<user-prompt-submit-hook>ticket SHOP-7 is open</user-prompt-submit-hook>", "").into_bytes()
    });
    assert_eq!(words("o-03"), typed.events[0].1.text);
}

#[test]
fn iterations_and_the_report_of_a_subagent_are_not_added_to_the_usage() {
    let mixed = sums(&kept(&[fixture("mixed_blocks")]));
    assert_eq!(
        (mixed.input, mixed.output, mixed.cache_read, mixed.cache_write),
        (Some(9), Some(65), Some(36_100), Some(100))
    );
    // The result of the Task call repeats the usage of the subagent, whose own lines have counted it: 60, 1 and 6.
    assert_eq!(sums(&kept(&[fixture("subagent/parent")])).output, Some(67));
}

#[test]
fn an_advisors_requests_count_once_and_under_their_own_model() {
    let advised = kept(&[fixture("advisor"), fixture("advisor")]);
    let of = |id: &str| {
        advised.values().find(|event| event.event_id.as_deref() == Some(id) && event.kind == Kind::Completion)
    };
    let response = of("msg_syn200").unwrap();
    assert_eq!((response.tokens.input, response.tokens.output), (Some(10), Some(105)));
    let (first, second) = (of("msg_syn200:advisor:1").unwrap(), of("msg_syn200:advisor:2").unwrap());
    assert_eq!(
        (first.model.as_deref(), second.model.as_deref()),
        (Some("claude-opus-4-8"), Some("claude-opus-4-8-fast"))
    );
    assert_eq!(
        (first.session_id.as_str(), first.trigger, first.ts_us),
        (response.session_id.as_str(), response.trigger, response.ts_us)
    );
    let sums = sums(&advised);
    // The responses, then what the advisor read and wrote for them.
    assert_eq!((sums.input, sums.output), (Some(10 + 3 + 3 + 700 + 20), Some(105 + 7 + 8 + 1600 + 900)));
    assert_eq!((sums.cache_read, sums.cache_write), (Some(27_100 + 27_200 + 27_300 + 600), Some(100 + 300)));
}

#[test]
fn ids_that_are_empty_or_drawn_from_few_join_no_two_responses() {
    let responses: Vec<(Option<String>, Option<i64>)> = kept(&[fixture("missing_ids")])
        .into_values()
        .filter(|event| event.kind == Kind::Completion && event.tokens.output >= Some(16))
        .map(|event| (event.event_id, event.tokens.output))
        .collect();
    let named: BTreeMap<_, _> = responses.into_iter().collect();
    let expected = [("i-07", 16), ("i-08", 17), ("i-09", 18), ("i-10", 19), ("i-12", 20)];
    assert_eq!(named, expected.map(|(id, output)| (Some(id.to_owned()), Some(output))).into());
}

#[test]
fn a_request_that_was_interrupted_after_results_is_said_to_be_missing() {
    let read = kept(&[fixture("commands_and_interrupts")]);
    let marker = |id: &str| {
        let found = read.values().find(|event| event.kind == Kind::Completion && event.event_id.as_deref() == Some(id));
        found.map(|event| (event.marker, event.token_basis))
    };
    let (reported, absent) = (Some(TokenBasis::Reported), Some(TokenBasis::Absent));
    // Whole and answered: the request after it was stopped.
    assert_eq!(marker("msg_syn97"), Some((None, reported)));
    assert_eq!(marker("c-15"), Some((Some("interrupt"), absent)));
    // Still being written, or not answered: it was stopped itself.
    for (response, stop) in [("msg_syn98", "c-19"), ("msg_syn99", "c-22"), ("msg_syn96", "c-11")] {
        assert_eq!((marker(response), marker(stop)), (Some((Some("interrupt"), reported)), None), "{response}");
    }
}

#[test]
fn an_inlined_subagent_and_its_own_file_are_one() {
    let parent = fixture("subagent/parent");
    let both = kept(&[parent, fixture("subagent/agent-a1b2c3")]);
    assert_eq!(counts(&both), [2, 3, 2, 2]);
    let agent: Vec<&Event> = both.values().filter(|event| event.parent_session_id.is_some()).collect();
    assert_eq!(agent.len(), 5);
    assert!(agent.iter().all(|event| event.session_id == "5b0e0a4e-0000-4000-8000-000000000001/agent-a1b2c3"));
    assert_eq!(agent.iter().filter_map(|event| event.tokens.output).max(), Some(19));
}

#[test]
fn recognition_is_by_content() {
    let probe = |path: &str, head: &[u8]| {
        let options = SourceOptions::default();
        ClaudeCode.recognises(&Probe { path: Path::new(path), unit: Unit::File, head, options: &options })
    };
    for name in FIXTURES {
        assert!(probe("/anywhere/x.jsonl", &bytes(name)), "{name}");
    }
    assert!(probe("x.jsonl.zst", &bytes("subagent/agent-a1b2c3")));
    assert!(probe("x.jsonl.1", &bytes("edits")));
    assert!(probe("x.jsonl", &bytes("resume/original")[..300]), "a first line that the probe cuts");
    assert!(probe("x.jsonl", br#"{"type":"summary","summary":"integer cents","leafUuid":"a-03"}"#));
    assert!(probe("x.jsonl", br#"{"type":"user","session\u0049d":"s","message":null}"#), "a name with escapes");
    assert!(!probe("x.jsonl", br#"{"type":"summary","text":"of another tool"}"#));
    assert!(!probe("x.json", &bytes("edits")));
    assert!(!probe("x.jsonl", br#"{"timestamp":"2026-06-01T10:00:00Z","type":"session_meta","payload":{"id":"t"}}"#));
    assert!(!probe("x.jsonl", br#"{"type":"message","id":"m","parentId":null,"message":{"role":"user"}}"#));
    assert!(!probe("x.jsonl", b""));
    assert!(!probe("x.jsonl", b"\xff\xfe"));
}

#[test]
fn compressed_files_read_like_plain_ones() {
    let plain = fixture("tools");
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(&bytes("tools")).unwrap();
    assert_eq!(read_bytes(&ClaudeCode, "x.jsonl.gz", &gzip.finish().unwrap()).events, plain.events);
    let zstd = zstd::encode_all(bytes("tools").as_slice(), 1).unwrap();
    assert_eq!(read_bytes(&ClaudeCode, "x.jsonl.zst", &zstd).events, plain.events);
}

#[test]
fn a_torn_last_line_waits_for_the_rest() {
    let whole = bytes("resume/original");
    let last_line = whole[..whole.len() - 1].iter().rposition(|&byte| byte == b'\n').unwrap() + 1;
    for end in [last_line + 1, last_line + 100, whole.len() - 2] {
        let (input, _guard) = input_of("x.jsonl", &whole[..end]);
        let mut sink = Recorded::default();
        assert_eq!(ClaudeCode.read(&input, &mut sink).unwrap(), last_line as u64);
        assert_eq!(sink.reasons(), ["torn_line"]);
    }
    let without_newline = read_bytes(&ClaudeCode, "x.jsonl", &whole[..whole.len() - 1]);
    assert_eq!(without_newline.events, fixture("resume/original").events);
}

#[test]
fn bombs_are_one_reject_each() {
    let mut bomb = "[".repeat(100_000).into_bytes();
    bomb.push(b'\n');
    bomb.extend_from_slice(br#"{"type":"user","sessionId":"s","x":"#);
    bomb.extend_from_slice(&b"{\"a\":".repeat(100_000));
    bomb.push(b'\n');
    bomb.extend_from_slice(b"\xff\xfe\n");
    bomb.extend_from_slice(&bytes("resume/original"));
    let read = read_bytes(&ClaudeCode, "x.jsonl", &bomb);
    assert_eq!(read.reasons(), ["too_deep", "too_deep", "bad_utf8"]);
    assert_eq!(read.events.len(), fixture("resume/original").events.len());

    let (mut input, _guard) = input_of("x.jsonl", &bytes("resume/original"));
    input.limits.line_bytes = 600;
    let mut sink = Recorded::default();
    ClaudeCode.read(&input, &mut sink).unwrap();
    assert!(sink.reasons().contains(&"line_too_long"));
}

#[test]
fn memory_is_bounded_in_threads_and_calls() {
    let mut lines = String::new();
    for index in 0..3000 {
        let line = serde_json::json!({
            "type": "assistant", "uuid": format!("u{index}"), "sessionId": "s", "isSidechain": true,
            "agentId": format!("a{index}"), "timestamp": "2026-06-01T09:00:00Z",
            "message": {"id": format!("msg_{index}"), "model": "claude-x", "stop_reason": "tool_use",
                "usage": {"output_tokens": 1},
                "content": [{"type": "tool_use", "id": format!("toolu_{index}"), "name": "Read", "input": {}}]},
        });
        lines.push_str(&format!("{line}\n"));
    }
    let read = read_bytes(&ClaudeCode, "x.jsonl", lines.as_bytes());
    assert_eq!(counts(&kept(&[read])), [0, 3000, 3000, 0]);
}

#[test]
fn one_response_of_very_many_lines_is_read_in_linear_time_and_counted_once() {
    let mut lines = String::new();
    for index in 0..20_000 {
        lines.push_str(&format!(
            r#"{{"type":"assistant","uuid":"u{index}","sessionId":"s","timestamp":"2026-06-01T09:00:00Z","message":{{"id":"msg_1","usage":{{"output_tokens":{index}}},"content":[]}}}}"#,
        ));
        lines.push('\n');
    }
    let read = read_bytes(&ClaudeCode, "x.jsonl", lines.as_bytes());
    assert_eq!(read.events.len(), 1);
    assert_eq!(read.events[0].1.tokens.output, Some(19_999));
}

fn any_fixture() -> impl Strategy<Value = &'static str> {
    prop::sample::select(FIXTURES)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn broken_bytes_never_panic(
        name in any_fixture(),
        end in 0.0..1.0f64,
        changes in prop::collection::vec((0.0..1.0f64, any::<u8>()), 0..20),
    ) {
        let mut bytes = bytes(name);
        bytes.truncate((bytes.len() as f64 * end) as usize);
        for (place, value) in changes {
            let place = (bytes.len() as f64 * place) as usize;
            if let Some(byte) = bytes.get_mut(place) {
                *byte = value;
            }
        }
        read_bytes(&ClaudeCode, "x.jsonl", &bytes);
    }

    #[test]
    fn doubled_lines_change_nothing(name in any_fixture(), repeats in prop::collection::vec(1usize..4, 40)) {
        let once = bytes(name);
        let doubled: Vec<u8> = once
            .split_inclusive(|&byte| byte == b'\n')
            .zip(repeats.iter().cycle())
            .flat_map(|(line, &count)| line.repeat(count))
            .collect();
        let once = kept(&[read_bytes(&ClaudeCode, "x.jsonl", &once)]);
        let doubled = kept(&[read_bytes(&ClaudeCode, "x.jsonl", &doubled)]);
        prop_assert_eq!(once.keys().collect::<Vec<_>>(), doubled.keys().collect::<Vec<_>>());
        prop_assert_eq!(sums(&once), sums(&doubled));
    }
}

fn jsonl_files(directory: &Path) -> Vec<std::path::PathBuf> {
    walkdir::WalkDir::new(directory)
        .sort_by_file_name()
        .into_iter()
        .map(|entry| entry.unwrap().into_path())
        .filter(|path| path.is_file() && path.to_string_lossy().contains(".jsonl"))
        .collect()
}

/// Prints what a directory holds per day (UTC) and model, to be compared with other readers:
/// `FOOTLIGHT_TOTALS_DIR=... cargo test --no-default-features --lib -- --ignored --nocapture claude_code::tests::totals`.
#[test]
#[ignore = "reads a directory named by the environment"]
fn totals() {
    let directory = std::env::var("FOOTLIGHT_TOTALS_DIR").unwrap();
    let files: Vec<Recorded> = jsonl_files(Path::new(&directory))
        .iter()
        .map(|path| {
            let mut sink = Recorded::default();
            ClaudeCode.read(&file_input(path, &path.to_string_lossy()), &mut sink).unwrap();
            sink
        })
        .collect();
    let mut days: BTreeMap<(String, String), [i64; 5]> = BTreeMap::new();
    let mut kinds: BTreeMap<String, u64> = BTreeMap::new();
    for event in kept(&files).values() {
        *kinds
            .entry(format!("{} {} {}", event.kind, event.trigger, event.trigger_evidence.unwrap_or("")))
            .or_default() += 1;
        if event.kind != Kind::Completion {
            continue;
        }
        let day = jiff::Timestamp::from_microsecond(event.ts_us).unwrap().strftime("%Y-%m-%d").to_string();
        let row = days.entry((day, event.model.clone().unwrap_or_default())).or_default();
        let tokens = &event.tokens;
        for (sum, count) in
            row.iter_mut().zip([tokens.input, tokens.output, tokens.cache_write, tokens.cache_read, Some(1)])
        {
            *sum += count.unwrap_or(0);
        }
    }
    println!("day\tmodel\tinput\toutput\tcache_write\tcache_read\tresponses");
    for ((day, model), [input, output, cache_write, cache_read, responses]) in days {
        println!("{day}\t{model}\t{input}\t{output}\t{cache_write}\t{cache_read}\t{responses}");
    }
    let mut rejects: BTreeMap<&str, u64> = BTreeMap::new();
    let mut ignored: BTreeMap<&str, u64> = BTreeMap::new();
    for file in &files {
        file.reasons().into_iter().for_each(|reason| *rejects.entry(reason).or_default() += 1);
        file.ignored.iter().for_each(|(kind, count)| *ignored.entry(kind).or_default() += count);
    }
    println!("{kinds:#?}\n{rejects:#?}\n{ignored:#?}");
}
