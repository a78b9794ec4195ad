//! Usage of a generation: counts by names that everybody chooses for himself.
//!
//! Owns the classes of names and the two ways in which counts relate: side by side, or parts inside a whole.

use crate::events::{Event, TokenBasis, Tokens};
use crate::fingerprint::Json;
use crate::sources::exports::Row;
use crate::sources::{Position, Sink, Unheard, values};
use std::borrow::Cow;

/// Where counts by their names stand.
pub(super) const USAGE_DETAILS: &[&str] = &["usage_details", "usageDetails"];

/// What a count is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Input,
    Output,
    CacheRead,
    CacheWrite,
    CacheWriteHour,
    Reasoning,
    /// A part of the input that is priced apart: audio, images.
    InputPart,
    OutputPart,
    Other,
    /// The last, so that all before it are what it sums up.
    Total,
}

/// The class of a key of `usage_details`.
fn class(key: &str) -> Class {
    let key = key.to_ascii_lowercase();
    let has = |part: &str| key.contains(part);
    match key.as_str() {
        "total" | "total_tokens" | "totaltokens" => Class::Total,
        "input" | "input_tokens" | "prompt_tokens" | "prompttokens" => Class::Input,
        "output" | "output_tokens" | "completion_tokens" | "completiontokens" => Class::Output,
        _ if has("cache") && has("1h") => Class::CacheWriteHour,
        _ if has("cache") && (has("creation") || has("write")) => Class::CacheWrite,
        _ if has("cache") => Class::CacheRead,
        _ if has("reasoning") || has("thoughts") => Class::Reasoning,
        _ if key.starts_with("input") || key.starts_with("prompt") => Class::InputPart,
        _ if key.starts_with("output") || key.starts_with("completion") => Class::OutputPart,
        _ => Class::Other,
    }
}

/// Counts by class.
#[derive(Debug, Default)]
struct Counts([Option<i64>; Class::Total as usize + 1]);

impl Counts {
    fn of(details: &Json<'_>, at: Position, sink: &mut dyn Sink) -> Self {
        let mut counts = Self::default();
        let Json::Object(fields) = details else { return counts };
        for (key, value) in fields {
            // The older `usage` also holds its unit and prices.
            if key == "unit" || key.to_ascii_lowercase().ends_with("cost") {
                continue;
            }
            let Some(count) = values::count(value).get("usage_details", at, sink) else { continue };
            let class = class(key);
            let held = &mut counts.0[class as usize];
            *held = Some(match (*held, class) {
                // Two names of one whole, not two parts.
                (Some(held), Class::Input | Class::Output | Class::Total) => held.max(count),
                (held, _) => held.unwrap_or(0) + count,
            });
        }
        counts
    }

    fn get(&self, class: Class) -> Option<i64> {
        self.0[class as usize]
    }

    /// The sum of classes, null where none is stated.
    fn all(&self, classes: &[Class]) -> Option<i64> {
        let stated: Vec<i64> = classes.iter().filter_map(|&class| self.get(class)).collect();
        (!stated.is_empty()).then(|| stated.iter().sum())
    }

    /// Whether the counts stand side by side, as Langfuse asks: then they add up to the total. Without a total the convention holds.
    fn is_side_by_side(&self) -> bool {
        let sum: i64 = self.0[..Class::Total as usize].iter().flatten().sum();
        self.get(Class::Total).is_none_or(|total| total == sum)
    }

    fn tokens(&self) -> Tokens {
        let cache_read = self.get(Class::CacheRead);
        let cache_write = self.all(&[Class::CacheWrite, Class::CacheWriteHour]);
        let reasoning = self.get(Class::Reasoning);
        let (input, output) = if self.is_side_by_side() {
            let input = self.all(&[Class::Input, Class::InputPart]);
            (input, self.all(&[Class::Output, Class::OutputPart, Class::Reasoning]))
        } else {
            // Parts inside a whole, OpenAI's way.
            let cached = cache_read.unwrap_or(0) + cache_write.unwrap_or(0);
            (self.get(Class::Input).map(|input| (input - cached).max(0)), self.get(Class::Output))
        };
        Tokens { input, output, reasoning, cache_read, cache_write, cache_write_1h: self.get(Class::CacheWriteHour) }
    }
}

/// What a row states of its usage: `usage_details`, else the older `usage` with its unit.
pub(super) struct Stated<'r> {
    details: Option<Cow<'r, Json<'r>>>,
    unit: Option<String>,
}

