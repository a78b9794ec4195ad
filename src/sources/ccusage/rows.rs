//! One row of a report: an aggregate for each model in it, or one for all of them.
//!
//! Owns what the counts of a row mean. Owns no files.

use super::records::{Counts, ModelName, Row};
use crate::events::{Aggregate, CountedBy, Tokens};
use crate::sources::json::{moment, parse_last_wins, reject_reason, safe_detail};
use crate::sources::money::micro_units;
use crate::sources::spans::{Length, Span, span};
use crate::sources::{Position, Reason, Sink};
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// A kind of report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Report {
    /// Rows by day; with `--instances` below the names of projects.
    Daily,
    /// Rows by week.
    Weekly,
    /// Rows by month.
    Monthly,
    /// Rows by session.
    Session,
    /// Windows of five hours.
    Blocks,
}

impl Report {
    /// The report of a list with this name.
    pub(super) fn named(list: &str) -> Option<Self> {
        Some(match list {
            "daily" | "projects" => Report::Daily,
            "weekly" => Report::Weekly,
            "monthly" => Report::Monthly,
            "session" | "sessions" => Report::Session,
            "blocks" => Report::Blocks,
            _ => return None,
        })
    }

    /// The word in `aggregates.report`.
    fn word(self) -> &'static str {
        match self {
            Report::Daily => "ccusage.daily",
            Report::Weekly => "ccusage.weekly",
            Report::Monthly => "ccusage.monthly",
            Report::Session => "ccusage.session",
            Report::Blocks => "ccusage.blocks",
        }
    }
}

fn parse<T: DeserializeOwned>(raw: &RawValue, at: Position, sink: &mut dyn Sink) -> Option<T> {
    let parsed = parse_last_wins(raw.get());
    parsed.map_err(|error| sink.reject(at, reject_reason(&error), &safe_detail(&error))).ok()
}

/// Puts the aggregates of a row into the sink. `file` is the report's name in the lake: a report names nobody, so that those of two people are
/// told apart by it alone.
pub(super) fn read(
    report: Report,
    project: Option<&str>,
    raw: &RawValue,
    file: &str,
    at: Position,
    sink: &mut dyn Sink,
) {
    let Some(row) = parse::<Row>(raw, at, sink) else { return };
    if row.is_gap == Some(true) {
        return sink.ignore("gap");
    }
    let Some((from_us, to_us)) = span_of(report, &row).map_err(|(reason, field)| sink.reject(at, reason, field)).ok()
    else {
        return;
    };
    let mut base = Aggregate::new(from_us, to_us, report.word(), CountedBy::Reader);
    base.client = agent(&row);
    base.group_id = project.map(str::to_owned);
    base.dimension = Some(file.to_owned());
    if report == Report::Session {
        base.session_id.clone_from(&row.period);
    }
    let counts = row.token_counts.as_deref().unwrap_or(raw);
    let Some(whole) = parse::<Counts>(counts, at, sink) else { return };
    let cost = match report {
        Report::Blocks => parse::<Counts>(raw, at, sink).and_then(|counts| counts.cost),
        _ => None,
    };
    let models = models(&row, at, sink);
    if models.is_empty() {
        fill(&mut base, Counts { cost: cost.or(whole.cost), ..whole }, at, sink);
        base.requests = row.entries.get("entries", at, sink);
        return sink.aggregate(at, base);
    }
    let is_single = models.len() == 1;
    let mut stated = false;
    for (model, counts) in models {
        let mut part = Aggregate { model: Some(model), ..base.clone() };
        stated |= counts.cost.is_some();
        fill(&mut part, counts, at, sink);
        if is_single && !stated {
            part.cost_micro_usd = money(whole.cost.as_deref(), at, sink);
        }
        sink.aggregate(at, part);
    }
    // Reports of Codex and others state the cost of a row for all its models together.
    if !stated && !is_single {
        base.cost_micro_usd = money(whole.cost.as_deref(), at, sink);
        sink.aggregate(at, base);
    }
}

