//! What single records of a rollout become.

use crate::events::{Effect, Kind, TokenBasis, Trigger};
use crate::fingerprint::line_hashes;
use crate::sources::codex::Codex;
use crate::sources::testing::{fixture_bytes, kept, read_bytes, read_fixture};

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
