//! The shapes of rollout records, borrowed from the line. Only fields that are read are named; everything else is passed over.

use crate::fingerprint::result_hash;
use crate::sources::json::Count;
use crate::sources::text::Text;
use serde::Deserialize;
use serde::de::{Deserializer, Error, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

/// Every line: when, which kind, and the kind's own record.
#[derive(Deserialize)]
pub(super) struct Envelope<'a> {
    #[serde(borrow)]
    pub(super) timestamp: Cow<'a, str>,
    #[serde(borrow, rename = "type")]
    pub(super) kind: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) payload: &'a RawValue,
}

/// The kind inside `event_msg` and `response_item`.
#[derive(Deserialize)]
pub(super) struct PayloadKind<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Cow<'a, str>,
}

impl<'a> PayloadKind<'a> {
    /// The kind of a record that begins with it, as every version of Codex writes it: the rest is looked at when the kind is known, and only if it is read.
    pub(super) fn leading(payload: &'a RawValue) -> Option<Self> {
        let after = payload.get().strip_prefix("{\"type\":\"")?;
        let (kind, rest) = after.split_at(after.find(|c: char| !(c.is_ascii_lowercase() || c == '_'))?);
        (rest.starts_with("\",") || rest.starts_with("\"}")).then_some(Self { kind: Cow::Borrowed(kind) })
    }
}

/// `session_meta`: a thread introduces itself.
#[derive(Deserialize)]
pub(super) struct SessionMeta<'a> {
    #[serde(borrow)]
    pub(super) id: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) timestamp: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) cwd: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) originator: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) cli_version: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) model_provider: Option<Cow<'a, str>>,
    /// `"cli"`, `"exec"`, `"vscode"`, ... or `{"subagent": ...}`.
    pub(super) source: Option<Value>,
    #[serde(borrow)]
    pub(super) thread_source: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) forked_from_id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) parent_thread_id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) git: Option<Git<'a>>,
}

#[derive(Deserialize)]
pub(super) struct Git<'a> {
    #[serde(borrow)]
    pub(super) branch: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) repository_url: Option<Cow<'a, str>>,
}

/// `turn_context`: what holds until the next one.
#[derive(Deserialize)]
pub(super) struct TurnContext<'a> {
    #[serde(borrow)]
    pub(super) timezone: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) model: Option<Cow<'a, str>>,
    /// A word, or an object in newer versions.
    pub(super) approval_policy: Option<Value>,
}

/// Anything that names its turn.
#[derive(Deserialize)]
pub(super) struct TurnId<'a> {
    #[serde(borrow)]
    pub(super) turn_id: Option<Cow<'a, str>>,
}

/// `event_msg/token_count`; `info` is null when only rate limits changed.
#[derive(Deserialize)]
pub(super) struct TokenCount {
    pub(super) info: Option<TokenInfo>,
}

#[derive(Deserialize)]
pub(super) struct TokenInfo {
    pub(super) total_token_usage: Option<RawUsage>,
    pub(super) last_token_usage: Option<RawUsage>,
}

/// One set of counters as logged.
#[derive(Deserialize)]
pub(super) struct RawUsage {
    #[serde(default)]
    pub(super) input_tokens: Count,
    #[serde(default)]
    pub(super) cached_input_tokens: Count,
    #[serde(default)]
    pub(super) cache_write_input_tokens: Count,
    #[serde(default)]
    pub(super) output_tokens: Count,
    #[serde(default)]
    pub(super) reasoning_output_tokens: Count,
    #[serde(default)]
    pub(super) total_tokens: Count,
}

/// `event_msg/user_message`.
#[derive(Deserialize)]
pub(super) struct UserMessage<'a> {
    #[serde(borrow)]
    pub(super) message: Cow<'a, str>,
    /// Versions of 2025: `plain`, `user_instructions`, `environment_context`.
    #[serde(borrow)]
    pub(super) kind: Option<Cow<'a, str>>,
}

