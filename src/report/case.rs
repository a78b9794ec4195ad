//! The case file: everything there is to say about one session or person-week, as text, JSON and one HTML page.
//!
//! Owns the shape and the words around an explanation; the numbers are the score's. JSON is [`CaseFile`] itself, with ids as the
//! sources have them; in text and on the page every text has passed [`plain`](super::escape::plain).

mod page;

use std::fmt::Write as _;

use serde::Serialize;
use serde_json::Value;

use super::escape::{plain, plain_long};
use super::inputs::SignalEntry;
use super::quantities::MicroDollars;
use crate::score::explain::Explanation;
use crate::score::rows::{ActorWeekRow, AttributionRow, FindingRow, SessionRow, SessionSourceRow, SignalRow};

/// The style sheet of the pages about one unit or one person.
pub(super) const STYLE: &str = include_str!("templates/file.css");

/// One unit's evidence.
#[derive(Debug, Clone, Serialize)]
pub struct CaseFile {
    /// Contributions, abstentions, innocent explanations, what would change the band.
    pub explanation: Explanation,
    /// The score in hundredths of a deciban: exactly the sum of the contributions; null when insufficient.
    pub score_hundredths: Option<i64>,
    /// `open`, `accepted` or `rejected`; empty without an objection.
    pub objection: String,
    /// The session, when it is one.
    pub session: Option<SessionRow>,
    /// The person's week, when it is one.
    pub week: Option<ActorWeekRow>,
    /// What each signal read, spoken or abstained, by name.
    pub readings: Vec<CaseReading>,
    /// Observed facts, compared with nobody.
    pub findings: Vec<FindingRow>,
    /// What came of it.
    pub attribution: Vec<AttributionRow>,
    /// The sources that saw something of the session.
    pub sources: Vec<SessionSourceRow>,
    /// The account behind the pseudonym, only when it was asked for with a reason.
    pub account: Option<String>,
    /// Where the numbers come from.
    pub origin: Origin,
}

/// Where the numbers come from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Origin {
    /// Version of footlight.
    pub footlight_version: String,
    /// Hash of configuration and objections.
    pub policy_hash: String,
    /// The moment the scores speak for, RFC 3339; empty without data.
    pub as_of: String,
}

/// One signal's reading of the unit, with the words of the catalogue.
#[derive(Debug, Clone, Serialize)]
pub struct CaseReading {
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
    /// What was counted, as an object.
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
}

impl CaseFile {
    /// The same for a terminal.
    pub fn text(&self) -> String {
        let explanation = &self.explanation;
        let mut out = String::new();
        let _ = writeln!(out, "{} {}", explanation.scope, plain(&explanation.unit_id));
        if let Some(session) = &self.session {
            let _ = writeln!(
                out,
                "  {} · {} · team {} · {} · {} prompts, {} responses, {} tool calls",
                session.actor,
                plain(&session.client),
                plain(&session.team_id),
                session.iso_week,
                session.prompts,
                session.completions,
                session.tool_calls
            );
        }
        if !self.sources.is_empty() {
            let _ = writeln!(out, "  seen by {}", self.source_line());
        }
        if let Some(account) = &self.account {
            let _ = writeln!(out, "  account: {}", plain(account));
        }
        if !self.objection.is_empty() {
            let _ = writeln!(out, "  objection: {}", self.objection);
        }
        let _ = writeln!(
            out,
            "\nBand: {} ({} of theater-consistent evidence; a signal, not a verdict)",
            explanation.band,
            score_text(explanation.score_db)
        );
        section(&mut out, "Why", &self.lines_of(&explanation.reasons));
        if !explanation.contributions.is_empty() {
            let _ = writeln!(out, "\nHow it adds up");
            for part in &explanation.contributions {
                let _ = writeln!(out, "  {:>8} dB  {} {}", decibans(part.hundredths), part.name, part.kind);
            }
            let total: i64 = explanation.contributions.iter().map(|part| part.hundredths).sum();
            let _ = writeln!(out, "  {:>8} dB  in all", decibans(total));
        }
        section(&mut out, "What was counted, of the signals that speak", &self.counted_lines());
        if !self.findings.is_empty() {
            let _ = writeln!(out, "\nFacts, compared with nobody");
            for line in self.finding_lines() {
                let _ = writeln!(out, "  {line}");
            }
        }
        if !self.attribution.is_empty() {
            let _ = writeln!(out, "\nWhat came of it");
            for line in self.link_lines() {
                let _ = writeln!(out, "  {line}");
            }
        }
        section(&mut out, "Counted in favour", &self.favour_lines());
        section(&mut out, "Innocent patterns that look like this, commonest first", &explanation.benign);
        section(&mut out, "What could not be judged", &self.abstained_lines());
        section(&mut out, "What would change the band", &self.lines_of(&explanation.would_change));
        out
    }

