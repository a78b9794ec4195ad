//! The files of a simulated organisation: sharded inputs, and the truth beside them.
//!
//! Owns writing. Memory is a few compressor windows, whatever the size of the organisation.

use super::SimulateError;
use super::session::Style;
use serde::Serialize;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use zstd::stream::write::Encoder;

/// Files of events; a person's rows stay in one.
const SHARDS: usize = 8;

/// One outcome as `schema.md` has it.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Outcome {
    pub(super) ts: String,
    pub(super) outcome_id: String,
    pub(super) kind: &'static str,
    pub(super) status: &'static str,
    pub(super) actor_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) session_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) repo: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) branch: Option<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) paths: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) lines_added: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) lines_deleted: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) lines_surviving: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) patch: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) refs: Vec<String>,
}

/// What was written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Written {
    /// Steps.
    pub events: u64,
    /// Sessions, subagents among them.
    pub sessions: u64,
    /// Outcomes.
    pub outcomes: u64,
    /// Tokens of every kind.
    pub tokens: i64,
    /// Tokens of sessions that were made to be counted.
    pub injected_tokens: i64,
}

/// The label of one session.
pub(super) struct SessionTruth<'a> {
    pub(super) session_id: &'a str,
    pub(super) actor_id: &'a str,
    /// Family of the theater; `None` for honest work.
    pub(super) family: Option<&'static str>,
    pub(super) tokens: i64,
}

/// All files of one organisation.
pub(super) struct Journal {
    events: Vec<Encoder<'static, BufWriter<File>>>,
    outcomes: Vec<Encoder<'static, BufWriter<File>>>,
    sessions: csv::Writer<File>,
    attribution: csv::Writer<File>,
    input: PathBuf,
    /// How sessions are written down.
    pub(super) style: Style,
    /// Counts so far.
    pub(super) written: Written,
}

impl Journal {
    /// Makes `input` and `truth` and opens every file.
    pub(super) fn create(input: &Path, truth: &Path, style: Style) -> Result<Self, SimulateError> {
        let io = |path: &Path| {
            let path = path.to_path_buf();
            move |error| SimulateError::Io { path, error }
        };
        for directory in [input, truth] {
            std::fs::create_dir_all(directory).map_err(io(directory))?;
        }
        let shards = |table: &str| -> Result<Vec<_>, SimulateError> {
            let open = |shard: usize| {
                let path = input.join(format!("part-{shard:02}.{table}.ndjson.zst"));
                let file = File::create(&path).map_err(io(&path))?;
                Encoder::new(BufWriter::new(file), 1).map_err(io(&path))
            };
            (0..SHARDS).map(open).collect()
        };
        let table = |name: &str, header: &[&str]| -> Result<csv::Writer<File>, SimulateError> {
            let path = truth.join(name);
            let mut rows = csv::Writer::from_writer(File::create(&path).map_err(io(&path))?);
            rows.write_record(header)?;
            Ok(rows)
        };
        Ok(Self {
            events: shards("events")?,
            outcomes: shards("outcomes")?,
            sessions: table("truth_sessions.csv", &["session_id", "actor_id", "label", "family", "injected_tokens"])?,
            attribution: table("truth_attribution.csv", &["session_id", "outcome_id"])?,
            input: input.to_path_buf(),
            style,
            written: Written::default(),
        })
    }

    fn error(&self, error: std::io::Error) -> SimulateError {
        SimulateError::Io { path: self.input.clone(), error }
    }

    /// Writes a finished session: its rows as NDJSON, and its label.
    pub(super) fn session(
        &mut self,
        person: usize,
        rows: &[u8],
        events: u64,
        truth: &SessionTruth<'_>,
    ) -> Result<(), SimulateError> {
        self.events[person % SHARDS].write_all(rows).map_err(|error| self.error(error))?;
        self.note(events, truth)
    }

    /// Writes a finished session to a file of its own, and its label.
    pub(super) fn transcript(
        &mut self,
        place: &str,
        lines: &[u8],
        events: u64,
        truth: &SessionTruth<'_>,
    ) -> Result<(), SimulateError> {
        let path = self.input.join(place);
        let written = path.parent().map_or(Ok(()), std::fs::create_dir_all).and_then(|()| std::fs::write(&path, lines));
        written.map_err(|error| SimulateError::Io { path, error })?;
        self.note(events, truth)
    }

    fn note(&mut self, events: u64, truth: &SessionTruth<'_>) -> Result<(), SimulateError> {
        let (label, injected) = if truth.family.is_some() { ("theater", truth.tokens) } else { ("honest", 0) };
        let (family, injected_text) = (truth.family.unwrap_or(""), injected.to_string());
        self.sessions.write_record([truth.session_id, truth.actor_id, label, family, &injected_text])?;
        self.written.events += events;
        self.written.sessions += 1;
        self.written.tokens += truth.tokens;
        self.written.injected_tokens += injected;
        Ok(())
    }

    /// Writes an outcome.
    pub(super) fn outcome(&mut self, person: usize, mut outcome: Outcome) -> Result<(), SimulateError> {
        if self.style.strip_text {
            outcome.patch = None;
        }
        let mut row = serde_json::to_vec(&outcome).map_err(|error| self.error(error.into()))?;
        row.push(b'\n');
        self.outcomes[person % SHARDS].write_all(&row).map_err(|error| self.error(error))?;
        self.written.outcomes += 1;
        Ok(())
    }

    /// Notes that lines of a session are in an outcome.
    pub(super) fn attribution(&mut self, session_id: &str, outcome_id: &str) -> Result<(), SimulateError> {
        Ok(self.attribution.write_record([session_id, outcome_id])?)
    }

    /// Closes every file.
    pub(super) fn finish(mut self) -> Result<Written, SimulateError> {
        let input = self.input.clone();
        let io = |error| SimulateError::Io { path: input.clone(), error };
        for encoder in self.events.drain(..).chain(self.outcomes.drain(..)) {
            encoder.finish().and_then(|mut file| file.flush()).map_err(io)?;
        }
        self.sessions.flush().map_err(io)?;
        self.attribution.flush().map_err(io)?;
        Ok(self.written)
    }
}
