//! `footlight check`: a gate on the figures of a run, for a job that must stop when something is off.
//!
//! Owns the table `figures`: one row with what `summary.json` says of the organisation. An expression is SQL over that row. No person, session or
//! team is in it, so that no gate can be put on anybody. Figures are those that were published, where there is a report of the run: what a report
//! kept as an earlier one had it is not to be had by asking here.

use super::{Exit, UsageError, report};
use crate::cli::{CheckArgs, Global};
use crate::engine::{Engine, Limits};
use crate::output::Printer;
use crate::results::RunFile;
use anyhow::Context;
use arrow::array::{ArrayRef, AsArray, Float64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

/// A figure: a number, a word, or not known.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
#[serde(untagged)]
enum Figure {
    Number(Option<f64>),
    Word(String),
}

/// What became of one expression.
#[derive(Debug, Clone, serde::Serialize)]
struct Gate {
    expression: String,
    /// `passed`, `failed`, or `unknown` when a figure in it is not known, which does not pass.
    result: &'static str,
    figures: BTreeMap<String, Figure>,
}

/// Runs the command.
pub async fn run(args: &CheckArgs, _: &Global, printer: Printer) -> anyhow::Result<Exit> {
    let file = RunFile::read(&args.out.out)?;
    let figures = figures(&summary(&args.out.out, &file)?, &file);
    let engine = Engine::new(&Limits::default())?;
    register(&engine, &figures)?;
    let mut gates = Vec::new();
    for expression in &args.fail_on {
        gates.push(gate(&engine, expression, &figures).await?);
    }
    let passed = gates.iter().all(|gate| gate.result == "passed");
    let exit = if passed { Exit::Done } else { Exit::GateFailed };
    printer.text(&text(&gates, &figures))?;
    let shown = gates.is_empty().then_some(&figures);
    printer.json(&serde_json::json!({
        "schema_version": 1, "status": exit.word(), "exit_code": exit as u8, "gates": gates, "figures": shown,
    }))?;
    Ok(exit)
}

/// The summary as it was published; where there is none of this run, the one that a report without a ledger would have.
fn summary(out: &Path, file: &RunFile) -> anyhow::Result<Value> {
    let published = std::fs::read(out.join("summary.json")).ok();
    let published = published.and_then(|text| serde_json::from_slice::<Value>(&text).ok());
    let is_of_this_run = |published: &Value| {
        let describes_persons = published["run"]["describes_persons"] == Value::Bool(true);
        let run = crate::report::run_of(&file.run, describes_persons);
        serde_json::to_value(run).is_ok_and(|run| run == published["run"])
    };
    match published.filter(is_of_this_run) {
        Some(published) => Ok(published),
        None => Ok(serde_json::from_str(&crate::report::summary::render(&report::build(out)?)?)?),
    }
}

/// Figures by name, from the summary of a report: those on its first page with their ends, shares of the money, the funnel, data quality.
fn figures(summary: &Value, file: &RunFile) -> BTreeMap<String, Figure> {
    let mut figures = BTreeMap::new();
    let mut number = |name: String, value: &Value| {
        figures.insert(name, Figure::Number(value.as_f64()));
    };
    for (id, figure) in summary["figures"].as_object().into_iter().flatten() {
        let is_money = figure["unit"] == "micro_usd";
        let name = if is_money { format!("{id}_usd") } else { id.clone() };
        for (suffix, key) in [("", "value"), ("_low", "low"), ("_high", "high")] {
            let value = &figure[key];
            let dollars = value.as_f64().filter(|_| is_money).map(|micro| Value::from(micro / 1e6));
            number(format!("{name}{suffix}"), dollars.as_ref().unwrap_or(value));
        }
    }
    for part in summary["money"]["parts"].as_array().into_iter().flatten() {
        if let Some(id) = part["id"].as_str() {
            number(format!("{id}_share_of_spend"), &part["share"]);
        }
    }
    for step in summary["funnel"].as_array().into_iter().flatten() {
        if let Some(id) = step["id"].as_str() {
            number(format!("{id}_people"), &step["people"]);
        }
    }
    for (name, value) in summary["data_quality"].as_object().into_iter().flatten() {
        match value {
            Value::Number(_) | Value::Null => number(name.clone(), value),
            Value::Array(items) if name == "unpriced_models" => number(name.clone(), &items.len().into()),
            _ => {}
        }
    }
    for (name, key) in [("billed_use_in_logs", "share"), ("billed_use_in_logs_high", "high")] {
        number(name.to_owned(), &summary["coverage"][key]);
    }
    for seat in summary["seats"].as_array().into_iter().flatten().filter(|seat| seat["product"] == "(any)") {
        number("idle_seats".to_owned(), &seat["idle"]);
    }
    let gaps =
        summary["retention"].as_array().map_or(0, |rows| rows.iter().filter(|row| row["state"] == "gap").count());
    number("retention_gaps".to_owned(), &gaps.into());
    let tests = summary["population"]
        .as_array()
        .map_or(0, |tests| tests.iter().filter(|test| test["points_to_metric"] == Value::Bool(true)).count());
    number("population_tests_pointing_to_metric".to_owned(), &tests.into());
    number("objections_open".to_owned(), &file.run.objections.open.into());
    number("objections_accepted".to_owned(), &file.run.objections.accepted.into());
    let hours = file.run.as_of.map(|as_of| (jiff::Timestamp::now().as_second() - as_of.as_second()) as f64 / 3_600.0);
    number(
        "hours_since_as_of".to_owned(),
        &hours.map_or(Value::Null, |hours| Value::from((hours * 10.0).round() / 10.0)),
    );
    for name in ["verdict", "confidence"] {
        let word = summary["answer"][name].as_str().unwrap_or_default();
        figures.insert(name.to_owned(), Figure::Word(word.to_owned()));
    }
    figures
}

fn register(engine: &Engine, figures: &BTreeMap<String, Figure>) -> anyhow::Result<()> {
    let (mut fields, mut columns) = (Vec::new(), Vec::<ArrayRef>::new());
    for (name, figure) in figures {
        match figure {
            Figure::Number(number) => {
                fields.push(Field::new(name, DataType::Float64, true));
                columns.push(Arc::new(Float64Array::from(vec![*number])));
            }
            Figure::Word(word) => {
                fields.push(Field::new(name, DataType::Utf8, false));
                columns.push(Arc::new(StringArray::from(vec![word.as_str()])));
            }
        }
    }
    let schema = Arc::new(Schema::new(fields));
    let batch = RecordBatch::try_new(schema.clone(), columns)?;
    Ok(engine.register_batches("figures", schema, vec![batch])?)
}

async fn gate(engine: &Engine, expression: &str, figures: &BTreeMap<String, Figure>) -> anyhow::Result<Gate> {
    let wrong = |problem: String| {
        let names: Vec<&str> = figures.keys().map(String::as_str).collect();
        UsageError(format!("--fail-on {expression}: {problem}; figures are {}", names.join(", ")))
    };
    let sql = format!("select (\n{expression}\n) as failed from figures");
    let frame = engine.query(&sql).await.map_err(|error| wrong(first_line(&error.to_string())))?;
    if *frame.schema().field(0).data_type() != DataType::Boolean || frame.schema().fields().len() != 1 {
        return Err(wrong("it is not true or false; compare something, as in `quarantined > 0`".to_owned()).into());
    }
    let batches = frame.collect().await.with_context(|| format!("--fail-on {expression}"))?;
    let failed = batches.iter().find(|batch| batch.num_rows() > 0).and_then(|batch| {
        let column = batch.column(0).as_boolean();
        arrow::array::Array::is_valid(column, 0).then(|| column.value(0))
    });
    let mentioned = |name: &str| words(expression).any(|word| word == name);
    Ok(Gate {
        expression: expression.to_owned(),
        result: match failed {
            Some(true) => "failed",
            Some(false) => "passed",
            None => "unknown",
        },
        figures: figures
            .iter()
            .filter(|(name, _)| mentioned(name))
            .map(|(name, figure)| (name.clone(), figure.clone()))
            .collect(),
    })
}

fn words(expression: &str) -> impl Iterator<Item = &str> {
    expression.split(|character: char| !(character.is_alphanumeric() || character == '_'))
}

fn first_line(message: &str) -> String {
    message.lines().next().unwrap_or_default().to_owned()
}

fn text(gates: &[Gate], figures: &BTreeMap<String, Figure>) -> String {
    let mut out = String::new();
    if gates.is_empty() {
        for (name, figure) in figures {
            let _ = writeln!(out, "{name} = {}", shown(figure));
        }
    }
    for gate in gates {
        let values: Vec<String> =
            gate.figures.iter().map(|(name, figure)| format!("{name} = {}", shown(figure))).collect();
        let expression = crate::privacy::terminal(&gate.expression);
        let _ = writeln!(out, "{}: {expression} ({})", gate.result, values.join(", "));
    }
    out
}

fn shown(figure: &Figure) -> String {
    match figure {
        Figure::Number(Some(number)) => number.to_string(),
        Figure::Number(None) => "not known".to_owned(),
        Figure::Word(word) => word.clone(),
    }
}
