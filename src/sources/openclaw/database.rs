//! Databases of 2026.7 and later: the sessions of an agent, and the scheduler of the product.
//!
//! Owns which tables hold what. Each row that holds a record is given to the reader of the files that held such records before, so that a step has one
//! identity whether it stands in a file, an archive or a database. The columns beside the records are the product's own copies of what stands in them.

use super::platform::Platform;
use super::records::Strangers;
use super::sessions::{self, SessionEntry};
use super::transcript::Transcript;
use super::{cold, cron, trajectory};
use crate::sources::json::{parse_last_wins, reject_reason, safe_detail};
use crate::sources::sqlite::{Database, Row};
use crate::sources::{Input, InputError, Line, Reason, Sink};
use std::collections::{BTreeMap, BTreeSet};

const EVENTS: &str = "transcript_events";
const NODES: &str = "session_nodes";
const WINDOWS: &str = "session_windows";
const TRAJECTORIES: &str = "trajectory_runtime_events";
const COLD: &str = "session_transcript_cold_archives";
const JOBS: &str = "cron_jobs";
const RUN_LOGS: &str = "cron_run_logs";
const TASKS: &str = "task_runs";
/// Tables of the scheduler.
const SCHEDULER: &[&str] = &[JOBS, RUN_LOGS, TASKS];
/// The table in which every database of the product says what it is for.
const META: &str = "schema_meta";
/// Sessions whose window is remembered.
const SESSIONS: usize = 1 << 20;

/// Whether these are the tables of the product.
pub(super) fn is_ours(tables: &BTreeSet<String>) -> bool {
    let has_any = |names: &[&str]| names.iter().any(|table| tables.contains(*table));
    has_any(&[EVENTS]) && has_any(&[NODES, WINDOWS]) || has_any(&[META]) && has_any(SCHEDULER)
}

/// Whether a table is read.
pub(super) fn holds_records(tables: &BTreeSet<String>) -> bool {
    tables.contains(EVENTS) || SCHEDULER.iter().any(|table| tables.contains(*table))
}

/// Reads a database.
pub(super) fn read(input: &Input, platform: &Platform<'_>, sink: &mut dyn Sink) -> Result<u64, InputError> {
    let database = Database::open(input, sink)?;
    sink.ignore("database");
    let holds_sessions = database.has(EVENTS);
    if holds_sessions {
        read_index(&database, platform, sink);
        read_transcripts(&database, platform, sink);
        if database.has(TRAJECTORIES) {
            read_trajectories(&database, platform, sink);
        }
        if database.has(COLD) {
            read_cold(&database, platform, sink);
        }
    }
    for (table, read) in [(JOBS, read_jobs as Reader), (RUN_LOGS, read_run_logs), (TASKS, read_tasks)] {
        if database.has(table) {
            read(&database, platform, sink);
        }
    }
    if !holds_sessions && !SCHEDULER.iter().any(|table| database.has(table)) {
        sink.ignore("database_without_sessions");
    }
    Ok(database.end())
}

