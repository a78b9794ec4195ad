//! What a model response cost, from its token counts and a price table that ships with the crate.
//!
//! Owns the table `prices.tsv`, the search for a model's row, and the arithmetic. Owns neither token semantics (each source normalises
//! those) nor reported costs, which are never overwritten by these.
//!
//! The table is made by `update.py` from `model_prices_and_context_window_backup.json` of the PyPI wheel `litellm` (MIT), versions
//! as its first line says ([`table_version`]): the newest decides, older ones only add models that it no longer lists. So a price is the list
//! price of the wheel's day, not that of the request's; batch, priority, flex and off-peak prices, regional surcharges, tool and search
//! fees, image and audio tokens are not in it. Prices are integers in pico-dollars (10^-12 USD) per token, since the usual "2.8e-08 USD"
//! is not a binary fraction; a request is summed exactly and rounded once, half up, to micro-dollars.

mod lookup;
mod table;

use crate::events::Tokens;
use std::cell::RefCell;
use table::{Rates, Row};

/// Pico-dollars in a micro-dollar.
const PICO_PER_MICRO: i128 = 1_000_000;

/// What a request cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Price {
    /// In millionths of a US dollar.
    Priced(i64),
    /// Not known: the model is not in the table, a price that is needed is not, or the log has no counts. Never zero.
    Unpriced,
}

impl Price {
    /// The amount in millionths of a US dollar, null when unknown.
    pub fn micro_usd(self) -> Option<i64> {
        match self {
            Price::Priced(micro) => Some(micro),
            Price::Unpriced => None,
        }
    }
}

/// The litellm versions that the table was made from, newest first, separated by blanks.
pub fn table_version() -> &'static str {
    table::version()
}

/// A model and provider as logged, and what was found for them.
type Looked = (String, Option<String>, Option<lookup::Found>);

thread_local! {
    /// What was looked for last: neighbouring requests mostly are of one model.
    static LAST: RefCell<Option<Looked>> = const { RefCell::new(None) };
}

/// What `ask` says of the row for a model, null where there is none.
fn found<T>(model: &str, provider: Option<&str>, ask: impl FnOnce(&lookup::Found) -> Option<T>) -> Option<T> {
    LAST.with_borrow_mut(|last| {
        let is_last = |(of, by, _): &Looked| of == model && by.as_deref() == provider;
        if !last.as_ref().is_some_and(is_last) {
            *last = Some((model.to_owned(), provider.map(str::to_owned), lookup::find(model, provider)));
        }
        last.as_ref().and_then(|(_, _, found)| found.as_ref()).and_then(ask)
    })
}

/// Prices one request.
///
/// `model` and `provider` are as logged. The row is searched as `formats.md` section 11 says: the provider's own entry for the model, the exact name,
/// then without a date, then without `[1m]`, `-thinking` and `-fast`, then under its maker's prefix.
///
/// - Input, cache reads and cache writes together above a long-context threshold put the whole request into that tier.
/// - One-hour cache writes have their own price; where the table has none and the model is Anthropic's, they cost twice the input and
///   five-minute writes 1.25 times (Anthropic's price list). Other models without a price for what was used are unpriced.
/// - Reasoning tokens are part of the output and cost the same, unless the table has a price of their own.
/// - Input and output counts must be known; an absent cache count means that none was used.
pub fn price(model: &str, provider: Option<&str>, tokens: &Tokens) -> Price {
    match found(model, provider, |found| cost_pico(&found.row, found.fast, tokens)) {
        Some(pico) => match i64::try_from((pico + PICO_PER_MICRO / 2) / PICO_PER_MICRO) {
            Ok(micro) => Price::Priced(micro),
            Err(_) => Price::Unpriced,
        },
        None => Price::Unpriced,
    }
}

/// Exact cost in pico-dollars; null when a count or a price that is needed is missing.
fn cost_pico(row: &Row, fast: bool, tokens: &Tokens) -> Option<i128> {
    let count = |tokens: Option<i64>| tokens.unwrap_or(0).max(0);
    let (input, output) = (tokens.input?.max(0), tokens.output?.max(0));
    let (read, write) = (count(tokens.cache_read), count(tokens.cache_write));
    let write_1h = count(tokens.cache_write_1h).min(write);
    let write_5m = write - write_1h;
    let context = input.saturating_add(read).saturating_add(write);
    let rates = row.rates_at(context);
    let reasoning = count(tokens.reasoning).min(output);
    let parts = [
        (input, rates.input),
        (read, rates.cache_read),
        (write_5m, rates.cache_write.or_else(|| row.anthropic_share(&rates, 125))),
        (write_1h, rates.cache_write_1h.or_else(|| row.anthropic_share(&rates, 200))),
        (output - reasoning, rates.output),
        (reasoning, rates.reasoning.or(rates.output)),
    ];
    let mut total = 0i128;
    for (count, rate) in parts {
        if count > 0 {
            total += i128::from(count) * i128::from(rate?);
        }
    }
    match row.fast_per_mille.filter(|_| fast) {
        Some(factor) => Some(total * i128::from(factor) / 1000),
        None => Some(total),
    }
}

