//! From a row to a roster entry.

use super::columns::RosterColumn as Column;
use crate::events::RosterEntry;
use crate::sources::tabular::{Rejected, Row};
use crate::sources::{Reason, Sink};

/// Reads one row. Rejects what is missing or wrong; `Err` when nothing can be kept.
pub(super) fn read(row: &Row<'_, '_>, sink: &mut dyn Sink) -> Result<RosterEntry, Rejected> {
    let actor_id = row.required(Column::ActorId as usize, sink)?.trim().to_owned();
    let is_service = match row.text(Column::Kind as usize, sink).as_deref().map(str::trim) {
        None | Some("person") => false,
        Some("service") => true,
        // Whether somebody is a person decides what may be said of them, so it is not guessed.
        Some(_) => {
            row.bad(Column::Kind as usize, Reason::BadValue, sink);
            return Err(Rejected);
        }
    };
    let text = |column: Column, sink: &mut dyn Sink| row.text(column as usize, sink).map(|text| text.trim().to_owned());
    Ok(RosterEntry {
        actor_id,
        aliases: row.list(Column::Aliases as usize, sink),
        team_id: text(Column::TeamId, sink),
        role: text(Column::Role, sink),
        is_service,
        time_zone: checked(row, Column::TimeZone, sink, |zone| jiff::tz::TimeZone::get(zone).is_ok()),
        active_from: checked(row, Column::ActiveFrom, sink, is_date),
        active_to: checked(row, Column::ActiveTo, sink, is_date),
        licences: row.list(Column::Licences as usize, sink),
    })
}

/// A text that must pass a test; one that does not is rejected and read as null.
fn checked(row: &Row<'_, '_>, column: Column, sink: &mut dyn Sink, test: impl Fn(&str) -> bool) -> Option<String> {
    let text = row.text(column as usize, sink)?.trim().to_owned();
    if test(&text) {
        return Some(text);
    }
    row.bad(column as usize, Reason::BadValue, sink);
    None
}

fn is_date(text: &str) -> bool {
    text.len() == 10 && text.parse::<jiff::civil::Date>().is_ok()
}
