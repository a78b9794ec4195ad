//! The parts of each score, so that `explain` can add them up again without scoring anew.

use super::ResultsError;
use super::columns::{ResultRow, Table, column, read, result_table, rounded};
use crate::engine::rows::{Columns, RowError};
use crate::score::band::Band;
use crate::score::evidence::Contribution;
use crate::score::explain::{Explanation, explain};
use crate::score::input::{Family, Scope};
use crate::score::rows::SignalRow;
use crate::score::{Scored, UnitScore};
use arrow::array::{ArrayRef, Float64Array, Int64Array, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// One part of one score.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct EvidenceRow {
    /// `session` or `actor_week`.
    pub scope: String,
    /// Unit.
    pub unit_id: String,
    /// `unit` (the unit itself), `contribution`, `family` or `reason`.
    pub part: String,
    /// Place among the parts of the kind.
    pub position: i64,
    /// Signal, family, band or sentence.
    pub name: String,
    /// Kind of contribution; the week for a unit.
    pub kind: String,
    /// Family of a contribution; the actor's pseudonym for a unit.
    pub family: String,
    /// Hundredths of a deciban; null for sentences and for units without a score.
    pub hundredths: Option<i64>,
    /// Capped decibans of a family.
    pub decibans: Option<f64>,
    /// Sessions pooled, for a unit.
    pub sessions: i64,
}

result_table!(EvidenceRow, "evidence", {
    scope: text = "scope",
    unit_id: text = "unit_id",
    part: text = "part",
    position: long = "position",
    name: text = "name",
    kind: text = "kind",
    family: text = "family",
    hundredths: maybe_long = "hundredths",
    decibans: maybe_float = "decibans",
    sessions: long = "sessions",
});

/// Writes the parts of every score under the names that `rename` gives people, in the order of the units' ids.
///
/// # Errors
/// [`ResultsError`] when the table cannot be written.
pub fn write_evidence(out: &Path, scored: &Scored, rename: impl Fn(&str) -> String) -> Result<(), ResultsError> {
    let mut table = Table::create(out)?;
    for mut unit in scored.sessions() {
        unit.actor = rename(&unit.actor);
        parts(Scope::Session, &unit, |row| table.push(row))?;
    }
    let mut weeks: Vec<(String, usize)> =
        scored.weeks().map(|(place, actor, iso_week)| (format!("{}/{iso_week}", rename(actor)), place)).collect();
    weeks.sort_unstable();
    for (unit_id, place) in weeks {
        let week = scored.week_at(place);
        let actor = rename(&week.actor);
        parts(Scope::ActorWeek, &UnitScore { unit_id, actor, ..week }, |row| table.push(row))?;
    }
    table.finish()
}

/// The parts of one score.
fn parts(
    scope: Scope,
    unit: &UnitScore,
    mut take: impl FnMut(EvidenceRow) -> Result<(), ResultsError>,
) -> Result<(), ResultsError> {
    let row = |part: &str, position: usize| EvidenceRow {
        scope: scope.as_str().to_owned(),
        unit_id: unit.unit_id.clone(),
        part: part.to_owned(),
        position: position as i64,
        ..EvidenceRow::default()
    };
    take(EvidenceRow {
        name: unit.band.as_str().to_owned(),
        kind: unit.iso_week.clone(),
        family: unit.actor.clone(),
        hundredths: unit.hundredths,
        sessions: unit.sessions as i64,
        ..row("unit", 0)
    })?;
    for (position, part) in unit.contributions.iter().enumerate() {
        take(EvidenceRow {
            name: part.name.to_owned(),
            kind: part.kind.to_owned(),
            family: part.family.to_owned(),
            hundredths: Some(part.hundredths),
            ..row("contribution", position)
        })?;
    }
    for (position, (family, decibans)) in unit.families.iter().enumerate() {
        take(EvidenceRow { name: family.as_str().to_owned(), decibans: Some(*decibans), ..row("family", position) })?;
    }
    for (position, reason) in unit.reasons.iter().enumerate() {
        take(EvidenceRow { name: reason.clone(), ..row("reason", position) })?;
    }
    Ok(())
}

/// The explanations of all units that are wanted, each with its rows of signals, from what scoring left behind; sessions first, each scope by unit id.
///
/// # Errors
/// [`ResultsError`] when a table is missing or damaged.
pub fn explanations(
    out: &Path,
    wanted: impl Fn(&str) -> bool,
) -> Result<Vec<(Explanation, Vec<SignalRow>)>, ResultsError> {
    let mut parts = BTreeMap::<(Scope, String), Vec<EvidenceRow>>::new();
    for row in read::<EvidenceRow>(out)?.into_iter().filter(|row| wanted(&row.unit_id)) {
        let scope = if row.scope == Scope::Session.as_str() { Scope::Session } else { Scope::ActorWeek };
        parts.entry((scope, row.unit_id.clone())).or_default().push(row);
    }
    let mut signals = BTreeMap::<(String, String), Vec<SignalRow>>::new();
    for row in read::<SignalRow>(out)?.into_iter().filter(|row| wanted(&row.unit_id)) {
        signals.entry((row.scope.to_string(), row.unit_id.clone())).or_default().push(row);
    }
    let explained = parts.into_iter().filter_map(|((scope, unit_id), parts)| {
        let rows = signals.remove(&(scope.as_str().to_owned(), unit_id)).unwrap_or_default();
        Some((explain(scope, &unit_of(&parts)?, &rows), rows))
    });
    Ok(explained.collect())
}

/// A score put together again from its parts.
fn unit_of(parts: &[EvidenceRow]) -> Option<UnitScore> {
    let head = parts.iter().find(|row| row.part == "unit")?;
    let of = |part: &'static str| parts.iter().filter(move |row| row.part == part);
    Some(UnitScore {
        unit_id: head.unit_id.clone(),
        actor: head.family.clone(),
        iso_week: head.kind.clone(),
        hundredths: head.hundredths,
        band: band_named(&head.name),
        contributions: of("contribution")
            .map(|row| Contribution {
                name: Family::of_signal(&row.name).map_or("rounding", |(name, _)| name),
                kind: ["signal", "exculpation"].into_iter().find(|kind| *kind == row.kind).unwrap_or("rounding"),
                family: family_named(&row.family).map_or("", Family::as_str),
                hundredths: row.hundredths.unwrap_or(0),
            })
            .collect(),
        families: of("family")
            .filter_map(|row| Some((family_named(&row.name)?, row.decibans?)))
            .collect::<BTreeMap<_, _>>(),
        sessions: head.sessions as usize,
        reasons: of("reason").map(|row| row.name.clone()).collect(),
        objection: None,
    })
}

fn family_named(name: &str) -> Option<Family> {
    Family::ALL.into_iter().find(|family| family.as_str() == name)
}

fn band_named(name: &str) -> Band {
    [Band::None, Band::Note, Band::Look, Band::Review]
        .into_iter()
        .find(|band| band.as_str() == name)
        .unwrap_or(Band::Insufficient)
}
