//! The matrix that is clustered: signed evidence and log amounts, robustly scaled.
//!
//! Owns scaling, clipping and the treatment of what is missing. Owns no distances.

use std::collections::BTreeSet;

use ndarray::Array2;

use super::ClusterUnit;
use crate::score::stats::sorted_quantile;

/// Scaled features end here, so that one enormous session does not become an axis.
const CLIP: f64 = 5.0;
/// A column where fewer than this part of the units differ from the commonest value tells nothing.
const NEAR_CONSTANT: f64 = 0.02;
/// Makes the median absolute deviation of a normal variable its standard deviation.
const MAD_SCALE: f64 = 1.4826;

/// Rows in the order of the sample.
#[derive(Debug, Clone)]
pub(super) struct Features {
    pub(super) names: Vec<String>,
    pub(super) matrix: Array2<f64>,
}

impl Features {
    /// Columns: evidence of each signal (an abstention is 0 dB) with an indicator of speaking, and log1p of each amount
    /// (missing is the median) with an indicator of being reported; near-constant columns are dropped.
    pub(super) fn new(sample: &[&ClusterUnit]) -> Self {
        let signals: BTreeSet<&String> = sample.iter().flat_map(|unit| unit.weights.keys()).collect();
        let amounts: BTreeSet<&String> = sample.iter().flat_map(|unit| unit.amounts.keys()).collect();
        let mut columns: Vec<(String, Vec<f64>)> = Vec::new();
        for signal in signals {
            let values: Vec<Option<f64>> = sample.iter().map(|unit| unit.weights.get(signal).copied()).collect();
            let evidence = values.iter().map(|value| value.unwrap_or(0.0)).collect();
            columns.push((signal.clone(), scaled(evidence)));
            columns.push((format!("{signal} speaks"), indicator(&values)));
        }
        for amount in amounts {
            let values: Vec<Option<f64>> =
                sample.iter().map(|unit| unit.amounts.get(amount).map(|value| value.max(0.0).ln_1p())).collect();
            let mut known: Vec<f64> = values.iter().flatten().copied().collect();
            known.sort_unstable_by(f64::total_cmp);
            let median = sorted_quantile(&known, 0.5).unwrap_or(0.0);
            columns.push((amount.clone(), scaled(values.iter().map(|value| value.unwrap_or(median)).collect())));
            columns.push((format!("{amount} reported"), indicator(&values)));
        }
        columns.retain(|(_, column)| !near_constant(column));
        let mut matrix = Array2::zeros((sample.len(), columns.len()));
        for (at, (_, column)) in columns.iter().enumerate() {
            for (row, value) in column.iter().enumerate() {
                matrix[[row, at]] = *value;
            }
        }
        Self { names: columns.into_iter().map(|(name, _)| name).collect(), matrix }
    }

    /// The rows with these numbers, repeats included.
    pub(super) fn rows(&self, rows: &[usize]) -> Self {
        Self { names: self.names.clone(), matrix: self.matrix.select(ndarray::Axis(0), rows) }
    }
}

fn indicator(values: &[Option<f64>]) -> Vec<f64> {
    values.iter().map(|value| f64::from(u8::from(value.is_some()))).collect()
}

/// (x - median) / (1.4826 MAD), clipped. Where half the values are equal the MAD is 0: then the mean absolute deviation
/// stands in, scaled to be a standard deviation for a normal variable too.
fn scaled(values: Vec<f64>) -> Vec<f64> {
    let mut sorted = values.clone();
    sorted.sort_unstable_by(f64::total_cmp);
    let median = sorted_quantile(&sorted, 0.5).unwrap_or(0.0);
    let mut deviations: Vec<f64> = values.iter().map(|value| (value - median).abs()).collect();
    deviations.sort_unstable_by(f64::total_cmp);
    let mad = MAD_SCALE * sorted_quantile(&deviations, 0.5).unwrap_or(0.0);
    let mean = deviations.iter().sum::<f64>() / deviations.len().max(1) as f64;
    let spread = if mad > 0.0 { mad } else { mean * (std::f64::consts::PI / 2.0).sqrt() };
    values
        .into_iter()
        .map(|value| if spread > 0.0 { ((value - median) / spread).clamp(-CLIP, CLIP) } else { 0.0 })
        .collect()
}

fn near_constant(column: &[f64]) -> bool {
    let mut sorted = column.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let commonest = sorted.chunk_by(|one, two| one == two).map(<[f64]>::len).max().unwrap_or(0);
    ((column.len() - commonest) as f64) < NEAR_CONSTANT * column.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_scaled_clipped_and_dropped_when_constant() {
        let units: Vec<ClusterUnit> = (0..100)
            .map(|number| {
                let mut unit = ClusterUnit { unit_id: format!("{number:03}"), ..ClusterUnit::default() };
                unit.weights.insert("varies".into(), f64::from(number));
                unit.weights.insert("constant".into(), 3.0);
                if number < 50 {
                    unit.weights.insert("sometimes".into(), 4.0);
                }
                unit.amounts.insert("tokens".into(), if number == 7 { 1e300 } else { f64::from(number) });
                unit
            })
            .collect();
        let features = Features::new(&units.iter().collect::<Vec<_>>());
        assert_eq!(features.names, ["sometimes", "sometimes speaks", "varies", "tokens"]);
        // Median 49.5, MAD 25.
        assert!((features.matrix[[0, 2]] + 49.5 / (1.4826 * 25.0)).abs() < 1e-9);
        assert_eq!(features.matrix[[7, 3]], CLIP);
    }
}
