//! Results that stand: a scheduled run that finds nothing new leaves OUT as it is.
//!
//! The same lake, configuration and arguments give the same bytes in OUT, so what would be made again need not be. Owns what results depend on and
//! `LAKE/standing/HASH.json`, one file an OUT: a hash over all of that, the files of OUT as they were left, and what the run said. Anything that differs,
//! a file that is gone or was written since, or a program built anew, and everything is made again. It names no input and nobody.

use super::freshness::Freshness;
use super::score::ScoreSummary;
use super::settings::Settings;
use super::{retention, run_facts};
use crate::cli::RunArgs;
use crate::lake::{Lake, Table};
use crate::results::{tables_directory, write_file};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

/// Version of the file's shape.
const SCHEMA_VERSION: u32 = 1;

/// What a run left, and what that depends on.
#[derive(Debug, Serialize, Deserialize)]
pub struct Standing {
    schema_version: u32,
    basis: String,
    /// Length and time of change, nanoseconds since the epoch, of each file of OUT.
    files: BTreeMap<String, (u64, u128)>,
    /// What scoring found.
    pub score: ScoreSummary,
    /// How far the data reach.
    pub freshness: Option<Freshness>,
    /// Hash over the result tables.
    pub tables_digest: Option<String>,
    /// The answer of the report, as `run --json` gives it.
    pub answer: serde_json::Value,
    /// The same for people.
    pub headline: String,
}

/// Everything that results depend on, as a hash. Null where it cannot be told, and then nothing stands.
pub fn basis(lake: &Lake, settings: &Settings, args: &RunArgs) -> Option<String> {
    if args.compared.compare.is_some() {
        return None;
    }
    let mut hasher = blake3::Hasher::new();
    let mut add = |name: &str, bytes: &[u8]| {
        hasher.update(&(name.len() as u64).to_le_bytes()).update(name.as_bytes());
        hasher.update(&(bytes.len() as u64).to_le_bytes()).update(bytes);
    };
    let program = std::env::current_exe().ok()?;
    add("program", format!("{} {:?}", env!("CARGO_PKG_VERSION"), look(&program)?).as_bytes());
    for table in Table::ALL {
        add(table.name(), format!("{:?}", listed(&lake.directory(table).join("_delta_log"))).as_bytes());
    }
    let key = settings.config.privacy.key_file.clone().unwrap_or_else(|| lake.root().join("pseudonym.key"));
    add("key", &std::fs::read(key).unwrap_or_default());
    add("retention", &serde_json::to_vec(&retention::remembered(lake.root()).ok()?).ok()?);
    add("policy", run_facts::policy_hash(settings).ok()?.as_bytes());
    let scoring = &args.scoring;
    for model in scoring.queries.iter().flat_map(|directory| listed(directory).into_keys()) {
        let path = scoring.queries.as_ref()?.join(&model);
        add(&model, &std::fs::read(path).unwrap_or_default());
    }
    // As they were typed: the report prints the flags of the commands that make it.
    let ingest = &args.ingest;
    let paths = (&ingest.input, &ingest.lake, &args.out.out, &settings.config_path, &settings.objections);
    let typed = (paths, &ingest.source, &ingest.exclude, ingest.max_line);
    add("ingest", format!("{typed:?}").as_bytes());
    add(
        "scoring",
        format!("{:?} {:?} {:?} {}", scoring.as_of, scoring.since, scoring.queries, scoring.seed).as_bytes(),
    );
    Some(hasher.finalize().to_hex().to_string())
}

/// What an earlier run left in OUT, when it depends on the same and is all there.
pub fn find(lake: &Lake, out: &Path, basis: &str) -> Option<Standing> {
    let text = std::fs::read(place(lake.root(), out, "json").ok()?).ok()?;
    let standing: Standing = serde_json::from_slice(&text).ok()?;
    let is_whole = standing.schema_version == SCHEMA_VERSION && standing.basis == basis && standing.files == files(out);
    (is_whole && !standing.files.is_empty()).then_some(standing)
}

/// Remembers what a run has just left. What cannot be remembered is made again.
pub fn remember(
    lake: &Lake,
    out: &Path,
    basis: String,
    (score, freshness, tables_digest): (ScoreSummary, Option<Freshness>, Option<String>),
    answer: serde_json::Value,
    headline: String,
) {
    let files = files(out);
    let standing =
        Standing { schema_version: SCHEMA_VERSION, basis, files, score, freshness, tables_digest, answer, headline };
    let written = place(lake.root(), out, "json").and_then(|path| {
        std::fs::create_dir_all(path.parent().unwrap_or(lake.root()))?;
        write_file(&path, &serde_json::to_vec_pretty(&standing)?)
    });
    if let Err(error) = written {
        tracing::debug!("what was made will be made again: {error}");
    }
}

/// Where the lake has a file about an OUT, by what kind of file it is. An OUT that is not there has none.
pub fn place(lake: &Path, out: &Path, extension: &str) -> std::io::Result<PathBuf> {
    let out = out.canonicalize()?;
    let name = blake3::hash(out.as_os_str().as_encoded_bytes()).to_hex();
    Ok(lake.join("standing").join(format!("{}.{extension}", &name[..16])))
}

/// The files of OUT and of its tables.
fn files(out: &Path) -> BTreeMap<String, (u64, u128)> {
    let mut files = listed(out);
    let tables = listed(&tables_directory(out));
    files.extend(tables.into_iter().map(|(name, seen)| (format!("tables/{name}"), seen)));
    files
}

/// The files of a directory by name; none of one that cannot be read.
fn listed(directory: &Path) -> BTreeMap<String, (u64, u128)> {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    entries
        .filter_map(|entry| {
            let seen = look(&entry.path()).filter(|_| entry.file_type().is_ok_and(|kind| kind.is_file()))?;
            Some((entry.file_name().to_string_lossy().into_owned(), seen))
        })
        .collect()
}

/// Length and time of change.
fn look(path: &Path) -> Option<(u64, u128)> {
    let seen = std::fs::metadata(path).ok()?;
    Some((seen.len(), seen.modified().ok()?.duration_since(UNIX_EPOCH).ok()?.as_nanos()))
}
