//! Whether the lake is whole: its log, its data files against what the log and their names say of them, and its keys.
//!
//! Owns the checks. A damaged table is a [`Finding`] and not an error, so that one look finds all damage.

use super::duplicates::Duplicates;
use super::rows::RowId;
use super::writer::identities_of;
use super::{HeldFile, Lake, LakeError, Table, files};
use rayon::prelude::*;
use serde::Serialize;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// Something that is not as it must be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Table.
    pub table: &'static str,
    /// File below the table's directory; empty where the table as a whole is meant.
    pub file: String,
    /// What is wrong.
    pub problem: String,
}

/// What was looked at in one table.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct TableVerified {
    /// Table.
    pub table: &'static str,
    /// Version of the log; none when it cannot be read.
    pub version: Option<i64>,
    /// Data files.
    pub files: usize,
    /// Rows that could be read.
    pub rows: usize,
    /// Bytes.
    pub bytes: u64,
    /// Files of earlier versions of footlight, whose names record no digest: they were read, and a flipped bit may go unseen.
    pub files_without_digest: usize,
}

/// Everything that was looked at and found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Verified {
    /// By table.
    pub tables: Vec<TableVerified>,
    /// What is wrong, by table and file.
    pub findings: Vec<Finding>,
}

impl Lake {
    /// Reads every byte of every table. An error is what the machine does wrong; what is wrong with the lake is a finding.
    pub async fn verify(&self) -> Result<Verified, LakeError> {
        let mut verified = Verified::default();
        for table in Table::ALL {
            if self.directory(table).is_dir() {
                let mut findings = self.verify_table(table, &mut verified).await?;
                findings.sort_by(|one, two| (&one.file, &one.problem).cmp(&(&two.file, &two.problem)));
                verified.findings.extend(findings);
            }
        }
        Ok(verified)
    }

    async fn verify_table(&self, table: Table, verified: &mut Verified) -> Result<Vec<Finding>, LakeError> {
        let finding = |file: &str, problem: String| Finding { table: table.name(), file: file.to_owned(), problem };
        let mut findings: Vec<Finding> = log_problem(&self.directory(table).join("_delta_log"))
            .into_iter()
            .map(|(file, problem)| finding(&file, problem))
            .collect();
        let mut seen = TableVerified { table: table.name(), ..TableVerified::default() };
        let held = match self.delta(table).await {
            Ok(delta) => {
                seen.version = delta.version().map(|version| version as i64);
                self.held_files(table).await
            }
            Err(error) => Err(error),
        };
        let held = match held {
            Ok(held) => held,
            Err(error) => {
                findings.push(finding("_delta_log", format!("the table cannot be opened: {error}")));
                verified.tables.push(seen);
                return Ok(findings);
            }
        };
        seen.files = held.len();
        seen.bytes = held.iter().map(|file| file.bytes).sum();
        seen.files_without_digest = held.iter().filter(|file| files::recorded_digest(&file.path).is_none()).count();
        let keys = Mutex::new(Duplicates::new());
        let looks: Vec<Look> = held
            .par_iter()
            .enumerate()
            .map(|(number, file)| look_at(table, number as u32, file, &keys))
            .collect::<Result<_, LakeError>>()?;
        for (file, look) in held.iter().zip(looks) {
            let name = file.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            seen.rows += look.rows;
            findings.extend(look.problems.into_iter().map(|problem| finding(&name, problem)));
        }
        let keys = keys.into_inner().unwrap_or_else(PoisonError::into_inner);
        let doubled: usize = keys.losers(u32::MAX)?.values().map(Vec::len).sum();
        if doubled > 0 {
            findings.push(finding("", format!("{doubled} rows have a {} that another row has", table.key_column())));
        }
        verified.tables.push(seen);
        Ok(findings)
    }
}

/// What one data file has to say.
#[derive(Default)]
struct Look {
    rows: usize,
    problems: Vec<String>,
}

fn look_at(table: Table, number: u32, file: &HeldFile, keys: &Mutex<Duplicates>) -> Result<Look, LakeError> {
    let mut look = Look::default();
    let bytes = match std::fs::metadata(&file.path) {
        Ok(metadata) => metadata.len(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            look.problems.push("the file is missing".to_owned());
            return Ok(look);
        }
        Err(error) => return Err(LakeError::from(error).at(&file.path)),
    };
    if bytes != file.bytes {
        look.problems.push(format!("the file has {bytes} bytes and the log says {}", file.bytes));
    }
    if let Some(recorded) = files::recorded_digest(&file.path)
        && files::digest(&file.path)? != recorded
    {
        // What is in it is not what was written: reading it would only say so again.
        look.problems.push("the bytes do not hash to the digest in the file's name".to_owned());
        return Ok(look);
    }
    match read_whole(table, &file.path) {
        Ok(ids) => {
            look.rows = ids.len();
            if file.rows.is_some_and(|rows| rows != look.rows) {
                let said = file.rows.unwrap_or(0);
                look.problems.push(format!("the file has {} rows and the log says {said}", look.rows));
            }
            keys.lock().unwrap_or_else(PoisonError::into_inner).add(number, &ids)?;
        }
        Err(error) => look.problems.push(format!("the file cannot be read: {error}")),
    }
    Ok(look)
}

/// Decodes every column of a file and returns the identities of its rows.
fn read_whole(table: Table, path: &Path) -> Result<Vec<RowId>, LakeError> {
    let mut ids = Vec::new();
    for batch in files::read(path, None)? {
        let batch = batch?;
        files::in_present_columns(table, &batch)?;
        identities_of(table, &batch, &mut ids)?;
    }
    Ok(ids)
}

/// What is wrong with the entries of a Delta log, and with which file below the table: every entry must be whole, and none may be missing among those that
/// are there.
pub(super) fn log_problem(log: &Path) -> Option<(String, String)> {
    let mut versions: Vec<(u64, std::path::PathBuf)> = std::fs::read_dir(log)
        .ok()?
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .filter_map(|path| Some((path.file_stem()?.to_str()?.parse().ok()?, path)))
        .collect();
    versions.sort_unstable();
    for pair in versions.windows(2) {
        if pair[1].0 != pair[0].0 + 1 {
            return Some(("_delta_log".to_owned(), format!("the entry of version {} is missing", pair[0].0 + 1)));
        }
    }
    for (version, path) in &versions {
        let name = || format!("_delta_log/{version:020}.json");
        match std::fs::read_to_string(path) {
            Ok(text) if text.trim().is_empty() => return Some((name(), "the entry is empty".to_owned())),
            Ok(text) => {
                for (number, line) in text.lines().enumerate() {
                    if serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(line).is_err() {
                        return Some((name(), format!("line {} is no JSON object", number + 1)));
                    }
                }
            }
            Err(error) => return Some((name(), error.to_string())),
        }
    }
    None
}
