//! `opencode.db`: sessions, messages and parts as rows.
//!
//! Owns which tables hold what. A row's `data` is the record that the JSON store had in a file, without the ids, which are columns; [`super::message`] reads it.

use super::message::{self, Placed, Thread};
use super::records::{Message, Part, Session};
use super::tell;
use crate::sources::json::{parse_last_wins, reject_reason, safe_detail};
use crate::sources::sqlite::{Database, Row};
use crate::sources::{Input, InputError, Reason, Sink};
use serde::de::DeserializeOwned;
use std::collections::{BTreeMap, BTreeSet};

const SESSIONS: &str = "session";
const MESSAGES: &str = "message";
const PARTS: &str = "part";
const NEXT_MESSAGES: &str = "session_message";

/// Whether these are the tables of the product.
pub(super) fn is_ours(tables: &BTreeSet<String>) -> bool {
    [SESSIONS, MESSAGES, PARTS].iter().all(|table| tables.contains(*table))
}

/// Reads a database.
pub(super) fn read(input: &Input, sink: &mut dyn Sink) -> Result<u64, InputError> {
    let database = Database::open(input, sink)?;
    sink.ignore("database");
    let mut sessions = read_sessions(&database, sink);
    let parts = database.select(PARTS, &["id", "message_id", "data"], &[], sink);
    let messages = database.select(MESSAGES, &["id", "session_id", "data"], &["time_created"], sink);
    let mut seen = BTreeSet::new();
    if let Some(messages) = messages {
        let parts = parts.as_ref().map(|parts| format!("{parts} where message_id = ?1 order by id"));
        let statement = format!("{messages} order by session_id, time_created, id");
        let mut thread = Thread::default();
        database.rows(MESSAGES, &statement, [], sink, &mut |row, sink| {
            let (Some(id), Some(session_id)) = (row.some_text(1, sink), row.some_text(2, sink)) else { return };
            if !seen.contains(session_id) {
                seen.insert(session_id.to_owned());
                // A session has its row before it has messages; without one its messages are read like those of the JSON store.
                thread = sessions.remove(session_id).map_or_else(Thread::default, Thread::of);
            }
            let Some(mut message) = record::<Message>(row, 3, sink) else { return };
            (message.id, message.session_id) = (Some(id.to_owned()), Some(session_id.to_owned()));
            let parts = parts.as_ref().map(|parts| parts_of(&database, parts, id, sink)).unwrap_or_default();
            message::read(message, parts, &mut thread, row.at(), sink);
        });
    }
    if let Some(parts) = parts.filter(|_| database.has(MESSAGES)) {
        let statement = format!("{parts} where message_id not in (select id from message)");
        database.rows(PARTS, &statement, [], sink, &mut |_, sink| sink.ignore("part.without_message"));
    }
    if database.has(NEXT_MESSAGES) {
        read_next_messages(&database, &seen, sink);
    }
    Ok(database.end())
}

fn read_sessions(database: &Database, sink: &mut dyn Sink) -> BTreeMap<String, Session> {
    let mut sessions = BTreeMap::new();
    let Some(select) = database.select(SESSIONS, &["id"], &["parent_id", "directory", "version"], sink) else {
        return sessions;
    };
    database.rows(SESSIONS, &select, [], sink, &mut |row, sink| {
        let Some(id) = row.some_text(1, sink) else { return };
        let own = |text: Option<&str>| text.map(str::to_owned);
        let session = Session {
            id: Some(id.to_owned()),
            parent_id: own(row.text(2, sink)),
            directory: own(row.text(3, sink)),
            version: own(row.text(4, sink)),
        };
        tell(&session, row.at(), sink);
        sessions.insert(id.to_owned(), session);
    });
    sessions
}

fn parts_of(database: &Database, statement: &str, message_id: &str, sink: &mut dyn Sink) -> Vec<Placed> {
    let mut parts = Vec::new();
    database.rows(PARTS, statement, [message_id], sink, &mut |row, sink| {
        let Some(id) = row.some_text(1, sink) else { return };
        if let Some(mut part) = record::<Part>(row, 3, sink) {
            part.id = Some(id.to_owned());
            parts.push((row.at(), part));
        }
    });
    parts
}

/// What a later design of the product keeps: a session's rows there repeat its messages. A session that has only them is not read.
fn read_next_messages(database: &Database, seen: &BTreeSet<String>, sink: &mut dyn Sink) {
    let Some(select) = database.select(NEXT_MESSAGES, &["session_id"], &[], sink) else { return };
    database.rows(NEXT_MESSAGES, &select, [], sink, &mut |row, sink| match row.some_text(1, sink) {
        Some(session_id) if seen.contains(session_id) => sink.ignore("session_message"),
        Some(_) => row.refuse(1, Reason::UnknownKind, sink),
        None => {}
    });
}

/// The record in a column. Null when it was rejected.
fn record<T: DeserializeOwned>(row: &Row<'_>, column: usize, sink: &mut dyn Sink) -> Option<T> {
    let text = row.some_text(column, sink)?;
    parse_last_wins(text).map_err(|error| sink.reject(row.at(), reject_reason(&error), &safe_detail(&error))).ok()
}
