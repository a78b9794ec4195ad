//! How well a run found what is true of a labelled organisation: figures with intervals, beside simple baselines on the same people.
//!
//! Owns the measures (docs/evaluation.md defines each). Works on rows that the command read; knows no file of OUT and no model.

mod attribution;
mod baselines;
mod climb;
mod figures;
mod frontier;
mod group;
mod outliers;
mod people;
mod ranking;
mod selective;
mod text;
mod truth;

#[cfg(test)]
mod tests;

pub use climb::Climb;
pub use figures::{
    Ablation, Abstention, Calibration, Coverage, Delay, Estimate, Evaluation, Flagged, Ranking, Tier, WorstGroup,
};
pub use frontier::{Attempt, Cost, FamilyClimb, Frontier, Level, Winner, largest_at_half, least_found};
pub use group::{Metric, Observed, Trial, observe};
pub use outliers::{SUBSAMPLE, TREES, completed, ecod, isolation_forest};
pub use people::{
    PairReading, Person, PersonWeek, PopulationReading, Readings, SessionReading, SignalReading, WeekReading, join,
};
pub use ranking::{Bootstrap, auroc, average_precision, clopper_pearson, distance_from_uniform, proportion, recall_at};
pub use truth::{PersonTruth, SessionTruth, Truth};

use attribution::attribution;
use baselines::{baselines, rankings};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// Share of people who are assumed to do it when precision is stated.
pub const PREVALENCE: f64 = 0.02;

/// Why nothing could be evaluated.
#[derive(Debug, thiserror::Error)]
pub enum EvaluateError {
    /// A truth file is missing or not what it should be.
    #[error("{path}: {error}")]
    Truth {
        /// File.
        path: PathBuf,
        /// Cause.
        #[source]
        error: csv::Error,
    },
    /// The join contradicts itself.
    #[error("pseudonym {0} has sessions of two accounts of the truth")]
    Mixed(String),
    /// Nothing to join.
    #[error("no session of the results is in the truth: do the two directories belong together?")]
    Strangers,
}

/// Evaluates.
///
/// # Errors
/// When truth and results do not belong together.
pub fn evaluate(truth: &Truth, readings: &Readings, resamples: usize, seed: u64) -> Result<Evaluation, EvaluateError> {
    let everybody = join(truth, readings)?;
    let people: Vec<&Person> = everybody.iter().filter(|person| !person.truth.is_service()).collect();
    let (theater, honest): (Vec<&Person>, Vec<&Person>) = people.iter().partition(|person| person.truth.is_theater());
    let strong: Vec<&Person> =
        theater.iter().copied().filter(|person| person.truth.dose.is_some_and(|dose| dose >= 0.2)).collect();
    let in_review = people.iter().filter(|person| person.in_review).count();
    let honest_in_review = honest.iter().filter(|person| person.in_review).count();
    let threshold = threshold_at(&honest, 0.01);
    let signals: Vec<String> = everybody
        .iter()
        .flat_map(|person| person.values.keys().cloned())
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect();
    let scores = baselines(&people, &signals, seed);
    let rank = |positive: &[&Person]| rankings(positive, &honest, &people, &scores, in_review, resamples, seed);
    let injected: i64 = people.iter().map(|person| person.injected_tokens).sum();
    let caught: i64 = people.iter().filter(|person| person.in_review).map(|person| person.injected_tokens).sum();
    let groups = |name: &dyn Fn(&Person) -> String, with_dose: bool| {
        let mut groups: BTreeMap<(String, Option<u64>), Vec<&Person>> = BTreeMap::new();
        for person in everybody.iter().filter(|person| !name(person).is_empty()) {
            let dose = person.truth.dose.filter(|_| with_dose).map(f64::to_bits);
            groups.entry((name(person), dose)).or_default().push(person);
        }
        groups
            .into_iter()
            .map(|((name, dose), members)| {
                let outranks = dose.and_then(|_| auroc(&scores_of(&members), &scores_of(&honest)));
                Flagged { auroc: outranks, ..flagged(name, dose.map(f64::from_bits), &members, threshold) }
            })
            .collect::<Vec<_>>()
    };
    let evaded = |person: &Person| match (person.truth.is_theater(), person.truth.evasion.as_str()) {
        (true, "") => "none".to_owned(),
        (_, evasion) => evasion.to_owned(),
    };
    let look_alikes = groups(&|person| person.truth.lookalike.clone(), false);
    Ok(Evaluation {
        people: people.len(),
        theater: theater.len(),
        all_doses: rank(&theater),
        doses_from_20_percent: rank(&strong),
        in_review,
        false_discoveries: proportion(honest_in_review, in_review),
        honest_in_review: proportion(honest_in_review, honest.len()),
        false_discoveries_of_weeks: false_discoveries_of_weeks(&people),
        injected_tokens_in_review: (injected > 0).then(|| caught as f64 / injected as f64),
        families: groups(&|person| person.truth.family.clone(), true),
        evasions: groups(&evaded, false),
        worst_look_alike_above: worst_above(&look_alikes),
        look_alikes,
        coverage: selective::coverage(&theater, &honest, threshold),
        delays: selective::delays(&theater, threshold),
        calibration: calibration(&honest),
        attribution: attribution(truth, readings, resamples, seed),
        population: readings.population.clone(),
        insufficient_weeks: insufficient(&people, resamples, seed),
        abstentions: abstentions(readings),
        sum_of_weights: area(&theater, &honest, |_| true),
        ablation: signals.iter().map(|signal| ablation(signal, &theater, &honest)).collect(),
    })
}

