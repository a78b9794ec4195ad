//! What single records of a rollout become.

use super::whole::Whole;
use crate::events::{Effect, Event, Kind, TokenBasis, Trigger};
use crate::fingerprint::{line_hashes, result_hash};
use crate::sources::codex::Codex;
use crate::sources::testing::{Recorded, fixture_bytes, kept, read_bytes, read_fixture};
use std::collections::BTreeSet;

#[test]
fn a_line_says_the_same_whether_it_is_read_in_one_pass_or_taken_apart() {
    const FIXTURES: [&str; 9] = [
        "compaction",
        "counters",
        "faults",
        "fork_kept",
        "fork_parent",
        "fork_restamped",
        "paginated",
        "prompts",
        "tools",
    ];
    let events = |read: &Recorded| read.events.iter().map(|(_, event)| event.clone()).collect::<Vec<Event>>();
    for name in FIXTURES {
        let whole = fixture_bytes(&Codex, &format!("{name}.jsonl"));
        // A tab outside a text is left to the slower reader, and with it the line.
        let apart = whole.split(|byte| *byte == b'\n').map(|line| match line.strip_prefix(b"{") {
            Some(rest) => [b"{\t".as_slice(), rest].concat(),
            None => line.to_vec(),
        });
        let apart = apart.collect::<Vec<Vec<u8>>>().join(&b'\n');
        let (one, two) = (read_bytes(&Codex, "rollout-x.jsonl", &whole), read_bytes(&Codex, "rollout-x.jsonl", &apart));
        assert_eq!(events(&one), events(&two), "{name}");
        assert_eq!((one.reasons(), &one.ignored), (two.reasons(), &two.ignored), "{name}");
    }
}

#[test]
fn the_kinds_that_most_lines_are_of_are_read_in_one_pass() {
    let lines = String::from_utf8(fixture_bytes(&Codex, "tools.jsonl")).unwrap();
    let kinds = |is_whole: bool| -> BTreeSet<String> {
        let lines = lines.lines().filter(|line| Whole::read(line).is_some() == is_whole);
        let kinds = lines.filter_map(|line| {
            let record: serde_json::Value = serde_json::from_str(line).unwrap();
            record["payload"]["type"].as_str().map(str::to_owned)
        });
        kinds.collect()
    };
    let set = |kinds: &[&str]| kinds.iter().map(|kind| (*kind).to_owned()).collect::<BTreeSet<String>>();
    let read = [
        "custom_tool_call",
        "custom_tool_call_output",
        "dynamic_tool_call_request",
        "exec_command_end",
        "function_call",
        "function_call_output",
        "web_search_end",
    ];
    assert_eq!(kinds(true), set(&read));
    // Of outputs those that are no text.
    let left = [
        "dynamic_tool_call_response",
        "function_call_output",
        "local_shell_call",
        "mcp_tool_call_end",
        "patch_apply_end",
        "turn_aborted",
        "web_search_call",
    ];
    assert_eq!(kinds(false), set(&left));
}

