//! From inputs to the report.
//!
//! Owns the order of the steps and the plain copies (weeks, days, data quality). Every text passes
//! [`plain`](super::escape::plain) on its way in, so that no format needs to think of control characters again.

use std::collections::{BTreeMap, BTreeSet};

use super::actions::actions;
use super::answer::{Evidence, answer, scored_share};
use super::compare::compare;
use super::escape::{plain, plain_long};
use super::figures::{Parts, figures};
use super::inputs::{Inputs, RunFacts, WeekTotals};
use super::measuring::measuring;
use super::method::{method, queries};
use super::model::{DataQuality, Day, Policy, ReasonCount, Report, Run, SCHEMA_VERSION, SourceLine, Week};
use super::money::split;
use super::people::{funnel, people};
use super::quadrant::quadrant;
use super::quantities::{Count, Maybe, MicroDollars, Portion, Share, Tokens};
use super::readings::Owners;
use super::release::Release;
use super::{automation, coverage, machines, tables, views};
use crate::privacy::{Ledger, LedgerError};
use crate::score::objections::ObjectionCounts;

/// Computes every number of the report, as it may be published by itself: no earlier report is looked at, and the report says so. The
/// same inputs in any order give the same report.
pub fn build(inputs: &Inputs) -> Report {
    assembled(inputs, None).0
}

/// [`build`] with a ledger: what earlier reports gave away is looked at, and what this one does is taken down; the caller commits the
/// ledger before anything is written.
///
/// # Errors
/// [`LedgerError`] when what is to be published cannot be taken down.
pub fn build_with_ledger(inputs: &Inputs, ledger: &mut Ledger) -> Result<Report, LedgerError> {
    match assembled(inputs, Some(ledger)) {
        (report, None) => Ok(report),
        (_, Some(error)) => Err(error),
    }
}

fn assembled(inputs: &Inputs, ledger: Option<&mut Ledger>) -> (Report, Option<LedgerError>) {
    let mut release = Release::new(inputs, ledger);
    release.close_period(inputs);
    let owners = Owners::new(&inputs.sessions);
    let (split, people) = rayon::join(|| split(inputs, &release), || people(inputs, &owners));
    let money = split.released(&mut release);
    let funnel = funnel(inputs, &people, &mut release);
    let figures =
        figures(&Parts { inputs, split: &split, money: &money, people: &people, funnel: &funnel, release: &release });
    let population = tables::population(inputs, &release);
    let sources = machines::sources(inputs, &mut release);
    let merged = machines::merged(inputs, &sources, &mut release);
    let data_quality = data_quality(inputs, sources, merged, &release);
    let describes_persons = !release.is_active() && !inputs.sessions.is_empty();
    let measuring = measuring(inputs, &figures, &population, &release);
    let coverage = coverage::coverage(inputs, &release);
    let answer = answer(&Evidence {
        inputs,
        split: &split,
        money: &money,
        figures: &figures,
        population: &population,
        quality: &data_quality,
        coverage: &coverage,
        describes_persons,
    });
    let weeks = weeks(inputs, &release);
    let queries = queries(inputs);
    let findings = tables::findings(inputs, &owners, &mut release);
    let signals = tables::signals(inputs, &mut release);
    let archetypes = tables::archetypes(inputs, &mut release);
    let systems = machines::systems(inputs, &mut release);
    let automation = automation::automation(inputs, &mut release);
    let reasons = views::reasons(inputs, &owners, &mut release);
    let quadrant = quadrant(inputs, &mut release);
    let cohorts = views::cohorts(inputs, &mut release);
    let teams = tables::teams(inputs, &release);
    let models = machines::models(inputs, &mut release);
    // A day of an organisation has weekends in it, on which a few work: days are for reports that are about persons anyway.
    let days = if release.is_active() { Vec::new() } else { days(inputs) };
    let seats = coverage::seats(inputs, &release);
    let (released, failed) = release.finish(&inputs.weeks_released);
    let mut report = Report {
        schema_version: SCHEMA_VERSION,
        run: run(&inputs.run, describes_persons),
        answer,
        comparison: None,
        figures,
        weeks,
        policies: policies(inputs),
        funnel,
        money,
        measuring,
        population,
        findings,
        signals,
        archetypes,
        systems,
        automation,
        reasons,
        quadrant,
        cohorts,
        teams,
        models,
        days,
        actions: Vec::new(),
        data_quality,
        released,
        coverage,
        idle_seats: coverage::idle_seats(&seats),
        seats,
        retention: coverage::retention(inputs),
        method: method(inputs, &queries),
        queries,
    };
    report.actions = actions(&report);
    if let Some(earlier) = &inputs.earlier {
        compare(&mut report, earlier);
    }
    (report, failed)
}

/// What a report says of the run that it is made from. A report of the same run says the same.
pub fn run(facts: &RunFacts, describes_persons: bool) -> Run {
    let shown = |date: Option<jiff::civil::Date>| date.map(|date| date.to_string()).unwrap_or_default();
    Run {
        title: plain(&facts.title),
        as_of: facts.as_of.map(day).unwrap_or_default(),
        watermark: facts.watermark.map(day).unwrap_or_default(),
        period_start: shown(facts.period_start),
        period_end: shown(facts.period_end),
        footlight_version: plain(&facts.footlight_version),
        lake_version: Maybe(facts.lake_version.map(Count)),
        policy_hash: plain(&facts.policy_hash),
        price_table: plain(&facts.price_table),
        queries_hash: plain(&facts.queries_hash),
        reproduce: facts.reproduce.iter().map(|command| plain_long(command)).collect(),
        small_cell_floor: facts.small_cell_floor,
        describes_persons,
    }
}

