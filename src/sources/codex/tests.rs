//! Fixtures of invented rollouts, one a trap, and the properties that hold for any of them.

use super::Codex;
use crate::events::ids::{Key, event_key, event_version};
use crate::events::{Event, Kind, Trigger};
use crate::sources::testing::{Recorded, file_input, read_bytes, read_fixture};
use crate::sources::{Probe, Source, Unit};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::path::Path;

fn fixture(name: &str) -> Recorded {
    read_fixture(&Codex, &format!("src/sources/codex/fixtures/{name}.jsonl"))
}

fn fixture_bytes(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("src/sources/codex/fixtures/{name}.jsonl")))
        .unwrap()
}

fn assert_fixture(name: &str) {
    insta::with_settings!({ snapshot_path => "snapshots", prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!(name, fixture(name).snapshot());
    });
}

/// What the lake keeps of several files: of each step the fullest copy.
fn kept<'a>(files: impl IntoIterator<Item = &'a Recorded>) -> BTreeMap<Key, Event> {
    let mut kept: BTreeMap<Key, Event> = BTreeMap::new();
    for (_, event) in files.into_iter().flat_map(|file| &file.events) {
        let key = event_key("codex", event);
        let better = kept.get(&key).is_none_or(|known| event_version(event) > event_version(known));
        if better {
            kept.insert(key, event.clone());
        }
    }
    kept
}

#[test]
fn counters_become_deltas() {
    assert_fixture("counters");
}

#[test]
fn compaction_repeats_no_prompt_and_no_usage_and_equal_times_keep_both_responses() {
    assert_fixture("compaction");
    let read = kept([&fixture("compaction")]);
    assert_eq!(read.values().filter(|event| event.kind == Kind::Prompt).count(), 1);
    let sum = |count: fn(&Event) -> Option<i64>| read.values().filter_map(count).sum::<i64>();
    // The last total: 5,000 of input with 2,000 from the cache, 340 of output.
    assert_eq!((sum(|e| e.tokens.input), sum(|e| e.tokens.cache_read), sum(|e| e.tokens.output)), (3_000, 2_000, 340));
    // Before the first turn context the model is not known, and is no guess.
    let mut models: Vec<_> = read.values().map(|event| (event.ts_us, event.model.as_deref())).collect();
    models.sort_unstable();
    assert_eq!(
        models.iter().map(|(_, model)| *model).collect::<Vec<_>>(),
        [None, None, Some("gpt-5.5"), Some("gpt-5.5"), Some("gpt-5.5")]
    );
}

#[test]
fn an_archived_copy_is_the_same_steps() {
    for name in ["counters", "tools", "fork_parent", "fork_restamped", "fork_kept", "compaction"] {
        let bytes = fixture_bytes(name);
        let archived = read_bytes(&Codex, "archived_sessions/rollout-2026-06-01T10-00-00-x.jsonl", &bytes);
        let active = fixture(name);
        assert_eq!(kept([&active, &archived]), kept([&active]), "{name}");
    }
}

#[test]
fn a_first_line_of_a_megabyte_is_read() {
    let meta = format!(
        r#"{{"timestamp":"2026-06-01T10:00:00Z","type":"session_meta","payload":{{"id":"t","source":"cli","originator":"codex-tui","base_instructions":{{"text":"{}"}}}}}}"#,
        "long ".repeat(220_000)
    );
    let prompt =
        r#"{"timestamp":"2026-06-01T10:00:05Z","type":"event_msg","payload":{"type":"user_message","message":"go"}}"#;
    let read = read_bytes(&Codex, "rollout-x.jsonl", format!("{meta}\n{prompt}\n").as_bytes());
    assert!(read.rejects.is_empty(), "{:?}", read.rejects);
    assert_eq!((read.events[0].1.session_id.as_str(), read.events[0].1.trigger), ("t", Trigger::Human));
}

#[test]
fn a_call_has_one_result_and_a_patch_its_lines_once() {
    assert_fixture("tools");
}

#[test]
fn prompts_are_what_a_person_typed() {
    assert_fixture("prompts");
}

#[test]
fn bad_lines_are_rejected_and_the_rest_is_read() {
    assert_fixture("faults");
}

