//! What became of each commit: landed, taken back, landed under another name, or still open.
//!
//! Owns the rules; asks git only for the net patch of a branch. Every piece of work is counted once: of a branch commit and
//! the squash merge, rebased copy or cherry-pick of it that is on the default branch, the landed one has the lines and the sessions.

use super::command::{Git, GitError};
use super::log::{Commit, PATCH_ARGUMENTS};
use super::messages::Request;
use super::patches::{self, Patch};
use crate::events::OutcomeStatus;
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::BTreeMap;

/// Share of a patch's non-trivial added lines that a landed commit must hold to be its squash merge.
const CONTAINED: f64 = 0.9;
/// Patches with fewer such lines are recognised by an equal patch alone.
const CONTAINED_MIN_LINES: usize = 3;
/// Most recent open branches whose net patch is looked at.
const BRANCHES: usize = 500;
/// Committer clocks are trusted to this many seconds when ancestry is walked.
const CLOCK_SLACK: i64 = 86_400;

/// What became of the commits, by position in the log.
#[derive(Debug)]
pub(super) struct Landing {
    /// Status of each commit.
    pub status: Vec<OutcomeStatus>,
    /// The landed commit that carries this open commit's work.
    pub landed_as: Vec<Option<usize>>,
    /// The commit that this one puts back, for the revert of a revert.
    pub restores: Vec<Option<usize>>,
    /// The landed commits that this landed one takes back.
    pub takes_back: Vec<Vec<usize>>,
    /// Each landed commit that a merge brought in, with the request that the merge says it lands; the oldest merge first.
    pub requests: Vec<(usize, Request)>,
    /// Branches whose net patch git could not make.
    pub failed: Vec<GitError>,
}

/// The commits and how they hang together.
struct History<'a> {
    commits: &'a [Commit],
    by_sha: FxHashMap<&'a str, usize>,
    landed: Vec<bool>,
}

/// Decides for every commit. `landed` holds the object names reachable from the default branch's tip.
pub(super) fn decide(git: &Git, tip: Option<&str>, commits: &[Commit], landed: &FxHashSet<String>) -> Landing {
    let history = History {
        commits,
        by_sha: commits.iter().enumerate().map(|(index, commit)| (commit.sha.as_str(), index)).collect(),
        landed: commits.iter().map(|commit| landed.contains(&commit.sha)).collect(),
    };
    let mut failed = Vec::new();
    let landed_as = match tip {
        Some(tip) => history.landed_as(git, tip, &mut failed),
        None => vec![None; commits.len()],
    };
    let (reverted, restores, takes_back) = history.reverts(&landed_as);
    let status = (0..commits.len())
        .map(|index| match (history.landed[index], landed_as[index]) {
            (true, _) if reverted[index] => OutcomeStatus::Reverted,
            (true, _) => OutcomeStatus::Landed,
            (false, Some(_)) => OutcomeStatus::Abandoned,
            (false, None) => OutcomeStatus::Open,
        })
        .collect();
    Landing { status, landed_as, restores, takes_back, requests: history.requests(), failed }
}

