//! The lake: Delta tables on a local disk, opened, appended to in one transaction a table, and read.
//!
//! Owns tables and their columns ([`schema`]), rows ([`rows`]), data files, the rule for duplicates, the lock, and the
//! order and durability of commits. Knows nothing of log formats (that is `sources`) and of SQL (that is `engine`).
//!
//! A commit is Delta's: data files first, then one log entry, created exclusively. What is added here: data files, the log entry
//! and their directories are synced before a commit is acknowledged, since the local object store does not.

mod columns;
mod duplicates;
mod error;
mod files;
mod history;
mod ledger;
mod older;
mod opened;
mod order;
pub mod purposes;
mod rewrite;
pub mod rows;
pub mod schema;
mod vacuum;
mod verify;
mod writer;

pub use error::{LakeError, is_full, of_the_system};
pub use history::LakeVersion;
pub use ledger::Ledger;
pub use rewrite::{Fate, Rewriting, TableChange};
pub use schema::Table;
pub use vacuum::{OldFiles, Purged};
pub use verify::{Finding, TableVerified, Verified};
pub use writer::{Committed, LakeWriter, Reread, RowSink};

use arrow::array::RecordBatch;
use datafusion::catalog::TableProvider;
use datafusion::datasource::empty::EmptyTable;
use deltalake::kernel::transaction::{CommitBuilder, CommitProperties};
use deltalake::kernel::{Action, Transaction};
use deltalake::operations::create::CreateBuilder;
use deltalake::protocol::{DeltaOperation, SaveMode};
use futures::StreamExt;
use futures::future::try_join_all;
use opened::Opened;
use std::collections::BTreeMap;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Application id of our transactions in the Delta log; the version is the number of the ingest run.
const APPLICATION: &str = "footlight-ingest";

/// A data file that is part of a table, as the log has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldFile {
    /// Where it is.
    pub path: PathBuf,
    /// Rows; none when the log does not say.
    pub rows: Option<usize>,
    /// Size in bytes.
    pub bytes: u64,
    /// When its rows were written, milliseconds since the epoch; files that are joined keep the latest.
    pub modified_ms: i64,
}

/// A lake on disk.
#[derive(Debug)]
pub struct Lake {
    root: PathBuf,
    /// Held while this value lives, in lakes opened for writing. The system lets go of it when the process dies.
    _lock: Option<File>,
    /// Versions of the tables, where the lake is read as it was; none where it is read as it is.
    then: Option<BTreeMap<Table, u64>>,
    /// What was opened, as it was then.
    opened: Mutex<Opened>,
}

impl Lake {
    fn new(root: &Path, lock: Option<File>, then: Option<BTreeMap<Table, u64>>) -> Self {
        Self { root: root.to_path_buf(), _lock: lock, then, opened: Mutex::default() }
    }

    /// Opens a lake to read it: each table as it is when it is first looked at. [`LakeError::Missing`] when there is none.
    pub fn open(root: &Path) -> Result<Self, LakeError> {
        if !root.join(Table::Ingested.name()).join("_delta_log").is_dir() {
            return Err(LakeError::Missing(root.to_path_buf()));
        }
        Ok(Self::new(root, None, None))
    }

    /// Opens a lake to write it, creating what is missing. Waits up to `wait` for another writer, then [`LakeError::Locked`].
    pub async fn open_for_writing(root: &Path, wait: Duration) -> Result<Self, LakeError> {
        make(root).map_err(|error| LakeError::from(error).at(root))?;
        let lock = lock(&root.join(".lock"), root, wait).await?;
        let lake = Self::new(root, Some(lock), None);
        try_join_all(Table::ALL.map(|table| lake.make_ready(table))).await?;
        Ok(lake)
    }

    /// Where the lake is.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where a table is.
    pub fn directory(&self, table: Table) -> PathBuf {
        self.root.join(table.name())
    }

    /// Makes a table that is not there, and adds to one that an earlier version made the columns that came later.
    async fn make_ready(&self, table: Table) -> Result<(), LakeError> {
        self.create_if_missing(table).await?;
        self.add_missing_columns(table).await
    }

