//! One model response, put together from the lines that Claude Code writes for its content blocks.
//!
//! Owns the identity of a response, the choice among repeated usage records, the requests to an advisor inside a response, the versions
//! whose output counts are too low, and the reading of logged costs. Owns no totals: copies of a response in other files meet in the lake, by [`lasting_id`].

use super::records::{Block, Content, Object, Usage, id_of};
use crate::events::{CostBasis, Event, TokenBasis, Tokens};
use crate::fingerprint::{hash64, sketch_answer};
use crate::sources::json::Count;
use crate::sources::money::micro_units;
use crate::sources::requests::is_drawn_from_few;
use crate::sources::{Position, Reason, Sink, quick_json};
use serde_json::value::RawValue;
use std::borrow::Cow;

/// Visible characters per output token, the ratio by which the undercount was measured (`formats.md` section 1).
const CHARS_PER_TOKEN: i64 = 4;
/// Lines and bytes of text kept of one response, far above what a model writes, so that a hostile file cannot grow it without end.
const MOST_LINES: usize = 4096;
const MOST_TEXT: usize = 4 << 20;

/// By what the lines of one response are known to be of one; null where they name nothing.
///
/// Anthropic's `msg_` ids are unique by themselves, and a replay of a parent's message into a `/btw` sidechain keeps the message id under
/// another request id, so for them the request id must not be part of the identity: any order of any files then gives one row.
/// Other ids come from proxies, which may reuse them, and are paired with the request id where there is one.
pub(super) fn completion_id<'i>(
    message_id: Option<&'i str>,
    request_id: Option<&'i str>,
    uuid: Option<&'i str>,
) -> Option<Cow<'i, str>> {
    match (message_id, request_id, uuid) {
        (Some(message), _, _) if message.starts_with("msg_") => Some(Cow::Borrowed(message)),
        (Some(message), Some(request), _) => Some(Cow::Owned(format!("{message}:{request}"))),
        (Some(message), None, _) => Some(Cow::Borrowed(message)),
        (None, Some(request), _) => Some(Cow::Borrowed(request)),
        (None, None, uuid) => uuid.map(Cow::Borrowed),
    }
}

/// The id of a response, the same in every file that holds a copy of it: [`completion_id`], unless that is a message id alone which is drawn
/// from so few that other sessions have it too. Then it is the uuid of the response's first line, which copies keep.
pub(super) fn lasting_id(message_id: Option<&str>, request_id: Option<&str>, uuid: Option<&str>) -> Option<String> {
    match (message_id, request_id) {
        (Some(message), None) if is_drawn_from_few(message) => uuid.map(str::to_owned),
        _ => completion_id(message_id, request_id, uuid).map(Cow::into_owned),
    }
}

/// The model as logged, with `-fast` after it for a request in fast mode, which the price table knows by that name.
pub(super) fn model_name(model: Option<&str>, speed: Option<&str>) -> Option<String> {
    let model = model?;
    Some(if speed == Some("fast") { format!("{model}-fast") } else { model.to_owned() })
}

/// The provider, where the model's name says it.
pub(super) fn provider(model: Option<&str>) -> Option<String> {
    model.filter(|model| model.starts_with("claude")).map(|_| "anthropic".to_owned())
}

/// A request that the provider made of another model while it wrote the response. The response's own counts are without it.
struct Advice {
    model: Option<String>,
    provider: Option<String>,
    tokens: Tokens,
}

/// A response of which more lines may follow.
pub(super) struct Response {
    /// [`completion_id`] of its lines.
    pub(super) id: Option<String>,
    at: Position,
    event: Event,
    text: String,
    visible_chars: i64,
    /// Hashes of the uuids of the lines taken, so that a line that stands twice is counted once in `visible_chars`.
    lines: Vec<i64>,
    stopped: bool,
    /// Hashes of the ids of its calls, and whether one of them has its result.
    calls: Vec<i64>,
    answered: bool,
    understated_version: bool,
    advice: Vec<Advice>,
    /// Requests behind the response that are neither its own nor an advisor's.
    other_iterations: usize,
}

