//! OpenCode: its database, `opencode export` documents, and the JSON store of versions before the database.
//!
//! Owns which file is which and finding the parts of a message. Rules and their reasons stand in `README.md`.

mod database;
#[cfg(test)]
mod database_tests;
mod home;
mod identity;
mod message;
mod records;
#[cfg(test)]
mod tests;
mod tools;
mod usage;

use super::companions::Home;
use super::document::read_text;
use super::json::{parse_last_wins, reject_reason, safe_detail};
use super::{Description, Input, InputError, Position, Probe, Reason, Sink, Source, Unit, sqlite};
use crate::events::{Fact, FactName, Trigger};
use message::{Placed, Thread};
use records::{Export, ExportedMessage, Message, Part, Session};
use serde::de::DeserializeOwned;
use std::path::{Path, PathBuf};

/// Sessions of OpenCode.
pub struct OpenCode;

/// How reliable it is that a session was started by the one that it names as its parent.
const RANK_PARENT: i32 = 3;
/// Projects of a store among which a session is looked for at most; a store has tens.
const PROJECTS: usize = 10_000;
/// Parts of one message that are looked for at most; a message has tens.
const PARTS: usize = 10_000;

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// `opencode export`.
    Export,
    /// `storage/session/<project>/<session>.json`.
    Session,
    /// `storage/message/<session>/<message>.json`.
    Message,
    /// `opencode.db` or `opencode-<channel>.db`.
    Database,
    /// Known, and read as nothing or with another file: the word is the ignored kind.
    Nothing(&'static str),
}

impl Form {
    fn of(probe: &Probe<'_>) -> Option<Self> {
        if probe.unit != Unit::File {
            return None;
        }
        if sqlite::is_database(probe.head) {
            // By its tables, whatever it is called; one of that name without them is told of.
            let is_ours = probe.plain_name().starts_with("opencode")
                || sqlite::tables(probe).is_some_and(|tables| database::is_ours(&tables));
            return is_ours.then_some(Form::Database);
        }
        // The input may be a directory inside the store, or the one that it is in.
        let directory = store_directory(probe.path);
        let start = probe.lines().next()?.trim_ascii_start();
        let holds = |needle: &str| memchr::memmem::find(probe.head, needle.as_bytes()).is_some();
        if !start.starts_with(b"{") {
            return matches!(directory, Some("todo" | "session_diff")).then_some(Form::Nothing("store"));
        }
        // Quotes inside texts are escaped, so these are keys.
        if holds("\"projectID\"") && holds("\"directory\"") {
            return Some(if holds("\"info\"") { Form::Export } else { Form::Session });
        }
        if holds("\"sessionID\"") && holds("\"messageID\"") && holds("\"type\"") {
            return Some(Form::Nothing("part"));
        }
        if holds("\"sessionID\"") && holds("\"role\"") {
            return Some(Form::Message);
        }
        matches!(directory, Some("project" | "todo" | "session_diff")).then_some(Form::Nothing("store"))
    }
}

/// The directory of `opencode/storage` that a file stands below.
fn store_directory(path: &Path) -> Option<&str> {
    let parts: Vec<&str> = path.components().filter_map(|part| part.as_os_str().to_str()).collect();
    let place = parts.windows(2).position(|pair| pair == ["opencode", "storage"])?;
    parts.get(place + 2).copied()
}

impl Source for OpenCode {
    fn name(&self) -> &'static str {
        "opencode"
    }

    fn description(&self) -> Description {
        Description {
            title: "OpenCode sessions",
            files: "~/.local/share/opencode/opencode.db and opencode-*.db; documents of `opencode export`; \
                    ~/.local/share/opencode/storage/{session,message,part} of versions before the database",
            tells: "prompts, usage and cost of each response, tool calls and results, lines written, subagents, working directory",
            cannot_tell: "the account; headless runs from typed ones",
        }
    }

    fn recognises(&self, probe: &Probe<'_>) -> bool {
        Form::of(probe).is_some()
    }

    fn home(&self) -> Option<&'static Home> {
        Some(&home::HOME)
    }

    fn read(&self, input: &Input, sink: &mut dyn Sink) -> Result<u64, InputError> {
        let head = input.head()?;
        let probe = Probe { path: &input.path, unit: input.unit, head: &head, options: &input.options };
        match Form::of(&probe) {
            Some(Form::Export) => read_export(input, sink),
            Some(Form::Session) => read_session(input, sink),
            Some(Form::Message) | None => read_message(input, sink),
            Some(Form::Database) => database::read(input, sink),
            Some(Form::Nothing(kind)) => {
                sink.ignore(kind);
                Ok(0)
            }
        }
    }
}

/// Parses a piece of a document. Null when it was rejected.
fn piece<T: DeserializeOwned>(text: &str, at: Position, sink: &mut dyn Sink) -> Option<T> {
    parse_last_wins(text).map_err(|error| sink.reject(at, reject_reason(&error), &safe_detail(&error))).ok()
}

