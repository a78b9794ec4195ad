//! What the totals cover: the share of billed use that the logs hold, seats without use, and logs that their own tool deletes.
//!
//! Owns the shares and which counts of people may be shown. A bill that is not there makes coverage unknown, never complete.

use super::escape::plain;
use super::inputs::{CoverageFact, Inputs, RetentionFact, SeatFact};
use super::model::Quantity;
use super::model::coverage::{Coverage, CoverageMonth, IdleSeats, Retention, Seats};
use super::quantities::{Count, Maybe, MicroDollars, Portion, Tokens};
use super::release::Release;

const TOKENS: &str = "tokens";
const MICRO_USD: &str = "micro_usd";

fn measure(fact: &CoverageFact) -> &'static str {
    if fact.measure == TOKENS { TOKENS } else { MICRO_USD }
}

/// How much of what was billed the logs hold.
pub(super) fn coverage(inputs: &Inputs, release: &Release<'_>) -> Coverage {
    let mut facts: Vec<&CoverageFact> = inputs.run.coverage.iter().filter(|fact| fact.billed > 0).collect();
    facts.sort_by(|a, b| (&a.month, &a.scope, &a.measure).cmp(&(&b.month, &b.scope, &b.measure)));
    // Tokens and dollars do not add up: where any bill has tokens, those with money alone stand in the table only.
    let unit = if facts.iter().any(|fact| measure(fact) == TOKENS) { TOKENS } else { MICRO_USD };
    let of_unit = || facts.iter().filter(|fact| measure(fact) == unit);
    let sum = |of: fn(&CoverageFact) -> i64| of_unit().map(|fact| of(fact)).sum::<i64>();
    let (low, high, billed) = (sum(|fact| fact.held_low), sum(|fact| fact.held_high), sum(|fact| fact.billed));
    let note = if facts.is_empty() {
        "Not known: the lake has no bill and no vendor's report of use to hold the logs against. The command footlight reconcile compares with one."
    } else {
        "Of what vendors billed or counted, what the logs hold by day and model; up to: by model in the whole month, since a request near \
         midnight may be billed on another day. Use that no bill was given for is in neither."
    };
    Coverage {
        share: Maybe(Portion::of(low, billed)),
        low: Maybe(Portion::of(low, billed)),
        high: Maybe(Portion::of(high, billed)),
        measure: Maybe((!facts.is_empty()).then_some(unit)),
        note: note.to_owned(),
        months: facts.into_iter().map(|fact| month(fact, release)).collect(),
    }
}

fn month(fact: &CoverageFact, release: &Release<'_>) -> CoverageMonth {
    let unit = measure(fact);
    let quantity = |amount: i64| match unit {
        TOKENS => Quantity::Tokens(Tokens(release.amount(amount))),
        _ => Quantity::Money(MicroDollars(release.amount(amount))),
    };
    CoverageMonth {
        month: plain(&fact.month),
        scope: plain(&fact.scope),
        measure: unit,
        billed: quantity(fact.billed),
        logged: quantity(fact.logged),
        share: Maybe(Portion::of(fact.held_low, fact.billed)),
        low: Maybe(Portion::of(fact.held_low, fact.billed)),
        high: Maybe(Portion::of(fact.held_high, fact.billed)),
        billed_days: Maybe((fact.billed_periods > 1).then_some(Count(fact.billed_periods))),
    }
}

/// Seats by tool, `(any)` last.
pub(super) fn seats(inputs: &Inputs, release: &Release<'_>) -> Vec<Seats> {
    let floor = if release.is_active() { inputs.run.small_cell_floor } else { 1 };
    let mut facts: Vec<&SeatFact> = inputs.run.seat_use.iter().collect();
    facts.sort_by(|a, b| (a.product == "(any)", &a.product).cmp(&(b.product == "(any)", &b.product)));
    facts.into_iter().map(|fact| seat(fact, floor, release)).collect()
}

/// A count of people may be shown when nobody is in it or enough are, on both of its sides: those of a hundred who do not use their seat must not be two.
fn shows(part: i64, whole: i64, floor: i64) -> bool {
    let enough = |count: i64| count == 0 || count >= floor;
    enough(part) && enough(whole - part)
}

fn seat(fact: &SeatFact, floor: i64, release: &Release<'_>) -> Seats {
    let is_shown = fact.seats >= floor;
    let idle_high = fact.idle + fact.use_unknown;
    let shown = |part: i64| is_shown && shows(part, fact.seats, floor);
    // Together the sides give each other away, so that all are shown or none is.
    let sides = shown(fact.used) && shown(fact.idle) && shown(idle_high) && shown(fact.never_used);
    let count = |value: i64| Maybe(sides.then_some(Count(release.count(value))));
    // Of the seats as they are counted aloud: at a known price two digits of dollars are finer than steps of 5 seats.
    let cost = |idle: i64| {
        let idle = i128::from(release.count(idle));
        let share = |monthly: i64| i64::try_from(i128::from(monthly) * idle / i128::from(fact.seats.max(1))).ok();
        Maybe(
            fact.monthly_cost_micro_usd
                .filter(|_| sides)
                .and_then(share)
                .map(|cost| MicroDollars(release.amount(cost))),
        )
    };
    Seats {
        product: plain(&fact.product),
        seats: Maybe(is_shown.then_some(Count(release.count(fact.seats)))),
        used: count(fact.used),
        idle: count(fact.idle),
        idle_high: count(idle_high),
        never_used: count(fact.never_used),
        idle_cost_low: cost(fact.never_used),
        idle_cost_high: cost(idle_high),
        suppressed: !sides,
    }
}

