//! Chat messages as gateways and tracers log them: which text is a request's new prompt, and what its answer says.
//!
//! Reads the shapes of OpenAI (`content`), of the semantic conventions (`parts`), of Anthropic (typed blocks), of LangChain (`type: human`) and plain
//! texts. Owns no events and keeps no text: callers sketch and drop it.

use super::values;
use crate::fingerprint::Json;

/// Containers inside containers that are looked through.
const DEPTH: u8 = 6;
/// Fields under which the list of messages stands.
const LISTS: &[&str] = &["messages", "input", "contents", "prompt"];
/// Fields under which the text of an answer stands, the first that is there.
const ANSWERS: &[&str] = &["choices", "message", "output", "content", "parts", "text"];

/// The text that was handed over with this request: that of the newest message, if a user's. A request whose newest message is a tool's result continues an
/// earlier prompt and has none of its own; older messages are history and had their own requests.
pub(crate) fn newest_prompt(value: &Json<'_>) -> Option<String> {
    let mut text = String::new();
    prompt(value, &mut text, DEPTH);
    (!text.trim().is_empty()).then_some(text)
}

fn prompt(value: &Json<'_>, text: &mut String, depth: u8) {
    if depth == 0 {
        return;
    }
    match value {
        Json::Text(plain) => match values::nested(value) {
            Some(inner) => prompt(&inner, text, depth - 1),
            None => text.push_str(plain),
        },
        Json::List(messages) => {
            if let Some(newest) = messages.last() {
                prompt(newest, text, depth - 1);
            }
        }
        Json::Object(_) => {
            let role = ["role", "type"].iter().find_map(|name| value.text(name));
            let content = ["content", "parts"].iter().find_map(|name| value.get(name));
            match (role, content) {
                (Some("user" | "human" | "USER"), Some(content)) => said(content, text, depth - 1),
                // A stranger's role: a tool, the model itself, the system prompt.
                (Some(_), Some(_)) => {}
                _ => {
                    if let Some(inner) = LISTS.iter().find_map(|name| value.get(name)) {
                        prompt(inner, text, depth - 1);
                    }
                }
            }
        }
        Json::Null | Json::Bool(_) | Json::Number(_) => {}
    }
}

/// What an answer shows, without calls and hidden reasoning.
pub(crate) fn answer(value: &Json<'_>) -> Option<String> {
    let mut text = String::new();
    said(value, &mut text, DEPTH);
    (!text.trim().is_empty()).then_some(text)
}

fn said(value: &Json<'_>, text: &mut String, depth: u8) {
    if depth == 0 {
        return;
    }
    match value {
        Json::Text(plain) => match values::nested(value) {
            Some(inner) => said(&inner, text, depth - 1),
            None => {
                if !text.is_empty() && !plain.is_empty() {
                    text.push('\n');
                }
                text.push_str(plain);
            }
        },
        Json::List(items) => items.iter().for_each(|item| said(item, text, depth - 1)),
        Json::Object(_) if is_hidden(value) => {}
        Json::Object(_) => {
            if let Some(inner) = ANSWERS.iter().find_map(|name| value.get(name)) {
                said(inner, text, depth - 1);
            }
        }
        Json::Null | Json::Bool(_) | Json::Number(_) => {}
    }
}

/// Blocks that are no words to a reader: calls, their results, reasoning, pictures.
fn is_hidden(block: &Json<'_>) -> bool {
    block.text("type").is_some_and(|kind| {
        ["tool", "function", "reasoning", "thinking", "redacted", "image", "audio", "blob", "file", "uri"]
            .iter()
            .any(|hidden| kind.starts_with(hidden))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prompt_of(text: &str) -> Option<String> {
        newest_prompt(&serde_json::from_str(text).unwrap())
    }

    fn answer_of(text: &str) -> Option<String> {
        answer(&serde_json::from_str(text).unwrap())
    }

    #[test]
    fn the_newest_message_is_the_prompt_if_a_user_wrote_it() {
        for (shape, want) in [
            (r#"[{"role":"system","content":"be brief"},{"role":"user","content":"go"}]"#, Some("go")),
            (r#"[{"role":"user","parts":[{"type":"text","content":"go"}]}]"#, Some("go")),
            (
                r#"[{"role":"user","content":[{"type":"text","text":"look"},{"type":"image_url"},{"type":"input_text","text":"at it"}]}]"#,
                Some("look\nat it"),
            ),
            (r#"{"messages":[{"type":"human","content":"go"}]}"#, Some("go")),
            (r#""[{\"role\":\"user\",\"content\":\"go\"}]""#, Some("go")),
            (r#""plain words""#, Some("plain words")),
            (r#"["one","two"]"#, Some("two")),
            (r#"{"contents":[{"role":"user","parts":[{"text":"go"}]}]}"#, Some("go")),
            (
                r#"[{"role":"user","content":"go"},{"role":"assistant","content":""},{"role":"tool","content":"ok"}]"#,
                None,
            ),
            (r#"[{"role":"user","content":[{"type":"tool_result","content":"ok"}]}]"#, None),
            (r#"[{"role":"user","parts":[{"type":"tool_call_response","result":"ok"}]}]"#, None),
            ("{}", None),
            ("[]", None),
            ("7", None),
        ] {
            assert_eq!(prompt_of(shape).as_deref(), want, "{shape}");
        }
    }

    #[test]
    fn an_answer_is_what_a_reader_sees() {
        for (shape, want) in [
            (r#"{"choices":[{"message":{"role":"assistant","content":"Refunded."}}]}"#, Some("Refunded.")),
            (
                r#"[{"role":"assistant","parts":[{"type":"reasoning","content":"hm"},{"type":"text","content":"Refunded."}],"finish_reason":"stop"}]"#,
                Some("Refunded."),
            ),
            (
                r#"{"output":[{"type":"reasoning","content":[]},{"type":"message","content":[{"type":"output_text","text":"Refunded."}]}]}"#,
                Some("Refunded."),
            ),
            (
                r#"{"content":[{"type":"thinking","thinking":"hm"},{"type":"text","text":"Refunded."}]}"#,
                Some("Refunded."),
            ),
            (r#""Refunded.""#, Some("Refunded.")),
            (r#"[{"role":"assistant","parts":[{"type":"tool_call","name":"x","arguments":{"content":"no"}}]}]"#, None),
            ("null", None),
        ] {
            assert_eq!(answer_of(shape).as_deref(), want, "{shape}");
        }
        let deep = format!("{}{}", "[".repeat(100), "]".repeat(100));
        assert_eq!(answer_of(&deep), None);
    }
}
