//! Writing one ingest run: rows come in from several threads, duplicates go, what stays becomes one commit a table.

use super::duplicates::{Duplicates, Keys};
use super::files::{self, DataFile};
use super::rows::{RowId, TableBuilder};
use super::{Lake, LakeError, Table};
use arrow::array::{AsArray, BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use arrow::datatypes::Int64Type;
use futures::future::try_join_all;
use rayon::prelude::*;
use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::Duration;

/// The builders of all threads together are written out when they hold about this much, so that memory grows neither with the input nor
/// with the number of threads.
const FLUSH_BYTES: usize = 64 << 20;
/// What is left at the end of a thread stays in memory, to be joined with the rest of the others in one file, only up to this much in all.
const HELD_BYTES: usize = 64 << 20;
const FLUSH_ROWS: usize = 1 << 18;

/// What a run changed in one table.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Committed {
    /// Rows added that were not there before.
    pub added: usize,
    /// Rows read again that the lake, or this run, already had.
    pub duplicates: usize,
    /// Rows of the lake that a fuller copy replaced.
    pub replaced: usize,
}

/// Inputs of which the quarantine has what does not hold any more.
#[derive(Debug, Default)]
pub struct Reread {
    /// Read again from where they were torn: a torn line has been read by now or is rejected anew.
    pub torn: HashSet<String>,
    /// New to the ledger: all that earlier runs say of one is why they could not read it, or is said anew.
    pub first: HashSet<String>,
}

impl Reread {
    fn is_empty(&self) -> bool {
        self.torn.is_empty() && self.first.is_empty()
    }

    /// Whether what an earlier run rejected for this reason is withdrawn.
    fn withdraws(&self, source_file: &str, reason: &str) -> bool {
        self.first.contains(source_file) || reason == "torn_line" && self.torn.contains(source_file)
    }
}

/// Where the rows of one file number are.
enum Rows {
    /// In the lake before this run.
    Before(PathBuf),
    /// Written by this run.
    Written(DataFile),
    /// Still in memory.
    Held(RecordBatch),
}

struct Pending {
    duplicates: Duplicates,
    rows: Vec<Rows>,
    new_rows: usize,
}

/// One ingest run into a lake.
pub struct LakeWriter<'lake> {
    lake: &'lake Lake,
    run: i64,
    threads: usize,
    /// Held while a data file is written: each writer has an encoder and a compressor a column, so that several at once would need more
    /// memory than the rows themselves. Who waits for it helps, see [`Self::turn_to_write`].
    writing: Mutex<()>,
    pending: Vec<Mutex<Pending>>,
}

/// The rows of one thread.
pub struct RowSink<'writer, 'lake> {
    writer: &'writer LakeWriter<'lake>,
    builders: Vec<TableBuilder>,
}

impl<'lake> LakeWriter<'lake> {
    /// Starts run number `run`, with as many sinks at once as there are `threads`.
    pub async fn new(lake: &'lake Lake, run: i64, threads: usize) -> Result<Self, LakeError> {
        let pending = try_join_all(Table::ALL.map(|table| async move {
            let (before, remembered) = lake.remembered_files(table).await?;
            files::remove_unreferenced(&lake.directory(table), &remembered)?;
            let rows = before.into_iter().map(Rows::Before).collect();
            Ok::<_, LakeError>(Mutex::new(Pending { duplicates: Duplicates::new(), rows, new_rows: 0 }))
        }));
        let pending = pending.await?;
        Ok(Self { lake, run, threads: threads.max(1), writing: Mutex::new(()), pending })
    }

    /// Number of this run.
    pub fn run(&self) -> i64 {
        self.run
    }

    /// A sink for one thread.
    pub fn sink(&self) -> RowSink<'_, 'lake> {
        RowSink { writer: self, builders: Table::ALL.iter().map(|table| TableBuilder::new(*table)).collect() }
    }

    fn pending(&self, table: Table) -> MutexGuard<'_, Pending> {
        self.pending[table.index()].lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes over a thread's rows of one table; they stay in memory when `hold` is set and are written to a data file, sorted, otherwise.
    fn take(&self, table: Table, builder: &mut TableBuilder, hold: bool) -> Result<(), LakeError> {
        if builder.rows() == 0 {
            return Ok(());
        }
        let (batch, mut ids) = builder.finish()?;
        let rows = if hold {
            Rows::Held(batch)
        } else {
            let batch = [batch];
            let order = files::sort_order(table, &batch)?;
            ids = order.values().iter().map(|&row| ids[row as usize]).collect();
            let _one_at_a_time = self.turn_to_write();
            Rows::Written(files::write_ordered(&self.lake.directory(table), table, &batch, &order)?)
        };
        let mut pending = self.pending(table);
        let number = pending.rows.len() as u32;
        pending.duplicates.add(number, &ids)?;
        pending.new_rows += ids.len();
        pending.rows.push(rows);
        Ok(())
    }

