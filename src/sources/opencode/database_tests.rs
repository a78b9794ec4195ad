//! Databases that hold what the exports of the fixtures hold: the same records must be the same steps.
//!
//! They are made here from those exports, in the tables of the package 1.18.34 as far as they are read. `FOOTLIGHT_RENEW=1` writes the one that is committed.

use super::OpenCode;
use crate::events::ids::{event_key, fact_key};
use crate::sources::testing::{Recorded, assert_read, file_input, fixture_bytes, fixture_path, input_of};
use crate::sources::{Input, Probe, Source, Unit, recognise};
use rusqlite::Connection;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

const DATABASE: &str = "opencode/opencode.db";
const TABLES: &str = "
    create table project (id text primary key, worktree text not null);
    create table session (id text primary key, project_id text not null, parent_id text, slug text not null, directory text not null, title text not null,
        version text not null, cost real default 0 not null, tokens_input integer default 0 not null, time_created integer not null);
    create table message (id text primary key, session_id text not null, time_created integer not null, time_updated integer not null, data text not null);
    create table part (id text primary key, message_id text not null, session_id text not null, time_created integer not null, time_updated integer not null, data text not null);
    create table session_message (id text primary key, session_id text not null, type text not null, seq integer not null, data text not null);
    create index message_session_time_created_id_idx on message (session_id, time_created, id);
    create index part_message_id_id_idx on part (message_id, id);
";

/// Puts an export into a database as the product does: ids are columns and leave the record. Records without an id cannot stand in it.
fn put(connection: &Connection, export: &str) {
    let export: Value = serde_json::from_slice(&fixture_bytes(&OpenCode, export)).unwrap();
    let info = &export["info"];
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let session = text(&info["id"]).unwrap();
    connection
        .execute(
            "insert into session (id, project_id, parent_id, slug, directory, title, version, time_created) values (?1, 'p', ?2, '', ?3, '', ?4, 0)",
            rusqlite::params![session, text(&info["parentID"]), text(&info["directory"]), text(&info["version"]).unwrap_or_default()],
        )
        .unwrap();
    for (number, message) in export["messages"].as_array().unwrap().iter().enumerate() {
        let mut record = message["info"].clone();
        let Some(fields) = record.as_object_mut() else { continue };
        let Some(id) = fields.remove("id").as_ref().and_then(text) else { continue };
        fields.remove("sessionID");
        let insert = "insert or ignore into message values (?1, ?2, ?3, 0, ?4)";
        connection.execute(insert, rusqlite::params![id, session, number as i64, record.to_string()]).unwrap();
        for (order, part) in message["parts"].as_array().into_iter().flatten().enumerate() {
            let mut part = part.clone();
            let Some(fields) = part.as_object_mut() else { continue };
            fields.remove("messageID");
            fields.remove("sessionID");
            let part_id = fields.remove("id").as_ref().and_then(text).unwrap_or_default();
            // Fixtures use a part's id more than once; calls keep theirs, by which they are known.
            let is_call = fields.get("type").is_some_and(|kind| kind == "tool") && !part_id.is_empty();
            let part_id = if is_call { part_id } else { format!("prt_{session}_{number:03}_{order:03}") };
            let insert = "insert or ignore into part values (?1, ?2, ?3, 0, 0, ?4)";
            connection.execute(insert, rusqlite::params![part_id, id, session, part.to_string()]).unwrap();
        }
    }
}

fn database(path: &Path) {
    let connection = Connection::open(path).unwrap();
    connection.execute_batch(&format!("begin; {TABLES}")).unwrap();
    put(&connection, "export.json");
    put(&connection, "export_subagent.json");
    connection
        .execute_batch("insert into session_message values ('sm', 'ses_main', 'user', 1, '{}'); commit;")
        .unwrap();
}

fn made(name: &str, make: impl Fn(&Connection)) -> (Input, tempfile::TempDir) {
    let (input, guard) = input_of(name, b"");
    let connection = Connection::open(&input.path).unwrap();
    connection.execute_batch(TABLES).unwrap();
    make(&connection);
    (input, guard)
}

fn read(input: &Input) -> Recorded {
    let head = input.head().unwrap();
    let probe = Probe { path: &input.path, unit: Unit::File, head: &head, options: &input.options };
    assert_eq!(recognise(&probe).map(Source::name), Some("opencode"), "{}", input.name);
    let mut sink = Recorded::default();
    OpenCode.read(input, &mut sink).unwrap();
    sink
}

fn fixture(name: &str) -> Recorded {
    read(&file_input(&fixture_path(&OpenCode, name), name))
}

fn told(read: &Recorded) -> BTreeMap<String, String> {
    let events =
        read.events.iter().map(|(_, event)| (format!("{:?}", event_key("opencode", event)), format!("{event:?}")));
    let facts = read.facts.iter().map(|(_, fact)| (format!("{:?}", fact_key("opencode", fact)), format!("{fact:?}")));
    events.chain(facts).collect()
}

