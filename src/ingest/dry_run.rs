//! What a run would read, without reading it.
//!
//! Owns the words of the plan; the decisions are [`super::plan`]'s, the same that a run makes. Nothing is written.

use super::plan::{self, Job};
use super::{IngestOptions, Summary, discover};
use crate::lake::{Lake, LakeError, Ledger};
use crate::privacy::{Pseudonyms, Secrets};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The plan of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Planned {
    /// What would be read, largest first.
    pub files: Vec<PlannedFile>,
    /// Bytes on disk that would be read.
    pub bytes: u64,
    /// Files that did not change since the last run.
    pub unchanged: usize,
    /// Files with content that the lake has under this or another name.
    pub known: usize,
    /// Left out by `--exclude`.
    pub excluded: usize,
    /// Kept by a tool in its own directory beside its logs, by source and kind.
    pub passed_over: BTreeMap<String, u64>,
    /// No log of anybody's.
    pub unrecognised: Vec<String>,
    /// Files that would go to quarantine as they are, with the reason.
    pub rejected: Vec<(String, &'static str)>,
}

/// One file or repository that would be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlannedFile {
    /// Its name in the lake.
    pub name: String,
    /// Source that recognised it.
    pub source: &'static str,
    /// `new`, `grown` (the lake has a beginning of it), or `changed` (read before, and something else now).
    pub state: &'static str,
    /// Bytes on disk that would be read; 0 for a repository, whose size says nothing.
    pub bytes: u64,
}

/// Makes the plan against a lake, or against none.
pub async fn dry_run(lake: Option<&Lake>, options: &IngestOptions) -> Result<Planned, LakeError> {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(options.threads.max(1))
        .build()
        .map_err(|error| LakeError::from(std::io::Error::other(error)))?;
    let ledger = match lake {
        Some(lake) => Ledger::read(lake).await?,
        None => Arc::default(),
    };
    let mut summary = Summary::default();
    let secrets = match lake {
        Some(lake) => Pseudonyms::existing(options.key_file.as_deref(), lake.root())
            .map_err(|error| LakeError::from(std::io::Error::other(error)).at(lake.root()))?,
        None => None,
    };
    let secrets = secrets.map_or_else(Secrets::unkeyed, Secrets::keyed);
    let discovered = discover::discover(&options.inputs, &options.exclude, &secrets, &options.source_options);
    let discover::Discovered { found, unreadable, excluded, passed_over } = discovered;
    let mut plan = pool.install(|| plan::plan(found, &ledger, options, &mut summary));
    plan.rejects.extend(unreadable);
    let files: Vec<PlannedFile> = plan.jobs.iter().map(PlannedFile::from).collect();
    let mut rejected: Vec<(String, &'static str)> =
        plan.rejects.into_iter().map(|reject| (reject.name, reject.reason.as_str())).collect();
    rejected.sort();
    summary.files_unrecognised.sort();
    Ok(Planned {
        bytes: files.iter().map(|file| file.bytes).sum(),
        files,
        unchanged: summary.files_unchanged,
        known: summary.files_known,
        excluded,
        passed_over,
        unrecognised: summary.files_unrecognised,
        rejected,
    })
}

impl From<&Job> for PlannedFile {
    fn from(job: &Job) -> Self {
        let state = match (job.committed, &job.before) {
            (1.., _) => "grown",
            (0, Some(_)) => "changed",
            (0, None) => "new",
        };
        Self { name: job.found.name.clone(), source: job.source.name(), state, bytes: job.bytes_to_read() }
    }
}
