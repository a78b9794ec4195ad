//! Which record a file holds, by its name, and which format it has.

use super::columns::{EventColumn, OutcomeColumn, RosterColumn};
use super::{event, outcome, roster};
use crate::sources::tabular::{Cell, Format, Layout, Row, WIDTH};
use crate::sources::{Position, Sink};

/// What the rows of a file are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sources) enum Table {
    Events,
    Outcomes,
    Roster,
}

/// What a file name promises; null when it is not a canonical name.
pub(super) fn promised(plain_name: &str) -> Option<(Table, Format)> {
    if plain_name == "roster.csv" {
        return Some((Table::Roster, Format::Csv));
    }
    let (rest, extension) = plain_name.rsplit_once('.')?;
    let format = match extension {
        "ndjson" => Format::Ndjson,
        "csv" => Format::Csv,
        "parquet" => Format::Parquet,
        _ => return None,
    };
    match rest.rsplit_once('.')? {
        (_, "events") => Some((Table::Events, format)),
        (_, "outcomes") => Some((Table::Outcomes, format)),
        _ => None,
    }
}

impl Table {
    /// Names of its columns.
    pub(in crate::sources) fn names(self) -> &'static [&'static str] {
        match self {
            Table::Events => EventColumn::NAMES,
            Table::Outcomes => OutcomeColumn::NAMES,
            Table::Roster => RosterColumn::NAMES,
        }
    }

    /// The columns without which a row is nothing.
    pub(in crate::sources) fn required(self) -> &'static [&'static str] {
        match self {
            Table::Events => &["ts", "session_id", "kind"],
            Table::Outcomes => &["ts", "outcome_id", "kind", "status"],
            Table::Roster => &["actor_id"],
        }
    }

    /// Whether a column holds a list.
    pub(in crate::sources) fn is_list(self, column: usize) -> bool {
        let lists = [OutcomeColumn::SessionId, OutcomeColumn::Paths, OutcomeColumn::Refs];
        match self {
            Table::Events => false,
            Table::Outcomes => lists.iter().any(|list| *list as usize == column),
            Table::Roster => {
                [RosterColumn::Aliases, RosterColumn::Licences].iter().any(|list| *list as usize == column)
            }
        }
    }

    /// Whether a column holds a moment.
    pub(in crate::sources) fn is_moment(self, column: usize) -> bool {
        matches!(self.names().get(column), Some(&("ts" | "updated_at")))
    }
}

impl Layout for Table {
    fn number(&self, name: &str) -> Option<usize> {
        match self {
            Table::Events => EventColumn::number(name),
            Table::Outcomes => OutcomeColumn::number(name),
            Table::Roster => RosterColumn::number(name),
        }
    }

    fn landmarks(&self) -> Vec<&str> {
        match self {
            Table::Events => vec!["ts", "session_id", "kind"],
            Table::Outcomes => vec!["ts", "outcome_id", "kind"],
            Table::Roster => vec!["actor_id"],
        }
    }

    fn keeps_json(&self, column: usize) -> bool {
        *self == Table::Events && (column == EventColumn::CostUsd as usize || column == EventColumn::ToolArgs as usize)
    }

    fn take(&self, cells: &[Cell<'_>; WIDTH], at: Position, sink: &mut dyn Sink) {
        let row = Row { cells, names: self.names(), at };
        match self {
            Table::Events => {
                if let Ok(event) = event::read(&row, sink) {
                    sink.event(at, event);
                }
            }
            Table::Outcomes => {
                if let Ok(outcome) = outcome::read(&row, sink) {
                    sink.outcome(at, outcome);
                }
            }
            Table::Roster => {
                if let Ok(entry) = roster::read(&row, sink) {
                    sink.roster(at, entry);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_fits_a_row_and_names_are_strict() {
        for table in [Table::Events, Table::Outcomes, Table::Roster] {
            assert!(table.names().len() <= WIDTH);
            assert!(table.names().iter().enumerate().all(|(number, name)| table.number(name) == Some(number)));
            assert!(table.landmarks().iter().all(|name| table.number(name).is_some()));
            let strangers = ["", "t", "kind ", "Kind", "session-id", "ts_us", "é"];
            assert!(strangers.iter().all(|name| table.number(name).is_none()));
        }
        assert_eq!(promised("may.events.ndjson"), Some((Table::Events, Format::Ndjson)));
        assert_eq!(promised("a.b.outcomes.parquet"), Some((Table::Outcomes, Format::Parquet)));
        for other in ["events.ndjson", "roster.ndjson", "my-roster.csv", "events.jsonl", "x.events.json", ""] {
            assert_eq!(promised(other), None, "{other}");
        }
    }
}
