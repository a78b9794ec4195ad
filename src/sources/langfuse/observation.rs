//! One row of an export: an observation, a trace or a score, in either spelling.
//!
//! Owns what a row becomes and under which id. Owns neither framing nor the arithmetic of usage.

use super::nesting::{Nesting, Role};
use super::usage::{Stated, USAGE_DETAILS};
use crate::events::{CostBasis, Event, Fact, FactName, Kind, Trigger};
use crate::fingerprint::{Json, result_hash, sketch_answer, sketch_call_of, sketch_result};
use crate::sources::exports::Row;
use crate::sources::messages::{self, Asked};
use crate::sources::requests::{is_drawn_from_few, named_account};
use crate::sources::slash::keep_prompt;
use crate::sources::{Position, Reason, Sink, Unheard, ancestors, values};
use std::borrow::Cow;

/// Columns by which a header is known, as the export and as the API spell them; rows may have more.
const COLUMNS: &[&str] = &[
    "id",
    "trace_id",
    "traceId",
    "type",
    "start_time",
    "startTime",
    "end_time",
    "endTime",
    "parent_observation_id",
    "parentObservationId",
    "user_id",
    "userId",
    "session_id",
    "sessionId",
    "trace_name",
    "traceName",
    "provided_model_name",
    "model",
    "usage_details",
    "usageDetails",
    "cost_details",
    "costDetails",
    "total_cost",
    "calculatedTotalCost",
    "input",
    "output",
    "level",
    "environment",
    "metadata",
    "usage",
    "data_type",
    "dataType",
    "observation_id",
    "observationId",
    "string_value",
    "stringValue",
    "timestamp",
    "value",
    "source",
    "name",
    "status_message",
    "statusMessage",
    "tool_call_names",
    "toolCallNames",
    "updated_at",
    "updatedAt",
    "release",
    "htmlPath",
    "bookmarked",
    "public",
];

/// The columns that are read.
pub(super) fn columns() -> &'static [&'static str] {
    COLUMNS
}

/// Whether a name is one of an export's.
pub(super) fn is_column(name: &str) -> bool {
    COLUMNS.contains(&name)
}

/// Whether a column tells which observations stand inside which.
pub(super) fn is_link(name: &str) -> bool {
    [TRACE_ID, PARENT_ID, USAGE_DETAILS, &["id", "type", "usage"]].iter().any(|names| names.contains(&name))
}

/// Whether these are the columns of observations, scores or traces.
pub(super) fn is_export(columns: &[&str]) -> bool {
    let has = |names: &[&str]| names.iter().any(|name| columns.contains(name));
    let of_trace = has(&["id"]) && has(&["trace_id", "traceId"]);
    let observation = of_trace
        && has(&["type"])
        && has(&["start_time", "startTime"])
        && has(&[
            "usage_details",
            "usageDetails",
            "provided_model_name",
            "parent_observation_id",
            "parentObservationId",
            "usage",
        ]);
    let score = of_trace
        && has(&["data_type", "dataType"])
        && has(&["source"])
        && has(&["value", "string_value", "stringValue"]);
    let trace = has(&["id"])
        && has(&["timestamp"])
        && has(&["user_id", "userId"])
        && has(&["session_id", "sessionId"])
        && has(&["release"])
        && has(&["htmlPath", "bookmarked", "public"]);
    observation || score || trace
}

const EMBEDDING: &str = "EMBEDDING";
const TRACE_ID: &[&str] = &["trace_id", "traceId"];
const SESSION_ID: &[&str] = &["session_id", "sessionId"];
const USER_ID: &[&str] = &["user_id", "userId"];
const START: &[&str] = &["start_time", "startTime"];
const END: &[&str] = &["end_time", "endTime"];
const UPDATED: &[&str] = &["updated_at", "updatedAt"];
const PARENT_ID: &[&str] = &["parent_observation_id", "parentObservationId"];