fn read_export(input: &Input, sink: &mut dyn Sink) -> Result<u64, InputError> {
    let text = match read_text(input, sink)? {
        Ok(text) => text,
        Err(end) => return Ok(end),
    };
    let export: Export<'_> = match text.parse(sink) {
        Ok(export) => export,
        Err(end) => return Ok(end),
    };
    let at = text.position(export.info.get());
    let session: Session = piece(export.info.get(), at, sink).unwrap_or_default();
    tell(&session, at, sink);
    let mut thread = Thread::of(session);
    for raw in &export.messages.0 {
        let at = text.position(raw.get());
        let whole = serde_json::from_str::<ExportedMessage<'_>>(raw.get());
        let message = match whole {
            Ok(message) => message,
            Err(error) => {
                sink.reject(at, reject_reason(&error), &safe_detail(&error));
                continue;
            }
        };
        let mut parts = Vec::new();
        for raw in message.parts.iter().flat_map(|parts| &parts.0) {
            let at = text.position(raw.get());
            parts.extend(piece(raw.get(), at, sink).map(|part: Part| (at, part)));
        }
        if let Some(info) = piece::<Message>(message.info.get(), at, sink) {
            message::read(info, parts, &mut thread, at, sink);
        }
    }
    Ok(text.length)
}

fn read_session(input: &Input, sink: &mut dyn Sink) -> Result<u64, InputError> {
    let text = match read_text(input, sink)? {
        Ok(text) => text,
        Err(end) => return Ok(end),
    };
    match text.parse::<Session>(sink) {
        Ok(session) => {
            tell(&session, Position::default(), sink);
            Ok(text.length)
        }
        Err(end) => Ok(end),
    }
}

/// Says who started a session, for its messages that stand in other files.
fn tell(session: &Session, at: Position, sink: &mut dyn Sink) {
    let Some(id) = session.id.as_deref().filter(|id| !id.is_empty()) else {
        return sink.reject(at, Reason::MissingField, "id");
    };
    let Some(parent) = session.parent_id.as_deref().filter(|parent| *parent != id) else {
        return sink.ignore("session");
    };
    for (name, value) in [(FactName::Parent, parent), (FactName::Trigger, Trigger::Agent.as_str())] {
        let (session_id, value, evidence) = (id.to_owned(), value.to_owned(), "session.parentID".to_owned());
        sink.fact(at, Fact { session_id, ts_us: None, name, value, rank: RANK_PARENT, evidence });
    }
}

fn read_message(input: &Input, sink: &mut dyn Sink) -> Result<u64, InputError> {
    let text = match read_text(input, sink)? {
        Ok(text) => text,
        Err(end) => return Ok(end),
    };
    let message: Message = match text.parse(sink) {
        Ok(message) => message,
        Err(end) => return Ok(end),
    };
    let parts = parts_of(&message, input, sink);
    let mut thread = Thread::of(session_of(&message, input));
    message::read(message, parts, &mut thread, Position::default(), sink);
    Ok(text.length)
}

/// What the store says of a message's session, nothing where it has none: `…/storage/message/<session>/<message>.json` has it in
/// `…/storage/session/<project>/<session>.json`. That file is an input of its own, so what cannot be read of it is told there.
fn session_of(message: &Message, input: &Input) -> Session {
    let read = || {
        let id = message.session_id.as_deref().filter(|id| is_plain_id(id))?;
        let projects = std::fs::read_dir(messages_directory(&input.path)?.with_file_name("session")).ok()?;
        let mut projects: Vec<PathBuf> = projects.flatten().map(|entry| entry.path()).take(PROJECTS).collect();
        projects.sort();
        let file = projects.into_iter().find_map(|project| input.beside(project.join(format!("{id}.json"))))?;
        parse_last_wins(&file.small_text().ok()?).ok()
    };
    read().unwrap_or_default()
}

/// Whether an id can be the name of a file, and no way to another place.
fn is_plain_id(id: &str) -> bool {
    !id.is_empty() && id.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
}

/// The directory `message` of the store that a message stands in.
fn messages_directory(path: &Path) -> Option<&Path> {
    let messages = path.parent().and_then(Path::parent)?;
    messages.file_name().is_some_and(|name| name == "message").then_some(messages)
}

/// The parts of a message of the store, in the order of their ids, which is that of their making. A message is one thing in several files, and
/// the file of its information is written last, so they are read with it and not by themselves.
fn parts_of(message: &Message, input: &Input, sink: &mut dyn Sink) -> Vec<Placed> {
    let directory = match parts_directory(message, &input.path) {
        Ok(directory) => directory,
        Err(kind) => {
            sink.ignore(kind);
            return Vec::new();
        }
    };
    let mut paths: Vec<PathBuf> = std::fs::read_dir(directory)
        .map(|entries| entries.flatten().map(|entry| entry.path()).take(PARTS).collect())
        .unwrap_or_default();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    paths.sort();
    let mut parts = Vec::new();
    for part in paths.into_iter().filter_map(|path| input.beside(path)) {
        match part.small_text() {
            Ok(text) => {
                let part = piece(&text, Position::default(), sink);
                parts.extend(part.map(|part| (Position::default(), part)));
            }
            Err(error) => sink.reject(Position::default(), error.reason(), "part"),
        }
    }
    parts
}

/// `…/storage/message/<session>/<message>.json` has its parts in `…/storage/part/<message>/`, by the id in the record or, where that leads nowhere, by the
/// name of the file, which the product makes of the same id. The error is the ignored kind of a message whose parts are nowhere.
fn parts_directory(message: &Message, path: &Path) -> Result<PathBuf, &'static str> {
    let messages = messages_directory(path);
    let id = message.id.as_deref().filter(|id| is_plain_id(id));
    let stem = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.split('.').next());
    let stem = stem.filter(|stem| is_plain_id(stem));
    let found = messages.and_then(|messages| {
        let of = |id: &str| messages.with_file_name("part").join(id);
        id.into_iter().chain(stem).map(of).find(|directory| directory.is_dir())
    });
    let kind =
        if id.is_some() && messages.is_some() { "message.without_parts" } else { "message.parts_not_looked_for" };
    found.ok_or(kind)
}