/// Score above which at most this share of honest people is.
fn threshold_at(honest: &[&Person], rate: f64) -> f64 {
    let mut scores = scores_of(honest);
    scores.sort_by(|a, b| b.total_cmp(a));
    let allowed = (rate * scores.len() as f64 + 1e-9).floor() as usize;
    scores.get(allowed).copied().unwrap_or(f64::NEG_INFINITY)
}

fn scores_of(group: &[&Person]) -> Vec<f64> {
    group.iter().map(|person| person.score).collect()
}

fn flagged(name: String, dose: Option<f64>, members: &[&Person], threshold: f64) -> Flagged {
    let in_review = members.iter().filter(|person| person.in_review).count();
    let above = members.iter().filter(|person| person.score > threshold).count();
    Flagged {
        name,
        dose,
        people: members.len(),
        in_review,
        share: proportion(in_review, members.len()),
        above_1_percent: above,
        above_share: proportion(above, members.len()),
        auroc: None,
    }
}

/// Of equal shares the first by name.
fn worst_above(look_alikes: &[Flagged]) -> Flagged {
    let share = |row: &Flagged| row.above_share.value.unwrap_or(0.0);
    let worst = look_alikes.iter().rev().max_by(|one, two| share(one).total_cmp(&share(two)));
    worst.cloned().unwrap_or_default()
}

fn false_discoveries_of_weeks(people: &[&Person]) -> Estimate {
    let (mut honest, mut all) = (0, 0);
    for person in people {
        for (week, _) in person.by_week.iter().filter(|(_, row)| row.band == "review") {
            all += 1;
            honest += usize::from(person.theater_from.as_ref().is_none_or(|from| week < from));
        }
    }
    proportion(honest, all)
}

fn calibration(honest: &[&Person]) -> Vec<Calibration> {
    let mut values: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    for person in honest {
        for (signal, p) in &person.p_values {
            values.entry(signal).or_default().extend(p);
        }
    }
    values
        .into_iter()
        .filter_map(|(signal, p)| {
            let up_to = |limit: f64| p.iter().filter(|p| **p <= limit).count() as f64 / p.len() as f64;
            let distance = distance_from_uniform(&p)?;
            Some(Calibration { signal: signal.to_owned(), n: p.len(), up_to: [0.01, 0.05, 0.1].map(up_to), distance })
        })
        .collect()
}

fn insufficient(people: &[&Person], resamples: usize, seed: u64) -> Estimate {
    let share = |draw: &[usize], _: &[usize]| {
        let weeks: usize = draw.iter().map(|place| people[*place].weeks).sum();
        let insufficient: usize = draw.iter().map(|place| people[*place].insufficient_weeks).sum();
        (weeks > 0).then(|| insufficient as f64 / weeks as f64)
    };
    let all: Vec<usize> = (0..people.len()).collect();
    Bootstrap::new(people.len(), 0, resamples, seed).estimate(share(&all, &[]), share)
}

fn abstentions(readings: &Readings) -> Vec<Abstention> {
    let mut signals: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for reading in &readings.signals {
        let counts = signals.entry(&reading.signal).or_default();
        counts.0 += 1;
        counts.1 += usize::from(!reading.speaks);
    }
    let row = |(signal, (readings, silent)): (&str, (usize, usize))| Abstention {
        signal: signal.to_owned(),
        readings,
        share: silent as f64 / readings as f64,
    };
    signals.into_iter().map(row).collect()
}

fn evidence(group: &[&Person], counts: impl Fn(&str) -> bool + Copy) -> Vec<f64> {
    group.iter().map(|person| person.evidence_of(counts)).collect()
}

fn area(theater: &[&Person], honest: &[&Person], counts: impl Fn(&str) -> bool + Copy) -> Option<f64> {
    auroc(&evidence(theater, counts), &evidence(honest, counts))
}

fn ablation(signal: &str, theater: &[&Person], honest: &[&Person]) -> Ablation {
    let recall = |counts: &dyn Fn(&str) -> bool| recall_at(&evidence(theater, counts), &evidence(honest, counts), 0.01);
    let without = |name: &str| name != signal;
    Ablation {
        signal: signal.to_owned(),
        spoke: theater.iter().chain(honest).filter(|person| person.values.contains_key(signal)).count(),
        alone: area(theater, honest, |name| name == signal),
        without: area(theater, honest, without),
        recall_change: recall(&without).zip(recall(&|_| true)).map(|(without, with)| without - with),
    }
}
