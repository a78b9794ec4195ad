//! How many people a team has on the roster, and what came of their weeks. The table `teams` itself is `report::release`'s.

use super::readings::{collect, week_start_us};
use crate::engine::Engine;
use crate::events::RosterEntry;
use crate::report::release::LinkedTokens;
use jiff::civil::Date;
use std::collections::{BTreeMap, BTreeSet};

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

/// From when to when the people of each team were on the roster.
pub struct RosterSpans<'a>(BTreeMap<&'a str, Vec<(Date, Date)>>);

impl<'a> RosterSpans<'a> {
    /// Those of a roster, services left out.
    pub fn of(roster: &'a [RosterEntry]) -> Self {
        let mut teams: BTreeMap<&str, Vec<(Date, Date)>> = BTreeMap::new();
        let day = |day: &Option<String>| day.as_deref().and_then(|day| day.parse().ok());
        for entry in roster.iter().filter(|entry| !entry.is_service) {
            let Some(team) = entry.team_id.as_deref() else { continue };
            let span = (day(&entry.active_from).unwrap_or(Date::MIN), day(&entry.active_to).unwrap_or(Date::MAX));
            teams.entry(team).or_default().push(span);
        }
        Self(teams)
    }

    /// Teams that have people on it.
    pub fn teams(&self) -> BTreeSet<&'a str> {
        self.0.keys().copied().collect()
    }

    /// Rows of people of a team that were on the roster on some day of the week.
    pub fn size(&self, team_id: &str, iso_week: &str) -> i64 {
        let Some(monday) = week_start_us(iso_week).and_then(|us| jiff::Timestamp::from_microsecond(us).ok()) else {
            return 0;
        };
        let monday = monday.to_zoned(jiff::tz::TimeZone::UTC).date();
        let sunday = monday.saturating_add(jiff::Span::new().days(6));
        let spans = self.0.get(team_id).map(Vec::as_slice).unwrap_or_default();
        spans.iter().filter(|(from, to)| *from <= sunday && *to >= monday).count() as i64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_was_there_on_a_day_of_the_week_counts_and_services_do_not() {
        let entry = |team: &str, from: Option<&str>, to: Option<&str>| RosterEntry {
            actor_id: "ada".to_owned(),
            aliases: Vec::new(),
            team_id: Some(team.to_owned()),
            role: None,
            is_service: false,
            time_zone: None,
            active_from: from.map(str::to_owned),
            active_to: to.map(str::to_owned),
            licences: Vec::new(),
        };
        let roster = [
            entry("red", None, None),
            entry("red", Some("2026-03-08"), None),
            entry("red", Some("2026-03-09"), None),
            entry("red", None, Some("2026-03-02")),
            entry("red", None, Some("2026-03-01")),
            entry("red", Some("some day"), None),
            RosterEntry { is_service: true, ..entry("red", None, None) },
            entry("blue", None, None),
            RosterEntry { team_id: None, ..entry("red", None, None) },
        ];
        let spans = RosterSpans::of(&roster);
        // 2 to 8 March.
        assert_eq!(spans.size("red", "2026-W10"), 4);
        assert_eq!((spans.size("blue", "2026-W10"), spans.size("green", "2026-W10")), (1, 0));
        assert_eq!(spans.size("red", "no week"), 0);
        assert_eq!(spans.teams(), BTreeSet::from(["blue", "red"]));
    }
}