/// `event_msg/agent_message`.
#[derive(Deserialize)]
pub(super) struct AgentMessage<'a> {
    #[serde(borrow)]
    pub(super) message: Cow<'a, str>,
}

/// `event_msg/turn_aborted`: `interrupted`, `replaced`, `review_ended`, ...
#[derive(Deserialize)]
pub(super) struct TurnAborted<'a> {
    #[serde(borrow)]
    pub(super) reason: Option<Cow<'a, str>>,
}

/// `event_msg/item_completed`: the item has a type of its own.
#[derive(Deserialize)]
pub(super) struct ItemCompleted<'a> {
    #[serde(borrow)]
    pub(super) item: &'a RawValue,
}

/// The items `UserMessage` and `AgentMessage`.
#[derive(Deserialize)]
pub(super) struct MessageItem<'a> {
    #[serde(default, borrow)]
    content: Vec<MessagePart<'a>>,
}

/// A text; images, skills and mentions have none.
#[derive(Deserialize)]
struct MessagePart<'a> {
    #[serde(borrow)]
    text: Option<Cow<'a, str>>,
}

impl MessageItem<'_> {
    /// The texts one after another, as the event of the same message has them.
    pub(super) fn text(&self) -> String {
        self.content.iter().filter_map(|part| part.text.as_deref()).collect()
    }
}

/// `event_msg/exec_command_end`, and the item `CommandExecution`, whose names are in camel case. `T` is what is made of what the command printed.
#[derive(Deserialize)]
pub(super) struct ExecCommandEnd<'a, T> {
    #[serde(borrow, alias = "id")]
    pub(super) call_id: Cow<'a, str>,
    #[serde(alias = "exitCode")]
    pub(super) exit_code: Option<i64>,
    pub(super) duration: Option<Duration>,
    #[serde(alias = "aggregatedOutput")]
    pub(super) aggregated_output: Option<T>,
}

/// The hash of what a command printed, taken while the parser has it.
pub(super) struct Hashed(pub(super) i64);

impl<'de> Deserialize<'de> for Hashed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;
        impl Visitor<'_> for TextVisitor {
            type Value = Hashed;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("what a command printed")
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Hashed, E> {
                Ok(Hashed(result_hash(text)))
            }
        }
        deserializer.deserialize_str(TextVisitor)
    }
}

/// A span as Rust's serde writes it.
#[derive(Deserialize)]
pub(super) struct Duration {
    #[serde(default)]
    pub(super) secs: Count,
    #[serde(default)]
    pub(super) nanos: Count,
}

/// `event_msg/patch_apply_end`.
#[derive(Deserialize)]
pub(super) struct PatchApplyEnd<'a> {
    #[serde(borrow)]
    pub(super) call_id: Cow<'a, str>,
    pub(super) success: bool,
    #[serde(default, borrow)]
    pub(super) changes: BTreeMap<Cow<'a, str>, FileChange<'a>>,
}

/// The item `FileChange`.
#[derive(Deserialize)]
pub(super) struct FileChangeItem<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    /// `completed`, `failed` or `declined`.
    #[serde(borrow)]
    status: Option<Cow<'a, str>>,
    #[serde(default, borrow)]
    changes: BTreeMap<Cow<'a, str>, FileChange<'a>>,
}

impl<'a> From<FileChangeItem<'a>> for PatchApplyEnd<'a> {
    fn from(item: FileChangeItem<'a>) -> Self {
        let success = item.status.as_deref() == Some("completed");
        Self { call_id: item.id, success, changes: item.changes }
    }
}

/// What became of one file: `add` has its content, `update` a diff, `delete` neither or the old content.
#[derive(Deserialize)]
pub(super) struct FileChange<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) unified_diff: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) content: Option<Cow<'a, str>>,
}

/// `event_msg/mcp_tool_call_end`.
#[derive(Deserialize)]
pub(super) struct McpToolCallEnd<'a> {
    #[serde(borrow)]
    pub(super) call_id: Cow<'a, str>,
    pub(super) duration: Option<Duration>,
    pub(super) result: Option<McpResult>,
}

