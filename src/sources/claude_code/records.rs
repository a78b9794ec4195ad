//! The shapes of Claude Code records, borrowed from the line.
//!
//! Owns which fields are read and how leniently. Every field is optional, because real records have legitimate nulls and
//! older versions lack newer fields; what a record must have is decided where it is used. Fields that are not named here
//! are skipped without being built. A line is parsed once, so a part that has another shape than expected fails the line:
//! [`without_misfits`] then takes the part out. Owns no meaning: that is the other modules'.

use super::edits::PatchHunk;
use super::usage::micro_usd;
use crate::fingerprint::{Json, result_hash};
use crate::sources::json::Count;
use crate::sources::quick_json;
pub(super) use crate::sources::text::Text;
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// Deepest nesting that is read (`faults.md` 31), the limit of serde_json for built values.
const MAX_DEPTH: usize = 128;

/// The number of characters of a text of which nothing else is asked, so that it is not copied.
#[derive(Debug)]
pub(super) struct Chars(pub(super) i64);

impl<'de> Deserialize<'de> for Chars {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct CharsVisitor;
        impl Visitor<'_> for CharsVisitor {
            type Value = Chars;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Chars, E> {
                Ok(Chars(text.chars().count() as i64))
            }
        }
        deserializer.deserialize_str(CharsVisitor)
    }
}

/// An id, null where it is empty: gateways write an empty text for an id that they do not have, and it names nothing.
pub(super) fn id_of<'t>(text: &'t Option<Text<'_>>) -> Option<&'t str> {
    text.as_deref().filter(|id| !id.is_empty())
}

/// One line: the envelope that every kind shares, with the kind's own parts left as text until the kind is known.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Record<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) subtype: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) uuid: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) session_id: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) timestamp: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) cwd: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) git_branch: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) version: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) user_type: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) entrypoint: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) prompt_source: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) permission_mode: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) request_id: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) prompt_id: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) agent_id: Option<Text<'a>>,
    pub(super) is_sidechain: Option<bool>,
    pub(super) is_meta: Option<bool>,
    pub(super) is_compact_summary: Option<bool>,
    pub(super) is_visible_in_transcript_only: Option<bool>,
    pub(super) is_api_error_message: Option<bool>,
    #[serde(borrow)]
    pub(super) origin: Option<Object<Origin<'a>>>,
    #[serde(borrow)]
    pub(super) forked_from: Option<Object<ForkedFrom<'a>>>,
    pub(super) plan_content: Option<IgnoredAny>,
    #[serde(borrow)]
    pub(super) message: Option<Message<'a>>,
    #[serde(borrow)]
    pub(super) data: Option<Object<Progress<'a>>>,
    #[serde(borrow)]
    pub(super) attachment: Option<Object<Attachment<'a>>>,
    #[serde(borrow)]
    pub(super) tool_use_result: Option<Object<ToolUseResult<'a>>>,
    #[serde(rename = "costUSD")]
    pub(super) cost_usd: Option<Cost>,
    #[serde(default)]
    pub(super) pr_number: Count,
    #[serde(borrow)]
    pub(super) pr_repository: Option<Text<'a>>,
}

/// `origin` of a user record.
#[derive(Debug, Deserialize)]
pub(super) struct Origin<'a> {
    #[serde(borrow)]
    pub(super) kind: Option<Text<'a>>,
}

/// Where a copied record was first written.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ForkedFrom<'a> {
    #[serde(borrow)]
    pub(super) session_id: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) message_uuid: Option<Text<'a>>,
}

/// An attachment; all but its kind is read only for text that a person queued while the agent was busy.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Attachment<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) origin: Option<Object<Origin<'a>>>,
    #[serde(borrow)]
    pub(super) prompt: Option<Content<'a>>,
    /// The uuid that the text was queued under; written with an underscore, unlike the other fields.
    #[serde(borrow, rename = "source_uuid")]
    pub(super) source_uuid: Option<Text<'a>>,
}

/// `data` of a progress record; of `agent_progress` it holds a whole record of a subagent.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Progress<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) agent_id: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) message: Option<Object<Box<Record<'a>>>>,
}

/// `message` of a user record, or of an assistant record: then one content block of a response, with the usage of the whole response.
#[derive(Debug, Deserialize)]
pub(super) struct Message<'a> {
    #[serde(borrow)]
    pub(super) id: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) model: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) stop_reason: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) content: Option<Content<'a>>,
    #[serde(borrow)]
    pub(super) usage: Option<Usage<'a>>,
}

