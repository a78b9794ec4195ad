//! From readings to weighed signals: who abstains and why, what the others weigh after discounts and the off-rhythm gate.
//!
//! Owns the passage from [`Reading`] to [`SignalRow`]; each reading leaves one row, spoken or abstained. Owns no sums.

use rustc_hash::{FxHashMap, FxHashSet};
use serde_json::{Map, Value, json};

use super::calibrate::{Calibration, Point, calibrate};
use super::drift::{self, Drift, drift};
use super::evidence::{FLOOR_DB, Member, decibans, discounted};
use super::input::{Family, Observation, Reading, Scope, observation};
use super::people::{calibrate_habits, calibrate_people};
use super::rows::SignalRow;
use super::units::{Unit, Units};

/// Signals of a run, sorted by (scope, unit id, signal).
pub(super) struct Weighed {
    pub(super) rows: Vec<SignalRow>,
    /// Speaking signals of each unit; none for a session that signals compared with its peers and found nothing in.
    pub(super) members: FxHashMap<(Scope, String), Vec<Member>>,
    /// What is to be said about the calibration as a whole.
    pub(super) notes: Vec<String>,
}

/// What is known of a reading: its calibration once there is one, or why it abstains.
type Verdict = Result<Option<Calibration>, String>;

/// Positions and values of the speaking and the quiet readings of one signal.
type Heard = (Vec<usize>, Vec<Point>);

