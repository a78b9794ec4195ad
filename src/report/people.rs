//! How many people, never who: the funnel from seats to kept outcomes, and sustained use.
//!
//! Owns counting of pseudonyms and the Wilson interval. No pseudonym leaves this module.

use std::collections::{BTreeMap, BTreeSet};

use super::inputs::Inputs;
use super::model::FunnelStep;
use super::quantities::{Count, Maybe, Share};

/// Pseudonym of events that nobody could be found for.
const UNASSIGNED: &str = "(unassigned)";

/// Use is sustained when a person is active in at least this many of the last [`SUSTAINED_WINDOW`] whole weeks.
pub(super) const SUSTAINED_WEEKS: usize = 3;
/// Weeks looked at.
pub(super) const SUSTAINED_WINDOW: usize = 4;

/// Sets of people that the funnel and the figures count.
#[derive(Debug)]
pub(super) struct People<'a> {
    /// With at least one session in the period.
    pub(super) active: BTreeSet<&'a str>,
    /// Of these, active in 3 of the last 4 whole weeks; none when there are no 4 whole weeks.
    pub(super) sustained: Option<BTreeSet<&'a str>>,
    /// Of the sustained, with a session linked to an outcome; none when no session's link is known.
    linked: Option<BTreeSet<&'a str>>,
    /// Of the linked, with an outcome that was kept; none when every outcome is too young.
    kept: Option<BTreeSet<&'a str>>,
}

/// Counts the people.
pub(super) fn people(inputs: &Inputs) -> People<'_> {
    let known = |actor: &str| !actor.is_empty() && actor != UNASSIGNED;
    let mut weeks_of: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for row in inputs.actor_weeks.iter().filter(|row| known(&row.actor) && row.sessions > 0) {
        weeks_of.entry(&row.actor).or_default().insert(&row.iso_week);
    }
    let sessions = || inputs.sessions.iter().filter(|session| known(&session.actor));
    let active: BTreeSet<&str> =
        weeks_of.keys().copied().chain(sessions().map(|session| session.actor.as_str())).collect();

    let mut whole: Vec<&str> =
        inputs.weeks.iter().filter(|week| !week.partial).map(|week| week.iso_week.as_str()).collect();
    whole.sort_unstable();
    let window = whole.len().checked_sub(SUSTAINED_WINDOW).and_then(|start| whole.get(start..));
    let sustained: Option<BTreeSet<&str>> = window.map(|window| {
        let enough = |weeks: &BTreeSet<&str>| window.iter().filter(|week| weeks.contains(*week)).count();
        weeks_of.iter().filter(|(_, weeks)| enough(weeks) >= SUSTAINED_WEEKS).map(|(actor, _)| *actor).collect()
    });

    let of_sustained = |actor: &&str| sustained.as_ref().is_none_or(|people| people.contains(actor));
    let any_link_known = sessions().any(|session| session.outcome_link != "unknown");
    let linked: Option<BTreeSet<&str>> = any_link_known.then(|| {
        sessions().filter(|s| s.outcome_link == "linked").map(|s| s.actor.as_str()).filter(of_sustained).collect()
    });

    let kept_outcome: BTreeMap<&str, Option<bool>> =
        inputs.outcomes.iter().map(|outcome| (outcome.outcome_id.as_str(), outcome.kept)).collect();
    let any_old_enough = inputs.outcomes.iter().any(|outcome| outcome.kept.is_some());
    let kept = linked.as_ref().filter(|_| any_old_enough).map(|linked| {
        let actor_of: BTreeMap<&str, &str> =
            sessions().map(|session| (session.session_id.as_str(), session.actor.as_str())).collect();
        inputs
            .attribution
            .iter()
            .filter(|row| kept_outcome.get(row.outcome_id.as_str()).copied().flatten() == Some(true))
            .filter_map(|row| actor_of.get(row.session_id.as_str()).copied())
            .filter(|actor| linked.contains(actor))
            .collect()
    });
    People { active, sustained, linked, kept }
}

fn count(people: &BTreeSet<&str>) -> i64 {
    i64::try_from(people.len()).unwrap_or(i64::MAX)
}

/// Seats, active, sustained, linked, kept.
pub(super) fn funnel(inputs: &Inputs, people: &People<'_>) -> Vec<FunnelStep> {
    let steps: [(&str, &str, Option<i64>, &str, &str); 5] = [
        (
            "seats",
            "Seats",
            inputs.run.seats,
            "Paid for, from the roster or the licence count.",
            "No roster or licence count was given.",
        ),
        ("active", "Active", Some(count(&people.active)), "At least one session in the period.", ""),
        (
            "sustained",
            "Sustained",
            people.sustained.as_ref().map(count),
            "Active in at least 3 of the last 4 whole weeks.",
            "Needs 4 whole weeks.",
        ),
        (
            "linked",
            "Linked",
            people.linked.as_ref().map(count),
            "Sustained, with at least one session linked to an outcome.",
            "No session's outcome is known: no outcome source covers this work.",
        ),
        (
            "kept",
            "Kept",
            people.kept.as_ref().map(count),
            "Linked to at least one outcome that was kept: alive after the survival horizon and not reverted.",
            "Every outcome is too young to tell, or none was found.",
        ),
    ];
    let mut previous: Option<i64> = None;
    let mut funnel = Vec::with_capacity(steps.len());
    for (id, label, people, how, why_not) in steps {
        // More active people than seats means that the seat count is wrong, not that 110 % are active.
        let of_previous = people.zip(previous).and_then(|(part, whole)| Share::of(part, whole)).filter(|s| s.0 <= 1.0);
        let note = if people.is_some() { how } else { why_not };
        funnel.push(FunnelStep {
            id,
            label,
            people: Maybe(people.map(Count)),
            of_previous: Maybe(of_previous),
            note: note.into(),
        });
        previous = people;
    }
    funnel
}

/// Wilson score interval at 95 % for `part` of `whole` (Wilson 1927; Brown, Cai and DasGupta 2001), none for no trials.
pub(super) fn wilson_95(part: i64, whole: i64) -> Option<(Share, Share)> {
    const Z: f64 = 1.959_963_984_540_054;
    if whole <= 0 {
        return None;
    }
    let n = whole as f64;
    let share = part as f64 / n;
    let centre = share + Z * Z / (2.0 * n);
    let half = Z * (share * (1.0 - share) / n + Z * Z / (4.0 * n * n)).sqrt();
    let scale = 1.0 + Z * Z / n;
    Some((Share(((centre - half) / scale).max(0.0)), Share(((centre + half) / scale).min(1.0))))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values of R's `prop.test(x, n, correct = FALSE)$conf.int` as printed in Brown, Cai and DasGupta's setting: 0 of 10 and
    /// 10 of 10 mirror each other, 5 of 10 is centred.
    #[test]
    fn wilson_agrees_with_r() {
        let shown = |part, whole| wilson_95(part, whole).map(|(low, high)| format!("{:.4} {:.4}", low.0, high.0));
        assert_eq!(shown(0, 10).as_deref(), Some("0.0000 0.2775"));
        assert_eq!(shown(5, 10).as_deref(), Some("0.2366 0.7634"));
        assert_eq!(shown(10, 10).as_deref(), Some("0.7225 1.0000"));
        assert_eq!(shown(0, 0), None);
    }
}
