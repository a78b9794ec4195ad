//! From readings to evidence, from evidence to bands.
//!
//! Owns calibration, decibans, discounts, family caps, the two-key gate, pooling to actor-weeks, the second calibration and
//! the population tests' statistics, all as plain Rust over rows. Owns no SQL (readings come from `queries/`) and no rendering.
//!
//! The modules in the order of the computation: [`input`] → `units` → [`calibrate`] → `weigh` → [`evidence`] → [`pool`] →
//! [`band`] → [`objections`] → `signal_rows`, [`rows`], [`explain`]; beside it [`population`] and [`shrink`]; formulas in [`stats`].

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
mod signal_rows;
pub mod stats;
pub mod survival;
pub mod uniformity;
mod units;
mod weigh;

use std::collections::BTreeMap;

use rustc_hash::{FxHashMap, FxHashSet};

use self::band::{Band, Gate};
use self::evidence::{Contribution, Evidence, Member};
use self::input::{ActorWeekInput, Family, Scope, ScoreInput, SessionInput};
use self::objections::{Decision, ObjectionCounts, Objections};
use self::pool::{Case, CasePoint, Second};
use self::population::{Histogram, Population, RankAgreement};
use self::rows::PopulationRow;
pub use self::signal_rows::SignalRows;
use self::units::Units;
pub use self::weigh::Hearing;
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

/// Scoring under way: units first, then the readings of each signal, then the scores. Deterministic, and independent of the order of the
/// input rows and readings; O(n log n) in the readings, of which no words are kept.
pub struct Scoring {
    units: Units,
    weighed: Weighed,
    objections: Objections,
    population: Population,
}

impl Scoring {
    /// Begins with everything but the readings.
    pub fn new(mut input: ScoreInput) -> Self {
        let population = population::tests(&input);
        let objections = Objections::new(std::mem::take(&mut input.objections));
        let start = input.clean_until();
        let units = Units::new(start, input.sessions, input.actor_weeks, &objections);
        Self { weighed: Weighed::of(units.sessions.len()), units, objections, population }
    }

    /// Hears a signal; all of its readings at once.
    pub fn hear<'a>(&'a mut self, signal: &'a str) -> Hearing<'a> {
        Hearing::new(&self.units, &mut self.weighed, signal)
    }

    /// Scores every session and actor-week; what cannot be scored abstains with a reason.
    pub fn finish(self) -> Scored {
        let Self { units, mut weighed, mut objections, population } = self;
        weighed.close(&units);
        let Population { rows: population, histograms, rank_agreement } = population;
        let counts = objections.count(&units);
        let mut scored = Scored {
            population,
            histograms,
            rank_agreement,
            calibration_notes: weighed.notes(),
            calibrated: weighed.calibrated(),
            silenced: weighed.silences(),
            objection_counts: counts,
            seconds: Vec::new(),
            raised: FxHashSet::default(),
            units,
            weighed,
            objections,
        };
        scored.seconds = scored.second_calibration();
        scored.raised = scored.lone_sessions();
        scored
    }
}

/// Everything that scoring says. Scores are put into words when they are asked for: there are millions of them.
pub struct Scored {
    /// One for each population test and policy, in the order of the input.
    pub population: Vec<PopulationRow>,
    /// Weeks around each quota that has bins.
    pub histograms: Vec<Histogram>,
    /// Whether use orders people as outcomes do, when metric_decoupling speaks.
    pub rank_agreement: Option<RankAgreement>,
    /// What is to be said about the calibration as a whole, such as the drift check.
    pub calibration_notes: Vec<String>,
    /// Readings that have a p.
    pub calibrated: usize,
    /// Readings that calibration silenced, by reason.
    pub silenced: BTreeMap<String, usize>,
    /// Objections to sessions and actor-weeks.
    pub objection_counts: ObjectionCounts,
    units: Units,
    weighed: Weighed,
    objections: Objections,
    /// Of each week that has a case.
    seconds: Vec<Option<Second>>,
    /// Places of sessions that their week takes to review.
    raised: FxHashSet<usize>,
}

