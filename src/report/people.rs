//! How many people, never who: the funnel from seats to kept outcomes, and sustained use.
//!
//! Owns counting of pseudonyms. No pseudonym leaves this module.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::{FxHashMap, FxHashSet};

use super::inputs::Inputs;
use super::model::FunnelStep;
use super::quantities::{Count, Maybe, Share};
use super::readings::Owners;
use super::release::{Draft, Release};
use crate::privacy::Contribution;
use crate::score::rows::SessionRow;
use crate::score::stats::wilson_interval;

/// Pseudonym of events that nobody could be found for.
pub(super) const UNASSIGNED: &str = crate::privacy::NOBODY;

/// Use is sustained when a person is active in at least this many of the last [`SUSTAINED_WINDOW`] whole weeks.
pub(super) const SUSTAINED_WEEKS: usize = 3;
/// Weeks looked at.
pub(super) const SUSTAINED_WINDOW: usize = 4;

/// Sets of people that the funnel and the figures count.
#[derive(Debug)]
pub(super) struct People<'a> {
    /// Active in at least one week of the period.
    pub(super) active: FxHashSet<&'a str>,
    /// Of these, active in 3 of the last 4 whole weeks; none when there are no 4 whole weeks.
    pub(super) sustained: Option<FxHashSet<&'a str>>,
    /// Of the sustained, with a session linked to an outcome; none when no session's link is known.
    linked: Option<FxHashSet<&'a str>>,
    /// Of the linked, with an outcome that was kept; none when every outcome is too young.
    kept: Option<FxHashSet<&'a str>>,
}

/// Whether a pseudonym is of somebody.
pub(super) fn is_known(actor: &str) -> bool {
    !actor.is_empty() && actor != UNASSIGNED
}

/// The weeks in which sustained use is looked for: the last whole ones, oldest first; none while there are too few.
pub(super) fn sustained_window(inputs: &Inputs) -> Option<Vec<&str>> {
    let mut whole: Vec<&str> =
        inputs.weeks.iter().filter(|week| !week.partial).map(|week| week.iso_week.as_str()).collect();
    whole.sort_unstable();
    let start = whole.len().checked_sub(SUSTAINED_WINDOW)?;
    Some(whole.split_off(start))
}

/// Counts the people.
pub(super) fn people<'a>(inputs: &'a Inputs, owners: &Owners<'a>) -> People<'a> {
    let mut weeks_of: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for row in inputs.actor_weeks.iter().filter(|row| is_known(&row.actor) && row.is_active()) {
        weeks_of.entry(&row.actor).or_default().insert(&row.iso_week);
    }
    // Services have sessions and no weeks: they are counted in no step.
    let active: FxHashSet<&str> = weeks_of.keys().copied().collect();

    let window = sustained_window(inputs);
    let sustained: Option<FxHashSet<&str>> = window.as_deref().map(|window| {
        let enough = |weeks: &BTreeSet<&str>| window.iter().filter(|week| weeks.contains(*week)).count();
        weeks_of.iter().filter(|(_, weeks)| enough(weeks) >= SUSTAINED_WEEKS).map(|(actor, _)| *actor).collect()
    });

    let of_sustained = |actor: &&str| sustained.as_ref().is_none_or(|people| people.contains(actor));
    // The word of a session before its person: it is much the cheaper question.
    let known = |session: &&SessionRow| session.outcome_link != "unknown" && active.contains(session.actor.as_str());
    let linked: Option<FxHashSet<&str>> = inputs.sessions.iter().any(|session| known(&session)).then(|| {
        let linked = inputs.sessions.iter().filter(|session| session.outcome_link == "linked").filter(known);
        linked.map(|session| session.actor.as_str()).filter(of_sustained).collect()
    });

    let kept_outcome: FxHashMap<(&str, &str), Option<bool>> =
        inputs.outcomes.iter().map(|of| ((of.outcome_kind.as_str(), of.outcome_id.as_str()), of.kept)).collect();
    let any_old_enough = inputs.outcomes.iter().any(|outcome| outcome.kept.is_some());
    let kept = linked.as_ref().filter(|_| any_old_enough).map(|linked| {
        inputs
            .attribution
            .iter()
            .filter(|row| {
                let outcome = (row.outcome_kind.as_str(), row.outcome_id.as_str());
                kept_outcome.get(&outcome).copied().flatten() == Some(true)
            })
            .filter_map(|row| owners.of(&row.session_id))
            .filter(|actor| linked.contains(actor))
            .collect()
    });
    People { active, sustained, linked, kept }
}

