//! `summary.json`: the headline figures for machines.
//!
//! Owns which part of the report is a headline and the ids under which it stands; the same ids are anchors in `report.html`.
//! Money is integer micro-dollars, shares are fractions rounded to four decimals, null is unknown or withheld. What is published of
//! people is rounded: counts to 5 (0 is none or a few, `<5` for people), money and tokens to two digits, shares to 5 points, 0.05 and 0.95 for "<10 %" and "≥90 %".

use std::collections::BTreeMap;

use serde::Serialize;

use super::RenderError;
use super::model::actions::Action;
use super::model::automation::Automation;
use super::model::comparison::Comparison;
use super::model::coverage::{Coverage, IdleSeats, Retention, Seats};
use super::model::measuring::Measuring;
use super::model::views::{Cohort, Quadrant, Reasons};
use super::model::{
    Answer, ArchetypeShare, DataQuality, Figure, Finding, FunnelStep, MethodEntry, Model, Money, Policy,
    PopulationTest, Released, Report, Run, Signal, System, Team, Week,
};
use crate::privacy::json_text;

#[derive(Serialize)]
struct Summary<'a> {
    schema_version: u32,
    run: &'a Run,
    answer: &'a Answer,
    comparison: Option<&'a Comparison>,
    figures: BTreeMap<&'static str, FigureSummary<'a>>,
    weeks: &'a [Week],
    policies: &'a [Policy],
    money: &'a Money,
    funnel: &'a [FunnelStep],
    measuring: &'a Measuring,
    population: &'a [PopulationTest],
    findings: &'a [Finding],
    signals: BTreeMap<&'a str, SignalSummary>,
    reasons: &'a Reasons,
    quadrant: &'a Quadrant,
    cohorts: &'a [Cohort],
    archetypes: &'a [ArchetypeShare],
    systems: &'a [System],
    automation: &'a Automation,
    teams: &'a [Team],
    models: &'a [Model],
    actions: &'a [Action],
    data_quality: &'a DataQuality,
    released: &'a Released,
    coverage: &'a Coverage,
    seats: &'a [Seats],
    idle_seats: Option<IdleSeats>,
    retention: &'a [Retention],
    method: &'a [MethodEntry],
    queries: BTreeMap<&'a str, &'a str>,
}

/// A figure, and the queries behind it: keys of `queries`.
#[derive(Serialize)]
struct FigureSummary<'a> {
    #[serde(flatten)]
    figure: &'a Figure,
    queries: &'a [String],
}

fn figure_summary<'a>(report: &'a Report, figure: &'a Figure) -> FigureSummary<'a> {
    let entry = report.method.iter().find(|entry| entry.id == figure.id);
    FigureSummary { figure, queries: entry.map_or(&[], |entry| &entry.queries) }
}

/// A signal without its prose, which the catalogue has.
#[derive(Serialize)]
struct SignalSummary {
    spoke: Option<i64>,
    unusual: Option<i64>,
    abstained: Option<i64>,
}

impl From<&Signal> for SignalSummary {
    fn from(signal: &Signal) -> Self {
        SignalSummary {
            spoke: signal.spoke.0.map(|count| count.0),
            unusual: signal.unusual.0.map(|count| count.0),
            abstained: signal.abstained.0.map(|count| count.0),
        }
    }
}

/// Writes the headline figures, indented, with a line end.
///
/// # Errors
/// [`RenderError`] when a number cannot be written as JSON, which no report holds.
pub fn render(report: &Report) -> Result<String, RenderError> {
    let summary = Summary {
        schema_version: report.schema_version,
        run: &report.run,
        answer: &report.answer,
        comparison: report.comparison.as_ref(),
        figures: report.figures.iter().map(|figure| (figure.id, figure_summary(report, figure))).collect(),
        weeks: &report.weeks,
        policies: &report.policies,
        money: &report.money,
        funnel: &report.funnel,
        measuring: &report.measuring,
        population: &report.population,
        findings: &report.findings,
        signals: report.signals.iter().map(|signal| (signal.signal.as_str(), signal.into())).collect(),
        reasons: &report.reasons,
        quadrant: &report.quadrant,
        cohorts: &report.cohorts,
        archetypes: &report.archetypes,
        systems: &report.systems,
        automation: &report.automation,
        teams: &report.teams,
        models: &report.models,
        actions: &report.actions,
        data_quality: &report.data_quality,
        released: &report.released,
        coverage: &report.coverage,
        seats: &report.seats,
        idle_seats: report.idle_seats,
        retention: &report.retention,
        method: &report.method,
        queries: report.queries.iter().map(|query| (query.file.as_str(), query.sql.as_str())).collect(),
    };
    let mut text = json_text(&serde_json::to_string_pretty(&summary)?);
    text.push('\n');
    Ok(text)
}
