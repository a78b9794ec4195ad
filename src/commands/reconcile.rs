//! `footlight reconcile`: the lake against what was billed.
//!
//! Owns the order of the steps. A bill is read by the same sources as everything else, into a lake of its own that is gone afterwards ([`bill`]); its rows take the
//! place of the lake's aggregates, so that the queries which compare the two are those of every report. Words and judgement are
//! [`crate::report::reconciliation`]'s.

mod bill;
mod output;
mod rows;

use super::base_tables::{self, Span};
use super::query::is_closed_pipe;
use super::settings::Settings;
use super::{Exit, UsageError};
use crate::cli::{Global, ReconcileArgs};
use crate::engine::{Engine, Models, ParamValue};
use crate::lake::Lake;
use crate::output::Printer;
use crate::privacy::{Pseudonyms, Rules};
use crate::report::reconciliation::{AccountLine, Check, Line, ScopeTotal, TeamLine, checks, lines, totals};
use jiff::civil::Date;
use serde::Serialize;

/// Models that compare the days that are looked at.
const COMPARISONS: [&str; 3] = ["rpt_reconciliation", "rpt_reconciliation_teams", "rpt_reconciliation_accounts"];

/// Models about the logs alone.
const CHECKS: [&str; 2] = ["fct_log_checks", "int_copied_logs"];

/// The whole answer, as `--json` has it.
#[derive(Debug, Serialize)]
struct Reconciliation {
    /// Share of the billed that may be missing or extra.
    tolerance: f64,
    /// First day looked at, where one was asked for.
    from: Option<Date>,
    /// Last day looked at.
    to: Option<Date>,
    /// What was read of the bills.
    bill: bill::Read,
    /// Sums by tool or maker.
    scopes: Vec<ScopeTotal>,
    /// One line a day or month and model.
    lines: Vec<Line>,
    /// By month and team, where the bill says whose its rows are.
    teams: Vec<TeamLine>,
    /// By month and workspace or key, as the bill has them.
    accounts: Vec<AccountLine>,
    /// What is unusual about the logs themselves.
    checks: Vec<Check>,
}

/// Days that are looked at.
#[derive(Debug, Clone, Copy)]
struct Days {
    from: Option<Date>,
    to: Option<Date>,
}

/// Runs the command.
pub async fn run(args: &ReconcileArgs, global: &Global, printer: Printer) -> anyhow::Result<Exit> {
    let settings = Settings::resolve(global)?;
    let days = Days { from: args.from, to: args.to };
    if matches!((days.from, days.to), (Some(from), Some(to)) if from > to) {
        return Err(UsageError("--from lies after --to: nothing would be compared".to_owned()).into());
    }
    let floor = settings.config.privacy.min_people;
    Rules::new(floor)?;
    let lake = Lake::open(&args.lake)?;
    let engine = Engine::new(&settings.engine_limits())?;
    let base = base_tables::register(&engine, &lake, &settings.config, Span::default()).await?;
    // The directory of the bill's lake lives as long as its tables are read.
    let (bill, _bill_lake) = bill::read(args, &settings, &engine, &base.resolver).await?;
    let models = Models::embedded()?;
    let mut overrides = settings.overrides()?;
    for (name, day) in [("first_day", days.from), ("last_day", days.to)] {
        overrides.extend(day.map(|day| (format!("int_billed_asked.{name}"), ParamValue::Text(day.to_string()))));
    }
    // What these models read runs as well.
    engine.run_for(&models, &[&COMPARISONS[..], &CHECKS[..]].concat(), &overrides).await?;

    let compared = rows::lines(&engine).await?;
    if compared.is_empty() {
        return Err(nothing_billed(&bill).into());
    }
    let around = rows::surroundings(&engine, bill.pages_missing > 0).await?;
    let lines = lines(&compared, args.tolerance, &around);
    let pseudonyms = Pseudonyms::open(settings.config.privacy.key_file.as_deref(), lake.root())?;
    let answer = Reconciliation {
        tolerance: args.tolerance,
        from: days.from,
        to: days.to,
        scopes: totals(&lines, args.tolerance),
        lines,
        teams: rows::teams(&engine, floor as i64).await?,
        accounts: rows::accounts(&engine, &pseudonyms).await?,
        checks: checks(&rows::checks(&engine, days).await?),
        bill,
    };
    let is_over = answer.scopes.iter().any(|scope| scope.over_tolerance);
    let exit = match (is_over, answer.bill.is_partial()) {
        (true, _) => Exit::GateFailed,
        (false, true) => Exit::Partial,
        (false, false) => Exit::Done,
    };
    match args.format {
        Some(format) if !printer.json => match output::rows(&answer.lines, format) {
            Err(error) if is_closed_pipe(&error) => {}
            other => other?,
        },
        _ => printer.text(&output::text(&answer)?)?,
    }
    printer.json(&serde_json::json!({
        "schema_version": 1, "status": exit.word(), "exit_code": exit as u8, "reconciliation": answer,
    }))?;
    Ok(exit)
}

fn nothing_billed(bill: &bill::Read) -> UsageError {
    let seen: Vec<&str> = bill.files_by_source.keys().map(String::as_str).collect();
    UsageError(if seen.is_empty() {
        "no source recognises the bill; `footlight sources try FILE` says why, and a [[mapping]] can describe it (docs/reconcile.md)".to_owned()
    } else {
        format!(
            "the bill says nothing of what was used or charged in these days (read as: {}); docs/reconcile.md lists what is a bill",
            seen.join(", ")
        )
    })
}
