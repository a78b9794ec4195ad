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

/// The counts.
#[derive(Debug, Default)]
pub(super) struct Survival {
    /// Surviving lines by commit; a commit that is absent has none.
    pub lines: FxHashMap<String, i64>,
    /// Files whose lines are unknown, with the error, where there was one.
    pub failed: Vec<(Vec<u8>, GitError)>,
    /// Files left out by the limit.
    pub beyond_limit: Vec<Vec<u8>>,
}

/// Counts the lines of the tree at `tip`. `recency` has the files of interest, most recently changed first; binary ones left out.
pub(super) fn read(git: &Git, tip: &str, recency: &[Vec<u8>]) -> Result<Survival, GitError> {
    let present = text_files(git, tip)?;
    let mut files: Vec<&Vec<u8>> = recency.iter().filter(|path| present.contains(*path)).collect();
    let beyond_limit = files.split_off(files.len().min(FILES)).into_iter().cloned().collect();
    let counted: Vec<Result<FxHashMap<String, i64>, (Vec<u8>, GitError)>> =
        files.par_iter().map(|path| blame(git, tip, path).map_err(|error| ((*path).clone(), error))).collect();
    let mut survival = Survival { beyond_limit, ..Survival::default() };
    for file in counted {
        match file {
            Ok(lines) => lines.into_iter().for_each(|(sha, count)| *survival.lines.entry(sha).or_default() += count),
            Err(failure) => survival.failed.push(failure),
        }
    }
    Ok(survival)
}

/// Regular files of at most [`FILE_BYTES`]: `100644 blob <sha> <size>\tpath\0`.
fn text_files(git: &Git, tip: &str) -> Result<FxHashSet<Vec<u8>>, GitError> {
    git.stream(&["ls-tree", "-r", "-z", "--long", "--full-tree", "--end-of-options", tip], b"", |reader| {
        let mut files = FxHashSet::default();
        let mut entry = Vec::new();
        while reader.read_until(0, &mut entry)? > 0 {
            let record = entry.strip_suffix(b"\0").unwrap_or(&entry);
            let tab = memchr::memchr(b'\t', record).unwrap_or(0);
            let (facts, path) = record.split_at(tab);
            let mut words = facts.split(|&byte| byte == b' ').filter(|word| !word.is_empty());
            let regular = words.next().is_some_and(|mode| mode.starts_with(b"100"));
            let size = words.nth(2).and_then(|size| std::str::from_utf8(size).ok()?.parse::<u64>().ok());
            if regular && size.is_some_and(|size| (1..=FILE_BYTES).contains(&size)) {
                files.insert(path[1..].to_vec());
            }
            entry.clear();
        }
        Ok(files)
    })
}

/// Lines by commit of one file.
fn blame(git: &Git, tip: &str, path: &[u8]) -> Result<FxHashMap<String, i64>, GitError> {
    let mut arguments: Vec<OsString> =
        ["blame", "--incremental", "-w", "-M", "--no-progress", "--no-textconv", tip, "--"]
            .map(OsString::from)
            .to_vec();
    arguments.push(OsStr::from_bytes(path).to_owned());
    git.stream(&arguments, b"", |reader| {
        let mut lines = FxHashMap::default();
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
