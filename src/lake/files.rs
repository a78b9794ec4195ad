//! Data files: writing sorted Parquet, reading it back, syncing it to disk.

use super::LakeError;
use super::order::order_of;
use super::schema::Table;
use arrow::array::{Array, ArrayRef, RecordBatch, RecordBatchOptions, UInt32Array, new_null_array};
use arrow::compute::{concat, take};
use arrow::datatypes::Schema;
use deltalake::kernel::Add;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::arrow::arrow_writer::{ArrowColumnChunk, ArrowColumnWriter, compute_leaves};
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;
use rayon::prelude::*;
use std::collections::HashMap;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Rows of a row group at most.
const ROW_GROUP_ROWS: usize = 1_000_000;
/// Rows of a column that are put in order at a time: a piece that is still in the cache when it is encoded.
const PIECE_ROWS: usize = 4 * 1024;
/// Values of a column that are encoded before it is asked whether the page is full. Lists of hashes have hundreds in a row.
const ENCODED_AT_ONCE: usize = 16 * 1024;
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

/// The row numbers of batches, counted through all of them, in the order of the table's sort columns.
pub fn sort_order(table: Table, batches: &[RecordBatch]) -> Result<UInt32Array, LakeError> {
    let schema = table.schema();
    let columns = table.sort_columns().iter().map(|name| joined(batches, schema.index_of(name)?));
    order_of(&columns.collect::<Result<Vec<_>, LakeError>>()?)
}

/// A column of batches as one array; not copied where there is one batch.
fn joined(batches: &[RecordBatch], column: usize) -> Result<ArrayRef, LakeError> {
    if let [batch] = batches {
        return Ok(batch.column(column).clone());
    }
    let parts: Vec<&dyn Array> = batches.iter().map(|batch| batch.column(column).as_ref()).collect();
    Ok(concat(&parts)?)
}

/// What a data file is made of.
#[derive(Clone, Copy)]
enum Rows<'a> {
    /// Batches as they are.
    AsTheyAre(&'a [RecordBatch]),
    /// Rows of batches, counted through all of them, in this order.
    Ordered(&'a [RecordBatch], &'a UInt32Array),
}

impl Rows<'_> {
    fn count(self) -> usize {
        match self {
            Rows::AsTheyAre(batches) => batches.iter().map(RecordBatch::num_rows).sum(),
            Rows::Ordered(_, order) => order.len(),
        }
    }

    /// Hands a column to `write` piece by piece.
    fn column(self, column: usize, mut write: impl FnMut(&ArrayRef) -> Result<(), LakeError>) -> Result<(), LakeError> {
        match self {
            Rows::AsTheyAre(batches) => batches.iter().try_for_each(|batch| write(batch.column(column))),
            Rows::Ordered(batches, order) => {
                let values = joined(batches, column)?;
                (0..order.len()).step_by(PIECE_ROWS).try_for_each(|start| {
                    let piece = order.slice(start, PIECE_ROWS.min(order.len() - start));
                    write(&take(&values, &piece, None)?)
                })
            }
        }
    }
}

/// Writes the rows of batches that are not in `gone` (sorted, counted through all batches), in the table's order, as [`write`] does. Columns are put in order one
/// by one while they are encoded, so that the rows are never in memory twice.
pub fn write_sorted(
    directory: &Path,
    table: Table,
    batches: &[RecordBatch],
    gone: &[u32],
) -> Result<Option<DataFile>, LakeError> {
    let mut order = sort_order(table, batches)?;
    if !gone.is_empty() {
        order = order.values().iter().copied().filter(|row| gone.binary_search(row).is_err()).collect();
    }
    if order.is_empty() {
        return Ok(None);
    }
    write_ordered(directory, table, batches, &order).map(Some)
}

/// Writes rows of batches, counted through all of them, in this order, as [`write`] does.
pub fn write_ordered(
    directory: &Path,
    table: Table,
    batches: &[RecordBatch],
    order: &UInt32Array,
) -> Result<DataFile, LakeError> {
    write_rows(directory, table, Rows::Ordered(batches, order))
}

/// Writes batches as one Parquet file in `directory` and syncs it. The name has a random part: Delta forbids to reuse one.
pub fn write(directory: &Path, table: Table, batches: &[RecordBatch]) -> Result<DataFile, LakeError> {
    write_rows(directory, table, Rows::AsTheyAre(batches))
}

fn write_rows(directory: &Path, table: Table, rows: Rows<'_>) -> Result<DataFile, LakeError> {
    let mut random = [0u8; 16];
    fill_random(&mut random);
    let random: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
    let path = directory.join(format!("part-{random}.parquet"));
    let result = write_to(&path, table, rows);
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

fn write_to(path: &Path, table: Table, rows: Rows<'_>) -> Result<(u64, usize, String), LakeError> {
    let file = Hashed { file: File::create_new(path)?, hasher: blake3::Hasher::new() };
    let (mut writer, columns) =
        ArrowWriter::try_new(file, table.schema(), Some(properties(table)?))?.into_serialized_writer()?;
    for group in row_groups(rows) {
        let number = writer.flushed_row_groups().len();
        let mut row_group = writer.next_row_group()?;
        for chunk in encode(table, columns.create_column_writers(number)?, group)? {
            chunk.append_to_row_group(&mut row_group)?;
        }
        row_group.close()?;
    }
    writer.finish()?;
    let Hashed { file, hasher } = writer.inner();
    file.sync_all()?;
    Ok((file.metadata()?.len(), rows.count(), shortened(hasher)))
}

/// How a table is encoded. Columns whose values are hardly ever met twice get no dictionary, which would be as long as they are, and no least
/// and greatest value, which nobody asks of a hash. Keys are random bits, in which nothing repeats at all, and are not compressed.
fn properties(table: Table) -> Result<WriterProperties, LakeError> {
    let key = ColumnPath::from(table.key_column());
    let mut properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(1)?))
        .set_column_compression(key, Compression::UNCOMPRESSED)
        .set_write_batch_size(ENCODED_AT_ONCE);
    for column in table.unlike_columns() {
        let path = ColumnPath::from(column.split('.').map(str::to_owned).collect::<Vec<_>>());
        properties = properties
            .set_column_dictionary_enabled(path.clone(), false)
            .set_column_statistics_enabled(path, EnabledStatistics::None);
    }
    Ok(properties.build())
}

