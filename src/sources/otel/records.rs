//! OTLP in its JSON form: the envelope down to single spans, log records and metrics, borrowed from the text.
//!
//! Owns spelling: 64-bit integers as texts or numbers, enumerations as numbers or names, names in camel or snake case, ids in hexadecimal or base64, wrappers of
//! Tempo and of versions before 1.0. Single records are kept as they stand, so that a bad one is rejected alone with its place.

use super::attributes::{Attribute, is_wanted};
use crate::fingerprint::Json;
use crate::sources::json::{reject_reason, safe_detail};
use crate::sources::{Position, Sink};
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::Number;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// Null and a missing list are an empty one, as in every JSON form of protocol buffers.
type List<T> = Option<Vec<T>>;

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

/// A text, borrowed where it has no escapes; serde's own `Cow` is owned inside an `Option`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Text<'a>(pub(super) Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;
        impl<'de> Visitor<'de> for TextVisitor {
            type Value = Text<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }
            fn visit_str<E>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(TextVisitor)
    }
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

/// A metric, as far as one of Claude Code's is read.
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
}

/// One value of a counter.
#[derive(Deserialize)]
pub(super) struct DataPoint<'a> {
    #[serde(borrow)]
    pub(super) attributes: List<KeyValue<'a>>,
    #[serde(borrow, rename = "asInt", alias = "as_int")]
    as_int: Option<Json<'a>>,
    #[serde(rename = "asDouble", alias = "as_double")]
    as_double: Option<f64>,
}

impl DataPoint<'_> {
    /// Whether it counts more than nothing.
    pub(super) fn is_positive(&self) -> bool {
        let as_int = self.as_int.as_ref().and_then(crate::sources::values::text);
        self.as_double.is_some_and(|value| value > 0.0)
            || as_int.and_then(|text| text.parse::<i64>().ok()).is_some_and(|value| value > 0)
    }
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

/// The value of an attribute or a body: OTLP's tagged union, as plain JSON.
struct AnyValue<'a>(Json<'a>);

impl<'de: 'a, 'a> Deserialize<'de> for AnyValue<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AnyVisitor;
        impl<'de> Visitor<'de> for AnyVisitor {
            type Value = AnyValue<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value with its type")
            }
            fn visit_unit<E>(self) -> Result<AnyValue<'de>, E> {
                Ok(AnyValue(Json::Null))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<AnyValue<'de>, A::Error> {
                let mut value = Json::Null;
                while let Some(Text(key)) = map.next_key::<Text<'de>>()? {
                    match key.as_ref() {
                        "stringValue" | "string_value" | "boolValue" | "bool_value" | "doubleValue"
                        | "double_value" => value = map.next_value()?,
                        "intValue" | "int_value" => value = integer(map.next_value()?),
                        "arrayValue" | "array_value" => {
                            let list: Values<'de> = map.next_value()?;
                            value =
                                Json::List(list.values.unwrap_or_default().into_iter().map(|item| item.0).collect());
                        }
                        "kvlistValue" | "kvlist_value" => {
                            let list: Pairs<'de> = map.next_value()?;
                            let pairs = list.values.unwrap_or_default().into_iter();
                            value = Json::Object(
                                pairs
                                    .map(|pair| (pair.key.0, pair.value.map_or(Json::Null, |value| value.0)))
                                    .collect(),
                            );
                        }
                        _ => {
                            map.next_value::<IgnoredAny>()?;
                        }
                    }
                }
                Ok(AnyValue(value))
            }
        }
        deserializer.deserialize_option(OptionOf(AnyVisitor))
    }
}

/// Lets a visitor of maps meet null.
struct OptionOf<V>(V);

impl<'de, V: Visitor<'de>> Visitor<'de> for OptionOf<V> {
    type Value = V::Value;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.expecting(f)
    }
    fn visit_none<E: serde::de::Error>(self) -> Result<V::Value, E> {
        self.0.visit_unit()
    }
    fn visit_unit<E: serde::de::Error>(self) -> Result<V::Value, E> {
        self.0.visit_unit()
    }
    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<V::Value, D::Error> {
        deserializer.deserialize_map(self.0)
    }
}

#[derive(Deserialize)]
struct Values<'a> {
    #[serde(borrow)]
    values: List<AnyValue<'a>>,
}

