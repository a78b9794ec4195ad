//! Which lines an edit added, so that they can be found again in a commit.
//!
//! Owns the choice between what the client says was applied (`structuredPatch`) and what the call asked for. The hashes are
//! those of [`crate::fingerprint::line_hashes`]; text goes no further than here.

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
        impl Visitor<'_> for LineVisitor {
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
/// Bytes and replacements of one call up to which its texts are kept, and not their hashes.
const MOST_BYTES: usize = 32 * 1024;
const MOST_REPLACEMENTS: usize = 64;

/// What a call asked to add, kept until its result comes: most results say what was applied, and then nobody hashes this.
pub(super) enum Requested {
    /// The old and the new text of each replacement.
    Texts(Vec<[String; 2]>),
    /// Hashes of the lines of larger ones.
    Hashes(Vec<i64>),
}

impl Requested {
    /// Of the arguments of a call that edits files.
    pub(super) fn of(arguments: &Json<'_>) -> Self {
        let replacements: Vec<[&str; 2]> = match arguments.get("edits") {
            Some(Json::List(edits)) => edits.iter().map(replacement).collect(),
            _ => vec![replacement(arguments)],
        };
        let bytes: usize = replacements.iter().flatten().map(|text| text.len()).sum();
        if bytes > MOST_BYTES || replacements.len() > MOST_REPLACEMENTS {
            return Requested::Hashes(lines_of(replacements));
        }
        Requested::Texts(replacements.into_iter().map(|texts| texts.map(str::to_owned)).collect())
    }

    /// Hashes of the lines that the call asked to add: for results without structure, as subagents' inlined ones are.
    pub(super) fn lines(&self) -> Vec<i64> {
        match self {
            Requested::Texts(texts) => lines_of(texts.iter().map(|[old, new]| [old.as_str(), new.as_str()])),
            Requested::Hashes(hashes) => hashes.clone(),
        }
    }
}

/// The old and the new text of one replacement, or nothing and that of a whole file.
fn replacement<'j>(arguments: &'j Json<'_>) -> [&'j str; 2] {
    let new = ["new_string", "content", "new_source"].iter().find_map(|name| arguments.text(name));
    [arguments.text("old_string").unwrap_or(""), new.unwrap_or("")]
}

/// Hashes of the lines that replacements add, at most [`MOST_REQUESTED`].
fn lines_of<'t>(replacements: impl IntoIterator<Item = [&'t str; 2]>) -> Vec<i64> {
    let mut hashes = distinct(replacements.into_iter().flat_map(|[old, new]| added(old, new)).collect());
    hashes.truncate(MOST_REQUESTED);
    hashes.shrink_to_fit();
    hashes
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
            Requested::of(&serde_json::from_str(edits).unwrap()).lines(),
            line_hashes(["let two = 2222;", "let three = 3;"])
        );
        assert_eq!(
            Requested::of(&serde_json::from_str(r#"{"content":"let one = 1111;"}"#).unwrap()).lines(),
            line_hashes(["let one = 1111;"])
        );
    }

    #[test]
    fn a_call_asks_for_the_same_lines_whether_its_texts_are_kept_or_their_hashes() {
        let line = |number: usize| format!("let number_{number} = {number};");
        let json = |edit: &dyn Fn(usize) -> serde_json::Value, edits: usize| {
            serde_json::json!({ "edits": (0..edits).map(edit).collect::<Vec<_>>() }).to_string()
        };
        let small = |number: usize| {
            let new = [line(0), line(number)].join("\n");
            serde_json::json!({ "old_string": line(0), "new_string": new })
        };
        let large = |_: usize| {
            let lines: Vec<String> = (0..3_000).map(line).collect();
            serde_json::json!({ "old_string": line(0), "new_string": lines.join("\n") })
        };
        for (arguments, lines, keeps_texts) in [
            (json(&small, 9), 9, true),
            (json(&small, MOST_REPLACEMENTS + 1), MOST_REPLACEMENTS + 1, false),
            (json(&large, 1), 3_000, false),
        ] {
            let requested = Requested::of(&serde_json::from_str(&arguments).unwrap());
            assert_eq!(matches!(requested, Requested::Texts(_)), keeps_texts);
            let expected: Vec<String> = (1..lines).map(line).collect();
            assert_eq!(requested.lines(), line_hashes(expected.iter().map(String::as_str)));
        }
    }
}
