//! P1, quota bunching: do amounts pile up just above a quota that people know of? (signals.md section 2, P1.)
//!
//! Owns the estimate for amounts a person and week: excess mass over a polynomial counterfactual, less the same before the
//! announcement (difference in bunching), an exact share where a quota is too small for bins, and when either may speak.
//! A policy names no teams that it spares, so weeks before the announcement are the only unexposed ones. Owns no histograms
//! (`polynomial`) and no team shares (`team_shares`).

use std::collections::BTreeMap;
use std::ops::Range;

use super::histogram::is_whole;
use super::panel::is_after;
use super::polynomial::{Counterfactual, Grid, Mass, Window, best_degree, heaping};
use super::{NO_INTERVAL, Of, RESAMPLES, bootstrap, day, excess_p, interval, p_in_words, row, team_shares, too_few};
use crate::score::input::{Quota, ScoreInput};
use crate::score::rows::PopulationRow;
use crate::score::stats::{sign_test, sorted_quantile};

/// Fewest actor-weeks within half the quota, on either side, and fewest actors (P1, "speaks if").
const FEWEST_WEEKS: usize = 200;
const FEWEST_A_SIDE: usize = 50;
const FEWEST_ACTORS: usize = 30;
/// Placebo lines, as parts of the quota: nobody was told of these.
const PLACEBOS: [f64; 2] = [0.8, 1.25];
/// One-sided level of each placebo line. Two lines at .5 % cost 1 % of the power; a judgement default.
const PLACEBO_LEVEL: f64 = 0.005;
/// A placebo line matters when its estimate is at least this part of the quota's; a judgement default.
const PLACEBO_SHARE: f64 = 0.5;
/// A placebo line with another quota no farther than this part of it has weeks piled up in its window, and is none.
const NEAR_ANOTHER: f64 = 0.1;
/// Other quotas, as parts of this one, whose piles stand among the bins that the counterfactual is fitted on.
const NEIGHBOURS: Range<f64> = 0.6..1.45;
/// A pile at another quota of more than so many times this one's may be all there is: the weeks that moved there leave a hole on the way, which the
/// polynomial takes for the shape; a judgement default.
const NEIGHBOUR_SHARE: f64 = 2.0;
/// Below this p the side with more mass is taken as the lower one.
const PLAN_CAP_P: f64 = 0.05;
/// Bandwidth of the density test, as a part of the quota; a judgement default.
const BANDWIDTH: f64 = 0.25;
/// Weeks on either side that the exact window needs (`rddensity`).
const EXACT_WEEKS: usize = 10;
/// Share of weeks at the quota among the three counts around it that a smooth distribution may have where there is no earlier
/// week to compare: (1 + k) / (3 + k), k = .2 (Frandsen 2017; k is a judgement default). A straight line has 1/3.
const SMOOTH_SHARE: f64 = 1.2 / 3.2;

/// Actor of what no log says whose it is.
const NOBODY: &str = "(unassigned)";

/// One person's amount in one week.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Amount<'a> {
    /// Who, for the bootstrap.
    actor: &'a str,
    /// The metric of the quota.
    value: f64,
    /// True when the week began after the announcement, false when it had ended by then.
    exposed: bool,
}

/// One person's weeks near the line: (amount, exposed).
pub(super) type Weeks = Vec<(f64, bool)>;

/// Runs the bunching test for every quota of a run, in the order given.
pub(super) fn quota_bunching(input: &ScoreInput) -> Vec<PopulationRow> {
    input
        .quotas
        .iter()
        .zip(quota_scopes(&input.quotas))
        .map(|(quota, scope)| {
            let mut row = row("quota_bunching", scope, "person-weeks");
            if quota.period != "week" {
                row.note = format!("readings are by week, the quota by {}", quota.period);
            } else if quota.metric == "active_week" {
                team_shares::team_share(&mut row, &input.team_weeks, quota, &other_lines(input, quota), input.seed);
            } else {
                let (amounts, others) = (amounts(input, quota), other_lines(input, quota));
                amounts_at_line(&mut row, &amounts, quota.threshold, &others, is_whole(quota), input.seed);
            }
            row
        })
        .collect()
}

