//! Why a unit has its band: contributions, discounts, abstentions, innocent explanations, what would change it.
//!
//! Owns the words of an explanation. Owns no numbers of its own: all are the score's.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value};

use super::band::{Band, Gate};
use super::evidence::{Contribution, FIRST_KEYS, Member, add_up, as_decibans};
use super::input::{Family, Scope};
use super::pool::FALSE_DISCOVERY_RATE;
use super::rows::SignalRow;
use super::{UnitScore, band};

/// Everything there is to say about one unit's score.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Explanation {
    /// `session` or `actor_week`.
    pub scope: &'static str,
    /// Session id, or `actor/2026-W07`.
    pub unit_id: String,
    /// Evidence in decibans, null when insufficient.
    pub score_db: Option<f64>,
    /// Band.
    pub band: Band,
    /// Why the band is what it is.
    pub reasons: Vec<String>,
    /// What adds up to the score, largest first.
    pub contributions: Vec<Contribution>,
    /// Signals whose suspicion was discounted or exculpated, with the factors.
    pub innocent: Vec<Innocent>,
    /// Signals that had nothing to say, and why.
    pub abstentions: Vec<Abstention>,
    /// Innocent patterns that look like what was seen, commonest first.
    pub benign: Vec<&'static str>,
    /// What the score would be without each positive contribution, and what a higher band would take.
    pub would_change: Vec<String>,
}

/// A signal whose suspicion was reduced.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Innocent {
    /// Signal.
    pub signal: String,
    /// Factor on positive evidence, 1 when none.
    pub discount: f64,
    /// What the model says of each discount: why, its factor and what it counted.
    pub why: Vec<String>,
    /// The facts, as the model and scoring recorded them.
    pub evidence: Value,
}

/// A signal without a voice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Abstention {
    /// Signal.
    pub signal: String,
    /// Why.
    pub reason: String,
}

/// Explains one unit from its score and the rows of its signals.
pub fn explain(scope: Scope, score: &UnitScore, rows: &[SignalRow]) -> Explanation {
    let (mut innocent, mut abstentions) = (Vec::new(), Vec::new());
    for row in rows {
        if let Some(reason) = &row.abstain_reason {
            abstentions.push(Abstention { signal: row.signal.to_string(), reason: reason.clone() });
        } else if let Some(evidence) = evidence_of(row)
            && let Some(facts) = evidence.get("innocent")
        {
            let (signal, discount, why) = (row.signal.to_string(), row.discount, discount_words(&evidence));
            innocent.push(Innocent { signal, discount, why, evidence: facts.clone() });
        }
    }
    let mut contributions = score.contributions.clone();
    contributions.sort_by_key(|line| std::cmp::Reverse(line.hundredths));
    let positive = contributions.iter().filter(|line| line.kind == "signal" && line.hundredths > 0);
    let benign = positive.flat_map(|line| benign(line.name)).copied().collect();
    Explanation {
        scope: scope.as_str(),
        unit_id: score.unit_id.clone(),
        score_db: score.score_db(),
        band: score.band,
        reasons: score.reasons.clone(),
        would_change: would_change(scope, score, &contributions, rows),
        contributions,
        innocent,
        abstentions,
        benign,
    }
}

/// The evidence of a row, when it is an object.
fn evidence_of(row: &SignalRow) -> Option<Map<String, Value>> {
    serde_json::from_str(&row.evidence).ok()
}

/// What a model says of each discount, such as `on call (times 0.20)`.
fn discount_words(evidence: &Map<String, Value>) -> Vec<String> {
    let discounts = evidence.get("discounts").and_then(Value::as_array).into_iter().flatten();
    discounts
        .filter_map(|discount| {
            let facts = discount.as_object()?;
            let (why, factor) = (facts.get("why")?.as_str()?, facts.get("factor")?.as_f64()?);
            let counted = facts.iter().filter(|(name, value)| *name != "factor" && value.is_number());
            let counted: String =
                counted.map(|(name, value)| format!(", {} {value}", name.replace('_', " "))).collect();
            Some(format!("{why} (times {factor:.2}{counted})"))
        })
        .collect()
}

/// The speaking signals of a unit, from its rows.
fn members(rows: &[SignalRow]) -> Vec<Member> {
    let member = |row: &SignalRow| {
        let (signal, family) = Family::of_signal(&row.signal)?;
        let weight_db = row.weight_db?;
        let exculpation_db = evidence_of(row)
            .and_then(|evidence| evidence.get("innocent")?.get("exculpation_db")?.as_f64())
            .unwrap_or(0.0);
        Some(Member { signal, family, weight_db, exculpation_db })
    };
    rows.iter().filter_map(member).collect()
}

