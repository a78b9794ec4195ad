//! A sink that keeps everything, in the text form that snapshots are made of. Only tests and fuzzing have it.

use super::{Position, Reason, Sink};
use crate::events::{Aggregate, Event, Fact, Outcome, RosterEntry};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Everything that a source put into its sink.
#[derive(Debug, Default)]
pub struct Recorded {
    /// Events with their positions.
    pub events: Vec<(Position, Event)>,
    /// Outcomes.
    pub outcomes: Vec<(Position, Outcome)>,
    /// Facts.
    pub facts: Vec<(Position, Fact)>,
    /// Aggregates.
    pub aggregates: Vec<(Position, Aggregate)>,
    /// Roster entries.
    pub roster: Vec<(Position, RosterEntry)>,
    /// Rejects.
    pub rejects: Vec<(Position, Reason, String)>,
    /// Ignored kinds with counts.
    pub ignored: BTreeMap<&'static str, u64>,
    /// Unknown fields with counts.
    pub unknown_fields: BTreeMap<String, u64>,
    /// The plain bytes told.
    pub content: Vec<u8>,
}

impl Sink for Recorded {
    fn event(&mut self, at: Position, event: Event) {
        self.events.push((at, event));
    }
    fn outcome(&mut self, at: Position, outcome: Outcome) {
        self.outcomes.push((at, outcome));
    }
    fn fact(&mut self, at: Position, fact: Fact) {
        self.facts.push((at, fact));
    }
    fn aggregate(&mut self, at: Position, aggregate: Aggregate) {
        self.aggregates.push((at, aggregate));
    }
    fn roster(&mut self, at: Position, entry: RosterEntry) {
        self.roster.push((at, entry));
    }
    fn reject(&mut self, at: Position, reason: Reason, detail: &str) {
        self.rejects.push((at, reason, detail.to_owned()));
    }
    fn ignore(&mut self, kind: &'static str) {
        *self.ignored.entry(kind).or_default() += 1;
    }
    fn content(&mut self, bytes: &[u8]) {
        self.content.extend_from_slice(bytes);
    }
    fn unknown_field(&mut self, name: &str) {
        *self.unknown_fields.entry(name.to_owned()).or_default() += 1;
    }
}

impl Recorded {
    /// Whether the source said nothing at all, not even that it passed something over.
    pub fn is_silent(&self) -> bool {
        self.snapshot().is_empty()
    }

    /// The reject reasons in order.
    pub fn reasons(&self) -> Vec<&'static str> {
        self.rejects.iter().map(|reject| reject.1.as_str()).collect()
    }

    /// A readable form for snapshots: one line an event with its non-null fields, then outcomes, facts, rejects and ignored kinds.
    /// Sketches and hashes are shown as sizes, so that a snapshot says what was read and not how it was hashed.
    pub fn snapshot(&self) -> String {
        let mut out = String::new();
        for (at, event) in &self.events {
            let _ = writeln!(out, "event @{}:{} {}", at.line, at.offset, event_line(event));
        }
        for (at, outcome) in &self.outcomes {
            let mut outcome = outcome.clone();
            let lines = outcome.added_lines.len();
            outcome.added_lines.clear();
            let _ = writeln!(out, "outcome @{}:{} {outcome:?} lines={lines}", at.line, at.offset);
        }
        for (at, fact) in &self.facts {
            let _ = writeln!(out, "fact @{}:{} {fact:?}", at.line, at.offset);
        }
        for (at, aggregate) in &self.aggregates {
            let _ = writeln!(out, "aggregate @{}:{} {}", at.line, at.offset, aggregate_line(aggregate));
        }
        for (at, entry) in &self.roster {
            let _ = writeln!(out, "roster @{}:{} {entry:?}", at.line, at.offset);
        }
        for (at, reason, detail) in &self.rejects {
            let _ = writeln!(out, "reject @{}:{} {} {detail}", at.line, at.offset, reason.as_str());
        }
        for (kind, count) in &self.ignored {
            let _ = writeln!(out, "ignored {kind} {count}");
        }
        for (name, count) in &self.unknown_fields {
            let _ = writeln!(out, "unknown field {name} {count}");
        }
        out
    }
}

