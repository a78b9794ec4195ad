//! Which lines an edit adds, read from the arguments of the tool that makes it.
//!
//! Owns the argument names that editing tools of many products share. Owns neither which tools edit nor whether an edit worked.

use crate::fingerprint::line_hashes;
use serde_json::Value;
use std::collections::HashSet;

/// Names of the text that a write or replacement leaves in the file.
const NEW_TEXT: &[&str] = &["content", "file_text", "newText", "new_string", "newString", "new_str", "new_text"];
/// Names of the text that a replacement takes out of the file.
const OLD_TEXT: &[&str] = &["oldText", "old_string", "oldString", "old_str", "old_text"];
/// Names of a patch or diff.
const PATCHES: &[&str] = &["input", "patch", "patchText", "diff"];

/// The first of several fields that is a text.
pub(crate) fn text_field<'v>(arguments: &'v Value, names: &[&str]) -> Option<&'v str> {
    names.iter().find_map(|name| arguments.get(name)?.as_str())
}

/// Sorted distinct hashes of the lines that the arguments of a write, edit or patch add. Lines that a replacement takes out and puts back are
/// none: they only say where it goes.
pub(crate) fn lines_written(arguments: &Value) -> Vec<i64> {
    let edits = arguments.get("edits").and_then(Value::as_array).into_iter().flatten();
    let added = std::iter::once(arguments).chain(edits).flat_map(|edit| {
        let old: HashSet<&str> = text_field(edit, OLD_TEXT).unwrap_or("").lines().collect();
        let new = text_field(edit, NEW_TEXT).unwrap_or("");
        new.lines().filter(move |line| !old.contains(line))
    });
    let patch = arguments.as_str().or_else(|| text_field(arguments, PATCHES));
    line_hashes(added.chain(patch.map(plus_lines).into_iter().flatten()))
}

/// The lines that a patch or diff adds.
pub(crate) fn plus_lines(diff: &str) -> impl Iterator<Item = &str> {
    diff.lines().filter(|line| !line.starts_with("+++")).filter_map(|line| line.strip_prefix('+'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn edits_of_every_spelling_add_the_same_line() {
        let expected = line_hashes(["let total = cents(1);"]);
        for arguments in [
            json!({"path": "a", "file_text": "let total = cents(1);\n}\n"}),
            json!({"filePath": "a", "oldString": "let before = 1;", "newString": "let total = cents(1);"}),
            json!({"path": "a", "old_str": "x", "new_str": "let total = cents(1);"}),
            json!({"edits": [{"old_string": "x", "new_string": "let total = cents(1);"}]}),
            json!({"edits": [{"oldText": "let kept = 1;\n}", "newText": "let kept = 1;\nlet total = cents(1);\n}"}]}),
            json!({"patchText": "*** Begin Patch\n+let total = cents(1);\n-let before = 1;\n"}),
            json!("--- a\n+++ b\n@@ -1 +1 @@\n+let total = cents(1);"),
        ] {
            assert_eq!(lines_written(&arguments), expected, "{arguments}");
        }
        assert!(lines_written(&json!({"path": "a"})).is_empty());
    }
}
