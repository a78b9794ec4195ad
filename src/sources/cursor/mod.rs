//! Cursor: the dashboard's usage CSV, and the usage events and daily usage of the admin API.
//!
//! Owns which of the three a file is. Rows are requests or sums that the vendor counted; both become aggregates and never events, since the same requests
//! may stand in other logs. Rules and their reasons stand in `README.md`.

mod api;
mod csv_export;
#[cfg(test)]
mod tests;

use super::{Description, Input, InputError, Probe, Reason, Sink, Source, Unit};
use crate::sources::money::micro_units;

/// Exports of Cursor.
pub struct Cursor;

/// The client name of every row.
const CLIENT: &str = "cursor";

impl Source for Cursor {
    fn name(&self) -> &'static str {
        "cursor"
    }

    fn description(&self) -> Description {
        Description {
            title: "Cursor usage exports",
            files: "the dashboard's usage CSV; pages of /teams/filtered-usage-events and /teams/daily-usage-data",
            tells: "usage and charge of each billed event with its person and model, seats by day with lines, requests and edits taken: \
                    into the table `aggregates`",
            cannot_tell: "prompts, tools, sessions, results; tokens of events that were included in the plan, in the API",
        }
    }

    fn recognises(&self, probe: &Probe<'_>) -> bool {
        probe.unit == Unit::File && (csv_export::recognises(probe.head) || api::recognises(probe.head))
    }

    fn read(&self, input: &Input, sink: &mut dyn Sink) -> Result<u64, InputError> {
        if csv_export::recognises(&input.head()?) { csv_export::read(input, sink) } else { api::read(input, sink) }
    }
}

/// What a cost cell says, in millionths of a dollar: null for words that stand for no charge of its own (`Included`, `Free`, `-`, `NaN`).
fn cost(text: &str) -> Result<Option<i64>, Reason> {
    let text = text.trim();
    let amount = text.strip_prefix('$').unwrap_or(text);
    if matches!(amount, "" | "-" | "NaN")
        || amount.eq_ignore_ascii_case("included")
        || amount.eq_ignore_ascii_case("free")
    {
        return Ok(None);
    }
    micro_units(&amount.replace(',', "")).map(Some)
}
