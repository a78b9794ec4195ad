//! P2, incentive break: did usage jump or ramp at the first policy date while outcomes did not? (signals.md section 2, P2.)
//!
//! Owns the interrupted time series of usage and outcomes, the theater share with its interval, and the change-point look
//! when no policy date is known. Owns no panel: `fct_population_panel` has people and whole weeks. A policy that came
//! to the teams one after the other is [`super::staggered`]'s.

use std::collections::BTreeMap;

use super::panel::{Panel, Sides};
use super::staggered::staggered_break;
use super::{Of, RESAMPLES, bootstrap, day, excess_p, interval, row, too_few};
use crate::score::input::{ScoreInput, WeekEvent};
use crate::score::regression::{Fit, least_squares, newey_west_lags};
use crate::score::rows::PopulationRow;
use crate::score::stats::student_t_upper_tail;

/// Fewest whole weeks on either side (Penfold and Zhang 2013).
const FEWEST_WEEKS: usize = 8;
/// Fewest people whose outcomes are known, as for metric_decoupling.
const FEWEST_ACTORS: usize = 30;
/// Elasticity of outcomes before the date below which a shortfall means nothing; a judgement default.
pub(super) const LEAST_ELASTICITY: f64 = 0.05;
/// Unit of the estimate where there is a date.
pub(super) const SHARE_OF_RISE: &str = "share of the rise";
/// Above this p usage is not said to have risen.
pub(super) const RISE_P: f64 = 0.05;
/// Least error of an effect on a logarithm. A series without any scatter has none, and what rounding leaves of its effect is no rise.
const LEAST_ERROR: f64 = 1e-9;
/// Reference value and decision limit of the CUSUM in standard deviations (Page 1954; Montgomery): a false alarm in about 465
/// weeks when mean and deviation are known.
const CUSUM: (f64, f64) = (0.5, 5.0);

/// One row: team by team where the policy came so and that can be judged, else for the first policy date, else for the change-point look;
/// nothing without any. It is one test however it is made, so that one rise does not point to the metric twice.
pub(super) fn incentive_break(input: &ScoreInput) -> Option<PopulationRow> {
    match (staggered_break(input), everybody_at_once(input)) {
        (Some(by_team), Some(mut row)) if by_team.status != "speak" => {
            row.note.push_str(&format!("; team by team: {}", by_team.note));
            Some(row)
        }
        (by_team, row) => by_team.or(row),
    }
}

fn everybody_at_once(input: &ScoreInput) -> Option<PopulationRow> {
    match input.incentive_start() {
        Some(date) => Some(at_date(input, date)),
        None if input.panel.is_empty() || !input.rollouts.is_empty() => None,
        None => Some(without_date(input)),
    }
}

fn at_date(input: &ScoreInput, date: i64) -> PopulationRow {
    let mut row = row("incentive_break", format!("organisation, {}", day(date)), "weeks");
    let panel = Panel::new(&input.panel);
    let sides = panel.sides(date);
    let missing = too_few(&[
        (Of::Organisation("whole weeks before the date"), sides.before.len(), FEWEST_WEEKS),
        (Of::Organisation("whole weeks after it"), sides.after.len(), FEWEST_WEEKS),
    ]);
    row.n = (sides.before.len() + sides.after.len()) as i64;
    if let Some(missing) = missing {
        row.note = missing;
        return row;
    }
    let judged = panel.with_outcomes(&sides);
    let covered: Vec<usize> =
        panel.people(&judged).into_iter().filter(|&person| panel.outcomes_are_known(person)).collect();
    let missing = too_few(&[
        (Of::Organisation("whole weeks before the date with known outcomes"), judged.before.len(), FEWEST_WEEKS),
        (Of::Organisation("whole weeks after it with known outcomes"), judged.after.len(), FEWEST_WEEKS),
        (Of::People("people who used tools on both sides with known outcomes"), covered.len(), FEWEST_ACTORS),
    ]);
    // Of use all weeks can be told, also those whose outcomes were not read.
    let told = if missing.is_some() { &sides } else { &judged };
    let (events, names) = covariates(&input.events, &panel, told);
    let Some(series) = Series::new(told, &events) else {
        row.note = format!("an event of the calendar falls together with the date and cannot be told apart: {names}");
        return row;
    };
    if let Some(missing) = missing {
        row.note = format!("{missing}; {}", series.described("use", &panel.usage(&panel.people(told), told)));
        return row;
    }
    row.n = (judged.before.len() + judged.after.len()) as i64;
    judge(&mut row, &panel, &judged, &covered, &series, input.seed);
    if !names.is_empty() {
        row.note.push_str(&format!("; taken out: {names}"));
    }
    row
}

