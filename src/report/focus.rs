//! Charges in the shape of FOCUS, the FinOps Open Cost and Usage Specification (version 1.2, Cost and Usage).
//!
//! Owns which usage becomes which charge and what is pooled; which columns can be filled stands in `docs/focus.md`. Logs are no
//! invoices: what was billed, to which account and at which contract, is not known here and not made up. A charge is a UTC day,
//! provider, model and client of the whole organisation. Where fewer people stand behind one than a published cell needs, or one or two of them
//! dominate it, it becomes part of its month: of the month's charge for that model, or where that is too small as well, of one charge without a model.
//! The smallest neighbours go with it until what is missing of a day's or month's total is large enough itself. Totals stay exact.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::people::is_known;
use crate::privacy::Rules;

/// Usage of one person or service with one model and client on one UTC day.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Usage {
    /// Day.
    pub day: Date,
    /// Provider, empty when the log does not say.
    pub provider: String,
    /// Model, empty when the log does not say.
    pub model: String,
    /// Tool without version.
    pub client: String,
    /// Who; decides who is counted, and is in no charge.
    pub actor: String,
    /// A service account is no person.
    pub is_service: bool,
    /// Amounts.
    pub amounts: Amounts,
}

/// What was used, and what it would cost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Amounts {
    /// Fresh input tokens; none when not reported.
    pub input_tokens: Option<i64>,
    /// Output tokens.
    pub output_tokens: Option<i64>,
    /// Cache reads.
    pub cache_read_tokens: Option<i64>,
    /// Cache writes.
    pub cache_write_tokens: Option<i64>,
    /// Millionths of a US dollar; none when nothing could be priced.
    pub cost_micro_usd: Option<i64>,
    /// Model responses.
    pub completions: i64,
    /// Of these, without usage.
    pub completions_without_usage: i64,
    /// Of these, without a cost.
    pub completions_without_cost: i64,
    /// Of these, whose cost the log states; the others are priced from the table.
    pub completions_with_reported_cost: i64,
}

impl Amounts {
    /// Tokens of every kind; none when none was reported.
    pub fn tokens(&self) -> Option<i64> {
        [self.input_tokens, self.output_tokens, self.cache_read_tokens, self.cache_write_tokens]
            .into_iter()
            .flatten()
            .reduce(i64::saturating_add)
    }

    fn add(&mut self, other: &Amounts) {
        let sum = |to: &mut Option<i64>, from: Option<i64>| {
            if let Some(from) = from {
                *to = Some(to.unwrap_or(0).saturating_add(from));
            }
        };
        sum(&mut self.input_tokens, other.input_tokens);
        sum(&mut self.output_tokens, other.output_tokens);
        sum(&mut self.cache_read_tokens, other.cache_read_tokens);
        sum(&mut self.cache_write_tokens, other.cache_write_tokens);
        sum(&mut self.cost_micro_usd, other.cost_micro_usd);
        self.completions += other.completions;
        self.completions_without_usage += other.completions_without_usage;
        self.completions_without_cost += other.completions_without_cost;
        self.completions_with_reported_cost += other.completions_with_reported_cost;
    }
}

/// One row of the export.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Charge {
    /// First day of the month.
    pub billing_period_start: Date,
    /// First day of the next month.
    pub billing_period_end: Date,
    /// First day, inclusive.
    pub start: Date,
    /// Day after the last.
    pub end: Date,
    /// Provider; none when the log does not say, or when pooled.
    pub provider: Option<String>,
    /// Model.
    pub model: Option<String>,
    /// Tool without version.
    pub client: Option<String>,
    /// True for a charge of a month, which holds what is too small by day.
    pub pooled: bool,
    /// Amounts.
    pub amounts: Amounts,
}

/// What stands behind a charge that is being made.
#[derive(Debug, Clone, Default)]
struct Behind {
    amounts: Amounts,
    tokens_by_person: BTreeMap<String, u64>,
    /// Whoever is not known stands in nobody's place, and is no service either.
    of_nobody_known: bool,
}

impl Behind {
    fn add(&mut self, usage: &Usage) {
        self.amounts.add(&usage.amounts);
        if !usage.is_service && !is_known(&usage.actor) {
            self.of_nobody_known = true;
        } else if !usage.is_service {
            let tokens = usage.amounts.tokens().unwrap_or(0).unsigned_abs();
            *self.tokens_by_person.entry(usage.actor.clone()).or_default() += tokens;
        }
    }

    fn merge(&mut self, other: &Behind) {
        self.amounts.add(&other.amounts);
        self.of_nobody_known |= other.of_nobody_known;
        for (person, tokens) in &other.tokens_by_person {
            *self.tokens_by_person.entry(person.clone()).or_default() += tokens;
        }
    }

