//! Team rates that small teams cannot swing: beta-binomial empirical Bayes (signals.md section 3, shrinkage).
//!
//! Owns the prior, the intervals and the contrasts. Owns no suppression (`privacy`) and no ranking: a rate comes with its interval, and
//! with whether it can be told apart from the organisation at all.

use statrs::function::beta::ln_beta;

use super::stats::{benjamini_hochberg, beta_cdf, beta_quantile};

/// Prior strength when the teams are too few to say (people that the prior counts as); a judgement default.
const DEFAULT_STRENGTH: f64 = 20.0;
/// Fewest teams that the strength is estimated from.
const FEWEST_TEAMS: usize = 5;
/// Range that the strength is looked for in; the upper end means that the teams do not differ.
const STRENGTHS: (f64, f64) = (2.0, 10_000.0);
/// Level of the intervals, and false discovery rate of the contrasts of teams that are compared together.
const LEVEL: f64 = 0.1;
/// Steps of each golden-section search, enough for 6 digits.
const STEPS: usize = 48;

/// A team's flagged and active people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TeamCount {
    /// People in `look` or `review`.
    pub flagged: u64,
    /// Active people.
    pub people: u64,
}

/// Beta prior over team rates.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Prior {
    /// Rate of the organisation, strictly between 0 and 1.
    pub mean: f64,
    /// Alpha + beta.
    pub strength: f64,
}

/// A shrunk team rate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ShrunkRate {
    /// Posterior mean (x + alpha) / (n + alpha + beta).
    pub rate: f64,
    /// 5 % quantile of the posterior.
    pub low: f64,
    /// 95 % quantile.
    pub high: f64,
    /// Twice the smaller tail of the posterior beyond the organisation's rate: below 0.1 where the interval does not cover it.
    pub p: f64,
}

impl Prior {
    /// The prior of maximal marginal likelihood over the teams; strength 20 below five teams. Order does not matter beyond
    /// rounding: counts are sorted first.
    pub fn fit(teams: &[TeamCount]) -> Self {
        let mut teams: Vec<TeamCount> = teams.iter().copied().filter(|team| team.people > 0).collect();
        teams.sort_unstable_by_key(|team| (team.people, team.flagged));
        let (flagged, people) = teams
            .iter()
            .fold((0.0, 0.0), |(flagged, people), team| (flagged + team.flagged as f64, people + team.people as f64));
        // Half a person each way keeps the rate off 0 and 1, where a beta distribution ends.
        let pooled = (flagged + 0.5) / (people + 1.0);
        if teams.len() < FEWEST_TEAMS {
            return Self { mean: pooled, strength: DEFAULT_STRENGTH };
        }
        let best_mean = |strength: f64| {
            let logit = |mean: f64| (mean / (1.0 - mean)).ln();
            let expit = |x: f64| 1.0 / (1.0 + (-x).exp());
            let (x, likelihood) = maximise(logit(pooled) - 3.0, logit(pooled) + 3.0, |x| {
                Self { mean: expit(x), strength }.ln_likelihood(&teams)
            });
            (expit(x), likelihood)
        };
        let (ln_strength, _) =
            maximise(STRENGTHS.0.ln(), STRENGTHS.1.ln(), |ln_strength| best_mean(ln_strength.exp()).1);
        let strength = ln_strength.exp();
        Self { mean: best_mean(strength).0, strength }
    }

    /// The team's rate under this prior, with its 90 % credible interval.
    pub fn shrink(&self, team: TeamCount) -> ShrunkRate {
        let (alpha, beta) = self.parameters();
        let flagged = team.flagged.min(team.people) as f64;
        let (alpha, beta) = (alpha + flagged, beta + team.people as f64 - flagged);
        let (low, high) = (beta_quantile(alpha, beta, LEVEL / 2.0), beta_quantile(alpha, beta, 1.0 - LEVEL / 2.0));
        let below = beta_cdf(alpha, beta, self.mean);
        ShrunkRate { rate: alpha / (alpha + beta), low, high, p: 2.0 * below.min(1.0 - below) }
    }

    fn parameters(&self) -> (f64, f64) {
        (self.mean * self.strength, (1.0 - self.mean) * self.strength)
    }

