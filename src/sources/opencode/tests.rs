//! Fixtures of invented sessions, and the properties that hold for any of them. `fixtures/opencode` is laid out as the product lays out its store.

use super::{Form, OpenCode};
use crate::events::ids::{Key, event_key};
use crate::events::{Kind, Tokens};
use crate::sources::testing::{Recorded, assert_read, input_of, kept, read_bytes, read_fixture};
use crate::sources::{Probe, Source, SourceOptions, Unit, recognise};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

const FIXTURES: &str = "src/sources/opencode/fixtures";

fn bytes(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(FIXTURES).join(name)).unwrap()
}

fn fixture(name: &str) -> Recorded {
    read_fixture(&OpenCode, &format!("{FIXTURES}/{name}"))
}

/// The files of the store below a directory, sorted.
fn store(directory: &str) -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(FIXTURES);
    let files = walkdir::WalkDir::new(root.join("opencode/storage").join(directory)).sort_by_file_name();
    let paths = files.into_iter().map(Result::unwrap).filter(|entry| entry.file_type().is_file());
    paths.map(|entry| entry.path().strip_prefix(&root).map(PathBuf::from).unwrap().display().to_string()).collect()
}

fn check(snapshot: &str, recorded: &Recorded) {
    assert_read("opencode", snapshot, recorded);
}

#[test]
fn an_export_with_every_trap() {
    check("export", &fixture("export.json"));
}

#[test]
fn a_session_of_a_subagent_says_so_wherever_it_stands() {
    check("export_subagent", &fixture("export_subagent.json"));
    let told: String = store("session").iter().map(|name| fixture(name).snapshot()).collect();
    insta::assert_snapshot!(told, @r#"
    fact @0:0 Fact { session_id: "ses_child", ts_us: None, name: Parent, value: "ses_main", rank: 3, evidence: "session.parentID" }
    fact @0:0 Fact { session_id: "ses_child", ts_us: None, name: Trigger, value: "agent", rank: 3, evidence: "session.parentID" }
    ignored session 1
    "#);
}

fn keys<'a>(all: impl IntoIterator<Item = &'a Recorded>) -> BTreeSet<Key> {
    all.into_iter().flat_map(|read| &read.events).map(|(_, event)| event_key("opencode", event)).collect()
}

#[test]
fn the_store_holds_the_same_steps_as_an_export_of_it() {
    let files: Vec<Recorded> = store("message").iter().map(|name| fixture(name)).collect();
    let export = fixture("export.json");
    let stored = keys(&files);
    // A prompt, two responses, five calls of which four ended.
    assert_eq!(stored.len(), 3 + 5 + 4);
    assert!(stored.is_subset(&keys([&export])));
    let one = |read: &[Recorded]| -> Vec<Tokens> {
        let events = read.iter().flat_map(|read| &read.events).map(|(_, event)| event);
        events.filter(|event| event.kind == Kind::Completion).map(|event| event.tokens).take(2).collect()
    };
    assert_eq!(one(&files), one(&[export]));
    for name in store("part").iter().chain(&store("todo")).chain(&store("project")) {
        let kind = if name.contains("/part/") { "part" } else { "store" };
        assert_eq!(fixture(name).snapshot(), format!("ignored {kind} 1\n"), "{name}");
    }
}

#[test]
fn totals_are_those_counted_by_hand() {
    let all = fixture("export.json");
    let sum = |count: fn(&Tokens) -> Option<i64>| -> i64 {
        all.events.iter().filter_map(|(_, event)| count(&event.tokens)).sum()
    };
    // Input 10 + 20 + 20 + 5 + 900 + 1; output 90, 40 + 30 by the total, 70, 6 + 7 since seven are no part of six, 6, 50, 1.
    assert_eq!([sum(|t| t.input), sum(|t| t.output), sum(|t| t.cache_read)], [956, 300, 8000]);
}

