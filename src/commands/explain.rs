//! `footlight explain`: one unit's evidence, as it adds up. Real names only with a reason, and a line in the access log.

use super::settings::Settings;
use super::{Exit, RefusedError, UsageError};
use crate::cli::{ExplainArgs, Global};
use crate::output::Printer;
use crate::report::escape::{plain, plain_long};
use crate::results::{explanation, read};
use crate::score::explain::Explanation;
use crate::score::rows::{AttributionRow, FindingRow, SessionRow};
use std::fmt::Write as _;

/// Runs the command.
pub async fn run(args: &ExplainArgs, global: &Global, printer: Printer) -> anyhow::Result<Exit> {
    let out = &args.out.out;
    let Some(explanation) = explanation(out, &args.unit)? else {
        return Err(UsageError(format!(
            "there is no session or week `{}` in {}; ids stand in tables/sessions.parquet",
            plain(&args.unit),
            out.display()
        ))
        .into());
    };
    let session = read::<SessionRow>(out)?.into_iter().find(|row| row.session_id == args.unit);
    let findings: Vec<FindingRow> =
        read::<FindingRow>(out)?.into_iter().filter(|row| row.session_id == args.unit).collect();
    let links: Vec<AttributionRow> =
        read::<AttributionRow>(out)?.into_iter().filter(|row| row.session_id == args.unit).collect();
    let account = if args.identify { Some(identify(args, global, session.as_ref()).await?) } else { None };
    printer.text(&text(&explanation, session.as_ref(), &findings, &links, account.as_deref()))?;
    printer.json(&serde_json::json!({
        "schema_version": 1, "status": Exit::Done.word(), "exit_code": 0, "explanation": explanation,
        "session": session, "findings": findings, "attribution": links, "account": account,
    }))?;
    Ok(Exit::Done)
}

/// The account behind the pseudonym, after the access log has its line.
async fn identify(args: &ExplainArgs, global: &Global, session: Option<&SessionRow>) -> anyhow::Result<String> {
    let (Some(reason), Some(lake)) = (args.reason.as_deref(), args.lake.as_deref()) else {
        return Err(RefusedError("--identify needs --reason and --lake".into()).into());
    };
    if reason.trim().len() < 10 {
        return Err(
            RefusedError("--identify is refused: the reason must say why, in ten characters or more".into()).into()
        );
    }
    let pseudonym = session
        .map(|session| session.actor.clone())
        .or_else(|| args.unit.rsplit_once('/').map(|(actor, _)| actor.to_owned()))
        .ok_or_else(|| UsageError("there is nobody behind this unit".into()))?;
    let settings = Settings::resolve(global)?;
    super::access::identify(lake, &settings.config, &pseudonym, &args.unit, reason).await
}

fn text(
    explanation: &Explanation,
    session: Option<&SessionRow>,
    findings: &[FindingRow],
    links: &[AttributionRow],
    account: Option<&str>,
) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "{} {}", explanation.scope, plain(&explanation.unit_id));
    if let Some(session) = session {
        let _ = writeln!(
            out,
            "  {} · {} · team {} · {} · {} prompts, {} responses, {} tool calls",
            session.actor,
            plain(&session.client),
            plain(&session.team_id),
            session.iso_week,
            session.prompts,
            session.completions,
            session.tool_calls
        );
    }
    if let Some(account) = account {
        let _ = writeln!(out, "  account: {}", plain(account));
    }
    let score = explanation.score_db.map_or_else(|| "no score".to_owned(), |score| format!("{score:+.2} dB"));
    let _ =
        writeln!(out, "\nBand: {} ({score} of theater-consistent evidence; a signal, not a verdict)", explanation.band);
    section(&mut out, "Why", &explanation.reasons);
    if !explanation.contributions.is_empty() {
        let _ = writeln!(out, "\nHow it adds up");
        let mut total = 0;
        for part in &explanation.contributions {
            total += part.hundredths;
            let _ = writeln!(out, "  {:>+8.2} dB  {} {}", part.hundredths as f64 / 100.0, part.name, part.kind);
        }
        let _ = writeln!(out, "  {:>+8.2} dB  in all", total as f64 / 100.0);
    }
    if !findings.is_empty() {
        let _ = writeln!(out, "\nFacts, compared with nobody");
        for finding in findings {
            let _ = writeln!(out, "  {} × {}: {}", finding.count, finding.finding, plain_long(&finding.evidence));
        }
    }
    if !links.is_empty() {
        let _ = writeln!(out, "\nWhat came of it");
        for link in links {
            let _ = writeln!(
                out,
                "  {} by {} (confidence {:.2}, {} lines)",
                plain(&link.outcome_id),
                link.tier,
                link.confidence,
                link.lines_matched
            );
        }
    }
    let innocent: Vec<String> = explanation
        .innocent
        .iter()
        .map(|one| {
            format!("{}: evidence times {:.2}; {}", one.signal, one.discount, plain_long(&one.evidence.to_string()))
        })
        .collect();
    section(&mut out, "Counted in favour", &innocent);
    section(&mut out, "Innocent patterns that look like this, commonest first", &explanation.benign);
    let abstained: Vec<String> =
        explanation.abstentions.iter().map(|one| format!("{}: {}", one.signal, one.reason)).collect();
    section(&mut out, "What could not be judged", &abstained);
    section(&mut out, "What would change the band", &explanation.would_change);
    out
}

fn section(out: &mut String, title: &str, lines: &[impl AsRef<str>]) {
    if lines.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n{title}");
    for line in lines {
        let _ = writeln!(out, "  - {}", line.as_ref());
    }
}
