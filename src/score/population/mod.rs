//! The population tests: did usage change with the incentive, and did what came of it not? (signals.md section 2, P1 to P4, S12.)
//!
//! Owns which tests run, what their rows have in common and the bootstrap by actor. One file a test owns its estimate and when
//! it may speak. They name nobody: actors only tell the bootstrap what belongs together.

mod bunching;
mod decoupling;
mod histogram;
mod incentive_break;
mod panel;
mod polynomial;
mod rank_chasing;
mod shared_templates;
mod staggered;
mod team_shares;
#[cfg(test)]
mod worlds;

use super::input::ScoreInput;
use super::rows::PopulationRow;
use super::stats::{Seeded, sorted_quantile};

pub use bunching::quota_scopes;
pub use decoupling::{RankAgreement, Tau};
pub use histogram::{Bin, Histogram, WeeksOfPeople};

/// Resamples of a bootstrap by actor (`bunch.boot`). Tests are debug builds that run hundreds of worlds, and make do with fewer.
const RESAMPLES: usize = if cfg!(test) { 250 } else { 1_000 };
/// Share of resamples that must have an estimate for an interval to be taken from them.
const RESAMPLES_NEEDED: f64 = 0.9;

/// What the population tests say, and what they draw on.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Population {
    /// One a test and policy.
    pub rows: Vec<PopulationRow>,
    /// Weeks around each quota that has bins.
    pub histograms: Vec<Histogram>,
    /// Whether use orders people as outcomes do, when metric_decoupling speaks.
    pub rank_agreement: Option<RankAgreement>,
}

/// Runs every population test that the policies of a run call for, by test and scope; of one scope in the order of the policies. What cannot be judged
/// abstains with its reason.
pub fn tests(input: &ScoreInput) -> Population {
    let mut rows = bunching::quota_bunching(input);
    rows.extend(incentive_break::incentive_break(input));
    let (decoupling, rank_agreement) = decoupling::metric_decoupling(input).unzip();
    rows.extend(decoupling);
    rows.extend(shared_templates::shared_burner_template(input));
    rows.extend(rank_chasing::rank_chasing(input));
    rows.sort_by(|one, two| (&one.test, &one.scope).cmp(&(&two.test, &two.scope)));
    Population { rows, histograms: histogram::histograms(input), rank_agreement: rank_agreement.flatten() }
}

/// A row that abstains until a test fills it; its n counts `n_unit`.
fn row(test: &str, scope: String, n_unit: &str) -> PopulationRow {
    PopulationRow {
        test: test.to_owned(),
        scope,
        n_unit: n_unit.to_owned(),
        status: "abstain".to_owned(),
        ..PopulationRow::default()
    }
}

/// What a requirement counts. Notes are published: people, and what a few of them have, are not counted out in them.
#[derive(Debug, Clone, Copy)]
enum Of {
    People(&'static str),
    Organisation(&'static str),
}

/// The first requirement that is not met, in words: (what, found, needed).
fn too_few(requirements: &[(Of, usize, usize)]) -> Option<String> {
    let (what, found, needed) = requirements.iter().find(|(_, found, needed)| found < needed)?;
    Some(match what {
        Of::People(what) => format!("fewer than {needed} {what}"),
        Of::Organisation(what) => format!("{found} {what}, {needed} needed"),
    })
}

/// Statistics of resamples of `units` things with replacement, sorted; resamples without an estimate are left out.
/// Deterministic in the seed.
fn bootstrap(
    units: usize,
    resamples: usize,
    seed: u64,
    mut statistic: impl FnMut(&[usize]) -> Option<f64>,
) -> Vec<f64> {
    let mut random = Seeded::new(seed);
    let mut drawn = vec![0; units];
    let mut draws = Vec::with_capacity(resamples);
    for _ in 0..resamples {
        drawn.iter_mut().for_each(|slot| *slot = random.below(units));
        draws.extend(statistic(&drawn).filter(|value| value.is_finite()));
    }
    draws.sort_unstable_by(f64::total_cmp);
    draws
}

/// The 95 % percentile interval of sorted draws; `None` when too few of `resamples` had an estimate.
fn interval(draws: &[f64], resamples: usize) -> Option<(f64, f64)> {
    if (draws.len() as f64) < RESAMPLES_NEEDED * resamples as f64 {
        return None;
    }
    sorted_quantile(draws, 0.025).zip(sorted_quantile(draws, 0.975))
}

/// Why an estimate of which too few resamples have one cannot speak: what p counts is then only the resamples in which it can be computed.
const NO_INTERVAL: &str = "the estimate has no interval: too few resamples have one";

/// One-sided bootstrap p of an excess: (1 + draws at or below 0) / (draws + 1).
fn excess_p(draws: &[f64]) -> f64 {
    (1.0 + draws.partition_point(|draw| *draw <= 0.0) as f64) / (draws.len() as f64 + 1.0)
}

/// A p in words: one that rounds to nothing is not nothing.
fn p_in_words(p: f64) -> String {
    if p < 0.001 { "below .001".to_owned() } else { format!("{p:.3}") }
}

/// Day of a policy date, for the scope of a row.
fn day(us: i64) -> String {
    jiff::Timestamp::from_microsecond(us).map_or_else(|_| us.to_string(), |at| at.strftime("%Y-%m-%d").to_string())
}

/// People in a band, so that a note does not single anybody out.
fn banded(people: usize) -> &'static str {
    match people {
        0..=9 => "fewer than 10",
        10..=19 => "10 to 19",
        20..=49 => "20 to 49",
        _ => "50 or more",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bootstrap_of_a_mean_has_its_error_and_repeats_itself() {
        let values: Vec<f64> = (0..200).map(|index| f64::from(index % 10)).collect();
        let mean = |drawn: &[usize]| Some(drawn.iter().map(|&at| values[at]).sum::<f64>() / drawn.len() as f64);
        let draws = bootstrap(values.len(), 2_000, 1, mean);
        let (low, high) = interval(&draws, 2_000).unwrap();
        // Mean 4.5, standard deviation sqrt(8.25): 4.5 +- 1.96 * .2031.
        assert!((low - 4.102).abs() < 0.03 && (high - 4.898).abs() < 0.03, "{low} {high}");
        assert_eq!(draws, bootstrap(values.len(), 2_000, 1, mean));
        assert_eq!(interval(&draws[..1_700], 2_000), None);
    }

    #[test]
    fn what_is_missing_is_said() {
        let (actors, weeks) = (Of::People("actors"), Of::Organisation("weeks"));
        assert_eq!(too_few(&[(actors, 30, 30), (weeks, 5, 6)]).as_deref(), Some("5 weeks, 6 needed"));
        assert_eq!(too_few(&[(actors, 30, 30)]), None);
        // Seven people are not counted out.
        assert_eq!(too_few(&[(actors, 7, 30)]).as_deref(), Some("fewer than 30 actors"));
        assert_eq!([7, 9, 10].map(banded), ["fewer than 10", "fewer than 10", "10 to 19"]);
        assert_eq!(day(1_766_966_400_000_000), "2025-12-29");
        assert_eq!([0.0421, 0.001, 0.000_999, 1e-300].map(p_in_words), ["0.042", "0.001", "below .001", "below .001"]);
    }
}
