//! Whole files against snapshots, one fixture a trap, and what must hold for every file.
//! Every fixture is invented; `fixtures/home` is laid out as the product lays out a home directory.

use super::*;
use crate::events::ids::{Key, event_key, fact_key};
use crate::events::{Kind, Trigger};
use crate::sources::testing::{Recorded, file_input, read_bytes};
use crate::sources::{OpenClawPlatform, SourceOptions, Unit};
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const SESSIONS: &str = ".openclaw/agents/main/sessions/9d1c0000-0000-4000-8000-0000000000";

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/sources/openclaw/fixtures/home").join(name)
}

/// An in-house platform that no line of this crate knows.
fn meshdesk() -> SourceOptions {
    let configuration = r#"
        [[openclaw]]
        name = "meshdesk"
        roots = [".meshdesk"]
        schedule_words = ["routine", "pulse"]
        agent_words = ["helper"]
        schedule_prefixes = ["[Meshdesk pulse]"]
        idle_answers = ["ALL_QUIET"]
        chat_systems = ["deskchat"]
    "#;
    toml::from_str(configuration).unwrap()
}

fn probe_form(path: &Path, options: &SourceOptions) -> Option<Form> {
    let head = std::fs::read(path).unwrap();
    Form::of(&Probe { path, unit: Unit::File, head: &head[..head.len().min(crate::sources::PROBE_BYTES)], options })
}

fn read_with(name: &str, options: &SourceOptions) -> Recorded {
    let path = fixture(name);
    assert!(probe_form(&path, options).is_some(), "{name} is not recognised");
    let mut input = file_input(&path, name);
    input.options = Arc::new(options.clone());
    let mut sink = Recorded::default();
    let end = OpenClaw.read(&input, &mut sink).unwrap();
    let torn = sink.reasons().contains(&"torn_line");
    match probe_form(&path, options) {
        Some(Form::Nothing(_)) => assert_eq!(end, 0, "{name} must not be known by its content"),
        _ => assert_eq!(end == std::fs::metadata(&path).unwrap().len(), !torn, "the committed part of {name}"),
    }
    sink
}

fn read(name: &str) -> Recorded {
    read_with(name, &SourceOptions::default())
}

fn check(snapshot: &str, recorded: &Recorded) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(snapshot, recorded.snapshot()));
}

#[test]
fn heartbeats_that_did_nothing_and_those_that_did() {
    check("heartbeat", &read(&format!("{SESSIONS}0a.jsonl")));
}

#[test]
fn what_started_each_run() {
    check("triggers", &read(&format!("{SESSIONS}0b.jsonl")));
}

#[test]
fn people_in_channels_and_windows() {
    check("channel", &read(&format!("{SESSIONS}0c-topic-77.jsonl")));
}

#[test]
fn tools_and_the_lines_they_wrote_in_an_archived_file() {
    check("tools", &read(&format!("{SESSIONS}0d.jsonl.reset.2026-05-06T11-00-00.000Z")));
}

#[test]
fn usage_money_errors_and_mirrors_in_a_deleted_file() {
    check("usage", &read(&format!("{SESSIONS}0e.jsonl.deleted.1778070000000")));
}

#[test]
fn damaged_lines_are_rejected_and_the_rest_is_read() {
    check("damaged", &read(&format!("{SESSIONS}11.jsonl")));
}

#[test]
fn trajectories_give_facts_and_no_tokens() {
    let recorded = read(&format!("{SESSIONS}0a.trajectory.jsonl"));
    assert!(recorded.events.is_empty());
    check("trajectory", &recorded);
}

#[test]
fn the_session_index_gives_facts_and_no_tokens() {
    let recorded = read(".openclaw/agents/main/sessions/sessions.json");
    assert!(recorded.events.is_empty());
    check("sessions", &recorded);
}

#[test]
fn cron_runs_and_jobs() {
    check("cron_runs", &read(".openclaw/cron/runs/job-1.jsonl"));
    check("cron_jobs", &read(".openclaw/cron/jobs.json"));
}

