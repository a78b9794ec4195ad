//! Langfuse: observations, traces and scores as the blob export, the API and the user interface write them.
//!
//! Owns recognition, and that a file is read twice: which observations stand inside which is known before any of them counts ([`nesting`]). What a row means is
//! [`observation`]'s and [`usage`]'s, how rows are framed is [`crate::sources::exports`]'; rules and their reasons stand in `README.md`.

mod nesting;
mod observation;
mod parquet;
#[cfg(test)]
mod tests;
pub(super) mod usage;

use super::exports::{Row, first_columns, read_rows};
use super::{Description, Input, InputError, Position, Probe, Sink, Source, Unheard, Unit, Vantage};
use crate::fingerprint::Json;
use nesting::Nesting;

/// The source.
pub struct Langfuse;

/// With what a Parquet file begins.
const PARQUET: &[u8] = b"PAR1";

impl Source for Langfuse {
    fn name(&self) -> &'static str {
        "langfuse"
    }

    fn vantage(&self) -> Vantage {
        Vantage::Observability
    }

    fn description(&self) -> Description {
        Description {
            title: "Langfuse exports",
            files: "observations, traces and scores as lines of JSON, JSON lists, pages of the API, CSV (these also .gz, .zst) or Parquet",
            tells: "usage by kind, cost and model of each generation, account and session where the export has them, tool calls and results, prompts",
            cannot_tell: "who or what started a request, evaluators apart; the account of older exports, which stands in their traces; scores are not outcomes",
        }
    }

    fn recognises(&self, probe: &Probe<'_>) -> bool {
        if probe.unit != Unit::File {
            return false;
        }
        if probe.head.starts_with(PARQUET) {
            return parquet::is_export(probe.path);
        }
        let columns = first_columns(probe.head, observation::is_column);
        observation::is_export(&columns.iter().map(String::as_str).collect::<Vec<_>>())
    }

    fn read(&self, input: &Input, sink: &mut dyn Sink) -> Result<u64, InputError> {
        let mut nesting = Nesting::default();
        each_row(input, &mut Unheard, observation::is_link, |row, _| observation::learn(row, &mut nesting))?;
        nesting.resolve();
        each_row(input, sink, observation::is_column, |row, sink| observation::take(row, &nesting, sink))
    }
}

/// Hands over every row of a file, in whatever writing it is. `is_wanted` says which columns of Parquet are read.
fn each_row(
    input: &Input,
    sink: &mut dyn Sink,
    is_wanted: fn(&str) -> bool,
    mut take: impl FnMut(&Row<'_, '_>, &mut dyn Sink),
) -> Result<u64, InputError> {
    let mut hand_over = |fields: &Json<'_>, at: Position, sink: &mut dyn Sink| take(&Row { fields, at }, sink);
    if input.head()?.starts_with(PARQUET) {
        return parquet::read(input, sink, is_wanted, &mut hand_over);
    }
    read_rows(input, sink, observation::is_column, hand_over)
}
