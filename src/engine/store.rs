//! Keeping the result of a model: in memory while it is small, in a temporary Parquet file once it is not.
//!
//! Owns the switch between the two, so that memory does not grow with the input.

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Fields, Schema, SchemaRef};
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

/// What may stay in memory of one model's result.
#[derive(Debug, Clone, Copy)]
pub(super) struct Held {
    /// Rows.
    pub rows: usize,
    /// Bytes.
    pub bytes: usize,
}

/// Runs `frame` and keeps its rows; returns the table and the number of rows. `path` is written only above what may be `held`.
pub(super) async fn keep(
    context: &SessionContext,
    frame: DataFrame,
    path: &Path,
    held: Held,
) -> Result<(Arc<dyn TableProvider>, usize), DataFusionError> {
    let mut stream = frame.execute_stream().await?;
    let schema = without_views(&stream.schema());
    let mut batches: Vec<RecordBatch> = Vec::new();
    let mut writer = None;
    let (mut rows, mut bytes) = (0, 0);
    while let Some(batch) = stream.try_next().await? {
        let batch = compact(&batch, &schema)?;
        rows += batch.num_rows();
        bytes += batch.get_array_memory_size();
        if writer.is_none() && (rows > held.rows || bytes > held.bytes) {
            let mut file = open(path, &schema)?;
            for before in batches.drain(..) {
                file.write(&before)?;
            }
            writer = Some(file);
        }
        match &mut writer {
            Some(file) => file.write(&batch)?,
            None => batches.push(batch),
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

/// The schema with plain strings in place of string views.
fn without_views(schema: &SchemaRef) -> SchemaRef {
    let fields = schema.fields().iter().map(|field| match field.data_type() {
        DataType::Utf8View => Arc::new(field.as_ref().clone().with_data_type(DataType::Utf8)),
        DataType::BinaryView => Arc::new(field.as_ref().clone().with_data_type(DataType::Binary)),
        _ => Arc::clone(field),
    });
    Arc::new(Schema::new_with_metadata(fields.collect::<Fields>(), schema.metadata().clone()))
}

/// The batch with plain strings. Views that joins and filters leave point into the buffers of whole input batches, which would stay
/// in memory with them, and which every sort would count again for each of its batches.
fn compact(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, DataFusionError> {
    let columns = batch.columns().iter().zip(schema.fields()).map(|(column, field)| cast(column, field.data_type()));
    let columns: Vec<ArrayRef> = columns.collect::<Result<_, _>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    Ok(RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options)?)
}

fn open(path: &Path, schema: &SchemaRef) -> Result<ArrowWriter<File>, DataFusionError> {
    let properties = WriterProperties::builder().set_compression(Compression::ZSTD(ZstdLevel::default())).build();
    let file =
        File::create(path).map_err(|error| DataFusionError::IoError(error).context(path.display().to_string()))?;
    Ok(ArrowWriter::try_new(file, Arc::clone(schema), Some(properties))?)
}
