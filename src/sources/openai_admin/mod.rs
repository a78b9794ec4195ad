//! Admin reports of OpenAI: usage by bucket, and costs.
//!
//! Owns which report a row is of. Everything in it is a sum that the vendor counted, so it becomes aggregates and never events. Rules and their
//! reasons stand in `README.md`.

mod records;
#[cfg(test)]
mod tests;

use super::buckets::{Span, dimension, read_bucket, read_pages};
use super::json::{moment, plausible};
use super::money::micro_units;
use super::{Description, Input, InputError, Position, Probe, Reason, Sink, Source, Unit};
use crate::events::{Aggregate, CountedBy, Tokens};
use records::UsageResult;
use serde_json::value::RawValue;

/// Admin reports of OpenAI.
pub struct OpenAiAdmin;

impl Source for OpenAiAdmin {
    fn name(&self) -> &'static str {
        "openai_admin"
    }

    fn description(&self) -> Description {
        Description {
            title: "OpenAI admin reports",
            files: "pages of /v1/organization/usage/* and /v1/organization/costs",
            tells: "the vendor's own sums by bucket, project, user, key and model, and what they cost: into the table `aggregates`",
            cannot_tell: "single requests, sessions, prompts; who stands behind a user id or a key",
        }
    }

    fn recognises(&self, probe: &Probe<'_>) -> bool {
        let holds = |needle: &str| memchr::memmem::find(probe.head, needle.as_bytes()).is_some();
        let begins = probe
            .lines()
            .next()
            .is_some_and(|line| line.trim_ascii_start().starts_with(b"{") || line.starts_with(b"["));
        let is_row = holds("organization.usage.") || holds("organization.costs.result");
        let is_empty = holds("\"bucket\"") && holds("\"start_time\"") && holds("\"results\"");
        probe.unit == Unit::File && begins && holds("\"page\"") && (is_row || is_empty)
    }

    fn read(&self, input: &Input, sink: &mut dyn Sink) -> Result<u64, InputError> {
        read_pages(input, sink, |raw, at, equals, sink| {
            read_bucket(raw, at, ["start_time", "end_time"], seconds, (equals, sink), row);
        })
    }
}

/// A moment in seconds, unlike every other moment that this crate reads.
fn seconds(raw: &RawValue) -> Result<i64, Reason> {
    match raw.get().parse::<i64>() {
        Ok(seconds) => seconds.checked_mul(1_000_000).ok_or(Reason::ImplausibleTime).and_then(plausible),
        Err(_) => moment(raw).map(|moment| moment.us),
    }
}

/// The report that a row is of, by its `object`.
fn report(object: &str) -> Option<&'static str> {
    Some(match object {
        "organization.usage.completions.result" => "openai.completions",
        "organization.usage.embeddings.result" => "openai.embeddings",
        "organization.usage.moderations.result" => "openai.moderations",
        "organization.usage.images.result" => "openai.images",
        "organization.usage.audio_speeches.result" => "openai.audio_speeches",
        "organization.usage.audio_transcriptions.result" => "openai.audio_transcriptions",
        "organization.usage.vector_stores.result" => "openai.vector_stores",
        "organization.usage.code_interpreter_sessions.result" => "openai.code_interpreter_sessions",
        "organization.costs.result" => "openai.costs",
        _ => return None,
    })
}

fn row(result: UsageResult, (from_us, to_us): Span, at: Position, sink: &mut dyn Sink) -> Option<Aggregate> {
    let Some(report) = result.object.as_deref().and_then(report) else {
        sink.reject(at, Reason::UnknownKind, "object");
        return None;
    };
    let mut aggregate = Aggregate::new(from_us, to_us, report, CountedBy::Vendor);
    let input = result.input_tokens.get("input_tokens", at, sink);
    let cached = result.input_cached_tokens.get("input_cached_tokens", at, sink);
    let written = result.input_cache_write_tokens.get("input_cache_write_tokens", at, sink);
    let inside = cached.unwrap_or(0) + written.unwrap_or(0);
    aggregate.tokens = Tokens {
        input: input.map(|input| (input - inside).max(0)),
        output: result.output_tokens.get("output_tokens", at, sink),
        cache_read: cached,
        cache_write: written,
        ..Tokens::default()
    };
    aggregate.requests = result.num_model_requests.get("num_model_requests", at, sink);
    aggregate.provider = Some("openai".to_owned());
    aggregate.actor_id = result.user_id;
    aggregate.group_id = result.project_id;
    aggregate.key_id = result.api_key_id;
    // Costs name the model in what is charged: `gpt-5-2025-08-07, cached input`.
    let charged = result.line_item.as_deref().and_then(|item| item.split_once(", ")).map(|(model, _)| model.to_owned());
    aggregate.model = result.model.or(charged);
    aggregate.dimension = dimension(&[
        ("line_item", result.line_item),
        ("batch", result.batch.map(|batch| batch.to_string())),
        ("service_tier", result.service_tier),
        ("api_source", result.api_source),
        ("source", result.source),
        ("size", result.size),
    ]);
    if let Some(amount) = result.amount {
        let is_usd = amount.currency.as_deref().is_some_and(|currency| currency.eq_ignore_ascii_case("usd"));
        match amount.value.as_deref().filter(|_| is_usd).map(|value| micro_units(value.get().trim_matches('"'))) {
            Some(Ok(micros)) => aggregate.cost_micro_usd = Some(micros),
            Some(Err(reason)) => sink.reject(at, reason, "amount.value"),
            None => sink.ignore("cost_in_another_currency"),
        }
    }
    Some(aggregate)
}
