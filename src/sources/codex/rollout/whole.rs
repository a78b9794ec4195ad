//! A line read in one pass, with what its payload says.
//!
//! Owns speed and nothing else. Taken apart, a line is passed over for its envelope, and its payload once more for what it says, which are most bytes of a
//! rollout. Here the kinds that most lines are of are read as the line is; every other line, and one in which anything is wrong, is left to
//! [`Rollout::line`], which says what it is.

use super::items::Form;
use super::{Origin, Rollout};
use crate::sources::codex::kinds::{IGNORED_EVENTS, IGNORED_ITEMS, known};
use crate::sources::codex::records::{AgentMessage, ExecCommandEnd, TokenCount, ToolCall, TurnId, UserMessage};
use crate::sources::codex::tools::Answer;
use crate::sources::{Position, Sink, quick_json};
use memchr::memmem::Finder;
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;
use std::sync::LazyLock;

/// How the payload of an event or an item begins, as every version of Codex writes it.
static BEGINNING: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("\"payload\":{\"type\":\""));
/// Bytes of a line within which it does.
const BEGINS_WITHIN: usize = 160;

/// An event or an item.
pub(super) struct Whole<'a> {
    pub(super) timestamp: &'a str,
    pub(super) payload: Payload<'a>,
}

/// What it says.
pub(super) enum Payload<'a> {
    /// Nothing that is needed.
    Ignored(&'static str),
    TurnStarts(TurnId<'a>),
    TokenCount(TokenCount),
    UserMessage(UserMessage<'a>),
    AgentMessage(AgentMessage<'a>),
    CommandEnd(ExecCommandEnd<'a, Printed<'a>>),
    Call(ToolCall<'a>),
    Output(TextOutput<'a>),
}

/// `response_item/function_call_output`, `custom_tool_call_output`, where the output is a text or none.
#[derive(Deserialize)]
pub(super) struct TextOutput<'a> {
    #[serde(borrow)]
    call_id: Cow<'a, str>,
    output: Option<Answer>,
}

/// What a command printed, as it stands in the line. It can be read: it is a text, and no escape in it may be half a character.
pub(super) struct Printed<'a>(&'a str);

impl<'a> Whole<'a> {
    /// Reads a line, or leaves it.
    pub(super) fn read(line: &'a str) -> Option<Self> {
        BEGINNING.find(&line.as_bytes()[..line.len().min(BEGINS_WITHIN)])?;
        quick_json::quick(line)
    }
}

/// The error of everything that is left; nobody is told of it.
fn left<E: Error>() -> E {
    E::custom("left")
}

impl<'de: 'a, 'a> Deserialize<'de> for Whole<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(WholeVisitor)
    }
}

struct WholeVisitor;

impl<'de> Visitor<'de> for WholeVisitor {
    type Value = Whole<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a line of a rollout")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Whole<'de>, A::Error> {
        let (mut timestamp, mut kind, mut payload) = (None, None, None);
        while let Some(key) = map.next_key::<&'de str>()? {
            match (key, kind) {
                ("timestamp", _) if timestamp.is_none() => timestamp = Some(map.next_value::<&'de str>()?),
                ("type", None) => kind = Some(map.next_value::<&'de str>()?),
                ("payload", Some(kind)) if payload.is_none() => payload = Some(map.next_value_seed(PayloadOf(kind))?),
                ("timestamp" | "type" | "payload", _) => return Err(left()),
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        match (timestamp, payload) {
            (Some(timestamp), Some(payload)) => Ok(Whole { timestamp, payload }),
            _ => Err(left()),
        }
    }
}

/// Reads the payload of a line of this kind.
struct PayloadOf<'k>(&'k str);

impl<'de> DeserializeSeed<'de> for PayloadOf<'_> {
    type Value = Payload<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Payload<'de>, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for PayloadOf<'_> {
    type Value = Payload<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a payload that begins with its type")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Payload<'de>, A::Error> {
        if map.next_key::<&'de str>()? != Some("type") {
            return Err(left());
        }
        let kind = map.next_value::<&'de str>()?;
        let rest = MapAccessDeserializer::new(map);
        match self.0 {
            "event_msg" => event(kind, rest),
            "response_item" => item(kind, rest),
            _ => Err(left()),
        }
    }
}