#[test]
fn a_database_and_the_exports_of_it_tell_the_same() {
    let (input, _guard) = input_of("opencode-dev.db", b"");
    database(&input.path);
    let ours = told(&read(&input));
    let exports = [fixture("export.json"), fixture("export_subagent.json")];
    let theirs: BTreeMap<_, _> = exports.iter().flat_map(told).collect();
    let known: Vec<_> = ours.keys().filter(|key| theirs.contains_key(*key)).collect();
    assert!(known.len() > 20, "{}", known.len());
    for key in known {
        assert_eq!(ours[key], theirs[key]);
    }
    let strangers: Vec<_> = ours.iter().filter(|(key, _)| !theirs.contains_key(*key)).collect();
    assert!(strangers.is_empty(), "{strangers:#?}");
}

#[test]
fn rows_that_cannot_be_read_say_which_they_are_and_the_rest_is_read() {
    let (input, _guard) = made("any-name.sqlite3", |connection| {
        connection
            .execute_batch(
                r#"insert into session (id, project_id, slug, directory, title, version, time_created) values ('s', 'p', '', '/home/ada/shop', '', '1.18.34', 0);
                insert into message values
                    ('m1', 's', 1, 0, '{"role":"user","time":{"created":1780304400000}}'), ('m2', 's', 2, 0, '{"role":'), ('m3', 's', 3, 0, x'7b7d'),
                    ('m4', 's', 4, 0, '{"role":"assistant","time":{"created":1780304401000},"tokens":{"input":1,"output":2}}'),
                    ('m5', '', 5, 0, '{}'), ('m6', 's', 6, 0, '{"role":"ghost","time":{"created":1780304401000}}');
                insert into part values
                    ('p1', 'm1', 's', 0, 0, '{"type":"text","text":"hello"}'), ('p2', 'm4', 's', 0, 0, 'no json'),
                    ('p3', 'gone', 's', 0, 0, '{"type":"text","text":"of nobody"}'), ('p4', 'm4', 's', 0, 0, '{"type":"text","text":"hi"}');
                insert into session_message values ('x', 's', 'user', 1, '{}'), ('y', 'only there', 'user', 1, '{}');"#,
            )
            .unwrap();
    });
    insta::assert_snapshot!(read(&input).snapshot(), @r#"
    event @1:0 prompt 2026-06-01T09:00:00Z session=s trigger=human client=opencode/1.18.34 why=text.bare id=m1 os_user=ada repo=/home/ada/shop words=1
    event @4:0 completion 2026-06-01T09:00:01Z session=s trigger=human client=opencode/1.18.34 why=text.bare id=m4 os_user=ada in=1 out=2 basis=reported repo=/home/ada/shop words=1
    reject @5:0 missing_field table message, row 5: session_id
    reject @2:0 bad_json table message, row 2: unexpected end at column 8
    reject @3:0 bad_value table message, row 3: data
    reject @2:0 bad_json table message, row 4: table part, row 2: syntax error at column 2
    reject @6:0 unknown_kind table message, row 6: role
    reject @2:0 unknown_kind table session_message, row 2: session_id
    ignored database 1
    ignored part.without_message 1
    ignored session 1
    ignored session_message 1
    "#);
}

#[test]
fn a_session_that_stands_in_rows_of_a_message_alone_has_no_parent_and_is_read() {
    let (input, _guard) = made("opencode.db", |connection| {
        connection
            .execute_batch(r#"insert into message values ('m', 'lost', 1, 0, '{"role":"user","time":{"created":1780304400000}}');"#)
            .unwrap();
    });
    let read = read(&input);
    assert_eq!((read.events.len(), read.rejects.len(), read.facts.len()), (1, 0, 0));
}

#[test]
fn a_database_of_that_name_without_the_tables_says_which_it_lacks() {
    let (input, _guard) = input_of("opencode.db", b"");
    Connection::open(&input.path)
        .unwrap()
        .execute_batch("create table session (id text, title text); create table message (id text);")
        .unwrap();
    let details: Vec<String> =
        read(&input).rejects.into_iter().map(|(_, reason, detail)| format!("{} {detail}", reason.as_str())).collect();
    assert_eq!(details, ["missing_field table part", "missing_field table message, column session_id"]);
}

#[test]
fn an_empty_database_is_counted() {
    let (input, _guard) = made("opencode.db", |_| {});
    assert_eq!(read(&input).snapshot(), "ignored database 1\n");
}

#[test]
fn the_committed_database_is_the_one_made_here() {
    let committed = fixture_path(&OpenCode, DATABASE);
    if std::env::var_os("FOOTLIGHT_RENEW").is_some() {
        let _ = std::fs::remove_file(&committed);
        database(&committed);
    }
    assert!(std::fs::metadata(&committed).unwrap().len() < 100_000);
    let (input, _guard) = input_of(DATABASE, b"");
    database(&input.path);
    let read = fixture(DATABASE);
    assert_eq!(read.snapshot(), self::read(&input).snapshot());
    assert_read("opencode", "database", &read);
}
