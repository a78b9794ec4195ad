//! Chat messages as gateways and tracers log them: which text is a request's new prompt, and what its answer says.
//!
//! Reads the shapes of OpenAI (`content`), of the semantic conventions (`parts`), of Anthropic (typed blocks), of LangChain (`type: human`) and plain
//! texts. Owns no events and keeps no text: callers sketch and drop it. Which words are a client's own is the rule of [`super::claude_code`].

use super::claude_code::{begins_expansion, is_interrupt, own_words};
use super::values;
use crate::fingerprint::Json;

/// Containers inside containers that are looked through.
const DEPTH: u8 = 6;
/// Fields under which the list of messages stands.
const LISTS: &[&str] = &["messages", "input", "contents", "prompt"];
/// Fields under which the text of an answer stands, the first that is there.
const ANSWERS: &[&str] = &["choices", "message", "output", "content", "parts", "text"];

/// The text that was handed over with this request: that of the newest message, if a user's, without what a client put beside it. A request whose newest
/// message holds a tool's result continues an earlier prompt and has none of its own; older messages are history and had their own requests.
pub(crate) fn newest_prompt(value: &Json<'_>) -> Asked {
    let mut text = String::new();
    let is_anybodys = prompt(value, &mut text, DEPTH);
    Asked::of(text, is_anybodys)
}

/// What stands where a request's messages are logged.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// The words of a user.
    Prompt(String),
    /// A user's message without words, or something of a shape that nobody knows.
    WithoutText,
    /// Nothing, or a message that is no user's: another's, a tool's result under the user's name, or what a client wrote.
    Nothing,
}

impl Asked {
    /// What a field that holds a user's words says, where it is there.
    pub(crate) fn by_user(content: Option<&Json<'_>>) -> Self {
        let Some(content) = content else { return Asked::Nothing };
        let mut text = String::new();
        let is_wordless = typed(content, &mut text, DEPTH);
        Self::of(text, is_wordless)
    }

    fn of(text: String, is_wordless: bool) -> Self {
        match (text.trim().is_empty(), is_wordless) {
            (false, _) => Asked::Prompt(text),
            (true, true) => Asked::WithoutText,
            (true, false) => Asked::Nothing,
        }
    }

    /// The words of one of two places, the first that has any.
    pub(crate) fn or(self, other: Asked) -> Self {
        match (self, other) {
            (Asked::Prompt(text), _) | (_, Asked::Prompt(text)) => Asked::Prompt(text),
            (Asked::Nothing, asked) | (asked, _) => asked,
        }
    }
}

/// Adds the words of the newest message. True unless nothing stands there or the message is a stranger's.
fn prompt(value: &Json<'_>, text: &mut String, depth: u8) -> bool {
    if depth == 0 {
        return true;
    }
    match value {
        Json::Text(plain) => match values::nested(value) {
            Some(inner) => prompt(&inner, text, depth - 1),
            None => {
                add_words(plain, text);
                false
            }
        },
        Json::List(messages) => {
            messages.last().is_some_and(|newest| *newest == Json::Null || prompt(newest, text, depth - 1))
        }
        Json::Object(fields) => {
            let role = ["role", "type"].iter().find_map(|name| value.text(name));
            let content = ["content", "parts"].iter().find_map(|name| value.get(name));
            match (role, content) {
                (Some("user" | "human" | "USER"), Some(content)) => {
                    typed(content, text, depth - 1) && !matches!(content, Json::Null | Json::Text(_))
                }
                // A stranger's role: a tool, the model itself, the system prompt.
                (Some(_), Some(_)) => false,
                _ => match LISTS.iter().find_map(|name| value.get(name)) {
                    Some(inner) => prompt(inner, text, depth - 1),
                    None => !fields.is_empty(),
                },
            }
        }
        Json::Null => false,
        Json::Bool(_) | Json::Number(_) => true,
    }
}

/// Adds a user's own words. True where something stands there that is neither words nor a tool's or a client's.
fn typed(content: &Json<'_>, text: &mut String, depth: u8) -> bool {
    if depth == 0 {
        return true;
    }
    match content {
        Json::Text(plain) => match values::nested(content) {
            Some(inner) => typed(&inner, text, depth - 1),
            None => {
                add_words(plain, text);
                plain.trim().is_empty()
            }
        },
        Json::List(blocks) => {
            let own = if blocks.iter().any(is_result) { behind_interrupt(blocks) } else { blocks.as_slice() };
            let typed_blocks = own.iter().zip(expansions(own)).filter(|(_, is_expansion)| !is_expansion);
            typed_blocks.fold(blocks.is_empty(), |is_wordless, (block, _)| typed(block, text, depth - 1) || is_wordless)
        }
        Json::Object(_) if is_hidden(content) => !is_result(content),
        Json::Object(_) => {
            ANSWERS.iter().find_map(|name| content.get(name)).is_none_or(|inner| typed(inner, text, depth - 1))
        }
        Json::Null | Json::Bool(_) | Json::Number(_) => true,
    }
}

/// Adds what of a text is a person's, on a line of its own.
fn add_words(plain: &str, text: &mut String) {
    if let Some(words) = own_words(plain) {
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&words);
    }
}

