//! S12 as a population test, rank chasing: do people just below a published top-N cut speed up more than people just above it?
//! (signals.md section 2, S12.)
//!
//! Owns the comparison at the cut, its cluster and wild-bootstrap inference, the placebo cuts, and when it may speak. Slopes of
//! single persons are not estimated here: they are for the person's own view only.

use std::collections::BTreeMap;

use super::{Of, row, too_few};
use crate::score::input::{RankWeek, ScoreInput};
use crate::score::regression::{least_squares, unit, wild_cluster_p};
use crate::score::rows::PopulationRow;
use crate::score::stats::{student_t_quantile, student_t_upper_tail};

/// Ranks on either side of a cut that count as near; a judgement default.
const NEAR: usize = 5;
/// Fewest weeks after the publication (S12, "speaks if").
const FEWEST_WEEKS: usize = 6;
/// Fewest steps from one week to the next near the cut, and fewest people who make them; judgement defaults.
const FEWEST_STEPS: usize = 40;
const FEWEST_ACTORS: usize = 12;
/// Under this many people the p is by wild cluster bootstrap (Cameron, Gelbach and Miller 2008).
const FEW_CLUSTERS: usize = 30;
const WILD_DRAWS: usize = 999;
/// One-sided level of each placebo cut.
const PLACEBO_LEVEL: f64 = 0.005;

/// One step of one person from a week to the next, near a cut.
#[derive(Debug, Clone, Copy)]
struct Step {
    actor: usize,
    week: i64,
    below: bool,
    published: bool,
    growth: f64,
}

/// One row a leaderboard, by name.
pub(super) fn rank_chasing(input: &ScoreInput) -> Vec<PopulationRow> {
    let mut boards: BTreeMap<&str, Vec<&RankWeek>> = BTreeMap::new();
    for week in &input.ranks {
        boards.entry(&week.board).or_default().push(week);
    }
    // The bootstrap draws by the number of a person, which must not hang on the order of rows.
    boards.values_mut().for_each(|weeks| weeks.sort_by(|one, two| order(one).cmp(&order(two))));
    boards.into_iter().map(|(board, weeks)| at_board(board, &weeks, input.seed)).collect()
}

fn order(week: &RankWeek) -> (&str, i64) {
    (&week.actor, week.week_start)
}

fn at_board(board: &str, weeks: &[&RankWeek], seed: u64) -> PopulationRow {
    let mut row = row("rank_chasing", board.to_owned(), "steps of people");
    let cut = weeks.first().map_or(0, |week| week.cut);
    let steps = steps(weeks, cut);
    let mut after: Vec<i64> = weeks.iter().filter(|week| week.published).map(|week| week.week_start).collect();
    after.sort_unstable();
    after.dedup();
    let exposed: Vec<Step> = steps.iter().copied().filter(|step| step.published).collect();
    row.n = exposed.len() as i64;
    let missing = too_few(&[
        (Of::Organisation("whole weeks while it was published"), after.len(), FEWEST_WEEKS),
        (Of::People("steps of people next to the cut"), exposed.len(), FEWEST_STEPS),
        (Of::People("people next to the cut"), actors(&exposed), FEWEST_ACTORS),
    ]);
    if let Some(missing) = missing {
        row.note = missing;
        return row;
    }
    let compared = steps.len() - exposed.len() >= FEWEST_STEPS;
    let used = if compared { &steps } else { &exposed };
    let Some(found) = Found::of(used, compared, seed) else {
        row.note = format!("people stand on one side of rank {cut} only");
        return row;
    };
    (row.estimate, row.ci_low, row.ci_high, row.p) =
        (Some(found.slope), Some(found.low), Some(found.high), Some(found.p));
    row.estimate_unit = "ln use a week".to_owned();
    // Cuts that nobody was shown, far enough from the true one that their neighbours are other people.
    let placebos = [cut + 2 * NEAR + 1, cut + 4 * NEAR + 2];
    let loud = placebos.into_iter().find(|&placebo| {
        let steps: Vec<Step> =
            self::steps(weeks, placebo).into_iter().filter(|step| compared || step.published).collect();
        steps.len() >= FEWEST_STEPS
            && Found::of(&steps, compared, seed).is_some_and(|found| found.p < PLACEBO_LEVEL && found.low > 0.0)
    });
    if let Some(placebo) = loud {
        row.note = format!("the placebo cut at rank {placebo} shows it too: not the ranking");
        return row;
    }
    row.status = "speak".to_owned();
    row.note = format!(
        "growth of ln use to the next week, ranks {} to {} less ranks {} to {cut}{}; weekly ranks stand for the board's own, the \
         cut at {cut} is a setting; errors by person{}",
        cut + 1,
        cut + NEAR,
        (cut + 1).saturating_sub(NEAR),
        if compared { ", less the same before it was published" } else { "; not compared: too few weeks before" },
        if actors(used) < FEW_CLUSTERS { ", p by wild bootstrap" } else { "" },
    );
    row
}

/// Steps from one week to the next of people within [`NEAR`] ranks of a cut. A cut closer to the top than that has as few
/// ranks above as there are.
fn steps(weeks: &[&RankWeek], cut: usize) -> Vec<Step> {
    let mut numbers: BTreeMap<&str, usize> = BTreeMap::new();
    for week in weeks {
        let next = numbers.len();
        numbers.entry(&week.actor).or_insert(next);
    }
    weeks
        .iter()
        .filter(|week| week.rank + NEAR > cut && week.rank <= cut + NEAR)
        .filter_map(|week| {
            Some(Step {
                actor: numbers[week.actor.as_str()],
                week: week.week_start,
                below: week.rank > cut,
                published: week.published,
                growth: week.growth?,
            })
        })
        .collect()
}

