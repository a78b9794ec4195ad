//! Rows of Copilot's usage metrics, seats and bills as they stand there. Owns no meaning: that is the module's above.

use crate::sources::document::Items;
use crate::sources::json::Count;
use serde_json::value::RawValue;

/// A document: a report with its days, or a row by itself.
#[derive(serde::Deserialize)]
pub(super) struct Report<'a> {
    #[serde(borrow)]
    pub(super) day_totals: Option<Items<&'a RawValue>>,
    #[serde(borrow)]
    pub(super) enterprise_id: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) organization_id: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) seats: Option<Items<&'a RawValue>>,
    #[serde(borrow, rename = "usageItems")]
    pub(super) usage_items: Option<Items<&'a RawValue>>,
}

/// A seat of `/copilot/billing/seats`.
#[derive(Debug, serde::Deserialize)]
pub(super) struct Seat {
    pub(super) created_at: Option<Box<RawValue>>,
    pub(super) last_activity_at: Option<Box<RawValue>>,
    pub(super) pending_cancellation_date: Option<String>,
    pub(super) plan_type: Option<String>,
    pub(super) assignee: Option<Assignee>,
    pub(super) assigning_team: Option<AssigningTeam>,
}

/// Who holds a seat.
#[derive(Debug, serde::Deserialize)]
pub(super) struct Assignee {
    pub(super) login: Option<String>,
}

/// The team through which a seat was given.
#[derive(Debug, serde::Deserialize)]
pub(super) struct AssigningTeam {
    pub(super) slug: Option<String>,
}

/// A day, of a person or of all.
#[derive(Debug, serde::Deserialize)]
pub(super) struct Day {
    pub(super) day: Option<String>,
    pub(super) user_login: Option<String>,
    pub(super) user_id: Option<Box<RawValue>>,
    pub(super) enterprise_id: Option<Box<RawValue>>,
    pub(super) organization_id: Option<Box<RawValue>>,
    #[serde(default)]
    pub(super) user_initiated_interaction_count: Count,
    #[serde(default)]
    pub(super) code_generation_activity_count: Count,
    #[serde(default)]
    pub(super) code_acceptance_activity_count: Count,
    #[serde(default)]
    pub(super) loc_suggested_to_add_sum: Count,
    #[serde(default)]
    pub(super) loc_added_sum: Count,
    #[serde(default)]
    pub(super) loc_deleted_sum: Count,
    pub(super) used_agent: Option<bool>,
    pub(super) used_chat: Option<bool>,
    pub(super) used_cli: Option<bool>,
    pub(super) totals_by_cli: Option<Cli>,
    pub(super) pull_requests: Option<PullRequests>,
}

/// The part of Copilot CLI, the only one with tokens.
#[derive(Debug, serde::Deserialize)]
pub(super) struct Cli {
    #[serde(default)]
    pub(super) prompt_count: Count,
    #[serde(default)]
    pub(super) request_count: Count,
    #[serde(default)]
    pub(super) session_count: Count,
    pub(super) token_usage: Option<TokenUsage>,
}

/// Tokens of the CLI, cached ones not told apart.
#[derive(Debug, Default, serde::Deserialize)]
pub(super) struct TokenUsage {
    #[serde(default)]
    pub(super) prompt_tokens_sum: Count,
    #[serde(default)]
    pub(super) output_tokens_sum: Count,
}

/// Pull requests of an enterprise's or organisation's day.
#[derive(Debug, serde::Deserialize)]
pub(super) struct PullRequests {
    #[serde(default)]
    pub(super) total_created: Count,
}
