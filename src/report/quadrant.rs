//! Usage of teams against outcomes, over the period.
//!
//! Owns the sums, the intervals and the places; what of them is shown is decided by the release, beside the weeks of teams that are shown. Rows
//! are in the order of names, never of size, and no pseudonym leaves this module.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use super::escape::plain;
use super::inputs::Inputs;
use super::model::views::{Quadrant, QuadrantTeam};
use super::money::session_tokens;
use super::people::{UNASSIGNED, is_known};
use super::quantities::{Count, Maybe, Share, Tokens};
use super::release::{Draft, Release};
use crate::privacy::rounding::{amount_above, amount_below, amount_interval};
use crate::privacy::{Contribution, Hidden, Interval, Members};
use crate::score::stats::student_t_quantile;

/// Fewest whole weeks of a quadrant; judgement default.
const FEWEST_WEEKS: usize = 4;

fn length(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// What one person did in a team.
#[derive(Debug, Clone, Copy, Default)]
struct InTeam {
    weeks: i64,
    tokens: i64,
    cost: i64,
    linked: i64,
    unknown: i64,
}

impl InTeam {
    fn contribution(self) -> Contribution {
        let others = [self.weeks, self.linked, self.unknown];
        Contribution::of(self.tokens, self.cost, &others)
    }
}

/// One team over the period.
#[derive(Default)]
struct OfTeam<'a> {
    people: BTreeMap<&'a str, InTeam>,
    /// What they did in weeks in which their team is withheld.
    hidden: BTreeMap<&'a str, InTeam>,
}

impl OfTeam<'_> {
    fn sum(&self, of: fn(&InTeam) -> i64) -> f64 {
        self.people.values().map(of).sum::<i64>() as f64
    }

    /// Tokens a week and active person.
    fn usage(&self) -> f64 {
        self.sum(|one| one.tokens) / self.sum(|one| one.weeks).max(1.0)
    }

    /// Squares of what each person is from the team's usage, as shares of it: the residuals of a ratio of sums.
    fn spread(&self) -> f64 {
        let (usage, weeks) = (self.usage().max(1.0), self.sum(|one| one.weeks).max(1.0));
        let mean_weeks = weeks / self.people.len().max(1) as f64;
        let residual = |one: &InTeam| (one.tokens as f64 - usage * one.weeks as f64) / (usage * mean_weeks);
        self.people.values().map(|one| residual(one).powi(2)).sum()
    }
}

/// What may be shown of a team: usage and its interval, both ends of its share of tokens with an outcome.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Place {
    usage: [i64; 3],
    outcome: [f64; 2],
}

fn of_teams(inputs: &Inputs) -> BTreeMap<&str, OfTeam<'_>> {
    let withheld: BTreeSet<(&str, &str)> = inputs
        .teams
        .iter()
        .filter(|row| row.suppressed)
        .map(|row| (row.team_id.as_str(), row.iso_week.as_str()))
        .collect();
    // Hashed while rows are added up, since there are a million sessions; in order for whatever comes after.
    let mut people: FxHashMap<(&str, &str), InTeam> = FxHashMap::default();
    let mut hidden: FxHashMap<(&str, &str), InTeam> = FxHashMap::default();
    for row in inputs.actor_weeks.iter().filter(|row| row.is_active() || row.tokens.unwrap_or(0) > 0) {
        let is_hidden = withheld.contains(&(row.team_id.as_str(), row.iso_week.as_str()));
        for places in std::iter::once(&mut people).chain(is_hidden.then_some(&mut hidden)) {
            let one = places.entry((row.team_id.as_str(), row.actor.as_str())).or_default();
            // A week whose log states no tokens is no week without any.
            one.weeks += i64::from(row.is_active() && row.tokens.is_some());
            one.tokens += row.tokens.unwrap_or(0);
            one.cost += row.cost_micro_usd.unwrap_or(0);
        }
    }
    for session in inputs.sessions.iter().filter(|session| session.outcome_link != "none") {
        let Some(one) = people.get_mut(&(session.team_id.as_str(), session.actor.as_str())) else { continue };
        let tokens = session_tokens(session).unwrap_or(0);
        match session.outcome_link.as_str() {
            "linked" => one.linked += tokens,
            _ => one.unknown += tokens,
        }
    }
    let mut teams: BTreeMap<&str, OfTeam<'_>> = BTreeMap::new();
    for ((team, actor), one) in people {
        teams.entry(team).or_default().people.insert(actor, one);
    }
    for ((team, actor), one) in hidden {
        teams.entry(team).or_default().hidden.insert(actor, one);
    }
    teams
}

