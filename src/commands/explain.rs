//! `footlight explain`: one unit's evidence, as it adds up. Real names only with a reason, and a line in the access log.

use super::settings::Settings;
use super::{Exit, RefusedError, UsageError};
use crate::cli::{ExplainArgs, Global};
use crate::output::Printer;
use crate::report::case::{CaseFile, CaseReading, Exhibit, Origin};
use crate::report::escape::plain;
use crate::report::inputs::SignalEntry;
use crate::results::{RunFile, explanations, read, write_file};
use crate::score::explain::Explanation;
use crate::score::input::Scope;
use crate::score::rows::{ActorWeekRow, AttributionRow, FindingRow, SessionRow, SessionSourceRow, SignalRow};
use anyhow::Context;
use std::collections::BTreeMap;
use std::path::Path;

/// Runs the command.
pub async fn run(args: &ExplainArgs, global: &Global, printer: Printer) -> anyhow::Result<Exit> {
    let Some(mut case) = case_file(&args.out.out, &args.unit)? else {
        return Err(UsageError(format!(
            "there is no session or week `{}` in {}; ids of sessions stand in tables/sessions.parquet, a week is PSEUDONYM/2026-W07",
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

/// Everything that a run left about one unit, of a week with its sessions; `None` when there is no such unit.
fn case_file(out: &Path, unit: &str) -> anyhow::Result<Option<CaseFile>> {
    let mut sessions = read::<SessionRow>(out)?;
    let session = sessions.iter().find(|row| row.session_id == unit).cloned();
    let scope = if session.is_some() { Scope::Session } else { Scope::ActorWeek };
    let of_week = |actor: &str, iso_week: &str| scope == Scope::ActorWeek && format!("{actor}/{iso_week}") == unit;
    let week = read::<ActorWeekRow>(out)?.into_iter().find(|row| of_week(&row.actor, &row.iso_week));
    sessions.retain(|row| of_week(&row.actor, &row.iso_week));
    sessions.sort_by(|one, two| (one.started_at, &one.session_id).cmp(&(two.started_at, &two.session_id)));
    // The unit, and of a week its exhibits: place by id.
    let ids = sessions.iter().map(|row| row.session_id.clone());
    let places: BTreeMap<String, usize> = std::iter::once(unit.to_owned()).chain(ids).zip(0..).collect();
    let of_case = |id: &String| places.get(id).copied();
    let mut explained: BTreeMap<(String, String), (Explanation, Vec<SignalRow>)> =
        explanations(out, |candidate| places.contains_key(candidate))?
            .into_iter()
            .map(|one| ((one.0.scope.to_owned(), one.0.unit_id.clone()), one))
            .collect();
    let mut take = |scope: Scope, id: &str| explained.remove(&(scope.as_str().to_owned(), id.to_owned()));
    let Some((explanation, rows)) = take(scope, unit) else { return Ok(None) };
    let file = RunFile::read(out)?;
    let mut readings = readings_of(&rows, &file.catalogue);
    let mut exhibits = Vec::new();
    for session in sessions {
        let (explanation, rows) = take(Scope::Session, &session.session_id).unzip();
        readings.extend(readings_of(&rows.unwrap_or_default(), &file.catalogue));
        exhibits.push(Exhibit { session, explanation });
    }
    let objection = session.as_ref().map(|row| &row.objection).or(week.as_ref().map(|row| &row.objection));
    Ok(Some(CaseFile {
        score_hundredths: explanation.score_db.map(|score| (score * 100.0).round() as i64),
        objection: objection.cloned().unwrap_or_default(),
        findings: in_order(read::<FindingRow>(out)?, |row| of_case(&row.session_id)),
        attribution: in_order(read::<AttributionRow>(out)?, |row| of_case(&row.session_id)),
        sources: in_order(read::<SessionSourceRow>(out)?, |row| of_case(&row.session_id)),
        account: None,
        origin: origin(&file),
        explanation,
        session,
        week,
        exhibits,
        readings,
    }))
}

fn readings_of(rows: &[SignalRow], catalogue: &[SignalEntry]) -> Vec<CaseReading> {
    rows.iter().map(|row| CaseReading::new(row, catalogue)).collect()
}

/// The rows that have a place in the case, by it.
fn in_order<R>(rows: Vec<R>, place: impl Fn(&R) -> Option<usize>) -> Vec<R> {
    let mut rows: Vec<(usize, R)> = rows.into_iter().filter_map(|row| Some((place(&row)?, row))).collect();
    rows.sort_by_key(|(place, _)| *place);
    rows.into_iter().map(|(_, row)| row).collect()
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
