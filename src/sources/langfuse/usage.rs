//! Usage of a generation: counts by names that everybody chooses for himself.
//!
//! Owns the classes of names and the ways in which counts relate: side by side, or parts inside a whole, for input and output each.

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

/// How a count relates to those of its parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Relation {
    /// They are not in it.
    Beside,
    /// It is their whole.
    Inside,
}

/// Input with its parts, or output.
#[derive(Clone, Copy)]
struct Side {
    whole: Option<i64>,
    /// The parts that are no part of what is kept as input: the cache. Of output the reasoning.
    taken_out: i64,
    other_parts: i64,
}

impl Side {
    /// What a total adds for this side, null where the relation cannot be.
    fn sum(self, relation: Relation) -> Option<i64> {
        match relation {
            Relation::Beside => Some(self.whole.unwrap_or(0) + self.taken_out + self.other_parts),
            Relation::Inside => self.whole.filter(|&whole| whole >= self.taken_out),
        }
    }

    fn inside_if_it_fits(self) -> Relation {
        if self.sum(Relation::Inside).is_some() { Relation::Inside } else { Relation::Beside }
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

    /// How input and output count their parts, by the total. Without one Langfuse's convention holds, that all counts stand side by side; where no relation
    /// gives it, OpenAI's way, in which parts are inside, as far as they fit.
    fn relations(&self) -> (Relation, Relation) {
        use Relation::{Beside, Inside};
        let sum = |classes: &[Class]| self.all(classes).unwrap_or(0);
        let cached = sum(&[Class::CacheRead, Class::CacheWrite, Class::CacheWriteHour]);
        let reasoning = sum(&[Class::Reasoning]);
        let input = Side { whole: self.get(Class::Input), taken_out: cached, other_parts: sum(&[Class::InputPart]) };
        let output =
            Side { whole: self.get(Class::Output), taken_out: reasoning, other_parts: sum(&[Class::OutputPart]) };
        let Some(total) = self.get(Class::Total) else { return (Beside, Beside) };
        let others = self.get(Class::Other).unwrap_or(0);
        // Where the last two give the same total, the first of them is how Gemini counts: what is cached inside, what is thought beside.
        let pairs = [(Beside, Beside), (Inside, Inside), (Inside, Beside), (Beside, Inside)];
        let holds = |(of_input, of_output): &(Relation, Relation)| {
            let sum = input.sum(*of_input).zip(output.sum(*of_output)).map(|(input, output)| input + output + others);
            sum == Some(total)
        };
        pairs.into_iter().find(holds).unwrap_or_else(|| (input.inside_if_it_fits(), output.inside_if_it_fits()))
    }

    fn tokens(&self) -> Tokens {
        let cache_read = self.get(Class::CacheRead);
        let cache_write = self.all(&[Class::CacheWrite, Class::CacheWriteHour]);
        let (of_input, of_output) = self.relations();
        let input = match of_input {
            Relation::Beside => self.all(&[Class::Input, Class::InputPart]),
            Relation::Inside => {
                self.get(Class::Input).map(|input| input - cache_read.unwrap_or(0) - cache_write.unwrap_or(0))
            }
        };
        let output = match of_output {
            Relation::Beside => self.all(&[Class::Output, Class::OutputPart, Class::Reasoning]),
            Relation::Inside => self.get(Class::Output),
        };
        let reasoning = self.get(Class::Reasoning);
        Tokens { input, output, reasoning, cache_read, cache_write, cache_write_1h: self.get(Class::CacheWriteHour) }
    }
}

/// What a row states of its usage: `usage_details`, else the older `usage` with its unit.
pub(in crate::sources) struct Stated<'r> {
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

    /// What an object of counts states that is found elsewhere.
    pub(in crate::sources) fn of_details(details: Cow<'r, Json<'r>>) -> Self {
        Self { details: Some(details), unit: None }
    }

    fn counts(&self, at: Position, sink: &mut dyn Sink) -> Counts {
        // Characters, images and seconds are no tokens.
        let is_tokens = self.unit.as_deref().is_none_or(|unit| unit.eq_ignore_ascii_case("tokens"));
        let details = self.details.as_deref().filter(|_| is_tokens);
        details.map(|details| Counts::of(details, at, sink)).unwrap_or_default()
    }

    /// Puts it on a completion.
    pub(in crate::sources) fn fill(&self, event: &mut Event, at: Position, sink: &mut dyn Sink) {
        event.tokens = self.counts(at, sink).tokens();
        event.token_basis = Some(if event.tokens.is_stated() { TokenBasis::Reported } else { TokenBasis::Absent });
    }

    /// Whether it has counts above zero.
    pub(in crate::sources) fn is_used(&self) -> bool {
        let Tokens { input, output, cache_read, cache_write, .. } =
            self.counts(Position::default(), &mut Unheard).tokens();
        [input, output, cache_read, cache_write].iter().flatten().any(|&count| count > 0)
    }
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
        ] {
            assert_eq!(four(details), want, "{details}");
        }
    }

    #[test]
    fn input_and_output_may_count_their_parts_in_different_ways() {
        let some = Some;
        for (details, want) in [
            (
                r#"{"input":1200,"input_cached_tokens":1000,"output":80,"output_reasoning_tokens":30,"total":1310}"#,
                [some(200), some(1000), None, some(110), some(30)],
            ),
            (
                r#"{"input":200,"input_cached_tokens":1000,"output":80,"output_reasoning_tokens":30,"total":1280}"#,
                [some(200), some(1000), None, some(80), some(30)],
            ),
            // Both mixed ways give this total.
            (
                r#"{"input":1200,"input_cached_tokens":30,"output":80,"output_reasoning_tokens":30,"total":1310}"#,
                [some(1170), some(30), None, some(110), some(30)],
            ),
        ] {
            assert_eq!(four(details), want, "{details}");
        }
    }

    #[test]
    fn parts_that_do_not_fit_inside_stand_beside_whatever_the_total() {
        let some = Some;
        for (details, want) in [
            (r#"{"input":5,"input_cached_tokens":9,"output":1,"total":6}"#, [some(5), some(9), None, some(1), None]),
            (r#"{"input":5,"output":1,"reasoning":4,"total":99}"#, [some(5), None, None, some(5), some(4)]),
            (r#"{"input":9,"input_cached_tokens":5,"output":1,"total":99}"#, [some(4), some(5), None, some(1), None]),
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
