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
        "Not known: the lake has no bill and no vendor's report of use that the logs can be held against. The command footlight reconcile compares with one."
    } else {
        "Of what vendors billed or counted, what the logs hold by day and model; up to: by model in the whole month, since a request near \
         midnight may be billed on another day. Use that no bill was given for is in neither."
    };
    let shown = shown_months(&facts, unit, release);
    let mut note = note.to_owned();
    if shown.contains(&false) {
        let people = release.rules().people();
        note.push_str(&format!(
            " Months of a tool or maker with fewer than {people} people known behind them are withheld, and the smallest other one beside them."
        ));
    }
    // Who is behind several months together bills do not say: it may be the same few.
    let of_enough = of_unit().any(|fact| has_enough(fact, release));
    if !facts.is_empty() && !of_enough {
        note.push_str(" So is the share of all, since none of them has as many.");
    }
    let share = |held: i64| Maybe(Portion::of(held, billed).filter(|_| of_enough));
    Coverage {
        share: share(low),
        low: share(low),
        high: share(high),
        measure: Maybe((!facts.is_empty()).then_some(unit)),
        note,
        months: facts.into_iter().zip(shown).map(|(fact, shown)| month(fact, shown, release)).collect(),
    }
}

/// Whether enough people are known behind a month, or nobody is protected.
fn has_enough(fact: &CoverageFact, release: &Release<'_>) -> bool {
    !release.is_active() || fact.people >= i64::try_from(release.rules().people()).unwrap_or(i64::MAX)
}

/// Which months may be shown: those with enough people behind them. The share of all of `unit` is published where one has, so beside a month that is
/// not shown the smallest that could be is not either: what is left when the others are taken from it is then of enough people. Who used how much
/// of it bills often do not say, so that nobody's dominance is looked at.
fn shown_months(facts: &[&CoverageFact], unit: &str, release: &Release<'_>) -> Vec<bool> {
    let mut shown: Vec<bool> = facts.iter().map(|fact| has_enough(fact, release)).collect();
    let of_unit = |at: &usize| measure(facts[*at]) == unit;
    if (0..facts.len()).filter(of_unit).any(|at| !shown[at]) {
        let smallest = (0..facts.len()).filter(of_unit).filter(|at| shown[*at]).min_by_key(|at| facts[*at].people);
        if let Some(at) = smallest {
            shown[at] = false;
        }
    }
    shown
}

fn month(fact: &CoverageFact, shown: bool, release: &Release<'_>) -> CoverageMonth {
    let unit = measure(fact);
    let quantity = |amount: i64| {
        let quantity = match unit {
            TOKENS => Quantity::Tokens(Tokens(release.amount(amount))),
            _ => Quantity::Money(MicroDollars(release.amount(amount))),
        };
        Maybe(shown.then_some(quantity))
    };
    let share = |held: i64| Maybe(Portion::of(held, fact.billed).filter(|_| shown));
    CoverageMonth {
        month: plain(&fact.month),
        scope: plain(&fact.scope),
        measure: unit,
        billed: quantity(fact.billed),
        logged: quantity(fact.logged),
        share: share(fact.held_low),
        low: share(fact.held_low),
        high: share(fact.held_high),
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
            people: 40,
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

    #[test]
    fn a_month_of_few_people_is_withheld_and_another_beside_it() {
        let of = |scope: &str, people: i64, month: i8, measure: &str| CoverageFact {
            people,
            ..fact(month, scope, measure, 900, (450, 500))
        };
        let shown = |facts: Vec<CoverageFact>, people: usize| {
            let mut inputs = inputs(facts, vec![]);
            inputs.actor_weeks.truncate(people);
            let read = read(&inputs);
            let months = read.months.iter().map(|month| {
                let all = [month.share, month.low, month.high].map(|share| share.0.is_some());
                assert_eq!(all, [month.billed.0.is_some(); 3]);
                assert_eq!(month.billed.0.is_some(), month.logged.0.is_some());
                (month.scope.clone(), month.billed.0.is_some())
            });
            assert_eq!([read.low.0.is_some(), read.high.0.is_some()], [read.share.0.is_some(); 2]);
            (months.collect::<Vec<_>>(), read.share, read.note.contains("withheld"))
        };
        let half = Maybe(Some(Portion(0.5)));
        let named = |scopes: &[(&str, bool)]| -> Vec<(String, bool)> {
            scopes.iter().map(|(scope, shown)| ((*scope).to_owned(), *shown)).collect()
        };
        // One person tries a tool. The share of all less the months that are shown is of eight people more.
        let pilot = vec![
            of("cursor", 1, 6, "tokens"),
            of("openai", 40, 6, "tokens"),
            of("anthropic", 8, 7, "tokens"),
            of("google", 5, 7, "micro_usd"),
        ];
        let hidden = named(&[("cursor", false), ("openai", true), ("anthropic", false), ("google", true)]);
        assert_eq!(shown(pilot.clone(), 5), (hidden, half, true));
        // What is in another unit is in no share that anything can be taken from.
        let alone = vec![of("cursor", 4, 6, "micro_usd"), of("openai", 40, 6, "tokens")];
        assert_eq!(shown(alone, 5), (named(&[("cursor", false), ("openai", true)]), half, true));
        let enough = vec![of("cursor", 5, 6, "tokens"), of("openai", 40, 6, "tokens")];
        assert_eq!(shown(enough, 5), (named(&[("cursor", true), ("openai", true)]), half, false));
        // The share of all is one month's, or that of a few people in several.
        let single = of("cursor", 1, 6, "tokens");
        let hidden = (named(&[("cursor", false)]), Maybe(None), true);
        assert_eq!(shown(vec![single.clone()], 5), hidden);
        let beside = of("openai", 40, 6, "micro_usd");
        assert_eq!(shown(vec![single, beside], 5), (named(&[("cursor", false), ("openai", true)]), Maybe(None), true));
        let again = vec![of("cursor", 4, 6, "tokens"), of("cursor", 4, 7, "tokens")];
        assert_eq!(shown(again, 5), (named(&[("cursor", false), ("cursor", false)]), Maybe(None), true));
        // A report of few persons says so itself.
        let (months, share, withheld) = shown(pilot, 4);
        assert_eq!(share, half);
        assert!(months.iter().all(|(_, shown)| *shown) && !withheld);
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
