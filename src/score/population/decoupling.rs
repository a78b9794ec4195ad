//! P3, metric decoupling: does usage still order people by outcomes after it became a target? (signals.md section 2, P3;
//! Goodhart, Campbell 1979, Strathern 1997.)
//!
//! Owns the change of Kendall's tau, of the elasticity, the check for a restricted range, and when the test may speak.

use serde::{Deserialize, Serialize};

use super::panel::{Panel, Sides};
use super::{NO_INTERVAL, Of, RESAMPLES, bootstrap, day, excess_p, interval, row, too_few};
use crate::score::association::{kendall_null_error, kendall_tau_b};
use crate::score::input::ScoreInput;
use crate::score::rows::PopulationRow;

/// Fewest people and whole weeks on either side (P3, "speaks if").
const FEWEST_ACTORS: usize = 30;
const FEWEST_WEEKS: usize = 6;
/// Use of a week and of the two before it: outcomes trail use, and the lags are fixed in advance.
const LAGS: usize = 3;
/// Below this ratio of the spread of use after to before, a lower tau may only be a narrower range; a judgement default.
const NARROW: f64 = 0.8;

/// Kendall's tau with its 95 % bootstrap interval by person.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Tau {
    /// -1 to 1.
    pub value: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// How far use orders people as outcomes do, on either side of the first policy date.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct RankAgreement {
    /// People compared.
    pub people: i64,
    /// Whole weeks on either side.
    pub weeks: i64,
    /// Before the date.
    pub before: Tau,
    /// After it.
    pub after: Tau,
}

/// One row for the first policy date, and the taus when it speaks.
pub(super) fn metric_decoupling(input: &ScoreInput) -> Option<(PopulationRow, Option<RankAgreement>)> {
    let date = input.incentive_start()?;
    let mut row = row("metric_decoupling", format!("organisation, {}", day(date)), "people");
    let panel = Panel::new(&input.panel);
    let weeks = panel.sides(date);
    let all = panel.with_outcomes(&weeks);
    // Who is compared is decided over the weeks that are compared: somebody without use in them would stand far from all others.
    let sides = all.balanced();
    let people: Vec<usize> =
        panel.people(&sides).into_iter().filter(|&person| panel.outcomes_are_known(person)).collect();
    row.n = people.len() as i64;
    let missing = too_few(&[
        (Of::Organisation("whole weeks before the date"), weeks.before.len(), FEWEST_WEEKS),
        (Of::Organisation("whole weeks after it"), weeks.after.len(), FEWEST_WEEKS),
        (Of::Organisation("whole weeks before the date with known outcomes"), all.before.len(), FEWEST_WEEKS),
        (Of::Organisation("whole weeks after it with known outcomes"), all.after.len(), FEWEST_WEEKS),
        (Of::People("people who used tools on both sides with an outcome coverage of .8"), people.len(), FEWEST_ACTORS),
    ]);
    let agreement = match missing {
        Some(missing) => {
            row.note = missing;
            None
        }
        None => judge(&mut row, &panel, &sides, &people, input.seed),
    };
    Some((row, agreement))
}

/// Fills the row; what the taus are, when it speaks.
fn judge(
    row: &mut PopulationRow,
    panel: &Panel<'_>,
    sides: &Sides,
    people: &[usize],
    seed: u64,
) -> Option<RankAgreement> {
    let of =
        |weeks: &[usize]| -> Vec<(f64, f64)> { people.iter().map(|&person| panel.totals(person, weeks)).collect() };
    let (before, after) = (of(&sides.before), of(&sides.after));
    let tau =
        |pairs: &[(f64, f64)], drawn: &[usize]| kendall_tau_b(&drawn.iter().map(|&at| pairs[at]).collect::<Vec<_>>());
    let everybody: Vec<usize> = (0..people.len()).collect();
    let (Some(tau_before), Some(tau_after)) = (tau(&before, &everybody), tau(&after, &everybody)) else {
        row.note = "use or outcomes do not vary between people".to_owned();
        return None;
    };
    let mut taus = [Vec::with_capacity(RESAMPLES), Vec::with_capacity(RESAMPLES)];
    let draws = bootstrap(people.len(), RESAMPLES, seed, |drawn| {
        let (before, after) = (tau(&before, drawn)?, tau(&after, drawn)?);
        taus[0].push(before);
        taus[1].push(after);
        Some(before - after)
    });
    let slopes = [&sides.before, &sides.after].map(|weeks| Elasticity::new(panel, weeks, people));
    let slope_draws =
        bootstrap(people.len(), RESAMPLES, seed, |drawn| Some(slopes[0].of(drawn)? - slopes[1].of(drawn)?));
    let slope = |at: usize| slopes[at].of(&everybody);
    (row.estimate, row.estimate_unit) = (Some(tau_before - tau_after), "Kendall's tau".to_owned());
    (row.ci_low, row.ci_high) = interval(&draws, RESAMPLES).unzip();
    row.p = Some(excess_p(&draws));
    if row.ci_low.is_none() {
        row.note = NO_INTERVAL.to_owned();
        return None;
    }
    let ratio = spread(&after) / spread(&before);
    let slope_fell = interval(&slope_draws, RESAMPLES).is_some_and(|(low, _)| low > 0.0);
    let words = format!(
        "fall of Kendall's tau between use and outcomes across people, {tau_before:.2} to {tau_after:.2} over {} weeks each \
         (error of one tau without any relation {:.2}); elasticity within people and weeks {} to {}{}; spread of use {ratio:.2} \
         times that before",
        sides.before.len(),
        kendall_null_error(people.len()),
        written(slope(0)),
        written(slope(1)),
        if slope_fell { ", lower" } else { ", no clear change" },
    );
    if ratio < NARROW && !slope_fell {
        row.note = format!(
            "the range of use has narrowed, which lowers tau by itself, and the elasticity has not fallen: {words}"
        );
        return None;
    }
    row.status = "speak".to_owned();
    row.note = words;
    let [taus_before, taus_after] = taus;
    let [before, after] = [(tau_before, taus_before), (tau_after, taus_after)].map(|(value, mut draws)| {
        draws.sort_unstable_by(f64::total_cmp);
        interval(&draws, RESAMPLES).map(|(low, high)| Tau { value, low, high })
    });
    Some(RankAgreement {
        people: people.len() as i64,
        weeks: sides.before.len() as i64,
        before: before?,
        after: after?,
    })
}

