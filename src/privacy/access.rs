//! The access log: who looked behind a pseudonym, when and why.
//!
//! Owns the line and its appending. Owns no decision on who may look.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

/// Name of the log in the lake directory.
const ACCESS_LOG: &str = "access_log";

/// One look behind a pseudonym.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
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
            options.create(true).append(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            let mut file = options.open(&path)?;
            // One write: lines of two processes do not mix.
            file.write_all(format!("{}\n", serde_json::to_string(self)?).as_bytes())?;
            file.sync_all()
        };
        written().map_err(|source| AccessError::Io { path: path.clone(), source })
    }
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
        let missing = lake.path().join("nowhere");
        let line = AccessLine::new("2026-03-02T09:00:00Z", "ada", "explain", "s1", "why").unwrap();
        assert!(matches!(line.append(&missing), Err(AccessError::Io { .. })));
    }
}
