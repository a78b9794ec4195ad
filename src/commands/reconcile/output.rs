//! The answer for people, and its lines as rows for other tools.

use super::Reconciliation;
use crate::cli::RowFormat;
use crate::commands::UsageError;
use crate::commands::written_rows::{RowOptions, RowWriter, table};
use crate::privacy::terminal;
use crate::report::quantities::{Count, MicroDollars, Tokens};
use crate::report::reconciliation::{Line, Measure};
use arrow::array::{ArrayRef, BooleanArray, Float64Array, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{Field, Schema};
use std::fmt::Write as _;
use std::io::{BufWriter, IsTerminal, Write as _};
use std::sync::Arc;

/// Lines that the text explains at most; `--json` and `--format` have all.
const EXPLAINED: usize = 20;

fn amount(measure: Measure, value: i64) -> String {
    match measure {
        Measure::Tokens => format!("{} tokens", Tokens(value)),
        Measure::MicroUsd => MicroDollars(value).to_string(),
    }
}

/// To a hundredth of a percent: the lines below have every token, and the tolerance is what somebody typed.
fn percent(share: f64) -> String {
    format!("{}\u{a0}%", (share * 10_000.0).round() / 100.0)
}

fn of_billed(share: Option<f64>) -> String {
    share.map_or_else(|| "not billed at all".to_owned(), percent)
}

/// The answer for people.
pub(super) fn text(answer: &Reconciliation) -> anyhow::Result<String> {
    let mut out = String::new();
    let files: Vec<String> =
        answer.bill.files_by_source.iter().map(|(source, files)| format!("{files} by {source}")).collect();
    let _ = writeln!(out, "bill: {} rows ({})", Count(answer.bill.rows as i64), files.join(", "));
    for (reason, count) in &answer.bill.rejected {
        let _ = writeln!(out, "  {count} rejected: {reason}");
    }
    for (kind, count) in &answer.bill.ignored {
        let _ = writeln!(out, "  {count} passed over: {kind}");
    }
    for scope in &answer.scopes {
        let prices = if scope.extra > scope.extra_judged { " by list prices" } else { "" };
        let verdict = if scope.over_tolerance { "OVER the tolerance" } else { "within the tolerance" };
        let _ = writeln!(
            out,
            "{}: billed {}, logged {}; missing {}, extra {}{prices}; {verdict} of {}",
            terminal(&scope.scope),
            amount(scope.measure, scope.billed),
            amount(scope.measure, scope.logged),
            of_billed(scope.missing_share),
            of_billed(scope.extra_share),
            percent(answer.tolerance),
        );
    }
    let batch = batch(&answer.lines, false)?;
    let width = std::io::stdout().is_terminal().then(|| comfy_table::Table::new().width()).flatten();
    let _ = write!(out, "\n{}", table(&batch.schema(), std::slice::from_ref(&batch), width.map(usize::from))?);
    explain(answer, &mut out);
    others(answer, &mut out);
    Ok(out)
}

/// Why lines are as they are, one reason for all lines that have it.
fn explain(answer: &Reconciliation, out: &mut String) {
    let explained: Vec<&Line> = answer.lines.iter().filter(|line| !line.why.is_empty()).collect();
    if explained.is_empty() {
        return;
    }
    let _ = writeln!(out, "\nwhy it may be so:");
    for line in explained.iter().take(EXPLAINED) {
        let _ = writeln!(out, "  {} {}, {}:", line.period_from, terminal(&line.model), terminal(&line.scope));
        for reason in &line.why {
            let _ = writeln!(out, "    - {}", terminal(reason));
        }
    }
    if explained.len() > EXPLAINED {
        let _ = writeln!(out, "  and {} more lines; --json has all", explained.len() - EXPLAINED);
    }
}

/// Teams, workspaces and keys, and the checks.
fn others(answer: &Reconciliation, out: &mut String) {
    let tokens = |value: Option<i64>| value.map_or_else(|| "not known".to_owned(), |value| Tokens(value).to_string());
    let cost = |value: Option<i64>| value.map_or_else(String::new, |value| format!(", {}", MicroDollars(value)));
    if !answer.teams.is_empty() {
        let _ = writeln!(out, "\nteams by month, as far as the bill says whose its rows are:");
        for line in &answer.teams {
            let figures = if line.suppressed {
                "hidden, too few people".to_owned()
            } else {
                let (billed, logged) = (tokens(line.billed_tokens), tokens(line.logged_tokens));
                format!(
                    "billed {billed}{}, logged {logged}{}",
                    cost(line.billed_cost_micro_usd),
                    cost(line.logged_cost_micro_usd)
                )
            };
            let _ = writeln!(
                out,
                "  {} {} {}: {figures}",
                &line.month[..7],
                terminal(&line.scope),
                terminal(&line.team_id)
            );
        }
    }
    if !answer.accounts.is_empty() {
        let _ = writeln!(out, "\nworkspaces and keys by month, as billed:");
        for line in &answer.accounts {
            let team = line.team_id.as_deref().map_or_else(String::new, |team| format!(" (team {})", terminal(team)));
            let billed = format!("{}{}", tokens(line.billed_tokens), cost(line.billed_cost_micro_usd));
            let (month, scope) = (&line.month[..7], terminal(&line.scope));
            let _ = writeln!(out, "  {month} {scope} {} {}{team}: {billed}", line.kind, terminal(&line.account));
        }
    }
    if answer.checks.is_empty() {
        let _ = writeln!(out, "\nchecks of the logs: nothing unusual");
        return;
    }
    let _ = writeln!(out, "\nchecks of the logs, which say what is there and not why:");
    for check in &answer.checks {
        let _ = writeln!(out, "  {}: {} logs, {} records. {}", check.check, check.logs, check.records, check.states);
        let _ = writeln!(out, "    innocent when: {}", check.innocent);
        if !check.examples.is_empty() {
            let examples: Vec<String> = check.examples.iter().map(|session| terminal(session)).collect();
            let _ = writeln!(out, "    for example: {}", examples.join(", "));
        }
    }
}

/// The lines as columns; `why` last, with semicolons between reasons.
fn batch(lines: &[Line], with_why: bool) -> anyhow::Result<RecordBatch> {
    let text = |of: &dyn Fn(&Line) -> String| -> ArrayRef {
        Arc::new(lines.iter().map(|line| Some(of(line))).collect::<StringArray>())
    };
    let long =
        |of: &dyn Fn(&Line) -> Option<i64>| -> ArrayRef { Arc::new(lines.iter().map(of).collect::<Int64Array>()) };
    let measure = |line: &Line| match line.measure {
        Measure::Tokens => "tokens".to_owned(),
        Measure::MicroUsd => "micro_usd".to_owned(),
    };
    let mut columns: Vec<(&str, ArrayRef)> = vec![
        ("scope", text(&|line| line.scope.clone())),
        ("period", text(&|line| line.period.clone())),
        ("from", text(&|line| line.period_from.clone())),
        ("model", text(&|line| line.model.clone())),
        ("measure", text(&measure)),
        ("billed", long(&|line| Some(line.billed))),
        ("logged", long(&|line| Some(line.logged))),
        ("missing", long(&|line| Some(line.missing))),
        ("extra", long(&|line| Some(line.extra))),
        ("ratio", Arc::new(lines.iter().map(|line| line.ratio).collect::<Float64Array>())),
        ("over_tolerance", Arc::new(lines.iter().map(|line| Some(line.over_tolerance)).collect::<BooleanArray>())),
    ];
    if with_why {
        columns.extend([
            ("billed_cost_micro_usd", long(&|line| line.billed_cost_micro_usd)),
            ("logged_cost_micro_usd", long(&|line| line.logged_cost_micro_usd)),
            ("billed_requests", long(&|line| line.billed_requests)),
            ("completions", long(&|line| Some(line.completions))),
            ("reports", text(&|line| line.reports.clone())),
            ("why", text(&|line| line.why.join("; "))),
        ]);
    }
    let fields: Vec<Field> =
        columns.iter().map(|(name, column)| Field::new(*name, column.data_type().clone(), true)).collect();
    Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), columns.into_iter().map(|(_, column)| column).collect())?)
}

/// The lines as rows on standard output.
pub(super) fn rows(lines: &[Line], format: RowFormat) -> anyhow::Result<()> {
    let batch = batch(lines, true)?;
    let stdout = std::io::stdout();
    let options = RowOptions { csv_raw: false, to_terminal: stdout.is_terminal() };
    match format {
        RowFormat::Parquet => {
            Err(UsageError("--format parquet is for `query`; here it is table, csv, json or ndjson".to_owned()).into())
        }
        RowFormat::Table => {
            let shown = table(&batch.schema(), std::slice::from_ref(&batch), None)?;
            Ok(stdout.lock().write_all(shown.as_bytes())?)
        }
        _ => {
            let mut writer = RowWriter::new(format, &batch.schema(), BufWriter::new(stdout), options)?;
            writer.write(&batch)?;
            writer.finish()?;
            Ok(())
        }
    }
}
