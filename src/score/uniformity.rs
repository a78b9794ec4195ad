//! Are these numbers spread evenly? Kolmogorov and Smirnov on a line, Kuiper on a circle.
//!
//! Owns the two statistics and their p-values. Owns no decision.

/// Terms of each series; the next one is below 1e-15 wherever the p is not 1 anyway.
const TERMS: u32 = 100;

/// D+ and D-: how far the share of values at or below u lies above u, and below it. Values in [0, 1].
fn distances(values: &[f64]) -> (f64, f64) {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let n = sorted.len() as f64;
    sorted.iter().enumerate().fold((0.0, 0.0), |(above, below), (rank, value)| {
        (f64::max(above, (rank as f64 + 1.0) / n - value), f64::max(below, value - rank as f64 / n))
    })
}

/// One-sided Kolmogorov-Smirnov test against U(0, 1) that there are too many *small* values: (D+, p), p exact by the finite
/// sum of Smirnov (1944) as given by Birnbaum and Tingey (1951). The values are worth `independent` independent ones, their
/// number if nothing ties them together. (0, 1) without values. O(n log n).
pub fn too_many_small(values: &[f64], independent: usize) -> (f64, f64) {
    if values.is_empty() {
        return (0.0, 1.0);
    }
    let (distance, _) = distances(values);
    (distance, smirnov_upper_tail(independent, distance))
}

/// P(D+ >= distance) for n values: d sum_j C(n, j) (1 - d - j/n)^(n-j) (d + j/n)^(j-1).
fn smirnov_upper_tail(n: usize, distance: f64) -> f64 {
    if distance <= 0.0 {
        return 1.0;
    }
    if distance >= 1.0 {
        return 0.0;
    }
    let count = n as f64;
    let mut ln_choose = 0.0;
    let mut sum = 0.0;
    for j in 0..=((count * (1.0 - distance)).floor() as usize) {
        let at = j as f64;
        if j > 0 {
            ln_choose += (count - at + 1.0).ln() - at.ln();
        }
        let (left, right) = (1.0 - distance - at / count, distance + at / count);
        if left > 0.0 {
            sum += (ln_choose + (count - at) * left.ln() + (at - 1.0) * right.ln()).exp();
        }
    }
    (distance * sum).clamp(0.0, 1.0)
}

/// Kuiper's test that phases in [0, 1) have no preferred part of the circle: (V, p) with V = D+ + D- and Stephens' (1970)
/// V* = V (sqrt n + .155 + .24 / sqrt n), p = 2 sum_j (4 j^2 V*^2 - 1) exp(-2 j^2 V*^2) (Kuiper 1960). (0, 1) without phases.
pub fn kuiper(phases: &[f64]) -> (f64, f64) {
    if phases.is_empty() {
        return (0.0, 1.0);
    }
    let (above, below) = distances(phases);
    let distance = above + below;
    let root = (phases.len() as f64).sqrt();
    (distance, kuiper_upper_tail(distance * (root + 0.155 + 0.24 / root)))
}

/// P(V* >= v).
fn kuiper_upper_tail(v: f64) -> f64 {
    // Below this the alternating terms cancel and the tail is 1 to seven digits.
    if v < 0.4 {
        return 1.0;
    }
    let term = |j: u32| {
        let square = f64::from(j * j) * v * v;
        2.0 * (4.0 * square - 1.0) * (-2.0 * square).exp()
    };
    (1..=TERMS).map(term).sum::<f64>().clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::stats::Seeded;

    fn close(actual: f64, expected: f64, tolerance: f64) {
        assert!((actual - expected).abs() <= tolerance, "{actual} is not {expected} +- {tolerance}");
    }

    /// Constants printed by scipy 1.17.1: `stats.kstest(x, 'uniform', alternative='greater')` for the 12 values below and for
    /// `[(.37 * i % 1) ** 2 for i in range(25)]`.
    #[test]
    fn the_one_sided_test_agrees_with_scipy() {
        let twelve = [0.02, 0.05, 0.11, 0.13, 0.2, 0.31, 0.33, 0.41, 0.48, 0.52, 0.77, 0.9];
        let (distance, p) = too_many_small(&twelve, 12);
        close(distance, 0.313_333_333_333_333_35, 1e-12);
        close(p, 0.075_924_758_749_990_27, 1e-12);
        let squares: Vec<f64> = (0..25).map(|index| (0.37 * f64::from(index) % 1.0).powi(2)).collect();
        close(too_many_small(&squares, 25).1, 0.008_616_342_579_862_461, 1e-12);
    }

    /// Upper percentage points 1.620, 1.747, 1.862 and 2.001 of V* (Stephens 1970, table 1), and the share of 400,000 numpy
    /// draws with a V at least that of the 25 squares (.1295) and of the 12 values above (.4738).
    #[test]
    fn kuiper_agrees_with_stephens_and_with_draws() {
        for (v, p) in [(1.620, 0.10), (1.747, 0.05), (1.862, 0.025), (2.001, 0.01)] {
            close(kuiper_upper_tail(v), p, 0.02 * p);
        }
        let squares: Vec<f64> = (0..25).map(|index| (0.37 * f64::from(index) % 1.0).powi(2)).collect();
        close(kuiper(&squares).1, 0.1295, 0.006);
        let twelve = [0.02, 0.05, 0.11, 0.13, 0.2, 0.31, 0.33, 0.41, 0.48, 0.52, 0.77, 0.9];
        close(kuiper(&twelve).1, 0.4738, 0.02);
    }

    #[test]
    fn both_hold_their_level_and_find_a_lump() {
        let mut random = Seeded::new(31);
        let (mut small, mut lumpy) = (0, 0);
        for _ in 0..2_000 {
            let values: Vec<f64> = (0..40).map(|_| random.uniform()).collect();
            small += usize::from(too_many_small(&values, 40).1 <= 0.05);
            lumpy += usize::from(kuiper(&values).1 <= 0.05);
        }
        // Binomial(2000, .05): mean 100, standard deviation 9.7.
        assert!((70..=130).contains(&small) && (70..=130).contains(&lumpy), "{small} {lumpy}");
        let late: Vec<f64> = (0..40).map(|index| 0.9 + f64::from(index) / 500.0).collect();
        assert!(too_many_small(&late, 40).1 > 0.9);
        assert!(kuiper(&late).1 < 1e-9);
    }

    #[test]
    fn kuiper_does_not_care_where_the_circle_is_cut() {
        let phases: Vec<f64> = (0..25).map(|index| (0.37 * f64::from(index)).fract().powi(2)).collect();
        let turned: Vec<f64> = phases.iter().map(|phase| (phase + 0.43).fract()).collect();
        close(kuiper(&phases).0, kuiper(&turned).0, 1e-12);
    }

    #[test]
    fn nothing_is_even() {
        assert_eq!((too_many_small(&[], 0), kuiper(&[])), ((0.0, 1.0), (0.0, 1.0)));
    }
}
