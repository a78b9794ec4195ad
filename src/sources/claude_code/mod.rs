//! Claude Code session transcripts: one JSON record a line, appended live, copied on resume and fork.
//!
//! Owns recognition and the order of reading; the rules are in the modules and, in prose with their reasons, in this folder's
//! `README.md`. Owns no totals: copies of a step in several files meet in the lake by their event ids.

mod assistant;
mod edits;
mod home;
mod kinds;
mod prompts;
mod reader;
mod records;
#[cfg(test)]
mod tests;
mod threads;
mod tools;
mod usage;
mod user;

use super::companions::Home;
use super::input::plain_name;
use super::{Description, Input, InputError, Probe, Sink, Source, Unit, elements, quick_json, read_lines};
use kinds::{RecordKind, record_kind};
pub(super) use prompts::{begins_expansion, is_interrupt, own_words};
use reader::Reader;
use records::Record;
pub(crate) use tools::deed as tool_deed;

/// Lines that recognition looks at: the first ones may be metadata without a session.
const PROBE_LINES: usize = 20;

/// The source.
pub struct ClaudeCode;

impl Source for ClaudeCode {
    fn name(&self) -> &'static str {
        "claude_code"
    }

    fn description(&self) -> Description {
        Description {
            title: "Claude Code session transcripts",
            files: "*.jsonl, *.jsonl.gz, *.jsonl.zst with Claude Code records; sessions and subagents",
            tells: "prompts and who started them, responses with usage by cache tier, tool calls and results, lines added by edits, pull requests opened",
            cannot_tell: "the account (only the home directory's name), cost in current versions, which calls a person approved by hand, output tokens of versions 2.1.12 to 2.1.47",
        }
    }

    fn recognises(&self, probe: &Probe<'_>) -> bool {
        probe.unit == Unit::File
            && probe.plain_name().contains(".jsonl")
            && probe.lines().take(PROBE_LINES).any(is_claude_code)
    }

    fn home(&self) -> Option<&'static Home> {
        Some(&home::HOME)
    }

    fn read(&self, input: &Input, sink: &mut dyn Sink) -> Result<u64, InputError> {
        let mut reader = Reader::new(plain_name(&input.path));
        let end = read_lines(input, sink, |line, sink| reader.line(&line, sink))?;
        reader.finish(sink);
        Ok(end)
    }
}

/// Whether a line is a record that only Claude Code writes. A first line that is longer than the probe has lost its end and is judged
/// by its keys.
fn is_claude_code(line: &[u8]) -> bool {
    /// A line without any of these is no such record, whatever else it has, and is not parsed to find that out.
    const NEEDED: &[&str] = &["sessionId", "parentUuid", "leafUuid", "snapshot"];
    if !elements::may_name(line, NEEDED) {
        return false;
    }
    let Ok(text) = std::str::from_utf8(line) else { return false };
    match quick_json::from_str::<Record<'_>>(text) {
        Ok(record) => {
            let known = record.kind.as_deref().is_some_and(|kind| record_kind(kind) != RecordKind::Unknown);
            let enveloped = record.uuid.is_some() && record.message.is_some() && text.contains("\"parentUuid\"");
            // Files of older versions may begin with, or consist of, records that name no session.
            let sessionless = match record.kind.as_deref() {
                Some("summary") => text.contains("\"leafUuid\""),
                Some("file-history-snapshot") => text.contains("\"snapshot\""),
                _ => false,
            };
            record.session_id.is_some() && known || enveloped || sessionless
        }
        Err(error) => error.is_eof() && text.contains("\"sessionId\":") && text.contains("\"parentUuid\":"),
    }
}
