//! Logs that their own tool deletes after a while: whether an ingest came in time.
//!
//! Owns the tools' retention, the settings in which they say it, and `LAKE/retention.json`: when the lake was last written to, and what may be missing since. A
//! tool that keeps everything is known by files older than its retention. Owns no deletion; nothing here touches a log.

use crate::lake::rows::Ingested;
use crate::lake::{Lake, LakeError, Ledger};
use crate::report::coverage::retention_note;
use crate::report::inputs::RetentionFact;
use crate::results::write_file;
use anyhow::Context;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Tools that delete their logs, and after how many days unless a setting says otherwise (`formats.md` section 1: `cleanupPeriodDays`).
const KEPT_DAYS: [(&str, i64); 1] = [("claude_code", 30)];
/// An ingest this many days before logs go is too close to call in time.
const MARGIN_DAYS: i64 = 7;
/// The name in the lake.
const FILE: &str = "retention.json";

/// What the lake remembers.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Remembered {
    /// When something was last ingested, by source.
    #[serde(default)]
    ingested_at: BTreeMap<String, Timestamp>,
    /// What may be missing, and what was nearly missed in the newest run.
    #[serde(default)]
    facts: Vec<RetentionFact>,
}

/// A log file that is on disk now.
#[derive(Debug, Clone)]
struct Log {
    path: PathBuf,
    modified: Timestamp,
    /// Whether the lake had it before this run, as it is now.
    was_known: bool,
}

/// What reports say of the logs in a lake. A lake without the file has nothing to say.
pub fn remembered(lake: &Path) -> anyhow::Result<Vec<RetentionFact>> {
    Ok(read(lake)?.facts)
}

