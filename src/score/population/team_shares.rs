//! P1 (v), team shares against an `active_week` quota.
//!
//! Owns the exact discrete null of a team's share and when it may speak: shares of small teams are discrete, so a histogram of
//! them always spikes at a share quota (10 people, p = .8: 30 % are at exactly 8).

use std::collections::BTreeMap;

use super::panel::is_after;
use super::{NO_INTERVAL, Of, RESAMPLES, bootstrap, excess_p, interval, p_in_words, too_few};
use crate::score::input::{Quota, TeamWeekInput};
use crate::score::rows::PopulationRow;
use crate::score::shrink::{Prior, TeamCount};
use crate::score::stats::{beta_binomial_probability, poisson_binomial_upper_tail, sorted_quantile};

/// Fewest teams for the share test; a judgement default.
const FEWEST_TEAMS: usize = 10;
/// Placebo quotas, as differences in share: nobody was told of these.
const PLACEBOS: [f64; 2] = [-0.2, 0.1];
/// One-sided level of each placebo, as for amounts.
const PLACEBO_LEVEL: f64 = 0.005;

/// Smallest number of active people that meets a share quota; `share * people` may miss a whole number by rounding.
fn people_needed(share: f64, people: u64) -> u64 {
    (share * people as f64 - 1e-9).ceil().max(0.0) as u64
}

/// One team's part of Z: its weeks count as one observation, since a stable team hits the same count week after week.
#[derive(Debug, Clone, Copy)]
struct Team {
    /// Share of its weeks at exactly the smallest number that meets the quota.
    hits: f64,
    /// The same under the null.
    expected: f64,
}

/// Z = sum ([k = ceil(Q n)] - P) / sqrt(sum P (1 - P)) over teams, with an interval and p by a bootstrap over teams.
///
/// P is the beta-binomial probability for the team's own size. It is fitted to the weeks after the announcement, and where
/// there are enough to those before, and the larger P counts: use that rises for everybody lifts the chance of any count near
/// the quota, and hugging teams lift the fit after.
///
/// `others` are the other quotas on shares. A week of a team in which a placebo takes as many people as any of the quotas is no placebo: people
/// were told of that number.
pub(super) fn team_share(row: &mut PopulationRow, weeks: &[TeamWeekInput], quota: &Quota, others: &[f64], seed: u64) {
    let count = |week: &TeamWeekInput| TeamCount { flagged: week.active.min(week.people), people: week.people };
    let side = |after| weeks.iter().filter(move |week| is_after(week.week_start, quota.announced) == Some(after));
    let before: Vec<TeamCount> = side(false).map(count).collect();
    let mut teams: BTreeMap<&str, Vec<TeamCount>> = BTreeMap::new();
    for week in side(true).filter(|week| week.people > 0) {
        teams.entry(&week.team_id).or_default().push(count(week));
    }
    (row.n, row.n_unit) = (teams.len() as i64, "teams".to_owned());
    if let Some(missing) = too_few(&[(Of::Organisation("teams"), teams.len(), FEWEST_TEAMS)]) {
        row.note = format!("after the announcement {missing}");
        return;
    }
    let compared = before.len() >= FEWEST_TEAMS;
    let after: Vec<TeamCount> = teams.values().flatten().copied().collect();
    let mut priors = vec![Prior::fit(&after)];
    if compared {
        priors.push(Prior::fit(&before));
    }
    let at_quota: Vec<Team> = teams.values().map(|weeks| part(weeks, quota.threshold, &priors)).collect();
    let Some(z) = z(at_quota.iter()) else {
        row.note = "no team can be at exactly the quota".to_owned();
        return;
    };
    let resampled =
        |teams: &[Team]| bootstrap(teams.len(), RESAMPLES, seed, |drawn| self::z(drawn.iter().map(|&at| &teams[at])));
    let draws = resampled(&at_quota);
    (row.estimate, row.estimate_unit) = (Some(z), "standard errors".to_owned());
    (row.ci_low, row.ci_high) = interval(&draws, RESAMPLES).unzip();
    row.p = Some(excess_p(&draws));
    if row.ci_low.is_none() {
        row.note = NO_INTERVAL.to_owned();
        return;
    }
    let at_placebo = |share: f64| -> Vec<Team> {
        let is_told =
            |week: &TeamCount, told: f64| people_needed(told, week.people) == people_needed(share, week.people);
        let is_placebo = |week: &TeamCount| !others.iter().chain([&quota.threshold]).any(|told| is_told(week, *told));
        teams
            .values()
            .map(|weeks| weeks.iter().copied().filter(&is_placebo).collect::<Vec<TeamCount>>())
            .filter(|weeks| !weeks.is_empty())
            .map(|weeks| part(&weeks, share, &priors))
            .collect()
    };
    let loud = PLACEBOS.iter().map(|difference| quota.threshold + difference).find(|share| {
        let placebo = at_placebo(*share);
        (0.0..1.0).contains(share)
            && placebo.len() >= FEWEST_TEAMS
            && sorted_quantile(&resampled(&placebo), PLACEBO_LEVEL).is_some_and(|low| low > 0.0)
    });
    if let Some(placebo) = loud {
        row.note = format!("the placebo quota of {:.0} % bunches too: not the quota", 100.0 * placebo);
        return;
    }
    let hits: f64 = at_quota.iter().map(|team| team.hits).sum();
    let chances: Vec<f64> = at_quota.iter().map(|team| team.expected).collect();
    row.status = "speak".to_owned();
    row.note = format!(
        "z of teams at exactly the smallest number that meets the quota: {hits:.1} of {}, {:.1} expected from {} (exact p {})",
        teams.len(),
        chances.iter().sum::<f64>(),
        if compared {
            "the weeks before and after the announcement"
        } else {
            "the same weeks, for lack of earlier ones"
        },
        // Part of a team does not round up to a hit.
        p_in_words(poisson_binomial_upper_tail(&chances, hits.floor() as usize)),
    );
}

