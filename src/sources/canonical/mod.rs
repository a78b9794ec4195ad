//! The public interchange format of `schema.md`: events, outcomes and the roster as NDJSON, CSV or Parquet.
//!
//! Owns how a row of any of the three becomes a record, once for all of them ([`event`], [`outcome`], [`roster`]). Owns no
//! vocabulary, which is [`crate::events`], and no reading of rows, which is [`super::tabular`].

mod columns;
mod event;
mod outcome;
mod roster;
mod table;
#[cfg(test)]
mod tests;
mod written;

use super::input::plain_name;
use super::tabular::{Format, Layout, delimited, ndjson};
use super::{Description, Input, InputError, Probe, Sink, Source, Unit, Vantage};
use std::path::Path;

pub(super) use table::Table;

/// Files in the canonical format.
pub struct Canonical;

/// What the header of a CSV file lacks whose name is one of the canonical format, in words for whoever named it; null where the name is none, or nothing is missing.
/// The names that it has are not told: a file without a header begins with what is nobody's business.
pub fn lacking(probe: &Probe<'_>) -> Option<String> {
    let Some((table, Format::Csv)) = table::promised(probe.plain_name()) else { return None };
    let names = delimited::column_names(&table, probe.lines().next()?);
    let missing: Vec<&str> =
        table.landmarks().into_iter().filter(|wanted| !names.iter().any(|name| name == wanted)).collect();
    (!missing.is_empty())
        .then(|| format!("by its name it is a canonical file, and its header lacks {}", missing.join(", ")))
}

/// Lines that recognition looks at: one bad line must not hide a file.
const RECOGNISED_WITHIN: usize = 5;

impl Source for Canonical {
    fn name(&self) -> &'static str {
        "canonical"
    }

    fn vantage(&self) -> Vantage {
        Vantage::Export
    }

    fn description(&self) -> Description {
        Description {
            title: "Canonical records",
            files: "*.events.{ndjson,csv,parquet}, *.outcomes.{ndjson,csv,parquet}, roster.csv; NDJSON and CSV also .gz, .zst",
            tells: "everything that its writer put in: schema.md lists the fields",
            cannot_tell: "what its writer left out; every field but ts, session_id and kind may be null",
        }
    }

    fn recognises(&self, probe: &Probe<'_>) -> bool {
        let Some((table, format)) = table::promised(probe.plain_name()).filter(|_| probe.unit == Unit::File) else {
            return false;
        };
        // An export of nothing has nothing to judge by but its name.
        let is_empty = probe.lines().next().is_none();
        match format {
            Format::Ndjson => {
                is_empty || probe.lines().take(RECOGNISED_WITHIN).any(|line| ndjson::has_landmarks(&table, line))
            }
            Format::Csv => is_empty || probe.lines().next().is_some_and(|line| delimited::has_landmarks(&table, line)),
            Format::Parquet => probe.head.starts_with(b"PAR1"),
        }
    }

    /// A row means the same wherever it stands: NDJSON is read from where the last run stopped, CSV from there with its header, and a Parquet file
    /// never grows. But of the rows about one person those of the newest run hold, so a roster is read whole.
    fn reads_tail_alone(&self, path: &Path) -> bool {
        !matches!(table::promised(plain_name(path)), Some((Table::Roster, _)))
    }

    fn read(&self, input: &Input, sink: &mut dyn Sink) -> Result<u64, InputError> {
        match table::promised(plain_name(&input.path)) {
            Some((table, format)) => format.read(&table, input, sink),
            None => Err(InputError::Format {
                path: input.name.clone(),
                reason: super::Reason::UnknownFormat,
                error: "the name is none of the canonical format's".to_owned(),
            }),
        }
    }
}