    /// Services alone are nobody's.
    fn is_hidden(&self, rules: Rules) -> bool {
        let parts: Vec<u64> = self.tokens_by_person.values().copied().collect();
        (self.of_nobody_known || !parts.is_empty()) && rules.hides(&parts).is_some()
    }
}

/// Day, provider, model, client.
type Key = (Date, String, String, String);

/// Cells that are being made into charges.
type Cells = Vec<(Key, Behind)>;

/// Charges by start, those of a month before its days, then by provider, model and client.
pub fn charges(usage: &[Usage], rules: Rules) -> Vec<Charge> {
    let mut by_day = BTreeMap::<Date, BTreeMap<Key, Behind>>::new();
    for one in usage {
        let key = (one.day, one.provider.clone(), one.model.clone(), one.client.clone());
        by_day.entry(one.day).or_default().entry(key).or_default().add(one);
    }
    let mut charges = Vec::new();
    let mut by_month = BTreeMap::<Date, BTreeMap<Key, Behind>>::new();
    for (day, cells) in by_day {
        let (shown, pooled) = settle(cells.into_iter().collect(), rules);
        charges.extend(shown.into_iter().map(|(key, cell)| charge(key, &cell, false)));
        let month = by_month.entry(day.first_of_month()).or_default();
        for ((_, provider, model, client), cell) in pooled {
            month.entry((day.first_of_month(), provider, model, client)).or_default().merge(&cell);
        }
    }
    for (month, cells) in by_month {
        let (shown, pooled) = settle(cells.into_iter().collect(), rules);
        charges.extend(shown.into_iter().map(|(key, cell)| charge(key, &cell, true)));
        if !pooled.is_empty() {
            let nothing = (month, String::new(), String::new(), String::new());
            charges.push(charge(nothing, &together(&pooled), true));
        }
    }
    charges.sort_by(|one, two| {
        (one.start, !one.pooled, &one.provider, &one.model, &one.client).cmp(&(
            two.start,
            !two.pooled,
            &two.provider,
            &two.model,
            &two.client,
        ))
    });
    charges
}

/// Cells that may stand alone, and those that may not. With the latter go the smallest of the former, until what they come to together may be known:
/// who has the total could take the others off it.
fn settle(cells: Cells, rules: Rules) -> (Cells, Cells) {
    let (mut pooled, mut shown): (Cells, Cells) = cells.into_iter().partition(|(_, cell)| cell.is_hidden(rules));
    // The smallest is last; equal ones by name, so that the order of rows cannot matter.
    shown.sort_by(|(one, a), (two, b)| {
        (b.tokens_by_person.len(), b.amounts.tokens(), two).cmp(&(a.tokens_by_person.len(), a.amounts.tokens(), one))
    });
    while !pooled.is_empty() && together(&pooled).is_hidden(rules) {
        let Some(smallest) = shown.pop() else { break };
        pooled.push(smallest);
    }
    (shown, pooled)
}

fn together(cells: &[(Key, Behind)]) -> Behind {
    let mut sum = Behind::default();
    cells.iter().for_each(|(_, cell)| sum.merge(cell));
    sum
}

