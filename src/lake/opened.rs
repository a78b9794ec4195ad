//! What a lake keeps open while somebody looks at it.
//!
//! Opening a table reads every entry of its log, and a run asks each of them several times. So a table is opened once and stays as it was then, until it is
//! committed to through the same [`Lake`]. Nobody else commits beside whoever holds the lock; whoever only reads sees what others commit in a lake that is
//! opened later.

use super::{Lake, LakeError, Ledger, Table};
use deltalake::DeltaTable;
use std::collections::BTreeMap;
use std::sync::{Arc, MutexGuard, PoisonError};

/// Tables as they are, and the ledger that the table of that name holds.
#[derive(Debug, Default)]
pub(super) struct Opened {
    tables: BTreeMap<Table, DeltaTable>,
    ledger: Option<Arc<Ledger>>,
}

impl Lake {
    /// The table in the version that is read, which is that of the first look unless this lake committed to it since. Fails where there is none, or where its
    /// log cannot be read.
    pub async fn delta(&self, table: Table) -> Result<DeltaTable, LakeError> {
        let opened = self.opened().tables.get(&table).cloned();
        if let Some(opened) = opened {
            return Ok(opened);
        }
        let opened = self.open_table(table).await?;
        self.keep_open(table, opened.clone());
        Ok(opened)
    }

    /// Remembers a table as it is.
    pub(super) fn keep_open(&self, table: Table, opened: DeltaTable) {
        self.opened().tables.insert(table, opened);
    }

    /// Forgets a table that is about to change, and the ledger if it is that.
    pub(super) fn close(&self, table: Table) {
        let mut opened = self.opened();
        opened.tables.remove(&table);
        if table == Table::Ingested {
            opened.ledger = None;
        }
    }

    /// The ledger, where it was read and is as it was then.
    pub(super) fn kept_ledger(&self) -> Option<Arc<Ledger>> {
        self.opened().ledger.clone()
    }

    /// Remembers the ledger as it is.
    pub(super) fn keep_ledger(&self, ledger: &Arc<Ledger>) {
        self.opened().ledger = Some(ledger.clone());
    }

    fn opened(&self) -> MutexGuard<'_, Opened> {
        self.opened.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lake::files;
    use crate::lake::rows::{Ingested, TableBuilder};
    use std::time::Duration;

    #[test]
    fn whoever_writes_sees_each_commit_and_whoever_reads_what_was_there() {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let directory = tempfile::tempdir().unwrap();
            let root = directory.path().join("lake");
            let writer = Lake::open_for_writing(&root, Duration::ZERO).await.unwrap();
            let first = Lake::open(&root).unwrap();
            for run in 1..=3 {
                let reader = Lake::open(&root).unwrap();
                for lake in [&writer, &reader, &writer, &reader] {
                    assert_eq!(lake.version().await.unwrap(), run - 1);
                    assert_eq!(Ledger::read(lake).await.unwrap().len() as i64, run - 1);
                }
                assert_eq!(first.version().await.unwrap(), 0);
                assert!(Ledger::read(&first).await.unwrap().is_empty());
                let mut builder = TableBuilder::new(Table::Ingested);
                builder.ingested(&Ingested {
                    source_file: format!("{run}.jsonl"),
                    source: "canonical".to_owned(),
                    content_id: String::new(),
                    committed_bytes: 0,
                    first_line_hash: 0,
                    file_bytes: 0,
                    modified_ns: 0,
                    changed_ns: 0,
                    records: 0,
                    rejects: 0,
                    ignored: Default::default(),
                    version: 1,
                });
                let rows = builder.finish().unwrap().0;
                let file = files::write(&writer.directory(Table::Ingested), Table::Ingested, &[rows]).unwrap();
                writer.commit(Table::Ingested, &[file], &[], run).await.unwrap();
            }
            let then = first.at(first.versions().unwrap()[0]).await.unwrap();
            for _ in 0..2 {
                assert_eq!((then.version().await.unwrap(), Ledger::read(&then).await.unwrap().len()), (1, 1));
            }
        });
    }
}
