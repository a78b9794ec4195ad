//! `teams`: one row a team and week, shrunk and suppressed.

use super::base_tables::BaseTables;
use super::identity::UNASSIGNED;
use super::readings::week_start_us;
use crate::privacy::{Cell, Rules};
use crate::score::rows::{ActorWeekRow, SessionRow, TeamRow};
use crate::score::shrink::{Prior, TeamCount};
use std::collections::{BTreeMap, BTreeSet};

/// What one team did in one week, before anything is hidden.
#[derive(Default)]
struct TeamWeek {
    active: BTreeSet<String>,
    tokens_by_actor: BTreeMap<String, i64>,
    cost_micro_usd: Option<i64>,
    outcomes: Option<i64>,
    linked_tokens: i64,
    unknown_tokens: i64,
    flagged: u64,
}

/// Rows by team and week. A flagged person counts once in a week's cell, however many sessions they had, so people are the units of
/// the interval and no bootstrap over them is needed. Services are left out, `(unassigned)` is a row like any other and never published by itself.
pub fn team_rows(
    base: &BaseTables,
    sessions: &[SessionRow],
    weeks: &[ActorWeekRow],
    min_people: usize,
) -> anyhow::Result<Vec<TeamRow>> {
    let rules = Rules::new(min_people)?;
    let mut cells = BTreeMap::<(String, String), TeamWeek>::new();
    for week in weeks {
        let cell = cells.entry((week.iso_week.clone(), week.team_id.clone())).or_default();
        if week.sessions > 0 || week.prompts > 0 {
            cell.active.insert(week.actor.clone());
        }
        *cell.tokens_by_actor.entry(week.actor.clone()).or_default() += week.tokens.unwrap_or(0);
        add(&mut cell.cost_micro_usd, week.cost_micro_usd);
        add(&mut cell.outcomes, week.outcomes);
        cell.flagged += u64::from(matches!(week.band.as_str(), "look" | "review"));
    }
    for session in sessions {
        let Some(cell) = cells.get_mut(&(session.iso_week.clone(), session.team_id.clone())) else { continue };
        let parts =
            [session.input_tokens, session.output_tokens, session.cache_read_tokens, session.cache_write_tokens];
        let tokens: i64 = parts.iter().flatten().sum();
        match session.outcome_link.as_str() {
            "linked" => cell.linked_tokens += tokens,
            "unknown" => cell.unknown_tokens += tokens,
            _ => {}
        }
    }
    let counts: Vec<TeamCount> =
        cells.values().map(|cell| TeamCount { flagged: cell.flagged, people: cell.active.len() as u64 }).collect();
    let prior = Prior::fit(&counts);
    let mut rows = Vec::new();
    let mut by_week = BTreeMap::<String, Vec<usize>>::new();
    for (((iso_week, team_id), cell), count) in cells.iter().zip(counts) {
        by_week.entry(iso_week.clone()).or_default().push(rows.len());
        let tokens: i64 = cell.tokens_by_actor.values().sum();
        let rate = prior.shrink(count);
        rows.push(TeamRow {
            team_id: team_id.clone(),
            iso_week: iso_week.clone(),
            actors: Some(roster_size(base, team_id, iso_week).max(cell.active.len() as i64)),
            active_actors: Some(cell.active.len() as i64),
            tokens: Some(tokens),
            cost_micro_usd: cell.cost_micro_usd,
            outcomes: cell.outcomes,
            tokens_with_outcome_low: Some(cell.linked_tokens.min(tokens)),
            tokens_with_outcome_high: Some((cell.linked_tokens + cell.unknown_tokens).min(tokens)),
            flagged_share: Some(rate.rate),
            flagged_low: Some(rate.low),
            flagged_high: Some(rate.high),
            flagged_distinguishable: Some(rate.distinguishable),
            suppressed: false,
        });
    }
    for indexes in by_week.into_values() {
        let of_week: Vec<Cell> = indexes
            .iter()
            .map(|&index| {
                let row = &rows[index];
                let cell = &cells[&(row.iso_week.clone(), row.team_id.clone())];
                let people = cell.active.iter();
                let tokens = |actor: &String| cell.tokens_by_actor.get(actor).map_or(0, |tokens| tokens.unsigned_abs());
                Cell { name: row.team_id.clone(), parts: people.map(tokens).collect() }
            })
            .collect();
        for (hidden, index) in rules.suppress(&of_week).0.into_iter().zip(indexes) {
            if hidden.is_some() || rows[index].team_id == UNASSIGNED {
                suppress(&mut rows[index]);
            }
        }
    }
    rows.sort_by(|one, two| (&one.team_id, &one.iso_week).cmp(&(&two.team_id, &two.iso_week)));
    Ok(rows)
}

fn suppress(row: &mut TeamRow) {
    *row = TeamRow {
        team_id: std::mem::take(&mut row.team_id),
        iso_week: std::mem::take(&mut row.iso_week),
        suppressed: true,
        ..TeamRow::default()
    };
}

fn add(sum: &mut Option<i64>, part: Option<i64>) {
    if let Some(part) = part {
        *sum = Some(sum.unwrap_or(0) + part);
    }
}

/// People of a team who were on the roster on some day of the week.
fn roster_size(base: &BaseTables, team_id: &str, iso_week: &str) -> i64 {
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
