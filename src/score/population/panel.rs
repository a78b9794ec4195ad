//! The weekly panel of people that the break and decoupling tests share.
//!
//! Owns the passage from rows to a rectangle of people and weeks, the sides of a date, and sums over people. Owns no test.

use std::collections::{BTreeMap, BTreeSet};

use crate::score::input::PanelWeek;
use crate::score::regression::least_squares;

/// Length of a week in microseconds.
pub(super) const WEEK: i64 = 7 * 86_400 * 1_000_000;
/// Least share of a person's edited paths that lies where outcomes are known (`coverage.min`).
const COVERAGE: f64 = 0.8;
/// Most of a person's prompts on a side that may lie in weeks whose tokens nobody reported, as one that was interrupted does; a judgement default.
const UNREPORTED: f64 = 0.01;

/// Whether a week lies after a date: `Some(true)` when it began on or after it, `Some(false)` when it had ended, `None` for the week of the date,
/// which is in neither.
pub(super) fn is_after(week_start: i64, date: i64) -> Option<bool> {
    if week_start >= date {
        return Some(true);
    }
    (week_start.saturating_add(WEEK) <= date).then_some(false)
}

/// People times whole weeks; a week without a row is one without use, and without outcomes where outcomes of that week are known.
pub(super) struct Panel<'a> {
    weeks: Vec<i64>,
    people: Vec<Vec<Option<&'a PanelWeek>>>,
}

/// Weeks of the panel on either side of a date; the week of the date is in neither.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sides {
    pub(super) before: Vec<usize>,
    pub(super) after: Vec<usize>,
}

impl Sides {
    /// (weeks since the first week after the date, negative before; whether after), in the order of time.
    pub(super) fn numbered(&self) -> Vec<(f64, bool)> {
        let first = self.after.first().map_or(0, |first| *first as i64);
        let number = |week: &usize| (*week as i64 - first) as f64;
        let before = self.before.iter().map(|week| (number(week), false));
        before.chain(self.after.iter().map(|week| (number(week), true))).collect()
    }

    /// As many weeks on either side as the shorter one has, those nearest to the date: totals over more weeks hold less
    /// noise, and would order people better for that alone.
    pub(super) fn balanced(&self) -> Self {
        let length = self.before.len().min(self.after.len());
        Self { before: self.before[self.before.len() - length..].to_vec(), after: self.after[..length].to_vec() }
    }
}

impl<'a> Panel<'a> {
    pub(super) fn new(rows: &'a [PanelWeek]) -> Self {
        let weeks: Vec<i64> = rows.iter().map(|row| row.week_start).collect::<BTreeSet<_>>().into_iter().collect();
        let mut people: BTreeMap<&str, Vec<Option<&PanelWeek>>> = BTreeMap::new();
        for row in rows {
            if let Ok(week) = weeks.binary_search(&row.week_start) {
                people.entry(&row.actor).or_insert_with(|| vec![None; weeks.len()])[week] = Some(row);
            }
        }
        Self { weeks, people: people.into_values().collect() }
    }

    pub(super) fn actors(&self) -> usize {
        self.people.len()
    }

    pub(super) fn week_start(&self, week: usize) -> i64 {
        self.weeks[week]
    }

    /// Weeks that ended by `date`, and weeks that began on or after it.
    pub(super) fn sides(&self, date: i64) -> Sides {
        let side =
            |after| (0..self.weeks.len()).filter(|&week| is_after(self.weeks[week], date) == Some(after)).collect();
        Sides { before: side(false), after: side(true) }
    }

    /// How many weeks, from the first, outcomes are known of: where commits were read up to a day, those after it have none in the panel, and that
    /// is not that nothing landed. All of them where no week has any: then nobody's are known, which is asked of each person.
    pub(super) fn outcome_weeks(&self) -> usize {
        let is_known = |week: &usize| self.people.iter().any(|of| of[*week].is_some_and(|row| row.outcomes.is_some()));
        (0..self.weeks.len()).rev().find(is_known).map_or(self.weeks.len(), |last| last + 1)
    }

    /// The weeks of both sides of which outcomes are known.
    pub(super) fn with_outcomes(&self, sides: &Sides) -> Sides {
        let end = self.outcome_weeks();
        let known = |weeks: &[usize]| weeks.iter().copied().filter(|week| *week < end).collect();
        Sides { before: known(&sides.before), after: known(&sides.after) }
    }

