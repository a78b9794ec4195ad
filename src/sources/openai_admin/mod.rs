//! Admin reports of OpenAI: usage by bucket, and costs.
//!
//! Owns which report a row is of. Everything in it is a sum that the vendor counted, so it becomes aggregates and never events. Rules and their
//! reasons stand in `README.md`.

mod records;
#[cfg(test)]
mod tests;

use super::document::{position_inside, read_documents};
use super::json::{moment, parse_last_wins, plausible, reject_reason, safe_detail};
use super::money::micro_units;
use super::{Description, Input, InputError, Position, Probe, Reason, Sink, Source, Unit};
use crate::events::{Aggregate, CountedBy, Tokens};
use records::{Bucket, Page, UsageResult};
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
        read_documents(input, sink, |raw, at, sink| match serde_json::from_str::<Page<'_>>(raw.get()) {
            Ok(Page { data: Some(buckets) }) => {
                for part in buckets.0 {
                    bucket(part, position_inside(raw, at, part), sink);
                }
            }
            Ok(Page { data: None }) => sink.reject(at, Reason::MissingField, "data"),
            Err(error) => sink.reject(at, reject_reason(&error), &safe_detail(&error)),
        })
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

fn bucket(raw: &RawValue, at: Position, sink: &mut dyn Sink) {
    let bucket: Bucket<'_> = match serde_json::from_str(raw.get()) {
        Ok(bucket) => bucket,
        Err(error) => return sink.reject(at, reject_reason(&error), &safe_detail(&error)),
    };
    // Seconds, unlike every other moment that this crate reads.
    let mut when = |raw: Option<&RawValue>, field: &str| {
        let read = match raw {
            Some(raw) => raw.get().parse::<i64>().map_or_else(
                |_| moment(raw).map(|moment| moment.us),
                |seconds| seconds.checked_mul(1_000_000).ok_or(Reason::ImplausibleTime).and_then(plausible),
            ),
            None => Err(Reason::MissingField),
        };
        read.map_err(|reason| sink.reject(at, reason, field)).ok()
    };
    let (Some(from_us), Some(to_us)) = (when(bucket.start_time, "start_time"), when(bucket.end_time, "end_time"))
    else {
        return;
    };
    let Some(results) = bucket.results else { return sink.reject(at, Reason::MissingField, "results") };
    if results.0.is_empty() {
        return sink.ignore("empty_bucket");
    }
    for part in results.0 {
        let at = position_inside(raw, at, part);
        match parse_last_wins::<UsageResult>(part.get()) {
            Ok(result) => row(result, (from_us, to_us), at, sink),
            Err(error) => sink.reject(at, reject_reason(&error), &safe_detail(&error)),
        }
    }
}

fn row(result: UsageResult, (from_us, to_us): (i64, i64), at: Position, sink: &mut dyn Sink) {
    let Some(report) = result.object.as_deref().and_then(report) else {
        return sink.reject(at, Reason::UnknownKind, "object");
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
    let told: Vec<String> = [
        result.line_item.map(|item| format!("line_item={item}")),
        result.batch.map(|batch| format!("batch={batch}")),
        result.service_tier.map(|tier| format!("service_tier={tier}")),
    ]
    .into_iter()
    .flatten()
    .collect();
    aggregate.dimension = (!told.is_empty()).then(|| told.join(" "));
    if let Some(amount) = result.amount {
        let is_usd = amount.currency.as_deref().is_some_and(|currency| currency.eq_ignore_ascii_case("usd"));
        match amount.value.as_deref().filter(|_| is_usd).map(|value| micro_units(value.get().trim_matches('"'))) {
            Some(Ok(micros)) => aggregate.cost_micro_usd = Some(micros),
            Some(Err(reason)) => sink.reject(at, reason, "amount.value"),
            None => sink.ignore("cost_in_another_currency"),
        }
    }
    sink.aggregate(at, aggregate);
}
