//! `footlight verify`: whether the lake is whole, and with `--retention` whether anything in it is older than it may be.

use super::erasure::Erased;
use super::gc::Due;
use super::settings::{Settings, moment_us};
use super::{Exit, message};
use crate::cli::{Global, VerifyArgs};
use crate::lake::{Finding, Lake, Verified};
use crate::output::Printer;
use jiff::Timestamp;
use std::fmt::Write as _;

/// Runs the command.
pub async fn run(args: &VerifyArgs, global: &Global, printer: Printer) -> anyhow::Result<Exit> {
    let settings = Settings::resolve(global)?;
    let lake = Lake::open(&args.lake)?;
    let mut verified = lake.verify().await?;
    let beside = |problem: String| Finding { table: "tombstones", file: String::new(), problem };
    match Erased::read(lake.root(), &settings) {
        Ok(Some(erased)) if erased.is_unfinished() => {
            let problem = "an erasure was cut short: the next ingest finishes it, or forget with --yes".to_owned();
            verified.findings.push(beside(problem));
        }
        Ok(_) => {}
        Err(error) => verified.findings.push(beside(message(&error))),
    }
    // What is damaged cannot be asked how old it is.
    let overdue = match (args.retention, verified.findings.is_empty()) {
        (true, true) => {
            let as_of =
                moment_us(args.as_of.as_deref())?.map_or_else(|| Ok(Timestamp::now()), Timestamp::from_microsecond)?;
            Some(overdue(&Due::of(&lake, &settings.config.retention, as_of).await?))
        }
        _ => None,
    };
    let exit = match &overdue {
        _ if !verified.findings.is_empty() => Exit::Damaged,
        Some(overdue) if !overdue.is_empty() => Exit::GateFailed,
        _ => Exit::Done,
    };
    printer.text(&text(&verified, overdue.as_deref()))?;
    printer.json(&serde_json::json!({
        "schema_version": 1, "status": exit.word(), "exit_code": exit as u8,
        "tables": verified.tables, "findings": verified.findings, "overdue": overdue,
    }))?;
    Ok(exit)
}

/// What is older than it may be, in words.
fn overdue(due: &Due) -> Vec<String> {
    let tables = due.tables.iter().filter(|table| table.rows_removed > 0);
    let mut overdue: Vec<String> = tables
        .map(|table| format!("{} of {} rows of {}", table.rows_removed, table.rows_before, table.table))
        .collect();
    for (count, what) in [
        (due.purged.files, "data files of older versions"),
        (due.run_records.len(), "records of runs"),
        (due.raw.len(), "original logs that are still where they were read"),
    ] {
        if count > 0 {
            overdue.push(format!("{count} {what}"));
        }
    }
    overdue
}

fn text(verified: &Verified, overdue: Option<&[String]>) -> String {
    let mut out = String::new();
    for table in &verified.tables {
        let version = table.version.map_or_else(|| "?".to_owned(), |version| version.to_string());
        let _ = write!(
            out,
            "{:<12}version {version:>4}  {:>5} files  {:>12} rows  {:>14} bytes",
            table.table, table.files, table.rows, table.bytes
        );
        if table.files_without_digest > 0 {
            let _ = write!(out, "  {} files of an earlier version, without a digest", table.files_without_digest);
        }
        out.push('\n');
    }
    for finding in &verified.findings {
        let _ = writeln!(out, "damaged: {}/{}: {}", finding.table, finding.file, finding.problem);
    }
    if verified.findings.is_empty() {
        out.push_str("the lake is whole\n");
    }
    for one in overdue.unwrap_or_default() {
        let _ = writeln!(out, "older than its retention: {one}");
    }
    if overdue.is_some_and(<[String]>::is_empty) {
        out.push_str("nothing is older than its retention\n");
    }
    out
}