/// Token usage of a response, or of one request behind it. The tiers of `cache_creation` are parts of `cache_creation_input_tokens`.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Usage<'a> {
    /// Of a request behind a response: what it was made for.
    #[serde(borrow, rename = "type")]
    pub(super) kind: Option<Text<'a>>,
    /// Of a request behind a response: its model, where that is not the response's.
    #[serde(borrow)]
    pub(super) model: Option<Text<'a>>,
    #[serde(default)]
    pub(super) input_tokens: Count,
    #[serde(default)]
    pub(super) output_tokens: Count,
    #[serde(default)]
    pub(super) cache_creation_input_tokens: Count,
    #[serde(default)]
    pub(super) cache_read_input_tokens: Count,
    pub(super) cache_creation: Option<CacheCreation>,
    /// `fast` where the request ran in the mode that is priced higher.
    #[serde(borrow)]
    pub(super) speed: Option<Text<'a>>,
    /// A list of the requests behind a response, which most lines repeat and few need.
    #[serde(borrow)]
    pub(super) iterations: Option<&'a RawValue>,
}

/// Cache writes by retention.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
pub(super) struct CacheCreation {
    #[serde(default)]
    pub(super) ephemeral_5m_input_tokens: Count,
    #[serde(default)]
    pub(super) ephemeral_1h_input_tokens: Count,
}

/// `message.content`: a string or a list of blocks.
#[derive(Debug)]
pub(super) enum Content<'a> {
    Text(Text<'a>),
    Blocks(Vec<Block<'a>>),
}

impl<'de: 'a, 'a> Deserialize<'de> for Content<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ContentVisitor;
        impl<'de> Visitor<'de> for ContentVisitor {
            type Value = Content<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string or a list of content blocks")
            }
            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Content<'de>, E> {
                Ok(Content::Text(Text(Cow::Borrowed(text))))
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Content<'de>, E> {
                Ok(Content::Text(Text(Cow::Owned(text.to_owned()))))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Content<'de>, A::Error> {
                let mut blocks = Vec::new();
                while let Some(block) = sequence.next_element()? {
                    blocks.push(block);
                }
                Ok(Content::Blocks(blocks))
            }
        }
        deserializer.deserialize_any(ContentVisitor)
    }
}

/// What the text of a tool result is read for. It is handed over as the parser has it, so that results, which are most of a log, are
/// copied no more than escapes demand.
pub(super) trait OfText<'a>: Default {
    /// From the text of the line.
    fn borrowed(text: &'a str) -> Self;
    /// From a text that the parser forgets.
    fn passing(text: &str) -> Self;
}

/// The hash of a result.
#[derive(Debug, Default)]
pub(super) struct ResultHash(pub(super) Option<i64>);

impl<'a> OfText<'a> for ResultHash {
    fn borrowed(text: &'a str) -> Self {
        Self(Some(result_hash(text)))
    }
    fn passing(text: &str) -> Self {
        Self(Some(result_hash(text)))
    }
}

impl<'a> OfText<'a> for Option<Text<'a>> {
    fn borrowed(text: &'a str) -> Self {
        Some(Text(Cow::Borrowed(text)))
    }
    fn passing(text: &str) -> Self {
        Some(Text(Cow::Owned(text.to_owned())))
    }
}

/// The text of a tool result: a string, or the text blocks of a list. Empty handed where it is of another shape.
#[derive(Debug, Default)]
pub(super) struct ResultText<T>(pub(super) T);

impl<'de: 'a, 'a, T: OfText<'a>> Deserialize<'de> for ResultText<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ResultVisitor<T>(std::marker::PhantomData<T>);
        impl<'de: 'a, 'a, T: OfText<'a>> Visitor<'de> for ResultVisitor<T> {
            type Value = ResultText<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the content of a tool result")
            }
            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<ResultText<T>, E> {
                Ok(ResultText(T::borrowed(text)))
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<ResultText<T>, E> {
                Ok(ResultText(T::passing(text)))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<ResultText<T>, A::Error> {
                let mut texts = Vec::new();
                while let Some(part) = sequence.next_element::<Object<ResultPart<'de>>>()? {
                    texts.extend(part.0.and_then(|part| part.text));
                }
                let texts: Vec<&str> = texts.iter().map(|text| &**text).collect();
                Ok(ResultText(T::passing(&texts.join("\n"))))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<ResultText<T>, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(ResultText(T::default()))
            }
            fn visit_bool<E: Error>(self, _: bool) -> Result<ResultText<T>, E> {
                Ok(ResultText(T::default()))
            }
            fn visit_i64<E: Error>(self, _: i64) -> Result<ResultText<T>, E> {
                Ok(ResultText(T::default()))
            }
            fn visit_u64<E: Error>(self, _: u64) -> Result<ResultText<T>, E> {
                Ok(ResultText(T::default()))
            }
            fn visit_f64<E: Error>(self, _: f64) -> Result<ResultText<T>, E> {
                Ok(ResultText(T::default()))
            }
            fn visit_unit<E: Error>(self) -> Result<ResultText<T>, E> {
                Ok(ResultText(T::default()))
            }
        }
        deserializer.deserialize_any(ResultVisitor(std::marker::PhantomData))
    }
}