    async fn create_if_missing(&self, table: Table) -> Result<(), LakeError> {
        let directory = self.directory(table);
        let log = directory.join("_delta_log");
        let entry = |version: u64| log.join(format!("{version:020}.json"));
        match std::fs::metadata(entry(0)) {
            // Power was lost before the entry that makes the table was synced, so nothing was ever written to it.
            Ok(first) if first.len() == 0 && !entry(1).exists() => {
                std::fs::remove_file(entry(0)).map_err(|error| LakeError::from(error).at(&entry(0)))?;
            }
            Ok(_) => return Ok(()),
            Err(_) if has_checkpoint(&log) => return Ok(()),
            Err(_) => {}
        }
        std::fs::create_dir_all(&directory).map_err(|error| LakeError::from(error).at(&directory))?;
        let schema = older::as_delta(&table.schema())?;
        let made = CreateBuilder::new()
            .with_location(directory.to_string_lossy())
            .with_table_name(table.name())
            .with_columns(schema.fields().cloned())
            .with_save_mode(SaveMode::Ignore)
            .await?;
        self.keep_open(table, made);
        self.sync_log(table).await
    }

    /// The table as DataFusion reads it. One that the lake does not have yet, because an earlier version made it, is empty, and a column that came later is null
    /// where it may be.
    pub async fn provider(&self, table: Table) -> Result<Arc<dyn TableProvider>, LakeError> {
        if !self.has(table) {
            return Ok(Arc::new(EmptyTable::new(table.schema())));
        }
        let delta = self.delta(table).await?;
        older::filled(table, delta.table_provider().await?)
    }

    /// The data files that make up the table now, by path. A table that an earlier version did not make has none.
    pub async fn held_files(&self, table: Table) -> Result<Vec<HeldFile>, LakeError> {
        let directory = self.directory(table);
        if !self.has(table) {
            return Ok(Vec::new());
        }
        let delta = self.delta(table).await?;
        let mut files: Vec<HeldFile> = delta
            .snapshot()?
            .log_data()
            .iter()
            .map(|file| HeldFile {
                path: directory.join(file.path().as_ref()),
                rows: file.num_records(),
                bytes: file.size().max(0) as u64,
                modified_ms: file.modification_time(),
            })
            .collect();
        files.sort_unstable_by(|one, two| one.path.cmp(&two.path));
        Ok(files)
    }

    /// Paths of the data files that make up the table now.
    pub async fn data_files(&self, table: Table) -> Result<Vec<PathBuf>, LakeError> {
        Ok(self.held_files(table).await?.into_iter().map(|file| file.path).collect())
    }

    /// Shows `look` some columns of every row of a table, batch by batch.
    pub async fn scan(
        &self,
        table: Table,
        columns: &[&str],
        mut look: impl FnMut(&RecordBatch) -> Result<(), LakeError>,
    ) -> Result<(), LakeError> {
        for path in self.data_files(table).await? {
            for batch in files::read(&path, Some(columns))? {
                look(&files::selected(table, &batch?, columns)?)?;
            }
        }
        Ok(())
    }

    /// The data files that make up the table now, by path, and those that the log still knows: of the table now and of versions that may still be
    /// read.
    pub(crate) async fn remembered_files(&self, table: Table) -> Result<(Vec<PathBuf>, Vec<PathBuf>), LakeError> {
        let delta = self.delta(table).await?;
        let directory = self.directory(table);
        let state = delta.snapshot()?;
        let mut now: Vec<PathBuf> = state.log_data().iter().map(|file| directory.join(file.path().as_ref())).collect();
        now.sort_unstable();
        let mut remembered = now.clone();
        let mut tombstones = state.all_tombstones(delta.log_store().as_ref());
        while let Some(tombstone) = tombstones.next().await {
            remembered.push(directory.join(tombstone?.path().as_ref()));
        }
        Ok((now, remembered))
    }

    /// The version of the lake: the number of commits to the ledger so far, which numbers ingest runs.
    pub async fn version(&self) -> Result<i64, LakeError> {
        Ok(self.delta(Table::Ingested).await?.version().map_or(0, |version| version as i64))
    }

    /// Adds and removes the data files of ingest run number `run`.
    pub(crate) async fn commit(
        &self,
        table: Table,
        added: &[files::DataFile],
        removed: &[PathBuf],
        run: i64,
    ) -> Result<(), LakeError> {
        let now_ms = jiff::Timestamp::now().as_millisecond();
        let added: Vec<Action> = added.iter().map(|file| Action::Add(file.add_action(now_ms, true))).collect();
        let properties = CommitProperties::default().with_application_transaction(Transaction::new(APPLICATION, run));
        let operation = DeltaOperation::Write { mode: SaveMode::Append, partition_by: None, predicate: None };
        self.commit_actions(table, added, removed, true, properties, operation).await
    }

