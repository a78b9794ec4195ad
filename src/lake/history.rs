//! Earlier versions of a lake: which there are, and reading the lake as one of them left it.
//!
//! A version is a commit of the ledger of files, which commits last in every run that read something. The lake of that version is what each
//! table was then: every commit names its run, and of those that belong to none (`gc`, `forget`) the moment decides that they record themselves, since those of
//! the files change when a lake is copied. Owns no removal: how long replaced files stay is `vacuum`'s.

use super::verify::log_problem;
use super::{APPLICATION, Lake, LakeError, Table};
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

/// A line of a Delta log's entry.
#[derive(Default, Deserialize)]
struct Line {
    #[serde(rename = "commitInfo")]
    info: Option<Info>,
    txn: Option<Transaction>,
}

#[derive(Deserialize)]
struct Info {
    timestamp: i64,
}

#[derive(Deserialize)]
struct Transaction {
    #[serde(rename = "appId")]
    application: String,
    version: u64,
}

/// A commit of one table.
struct Commit {
    number: u64,
    /// When, by the clock of the machine that made it, milliseconds since the epoch.
    committed_ms: i64,
    /// The version of the lake that it belongs to; none of what makes a table and of what `gc` and `forget` do.
    run: Option<u64>,
}

impl Lake {
    /// The versions that the log still names, oldest first. That one is named does not mean that its data files are still there.
    pub fn versions(&self) -> Result<Vec<LakeVersion>, LakeError> {
        let commits = commits(&self.directory(Table::Ingested))?;
        // The first commit makes the table, before anything was read.
        let read = commits.into_iter().filter(|commit| commit.number > 0);
        Ok(read.map(|Commit { number, committed_ms, .. }| LakeVersion { number, committed_ms }).collect())
    }

    /// The lake as one of its [`versions`](Self::versions) was, to be read. [`LakeError::NotKept`] when it cannot be any more.
    pub async fn at(&self, version: LakeVersion) -> Result<Lake, LakeError> {
        let mut tables = BTreeMap::new();
        for table in Table::ALL.into_iter().filter(|table| self.directory(*table).is_dir()) {
            let commits = commits(&self.directory(table))?;
            match newest_of(&commits, version) {
                Some(number) => {
                    tables.insert(table, number);
                }
                // Made later, by another version of footlight.
                None if commits.first().is_none_or(|first| first.number == 0) => {}
                None => return Err(self.not_kept(version, format!("the log of {} begins after it", table.name()))),
            }
        }
        let lake = Lake::new(&self.root, None, Some(tables));
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

    /// Opens the table in the version that is read.
    pub(super) async fn open_table(&self, table: Table) -> Result<DeltaTable, LakeError> {
        let directory = self.directory(table);
        let absolute = directory.canonicalize().map_err(|error| LakeError::from(error).at(&directory))?;
        let url = deltalake::ensure_table_uri(absolute.to_string_lossy())?;
        let opened = match self.then.as_ref().and_then(|then| then.get(&table)) {
            Some(version) => deltalake::open_table_with_version(url, *version).await,
            None => deltalake::open_table(url).await,
        };
        opened.map_err(|error| match log_problem(&directory.join("_delta_log")) {
            Some((file, problem)) => LakeError::Log { path: directory.join(file), problem },
            None => error.into(),
        })
    }
}

/// The newest of a table's commits that was part of a version of the lake. A clock that was set back between two runs does not confuse them.
fn newest_of(commits: &[Commit], version: LakeVersion) -> Option<u64> {
    let until = commits.iter().take_while(|commit| commit.run.is_none_or(|run| run <= version.number));
    until
        .filter(|commit| commit.run.is_some() || commit.committed_ms <= version.committed_ms)
        .last()
        .map(|one| one.number)
}

/// The commits of a table that its log still has as entries of their own, oldest first.
fn commits(directory: &Path) -> Result<Vec<Commit>, LakeError> {
    let log = directory.join("_delta_log");
    let mut commits = Vec::new();
    for entry in std::fs::read_dir(&log).map_err(|error| LakeError::from(error).at(&log))? {
        let path = entry?.path();
        let number = path.file_stem().and_then(|stem| stem.to_str()).and_then(|stem| stem.parse().ok());
        let Some(number) = number.filter(|_| path.extension().is_some_and(|extension| extension == "json")) else {
            continue;
        };
        let text = std::fs::read_to_string(&path).map_err(|error| LakeError::from(error).at(&path))?;
        let (mut info, mut run) = (None, None);
        for line in text.lines().filter_map(|line| serde_json::from_str::<Line>(line).ok()) {
            info = info.or(line.info);
            run = run.or(line.txn.filter(|one| one.application == APPLICATION).map(|one| one.version));
        }
        commits.extend(info.map(|info| Commit { number, committed_ms: info.timestamp, run }));
    }
    commits.sort_unstable_by_key(|commit| commit.number);
    Ok(commits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_told_apart_by_their_number_when_the_clock_went_back() {
        let commit = |number, committed_ms, run| Commit { number, committed_ms, run };
        let version = |number, committed_ms| LakeVersion { number, committed_ms };
        // Made at 10, run 1 at 1,200, then the clock is set back: run 2 at 1,110, `gc` at 1,120, run 4 at 1,300.
        let commits = [
            commit(0, 10, None),
            commit(1, 1_200, Some(1)),
            commit(2, 1_110, Some(2)),
            commit(3, 1_120, None),
            commit(4, 1_300, Some(4)),
        ];
        assert_eq!(newest_of(&commits, version(1, 1_201)), Some(1));
        assert_eq!(newest_of(&commits, version(2, 1_111)), Some(2));
        assert_eq!(newest_of(&commits, version(3, 1_121)), Some(3));
        assert_eq!(newest_of(&commits, version(4, 1_301)), Some(4));
        // A table that only later runs wrote to was there and empty.
        assert_eq!(newest_of(&[commit(0, 10, None), commit(1, 900, Some(2))], version(1, 1_201)), Some(0));
        assert_eq!(newest_of(&[commit(5, 900, Some(6))], version(1, 1_201)), None);
    }
}
