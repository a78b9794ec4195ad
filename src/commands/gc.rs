//! `footlight gc`: what is older than its retention leaves, small files are joined, and files that no version needs any more are removed.
//!
//! Each table changes in one commit, and files go only after it: a run that is killed leaves every table as it was or as it should be.

use super::expiry::{Expiry, kept_from_us};
use super::receipts::{Receipt, write_receipt};
use super::settings::{Settings, moment_us};
use super::{Exit, run_facts};
use crate::cli::{GcArgs, Global};
use crate::config::RetentionConfig;
use crate::lake::{Lake, OldFiles, Purged, Table, TableChange};
use crate::output::Printer;
use anyhow::Context;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::Value;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What is due.
pub struct Due {
    /// Rows by table.
    pub tables: Vec<TableChange>,
    /// Files of older versions that nobody needs any more.
    pub purged: Purged,
    /// Records of runs that are too old.
    pub run_records: Vec<PathBuf>,
    /// Original logs that are too old and still there.
    pub raw: Vec<String>,
}

impl Due {
    /// Looks what is due in a lake. Writes nothing.
    pub async fn of(lake: &Lake, retention: &RetentionConfig, as_of: Timestamp) -> anyhow::Result<Self> {
        let expiry = Expiry::new(lake, retention, as_of).await?;
        let mut tables = Vec::new();
        let mut purged = Purged::default();
        for table in Table::ALL {
            tables.push(lake.plan_rewrite(table, &expiry).await?);
            add(&mut purged, lake.vacuum(table, old_versions(retention, as_of)?, true).await?);
        }
        Ok(Self {
            tables,
            purged,
            run_records: old_records(lake.root(), retention, as_of)?,
            raw: raw(lake, retention, as_of).await?,
        })
    }
}

/// Runs the command.
pub async fn run(args: &GcArgs, global: &Global, printer: Printer) -> anyhow::Result<Exit> {
    let settings = Settings::resolve(global)?;
    let retention = &settings.config.retention;
    let as_of = moment_us(args.as_of.as_deref())?.map_or_else(|| Ok(Timestamp::now()), Timestamp::from_microsecond)?;
    let lake = Lake::open(&args.lake)?;
    if args.dry_run {
        let due = Due::of(&lake, retention, as_of).await?;
        printer.text(&text("would remove", &due.tables, due.purged, due.run_records.len(), &due.raw))?;
        printer.json(&serde_json::json!({
            "schema_version": 1, "status": Exit::Done.word(), "exit_code": 0, "dry_run": true, "as_of": as_of,
            "kept_from": kept_from(retention, as_of)?, "tables": due.tables, "purged": due.purged,
            "run_records": due.run_records, "raw_logs_over_retention": due.raw,
        }))?;
        return Ok(Exit::Done);
    }
    let lake = Lake::open_for_writing(&args.lake, Duration::from_secs(args.lock_timeout)).await?;
    let expiry = Expiry::new(&lake, retention, as_of).await?;
    let mut tables = Vec::new();
    for table in Table::ALL {
        tables.push(lake.rewrite(table, &expiry, true).await?);
    }
    let mut purged = Purged::default();
    for table in Table::ALL {
        add(&mut purged, lake.vacuum(table, old_versions(retention, as_of)?, false).await?);
    }
    let records = old_records(lake.root(), retention, as_of)?;
    for path in &records {
        std::fs::remove_file(path).with_context(|| format!("cannot remove {}", path.display()))?;
    }
    let raw = raw(&lake, retention, as_of).await?;
    let did_something = purged.files > 0 || !records.is_empty() || tables.iter().any(|table| table.files_replaced > 0);
    let receipt = Receipt {
        run_records_changed: Some(records.len()),
        kept_from: Some(kept_from(retention, as_of)?),
        ..Receipt::new("gc", run_facts::policy_hash(&settings)?, tables, purged)
    };
    let path = if did_something { Some(write_receipt(lake.root(), &receipt)?) } else { None };
    let mut out = text("removed", &receipt.tables, purged, records.len(), &raw);
    if let Some(path) = &path {
        let _ = writeln!(out, "receipt: {}", path.display());
    }
    printer.text(&out)?;
    printer.json(&serde_json::json!({
        "schema_version": 1, "status": Exit::Done.word(), "exit_code": 0, "as_of": as_of, "receipt": receipt,
        "written_to": path, "raw_logs_over_retention": raw,
    }))?;
    Ok(Exit::Done)
}

