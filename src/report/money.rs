//! What the money bought: five parts that add up to the total, each with the range that the open cases leave.
//!
//! Owns the rule that places a session. Integers only: every micro-dollar and every token stands in exactly one part. [`Split`] is exact
//! and stays in here and in the thresholds of the answer; what is written is [`Money`], which went through the release.
//!
//! A session stands in one part at its best reading, and *could* stand in others. A part's low end holds the sessions that can
//! be nowhere else, its high end all that could be there. An outcome beats every suspicion: theater is use that nobody needed, so
//! linked spend is never counted as theater-like. Exploration is claimed only where a person varied their prompts and the session
//! was compared with its peers and found usual; what was not compared is unknown, not innocent and not guilty.

use std::collections::BTreeMap;

use rustc_hash::{FxHashMap, FxHashSet};
use serde::{Deserialize, Serialize};

use super::figures::is_scored;
use super::inputs::Inputs;
use super::model::{Money, MoneyPart};
use super::quantities::{Count, Maybe, MicroDollars, Share, Tokens};
use super::release::{Draft, Gathered, Release, members};
use crate::privacy::rounding::{self, HIGH_SHARE, LOW_SHARE};
use crate::privacy::{Contribution, Interval, Line, Members, is_wide, propagate};
use crate::score::rows::SessionRow;

/// Findings that state honest inefficiency: their steps cost money and moved nothing.
const WASTE_FINDINGS: [&str; 3] = ["identical_calls", "no_op_run", "undelivered_output"];

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Linked,
    Exploration,
    Waste,
    TheaterLike,
    Unknown,
}

const PARTS: [(Part, &str, &str, &str); 5] = [
    (
        Part::Linked,
        "linked",
        "Linked to an outcome",
        "Sessions that a landed change, ticket or document can be traced to.",
    ),
    (
        Part::Exploration,
        "exploration",
        "Exploration",
        "No outcome yet, but varied work by a person that looks like that of their peers. Innocent and common.",
    ),
    (
        Part::Waste,
        "waste",
        "Waste",
        "Steps that moved nothing: the same call again, runs without effect. Advice, never an accusation.",
    ),
    (
        Part::TheaterLike,
        "theater_like",
        "Theater-like",
        "No outcome, and two independent kinds of evidence that the use was made to be counted. Evidence, not proof.",
    ),
    (
        Part::Unknown,
        "unknown",
        "Unknown",
        "Cannot be told from these logs: outcomes not covered, or too little to compare with.",
    ),
];

/// Where one session stands and where it could stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Placement {
    part: Part,
    could_be: &'static [Part],
}

/// Places a session by its link to an outcome first and its band second. A session by itself reaches `look` at most; in a week that reached
/// `review` it is one of that week's exhibits (`signals.md` 3.7).
fn place(session: &SessionRow, known: &Known<'_>) -> Placement {
    use Part::{Exploration, Linked, TheaterLike, Unknown};
    let id = session.session_id.as_str();
    let in_review = || known.reviewed.contains(&(session.actor.as_str(), session.iso_week.as_str()));
    let repeated_prompt = || known.repeated.contains(id);
    let band = if session.band == "look" && in_review() { "review" } else { session.band.as_str() };
    let (part, could_be): (Part, &'static [Part]) = match session.outcome_link.as_str() {
        // A linked session without attribution rows is taken at its word.
        "linked" if known.certain.get(id).copied().unwrap_or(true) => (Linked, &[Linked]),
        // A link by time alone: the outcome may be someone else's work.
        "linked" if band == "review" => (Linked, &[Linked, TheaterLike, Unknown]),
        "linked" => (Linked, &[Linked, Exploration, Unknown]),
        "none" => match band {
            "review" => (TheaterLike, &[TheaterLike]),
            "look" => (Unknown, &[Unknown, Exploration, TheaterLike]),
            "none" if session.trigger == "human" && !repeated_prompt() => (Exploration, &[Exploration]),
            "note" if session.trigger == "human" && !repeated_prompt() => (Exploration, &[Exploration, Unknown]),
            _ => (Unknown, &[Unknown, Exploration]),
        },
        _ => match band {
            "review" => (TheaterLike, &[TheaterLike, Linked, Unknown]),
            "look" => (Unknown, &[Unknown, Linked, Exploration, TheaterLike]),
            _ => (Unknown, &[Unknown, Linked, Exploration]),
        },
    };
    Placement { part, could_be }
}

