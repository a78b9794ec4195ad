//! From inputs to the report.
//!
//! Owns the order of the steps and the plain copies (weeks, models, days, data quality). Every text passes
//! [`plain`](super::escape::plain) on its way in, so that no format needs to think of control characters again.

use super::answer::{Evidence, answer, scored_share};
use super::compare::{Now, compare, restated_weeks};
use super::escape::{plain, plain_long};
use super::figures::figures;
use super::inputs::{Inputs, RunFacts};
use super::measuring::measuring;
use super::method::{method, queries};
use super::model::{DataQuality, Day, Model, Policy, ReasonCount, Report, Run, SCHEMA_VERSION, Week};
use super::money::split;
use super::people::{funnel, people};
use super::quantities::{Count, Maybe, MicroDollars, Share, Tokens};
use super::{coverage, tables, views};
use crate::score::objections::ObjectionCounts;

/// Computes every number of the report. The same inputs in any order give the same report.
pub fn build(inputs: &Inputs) -> Report {
    let money = split(inputs);
    let people = people(inputs);
    let figures = figures(inputs, &money, &people);
    let population = tables::population(inputs);
    let data_quality = data_quality(inputs);
    let active = i64::try_from(people.active.len()).unwrap_or(i64::MAX);
    let describes_persons = active > 0 && active < inputs.run.small_cell_floor;
    let measuring = measuring(inputs, &figures, &population);
    let mut answer = answer(&Evidence {
        inputs,
        money: &money,
        figures: &figures,
        population: &population,
        quality: &data_quality,
        describes_persons,
    });
    let mut weeks = weeks(inputs);
    let comparison = inputs
        .earlier
        .as_ref()
        .map(|earlier| compare(earlier, &Now { run: &inputs.run, figures: &figures, money: &money, weeks: &weeks }));
    if let Some(comparison) = &comparison {
        let restated = restated_weeks(comparison);
        weeks.iter_mut().for_each(|week| week.restated = restated.contains(week.iso_week.as_str()));
        answer.what_changed = Maybe(Some(comparison.sentence.clone()));
    }
    let queries = queries(inputs);
    Report {
        schema_version: SCHEMA_VERSION,
        run: run(&inputs.run, describes_persons),
        answer,
        comparison,
        figures,
        weeks,
        policies: policies(inputs),
        funnel: funnel(inputs, &people),
        money,
        measuring,
        population,
        findings: tables::findings(inputs),
        signals: tables::signals(inputs),
        archetypes: tables::archetypes(inputs),
        systems: tables::systems(inputs, describes_persons),
        reasons: views::reasons(inputs),
        quadrant: views::quadrant(inputs),
        cohorts: views::cohorts(inputs),
        teams: tables::teams(inputs),
        models: models(inputs),
        days: days(inputs),
        data_quality,
        coverage: coverage::coverage(inputs),
        seats: coverage::seats(inputs, describes_persons),
        retention: coverage::retention(inputs),
        method: method(&queries),
        queries,
    }
}

fn run(facts: &RunFacts, describes_persons: bool) -> Run {
    let shown = |date: Option<jiff::civil::Date>| date.map(|date| date.to_string()).unwrap_or_default();
    Run {
        title: plain(&facts.title),
        as_of: facts.as_of.map(|moment| moment.to_string()).unwrap_or_default(),
        watermark: facts.watermark.map(|moment| moment.to_string()).unwrap_or_default(),
        period_start: shown(facts.period_start),
        period_end: shown(facts.period_end),
        footlight_version: plain(&facts.footlight_version),
        lake_version: Maybe(facts.lake_version.map(Count)),
        policy_hash: plain(&facts.policy_hash),
        reproduce: facts.reproduce.iter().map(|command| plain_long(command)).collect(),
        small_cell_floor: facts.small_cell_floor,
        describes_persons,
    }
}

fn weeks(inputs: &Inputs) -> Vec<Week> {
    let mut weeks: Vec<Week> = inputs
        .weeks
        .iter()
        .map(|week| Week {
            iso_week: plain(&week.iso_week),
            active_actors: Count(week.active_actors),
            sessions: Count(week.sessions),
            prompts: Count(week.prompts),
            tokens: Maybe(week.tokens.map(Tokens)),
            cost: Maybe(week.cost_micro_usd.map(MicroDollars)),
            outcomes: Maybe(week.outcomes.map(Count)),
            partial: week.partial,
            not_final: week.is_open,
            restated: false,
        })
        .collect();
    weeks.sort_by(|a, b| a.iso_week.cmp(&b.iso_week));
    weeks
}

