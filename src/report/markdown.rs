//! `report.md`: the same content for a pull request, a chat or a terminal.
//!
//! Owns the choice of template; every value passes the [`Markdown`](super::escape::Markdown) escaper on its way into it, but for SQL, which
//! stands in a fence.

use askama::Template;
use askama::filters::Safe;

use super::RenderError;
use super::escape::fenced;
use super::figures::{BANDS, GLOSSARY};
use super::model::Report;

#[derive(Template)]
#[template(path = "report.md")]
struct Page<'a> {
    report: &'a Report,
    glossary: [(&'static str, &'static str); 3],
    bands: [(&'static str, &'static str); 5],
    /// What each question gives, and the question.
    questions: Vec<(&'static str, Safe<String>)>,
}

/// Writes the page, with a line end.
///
/// # Errors
/// [`RenderError`] when the template cannot be filled in, which no report causes.
pub fn render(report: &Report) -> Result<String, RenderError> {
    let asked = report.method.iter().filter(|entry| !entry.check.is_empty());
    let questions = asked.map(|entry| (entry.label, Safe(fenced("sql", &entry.check)))).collect();
    let mut text = Page { report, glossary: GLOSSARY, bands: BANDS, questions }.render()?;
    text.push('\n');
    Ok(text)
}
