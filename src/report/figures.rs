//! The four numbers at the top, and how each comes about.
//!
//! Owns ids, labels, rules and intervals. The ids are a contract: they are anchors in the page and keys in `summary.json`.

use super::inputs::Inputs;
use super::model::{Figure, IntervalKind, MethodEntry, Money, MoneyPart, Quantity};
use super::people::{People, wilson_95};
use super::quantities::{Count, Maybe, Share};

/// Each figure and view with the rule, the models and the table behind it.
pub(super) const METHOD: [MethodEntry; 9] = [
    MethodEntry {
        id: "spend",
        label: "Spend",
        rule: "Sum of the cost of every model response that could be priced, each counted once, in integer micro-dollars. \
               Responses without a price add nothing, so this is a lower bound whenever there are some.",
        models: &["queries/stg_events.sql", "queries/fct_sessions.sql"],
        table: "sessions",
    },
    MethodEntry {
        id: "linked_share",
        label: "Spend with an outcome",
        rule: "Cost of sessions linked to an outcome, over spend. Low end: only links by id, lines or files, after waste. High end: links by \
               time alone and sessions whose outcomes are not covered count as linked.",
        models: &["queries/rpt_session_links.sql", "queries/fct_attribution.sql", "queries/fct_coverage.sql"],
        table: "attribution",
    },
    MethodEntry {
        id: "sustained_share",
        label: "Sustained use",
        rule: "People active in at least 3 of the last 4 whole weeks, over people active in the period, with the Wilson score \
               interval at 95 %. Declared automation and unassigned use are nobody's.",
        models: &["queries/fct_actor_weeks.sql"],
        table: "actor_weeks",
    },
    MethodEntry {
        id: "theater_like_share",
        label: "Theater-like spend",
        rule: "Cost of sessions without an outcome whose evidence reached the band review, over spend: two independent families, \
               one of them no-consumption or incentive, and false discoveries controlled at 5 %. High end: sessions in look, and \
               in review with an uncertain link, are added.",
        models: &["queries/sig_*.sql", "queries/fct_sessions.sql"],
        table: "sessions",
    },
    MethodEntry {
        id: "money",
        label: "What the money bought",
        rule: "Each session stands in one part; the steps of waste findings are moved to waste first. A part's low end holds what \
               can be nowhere else, its high end all that could be there. The five parts add up to the spend exactly.",
        models: &["queries/fct_sessions.sql", "queries/rpt_session_links.sql", "queries/fct_findings.sql"],
        table: "sessions",
    },
    MethodEntry {
        id: "funnel",
        label: "Funnel",
        rule: "People, each step counted among those of the step before. Kept means alive after the survival horizon and not \
               reverted.",
        models: &["queries/fct_actor_weeks.sql", "queries/rpt_session_links.sql", "queries/rpt_kept_outcomes.sql"],
        table: "actor_weeks",
    },
    MethodEntry {
        id: "population",
        label: "Population tests",
        rule: "Each test reads the whole organisation against a date or a threshold. It points to the metric when p is at most 0.05 \
               and the excess is above zero with its whole 95 % interval. Tests without enough data abstain and say why.",
        models: &["queries/sig_quota_bunching.sql", "queries/fct_quota_team_shares.sql", "queries/rpt_weekly.sql"],
        table: "population",
    },
    MethodEntry {
        id: "measuring",
        label: "Is the metric still measuring",
        rule: "A number that was made a target invites gaming when a test that bears on it points to the metric: bunching at its own \
               line, chasing at its own cut, and the tests of the first policy date. It is quiet when one speaks and none points, and \
               cannot be told when all abstain. Bins and means with too few people are hidden.",
        models: &[
            "queries/fct_actor_weeks.sql",
            "queries/fct_population_panel.sql",
            "queries/fct_rank_panel.sql",
            "queries/rpt_weekly.sql",
        ],
        table: "population",
    },
    MethodEntry {
        id: "signals",
        label: "Signals",
        rule: "A signal speaks or abstains on each unit. A reading is unusual when its conformal p against peers (same client, role \
               and trigger, volume taken out) is at most 0.05: about 5 % of honest units are.",
        models: &["queries/sig_*.sql"],
        table: "signals",
    },
];

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
