//! Pages of the admin API: usage events and daily usage.

use super::CLIENT;
use crate::events::{Aggregate, CountedBy, Tokens, Trigger};
use crate::sources::buckets::MISSING_PAGE;
use crate::sources::document::{Items, position_inside};
use crate::sources::documents::read_documents;
use crate::sources::json::{Count, moment, parse_last_wins, reject_reason, safe_detail};
use crate::sources::money::micro_units;
use crate::sources::{Input, InputError, Position, Reason, Sink};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::HashMap;

/// Microseconds of a day.
const DAY_US: i64 = 86_400_000_000;

/// A page of either endpoint.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page<'a> {
    #[serde(borrow)]
    usage_events: Option<Items<&'a RawValue>>,
    #[serde(borrow)]
    data: Option<Items<&'a RawValue>>,
    pagination: Option<Pagination>,
}

/// Which page it is.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Pagination {
    has_next_page: Option<bool>,
}

/// One billed event.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct UsageEvent {
    timestamp: Option<Box<RawValue>>,
    user_email: Option<String>,
    model: Option<String>,
    kind: Option<String>,
    token_usage: Option<TokenUsage>,
    charged_cents: Option<Box<RawValue>>,
    is_headless: Option<bool>,
    conversation_id: Option<String>,
}

/// Its usage; absent where the plan included it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TokenUsage {
    #[serde(default)]
    input_tokens: Count,
    #[serde(default)]
    output_tokens: Count,
    #[serde(default)]
    cache_write_tokens: Count,
    #[serde(default)]
    cache_read_tokens: Count,
    total_cents: Option<Box<RawValue>>,
}

/// One person's day.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct UserDay {
    date: Option<Box<RawValue>>,
    email: Option<String>,
    is_active: Option<bool>,
    #[serde(default)]
    total_lines_added: Count,
    #[serde(default)]
    accepted_lines_added: Count,
    #[serde(default)]
    accepted_lines_deleted: Count,
    #[serde(default)]
    total_accepts: Count,
    #[serde(default)]
    total_rejects: Count,
    #[serde(default)]
    composer_requests: Count,
    #[serde(default)]
    chat_requests: Count,
    #[serde(default)]
    agent_requests: Count,
    #[serde(default)]
    cmdk_usages: Count,
}

/// Whether the head is that of a page.
pub(super) fn recognises(head: &[u8]) -> bool {
    let head = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head).trim_ascii_start();
    let holds = |needle: &str| memchr::memmem::find(head, needle.as_bytes()).is_some();
    let is_events = holds("\"usageEvents\"");
    let is_days = holds("\"data\"") && holds("\"totalTabsShown\"") && holds("\"composerRequests\"");
    (head.starts_with(b"{") || head.starts_with(b"[")) && (is_events || is_days)
}

/// Reads pages.
pub(super) fn read(input: &Input, sink: &mut dyn Sink) -> Result<u64, InputError> {
    let mut has_more = false;
    let end = read_documents(input, sink, |raw, at, sink| match serde_json::from_str::<Page<'_>>(raw.get()) {
        Ok(Page { usage_events: None, data: None, .. }) => sink.reject(at, Reason::MissingField, "usageEvents"),
        Ok(Page { usage_events, data, pagination }) => {
            has_more = pagination.is_some_and(|pagination| pagination.has_next_page == Some(true));
            // Pages may overlap: what one tells again has the same number there.
            let mut seen = HashMap::new();
            for part in usage_events.into_iter().flat_map(|events| events.0) {
                event(part, position_inside(raw, at, part), &mut seen, sink);
            }
            for part in data.into_iter().flat_map(|days| days.0) {
                day(part, position_inside(raw, at, part), sink);
            }
        }
        Err(error) => sink.reject(at, reject_reason(&error), &safe_detail(&error)),
    })?;
    if has_more {
        sink.ignore(MISSING_PAGE);
    }
    Ok(end)
}

/// A moment in milliseconds, which the API writes as a text or a number.
fn when(raw: Option<&RawValue>, field: &str, at: Position, sink: &mut dyn Sink) -> Option<i64> {
    let digits = raw.map(|raw| raw.get().trim_matches('"').to_owned());
    let read = match digits.map(RawValue::from_string) {
        Some(Ok(raw)) => moment(&raw).map(|moment| moment.us),
        Some(Err(_)) => Err(Reason::BadTimestamp),
        None => Err(Reason::MissingField),
    };
    read.map_err(|reason| sink.reject(at, reason, field)).ok()
}

