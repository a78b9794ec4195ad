//! The views of starters and of reasons.
//!
//! Owns grouping and what may be shown of it; the rules themselves are `privacy`'s. Owns no score. Rows are in the order of names,
//! never of size, and no pseudonym leaves this module.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::escape::plain;
use super::inputs::Inputs;
use super::look_alikes::look_alikes;
use super::measuring::monday;
use super::model::views::{Cohort, CohortCell, MainReason, Reasons};
use super::people::is_known;
use super::quantities::{Count, Maybe, Share};
use super::readings::Owners;
use super::release::{Draft, Gathered, Release, members};
use crate::privacy::{Contribution, Members};

/// Weeks since the first use that are shown.
const LONGEST: i64 = 26;

fn length(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// Label of those whose first use cannot be known: they used a tool in the first whole week, or before it.
const BEFORE_THE_DATA: &str = "in use at the start";

/// Label of all together, where no month may stand by itself.
const EVERYBODY: &str = "everybody";

/// Retention by month of first use. A cohort is followed as far as every one of its people was observed, so that its size is one number.
pub(super) fn cohorts(inputs: &Inputs, release: &mut Release<'_>) -> Vec<Cohort> {
    let mut whole: Vec<Date> =
        inputs.weeks.iter().filter(|week| !week.partial).filter_map(|week| monday(&week.iso_week)).collect();
    whole.sort_unstable();
    let (Some(&first), Some(&last)) = (whole.first(), whole.last()) else { return Vec::new() };
    let mut weeks_of: BTreeMap<&str, BTreeSet<Date>> = BTreeMap::new();
    for row in inputs.actor_weeks.iter().filter(|row| row.is_active() && is_known(&row.actor)) {
        if let Some(week) = monday(&row.iso_week).filter(|week| *week <= last) {
            weeks_of.entry(&row.actor).or_default().insert(week);
        }
    }
    let mut cohorts: BTreeMap<String, Vec<Starter<'_>>> = BTreeMap::new();
    for (actor, weeks) in &weeks_of {
        let Some(&start) = weeks.first() else { continue };
        let name = if start <= first { BEFORE_THE_DATA.to_owned() } else { start.strftime("%Y-%m").to_string() };
        cohorts.entry(name).or_default().push((start.max(first), *actor, weeks));
    }
    let label = |name: &str| name.to_owned();
    let drafts = cohorts.iter().map(|(name, people)| {
        let members: Members =
            people.iter().map(|(_, actor, _)| ((*actor).to_owned(), Contribution::COUNTED)).collect();
        let figures = Shown { people: release.count(length(people.len())), cells: retention(people, last, release) };
        Draft::new(name, members, figures)
    });
    let drafts: Vec<Draft<Shown>> = drafts.collect();
    let everybody: Vec<Starter<'_>> = cohorts.values().flatten().copied().collect();
    let whole = Shown { people: release.count(length(everybody.len())), cells: retention(&everybody, last, release) };
    let (shown, total) = release.panel("cohorts", drafts, Some(whole));
    // A few starters hide everybody who was there before them; all together hide nobody and still show who stays.
    if let Some(total) = total.filter(|_| shown.iter().all(Option::is_none)) {
        return vec![total.cohort(EVERYBODY.to_owned())];
    }
    let mut shown: Vec<Cohort> = cohorts
        .keys()
        .zip(shown)
        .map(|(name, shown)| match shown {
            None => Cohort { start: label(name), people: Maybe(None), cells: Vec::new() },
            Some(shown) => shown.cohort(label(name)),
        })
        .collect();
    // Those who were there before come first, then the months.
    shown.sort_by_key(|cohort| (cohort.start != BEFORE_THE_DATA, cohort.start.clone()));
    shown
}

/// A person by the week of their first use, and the weeks in which they used anything.
type Starter<'a> = (Date, &'a str, &'a BTreeSet<Date>);

/// What may be shown of a cohort: people, and the share active in each week after their first.
#[derive(Serialize, Deserialize)]
struct Shown {
    people: i64,
    cells: Vec<Option<f64>>,
}

impl Shown {
    fn cohort(self, start: String) -> Cohort {
        let cells =
            self.cells.into_iter().zip(1..).map(|(share, week)| CohortCell { week, share: Maybe(share.map(Share)) });
        Cohort { start, people: Maybe(Some(Count(self.people))), cells: cells.collect() }
    }
}

fn retention(people: &[Starter<'_>], last: Date, release: &Release<'_>) -> Vec<Option<f64>> {
    let weeks_between = |from: Date, to: Date| i64::from((to - from).get_days() / 7);
    let observed = people.iter().map(|(start, ..)| weeks_between(*start, last)).min().unwrap_or(0);
    (1..=observed.min(LONGEST))
        .map(|week| {
            let later = |start: &Date| start.saturating_add(jiff::Span::new().days(7 * week));
            let active = people.iter().filter(|(start, _, weeks)| weeks.contains(&later(start))).count();
            release.share_of_people(active, people.len()).map(|share| share.0)
        })
        .collect()
}

/// The main reason of each session in look or review: the signal with the most evidence in it.
pub(super) fn reasons(inputs: &Inputs, owners: &Owners<'_>, release: &mut Release<'_>) -> Reasons {
    let main = &inputs.signals.main;
    let mut signals: BTreeMap<(&str, &str), (i64, Gathered<'_>)> = BTreeMap::new();
    for (session, reading) in main {
        let (sessions, people) = signals.entry((&reading.signal, &reading.family)).or_default();
        *sessions += 1;
        // Sessions stand in the place of an amount, so that one person's are not the reason's.
        let part = Contribution { tokens: 1, ..Contribution::COUNTED };
        release.add(people, owners.of(session).unwrap_or_default(), part);
    }
    let all = length(main.len());
    let drafts = signals.iter().map(|((signal, _), (sessions, people))| {
        let share = Share::of(*sessions, all).map(|share| release.share(share).0);
        Draft::new(signal, members(people), (release.count(*sessions), share))
    });
    let drafts: Vec<Draft<(i64, Option<f64>)>> = drafts.collect();
    let (shown, total) = release.panel("reasons", drafts, Some((release.count(all), None)));
    let innocent = |signal: &str| inputs.catalogue.iter().find(|entry| entry.name == signal);
    Reasons {
        sessions: Maybe(total.map(|(sessions, _)| Count(sessions))),
        signals: signals
            .keys()
            .zip(shown)
            .map(|(&(signal, family), shown)| {
                let shown = shown.filter(|_| total.is_some());
                MainReason {
                    signal: plain(signal),
                    family: plain(family),
                    sessions: Maybe(shown.map(|(sessions, _)| Count(sessions))),
                    share: Maybe(shown.and_then(|(_, share)| share).map(Share)),
                    innocent: look_alikes(signal, innocent(signal).map_or("", |entry| entry.innocent.as_str())),
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
        let inputs = organisation();
        let release = Release::new(&inputs, None);
        let shown = |active, people| release.share_of_people(active, people).map(|share| share.0);
        assert_eq!(shown(0, 30), Some(0.05));
        assert_eq!(shown(2, 30), Some(0.05));
        // Five of thirty stayed: a small group.
        assert_eq!(shown(5, 30), None);
        assert_eq!(shown(17, 30), Some(0.55));
        // Five of thirty left.
        assert_eq!(shown(25, 30), None);
        assert_eq!((shown(28, 30), shown(30, 30), shown(0, 0)), (Some(0.95), Some(0.95), None));
        assert_eq!(CohortCell { week: 1, share: Maybe(None) }.text(), "?");
    }

    /// Twenty-four people in six weeks.
    fn organisation() -> Inputs {
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
        inputs
    }

    #[test]
    fn a_few_starters_are_shown_with_everybody_or_not_at_all() {
        let mut inputs = organisation();
        let shown = cohorts(&inputs, &mut Release::new(&inputs, None));
        let told: Vec<String> = shown[0].cells.iter().map(CohortCell::text).collect();
        assert_eq!((shown.len(), shown[0].start.as_str(), shown[0].people), (1, EVERYBODY, Maybe(Some(Count(25)))));
        // The youngest were observed for four weeks after their first.
        assert_eq!(told.join(" ").replace('\u{a0}', "~"), "≥90~% ≥90~% 50~% 50~%");
        // Those who were there before are ten and two are not: nobody can be shown beside the two, and twelve together can.
        inputs.actor_weeks.retain(|row| matches!(row.actor.as_str(), "a22" | "a23") || row.actor.len() == 2);
        let shown = cohorts(&inputs, &mut Release::new(&inputs, None));
        assert_eq!((shown.len(), shown[0].people), (1, Maybe(Some(Count(10)))));
    }
}