/// What usage and outcomes did, and the share of the rise that outcomes do not show.
fn judge(row: &mut PopulationRow, panel: &Panel<'_>, sides: &Sides, people: &[usize], series: &Series, seed: u64) {
    let (usage, outcomes) = (panel.usage(people, sides), panel.outcomes(people, sides));
    let (Some(rise), Some(gain)) = (series.effect(&usage), series.effect(&outcomes)) else {
        row.note = "the weeks do not determine trend and break".to_owned();
        return;
    };
    let p_rise = rise.p();
    row.status = "speak".to_owned();
    row.note = format!(
        "{}; {}; prompts {}",
        series.described("use", &usage),
        series.described("outcomes", &outcomes),
        prompts_effect(panel, sides, people, series),
    );
    SHARE_OF_RISE.clone_into(&mut row.estimate_unit);
    if p_rise > RISE_P || rise.mean <= 0.0 {
        (row.estimate, row.p) = (Some(0.0), Some(p_rise));
        row.note.insert_str(0, "no rise at the date; ");
        return;
    }
    let elasticity = panel.elasticity_before(people, sides).filter(|elasticity| *elasticity >= LEAST_ELASTICITY);
    let Some(elasticity) = elasticity else {
        row.status = "abstain".to_owned();
        row.note.insert_str(0, "outcomes did not go with use even before the date, so no share can be said; ");
        return;
    };
    // Outcomes that the rise should have brought and did not, as a series: its error knows the weeks' shocks,
    // which a bootstrap over people does not.
    let shortfall: Vec<f64> = usage.iter().zip(&outcomes).map(|(use_, outcome)| elasticity * use_ - outcome).collect();
    let p_shortfall = series.effect(&shortfall).map_or(1.0, |effect| effect.p());
    let draws = bootstrap(people.len(), RESAMPLES, seed, |drawn| {
        let drawn: Vec<usize> = drawn.iter().map(|&at| people[at]).collect();
        let elasticity = panel.elasticity_before(&drawn, sides).filter(|elasticity| *elasticity >= LEAST_ELASTICITY)?;
        let rise = series.mean_effect(&panel.usage(&drawn, sides))?;
        let gain = series.mean_effect(&panel.outcomes(&drawn, sides))?;
        (rise > 0.0).then(|| theater_share(rise, gain, elasticity))
    });
    let Some((low, high)) = interval(&draws, RESAMPLES) else {
        row.status = "abstain".to_owned();
        row.note.insert_str(
            0,
            "the share of the rise that outcomes do not show has no interval: too few resamples have one; ",
        );
        return;
    };
    row.estimate = Some(theater_share(rise.mean, gain.mean, elasticity));
    (row.ci_low, row.ci_high) = (Some(low), Some(high));
    row.p = Some(p_rise.max(p_shortfall).max(excess_p(&draws)));
    row.note.insert_str(
        0,
        &format!("share of the rise in use that outcomes do not show, at {elasticity:.2} ln outcome a ln token before the date; "),
    );
}

/// What prompts did, in words: of those people all of whose prompts are logged, where these are enough. Who went on with a tool that logs none
/// did not stop to type.
fn prompts_effect(panel: &Panel<'_>, sides: &Sides, people: &[usize], series: &Series) -> String {
    let logged: Vec<usize> = people.iter().copied().filter(|&person| panel.prompts_are_logged(person, sides)).collect();
    let effect = (logged.len() >= FEWEST_ACTORS).then(|| series.effect(&panel.prompts(&logged, sides))).flatten();
    effect.map_or_else(|| "unknown".to_owned(), |effect| percent(effect.mean))
}

/// 1 - max(0, ATT(ln outcome)) / (elasticity * ATT(ln tokens)), clipped to 0..1.
pub(super) fn theater_share(rise: f64, gain: f64, elasticity: f64) -> f64 {
    (1.0 - gain.max(0.0) / (elasticity * rise)).clamp(0.0, 1.0)
}