    /// Waits until no other thread writes, and helps the one that does: its columns are jobs of the pool that both are of.
    fn turn_to_write(&self) -> MutexGuard<'_, ()> {
        loop {
            match self.writing.try_lock() {
                Ok(turn) => return turn,
                Err(TryLockError::Poisoned(turn)) => return turn.into_inner(),
                Err(TryLockError::WouldBlock) => {
                    if rayon::yield_now() != Some(rayon::Yield::Executed) {
                        std::thread::sleep(Duration::from_micros(100));
                    }
                }
            }
        }
    }

    /// Drops duplicates and writes what is still in memory, in the caller's thread pool. `reread` says which rejects of earlier runs are
    /// withdrawn.
    pub fn prepare(self, reread: &Reread) -> Result<Prepared<'lake>, LakeError> {
        let pending: Vec<_> = Table::ALL.into_iter().zip(self.pending).collect();
        // Side by side, so that small tables do not wait for the disk one after another.
        let changes = pending.into_par_iter().map(|(table, pending)| {
            let pending = pending.into_inner().unwrap_or_else(PoisonError::into_inner);
            Ok((table, prepare(self.lake, table, pending, reread)?))
        });
        let changes = changes.collect::<Result<_, LakeError>>()?;
        Ok(Prepared { lake: self.lake, run: self.run, changes })
    }
}

/// A run whose files are all on disk and not yet part of any table.
pub struct Prepared<'lake> {
    lake: &'lake Lake,
    run: i64,
    changes: BTreeMap<Table, Change>,
}

impl Prepared<'_> {
    /// Commits every table, the ledger after all others, so that a run that is cut short is read again.
    pub async fn commit(mut self) -> Result<BTreeMap<Table, Committed>, LakeError> {
        let counts = self.changes.iter().map(|(table, change)| (*table, change.counts)).collect();
        let ledger = self.changes.remove(&Table::Ingested);
        // Replaced files stay for readers of older versions; Delta's retention says how long.
        let commit = |(table, change): (Table, Change)| async move {
            self.lake.commit(table, &change.added, &change.removed, self.run).await
        };
        try_join_all(self.changes.into_iter().map(commit)).await?;
        try_join_all(ledger.map(|change| commit((Table::Ingested, change)))).await?;
        Ok(counts)
    }
}

impl RowSink<'_, '_> {
    /// The builder of a table.
    pub fn table(&mut self, table: Table) -> &mut TableBuilder {
        &mut self.builders[table.index()]
    }

    /// Writes out builders that have grown large.
    pub fn flush_if_large(&mut self) -> Result<(), LakeError> {
        for table in Table::ALL {
            let builder = &mut self.builders[table.index()];
            if builder.bytes() > FLUSH_BYTES / self.writer.threads || builder.rows() > FLUSH_ROWS {
                self.writer.take(table, builder, false)?;
            }
        }
        Ok(())
    }

    /// Hands the rest over.
    pub fn finish(mut self) -> Result<(), LakeError> {
        for table in Table::ALL {
            let builder = &mut self.builders[table.index()];
            let hold = builder.bytes() <= HELD_BYTES / self.writer.threads;
            self.writer.take(table, builder, hold)?;
        }
        Ok(())
    }
}

struct Change {
    added: Vec<DataFile>,
    removed: Vec<PathBuf>,
    counts: Committed,
}

