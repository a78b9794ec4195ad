//! From readings to weighed signals: who abstains and why, what the others weigh after discounts and the off-rhythm gate.
//!
//! Owns what is kept of a reading: of one that speaks a p and a weight, of one that calibration silences why, of all others nothing. A run
//! has millions of them, so readings are heard signal by signal and their words never. Owns no rows ([`signal_rows`](super::signal_rows)) and no sums.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use rustc_hash::FxHashSet;

use super::calibrate::{Calibration, Point, TooFewPeers, calibrate};
use super::drift::{self, Drift, drift};
use super::evidence::{FLOOR_DB, Member, decibans, discounted};
use super::input::{Family, Observation, Reading, Scope, number_of, numbered, observation};
use super::people::{calibrate_habits, calibrate_people};
use super::units::Units;

/// A reading that speaks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spoken {
    pub(super) unit: u32,
    /// The signal's place in the catalogue.
    pub(super) signal: u8,
    /// True when the off-rhythm gate took its weight.
    pub(super) gated: bool,
    pub(super) calibration: Calibration,
    /// After discounts and the gate.
    pub(super) weight_db: f64,
    exculpation_db: f64,
}

/// A reading that would speak, and that calibration silences.
#[derive(Debug, Clone, Copy)]
struct Silenced {
    unit: u32,
    signal: u8,
    why: Silence,
}

/// Why calibration silences a reading.
#[derive(Debug, Clone, Copy)]
pub(super) enum Silence {
    TooFewPeers(TooFewPeers),
    Drifted { p: f64, independent: usize },
}

impl Silence {
    pub(super) fn words(self) -> String {
        match self {
            Silence::TooFewPeers(too_few) => too_few.to_string(),
            Silence::Drifted { p, independent } => format!(
                "calibration: small p-values are too common in the clean weeks (Kolmogorov-Smirnov p = {p:.4}, {independent} \
                 independent readings): the reference has drifted"
            ),
        }
    }
}

/// What is kept of the readings of a run.
#[derive(Default)]
pub(super) struct Weighed {
    /// By unit and signal once all are heard.
    spoken: Vec<Spoken>,
    /// By unit and signal once all are heard.
    silenced: Vec<Silenced>,
    /// Of each session whether a signal compared it with its peers and found nothing.
    looked: Vec<bool>,
    drifts: Vec<Drift>,
}

impl Weighed {
    /// Nothing heard yet of so many sessions.
    pub(super) fn of(sessions: usize) -> Self {
        Self { looked: vec![false; sessions], ..Self::default() }
    }

    /// Bytes that what is kept takes.
    pub(super) fn bytes(&self) -> usize {
        self.spoken.capacity() * size_of::<Spoken>()
            + self.silenced.capacity() * size_of::<Silenced>()
            + self.looked.capacity()
    }

    /// Closes the off-rhythm gate where it must be, once all signals are heard.
    pub(super) fn close(&mut self, units: &Units) {
        let key = |unit: u32, signal: u8| (unit, signal);
        self.spoken.sort_unstable_by_key(|one| key(one.unit, one.signal));
        self.silenced.sort_unstable_by_key(|one| key(one.unit, one.signal));
        let open = off_rhythm_gate(&self.spoken, units);
        for one in self.spoken.iter_mut().filter(|one| numbered(one.signal).0 == "off_rhythm" && one.weight_db > 0.0) {
            let is_week = one.unit as usize >= units.sessions.len();
            if !(is_week && open.contains(&units.week_of(one.unit))) {
                (one.weight_db, one.gated) = (0.0, true);
            }
        }
    }

    /// The speaking signals of a unit; none for a session that signals compared with its peers and found nothing in, `None` for a unit that
    /// nothing is known of.
    pub(super) fn members(&self, unit: u32) -> Option<Vec<Member>> {
        let first = self.spoken.partition_point(|one| one.unit < unit);
        let members: Vec<Member> = self.spoken[first..]
            .iter()
            .take_while(|one| one.unit == unit)
            .map(|one| {
                let (signal, family) = numbered(one.signal);
                Member { signal, family, weight_db: one.weight_db, exculpation_db: one.exculpation_db }
            })
            .collect();
        let looked = self.looked.get(unit as usize).copied().unwrap_or(false);
        (looked || !members.is_empty()).then_some(members)
    }