/// Learns of one row what it says of the nesting of observations.
pub(super) fn learn(row: &Row<'_, '_>, nesting: &mut Nesting) {
    if row.get(&["type"]).is_some() {
        learn_observation(row, None, nesting);
        return;
    }
    if let Some(Json::List(inner)) = row.nested(&["observations"], &mut Unheard).as_deref() {
        for fields in inner {
            learn_observation(&Row { fields, at: row.at }, Some(row), nesting);
        }
    }
}

fn learn_observation(row: &Row<'_, '_>, trace: Option<&Row<'_, '_>>, nesting: &mut Nesting) {
    let Some(own) = key(row, trace, &["id"]) else { return };
    let role = match row.text(&["type"]).map(|kind| kind.to_ascii_uppercase()).as_deref() {
        Some(kind @ ("GENERATION" | "EMBEDDING")) => {
            Role::Request { states_usage: Stated::of(row, &mut Unheard).is_used(), is_embedding: kind == EMBEDDING }
        }
        Some("EVALUATOR") => Role::Evaluator,
        _ => Role::Other,
    };
    nesting.learn(own, key(row, trace, PARENT_ID), role);
}

/// The key of the observation that a column names.
fn key(row: &Row<'_, '_>, trace: Option<&Row<'_, '_>>, id: &[&'static str]) -> Option<u64> {
    let trace_id = row.text(TRACE_ID).or_else(|| trace.and_then(|trace| trace.text(&["id"]))).unwrap_or_default();
    Some(ancestors::key(&trace_id, &row.text(id)?))
}

/// Takes one row.
pub(super) fn take(row: &Row<'_, '_>, nesting: &Nesting, sink: &mut dyn Sink) {
    let is_score = row.get(&["data_type", "dataType"]).is_some() && row.get(&["type"]).is_none();
    if is_score {
        sink.ignore("score");
    } else if row.get(&["type"]).is_some() || row.get(TRACE_ID).is_some() {
        observation(row, None, nesting, sink);
    } else if row.get(&["id"]).is_some() && row.get(&["timestamp"]).is_some() {
        trace(row, nesting, sink);
    } else {
        sink.reject(row.at, Reason::MissingField, "type");
    }
}

/// A trace says whose its observations are and to which session they belong; in older exports only it does.
fn trace(row: &Row<'_, '_>, nesting: &Nesting, sink: &mut dyn Sink) {
    if let (Some(trace_id), Some(session_id)) = (row.string(&["id"]), row.string(SESSION_ID)) {
        let fact = Fact {
            session_id: trace_id,
            ts_us: None,
            name: FactName::Parent,
            value: session_id,
            rank: 1,
            evidence: "langfuse.trace.session_id".to_owned(),
        };
        sink.fact(row.at, fact);
    }
    // The API's answer for one trace holds the observations themselves; lists of traces hold their ids.
    let nested = row.nested(&["observations"], sink);
    match nested.as_deref() {
        Some(Json::List(inner)) => {
            for fields in inner {
                match fields {
                    Json::Object(_) => observation(&Row { fields, at: row.at }, Some(row), nesting, sink),
                    // The id of one that stands elsewhere.
                    Json::Text(_) | Json::Null => {}
                    _ => sink.reject(row.at, Reason::BadValue, "observations"),
                }
            }
        }
        Some(_) => sink.reject(row.at, Reason::BadValue, "observations"),
        None => {}
    }
    sink.ignore("trace");
}

/// One observation, and the trace that it was found in.
fn observation(row: &Row<'_, '_>, trace: Option<&Row<'_, '_>>, nesting: &Nesting, sink: &mut dyn Sink) {
    let kind = row.text(&["type"]).map(|kind| kind.to_ascii_uppercase());
    match kind.as_deref() {
        Some(kind @ ("GENERATION" | "EMBEDDING")) => {
            let own = key(row, trace, &["id"]);
            if own.is_some_and(|own| nesting.is_wrapper(own)) {
                sink.ignore("request_around_request");
            } else if let Some(mut step) = Step::of(row, trace, sink) {
                step.is_overhead |= own.is_some_and(|own| nesting.is_judge(own));
                step.generation(kind == EMBEDDING, sink);
            }
        }
        Some("TOOL") => {
            if let Some(step) = Step::of(row, trace, sink) {
                step.tool(sink);
            }
        }
        Some("SPAN") => sink.ignore("SPAN"),
        Some("EVENT") => sink.ignore("EVENT"),
        Some("AGENT") => sink.ignore("AGENT"),
        Some("CHAIN") => sink.ignore("CHAIN"),
        Some("RETRIEVER") => sink.ignore("RETRIEVER"),
        Some("EVALUATOR") => sink.ignore("EVALUATOR"),
        Some("GUARDRAIL") => sink.ignore("GUARDRAIL"),
        Some(_) => sink.reject(row.at, Reason::UnknownKind, "type"),
        None => sink.reject(row.at, Reason::MissingField, "type"),
    }
}

/// An observation with what every step made of it needs.
struct Step<'r, 'a> {
    row: &'r Row<'r, 'a>,
    at: Position,
    start_us: i64,
    end_us: i64,
    session_id: String,
    actor_id: Option<String>,
    event_id: Option<String>,
    request_id: Option<String>,
    response_id: Option<String>,
    updated_us: Option<i64>,
    is_overhead: bool,
}

impl<'r, 'a> Step<'r, 'a> {
    /// Null, after a reject, where it has no time or no trace.
    fn of(row: &'r Row<'r, 'a>, trace: Option<&Row<'_, '_>>, sink: &mut dyn Sink) -> Option<Self> {
        let start = row.moment(START, sink);
        let end = row.moment(END, sink);
        let Some(end_us) = end.or(start) else {
            // One that cannot be read is rejected already.
            if row.get(START).is_none() && row.get(END).is_none() {
                sink.reject(row.at, Reason::MissingField, "start_time");
            }
            return None;
        };
        let stated = |names: &[&'static str]| row.string(names).or_else(|| trace.and_then(|trace| trace.string(names)));
        let Some(session_id) = stated(SESSION_ID).or_else(|| row.string(TRACE_ID)) else {
            sink.reject(row.at, Reason::MissingField, "trace_id");
            return None;
        };
        let environment = stated(&["environment"]).unwrap_or_default();
        let trace_name = row.text(&["trace_name", "traceName"]).map(Cow::into_owned);
        let response_id = response_id(row);
        Some(Self {
            row,
            at: row.at,
            start_us: start.unwrap_or(end_us).min(end_us),
            end_us,
            session_id,
            actor_id: account(row).or_else(|| trace.and_then(account)),
            event_id: response_id.clone().or_else(|| observation_id(row)),
            request_id: observation_id(row),
            // Several observations may have one response, and the later changed of them may be the emptier.
            updated_us: row.moment(UPDATED, sink).filter(|_| response_id.is_none()),
            response_id,
            is_overhead: environment.starts_with("langfuse-")
                || trace_name.is_some_and(|name| name.starts_with("Execute evaluator")),
        })
    }

    fn event(&self, kind: Kind, ts_us: i64) -> Event {
        let mut event = Event::new(ts_us, self.session_id.clone(), kind, "langfuse");
        event.event_id.clone_from(&self.event_id);
        event.actor_id.clone_from(&self.actor_id);
        event.updated_us = self.updated_us;
        if self.is_overhead {
            // The platform's own judges and experiments: nobody's work.
            event.trigger = Trigger::Agent;
            event.trigger_evidence = Some("langfuse.evaluator");
        }
        event
    }

    /// The ids of the request: its response's, and those of trace and span, which telemetry has too, with or without the other.
    fn name(&self, event: &mut Event) {
        event.response_id.clone_from(&self.response_id);
        event.request_id.clone_from(&self.request_id);
    }

    fn failed(&self) -> bool {
        self.row.text(&["level"]).is_some_and(|level| level == "ERROR")
    }

    fn duration_ms(&self) -> Option<i64> {
        (self.end_us > self.start_us).then(|| (self.end_us - self.start_us) / 1000)
    }

    fn generation(&self, is_embedding: bool, sink: &mut dyn Sink) {
        let row = self.row;
        let mut event = self.event(Kind::Completion, self.end_us);
        self.name(&mut event);
        event.model = row.string(&["provided_model_name", "providedModelName", "model"]);
        event.is_error = self.failed().then_some(true);
        event.duration_ms = self.duration_ms();
        Stated::of(row, sink).fill(&mut event, self.at, sink);
        let cost = row.micro_usd(&["total_cost", "totalCost", "calculatedTotalCost", "calculated_total_cost"], sink);
        let cost = cost.or_else(|| {
            let costs = row.nested(&["cost_details", "costDetails"], sink)?;
            values::total_micro_usd(&costs).unwrap_or_else(|reason| {
                sink.reject(self.at, reason, "cost_details");
                None
            })
        });
        // 0 is what an observation has that nobody priced, with or without usage.
        event.cost_micro_usd = cost.filter(|&micro_usd| micro_usd > 0);
        event.cost_basis = event.cost_micro_usd.map(|_| CostBasis::Reported);
        let output = row.get(&["output"]).filter(|_| !is_embedding);
        event.text = output.and_then(messages::answer).map(|text| sketch_answer(&text));
        match row.get(&["input"]).map_or(Asked::Nothing, messages::newest_prompt) {
            Asked::Prompt(_) | Asked::WithoutText if is_embedding => sink.ignore("embedding_input"),
            Asked::Prompt(text) => {
                let mut prompt = self.event(Kind::Prompt, self.start_us);
                keep_prompt(&mut prompt, &text);
                sink.event(self.at, prompt);
            }
            Asked::WithoutText => sink.ignore("prompt_without_text"),
            Asked::Nothing => {}
        }
        sink.event(self.at, event);
    }

    fn tool(&self, sink: &mut dyn Sink) {
        let row = self.row;
        let mut call = self.event(Kind::ToolCall, self.start_us);
        call.tool_name = row.string(&["name"]);
        call.call_id.clone_from(&call.event_id);
        if let (Some(name), Some(arguments)) = (&call.tool_name, row.get(&["input"])) {
            let parsed = values::nested(arguments);
            let sketch = sketch_call_of(name, parsed.as_deref().unwrap_or(arguments));
            (call.call_hash, call.call_names, call.marker) = (Some(sketch.hash), sketch.names, sketch.marker);
        }
        let mut result = Event {
            kind: Kind::ToolResult,
            ts_us: self.end_us,
            call_hash: None,
            call_names: Vec::new(),
            marker: None,
            ..call.clone()
        };
        result.is_error = Some(self.failed());
        result.duration_ms = self.duration_ms();
        if let Some(text) = row.get(&["output"]).and_then(messages::answer) {
            result.result_hash = Some(result_hash(&text));
            result.text = Some(sketch_result(&text));
        }
        sink.event(self.at, call);
        sink.event(self.at, result);
    }
}

/// The provider's id of the response, where the export has it: in the attributes of a span that came in through OpenTelemetry, or inside the id that
/// LiteLLM gives to its generations.
fn response_id(row: &Row<'_, '_>) -> Option<String> {
    let metadata = row.get(&["metadata"]).and_then(values::nested);
    let attributes = metadata.as_deref().and_then(|metadata| metadata.get("attributes")).and_then(values::nested);
    let response = attributes.as_deref().and_then(|attributes| attributes.text("gen_ai.response.id"));
    if let Some(response) = response.filter(|id| !id.is_empty() && !is_drawn_from_few(id)) {
        return Some(response.to_owned());
    }
    let id = row.string(&["id"])?;
    let response = id.strip_prefix("time-")?.split_once('_')?.1;
    (!response.is_empty() && !is_drawn_from_few(response)).then(|| response.to_owned())
}

/// The account; LiteLLM's callback writes what its caller named here.
fn account(row: &Row<'_, '_>) -> Option<String> {
    row.get(USER_ID).and_then(named_account)
}

/// The id of an observation within its trace.
fn observation_id(row: &Row<'_, '_>) -> Option<String> {
    let id = row.string(&["id"])?;
    Some(match row.text(TRACE_ID) {
        Some(trace_id) => format!("{trace_id}/{id}"),
        None => id,
    })
}