    /// Beta-binomial log likelihood without the binomial coefficients, which do not depend on the prior.
    fn ln_likelihood(&self, teams: &[TeamCount]) -> f64 {
        let (alpha, beta) = self.parameters();
        let nothing = ln_beta(alpha, beta);
        teams
            .iter()
            .map(|team| {
                let flagged = team.flagged.min(team.people) as f64;
                ln_beta(alpha + flagged, beta + team.people as f64 - flagged) - nothing
            })
            .sum()
    }
}

/// Strength of maximal marginal likelihood of beta priors that each have a mean of their own, over (counted, of so many, mean); 20 below
/// five. Counts may be effective ones. It is small where the rates lie far from these means, also where they all lie there together.
pub fn strength_around(counts: &[(f64, f64, f64)]) -> f64 {
    if counts.len() < FEWEST_TEAMS {
        return DEFAULT_STRENGTH;
    }
    let ln_likelihood = |ln_strength: f64| {
        let one = |&(counted, all, mean): &(f64, f64, f64)| {
            let (alpha, beta) = Prior { mean, strength: ln_strength.exp() }.parameters();
            ln_beta(alpha + counted, beta + all - counted) - ln_beta(alpha, beta)
        };
        counts.iter().map(one).sum::<f64>()
    };
    maximise(STRENGTHS.0.ln(), STRENGTHS.1.ln(), ln_likelihood).0.exp()
}

/// Which of the teams can be told apart from the organisation, in the order given: by Benjamini and Hochberg over all of them, since of ten
/// equal teams the interval of one lies beside the organisation's rate by chance. None whose own interval covers it is among them.
pub fn distinguishable(rates: &[ShrunkRate]) -> Vec<bool> {
    benjamini_hochberg(&rates.iter().map(|rate| rate.p).collect::<Vec<f64>>(), LEVEL)
}

