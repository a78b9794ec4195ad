//! P1, quota bunching: do amounts pile up just above a quota that people know of? (signals.md section 2, P1.)
//!
//! Owns which test fits which quota, the estimates, their intervals and when they may speak. It names nobody: actors only
//! tell the bootstrap what belongs together. Owns no incentive-break and no decoupling models.

use std::collections::BTreeMap;

use super::input::{Quota, ScoreInput, TeamWeekInput};
use super::polynomial::{Counterfactual, Grid, Window};
use super::rows::PopulationRow;
use super::shrink::{Prior, TeamCount};
use super::stats::{Seeded, beta_binomial_probability, poisson_binomial_upper_tail, sign_test, sorted_quantile};

/// Resamples of the bootstrap by actor (`bunch.boot`).
const RESAMPLES: usize = 1_000;
/// Fewest actor-weeks within half the quota, on either side, and fewest actors (P1, "speaks if").
const FEWEST_WEEKS: usize = 200;
const FEWEST_A_SIDE: usize = 50;
const FEWEST_ACTORS: usize = 30;
/// Fewest teams for the share test; a judgement default.
const FEWEST_TEAMS: usize = 10;
/// Placebo lines, as parts of the quota: nobody was told of these.
const PLACEBOS: [f64; 2] = [0.8, 1.25];
/// Below this p the side with more mass is taken as the lower one.
const PLAN_CAP_P: f64 = 0.05;
/// Bandwidth of the density test, as a part of the quota; a judgement default.
const BANDWIDTH: f64 = 0.25;

/// One person's amount in one week.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Amount<'a> {
    /// Who, for the bootstrap.
    pub actor: &'a str,
    /// The metric of the quota.
    pub value: f64,
    /// True when the week began after the announcement.
    pub exposed: bool,
}

/// Runs the bunching test for every quota of a run, in the order given.
pub fn quota_bunching(input: &ScoreInput) -> Vec<PopulationRow> {
    input
        .quotas
        .iter()
        .map(|quota| {
            let mut row = PopulationRow {
                test: "quota_bunching".to_owned(),
                scope: format!("{} >= {} a {}", quota.metric, quota.threshold, quota.period),
                status: "abstain".to_owned(),
                ..PopulationRow::default()
            };
            if quota.period != "week" {
                row.note = format!("readings are by week, the quota by {}", quota.period);
            } else if quota.metric == "active_week" {
                team_share(&mut row, &input.team_weeks, quota);
            } else {
                let amounts = amounts(input, quota);
                let whole = matches!(quota.metric.as_str(), "prompts" | "sessions");
                bunching(&mut row, &amounts, quota.threshold, whole, input.seed);
            }
            row
        })
        .collect()
}

/// The quota's metric for each week of a person; weeks without a reported amount are left out, not counted as 0.
fn amounts<'a>(input: &'a ScoreInput, quota: &Quota) -> Vec<Amount<'a>> {
    input
        .actor_weeks
        .iter()
        .filter(|week| !week.service)
        .filter_map(|week| {
            let value = match quota.metric.as_str() {
                "prompts" => Some(week.prompts as f64),
                "sessions" => Some(week.sessions as f64),
                "tokens" => week.tokens.map(|tokens| tokens as f64),
                "cost_usd" => week.cost_micro_usd.map(|cost| cost as f64 / 1e6),
                _ => None,
            }?;
            Some(Amount { actor: &week.actor, value, exposed: week.week_start >= quota.announced })
        })
        .collect()
}

