//! Hashes of tool calls and their results: two equal pairs in a row are a step without progress (`signals.md` S3).

use super::{Json, hash64};

/// Argument names that describe a call and do not change what it does; changing them must not hide a loop.
const COSMETIC: &[&str] =
    &["description", "explanation", "justification", "reason", "thought", "toolSummary", "toolAction"];

/// Hash of (tool, arguments) with keys sorted and cosmetic fields dropped. `arguments` is JSON text; what does not
/// parse is hashed with white space folded.
pub fn call_hash(tool: &str, arguments: &str) -> i64 {
    match serde_json::from_str::<Json<'_>>(arguments) {
        Ok(value) => call_hash_of(tool, &value),
        Err(_) => {
            let mut bytes = begin(tool, arguments.len());
            write_words(arguments, &mut bytes);
            hash64(&bytes)
        }
    }
}

/// [`call_hash`] of arguments that are parsed already.
pub fn call_hash_of(tool: &str, arguments: &Json<'_>) -> i64 {
    let mut bytes = begin(tool, 256);
    write_normalised(arguments, &mut bytes);
    hash64(&bytes)
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

fn write_words(text: &str, bytes: &mut Vec<u8>) {
    for word in text.split_whitespace() {
        bytes.extend_from_slice(word.as_bytes());
        bytes.push(b' ');
    }
}

/// What a byte of a result is to [`result_hash`].
const PLAIN: u8 = 0;
const DIGIT: u8 = 1;
const SPACE: u8 = 2;
const CLASSES: [u8; 256] = {
    let mut classes = [PLAIN; 256];
    let mut byte = 0;
    while byte < 256 {
        if (byte as u8).is_ascii_digit() {
            classes[byte] = DIGIT;
        } else if (byte as u8).is_ascii_whitespace() {
            classes[byte] = SPACE;
        }
        byte += 1;
    }
    classes
};

/// Hash of a result with numbers (times, durations, counters, process ids) masked, so that a volatile clock in
/// the output does not look like progress. Letters are kept as they are.
pub fn result_hash(text: &str) -> i64 {
    // Results are most of a log, so this loop has no branch that depends on the text: every byte is written, and the place moves on
    // unless it goes on with a run of digits or blanks.
    let mut masked = vec![0u8; text.len()];
    let mut length = 0;
    let mut before = PLAIN;
    for &byte in text.as_bytes() {
        let class = CLASSES[usize::from(byte)];
        if let Some(slot) = masked.get_mut(length) {
            *slot = [byte, b'#', b' '][usize::from(class)];
        }
        length += usize::from(class == PLAIN || class != before);
        before = class;
    }
    masked.truncate(length);
    hash64(&masked)
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn clocks_in_results_are_masked_and_words_are_not() {
        assert_eq!(result_hash("done in 12.5s at 10:00"), result_hash("done in 3.25s at 11:30"));
        assert_ne!(result_hash("2 tests failed"), result_hash("2 tests passed"));
        assert_eq!(result_hash(" at\t10  s"), super::hash64(b" at # s"));
        assert_eq!(result_hash("1 2"), super::hash64(b"# #"));
    }
}
