//! Teams by week and the organisation's weeks: the one table whose cells add up to a published total in every report.
//!
//! Owns adding up, shrinking and rounding a team's week, and handing it to the release rule with its total. A week is decided once
//! and for all: a later report shows it as it was published, until enough people have changed it. So people who change teams, come
//! late or leave are not to be found in the difference of two reports. Services are in a week's total, in no team and nobody to protect.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::SUMS_OF_THE_PERIOD;
use crate::privacy::rounding;
use crate::privacy::{Contribution, Hidden, History, Ledger, LedgerError, Panel, PanelCell, Rules, Verdict};
use crate::report::inputs::WeekTotals;
use crate::report::measuring::monday;
use crate::report::people::{UNASSIGNED, is_known};
use crate::score::rows::{ActorWeekRow, TeamRow};
use crate::score::shrink::{Prior, ShrunkRate, TeamCount, distinguishable};

/// What the table is made from.
pub struct TeamWeeks<'a> {
    /// What came of the weeks of people, with pseudonyms.
    pub links: &'a [LinkedTokens],
    /// Weeks of people, with pseudonyms. Services have none.
    pub actor_weeks: &'a [ActorWeekRow],
    /// Weeks of the organisation.
    pub weeks: Vec<WeekTotals>,
    /// People of a team on the roster in a week.
    pub roster_size: &'a dyn Fn(&str, &str) -> i64,
    /// Teams that people on the roster belong to, whether they used anything or not.
    pub roster_teams: &'a BTreeSet<&'a str>,
}

/// Tokens that one person used in one week by what came of their sessions, which may have begun the week before; sessions without an outcome are not
/// told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LinkedTokens {
    /// Pseudonym.
    pub actor: String,
    /// Team.
    pub team_id: String,
    /// `2026-W07`.
    pub iso_week: String,
    /// Of sessions linked to an outcome.
    pub linked: i64,
    /// Of sessions of which nobody can tell.
    pub unknown: i64,
}

/// What the release did with the cells of teams and weeks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Weeks {
    /// Published as they are.
    pub fresh: usize,
    /// Published as they were.
    pub kept: usize,
    /// Not published.
    pub withheld: usize,
}

/// What one team did in one week, before anything is hidden.
#[derive(Default)]
struct TeamWeek {
    by_actor: BTreeMap<String, OfActor>,
    /// Whether any token, any cost or any outcome is known.
    tokens: Option<i64>,
    cost: Option<i64>,
    outcomes: Option<i64>,
}

/// What one person did in it.
#[derive(Default, Clone, Copy)]
struct OfActor {
    active: bool,
    tokens: i64,
    cost: i64,
    outcomes: i64,
    linked: i64,
    unknown: i64,
    flagged: bool,
}

impl OfActor {
    fn contribution(self) -> Contribution {
        let others = [self.outcomes, self.linked, self.unknown, i64::from(self.flagged), i64::from(self.active)];
        Contribution::of(self.tokens, self.cost, &others)
    }
}

impl TeamWeek {
    fn sum(&self, of: fn(&OfActor) -> i64) -> i64 {
        self.by_actor.values().map(of).sum()
    }

    fn active(&self) -> i64 {
        self.sum(|one| i64::from(one.active))
    }
}