/// Seats, active, sustained, linked, kept. Who fell away at a step is a group of people like who went on: a step is shown as a count
/// where both are enough, else as a band of its share where it lies in one.
pub(super) fn funnel(inputs: &Inputs, people: &People<'_>, release: &mut Release<'_>) -> Vec<FunnelStep> {
    // Id, label, who reached it, what it is, and why it may be unknown.
    type Step<'a> = (&'static str, &'static str, Option<&'a FxHashSet<&'a str>>, &'static str, &'static str);
    let steps: [Step<'_>; 4] = [
        ("active", "Active", Some(&people.active), "At least one session in the period.", ""),
        (
            "sustained",
            "Sustained",
            people.sustained.as_ref(),
            "Active in at least 3 of the last 4 whole weeks.",
            "Needs 4 whole weeks.",
        ),
        (
            "linked",
            "Linked",
            people.linked.as_ref(),
            "Sustained, with at least one session linked to an outcome.",
            "No session's outcome is known: no outcome source covers this work.",
        ),
        (
            "kept",
            "Kept",
            people.kept.as_ref(),
            "Linked to at least one outcome that was kept: still there when looked at again, after 30 days unless set otherwise, and not reverted.",
            "Every outcome is too young to tell, or none was found.",
        ),
    ];
    let seats = inputs.run.seats;
    let mut funnel = vec![FunnelStep {
        id: "seats",
        label: "Seats",
        people: Maybe(seats.map(|seats| Count(release.count(seats)))),
        of_previous: Maybe(None),
        note: match seats {
            Some(_) => "Paid for, from the roster or the licence count.",
            None => "No roster or licence count was given.",
        }
        .into(),
    }];
    let mut previous = seats.and_then(|seats| usize::try_from(seats).ok());
    // Of the step that comes next, who holds no seat: they are in the count and no part of the seats. A few are told from none by nothing.
    let is_few = |group: usize| release.is_active() && group < release.rules().people();
    let seatless = inputs.run.active_without_seat.filter(|_| seats.is_some()).unwrap_or(0);
    let seatless = usize::try_from(seatless).unwrap_or(0).min(people.active.len());
    let mut seatless = if is_few(seatless) { 0 } else { seatless };
    // Among the people of the last step that is shown: steps between which too few fell away are not both shown.
    let mut shown_before: Option<usize> = None;
    for (id, label, people, how, why_not) in steps {
        let enough = |group: usize| !release.is_active() || group >= release.rules().people();
        // The difference to those with a seat is a group of people too.
        let apart = people.is_some_and(|people| enough(seatless) && enough(people.len() - seatless));
        let told = people.filter(|people| {
            enough(people.len()) && shown_before.is_none_or(|before| enough(before.saturating_sub(people.len())))
        });
        let count = told.and_then(|people| {
            let members = people.iter().map(|actor| ((*actor).to_owned(), Contribution::COUNTED)).collect();
            let value = release.count(i64::try_from(people.len()).unwrap_or(i64::MAX));
            release.cell("funnel", Draft::new(id, members, value))
        });
        if count.is_some() {
            shown_before = people.map(FxHashSet::len);
        }
        let apart = apart && count.is_some();
        // More active people than seats means that the seat count is wrong, not that 110 % are active.
        let of_previous = people
            .map(|people| people.len() - seatless)
            .zip(previous)
            .filter(|(part, whole)| part <= whole && (seatless == 0 || apart))
            .and_then(|(part, whole)| release.share_of_people(part, whole));
        let mut note = match (people.is_some(), count.is_some()) {
            (true, true) => how.to_owned(),
            (true, false) => format!("{how} The count is withheld: too few are on one side of the step."),
            (false, _) => why_not.to_owned(),
        };
        if seatless > 0 {
            note.push_str(match apart {
                true => " Those of them who hold no seat are not in the share.",
                false => " Some of them hold no seat; what share of the seats is active is not told.",
            });
        }
        seatless = 0;
        funnel.push(FunnelStep { id, label, people: Maybe(count.map(Count)), of_previous: Maybe(of_previous), note });
        previous = people.map(FxHashSet::len);
    }
    funnel
}

