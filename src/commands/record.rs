//! A record of each run, in `LAKE/runs/RUN_ID.json`: what was asked, what was read, how it ended, how fresh the data are.
//!
//! It has the machine's clock in it, so it stands beside the lake and not in OUT, which is the same for the same lake and configuration.
//! A record that cannot be written is a warning: it must not undo a run.

use super::freshness::Freshness;
use super::reproduce::Typed;
use super::settings::Settings;
use super::standing::Standing;
use super::{Exit, run_facts, score::ScoreSummary};
use crate::cli::RunArgs;
use crate::ingest::Summary;
use crate::lake::Lake;
use crate::privacy::{Secrets, json_text};
use crate::results::{tables_directory, write_file};
use jiff::Timestamp;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// The record while a run goes on.
#[derive(Debug, Serialize)]
pub struct RunRecord {
    schema_version: u32,
    run_id: String,
    started_at: Timestamp,
    finished_at: Option<Timestamp>,
    seconds: Option<f64>,
    status: Option<&'static str>,
    exit_code: Option<u8>,
    error: Option<String>,
    footlight_version: &'static str,
    policy_hash: Option<String>,
    arguments: Arguments,
    /// The commands that make the results again, as a shell takes them; the report prints them without paths.
    reproduce: Vec<String>,
    /// What ingest did; null when the run did not get so far.
    pub ingest: Option<Summary>,
    /// What scoring found.
    pub score: Option<ScoreSummary>,
    /// How fresh the lake is.
    pub freshness: Option<Freshness>,
    /// One hash over the result tables.
    pub tables_digest: Option<String>,
    /// Whether the results of an earlier run were left as they are, since nothing that they depend on had changed.
    pub results_stand: bool,
    peak_memory_bytes: Option<u64>,
}

#[derive(Debug, Serialize)]
struct Arguments {
    inputs: Vec<PathBuf>,
    lake: PathBuf,
    out: PathBuf,
    as_of: Option<String>,
    since: Option<String>,
    seed: u64,
    threads: usize,
    memory_bytes: usize,
}

impl RunRecord {
    /// A record of a run that begins now.
    pub fn begin(args: &RunArgs, settings: &Settings) -> Self {
        let started_at = Timestamp::now();
        let unique = blake3::hash(format!("{} {}", started_at.as_nanosecond(), std::process::id()).as_bytes());
        Self {
            schema_version: 1,
            run_id: format!("{}-{}", started_at.strftime("%Y%m%dT%H%M%SZ"), &unique.to_hex()[..6]),
            started_at,
            finished_at: None,
            seconds: None,
            status: None,
            exit_code: None,
            error: None,
            footlight_version: env!("CARGO_PKG_VERSION"),
            policy_hash: run_facts::policy_hash(settings).ok(),
            arguments: Arguments {
                inputs: args.ingest.input.clone(),
                lake: args.ingest.lake.clone(),
                out: args.out.out.clone(),
                as_of: args.scoring.as_of.clone(),
                since: args.scoring.since.clone(),
                seed: args.scoring.seed,
                threads: settings.threads,
                memory_bytes: settings.memory_bytes,
            },
            reproduce: Typed {
                ingest: Some(&args.ingest),
                scoring: &args.scoring,
                settings,
                lake: &args.ingest.lake,
                out: &args.out.out,
            }
            .in_full(),
            ingest: None,
            score: None,
            freshness: None,
            tables_digest: None,
            results_stand: false,
            peak_memory_bytes: None,
        }
    }

    /// Looks how far the data reach.
    pub async fn look_at(&mut self, lake: &Lake, settings: &Settings) -> anyhow::Result<()> {
        self.freshness = Some(Freshness::of(lake, settings, self.started_at).await?);
        Ok(())
    }

    /// Takes down what an earlier run made and this one leaves as it is.
    pub fn stands(&mut self, standing: &Standing) {
        self.results_stand = true;
        self.score = Some(standing.score.clone());
        self.freshness = standing.freshness.clone().map(|freshness| freshness.at(self.started_at));
        self.tables_digest.clone_from(&standing.tables_digest);
    }

    /// Takes down the hash over the result tables.
    pub fn digest_tables(&mut self) {
        self.tables_digest = digest(&self.arguments.out).ok();
    }

    /// Writes the record, and says where. `None` when there is no lake to write it to, or it could not be written.
    pub fn finish(mut self, exit: Exit, error: Option<String>) -> Option<PathBuf> {
        let finished_at = Timestamp::now();
        self.seconds = Some((finished_at.as_millisecond() - self.started_at.as_millisecond()) as f64 / 1_000.0);
        self.finished_at = Some(finished_at);
        (self.status, self.exit_code, self.error) = (Some(exit.word()), Some(exit as u8), error.map(without_secrets));
        if self.score.is_some() && self.tables_digest.is_none() {
            self.digest_tables();
        }
        self.peak_memory_bytes = peak_memory_bytes();
        let lake = &self.arguments.lake;
        if !lake.is_dir() {
            return None;
        }
        let directory = lake.join("runs");
        let path = directory.join(format!("{}.json", self.run_id));
        let written = std::fs::create_dir_all(&directory)
            .and_then(|()| serde_json::to_string_pretty(&self).map_err(std::io::Error::other))
            .and_then(|text| write_file(&path, format!("{}\n", json_text(&text)).as_bytes()));
        match written {
            Ok(()) => Some(path),
            Err(error) => {
                tracing::warn!("the run's record {} could not be written: {error}", path.display());
                None
            }
        }
    }
}

/// Messages of the system name files, and files are named by people.
fn without_secrets(error: String) -> String {
    Secrets::unkeyed().redact(&error, |_| {}).into_owned()
}

/// One hash over the result tables by name, so that two runs can be compared without them.
fn digest(out: &Path) -> std::io::Result<String> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(tables_directory(out))?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<std::io::Result<_>>()?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "parquet"));
    paths.sort();
    let mut hasher = blake3::Hasher::new();
    for path in paths {
        hasher.update(path.file_name().unwrap_or_default().as_encoded_bytes());
        let mut one = blake3::Hasher::new();
        one.update_reader(std::fs::File::open(&path)?)?;
        hasher.update(one.finalize().as_bytes());
    }
    Ok(hasher.finalize().to_hex().to_string())
}

/// The most memory that the process held, where the system tells.
fn peak_memory_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
    Some(kibibytes * 1_024)
}
