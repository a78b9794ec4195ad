//! The four numbers at the top.
//!
//! Owns ids, labels and intervals; how each comes about is said in `method`. The ids are a contract: they are anchors in the page and keys in `summary.json`.

use super::inputs::Inputs;
use super::model::{Figure, FunnelStep, IntervalKind, Money, MoneyPart, Quantity};
use super::money::Split;
use super::people::{People, wilson_95};
use super::quantities::Maybe;
use super::release::Release;
use crate::privacy::rounding::{HIGH_SHARE, LOW_SHARE};

/// A part as a share of the total with its range, as published.
fn part_figure(money: &Money, id: &str) -> ([Maybe<Quantity>; 3], IntervalKind) {
    money.parts.iter().find(|part| part.id == id).map_or(([Maybe(None); 3], IntervalKind::OpenCases), |part| {
        let implied = part.withheld && part.share.0.is_none();
        let kind = if implied { IntervalKind::Implied } else { IntervalKind::OpenCases };
        ([part.share, part.share_low, part.share_high].map(|share| Maybe(share.0.map(Quantity::Share))), kind)
    })
}

/// A range that says nothing.
pub(super) const NOT_TOLD: &str = "not told";
/// Why a figure is shown as a range.
const PLACED: &str =
    "A range, since the figure would give away a few people: it follows from the parts that are shown.";
/// Why a figure that could be told is not shown.
const WITHHELD: &str =
    "Withheld: too few people stand behind it, or behind what it has changed by since an earlier report.";

/// What the four numbers are made from.
pub(super) struct Parts<'a> {
    pub(super) inputs: &'a Inputs,
    pub(super) split: &'a Split,
    pub(super) money: &'a Money,
    pub(super) people: &'a People<'a>,
    pub(super) funnel: &'a [FunnelStep],
    pub(super) release: &'a Release<'a>,
}

/// The four numbers, of what was released.
pub(super) fn figures(parts: &Parts<'_>) -> Vec<Figure> {
    let Parts { inputs, split, money, people, funnel, release } = *parts;
    let priced = split.priced;
    let linkable = inputs.sessions.iter().any(|session| matches!(session.outcome_link.as_str(), "linked" | "none"));
    let scored = split.scored;

    let complete = split.unpriced == 0 && inputs.run.unpriced_models.is_empty() && lower_bounds(inputs) == 0;
    let spend = money.total.0.filter(|_| priced > 0).map(Quantity::Money);
    let spend = Figure {
        id: "spend",
        label: "Spend",
        unit: "micro_usd",
        value: Maybe(spend),
        low: Maybe(spend),
        high: Maybe(spend.filter(|_| complete)),
        interval: IntervalKind::AtLeast,
        n: money.priced_sessions,
        n_unit: "priced sessions",
        note: match (priced, complete) {
            (0, _) => "No session could be priced.".into(),
            _ if spend.is_none() => WITHHELD.into(),
            (_, true) => "Every response is priced: nothing is missing.".into(),
            (_, false) => "Some responses have no price, or an output count that is a lower bound.".into(),
        },
    };

    let nothing = ([Maybe(None); 3], IntervalKind::OpenCases);
    let ([value, low, high], interval) = if linkable { part_figure(money, "linked") } else { nothing };
    let linked = Figure {
        id: "linked_share",
        label: "Spend with an outcome",
        unit: "share",
        value,
        low,
        high,
        interval,
        n: money.priced_sessions,
        n_unit: "priced sessions",
        note: if linkable && priced > 0 && low.0.is_none() {
            WITHHELD.into()
        } else if interval == IntervalKind::Implied {
            PLACED.into()
        } else if value.0.is_some() {
            "Linked to something that landed. About half of honest sessions leave no commit.".into()
        } else {
            "No outcome source covers this work, so nothing can be said about outcomes.".into()
        },
    };

    let active = people.active.len();
    let sustained = people.sustained.as_ref().map(|people| people.len());
    let interval = sustained.and_then(|part| wilson_95(part, active)).map(|(low, high)| release.range(low, high));
    let share = funnel.iter().find(|step| step.id == "sustained").and_then(|step| step.of_previous.0);
    let told = share.and(interval);
    let sustained = Figure {
        id: "sustained_share",
        label: "Sustained use",
        unit: "share",
        value: Maybe(share.map(Quantity::Share)),
        low: Maybe(told.map(|(low, _)| Quantity::Share(low))),
        high: Maybe(told.map(|(_, high)| Quantity::Share(high))),
        interval: IntervalKind::Wilson95,
        n: funnel.iter().find(|step| step.id == "active").map_or(Maybe(None), |step| step.people),
        n_unit: "active people",
        note: match (interval.is_some(), share.is_some()) {
            (true, true) => "Active in at least 3 of the last 4 whole weeks.".into(),
            (true, false) => WITHHELD.into(),
            (false, _) => "Needs active people and 4 whole weeks.".into(),
        },
    };

    let ([value, low, high], interval) = if scored > 0 { part_figure(money, "theater_like") } else { nothing };
    let theater_like = Figure {
        id: "theater_like_share",
        label: "Theater-like spend",
        unit: "share",
        value,
        low,
        high,
        interval,
        n: money.scored_sessions,
        n_unit: "scored sessions",
        note: if scored > 0 && priced > 0 && low.0.is_none() {
            WITHHELD.into()
        } else if interval == IntervalKind::Implied {
            PLACED.into()
        } else if value.0.is_some() {
            let meaning = "Without an outcome, and two independent kinds of evidence that it was made to be counted. Evidence, not proof.";
            let nearly_all = usize::try_from(scored).is_ok_and(|scored| scored * 20 >= inputs.sessions.len() * 19);
            if nearly_all { meaning.into() } else { format!("{meaning} {}", not_compared(money)) }
        } else {
            "No session could be compared with its peers, so nothing can be said.".into()
        },
    };
    vec![spend, linked, sustained, theater_like]
}

