//! Earlier versions of a lake: which there are, and reading the lake as one of them left it.
//!
//! A version is a commit of the ledger of files, which commits last in every run that read something. The lake of that version is what each
//! table was at that moment. Moments are those that commits record themselves: those of the files change when a lake is copied. Owns no
//! removal: how long replaced files stay is `vacuum`'s.

use super::{Lake, LakeError, Table};
use deltalake::DeltaTable;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;

/// A version of a lake.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct LakeVersion {
    /// Its number: runs that read something, counted from 1.
    pub number: u64,
    /// When it was committed, milliseconds since the epoch.
    pub committed_ms: i64,
}

impl LakeVersion {
    /// When it was committed, to the minute: `2026-06-30 12:00 UTC`.
    pub fn committed(&self) -> String {
        jiff::Timestamp::from_millisecond(self.committed_ms)
            .map_or_else(|_| String::new(), |at| at.strftime("%Y-%m-%d %H:%M UTC").to_string())
    }
}

/// The entry of a Delta log that says when it was made.
#[derive(Deserialize)]
struct Entry {
    #[serde(rename = "commitInfo")]
    commit: Option<Commit>,
}

#[derive(Deserialize)]
struct Commit {
    timestamp: i64,
}

impl Lake {
    /// The versions that the log still names, oldest first. That one is named does not mean that its data files are still there.
    pub fn versions(&self) -> Result<Vec<LakeVersion>, LakeError> {
        let mut versions = commits(&self.directory(Table::Ingested))?;
        // The first commit makes the table, before anything was read.
        versions.retain(|version| version.number > 0);
        Ok(versions)
    }

    /// The lake as one of its [`versions`](Self::versions) was, to be read. [`LakeError::NotKept`] when it cannot be any more.
    pub async fn at(&self, version: LakeVersion) -> Result<Lake, LakeError> {
        let mut tables = BTreeMap::new();
        for table in Table::ALL.into_iter().filter(|table| self.directory(*table).is_dir()) {
            let commits = commits(&self.directory(table))?;
            match commits.iter().rev().find(|commit| commit.committed_ms <= version.committed_ms) {
                Some(commit) => {
                    tables.insert(table, commit.number);
                }
                // Made later, by another version of footlight.
                None if commits.first().is_none_or(|first| first.number == 0) => {}
                None => return Err(self.not_kept(version, format!("the log of {} begins after it", table.name()))),
            }
        }
        let lake = Lake { root: self.root.clone(), _lock: None, then: Some(tables) };
        for table in Table::ALL {
            let gone = lake.data_files(table).await?.into_iter().filter(|path| !path.is_file()).count();
            if gone > 0 {
                let why = format!("{gone} data files of {} are gone, removed by `gc` or `forget`", table.name());
                return Err(self.not_kept(version, why));
            }
        }
        Ok(lake)
    }

    /// The oldest of the versions that can still be read; none where none was made. What can be read of a version can be read of a later one.
    pub async fn oldest_kept(&self) -> Result<Option<LakeVersion>, LakeError> {
        let versions = self.versions()?;
        let (mut gone, mut end) = (0, versions.len());
        while gone < end {
            let middle = gone + (end - gone) / 2;
            match versions.get(middle) {
                Some(version) if self.at(*version).await.is_err() => gone = middle + 1,
                _ => end = middle,
            }
        }
        Ok(versions.get(gone).copied())
    }

    fn not_kept(&self, version: LakeVersion, why: String) -> LakeError {
        LakeError::NotKept { lake: self.root.clone(), version: version.number, why }
    }

    /// Whether this is the lake as it was, not as it is.
    pub fn is_of_the_past(&self) -> bool {
        self.then.is_some()
    }

    /// Whether the lake has a table, in the version that is read.
    pub(super) fn has(&self, table: Table) -> bool {
        self.directory(table).is_dir() && self.then.as_ref().is_none_or(|then| then.contains_key(&table))
    }

    /// The table in the version that is read.
    pub async fn delta(&self, table: Table) -> Result<DeltaTable, LakeError> {
        let directory = self.directory(table);
        let absolute = directory.canonicalize().map_err(|error| LakeError::from(error).at(&directory))?;
        let url = deltalake::ensure_table_uri(absolute.to_string_lossy())?;
        Ok(match self.then.as_ref().and_then(|then| then.get(&table)) {
            Some(version) => deltalake::open_table_with_version(url, *version).await?,
            None => deltalake::open_table(url).await?,
        })
    }
}

/// The commits of a table that its log still has as entries of their own, oldest first.
fn commits(directory: &Path) -> Result<Vec<LakeVersion>, LakeError> {
    let log = directory.join("_delta_log");
    let mut commits = Vec::new();
    for entry in std::fs::read_dir(&log).map_err(|error| LakeError::from(error).at(&log))? {
        let path = entry?.path();
        let number = path.file_stem().and_then(|stem| stem.to_str()).and_then(|stem| stem.parse().ok());
        let Some(number) = number.filter(|_| path.extension().is_some_and(|extension| extension == "json")) else {
            continue;
        };
        let text = std::fs::read_to_string(&path).map_err(|error| LakeError::from(error).at(&path))?;
        let info = text.lines().find_map(|line| serde_json::from_str::<Entry>(line).ok()?.commit);
        commits.extend(info.map(|info| LakeVersion { number, committed_ms: info.timestamp }));
    }
    commits.sort_unstable_by_key(|commit| commit.number);
    Ok(commits)
}
