//! From a logged model name to a row of the table (`formats.md` section 11).

use super::table::{self, Row};

/// Prefixes under which makers list their own models, tried for a bare name. Hosts (azure, bedrock, openrouter, ...) are only tried when the log
/// names them: the same model has another price there.
const MAKERS: &[&str] = &[
    "gemini/",
    "xai/",
    "deepseek/",
    "mistral/",
    "moonshot/",
    "zai/",
    "minimax/",
    "dashscope/",
    "meta_llama/",
    "codestral/",
];

/// Prefixes that gateways put before a name and the table does not.
const GATEWAYS: &[&str] =
    &["anthropic/", "openai/", "vertex_ai/", "google/", "bedrock/", "openrouter/", "azure/", "litellm_proxy/"];

/// Other names of providers, as logs and OpenTelemetry (`gen_ai.provider.name`) write them, and the table's prefix.
const PROVIDERS: &[(&str, &str)] = &[
    ("amazon-bedrock", "bedrock"),
    ("aws.bedrock", "bedrock"),
    ("azure-openai", "azure"),
    ("azure.ai.inference", "azure_ai"),
    ("azure.ai.openai", "azure"),
    ("gcp.gemini", "gemini"),
    ("gcp.gen_ai", "gemini"),
    ("gcp.vertex_ai", "vertex_ai"),
    ("google", "gemini"),
    ("google-vertex", "vertex_ai"),
    ("kimi", "moonshot"),
    ("mistral_ai", "mistral"),
    ("mistralai", "mistral"),
    ("moonshot_ai", "moonshot"),
    ("moonshotai", "moonshot"),
    ("qwen", "dashscope"),
    ("together", "together_ai"),
    ("vertex", "vertex_ai"),
    ("x-ai", "xai"),
    ("x_ai", "xai"),
    ("z.ai", "zai"),
    ("z-ai", "zai"),
    ("zhipu", "zai"),
];

/// A row and how the model was run.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) row: Row,
    /// The name said `-fast` and the table's name does not.
    pub(super) fast: bool,
}

/// The row for a model as logged.
pub(super) fn find(model: &str, provider: Option<&str>) -> Option<Found> {
    let model = model.trim().to_lowercase();
    let provider = provider.map(|name| {
        let name = name.trim().to_lowercase();
        PROVIDERS.iter().find(|(alias, _)| *alias == name).map_or(name, |(_, prefix)| (*prefix).to_owned())
    });
    let bare = without_gateways(&model);
    for name in [model.as_str(), bare] {
        for (variant, fast) in variants(name) {
            let qualified = provider.as_ref().map(|provider| format!("{provider}/{variant}"));
            if let Some(row) = qualified.and_then(|name| table::row(&name)).or_else(|| table::row(&variant)) {
                return Some(Found { row, fast });
            }
        }
    }
    variants(bare).into_iter().find_map(|(variant, fast)| {
        MAKERS.iter().find_map(|prefix| table::row(&format!("{prefix}{variant}"))).map(|row| Found { row, fast })
    })
}

/// Without the gateways' prefixes, which can stand before each other, and without Bedrock's region.
fn without_gateways(mut name: &str) -> &str {
    while let Some(prefix) = GATEWAYS.iter().find(|prefix| name.starts_with(**prefix)) {
        name = &name[prefix.len()..];
        if *prefix == "bedrock/"
            && let Some((region, rest)) = name.split_once('/')
            && region.ends_with(|c: char| c.is_ascii_digit())
        {
            name = rest;
        }
    }
    name
}

/// The name, then with less and less of what clients hang onto it. The flag says that `-fast` was taken off.
fn variants(name: &str) -> Vec<(String, bool)> {
    let mut found = vec![(name.to_owned(), false)];
    let mut add = |name: &str, fast: bool| {
        if !found.iter().any(|(known, _)| known == name) {
            found.push((name.to_owned(), fast));
        }
    };
    add(without_date(name), false);
    let (mut short, mut fast) = (name, false);
    loop {
        let next = if let Some(rest) = short.strip_suffix("[1m]").or_else(|| short.strip_suffix("-thinking")) {
            rest
        } else if let Some(rest) = short.strip_suffix("-fast") {
            fast = true;
            rest
        } else {
            break;
        };
        short = next;
        add(short, fast);
        add(without_date(short), fast);
    }
    found
}