    /// Weights of the speaking signals of a unit as the rows of signals have them, decibans.
    pub(super) fn weights(&self, unit: u32) -> impl Iterator<Item = (&'static str, f64)> {
        let members = self.members(unit).unwrap_or_default();
        members.into_iter().map(|member| (member.signal, to_hundredths(member.weight_db)))
    }

    /// Readings that have a p.
    pub(super) fn calibrated(&self) -> usize {
        self.spoken.len()
    }

    /// How many readings calibration silenced, by reason.
    pub(super) fn silences(&self) -> BTreeMap<String, usize> {
        let mut reasons = BTreeMap::new();
        for one in &self.silenced {
            *reasons.entry(one.why.words()).or_default() += 1;
        }
        reasons
    }

    /// What is to be said about the calibration as a whole.
    pub(super) fn notes(&self) -> Vec<String> {
        drift::summary(&self.drifts).into_iter().collect()
    }

    /// What became of a reading that may speak.
    pub(super) fn verdict(&self, unit: u32, signal: u8) -> Result<Spoken, Option<Silence>> {
        let key = (unit, signal);
        let spoken = self.spoken.binary_search_by_key(&key, |one| (one.unit, one.signal));
        spoken.map(|at| self.spoken[at]).map_err(|_| {
            let silenced = self.silenced.binary_search_by_key(&key, |one| (one.unit, one.signal));
            silenced.ok().map(|at| self.silenced[at].why)
        })
    }
}

/// One signal that is being heard: all of its readings, in any order, and then [`Hearing::weigh`].
pub struct Hearing<'a> {
    units: &'a Units,
    weighed: &'a mut Weighed,
    signal: &'a str,
    /// Readings that may speak and quiet ones, of sessions and of weeks.
    heard: [Vec<Heard>; 2],
}

/// The numbers of a reading of a unit.
#[derive(Clone, Copy)]
struct Heard {
    unit: u32,
    quiet: bool,
    n: i64,
    value: Option<f64>,
    discount: f64,
    exculpation_db: f64,
    most_db: Option<f64>,
}

impl<'a> Hearing<'a> {
    pub(super) fn new(units: &'a Units, weighed: &'a mut Weighed, signal: &'a str) -> Self {
        Self { units, weighed, signal, heard: [Vec::new(), Vec::new()] }
    }

    /// Hears one reading; its words are not looked at.
    pub fn add(&mut self, reading: &Reading<'_>) {
        let Some(unit) = self.units.find(reading.scope, reading.unit_id) else { return };
        if abstention(reading, self.units, unit).is_some() && !is_quiet(reading, self.units, unit) {
            return;
        }
        let &Reading { value, n, speaks, discount, exculpation_db, most_db, .. } = reading;
        let of_scope = usize::from(reading.scope == Scope::ActorWeek);
        self.heard[of_scope].push(Heard { unit, quiet: !speaks, n, value, discount, exculpation_db, most_db });
    }

    /// Readings of one signal calibrate each other, and no others. A signal whose reference has drifted abstains everywhere. A session was looked
    /// at where a signal found nothing in it and it has enough peers: where it has too few, finding nothing says nothing.
    pub fn weigh(self) {
        let Self { units, weighed, signal, heard } = self;
        for mut heard in heard {
            heard.sort_unstable_by(Heard::order);
            let mut before = None;
            heard.retain(|one| {
                let repeated = before == Some(one.unit);
                before = (!one.quiet).then_some(one.unit);
                one.quiet || (!repeated && one.no_number().is_none())
            });
            if heard.is_empty() {
                continue;
            }
            heard.shrink_to_fit();
            let points: Vec<Point> =
                heard.iter().map(|one| units.point(one.unit, one.value.unwrap_or_default(), one.quiet)).collect();
            let results = match observation(signal) {
                Observation::Unit => calibrate(&points),
                Observation::Habit => calibrate_habits(&points),
                Observation::Person => calibrate_people(&points),
            };
            let drift = drift(&points, &results);
            weighed.drifts.push(drift);
            drop(points);
            // No more than is needed: there may be a hundred million.
            weighed.spoken.reserve_exact(heard.iter().filter(|one| !one.quiet).count());
            for (one, result) in heard.iter().zip(results) {
                weighed.take(one, result, drift, signal);
            }
        }
    }
}

