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
mod tests {
    use super::*;

    /// Rows of teams in which so many of so many people are flagged, the same ones in each of these weeks.
    fn rows(weeks: u8, teams: &[(&str, usize, usize)]) -> Vec<TeamRow> {
        let mut actor_weeks = Vec::new();
        for week in 1..=weeks {
            for (team, flagged, people) in teams {
                actor_weeks.extend((0..*people).map(|person| ActorWeekRow {
                    actor: format!("{team}{person:02}"),
                    team_id: (*team).to_owned(),
                    iso_week: format!("2026-W{week:02}"),
                    sessions: 1,
                    tokens: Some(1_000),
                    band: if person < *flagged { "review" } else { "none" }.to_owned(),
                    ..ActorWeekRow::default()
                }));
            }
        }
        let input = TeamWeeks {
            links: &[],
            actor_weeks: &actor_weeks,
            weeks: Vec::new(),
            roster_size: &|_, _| 0,
            roster_teams: &BTreeSet::new(),
        };
        team_weeks(input, Rules::default(), None).unwrap().0
    }

    #[test]
    fn tokens_that_no_log_states_are_not_none() {
        let row = |team: &str, person: usize, tokens| ActorWeekRow {
            actor: format!("{team}{person:02}"),
            team_id: team.to_owned(),
            iso_week: "2026-W10".to_owned(),
            sessions: 1,
            tokens,
            ..ActorWeekRow::default()
        };
        let mut actor_weeks: Vec<_> = (0..12).map(|person| row("mobile", person, None)).collect();
        actor_weeks.extend((0..20).map(|person| row("web", person, Some(1_000))));
        let input = TeamWeeks {
            links: &[],
            actor_weeks: &actor_weeks,
            weeks: Vec::new(),
            roster_size: &|_, _| 0,
            roster_teams: &BTreeSet::new(),
        };
        let (rows, _, _) = team_weeks(input, Rules::default(), None).unwrap();
        let told = |row: &TeamRow| [row.tokens, row.tokens_with_outcome_low, row.tokens_with_outcome_high];
        assert_eq!((rows[0].active_actors, rows[0].suppressed, told(&rows[0])), (Some(10), false, [None; 3]));
        assert_eq!(told(&rows[1]), [Some(20_000), Some(0), Some(0)]);
    }

    #[test]
    fn a_week_without_a_team_looks_like_one_of_few() {
        let used = |team: &str, person: usize, week: &str| ActorWeekRow {
            actor: format!("{team}{person:02}"),
            team_id: team.to_owned(),
            iso_week: week.to_owned(),
            sessions: 1,
            tokens: Some(1_000),
            ..ActorWeekRow::default()
        };
        let weeks = ["2026-W10", "2026-W11", "2026-W12"];
        let mut actor_weeks: Vec<_> =
            weeks.iter().flat_map(|week| (0..20).map(|person| used("web", person, week))).collect();
        let of_legal = |actor_weeks: &[ActorWeekRow], on_roster: &[&str]| {
            let roster_teams: BTreeSet<&str> = on_roster.iter().copied().collect();
            let input = TeamWeeks {
                links: &[],
                actor_weeks,
                weeks: Vec::new(),
                roster_size: &|_, _| 0,
                roster_teams: &roster_teams,
            };
            let (rows, _, done) = team_weeks(input, Rules::default(), None).unwrap();
            (rows.into_iter().filter(|row| row.team_id == "legal").collect::<Vec<TeamRow>>(), done.withheld)
        };
        // Of a team on the roster neither does a report tell that another has its first row.
        let before = of_legal(&actor_weeks, &["legal", "web"]);
        actor_weeks.push(used("legal", 0, "2026-W11"));
        let alike = weeks.map(|week| {
            hidden_row(TeamRow { team_id: "legal".to_owned(), iso_week: week.to_owned(), ..TeamRow::default() })
        });
        assert_eq!((before.0.as_slice(), before.1), (alike.as_slice(), 3));
        assert_eq!(of_legal(&actor_weeks, &["legal", "web"]), before);
        assert_eq!(of_legal(&actor_weeks, &[]), before);
        // Where nobody can be protected nothing is told of those who did nothing.
        assert_eq!(of_legal(&actor_weeks[..5], &["legal"]), (Vec::new(), 1));
    }

    #[test]
    fn weeks_of_one_team_are_no_teams() {
        let rows = rows(12, &[("red", 10, 40)]);
        assert_eq!(rows.len(), 12);
        for row in rows {
            // Beta(5.1, 14.9) and 10 of 40 people: .165 to .348. Twelve agreeing teams would leave .24 to .26.
            assert_eq!((row.flagged_low, row.flagged_high), (Some(0.15), Some(0.35)), "{}", row.iso_week);
        }
    }

    #[test]
    fn whoever_is_not_known_stands_in_nobodys_place() {
        let of = |team: &str, people: usize, tokens: i64| {
            let row = move |actor: String, team: &str| ActorWeekRow {
                actor,
                team_id: team.to_owned(),
                iso_week: "2026-W07".to_owned(),
                sessions: 1,
                tokens: Some(tokens),
                ..ActorWeekRow::default()
            };
            (0..people).map(|person| row(format!("{team}{person:02}"), team)).collect::<Vec<_>>()
        };
        let mut actor_weeks = [of("red", 20, 5_000_000), of("blue", 9, 6_666_667)].concat();
        let [mut nobody] = <[ActorWeekRow; 1]>::try_from(of(UNASSIGNED, 1, 40_000_000)).unwrap();
        nobody.actor = UNASSIGNED.to_owned();
        actor_weeks.push(nobody);
        let week = WeekTotals {
            iso_week: "2026-W07".to_owned(),
            active_actors: 30,
            sessions: 30,
            tokens: Some(200_000_003),
            ..WeekTotals::default()
        };
        let input = TeamWeeks {
            links: &[],
            actor_weeks: &actor_weeks,
            weeks: vec![week],
            roster_size: &|_, _| 0,
            roster_teams: &BTreeSet::new(),
        };
        let (rows, weeks, _) = team_weeks(input, Rules::default(), None).unwrap();
        // The total less red and less the use of nobody known, of which the report says the share, would be that of nine people.
        assert!(rows.iter().all(|row| row.suppressed), "{rows:?}");
        assert_eq!(weeks[0].tokens, Some(200_000_000));
    }

    #[test]
    fn teams_of_a_week_are_compared_together() {
        let usual = [("blue", 2, 20), ("green", 2, 20), ("grey", 2, 20)];
        let mut teams = usual.to_vec();
        teams.push(("red", 9, 20));
        // Its interval begins above the organisation's .19, as that of one team in ten does by chance (p = .06).
        let red = |rows: Vec<TeamRow>| rows.into_iter().find(|row| row.team_id == "red").unwrap();
        let row = red(rows(1, &teams));
        assert_eq!((row.flagged_low, row.flagged_distinguishable), (Some(0.2), Some(false)));
        teams[3].1 = 14;
        assert_eq!(red(rows(1, &teams)).flagged_distinguishable, Some(true));
    }
}
