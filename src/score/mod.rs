//! From readings to evidence, from evidence to bands.
//!
//! Owns calibration, decibans, discounts, family caps, the two-key gate, pooling to actor-weeks, the second calibration and
//! the population tests' statistics, all as plain Rust over rows. Owns no SQL (readings come from `queries/`) and no rendering.
//!
//! The modules in the order of the computation: [`input`] → `units` → [`calibrate`] → `weigh` → [`evidence`] → [`pool`] →
//! [`band`] → [`objections`] → [`rows`], [`explain`]; beside it [`population`] and [`shrink`]; formulas in [`stats`].

pub mod association;
pub mod band;
pub mod calibrate;
mod drift;
pub mod evidence;
pub mod explain;
pub mod input;
pub mod objections;
mod people;
pub mod pool;
pub mod population;
pub mod regression;
pub mod rows;
pub mod shrink;
pub mod stats;
pub mod survival;
pub mod uniformity;
mod units;
mod weigh;

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use self::band::{Band, Gate};
use self::evidence::{Contribution, Evidence};
use self::input::{ActorWeekInput, Family, Scope, ScoreInput, SessionInput};
use self::objections::{Decision, ObjectionCounts, Objections};
use self::pool::{Case, CasePoint, Second};
use self::population::{Histogram, Population, RankAgreement};
use self::rows::{PopulationRow, SignalRow};
use self::units::{Units, week_id};
use self::weigh::Weighed;

/// The score of one session or actor-week.
#[derive(Debug, Clone, PartialEq)]
pub struct UnitScore {
    /// Session id, or `actor/2026-W07`.
    pub unit_id: String,
    /// Who.
    pub actor: String,
    /// ISO week in actor-local time.
    pub iso_week: String,
    /// Evidence in hundredths of a deciban, null when insufficient; the sum of the contributions.
    pub hundredths: Option<i64>,
    /// What a reader is asked to do.
    pub band: Band,
    /// What adds up to the evidence.
    pub contributions: Vec<Contribution>,
    /// What the gate was asked with: capped evidence by family, decibans; of a week the keys of its [`pool::Case`].
    pub families: BTreeMap<Family, f64>,
    /// Scored sessions pooled into an actor-week; 1 for a session.
    pub sessions: usize,
    /// Why the band is what it is, in words.
    pub reasons: Vec<String>,
    /// What became of an objection to it, if there was one.
    pub objection: Option<Decision>,
}

impl UnitScore {
    /// Evidence in decibans, for tables.
    pub fn score_db(&self) -> Option<f64> {
        self.hundredths.map(evidence::as_decibans)
    }
}

/// Everything that scoring says, each list sorted by its key.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Scored {
    /// One for each session of the input, by session id.
    pub sessions: Vec<UnitScore>,
    /// One for each actor-week, by unit id.
    pub actor_weeks: Vec<UnitScore>,
    /// One for each reading, spoken or abstained, by (scope, unit id, signal).
    pub signals: Vec<SignalRow>,
    /// One for each population test and policy, in the order of the input.
    pub population: Vec<PopulationRow>,
    /// Weeks around each quota that has bins.
    pub histograms: Vec<Histogram>,
    /// Whether use orders people as outcomes do, when metric_decoupling speaks.
    pub rank_agreement: Option<RankAgreement>,
    /// What is to be said about the calibration as a whole, such as the drift check.
    pub calibration_notes: Vec<String>,
    /// Objections to sessions and actor-weeks.
    pub objections: ObjectionCounts,
}

