//! P2, incentive break where a policy came to the teams one after the other: did use rise in a team when its turn came, beside the teams
//! whose turn had not come, while outcomes did not? (signals.md section 2, P2; Callaway and Sant'Anna 2021.)
//!
//! Owns the group-time effects, their mean, the look before the dates and randomisation over teams. Owns no panel. Two-way fixed effects are
//! not used: where effects grow, they take the early teams' growth off the late ones' (Goodman-Bacon 2021).

use std::collections::{BTreeMap, BTreeSet};

use super::incentive_break::{LEAST_ELASTICITY, RISE_P, SHARE_OF_RISE, percent, theater_share};
use super::panel::{Panel, Sides, WEEK};
use super::{Of, RESAMPLES, excess_p, interval, p_in_words, row, too_few};
use crate::score::input::{PanelWeek, ScoreInput};
use crate::score::rows::PopulationRow;
use crate::score::stats::Seeded;

/// Fewest teams; with three of six treated no randomisation p is below 1 in 20 (signals.md P2).
const FEWEST_TEAMS: usize = 6;
/// Fewest teams that a policy came to, and fewest to hold each of them against in each week.
const FEWEST_OF_A_KIND: usize = 2;
/// Fewest whole weeks before the first date (Penfold and Zhang 2013, as at one date).
const FEWEST_WEEKS_BEFORE: usize = 8;
/// Fewest people whose outcomes are known, as at one date.
const FEWEST_ACTORS: usize = 30;
/// Orders of dates over teams that are all looked at; of more, as many are drawn. Tests are debug builds, and make do with fewer.
const MOST_ORDERS: usize = if cfg!(test) { 400 } else { 2_000 };
/// At this p or below, teams whose turn came went another way already before it.
const TREND_P: f64 = 0.05;

/// One row where the configuration says when a policy came to which team.
pub(super) fn staggered_break(input: &ScoreInput) -> Option<PopulationRow> {
    if input.rollouts.is_empty() {
        return None;
    }
    let mut row = row("incentive_break", "organisation, team by team".to_owned(), "teams");
    let panel = Panel::new(&input.panel);
    let weeks = panel.outcome_weeks();
    let teams = Teams::new(input, &panel, weeks);
    row.n = teams.members.len() as i64;
    let treated = teams.turns.iter().flatten().count();
    let covered: usize = teams.members.iter().map(Vec::len).sum();
    let missing = too_few(&[
        (Of::Organisation("whole weeks before the first date"), teams.first.unwrap_or(weeks), FEWEST_WEEKS_BEFORE),
        (
            Of::Organisation(
                "teams with people who used tools on both sides of the first date and whose outcomes are known",
            ),
            teams.members.len(),
            FEWEST_TEAMS,
        ),
        (Of::Organisation("teams that a policy came to within the weeks"), treated, FEWEST_OF_A_KIND),
        (Of::People("people who used tools on both sides of it with known outcomes"), covered, FEWEST_ACTORS),
    ]);
    row.note = match missing {
        Some(missing) => missing,
        None => judge(&mut row, &panel, &teams, weeks, input.seed),
    };
    Some(row)
}

