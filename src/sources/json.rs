//! What JSON sources share: lines parsed, parse errors sorted into reasons, token counts in range, timestamps.

use super::quick_json;
use super::{Handled, Line, Position, Reason, Sink};
use serde::de::{Deserialize, DeserializeOwned, Deserializer, Visitor};
use serde_json::value::RawValue;
use std::fmt;

/// Token counts above this are not counts (`faults.md` 36).
pub const MAX_COUNT: i64 = 1_000_000_000_000;
/// 2015-01-01T00:00:00Z in microseconds: no AI tool wrote logs before.
const EARLIEST_US: i64 = 1_420_070_400_000_000;
/// 2100-01-01T00:00:00Z in microseconds.
const LATEST_US: i64 = 4_102_444_800_000_000;

/// Why a line is not a record, from serde_json's error.
pub fn reject_reason(error: &serde_json::Error) -> Reason {
    let text = error.to_string();
    if text.contains("recursion limit") {
        Reason::TooDeep
    } else if text.contains("surrogate") || text.contains("unicode") || text.contains("hex escape") {
        Reason::BadUtf8
    } else if text.contains("number out of range") {
        Reason::OutOfRange
    } else if error.is_data() {
        if text.contains("missing field") { Reason::MissingField } else { Reason::BadValue }
    } else {
        Reason::BadJson
    }
}

/// The parser's message without any content of the line: serde quotes offending values, which may be prompt text.
pub fn safe_detail(error: &serde_json::Error) -> String {
    let what = match error.classify() {
        serde_json::error::Category::Io => "read error",
        serde_json::error::Category::Syntax => "syntax error",
        serde_json::error::Category::Data => "unexpected type or missing field",
        serde_json::error::Category::Eof => "unexpected end",
    };
    format!("{what} at column {}", error.column())
}

/// A token count as a log states it: an integer, an integral float, a digit string, or nothing. What is none of these, negative or beyond
/// [`MAX_COUNT`] is kept as [`Count::Bad`] so that the caller can reject the field and keep the record.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Count {
    /// Absent or null.
    #[default]
    Absent,
    /// In range.
    Value(i64),
    /// Present and not a plausible count.
    Bad,
}

impl Count {
    /// The value; a bad one is rejected under its field name and read as null.
    pub fn get(self, field: &str, at: Position, sink: &mut dyn Sink) -> Option<i64> {
        match self {
            Count::Absent => None,
            Count::Value(value) => Some(value),
            Count::Bad => {
                sink.reject(at, Reason::OutOfRange, field);
                None
            }
        }
    }
}

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct CountVisitor;
        impl<'de> Visitor<'de> for CountVisitor {
            type Value = Count;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a count")
            }
            fn visit_i64<E>(self, value: i64) -> Result<Count, E> {
                Ok(if (0..=MAX_COUNT).contains(&value) { Count::Value(value) } else { Count::Bad })
            }
            fn visit_u64<E>(self, value: u64) -> Result<Count, E> {
                Ok(if value <= MAX_COUNT as u64 { Count::Value(value as i64) } else { Count::Bad })
            }
            fn visit_f64<E>(self, value: f64) -> Result<Count, E> {
                Ok(if value.fract() == 0.0 && (0.0..=MAX_COUNT as f64).contains(&value) {
                    Count::Value(value as i64)
                } else {
                    Count::Bad
                })
            }
            fn visit_str<E>(self, value: &str) -> Result<Count, E> {
                Ok(match value.parse::<i64>() {
                    Ok(value) if (0..=MAX_COUNT).contains(&value) => Count::Value(value),
                    _ => Count::Bad,
                })
            }
            fn visit_bool<E>(self, _: bool) -> Result<Count, E> {
                Ok(Count::Bad)
            }
            fn visit_unit<E>(self) -> Result<Count, E> {
                Ok(Count::Absent)
            }
            fn visit_none<E>(self) -> Result<Count, E> {
                Ok(Count::Absent)
            }
            fn visit_some<D2: Deserializer<'de>>(self, deserializer: D2) -> Result<Count, D2::Error> {
                deserializer.deserialize_any(self)
            }
            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Count, A::Error> {
                while map.next_entry::<serde::de::IgnoredAny, serde::de::IgnoredAny>()?.is_some() {}
                Ok(Count::Bad)
            }
            fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut seq: A) -> Result<Count, A::Error> {
                while seq.next_element::<serde::de::IgnoredAny>()?.is_some() {}
                Ok(Count::Bad)
            }
        }
        deserializer.deserialize_any(CountVisitor)
    }
}

