//! What a report is compared with: the `summary.json` of an earlier one, or the lake as it was, scored and reported again.
//!
//! Owns the words of `--compare`, finding the version that is meant, and making its report in a directory that is thrown away. Owns no comparison
//! (`report::compare`) and no reading of old versions (`lake::history`). What is told of the lake as it was goes through the release ledger like
//! every report, and is taken down as a look back.

use super::settings::{Settings, moment_us};
use super::{UsageError, report, run_facts, score};
use crate::cli::{MachinesArgs, OutArgs, ScoringArgs};
use crate::lake::{Lake, LakeVersion};
use crate::privacy::Ledger;
use crate::report::compare::{self, Earlier};
use crate::results::{RunFile, Scoring};
use anyhow::Context;
use std::path::{Path, PathBuf};

/// What `--compare` names.
pub enum Compared {
    /// A report as it was published.
    Report(Box<Earlier>),
    /// A version of a lake.
    Lake(Box<Then>),
}

/// A lake as it was.
pub struct Then {
    /// The lake, as it is.
    pub root: PathBuf,
    lake: Lake,
    version: LakeVersion,
}

/// How the directory is called in which an earlier version of a lake is scored, before what makes the name one of its own.
pub const SCRATCH: &str = ".footlight-then-";

/// What `--compare` means: the file of that name, else `LAKE@VERSION` or `LAKE@TIME`. What cannot be read is the user's to mend.
pub async fn compared(text: &str) -> anyhow::Result<Compared> {
    let path = Path::new(text);
    match text.rsplit_once('@') {
        Some((lake, moment)) if !path.is_file() => {
            let root = PathBuf::from(lake);
            let now = Lake::open(&root)?;
            let version =
                version(&now, moment).map_err(|problem| UsageError(format!("--compare {text}: {problem}")))?;
            let lake = now.at(version).await?;
            Ok(Compared::Lake(Box::new(Then { root, lake, version })))
        }
        _ => {
            let refused = |error: String| {
                UsageError(format!(
                    "--compare {text}: {error}; name the summary.json of an earlier report, or LAKE@VERSION or LAKE@TIME"
                ))
            };
            let summary = std::fs::read_to_string(path).map_err(|error| refused(error.to_string()))?;
            Ok(Compared::Report(Box::new(compare::earlier(&summary).map_err(|error| refused(error.to_string()))?)))
        }
    }
}

/// The version that a number (`3`, `v3`), a day or a moment names. A day counts whole.
fn version(lake: &Lake, named: &str) -> Result<LakeVersion, String> {
    let versions = lake.versions().map_err(|error| error.to_string())?;
    let (Some(oldest), Some(newest)) = (versions.first(), versions.last()) else {
        return Err("the log of the lake names no version".to_owned());
    };
    let there_are = || {
        format!("there are {} ({}) to {} ({})", oldest.number, oldest.committed(), newest.number, newest.committed())
    };
    if let Ok(number) = named.strip_prefix('v').unwrap_or(named).parse::<u64>() {
        let found = versions.iter().find(|version| version.number == number);
        return found.copied().ok_or_else(|| format!("the lake has no version {number}; {}", there_are()));
    }
    let moment_us = moment_us(Some(named))
        .ok()
        .flatten()
        .ok_or_else(|| format!("`{named}` is no version and no time; write 3, 2026-06-30 or 2026-06-30T12:00:00Z"))?;
    let found = versions.iter().rev().find(|version| version.committed_ms.saturating_mul(1_000) <= moment_us);
    found.copied().ok_or_else(|| format!("the lake has no version that old; {}", there_are()))
}

impl Then {
    /// Scores the lake as it was into a directory below `out` that is gone afterwards, as `out` itself was scored.
    /// `out` must come from this configuration: two configurations would be compared otherwise.
    pub async fn score(&self, out: &Path, settings: &Settings) -> anyhow::Result<Scored> {
        let file = RunFile::read(out)?;
        let policy = run_facts::policy_hash(settings)?;
        if file.run.policy_hash != policy {
            return Err(UsageError(format!(
                "{} was scored under policy {}, and the configuration is {policy} now: run `footlight score` again, or name the --config of then",
                out.display(),
                file.run.policy_hash
            ))
            .into());
        }
        let scratch = tempfile::Builder::new()
            .prefix(SCRATCH)
            .tempdir_in(out)
            .with_context(|| format!("cannot use {} for temporary files", out.display()))?;
        let directory = OutArgs { out: scratch.path().to_path_buf() };
        score::score_lake(&self.lake, settings, &scoring(file.scoring), &directory, None).await?;
        Ok(Scored { scratch, version: self.version })
    }
}

/// As a run was scored.
fn scoring(scoring: Scoring) -> ScoringArgs {
    let Scoring { as_of, since, queries, seed } = scoring;
    ScoringArgs { as_of, since, queries, seed, machines: MachinesArgs::default() }
}

/// The result tables of a lake as it was.
pub struct Scored {
    scratch: tempfile::TempDir,
    version: LakeVersion,
}

impl Scored {
    /// The report of it, released beside what has been published, and taken down as a look back.
    pub fn earlier(&self, ledger: &mut Ledger) -> anyhow::Result<Earlier> {
        ledger.look_back(true);
        let report = report::build_with(self.scratch.path(), ledger);
        ledger.look_back(false);
        Ok(Earlier::of_lake(&report?, self.version.number, self.version.committed())?)
    }
}
