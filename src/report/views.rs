//! The views of teams, of starters and of reasons.
//!
//! Owns grouping and what may be shown of it; the rules themselves are `privacy`'s. Owns no score. Rows are in the order of names,
//! never of size, and no pseudonym leaves this module.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use super::escape::{plain, plain_long};
use super::inputs::Inputs;
use super::measuring::monday;
use super::model::views::{Cohort, CohortCell, MainReason, Quadrant, QuadrantTeam, Reasons};
use super::quantities::{Count, Maybe, Share, Tokens};
use crate::privacy::{Cell, Rules};
use crate::score::rows::TeamRow;
use crate::score::stats::student_t_quantile;

/// Whole weeks of the quadrant, and how many of them a team must show; judgement defaults.
const QUADRANT_WEEKS: usize = 8;
const FEWEST_WEEKS: usize = 4;
/// Weeks since the first use that are shown.
const LONGEST: i64 = 26;
/// Shares are rounded to this before they are shown.
const STEP: f64 = 0.05;
/// Shares that are shown as `<10 %` and `>=90 %` (`privacy::Share`).
const SHOWN: (f64, f64) = (0.10, 0.90);

fn length(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn rules(inputs: &Inputs) -> Rules {
    usize::try_from(inputs.run.small_cell_floor).ok().and_then(|floor| Rules::new(floor).ok()).unwrap_or_default()
}

/// An end of a range, moved outwards until it does not say "none" or "all".
fn outwards(low: f64, high: f64) -> (f64, f64) {
    let low = if low < SHOWN.0 { 0.0 } else { low.min(SHOWN.1) };
    let high = if high >= SHOWN.1 { 1.0 } else { high.max(SHOWN.0) };
    (low, high)
}

/// Usage against outcomes by team, over the latest whole weeks. Suppressed cells are left out, and so is a team that has too few others.
pub(super) fn quadrant(inputs: &Inputs) -> Quadrant {
    let mut whole: Vec<&str> =
        inputs.weeks.iter().filter(|week| !week.partial).map(|week| week.iso_week.as_str()).collect();
    whole.sort_unstable();
    let window: BTreeSet<&str> = whole.iter().rev().take(QUADRANT_WEEKS).copied().collect();
    let mut rows: BTreeMap<&str, Vec<(&TeamRow, TeamWeek)>> = BTreeMap::new();
    for row in inputs.teams.iter().filter(|row| window.contains(row.iso_week.as_str())) {
        let of_team = rows.entry(&row.team_id).or_default();
        if let Some(week) = TeamWeek::of(row) {
            of_team.push((row, week));
        }
    }
    let known = rows.len();
    rows.retain(|_, weeks| weeks.len() >= FEWEST_WEEKS);
    rows.values_mut().for_each(|weeks| weeks.sort_by(|a, b| a.0.iso_week.cmp(&b.0.iso_week)));
    let all: Vec<TeamWeek> = rows.values().flatten().map(|(_, week)| *week).collect();
    let sum = |of: fn(&TeamWeek) -> f64| all.iter().map(of).sum::<f64>();
    let (tokens, people) = (sum(|week| week.tokens), sum(|week| week.people));
    let middle = |low: f64, high: f64| (low + high) / 2.0;
    let usage_centre = (people > 0.0).then(|| tokens / people);
    let outcome_centre = (tokens > 0.0).then(|| middle(sum(|week| week.low), sum(|week| week.high)) / tokens);
    let teams = rows.iter().map(|(team, weeks)| {
        let n = weeks.len() as f64;
        let usage: Vec<f64> = weeks.iter().map(|(_, week)| week.tokens / week.people).collect();
        let mean = usage.iter().sum::<f64>() / n;
        let variance = usage.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (n - 1.0);
        let half = student_t_quantile(0.975, n - 1.0) * (variance / n).sqrt();
        let of = |amount: fn(&TeamWeek) -> f64| weeks.iter().map(|(_, week)| amount(week)).sum::<f64>();
        let tokens = of(|week| week.tokens).max(1.0);
        let (low, high) = outwards(of(|week| week.low) / tokens, of(|week| week.high) / tokens);
        let apart = |low: f64, high: f64, centre: Option<f64>| centre.is_some_and(|at| at < low || at > high);
        QuadrantTeam {
            team_id: plain(team),
            usage: Tokens(mean.round() as i64),
            usage_low: Tokens((mean - half).max(0.0).round() as i64),
            usage_high: Tokens((mean + half).round() as i64),
            outcome: Share(middle(low, high)),
            outcome_low: Share(low),
            outcome_high: Share(high),
            weeks: Count(length(weeks.len())),
            distinguishable: apart(mean - half, mean + half, usage_centre) && apart(low, high, outcome_centre),
        }
    });
    let teams: Vec<QuadrantTeam> = teams.collect();
    Quadrant {
        left_out: Count(length(known - teams.len())),
        teams,
        usage_centre: Maybe(usage_centre.map(|tokens| Tokens(tokens.round() as i64))),
        outcome_centre: Maybe(outcome_centre.map(Share)),
        weeks: Count(length(window.len())),
    }
}

/// What may be seen of a team's week.
#[derive(Debug, Clone, Copy)]
struct TeamWeek {
    people: f64,
    tokens: f64,
    low: f64,
    high: f64,
}

impl TeamWeek {
    fn of(row: &TeamRow) -> Option<Self> {
        let people = row.active_actors.filter(|people| !row.suppressed && *people > 0)?;
        Some(Self {
            people: people as f64,
            tokens: row.tokens? as f64,
            low: row.tokens_with_outcome_low? as f64,
            high: row.tokens_with_outcome_high? as f64,
        })
    }
}

/// Label of those whose first use cannot be known: they used a tool in the first whole week, or before it.
const BEFORE_THE_DATA: &str = "in use at the start";

/// Label of all together, where no month may stand by itself.
const EVERYBODY: &str = "everybody";

/// Retention by month of first use. A cohort is followed as far as every one of its people was observed, so that its size is one number.
pub(super) fn cohorts(inputs: &Inputs) -> Vec<Cohort> {
    let mut whole: Vec<Date> =
        inputs.weeks.iter().filter(|week| !week.partial).filter_map(|week| monday(&week.iso_week)).collect();
    whole.sort_unstable();
    let (Some(&first), Some(&last)) = (whole.first(), whole.last()) else { return Vec::new() };
    let mut weeks_of: BTreeMap<&str, BTreeSet<Date>> = BTreeMap::new();
    for row in inputs.actor_weeks.iter().filter(|row| row.sessions > 0 && super::people::is_known(&row.actor)) {
        if let Some(week) = monday(&row.iso_week).filter(|week| *week <= last) {
            weeks_of.entry(&row.actor).or_default().insert(week);
        }
    }
    let mut cohorts: BTreeMap<String, Vec<(Date, &BTreeSet<Date>)>> = BTreeMap::new();
    for weeks in weeks_of.values() {
        let Some(&start) = weeks.first() else { continue };
        let name = if start <= first { BEFORE_THE_DATA.to_owned() } else { start.strftime("%Y-%m").to_string() };
        cohorts.entry(name).or_default().push((start.max(first), weeks));
    }
    let rules = rules(inputs);
    let cells: Vec<Cell> =
        cohorts.iter().map(|(name, people)| Cell { name: name.clone(), parts: vec![1; people.len()] }).collect();
    let (hidden, total) = rules.suppress(&cells);
    // A few starters hide everybody who was there before them; all together hide nobody and still show who stays.
    if total && hidden.iter().all(Option::is_some) {
        let people: Vec<_> = cohorts.into_values().flatten().collect();
        let count = Maybe(Some(Count(length(people.len()))));
        return vec![Cohort { start: EVERYBODY.to_owned(), people: count, cells: retention(&people, last, rules) }];
    }
    let mut shown: Vec<Cohort> = cohorts
        .iter()
        .zip(hidden)
        .map(|((name, people), hidden)| match hidden {
            Some(_) => Cohort { start: name.clone(), people: Maybe(None), cells: Vec::new() },
            None => Cohort {
                start: name.clone(),
                people: Maybe(Some(Count(length(people.len())))),
                cells: retention(people, last, rules),
            },
        })
        .collect();
    // Those who were there before come first, then the months.
    shown.sort_by_key(|cohort| (cohort.start != BEFORE_THE_DATA, cohort.start.clone()));
    shown
}

fn retention(people: &[(Date, &BTreeSet<Date>)], last: Date, rules: Rules) -> Vec<CohortCell> {
    let weeks_between = |from: Date, to: Date| i64::from((to - from).get_days() / 7);
    let observed = people.iter().map(|(start, _)| weeks_between(*start, last)).min().unwrap_or(0);
    (1..=observed.min(LONGEST))
        .map(|week| {
            let later = |start: &Date| start.saturating_add(jiff::Span::new().days(7 * week));
            let active = people.iter().filter(|(start, weeks)| weeks.contains(&later(start))).count();
            CohortCell { week, share: Maybe(cell(active, people.len(), rules)) }
        })
        .collect()
}

/// The share that may be shown. Those who stayed and those who left are groups of people both: a share is hidden when either is
/// small, unless it lies where only "under 10 %" or "90 % and more" is shown.
fn cell(active: usize, people: usize, rules: Rules) -> Option<Share> {
    let share = active as f64 / people as f64;
    let small = |group: usize| rules.hides(&vec![1; group]).is_some();
    let banded = !(SHOWN.0..SHOWN.1).contains(&share);
    if !banded && (small(active) || small(people - active)) {
        return None;
    }
    let rounded = ((share / STEP).round() * STEP).clamp(0.0, 1.0);
    // Rounding may not carry a share out of its band or into another.
    Some(Share(if share < SHOWN.0 {
        0.0
    } else if share >= SHOWN.1 {
        SHOWN.1
    } else {
        rounded.clamp(SHOWN.0, SHOWN.1 - STEP)
    }))
}

/// The main reason of each session in look or review: the signal with the most evidence in it.
pub(super) fn reasons(inputs: &Inputs) -> Reasons {
    let out: BTreeMap<&str, &str> = inputs
        .sessions
        .iter()
        .filter(|session| matches!(session.band.as_str(), "look" | "review"))
        .map(|session| (session.session_id.as_str(), session.actor.as_str()))
        .collect();
    let mut main: BTreeMap<&str, (f64, &str, &str)> = BTreeMap::new();
    for row in inputs.signals.iter().filter(|row| row.scope == "session" && out.contains_key(row.unit_id.as_str())) {
        let Some(weight) = row.weight_db.filter(|weight| *weight > 0.0) else { continue };
        let (signal, family) = (row.signal.as_ref(), row.family.as_ref());
        let found = main.entry(&row.unit_id).or_insert((weight, signal, family));
        // Of equal weights the first by name, whatever the order of the rows.
        if weight > found.0 || (weight == found.0 && signal < found.1) {
            *found = (weight, signal, family);
        }
    }
    let mut signals: BTreeMap<(&str, &str), BTreeMap<&str, u64>> = BTreeMap::new();
    for (session, (_, signal, family)) in &main {
        *signals.entry((*signal, *family)).or_default().entry(out[session]).or_default() += 1;
    }
    let cells: Vec<Cell> = signals
        .iter()
        .map(|((signal, _), people)| Cell { name: (*signal).to_owned(), parts: people.values().copied().collect() })
        .collect();
    let (hidden, total) = rules(inputs).suppress(&cells);
    let innocent = |signal: &str| inputs.catalogue.iter().find(|entry| entry.name == signal);
    Reasons {
        sessions: Maybe(total.then_some(Count(length(main.len())))),
        signals: signals
            .iter()
            .zip(cells.iter().zip(hidden))
            .map(|((&(signal, family), _), (cell, hidden))| {
                let sessions = i64::try_from(cell.parts.iter().sum::<u64>()).unwrap_or(i64::MAX);
                let shown = hidden.is_none() && total;
                MainReason {
                    signal: plain(signal),
                    family: plain(family),
                    sessions: Maybe(shown.then_some(Count(sessions))),
                    share: Maybe(Share::of(sessions, length(main.len())).filter(|_| shown)),
                    innocent: innocent(signal).map_or_else(String::new, |entry| plain_long(&entry.innocent)),
                }
            })
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_say_neither_none_nor_all_nor_who_the_few_are() {
        let shown = |active, people| cell(active, people, Rules::default()).map(|share| share.0);
        assert_eq!(shown(0, 30), Some(0.0));
        assert_eq!(shown(2, 30), Some(0.0));
        // Five of thirty stayed: a small group.
        assert_eq!(shown(5, 30), None);
        assert_eq!(shown(17, 30), Some(0.55));
        // Five of thirty left.
        assert_eq!(shown(25, 30), None);
        assert_eq!((shown(28, 30), shown(30, 30)), (Some(0.9), Some(0.9)));
        assert_eq!(CohortCell { week: 1, share: Maybe(Some(Share(0.9))) }.text(), ">=90 %");
        assert_eq!(CohortCell { week: 1, share: Maybe(Some(Share(0.0))) }.text(), "<10 %");
        assert_eq!(CohortCell { week: 1, share: Maybe(None) }.text(), "?");
    }

    #[test]
    fn a_few_starters_are_shown_with_everybody_or_not_at_all() {
        let mut inputs = Inputs::default();
        inputs.run.small_cell_floor = 10;
        for week in 1..=6 {
            let iso_week = format!("2026-W{week:02}");
            inputs.weeks.push(crate::report::inputs::WeekTotals { iso_week: iso_week.clone(), ..Default::default() });
            for actor in 0..24 {
                // Twelve stop after the third week; two of the others begin in the second.
                if (actor < 12 && week > 3) || (actor >= 22 && week < 2) {
                    continue;
                }
                let row = crate::score::rows::ActorWeekRow {
                    actor: format!("a{actor}"),
                    iso_week: iso_week.clone(),
                    sessions: 1,
                    ..Default::default()
                };
                inputs.actor_weeks.push(row);
            }
        }
        let shown = cohorts(&inputs);
        let told: Vec<String> = shown[0].cells.iter().map(CohortCell::text).collect();
        assert_eq!((shown.len(), shown[0].start.as_str(), shown[0].people), (1, EVERYBODY, Maybe(Some(Count(24)))));
        // The youngest were observed for four weeks after their first.
        assert_eq!(told, [">=90 %", ">=90 %", "50 %", "50 %"]);
        inputs.actor_weeks.retain(|row| row.actor.len() == 2 && row.actor != "a9");
        assert!(cohorts(&inputs).iter().all(|cohort| cohort.people.0.is_none() && cohort.cells.is_empty()));
    }

    #[test]
    fn ranges_are_moved_outwards() {
        assert_eq!(outwards(0.03, 0.05), (0.0, 0.1));
        assert_eq!(outwards(0.95, 1.0), (0.9, 1.0));
        assert_eq!(outwards(0.2, 0.6), (0.2, 0.6));
    }
}
