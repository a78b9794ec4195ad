//! The value of an attribute or a body in OTLP's JSON: a union with the type as a key, read as plain JSON.

use super::records::{List, Text};
use crate::fingerprint::Json;
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::Number;
use std::fmt;

/// A value as plain JSON.
pub(super) struct AnyValue<'a>(pub(super) Json<'a>);

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
}
