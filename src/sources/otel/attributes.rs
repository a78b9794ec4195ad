//! The attributes of one record by meaning: those of resource, scope and record together, and the older indexed spellings of messages.
//!
//! Owns precedence: what stands nearer to the record wins, then what comes first in [`NAMES`]; of names of the account the other way round. Owns no meaning
//! of values.

use super::names::{Dialect, FIELDS, Field, NAMES, place};
use crate::fingerprint::Json;
use crate::sources::messages::Asked;
use crate::sources::{Position, Reason, Sink, values};
use std::borrow::Cow;

/// One attribute, converted from either encoding.
#[derive(Debug, Clone)]
pub(super) struct Attribute<'a> {
    pub(super) key: Cow<'a, str>,
    pub(super) value: Json<'a>,
}

/// Whether an attribute may tell anything, so that its value is worth converting.
pub(super) fn is_wanted(key: &str) -> bool {
    place(key).is_some() || indexed(key).is_some() || key == MESSAGE_CONTENT
}

/// On span events of the conventions to 1.36.
const MESSAGE_CONTENT: &str = "content";

/// A value and where it comes from.
struct Slot<'r> {
    level: u8,
    place: usize,
    value: &'r Json<'r>,
}

/// A message whose role and content stand in attributes of their own.
#[derive(Default)]
struct IndexedMessage<'r> {
    index: u32,
    role: Option<&'r str>,
    content: Option<&'r str>,
}

/// The attributes of one record.
pub(super) struct Attributes<'r> {
    slots: [Option<Slot<'r>>; FIELDS],
    dialect: Dialect,
    newest: IndexedMessage<'r>,
    answers: Vec<&'r str>,
}

impl<'r> Attributes<'r> {
    /// Merges lists of attributes, the farthest from the record first.
    pub(super) fn merged(dialect: Dialect, levels: &[&'r [Attribute<'r>]]) -> Self {
        let mut merged =
            Self { slots: [const { None }; FIELDS], dialect, newest: IndexedMessage::default(), answers: Vec::new() };
        for (level, attributes) in levels.iter().enumerate() {
            for attribute in *attributes {
                merged.take(level as u8, attribute);
            }
        }
        merged
    }

    fn take(&mut self, level: u8, attribute: &'r Attribute<'r>) {
        let Some(place) = place(&attribute.key) else {
            self.take_indexed(attribute);
            return;
        };
        let name = &NAMES[place];
        if name.dialect == Dialect::ClaudeCode && self.dialect != Dialect::ClaudeCode || is_empty(&attribute.value) {
            return;
        }
        let slot = &mut self.slots[name.field as usize];
        // Of one attribute that stands twice on one record the first counts.
        let wins = slot.as_ref().is_none_or(|held| match name.field {
            // A resource may have the person's address where the record has the id of a device.
            Field::Actor => place < held.place || place == held.place && level > held.level,
            _ => level > held.level || level == held.level && place < held.place,
        });
        if wins {
            *slot = Some(Slot { level, place, value: &attribute.value });
        }
    }

    fn take_indexed(&mut self, attribute: &'r Attribute<'r>) {
        let (Some((part, index, what)), Json::Text(text)) = (indexed(&attribute.key), &attribute.value) else { return };
        match (part, what) {
            (Part::Prompt, what) => {
                if index > self.newest.index {
                    self.newest = IndexedMessage { index, ..IndexedMessage::default() };
                }
                if index == self.newest.index {
                    match what {
                        What::Role => self.newest.role = Some(text),
                        What::Content => self.newest.content = Some(text),
                    }
                }
            }
            (Part::Answer, What::Content) => self.answers.push(text),
            (Part::Answer, What::Role) => {}
        }
    }

    /// The value of a field.
    pub(super) fn get(&self, field: Field) -> Option<&'r Json<'r>> {
        self.slots[field as usize].as_ref().map(|slot| slot.value)
    }

    /// The name under which a field stands here, for rejects.
    fn name(&self, field: Field) -> &'static str {
        self.slots[field as usize].as_ref().map_or("", |slot| NAMES[slot.place].attribute)
    }

    /// A text.
    pub(super) fn text(&self, field: Field) -> Option<Cow<'r, str>> {
        values::text(self.get(field)?)
    }

    /// An owned text.
    pub(super) fn string(&self, field: Field) -> Option<String> {
        self.text(field).map(Cow::into_owned)
    }

    /// A count; what is none is rejected under its name and read as null.
    pub(super) fn count(&self, field: Field, at: Position, sink: &mut dyn Sink) -> Option<i64> {
        values::count(self.get(field)?).get(self.name(field), at, sink)
    }

    /// An object or list, also as JSON in a text; what is none is rejected under its name and read as null.
    pub(super) fn nested(&self, field: Field, at: Position, sink: &mut dyn Sink) -> Option<Cow<'r, Json<'r>>> {
        let nested = values::nested(self.get(field)?);
        if nested.is_none() {
            sink.reject(at, Reason::BadValue, self.name(field));
        }
        nested
    }

    /// An amount in millionths of a dollar; what is none is rejected under its name and read as null.
    pub(super) fn micro_usd(&self, field: Field, at: Position, sink: &mut dyn Sink) -> Option<i64> {
        values::micro_usd(self.get(field)?).unwrap_or_else(|reason| {
            sink.reject(at, reason, self.name(field));
            None
        })
    }

    /// The newest message of the indexed spelling, if a user's.
    pub(super) fn indexed_prompt(&self) -> Asked {
        match (self.newest.content, self.newest.role) {
            (Some(text), None | Some("user" | "human")) => Asked::by_user(Some(&Json::Text(Cow::Borrowed(text)))),
            (None, Some("user" | "human")) => Asked::WithoutText,
            _ => Asked::Nothing,
        }
    }

    /// The answer in the indexed spelling.
    pub(super) fn indexed_answer(&self) -> Option<String> {
        (!self.answers.is_empty()).then(|| self.answers.join("\n"))
    }
}