/// Fills the row and says what was found.
fn judge(row: &mut PopulationRow, panel: &Panel<'_>, teams: &Teams, weeks: usize, seed: u64) -> String {
    let first = teams.turns.iter().flatten().min().copied().unwrap_or(0);
    let before = Sides { before: (0..first).collect(), after: Vec::new() };
    let people: Vec<usize> = teams.members.iter().flatten().copied().collect();
    let elasticity = panel.elasticity_before(&people, &before).filter(|elasticity| *elasticity >= LEAST_ELASTICITY);
    let usage = teams.series(panel, &teams.members, weeks, Panel::usage);
    let outcomes = teams.series(panel, &teams.members, weeks, Panel::outcomes);
    let (Some(rise), Some(gain)) = (effect(&usage, &teams.turns), effect(&outcomes, &teams.turns)) else {
        return "in no week are there two teams whose turn had not come to hold the others against".to_owned();
    };
    let orders = orders(&teams.turns, seed);
    let p_of = |statistic: &dyn Fn(&[Option<usize>]) -> Option<f64>| randomisation_p(statistic, &teams.turns, &orders);
    let p_before = {
        let look = |turns: &[Option<usize>]| before_effect(&usage, turns).map(f64::abs);
        p_of(&look)
    };
    let p_rise = p_of(&|turns| effect(&usage, turns));
    let found = format!(
        "use {} beside the teams whose turn had not come, outcomes {} (Callaway and Sant'Anna, {} of {} teams, randomisation over {} orders)",
        percent(rise),
        percent(gain),
        teams.turns.iter().flatten().count(),
        teams.turns.len(),
        orders.len()
    );
    if p_before <= TREND_P {
        return format!(
            "teams whose turn came went another way already before it (p {}); {found}",
            p_in_words(p_before)
        );
    }
    row.status = "speak".to_owned();
    SHARE_OF_RISE.clone_into(&mut row.estimate_unit);
    if p_rise > RISE_P || rise <= 0.0 {
        (row.estimate, row.p) = (Some(0.0), Some(p_rise));
        return format!("no rise with the turn of the teams; {found}");
    }
    let Some(elasticity) = elasticity else {
        row.status = "abstain".to_owned();
        return format!("outcomes did not go with use even before the dates, so no share can be said; {found}");
    };
    let shortfall: Vec<Vec<f64>> =
        usage.iter().zip(&outcomes).map(|(use_, outcome)| less(use_, outcome, elasticity)).collect();
    let p_shortfall = p_of(&|turns| effect(&shortfall, turns));
    let draws = resampled(panel, teams, weeks, &before, seed);
    let Some((low, high)) = interval(&draws, RESAMPLES) else {
        row.status = "abstain".to_owned();
        return format!("the share has no interval: too few resamples have one; {found}");
    };
    row.estimate = Some(theater_share(rise, gain, elasticity));
    (row.ci_low, row.ci_high) = (Some(low), Some(high));
    row.p = Some(p_rise.max(p_shortfall).max(excess_p(&draws)));
    format!(
        "share of the rise in use that outcomes do not show, at {elasticity:.2} ln outcome a ln token before the dates; {found}"
    )
}

/// Outcomes that the rise should have brought and did not.
fn less(usage: &[f64], outcomes: &[f64], elasticity: f64) -> Vec<f64> {
    usage.iter().zip(outcomes).map(|(use_, outcome)| elasticity * use_ - outcome).collect()
}

/// Shares of resamples of the people within each team, sorted.
fn resampled(panel: &Panel<'_>, teams: &Teams, weeks: usize, before: &Sides, seed: u64) -> Vec<f64> {
    let mut random = Seeded::new(seed);
    let mut draws = Vec::with_capacity(RESAMPLES);
    for _ in 0..RESAMPLES {
        let drawn: Vec<Vec<usize>> = teams
            .members
            .iter()
            .map(|members| members.iter().map(|_| members[random.below(members.len())]).collect())
            .collect();
        let rise = effect(&teams.series(panel, &drawn, weeks, Panel::usage), &teams.turns);
        let gain = effect(&teams.series(panel, &drawn, weeks, Panel::outcomes), &teams.turns);
        let people: Vec<usize> = drawn.into_iter().flatten().collect();
        let elasticity = panel.elasticity_before(&people, before).filter(|elasticity| *elasticity >= LEAST_ELASTICITY);
        if let (Some(rise), Some(gain), Some(elasticity)) = (rise.filter(|rise| *rise > 0.0), gain, elasticity) {
            draws.push(theater_share(rise, gain, elasticity));
        }
    }
    draws.sort_unstable_by(f64::total_cmp);
    draws
}

/// Teams with people who used tools on both sides of the first date and whose outcomes are known, and the first week of each under the policy.
struct Teams {
    members: Vec<Vec<usize>>,
    turns: Vec<Option<usize>>,
    /// The week in which the policy came to the first of all teams.
    first: Option<usize>,
}

impl Teams {
    fn new(input: &ScoreInput, panel: &Panel<'_>, weeks: usize) -> Self {
        // In the order of the panel, which is that of the people's ids. Who changed teams is in the one of their last week.
        let mut team_of: BTreeMap<&str, &PanelWeek> = BTreeMap::new();
        for week in &input.panel {
            let last = team_of.entry(&week.actor).or_insert(week);
            if week.week_start > last.week_start {
                *last = week;
            }
        }
        let turn = |team: &str| {
            let date = input.rollouts.iter().filter(|(of, _)| of == team).map(|(_, date)| *date).min()?;
            (0..weeks).find(|&week| panel.week_start(week).saturating_add(WEEK) > date)
        };
        // A wave of licences that comes with the turn is no break, nor is one that comes between two turns.
        let first = team_of.values().filter_map(|week| turn(&week.team_id)).min();
        let people = match first {
            Some(first) => panel.people(&Sides { before: (0..first).collect(), after: (first..weeks).collect() }),
            None => (0..panel.actors()).collect(),
        };
        let team_of: Vec<&PanelWeek> = team_of.into_values().collect();
        let mut by_team: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for person in people.into_iter().filter(|&person| panel.outcomes_are_known(person)) {
            let team = team_of[person].team_id.as_str();
            if !team.is_empty() {
                by_team.entry(team).or_default().push(person);
            }
        }
        Self { turns: by_team.keys().map(|team| turn(team)).collect(), members: by_team.into_values().collect(), first }
    }

