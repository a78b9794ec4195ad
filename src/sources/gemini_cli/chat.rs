//! A chat: its messages in order, each with its last copy, and what steps inherit from the prompt before them.
//!
//! Owns the state of one file. Owns no rules: those are in [`super::prompts`], [`super::usage`] and [`super::tools`].

use super::prompts::{Said, said};
use super::records::{Header, LineKind, Message, ToolCall, parse_message, result_text, text_of};
use super::records::{Line as LineKeys, Tokens};
use super::{tools, usage};
use crate::events::{Effect, Event, Kind, Trigger};
use crate::fingerprint::{result_hash, sketch_answer, sketch_call};
use crate::sources::edits::{lines_written, text_field};
use crate::sources::json::{Moment, moment, parse_last_wins, reject_reason, safe_detail};
use crate::sources::slash::keep_prompt;
use crate::sources::{Handled, Line, Position, Reason, Sink, home_user};

/// The client name; no file says which version wrote it.
const CLIENT: &str = "gemini-cli";

/// One chat file.
pub(super) struct Chat {
    session_id: String,
    parent_session_id: Option<String>,
    directory: Option<String>,
    trigger: Trigger,
    evidence: Option<&'static str>,
    /// The last message read: lines that write it again may follow.
    pending: Option<(Position, Message)>,
}

impl Chat {
    /// A chat whose session is named by its file until a header says better. `parent` is the session whose directory the file stands in.
    pub(super) fn new(named_session: &str, parent: Option<&str>) -> Self {
        Self {
            session_id: named_session.to_owned(),
            parent_session_id: parent.map(str::to_owned),
            directory: None,
            trigger: Trigger::Unknown,
            evidence: None,
            pending: None,
        }
    }

    /// Reads a line of the newer form.
    pub(super) fn line(&mut self, line: &Line<'_>, sink: &mut dyn Sink) -> Handled {
        let kind = match parse_last_wins::<LineKeys>(line.text) {
            Ok(keys) => keys.kind(),
            Err(_) if !line.complete => return Handled::Torn,
            Err(error) => {
                self.unreadable();
                sink.reject(line.at, reject_reason(&error), &safe_detail(&error));
                return Handled::Done;
            }
        };
        match kind {
            LineKind::Header => match parse_last_wins::<Header>(line.text) {
                Ok(header) => {
                    self.header(header);
                    sink.ignore("header");
                }
                Err(error) => sink.reject(line.at, reject_reason(&error), &safe_detail(&error)),
            },
            LineKind::Message => self.message(line.text, line.at, sink),
            // Told again, shortened or masked: every message stands in a line of its own.
            LineKind::Set => sink.ignore("set"),
            // The conversation forgets what was said since; it was billed all the same.
            LineKind::Rewind => sink.ignore("rewind"),
            LineKind::Unknown => sink.reject(line.at, Reason::UnknownKind, "record"),
        }
        Handled::Done
    }

    /// Reads what says whose chat it is.
    pub(super) fn header(&mut self, header: Header) {
        if let Some(id) = header.session_id.filter(|id| !id.is_empty()) {
            self.session_id = id;
        }
        self.parent_session_id = self.parent_session_id.take().filter(|parent| *parent != self.session_id);
        self.directory = header.directories.and_then(|directories| directories.into_iter().next());
        if header.kind.as_deref() == Some("subagent") {
            (self.trigger, self.evidence) = (Trigger::Agent, Some("kind=subagent"));
        } else {
            self.parent_session_id = None;
        }
    }

    /// Reads a message: it replaces the one before if that has the same id.
    pub(super) fn message(&mut self, text: &str, at: Position, sink: &mut dyn Sink) {
        let message = match parse_message(text) {
            Ok(message) => message,
            Err(error) => {
                self.finish(sink);
                self.unreadable();
                return sink.reject(at, reject_reason(&error), &safe_detail(&error));
            }
        };
        let is_again = self.pending.as_ref().is_some_and(|(_, before)| before.id.is_some() && before.id == message.id);
        if is_again {
            sink.ignore("message.written_again");
        } else {
            self.finish(sink);
        }
        self.pending = Some((at, message));
    }

    /// What could not be read may have been the next prompt, so what follows must not inherit from the one before.
    fn unreadable(&mut self) {
        if self.trigger == Trigger::Human {
            (self.trigger, self.evidence) = (Trigger::Unknown, None);
        }
    }

    /// Reads the last message.
    pub(super) fn finish(&mut self, sink: &mut dyn Sink) {
        let Some((at, message)) = self.pending.take() else { return };
        let moment = match message.timestamp.as_deref().map(moment) {
            Some(Ok(moment)) => moment,
            Some(Err(reason)) => return sink.reject(at, reason, "timestamp"),
            None => return sink.reject(at, Reason::MissingField, "timestamp"),
        };
        match message.kind.as_deref() {
            Some("user") => self.prompt(&message, moment, at, sink),
            Some("gemini") => self.response(message, moment, at, sink),
            Some("info") => sink.ignore("info"),
            Some("warning") => sink.ignore("warning"),
            Some("error") => sink.ignore("error"),
            Some(_) => sink.reject(at, Reason::UnknownKind, "type"),
            None => sink.reject(at, Reason::MissingField, "type"),
        }
    }