fn actors(steps: &[Step]) -> usize {
    steps.iter().map(|step| step.actor).collect::<std::collections::BTreeSet<_>>().len()
}

struct Found {
    slope: f64,
    low: f64,
    high: f64,
    p: f64,
}

impl Found {
    /// growth = week + c below + beta below * published, weeks taken out by their means, clustered by person. The means count as
    /// coefficients in the factor of the error (Cameron and Miller 2015): near a cut there are at most ten steps to each. Regression
    /// to the mean pulls both sides of the cut alike, so it is not in the difference.
    fn of(steps: &[Step], compared: bool, seed: u64) -> Option<Self> {
        let columns = |step: &Step| {
            let below = f64::from(u8::from(step.below));
            let published = below * f64::from(u8::from(step.published));
            if compared { vec![published, below] } else { vec![published] }
        };
        let mut by_week: BTreeMap<i64, Vec<&Step>> = BTreeMap::new();
        for step in steps {
            by_week.entry(step.week).or_default().push(step);
        }
        let (mut design, mut y, mut people, mut weeks) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for (week, steps) in by_week.values().enumerate() {
            let n = steps.len() as f64;
            let rows: Vec<Vec<f64>> = steps.iter().map(|step| columns(step)).collect();
            let mean = |column: usize| rows.iter().map(|row| row[column]).sum::<f64>() / n;
            let means: Vec<f64> = (0..rows[0].len()).map(mean).collect();
            let mean_growth = steps.iter().map(|step| step.growth).sum::<f64>() / n;
            for (row, step) in rows.iter().zip(steps) {
                design.push(row.iter().zip(&means).map(|(value, mean)| value - mean).collect::<Vec<f64>>());
                y.push(step.growth - mean_growth);
                people.push(step.actor);
                weeks.push(week);
            }
        }
        let clusters = numbered(&people);
        let groups = clusters.iter().max()? + 1;
        let fit = least_squares(&design, &y)?;
        let weights = unit(fit.coefficients.len(), 0);
        let freedom_left = fit.degrees_of_freedom() - by_week.len() as f64;
        let factor = fit.degrees_of_freedom() / freedom_left;
        let error = (fit.clustered_variance(&design, &weights, &clusters) * factor).sqrt();
        if groups < 3 || !error.is_finite() || error <= 0.0 {
            return None;
        }
        let slope = fit.coefficients[0];
        let freedom = groups as f64 - 1.0;
        let half = student_t_quantile(0.975, freedom) * error;
        let p = if groups < FEW_CLUSTERS {
            wild_cluster_p(&design, &y, &clusters, &weeks, 0, WILD_DRAWS, seed)?
        } else {
            student_t_upper_tail(slope / error, freedom)
        };
        Some(Self { slope, low: slope - half, high: slope + half, p })
    }
}

/// Numbers from 0 without gaps.
fn numbered(people: &[usize]) -> Vec<usize> {
    let mut numbers: BTreeMap<usize, usize> = BTreeMap::new();
    people
        .iter()
        .map(|person| {
            let next = numbers.len();
            *numbers.entry(*person).or_insert(next)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::stats::Seeded;

    /// A board of 24 people over 12 weeks that was published before the first: everybody takes every rank in turn, and whoever is below
    /// rank 10 grows by so much more.
    fn board(more: f64) -> ScoreInput {
        let mut random = Seeded::new(41);
        let mut input = ScoreInput { seed: 5, ..ScoreInput::default() };
        for week in 0..12 {
            for rank in 1..=24 {
                input.ranks.push(RankWeek {
                    board: "tokens".into(),
                    actor: format!("a{}", (rank + week) % 24),
                    week_start: week as i64,
                    published: true,
                    rank,
                    cut: 10,
                    growth: Some(0.1 * random.normal() + if rank > 10 { more } else { 0.0 }),
                });
            }
        }
        input
    }

    #[test]
    fn few_people_and_no_week_before_the_publication_are_judged() {
        let row = rank_chasing(&board(0.5)).remove(0);
        assert_eq!(row.status, "speak", "{row:?}");
        assert!((row.estimate.unwrap() - 0.5).abs() < 0.1 && row.p.unwrap() <= 0.05, "{row:?}");
        assert!(row.note.contains("not compared") && row.note.contains("p by wild bootstrap"), "{}", row.note);
    }

    #[test]
    fn the_order_of_rows_does_not_matter() {
        let input = board(0.05);
        let mut turned = input.clone();
        turned.ranks.sort_by_key(|week| (week.rank, -week.week_start));
        assert_eq!(rank_chasing(&turned), rank_chasing(&input));
    }

    #[test]
    fn the_error_is_that_of_the_model_with_a_dummy_for_each_week() {
        let input = board(0.2);
        let steps = steps(&input.ranks.iter().collect::<Vec<_>>(), 10);
        let found = Found::of(&steps, false, 1).unwrap();
        let design: Vec<Vec<f64>> = steps
            .iter()
            .map(|step| {
                let mut row = unit(12, step.week as usize);
                row.push(f64::from(u8::from(step.below)));
                row
            })
            .collect();
        let growth: Vec<f64> = steps.iter().map(|step| step.growth).collect();
        let people = numbered(&steps.iter().map(|step| step.actor).collect::<Vec<_>>());
        let fit = least_squares(&design, &growth).unwrap();
        let freedom = *people.iter().max().unwrap() as f64;
        let half = student_t_quantile(0.975, freedom) * fit.clustered_variance(&design, &unit(13, 12), &people).sqrt();
        assert!((found.slope - fit.coefficients[12]).abs() < 1e-9, "{}", found.slope);
        assert!((found.high - found.slope - half).abs() < 1e-9, "{} {half}", found.high - found.slope);
    }
}
