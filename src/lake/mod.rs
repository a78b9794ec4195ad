//! The lake: Delta tables on a local disk, opened, appended to in one transaction a table, and read.
//!
//! Owns tables and their columns ([`schema`]), rows ([`rows`]), data files, the rule for duplicates, the lock, and the
//! order and durability of commits. Knows nothing of log formats (that is `sources`) and of SQL (that is `engine`).
//!
//! A commit is Delta's: data files first, then one log entry, created exclusively. What is added here: data files, the log entry
//! and their directories are synced before a commit is acknowledged, since the local object store does not.

mod duplicates;
mod error;
mod files;
mod ledger;
pub mod rows;
pub mod schema;
mod writer;

pub use error::LakeError;
pub use ledger::Ledger;
pub use schema::Table;
pub use writer::{Committed, LakeWriter, RowSink};

use datafusion::catalog::TableProvider;
use datafusion::datasource::empty::EmptyTable;
use deltalake::DeltaTable;
use deltalake::kernel::transaction::{CommitBuilder, CommitProperties};
use deltalake::kernel::{Action, Transaction};
use deltalake::operations::create::CreateBuilder;
use deltalake::protocol::{DeltaOperation, SaveMode};
use futures::StreamExt;
use futures::future::try_join_all;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Application id of our transactions in the Delta log; the version is the number of the ingest run.
const APPLICATION: &str = "footlight-ingest";

/// A lake on disk.
#[derive(Debug)]
pub struct Lake {
    root: PathBuf,
    /// Held while this value lives, in lakes opened for writing. The system lets go of it when the process dies.
    _lock: Option<File>,
}

impl Lake {
    /// Opens a lake to read it. [`LakeError::Missing`] when there is none.
    pub fn open(root: &Path) -> Result<Self, LakeError> {
        if !root.join(Table::Ingested.name()).join("_delta_log").is_dir() {
            return Err(LakeError::Missing(root.to_path_buf()));
        }
        Ok(Self { root: root.to_path_buf(), _lock: None })
    }

    /// Opens a lake to write it, creating what is missing. Waits up to `wait` for another writer, then [`LakeError::Locked`].
    pub async fn open_for_writing(root: &Path, wait: Duration) -> Result<Self, LakeError> {
        std::fs::create_dir_all(root).map_err(|error| LakeError::from(error).at(root))?;
        let path = root.join(".lock");
        let lock = File::options()
            .create(true)
            .write(true)
            .truncate(false)
            .open(&path)
            .map_err(|error| LakeError::from(error).at(&path))?;
        let since = Instant::now();
        loop {
            match lock.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if since.elapsed() < wait => {
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
                Err(TryLockError::WouldBlock) => return Err(LakeError::Locked(root.to_path_buf())),
                Err(TryLockError::Error(error)) => return Err(LakeError::from(error).at(&path)),
            }
        }
        let lake = Self { root: root.to_path_buf(), _lock: Some(lock) };
        try_join_all(Table::ALL.map(|table| lake.create_if_missing(table))).await?;
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

    async fn create_if_missing(&self, table: Table) -> Result<(), LakeError> {
        let directory = self.directory(table);
        let log = directory.join("_delta_log");
        if log.join("00000000000000000000.json").is_file() || has_checkpoint(&log) {
            return Ok(());
        }
        std::fs::create_dir_all(&directory).map_err(|error| LakeError::from(error).at(&directory))?;
        let schema = table.schema();
        let schema = deltalake::kernel::engine::arrow_conversion::TryIntoKernel::<deltalake::kernel::StructType>::try_into_kernel(schema.as_ref())?;
        CreateBuilder::new()
            .with_location(directory.to_string_lossy())
            .with_table_name(table.name())
            .with_columns(schema.fields().cloned())
            .with_save_mode(SaveMode::Ignore)
            .await?;
        self.sync_log(table)
    }

    /// The table as it is now.
    pub async fn delta(&self, table: Table) -> Result<DeltaTable, LakeError> {
        let directory = self.directory(table);
        let absolute = directory.canonicalize().map_err(|error| LakeError::from(error).at(&directory))?;
        let url = deltalake::ensure_table_uri(absolute.to_string_lossy())?;
        Ok(deltalake::open_table(url).await?)
    }

    /// The table as DataFusion reads it. One that the lake does not have yet, because an earlier version made it, is empty.
    pub async fn provider(&self, table: Table) -> Result<Arc<dyn TableProvider>, LakeError> {
        if !self.directory(table).is_dir() {
            return Ok(Arc::new(EmptyTable::new(table.schema())));
        }
        let delta = self.delta(table).await?;
        Ok(delta.table_provider().await?)
    }

    /// Paths of the data files that make up the table now.
    pub async fn data_files(&self, table: Table) -> Result<Vec<PathBuf>, LakeError> {
        let delta = self.delta(table).await?;
        let directory = self.directory(table);
        let mut files: Vec<PathBuf> =
            delta.snapshot()?.log_data().iter().map(|file| directory.join(file.path().as_ref())).collect();
        files.sort_unstable();
        Ok(files)
    }

    /// Data files that the log still knows: those of the table now and those of versions that may still be read.
    pub(crate) async fn remembered_files(&self, table: Table) -> Result<Vec<PathBuf>, LakeError> {
        let delta = self.delta(table).await?;
        let directory = self.directory(table);
        let state = delta.snapshot()?;
        let mut files: Vec<PathBuf> =
            state.log_data().iter().map(|file| directory.join(file.path().as_ref())).collect();
        let mut tombstones = state.all_tombstones(delta.log_store().as_ref());
        while let Some(tombstone) = tombstones.next().await {
            files.push(directory.join(tombstone?.path().as_ref()));
        }
        Ok(files)
    }

    /// The number of commits to the ledger so far, which numbers ingest runs.
    pub async fn version(&self) -> Result<i64, LakeError> {
        Ok(self.delta(Table::Ingested).await?.version().map_or(0, |version| version as i64))
    }

    /// Adds and removes data files in one commit and syncs it. Nothing to do is no commit.
    pub(crate) async fn commit(
        &self,
        table: Table,
        added: &[files::DataFile],
        removed: &[PathBuf],
        run: i64,
    ) -> Result<(), LakeError> {
        if added.is_empty() && removed.is_empty() {
            return Ok(());
        }
        let delta = self.delta(table).await?;
        let state = delta.snapshot()?;
        let now_ms = jiff::Timestamp::now().as_millisecond();
        let mut actions: Vec<Action> = added.iter().map(|file| Action::Add(file.add_action(now_ms))).collect();
        let directory = self.directory(table);
        for file in state.log_data().iter() {
            if removed.contains(&directory.join(file.path().as_ref())) {
                actions.push(Action::Remove(file.remove_action(true)));
            }
        }
        files::sync_directory(&directory)?;
        let transaction = Transaction::new(APPLICATION, run);
        let properties = CommitProperties::default().with_application_transaction(transaction);
        let operation = DeltaOperation::Write { mode: SaveMode::Append, partition_by: None, predicate: None };
        CommitBuilder::from(properties).with_actions(actions).build(Some(state), delta.log_store(), operation).await?;
        self.sync_log(table)
    }

    fn sync_log(&self, table: Table) -> Result<(), LakeError> {
        let log = self.directory(table).join("_delta_log");
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
        files::sync_directory(&self.directory(table))
    }
}

fn has_checkpoint(log: &Path) -> bool {
    log.join("_last_checkpoint").is_file()
}
