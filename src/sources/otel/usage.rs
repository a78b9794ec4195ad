//! Usage of one request: which counts include which.
//!
//! Owns arithmetic. Owns neither names ([`super::names`]) nor that of Langfuse's counts by name ([`crate::sources::langfuse::usage`]).

use super::attributes::Attributes;
use super::names::{Dialect, Field};
use crate::events::{CostBasis, Event, TokenBasis, Tokens};
use crate::sources::langfuse::usage::Stated as Details;
use crate::sources::requests::{StatedInput, stated_cost};
use crate::sources::{Position, Sink, values};

/// Fields of which one makes a record one with usage.
const COUNTS: &[Field] =
    &[Field::Input, Field::Output, Field::Total, Field::CacheRead, Field::CacheWrite, Field::Reasoning];

/// Whether a record states any usage.
pub(super) fn is_stated(attributes: &Attributes<'_>) -> bool {
    let details = || Some(Details::of_details(values::nested(attributes.get(Field::UsageDetails)?)?));
    COUNTS.iter().any(|&field| attributes.get(field).is_some()) || details().is_some_and(|details| details.is_used())
}

/// Puts the usage and the cost that a record states on its completion.
///
/// The conventions count cache reads and writes inside the input and reasoning inside the output, which a record may show not to be so; Claude Code counts
/// all four apart. What is not stated is null; a total alone says nothing of its parts and leaves the usage absent. Langfuse's counts by name are taken where
/// the record has no others.
pub(super) fn fill(
    event: &mut Event,
    attributes: &Attributes<'_>,
    dialect: Dialect,
    at: Position,
    sink: &mut dyn Sink,
) {
    let mut count = |field: Field| attributes.count(field, at, sink);
    let mut stated = StatedInput {
        input: count(Field::Input),
        cache_read: count(Field::CacheRead),
        cache_write: count(Field::CacheWrite),
        output: count(Field::Output),
        total: count(Field::Total),
    };
    let reasoning = count(Field::Reasoning);
    stated.output = stated.whole_output(reasoning);
    event.tokens = Tokens {
        input: if dialect == Dialect::ClaudeCode { stated.input } else { stated.fresh() },
        output: stated.output,
        reasoning,
        cache_read: stated.cache_read,
        cache_write: stated.cache_write,
        cache_write_1h: None,
    };
    let counts = [stated.input, stated.output, stated.cache_read, stated.cache_write];
    let has_counts = counts.iter().any(Option::is_some);
    event.token_basis = Some(if has_counts { TokenBasis::Reported } else { TokenBasis::Absent });
    let mut is_used = counts.iter().flatten().any(|&count| count > 0);
    if let Some(details) = attributes.nested(Field::UsageDetails, at, sink).filter(|_| !has_counts) {
        let details = Details::of_details(details);
        details.fill(event, at, sink);
        is_used = details.is_used();
    }
    let cost = attributes.micro_usd(Field::Cost, at, sink).or_else(|| {
        let costs = attributes.nested(Field::CostDetails, at, sink)?;
        values::total_micro_usd(&costs).unwrap_or_else(|reason| {
            sink.reject(at, reason, "langfuse.observation.cost_details");
            None
        })
    });
    event.cost_micro_usd = stated_cost(cost, is_used);
    event.cost_basis = event.cost_micro_usd.map(|_| CostBasis::Reported);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::Kind;
    use crate::fingerprint::Json;
    use crate::sources::otel::attributes::Attribute;
    use crate::sources::testing::Recorded;

    fn filled(dialect: Dialect, pairs: &[(&'static str, &'static str)]) -> (Event, Vec<&'static str>) {
        let attributes: Vec<Attribute<'_>> = pairs
            .iter()
            .map(|&(key, value)| Attribute { key: key.into(), value: serde_json::from_str::<Json<'_>>(value).unwrap() })
            .collect();
        let merged = Attributes::merged(dialect, &[&attributes]);
        let mut event = Event::new(1, "s", Kind::Completion, "c");
        let mut sink = Recorded::default();
        fill(&mut event, &merged, dialect, Position::default(), &mut sink);
        (event, sink.reasons())
    }

    #[test]
    fn current_names_include_the_cache_and_old_anthropic_ones_may_not() {
        let (event, _) = filled(
            Dialect::Any,
            &[
                ("gen_ai.usage.input_tokens", "1200"),
                ("gen_ai.usage.cache_read.input_tokens", "1000"),
                ("gen_ai.usage.cache_creation.input_tokens", "150"),
            ],
        );
        assert_eq!(
            (event.tokens.input, event.tokens.cache_read, event.tokens.cache_write),
            (Some(50), Some(1000), Some(150))
        );
        let (event, _) = filled(
            Dialect::Any,
            &[("gen_ai.usage.prompt_tokens", "12"), ("gen_ai.usage.cache_read_input_tokens", "15000")],
        );
        assert_eq!(event.tokens.input, Some(12));
    }

    #[test]
    fn cache_counts_of_pydantic_ai_and_of_the_sdk_of_vercel() {
        for names in [
            [
                "gen_ai.usage.input_tokens",
                "gen_ai.usage.details.cache_read_input_tokens",
                "gen_ai.usage.details.cache_creation_input_tokens",
            ],
            [
                "gen_ai.usage.input_tokens",
                "gen_ai.usage.details.cache_read_tokens",
                "gen_ai.usage.details.cache_write_tokens",
            ],
            ["ai.usage.inputTokens", "ai.usage.cachedInputTokens", "ai.usage.inputTokenDetails.cacheWriteTokens"],
            [
                "ai.usage.inputTokens",
                "ai.usage.inputTokenDetails.cacheReadTokens",
                "ai.usage.inputTokenDetails.cacheWriteTokens",
            ],
        ] {
            let [input, read, write] = names;
            let (event, _) = filled(Dialect::Any, &[(input, "28466"), (read, "22041"), (write, "6422")]);
            let tokens = event.tokens;
            assert_eq!(
                (tokens.input, tokens.cache_read, tokens.cache_write),
                (Some(3), Some(22_041), Some(6422)),
                "{names:?}"
            );
        }
    }

    #[test]
    fn reasoning_beside_the_output_is_output() {
        let output = |reasoning: &'static str, total: &'static str| {
            let (event, _) = filled(
                Dialect::Any,
                &[
                    ("ai.usage.inputTokens", "1200"),
                    ("ai.usage.outputTokens", "80"),
                    ("ai.usage.reasoningTokens", reasoning),
                    ("ai.usage.totalTokens", total),
                ],
            );
            (event.tokens.input, event.tokens.output)
        };
        assert_eq!(output("300", "1580"), (Some(1200), Some(380)));
        assert_eq!(output("30", "1280"), (Some(1200), Some(80)));
    }

    #[test]
    fn claude_code_counts_apart() {
        let (event, _) = filled(
            Dialect::ClaudeCode,
            &[("input_tokens", "\"1200\""), ("cache_read_tokens", "\"1000\""), ("cost_usd", "\"0.01\"")],
        );
        assert_eq!((event.tokens.input, event.cost_micro_usd), (Some(1200), Some(10_000)));
    }

    #[test]
    fn a_cost_in_parts_is_their_sum() {
        let (event, reasons) = filled(
            Dialect::Any,
            &[
                ("gen_ai.usage.input_tokens", "200"),
                ("langfuse.observation.cost_details", r#""{\"input\":0.00025,\"output\":0.0008}""#),
            ],
        );
        assert_eq!((event.cost_micro_usd, reasons), (Some(1050), vec![]));
    }

    #[test]
    fn null_is_not_zero_and_a_bad_count_is_rejected_alone() {
        let (event, reasons) = filled(Dialect::Any, &[("gen_ai.usage.total_tokens", "7"), ("gen_ai.usage.cost", "-1")]);
        assert_eq!((event.token_basis, event.tokens), (Some(TokenBasis::Absent), Tokens::default()));
        assert_eq!((event.cost_micro_usd, reasons), (None, vec!["out_of_range"]));
        let (event, reasons) =
            filled(Dialect::Any, &[("gen_ai.usage.input_tokens", "-3"), ("gen_ai.usage.output_tokens", "0")]);
        assert_eq!((event.tokens.input, event.tokens.output), (None, Some(0)));
        assert_eq!(reasons, ["out_of_range"]);
    }
}
