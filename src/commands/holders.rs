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

/// People on the roster on the last day, at any time where nothing has a day; none without a roster.
pub fn on_roster(base: &BaseTables) -> Option<BTreeSet<String>> {
    let last = (base.as_of_us != 0).then_some(base.as_of_us);
    people_between(&base.roster, last.zip(last))
}

/// People whose time on the roster has a day of this span, from its first moment to its last; without a span all. None without a roster.
fn people_between(roster: &[RosterEntry], span: Option<(i64, i64)>) -> Option<BTreeSet<String>> {
    let utc_day = |us: i64| Timestamp::from_microsecond(us).ok().map(|at| at.to_zoned(TimeZone::UTC).date());
    let span = span.and_then(|(first, last)| utc_day(first).zip(utc_day(last)));
    let day = |text: &Option<String>| text.as_deref().and_then(|day| day.parse::<Date>().ok());
    let holds = |entry: &&RosterEntry| {
        let (from, to) = (day(&entry.active_from), day(&entry.active_to));
        let is_on = |(first, last)| from.is_none_or(|from| from <= last) && to.is_none_or(|to| to >= first);
        !entry.is_service && span.is_none_or(is_on)
    };
    (!roster.is_empty()).then(|| roster.iter().filter(holds).map(|entry| entry.actor_id.clone()).collect())
}

/// People who were active in the period and hold no seat: of those that vendors and licences list where there are any (`listed`), else of the
/// roster, on which whoever left in the period was. None where nobody says who holds one.
///
/// # Errors
/// When the models cannot be asked.
pub async fn active_without_seat(engine: &Engine, base: &BaseTables, listed: bool) -> anyhow::Result<Option<i64>> {
    let holders = if listed {
        actors(engine, "select distinct actor_id from fct_seats").await?
    } else {
        match people_between(&base.roster, base.logged_us) {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_left_in_the_period_held_a_seat_in_it() {
        let entry = |id: &str, to: Option<&str>| RosterEntry {
            actor_id: id.to_owned(),
            aliases: Vec::new(),
            team_id: None,
            role: None,
            is_service: false,
            time_zone: None,
            active_from: None,
            active_to: to.map(str::to_owned),
            licences: Vec::new(),
        };
        let roster = [entry("ada", None), entry("bob", Some("2026-02-03")), entry("cyd", Some("2025-12-01"))];
        let us = |text: &str| text.parse::<Timestamp>().unwrap().as_microsecond();
        let (first, last) = (us("2026-01-05T09:00:00Z"), us("2026-03-29T18:00:00Z"));
        let names = |span| people_between(&roster, span).unwrap().into_iter().collect::<Vec<_>>();
        assert_eq!(names(Some((last, last))), ["ada"]);
        assert_eq!(names(Some((first, last))), ["ada", "bob"]);
        assert_eq!(names(None), ["ada", "bob", "cyd"]);
        assert_eq!(people_between(&[], None), None);
    }
}
