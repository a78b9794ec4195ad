//! What `[retention]` means for the rows of a lake: the moment from which each table is kept, and the rows before it.
//!
//! Cuts lie at the beginning of an ISO week, and 14 hours before it in UTC: that is when the week begins in the first time zone of the world, so
//! that a week that stays is whole for everybody.

use crate::config::{Age, RetentionConfig};
use crate::ingest::KeepFrom;
use crate::lake::{Fate, Lake, LakeError, Rewriting, Table};
use arrow::array::{Array, ArrayRef, AsArray, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{Int64Type, TimestampMicrosecondType};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Kiribati's Line Islands keep UTC+14.
const EARLIEST_ZONE_HOURS: i64 = 14;

/// The first moment that is kept at `as_of`, microseconds since the epoch.
pub fn kept_from_us(age: Age, as_of: Timestamp) -> anyhow::Result<i64> {
    let day: Date = age.before(as_of.to_zoned(TimeZone::UTC).date())?;
    let monday = day.checked_sub(i32::from(day.weekday().to_monday_zero_offset()).days())?;
    let midnight = monday.to_zoned(TimeZone::UTC)?.timestamp();
    Ok((midnight - EARLIEST_ZONE_HOURS.hours()).as_microsecond())
}

/// What ingest leaves out, by the clock of the machine unless a moment was asked for.
pub fn keep_from(retention: &RetentionConfig, as_of_us: Option<i64>) -> anyhow::Result<KeepFrom> {
    let as_of = as_of_us.map_or_else(|| Ok(Timestamp::now()), Timestamp::from_microsecond)?;
    let from = |age: Option<Age>| age.map(|age| kept_from_us(age, as_of)).transpose();
    Ok(KeepFrom { events_us: from(retention.events)?, aggregates_us: from(retention.aggregates)? })
}

/// Takes out of a lake what is older than its retention.
pub struct Expiry {
    events_us: Option<i64>,
    aggregates_us: Option<i64>,
    quarantine_us: Option<i64>,
    /// Sessions of which something stays, when something goes.
    sessions: HashSet<String>,
    /// Ids of the roster that had left before: every row that holds of them has ended.
    left: HashSet<String>,
    /// When each input was last written, microseconds since the epoch.
    inputs: HashMap<String, i64>,
    /// Rows that go, by input: the ledger counts the records that the lake has.
    removed: RefCell<HashMap<String, i64>>,
}

impl Expiry {
    /// Looks which sessions and inputs there are.
    pub async fn new(lake: &Lake, retention: &RetentionConfig, as_of: Timestamp) -> anyhow::Result<Self> {
        let from = |age: Option<Age>| age.map(|age| kept_from_us(age, as_of)).transpose();
        let events_us = from(retention.events)?;
        let mut expiry = Self {
            events_us,
            aggregates_us: from(retention.aggregates)?,
            quarantine_us: from(retention.quarantine)?,
            sessions: HashSet::new(),
            left: HashSet::new(),
            inputs: HashMap::new(),
            removed: RefCell::new(HashMap::new()),
        };
        if let Some(from_us) = events_us {
            lake.scan(Table::Events, &["session_id", "ts"], |batch| {
                let (sessions, ts) = (texts(Table::Events, batch, "session_id")?, moments(batch, "ts"));
                for row in 0..batch.num_rows() {
                    if !is_before(ts.as_ref(), row, from_us) && !expiry.sessions.contains(sessions.value(row)) {
                        expiry.sessions.insert(sessions.value(row).to_owned());
                    }
                }
                Ok(())
            })
            .await?;
            expiry.left = left_before(lake, from_us).await?;
        }
        if expiry.quarantine_us.is_some() {
            lake.scan(Table::Ingested, &["source_file", "modified_ns"], |batch| {
                let names = texts(Table::Ingested, batch, "source_file")?;
                let modified = longs(Table::Ingested, batch, "modified_ns")?;
                for row in 0..batch.num_rows() {
                    expiry.inputs.insert(names.value(row).to_owned(), modified.value(row) / 1_000);
                }
                Ok(())
            })
            .await?;
        }
        Ok(expiry)
    }

    fn goes(&self, table: Table, written_ms: i64, batch: &RecordBatch) -> Result<Vec<bool>, LakeError> {
        let rows = 0..batch.num_rows();
        Ok(match (table, self.events_us, self.aggregates_us, self.quarantine_us) {
            (Table::Events | Table::Outcomes, Some(from_us), ..) => {
                let ts = moments(batch, "ts");
                rows.map(|row| is_before(ts.as_ref(), row, from_us)).collect()
            }
            (Table::Facts, Some(from_us), ..) => {
                let (ts, sessions) = (moments(batch, "ts"), texts(table, batch, "session_id")?);
                // What holds for a whole session goes with its last step.
                rows.map(|row| {
                    is_before(ts.as_ref(), row, from_us)
                        || ts.as_ref().is_none_or(|ts| ts.is_null(row)) && !self.sessions.contains(sessions.value(row))
                })
                .collect()
            }
            (Table::Roster, Some(_), ..) => {
                let ids = texts(table, batch, "actor_id")?;
                rows.map(|row| self.left.contains(ids.value(row))).collect()
            }
            (Table::Aggregates, _, Some(from_us), _) => {
                let to = moments(batch, "to_ts");
                rows.map(|row| is_before(to.as_ref(), row, from_us)).collect()
            }
            (Table::Quarantine, _, _, Some(from_us)) => {
                let names = texts(table, batch, "source_file")?;
                rows.map(|row| {
                    // An input that was never read, or has no time of its own, is as old as the row.
                    let of_input = self.inputs.get(names.value(row)).copied().filter(|us| *us > 0);
                    of_input.unwrap_or(written_ms.saturating_mul(1_000)) < from_us
                })
                .collect()
            }
            _ => vec![false; batch.num_rows()],
        })
    }
}

/// Ids of the roster of which every row that holds, those of the newest run, ended before this moment. Earlier rows of somebody who is still there are
/// their history: accounts of that time are theirs.
async fn left_before(lake: &Lake, from_us: i64) -> Result<HashSet<String>, LakeError> {
    let day = Timestamp::from_microsecond(from_us).map(|at| at.to_zoned(TimeZone::UTC).date().to_string());
    let day = day.unwrap_or_default();
    let mut newest = HashMap::<String, (i64, bool)>::new();
    lake.scan(Table::Roster, &["actor_id", "version", "active_to"], |batch| {
        let (ids, ends) = (texts(Table::Roster, batch, "actor_id")?, texts(Table::Roster, batch, "active_to")?);
        let versions = longs(Table::Roster, batch, "version")?;
        for row in 0..batch.num_rows() {
            let has_ended = !ends.is_null(row) && !ends.value(row).is_empty() && ends.value(row) < day.as_str();
            let known = newest.entry(ids.value(row).to_owned()).or_insert((versions.value(row), true));
            if versions.value(row) > known.0 {
                *known = (versions.value(row), true);
            }
            if versions.value(row) == known.0 {
                known.1 &= has_ended;
            }
        }
        Ok(())
    })
    .await?;
    Ok(newest.into_iter().filter(|(_, (_, has_left))| *has_left).map(|(id, _)| id).collect())
}

impl Rewriting for Expiry {
    fn columns(&self, table: Table) -> &'static [&'static str] {
        match table {
            Table::Events | Table::Outcomes if self.events_us.is_some() => &["ts", "source_file"],
            Table::Facts if self.events_us.is_some() => &["session_id", "ts", "source_file"],
            Table::Roster if self.events_us.is_some() => &["actor_id", "source_file"],
            Table::Aggregates if self.aggregates_us.is_some() => &["to_ts", "source_file"],
            Table::Quarantine if self.quarantine_us.is_some() => &["source_file"],
            Table::Ingested if !self.removed.borrow().is_empty() => &["source_file"],
            _ => &[],
        }
    }

    fn fates(&self, table: Table, written_ms: i64, batch: &RecordBatch) -> Result<Vec<Fate>, LakeError> {
        let names = texts(table, batch, "source_file")?;
        let mut removed = self.removed.borrow_mut();
        if table == Table::Ingested {
            let fate = |row| if removed.contains_key(names.value(row)) { Fate::Changes } else { Fate::Stays };
            return Ok((0..batch.num_rows()).map(fate).collect());
        }
        let goes = self.goes(table, written_ms, batch)?;
        for (row, _) in goes.iter().enumerate().filter(|(_, goes)| **goes && table != Table::Quarantine) {
            *removed.entry(names.value(row).to_owned()).or_default() += 1;
        }
        Ok(goes.into_iter().map(|goes| if goes { Fate::Goes } else { Fate::Stays }).collect())
    }

    fn change(&self, table: Table, batch: RecordBatch) -> Result<RecordBatch, LakeError> {
        if table == Table::Ingested { fewer_records(&batch, &self.removed.borrow()) } else { Ok(batch) }
    }
}