/// One part while it is being added up.
#[derive(Debug, Clone, Copy, Default)]
struct Sum {
    value: i64,
    low: i64,
    high: i64,
}

/// What waste findings took of one session: findings may overlap, so the largest is the least and their sum the most.
#[derive(Debug, Clone, Copy, Default)]
struct WasteOf {
    least: i64,
    most: i64,
}

impl WasteOf {
    fn add(&mut self, amount: Option<i64>) {
        let amount = amount.unwrap_or(0).max(0);
        self.least = self.least.max(amount);
        self.most = self.most.saturating_add(amount);
    }

    fn within(self, whole: i64) -> WasteOf {
        WasteOf { least: self.least.min(whole), most: self.most.min(whole) }
    }
}

/// One part, exactly.
#[derive(Debug, Clone, Default)]
pub(super) struct SplitPart {
    pub(super) id: &'static str,
    label: &'static str,
    meaning: &'static str,
    pub(super) cost: i64,
    pub(super) cost_low: i64,
    pub(super) cost_high: i64,
    tokens: i64,
    sessions: i64,
    /// Who put how much into it.
    members: Members,
}

/// What the money bought, exactly.
#[derive(Debug, Clone, Default)]
pub(super) struct Split {
    pub(super) total: i64,
    total_tokens: i64,
    pub(super) priced: i64,
    pub(super) unpriced: i64,
    pub(super) scored: i64,
    pub(super) parts: Vec<SplitPart>,
}

/// The figures of a part as they are published and taken down.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct Published {
    cost: Option<i64>,
    cost_low: Option<i64>,
    cost_high: Option<i64>,
    share: Option<f64>,
    share_low: Option<f64>,
    share_high: Option<f64>,
    tokens: Option<i64>,
    sessions: Option<i64>,
    /// Of the total alone, whose sessions are those with a price: sessions without one. An earlier report's spend stands beside its own counts, since one
    /// person's late sessions would be the difference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unpriced: Option<i64>,
    /// Of the total alone: sessions that were compared with others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    scored: Option<i64>,
}

impl Split {
    /// A part's cost and its range as shares of the total, exactly; none where nothing was priced.
    pub(super) fn shares(&self, id: &str) -> Option<[Share; 3]> {
        let part = self.parts.iter().find(|part| part.id == id)?;
        let share = |amount| Share::of(amount, self.total);
        Some([share(part.cost)?, share(part.cost_low)?, share(part.cost_high)?])
    }