impl Scored {
    /// Replaces actor ids, for instance by pseudonyms, in actors and in the unit ids of actor-weeks.
    pub fn rename_actors(&mut self, rename: impl Fn(&str) -> String) {
        let unit = |unit_id: &str| match unit_id.rsplit_once('/') {
            Some((actor, week)) => week_id(&rename(actor), week),
            None => rename(unit_id),
        };
        self.sessions.iter_mut().for_each(|session| session.actor = rename(&session.actor));
        for week in &mut self.actor_weeks {
            week.actor = rename(&week.actor);
            week.unit_id = week_id(&week.actor, &week.iso_week);
        }
        for row in self.signals.iter_mut().filter(|row| row.scope == Scope::ActorWeek.as_str()) {
            row.unit_id = unit(&row.unit_id);
        }
        self.actor_weeks.sort_by(|one, two| one.unit_id.cmp(&two.unit_id));
        self.signals.sort_by(|one, two| order(one).cmp(&order(two)));
    }
}

/// The order of signal rows: `session` rows come first, as scoring left them.
fn order(row: &SignalRow) -> (bool, &str, &str) {
    (row.scope != Scope::Session.as_str(), &row.unit_id, &row.signal)
}

/// Scores a run. Deterministic, and independent of the order of the input rows.
///
/// Every reading leaves a signal row, every session and actor-week a score; what cannot be scored abstains with a reason.
/// O(n log n) in the readings.
pub fn score(mut input: ScoreInput) -> Scored {
    let objections = Objections::new(std::mem::take(&mut input.objections));
    let units = Units::new(&input, &objections);
    let Population { rows: population, histograms, rank_agreement } = population::tests(&input);
    let weeks = units::with_missing_weeks(&input);
    input.sessions.sort_by(|one, two| one.session_id.cmp(&two.session_id));
    let week_of: FxHashMap<&str, String> = input
        .sessions
        .iter()
        .map(|session| (session.session_id.as_str(), week_id(&session.actor, &session.iso_week)))
        .collect();
    let Weighed { rows, members, notes } = weigh::weigh(std::mem::take(&mut input.readings), &units, &week_of);
    let evidence: FxHashMap<(Scope, String), Evidence> =
        members.into_iter().map(|(unit, members)| (unit, evidence::add_up(&members))).collect();
    let mut sessions: Vec<UnitScore> = input
        .sessions
        .iter()
        .map(|session| score_session(session, evidence.get(&(Scope::Session, session.session_id.clone()))))
        .collect();
    let mut actor_weeks = score_weeks(&weeks, &input.sessions, &evidence, &units);
    raise_lone_sessions(&mut sessions, &actor_weeks);
    let objections = objections.settle(&mut sessions, &mut actor_weeks);
    Scored {
        sessions,
        actor_weeks,
        signals: rows,
        population,
        histograms,
        rank_agreement,
        calibration_notes: notes,
        objections,
    }
}

fn score_session(session: &SessionInput, evidence: Option<&Evidence>) -> UnitScore {
    let mut score = UnitScore {
        unit_id: session.session_id.clone(),
        actor: session.actor.clone(),
        iso_week: session.iso_week.clone(),
        hundredths: None,
        band: Band::Insufficient,
        contributions: Vec::new(),
        families: BTreeMap::new(),
        sessions: 1,
        reasons: Vec::new(),
        objection: None,
    };
    if session.declared {
        (score.hundredths, score.band) = (Some(0), Band::None);
        score.reasons.push("declared automation: leaves the person scopes; its cost stays in the totals".to_owned());
    } else if let Some(evidence) = evidence {
        let gate = Gate::of(&evidence.families);
        score.hundredths = Some(evidence.hundredths);
        score.band = band::session_band(evidence::as_decibans(evidence.hundredths), &gate);
        score.contributions.clone_from(&evidence.contributions);
        score.families.clone_from(&evidence.families);
        score.reasons.extend(explain::limited_reason(&evidence.families, &evidence.contributions));
        if evidence.contributions.is_empty() && score.reasons.is_empty() {
            score.reasons.push("signals looked at this session and found nothing".to_owned());
        }
        if score.band == Band::Look {
            score.reasons.push("a session by itself reaches look at most; its week decides on review".to_owned());
        }
    } else {
        score.reasons.push("no signal speaks about this session".to_owned());
    }
    score
}