/// Drops duplicates and leaves data files ready to be committed.
fn prepare(lake: &Lake, table: Table, mut pending: Pending, reread: &Reread) -> Result<Change, LakeError> {
    let directory = lake.directory(table);
    let mut withdrawn = BTreeMap::<u32, Vec<u32>>::new();
    if pending.new_rows > 0 || (table == Table::Quarantine && !reread.is_empty()) {
        // No two rows of the lake have one key, so only those count whose key came again.
        let is_first = !matches!(pending.rows.first(), Some(Rows::Before(_)));
        let keys = if is_first { None } else { pending.duplicates.keys() };
        for (number, rows) in pending.rows.iter().enumerate() {
            if let Rows::Before(path) = rows {
                let gone = if table == Table::Quarantine { withdrawn_rows(path, reread)? } else { Vec::new() };
                let mut ids = identities(table, path, keys.as_ref())?;
                ids.retain(|(row, _)| gone.binary_search(row).is_err());
                pending.duplicates.add_rows(number as u32, ids)?;
                if !gone.is_empty() {
                    withdrawn.insert(number as u32, gone);
                }
            }
        }
    }
    let before = pending.rows.iter().take_while(|rows| matches!(rows, Rows::Before(_))).count();
    let mut losers = pending.duplicates.losers(before as u32)?;
    for (file, rows) in withdrawn {
        let all = losers.entry(file).or_default();
        all.extend(rows);
        all.sort_unstable();
    }
    let mut change = Change { added: Vec::new(), removed: Vec::new(), counts: Committed::default() };
    let (mut held, mut held_rows, mut held_gone) = (Vec::new(), 0, Vec::new());
    for (number, rows) in pending.rows.into_iter().enumerate() {
        let gone = losers.remove(&(number as u32)).unwrap_or_default();
        match rows {
            Rows::Before(_) if gone.is_empty() => {}
            Rows::Before(path) => {
                change.counts.replaced += gone.len();
                rewrite(&directory, table, &path, &gone, &mut change.added)?;
                change.removed.push(path);
            }
            Rows::Written(file) if gone.is_empty() => change.added.push(file),
            Rows::Written(file) => {
                change.counts.duplicates += gone.len();
                let path = directory.join(&file.name);
                rewrite(&directory, table, &path, &gone, &mut change.added)?;
                std::fs::remove_file(&path).map_err(|error| LakeError::from(error).at(&path))?;
            }
            Rows::Held(batch) => {
                change.counts.duplicates += gone.len();
                held_gone.extend(gone.iter().map(|row| held_rows + row));
                held_rows += batch.num_rows() as u32;
                held.push(batch);
            }
        }
    }
    if !held.is_empty() {
        change.added.extend(files::write_sorted(&directory, table, &held, &held_gone)?);
    }
    change.counts.added = pending.new_rows - change.counts.duplicates;
    Ok(change)
}

/// Copies a data file without some of its rows.
fn rewrite(
    directory: &std::path::Path,
    table: Table,
    path: &std::path::Path,
    gone: &[u32],
    added: &mut Vec<DataFile>,
) -> Result<(), LakeError> {
    let mut kept = Vec::new();
    let mut start = 0;
    for batch in files::read(path, None)? {
        let batch = batch?;
        let rest = without(&batch, start, gone)?;
        start += batch.num_rows() as u32;
        if rest.num_rows() > 0 {
            kept.push(files::in_present_columns(table, &rest)?);
        }
    }
    if !kept.is_empty() {
        added.push(files::write(directory, table, &kept)?);
    }
    Ok(())
}

/// The rows of a batch that begins at row `start` of its file, less those in `gone` (sorted).
pub(super) fn without(batch: &RecordBatch, start: u32, gone: &[u32]) -> Result<RecordBatch, LakeError> {
    let end = start + batch.num_rows() as u32;
    let from = gone.partition_point(|&row| row < start);
    let to = gone.partition_point(|&row| row < end);
    if from == to {
        return Ok(batch.clone());
    }
    let mut keep = vec![true; batch.num_rows()];
    for &row in &gone[from..to] {
        keep[(row - start) as usize] = false;
    }
    Ok(filter_record_batch(batch, &BooleanArray::from(keep))?)
}

/// Identities of a data file's rows by their numbers; where keys are given, of those rows that may have one of them.
fn identities(table: Table, path: &std::path::Path, keys: Option<&Keys>) -> Result<Vec<(u32, RowId)>, LakeError> {
    let rows = keys.map(|keys| rows_with(table, path, keys)).transpose()?;
    let mut ids = Vec::new();
    // Of most files, which are old, the keys tell that nothing of them came again.
    if rows.as_ref().is_none_or(|rows| !rows.is_empty()) {
        for batch in files::read(path, Some(&[table.key_column(), "version", "tie", "row_hash"]))? {
            identities_of(table, &batch?, &mut ids)?;
        }
    }
    Ok(match rows {
        Some(rows) => rows.into_iter().filter_map(|row| Some((row, *ids.get(row as usize)?))).collect(),
        None => (0..).zip(ids).collect(),
    })
}

