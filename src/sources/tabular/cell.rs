//! One value of one row, whichever format it came in, and how it is read as what a column means.
//!
//! Owns conversion and the reject of a value that is not what its column says. Owns no columns.

use crate::sources::json::{Count, Moment, parse_rfc3339, plausible};
use crate::sources::{Position, Reason, Sink, money};
use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde::de::value::Error as ValueError;
use std::borrow::Cow;
use std::str::FromStr;

/// Columns of the widest table.
pub(in crate::sources) const WIDTH: usize = 32;

/// A value as its format has it. CSV knows only texts; an empty text is null everywhere, so that the formats agree.
#[derive(Debug, Clone, Default, PartialEq)]
pub(in crate::sources) enum Cell<'a> {
    #[default]
    Null,
    Text(Cow<'a, str>),
    Integer(i64),
    Float(f64),
    Flag(bool),
    /// Microseconds since the epoch, from a typed timestamp.
    Moment(i64),
    /// Microseconds of a clock on some wall, from a typed timestamp without a zone.
    #[cfg_attr(not(feature = "engine"), expect(dead_code, reason = "only Parquet has typed timestamps"))]
    WallClock(i64),
    List(Vec<Cow<'a, str>>),
    /// JSON as it stands in the line, for columns whose digits or order must not change.
    Json(&'a str),
    /// A value of a type that no column has.
    Bad,
}

/// A row by the column numbers of its table, with where it stands and where its rejects go.
pub(in crate::sources) struct Row<'r, 'a> {
    pub(in crate::sources) cells: &'r [Cell<'a>; WIDTH],
    pub(in crate::sources) names: &'static [&'static str],
    pub(in crate::sources) at: Position,
}

/// Why a row is no record. The reason has been rejected already.
#[derive(Debug)]
pub(in crate::sources) struct Rejected;

impl<'r, 'a> Row<'r, 'a> {
    /// A moment that the row can do without.
    pub(in crate::sources) fn moment(&self, column: usize, sink: &mut dyn Sink) -> Option<Moment> {
        let is_absent = match self.cell(column) {
            Cell::Null => true,
            Cell::Text(text) => text.trim().is_empty(),
            _ => false,
        };
        if is_absent { None } else { self.required_moment(column, sink).ok() }
    }

    /// Rejects a value; the record goes on without it.
    pub(in crate::sources) fn bad(&self, column: usize, reason: Reason, sink: &mut dyn Sink) {
        sink.reject(self.at, reason, self.names[column]);
    }

    fn cell(&self, column: usize) -> &'r Cell<'a> {
        &self.cells[column]
    }

