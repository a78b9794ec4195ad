//! `footlight run`: the batch job. Ingest what is new, score, cluster, report, and leave a record.

use super::earlier::compared;
use super::hold::hold;
use super::record::RunRecord;
use super::settings::{Settings, span};
use super::{Exit, cluster, dry_run, ingest, report, score, standing};
use crate::cli::{Global, RunArgs};
use crate::lake::Lake;
use crate::output::Printer;
use crate::privacy::Pseudonyms;
use std::time::Duration;

/// Runs the command.
pub async fn run(args: &RunArgs, global: &Global, printer: Printer) -> anyhow::Result<Exit> {
    let settings = Settings::resolve(global)?;
    cluster::check(&args.scoring.machines)?;
    if args.dry_run {
        let options = settings.ingest(&args.ingest, span(&args.scoring)?.as_of_us)?;
        return dry_run::run(args, &settings, &options, printer).await;
    }
    pipeline(args, &settings, printer, |exit| exit).await
}

/// The stages, one after the other. A stage that fails leaves what the stages before it committed, and nothing half-written; the record
/// says how far it came. `ends` is how the process ends where the stages are done so.
pub async fn pipeline(
    args: &RunArgs,
    settings: &Settings,
    printer: Printer,
    ends: fn(Exit) -> Exit,
) -> anyhow::Result<Exit> {
    let mut record = RunRecord::begin(args, settings);
    match stages(args, settings, printer, &mut record).await {
        Ok((exit, said)) => {
            let ended = ends(exit);
            let mut answer = serde_json::json!({
                "schema_version": 1, "status": ended.word(), "exit_code": ended as u8,
                "ingest": record.ingest, "score": record.score, "freshness": record.freshness,
                "results_stand": record.results_stand, "report": args.out.out.join("report.html"), "answer": said,
            });
            let path = record.finish(exit, None);
            if let Some(answer) = answer.as_object_mut() {
                answer.insert("run_record".to_owned(), serde_json::to_value(path)?);
            }
            printer.json(&answer)?;
            Ok(ended)
        }
        Err(error) => {
            record.finish(super::exit_of(&error), Some(super::message(&error)));
            Err(error)
        }
    }
}

async fn stages(
    args: &RunArgs,
    settings: &Settings,
    printer: Printer,
    record: &mut RunRecord,
) -> anyhow::Result<(Exit, serde_json::Value)> {
    let options = settings.ingest(&args.ingest, span(&args.scoring)?.as_of_us)?;
    settings.models(args.scoring.queries.as_deref())?;
    // Before anything is written: the report that it names may be the one that this run replaces.
    let compared = match &args.compared.compare {
        Some(named) => Some(compared(named).await?),
        None => None,
    };
    let read = ingest::into_lake(&args.ingest, settings, &options, printer).await?;
    printer.text(&ingest::text(&read))?;
    ingest::hints(&read, &args.ingest.lake).iter().for_each(|hint| printer.note(hint));
    let exit = if read.is_partial() { Exit::Partial } else { Exit::Done };
    record.ingest = Some(read);
    let lake = Lake::open(&args.ingest.lake)?;
    let out = args.out.out.as_path();
    // Results depend on the key, which the first run on a lake makes.
    Pseudonyms::open(settings.config.privacy.key_file.as_deref(), lake.root())?;
    let _held = hold(&lake, out, Duration::from_secs(args.ingest.lock_timeout)).await?;
    // Before scoring: what is committed while it goes on is not in its results.
    let basis = standing::basis(&lake, settings, args);
    if let Some(standing) = basis.as_deref().and_then(|basis| standing::find(&lake, out, basis)) {
        record.stands(&standing);
        printer
            .text(&format!("nothing that the results depend on has changed: they stand\n\n{}", standing.headline))?;
        return Ok((exit, standing.answer));
    }
    record.look_at(&lake, settings).await?;
    let scored = score::score_lake(&lake, settings, &args.scoring, &args.out, Some(&args.ingest)).await?;
    printer.text(&score::text(&scored, out))?;
    record.score = Some(scored.clone());
    let written = report::write(out, Some((&lake, settings)), compared).await?;
    let (answer, headline) = (serde_json::to_value(&written.answer)?, report::headline(&written, out));
    printer.text(&format!("\n{headline}"))?;
    record.digest_tables();
    if let Some(basis) = basis {
        let left = (scored, record.freshness.clone(), record.tables_digest.clone());
        standing::remember(&lake, out, basis, left, answer.clone(), headline);
    }
    Ok((exit, answer))
}
