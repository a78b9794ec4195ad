//! Archetypes: what kinds of sessions stand out, found by clustering and named by rule.
//!
//! Owns the sample, the features, the choice among linfa's clusterers by stability, and the names (signals.md section 4).
//! Owns no scores. It never runs on everyone: only on what stands out and an equal random sample of what does not.

mod candidates;
mod features;
mod name;
mod stability;

use std::collections::{BTreeMap, BTreeSet};

use self::candidates::{Algorithm, candidates};
use self::features::Features;
pub use self::name::ArchetypeName;
use crate::score::stats::Seeded;

/// Evidence from which a unit stands out enough to be clustered, decibans.
const STANDS_OUT_DB: f64 = 6.0;
/// Fewest units that stand out; two clusters of the smallest size.
const FEWEST_UNITS: usize = 2 * SMALLEST_CLUSTER;
/// Smallest cluster, or 1 % of the sample if that is more.
const SMALLEST_CLUSTER: usize = 15;
/// Most units that stand out in one clustering; with as many quiet ones. Keeps density clustering, quadratic at worst, in
/// seconds.
const MOST_UNITS: usize = 1_500;
/// Fewest people behind a published archetype.
const FEWEST_PEOPLE: usize = 10;

/// One scored unit as clustering sees it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ClusterUnit {
    /// Session id.
    pub unit_id: String,
    /// Who; only counted.
    pub actor: String,
    /// Evidence in decibans.
    pub score_db: f64,
    /// Signed evidence of each speaking signal, decibans, by signal; a missing signal abstained.
    pub weights: BTreeMap<String, f64>,
    /// Amounts such as tokens and prompts, by name; a missing one was not reported.
    pub amounts: BTreeMap<String, f64>,
}

/// A stable kind of unit.
#[derive(Debug, Clone, PartialEq)]
pub struct Archetype {
    /// By rule from its two strongest signals.
    pub name: ArchetypeName,
    /// Units in it.
    pub units: usize,
    /// People in it; an archetype of fewer than ten is not published.
    pub people: usize,
    /// Mean Jaccard similarity over bootstrap samples, .75 to 1; of several clusters of this name the least.
    pub stability: f64,
    /// Strongest signals with Cliff's delta against the rest, strongest first; of several clusters those of the first.
    pub signals: Vec<(String, f64)>,
}

/// The archetypes of a run.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Archetypes {
    /// Label of each clustered unit: an archetype's name, `noise`, or empty for an archetype that is not published.
    pub labels: BTreeMap<String, String>,
    /// Published archetypes, largest first.
    pub published: Vec<Archetype>,
    /// Which algorithm was the most stable, in words.
    pub algorithm: String,
    /// Why there are no archetypes, or what was left out.
    pub notes: Vec<String>,
}

/// Clusters the units that stand out, with as many that do not. `scores` are the places and scores of all units in the order of their ids, and `unit` makes
/// a unit of them: of millions a few thousand are drawn. Deterministic in the seed.
pub fn archetypes(scores: &[Placed], unit: impl Fn(usize, f64) -> ClusterUnit, seed: u64) -> Archetypes {
    let mut random = Seeded::new(seed);
    let sample: Vec<ClusterUnit> =
        sample(scores, &mut random).into_iter().map(|(place, score_db)| unit(place, score_db)).collect();
    let sample: Vec<&ClusterUnit> = sample.iter().collect();
    let standing_out = sample.iter().filter(|unit| unit.score_db >= STANDS_OUT_DB).count();
    let none = |note: String| Archetypes { notes: vec![note], ..Archetypes::default() };
    if standing_out < FEWEST_UNITS {
        return none(format!(
            "{standing_out} sessions of at least {STANDS_OUT_DB} dB, {FEWEST_UNITS} needed for archetypes"
        ));
    }
    let features = Features::new(&sample);
    if features.names.is_empty() {
        return none("the sessions do not differ in any feature".to_owned());
    }
    let smallest = SMALLEST_CLUSTER.max(sample.len() / 100);
    let (tried, mut notes) = candidates(&features, smallest, &mut random);
    let best = tried
        .into_iter()
        .map(|(algorithm, labels)| {
            let stable = stability::stable(&features, &algorithm, &labels, smallest, &mut random.clone());
            (algorithm, labels, stable)
        })
        // Many stable clusters that cover much; of equals the first, which is the simplest.
        .map(|found| (stability::merit(&found.1, &found.2), found))
        .reduce(|best, next| if next.0 > best.0 + 1e-9 { next } else { best });
    match best {
        Some((merit, (algorithm, labels, stable))) if merit > 0.0 => {
            let mut found = named(&sample, &labels, &stable, &algorithm);
            found.notes.append(&mut notes);
            found
        }
        _ => {
            notes.insert(0, format!("no cluster of {smallest} sessions or more was stable over resampling"));
            Archetypes { notes, ..Archetypes::default() }
        }
    }
}