    /// A text; ids that an exporter wrote as whole numbers are texts too.
    pub(in crate::sources) fn text(&self, column: usize, sink: &mut dyn Sink) -> Option<Cow<'r, str>> {
        let text = match self.cell(column) {
            Cell::Null => return None,
            Cell::Text(text) => Cow::Borrowed(text.as_ref()),
            Cell::Integer(number) => Cow::Owned(number.to_string()),
            // Whatever else it is stays as it stands, and to find that out by reading it costs an error for each object.
            Cell::Json(json) if json.starts_with('"') => match serde_json::from_str::<String>(json) {
                Ok(text) => Cow::Owned(text),
                Err(_) => Cow::Borrowed(*json),
            },
            Cell::Json(json) => Cow::Borrowed(*json),
            _ => {
                self.bad(column, Reason::BadValue, sink);
                return None;
            }
        };
        (!text.trim().is_empty()).then_some(text)
    }

    /// An owned text.
    pub(in crate::sources) fn string(&self, column: usize, sink: &mut dyn Sink) -> Option<String> {
        self.text(column, sink).map(Cow::into_owned)
    }

    /// A text without which the row is nothing.
    pub(in crate::sources) fn required(&self, column: usize, sink: &mut dyn Sink) -> Result<Cow<'r, str>, Rejected> {
        let is_bad = matches!(
            self.cell(column),
            Cell::Float(_) | Cell::Flag(_) | Cell::Moment(_) | Cell::WallClock(_) | Cell::List(_) | Cell::Bad
        );
        self.text(column, sink).ok_or_else(|| {
            if !is_bad {
                self.bad(column, Reason::MissingField, sink);
            }
            Rejected
        })
    }

    /// A word of a closed vocabulary; a stranger is rejected and read as null.
    pub(in crate::sources) fn word<T: FromStr>(&self, column: usize, sink: &mut dyn Sink) -> Option<T> {
        let text = self.text(column, sink)?;
        let word = text.trim().parse().ok();
        if word.is_none() {
            self.bad(column, Reason::BadValue, sink);
        }
        word
    }

    /// A word without which the row is nothing.
    pub(in crate::sources) fn required_word<T: FromStr>(
        &self,
        column: usize,
        sink: &mut dyn Sink,
    ) -> Result<T, Rejected> {
        let text = self.required(column, sink)?;
        text.trim().parse().map_err(|_| {
            self.bad(column, Reason::BadValue, sink);
            Rejected
        })
    }

    /// A count. `12.0` is 12: tools that know no missing integers write them as floats.
    pub(in crate::sources) fn count(&self, column: usize, sink: &mut dyn Sink) -> Option<i64> {
        let count = match self.cell(column) {
            Cell::Null => Count::Absent,
            Cell::Text(text) if text.trim().is_empty() => Count::Absent,
            Cell::Text(text) => {
                let text = text.trim();
                let whole = text.split_once('.').filter(|(_, rest)| rest.bytes().all(|digit| digit == b'0'));
                count_of(whole.map_or(text, |(whole, _)| whole))
            }
            Cell::Integer(number) => count_of(*number),
            Cell::Float(number) => count_of(*number),
            _ => Count::Bad,
        };
        count.get(self.names[column], self.at, sink)
    }

    /// A yes or no.
    pub(in crate::sources) fn flag(&self, column: usize, sink: &mut dyn Sink) -> Option<bool> {
        let flag = match self.cell(column) {
            Cell::Null => return None,
            Cell::Flag(flag) => Some(*flag),
            Cell::Integer(0) => Some(false),
            Cell::Integer(1) => Some(true),
            Cell::Text(text) => match text.trim().to_ascii_lowercase().as_str() {
                "" => return None,
                "true" | "1" => Some(true),
                "false" | "0" => Some(false),
                _ => None,
            },
            _ => None,
        };
        if flag.is_none() {
            self.bad(column, Reason::BadValue, sink);
        }
        flag
    }

    /// A moment without which the row is nothing.
    pub(in crate::sources) fn required_moment(&self, column: usize, sink: &mut dyn Sink) -> Result<Moment, Rejected> {
        let moment = match self.cell(column) {
            Cell::Null => Err(Reason::MissingField),
            Cell::Moment(us) => plausible(*us).map(|us| Moment { us, offset_min: None }),
            Cell::Text(text) if text.trim().is_empty() => Err(Reason::MissingField),
            Cell::Text(text) => parse_rfc3339(text.trim()),
            _ => Err(Reason::BadTimestamp),
        };
        moment.map_err(|reason| {
            self.bad(column, reason, sink);
            Rejected
        })
    }

    /// An amount in US dollars as millionths, see [`crate::sources::money`].
    pub(in crate::sources) fn micro_usd(&self, column: usize, sink: &mut dyn Sink) -> Option<i64> {
        let amount = match self.cell(column) {
            Cell::Null => return None,
            Cell::Text(text) if text.trim().is_empty() => return None,
            Cell::Text(text) => money::micro_units(text.trim()),
            Cell::Json(json) => money::micro_units(json.trim_matches('"')),
            Cell::Integer(number) => money::micro_units(&number.to_string()),
            // The shortest decimal that is this float is what its writer meant.
            Cell::Float(number) => money::micro_units(&number.to_string()),
            _ => Err(Reason::BadValue),
        };
        amount.map_err(|reason| self.bad(column, reason, sink)).ok()
    }

    /// A list: a list of the format, JSON in a text, or texts separated by `;`.
    pub(in crate::sources) fn list(&self, column: usize, sink: &mut dyn Sink) -> Vec<String> {
        let owned = |items: &[Cow<'_, str>]| items.iter().map(|item| item.as_ref().to_owned()).collect();
        let items: Vec<String> = match self.cell(column) {
            Cell::Null => return Vec::new(),
            Cell::List(items) => owned(items),
            Cell::Integer(number) => vec![number.to_string()],
            Cell::Text(text) if text.trim_start().starts_with('[') => {
                match serde_json::from_str::<Vec<Cow<'_, str>>>(text) {
                    Ok(items) => owned(&items),
                    Err(_) => {
                        self.bad(column, Reason::BadValue, sink);
                        return Vec::new();
                    }
                }
            }
            Cell::Text(text) => text.split(';').map(|item| item.trim().to_owned()).collect(),
            _ => {
                self.bad(column, Reason::BadValue, sink);
                return Vec::new();
            }
        };
        items.into_iter().filter(|item| !item.is_empty()).collect()
    }
}

fn count_of<'de, T: IntoDeserializer<'de, ValueError>>(value: T) -> Count {
    Count::deserialize(value.into_deserializer()).unwrap_or(Count::Bad)
}
