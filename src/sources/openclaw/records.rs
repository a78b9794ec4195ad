//! The records of transcripts as they stand in files, and the values they share with the other files.
//!
//! Fields are read only where something uses them; what a newer version adds is passed over. Owns no meaning:
//! that is [`super::transcript`]'s.

use crate::sources::Sink;
use crate::sources::document::Items;
use crate::sources::json::{Count, parse_last_wins};
use serde::de::value::SeqAccessDeserializer;
use serde::de::{Deserialize, Deserializer, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::collections::BTreeSet;
use std::fmt;

/// One line of a transcript (pi-agent session, version 3).
#[derive(Debug, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Entry {
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) id: Option<String>,
    pub(super) timestamp: Option<Box<RawValue>>,
    pub(super) cwd: Option<String>,
    pub(super) parent_session: Option<String>,
    pub(super) custom_type: Option<String>,
    pub(super) message: Option<Message>,
}

/// The `message` of an entry of type `message`.
#[derive(Debug, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Message {
    pub(super) role: String,
    #[serde(default)]
    pub(super) content: Content,
    pub(super) timestamp: Option<Box<RawValue>>,
    pub(super) provider: Option<String>,
    pub(super) model: Option<String>,
    pub(super) response_id: Option<String>,
    pub(super) stop_reason: Option<String>,
    pub(super) usage: Option<Usage>,
    pub(super) provenance: Option<Provenance>,
    pub(super) tool_call_id: Option<String>,
    pub(super) tool_name: Option<String>,
    pub(super) is_error: Option<bool>,
    /// Differs with every tool, so it is looked into leniently.
    pub(super) details: Option<Box<RawValue>>,
}

/// `usage` of an assistant message: Anthropic's split for every provider, input without cache.
#[derive(Debug, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Usage {
    #[serde(default)]
    pub(super) input: Count,
    #[serde(default)]
    pub(super) output: Count,
    #[serde(default)]
    pub(super) cache_read: Count,
    #[serde(default)]
    pub(super) cache_write: Count,
    #[serde(default)]
    pub(super) reasoning_tokens: Count,
    /// In US dollars; kept as written, so that money is never a float.
    pub(super) cost: Option<Box<RawValue>>,
}

/// `provenance` of a user message, written by builds from about April 2026 on.
#[derive(Debug, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Provenance {
    pub(super) kind: Option<String>,
    pub(super) source_tool: Option<String>,
    pub(super) job_id: Option<String>,
}

impl Provenance {
    /// A `kind` that no rule reads, to be counted under its name.
    pub(super) fn unknown_kind(&self) -> Option<&str> {
        let kind = self.kind.as_deref()?;
        (!matches!(kind, "external_user" | "inter_session" | "internal_system")).then_some(kind)
    }
}

/// What of a tool result's `details` is looked at; every tool puts its own things there, so types are not relied on.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Details {
    status: Option<Box<RawValue>>,
    exit_code: Option<Box<RawValue>>,
    duration_ms: Option<Box<RawValue>>,
    diff: Option<Box<RawValue>>,
}

impl Details {
    /// Reads `details`; what is no object has nothing to look at.
    pub(super) fn of(raw: Option<&RawValue>) -> Self {
        raw.and_then(|raw| parse_last_wins(raw.get()).ok()).unwrap_or_default()
    }

    /// Whether the tool says that it failed. A command that ran to its end is `completed` whatever its exit code.
    pub(super) fn failed(&self) -> bool {
        let exit_code = self.exit_code.as_deref().and_then(|code| code.get().parse::<i64>().ok());
        self.status.as_deref().is_some_and(|status| matches!(status.get(), "\"error\"" | "\"failed\""))
            || exit_code.is_some_and(|code| code != 0)
    }

    /// Duration in whole milliseconds, up to eleven days.
    pub(super) fn duration_ms(&self) -> Option<i64> {
        let millis: f64 = self.duration_ms.as_deref()?.get().parse().ok()?;
        (0.0..=1e9).contains(&millis).then(|| millis.round() as i64)
    }

    /// The diff of an edit.
    pub(super) fn diff(&self) -> Option<String> {
        serde_json::from_str(self.diff.as_deref()?.get()).ok()
    }
}

