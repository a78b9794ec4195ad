//! Size and power of the population tests over seeded worlds of panel data, 40 with the effect and 40 without.
//!
//! A world is 240 people over 12 weeks, the size the targets are stated for, unless a test needs longer. Levels differ between
//! people by a factor of two and more, weeks vary, and everybody's honest use rises smoothly after the announcement: what an
//! incentive is allowed to do. A test fires when a report would say so: it speaks, its interval lies above zero, p <= .05.

use super::incentive_break::panel_week;
use super::panel::WEEK;
use super::tests;
use crate::score::input::{ActorWeekInput, Quota, RankWeek, ScoreInput, TeamWeekInput, WeekEvent};
use crate::score::rows::PopulationRow;
use crate::score::stats::Seeded;

const SEEDS: u64 = 40;
/// Worlds of 40 in which a test must be right (95 %).
const ENOUGH: usize = 38;

fn fires(row: &PopulationRow) -> bool {
    row.status == "speak" && row.ci_low.is_some_and(|low| low > 0.0) && row.p.is_some_and(|p| p <= 0.05)
}

/// Of the worlds of all seeds, how many fire.
fn fired(world: impl Fn(u64) -> PopulationRow) -> usize {
    (0..SEEDS).map(world).filter(fires).count()
}

/// How people reach the quota.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Hugging {
    /// Weeks that would have ended short of the quota end just above it; busier weeks stay as they are.
    TopUp,
    /// Every week ends just above the quota.
    Always,
}

struct QuotaWorld {
    metric: &'static str,
    threshold: f64,
    /// Amount of the typical person in the typical week, as a part of the quota.
    typical: f64,
    huggers: f64,
    hugging: Hugging,
    announced: i64,
}

impl QuotaWorld {
    fn run(&self, seed: u64) -> PopulationRow {
        let mut random = Seeded::new(1_000 + seed);
        let mut input = ScoreInput { seed: 9, ..ScoreInput::default() };
        for actor in 0..240 {
            let level = (self.typical * self.threshold).ln() + 0.7 * random.normal();
            let hugs = f64::from(actor) < 240.0 * self.huggers;
            let rise = 0.15 * random.uniform();
            for week in 0..12 {
                let after = week >= self.announced;
                let trend = if after { rise } else { 0.0 };
                let mut amount = (level + trend + 0.5 * random.normal()).exp();
                // Nine weeks of ten, a few percent above the line.
                let minds = random.uniform() < 0.9;
                let target = self.threshold * (1.0 + 0.08 * random.uniform().powi(2));
                if hugs && after && minds && (self.hugging == Hugging::Always || amount < self.threshold) {
                    amount = target;
                }
                let whole = amount.round() as i64;
                input.actor_weeks.push(ActorWeekInput {
                    actor: format!("a{actor:03}").into(),
                    week_start: week * WEEK,
                    prompts: whole,
                    sessions: whole,
                    tokens: Some(whole),
                    cost_micro_usd: Some((amount * 1e6) as i64),
                    ..ActorWeekInput::default()
                });
            }
        }
        let threshold = self.threshold;
        input.quotas.push(Quota {
            metric: self.metric.into(),
            threshold,
            period: "week".into(),
            announced: self.announced * WEEK,
        });
        tests(&input).rows.into_iter().find(|row| row.test == "quota_bunching").unwrap()
    }
}

