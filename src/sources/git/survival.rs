//! How many of each commit's lines are still there: `git blame` over the files of one tree, added up by commit.
//!
//! Owns the choice of files and the limits. The count is that of `git blame -w -M`: a line that was only re-indented or moved within
//! its file stays its author's.

use super::command::{Git, GitError};
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

/// Files of more bytes than this are binary to the log as well.
const FILE_BYTES: u64 = 1 << 20;

/// At most this many files are blamed, the most recently changed first: at some 20 ms each, minutes.
pub(super) const FILES: usize = 20_000;

/// Surviving lines of one file by commit.
type LinesByCommit = FxHashMap<String, i64>;

/// The counts.
#[derive(Debug, Default)]
pub(super) struct Survival {
    /// Surviving lines by commit; a commit that is absent has none.
    lines: LinesByCommit,
    /// Files whose lines are unknown, with the error, where there was one.
    pub failed: Vec<(Vec<u8>, GitError)>,
    /// Files left out by the limit.
    pub beyond_limit: Vec<Vec<u8>>,
}

impl Survival {
    /// Surviving lines of one commit.
    pub(super) fn of(&self, sha: &str) -> i64 {
        self.lines.get(sha).copied().unwrap_or(0)
    }

    /// Files about which nothing is known, so that a commit which touched one has no known survival.
    pub(super) fn unknown_paths(&self) -> FxHashSet<&[u8]> {
        self.failed.iter().map(|(path, _)| path).chain(&self.beyond_limit).map(Vec::as_slice).collect()
    }
}

/// Counts the lines of the tree at `tip`. `recency` has the files of interest, most recently changed first; binary ones left out.
pub(super) fn read(git: &Git, tip: &str, recency: &[Vec<u8>]) -> Result<Survival, GitError> {
    let Files { present, missing } = text_files(git, tip)?;
    let mut files: Vec<&Vec<u8>> = recency.iter().filter(|path| present.contains(*path)).collect();
    let beyond_limit = files.split_off(files.len().min(FILES)).into_iter().cloned().collect();
    let counted: Vec<Result<LinesByCommit, (Vec<u8>, GitError)>> =
        files.par_iter().map(|path| blame(git, tip, path).map_err(|error| ((*path).clone(), error))).collect();
    let unreadable = |path| (path, GitError::Unexpected { subcommand: "ls-tree", what: "an object without a size" });
    let failed = missing.into_iter().map(unreadable).collect();
    let mut survival = Survival { beyond_limit, failed, ..Survival::default() };
    for file in counted {
        match file {
            Ok(lines) => lines.into_iter().for_each(|(sha, count)| *survival.lines.entry(sha).or_default() += count),
            Err(failure) => survival.failed.push(failure),
        }
    }
    Ok(survival)
}

/// The regular files of a tree.
#[derive(Default)]
struct Files {
    present: FxHashSet<Vec<u8>>,
    /// In the tree, but their contents are not in the repository (a partial clone, a damaged object).
    missing: Vec<Vec<u8>>,
}

/// Regular files of at most [`FILE_BYTES`]: `100644 blob <sha> <size>\tpath\0`.
fn text_files(git: &Git, tip: &str) -> Result<Files, GitError> {
    git.stream(&["ls-tree", "-r", "-z", "--long", "--full-tree", "--end-of-options", tip], b"", |reader| {
        let mut files = Files::default();
        let mut entry = Vec::new();
        while reader.read_until(0, &mut entry)? > 0 {
            let record = entry.strip_suffix(b"\0").unwrap_or(&entry);
            let tab = memchr::memchr(b'\t', record).unwrap_or(0);
            let (facts, path) = record.split_at(tab);
            let mut words = facts.split(|&byte| byte == b' ').filter(|word| !word.is_empty());
            let regular = words.next().is_some_and(|mode| mode.starts_with(b"100"));
            // git writes `BAD` where it cannot tell the size.
            let size: Option<u64> = words.nth(2).and_then(|size| std::str::from_utf8(size).ok()?.parse().ok());
            match size {
                Some(1..=FILE_BYTES) if regular => {
                    files.present.insert(path[1..].to_vec());
                }
                None if regular => files.missing.push(path[1..].to_vec()),
                _ => {}
            }
            entry.clear();
        }
        Ok(files)
    })
}

/// Lines by commit of one file.
fn blame(git: &Git, tip: &str, path: &[u8]) -> Result<LinesByCommit, GitError> {
    let mut arguments: Vec<OsString> =
        ["blame", "--incremental", "-w", "-M", "--no-progress", "--no-textconv", tip, "--"]
            .map(OsString::from)
            .to_vec();
    arguments.push(OsStr::from_bytes(path).to_owned());
    git.stream(&arguments, b"", |reader| {
        let mut lines = LinesByCommit::default();
        let mut line = Vec::new();
        while reader.read_until(b'\n', &mut line)? > 0 {
            if let Some((sha, count)) = group(&line) {
                *lines.entry(sha).or_default() += count;
            }
            line.clear();
        }
        Ok(lines)
    })
}

/// `<sha> <line then> <line now> <lines>`: the head of a group. Every other line starts with a word.
fn group(line: &[u8]) -> Option<(String, i64)> {
    let mut words = std::str::from_utf8(line).ok()?.split_ascii_whitespace();
    let sha = words.next()?;
    if !matches!(sha.len(), 40 | 64) || !sha.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let count = words.nth(2)?.parse().ok()?;
    words.next().is_none().then(|| (sha.to_owned(), count))
}