impl Row {
    /// The rates for a request whose input side has this many tokens: those of the highest threshold below it. What a tier does not state is
    /// the base rate, except that a tier with its own output rate has its own reasoning rate or none.
    fn rates_at(&self, context: i64) -> Rates {
        let Some((_, tier)) = self.tiers.iter().rev().find(|(threshold, _)| context > *threshold) else {
            return self.base;
        };
        let anthropic = self.is_anthropic();
        // Anthropic's cache prices are multiples of the input price, so a missing one follows the tier and not the base.
        let cache = |stated: Option<i64>, base: Option<i64>| if anthropic { stated } else { stated.or(base) };
        Rates {
            input: tier.input.or(self.base.input),
            output: tier.output.or(self.base.output),
            cache_read: tier.cache_read.or(self.base.cache_read),
            cache_write: cache(tier.cache_write, self.base.cache_write),
            cache_write_1h: cache(tier.cache_write_1h, self.base.cache_write_1h),
            reasoning: if tier.output.is_some() { tier.reasoning } else { self.base.reasoning },
        }
    }

    /// A percentage of the input rate, for Anthropic's models only.
    fn anthropic_share(&self, rates: &Rates, percent: i64) -> Option<i64> {
        if self.is_anthropic() { rates.input.map(|input| input * percent / 100) } else { None }
    }

    fn is_anthropic(&self) -> bool {
        self.provider == "anthropic" || self.model.contains("claude")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(input: i64, output: i64) -> Tokens {
        Tokens { input: Some(input), output: Some(output), ..Tokens::default() }
    }

    #[test]
    fn hand_computed_anthropic() {
        // claude-opus-4-8: 5 in, 25 out, 0.50 read, 6.25 write, 10 one-hour write, USD per million.
        let used = Tokens {
            cache_read: Some(1_000_000),
            cache_write: Some(300_000),
            cache_write_1h: Some(100_000),
            ..tokens(2_000, 4_000)
        };
        // 0.01 + 0.10 + 0.50 + 200,000 x 6.25/M = 1.25 + 100,000 x 10/M = 1.00
        assert_eq!(price("claude-opus-4-8", Some("anthropic"), &used), Price::Priced(2_860_000));
    }

    #[test]
    fn hand_computed_openai_and_its_long_context_tier() {
        // gpt-5.4: 2.50 in, 15 out, 0.25 read; above 272,000 tokens 5, 22.50 and 0.50.
        let at = Tokens { cache_read: Some(200_000), ..tokens(72_000, 1_000) };
        assert_eq!(price("gpt-5.4", Some("openai"), &at), Price::Priced(180_000 + 50_000 + 15_000));
        let above = Tokens { cache_read: Some(200_000), ..tokens(72_001, 1_000) };
        assert_eq!(price("gpt-5.4", Some("openai"), &above), Price::Priced(360_005 + 100_000 + 22_500));
    }

    #[test]
    fn one_hour_writes_of_a_tier_without_a_price_are_twice_its_input() {
        // claude-sonnet-4 above 200,000: 6 in, 22.50 out, 7.50 write; no one-hour price in the table.
        let used = Tokens { cache_write: Some(300_000), cache_write_1h: Some(100_000), ..tokens(0, 0) };
        assert_eq!(price("claude-sonnet-4-20250514", None, &used), Price::Priced(1_500_000 + 1_200_000));
    }

    #[test]
    fn a_request_is_rounded_once_half_up() {
        // gemini-2.5-flash-lite costs 0.10 in and 0.40 out per million: 0.1 and 0.4 micro-dollars a token.
        assert_eq!(price("gemini-2.5-flash-lite", None, &tokens(4, 0)), Price::Priced(0));
        assert_eq!(price("gemini-2.5-flash-lite", None, &tokens(5, 0)), Price::Priced(1));
        assert_eq!(price("gemini-2.5-flash-lite", None, &tokens(4, 3)), Price::Priced(2));
    }

    #[test]
    fn reasoning_has_its_own_price_only_where_the_table_says_so() {
        // qwen-turbo: 0.05 in, 0.20 out, 0.50 reasoning.
        let thought = Tokens { reasoning: Some(1_000_000), ..tokens(0, 3_000_000) };
        assert_eq!(price("qwen-turbo", Some("dashscope"), &thought), Price::Priced(400_000 + 500_000));
        let thought = Tokens { reasoning: Some(100), ..tokens(0, 1_000) };
        assert_eq!(price("gpt-5.4", None, &thought), Price::Priced(15_000));
    }

    #[test]
    fn what_is_not_known_is_unpriced_and_never_zero() {
        assert_eq!(price("claude-opus-99", Some("anthropic"), &tokens(1, 1)), Price::Unpriced);
        assert_eq!(price("", None, &tokens(1, 1)), Price::Unpriced);
        assert_eq!(price("<synthetic>", Some("anthropic"), &tokens(0, 0)), Price::Unpriced);
        assert_eq!(price("gpt-5.4", None, &Tokens { output: Some(5), ..Tokens::default() }), Price::Unpriced);
        // The table has no price for cache writes of gpt-5.4.
        assert_eq!(price("gpt-5.4", None, &Tokens { cache_write: Some(10), ..tokens(1, 1) }), Price::Unpriced);
        assert_eq!(price("gpt-5.4", None, &Tokens { cache_write: Some(0), ..tokens(2, 0) }), Price::Priced(5));
    }

    #[test]
    fn fast_mode_costs_what_the_table_says() {
        assert_eq!(price("claude-opus-4-8-fast", None, &tokens(1_000, 1_000)), Price::Priced(60_000));
        assert_eq!(price("claude-opus-4-8", None, &tokens(1_000, 1_000)), Price::Priced(30_000));
    }
}