/// (metric, quota, typical amount as a part of it, how, week of the announcement).
type Setting = (&'static str, f64, f64, Hugging, i64);

/// Worlds that fire where 15 % of people hug, and where nobody does.
fn size_and_power((metric, threshold, typical, hugging, announced): Setting) -> (usize, usize) {
    let world = |huggers| QuotaWorld { metric, threshold, typical, huggers, hugging, announced };
    (fired(|seed| world(0.15).run(seed)), fired(|seed| world(0.0).run(seed)))
}

#[test]
fn quota_bunching_has_its_size_and_power() {
    for setting in [("prompts", 50.0, 1.0, Hugging::TopUp, 6), ("tokens", 2_000_000.0, 0.8, Hugging::TopUp, 6)] {
        let (hugged, clean) = size_and_power(setting);
        assert!(hugged >= ENOUGH && clean <= 40 - ENOUGH, "{setting:?}: {hugged} of 40 hugged, {clean} of 40 clean");
    }
}

/// More settings, for a look. Of 40 worlds each, with and without hugging, fired on 2026-11-22, in the order below:
/// 40 and 2, 34 and 3, 40 and 0, 40 and 1, 37 and 1, 40 and 0. Without hugging that is 7 of 240, at a nominal 2.5 %.
/// `cargo test --no-default-features --lib -- --ignored --nocapture population::worlds`
#[test]
#[ignore = "minutes in a debug build"]
fn quota_bunching_in_other_settings() {
    let mut table = String::new();
    for setting in [
        ("prompts", 50.0, 0.7, Hugging::Always, 6),
        // Most weeks lie above the line anyway, so a hugger has something to add in one week of three.
        ("prompts", 40.0, 1.5, Hugging::TopUp, 6),
        ("cost_usd", 25.0, 1.2, Hugging::Always, 6),
        ("sessions", 10.0, 1.0, Hugging::TopUp, 6),
        // Too small for bins.
        ("sessions", 5.0, 1.0, Hugging::TopUp, 6),
        // Announced before the first week: nothing to compare with.
        ("prompts", 50.0, 1.0, Hugging::TopUp, 0),
    ] {
        table.push_str(&format!("{setting:?}: {:?}\n", size_and_power(setting)));
    }
    println!("{table}");
}

fn share_world(gaming: f64, seed: u64) -> PopulationRow {
    let mut random = Seeded::new(5_000 + seed);
    let mut input = ScoreInput { seed: 3, ..ScoreInput::default() };
    for team in 0..24 {
        let people = [6, 8, 10, 12, 15][team % 5];
        let rate = 0.6 + 0.25 * random.uniform();
        for week in 0..12 {
            let rise = if week >= 6 { 0.05 } else { 0.0 };
            let mut active = (0..people).filter(|_| random.uniform() < rate + rise).count() as u64;
            let needed = (0.8 * people as f64 - 1e-9).ceil() as u64;
            if week >= 6 && active < needed && random.uniform() < gaming {
                active = needed;
            }
            input.team_weeks.push(TeamWeekInput {
                team_id: format!("t{team}"),
                week_start: week * WEEK,
                people,
                active,
            });
        }
    }
    input.quotas.push(Quota {
        metric: "active_week".into(),
        threshold: 0.8,
        period: "week".into(),
        announced: 6 * WEEK,
    });
    tests(&input).rows.into_iter().find(|row| row.test == "quota_bunching").unwrap()
}

#[test]
fn team_shares_have_their_size_and_power() {
    let (gamed, clean) = (fired(|seed| share_world(0.6, seed)), fired(|seed| share_world(0.0, seed)));
    assert!(gamed >= ENOUGH && clean <= 40 - ENOUGH, "{gamed} of 40 gamed, {clean} of 40 clean");
}

/// 240 people, 12 weeks on either side. Use doubles for a share of the people at the
/// date; outcomes follow honest work alone.
fn panel_world(theater: f64, honest_rise: f64, seed: u64) -> ScoreInput {
    let mut random = Seeded::new(9_000 + seed);
    let mut input = ScoreInput { seed: 7, ..ScoreInput::default() };
    let shocks: Vec<f64> = (0..24).map(|_| 0.08 * random.normal()).collect();
    for actor in 0..240 {
        let level = 11.0 + 0.9 * random.normal();
        let pretends = f64::from(u32::try_from(actor).unwrap()) < 240.0 * theater;
        for week in 0..24i64 {
            let honest =
                level + shocks[week as usize] + 0.3 * random.normal() + if week >= 12 { honest_rise } else { 0.0 };
            let rate = (0.5 * (honest - 11.0) + 1.0).exp();
            // A Poisson count by its exponential gaps.
            let (mut outcomes, mut clock) = (0, -random.uniform().ln());
            while clock < rate {
                outcomes += 1;
                clock -= random.uniform().ln();
            }
            let tokens = honest.exp() * if pretends && week >= 12 { 8.0 * random.uniform() + 2.0 } else { 1.0 };
            input.panel.push(panel_week(actor, week + 2_900, tokens, f64::from(outcomes)));
        }
    }
    input.leaderboards.push((12 + 2_900) * 7 * 86_400_000_000);
    input
}

fn of(test: &str, input: &ScoreInput) -> PopulationRow {
    let rows = tests(input).rows;
    let has_units =
        |row: &PopulationRow| !row.n_unit.is_empty() && (row.estimate.is_none() || !row.estimate_unit.is_empty());
    assert!(rows.iter().all(has_units), "{rows:?}");
    rows.into_iter().find(|row| row.test == test).unwrap()
}

#[test]
fn incentive_break_has_its_size_and_power() {
    let fired = |theater, rise| fired(|seed| of("incentive_break", &panel_world(theater, rise, seed)));
    let (theater, nothing, honest) = (fired(0.15, 0.0), fired(0.0, 0.0), fired(0.0, 0.4));
    assert!(theater >= ENOUGH && nothing <= 40 - ENOUGH && honest <= 40 - ENOUGH, "{theater} {nothing} {honest}");
}

#[test]
fn a_client_change_at_the_date_cannot_be_told_apart_and_a_release_is_taken_out() {
    let mut input = panel_world(0.15, 0.0, 1);
    let week = |week: i64| (week + 2_900) * 7 * 86_400_000_000;
    input.events.push(WeekEvent { kind: "release".into(), week_start: week(5), share: 0.4 });
    let row = of("incentive_break", &input);
    assert!(row.status == "speak" && row.note.ends_with("taken out: release"), "{row:?}");
    input.events.push(WeekEvent { kind: "client_change".into(), week_start: week(12), share: 1.0 });
    let row = of("incentive_break", &input);
    assert_eq!((row.status.as_str(), row.estimate), ("abstain", None));
    assert!(row.note.ends_with("cannot be told apart: client change, release"), "{row:?}");
}

#[test]
fn break_and_decoupling_abstain_below_their_evidence() {
    let mut input = panel_world(0.15, 0.0, 1);
    let notes = |input: &ScoreInput| ["incentive_break", "metric_decoupling"].map(|test| of(test, input).note);
    input.panel.retain(|week| week.week_start < (12 + 2_900 + 5) * 7 * 86_400_000_000);
    assert_eq!(notes(&input), ["5 whole weeks after it, 8 needed", "5 whole weeks after it, 6 needed"]);
    // Commits were read up to three weeks after the date: that nothing landed since is not known, however far the logs go.
    let mut input = panel_world(0.15, 0.0, 1);
    for week in input.panel.iter_mut().filter(|week| week.week_start >= (12 + 2_900 + 3) * WEEK) {
        week.outcomes = None;
    }
    let [break_, decoupling] = notes(&input);
    assert!(break_.starts_with("3 whole weeks after it with known outcomes, 8 needed; use +"), "{break_}");
    assert_eq!(decoupling, "3 whole weeks after it with known outcomes, 6 needed");
    // A tool that reports its tokens from the date on: use would seem to double at it.
    let mut input = panel_world(0.0, 0.0, 1);
    for week in
        input.panel.iter_mut().filter(|week| week.week_start < (12 + 2_900) * WEEK && week.week_start % (2 * WEEK) == 0)
    {
        week.tokens = None;
    }
    let [break_, decoupling] = notes(&input);
    assert!(break_.starts_with("fewer than 30 people who used tools on both sides with known outcomes"), "{break_}");
    assert!(decoupling.starts_with("fewer than 30 people who used tools on both sides"), "{decoupling}");
    let mut input = panel_world(0.15, 0.0, 1);
    input.panel.iter_mut().for_each(|week| week.coverage = Some(0.79));
    let [break_, decoupling] = notes(&input);
    assert!(
        break_.starts_with("fewer than 30 people who used tools on both sides with known outcomes; use +"),
        "{break_}"
    );
    assert_eq!(decoupling, "fewer than 30 people who used tools on both sides with an outcome coverage of .8");
}

#[test]
fn use_that_saturates_is_a_narrower_range_and_no_decoupling() {
    // Everybody's use meets in one place after the date, outcomes as before: tau falls, the elasticity does not.
    let mut input = panel_world(0.0, 0.0, 2);
    for week in input.panel.iter_mut().filter(|week| week.week_start >= (12 + 2_900) * 7 * 86_400_000_000) {
        week.tokens = week.tokens.map(|tokens| ((tokens as f64).ln() * 0.1 + 10.0).exp() as i64);
    }
    let row = of("metric_decoupling", &input);
    assert!(!fires(&row), "{row:?}");
}

#[test]
fn who_is_away_in_the_weeks_that_are_compared_does_not_hide_a_narrower_range() {
    // As above, with six weeks before the date: of the twelve after it six are compared, and three people come back later.
    let mut input = panel_world(0.0, 0.0, 2);
    let week = |week: i64| (week + 2_900) * WEEK;
    input.panel.retain(|row| row.week_start >= week(6));
    for row in input.panel.iter_mut().filter(|row| row.week_start >= week(12)) {
        row.tokens = row.tokens.map(|tokens| ((tokens as f64).ln() * 0.1 + 10.0).exp() as i64);
        if row.week_start < week(18) && ["a000", "a001", "a002"].contains(&row.actor.as_str()) {
            (row.tokens, row.outcomes) = (Some(0), Some(0));
        }
    }
    let row = of("metric_decoupling", &input);
    assert!(row.n == 237 && !fires(&row), "{row:?}");
    assert!(row.note.contains("spread of use 0.10 times that before"), "{}", row.note);
}

#[test]
fn metric_decoupling_has_its_size_and_power() {
    let fired = |theater, rise| fired(|seed| of("metric_decoupling", &panel_world(theater, rise, seed)));
    let (theater, nothing, honest) = (fired(0.3, 0.0), fired(0.0, 0.0), fired(0.0, 0.4));
    assert!(theater >= ENOUGH && nothing <= 40 - ENOUGH && honest <= 40 - ENOUGH, "{theater} {nothing} {honest}");
}

fn rank_world(chasing: f64, seed: u64) -> PopulationRow {
    let mut random = Seeded::new(4_000 + seed);
    let mut input = ScoreInput { seed: 5, ..ScoreInput::default() };
    let levels: Vec<f64> = (0..80).map(|_| 10.0 + random.normal()).collect();
    let mut amounts: Vec<f64> = levels.clone();
    for week in 0..24i64 {
        let mut order: Vec<usize> = (0..80).collect();
        order.sort_by(|&one, &two| amounts[two].total_cmp(&amounts[one]));
        let mut next = vec![0.0; 80];
        for (place, &actor) in order.iter().enumerate() {
            let rank = place + 1;
            let near = (11..=15).contains(&rank) && week >= 8 && random.uniform() < 0.6;
            // Amounts of a person hold on from week to week and fall back to their level.
            next[actor] = levels[actor] + 0.5 * (amounts[actor] - levels[actor]) + 0.3 * random.normal();
            next[actor] += if near { chasing } else { 0.0 };
            input.ranks.push(RankWeek {
                board: "tokens".into(),
                actor: format!("a{actor}"),
                week_start: week,
                published: week >= 8,
                rank,
                cut: 10,
                growth: (week < 23).then(|| next[actor] - amounts[actor]),
            });
        }
        amounts = next;
    }
    of("rank_chasing", &input)
}

#[test]
fn rank_chasing_has_its_size_and_power() {
    let (chased, clean) = (fired(|seed| rank_world(0.7, seed)), fired(|seed| rank_world(0.0, seed)));
    assert!(chased >= ENOUGH && clean <= 40 - ENOUGH, "{chased} of 40 chased, {clean} of 40 clean");
}
