//! Values of exported rows and attributes, however their writers dress them: a number or digits in a text, JSON or JSON in a text.
//!
//! Owns conversion alone. Owns no field names: a caller that rejects a value names it.

use super::json::Count;
use super::{Reason, money};
use crate::fingerprint::Json;
use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde::de::value::Error as ValueError;
use std::borrow::Cow;

/// A text, or a number or flag as text; null for anything else and for an empty text.
pub(crate) fn text<'j>(value: &'j Json<'_>) -> Option<Cow<'j, str>> {
    match value {
        Json::Text(text) if text.trim().is_empty() => None,
        Json::Text(text) => Some(Cow::Borrowed(text.as_ref())),
        Json::Number(number) => Some(Cow::Owned(number.to_string())),
        Json::Bool(flag) => Some(Cow::Owned(flag.to_string())),
        Json::Null | Json::List(_) | Json::Object(_) => None,
    }
}

/// A count: an integer, an integral float, or either as text.
pub(crate) fn count(value: &Json<'_>) -> Count {
    match value {
        Json::Null => Count::Absent,
        Json::Text(text) if text.trim().is_empty() => Count::Absent,
        Json::Text(text) => {
            let text = text.trim();
            let whole = text.split_once('.').filter(|(_, rest)| rest.bytes().all(|digit| digit == b'0'));
            count_of(whole.map_or(text, |(whole, _)| whole))
        }
        Json::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(integer), _) => count_of(integer),
            (None, Some(float)) => count_of(float),
            (None, None) => Count::Bad,
        },
        Json::Bool(_) | Json::List(_) | Json::Object(_) => Count::Bad,
    }
}

fn count_of<'de, T: IntoDeserializer<'de, ValueError>>(value: T) -> Count {
    Count::deserialize(value.into_deserializer()).unwrap_or(Count::Bad)
}

/// An amount in US dollars as millionths, null where there is none. The shortest decimal that a float is, is what its writer meant.
pub(crate) fn micro_usd(value: &Json<'_>) -> Result<Option<i64>, Reason> {
    match value {
        Json::Null => Ok(None),
        Json::Text(text) if text.trim().is_empty() => Ok(None),
        Json::Text(text) => money::micro_units(text.trim()).map(Some),
        Json::Number(number) => money::micro_units(&number.to_string()).map(Some),
        Json::Bool(_) | Json::List(_) | Json::Object(_) => Err(Reason::BadValue),
    }
}

/// The total of amounts by name in US dollars as millionths: the one that is so named, else the exact sum of all; null where there are none.
pub(crate) fn total_micro_usd(amounts: &Json<'_>) -> Result<Option<i64>, Reason> {
    let Json::Object(fields) = amounts else { return Ok(None) };
    if let Some(total) = amounts.get("total").map(micro_usd).transpose()?.flatten() {
        return Ok(Some(total));
    }
    let parts = fields.iter().filter_map(|(_, part)| match part {
        Json::Null => None,
        Json::Text(text) if text.trim().is_empty() => None,
        Json::Text(text) => Some(Ok(Cow::Borrowed(text.trim()))),
        Json::Number(number) => Some(Ok(Cow::Owned(number.to_string()))),
        Json::Bool(_) | Json::List(_) | Json::Object(_) => Some(Err(Reason::BadValue)),
    });
    let parts = parts.collect::<Result<Vec<Cow<'_, str>>, Reason>>()?;
    if parts.is_empty() { Ok(None) } else { money::micro_units_of_sum(parts.iter().map(|part| &**part)).map(Some) }
}

/// A yes or no, as JSON or as a word; null for anything else.
pub(crate) fn flag(value: &Json<'_>) -> Option<bool> {
    match value {
        Json::Bool(flag) => Some(*flag),
        Json::Text(text) if text.eq_ignore_ascii_case("true") => Some(true),
        Json::Text(text) if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

/// An object or list, also where it is JSON in a text; null for anything else.
pub(crate) fn nested<'j>(value: &'j Json<'j>) -> Option<Cow<'j, Json<'j>>> {
    match value {
        Json::Object(_) | Json::List(_) => Some(Cow::Borrowed(value)),
        Json::Text(text) if text.trim_start().starts_with(['{', '[']) => {
            serde_json::from_str(text).ok().map(Cow::Owned)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &str) -> Json<'_> {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn counts_and_amounts_in_every_dress() {
        for (dress, want) in [
            ("12", Count::Value(12)),
            (r#""12""#, Count::Value(12)),
            (r#""12.0""#, Count::Value(12)),
            ("12.0", Count::Value(12)),
            ("null", Count::Absent),
            (r#"" ""#, Count::Absent),
            ("-1", Count::Bad),
            ("1.5", Count::Bad),
            (r#""NaN""#, Count::Bad),
            ("18446744073709551615", Count::Bad),
            ("[1]", Count::Bad),
            ("true", Count::Bad),
        ] {
            assert_eq!(count(&json(dress)), want, "{dress}");
        }
        assert_eq!(micro_usd(&json("0.00105")), Ok(Some(1050)));
        assert_eq!(micro_usd(&json(r#""1e-6""#)), Ok(Some(1)));
        assert_eq!(micro_usd(&json("null")), Ok(None));
        assert_eq!(micro_usd(&json("-1")), Err(Reason::OutOfRange));
        assert_eq!(micro_usd(&json("{}")), Err(Reason::BadValue));
    }

    #[test]
    fn amounts_by_name_have_a_total_or_are_summed() {
        for (amounts, want) in [
            (r#"{"input":0.00025,"output":0.0008}"#, Ok(Some(1050))),
            (r#"{"input":"0.00025","output":0.0008,"total":0.002}"#, Ok(Some(2000))),
            (r#"{"input":0.00025,"output":null,"total":null}"#, Ok(Some(250))),
            ("{}", Ok(None)),
            ("[1]", Ok(None)),
            (r#"{"total":-1}"#, Err(Reason::OutOfRange)),
            (r#"{"input":true}"#, Err(Reason::BadValue)),
        ] {
            assert_eq!(total_micro_usd(&json(amounts)), want, "{amounts}");
        }
    }

    #[test]
    fn json_in_a_text_is_json_and_prose_is_not() {
        let value = json(r#""{\"a\":1}""#);
        assert_eq!(nested(&value).unwrap().get("a").map(count), Some(Count::Value(1)));
        assert!(nested(&json(r#""{torn""#)).is_none());
        assert!(nested(&json(r#""refund status?""#)).is_none());
        assert!(nested(&json("[]")).is_some());
    }
}
