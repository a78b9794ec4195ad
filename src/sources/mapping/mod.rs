//! Tables that somebody declared: `[[mapping]]` of footlight.toml says which columns of an export are which canonical fields, so that a new CSV,
//! NDJSON or Parquet export is data and not code. The mappings of trackers that everybody has ([`super::linear`], [`super::jira`]) are
//! data in the same language, embedded in the binary.
//!
//! Owns the language ([`written`]) and how a row is turned ([`fields`]). Owns no reading of rows, which is [`super::tabular`], and no canonical
//! fields, which are [`super::canonical`]'s: what a mapping makes goes through the same checks as a canonical file.

mod fields;
#[cfg(test)]
mod tests;
mod times;
mod written;

use super::canonical::Table;
use super::tabular::{Cell, Format, Layout, WIDTH, delimited, ndjson};
use super::{Description, Input, InputError, Position, Probe, Reason, Sink, Source, Unit, Vantage};
use fields::Field;
use std::io::Read as _;
use times::Times;

/// Lines of NDJSON that recognition looks at: one bad line must not hide a file.
const RECOGNISED_WITHIN: usize = 5;

/// A declared mapping, checked.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
#[serde(try_from = "written::Written")]
pub struct Mapping {
    name: String,
    table: Table,
    /// Names of the columns that it reads, by number.
    columns: Vec<String>,
    /// Columns that a file must have to be this mapping's.
    landmarks: Vec<String>,
    fields: Vec<Field>,
    /// Pattern for the name of the file.
    path: Option<PathPattern>,
    times: Times,
    /// Fields that a CSV row may have fewer than its header.
    fields_short: usize,
}

/// A pattern for names, as it was written and as every file is held against it. How it was written says all of it.
#[derive(Debug, Clone)]
struct PathPattern {
    written: String,
    matcher: globset::GlobMatcher,
}

impl PartialEq for PathPattern {
    fn eq(&self, other: &Self) -> bool {
        self.written == other.written
    }
}

impl Eq for PathPattern {}

impl Mapping {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The same with times without an offset in another zone.
    pub(super) fn in_zone(&self, zone: &str) -> Result<Self, String> {
        let zone = jiff::tz::TimeZone::get(zone).map_err(|_| format!("there is no time zone `{zone}`"))?;
        Ok(Self { times: Times { zone: Some(zone), ..self.times.clone() }, ..self.clone() })
    }

    /// Whether a file is this mapping's, by its columns and, where it has a pattern, its name.
    pub(super) fn recognises(&self, probe: &Probe<'_>) -> bool {
        probe.unit == Unit::File && self.fits_path(probe) && self.has_columns(probe)
    }

    fn fits_path(&self, probe: &Probe<'_>) -> bool {
        self.path.as_ref().is_none_or(|path| path.matcher.is_match(probe.path))
    }

    fn has_columns(&self, probe: &Probe<'_>) -> bool {
        match Format::of(probe.head) {
            // The columns of a Parquet file stand at its end, where recognition does not look.
            Format::Parquet => self.path.is_some(),
            Format::Ndjson => probe.lines().take(RECOGNISED_WITHIN).any(|line| ndjson::has_landmarks(self, line)),
            Format::Csv => probe.lines().next().is_some_and(|line| delimited::has_landmarks(self, line)),
        }
    }

    /// Why a file is this mapping's, for people.
    pub(super) fn reason(&self, probe: &Probe<'_>) -> String {
        let path = self.path.as_ref().map_or(String::new(), |path| format!("its name fits {}", path.written));
        let columns = match Format::of(probe.head) {
            Format::Parquet => String::new(),
            _ => format!("it has the columns {}", self.landmarks.join(", ")),
        };
        let both = if path.is_empty() || columns.is_empty() { "" } else { " and " };
        format!("{path}{both}{columns}")
    }

