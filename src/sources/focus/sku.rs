//! What the names in a bill say: the model, the kind of token, the size of a unit.
//!
//! Owns words of bills alone. Normalising a model's name is the queries' work, since logs need it too.

/// How the names of models begin. A name counts from there on.
const FAMILIES: &[&str] = &[
    "claude",
    "gpt-",
    "gpt ",
    "chatgpt",
    "o1",
    "o3",
    "o4",
    "codex",
    "gemini",
    "gemma",
    "llama",
    "mistral",
    "codestral",
    "grok",
    "qwen",
    "deepseek",
    "kimi",
    "glm",
    "minimax",
    "nova",
    "titan",
    "command",
];
/// Where a model's name ends: what follows is about tokens or prices.
const ENDS: &[&str] = &[
    " input",
    " output",
    " cache",
    " cached",
    " prompt",
    " completion",
    " response",
    " token",
    " usage",
    " batch",
    " -",
    ",",
    ";",
    " per ",
    " through ",
    " (",
    "-input",
    "-output",
    "-cache",
    "_input",
    "_output",
    "_cache",
    "/",
];

/// Which tokens a charge is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TokenKind {
    Input,
    Output,
    CacheRead,
    CacheWrite,
}

impl TokenKind {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            TokenKind::Input => "input",
            TokenKind::Output => "output",
            TokenKind::CacheRead => "cache_read",
            TokenKind::CacheWrite => "cache_write",
        }
    }
}

/// The model that a text names: `Claude Sonnet 4.5 Input Tokens` is `claude sonnet 4.5`.
pub(super) fn model(text: &str) -> Option<String> {
    let text = text.to_lowercase();
    let starts = |at: usize| at == 0 || !text.as_bytes()[at - 1].is_ascii_alphanumeric();
    let first = FAMILIES
        .iter()
        .filter_map(|family| text.match_indices(family).map(|(at, _)| at).find(|at| starts(*at)))
        .min()?;
    let name = &text[first..];
    let end = ENDS.iter().filter_map(|end| name.find(end)).min().unwrap_or(name.len());
    let name = name[..end].trim_end_matches([' ', '-', '_', '.', ':']);
    // A family by itself, such as the word `nova` in a service's name, is no model.
    name.bytes().any(|byte| byte.is_ascii_digit()).then(|| name.to_owned())
}

/// The kind of token that a text names. Cache comes first: a cache read is an input too.
pub(super) fn token_kind(text: &str) -> Option<TokenKind> {
    let text = text.to_lowercase();
    let holds = |words: &[&str]| words.iter().any(|word| text.contains(word));
    if holds(&["cache"]) {
        let is_write = holds(&["write", "creation", "storage"]);
        return Some(if is_write { TokenKind::CacheWrite } else { TokenKind::CacheRead });
    }
    if holds(&["output", "completion tok", "response tok"]) {
        return Some(TokenKind::Output);
    }
    holds(&["input", "prompt tok"]).then_some(TokenKind::Input)
}

/// How many tokens one unit is; none when it is no unit of tokens.
pub(super) fn tokens_of_unit(unit: &str) -> Option<i64> {
    let unit = unit.trim().to_lowercase();
    let size = unit.strip_suffix("tokens").or_else(|| unit.strip_suffix("token"))?.trim_end_matches([' ', '-', '_']);
    Some(match size {
        "" | "1" => 1,
        "1k" | "k" | "1000" | "1,000" | "thousand" | "1 thousand" => 1_000,
        "1m" | "m" | "1000000" | "1,000,000" | "million" | "1 million" => 1_000_000,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_are_found_in_what_bills_say() {
        for (text, want) in [
            ("Claude Sonnet 4.5 Input Tokens", Some("claude sonnet 4.5")),
            ("anthropic.claude-opus-4-8-v1:0", Some("claude-opus-4-8-v1:0")),
            ("arn:aws:bedrock:eu-west-1::foundation-model/anthropic.claude-haiku-4-5", Some("claude-haiku-4-5")),
            ("Azure OpenAI - gpt-5 cached input Tokens", Some("gpt-5")),
            ("GPT 5 mini, output", Some("gpt 5 mini")),
            ("Tokens of gpt-5.4 through codex", Some("gpt-5.4")),
            ("Amazon Nova", None),
            ("proto1-cluster", None),
            ("Standard_D4s_v5", None),
        ] {
            assert_eq!(model(text).as_deref(), want, "{text}");
        }
    }

    #[test]
    fn kinds_and_units_of_tokens() {
        assert_eq!(token_kind("gpt-5 cached input tokens"), Some(TokenKind::CacheRead));
        assert_eq!(token_kind("Cache Write Tokens"), Some(TokenKind::CacheWrite));
        assert_eq!(token_kind("USE1-ClaudeSonnet-output-tokens"), Some(TokenKind::Output));
        assert_eq!(token_kind("prompt tokens"), Some(TokenKind::Input));
        assert_eq!(token_kind("requests"), None);
        for (unit, size) in [
            ("Tokens", Some(1)),
            ("1K tokens", Some(1_000)),
            ("Million Tokens", Some(1_000_000)),
            ("Hours", None),
            ("10 Tokens", None),
        ] {
            assert_eq!(tokens_of_unit(unit), size, "{unit}");
        }
    }
}
