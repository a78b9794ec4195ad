//! What was typed and what the file says, resolved once.

use super::UsageError;
use crate::cli::{Global, IngestArgs, ScoringArgs};
use crate::config::Config;
use crate::ingest::IngestOptions;
use crate::sources::{self, Limits, Source};
use globset::Glob;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Settings that every stage shares.
pub struct Settings {
    /// The file.
    pub config: Config,
    /// Where it was found.
    pub config_path: Option<PathBuf>,
    /// Threads.
    pub threads: usize,
    /// Memory of the SQL engine in bytes.
    pub memory_bytes: usize,
}

impl Settings {
    /// Reads the file and puts the flags on top.
    pub fn resolve(global: &Global) -> anyhow::Result<Self> {
        let (mut config, config_path) = Config::load(global.config.as_deref())?;
        // Paths in the file are relative to the file.
        if let (Some(key), Some(directory)) =
            (&mut config.privacy.key_file, config_path.as_deref().and_then(Path::parent))
        {
            *key = directory.join(&key);
        }
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let threads = global.threads.or(config.limits.threads).unwrap_or(cores).max(1);
        let configured = config.limits.memory_mib.map(|mib| mib << 20);
        let memory_bytes = global.memory.or(configured).unwrap_or(1 << 30);
        Ok(Self { config, config_path, threads, memory_bytes })
    }

    /// Limits of the SQL engine.
    pub fn engine_limits(&self) -> crate::engine::Limits {
        crate::engine::Limits {
            memory_bytes: self.memory_bytes,
            threads: self.threads,
            ..crate::engine::Limits::default()
        }
    }

    /// What to ingest and how.
    pub fn ingest(&self, args: &IngestArgs, as_of_us: Option<i64>) -> anyhow::Result<IngestOptions> {
        let source = named_source(&args.source)?;
        for input in &args.input {
            if !input.exists() {
                return Err(UsageError(format!("there is no {}", input.display())).into());
            }
        }
        let mut exclude = globset::GlobSetBuilder::new();
        for pattern in &args.exclude {
            exclude.add(Glob::new(pattern).map_err(|error| UsageError(format!("--exclude: {error}")))?);
        }
        Ok(IngestOptions {
            inputs: args.input.clone(),
            exclude: exclude.build().map_err(|error| UsageError(format!("--exclude: {error}")))?,
            source,
            threads: self.threads,
            limits: Limits { line_bytes: args.max_line, ..Limits::default() },
            as_of_us,
            source_options: Arc::new(self.config.source_options()),
        })
    }
}

/// The source that `--source` names; none for `auto`.
pub fn named_source(name: &str) -> Result<Option<&'static dyn Source>, UsageError> {
    if name == "auto" {
        return Ok(None);
    }
    let known = || sources::ALL.iter().map(|source| source.name()).collect::<Vec<_>>().join(", ");
    let unknown = || UsageError(format!("there is no source `{name}`; known are auto, {}", known()));
    sources::by_name(name).map(Some).ok_or_else(unknown)
}

/// `--as-of` in microseconds since the epoch.
pub fn as_of_us(args: &ScoringArgs) -> anyhow::Result<Option<i64>> {
    let Some(text) = &args.as_of else { return Ok(None) };
    if let Ok(timestamp) = text.parse::<jiff::Timestamp>() {
        return Ok(Some(timestamp.as_microsecond()));
    }
    let day: jiff::civil::Date =
        text.parse().map_err(|_| UsageError(format!("--as-of {text}: write 2026-06-30 or 2026-06-30T12:00:00Z")))?;
    // A day counts whole: as of its last microsecond.
    let next = day.tomorrow().and_then(|day| day.to_zoned(jiff::tz::TimeZone::UTC))?;
    Ok(Some(next.timestamp().as_microsecond() - 1))
}