impl<'r> Stated<'r> {
    pub(super) fn of(row: &Row<'r, '_>, sink: &mut dyn Sink) -> Self {
        let details = row.nested(USAGE_DETAILS, sink);
        // What SDKs of earlier years wrote; empty details are none.
        let has_details = matches!(details.as_deref(), Some(Json::Object(fields)) if !fields.is_empty());
        let older = if has_details { None } else { row.nested(&["usage"], sink) };
        let unit = older.as_deref().and_then(|usage| usage.text("unit")).map(str::to_owned);
        Self { details: older.or(details), unit }
    }

    fn counts(&self, at: Position, sink: &mut dyn Sink) -> Counts {
        // Characters, images and seconds are no tokens.
        let is_tokens = self.unit.as_deref().is_none_or(|unit| unit.eq_ignore_ascii_case("tokens"));
        let details = self.details.as_deref().filter(|_| is_tokens);
        details.map(|details| Counts::of(details, at, sink)).unwrap_or_default()
    }

    /// Puts it on a completion.
    pub(super) fn fill(&self, event: &mut Event, at: Position, sink: &mut dyn Sink) {
        event.tokens = self.counts(at, sink).tokens();
        let is_stated = counted(&event.tokens).iter().any(Option::is_some);
        event.token_basis = Some(if is_stated { TokenBasis::Reported } else { TokenBasis::Absent });
    }

    /// Whether it has counts above zero.
    pub(super) fn is_used(&self) -> bool {
        let tokens = self.counts(Position::default(), &mut Unheard).tokens();
        counted(&tokens).iter().flatten().any(|&count| count > 0)
    }
}

fn counted(tokens: &Tokens) -> [Option<i64>; 4] {
    [tokens.input, tokens.output, tokens.cache_read, tokens.cache_write]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::Kind;
    use crate::sources::testing::Recorded;

    fn filled(row: &str) -> Event {
        let mut event = Event::new(1, "s", Kind::Completion, "c");
        let fields = serde_json::from_str(row).unwrap();
        let row = Row { fields: &fields, at: Position::default() };
        Stated::of(&row, &mut Unheard).fill(&mut event, row.at, &mut Recorded::default());
        event
    }

    fn tokens(details: &str) -> Tokens {
        filled(&format!(r#"{{"usage_details":{details}}}"#)).tokens
    }

    fn four(details: &str) -> [Option<i64>; 5] {
        let tokens = tokens(details);
        [tokens.input, tokens.cache_read, tokens.cache_write, tokens.output, tokens.reasoning]
    }

    #[test]
    fn counts_side_by_side_are_taken_as_they_are() {
        let some = Some;
        for (details, want) in [
            (
                r#"{"input":200,"input_cached_tokens":1000,"output":80,"total":1280}"#,
                [some(200), some(1000), None, some(80), None],
            ),
            (r#"{"input":200,"input_cached_tokens":1000,"output":80}"#, [some(200), some(1000), None, some(80), None]),
            (
                r#"{"input":12,"cache_read_input_tokens":15000,"cache_creation_input_tokens":900,"output":118,"total":16030}"#,
                [some(12), some(15_000), some(900), some(118), None],
            ),
            (
                r#"{"input":10,"output":50,"output_reasoning_tokens":30,"total":90}"#,
                [some(10), None, None, some(80), some(30)],
            ),
            (
                r#"{"input":15,"promptTokens":15,"output":5,"total":20,"inputCost":0.1,"unit":"TOKENS"}"#,
                [some(15), None, None, some(5), None],
            ),
            (r#"{"input":10,"input_audio_tokens":5,"output":2,"total":17}"#, [some(15), None, None, some(2), None]),
        ] {
            assert_eq!(four(details), want, "{details}");
        }
    }

    #[test]
    fn parts_inside_a_whole_are_taken_out_of_it() {
        let some = Some;
        for (details, want) in [
            (
                r#"{"input":1200,"input_cached_tokens":1000,"output":80,"output_reasoning_tokens":30,"total":1280}"#,
                [some(200), some(1000), None, some(80), some(30)],
            ),
            (
                r#"{"prompt_tokens":1200,"completion_tokens":80,"input_cached_tokens":1000,"input_audio_tokens":7,"total_tokens":1280}"#,
                [some(200), some(1000), None, some(80), None],
            ),
            (r#"{"input":5,"input_cached_tokens":9,"output":1,"total":6}"#, [some(0), some(9), None, some(1), None]),
        ] {
            assert_eq!(four(details), want, "{details}");
        }
    }

    #[test]
    fn a_total_alone_and_other_units_are_no_usage() {
        assert_eq!(tokens(r#"{"total":9}"#), Tokens::default());
        let event = filled(r#"{"usage":{"input":9,"unit":"CHARACTERS"}}"#);
        assert_eq!((event.tokens, event.token_basis), (Tokens::default(), Some(TokenBasis::Absent)));
    }
}
