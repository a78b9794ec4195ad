//! `footlight report`: from OUT/tables and OUT/run.json to report.html, report.md and summary.json.

use super::earlier::{Compared, compared};
use super::hold::hold;
use super::settings::Settings;
use super::{Exit, UsageError};
use crate::cli::{Global, ReportArgs};
use crate::lake::Lake;
use crate::output::Printer;
use crate::privacy::{Ledger, Pseudonyms};
use crate::report::model::Released;
use crate::report::{self, Inputs, Report};
use crate::results::{ResultsError, RunFile, read, read_readings, write_figures, write_file};
use crate::score::rows::SessionRow;
use anyhow::Context;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Runs the command.
pub async fn run(args: &ReportArgs, global: &Global, printer: Printer) -> anyhow::Result<Exit> {
    let compared = match &args.compared.compare {
        Some(named) => Some(compared(named).await?),
        None => None,
    };
    let lake = match lake_of(args.lake.as_deref(), compared.as_ref())? {
        Some(root) => Some((Lake::open(&root)?, Settings::resolve(global)?)),
        None => None,
    };
    if args.dry_run {
        let released = plan(&args.out.out, lake.as_ref().map(|(lake, settings)| (lake, settings)))?;
        printer.text(&format!("{}; nothing was written\n", words(&released)))?;
        printer.json(&serde_json::json!({
            "schema_version": 1, "status": Exit::Done.word(), "exit_code": 0, "dry_run": true, "released": released,
        }))?;
        return Ok(Exit::Done);
    }
    // Tables that another run is about to replace are no results. Without a lake there is no place for the lock.
    let _held = match &lake {
        Some((lake, _)) => Some(hold(lake, &args.out.out, Duration::ZERO).await?),
        None => None,
    };
    let report = write(&args.out.out, lake.as_ref().map(|(lake, settings)| (lake, settings)), compared).await?;
    printer.text(&headline(&report, &args.out.out))?;
    printer.json(&serde_json::json!({
        "schema_version": 1, "status": Exit::Done.word(), "exit_code": 0,
        "report": args.out.out.join("report.html"), "summary": serde_json::from_str::<serde_json::Value>(&report::summary::render(&report)?)?,
    }))?;
    Ok(Exit::Done)
}

/// The lake whose ledger the report goes through: the one named, or the one that it is compared with. They cannot be two.
fn lake_of(named: Option<&Path>, compared: Option<&Compared>) -> anyhow::Result<Option<PathBuf>> {
    let Some(Compared::Lake(then)) = compared else { return Ok(named.map(Path::to_path_buf)) };
    match named {
        Some(named) if named.canonicalize()? != then.root.canonicalize()? => Err(UsageError(format!(
            "--lake {} is another lake than that of --compare: a report is compared with its own",
            named.display()
        ))
        .into()),
        _ => Ok(Some(then.root.clone())),
    }
}

/// The ledger of a lake. Opened under another key than it was written with it refuses, exit code 14.
pub fn ledger(lake: &Lake, settings: &Settings) -> anyhow::Result<Ledger> {
    let pseudonyms = Pseudonyms::open(settings.config.privacy.key_file.as_deref(), lake.root())?;
    Ok(Ledger::open(lake.root(), &pseudonyms)?)
}

/// How many cells would be published, kept and withheld. Nothing is written or taken down, and no ledger or key is made.
pub fn plan(out: &Path, lake: Option<(&Lake, &Settings)>) -> anyhow::Result<Released> {
    let inputs = inputs(out)?;
    let Some((lake, settings)) = lake else { return Ok(report::build(&inputs).released) };
    let mut ledger = if Ledger::exists(lake.root()) {
        ledger(lake, settings)?
    } else {
        Ledger::in_memory(&Pseudonyms::with_key([0; 32]))
    };
    Ok(report::build_with_ledger(&inputs, &mut ledger)?.released)
}