fn read(lake: &Path) -> anyhow::Result<Remembered> {
    let path = lake.join(FILE);
    match std::fs::read(&path) {
        Ok(bytes) => serde_json::from_slice(&bytes).with_context(|| format!("cannot read {}", path.display())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Remembered::default()),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
}

/// The ledger's entries of sources that delete their logs.
pub async fn entries(lake: &Lake) -> Result<Vec<Ingested>, LakeError> {
    let ledger = Ledger::read(lake).await?;
    let is_deleted = |entry: &&Ingested| KEPT_DAYS.iter().any(|(source, _)| *source == entry.source);
    Ok(ledger.entries().filter(is_deleted).cloned().collect())
}

/// Looks at the logs that were just ingested, remembers what it finds, and returns it in words. `before` and `after` are the ledger's entries.
pub fn look(lake: &Path, before: &[Ingested], after: &[Ingested], now: Timestamp) -> anyhow::Result<Vec<String>> {
    let mut state = read(lake)?;
    // What was nearly missed is news once; what is gone stays gone.
    state.facts.retain(|fact| fact.state == "gap");
    let mut news = Vec::new();
    for (source, kept) in KEPT_DAYS {
        let logs = logs(source, before, after);
        if logs.is_empty() {
            continue;
        }
        let earlier = state.ingested_at.insert(source.to_owned(), now);
        news.extend(facts(source, kept, &logs, earlier, now)?);
    }
    for fact in &news {
        if !state.facts.contains(fact) {
            state.facts.push(fact.clone());
        }
    }
    if !state.ingested_at.is_empty() {
        let mut text = serde_json::to_vec_pretty(&state)?;
        text.push(b'\n');
        write_file(&lake.join(FILE), &text).with_context(|| format!("cannot write {}", lake.join(FILE).display()))?;
    }
    Ok(news.iter().map(retention_note).collect())
}

/// The source's files that still are where they were read from.
fn logs(source: &str, before: &[Ingested], after: &[Ingested]) -> Vec<Log> {
    let known: BTreeMap<&str, i64> =
        before.iter().map(|entry| (entry.source_file.as_str(), entry.modified_ns)).collect();
    after
        .iter()
        .filter(|entry| entry.source == source)
        .filter_map(|entry| {
            let path = PathBuf::from(&entry.source_file);
            let modified = Timestamp::try_from(std::fs::metadata(&path).ok()?.modified().ok()?).ok()?;
            let was_known = known.get(entry.source_file.as_str()) == Some(&entry.modified_ns);
            Some(Log { path, modified, was_known })
        })
        .collect()
}

/// What one source's logs say, the tightest of all its roots.
fn facts(
    source: &str,
    default_days: i64,
    logs: &[Log],
    earlier: Option<Timestamp>,
    now: Timestamp,
) -> anyhow::Result<Vec<RetentionFact>> {
    let mut roots: BTreeMap<Option<PathBuf>, Vec<&Log>> = BTreeMap::new();
    for log in logs {
        roots.entry(root_of(&log.path)).or_default().push(log);
    }
    let days = |days: i64| SignedDuration::from_hours(24 * days);
    let day = |moment: Timestamp| moment.to_zoned(jiff::tz::TimeZone::UTC).date();
    let mut found: BTreeMap<&str, RetentionFact> = BTreeMap::new();
    for (root, logs) in roots {
        let setting = root.as_deref().and_then(cleanup_period_days);
        let kept_days = setting.unwrap_or(default_days);
        let oldest = logs.iter().map(|log| log.modified).min().unwrap_or(now);
        if now.duration_since(oldest) > days(kept_days + 1) {
            // Older logs are still there: nobody deletes them here.
            continue;
        }
        let fact = |state: &str, from: Timestamp, to: Timestamp| RetentionFact {
            source: source.to_owned(),
            state: state.to_owned(),
            kept_days,
            kept_by: if setting.is_some() { "setting" } else { "default" }.to_owned(),
            from: day(from),
            to: day(to),
        };
        let mut tightest = |fact: RetentionFact| {
            let state = if fact.state == "gap" { "gap" } else { "at_risk" };
            let is_tighter = found.get(state).is_none_or(|known| fact.kept_days < known.kept_days);
            if is_tighter {
                found.insert(state, fact);
            }
        };
        if let Some(earlier) = earlier
            && now.duration_since(earlier) > days(kept_days)
        {
            tightest(fact("gap", earlier, now.checked_sub(days(kept_days))?));
        }
        let unread = logs.iter().filter(|log| !log.was_known).map(|log| log.modified).min();
        if let Some(unread) = unread
            && now.duration_since(unread) >= days(kept_days - MARGIN_DAYS)
        {
            let goes = unread.checked_add(days(kept_days))?;
            tightest(fact("at_risk", goes, goes));
        }
    }
    Ok(found.into_values().collect())
}

/// The directory of the tool's settings: the one that holds `projects/`.
fn root_of(log: &Path) -> Option<PathBuf> {
    let projects = log.ancestors().find(|path| path.file_name().is_some_and(|name| name == "projects"))?;
    projects.parent().map(Path::to_path_buf)
}

/// `cleanupPeriodDays` of the settings beside the logs; none where there are no settings or they do not say.
fn cleanup_period_days(root: &Path) -> Option<i64> {
    /// Settings beyond this are none.
    const SETTINGS_BYTES: u64 = 1 << 20;
    let path = root.join("settings.json");
    let is_small = std::fs::symlink_metadata(&path).is_ok_and(|meta| meta.is_file() && meta.len() <= SETTINGS_BYTES);
    let text = is_small.then(|| std::fs::read_to_string(&path).ok()).flatten()?;
    let settings: serde_json::Value = serde_json::from_str(&text).ok()?;
    settings["cleanupPeriodDays"].as_i64().filter(|days| (1..=36_500).contains(days))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(path: &Path, modified_ns: i64) -> Ingested {
        Ingested {
            source_file: path.display().to_string(),
            source: "claude_code".into(),
            content_id: String::new(),
            committed_bytes: 0,
            first_line_hash: 0,
            file_bytes: 0,
            modified_ns,
            changed_ns: 0,
            records: 0,
            rejects: 0,
            ignored: BTreeMap::new(),
            version: 1,
        }
    }

    /// A directory with a log of each age in days.
    fn home(ages: &[i64]) -> (tempfile::TempDir, Vec<Ingested>, Timestamp) {
        let dir = tempfile::tempdir().unwrap();
        let projects = dir.path().join(".claude/projects/shop");
        std::fs::create_dir_all(&projects).unwrap();
        std::fs::create_dir_all(dir.path().join("lake")).unwrap();
        let now: Timestamp = "2026-06-30T12:00:00Z".parse().unwrap();
        let entries = ages
            .iter()
            .map(|age| {
                let path = projects.join(format!("{age}.jsonl"));
                std::fs::write(&path, "{}").unwrap();
                let modified = now - SignedDuration::from_hours(24 * age);
                std::fs::File::options().write(true).open(&path).unwrap().set_modified(modified.into()).unwrap();
                entry(&path, *age)
            })
            .collect();
        (dir, entries, now)
    }

    #[test]
    fn an_ingest_in_time_has_nothing_to_say_and_a_late_one_has() {
        let (dir, entries, now) = home(&[1, 10]);
        let lake = dir.path().join("lake");
        assert_eq!(look(&lake, &[], &entries, now).unwrap(), Vec::<String>::new());
        let later = now + SignedDuration::from_hours(24 * 15);
        // The one of ten days is known and may go; nothing new was left lying.
        assert_eq!(look(&lake, &entries, &entries, later).unwrap(), Vec::<String>::new());
        let notes = look(&lake, &entries[..1], &entries, later).unwrap();
        assert_eq!(notes.len(), 1);
        assert!(
            notes[0].starts_with("Logs of claude_code go from 2026-07-20 on: the tool keeps 30 days unless"),
            "{notes:?}"
        );
        assert_eq!(remembered(&lake).unwrap()[0].state, "at_risk");
        assert!(look(&lake, &entries, &entries, later).unwrap().is_empty());
        assert!(remembered(&lake).unwrap().is_empty(), "news once");
    }

    #[test]
    fn more_than_the_retention_between_two_ingests_is_a_gap_that_stays() {
        let (dir, entries, now) = home(&[1]);
        let lake = dir.path().join("lake");
        let earlier = now - SignedDuration::from_hours(24 * 45);
        std::fs::write(lake.join(FILE), format!("{{\"ingested_at\":{{\"claude_code\":\"{earlier}\"}},\"facts\":[]}}"))
            .unwrap();
        let notes = look(&lake, &[], &entries, now).unwrap();
        assert!(notes[0].starts_with("Logs of claude_code from 2026-05-16 to 2026-05-31 may be gone"), "{notes:?}");
        look(&lake, &entries, &entries, now).unwrap();
        let facts = remembered(&lake).unwrap();
        assert_eq!((facts.len(), facts[0].state.as_str(), facts[0].kept_by.as_str()), (1, "gap", "default"));
    }

    #[test]
    fn settings_beside_the_logs_decide_and_older_logs_say_that_nothing_is_deleted() {
        let (dir, entries, now) = home(&[5]);
        let lake = dir.path().join("lake");
        std::fs::write(dir.path().join(".claude/settings.json"), r#"{"cleanupPeriodDays": 10}"#).unwrap();
        let notes = look(&lake, &[], &entries, now).unwrap();
        assert!(notes[0].contains("keeps 10 days by its settings"), "{notes:?}");
        std::fs::write(dir.path().join(".claude/settings.json"), "{").unwrap();
        assert!(look(&lake, &[], &entries, now).unwrap().is_empty(), "unreadable settings say nothing");
        let (dir, entries, now) = home(&[25, 400]);
        assert!(look(&dir.path().join("lake"), &[], &entries, now).unwrap().is_empty(), "kept for more than a year");
    }
}
