//! One signal's reading of one unit, as files about units and persons have it.
//!
//! Owns the shape and its words: value, n, p, whom it was compared with and what was counted. Owns no numbers.

use serde::Serialize;
use serde_json::Value;

use crate::report::escape::{plain, plain_long};
use crate::report::inputs::SignalEntry;
use crate::score::rows::SignalRow;

/// One signal's reading of a unit, with the words of the catalogue.
#[derive(Debug, Clone, Serialize)]
pub struct CaseReading {
    /// Session id, or `pseudonym/2026-W07`.
    pub unit_id: String,
    /// Signal.
    pub signal: String,
    /// Family.
    pub family: String,
    /// `speak` or `abstain`.
    pub status: String,
    /// Why it abstains.
    pub abstain_reason: Option<String>,
    /// In the signal's own unit.
    pub value: Option<f64>,
    /// Observations.
    pub n: i64,
    /// Conformal p.
    pub p: Option<f64>,
    /// Decibans after discounts.
    pub weight_db: Option<f64>,
    /// Factor on positive evidence, 1 when none.
    pub discount: f64,
    /// What was counted, as an object; `calibration` says whom it was compared with, `discounts` what explains it.
    pub evidence: Value,
    /// What the signal measures.
    pub measures: String,
    /// When a high reading is innocent.
    pub innocent: String,
}

impl CaseReading {
    /// A row of the signals table with the words of the catalogue.
    pub fn new(row: &SignalRow, catalogue: &[SignalEntry]) -> Self {
        let entry = catalogue.iter().find(|entry| entry.name == row.signal);
        Self {
            unit_id: row.unit_id.clone(),
            signal: row.signal.to_string(),
            family: row.family.to_string(),
            status: row.status.to_string(),
            abstain_reason: row.abstain_reason.clone(),
            value: row.value,
            n: row.n,
            p: row.p,
            weight_db: row.weight_db,
            discount: row.discount,
            evidence: serde_json::from_str(&row.evidence).unwrap_or_else(|_| Value::String(row.evidence.clone())),
            measures: entry.map_or_else(String::new, |entry| entry.measures.clone()),
            innocent: entry.map_or_else(String::new, |entry| entry.innocent.clone()),
        }
    }

    /// The reading on one line: its numbers, whom it was compared with, what was counted.
    pub(in crate::report) fn line(&self) -> String {
        let (signal, n) = (plain(&self.signal).replace('_', " "), self.n);
        let (value, p, decibans) = (number(self.value, 3), number(self.p, 4), number(self.weight_db, 2));
        let details = self.details();
        let discount = self.discount;
        let numbers = format!("{signal}: value {value}, n {n}, p {p}, discount {discount:.2}, {decibans} dB");
        if details.is_empty() { numbers } else { format!("{numbers}; {details}") }
    }

    /// Whom it was compared with and what was counted; empty when neither is known.
    pub(super) fn details(&self) -> String {
        let counted = counted(&self.evidence);
        let counted = if counted.is_empty() { None } else { Some(format!("counted {counted}")) };
        compared(&self.evidence).into_iter().chain(counted).collect::<Vec<_>>().join("; ")
    }
}

/// A number with so many decimals, or a dash.
pub(super) fn number(value: Option<f64>, decimals: usize) -> String {
    value.map_or_else(|| "–".to_owned(), |value| format!("{value:.decimals$}"))
}

/// The stratum of the unit, and among how many readings of which peers p is a rank, as scoring wrote it.
fn compared(evidence: &Value) -> Option<String> {
    let calibration = evidence.get("calibration")?;
    let word = |name: &str| calibration.get(name).and_then(Value::as_str).map(plain).unwrap_or_default();
    let (stratum, peers, reference, rung) = (word("stratum"), word("peers"), word("reference"), word("rung"));
    let n_cal = calibration.get("n_cal")?.as_u64()?;
    Some(format!("stratum {stratum}; p among {n_cal} readings ({peers}, {reference}, rung {rung})"))
}

/// What a reading counted, by the names that its model gives it. What scoring added (calibration, discounts) is an object or a list, and is said elsewhere.
fn counted(evidence: &Value) -> String {
    let members = evidence.as_object().into_iter().flatten();
    let said = members.filter_map(|(name, value)| {
        let value = match value {
            Value::Number(number) => number.to_string(),
            Value::Bool(yes) => (if *yes { "yes" } else { "no" }).to_owned(),
            Value::String(text) if !text.is_empty() => plain_long(text),
            _ => return None,
        };
        Some(format!("{} {value}", plain(name).replace('_', " ")))
    });
    said.collect::<Vec<_>>().join(", ")
}