    /// Adds and removes data files in one commit and syncs it. Nothing to do is no commit.
    async fn commit_actions(
        &self,
        table: Table,
        mut actions: Vec<Action>,
        removed: &[PathBuf],
        data_change: bool,
        properties: CommitProperties,
        operation: DeltaOperation,
    ) -> Result<(), LakeError> {
        if actions.is_empty() && removed.is_empty() {
            return Ok(());
        }
        let delta = self.delta(table).await?;
        // Whatever becomes of the commit, the table is opened anew afterwards.
        self.close(table);
        let state = delta.snapshot()?;
        let directory = self.directory(table);
        for file in state.log_data().iter() {
            if removed.contains(&directory.join(file.path().as_ref())) {
                actions.push(Action::Remove(file.remove_action(data_change)));
            }
        }
        blocking(move || files::sync_directory(&directory)).await?;
        // A checkpoint of Delta's is not synced, so that power loss could leave an empty one that hides every entry before it, and it forgets which files earlier
        // versions had after a week. Without any, opening a table reads one small file a commit.
        let properties = properties.with_create_checkpoint(false).with_cleanup_expired_logs(Some(false));
        CommitBuilder::from(properties).with_actions(actions).build(Some(state), delta.log_store(), operation).await?;
        self.sync_log(table).await
    }

    /// Makes a table's newest commit durable.
    async fn sync_log(&self, table: Table) -> Result<(), LakeError> {
        let directory = self.directory(table);
        blocking(move || sync_log(&directory)).await
    }
}

/// Waits for the disk off the runtime's threads, so that tables which are committed together wait for it together.
async fn blocking(wait: impl FnOnce() -> Result<(), LakeError> + Send + 'static) -> Result<(), LakeError> {
    tokio::task::spawn_blocking(wait).await.map_err(std::io::Error::other)?
}

fn sync_log(directory: &Path) -> Result<(), LakeError> {
    let log = directory.join("_delta_log");
    let newest = std::fs::read_dir(&log)
        .map_err(|error| LakeError::from(error).at(&log))?
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .max();
    if let Some(newest) = newest {
        File::open(&newest).and_then(|file| file.sync_all()).map_err(|error| LakeError::from(error).at(&newest))?;
    }
    files::sync_directory(&log)?;
    files::sync_directory(directory)
}

/// Makes the directory of a lake, which holds accounts as logs name them, for its owner alone. One that is there stays as it is.
fn make(root: &Path) -> std::io::Result<()> {
    if let Some(parent) = root.parent() {
        std::fs::create_dir_all(parent)?;
    }
    let mut builder = std::fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    match builder.create(root) {
        Err(_) if root.is_dir() => Ok(()),
        other => other,
    }
}

/// Makes the file where there is none and locks it, until it is closed or the process dies. Waits up to `wait` for another process, then
/// [`LakeError::Locked`], which names `what` it stands for.
pub async fn lock(path: &Path, what: &Path, wait: Duration) -> Result<File, LakeError> {
    let file = File::options().create(true).write(true).truncate(false).open(path);
    let file = file.map_err(|error| LakeError::from(error).at(path))?;
    let since = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if since.elapsed() < wait => {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            Err(TryLockError::WouldBlock) => return Err(LakeError::Locked(what.to_path_buf())),
            Err(TryLockError::Error(error)) => return Err(LakeError::from(error).at(path)),
        }
    }
}

fn has_checkpoint(log: &Path) -> bool {
    log.join("_last_checkpoint").is_file()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_first_entry_that_was_never_synced_is_made_again_and_a_torn_one_is_named() {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let directory = tempfile::tempdir().unwrap();
            let root = directory.path().join("lake");
            let first = root.join(Table::Facts.name()).join("_delta_log/00000000000000000000.json");
            drop(Lake::open_for_writing(&root, Duration::ZERO).await.unwrap());
            std::fs::write(&first, "").unwrap();
            let lake = Lake::open_for_writing(&root, Duration::ZERO).await.unwrap();
            assert!(lake.held_files(Table::Facts).await.unwrap().is_empty());
            let whole = std::fs::read(&first).unwrap();
            std::fs::write(&first, &whole[..whole.len() / 2]).unwrap();
            let error = Lake::open(&root).unwrap().held_files(Table::Facts).await.unwrap_err();
            let names_it = |path: &Path| path.ends_with("_delta_log/00000000000000000000.json");
            assert!(matches!(&error, LakeError::Log { path, .. } if names_it(path)), "{error:?}");
        });
    }
}
