//! Git repositories and bundles: commits as outcomes, with what became of them and how many of their lines are still there.
//!
//! Owns the reading of a repository by a hardened `git` and nothing else of the pipeline. Never runs a hook, a filter or any program that the
//! repository names, never writes to it, never opens a socket. The rules are in `README.md`.

mod checkpoints;
mod command;
mod landing;
mod log;
mod messages;
mod outcomes;
mod patches;
mod repository;
mod shadow;
mod survival;
#[cfg(test)]
mod tests;
mod waiting;

pub use repository::state_id;

use super::{Description, Input, InputError, Position, Probe, Reason, Sink, Source, Unit};
use checkpoints::Checkpoints;
use command::GitError;
use log::{Commit, Detail};
use repository::{Repository, failed};
use rustc_hash::{FxHashMap, FxHashSet};
use survival::Survival;

const BUNDLE_HEADERS: &[&[u8]] = &[b"# v2 git bundle\n", b"# v3 git bundle\n"];

/// The git source.
pub struct Git;

impl Source for Git {
    fn name(&self) -> &'static str {
        "git"
    }

    fn description(&self) -> Description {
        Description {
            title: "git commits",
            files: "a repository (work tree or bare), or a bundle",
            tells: "commits with author, files and lines; landed, open or reverted; lines still on the default branch; sessions named in trailers, git-ai notes \
                    (with their lines) and Entire's checkpoints, whose transcripts are read too",
            cannot_tell: "reviews and pull requests; who typed a line; work that was never committed",
        }
    }

    fn recognises(&self, probe: &Probe<'_>) -> bool {
        // A compressed bundle shows the same head and is nothing that git can clone.
        let compressed = matches!(probe.path.extension().and_then(|name| name.to_str()), Some("gz" | "zst"));
        probe.unit == Unit::GitRepository
            || !compressed && BUNDLE_HEADERS.iter().any(|header| probe.head.starts_with(header))
    }

    fn read(&self, input: &Input, sink: &mut dyn Sink) -> Result<u64, InputError> {
        let until = input.as_of_us.map(|us| us.div_euclid(1_000_000));
        let repository = Repository::open(input, until)?;
        let fail = |error: GitError| failed(&input.name, &error);
        let mut commits = read_history(&repository, until, sink).map_err(fail)?;
        if !repository.shallow.is_empty() {
            sink.reject(
                Position::default(),
                Reason::GitFailed,
                "shallow clone: history before its boundary is missing",
            );
            // A boundary commit shows the whole tree as its own work.
            for commit in commits.iter_mut().filter(|commit| repository.shallow.contains(&commit.sha)) {
                commit.patch = patches::Patch::default();
                commit.detail = Detail::Paths;
            }
        }
        let checkpoints = Checkpoints::read(&repository.git, sink).map_err(fail)?;
        for commit in &mut commits {
            let message = &mut commit.message;
            let named = message.checkpoints.iter().flat_map(|id| checkpoints.sessions_of(id)).cloned();
            message.session_ids.extend(named);
            message.session_ids.sort_unstable();
            message.session_ids.dedup();
        }
        ignore_first_notes(&repository, sink).map_err(fail)?;
        let landed = landed_commits(&repository).map_err(fail)?;
        let landing = landing::decide(&repository.git, repository.tip.as_deref(), &commits, &landed);
        let survival = read_survival(&repository, &commits).map_err(fail)?;
        // Branches and files that are not known because git was ended would never be asked for again: all is read anew by the next run.
        repository.git.answered().map_err(fail)?;
        reject_once(sink, "branches cannot be compared", landing.failed.iter());
        reject_once(sink, "files cannot be blamed", survival.failed.iter().map(|(_, error)| error));
        for _ in &survival.beyond_limit {
            sink.ignore("file_beyond_survival_limit");
        }
        outcomes::emit(&repository, commits, &landing, &survival, sink);
        checkpoints.read_transcripts(&repository.git, input, sink)?;
        match input.unit {
            Unit::GitRepository => Ok(0),
            Unit::File => std::fs::metadata(&input.path).map(|file| file.len()).map_err(|error| input.io_error(error)),
        }
    }
}

/// The history with lines; where that breaks off, the rest with paths alone.
fn read_history(repository: &Repository, until: Option<i64>, sink: &mut dyn Sink) -> Result<Vec<Commit>, GitError> {
    if repository.refs.is_empty() {
        sink.ignore("repository_without_branches");
        return Ok(Vec::new());
    }
    let (commits, stopped) = log::read(&repository.git, &repository.refs, until, Detail::Patches);
    let Some(error) = stopped else { return Ok(commits) };
    let mut read: FxHashMap<String, Commit> = commits.into_iter().map(|commit| (commit.sha.clone(), commit)).collect();
    let (mut commits, stopped) = log::read(&repository.git, &repository.refs, until, Detail::Paths);
    if commits.is_empty() {
        return Err(stopped.unwrap_or(error));
    }
    // Each commit as the first reading had it, at its place in the second.
    for commit in &mut commits {
        if let Some(whole) = read.remove(&commit.sha) {
            *commit = whole;
        }
    }
    let what = if stopped.is_some() { "history cut short" } else { "lines of older commits unknown" };
    sink.reject(Position::default(), Reason::GitFailed, &format!("{what}: {error}"));
    Ok(commits)
}

/// One reject for all errors of one kind: a partial clone has one for each file.
fn reject_once<'a>(sink: &mut dyn Sink, what: &str, mut errors: impl ExactSizeIterator<Item = &'a GitError>) {
    let count = errors.len();
    if let Some(first) = errors.next() {
        sink.reject(Position::default(), Reason::GitFailed, &format!("{count} {what}: {first}"));
    }
}

/// Counts what git-ai's first version wrote, a document under a ref of its own for each commit, which is not read.
fn ignore_first_notes(repository: &Repository, sink: &mut dyn Sink) -> Result<(), GitError> {
    let refs = repository.git.text(&["for-each-ref", "--format=%(refname)", "refs/ai/authorship"])?;
    refs.lines().for_each(|_| sink.ignore("git_ai_first_version"));
    Ok(())
}

/// Object names reachable from the default branch's tip.
fn landed_commits(repository: &Repository) -> Result<FxHashSet<String>, GitError> {
    let Some(tip) = &repository.tip else { return Ok(FxHashSet::default()) };
    repository.git.stream(&["rev-list", "--end-of-options", tip], b"", |reader| {
        let mut landed = FxHashSet::default();
        let mut line = String::new();
        while reader.read_line(&mut line)? > 0 {
            landed.insert(line.trim_end().to_owned());
            line.clear();
        }
        Ok(landed)
    })
}

/// Blames the text files that the history touched, most recently changed first.
fn read_survival(repository: &Repository, commits: &[Commit]) -> Result<Survival, GitError> {
    let Some(tip) = &repository.tip else { return Ok(Survival::default()) };
    let mut seen = FxHashSet::default();
    let mut recency = Vec::new();
    for change in commits.iter().flat_map(|commit| &commit.patch.changes) {
        if seen.insert(&change.path) && !change.binary {
            recency.push(change.path.clone());
        }
    }
    survival::read(&repository.git, tip, &recency)
}