impl History<'_> {
    /// Goes from the newest landed commit to the oldest, so that whether a revert was itself taken back is known before
    /// it takes effect.
    fn reverts(&self, landed_as: &[Option<usize>]) -> (Vec<bool>, Vec<Option<usize>>, Vec<Vec<usize>>) {
        // Newest first: a commit that somebody pushes later may name the request too.
        let mut requests: FxHashMap<Request, Vec<usize>> = FxHashMap::default();
        for index in (0..self.commits.len()).filter(|&index| self.landed[index]) {
            if let Some(request) = self.commits[index].message.request {
                requests.entry(request).or_default().push(index);
            }
        }
        let landing_of = |request: &Request, revert: usize| -> Option<usize> {
            let before = || requests.get(request).into_iter().flatten().copied().filter(move |&other| other > revert);
            let quotes = self.commits[revert].message.quotes.as_ref();
            let quoted =
                before().find(|&other| quotes.is_some() && self.commits[other].message.title.as_ref() == quotes);
            quoted.or_else(|| before().next())
        };
        let mut sorted: Vec<(&str, usize)> = self.by_sha.iter().map(|(&sha, &index)| (sha, index)).collect();
        sorted.sort_unstable();
        let target = |name: &str| -> Option<usize> {
            let first = sorted.partition_point(|(sha, _)| *sha < name);
            let mut matching = sorted[first..].iter().take_while(|(sha, _)| sha.starts_with(name));
            let (_, index) = *matching.next()?;
            let index = if self.landed[index] { index } else { landed_as[index]? };
            matching.next().is_none().then_some(index)
        };
        let mut reverted = vec![false; self.commits.len()];
        let mut restores = vec![None; self.commits.len()];
        let mut takes_back: Vec<Vec<usize>> = vec![Vec::new(); self.commits.len()];
        for index in (0..self.commits.len()).filter(|&index| self.landed[index]) {
            let message = &self.commits[index].message;
            let by_name = message.reverts.iter().filter_map(|name| target(name));
            let by_request = message.reverts_requests.iter().filter_map(|request| landing_of(request, index));
            // A commit can only take back what came before it; the log has children first.
            takes_back[index] = by_name.chain(by_request).filter(|&other| other > index).collect();
            if !reverted[index] {
                for &other in &takes_back[index] {
                    reverted[other] = true;
                    self.brought_in(other).into_iter().for_each(|commit| reverted[commit] = true);
                }
            }
        }
        for index in (0..self.commits.len()).filter(|&index| !reverted[index]) {
            if let [revert] = takes_back[index][..]
                && let [original] = takes_back[revert][..]
            {
                restores[index] = Some(original);
            }
        }
        (reverted, restores, takes_back)
    }

    /// The requests that merges say they land, for each commit that they brought in: a merge is no work of its own.
    fn requests(&self) -> Vec<(usize, Request)> {
        let merges = (0..self.commits.len()).rev().filter(|&index| self.landed[index]);
        let named = merges.filter_map(|merge| Some((merge, self.commits[merge].message.request?)));
        named
            .flat_map(|(merge, request)| self.brought_in(merge).into_iter().map(move |commit| (commit, request)))
            .collect()
    }

    fn parents(&self, commit: usize) -> impl Iterator<Item = usize> {
        self.commits[commit].parents.iter().filter_map(move |parent| self.by_sha.get(parent.as_str()).copied())
    }

    /// The commits that a merge brought to its first parent; none for other commits. Looks no further back than to where the branch began: children
    /// stand before their parents in the log, so when a commit is met all that lead to it were.
    fn brought_in(&self, merge: usize) -> Vec<usize> {
        let parents: Vec<usize> = self.parents(merge).collect();
        let [first, others @ ..] = &parents[..] else { return Vec::new() };
        // What was met, and whether only the branch leads to it.
        let mut met: BTreeMap<usize, bool> = others.iter().map(|&other| (other, true)).collect();
        met.insert(*first, false);
        let mut brought = Vec::new();
        while met.values().any(|&is_brought| is_brought) {
            let Some((commit, is_brought)) = met.pop_first() else { break };
            for parent in self.parents(commit) {
                *met.entry(parent).or_insert(is_brought) &= is_brought;
            }
            if is_brought {
                brought.push(commit);
            }
        }
        brought
    }

    /// Finds the landed commit of each open one: an equal patch, else a landed commit that holds nearly all its lines, else
    /// one that holds those of the branch as a whole (lines that a later commit of the branch rewrote never land).
    fn landed_as(&self, git: &Git, tip: &str, failed: &mut Vec<GitError>) -> Vec<Option<usize>> {
        let open: Vec<usize> = (0..self.commits.len()).filter(|&index| !self.landed[index]).collect();
        let mut found = vec![None; self.commits.len()];
        if open.is_empty() {
            return found;
        }
        let net_patches: Vec<(usize, Result<Option<Patch>, GitError>)> = self
            .open_heads(&open)
            .into_par_iter()
            .map(|head| (head, net_patch(git, tip, &self.commits[head].sha)))
            .collect();
        let mut branches = Vec::new();
        for (head, patch) in net_patches {
            match patch {
                Ok(patch) => branches.extend(patch.map(|patch| (head, patch))),
                Err(error) => failed.push(error),
            }
        }
        let looked_for =
            open.iter().map(|&index| &self.commits[index].patch).chain(branches.iter().map(|(_, patch)| patch));
        let index = LandedIndex::new(self, looked_for);
        for &commit in &open {
            found[commit] = index.find(self, commit, &self.commits[commit].patch);
        }
        for (head, patch) in branches {
            let Some(landed) = index.find(self, head, &patch) else { continue };
            for commit in self.open_ancestors(head) {
                found[commit] = found[commit].or(Some(landed));
            }
        }
        found
    }

    /// Open commits on which no other open commit stands, newest first.
    fn open_heads(&self, open: &[usize]) -> Vec<usize> {
        let parents: FxHashSet<&str> =
            open.iter().flat_map(|&index| self.commits[index].parents.iter().map(String::as_str)).collect();
        let mut heads: Vec<usize> =
            open.iter().copied().filter(|&index| !parents.contains(self.commits[index].sha.as_str())).collect();
        heads.sort_by_key(|&index| std::cmp::Reverse(self.commits[index].time));
        heads.truncate(BRANCHES);
        heads
    }

    fn open_ancestors(&self, head: usize) -> Vec<usize> {
        self.ancestors(head, |index| !self.landed[index])
    }

    fn is_ancestor(&self, older: usize, younger: usize) -> bool {
        let earliest = self.commits[older].time - CLOCK_SLACK;
        self.ancestors(younger, |index| self.commits[index].time >= earliest).contains(&older)
    }

    /// `start` and what can be reached from it through commits that `enter` lets in.
    fn ancestors(&self, start: usize, enter: impl Fn(usize) -> bool) -> Vec<usize> {
        let mut seen = FxHashSet::from_iter([start]);
        let mut reached = vec![start];
        let mut next = 0;
        while next < reached.len() {
            for parent in &self.commits[reached[next]].parents {
                if let Some(&index) = self.by_sha.get(parent.as_str())
                    && enter(index)
                    && seen.insert(index)
                {
                    reached.push(index);
                }
            }
            next += 1;
        }
        reached
    }
}