/// Usage against outcomes by team, over the period. A team's weeks are often too small to be shown where its sum over the period is not; that is
/// asked for beside the weeks that are shown. The spread that the intervals rest on is that of all teams together: a team's own would tell of
/// its largest member.
pub(super) fn quadrant(inputs: &Inputs, release: &mut Release<'_>) -> Quadrant {
    let weeks = inputs.weeks.iter().filter(|week| !week.partial).count();
    let nothing = Quadrant {
        teams: Vec::new(),
        usage_centre: Maybe(None),
        outcome_centre: Maybe(None),
        weeks: Count(length(weeks)),
        left_out: Count(0),
    };
    let teams = of_teams(inputs);
    // Also those of which nobody did anything: that one more is left out would say that somebody of it has begun.
    let named: BTreeSet<&str> =
        inputs.teams.iter().map(|row| row.team_id.as_str()).chain(teams.keys().copied()).collect();
    let known = named.iter().filter(|team| **team != UNASSIGNED).count();
    if weeks < FEWEST_WEEKS {
        return Quadrant { left_out: Count(length(known)), ..nothing };
    }
    let people: usize = teams.values().map(|team| team.people.len()).sum();
    let freedom = people.saturating_sub(teams.len()).max(1) as f64;
    let deviation = (teams.values().map(OfTeam::spread).sum::<f64>() / freedom).sqrt();
    let reach = student_t_quantile(0.975, freedom) * deviation;
    let mut drafts: Vec<Draft<Place>> = Vec::new();
    for (name, team) in &teams {
        let members = |people: &BTreeMap<&str, InTeam>| -> Members {
            let known = people.iter().filter(|(actor, _)| is_known(actor));
            known.map(|(actor, one)| ((*actor).to_owned(), one.contribution())).collect()
        };
        let everything = members(&team.people);
        let barred = match *name {
            UNASSIGNED => Some(Hidden::Remainder),
            _ => {
                let may_be_said = release.team_may_be_summed(name, &everything, members(&team.hidden));
                (!may_be_said).then_some(Hidden::BesideItsWeeks)
            }
        };
        let place = place(team, team.people.len(), reach, release);
        let tokens_between = Some(tokens_between(team, place));
        drafts.push(Draft { barred, tokens_between, ..Draft::new(name, everything, place) });
    }
    let mut all = OfTeam::default();
    for (actor, one) in teams.values().flat_map(|team| &team.people) {
        let sum = all.people.entry(actor).or_default();
        sum.weeks += one.weeks;
        sum.tokens += one.tokens;
        sum.linked += one.linked;
        sum.unknown += one.unknown;
    }
    let whole = place(&all, people, reach, release);
    let names: Vec<&str> = teams.keys().copied().collect();
    let (shown, total) = release.panel_between("quadrant", drafts, Some(whole), Some(tokens_between(&all, whole)));
    let middle = |ends: [f64; 2]| (ends[0] + ends[1]) / 2.0;
    let apart = |low: f64, high: f64, centre: f64| centre < low || centre > high;
    let points = names.iter().zip(shown).filter_map(|(team, shown)| {
        // Whoever is in no team is no team, also where nothing is withheld; and without stated tokens there is no place.
        let has_place = *team != UNASSIGNED && teams.get(team).is_some_and(|team| team.sum(|one| one.weeks) > 0.0);
        let (place, total) = (shown.filter(|_| has_place)?, total?);
        let [low, usage, high] = place.usage;
        let [least, most] = place.outcome;
        Some(QuadrantTeam {
            team_id: plain(team),
            usage: Tokens(usage),
            usage_low: Tokens(low),
            usage_high: Tokens(high),
            outcome: Share(middle(place.outcome)),
            outcome_low: Share(least),
            outcome_high: Share(most),
            weeks: Count(length(weeks)),
            distinguishable: apart(low as f64, high as f64, total.usage[1] as f64)
                && apart(least, most, middle(total.outcome)),
        })
    });
    let points: Vec<QuadrantTeam> = points.collect();
    Quadrant {
        left_out: Count(length(known.saturating_sub(points.len()))),
        teams: points,
        usage_centre: Maybe(total.map(|total| Tokens(total.usage[1]))),
        outcome_centre: Maybe(total.map(|total| Share(middle(total.outcome)))),
        ..nothing
    }
}

/// Between what its published usage says that the tokens of a team's people lie, to whoever knows in how many weeks they were active, and what
/// nobody known used. A mean of two digits may say it ten times closer than the sum to two digits would.
fn tokens_between(team: &OfTeam<'_>, place: Place) -> Interval {
    let weeks = team.sum(|one| one.weeks);
    let nobodys =
        team.people.iter().filter(|(actor, _)| !is_known(actor)).map(|(_, one)| one.tokens as f64).sum::<f64>();
    let (low, high) = amount_interval(place.usage[1].unsigned_abs());
    // The mean was rounded to a whole number first.
    let [low, high] = [low as f64 - 0.5, high as f64 + 0.5].map(|mean| (mean * weeks - nobodys).max(0.0));
    Interval { low, high }
}

/// Where a team stands. Its people are counted as they would be published: the interval must not tell of one more or less.
fn place(team: &OfTeam<'_>, people: usize, reach: f64, release: &Release<'_>) -> Place {
    let usage = team.usage();
    let counted = release.count(length(people)).max(1) as f64;
    let half = usage * reach / counted.sqrt();
    let whole = |amount: f64| amount.max(0.0).round() as i64;
    let outwards = |amount: i64, to: fn(u64) -> u64| {
        if release.is_active() { i64::try_from(to(amount.unsigned_abs())).unwrap_or(i64::MAX) } else { amount }
    };
    let tokens = team.sum(|one| one.tokens).max(1.0);
    let (linked, unknown) = (team.sum(|one| one.linked), team.sum(|one| one.unknown));
    let (least, most) = (Share((linked / tokens).min(1.0)), Share(((linked + unknown) / tokens).min(1.0)));
    let (least, most) = release.range(least, most);
    Place {
        usage: [
            outwards(whole(usage - half), amount_below),
            release.amount(whole(usage)),
            outwards(whole(usage + half), amount_above),
        ],
        outcome: [least.0, most.0],
    }
}
