//! Data files: writing sorted Parquet, reading it back, syncing it to disk.

use super::LakeError;
use super::schema::Table;
use arrow::array::{RecordBatch, RecordBatchOptions, UInt32Array, new_null_array};
use arrow::compute::{SortColumn, lexsort_to_indices};
use arrow::datatypes::Schema;
use deltalake::kernel::Add;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::arrow::arrow_writer::{ArrowColumnChunk, ArrowColumnWriter, compute_leaves};
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use rayon::prelude::*;
use std::collections::HashMap;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Rows of a row group at most.
const ROW_GROUP_ROWS: usize = 1_000_000;
/// How names of data files end.
const SUFFIX: &str = ".zstd.parquet";
/// Half of a blake3 digest, 128 bits: enough against accidents, and against a collision that somebody looks for.
const DIGEST_CHARACTERS: usize = 32;

/// A data file that is written and synced, and not yet part of a table.
#[derive(Debug, Clone)]
pub struct DataFile {
    /// File name within the table's directory: `part-RANDOM-BLAKE3.zstd.parquet`, so that every file says what its bytes must hash to.
    pub name: String,
    /// Size in bytes.
    pub bytes: u64,
    /// Rows.
    pub rows: usize,
}

impl DataFile {
    /// The Delta action that makes it part of the table.
    pub fn add_action(&self, modified_ms: i64, data_change: bool) -> Add {
        Add {
            path: self.name.clone(),
            partition_values: HashMap::new(),
            size: self.bytes as i64,
            modification_time: modified_ms,
            data_change,
            // The number of rows and nothing else: least and greatest values would be accounts and paths that outlive their rows in the log.
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

/// Writes batches as one Parquet file in `directory` and syncs it. The name has a random part: Delta forbids to reuse one.
pub fn write(directory: &Path, table: Table, batches: &[RecordBatch]) -> Result<DataFile, LakeError> {
    let mut random = [0u8; 16];
    fill_random(&mut random);
    let random: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
    let path = directory.join(format!("part-{random}.parquet"));
    let result = write_to(&path, table, batches);
    if result.is_err() {
        // The half-written file is not part of any table; removing it is tidiness, its failure is not an error of its own.
        let _ = std::fs::remove_file(&path);
    }
    let (bytes, rows, digest) = result.map_err(|error| error.at(&path))?;
    let name = format!("part-{random}-{digest}{SUFFIX}");
    std::fs::rename(&path, directory.join(&name)).map_err(|error| LakeError::from(error).at(&path))?;
    Ok(DataFile { name, bytes, rows })
}

/// The digest that a data file's name records; none in files of earlier versions.
pub fn recorded_digest(path: &Path) -> Option<&str> {
    let name = path.file_name()?.to_str()?;
    let (_, digest) = name.strip_prefix("part-")?.strip_suffix(SUFFIX)?.split_once('-')?;
    Some(digest).filter(|digest| digest.len() == DIGEST_CHARACTERS)
}

/// Hashes a file's bytes as its name records them.
pub fn digest(path: &Path) -> Result<String, LakeError> {
    let mut hasher = blake3::Hasher::new();
    let hashed = File::open(path).and_then(|file| hasher.update_reader(file).map(|_| ()));
    hashed.map_err(|error| LakeError::from(error).at(path))?;
    Ok(shortened(&hasher))
}

fn shortened(hasher: &blake3::Hasher) -> String {
    hasher.finalize().to_hex()[..DIGEST_CHARACTERS].to_owned()
}

/// A file that is hashed while it is written.
struct Hashed {
    file: File,
    hasher: blake3::Hasher,
}

impl Write for Hashed {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.hasher.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.flush()
    }
}

fn write_to(path: &Path, table: Table, batches: &[RecordBatch]) -> Result<(u64, usize, String), LakeError> {
    let properties = WriterProperties::builder().set_compression(Compression::ZSTD(ZstdLevel::try_new(1)?)).build();
    let file = Hashed { file: File::create_new(path)?, hasher: blake3::Hasher::new() };
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
    let Hashed { file, hasher } = writer.into_inner()?;
    file.sync_all()?;
    Ok((file.metadata()?.len(), rows, shortened(&hasher)))
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

/// How many rows a data file has, by its footer.
pub fn rows(path: &Path) -> Result<usize, LakeError> {
    let file = File::open(path).map_err(|error| LakeError::from(error).at(path))?;
    let builder = ParquetRecordBatchReaderBuilder::try_new(file)?;
    Ok(builder.metadata().file_metadata().num_rows().max(0) as usize)
}

/// A batch in the table's present columns: those that a file of an earlier version lacks are null.
pub fn in_present_columns(table: Table, batch: &RecordBatch) -> Result<RecordBatch, LakeError> {
    let schema = table.schema();
    let names: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
    Ok(selected(table, batch, &names)?.with_schema(schema)?)
}

/// Some columns of a batch; one that a file of an earlier version lacks is null.
pub fn selected(table: Table, batch: &RecordBatch, columns: &[&str]) -> Result<RecordBatch, LakeError> {
    let schema = table.schema();
    let fields: Vec<_> =
        schema.fields().iter().filter(|field| columns.contains(&field.name().as_str())).cloned().collect();
    let values = fields
        .iter()
        .map(|field| match batch.column_by_name(field.name()) {
            Some(column) => column.clone(),
            None => new_null_array(field.data_type(), batch.num_rows()),
        })
        .collect();
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    Ok(RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), values, &options)?)
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
