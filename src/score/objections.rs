//! Objections: what the person concerned says about a unit, and what became of it.
//!
//! Owns their effect on scores. An accepted objection takes the unit out of the scores, for the person and as a peer of others; an
//! open one marks it as contested and changes no number; one that was not accepted is shown beside the score it did not change.
//! Findings stay, since they compare with nobody, and population tests stay, since they name nobody. Owns no file: the caller
//! reads it and resolves pseudonyms.

use std::fmt;

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use super::UnitScore;
use super::band::Band;
use super::input::{Scope, SessionInput};
use super::units::{Units, week_id};

/// What became of an objection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// Nobody has decided yet: the unit is contested.
    Open,
    /// The unit leaves the scores.
    Accepted,
    /// Looked at and not accepted.
    Rejected,
}

impl Decision {
    /// Every decision.
    pub const ALL: [Decision; 3] = [Decision::Open, Decision::Accepted, Decision::Rejected];

    /// The word in files and tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Decision::Open => "open",
            Decision::Accepted => "accepted",
            Decision::Rejected => "rejected",
        }
    }
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One objection, the last that was made about its unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Objection {
    /// What the unit is.
    pub scope: Scope,
    /// Session id, or `actor/2026-W07` with the actor as scoring knows them.
    pub unit_id: String,
    /// Day of the objection or of the decision, `2026-03-09`.
    pub date: String,
    /// What became of it.
    pub decision: Decision,
    /// In the words of whoever wrote the file.
    pub reason: String,
}

/// How many units have an objection, by what became of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectionCounts {
    /// Contested.
    pub open: i64,
    /// Out of the scores.
    pub accepted: i64,
    /// Not accepted.
    pub rejected: i64,
    /// Objections to units that are not in this run.
    pub unmatched: i64,
}

/// Objections by unit.
pub(super) struct Objections {
    by_unit: FxHashMap<(Scope, String), Objection>,
    /// Sessions of a week that accepted objections took out one by one.
    left_out: FxHashMap<String, usize>,
}

impl Objections {
    /// The last objection of each unit stands.
    pub(super) fn new(objections: Vec<Objection>) -> Self {
        let by_unit = objections.into_iter().map(|one| ((one.scope, one.unit_id.clone()), one)).collect();
        Self { by_unit, left_out: FxHashMap::default() }
    }

    fn of(&self, scope: Scope, unit_id: &str) -> Option<&Objection> {
        // Most runs have none, and a key is a copy of the id.
        if self.by_unit.is_empty() { None } else { self.by_unit.get(&(scope, unit_id.to_owned())) }
    }

    /// Whether a week leaves the scores.
    pub(super) fn takes_week(&self, unit_id: &str) -> bool {
        self.of(Scope::ActorWeek, unit_id).is_some_and(|one| one.decision == Decision::Accepted)
    }

    /// Whether a session leaves the scores, by itself or with its week.
    pub(super) fn takes_session(&self, session: &SessionInput) -> bool {
        self.of(Scope::Session, &session.session_id).is_some_and(|one| one.decision == Decision::Accepted)
            || (!self.by_unit.is_empty() && self.takes_week(&week_id(&session.actor, &session.iso_week)))
    }

    /// Counts the objections to the units of a run.
    pub(super) fn count(&mut self, units: &Units) -> ObjectionCounts {
        let mut counts = ObjectionCounts::default();
        if self.by_unit.is_empty() {
            return counts;
        }
        for (place, session) in units.sessions.iter().enumerate() {
            if let Some(decision) = self.of(Scope::Session, &session.session_id).map(|own| own.decision) {
                counts.add(decision);
                if decision == Decision::Accepted {
                    let week = units.week_id(units.week_of(place as u32)).to_owned();
                    *self.left_out.entry(week).or_default() += 1;
                }
            }
        }
        for place in 0..units.weeks.len() {
            if let Some(own) = self.of(Scope::ActorWeek, units.week_id(place)) {
                counts.add(own.decision);
            }
        }
        let settled = counts.open + counts.accepted + counts.rejected;
        counts.unmatched = i64::try_from(self.by_unit.len()).unwrap_or(i64::MAX) - settled;
        counts
    }

    /// Writes the objections to a session and to its week into its score.
    pub(super) fn settle_session(&self, session: &mut UnitScore) {
        if self.by_unit.is_empty() {
            return;
        }
        let week = week_id(&session.actor, &session.iso_week);
        if let Some(own) = self.of(Scope::Session, &session.unit_id) {
            apply(session, own);
        }
        let of_week = self.of(Scope::ActorWeek, &week).filter(|one| one.decision == Decision::Accepted);
        if let (Some(of_week), None | Some(Decision::Open | Decision::Rejected)) = (of_week, session.objection) {
            take_out(session, format!("with its week: {}", words(of_week)));
        }
    }

    /// Writes the objections to a week and to its sessions into its score.
    pub(super) fn settle_week(&self, week: &mut UnitScore) {
        if let Some(sessions) = self.left_out.get(&week.unit_id) {
            week.reasons.push(format!("sessions left out after accepted objections: {sessions}"));
        }
        if let Some(own) = self.of(Scope::ActorWeek, &week.unit_id) {
            apply(week, own);
        }
    }
}

impl ObjectionCounts {
    fn add(&mut self, decision: Decision) {
        match decision {
            Decision::Open => self.open += 1,
            Decision::Accepted => self.accepted += 1,
            Decision::Rejected => self.rejected += 1,
        }
    }
}

fn apply(unit: &mut UnitScore, objection: &Objection) {
    match objection.decision {
        Decision::Accepted => take_out(unit, words(objection)),
        Decision::Open => unit.reasons.push(format!("contested: {}", words(objection))),
        Decision::Rejected => unit.reasons.push(words(objection)),
    }
    unit.objection = Some(objection.decision);
}

fn words(objection: &Objection) -> String {
    let Objection { date, reason, .. } = objection;
    match objection.decision {
        Decision::Accepted => {
            format!("an objection was accepted on {date}: {reason}; it leaves the scores, its cost stays in the totals")
        }
        Decision::Open => format!("an objection of {date} is open: {reason}"),
        Decision::Rejected => format!("an objection was looked at and not accepted on {date}: {reason}"),
    }
}

fn take_out(unit: &mut UnitScore, reason: String) {
    unit.hundredths = Some(0);
    unit.band = Band::None;
    unit.contributions.clear();
    unit.families.clear();
    unit.reasons = vec![reason];
    unit.objection = Some(Decision::Accepted);
}