impl Response {
    /// Starts a response of lines that `id` joins, with the event of its first.
    pub(super) fn new(id: Option<String>, at: Position, mut event: Event, version: Option<&str>) -> Self {
        event.token_basis = Some(TokenBasis::Absent);
        Self {
            id,
            at,
            event,
            text: String::new(),
            visible_chars: 0,
            lines: Vec::new(),
            stopped: false,
            calls: Vec::new(),
            answered: false,
            understated_version: version.is_some_and(understates_output),
            advice: Vec::new(),
            other_iterations: 0,
        }
    }

    /// Adds a line: its usage replaces the one before unless it says less, its text is added unless the line was seen.
    pub(super) fn add(
        &mut self,
        at: Position,
        uuid: Option<&str>,
        usage: Option<&Usage<'_>>,
        cost_micro_usd: Option<i64>,
        has_stop_reason: bool,
        sink: &mut dyn Sink,
    ) -> bool {
        if let Some(usage) = usage {
            self.take_usage(at, usage, sink);
        }
        if cost_micro_usd > self.event.cost_micro_usd {
            self.event.cost_micro_usd = cost_micro_usd;
            self.event.cost_basis = Some(CostBasis::Reported);
        }
        self.stopped |= has_stop_reason;
        uuid.is_none_or(|uuid| add_id(&mut self.lines, uuid))
    }

    /// Adds what the response shows, which estimates the output where the log understates it, and which calls it makes.
    fn add_block(&mut self, block: &Block<'_>) {
        if let Some(text) = block.text.as_deref() {
            self.add_text(text);
        }
        if let Some(thinking) = &block.thinking {
            self.visible_chars += thinking.0;
        }
        if block.kind.as_deref() == Some("tool_use")
            && let Some(id) = id_of(&block.id)
        {
            add_id(&mut self.calls, id);
        }
        if let Some(input) = &block.input {
            self.visible_chars += input.chars() as i64;
        }
    }

    fn add_text(&mut self, text: &str) {
        self.visible_chars += text.chars().count() as i64;
        if self.text.len() + text.len() > MOST_TEXT {
            return;
        }
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        self.text.push_str(text);
    }

    /// Adds the blocks of a line.
    pub(super) fn add_content(&mut self, content: &Content<'_>) {
        match content {
            Content::Text(text) => self.add_text(text),
            Content::Blocks(blocks) => blocks.iter().for_each(|block| self.add_block(block)),
        }
    }

    /// A call has its result.
    pub(super) fn answer(&mut self, call_id: &str) {
        self.answered = self.answered || self.calls.contains(&hash64(call_id.as_bytes()));
    }

    /// Whether the response is whole and the agent has gone on with a result of it. Tools can run while a response is still being
    /// written, so a result alone does not say so.
    pub(super) fn is_answered(&self) -> bool {
        self.stopped && self.answered
    }

    /// The person stopped the agent while this was its newest response.
    pub(super) fn interrupt(&mut self) {
        self.event.marker = Some("interrupt");
    }

    fn take_usage(&mut self, at: Position, usage: &Usage<'_>, sink: &mut dyn Sink) {
        let tokens = tokens_of(usage, at, sink);
        let known = self.event.tokens.output;
        if tokens.output.is_none() && known.is_some() || tokens.output < known {
            return;
        }
        self.event.tokens = tokens;
        if tokens.is_stated() {
            self.event.token_basis = Some(TokenBasis::Reported);
        }
        if let Some(iterations) = usage.iterations {
            self.take_iterations(at, iterations, sink);
        }
    }

