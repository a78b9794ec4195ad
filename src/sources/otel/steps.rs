//! From a record's attributes to steps: completions with the prompts they answer, and tool calls with their results.
//!
//! Owns identities, sessions, clients and texts. Owns neither which records are requests ([`super::traces`], [`super::logs`]) nor usage.

use super::attributes::Attributes;
use super::batch::{Origin, SpanEvent};
use super::names::{Dialect, Field};
use super::usage;
use crate::events::{Event, Kind, Trigger};
use crate::fingerprint::{Json, result_hash, sketch_answer, sketch_call_of, sketch_result};
use crate::sources::messages::{self, Asked};
use crate::sources::requests::{self, is_drawn_from_few};
use crate::sources::slash::keep_prompt;
use crate::sources::{Position, Sink, claude_code, home_user, values, without_credentials};
use std::borrow::Cow;

/// What is known of a record beside its attributes.
#[derive(Clone, Copy)]
pub(super) struct Place<'r> {
    pub(super) at: Position,
    pub(super) dialect: Dialect,
    /// Whether it is a log record: its span is the one that was active, not its own.
    pub(super) is_log: bool,
    pub(super) trace_id: Option<&'r str>,
    pub(super) span_id: Option<&'r str>,
    pub(super) scope_name: &'r str,
    pub(super) start_us: i64,
    pub(super) end_us: i64,
    pub(super) is_error: bool,
}

impl Place<'_> {
    fn duration_ms(&self) -> Option<i64> {
        (self.end_us > self.start_us).then(|| (self.end_us - self.start_us) / 1000)
    }

    /// `<trace id>/<span id>` where they name the step: Claude Code logs all events of a turn under one span.
    fn span_name(&self) -> Option<String> {
        let names_step = !(self.is_log && self.dialect == Dialect::ClaudeCode);
        names_step.then(|| Some(format!("{}/{}", self.trace_id?, self.span_id?))).flatten()
    }
}

/// Whose names a record uses.
pub(super) fn dialect(origin: &Origin<'_>, name: &str) -> Dialect {
    let serves = |attribute: &super::attributes::Attribute<'_>| {
        attribute.key == "service.name" && matches!(&attribute.value, Json::Text(text) if text == "claude-code")
    };
    let is_claude_code = origin.scope_name.starts_with("com.anthropic.claude_code")
        || name.starts_with("claude_code.")
        || origin.resource.iter().any(serves);
    if is_claude_code { Dialect::ClaudeCode } else { Dialect::Any }
}

/// The id of a request, the same wherever it was seen: the provider's, else the span's, else the place of Claude Code's event in its session.
pub(super) fn request_id(place: &Place<'_>, attributes: &Attributes<'_>) -> Option<String> {
    let own = attributes.string(Field::RequestId);
    own.or_else(|| response_id(attributes)).or_else(|| place.span_name()).or_else(|| sequence_id(place, attributes))
}

/// The provider's id of the response. Claude Code writes the id of the request under this name too, and that is no message's.
fn response_id(attributes: &Attributes<'_>) -> Option<String> {
    let is_request = |id: &str| attributes.text(Field::RequestId).is_some_and(|own| own == id);
    attributes.string(Field::ResponseId).filter(|id| !is_drawn_from_few(id) && !is_request(id))
}

/// The ids by which other sources know a request: the provider's of the response, and Claude Code's own or those of trace and span, which an observability
/// export has too, with or without the other.
pub(super) fn name(event: &mut Event, place: &Place<'_>, attributes: &Attributes<'_>) {
    event.response_id = response_id(attributes);
    event.request_id = attributes.string(Field::RequestId).or_else(|| place.span_name());
}

/// Claude Code numbers its events, from 1 in every process: a session that is resumed has each number again, at another time.
pub(super) fn sequence_id(place: &Place<'_>, attributes: &Attributes<'_>) -> Option<String> {
    let session = attributes.text(Field::Session)?;
    Some(format!("{session}:{}:{}", attributes.text(Field::EventSequence)?, place.end_us))
}

