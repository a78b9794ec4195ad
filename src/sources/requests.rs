//! What the sources of single model requests share: which id names a request everywhere, what of an input count is fresh, whether reasoning is in an
//! output count, when a logged cost is one, which requests nobody asked, and which account a caller names.
//!
//! Owns no format. The rules are those of `formats.md` 0.2 and 12.

use super::values;
use crate::fingerprint::Json;
use std::borrow::Cow;

/// Whether a response id is drawn from so few that two requests may have the same one.
///
/// Servers that only speak OpenAI's protocol, Ollama the best known, answer with `chatcmpl-` and a random number of up to six digits. As the identity
/// of a step such an id would make one request of two.
pub(crate) fn is_drawn_from_few(response_id: &str) -> bool {
    const DIGITS: usize = 6;
    response_id
        .strip_prefix("chatcmpl-")
        .is_some_and(|rest| rest.len() <= DIGITS && rest.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Whether a request turns texts into vectors or ranks them, by the word for its operation. An index sends its chunks, which nobody asked, and what comes
/// back are numbers.
pub(crate) fn is_embedding(operation: &str) -> bool {
    let operation = operation.to_ascii_lowercase();
    ["embed", "rerank"].iter().any(|word| operation.contains(word))
}

/// Whom a caller names as the user of a request. Claude Code names a session with its account or device, as `user_DEVICE_account_ACCOUNT_session_SESSION` or later as JSON: the
/// account is taken, else the device, so that not every session is a person. Null where neither is said.
pub(crate) fn named_account(stated: &Json<'_>) -> Option<String> {
    if let Some(named) = values::nested(stated) {
        return ["account_uuid", "device_id"]
            .iter()
            .find_map(|name| named.get(name).and_then(values::text).map(Cow::into_owned));
    }
    let stated = values::text(stated)?;
    let parts = stated.strip_prefix("user_").and_then(|rest| rest.split_once("_session_"));
    let Some((who, _)) = parts else { return Some(stated.into_owned()) };
    let named = match who.split_once("_account_") {
        Some((device, "")) => device,
        Some((_, account)) => account,
        None => who,
    };
    (!named.is_empty()).then(|| named.to_owned())
}

/// What a record states of one request's input, and what that is told by.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct StatedInput {
    /// Input tokens, with or without those of the cache.
    pub(crate) input: Option<i64>,
    /// Input read from the cache.
    pub(crate) cache_read: Option<i64>,
    /// Input written to the cache.
    pub(crate) cache_write: Option<i64>,
    /// Output tokens.
    pub(crate) output: Option<i64>,
    /// The record's own total.
    pub(crate) total: Option<i64>,
}

impl StatedInput {
    /// Input tokens without cache reads and writes.
    ///
    /// The cache counts are part of the input, as OpenAI counts and the semantic conventions ask, unless the record shows that they are not: they exceed the
    /// input, or the record's own total is the sum of all four. Nothing can show it where input is larger and no total is stated; then the convention holds.
    pub(crate) fn fresh(self) -> Option<i64> {
        let input = self.input?;
        let cached = self.cache_read.unwrap_or(0) + self.cache_write.unwrap_or(0);
        let all_four = input + cached + self.output.unwrap_or(0);
        let beside = cached > input || (cached > 0 && self.total == Some(all_four));
        Some(if beside { input } else { input - cached })
    }

    /// Output tokens with those of reasoning.
    ///
    /// Reasoning is part of the output, as OpenAI counts and the semantic conventions ask, unless the record shows that it is not, as of Gemini: it exceeds the
    /// output, or the record's own total is the sum of input, output and reasoning.
    pub(crate) fn whole_output(self, reasoning: Option<i64>) -> Option<i64> {
        let (output, reasoning) = (self.output?, reasoning.unwrap_or(0));
        let cached = self.cache_read.unwrap_or(0) + self.cache_write.unwrap_or(0);
        let is_total = |input: i64| {
            [input, input + cached].map(|input| input + output + reasoning).map(Some).contains(&self.total)
        };
        let beside = reasoning > output || (reasoning > 0 && self.input.is_some_and(is_total));
        Some(if beside { output + reasoning } else { output })
    }
}

/// A cost as logged. Zero on a request that used tokens means that its writer had no price for the model, not that it was free.
pub(crate) fn stated_cost(micro_usd: Option<i64>, used_tokens: bool) -> Option<i64> {
    micro_usd.filter(|&micro_usd| micro_usd > 0 || !used_tokens)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_few_digits_name_nothing() {
        for few in ["chatcmpl-7", "chatcmpl-998", "chatcmpl-123456"] {
            assert!(is_drawn_from_few(few), "{few}");
        }
        for unique in ["chatcmpl-1234567", "chatcmpl-9f3a", "msg_12", "resp_1", "7"] {
            assert!(!is_drawn_from_few(unique), "{unique}");
        }
    }

    #[test]
    fn embeddings_are_known_in_every_spelling() {
        for operation in ["embeddings", "aembedding", "EMBEDDING", "ai.embedMany.doEmbed", "rerank", "RERANKER"] {
            assert!(is_embedding(operation), "{operation}");
        }
        for operation in ["chat", "acompletion", "LLM", ""] {
            assert!(!is_embedding(operation), "{operation}");
        }
    }

    #[test]
    fn cache_counts_are_inside_input_unless_the_record_shows_otherwise() {
        let inside =
            StatedInput { input: Some(1200), cache_read: Some(1000), output: Some(80), ..StatedInput::default() };
        assert_eq!(inside.fresh(), Some(200));
        assert_eq!(StatedInput { total: Some(1280), ..inside }.fresh(), Some(200));
        assert_eq!(StatedInput { total: Some(2280), ..inside }.fresh(), Some(1200), "the total is of all four");
        assert_eq!(StatedInput { cache_read: Some(15_000), ..inside }.fresh(), Some(1200), "more cached than input");
        assert_eq!(StatedInput { cache_write: Some(150), ..inside }.fresh(), Some(50));
        assert_eq!(StatedInput { input: None, ..inside }.fresh(), None, "null is not zero");
        assert_eq!(StatedInput { input: Some(0), ..StatedInput::default() }.fresh(), Some(0));
    }

    #[test]
    fn reasoning_is_inside_output_unless_the_record_shows_otherwise() {
        let stated = StatedInput { input: Some(1200), output: Some(80), total: Some(1280), ..StatedInput::default() };
        assert_eq!(stated.whole_output(Some(30)), Some(80));
        assert_eq!(stated.whole_output(None), Some(80));
        assert_eq!(stated.whole_output(Some(0)), Some(80));
        assert_eq!(StatedInput { total: Some(1310), ..stated }.whole_output(Some(30)), Some(110), "the total has both");
        let beside = StatedInput { cache_read: Some(1000), total: Some(2310), ..stated };
        assert_eq!(beside.whole_output(Some(30)), Some(110), "so has one with the cache beside the input");
        assert_eq!(StatedInput { total: None, ..stated }.whole_output(Some(30)), Some(80));
        assert_eq!(
            StatedInput { total: None, ..stated }.whole_output(Some(300)),
            Some(380),
            "more reasoning than output"
        );
        assert_eq!(StatedInput { output: None, ..stated }.whole_output(Some(30)), None, "null is not zero");
    }

    #[test]
    fn a_cost_of_nothing_for_tokens_is_no_price() {
        assert_eq!(stated_cost(Some(0), true), None);
        assert_eq!(stated_cost(Some(0), false), Some(0));
        assert_eq!(stated_cost(Some(7), true), Some(7));
    }
}
