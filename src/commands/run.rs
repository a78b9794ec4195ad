//! `footlight run`: the batch job. Ingest what is new, score, cluster, report.

use super::settings::{Settings, as_of_us};
use super::{Exit, ingest, report, score};
use crate::cli::{Global, RunArgs};
use crate::lake::Lake;
use crate::output::Printer;

/// Runs the command.
pub async fn run(args: &RunArgs, global: &Global, printer: Printer) -> anyhow::Result<Exit> {
    let settings = Settings::resolve(global)?;
    pipeline(args, &settings, printer).await
}

/// The stages, one after the other. A stage that fails leaves what the stages before it committed, and nothing half-written.
pub async fn pipeline(args: &RunArgs, settings: &Settings, printer: Printer) -> anyhow::Result<Exit> {
    let options = settings.ingest(&args.ingest, as_of_us(&args.scoring)?)?;
    let read = ingest::into_lake(&args.ingest, &options, printer).await?;
    printer.text(&ingest::text(&read))?;
    let lake = Lake::open(&args.ingest.lake)?;
    let scored = score::score_lake(&lake, settings, &args.scoring, &args.out, &args.ingest.input).await?;
    printer.text(&score::text(&scored, &args.out.out))?;
    let written = report::write(&args.out.out, None)?;
    printer.text(&format!("\n{}", report::headline(&written, &args.out.out)))?;
    let exit = if read.is_partial() { Exit::Partial } else { Exit::Done };
    printer.json(&serde_json::json!({
        "schema_version": 1, "status": exit.word(), "exit_code": exit as u8, "ingest": read, "score": scored,
        "report": args.out.out.join("report.html"), "answer": written.answer,
    }))?;
    Ok(exit)
}
