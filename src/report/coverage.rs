//! What the totals cover: the share of billed use that the logs hold, seats without use, and logs that their own tool deletes.
//!
//! Owns the shares and which counts of people may be shown. A bill that is not there makes coverage unknown, never complete.

use super::escape::plain;
use super::inputs::{CoverageFact, Inputs, RetentionFact, SeatFact};
use super::model::Quantity;
use super::model::coverage::{Coverage, CoverageMonth, Retention, Seats};
use super::quantities::{Count, Maybe, MicroDollars, Share, Tokens};

const TOKENS: &str = "tokens";
const MICRO_USD: &str = "micro_usd";

fn measure(fact: &CoverageFact) -> &'static str {
    if fact.measure == TOKENS { TOKENS } else { MICRO_USD }
}

/// How much of what was billed the logs hold.
pub(super) fn coverage(inputs: &Inputs) -> Coverage {
    let mut facts: Vec<&CoverageFact> = inputs.run.coverage.iter().filter(|fact| fact.billed > 0).collect();
    facts.sort_by(|a, b| (&a.month, &a.scope, &a.measure).cmp(&(&b.month, &b.scope, &b.measure)));
    // Tokens and dollars do not add up: where any bill has tokens, those with money alone stand in the table only.
    let unit = if facts.iter().any(|fact| measure(fact) == TOKENS) { TOKENS } else { MICRO_USD };
    let of_unit = || facts.iter().filter(|fact| measure(fact) == unit);
    let sum = |of: fn(&CoverageFact) -> i64| of_unit().map(|fact| of(fact)).sum::<i64>();
    let (low, high, billed) = (sum(|fact| fact.held_low), sum(|fact| fact.held_high), sum(|fact| fact.billed));
    let note = if facts.is_empty() {
        "Not known: the lake has no bill and no vendor's report of use to hold the logs against. `footlight reconcile` compares with one."
    } else {
        "Of what vendors billed or counted, what the logs hold by day and model; up to: by model in the whole month, since a request near \
         midnight may be billed on another day. Use that no bill was given for is in neither."
    };
    Coverage {
        share: Maybe(Share::of(low, billed)),
        low: Maybe(Share::of(low, billed)),
        high: Maybe(Share::of(high, billed)),
        measure: Maybe((!facts.is_empty()).then_some(unit)),
        note: note.to_owned(),
        months: facts.into_iter().map(month).collect(),
    }
}

fn month(fact: &CoverageFact) -> CoverageMonth {
    let unit = measure(fact);
    let quantity = |amount: i64| match unit {
        TOKENS => Quantity::Tokens(Tokens(amount)),
        _ => Quantity::Money(MicroDollars(amount)),
    };
    CoverageMonth {
        month: plain(&fact.month),
        scope: plain(&fact.scope),
        measure: unit,
        billed: quantity(fact.billed),
        logged: quantity(fact.logged),
        share: Maybe(Share::of(fact.held_low, fact.billed)),
        low: Maybe(Share::of(fact.held_low, fact.billed)),
        high: Maybe(Share::of(fact.held_high, fact.billed)),
        billed_days: Maybe((fact.billed_periods > 1).then_some(Count(fact.billed_periods))),
    }
}

/// Seats by tool, `(any)` last.
pub(super) fn seats(inputs: &Inputs, describes_persons: bool) -> Vec<Seats> {
    let floor = if describes_persons { 1 } else { inputs.run.small_cell_floor };
    let mut facts: Vec<&SeatFact> = inputs.run.seat_use.iter().collect();
    facts.sort_by(|a, b| (a.product == "(any)", &a.product).cmp(&(b.product == "(any)", &b.product)));
    facts.into_iter().map(|fact| seat(fact, floor)).collect()
}

/// A count of people may be shown when nobody is in it or enough are, on both of its sides: those of a hundred who do not use their seat must not be two.
fn shows(part: i64, whole: i64, floor: i64) -> bool {
    let enough = |count: i64| count == 0 || count >= floor;
    enough(part) && enough(whole - part)
}

fn seat(fact: &SeatFact, floor: i64) -> Seats {
    let is_shown = fact.seats >= floor;
    let idle_high = fact.idle + fact.use_unknown;
    let shown = |part: i64| is_shown && shows(part, fact.seats, floor);
    // Together the sides give each other away, so that all are shown or none is.
    let sides = shown(fact.used) && shown(fact.idle) && shown(idle_high) && shown(fact.never_used);
    let count = |value: i64| Maybe(sides.then_some(Count(value)));
    let cost = |idle: i64| {
        let share =
            |monthly: i64| i64::try_from(i128::from(monthly) * i128::from(idle) / i128::from(fact.seats.max(1))).ok();
        Maybe(fact.monthly_cost_micro_usd.filter(|_| sides).and_then(share).map(MicroDollars))
    };
    Seats {
        product: plain(&fact.product),
        seats: Maybe(is_shown.then_some(Count(fact.seats))),
        used: count(fact.used),
        idle: count(fact.idle),
        idle_high: count(idle_high),
        never_used: count(fact.never_used),
        idle_cost_low: cost(fact.never_used),
        idle_cost_high: cost(idle_high),
        suppressed: !sides,
    }
}