    /// People who used a tool on both sides, whose tokens are reported on both, and who were not new before the date: neither a wave of new
    /// licences or hires, nor a tool that began to report its tokens, nor somebody who learnt is a break.
    pub(super) fn people(&self, sides: &Sides) -> Vec<usize> {
        let used = |person: usize, weeks: &[usize]| {
            weeks.iter().any(|&week| self.tokens(person, week) > 0.0) && self.tokens_are_reported(person, weeks)
        };
        let was_new = |person: usize| self.rows(person, &sides.before).any(|row| row.is_new);
        (0..self.people.len())
            .filter(|&person| used(person, &sides.before) && used(person, &sides.after) && !was_new(person))
            .collect()
    }

    fn rows(&self, person: usize, weeks: &[usize]) -> impl Iterator<Item = &'a PanelWeek> {
        weeks.iter().filter_map(move |&week| self.people[person][week])
    }

    /// Whether a person's tokens over these weeks are known: what nobody reported is not zero.
    pub(super) fn tokens_are_reported(&self, person: usize, weeks: &[usize]) -> bool {
        // Of a week with neither tokens nor prompts nothing says how much of the use it is.
        let weight = |row: &PanelWeek| row.prompts.map_or(f64::INFINITY, |prompts| prompts.max(1) as f64);
        let unreported: f64 = self.rows(person, weeks).filter(|row| row.tokens.is_none()).map(weight).sum();
        let prompts: i64 = self.rows(person, weeks).filter_map(|row| row.prompts).sum();
        unreported <= UNREPORTED * prompts as f64
    }

    /// Whether a person's prompts are known in every week of use on both sides.
    pub(super) fn prompts_are_logged(&self, person: usize, sides: &Sides) -> bool {
        [&sides.before, &sides.after].iter().all(|weeks| self.rows(person, weeks).all(|row| row.prompts.is_some()))
    }

    /// Whether outcomes of the person are known: reported at all, and coverage of at least .8 of what was edited.
    pub(super) fn outcomes_are_known(&self, person: usize) -> bool {
        let mut weeks = self.people[person].iter().flatten();
        weeks.any(|week| week.outcomes.is_some() && week.coverage.is_some_and(|coverage| coverage >= COVERAGE))
    }

    pub(super) fn tokens(&self, person: usize, week: usize) -> f64 {
        self.people[person][week].and_then(|row| row.tokens).unwrap_or(0) as f64
    }

    pub(super) fn outcome_count(&self, person: usize, week: usize) -> f64 {
        self.people[person][week].and_then(|row| row.outcomes).unwrap_or(0) as f64
    }

    fn log_sums(&self, people: &[usize], sides: &Sides, of: impl Fn(usize, usize) -> f64) -> Vec<f64> {
        let weeks = sides.before.iter().chain(&sides.after);
        weeks.map(|&week| (people.iter().map(|&person| of(person, week)).sum::<f64>() + 1.0).ln()).collect()
    }

    /// ln(tokens + 1) of these people, by week of both sides.
    pub(super) fn usage(&self, people: &[usize], sides: &Sides) -> Vec<f64> {
        self.log_sums(people, sides, |person, week| self.tokens(person, week))
    }

    /// ln(prompts + 1) of people whose prompts are logged.
    pub(super) fn prompts(&self, people: &[usize], sides: &Sides) -> Vec<f64> {
        self.log_sums(people, sides, |person, week| {
            self.people[person][week].and_then(|row| row.prompts).unwrap_or(0) as f64
        })
    }

    /// ln(outcomes + 1).
    pub(super) fn outcomes(&self, people: &[usize], sides: &Sides) -> Vec<f64> {
        self.log_sums(people, sides, |person, week| self.outcome_count(person, week))
    }

    /// Sums over weeks of one person: (tokens, outcomes).
    pub(super) fn totals(&self, person: usize, weeks: &[usize]) -> (f64, f64) {
        let sum = |of: &dyn Fn(usize) -> f64| weeks.iter().map(|&week| of(week)).sum::<f64>();
        (sum(&|week| self.tokens(person, week)), sum(&|week| self.outcome_count(person, week)))
    }

    /// Slope of ln(outcomes + 1) on ln tokens across people before the date: what more use used to go with.
    pub(super) fn elasticity_before(&self, people: &[usize], sides: &Sides) -> Option<f64> {
        let (design, y): (Vec<Vec<f64>>, Vec<f64>) = people
            .iter()
            .map(|&person| self.totals(person, &sides.before))
            .filter(|(tokens, _)| *tokens > 0.0)
            .map(|(tokens, outcomes)| (vec![1.0, tokens.ln()], outcomes.ln_1p()))
            .unzip();
        least_squares(&design, &y).map(|fit| fit.coefficients[1])
    }
}

