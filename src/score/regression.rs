//! Least squares with the covariances that panels and time series need.
//!
//! Owns the normal equations and three covariances: Newey and West (1987) for a series, by cluster for a panel, and the wild
//! cluster bootstrap for few clusters (Cameron, Gelbach and Miller 2008). Owns no model: callers bring their columns.

use super::stats::Seeded;

/// A fitted model.
#[derive(Debug, Clone)]
pub struct Fit {
    /// One for each column, in the order given.
    pub coefficients: Vec<f64>,
    /// Observed minus fitted, one for each row.
    pub residuals: Vec<f64>,
    /// (X'X)^-1.
    inverse: Vec<Vec<f64>>,
}

/// Fits `y` on the rows of a design by ordinary least squares. `None` when the columns are collinear, the rows are fewer
/// than the columns, or lengths differ.
pub fn least_squares(design: &[Vec<f64>], y: &[f64]) -> Option<Fit> {
    let columns = design.first()?.len();
    if design.len() < columns || design.len() != y.len() || columns == 0 {
        return None;
    }
    let mut normal = vec![vec![0.0; columns]; columns];
    let mut right = vec![0.0; columns];
    for (row, value) in design.iter().zip(y) {
        for one in 0..columns {
            right[one] += row[one] * value;
            for two in 0..columns {
                normal[one][two] += row[one] * row[two];
            }
        }
    }
    let inverse = invert(normal)?;
    let coefficients: Vec<f64> = inverse.iter().map(|row| dot(row, &right)).collect();
    let residuals = design.iter().zip(y).map(|(row, value)| value - dot(row, &coefficients)).collect();
    Some(Fit { coefficients, residuals, inverse })
}

impl Fit {
    /// Rows minus columns.
    pub fn degrees_of_freedom(&self) -> f64 {
        self.residuals.len() as f64 - self.coefficients.len() as f64
    }

    /// Variance of the linear combination `weights` of the coefficients under homoscedastic errors.
    pub fn variance(&self, weights: &[f64]) -> f64 {
        let scale = self.residuals.iter().map(|e| e * e).sum::<f64>() / self.degrees_of_freedom();
        scale * self.inverse.iter().zip(weights).map(|(row, weight)| weight * dot(row, weights)).sum::<f64>()
    }

    /// Variance of the combination `weights` by Newey and West (1987): Bartlett weights 1 - l / (L + 1) up to lag
    /// L = `lags`, times n / (n - k). Rows must be in the order of time.
    pub fn newey_west_variance(&self, design: &[Vec<f64>], weights: &[f64], lags: usize) -> f64 {
        // The influence of each row on the combination: everything is a scalar from here on.
        let influence = self.influence(design, weights);
        let n = influence.len() as f64;
        let autocovariance =
            |lag: usize| influence.iter().skip(lag).zip(&influence).map(|(one, two)| one * two).sum::<f64>();
        let long_run = (1..=lags.min(influence.len().saturating_sub(1)))
            .map(|lag| 2.0 * (1.0 - lag as f64 / (lags as f64 + 1.0)) * autocovariance(lag))
            .sum::<f64>();
        (autocovariance(0) + long_run) * n / self.degrees_of_freedom()
    }

    /// Variance of the combination `weights` by cluster, times G / (G - 1) * (n - 1) / (n - k) (Cameron and Miller 2015).
    /// Clusters are numbered from 0 without gaps.
    pub fn clustered_variance(&self, design: &[Vec<f64>], weights: &[f64], clusters: &[usize]) -> f64 {
        let groups = clusters.iter().max().map_or(0, |last| last + 1);
        let mut sums = vec![0.0; groups];
        for (influence, &cluster) in self.influence(design, weights).iter().zip(clusters) {
            sums[cluster] += influence;
        }
        let (g, n) = (groups as f64, design.len() as f64);
        sums.iter().map(|sum| sum * sum).sum::<f64>() * g / (g - 1.0) * (n - 1.0) / self.degrees_of_freedom()
    }

    fn influence(&self, design: &[Vec<f64>], weights: &[f64]) -> Vec<f64> {
        let direction: Vec<f64> = self.inverse.iter().map(|row| dot(row, weights)).collect();
        design.iter().zip(&self.residuals).map(|(row, residual)| dot(row, &direction) * residual).collect()
    }
}

/// Newey and West's rule of thumb for the last lag, floor(4 (n / 100)^(2/9)).
pub fn newey_west_lags(n: usize) -> usize {
    (4.0 * (n as f64 / 100.0).powf(2.0 / 9.0)).floor() as usize
}