/// The landed commits by patch and by those lines that are looked for.
struct LandedIndex {
    by_patch: FxHashMap<u64, Vec<usize>>,
    by_line: FxHashMap<i64, Vec<usize>>,
}

impl LandedIndex {
    fn new<'a>(history: &History<'_>, looked_for: impl Iterator<Item = &'a Patch>) -> Self {
        let mut by_line: FxHashMap<i64, Vec<usize>> = FxHashMap::default();
        let mut by_patch: FxHashMap<u64, Vec<usize>> = FxHashMap::default();
        for patch in looked_for {
            by_line.extend(patch.lines.iter().map(|&line| (line, Vec::new())));
            by_patch.extend(patch.identity.map(|identity| (identity, Vec::new())));
        }
        for (index, commit) in history.commits.iter().enumerate().filter(|&(index, _)| history.landed[index]) {
            if let Some(same) = commit.patch.identity.and_then(|identity| by_patch.get_mut(&identity)) {
                same.push(index);
            }
            for line in &commit.patch.lines {
                if let Some(holders) = by_line.get_mut(line) {
                    holders.push(index);
                }
            }
        }
        Self { by_patch, by_line }
    }

    /// The landed commit that carries `patch`, which stands at `commit`. Ancestors of it cannot: it was written on top of them.
    fn find(&self, history: &History<'_>, commit: usize, patch: &Patch) -> Option<usize> {
        let stands_apart = |landed: &usize| !history.is_ancestor(*landed, commit);
        let same = patch.identity.and_then(|identity| self.by_patch.get(&identity)).into_iter().flatten();
        let mut same: Vec<usize> = same.copied().collect();
        // The oldest of those that it does not stand on: what was written, taken away and written again has an equal patch below it.
        same.sort_by_key(|&landed| history.commits[landed].time);
        if let Some(landed) = same.into_iter().find(stands_apart) {
            return Some(landed);
        }
        if patch.lines.len() < CONTAINED_MIN_LINES {
            return None;
        }
        let mut held: FxHashMap<usize, usize> = FxHashMap::default();
        for holder in patch.lines.iter().filter_map(|line| self.by_line.get(line)).flatten() {
            *held.entry(*holder).or_default() += 1;
        }
        let needed = (patch.lines.len() as f64 * CONTAINED).ceil() as usize;
        let mut holders: Vec<(usize, usize)> = held.into_iter().filter(|&(_, count)| count >= needed).collect();
        // Most lines first, then the oldest: a later commit that holds them as well copied them.
        holders.sort_by_key(|&(landed, count)| (std::cmp::Reverse(count), history.commits[landed].time, landed));
        holders
            .into_iter()
            .map(|(landed, _)| landed)
            .filter(|&landed| shares_a_path(patch, &history.commits[landed].patch))
            .find(stands_apart)
    }
}

fn shares_a_path(one: &Patch, two: &Patch) -> bool {
    let paths: FxHashSet<&[u8]> = one.changes.iter().map(|change| change.path.as_slice()).collect();
    two.changes.iter().any(|change| paths.contains(change.path.as_slice()))
}

/// What a branch changed since it left the default branch; null when the two have no common history.
fn net_patch(git: &Git, tip: &str, head: &str) -> Result<Option<Patch>, GitError> {
    let Some(base) = git.text_if_any(&["merge-base", "--end-of-options", tip, head])? else { return Ok(None) };
    let base = base.lines().next().unwrap_or_default();
    let mut arguments = vec!["diff-tree", "-r"];
    arguments.extend(PATCH_ARGUMENTS);
    arguments.extend(["--end-of-options", base, head]);
    git.stream(&arguments, b"", patches::read_patch).map(Some)
}