/// The ledger with so many records fewer of each input: what left the lake is no duplicate.
pub fn fewer_records(batch: &RecordBatch, removed: &HashMap<String, i64>) -> Result<RecordBatch, LakeError> {
    let names = texts(Table::Ingested, batch, "source_file")?;
    let records = longs(Table::Ingested, batch, "records")?;
    let fewer = (0..batch.num_rows()).map(|row| {
        let gone = removed.get(names.value(row)).copied().unwrap_or(0);
        (records.value(row) - gone).max(0)
    });
    let fewer: Int64Array = fewer.collect();
    with_column(batch, "records", Arc::new(fewer))
}

/// The batch with one column replaced.
pub fn with_column(batch: &RecordBatch, name: &str, column: ArrayRef) -> Result<RecordBatch, LakeError> {
    let mut columns = batch.columns().to_vec();
    let place = batch.schema().index_of(name)?;
    columns[place] = column;
    Ok(RecordBatch::try_new(batch.schema(), columns)?)
}

/// A text column that every row group of the table has.
pub fn texts<'a>(table: Table, batch: &'a RecordBatch, column: &'static str) -> Result<&'a StringArray, LakeError> {
    let found = batch.column_by_name(column).and_then(|found| found.as_string_opt::<i32>());
    found.ok_or(LakeError::Column { table: table.name(), column })
}