/// Golden-section maximum of a unimodal function: (where, how much).
fn maximise(mut low: f64, mut high: f64, value: impl Fn(f64) -> f64) -> (f64, f64) {
    let golden = (5f64.sqrt() - 1.0) / 2.0;
    let mut left = (high - golden * (high - low), 0.0);
    let mut right = (low + golden * (high - low), 0.0);
    (left.1, right.1) = (value(left.0), value(right.0));
    for _ in 0..STEPS {
        if left.1 < right.1 {
            (low, left) = (left.0, right);
            let at = low + golden * (high - low);
            right = (at, value(at));
        } else {
            (high, right) = (right.0, left);
            let at = high - golden * (high - low);
            left = (at, value(at));
        }
    }
    if left.1 < right.1 { right } else { left }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::stats::Seeded;

    #[test]
    fn examples_of_signals_md_section_3() {
        // Prior mean 3 %, strength 20: 1/2 -> .07, 5/10 -> .19, 10/20 -> .27.
        let prior = Prior { mean: 0.03, strength: 20.0 };
        for (flagged, people, expected) in [(1, 2, 0.07), (5, 10, 0.19), (10, 20, 0.27)] {
            let rate = prior.shrink(TeamCount { flagged, people }).rate;
            assert!((rate - expected).abs() < 0.006, "{flagged}/{people}: {rate}");
        }
        let shrunk = prior.shrink(TeamCount { flagged: 5, people: 10 });
        // scipy: stats.beta.ppf([.05, .95], 5.6, 24.4)
        assert!((shrunk.low - 0.084_512_9).abs() < 1e-6 && (shrunk.high - 0.312_853_8).abs() < 1e-6);
        // Twice the integral of the density of Beta(5.6, 24.4) up to .03, by Simpson's rule.
        assert!((shrunk.p - 0.000_910_875).abs() < 1e-8, "{}", shrunk.p);
        assert!(prior.shrink(TeamCount { flagged: 0, people: 10 }).p > 0.1);
    }

    #[test]
    fn contrasts_are_adjusted_over_the_teams_that_are_compared() {
        let prior = Prior { mean: 0.1, strength: 20.0 };
        let team = |flagged: u64| prior.shrink(TeamCount { flagged, people: 20 });
        // By itself the interval of six of twenty lies above the organisation's rate, and among twenty teams one does by chance.
        let six = team(6);
        assert!(six.low > prior.mean && six.p < 0.1, "{six:?}");
        assert_eq!(distinguishable(&[six]), [true]);
        let mut many = vec![team(2); 19];
        many.push(six);
        assert_eq!(distinguishable(&many), [false; 20]);
        // A larger one is among any number of teams, and takes its like along.
        many.push(team(14));
        let told = distinguishable(&many);
        assert!(told[20] && !told[19] && told.iter().filter(|told| **told).count() == 1, "{told:?}");
        assert_eq!(distinguishable(&[team(14), six, team(13)]), [true; 3]);
        assert!(distinguishable(&[]).is_empty());
    }

    /// The same maximum by scipy 1.17.1: `optimize.minimize` (Nelder-Mead) over logit(mean) and ln(strength) of
    /// `-sum(stats.betabinom.logpmf(x, n, m * s, (1 - m) * s))` gives m = .1096992, s = 14.13218.
    #[test]
    fn the_prior_agrees_with_scipy() {
        let flagged = [0, 1, 0, 3, 2, 0, 5, 1, 0, 2, 7, 1];
        let people = [12, 18, 9, 20, 25, 11, 16, 14, 10, 22, 19, 13];
        let teams: Vec<TeamCount> =
            flagged.into_iter().zip(people).map(|(flagged, people)| TeamCount { flagged, people }).collect();
        let prior = Prior::fit(&teams);
        assert!((prior.mean - 0.109_699_2).abs() < 2e-6, "{prior:?}");
        assert!((prior.strength - 14.132_18).abs() < 2e-3, "{prior:?}");
    }

    /// The likelihood of six times 7.5 of 30 around .6 on a grid of 401 strengths in plain Python (`math.lgamma`) is largest at 2.37.
    #[test]
    fn a_strength_around_given_means_is_small_where_all_rates_lie_elsewhere() {
        let strength = strength_around(&[(7.5, 30.0, 0.6); 6]);
        assert!((strength - 2.371).abs() < 0.06, "{strength}");
        assert!(strength_around(&[(18.0, 30.0, 0.6); 6]) > 1_000.0);
        assert_eq!(strength_around(&[(7.5, 30.0, 0.6); 4]), DEFAULT_STRENGTH);
    }

    #[test]
    fn the_prior_of_a_known_world_is_found() {
        // Rates from Beta(2, 18): mean .1, strength 20. Gamma variates of integer shape are sums of exponentials.
        let mut random = Seeded::new(17);
        let mut gamma = |shape: usize| (0..shape).map(|_| -random.uniform().ln()).sum::<f64>();
        let rates: Vec<f64> = (0..400).map(|_| (gamma(2), gamma(18))).map(|(one, two)| one / (one + two)).collect();
        let teams: Vec<TeamCount> = rates
            .iter()
            .map(|rate| TeamCount { flagged: (0..40).filter(|_| random.uniform() < *rate).count() as u64, people: 40 })
            .collect();
        let prior = Prior::fit(&teams);
        assert!((prior.mean - 0.1).abs() < 0.01, "{prior:?}");
        assert!((14.0..28.0).contains(&prior.strength), "{prior:?}");
        let covered = rates.iter().zip(&teams).filter(|(rate, team)| {
            let shrunk = prior.shrink(**team);
            (shrunk.low..=shrunk.high).contains(*rate)
        });
        let covered = covered.count();
        assert!((340..=380).contains(&covered), "{covered} of 400 in 90 % intervals");
    }

    #[test]
    fn equal_teams_and_empty_organisations_have_a_prior() {
        let equal = Prior::fit(&[TeamCount { flagged: 1, people: 20 }; 30]);
        assert!(equal.strength > 1_000.0 && (equal.mean - 0.05).abs() < 0.005, "{equal:?}");
        let nobody = Prior::fit(&[]);
        assert_eq!(nobody, Prior { mean: 0.5, strength: 20.0 });
        let none = Prior::fit(&[TeamCount { flagged: 0, people: 12 }; 8]).shrink(TeamCount { flagged: 0, people: 12 });
        assert!(none.rate > 0.0 && none.low >= 0.0 && none.high < 0.2, "{none:?}");
    }
}
