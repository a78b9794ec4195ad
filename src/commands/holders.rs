//! Who uses tools without holding a seat.
//!
//! Owns who holds a seat by the roster and how many of the active hold none. Seats that vendors list are `queries/fct_seats.sql`'s.

use super::base_tables::BaseTables;
use super::identity::UNASSIGNED;
use crate::engine::Engine;
use crate::engine::rows::Columns;
use crate::events::RosterEntry;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use std::collections::BTreeSet;

/// People on the roster on the last day; none without a roster.
pub fn on_roster(base: &BaseTables) -> Option<BTreeSet<String>> {
    let last = Timestamp::from_microsecond(base.as_of_us).ok()?.to_zoned(TimeZone::UTC).date();
    let last = (base.as_of_us != 0).then_some(last);
    let day = |text: &Option<String>| text.as_deref().and_then(|day| day.parse::<Date>().ok());
    let holds = |entry: &&RosterEntry| {
        let (from, to) = (day(&entry.active_from), day(&entry.active_to));
        let is_on = |last| from.is_none_or(|from| from <= last) && to.is_none_or(|to| to >= last);
        !entry.is_service && last.is_none_or(is_on)
    };
    (!base.roster.is_empty()).then(|| base.roster.iter().filter(holds).map(|entry| entry.actor_id.clone()).collect())
}

/// People who were active in the period and hold no seat: of those that vendors and licences list where there are any (`listed`), else of the
/// roster. None where nobody says who holds one.
///
/// # Errors
/// When the models cannot be asked.
pub async fn active_without_seat(engine: &Engine, base: &BaseTables, listed: bool) -> anyhow::Result<Option<i64>> {
    let holders = if listed {
        actors(engine, "select distinct actor_id from fct_seats").await?
    } else {
        match on_roster(base) {
            Some(holders) => holders,
            None => return Ok(None),
        }
    };
    let active = format!(
        "select distinct actor_id from fct_actor_weeks
        where actor_kind = 'person' and actor_id <> '{UNASSIGNED}' and (sessions > 0 or prompts > 0)"
    );
    Ok(Some(i64::try_from(actors(engine, &active).await?.difference(&holders).count())?))
}

async fn actors(engine: &Engine, sql: &str) -> anyhow::Result<BTreeSet<String>> {
    let mut actors = BTreeSet::new();
    for batch in engine.rows(sql).await? {
        let column = Columns::new(&batch).text("actor_id")?;
        for row in 0..batch.num_rows() {
            actors.insert(column.required(row)?);
        }
    }
    Ok(actors)
}
