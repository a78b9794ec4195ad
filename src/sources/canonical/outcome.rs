//! From a row to an outcome.

use super::columns::OutcomeColumn as Column;
use super::written;
use crate::events::Outcome;
use crate::fingerprint::line_hashes;
use crate::sources::tabular::{Rejected, Row};
use crate::sources::{Sink, without_credentials};

/// Reads one row. Rejects what is missing or wrong; `Err` when nothing can be kept.
pub(super) fn read(row: &Row<'_, '_>, sink: &mut dyn Sink) -> Result<Outcome, Rejected> {
    let moment = row.required_moment(Column::Ts as usize, sink)?;
    let outcome_id = row.required(Column::OutcomeId as usize, sink)?.into_owned();
    let kind = row.required_word(Column::Kind as usize, sink)?;
    let status = row.required_word(Column::Status as usize, sink)?;
    let mut outcome = Outcome::new(moment.us, outcome_id, kind, status);
    outcome.actor_id = row.string(Column::ActorId as usize, sink);
    outcome.session_ids = row.list(Column::SessionId as usize, sink);
    outcome.repo = row.text(Column::Repo as usize, sink).map(|repo| without_credentials(&repo));
    outcome.branch = row.string(Column::Branch as usize, sink);
    outcome.paths = row.list(Column::Paths as usize, sink);
    outcome.lines_added = row.count(Column::LinesAdded as usize, sink);
    outcome.lines_deleted = row.count(Column::LinesDeleted as usize, sink);
    outcome.lines_surviving = row.count(Column::LinesSurviving as usize, sink);
    outcome.refs = row.list(Column::Refs as usize, sink);
    outcome.version = row.moment(Column::UpdatedAt as usize, sink).map_or(0, |moment| moment.us / 1_000_000);
    if let Some(patch) = row.text(Column::Patch as usize, sink) {
        outcome.added_lines = line_hashes(written::added(&patch));
    }
    Ok(outcome)
}
