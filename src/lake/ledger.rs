//! The ledger: which files were read, up to where, and what they held.

use super::rows::Ingested;
use super::{Lake, LakeError, Table, files};
use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::Int64Type;
use std::collections::HashMap;
use std::sync::Arc;

/// Everything that the `ingested` table says, by name and by first line.
#[derive(Debug, Default)]
pub struct Ledger {
    by_name: HashMap<String, Ingested>,
    by_first_line: HashMap<i64, Vec<String>>,
}

impl Ledger {
    /// Reads the ledger of a lake. Fails where a data file cannot be read or lacks a column.
    pub async fn read(lake: &Lake) -> Result<Arc<Self>, LakeError> {
        if let Some(kept) = lake.kept_ledger() {
            return Ok(kept);
        }
        let mut ledger = Self::default();
        for path in lake.data_files(Table::Ingested).await? {
            for batch in files::read(&path, None)? {
                ledger.add(&batch?)?;
            }
        }
        for entry in ledger.by_name.values() {
            ledger.by_first_line.entry(entry.first_line_hash).or_default().push(entry.source_file.clone());
        }
        for names in ledger.by_first_line.values_mut() {
            names.sort_unstable();
        }
        let ledger = Arc::new(ledger);
        lake.keep_ledger(&ledger);
        Ok(ledger)
    }

    fn add(&mut self, batch: &RecordBatch) -> Result<(), LakeError> {
        let text = |name: &'static str| {
            batch
                .column_by_name(name)
                .and_then(|column| column.as_string_opt::<i32>())
                .ok_or(LakeError::Column { table: "ingested", column: name })
        };
        let long = |name: &'static str| {
            batch
                .column_by_name(name)
                .and_then(|column| column.as_primitive_opt::<Int64Type>())
                .ok_or(LakeError::Column { table: "ingested", column: name })
        };
        let (source_file, source, content_id) = (text("source_file")?, text("source")?, text("content_id")?);
        let (ignored, version) = (text("ignored")?, long("version")?);
        let (committed_bytes, first_line_hash) = (long("committed_bytes")?, long("first_line_hash")?);
        let (file_bytes, modified_ns, changed_ns) = (long("file_bytes")?, long("modified_ns")?, long("changed_ns")?);
        let (records, rejects) = (long("records")?, long("rejects")?);
        for row in 0..batch.num_rows() {
            let entry = Ingested {
                source_file: source_file.value(row).to_owned(),
                source: source.value(row).to_owned(),
                content_id: content_id.value(row).to_owned(),
                committed_bytes: committed_bytes.value(row),
                first_line_hash: first_line_hash.value(row),
                file_bytes: file_bytes.value(row),
                modified_ns: modified_ns.value(row),
                changed_ns: changed_ns.value(row),
                records: records.value(row),
                rejects: rejects.value(row),
                ignored: serde_json::from_str(ignored.value(row))
                    .map_err(|_| LakeError::Column { table: "ingested", column: "ignored" })?,
                version: version.value(row),
            };
            self.by_name.insert(entry.source_file.clone(), entry);
        }
        Ok(())
    }

    /// The entry of a file of this name.
    pub fn named(&self, source_file: &str) -> Option<&Ingested> {
        self.by_name.get(source_file)
    }

    /// Entries of files that begin with the same line, by name.
    pub fn beginning_with(&self, first_line_hash: i64) -> impl Iterator<Item = &Ingested> {
        self.by_first_line.get(&first_line_hash).into_iter().flatten().filter_map(|name| self.by_name.get(name))
    }

    /// Every file, in no order.
    pub fn entries(&self) -> impl Iterator<Item = &Ingested> {
        self.by_name.values()
    }

    /// Files read so far.
    pub fn len(&self) -> usize {
        self.by_name.len()
    }

    /// True when nothing was read yet.
    pub fn is_empty(&self) -> bool {
        self.by_name.is_empty()
    }
}
