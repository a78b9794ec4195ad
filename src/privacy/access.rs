//! The access log: who looked behind a pseudonym, when and why.
//!
//! Owns the line and its appending. Owns no decision on who may look.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// Name of the log in the lake directory.
const ACCESS_LOG: &str = "access_log";

/// One look behind a pseudonym.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessLine {
    at: String,
    who: String,
    command: String,
    unit_id: String,
    reason: String,
}

/// Why somebody was not identified.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// Names are shown for a reason or not at all.
    #[error("showing names needs a reason")]
    NoReason,
    /// What is not logged is not shown.
    #[error("access log {path}: {source}", path = path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        source: io::Error,
    },
}

impl AccessLine {
    /// A line: the time in RFC 3339, the account that asked, the command, the unit it was about (a session id or
    /// pseudonym, never the name), and the reason, which must not be blank.
    pub fn new(at: &str, who: &str, command: &str, unit_id: &str, reason: &str) -> Result<Self, AccessError> {
        if reason.trim().is_empty() {
            return Err(AccessError::NoReason);
        }
        Ok(Self {
            at: at.to_owned(),
            who: who.to_owned(),
            command: command.to_owned(),
            unit_id: unit_id.to_owned(),
            reason: reason.trim().to_owned(),
        })
    }

    /// Appends the line to the lake's access log and syncs it. To be called before anything is shown.
    pub fn append(&self, lake: &Path) -> Result<(), AccessError> {
        let path = lake.join(ACCESS_LOG);
        let written = || -> io::Result<()> {
            let mut options = OpenOptions::new();
            options.create(true).read(true).append(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            let _whole = hold(lake)?;
            let mut file = options.open(&path)?;
            // What a crash left of a line stays apart from this one.
            let between = if ends_in_a_line(&mut file)? { "" } else { "\n" };
            // One write: lines of two processes do not mix.
            file.write_all(format!("{between}{}\n", serde_json::to_string(self)?).as_bytes())?;
            file.sync_all()
        };
        written().map_err(|source| AccessError::Io { path: path.clone(), source })
    }
}

/// Passes every text of the log but the times and commands through `rewritten`, whole or not at all. Returns the number of lines that changed.
///
/// # Errors
/// [`AccessError::Io`] when the log cannot be read or replaced.
pub fn rewrite_access_log(lake: &Path, rewritten: impl Fn(&str) -> String) -> Result<usize, AccessError> {
    let path = lake.join(ACCESS_LOG);
    let replaced = || -> io::Result<usize> {
        let _whole = hold(lake)?;
        let log = match std::fs::read_to_string(&path) {
            Ok(log) => log,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
            Err(error) => return Err(error),
        };
        let mut changed = 0;
        let mut after = String::with_capacity(log.len());
        for line in log.lines() {
            let told = match serde_json::from_str::<AccessLine>(line) {
                Ok(line) => serde_json::to_string(&AccessLine {
                    who: rewritten(&line.who),
                    unit_id: rewritten(&line.unit_id),
                    reason: rewritten(&line.reason),
                    ..line
                })?,
                // A line that a crash cut short is kept as it is, but for the names.
                Err(_) => rewritten(line),
            };
            changed += usize::from(told != line);
            after.push_str(&told);
            after.push('\n');
        }
        if changed > 0 {
            replace(lake, &path, after.as_bytes())?;
        }
        Ok(changed)
    };
    replaced().map_err(|source| AccessError::Io { path: path.clone(), source })
}

/// Puts a file of the lake in the place of the one before, synced before and after. Temporary files are made with mode 0600.
pub(super) fn replace(lake: &Path, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = tempfile::NamedTempFile::new_in(lake)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    #[cfg(unix)]
    File::open(lake)?.sync_all()?;
    Ok(())
}

/// Whether a file is empty or its last line is whole.
fn ends_in_a_line(file: &mut File) -> io::Result<bool> {
    if file.seek(SeekFrom::End(0))? == 0 {
        return Ok(true);
    }
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    Ok(last == *b"\n")
}

/// Keeps other processes from the log while it is appended to or replaced: a line that is written into a file which was replaced would be lost.
fn hold(lake: &Path) -> io::Result<File> {
    let lock = OpenOptions::new().create(true).truncate(false).write(true).open(lake.join(".access_log.lock"))?;
    lock.lock()?;
    Ok(lock)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_reason_no_name() {
        let error = AccessLine::new("2026-03-02T09:00:00Z", "ada", "explain", "s1", "  ").unwrap_err();
        assert_eq!(error.to_string(), "showing names needs a reason");
    }

    #[test]
    fn a_line_that_a_crash_cut_short_does_not_swallow_the_next() {
        let lake = tempfile::tempdir().unwrap();
        let path = lake.path().join(ACCESS_LOG);
        std::fs::write(&path, "{\"at\":\"2026-03").unwrap();
        let line = AccessLine::new("2026-03-02T09:00:00Z", "ada", "explain", "s1", "why").unwrap();
        line.append(lake.path()).unwrap();
        line.append(lake.path()).unwrap();
        let log = std::fs::read_to_string(&path).unwrap();
        let whole = log.lines().filter_map(|text| serde_json::from_str(text).ok()).collect::<Vec<AccessLine>>();
        assert_eq!((log.lines().count(), whole), (3, vec![line.clone(), line]));
    }

    #[test]
    fn every_look_leaves_one_line() {
        let lake = tempfile::tempdir().unwrap();
        for unit_id in ["s1", "s2\nforged"] {
            AccessLine::new("2026-03-02T09:00:00Z", "ada", "explain", unit_id, "asked by bob")
                .unwrap()
                .append(lake.path())
                .unwrap();
        }
        let log = std::fs::read_to_string(lake.path().join(ACCESS_LOG)).unwrap();
        insta::assert_snapshot!(log, @r#"
        {"at":"2026-03-02T09:00:00Z","who":"ada","command":"explain","unit_id":"s1","reason":"asked by bob"}
        {"at":"2026-03-02T09:00:00Z","who":"ada","command":"explain","unit_id":"s2\nforged","reason":"asked by bob"}
        "#);
        let changed =
            rewrite_access_log(lake.path(), |text| text.replace("bob", "(erased)").replace("s1", "s3")).unwrap();
        assert_eq!(changed, 2);
        let log = std::fs::read_to_string(lake.path().join(ACCESS_LOG)).unwrap();
        assert!(log.starts_with(r#"{"at":"2026-03-02T09:00:00Z","who":"ada","command":"explain","unit_id":"s3","reason":"asked by (erased)"}"#));
        assert_eq!(rewrite_access_log(lake.path(), str::to_owned).unwrap(), 0);
        let missing = lake.path().join("nowhere");
        let line = AccessLine::new("2026-03-02T09:00:00Z", "ada", "explain", "s1", "why").unwrap();
        assert!(matches!(line.append(&missing), Err(AccessError::Io { .. })));
    }
}
