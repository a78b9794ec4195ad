//! Changing what is there: rows leave or lose a field, and small files become larger ones, in one commit a table.
//!
//! Owns the reading, the sorting and the commit. Owns no reason: a [`Rewriting`] says what becomes of each row.
//!
//! The files that are replaced stay until [`Lake::vacuum`], so a run that is killed leaves the table as it was or as it should be.

use super::files::{self, DataFile};
use super::writer::without;
use super::{HeldFile, Lake, LakeError, Table};
use arrow::array::RecordBatch;
use arrow::compute::{concat_batches, take_record_batch};
use deltalake::kernel::Action;
use deltalake::kernel::transaction::CommitProperties;
use deltalake::protocol::DeltaOperation;
use serde::Serialize;
use std::path::PathBuf;

/// Files of fewer rows and bytes than these are joined, up to twice as much: about what one thread of ingest writes at once, so that a joined
/// file can be rewritten in the same memory.
const SMALL_ROWS: usize = 1 << 17;
const SMALL_BYTES: u64 = 16 << 20;
const WEEK_MS: i64 = 7 * 86_400_000;

/// What becomes of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It stays as it is.
    Stays,
    /// It leaves.
    Goes,
    /// It stays and [`Rewriting::change`] alters it.
    Changes,
}

/// Says what becomes of rows.
pub trait Rewriting {
    /// The columns that [`Rewriting::fates`] looks at; none leaves every row of the table alone.
    fn columns(&self, table: Table) -> &'static [&'static str];

    /// One fate a row. `written_ms` is when the rows of this file were written.
    fn fates(&self, table: Table, written_ms: i64, batch: &RecordBatch) -> Result<Vec<Fate>, LakeError>;

    /// The batch with those rows altered that were to change; it has all columns, and rows that go have left.
    fn change(&self, _table: Table, batch: RecordBatch) -> Result<RecordBatch, LakeError> {
        Ok(batch)
    }
}

/// What a rewriting did to a table, or would do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct TableChange {
    /// Table.
    pub table: &'static str,
    /// Rows before.
    pub rows_before: usize,
    /// Rows that left.
    pub rows_removed: usize,
    /// Rows that were altered.
    pub rows_changed: usize,
    /// Data files before.
    pub files_before: usize,
    /// Data files after.
    pub files_after: usize,
    /// Of the files before, those that were replaced.
    pub files_replaced: usize,
    /// One hash over the data files before.
    pub digest_before: String,
    /// One hash over the data files after.
    pub digest_after: String,
}

/// A file with what becomes of its rows.
struct Judged {
    file: HeldFile,
    gone: Vec<u32>,
    changed: usize,
}

impl Judged {
    fn is_touched(&self) -> bool {
        !self.gone.is_empty() || self.changed > 0
    }

    fn rows_left(&self) -> usize {
        self.file.rows.unwrap_or(SMALL_ROWS).saturating_sub(self.gone.len())
    }

    fn is_small(&self) -> bool {
        self.rows_left() < SMALL_ROWS && self.file.bytes < SMALL_BYTES
    }
}

impl Lake {
    /// What `rules` would do to a table. Writes nothing.
    pub async fn plan_rewrite(&self, table: Table, rules: &dyn Rewriting) -> Result<TableChange, LakeError> {
        let judged = self.judge(table, rules).await?;
        let paths: Vec<PathBuf> = judged.iter().map(|one| one.file.path.clone()).collect();
        let mut change = counts(table, &judged)?;
        change.digest_before = digest_of(&paths)?;
        change.digest_after.clone_from(&change.digest_before);
        change.files_after = judged.len();
        change.files_replaced = judged.iter().filter(|one| one.is_touched()).count();
        Ok(change)
    }

    /// Applies `rules` to a table in one commit; with `compact`, small files are joined as well.
    pub async fn rewrite(&self, table: Table, rules: &dyn Rewriting, compact: bool) -> Result<TableChange, LakeError> {
        let judged = self.judge(table, rules).await?;
        let mut change = counts(table, &judged)?;
        let paths: Vec<PathBuf> = judged.iter().map(|one| one.file.path.clone()).collect();
        change.digest_before = digest_of(&paths)?;
        let directory = self.directory(table);
        let mut after = Vec::new();
        let mut removed = Vec::new();
        let mut added: Vec<(DataFile, i64)> = Vec::new();
        for group in groups(table, judged, compact) {
            if let [one] = group.as_slice()
                && !one.is_touched()
            {
                after.push(one.file.path.clone());
                continue;
            }
            if let Some(rows) = joined(table, &group, rules)? {
                let written_ms = group.iter().map(|one| one.file.modified_ms).max().unwrap_or(0);
                let file = files::write(&directory, table, &[rows])?;
                after.push(directory.join(&file.name));
                added.push((file, written_ms));
            }
            removed.extend(group.into_iter().map(|one| one.file.path));
        }
        change.files_after = after.len();
        change.files_replaced = removed.len();
        change.digest_after = digest_of(&after)?;
        let data_change = change.rows_removed + change.rows_changed > 0;
        let actions = added.iter().map(|(file, at)| Action::Add(file.add_action(*at, data_change))).collect();
        let operation = if data_change {
            DeltaOperation::Delete { predicate: None }
        } else {
            DeltaOperation::Optimize { predicate: None, target_size: SMALL_BYTES as i64 }
        };
        let properties = CommitProperties::default();
        self.commit_actions(table, actions, &removed, data_change, properties, operation).await?;
        Ok(change)
    }

