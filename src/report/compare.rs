//! What changed since an earlier report: which figures moved, which weeks were restated, and what may have restated them.
//!
//! Owns reading an earlier `summary.json` and the comparison. A figure has moved when its interval and the earlier one do not
//! overlap; intervals that overlap are not distinguishable, whatever their middles do. Owns no figure: both sides arrive made.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::escape::plain;
use super::inputs::RunFacts;
use super::model::comparison::{Change, Comparison, Moved, Range, Restated};
use super::model::{DataQuality, Figure, Money, Quantity, SCHEMA_VERSION, Week};
use super::quantities::{Count, Maybe, MicroDollars, Share, Tokens};

/// Why an earlier report cannot be compared with.
#[derive(Debug, thiserror::Error)]
pub enum CompareError {
    /// Not a summary.
    #[error("not a summary.json of footlight: {0}")]
    Shape(#[from] serde_json::Error),
    /// Another version.
    #[error("its schema version is {found}, this footlight reads {SCHEMA_VERSION}")]
    Version {
        /// Version of the file.
        found: u32,
    },
}

/// What is read of an earlier `summary.json`. Fields that earlier versions did not write may be missing.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Earlier {
    schema_version: u32,
    run: Run,
    #[serde(default)]
    figures: BTreeMap<String, Value>,
    #[serde(default)]
    money: Parts,
    #[serde(default)]
    weeks: Vec<WeekThen>,
    #[serde(default)]
    data_quality: Read,
}

#[derive(Debug, Clone, Default, Deserialize)]
struct Run {
    as_of: String,
    period_start: String,
    period_end: String,
    footlight_version: String,
    policy_hash: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
struct Value {
    value: Option<f64>,
    low: Option<f64>,
    high: Option<f64>,
}

#[derive(Debug, Clone, Default, Deserialize)]
struct Parts {
    #[serde(default)]
    total: Option<i64>,
    #[serde(default)]
    parts: Vec<Part>,
}

#[derive(Debug, Clone, Default, Deserialize)]
struct Part {
    id: String,
    cost: Option<i64>,
    cost_low: Option<i64>,
    cost_high: Option<i64>,
    /// Missing in files of versions that rounded nothing.
    share: Option<f64>,
    share_low: Option<f64>,
    share_high: Option<f64>,
}

impl Part {
    /// Its share of the spend, as written or by its cost.
    fn range(&self, total: Option<i64>) -> Range {
        let of = |share: Option<f64>, amount: Option<i64>| {
            let by_cost = || amount.zip(total).and_then(|(amount, total)| Share::of(amount, total));
            Maybe(share.map(Share).or_else(by_cost).map(Quantity::Share))
        };
        Range {
            value: of(self.share, self.cost),
            low: of(self.share_low, self.cost_low),
            high: of(self.share_high, self.cost_high),
        }
    }
}

#[derive(Debug, Clone, Default, Deserialize)]
struct WeekThen {
    iso_week: String,
    active_actors: Option<i64>,
    sessions: Option<i64>,
    prompts: Option<i64>,
    tokens: Option<i64>,
    cost: Option<i64>,
    outcomes: Option<i64>,
    partial: bool,
}

#[derive(Debug, Clone, Default, Deserialize)]
struct Read {
    #[serde(default)]
    files_read: i64,
    #[serde(default)]
    events: i64,
}

/// Reads an earlier `summary.json`.
///
/// # Errors
/// [`CompareError`] when it is none, or of another schema version.
pub fn earlier(text: &str) -> Result<Earlier, CompareError> {
    let earlier: Earlier = serde_json::from_str(text)?;
    match earlier.schema_version {
        SCHEMA_VERSION => Ok(earlier),
        found => Err(CompareError::Version { found }),
    }
}

/// What of this report is compared.
pub(super) struct Now<'a> {
    pub(super) run: &'a RunFacts,
    pub(super) figures: &'a [Figure],
    pub(super) money: &'a Money,
    pub(super) weeks: &'a [Week],
    pub(super) quality: &'a DataQuality,
}

