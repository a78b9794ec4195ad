//! Hashes of tool calls and their results: two equal pairs in a row are a step without progress (`signals.md` S3).

use super::hash64;
use serde_json::Value;

/// Argument names that describe a call and do not change what it does; changing them must not hide a loop.
const COSMETIC: &[&str] =
    &["description", "explanation", "justification", "reason", "thought", "toolSummary", "toolAction"];

/// Hash of (tool, arguments) with keys sorted and cosmetic fields dropped. `arguments` is JSON text; what does not
/// parse is hashed with white space folded.
pub fn call_hash(tool: &str, arguments: &str) -> i64 {
    let mut bytes = Vec::with_capacity(arguments.len() + tool.len() + 1);
    bytes.extend_from_slice(tool.as_bytes());
    bytes.push(0);
    match serde_json::from_str::<Value>(arguments) {
        Ok(value) => write_normalised(&value, &mut bytes),
        Err(_) => bytes.extend(arguments.split_whitespace().flat_map(|word| word.bytes().chain([b' ']))),
    }
    hash64(&bytes)
}

fn write_normalised(value: &Value, bytes: &mut Vec<u8>) {
    match value {
        Value::Object(map) => {
            let mut keys: Vec<&String> = map.keys().filter(|key| !COSMETIC.contains(&key.as_str())).collect();
            keys.sort_unstable();
            bytes.push(b'{');
            for key in keys {
                bytes.extend_from_slice(key.as_bytes());
                bytes.push(b':');
                write_normalised(&map[key], bytes);
                bytes.push(b',');
            }
            bytes.push(b'}');
        }
        Value::Array(items) => {
            bytes.push(b'[');
            for item in items {
                write_normalised(item, bytes);
                bytes.push(b',');
            }
            bytes.push(b']');
        }
        Value::String(text) => {
            bytes.push(b'"');
            for word in text.split_whitespace() {
                bytes.extend_from_slice(word.as_bytes());
                bytes.push(b' ');
            }
        }
        other => bytes.extend_from_slice(other.to_string().as_bytes()),
    }
}

/// Hash of a result with numbers (times, durations, counters, process ids) masked, so that a volatile clock in
/// the output does not look like progress. Letters are kept as they are.
pub fn result_hash(text: &str) -> i64 {
    let mut bytes = Vec::with_capacity(text.len());
    let mut in_number = false;
    let mut in_space = false;
    for &byte in text.as_bytes() {
        if byte.is_ascii_digit() {
            if !in_number {
                bytes.push(b'#');
            }
            in_number = true;
            in_space = false;
        } else if byte.is_ascii_whitespace() {
            if !in_space {
                bytes.push(b' ');
            }
            in_space = true;
            in_number = false;
        } else {
            bytes.push(byte);
            in_number = false;
            in_space = false;
        }
    }
    hash64(&bytes)
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
    }

    #[test]
    fn clocks_in_results_are_masked_and_words_are_not() {
        assert_eq!(result_hash("done in 12.5s at 10:00"), result_hash("done in 3.25s at 11:30"));
        assert_ne!(result_hash("2 tests failed"), result_hash("2 tests passed"));
    }
}
