//! Is the reference still good for the weeks it is used on? The drift check of the calibration ladder (signals.md section 3, R0).
//!
//! Owns the check and its level. Owns no p-values: it reads those of the clean weeks, in which nobody had a reason to inflate
//! and small p-values may be no commoner than chance has them.

use rustc_hash::FxHashMap;

use super::calibrate::{Calibration, Point, TooFewPeers};
use super::uniformity::too_many_small;

/// Below this p the readings of the signal are refused (R0).
const REFUSED: f64 = 0.01;
/// Fewest independent readings that the check rests on; a judgement default.
const FEWEST: usize = 30;

/// What the check says of one signal.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Drift {
    /// No clean weeks, or too few people in them.
    NotChecked,
    /// Small p-values are no commoner than they should be.
    Even,
    /// They are: p of the test, and the independent readings behind it.
    Refused { p: f64, independent: usize },
}

/// One-sided Kolmogorov-Smirnov test of the clean weeks' p-values against U(0, 1). One-sided, because ties make conformal
/// p-values large, and large ones accuse nobody. Readings of one person go together, so the sample counts as Kish's effective
/// number of people, (sum of n)^2 / sum of n^2.
pub(super) fn drift(points: &[Point], results: &[Result<Calibration, TooFewPeers>]) -> Drift {
    let mut of_actor: FxHashMap<u32, f64> = FxHashMap::default();
    let mut p_values = Vec::new();
    for (point, result) in points.iter().zip(results) {
        if let (true, Ok(calibration)) = (point.before_incentive, result) {
            p_values.push(calibration.p);
            *of_actor.entry(point.actor).or_default() += 1.0;
        }
    }
    let squares: f64 = of_actor.values().map(|count| count * count).sum();
    let readings = p_values.len() as f64;
    let independent = if squares > 0.0 { (readings * readings / squares) as usize } else { 0 };
    if independent < FEWEST {
        return Drift::NotChecked;
    }
    let (_, p) = too_many_small(&p_values, independent);
    if p < REFUSED { Drift::Refused { p, independent } } else { Drift::Even }
}

/// The check of all signals in one line, for the notes beside the calibration rung.
pub(super) fn summary(drifts: &[Drift]) -> Option<String> {
    let count = |test: fn(&Drift) -> bool| drifts.iter().filter(|drift| test(drift)).count();
    let (even, not_checked) = (count(|drift| *drift == Drift::Even), count(|drift| *drift == Drift::NotChecked));
    let refused = drifts.len() - even - not_checked;
    (!drifts.is_empty()).then(|| {
        format!(
            "drift check on the weeks before the first incentive: {even} signals even, {refused} refused, {not_checked} without enough \
             such weeks to check"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::calibrate::{Level, calibrate};
    use crate::score::stats::Seeded;

    fn points(actors: u32, clean_shift: f64, seed: u64) -> Vec<Point> {
        let mut random = Seeded::new(seed);
        let traits: Vec<f64> = (0..actors).map(|_| random.normal()).collect();
        (0..actors * 24)
            .map(|index| Point {
                actor: index / 24,
                stratum: 0,
                client: 0,
                volumes: [None; 3],
                quiet: false,
                before_incentive: index % 24 < 4,
                value: traits[(index / 24) as usize] + random.normal() + if index % 24 < 4 { clean_shift } else { 0.0 },
            })
            .collect()
    }

    #[test]
    fn an_unchanged_world_passes_also_with_persistent_people() {
        let refused = (0..60)
            .filter(|seed| {
                let points = points(100, 0.0, *seed);
                matches!(drift(&points, &calibrate(&points)), Drift::Refused { .. })
            })
            .count();
        assert!(refused <= 3, "{refused} of 60 at a nominal 1 %");
    }

    #[test]
    fn clean_weeks_that_look_suspicious_are_refused() {
        // Under 500 clean readings, so the reference is all weeks, and the clean ones lie above it.
        let points = points(100, 1.5, 3);
        assert!(matches!(drift(&points, &calibrate(&points)), Drift::Refused { independent: 100, .. }));
    }

    #[test]
    fn few_people_are_not_checked() {
        let all = points(100, 1.5, 3);
        let few: Vec<Point> = all.into_iter().filter(|point| point.actor < 29 || !point.before_incentive).collect();
        assert_eq!(drift(&few, &calibrate(&few)), Drift::NotChecked);
        let calibration = Calibration { p: 0.5, n_cal: 500, level: Level::Everybody, pre_incentive: false };
        assert_eq!(drift(&few[..1], &[Ok(calibration)]), Drift::NotChecked);
        assert_eq!(summary(&[]), None);
        assert_eq!(
            summary(&[Drift::Even, Drift::NotChecked]).as_deref(),
            Some(
                "drift check on the weeks before the first incentive: 1 signals even, 0 refused, 1 without enough such weeks to check"
            )
        );
    }
}