fn policies(inputs: &Inputs) -> Vec<Policy> {
    let mut policies: Vec<Policy> = inputs
        .policies
        .iter()
        .map(|policy| {
            let week = policy.date.iso_week_date();
            Policy {
                date: policy.date.to_string(),
                iso_week: format!("{:04}-W{:02}", week.year(), week.week()),
                label: plain(&policy.label),
            }
        })
        .collect();
    policies.sort_by(|a, b| (&a.date, &a.label).cmp(&(&b.date, &b.label)));
    policies
}

fn models(inputs: &Inputs) -> Vec<Model> {
    let mut models: Vec<Model> = inputs
        .models
        .iter()
        .map(|model| Model {
            model: plain(&model.model),
            completions: Count(model.completions),
            input_tokens: Maybe(model.input_tokens.map(Tokens)),
            output_tokens: Maybe(model.output_tokens.map(Tokens)),
            cache_read_tokens: Maybe(model.cache_read_tokens.map(Tokens)),
            cache_write_tokens: Maybe(model.cache_write_tokens.map(Tokens)),
            cost: Maybe(model.cost_micro_usd.map(MicroDollars)),
        })
        .collect();
    models.sort_by(|a, b| (&a.model, a.completions).cmp(&(&b.model, b.completions)));
    models
}

fn days(inputs: &Inputs) -> Vec<Day> {
    let mut days: Vec<_> = inputs.days.iter().collect();
    days.sort_by_key(|day| day.day);
    days.iter()
        .map(|day| Day {
            day: day.day.to_string(),
            sessions: Count(day.sessions),
            prompts: Count(day.prompts),
            tokens: Maybe(day.tokens.map(Tokens)),
            cost: Maybe(day.cost_micro_usd.map(MicroDollars)),
        })
        .collect()
}

/// Reasons by name, with how often.
fn by_reason(reasons: &[(String, i64)]) -> Vec<ReasonCount> {
    let mut counts: Vec<ReasonCount> =
        reasons.iter().map(|(reason, count)| ReasonCount { reason: plain(reason), count: Count(*count) }).collect();
    counts.sort_by(|a, b| (&a.reason, a.count).cmp(&(&b.reason, b.count)));
    counts
}

/// Objections by what became of them; none when nobody objected.
fn objections(counts: &ObjectionCounts) -> Vec<ReasonCount> {
    let ObjectionCounts { open, accepted, rejected, unmatched } = *counts;
    [
        ("open, the unit is contested", open),
        ("accepted, the unit is out of the scores", accepted),
        ("not accepted", rejected),
        ("about units that are not in this run", unmatched),
    ]
    .into_iter()
    .filter(|(_, count)| *count > 0)
    .map(|(reason, count)| ReasonCount { reason: reason.to_owned(), count: Count(count) })
    .collect()
}

fn data_quality(inputs: &Inputs) -> DataQuality {
    let facts = &inputs.run;
    let sum = |field: fn(&crate::score::rows::SessionRow) -> i64| inputs.sessions.iter().map(field).sum::<i64>();
    let completions = sum(|session| session.completions);
    let mut unpriced: Vec<String> = facts.unpriced_models.iter().map(|model| plain(model)).collect();
    unpriced.sort();
    DataQuality {
        files_read: Count(facts.files_read),
        events: Count(facts.events),
        duplicates: Count(facts.duplicates),
        quarantined: Count(facts.quarantined.iter().map(|(_, count)| count).sum()),
        quarantined_by_reason: by_reason(&facts.quarantined),
        ignored_kinds: by_reason(&facts.ignored_kinds),
        unpriced_models: unpriced,
        missing_usage: Maybe(Share::of(sum(|session| session.completions_without_usage), completions)),
        lower_bound_outputs: Maybe(Share::of(sum(|session| session.lower_bound_completions), completions)),
        outcome_coverage: Maybe(facts.outcome_coverage.map(Share)),
        unassigned_tokens: Maybe(facts.unassigned_tokens_share.map(Share)),
        scored_sessions: Maybe(scored_share(inputs)),
        suppressed_cells: Count(
            i64::try_from(inputs.teams.iter().filter(|team| team.suppressed).count()).unwrap_or(i64::MAX),
        ),
        cells: Count(i64::try_from(inputs.teams.len()).unwrap_or(i64::MAX)),
        objections: objections(&facts.objections),
        calibration_rung: plain_long(&facts.calibration_rung),
        calibration_notes: facts.calibration_notes.iter().map(|note| plain_long(note)).collect(),
    }
}
