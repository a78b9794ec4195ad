//! Admin reports of Anthropic: usage and cost of the API, and Claude Code analytics.
//!
//! Owns which report a document is. Everything in it is a sum that the vendor counted, so it becomes aggregates and never events. Rules and their
//! reasons stand in `README.md`.

mod records;
#[cfg(test)]
mod tests;

use super::buckets::{Span, dimension, read_bucket, read_pages};
use super::equal_sums::EqualSums;
use super::json::{moment, parse_last_wins, reject_reason, safe_detail};
use super::money::micro_units;
use super::spans::{Length, span};
use super::{Description, Input, InputError, Position, Probe, Reason, Sink, Source, Unit};
use crate::events::{Aggregate, CountedBy, Tokens, Trigger};
use records::{ActorDay, Cost, UsageResult};
use serde_json::value::RawValue;

/// Admin reports of Anthropic.
pub struct AnthropicAdmin;

impl Source for AnthropicAdmin {
    fn name(&self) -> &'static str {
        "anthropic_admin"
    }

    fn description(&self) -> Description {
        Description {
            title: "Anthropic admin reports",
            files: "pages of /v1/organizations/usage_report/messages, /v1/organizations/cost_report and \
                    /v1/organizations/usage_report/claude_code",
            tells: "the vendor's own sums by bucket, key, workspace and model, and what they cost; Claude Code seats by person and day with \
                    sessions, edits, commits and estimated cost: into the table `aggregates`",
            cannot_tell: "single requests, sessions, prompts; who stands behind an API key",
        }
    }

    fn recognises(&self, probe: &Probe<'_>) -> bool {
        let holds = |needle: &str| memchr::memmem::find(probe.head, needle.as_bytes()).is_some();
        let is_usage = holds("\"uncached_input_tokens\"") || holds("\"starting_at\"") && holds("\"results\"");
        let is_analytics = holds("\"core_metrics\"") && holds("\"actor\"");
        let begins = probe
            .lines()
            .next()
            .is_some_and(|line| line.trim_ascii_start().starts_with(b"{") || line.starts_with(b"["));
        probe.unit == Unit::File && begins && holds("\"data\"") && (is_usage || is_analytics)
    }

    fn read(&self, input: &Input, sink: &mut dyn Sink) -> Result<u64, InputError> {
        read_pages(input, sink, |raw, at, equals, sink| {
            // A bucket, or one person's day in Claude Code: what tells them apart is the field that only one has.
            if memchr::memmem::find(raw.get().as_bytes(), b"\"core_metrics\"").is_none() {
                let moment = |raw: &RawValue| moment(raw).map(|moment| moment.us);
                return read_bucket(raw, at, ["starting_at", "ending_at"], moment, (equals, sink), usage);
            }
            match parse_last_wins::<ActorDay>(raw.get()) {
                Ok(day) => actor_day(day, at, equals, sink),
                Err(error) => sink.reject(at, reject_reason(&error), &safe_detail(&error)),
            }
        })
    }
}

/// A row of the usage report, or of the cost report, which alone has an amount.
fn usage(result: UsageResult, (from_us, to_us): Span, at: Position, sink: &mut dyn Sink) -> Option<Aggregate> {
    if result.amount.is_some() {
        return Some(charge(result, (from_us, to_us), at, sink));
    }
    let mut aggregate = Aggregate::new(from_us, to_us, "anthropic.messages", CountedBy::Vendor);
    let tiers = result.cache_creation.unwrap_or_default();
    let write_1h = tiers.ephemeral_1h_input_tokens.get("ephemeral_1h_input_tokens", at, sink);
    let write_5m = tiers.ephemeral_5m_input_tokens.get("ephemeral_5m_input_tokens", at, sink);
    aggregate.tokens = Tokens {
        input: result.uncached_input_tokens.get("uncached_input_tokens", at, sink),
        output: result.output_tokens.get("output_tokens", at, sink),
        reasoning: None,
        cache_read: result.cache_read_input_tokens.get("cache_read_input_tokens", at, sink),
        cache_write: [write_1h, write_5m].iter().flatten().copied().reduce(|one, two| one + two),
        cache_write_1h: write_1h,
    };
    aggregate.provider = Some("anthropic".to_owned());
    aggregate.actor_id = result.account_id.or(result.service_account_id);
    aggregate.key_id = result.api_key_id;
    aggregate.group_id = result.workspace_id;
    aggregate.model = result.model;
    aggregate.dimension = dimension(&[
        ("service_tier", result.service_tier),
        ("context_window", result.context_window),
        ("inference_geo", result.inference_geo),
        ("speed", result.speed),
    ]);
    Some(aggregate)
}