impl Weighed {
    fn take(&mut self, heard: &Heard, result: Result<Calibration, TooFewPeers>, drift: Drift, signal: &str) {
        if heard.quiet {
            if let Some(looked) = self.looked.get_mut(heard.unit as usize) {
                *looked |= result.is_ok() && !matches!(drift, Drift::Refused { .. });
            }
            return;
        }
        // What is not in the catalogue abstained before.
        let Some(signal) = number_of(signal) else { return };
        let why = match (drift, result) {
            (Drift::Refused { p, independent }, Ok(_)) => Silence::Drifted { p, independent },
            (_, Err(too_few)) => Silence::TooFewPeers(too_few),
            (_, Ok(calibration)) => {
                let weight_db = heard.weight(&calibration);
                let exculpation_db = heard.exculpation_db.min(0.0);
                let gated = false;
                self.spoken.push(Spoken { unit: heard.unit, signal, gated, calibration, weight_db, exculpation_db });
                return;
            }
        };
        self.silenced.push(Silenced { unit: heard.unit, signal, why });
    }
}

impl Heard {
    /// Units in their order. Of two readings that claim the same unit the first counts: one that speaks, with the smallest value, whatever order they came
    /// in. Rows are made in the same order (`commands::signals_heard`), so that words and numbers are of one reading.
    fn order(&self, other: &Self) -> Ordering {
        let key = |one: &Self| (one.unit, one.quiet);
        key(self).cmp(&key(other)).then_with(|| numbers(self.value, other.value)).then(self.n.cmp(&other.n)).then_with(
            || {
                let innocent = |one: &Self| [Some(one.discount), Some(one.exculpation_db), one.most_db];
                let pairs = innocent(self).into_iter().zip(innocent(other));
                pairs.map(|(one, two)| numbers(one, two)).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
            },
        )
    }

    fn no_number(&self) -> Option<&'static str> {
        no_number(self.value, self.discount, self.exculpation_db)
    }

    /// Decibans of the p among peers, no more than the reading itself supports, after discounts.
    fn weight(&self, calibration: &Calibration) -> f64 {
        let most_db = self.most_db.filter(|most| !most.is_nan()).map_or(f64::INFINITY, |most| most.max(FLOOR_DB));
        discounted(decibans(calibration.p).min(most_db), self.discount)
    }
}

/// Numbers in their order, a missing one last.
pub(super) fn numbers(one: Option<f64>, two: Option<f64>) -> Ordering {
    match (one, two) {
        (Some(one), Some(two)) => one.total_cmp(&two),
        (one, two) => one.is_none().cmp(&two.is_none()),
    }
}

/// Why a reading of a unit abstains whatever its numbers are.
pub(super) fn abstention<'a>(reading: &Reading<'a>, units: &Units, unit: u32) -> Option<&'a str> {
    let of = units.get(unit);
    if !reading.speaks {
        return Some(reading.abstain_reason.unwrap_or("the model gave no reason"));
    }
    if of.taken_out {
        return Some("an accepted objection: leaves the scores");
    }
    if !of.in_person_scope {
        return Some("declared automation: leaves the person scopes");
    }
    Family::of_signal(reading.signal).is_none().then_some("the signal has no family in the catalogue")
}

/// Why the numbers of a reading say nothing, if so.
pub(super) fn no_number(value: Option<f64>, discount: f64, exculpation_db: f64) -> Option<&'static str> {
    if !value.is_some_and(f64::is_finite) {
        return Some("the reading has no finite value");
    }
    let innocent = discount.is_finite() && exculpation_db.is_finite();
    (!innocent).then_some("discount or exculpation is not a finite number")
}

/// Whether the signal looked at the unit and found nothing: it abstains with a value, the least that it can have.
fn is_quiet(reading: &Reading<'_>, units: &Units, unit: u32) -> bool {
    !reading.speaks && reading.value.is_some_and(f64::is_finite) && units.get(unit).in_person_scope
}

/// Actor-weeks in which the machine clock or an unattended run speaks with positive evidence: only there may off-rhythm
/// activity weigh against a person (signals.md S9; night work is never evidence alone).
fn off_rhythm_gate(spoken: &[Spoken], units: &Units) -> FxHashSet<usize> {
    let opens =
        |one: &&Spoken| matches!(numbered(one.signal).0, "timer_regularity" | "unattended_burn") && one.weight_db > 0.0;
    spoken.iter().filter(opens).map(|one| units.week_of(one.unit)).collect()
}

/// Decibans as rows carry them.
pub(super) fn to_hundredths(decibans: f64) -> f64 {
    (decibans * 100.0).round() / 100.0
}