#[cfg(test)]
mod tests {
    use super::super::incentive_break::panel_week;
    use super::*;

    /// Who is compared of one person, of whom `change` changes each of ten weeks; the date is the first moment of the sixth.
    fn is_compared(change: impl Fn(i64, &mut PanelWeek)) -> bool {
        let rows: Vec<PanelWeek> = (0..10)
            .map(|week| {
                let mut row = panel_week(0, week, 20_000.0, 3.0);
                change(week, &mut row);
                row
            })
            .collect();
        let panel = Panel::new(&rows);
        !panel.people(&panel.sides(5 * WEEK)).is_empty()
    }

    #[test]
    fn people_are_compared_who_used_a_tool_on_both_sides_and_were_not_new() {
        assert!(is_compared(|_, _| ()));
        assert!(!is_compared(|week, row| row.tokens = row.tokens.filter(|_| week < 5).or(Some(0))));
        assert!(!is_compared(|week, row| row.tokens = row.tokens.filter(|_| week > 4).or(Some(0))));
        assert!(!is_compared(|week, row| row.is_new = week == 0));
        assert!(is_compared(|week, row| row.is_new = week > 4));
    }

    #[test]
    fn tokens_that_were_not_reported_are_not_zero() {
        // 20 prompts a week. One of 81 prompts is too many, one of 101 is one that was interrupted.
        let unreported = |prompts: i64, others: i64| {
            is_compared(|week, row| {
                row.prompts = Some(others);
                if week == 2 {
                    (row.tokens, row.prompts) = (None, Some(prompts));
                }
            })
        };
        assert!(
            !unreported(20, 20) && !unreported(1, 20) && unreported(1, 25) && !unreported(0, 20) && unreported(0, 25)
        );
        // Every other week before the date in a tool that reports nothing: use seems to double at it.
        assert!(!is_compared(|week, row| row.tokens = row.tokens.filter(|_| week > 4 || week % 2 == 0)));
        // A week of which neither is known may have been any number of prompts.
        assert!(is_compared(|week, row| row.prompts = row.prompts.filter(|_| week != 2)));
        assert!(!is_compared(|week, row| {
            row.prompts = Some(1_000).filter(|_| week != 2);
            row.tokens = row.tokens.filter(|_| week != 2);
        }));
        // No week of the other side is asked for them.
        let rows = [panel_week(0, 0, 20_000.0, 3.0), PanelWeek { tokens: None, ..panel_week(0, 1, 20_000.0, 3.0) }];
        let panel = Panel::new(&rows);
        assert_eq!([&[0][..], &[1], &[0, 1]].map(|weeks| panel.tokens_are_reported(0, weeks)), [true, false, false]);
    }

    #[test]
    fn weeks_after_the_last_known_outcome_are_left_out_and_none_where_nothing_is_known() {
        let known_of = |known: &dyn Fn(usize, i64) -> bool| {
            let mut rows = Vec::new();
            for person in 0..2 {
                for week in 0..10 {
                    let row = panel_week(person, week, 20_000.0, 3.0);
                    rows.push(PanelWeek { outcomes: row.outcomes.filter(|_| known(person, week)), ..row });
                }
            }
            let panel = Panel::new(&rows);
            let sides = panel.with_outcomes(&panel.sides(5 * WEEK));
            (sides.before.len(), sides.after.len())
        };
        assert_eq!(known_of(&|_, _| true), (5, 5));
        assert_eq!(known_of(&|_, week| week < 7), (5, 2));
        assert_eq!(known_of(&|_, week| week < 4), (4, 0));
        // Of one person nothing is ever known; of nobody anything.
        assert_eq!(known_of(&|person, week| person == 1 && week < 7), (5, 2));
        assert_eq!(known_of(&|_, _| false), (5, 5));
    }

    #[test]
    fn the_week_of_the_date_is_on_neither_side() {
        assert_eq!(
            [-WEEK - 1, -WEEK, 1 - WEEK, -1, 0].map(|week| is_after(week, 0)),
            [Some(false), Some(false), None, None, Some(true)]
        );
    }
}