/// Mean effect after the date.
struct Effect {
    mean: f64,
    error: f64,
    /// True when the ordinary error is the larger one.
    is_ordinary: bool,
    degrees_of_freedom: f64,
}

impl Effect {
    /// One-sided p of an effect above 0; never 0.
    fn p(&self) -> f64 {
        student_t_upper_tail(self.mean / self.error, self.degrees_of_freedom).max(f64::MIN_POSITIVE)
    }
}

/// y = b0 + b1 t + b2 D + b3 (t - T0) D + events (Bernal et al. 2017); the effect is b2 + b3 times the mean of t - T0 after.
struct Series {
    design: Vec<Vec<f64>>,
    /// Picks the mean effect out of the coefficients.
    weights: Vec<f64>,
    lags: usize,
}

impl Series {
    /// `None` when an event cannot be told apart from the date.
    fn new(sides: &Sides, events: &[Vec<f64>]) -> Option<Self> {
        let weeks: Vec<(f64, bool)> = sides.numbered();
        let design: Vec<Vec<f64>> = weeks
            .iter()
            .enumerate()
            .map(|(at, &(t, after))| {
                let step = f64::from(u8::from(after));
                let mut row = vec![1.0, t, step, t * step];
                row.extend(events.iter().map(|event| event[at]));
                row
            })
            .collect();
        let after: Vec<f64> = weeks.iter().filter(|(_, after)| *after).map(|(t, _)| *t).collect();
        let mut weights = vec![0.0; 4 + events.len()];
        (weights[2], weights[3]) = (1.0, after.iter().sum::<f64>() / after.len() as f64);
        least_squares(&design, &vec![0.0; design.len()])?;
        let lags = newey_west_lags(design.len());
        (design.len() > weights.len() + 2).then_some(Self { design, weights, lags })
    }

    fn fit(&self, y: &[f64]) -> Option<Fit> {
        least_squares(&self.design, y)
    }

    fn mean_effect(&self, y: &[f64]) -> Option<f64> {
        let fit = self.fit(y)?;
        Some(fit.coefficients.iter().zip(&self.weights).map(|(one, two)| one * two).sum())
    }

    /// The error is the larger of Newey and West's and the ordinary one (Angrist and Pischke 2009, section 8.1): of sixteen weeks without any
    /// correlation the former alone finds an effect at 5 % in one series of seven.
    fn effect(&self, y: &[f64]) -> Option<Effect> {
        let fit = self.fit(y)?;
        let mean = fit.coefficients.iter().zip(&self.weights).map(|(one, two)| one * two).sum();
        let newey_west = fit.newey_west_variance(&self.design, &self.weights, self.lags).sqrt();
        let ordinary = fit.variance(&self.weights).sqrt();
        let error = newey_west.max(ordinary).max(LEAST_ERROR);
        let is_ordinary = ordinary > newey_west;
        Some(Effect { mean, error, is_ordinary, degrees_of_freedom: fit.degrees_of_freedom() })
    }

    fn described(&self, what: &str, y: &[f64]) -> String {
        let Some(effect) = self.effect(y) else { return format!("{what} unknown") };
        let kind = if effect.is_ordinary { "ordinary".to_owned() } else { format!("Newey-West, {} lags", self.lags) };
        format!("{what} {} (SE of the log {:.2}, {kind})", percent(effect.mean), effect.error)
    }
}

/// A change of a logarithm as a change in percent.
pub(super) fn percent(log_change: f64) -> String {
    format!("{:+.0} %", 100.0 * log_change.exp_m1())
}

