//! `footlight report`: from OUT/tables and OUT/run.json to report.html, report.md and summary.json.

use super::{Exit, UsageError};
use crate::cli::ReportArgs;
use crate::output::Printer;
use crate::report::compare::{self, Earlier};
use crate::report::{self, Inputs, Report};
use crate::results::{RunFile, read, write_figures, write_file};
use anyhow::Context;
use std::path::Path;

/// Runs the command.
pub fn run(args: &ReportArgs, printer: Printer) -> anyhow::Result<Exit> {
    let earlier = args.compare.as_deref().map(earlier).transpose()?;
    let report = write(&args.out.out, earlier)?;
    printer.text(&headline(&report, &args.out.out))?;
    printer.json(&serde_json::json!({
        "schema_version": 1, "status": Exit::Done.word(), "exit_code": 0,
        "report": args.out.out.join("report.html"), "summary": serde_json::from_str::<serde_json::Value>(&report::summary::render(&report)?)?,
    }))?;
    Ok(Exit::Done)
}

/// Reads the report to compare with. What cannot be read is the user's to mend.
fn earlier(path: &Path) -> anyhow::Result<Earlier> {
    let refused = |error: String| UsageError(format!("--compare {}: {error}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| refused(error.to_string()))?;
    Ok(compare::earlier(&text).map_err(|error| refused(error.to_string()))?)
}

/// The report on what `score` left, compared with an earlier one where there is one.
pub fn build(out: &Path, earlier: Option<Earlier>) -> anyhow::Result<Report> {
    let file = RunFile::read(out)?;
    let inputs = Inputs {
        run: file.run,
        sessions: read(out)?,
        actor_weeks: read(out)?,
        signals: read(out)?,
        findings: read(out)?,
        teams: read(out)?,
        population: read(out)?,
        attribution: read(out)?,
        outcomes: read(out)?,
        days: file.days,
        models: file.models,
        weeks: file.weeks,
        policies: file.policies,
        kpis: file.kpis,
        rank_agreement: file.rank_agreement,
        catalogue: file.catalogue,
        archetypes: file.archetypes,
        systems: file.systems,
        queries: file.queries,
        earlier,
    };
    Ok(report::build(&inputs))
}

/// Writes every format, each whole or not at all.
pub fn write(out: &Path, earlier: Option<Earlier>) -> anyhow::Result<Report> {
    let report = build(out, earlier)?;
    write_figures(out, &report::tidy::rows(&report))?;
    for (name, text) in report::render(&report)? {
        let path = out.join(name);
        write_file(&path, text.as_bytes()).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(report)
}

/// The answer for the terminal, and where the report is.
pub fn headline(report: &Report, out: &Path) -> String {
    let mut text = String::new();
    let answer = &report.answer;
    let sentences = [&answer.claim, &answer.is_it_real, &answer.how_sure, &answer.what_to_do];
    for sentence in sentences.into_iter().chain(&answer.what_changed.0) {
        text.push_str(sentence);
        text.push('\n');
    }
    text.push_str(&format!("\nReport: {}\n", out.join("report.html").display()));
    text
}
