//! OTLP in its protocol-buffers form, brought to the neutral form.
//!
//! Owns which of the three signals a message is, which its bytes do not say, and the conversion. Owns no meaning. A message that cannot be decoded is
//! rejected whole: its records have no boundaries of their own until it is.

use super::attributes::{Attribute, is_wanted};
use super::batch::{Batch, Counter, Log, Origin, Point, Span, SpanEvent, moment};
use super::ids::hex_text;
use super::metrics;
use super::records::{Nanoseconds, Temporality};
use super::wire::{self, AnyValue, KeyValue, Value};
use crate::fingerprint::Json;
use crate::sources::{Position, Sink};
use prost::Message;
use serde_json::Number;
use std::borrow::Cow;
use std::rc::Rc;

/// `Status.code` of a failed span.
const ERROR: i32 = 2;

/// `Sum.aggregation_temporality` of a counter that starts anew with each value.
const DELTA: i32 = 1;
const CUMULATIVE: i32 = 2;

/// A decoded message. The three export requests have the bytes of these.
pub(super) enum Decoded {
    Traces(wire::Traces),
    Logs(wire::Logs),
    Metrics(wire::Metrics),
    /// A request without a single record.
    Empty,
}

/// What a message is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Signal {
    Traces,
    Logs,
    Metrics,
    Nothing,
}

/// A field of a message: its number, its wire type and, of a field with a length, its bytes as far as they are there.
struct Field<'b> {
    number: u64,
    wire_type: u64,
    bytes: &'b [u8],
}

/// Reads a message field by field. What is no message ends early; what is cut yields what is there.
struct Fields<'b>(&'b [u8]);

impl<'b> Iterator for Fields<'b> {
    type Item = Field<'b>;

    fn next(&mut self) -> Option<Field<'b>> {
        let tag = varint(&mut self.0)?;
        let (number, wire_type) = (tag >> 3, tag & 7);
        let length = match wire_type {
            0 => {
                varint(&mut self.0)?;
                0
            }
            1 => 8,
            2 => usize::try_from(varint(&mut self.0)?).ok()?,
            5 => 4,
            _ => return None,
        };
        let (bytes, rest) = self.0.split_at(length.min(self.0.len()));
        self.0 = rest;
        (number != 0).then_some(Field { number, wire_type, bytes })
    }
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0u64;
    for (index, &byte) in bytes.iter().take(10).enumerate() {
        value |= u64::from(byte & 0x7f) << (7 * index).min(63);
        if byte & 0x80 == 0 {
            *bytes = &bytes[index + 1..];
            return Some(value);
        }
    }
    None
}

/// The signal of a message, by the first record in it; null for what is no export request. The message may be cut behind that record's beginning.
///
/// A span begins with an id of 16 bytes and one of 8, a metric with its name, and a log record with a time or with neither.
fn signal(message: &[u8]) -> Option<Signal> {
    const LENGTH: u64 = 2;
    let of_length = |field: &Field<'_>| field.wire_type == LENGTH;
    let mut is_request = false;
    for resource in Fields(message) {
        if resource.number != 1 || !of_length(&resource) {
            return None;
        }
        for scope in Fields(resource.bytes) {
            match scope.number {
                1 | 3 if of_length(&scope) => is_request = true,
                2 if of_length(&scope) => is_request = true,
                _ => return None,
            }
            let records =
                Fields(scope.bytes).filter(|field| scope.number == 2 && field.number == 2 && of_length(field));
            for record in records {
                let mut fields = Fields(record.bytes);
                let (first, second) = (fields.next(), fields.next());
                return Some(match (first, second) {
                    (Some(first), Some(second))
                        if (first.number, first.bytes.len()) == (1, 16)
                            && (second.number, second.bytes.len()) == (2, 8) =>
                    {
                        Signal::Traces
                    }
                    (Some(first), _) if first.number == 1 && of_length(&first) => Signal::Metrics,
                    (Some(_), _) => Signal::Logs,
                    (None, _) => continue,
                });
            }
        }
    }
    is_request.then_some(Signal::Nothing)
}

