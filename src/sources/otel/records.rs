//! OTLP in its JSON form: the envelope down to single spans, log records and metrics, borrowed from the text.
//!
//! Owns spelling: enumerations as numbers or names, names in camel or snake case, times as texts or numbers, wrappers of Tempo and of versions before 1.0;
//! not that of values ([`super::any_value`]) and ids ([`super::ids`]). Single records are kept as they stand, so that a bad one is rejected alone with its place.

use super::any_value::AnyValue;
use super::attributes::{Attribute, is_wanted};
use crate::fingerprint::Json;
use crate::sources::json::{reject_reason, safe_detail};
pub(super) use crate::sources::text::Text;
use crate::sources::{Position, Sink};
use serde::Deserialize;
use serde::de::Deserializer;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// Null and a missing list are an empty one, as in every JSON form of protocol buffers.
pub(super) type List<T> = Option<Vec<T>>;

/// One export request, or what wraps it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Envelope<'a> {
    #[serde(borrow, alias = "resource_spans")]
    pub(super) resource_spans: List<ResourceRecords<'a>>,
    #[serde(borrow, alias = "resource_logs")]
    pub(super) resource_logs: List<ResourceRecords<'a>>,
    #[serde(borrow, alias = "resource_metrics")]
    pub(super) resource_metrics: List<ResourceRecords<'a>>,
    /// Tempo before 2.7.
    #[serde(borrow)]
    pub(super) batches: List<ResourceRecords<'a>>,
    /// Tempo since.
    #[serde(borrow)]
    pub(super) trace: Option<Box<Envelope<'a>>>,
}

/// `ResourceSpans`, `ResourceLogs` or `ResourceMetrics`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ResourceRecords<'a> {
    #[serde(borrow)]
    pub(super) resource: Option<Resource<'a>>,
    #[serde(
        borrow,
        alias = "scopeLogs",
        alias = "scopeMetrics",
        alias = "scope_spans",
        alias = "scope_logs",
        alias = "scope_metrics",
        alias = "instrumentationLibrarySpans",
        alias = "instrumentationLibraryLogs",
        alias = "instrumentationLibraryMetrics"
    )]
    pub(super) scope_spans: List<ScopeRecords<'a>>,
}

/// What produced the records.
#[derive(Deserialize)]
pub(super) struct Resource<'a> {
    #[serde(borrow)]
    attributes: List<KeyValue<'a>>,
}

/// Records of one instrumentation scope.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ScopeRecords<'a> {
    #[serde(borrow, alias = "instrumentationLibrary")]
    pub(super) scope: Option<Scope<'a>>,
    #[serde(borrow, alias = "logRecords", alias = "log_records", alias = "logs", alias = "metrics")]
    pub(super) spans: List<&'a RawValue>,
}

/// An instrumentation scope.
#[derive(Deserialize)]
pub(super) struct Scope<'a> {
    #[serde(borrow)]
    pub(super) name: Option<Text<'a>>,
    #[serde(borrow)]
    attributes: List<KeyValue<'a>>,
}

/// An attribute whose value is converted only if its name is wanted.
#[derive(Deserialize)]
pub(super) struct KeyValue<'a> {
    #[serde(borrow)]
    key: Text<'a>,
    #[serde(borrow)]
    value: Option<&'a RawValue>,
}

/// A span.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Span<'a> {
    #[serde(borrow, alias = "trace_id")]
    pub(super) trace_id: Option<Text<'a>>,
    #[serde(borrow, alias = "span_id")]
    pub(super) span_id: Option<Text<'a>>,
    #[serde(borrow, alias = "parent_span_id")]
    pub(super) parent_span_id: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) name: Option<Text<'a>>,
    #[serde(default, alias = "start_time_unix_nano")]
    pub(super) start_time_unix_nano: Nanoseconds,
    #[serde(default, alias = "end_time_unix_nano")]
    pub(super) end_time_unix_nano: Nanoseconds,
    #[serde(borrow)]
    pub(super) attributes: List<KeyValue<'a>>,
    #[serde(borrow)]
    pub(super) events: List<SpanEvent<'a>>,
    #[serde(borrow)]
    pub(super) status: Option<Status<'a>>,
}

/// An event on a span.
#[derive(Deserialize)]
pub(super) struct SpanEvent<'a> {
    #[serde(borrow)]
    pub(super) name: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) attributes: List<KeyValue<'a>>,
}

/// How a span ended.
#[derive(Deserialize)]
pub(super) struct Status<'a> {
    #[serde(borrow)]
    code: Option<&'a RawValue>,
}

impl Status<'_> {
    /// Whether the span failed.
    pub(super) fn is_error(&self) -> bool {
        self.code.is_some_and(|code| matches!(code.get(), "2" | "\"2\"" | "\"STATUS_CODE_ERROR\"" | "\"ERROR\""))
    }
}

/// A log record.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct LogRecord<'a> {
    #[serde(default, alias = "time_unix_nano")]
    pub(super) time_unix_nano: Nanoseconds,
    #[serde(default, alias = "observed_time_unix_nano")]
    pub(super) observed_time_unix_nano: Nanoseconds,
    #[serde(borrow, alias = "trace_id")]
    pub(super) trace_id: Option<Text<'a>>,
    #[serde(borrow, alias = "span_id")]
    pub(super) span_id: Option<Text<'a>>,
    #[serde(borrow, alias = "event_name")]
    pub(super) event_name: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) body: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) attributes: List<KeyValue<'a>>,
}

/// A metric, as far as Claude Code's are read.
#[derive(Deserialize)]
pub(super) struct Metric<'a> {
    #[serde(borrow)]
    pub(super) name: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) sum: Option<Sum<'a>>,
}