#[test]
fn a_fork_that_overwrote_the_times_of_its_history_counts_its_own_part() {
    assert_fixture("fork_restamped");
}

#[test]
fn a_fork_that_kept_the_times_repeats_the_very_steps_of_its_parent() {
    assert_fixture("fork_kept");
    let parent = kept([&fixture("fork_parent")]);
    let fork = kept([&fixture("fork_kept")]);
    let shared: Vec<_> = fork.iter().filter(|(key, _)| parent.contains_key(*key)).collect();
    assert_eq!(shared.len(), 5);
    assert!(shared.iter().all(|(key, event)| parent[*key] == **event));
}

#[test]
fn a_family_counts_its_history_once_in_any_order() {
    let names = ["fork_parent", "fork_restamped", "fork_kept"];
    let files = names.map(fixture);
    let mut all = Vec::new();
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        all.push(kept(order.map(|index| &files[index])));
    }
    assert!(all.windows(2).all(|pair| pair[0] == pair[1]));
    let output: i64 = all[0].values().filter_map(|event| event.tokens.output).sum();
    // The parent's 400, then 80 of the subagent and 60 of the fork.
    assert_eq!(output, 400 + 80 + 60);
}

#[test]
fn a_fork_whose_introduction_is_lost_is_still_not_its_parent() {
    let parent = fixture("fork_parent");
    for (name, thread, output) in [
        ("fork_restamped", "019e8226-b3b8-7000-8000-000000000002", 80),
        ("fork_kept", "019e8226-b7a0-7000-8000-000000000003", 60),
    ] {
        let bytes = fixture_bytes(name);
        let second_line = bytes.iter().position(|&byte| byte == b'\n').unwrap();
        for first_line in [b"{\"timestamp\":\"2026-".as_slice(), b""] {
            let bytes = [first_line, &bytes[second_line + usize::from(first_line.is_empty())..]].concat();
            let fork = read_bytes(&Codex, &format!("rollout-2026-06-01T07-47-15-{thread}.jsonl"), &bytes);
            let family = kept([&parent, &fork]);
            let sum: i64 = family.values().filter_map(|event| event.tokens.output).sum();
            assert_eq!(sum, 400 + output, "{name}");
            let own: Vec<_> = family.values().filter(|event| event.session_id == thread).collect();
            assert_eq!(own.iter().filter_map(|event| event.tokens.output).sum::<i64>(), output, "{name}");
        }
        // Under the name of an older thread, or one that tells no time, the first to introduce itself is the file's own.
        for other in ["019e0000-0000-7000-8000-000000000009", "fork"] {
            let renamed = read_bytes(&Codex, &format!("rollout-2026-06-01T07-47-15-{other}.jsonl"), &bytes);
            assert_eq!(renamed.events, fixture(name).events, "{name}");
        }
    }
}

#[test]
fn a_fork_goes_on_with_the_model_and_zone_of_its_copied_turns_but_not_with_their_approval() {
    let fork = String::from_utf8(fixture_bytes("fork_restamped")).unwrap();
    let mut lines: Vec<String> =
        fork.lines().filter(|line| !line.contains("gpt-5.5-mini")).map(str::to_owned).collect();
    lines[3] = lines[3].replace("on-request", "never");
    lines.push(
        r#"{"timestamp":"2026-06-01T07:47:28.000Z","type":"response_item","payload":{"type":"function_call","name":"exec_command","arguments":"{}","call_id":"call_c1"}}"#
            .to_owned(),
    );
    let read = read_bytes(&Codex, "rollout-x.jsonl", (lines.join("\n") + "\n").as_bytes());
    assert_eq!(read.events.len(), 3);
    for (_, event) in &read.events {
        assert_eq!((event.model.as_deref(), event.utc_offset_min, event.approval), (Some("gpt-5.5"), Some(120), None));
    }
}

