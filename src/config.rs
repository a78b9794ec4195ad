//! Settings: defaults, then footlight.toml, then flags, resolved once. Nothing below reads the environment or the file.
//!
//! Owns the shape of footlight.toml; what its values may be is [`checks`]'. Owns no meaning: what a quota or an identity rule does is said where it is used.

mod checks;
mod retention;

pub use retention::{Age, RetentionConfig};

use crate::sources::SourceOptions;
use crate::sources::mapping::Mapping;
use jiff::civil::{Date, Time};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Everything that footlight.toml can say. Unknown keys are errors.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Title of the reports.
    pub title: Option<String>,
    /// Rules that say whose a log is, in order.
    pub identity: Vec<IdentityRule>,
    /// Usage targets that people knew of.
    pub quota: Vec<Quota>,
    /// Published rankings.
    pub leaderboard: Vec<Leaderboard>,
    /// When a policy came to which team, where it did not come to all at once.
    pub rollout: Vec<Rollout>,
    /// Automation declared on purpose.
    pub automation: Vec<Automation>,
    /// On-call, holidays, releases and the like.
    pub calendar: Vec<CalendarEntry>,
    /// Exports that no source knows, as tables of canonical fields.
    pub mapping: Vec<Mapping>,
    /// Configuration of sources.
    pub sources: SourceOptions,
    /// Parameters of models, `"sig_loop_no_progress.min_calls" = 20`.
    pub params: BTreeMap<String, toml::Value>,
    /// Disclosure control.
    pub privacy: PrivacyConfig,
    /// Limits of the machine.
    pub limits: LimitsConfig,
    /// Scheduled runs.
    pub schedule: ScheduleConfig,
    /// How long the lake keeps what.
    pub retention: RetentionConfig,
    /// File of objections; `objections.csv` beside this file when left out.
    pub objections: Option<PathBuf>,
}

/// Whose a log is. All conditions that are given must hold; `{actor}` in `path` binds the actor.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct IdentityRule {
    /// Pattern for the input's name, for example `exports/{actor}/**`.
    pub path: Option<String>,
    /// Operating-system user read off a home directory in the log.
    pub os_user: Option<String>,
    /// Account or API key id as the log has it.
    pub key_id: Option<String>,
    /// Author e-mail of commits.
    pub git_email: Option<String>,
    /// Roster id that it maps to; may be left out when `path` binds `{actor}`.
    pub actor: Option<String>,
}

/// A usage target.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quota {
    /// `active_week`, `prompts`, `sessions`, `tokens` or `cost_usd`.
    pub metric: QuotaMetric,
    /// Share of a team's people for `active_week`, else the amount per person and period.
    pub threshold: f64,
    /// `week`.
    #[serde(default)]
    pub period: Period,
    /// Day from which people knew.
    pub announced: toml::value::Datetime,
}

/// What a quota or leaderboard counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QuotaMetric {
    /// A week with any use.
    ActiveWeek,
    /// Prompts.
    Prompts,
    /// Sessions.
    Sessions,
    /// Tokens of every kind.
    Tokens,
    /// US dollars.
    CostUsd,
}

impl QuotaMetric {
    /// The word in tables.
    pub fn as_str(self) -> &'static str {
        match self {
            QuotaMetric::ActiveWeek => "active_week",
            QuotaMetric::Prompts => "prompts",
            QuotaMetric::Sessions => "sessions",
            QuotaMetric::Tokens => "tokens",
            QuotaMetric::CostUsd => "cost_usd",
        }
    }
}

/// How long a quota's period is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Period {
    /// An ISO week.
    #[default]
    Week,
}

/// A published ranking.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Leaderboard {
    /// What it ranks by.
    pub metric: QuotaMetric,
    /// First day.
    pub published: toml::value::Datetime,
    /// Last day.
    pub withdrawn: Option<toml::value::Datetime>,
}

/// The day from which a usage policy held for one team.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rollout {
    /// Team, as on the roster.
    pub team: String,
    /// First day.
    pub date: toml::value::Datetime,
}

/// Automation declared on purpose: always exculpatory for the person.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Automation {
    /// Account that runs it.
    pub actor: Option<String>,
    /// `repo:PATTERN` or `client:PATTERN`.
    pub r#match: Option<String>,
    /// Cron expression.
    pub schedule: Option<String>,
    /// Team or person that answers for it.
    pub owner: Option<String>,
}

/// A stretch of time that explains unusual work.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CalendarEntry {
    /// `on_call`, `holiday`, `release`, `training` or `client_change`.
    pub kind: CalendarKind,
    /// Whom it concerns; everybody when left out.
    pub actor: Option<String>,
    /// Start.
    pub from: toml::value::Datetime,
    /// End, exclusive.
    pub to: toml::value::Datetime,
}

/// Kinds of calendar entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CalendarKind {
    /// On call.
    OnCall,
    /// Holiday.
    Holiday,
    /// Release.
    Release,
    /// Training or workshop.
    Training,
    /// A client or model changed for everybody.
    ClientChange,
}

impl CalendarKind {
    /// The word in tables.
    pub fn as_str(self) -> &'static str {
        match self {
            CalendarKind::OnCall => "on_call",
            CalendarKind::Holiday => "holiday",
            CalendarKind::Release => "release",
            CalendarKind::Training => "training",
            CalendarKind::ClientChange => "client_change",
        }
    }
}

/// Disclosure control.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PrivacyConfig {
    /// People a published cell must have; five at least.
    pub min_people: usize,
    /// Key file for pseudonyms; `pseudonym.key` in the lake when left out.
    pub key_file: Option<PathBuf>,
}

