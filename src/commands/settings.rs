//! What was typed and what the file says, resolved once.

use super::base_tables::Span;
use super::{UsageError, expiry};
use crate::cli::{Global, IngestArgs, ScoringArgs};
use crate::config::Config;
use crate::engine::{Models, Overrides, overrides_from_toml};
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
    /// File of objections, when there is one.
    pub objections: Option<PathBuf>,
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
        let objections = objections(&config, config_path.as_deref())?;
        let threads = global.threads.or(config.limits.threads).unwrap_or_else(cores).max(1);
        let configured = config.limits.memory_mib.map(|mib| mib << 20);
        let memory_bytes = global.memory.or(configured).unwrap_or(1 << 30);
        Ok(Self { config, config_path, threads, memory_bytes, objections })
    }

    /// Limits of the SQL engine. An eighth of the memory is for what it does not count: pages that are read and written, and the allocator's own.
    pub fn engine_limits(&self) -> crate::engine::Limits {
        crate::engine::Limits {
            memory_bytes: self.memory_bytes - self.memory_bytes / 8,
            threads: self.threads,
            ..crate::engine::Limits::default()
        }
    }

    /// `[params]`.
    pub fn overrides(&self) -> anyhow::Result<Overrides> {
        let params: toml::Table = self.config.params.clone().into_iter().collect();
        Ok(overrides_from_toml(&params).map_err(|error| UsageError(error.to_string()))?)
    }

    /// The models of `--queries`, else the built-in ones, with what `[params]` sets: a parameter that no model has is wrong use, and so is a value of another
    /// type.
    pub fn models(&self, queries: Option<&Path>) -> anyhow::Result<(Models, Overrides)> {
        let models = match queries {
            Some(directory) => Models::with_directory(directory)?,
            None => Models::embedded()?,
        };
        let overrides = self.overrides()?;
        models.check_overrides(&overrides).map_err(|error| UsageError(error.to_string()))?;
        Ok((models, overrides))
    }

    /// What to ingest and how.
    pub fn ingest(&self, args: &IngestArgs, as_of_us: Option<i64>) -> anyhow::Result<IngestOptions> {
        let source = named_source(&args.source)?;
        for input in &args.input {
            if !input.exists() {
                return Err(UsageError(format!("there is no {}", input.display())).into());
            }
        }
        // None would quarantine every line, and documents are some times as long as a line.
        if !(1..=1 << 40).contains(&(args.max_line as u64)) {
            return Err(UsageError(format!("--max-line {}: write 1 to {} bytes", args.max_line, 1u64 << 40)).into());
        }
        let mut exclude = globset::GlobSetBuilder::new();
        for pattern in &args.exclude {
            exclude.add(Glob::new(pattern).map_err(|error| UsageError(format!("--exclude: {error}")))?);
        }
        // The file of objections may lie among the inputs, and is no log.
        if let Some(name) = self.objections.as_deref().and_then(Path::file_name).and_then(|name| name.to_str()) {
            let pattern = format!("**/{}", globset::escape(name));
            exclude.add(Glob::new(&pattern).map_err(|error| UsageError(format!("objections: {error}")))?);
        }
        Ok(IngestOptions {
            inputs: args.input.clone(),
            exclude: exclude.build().map_err(|error| UsageError(format!("--exclude: {error}")))?,
            source,
            threads: self.threads,
            limits: Limits { line_bytes: args.max_line, ..Limits::default() },
            as_of_us,
            source_options: Arc::new(self.config.source_options()),
            keep_out: None,
            keep_from: expiry::keep_from(&self.config.retention, as_of_us)?,
            key_file: self.config.privacy.key_file.clone(),
        })
    }
}

/// Cores of this machine that the process may use.
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// The configured file of objections, which must be there, else the one beside footlight.toml or in the current directory.
fn objections(config: &Config, config_path: Option<&Path>) -> anyhow::Result<Option<PathBuf>> {
    let directory = config_path.and_then(Path::parent).unwrap_or(Path::new(""));
    match &config.objections {
        Some(named) => {
            let path = directory.join(named);
            if path.is_file() {
                return Ok(Some(path));
            }
            Err(UsageError(format!("objections: there is no {}", path.display())).into())
        }
        None => Ok(Some(directory.join(super::objections::FILE_NAME)).filter(|path| path.is_file())),
    }
}

/// `--since` and `--as-of`.
pub fn span(args: &ScoringArgs) -> anyhow::Result<Span> {
    let span = Span { since_us: since_us(args)?, as_of_us: as_of_us(args)? };
    match (span.since_us, span.as_of_us) {
        (Some(since), Some(as_of)) if since > as_of => {
            Err(UsageError("--since lies after --as-of: nothing would be scored".to_owned()).into())
        }
        _ => Ok(span),
    }
}

/// `--since` in microseconds since the epoch; a day begins with its first.
fn since_us(args: &ScoringArgs) -> anyhow::Result<Option<i64>> {
    let Some(text) = &args.since else { return Ok(None) };
    if let Ok(timestamp) = text.parse::<jiff::Timestamp>() {
        return Ok(Some(timestamp.as_microsecond()));
    }
    let wrong = |_| UsageError(format!("--since {text}: write 2026-04-01 or 2026-04-01T00:00:00Z"));
    let day: jiff::civil::Date = text.parse().map_err(wrong)?;
    let midnight = day.to_zoned(jiff::tz::TimeZone::UTC).map_err(wrong)?;
    Ok(Some(midnight.timestamp().as_microsecond()))
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
fn as_of_us(args: &ScoringArgs) -> anyhow::Result<Option<i64>> {
    moment_us(args.as_of.as_deref())
}

/// The end of a day or a moment, as `--as-of` has it, in microseconds since the epoch.
pub fn moment_us(text: Option<&str>) -> anyhow::Result<Option<i64>> {
    let Some(text) = text else { return Ok(None) };
    if let Ok(timestamp) = text.parse::<jiff::Timestamp>() {
        return Ok(Some(timestamp.as_microsecond()));
    }
    let wrong = |_| UsageError(format!("--as-of {text}: write 2026-06-30 or 2026-06-30T12:00:00Z"));
    let day: jiff::civil::Date = text.parse().map_err(wrong)?;
    // A day counts whole: as of its last microsecond. The last day of the calendar has no next one.
    let next = day.tomorrow().and_then(|day| day.to_zoned(jiff::tz::TimeZone::UTC)).map_err(wrong)?;
    Ok(Some(next.timestamp().as_microsecond() - 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_at_the_end_of_the_calendar_is_wrong_use() {
        assert_eq!(moment_us(Some("2026-06-30")).unwrap(), Some(1_782_863_999_999_999));
        for beyond in ["9999-12-31", "-009999-01-00", "tomorrow"] {
            assert!(moment_us(Some(beyond)).unwrap_err().is::<UsageError>(), "{beyond}");
        }
    }
}