#[derive(Deserialize)]
struct Pairs<'a> {
    #[serde(borrow)]
    values: List<Pair<'a>>,
}

#[derive(Deserialize)]
struct Pair<'a> {
    #[serde(borrow)]
    key: Text<'a>,
    #[serde(borrow)]
    value: Option<AnyValue<'a>>,
}

/// An integer that stands in a text is the number.
fn integer(value: Json<'_>) -> Json<'_> {
    match value {
        Json::Text(text) => text.parse::<i64>().map_or(Json::Text(text), |number| Json::Number(Number::from(number))),
        value => value,
    }
}

/// Converts what is wanted of a list. A value that cannot be read is rejected by itself.
pub(super) fn converted<'a>(list: List<KeyValue<'a>>, at: Position, sink: &mut dyn Sink) -> Vec<Attribute<'a>> {
    let wanted = list.into_iter().flatten().filter(|pair| is_wanted(&pair.key.0));
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

/// An id of `BYTES` bytes in lower-case hexadecimal, read from hexadecimal or, as Tempo answers, from base64. An id of zeros or of another length is none.
pub(super) fn hexadecimal<const BYTES: usize>(id: Option<Text<'_>>) -> Option<String> {
    let Text(id) = id?;
    let bytes = if id.len() == BYTES * 2 { hex_bytes(&id) } else { base64_bytes(&id) }?;
    (bytes.len() == BYTES).then(|| hex_text(&bytes)).flatten()
}

/// Bytes of an id as text; null for an id of zeros.
pub(super) fn hex_text(bytes: &[u8]) -> Option<String> {
    use std::fmt::Write as _;
    if bytes.iter().all(|&byte| byte == 0) {
        return None;
    }
    Some(bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    }))
}

fn hex_bytes(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    text.as_bytes().chunks(2).map(|pair| Some((digit(pair[0])? * 16 + digit(*pair.get(1)?)?) as u8)).collect()
}

fn base64_bytes(text: &str) -> Option<Vec<u8>> {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut bytes = Vec::with_capacity(text.len() * 3 / 4);
    let (mut bits, mut held) = (0u32, 0);
    for byte in text.trim_end_matches('=').bytes() {
        bits = bits << 6 | ALPHABET.iter().position(|&letter| letter == byte)? as u32;
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held) as u8);
            bits &= (1 << held) - 1;
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> Json<'_> {
        serde_json::from_str::<AnyValue<'_>>(text).unwrap().0
    }

    #[test]
    fn values_of_every_type_and_spelling() {
        for (tagged, plain) in [
            (r#"{"intValue":"120"}"#, "120"),
            (r#"{"intValue":120}"#, "120"),
            (r#"{"int_value":"120"}"#, "120"),
            (r#"{"doubleValue":0.5}"#, "0.5"),
            (r#"{"stringValue":"x"}"#, r#""x""#),
            (r#"{"boolValue":true}"#, "true"),
            (r#"{"arrayValue":{"values":[{"stringValue":"x"},{"intValue":"1"}]}}"#, r#"["x",1]"#),
            (r#"{"arrayValue":{}}"#, "[]"),
            (
                r#"{"kvlistValue":{"values":[{"key":"a","value":{"boolValue":false}},{"key":"b"}]}}"#,
                r#"{"a":false,"b":null}"#,
            ),
            (r#"{"bytesValue":"AA=="}"#, "null"),
            ("{}", "null"),
            ("null", "null"),
        ] {
            assert_eq!(value(tagged), serde_json::from_str::<Json<'_>>(plain).unwrap(), "{tagged}");
        }
        assert!(serde_json::from_str::<AnyValue<'_>>("7").is_err());
    }

    #[test]
    fn ids_in_hexadecimal_and_base64_are_the_same() {
        let of = |text: &'static str| hexadecimal::<8>(Some(Text(Cow::Borrowed(text))));
        assert_eq!(of("b7ad6b7169203331").as_deref(), Some("b7ad6b7169203331"));
        assert_eq!(of("B7AD6B7169203331").as_deref(), Some("b7ad6b7169203331"));
        assert_eq!(of("t61rcWkgMzE=").as_deref(), Some("b7ad6b7169203331"));
        for none in ["", "0000000000000000", "t61rcWkg", "zzzzzzzzzzzzzzzz", "\u{e9}"] {
            assert_eq!(of(none), None, "{none}");
        }
    }

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