/// What the idle seats of all tools cost a month; none where no tool has a bill for seats that may be shown.
pub(super) fn idle_seats(seats: &[Seats]) -> Option<IdleSeats> {
    let costs = || seats.iter().filter_map(|row| row.idle_cost_low.0.zip(row.idle_cost_high.0));
    costs().next()?;
    Some(IdleSeats {
        cost_low: MicroDollars(costs().map(|(low, _)| low.0).sum()),
        cost_high: MicroDollars(costs().map(|(_, high)| high.0).sum()),
    })
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
        let week = |person: usize| crate::score::rows::ActorWeekRow {
            actor: format!("p{person}"),
            sessions: 1,
            ..Default::default()
        };
        Inputs {
            run: RunFacts { coverage, seat_use, small_cell_floor: 5, ..RunFacts::default() },
            actor_weeks: (0..5).map(week).collect(),
            ..Inputs::default()
        }
    }

    fn read(inputs: &Inputs) -> Coverage {
        coverage(inputs, &Release::new(inputs, None))
    }

    fn seen(inputs: &Inputs) -> Vec<Seats> {
        seats(inputs, &Release::new(inputs, None))
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
        let read = read(&inputs(vec![fact(6, "openai", "tokens", 0, (0, 0))], vec![]));
        assert_eq!((read.share, read.measure, read.months.len()), (Maybe(None), Maybe(None), 0));
        assert!(read.note.starts_with("Not known"));
    }

    #[test]
    fn coverage_is_of_tokens_where_there_are_any_and_has_an_interval() {
        let read = read(&inputs(
            vec![
                fact(7, "openai", "tokens", 100, (90, 100)),
                fact(6, "openai", "tokens", 100, (50, 60)),
                fact(6, "cursor", "micro_usd", 900, (0, 0)),
            ],
            vec![],
        ));
        assert_eq!((read.share, read.high), (Maybe(Some(Portion(0.7))), Maybe(Some(Portion(0.8)))));
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
        let rows = seen(&inputs(vec![], vec![seat_fact(40, 25, 10, 5)]));
        assert_eq!(
            (rows[0].idle, rows[0].idle_high, rows[0].suppressed),
            (Maybe(Some(Count(10))), Maybe(Some(Count(15))), false)
        );
        assert_eq!(rows[0].idle_cost_low, Maybe(Some(MicroDollars(95_000_000))));
        assert_eq!(rows[0].idle_cost_high, Maybe(Some(MicroDollars(290_000_000))));
        let idle = idle_seats(&[rows[0].clone(), rows[0].clone()]).unwrap();
        assert_eq!((idle.cost_low.0, idle.cost_high.0), (190_000_000, 580_000_000));
        assert_eq!(idle_seats(&[]), None);
    }

    #[test]
    fn what_idle_seats_cost_counts_them_no_finer_than_their_number_does() {
        for idle in [13, 14, 15, 16, 17] {
            let row = &seen(&inputs(vec![], vec![seat_fact(60, 60 - idle, idle, idle)]))[0];
            assert_eq!((row.idle_high, row.never_used), (Maybe(Some(Count(15))), Maybe(Some(Count(15)))));
            let cost = Maybe(Some(MicroDollars(290_000_000)));
            assert_eq!((row.idle_cost_low, row.idle_cost_high), (cost, cost), "{idle}");
        }
        let mut few = inputs(vec![], vec![seat_fact(4, 1, 3, 3)]);
        few.actor_weeks.truncate(1);
        assert_eq!(seen(&few)[0].idle_cost_low, Maybe(Some(MicroDollars(57_000_000))), "a report of few is exact");
    }

    #[test]
    fn few_people_on_either_side_are_not_counted_aloud() {
        for fact in [seat_fact(40, 37, 3, 0), seat_fact(40, 3, 37, 5), seat_fact(4, 2, 2, 0), seat_fact(40, 20, 20, 2)]
        {
            let row = &seen(&inputs(vec![], vec![fact.clone()]))[0];
            assert!(row.suppressed && row.idle == Maybe(None) && row.idle_cost_high == Maybe(None), "{fact:?}");
        }
        let mut few = inputs(vec![], vec![seat_fact(4, 2, 2, 0)]);
        few.actor_weeks.truncate(1);
        assert!(!seen(&few)[0].suppressed, "a report of few says so itself");
        assert!(!seen(&inputs(vec![], vec![seat_fact(40, 40, 0, 0)]))[0].suppressed, "nobody is nobody");
    }
}
