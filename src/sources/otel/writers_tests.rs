//! Spans as single writers write them, each in a file of its own: what they mean is told by their names alone.

use super::Otel;
use crate::events::{Event, Kind};
use crate::sources::testing::{Recorded, read_bytes};
use serde_json::{Value, json};

/// A span of one trace, by the number of its own id and of its parent's, 0 for none.
fn span(id: u64, parent: u64, name: &str, attributes: &[(&str, Value)]) -> Value {
    let attributes: Vec<Value> = attributes.iter().map(|(key, value)| attribute(key, value)).collect();
    let parent = if parent == 0 { String::new() } else { format!("{parent:016x}") };
    json!({
        "traceId": "7c0000000000000000000000000000a7",
        "spanId": format!("{id:016x}"),
        "parentSpanId": parent,
        "name": name,
        "startTimeUnixNano": "1780304400000000000",
        "endTimeUnixNano": "1780304401000000000",
        "attributes": attributes,
    })
}

fn attribute(key: &str, value: &Value) -> Value {
    let kind = if value.is_string() { "stringValue" } else { "intValue" };
    json!({"key": key, "value": {kind: value}})
}

/// An event of Claude Code, as a line of its own.
fn event(name: &str, attributes: &[(&str, Value)]) -> String {
    let mut all = vec![attribute("event.name", &json!(name)), attribute("session.id", &json!("s-1"))];
    all.extend(attributes.iter().map(|(key, value)| attribute(key, value)));
    let body = json!({"stringValue": format!("claude_code.{name}")});
    let record = json!({"timeUnixNano": "1780304401000000000", "body": body, "attributes": all});
    format!("{}\n", json!({"resourceLogs": [{"scopeLogs": [{"logRecords": [record]}]}]}))
}

/// What is read of the spans of one export request.
fn read(scope: &str, spans: &[Value]) -> Recorded {
    let request = json!({"resourceSpans": [{"scopeSpans": [{"scope": {"name": scope}, "spans": spans}]}]});
    read_bytes(&Otel, "x.jsonl", request.to_string().as_bytes())
}

fn of_kind(read: &Recorded, kind: Kind) -> Vec<&Event> {
    read.events.iter().map(|(_, event)| event).filter(|event| event.kind == kind).collect()
}

/// Fresh input and output of each completion.
fn tokens(read: &Recorded) -> Vec<(Option<i64>, Option<i64>)> {
    of_kind(read, Kind::Completion).iter().map(|event| (event.tokens.input, event.tokens.output)).collect()
}

#[test]
fn a_request_through_the_gateway_of_litellm_counts() {
    let request = span(
        1,
        0,
        "litellm_request",
        &[
            ("gen_ai.operation.name", json!("acompletion")),
            ("llm.request.type", json!("acompletion")),
            ("gen_ai.request.model", json!("gpt-5")),
            ("gen_ai.usage.input_tokens", json!(1200)),
            ("gen_ai.usage.output_tokens", json!(80)),
        ],
    );
    let read = read("litellm", &[request]);
    assert_eq!((tokens(&read), read.reasons()), (vec![(Some(1200), Some(80))], vec![]));
}

#[test]
fn what_is_embedded_is_nobodys_prompt() {
    let embedding = span(
        1,
        0,
        "CreateEmbeddings",
        &[
            ("openinference.span.kind", json!("EMBEDDING")),
            ("embedding.model_name", json!("text-embed-1")),
            ("llm.token_count.prompt", json!(12)),
            ("input.value", json!("def charge(card): ...")),
            ("output.value", json!("a vector in words")),
        ],
    );
    let read = read("openinference.instrumentation.openai", &[embedding]);
    assert_eq!((tokens(&read), read.events.len()), (vec![(Some(12), None)], 1));
    assert!(of_kind(&read, Kind::Completion)[0].text.is_none());
    assert_eq!(read.ignored.get("embedding_input"), Some(&1));
}

#[test]
fn a_request_around_an_embedding_is_another_request() {
    let request = |id: u64, parent: u64, operation: &str, input: u64, output: u64| {
        let attributes = [
            ("gen_ai.operation.name", json!(operation)),
            ("gen_ai.request.model", json!("m")),
            ("gen_ai.usage.input_tokens", json!(input)),
            ("gen_ai.usage.output_tokens", json!(output)),
        ];
        span(id, parent, operation, &attributes)
    };
    let counted = |spans: &[Value]| {
        let read = read("inv.genai", spans);
        (tokens(&read), read.ignored.get("request_around_request").copied())
    };
    let pair = [request(2, 1, "embeddings", 12, 0), request(1, 0, "chat", 1200, 80)];
    assert_eq!(counted(&pair), (vec![(Some(12), Some(0)), (Some(1200), Some(80))], None));
    let twice = [request(2, 1, "embeddings", 12, 0), request(1, 0, "embeddings", 12, 0)];
    assert_eq!(counted(&twice), (vec![(Some(12), Some(0))], Some(1)));
}

#[test]
fn a_tool_of_claude_code_that_its_event_tells_is_one_call() {
    let id = ("tool_use_id", json!("toolu_01"));
    let told = |attributes: &[(&str, Value)], event: &str| {
        let mut all = vec![("session.id", json!("s-1")), ("tool_name", json!("Edit"))];
        all.extend_from_slice(attributes);
        let tool = span(1, 0, "claude_code.tool", &all);
        let request = json!({"resourceSpans": [{"scopeSpans": [{"spans": [tool]}]}]});
        let read = read_bytes(&Otel, "x.jsonl", format!("{request}\n{event}").as_bytes());
        let results: Vec<_> = of_kind(&read, Kind::ToolResult).iter().map(|result| result.is_error).collect();
        let calls = of_kind(&read, Kind::ToolCall).len();
        (calls, results, read.ignored.get("claude_code/tool_without_id").copied())
    };
    let result = event("tool_result", &[("tool_name", json!("Edit")), id.clone(), ("success", json!("true"))]);
    assert_eq!(told(&[], &result), (1, vec![Some(false)], Some(1)));
    assert_eq!(told(&[], ""), (0, vec![], Some(1)));
    assert_eq!(told(std::slice::from_ref(&id), ""), (1, vec![None], None), "a span without a status says nothing");
    assert_eq!(told(&[id.clone(), ("error", json!("no such file"))], ""), (1, vec![Some(true)], None));
    assert_eq!(told(&[id, ("success", json!("true"))], ""), (1, vec![Some(false)], None));
}

#[test]
fn what_claude_code_submits_by_itself_is_nobodys_prompt() {
    let prompts = [
        event("user_prompt", &[("prompt.id", json!("p-1")), ("prompt", json!("rename the cart"))]),
        event(
            "user_prompt",
            &[("prompt.id", json!("p-2")), ("prompt", json!("<task-notification>done</task-notification>"))],
        ),
        event("user_prompt", &[("prompt.id", json!("p-3")), ("prompt", json!("<REDACTED>"))]),
        event("user_prompt", &[("prompt.id", json!("p-4")), ("command_name", json!("clear"))]),
        event("user_prompt", &[("prompt.id", json!("p-5")), ("command_name", json!("review"))]),
    ];
    let read = read_bytes(&Otel, "x.jsonl", prompts.concat().as_bytes());
    let ids: Vec<_> = of_kind(&read, Kind::Prompt).iter().filter_map(|prompt| prompt.event_id.as_deref()).collect();
    assert_eq!((ids, read.ignored.get("claude_code/prompt_of_client")), (vec!["p-1", "p-3", "p-5"], Some(&1)));
    assert_eq!(read.ignored.get("claude_code/local_command"), Some(&1));
}