    /// Why a file is not this mapping's, for people; null when it is.
    pub fn mismatch(&self, probe: &Probe<'_>) -> Option<String> {
        if self.recognises(probe) {
            return None;
        }
        let name = match &self.path {
            Some(path) if !self.fits_path(probe) => Some(format!("its name does not fit {}", path.written)),
            _ => None,
        };
        let columns = match Format::of(probe.head) {
            _ if self.has_columns(probe) => None,
            Format::Parquet => Some("a Parquet file is recognised by `path` alone".to_owned()),
            Format::Ndjson => Some(format!("no line at its beginning has all of {}", self.landmarks.join(", "))),
            Format::Csv => {
                let header = delimited::column_names(self, probe.lines().next().unwrap_or_default());
                let missing = self.landmarks.iter().filter(|name| !header.contains(name));
                Some(format!("it lacks the columns {}", missing.map(String::as_str).collect::<Vec<_>>().join(", ")))
            }
        };
        Some([name, columns].into_iter().flatten().collect::<Vec<_>>().join(", and "))
    }

    /// Reads a file and returns where its committed part ends.
    pub(super) fn read(&self, input: &Input, sink: &mut dyn Sink) -> Result<u64, InputError> {
        let head = head(input)?;
        Format::of(&head).read(self, input, sink)
    }
}

/// The first bytes of a file, enough to know its format and columns.
fn head(input: &Input) -> Result<Vec<u8>, InputError> {
    let mut head = Vec::new();
    let reader = input.open()?;
    reader.take(super::PROBE_BYTES as u64).read_to_end(&mut head).map_err(|error| input.io_error(error))?;
    Ok(head)
}

impl Layout for Mapping {
    fn number(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column == name)
    }

    fn landmarks(&self) -> Vec<&str> {
        self.landmarks.iter().map(String::as_str).collect()
    }

    fn keeps_json(&self, column: usize) -> bool {
        self.fields.iter().any(|field| self.table.keeps_json(field.number) && field.reads(column))
    }

    fn nests(&self, name: &str) -> bool {
        self.columns.iter().any(|column| column.strip_prefix(name).is_some_and(|rest| rest.starts_with('.')))
    }

    fn gathers(&self) -> bool {
        true
    }

    fn fields_short(&self) -> usize {
        self.fields_short
    }

    fn take(&self, cells: &[Cell<'_>; WIDTH], at: Position, sink: &mut dyn Sink) {
        let mut canonical = [const { Cell::Null }; WIDTH];
        for field in &self.fields {
            canonical[field.number] = field.cell(cells, &self.times);
        }
        self.table.take(&canonical, at, sink);
    }
}

/// Files that a `[[mapping]]` of footlight.toml describes.
pub struct Declared;

impl Source for Declared {
    fn name(&self) -> &'static str {
        "mapping"
    }

    fn vantage(&self) -> Vantage {
        Vantage::Declared
    }

    fn description(&self) -> Description {
        Description {
            title: "Declared exports",
            files: "any CSV, NDJSON or Parquet table that a [[mapping]] of footlight.toml describes; CSV and NDJSON also .gz, .zst",
            tells: "whatever of an event or outcome the mapping finds a column for",
            cannot_tell: "what no column says; docs/mappings.md is the language",
        }
    }

    fn recognises(&self, probe: &Probe<'_>) -> bool {
        probe.options.mappings.iter().any(|mapping| mapping.recognises(probe))
    }

    fn recognised_by(&self, probe: &Probe<'_>) -> String {
        match probe.options.mappings.iter().find(|mapping| mapping.recognises(probe)) {
            Some(mapping) => format!("mapping `{}`: {}", mapping.name, mapping.reason(probe)),
            None => "no [[mapping]] of footlight.toml fits it".to_owned(),
        }
    }

    /// A row means the same wherever it stands.
    fn reads_tail_alone(&self, _path: &std::path::Path) -> bool {
        true
    }

    fn read(&self, input: &Input, sink: &mut dyn Sink) -> Result<u64, InputError> {
        let head = head(input)?;
        let probe = Probe { path: &input.path, unit: input.unit, head: &head, options: &input.options };
        let mappings = &input.options.mappings;
        // Whoever asks for a mapping by `--source` need not call the file as its `path` does.
        let by_columns = || {
            let is_parquet = Format::of(&head) == Format::Parquet;
            mappings.iter().find(|mapping| !is_parquet && mapping.has_columns(&probe))
        };
        match mappings.iter().find(|mapping| mapping.recognises(&probe)).or_else(by_columns) {
            Some(mapping) => mapping.read(input, sink),
            None => Err(InputError::Format {
                path: input.name.clone(),
                reason: Reason::UnknownFormat,
                error: "no [[mapping]] of footlight.toml fits it".to_owned(),
            }),
        }
    }
}