/// Whether a message begins like a request with a record in it. One without records is a few bytes that text may begin with too.
pub(super) fn has_record(message: &[u8]) -> bool {
    signal(message).is_some_and(|signal| signal != Signal::Nothing)
}

impl Decoded {
    /// Decodes a message; null for one that is none of the three.
    pub(super) fn of(message: &[u8]) -> Option<Self> {
        match signal(message)? {
            Signal::Traces => wire::Traces::decode(message).ok().map(Decoded::Traces),
            Signal::Logs => wire::Logs::decode(message).ok().map(Decoded::Logs),
            Signal::Metrics => wire::Metrics::decode(message).ok().map(Decoded::Metrics),
            // Decoded all the same, so that what only begins like a request is found out.
            Signal::Nothing => wire::Traces::decode(message).ok().map(|_| Decoded::Empty),
        }
    }

    /// The request in neutral form; all its records stand where the message does.
    pub(super) fn batch(&self, at: Position, sink: &mut dyn Sink) -> Batch<'_> {
        let mut batch = Batch::default();
        match self {
            Decoded::Traces(data) => {
                for resource in &data.resource_spans {
                    for scope in &resource.scope_spans {
                        let origin = origin(resource.resource.as_ref(), scope.scope.as_ref());
                        batch.spans.extend(scope.spans.iter().map(|raw| span(raw, Rc::clone(&origin), at, sink)));
                    }
                }
            }
            Decoded::Logs(data) => {
                for resource in &data.resource_logs {
                    for scope in &resource.scope_logs {
                        let origin = origin(resource.resource.as_ref(), scope.scope.as_ref());
                        batch.logs.extend(scope.log_records.iter().map(|raw| log(raw, Rc::clone(&origin), at, sink)));
                    }
                }
            }
            Decoded::Metrics(data) => {
                for resource in &data.resource_metrics {
                    for scope in &resource.scope_metrics {
                        let origin = origin(resource.resource.as_ref(), scope.scope.as_ref());
                        batch
                            .counters
                            .extend(scope.metrics.iter().map(|raw| counter(raw, Rc::clone(&origin), at, sink)));
                    }
                }
            }
            Decoded::Empty => {}
        }
        batch
    }
}

fn origin<'m>(resource: Option<&'m wire::Resource>, scope: Option<&'m wire::Scope>) -> Rc<Origin<'m>> {
    Rc::new(Origin {
        resource: resource.map(|resource| converted(&resource.attributes)).unwrap_or_default(),
        scope_name: scope.map_or("", |scope| scope.name.as_str()).into(),
        scope: scope.map(|scope| converted(&scope.attributes)).unwrap_or_default(),
    })
}

fn span<'m>(raw: &'m wire::Span, origin: Rc<Origin<'m>>, at: Position, sink: &mut dyn Sink) -> Span<'m> {
    let events = raw
        .events
        .iter()
        .map(|event| SpanEvent { name: event.name.as_str().into(), attributes: converted(&event.attributes) });
    Span {
        at,
        origin,
        trace_id: id::<16>(&raw.trace_id),
        span_id: id::<8>(&raw.span_id),
        parent_span_id: id::<8>(&raw.parent_span_id),
        name: raw.name.as_str().into(),
        start_us: moment(Nanoseconds::of(raw.start_time_unix_nano), "startTimeUnixNano", at, sink),
        end_us: moment(Nanoseconds::of(raw.end_time_unix_nano), "endTimeUnixNano", at, sink),
        is_error: raw.status.as_ref().is_some_and(|status| status.code == ERROR),
        attributes: converted(&raw.attributes),
        events: events.collect(),
    }
}