/// Events of the calendar as columns over the weeks of both sides, and their names. Releases and training count by their share
/// of the week; a client change holds from its week on. Events that touch no week are left out.
fn covariates(events: &[WeekEvent], panel: &Panel<'_>, sides: &Sides) -> (Vec<Vec<f64>>, String) {
    let mut columns: BTreeMap<(&str, i64), Vec<f64>> = BTreeMap::new();
    let weeks: Vec<i64> = sides.before.iter().chain(&sides.after).map(|&week| panel.week_start(week)).collect();
    for event in events {
        let stays = event.kind == "client_change";
        // Each client change is a step of its own; all releases are one column, all training another.
        let key = (event.kind.as_str(), if stays { event.week_start } else { 0 });
        let column = columns.entry(key).or_insert_with(|| vec![0.0; weeks.len()]);
        for (cell, &week) in column.iter_mut().zip(&weeks) {
            let within = if stays { week >= event.week_start } else { week == event.week_start };
            if within {
                *cell = if stays { 1.0 } else { event.share };
            }
        }
    }
    columns.retain(|_, column| column.iter().any(|cell| *cell != column[0]));
    let mut names: Vec<&str> = columns.keys().map(|(kind, _)| *kind).collect();
    names.dedup();
    let names = names.join(", ").replace('_', " ");
    (columns.into_values().collect(), names)
}

/// When no policy date is known: the first week whose use has shifted, measured against the first eight weeks. It says when to
/// ask what happened, so it has no p and never points to a metric.
fn without_date(input: &ScoreInput) -> PopulationRow {
    let mut row = row("incentive_break", "organisation, date unknown".to_owned(), "weeks");
    let panel = Panel::new(&input.panel);
    let everything = panel.sides(i64::MAX);
    row.n = everything.before.len() as i64;
    if let Some(missing) = too_few(&[(Of::Organisation("whole weeks"), everything.before.len(), 2 * FEWEST_WEEKS)]) {
        row.note = format!("no policy date, and for a change point {missing}");
        return row;
    }
    let people: Vec<usize> =
        (0..panel.actors()).filter(|&person| panel.tokens_are_reported(person, &everything.before)).collect();
    let usage = panel.usage(&people, &everything);
    let (first, later) = usage.split_at(FEWEST_WEEKS);
    let mean = first.iter().sum::<f64>() / first.len() as f64;
    let variance = first.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (first.len() as f64 - 1.0);
    if variance <= 0.0 {
        row.note = "no policy date, and use does not vary".to_owned();
        return row;
    }
    // The mean is estimated from few weeks, which widens the scatter of the others around it.
    let scale = (variance * (1.0 + 1.0 / first.len() as f64)).sqrt();
    let scores: Vec<f64> = later.iter().map(|value| (value - mean) / scale).collect();
    row.status = "speak".to_owned();
    row.note = match cusum(&scores) {
        Some((week, up)) => {
            let after = &later[week..];
            let shift = after.iter().sum::<f64>() / after.len() as f64 - mean;
            (row.estimate, row.estimate_unit) = (Some(shift), "ln tokens".to_owned());
            let begins = day(panel.week_start(everything.before[FEWEST_WEEKS + week]));
            let direction = if up { "rises" } else { "falls" };
            format!(
                "no policy date: use {direction} from about the week of {begins}, {} since; what happened then?",
                percent(shift)
            )
        }
        None => "no policy date, and no shift of use (CUSUM k = .5, h = 5 on the first eight weeks)".to_owned(),
    };
    row
}

/// First alarm of a two-sided CUSUM: (where the run that raised it began, upwards).
fn cusum(scores: &[f64]) -> Option<(usize, bool)> {
    let (reference, limit) = CUSUM;
    let mut sums = [(0.0, 0), (0.0, 0)];
    for (at, score) in scores.iter().enumerate() {
        for ((sum, began), sign) in sums.iter_mut().zip([1.0, -1.0]) {
            if *sum <= 0.0 {
                *began = at;
            }
            *sum = f64::max(0.0, *sum + sign * score - reference);
            if *sum > limit {
                return Some((*began, sign > 0.0));
            }
        }
    }
    None
}