/// Excess mass at the quota, less the excess before it was announced, with a bootstrap interval by actor.
fn bunching(row: &mut PopulationRow, amounts: &[Amount<'_>], quota: f64, whole: bool, seed: u64) {
    let Some(grid) = Grid::around(quota, whole) else {
        row.note = format!("a quota of {quota} leaves too few bins on either side");
        return;
    };
    // Each actor's bins, (bin, exposed): what the bootstrap draws.
    let mut by_actor: BTreeMap<&str, Vec<(usize, bool)>> = BTreeMap::new();
    for amount in amounts {
        if let Some(bin) = grid.bin(amount.value) {
            by_actor.entry(amount.actor).or_default().push((bin, amount.exposed));
        }
    }
    let actors: Vec<Vec<(usize, bool)>> = by_actor.into_values().collect();
    let [before, after] = counts(&grid, actors.iter());
    let total = |counts: &[f64]| counts.iter().sum::<f64>() as usize;
    let (below, above) = after.split_at(grid.bins() / 2);
    row.n = total(&after) as i64;
    let exposed_actors = actors.iter().filter(|weeks| weeks.iter().any(|(_, exposed)| *exposed)).count();
    let too_few = [
        ("actor-weeks within half the quota", total(&after), FEWEST_WEEKS),
        ("actor-weeks on the thinner side", total(below).min(total(above)), FEWEST_A_SIDE),
        ("actors", exposed_actors, FEWEST_ACTORS),
    ];
    if let Some((what, found, needed)) = too_few.into_iter().find(|(_, found, needed)| found < needed) {
        row.note = format!("{found} {what} after the announcement, {needed} needed");
        return;
    }
    let at_quota = Window::at(&grid, 1.0);
    let windows = [at_quota, Window::at(&grid, PLACEBOS[0]), Window::at(&grid, PLACEBOS[1])];
    let fits: Option<Vec<Counterfactual>> =
        windows.iter().map(|window| Counterfactual::new(&grid, *window, at_quota)).collect();
    let Some(fits) = fits else {
        row.note = "the bins outside the window do not carry a counterfactual".to_owned();
        return;
    };
    let compared = total(&before) >= FEWEST_WEEKS;
    let estimate = |[before, after]: [&[f64]; 2], fit: &Counterfactual| {
        fit.excess(after) - if compared { fit.excess(before) } else { 0.0 }
    };
    let mut draws = vec![Vec::with_capacity(RESAMPLES); fits.len()];
    let mut random = Seeded::new(seed);
    for _ in 0..RESAMPLES {
        let [before, after] = counts(&grid, (0..actors.len()).map(|_| &actors[random.below(actors.len())]));
        for (fit, draws) in fits.iter().zip(&mut draws) {
            draws.push(estimate([&before, &after], fit));
        }
    }
    draws.iter_mut().for_each(|draws| draws.sort_unstable_by(f64::total_cmp));
    let excess = estimate([&before, &after], &fits[0]);
    row.estimate = Some(excess);
    row.ci_low = sorted_quantile(&draws[0], 0.025);
    row.ci_high = sorted_quantile(&draws[0], 0.975);
    row.p = Some((1.0 + draws[0].partition_point(|draw| *draw <= 0.0) as f64) / (RESAMPLES as f64 + 1.0));
    let loud =
        PLACEBOS.iter().zip(&draws[1..]).find(|(_, draws)| sorted_quantile(draws, 0.025).is_some_and(|low| low > 0.0));
    let [just_below, just_above] = [at_quota.below(), at_quota.above()].map(|bins| total(&after[bins]) as u64);
    if let Some((placebo, _)) = loud {
        row.note = format!("the placebo line at {placebo} of the quota bunches too: not the quota");
    } else if just_below > just_above && sign_test(just_below, just_above) < PLAN_CAP_P {
        row.note = format!(
            "{just_below} weeks just below the line against {just_above} just above: a plan cap or rate limit, not a quota"
        );
    } else {
        row.status = "speak".to_owned();
        row.note = described(&grid, &fits[0], &after, compared);
    }
}

/// The estimate in words, with the share unexplained and the density test beside it.
fn described(grid: &Grid, fit: &Counterfactual, after: &[f64], compared: bool) -> String {
    let baseline = if compared {
        "less the same before the announcement"
    } else {
        "not compared: too few weeks before the announcement"
    };
    let density = match grid.density_jump(after, BANDWIDTH) {
        Some((theta, error)) => format!("; log density jump {theta:.2} (SE {error:.2})"),
        None => String::new(),
    };
    format!(
        "excess mass at the quota in bins of the counterfactual, {baseline}; {:.0} % of the weeks just above the line \
         unexplained{density}",
        100.0 * fit.unexplained_share(after)
    )
}

/// Histograms before and after the announcement.
fn counts<'a>(grid: &Grid, actors: impl Iterator<Item = &'a Vec<(usize, bool)>>) -> [Vec<f64>; 2] {
    let mut counts = [vec![0.0; grid.bins()], vec![0.0; grid.bins()]];
    for &(bin, exposed) in actors.flatten() {
        counts[usize::from(exposed)][bin] += 1.0;
    }
    counts
}

