//! From commits and what became of them to outcomes.
//!
//! Owns which row carries what: the lines, sessions and references of a commit that landed under another name are on the landed commit's row, so that
//! sums and matches over all rows see them once.

use super::landing::Landing;
use super::log::{Commit, Detail};
use super::repository::{Repository, short_name};
use super::survival::Survival;
use crate::events::{Fact, FactName, Outcome, OutcomeKind, OutcomeStatus};
use crate::sources::json::plausible;
use crate::sources::{Position, Reason, Sink};
use rustc_hash::{FxHashMap, FxHashSet};

/// 2015-01-01T00:00:00Z in seconds: older history is real, and no AI tool wrote it.
const EARLIEST: i64 = 1_420_070_400;

/// What a commit's row carries for others, by position in the log.
#[derive(Default)]
struct Carried {
    sessions: FxHashMap<usize, Vec<String>>,
    references: FxHashMap<usize, Vec<String>>,
    /// Open commits and the sessions whose lines the landed one attests itself.
    attested: FxHashSet<(usize, String)>,
    surviving: FxHashMap<usize, i64>,
}

impl Carried {
    fn collect(commits: &[Commit], landing: &Landing, survival: &Survival) -> Self {
        let mut carried = Self::default();
        for (index, commit) in commits.iter().enumerate() {
            if let Some(landed) = landing.landed_as[index] {
                carried.sessions.entry(landed).or_default().extend(commit.message.session_ids.iter().cloned());
                carried.references.entry(landed).or_default().extend(commit.message.refs.iter().cloned());
                let attested = attested(&commits[landed]).map(|(session_id, _)| (index, session_id.clone()));
                carried.attested.extend(attested);
            }
            if let Some(original) = landing.restores[index] {
                *carried.surviving.entry(original).or_default() += survival.of(&commit.sha);
            }
        }
        for (index, (mark, number)) in &landing.requests {
            carried.references.entry(*index).or_default().push(format!("{mark}{number}"));
        }
        carried
    }
}

/// Sessions that a note attests lines of a commit to, with how many.
fn attested(commit: &Commit) -> impl Iterator<Item = &(String, i64)> {
    commit.message.attested.iter().filter(|(_, lines)| *lines > 0)
}

/// Puts every commit that is authored work into the sink, oldest first.
pub(super) fn emit(
    repository: &Repository,
    commits: Vec<Commit>,
    landing: &Landing,
    survival: &Survival,
    sink: &mut dyn Sink,
) {
    let version = version(&commits, landing);
    let mut carried = Carried::collect(&commits, landing, survival);
    let unknown = survival.unknown_paths();
    let names: Vec<String> = commits.iter().map(|commit| commit.sha.clone()).collect();
    for (index, commit) in commits.into_iter().enumerate().rev() {
        let at = Position { offset: (names.len() - 1 - index) as u64, line: 0 };
        if commit.parents.len() > 1 {
            sink.ignore("merge_commit");
            continue;
        }
        let Some(ts_us) = moment(&commit) else {
            match commit.time < EARLIEST {
                true => sink.ignore("commit_before_2015"),
                false => sink.reject(at, Reason::ImplausibleTime, "committer date"),
            }
            continue;
        };
        // The lines are where the work went.
        let (holds, evidence) = match landing.landed_as[index] {
            // Two commits of one second may have as many lines of one session.
            Some(landed) => (&names[landed], format!("git_ai.note of {}", commit.sha)),
            None => (&commit.sha, "git_ai.note".to_owned()),
        };
        for (session_id, lines) in attested(&commit) {
            if carried.attested.contains(&(index, session_id.clone())) {
                sink.ignore("note_told_by_landed_commit");
                continue;
            }
            sink.fact(
                at,
                Fact {
                    session_id: session_id.clone(),
                    ts_us: Some(ts_us),
                    name: FactName::AttestedLines,
                    value: format!("{holds} {lines}"),
                    rank: 1,
                    evidence: evidence.clone(),
                },
            );
        }
        let mut outcome = Outcome::new(ts_us, commit.sha.as_str(), OutcomeKind::Commit, landing.status[index]);
        let on_default = is_on_default(outcome.status);
        outcome.version = version;
        outcome.repo = Some(repository.name.clone());
        outcome.branch = if on_default { repository.default_branch.clone() } else { short_name(&commit.reached_by) };
        match landing.landed_as[index] {
            // This row only says where the work went.
            Some(landed) => outcome.refs = vec![names[landed].clone()],
            None => {
                let restored = carried.surviving.get(&index).copied().unwrap_or(0);
                let known = !commit.patch.changes.iter().any(|change| unknown.contains(change.path.as_slice()));
                if commit.detail == Detail::Patches {
                    outcome.lines_added = Some(commit.patch.added);
                    outcome.lines_deleted = Some(commit.patch.deleted);
                    outcome.lines_surviving = (on_default && known && landing.restores[index].is_none())
                        .then(|| (survival.of(&commit.sha) + restored).min(commit.patch.added));
                }
                let path = |path: &[u8]| String::from_utf8_lossy(path).into_owned();
                outcome.paths = commit.patch.changes.iter().map(|change| path(&change.path)).collect();
                outcome.session_ids = distinct(commit.message.session_ids, carried.sessions.remove(&index));
                outcome.refs = distinct(commit.message.refs, carried.references.remove(&index));
                outcome.refs.extend(landing.takes_back[index].iter().map(|&other| names[other].clone()));
                // What a revert adds, somebody else wrote before.
                if landing.takes_back[index].is_empty() {
                    outcome.added_lines = commit.patch.lines;
                }
            }
        }
        outcome.actor_id = commit.email;
        sink.outcome(at, outcome);
    }
}

/// Grows when the view does: the newest commit time read, and among equal ones the number of commits on the default branch, since a
/// fast-forward lands commits without making one.
fn version(commits: &[Commit], landing: &Landing) -> i64 {
    const COUNT_BITS: u32 = 24;
    let newest = commits.iter().map(|commit| commit.time).max().unwrap_or(0).clamp(0, i64::from(u32::MAX));
    let landed = landing.status.iter().filter(|status| is_on_default(**status)).count() as i64;
    (newest << COUNT_BITS) | landed.min((1 << COUNT_BITS) - 1)
}

fn is_on_default(status: OutcomeStatus) -> bool {
    matches!(status, OutcomeStatus::Landed | OutcomeStatus::Reverted)
}

/// Committer time, or author time where that one is plausible and the committer's is not.
fn moment(commit: &Commit) -> Option<i64> {
    [commit.time, commit.author_time].into_iter().find_map(|seconds| plausible(seconds.checked_mul(1_000_000)?).ok())
}

/// Own entries first, then those of the commits whose work this one carries, each once.
fn distinct(own: Vec<String>, carried: Option<Vec<String>>) -> Vec<String> {
    let mut seen = FxHashSet::default();
    own.into_iter().chain(carried.unwrap_or_default()).filter(|entry| seen.insert(entry.clone())).collect()
}