fn weeks(inputs: &Inputs, release: &Release<'_>) -> Vec<Week> {
    let shown = |week: &WeekTotals, value: i64| Maybe((!week.withheld).then(|| Count(release.count(value))));
    let mut weeks: Vec<Week> = inputs
        .weeks
        .iter()
        .map(|week| Week {
            iso_week: plain(&week.iso_week),
            active_actors: shown(week, week.active_actors),
            sessions: shown(week, week.sessions),
            prompts: Maybe((!week.withheld).then(|| Count(release.amount(week.prompts)))),
            tokens: Maybe(week.tokens.map(|tokens| Tokens(release.amount(tokens)))),
            cost: Maybe(week.cost_micro_usd.map(|cost| MicroDollars(release.amount(cost)))),
            outcomes: Maybe(week.outcomes.map(|count| Count(release.count(count)))),
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

/// Reservations about the comparison, with how many readings could not be compared: those of a handful are a handful of people's.
fn calibration_notes(facts: &RunFacts, release: &Release<'_>) -> Vec<String> {
    let counted = facts.silenced.iter().filter_map(|(reason, count)| {
        let count = release.count(*count);
        (count > 0).then(|| format!("{} readings: {}", Count(count), plain_long(reason)))
    });
    facts.calibration_notes.iter().map(|note| plain_long(note)).chain(counted).collect()
}

/// Objections by what became of them; none when nobody objected. That a number is contested is part of it, and never rounded away.
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

/// Kinds of record that were passed over. Those of a source that few people use would count what these did: how many kinds there are is said of it.
fn passed_over(facts: &RunFacts, sources: &[SourceLine]) -> Vec<ReasonCount> {
    let lines = facts.sources.iter().zip(sources);
    let few: BTreeSet<&str> =
        lines.filter(|(_, line)| line.counted.0.is_none()).map(|(sight, _)| sight.source.as_str()).collect();
    let mut kinds = BTreeMap::<String, i64>::new();
    for (kind, count) in &facts.ignored_kinds {
        match kind.split_once(": ").filter(|(source, _)| few.contains(source)) {
            Some((source, _)) => {
                *kinds.entry(format!("{source}: kinds of record; how many records is withheld")).or_default() += 1
            }
            None => *kinds.entry(kind.clone()).or_default() += count,
        }
    }
    by_reason(&kinds.into_iter().collect::<Vec<_>>())
}

/// What the totals rest on. Counts of records are about logs; those that grow with what people do are rounded with the rest.
fn data_quality(
    inputs: &Inputs,
    sources: Vec<SourceLine>,
    [merged_by_id, merged_by_counts]: [Maybe<Count>; 2],
    release: &Release<'_>,
) -> DataQuality {
    let facts = &inputs.run;
    let sum = |field: fn(&crate::score::rows::SessionRow) -> i64| inputs.sessions.iter().map(field).sum::<i64>();
    let completions = sum(|session| session.completions);
    let mut unpriced: Vec<String> = facts.unpriced_models.iter().map(|model| plain(model)).collect();
    unpriced.sort();
    DataQuality {
        files_read: Count(release.count(facts.files_read)),
        events: Count(release.amount(facts.events)),
        duplicates: Count(release.amount(facts.duplicates)),
        merged_by_id,
        merged_by_counts,
        identities: facts
            .identities
            .iter()
            .map(|(confidence, count)| ReasonCount { reason: plain(confidence), count: Count(release.count(*count)) })
            .collect(),
        identity_conflicts: Count(release.count(facts.identity_conflicts)),
        quarantined: Count(facts.quarantined.iter().map(|(_, count)| count).sum()),
        quarantined_by_reason: by_reason(&facts.quarantined),
        ignored_kinds: passed_over(facts, &sources),
        sources,
        unpriced_models: unpriced,
        missing_usage: Maybe(Portion::of(sum(|session| session.completions_without_usage), completions)),
        lower_bound_outputs: Maybe(Portion::of(sum(|session| session.lower_bound_completions), completions)),
        outcome_coverage: Maybe(facts.outcome_coverage.map(Portion)),
        unassigned_tokens: Maybe(facts.unassigned_tokens_share.map(|share| release.share(Share(share)))),
        scored_sessions: Maybe(scored_share(inputs)),
        suppressed_cells: Count(
            i64::try_from(inputs.teams.iter().filter(|team| team.suppressed).count()).unwrap_or(i64::MAX),
        ),
        cells: Count(i64::try_from(inputs.teams.len()).unwrap_or(i64::MAX)),
        objections: objections(&facts.objections),
        calibration_rung: plain_long(&facts.calibration_rung),
        calibration_notes: calibration_notes(facts, release),
    }
}

/// The day of a moment. The newest record is somebody's: its time of day is nobody's business.
fn day(moment: jiff::Timestamp) -> String {
    moment.to_zoned(jiff::tz::TimeZone::UTC).date().to_string()
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{alone, organisation};
    use super::*;

    fn notes(mut inputs: Inputs) -> Vec<String> {
        let reason = |least: u8| format!("calibration: fewer than {least} comparable readings");
        inputs.run.silenced = vec![(reason(9), 2), (reason(20), 13)];
        build(&inputs).data_quality.calibration_notes
    }

    #[test]
    fn readings_that_were_not_compared_are_counted_as_people_are() {
        assert_eq!(notes(organisation()), ["15 readings: calibration: fewer than 20 comparable readings"]);
        assert_eq!(
            notes(alone()),
            [
                "2 readings: calibration: fewer than 9 comparable readings",
                "13 readings: calibration: fewer than 20 comparable readings"
            ]
        );
    }
}
