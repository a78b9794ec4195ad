//! `report.md`: the same content for a pull request, a chat or a terminal.
//!
//! Owns the choice of template; every value passes the [`Markdown`](super::escape::Markdown) escaper on its way into it.

use askama::Template;

use super::RenderError;
use super::figures::GLOSSARY;
use super::model::Report;

#[derive(Template)]
#[template(path = "report.md")]
struct Page<'a> {
    report: &'a Report,
    glossary: [(&'static str, &'static str); 3],
}

/// Writes the page, with a line end.
///
/// # Errors
/// [`RenderError`] when the template cannot be filled in, which no report causes.
pub fn render(report: &Report) -> Result<String, RenderError> {
    let mut text = Page { report, glossary: GLOSSARY }.render()?;
    text.push('\n');
    Ok(text)
}