fn score_weeks(
    weeks: &[ActorWeekInput],
    sessions: &[SessionInput],
    evidence: &FxHashMap<(Scope, String), Evidence>,
    units: &Units,
) -> Vec<UnitScore> {
    let mut pooled: FxHashMap<String, Vec<&Evidence>> = FxHashMap::default();
    for session in sessions.iter().filter(|session| !session.declared) {
        if let Some(evidence) = evidence.get(&(Scope::Session, session.session_id.clone())) {
            pooled.entry(week_id(&session.actor, &session.iso_week)).or_default().push(evidence);
        }
    }
    let cases: Vec<Option<Case>> = weeks
        .iter()
        .map(|week| {
            let unit_id = week_id(&week.actor, &week.iso_week);
            let sessions = pooled.get(&unit_id).map_or(&[][..], Vec::as_slice);
            let own = evidence.get(&(Scope::ActorWeek, unit_id));
            if week.service { None } else { pool::pool(sessions, own) }
        })
        .collect();
    let points: Vec<CasePoint> = weeks
        .iter()
        .zip(&cases)
        .filter_map(|(week, case)| {
            let (case, unit) = (case.as_ref()?, units.get(Scope::ActorWeek, &week_id(&week.actor, &week.iso_week))?);
            Some(CasePoint {
                actor: unit.actor,
                sessions: case.sessions,
                hundredths: case.hundredths,
                before_incentive: unit.before_incentive,
            })
        })
        .collect();
    let mut seconds = pool::second_calibration(&points).into_iter();
    let mut scores: Vec<UnitScore> = weeks
        .iter()
        .zip(cases)
        .map(|(week, case)| {
            let second = case.as_ref().and_then(|_| seconds.next());
            score_week(week, case, second)
        })
        .collect();
    scores.sort_by(|one, two| one.unit_id.cmp(&two.unit_id));
    scores
}

fn score_week(week: &ActorWeekInput, case: Option<Case>, second: Option<Second>) -> UnitScore {
    let mut score = UnitScore {
        unit_id: week_id(&week.actor, &week.iso_week),
        actor: week.actor.clone(),
        iso_week: week.iso_week.clone(),
        hundredths: None,
        band: Band::Insufficient,
        contributions: Vec::new(),
        families: BTreeMap::new(),
        sessions: case.as_ref().map_or(0, |case| case.sessions),
        reasons: Vec::new(),
        objection: None,
    };
    match (case, second) {
        (Some(case), Some(Second::Calibrated { p, n_cal, bin, clean_reference, rejected, batch })) => {
            let gate = Gate::of(&case.keys);
            score.band = band::case_band(evidence::as_decibans(case.hundredths), &gate, case.sessions, rejected);
            score.hundredths = Some(case.hundredths);
            score.reasons = explain::week_reasons(p, n_cal, bin, clean_reference, rejected, batch, &gate);
            score.reasons.extend(explain::limited_reason(&case.families, &case.contributions));
            (score.contributions, score.families) = (case.contributions, case.keys);
        }
        (_, Some(Second::TooFewCases(reason))) => score.reasons.push(reason),
        _ if week.service => {
            (score.hundredths, score.band) = (Some(0), Band::None);
            score.reasons.push("service account: leaves the person scopes; its cost stays in the totals".to_owned());
        }
        _ => score.reasons.push("no signal speaks about this week or its sessions".to_owned()),
    }
    score
}

/// A week of one session is that session: when the week reaches review (three families), so does its only exhibit.
fn raise_lone_sessions(sessions: &mut [UnitScore], weeks: &[UnitScore]) {
    let review: rustc_hash::FxHashSet<&str> = weeks
        .iter()
        .filter(|week| week.band == Band::Review && week.sessions == 1)
        .map(|week| week.unit_id.as_str())
        .collect();
    for session in sessions.iter_mut().filter(|session| session.band == Band::Look) {
        if review.contains(week_id(&session.actor, &session.iso_week).as_str()) {
            session.band = Band::Review;
            session.reasons = vec!["the only scored session of a week in review, with three families".to_owned()];
        }
    }
}

#[cfg(test)]
mod tests;
