//! Tokens and money of one model response.
//!
//! Counts are taken as they stand: input excludes cache reads and writes for every provider, output includes reasoning.
//! Owns when a zero is a count and when it is a gap, and the exact reading of dollars.

use super::records::{Content, Usage, parse_last_wins};
use crate::events::{CostBasis, Event, TokenBasis};
use crate::sources::json::Count;
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
            Some(Ok(Cost { total: Some(total) })) => match micro_usd(total.get()) {
                // Zero means that the model was in no price table, not that it was free.
                Some(micros) => read.cost_micro_usd = Some(micros).filter(|&micros| micros > 0),
                None => sink.reject(at, Reason::OutOfRange, "usage.cost.total"),
            },
            Some(Err(_)) => sink.reject(at, Reason::BadValue, "usage.cost"),
            Some(Ok(Cost { total: None })) | None => {}
        }
        read
    }

    /// Whether every count is zero or absent.
    pub(super) fn is_zero(&self) -> bool {
        [self.input, self.output, self.cache_read, self.cache_write].iter().flatten().all(|&count| count == 0)
    }

    /// Puts usage on a completion. An answer with content and nothing but zeros comes from a provider that reports no
    /// usage: absent, not free. A failed attempt with zeros is taken at its word.
    pub(super) fn fill(&self, event: &mut Event, content: &Content, text: &str, stop: &str) {
        let failed = stop == "error";
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
        event.cost_micro_usd = self.cost_micro_usd;
        event.cost_basis = self.cost_micro_usd.map(|_| CostBasis::Reported);
        // A stream that was cut off keeps the count of its first record.
        let visible = text.chars().count() as i64 / 4;
        if matches!(stop, "aborted" | "error") && self.output.is_some_and(|output| output < visible) {
            event.output_is_lower_bound = true;
            event.output_estimate = Some(visible);
        }
    }
}

/// Micro-dollars of a JSON number of dollars, rounded half to even on the decimal digits as written.
/// Null for what is no number, negative, or beyond 10^9 dollars.
pub(super) fn micro_usd(raw: &str) -> Option<i64> {
    const LARGEST: i64 = 1_000_000_000_000_000;
    let (mantissa, exponent) = match raw.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i64>().ok()?),
        None => (raw, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if whole.is_empty() || mantissa.len() > 64 || !whole.bytes().chain(fraction.bytes()).all(|b| b.is_ascii_digit()) {
        return None;
    }
    let digits: Vec<u8> = whole.bytes().chain(fraction.bytes()).map(|byte| byte - b'0').collect();
    // Where the last digit of a micro-dollar stands, counted from the first digit.
    let kept = (whole.len() as i64).checked_add(exponent)?.checked_add(6)?;
    if kept < 0 {
        return Some(0);
    }
    let mut value = 0i64;
    for index in 0..kept {
        let digit = usize::try_from(index).ok().and_then(|index| digits.get(index)).copied().unwrap_or(0);
        value = value.checked_mul(10)?.checked_add(i64::from(digit))?;
        if value > LARGEST {
            return None;
        }
        if value == 0 && index >= digits.len() as i64 {
            return Some(0);
        }
    }
    let rest = usize::try_from(kept).ok().and_then(|kept| digits.get(kept..)).unwrap_or(&[]);
    let above_half = rest.first().is_some_and(|&first| first > 5)
        || rest.first() == Some(&5) && (rest[1..].iter().any(|&digit| digit > 0) || value % 2 == 1);
    Some(value + i64::from(above_half))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_exact_in_every_spelling() {
        assert_eq!(micro_usd("0.026967"), Some(26_967));
        assert_eq!(micro_usd("2.6967e-2"), Some(26_967));
        assert_eq!(micro_usd("1.5E3"), Some(1_500_000_000));
        assert_eq!(micro_usd("0.1024440000000001"), Some(102_444));
        assert_eq!(micro_usd("0.0000025"), Some(2), "half to even");
        assert_eq!(micro_usd("0.0000035"), Some(4), "half to even");
        assert_eq!(micro_usd("0.00000251"), Some(3));
        assert_eq!(micro_usd("1e-7"), Some(0));
        assert_eq!(micro_usd("6e-7"), Some(1));
        assert_eq!(micro_usd("0"), Some(0));
        assert_eq!(micro_usd("0e999999999"), Some(0));
        for bad in ["-1", "1e99", "1e9223372036854775807", "null", "\"1\"", "", ".5", "1.2.3"] {
            assert_eq!(micro_usd(bad), None, "{bad}");
        }
    }
}
