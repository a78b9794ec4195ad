//! Pages of Anthropic's admin reports as they stand there. Owns no meaning: that is the module's above.

use crate::sources::json::Count;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// A row of a span. What the report was not grouped by is null.
#[derive(Debug, serde::Deserialize)]
pub(super) struct UsageResult {
    #[serde(default)]
    pub(super) uncached_input_tokens: Count,
    #[serde(default)]
    pub(super) cache_read_input_tokens: Count,
    #[serde(default)]
    pub(super) output_tokens: Count,
    pub(super) cache_creation: Option<CacheTiers>,
    pub(super) api_key_id: Option<String>,
    pub(super) workspace_id: Option<String>,
    pub(super) account_id: Option<String>,
    pub(super) service_account_id: Option<String>,
    pub(super) model: Option<String>,
    pub(super) service_tier: Option<String>,
    pub(super) context_window: Option<String>,
    pub(super) inference_geo: Option<String>,
    pub(super) speed: Option<String>,
    /// Cents as a decimal text: only the cost report has it, and nothing of the usage above.
    pub(super) amount: Option<Box<RawValue>>,
    pub(super) currency: Option<String>,
    pub(super) cost_type: Option<String>,
    pub(super) token_type: Option<String>,
    pub(super) description: Option<String>,
}

/// Cache writes by how long they are kept.
#[derive(Debug, Default, serde::Deserialize)]
pub(super) struct CacheTiers {
    #[serde(default)]
    pub(super) ephemeral_1h_input_tokens: Count,
    #[serde(default)]
    pub(super) ephemeral_5m_input_tokens: Count,
}

/// A row of Claude Code analytics: one actor, day and terminal.
#[derive(Debug, serde::Deserialize)]
pub(super) struct ActorDay {
    pub(super) date: Option<String>,
    pub(super) actor: Option<Actor>,
    pub(super) organization_id: Option<String>,
    pub(super) customer_type: Option<String>,
    pub(super) subscription_type: Option<String>,
    pub(super) terminal_type: Option<String>,
    pub(super) is_remote: Option<bool>,
    pub(super) core_metrics: Option<CoreMetrics>,
    pub(super) tool_actions: Option<BTreeMap<String, ToolActions>>,
    pub(super) model_breakdown: Option<Vec<ModelUsage>>,
}

/// A person or a key.
#[derive(Debug, Default, serde::Deserialize)]
pub(super) struct Actor {
    pub(super) email_address: Option<String>,
    pub(super) api_key_name: Option<String>,
}

/// What is counted once for all models.
#[derive(Debug, Default, serde::Deserialize)]
pub(super) struct CoreMetrics {
    #[serde(default)]
    pub(super) num_sessions: Count,
    pub(super) lines_of_code: Option<Lines>,
    #[serde(default)]
    pub(super) commits_by_claude_code: Count,
    #[serde(default)]
    pub(super) pull_requests_by_claude_code: Count,
}

/// Lines of code.
#[derive(Debug, Default, serde::Deserialize)]
pub(super) struct Lines {
    #[serde(default)]
    pub(super) added: Count,
    #[serde(default)]
    pub(super) removed: Count,
}

/// What people made of one tool's suggestions.
#[derive(Debug, serde::Deserialize)]
pub(super) struct ToolActions {
    #[serde(default)]
    pub(super) accepted: Count,
    #[serde(default)]
    pub(super) rejected: Count,
}

/// The part of one model.
#[derive(Debug, serde::Deserialize)]
pub(super) struct ModelUsage {
    pub(super) model: Option<String>,
    pub(super) tokens: Option<ModelTokens>,
    pub(super) estimated_cost: Option<Cost>,
}

/// Usage of one model, input without cache.
#[derive(Debug, Default, serde::Deserialize)]
pub(super) struct ModelTokens {
    #[serde(default)]
    pub(super) input: Count,
    #[serde(default)]
    pub(super) output: Count,
    #[serde(default)]
    pub(super) cache_read: Count,
    #[serde(default)]
    pub(super) cache_creation: Count,
}

/// Money in the smallest unit of its currency.
#[derive(Debug, serde::Deserialize)]
pub(super) struct Cost {
    pub(super) currency: Option<String>,
    pub(super) amount: Option<Box<RawValue>>,
}
