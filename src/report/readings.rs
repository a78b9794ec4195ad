//! What the report needs of the table `signals`, which has several rows to each session: counts by signal, and the main reading of each
//! session that stands out.
//!
//! Owns the counting, row after row, so that the table need not be in memory. Owns no release: counts are exact and by person, and leave
//! only through the views, which hand them to it.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use super::people::UNASSIGNED;
use crate::score::rows::{SessionRow, SignalRow};

/// A conformal p up to which a reading is unusual: about 5 % of honest units have one.
const UNUSUAL: f64 = 0.05;

/// The readings of a run, counted.
#[derive(Debug, Clone, Default)]
pub struct Readings {
    pub(super) signals: BTreeMap<String, OfSignal>,
    /// The signal with the most evidence in each session that stands out.
    pub(super) main: FxHashMap<String, MainReading>,
}

/// What one signal did.
#[derive(Debug, Clone, Default)]
pub(super) struct OfSignal {
    pub(super) family: String,
    pub(super) spoke: i64,
    pub(super) calibrated: i64,
    pub(super) unusual: i64,
    pub(super) abstained: i64,
    /// Why it abstained, and how often.
    pub(super) reasons: FxHashMap<String, i64>,
    /// By person, how often it spoke.
    pub(super) spoke_of: FxHashMap<String, u64>,
    /// By person, how often it was unusual.
    pub(super) unusual_of: FxHashMap<String, u64>,
    /// By person, how often it abstained.
    pub(super) abstained_of: FxHashMap<String, u64>,
}

/// A reading with evidence.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct MainReading {
    pub(super) weight_db: f64,
    pub(super) signal: String,
    pub(super) family: String,
}

impl MainReading {
    /// Of equal weights the first by name, whatever the order of the rows.
    fn is_before(&self, other: &MainReading) -> bool {
        self.weight_db > other.weight_db || (self.weight_db == other.weight_db && self.signal < other.signal)
    }
}

/// One row of the table, as far as it is counted.
#[derive(Debug, Clone, Copy)]
pub struct Reading<'a> {
    /// `session`, `actor_week`, `population`.
    pub scope: &'a str,
    /// Session id, or `pseudonym/2026-W07`.
    pub unit_id: &'a str,
    /// Signal.
    pub signal: &'a str,
    /// Its family.
    pub family: &'a str,
    /// Conformal p, none when not calibrated.
    pub p: Option<f64>,
    /// Evidence in decibans.
    pub weight_db: Option<f64>,
    /// `speak` or `abstain`.
    pub status: &'a str,
    /// Why it abstains.
    pub abstain_reason: Option<&'a str>,
}

impl<'a> From<&'a SignalRow> for Reading<'a> {
    fn from(row: &'a SignalRow) -> Self {
        Reading {
            scope: &row.scope,
            unit_id: &row.unit_id,
            signal: &row.signal,
            family: &row.family,
            p: row.p,
            weight_db: row.weight_db,
            status: &row.status,
            abstain_reason: row.abstain_reason.as_deref(),
        }
    }
}

/// Whose each session is, and whether it stands out, by id.
#[derive(Debug)]
pub struct Owners<'a>(FxHashMap<&'a str, (&'a str, bool)>);

impl<'a> Owners<'a> {
    /// Of these sessions.
    pub fn new(sessions: &'a [SessionRow]) -> Self {
        let stands_out = |session: &SessionRow| matches!(session.band.as_str(), "look" | "review");
        let owner =
            |session: &'a SessionRow| (session.session_id.as_str(), (session.actor.as_str(), stands_out(session)));
        Owners(sessions.iter().map(owner).collect())
    }

    /// Whose a session is.
    pub(super) fn of(&self, session_id: &str) -> Option<&'a str> {
        self.0.get(session_id).map(|(actor, _)| *actor)
    }
}