/// Numbers of the rows of a data file that may have one of these keys.
fn rows_with(table: Table, path: &std::path::Path, keys: &Keys) -> Result<Vec<u32>, LakeError> {
    let mut rows = Vec::new();
    let mut start = 0;
    for batch in files::read(path, Some(&[table.key_column()]))? {
        let batch = batch?;
        let column = batch
            .column_by_name(table.key_column())
            .and_then(|c| c.as_binary_opt::<i32>())
            .ok_or(LakeError::Column { table: table.name(), column: table.key_column() })?;
        let may_have = |row: &u32| keys.may_have(column.value(*row as usize));
        rows.extend((0..batch.num_rows() as u32).filter(may_have).map(|row| start + row));
        start += batch.num_rows() as u32;
    }
    Ok(rows)
}

/// Adds the identities of a batch's rows.
pub(super) fn identities_of(table: Table, batch: &RecordBatch, ids: &mut Vec<RowId>) -> Result<(), LakeError> {
    let missing = |column| LakeError::Column { table: table.name(), column };
    let keys = batch
        .column_by_name(table.key_column())
        .and_then(|c| c.as_binary_opt::<i32>())
        .ok_or(missing(table.key_column()))?;
    let long = |name: &'static str| {
        batch.column_by_name(name).and_then(|c| c.as_primitive_opt::<Int64Type>()).ok_or(missing(name))
    };
    let (versions, ties, hashes) = (long("version")?, long("tie")?, long("row_hash")?);
    for row in 0..batch.num_rows() {
        let mut key = [0; 16];
        let bytes = keys.value(row);
        if bytes.len() != key.len() {
            return Err(missing(table.key_column()));
        }
        key.copy_from_slice(bytes);
        ids.push(RowId { key, version: versions.value(row), tie: ties.value(row), hash: hashes.value(row) });
    }
    Ok(())
}

/// Rows of a quarantine file that are withdrawn.
fn withdrawn_rows(path: &std::path::Path, reread: &Reread) -> Result<Vec<u32>, LakeError> {
    let mut rows = Vec::new();
    let mut start = 0;
    for batch in files::read(path, Some(&["reason", "source_file"]))? {
        let batch = batch?;
        let text = |column: &'static str| {
            batch
                .column_by_name(column)
                .and_then(|c| c.as_string_opt::<i32>())
                .ok_or(LakeError::Column { table: "quarantine", column })
        };
        let (reasons, names) = (text("reason")?, text("source_file")?);
        for row in 0..batch.num_rows() {
            if reread.withdraws(names.value(row), reasons.value(row)) {
                rows.push(start + row as u32);
            }
        }
        start += batch.num_rows() as u32;
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::{Fact, FactName};
    use crate::lake::rows::{Place, TableBuilder};
    use parquet::arrow::ArrowWriter;

    #[test]
    fn rows_leave_a_file_that_an_earlier_version_wrote_with_fewer_columns() {
        let directory = tempfile::tempdir().unwrap();
        let mut builder = TableBuilder::new(Table::Facts);
        for (offset, session) in (0..).zip(["one", "two"]) {
            let fact = Fact {
                session_id: session.to_owned(),
                ts_us: None,
                name: FactName::Parent,
                value: String::new(),
                rank: 1,
                evidence: String::new(),
            };
            builder.fact(Place { source: "canonical", source_file: "a.ndjson", offset }, &fact);
        }
        let batch = builder.finish().unwrap().0;
        let fewer: Vec<usize> =
            (0..batch.num_columns()).filter(|&at| batch.schema().field(at).name() != "ts").collect();
        let earlier = batch.project(&fewer).unwrap();
        let path = directory.path().join("part-earlier.parquet");
        let mut writer = ArrowWriter::try_new(std::fs::File::create(&path).unwrap(), earlier.schema(), None).unwrap();
        writer.write(&earlier).unwrap();
        writer.close().unwrap();
        let mut added = Vec::new();
        rewrite(directory.path(), Table::Facts, &path, &[0], &mut added).unwrap();
        let kept = files::read(&directory.path().join(&added[0].name), None).unwrap().next().unwrap().unwrap();
        assert_eq!((kept.num_rows(), kept.num_columns()), (1, batch.num_columns()));
    }
}
