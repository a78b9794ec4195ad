//! Databases that hold what the fixtures of files hold: the same records must be the same steps and facts.
//!
//! The databases are made here from those fixtures, in the tables of the package 2026.9.6 as far as they are read, with a table and columns that nobody
//! reads. `FOOTLIGHT_RENEW=1` writes the two that are committed, which mutation and fuzzing begin with.

use super::OpenClaw;
use crate::events::ids::{event_key, fact_key};
use crate::sources::testing::{Recorded, assert_read, file_input, fixture_path, input_of};
use crate::sources::{OpenClawPlatform, Probe, Source, SourceOptions, Unit, recognise};
use rusqlite::Connection;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

const SESSIONS: &str = "home/.openclaw/agents/main/sessions";
const TRANSCRIPTS: &[&str] = &["0a.jsonl", "0b.jsonl", "0c-topic-77.jsonl", "0e.jsonl.deleted.1778070000000"];
const AGENT: &str = "home/.openclaw/agents/main/agent/openclaw-agent.sqlite";
const STATE: &str = "home/.openclaw/state/openclaw.sqlite";

const AGENT_TABLES: &str = "
    create table schema_meta (meta_key text not null primary key, role text not null, schema_version integer not null) strict;
    insert into schema_meta values ('primary', 'agent', 23);
    create table memory_chunks (id text, words text);
    create table session_nodes (session_key text not null primary key, current_session_id text not null, entry_json text not null,
        updated_at integer not null, last_interaction_at integer, spawned_by text, parent_session_key text, icon text) strict;
    create table session_windows (session_id text not null primary key, session_key text not null, reason text, created_at integer not null) strict;
    create table transcript_events (session_id text not null, seq integer not null, event_json text, created_at integer not null, event_zstd blob,
        event_utf8_bytes integer, navigation_json text, primary key (session_id, seq)) strict;
    create table trajectory_runtime_events (session_id text not null, seq integer not null, run_id text, event_json text not null,
        created_at integer not null, primary key (session_id, seq)) strict;
    create table session_transcript_cold_archives (session_id text not null primary key, archive_name text not null, storage text not null, archive_blob blob) strict;
";
const STATE_TABLES: &str = "
    create table schema_meta (meta_key text not null primary key, role text not null, schema_version integer not null) strict;
    create table cron_jobs (store_key text not null, job_id text not null, enabled integer not null, job_json text not null, primary key (store_key, job_id)) strict;
    create table cron_run_logs (store_key text not null, job_id text not null, seq integer not null, ts integer not null, entry_json text not null,
        primary key (store_key, job_id, seq));
    create table task_runs (task_id text not null primary key, runtime text not null, source_id text, child_session_key text, created_at integer not null,
        ended_at integer, last_event_at integer, detail_json text) strict;
";

fn text_of(fixture: &str) -> String {
    std::fs::read_to_string(fixture_path(&OpenClaw, fixture)).unwrap()
}

fn lines_of(fixture: &str) -> Vec<String> {
    text_of(fixture).lines().filter(|line| !line.trim().is_empty()).map(str::to_owned).collect()
}

fn transcript_lines(name: &str) -> (String, Vec<String>) {
    let lines = lines_of(&format!("{SESSIONS}/9d1c0000-0000-4000-8000-0000000000{name}"));
    let header: Value = serde_json::from_str(&lines[0]).unwrap();
    (header["id"].as_str().unwrap().to_owned(), lines)
}