/// What unused output found and what it counts, when that is less ([`evidence::limit_second_key`](super::evidence)).
pub(super) fn limited_reason(families: &BTreeMap<Family, f64>, contributions: &[Contribution]) -> Option<String> {
    let found = families.get(&Family::NoConsumption).copied().unwrap_or(0.0);
    let counted = as_decibans(of_family(contributions, Family::NoConsumption));
    (found > counted + 0.005).then(|| {
        format!(
            "unused output by itself is how a quarter of honest sessions end: of {found:.2} dB it counts {counted:.2}, no more than the \
             strongest of repetition, loops, clock and incentive beside it"
        )
    })
}

/// Hundredths of a deciban that the signals of a family contribute.
fn of_family(contributions: &[Contribution], family: Family) -> i64 {
    contributions
        .iter()
        .filter(|line| line.kind == "signal" && line.family == family.as_str())
        .map(|line| line.hundredths)
        .sum()
}

/// Hundredths of a deciban that unused output loses when `line` is taken away: it counts no more than the strongest first key that remains.
fn unused_lost(contributions: &[Contribution], line: &Contribution) -> i64 {
    if line.family == Family::NoConsumption.as_str() {
        return 0;
    }
    let without: Vec<Contribution> = contributions.iter().filter(|other| *other != line).cloned().collect();
    let first = FIRST_KEYS.iter().map(|family| of_family(&without, *family)).fold(0, i64::max);
    (of_family(contributions, Family::NoConsumption) - first).max(0)
}

/// Counterfactuals. A session is added up again without what a signal found, since another of its family may take its place; what speaks for the
/// person stays. Of a week only the sum is at hand, and additive evidence makes it a subtraction.
fn would_change(scope: Scope, score: &UnitScore, contributions: &[Contribution], rows: &[SignalRow]) -> Vec<String> {
    let Some(total) = score.hundredths else {
        return Vec::new();
    };
    let members = members(rows);
    let mut lines: Vec<String> = contributions
        .iter()
        .filter(|line| line.kind == "signal" && line.hundredths > 0)
        .map(|line| match scope {
            Scope::Session => {
                let mut members = members.clone();
                members.iter_mut().filter(|one| one.signal == line.name).for_each(|one| one.weight_db = 0.0);
                let rest = add_up(&members);
                let decibans = as_decibans(rest.hundredths);
                let band = band::session_band(decibans, &Gate::of(&rest.families));
                format!("without {}: {decibans:.2} dB, {band}", line.name)
            }
            Scope::ActorWeek => {
                let rest = as_decibans(total - line.hundredths - unused_lost(contributions, line));
                format!("without {}: {rest:.2} dB, if nothing else of its family stood in its place", line.name)
            }
        })
        .collect();
    if !Gate::of(&score.families).passes() && score.band > Band::None {
        lines.push(
            "review would take two kinds of evidence: nobody used the result or an incentive was followed, and effort was \
             repeated, burnt or clocked"
                .to_owned(),
        );
    }
    lines
}

/// What the second calibration and the gate said of a week.
pub(super) fn week_reasons(
    p: f64,
    n_cal: usize,
    bin: &str,
    clean_reference: bool,
    rejected: bool,
    batch: usize,
    gate: &Gate,
) -> Vec<String> {
    let when = if clean_reference { "before the first incentive" } else { "of all weeks" };
    let mut reasons = vec![format!("second calibration: p = {p:.4} among {n_cal} actor-weeks of {bin}, {when}")];
    if batch == 0 {
        reasons.push("the week lies before the first incentive and belongs to the reference: not tested".to_owned());
        return reasons;
    }
    let outcome = if rejected { "survives" } else { "does not survive" };
    reasons.push(format!("{outcome} Benjamini-Hochberg at q = {FALSE_DISCOVERY_RATE} among {batch} weeks tested"));
    if !clean_reference {
        reasons.push(
            "no reference from before an incentive: the weeks under test are their own reference, so review is practically \
             out of reach"
                .to_owned(),
        );
    } else if !rejected && 1.0 / (n_cal as f64 + 1.0) > FALSE_DISCOVERY_RATE / batch as f64 {
        reasons.push(format!(
            "a reference of {n_cal} cannot single out one week among {batch}: several would have to stand out together"
        ));
    }
    let keys: Vec<&str> = gate.keys.iter().copied().map(Family::as_str).collect();
    let verdict = if gate.passes() { "passes" } else { "does not pass" };
    reasons.push(format!(
        "the two-key gate {verdict}: {}",
        if keys.is_empty() { "no key".into() } else { keys.join(", ") }
    ));
    reasons
}

/// Why a week that could not be tested is not in review.
pub(super) fn untested_reasons(why: &str) -> Vec<String> {
    vec![why.to_owned(), "too few weeks of other people to test this one: it reaches look at most".to_owned()]
}