    /// What becomes of every row of a table.
    async fn judge(&self, table: Table, rules: &dyn Rewriting) -> Result<Vec<Judged>, LakeError> {
        let columns = rules.columns(table);
        let mut judged = Vec::new();
        for file in self.held_files(table).await? {
            let (mut gone, mut changed, mut start) = (Vec::new(), 0, 0u32);
            if !columns.is_empty() {
                for batch in files::read(&file.path, Some(columns))? {
                    let batch = files::selected(table, &batch?, columns)?;
                    for (row, fate) in (start..).zip(rules.fates(table, file.modified_ms, &batch)?) {
                        match fate {
                            Fate::Stays => {}
                            Fate::Goes => gone.push(row),
                            Fate::Changes => changed += 1,
                        }
                    }
                    start += batch.num_rows() as u32;
                }
            }
            judged.push(Judged { file, gone, changed });
        }
        Ok(judged)
    }
}

fn counts(table: Table, judged: &[Judged]) -> Result<TableChange, LakeError> {
    let mut rows_before = 0;
    for one in judged {
        rows_before += match one.file.rows {
            Some(rows) => rows,
            None => files::rows(&one.file.path)?,
        };
    }
    Ok(TableChange {
        table: table.name(),
        rows_before,
        rows_removed: judged.iter().map(|one| one.gone.len()).sum(),
        rows_changed: judged.iter().map(|one| one.changed).sum(),
        files_before: judged.len(),
        ..TableChange::default()
    })
}

/// Which files become one. Files are taken in the order in which they were written, so that the layout depends on the lake alone; those of the
/// quarantine only with files of the same week, since its rows have no other time than that.
fn groups(table: Table, mut judged: Vec<Judged>, compact: bool) -> Vec<Vec<Judged>> {
    judged.sort_by(|one, two| (one.file.modified_ms, &one.file.path).cmp(&(two.file.modified_ms, &two.file.path)));
    let mut groups: Vec<Vec<Judged>> = Vec::new();
    let mut open: Option<(usize, usize, u64, i64)> = None;
    for one in judged {
        if !compact || !one.is_small() {
            groups.push(vec![one]);
            continue;
        }
        let week = if table == Table::Quarantine { one.file.modified_ms.div_euclid(WEEK_MS) } else { 0 };
        let (rows, bytes) = (one.rows_left(), one.file.bytes);
        match &mut open {
            Some((group, all_rows, all_bytes, of_week))
                if *of_week == week && *all_rows + rows <= 2 * SMALL_ROWS && *all_bytes + bytes <= 2 * SMALL_BYTES =>
            {
                *all_rows += rows;
                *all_bytes += bytes;
                groups[*group].push(one);
            }
            _ => {
                open = Some((groups.len(), rows, bytes, week));
                groups.push(vec![one]);
            }
        }
    }
    groups
}

/// The rows of a group that stay, in the table's order; none when all of them go.
fn joined(table: Table, group: &[Judged], rules: &dyn Rewriting) -> Result<Option<RecordBatch>, LakeError> {
    let mut kept = Vec::new();
    for one in group {
        let mut start = 0;
        for batch in files::read(&one.file.path, None)? {
            let batch = batch?;
            let rest = without(&batch, start, &one.gone)?;
            start += batch.num_rows() as u32;
            let rest = files::in_present_columns(table, &rest)?;
            kept.push(if one.changed > 0 { rules.change(table, rest)? } else { rest });
        }
    }
    let all = concat_batches(&table.schema(), &kept)?;
    if all.num_rows() == 0 {
        return Ok(None);
    }
    // A changed field may be one that rows are sorted by.
    let order = files::sort_order(table, std::slice::from_ref(&all))?;
    Ok(Some(take_record_batch(&all, &order)?))
}

/// One hash over data files: over their own digests, which their names record or their bytes give, in order.
fn digest_of(paths: &[PathBuf]) -> Result<String, LakeError> {
    let mut digests = Vec::new();
    for path in paths {
        digests.push(match files::recorded_digest(path) {
            Some(digest) => digest.to_owned(),
            None => files::digest(path)?,
        });
    }
    digests.sort_unstable();
    let mut hasher = blake3::Hasher::new();
    for digest in digests {
        hasher.update(digest.as_bytes());
    }
    Ok(hasher.finalize().to_hex()[..32].to_owned())
}
