//! The case file as one HTML page.
//!
//! Owns what the template asks for and the bars of the sum. Owns no words: they are those of the text.

use askama::Template;

use super::{CaseFile, CaseReading, Origin, STYLE, counted, decibans, objection_row, score_text};
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
    counted: String,
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
    spoken: Vec<Spoken>,
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
            spoken: self.readings.iter().filter(|reading| reading.status == "speak").map(Spoken::from).collect(),
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
        let number = |value: Option<f64>, decimals: usize| {
            value.map_or_else(|| "–".to_owned(), |value| format!("{value:.decimals$}"))
        };
        Self {
            signal: plain(&reading.signal).replace('_', " "),
            value: number(reading.value, 3),
            n: reading.n,
            p: number(reading.p, 4),
            discount: format!("{:.2}", reading.discount),
            weight: number(reading.weight_db, 2),
            counted: counted(&reading.evidence),
            measures: plain_long(&reading.measures),
            innocent: plain_long(&reading.innocent),
        }
    }
}
