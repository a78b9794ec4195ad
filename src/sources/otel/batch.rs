//! One export request in neutral form, whichever encoding it came in.
//!
//! Owns the shape that both encodings are brought to, and JSON's way there. Owns no meaning.

use super::attributes::Attribute;
use super::ids::hexadecimal;
use super::metrics;
use super::records::{
    DataPoint, Envelope, LogRecord, Metric, Nanoseconds, Resource, ResourceRecords, Scope, Span as JsonSpan, Sum,
    Temporality, body, converted, converted_if,
};
use crate::fingerprint::Json;
use crate::sources::document::Places;
use crate::sources::json::{plausible, reject_reason, safe_detail};
use crate::sources::{Position, Reason, Sink};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::rc::Rc;

/// What all records of one resource and scope share.
#[derive(Debug)]
pub(super) struct Origin<'a> {
    pub(super) resource: Vec<Attribute<'a>>,
    pub(super) scope_name: Cow<'a, str>,
    pub(super) scope: Vec<Attribute<'a>>,
}

/// A span.
#[derive(Debug)]
pub(super) struct Span<'a> {
    pub(super) at: Position,
    pub(super) origin: Rc<Origin<'a>>,
    /// Lower-case hexadecimal.
    pub(super) trace_id: Option<String>,
    pub(super) span_id: Option<String>,
    pub(super) parent_span_id: Option<String>,
    pub(super) name: Cow<'a, str>,
    /// Microseconds since the epoch.
    pub(super) start_us: Option<i64>,
    pub(super) end_us: Option<i64>,
    pub(super) is_error: bool,
    pub(super) attributes: Vec<Attribute<'a>>,
    pub(super) events: Vec<SpanEvent<'a>>,
}

/// An event on a span.
#[derive(Debug)]
pub(super) struct SpanEvent<'a> {
    pub(super) name: Cow<'a, str>,
    pub(super) attributes: Vec<Attribute<'a>>,
}

/// A log record.
#[derive(Debug)]
pub(super) struct Log<'a> {
    pub(super) at: Position,
    pub(super) origin: Rc<Origin<'a>>,
    pub(super) ts_us: Option<i64>,
    pub(super) trace_id: Option<String>,
    pub(super) span_id: Option<String>,
    pub(super) event_name: Option<Cow<'a, str>>,
    pub(super) body: Json<'a>,
    pub(super) attributes: Vec<Attribute<'a>>,
}

/// A metric, with the values of those that are read.
#[derive(Debug)]
pub(super) struct Counter<'a> {
    pub(super) at: Position,
    pub(super) origin: Rc<Origin<'a>>,
    pub(super) name: Cow<'a, str>,
    /// What each value counts, null where that is not said.
    pub(super) temporality: Option<Temporality>,
    pub(super) points: Vec<Point<'a>>,
}

/// One value of a counter.
#[derive(Debug)]
pub(super) struct Point<'a> {
    /// All of them: they tell this series from others.
    pub(super) attributes: Vec<Attribute<'a>>,
    /// Microseconds since the epoch.
    pub(super) from_us: Option<i64>,
    pub(super) to_us: Option<i64>,
    /// A number, or null.
    pub(super) value: Json<'a>,
}

/// One export request.
#[derive(Debug, Default)]
pub(super) struct Batch<'a> {
    pub(super) spans: Vec<Span<'a>>,
    pub(super) logs: Vec<Log<'a>>,
    pub(super) counters: Vec<Counter<'a>>,
}

/// A time that a record states; one that is no time, or none that can be, is rejected and read as null.
pub(super) fn moment(time: Nanoseconds, field: &str, at: Position, sink: &mut dyn Sink) -> Option<i64> {
    let us = match time {
        Nanoseconds::Absent => return None,
        Nanoseconds::Micro(us) => plausible(us),
        Nanoseconds::Bad => Err(Reason::BadTimestamp),
    };
    us.map_err(|reason| sink.reject(at, reason, field)).ok()
}

impl<'a> Batch<'a> {
    /// Reads one request. Records that cannot be read are rejected by themselves; `Err` when the request is none.
    pub(super) fn from_json(text: &'a str, base: Position, sink: &mut dyn Sink) -> Result<Self, serde_json::Error> {
        let envelope: Envelope<'a> = serde_json::from_str(text)?;
        let mut batch = Self::default();
        batch.take(envelope, &mut Places::new(text, base), base, sink);
        Ok(batch)
    }