/// Smallest number of active people that meets a share quota; `share * people` may miss a whole number by rounding.
fn people_needed(share: f64, people: u64) -> u64 {
    (share * people as f64 - 1e-9).ceil().max(0.0) as u64
}

/// Team shares are discrete, so a histogram of them always spikes at a share quota (10 people, p = .8: 30 % are at exactly
/// 8). Each team size has its own exact null: beta-binomial, fitted before the announcement where possible.
///
/// A stable team hits the same count week after week, so its weeks count as one observation.
fn team_share(row: &mut PopulationRow, weeks: &[TeamWeekInput], quota: &Quota) {
    let count = |week: &TeamWeekInput| TeamCount { flagged: week.active.min(week.people), people: week.people };
    let before: Vec<TeamCount> = weeks.iter().filter(|week| week.week_start < quota.announced).map(count).collect();
    let mut teams: BTreeMap<&str, Vec<TeamCount>> = BTreeMap::new();
    for week in weeks.iter().filter(|week| week.week_start >= quota.announced && week.people > 0) {
        teams.entry(&week.team_id).or_default().push(count(week));
    }
    row.n = teams.len() as i64;
    if teams.len() < FEWEST_TEAMS {
        row.note = format!("{} teams after the announcement, {FEWEST_TEAMS} needed", teams.len());
        return;
    }
    let compared = before.len() >= FEWEST_TEAMS;
    let all: Vec<TeamCount> = teams.values().flatten().copied().collect();
    let prior = Prior::fit(if compared { &before } else { &all });
    let (alpha, beta) = (prior.mean * prior.strength, (1.0 - prior.mean) * prior.strength);
    let (mut hits, mut expected) = (0.0, Vec::with_capacity(teams.len()));
    for weeks in teams.values() {
        let exactly = |week: &&TeamCount| week.flagged == people_needed(quota.threshold, week.people);
        hits += weeks.iter().filter(exactly).count() as f64 / weeks.len() as f64;
        let chance = |week: &TeamCount| {
            beta_binomial_probability(people_needed(quota.threshold, week.people), week.people, alpha, beta)
        };
        expected.push(weeks.iter().map(chance).sum::<f64>() / weeks.len() as f64);
    }
    let mean: f64 = expected.iter().sum();
    let deviation = expected.iter().map(|p| p * (1.0 - p)).sum::<f64>().sqrt();
    row.status = "speak".to_owned();
    row.estimate = (deviation > 0.0).then(|| (hits - mean) / deviation);
    // Part of a team does not round up to a hit.
    row.p = Some(poisson_binomial_upper_tail(&expected, hits.floor() as usize));
    row.note = format!(
        "z of teams at exactly the smallest number that meets the quota: {hits:.1} of {}, {mean:.1} expected from {}",
        teams.len(),
        if compared { "the weeks before the announcement" } else { "the same weeks, for lack of earlier ones" },
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::input::ActorWeekInput;

    /// `actors` people over 24 weeks, the quota of 100 announced at week 12; after it `share` of the weeks that would have
    /// ended in [70, 100) end just above instead.
    fn run(actors: u32, share: f64, seed: u64, metric: &str) -> PopulationRow {
        let mut random = Seeded::new(seed);
        let mut input = ScoreInput { seed: 9, ..ScoreInput::default() };
        for actor in 0..actors {
            for week in 0..24 {
                let mut amount = 95.0 + 35.0 * random.normal();
                if week >= 12 && (70.0..100.0).contains(&amount) && random.uniform() < share {
                    amount = 100.0 + 9.0 * random.uniform();
                }
                input.actor_weeks.push(ActorWeekInput {
                    actor: actor.to_string(),
                    week_start: week,
                    prompts: amount.max(0.0) as i64,
                    tokens: Some((amount.max(0.0) * 1_000.0) as i64),
                    ..ActorWeekInput::default()
                });
            }
        }
        let threshold = if metric == "tokens" { 100_000.0 } else { 100.0 };
        input.quotas.push(Quota { metric: metric.into(), threshold, period: "week".into(), announced: 12 });
        quota_bunching(&input).remove(0)
    }

    #[test]
    fn planted_bunching_is_found_for_whole_and_continuous_amounts() {
        for metric in ["prompts", "tokens"] {
            let row = run(120, 0.3, 1, metric);
            assert_eq!(row.status, "speak", "{row:?}");
            assert!(row.ci_low.unwrap() > 0.0 && row.p.unwrap() < 0.005, "{row:?}");
        }
    }

    #[test]
    fn a_smooth_world_is_quiet() {
        let found = (0..20).filter(|seed| run(60, 0.0, 100 + seed, "prompts").ci_low.is_some_and(|low| low > 0.0));
        let found = found.count();
        assert!(found <= 2, "{found} of 20 at a nominal 2.5 %");
    }

    #[test]
    fn too_little_data_abstains_with_the_number_that_is_missing() {
        let row = run(10, 0.3, 1, "prompts");
        assert_eq!(row.status, "abstain");
        assert!(row.note.ends_with("needed"), "{}", row.note);
        assert_eq!(row.estimate, None);
    }

    #[test]
    fn mass_below_the_line_is_a_plan_cap() {
        let mut row = PopulationRow::default();
        let mut random = Seeded::new(4);
        let names: Vec<String> = (0..60).map(|actor| actor.to_string()).collect();
        let amounts: Vec<Amount<'_>> = (0..2_400)
            .map(|index| {
                let value = 95.0 + 35.0 * random.normal();
                let capped = index % 40 >= 20 && (100.0..125.0).contains(&value);
                let value = if capped { 92.0 + 7.0 * random.uniform() } else { value };
                Amount { actor: &names[index / 40], value, exposed: index % 40 >= 20 }
            })
            .collect();
        bunching(&mut row, &amounts, 100.0, false, 1);
        assert!(row.note.contains("plan cap"), "{row:?}");
    }

    fn teams(gaming: f64, seed: u64) -> PopulationRow {
        let mut random = Seeded::new(seed);
        let mut input = ScoreInput::default();
        for team in 0..40 {
            let people = [5, 8, 10, 15][team % 4];
            for week in 0..16 {
                let mut active = (0..people).filter(|_| random.uniform() < 0.75).count() as u64;
                let needed = people_needed(0.8, people);
                if week >= 8 && active < needed && random.uniform() < gaming {
                    active = needed;
                }
                input.team_weeks.push(TeamWeekInput { team_id: team.to_string(), week_start: week, people, active });
            }
        }
        let quota = Quota { metric: "active_week".into(), threshold: 0.8, period: "week".into(), announced: 8 };
        input.quotas.push(quota);
        quota_bunching(&input).remove(0)
    }

    #[test]
    fn the_spike_that_every_team_share_has_is_no_finding() {
        for seed in 0..10 {
            let row = teams(0.0, seed);
            assert!(row.p.unwrap() > 0.02, "{row:?}");
        }
        let gamed = teams(0.9, 1);
        assert!(gamed.p.unwrap() < 0.01 && gamed.estimate.unwrap() > 2.0, "{gamed:?}");
    }

    #[test]
    fn people_needed_is_not_fooled_by_rounding() {
        for (people, needed) in [(5, 4), (10, 8), (15, 12), (7, 6), (35, 28), (0, 0)] {
            assert_eq!(people_needed(0.8, people), needed, "{people}");
        }
        assert_eq!(people_needed(0.7, 10), 7);
    }
}