/// One block of a message.
#[derive(Debug, Default, serde::Deserialize)]
pub(super) struct Block {
    #[serde(rename = "type", default)]
    pub(super) kind: String,
    pub(super) text: Option<String>,
    pub(super) id: Option<String>,
    pub(super) name: Option<String>,
    arguments: Option<Box<RawValue>>,
    /// `arguments` as other providers' blocks call them.
    input: Option<Box<RawValue>>,
    parameters: Option<Box<RawValue>>,
}

impl Block {
    /// Whether the block calls a tool, in the spelling of any provider that the product accepts.
    pub(super) fn is_tool_call(&self) -> bool {
        ["toolCall", "toolUse", "functionCall"].iter().any(|kind| self.kind.eq_ignore_ascii_case(kind))
    }

    /// Whether this version does not know what the block is: it may have been a call.
    pub(super) fn is_of_unknown_kind(&self) -> bool {
        !self.is_tool_call() && !["text", "thinking", "redactedThinking", "image"].contains(&self.kind.as_str())
    }

    /// The arguments as JSON text. Some builds store them as a string of JSON.
    pub(super) fn arguments_json(&self) -> String {
        let raw = self.arguments.as_ref().or(self.input.as_ref()).or(self.parameters.as_ref());
        let text = raw.map_or("{}", |raw| raw.get());
        if text.starts_with('"') { parse_last_wins(text).unwrap_or_else(|_| text.to_owned()) } else { text.to_owned() }
    }
}

/// `content`: a string or blocks.
#[derive(Debug, Default)]
pub(super) struct Content(pub(super) Vec<Block>);

impl Content {
    /// The text blocks, joined by newlines.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        for part in self.0.iter().filter(|block| block.kind == "text").filter_map(|block| block.text.as_deref()) {
            if !text.is_empty() {
                text.push('\n');
            }
            text.push_str(part);
        }
        text
    }
}

impl<'de> Deserialize<'de> for Content {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ContentVisitor;
        impl<'de> Visitor<'de> for ContentVisitor {
            type Value = Content;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text or content blocks")
            }
            fn visit_str<E>(self, text: &str) -> Result<Content, E> {
                Ok(Content(vec![Block { kind: "text".into(), text: Some(text.to_owned()), ..Block::default() }]))
            }
            fn visit_unit<E>(self) -> Result<Content, E> {
                Ok(Content::default())
            }
            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Content, A::Error> {
                Items::deserialize(SeqAccessDeserializer::new(seq)).map(|Items(blocks)| Content(blocks))
            }
        }
        deserializer.deserialize_any(ContentVisitor)
    }
}

/// Counts words that this version does not know under their own names: a bounded number of them, and the rest together,
/// so that a file of nothing but new words costs no memory.
#[derive(Debug, Default)]
pub(super) struct Strangers(BTreeSet<String>);

impl Strangers {
    /// Counts `word`, which stands in `field`.
    pub(super) fn count(&mut self, field: &str, word: &str, sink: &mut dyn Sink) {
        const WORD_BYTES: usize = 64;
        const WORDS: usize = 100;
        let name = format!("{field}={word}");
        if word.len() > WORD_BYTES || self.0.len() >= WORDS && !self.0.contains(&name) {
            return sink.unknown_field(&format!("{field}=(other)"));
        }
        sink.unknown_field(&name);
        self.0.insert(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_that_exits_with_another_code_than_zero_failed() {
        for (details, failed) in [
            (r#"{"status":"completed","exitCode":0}"#, false),
            (r#"{"status":"completed","exitCode":1}"#, true),
            (r#"{"status":"failed","exitCode":0}"#, true),
            (r#"{"status":"running","exitCode":null}"#, false),
            (r#"{"exitCode":"none"}"#, false),
        ] {
            let raw: &RawValue = serde_json::from_str(details).unwrap();
            assert_eq!(Details::of(Some(raw)).failed(), failed, "{details}");
        }
    }

    #[test]
    fn new_words_are_counted_by_name_up_to_a_bound() {
        let mut sink = crate::sources::testing::Recorded::default();
        let mut strangers = Strangers::default();
        for index in (0..150).chain(0..150) {
            strangers.count("customType", &format!("word-{index}"), &mut sink);
        }
        strangers.count("customType", &"x".repeat(65), &mut sink);
        assert_eq!(sink.unknown_fields.len(), 101);
        assert_eq!(sink.unknown_fields["customType=word-0"], 2);
        assert_eq!(sink.unknown_fields["customType=(other)"], 101);
    }
}