/// The difference, with one sentence for the answer box.
pub(super) fn compare(earlier: &Earlier, now: &Now<'_>) -> Comparison {
    let moved = moved(earlier, now);
    let restated = restated(&earlier.weeks, now.weeks);
    let reasons = reasons(earlier, now.run, now.quality, !restated.is_empty());
    Comparison {
        as_of: plain(&earlier.run.as_of),
        period_start: plain(&earlier.run.period_start),
        period_end: plain(&earlier.run.period_end),
        sentence: sentence(earlier, &moved, &restated, &reasons),
        moved,
        restated,
        reasons,
    }
}

fn moved(earlier: &Earlier, now: &Now<'_>) -> Vec<Moved> {
    let figures = now.figures.iter().map(|figure| {
        let in_unit = |value: f64| match figure.unit {
            "micro_usd" => Quantity::Money(MicroDollars(value as i64)),
            _ => Quantity::Share(Share(value)),
        };
        let then = earlier.figures.get(figure.id).cloned().unwrap_or_default();
        let before = Range {
            value: Maybe(then.value.map(in_unit)),
            low: Maybe(then.low.map(in_unit)),
            high: Maybe(then.high.map(in_unit)),
        };
        let now = Range { value: figure.value, low: figure.low, high: figure.high };
        Moved { id: figure.id.to_owned(), label: figure.label.to_owned(), before, now, change: change(&before, &now) }
    });
    // The other two parts are headline figures.
    let parts =
        now.money.parts.iter().filter(|part| matches!(part.id, "exploration" | "waste" | "unknown")).map(|part| {
            let then = earlier.money.parts.iter().find(|then| then.id == part.id);
            let before = then.map_or(Range::UNKNOWN, |then| then.range(earlier.money.total));
            let share = |share: Maybe<Share>| Maybe(share.0.map(Quantity::Share));
            let now = Range { value: share(part.share), low: share(part.share_low), high: share(part.share_high) };
            let label = format!("{}, share of spend", part.label);
            Moved { id: format!("money_{}", part.id), label, before, now, change: change(&before, &now) }
        });
    figures.chain(parts).collect()
}

fn number(quantity: Quantity) -> f64 {
    match quantity {
        Quantity::Money(money) => money.0 as f64,
        Quantity::Share(share) => share.0,
        Quantity::Count(count) => count.0 as f64,
        Quantity::Tokens(tokens) => tokens.0 as f64,
        Quantity::Number(number) => number.0,
    }
}

/// Shares are written with four decimals: what differs by less is the same.
const ROUNDING: f64 = 0.000_05;

fn change(before: &Range, now: &Range) -> Change {
    let ends = |range: &Range| {
        let low = number(range.low.0?);
        Some((low, range.high.0.map_or(f64::INFINITY, number)))
    };
    let is_share = matches!(now.low.0, Some(Quantity::Share(_)));
    let (Some(before), Some(now)) = (ends(before), ends(now)) else { return Change::NotComparable };
    // A share is said to 5 points or as a band: two that look the same need not be.
    let exact = |(low, high): (f64, f64)| high - low <= ROUNDING && !is_share;
    if now.0 > before.1 + ROUNDING {
        Change::Higher
    } else if now.1 < before.0 - ROUNDING {
        Change::Lower
    } else if exact(before) && exact(now) {
        Change::Unchanged
    } else {
        Change::NotDistinguishable
    }
}