fn log<'m>(raw: &'m wire::LogRecord, origin: Rc<Origin<'m>>, at: Position, sink: &mut dyn Sink) -> Log<'m> {
    let time = moment(Nanoseconds::of(raw.time_unix_nano), "timeUnixNano", at, sink);
    Log {
        at,
        origin,
        ts_us: time.or_else(|| moment(Nanoseconds::of(raw.observed_time_unix_nano), "observedTimeUnixNano", at, sink)),
        trace_id: id::<16>(&raw.trace_id),
        span_id: id::<8>(&raw.span_id),
        event_name: (!raw.event_name.is_empty()).then(|| raw.event_name.as_str().into()),
        body: raw.body.as_ref().map_or(Json::Null, value),
        attributes: converted(&raw.attributes),
    }
}

fn counter<'m>(raw: &'m wire::Metric, origin: Rc<Origin<'m>>, at: Position, sink: &mut dyn Sink) -> Counter<'m> {
    let sum = raw.sum.as_ref().filter(|_| metrics::is_read(&raw.name));
    let points = sum.into_iter().flat_map(|sum| &sum.data_points).map(|point| Point {
        attributes: converted_if(&point.attributes, |_| true),
        from_us: moment(Nanoseconds::of(point.start_time_unix_nano), "startTimeUnixNano", at, sink),
        to_us: moment(Nanoseconds::of(point.time_unix_nano), "timeUnixNano", at, sink),
        value: match (point.as_int, point.as_double) {
            (Some(number), _) => Json::Number(number.into()),
            (None, Some(number)) => Number::from_f64(number).map_or(Json::Null, Json::Number),
            (None, None) => Json::Null,
        },
    });
    Counter {
        at,
        origin,
        name: raw.name.as_str().into(),
        temporality: sum.and_then(|sum| match sum.aggregation_temporality {
            DELTA => Some(Temporality::Delta),
            CUMULATIVE => Some(Temporality::Cumulative),
            _ => None,
        }),
        points: points.collect(),
    }
}

fn id<const BYTES: usize>(bytes: &[u8]) -> Option<String> {
    if bytes.len() == BYTES { hex_text(bytes) } else { None }
}

fn converted(pairs: &[KeyValue]) -> Vec<Attribute<'_>> {
    converted_if(pairs, is_wanted)
}

fn converted_if(pairs: &[KeyValue], is_asked_for: impl Fn(&str) -> bool) -> Vec<Attribute<'_>> {
    let wanted = pairs.iter().filter(|pair| is_asked_for(&pair.key));
    wanted
        .map(|pair| Attribute { key: pair.key.as_str().into(), value: pair.value.as_ref().map_or(Json::Null, value) })
        .collect()
}

/// A value as plain JSON. The decoder has bounded how deep it nests.
fn value(any: &AnyValue) -> Json<'_> {
    match &any.value {
        Some(Value::Text(text)) => Json::Text(Cow::Borrowed(text)),
        Some(Value::Flag(flag)) => Json::Bool(*flag),
        Some(Value::Integer(number)) => Json::Number((*number).into()),
        Some(Value::Float(number)) => Number::from_f64(*number).map_or(Json::Null, Json::Number),
        Some(Value::List(list)) => Json::List(list.values.iter().map(value).collect()),
        Some(Value::Pairs(pairs)) => {
            let pairs = pairs.values.iter();
            let pairs =
                pairs.map(|pair| (Cow::Borrowed(pair.key.as_str()), pair.value.as_ref().map_or(Json::Null, value)));
            Json::Object(pairs.collect())
        }
        None => Json::Null,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_request_has_no_record() {
        for stranger in [
            &b""[..],
            b"\n",
            b"\n\n\n\n",
            b"\nplain text after a blank line",
            b"\n\n{\"json\": true}",
            b"{\"resourceSpans\":[]}",
            b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
            b"\x00\x00\x00\x00",
        ] {
            assert!(!has_record(stranger), "{stranger:?}");
        }
        // A resource and a scope without records.
        assert_eq!(signal(b"\x0a\x04\x0a\x00\x12\x00"), Some(Signal::Nothing));
    }
}
