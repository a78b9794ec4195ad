//! The four numbers at the top.
//!
//! Owns ids, labels and intervals; how each comes about is said in `method`. The ids are a contract: they are anchors in the page and keys in `summary.json`.

use super::inputs::Inputs;
use super::model::{Figure, IntervalKind, Money, MoneyPart, Quantity};
use super::people::{People, wilson_95};
use super::quantities::{Count, Maybe, Share};

fn share_of_total(part: i64, money: &Money) -> Maybe<Quantity> {
    Maybe(Share::of(part, money.total.0).map(Quantity::Share))
}

fn part<'a>(money: &'a Money, id: &str) -> Option<&'a MoneyPart> {
    money.parts.iter().find(|part| part.id == id)
}

/// Range of a part as shares of the total.
fn part_figure(money: &Money, id: &str) -> [Maybe<Quantity>; 3] {
    part(money, id).map_or([Maybe(None); 3], |part| {
        [part.cost.0, part.cost_low.0, part.cost_high.0].map(|amount| share_of_total(amount, money))
    })
}

/// The four numbers.
pub(super) fn figures(inputs: &Inputs, money: &Money, people: &People<'_>) -> Vec<Figure> {
    let priced = money.priced_sessions.0;
    let linkable = inputs.sessions.iter().any(|session| matches!(session.outcome_link.as_str(), "linked" | "none"));
    let scored = inputs.sessions.iter().filter(|session| is_scored(&session.band)).count();
    let scored = i64::try_from(scored).unwrap_or(i64::MAX);

    let complete = money.unpriced_sessions.0 == 0 && inputs.run.unpriced_models.is_empty() && lower_bounds(inputs) == 0;
    let spend = (priced > 0).then_some(Quantity::Money(money.total));
    let spend = Figure {
        id: "spend",
        label: "Spend",
        unit: "micro_usd",
        value: Maybe(spend),
        low: Maybe(spend),
        high: Maybe(spend.filter(|_| complete)),
        interval: IntervalKind::AtLeast,
        n: Count(priced),
        n_unit: "priced sessions",
        note: match (priced, complete) {
            (0, _) => "No session could be priced.".into(),
            (_, true) => "Every response is priced: nothing is missing.".into(),
            (_, false) => "Some responses have no price, or an output count that is a lower bound.".into(),
        },
    };

    let [value, low, high] = if linkable { part_figure(money, "linked") } else { [Maybe(None); 3] };
    let linked = Figure {
        id: "linked_share",
        label: "Spend with an outcome",
        unit: "share",
        value,
        low,
        high,
        interval: IntervalKind::OpenCases,
        n: Count(priced),
        n_unit: "priced sessions",
        note: if value.0.is_some() {
            "Linked to something that landed. About half of honest sessions leave no commit.".into()
        } else {
            "No outcome source covers this work, so nothing can be said about outcomes.".into()
        },
    };

    let active = i64::try_from(people.active.len()).unwrap_or(i64::MAX);
    let sustained = people.sustained.as_ref().map(|people| i64::try_from(people.len()).unwrap_or(i64::MAX));
    let interval = sustained.and_then(|part| wilson_95(part, active));
    let sustained = Figure {
        id: "sustained_share",
        label: "Sustained use",
        unit: "share",
        value: Maybe(sustained.and_then(|part| Share::of(part, active)).map(Quantity::Share)),
        low: Maybe(interval.map(|(low, _)| Quantity::Share(low))),
        high: Maybe(interval.map(|(_, high)| Quantity::Share(high))),
        interval: IntervalKind::Wilson95,
        n: Count(active),
        n_unit: "active people",
        note: if interval.is_some() {
            "Active in at least 3 of the last 4 whole weeks.".into()
        } else {
            "Needs active people and 4 whole weeks.".into()
        },
    };

    let [value, low, high] = if scored > 0 { part_figure(money, "theater_like") } else { [Maybe(None); 3] };
    let theater_like = Figure {
        id: "theater_like_share",
        label: "Theater-like spend",
        unit: "share",
        value,
        low,
        high,
        interval: IntervalKind::OpenCases,
        n: Count(scored),
        n_unit: "scored sessions",
        note: if value.0.is_some() {
            "Without an outcome, and two independent kinds of evidence that it was made to be counted. Evidence, not proof.".into()
        } else {
            "No session could be compared with its peers, so nothing can be said.".into()
        },
    };
    vec![spend, linked, sustained, theater_like]
}

/// Whether a band is a reading, rather than the lack of one.
pub(super) fn is_scored(band: &str) -> bool {
    matches!(band, "none" | "note" | "look" | "review")
}

fn lower_bounds(inputs: &Inputs) -> i64 {
    inputs.sessions.iter().map(|session| session.lower_bound_completions + session.completions_without_usage).sum()
}

/// The three words that are kept apart everywhere.
pub(super) const GLOSSARY: [(&str, &str); 3] = [
    (
        "Theater",
        "Evidence that usage was made for the metric (repeats, machine-clock starts, quota hugging) and that nobody used the \
         result. A statement about an incentive, never about a person's worth.",
    ),
    (
        "Waste",
        "Honest inefficiency: an agent stuck in a loop, context sent again, output that went nowhere by accident. It earns advice on \
         tools and prompts, never an accusation.",
    ),
    (
        "Exploration",
        "Work without an outcome yet: varied prompts, reading, trying out. Innocent and common; about half of honest sessions leave \
         no commit.",
    ),
];

impl Figure {
    /// The interval in words, for people.
    pub fn interval_text(&self) -> String {
        match (self.interval, self.low.0, self.high.0) {
            (IntervalKind::AtLeast, Some(_), Some(_)) => "exact".into(),
            (IntervalKind::AtLeast, Some(_), None) => "at least this".into(),
            (_, Some(low), Some(high)) => format!("{low} to {high}"),
            _ => "cannot be told".into(),
        }
    }

    /// What kind of interval it is, for people.
    pub fn interval_kind_text(&self) -> &'static str {
        match self.interval {
            IntervalKind::AtLeast => "counted, not sampled",
            IntervalKind::OpenCases => "open cases decided either way",
            IntervalKind::Wilson95 => "95 % interval",
        }
    }
}
