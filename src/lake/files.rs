//! Data files: writing sorted Parquet, reading it back, syncing it to disk.

use super::LakeError;
use super::schema::Table;
use arrow::array::{RecordBatch, UInt32Array};
use arrow::compute::{SortColumn, lexsort_to_indices};
use deltalake::kernel::Add;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::arrow::arrow_writer::{ArrowColumnChunk, ArrowColumnWriter, compute_leaves};
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use rayon::prelude::*;
use std::collections::HashMap;
use std::fs::File;
use std::path::{Path, PathBuf};

/// Rows of a row group at most.
const ROW_GROUP_ROWS: usize = 1_000_000;

/// A data file that is written and synced, and not yet part of a table.
#[derive(Debug, Clone)]
pub struct DataFile {
    /// File name within the table's directory.
    pub name: String,
    /// Size in bytes.
    pub bytes: u64,
    /// Rows.
    pub rows: usize,
}

impl DataFile {
    /// The Delta action that makes it part of the table.
    pub fn add_action(&self, modified_ms: i64) -> Add {
        Add {
            path: self.name.clone(),
            partition_values: HashMap::new(),
            size: self.bytes as i64,
            modification_time: modified_ms,
            data_change: true,
            stats: Some(format!("{{\"numRecords\":{}}}", self.rows)),
            tags: None,
            deletion_vector: None,
            base_row_id: None,
            default_row_commit_version: None,
            clustering_provider: None,
        }
    }
}

/// The row numbers of a batch in the order of the table's sort columns.
pub fn sort_order(table: Table, batch: &RecordBatch) -> Result<UInt32Array, LakeError> {
    let columns: Vec<SortColumn> = table
        .sort_columns()
        .iter()
        .filter_map(|name| batch.column_by_name(name))
        .map(|column| SortColumn { values: column.clone(), options: None })
        .collect();
    Ok(lexsort_to_indices(&columns, None)?)
}

/// Writes batches as one Parquet file in `directory` and syncs it. The name is random: Delta forbids to reuse one.
pub fn write(directory: &Path, table: Table, batches: &[RecordBatch]) -> Result<DataFile, LakeError> {
    let mut random = [0u8; 16];
    fill_random(&mut random);
    let name = format!("part-{}.zstd.parquet", random.iter().map(|byte| format!("{byte:02x}")).collect::<String>());
    let path = directory.join(&name);
    let result = write_to(&path, table, batches);
    if result.is_err() {
        // The half-written file is not part of any table; removing it is tidiness, its failure is not an error of its own.
        let _ = std::fs::remove_file(&path);
    }
    let (bytes, rows) = result.map_err(|error| error.at(&path))?;
    Ok(DataFile { name, bytes, rows })
}

fn write_to(path: &Path, table: Table, batches: &[RecordBatch]) -> Result<(u64, usize), LakeError> {
    let properties = WriterProperties::builder().set_compression(Compression::ZSTD(ZstdLevel::try_new(1)?)).build();
    let file = File::create_new(path)?;
    let (mut writer, columns) =
        ArrowWriter::try_new(file, table.schema(), Some(properties))?.into_serialized_writer()?;
    let mut rows = 0;
    let mut rest = batches;
    while !rest.is_empty() {
        let (group, after) = rest.split_at(batches_of_a_row_group(rest));
        rest = after;
        let number = writer.flushed_row_groups().len();
        let mut row_group = writer.next_row_group()?;
        for chunk in encode(table, columns.create_column_writers(number)?, group)? {
            chunk.append_to_row_group(&mut row_group)?;
        }
        row_group.close()?;
        rows += group.iter().map(RecordBatch::num_rows).sum::<usize>();
    }
    let file = writer.into_inner()?;
    file.sync_all()?;
    Ok((file.metadata()?.len(), rows))
}

/// How many of the batches make up the next row group: one at least, more while they stay under its limit.
fn batches_of_a_row_group(batches: &[RecordBatch]) -> usize {
    let mut rows = 0;
    let fitting = batches.iter().take_while(|batch| {
        rows += batch.num_rows();
        rows <= ROW_GROUP_ROWS
    });
    fitting.count().max(1)
}

/// Encodes and compresses the columns of one row group, side by side in the thread pool of the caller.
fn encode(
    table: Table,
    writers: Vec<ArrowColumnWriter>,
    batches: &[RecordBatch],
) -> Result<Vec<ArrowColumnChunk>, LakeError> {
    let schema = table.schema();
    // Every column of every table has one leaf: plain values, or lists of them.
    let columns: Vec<_> = writers.into_iter().zip(schema.fields()).enumerate().collect();
    columns
        .into_par_iter()
        .map(|(number, (mut writer, field))| {
            for batch in batches {
                for leaf in compute_leaves(field, batch.column(number))? {
                    writer.write(&leaf)?;
                }
            }
            Ok(writer.close()?)
        })
        .collect()
}

/// Reads a data file's columns of these names, all when `None`, batch by batch.
pub fn read(
    path: &Path,
    columns: Option<&[&str]>,
) -> Result<impl Iterator<Item = Result<RecordBatch, LakeError>> + use<>, LakeError> {
    let file = File::open(path).map_err(|error| LakeError::from(error).at(path))?;
    let builder = ParquetRecordBatchReaderBuilder::try_new(file)?.with_batch_size(64 * 1024);
    let projection = match columns {
        None => parquet::arrow::ProjectionMask::all(),
        Some(names) => {
            let roots = builder
                .schema()
                .fields()
                .iter()
                .enumerate()
                .filter(|(_, field)| names.contains(&field.name().as_str()))
                .map(|(index, _)| index)
                .collect::<Vec<_>>();
            parquet::arrow::ProjectionMask::roots(builder.parquet_schema(), roots)
        }
    };
    let reader = builder.with_projection(projection).build()?;
    Ok(reader.map(|batch| batch.map_err(LakeError::from)))
}

/// Makes a directory's entries durable.
pub fn sync_directory(directory: &Path) -> Result<(), LakeError> {
    File::open(directory).and_then(|file| file.sync_all()).map_err(|error| LakeError::from(error).at(directory))
}

/// Removes data files that no commit names, left by a run that was killed.
pub fn remove_unreferenced(directory: &Path, referenced: &[PathBuf]) -> Result<usize, LakeError> {
    let mut removed = 0;
    for entry in std::fs::read_dir(directory)? {
        let path = entry?.path();
        let is_data = path.extension().is_some_and(|extension| extension == "parquet");
        if is_data && !referenced.contains(&path) {
            std::fs::remove_file(&path).map_err(|error| LakeError::from(error).at(&path))?;
            removed += 1;
        }
    }
    Ok(removed)
}

/// Randomness for file names only; nothing that is reported depends on it.
fn fill_random(bytes: &mut [u8; 16]) {
    use std::hash::{BuildHasher, Hasher, RandomState};
    for half in bytes.chunks_exact_mut(8) {
        half.copy_from_slice(&RandomState::new().build_hasher().finish().to_le_bytes());
    }
}
