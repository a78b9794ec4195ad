//! A row of an events file, as `schema.md` has it. Shapes only.

use serde::Serialize;

/// One row of an events file.
#[derive(Serialize)]
pub(super) struct Row<'a> {
    pub(super) ts: String,
    pub(super) session_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) parent_session_id: Option<&'a str>,
    pub(super) event_id: String,
    pub(super) actor_id: &'a str,
    pub(super) kind: &'static str,
    pub(super) trigger: &'static str,
    pub(super) client: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) repo: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) branch: Option<&'a str>,
    #[serde(flatten)]
    pub(super) step: Step<'a>,
}

/// What a row says beside whose it is and when.
#[derive(Default, Serialize)]
pub(super) struct Step<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) provider: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) model: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) token_basis: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) input_tokens: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) output_tokens: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reasoning_tokens: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) cache_read_tokens: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) cache_write_tokens: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) text: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) tool_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) tool_args: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) call_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) is_error: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) effect: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) system: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) approval: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) path: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) duration_ms: Option<i64>,
}
