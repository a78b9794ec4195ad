//! What Codex's tools do, what their answers say and which lines a patch adds.
//!
//! Owns the tool vocabulary and the text forms of answers. Owns no matching of answers to calls.

use super::records::{Duration, FileChange, JsonOutput, ToolOutput};
use crate::events::Effect;
use crate::fingerprint::{line_hashes, result_hash};
use crate::sources::json::Count;
use crate::sources::quick_json;
use serde::de::{Deserialize, Deserializer, Error, Visitor};
use serde_json::Value;
use std::fmt;

/// What a tool does and to what; null for tools that Codex does not ship (MCP servers, apps), since their names promise nothing.
pub(super) fn effect_and_system(tool: &str) -> (Option<Effect>, Option<&'static str>) {
    match tool {
        "exec_command" | "write_stdin" | "shell" | "shell_command" | "local_shell" | "container.exec"
        | "unified_exec" => (Some(Effect::Execute), Some("shell")),
        "apply_patch" => (Some(Effect::Write), Some("filesystem")),
        "read_file" | "list_dir" | "grep_files" | "view_image" => (Some(Effect::Read), Some("filesystem")),
        "web_search" => (Some(Effect::Read), Some("browser")),
        "update_plan" | "request_user_input" | "spawn_agent" | "send_input" | "wait" | "wait_agent" | "close_agent"
        | "resume_agent" => (Some(Effect::None), None),
        _ => (None, None),
    }
}

/// The name that people know a tool by: tools of an MCP server carry it in front.
pub(super) fn qualified_name(namespace: Option<&str>, name: &str) -> String {
    match namespace {
        Some(namespace) if name.starts_with('_') => format!("{namespace}{name}"),
        Some(namespace) => format!("{namespace}__{name}"),
        None => name.to_owned(),
    }
}

/// What an answer says of the step.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Answer {
    /// Hash of the tool's own output, without the header that Codex puts before it: that has a random chunk id.
    pub(super) result_hash: i64,
    /// Null where the answer does not say.
    pub(super) is_error: Option<bool>,
    pub(super) duration_ms: Option<i64>,
}

impl Answer {
    /// An answer that is the tool's output and says nothing of the step.
    pub(super) fn unsaid(output: &str) -> Self {
        Self { result_hash: result_hash(output), is_error: None, duration_ms: None }
    }
}

/// Of an answer that is a text, read while the parser has it, so that it is copied no more than escapes demand.
impl<'de> Deserialize<'de> for Answer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;
        impl Visitor<'_> for TextVisitor {
            type Value = Answer;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the text of an answer")
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Answer, E> {
                Ok(text_answer(text))
            }
        }
        deserializer.deserialize_str(TextVisitor)
    }
}

/// First words of answers in which Codex itself says that the call came to nothing.
const REFUSALS: &[&str] = &[
    "apply_patch verification failed",
    "aborted",
    "exec_command failed",
    "execution error",
    "failed to parse function arguments",
    "unsupported call",
    "write_stdin failed",
];
/// What stands between the header of a command's answer and what the command printed.
const BEFORE_OUTPUT: &str = "\nOutput:\n";
/// First words of the header of a command's answer.
const HEADERS: &[&str] = &["Chunk ID: ", "Command: ", "Exit code: ", "Wall time: "];

/// Reads the answer of a call, whichever of its forms it has.
pub(super) fn answer(record: &ToolOutput<'_>) -> Answer {
    let Some(raw) = record.output else { return Answer::unsaid("") };
    if let Ok(answer) = quick_json::from_str::<Answer>(raw.get()) {
        return answer;
    }
    match serde_json::from_str::<Value>(raw.get()) {
        Ok(Value::Object(mut object)) => {
            let is_error = object.get("success").and_then(Value::as_bool).map(|success| !success);
            let content = object.remove("content").unwrap_or_default();
            Answer { is_error, ..Answer::unsaid(&text_of(&content)) }
        }
        Ok(value) => Answer::unsaid(&text_of(&value)),
        Err(_) => Answer::unsaid(""),
    }
}