/// Figures of weeks that were whole and differ now. A week that was not whole was not final, so it is completed, not restated.
fn restated(then: &[WeekThen], now: &[Week]) -> Vec<Restated> {
    let now: BTreeMap<&str, &Week> = now.iter().map(|week| (week.iso_week.as_str(), week)).collect();
    let mut restated = Vec::new();
    for before in then.iter().filter(|week| !week.partial) {
        let iso_week = plain(&before.iso_week);
        let week = now.get(iso_week.as_str());
        let counts: [(&'static str, Option<i64>, Option<Count>); 3] = [
            ("active people", before.active_actors, week.and_then(|week| week.active_actors.0)),
            ("sessions", before.sessions, week.and_then(|week| week.sessions.0)),
            ("prompts", before.prompts, week.and_then(|week| week.prompts.0)),
        ];
        let counts = counts.map(|(what, before, now)| {
            (what, before.map(|before| Quantity::Count(Count(before))), now.map(Quantity::Count))
        });
        let amounts = [
            (
                "tokens",
                before.tokens.map(|tokens| Quantity::Tokens(Tokens(tokens))),
                week.and_then(|week| week.tokens.0).map(Quantity::Tokens),
            ),
            (
                "cost",
                before.cost.map(|cost| Quantity::Money(MicroDollars(cost))),
                week.and_then(|week| week.cost.0).map(Quantity::Money),
            ),
            (
                "outcomes",
                before.outcomes.map(|outcomes| Quantity::Count(Count(outcomes))),
                week.and_then(|week| week.outcomes.0).map(Quantity::Count),
            ),
        ];
        for (what, before, now) in counts.into_iter().chain(amounts).filter(|(_, before, now)| before != now) {
            restated.push(Restated { iso_week: iso_week.clone(), what, before: Maybe(before), now: Maybe(now) });
        }
    }
    restated.sort_by(|a, b| a.iso_week.cmp(&b.iso_week));
    restated
}

/// Weeks that were restated.
pub(super) fn restated_weeks(comparison: &Comparison) -> BTreeSet<&str> {
    comparison.restated.iter().map(|row| row.iso_week.as_str()).collect()
}

/// What differs between the two runs that can restate a week.
fn reasons(earlier: &Earlier, now: &RunFacts, read: &DataQuality, any_restated: bool) -> Vec<String> {
    let (then, mut reasons) = (&earlier.run, Vec::new());
    let (files, events) = (read.files_read, read.events);
    if files.0 != earlier.data_quality.files_read || events.0 != earlier.data_quality.events {
        reasons.push(format!(
            "{}: {} files and {} events against {} and {} then",
            if any_restated { "late input" } else { "more input" },
            files,
            events,
            Count(earlier.data_quality.files_read),
            Count(earlier.data_quality.events)
        ));
    }
    if then.policy_hash != now.policy_hash {
        reasons.push(format!(
            "the configuration: policy {} then, {} now",
            plain(&then.policy_hash),
            plain(&now.policy_hash)
        ));
    }
    if then.footlight_version != now.footlight_version {
        reasons.push(format!(
            "the version: footlight {} then, {} now",
            plain(&then.footlight_version),
            plain(&now.footlight_version)
        ));
    }
    if reasons.is_empty() && any_restated {
        reasons.push(
            "neither input, configuration nor version differs; the moment (--as-of) or the queries may".to_owned(),
        );
    }
    reasons
}

fn sentence(earlier: &Earlier, moved: &[Moved], restated: &[Restated], reasons: &[String]) -> String {
    let changes: Vec<String> = moved
        .iter()
        .filter(|row| matches!(row.change, Change::Higher | Change::Lower))
        .map(|row| format!("{} is {} ({}, {} then)", row.label, row.change.text(), row.now.value, row.before.value))
        .collect();
    let changes = if changes.is_empty() {
        "no number moved beyond its interval".to_owned()
    } else {
        format!("{}; no other number moved beyond its interval", changes.join(", "))
    };
    let weeks: BTreeSet<&str> = restated.iter().map(|row| row.iso_week.as_str()).collect();
    let why: Vec<&str> = reasons.iter().map(|reason| reason.split(':').next().unwrap_or_default()).collect();
    let weeks = match weeks.len() {
        0 if earlier.weeks.is_empty() => {
            "whether weeks were restated cannot be told: the earlier report lists none".to_owned()
        }
        0 => "no week was restated".to_owned(),
        1 => format!("1 week was restated ({})", why.join(", ")),
        n => format!("{n} weeks were restated ({})", why.join(", ")),
    };
    let as_of = plain(&earlier.run.as_of);
    format!("Since the report as of {as_of}, {changes}; {weeks}.")
}