    /// Takes the requests behind the response. Those of type `message` add up to its own counts; an advisor's are outside them.
    fn take_iterations(&mut self, at: Position, iterations: &RawValue, sink: &mut dyn Sink) {
        let Ok(iterations) = quick_json::from_str::<Vec<Object<Usage<'_>>>>(iterations.get()) else {
            return sink.reject(at, Reason::BadValue, "usage.iterations");
        };
        self.advice.clear();
        self.other_iterations = 0;
        for Object(iteration) in iterations {
            match iteration {
                Some(usage) if usage.kind.as_deref() == Some("message") => {}
                Some(usage) if usage.kind.as_deref() == Some("advisor_message") => self.advice.push(Advice {
                    model: model_name(usage.model.as_deref(), usage.speed.as_deref()),
                    provider: provider(usage.model.as_deref()),
                    tokens: tokens_of(&usage, at, sink),
                }),
                _ => self.other_iterations += 1,
            }
        }
    }

    /// Hands over the response, with its output marked where it is known to be too low, and each advisor's request as a response of
    /// its own. These state no ids of the provider's: the response's are not theirs.
    pub(super) fn finish(mut self, sink: &mut dyn Sink) {
        for _ in 0..self.other_iterations {
            sink.ignore("assistant/other_iteration");
        }
        let advice: Vec<Event> = std::mem::take(&mut self.advice)
            .into_iter()
            .enumerate()
            .map(|(index, advice)| Event {
                event_id: self.event.event_id.as_ref().map(|id| format!("{id}:advisor:{}", index + 1)),
                request_id: None,
                response_id: None,
                provider: advice.provider,
                model: advice.model,
                token_basis: Some(if advice.tokens.is_stated() { TokenBasis::Reported } else { TokenBasis::Absent }),
                tokens: advice.tokens,
                cost_micro_usd: None,
                cost_basis: None,
                marker: None,
                ..self.event.clone()
            })
            .collect();
        if self.event.token_basis == Some(TokenBasis::Reported) && (self.understated_version || !self.stopped) {
            self.event.output_is_lower_bound = true;
            let estimate = self.visible_chars / CHARS_PER_TOKEN;
            self.event.output_estimate = Some(self.event.tokens.output.unwrap_or(0).max(estimate));
            if self.understated_version {
                self.event.token_basis = Some(TokenBasis::Estimated);
            }
        }
        if !self.text.is_empty() {
            self.event.text = Some(sketch_answer(&self.text));
        }
        sink.event(self.at, self.event);
        advice.into_iter().for_each(|event| sink.event(self.at, event));
    }
}

/// Adds the hash of an id to those that are known, as long as there is room. True where it was not known.
fn add_id(known: &mut Vec<i64>, id: &str) -> bool {
    // A response has a handful of either, and looking through so many is less work than one place in a table of texts.
    let hash = hash64(id.as_bytes());
    let is_new = !known.contains(&hash);
    if is_new && known.len() < MOST_LINES {
        known.push(hash);
    }
    is_new
}

/// The counts of a usage record; a bad one is rejected and null.
fn tokens_of(usage: &Usage<'_>, at: Position, sink: &mut dyn Sink) -> Tokens {
    let output = usage.output_tokens.get("usage.output_tokens", at, sink);
    let input = usage.input_tokens.get("usage.input_tokens", at, sink);
    let cache_read = usage.cache_read_input_tokens.get("usage.cache_read_input_tokens", at, sink);
    let split = usage.cache_creation.unwrap_or_default();
    let five_minutes = split.ephemeral_5m_input_tokens.get("usage.ephemeral_5m_input_tokens", at, sink);
    let one_hour = split.ephemeral_1h_input_tokens.get("usage.ephemeral_1h_input_tokens", at, sink);
    let stated = usage.cache_creation_input_tokens.get("usage.cache_creation_input_tokens", at, sink);
    Tokens {
        input,
        output,
        reasoning: None,
        cache_read,
        cache_write: match (stated, five_minutes, one_hour) {
            (None, None, None) => None,
            (None, five_minutes, one_hour) => Some(five_minutes.unwrap_or(0) + one_hour.unwrap_or(0)),
            (stated, _, _) => stated,
        },
        cache_write_1h: one_hour,
    }
}

