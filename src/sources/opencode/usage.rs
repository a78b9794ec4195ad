//! Tokens and money of one response.

use super::records::Message;
use crate::events::{CostBasis, Event, TokenBasis};
use crate::sources::money::micro_units;
use crate::sources::{Position, Sink};

/// Puts usage on a completion.
///
/// - Input, cache reads and cache writes are separate counts for every provider.
/// - Reasoning is billed as output. The record's own total says whether it stands beside the output or in it; without one it is in it, as most providers
///   count, unless it is larger (`formats.md` 0.2).
/// - A response of nothing but zeros was not measured: it is written with zeros and filled at its end. A cost that it states counts all the same.
/// - A cost of zero means a subscription or an unknown price, not that it was free.
pub(super) fn fill(event: &mut Event, message: &mut Message, at: Position, sink: &mut dyn Sink) {
    let logged = message.tokens.take().unwrap_or_default();
    let cache = logged.cache.unwrap_or_default();
    let input = logged.input.get("tokens.input", at, sink);
    let output = logged.output.get("tokens.output", at, sink);
    let reasoning = logged.reasoning.get("tokens.reasoning", at, sink);
    let cache_read = cache.read.get("tokens.cache.read", at, sink);
    let cache_write = cache.write.get("tokens.cache.write", at, sink);
    let total = logged.total.get("tokens.total", at, sink);
    if let Some(cost) = message.cost.as_deref().filter(|cost| cost.get() != "null") {
        match micro_units(cost.get()) {
            Ok(micros) => event.cost_micro_usd = Some(micros).filter(|&micros| micros > 0),
            Err(reason) => sink.reject(at, reason, "cost"),
        }
    }
    event.cost_basis = event.cost_micro_usd.map(|_| CostBasis::Reported);
    let parts = [input, output, reasoning, cache_read, cache_write];
    if parts.iter().flatten().all(|&count| count == 0) {
        event.token_basis = Some(TokenBasis::Absent);
        return;
    }
    let sum: i64 = parts.iter().flatten().sum();
    let is_inside = total.map_or(reasoning <= output, |total| total < sum);
    event.token_basis = Some(TokenBasis::Reported);
    event.tokens.input = input;
    event.tokens.output = output.map(|output| output + if is_inside { 0 } else { reasoning.unwrap_or(0) });
    event.tokens.reasoning = reasoning;
    event.tokens.cache_read = cache_read;
    event.tokens.cache_write = cache_write;
}
