//! The clusterings that compete: linfa's k-means, DBSCAN and Gaussian mixtures.
//!
//! Owns their parameters and seeding. Owns no judgement: `stability` compares them.

use std::fmt;

use linfa::DatasetBase;
use linfa::traits::{Fit, Predict, Transformer};
use linfa_clustering::{Dbscan, GaussianMixtureModel, KMeans, KMeansInit};
use ndarray::{Array2, ArrayView1, Axis};

use super::features::Features;
use crate::score::stats::Seeded;

/// Clusters tried by k-means.
const MOST_MEANS: usize = 8;
/// Components tried by the mixture.
const MOST_COMPONENTS: usize = 4;
/// Points that a component of a full-covariance mixture needs for each of its parameters; a judgement default.
const POINTS_A_PARAMETER: usize = 10;
/// Neighbours within the radius that make a point dense (HDBSCAN's `min_samples` 5-10).
const NEIGHBOURS: usize = 10;
/// Points that the radius is read from.
const RADIUS_SAMPLE: usize = 500;
/// Most iterations of k-means.
const ITERATIONS: u64 = 50;

/// A clusterer with its parameters, able to run again on a resample.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Algorithm {
    /// k-means with k-means++ seeding.
    KMeans {
        /// Clusters.
        clusters: usize,
    },
    /// Density clustering that leaves noise.
    Dbscan {
        /// Distance within which neighbours count.
        radius: f64,
    },
    /// Gaussian mixture with full covariance.
    Mixture {
        /// Components.
        components: usize,
    },
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Algorithm::KMeans { clusters } => write!(f, "k-means, k = {clusters}"),
            Algorithm::Dbscan { radius } => write!(f, "DBSCAN, radius {radius:.2}, {NEIGHBOURS} neighbours"),
            Algorithm::Mixture { components } => write!(f, "Gaussian mixture, {components} components"),
        }
    }
}

/// Label of each row, `None` for noise.
pub(super) type Labels = Vec<Option<usize>>;

impl Algorithm {
    /// Labels the rows; clusters smaller than `smallest` are noise. The error is linfa's, in words.
    pub(super) fn run(&self, features: &Features, smallest: usize, random: &mut Seeded) -> Result<Labels, String> {
        let matrix = &features.matrix;
        let mut labels: Labels = match self {
            Algorithm::KMeans { clusters } => {
                // Seeded by our own generator: linfa's default one is fixed, and its type would tie us to a version of rand.
                let seeds = plus_plus(matrix, *clusters, random);
                let dataset = DatasetBase::from(matrix.view());
                let model = KMeans::params(*clusters)
                    .init_method(KMeansInit::Precomputed(seeds))
                    .n_runs(1)
                    .max_n_iterations(ITERATIONS)
                    .fit(&dataset)
                    .map_err(|error| format!("{self}: {error}"))?;
                model.predict(matrix).iter().map(|label| Some(*label)).collect()
            }
            Algorithm::Dbscan { radius } => Dbscan::params(NEIGHBOURS)
                .tolerance(*radius)
                .transform(matrix)
                .map_err(|error| format!("{self}: {error}"))?
                .to_vec(),
            Algorithm::Mixture { components } => {
                let dataset = DatasetBase::from(matrix.view());
                let model = GaussianMixtureModel::params(*components)
                    .reg_covariance(1e-3)
                    .fit(&dataset)
                    .map_err(|error| format!("{self}: {error}"))?;
                model.predict(matrix).iter().map(|label| Some(*label)).collect()
            }
        };
        let mut sizes: rustc_hash::FxHashMap<usize, usize> = rustc_hash::FxHashMap::default();
        labels.iter().flatten().for_each(|label| *sizes.entry(*label).or_default() += 1);
        labels.iter_mut().for_each(|label| *label = label.filter(|label| sizes[label] >= smallest));
        Ok(labels)
    }
}

/// Runs every candidate, simplest first; what failed or was not tried is noted.
pub(super) fn candidates(
    features: &Features,
    smallest: usize,
    random: &mut Seeded,
) -> (Vec<(Algorithm, Labels)>, Vec<String>) {
    let mut algorithms: Vec<Algorithm> = (2..=MOST_MEANS).map(|clusters| Algorithm::KMeans { clusters }).collect();
    let mut notes = Vec::new();
    match radius(&features.matrix) {
        Some(radius) => algorithms.push(Algorithm::Dbscan { radius }),
        None => notes.push("DBSCAN not tried: the sessions have no typical distance".to_owned()),
    }
    let dimensions = features.names.len();
    let parameters = dimensions + dimensions * (dimensions + 1) / 2;
    let affordable = (features.matrix.nrows() / (POINTS_A_PARAMETER * parameters)).min(MOST_COMPONENTS);
    if affordable < 2 {
        notes.push(format!("Gaussian mixture not tried: {parameters} parameters a component are too many here"));
    }
    algorithms.extend((2..=affordable).map(|components| Algorithm::Mixture { components }));
    let mut found = Vec::new();
    for algorithm in algorithms {
        match algorithm.run(features, smallest, random) {
            Ok(labels) => found.push((algorithm, labels)),
            Err(note) => notes.push(note),
        }
    }
    (found, notes)
}

/// k-means++ (Arthur and Vassilvitskii 2007): each next seed is drawn with chance proportional to its squared distance.
fn plus_plus(matrix: &Array2<f64>, clusters: usize, random: &mut Seeded) -> Array2<f64> {
    let mut chosen = vec![random.below(matrix.nrows())];
    let mut nearest: Vec<f64> = vec![f64::INFINITY; matrix.nrows()];
    while chosen.len() < clusters {
        let last = matrix.row(chosen[chosen.len() - 1]);
        for (row, nearest) in matrix.axis_iter(Axis(0)).zip(&mut nearest) {
            *nearest = nearest.min(squared_distance(row, last));
        }
        let mut left = random.uniform() * nearest.iter().sum::<f64>();
        let next = nearest.iter().position(|distance| {
            left -= distance;
            left < 0.0
        });
        // All points equal: any will do.
        chosen.push(next.unwrap_or(0));
    }
    matrix.select(Axis(0), &chosen)
}

/// Radius at the knee of the sorted distances to the tenth neighbour: the point farthest below the chord.
fn radius(matrix: &Array2<f64>) -> Option<f64> {
    let step = matrix.nrows().div_ceil(RADIUS_SAMPLE).max(1);
    let mut reach: Vec<f64> = (0..matrix.nrows())
        .step_by(step)
        .filter_map(|row| {
            let mut distances: Vec<f64> =
                matrix.axis_iter(Axis(0)).map(|other| squared_distance(matrix.row(row), other)).collect();
            // The point itself is the nearest.
            (distances.len() > NEIGHBOURS)
                .then(|| distances.select_nth_unstable_by(NEIGHBOURS, f64::total_cmp).1.sqrt())
        })
        .collect();
    reach.sort_unstable_by(f64::total_cmp);
    let (first, last) = (*reach.first()?, *reach.last()?);
    let chord = |at: usize| first + (last - first) * at as f64 / reach.len() as f64;
    let knee = (0..reach.len()).max_by(|&one, &two| (chord(one) - reach[one]).total_cmp(&(chord(two) - reach[two])))?;
    Some(reach[knee]).filter(|radius| *radius > 0.0)
}

fn squared_distance(one: ArrayView1<'_, f64>, two: ArrayView1<'_, f64>) -> f64 {
    one.iter().zip(two).map(|(one, two)| (one - two).powi(2)).sum()
}
