//! The shapes of Claude Code records, borrowed from the line.
//!
//! Owns which fields are read and how leniently. Every field is optional, because real records have legitimate nulls and
//! older versions lack newer fields; what a record must have is decided where it is used. Fields that are not named here
//! are skipped without being built. Owns no meaning: that is the other modules'.

use crate::sources::json::Count;
use serde::Deserialize;
use serde::de::{Deserializer, Error, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;

/// Deepest nesting that is read (`faults.md` 31), the limit of serde_json for built values.
const MAX_DEPTH: usize = 128;

/// A string that borrows from the line unless it holds escapes. serde borrows a bare `Cow` but not an `Option<Cow>`, hence the type.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Text<'a>(pub(super) Cow<'a, str>);

impl Deref for Text<'_> {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;
        impl<'de> Visitor<'de> for TextVisitor {
            type Value = Text<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }
            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(TextVisitor)
    }
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
    pub(super) agent_id: Option<Text<'a>>,
    pub(super) is_sidechain: Option<bool>,
    pub(super) is_meta: Option<bool>,
    pub(super) is_compact_summary: Option<bool>,
    pub(super) is_visible_in_transcript_only: Option<bool>,
    pub(super) is_api_error_message: Option<bool>,
    #[serde(borrow)]
    pub(super) origin: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) forked_from: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) plan_content: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) message: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) data: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) attachment: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) tool_use_result: Option<&'a RawValue>,
    #[serde(borrow, rename = "costUSD")]
    pub(super) cost_usd: Option<&'a RawValue>,
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

/// An object of which only its `type` matters.
#[derive(Debug, Deserialize)]
pub(super) struct Typed<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Option<Text<'a>>,
}

/// An attachment; all but its kind is read only for text that a person queued while the agent was busy.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Attachment<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) origin: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) prompt: Option<&'a RawValue>,
    /// The uuid that the text was queued under; written with an underscore, unlike the other fields.
    #[serde(borrow, rename = "source_uuid")]
    pub(super) source_uuid: Option<Text<'a>>,
}

/// `data` of a `progress/agent_progress` record: a whole record of a subagent.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AgentProgress<'a> {
    #[serde(borrow)]
    pub(super) agent_id: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) message: Option<&'a RawValue>,
}

/// `message` of an assistant record: one content block of a response, with the usage of the whole response.
#[derive(Debug, Deserialize)]
pub(super) struct AssistantMessage<'a> {
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

/// Token usage of a response. The tiers of `cache_creation` are parts of `cache_creation_input_tokens`.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Usage<'a> {
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
}

/// Cache writes by retention.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
pub(super) struct CacheCreation {
    #[serde(default)]
    pub(super) ephemeral_5m_input_tokens: Count,
    #[serde(default)]
    pub(super) ephemeral_1h_input_tokens: Count,
}

/// `message` of a user record.
#[derive(Debug, Deserialize)]
pub(super) struct UserMessage<'a> {
    #[serde(borrow)]
    pub(super) content: Option<Content<'a>>,
}

/// `message.content`, and the content of a tool result: a string or a list of blocks.
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
            fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut sequence: A) -> Result<Content<'de>, A::Error> {
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

/// One content block; the fields of all block types together.
#[derive(Debug, Deserialize)]
pub(super) struct Block<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) text: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) thinking: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) id: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) name: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) input: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) tool_use_id: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) content: Option<&'a RawValue>,
    pub(super) is_error: Option<bool>,
}

/// Structured result of a tool, as far as the pipeline needs it.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ToolUseResult<'a> {
    #[serde(borrow)]
    pub(super) file_path: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) structured_patch: Option<Vec<PatchHunk<'a>>>,
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

/// One hunk of `structuredPatch`: lines with ` `, `+` or `-` in front.
#[derive(Debug, Deserialize)]
pub(super) struct PatchHunk<'a> {
    #[serde(borrow)]
    pub(super) lines: Vec<Text<'a>>,
}

/// Arguments of the built-in tools, as far as the pipeline needs them.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Arguments<'a> {
    #[serde(borrow)]
    pub(super) file_path: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) notebook_path: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) path: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) url: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) command: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) prompt: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) old_string: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) new_string: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) content: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) new_source: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) edits: Option<Vec<Replacement<'a>>>,
}

/// One replacement of MultiEdit.
#[derive(Debug, Deserialize)]
pub(super) struct Replacement<'a> {
    #[serde(borrow)]
    pub(super) old_string: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) new_string: Option<Text<'a>>,
}

/// Reads a part that may be of another shape in other versions: what does not fit is as good as absent.
pub(super) fn lenient<'a, T: Deserialize<'a>>(raw: Option<&'a RawValue>) -> Option<T> {
    raw.and_then(|raw| serde_json::from_str(raw.get()).ok())
}

/// Whether arrays and objects nest deeper than [`MAX_DEPTH`]. Skipped fields are not built, so the parser itself would accept
/// them at any depth; later readers of the same log might not. Strings, which are most of a line, are passed over at memchr speed.
pub(super) fn too_deep(line: &str) -> bool {
    let bytes = line.as_bytes();
    // A line with few brackets in all cannot be deep, whichever of them stand in strings: nearly every line ends here.
    if memchr::memchr2_iter(b'[', b'{', bytes).take(MAX_DEPTH + 1).count() <= MAX_DEPTH {
        return false;
    }
    let mut depth = 0usize;
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'"' => {
                at += 1;
                while let Some(found) = memchr::memchr2(b'"', b'\\', bytes.get(at..).unwrap_or_default()) {
                    at += found;
                    if bytes[at] == b'"' {
                        break;
                    }
                    at += 2;
                }
            }
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
    fn depth_counts_brackets_outside_strings_only() {
        assert!(!too_deep(&format!(r#"{{"a":"{}"}}"#, "[".repeat(1000))));
        assert!(!too_deep(&format!(r#"{{"a":"\"{}"}}"#, "[".repeat(1000))));
        assert!(!too_deep(&"[]".repeat(1000)));
        assert!(!too_deep(&"[".repeat(MAX_DEPTH)));
        assert!(too_deep(&"[".repeat(MAX_DEPTH + 1)));
        assert!(!too_deep(r#"{"a":"\"#));
    }
}
