//! The rows of ccusage's JSON reports as they stand there. Owns no meaning: that is [`super::rows`]'s.

use crate::sources::json::Count;
use serde_json::value::RawValue;

/// Counts and cost, of a row, of a model in it or of a block.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Counts {
    #[serde(default)]
    pub(super) input_tokens: Count,
    #[serde(default)]
    pub(super) output_tokens: Count,
    #[serde(default, alias = "cacheCreationInputTokens")]
    pub(super) cache_creation_tokens: Count,
    #[serde(default, alias = "cacheReadInputTokens")]
    pub(super) cache_read_tokens: Count,
    #[serde(default)]
    pub(super) reasoning_output_tokens: Count,
    #[serde(default)]
    pub(super) total_tokens: Count,
    /// US dollars, under the names of rows, of models and of other agents' rows.
    #[serde(alias = "totalCost", alias = "costUSD")]
    pub(super) cost: Option<Box<RawValue>>,
}

/// What a row is about.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Row {
    #[serde(alias = "date", alias = "week", alias = "month", alias = "sessionId")]
    pub(super) period: Option<String>,
    /// `all` for a sum over agents.
    pub(super) agent: Option<String>,
    pub(super) metadata: Option<Metadata>,
    pub(super) first_activity: Option<Box<RawValue>>,
    pub(super) last_activity: Option<Box<RawValue>>,
    /// Each a [`Counts`] with a [`ModelName`].
    pub(super) model_breakdowns: Option<Vec<Box<RawValue>>>,
    /// The same for Codex and others, by model name.
    pub(super) models: Option<Box<RawValue>>,
    /// Of a block, as are the next three.
    pub(super) start_time: Option<Box<RawValue>>,
    pub(super) end_time: Option<Box<RawValue>>,
    pub(super) token_counts: Option<Box<RawValue>>,
    pub(super) is_gap: Option<bool>,
    #[serde(default)]
    pub(super) entries: Count,
}

/// What newer rows say beside.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Metadata {
    pub(super) agents: Option<Vec<String>>,
    pub(super) last_activity: Option<Box<RawValue>>,
}

/// The name of one model of a row.
#[derive(Debug, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ModelName {
    pub(super) model_name: Option<String>,
}