#[test]
fn reasoning_is_added_where_the_total_says_so_or_the_output_has_no_room_for_it() {
    for (counts, output) in [
        (r#""output":900,"reasoning":640"#, 900),
        (r#""output":640,"reasoning":640"#, 640),
        (r#""output":6,"reasoning":7"#, 13),
        (r#""output":900,"reasoning":640,"total":2740"#, 1540),
        (r#""output":900,"reasoning":640,"total":2100"#, 900),
    ] {
        let message = format!(
            r#"{{"id":"m","sessionID":"s","role":"assistant","time":{{"created":1780304400000}},"providerID":"openai","modelID":"gpt-5","tokens":{{"input":1200,{counts},"cache":{{"read":0,"write":0}}}},"cost":0}}"#
        );
        let tokens = read_bytes(&OpenCode, "storage/message/s/m.json", message.as_bytes()).events[0].1.tokens;
        assert_eq!((tokens.output, tokens.reasoning.is_some()), (Some(output), true), "{counts}");
    }
}

#[test]
fn a_cost_counts_where_no_tokens_are_stated() {
    use crate::events::{CostBasis, TokenBasis};
    for tokens in ["", r#","tokens":{"input":0,"output":0}"#] {
        let message = format!(
            r#"{{"id":"m","sessionID":"s","role":"assistant","time":{{"created":1780304400000}},"cost":0.02{tokens}}}"#
        );
        let read = read_bytes(&OpenCode, "storage/message/s/m.json", message.as_bytes());
        let event = &read.events[0].1;
        let told = (event.token_basis, event.tokens.output, event.cost_micro_usd, event.cost_basis);
        assert_eq!(told, (Some(TokenBasis::Absent), None, Some(20_000), Some(CostBasis::Reported)), "{tokens}");
    }
}

#[test]
fn files_are_known_by_content_and_the_rest_of_the_store_by_place() {
    let options = SourceOptions::default();
    let form =
        |name: &str, head: &[u8]| Form::of(&Probe { path: Path::new(name), unit: Unit::File, head, options: &options });
    for (name, want) in [("export.json", Form::Export), ("export_subagent.json", Form::Export)] {
        assert_eq!(form("x", &bytes(name)), Some(want), "{name}");
    }
    for (directory, want) in [
        ("session", Form::Session),
        ("message", Form::Message),
        ("part", Form::Nothing("part")),
        ("todo", Form::Nothing("store")),
        ("project", Form::Nothing("store")),
    ] {
        for name in store(directory) {
            assert_eq!(form(&name, &bytes(&name)), Some(want), "{name}");
            let head = bytes(&name);
            let probe = Probe { path: Path::new(&name), unit: Unit::File, head: &head, options: &options };
            assert_eq!(recognise(&probe).map(Source::name), Some("opencode"), "{name}");
        }
    }
    assert_eq!(form("/h/opencode/opencode-dev.db", b"SQLite format 3\0x"), Some(Form::Database));
    for stranger in [
        r#"{"sessionId":"s","role":"user"}"#,
        r#"{"type":"user","message":{"role":"user","content":"\"sessionID\" \"messageID\""}}"#,
        r#"[{"sessionID":"s","role":"user"}]"#,
        "SQLite format 3",
        "",
    ] {
        assert_eq!(form("x.json", stranger.as_bytes()), None, "{stranger}");
    }
}

#[test]
fn a_message_whose_id_is_no_name_looks_for_no_parts() {
    let message = br#"{"id":"../../../etc","sessionID":"s","role":"user","time":{"created":1780304400000}}"#;
    let read = read_bytes(&OpenCode, "storage/message/s/m.json", message);
    assert_eq!((read.events.len(), read.rejects.len()), (1, 0));
    assert_eq!(read.ignored.get("message.parts_not_looked_for"), Some(&1));
}

/// A message of a subagent as the store has it, whose session the store knows or has lost.
fn stored_by_a_subagent(message: &str, knows_session: bool) -> Recorded {
    let (input, guard) = input_of("storage/message/ses_child/msg_c.json", message.as_bytes());
    if knows_session {
        let session = guard.path().join("storage/session/p1/ses_child.json");
        std::fs::create_dir_all(session.parent().unwrap()).unwrap();
        std::fs::write(session, bytes("opencode/storage/session/p1/ses_child.json")).unwrap();
    }
    let mut sink = Recorded::default();
    OpenCode.read(&input, &mut sink).unwrap();
    sink
}

#[test]
fn an_empty_file_of_a_subagents_message_does_not_stay_before_one_with_counts() {
    let message = |tokens: &str| {
        format!(
            r#"{{"id":"msg_c","sessionID":"ses_child","role":"assistant","time":{{"created":1780304400000}},"tokens":{{{tokens}}}}}"#
        )
    };
    let export = format!(
        r#"{{"info":{{"id":"ses_child","parentID":"ses_main","projectID":"p1","directory":"/w"}},"messages":[{{"info":{},"parts":[]}}]}}"#,
        message(r#""input":5,"output":7"#)
    );
    let export = read_bytes(&OpenCode, "x.json", export.as_bytes());
    for knows_session in [true, false] {
        let file = stored_by_a_subagent(&message(r#""input":0,"output":0"#), knows_session);
        let kept = kept(&OpenCode, [&file, &export]);
        let outputs: Vec<_> = kept.values().map(|event| event.tokens.output).collect();
        assert_eq!(outputs, [Some(7)], "{knows_session}: {}", file.snapshot());
    }
    let file = stored_by_a_subagent(&message(r#""input":1,"output":2"#), true);
    let event = &file.events[0].1;
    assert_eq!((event.parent_session_id.as_deref(), event.trigger.as_str()), (Some("ses_main"), "agent"));
    let kept = kept(&OpenCode, [&file, &export]);
    assert_eq!(kept.values().map(|event| event.tokens.output).collect::<Vec<_>>(), [Some(7)], "the later copy");
}

/// A message of the store beside its parts, with another id in the record and under another file name.
fn stored_as(file: &str, id: &str) -> Recorded {
    let stem = "msg_e82695268001invented00000A";
    let name = format!("storage/message/ses_main/{file}");
    let message = String::from_utf8(bytes(&format!("opencode/storage/message/ses_main/{stem}.json"))).unwrap();
    let (input, guard) = input_of(&name, message.replace(&format!("\"{stem}\""), id).as_bytes());
    for part in store(&format!("part/{stem}")) {
        let path = guard.path().join(part.strip_prefix("opencode/").unwrap());
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes(&part)).unwrap();
    }
    let mut sink = Recorded::default();
    OpenCode.read(&input, &mut sink).unwrap();
    sink
}

#[test]
fn a_message_whose_id_leads_nowhere_has_the_parts_that_its_name_leads_to() {
    const ID: &str = "\"msg_e82695268001invented00000A\"";
    const FILE: &str = "msg_e82695268001invented00000A.json";
    let whole = stored_as(FILE, ID);
    let steps = |read: &Recorded| read.events.len();
    assert!(steps(&whole) > 5, "{}", whole.snapshot());
    for (file, id) in [
        (FILE, "\"9999999999999999999999999999999999999999\""),
        (FILE, "\"../../etc\""),
        (FILE, "null"),
        ("copy of a message.json", ID),
        ("msg_e82695268001invented00000A.json.gz", ID),
    ] {
        let read = stored_as(file, id);
        assert_eq!(steps(&read), steps(&whole), "{file} {id}: {}", read.snapshot());
    }
    let lost = stored_as("copy.json", "\"9999\"");
    assert_eq!((steps(&lost), lost.ignored.get("message.without_parts")), (1, Some(&1)), "{}", lost.snapshot());
}

#[test]
fn every_message_is_a_record_an_ignored_kind_or_a_reject() {
    let document: serde_json::Value = serde_json::from_slice(&bytes("export.json")).unwrap();
    for message in document["messages"].as_array().unwrap() {
        let one = serde_json::json!({"info": {"id": "s", "parentID": "s", "projectID": "p", "directory": "/w"}, "messages": [message]});
        let read = read_bytes(&OpenCode, "x.json", one.to_string().as_bytes());
        let told = read.events.len() + read.rejects.len() + read.ignored.values().sum::<u64>() as usize;
        // One of them is the session's own.
        assert!(told > 1, "{message}");
    }
}