    /// What of it may be published.
    pub(super) fn released(&self, release: &mut Release<'_>) -> Money {
        let priced = self.priced > 0;
        let total = release.amount(self.total);
        // An end of a range, outwards: of the least and the most that the total as published stands for, then two digits.
        let (least, most) = rounding::amount_interval(total.unsigned_abs());
        let of_total = |end: Share, high: bool| {
            let whole = if high { most } else { least };
            let amount = (whole as f64 * band_edge(end, high).0).round().max(0.0) as u64;
            let amount = if high { rounding::amount_above(amount) } else { rounding::amount_below(amount) };
            i64::try_from(amount).unwrap_or(i64::MAX).min(total)
        };
        let drafts = self.parts.iter().map(|part| {
            let share = self.shares(part.id).map(|[share, low, high]| {
                let (low, high) = release.range(low, high);
                (release.share(share), low, high)
            });
            let exact = |amount| (priced && !release.is_active()).then_some(amount);
            let value = Published {
                cost: priced.then(|| release.amount(part.cost)),
                cost_low: exact(part.cost_low).or_else(|| share.map(|share| of_total(share.1, false))),
                cost_high: exact(part.cost_high).or_else(|| share.map(|share| of_total(share.2, true))),
                share: share.map(|share| share.0.0),
                share_low: share.map(|share| share.1.0),
                share_high: share.map(|share| share.2.0),
                tokens: Some(release.amount(part.tokens)),
                sessions: Some(release.count(part.sessions)),
                ..Published::default()
            };
            // The part that the report is read for is the last to be withheld so that its neighbours cannot be computed.
            Draft { headline: part.id == "linked", ..Draft::new(part.id, part.members.clone(), value) }
        });
        let whole = Published {
            cost: priced.then_some(total),
            tokens: Some(release.amount(self.total_tokens)),
            sessions: Some(release.count(self.priced)),
            unpriced: Some(release.count(self.unpriced)),
            scored: Some(release.count(self.scored)),
            ..Published::default()
        };
        let drafts: Vec<Draft<Published>> = drafts.collect();
        let now: Vec<Published> = drafts.iter().map(|draft| draft.value.clone()).collect();
        let (mut shown, whole) = release.panel("money", drafts, Some(whole));
        let whole = whole.unwrap_or_default();
        // What follows for the withheld is only true where every part that is shown is as it is now, and not as an earlier report had it.
        let current = whole.cost == priced.then_some(total)
            && shown.iter().zip(&now).all(|(shown, now)| shown.as_ref().is_none_or(|shown| shown == now));
        let withheld: Vec<bool> = shown.iter().map(Option::is_none).collect();
        if let Some(total) = whole.cost.filter(|_| current && withheld.contains(&true)) {
            self.fill_in(total, &mut shown, release);
        }
        let parts = self.parts.iter().zip(shown).zip(withheld);
        Money {
            total: Maybe(whole.cost.map(MicroDollars)),
            total_tokens: Maybe(whole.tokens.map(Tokens)),
            has_price: priced,
            priced_sessions: Maybe(whole.sessions.map(Count)),
            unpriced_sessions: Maybe(whole.unpriced.map(Count)),
            scored_sessions: Maybe(whole.scored.map(Count)),
            parts: parts
                .map(|((part, shown), withheld)| money_part(part, shown.unwrap_or_default(), withheld))
                .collect(),
        }
    }

    /// Gives each withheld part the range in which any reader can place it, from the total, the other parts and the bands that are said:
    /// what follows from published figures is no secret. A band is said where no withheld part comes within the protection of its amount.
    fn fill_in(&self, total: i64, shown: &mut [Option<Published>], release: &Release<'_>) {
        let hidden: Vec<bool> = shown.iter().map(Option::is_none).collect();
        let costs: Vec<Option<i64>> = shown.iter().map(|shown| shown.as_ref().and_then(|shown| shown.cost)).collect();
        // The part's share and the ends of its range, where each lies in the band.
        let mut bands: Vec<[Option<Share>; 3]> = self
            .parts
            .iter()
            .zip(&hidden)
            .map(|(part, hidden)| {
                let shares = self.shares(part.id).filter(|_| *hidden).map(|shares| shares.map(Some));
                let [share, low, high] = shares.unwrap_or_default().map(|share| release.band(share));
                [share, share.and(low), share.and(high)]
            })
            .collect();
        let said = |bands: &[[Option<Share>; 3]]| bands.iter().map(|[share, ..]| share.is_some()).collect::<Vec<_>>();
        let plain = implied(total, &costs, &vec![false; costs.len()]);
        let mut implied = implied(total, &costs, &said(&bands));
        let wide = |range: &Interval, part: &SplitPart| part.cost <= 0 || is_wide(*range, part.cost as f64);
        let tells = |((part, hidden), (with, without)): ((&SplitPart, &bool), (&Interval, &Interval))| {
            *hidden && wide(without, part) && !wide(with, part)
        };
        if self.parts.iter().zip(&hidden).zip(implied.iter().zip(&plain)).any(tells) {
            bands.fill([None; 3]);
            implied = plain;
        }
        for ((shown, range), [share, share_low, share_high]) in shown.iter_mut().zip(implied).zip(bands) {
            if shown.is_some() {
                continue;
            }
            let low = rounding::amount_below(range.low as u64);
            let high = rounding::amount_above(range.high as u64).min(total.unsigned_abs());
            let [low, high] = [low, high].map(|end| i64::try_from(end).unwrap_or(i64::MAX));
            let of_total = |end: i64| Share::of(end, total).unwrap_or_default();
            let (least, most) = release.range(of_total(low), of_total(high));
            let ends = if share.is_some() { [share_low, share_high] } else { [Some(least), Some(most)] };
            let [share, share_low, share_high] = [share, ends[0], ends[1]].map(|share| share.map(|share| share.0));
            *shown = Some(Published {
                cost_low: Some(low),
                cost_high: Some(high),
                share,
                share_low,
                share_high,
                ..Published::default()
            });
        }
    }
}

