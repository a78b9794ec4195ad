//! `footlight ingest`.

use super::settings::Settings;
use super::{Exit, erasure, retention};
use crate::cli::{Global, IngestArgs};
use crate::ingest::{IngestOptions, Summary, ingest};
use crate::lake::Lake;
use crate::output::{IngestProgress, Printer};
use crate::privacy::{Pseudonyms, terminal};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

/// Runs the command.
pub async fn run(args: &IngestArgs, global: &Global, printer: Printer) -> anyhow::Result<Exit> {
    let settings = Settings::resolve(global)?;
    let options = settings.ingest(args, None)?;
    let summary = into_lake(args, &settings, &options, printer).await?;
    let exit = if summary.is_partial() { Exit::Partial } else { Exit::Done };
    printer.text(&text(&summary))?;
    printer.json(&serde_json::json!({
        "schema_version": 1, "status": exit.word(), "exit_code": exit as u8, "ingest": summary,
    }))?;
    Ok(exit)
}

/// Reads what is new into the lake that `args` names.
pub async fn into_lake(
    args: &IngestArgs,
    settings: &Settings,
    options: &IngestOptions,
    printer: Printer,
) -> anyhow::Result<Summary> {
    let lake = Lake::open_for_writing(&args.lake, Duration::from_secs(args.lock_timeout)).await?;
    // What is needed after the commit is looked at before: a run that fails then has committed nothing.
    Pseudonyms::open(settings.config.privacy.key_file.as_deref(), lake.root())?;
    retention::remembered(lake.root())?;
    let before = retention::entries(&lake).await?;
    let mut summary = erasure::keeping_out(&lake, settings, options, async |options| {
        let progress = IngestProgress::new(printer.quiet);
        let summary = ingest(&lake, &options, &progress).await;
        progress.finish();
        Ok(summary?)
    })
    .await?;
    let after = retention::entries(&lake).await?;
    summary.retention = retention::look(lake.root(), &before, &after, jiff::Timestamp::now())?;
    Ok(summary)
}

/// A line on files that tools keep beside their logs; empty where there are none.
pub fn passed_over(counts: &BTreeMap<String, u64>) -> String {
    let all: u64 = counts.values().sum();
    let kinds: Vec<String> = counts.iter().map(|(kind, count)| format!("{kind} {count}")).collect();
    if all == 0 {
        String::new()
    } else {
        format!("  {all:>9} files passed over, kept by tools beside their logs: {}\n", kinds.join(", "))
    }
}

/// The summary for people.
pub fn text(summary: &Summary) -> String {
    let mut out = String::new();
    let _ = writeln!(
        out,
        "read {} of {} files ({} unchanged, {} known under another name, {} not logs)",
        summary.files_read,
        summary.files_found,
        summary.files_unchanged,
        summary.files_known,
        summary.files_unrecognised.len()
    );
    out.push_str(&passed_over(&summary.files_passed_over));
    for (table, rows) in &summary.added {
        if *rows > 0 && *table != "quarantine" {
            let _ = writeln!(out, "  {rows:>9} {table} added");
        }
    }
    if summary.duplicates > 0 {
        let _ = writeln!(out, "  {:>9} records seen before and counted once", summary.duplicates);
    }
    if summary.replaced > 0 {
        let _ = writeln!(out, "  {:>9} records replaced by a fuller copy", summary.replaced);
    }
    if summary.kept_out > 0 {
        let _ = writeln!(out, "  {:>9} records of erased people kept out", summary.kept_out);
    }
    if summary.expired > 0 {
        let _ = writeln!(out, "  {:>9} records older than the retention left out", summary.expired);
    }
    for (reason, count) in &summary.rejected {
        let _ = writeln!(out, "  {count:>9} rejected: {reason}");
    }
    let redacted: u64 = summary.redacted.values().sum();
    if redacted > 0 {
        let rules: Vec<String> = summary.redacted.iter().map(|(rule, count)| format!("{rule} {count}")).collect();
        let _ = writeln!(out, "  {redacted:>9} secrets redacted: {}", rules.join(", "));
    }
    if !summary.unpriced_models.is_empty() {
        let models: Vec<String> = summary.unpriced_models.keys().map(|model| terminal(model)).collect();
        let _ = writeln!(out, "  without a price: {}", models.join(", "));
    }
    for note in &summary.retention {
        let _ = writeln!(out, "  retention: {note}");
    }
    out
}