/// The fixtures of an agent as one database. Every third event is compressed.
fn agent_database(path: &Path) {
    let connection = Connection::open(path).unwrap();
    connection.execute_batch(&format!("pragma page_size = 1024; begin; {AGENT_TABLES}")).unwrap();
    for name in TRANSCRIPTS {
        let (session_id, lines) = transcript_lines(name);
        for (seq, line) in lines.iter().enumerate() {
            let packed = (seq % 3 == 2).then(|| zstd::encode_all(line.as_bytes(), 3).unwrap());
            let plain = packed.is_none().then_some(line);
            let insert = "insert into transcript_events values (?1, ?2, ?3, 0, ?4, ?5, null)";
            connection
                .execute(insert, rusqlite::params![session_id, seq as i64, plain, packed, line.len() as i64])
                .unwrap();
        }
    }
    for (seq, line) in
        lines_of(&format!("{SESSIONS}/9d1c0000-0000-4000-8000-00000000000a.trajectory.jsonl")).iter().enumerate()
    {
        let insert = "insert into trajectory_runtime_events values ('s', ?1, null, ?2, 0)";
        connection.execute(insert, rusqlite::params![seq as i64, line]).unwrap();
    }
    let index: BTreeMap<String, Value> = serde_json::from_str(&text_of(&format!("{SESSIONS}/sessions.json"))).unwrap();
    for (key, mut entry) in index {
        let Some(session_id) = entry["sessionId"].as_str().map(str::to_owned) else { continue };
        // What stands in columns too may be missing in the record.
        let updated = entry["updatedAt"].as_i64();
        if updated.is_some() {
            entry.as_object_mut().unwrap().remove("updatedAt");
        }
        let insert = "insert into session_nodes values (?1, ?2, ?3, ?4, null, null, null, null)";
        let updated = updated.unwrap_or_default();
        connection.execute(insert, rusqlite::params![key, session_id, entry.to_string(), updated]).unwrap();
        connection
            .execute("insert or ignore into session_windows values (?1, ?2, 'initial', 0)", [&session_id, &key])
            .unwrap();
    }
    connection.execute_batch("commit").unwrap();
}

fn state_database(path: &Path) {
    let connection = Connection::open(path).unwrap();
    connection.execute_batch(&format!("pragma page_size = 1024; begin; {STATE_TABLES}")).unwrap();
    let jobs: Value = serde_json::from_str(&text_of("home/.openclaw/cron/jobs.json")).unwrap();
    for (number, job) in jobs["jobs"].as_array().unwrap().iter().enumerate() {
        let id = job["id"].as_str().map_or_else(|| format!("none-{number}"), str::to_owned);
        let enabled = job["enabled"].as_bool().unwrap_or(true);
        let insert = "insert into cron_jobs values ('main', ?1, ?2, ?3)";
        connection.execute(insert, rusqlite::params![id, enabled, job.to_string()]).unwrap();
    }
    for (seq, line) in lines_of("home/.openclaw/cron/runs/job-1.jsonl").iter().enumerate() {
        let Ok(mut run) = serde_json::from_str::<Value>(line) else { continue };
        if run["action"] != "finished" {
            continue;
        }
        let Some(job) = run["jobId"].as_str().map(str::to_owned) else { continue };
        let key = run["sessionKey"].as_str().map(str::to_owned);
        let ts = run["ts"].as_i64().unwrap_or_default();
        if seq % 2 == 0 {
            let insert = "insert into cron_run_logs values ('main', ?1, ?2, ?3, ?4)";
            connection.execute(insert, rusqlite::params![job, seq as i64, ts, run.to_string()]).unwrap();
        } else {
            let fields = run.as_object_mut().unwrap();
            for column in ["ts", "jobId", "action", "sessionKey"] {
                fields.remove(column);
            }
            fields.insert("kind".into(), "cron-run".into());
            let insert = "insert into task_runs values (?1, 'cron', ?2, ?3, ?4, ?4, null, ?5)";
            connection.execute(insert, rusqlite::params![format!("t{seq}"), job, key, ts, run.to_string()]).unwrap();
        }
    }
    connection
        .execute_batch(
            "insert into task_runs values ('a', 'cron', 'job-1', null, 5, null, null, null), ('b', 'acp', null, null, 5, 6, null, '{}'),
                ('c', 'cron', 'job-1', null, 5, 6, 6, '{\"storeKey\":\"main\",\"triggerFired\":false}'); commit;",
        )
        .unwrap();
}

