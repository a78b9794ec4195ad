//! Hashes of tool calls and their results: two equal pairs in a row are a step without progress (`signals.md` S3).

use super::fold::{fold, is_parted_by_ascii};
use super::{Json, chunks, hash64, polls};

/// Argument names that describe a call and do not change what it does; changing them must not hide a loop.
const COSMETIC: &[&str] =
    &["description", "explanation", "justification", "reason", "thought", "toolSummary", "toolAction"];

/// What is kept of the arguments of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallSketch {
    /// Hash of (tool, arguments) with keys sorted and cosmetic fields dropped; what is no JSON is hashed with white space folded.
    pub hash: i64,
    /// Sorted distinct hashes of the names and longer words in the values: what the call did with a text that somebody supplied.
    pub names: Vec<i64>,
    /// `poll` where the arguments hold a shell command that only waits for something or asks how far it is.
    pub marker: Option<&'static str>,
}

/// Sketch of a call; `arguments` is JSON text, or any other text, which is then one value.
pub fn sketch_call(tool: &str, arguments: &str) -> CallSketch {
    match serde_json::from_str::<Json<'_>>(arguments) {
        Ok(value) => sketch_call_of(tool, &value),
        Err(_) => {
            let mut bytes = begin(tool, arguments.len());
            write_words(arguments, &mut bytes);
            CallSketch { hash: hash64(&bytes), names: chunks::identifiers([arguments]), marker: None }
        }
    }
}

/// [`sketch_call`] of arguments that are parsed already.
pub fn sketch_call_of(tool: &str, arguments: &Json<'_>) -> CallSketch {
    let mut bytes = begin(tool, 256);
    write_normalised(arguments, &mut bytes);
    let mut texts = Vec::new();
    gather(arguments, &mut texts);
    CallSketch { hash: hash64(&bytes), names: chunks::identifiers(texts), marker: polls::marker(arguments) }
}

fn gather<'a>(value: &'a Json<'_>, texts: &mut Vec<&'a str>) {
    match value {
        Json::Object(fields) => fields.iter().for_each(|(_, value)| gather(value, texts)),
        Json::List(items) => items.iter().for_each(|item| gather(item, texts)),
        Json::Text(text) => texts.push(text),
        Json::Null | Json::Bool(_) | Json::Number(_) => {}
    }
}

fn begin(tool: &str, capacity: usize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(capacity + tool.len() + 1);
    bytes.extend_from_slice(tool.as_bytes());
    bytes.push(0);
    bytes
}

