//! Metrics: sums over requests without their ids, and so never part of what events say.
//!
//! Owns what of Claude Code's metrics is kept: its counters become aggregates, which stand beside the totals, and its active time says whether somebody was at the
//! keyboard. Metrics of the conventions are histograms and only counted.

use super::attributes::Attributes;
use super::batch::{Counter, Point};
use super::names::{Dialect, Field};
use super::records::Temporality;
use crate::events::{Aggregate, CountedBy, Fact, FactName, Trigger};
use crate::fingerprint::Json;
use crate::sources::{Reason, Sink, values};

const PREFIX: &str = "claude_code.";
/// How the aggregates are called.
const REPORT: &str = "claude_code.metrics";
/// How those are called that count on from their start, so that nobody adds them to the others.
const CUMULATIVE_REPORT: &str = "claude_code.metrics.cumulative";
const ACTIVE_TIME: &str = "claude_code.active_time.total";

/// Names under which metrics are counted as ignored.
const NAMES: &[&str] = &[
    ACTIVE_TIME,
    "claude_code.code_edit_tool.decision",
    "claude_code.commit.count",
    "claude_code.cost.usage",
    "claude_code.lines_of_code.count",
    "claude_code.pull_request.count",
    "claude_code.session.count",
    "claude_code.token.usage",
    "gen_ai.client.operation.duration",
    "gen_ai.client.token.usage",
];

/// Attributes that every series has, or that have a field of their own; what else there is tells a series from others.
const COMMON: &[&str] = &[
    "app.version",
    "model",
    "organization.id",
    "session.id",
    "terminal.type",
    "user.account_id",
    "user.account_uuid",
    "user.email",
    "user.id",
];

/// Below everything that a transcript says of single prompts: it is of the whole session, which may hold scheduled prompts too.
const PRESENCE_RANK: i32 = 5;

/// Whether the values of a metric are worth converting.
pub(super) fn is_read(name: &str) -> bool {
    name.starts_with(PREFIX) && NAMES.contains(&name)
}

/// Takes a metric.
pub(super) fn take(counter: &Counter<'_>, sink: &mut dyn Sink) {
    let name = NAMES.iter().find(|known| **known == counter.name).copied().unwrap_or("metric");
    let mut is_kept = false;
    for point in &counter.points {
        let levels: [&[_]; 3] = [&counter.origin.resource, &counter.origin.scope, &point.attributes];
        let attributes = Attributes::merged(Dialect::ClaudeCode, &levels);
        if name == ACTIVE_TIME {
            presence(counter, point, &attributes, sink);
        } else if let Some(temporality) = counter.temporality {
            is_kept |= aggregate(counter, temporality, point, &attributes, sink);
        }
    }
    if !is_kept {
        sink.ignore(name);
    }
}

/// Time that a person was active in a session, in seconds.
fn presence(counter: &Counter<'_>, point: &Point<'_>, attributes: &Attributes<'_>, sink: &mut dyn Sink) {
    let seconds = values::text(&point.value).and_then(|text| text.parse::<f64>().ok());
    let by_user = attributes.text(Field::MetricType).as_deref() == Some("user");
    let was_there = by_user && seconds.is_some_and(|seconds| seconds > 0.0);
    if let Some(session_id) = attributes.string(Field::Session).filter(|_| was_there) {
        let fact = Fact {
            session_id,
            ts_us: None,
            name: FactName::Trigger,
            value: Trigger::Human.as_str().to_owned(),
            rank: PRESENCE_RANK,
            evidence: "active_time.type=user".to_owned(),
        };
        sink.fact(counter.at, fact);
    }
}

/// One value of one series. Answers whether it was kept.
fn aggregate(
    counter: &Counter<'_>,
    temporality: Temporality,
    point: &Point<'_>,
    attributes: &Attributes<'_>,
    sink: &mut dyn Sink,
) -> bool {
    let at = counter.at;
    let Some(to_us) = point.to_us else {
        sink.reject(at, Reason::MissingField, "timeUnixNano");
        return true;
    };
    let (from_us, to_us, report) = match (temporality, point.from_us) {
        (Temporality::Delta, from_us) => (from_us.unwrap_or(to_us).min(to_us), to_us, REPORT),
        // Each value holds all before it since the start, so its end is no part of what it is: the next one, which is larger, takes its place.
        (Temporality::Cumulative, Some(from_us)) => (from_us, from_us, CUMULATIVE_REPORT),
        // Without a start no two values could be told from those of two sessions.
        (Temporality::Cumulative, None) => return false,
    };
    let empty = Aggregate::new(from_us, to_us, report, CountedBy::Reader);
    let mut sum = empty.clone();
    let kind = attributes.text(Field::MetricType).or_else(|| attributes.text(Field::Decision)).unwrap_or_default();
    let mut count = || values::count(&point.value).get(VALUE, at, sink);
    match (counter.name.as_ref(), kind.as_ref()) {
        ("claude_code.token.usage", "input") => sum.tokens.input = count(),
        ("claude_code.token.usage", "output") => sum.tokens.output = count(),
        ("claude_code.token.usage", "cacheRead") => sum.tokens.cache_read = count(),
        ("claude_code.token.usage", "cacheCreation") => sum.tokens.cache_write = count(),
        ("claude_code.session.count", _) => sum.sessions = count(),
        ("claude_code.lines_of_code.count", "added") => sum.lines_added = count(),
        ("claude_code.lines_of_code.count", "removed") => sum.lines_deleted = count(),
        ("claude_code.commit.count", _) => sum.commits = count(),
        ("claude_code.pull_request.count", _) => sum.pull_requests = count(),
        ("claude_code.code_edit_tool.decision", "accept") => sum.edits_accepted = count(),
        ("claude_code.code_edit_tool.decision", "reject") => sum.edits_rejected = count(),
        ("claude_code.cost.usage", _) => {
            sum.cost_micro_usd = values::micro_usd(&point.value).unwrap_or_else(|reason| {
                sink.reject(at, reason, VALUE);
                None
            });
        }
        _ => {
            sink.reject(at, Reason::BadValue, "type");
            return true;
        }
    }
    if sum == empty {
        // The value is none, and rejected unless it is missing.
        if matches!(point.value, Json::Null) {
            sink.reject(at, Reason::MissingField, VALUE);
        }
        return true;
    }
    sum.client = Some("claude-code".to_owned());
    sum.actor_id = attributes.string(Field::Actor);
    sum.session_id = attributes.string(Field::Session);
    sum.model = attributes.string(Field::RequestModel);
    sum.dimension = Some(series(counter, point));
    sink.aggregate(at, sum);
    true
}

/// Where the value of a point stands.
const VALUE: &str = "asInt or asDouble";

/// What tells a series from others of the same session and model: the metric and the attributes that only some have.
fn series(counter: &Counter<'_>, point: &Point<'_>) -> String {
    let own = point.attributes.iter().filter(|attribute| !COMMON.contains(&attribute.key.as_ref()));
    let mut parts: Vec<String> =
        own.filter_map(|attribute| Some(format!("{}={}", attribute.key, values::text(&attribute.value)?))).collect();
    parts.sort_unstable();
    parts.insert(0, counter.name.strip_prefix(PREFIX).unwrap_or(&counter.name).to_owned());
    parts.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted_and_only_those_of_claude_code_are_read() {
        assert!(NAMES.is_sorted() && COMMON.is_sorted());
        assert!(is_read("claude_code.token.usage"));
        assert!(!is_read("claude_code.invented.count") && !is_read("gen_ai.client.token.usage"));
    }
}