    fn facts(&self) -> Vec<(&'static str, String)> {
        let mut facts = Vec::new();
        if let Some(session) = &self.session {
            facts.push(("Who", plain(&session.actor)));
            facts.push(("Client", plain(&session.client)));
            facts.push(("Started by", plain(&session.trigger)));
            facts.push(("Week", plain(&session.iso_week)));
            facts.push(("Prompts", session.prompts.to_string()));
            facts.push(("Responses", session.completions.to_string()));
            facts.push(("Tool calls", session.tool_calls.to_string()));
            facts.push(("Cost", cost_text(session.cost_micro_usd)));
            facts.push(("Outcome", plain(&session.outcome_link)));
        }
        if !self.sources.is_empty() {
            facts.push(("Seen by", self.source_line()));
        }
        if let Some(week) = &self.week {
            facts.push(("Who", plain(&week.actor)));
            facts.push(("Week", plain(&week.iso_week)));
            facts.push(("Sessions", week.sessions.to_string()));
            facts.push(("Prompts", week.prompts.to_string()));
            facts.push(("Cost", cost_text(week.cost_micro_usd)));
            facts.push(("Outcomes", week.outcomes.map_or_else(|| "not known".to_owned(), |count| count.to_string())));
        }
        if let Some(account) = &self.account {
            facts.push(("Account", plain(account)));
        }
        facts
    }

    /// Which sources saw the session, and under whose name its responses are counted.
    fn source_line(&self) -> String {
        let told = |row: &SessionSourceRow| {
            let (source, seen, counted) = (plain(&row.source), row.requests_seen, row.requests_counted);
            format!("{source} ({seen} responses, {counted} counted here)")
        };
        self.sources.iter().map(told).collect::<Vec<_>>().join(", ")
    }

    fn lines_of(&self, lines: &[String]) -> Vec<String> {
        lines.iter().map(|line| plain_long(line)).collect()
    }

    fn counted_lines(&self) -> Vec<String> {
        let spoken = self.readings.iter().filter(|reading| reading.status == "speak");
        spoken.map(|reading| format!("{}: {}", reading.signal, counted(&reading.evidence))).collect()
    }

    fn finding_lines(&self) -> Vec<String> {
        self.findings.iter().map(finding_line).collect()
    }

    fn link_lines(&self) -> Vec<String> {
        self.attribution
            .iter()
            .map(|link| {
                let (outcome, tier) = (plain(&link.outcome_id), plain(&link.tier));
                let (confidence, lines) = (link.confidence, link.lines_matched);
                format!("{outcome} by {tier} (confidence {confidence:.2}, {lines} lines)")
            })
            .collect()
    }

    fn favour_lines(&self) -> Vec<String> {
        self.explanation
            .innocent
            .iter()
            .map(|one| {
                let mut said = Vec::new();
                if one.discount < 1.0 {
                    said.push(format!("evidence times {:.2}", one.discount));
                }
                for (name, value) in one.evidence.as_object().into_iter().flatten() {
                    match (name.as_str(), value.as_f64()) {
                        ("discount", _) => {}
                        ("most_db", Some(most)) => {
                            said.push(format!(
                                "no more than {:.2} dB: the reading itself supports no more",
                                most.max(0.0)
                            ));
                        }
                        ("exculpation_db", Some(db)) => said.push(format!("{db:.2} dB for what came of the work")),
                        _ => said.push(plain_long(value.as_str().unwrap_or(&value.to_string()))),
                    }
                }
                format!("{}: {}", one.signal, said.join("; "))
            })
            .collect()
    }

    fn abstained_lines(&self) -> Vec<String> {
        let line = |one: &crate::score::explain::Abstention| format!("{}: {}", one.signal, plain_long(&one.reason));
        self.explanation.abstentions.iter().map(line).collect()
    }
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

/// A fact in words: why it was seen and what it may innocently be, where its evidence says so, else the evidence as it is.
pub(super) fn finding_line(finding: &FindingRow) -> String {
    let head = format!("{} × {}", finding.count, plain(&finding.finding).replace('_', " "));
    let evidence: Value = serde_json::from_str(&finding.evidence).unwrap_or_default();
    let Some(why) = evidence.get("why").and_then(Value::as_str) else {
        return format!("{head}: {}", plain_long(&finding.evidence));
    };
    let innocent: Vec<&str> =
        evidence.get("innocent").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    let innocent = if innocent.is_empty() { String::new() } else { format!(". It may be {}", innocent.join("; ")) };
    plain_long(&format!("{head}: {why}{innocent}"))
}

fn section(out: &mut String, title: &str, lines: &[impl AsRef<str>]) {
    if lines.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n{title}");
    for line in lines {
        let _ = writeln!(out, "  - {}", line.as_ref());
    }
}

/// Hundredths of a deciban with sign and two decimals, without a detour over floats.
pub(super) fn decibans(hundredths: i64) -> String {
    let sign = if hundredths < 0 { '-' } else { '+' };
    format!("{sign}{}.{:02}", hundredths.abs() / 100, hundredths.abs() % 100)
}

/// The row of `objections.csv` that would contest a unit.
pub(super) fn objection_row(unit: &str) -> String {
    let is_plain = !unit.contains([',', '"']);
    let unit = if is_plain { unit.to_owned() } else { format!("\"{}\"", unit.replace('"', "\"\"")) };
    format!("{unit},what was going on,YYYY-MM-DD,open")
}

pub(super) fn score_text(score_db: Option<f64>) -> String {
    score_db.map_or_else(|| "no score".to_owned(), |score| format!("{score:+.2} dB"))
}

pub(super) fn cost_text(cost_micro_usd: Option<i64>) -> String {
    cost_micro_usd.map_or_else(|| "not known".to_owned(), |cost| MicroDollars(cost).to_string())
}

#[cfg(test)]
pub(in crate::report) mod tests;