/// Calibrates and weighs every reading. `week_of` names the actor-week of a session.
pub(super) fn weigh(mut readings: Vec<Reading>, units: &Units, week_of: &FxHashMap<&str, String>) -> Weighed {
    readings.sort_by(|one, two| order(one).cmp(&order(two)).then_with(|| tie(one).cmp(&tie(two))));
    let mut verdicts: Vec<Verdict> = Vec::with_capacity(readings.len());
    for (index, reading) in readings.iter().enumerate() {
        let repeated = index > 0 && order(&readings[index - 1]) == order(reading);
        verdicts.push(match abstention(reading, units.get(reading.scope, &reading.unit_id), repeated) {
            Some(reason) => Err(reason),
            None => Ok(None),
        });
    }
    let mut looked = vec![false; readings.len()];
    let drifts = calibrate_by_signal(&readings, units, &mut verdicts, &mut looked);
    let open = off_rhythm_gate(&readings, &verdicts, week_of);
    let mut weighed = Weighed {
        rows: Vec::with_capacity(readings.len()),
        members: FxHashMap::default(),
        notes: drift::summary(&drifts).into_iter().collect(),
    };
    for ((reading, verdict), looked) in readings.into_iter().zip(verdicts).zip(looked) {
        let known = Family::of_signal(&reading.signal);
        let calibrated = match (verdict, known) {
            (Ok(Some(calibration)), Some(known)) => Ok((calibration, known)),
            (Ok(_), _) => Err("the signal has no family in the catalogue".to_owned()),
            (Err(reason), _) => Err(reason),
        };
        let mut row = SignalRow {
            scope: reading.scope.as_str().into(),
            unit_id: reading.unit_id.clone(),
            signal: known.map_or_else(|| reading.signal.clone(), |(signal, _)| signal.into()),
            family: known.map_or("", |(_, family)| family.as_str()).into(),
            value: reading.value.filter(|value| value.is_finite()),
            n: reading.n,
            status: "abstain".into(),
            discount: reading.discount,
            ..SignalRow::default()
        };
        let mut added = String::new();
        if reading.scope == Scope::Session && looked {
            weighed.members.entry((reading.scope, reading.unit_id.clone())).or_default();
        }
        match calibrated {
            Err(reason) => row.abstain_reason = Some(reason),
            Ok((calibration, (signal, family))) => {
                let mut weight_db = weight(&calibration, &reading);
                let gated = reading.signal == "off_rhythm" && weight_db > 0.0 && !open.contains(&reading.unit_id);
                if gated {
                    weight_db = 0.0;
                }
                let stratum = units.get(reading.scope, &reading.unit_id).map_or("", |unit| &unit.stratum_name);
                added = format!(r#""calibration":{}"#, described(&calibration, stratum));
                let innocent = innocent(&reading, &calibration, family, gated);
                if !innocent.is_empty() {
                    added.push_str(&format!(r#","innocent":{}"#, Value::Object(innocent)));
                }
                row.status = "speak".into();
                row.p = Some(calibration.p);
                row.weight_db = Some((weight_db * 100.0).round() / 100.0);
                let member = Member { signal, family, weight_db, exculpation_db: reading.exculpation_db.min(0.0) };
                weighed.members.entry((reading.scope, reading.unit_id)).or_default().push(member);
            }
        }
        row.evidence = joined(&reading.evidence, &added);
        weighed.rows.push(row);
    }
    weighed
}

/// Decibans of the p among peers, no more than the reading itself supports, after discounts.
fn weight(calibration: &Calibration, reading: &Reading) -> f64 {
    let most_db = reading.most_db.filter(|most| !most.is_nan()).map_or(f64::INFINITY, |most| most.max(FLOOR_DB));
    discounted(decibans(calibration.p).min(most_db), reading.discount)
}

fn order(reading: &Reading) -> (Scope, &str, &str) {
    (reading.scope, &reading.unit_id, &reading.signal)
}

/// Decides between readings that claim the same unit and signal, whatever order they came in.
fn tie(reading: &Reading) -> (bool, u64, i64, &str) {
    (!reading.speaks, reading.value.unwrap_or(f64::NEG_INFINITY).to_bits(), reading.n, &reading.evidence)
}

/// Why a reading abstains before calibration, if it does.
fn abstention(reading: &Reading, unit: Option<&Unit>, repeated: bool) -> Option<String> {
    let Some(unit) = unit else {
        return Some(format!("the {} is not among the units of this run", reading.scope.as_str().replace('_', "-")));
    };
    if !reading.speaks {
        return Some(reading.abstain_reason.clone().unwrap_or_else(|| "the model gave no reason".to_owned()));
    }
    if unit.taken_out {
        return Some("an accepted objection: leaves the scores".to_owned());
    }
    if !unit.in_person_scope {
        return Some("declared automation: leaves the person scopes".to_owned());
    }
    if Family::of_signal(&reading.signal).is_none() {
        return Some("the signal has no family in the catalogue".to_owned());
    }
    if repeated {
        return Some("a second reading of the same unit and signal".to_owned());
    }
    if !reading.value.is_some_and(f64::is_finite) {
        return Some("the reading has no finite value".to_owned());
    }
    if !reading.discount.is_finite() || !reading.exculpation_db.is_finite() {
        return Some("discount or exculpation is not a finite number".to_owned());
    }
    None
}

/// Readings of one signal calibrate each other, and no others. A signal whose reference has drifted abstains everywhere. `looked` is set where a
/// signal found nothing in a unit that has enough peers: where it has too few, finding nothing says nothing.
fn calibrate_by_signal(
    readings: &[Reading],
    units: &Units,
    verdicts: &mut [Verdict],
    looked: &mut [bool],
) -> Vec<Drift> {
    let mut by_signal: FxHashMap<(Scope, &str), Heard> = FxHashMap::default();
    for (index, reading) in readings.iter().enumerate() {
        let unit = units.get(reading.scope, &reading.unit_id);
        let quiet = is_quiet(reading, unit);
        if let (true, Some(unit), Some(value)) = (quiet || verdicts[index].is_ok(), unit, reading.value) {
            let (indexes, points) = by_signal.entry((reading.scope, &reading.signal)).or_default();
            indexes.push(index);
            points.push(unit.point(value, quiet));
        }
    }
    let mut drifts = Vec::with_capacity(by_signal.len());
    for ((_, signal), (indexes, points)) in by_signal {
        let results = match observation(signal) {
            Observation::Unit => calibrate(&points),
            Observation::Habit => calibrate_habits(&points),
            Observation::Person => calibrate_people(&points),
        };
        let drift = drift(&points, &results);
        drifts.push(drift);
        for ((index, result), point) in indexes.into_iter().zip(results).zip(&points) {
            if point.quiet {
                looked[index] = result.is_ok() && !matches!(drift, Drift::Refused { .. });
                continue;
            }
            verdicts[index] = match (drift, result) {
                (Drift::Refused { p, independent }, Ok(_)) => Err(format!(
                    "calibration: small p-values are too common in the clean weeks (Kolmogorov-Smirnov p = {p:.4}, {independent} \
                     independent readings): the reference has drifted"
                )),
                (_, result) => result.map(Some).map_err(|too_few| too_few.to_string()),
            };
        }
    }
    drifts
}

/// Whether the signal looked at the unit and found nothing: it abstains with a value, the least that it can have.
fn is_quiet(reading: &Reading, unit: Option<&Unit>) -> bool {
    !reading.speaks && reading.value.is_some_and(f64::is_finite) && unit.is_some_and(|unit| unit.in_person_scope)
}

/// Actor-weeks in which the machine clock or an unattended run speaks with positive evidence: only there may off-rhythm
/// activity weigh against a person (signals.md S9; night work is never evidence alone).
fn off_rhythm_gate(readings: &[Reading], verdicts: &[Verdict], week_of: &FxHashMap<&str, String>) -> FxHashSet<String> {
    let speaks_against = |reading: &Reading, verdict: &Verdict| matches!(verdict, Ok(Some(calibration)) if weight(calibration, reading) > 0.0);
    readings
        .iter()
        .zip(verdicts)
        .filter(|(reading, verdict)| {
            matches!(reading.signal.as_ref(), "timer_regularity" | "unattended_burn")
                && speaks_against(reading, verdict)
        })
        .filter_map(|(reading, _)| match reading.scope {
            Scope::ActorWeek => Some(reading.unit_id.clone()),
            Scope::Session => week_of.get(reading.unit_id.as_str()).cloned(),
        })
        .collect()
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
fn innocent(reading: &Reading, calibration: &Calibration, family: Family, gated: bool) -> Map<String, Value> {
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
