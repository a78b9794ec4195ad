//! When the run speaks and when it does not: what is lost by abstaining, and how soon theater shows.
//!
//! Owns the risk-coverage table and the weeks to detection.

use super::{Coverage, Delay, Person, auroc, proportion};
use std::collections::BTreeSet;

/// Rows of the risk-coverage table: what the figures are among the people about whom at least so many signals spoke (El-Yaniv and Wiener
/// 2010, with the number of signals as the confidence). `threshold` is that of everybody.
pub(super) fn coverage(theater: &[&Person], honest: &[&Person], threshold: f64) -> Vec<Coverage> {
    let spoke = |person: &&&Person| person.values.len();
    let counts: BTreeSet<usize> = theater.iter().chain(honest).map(|person| spoke(&person)).chain([0]).collect();
    let all = theater.len() + honest.len();
    counts
        .into_iter()
        .map(|signals| {
            let covered = |group: &[&Person]| -> Vec<f64> {
                group.iter().filter(|person| spoke(person) >= signals).map(|person| person.score).collect()
            };
            let (up, down) = (covered(theater), covered(honest));
            let above = |scores: &[f64]| scores.iter().filter(|score| **score > threshold).count();
            Coverage {
                signals,
                people: up.len() + down.len(),
                share: (up.len() + down.len()) as f64 / all.max(1) as f64,
                theater: up.len(),
                auroc: auroc(&up, &down),
                recall: proportion(above(&up), up.len()),
                false_alarms: proportion(above(&down), down.len()),
            }
        })
        .collect()
}

/// How many weeks of theater it takes until a week is found, by three measures.
pub(super) fn delays(theater: &[&Person], threshold: f64) -> Vec<Delay> {
    let above = |week: &super::PersonWeek| week.score.is_some_and(|score| score > threshold);
    vec![
        delay("above the threshold of 1 % false positives", theater, above),
        delay("in band look or review", theater, |week| matches!(week.band.as_str(), "look" | "review")),
        delay("in band review", theater, |week| week.band == "review"),
    ]
}

/// Weeks that are asked about.
const WITHIN: [i64; 4] = [1, 2, 4, 8];

fn delay(measure: &'static str, theater: &[&Person], found: impl Fn(&super::PersonWeek) -> bool) -> Delay {
    let mut weeks: Vec<i64> = theater
        .iter()
        .filter_map(|person| {
            let from = person.theater_from.as_deref()?;
            let (week, _) = person.by_week.iter().find(|(week, row)| week.as_str() >= from && found(row))?;
            Some(1 + monday(week)? - monday(from)?)
        })
        .collect();
    weeks.sort_unstable();
    let within = |limit: i64| weeks.iter().filter(|week| **week <= limit).count();
    Delay {
        measure,
        people: theater.len(),
        within: WITHIN.map(within),
        ever: weeks.len(),
        median_weeks: weeks.get(weeks.len().saturating_sub(1) / 2).copied(),
    }
}

/// The number of a week (`2026-W06`) since the epoch; nothing for what is no week.
fn monday(week: &str) -> Option<i64> {
    let (year, number) = week.split_once("-W")?;
    let date =
        jiff::civil::ISOWeekDate::new(year.parse().ok()?, number.parse().ok()?, jiff::civil::Weekday::Monday).ok()?;
    let days = date.date().since(jiff::civil::date(1970, 1, 5)).ok()?.get_days();
    Some(i64::from(days) / 7)
}
