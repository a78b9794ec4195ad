//! How well a score ranks: areas, precision, recall at few false alarms, exact binomial intervals, and the bootstrap over people.
//!
//! Works on plain slices. Scores may be negative infinity ("nothing could be said"), which ranks last and ties with itself.

use super::Estimate;
use statrs::distribution::{Beta, ContinuousCDF};

/// Area under the ROC curve: the chance that a positive outranks a negative, ties counting half (Mann and Whitney 1947, by midranks).
/// `None` when one side is empty.
pub fn auroc(positive: &[f64], negative: &[f64]) -> Option<f64> {
    if positive.is_empty() || negative.is_empty() {
        return None;
    }
    let mut all: Vec<(f64, bool)> = positive.iter().map(|score| (*score, true)).collect();
    all.extend(negative.iter().map(|score| (*score, false)));
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut rank_sum = 0.0;
    let mut start = 0;
    while start < all.len() {
        let end = start + all[start..].iter().take_while(|(score, _)| *score == all[start].0).count();
        let midrank = (start + 1 + end) as f64 / 2.0;
        rank_sum += midrank * all[start..end].iter().filter(|(_, positive)| *positive).count() as f64;
        start = end;
    }
    let (n1, n0) = (positive.len() as f64, negative.len() as f64);
    Some((rank_sum - n1 * (n1 + 1.0) / 2.0) / (n1 * n0))
}

/// Average precision if a share `prevalence` of people were positive: the sum over thresholds of precision times gained recall, each side
/// weighted to its share. Ties are one threshold. `None` when one side is empty.
pub fn average_precision(positive: &[f64], negative: &[f64], prevalence: f64) -> Option<f64> {
    if positive.is_empty() || negative.is_empty() {
        return None;
    }
    let (up, down) = (prevalence / positive.len() as f64, (1.0 - prevalence) / negative.len() as f64);
    let mut all: Vec<(f64, bool)> = positive.iter().map(|score| (*score, true)).collect();
    all.extend(negative.iter().map(|score| (*score, false)));
    all.sort_by(|a, b| b.0.total_cmp(&a.0));
    let (mut caught, mut alarmed, mut area, mut start) = (0.0, 0.0, 0.0, 0);
    while start < all.len() {
        let end = start + all[start..].iter().take_while(|(score, _)| *score == all[start].0).count();
        let hits = all[start..end].iter().filter(|(_, positive)| *positive).count();
        caught += up * hits as f64;
        alarmed += up * hits as f64 + down * (end - start - hits) as f64;
        area += up * hits as f64 / prevalence * (caught / alarmed);
        start = end;
    }
    Some(area)
}

/// Share of positives above the threshold at which at most a share `rate` of negatives is above it. `None` when one side is empty.
pub fn recall_at(positive: &[f64], negative: &[f64], rate: f64) -> Option<f64> {
    let mut sorted = negative.to_vec();
    sorted.sort_by(|a, b| b.total_cmp(a));
    let allowed = (rate * negative.len() as f64 + 1e-9).floor() as usize;
    let threshold = *sorted.get(allowed.min(negative.len().saturating_sub(1)))?;
    let caught = positive.iter().filter(|score| **score > threshold).count();
    (!positive.is_empty()).then(|| caught as f64 / positive.len() as f64)
}

/// Exact 95 % interval of a proportion (Clopper and Pearson 1934).
pub fn clopper_pearson(successes: usize, trials: usize) -> Option<(f64, f64)> {
    let quantile = |a: usize, b: usize, p: f64| Beta::new(a as f64, b as f64).ok().map(|beta| beta.inverse_cdf(p));
    if trials == 0 || successes > trials {
        return None;
    }
    let low = if successes == 0 { 0.0 } else { quantile(successes, trials - successes + 1, 0.025)? };
    let high = if successes == trials { 1.0 } else { quantile(successes + 1, trials - successes, 0.975)? };
    Some((low, high))
}

/// A proportion with its exact interval.
pub fn proportion(successes: usize, trials: usize) -> Estimate {
    let interval = clopper_pearson(successes, trials);
    Estimate {
        value: (trials > 0).then(|| successes as f64 / trials as f64),
        low: interval.map(|(low, _)| low),
        high: interval.map(|(_, high)| high),
    }
}

/// Largest distance between the empirical distribution of p-values and the uniform one (Kolmogorov's D). `None` without values.
pub fn distance_from_uniform(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let n = sorted.len() as f64;
    let distance =
        |(index, value): (usize, &f64)| (value - index as f64 / n).abs().max(((index + 1) as f64 / n - value).abs());
    sorted.iter().enumerate().map(distance).max_by(f64::total_cmp)
}

/// Resamples of people, drawn within each of two groups so that neither is ever empty (Efron 1979; stratified).
pub struct Bootstrap {
    draws: Vec<(Vec<usize>, Vec<usize>)>,
}

impl Bootstrap {
    /// So many resamples of `first` and `second` people.
    pub fn new(first: usize, second: usize, resamples: usize, seed: u64) -> Self {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut draw = |count: usize| (0..count).map(|_| random.usize(0..count)).collect::<Vec<_>>();
        Self { draws: (0..resamples).map(|_| (draw(first), draw(second))).collect() }
    }

