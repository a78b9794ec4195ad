//! The report: one struct with every number, then one file per format.
//!
//! [`build`] turns [`Inputs`] (the rows that scoring and clustering wrote, and facts about the run) into a [`Report`]; `html`,
//! `markdown` and `summary` write it. Owns the headline sentences, the money split and the wording. Owns no query, no scoring and
//! no rule of what is published: every figure passes [`release`], which asks `privacy`. No output ranks people; tables are in the order
//! of names.

mod actions;
mod answer;
mod automation;
mod build;
pub mod case;
mod charts;
mod checks;
pub mod compare;
pub mod coverage;
pub mod escape;
mod figures;
#[cfg(test)]
mod fixture;
pub mod focus;
pub mod html;
#[cfg(test)]
mod injection;
pub mod inputs;
mod look_alikes;
mod machines;
pub mod markdown;
mod measuring;
mod method;
pub mod model;
mod money;
mod people;
mod quadrant;
pub mod quantities;
pub mod readings;
pub mod reconciliation;
pub mod release;
#[cfg(test)]
mod schema;
#[cfg(test)]
mod sections;
pub mod subject;
pub mod summary;
mod tables;
#[cfg(test)]
mod tests;
pub mod tidy;
mod views;

pub use build::{build, build_with_ledger, run as run_of};
pub use compare::compare;
pub use inputs::Inputs;
pub use method::names_query;
pub use model::Report;

/// Why a report could not be written.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// A page.
    #[error("a page of the report could not be filled in")]
    Template(#[from] askama::Error),
    /// The summary.
    #[error("the summary of the report could not be written as JSON")]
    Json(#[from] serde_json::Error),
    /// The tidy table.
    #[error("the table of figures could not be written as CSV")]
    Csv(#[from] csv::Error),
}

/// Every format with its file name below `OUT`. The caller writes the files, all or none.
///
/// # Errors
/// [`RenderError`], which no report causes.
pub fn render(report: &Report) -> Result<[(&'static str, String); 4], RenderError> {
    Ok([
        ("report.html", html::render(report)?),
        ("report.md", markdown::render(report)?),
        ("summary.json", summary::render(report)?),
        ("report.csv", tidy::render(report)?),
    ])
}