/// Makes a database below `home` and reads it.
fn read_made(name: &str, make: impl Fn(&Path), options: SourceOptions) -> Recorded {
    let (mut input, _guard) = input_of(name, b"");
    make(&input.path);
    input.options = Arc::new(options);
    let head = input.head().unwrap();
    let probe = Probe { path: &input.path, unit: Unit::File, head: &head, options: &input.options };
    assert_eq!(recognise(&probe).map(Source::name), Some("openclaw"), "{name}");
    let mut sink = Recorded::default();
    let end = OpenClaw.read(&input, &mut sink).unwrap();
    let is_read = sink.ignored.contains_key("database");
    assert_eq!(end, if is_read { std::fs::metadata(&input.path).unwrap().len() } else { 0 });
    sink
}

fn read_file(name: &str) -> Recorded {
    let mut sink = Recorded::default();
    OpenClaw.read(&file_input(&fixture_path(&OpenClaw, name), name), &mut sink).unwrap();
    sink
}

/// Steps and facts by identity, each with all that is told of it.
fn told<'a>(all: impl IntoIterator<Item = &'a Recorded>) -> BTreeMap<String, String> {
    let mut told = BTreeMap::new();
    for read in all {
        for (_, event) in &read.events {
            told.insert(format!("{:?}", event_key("openclaw", event)), format!("{event:?}"));
        }
        for (_, fact) in &read.facts {
            told.insert(format!("{:?}", fact_key("openclaw", fact)), format!("{fact:?}"));
        }
    }
    told
}

/// The told rejects' reasons and details.
fn rejects(read: &Recorded) -> Vec<String> {
    read.rejects.iter().map(|(_, reason, detail)| format!("{} {detail}", reason.as_str())).collect()
}

#[test]
fn a_database_and_the_files_of_an_agent_tell_the_same() {
    let database =
        read_made(".openclaw/agents/main/agent/openclaw-agent.sqlite", agent_database, SourceOptions::default());
    let mut files: Vec<Recorded> = TRANSCRIPTS
        .iter()
        .map(|name| read_file(&format!("{SESSIONS}/9d1c0000-0000-4000-8000-0000000000{name}")))
        .collect();
    files.push(read_file(&format!("{SESSIONS}/9d1c0000-0000-4000-8000-00000000000a.trajectory.jsonl")));
    files.push(read_file(&format!("{SESSIONS}/sessions.json")));
    let (ours, theirs) = (told([&database]), told(&files));
    assert!(ours.len() > 40, "{}", ours.len());
    assert_eq!(ours, theirs);
    assert_eq!(database.rejects.len(), files.iter().map(|file| file.rejects.len()).sum::<usize>());
    assert_eq!(database.ignored.get("database"), Some(&1));
}

#[test]
fn the_scheduler_of_a_database_tells_what_its_files_tell() {
    let database = read_made(".openclaw/state/openclaw.sqlite", state_database, SourceOptions::default());
    let files = [read_file("home/.openclaw/cron/jobs.json"), read_file("home/.openclaw/cron/runs/job-1.jsonl")];
    let (ours, theirs) = (told([&database]), told(&files));
    assert!(ours.len() > 10, "{}", ours.len());
    for (key, fact) in &theirs {
        assert_eq!(ours.get(key), Some(fact), "{fact}");
    }
    for (kind, count) in [("task_run.unfinished", 1), ("task_run.not_of_the_scheduler", 1), ("task_run.quiet", 1)] {
        assert_eq!(database.ignored.get(kind), Some(&count), "{kind}");
    }
}