/// Weeks of the panel for tests and for other tests' worlds.
#[cfg(test)]
pub(super) fn panel_week(actor: usize, week: i64, tokens: f64, outcomes: f64) -> crate::score::input::PanelWeek {
    crate::score::input::PanelWeek {
        actor: format!("a{actor:03}"),
        team_id: String::new(),
        week_start: week * super::panel::WEEK,
        is_new: false,
        tokens: Some(tokens as i64),
        prompts: Some((tokens / 1_000.0) as i64),
        outcomes: Some(outcomes as i64),
        coverage: Some(1.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::stats::Seeded;

    #[test]
    fn the_share_is_clipped() {
        assert_eq!(theater_share(1.0, 0.3, 0.3), 0.0);
        assert_eq!(theater_share(1.0, -0.2, 0.3), 1.0);
        assert!((theater_share(1.0, 0.15, 0.3) - 0.5).abs() < 1e-12);
    }

    #[test]
    fn a_tool_that_logs_no_prompts_is_no_fall_of_them() {
        // Of forty people `moved` went over to a tool without prompts in the week of the date.
        let said = |moved: usize| {
            let rows: Vec<_> = (0..40)
                .flat_map(|actor| (0..20).map(move |week| (actor, week)))
                .map(|(actor, week)| {
                    let mut row = panel_week(actor, week, 20_000.0, 3.0);
                    row.prompts = row.prompts.filter(|_| week < 10 || actor >= moved);
                    row
                })
                .collect();
            let panel = Panel::new(&rows);
            let sides = panel.sides(10 * super::super::panel::WEEK);
            let series = Series::new(&sides, &[]).unwrap();
            prompts_effect(&panel, &sides, &panel.people(&sides), &series)
        };
        assert_eq!([0, 10].map(said).map(|words| words.trim_start_matches(['+', '-']).to_owned()), ["0 %", "0 %"]);
        assert_eq!(said(11), "unknown");
    }

    #[test]
    fn what_does_not_vary_has_no_rise_and_a_jump_without_scatter_has_a_p() {
        let sides = Sides { before: (0..20).collect(), after: (20..60).collect() };
        let series = Series::new(&sides, &[]).unwrap();
        for level in [0.1, 1.0 / 3.0, 13.7, 11.234_567_891] {
            let p = series.effect(&[level; 60]).unwrap().p();
            assert!((p - 0.5).abs() < 0.01, "{level}: {p}");
        }
        let jump: Vec<f64> = (0..60).map(|week| if week < 20 { 11.3 } else { 12.1 }).collect();
        let p = series.effect(&jump).unwrap().p();
        assert!(p > 0.0 && p < 1e-9, "{p}");
    }

    /// Shares of 20,000 numpy series of independent normal weeks: .051 and .050; .138 and .119 with the error of Newey and West alone.
    #[test]
    fn the_p_of_an_effect_holds_its_level_in_few_weeks() {
        let mut random = Seeded::new(37);
        for weeks in [8, 12] {
            let sides = Sides { before: (0..weeks).collect(), after: (weeks..2 * weeks).collect() };
            let series = Series::new(&sides, &[]).unwrap();
            let mut is_found = || {
                let y: Vec<f64> = (0..2 * weeks).map(|_| random.normal()).collect();
                series.effect(&y).unwrap().p() <= 0.05
            };
            let found = (0..2_000).filter(|_| is_found()).count();
            // Binomial(2000, .05): mean 100, standard deviation 9.7.
            assert!((65..=135).contains(&found), "{weeks} weeks a side: {found} of 2,000");
        }
    }

    #[test]
    fn the_cusum_has_the_run_length_of_the_books() {
        // Two-sided k = .5, h = 5: ARL0 465, and 10.4 after a shift of one deviation (Montgomery, table 9.3).
        let length = |shift: f64, seed: u64| {
            let mut random = Seeded::new(seed);
            let (reference, limit) = CUSUM;
            let (mut up, mut down, mut weeks) = (0.0f64, 0.0f64, 0.0);
            while up <= limit && down <= limit {
                let score = random.normal() + shift;
                (up, down) = ((up + score - reference).max(0.0), (down - score - reference).max(0.0));
                weeks += 1.0;
            }
            weeks
        };
        let mean = |shift| (0..1_500).map(|seed| length(shift, seed)).sum::<f64>() / 1_500.0;
        assert!((mean(0.0) - 465.0).abs() < 40.0, "{}", mean(0.0));
        assert!((mean(1.0) - 10.4).abs() < 0.5, "{}", mean(1.0));
    }

    #[test]
    fn the_cusum_names_the_week_in_which_the_shift_began() {
        let mut scores = vec![0.1, -0.2, 0.3, 0.0];
        scores.extend([2.5; 6]);
        assert_eq!(cusum(&scores), Some((4, true)));
        assert_eq!(cusum(&scores.iter().map(|score| -score).collect::<Vec<_>>()), Some((4, false)));
        assert_eq!(cusum(&[0.2; 40]), None);
    }
}