impl Scored {
    /// Bytes that units and readings take for as long as this is held.
    pub fn bytes(&self) -> usize {
        self.units.bytes() + self.weighed.bytes() + self.seconds.capacity() * size_of::<Option<Second>>()
    }

    /// The sessions of the run by id, as they were read.
    pub fn session_inputs(&self) -> &[SessionInput] {
        &self.units.sessions
    }

    /// One score for each session, by session id.
    pub fn sessions(&self) -> impl ExactSizeIterator<Item = UnitScore> {
        (0..self.units.sessions.len()).map(|place| self.session_at(place))
    }

    /// One score for each actor-week, by unit id.
    pub fn actor_weeks(&self) -> impl ExactSizeIterator<Item = UnitScore> {
        (0..self.units.weeks.len()).map(|place| self.week_at(place))
    }

    /// The score of one unit; `None` when it is not among the scored ones.
    pub fn unit(&self, scope: Scope, unit_id: &str) -> Option<UnitScore> {
        let number = self.units.find(scope, unit_id)?;
        Some(match scope {
            Scope::Session => self.session_at(number as usize),
            Scope::ActorWeek => self.week_at(self.units.week_of(number)),
        })
    }

    /// The actor-weeks of the run: place, actor and ISO week, by unit id.
    pub fn weeks(&self) -> impl ExactSizeIterator<Item = (usize, &str, &str)> {
        self.units.weeks.iter().enumerate().map(|(place, week)| (place, &*week.actor, &*week.iso_week))
    }

    /// Weight of each speaking signal of the session at this place, decibans, as its rows have it.
    pub fn weights(&self, place: usize) -> impl Iterator<Item = (&'static str, f64)> {
        self.weighed.weights(place as u32)
    }

    /// The score of the session at this place.
    pub fn session_at(&self, place: usize) -> UnitScore {
        let mut score = score_session(&self.units.sessions[place], self.evidence(place as u32).as_ref());
        if self.raised.contains(&place) {
            score.band = Band::Review;
            score.reasons = vec!["the only scored session of a week in review, with three families".to_owned()];
        }
        self.objections.settle_session(&mut score);
        score
    }

    /// The score of the actor-week at this place.
    pub fn week_at(&self, place: usize) -> UnitScore {
        let mut score = self.undisputed_week(place);
        self.objections.settle_week(&mut score);
        score
    }

    fn undisputed_week(&self, place: usize) -> UnitScore {
        let second = self.seconds.get(place).and_then(Option::as_ref);
        score_week(&self.units.weeks[place], self.units.week_id(place), self.case(place), second)
    }

    fn evidence(&self, unit: u32) -> Option<Evidence> {
        self.weighed.members(unit).map(|members| evidence::add_up(&members))
    }

    /// The scored sessions of the week at this place, pooled with its own evidence.
    fn case(&self, place: usize) -> Option<Case> {
        self.case_with(place, None)
    }

    /// The same with one signal more.
    fn case_with(&self, place: usize, more: Option<&Member>) -> Option<Case> {
        if self.units.weeks[place].service {
            return None;
        }
        let sessions = self.units.sessions_of(place).iter();
        let of_people = sessions.filter(|session| !self.units.sessions[**session as usize].declared);
        let evidence: Vec<Evidence> = of_people.filter_map(|session| self.evidence(*session)).collect();
        let mut own = self.weighed.members(self.units.week_number(place));
        if let Some(member) = more {
            own.get_or_insert_default().push(member.clone());
        }
        let own = own.map(|members| evidence::add_up(&members));
        pool::pool(&evidence.iter().collect::<Vec<_>>(), own.as_ref())
    }

    /// Compares each case with those of other people.
    fn second_calibration(&self) -> Vec<Option<Second>> {
        let mut seconds = vec![None; self.units.weeks.len()];
        let mut places = Vec::new();
        let mut points = Vec::new();
        let incentives = self.incentives();
        for place in 0..seconds.len() {
            let Some(Case { sessions, hundredths, .. }) = self.case(place) else { continue };
            let (actor, before_incentive) = self.units.case_of(place);
            let incentive = incentives.get(&actor).filter(|_| before_incentive);
            let with_incentive = incentive.and_then(|member| self.case_with(place, Some(member)));
            let as_reference = with_incentive.map_or(hundredths, |case| case.hundredths);
            points.push(CasePoint { actor, sessions, hundredths, as_reference, before_incentive });
            places.push(place);
        }
        for (place, second) in places.into_iter().zip(pool::second_calibration(&points)) {
            seconds[place] = Some(second);
        }
        seconds
    }