    /// Logarithms of each team's sums by week.
    fn series<'a>(
        &self,
        panel: &Panel<'a>,
        members: &[Vec<usize>],
        weeks: usize,
        of: fn(&Panel<'a>, &[usize], &Sides) -> Vec<f64>,
    ) -> Vec<Vec<f64>> {
        let all = Sides { before: (0..weeks).collect(), after: Vec::new() };
        members.iter().map(|people| of(panel, people, &all)).collect()
    }
}

/// Mean of the group-time effects, each team and week after its turn counting once (Callaway and Sant'Anna 2021, equation 3.10 with weights
/// by the size of the group). ATT(g, t) is the change of the teams of turn g from the mean of their weeks before it, less that of the
/// teams whose turn comes after t or never. The week of the turn itself may be half a week and is left out.
fn effect(series: &[Vec<f64>], turns: &[Option<usize>]) -> Option<f64> {
    let weeks = series.first().map_or(0, Vec::len);
    changes(series, turns, |turn| (turn + 1..weeks).collect(), |turn| (0..turn).collect())
}

/// The same between the halves of the weeks before each turn: how far parallel trends held while nothing had come.
fn before_effect(series: &[Vec<f64>], turns: &[Option<usize>]) -> Option<f64> {
    changes(series, turns, |turn| (turn / 2..turn).collect(), |turn| (0..turn / 2).collect())
}

fn changes(
    series: &[Vec<f64>],
    turns: &[Option<usize>],
    late: impl Fn(usize) -> Vec<usize>,
    early: impl Fn(usize) -> Vec<usize>,
) -> Option<f64> {
    let (mut sum, mut cells) = (0.0, 0.0);
    for turn in turns.iter().flatten().collect::<BTreeSet<_>>() {
        let base = early(*turn);
        if base.is_empty() {
            continue;
        }
        let change = |team: usize, week: usize| {
            series[team][week] - base.iter().map(|&week| series[team][week]).sum::<f64>() / base.len() as f64
        };
        for week in late(*turn) {
            let of = |is: &dyn Fn(Option<usize>) -> bool| -> (f64, usize) {
                let teams = (0..turns.len()).filter(|&team| is(turns[team]));
                teams.fold((0.0, 0), |(sum, count), team| (sum + change(team, week), count + 1))
            };
            let (mine, treated) = of(&|other| other == Some(*turn));
            let (theirs, waiting) = of(&|other| other.is_none_or(|other| other > week.max(*turn)));
            if waiting >= FEWEST_OF_A_KIND {
                sum += mine - treated as f64 * theirs / waiting as f64;
                cells += treated as f64;
            }
        }
    }
    (cells > 0.0).then_some(sum / cells)
}

/// Share of the orders under which the statistic is as large; each order is as likely where the policy does nothing.
fn randomisation_p(
    statistic: &dyn Fn(&[Option<usize>]) -> Option<f64>,
    turns: &[Option<usize>],
    orders: &[Vec<Option<usize>>],
) -> f64 {
    let Some(observed) = statistic(turns) else { return 1.0 };
    let values: Vec<f64> = orders.iter().filter_map(|order| statistic(order)).collect();
    // Rounding must not decide whether an order is the one that was.
    let as_large = values.iter().filter(|value| **value >= observed - 1e-9).count();
    as_large.max(1) as f64 / values.len().max(1) as f64
}

/// Every different order of the turns over the teams, the observed one among them; of too many, draws with it.
fn orders(turns: &[Option<usize>], seed: u64) -> Vec<Vec<Option<usize>>> {
    let mut left: BTreeMap<Option<usize>, usize> = BTreeMap::new();
    turns.iter().for_each(|turn| *left.entry(*turn).or_default() += 1);
    let mut all = Vec::new();
    if every_order(&mut left, turns.len(), &mut Vec::new(), &mut all) {
        return all;
    }
    let mut random = Seeded::new(seed);
    let mut drawn = vec![turns.to_vec()];
    while drawn.len() < MOST_ORDERS {
        let mut order = turns.to_vec();
        for at in (1..order.len()).rev() {
            order.swap(at, random.below(at + 1));
        }
        drawn.push(order);
    }
    drawn
}