fn event<'de, D: Deserializer<'de>>(kind: &str, rest: D) -> Result<Payload<'de>, D::Error> {
    match kind {
        "token_count" => TokenCount::deserialize(rest).map(Payload::TokenCount),
        "user_message" => UserMessage::deserialize(rest).map(Payload::UserMessage),
        "agent_message" => AgentMessage::deserialize(rest).map(Payload::AgentMessage),
        "exec_command_end" => ExecCommandEnd::deserialize(rest).map(Payload::CommandEnd),
        "task_started" => TurnId::deserialize(rest).map(Payload::TurnStarts),
        _ => ignored(known(IGNORED_EVENTS, kind), rest),
    }
}

fn item<'de, D: Deserializer<'de>>(kind: &str, rest: D) -> Result<Payload<'de>, D::Error> {
    match kind {
        "function_call" | "custom_tool_call" => ToolCall::deserialize(rest).map(Payload::Call),
        "function_call_output" | "custom_tool_call_output" => TextOutput::deserialize(rest).map(Payload::Output),
        _ => ignored(known(IGNORED_ITEMS, kind), rest),
    }
}

fn ignored<'de, D: Deserializer<'de>>(kind: Option<&'static str>, rest: D) -> Result<Payload<'de>, D::Error> {
    let Some(kind) = kind else { return Err(left()) };
    IgnoredAny::deserialize(rest).map(|_| Payload::Ignored(kind))
}

impl<'de: 'a, 'a> Deserialize<'de> for Printed<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <&'de RawValue>::deserialize(deserializer)?.get();
        let may_have_halves = || text.contains("\\ud") || text.contains("\\uD");
        if text.starts_with('"') && !may_have_halves() { Ok(Printed(text)) } else { Err(left()) }
    }
}

impl Rollout {
    /// Takes what was read in one pass.
    pub(super) fn payload(&mut self, payload: Payload<'_>, ts_us: i64, at: Position, sink: &mut dyn Sink) {
        let turn_id = if let Payload::TurnStarts(turn) = &payload { turn.turn_id.as_deref() } else { None };
        let is_usage = matches!(payload, Payload::TokenCount(_));
        let Origin::Thread(thread) = self.replay.origin(ts_us, turn_id, is_usage) else {
            let usage = if let Payload::TokenCount(usage) = payload { Some(usage) } else { None };
            return self.replayed(usage, at, sink);
        };
        match payload {
            Payload::Ignored(kind) => sink.ignore(kind),
            Payload::TurnStarts(_) => sink.ignore("task_started"),
            Payload::TokenCount(record) => self.token_count(record, thread, ts_us, at, sink),
            Payload::UserMessage(record) => self.user_message(&record, Form::Event, thread, ts_us, at, sink),
            Payload::AgentMessage(record) => {
                sink.ignore("agent_message");
                self.agent_message(&record.message, Form::Event);
            }
            Payload::CommandEnd(end) => {
                let mut word = self.command_word(&end.call_id, end.exit_code, end.duration.as_ref());
                if let Some(Printed(text)) = end.aggregated_output {
                    self.add_printed(&mut word, &end.call_id, text);
                }
                self.end(&end.call_id, word, thread, ts_us, at, sink);
            }
            Payload::Call(call) => self.tool_call(&call, thread, ts_us, at, sink),
            Payload::Output(TextOutput { call_id, output }) => {
                let answer = output.unwrap_or_else(|| Answer::unsaid(""));
                self.output(&call_id, answer, thread, ts_us, at, sink);
            }
        }
    }
}
