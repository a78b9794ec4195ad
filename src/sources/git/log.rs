//! The history: one `git log` over all branches, parsed as it streams.
//!
//! Owns the log's arguments and the commit header. Owns neither patches ([`super::patches`]) nor what a message says ([`super::messages`]).

use super::command::{Git, GitError};
use super::messages::{self, Message};
use super::patches::{self, Patch};
use rustc_hash::FxHashMap;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io::{self, BufRead};

/// Fields of a header are separated by NUL, the one byte that no name, message or note can hold, and a header starts
/// with one, which tells it from every line of a patch.
const FORMAT: &str = "--format=%x00%H%x00%P%x00%ct%x00%at%x00%aE%x00%S%x00%B%x00%N%x00";

/// How patches are printed, whatever the repository's configuration says.
pub(super) const PATCH_ARGUMENTS: &[&str] = &[
    "--raw",
    "--patch",
    "--unified=0",
    "--inter-hunk-context=0",
    "--find-renames=50%",
    "--no-color",
    "--no-ext-diff",
    "--no-relative",
    "--no-textconv",
    "--src-prefix=a/",
    "--dst-prefix=b/",
    "--submodule=short",
    "--ignore-submodules=none",
    "--word-diff=none",
    "--ws-error-highlight=none",
];

/// Without contents: what can still be said when some are missing (a partial clone, a damaged object).
const RAW_ARGUMENTS: &[&str] = &["--raw", "--no-renames", "--no-relative", "--ignore-submodules=none"];

/// How much of each commit is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Detail {
    /// Headers, paths and lines.
    Patches,
    /// Headers and paths.
    Paths,
}

/// Largest header field that is read: a message of 1 MiB says nothing more.
const FIELD_BYTES: usize = 1 << 20;

/// One commit as the log has it.
#[derive(Debug, Clone)]
pub(super) struct Commit {
    /// Full object name.
    pub sha: String,
    /// Parents' object names; two or more for a merge.
    pub parents: Vec<String>,
    /// Committer time, seconds since the epoch.
    pub time: i64,
    /// Author time, seconds since the epoch. May be bogus.
    pub author_time: i64,
    /// Author's e-mail after mailmap.
    pub email: Option<String>,
    /// The ref by which git came to it, for example `refs/heads/fix`.
    pub reached_by: String,
    /// What message and notes say.
    pub message: Message,
    /// What it changed; empty for merges.
    pub patch: Patch,
    /// Whether `patch` has lines.
    pub detail: Detail,
}

/// Reads the commits reachable from `refs` that are not later than `until` (seconds), children before parents.
/// What was read before a failure is kept; the failure comes with it.
pub(super) fn read(git: &Git, refs: &[String], until: Option<i64>, detail: Detail) -> (Vec<Commit>, Option<GitError>) {
    let mut arguments: Vec<String> =
        ["log", "--stdin", "--use-mailmap", "--encoding=UTF-8", "--no-show-signature"].map(str::to_owned).to_vec();
    arguments.extend(
        ["--source", "--no-decorate", "--no-notes", "--notes=refs/notes/ai", "--diff-merges=off", FORMAT]
            .map(str::to_owned),
    );
    arguments.extend(
        match detail {
            Detail::Patches => PATCH_ARGUMENTS,
            Detail::Paths => RAW_ARGUMENTS,
        }
        .iter()
        .map(|argument| (*argument).to_owned()),
    );
    arguments.extend(until.map(|seconds| format!("--min-age={seconds}")));
    arguments.push("--end-of-options".to_owned());
    let mut commits = Vec::new();
    let result = git.stream(&arguments, (refs.join("\n") + "\n").as_bytes(), |reader| {
        while let Some(commit) = read_commit(reader, detail)? {
            commits.push(commit);
        }
        Ok(())
    });
    (ordered(commits), result.err())
}

/// Children before parents, else newest first, else by name. git's own order depends on its version and on whether a commit graph is there.
fn ordered(commits: Vec<Commit>) -> Vec<Commit> {
    let by_sha: FxHashMap<&str, usize> =
        commits.iter().enumerate().map(|(index, commit)| (commit.sha.as_str(), index)).collect();
    let parents: Vec<Vec<usize>> = commits
        .iter()
        .map(|commit| commit.parents.iter().filter_map(|parent| by_sha.get(parent.as_str()).copied()).collect())
        .collect();
    let mut children = vec![0usize; commits.len()];
    parents.iter().flatten().for_each(|&parent| children[parent] += 1);
    let rank = |index: usize| (commits[index].time, Reverse(commits[index].sha.as_str()), index);
    let mut ready: BinaryHeap<_> = (0..commits.len()).filter(|&index| children[index] == 0).map(rank).collect();
    let mut order = Vec::with_capacity(commits.len());
    while let Some((_, _, index)) = ready.pop() {
        order.push(index);
        for &parent in &parents[index] {
            children[parent] -= 1;
            if children[parent] == 0 {
                ready.push(rank(parent));
            }
        }
    }
    let mut commits: Vec<Option<Commit>> = commits.into_iter().map(Some).collect();
    order.into_iter().filter_map(|index| commits[index].take()).collect()
}

fn read_commit(reader: &mut dyn BufRead, detail: Detail) -> Result<Option<Commit>, GitError> {
    let unexpected = |what| GitError::Unexpected { subcommand: "log", what };
    if reader.fill_buf()?.is_empty() {
        return Ok(None);
    }
    if !read_field(reader)?.is_empty() {
        return Err(unexpected("text before a commit"));
    }
    let mut field = || -> Result<String, GitError> { Ok(String::from_utf8_lossy(&read_field(reader)?).into_owned()) };
    let sha = field()?;
    let parents = field()?.split(' ').filter(|parent| !parent.is_empty()).map(str::to_owned).collect();
    let time = field()?.parse().map_err(|_| unexpected("a commit time"))?;
    let author_time = field()?.parse().unwrap_or(0);
    let email = field()?;
    let reached_by = field()?;
    let text = field()?;
    let notes = field()?;
    if !matches!(sha.len(), 40 | 64) || !sha.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(unexpected("an object name"));
    }
    let mut message = messages::read(&text);
    message.attested = messages::attested_in_note(&notes);
    message.session_ids.extend(message.attested.iter().map(|(session, _)| session.clone()));
    message.session_ids.sort_unstable();
    message.session_ids.dedup();
    let patch = patches::read_patch(reader)?;
    Ok(Some(Commit {
        sha,
        parents,
        time,
        author_time,
        email: (!email.trim().is_empty()).then(|| email.trim().to_owned()),
        reached_by,
        message,
        patch,
        detail,
    }))
}

/// Bytes up to the next NUL, cut at [`FIELD_BYTES`].
fn read_field(reader: &mut dyn BufRead) -> Result<Vec<u8>, GitError> {
    let mut field = Vec::new();
    loop {
        let available = match reader.fill_buf() {
            Ok(available) => available,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error.into()),
        };
        if available.is_empty() {
            return Err(GitError::Unexpected { subcommand: "log", what: "a header that ends early" });
        }
        let (take, end) = match memchr::memchr(0, available) {
            Some(index) => (index, true),
            None => (available.len(), false),
        };
        let room = (FIELD_BYTES - field.len()).min(take);
        field.extend_from_slice(&available[..room]);
        reader.consume(take + usize::from(end));
        if end {
            return Ok(field);
        }
    }
}