/// Teams by week, as they may be published, and the weeks of the organisation. A flagged person counts once in a week's cell, however
/// many sessions they had, so people are the units of the interval and no bootstrap over them is needed. The prior and the contrasts are
/// those of the week's teams and of no other week's: the same people are flagged again, so that twelve weeks of one team would be counted as
/// twelve teams that agree, and its interval would be narrower than its people allow. `(unassigned)` is a row like any other and never
/// published by itself.
///
/// # Errors
/// [`LedgerError`] when what is to be published cannot be taken down.
pub fn team_weeks(
    input: TeamWeeks<'_>,
    rules: Rules,
    mut ledger: Option<&mut Ledger>,
) -> Result<(Vec<TeamRow>, Vec<WeekTotals>, Weeks), LedgerError> {
    let cells = gathered(&input);
    let people: BTreeSet<&str> =
        input.actor_weeks.iter().map(|row| row.actor.as_str()).filter(|id| is_known(id)).collect();
    let protected = people.len() >= rules.people();
    // A row a team and week, also where nobody of it did anything, in that week or ever: that one is there would say that somebody of a team of few was at
    // work, and the first report that has it since when.
    let mut named: BTreeSet<&str> = cells.values().flat_map(BTreeMap::keys).map(String::as_str).collect();
    named.extend(input.roster_teams.iter().copied().filter(|_| protected));
    let sizes = sizes(&cells, &input, protected);
    let mut totals: BTreeMap<String, WeekTotals> =
        input.weeks.iter().map(|week| (week.iso_week.clone(), week.clone())).collect();
    let (mut rows, mut done) = (Vec::new(), Weeks::default());
    for (iso_week, teams) in &cells {
        let rates = rates(teams.values());
        let drafts: Vec<TeamRow> = teams
            .iter()
            .zip(rates)
            .map(|((team, cell), rate)| row(team, iso_week, cell, rate, input.roster_size))
            .collect();
        let panel_cells = teams.values().zip(&drafts).map(|(cell, row)| panel_cell(cell, row)).collect();
        let total = totals.get(iso_week).cloned().map(rounded_week);
        let Some(start) = monday(iso_week) else { continue };
        let mut panel = Panel {
            view: "weeks".to_owned(),
            from: start.to_string(),
            to: start.saturating_add(jiff::Span::new().days(6)).to_string(),
            cells: panel_cells,
            total: total.as_ref().map(|total| serde_json::to_value(total).unwrap_or_default()),
            // With a few at work the smallest other team is withheld: so it is without them.
            has_silent: sizes.iter().any(|(team, seen)| {
                let at_work = teams.get(*team).is_some_and(|cell| cell.by_actor.keys().any(|actor| is_known(actor)));
                let on_roster = usize::try_from((input.roster_size)(team, iso_week)).unwrap_or(0);
                !at_work && (*seen).max(on_roster) < rules.people()
            }),
            ..Panel::default()
        };
        panel.total_is_barred =
            ledger.as_ref().is_some_and(|ledger| ledger.leaves_few(rules, &panel, &SUMS_OF_THE_PERIOD));
        let history = ledger.as_ref().map_or_else(History::default, |ledger| ledger.history(&panel));
        let decision = rules.decide(&panel, &history);
        if let Some(ledger) = ledger.as_mut().filter(|_| protected) {
            ledger.record(&panel, &decision)?;
        }
        for (row, verdict) in drafts.into_iter().zip(decision.cells) {
            rows.push(shown(verdict, row, &mut done, hidden_row));
        }
        for team in named.iter().filter(|team| !teams.contains_key(**team)) {
            let row = TeamRow { team_id: (*team).to_owned(), iso_week: iso_week.clone(), ..TeamRow::default() };
            rows.push(shown(Verdict::Hidden(Hidden::TooFewPeople), row, &mut done, hidden_row));
        }
        if let Some(total) = total.filter(|_| protected) {
            let shown = shown(decision.total, total, &mut done, hidden_week);
            totals.insert(iso_week.clone(), shown);
        }
    }
    rows.sort_by(|one, two| (&one.team_id, &one.iso_week).cmp(&(&two.team_id, &two.iso_week)));
    Ok((rows, totals.into_values().collect(), done))
}

/// Teams that known people are of, with how many were seen in it. Where nobody can be protected no team is asked for that nobody was seen in.
fn sizes<'a>(
    cells: &'a BTreeMap<String, BTreeMap<String, TeamWeek>>,
    input: &TeamWeeks<'a>,
    protected: bool,
) -> BTreeMap<&'a str, usize> {
    let mut people: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (team, cell) in cells.values().flatten() {
        for actor in cell.by_actor.keys().filter(|actor| is_known(actor)) {
            people.entry(team).or_default().insert(actor);
        }
    }
    for team in input.roster_teams.iter().copied().filter(|_| protected) {
        people.entry(team).or_default();
    }
    people.into_iter().map(|(team, people)| (team, people.len())).collect()
}

fn shown<V: serde::de::DeserializeOwned>(verdict: Verdict, now: V, done: &mut Weeks, hidden: fn(V) -> V) -> V {
    let earlier = match verdict {
        Verdict::Fresh => {
            done.fresh += 1;
            return now;
        }
        // A value of a version with other figures cannot be shown again.
        Verdict::Kept(value) => serde_json::from_value(value).ok(),
        Verdict::Hidden(_) => None,
    };
    match earlier {
        Some(earlier) => {
            done.kept += 1;
            earlier
        }
        None => {
            done.withheld += 1;
            hidden(now)
        }
    }
}

