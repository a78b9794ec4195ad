//! The case file as one HTML page.
//!
//! Owns what the template asks for and the bars of the sum. Owns no words: they are those of the text.

use std::collections::BTreeSet;

use askama::Template;

use super::reading::number;
use super::{CaseFile, CaseReading, Exhibit, Origin, STYLE, cost_text, decibans, objection_row, score_text};
use crate::report::RenderError;
use crate::report::escape::{plain, plain_long};
use crate::report::html::style_hash;

/// One line of the sum, with its place in the chart.
struct Line {
    name: String,
    kind: &'static str,
    family: &'static str,
    decibans: String,
    x: String,
    width: String,
    sign: &'static str,
}

/// A speaking reading for the page.
struct Spoken {
    signal: String,
    value: String,
    n: i64,
    p: String,
    discount: String,
    weight: String,
    details: String,
}

/// The speaking readings of one unit of the case.
struct Group {
    /// `This week` or the exhibit with its number; empty where the case is one session.
    title: String,
    /// Session id of an exhibit, else empty.
    id: String,
    spoken: Vec<Spoken>,
}

/// A session of the week, in words: of the page, and of the text's line.
pub(super) struct Row {
    pub(super) number: usize,
    pub(super) id: String,
    pub(super) client: String,
    pub(super) prompts: i64,
    pub(super) cost: String,
    pub(super) outcome: String,
    pub(super) band: String,
    pub(super) score: String,
}

/// What a signal that spoke measures.
struct Word {
    signal: String,
    measures: String,
    innocent: String,
}

#[derive(Template)]
#[template(path = "case.html")]
struct Page {
    style_hash: String,
    unit: String,
    scope: &'static str,
    band: &'static str,
    score: String,
    facts: Vec<(&'static str, String)>,
    objection: String,
    reasons: Vec<String>,
    lines: Vec<Line>,
    total: String,
    exhibits: Vec<Row>,
    groups: Vec<Group>,
    words: Vec<Word>,
    findings: Vec<String>,
    links: Vec<String>,
    favour: Vec<String>,
    benign: Vec<String>,
    abstained: Vec<String>,
    would_change: Vec<String>,
    objection_row: String,
    origin: Origin,
}

/// Half of the width of a contribution's bar, in units of its drawing.
const HALF: f64 = 60.0;

impl CaseFile {
    /// The page: self-contained, without scripts, for one sheet of paper where the unit is no giant.
    ///
    /// # Errors
    /// [`RenderError`] when the template cannot be filled in, which no case causes.
    pub fn html(&self) -> Result<String, RenderError> {
        let explanation = &self.explanation;
        let page = Page {
            style_hash: style_hash(STYLE),
            unit: plain(&explanation.unit_id),
            scope: if explanation.scope == "session" { "Session" } else { "Person-week" },
            band: explanation.band.as_str(),
            score: score_text(explanation.score_db),
            facts: self.facts(),
            objection: self.objection.clone(),
            reasons: self.lines_of(&explanation.reasons),
            lines: self.drawn(),
            total: decibans(self.score_hundredths.unwrap_or(0)),
            exhibits: self.exhibit_rows(),
            groups: self.groups(),
            words: self.words(),
            findings: self.finding_lines(),
            links: self.link_lines(),
            favour: self.favour_lines(),
            benign: explanation.benign.iter().map(|line| (*line).to_owned()).collect(),
            abstained: self.abstained_lines(),
            would_change: self.lines_of(&explanation.would_change),
            objection_row: objection_row(&plain(&explanation.unit_id)),
            origin: self.origin.clone(),
        };
        Ok(page.render()?)
    }

    pub(super) fn exhibit_rows(&self) -> Vec<Row> {
        let row = |(place, exhibit): (usize, &Exhibit)| {
            let session = &exhibit.session;
            Row {
                number: place + 1,
                id: plain(&session.session_id),
                client: plain(&session.client),
                prompts: session.prompts,
                cost: cost_text(session.cost_micro_usd),
                outcome: plain(&session.outcome_link),
                band: exhibit.band_words(),
                score: score_text(session.score_db),
            }
        };
        self.exhibits.iter().enumerate().map(row).collect()
    }

    /// Readings by unit, in the order of the case.
    fn groups(&self) -> Vec<Group> {
        let mut groups: Vec<(&str, Group)> = Vec::new();
        for reading in self.spoken() {
            if groups.last().is_none_or(|(unit_id, _)| *unit_id != reading.unit_id) {
                let (title, id) = match self.exhibit_number(&reading.unit_id) {
                    Some(number) => (format!("Exhibit {number}"), plain(&reading.unit_id)),
                    None if self.exhibits.is_empty() => (String::new(), String::new()),
                    None => ("This week".to_owned(), String::new()),
                };
                groups.push((&reading.unit_id, Group { title, id, spoken: Vec::new() }));
            }
            if let Some((_, group)) = groups.last_mut() {
                group.spoken.push(Spoken::from(reading));
            }
        }
        groups.into_iter().map(|(_, group)| group).collect()
    }

    /// The catalogue's words for the signals that spoke, each once.
    fn words(&self) -> Vec<Word> {
        let mut names = BTreeSet::new();
        let first = self.spoken().filter(|reading| names.insert(reading.signal.as_str()));
        first
            .map(|reading| Word {
                signal: plain(&reading.signal).replace('_', " "),
                measures: plain_long(&reading.measures),
                innocent: plain_long(&reading.innocent),
            })
            .collect()
    }

    fn drawn(&self) -> Vec<Line> {
        let contributions = &self.explanation.contributions;
        let most = contributions.iter().map(|line| line.hundredths.abs()).max().unwrap_or(0).max(1) as f64;
        contributions
            .iter()
            .map(|line| {
                let width = HALF * line.hundredths.abs() as f64 / most;
                let x = if line.hundredths < 0 { HALF - width } else { HALF };
                Line {
                    name: line.name.replace('_', " "),
                    kind: line.kind,
                    family: line.family,
                    decibans: decibans(line.hundredths),
                    x: format!("{x:.2}"),
                    width: format!("{width:.2}"),
                    sign: if line.hundredths < 0 { "less" } else { "more" },
                }
            })
            .collect()
    }
}

impl From<&CaseReading> for Spoken {
    fn from(reading: &CaseReading) -> Self {
        Self {
            signal: plain(&reading.signal).replace('_', " "),
            value: number(reading.value, 3),
            n: reading.n,
            p: number(reading.p, 4),
            discount: format!("{:.2}", reading.discount),
            weight: number(reading.weight_db, 2),
            details: reading.details(),
        }
    }
}
