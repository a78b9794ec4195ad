//! The case file: everything there is to say about one session or person-week, as text, JSON and one HTML page.
//!
//! Owns the shape and the words around an explanation; the numbers are the score's. JSON is [`CaseFile`] itself, with ids as the
//! sources have them; in text and on the page every text has passed [`plain`](super::escape::plain). A person-week is a case, and its
//! sessions are its exhibits (signals.md section 3, step 7): in text and on the page they are numbered from 1.

mod page;
mod reading;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;
use serde_json::Value;

use super::escape::{plain, plain_long};
use super::quantities::MicroDollars;
use crate::score::explain::{Explanation, Innocent};
use crate::score::rows::{ActorWeekRow, AttributionRow, FindingRow, SessionRow, SessionSourceRow};

pub use reading::CaseReading;

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
    /// The sessions of the week, by their start; none for a session.
    pub exhibits: Vec<Exhibit>,
    /// What each signal read, spoken or abstained, by name: of the unit itself, then of each exhibit.
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

/// A session of the week that the case is about.
#[derive(Debug, Clone, Serialize)]
pub struct Exhibit {
    /// The row of `sessions`.
    pub session: SessionRow,
    /// How it was read; none when it was not scored.
    pub explanation: Option<Explanation>,
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
        section(&mut out, "Exhibits, the sessions of this week", &self.exhibit_lines());
        section(&mut out, "What was read, of the signals that speak", &self.reading_lines());
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
        if let Some(week) = &self.week {
            facts.push(("Who", plain(&week.actor)));
            facts.push(("Week", plain(&week.iso_week)));
            facts.push(("Sessions", week.sessions.to_string()));
            facts.push(("Prompts", week.prompts.to_string()));
            facts.push(("Cost", cost_text(week.cost_micro_usd)));
            facts.push(("Outcomes", week.outcomes.map_or_else(|| "not known".to_owned(), |count| count.to_string())));
        }
        if !self.sources.is_empty() {
            facts.push(("Seen by", self.source_line()));
        }
        if let Some(account) = &self.account {
            facts.push(("Account", plain(account)));
        }
        facts
    }

    /// Which sources saw the session or the exhibits, and under whose name their responses are counted.
    fn source_line(&self) -> String {
        let mut sums = BTreeMap::<&str, (i64, i64)>::new();
        for row in &self.sources {
            let (seen, counted) = sums.entry(&row.source).or_default();
            (*seen, *counted) = (*seen + row.requests_seen, *counted + row.requests_counted);
        }
        let told = |(source, (seen, counted))| format!("{} ({seen} responses, {counted} counted here)", plain(source));
        sums.into_iter().map(told).collect::<Vec<_>>().join(", ")
    }

    /// The number of an exhibit, from 1; none for the unit itself.
    fn exhibit_number(&self, unit_id: &str) -> Option<usize> {
        self.exhibits.iter().position(|one| one.session.session_id == unit_id).map(|place| place + 1)
    }

    /// What a line is about, to stand before it; empty for the unit itself.
    fn about(&self, unit_id: &str) -> String {
        self.exhibit_number(unit_id).map_or_else(String::new, |number| format!("exhibit {number}, "))
    }

    fn lines_of(&self, lines: &[String]) -> Vec<String> {
        lines.iter().map(|line| plain_long(line)).collect()
    }

    fn exhibit_lines(&self) -> Vec<String> {
        let line = |row: page::Row| {
            let page::Row { number, id, client, prompts, cost, outcome, band, score } = row;
            format!(
                "exhibit {number}: {id} · {client} · {prompts} prompts · {cost} · outcome {outcome} · {band}, {score}"
            )
        };
        self.exhibit_rows().into_iter().map(line).collect()
    }

    fn spoken(&self) -> impl Iterator<Item = &CaseReading> {
        self.readings.iter().filter(|reading| reading.status == "speak")
    }

    fn reading_lines(&self) -> Vec<String> {
        self.spoken().map(|reading| format!("{}{}", self.about(&reading.unit_id), reading.line())).collect()
    }

    fn finding_lines(&self) -> Vec<String> {
        self.findings.iter().map(|row| format!("{}{}", self.about(&row.session_id), finding_line(row))).collect()
    }

    fn link_lines(&self) -> Vec<String> {
        self.attribution
            .iter()
            .map(|link| {
                let (about, outcome, tier) = (self.about(&link.session_id), plain(&link.outcome_id), plain(&link.tier));
                let (confidence, lines) = (link.confidence, link.lines_matched);
                format!("{about}{outcome} by {tier} (confidence {confidence:.2}, {lines} lines)")
            })
            .collect()
    }

    /// The explanations of the unit and of its exhibits.
    fn explanations(&self) -> impl Iterator<Item = &Explanation> {
        let of_exhibits = self.exhibits.iter().filter_map(|one| one.explanation.as_ref());
        std::iter::once(&self.explanation).chain(of_exhibits)
    }

    fn favour_lines(&self) -> Vec<String> {
        let of_unit = |one: &Explanation| {
            let about = self.about(&one.unit_id);
            one.innocent.iter().map(|innocent| format!("{about}{}", favour_line(innocent))).collect::<Vec<_>>()
        };
        self.explanations().flat_map(of_unit).collect()
    }

    /// One line for each reason of each signal, with the exhibits that it holds for.
    fn abstained_lines(&self) -> Vec<String> {
        let mut reasons: Vec<(String, Vec<String>)> = Vec::new();
        for explanation in self.explanations() {
            let number = self.exhibit_number(&explanation.unit_id).map(|number| number.to_string());
            for one in &explanation.abstentions {
                let line = format!("{}: {}", plain(&one.signal), plain_long(&one.reason));
                match (
                    number.clone(),
                    reasons.iter_mut().find(|(known, numbers)| *known == line && !numbers.is_empty()),
                ) {
                    (Some(number), Some((_, numbers))) => numbers.push(number),
                    (number, _) => reasons.push((line, number.into_iter().collect())),
                }
            }
        }
        let said = |(line, numbers): (String, Vec<String>)| match numbers.as_slice() {
            [] => line,
            [only] => format!("{line} (exhibit {only})"),
            several => format!("{line} (exhibits {})", several.join(", ")),
        };
        reasons.into_iter().map(said).collect()
    }
}

impl Exhibit {
    /// The band, and what became of an objection.
    fn band_words(&self) -> String {
        let (band, objection) = (plain(&self.session.band), plain(&self.session.objection));
        if objection.is_empty() { band } else { format!("{band} (objection {objection})") }
    }
}

/// What spoke for the person in one reading.
fn favour_line(one: &Innocent) -> String {
    let mut said = Vec::new();
    if one.discount < 1.0 {
        let why = if one.why.is_empty() { String::new() } else { format!(": {}", plain_long(&one.why.join(", "))) };
        said.push(format!("evidence times {:.2}{why}", one.discount));
    }
    for (name, value) in one.evidence.as_object().into_iter().flatten() {
        match (name.as_str(), value.as_f64()) {
            ("discount", _) => {}
            ("most_db", Some(most)) => {
                said.push(format!("no more than {:.2} dB: the reading itself supports no more", most.max(0.0)));
            }
            ("exculpation_db", Some(db)) => said.push(format!("{db:.2} dB for what came of the work")),
            _ => said.push(plain_long(value.as_str().unwrap_or(&value.to_string()))),
        }
    }
    format!("{}: {}", plain(&one.signal), said.join("; "))
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