/// Weekly quotas on the same amount or share. People were told of these too, so that none of them is a placebo line.
fn other_lines(input: &ScoreInput, quota: &Quota) -> Vec<f64> {
    let others = input.quotas.iter().filter(|other| other.metric == quota.metric && other.period == "week");
    others.map(|other| other.threshold).filter(|line| *line != quota.threshold).collect()
}

/// What the test of each quota was run for, in the order given. A line that was announced twice is two tests, which say when.
pub fn quota_scopes(quotas: &[Quota]) -> Vec<String> {
    let line = |quota: &Quota| format!("{} >= {} a {}", quota.metric, quota.threshold, quota.period);
    let scope = |quota: &Quota| {
        let again = |other: &Quota| other.announced != quota.announced && line(other) == line(quota);
        let when =
            if quotas.iter().any(again) { format!(", announced {}", day(quota.announced)) } else { String::new() };
        line(quota) + &when
    };
    quotas.iter().map(scope).collect()
}

/// The quota's metric for each week of a known person: what is nobody's is the sum of several people's. Weeks without a reported amount are left out, not counted as 0; so is the week of the
/// announcement.
pub(super) fn amounts<'a>(input: &'a ScoreInput, quota: &Quota) -> Vec<Amount<'a>> {
    input
        .actor_weeks
        .iter()
        .filter(|week| !week.service && &*week.actor != NOBODY)
        .filter_map(|week| {
            let value = match quota.metric.as_str() {
                "prompts" => Some(week.prompts as f64),
                "sessions" => Some(week.sessions as f64),
                "tokens" => week.tokens.map(|tokens| tokens as f64),
                "cost_usd" => week.cost_micro_usd.map(|cost| cost as f64 / 1e6),
                _ => None,
            }?;
            Some(Amount { actor: &week.actor, value, exposed: is_after(week.week_start, quota.announced)? })
        })
        .collect()
}

