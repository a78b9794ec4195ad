//! OpenClaw (earlier Clawdbot, Moltbot, Moldbot) and in-house platforms modelled on it: transcripts, trajectories, the
//! session index and cron files. What each file tells, and what none of them does, is in this folder's README.md.
//!
//! Owns which file is which. Each kind of file has its own module; archives and databases hand their records to those of the files, and what one says about
//! sessions that stand in another file becomes a [`crate::events::Fact`].

mod cold;
mod cron;
mod database;
mod envelope;
mod home;
mod platform;
mod records;
mod sessions;
mod tools;
mod trajectory;
mod transcript;
mod triggers;
mod usage;

#[cfg(test)]
mod database_tests;
#[cfg(test)]
mod tests;

use super::companions::Home;
use super::{Description, Input, InputError, Probe, Sink, Source, sqlite};
use platform::Platform;
use serde_json::value::RawValue;
use std::path::Path;

/// The source.
pub struct OpenClaw;

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// `<sessionId>.jsonl`, also archived as `.jsonl.reset.<time>` or `.jsonl.deleted.<time>`.
    Transcript,
    /// `session-branch.json` of an exported bundle.
    Branch,
    /// `<sessionId>.trajectory.jsonl`, or `events.jsonl` of an exported bundle.
    Trajectory,
    /// `sessions.json`.
    SessionIndex,
    /// `cron/runs/<jobId>.jsonl`.
    CronRuns,
    /// `cron/jobs.json`.
    CronJobs,
    /// `sessions/cold/<sha256>.jsonl.zst`.
    Cold,
    /// `agent/openclaw-agent.sqlite` or `state/openclaw.sqlite`, whatever they are called.
    Database,
    /// Known, and read as nothing: the word is the ignored kind.
    Nothing(&'static str),
}

/// The fields of a first line that tell one form from another.
#[derive(Debug, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct FirstLine {
    #[serde(rename = "type")]
    kind: Option<String>,
    #[serde(rename = "kind")]
    archived: Option<String>,
    generation: Option<Box<RawValue>>,
    id: Option<Box<RawValue>>,
    trace_schema: Option<Box<RawValue>>,
    job_id: Option<Box<RawValue>>,
    action: Option<String>,
}

impl Form {
    /// Judges by content, and by name only where the path leads through a known root or the content agrees.
    fn of(probe: &Probe<'_>) -> Option<Self> {
        let name = probe.plain_name();
        let under_root = Platform::of(probe.path, probe.options).under_root;
        if sqlite::is_database(probe.head) {
            return Self::of_database(probe, under_root);
        }
        if let Some(form) = Self::in_bundle(probe, name) {
            return Some(form);
        }
        match Self::by_content(probe, name, under_root) {
            // Copies that a repair leaves behind are transcripts to look at; only the name tells.
            Some(Form::Transcript) if is_backup(name) => Some(Form::Nothing("transcript_backup")),
            Some(form) => Some(form),
            None if under_root => Self::by_name(probe, name),
            None => None,
        }
    }

    /// By its tables. Below a root every database is the product's: it keeps others there, which are not copied to find nothing in them.
    fn of_database(probe: &Probe<'_>, under_root: bool) -> Option<Self> {
        let tables = sqlite::tables(probe);
        match tables {
            Some(tables) if database::is_ours(&tables) => Some(Form::Database),
            Some(tables)
                if under_root && !database::holds_records(&tables) && sqlite::write_ahead_log(probe.path).is_none() =>
            {
                Some(Form::Nothing("database_without_sessions"))
            }
            // One that cannot be opened says so when it is read, and a log may add tables.
            _ => under_root.then_some(Form::Database),
        }
    }

    fn by_content(probe: &Probe<'_>, name: &str, under_root: bool) -> Option<Self> {
        let first = probe.lines().next()?;
        if let Ok(line) = serde_json::from_slice::<FirstLine>(first) {
            if line.trace_schema.is_some() {
                return Some(Form::Trajectory);
            }
            if line.archived.as_deref() == Some("header") && line.generation.is_some() {
                return Some(Form::Cold);
            }
            if line.kind.as_deref() == Some("session") && line.id.is_some() {
                return Some(Form::Transcript);
            }
            if line.job_id.is_some() && line.action.as_deref() == Some("finished") {
                return Some(Form::CronRuns);
            }
        }
        let holds = |needle: &[u8]| memchr::memmem::find(probe.head, needle).is_some();
        if !first.trim_ascii_start().starts_with(b"{") {
            return None;
        }
        match name {
            "sessions.json" if holds(b"\"sessionId\"") => Some(Form::SessionIndex),
            "jobs.json" if holds(b"\"jobs\"") && holds(b"\"schedule\"") => Some(Form::CronJobs),
            // A platform may call its scheduler otherwise; backups keep the product's name.
            _ if under_root && name.ends_with(".json") && holds(b"\"jobs\"") && holds(b"\"schedule\"") => {
                Some(Form::CronJobs)
            }
            "jobs-state.json" if holds(b"\"scheduleIdentity\"") => Some(Form::Nothing("cron_jobs_state")),
            name if is_index_copy(name) && holds(b"\"sessionId\"") => Some(Form::Nothing("session_index_copy")),
            // The line is cut by the probe: a first trajectory step may hold a long configuration.
            _ if holds(b"\"traceSchema\":") && name.ends_with(".jsonl") => Some(Form::Trajectory),
            _ => None,
        }
    }