/// Cents as millionths of a dollar.
fn cents(raw: &RawValue, field: &str, at: Position, sink: &mut dyn Sink) -> Option<i64> {
    let read = micro_units(raw.get()).map(|micros| (micros + 50) / 100);
    read.map_err(|reason| sink.reject(at, reason, field)).ok()
}

fn event(raw: &RawValue, at: Position, seen: &mut HashMap<String, u32>, sink: &mut dyn Sink) {
    let event: UsageEvent = match parse_last_wins(raw.get()) {
        Ok(event) => event,
        Err(error) => return sink.reject(at, reject_reason(&error), &safe_detail(&error)),
    };
    let Some(from_us) = when(event.timestamp.as_deref(), "timestamp", at, sink) else { return };
    let mut aggregate = Aggregate::new(from_us, from_us + 1, "cursor.usage_events", CountedBy::Vendor);
    aggregate.client = Some(CLIENT.to_owned());
    aggregate.actor_id = event.user_email;
    aggregate.model = event.model;
    aggregate.session_id = event.conversation_id;
    aggregate.requests = Some(1);
    aggregate.trigger = match event.is_headless {
        Some(true) => Trigger::Agent,
        Some(false) => Trigger::Human,
        None => Trigger::Unknown,
    };
    let mut listed = None;
    if let Some(usage) = event.token_usage {
        aggregate.tokens = Tokens {
            input: usage.input_tokens.get("tokenUsage.inputTokens", at, sink),
            output: usage.output_tokens.get("tokenUsage.outputTokens", at, sink),
            cache_read: usage.cache_read_tokens.get("tokenUsage.cacheReadTokens", at, sink),
            cache_write: usage.cache_write_tokens.get("tokenUsage.cacheWriteTokens", at, sink),
            ..Tokens::default()
        };
        listed = usage.total_cents.as_deref().and_then(|raw| cents(raw, "tokenUsage.totalCents", at, sink));
    }
    let charged = event.charged_cents.as_deref().and_then(|raw| cents(raw, "chargedCents", at, sink));
    aggregate.cost_micro_usd = charged.or(listed);
    let tokens = &aggregate.tokens;
    let counts = [tokens.input, tokens.output, tokens.cache_read, tokens.cache_write];
    let counts = counts.map(|count| count.map_or_else(String::new, |count| count.to_string())).join("/");
    let kind = event.kind.unwrap_or_default();
    let same = format!("{from_us} {:?} {:?} {kind} {counts}", aggregate.actor_id, aggregate.model);
    let number = seen.entry(same).or_default();
    *number += 1;
    aggregate.dimension = Some(format!("{kind} {counts}#{number}"));
    sink.aggregate(at, aggregate);
}

fn day(raw: &RawValue, at: Position, sink: &mut dyn Sink) {
    let day: UserDay = match parse_last_wins(raw.get()) {
        Ok(day) => day,
        Err(error) => return sink.reject(at, reject_reason(&error), &safe_detail(&error)),
    };
    let Some(from_us) = when(day.date.as_deref(), "date", at, sink) else { return };
    let mut aggregate = Aggregate::new(from_us, from_us + DAY_US, "cursor.daily_usage", CountedBy::Vendor);
    aggregate.client = Some(CLIENT.to_owned());
    aggregate.actor_id = day.email;
    aggregate.trigger = Trigger::Human;
    aggregate.seat_used = day.is_active;
    aggregate.lines_suggested = day.total_lines_added.get("totalLinesAdded", at, sink);
    aggregate.lines_added = day.accepted_lines_added.get("acceptedLinesAdded", at, sink);
    aggregate.lines_deleted = day.accepted_lines_deleted.get("acceptedLinesDeleted", at, sink);
    aggregate.edits_accepted = day.total_accepts.get("totalAccepts", at, sink);
    aggregate.edits_rejected = day.total_rejects.get("totalRejects", at, sink);
    let asked = [
        day.composer_requests.get("composerRequests", at, sink),
        day.chat_requests.get("chatRequests", at, sink),
        day.agent_requests.get("agentRequests", at, sink),
        day.cmdk_usages.get("cmdkUsages", at, sink),
    ];
    aggregate.prompts = asked.into_iter().flatten().reduce(|one, two| one + two);
    sink.aggregate(at, aggregate);
}
