//! Clustering end to end, on planted kinds.

use super::*;

/// 30 units of each planted kind and 100 quiet ones, from 30 people (or `people`).
fn units(people: usize, seed: u64) -> Vec<ClusterUnit> {
    let mut random = Seeded::new(seed);
    let kinds: [&[&str]; 4] =
        [&["prompt_repetition", "timer_regularity"], &["loop_no_progress", "unattended_burn"], &["orphan_output"], &[]];
    let signals = ["prompt_repetition", "timer_regularity", "loop_no_progress", "unattended_burn", "orphan_output"];
    let mut units = Vec::new();
    for (kind, strong) in kinds.iter().enumerate() {
        for number in 0..if strong.is_empty() { 100 } else { 30 } {
            let mut unit = ClusterUnit {
                unit_id: format!("{kind}-{number:03}"),
                actor: format!("a{}", number % people),
                score_db: if strong.is_empty() { 0.0 } else { 14.0 },
                ..ClusterUnit::default()
            };
            for signal in signals {
                let weight = random.normal() * 0.7 + if strong.contains(&signal) { 9.0 } else { -1.0 };
                unit.weights.insert(signal.to_owned(), weight);
            }
            unit.amounts.insert("tokens".into(), (9.0 + random.normal()).exp());
            units.push(unit);
        }
    }
    units
}

/// The archetypes of these units, whose order is that of their ids.
fn archetypes(units: &[ClusterUnit], seed: u64) -> Archetypes {
    let mut units = units.to_vec();
    units.sort_by(|one, two| one.unit_id.cmp(&two.unit_id));
    let scores: Vec<(usize, f64)> = units.iter().map(|unit| unit.score_db).enumerate().collect();
    super::archetypes(&scores, |place, _| units[place].clone(), seed)
}

#[test]
fn planted_kinds_are_found_and_named() {
    let found = archetypes(&units(30, 1), 5);
    let mut names: Vec<&str> = found.published.iter().map(|archetype| archetype.name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["explorer", "mixed", "runaway agent", "scripted repeater"], "{found:?}");
    assert!(found.published.iter().all(|archetype| archetype.stability >= 0.75 && archetype.people >= 10));
    // 90 that stand out and as many of the quiet 100.
    assert_eq!(found.labels.len(), 180);
    let right = (0..30).filter(|number| found.labels[&format!("1-{number:03}")] == "runaway agent").count();
    assert!(right >= 28, "{right} of 30");
}

#[test]
fn the_same_seed_gives_the_same_archetypes() {
    let units = units(30, 2);
    assert_eq!(archetypes(&units, 7), archetypes(&units, 7));
}

#[test]
fn clusters_of_one_name_are_one_archetype() {
    let units = units(60, 8);
    let sample: Vec<&ClusterUnit> = units.iter().collect();
    let of = |unit: &ClusterUnit| unit.unit_id.strip_prefix("1-").and_then(|number| number.parse::<usize>().ok());
    // One planted kind, cut in two.
    let labels: Vec<Option<usize>> = sample.iter().map(|unit| of(unit).map(|number| number % 2)).collect();
    let found = named(&sample, &labels, &BTreeMap::from([(0, 0.9), (1, 0.8)]), &Algorithm::KMeans { clusters: 2 });
    let kinds: Vec<_> =
        found.published.iter().map(|one| (one.name.as_str(), one.units, one.people, one.stability)).collect();
    assert_eq!(kinds, [("runaway agent", 30, 30, 0.8)]);
}

#[test]
fn few_people_are_not_published_and_few_units_not_clustered() {
    let found = archetypes(&units(4, 3), 5);
    assert!(found.published.is_empty() && found.labels.values().all(|label| label.is_empty() || label == "noise"));
    assert!(found.notes[0].contains("not published"), "{:?}", found.notes);
    let few = archetypes(&units(30, 4)[20..32], 5);
    assert_eq!(few.notes, ["12 sessions of at least 6 dB, 30 needed for archetypes"]);
    assert!(few.labels.is_empty());
}

#[test]
fn one_cloud_has_no_archetypes() {
    let mut random = Seeded::new(6);
    let cloud: Vec<ClusterUnit> = (0..200)
        .map(|number| ClusterUnit {
            unit_id: format!("{number:03}"),
            actor: format!("a{number}"),
            score_db: if number % 2 == 0 { 7.0 } else { 0.0 },
            weights: (0..6).map(|signal| (format!("s{signal}"), random.normal())).collect(),
            amounts: BTreeMap::new(),
        })
        .collect();
    let found = archetypes(&cloud, 5);
    // k-means always cuts; what it cuts out of one cloud does not come back.
    assert!(found.published.len() <= 1, "{found:?}");
}
