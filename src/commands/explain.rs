//! `footlight explain`: one unit's evidence, as it adds up. Real names only with a reason, and a line in the access log.

use super::settings::Settings;
use super::{Exit, RefusedError, UsageError};
use crate::cli::{ExplainArgs, Global};
use crate::output::Printer;
use crate::report::case::{CaseFile, CaseReading, Origin};
use crate::report::escape::plain;
use crate::results::{RunFile, explanation, read, write_file};
use crate::score::rows::{ActorWeekRow, AttributionRow, FindingRow, SessionRow, SessionSourceRow, SignalRow};
use anyhow::Context;
use std::path::Path;

/// Runs the command.
pub async fn run(args: &ExplainArgs, global: &Global, printer: Printer) -> anyhow::Result<Exit> {
    let Some(mut case) = case_file(&args.out.out, &args.unit)? else {
        return Err(UsageError(format!(
            "there is no session or week `{}` in {}; ids stand in tables/sessions.parquet",
            plain(&args.unit),
            args.out.out.display()
        ))
        .into());
    };
    if args.identify {
        case.account = Some(identify(args, global, case.session.as_ref()).await?);
    }
    if let Some(path) = &args.html {
        write_file(path, case.html()?.as_bytes()).with_context(|| format!("cannot write {}", path.display()))?;
        printer.note(&format!("case file: {}", path.display()));
    }
    printer.text(&case.text())?;
    let mut answer = serde_json::to_value(&case)?;
    if let Some(answer) = answer.as_object_mut() {
        answer.insert("schema_version".to_owned(), 1.into());
        answer.insert("status".to_owned(), Exit::Done.word().into());
        answer.insert("exit_code".to_owned(), 0.into());
    }
    printer.json(&answer)?;
    Ok(Exit::Done)
}

/// Everything that a run left about one unit; `None` when there is no such unit.
fn case_file(out: &Path, unit: &str) -> anyhow::Result<Option<CaseFile>> {
    let Some(explanation) = explanation(out, unit)? else { return Ok(None) };
    let file = RunFile::read(out)?;
    let session = read::<SessionRow>(out)?.into_iter().find(|row| row.session_id == unit);
    let week = read::<ActorWeekRow>(out)?.into_iter().find(|row| format!("{}/{}", row.actor, row.iso_week) == unit);
    let readings = read::<SignalRow>(out)?
        .iter()
        .filter(|row| row.unit_id == unit && row.scope == explanation.scope)
        .map(|row| CaseReading::new(row, &file.catalogue))
        .collect();
    let objection = session.as_ref().map(|row| &row.objection).or(week.as_ref().map(|row| &row.objection));
    Ok(Some(CaseFile {
        score_hundredths: explanation.score_db.map(|score| (score * 100.0).round() as i64),
        objection: objection.cloned().unwrap_or_default(),
        findings: read::<FindingRow>(out)?.into_iter().filter(|row| row.session_id == unit).collect(),
        attribution: read::<AttributionRow>(out)?.into_iter().filter(|row| row.session_id == unit).collect(),
        sources: read::<SessionSourceRow>(out)?.into_iter().filter(|row| row.session_id == unit).collect(),
        account: None,
        origin: origin(&file),
        explanation,
        session,
        week,
        readings,
    }))
}

/// Where the numbers of a run come from.
pub(super) fn origin(file: &RunFile) -> Origin {
    Origin {
        footlight_version: file.run.footlight_version.clone(),
        policy_hash: file.run.policy_hash.clone(),
        as_of: file.run.as_of.map_or_else(String::new, |at| at.to_string()),
    }
}

/// The account behind the pseudonym, after the access log has its line.
async fn identify(args: &ExplainArgs, global: &Global, session: Option<&SessionRow>) -> anyhow::Result<String> {
    let (Some(reason), Some(lake)) = (args.reason.as_deref(), args.lake.as_deref()) else {
        return Err(RefusedError("--identify needs --reason and --lake".into()).into());
    };
    super::access::check_reason("--identify", reason)?;
    let pseudonym = session
        .map(|session| session.actor.clone())
        .or_else(|| args.unit.rsplit_once('/').map(|(actor, _)| actor.to_owned()))
        .ok_or_else(|| UsageError("there is nobody behind this unit".into()))?;
    let settings = Settings::resolve(global)?;
    super::access::identify(lake, &settings.config, &pseudonym, &args.unit, reason).await
}