fn event_line(event: &Event) -> String {
    let mut out = format!(
        "{} {} session={} trigger={} client={}",
        event.kind,
        jiff::Timestamp::from_microsecond(event.ts_us).map_or_else(|_| event.ts_us.to_string(), |ts| ts.to_string()),
        event.session_id,
        event.trigger,
        event.client
    );
    let mut field = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            let _ = write!(out, " {name}={value}");
        }
    };
    let tokens = &event.tokens;
    field("why", event.trigger_evidence.map(str::to_owned));
    field("offset", event.utc_offset_min.map(|v| v.to_string()));
    field("parent", event.parent_session_id.clone());
    field("id", event.event_id.clone());
    field("request", event.request_id.clone());
    field("response", event.response_id.clone());
    field("actor", event.actor_id.clone());
    field("os_user", event.os_user.clone());
    field("provider", event.provider.clone());
    field("model", event.model.clone());
    field("in", tokens.input.map(|v| v.to_string()));
    field("out", tokens.output.map(|v| v.to_string()));
    field("reasoning", tokens.reasoning.map(|v| v.to_string()));
    field("cache_read", tokens.cache_read.map(|v| v.to_string()));
    field("cache_write", tokens.cache_write.map(|v| v.to_string()));
    field("cache_write_1h", tokens.cache_write_1h.map(|v| v.to_string()));
    field("basis", event.token_basis.map(|v| v.to_string()));
    field("lower_bound", event.output_is_lower_bound.then(|| "yes".into()));
    field("output_estimate", event.output_estimate.map(|v| v.to_string()));
    field("cost", event.cost_micro_usd.map(|v| v.to_string()));
    field("marker", event.marker.map(str::to_owned));
    field("command", event.command.clone());
    field("tool", event.tool_name.clone());
    field("call", event.call_id.clone());
    field("error", event.is_error.map(|v| v.to_string()));
    field("effect", event.effect.map(|v| v.to_string()));
    field("system", event.system.clone());
    field("approval", event.approval.map(|v| v.to_string()));
    field("path", event.path.clone());
    field("repo", event.repo.clone());
    field("branch", event.branch.clone());
    field("ms", event.duration_ms.map(|v| v.to_string()));
    field("words", event.text.as_ref().map(|t| t.words.to_string()));
    field("chars", event.stated_chars.map(|v| v.to_string()));
    field("call_hash", event.call_hash.map(|_| "yes".into()));
    field("result_hash", event.result_hash.map(|_| "yes".into()));
    field("added_lines", (!event.added_lines.is_empty()).then(|| event.added_lines.len().to_string()));
    out
}

fn aggregate_line(aggregate: &Aggregate) -> String {
    let moment = |us: i64| jiff::Timestamp::from_microsecond(us).map_or_else(|_| us.to_string(), |ts| ts.to_string());
    let (from, to) = (moment(aggregate.from_us), moment(aggregate.to_us));
    let mut out = format!("{} {from}..{to} by={}", aggregate.report, aggregate.counted_by);
    let mut field = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            let _ = write!(out, " {name}={value}");
        }
    };
    let tokens = &aggregate.tokens;
    field("client", aggregate.client.clone());
    field("actor", aggregate.actor_id.clone());
    field("key", aggregate.key_id.clone());
    field("group", aggregate.group_id.clone());
    field("session", aggregate.session_id.clone());
    field("provider", aggregate.provider.clone());
    field("model", aggregate.model.clone());
    field("dimension", aggregate.dimension.clone());
    field("trigger", (aggregate.trigger != crate::events::Trigger::Unknown).then(|| aggregate.trigger.to_string()));
    for (name, count) in [
        ("in", tokens.input),
        ("out", tokens.output),
        ("reasoning", tokens.reasoning),
        ("cache_read", tokens.cache_read),
        ("cache_write", tokens.cache_write),
        ("cache_write_1h", tokens.cache_write_1h),
        ("cost", aggregate.cost_micro_usd),
        ("requests", aggregate.requests),
        ("prompts", aggregate.prompts),
        ("sessions", aggregate.sessions),
        ("suggested", aggregate.lines_suggested),
        ("added", aggregate.lines_added),
        ("deleted", aggregate.lines_deleted),
        ("accepted", aggregate.edits_accepted),
        ("rejected", aggregate.edits_rejected),
        ("commits", aggregate.commits),
        ("pull_requests", aggregate.pull_requests),
    ] {
        field(name, count.map(|count| count.to_string()));
    }
    field("seat_used", aggregate.seat_used.map(|used| used.to_string()));
    out
}