    fn step(&self, kind: Kind, moment: Moment, id: Option<String>) -> Event {
        let mut event = Event::new(moment.us, self.session_id.as_str(), kind, CLIENT);
        event.utc_offset_min = moment.offset_min;
        event.event_id = id.map(|id| format!("{}:{id}", self.session_id));
        event.parent_session_id.clone_from(&self.parent_session_id);
        event.trigger = self.trigger;
        event.trigger_evidence = self.evidence;
        event.os_user = self.directory.as_deref().and_then(home_user).map(str::to_owned);
        event.repo.clone_from(&self.directory);
        event
    }

    fn prompt(&mut self, message: &Message, moment: Moment, at: Position, sink: &mut dyn Sink) {
        let is_agent = self.evidence == Some("kind=subagent");
        let (text, marker) = match said(message) {
            Said::Machine(kind) => return sink.ignore(kind),
            // The run goes on: what started it stays.
            Said::Continue(text) => (text, Some("continue")),
            Said::Typed(text) => {
                if !is_agent {
                    (self.trigger, self.evidence) = (Trigger::Human, Some("text.bare"));
                }
                (text, None)
            }
        };
        let mut event = self.step(Kind::Prompt, moment, message.id.clone());
        event.marker = marker;
        keep_prompt(&mut event, &text);
        sink.event(at, event);
    }

    fn response(&mut self, mut message: Message, moment: Moment, at: Position, sink: &mut dyn Sink) {
        let text = message.content.as_ref().and_then(text_of).unwrap_or_default();
        let calls = message.tool_calls.take().unwrap_or_default();
        let tokens: Option<Tokens> = message.tokens.take();
        // Calls of one response may stand in a second record without tokens: that is no second response.
        if tokens.is_some() || !text.is_empty() || calls.is_empty() {
            let mut event = self.step(Kind::Completion, moment, message.id.clone());
            event.provider = Some("google".to_owned());
            event.model.clone_from(&message.model);
            usage::fill(&mut event, tokens, at, sink);
            if !text.is_empty() {
                event.text = Some(sketch_answer(&text));
            }
            sink.event(at, event);
        } else {
            sink.ignore("gemini.calls_only");
        }
        for (index, call) in calls.into_iter().enumerate() {
            let id = call.id.clone().or_else(|| Some(format!("{}#{index}", message.id.as_deref()?)));
            self.call(call, id, message.model.as_deref(), moment, at, sink);
        }
    }

    fn call(
        &self,
        call: ToolCall,
        id: Option<String>,
        model: Option<&str>,
        answered: Moment,
        at: Position,
        sink: &mut dyn Sink,
    ) {
        let Some(tool) = call.name.filter(|name| !name.is_empty()) else {
            return sink.reject(at, Reason::MissingField, "toolCalls.name");
        };
        let ended = match call.timestamp.as_deref().map(moment) {
            Some(Ok(moment)) => moment,
            Some(Err(reason)) => {
                sink.reject(at, reason, "toolCalls.timestamp");
                answered
            }
            None => answered,
        };
        let (effect, system) = tools::effect_and_system(&tool);
        let describe = |event: &mut Event| {
            event.model = model.map(str::to_owned);
            event.provider = Some("google".to_owned());
            event.tool_name = Some(tool.clone());
            event.call_id.clone_from(&call.id);
            event.effect = effect;
            event.system = system.map(str::to_owned);
            event.path = text_field(&call.args, &["file_path", "path", "absolute_path", "dir_path"]).map(str::to_owned);
        };
        let mut asked = self.step(Kind::ToolCall, answered, id.clone());
        describe(&mut asked);
        let sketch = sketch_call(&tool, &call.args.to_string());
        (asked.call_hash, asked.call_names, asked.marker) = (Some(sketch.hash), sketch.names, sketch.marker);
        sink.event(at, asked);
        let is_error = match call.status.as_deref() {
            Some("success") => false,
            Some("error" | "cancelled") => true,
            // Still running when the file was written, or never run.
            _ => return sink.ignore("tool_call.unfinished"),
        };
        let mut result = self.step(Kind::ToolResult, ended, id);
        describe(&mut result);
        result.is_error = Some(is_error);
        result.result_hash = Some(result_hash(&call.result.as_ref().map(result_text).unwrap_or_default()));
        if effect == Some(Effect::Write) && system == Some("filesystem") && !is_error {
            result.added_lines = lines_written(&call.args);
        }
        sink.event(at, result);
    }
}