fn written(slope: Option<f64>) -> String {
    slope.map_or_else(|| "unknown".to_owned(), |slope| format!("{slope:.2}"))
}

/// Standard deviation of ln tokens across people.
fn spread(totals: &[(f64, f64)]) -> f64 {
    let logs: Vec<f64> = totals.iter().map(|(tokens, _)| tokens.ln_1p()).collect();
    let mean = logs.iter().sum::<f64>() / logs.len() as f64;
    (logs.iter().map(|log| (log - mean).powi(2)).sum::<f64>() / logs.len() as f64).sqrt()
}

/// beta of ln(outcomes + 1) = alpha_person + gamma_week + beta ln tokens, tokens averaged over the lags. The panel is a
/// rectangle, so taking out the means of people and of weeks is the exact within transformation.
struct Elasticity {
    /// One line a person and week: (ln tokens, ln(outcomes + 1)), the mean of the person taken out.
    people: Vec<Vec<(f64, f64)>>,
}

impl Elasticity {
    fn new(panel: &Panel<'_>, weeks: &[usize], people: &[usize]) -> Self {
        let cell = |person: usize, week: usize| {
            let lags = (0..LAGS).filter_map(|lag| week.checked_sub(lag));
            let logs: Vec<f64> = lags.map(|week| panel.tokens(person, week).ln_1p()).collect();
            (logs.iter().sum::<f64>() / logs.len() as f64, panel.outcome_count(person, week).ln_1p())
        };
        let demeaned = |person: &usize| {
            let cells: Vec<(f64, f64)> = weeks.iter().map(|&week| cell(*person, week)).collect();
            without_mean(&cells)
        };
        Self { people: people.iter().map(demeaned).collect() }
    }

    /// The slope for these people, each as often as it was drawn.
    fn of(&self, drawn: &[usize]) -> Option<f64> {
        let weeks = self.people.first()?.len();
        let (mut products, mut squares) = (0.0, 0.0);
        for week in 0..weeks {
            let cells: Vec<(f64, f64)> = drawn.iter().map(|&person| self.people[person][week]).collect();
            for (x, y) in without_mean(&cells) {
                products += x * y;
                squares += x * x;
            }
        }
        (squares > 0.0).then(|| products / squares)
    }
}

fn without_mean(cells: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let n = cells.len() as f64;
    let (x, y) = cells.iter().fold((0.0, 0.0), |(x, y), cell| (x + cell.0 / n, y + cell.1 / n));
    cells.iter().map(|cell| (cell.0 - x, cell.1 - y)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::incentive_break::panel_week;
    use super::super::panel::WEEK;
    use super::*;

    #[test]
    fn outcomes_of_one_person_are_no_order_of_people() {
        // Of forty people only the heaviest user lands anything before the date. After it everybody does, and the more the less they use.
        let mut input = ScoreInput { seed: 3, ..ScoreInput::default() };
        for actor in 0..40usize {
            for week in 0..12i64 {
                let before = if actor == 39 { 1.0 } else { 0.0 };
                let outcomes = if week < 6 { before } else { 40.0 - actor as f64 };
                input.panel.push(panel_week(actor, week + 2_900, 20_000.0 + 1_000.0 * actor as f64, outcomes));
            }
        }
        input.leaderboards.push((6 + 2_900) * WEEK);
        let (row, agreement) = metric_decoupling(&input).unwrap();
        // One in three resamples is without that person.
        assert_eq!((row.status.as_str(), row.note.as_str()), ("abstain", NO_INTERVAL));
        assert!(row.n == 40 && agreement.is_none(), "{row:?}");
    }
}