fn longs<'a>(table: Table, batch: &'a RecordBatch, column: &'static str) -> Result<&'a Int64Array, LakeError> {
    let found = batch.column_by_name(column).and_then(|found| found.as_primitive_opt::<Int64Type>());
    found.ok_or(LakeError::Column { table: table.name(), column })
}

type Moments = arrow::array::PrimitiveArray<TimestampMicrosecondType>;

fn moments(batch: &RecordBatch, column: &str) -> Option<Moments> {
    batch.column_by_name(column).and_then(|found| found.as_primitive_opt::<TimestampMicrosecondType>()).cloned()
}

fn is_before(ts: Option<&Moments>, row: usize, from_us: i64) -> bool {
    ts.is_some_and(|ts| ts.is_valid(row) && ts.value(row) < from_us)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_are_the_first_beginning_of_a_week_in_the_world() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        // 180 days before Wednesday the first of July 2026 is Friday the second of January, in the week of the 29th of December.
        let cut = kept_from_us(Age::Days(180), at("2026-07-01T12:00:00Z")).unwrap();
        assert_eq!(Timestamp::from_microsecond(cut).unwrap(), at("2025-12-28T10:00:00Z"));
        // On a Monday that week is kept from its beginning.
        let cut = kept_from_us(Age::Days(7), at("2026-11-23T00:00:00Z")).unwrap();
        assert_eq!(Timestamp::from_microsecond(cut).unwrap(), at("2026-11-15T10:00:00Z"));
    }
}
