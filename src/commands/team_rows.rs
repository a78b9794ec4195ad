//! How many people a team has on the roster, and what came of their weeks. The table `teams` itself is `report::release`'s.

use super::base_tables::BaseTables;
use super::readings::{collect, week_start_us};
use crate::engine::Engine;
use crate::report::release::LinkedTokens;

/// Tokens by person, team and week of use, of sessions that have an outcome or of which nobody can tell, under the names that `rename` gives people.
pub async fn links(engine: &Engine, rename: &impl Fn(&str) -> String) -> anyhow::Result<Vec<LinkedTokens>> {
    let sql = "select actor_id, team_id, iso_week, linked_tokens, unknown_tokens from rpt_linked_weeks";
    collect(engine, sql, |columns, batch| {
        let (actor, team_id, iso_week) =
            (columns.text("actor_id")?, columns.text("team_id")?, columns.text("iso_week")?);
        let (linked, unknown) = (columns.integer("linked_tokens")?, columns.integer("unknown_tokens")?);
        (0..batch.num_rows())
            .map(|row| {
                Ok(LinkedTokens {
                    actor: rename(actor.borrowed_required(row)?),
                    team_id: team_id.required(row)?,
                    iso_week: iso_week.required(row)?,
                    linked: linked.required(row)?,
                    unknown: unknown.required(row)?,
                })
            })
            .collect()
    })
    .await
}

/// People of a team who were on the roster on some day of the week.
pub fn roster_size(base: &BaseTables, team_id: &str, iso_week: &str) -> i64 {
    let Some(monday) = week_start_us(iso_week).and_then(|us| jiff::Timestamp::from_microsecond(us).ok()) else {
        return 0;
    };
    let monday = monday.to_zoned(jiff::tz::TimeZone::UTC).date();
    let sunday = monday.saturating_add(jiff::Span::new().days(6));
    let on_roster = base.roster.iter().filter(|entry| {
        let from = entry.active_from.as_deref().and_then(|day| day.parse::<jiff::civil::Date>().ok());
        let to = entry.active_to.as_deref().and_then(|day| day.parse::<jiff::civil::Date>().ok());
        !entry.is_service
            && entry.team_id.as_deref() == Some(team_id)
            && from.is_none_or(|from| from <= sunday)
            && to.is_none_or(|to| to >= monday)
    });
    on_roster.count() as i64
}
