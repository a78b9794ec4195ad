//! Cold archives: the transcript of a session that was long unused, with the rows of its database in lines, one file a session.
//!
//! Owns the lines around the records. A record is that of a transcript, and [`super::transcript`] reads it.

use super::platform::Platform;
use super::transcript::Transcript;
use crate::sources::json::parse_line;
use crate::sources::{Handled, Input, InputError, Line, Reason, Sink, read_lines};

/// One line of an archive.
#[derive(Debug, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct ArchiveLine {
    kind: String,
    session_id: Option<String>,
    row: Option<ArchivedRow>,
}

#[derive(Debug, serde::Deserialize)]
struct ArchivedRow {
    event_json: Option<String>,
}

/// Reads an archive: `sessions/cold/<sha256>.jsonl.zst`.
pub(super) fn read(input: &Input, platform: &Platform<'_>, sink: &mut dyn Sink) -> Result<u64, InputError> {
    let mut archive = Archive::new(platform, "");
    read_lines(input, sink, |line, sink| archive.line(&line, sink))
}

/// The state of an archive that is being read.
pub(super) struct Archive<'a> {
    platform: &'a Platform<'a>,
    transcript: Transcript<'a>,
}

impl<'a> Archive<'a> {
    /// An archive of a session that is known already, or of the one that its first line names.
    pub(super) fn new(platform: &'a Platform<'a>, session_id: &str) -> Self {
        Self { platform, transcript: Transcript::new(platform, session_id) }
    }

    /// Reads a line.
    pub(super) fn line(&mut self, line: &Line<'_>, sink: &mut dyn Sink) -> Handled {
        let archived: ArchiveLine = match parse_line(line, sink) {
            Ok(archived) => archived,
            Err(handled) => {
                self.transcript.lose_place();
                return handled;
            }
        };
        match archived.kind.as_str() {
            "header" => {
                let Some(session_id) = archived.session_id.filter(|id| !id.is_empty()) else {
                    sink.reject(line.at, Reason::MissingField, "sessionId");
                    return Handled::Done;
                };
                self.transcript = Transcript::new(self.platform, &session_id);
                sink.ignore("cold.header");
            }
            "event" => match archived.row.and_then(|row| row.event_json) {
                Some(text) => return self.transcript.line(&Line { at: line.at, text: &text, complete: true }, sink),
                None => {
                    self.transcript.lose_place();
                    sink.reject(line.at, Reason::MissingField, "row.event_json");
                }
            },
            // Indexes over the records.
            "identity" | "active" | "index" | "fts" => sink.ignore("cold.index"),
            _ => sink.reject(line.at, Reason::UnknownKind, "kind"),
        }
        Handled::Done
    }
}