/// A moment and, where the text has one other than `Z`, its offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// Microseconds since the epoch, UTC.
    pub us: i64,
    /// Minutes east of UTC; null for `Z`, which says where the clock was written and not where the person was.
    pub offset_min: Option<i32>,
}

/// Reads an RFC 3339 timestamp. `Err` is the reason to reject it with.
pub fn parse_rfc3339(text: &str) -> Result<Moment, Reason> {
    if let Some(us) = utc_micros(text) {
        return Ok(Moment { us, offset_min: None });
    }
    let pieces = jiff::fmt::temporal::DateTimeParser::new().parse_timestamp(text).map_err(|_| Reason::BadTimestamp)?;
    let us = plausible(pieces.as_microsecond())?;
    let offset_min = if text.ends_with('Z') || text.ends_with('z') { None } else { offset_minutes(text) };
    Ok(Moment { us, offset_min })
}

/// Microseconds since the epoch of `YYYY-MM-DDTHH:MM:SSZ`, with or without a fraction of up to nine digits: what nearly every log writes. Null for any other
/// form, for what is no moment, and outside the years that are plausible: jiff reads those.
fn utc_micros(text: &str) -> Option<i64> {
    /// Days of a year before each month, and those of a whole year.
    const DAYS_BEFORE: [i64; 13] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365];
    let (clock, rest) = text.as_bytes().split_first_chunk::<19>()?;
    let micros = match rest.strip_suffix(b"Z")? {
        [] => 0,
        [b'.', digits @ ..] if (1..=9).contains(&digits.len()) => {
            decimal(digits)? * 10_i64.pow(9 - digits.len() as u32) / 1000
        }
        _ => return None,
    };
    let is_parted = [clock[4], clock[7], clock[10], clock[13], clock[16]] == *b"--T::";
    let (year, month, day) = (decimal(&clock[..4])?, decimal(&clock[5..7])?, decimal(&clock[8..10])?);
    let (hour, minute, second) = (decimal(&clock[11..13])?, decimal(&clock[14..16])?, decimal(&clock[17..])?);
    if !is_parted || !(2015..2100).contains(&year) || !(1..=12).contains(&month) {
        return None;
    }
    // So it is from 1901 to 2099.
    let is_leap = year % 4 == 0;
    let before = DAYS_BEFORE[month as usize - 1];
    let days_of_month = DAYS_BEFORE[month as usize] - before + i64::from(is_leap && month == 2);
    if !(1..=days_of_month).contains(&day) || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let days = (year - 1970) * 365 + (year - 1969) / 4 + before + i64::from(is_leap && month > 2) + day - 1;
    Some((((days * 24 + hour) * 60 + minute) * 60 + second) * 1_000_000 + micros)
}

/// The number that digits write; null where anything else stands among them.
fn decimal(digits: &[u8]) -> Option<i64> {
    digits.iter().try_fold(0, |number, digit| digit.is_ascii_digit().then(|| number * 10 + i64::from(digit - b'0')))
}

/// Reads a timestamp whose zone may be left out, meaning UTC, with a `T` or a blank before the time: what databases and warehouses export.
/// Microseconds since the epoch; `Err` is the reason to reject it with.
pub fn parse_utc(text: &str) -> Result<i64, Reason> {
    match parse_rfc3339(text) {
        Err(Reason::BadTimestamp) => {
            let civil = jiff::fmt::temporal::DateTimeParser::new().parse_datetime(text);
            let moment = civil.and_then(|civil| civil.to_zoned(jiff::tz::TimeZone::UTC));
            plausible(moment.map_err(|_| Reason::BadTimestamp)?.timestamp().as_microsecond())
        }
        moment => moment.map(|moment| moment.us),
    }
}

/// Checks that a moment lies between 2015 and 2100.
pub fn plausible(us: i64) -> Result<i64, Reason> {
    if (EARLIEST_US..LATEST_US).contains(&us) { Ok(us) } else { Err(Reason::ImplausibleTime) }
}