/// The text of content items: a text, or a list of `{type, text}`.
fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => {
            let texts: Vec<&str> = items.iter().filter_map(|item| item.get("text")?.as_str()).collect();
            texts.join("\n")
        }
        _ => String::new(),
    }
}

fn text_answer(text: &str) -> Answer {
    if text.starts_with('{')
        && let Ok(json) = quick_json::from_str::<JsonOutput<'_>>(text)
    {
        return Answer {
            is_error: json.metadata.exit_code.map(|code| code != 0),
            duration_ms: json.metadata.duration_seconds.and_then(milliseconds),
            result_hash: result_hash(&json.output),
        };
    }
    if HEADERS.iter().any(|start| text.starts_with(start)) {
        // Only the header is searched: what a program prints must not pass for its exit code.
        let (header, output) = text.split_once(BEFORE_OUTPUT).unwrap_or((text, ""));
        let field = |name: &str| header.lines().rev().find_map(|line| line.strip_prefix(name)).map(str::trim);
        let code = field("Process exited with code ").or_else(|| field("Exit code: "));
        let seconds = field("Wall time: ").and_then(|span| span.split(' ').next()?.parse().ok());
        let is_error = code.and_then(|code| code.parse::<i64>().ok()).map(|code| code != 0);
        return Answer { is_error, duration_ms: seconds.and_then(milliseconds), result_hash: result_hash(output) };
    }
    let refused = REFUSALS.iter().any(|start| text.starts_with(start));
    Answer { is_error: refused.then_some(true), ..Answer::unsaid(text) }
}

fn milliseconds(seconds: f64) -> Option<i64> {
    (0.0..1e9).contains(&seconds).then(|| (seconds * 1000.0).round() as i64)
}

impl Duration {
    /// In milliseconds, rounded down.
    pub(super) fn milliseconds(&self) -> Option<i64> {
        let Count::Value(secs) = self.secs else { return None };
        let nanos = if let Count::Value(nanos) = self.nanos { nanos } else { 0 };
        secs.checked_mul(1000)?.checked_add(nanos / 1_000_000)
    }
}

/// Hashes of the lines that applied changes added, every file together.
pub(super) fn changed_lines<'a>(changes: impl IntoIterator<Item = &'a FileChange<'a>>) -> Vec<i64> {
    line_hashes(changes.into_iter().flat_map(|change| {
        let content = change.content.as_deref().filter(|_| change.kind.as_deref() == Some("add"));
        let diff = change.unified_diff.as_deref().unwrap_or("");
        content.unwrap_or("").lines().chain(diff_lines(diff))
    }))
}

/// The `+` lines inside hunks; `+++` before the first hunk is a file header.
fn diff_lines(diff: &str) -> impl Iterator<Item = &str> {
    diff.lines().skip_while(|line| !line.starts_with("@@")).filter_map(|line| line.strip_prefix('+'))
}

const PATCH_BEGINS: &str = "*** Begin Patch";
const PATCH_ENDS: &str = "*** End Patch";

/// The patch in the JSON arguments of a call: what the patch tool was handed as `input`, or a shell as words of a command that runs it.
pub(super) fn packed_patch(tool: &str, arguments: &str) -> Option<String> {
    let may_patch = matches!(effect_and_system(tool).0, Some(Effect::Execute | Effect::Write));
    if !(may_patch && arguments.starts_with('{') && arguments.contains(PATCH_BEGINS)) {
        return None;
    }
    let arguments: Value = serde_json::from_str(arguments).ok()?;
    let values = ["input", "command", "cmd"].iter().filter_map(|name| arguments.get(name));
    let words: Vec<&str> = values
        .flat_map(|value| match value {
            Value::Array(words) => words.as_slice(),
            word => std::slice::from_ref(word),
        })
        .filter_map(Value::as_str)
        .collect();
    let runs_it = |word: &&str| word.contains("apply_patch") || word.contains("applypatch");
    if tool != "apply_patch" && !words.iter().any(runs_it) {
        return None;
    }
    // The mark stands at the beginning of a line; elsewhere a command only speaks of it.
    let begins = |word: &str| match word.starts_with(PATCH_BEGINS) {
        true => Some(0),
        false => word.find(&format!("\n{PATCH_BEGINS}")).map(|at| at + 1),
    };
    let (start, word) = words.iter().find_map(|word| Some((begins(word)?, word)))?;
    let patch = &word[start..];
    let end = patch.find(PATCH_ENDS).map_or(patch.len(), |end| end + PATCH_ENDS.len());
    Some(patch[..end].to_owned())
}