/// Checks the evidence within half the quota, then estimates with bins, or with the three counts around a small quota.
fn amounts_at_line(
    row: &mut PopulationRow,
    amounts: &[Amount<'_>],
    quota: f64,
    others: &[f64],
    whole: bool,
    seed: u64,
) {
    let actors = near_line(amounts, quota);
    let count = |test: &dyn Fn(f64, bool) -> bool| {
        actors.iter().flatten().filter(|(value, exposed)| test(*value, *exposed)).count()
    };
    let after = count(&|_, exposed| exposed);
    let above = count(&|value, exposed| exposed && value >= quota);
    let exposed_actors = actors.iter().filter(|weeks| weeks.iter().any(|(_, exposed)| *exposed)).count();
    row.n = after as i64;
    let missing = too_few(&[
        (Of::People("actor-weeks within half the quota"), after, FEWEST_WEEKS),
        (Of::People("actor-weeks on the thinner side"), above.min(after - above), FEWEST_A_SIDE),
        (Of::People("actors"), exposed_actors, FEWEST_ACTORS),
    ]);
    if let Some(missing) = missing {
        row.note = format!("after the announcement {missing}");
        return;
    }
    let compared = count(&|_, exposed| !exposed) >= FEWEST_WEEKS;
    match Grid::around(quota, whole) {
        Some(grid) => excess_mass(row, &grid, &actors, (quota, others), compared, seed),
        None if whole && quota >= 2.0 => share_at_count(row, amounts, (quota, others), compared, seed),
        None => row.note = format!("a quota of {quota} leaves too few bins on either side"),
    }
}

/// Weeks within half the quota, by person, in the order of actor ids.
pub(super) fn near_line(amounts: &[Amount<'_>], quota: f64) -> Vec<Weeks> {
    weeks_between(amounts, 0.5 * quota..1.5 * quota)
}

fn weeks_between(amounts: &[Amount<'_>], range: Range<f64>) -> Vec<Weeks> {
    let mut by_actor: BTreeMap<&str, Weeks> = BTreeMap::new();
    for amount in amounts.iter().filter(|amount| range.contains(&amount.value)) {
        by_actor.entry(amount.actor).or_default().push((amount.value, amount.exposed));
    }
    by_actor.into_values().collect()
}

/// What a window holds of some people's weeks before or after the announcement. Linear in the weeks.
#[derive(Debug, Clone, Copy, Default)]
struct Held {
    /// Weeks just above the line.
    above: Mass,
    /// Weeks that the counterfactual is fitted on.
    outside: f64,
}

impl Held {
    fn of(fit: &Counterfactual, counts: &[f64]) -> Self {
        Self { above: fit.above(counts), outside: fit.outside(counts) }
    }
}

impl std::ops::AddAssign for Held {
    fn add_assign(&mut self, other: Self) {
        self.above += other.above;
        self.outside += other.outside;
    }
}

/// The quota, a placebo line or another quota, and what is expected around it.
struct Line {
    /// The other quota's amount, where it is one.
    told: Option<f64>,
    /// As a part of the quota.
    part: f64,
    fit: Counterfactual,
}

/// Difference in bunching, in bins of the counterfactual: the excess after the announcement less the excess before it, scaled to as many
/// weeks outside of the window, over the mean height of the counterfactual of both together. Each phase over a height of its own would divide
/// by the few weeks before, whose fit is noise.
fn excess_difference([before, after]: [Held; 2], bins: usize) -> f64 {
    let scale = after.outside / before.outside.max(1.0);
    let excess = |held: Held| held.above.observed - held.above.expected;
    let share = after.outside / (before.outside + after.outside).max(1.0);
    let expected = ((before.above.expected + after.above.expected) * share).max(1.0);
    (excess(after) - scale * excess(before)) / (expected / bins as f64)
}

/// Excess mass at the quota, less the excess before it was announced, with a bootstrap interval by actor.
fn excess_mass(
    row: &mut PopulationRow,
    grid: &Grid,
    actors: &[Weeks],
    (quota, others): (f64, &[f64]),
    compared: bool,
    seed: u64,
) {
    let [before, after] = counts(grid, actors.iter().flatten());
    let at_quota = Window::at(grid, 1.0);
    let everything: Vec<f64> = before.iter().zip(&after).map(|(before, after)| before + after).collect();
    let (degree, round) = (best_degree(grid, at_quota, &everything), heaping(grid, at_quota, &everything));
    let line = |part: f64, told: Option<f64>| {
        Some(Line { told, part, fit: Counterfactual::new(grid, Window::at(grid, part), at_quota, degree, &round)? })
    };
    let near_another = |part: f64| others.iter().any(|other| (other / quota - part).abs() <= NEAR_ANOTHER * part);
    let placebos = PLACEBOS.into_iter().filter(|part| !near_another(*part));
    let lines: Option<Vec<Line>> = [1.0].into_iter().chain(placebos).map(|part| line(part, None)).collect();
    let Some(mut lines) = lines else {
        row.note = "the bins outside the window do not carry a counterfactual".to_owned();
        return;
    };
    let told = others.iter().filter(|other| NEIGHBOURS.contains(&(**other / quota)));
    lines.extend(told.filter_map(|other| line(other / quota, Some(*other))));
    // Masses are linear in counts, so those of a resample are the sums of its actors'.
    let masses: Vec<Vec<[Held; 2]>> = actors
        .iter()
        .map(|weeks| {
            let own = counts(grid, weeks.iter());
            lines.iter().map(|line| [Held::of(&line.fit, &own[0]), Held::of(&line.fit, &own[1])]).collect()
        })
        .collect();
    let estimates = |drawn: &mut dyn Iterator<Item = usize>| -> Vec<f64> {
        let mut sums = vec![[Held::default(); 2]; lines.len()];
        for actor in drawn {
            for (sums, own) in sums.iter_mut().zip(&masses[actor]) {
                sums.iter_mut().zip(own).for_each(|(sum, own)| *sum += *own);
            }
        }
        let excess = |sums: [Held; 2], bins: usize| {
            if compared { excess_difference(sums, bins) } else { sums[1].above.excess(bins) }
        };
        sums.into_iter().zip(&lines).map(|(sums, line)| excess(sums, line.fit.bins())).collect()
    };
    let mut beside: Vec<Vec<f64>> = vec![Vec::new(); lines.len() - 1];
    let draws = bootstrap(actors.len(), RESAMPLES, seed, |drawn| {
        let found = estimates(&mut drawn.iter().copied());
        beside.iter_mut().zip(&found[1..]).for_each(|(draws, found)| draws.push(*found));
        Some(found[0])
    });
    beside.iter_mut().for_each(|draws| draws.sort_unstable_by(f64::total_cmp));
    let found = estimates(&mut (0..actors.len()));
    let estimate = found[0];
    fill(row, (estimate, "bins of the counterfactual"), &draws);
    let loud = lines[1..].iter().zip(&beside).zip(&found[1..]).find(|((line, draws), found)| {
        // Where this line has no pile, there is none to be the other's.
        let most = if line.told.is_some() { NEIGHBOUR_SHARE * estimate } else { PLACEBO_SHARE * estimate };
        sorted_quantile(draws, PLACEBO_LEVEL).is_some_and(|low| low > 0.0)
            && **found > most
            && (line.told.is_none() || estimate > 0.0)
    });
    if let Some(((line, _), _)) = loud {
        row.note = match line.told {
            Some(other) => format!("the quota of {other} bunches far more, and its pile bends what is expected here"),
            None => format!("the placebo line at {} of the quota bunches too: not the quota", line.part),
        };
        return;
    }
    let (below, above) = (lines[0].fit.below(&after), lines[0].fit.above(&after));
    let piled_below = below.observed - below.expected > (above.observed - above.expected).max(0.0);
    if piled_below && is_plan_cap(row, below.observed as u64, above.observed as u64) {
        return;
    }
    row.status = "speak".to_owned();
    row.note = format!(
        "excess mass at the quota in bins of the counterfactual, {}{}; {:.0} % of the weeks just above the line unexplained, \
         {:.0} % of those expected just below missing{}{}",
        baseline(compared),
        if round.is_empty() { "" } else { ", round numbers taken out" },
        100.0 * above.unexplained_share(),
        100.0 * below.missing_share(),
        match grid.density_jump(&after, BANDWIDTH) {
            Some((theta, error)) => format!("; log density jump {theta:.2} (SE {error:.2})"),
            None => String::new(),
        },
        exact_window(actors, quota, grid.width()),
    );
}

/// For a quota too small for bins: the share of weeks at exactly the quota among the three counts around it. On any straight
/// line that share is 1/3, whatever its slope (Frandsen 2017). Less the same before the announcement where there is enough.
fn share_at_count(
    row: &mut PopulationRow,
    amounts: &[Amount<'_>],
    (quota, others): (f64, &[f64]),
    compared: bool,
    seed: u64,
) {
    let line = quota.ceil();
    // Half of a small quota ends among the three counts around it, around its placebo line or around the count below it.
    let actors = &weeks_between(amounts, (0.5 * quota).min(line - 2.5)..(1.5 * quota).max(line + 3.5));
    // Per actor, before and after: weeks at the count and weeks at it or beside it.
    let near = |at: f64| -> Vec<[(f64, f64); 2]> {
        let of = |weeks: &Weeks, phase: bool| {
            weeks
                .iter()
                .filter(|(value, exposed)| *exposed == phase && (value - at).abs() < 1.5)
                .fold((0.0, 0.0), |(hit, all), (value, _)| {
                    (hit + f64::from(u8::from((value - at).abs() < 0.5)), all + 1.0)
                })
        };
        actors.iter().map(|weeks| [of(weeks, false), of(weeks, true)]).collect()
    };
    let excess = |near: &[[(f64, f64); 2]], drawn: &mut dyn Iterator<Item = usize>| {
        let mut sums = [(0.0, 0.0); 2];
        for actor in drawn {
            for (sum, own) in sums.iter_mut().zip(near[actor]) {
                *sum = (sum.0 + own.0, sum.1 + own.1);
            }
        }
        let [before, after] = sums.map(|(hit, all)| (all > 0.0).then_some(hit / all));
        Some(after? - if compared { before? } else { SMOOTH_SHARE })
    };
    let [at_quota, placebo, beside] = [near(line), near(line + 2.0), near(line - 1.0)];
    let draws = bootstrap(actors.len(), RESAMPLES, seed, |drawn| excess(&at_quota, &mut drawn.iter().copied()));
    let quiet = bootstrap(actors.len(), RESAMPLES, seed, |drawn| excess(&placebo, &mut drawn.iter().copied()));
    let Some(estimate) = excess(&at_quota, &mut (0..actors.len())) else {
        row.note = "no weeks at the quota or beside it".to_owned();
        return;
    };
    fill(row, (estimate, "share of weeks"), &draws);
    if row.ci_low.is_none() {
        row.note = NO_INTERVAL.to_owned();
        return;
    }
    let exactly = |at: f64| {
        actors.iter().flatten().filter(|(value, exposed)| *exposed && (value - at).abs() < 0.5).count() as u64
    };
    let everybody = |near: &[[(f64, f64); 2]]| excess(near, &mut (0..actors.len())).unwrap_or(0.0);
    if others.iter().all(|other| other.ceil() != line + 2.0)
        && sorted_quantile(&quiet, PLACEBO_LEVEL).is_some_and(|low| low > 0.0)
        && everybody(&placebo) > PLACEBO_SHARE * estimate
    {
        row.note = format!("the placebo line at {} bunches too: not the quota", line + 2.0);
    } else if everybody(&beside) <= estimate.max(0.0) || !is_plan_cap(row, exactly(line - 1.0), exactly(line)) {
        row.status = "speak".to_owned();
        row.note = format!(
            "share of weeks at exactly {line} among those at {} to {}, {}{}",
            line - 1.0,
            line + 1.0,
            if compared { baseline(true) } else { "less what a smooth distribution may have: too few weeks before" },
            exact_window(actors, quota, 1.0),
        );
    }
}

fn fill(row: &mut PopulationRow, (estimate, unit): (f64, &str), draws: &[f64]) {
    (row.estimate, row.estimate_unit) = (Some(estimate), unit.to_owned());
    (row.ci_low, row.ci_high) = interval(draws, RESAMPLES).unzip();
    row.p = Some(excess_p(draws));
}

fn baseline(compared: bool) -> &'static str {
    if compared {
        "less the same before the announcement"
    } else {
        "not compared: too few weeks before the announcement"
    }
}

/// Says so in the note when the mass lies below the line: a plan cap or rate limit, not a quota.
fn is_plan_cap(row: &mut PopulationRow, below: u64, above: u64) -> bool {
    let p = sign_test(below, above);
    let capped = below > above && p < PLAN_CAP_P;
    if capped {
        row.note = format!(
            "more weeks just below the line than just above (exact p {}): a plan cap or rate limit, not a quota",
            p_in_words(p)
        );
    }
    capped
}

/// The exact binomial test in the smallest window that has ten weeks on either side (Cattaneo, Jansson and Ma 2020), one
/// observation a person: whether more of their weeks in it lie above the line than below. In words, since it assumes a flat
/// density in the window.
fn exact_window(actors: &[Weeks], quota: f64, step: f64) -> String {
    let sides = |width: f64| {
        let side = |low: f64, high: f64| -> Vec<usize> {
            let within = |(value, exposed): &&(f64, bool)| *exposed && (low..high).contains(value);
            actors.iter().map(|weeks| weeks.iter().filter(within).count()).collect()
        };
        (side(quota - width, quota), side(quota, quota + width))
    };
    let enough =
        |(below, above): &(Vec<usize>, Vec<usize>)| below.iter().sum::<usize>().min(above.iter().sum()) >= EXACT_WEEKS;
    let steps = (quota / 2.0 / step).floor().max(1.0) as usize;
    let Some((below, above)) = (1..=steps).map(|width| sides(width as f64 * step)).find(enough) else {
        return String::new();
    };
    let people = |wanted: std::cmp::Ordering| {
        above.iter().zip(&below).filter(|(above, below)| above.cmp(below) == wanted).count() as u64
    };
    let (more, less) = (people(std::cmp::Ordering::Greater), people(std::cmp::Ordering::Less));
    // How many they are would say of one who joins on which side of the line that one stands.
    format!(
        "; next to the line {} people have more weeks above than below (exact p {})",
        if more > less { "more" } else { "no more" },
        p_in_words(sign_test(more, less))
    )
}

/// Histograms before and after the announcement.
pub(super) fn counts<'a>(grid: &Grid, weeks: impl Iterator<Item = &'a (f64, bool)>) -> [Vec<f64>; 2] {
    let mut counts = [vec![0.0; grid.bins()], vec![0.0; grid.bins()]];
    for &(value, exposed) in weeks {
        if let Some(bin) = grid.bin(value) {
            counts[usize::from(exposed)][bin] += 1.0;
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::super::panel::WEEK;
    use super::*;
    use crate::score::input::ActorWeekInput;
    use crate::score::stats::Seeded;

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
                    actor: actor.to_string().into(),
                    week_start: week * WEEK,
                    prompts: amount.max(0.0) as i64,
                    tokens: Some((amount.max(0.0) * 1_000.0) as i64),
                    ..ActorWeekInput::default()
                });
            }
        }
        let threshold = if metric == "tokens" { 100_000.0 } else { 100.0 };
        input.quotas.push(Quota { metric: metric.into(), threshold, period: "week".into(), announced: 12 * WEEK });
        quota_bunching(&input).remove(0)
    }

    #[test]
    fn planted_bunching_is_found_for_whole_and_continuous_amounts() {
        for metric in ["prompts", "tokens"] {
            let row = run(120, 0.3, 1, metric);
            assert_eq!(row.status, "speak", "{row:?}");
            assert!(row.ci_low.unwrap() > 0.0 && row.p.unwrap() < 0.005, "{row:?}");
            assert_eq!(
                (row.estimate_unit.as_str(), row.n_unit.as_str()),
                ("bins of the counterfactual", "person-weeks")
            );
            // Neither how many people stand next to the line nor how many weeks are missing below it.
            let words: Vec<&str> = row.note.split_whitespace().collect();
            let counted = words.windows(2).find(|pair| {
                pair[0].chars().all(|c| c.is_ascii_digit()) && matches!(pair[1], "people" | "weeks" | "of")
            });
            assert!(counted.is_none() && row.note.contains("next to the line more people"), "{}", row.note);
        }
    }

    #[test]
    fn a_thin_history_divides_by_no_fit_of_its_own() {
        let held = |observed: f64, expected: f64, outside: f64| Held { above: Mass { observed, expected }, outside };
        // 20 of 200 weeks in the window, where a fit on so few expects half a one: 78 bins of excess over its own height.
        let before = held(20.0, 0.5, 200.0);
        assert!(before.above.excess(4) > 70.0);
        let difference = excess_difference([before, held(165.0, 47.0, 380.0)], 4);
        let expected = (118.0 - 1.9 * 19.5) / (47.5 * 380.0 / 580.0 / 4.0);
        assert!((difference - expected).abs() < 1e-9, "{difference}");
        // The same distribution before and after is no difference, whatever the numbers.
        assert!(excess_difference([held(30.0, 10.0, 100.0), held(90.0, 30.0, 300.0)], 4).abs() < 1e-9);
    }

    #[test]
    fn a_smooth_world_is_quiet() {
        let found = (0..20).filter(|seed| run(60, 0.0, 100 + seed, "prompts").ci_low.is_some_and(|low| low > 0.0));
        let found = found.count();
        assert!(found <= 2, "{found} of 20 at a nominal 2.5 %");
    }

    #[test]
    fn the_week_of_the_announcement_is_on_neither_side() {
        let mut input = ScoreInput::default();
        input.actor_weeks.extend((0..4).map(|week| ActorWeekInput {
            week_start: week * WEEK,
            prompts: week,
            ..ActorWeekInput::default()
        }));
        let sides = |announced| {
            let quota = Quota { metric: "prompts".into(), threshold: 1.0, period: "week".into(), announced };
            let found = amounts(&input, &quota);
            found.iter().map(|amount| (amount.value, amount.exposed)).collect::<Vec<_>>()
        };
        // On its Monday it is all of it after the announcement.
        assert_eq!(sides(2 * WEEK), [(0.0, false), (1.0, false), (2.0, true), (3.0, true)]);
        assert_eq!(sides(2 * WEEK + 1), [(0.0, false), (1.0, false), (3.0, true)]);
    }

    #[test]
    fn services_and_what_is_nobodys_are_no_people() {
        let mut input = ScoreInput::default();
        input.actor_weeks.extend(["a", "bot", NOBODY].map(|actor| ActorWeekInput {
            actor: actor.into(),
            service: actor == "bot",
            prompts: 1,
            ..ActorWeekInput::default()
        }));
        let quota = Quota { metric: "prompts".into(), threshold: 1.0, period: "week".into(), announced: 0 };
        assert_eq!(amounts(&input, &quota), [Amount { actor: "a", value: 1.0, exposed: true }]);
    }

    #[test]
    fn too_little_data_abstains_with_the_number_that_is_needed() {
        let row = run(10, 0.3, 1, "prompts");
        assert_eq!(row.status, "abstain");
        assert_eq!(row.note, "after the announcement fewer than 200 actor-weeks within half the quota");
        assert_eq!(row.estimate, None);
    }

    /// 120 people over 24 weeks with quotas on their prompts since week 12. Since then four of five weeks that would have ended less than `short` below
    /// one of the `hugged` lines end just above it.
    fn at_lines(hugged: &[f64], short: f64, quotas: &[f64]) -> Vec<PopulationRow> {
        let mut random = Seeded::new(6);
        let mut input = ScoreInput { seed: 9, ..ScoreInput::default() };
        for actor in 0..120 {
            for week in 0..24 {
                let mut amount = 110.0 + 35.0 * random.normal();
                for line in hugged {
                    if week >= 12 && (line - short..*line).contains(&amount) && random.uniform() < 0.8 {
                        amount = line + 4.0 * random.uniform();
                    }
                }
                input.actor_weeks.push(ActorWeekInput {
                    actor: actor.to_string().into(),
                    week_start: week * WEEK,
                    prompts: amount.max(0.0) as i64,
                    ..ActorWeekInput::default()
                });
            }
        }
        input.quotas.extend(quotas.iter().map(|threshold| Quota {
            metric: "prompts".into(),
            threshold: *threshold,
            period: "week".into(),
            announced: 12 * WEEK,
        }));
        quota_bunching(&input)
    }

    #[test]
    fn another_quota_of_the_metric_is_no_placebo_line() {
        // Weeks end just above 100 and just above 125: 1.25 of the one is the other, .8 of the other the one.
        let lines = [100.0, 125.0];
        assert!(at_lines(&lines, 12.0, &[100.0])[0].note.contains("of the quota bunches too"));
        let both = at_lines(&lines, 12.0, &lines);
        assert!(!both[0].note.contains("placebo line at 1.25 of"), "{}", both[0].note);
        assert!(!both[1].note.contains("placebo line at 0.8 of"), "{}", both[1].note);
    }

    #[test]
    fn the_hole_below_another_quota_is_no_pile_at_this_one() {
        // Weeks end above 140 that would have ended from 112 on; the polynomial bends down to that hole, below what stands at 100 as ever.
        let rows = at_lines(&[140.0], 28.0, &[100.0, 140.0]);
        assert_eq!(rows[0].status, "abstain", "{:?}", rows[0]);
        assert!(rows[0].note.starts_with("the quota of 140 bunches far more"), "{}", rows[0].note);
        assert!(rows[1].fires(), "{:?}", rows[1]);
    }

    #[test]
    fn a_line_that_was_announced_twice_is_two_scopes() {
        let quota = |metric: &str, threshold: f64, announced: i64| Quota {
            metric: metric.into(),
            threshold,
            period: "week".into(),
            announced: 1_767_571_200_000_000 + announced * WEEK,
        };
        let scopes = quota_scopes(&[quota("prompts", 100.0, 0), quota("prompts", 50.0, 0), quota("prompts", 100.0, 9)]);
        assert_eq!(
            scopes,
            [
                "prompts >= 100 a week, announced 2026-01-05",
                "prompts >= 50 a week",
                "prompts >= 100 a week, announced 2026-03-09"
            ]
        );
        assert_eq!(quota_scopes(&[quota("prompts", 100.0, 0), quota("tokens", 100.0, 9)])[0], "prompts >= 100 a week");
    }

    /// Forty people who have so many of their weeks after the announcement at each number of sessions, from one on.
    fn at_counts(quota: f64, weeks: &[i64]) -> PopulationRow {
        let mut input = ScoreInput { seed: 9, ..ScoreInput::default() };
        for actor in 0..40 {
            let counts = (1..).zip(weeks).flat_map(|(sessions, weeks)| (0..*weeks).map(move |_| sessions));
            input.actor_weeks.extend(counts.zip(0..).map(|(sessions, week)| ActorWeekInput {
                actor: actor.to_string().into(),
                week_start: week * WEEK,
                sessions,
                ..ActorWeekInput::default()
            }));
        }
        input.quotas.push(Quota { metric: "sessions".into(), threshold: quota, period: "week".into(), announced: 0 });
        quota_bunching(&input).remove(0)
    }

    #[test]
    fn all_three_counts_around_a_small_quota_and_its_placebo_are_seen() {
        // As many weeks of one, two and three sessions: no pile. Half of two on either side leaves those of three out, and 1 of 2 stand at two.
        let two = at_counts(2.0, &[3, 3, 3, 1, 1]);
        assert_eq!(two.status, "speak", "{two:?}");
        assert!((two.estimate.unwrap() - (1.0 / 3.0 - SMOOTH_SHARE)).abs() < 1e-9 && !two.fires(), "{two:?}");
        // A pile at five and none at seven, 2 of 6; without the weeks of eight it would be 2 of 4.
        let five = at_counts(5.0, &[1, 1, 1, 2, 5, 2, 2, 2]);
        assert!(five.fires(), "{five:?}");
        assert!((five.estimate.unwrap() - (5.0 / 9.0 - SMOOTH_SHARE)).abs() < 1e-9, "{five:?}");
    }

    #[test]
    fn a_share_that_too_few_resamples_have_is_not_said() {
        // Forty people with weeks of three and of eight sessions, and one week of one of them at the quota of six.
        let mut input = ScoreInput { seed: 9, ..ScoreInput::default() };
        for actor in 0..40 {
            for week in 0..7 {
                let sessions = match week {
                    0..=2 => 3,
                    3..=5 => 8,
                    _ if actor == 0 => 6,
                    _ => continue,
                };
                input.actor_weeks.push(ActorWeekInput {
                    actor: actor.to_string().into(),
                    week_start: week * WEEK,
                    sessions,
                    ..ActorWeekInput::default()
                });
            }
        }
        input.quotas.push(Quota { metric: "sessions".into(), threshold: 6.0, period: "week".into(), announced: 0 });
        let row = quota_bunching(&input).remove(0);
        assert_eq!((row.status.as_str(), row.note.as_str()), ("abstain", NO_INTERVAL));
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
        amounts_at_line(&mut row, &amounts, 100.0, &[], false, 1);
        assert!(row.note.contains("plan cap"), "{row:?}");
    }
}
