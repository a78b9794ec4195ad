//! Keeping the result of a model: in memory while it is small, in a temporary Parquet file once it is not.
//!
//! Owns the switch between the two, so that memory does not grow with the input.

use arrow::array::{ArrayRef, AsArray, RecordBatch, RecordBatchOptions};
use arrow::datatypes::{DataType, SchemaRef};
use datafusion::catalog::TableProvider;
use datafusion::datasource::MemTable;
use datafusion::error::DataFusionError;
use datafusion::prelude::{DataFrame, ParquetReadOptions, SessionContext};
use futures::TryStreamExt as _;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

/// Runs `frame` and keeps its rows; returns the table and the number of rows. `path` is written only above `rows_in_memory`.
pub(super) async fn keep(
    context: &SessionContext,
    frame: DataFrame,
    path: &Path,
    rows_in_memory: usize,
) -> Result<(Arc<dyn TableProvider>, usize), DataFusionError> {
    let mut stream = frame.execute_stream().await?;
    let schema = stream.schema();
    let mut batches: Vec<RecordBatch> = Vec::new();
    let mut writer = None;
    let mut rows = 0;
    while let Some(batch) = stream.try_next().await? {
        rows += batch.num_rows();
        if writer.is_none() && rows > rows_in_memory {
            let mut file = open(path, &schema)?;
            for held in batches.drain(..) {
                file.write(&held)?;
            }
            writer = Some(file);
        }
        match &mut writer {
            Some(file) => file.write(&batch)?,
            None => batches.push(compact(&batch)?),
        }
    }
    let Some(file) = writer else {
        return Ok((Arc::new(MemTable::try_new(schema, vec![batches])?), rows));
    };
    file.close()?;
    let location = path.to_str().ok_or_else(|| {
        DataFusionError::Execution(format!("the path of temporary files is not UTF-8: {}", path.display()))
    })?;
    let options = ParquetReadOptions::default().schema(&schema);
    let table = context.read_parquet(location, options).await?.into_view();
    Ok((table, rows))
}

/// The batch with string views that hold their own bytes alone. Views that joins and filters leave point into the buffers of whole input
/// batches, which would stay in memory with them and be counted again by every sort.
fn compact(batch: &RecordBatch) -> Result<RecordBatch, DataFusionError> {
    let columns = batch.columns().iter().map(|column| match column.data_type() {
        DataType::Utf8View => Arc::new(column.as_string_view().gc()) as ArrayRef,
        DataType::BinaryView => Arc::new(column.as_binary_view().gc()) as ArrayRef,
        _ => Arc::clone(column),
    });
    Ok(RecordBatch::try_new_with_options(
        batch.schema(),
        columns.collect(),
        &RecordBatchOptions::new().with_row_count(Some(batch.num_rows())),
    )?)
}

fn open(path: &Path, schema: &SchemaRef) -> Result<ArrowWriter<File>, DataFusionError> {
    let properties = WriterProperties::builder().set_compression(Compression::ZSTD(ZstdLevel::default())).build();
    let file =
        File::create(path).map_err(|error| DataFusionError::IoError(error).context(path.display().to_string()))?;
    Ok(ArrowWriter::try_new(file, Arc::clone(schema), Some(properties))?)
}
