//! One rollout, line by line: which records become steps and how calls, answers and counters of one thread meet.
//!
//! Owns the state of one file. Owns neither framing nor what single records mean ([`super::usage`], [`super::tools`]).

mod ends;
mod items;
#[cfg(test)]
mod tests;
mod turn;
mod whole;

use super::kinds::{IGNORED_EVENTS, IGNORED_ITEMS, IGNORED_LINES, known};
use super::records::{
    AgentMessage, Envelope, HostedToolCall, PayloadKind, SessionMeta, TokenCount, ToolCall, ToolOutput, TurnAborted,
    TurnContext, TurnId, UserMessage,
};
use super::replay::{Origin, Replay};
use super::thread::{self, Thread};
use super::tools;
use super::usage::{Counter, Step};
use crate::events::{Approval, Effect, Event, Kind, TokenBasis};
use crate::fingerprint::{CallSketch, sketch_answer, sketch_call};
use crate::sources::json::{parse_rfc3339, reject_reason, safe_detail};
use crate::sources::quick_json;
use crate::sources::{Handled, Line, Position, Reason, Sink};
use ends::End;
use items::Form;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::HashMap;
use std::rc::Rc;
use turn::Turn;
use whole::Whole;

/// What a call leaves for its answer.
#[derive(Default)]
struct Call {
    tool_name: Option<Rc<str>>,
    effect: Option<Effect>,
    system: Option<&'static str>,
    patch: tools::Patch,
    answered: bool,
}

/// The state of one file.
#[derive(Default)]
pub(super) struct Rollout {
    /// The file's own thread first, then the ancestors whose history it begins with.
    threads: Vec<Rc<Thread>>,
    replay: Replay,
    counter: Counter,
    turn: Rc<Turn>,
    calls: HashMap<String, Call>,
    /// What the executor said of a call before the model saw the answer; the answer takes it in.
    ends: HashMap<String, End>,
    /// What the agent said since the last counted response.
    said: String,
    /// The last message: whose it was, how it was told and its hash.
    last_message: Option<(Kind, Form, i64)>,
    /// Whether the file's own turns have begun.
    has_prompt: bool,
}

/// Parses a payload or rejects the line.
fn parse<'a, T: Deserialize<'a>>(payload: &'a RawValue, at: Position, sink: &mut dyn Sink) -> Option<T> {
    quick_json::from_str(payload.get())
        .map_err(|error| sink.reject(at, reject_reason(&error), &safe_detail(&error)))
        .ok()
}

impl Rollout {
    /// A rollout whose thread is `id` unless a first line says otherwise.
    pub(super) fn new(id: &str) -> Self {
        Self { threads: vec![Rc::new(Thread::unintroduced(id))], ..Self::default() }
    }

