//! Fixtures of invented chats, and the properties that hold for any of them. `fixtures/home` is laid out as the product lays out a home directory.

use super::{Form, GeminiCli};
use crate::events::Kind;
use crate::events::ids::{Key, event_key};
use crate::sources::testing::{Recorded, assert_read, read_bytes, read_fixture};
use crate::sources::{Probe, Source, SourceOptions, Unit, recognise};
use std::collections::BTreeSet;
use std::path::Path;

const HOME: &str = "src/sources/gemini_cli/fixtures/home/.gemini/tmp/shop";
const DOCUMENT: &str = "chats/session-2026-06-01T09-00-aaaaaaaa.json";
const LINES: &str = "chats/session-2026-06-02T09-00-bbbbbbbb.jsonl";
const SUBAGENT: &str = "chats/g-main/g-sub.jsonl";

fn bytes(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(HOME).join(name)).unwrap()
}

fn fixture(name: &str) -> Recorded {
    read_fixture(&GeminiCli, &format!("{HOME}/{name}"))
}

fn check(snapshot: &str, recorded: &Recorded) {
    assert_read("gemini_cli", snapshot, recorded);
}

#[test]
fn counts_of_a_document_are_taken_apart() {
    check("document", &fixture(DOCUMENT));
}

#[test]
fn lines_written_again_count_once_and_only_typed_text_is_a_prompt() {
    check("lines", &fixture(LINES));
}

#[test]
fn subagents_have_a_parent_and_nobody_typed_their_prompt() {
    check("subagent", &fixture(SUBAGENT));
}

#[test]
fn the_prompt_log_is_told_again_in_the_chats() {
    assert_eq!(fixture("logs.json").snapshot(), "ignored prompt_log 1\n");
}

#[test]
fn totals_are_those_counted_by_hand() {
    let all = fixture(LINES);
    let sum = |count: fn(&crate::events::Tokens) -> Option<i64>| -> i64 {
        all.events.iter().filter_map(|(_, event)| count(&event.tokens)).sum()
    };
    // 900, 1000 - 800 and 1200 - 1000; 20 + 5, 50 and 10.
    assert_eq!([sum(|t| t.input), sum(|t| t.output), sum(|t| t.cache_read)], [1300, 85, 1800]);
    assert_eq!(all.events.iter().filter(|(_, event)| event.kind == Kind::Completion).count(), 3);
}

#[test]
fn a_document_that_was_carried_on_as_lines_is_the_same_steps() {
    let document = fixture(DOCUMENT);
    let text = String::from_utf8(bytes(DOCUMENT)).unwrap();
    let mut lines = String::from("{\"sessionId\":\"g-doc\",\"projectHash\":\"00ff\"}\n");
    for line in text.lines().filter(|line| line.trim_start().starts_with("{\"id\"")) {
        lines.push_str(line.trim().trim_end_matches(','));
        lines.push('\n');
    }
    let carried = read_bytes(&GeminiCli, "session-x.jsonl", lines.as_bytes());
    assert_eq!(keys(&carried), keys(&document));
}

fn keys(recorded: &Recorded) -> BTreeSet<Key> {
    recorded.events.iter().map(|(_, event)| event_key("gemini_cli", event)).collect()
}

fn form(name: &str, head: &[u8]) -> Option<Form> {
    Form::of(&Probe { path: Path::new(name), unit: Unit::File, head, options: &SourceOptions::default() })
}

#[test]
fn chats_are_known_by_content() {
    for (name, want) in
        [(DOCUMENT, Form::Document), (LINES, Form::Lines), (SUBAGENT, Form::Lines), ("logs.json", Form::PromptLog)]
    {
        assert_eq!(form(name, &bytes(name)), Some(want), "{name}");
        let options = SourceOptions::default();
        let head = bytes(name);
        let probe = Probe { path: Path::new("logs.json"), unit: Unit::File, head: &head, options: &options };
        assert_eq!(recognise(&probe).map(Source::name), Some("gemini_cli"), "{name}");
    }
    let one_line = br#"{"sessionId":"s","projectHash":"00","messages":[{"id":"1","type":"user"}]}"#;
    assert_eq!(form("x", one_line), Some(Form::Document));
    assert_eq!(form("x", &one_line[..60]), Some(Form::Document), "cut by the probe");
    for stranger in [
        r#"{"type":"user","sessionId":"s","uuid":"u"}"#,
        r#"{"type":"session","version":3,"id":"s"}"#,
        r#"{"a":{"sessionId":"s","projectHash":"0"}}"#,
        r#"[{"sessionId":"s"}]"#,
        "projectHash",
        "",
    ] {
        assert_eq!(form("session-x.json", stranger.as_bytes()), None, "{stranger}");
    }
}

