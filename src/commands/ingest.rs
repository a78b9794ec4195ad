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
use std::path::Path;
use std::time::Duration;

/// Runs the command.
pub async fn run(args: &IngestArgs, global: &Global, printer: Printer) -> anyhow::Result<Exit> {
    let settings = Settings::resolve(global)?;
    let options = settings.ingest(args, None)?;
    let summary = into_lake(args, &settings, &options, printer).await?;
    let exit = if summary.is_partial() { Exit::Partial } else { Exit::Done };
    printer.text(&text(&summary))?;
    hints(&summary, &args.lake).iter().for_each(|hint| printer.note(hint));
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

/// What to do where nothing was found or something was rejected; a sentence each.
pub fn hints(summary: &Summary, lake: &Path) -> Vec<String> {
    let mut hints = Vec::new();
    if summary.files_found == 0 {
        hints.push(
            "There is no file below --input: name the directory in which a tool keeps its logs, or files.".to_owned(),
        );
    } else if summary.files_read + summary.files_unchanged + summary.files_known == 0 {
        hints.push(
            "None of these files was read: `footlight sources` lists what can be, `footlight sources try FILE` says \
             why one is not."
                .to_owned(),
        );
    }
    if !summary.rejected.is_empty() {
        hints.push(format!(
            "What was rejected: footlight query --lake {} \"select source_file, byte_offset, reason, detail from quarantine\"",
            lake.display()
        ));
    }
    hints
}

/// Names of fields that a summary for people has.
const FIELDS_SHOWN: usize = 8;

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
    if !summary.unknown_fields.is_empty() {
        let names: Vec<String> = summary.unknown_fields.keys().take(FIELDS_SHOWN).map(|name| terminal(name)).collect();
        let more = if summary.unknown_fields.len() > FIELDS_SHOWN { ", ..." } else { "" };
        let _ = writeln!(out, "  fields that are not known, and kept nowhere: {}{more}", names.join(", "));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_said_what_to_do_where_nothing_was_read() {
        let hinted = |summary: &Summary| hints(summary, Path::new("a lake")).join("\n");
        let mut summary = Summary::default();
        assert!(hinted(&summary).starts_with("There is no file below --input"));
        summary.files_found = 2;
        summary.rejected.insert("unknown_format".to_owned(), 1);
        let said = hinted(&summary);
        assert!(
            said.contains("footlight sources try FILE") && said.contains("--lake a lake \"select source_file"),
            "{said}"
        );
        (summary.files_unchanged, summary.rejected) = (2, BTreeMap::new());
        assert_eq!(hinted(&summary), "");
    }

    #[test]
    fn a_column_that_nobody_knows_is_named() {
        let mut summary = Summary::default();
        assert!(!text(&summary).contains("fields"));
        summary.unknown_fields.insert("canonical.team".to_owned(), 1);
        assert!(text(&summary).contains("fields that are not known, and kept nowhere: canonical.team\n"));
        summary.unknown_fields.extend((0..20).map(|number| (format!("canonical.x{number:02}"), 1)));
        assert!(text(&summary).contains(", canonical.x06, ...\n"), "{}", text(&summary));
    }
}