    /// Takes one line.
    pub(super) fn line(&mut self, line: &Line<'_>, sink: &mut dyn Sink) -> Handled {
        if let Some(whole) = Whole::read(line.text) {
            match parse_rfc3339(whole.timestamp) {
                Ok(moment) => self.payload(whole.payload, moment.us, line.at, sink),
                Err(reason) => sink.reject(line.at, reason, "timestamp"),
            }
            return Handled::Done;
        }
        let envelope: Envelope<'_> = match quick_json::from_str(line.text) {
            Ok(envelope) => envelope,
            Err(_) if !line.complete => return Handled::Torn,
            Err(error) => {
                sink.reject(line.at, reject_reason(&error), &safe_detail(&error));
                return Handled::Done;
            }
        };
        match parse_rfc3339(&envelope.timestamp) {
            Ok(moment) => self.record(&envelope, moment.us, line.at, sink),
            Err(reason) => sink.reject(line.at, reason, "timestamp"),
        }
        Handled::Done
    }

    /// Hands over what still waits for an answer that the file does not have.
    pub(super) fn finish(self, sink: &mut dyn Sink) {
        let mut waiting: Vec<(String, End)> = self.ends.into_iter().collect();
        waiting.sort_unstable_by_key(|(_, end)| end.at.offset);
        for (call_id, end) in waiting {
            sink.event(end.at, end.into_event(call_id));
        }
    }

    fn record(&mut self, envelope: &Envelope<'_>, ts_us: i64, at: Position, sink: &mut dyn Sink) {
        let payload = envelope.payload;
        match envelope.kind.as_ref() {
            "session_meta" => self.session_meta(payload, ts_us, at, sink),
            "turn_context" => {
                let is_copy = self.origin(payload, true, false, ts_us) == Origin::Restamped;
                self.turn_context(payload, is_copy, at, sink);
            }
            kind @ ("event_msg" | "response_item") => {
                let found = PayloadKind::leading(payload).or_else(|| parse(payload, at, sink));
                let Some(PayloadKind { kind: inner }) = found else { return };
                let in_event = kind == "event_msg";
                let starts_turn = in_event && inner == "task_started";
                let is_usage = in_event && inner == "token_count";
                match self.origin(payload, starts_turn, is_usage, ts_us) {
                    Origin::Thread(thread) if in_event => self.event_msg(&inner, payload, thread, ts_us, at, sink),
                    Origin::Thread(thread) => self.response_item(&inner, payload, thread, ts_us, at, sink),
                    Origin::Restamped => {
                        let record = if is_usage { parse::<TokenCount>(payload, at, sink) } else { None };
                        self.replayed(record, at, sink);
                    }
                }
            }
            other => match known(IGNORED_LINES, other) {
                Some(kind) => sink.ignore(kind),
                None => sink.reject(at, Reason::UnknownKind, "type"),
            },
        }
    }

    fn origin(&mut self, payload: &RawValue, names_turn: bool, is_usage: bool, ts_us: i64) -> Origin {
        let asks = names_turn && !self.replay.is_over();
        let turn: Option<TurnId<'_>> = asks.then(|| quick_json::from_str(payload.get()).ok()).flatten();
        self.replay.origin(ts_us, turn.as_ref().and_then(|turn| turn.turn_id.as_deref()), is_usage)
    }

    /// Copied history: the counter goes on from it, what else it counts stands in the file that it was written in first.
    fn replayed(&mut self, usage: Option<TokenCount>, at: Position, sink: &mut dyn Sink) {
        if let Some(TokenCount { info: Some(info) }) = usage {
            self.counter.advance(&info, at, sink);
        }
        sink.ignore("replayed_history");
    }

    fn session_meta(&mut self, payload: &RawValue, ts_us: i64, at: Position, sink: &mut dyn Sink) {
        let Some(meta) = parse::<SessionMeta<'_>>(payload, at, sink) else { return };
        sink.ignore("session_meta");
        let birth = thread::birth(&meta);
        let thread = Thread::read(&meta);
        if !self.replay.is_introduced() {
            let Some(lost) = thread::lost_birth(&self.threads[0].id, &thread.id, birth) else {
                self.replay.own(birth, thread::parent(&meta).is_some(), ts_us);
                self.threads[0] = Rc::new(thread);
                return;
            };
            self.replay.own(lost, true, ts_us);
        }
        if self.threads.iter().all(|known| known.id != thread.id) {
            self.replay.ancestor(birth, ts_us);
            self.threads.push(Rc::new(thread));
        }
    }

    /// Model and zone of a copied turn hold until the thread's own turns say otherwise; who is asked is decided anew for each thread.
    fn turn_context(&mut self, payload: &RawValue, is_copy: bool, at: Position, sink: &mut dyn Sink) {
        let Some(context) = parse::<TurnContext<'_>>(payload, at, sink) else { return };
        sink.ignore(if is_copy { "replayed_history" } else { "turn_context" });
        let turn = Rc::make_mut(&mut self.turn);
        if let Some(model) = context.model {
            turn.model = Some(model.into_owned());
        }
        if let Some(name) = context.timezone.as_deref() {
            turn.zone = jiff::tz::TimeZone::get(name).ok();
            if turn.zone.is_none() {
                sink.reject(at, Reason::BadValue, "timezone");
            }
        }
        if is_copy {
            return;
        }
        // `never` asks nobody. Under every other policy some steps are asked for and the log does not say which.
        let policy = context.approval_policy.as_ref().and_then(serde_json::Value::as_str);
        turn.approval = (policy == Some("never")).then_some(Approval::None);
    }

    fn event_msg(
        &mut self,
        kind: &str,
        payload: &RawValue,
        thread: usize,
        ts_us: i64,
        at: Position,
        sink: &mut dyn Sink,
    ) {
        match kind {
            "token_count" => {
                let Some(record) = parse::<TokenCount>(payload, at, sink) else { return };
                self.token_count(record, thread, ts_us, at, sink);
            }
            "user_message" => {
                let Some(record) = parse::<UserMessage<'_>>(payload, at, sink) else { return };
                self.user_message(&record, Form::Event, thread, ts_us, at, sink);
            }
            "agent_message" => {
                let Some(record) = parse::<AgentMessage<'_>>(payload, at, sink) else { return };
                sink.ignore("agent_message");
                self.agent_message(&record.message, Form::Event);
            }
            "item_completed" => self.item_completed(payload, thread, ts_us, at, sink),
            "exec_command_end" | "patch_apply_end" | "mcp_tool_call_end" | "dynamic_tool_call_response" => {
                self.call_end(kind, payload, thread, ts_us, at, sink);
            }
            "turn_aborted" => {
                let Some(record) = parse::<TurnAborted<'_>>(payload, at, sink) else { return };
                if record.reason.as_deref() != Some("interrupted") {
                    // The next prompt took the turn's place, or its review or budget came to an end: nobody stopped it.
                    return sink.ignore("turn_aborted");
                }
                let mut event = self.unanswered("aborted", thread, ts_us);
                event.marker = Some("interrupt");
                sink.event(at, event);
            }
            "error" => {
                let mut event = self.unanswered("error", thread, ts_us);
                event.is_error = Some(true);
                sink.event(at, event);
            }
            other => match known(IGNORED_EVENTS, other) {
                Some(kind) => sink.ignore(kind),
                None => sink.reject(at, Reason::UnknownKind, "event_msg"),
            },
        }
    }

    fn response_item(
        &mut self,
        kind: &str,
        payload: &RawValue,
        thread: usize,
        ts_us: i64,
        at: Position,
        sink: &mut dyn Sink,
    ) {
        match kind {
            "function_call" | "custom_tool_call" => {
                let Some(call) = parse::<ToolCall<'_>>(payload, at, sink) else { return };
                self.tool_call(&call, thread, ts_us, at, sink);
            }
            "local_shell_call" | "web_search_call" | "image_generation_call" => {
                let Some(call) = parse::<HostedToolCall<'_>>(payload, at, sink) else { return };
                let name = kind.strip_suffix("_call").unwrap_or(kind).to_owned();
                let id = call.call_id.as_deref().or(call.id.as_deref());
                self.call(Some(name), id, call.action.map(RawValue::get), thread, ts_us, at, sink);
            }
            "function_call_output" | "custom_tool_call_output" => {
                let Some(output) = parse::<ToolOutput<'_>>(payload, at, sink) else { return };
                self.output(&output.call_id, tools::answer(&output), thread, ts_us, at, sink);
            }
            other => match known(IGNORED_ITEMS, other) {
                Some(kind) => sink.ignore(kind),
                None => sink.reject(at, Reason::UnknownKind, "response_item"),
            },
        }
    }

    fn token_count(&mut self, record: TokenCount, thread: usize, ts_us: i64, at: Position, sink: &mut dyn Sink) {
        let Some(info) = record.info else { return sink.ignore("token_count_without_info") };
        match self.counter.advance(&info, at, sink) {
            Step::Repeated => sink.ignore("repeated_token_count"),
            Step::Empty => sink.ignore("token_count_without_info"),
            Step::Exceeded => sink.ignore("context_window_exceeded"),
            Step::Response { tokens, total } => {
                let mut event = self.event(thread, ts_us, Kind::Completion);
                let total = total.map_or_else(|| "-".to_owned(), |total| total.to_string());
                event.event_id = Some(self.threads[thread].step_id(ts_us, &total));
                event.tokens = tokens;
                event.token_basis = Some(TokenBasis::Reported);
                let said = std::mem::take(&mut self.said);
                event.text = (!said.is_empty()).then(|| sketch_answer(&said));
                sink.event(at, event);
            }
        }
    }

    /// A request that came to nothing: it was billed as far as it went, and the log does not say for how much.
    fn unanswered(&mut self, what: &str, thread: usize, ts_us: i64) -> Event {
        let mut event = self.event(thread, ts_us, Kind::Completion);
        event.event_id = Some(self.threads[thread].step_id(ts_us, what));
        event.token_basis = Some(TokenBasis::Absent);
        let said = std::mem::take(&mut self.said);
        event.text = (!said.is_empty()).then(|| sketch_answer(&said));
        event
    }

    fn tool_call(&mut self, call: &ToolCall<'_>, thread: usize, ts_us: i64, at: Position, sink: &mut dyn Sink) {
        if call.name.is_none() {
            // The call is kept with a null tool; only its name is missing, which redacted logs have.
            sink.ignore("call_without_name");
        }
        let name = call.name.as_deref().map(|name| tools::qualified_name(call.namespace.as_deref(), name));
        let arguments = call.arguments.as_deref().or(call.input.as_deref());
        self.call(name, call.call_id.as_deref(), arguments, thread, ts_us, at, sink);
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one record; a struct would be used once")]
    fn call(
        &mut self,
        name: Option<String>,
        call_id: Option<&str>,
        arguments: Option<&str>,
        thread: usize,
        ts_us: i64,
        at: Position,
        sink: &mut dyn Sink,
    ) {
        let tool = name.as_deref().unwrap_or("");
        let CallSketch { hash, names, marker } = sketch_call(tool, arguments.unwrap_or(""));
        let packed_patch = arguments.and_then(|arguments| tools::packed_patch(tool, arguments));
        // A shell that is handed a patch for Codex's own tool does what that tool does.
        let doer = if packed_patch.is_some() { "apply_patch" } else { tool };
        let (effect, system) = tools::effect_and_system(doer);
        let patch = match (effect, packed_patch.as_deref().or(arguments)) {
            (Some(Effect::Write), Some(text)) => tools::patch(text),
            _ => tools::Patch::default(),
        };
        let mut event = self.event(thread, ts_us, Kind::ToolCall);
        event.event_id = Some(match call_id {
            Some(call_id) => self.threads[thread].call_event_id(call_id),
            None => self.threads[thread].step_id(ts_us, &format!("{hash:016x}")),
        });
        event.call_id = call_id.map(str::to_owned);
        // Two calls whose arguments are not in the log are not two that are equal.
        (event.call_hash, event.call_names, event.marker) = (arguments.map(|_| hash), names, marker);
        event.effect = effect;
        event.system = system.map(str::to_owned);
        event.path = patch.path.clone();
        event.approval = self.turn.approval;
        if let Some(call_id) = call_id {
            let call = Call { tool_name: name.as_deref().map(Rc::from), effect, system, patch, answered: false };
            self.calls.insert(call_id.to_owned(), call);
        }
        event.tool_name = name;
        sink.event(at, event);
    }

    /// The answer of a call, as the model saw it, with what the executor said of the call before.
    fn output(
        &mut self,
        call_id: &str,
        answer: tools::Answer,
        thread: usize,
        ts_us: i64,
        at: Position,
        sink: &mut dyn Sink,
    ) {
        let end = self.ends.remove(call_id);
        let call = self.calls.entry(call_id.to_owned()).or_default();
        if std::mem::replace(&mut call.answered, true) {
            return sink.ignore("repeated_tool_output");
        }
        let (tool_name, effect, system) = (call.tool_name.clone(), call.effect, call.system);
        let patch = std::mem::take(&mut call.patch);
        let mut event = self.event(thread, ts_us, Kind::ToolResult);
        event.event_id = Some(self.threads[thread].call_event_id(call_id));
        event.call_id = Some(call_id.to_owned());
        event.approval = self.turn.approval;
        event.tool_name = tool_name.as_deref().map(str::to_owned);
        event.result_hash = Some(answer.result_hash);
        match end {
            Some(End { word, .. }) => {
                event.is_error = word.is_error.or(answer.is_error);
                event.duration_ms = word.duration_ms.or(answer.duration_ms);
                event.effect = word.effect.or(effect);
                event.system = word.system.or(system).map(str::to_owned);
                event.path = word.path.or(patch.path);
                // What was applied, which may be less than what the call asked for.
                event.added_lines = word.added_lines;
            }
            None => {
                event.is_error = answer.is_error;
                event.duration_ms = answer.duration_ms;
                event.effect = effect;
                event.system = system.map(str::to_owned);
                event.path = patch.path;
                if answer.is_error == Some(false) {
                    event.added_lines = patch.added_lines;
                }
            }
        }
        sink.event(at, event);
    }

    fn event(&self, thread: usize, ts_us: i64, kind: Kind) -> Event {
        self.turn.event(&self.threads[thread], ts_us, kind)
    }
}