fn write_normalised(value: &Json<'_>, bytes: &mut Vec<u8>) {
    match value {
        Json::Object(fields) => {
            let mut fields: Vec<(&str, &Json<'_>)> =
                fields.iter().rev().map(|(key, value)| (key.as_ref(), value)).collect();
            fields.retain(|(key, _)| !COSMETIC.contains(key));
            // Reversed and sorted stably, the last of equal keys comes first and is the one kept.
            fields.sort_by_key(|(key, _)| *key);
            fields.dedup_by_key(|(key, _)| *key);
            bytes.push(b'{');
            for (key, value) in fields {
                bytes.extend_from_slice(key.as_bytes());
                bytes.push(b':');
                write_normalised(value, bytes);
                bytes.push(b',');
            }
            bytes.push(b'}');
        }
        Json::List(items) => {
            bytes.push(b'[');
            for item in items {
                write_normalised(item, bytes);
                bytes.push(b',');
            }
            bytes.push(b']');
        }
        Json::Text(text) => {
            bytes.push(b'"');
            write_words(text, bytes);
        }
        Json::Null => bytes.extend_from_slice(b"null"),
        Json::Bool(value) => bytes.extend_from_slice(if *value { b"true" } else { b"false" }),
        Json::Number(number) => bytes.extend_from_slice(number.to_string().as_bytes()),
    }
}

/// Adds the words of a text, each with a blank behind it.
fn write_words(text: &str, bytes: &mut Vec<u8>) {
    if is_parted_by_ascii(text) {
        let start = bytes.len();
        fold(text.as_bytes(), bytes);
        if bytes.len() > start {
            bytes.push(b' ');
        }
        return;
    }
    for word in text.split_whitespace() {
        bytes.extend_from_slice(word.as_bytes());
        bytes.push(b' ');
    }
}

/// What a byte of a result becomes: digits `#`, white space a blank, anything else itself.
const MASKED: [u8; 256] = {
    let mut masked = [0; 256];
    let mut index = 0;
    while index < 256 {
        let byte = index as u8;
        masked[index] = if byte.is_ascii_digit() {
            b'#'
        } else if byte.is_ascii_whitespace() {
            b' '
        } else {
            byte
        };
        index += 1;
    }
    masked
};

/// Of which kind of run a byte of a result may be a part: 1 digits, 2 white space, 0 of none.
const RUNS: [u8; 256] = {
    let mut runs = [0; 256];
    let mut index = 0;
    while index < 256 {
        runs[index] = match MASKED[index] {
            b'#' => 1,
            b' ' => 2,
            _ => 0,
        };
        index += 1;
    }
    runs
};

/// Hash of a result with numbers (times, durations, counters, process ids) masked and white space folded, so that a volatile clock in
/// the output does not look like progress. Letters are kept as they are.
pub fn result_hash(text: &str) -> i64 {
    // Results are most of a log, so the loop has no branch that depends on the text and allocates nothing: every byte is written, and
    // the place moves on unless it goes on with a run of digits or blanks.
    let mut hasher = xxhash_rust::xxh3::Xxh3Default::new();
    let mut before = 0;
    for part in text.as_bytes().chunks(PART) {
        let mut masked = [0u8; PART];
        let mut length = 0;
        for &byte in part {
            let run = RUNS[usize::from(byte)];
            masked[length % PART] = MASKED[usize::from(byte)];
            length += usize::from(run & before == 0);
            before = run;
        }
        hasher.update(&masked[..length]);
    }
    hasher.digest() as i64
}

/// Bytes of a result that are masked at a time, a power of two.
const PART: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn words_are_those_between_white_space(
            text in "([a-z]{1,40}|[ \\t\\n\\r]{1,3}|\u{b}|\u{c}|\u{1c}|\u{85}|\u{a0}|\u{3000}|[é注🙂]){0,40}",
            before in prop_oneof![Just(""), Just("\""), Just("a ")],
        ) {
            let mut bytes = before.as_bytes().to_vec();
            write_words(&text, &mut bytes);
            let words: String = text.split_whitespace().flat_map(|word| [word, " "]).collect();
            prop_assert_eq!(bytes, [before, words.as_str()].concat().into_bytes());
        }
    }

    fn call_hash(tool: &str, arguments: &str) -> i64 {
        sketch_call(tool, arguments).hash
    }

    #[test]
    fn key_order_and_descriptions_do_not_hide_a_repeat() {
        assert_eq!(
            call_hash("Bash", r#"{"command":"ls  -la","description":"list"}"#),
            call_hash("Bash", r#"{"description":"look around","command":"ls -la"}"#)
        );
        assert_ne!(call_hash("Bash", r#"{"command":"ls"}"#), call_hash("Bash", r#"{"command":"pwd"}"#));
        assert_eq!(
            call_hash("Bash", r#"{"command":"ls","n":1,"command":"pwd"}"#),
            call_hash("Bash", r#"{"n":1,"command":"pwd"}"#)
        );
    }

    #[test]
    fn names_are_those_of_the_values_whatever_the_escapes() {
        let sketch = sketch_call(
            "Write",
            r#"{"content":"def totals():\n    carrots = 1","edits":[{"file_path":"beets.py"}],"n":12345}"#,
        );
        assert_eq!(sketch.names, chunks::identifiers(["totals carrots beets"]));
        assert_eq!(
            sketch.hash,
            call_hash(
                "Write",
                r#"{"n":12345,"content":"def totals():\n carrots = 1","edits":[{"file_path":"beets.py"}]}"#
            )
        );
        assert_eq!(sketch_call("Bash", "grep carrots").names, chunks::identifiers(["carrots"]));
        assert_eq!(sketch_call("Bash", "grep  carrots").hash, call_hash("Bash", "grep carrots"));
    }

    #[test]
    fn clocks_in_results_are_masked_and_words_are_not() {
        assert_eq!(result_hash("done in 12.5s at 10:00"), result_hash("done in 3.25s at 11:30"));
        assert_ne!(result_hash("2 tests failed"), result_hash("2 tests passed"));
        assert_eq!(result_hash(" at\t10  s"), super::hash64(b" at # s"));
        assert_eq!(result_hash("1 2"), super::hash64(b"# #"));
        let long = "tick 17  ".repeat(5000);
        assert_eq!(result_hash(&long), super::hash64("tick # ".repeat(5000).as_bytes()));
    }
}
