//! A session: its lines in order, and what steps inherit from the prompt before them.
//!
//! Owns the state of one file. Owns no tables: those are in [`super::kinds`] and [`super::tools`], and no sums: those are in [`super::run`].

use super::kinds::known;
use super::records::{
    AssistantMessage, Context, Envelope, ModelChange, Shutdown, Start, ToolEnd, ToolStart, Usage, UserMessage,
};
use super::run::{Held, Run};
use super::tools::{Touch, touch};
use crate::events::{Effect, Event, Kind, TokenBasis, Tokens, Trigger};
use crate::fingerprint::{result_hash, sketch_call};
use crate::sources::json::{moment, parse_last_wins, parse_line, reject_reason, safe_detail};
use crate::sources::slash::keep_prompt;
use crate::sources::{Handled, Line, Position, Reason, Sink, home_user};
use serde::de::DeserializeOwned;
use std::collections::{BTreeMap, HashMap};

/// The client name, followed by the version.
const CLIENT: &str = "copilot-cli";
/// Calls remembered until they end.
const CALLS_KEPT: usize = 4096;

/// One session file.
pub(super) struct Session {
    session_id: String,
    parent_session_id: Option<String>,
    client: String,
    model: Option<String>,
    context: Context,
    trigger: Trigger,
    evidence: Option<&'static str>,
    run: Run,
    calls: HashMap<String, (String, Option<String>, Touch)>,
}

/// A line with its parts read.
struct Read<'a> {
    at: Position,
    ts_us: i64,
    utc_offset_min: Option<i32>,
    id: Option<String>,
    is_agent: bool,
    data: &'a str,
}

impl Session {
    /// A session named by its file until its first line says better.
    pub(super) fn new(named_session: &str) -> Self {
        Self {
            session_id: named_session.to_owned(),
            parent_session_id: None,
            client: CLIENT.to_owned(),
            model: None,
            context: Context::default(),
            trigger: Trigger::Unknown,
            evidence: None,
            run: Run::default(),
            calls: HashMap::new(),
        }
    }

    /// Reads one line.
    pub(super) fn line(&mut self, line: &Line<'_>, sink: &mut dyn Sink) -> Handled {
        let envelope: Envelope = match parse_line(line, sink) {
            Ok(envelope) => envelope,
            Err(handled) => {
                // It may have been the next prompt, so what follows it must not inherit from the one before.
                (self.trigger, self.evidence) = (Trigger::Unknown, None);
                return handled;
            }
        };
        let at = line.at;
        let Some(kind) = envelope.kind else {
            sink.reject(at, Reason::MissingField, "type");
            return Handled::Done;
        };
        if let Some(kind) = known(&kind) {
            sink.ignore(kind);
            return Handled::Done;
        }
        let moment = match envelope.timestamp.as_deref().map(moment) {
            Some(Ok(moment)) => moment,
            Some(Err(reason)) => {
                sink.reject(at, reason, "timestamp");
                return Handled::Done;
            }
            None => {
                sink.reject(at, Reason::MissingField, "timestamp");
                return Handled::Done;
            }
        };
        let read = Read {
            at,
            ts_us: moment.us,
            utc_offset_min: moment.offset_min,
            id: envelope.id,
            is_agent: envelope.agent_id.is_some(),
            data: envelope.data.as_deref().map_or("{}", |data| data.get()),
        };
        match kind.as_str() {
            "session.start" | "session.resume" | "session.context_changed" => self.start(&kind, &read, sink),
            "session.model_change" => {
                if let Some(ModelChange { new_model }) = data(&read, sink) {
                    self.model = new_model;
                    sink.ignore("session.model_change");
                }
            }
            "user.message" => self.prompt(&read, sink),
            "assistant.message" => self.response(&read, sink),
            "tool.execution_start" => self.call(&read, sink),
            "tool.execution_complete" => self.result(&read, sink),
            "session.shutdown" => self.shutdown(&read, sink),
            _ => sink.reject(at, Reason::UnknownKind, "type"),
        }
        Handled::Done
    }

    fn start(&mut self, kind: &str, read: &Read<'_>, sink: &mut dyn Sink) {
        if kind != "session.context_changed" {
            self.run.start(sink);
        }
        let start = match kind {
            "session.context_changed" => {
                data(read, sink).map(|context| Start { context: Some(context), ..Start::default() })
            }
            _ => data::<Start>(read, sink),
        };
        let Some(start) = start else { return };
        if kind == "session.start" {
            self.session_id =
                start.session_id.filter(|id| !id.is_empty()).unwrap_or(std::mem::take(&mut self.session_id));
            self.parent_session_id = start.detached_from_spawning_parent_session_id;
            sink.ignore("session.start");
        } else {
            sink.ignore(if kind == "session.resume" { "session.resume" } else { "session.context_changed" });
        }
        if let Some(version) = start.copilot_version {
            self.client = format!("{CLIENT}/{version}");
        }
        self.model = start.selected_model.or(self.model.take());
        self.context = start.context.unwrap_or(std::mem::take(&mut self.context));
    }

