//! Which lines a call wrote: from its arguments, else from its text; and what a diff adds.

use crate::fingerprint::line_hashes;
use serde_json::Value;

/// Argument names under which tools take the new text of a file.
const NEW_TEXT: &[&str] = &[
    "content",
    "contents",
    "text",
    "new_string",
    "newString",
    "new_text",
    "newText",
    "new_str",
    "file_text",
    "insert_text",
];
/// Argument names under which tools take a diff.
const DIFF: &[&str] = &["patch", "diff", "unified_diff", "input"];

/// Hashes of the lines that a write call adds. The arguments are asked first; a call that keeps what it wrote in `text` is the fallback, so
/// that the same lines are never taken from both.
pub(super) fn lines(arguments: Option<&str>, text: Option<&str>) -> Vec<i64> {
    let from_arguments =
        arguments.and_then(|arguments| serde_json::from_str::<Value>(arguments).ok()).map(|arguments| {
            let edits = arguments.get("edits").and_then(Value::as_array).into_iter().flatten();
            let parts: Vec<&Value> = std::iter::once(&arguments).chain(edits).collect();
            let named = |names: &'static [&'static str]| {
                parts.iter().flat_map(move |part| names.iter().filter_map(|name| part.get(*name)?.as_str()))
            };
            line_hashes(named(NEW_TEXT).flat_map(str::lines).chain(named(DIFF).flat_map(added)))
        });
    match from_arguments {
        Some(lines) if !lines.is_empty() => lines,
        _ => match text {
            Some(text) if is_diff(text) => line_hashes(added(text)),
            Some(text) => line_hashes(text.lines()),
            None => Vec::new(),
        },
    }
}

fn is_diff(text: &str) -> bool {
    text.starts_with("*** Begin Patch") || text.lines().any(|line| line.starts_with("@@ "))
}

/// The lines that a diff adds, without their `+`. Hunk headers say how long a hunk is, so that an added line that begins with `++`
/// is told from a file header; in diffs without them, `+++ ` is a header.
pub(super) fn added(diff: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let (mut old, mut new) = (0u64, 0u64);
    let counted = diff.lines().any(|line| hunk(line).is_some());
    for line in diff.lines() {
        if old == 0 && new == 0 {
            match hunk(line) {
                Some(lengths) => (old, new) = lengths,
                None if !counted && !line.starts_with("+++ ") => found.extend(line.strip_prefix('+')),
                None => {}
            }
            continue;
        }
        match line.as_bytes().first() {
            Some(b'+') => {
                found.push(&line[1..]);
                new = new.saturating_sub(1);
            }
            Some(b'-') => old = old.saturating_sub(1),
            Some(b'\\') => {}
            _ => (old, new) = (old.saturating_sub(1), new.saturating_sub(1)),
        }
    }
    found
}

/// Lines of the old and the new side in `@@ -1,2 +3,4 @@`.
fn hunk(line: &str) -> Option<(u64, u64)> {
    let (ranges, _) = line.strip_prefix("@@ -")?.split_once(" @@")?;
    let (old, new) = ranges.split_once(" +")?;
    let length = |range: &str| range.split_once(',').map_or(Some(1), |(_, length)| length.parse().ok());
    Some((length(old)?, length(new)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_of_a_diff_are_those_inside_its_hunks() {
        let diff = "diff --git a/x.c b/x.c\n--- a/x.c\n+++ b/x.c\n@@ -1,2 +1,3 @@\n context\n-old line\n+new line\n+++counter;\n\
                    diff --git a/y.c b/y.c\n--- a/y.c\n+++ b/y.c\n@@ -0,0 +1 @@\n+only line\n\\ No newline at end of file\n";
        assert_eq!(added(diff), ["new line", "++counter;", "only line"]);
        assert_eq!(added("--- a/x\n+++ b/x\n+loose line"), ["loose line"]);
        assert_eq!(added("+ not in a hunk\n@@ -1 +1 @@\n-a\n+b"), ["b"]);
    }

    #[test]
    fn arguments_come_before_text_and_are_not_added_to_it() {
        let one = line_hashes(["let total = cents(1);"]);
        let arguments = r#"{"file_path":"a.rs","old_string":"let total = 1;","new_string":"let total = cents(1);"}"#;
        assert_eq!(lines(Some(arguments), Some("let other = cents(2);")), one);
        assert_eq!(lines(Some(r#"{"edits":[{"newText":"let total = cents(1);"}]}"#), None), one);
        assert_eq!(lines(Some(r#"{"path":"a.rs"}"#), Some("let total = cents(1);")), one);
        assert_eq!(lines(None, Some("*** Begin Patch\n-let total = 1;\n+let total = cents(1);\n*** End Patch")), one);
        assert_eq!(lines(Some("not json"), None), Vec::<i64>::new());
    }
}