impl Readings {
    /// Counts rows that are in memory.
    pub fn of<'a>(sessions: &[SessionRow], rows: impl IntoIterator<Item = &'a SignalRow>) -> Self {
        let owners = Owners::new(sessions);
        let mut readings = Readings::default();
        rows.into_iter().for_each(|row| readings.add(row.into(), &owners));
        readings
    }

    /// Counts one row. What is said of a population is no reading of anybody.
    pub fn add(&mut self, row: Reading<'_>, owners: &Owners<'_>) {
        if row.scope == "population" {
            return;
        }
        let of = match self.signals.get_mut(row.signal) {
            Some(of) => of,
            None => self
                .signals
                .entry(row.signal.to_owned())
                .or_insert_with(|| OfSignal { family: row.family.to_owned(), ..OfSignal::default() }),
        };
        let session = owners.0.get(row.unit_id).copied();
        // A week's unit is `pseudonym/2026-W07`.
        let of_week = || row.unit_id.split_once('/').map_or(UNASSIGNED, |(actor, _)| actor);
        let actor = session.map_or_else(of_week, |(actor, _)| actor);
        if row.status != "speak" {
            of.abstained += 1;
            count(&mut of.abstained_of, actor, 1);
            count(&mut of.reasons, row.abstain_reason.unwrap_or("no reason given"), 1);
            return;
        }
        of.spoke += 1;
        of.calibrated += i64::from(row.p.is_some());
        count(&mut of.spoke_of, actor, 1);
        if row.p.is_some_and(|p| p <= UNUSUAL) {
            of.unusual += 1;
            count(&mut of.unusual_of, actor, 1);
        }
        let weight = row.weight_db.filter(|weight| *weight > 0.0 && row.scope == "session");
        if let (Some(weight_db), Some((_, true))) = (weight, session) {
            let (signal, family) = (row.signal.to_owned(), row.family.to_owned());
            self.stands_out(row.unit_id.to_owned(), MainReading { weight_db, signal, family });
        }
    }

    fn stands_out(&mut self, session: String, reading: MainReading) {
        match self.main.get_mut(&session) {
            Some(main) if !reading.is_before(main) => {}
            Some(main) => *main = reading,
            None => {
                self.main.insert(session, reading);
            }
        }
    }

    /// Adds the counts of other rows of the same table.
    pub fn join(&mut self, other: Readings) {
        for (signal, more) in other.signals {
            let of = self.signals.entry(signal).or_default();
            if of.family.is_empty() {
                of.family = more.family;
            }
            of.spoke += more.spoke;
            of.calibrated += more.calibrated;
            of.unusual += more.unusual;
            of.abstained += more.abstained;
            more.reasons.iter().for_each(|(reason, times)| count(&mut of.reasons, reason, *times));
            more.spoke_of.iter().for_each(|(actor, times)| count(&mut of.spoke_of, actor, *times));
            more.unusual_of.iter().for_each(|(actor, times)| count(&mut of.unusual_of, actor, *times));
            more.abstained_of.iter().for_each(|(actor, times)| count(&mut of.abstained_of, actor, *times));
        }
        other.main.into_iter().for_each(|(session, reading)| self.stands_out(session, reading));
    }
}

/// Adds to a count; the key is only copied when it is new.
fn count<N: std::ops::AddAssign>(counts: &mut FxHashMap<String, N>, key: &str, times: N) {
    match counts.get_mut(key) {
        Some(count) => *count += times,
        None => {
            counts.insert(key.to_owned(), times);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_counted_apart_and_joined_are_the_same() {
        let session = |id: &str, actor: &str, band: &str| SessionRow {
            session_id: id.into(),
            actor: actor.into(),
            band: band.into(),
            ..SessionRow::default()
        };
        let sessions = [session("s", "ada", "look"), session("t", "bea", "none")];
        let row = |unit: &str, signal: &'static str, status: &'static str, weight: f64, p: f64| SignalRow {
            scope: if unit.contains('/') { "actor_week" } else { "session" }.into(),
            unit_id: unit.into(),
            signal: signal.into(),
            family: "CLOCK".into(),
            p: Some(p),
            weight_db: Some(weight),
            status: status.into(),
            abstain_reason: (status == "abstain").then(|| "few".into()),
            ..SignalRow::default()
        };
        let rows = [
            row("s", "b", "speak", 6.0, 0.01),
            row("s", "a", "speak", 6.0, 0.5),
            row("t", "a", "speak", 9.0, 0.04),
            row("t", "b", "abstain", 0.0, 1.0),
            row("ada/2026-W07", "a", "speak", 3.0, 0.05),
        ];
        let whole = Readings::of(&sessions, &rows);
        let mut joined = Readings::of(&sessions, &rows[3..]);
        joined.join(Readings::of(&sessions, &rows[..3]));
        for readings in [&whole, &joined] {
            let a = &readings.signals["a"];
            assert_eq!((a.spoke, a.unusual, a.abstained, a.spoke_of["ada"]), (3, 2, 0, 2));
            assert_eq!((readings.signals["b"].reasons["few"], readings.signals["b"].abstained_of["bea"]), (1, 1));
            // Only what stands out, and of equal weights the first by name.
            assert_eq!(readings.main.keys().collect::<Vec<_>>(), ["s"]);
            assert_eq!(readings.main["s"].signal, "a");
        }
    }
}