    /// Files of `openclaw sessions export-trajectory`: two tell something, the others tell it again.
    fn in_bundle(probe: &Probe<'_>, name: &str) -> Option<Self> {
        let directory = probe.path.parent()?.file_name()?.to_str()?;
        match name {
            "session-branch.json" => Some(Form::Branch),
            "events.jsonl" => None,
            _ if directory.starts_with("openclaw-trajectory-") => Some(Form::Nothing("trajectory_bundle")),
            _ => None,
        }
    }

    fn by_name(probe: &Probe<'_>, name: &str) -> Option<Self> {
        let directory = probe.path.parent()?.file_name()?.to_str()?;
        match (directory, name) {
            ("sessions", "sessions.json") => Some(Form::SessionIndex),
            ("sessions", name) if is_index_copy(name) => Some(Form::Nothing("session_index_copy")),
            ("sessions", name) if name.ends_with(".trajectory.jsonl") => Some(Form::Trajectory),
            ("sessions", name) if name.ends_with(".trajectory-path.json") => Some(Form::Nothing("trajectory_path")),
            ("sessions", name) if name.ends_with(".lock") => Some(Form::Nothing("lock")),
            ("sessions", name) if is_backup(name) => Some(Form::Nothing("transcript_backup")),
            ("sessions", name)
                if name.ends_with(".jsonl") || name.contains(".jsonl.reset.") || name.contains(".jsonl.deleted.") =>
            {
                Some(Form::Transcript)
            }
            ("cron", "jobs.json") => Some(Form::CronJobs),
            ("cron", "jobs-state.json") => Some(Form::Nothing("cron_jobs_state")),
            ("cron", name) if is_jobs_copy(name) => Some(Form::Nothing("cron_jobs_copy")),
            ("runs", name) if name.ends_with(".jsonl") => Some(Form::CronRuns),
            ("cold", name) if name.ends_with(".jsonl") => Some(Form::Cold),
            _ => None,
        }
    }
}

/// `<sessionId>.jsonl.bak-<pid>-<ms>`: a full copy of the session, one for every repair.
fn is_backup(name: &str) -> bool {
    name.contains(".jsonl.bak")
}

/// `sessions.json.<uuid>.tmp`, and the backups beside it.
fn is_index_copy(name: &str) -> bool {
    name.starts_with("sessions.json.") && !matches!(name, "sessions.json.gz" | "sessions.json.zst")
}

/// `jobs.json.bak`.
fn is_jobs_copy(name: &str) -> bool {
    name.starts_with("jobs.json.bak")
}

impl Source for OpenClaw {
    fn name(&self) -> &'static str {
        "openclaw"
    }

    fn description(&self) -> Description {
        Description {
            title: "OpenClaw, and platforms modelled on it",
            files: "~/.openclaw/agents/*/agent/openclaw-agent.sqlite, agents/*/sessions/cold/*.jsonl.zst, state/openclaw.sqlite; \
                    of earlier versions agents/*/sessions/*.jsonl (archived ones too), *.trajectory.jsonl, sessions.json, \
                    cron/jobs.json, cron/runs/*.jsonl",
            tells: "usage and reported cost of each response, what started each run (person, schedule, agent), \
                    runs that did nothing or were not delivered, declared schedules, lines written",
            cannot_tell: "usage of compaction and of nested tools, the version that wrote a file, \
                          people behind a local window",
        }
    }

    fn recognises(&self, probe: &Probe<'_>) -> bool {
        Form::of(probe).is_some()
    }

    fn is_spare_copy(&self, path: &Path) -> bool {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or("");
        is_backup(name) || is_index_copy(name) || is_jobs_copy(name)
    }

    fn home(&self) -> Option<&'static Home> {
        Some(&home::HOME)
    }

    fn read(&self, input: &Input, sink: &mut dyn Sink) -> Result<u64, InputError> {
        let head = input.head()?;
        let probe = Probe { path: &input.path, unit: input.unit, head: &head, options: &input.options };
        let platform = Platform::of(&input.path, &input.options);
        match Form::of(&probe) {
            // A file that was recognised and has changed since is read as what most files are.
            Some(Form::Transcript) | None => {
                let named = transcript::session_of_path(probe.plain_name()).unwrap_or_default();
                transcript::read(input, &platform, &named, sink)
            }
            Some(Form::Branch) => transcript::read_branch(input, &platform, sink),
            Some(Form::Trajectory) => trajectory::read(input, &platform, sink),
            Some(Form::SessionIndex) => sessions::read(input, &platform, sink),
            Some(Form::CronRuns) => cron::read_runs(input, &platform, sink),
            Some(Form::CronJobs) => cron::read_jobs(input, sink),
            Some(Form::Cold) => cold::read(input, &platform, sink),
            Some(Form::Database) => database::read(input, &platform, sink),
            // Nothing of it is committed: the ledger must not take another file of the same content for read.
            Some(Form::Nothing(kind)) => {
                sink.ignore(kind);
                Ok(0)
            }
        }
    }
}