/// A row of the cost report: money, and no usage.
fn charge(result: UsageResult, (from_us, to_us): Span, at: Position, sink: &mut dyn Sink) -> Aggregate {
    let mut aggregate = Aggregate::new(from_us, to_us, "anthropic.cost", CountedBy::Vendor);
    aggregate.cost_micro_usd = cents(&Cost { currency: result.currency, amount: result.amount }, "amount", at, sink);
    aggregate.provider = Some("anthropic".to_owned());
    aggregate.group_id = result.workspace_id;
    aggregate.model = result.model;
    aggregate.dimension = dimension(&[
        ("cost_type", result.cost_type),
        ("token_type", result.token_type),
        ("description", result.description),
        ("service_tier", result.service_tier),
        ("context_window", result.context_window),
        ("inference_geo", result.inference_geo),
    ]);
    aggregate
}

fn actor_day(day: ActorDay, at: Position, equals: &mut EqualSums, sink: &mut dyn Sink) {
    let (from_us, to_us) = match day.date.as_deref().map(|date| span(date, Length::Day)) {
        Some(Ok(span)) => span,
        Some(Err(reason)) => return sink.reject(at, reason, "date"),
        None => return sink.reject(at, Reason::MissingField, "date"),
    };
    let mut base = Aggregate::new(from_us, to_us, "anthropic.claude_code", CountedBy::Vendor);
    let actor = day.actor.unwrap_or_default();
    base.client = Some("claude-code".to_owned());
    base.provider = Some("anthropic".to_owned());
    base.trigger = if actor.api_key_name.is_some() { Trigger::Unknown } else { Trigger::Human };
    if day.is_remote == Some(true) {
        base.trigger = Trigger::Unknown;
    }
    base.actor_id = actor.email_address;
    base.key_id = actor.api_key_name;
    base.group_id = day.organization_id;
    // One person has a row for each terminal: told apart, all of them count.
    base.dimension = dimension(&[
        ("terminal", day.terminal_type),
        ("remote", day.is_remote.map(|remote| remote.to_string())),
        ("customer", day.customer_type),
        ("subscription", day.subscription_type),
    ]);
    let mut has_tokens = false;
    for model in day.model_breakdown.unwrap_or_default() {
        let tokens = model.tokens.unwrap_or_default();
        let mut part = Aggregate { model: model.model, ..base.clone() };
        part.tokens = Tokens {
            input: tokens.input.get("tokens.input", at, sink),
            output: tokens.output.get("tokens.output", at, sink),
            cache_read: tokens.cache_read.get("tokens.cache_read", at, sink),
            cache_write: tokens.cache_creation.get("tokens.cache_creation", at, sink),
            ..Tokens::default()
        };
        let counts = [part.tokens.input, part.tokens.output, part.tokens.cache_read, part.tokens.cache_write];
        has_tokens |= counts.iter().flatten().any(|&count| count > 0);
        part.cost_micro_usd = model.estimated_cost.and_then(|cost| cents(&cost, "estimated_cost", at, sink));
        equals.tell_apart(&mut part);
        sink.aggregate(at, part);
    }
    // What is counted once for all models stands in a row without one, so that a sum over rows counts it once.
    let core = day.core_metrics.unwrap_or_default();
    let lines = core.lines_of_code.unwrap_or_default();
    base.sessions = core.num_sessions.get("num_sessions", at, sink);
    base.lines_added = lines.added.get("lines_of_code.added", at, sink);
    base.lines_deleted = lines.removed.get("lines_of_code.removed", at, sink);
    base.commits = core.commits_by_claude_code.get("commits_by_claude_code", at, sink);
    base.pull_requests = core.pull_requests_by_claude_code.get("pull_requests_by_claude_code", at, sink);
    for tool in day.tool_actions.unwrap_or_default().into_values() {
        let add = |sum: Option<i64>, count: Option<i64>| count.map_or(sum, |count| Some(sum.unwrap_or(0) + count));
        base.edits_accepted = add(base.edits_accepted, tool.accepted.get("tool_actions.accepted", at, sink));
        base.edits_rejected = add(base.edits_rejected, tool.rejected.get("tool_actions.rejected", at, sink));
    }
    let counts = [base.sessions, base.edits_accepted, base.lines_added];
    let is_used = has_tokens || counts.iter().flatten().any(|&count| count > 0);
    base.seat_used = (is_used || base.sessions.is_some()).then_some(is_used);
    equals.tell_apart(&mut base);
    sink.aggregate(at, base);
}

/// An amount in the currency's smallest unit as millionths of a dollar. Null for another currency.
fn cents(cost: &Cost, field: &str, at: Position, sink: &mut dyn Sink) -> Option<i64> {
    if cost.currency.as_deref() != Some("USD") {
        sink.ignore("cost_in_another_currency");
        return None;
    }
    let amount = cost.amount.as_deref()?;
    let text = amount.get().trim_matches('"');
    micro_units(text).map(|micros| (micros + 50) / 100).map_err(|reason| sink.reject(at, reason, field)).ok()
}
