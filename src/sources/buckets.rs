//! Pages of reports that vendors make of their own counts: a list of spans of time under `data`, each with its rows under `results`.
//!
//! Owns the page, its spans and their rejects, which two vendors write alike. Owns no row: what it counts, and in which names, is each vendor's own.

use super::document::{Items, position_inside};
use super::documents::read_documents;
use super::equal_sums::EqualSums;
use super::json::{parse_last_wins, reject_reason, safe_detail};
use super::{Input, InputError, Position, Reason, Sink};
use crate::events::Aggregate;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

/// First microsecond of a span, and the first one after it.
pub(super) type Span = (i64, i64);

/// One page of a report.
#[derive(serde::Deserialize)]
struct Page<'a> {
    #[serde(borrow)]
    data: Option<Items<&'a RawValue>>,
    has_more: Option<bool>,
}

/// The ignored kind for a file whose last page says that there is another.
pub(super) const MISSING_PAGE: &str = "page_is_missing";

/// A span of time and its rows.
#[derive(serde::Deserialize)]
struct Bucket<'a> {
    #[serde(borrow, alias = "starting_at")]
    start_time: Option<&'a RawValue>,
    #[serde(borrow, alias = "ending_at")]
    end_time: Option<&'a RawValue>,
    #[serde(borrow)]
    results: Option<Items<&'a RawValue>>,
}

/// Reads every entry of every page of a file and returns where its committed part ends. An entry is handed over with the sums of its page.
pub(super) fn read_pages(
    input: &Input,
    sink: &mut dyn Sink,
    mut entry: impl FnMut(&RawValue, Position, &mut EqualSums, &mut dyn Sink),
) -> Result<u64, InputError> {
    let mut has_more = false;
    let end = read_documents(input, sink, |raw, at, sink| match serde_json::from_str::<Page<'_>>(raw.get()) {
        Ok(Page { data: Some(entries), has_more: more }) => {
            has_more = more == Some(true);
            let mut equals = EqualSums::default();
            for part in entries.0 {
                entry(part, position_inside(raw, at, part), &mut equals, sink);
            }
        }
        Ok(Page { data: None, .. }) => sink.reject(at, Reason::MissingField, "data"),
        Err(error) => sink.reject(at, reject_reason(&error), &safe_detail(&error)),
    })?;
    if has_more {
        sink.ignore(MISSING_PAGE);
    }
    Ok(end)
}

/// Hands over every row of an entry that is a span, and keeps the sum that it is. `names` are those of the span's first and last moment, `moment` reads one
/// as the vendor writes it. Rows that are told apart by what is not read are numbered, so that all of them count.
pub(super) fn read_bucket<T: DeserializeOwned>(
    raw: &RawValue,
    at: Position,
    names: [&str; 2],
    moment: impl Fn(&RawValue) -> Result<i64, Reason>,
    (equals, sink): (&mut EqualSums, &mut dyn Sink),
    mut row: impl FnMut(T, Span, Position, &mut dyn Sink) -> Option<Aggregate>,
) {
    let bucket: Bucket<'_> = match serde_json::from_str(raw.get()) {
        Ok(bucket) => bucket,
        Err(error) => return sink.reject(at, reject_reason(&error), &safe_detail(&error)),
    };
    let mut when = |raw: Option<&RawValue>, name: &str| {
        let read = raw.ok_or(Reason::MissingField).and_then(&moment);
        read.map_err(|reason| sink.reject(at, reason, name)).ok()
    };
    let (from, to) = (when(bucket.start_time, names[0]), when(bucket.end_time, names[1]));
    let (Some(from_us), Some(to_us)) = (from, to) else { return };
    let Some(results) = bucket.results else { return sink.reject(at, Reason::MissingField, "results") };
    if results.0.is_empty() {
        return sink.ignore("empty_bucket");
    }
    for part in results.0 {
        let at = position_inside(raw, at, part);
        match parse_last_wins::<T>(part.get()) {
            Ok(result) => {
                if let Some(mut aggregate) = row(result, (from_us, to_us), at, sink) {
                    equals.tell_apart(&mut aggregate);
                    sink.aggregate(at, aggregate);
                }
            }
            Err(error) => sink.reject(at, reject_reason(&error), &safe_detail(&error)),
        }
    }
}

/// The grouping that has no column of its own, as `name=value`; null where the report was not grouped by any of it.
pub(super) fn dimension(parts: &[(&str, Option<String>)]) -> Option<String> {
    let told: Vec<String> =
        parts.iter().filter_map(|(name, value)| Some(format!("{name}={}", value.as_ref()?))).collect();
    (!told.is_empty()).then(|| told.join(" "))
}
