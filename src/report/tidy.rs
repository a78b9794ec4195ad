//! `report.csv`: every figure of the report as one row, for spreadsheets and notebooks.
//!
//! Owns the columns and which figure stands under which id: `id, view, cell, unit, value, low, high, n, suppressed`. A value is
//! written as in `summary.json`: money in integer micro-dollars, shares as fractions with four decimals, empty when unknown or
//! suppressed. Owns no prose and no number.
//!
//! A text that a spreadsheet would take for a formula gets an apostrophe before it (OWASP, CSV injection).

use serde::Serialize;

use super::RenderError;
use super::model::Report;
use super::quantities::Count;
use crate::privacy::csv_text;

mod views;

/// One row, texts as they are written.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Row {
    /// What is counted; the same ids as in `summary.json` where it has them.
    pub id: String,
    /// Section of the page.
    pub view: &'static str,
    /// Which week, team, part, signal, ...; empty for the organisation.
    pub cell: String,
    /// `micro_usd`, `tokens`, `share`, `people`, `count`, `probability`, `tau`, ...; of a population test its own, `estimate` where it has none.
    pub unit: String,
    /// Value.
    pub value: String,
    /// Lower end of its interval.
    pub low: String,
    /// Upper end.
    pub high: String,
    /// Observations behind it.
    pub n: String,
    /// True when there is a value that may not be shown.
    pub suppressed: bool,
}

/// Every figure in the order of the page, as it is.
pub fn rows(report: &Report) -> Vec<Row> {
    views::rows(report)
}

/// Writes the table with a header, in the order of the page.
///
/// # Errors
/// [`RenderError`] when a number cannot be written, which no report holds.
pub fn render(report: &Report) -> Result<String, RenderError> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for mut row in views::rows(report) {
        row.cell = harmless(&row.cell);
        row.id = harmless(&row.id);
        row.unit = harmless(&row.unit);
        writer.serialize(row)?;
    }
    let bytes = writer.into_inner().map_err(|error| csv::Error::from(error.into_error()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// No spreadsheet runs it: as every other CSV, and `|` and `%`, with which a call of another program may begin.
fn harmless(text: &str) -> String {
    if text.trim_start().starts_with(['|', '%']) { format!("'{text}") } else { csv_text(text) }
}

/// A number as `summary.json` has it; empty when missing.
fn written(value: impl Serialize) -> String {
    match serde_json::to_string(&value) {
        Ok(text) if text != "null" => text,
        _ => String::new(),
    }
}

/// The rows of one view.
struct View {
    name: &'static str,
    rows: Vec<Row>,
}

impl View {
    fn new(name: &'static str) -> Self {
        Self { name, rows: Vec::new() }
    }

    /// Adds a value; `suppressed` when it is missing because it may not be shown.
    fn add(&mut self, id: &str, cell: &str, unit: &str, value: impl Serialize, suppressed: bool) -> &mut Row {
        let value = written(value);
        self.rows.push(Row {
            id: id.to_owned(),
            view: self.name,
            cell: cell.to_owned(),
            unit: unit.to_owned(),
            suppressed: suppressed && value.is_empty(),
            value,
            ..Row::default()
        });
        let last = self.rows.len() - 1;
        &mut self.rows[last]
    }
}

impl Row {
    fn between(&mut self, low: impl Serialize, high: impl Serialize) -> &mut Self {
        (self.low, self.high) = (written(low), written(high));
        self
    }

    fn of(&mut self, n: Count) -> &mut Self {
        self.n = written(n);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::model::Quantity;
    use crate::report::quantities::{Estimate, Maybe, Share};

    #[test]
    fn no_spreadsheet_runs_a_name() {
        for text in ["=cmd|'/c calc'!A0", "+1", "-1", "@SUM(A1)", "\t=1", " =1", "＝1", "﹦1", "−1", "|x"] {
            assert!(harmless(text).starts_with('\''), "{text}");
        }
        assert_eq!(harmless("2026-W07"), "2026-W07");
    }

    #[test]
    fn numbers_are_those_of_the_summary() {
        assert_eq!(written(Maybe(Some(Estimate(0.123_456)))), "0.1235");
        assert_eq!(written(Quantity::Count(Count(7))), "7");
        assert_eq!(written(None::<Share>), "");
    }
}
