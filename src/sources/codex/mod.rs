//! Codex CLI rollouts: `sessions/YYYY/MM/DD/rollout-*.jsonl` and `archived_sessions/`.
//!
//! Owns what a rollout means: cumulative counters, copied history, calls and their answers. Owns no framing and no
//! storage. Rules and their reasons stand in `README.md`.

mod home;
mod kinds;
mod prompt;
mod records;
mod replay;
mod rollout;
#[cfg(test)]
mod tests;
mod thread;
mod tools;
mod usage;

use super::companions::Home;
use super::{Description, Input, InputError, Probe, Sink, Source, Unit, read_lines};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// Rollouts of Codex, of the terminal, the editor, the desktop app and headless runs alike.
pub struct Codex;

/// Lines that recognition looks at: a rollout whose first line was cut off is still one.
const RECOGNISED_WITHIN: usize = 5;

impl Source for Codex {
    fn name(&self) -> &'static str {
        "codex"
    }

    fn description(&self) -> Description {
        Description {
            title: "Codex rollouts",
            files: "~/.codex/sessions/**/rollout-*.jsonl, archived_sessions/rollout-*.jsonl",
            tells: "prompts, usage of each response, tool calls and results, applied patches, who started a thread, time zone",
            cannot_tell: "the account; cost; which steps a person approved unless the policy asks nobody",
        }
    }

    fn recognises(&self, probe: &Probe<'_>) -> bool {
        probe.unit == Unit::File && probe.lines().take(RECOGNISED_WITHIN).any(is_rollout_line)
    }

    fn home(&self) -> Option<&'static Home> {
        Some(&home::HOME)
    }

    fn read(&self, input: &Input, sink: &mut dyn Sink) -> Result<u64, InputError> {
        let mut rollout = rollout::Rollout::new(thread_id_of(&input.name));
        let committed = read_lines(input, sink, |line, sink| rollout.line(&line, sink))?;
        rollout.finish(sink);
        Ok(committed)
    }
}

/// Whether a line has the envelope of a rollout. A first line can be longer than what recognition sees, so a cut line is judged by its beginning.
fn is_rollout_line(line: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Shape<'a> {
        #[serde(rename = "timestamp", borrow)]
        _timestamp: Cow<'a, str>,
        #[serde(rename = "type", borrow)]
        kind: Cow<'a, str>,
        #[serde(rename = "payload", borrow)]
        _payload: &'a RawValue,
    }
    const KINDS: [&str; 4] = ["session_meta", "turn_context", "event_msg", "response_item"];
    match serde_json::from_slice::<Shape<'_>>(line) {
        Ok(shape) => KINDS.contains(&shape.kind.as_ref()),
        Err(error) if error.is_eof() => {
            let beginning: Vec<u8> =
                line.iter().take(512).copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
            let has = |part: &str| memchr::memmem::find(&beginning, part.as_bytes()).is_some();
            beginning.starts_with(b"{\"timestamp\":\"")
                && has("\"payload\":{")
                && KINDS.iter().any(|kind| has(&format!("\"type\":\"{kind}\"")))
        }
        Err(_) => false,
    }
}

/// The thread that a rollout's name ends with, for a file that has lost its first line; else the whole name.
fn thread_id_of(name: &str) -> &str {
    const UUID_CHARS: usize = 36;
    let file = name.rsplit(['/', '\\']).next().unwrap_or(name);
    let stem = file.split(".jsonl").next().unwrap_or(file);
    stem.len().checked_sub(UUID_CHARS).and_then(|start| stem.get(start..)).unwrap_or(stem)
}