/// Wilson score interval at 95 % for `part` of `whole`, none for no trials.
pub(super) fn wilson_95(part: usize, whole: usize) -> Option<(Share, Share)> {
    const Z: f64 = 1.959_963_984_540_054;
    let (part, whole) = (part as u64, u64::try_from(whole).ok().filter(|whole| *whole > 0)?);
    let (low, high) = wilson_interval(part, whole, Z);
    Some((Share(low), Share(high)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::inputs::{OutcomeFact, RunFacts, WeekTotals};
    use crate::score::rows::{ActorWeekRow, AttributionRow};

    fn inputs(weeks: usize) -> Inputs {
        let mut inputs = Inputs { run: RunFacts { seats: Some(9), ..RunFacts::default() }, ..Inputs::default() };
        for week in 0..weeks {
            let iso_week = format!("2026-W{:02}", 10 + week);
            let partial = week + 1 == weeks;
            inputs.weeks.push(WeekTotals { iso_week: iso_week.clone(), partial, ..WeekTotals::default() });
            // The first is there every week, the second in the last two whole weeks, the third only in the week that is not whole.
            let present = [("a", true), ("b", week + 3 >= weeks && !partial), ("c", partial), (UNASSIGNED, true)];
            for (actor, _) in present.into_iter().filter(|(_, present)| *present) {
                inputs.actor_weeks.push(ActorWeekRow {
                    actor: actor.into(),
                    iso_week: iso_week.clone(),
                    sessions: 1,
                    ..ActorWeekRow::default()
                });
            }
        }
        for (actor, link) in [("a", "linked"), ("b", "linked"), ("c", "none")] {
            inputs.sessions.push(SessionRow {
                session_id: format!("session-{actor}"),
                actor: actor.into(),
                outcome_link: link.into(),
                ..SessionRow::default()
            });
        }
        inputs.attribution.push(AttributionRow {
            session_id: "session-a".into(),
            outcome_id: "o".into(),
            ..AttributionRow::default()
        });
        inputs.outcomes.push(OutcomeFact { outcome_id: "o".into(), kept: Some(true), ..OutcomeFact::default() });
        // A roll-out that has the same name as what was rolled out is another outcome.
        let outcome_kind = "deployment".into();
        inputs.outcomes.push(OutcomeFact { outcome_id: "o".into(), kept: Some(false), outcome_kind });
        inputs
    }

    fn counts(inputs: &Inputs) -> Vec<Option<i64>> {
        funnel(inputs, &people(inputs, &Owners::new(&inputs.sessions)), &mut Release::new(inputs, None))
            .iter()
            .map(|step| step.people.0.map(|count| count.0))
            .collect()
    }

    #[test]
    fn each_step_is_counted_among_the_people_of_the_step_before() {
        assert_eq!(counts(&inputs(6)), [Some(9), Some(3), Some(1), Some(1), Some(1)]);
    }

    #[test]
    fn a_prompt_in_a_session_of_the_week_before_is_use_and_its_running_on_is_none() {
        let carried = |prompts: i64| {
            let mut inputs = inputs(6);
            inputs.actor_weeks.push(ActorWeekRow {
                actor: "b".into(),
                iso_week: "2026-W12".into(),
                prompts,
                tokens: Some(500),
                ..ActorWeekRow::default()
            });
            counts(&inputs)[2]
        };
        assert_eq!((carried(1), carried(0)), (Some(2), Some(1)));
    }

    #[test]
    fn what_cannot_be_told_is_not_zero() {
        // Four weeks, of which one is not whole: sustained use cannot be told, and links are counted among the active.
        assert_eq!(counts(&inputs(4)), [Some(9), Some(3), None, Some(2), Some(1)]);
        let mut uncovered = inputs(6);
        uncovered.run.seats = None;
        uncovered.sessions.iter_mut().for_each(|session| session.outcome_link = "unknown".into());
        assert_eq!(counts(&uncovered), [None, Some(3), Some(1), None, None]);
        let mut young = inputs(6);
        young.outcomes.iter_mut().for_each(|outcome| outcome.kept = None);
        assert_eq!(counts(&young)[4], None);
    }

    /// The step Active of 45 people and 50 seats, of whom so many hold none.
    fn active_of_seats(without: Option<i64>) -> (Option<i64>, Option<f64>, String) {
        let week = |person: usize| ActorWeekRow {
            actor: format!("p{person:02}"),
            iso_week: "2026-W10".into(),
            sessions: 1,
            ..ActorWeekRow::default()
        };
        let inputs = Inputs {
            run: RunFacts {
                seats: Some(50),
                active_without_seat: without,
                small_cell_floor: 10,
                ..RunFacts::default()
            },
            actor_weeks: (0..45).map(week).collect(),
            ..Inputs::default()
        };
        let step = funnel(&inputs, &people(&inputs, &Owners::new(&inputs.sessions)), &mut Release::new(&inputs, None))
            .swap_remove(1);
        (step.people.0.map(|count| count.0), step.of_previous.0.map(|share| share.0), step.note)
    }

    #[test]
    fn who_holds_no_seat_is_no_part_of_the_seats() {
        assert_eq!(active_of_seats(Some(20)).1, Some(0.5), "25 of 50");
        assert!(active_of_seats(Some(20)).2.ends_with("who hold no seat are not in the share."));
        // So few as three would be found by the difference, or by its being said at all: they are none, and a file that does not say is none too.
        for without in [Some(0), Some(3), None] {
            let (active, share, note) = active_of_seats(without);
            assert_eq!((active, share), (Some(45), Some(0.95)));
            assert!(!note.contains("hold no seat"), "{note}");
        }
        // Of a few persons who are protected by nothing, every number is told.
        let mut few = inputs(6);
        few.run.active_without_seat = Some(1);
        let step =
            funnel(&few, &people(&few, &Owners::new(&few.sessions)), &mut Release::new(&few, None)).swap_remove(1);
        assert_eq!(step.of_previous, Maybe(Some(Share(2.0 / 9.0))));
    }

    #[test]
    fn more_active_people_than_seats_give_no_share() {
        let mut short = inputs(6);
        short.run.seats = Some(2);
        assert_eq!(
            funnel(&short, &people(&short, &Owners::new(&short.sessions)), &mut Release::new(&short, None))[1]
                .of_previous,
            Maybe(None)
        );
    }
}
