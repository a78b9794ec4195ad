//! The rows of signals: what each reading says, spoken or abstained, with the words of its model and those that scoring adds.
//!
//! Owns the passage from [`Reading`] to [`SignalRow`]; each reading leaves one row. Owns no numbers: they are [`weigh`](super::weigh)'s.

use serde_json::{Map, Value, json};

use super::Scored;
use super::calibrate::Calibration;
use super::evidence::{FLOOR_DB, decibans};
use super::input::{Family, Reading, Scope, number_of, numbered};
use super::rows::SignalRow;
use super::weigh::{Silence, Spoken, abstention, no_number, to_hundredths};

/// Rows of signals, made of readings as they come: those of one unit and signal one after the other, the first to count first.
pub struct SignalRows<'a> {
    scored: &'a Scored,
    /// Scope, unit and signal of the reading before.
    before: Option<(Scope, String, String)>,
}

impl<'a> SignalRows<'a> {
    /// Before the first row.
    pub fn new(scored: &'a Scored) -> Self {
        Self { scored, before: None }
    }

    /// The row of a reading, spoken or abstained.
    pub fn row(&mut self, reading: &Reading<'_>) -> SignalRow {
        let is_same = |(scope, unit_id, signal): &(Scope, String, String)| {
            (*scope, unit_id.as_str(), signal.as_str()) == (reading.scope, reading.unit_id, reading.signal)
        };
        let repeated = self.before.as_ref().is_some_and(is_same);
        if !repeated {
            self.before = Some((reading.scope, reading.unit_id.to_owned(), reading.signal.to_owned()));
        }
        self.scored.signal_row(reading, repeated)
    }
}

impl Scored {
    fn signal_row(&self, reading: &Reading<'_>, repeated: bool) -> SignalRow {
        let known = Family::of_signal(reading.signal);
        let mut row = SignalRow {
            scope: reading.scope.as_str().into(),
            unit_id: reading.unit_id.to_owned(),
            signal: known.map_or_else(|| reading.signal.to_owned().into(), |(signal, _)| signal.into()),
            family: known.map_or("", |(_, family)| family.as_str()).into(),
            value: reading.value.filter(|value| value.is_finite()),
            n: reading.n,
            status: "abstain".into(),
            discount: reading.discount,
            ..SignalRow::default()
        };
        let mut added = String::new();
        match self.verdict(reading, repeated) {
            Err(reason) => row.abstain_reason = Some(reason),
            Ok(spoken) => {
                let Spoken { calibration, weight_db, gated, unit, signal, .. } = spoken;
                added = format!(r#""calibration":{}"#, described(&calibration, self.units.stratum(unit)));
                let innocent = innocent(reading, &calibration, numbered(signal).1, gated);
                if !innocent.is_empty() {
                    added.push_str(&format!(r#","innocent":{}"#, Value::Object(innocent)));
                }
                row.status = "speak".into();
                row.p = Some(calibration.p);
                row.weight_db = Some(to_hundredths(weight_db));
            }
        }
        row.evidence = joined(reading.evidence, &added);
        row
    }

    /// What a reading says, or why it abstains.
    fn verdict(&self, reading: &Reading<'_>, repeated: bool) -> Result<Spoken, String> {
        let Some(unit) = self.units.find(reading.scope, reading.unit_id) else {
            let scope = reading.scope.as_str().replace('_', "-");
            return Err(format!("the {scope} is not among the units of this run"));
        };
        if let Some(reason) = abstention(reading, &self.units, unit) {
            return Err(reason.to_owned());
        }
        if repeated {
            return Err("a second reading of the same unit and signal".to_owned());
        }
        if let Some(reason) = no_number(reading.value, reading.discount, reading.exculpation_db) {
            return Err(reason.to_owned());
        }
        let heard = number_of(reading.signal).map_or(Err(None), |signal| self.weighed.verdict(unit, signal));
        heard.map_err(|why| why.map_or_else(|| "the reading was not heard".to_owned(), Silence::words))
    }
}

/// The model's JSON object with the members that scoring adds, joined as text: a run has millions of them. What is not an
/// object is kept as a string under `reading`.
fn joined(evidence: &str, added: &str) -> String {
    let text = evidence.trim();
    let is_object = text.starts_with('{') && serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok();
    let own = match text {
        "" => String::new(),
        object if is_object => object[1..object.len() - 1].trim().to_owned(),
        other => format!(r#""reading":{}"#, Value::from(other)),
    };
    let comma = if own.is_empty() || added.is_empty() { "" } else { "," };
    format!("{{{own}{comma}{added}}}")
}

/// What spoke for the person.
fn innocent(reading: &Reading<'_>, calibration: &Calibration, family: Family, gated: bool) -> Map<String, Value> {
    let mut facts = Map::new();
    if reading.discount < 1.0 {
        facts.insert("discount".into(), json!(reading.discount));
    }
    if let Some(most) = reading.most_db.filter(|most| *most < decibans(calibration.p).min(family.cap_db())) {
        facts.insert("most_db".into(), json!((most.max(FLOOR_DB) * 100.0).round() / 100.0));
    }
    if reading.exculpation_db < 0.0 {
        facts.insert("exculpation_db".into(), json!(reading.exculpation_db));
    }
    if gated {
        facts.insert("off_rhythm".into(), json!("weighs nothing: neither timer_regularity nor unattended_burn speaks"));
    }
    facts
}

/// The rung of the calibration ladder (signals.md section 3: R0, conformal false-alarm rate) and who the peers were.
fn described(calibration: &Calibration, stratum: &str) -> String {
    let reference = if calibration.pre_incentive { "before the first incentive" } else { "all weeks" };
    format!(
        r#"{{"rung":"R0","peers":"{}","stratum":{},"n_cal":{},"reference":"{reference}"}}"#,
        calibration.level,
        Value::from(stratum),
        calibration.n_cal,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evidence_stays_a_json_object() {
        for (evidence, expected) in [
            ("", r#"{"n":1}"#),
            (" {} ", r#"{"n":1}"#),
            (r#"{"a":"}"}"#, r#"{"a":"}","n":1}"#),
            (r#"{"a":"#, r#"{"reading":"{\"a\":","n":1}"#),
            ("[1]", r#"{"reading":"[1]","n":1}"#),
        ] {
            assert_eq!(joined(evidence, r#""n":1"#), expected);
            assert!(serde_json::from_str::<Map<String, Value>>(&joined(evidence, "")).is_ok());
        }
    }
}
