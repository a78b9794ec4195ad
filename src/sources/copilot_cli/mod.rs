//! Copilot CLI sessions: `~/.copilot/session-state/<session>/events.jsonl`.
//!
//! Owns what a session file is. Rules and their reasons stand in `README.md`.

mod home;
mod kinds;
mod records;
mod run;
mod session;
mod shares;
#[cfg(test)]
mod tests;
mod tools;

use super::companions::Home;
use super::{Description, Input, InputError, Probe, Sink, Source, Unit, read_lines};
use records::Envelope;
use session::Session;
use std::path::Path;

/// Sessions of Copilot CLI.
pub struct CopilotCli;

/// Lines that recognition looks at: a session whose first line was cut off is still one.
const RECOGNISED_WITHIN: usize = 5;

impl Source for CopilotCli {
    fn name(&self) -> &'static str {
        "copilot_cli"
    }

    fn description(&self) -> Description {
        Description {
            title: "Copilot CLI sessions",
            files: "~/.copilot/session-state/*/events.jsonl (earlier *.jsonl)",
            tells: "prompts and what sent them, output of each response, all usage of each run that was closed, tool calls and results, \
                    lines written, subagents, repository",
            cannot_tell: "the account; cost; input of a run that was not closed; the split of a run's input over its responses",
        }
    }

    fn recognises(&self, probe: &Probe<'_>) -> bool {
        probe.unit == Unit::File && probe.lines().take(RECOGNISED_WITHIN).any(is_session_line)
    }

    fn home(&self) -> Option<&'static Home> {
        Some(&home::HOME)
    }

    fn read(&self, input: &Input, sink: &mut dyn Sink) -> Result<u64, InputError> {
        let mut session = Session::new(&session_of_path(&input.path));
        let committed = read_lines(input, sink, |line, sink| session.line(&line, sink))?;
        session.finish(sink);
        Ok(committed)
    }
}

/// Whether a line has the envelope and a type of a session.
fn is_session_line(line: &[u8]) -> bool {
    const TYPES: [&str; 7] = [
        "session.start",
        "session.resume",
        "session.shutdown",
        "user.message",
        "assistant.message",
        "tool.execution_start",
        "tool.execution_complete",
    ];
    let Ok(envelope) = serde_json::from_slice::<Envelope>(line) else { return false };
    envelope.id.is_some()
        && envelope.timestamp.is_some()
        && envelope.data.is_some()
        && envelope.kind.is_some_and(|kind| TYPES.contains(&kind.as_str()))
}

/// The session that the path tells, for a file that has lost its first line: its directory, or its own name in earlier versions.
fn session_of_path(path: &Path) -> String {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or("");
    let stem = name.split(".jsonl").next().unwrap_or(name);
    let directory = path.parent().and_then(|parent| parent.file_name()).and_then(|name| name.to_str());
    if stem == "events" { directory.unwrap_or(stem) } else { stem }.to_owned()
}
