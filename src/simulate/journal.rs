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

/// The files that a journal makes.
pub(super) struct Layout<'a> {
    /// Directory of events and outcomes.
    pub(super) input: &'a Path,
    /// Directory of the labels of sessions and pairs; none are written without it.
    pub(super) truth: Option<&'a Path>,
    /// Number of the first shard.
    pub(super) first_shard: usize,
    /// Files of events, and as many of outcomes; a person's rows stay in one.
    pub(super) shards: usize,
    /// Plain NDJSON in place of zstd.
    pub(super) plain: bool,
}

impl Layout<'_> {
    /// Where a shard of `events` or `outcomes` is.
    pub(super) fn path(&self, shard: usize, table: &str) -> PathBuf {
        let ending = if self.plain { "ndjson" } else { "ndjson.zst" };
        self.input.join(format!("part-{:02}.{table}.{ending}", self.first_shard + shard))
    }
}

/// A shard that is being written.
enum Shard {
    Plain(BufWriter<File>),
    Zstd(Encoder<'static, BufWriter<File>>),
}

impl Shard {
    fn open(path: &Path, plain: bool) -> std::io::Result<Self> {
        let file = BufWriter::with_capacity(1 << 16, File::create(path)?);
        Ok(if plain { Self::Plain(file) } else { Self::Zstd(Encoder::new(file, 1)?) })
    }

    fn write_all(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        match self {
            Self::Plain(file) => file.write_all(bytes),
            Self::Zstd(encoder) => encoder.write_all(bytes),
        }
    }

    fn finish(self) -> std::io::Result<()> {
        match self {
            Self::Plain(mut file) => file.flush(),
            Self::Zstd(encoder) => encoder.finish()?.flush(),
        }
    }
}

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

impl std::ops::AddAssign for Written {
    fn add_assign(&mut self, other: Self) {
        self.events += other.events;
        self.sessions += other.sessions;
        self.outcomes += other.outcomes;
        self.tokens += other.tokens;
        self.injected_tokens += other.injected_tokens;
    }
}

/// The labels of sessions and of session-outcome pairs.
struct Truth {
    sessions: csv::Writer<File>,
    attribution: csv::Writer<File>,
}

impl Truth {
    fn create(directory: &Path) -> Result<Self, SimulateError> {
        let table = |name: &str, header: &[&str]| -> Result<csv::Writer<File>, SimulateError> {
            let path = directory.join(name);
            let file = File::create(&path).map_err(|error| SimulateError::Io { path, error })?;
            let mut rows = csv::Writer::from_writer(file);
            rows.write_record(header)?;
            Ok(rows)
        };
        Ok(Self {
            sessions: table("truth_sessions.csv", &["session_id", "actor_id", "label", "family", "injected_tokens"])?,
            attribution: table("truth_attribution.csv", &["session_id", "outcome_id"])?,
        })
    }
}

/// All files of one organisation, or of one division of it.
pub(super) struct Journal {
    events: Vec<Shard>,
    outcomes: Vec<Shard>,
    truth: Option<Truth>,
    input: PathBuf,
    /// How sessions are written down.
    pub(super) style: Style,
    /// Counts so far.
    pub(super) written: Written,
}

impl Journal {
    /// Makes the directories and opens every file.
    pub(super) fn create(layout: &Layout<'_>, style: Style) -> Result<Self, SimulateError> {
        let io = |path: &Path| {
            let path = path.to_path_buf();
            move |error| SimulateError::Io { path, error }
        };
        for directory in std::iter::once(layout.input).chain(layout.truth) {
            std::fs::create_dir_all(directory).map_err(io(directory))?;
        }
        let shards = |table: &str| -> Result<Vec<_>, SimulateError> {
            let open = |shard: usize| {
                let path = layout.path(shard, table);
                Shard::open(&path, layout.plain).map_err(io(&path))
            };
            (0..layout.shards).map(open).collect()
        };
        Ok(Self {
            events: shards("events")?,
            outcomes: shards("outcomes")?,
            truth: layout.truth.map(Truth::create).transpose()?,
            input: layout.input.to_path_buf(),
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
        let shard = person % self.events.len();
        self.events[shard].write_all(rows).map_err(|error| self.error(error))?;
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
        if let Some(tables) = &mut self.truth {
            tables.sessions.write_record([truth.session_id, truth.actor_id, label, family, &injected_text])?;
        }
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
        let shard = person % self.outcomes.len();
        self.outcomes[shard].write_all(&row).map_err(|error| self.error(error))?;
        self.written.outcomes += 1;
        Ok(())
    }

    /// Notes that lines of a session are in an outcome.
    pub(super) fn attribution(&mut self, session_id: &str, outcome_id: &str) -> Result<(), SimulateError> {
        match &mut self.truth {
            Some(tables) => Ok(tables.attribution.write_record([session_id, outcome_id])?),
            None => Ok(()),
        }
    }

    /// Closes every file.
    pub(super) fn finish(mut self) -> Result<Written, SimulateError> {
        let input = self.input.clone();
        let io = |error| SimulateError::Io { path: input.clone(), error };
        for shard in self.events.drain(..).chain(self.outcomes.drain(..)) {
            shard.finish().map_err(io)?;
        }
        if let Some(tables) = &mut self.truth {
            tables.sessions.flush().map_err(io)?;
            tables.attribution.flush().map_err(io)?;
        }
        Ok(self.written)
    }
}