/// The place of a unit in the order of ids, and its score in decibans.
pub type Placed = (usize, f64);

/// What stands out and an equal random sample of the rest, by place.
fn sample(scores: &[Placed], random: &mut Seeded) -> Vec<Placed> {
    let finite = scores.iter().filter(|(_, score_db)| score_db.is_finite());
    let (loud, quiet): (Vec<Placed>, Vec<Placed>) = finite.partition(|(_, score_db)| *score_db >= STANDS_OUT_DB);
    let loud = draw(loud, MOST_UNITS, random);
    let mut both = draw(quiet, loud.len(), random);
    both.extend(loud);
    both.sort_unstable_by_key(|(place, _)| *place);
    both
}

/// Up to `count` of the units without replacement (the front of a Fisher-Yates shuffle).
fn draw(mut units: Vec<Placed>, count: usize, random: &mut Seeded) -> Vec<Placed> {
    let count = count.min(units.len());
    for at in 0..count {
        let chosen = at + random.below(units.len() - at);
        units.swap(at, chosen);
    }
    units.truncate(count);
    units
}

/// Names the stable clusters and withholds those of too few people. Clusters that the lexicon gives one name are one archetype: a session is told
/// by the name alone which it is of.
fn named(
    sample: &[&ClusterUnit],
    labels: &[Option<usize>],
    stable: &BTreeMap<usize, f64>,
    algorithm: &Algorithm,
) -> Archetypes {
    let mut found = Archetypes { algorithm: algorithm.to_string(), ..Archetypes::default() };
    let mut of_cluster: BTreeMap<usize, String> = BTreeMap::new();
    let mut people_of: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut of_few_people = 0;
    for (&cluster, &stability) in stable {
        let inside: Vec<bool> = labels.iter().map(|label| *label == Some(cluster)).collect();
        let members = || sample.iter().zip(&inside).filter(|(_, inside)| **inside).map(|(unit, _)| unit);
        let people = members().map(|unit| unit.actor.as_str()).collect::<BTreeSet<_>>();
        let (name, signals) = name::name(sample, &inside);
        if people.len() < FEWEST_PEOPLE {
            of_few_people += 1;
            of_cluster.insert(cluster, String::new());
            continue;
        }
        of_cluster.insert(cluster, name.as_str().to_owned());
        let all = people_of.entry(name.as_str()).or_default();
        all.extend(people);
        let (units, people) = (members().count(), all.len());
        match found.published.iter_mut().find(|one| one.name == name) {
            Some(one) => {
                (one.units, one.people, one.stability) = (one.units + units, people, one.stability.min(stability))
            }
            None => found.published.push(Archetype { name, units, people, stability, signals }),
        }
    }
    match of_few_people {
        0 => {}
        1 => found.notes.push(format!("one archetype is not published: fewer than {FEWEST_PEOPLE} people")),
        many => {
            found.notes.push(format!("{many} archetypes are not published: fewer than {FEWEST_PEOPLE} people in each"))
        }
    }
    found.published.sort_by(|one, two| (two.units, one.name.as_str()).cmp(&(one.units, two.name.as_str())));
    found.labels = sample
        .iter()
        .zip(labels)
        .map(|(unit, label)| {
            let name =
                label.and_then(|cluster| of_cluster.get(&cluster).cloned()).unwrap_or_else(|| "noise".to_owned());
            (unit.unit_id.clone(), name)
        })
        .collect();
    found
}

#[cfg(test)]
mod tests;
