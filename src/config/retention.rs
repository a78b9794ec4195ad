//! `[retention]`: how long the lake keeps what, and how an age is written.

use jiff::ToSpan;
use jiff::civil::Date;
use serde::{Deserialize, Deserializer};
use std::fmt;

/// A length of time as people write it: `180d`, `26w`, `24m`, `2y`, or a number of days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Age {
    /// Days.
    Days(i32),
    /// Calendar months.
    Months(i32),
}

impl Age {
    /// The day that lies this long before another.
    ///
    /// # Errors
    /// When there is no such day in the calendar.
    pub fn before(self, day: Date) -> Result<Date, jiff::Error> {
        match self {
            Age::Days(days) => day.checked_sub(days.days()),
            Age::Months(months) => day.checked_sub(months.months()),
        }
    }

    fn parse(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no age: write 180d, 26w, 24m or 2y");
        let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
        let number: i32 = digits.parse().map_err(|_| wrong())?;
        let age = match &text[digits.len()..] {
            "d" | "" => Some(Age::Days(number)),
            "w" => number.checked_mul(7).map(Age::Days),
            "m" => Some(Age::Months(number)),
            "y" => number.checked_mul(12).map(Age::Months),
            _ => None,
        };
        // A hundred years: more is a mistake, and no calendar calculation overflows.
        let fits = |age: &Age| matches!(age, Age::Days(1..=36_500) | Age::Months(1..=1_200));
        age.filter(fits).ok_or_else(wrong)
    }
}

impl fmt::Display for Age {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Age::Days(days) => write!(f, "{days}d"),
            Age::Months(months) => write!(f, "{months}m"),
        }
    }
}

impl<'de> Deserialize<'de> for Age {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Days(i64),
            Text(String),
        }
        let text = match Written::deserialize(deserializer)? {
            Written::Days(days) => days.to_string(),
            Written::Text(text) => text,
        };
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

/// How long the lake keeps what. What is left out is kept; `footlight gc` removes what is older, in whole ISO weeks.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RetentionConfig {
    /// The original logs, which footlight reads and does not own: `gc` and `verify --retention` name those that are older and still there.
    pub raw: Option<Age>,
    /// Events, outcomes and facts, and roster entries of people who left before.
    pub events: Option<Age>,
    /// Sums that somebody else counted.
    pub aggregates: Option<Age>,
    /// Where and why input could not be read.
    pub quarantine: Option<Age>,
    /// Records of runs.
    pub runs: Option<Age>,
    /// Data files that newer ones have replaced: how long a reader of an older version may take, and an older version can be read.
    pub versions: Age,
}

impl Default for RetentionConfig {
    fn default() -> Self {
        Self { raw: None, events: None, aggregates: None, quarantine: None, runs: None, versions: Age::Days(7) }
    }
}

impl RetentionConfig {
    /// Every key with its age, in the order of the file.
    pub fn entries(&self) -> [(&'static str, Option<Age>); 6] {
        [
            ("raw", self.raw),
            ("events", self.events),
            ("aggregates", self.aggregates),
            ("quarantine", self.quarantine),
            ("runs", self.runs),
            ("versions", Some(self.versions)),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_read_as_people_write_them() {
        let parse = |text: &str| toml::from_str::<RetentionConfig>(text);
        let config =
            parse("events = \"180d\"\naggregates = \"24m\"\nquarantine = 30\nruns = \"2y\"\nraw = \"2w\"").unwrap();
        assert_eq!(config.events, Some(Age::Days(180)));
        assert_eq!((config.aggregates, config.runs), (Some(Age::Months(24)), Some(Age::Months(24))));
        assert_eq!((config.quarantine, config.raw), (Some(Age::Days(30)), Some(Age::Days(14))));
        assert_eq!((config.versions, config.events.unwrap().to_string()), (Age::Days(7), "180d".to_owned()));
        for wrong in [
            "events = \"soon\"",
            "events = 0",
            "events = \"-3d\"",
            "events = \"3 d\"",
            "event = 3",
            "events = \"999y\"",
        ] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
        let day = jiff::civil::date(2026, 3, 31);
        assert_eq!(Age::Months(1).before(day).unwrap(), jiff::civil::date(2026, 2, 28));
    }
}
