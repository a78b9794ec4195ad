//! OUT/report.parquet: the figures of the report as typed rows, the same as in report.csv, for notebooks and dashboards.
//!
//! Money is in micro-dollars, shares are fractions; null is unknown or, where `suppressed`, hidden. Text stands as it is: there is no spreadsheet
//! that could take it for a formula.

use super::ResultsError;
use super::columns::write_file;
use crate::report::tidy::Row;
use arrow::array::{ArrayRef, BooleanArray, Float64Array, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use std::path::Path;
use std::sync::Arc;

/// Writes `OUT/report.parquet`, whole or not at all.
///
/// # Errors
/// [`ResultsError`] when it cannot be written, or a figure is no number.
pub fn write_figures(out: &Path, rows: &[Row]) -> Result<(), ResultsError> {
    let path = out.join("report.parquet");
    let damaged = |error: String| ResultsError::Damaged { path: path.clone(), error };
    let text =
        |of: fn(&Row) -> &str| -> ArrayRef { Arc::new(rows.iter().map(|row| Some(of(row))).collect::<StringArray>()) };
    let number = |of: fn(&Row) -> &str| -> Result<ArrayRef, ResultsError> {
        let parsed: Vec<Option<f64>> = numbers(rows, of).map_err(damaged)?;
        Ok(Arc::new(Float64Array::from(parsed)))
    };
    let counts: Vec<Option<i64>> = numbers(rows, |row| &row.n).map_err(damaged)?;
    let n: ArrayRef = Arc::new(Int64Array::from(counts));
    let suppressed: ArrayRef = Arc::new(rows.iter().map(|row| Some(row.suppressed)).collect::<BooleanArray>());
    let fields = vec![
        Field::new("id", DataType::Utf8, false),
        Field::new("view", DataType::Utf8, false),
        Field::new("cell", DataType::Utf8, false),
        Field::new("unit", DataType::Utf8, false),
        Field::new("value", DataType::Float64, true),
        Field::new("low", DataType::Float64, true),
        Field::new("high", DataType::Float64, true),
        Field::new("n", DataType::Int64, true),
        Field::new("suppressed", DataType::Boolean, false),
    ];
    let arrays: Vec<ArrayRef> = vec![
        text(|row| &row.id),
        text(|row| row.view),
        text(|row| &row.cell),
        text(|row| &row.unit),
        number(|row| &row.value)?,
        number(|row| &row.low)?,
        number(|row| &row.high)?,
        n,
        suppressed,
    ];
    let schema = Arc::new(Schema::new(fields));
    let written = || -> Result<Vec<u8>, parquet::errors::ParquetError> {
        let compression = Compression::ZSTD(ZstdLevel::try_new(3)?);
        let properties =
            WriterProperties::builder().set_compression(compression).set_created_by("footlight".into()).build();
        let mut writer = ArrowWriter::try_new(Vec::new(), schema.clone(), Some(properties))?;
        writer.write(&RecordBatch::try_new(schema.clone(), arrays)?)?;
        writer.into_inner()
    };
    let bytes = written().map_err(|error| damaged(error.to_string()))?;
    write_file(&path, &bytes).map_err(|error| ResultsError::Io { path: path.clone(), error })
}

/// One number a row; empty is none.
fn numbers<N: std::str::FromStr>(rows: &[Row], of: impl Fn(&Row) -> &str) -> Result<Vec<Option<N>>, String> {
    let number = |row: &Row| match of(row) {
        "" => Ok(None),
        text => text.parse().map(Some).map_err(|_| format!("{}: `{text}` is no number", row.id)),
    };
    rows.iter().map(number).collect()
}