/// One block of a tool result.
#[derive(Debug, Deserialize)]
pub(super) struct ResultPart<'a> {
    #[serde(borrow)]
    pub(super) text: Option<Text<'a>>,
}

/// A part that is an object where it matters, and of another shape in other versions: then it is as good as absent.
#[derive(Debug)]
pub(super) struct Object<T>(pub(super) Option<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ObjectVisitor<T>(std::marker::PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
            type Value = Object<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Object<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(|value| Object(Some(value)))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Object<T>, A::Error> {
                while sequence.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Object(None))
            }
            fn visit_str<E: Error>(self, _: &str) -> Result<Object<T>, E> {
                Ok(Object(None))
            }
            fn visit_bool<E: Error>(self, _: bool) -> Result<Object<T>, E> {
                Ok(Object(None))
            }
            fn visit_i64<E: Error>(self, _: i64) -> Result<Object<T>, E> {
                Ok(Object(None))
            }
            fn visit_u64<E: Error>(self, _: u64) -> Result<Object<T>, E> {
                Ok(Object(None))
            }
            fn visit_f64<E: Error>(self, _: f64) -> Result<Object<T>, E> {
                Ok(Object(None))
            }
            fn visit_unit<E: Error>(self) -> Result<Object<T>, E> {
                Ok(Object(None))
            }
        }
        deserializer.deserialize_any(ObjectVisitor(std::marker::PhantomData))
    }
}

/// The object of a part, where it has one.
pub(super) fn object<T>(part: &Option<Object<T>>) -> Option<&T> {
    part.as_ref().and_then(|part| part.0.as_ref())
}

/// `costUSD` in millionths of a dollar; null for what is no plausible amount.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cost(pub(super) Option<i64>);

impl<'de> Deserialize<'de> for Cost {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Json::deserialize(deserializer)?;
        Ok(Cost(match value {
            // The shortest text that gives the same number is the text that was logged, up to 15 digits.
            Json::Number(number) => micro_usd(&number.to_string()),
            _ => None,
        }))
    }
}

/// One content block; the fields of all block types together.
#[derive(Debug, Deserialize)]
pub(super) struct Block<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) text: Option<Text<'a>>,
    pub(super) thinking: Option<Chars>,
    #[serde(borrow)]
    pub(super) id: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) name: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) input: Option<Json<'a>>,
    #[serde(borrow)]
    pub(super) tool_use_id: Option<Text<'a>>,
    #[serde(default)]
    pub(super) content: ResultText<ResultHash>,
    pub(super) is_error: Option<bool>,
}

/// Structured result of a tool, as far as the pipeline needs it.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ToolUseResult<'a> {
    #[serde(borrow)]
    pub(super) file_path: Option<Text<'a>>,
    pub(super) structured_patch: Option<Vec<PatchHunk>>,
    /// A quarter of all bytes of a log, and hardly ever asked for: see [`text_of`].
    #[serde(borrow)]
    pub(super) original_file: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) content: Option<&'a RawValue>,
    pub(super) user_modified: Option<bool>,
    pub(super) interrupted: Option<bool>,
    #[serde(default)]
    pub(super) duration_ms: Count,
    #[serde(default)]
    pub(super) total_duration_ms: Count,
}

/// The text of a part that was left as it stands in the line; null where it has none.
pub(super) fn text_of<'a>(part: Option<&'a RawValue>) -> Option<Text<'a>> {
    quick_json::from_str::<ResultText<Option<Text<'a>>>>(part?.get()).ok()?.0
}