#[derive(Deserialize)]
pub(super) enum McpResult {
    Ok(McpAnswer),
    Err(serde::de::IgnoredAny),
}

#[derive(Deserialize)]
pub(super) struct McpAnswer {
    #[serde(rename = "isError", default)]
    pub(super) is_error: Option<bool>,
}

/// The item `McpToolCall`.
#[derive(Deserialize)]
pub(super) struct McpToolCallItem<'a> {
    #[serde(borrow)]
    pub(super) id: Cow<'a, str>,
    /// `completed` or `failed`.
    #[serde(borrow)]
    pub(super) status: Option<Cow<'a, str>>,
    pub(super) result: Option<McpAnswer>,
    pub(super) duration: Option<Duration>,
}

/// `event_msg/dynamic_tool_call_response`, and the item `DynamicToolCall`.
#[derive(Deserialize)]
pub(super) struct DynamicToolCallResponse<'a> {
    #[serde(borrow, alias = "id")]
    pub(super) call_id: Cow<'a, str>,
    pub(super) success: Option<bool>,
    pub(super) duration: Option<Duration>,
}

/// `response_item/function_call`, `custom_tool_call`: `arguments` is JSON text, `input` is free text.
#[derive(Deserialize)]
pub(super) struct ToolCall<'a> {
    #[serde(borrow)]
    pub(super) name: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) namespace: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) arguments: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) input: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) call_id: Option<Text<'a>>,
}

/// `response_item/local_shell_call`, `web_search_call`, `image_generation_call`: tools of the provider.
#[derive(Deserialize)]
pub(super) struct HostedToolCall<'a> {
    #[serde(borrow)]
    pub(super) id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) call_id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) action: Option<&'a RawValue>,
}

/// `response_item/function_call_output`, `custom_tool_call_output`: text, content items, or an object with both.
#[derive(Deserialize)]
pub(super) struct ToolOutput<'a> {
    #[serde(borrow)]
    pub(super) call_id: Cow<'a, str>,
    pub(super) output: Option<&'a RawValue>,
}

/// The text form of `output` that is JSON itself.
#[derive(Deserialize)]
pub(super) struct JsonOutput<'a> {
    #[serde(borrow)]
    pub(super) output: Cow<'a, str>,
    pub(super) metadata: JsonOutputMetadata,
}

#[derive(Deserialize)]
pub(super) struct JsonOutputMetadata {
    pub(super) exit_code: Option<i64>,
    pub(super) duration_seconds: Option<f64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_of_a_call_are_borrowed() {
        let json = r#"{"name":"exec_command","arguments":"{\"cmd\":\"ls\"}","call_id":"c","namespace":null}"#;
        let call: ToolCall<'_> = serde_json::from_str(json).unwrap();
        assert!(matches!(call.name, Some(Text(Cow::Borrowed("exec_command")))));
        assert!(matches!(call.call_id, Some(Text(Cow::Borrowed("c")))));
        assert_eq!(call.arguments.as_deref(), Some(r#"{"cmd":"ls"}"#));
        assert!(call.namespace.is_none() && call.input.is_none());
        assert!(serde_json::from_str::<ToolCall<'_>>(r#"{"name":7}"#).is_err());
    }

    #[test]
    fn a_leading_kind_is_the_one_that_the_whole_record_has() {
        for (json, leads) in [
            (r#"{"type":"token_count","info":null}"#, true),
            (r#"{"type":"reasoning"}"#, true),
            (r#"{"info":null,"type":"token_count"}"#, false),
            (r#"{ "type": "token_count" }"#, false),
            (r#"{"type":"token\u005fcount"}"#, false),
            (r#"{"type":"Token2"}"#, false),
        ] {
            let payload: &RawValue = serde_json::from_str(json).unwrap();
            let whole: PayloadKind<'_> = serde_json::from_str(json).unwrap();
            assert_eq!(PayloadKind::leading(payload).map(|it| it.kind), leads.then_some(whole.kind), "{json}");
        }
    }
}