    /// A step with everything that is inherited.
    fn step(&self, kind: Kind, read: &Read<'_>, id: Option<String>) -> Event {
        let mut event = Event::new(read.ts_us, self.session_id.as_str(), kind, self.client.as_str());
        event.utc_offset_min = read.utc_offset_min;
        event.event_id = id;
        event.parent_session_id.clone_from(&self.parent_session_id);
        (event.trigger, event.trigger_evidence) =
            if read.is_agent { (Trigger::Agent, Some("agentId")) } else { (self.trigger, self.evidence) };
        event.os_user = self.context.cwd.as_deref().and_then(home_user).map(str::to_owned);
        event.repo = repository(&self.context);
        event.branch.clone_from(&self.context.branch);
        event
    }

    fn prompt(&mut self, read: &Read<'_>, sink: &mut dyn Sink) {
        let Some(message) = data::<UserMessage>(read, sink) else { return };
        let (trigger, evidence, marker) = match message.source.as_deref() {
            _ if message.is_autopilot_continuation == Some(true) => (self.trigger, self.evidence, Some("continue")),
            _ if read.is_agent => (Trigger::Agent, Some("agentId"), None),
            _ if message.parent_agent_task_id.is_some() => (Trigger::Agent, Some("user.parentAgentTaskId"), None),
            None | Some("" | "user") => (Trigger::Human, Some("user.message"), None),
            Some(source) if source.starts_with("agent") => (Trigger::Agent, Some("user.source=agent"), None),
            Some(source) if source.starts_with("schedule") => (Trigger::Schedule, Some("user.source=schedule"), None),
            // A skill's text, a notification, a command's output: put into the conversation by the program.
            Some(_) => return sink.ignore("user.message.injected"),
        };
        if !read.is_agent {
            (self.trigger, self.evidence) = (trigger, evidence);
        }
        let text = message.content.unwrap_or_default();
        let mut event = self.step(Kind::Prompt, read, read.id.clone());
        (event.trigger, event.trigger_evidence, event.marker) = (trigger, evidence, marker);
        keep_prompt(&mut event, &text);
        sink.event(read.at, event);
    }

    fn response(&mut self, read: &Read<'_>, sink: &mut dyn Sink) {
        let Some(message) = data::<AssistantMessage>(read, sink) else { return };
        let output = message.output_tokens.get("outputTokens", read.at, sink);
        let said = message.content.unwrap_or_default();
        if self.run.goes_on(message.api_call_id.as_deref(), output, &said) {
            return sink.ignore("assistant.message.chunk");
        }
        let is_agent = read.is_agent || message.parent_tool_call_id.is_some();
        let id = message.api_call_id.clone().or(message.message_id).or_else(|| read.id.clone());
        let mut event = self.step(Kind::Completion, read, id);
        if is_agent {
            (event.trigger, event.trigger_evidence) = (Trigger::Agent, Some("agentId"));
        }
        event.model = message.model.or_else(|| self.model.clone());
        event.tokens.output = output;
        self.run.hold(Held { at: read.at, event, response: message.api_call_id, said }, sink);
    }

    fn call(&mut self, read: &Read<'_>, sink: &mut dyn Sink) {
        let Some(start) = data::<ToolStart>(read, sink) else { return };
        let Some(tool) = start.tool_name.filter(|tool| !tool.is_empty()) else {
            return sink.reject(read.at, Reason::MissingField, "toolName");
        };
        let touch = touch(&tool, &start.arguments);
        let mut event = self.step(Kind::ToolCall, read, start.tool_call_id.clone().or_else(|| read.id.clone()));
        if start.parent_tool_call_id.is_some() {
            (event.trigger, event.trigger_evidence) = (Trigger::Agent, Some("agentId"));
        }
        event.model = start.model;
        let sketch = sketch_call(&tool, &start.arguments.to_string());
        (event.call_hash, event.call_names, event.marker) = (Some(sketch.hash), sketch.names, sketch.marker);
        describe(&mut event, &tool, start.tool_call_id.as_deref(), &touch);
        if let Some(id) = start.tool_call_id {
            if self.calls.len() >= CALLS_KEPT {
                self.calls.clear();
            }
            self.calls.insert(id, (tool, event.model.clone(), touch));
        }
        sink.event(read.at, event);
    }

