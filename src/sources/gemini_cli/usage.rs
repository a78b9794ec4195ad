//! Tokens of one response: which counts contain which.

use super::records::Tokens as Logged;
use crate::events::{Event, TokenBasis};
use crate::sources::{Position, Sink};

/// Puts usage on a completion.
///
/// - Cached tokens are part of the input, thoughts are billed as output and not part of it, and what tools at the provider added to the
///   prompt comes on top of it (`formats.md` 0.2). Where the record's own total says otherwise of cached or tool tokens, the total is right.
/// - The recorder writes zero for a count that the API did not send. A response with a total of zero was not measured.
pub(super) fn fill(event: &mut Event, logged: Option<Logged>, at: Position, sink: &mut dyn Sink) {
    let logged = logged.unwrap_or_default();
    let input = logged.input.get("tokens.input", at, sink);
    let output = logged.output.get("tokens.output", at, sink);
    let cached = logged.cached.get("tokens.cached", at, sink);
    let thoughts = logged.thoughts.get("tokens.thoughts", at, sink);
    let tool = logged.tool.get("tokens.tool", at, sink);
    let total = logged.total.get("tokens.total", at, sink);
    let parts = [input, output, cached, thoughts, tool];
    if parts.iter().flatten().all(|&count| count == 0) {
        event.token_basis = Some(TokenBasis::Absent);
        return;
    }
    let [cached_count, thought_count, tool_count] = [cached, thoughts, tool].map(|count| count.unwrap_or(0));
    let plain = input.unwrap_or(0) + output.unwrap_or(0) + thought_count;
    let says = |sum: i64| total == Some(sum);
    let cached_is_on_top = cached_count > 0 && (says(plain + cached_count) || says(plain + tool_count + cached_count));
    let tool_is_inside = tool_count > 0 && says(plain);
    event.token_basis = Some(TokenBasis::Reported);
    event.tokens.input = input.map(|input| {
        let fresh = if cached_is_on_top { input } else { (input - cached_count).max(0) };
        fresh + if tool_is_inside { 0 } else { tool_count }
    });
    event.tokens.output = output.map(|output| output + thought_count);
    event.tokens.reasoning = thoughts;
    event.tokens.cache_read = cached;
}