/// Innocent patterns that a signal or a population test also shows, from the look-alikes of signals.md section 2; commonest first, by judgement.
pub fn benign(signal: &str) -> &'static [&'static str] {
    match signal {
        "prompt_repetition" => &[
            "a hand-off or ticket template",
            "the same prompt compared across models",
            "retries after an error",
            "teaching or practice",
        ],
        "context_padding" => &["logs, specifications or tables pasted to be read", "few-shot examples"],
        "low_output_novelty" => &["whole-file rewrites", "generated code", "recurring reports or translations"],
        "loop_no_progress" => &[
            "waiting for a build",
            "edit and test cycles",
            "a flaky test run again",
            "queries or measurements whose results differ in numbers alone",
            "an agent fault",
        ],
        "unattended_burn" => {
            &["a migration or batch left to run overnight", "results that went to a place not in the data"]
        }
        "orphan_output" => &[
            "a spike, a review or debugging",
            "learning",
            "work in a repository not in the data",
            "a squashed or rebased commit",
            "a colleague committed it",
        ],
        "timer_regularity" => {
            &["a schedule nobody declared", "stand-ups and other fixed meetings", "a keep-alive of the client"]
        }
        "off_rhythm" => &["travel or another time zone", "on-call", "care at home"],
        "threshold_hugging" => &["a plan cap or rate limit", "a fixed recurring job", "part-time work"],
        "deadline_burst" => &["the end of a sprint, release or month"],
        "rank_chasing" => &["a new project", "an unusually quiet week before"],
        "model_overkill" => &["the client's default model", "a flat-price plan"],
        "quota_bunching" => &["round numbers", "a plan cap or rate limit", "a quota set where people already were"],
        "incentive_break" => &["a release or a season at the same time", "new people, tools or models since the date"],
        "metric_decoupling" => {
            &["other work than before: longer tasks, migrations, support", "outcomes that come later or land elsewhere"]
        }
        "shared_burner_template" => &["a hand-off template that a team agreed on", "a workshop or a course"],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A session of these readings: signal, decibans, exculpation and the discounts as the model wrote them.
    fn session(readings: &[(&'static str, f64, f64, &str)]) -> Explanation {
        let rows: Vec<SignalRow> = readings
            .iter()
            .map(|(signal, weight_db, exculpation_db, discounts)| {
                let exculpation = format!(r#""exculpation_db":{exculpation_db:?}"#);
                SignalRow {
                    signal: (*signal).into(),
                    weight_db: Some(*weight_db),
                    discount: 0.5,
                    evidence: format!(r#"{{"discounts":[{discounts}],"innocent":{{{exculpation}}}}}"#),
                    ..SignalRow::default()
                }
            })
            .collect();
        let evidence = add_up(&members(&rows));
        let score = UnitScore {
            unit_id: "s-1".into(),
            actor: "a-1".into(),
            iso_week: "2026-W10".into(),
            hundredths: Some(evidence.hundredths),
            band: band::session_band(as_decibans(evidence.hundredths), &Gate::of(&evidence.families)),
            contributions: evidence.contributions,
            families: evidence.families,
            sessions: 1,
            reasons: Vec::new(),
            objection: None,
        };
        explain(Scope::Session, &score, &rows)
    }

    #[test]
    fn another_signal_of_the_family_takes_the_place_of_the_one_left_out() {
        let explanation = session(&[
            ("prompt_repetition", 9.0, 0.0, ""),
            ("low_output_novelty", 8.5, 0.0, ""),
            ("orphan_output", 8.0, 0.0, ""),
        ]);
        assert_eq!((explanation.score_db, explanation.band), (Some(17.0), Band::Look));
        assert_eq!(
            explanation.would_change,
            ["without prompt_repetition: 16.50 dB, look", "without orphan_output: 9.00 dB, note"]
        );
    }

    #[test]
    fn what_speaks_for_the_person_stays_when_a_signal_is_left_out() {
        let explanation = session(&[("prompt_repetition", 9.0, 0.0, ""), ("orphan_output", 8.0, -2.0, "")]);
        assert_eq!(explanation.score_db, Some(15.0));
        assert_eq!(
            explanation.would_change,
            ["without prompt_repetition: -2.00 dB, none", "without orphan_output: 7.00 dB, note"]
        );
    }

    #[test]
    fn discounts_say_why() {
        let discounts = r#"{"why":"on call","factor":0.2},{"why":"one-off loop","factor":0.25,"loop_sessions":1}"#;
        let explanation = session(&[("loop_no_progress", 9.0, 0.0, discounts)]);
        assert_eq!(explanation.innocent[0].why, ["on call (times 0.20)", "one-off loop (times 0.25, loop sessions 1)"]);
    }
}