/// The charge of a day's cell, or of a month's when pooled.
fn charge((start, provider, model, client): Key, cell: &Behind, pooled: bool) -> Charge {
    let next = |day: Date| day.saturating_add(jiff::Span::new().days(1));
    let known = |text: String| (!text.is_empty()).then_some(text);
    let billing_period_end = next(start.last_of_month());
    Charge {
        billing_period_start: start.first_of_month(),
        billing_period_end,
        start,
        end: if pooled { billing_period_end } else { next(start) },
        provider: known(provider),
        model: known(model),
        client: known(client),
        pooled,
        amounts: cell.amounts,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn usage(day: i8, model: &str, person: usize, tokens: i64) -> Usage {
        Usage {
            day: date(2026, 3, day),
            provider: "anthropic".into(),
            model: model.into(),
            client: "claude-code".into(),
            actor: format!("p{person}"),
            is_service: person >= 100,
            amounts: Amounts {
                input_tokens: Some(tokens),
                cost_micro_usd: (model != "unpriced").then_some(tokens * 3),
                completions: 1,
                completions_without_cost: i64::from(model == "unpriced"),
                ..Amounts::default()
            },
        }
    }

    fn shown(charges: &[Charge]) -> Vec<String> {
        charges
            .iter()
            .map(|charge| {
                let (model, amounts) = (charge.model.as_deref().unwrap_or("-"), charge.amounts);
                let (tokens, cost) = (amounts.tokens(), amounts.cost_micro_usd);
                format!("{}..{} {model} {tokens:?} {cost:?} pooled {}", charge.start, charge.end, charge.pooled)
            })
            .collect()
    }

    #[test]
    fn small_cells_join_their_month_and_totals_stay_exact() {
        let mut rows: Vec<Usage> = (0..12).map(|person| usage(2, "opus", person, 100)).collect();
        rows.extend((0..12).map(|person| usage(3, "haiku", person, 10)));
        // Three people on one day, nine others on another: their model is known by month. The neighbour of the day goes along, since the day's total
        // would give the three away.
        rows.extend((0..3).map(|person| usage(2, "rare", person, 1_000)));
        rows.extend((3..12).map(|person| usage(9, "rare", person, 1_000)));
        // Two with a model of their own: known to nobody, and neither is the smallest neighbour of the month.
        rows.extend((0..2).map(|person| usage(16, "own", person, 500)));
        // A service is no person and stands alone.
        rows.push(usage(4, "unpriced", 100, 77));
        let rules = Rules::new(10).unwrap();
        let charges = charges(&rows, rules);
        assert_eq!(
            shown(&charges),
            [
                "2026-03-01..2026-04-01 - Some(2200) Some(6600) pooled true",
                "2026-03-01..2026-04-01 rare Some(12000) Some(36000) pooled true",
                "2026-03-03..2026-03-04 haiku Some(120) Some(360) pooled false",
                "2026-03-04..2026-03-05 unpriced Some(77) None pooled false",
            ]
        );
        let total: i64 = charges.iter().filter_map(|charge| charge.amounts.cost_micro_usd).sum();
        assert_eq!(total, rows.iter().filter_map(|row| row.amounts.cost_micro_usd).sum::<i64>());
    }

    #[test]
    fn nothing_small_stands_alone_and_order_does_not_matter() {
        let mut rows: Vec<Usage> = (0..400)
            .map(|index| {
                let model = ["opus", "haiku", "rare", "unpriced"][index * 7 % 11 % 4];
                usage((index * 5 % 28 + 1) as i8, model, index * 13 % 37, (index as i64 * 31) % 97 + 1)
            })
            .collect();
        let rules = Rules::new(5).unwrap();
        let forward = charges(&rows, rules);
        let people = |wanted: &dyn Fn(&Usage) -> bool| {
            let of: std::collections::BTreeSet<&str> =
                rows.iter().filter(|row| wanted(row)).map(|row| row.actor.as_str()).collect();
            of.len()
        };
        let days = forward.iter().filter(|charge| !charge.pooled);
        for charge in days.clone() {
            let of_cell = |row: &Usage| row.day == charge.start && Some(row.model.as_str()) == charge.model.as_deref();
            assert!(people(&of_cell) >= 5, "{charge:?}");
        }
        // What is missing of a day is nothing, large enough, or the whole day.
        for day in 1..=28 {
            let start = date(2026, 3, day);
            let models: Vec<&str> = days
                .clone()
                .filter(|charge| charge.start == start)
                .filter_map(|charge| charge.model.as_deref())
                .collect();
            let missing = people(&|row: &Usage| row.day == start && !models.contains(&row.model.as_str()));
            assert!(missing == 0 || missing >= 5 || models.is_empty(), "{start}: {missing} beside {models:?}");
        }
        rows.reverse();
        assert_eq!(forward, charges(&rows, rules));
    }

    #[test]
    fn whoever_is_not_known_is_no_tenth_person() {
        let mut rows: Vec<Usage> = (0..9).map(|person| usage(2, "opus", person, 100)).collect();
        rows.push(Usage { actor: crate::privacy::NOBODY.to_owned(), ..usage(2, "opus", 0, 100) });
        let rules = Rules::new(10).unwrap();
        assert_eq!(shown(&charges(&rows, rules)), ["2026-03-01..2026-04-01 - Some(1000) Some(3000) pooled true"]);
        assert!(charges(&rows[9..], rules)[0].pooled);
        rows.push(usage(2, "opus", 9, 100));
        assert!(!charges(&rows, rules)[0].pooled);
    }

    #[test]
    fn one_person_alone_is_a_total_by_month() {
        let rows = [usage(2, "opus", 1, 5), usage(3, "haiku", 1, 7)];
        let rules = Rules::new(10).unwrap();
        assert_eq!(shown(&charges(&rows, rules)), ["2026-03-01..2026-04-01 - Some(12) Some(36) pooled true"]);
        assert!(charges(&[], rules).is_empty());
    }
}
