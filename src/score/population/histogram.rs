//! The picture behind quota_bunching: weeks by amount around a quota, before and after it was announced, and what the polynomial
//! fitted outside the window expects.
//!
//! Owns no test and no suppression: a bin says how many weeks each person has in it, so that whoever prints it can hide it.

use std::collections::BTreeMap;

use super::bunching::{Weeks, amounts, counts, near_line, quota_scopes};
use super::polynomial::{Grid, Window, best_degree, curve, heaping};
use crate::score::input::{Quota, ScoreInput};

/// Weeks of people in one bin: a number for each person, and how many weeks.
pub type WeeksOfPeople = BTreeMap<usize, u64>;

/// One bin.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Bin {
    /// Lowest amount, inclusive, in the quota's own unit.
    pub from: f64,
    /// Highest amount, exclusive.
    pub to: f64,
    /// Weeks before the announcement.
    pub before: WeeksOfPeople,
    /// Weeks after it.
    pub after: WeeksOfPeople,
    /// Weeks after it that the polynomial expects; none where it cannot be fitted.
    pub expected: Option<f64>,
}

/// The bins of one quota, from half of it to one and a half times.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Histogram {
    /// Scope of the test that it belongs to.
    pub scope: String,
    /// Bins below the line: as many lie above it.
    pub bins_below: usize,
    /// Equal bins in the order of amounts; the line is an edge.
    pub bins: Vec<Bin>,
}

/// Whether the quota counts whole things.
pub(super) fn is_whole(quota: &Quota) -> bool {
    matches!(quota.metric.as_str(), "prompts" | "sessions")
}

/// One histogram for each quota on a weekly amount that is large enough for bins.
pub(super) fn histograms(input: &ScoreInput) -> Vec<Histogram> {
    let scopes = quota_scopes(&input.quotas);
    input.quotas.iter().zip(scopes).filter_map(|(quota, scope)| histogram(input, quota, scope)).collect()
}

fn histogram(input: &ScoreInput, quota: &Quota, scope: String) -> Option<Histogram> {
    if quota.period != "week" || quota.metric == "active_week" {
        return None;
    }
    let actors = near_line(&amounts(input, quota), quota.threshold);
    let grid = Grid::around(quota.threshold, is_whole(quota))?;
    let [before, after] = counts(&grid, actors.iter().flatten());
    let everything: Vec<f64> = before.iter().zip(&after).map(|(before, after)| before + after).collect();
    let window = Window::at(&grid, 1.0);
    let (degree, round) = (best_degree(&grid, window, &everything), heaping(&grid, window, &everything));
    let expected = curve(&grid, window, degree, &round, &after);
    let bins = (0..grid.bins()).map(|bin| {
        let (from, to) = grid.edges(bin);
        let expected = expected.as_ref().map(|curve| curve[bin]);
        Bin {
            from,
            to,
            before: weeks_in(&grid, &actors, bin, false),
            after: weeks_in(&grid, &actors, bin, true),
            expected,
        }
    });
    Some(Histogram { scope, bins_below: grid.bins() / 2, bins: bins.collect() })
}

fn weeks_in(grid: &Grid, actors: &[Weeks], bin: usize, exposed: bool) -> WeeksOfPeople {
    let mut people = WeeksOfPeople::new();
    for (person, weeks) in actors.iter().enumerate() {
        let n = weeks.iter().filter(|week| week.1 == exposed && grid.bin(week.0) == Some(bin)).count();
        if n > 0 {
            people.insert(person, n as u64);
        }
    }
    people
}

#[cfg(test)]
mod tests {
    use super::super::panel::WEEK;
    use super::*;
    use crate::score::input::ActorWeekInput;

    #[test]
    fn every_week_near_the_line_stands_in_one_bin_and_the_curve_does_not_see_the_pile() {
        let mut input = ScoreInput {
            quotas: vec![Quota {
                metric: "prompts".into(),
                threshold: 100.0,
                period: "week".into(),
                announced: 50 * WEEK,
            }],
            ..ScoreInput::default()
        };
        let mut week = |actor: i64, start: i64, prompts: i64| {
            input.actor_weeks.push(ActorWeekInput {
                actor: format!("a{actor:03}").into(),
                week_start: start * WEEK,
                prompts,
                ..ActorWeekInput::default()
            });
        };
        for actor in 0..100 {
            week(actor, 0, 50 + actor);
            week(actor, 60, 50 + actor);
            // A pile just above the line, after the announcement only.
            week(actor, 70, if actor % 2 == 0 { 101 } else { 400 });
        }
        let [histogram] = histograms(&input).try_into().unwrap();
        assert_eq!(histogram.scope, "prompts >= 100 a week");
        let sum = |of: fn(&Bin) -> &WeeksOfPeople| histogram.bins.iter().flat_map(|bin| of(bin).values()).sum::<u64>();
        assert_eq!((sum(|bin| &bin.before), sum(|bin| &bin.after)), (96, 146));
        let at_line = &histogram.bins[histogram.bins_below];
        assert_eq!((at_line.from, at_line.after.len() as u64), (100.0, 51));
        assert!((at_line.expected.unwrap() - (at_line.to - at_line.from)).abs() < 0.5, "{at_line:?}");
        input.quotas[0].metric = "active_week".into();
        assert_eq!(histograms(&input), []);
    }
}