/// Reads a moment as JavaScript tools write it: RFC 3339 text, or a number, which is milliseconds since the epoch.
pub(crate) fn moment(raw: &RawValue) -> Result<Moment, Reason> {
    let text = raw.get();
    if text.starts_with('"') {
        let text: String = serde_json::from_str(text).map_err(|_| Reason::BadTimestamp)?;
        return parse_rfc3339(&text);
    }
    let micros = match text.parse::<i64>() {
        Ok(millis) => millis.checked_mul(1000).ok_or(Reason::ImplausibleTime)?,
        // `as` saturates, so that an absurd number is caught by the plausibility check.
        Err(_) => (text.parse::<f64>().map_err(|_| Reason::BadTimestamp)? * 1000.0) as i64,
    };
    Ok(Moment { us: plausible(micros)?, offset_min: None })
}

/// Reads one line as a record. `Err` says how the line was handled: rejected, or left as torn.
pub(crate) fn parse_line<T: DeserializeOwned>(line: &Line<'_>, sink: &mut dyn Sink) -> Result<T, Handled> {
    parse_last_wins(line.text).map_err(|error| {
        if !line.complete {
            return Handled::Torn;
        }
        sink.reject(line.at, reject_reason(&error), &safe_detail(&error));
        Handled::Done
    })
}

/// Parses JSON; of a key that stands twice in one object the last value counts, as in every other JSON reader.
pub(crate) fn parse_last_wins<T: DeserializeOwned>(text: &str) -> serde_json::Result<T> {
    match quick_json::from_str(text) {
        // serde's derived readers refuse a repeated key; the slower way through a tree keeps the last one.
        Err(error) if is_repeated_key(&error) => serde_json::from_value(serde_json::from_str(text)?),
        result => result,
    }
}

/// [`parse_last_wins`] for a record that borrows from its text, or, where a key stands twice, from `single`, which then has each key once.
pub(crate) fn borrow_last_wins<'t, T: Deserialize<'t>>(text: &'t str, single: &'t mut String) -> serde_json::Result<T> {
    match serde_json::from_str(text) {
        Err(error) if is_repeated_key(&error) => {
            *single = serde_json::from_str::<serde_json::Value>(text)?.to_string();
            serde_json::from_str(single)
        }
        result => result,
    }
}

fn is_repeated_key(error: &serde_json::Error) -> bool {
    error.is_data() && error.to_string().starts_with("duplicate field")
}

