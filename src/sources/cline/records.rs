//! The rows of a task's `ui_messages.json` and the files beside it, as they stand there. Owns no meaning: that is [`super::task`]'s.

use crate::sources::json::Count;
use serde_json::value::RawValue;

/// One row of what the panel shows.
#[derive(Debug, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Row {
    /// Milliseconds.
    pub(super) ts: Option<Box<RawValue>>,
    /// `say` or `ask`: which of the next two names the row.
    #[serde(rename = "type")]
    pub(super) kind: Option<String>,
    pub(super) say: Option<String>,
    pub(super) ask: Option<String>,
    pub(super) text: Option<String>,
    /// The row is still being streamed.
    pub(super) partial: Option<bool>,
    pub(super) model_info: Option<ModelInfo>,
}

/// Who answered, on rows of newer versions.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ModelInfo {
    pub(super) provider_id: Option<String>,
    pub(super) model_id: Option<String>,
}

/// The JSON in the text of `api_req_started`, and of the rows that sum usage.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Request {
    /// What was sent: the prompt or the results of the calls before it.
    pub(super) request: Option<String>,
    #[serde(default)]
    pub(super) tokens_in: Count,
    #[serde(default)]
    pub(super) tokens_out: Count,
    #[serde(default)]
    pub(super) cache_writes: Count,
    #[serde(default)]
    pub(super) cache_reads: Count,
    /// In US dollars; kept as written, so that money is never a float.
    pub(super) cost: Option<Box<RawValue>>,
    pub(super) cancel_reason: Option<String>,
    /// Roo and Kilo: `openai` where cached tokens are part of the input.
    pub(super) api_protocol: Option<String>,
}

impl Request {
    /// Whether any count is stated.
    pub(super) fn has_usage(&self) -> bool {
        [self.tokens_in, self.tokens_out, self.cache_writes, self.cache_reads]
            .iter()
            .any(|count| *count != Count::Absent)
    }

    /// Takes the usage of the row that reports the end of this request, as early versions wrote it.
    pub(super) fn finish_with(&mut self, end: Request) {
        self.tokens_in = end.tokens_in;
        self.tokens_out = end.tokens_out;
        self.cache_writes = end.cache_writes;
        self.cache_reads = end.cache_reads;
        self.cost = end.cost;
        self.cancel_reason = end.cancel_reason.or(self.cancel_reason.take());
    }
}

/// `task_metadata.json`: which model was chosen when.
#[derive(Debug, Default, serde::Deserialize)]
pub(super) struct Metadata {
    #[serde(default)]
    pub(super) model_usage: Vec<ChosenModel>,
}

/// One choice of a model.
#[derive(Debug, serde::Deserialize)]
pub(super) struct ChosenModel {
    /// Milliseconds.
    pub(super) ts: Option<i64>,
    pub(super) model_id: Option<String>,
    pub(super) model_provider_id: Option<String>,
}