/// Rows cut into row groups.
fn row_groups(rows: Rows<'_>) -> Vec<Rows<'_>> {
    match rows {
        // In memory they were bounded already.
        Rows::Ordered(..) => vec![rows],
        Rows::AsTheyAre(batches) => {
            let (mut groups, mut rest) = (Vec::new(), batches);
            while !rest.is_empty() {
                let (group, after) = rest.split_at(batches_of_a_row_group(rest));
                groups.push(Rows::AsTheyAre(group));
                rest = after;
            }
            groups
        }
    }
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
fn encode(table: Table, writers: Vec<ArrowColumnWriter>, rows: Rows<'_>) -> Result<Vec<ArrowColumnChunk>, LakeError> {
    let schema = table.schema();
    // Every column of every table has one leaf: plain values, or lists of them.
    let columns: Vec<_> = writers.into_iter().zip(schema.fields()).enumerate().collect();
    columns
        .into_par_iter()
        .map(|(number, (mut writer, field))| {
            rows.column(number, |values| {
                for leaf in compute_leaves(field, values)? {
                    writer.write(&leaf)?;
                }
                Ok(())
            })?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::{Fact, FactName};
    use crate::lake::rows::{Place, TableBuilder};
    use arrow::array::AsArray;

    /// A batch of facts about these sessions.
    fn facts(sessions: impl IntoIterator<Item = usize>) -> RecordBatch {
        let mut builder = TableBuilder::new(Table::Facts);
        for session in sessions {
            let (session_id, value) = (format!("session {session:06}"), format!("value {session}"));
            let fact =
                Fact { session_id, ts_us: None, name: FactName::Parent, value, rank: 1, evidence: String::new() };
            builder.fact(Place { source: "canonical", source_file: "a.ndjson", offset: session as u64 }, &fact);
        }
        builder.finish().unwrap().0
    }

    #[test]
    fn rows_are_written_in_order_without_those_that_go() {
        let directory = tempfile::tempdir().unwrap();
        // Two batches that interleave, of several pieces together.
        let even = facts((0..PIECE_ROWS).map(|n| 2 * n));
        let odd = facts((0..PIECE_ROWS).rev().map(|n| 2 * n + 1));
        let gone = [0, PIECE_ROWS as u32, 2 * PIECE_ROWS as u32 - 1];
        let file = write_sorted(directory.path(), Table::Facts, &[even, odd], &gone).unwrap().unwrap();
        assert_eq!(file.rows, 2 * PIECE_ROWS - 3);
        let mut found = Vec::new();
        for batch in read(&directory.path().join(&file.name), Some(&["session_id", "value"])).unwrap() {
            let batch = batch.unwrap();
            let (sessions, values) = (batch.column(0).as_string::<i32>(), batch.column(1).as_string::<i32>());
            found.extend(
                (0..batch.num_rows()).map(|row| (sessions.value(row).to_owned(), values.value(row).to_owned())),
            );
        }
        // Row 0 of the first batch, the first of the second, which is its greatest, and the last, which is its least.
        let expected: Vec<_> =
            (2..2 * PIECE_ROWS - 1).map(|n| (format!("session {n:06}"), format!("value {n}"))).collect();
        assert_eq!(found, expected);
        let all = facts([3, 1]);
        assert!(write_sorted(directory.path(), Table::Facts, &[all], &[0, 1]).unwrap().is_none());
    }

    /// Delta's own default is one at every hundredth.
    #[test]
    fn hundreds_of_commits_make_no_checkpoint() {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let directory = tempfile::tempdir().unwrap();
            let root = directory.path().join("lake");
            let lake = crate::lake::Lake::open_for_writing(&root, std::time::Duration::ZERO).await.unwrap();
            for run in 1..=101 {
                let file = write(&lake.directory(Table::Facts), Table::Facts, &[facts([run as usize])]).unwrap();
                lake.commit(Table::Facts, &[file], &[], run).await.unwrap();
            }
            let log = std::fs::read_dir(lake.directory(Table::Facts).join("_delta_log")).unwrap();
            let names: Vec<String> = log.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
            assert!(names.iter().filter(|name| name.ends_with(".json")).count() == 102, "{names:?}");
            assert!(names.iter().all(|name| !name.contains("checkpoint")), "{names:?}");
            assert_eq!(lake.held_files(Table::Facts).await.unwrap().len(), 101);
        });
    }

    #[test]
    fn every_unlike_column_is_one_of_its_table() {
        for table in Table::ALL {
            for path in table.unlike_columns() {
                let name = path.split('.').next().unwrap();
                assert!(table.schema().field_with_name(name).is_ok(), "{path}");
            }
        }
    }
}
