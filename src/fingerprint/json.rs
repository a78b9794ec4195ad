//! A JSON value that borrows its strings, so that the arguments of a call are read once for everything that is asked of them.

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Number;
use std::borrow::Cow;
use std::fmt;

/// A JSON value. Objects keep the order and the repetitions of the text; [`Json::get`] answers with the last, as JSON readers do.
#[derive(Debug, Clone, PartialEq)]
pub enum Json<'a> {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Number(Number),
    /// A string; borrowed unless it holds escapes.
    Text(Cow<'a, str>),
    /// A list.
    List(Vec<Json<'a>>),
    /// An object.
    Object(Vec<(Cow<'a, str>, Json<'a>)>),
}

impl Json<'_> {
    /// The field of an object, null for a missing one and for what is no object.
    pub fn get(&self, name: &str) -> Option<&Self> {
        match self {
            Json::Object(fields) => fields.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value),
            _ => None,
        }
    }

    /// The field of an object, where it is a string.
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.get(name) {
            Some(Json::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// Characters of the value written as compact JSON without escapes.
    pub fn chars(&self) -> usize {
        let quoted = |text: &str| text.chars().count() + 2;
        match self {
            Json::Null => 4,
            Json::Bool(value) => 5 - usize::from(*value),
            Json::Number(number) => number.to_string().len(),
            Json::Text(text) => quoted(text),
            Json::List(items) => 1 + items.len().max(1) + items.iter().map(Json::chars).sum::<usize>(),
            Json::Object(fields) => {
                let inside: usize = fields.iter().map(|(key, value)| quoted(key) + 1 + value.chars()).sum();
                1 + fields.len().max(1) + inside
            }
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Json<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(JsonVisitor)
    }
}

struct JsonVisitor;

impl<'de> Visitor<'de> for JsonVisitor {
    type Value = Json<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }
    fn visit_unit<E>(self) -> Result<Json<'de>, E> {
        Ok(Json::Null)
    }
    fn visit_bool<E>(self, value: bool) -> Result<Json<'de>, E> {
        Ok(Json::Bool(value))
    }
    fn visit_i64<E>(self, value: i64) -> Result<Json<'de>, E> {
        Ok(Json::Number(value.into()))
    }
    fn visit_u64<E>(self, value: u64) -> Result<Json<'de>, E> {
        Ok(Json::Number(value.into()))
    }
    fn visit_f64<E>(self, value: f64) -> Result<Json<'de>, E> {
        Ok(Number::from_f64(value).map_or(Json::Null, Json::Number))
    }
    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Json<'de>, E> {
        Ok(Json::Text(Cow::Borrowed(text)))
    }
    fn visit_str<E>(self, text: &str) -> Result<Json<'de>, E> {
        Ok(Json::Text(Cow::Owned(text.to_owned())))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Json<'de>, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = sequence.next_element()? {
            items.push(item);
        }
        Ok(Json::List(items))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json<'de>, A::Error> {
        let mut fields = Vec::new();
        while let Some(key) = map.next_key::<Key<'de>>()? {
            fields.push((key.0, map.next_value()?));
        }
        Ok(Json::Object(fields))
    }
}

/// A key, borrowed where it can be: serde's own `Cow` never borrows.
struct Key<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Key<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct KeyVisitor;
        impl<'de> Visitor<'de> for KeyVisitor {
            type Value = Key<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Borrowed(text)))
            }
            fn visit_str<E>(self, text: &str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(KeyVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_borrowed_and_the_last_of_repeated_keys_counts() {
        let json: Json<'_> = serde_json::from_str(r#"{"a":"x","b":"y\n","a":"z","c":[1,null,true]}"#).unwrap();
        assert_eq!(json.text("a"), Some("z"));
        assert_eq!(json.text("c"), None);
        assert!(matches!(json.get("a"), Some(Json::Text(Cow::Borrowed(_)))));
        assert!(matches!(json.get("b"), Some(Json::Text(Cow::Owned(_)))));
    }

    #[test]
    fn characters_are_those_of_the_compact_text() {
        for text in [r#"{"a":"é","b":[1,2.5,null,true,false],"c":{}}"#, "[]", r#"{"a":[[],[1]]}"#] {
            let json: Json<'_> = serde_json::from_str(text).unwrap();
            assert_eq!(json.chars(), text.chars().count(), "{text}");
        }
    }
}