    fn result(&mut self, read: &Read<'_>, sink: &mut dyn Sink) {
        let Some(end) = data::<ToolEnd>(read, sink) else { return };
        let known = end.tool_call_id.as_ref().and_then(|id| self.calls.remove(id));
        let Some((tool, model, touch)) = known else { return sink.ignore("tool.execution_complete.unmatched") };
        let mut event = self.step(Kind::ToolResult, read, end.tool_call_id.clone());
        event.model = model;
        describe(&mut event, &tool, end.tool_call_id.as_deref(), &touch);
        let failed = end.success == Some(false);
        event.is_error = end.success.map(|success| !success);
        let said = end.result.and_then(|result| result.content).or_else(|| end.error?.message);
        event.result_hash = Some(result_hash(&said.unwrap_or_default()));
        if touch.effect == Some(Effect::Write) && !failed {
            event.added_lines = touch.added_lines;
        }
        sink.event(read.at, event);
    }

    /// The sums of one run: laid on its responses, or on a step of their own where the model has none.
    fn shutdown(&mut self, read: &Read<'_>, sink: &mut dyn Sink) {
        let Some(shutdown) = data::<Shutdown>(read, sink) else { return };
        sink.ignore("session.shutdown");
        let last_us = self.run.last_us().unwrap_or(read.ts_us);
        let mut stated = BTreeMap::new();
        for (model, metric) in shutdown.model_metrics {
            let sums = metric.usage.and_then(|usage| tokens(usage, read.at, sink));
            if sums.is_none() {
                sink.reject(read.at, Reason::MissingField, "modelMetrics.usage");
            }
            stated.insert(model, sums);
        }
        for (model, sums) in self.run.end(stated) {
            // Titles and summaries are asked of models that answer no prompt. The run's last answer is when they were, not its end: a
            // window may stay open overnight.
            let id = read.id.as_deref().map(|id| format!("{id}:{model}"));
            let mut event = self.step(Kind::Completion, &Read { ts_us: last_us, id: None, ..*read }, id);
            (event.trigger, event.trigger_evidence) = (Trigger::Agent, Some("session.shutdown"));
            event.model = Some(model);
            event.tokens = sums;
            event.token_basis = Some(TokenBasis::Reported);
            sink.event(read.at, event);
        }
        self.run.release(sink);
    }

    /// Writes what is still open at the end of the file.
    pub(super) fn finish(&mut self, sink: &mut dyn Sink) {
        self.run.release(sink);
    }
}

fn describe(event: &mut Event, tool: &str, call_id: Option<&str>, touch: &Touch) {
    event.tool_name = Some(tool.to_owned());
    event.call_id = call_id.map(str::to_owned);
    event.effect = touch.effect;
    event.system = touch.system.map(str::to_owned);
    event.path.clone_from(&touch.path);
}

/// The `data` of a line. Null when it was rejected.
fn data<T: DeserializeOwned>(read: &Read<'_>, sink: &mut dyn Sink) -> Option<T> {
    let parsed = parse_last_wins(read.data);
    parsed.map_err(|error| sink.reject(read.at, reject_reason(&error), &safe_detail(&error))).ok()
}

/// Sums with cached tokens taken out of the input. Null when none is stated.
fn tokens(usage: Usage, at: Position, sink: &mut dyn Sink) -> Option<Tokens> {
    let input = usage.input_tokens.get("usage.inputTokens", at, sink);
    let output = usage.output_tokens.get("usage.outputTokens", at, sink);
    let cache_read = usage.cache_read_tokens.get("usage.cacheReadTokens", at, sink);
    let cache_write = usage.cache_write_tokens.get("usage.cacheWriteTokens", at, sink);
    let reasoning = usage.reasoning_tokens.get("usage.reasoningTokens", at, sink);
    let cached = cache_read.unwrap_or(0) + cache_write.unwrap_or(0);
    (input.is_some() || output.is_some()).then(|| Tokens {
        input: input.map(|input| (input - cached).max(0)),
        output,
        reasoning,
        cache_read,
        cache_write,
        cache_write_1h: None,
    })
}

/// The remote address of the repository where its host is told, else its directory.
fn repository(context: &Context) -> Option<String> {
    match (&context.repository_host, &context.repository) {
        (Some(host), Some(name)) => Some(format!("https://{host}/{name}")),
        (None, Some(name)) if context.git_root.is_none() && context.cwd.is_none() => Some(name.clone()),
        _ => context.git_root.clone().or_else(|| context.cwd.clone()),
    }
}