#[test]
fn a_chat_without_its_header_takes_the_session_from_its_name() {
    let line = br#"{"id":"u","timestamp":"2026-06-02T09:00:01Z","type":"user","content":"hi"}"#;
    let read = read_bytes(&GeminiCli, "chats/session-2026-06-02T09-00-cccccccc.jsonl.gz", line);
    assert_eq!(read.events[0].1.session_id, "session-2026-06-02T09-00-cccccccc");
}

#[test]
fn files_that_were_pasted_into_a_message_are_not_what_was_typed() {
    let read = |content: serde_json::Value| {
        let line =
            serde_json::json!({"id": "u1", "timestamp": "2026-06-02T09:00:01Z", "type": "user", "content": content});
        read_bytes(&GeminiCli, "x.jsonl", line.to_string().as_bytes())
    };
    let question = "why does total() round?  @src/cart.ts";
    let file = "\n--- Content from referenced files ---\nContent from @src/cart.ts:\nlet total = price * quantity;\n--- End of content ---";
    let bare = read(question.into());
    assert!(bare.events[0].1.text.is_some());
    let texts = [question].into_iter().chain(file.split_inclusive('\n'));
    let parts: Vec<serde_json::Value> = texts.map(|text| serde_json::json!({"text": text})).collect();
    let expansions: [serde_json::Value; 2] = [format!("{question}{file}").into(), parts.into()];
    for expanded in expansions {
        assert_eq!(read(expanded).events[0].1.text, bare.events[0].1.text);
    }
    assert_eq!(read(file.into()).snapshot(), "ignored user.injected 1\n");
}

#[test]
fn torn_and_hostile_documents_say_so() {
    let reasons = |text: &str| read_bytes(&GeminiCli, "session-x.json", text.as_bytes()).reasons();
    let start = "{\n\"sessionId\":\"s\",\n\"projectHash\":\"0\",\n\"messages\":";
    assert_eq!(reasons(&format!("{start}[")), ["torn_line"]);
    let deep = format!("{start}[{{\"id\":\"a\",\"content\":{}{}}}]}}", "[".repeat(200), "]".repeat(200));
    assert_eq!(reasons(&deep), ["too_deep"]);
    assert_eq!(reasons(&format!("{start}{{}}}}")), ["bad_value"]);
}

#[test]
fn every_line_is_a_record_an_ignored_kind_or_a_reject() {
    for name in [LINES, SUBAGENT] {
        for line in String::from_utf8(bytes(name)).unwrap().lines() {
            assert!(!read_bytes(&GeminiCli, "x.jsonl", line.as_bytes()).is_silent(), "{line}");
        }
    }
    let document = fixture(DOCUMENT);
    let told = document.events.len() + document.rejects.len() + document.ignored.values().sum::<u64>() as usize;
    // Eighteen messages, one of them a completion whose input is no count.
    assert_eq!(told, 18 + 1);
}

#[test]
fn twice_is_once() {
    for name in [LINES, SUBAGENT] {
        let whole = String::from_utf8(bytes(name)).unwrap();
        let doubled: String = whole.lines().flat_map(|line| [line, "\n", line, "\n"]).collect();
        assert_eq!(keys(&read_bytes(&GeminiCli, name, doubled.as_bytes())), keys(&fixture(name)), "{name}");
    }
    assert_eq!(fixture(DOCUMENT).snapshot(), fixture(DOCUMENT).snapshot());
}