fn gathered(input: &TeamWeeks<'_>) -> BTreeMap<String, BTreeMap<String, TeamWeek>> {
    let mut cells: BTreeMap<String, BTreeMap<String, TeamWeek>> = BTreeMap::new();
    for week in input.actor_weeks {
        let cell = cells.entry(week.iso_week.clone()).or_default().entry(week.team_id.clone()).or_default();
        add(&mut cell.tokens, week.tokens);
        add(&mut cell.cost, week.cost_micro_usd);
        add(&mut cell.outcomes, week.outcomes);
        let one = cell.by_actor.entry(week.actor.clone()).or_default();
        one.active |= week.is_active();
        one.tokens += week.tokens.unwrap_or(0);
        one.cost += week.cost_micro_usd.unwrap_or(0);
        one.outcomes += week.outcomes.unwrap_or(0);
        one.flagged |= matches!(week.band.as_str(), "look" | "review");
    }
    for link in input.links {
        let cell = cells.get_mut(&link.iso_week).and_then(|teams| teams.get_mut(&link.team_id));
        let Some(one) = cell.and_then(|cell| cell.by_actor.get_mut(&link.actor)) else { continue };
        one.linked += link.linked;
        one.unknown += link.unknown;
    }
    // Who was on record with nothing done is in no cell; who only let a session of the week before run on is.
    let did = |one: &OfActor| one.active || one.tokens != 0 || one.cost != 0;
    cells.values_mut().flat_map(BTreeMap::values_mut).for_each(|cell| cell.by_actor.retain(|_, one| did(one)));
    cells
}

/// Flagged shares of the teams of one week, and which of them can be told apart from all of them together.
fn rates<'a>(teams: impl Iterator<Item = &'a TeamWeek>) -> Vec<(ShrunkRate, bool)> {
    let counts: Vec<TeamCount> = teams
        .map(|cell| TeamCount {
            flagged: cell.sum(|one| i64::from(one.flagged)).unsigned_abs(),
            people: cell.active().unsigned_abs(),
        })
        .collect();
    let prior = Prior::fit(&counts);
    let rates: Vec<ShrunkRate> = counts.into_iter().map(|count| prior.shrink(count)).collect();
    let told_apart = distinguishable(&rates);
    rates.into_iter().zip(told_apart).collect()
}

fn row(
    team: &str,
    iso_week: &str,
    cell: &TeamWeek,
    (rate, told_apart): (ShrunkRate, bool),
    roster_size: &dyn Fn(&str, &str) -> i64,
) -> TeamRow {
    let active = cell.active();
    let linked = cell.sum(|one| one.linked);
    let of_tokens = |amount: i64| cell.tokens.map(|_| rounding::amount(amount));
    TeamRow {
        team_id: team.to_owned(),
        iso_week: iso_week.to_owned(),
        actors: Some(rounding::count(roster_size(team, iso_week).max(active))),
        active_actors: Some(rounding::count(active)),
        tokens: of_tokens(cell.sum(|one| one.tokens)),
        cost_micro_usd: cell.cost.map(|_| rounding::amount(cell.sum(|one| one.cost))),
        outcomes: cell.outcomes.map(|_| rounding::count(cell.sum(|one| one.outcomes))),
        tokens_with_outcome_low: of_tokens(linked),
        tokens_with_outcome_high: of_tokens(linked + cell.sum(|one| one.unknown)),
        flagged_share: Some(rounding::share(rate.rate)),
        flagged_low: Some(rounding::share_below(rate.low)),
        flagged_high: Some(rounding::share_above(rate.high)),
        flagged_distinguishable: Some(told_apart),
        suppressed: false,
    }
}

fn panel_cell(cell: &TeamWeek, row: &TeamRow) -> PanelCell {
    let known = cell.by_actor.iter().filter(|(actor, _)| is_known(actor));
    PanelCell {
        name: row.team_id.clone(),
        members: known.map(|(actor, one)| (actor.clone(), one.contribution())).collect(),
        value: serde_json::to_value(row).unwrap_or_default(),
        barred: (row.team_id == UNASSIGNED).then_some(Hidden::Remainder),
        ..PanelCell::default()
    }
}

fn rounded_week(week: WeekTotals) -> WeekTotals {
    WeekTotals {
        active_actors: rounding::count(week.active_actors),
        sessions: rounding::count(week.sessions),
        prompts: rounding::amount(week.prompts),
        tokens: week.tokens.map(rounding::amount),
        cost_micro_usd: week.cost_micro_usd.map(rounding::amount),
        outcomes: week.outcomes.map(rounding::count),
        ..week
    }
}

fn hidden_row(row: TeamRow) -> TeamRow {
    TeamRow { team_id: row.team_id, iso_week: row.iso_week, suppressed: true, ..TeamRow::default() }
}

fn hidden_week(week: WeekTotals) -> WeekTotals {
    WeekTotals { iso_week: week.iso_week, partial: week.partial, withheld: true, ..WeekTotals::default() }
}

fn add(sum: &mut Option<i64>, part: Option<i64>) {
    if let Some(part) = part {
        *sum = Some(sum.unwrap_or(0) + part);
    }
}

#[cfg(test)]
mod tests;
