//! Bands: what a reader is asked to do with a unit, and the gate that keeps one kind of evidence from accusing.
//!
//! Owns the band words, the two-key gate and the cuts (signals.md section 3, steps 5, 7 and 8). Owns no statistics.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use super::input::Family;

/// Evidence from which a unit is worth a note, decibans. A judgement default.
pub const NOTE_DB: f64 = 6.0;
/// Evidence from which a unit with two families is worth a look. A judgement default; never a ground for review by itself.
pub const LOOK_DB: f64 = 14.0;
/// Evidence from which a family counts as a key, decibans: p of .016 for a lone signal. Above the 3 dB of the toy check of signals.md
/// 3.4: chance too easily supplied the second key there, the more so since a family counts its strongest member.
pub const KEY_DB: f64 = 6.0;

/// How far a unit stands out. Never a verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Band {
    /// Too little to say anything; not the same as `none`.
    Insufficient,
    /// Nothing stands out.
    None,
    /// Something stands out; no action.
    Note,
    /// Worth reading, with the innocent explanations beside it.
    Look,
    /// Worth asking about.
    Review,
}

impl Band {
    /// The word used in tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Band::Insufficient => "insufficient",
            Band::None => "none",
            Band::Note => "note",
            Band::Look => "look",
            Band::Review => "review",
        }
    }
}

impl fmt::Display for Band {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Which families count as keys.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Gate {
    /// Families of at least [`KEY_DB`].
    pub keys: Vec<Family>,
}

impl Gate {
    /// Reads the keys from capped family evidence, decibans.
    pub fn of(families: &BTreeMap<Family, f64>) -> Self {
        Self { keys: families.iter().filter(|(_, db)| **db >= KEY_DB).map(|(family, _)| *family).collect() }
    }

    /// True when nobody used the result (or an incentive was followed) *and* effort was repeated, burnt or clocked.
    pub fn passes(&self) -> bool {
        let first = self.keys.iter().any(|key| matches!(key, Family::NoConsumption | Family::Incentive));
        let second = self.keys.iter().any(|key| matches!(key, Family::Redundancy | Family::AgentWaste | Family::Clock));
        first && second
    }
}

/// Band of a session by itself: `look` at most.
pub fn session_band(score_db: f64, gate: &Gate) -> Band {
    if score_db >= LOOK_DB && gate.keys.len() >= 2 {
        Band::Look
    } else if score_db >= NOTE_DB {
        Band::Note
    } else {
        Band::None
    }
}

/// Band of an actor-week. `rejected` is the answer of the second calibration with false discovery control; a week of one
/// session needs three families.
pub fn case_band(score_db: f64, gate: &Gate, sessions: usize, rejected: bool) -> Band {
    let families_enough = sessions > 1 || gate.keys.len() >= 3;
    if rejected && gate.passes() && families_enough {
        return Band::Review;
    }
    // Standing out from the reference without two keys is worth a look, and no more.
    let alone = session_band(score_db, gate);
    if rejected && alone < Band::Look && gate.keys.len() >= 2 { Band::Look } else { alone }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gate(families: &[Family]) -> Gate {
        Gate::of(&families.iter().map(|family| (*family, KEY_DB)).collect())
    }

    #[test]
    fn the_gate_needs_two_kinds_of_key() {
        use Family::{AgentWaste, Clock, Incentive, NoConsumption, Redundancy, Spend};
        assert!(gate(&[NoConsumption, Redundancy]).passes());
        assert!(gate(&[Incentive, Clock]).passes());
        assert!(!gate(&[Redundancy, AgentWaste, Clock, Spend]).passes());
        assert!(!gate(&[NoConsumption, Incentive]).passes());
        assert!(!gate(&[NoConsumption, Spend]).passes());
        assert!(Gate::of(&BTreeMap::from([(NoConsumption, 5.9), (Redundancy, 12.0)])).keys.len() == 1);
    }

    #[test]
    fn one_family_never_reaches_look_and_a_lone_session_never_review() {
        assert_eq!(session_band(LOOK_DB, &gate(&[Family::Redundancy])), Band::Note);
        assert_eq!(session_band(60.0, &gate(&Family::ALL)), Band::Look);
    }

    #[test]
    fn review_needs_gate_and_discovery() {
        let two = gate(&[Family::NoConsumption, Family::Redundancy]);
        let three = gate(&[Family::NoConsumption, Family::Redundancy, Family::Clock]);
        assert_eq!(case_band(30.0, &two, 5, false), Band::Look);
        assert_eq!(case_band(30.0, &gate(&[Family::Redundancy, Family::Clock]), 5, true), Band::Look);
        assert_eq!(case_band(8.0, &two, 5, true), Band::Review);
        assert_eq!(case_band(30.0, &two, 1, true), Band::Look);
        assert_eq!(case_band(30.0, &three, 1, true), Band::Review);
        assert_eq!(case_band(8.0, &gate(&[Family::Redundancy]), 5, true), Band::Note);
    }
}
