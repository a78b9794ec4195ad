//! How many people a team has on the roster. The table `teams` itself is `report::release`'s.

use super::base_tables::BaseTables;
use super::readings::week_start_us;

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