/// Wild cluster bootstrap of t for one coefficient with the null imposed and Rademacher signs a cluster: the share of draws
/// in which t is at least the observed one, (1 + hits) / (draws + 1), one-sided for a coefficient above 0. `None` when the
/// model cannot be fitted with and without the column.
///
/// `absorbed` numbers from 0 without gaps the group of each row whose mean was taken out of design and y, a dummy for each group; it is empty
/// without any. Signs turned by cluster bring such means back, so they are taken out of each draw as well: with them the errors of the draws
/// would be larger than the observed one.
pub fn wild_cluster_p(
    design: &[Vec<f64>],
    y: &[f64],
    clusters: &[usize],
    absorbed: &[usize],
    column: usize,
    draws: usize,
    seed: u64,
) -> Option<f64> {
    let statistic = |y: &[f64]| {
        let fit = least_squares(design, y)?;
        let weights = unit(fit.coefficients.len(), column);
        let variance = fit.clustered_variance(design, &weights, clusters);
        (variance > 0.0).then(|| fit.coefficients[column] / variance.sqrt())
    };
    let observed = statistic(y)?;
    let without: Vec<Vec<f64>> = design
        .iter()
        .map(|row| row.iter().enumerate().filter(|(at, _)| *at != column).map(|(_, value)| *value).collect())
        .collect();
    // Where it is the only column, nothing of the model is left under the null.
    let residuals = if without.first()?.is_empty() { y.to_vec() } else { least_squares(&without, y)?.residuals };
    let fitted: Vec<f64> = y.iter().zip(&residuals).map(|(value, residual)| value - residual).collect();
    let groups = clusters.iter().max().map_or(0, |last| last + 1);
    let mut random = Seeded::new(seed);
    let mut reached = 0;
    for _ in 0..draws {
        let signs: Vec<f64> = (0..groups).map(|_| if random.bits() >> 63 == 0 { 1.0 } else { -1.0 }).collect();
        let mut drawn: Vec<f64> = fitted
            .iter()
            .zip(&residuals)
            .zip(clusters)
            .map(|((fitted, residual), &cluster)| fitted + residual * signs[cluster])
            .collect();
        take_out_means(&mut drawn, absorbed);
        reached += usize::from(statistic(&drawn).is_some_and(|t| t >= observed));
    }
    Some((1.0 + reached as f64) / (draws as f64 + 1.0))
}

/// Takes the mean of each group out of its values.
fn take_out_means(values: &mut [f64], groups: &[usize]) {
    let mut sums = vec![(0.0f64, 0.0f64); groups.iter().max().map_or(0, |last| last + 1)];
    for (value, &group) in values.iter().zip(groups) {
        sums[group] = (sums[group].0 + *value, sums[group].1 + 1.0);
    }
    for (value, &group) in values.iter_mut().zip(groups) {
        *value -= sums[group].0 / sums[group].1;
    }
}

/// The weights that pick one coefficient.
pub fn unit(columns: usize, column: usize) -> Vec<f64> {
    (0..columns).map(|at| if at == column { 1.0 } else { 0.0 }).collect()
}

/// Inverse of a small symmetric positive definite matrix by elimination with pivoting; `None` when it is singular to
/// within 1e-10 of its largest diagonal cell.
pub(super) fn invert(mut matrix: Vec<Vec<f64>>) -> Option<Vec<Vec<f64>>> {
    let size = matrix.len();
    let largest = (0..size).map(|at| matrix[at][at].abs()).fold(0.0, f64::max);
    let mut inverse: Vec<Vec<f64>> = (0..size).map(|row| unit(size, row)).collect();
    for column in 0..size {
        let pivot =
            (column..size).max_by(|&one, &two| matrix[one][column].abs().total_cmp(&matrix[two][column].abs()))?;
        let leading = matrix[pivot][column].abs();
        if leading.is_nan() || leading <= 1e-10 * largest {
            return None;
        }
        matrix.swap(column, pivot);
        inverse.swap(column, pivot);
        let scale = matrix[column][column];
        matrix[column].iter_mut().chain(inverse[column].iter_mut()).for_each(|cell| *cell /= scale);
        let (leading, leading_inverse) = (matrix[column].clone(), inverse[column].clone());
        for row in (0..size).filter(|row| *row != column) {
            let factor = matrix[row][column];
            let eliminate = |cells: &mut [f64], leading: &[f64]| {
                cells.iter_mut().zip(leading).for_each(|(cell, lead)| *cell -= factor * lead);
            };
            eliminate(&mut matrix[row], &leading);
            eliminate(&mut inverse[row], &leading_inverse);
        }
    }
    Some(inverse)
}