fn part(weeks: &[TeamCount], share: f64, priors: &[Prior]) -> Team {
    let of = |value: &dyn Fn(&TeamCount) -> f64| weeks.iter().map(value).sum::<f64>() / weeks.len() as f64;
    let chance = |week: &TeamCount| {
        let needed = people_needed(share, week.people);
        let probability = |prior: &Prior| {
            let (alpha, beta) = (prior.mean * prior.strength, (1.0 - prior.mean) * prior.strength);
            beta_binomial_probability(needed, week.people, alpha, beta)
        };
        priors.iter().map(probability).fold(0.0, f64::max)
    };
    let hit = |week: &TeamCount| f64::from(u8::from(week.flagged == people_needed(share, week.people)));
    Team { hits: of(&hit), expected: of(&chance) }
}

fn z<'a>(teams: impl Iterator<Item = &'a Team>) -> Option<f64> {
    let (excess, variance) = teams.fold((0.0, 0.0), |(excess, variance), team| {
        (excess + team.hits - team.expected, variance + team.expected * (1.0 - team.expected))
    });
    (variance > 0.0).then(|| excess / variance.sqrt())
}

#[cfg(test)]
mod tests {
    use super::super::panel::WEEK;
    use super::*;
    use crate::score::input::ScoreInput;
    use crate::score::stats::Seeded;

    fn teams(gaming: f64, seed: u64) -> PopulationRow {
        at_quotas(&[5, 8, 10, 15], gaming, 0.8, &[0.8], seed).remove(0)
    }

    /// Forty teams of so many people over sixteen weeks, from the eighth on quotas of which `gamed` is met by a part of those who would miss it.
    fn at_quotas(sizes: &[u64], gaming: f64, gamed: f64, quotas: &[f64], seed: u64) -> Vec<PopulationRow> {
        let mut random = Seeded::new(seed);
        let mut input = ScoreInput::default();
        for team in 0..40 {
            let people = sizes[team % sizes.len()];
            for week in 0..16 {
                let mut active = (0..people).filter(|_| random.uniform() < 0.75).count() as u64;
                let needed = people_needed(gamed, people);
                if week >= 8 && active < needed && random.uniform() < gaming {
                    active = needed;
                }
                let (team_id, week_start) = (team.to_string(), week * WEEK);
                input.team_weeks.push(TeamWeekInput { team_id, week_start, people, active });
            }
        }
        input.quotas.extend(quotas.iter().map(|threshold| Quota {
            metric: "active_week".into(),
            threshold: *threshold,
            period: "week".into(),
            announced: 8 * WEEK,
        }));
        let mut rows = super::super::tests(&input).rows;
        rows.retain(|row| row.test == "quota_bunching");
        rows
    }

    #[test]
    fn what_people_were_told_of_is_no_placebo() {
        // Teams meet 90 %: a placebo of 80 % where that is no quota, and a quota where it is.
        let sizes = [5, 8, 10, 15];
        let alone = at_quotas(&sizes, 0.9, 0.9, &[0.8], 1);
        assert!(alone[0].note.contains("placebo quota of 90 %"), "{}", alone[0].note);
        for row in at_quotas(&sizes, 0.9, 0.9, &[0.8, 0.9], 1) {
            assert!(!row.note.contains("placebo quota"), "{}", row.note);
        }
    }

    #[test]
    fn the_spike_that_every_team_share_has_is_no_finding() {
        for seed in 0..10 {
            let row = teams(0.0, seed);
            assert!(row.p.unwrap() > 0.02, "{row:?}");
        }
        let gamed = teams(0.9, 1);
        assert!(gamed.p.unwrap() < 0.01 && gamed.estimate.unwrap() > 2.0, "{gamed:?}");
        assert_eq!((gamed.n, gamed.n_unit.as_str(), gamed.estimate_unit.as_str()), (40, "teams", "standard errors"));
    }

    #[test]
    fn people_needed_is_not_fooled_by_rounding() {
        for (people, needed) in [(5, 4), (10, 8), (15, 12), (7, 6), (35, 28), (0, 0)] {
            assert_eq!(people_needed(0.8, people), needed, "{people}");
        }
        assert_eq!(people_needed(0.7, 10), 7);
    }
}