/// What can be concluded about each part: published amounts stand for what rounds to them, a band for up to 10 % of the total.
fn implied(total: i64, costs: &[Option<i64>], banded: &[bool]) -> Vec<Interval> {
    let rounded = |amount: i64| {
        let (low, high) = rounding::amount_interval(amount.unsigned_abs());
        Interval { low: low as f64, high: high as f64 }
    };
    let whole = rounded(total);
    let mut intervals = vec![whole];
    intervals.extend(costs.iter().zip(banded).map(|(cost, banded)| match (cost, banded) {
        (Some(cost), _) => rounded(*cost),
        (None, true) => Interval { low: 0.0, high: LOW_SHARE * whole.high },
        (None, false) => Interval::UNKNOWN,
    }));
    propagate(&mut intervals, &[Line { total: 0, parts: (1..=costs.len()).collect() }]);
    intervals.split_off(1)
}

fn money_part(part: &SplitPart, shown: Published, withheld: bool) -> MoneyPart {
    let money = |amount: Option<i64>| Maybe(amount.map(MicroDollars));
    let share = |share: Option<f64>| Maybe(share.map(Share));
    MoneyPart {
        id: part.id,
        label: part.label,
        meaning: part.meaning,
        cost: money(shown.cost),
        cost_low: money(shown.cost_low),
        cost_high: money(shown.cost_high),
        share: share(shown.share),
        share_low: share(shown.share_low),
        share_high: share(shown.share_high),
        tokens: Maybe(shown.tokens.map(Tokens)),
        sessions: Maybe(shown.sessions.map(Count)),
        withheld,
    }
}

/// The edge of a band that an end of a range lies at; any other end is itself.
fn band_edge(end: Share, high: bool) -> Share {
    match end.0 {
        share if share < LOW_SHARE => Share(if high { LOW_SHARE } else { 0.0 }),
        share if share >= HIGH_SHARE => Share(if high { 1.0 } else { HIGH_SHARE }),
        share => Share(share),
    }
}

/// Adds one session's amount to the parts.
/// Returns what of it was moved to waste.
fn spread(sums: &mut BTreeMap<Part, Sum>, placement: &Placement, amount: i64, waste: WasteOf) -> i64 {
    let waste = waste.within(amount);
    let suspected = placement.could_be.contains(&Part::TheaterLike);
    // In a session that is theater-like the loop may be the theater: nothing is moved to waste, though it could be.
    let carved = if placement.part == Part::TheaterLike { 0 } else { waste.least };
    let mut add = |part: Part, value: i64, low: i64, high: i64| {
        let sum = sums.entry(part).or_default();
        sum.value += value;
        sum.low += low;
        sum.high += high;
    };
    add(Part::Waste, carved, if suspected { 0 } else { waste.least }, waste.most);
    let certain = placement.could_be.len() == 1;
    for part in placement.could_be {
        let value = if *part == placement.part { amount - carved } else { 0 };
        let low = if certain { amount - waste.most } else { 0 };
        let high = if suspected { amount } else { amount - waste.least };
        add(*part, value, low, high);
    }
    carved
}

/// What other tables say of sessions, by session or by person and week.
struct Known<'a> {
    /// Whether the link is by more than the clock.
    certain: FxHashMap<&'a str, bool>,
    /// With near-identical prompts.
    repeated: FxHashSet<&'a str>,
    /// Weeks of people in review.
    reviewed: FxHashSet<(&'a str, &'a str)>,
    /// Cost and tokens that waste findings took.
    waste: FxHashMap<&'a str, (WasteOf, WasteOf)>,
}

