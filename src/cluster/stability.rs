//! Which clusters come back when the data are drawn again (Hennig 2007).
//!
//! Owns the bootstrap and the cut. A cluster that does not come back is the algorithm's, not the data's.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use super::candidates::{Algorithm, Labels};
use super::features::Features;
use crate::score::stats::Seeded;

/// Mean Jaccard similarity that a cluster must keep.
const STABLE: f64 = 0.75;
/// Resamples.
const RESAMPLES: usize = 20;

/// The stable clusters with their mean Jaccard similarity to the best match in each resample. A resample that cannot be
/// clustered counts as 0.
pub(super) fn stable(
    features: &Features,
    algorithm: &Algorithm,
    labels: &[Option<usize>],
    smallest: usize,
    random: &mut Seeded,
) -> BTreeMap<usize, f64> {
    let mut sums: BTreeMap<usize, f64> = labels.iter().flatten().map(|label| (*label, 0.0)).collect();
    for _ in 0..RESAMPLES {
        let drawn: Vec<usize> = (0..labels.len()).map(|_| random.below(labels.len())).collect();
        let Ok(again) = algorithm.run(&features.rows(&drawn), smallest, random) else {
            continue;
        };
        // Each drawn row once, however often it was drawn.
        let seen: BTreeMap<usize, Option<usize>> = drawn.into_iter().zip(again).collect();
        for (cluster, similarity) in best_matches(labels, &seen) {
            *sums.entry(cluster).or_default() += similarity;
        }
    }
    sums.into_iter()
        .map(|(cluster, sum)| (cluster, sum / RESAMPLES as f64))
        .filter(|(_, similarity)| *similarity >= STABLE)
        .collect()
}

/// For each old cluster the largest Jaccard similarity to a new one, among the rows seen again.
fn best_matches(labels: &[Option<usize>], seen: &BTreeMap<usize, Option<usize>>) -> BTreeMap<usize, f64> {
    let (mut old, mut new) = (FxHashMap::<usize, usize>::default(), FxHashMap::<usize, usize>::default());
    let mut both: FxHashMap<(usize, usize), usize> = FxHashMap::default();
    for (&row, &now) in seen {
        if let Some(before) = labels[row] {
            *old.entry(before).or_default() += 1;
            if let Some(now) = now {
                *both.entry((before, now)).or_default() += 1;
            }
        }
        if let Some(now) = now {
            *new.entry(now).or_default() += 1;
        }
    }
    let mut best: BTreeMap<usize, f64> = BTreeMap::new();
    for (&(before, now), &common) in &both {
        let similarity = common as f64 / (old[&before] + new[&now] - common) as f64;
        let slot = best.entry(before).or_insert(0.0);
        *slot = slot.max(similarity);
    }
    best
}

/// Stable clusters times the share of the sample that they cover: two certain halves are worth less than four certain
/// quarters, and more than eight of which one is certain. A judgement default.
pub(super) fn merit(labels: &Labels, stable: &BTreeMap<usize, f64>) -> f64 {
    let covered = labels.iter().flatten().filter(|label| stable.contains_key(label)).count();
    stable.len() as f64 * covered as f64 / labels.len().max(1) as f64
}
