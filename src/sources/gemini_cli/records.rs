//! The records of Gemini CLI's chat files as they stand there. Owns no meaning: that is [`super::chat`]'s.

use crate::sources::json::{Count, parse_last_wins};
use serde_json::Value;
use serde_json::value::RawValue;

/// What begins a chat: the whole of it in the older form, the first line in the newer one.
#[derive(Debug, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Header {
    pub(super) session_id: Option<String>,
    /// Present in both forms and in no other tool's log. Its value says nothing: it is a hash of the project's path.
    pub(super) project_hash: Option<Box<RawValue>>,
    pub(super) kind: Option<String>,
    pub(super) directories: Option<Vec<String>>,
}

/// One message.
#[derive(Debug, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Message {
    pub(super) id: Option<String>,
    pub(super) timestamp: Option<Box<RawValue>>,
    #[serde(rename = "type")]
    pub(super) kind: Option<String>,
    pub(super) content: Option<Value>,
    /// What the person typed, where `content` has files and command output put into it.
    pub(super) display_content: Option<Value>,
    pub(super) model: Option<String>,
    pub(super) tokens: Option<Tokens>,
    #[serde(default)]
    pub(super) tool_calls: Option<Vec<ToolCall>>,
}

/// Usage of one response, as the API counts it.
#[derive(Debug, Default, serde::Deserialize)]
pub(super) struct Tokens {
    /// `promptTokenCount`: cached tokens are part of it.
    #[serde(default)]
    pub(super) input: Count,
    /// `candidatesTokenCount`: thoughts are not part of it.
    #[serde(default)]
    pub(super) output: Count,
    #[serde(default)]
    pub(super) cached: Count,
    #[serde(default)]
    pub(super) thoughts: Count,
    /// `toolUsePromptTokenCount`: results of tools that ran at the provider.
    #[serde(default)]
    pub(super) tool: Count,
    #[serde(default)]
    pub(super) total: Count,
}

/// One call and, once it ended, its result.
#[derive(Debug, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ToolCall {
    pub(super) id: Option<String>,
    pub(super) name: Option<String>,
    #[serde(default)]
    pub(super) args: Value,
    pub(super) result: Option<Value>,
    pub(super) status: Option<String>,
    pub(super) timestamp: Option<Box<RawValue>>,
}

/// A line of the newer form, told apart by which keys it has.
#[derive(Debug, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Line {
    id: Option<Box<RawValue>>,
    session_id: Option<Box<RawValue>>,
    #[serde(rename = "$set")]
    set: Option<Box<RawValue>>,
    #[serde(rename = "$rewindTo")]
    rewind_to: Option<Box<RawValue>>,
}

/// What a line of the newer form is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LineKind {
    Header,
    Message,
    Set,
    Rewind,
    Unknown,
}

impl Line {
    /// Tells what a line is, in the order in which the product itself looks at the keys.
    pub(super) fn kind(&self) -> LineKind {
        match self {
            Line { rewind_to: Some(_), .. } => LineKind::Rewind,
            Line { id: Some(_), .. } => LineKind::Message,
            Line { set: Some(_), .. } => LineKind::Set,
            Line { session_id: Some(_), .. } => LineKind::Header,
            _ => LineKind::Unknown,
        }
    }
}

/// Parses one message.
pub(super) fn parse_message(text: &str) -> serde_json::Result<Message> {
    parse_last_wins(text)
}

/// The text of a part list: a string, a part, or a list of both. Null when there is no text part in it, as in a list of tool results.
pub(super) fn text_of(content: &Value) -> Option<String> {
    match content {
        Value::String(text) => Some(text.clone()),
        Value::Object(part) => part.get("text")?.as_str().map(str::to_owned),
        Value::Array(parts) => {
            let texts: Vec<String> = parts.iter().filter_map(text_of).collect();
            (!texts.is_empty()).then(|| texts.join("\n"))
        }
        _ => None,
    }
}

/// The text that a tool handed back: `functionResponse.response.output` or `.error` of each part, else the parts' own text.
pub(super) fn result_text(result: &Value) -> String {
    let parts: Vec<&Value> = match result {
        Value::Array(parts) => parts.iter().collect(),
        part => vec![part],
    };
    let texts: Vec<String> = parts
        .into_iter()
        .filter_map(|part| {
            let response = part.get("functionResponse").and_then(|response| response.get("response"));
            let said = response.and_then(|response| response.get("output").or_else(|| response.get("error")));
            match said {
                Some(Value::String(text)) => Some(text.clone()),
                Some(other) => Some(other.to_string()),
                None => text_of(part),
            }
        })
        .collect();
    texts.join("\n")
}
