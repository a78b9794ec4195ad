//! What the money bought: five parts that add up to the total, each with the range that the open cases leave.
//!
//! Owns the rule that places a session. Integers only: every micro-dollar and every token stands in exactly one part.
//!
//! A session stands in one part at its best reading, and *could* stand in others. A part's low end holds the sessions that can
//! be nowhere else, its high end all that could be there. An outcome beats every suspicion: theater is use that nobody needed, so
//! linked spend is never counted as theater-like. Exploration is claimed only where a person varied their prompts and the session
//! was compared with its peers and found usual; what was not compared is unknown, not innocent and not guilty.

use std::collections::{BTreeMap, BTreeSet};

use super::inputs::Inputs;
use super::model::{Money, MoneyPart};
use super::quantities::{Count, Maybe, MicroDollars, Share, Tokens};
use crate::score::rows::{AttributionRow, FindingRow, SessionRow};

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
#[derive(Debug, Clone, PartialEq, Eq)]
struct Placement {
    part: Part,
    could_be: BTreeSet<Part>,
}

/// Places a session by its link to an outcome first and its band second. A session by itself reaches `look` at most; in a week that reached
/// `review` it is one of that week's exhibits (`signals.md` 3.7).
fn place(session: &SessionRow, in_review: bool, certain_link: bool, repeated_prompt: bool) -> Placement {
    use Part::{Exploration, Linked, TheaterLike, Unknown};
    let band = if in_review && session.band == "look" { "review" } else { session.band.as_str() };
    let (part, could_be): (Part, &[Part]) = match session.outcome_link.as_str() {
        "linked" if certain_link => (Linked, &[Linked]),
        // A link by time alone: the outcome may be someone else's work.
        "linked" if band == "review" => (Linked, &[Linked, TheaterLike, Unknown]),
        "linked" => (Linked, &[Linked, Exploration, Unknown]),
        "none" => match band {
            "review" => (TheaterLike, &[TheaterLike]),
            "look" => (Unknown, &[Unknown, Exploration, TheaterLike]),
            "none" if session.trigger == "human" && !repeated_prompt => (Exploration, &[Exploration]),
            "note" if session.trigger == "human" && !repeated_prompt => (Exploration, &[Exploration, Unknown]),
            _ => (Unknown, &[Unknown, Exploration]),
        },
        _ => match band {
            "review" => (TheaterLike, &[TheaterLike, Linked, Unknown]),
            "look" => (Unknown, &[Unknown, Linked, Exploration, TheaterLike]),
            _ => (Unknown, &[Unknown, Linked, Exploration]),
        },
    };
    Placement { part, could_be: could_be.iter().copied().collect() }
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

/// Adds one session's amount to the parts.
fn spread(sums: &mut BTreeMap<Part, Sum>, placement: &Placement, amount: i64, waste: WasteOf) {
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
    for part in &placement.could_be {
        let value = if *part == placement.part { amount - carved } else { 0 };
        let low = if certain { amount - waste.most } else { 0 };
        let high = if suspected { amount } else { amount - waste.least };
        add(*part, value, low, high);
    }
}

/// Sessions whose link is by more than the clock. A linked session without attribution rows is taken at its word.
fn certain_links(attribution: &[AttributionRow]) -> BTreeMap<&str, bool> {
    let mut certain = BTreeMap::new();
    for row in attribution {
        *certain.entry(row.session_id.as_str()).or_insert(false) |= row.tier != "window";
    }
    certain
}

fn waste_by_session(findings: &[FindingRow], amount: impl Fn(&FindingRow) -> Option<i64>) -> BTreeMap<&str, WasteOf> {
    let mut waste: BTreeMap<&str, WasteOf> = BTreeMap::new();
    for row in findings.iter().filter(|row| WASTE_FINDINGS.contains(&row.finding.as_str())) {
        waste.entry(row.session_id.as_str()).or_default().add(amount(row));
    }
    waste
}

/// Input, output and cache tokens of a session together, none when none was reported.
pub(super) fn session_tokens(session: &SessionRow) -> Option<i64> {
    [session.input_tokens, session.output_tokens, session.cache_read_tokens, session.cache_write_tokens]
        .into_iter()
        .flatten()
        .reduce(i64::saturating_add)
}

/// Splits cost and tokens of all sessions.
pub(super) fn split(inputs: &Inputs) -> Money {
    let certain = certain_links(&inputs.attribution);
    let repeated: BTreeSet<&str> = inputs
        .findings
        .iter()
        .filter(|row| row.finding == "repeated_prompt")
        .map(|row| row.session_id.as_str())
        .collect();
    let reviewed: BTreeSet<(&str, &str)> = inputs
        .actor_weeks
        .iter()
        .filter(|week| week.band == "review")
        .map(|week| (week.actor.as_str(), week.iso_week.as_str()))
        .collect();
    let waste_cost = waste_by_session(&inputs.findings, |row| row.cost_micro_usd);
    let waste_tokens = waste_by_session(&inputs.findings, |row| row.tokens);

    let (mut cost, mut tokens) = (BTreeMap::new(), BTreeMap::new());
    let mut sessions: BTreeMap<Part, i64> = BTreeMap::new();
    let (mut total, mut total_tokens, mut priced, mut unpriced) = (0, 0, 0, 0);
    for session in &inputs.sessions {
        let id = session.session_id.as_str();
        let in_review = reviewed.contains(&(session.actor.as_str(), session.iso_week.as_str()));
        let placement = place(session, in_review, certain.get(id).copied().unwrap_or(true), repeated.contains(id));
        *sessions.entry(placement.part).or_default() += 1;
        match session.cost_micro_usd {
            Some(amount) => {
                priced += 1;
                total += amount.max(0);
                spread(&mut cost, &placement, amount.max(0), waste_cost.get(id).copied().unwrap_or_default());
            }
            None => unpriced += 1,
        }
        let amount = session_tokens(session).unwrap_or(0).max(0);
        total_tokens += amount;
        spread(&mut tokens, &placement, amount, waste_tokens.get(id).copied().unwrap_or_default());
    }
    let wasteful = waste_tokens.keys().chain(waste_cost.keys()).collect::<BTreeSet<_>>().len();
    sessions.insert(Part::Waste, i64::try_from(wasteful).unwrap_or(i64::MAX));

    let parts = PARTS
        .iter()
        .map(|&(part, id, label, meaning)| {
            let sum = cost.get(&part).copied().unwrap_or_default();
            MoneyPart {
                id,
                label,
                meaning,
                cost: MicroDollars(sum.value),
                cost_low: MicroDollars(sum.low),
                cost_high: MicroDollars(sum.high),
                share: Maybe(Share::of(sum.value, total)),
                tokens: Tokens(tokens.get(&part).copied().unwrap_or_default().value),
                sessions: Count(sessions.get(&part).copied().unwrap_or_default()),
            }
        })
        .collect();
    Money {
        total: MicroDollars(total),
        total_tokens: Tokens(total_tokens),
        priced_sessions: Count(priced),
        unpriced_sessions: Count(unpriced),
        parts,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn session(link: &str, band: &str, cost: i64) -> SessionRow {
        SessionRow {
            session_id: "s".into(),
            outcome_link: link.into(),
            band: band.into(),
            trigger: "human".into(),
            cost_micro_usd: Some(cost),
            ..SessionRow::default()
        }
    }

    fn part_of(
        session: SessionRow,
        attribution: Vec<AttributionRow>,
        findings: Vec<FindingRow>,
    ) -> Vec<(i64, i64, i64)> {
        let inputs = Inputs { sessions: vec![session], attribution, findings, ..Inputs::default() };
        split(&inputs).parts.iter().map(|part| (part.cost.0, part.cost_low.0, part.cost_high.0)).collect()
    }

    #[test]
    fn an_outcome_beats_every_suspicion() {
        let link = AttributionRow { session_id: "s".into(), tier: "lines".into(), ..AttributionRow::default() };
        let parts = part_of(session("linked", "review", 100), vec![link], vec![]);
        assert_eq!(parts, [(100, 100, 100), (0, 0, 0), (0, 0, 0), (0, 0, 0), (0, 0, 0)]);
    }

    #[test]
    fn a_link_by_time_alone_is_not_certain() {
        let link = AttributionRow { session_id: "s".into(), tier: "window".into(), ..AttributionRow::default() };
        let parts = part_of(session("linked", "none", 100), vec![link], vec![]);
        assert_eq!(parts, [(100, 0, 100), (0, 0, 100), (0, 0, 0), (0, 0, 0), (0, 0, 100)]);
    }

    #[test]
    fn what_was_not_compared_is_unknown() {
        let parts = part_of(session("none", "insufficient", 100), vec![], vec![]);
        assert_eq!(parts, [(0, 0, 0), (0, 0, 100), (0, 0, 0), (0, 0, 0), (100, 0, 100)]);
    }

    #[test]
    fn overlapping_findings_make_waste_a_range() {
        let found = |finding: &str, cost| FindingRow {
            session_id: "s".into(),
            finding: finding.into(),
            cost_micro_usd: Some(cost),
            ..FindingRow::default()
        };
        let findings = vec![found("identical_calls", 30), found("no_op_run", 90), found("repeated_prompt", 5)];
        let parts = part_of(session("linked", "none", 100), vec![], findings);
        assert_eq!(parts, [(10, 0, 10), (0, 0, 0), (90, 90, 100), (0, 0, 0), (0, 0, 0)]);
    }

    proptest! {
        #[test]
        fn parts_add_up_and_lie_in_their_ranges(
            rows in prop::collection::vec(
                (0..3_usize, 0..5_usize, 0..3_usize, prop::option::of(0..5_000_000_000_i64), 0..4_usize, 0..6_000_000_000_i64, any::<bool>()),
                0..40,
            )
        ) {
            let mut inputs = Inputs::default();
            for (index, (link, band, trigger, cost, finding, finding_cost, window)) in rows.into_iter().enumerate() {
                let session_id = format!("s{index}");
                inputs.sessions.push(SessionRow {
                    session_id: session_id.clone(),
                    outcome_link: ["linked", "none", "unknown"][link].into(),
                    band: ["insufficient", "none", "note", "look", "review"][band].into(),
                    trigger: ["human", "schedule", "unknown"][trigger].into(),
                    cost_micro_usd: cost,
                    output_tokens: cost.map(|cost| cost / 7),
                    ..SessionRow::default()
                });
                for name in &["identical_calls", "no_op_run", "repeated_prompt"][..finding] {
                    inputs.findings.push(FindingRow {
                        session_id: session_id.clone(),
                        finding: (*name).into(),
                        cost_micro_usd: Some(finding_cost),
                        tokens: Some(finding_cost),
                        ..FindingRow::default()
                    });
                }
                let tier = if window { "window" } else { "explicit" };
                inputs.attribution.push(AttributionRow { session_id, tier: tier.into(), ..AttributionRow::default() });
            }
            let money = split(&inputs);
            prop_assert_eq!(money.parts.iter().map(|part| part.cost.0).sum::<i64>(), money.total.0);
            prop_assert_eq!(money.parts.iter().map(|part| part.tokens.0).sum::<i64>(), money.total_tokens.0);
            for part in &money.parts {
                prop_assert!(part.cost_low <= part.cost && part.cost <= part.cost_high, "{:?}", part);
                prop_assert!(part.cost_low.0 >= 0 && part.cost_high <= money.total, "{:?}", part);
            }
        }
    }
}
