//! Pages of OpenAI's admin reports as they stand there. Owns no meaning: that is the module's above.

use crate::sources::json::Count;
use serde_json::value::RawValue;

/// A row of a span. What the report was not grouped by is null.
#[derive(Debug, serde::Deserialize)]
pub(super) struct UsageResult {
    pub(super) object: Option<String>,
    /// Cached and cache-written tokens are part of it.
    #[serde(default)]
    pub(super) input_tokens: Count,
    #[serde(default)]
    pub(super) input_cached_tokens: Count,
    #[serde(default)]
    pub(super) input_cache_write_tokens: Count,
    #[serde(default)]
    pub(super) output_tokens: Count,
    #[serde(default)]
    pub(super) num_model_requests: Count,
    pub(super) project_id: Option<String>,
    pub(super) user_id: Option<String>,
    pub(super) api_key_id: Option<String>,
    pub(super) model: Option<String>,
    pub(super) batch: Option<bool>,
    pub(super) service_tier: Option<String>,
    pub(super) api_source: Option<String>,
    /// Images: what made them.
    pub(super) source: Option<String>,
    /// Images: their width and height.
    pub(super) size: Option<String>,
    pub(super) line_item: Option<String>,
    pub(super) amount: Option<Amount>,
}

/// Money in whole units of its currency.
#[derive(Debug, serde::Deserialize)]
pub(super) struct Amount {
    pub(super) value: Option<Box<RawValue>>,
    pub(super) currency: Option<String>,
}