/// A counter.
#[derive(Deserialize)]
pub(super) struct Sum<'a> {
    #[serde(borrow, rename = "dataPoints", alias = "data_points")]
    pub(super) data_points: List<DataPoint<'a>>,
    #[serde(borrow, rename = "aggregationTemporality", alias = "aggregation_temporality")]
    temporality: Option<&'a RawValue>,
}

impl Sum<'_> {
    /// What each value counts, null where that is not said.
    pub(super) fn temporality(&self) -> Option<Temporality> {
        match self.temporality?.get() {
            "1" | "\"1\"" | "\"AGGREGATION_TEMPORALITY_DELTA\"" => Some(Temporality::Delta),
            "2" | "\"2\"" | "\"AGGREGATION_TEMPORALITY_CUMULATIVE\"" => Some(Temporality::Cumulative),
            _ => None,
        }
    }
}

/// What a value of a counter counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Temporality {
    /// What came since the one before.
    Delta,
    /// Everything since the start.
    Cumulative,
}

/// One value of a counter.
#[derive(Deserialize)]
pub(super) struct DataPoint<'a> {
    #[serde(borrow)]
    pub(super) attributes: List<KeyValue<'a>>,
    #[serde(default, rename = "startTimeUnixNano", alias = "start_time_unix_nano")]
    pub(super) start_time_unix_nano: Nanoseconds,
    #[serde(default, rename = "timeUnixNano", alias = "time_unix_nano")]
    pub(super) time_unix_nano: Nanoseconds,
    #[serde(borrow, rename = "asInt", alias = "as_int")]
    pub(super) as_int: Option<Json<'a>>,
    #[serde(borrow, rename = "asDouble", alias = "as_double")]
    pub(super) as_double: Option<Json<'a>>,
}

/// A time in nanoseconds since the epoch, as text or number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Nanoseconds {
    /// Absent or zero, which the protocol says is unknown.
    #[default]
    Absent,
    /// In microseconds.
    Micro(i64),
    /// Present and no time.
    Bad,
}

impl Nanoseconds {
    /// From a number of nanoseconds.
    pub(super) fn of(nanoseconds: u64) -> Self {
        match nanoseconds {
            0 => Self::Absent,
            nanoseconds => i64::try_from(nanoseconds / 1000).map_or(Self::Bad, Self::Micro),
        }
    }
}

impl<'de> Deserialize<'de> for Nanoseconds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match Json::deserialize(deserializer)? {
            Json::Null => Nanoseconds::Absent,
            Json::Number(number) => number.as_u64().map_or(Nanoseconds::Bad, Nanoseconds::of),
            Json::Text(text) if text.is_empty() => Nanoseconds::Absent,
            Json::Text(text) => text.parse().map_or(Nanoseconds::Bad, Nanoseconds::of),
            _ => Nanoseconds::Bad,
        })
    }
}

/// Converts what is wanted of a list. A value that cannot be read is rejected by itself.
pub(super) fn converted<'a>(list: List<KeyValue<'a>>, at: Position, sink: &mut dyn Sink) -> Vec<Attribute<'a>> {
    converted_if(list, is_wanted, at, sink)
}

/// Converts those of a list whose names are asked for.
pub(super) fn converted_if<'a>(
    list: List<KeyValue<'a>>,
    is_asked_for: impl Fn(&str) -> bool,
    at: Position,
    sink: &mut dyn Sink,
) -> Vec<Attribute<'a>> {
    let wanted = list.into_iter().flatten().filter(|pair| is_asked_for(&pair.key.0));
    let converted = wanted.filter_map(|KeyValue { key: Text(key), value }| {
        match serde_json::from_str(value.map_or("null", RawValue::get)) {
            Ok(AnyValue(value)) => Some(Attribute { key, value }),
            Err(error) => {
                sink.reject(at, reject_reason(&error), &format!("{key}: {}", safe_detail(&error)));
                None
            }
        }
    });
    converted.collect()
}

/// The body of a log record, null if it has none that can be read.
pub(super) fn body(raw: Option<&RawValue>) -> Json<'_> {
    raw.and_then(|raw| serde_json::from_str(raw.get()).ok()).map_or(Json::Null, |AnyValue(value)| value)
}

impl<'a> Resource<'a> {
    /// Its attributes.
    pub(super) fn converted(resource: Option<Self>, at: Position, sink: &mut dyn Sink) -> Vec<Attribute<'a>> {
        converted(resource.and_then(|resource| resource.attributes), at, sink)
    }
}

impl<'a> Scope<'a> {
    /// Its name and attributes.
    pub(super) fn converted(
        scope: Option<Self>,
        at: Position,
        sink: &mut dyn Sink,
    ) -> (Cow<'a, str>, Vec<Attribute<'a>>) {
        match scope {
            Some(scope) => (scope.name.map_or(Cow::Borrowed(""), |name| name.0), converted(scope.attributes, at, sink)),
            None => (Cow::Borrowed(""), Vec::new()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_as_text_and_number() {
        let time = |text: &str| serde_json::from_str::<Nanoseconds>(text).unwrap();
        assert_eq!(time("\"1780304400000000999\""), Nanoseconds::Micro(1_780_304_400_000_000));
        assert_eq!(time("1780304400000000000"), Nanoseconds::Micro(1_780_304_400_000_000));
        assert_eq!(time("\"0\""), Nanoseconds::Absent);
        assert_eq!(time("null"), Nanoseconds::Absent);
        assert_eq!(time("-5"), Nanoseconds::Bad);
        assert_eq!(time("\"soon\""), Nanoseconds::Bad);
    }
}