/// What a patch in Codex's own format would do, read from the call.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Patch {
    /// The file, when it names exactly one.
    pub(super) path: Option<String>,
    /// Hashes of the lines it adds.
    pub(super) added_lines: Vec<i64>,
}

/// Reads `*** Begin Patch` text.
pub(super) fn patch(text: &str) -> Patch {
    let mut paths = text.lines().filter_map(|line| {
        let line = line.strip_prefix("*** ")?;
        let (verb, path) = line.split_once(" File: ")?;
        matches!(verb, "Add" | "Update" | "Delete").then(|| path.trim())
    });
    let path = paths.next().filter(|_| paths.next().is_none()).map(str::to_owned);
    Patch { path, added_lines: line_hashes(text.lines().filter_map(|line| line.strip_prefix('+'))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(output: &str) -> Answer {
        let json = serde_json::json!({ "call_id": "c", "output": output }).to_string();
        let record: ToolOutput<'_> = serde_json::from_str(&json).unwrap();
        answer(&record)
    }

    #[test]
    fn a_command_that_only_speaks_of_a_patch_has_none() {
        let search = r#"{"cmd":"rg -nF '*** Begin Patch' src/apply_patch.rs"}"#;
        assert_eq!(packed_patch("exec_command", search), None);
        let run = r#"{"cmd":"apply_patch <<'EOF'\n*** Begin Patch\n*** End Patch\nEOF"}"#;
        assert_eq!(packed_patch("exec_command", run).as_deref(), Some("*** Begin Patch\n*** End Patch"));
    }

    #[test]
    fn exit_codes_are_read_from_the_header_and_never_from_the_output() {
        let ok = read(
            "Chunk ID: 1a2b\nWall time: 1.5 seconds\nProcess exited with code 0\nOutput:\nProcess exited with code 1\n",
        );
        assert_eq!((ok.is_error, ok.duration_ms), (Some(false), Some(1500)));
        assert_eq!(ok.result_hash, result_hash("Process exited with code 1\n"));
        assert_eq!(read("Exit code: 2\nWall time: 0 seconds\nOutput:\nno").is_error, Some(true));
        assert_eq!(
            read("Chunk ID: 1\nWall time: 9.0 seconds\nProcess running with session ID 7\nOutput:\n").is_error,
            None
        );
        assert_eq!(read("Process exited with code 3").is_error, None, "a program's own words");
    }

    #[test]
    fn json_answers_refusals_and_content_items() {
        let json = read(r#"{"output":"Done","metadata":{"exit_code":1,"duration_seconds":0.25}}"#);
        assert_eq!((json.is_error, json.duration_ms, json.result_hash), (Some(true), Some(250), result_hash("Done")));
        assert_eq!(read(r#"{"status":"ok"}"#).is_error, None);
        assert_eq!(read("write_stdin failed: no such session").is_error, Some(true));
        let items = r#"{"call_id":"c","output":[{"type":"input_text","text":"a"},{"type":"input_image"}]}"#;
        assert_eq!(answer(&serde_json::from_str(items).unwrap()), Answer::unsaid("a"));
        let object = r#"{"call_id":"c","output":{"content":"no","success":false}}"#;
        assert_eq!(answer(&serde_json::from_str(object).unwrap()).is_error, Some(true));
    }

    #[test]
    fn a_patch_names_its_file_and_the_lines_it_adds() {
        let text = "*** Begin Patch\n*** Update File: a.rs\n@@\n-let old = 1;\n+let fresh = cents(2);\n*** End Patch";
        let one = patch(text);
        assert_eq!((one.path.as_deref(), one.added_lines.len()), (Some("a.rs"), 1));
        assert_eq!(patch(&format!("{text}\n*** Add File: b.rs\n+pub fn total() {{")).path, None);
    }
}
