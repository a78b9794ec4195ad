//! Tokens and money of one model response.
//!
//! Counts are taken as they stand: input excludes cache reads and writes for every provider, output includes reasoning.
//! Owns when a zero is a count and when it is a gap. Money is read from its digits by [`crate::sources::money`].

use super::records::{Content, Usage};
use crate::events::{CostBasis, Event, TokenBasis};
use crate::sources::json::Count;
use crate::sources::json::parse_last_wins;
use crate::sources::money::micro_units;
use crate::sources::{Position, Reason, Sink};
use serde_json::value::RawValue;

/// `usage.cost`, as far as it is used.
#[derive(serde::Deserialize)]
struct Cost {
    total: Option<Box<RawValue>>,
}

/// Usage with every field checked.
#[derive(Default)]
pub(super) struct UsageRead {
    stated: bool,
    input: Option<i64>,
    output: Option<i64>,
    reasoning: Option<i64>,
    cache_read: Option<i64>,
    cache_write: Option<i64>,
    cost_micro_usd: Option<i64>,
}

impl UsageRead {
    /// Checks each field; one that is no count is rejected and read as null.
    pub(super) fn of(usage: Option<Usage>, at: Position, sink: &mut dyn Sink) -> Self {
        let Some(usage) = usage else { return Self::default() };
        let mut count = |count: Count, field: &str| count.get(field, at, sink);
        let mut read = Self {
            stated: true,
            input: count(usage.input, "usage.input"),
            output: count(usage.output, "usage.output"),
            reasoning: count(usage.reasoning_tokens, "usage.reasoningTokens"),
            cache_read: count(usage.cache_read, "usage.cacheRead"),
            cache_write: count(usage.cache_write, "usage.cacheWrite"),
            cost_micro_usd: None,
        };
        match usage.cost.map(|cost| parse_last_wins::<Cost>(cost.get())) {
            Some(Ok(Cost { total: Some(total) })) => match micro_units(total.get()) {
                // Zero means that the model was in no price table, not that it was free.
                Ok(micros) => read.cost_micro_usd = Some(micros).filter(|&micros| micros > 0),
                Err(reason) => sink.reject(at, reason, "usage.cost.total"),
            },
            Some(Err(_)) => sink.reject(at, Reason::BadValue, "usage.cost"),
            Some(Ok(Cost { total: None })) | None => {}
        }
        read
    }

    /// Whether nothing was used: every count is zero or absent, and no cost is stated.
    pub(super) fn is_nothing(&self) -> bool {
        self.is_zero() && self.cost_micro_usd.is_none()
    }

    fn is_zero(&self) -> bool {
        [self.input, self.output, self.cache_read, self.cache_write].iter().flatten().all(|&count| count == 0)
    }

    /// Puts usage on a completion. An answer with content and nothing but zeros comes from a provider that reports no
    /// usage: absent, not free, and a cost that it states stands. A failed attempt with zeros is taken at its word.
    pub(super) fn fill(&self, event: &mut Event, content: &Content, text: &str, stop: &str) {
        let failed = stop == "error";
        event.cost_micro_usd = self.cost_micro_usd;
        event.cost_basis = self.cost_micro_usd.map(|_| CostBasis::Reported);
        if !self.stated || self.is_zero() && !failed && !content.0.is_empty() {
            event.token_basis = Some(TokenBasis::Absent);
            return;
        }
        event.token_basis = Some(TokenBasis::Reported);
        event.tokens.input = self.input;
        event.tokens.output = self.output;
        event.tokens.reasoning = self.reasoning;
        event.tokens.cache_read = self.cache_read;
        event.tokens.cache_write = self.cache_write;
        // A stream that was cut off keeps the count of its first record.
        let visible = text.chars().count() as i64 / 4;
        if matches!(stop, "aborted" | "error") && self.output.is_some_and(|output| output < visible) {
            event.output_is_lower_bound = true;
            event.output_estimate = Some(visible);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::events::{CostBasis, TokenBasis};
    use crate::sources::openclaw::OpenClaw;
    use crate::sources::testing::read_bytes;

    #[test]
    fn a_stated_cost_stands_where_no_count_does() {
        let line = |usage: &str| {
            format!(
                r#"{{"type":"message","id":"1","timestamp":"2026-05-06T08:00:00Z","message":{{"role":"assistant","content":[{{"type":"text","text":"done"}}],"model":"m","stopReason":"stop","usage":{usage}}}}}"#
            )
        };
        for (usage, cost) in [
            (r#"{"input":0,"output":0,"cost":{"total":0.0123}}"#, Some(12_300)),
            (r#"{"cost":{"total":0.5}}"#, Some(500_000)),
            (r#"{"input":0,"output":0,"cost":{"total":0}}"#, None),
        ] {
            let read = read_bytes(&OpenClaw, ".openclaw/agents/a/sessions/s-1.jsonl", line(usage).as_bytes());
            let event = &read.events[0].1;
            assert_eq!((event.cost_micro_usd, event.cost_basis), (cost, cost.map(|_| CostBasis::Reported)), "{usage}");
            assert_eq!((event.tokens.output, event.token_basis), (None, Some(TokenBasis::Absent)), "{usage}");
        }
    }
}