/// What of a message with a tool's result was typed. The client speaks beside the result, whatever it says; behind an interrupt a person does.
fn behind_interrupt<'b, 'j>(blocks: &'b [Json<'j>]) -> &'b [Json<'j>] {
    let interrupt = blocks.iter().rposition(|block| block.text("text").is_some_and(is_interrupt));
    interrupt.and_then(|at| blocks.get(at + 1..)).unwrap_or_default()
}

/// Which of these blocks are what a slash command before them stands for: texts that the client has from the command's file.
fn expansions(blocks: &[Json<'_>]) -> Vec<bool> {
    let mut follows_command = false;
    let is_expansion = |block: &Json<'_>| {
        let plain = match block {
            Json::Text(plain) => Some(&**plain),
            _ => block.text("text").or_else(|| block.text("content")),
        };
        match plain.map(begins_expansion) {
            Some(Some(begins)) => {
                follows_command = begins;
                false
            }
            Some(None) => follows_command,
            None => false,
        }
    };
    blocks.iter().map(is_expansion).collect()
}

/// Whether a block is a tool's result.
fn is_result(block: &Json<'_>) -> bool {
    matches!(block.text("type"), Some("tool_result" | "tool_call_response"))
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
        match newest_prompt(&serde_json::from_str(text).unwrap()) {
            Asked::Prompt(text) => Some(text),
            Asked::WithoutText | Asked::Nothing => None,
        }
    }

    fn answer_of(text: &str) -> Option<String> {
        answer(&serde_json::from_str(text).unwrap())
    }

    #[test]
    fn what_should_be_a_prompt_and_has_no_words_is_told_from_nothing() {
        let asked = |text: &str| newest_prompt(&serde_json::from_str(text).unwrap());
        for shape in [
            "true",
            "7",
            "[1,null]",
            r#"{"type":"new","zz":1}"#,
            r#"[{"role":"user","content":true}]"#,
            r#"[{"role":"user","content":[{"type":"image_url"}]}]"#,
        ] {
            assert_eq!(asked(shape), Asked::WithoutText, "{shape}");
        }
        for shape in [
            "null",
            "{}",
            "[]",
            "\" \"",
            r#"{"messages":[]}"#,
            r#"[{"role":"user","content":""}]"#,
            r#"[{"role":"tool","content":"done"}]"#,
            r#"[{"role":"user","content":[{"type":"tool_result","tool_use_id":"toolu_1","content":"ok"}]}]"#,
            r#"[{"role":"user","parts":[{"type":"tool_call_response","result":"ok"}]}]"#,
            r#"[{"role":"user","content":[{"type":"tool_result","tool_use_id":"toolu_1","content":"ok"},{"type":"text","text":"<system-reminder>\nthe todo list is empty</system-reminder>"}]}]"#,
            r#"[{"role":"user","content":[{"type":"tool_result","tool_use_id":"toolu_1","content":"ok"},{"type":"text","text":"and more"}]}]"#,
            r#"[{"role":"user","content":[{"type":"text","text":"<system-reminder>\nthe todo list is empty</system-reminder>"}]}]"#,
            r#"[{"role":"user","content":"Caveat: the messages below were made by local commands."}]"#,
        ] {
            assert_eq!(asked(shape), Asked::Nothing, "{shape}");
        }
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
            (
                r#"[{"role":"user","content":[{"type":"text","text":"<system-reminder>\nthe todo list is empty</system-reminder>"},{"type":"text","text":"hey"}]}]"#,
                Some("hey"),
            ),
            (r#"[{"role":"user","content":"<system-reminder>today is Monday</system-reminder>\nhey"}]"#, Some("hey")),
            (r#""[{\"role\":\"user\",\"content\":\"go\"}]""#, Some("go")),
            (r#""plain words""#, Some("plain words")),
            (r#"["one","two"]"#, Some("two")),
            (r#"{"contents":[{"role":"user","parts":[{"text":"go"}]}]}"#, Some("go")),
            (
                r#"[{"role":"user","content":"go"},{"role":"assistant","content":""},{"role":"tool","content":"ok"}]"#,
                None,
            ),
            (r#"[{"role":"user","content":[{"type":"tool_result","content":"ok"}]}]"#, None),
            (
                r#"[{"role":"user","content":[{"type":"tool_result","content":"ok"},{"type":"text","text":"[Request interrupted by user for tool use]"},{"type":"text","text":"use integer cents instead"}]}]"#,
                Some("use integer cents instead"),
            ),
            (r#"[{"role":"user","parts":[{"type":"tool_call_response","result":"ok"}]}]"#, None),
            // A command of one's own comes with what it stands for, one of the client's with what it put out.
            (
                r#"[{"role":"user","content":[{"type":"text","text":"<command-message>review</command-message>\n<command-name>/review</command-name>\n<command-args>pull 7</command-args>"},{"type":"text","text":"Read the pull request and judge it."},{"type":"text","text":"<system-reminder>be brief</system-reminder>"}]}]"#,
                Some("/review pull 7"),
            ),
            (
                r#"[{"role":"user","content":["<command-name>/review</command-name>","Read the pull request.","[Request interrupted by user]","leave it"]}]"#,
                Some("/review\nleave it"),
            ),
            (
                r#"[{"role":"user","content":[{"type":"text","text":"<command-name>/model</command-name>"},{"type":"text","text":"<local-command-stdout>set</local-command-stdout>"},{"type":"text","text":"go"}]}]"#,
                Some("/model\ngo"),
            ),
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