/// The line without the parts that do not fit their type, and whether `message` was one of them. Null when that does not help.
pub(super) fn without_misfits(line: &str) -> Option<(String, bool)> {
    let mut record: serde_json::Map<String, Value> = serde_json::from_str(line).ok()?;
    let mut message_misfits = false;
    for (name, misfits) in [
        ("origin", (|part| serde_json::from_str::<Object<Origin<'_>>>(part).is_err()) as fn(&str) -> bool),
        ("forkedFrom", |part| serde_json::from_str::<Object<ForkedFrom<'_>>>(part).is_err()),
        ("data", |part| serde_json::from_str::<Object<Progress<'_>>>(part).is_err()),
        ("attachment", |part| serde_json::from_str::<Object<Attachment<'_>>>(part).is_err()),
        ("toolUseResult", |part| serde_json::from_str::<Object<ToolUseResult<'_>>>(part).is_err()),
        ("message", |part| serde_json::from_str::<Message<'_>>(part).is_err()),
    ] {
        if record.get(name).is_some_and(|part| !part.is_null() && misfits(&part.to_string())) {
            record.remove(name);
            message_misfits = name == "message";
        }
    }
    Some((Value::Object(record).to_string(), message_misfits))
}

/// Whether arrays and objects nest deeper than [`MAX_DEPTH`]. Skipped fields are not built, so the parser itself would accept
/// them at any depth; later readers of the same log might not.
pub(super) fn too_deep(line: &str) -> bool {
    let bytes = line.as_bytes();
    // A line with few brackets in all cannot be deep, whichever of them stand in strings: nearly every line ends here.
    if bytes.chunks(BLOCK).map(opening_brackets).sum::<usize>() <= MAX_DEPTH {
        return false;
    }
    let mut depth = 0usize;
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'"' => at = closing_quote(bytes, at + 1),
            b'[' | b'{' => {
                depth += 1;
                if depth > MAX_DEPTH {
                    return true;
                }
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        at += 1;
    }
    false
}

/// Place of the quote that closes the string whose text begins at `start`; the end of the line where none does. Looks at quotes alone,
/// which are rarer than escapes, and at the backslashes before them.
fn closing_quote(bytes: &[u8], start: usize) -> usize {
    let mut from = start;
    while let Some(found) = bytes.get(from..).and_then(|rest| memchr::memchr(b'"', rest)) {
        let quote = from + found;
        let backslashes = bytes[start..quote].iter().rev().take_while(|byte| **byte == b'\\').count();
        if backslashes % 2 == 0 {
            return quote;
        }
        from = quote + 1;
    }
    bytes.len()
}

/// Bytes whose count fits into one byte, so that the compiler counts a vector of them at once.
const BLOCK: usize = 224;

/// `[` and `{` in at most [`BLOCK`] bytes; they differ in one bit.
fn opening_brackets(block: &[u8]) -> usize {
    usize::from(block.iter().map(|byte| u8::from(byte | 0x20 == b'{')).fold(0, u8::wrapping_add))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_borrows_unless_escaped() {
        let record: Record<'_> =
            serde_json::from_str(r#"{"type":"user","cwd":"C:\\Users\\ada","gitBranch":null}"#).unwrap();
        assert!(matches!(record.kind, Some(Text(Cow::Borrowed("user")))));
        assert!(matches!(record.cwd, Some(Text(Cow::Owned(_)))));
        assert_eq!(record.git_branch, None);
    }

    #[test]
    fn what_a_model_thought_is_counted_as_it_reads() {
        let thought = |json: &str| serde_json::from_str::<Block<'_>>(json).map(|block| block.thinking.map(|it| it.0));
        assert_eq!(thought(r#"{"type":"thinking","thinking":"caf\u00e9\n\"\ud83d\ude42\" é"}"#).unwrap(), Some(10));
        assert_eq!(thought(r#"{"type":"thinking","thinking":null}"#).unwrap(), None);
        assert!(thought(r#"{"type":"thinking","thinking":7}"#).is_err());
    }

    #[test]
    fn depth_counts_brackets_outside_strings_only() {
        assert!(!too_deep(&format!(r#"{{"a":"{}"}}"#, "[".repeat(1000))));
        assert!(!too_deep(&format!(r#"{{"a":"\"{}"}}"#, "[".repeat(1000))));
        assert!(!too_deep(&"[]".repeat(1000)));
        assert!(!too_deep(&"[".repeat(MAX_DEPTH)));
        assert!(too_deep(&"[".repeat(MAX_DEPTH + 1)));
        assert!(!too_deep(r#"{"a":"\"#));
        assert!(!too_deep(&format!(r#"{{"a":"\\\\\"{}"}}"#, "[".repeat(1000))));
        assert!(too_deep(&format!(r#"{{"a":"\\\\","b":{}}}"#, "[".repeat(1000))));
    }
}
