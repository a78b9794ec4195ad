//! `footlight run --dry-run`: the plan of a run. Nothing is written, not even a lake.

use super::ingest::passed_over;
use super::settings::Settings;
use super::{Exit, report, run_facts};
use crate::cli::RunArgs;
use crate::engine::Store;
use crate::ingest::{IngestOptions, Planned, dry_run};
use crate::lake::{Lake, LakeError};
use crate::output::Printer;
use crate::privacy::Pseudonyms;
use crate::report::escape::plain;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Files that the text names at most; `--json` has all.
const SHOWN: usize = 20;

/// Prints the plan.
pub async fn run(
    args: &RunArgs,
    settings: &Settings,
    options: &IngestOptions,
    printer: Printer,
) -> anyhow::Result<Exit> {
    let lake = match Lake::open(&args.ingest.lake) {
        Ok(lake) => Some(lake),
        Err(LakeError::Missing(_)) => None,
        Err(error) => return Err(error.into()),
    };
    if let Some(lake) = &lake {
        Pseudonyms::existing(options.key_file.as_deref(), lake.root())?;
    }
    let planned = dry_run(lake.as_ref(), options).await?;
    let (models, _) = settings.models(args.scoring.queries.as_deref())?;
    let mut text = words(&planned, lake.is_some());
    let names: Vec<&str> = models.iter().map(|model| model.name()).collect();
    let signals = names.iter().filter(|name| name.starts_with("sig_")).count();
    let tables = models.iter().filter(|model| model.header.store == Store::Table).count();
    let released = match &lake {
        Some(lake) if args.out.out.join("run.json").is_file() => {
            Some(report::plan(&args.out.out, Some((lake, settings)))?)
        }
        _ => None,
    };
    if let Some(released) = &released {
        let _ = writeln!(text, "of the tables that are there now it {}", report::words(released));
    }
    let (lake_path, out) = (args.ingest.lake.display(), args.out.out.display());
    let _ = writeln!(text, "would run {} models: {signals} signals, {tables} kept as tables", names.len());
    let _ = writeln!(text, "would write {lake_path} and {out}; nothing was written");
    printer.text(&text)?;
    printer.json(&serde_json::json!({
        "schema_version": 1, "status": Exit::Done.word(), "exit_code": 0, "dry_run": true,
        "lake_exists": lake.is_some(), "plan": planned, "models": names, "policy_hash": run_facts::policy_hash(settings)?, "released": released,
        "objections": settings.objections, "lake": args.ingest.lake, "out": args.out.out,
    }))?;
    Ok(Exit::Done)
}

fn words(planned: &Planned, lake_exists: bool) -> String {
    let mut text = String::new();
    if !lake_exists {
        let _ = writeln!(text, "there is no lake yet: it would be made");
    }
    let mut states = BTreeMap::<&str, usize>::new();
    for file in &planned.files {
        *states.entry(file.state).or_default() += 1;
    }
    let states: Vec<String> = states.iter().map(|(state, count)| format!("{count} {state}")).collect();
    let states = if states.is_empty() { "none".to_owned() } else { states.join(", ") };
    let _ = writeln!(text, "would read files: {states}; {} bytes", planned.bytes);
    for file in planned.files.iter().take(SHOWN) {
        let _ = writeln!(text, "  {:>12} {:<8} {:<12} {}", file.bytes, file.state, file.source, plain(&file.name));
    }
    if planned.files.len() > SHOWN {
        let _ = writeln!(text, "  and {} more; --json lists all", planned.files.len() - SHOWN);
    }
    let _ = writeln!(
        text,
        "would leave alone {} unchanged, {} known under another name, {} excluded, {} that are no logs",
        planned.unchanged,
        planned.known,
        planned.excluded,
        planned.unrecognised.len()
    );
    text.push_str(&passed_over(&planned.passed_over));
    for (name, reason) in planned.rejected.iter().take(SHOWN) {
        let _ = writeln!(text, "would reject {}: {reason}", plain(name));
    }
    text
}
