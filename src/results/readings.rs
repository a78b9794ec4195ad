//! The table `signals` as a report needs it: counted while it is read.
//!
//! Owns which columns are read. A lake of a million sessions has several million readings, so they are neither
//! kept nor read with their evidence; row groups are counted apart and joined. Owns no count (`report::readings`).

use super::columns::by_row_group;
use super::{ResultRow, ResultsError};
use crate::engine::rows::{Columns, RowError};
use crate::report::readings::{Owners, Reading, Readings};
use crate::score::rows::{SessionRow, SignalRow};
use std::path::Path;

/// What is counted.
const COLUMNS: [&str; 8] = ["scope", "unit_id", "signal", "family", "p", "weight_db", "status", "abstain_reason"];

/// Counts the readings of `OUT/tables/signals.parquet`.
///
/// # Errors
/// [`ResultsError`] when the table is missing or cannot be read.
pub fn read_readings(out: &Path, sessions: &[SessionRow]) -> Result<Readings, ResultsError> {
    let owners = Owners::new(sessions);
    let groups: Vec<Readings> =
        by_row_group(out, SignalRow::TABLE, Some(&COLUMNS), |columns, readings| count(columns, &owners, readings))?;
    Ok(groups.into_iter().fold(Readings::default(), |mut sum, readings| {
        sum.join(readings);
        sum
    }))
}

fn count(columns: &Columns<'_>, owners: &Owners<'_>, readings: &mut Readings) -> Result<(), RowError> {
    let text = |column| columns.text(column);
    let (scope, unit_id, signal, family) = (text("scope")?, text("unit_id")?, text("signal")?, text("family")?);
    let (status, abstain_reason) = (text("status")?, text("abstain_reason")?);
    let (p, weight_db) = (columns.number("p")?, columns.number("weight_db")?);
    for row in 0..columns.rows() {
        let reading = Reading {
            scope: scope.borrowed_required(row)?,
            unit_id: unit_id.borrowed_required(row)?,
            signal: signal.borrowed_required(row)?,
            family: family.borrowed_required(row)?,
            p: p.get(row),
            weight_db: weight_db.get(row),
            status: status.borrowed_required(row)?,
            abstain_reason: abstain_reason.borrowed(row),
        };
        readings.add(reading, owners);
    }
    Ok(())
}