fn offset_minutes(text: &str) -> Option<i32> {
    let bytes = text.as_bytes();
    let tail = text.get(bytes.len().checked_sub(6)?..)?;
    let sign = match tail.as_bytes()[0] {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let hours: i32 = tail.get(1..3)?.parse().ok()?;
    let minutes: i32 = tail.get(4..6)?.parse().ok()?;
    Some(sign * (hours * 60 + minutes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(Debug, serde::Deserialize)]
    struct Record {
        #[serde(default)]
        n: Count,
    }

    fn count(json: &str) -> Count {
        serde_json::from_str::<Record>(json).unwrap().n
    }

    #[test]
    fn counts_in_every_dress() {
        assert_eq!(count(r#"{"n":12}"#), Count::Value(12));
        assert_eq!(count(r#"{"n":12.0}"#), Count::Value(12));
        assert_eq!(count(r#"{"n":"12"}"#), Count::Value(12));
        assert_eq!(count(r#"{"n":null}"#), Count::Absent);
        assert_eq!(count("{}"), Count::Absent);
        for bad in [
            r#"{"n":-1}"#,
            r#"{"n":1.5}"#,
            r#"{"n":18446744073709551616}"#,
            r#"{"n":true}"#,
            r#"{"n":[1]}"#,
            r#"{"n":{"a":1}}"#,
            r#"{"n":"x"}"#,
        ] {
            assert_eq!(count(bad), Count::Bad, "{bad}");
        }
    }

    #[test]
    fn timestamps_keep_their_offset_and_must_be_plausible() {
        let moment = parse_rfc3339("2026-06-01T09:00:00.250+05:30").unwrap();
        assert_eq!((moment.us, moment.offset_min), (1_780_284_600_250_000, Some(330)));
        assert_eq!(parse_rfc3339("2026-06-01T09:00:00Z").unwrap().offset_min, None);
        assert_eq!(parse_rfc3339("1970-01-01T00:00:00Z"), Err(Reason::ImplausibleTime));
        assert_eq!(parse_rfc3339("yesterday"), Err(Reason::BadTimestamp));
    }

    proptest! {
        #[test]
        fn what_is_read_without_jiff_is_what_jiff_reads(
            text in "(19|20|21)[0-9]{2}[-/][01][0-9]-[0-3][0-9][Tt ][0-2][0-9]:[0-6][0-9]:[0-6][0-9]([.,][0-9]{0,10})?(Z|z|[+]00:00)?"
        ) {
            let by_jiff = jiff::fmt::temporal::DateTimeParser::new().parse_timestamp(&text);
            if let Some(us) = utc_micros(&text) {
                prop_assert_eq!(by_jiff.ok().map(|moment| moment.as_microsecond()), Some(us), "{}", text);
            } else if let Ok(moment) = by_jiff {
                // What is left to jiff is of another form, a leap second, or of another time.
                let is_plain = text.ends_with('Z') && !text.contains(['/', 't', ' ', ',']) && !text.contains(":60");
                prop_assert!(!is_plain || plausible(moment.as_microsecond()).is_err(), "{}", text);
            }
        }
    }

    #[test]
    fn every_day_of_the_plausible_years_is_read_without_jiff() {
        // A day and a little, so that hours, minutes, seconds and fractions pass by as well.
        for us in (EARLIEST_US..LATEST_US).step_by(86_461_001_003) {
            let text = jiff::Timestamp::from_microsecond(us).unwrap().to_string();
            assert_eq!(utc_micros(&text), Some(us), "{text}");
        }
        assert_eq!(utc_micros("2026-06-01T09:00:00.123456789Z"), Some(1_780_304_400_123_456));
        for text in ["2100-01-01T00:00:00Z", "2014-12-31T23:59:59Z", "2026-02-29T00:00:00Z", "2026-06-01T24:00:00Z"] {
            assert_eq!(utc_micros(text), None, "{text}");
        }
    }

    #[test]
    fn a_time_without_a_zone_is_utc_where_its_writer_says_so() {
        for text in [
            "2026-06-01 09:00:00.250",
            "2026-06-01T09:00:00.250000",
            "2026-06-01 09:00:00.250+00",
            "2026-06-01T11:00:00.250+02:00",
            "2026-06-01T09:00:00.250Z",
        ] {
            assert_eq!(parse_utc(text), Ok(1_780_304_400_250_000), "{text}");
        }
        assert_eq!(parse_utc("1970-01-01 00:00:00"), Err(Reason::ImplausibleTime));
        assert_eq!(parse_utc("soon"), Err(Reason::BadTimestamp));
    }

    #[test]
    fn parser_errors_become_reasons_without_content() {
        let deep = "[".repeat(100_000);
        let error = serde_json::from_str::<serde_json::Value>(&deep).unwrap_err();
        assert_eq!(reject_reason(&error), Reason::TooDeep);
        let error = serde_json::from_str::<serde_json::Value>(r#"{"a":"\ud800"}"#).unwrap_err();
        assert_eq!(reject_reason(&error), Reason::BadUtf8);
        let error = serde_json::from_str::<serde_json::Value>(r#"{"a":1e400}"#).unwrap_err();
        assert_eq!(reject_reason(&error), Reason::OutOfRange);
        let error = serde_json::from_str::<Record>(r#""secret""#).unwrap_err();
        assert!(!safe_detail(&error).contains("secret"));
    }

    #[test]
    fn the_last_of_two_equal_keys_counts() {
        let record: Record = parse_last_wins(r#"{"n":1,"n":2}"#).unwrap();
        assert_eq!(record.n, Count::Value(2));
        let mut single = String::new();
        let record: Record = borrow_last_wins(r#"{"n":1,"n":2}"#, &mut single).unwrap();
        assert_eq!((record.n, single.as_str()), (Count::Value(2), r#"{"n":2}"#));
    }

    #[test]
    fn moments_are_text_or_milliseconds() {
        let read = |text: &str| moment(&RawValue::from_string(text.to_owned()).unwrap()).map(|moment| moment.us);
        assert_eq!(read("1778023800020"), Ok(1_778_023_800_020_000));
        assert_eq!(read("1778023800020.5"), Ok(1_778_023_800_020_500));
        assert_eq!(read("\"2026-05-05T23:30:00.020Z\""), Ok(1_778_023_800_020_000));
        assert_eq!(read("1778023800"), Err(Reason::ImplausibleTime), "seconds are not guessed");
        assert_eq!(read("9223372036854775807"), Err(Reason::ImplausibleTime));
        assert_eq!(read("1e300"), Err(Reason::ImplausibleTime));
        assert_eq!(read("{}"), Err(Reason::BadTimestamp));
    }
}
