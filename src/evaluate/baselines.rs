//! The product's score and the baselines, each ranking the same people.

use super::{
    Bootstrap, Flagged, PREVALENCE, Person, Ranking, SUBSAMPLE, TREES, WorstGroup, auroc, average_precision, completed,
    ecod, isolation_forest, proportion, recall_at,
};
use std::collections::BTreeMap;

/// Scores of the product and of the baselines, in the order of people.
pub(super) fn baselines(people: &[&Person], signals: &[String], seed: u64) -> Vec<(&'static str, Vec<f64>)> {
    let of = |score: &dyn Fn(&Person) -> f64| people.iter().map(|person| score(person)).collect::<Vec<f64>>();
    let features = completed(&people.iter().map(|person| person.features(signals)).collect::<Vec<_>>());
    let mut scores = vec![
        ("footlight", of(&|person| person.score)),
        ("token leaderboard", of(&|person| person.tokens as f64)),
        ("tokens per outcome", of(&|person| person.tokens as f64 / (1.0 + person.outcomes as f64))),
        ("isolation forest", isolation_forest(&features, TREES, SUBSAMPLE, seed)),
        ("ECOD", ecod(&features)),
    ];
    if people.iter().any(|person| person.duplicate_share.is_some()) {
        scores.push(("exact duplicate prompts", of(&|person| person.duplicate_share.unwrap_or(f64::NEG_INFINITY))));
    }
    scores
}

/// How each of them ranks theater against honest people, `in_review` being how many the product flags.
pub(super) fn rankings(
    positive: &[&Person],
    honest: &[&Person],
    people: &[&Person],
    scores: &[(&'static str, Vec<f64>)],
    in_review: usize,
    resamples: usize,
    seed: u64,
) -> Vec<Ranking> {
    let bootstrap = Bootstrap::new(positive.len(), honest.len(), resamples, seed);
    let places: BTreeMap<&str, usize> =
        people.iter().enumerate().map(|(place, person)| (person.truth.actor_id.as_str(), place)).collect();
    let of = |group: &[&Person], values: &[f64]| -> Vec<f64> {
        group
            .iter()
            .filter_map(|person| places.get(person.truth.actor_id.as_str()))
            .map(|place| values[*place])
            .collect()
    };
    let own: Option<(Vec<f64>, Vec<f64>)> =
        scores.first().map(|(_, values)| (of(positive, values), of(honest, values)));
    let count = in_review.max(people.len().div_ceil(100));
    let recall = own.as_ref().and_then(|(up, down)| recall_at(up, down, 0.01)).unwrap_or_default();
    scores
        .iter()
        .enumerate()
        .map(|(number, (name, values))| {
            let (up, down) = (of(positive, values), of(honest, values));
            let behind = own.as_ref().filter(|_| number > 0).map(|(own_up, own_down)| {
                let difference = |first: &[usize], second: &[usize]| {
                    let pick =
                        |scores: &[f64], draw: &[usize]| draw.iter().map(|place| scores[*place]).collect::<Vec<_>>();
                    let product = auroc(&pick(own_up, first), &pick(own_down, second))?;
                    Some(product - auroc(&pick(&up, first), &pick(&down, second))?)
                };
                let all = |count: usize| (0..count).collect::<Vec<_>>();
                bootstrap.estimate(difference(&all(up.len()), &all(down.len())), difference)
            });
            Ranking {
                score: (*name).to_owned(),
                auroc: bootstrap.of_scores(&up, &down, auroc),
                average_precision: bootstrap.of_scores(&up, &down, |up, down| average_precision(up, down, PREVALENCE)),
                recall_at_1_percent: bootstrap.of_scores(&up, &down, |up, down| recall_at(up, down, 0.01)),
                recall_at_01_percent: bootstrap.of_scores(&up, &down, |up, down| recall_at(up, down, 0.001)),
                auroc_behind_product: behind.unwrap_or_default(),
                worst_look_alike: worst_in_review(people, values, number == 0, count),
                worst_at_equal_recall: worst_at_recall(people, values, &up, recall),
            }
        })
        .collect()
}

/// Among those flagged: the product by its band, a baseline by its `count` highest scores.
fn worst_in_review(people: &[&Person], values: &[f64], by_band: bool, count: usize) -> Flagged {
    let threshold = nth_highest(values, count);
    let worst = worst(people, values, |person, value| if by_band { person.in_review } else { value >= threshold });
    Flagged {
        name: worst.name,
        people: worst.people,
        in_review: worst.flagged,
        share: worst.share,
        ..Flagged::default()
    }
}

/// Among those at least as high as the share `recall` of `positive`.
fn worst_at_recall(people: &[&Person], values: &[f64], positive: &[f64], recall: f64) -> WorstGroup {
    let threshold = nth_highest(positive, (recall * positive.len() as f64).round() as usize);
    worst(people, values, |_, value| value >= threshold)
}

/// Infinite where there are not so many values, or none is asked for.
fn nth_highest(values: &[f64], count: usize) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(|a, b| b.total_cmp(a));
    count.checked_sub(1).and_then(|place| sorted.get(place).copied()).unwrap_or(f64::INFINITY)
}

/// The look-alike family with the largest flagged share; of equal shares the first by name, so that the answer does not depend on order.
fn worst(people: &[&Person], values: &[f64], flagged: impl Fn(&Person, f64) -> bool) -> WorstGroup {
    let mut families: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for (person, value) in people.iter().zip(values).filter(|(person, _)| !person.truth.lookalike.is_empty()) {
        let family = families.entry(&person.truth.lookalike).or_default();
        family.0 += usize::from(flagged(person, *value));
        family.1 += 1;
    }
    let share = |(hits, all): &(usize, usize)| *hits as f64 / *all as f64;
    let worst = families.iter().rev().max_by(|a, b| share(a.1).total_cmp(&share(b.1)));
    worst.map_or_else(WorstGroup::default, |(name, (flagged, people))| WorstGroup {
        name: (*name).to_owned(),
        people: *people,
        flagged: *flagged,
        share: proportion(*flagged, *people),
    })
}