/// The counts of a plan in words.
pub fn words(released: &Released) -> String {
    let ledger = if released.ledger { "" } else { " (no ledger was looked at)" };
    format!(
        "would publish {} cells as they are, {} as an earlier report had them, and withhold {}{ledger}",
        released.published, released.kept, released.withheld
    )
}

/// The report on what `score` left, by itself.
pub fn build(out: &Path) -> anyhow::Result<Report> {
    Ok(report::build(&inputs(out)?))
}

/// The report on what `score` left, with a ledger that the caller commits.
pub fn build_with(out: &Path, ledger: &mut Ledger) -> anyhow::Result<Report> {
    Ok(report::build_with_ledger(&inputs(out)?, ledger)?)
}

fn inputs(out: &Path) -> anyhow::Result<Inputs> {
    let file = RunFile::read(out)?;
    // Sessions and their readings take as long as everything else together.
    let of_sessions = || {
        let sessions: Vec<SessionRow> = read(out)?;
        let signals = read_readings(out, &sessions)?;
        Ok::<_, ResultsError>((sessions, signals))
    };
    let of_others =
        || rayon::join(|| read(out), || rayon::join(|| read(out), || rayon::join(|| read(out), || read(out))));
    let (of_sessions, (findings, (attribution, (actor_weeks, outcomes)))) = rayon::join(of_sessions, of_others);
    let (sessions, signals) = of_sessions?;
    Ok(Inputs {
        run: file.run,
        sessions,
        actor_weeks: actor_weeks?,
        signals,
        findings: findings?,
        teams: read(out)?,
        population: read(out)?,
        attribution: attribution?,
        outcomes: outcomes?,
        days: file.days,
        models: file.models,
        weeks: file.weeks,
        weeks_released: file.weeks_released,
        policies: file.policies,
        kpis: file.kpis,
        rank_agreement: file.rank_agreement,
        catalogue: file.catalogue,
        archetypes: file.archetypes,
        systems: file.systems,
        declared: file.declared,
        queries: file.queries,
        earlier: None,
    })
}

/// Writes every format, each whole or not at all. What is published is taken down first, where there is a lake.
pub async fn write(out: &Path, lake: Option<(&Lake, &Settings)>, compared: Option<Compared>) -> anyhow::Result<Report> {
    // Scored before the ledger is held: scoring takes it down by itself.
    let then = match (&compared, lake) {
        (Some(Compared::Lake(then)), Some((_, settings))) => Some(then.score(out, settings).await?),
        _ => None,
    };
    let inputs = inputs(out)?;
    let mut ledger = lake.map(|(lake, settings)| ledger(lake, settings)).transpose()?;
    let mut report = match &mut ledger {
        Some(ledger) => report::build_with_ledger(&inputs, ledger)?,
        None => report::build(&inputs),
    };
    let earlier = match (compared, then, &mut ledger) {
        (Some(Compared::Report(earlier)), ..) => Some(*earlier),
        // After the report: what of then would give away a few people beside it is told as it is now.
        (_, Some(then), Some(ledger)) => Some(then.earlier(ledger)?),
        _ => None,
    };
    if let Some(earlier) = &earlier {
        report::compare(&mut report, earlier);
    }
    if let Some(ledger) = &mut ledger {
        ledger.commit()?;
    }
    // Millions of rows take a while to give back.
    rayon::join(|| drop(inputs), || write_formats(out, &report)).1?;
    Ok(report)
}

fn write_formats(out: &Path, report: &Report) -> anyhow::Result<()> {
    write_figures(out, &report::tidy::rows(report))?;
    for (name, text) in report::render(report)? {
        let path = out.join(name);
        write_file(&path, text.as_bytes()).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
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
    let released = &report.released;
    if released.kept.0 + released.withheld.0 > 0 {
        text.push_str(&format!(
            "Of its groups of figures {} are published, {} as an earlier report had them, {} withheld: too few people stand behind them, or they would tell of others.\n",
            released.published, released.kept, released.withheld
        ));
    }
    text.push_str(&format!("\nReport: {}\n", out.join("report.html").display()));
    text
}