/// Logs that went or are about to go, by source.
pub(super) fn retention(inputs: &Inputs) -> Vec<Retention> {
    let mut facts: Vec<&RetentionFact> = inputs.run.retention.iter().collect();
    facts.sort_by(|a, b| (&a.source, &a.state, a.from).cmp(&(&b.source, &b.state, b.from)));
    facts
        .into_iter()
        .map(|fact| Retention {
            source: plain(&fact.source),
            state: plain(&fact.state),
            kept_days: Count(fact.kept_days),
            from: fact.from.to_string(),
            to: fact.to.to_string(),
            note: retention_note(fact),
        })
        .collect()
}

/// What a fact about retention means.
pub fn retention_note(fact: &RetentionFact) -> String {
    let by = if fact.kept_by == "setting" { "by its settings" } else { "unless its settings say otherwise" };
    let (source, days) = (plain(&fact.source), fact.kept_days);
    if fact.state == "gap" {
        format!(
            "Logs of {source} from {} to {} may be gone: the tool keeps {days} days {by}, and longer than that passed between two ingests. Days in \
             which nothing was logged look idle and need not have been.",
            fact.from, fact.to
        )
    } else {
        format!(
            "Logs of {source} go from {} on: the tool keeps {days} days {by}. Ingest before, and more often than every {days} days, or keep them longer.",
            fact.from
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::inputs::RunFacts;

    fn inputs(coverage: Vec<CoverageFact>, seat_use: Vec<SeatFact>) -> Inputs {
        Inputs { run: RunFacts { coverage, seat_use, small_cell_floor: 5, ..RunFacts::default() }, ..Inputs::default() }
    }

    fn fact(month: i8, scope: &str, measure: &str, billed: i64, held: (i64, i64)) -> CoverageFact {
        CoverageFact {
            month: format!("2026-0{month}"),
            scope: scope.into(),
            measure: measure.into(),
            billed,
            logged: held.1,
            held_low: held.0,
            held_high: held.1,
            billed_periods: 30,
        }
    }

    #[test]
    fn without_a_bill_coverage_is_not_known_and_not_complete() {
        let read = coverage(&inputs(vec![fact(6, "openai", "tokens", 0, (0, 0))], vec![]));
        assert_eq!((read.share, read.measure, read.months.len()), (Maybe(None), Maybe(None), 0));
        assert!(read.note.starts_with("Not known"));
    }

    #[test]
    fn coverage_is_of_tokens_where_there_are_any_and_has_an_interval() {
        let read = coverage(&inputs(
            vec![
                fact(7, "openai", "tokens", 100, (90, 100)),
                fact(6, "openai", "tokens", 100, (50, 60)),
                fact(6, "cursor", "micro_usd", 900, (0, 0)),
            ],
            vec![],
        ));
        assert_eq!((read.share, read.high), (Maybe(Some(Share(0.7))), Maybe(Some(Share(0.8)))));
        let months: Vec<_> = read.months.iter().map(|month| (month.month.as_str(), month.scope.as_str())).collect();
        assert_eq!(months, [("2026-06", "cursor"), ("2026-06", "openai"), ("2026-07", "openai")]);
    }

    fn seat_fact(seats: i64, used: i64, idle: i64, never_used: i64) -> SeatFact {
        SeatFact {
            product: "github-copilot".into(),
            seats,
            used,
            idle,
            never_used,
            use_unknown: seats - used - idle,
            monthly_cost_micro_usd: Some(seats * 19_000_000),
        }
    }

    #[test]
    fn idle_seats_have_a_count_and_a_range_of_cost() {
        let rows = seats(&inputs(vec![], vec![seat_fact(40, 25, 10, 5)]), false);
        assert_eq!(
            (rows[0].idle, rows[0].idle_high, rows[0].suppressed),
            (Maybe(Some(Count(10))), Maybe(Some(Count(15))), false)
        );
        assert_eq!(rows[0].idle_cost_low, Maybe(Some(MicroDollars(95_000_000))));
        assert_eq!(rows[0].idle_cost_high, Maybe(Some(MicroDollars(285_000_000))));
    }

    #[test]
    fn few_people_on_either_side_are_not_counted_aloud() {
        for fact in [seat_fact(40, 37, 3, 0), seat_fact(40, 3, 37, 5), seat_fact(4, 2, 2, 0), seat_fact(40, 20, 20, 2)]
        {
            let row = &seats(&inputs(vec![], vec![fact.clone()]), false)[0];
            assert!(row.suppressed && row.idle == Maybe(None) && row.idle_cost_high == Maybe(None), "{fact:?}");
        }
        assert!(
            !seats(&inputs(vec![], vec![seat_fact(4, 2, 2, 0)]), true)[0].suppressed,
            "a report of few says so itself"
        );
        assert!(!seats(&inputs(vec![], vec![seat_fact(40, 40, 0, 0)]), false)[0].suppressed, "nobody is nobody");
    }
}