fn is_empty(value: &Json<'_>) -> bool {
    match value {
        Json::Null => true,
        Json::Text(text) => text.trim().is_empty(),
        _ => false,
    }
}

#[derive(Clone, Copy)]
enum Part {
    Prompt,
    Answer,
}

enum What {
    Role,
    Content,
}

/// Reads names like `gen_ai.prompt.2.content` and `llm.input_messages.2.message.content`.
fn indexed(key: &str) -> Option<(Part, u32, What)> {
    const PREFIXES: &[(&str, Part)] = &[
        ("gen_ai.prompt.", Part::Prompt),
        ("gen_ai.completion.", Part::Answer),
        ("llm.input_messages.", Part::Prompt),
        ("llm.output_messages.", Part::Answer),
    ];
    let (rest, part) = PREFIXES.iter().find_map(|(prefix, part)| Some((key.strip_prefix(prefix)?, *part)))?;
    let (index, what) = rest.split_once('.')?;
    let what = match what.strip_prefix("message.").unwrap_or(what) {
        "role" => What::Role,
        "content" => What::Content,
        _ => return None,
    };
    Some((part, index.parse().ok()?, what))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attributes(pairs: &[(&'static str, &'static str)]) -> Vec<Attribute<'static>> {
        pairs.iter().map(|&(key, value)| Attribute { key: key.into(), value: Json::Text(value.into()) }).collect()
    }

    #[test]
    fn the_nearer_level_wins_then_the_current_name() {
        let resource = attributes(&[("gen_ai.provider.name", "far"), ("service.name", "bot"), ("user.id", "u-1")]);
        let record = attributes(&[
            ("gen_ai.system", "near"),
            ("gen_ai.usage.prompt_tokens", "7"),
            ("gen_ai.usage.input_tokens", "9"),
            ("user.id", " "),
        ]);
        let merged = Attributes::merged(Dialect::Any, &[&resource, &record]);
        assert_eq!(merged.text(Field::Provider).as_deref(), Some("near"));
        assert_eq!(merged.text(Field::Input).as_deref(), Some("9"));
        assert_eq!(merged.text(Field::Actor).as_deref(), Some("u-1"), "an empty value is none");
        let (person, device) = (attributes(&[("user.email", "ada@corp.test")]), attributes(&[("user.id", "d-7")]));
        let merged = Attributes::merged(Dialect::Any, &[&person, &device]);
        assert_eq!(merged.text(Field::Actor).as_deref(), Some("ada@corp.test"), "an address is told before a device");
        let (far, near) = (attributes(&[("user.id", "u-1")]), attributes(&[("user.id", "u-2")]));
        let merged = Attributes::merged(Dialect::Any, &[&far, &near]);
        assert_eq!(merged.text(Field::Actor).as_deref(), Some("u-2"));
    }

    #[test]
    fn short_names_count_in_their_own_dialect_alone() {
        let record = attributes(&[("model", "m"), ("input_tokens", "7")]);
        assert!(Attributes::merged(Dialect::Any, &[&record]).get(Field::Input).is_none());
        assert!(Attributes::merged(Dialect::ClaudeCode, &[&record]).get(Field::Input).is_some());
    }

    #[test]
    fn indexed_messages_in_any_order() {
        let record = attributes(&[
            ("gen_ai.prompt.10.content", "newest"),
            ("gen_ai.prompt.10.role", "user"),
            ("gen_ai.prompt.2.content", "older"),
            ("gen_ai.prompt.2.role", "assistant"),
            ("gen_ai.completion.0.content", "answer"),
        ]);
        let merged = Attributes::merged(Dialect::Any, &[&record]);
        assert_eq!(merged.indexed_prompt(), Asked::Prompt("newest".to_owned()));
        assert_eq!(merged.indexed_answer().as_deref(), Some("answer"));
        let typed = |content: &'static str| {
            let record = attributes(&[("gen_ai.prompt.2.role", "user"), ("gen_ai.prompt.2.content", content)]);
            Attributes::merged(Dialect::Any, &[&record]).indexed_prompt()
        };
        let blocks = r#"[{"type":"text","text":"in blocks"}]"#;
        assert_eq!(typed(blocks), Asked::Prompt("in blocks".to_owned()));
        assert_eq!(typed(r#"[{"type":"tool_result","tool_use_id":"toolu_1","content":"ok"}]"#), Asked::Nothing);
        let tool = attributes(&[
            ("llm.input_messages.0.message.role", "tool"),
            ("llm.input_messages.0.message.content", "ok"),
        ]);
        assert_eq!(Attributes::merged(Dialect::Any, &[&tool]).indexed_prompt(), Asked::Nothing);
        let bare = attributes(&[("llm.input_messages.0.message.role", "user")]);
        assert_eq!(Attributes::merged(Dialect::Any, &[&bare]).indexed_prompt(), Asked::WithoutText);
    }
}
