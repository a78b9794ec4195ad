//! One message and its parts: a prompt, or a response with the calls it made.
//!
//! Owns which parts of a user message were typed and what a step knows of its session. Owns no files.

use super::identity::is_copy;
use super::records::{Message, Part, Session};
use super::{tools, usage};
use crate::events::{Effect, Event, Kind, Trigger};
use crate::fingerprint::{result_hash, sketch_answer, sketch_call};
use crate::sources::edits::{lines_written, text_field};
use crate::sources::json::moment;
use crate::sources::slash::keep_prompt;
use crate::sources::{Position, Reason, Sink, home_user};
use serde_json::Value;
use serde_json::value::RawValue;

/// The client name, followed by the version where a session tells it.
const CLIENT: &str = "opencode";

/// A part and where it stands.
pub(super) type Placed = (Position, Part);

/// What the messages of one document share.
#[derive(Default)]
pub(super) struct Thread {
    /// What is said of the session, in an export, the database or beside a message of the store.
    pub(super) session: Session,
    /// What started the run that the last prompt began, and the rule that says so.
    run: Option<(Trigger, &'static str)>,
}

impl Thread {
    /// The messages of a session.
    pub(super) fn of(session: Session) -> Self {
        let run = session.parent_id.is_some().then_some((Trigger::Agent, "session.parentID"));
        Self { session, run }
    }
}

/// Puts a message and its parts into the sink.
pub(super) fn read(message: Message, parts: Vec<Placed>, thread: &mut Thread, at: Position, sink: &mut dyn Sink) {
    let session = &thread.session;
    let Some(session_id) = message.session_id.clone().or_else(|| session.id.clone()).filter(|id| !id.is_empty()) else {
        return sink.reject(at, Reason::MissingField, "sessionID");
    };
    let Some(created_us) =
        when(message.time.as_ref().and_then(|time| time.created.as_deref()), "time.created", at, sink)
    else {
        return;
    };
    if message.id.as_deref().is_some_and(|id| is_copy(id, created_us)) {
        return sink.ignore("message.forked_copy");
    }
    let mut base = Event::new(created_us, session_id, Kind::Prompt, client(session));
    base.event_id.clone_from(&message.id);
    base.parent_session_id.clone_from(&session.parent_id);
    let directory = message.path.as_ref().and_then(|path| path.cwd.clone()).or_else(|| session.directory.clone());
    base.os_user = directory.as_deref().and_then(home_user).map(str::to_owned);
    // Outside a repository the root is that of the disk.
    let root = message.path.as_ref().and_then(|path| path.root.clone()).filter(|root| root.len() > 1);
    base.repo = root.or(directory);
    let is_agent = session.parent_id.is_some();
    if let Some((trigger, evidence)) = thread.run {
        (base.trigger, base.trigger_evidence) = (trigger, Some(evidence));
    }
    match message.role.as_deref() {
        Some("user") => prompt(base, &parts, is_agent, &mut thread.run, at, sink),
        Some("assistant") => response(base, message, parts, at, sink),
        Some(_) => sink.reject(at, Reason::UnknownKind, "role"),
        None => sink.reject(at, Reason::MissingField, "role"),
    }
}

fn client(session: &Session) -> String {
    match &session.version {
        Some(version) => format!("{CLIENT}/{version}"),
        None => CLIENT.to_owned(),
    }
}

/// A moment in microseconds. One that cannot be read is rejected.
fn when(raw: Option<&RawValue>, field: &str, at: Position, sink: &mut dyn Sink) -> Option<i64> {
    match raw.map(moment) {
        Some(Ok(moment)) => Some(moment.us),
        Some(Err(reason)) => {
            sink.reject(at, reason, field);
            None
        }
        None => {
            sink.reject(at, Reason::MissingField, field);
            None
        }
    }
}

/// The text parts, without those that `pass_over` names.
fn text_of(parts: &[Placed], pass_over: impl Fn(&Part) -> bool) -> String {
    let texts = parts.iter().filter(|(_, part)| part.kind.as_deref() == Some("text") && !pass_over(part));
    texts.filter_map(|(_, part)| part.text.as_deref()).collect::<Vec<_>>().join("\n")
}

fn prompt(
    mut event: Event,
    parts: &[Placed],
    is_agent: bool,
    run: &mut Option<(Trigger, &'static str)>,
    at: Position,
    sink: &mut dyn Sink,
) {
    let typed = text_of(parts, |part| part.synthetic == Some(true) || part.ignored == Some(true));
    if typed.trim().is_empty() && !parts.is_empty() {
        // Compactions, the results of commands and of subagents come in the user's name.
        return sink.ignore("user.synthetic");
    }
    if !is_agent {
        *run = (!typed.is_empty()).then_some((Trigger::Human, "text.bare"));
        event.trigger = run.map_or(Trigger::Unknown, |run| run.0);
        event.trigger_evidence = run.map(|run| run.1);
    }
    if !typed.is_empty() {
        keep_prompt(&mut event, &typed);
    }
    sink.event(at, event);
}

fn response(base: Event, mut message: Message, parts: Vec<Placed>, at: Position, sink: &mut dyn Sink) {
    let mut event = Event { kind: Kind::Completion, ..base.clone() };
    event.provider = message.provider_id.take();
    event.model = message.model_id.take();
    usage::fill(&mut event, &mut message, at, sink);
    let completed = message.time.as_ref().and_then(|time| time.completed.as_deref());
    if completed.is_some() {
        event.duration_ms =
            when(completed, "time.completed", at, sink).map(|end| (end - base.ts_us) / 1000).filter(|&ms| ms >= 0);
    }
    match message.error.as_ref().map(|error| error.name.as_deref().unwrap_or("")) {
        Some("MessageAbortedError") => event.marker = Some("interrupt"),
        Some(_) => event.is_error = Some(true),
        None if completed.is_some() => event.is_error = Some(false),
        None => {}
    }
    if message.summary == Some(Value::Bool(true)) {
        (event.trigger, event.trigger_evidence) = (Trigger::Agent, Some("message.summary"));
    }
    let text = text_of(&parts, |_| false);
    event.text = (!text.is_empty()).then(|| sketch_answer(&text));
    let (provider, model) = (event.provider.clone(), event.model.clone());
    sink.event(at, event);
    for (index, (at, part)) in parts.into_iter().enumerate() {
        match part.kind.as_deref() {
            Some("tool") => {
                let id = part.id.clone().or_else(|| Some(format!("{}#{index}", base.event_id.as_deref()?)));
                let step = Event { event_id: id, provider: provider.clone(), model: model.clone(), ..base.clone() };
                call(step, part, at, sink);
            }
            Some("text") => {}
            Some("reasoning") => sink.ignore("part.reasoning"),
            Some("step-start") => sink.ignore("part.step-start"),
            // The usage of a step of the response, whose sum the message has.
            Some("step-finish") => sink.ignore("part.step-finish"),
            Some("snapshot" | "patch" | "file" | "agent" | "subtask" | "compaction" | "retry") => {
                sink.ignore("part.other");
            }
            Some(_) => sink.reject(at, Reason::UnknownKind, "part.type"),
            None => sink.reject(at, Reason::MissingField, "part.type"),
        }
    }
}

fn call(base: Event, part: Part, at: Position, sink: &mut dyn Sink) {
    let (Some(tool), Some(state)) = (part.tool.filter(|tool| !tool.is_empty()), part.state) else {
        return sink.reject(at, Reason::MissingField, "part.tool");
    };
    let (effect, system) = tools::effect_and_system(&tool);
    let started = state.time.as_ref().and_then(|time| time.created.as_deref());
    let started_us =
        started.and_then(|started| when(Some(started), "state.time.start", at, sink)).unwrap_or(base.ts_us);
    let mut asked = Event { kind: Kind::ToolCall, ts_us: started_us, ..base };
    asked.tool_name = Some(tool.clone());
    asked.call_id = part.call_id;
    asked.effect = effect;
    asked.system = system.map(str::to_owned);
    asked.path = text_field(&state.input, &["filePath", "path"]).map(str::to_owned);
    let mut ended = Event { kind: Kind::ToolResult, ..asked.clone() };
    let sketch = sketch_call(&tool, &state.input.to_string());
    (asked.call_hash, asked.call_names, asked.marker) = (Some(sketch.hash), sketch.names, sketch.marker);
    sink.event(at, asked);
    let (is_error, said) = match state.status.as_deref() {
        Some("completed") => (false, state.output),
        Some("error") => (true, state.error),
        // Still running when the file was written, or cut off.
        _ => return sink.ignore("part.tool.unfinished"),
    };
    let end = state.time.as_ref().and_then(|time| time.completed.as_deref());
    if let Some(end_us) = end.and_then(|end| when(Some(end), "state.time.end", at, sink)) {
        ended.ts_us = end_us;
        ended.duration_ms = Some((end_us - started_us) / 1000).filter(|&ms| ms >= 0);
    }
    ended.is_error = Some(is_error);
    let said = match said {
        Some(Value::String(text)) => text,
        Some(other) => other.to_string(),
        None => String::new(),
    };
    ended.result_hash = Some(result_hash(&said));
    if effect == Some(Effect::Write) && !is_error {
        ended.added_lines = lines_written(&state.input);
    }
    sink.event(at, ended);
}
