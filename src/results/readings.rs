//! The table `signals` as a report needs it: counted while it is read.
//!
//! Owns which columns are read and how the work is divided. A lake of a million sessions has several million readings, so they are neither
//! kept nor read with their evidence; row groups are counted in parallel. Owns no count (`report::readings`).

use super::{ResultRow, ResultsError, tables_directory};
use crate::engine::rows::{Columns, RowError};
use crate::report::readings::{Owners, Reading, Readings};
use crate::score::rows::{SessionRow, SignalRow};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use rayon::prelude::*;
use std::fs::File;
use std::path::Path;

/// What is counted.
const COLUMNS: [&str; 8] = ["scope", "unit_id", "signal", "family", "p", "weight_db", "status", "abstain_reason"];

/// Counts the readings of `OUT/tables/signals.parquet`.
///
/// # Errors
/// [`ResultsError`] when the table is missing or cannot be read.
pub fn read_readings(out: &Path, sessions: &[SessionRow]) -> Result<Readings, ResultsError> {
    let path = tables_directory(out).join(format!("{}.parquet", SignalRow::TABLE));
    let open = || match File::open(&path) {
        Ok(file) => Ok(file),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(ResultsError::Missing(path.clone())),
        Err(error) => Err(ResultsError::Io { path: path.clone(), error }),
    };
    let damaged = |error: String| ResultsError::Damaged { path: path.clone(), error };
    let metadata =
        ArrowReaderMetadata::load(&open()?, ArrowReaderOptions::new()).map_err(|error| damaged(error.to_string()))?;
    let owners = Owners::new(sessions);
    let group = |group: usize| -> Result<Readings, ResultsError> {
        let file = open()?;
        let projection = ProjectionMask::columns(metadata.parquet_schema(), COLUMNS);
        let reader = ParquetRecordBatchReaderBuilder::new_with_metadata(file, metadata.clone())
            .with_row_groups(vec![group])
            .with_projection(projection)
            .build()
            .map_err(|error| damaged(error.to_string()))?;
        let mut readings = Readings::default();
        for batch in reader {
            let batch = batch.map_err(|error| damaged(error.to_string()))?;
            count(&Columns::new(&batch), &owners, &mut readings).map_err(|error| damaged(error.to_string()))?;
        }
        Ok(readings)
    };
    let groups: Vec<Readings> =
        (0..metadata.metadata().num_row_groups()).into_par_iter().map(group).collect::<Result<_, ResultsError>>()?;
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