/// A step with what all steps of a record have. Null when the record says neither session nor trace.
pub(super) fn step(kind: Kind, ts_us: i64, place: &Place<'_>, attributes: &Attributes<'_>) -> Option<Event> {
    let session = attributes.string(Field::Session).or_else(|| place.trace_id.map(str::to_owned))?;
    let mut event = Event::new(ts_us, session, kind, client(place, attributes));
    event.parent_session_id = attributes.string(Field::ParentSession).filter(|parent| *parent != event.session_id);
    event.actor_id = attributes.string(Field::Actor);
    event.repo = attributes.text(Field::Repository).map(|repo| without_credentials(&repo));
    event.os_user = event.repo.as_deref().and_then(home_user).map(str::to_owned);
    event.branch = attributes.string(Field::Branch);
    let source = attributes.text(Field::QuerySource);
    if source.is_some_and(|source| source == "subagent" || source.starts_with("agent:")) {
        event.trigger = Trigger::Agent;
        event.trigger_evidence = Some("query_source=subagent");
    }
    Some(event)
}

fn client(place: &Place<'_>, attributes: &Attributes<'_>) -> String {
    let name = match place.dialect {
        Dialect::ClaudeCode => Cow::Borrowed("claude-code"),
        // The specification's own filler for a service that nobody named.
        Dialect::Any => match attributes.text(Field::Client).filter(|name| !name.starts_with("unknown_service")) {
            Some(name) => name,
            None if place.scope_name.is_empty() => Cow::Borrowed("unknown"),
            None => Cow::Borrowed(place.scope_name),
        },
    };
    match attributes.text(Field::ClientVersion) {
        Some(version) => format!("{name}/{version}"),
        None => name.into_owned(),
    }
}

/// Whether a record is of a request that turns texts into vectors or ranks them.
pub(super) fn is_embedding(attributes: &Attributes<'_>) -> bool {
    attributes.text(Field::Operation).is_some_and(|operation| requests::is_embedding(&operation))
}

/// The completion of a request and, where its newest message is a user's, the prompt. Returns false when there was no session to put them in.
pub(super) fn request(
    place: &Place<'_>,
    attributes: &Attributes<'_>,
    events: &[SpanEvent<'_>],
    sink: &mut dyn Sink,
) -> bool {
    let Some(mut event) = step(Kind::Completion, place.end_us, place, attributes) else { return false };
    event.event_id = request_id(place, attributes);
    name(&mut event, place, attributes);
    event.model = attributes.string(Field::ResponseModel).or_else(|| attributes.string(Field::RequestModel));
    if attributes.text(Field::Speed).as_deref() == Some("fast") {
        // By this name its price is known, as in transcripts.
        event.model = event.model.map(|model| format!("{model}-fast"));
    }
    event.provider = attributes.string(Field::Provider).or_else(|| {
        let is_claude = event.model.as_deref().is_some_and(|model| model.starts_with("claude"));
        (place.dialect == Dialect::ClaudeCode && is_claude).then(|| "anthropic".to_owned())
    });
    usage::fill(&mut event, attributes, place.dialect, place.at, sink);
    event.duration_ms = attributes.count(Field::DurationMs, place.at, sink).or_else(|| place.duration_ms());
    let failed = place.is_error
        || attributes.get(Field::ErrorType).is_some()
        || attributes.get(Field::Success).and_then(values::flag) == Some(false);
    event.is_error = failed.then_some(true);
    let mut texts = Texts::of(attributes, events);
    if is_embedding(attributes) {
        if texts.prompt != Asked::Nothing {
            sink.ignore("embedding_input");
        }
        texts = Texts { prompt: Asked::Nothing, answer: None };
    }
    event.text = texts.answer.as_deref().map(sketch_answer);
    match &texts.prompt {
        Asked::Prompt(text) => {
            if let Some(mut prompt) = step(Kind::Prompt, place.start_us, place, attributes) {
                prompt.event_id.clone_from(&event.event_id);
                keep_prompt(&mut prompt, text);
                sink.event(place.at, prompt);
            }
        }
        Asked::WithoutText => sink.ignore("prompt_without_text"),
        Asked::Nothing => {}
    }
    sink.event(place.at, event);
    true
}

/// The texts of a request, read and dropped.
struct Texts {
    prompt: Asked,
    answer: Option<String>,
}

impl Texts {
    /// Looks where the conventions have put messages over time: attributes, attributes with an index, events on the span.
    fn of(attributes: &Attributes<'_>, events: &[SpanEvent<'_>]) -> Self {
        let mut texts = Self {
            prompt: attributes.get(Field::InputMessages).map_or(Asked::Nothing, messages::newest_prompt),
            answer: attributes.get(Field::OutputMessages).and_then(messages::answer),
        };
        texts.prompt = texts.prompt.or(attributes.indexed_prompt());
        texts.answer = texts.answer.or_else(|| attributes.indexed_answer());
        let mut newest = Asked::Nothing;
        let mut answers = Vec::new();
        for event in events {
            let content = |key: &str| event.attributes.iter().find(|held| held.key == key).map(|held| &held.value);
            match event.name.as_ref() {
                "gen_ai.choice" => answers.extend(content("content").and_then(messages::answer)),
                // The newest of these messages decides, so one that no user wrote takes an earlier one back.
                "gen_ai.user.message" => newest = Asked::by_user(content("content")),
                "gen_ai.system.message" => {}
                "gen_ai.assistant.message" | "gen_ai.tool.message" => newest = Asked::Nothing,
                _ => {
                    let any = |keys: [&str; 2]| keys.into_iter().find_map(content);
                    newest = any(["gen_ai.input.messages", "gen_ai.prompt"])
                        .map_or(Asked::Nothing, messages::newest_prompt)
                        .or(newest);
                    answers.extend(any(["gen_ai.output.messages", "gen_ai.completion"]).and_then(messages::answer));
                }
            }
        }
        texts.prompt = texts.prompt.or(newest);
        texts.answer = texts.answer.or_else(|| (!answers.is_empty()).then(|| answers.join("\n")));
        texts
    }
}

