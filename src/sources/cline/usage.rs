//! Tokens and money of one request.

use super::records::Request;
use crate::events::{CostBasis, Event, TokenBasis};
use crate::sources::money::micro_units;
use crate::sources::{Position, Sink};

/// Puts usage on a completion.
///
/// - Cached tokens are not part of `tokensIn`, except under Roo's and Kilo's `apiProtocol: openai`.
/// - A request without counts, or with nothing but zeros, was not measured: it was cut off, or its provider reports nothing. A cost that it states counts
///   all the same.
pub(super) fn fill(event: &mut Event, request: &Request, at: Position, sink: &mut dyn Sink) {
    let input = request.tokens_in.get("tokensIn", at, sink);
    let output = request.tokens_out.get("tokensOut", at, sink);
    let cache_write = request.cache_writes.get("cacheWrites", at, sink);
    let cache_read = request.cache_reads.get("cacheReads", at, sink);
    if let Some(cost) = request.cost.as_deref().filter(|cost| cost.get() != "null") {
        match micro_units(cost.get()) {
            Ok(micros) => event.cost_micro_usd = Some(micros).filter(|&micros| micros > 0),
            Err(reason) => sink.reject(at, reason, "cost"),
        }
    }
    event.cost_basis = event.cost_micro_usd.map(|_| CostBasis::Reported);
    if [input, output, cache_write, cache_read].iter().flatten().all(|&count| count == 0) {
        event.token_basis = Some(TokenBasis::Absent);
        return;
    }
    let contains_cache = request.api_protocol.as_deref() == Some("openai");
    let cached = if contains_cache { cache_read.unwrap_or(0) + cache_write.unwrap_or(0) } else { 0 };
    event.token_basis = Some(TokenBasis::Reported);
    event.tokens.input = input.map(|input| (input - cached).max(0));
    event.tokens.output = output;
    event.tokens.cache_write = cache_write;
    event.tokens.cache_read = cache_read;
}