impl Default for PrivacyConfig {
    fn default() -> Self {
        Self { min_people: 10, key_file: None }
    }
}

/// Limits of the machine.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LimitsConfig {
    /// Threads; all cores when left out.
    pub threads: Option<usize>,
    /// Memory of the SQL engine in MiB, 1024 when left out.
    pub memory_mib: Option<usize>,
}

/// Scheduled runs.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ScheduleConfig {
    /// Hours that data may come late; the watermark of a run's record lies that much before the newest event.
    pub lateness_hours: u32,
}

impl Default for ScheduleConfig {
    fn default() -> Self {
        Self { lateness_hours: 72 }
    }
}

/// What is wrong with the configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read {path}: {error}")]
    Read {
        /// File.
        path: PathBuf,
        /// Cause.
        #[source]
        error: std::io::Error,
    },
    /// The file is not what footlight.toml may be.
    #[error("{path}{place}: {problem}")]
    Parse {
        /// File.
        path: PathBuf,
        /// `:LINE:COLUMN`, both from 1; empty where the parser names no place.
        place: String,
        /// What is wrong there, without the line itself: a message is one line.
        problem: String,
    },
    /// A value that parses and makes no sense.
    #[error("{path}: {message}")]
    Value {
        /// File.
        path: PathBuf,
        /// What and how to mend it.
        message: String,
    },
}

impl Config {
    /// Reads `path`, or `footlight.toml` in the current directory when there is one, or nothing.
    pub fn load(path: Option<&Path>) -> Result<(Self, Option<PathBuf>), ConfigError> {
        let (path, required) = match path {
            Some(path) => (path.to_path_buf(), true),
            None => (PathBuf::from("footlight.toml"), false),
        };
        match std::fs::read_to_string(&path) {
            Ok(text) => Ok((Self::parse(&text, &path)?, Some(path))),
            Err(error) if !required && error.kind() == std::io::ErrorKind::NotFound => Ok((Self::default(), None)),
            Err(error) => Err(ConfigError::Read { path, error }),
        }
    }

    /// Parses the text of footlight.toml.
    pub fn parse(text: &str, path: &Path) -> Result<Self, ConfigError> {
        let config: Self = toml::from_str(text).map_err(|error| ConfigError::Parse {
            path: path.to_path_buf(),
            place: error.span().map(|span| place(text, span.start)).unwrap_or_default(),
            problem: error.message().to_owned(),
        })?;
        config.check().map_err(|message| ConfigError::Value { path: path.to_path_buf(), message })?;
        Ok(config)
    }

    /// What sources are told: `[sources]` and every `[[mapping]]`.
    pub fn source_options(&self) -> SourceOptions {
        SourceOptions { mappings: self.mapping.clone(), ..self.sources.clone() }
    }
}

/// `:LINE:COLUMN` of a byte of a text, the column in characters.
fn place(text: &str, byte: usize) -> String {
    let before = text.get(..byte).unwrap_or(text);
    let line = before.split('\n').count();
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    format!(":{line}:{column}")
}

/// A TOML date or date-time as microseconds since the epoch; a date is its midnight UTC. None of a time without a date.
pub fn datetime_us(value: &toml::value::Datetime) -> Option<i64> {
    let date = value.date?;
    let date = Date::new(date.year as i16, date.month as i8, date.day as i8).ok()?;
    let time = match value.time {
        // TOML knows the 60th second of a minute.
        Some(time) => Time::new(time.hour as i8, time.minute as i8, time.second.unwrap_or(0).min(59) as i8, 0).ok()?,
        None => Time::midnight(),
    };
    let offset_min = match value.offset {
        Some(toml::value::Offset::Custom { minutes }) => i64::from(minutes),
        _ => 0,
    };
    let utc = date.to_datetime(time).to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some(utc.timestamp().as_microsecond() - offset_min * 60_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Config, ConfigError> {
        Config::parse(text, Path::new("footlight.toml"))
    }

    #[test]
    fn the_example_of_the_schema_parses() {
        let config = parse(
            r#"
            [[quota]]
            metric = "active_week"
            threshold = 0.80
            period = "week"
            announced = 2026-02-02
            [[leaderboard]]
            metric = "tokens"
            published = 2026-03-02
            withdrawn = 2026-05-04
            [[automation]]
            actor = "nightly-bot@example.com"
            match = "repo:infra-*"
            schedule = "0 2 * * *"
            owner = "team-platform"
            [[calendar]]
            kind = "on_call"
            actor = "ada@example.com"
            from = 2026-03-02T00:00:00Z
            to = 2026-03-09T00:00:00Z
            [[rollout]]
            team = "team-payments"
            date = 2026-03-02
            [[identity]]
            path = "exports/{actor}/**"
            "#,
        )
        .unwrap();
        assert_eq!(datetime_us(&config.quota[0].announced), Some(1_769_990_400_000_000));
        assert_eq!(config.rollout[0].team, "team-payments");
        assert_eq!(config.automation[0].r#match.as_deref(), Some("repo:infra-*"));
    }

    #[test]
    fn what_does_not_parse_is_told_with_its_line_and_column() {
        let wrong = |text: &str| parse(text).unwrap_err().to_string();
        let metric =
            wrong("title = \"Größe\"\n[[quota]]\nmetric = \"tokenz\"\nthreshold = 1\nannounced = 2026-02-02\n");
        assert!(metric.starts_with("footlight.toml:3:10: unknown variant `tokenz`, expected one of "), "{metric}");
        let key = wrong("titel = \"x\"\n");
        assert!(key.starts_with("footlight.toml:1:1: unknown field `titel`, expected one of `title`, "), "{key}");
        assert!(!key.contains('\n'), "{key}");
    }
}