/// Without a date at the end: `-20250929`, `@20250929`, `-2025-09-29`.
fn without_date(name: &str) -> &str {
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let cut = |length: usize| name.len().checked_sub(length).and_then(|at| name.split_at_checked(at));
    if let Some((rest, date)) = cut(9)
        && date.starts_with(['-', '@'])
        && digits(&date[1..])
        && date[1..].starts_with("20")
    {
        return rest;
    }
    if let Some((rest, date)) = cut(11)
        && date.starts_with("-20")
        && date
            .bytes()
            .enumerate()
            .all(|(index, byte)| if matches!(index, 0 | 5 | 8) { byte == b'-' } else { byte.is_ascii_digit() })
    {
        return rest;
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(model: &str, provider: Option<&str>) -> Option<&'static str> {
        find(model, provider).map(|found| found.row.model)
    }

    #[test]
    fn names_as_clients_write_them() {
        for (model, provider, expected) in [
            ("claude-opus-4-8", None, "claude-opus-4-8"),
            ("claude-opus-4-8[1m]", Some("anthropic"), "claude-opus-4-8"),
            ("Claude-Opus-4-8-20260514", Some("anthropic"), "claude-opus-4-8"),
            ("claude-opus-4-8-thinking[1m]", None, "claude-opus-4-8"),
            ("anthropic/claude-opus-4-8", None, "claude-opus-4-8"),
            ("openrouter/anthropic/claude-opus-4-8", None, "claude-opus-4-8"),
            ("bedrock/ap-south-2/anthropic.claude-opus-4-8", None, "anthropic.claude-opus-4-8"),
            ("gpt-5.4-2026-03-05", Some("openai"), "gpt-5.4-2026-03-05"),
            ("gpt-5.4-2031-03-05", Some("openai"), "gpt-5.4"),
            ("MiniMax-M2.5", Some("minimax"), "minimax/minimax-m2.5"),
            ("MiniMax-M2.5", None, "minimax/minimax-m2.5"),
            ("grok-code-fast", None, "xai/grok-code-fast"),
            ("gemini-2.5-pro", Some("google"), "gemini/gemini-2.5-pro"),
            ("gemini-2.5-pro", None, "gemini-2.5-pro"),
            ("claude-opus-4-8", Some("gcp.vertex_ai"), "vertex_ai/claude-opus-4-8"),
            ("us.anthropic.claude-opus-4-8", Some("aws.bedrock"), "us.anthropic.claude-opus-4-8"),
        ] {
            assert_eq!(name(model, provider), Some(expected), "{model} {provider:?}");
        }
    }

    #[test]
    fn strangers_are_not_guessed() {
        for model in [
            "",
            "kimi-code",
            "minimax-m2.5-highspeed",
            "gpt-5.4-high",
            "claude",
            "anthropic/",
            "é-20250101",
            "[1m]",
            "-fast",
        ] {
            assert_eq!(name(model, None), None, "{model}");
        }
    }

    #[test]
    fn fast_is_only_a_mode_when_it_is_no_name() {
        assert!(find("claude-opus-4-8-fast", None).unwrap().fast);
        assert!(!find("grok-code-fast", None).unwrap().fast);
    }

    #[test]
    fn dates_end_names_and_versions_do_not() {
        assert_eq!(without_date("claude-haiku-4-5-20251001"), "claude-haiku-4-5");
        assert_eq!(without_date("claude-haiku-4-5@20251001"), "claude-haiku-4-5");
        assert_eq!(without_date("gpt-4o-2024-05-13"), "gpt-4o");
        assert_eq!(without_date("o1-12345678"), "o1-12345678");
        assert_eq!(without_date("x-2024-5-13"), "x-2024-5-13");
    }
}