/// That neither end of the theater-like range says anything of what was not compared, and how much of the spend that is at most. Of what is
/// published: such sessions without an outcome stand in the part Unknown.
fn not_compared(money: &Money) -> String {
    let unknown = money.parts.iter().find(|part| part.id == "unknown");
    let range = |part: &MoneyPart| {
        let (low, high) = (part.share_low.0?, part.share_high.0?);
        Some(range_text(Quantity::Share(low), Quantity::Share(high))).filter(|range| range != NOT_TOLD)
    };
    let share = unknown.and_then(|part| part.share.0.map(|share| share.to_string()).or_else(|| range(part)));
    let most = |share: String| if share.starts_with("at ") { share } else { format!("at most {share}") };
    let share = share.map_or_else(String::new, |share| format!(", {} of the spend", most(share)));
    format!(
        "A share of all spend, and sessions that were not compared are in neither end: without an outcome they are part of what is Unknown{share}."
    )
}

/// A range in words: an end that says nothing is left out.
pub(super) fn range_text(low: Quantity, high: Quantity) -> String {
    let (none, all) = match (low, high) {
        (Quantity::Share(low), Quantity::Share(high)) => (low.0 < LOW_SHARE, high.0 >= HIGH_SHARE),
        _ => (false, false),
    };
    match (none, all) {
        (true, true) => NOT_TOLD.into(),
        (true, false) => format!("at most {high}"),
        (false, true) => format!("at least {low}"),
        (false, false) => format!("{low} to {high}"),
    }
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

/// What the bands of sessions and weeks mean, from the weakest.
pub(super) const BANDS: [(&str, &str); 5] = [
    ("Insufficient", "Too little to compare with, so that nothing is said. Not the same as none."),
    ("None", "Nothing stands out among peers."),
    ("Note", "Something stands out. Nothing is to be done."),
    (
        "Look",
        "Worth reading, with the innocent explanations beside it: two kinds of evidence, together stronger than chance brings often.",
    ),
    (
        "Review",
        "Worth asking about: independent kinds of evidence, one of them that nobody used the result or that an incentive was followed. Never a \
         verdict and no ground for one.",
    ),
];

impl Figure {
    /// The value for people; of a withheld one the range in which it lies.
    pub fn value_text(&self) -> String {
        match self.interval {
            IntervalKind::Implied => self.interval_text(),
            _ => self.value.to_string(),
        }
    }

    /// The interval in words, for people.
    pub fn interval_text(&self) -> String {
        match (self.interval, self.low.0, self.high.0) {
            (IntervalKind::AtLeast, Some(_), Some(_)) => "all of it".into(),
            (IntervalKind::AtLeast, Some(_), None) => "at least this".into(),
            (IntervalKind::Implied, Some(low), Some(high)) => range_text(low, high),
            (_, Some(low), Some(high)) if low.to_string() == high.to_string() => low.to_string(),
            (_, Some(low), Some(high)) => format!("{low} to {high}"),
            _ => "cannot be told".into(),
        }
    }

    /// What kind of interval it is, for people.
    pub fn interval_kind_text(&self) -> &'static str {
        match self.interval {
            IntervalKind::AtLeast => "counted, not sampled",
            // What was not compared is in neither end of it.
            IntervalKind::OpenCases if self.id == "theater_like_share" => {
                "from what is certain to what is possible, of the sessions compared"
            }
            IntervalKind::OpenCases => "from what is certain to what is possible",
            IntervalKind::Wilson95 => "95 % interval",
            IntervalKind::Implied => "what the published parts leave",
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::report::build;
    use crate::report::fixture::organisation;

    /// The note of the theater-like share where one session in ten was compared, or all were, and the published share of Unknown.
    fn note(compared: impl Fn(usize) -> bool) -> (String, String) {
        let mut inputs = organisation();
        inputs.findings.clear();
        for (number, session) in inputs.sessions.iter_mut().enumerate() {
            let band = if compared(number) { "none" } else { "insufficient" };
            (session.outcome_link, session.band) = ("none".into(), band.into());
        }
        let report = build(&inputs);
        let figure = report.figures.into_iter().find(|figure| figure.id == "theater_like_share").unwrap();
        let unknown = report.money.parts.iter().find(|part| part.id == "unknown").unwrap();
        (figure.note, unknown.share.to_string())
    }

    #[test]
    fn the_theater_like_share_says_how_much_was_not_compared() {
        let (some, unknown) = note(|number| number.is_multiple_of(10));
        assert!(
            some.ends_with(&format!("they are part of what is Unknown, at most {unknown} of the spend.")),
            "{some}"
        );
        assert!(unknown.contains("90") || unknown.contains("85"), "{unknown}");
        assert!(!note(|_| true).0.contains("not compared"));
        // A handful of sessions says nothing of the spend that is Unknown.
        assert!(!note(|number| number != 7).0.contains("not compared"));
    }
}