    fn take(&mut self, envelope: Envelope<'a>, places: &mut Places<'a>, base: Position, sink: &mut dyn Sink) {
        let Envelope { resource_spans, resource_logs, resource_metrics, batches, trace } = envelope;
        let is_request =
            [&resource_spans, &resource_logs, &resource_metrics, &batches].iter().any(|list| list.is_some());
        if !is_request && trace.is_none() {
            sink.reject(base, Reason::MissingField, "resourceSpans, resourceLogs or resourceMetrics");
        }
        for resource in resource_spans.into_iter().chain(batches).flatten() {
            each(resource, places, base, sink, |raw: JsonSpan<'a>, origin, at, sink| {
                self.spans.push(span(raw, origin, at, sink));
            });
        }
        for resource in resource_logs.into_iter().flatten() {
            each(resource, places, base, sink, |raw: LogRecord<'a>, origin, at, sink| {
                self.logs.push(log(raw, origin, at, sink));
            });
        }
        for resource in resource_metrics.into_iter().flatten() {
            each(resource, places, base, sink, |raw: Metric<'a>, origin, at, sink| {
                self.counters.push(counter(raw, origin, at, sink));
            });
        }
        if let Some(inner) = trace {
            self.take(*inner, places, base, sink);
        }
    }
}

/// Parses every record of a resource and hands it over.
fn each<'a, T: Deserialize<'a>>(
    records: ResourceRecords<'a>,
    places: &mut Places<'a>,
    base: Position,
    sink: &mut dyn Sink,
    mut take: impl FnMut(T, Rc<Origin<'a>>, Position, &mut dyn Sink),
) {
    let resource = Resource::converted(records.resource, base, sink);
    if records.scope_spans.is_none() {
        sink.ignore("resource_without_records");
    }
    for scope_records in records.scope_spans.into_iter().flatten() {
        let (scope_name, scope) = Scope::converted(scope_records.scope, base, sink);
        let origin = Rc::new(Origin { resource: resource.clone(), scope_name, scope });
        if scope_records.spans.is_none() {
            sink.ignore("scope_without_records");
        }
        for raw in scope_records.spans.into_iter().flatten() {
            let at = places.of(RawValue::get(raw));
            match serde_json::from_str(raw.get()) {
                Ok(record) => take(record, Rc::clone(&origin), at, sink),
                Err(error) => sink.reject(at, reject_reason(&error), &safe_detail(&error)),
            }
        }
    }
}

fn span<'a>(raw: JsonSpan<'a>, origin: Rc<Origin<'a>>, at: Position, sink: &mut dyn Sink) -> Span<'a> {
    let events = raw.events.into_iter().flatten().map(|event| SpanEvent {
        name: event.name.map_or(Cow::Borrowed(""), |name| name.0),
        attributes: converted(event.attributes, at, sink),
    });
    let events = events.collect();
    Span {
        at,
        origin,
        trace_id: hexadecimal::<16>(raw.trace_id),
        span_id: hexadecimal::<8>(raw.span_id),
        parent_span_id: hexadecimal::<8>(raw.parent_span_id),
        name: raw.name.map_or(Cow::Borrowed(""), |name| name.0),
        start_us: moment(raw.start_time_unix_nano, "startTimeUnixNano", at, sink),
        end_us: moment(raw.end_time_unix_nano, "endTimeUnixNano", at, sink),
        is_error: raw.status.is_some_and(|status| status.is_error()),
        attributes: converted(raw.attributes, at, sink),
        events,
    }
}

fn log<'a>(raw: LogRecord<'a>, origin: Rc<Origin<'a>>, at: Position, sink: &mut dyn Sink) -> Log<'a> {
    let time = moment(raw.time_unix_nano, "timeUnixNano", at, sink);
    let ts_us = time.or_else(|| moment(raw.observed_time_unix_nano, "observedTimeUnixNano", at, sink));
    Log {
        at,
        origin,
        ts_us,
        trace_id: hexadecimal::<16>(raw.trace_id),
        span_id: hexadecimal::<8>(raw.span_id),
        event_name: raw.event_name.map(|name| name.0).filter(|name| !name.is_empty()),
        body: body(raw.body),
        attributes: converted(raw.attributes, at, sink),
    }
}

fn counter<'a>(raw: Metric<'a>, origin: Rc<Origin<'a>>, at: Position, sink: &mut dyn Sink) -> Counter<'a> {
    let name = raw.name.map_or(Cow::Borrowed(""), |name| name.0);
    let sum = raw.sum.filter(|_| metrics::is_read(&name));
    let temporality = sum.as_ref().and_then(Sum::temporality);
    let points = sum.and_then(|sum| sum.data_points).into_iter().flatten().map(|raw: DataPoint<'a>| Point {
        from_us: moment(raw.start_time_unix_nano, "startTimeUnixNano", at, sink),
        to_us: moment(raw.time_unix_nano, "timeUnixNano", at, sink),
        value: raw.as_int.or(raw.as_double).unwrap_or(Json::Null),
        attributes: converted_if(raw.attributes, |_| true, at, sink),
    });
    let points = points.collect();
    Counter { at, origin, name, temporality, points }
}