fn add(all: &mut Purged, one: Purged) {
    all.files += one.files;
    all.bytes += one.bytes;
}

/// Files of older versions are kept from this moment on. It is counted back from the machine's clock at most: a moment that lies ahead must not
/// take files away from readers of today.
fn old_versions(retention: &RetentionConfig, as_of: Timestamp) -> anyhow::Result<OldFiles> {
    let at = as_of.min(Timestamp::now()).to_zoned(TimeZone::UTC);
    let day = retention.versions.before(at.date())?;
    let from: DateTime = day.to_datetime(at.time());
    Ok(OldFiles::LeftBefore(from.to_zoned(TimeZone::UTC)?.timestamp().as_millisecond()))
}

/// Records of runs that are too old, by the time in their names.
fn old_records(lake: &Path, retention: &RetentionConfig, as_of: Timestamp) -> anyhow::Result<Vec<PathBuf>> {
    let directory = lake.join("runs");
    let Some(age) = retention.runs.filter(|_| directory.is_dir()) else { return Ok(Vec::new()) };
    let from = Timestamp::from_microsecond(kept_from_us(age, as_of)?)?
        .to_zoned(TimeZone::UTC)
        .strftime("%Y%m%dT%H%M%SZ")
        .to_string();
    let mut old = Vec::new();
    for entry in std::fs::read_dir(&directory)? {
        let path = entry?.path();
        let run_id = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
        let is_record = path.extension().is_some_and(|extension| extension == "json");
        if is_record && run_id.starts_with(|c: char| c.is_ascii_digit()) && run_id < from.as_str() {
            old.push(path);
        }
    }
    old.sort();
    Ok(old)
}

/// Original logs that were last written before the retention and are still where ingest read them. They are not the lake's to remove.
async fn raw(lake: &Lake, retention: &RetentionConfig, as_of: Timestamp) -> anyhow::Result<Vec<String>> {
    let Some(age) = retention.raw else { return Ok(Vec::new()) };
    let from_us = kept_from_us(age, as_of)?;
    let mut old: Vec<String> = Vec::new();
    let ledger = crate::lake::Ledger::read(lake).await?;
    for entry in ledger.entries() {
        let is_old = entry.modified_ns > 0 && entry.modified_ns / 1_000 < from_us;
        if is_old && Path::new(&entry.source_file).is_file() {
            old.push(entry.source_file.clone());
        }
    }
    old.sort();
    Ok(old)
}

/// The first moment that is kept, by key of `[retention]`.
pub fn kept_from(retention: &RetentionConfig, as_of: Timestamp) -> anyhow::Result<Value> {
    let mut kept = serde_json::Map::new();
    for (key, age) in retention.entries().into_iter().filter(|(key, _)| *key != "versions") {
        let from = age.map(|age| kept_from_us(age, as_of).map(Timestamp::from_microsecond)).transpose()?.transpose()?;
        kept.insert(key.to_owned(), serde_json::to_value(from)?);
    }
    Ok(Value::Object(kept))
}

fn text(verb: &str, tables: &[TableChange], purged: Purged, records: usize, raw: &[String]) -> String {
    let mut out = String::new();
    for table in tables {
        if table.rows_removed > 0 || table.files_replaced > 0 {
            let _ = writeln!(
                out,
                "{:<12}{verb} {} of {} rows; {} files, {} before",
                table.table, table.rows_removed, table.rows_before, table.files_after, table.files_before
            );
        }
    }
    let _ = writeln!(
        out,
        "{verb} {} data files that are no part of the lake any more, {} bytes",
        purged.files, purged.bytes
    );
    if records > 0 {
        let _ = writeln!(out, "{verb} {records} records of runs");
    }
    if !raw.is_empty() {
        let _ = writeln!(
            out,
            "{} original logs are older than [retention] raw and still there; gc does not remove them:",
            raw.len()
        );
        for name in raw.iter().take(20) {
            let _ = writeln!(out, "  {}", crate::privacy::terminal(name));
        }
    }
    out
}