#[test]
fn a_cold_archive_is_the_transcript_it_was_made_of() {
    let (session_id, lines) = transcript_lines("0b.jsonl");
    let mut archive =
        format!("{{\"kind\":\"header\",\"version\":1,\"sessionId\":\"{session_id}\",\"generation\":\"g1\"}}\n");
    for (seq, line) in lines.iter().enumerate() {
        let event = serde_json::json!({"kind": "event", "row": {"seq": seq, "event_json": line, "created_at": 0}});
        archive.push_str(&format!("{event}\n"));
    }
    archive
        .push_str("{\"kind\":\"identity\",\"row\":{\"event_id\":\"aa\",\"seq\":1}}\n{\"kind\":\"fts\",\"row\":{}}\n");
    let packed = zstd::encode_all(archive.as_bytes(), 3).unwrap();
    let (input, _guard) = input_of("elsewhere/cold/5f.jsonl.zst", &packed);
    let head = input.head().unwrap();
    let probe = Probe { path: &input.path, unit: Unit::File, head: &head, options: &input.options };
    assert_eq!(recognise(&probe).map(Source::name), Some("openclaw"));
    let mut file = Recorded::default();
    assert_eq!(OpenClaw.read(&input, &mut file).unwrap(), archive.len() as u64);
    let transcript = read_file(&format!("{SESSIONS}/9d1c0000-0000-4000-8000-00000000000b.jsonl"));
    assert_eq!(told([&file]), told([&transcript]));
    assert_eq!((file.ignored.get("cold.header"), file.ignored.get("cold.index")), (Some(&1), Some(&2)));

    let in_database = read_made(
        "backup/openclaw-agent.sqlite",
        |path| {
            let connection = Connection::open(path).unwrap();
            connection.execute_batch(AGENT_TABLES).unwrap();
            let insert = "insert into session_transcript_cold_archives values (?1, 'x.jsonl.zst', 'sqlite', ?2), ('t', 'y.jsonl.zst', 'file', null)";
            connection.execute(insert, rusqlite::params![session_id, packed]).unwrap();
        },
        SourceOptions::default(),
    );
    assert_eq!(told([&in_database]), told([&transcript]));
    assert_eq!(in_database.ignored.get("cold_archive_in_a_file"), Some(&1));
}