/// Whether there are few enough of them that `all` has all.
fn every_order(
    left: &mut BTreeMap<Option<usize>, usize>,
    teams: usize,
    begun: &mut Vec<Option<usize>>,
    all: &mut Vec<Vec<Option<usize>>>,
) -> bool {
    if begun.len() == teams {
        all.push(begun.clone());
        return all.len() <= MOST_ORDERS;
    }
    for turn in left.keys().copied().collect::<Vec<_>>() {
        if left.get(&turn).is_none_or(|count| *count == 0) {
            continue;
        }
        left.entry(turn).and_modify(|count| *count -= 1);
        begun.push(turn);
        let few = every_order(left, teams, begun, all);
        begun.pop();
        left.entry(turn).and_modify(|count| *count += 1);
        if !few {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::super::incentive_break::panel_week;
    use super::*;

    /// Eight teams of 20 people and 24 weeks. The policy comes to four of them in weeks 10, 12, 14 and 16. Use grows by `rise` there, outcomes by
    /// `gain`; where `growing`, the effect grows by a tenth of it each week. `ahead`: those teams rise from the start.
    fn world(rise: f64, gain: f64, growing: bool, ahead: f64, seed: u64) -> ScoreInput {
        let mut random = Seeded::new(31_000 + seed);
        let mut input = ScoreInput { seed: 7, ..ScoreInput::default() };
        let shocks: Vec<f64> = (0..24).map(|_| 0.1 * random.normal()).collect();
        for actor in 0..160 {
            let team = actor / 20;
            let turn = (team < 4).then_some(10 + 2 * team as i64);
            let level = 11.0 + 0.8 * random.normal();
            for week in 0..24i64 {
                let since = turn.filter(|turn| week >= *turn).map(|turn| (week - turn) as f64);
                let size = since.map_or(0.0, |since| if growing { 1.0 + 0.1 * since } else { 1.0 });
                let trend = if turn.is_some() { ahead * week as f64 } else { 0.0 };
                let noise = 0.3 * random.normal();
                let honest = level + shocks[week as usize] + noise + trend;
                let outcomes = (0.5 * (honest - 11.0) + 2.0 + gain * size + 0.1 * random.normal()).exp();
                let mut row = panel_week(actor, week + 2_900, (honest + rise * size).exp(), outcomes.round());
                row.team_id = format!("team-{team}");
                input.panel.push(row);
            }
        }
        let date = |turn: i64| (turn + 2_900) * WEEK;
        input.rollouts = (0..4).map(|team| (format!("team-{team}"), date(10 + 2 * team))).collect();
        input
    }

    fn found(input: &ScoreInput) -> PopulationRow {
        staggered_break(input).unwrap()
    }

    #[test]
    fn group_time_effects_by_hand() {
        // Two teams at week 2 and one at week 3 of five, two never; weeks before are 0, everybody gains one a week, and the treated 10 and 4 more.
        let base = [0.0, 0.0, 2.0, 3.0, 4.0];
        let plus = |from: usize, size: f64| -> Vec<f64> {
            base.iter().enumerate().map(|(week, value)| value + if week >= from { size } else { 0.0 }).collect()
        };
        let series = vec![plus(2, 10.0), plus(2, 10.0), plus(3, 4.0), base.to_vec(), base.to_vec()];
        let turns = vec![Some(2), Some(2), Some(3), None, None];
        // Four cells of 10 (two teams, weeks 3 and 4) and one of 4 (week 4).
        assert!((effect(&series, &turns).unwrap() - 44.0 / 5.0).abs() < 1e-12);
        assert_eq!(before_effect(&series, &turns), Some(0.0));
        // One team alone is no comparison.
        assert_eq!(effect(&series[..4], &turns[..4]), None);
    }

    #[test]
    fn the_orders_are_those_of_signals_md() {
        let half = |teams: usize| (0..teams).map(|team| (team < teams / 2).then_some(3)).collect::<Vec<_>>();
        // 1 in 20 for 3 of 6 teams, 1 in 70 for 4 of 8.
        assert_eq!((orders(&half(6), 1).len(), orders(&half(8), 1).len()), (20, 70));
        let many = (0..16).map(|team| (team < 8).then_some(team)).collect::<Vec<_>>();
        assert_eq!(orders(&many, 1).len(), MOST_ORDERS);
        let statistic = |turns: &[Option<usize>]| Some(turns.iter().take(3).flatten().count() as f64);
        assert!((randomisation_p(&statistic, &half(6), &orders(&half(6), 1)) - 0.05).abs() < 1e-12);
    }

    #[test]
    fn use_that_comes_with_the_turn_and_brings_nothing_is_found() {
        let fires = |input: &ScoreInput| {
            let row = found(input);
            row.status == "speak" && row.p.is_some_and(|p| p <= 0.05) && row.ci_low.is_some_and(|low| low > 0.0)
        };
        let count = |rise, gain, growing| (0..20).filter(|seed| fires(&world(rise, gain, growing, 0.0, *seed))).count();
        let (theater, growing, nothing, honest) =
            (count(0.6, 0.0, false), count(0.4, 0.0, true), count(0.0, 0.0, false), count(0.6, 0.3, false));
        assert!(
            theater >= 18 && growing >= 18 && nothing <= 2 && honest <= 2,
            "{theater} {growing} {nothing} {honest}"
        );
    }

    #[test]
    fn the_effect_is_measured() {
        let effects: Vec<f64> = (0..20)
            .map(|seed| {
                let input = world(0.6, 0.0, false, 0.0, seed);
                let panel = Panel::new(&input.panel);
                let teams = Teams::new(&input, &panel, 24);
                effect(&teams.series(&panel, &teams.members, 24, Panel::usage), &teams.turns).unwrap()
            })
            .collect();
        let mean = effects.iter().sum::<f64>() / effects.len() as f64;
        assert!((mean - 0.6).abs() < 0.03, "{mean}");
    }

    #[test]
    fn a_wave_of_licences_that_comes_with_the_turn_is_no_break() {
        // Half of each team that a policy comes to has its first week of use with the turn; outcomes are as ever, and those of whoever had a licence
        // before go with use, so that a share could be said.
        let mut input = world(0.0, 0.0, false, 0.0, 1);
        let turn = |week: &PanelWeek| {
            let team: i64 = week.team_id.trim_start_matches("team-").parse().unwrap();
            (team < 4).then_some((10 + 2 * team + 2_900) * WEEK)
        };
        for week in input.panel.iter_mut().filter(|week| week.actor.ends_with(['0', '2', '4', '6', '8'])) {
            if turn(week).is_some_and(|turn| week.week_start < turn) {
                week.tokens = Some(0);
            }
        }
        let row = found(&input);
        assert_eq!((row.status.as_str(), row.estimate), ("speak", Some(0.0)), "{row:?}");
        assert!(row.note.starts_with("no rise with the turn of the teams"), "{}", row.note);
    }

    #[test]
    fn teams_that_went_another_way_before_are_no_evidence() {
        let row = found(&world(0.6, 0.0, false, 0.06, 1));
        assert_eq!((row.status.as_str(), row.p), ("abstain", None));
        assert!(row.note.starts_with("teams whose turn came went another way already before it"), "{}", row.note);
    }

    #[test]
    fn it_abstains_below_its_evidence() {
        let mut input = world(0.6, 0.0, false, 0.0, 1);
        input.panel.retain(|week| week.team_id != "team-7" && week.team_id != "team-6" && week.team_id != "team-5");
        assert_eq!(
            found(&input).note,
            "5 teams with people who used tools on both sides of the first date and whose outcomes are known, 6 needed"
        );
        let mut input = world(0.6, 0.0, false, 0.0, 1);
        input.rollouts.truncate(1);
        assert_eq!(found(&input).note, "1 teams that a policy came to within the weeks, 2 needed");
        // Then the date of everybody is looked at, in the same row.
        input.leaderboards.push(input.rollouts[0].1);
        let row = super::super::incentive_break::incentive_break(&input).unwrap();
        assert!(row.scope.starts_with("organisation, 2025-"), "{}", row.scope);
        assert!(
            row.note.ends_with("team by team: 1 teams that a policy came to within the weeks, 2 needed"),
            "{}",
            row.note
        );
        input.rollouts.clear();
        assert_eq!(staggered_break(&input), None);
        // Commits were read up to the week before the first turn: no turn is within the weeks that can be judged.
        let mut input = world(0.6, 0.0, false, 0.0, 1);
        for week in input.panel.iter_mut().filter(|week| week.week_start >= (10 + 2_900) * WEEK) {
            week.outcomes = None;
        }
        assert_eq!(found(&input).note, "0 teams that a policy came to within the weeks, 2 needed");
    }
}
