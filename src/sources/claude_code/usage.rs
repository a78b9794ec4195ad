//! One model response, put together from the lines that Claude Code writes for its content blocks.
//!
//! Owns the identity of a response, the choice among repeated usage records, the versions whose output counts are too low, and
//! the reading of logged costs. Owns no totals: copies of a response in other files meet in the lake, by [`completion_id`].

use super::records::{Block, Content, Usage};
use crate::events::{CostBasis, Event, TokenBasis};
use crate::fingerprint::sketch_answer;
use crate::sources::json::Count;
use crate::sources::money::micro_units;
use crate::sources::{Position, Sink};
use std::collections::HashSet;

/// Visible characters per output token, the ratio by which the undercount was measured (`formats.md` section 1).
const CHARS_PER_TOKEN: i64 = 4;
/// Lines and bytes of text kept of one response, far above what a model writes, so that a hostile file cannot grow it without end.
const MOST_LINES: usize = 4096;
const MOST_TEXT: usize = 4 << 20;

/// The id of a response, the same in every file that holds a copy of it.
///
/// Anthropic's `msg_` ids are unique by themselves, and a replay of a parent's message into a `/btw` sidechain keeps the message id under
/// another request id, so for them the request id must not be part of the identity: any order of any files then gives one row.
/// Other ids come from proxies, which may reuse them, and are paired with the request id where there is one.
pub(super) fn completion_id(message_id: Option<&str>, request_id: Option<&str>, uuid: Option<&str>) -> Option<String> {
    match (message_id, request_id, uuid) {
        (Some(message), _, _) if message.starts_with("msg_") => Some(message.to_owned()),
        (Some(message), Some(request), _) => Some(format!("{message}:{request}")),
        (Some(message), None, _) => Some(message.to_owned()),
        (None, Some(request), _) => Some(request.to_owned()),
        (None, None, uuid) => uuid.map(str::to_owned),
    }
}

/// A response of which more lines may follow.
pub(super) struct Response {
    pub(super) id: Option<String>,
    at: Position,
    event: Event,
    text: String,
    visible_chars: i64,
    /// Uuids of the lines taken, so that a line that stands twice is counted once in `visible_chars`.
    lines: HashSet<String>,
    stopped: bool,
    understated_version: bool,
}

impl Response {
    /// Starts a response with the event of its first line.
    pub(super) fn new(id: Option<String>, at: Position, mut event: Event, version: Option<&str>) -> Self {
        event.event_id = id.clone();
        event.token_basis = Some(TokenBasis::Absent);
        Self {
            id,
            at,
            event,
            text: String::new(),
            visible_chars: 0,
            lines: HashSet::new(),
            stopped: false,
            understated_version: version.is_some_and(understates_output),
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
        match uuid {
            Some(uuid) if self.lines.len() < MOST_LINES => self.lines.insert(uuid.to_owned()),
            Some(uuid) => !self.lines.contains(uuid),
            None => true,
        }
    }

    /// Adds what the response shows, which estimates the output where the log understates it.
    fn add_block(&mut self, block: &Block<'_>) {
        if let Some(text) = block.text.as_deref() {
            self.add_text(text);
        }
        if let Some(thinking) = block.thinking.as_deref() {
            self.visible_chars += thinking.chars().count() as i64;
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

    /// The person stopped the agent while this was its newest response.
    pub(super) fn interrupt(&mut self) {
        self.event.marker = Some("interrupt");
    }

    fn take_usage(&mut self, at: Position, usage: &Usage<'_>, sink: &mut dyn Sink) {
        let output = usage.output_tokens.get("usage.output_tokens", at, sink);
        let input = usage.input_tokens.get("usage.input_tokens", at, sink);
        let cache_read = usage.cache_read_input_tokens.get("usage.cache_read_input_tokens", at, sink);
        let split = usage.cache_creation.unwrap_or_default();
        let five_minutes = split.ephemeral_5m_input_tokens.get("usage.ephemeral_5m_input_tokens", at, sink);
        let one_hour = split.ephemeral_1h_input_tokens.get("usage.ephemeral_1h_input_tokens", at, sink);
        let stated = usage.cache_creation_input_tokens.get("usage.cache_creation_input_tokens", at, sink);
        let tokens = &mut self.event.tokens;
        if output.is_none() && tokens.output.is_some() || output < tokens.output {
            return;
        }
        tokens.output = output;
        tokens.input = input;
        tokens.cache_read = cache_read;
        tokens.cache_write = match (stated, five_minutes, one_hour) {
            (None, None, None) => None,
            (None, five_minutes, one_hour) => Some(five_minutes.unwrap_or(0) + one_hour.unwrap_or(0)),
            (stated, _, _) => stated,
        };
        tokens.cache_write_1h = one_hour;
        if [tokens.output, tokens.input, tokens.cache_read, tokens.cache_write].iter().any(Option::is_some) {
            self.event.token_basis = Some(TokenBasis::Reported);
        }
    }

    /// The event, with its output marked where it is known to be too low.
    pub(super) fn finish(mut self) -> (Position, Event) {
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
        (self.at, self.event)
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