    /// The value on the people as they are, and the 2.5 and 97.5 percentiles of the values on the resamples.
    pub fn estimate(&self, value: Option<f64>, metric: impl Fn(&[usize], &[usize]) -> Option<f64>) -> Estimate {
        let mut values: Vec<f64> = self.draws.iter().filter_map(|(first, second)| metric(first, second)).collect();
        values.sort_by(f64::total_cmp);
        let at = |share: f64| values.get(((values.len() as f64 - 1.0) * share).round() as usize).copied();
        // Without a value there is nothing to put an interval around.
        Estimate { value, low: value.and_then(|_| at(0.025)), high: value.and_then(|_| at(0.975)) }
    }

    /// The same for two groups of scores.
    pub fn of_scores(
        &self,
        positive: &[f64],
        negative: &[f64],
        metric: impl Fn(&[f64], &[f64]) -> Option<f64>,
    ) -> Estimate {
        let pick = |scores: &[f64], draw: &[usize]| draw.iter().map(|index| scores[*index]).collect::<Vec<_>>();
        self.estimate(metric(positive, negative), |first, second| {
            metric(&pick(positive, first), &pick(negative, second))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn average_precision_of_a_small_case() {
        // Thresholds 0.9, 0.8, 0.7, 0.6: precision 1, 1/2, 2/3 at recall 1/2, 1/2, 1; AP = 1/2 + 1/3.
        let area = average_precision(&[0.9, 0.7], &[0.8, 0.6], 0.5).unwrap();
        assert!((area - 5.0 / 6.0).abs() < 1e-12);
        // A score that says nothing has the prevalence as precision.
        assert!((average_precision(&[1.0; 3], &[1.0; 9], 0.02).unwrap() - 0.02).abs() < 1e-12);
    }

    #[test]
    fn few_false_alarms() {
        let negative: Vec<f64> = (0..200).map(f64::from).collect();
        // One per cent of 200 are two: the threshold is the third highest, 197.
        assert_eq!(recall_at(&[197.0, 197.5, 300.0, 10.0], &negative, 0.01), Some(0.5));
        assert_eq!(recall_at(&[199.0, 199.5], &negative, 0.001), Some(0.5));
        // What could not be judged is never caught.
        assert_eq!(recall_at(&[f64::NEG_INFINITY], &[f64::NEG_INFINITY; 5], 0.01), Some(0.0));
        assert_eq!((recall_at(&[1.0], &[], 0.01), recall_at(&[], &[1.0], 0.01)), (None, None));
    }

    #[test]
    fn exact_intervals_as_published() {
        // R 4: binom.test(7, 20) gives 0.1539092 and 0.5921885; binom.test(0, 10) gives 0 and 0.3084971.
        let (low, high) = clopper_pearson(7, 20).unwrap();
        assert!((low - 0.1539092).abs() < 1e-6 && (high - 0.5921885).abs() < 1e-6, "{low} {high}");
        let (low, high) = clopper_pearson(0, 10).unwrap();
        assert!(low == 0.0 && (high - 0.3084971).abs() < 1e-6, "{high}");
        assert_eq!(clopper_pearson(0, 0), None);
    }

    #[test]
    fn distance_of_known_samples() {
        assert_eq!(distance_from_uniform(&[0.5]), Some(0.5));
        let even: Vec<f64> = (0..100).map(|index| (f64::from(index) + 0.5) / 100.0).collect();
        assert!((distance_from_uniform(&even).unwrap() - 0.005).abs() < 1e-9);
        assert_eq!(distance_from_uniform(&[]), None);
    }

    #[test]
    fn the_bootstrap_covers_and_repeats() {
        let scores: Vec<f64> = (0..60).map(|index| f64::from(index * 37 % 61)).collect();
        let (positive, negative) = scores.split_at(20);
        let first = Bootstrap::new(20, 40, 500, 3).of_scores(positive, negative, auroc);
        let again = Bootstrap::new(20, 40, 500, 3).of_scores(positive, negative, auroc);
        assert_eq!(first, again);
        assert!(first.low < first.value && first.value < first.high, "{first:?}");
        // Hanley and McNeil's standard error of an area near one half with 20 and 40 is about 0.08.
        let width = first.high.unwrap() - first.low.unwrap();
        assert!((0.2..0.42).contains(&width), "{width}");
    }

    proptest! {
        #[test]
        fn the_area_is_the_count_of_pairs(
            positive in proptest::collection::vec(0i8..12, 1..30),
            negative in proptest::collection::vec(0i8..12, 1..30),
        ) {
            let real = |scores: &[i8]| scores.iter().map(|score| f64::from(*score)).collect::<Vec<_>>();
            let mut won = 0.0;
            for a in &positive {
                for b in &negative {
                    won += match a.cmp(b) {
                        std::cmp::Ordering::Greater => 1.0,
                        std::cmp::Ordering::Equal => 0.5,
                        std::cmp::Ordering::Less => 0.0,
                    };
                }
            }
            let expected = won / (positive.len() * negative.len()) as f64;
            prop_assert!((auroc(&real(&positive), &real(&negative)).unwrap() - expected).abs() < 1e-9);
        }
    }
}