#[test]
fn the_end_of_a_command_that_nobody_answers_has_the_hash_of_what_was_printed() {
    let long = "a line of many\n".repeat(2_000);
    let texts = ["", "two\nlines, \"quoted\"", "café", long.as_str()];
    let line = |call: usize, printed: &str| {
        format!(
            r#"{{"timestamp":"2026-06-01T10:00:00Z","type":"event_msg","payload":{{"type":"exec_command_end","call_id":"c{call}","exit_code":0,"aggregated_output":{printed}}}}}"#
        ) + "\n"
    };
    let text = |call: usize| texts[call % texts.len()];
    let mut lines: String = (0..120).map(|call| line(call, &serde_json::Value::from(text(call)).to_string())).collect();
    lines += &line(120, r#""\ud83d\ude42""#);
    lines += &line(121, "null");
    let read = read_bytes(&Codex, "rollout-x.jsonl", lines.as_bytes());
    let hashes: Vec<Option<i64>> = read.events.iter().map(|(_, event)| event.result_hash).collect();
    let expected = (0..120).map(|call| Some(result_hash(text(call)))).chain([Some(result_hash("🙂")), None]);
    assert_eq!(hashes, expected.collect::<Vec<_>>());
    for bad in ["7", r#""\ud83d""#] {
        assert_eq!(read_bytes(&Codex, "rollout-x.jsonl", line(0, bad).as_bytes()).rejects.len(), 1, "{bad}");
    }
}

#[test]
fn completed_items_tell_what_events_tell_and_a_message_told_both_ways_counts_once() {
    let read = read_fixture(&Codex, "src/sources/codex/fixtures/paginated.jsonl");
    assert_eq!(read.reasons(), ["unknown_kind"]);
    let of = |kind: Kind| read.events.iter().map(|(_, event)| event).filter(move |event| event.kind == kind);
    assert_eq!(of(Kind::Prompt).map(|event| event.trigger).collect::<Vec<_>>(), [Trigger::Human]);
    let answers: Vec<_> = of(Kind::Completion).map(|event| (event.tokens.output, event.text.is_some())).collect();
    assert_eq!(answers, [(Some(400), true)]);
    let results: Vec<_> = of(Kind::ToolResult)
        .map(|event| (event.is_error, event.duration_ms, event.path.as_deref(), event.added_lines.len()))
        .collect();
    assert_eq!(
        results,
        [
            (Some(true), Some(1250), None, 0),
            (Some(false), None, Some("/home/ada/src/shop/cart.py"), 1),
            (Some(true), Some(2000), None, 0),
        ]
    );
    let lines = String::from_utf8(fixture_bytes(&Codex, "paginated.jsonl")).unwrap();
    for event_first in [false, true] {
        let both: String = lines
            .lines()
            .map(|line| {
                let event = |kind: &str, text: &str| {
                    let head = &line[..line.find("\"payload\"").unwrap()];
                    format!(r#"{head}"payload":{{"type":"{kind}","message":"{text}"}}}}"#)
                };
                let event = if line.contains("UserMessage") {
                    event("user_message", "check whether the cart adds up")
                } else if line.contains("AgentMessage") {
                    event("agent_message", "The cart adds up in cents now.")
                } else {
                    return format!("{line}\n");
                };
                if event_first { format!("{event}\n{line}\n") } else { format!("{line}\n{event}\n") }
            })
            .collect();
        let both = read_bytes(&Codex, "rollout-x.jsonl", both.as_bytes());
        assert_eq!(both.events.len(), read.events.len());
        assert_eq!(kept(&Codex, [&both]), kept(&Codex, [&read]));
    }
}

#[test]
fn interrupted_and_failed_requests_are_told_so_that_a_prompt_sent_again_is_one() {
    let line = |time: &str, payload: &str| {
        format!(r#"{{"timestamp":"2026-06-01T10:00:{time}Z","type":"event_msg","payload":{{{payload}}}}}"#) + "\n"
    };
    let prompt = r#""type":"user_message","message":"fix the cart test""#;
    let lines = [
        line("00", prompt),
        line("10", r#""type":"turn_aborted","turn_id":"t","reason":"interrupted""#),
        line("15", prompt),
        line("20", r#""type":"error","message":"usage limit""#),
        line("30", r#""type":"turn_aborted","turn_id":"t","reason":"replaced""#),
    ];
    let read = read_bytes(&Codex, "rollout-x.jsonl", lines.concat().as_bytes());
    let told: Vec<_> = read.events.iter().map(|(_, it)| (it.kind, it.marker, it.is_error, it.token_basis)).collect();
    let prompt = (Kind::Prompt, None, None, None);
    let unanswered = |marker, is_error| (Kind::Completion, marker, is_error, Some(TokenBasis::Absent));
    assert_eq!(told, [prompt, unanswered(Some("interrupt"), None), prompt, unanswered(None, Some(true))]);
}

#[test]
fn a_patch_in_the_arguments_of_a_call_adds_its_lines_when_the_call_succeeds() {
    let patch = "*** Begin Patch\n*** Update File: cart.py\n@@\n+total_in_cents = 0\n*** End Patch";
    let script = format!("apply_patch <<'EOF'\n{patch}\nEOF");
    for (tool, arguments) in [
        ("shell", serde_json::json!({ "command": ["bash", "-lc", &script] })),
        ("exec_command", serde_json::json!({ "cmd": &script })),
        ("shell", serde_json::json!({ "command": ["apply_patch", patch] })),
        ("apply_patch", serde_json::json!({ "input": patch })),
    ] {
        let line = |payload: serde_json::Value| {
            let time = "2026-06-01T10:00:05Z";
            serde_json::json!({ "timestamp": time, "type": "response_item", "payload": payload }).to_string() + "\n"
        };
        let arguments = arguments.to_string();
        let call = serde_json::json!({ "type": "function_call", "name": tool, "arguments": arguments, "call_id": "c" });
        let output = "Exit code: 0\nWall time: 0.1 seconds\nOutput:\nSuccess.";
        let answer = serde_json::json!({ "type": "function_call_output", "call_id": "c", "output": output });
        let read = read_bytes(&Codex, "rollout-x.jsonl", (line(call) + &line(answer)).as_bytes());
        let result = &read.events[1].1;
        assert_eq!(result.added_lines, line_hashes(["total_in_cents = 0"]), "{tool}");
        assert_eq!((result.path.as_deref(), result.effect), (Some("cart.py"), Some(Effect::Write)), "{tool}");
    }
}

#[test]
fn an_automation_of_the_desktop_app_is_known_by_its_text_and_only_until_the_next_prompt() {
    let meta = r#"{"timestamp":"2026-06-01T10:00:00Z","type":"session_meta","payload":{"id":"t","originator":"Codex Desktop","source":"vscode","thread_source":"user"}}"#;
    let event = |second: u32, payload: &str| {
        format!(r#"{{"timestamp":"2026-06-01T10:00:{second:02}Z","type":"event_msg","payload":{payload}}}"#)
    };
    let prompt =
        |second, text: &str| event(second, &serde_json::json!({ "type": "user_message", "message": text }).to_string());
    let usage = |second, total: i64| {
        let info = serde_json::json!({ "total_token_usage": { "input_tokens": total, "output_tokens": 1 } });
        event(second, &serde_json::json!({ "type": "token_count", "info": info }).to_string())
    };
    let lines = [
        meta.to_owned(),
        prompt(1, "Automation: Daily bug scan\nAutomation ID: daily-bug-scan\nLast run: never\n\nLook for bugs."),
        usage(2, 10),
        prompt(3, "Automation: is it worth it?\nThe build takes an hour."),
        usage(4, 20),
    ];
    let read = read_bytes(&Codex, "rollout-x.jsonl", (lines.join("\n") + "\n").as_bytes());
    let told: Vec<_> = read.events.iter().map(|(_, event)| (event.trigger, event.trigger_evidence)).collect();
    let automation = (Trigger::Schedule, Some("text.automation"));
    let person = (Trigger::Human, Some("source=vscode"));
    assert_eq!(told, [automation, automation, person, person]);

    // In a thread that an automation began nobody says who goes on.
    let begun = lines.join("\n").replace("thread_source\":\"user", "thread_source\":\"automation") + "\n";
    let read = read_bytes(&Codex, "rollout-x.jsonl", begun.as_bytes());
    let told: Vec<_> = read.events.iter().map(|(_, event)| event.trigger).collect();
    assert_eq!(told, [Trigger::Schedule, Trigger::Schedule, Trigger::Unknown, Trigger::Unknown]);
}