#[test]
fn a_spare_copy_does_not_stand_for_the_original() {
    let directory = Path::new("/h/.openclaw/agents/a/sessions");
    for (name, spare) in [
        ("s.jsonl", false),
        ("s.jsonl.gz", false),
        ("s.jsonl.bak-7-1778072000000", true),
        ("s.jsonl.bak-7-1778072000000.zst", true),
        ("s.jsonl.reset.2026-05-06T11-00-00.000Z", false),
        ("s.jsonl.deleted.1778072000000", false),
        ("sessions.json", false),
        ("sessions.json.gz", false),
        ("sessions.json.3f0c.tmp", true),
        ("jobs.json", false),
        ("jobs.json.zst", false),
        ("jobs.json.bak", true),
    ] {
        assert_eq!(OpenClaw.is_spare_copy(&directory.join(name)), spare, "{name}");
    }
}

#[test]
fn an_exported_bundle_is_read_once() {
    let bundle = "exports/openclaw-trajectory-9d1c-2026-09-20/";
    check("bundle_branch", &read(&format!("{bundle}session-branch.json")));
    check("bundle_events", &read(&format!("{bundle}events.jsonl")));
    assert_eq!(read(&format!("{bundle}manifest.json")).snapshot(), "ignored trajectory_bundle 1\n");
    let nameless = read_bytes(&OpenClaw, "x/session-branch.json", br#"{"header":{"type":"session"},"entries":[1]}"#);
    assert_eq!(nameless.reasons(), ["missing_field", "missing_field"]);
}

#[test]
fn copies_and_temporary_files_are_counted_and_not_read() {
    for (name, kind) in [
        (format!("{SESSIONS}0f.jsonl.bak-4242-1778072000000"), "transcript_backup"),
        (format!("{SESSIONS}0a.trajectory-path.json"), "trajectory_path"),
        (".openclaw/agents/main/sessions/sessions.json.3f0c.tmp".to_owned(), "session_index_copy"),
        (".openclaw/cron/jobs-state.json".to_owned(), "cron_jobs_state"),
    ] {
        let recorded = read(&name);
        assert_eq!(recorded.snapshot(), format!("ignored {kind} 1\n"), "{name}");
    }
}

fn event_keys(recorded: &Recorded) -> BTreeSet<Key> {
    recorded.events.iter().map(|(_, event)| event_key("openclaw", event)).collect()
}

fn fact_keys(recorded: &Recorded) -> BTreeSet<Key> {
    recorded.facts.iter().map(|(_, fact)| fact_key("openclaw", fact)).collect()
}

#[test]
fn a_fork_adds_only_its_own_steps() {
    let parent = read(&format!("{SESSIONS}0f.jsonl"));
    let fork = read(&format!("{SESSIONS}10.jsonl"));
    assert_eq!((parent.events.len(), fork.events.len()), (4, 4));
    // Both go on after the copied turn with the entry ids f0000003 and f0000004: the same ids, other steps.
    let both: BTreeSet<Key> = event_keys(&parent).union(&event_keys(&fork)).copied().collect();
    assert_eq!(both.len(), 6);
    assert!(
        fork.events
            .iter()
            .all(|(_, event)| { event.parent_session_id.as_deref() == Some("9d1c0000-0000-4000-8000-00000000000f") })
    );
}

#[test]
fn a_platform_loads_by_configuration_alone() {
    let options = meshdesk();
    let sessions = ".meshdesk/agents/desk/sessions/";
    let transcript = format!("{sessions}77777777-0000-4000-8000-000000000001.jsonl");
    let recorded = read_with(&transcript, &options);
    check("meshdesk", &recorded);
    check(
        "meshdesk_trajectory",
        &read_with(&format!("{sessions}77777777-0000-4000-8000-000000000001.trajectory.jsonl"), &options),
    );
    check("meshdesk_sessions", &read_with(&format!("{sessions}sessions.json"), &options));
    // Without the configuration the same file is read, and its own words mean nothing.
    let plain = read(&transcript);
    assert_eq!(plain.events.len(), recorded.events.len());
    assert!(plain.events.iter().all(|(_, event)| event.client == "openclaw"));
    assert_eq!(plain.events[0].1.trigger, Trigger::Human);
}

#[test]
fn files_are_known_by_content_and_only_under_a_root_by_name() {
    let options = SourceOptions::default();
    let form =
        |path: &str, head: &[u8]| Form::of(&Probe { path: Path::new(path), unit: Unit::File, head, options: &options });
    let header = br#"{"type":"session","version":3,"id":"s"}"#;
    assert_eq!(form("/export/a.jsonl", header), Some(Form::Transcript));
    assert_eq!(form("/export/a.jsonl.gz", header), Some(Form::Transcript));
    assert_eq!(form("/export/a.jsonl.bak-1-2.zst", header), Some(Form::Nothing("transcript_backup")));
    let step = br#"{"traceSchema":"openclaw-trajectory","type":"session.started"}"#;
    assert_eq!(form("/traces/s.jsonl", step), Some(Form::Trajectory));
    assert_eq!(form("/traces/s.jsonl", &step[..40]), Some(Form::Trajectory), "cut by the probe");
    assert_eq!(form("/x/r.jsonl", br#"{"ts":1,"jobId":"j","action":"finished"}"#), Some(Form::CronRuns));
    assert_eq!(form("/export/a.jsonl", b"garbage"), None);
    assert_eq!(form("/h/.clawdbot/agents/a/sessions/a.jsonl", b"garbage"), Some(Form::Transcript));
    assert_eq!(form("/h/.clawdbot/agents/a/sessions/a.jsonl", b""), Some(Form::Transcript));
    assert_eq!(form("/h/.moldbot/cron/jobs.json", b"{"), Some(Form::CronJobs));
    assert_eq!(form("/h/.openclaw/openclaw.json", b"{}"), None);
    assert_eq!(form("/h/.claude/projects/x/a.jsonl", br#"{"type":"user","sessionId":"s"}"#), None);
    assert_eq!(form("/h/.codex/sessions/a.jsonl", br#"{"type":"session_meta","payload":{"id":"s"}}"#), None);
    assert_eq!(form("/h/sessions.json", b"[1]"), None);
}

#[test]
fn a_stranger_in_the_session_index_costs_no_other_entry_its_word() {
    let entries = |stranger: &str| {
        let index = format!(
            r#"{{"agent:main:cron:j1":{{"sessionId":"s1"}}{stranger},"agent:main:subagent:u":{{"sessionId":"s2"}}}}"#
        );
        read_bytes(&OpenClaw, ".openclaw/agents/main/sessions/sessions.json", index.as_bytes())
    };
    let sound = entries("");
    assert_eq!((sound.facts.len(), sound.rejects.len()), (3, 0), "{}", sound.snapshot());
    for stranger in [r#","zz_new":"new""#, r#","zz":17"#, r#","zz":{"sessionId":["x"]}"#] {
        let read = entries(stranger);
        assert_eq!((read.facts, read.rejects.len()), (sound.facts.clone(), 1), "{stranger}");
    }
}

#[test]
fn a_file_without_its_header_takes_the_session_from_its_name() {
    let line =
        br#"{"type":"message","id":"1","timestamp":"2026-05-06T08:00:00Z","message":{"role":"user","content":"hi"}}"#;
    let session = |name: &str| read_bytes(&OpenClaw, name, line).events[0].1.session_id.clone();
    assert_eq!(session(".openclaw/agents/a/sessions/s-1.jsonl"), "s-1");
    assert_eq!(session(".openclaw/agents/a/sessions/s-1-topic-9.jsonl"), "s-1");
    assert_eq!(session(".openclaw/agents/a/sessions/s_1.jsonl.reset.2026-05-06T11-00-00.000Z"), "s_1");
    assert_eq!(session(".pi/sessions/2026-05-06T11-00-00_s-1.jsonl"), "s-1");
}

#[test]
fn documents_that_are_torn_or_damaged_or_too_long_say_so() {
    let name = ".openclaw/agents/a/sessions/sessions.json";
    let reasons = |bytes: &[u8]| read_bytes(&OpenClaw, name, bytes).reasons();
    assert_eq!(reasons(br#"{"agent:main:main":{"sessionId":"s"#), ["torn_line"]);
    assert_eq!(reasons(br#"{"agent:main:main":{"sessionId":"s"},}"#), ["bad_json"]);
    assert_eq!(reasons(br#"{"agent:main:main":7}"#), ["bad_value"]);
    assert_eq!(reasons(b"{\"agent:main:main\":{\"sessionId\":\"\xff\"}}"), ["bad_utf8"]);
    let deep = format!("{{\"k\":{{\"sessionId\":\"s\",\"updatedAt\":{}}}}}", "[".repeat(100_000));
    assert_eq!(reasons(deep.as_bytes()), ["bad_json"]);
    let (mut input, _guard) = crate::sources::testing::input_of(name, br#"{"k":{"sessionId":"s"}}          "#);
    input.limits.line_bytes = 1;
    let mut sink = Recorded::default();
    let end = OpenClaw.read(&input, &mut sink).unwrap();
    assert_eq!((sink.reasons(), end), (vec!["line_too_long"], 33));
    let with_mark = read_bytes(&OpenClaw, name, b"\xEF\xBB\xBF{\"agent:a:cron:j\":{\"sessionId\":\"s\"}}");
    assert_eq!(with_mark.facts.len(), 2);
}

#[test]
fn wide_and_deep_lines_are_rejected_or_read_in_bounded_memory() {
    let name = ".openclaw/agents/a/sessions/s.jsonl";
    let line = |content: &str| {
        format!(
            r#"{{"type":"message","id":"1","timestamp":"2026-05-06T08:00:00Z","message":{{"role":"assistant","content":{content}}}}}"#
        )
    };
    let reasons = |line: String| read_bytes(&OpenClaw, name, format!("{line}\n").as_bytes()).reasons();
    assert_eq!(reasons(line(&format!("[{}{{}}]", "{},".repeat(300_000)))), ["bad_value"]);
    assert_eq!(reasons(line(&format!("{}{}", "[".repeat(50_000), "]".repeat(50_000)))), ["bad_value"]);
    assert_eq!(reasons("[".repeat(100_000)), ["bad_value"]);
    // Arguments are the tool's own; however deep, they are hashed as text and the step stays.
    let deep = format!(
        r#"[{{"type":"toolCall","id":"c","name":"exec","arguments":{}1{}}}]"#,
        "[".repeat(9_000),
        "]".repeat(9_000)
    );
    let recorded = read_bytes(&OpenClaw, name, format!("{}\n", line(&deep)).as_bytes());
    assert_eq!((recorded.events.len(), recorded.rejects.len()), (2, 0));
    let index = format!("{{{}\"k\":null}}", (0..260_000).map(|key| format!("\"{key}\":null,")).collect::<String>());
    assert_eq!(
        read_bytes(&OpenClaw, ".openclaw/agents/a/sessions/sessions.json", index.as_bytes()).reasons(),
        ["bad_value"]
    );
}

#[test]
fn compressed_files_read_as_plain_ones() {
    let plain = std::fs::read(fixture(&format!("{SESSIONS}0a.jsonl"))).unwrap();
    let compressed = zstd::encode_all(plain.as_slice(), 3).unwrap();
    let name = ".openclaw/agents/main/sessions/9d1c0000-0000-4000-8000-00000000000a.jsonl.zst";
    let recorded = read_bytes(&OpenClaw, name, &compressed);
    assert_eq!(recorded.snapshot(), read(&format!("{SESSIONS}0a.jsonl")).snapshot());
}

#[test]
fn a_prompt_that_could_not_be_read_ends_inheritance() {
    let recorded = read(&format!("{SESSIONS}11.jsonl"));
    let after: Vec<Trigger> =
        recorded.events.iter().filter(|(_, event)| event.kind == Kind::Completion).map(|(_, e)| e.trigger).collect();
    assert_eq!(after, [Trigger::Schedule, Trigger::Unknown]);
}

const ALL_FILES: &[&str] = &[
    ".openclaw/agents/main/sessions/9d1c0000-0000-4000-8000-00000000000a.jsonl",
    ".openclaw/agents/main/sessions/9d1c0000-0000-4000-8000-00000000000b.jsonl",
    ".openclaw/agents/main/sessions/9d1c0000-0000-4000-8000-00000000000c-topic-77.jsonl",
    ".openclaw/agents/main/sessions/9d1c0000-0000-4000-8000-00000000000d.jsonl.reset.2026-05-06T11-00-00.000Z",
    ".openclaw/agents/main/sessions/9d1c0000-0000-4000-8000-00000000000e.jsonl.deleted.1778070000000",
    ".openclaw/agents/main/sessions/9d1c0000-0000-4000-8000-00000000000a.trajectory.jsonl",
    ".openclaw/agents/main/sessions/sessions.json",
    ".openclaw/cron/runs/job-1.jsonl",
    ".openclaw/cron/jobs.json",
    "exports/openclaw-trajectory-9d1c-2026-09-20/session-branch.json",
];

#[test]
fn doubled_lines_are_the_same_rows() {
    for name in ALL_FILES.iter().filter(|name| !name.ends_with(".json")) {
        let text = std::fs::read_to_string(fixture(name)).unwrap();
        let doubled: String = text.lines().flat_map(|line| [line, "\n", line, "\n"]).collect();
        let (once, twice) = (read(name), read_bytes(&OpenClaw, name, doubled.as_bytes()));
        assert_eq!(event_keys(&once), event_keys(&twice), "{name}");
        assert_eq!(fact_keys(&once), fact_keys(&twice), "{name}");
        assert_eq!(event_keys(&once).len(), once.events.len(), "{name} has a step twice");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    /// Cut, overwritten and spliced bytes never end in a panic or an error, and never in more than was there.
    #[test]
    fn mutated_files_are_read_to_the_end(
        file in 0..ALL_FILES.len(),
        cut in any::<prop::sample::Index>(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8),
        splice in prop::collection::vec(prop::sample::select(b"{}[]\"\\:,0-e.\n\xff".to_vec()), 0..6),
        at in any::<prop::sample::Index>(),
    ) {
        let mut bytes = std::fs::read(fixture(ALL_FILES[file])).unwrap();
        for (index, byte) in edits {
            let index = index.index(bytes.len());
            bytes[index] = byte;
        }
        let position = at.index(bytes.len());
        bytes.splice(position..position, splice);
        bytes.truncate(cut.index(bytes.len()) + 1);
        let (input, _guard) = crate::sources::testing::input_of(ALL_FILES[file], &bytes);
        let mut sink = Recorded::default();
        let end = OpenClaw.read(&input, &mut sink).unwrap();
        prop_assert!(end <= bytes.len() as u64);
        for (_, event) in &sink.events {
            prop_assert!(event.tokens.output.is_none_or(|count| count >= 0));
            prop_assert!(event.cost_micro_usd.is_none_or(|cost| cost > 0));
        }
    }

    /// Envelopes never panic and never invent text.
    #[test]
    fn unwrapping_leaves_a_part_of_the_text(text in "(\\[[A-Za-z0-9 :+-]{0,30}\\]|Sender \\(untrusted metadata\\):\n```json\n|\\{\"id\":\"7\"\\}|\n```\n|System: \\[|é|\\PC{0,8}){0,8}") {
        let found = envelope::unwrap(&text);
        prop_assert!(text.contains(found.text));
    }
}

/// Kept here so that a change of the configuration's shape is seen by the source that reads it.
#[test]
fn the_configured_platform_has_every_field() {
    let OpenClawPlatform { name, roots, schedule_words, agent_words, schedule_prefixes, idle_answers, chat_systems } =
        &meshdesk().openclaw[0];
    assert!(!name.is_empty());
    for words in [roots, schedule_words, agent_words, schedule_prefixes, idle_answers, chat_systems] {
        assert!(!words.is_empty());
    }
}