    /// Of each person the strongest evidence that they follow an incentive, whichever week shows it.
    fn incentives(&self) -> FxHashMap<u32, Member> {
        let mut strongest: FxHashMap<u32, Member> = FxHashMap::default();
        for place in 0..self.units.weeks.len() {
            let (actor, _) = self.units.case_of(place);
            let members = self.weighed.members(self.units.week_number(place)).unwrap_or_default();
            for member in members.into_iter().filter(|one| one.family == Family::Incentive && one.weight_db > 0.0) {
                let known = strongest.entry(actor).or_insert_with(|| member.clone());
                if member.weight_db > known.weight_db {
                    *known = member;
                }
            }
        }
        strongest
    }

    /// A week of one session is that session: when the week reaches review (three families), so does its only exhibit.
    fn lone_sessions(&self) -> FxHashSet<usize> {
        let survives = |second: &Option<Second>| matches!(second, Some(Second::Calibrated { rejected: true, .. }));
        let tested = self.seconds.iter().enumerate().filter(|(_, second)| survives(second));
        let lone = tested.map(|(place, _)| place).filter(|place| {
            let week = self.undisputed_week(*place);
            week.band == Band::Review && week.sessions == 1
        });
        let sessions = lone.flat_map(|week| self.units.sessions_of(week)).map(|session| *session as usize);
        sessions
            .filter(|place| {
                let session = &self.units.sessions[*place];
                score_session(session, self.evidence(*place as u32).as_ref()).band == Band::Look
            })
            .collect()
    }
}

fn score_session(session: &SessionInput, evidence: Option<&Evidence>) -> UnitScore {
    let mut score = UnitScore {
        unit_id: session.session_id.to_string(),
        actor: session.actor.to_string(),
        iso_week: session.iso_week.to_string(),
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

fn score_week(week: &ActorWeekInput, unit_id: &str, case: Option<Case>, second: Option<&Second>) -> UnitScore {
    let mut score = UnitScore {
        unit_id: unit_id.to_owned(),
        actor: week.actor.to_string(),
        iso_week: week.iso_week.to_string(),
        hundredths: None,
        band: Band::Insufficient,
        contributions: Vec::new(),
        families: BTreeMap::new(),
        sessions: case.as_ref().map_or(0, |case| case.sessions),
        reasons: Vec::new(),
        objection: None,
    };
    match (case, second) {
        (Some(case), Some(&Second::Calibrated { p, n_cal, bin, clean_reference, rejected, batch })) => {
            let gate = Gate::of(&case.keys);
            score.band = band::case_band(evidence::as_decibans(case.hundredths), &gate, case.sessions, rejected);
            score.hundredths = Some(case.hundredths);
            score.reasons = explain::week_reasons(p, n_cal, bin, clean_reference, rejected, batch, &gate);
            score.reasons.extend(explain::limited_reason(&case.families, &case.contributions));
            (score.contributions, score.families) = (case.contributions, case.keys);
        }
        (Some(case), Some(Second::TooFewCases(reason))) => {
            // The evidence is the case's own (signals.md section 3, step 7); only review hangs on the second calibration.
            let gate = Gate::of(&case.keys);
            score.band = band::case_band(evidence::as_decibans(case.hundredths), &gate, case.sessions, false);
            score.hundredths = Some(case.hundredths);
            score.reasons = explain::untested_reasons(reason);
            score.reasons.extend(explain::limited_reason(&case.families, &case.contributions));
            (score.contributions, score.families) = (case.contributions, case.keys);
        }
        _ if week.service => {
            (score.hundredths, score.band) = (Some(0), Band::None);
            score.reasons.push("service account: leaves the person scopes; its cost stays in the totals".to_owned());
        }
        _ => score.reasons.push("no signal speaks about this week or its sessions".to_owned()),
    }
    score
}

#[cfg(test)]
mod tests;