impl<'a> Known<'a> {
    fn of(inputs: &'a Inputs) -> Self {
        let mut certain: FxHashMap<&str, bool> = FxHashMap::default();
        for row in &inputs.attribution {
            *certain.entry(row.session_id.as_str()).or_insert(false) |= row.tier != "window";
        }
        let mut repeated = FxHashSet::default();
        let mut waste: FxHashMap<&str, (WasteOf, WasteOf)> = FxHashMap::default();
        for row in &inputs.findings {
            if row.finding == "repeated_prompt" {
                repeated.insert(row.session_id.as_str());
            } else if WASTE_FINDINGS.contains(&row.finding.as_str()) {
                let (cost, tokens) = waste.entry(row.session_id.as_str()).or_default();
                cost.add(row.cost_micro_usd);
                tokens.add(row.tokens);
            }
        }
        let in_review = inputs.actor_weeks.iter().filter(|week| week.band == "review");
        let reviewed = in_review.map(|week| (week.actor.as_str(), week.iso_week.as_str())).collect();
        Self { certain, repeated, reviewed, waste }
    }
}

/// Input, output and cache tokens of a session together, none when none was reported.
pub(super) fn session_tokens(session: &SessionRow) -> Option<i64> {
    [session.input_tokens, session.output_tokens, session.cache_read_tokens, session.cache_write_tokens]
        .into_iter()
        .flatten()
        .reduce(i64::saturating_add)
}

/// Splits cost and tokens of all sessions.
pub(super) fn split(inputs: &Inputs, release: &Release<'_>) -> Split {
    let known = Known::of(inputs);
    let (mut cost, mut tokens) = (BTreeMap::new(), BTreeMap::new());
    let mut sessions: BTreeMap<Part, i64> = BTreeMap::new();
    let mut people: BTreeMap<Part, Gathered<'_>> = BTreeMap::new();
    let (mut total, mut total_tokens, mut priced, mut unpriced, mut scored) = (0, 0, 0, 0, 0);
    for session in &inputs.sessions {
        let placement = place(session, &known);
        *sessions.entry(placement.part).or_default() += 1;
        scored += i64::from(is_scored(&session.band));
        let waste = known.waste.get(session.session_id.as_str()).copied();
        let (waste_cost, waste_tokens) = waste.unwrap_or_default();
        let dollars = session.cost_micro_usd.map(|amount| amount.max(0));
        let wasted_dollars = match dollars {
            Some(amount) => {
                priced += 1;
                total += amount;
                spread(&mut cost, &placement, amount, waste_cost)
            }
            None => {
                unpriced += 1;
                0
            }
        };
        let amount = session_tokens(session).unwrap_or(0).max(0);
        total_tokens += amount;
        let wasted = spread(&mut tokens, &placement, amount, waste_tokens);
        let mut stand = |part: Part, tokens: i64, dollars: i64| {
            let (tokens, cost) = (tokens.unsigned_abs(), dollars.unsigned_abs());
            let people = people.entry(part).or_default();
            release.add(people, &session.actor, Contribution { tokens, cost, rest: 1 });
        };
        stand(placement.part, amount - wasted, dollars.unwrap_or(0) - wasted_dollars);
        if waste.is_some() {
            stand(Part::Waste, wasted, wasted_dollars);
        }
    }
    sessions.insert(Part::Waste, i64::try_from(known.waste.len()).unwrap_or(i64::MAX));

    let parts = PARTS
        .iter()
        .map(|&(part, id, label, meaning)| {
            let sum = cost.get(&part).copied().unwrap_or_default();
            SplitPart {
                id,
                label,
                meaning,
                cost: sum.value,
                cost_low: sum.low,
                cost_high: sum.high,
                tokens: tokens.get(&part).copied().unwrap_or_default().value,
                sessions: sessions.get(&part).copied().unwrap_or_default(),
                members: people.get(&part).map(members).unwrap_or_default(),
            }
        })
        .collect();
    Split { total, total_tokens, priced, unpriced, scored, parts }
}

#[cfg(test)]
mod tests;
