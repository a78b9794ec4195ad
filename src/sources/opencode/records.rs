//! OpenCode's records as they stand in its files and exports. Owns no meaning: that is [`super::message`]'s.

use crate::sources::document::Items;
use crate::sources::json::Count;
use serde_json::Value;
use serde_json::value::RawValue;

/// A session: `storage/session/<project>/<session>.json`, or `info` of an export.
#[derive(Debug, Default, serde::Deserialize)]
pub(super) struct Session {
    pub(super) id: Option<String>,
    #[serde(rename = "parentID")]
    pub(super) parent_id: Option<String>,
    pub(super) directory: Option<String>,
    pub(super) version: Option<String>,
}

/// A message: `storage/message/<session>/<message>.json`, or `info` of a message in an export.
#[derive(Debug, serde::Deserialize)]
pub(super) struct Message {
    pub(super) id: Option<String>,
    #[serde(rename = "sessionID")]
    pub(super) session_id: Option<String>,
    pub(super) role: Option<String>,
    pub(super) time: Option<Time>,
    #[serde(rename = "modelID")]
    pub(super) model_id: Option<String>,
    #[serde(rename = "providerID")]
    pub(super) provider_id: Option<String>,
    pub(super) path: Option<Directories>,
    pub(super) tokens: Option<Tokens>,
    /// In US dollars; kept as written, so that money is never a float.
    pub(super) cost: Option<Box<RawValue>>,
    pub(super) error: Option<Failure>,
    /// True where the response is the summary that a compaction made.
    pub(super) summary: Option<Value>,
}

/// Moments in milliseconds.
#[derive(Debug, serde::Deserialize)]
pub(super) struct Time {
    #[serde(alias = "start")]
    pub(super) created: Option<Box<RawValue>>,
    #[serde(alias = "end")]
    pub(super) completed: Option<Box<RawValue>>,
}

/// Where a response was asked for.
#[derive(Debug, serde::Deserialize)]
pub(super) struct Directories {
    pub(super) cwd: Option<String>,
    pub(super) root: Option<String>,
}

/// Usage of one response.
#[derive(Debug, Default, serde::Deserialize)]
pub(super) struct Tokens {
    #[serde(default)]
    pub(super) input: Count,
    #[serde(default)]
    pub(super) output: Count,
    #[serde(default)]
    pub(super) reasoning: Count,
    #[serde(default)]
    pub(super) total: Count,
    #[serde(default)]
    pub(super) cache: Option<Cache>,
}

/// The prompt cache's part of it, outside `input`.
#[derive(Debug, Default, serde::Deserialize)]
pub(super) struct Cache {
    #[serde(default)]
    pub(super) read: Count,
    #[serde(default)]
    pub(super) write: Count,
}

/// Why a response failed.
#[derive(Debug, serde::Deserialize)]
pub(super) struct Failure {
    pub(super) name: Option<String>,
}

/// A piece of a message: `storage/part/<message>/<part>.json`, or an element of `parts` in an export.
#[derive(Debug, serde::Deserialize)]
pub(super) struct Part {
    pub(super) id: Option<String>,
    #[serde(rename = "type")]
    pub(super) kind: Option<String>,
    pub(super) text: Option<String>,
    /// Said by the program in the user's name.
    pub(super) synthetic: Option<bool>,
    /// Shown and not sent.
    pub(super) ignored: Option<bool>,
    #[serde(rename = "callID")]
    pub(super) call_id: Option<String>,
    pub(super) tool: Option<String>,
    pub(super) state: Option<ToolState>,
}

/// What became of a call.
#[derive(Debug, serde::Deserialize)]
pub(super) struct ToolState {
    pub(super) status: Option<String>,
    #[serde(default)]
    pub(super) input: Value,
    pub(super) output: Option<Value>,
    pub(super) error: Option<Value>,
    pub(super) time: Option<Time>,
}

/// `opencode export`: one document a session.
#[derive(serde::Deserialize)]
pub(super) struct Export<'a> {
    #[serde(borrow)]
    pub(super) info: &'a RawValue,
    #[serde(borrow)]
    pub(super) messages: Items<&'a RawValue>,
}

/// A message of an export.
#[derive(serde::Deserialize)]
pub(super) struct ExportedMessage<'a> {
    #[serde(borrow)]
    pub(super) info: &'a RawValue,
    #[serde(borrow)]
    pub(super) parts: Option<Items<&'a RawValue>>,
}