/// Versions 2.1.12 to 2.1.47 wrote the placeholder of the first stream event as the output count.
fn understates_output(version: &str) -> bool {
    let mut parts = version.split(['.', '-', '+']).map(str::parse::<u32>);
    match (parts.next(), parts.next(), parts.next()) {
        (Some(Ok(2)), Some(Ok(1)), Some(Ok(patch))) => (12..=47).contains(&patch),
        _ => false,
    }
}

/// Reads a JSON number of dollars as millionths, rounded half away from zero, without going through a float.
/// Null when it is no number, negative, or beyond what a response can cost ([`crate::sources::json::MAX_COUNT`] millionths).
pub(super) fn micro_usd(number: &str) -> Option<i64> {
    micro_units(number).ok().filter(|micro| *micro <= crate::sources::json::MAX_COUNT)
}

/// A duration as logged: whole milliseconds in a plausible range, else null.
pub(super) fn milliseconds(count: Count) -> Option<i64> {
    match count {
        Count::Value(value) => Some(value),
        Count::Absent | Count::Bad => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identity_of_a_response() {
        assert_eq!(completion_id(Some("msg_1"), Some("req_1"), Some("u")).as_deref(), Some("msg_1"));
        assert_eq!(completion_id(Some("msg_1"), Some("req_2"), None).as_deref(), Some("msg_1"));
        assert_eq!(completion_id(Some("chat-1"), Some("req_2"), None).as_deref(), Some("chat-1:req_2"));
        assert_eq!(completion_id(Some("chat-1"), None, Some("u")).as_deref(), Some("chat-1"));
        assert_eq!(completion_id(None, Some("req_1"), Some("u")).as_deref(), Some("req_1"));
        assert_eq!(completion_id(None, None, Some("u")).as_deref(), Some("u"));
        assert_eq!(completion_id(None, None, None), None);
        for (message, request, expected) in [
            ("chatcmpl-998", None, "u"),
            ("chatcmpl-998", Some("req_1"), "chatcmpl-998:req_1"),
            ("chatcmpl-8fd02c1b", None, "chatcmpl-8fd02c1b"),
            ("msg_1", None, "msg_1"),
        ] {
            assert_eq!(lasting_id(Some(message), request, Some("u")).as_deref(), Some(expected), "{message}");
        }
        assert_eq!(lasting_id(Some("chatcmpl-998"), None, None), None);
    }

    #[test]
    fn an_id_is_new_once_and_those_beyond_the_bound_always() {
        let mut known = Vec::new();
        assert!(add_id(&mut known, "u-1") && add_id(&mut known, "u-2"));
        assert!(!add_id(&mut known, "u-1"));
        for number in 0..2 * MOST_LINES {
            assert!(add_id(&mut known, &format!("line {number}")));
        }
        assert_eq!(known.len(), MOST_LINES);
        assert!(!add_id(&mut known, "line 7") && add_id(&mut known, &format!("line {MOST_LINES}")));
    }

    #[test]
    fn versions_that_understate() {
        for (version, expected) in [
            ("2.1.11", false),
            ("2.1.12", true),
            ("2.1.47", true),
            ("2.1.47-beta.1", true),
            ("2.1.48", false),
            ("2.0.30", false),
            ("1.1.30", false),
            ("dev", false),
        ] {
            assert_eq!(understates_output(version), expected, "{version}");
        }
    }

    #[test]
    fn money_is_read_exactly() {
        for (text, expected) in [
            ("0.0123456", Some(12_346)),
            ("0.01234549", Some(12_345)),
            ("12", Some(12_000_000)),
            ("1.2e-05", Some(12)),
            ("1.5E1", Some(15_000_000)),
            ("4e-7", Some(0)),
            ("5e-7", Some(1)),
            ("0", Some(0)),
            ("1e-2000000000", Some(0)),
            ("0e2000000000", Some(0)),
            ("-1", None),
            ("1e30", None),
            ("\"1\"", None),
            ("", None),
            (".", None),
        ] {
            assert_eq!(micro_usd(text), expected, "{text}");
        }
    }
}
