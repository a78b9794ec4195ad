//! Which lines an edit added, so that they can be found again in a commit.
//!
//! Owns the choice between what the client says was applied (`structuredPatch`) and what the call asked for. The hashes are
//! those of [`crate::fingerprint::line_hashes`]; text is dropped here.

use super::records::{ToolUseResult, text_of};
use crate::fingerprint::{Json, line_hashes, normalised_line_hash};
use serde::de::{Deserialize, Deserializer, Error, Visitor};
use std::collections::HashSet;
use std::fmt;

/// One hunk of `structuredPatch`.
#[derive(Debug, serde::Deserialize)]
pub(super) struct PatchHunk {
    lines: Vec<PatchLine>,
}

/// A line of a hunk, with ` `, `+` or `-` in front: its hash where the patch adds it and it is not trivial, taken while the parser has the line.
#[derive(Debug)]
struct PatchLine(Option<i64>);

impl<'de> Deserialize<'de> for PatchLine {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct LineVisitor;
        impl<'de> Visitor<'de> for LineVisitor {
            type Value = PatchLine;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }
            fn visit_str<E: Error>(self, line: &str) -> Result<PatchLine, E> {
                Ok(PatchLine(line.strip_prefix('+').and_then(normalised_line_hash)))
            }
        }
        deserializer.deserialize_str(LineVisitor)
    }
}

/// Hashes of the lines that a successful edit added, from its structured result; null where the result does not say and the call must.
///
/// The patch is preferred, as it is what was applied. A new file has an empty patch and its whole content; of an edit that the person
/// changed before accepting it, content without a patch may be either version and counts for nothing.
pub(super) fn applied_lines(result: &ToolUseResult<'_>) -> Option<Vec<i64>> {
    if result.interrupted == Some(true) {
        return Some(Vec::new());
    }
    let hunks = result.structured_patch.as_deref().unwrap_or_default();
    if !hunks.is_empty() {
        return Some(distinct(hunks.iter().flat_map(|hunk| &hunk.lines).filter_map(|line| line.0).collect()));
    }
    if result.user_modified == Some(true) {
        return Some(Vec::new());
    }
    let content = text_of(result.content)?;
    Some(added(text_of(result.original_file).as_deref().unwrap_or(""), &content))
}

/// Hashes in order, each once.
fn distinct(mut hashes: Vec<i64>) -> Vec<i64> {
    hashes.sort_unstable();
    hashes.dedup();
    hashes
}

/// Line hashes kept of one call until its result comes, so that large writes cannot fill the memory of a file.
const MOST_REQUESTED: usize = 20_000;

/// Hashes of the lines that a call asked to add: for results without structure, as subagents' inlined ones are.
pub(super) fn requested_lines(arguments: &Json<'_>) -> Vec<i64> {
    let mut hashes = match arguments.get("edits") {
        Some(Json::List(edits)) => distinct(edits.iter().flat_map(lines_of_replacement).collect()),
        _ => lines_of_replacement(arguments),
    };
    hashes.truncate(MOST_REQUESTED);
    hashes.shrink_to_fit();
    hashes
}

/// The lines of one replacement, or of a whole file.
fn lines_of_replacement(arguments: &Json<'_>) -> Vec<i64> {
    let new = ["new_string", "content", "new_source"].iter().find_map(|name| arguments.text(name));
    added(arguments.text("old_string").unwrap_or(""), new.unwrap_or(""))
}

/// Lines of `new` that `old` does not have.
fn added(old: &str, new: &str) -> Vec<i64> {
    let before: HashSet<&str> = old.lines().collect();
    line_hashes(new.lines().filter(|line| !before.contains(line)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn applied(json: &str) -> Option<Vec<i64>> {
        applied_lines(&serde_json::from_str(json).unwrap())
    }

    #[test]
    fn the_patch_is_believed_before_the_content() {
        let patch = r#"{"structuredPatch":[{"lines":[" let kept = true;","-let gone = true;","+let fresh = true;"]}],"content":"let other = true;"}"#;
        assert_eq!(applied(patch), Some(line_hashes(["let fresh = true;"])));
        let hunks = r#"{"structuredPatch":[{"lines":["+\tlet other = \"two\";","+}"]},{"lines":["+let fresh = 1111;","+let other=\"two\";"]}]}"#;
        assert_eq!(applied(hunks), Some(line_hashes(["let fresh = 1111;", "let other = \"two\";"])));
        assert!(serde_json::from_str::<ToolUseResult<'_>>(r#"{"structuredPatch":[{"lines":[7]}]}"#).is_err());
    }

    #[test]
    fn a_new_file_adds_all_lines_and_an_overwrite_only_new_ones() {
        assert_eq!(
            applied(
                r#"{"type":"create","structuredPatch":[],"originalFile":null,"content":"let one = 1111;\nlet two = 2222;"}"#
            ),
            Some(line_hashes(["let one = 1111;", "let two = 2222;"]))
        );
        assert_eq!(
            applied(r#"{"originalFile":"let one = 1111;","content":"let one = 1111;\nlet two = 2222;"}"#),
            Some(line_hashes(["let two = 2222;"]))
        );
    }

    #[test]
    fn doubtful_or_stopped_content_adds_nothing() {
        assert_eq!(
            applied(r#"{"userModified":true,"structuredPatch":[],"content":"let one = 1111;"}"#),
            Some(Vec::new())
        );
        assert_eq!(applied(r#"{"interrupted":true,"content":"let one = 1111;"}"#), Some(Vec::new()));
        assert_eq!(applied(r#"{"filePath":"/w/a.rs"}"#), None);
    }

    #[test]
    fn calls_say_what_they_ask_for() {
        let edits = r#"{"edits":[{"old_string":"let one = 1111;","new_string":"let one = 1111;\nlet two = 2222;"},{"new_string":"let three = 3;"}]}"#;
        assert_eq!(
            requested_lines(&serde_json::from_str(edits).unwrap()),
            line_hashes(["let two = 2222;", "let three = 3;"])
        );
        assert_eq!(
            requested_lines(&serde_json::from_str(r#"{"content":"let one = 1111;"}"#).unwrap()),
            line_hashes(["let one = 1111;"])
        );
    }
}