pub(super) fn dot(one: &[f64], two: &[f64]) -> f64 {
    one.iter().zip(two).map(|(one, two)| one * two).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sixteen rows: a trend, a step, and y with a serially correlated wave.
    fn example() -> (Vec<Vec<f64>>, Vec<f64>) {
        (0..16)
            .map(|t| {
                let t = f64::from(t);
                let step = if t >= 8.0 { 1.0 } else { 0.0 };
                let y = 2.0 + 0.1 * t + 0.5 * step + 0.3 * (0.9 * t).sin() + 0.2 * (2.1 * t).cos();
                (vec![1.0, t, step], y)
            })
            .unzip()
    }

    fn close(actual: f64, expected: f64) {
        assert!((actual - expected).abs() <= 1e-9 * expected.abs().max(1.0), "{actual} is not {expected}");
    }

    /// Constants printed by statsmodels 0.15.0 for the same 16 rows: `m = sm.OLS(y, X)`, then
    /// `m.fit(cov_type='HAC', cov_kwds={'maxlags': L, 'use_correction': True})` for L = 2 and 3, the combination (0, 4, 1) as
    /// `sqrt(w @ h.cov_params() @ w)`, and `m.fit(cov_type='cluster', cov_kwds={'groups': arange(16) // 2}).bse`.
    #[test]
    fn agrees_with_statsmodels() {
        let (design, y) = example();
        let fit = least_squares(&design, &y).unwrap();
        for (found, expected) in fit.coefficients.iter().zip([2.157_207_75, 0.058_573_55, 0.863_333_59]) {
            assert!((found - expected).abs() < 1e-8);
        }
        assert!((fit.variance(&unit(3, 2)).sqrt() - 0.264_548_55).abs() < 1e-8);
        let error = |weights: &[f64], lags| fit.newey_west_variance(&design, weights, lags).sqrt();
        close(error(&unit(3, 2), 0), 0.229_848_612_480_734_5);
        close(error(&unit(3, 2), 2), 0.195_852_671_933_585_27);
        close(error(&unit(3, 1), 3), 0.024_710_518_021_434_143);
        close(error(&[0.0, 4.0, 1.0], 2), 0.125_125_713_852_538_5);
        let pairs: Vec<usize> = (0..16).map(|row| row / 2).collect();
        close(fit.clustered_variance(&design, &unit(3, 2), &pairs).sqrt(), 0.250_654_335_423_886_76);
    }

    #[test]
    fn collinear_columns_have_no_fit() {
        let design: Vec<Vec<f64>> = (0..8).map(|t| vec![1.0, f64::from(t), 2.0 * f64::from(t)]).collect();
        assert!(least_squares(&design, &[1.0; 8]).is_none());
        assert!(least_squares(&design[..2], &[1.0; 2]).is_none());
        assert!(least_squares(&[], &[]).is_none());
    }

    #[test]
    fn the_rule_of_thumb_for_lags() {
        assert_eq!([16, 24, 52, 100].map(newey_west_lags), [2, 2, 3, 4]);
    }

    #[test]
    fn the_wild_bootstrap_of_the_only_column_has_nothing_left_under_the_null() {
        let clusters: Vec<usize> = (0..30).map(|row| row / 3).collect();
        let design = vec![vec![1.0]; 30];
        let y: Vec<f64> = (0..30).map(|row| 1.0 + 0.1 * f64::from(row % 7)).collect();
        // Of 1,024 sign vectors one brings the observed t back.
        let p = |y: &[f64]| wild_cluster_p(&design, y, &clusters, &[], 0, 499, 3).unwrap();
        assert!(p(&y) <= 0.02, "{}", p(&y));
        let below: Vec<f64> = y.iter().map(|value| -value).collect();
        assert!(p(&below) > 0.95, "{}", p(&below));
    }

    #[test]
    fn the_wild_bootstrap_with_means_taken_out_is_that_of_a_dummy_for_each_group() {
        // Twelve people of whom four at a time stand in one of nine weeks, every other one of them treated.
        let mut random = Seeded::new(29);
        for _ in 0..5 {
            let weeks: Vec<usize> = (0..36).map(|row| row / 4).collect();
            let people: Vec<usize> = (0..36).map(|row| (row * 5 + row / 4) % 12).collect();
            let treated: Vec<f64> = (0..36).map(|row| f64::from(row % 2)).collect();
            let y: Vec<f64> = treated.iter().map(|treated| 0.4 * treated + random.normal()).collect();
            let dummies: Vec<Vec<f64>> =
                weeks.iter().zip(&treated).map(|(&week, treated)| [unit(9, week), vec![*treated]].concat()).collect();
            let without = |values: &[f64]| {
                let mut values = values.to_vec();
                take_out_means(&mut values, &weeks);
                values
            };
            let within: Vec<Vec<f64>> = without(&treated).into_iter().map(|value| vec![value]).collect();
            let expected = wild_cluster_p(&dummies, &y, &people, &[], 9, 499, 3).unwrap();
            let found = wild_cluster_p(&within, &without(&y), &people, &weeks, 0, 499, 3).unwrap();
            // One draw may be the observed one, which rounding lets in or not.
            assert!((found - expected).abs() < 0.003, "{found} {expected}");
        }
    }

    #[test]
    fn the_wild_bootstrap_holds_its_level_with_twelve_clusters() {
        // Cluster effects make plain errors too small; the treated half are whole clusters.
        let mut random = Seeded::new(23);
        let worlds = 300;
        let found = (0..worlds)
            .filter(|world| {
                let (mut design, mut y, mut clusters) = (Vec::new(), Vec::new(), Vec::new());
                for cluster in 0..12 {
                    let effect = random.normal();
                    for _ in 0..6 {
                        design.push(vec![1.0, f64::from(u8::from(cluster < 6))]);
                        y.push(effect + random.normal());
                        clusters.push(cluster);
                    }
                }
                wild_cluster_p(&design, &y, &clusters, &[], 1, 199, *world).unwrap() <= 0.05
            })
            .count();
        // Binomial(300, .05) lies within 5 to 27 with probability .998.
        assert!((5..=27).contains(&found), "{found} of {worlds}");
    }
}
