//! Removing data files that are no part of a table any more: what replaced, expired or killed runs left behind.
//!
//! A lake that is open for writing has no other writer, so a file that neither the table nor its log knows belongs to nobody.

use super::{Lake, LakeError, Table, files};
use futures::StreamExt;
use serde::Serialize;
use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

/// Which files of older versions go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OldFiles {
    /// All of them: no older version can be read afterwards.
    All,
    /// Those that left their table before this moment, milliseconds since the epoch.
    LeftBefore(i64),
}

/// What was removed, or would be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Purged {
    /// Files.
    pub files: usize,
    /// Bytes.
    pub bytes: u64,
}

impl Lake {
    /// Removes a table's files of older versions and what killed runs left. `dry_run` only counts.
    pub async fn vacuum(&self, table: Table, which: OldFiles, dry_run: bool) -> Result<Purged, LakeError> {
        let mut purged = Purged::default();
        let directory = self.directory(table);
        for (path, bytes) in self.old_files(table, which).await? {
            if !dry_run {
                std::fs::remove_file(&path).map_err(|error| LakeError::from(error).at(&path))?;
            }
            purged.files += 1;
            purged.bytes += bytes;
        }
        if purged.files > 0 && !dry_run {
            files::sync_directory(&directory)?;
        }
        Ok(purged)
    }

    /// Data files in a table's directory that are not part of it, with their sizes, by path.
    async fn old_files(&self, table: Table, which: OldFiles) -> Result<Vec<(PathBuf, u64)>, LakeError> {
        let directory = self.directory(table);
        if !directory.is_dir() {
            return Ok(Vec::new());
        }
        let held: HashSet<PathBuf> = self.data_files(table).await?.into_iter().collect();
        let delta = self.delta(table).await?;
        let mut left_at = HashMap::new();
        let mut tombstones = delta.snapshot()?.all_tombstones(delta.log_store().as_ref());
        while let Some(tombstone) = tombstones.next().await {
            let tombstone = tombstone?;
            left_at.insert(directory.join(tombstone.path().as_ref()), tombstone.deletion_timestamp().unwrap_or(0));
        }
        let mut old = Vec::new();
        for entry in std::fs::read_dir(&directory).map_err(|error| LakeError::from(error).at(&directory))? {
            let path = entry?.path();
            let is_data = path.extension().is_some_and(|extension| extension == "parquet");
            if !is_data || held.contains(&path) {
                continue;
            }
            let goes = match (which, left_at.get(&path)) {
                (OldFiles::All, _) | (_, None) => true,
                (OldFiles::LeftBefore(before_ms), Some(left_ms)) => *left_ms < before_ms,
            };
            if goes {
                let bytes = std::fs::metadata(&path).map_err(|error| LakeError::from(error).at(&path))?.len();
                old.push((path, bytes));
            }
        }
        old.sort_unstable();
        Ok(old)
    }
}