type Reader = fn(&Database, &Platform<'_>, &mut dyn Sink);

fn record<'a>(row: &Row<'_>, text: &'a str) -> Line<'a> {
    Line { at: row.at(), text, complete: true }
}

/// `session_nodes` is the index that `sessions.json` was; `session_windows` names the sessions that a key had before too.
fn read_index(database: &Database, platform: &Platform<'_>, sink: &mut dyn Sink) {
    let mut index = BTreeMap::new();
    let optional = ["updated_at", "last_interaction_at", "spawned_by", "parent_session_key"];
    let nodes = database.select(NODES, &["session_key", "current_session_id", "entry_json"], &optional, sink);
    if let Some(nodes) = nodes {
        database.rows(NODES, &nodes, [], sink, &mut |row, sink| {
            let (Some(key), Some(entry)) = (row.some_text(1, sink), row.some_text(3, sink)) else { return };
            let mut entry: SessionEntry = match parse_last_wins(entry) {
                Ok(entry) => entry,
                Err(error) => return sink.reject(row.at(), reject_reason(&error), &safe_detail(&error)),
            };
            if let Some(session_id) = row.text(2, sink) {
                entry.session_id = Some(session_id.to_owned());
            }
            entry.complete(row.integer(4, sink), row.integer(5, sink), row.text(6, sink), row.text(7, sink));
            index.insert(key.to_owned(), Some(entry));
        });
    }
    sessions::tell(&index, platform, sink);
    if !database.has(WINDOWS) {
        return;
    }
    let windows = database.select(WINDOWS, &["session_id", "session_key"], &["spawned_by", "parent_session_key"], sink);
    let Some(windows) = windows else { return };
    let mut seen = BTreeSet::new();
    database.rows(WINDOWS, &windows, [], sink, &mut |row, sink| {
        let (Some(session_id), Some(key)) = (row.some_text(1, sink), row.some_text(2, sink)) else { return };
        let current = index.get(key).and_then(Option::as_ref).and_then(|entry| entry.session_id.as_deref());
        if current == Some(session_id) || seen.len() >= SESSIONS || !seen.insert(session_id.to_owned()) {
            return sink.ignore("session_window");
        }
        let mut entry = SessionEntry::default();
        entry.complete(None, None, row.text(3, sink), row.text(4, sink));
        sessions::describe(&index, key, &entry, session_id, platform, sink);
    });
}

/// The steps, session by session in the order in which they were written.
fn read_transcripts(database: &Database, platform: &Platform<'_>, sink: &mut dyn Sink) {
    let Some(select) = database.select(EVENTS, &["session_id", "seq", "event_json"], &["event_zstd"], sink) else {
        return;
    };
    let mut transcript = Transcript::new(platform, "");
    let mut current: Option<String> = None;
    let statement = format!("{select} order by session_id, seq");
    database.rows(EVENTS, &statement, [], sink, &mut |row, sink| {
        let Some(session_id) = row.some_text(1, sink) else { return };
        if current.as_deref() != Some(session_id) {
            transcript = Transcript::new(platform, session_id);
            current = Some(session_id.to_owned());
        }
        if row.is_null(3) {
            if row.is_null(4) {
                transcript.lose_place();
                return row.refuse(3, Reason::MissingField, sink);
            }
            match row.unpacked(4, sink).map(String::from_utf8) {
                Some(Ok(text)) => drop(transcript.line(&record(row, &text), sink)),
                Some(Err(_)) => {
                    transcript.lose_place();
                    row.refuse(4, Reason::BadUtf8, sink);
                }
                None => transcript.lose_place(),
            }
            return;
        }
        match row.text(3, sink) {
            Some(text) => drop(transcript.line(&record(row, text), sink)),
            None => transcript.lose_place(),
        }
    });
}

fn read_trajectories(database: &Database, platform: &Platform<'_>, sink: &mut dyn Sink) {
    let Some(select) = database.select(TRAJECTORIES, &["event_json"], &[], sink) else { return };
    let mut strangers = Strangers::default();
    database.rows(TRAJECTORIES, &select, [], sink, &mut |row, sink| {
        if let Some(text) = row.some_text(1, sink) {
            trajectory::line(&record(row, text), platform, &mut strangers, sink);
        }
    });
}

/// Archives that a backup put into the database. Those in files are read from there.
fn read_cold(database: &Database, platform: &Platform<'_>, sink: &mut dyn Sink) {
    let Some(select) = database.select(COLD, &["session_id", "archive_blob"], &[], sink) else { return };
    database.rows(COLD, &select, [], sink, &mut |row, sink| {
        let Some(session_id) = row.some_text(1, sink) else { return };
        if row.is_null(2) {
            return sink.ignore("cold_archive_in_a_file");
        }
        let Some(bytes) = row.unpacked(2, sink) else { return };
        let Ok(text) = String::from_utf8(bytes) else { return row.refuse(2, Reason::BadUtf8, sink) };
        let mut archive = cold::Archive::new(platform, session_id);
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            archive.line(&record(row, line), sink);
        }
    });
}

fn read_jobs(database: &Database, _: &Platform<'_>, sink: &mut dyn Sink) {
    let Some(select) = database.select(JOBS, &["job_id", "job_json"], &["enabled"], sink) else { return };
    database.rows(JOBS, &select, [], sink, &mut |row, sink| {
        let (Some(id), Some(job)) = (row.some_text(1, sink), row.some_text(2, sink)) else { return };
        cron::read_job(job, Some(id), row.integer(3, sink).map(|enabled| enabled != 0), row.at(), sink);
    });
}

/// Finished runs as 2026.6 and 2026.7.33 keep them: the line of the run log, and columns that repeat it.
fn read_run_logs(database: &Database, platform: &Platform<'_>, sink: &mut dyn Sink) {
    let Some(select) = database.select(RUN_LOGS, &["job_id", "entry_json"], &[], sink) else { return };
    database.rows(RUN_LOGS, &select, [], sink, &mut |row, sink| {
        let (Some(job), Some(entry)) = (row.some_text(1, sink), row.some_text(2, sink)) else { return };
        cron::read_run(&record(row, entry), Some(job), None, None, platform, sink);
    });
}

/// Finished runs of later versions: the registry of background tasks, of which those of the scheduler have the line of the run log in `detail_json`.
fn read_tasks(database: &Database, platform: &Platform<'_>, sink: &mut dyn Sink) {
    let columns = ["runtime", "source_id", "detail_json"];
    let optional = ["child_session_key", "ended_at", "last_event_at", "created_at"];
    let Some(select) = database.select(TASKS, &columns, &optional, sink) else { return };
    database.rows(TASKS, &select, [], sink, &mut |row, sink| {
        let Some(runtime) = row.some_text(1, sink) else { return };
        if runtime != "cron" {
            return sink.ignore("task_run.not_of_the_scheduler");
        }
        if row.is_null(3) {
            return sink.ignore("task_run.unfinished");
        }
        let (Some(job), Some(detail)) = (row.some_text(2, sink), row.text(3, sink)) else { return };
        let ts = (5..=7).find_map(|column| row.integer(column, sink));
        cron::read_run(&record(row, detail), Some(job), row.text(4, sink), ts, platform, sink);
    });
}
