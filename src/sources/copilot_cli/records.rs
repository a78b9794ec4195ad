//! The lines of `events.jsonl` as they stand there. Owns no meaning: that is [`super::session`]'s.

use crate::sources::json::Count;
use serde_json::Value;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// The envelope of every line.
#[derive(Debug, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Envelope {
    #[serde(rename = "type")]
    pub(super) kind: Option<String>,
    pub(super) id: Option<String>,
    pub(super) timestamp: Option<Box<RawValue>>,
    pub(super) data: Option<Box<RawValue>>,
    /// Set on what a subagent did.
    pub(super) agent_id: Option<String>,
}

/// `session.start`, `session.resume` and `session.context_changed` together.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Start {
    pub(super) session_id: Option<String>,
    pub(super) copilot_version: Option<String>,
    pub(super) selected_model: Option<String>,
    pub(super) context: Option<Context>,
    pub(super) detached_from_spawning_parent_session_id: Option<String>,
}

/// Where the program runs.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Context {
    pub(super) cwd: Option<String>,
    pub(super) git_root: Option<String>,
    /// `owner/name`.
    pub(super) repository: Option<String>,
    pub(super) repository_host: Option<String>,
    pub(super) branch: Option<String>,
}

/// `user.message`.
#[derive(Debug, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct UserMessage {
    /// As typed; what is sent to the model stands in `transformedContent`.
    pub(super) content: Option<String>,
    /// Absent for what was typed; `skill-pdf`, `agent-3`, ...
    pub(super) source: Option<String>,
    pub(super) is_autopilot_continuation: Option<bool>,
    pub(super) parent_agent_task_id: Option<String>,
}

/// `assistant.message`.
#[derive(Debug, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AssistantMessage {
    pub(super) message_id: Option<String>,
    /// Shared by all messages that one response was split into.
    pub(super) api_call_id: Option<String>,
    pub(super) content: Option<String>,
    pub(super) model: Option<String>,
    #[serde(default)]
    pub(super) output_tokens: Count,
    pub(super) parent_tool_call_id: Option<String>,
}

/// `session.model_change`.
#[derive(Debug, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ModelChange {
    pub(super) new_model: Option<String>,
}

/// `tool.execution_start`.
#[derive(Debug, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ToolStart {
    pub(super) tool_call_id: Option<String>,
    pub(super) tool_name: Option<String>,
    #[serde(default)]
    pub(super) arguments: Value,
    pub(super) model: Option<String>,
    pub(super) parent_tool_call_id: Option<String>,
}

/// `tool.execution_complete`.
#[derive(Debug, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ToolEnd {
    pub(super) tool_call_id: Option<String>,
    pub(super) success: Option<bool>,
    pub(super) result: Option<ToolOutput>,
    pub(super) error: Option<ToolFailure>,
}

/// What a tool handed back.
#[derive(Debug, serde::Deserialize)]
pub(super) struct ToolOutput {
    pub(super) content: Option<String>,
}

/// Why a tool failed.
#[derive(Debug, serde::Deserialize)]
pub(super) struct ToolFailure {
    pub(super) message: Option<String>,
}

/// `session.shutdown`: what one run of the program used.
#[derive(Debug, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Shutdown {
    #[serde(default)]
    pub(super) model_metrics: BTreeMap<String, ModelMetric>,
}

/// The part of one model.
#[derive(Debug, serde::Deserialize)]
pub(super) struct ModelMetric {
    pub(super) usage: Option<Usage>,
}

/// Sums over all requests to one model.
#[derive(Debug, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Usage {
    /// Cached tokens are part of it.
    #[serde(default)]
    pub(super) input_tokens: Count,
    #[serde(default)]
    pub(super) output_tokens: Count,
    #[serde(default)]
    pub(super) cache_read_tokens: Count,
    #[serde(default)]
    pub(super) cache_write_tokens: Count,
    #[serde(default)]
    pub(super) reasoning_tokens: Count,
}