/// The models of a row with their counts.
fn models(row: &Row, at: Position, sink: &mut dyn Sink) -> Vec<(String, Counts)> {
    let mut models = Vec::new();
    for raw in row.model_breakdowns.iter().flatten() {
        let name = parse::<ModelName>(raw, at, sink).and_then(|name| name.model_name);
        match (name, parse::<Counts>(raw, at, sink)) {
            (Some(name), Some(counts)) => models.push((name, counts)),
            (None, Some(_)) => sink.reject(at, Reason::MissingField, "modelBreakdowns.modelName"),
            (_, None) => {}
        }
    }
    let by_name = row.models.as_deref().filter(|raw| raw.get().starts_with('{'));
    // Rows of other reports have the names alone, in a list.
    let is_names = |raw: &RawValue| raw.get() == "null" || serde_json::from_str::<Vec<String>>(raw.get()).is_ok();
    if by_name.is_none() && row.models.as_deref().is_some_and(|raw| !is_names(raw)) {
        sink.reject(at, Reason::BadValue, "models");
    }
    for (name, raw) in
        by_name.and_then(|raw| parse::<BTreeMap<String, Box<RawValue>>>(raw, at, sink)).unwrap_or_default()
    {
        models.extend(parse::<Counts>(&raw, at, sink).map(|counts| (name, counts)));
    }
    models
}

/// The agent of a row, where it is one.
fn agent(row: &Row) -> Option<String> {
    let agents = row.metadata.as_ref().and_then(|metadata| metadata.agents.as_deref());
    let name = match (row.agent.as_deref(), agents) {
        (None | Some("all"), Some([one])) => one,
        (None | Some("all"), _) => return None,
        (Some(name), _) => name,
    };
    Some(match name {
        "claude" => "claude-code".to_owned(),
        "gemini" => "gemini-cli".to_owned(),
        "copilot" => "copilot-cli".to_owned(),
        name => name.to_owned(),
    })
}

fn span_of(report: Report, row: &Row) -> Result<Span, (Reason, &'static str)> {
    let when = |raw: Option<&RawValue>, field: &'static str| match raw {
        Some(raw) => moment(raw).map(|moment| moment.us).map_err(|reason| (reason, field)),
        None => Err((Reason::MissingField, field)),
    };
    let length = match report {
        Report::Daily => Length::Day,
        Report::Weekly => Length::Week,
        Report::Monthly => Length::Month,
        Report::Blocks => {
            return Ok((when(row.start_time.as_deref(), "startTime")?, when(row.end_time.as_deref(), "endTime")?));
        }
        Report::Session => {
            let inside = row.metadata.as_ref().and_then(|metadata| metadata.last_activity.as_deref());
            let last = row.last_activity.as_deref().or(inside);
            // Early versions wrote the day of the last activity and no time.
            let day =
                last.and_then(|last| serde_json::from_str::<String>(last.get()).ok()).filter(|last| last.len() == 10);
            if let Some(day) = day {
                return span(&day, Length::Day).map_err(|reason| (reason, "lastActivity"));
            }
            let last = when(last, "lastActivity")?;
            let first = row.first_activity.as_deref().map_or(Ok(last), |first| when(Some(first), "firstActivity"))?;
            return Ok((first, last + 1));
        }
    };
    let period = row.period.as_deref().ok_or((Reason::MissingField, "date"))?;
    span(period, length).map_err(|reason| (reason, "date"))
}

fn money(raw: Option<&RawValue>, at: Position, sink: &mut dyn Sink) -> Option<i64> {
    let raw = raw.filter(|raw| raw.get() != "null")?;
    micro_units(raw.get()).map_err(|reason| sink.reject(at, reason, "cost")).ok()
}

/// Puts counts on an aggregate. A total beyond the sum of its parts holds reasoning that the output leaves out: it is billed as output.
fn fill(aggregate: &mut Aggregate, counts: Counts, at: Position, sink: &mut dyn Sink) {
    let input = counts.input_tokens.get("inputTokens", at, sink);
    let output = counts.output_tokens.get("outputTokens", at, sink);
    let cache_write = counts.cache_creation_tokens.get("cacheCreationTokens", at, sink);
    let cache_read = counts.cache_read_tokens.get("cacheReadTokens", at, sink);
    let reasoning = counts.reasoning_output_tokens.get("reasoningOutputTokens", at, sink);
    let total = counts.total_tokens.get("totalTokens", at, sink);
    let sum: i64 = [input, output, cache_write, cache_read].iter().flatten().sum();
    let beyond = total.map_or(0, |total| (total - sum).max(0));
    aggregate.tokens = Tokens {
        input,
        output: output.map(|output| output + beyond),
        reasoning,
        cache_read,
        cache_write,
        cache_write_1h: None,
    };
    aggregate.cost_micro_usd = money(counts.cost.as_deref(), at, sink);
}