#[test]
fn calls_without_arguments_in_the_log_equal_none() {
    let line = |payload: &str| {
        format!(r#"{{"timestamp":"2026-06-01T10:00:05Z","type":"response_item","payload":{{{payload}}}}}"#) + "\n"
    };
    let lines = [
        line(r#""type":"function_call","name":"exec_command","call_id":"c1""#),
        line(r#""type":"custom_tool_call","name":"apply_patch","call_id":"c2""#),
        line(r#""type":"web_search_call","id":"c3""#),
        line(r#""type":"function_call","name":"exec_command","arguments":"{}","call_id":"c4""#),
        line(r#""type":"custom_tool_call","name":"apply_patch","input":"","call_id":"c5""#),
    ];
    let read = read_bytes(&Codex, "rollout-x.jsonl", lines.concat().as_bytes());
    let hashes: Vec<_> = read.events.iter().map(|(_, event)| event.call_hash.is_some()).collect();
    assert_eq!(hashes, [false, false, false, true, true]);
}

#[test]
fn who_starts_a_thread_is_claimed_only_where_a_field_says_so() {
    let cases = [
        (r#""originator":"codex-tui","source":"cli""#, Trigger::Human, Some("source=cli")),
        (r#""originator":"codex_vscode","source":"vscode""#, Trigger::Human, Some("source=vscode")),
        (r#""originator":"my-scheduler","source":"vscode""#, Trigger::Unknown, None),
        (r#""originator":"codex_exec","source":"exec""#, Trigger::Unknown, Some("source=exec")),
        (r#""originator":"codex_exec","source":{"subagent":"review"}"#, Trigger::Agent, Some("source=subagent")),
        (
            r#""originator":"codex-tui","source":"cli","thread_source":"subagent""#,
            Trigger::Agent,
            Some("thread_source=subagent"),
        ),
        (
            r#""originator":"Codex Desktop","source":"vscode","thread_source":"automation""#,
            Trigger::Schedule,
            Some("thread_source=automation"),
        ),
        (r#""originator":"codex-tui","source":"cli","thread_source":"user""#, Trigger::Human, Some("source=cli")),
        (
            r#""originator":"codex-tui","source":"cli","thread_source":"memory_consolidation""#,
            Trigger::Unknown,
            Some("thread_source=other"),
        ),
        (r#""originator":"codex_cli_rs""#, Trigger::Human, Some("originator")),
        (r#""source":"mcp""#, Trigger::Unknown, None),
    ];
    for (fields, trigger, evidence) in cases {
        let lines = format!(
            "{{\"timestamp\":\"2026-06-01T10:00:00Z\",\"type\":\"session_meta\",\"payload\":{{\"id\":\"t\",{fields}}}}}\n\
             {{\"timestamp\":\"2026-06-01T10:00:05Z\",\"type\":\"event_msg\",\"payload\":{{\"type\":\"user_message\",\"message\":\"go\"}}}}\n"
        );
        let read = read_bytes(&Codex, "rollout-x.jsonl", lines.as_bytes());
        let event = &read.events[0].1;
        assert_eq!((event.trigger, event.trigger_evidence), (trigger, evidence), "{fields}");
    }
}

fn recognised(name: &str, head: &[u8]) -> bool {
    let options = Default::default();
    Codex.recognises(&Probe { path: Path::new(name), unit: Unit::File, head, options: &options })
}

#[test]
fn rollouts_are_recognised_by_content_even_when_the_first_line_is_longer_than_the_probe() {
    let meta = format!(
        r#"{{"timestamp":"2026-06-01T10:00:00.000Z","type":"session_meta","payload":{{"id":"t","base_instructions":{{"text":"{}"}}}}}}"#,
        "long ".repeat(40_000)
    );
    assert!(recognised("anything.txt", meta.as_bytes()));
    assert!(recognised("anything.txt", &meta.as_bytes()[..64 * 1024]));
    for stranger in [
        r#"{"type":"user","timestamp":"2026-06-01T09:00:00.000Z","message":{"role":"user","content":"hi"}}"#,
        r#"{"type":"turn.completed","usage":{"input_tokens":1}}"#,
        r#"{"timestamp":"2026-06-01T10:00:00.000Z","type":"other","payload":{}}"#,
        "",
        "\u{0}\u{1}",
    ] {
        assert!(!recognised("rollout-x.jsonl", stranger.as_bytes()), "{stranger}");
    }
}

#[test]
fn a_rollout_without_its_first_line_takes_the_thread_from_its_name() {
    let line =
        r#"{"timestamp":"2026-06-01T10:00:05Z","type":"event_msg","payload":{"type":"user_message","message":"go"}}"#;
    let name = "rollout-2026-06-01T10-00-00-019e0000-0000-7000-8000-000000000009.jsonl.gz";
    let read = read_bytes(&Codex, name, format!("{line}\n").as_bytes());
    assert_eq!(read.events[0].1.session_id, "019e0000-0000-7000-8000-000000000009");
}

#[test]
fn a_depth_bomb_is_one_reject() {
    let bomb = format!(
        "{{\"timestamp\":\"2026-06-01T10:00:00Z\",\"type\":\"event_msg\",\"payload\":{}\n",
        "[".repeat(100_000)
    );
    let closed = format!(
        "{{\"timestamp\":\"2026-06-01T10:00:00Z\",\"type\":\"turn_context\",\"payload\":{{\"approval_policy\":{}1{}}}}}\n",
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    let read = read_bytes(&Codex, "rollout-x.jsonl", (bomb + &closed).as_bytes());
    assert_eq!(read.reasons(), ["bad_json", "too_deep"]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    /// Wherever a file is cut, what stands before the cut is read as in the whole file, nothing is read twice and
    /// the committed part ends with a whole line.
    #[test]
    fn a_file_cut_at_any_byte_loses_only_its_tail(share in 0.0f64..1.0) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/sources/codex/fixtures/counters.jsonl");
        let whole = std::fs::read(&path).unwrap();
        let cut = (whole.len() as f64 * share) as usize;
        let (input, _guard) = crate::sources::testing::input_of("rollout-x.jsonl", &whole[..cut]);
        let mut part = Recorded::default();
        let end = Codex.read(&input, &mut part).unwrap() as usize;
        prop_assert!(end == cut || end == 0 || whole[end - 1] == b'\n');
        prop_assert!(part.rejects.iter().all(|reject| matches!(reject.1.as_str(), "torn_line" | "out_of_range")));
        let full = fixture("counters");
        prop_assert_eq!(&part.events[..], &full.events[..part.events.len()]);
    }

    /// Any bytes end as events, ignored kinds or rejects, and never as a panic.
    #[test]
    fn noise_is_survived(noise in prop::collection::vec(any::<u8>(), 0..400)) {
        let mut bytes = std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/sources/codex/fixtures/tools.jsonl")).unwrap();
        let middle = bytes.len() / 2;
        bytes.splice(middle..middle, noise);
        let read = read_bytes(&Codex, "rollout-x.jsonl", &bytes);
        prop_assert!(!read.events.is_empty());
    }
}

/// Prints totals a day (UTC) and model of the rollouts below `FOOTLIGHT_TOTALS_DIR`, to be held against another reader's.
#[test]
#[ignore = "reads a directory that the caller names"]
fn totals_of_a_directory() {
    let root = std::env::var("FOOTLIGHT_TOTALS_DIR").unwrap();
    let mut files = Vec::new();
    for entry in walkdir::WalkDir::new(&root).sort_by_file_name().into_iter().map(Result::unwrap) {
        if entry.file_type().is_file() {
            let mut sink = Recorded::default();
            let input = file_input(entry.path(), &entry.path().display().to_string());
            Codex.read(&input, &mut sink).unwrap();
            files.push(sink);
        }
    }
    let mut totals: BTreeMap<(String, String), [i64; 5]> = BTreeMap::new();
    for event in kept(&files).values().filter(|event| event.kind == Kind::Completion) {
        let day = jiff::Timestamp::from_microsecond(event.ts_us).unwrap().strftime("%Y-%m-%d").to_string();
        let sums = totals.entry((day, event.model.clone().unwrap_or_default())).or_default();
        let tokens = &event.tokens;
        for (sum, count) in
            sums.iter_mut().zip([tokens.input, tokens.cache_read, tokens.output, tokens.reasoning, Some(1)])
        {
            *sum += count.unwrap_or(0);
        }
    }
    for ((day, model), sums) in totals {
        println!(
            "{day} {model} input {} cache_read {} output {} reasoning {} responses {}",
            sums[0], sums[1], sums[2], sums[3], sums[4]
        );
    }
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for file in &files {
        for (_, event) in &file.events {
            *kinds.entry(event.kind.as_str()).or_default() += 1;
        }
        for reason in file.reasons() {
            *kinds.entry(reason).or_default() += 1;
        }
    }
    println!("{kinds:?}");
}