/// A call of a tool and its result. Returns false when there was no session to put them in.
pub(super) fn tool(place: &Place<'_>, attributes: &Attributes<'_>, span_name: &str, sink: &mut dyn Sink) -> bool {
    let Some(mut call) = step(Kind::ToolCall, place.start_us, place, attributes) else { return false };
    call.tool_name = attributes
        .string(Field::ToolName)
        .or_else(|| span_name.strip_prefix("execute_tool ").map(str::to_owned))
        .filter(|name| !name.is_empty());
    call.call_id = attributes.string(Field::ToolCallId);
    // Anthropic's ids are unique by themselves and the transcript's event ids too; others are paired with the span.
    call.event_id = match &call.call_id {
        Some(id) if id.starts_with("toolu_") || id.starts_with("srvtoolu_") => Some(id.clone()),
        _ => request_id(place, attributes),
    };
    let arguments = attributes.get(Field::ToolArguments);
    let parsed = arguments.and_then(values::nested);
    if let Some(name) = call.tool_name.as_deref() {
        if let Some(sketch) = arguments.map(|arguments| sketch_call_of(name, parsed.as_deref().unwrap_or(arguments))) {
            (call.call_hash, call.call_names, call.marker) = (Some(sketch.hash), sketch.names, sketch.marker);
        }
        if place.dialect == Dialect::ClaudeCode {
            let deed = claude_code::tool_deed(name, parsed.as_deref().unwrap_or(&Json::Null));
            call.effect = deed.effect;
            call.system = deed.system.map(Cow::into_owned);
            call.path = deed.path;
        }
    }
    let success = attributes.get(Field::Success).and_then(values::flag);
    let failed = place.is_error || attributes.get(Field::ErrorType).is_some() || success == Some(false);
    let mut result = Event {
        kind: Kind::ToolResult,
        ts_us: place.end_us,
        call_hash: None,
        call_names: Vec::new(),
        marker: None,
        ..call.clone()
    };
    // Spans of Claude Code have no status: whether the tool succeeded its event says.
    let is_told = failed || success.is_some() || place.dialect != Dialect::ClaudeCode;
    result.is_error = is_told.then_some(failed);
    result.duration_ms = attributes.count(Field::DurationMs, place.at, sink).or_else(|| place.duration_ms());
    if let Some(text) = attributes.get(Field::ToolResult).and_then(|value| match value {
        Json::Text(text) => Some(Cow::Borrowed(text.as_ref())),
        value => messages::answer(value).map(Cow::Owned),
    }) {
        result.result_hash = Some(result_hash(&text));
        result.text = Some(sketch_result(&text));
    }
    super::claude_code::approve(&mut call, &mut result, attributes);
    sink.event(place.at, call);
    sink.event(place.at, result);
    true
}