#[test]
fn rows_that_cannot_be_read_say_which_they_are_and_the_rest_is_read() {
    let read = read_made(
        ".openclaw/agents/a/agent/openclaw-agent.sqlite",
        |path| {
            let connection = Connection::open(path).unwrap();
            connection.execute_batch(&AGENT_TABLES.replace("strict", "")).unwrap();
            let prompt = r#"{"type":"message","id":"aa000001","timestamp":"2026-09-01T08:00:00.000Z","message":{"role":"user","content":"hello"}}"#;
            connection
                .execute(
                    "insert into transcript_events (session_id, seq, event_json, created_at, event_zstd) values
                        ('s', 1, ?1, 0, null), ('s', 2, '{\"type\":', 0, null), ('s', 3, null, 0, null), ('s', 4, null, 0, x'28b52ffd0001'),
                        ('s', 5, null, 0, 'text'), ('s', 6, x'7b7d', 0, null), ('s', 7, 12, 0, null), ('', 8, ?1, 0, null), (9, 9, ?1, 0, null),
                        ('s', 10, '{\"type\":\"leaf\",\"id\":\"l\",\"parentId\":null}', 0, null), ('s', 11, '{\"type\":\"teleport\"}', 0, null)",
                    [prompt],
                )
                .unwrap();
            connection
                .execute_batch(
                    "insert into session_nodes (session_key, current_session_id, entry_json, updated_at) values
                        ('agent:a:main', 's', 'no json', 1780304400000), ('agent:a:cron:j1', 's2', '{}', 1780304400000);
                     insert into session_windows values ('s0', 'agent:a:cron:j1', 'reset', 0), ('s2', 'agent:a:cron:j1', 'reset', 1), ('s3', '', '', 0);",
                )
                .unwrap();
        },
        SourceOptions::default(),
    );
    assert_eq!(read.events.len(), 2, "the prompt of `s`, and the one whose session is a number in a column of text");
    insta::assert_snapshot!(rejects(&read).join("\n"), @r"
    bad_json table session_nodes, row 1: syntax error at column 2
    missing_field table session_windows, row 3: session_key
    missing_field table transcript_events, row 8: session_id
    bad_json table transcript_events, row 2: unexpected end at column 8
    missing_field table transcript_events, row 3: event_json
    damaged_archive table transcript_events, row 4: event_zstd
    bad_value table transcript_events, row 5: event_zstd
    bad_value table transcript_events, row 6: event_json
    bad_value table transcript_events, row 7: unexpected type or missing field at column 2
    unknown_kind table transcript_events, row 11: type
    ");
    let facts =
        read.facts.iter().map(|(_, fact)| (fact.session_id.as_str(), fact.value.as_str(), fact.evidence.as_str()));
    let of_key = |session| [(session, "schedule", "sessionKey=cron"), (session, "cron:j1", "sessionKey")];
    assert_eq!(
        facts.collect::<Vec<_>>(),
        [of_key("s2"), of_key("s0")].concat(),
        "`s0` was the session of that key before"
    );
}

#[test]
fn a_table_or_column_that_is_missing_is_a_reject() {
    let read = |tables: &str| {
        let make = |path: &Path| Connection::open(path).unwrap().execute_batch(tables).unwrap();
        read_made(".openclaw/agents/a/agent/openclaw-agent.sqlite", make, SourceOptions::default())
    };
    let bare = read("create table transcript_events (session_id text, seq integer, body text);");
    assert_eq!(
        rejects(&bare),
        ["missing_field table session_nodes", "missing_field table transcript_events, column event_json"]
    );
    let early = read("create table memory_chunks (id text); create table auth (id text);");
    assert_eq!((rejects(&early).len(), early.ignored.get("database_without_sessions")), (0, Some(&1)));
}

#[test]
fn databases_are_known_by_their_tables_and_foreign_ones_are_nobodys() {
    let mesh = SourceOptions {
        openclaw: vec![OpenClawPlatform {
            name: "meshdesk".into(),
            roots: vec![".meshdesk".into()],
            ..OpenClawPlatform::default()
        }],
        ..SourceOptions::default()
    };
    let read = read_made(".meshdesk/agents/desk/store/desk.bin", agent_database, mesh);
    assert!(!read.events.is_empty() && read.events.iter().all(|(_, event)| event.client == "meshdesk"));
    assert!(!read_made("downloads/a-copy", agent_database, SourceOptions::default()).events.is_empty());

    let (input, _guard) = input_of("profile/places.sqlite", b"");
    let connection = Connection::open(&input.path).unwrap();
    connection
        .execute_batch("create table moz_places (id integer primary key, url text); create table message (id text);")
        .unwrap();
    let head = input.head().unwrap();
    let probe = Probe { path: &input.path, unit: Unit::File, head: &head, options: &input.options };
    assert_eq!(recognise(&probe).map(Source::name), None);
}

#[test]
fn the_committed_databases_are_those_made_here() {
    for (name, make) in [(AGENT, agent_database as fn(&Path)), (STATE, state_database)] {
        let committed = fixture_path(&OpenClaw, name);
        if std::env::var_os("FOOTLIGHT_RENEW").is_some() {
            std::fs::create_dir_all(committed.parent().unwrap()).unwrap();
            let _ = std::fs::remove_file(&committed);
            make(&committed);
        }
        assert!(std::fs::metadata(&committed).unwrap().len() < 100_000);
        let read = read_file(name);
        assert_eq!(read.snapshot(), read_made(name, make, SourceOptions::default()).snapshot(), "{name}");
    }
    assert_read("openclaw", "agent_database", &read_file(AGENT));
    assert_read("openclaw", "state_database", &read_file(STATE));
}
