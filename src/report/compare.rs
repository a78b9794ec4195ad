//! What changed since an earlier report: which figures moved, which weeks were restated, and what may have restated them.
//!
//! Owns reading an earlier `summary.json` and the comparison. A figure has moved when its interval and the earlier one do not
//! overlap; intervals that overlap are not distinguishable, whatever their middles do. The other side is a report as it was published, or
//! one that was made now of the lake as it was: then configuration, prices and models are the same on both sides, and what differs is what
//! was read since. Owns no figure: both sides arrive made and released.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::RenderError;
use super::escape::plain;
use super::model::comparison::{Change, Comparison, Moved, Range, Restated};
use super::model::{Quantity, Report, SCHEMA_VERSION, Week};
use super::quantities::{Count, Maybe, MicroDollars, Share, Tokens};
use crate::privacy::rounding;

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
    /// The version and day of the lake that it was made of anew; none when it is as it was published.
    #[serde(skip)]
    of_lake: Option<(u64, String)>,
}

#[derive(Debug, Clone, Default, Deserialize)]
struct Run {
    as_of: String,
    period_start: String,
    period_end: String,
    footlight_version: String,
    policy_hash: String,
    /// Missing in files of earlier versions, like what follows.
    #[serde(default)]
    lake_version: Option<i64>,
    #[serde(default)]
    price_table: String,
    #[serde(default)]
    queries_hash: String,
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
        let by_cost = |amount: Option<i64>| amount.zip(total).and_then(|(amount, total)| Share::of(amount, total));
        let [share, low, high] = [self.share, self.share_low, self.share_high].map(|share| share.map(Share));
        share_range([share.or(by_cost(self.cost)), low, high], [by_cost(self.cost_low), by_cost(self.cost_high)])
    }
}

/// A share with its range; an end that is not said as a share follows from the cost, outwards.
fn share_range([value, low, high]: [Option<Share>; 3], [low_by_cost, high_by_cost]: [Option<Share>; 2]) -> Range {
    let outwards = |share: Option<Share>, to: fn(f64) -> f64| share.map(|share| Share(to(share.0)));
    let low = low.or(outwards(low_by_cost, rounding::share_below));
    let high = high.or(outwards(high_by_cost, rounding::share_above));
    let of = |share: Option<Share>| Maybe(share.map(Quantity::Share));
    Range { value: of(value), low: of(low), high: of(high) }
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

impl Earlier {
    /// A report that was made now of a version of the lake, with the day on which that was committed.
    ///
    /// # Errors
    /// [`RenderError`], which no report causes.
    pub fn of_lake(report: &Report, version: u64, day: String) -> Result<Self, RenderError> {
        let earlier: Earlier = serde_json::from_str(&super::summary::render(report)?)?;
        Ok(Self { of_lake: Some((version, day)), ..earlier })
    }
}

/// Says in a report what changed since an earlier one: the comparison, a sentence in the answer, and a mark on the weeks that were restated.
pub fn compare(report: &mut Report, earlier: &Earlier) {
    let moved = moved(earlier, report);
    let (restated, left_weeks) = restated(&earlier.weeks, &report.weeks);
    let weeks: BTreeSet<&str> = restated.iter().map(|row| row.iso_week.as_str()).collect();
    let whole_then: BTreeSet<&str> =
        earlier.weeks.iter().filter(|week| !week.partial).map(|week| week.iso_week.as_str()).collect();
    let is_new = |week: &&Week| !whole_then.contains(week.iso_week.as_str());
    let new_weeks = report.weeks.iter().filter(is_new).map(|week| week.iso_week.clone()).collect();
    let reasons = reasons(earlier, report, !restated.is_empty());
    let against = against(earlier);
    let sentence = sentence(&against, earlier, &moved, (&weeks, left_weeks.len()), &reasons);
    for week in &mut report.weeks {
        week.restated = weeks.contains(week.iso_week.as_str());
    }
    report.answer.what_changed = Maybe(Some(sentence.clone()));
    report.comparison = Some(Comparison {
        against,
        as_of: plain(&earlier.run.as_of),
        period_start: plain(&earlier.run.period_start),
        period_end: plain(&earlier.run.period_end),
        sentence,
        note: note(earlier, reasons.len()),
        moved,
        restated,
        new_weeks,
        left_weeks,
        reasons,
    });
}

/// What it is compared with, in words that follow "since" and "against".
fn against(earlier: &Earlier) -> String {
    match &earlier.of_lake {
        None => format!("the report as of {}", plain(&earlier.run.as_of)),
        Some((version, day)) => format!("version {version} of the lake, of {day}"),
    }
}

/// What the comparison can tell apart.
fn note(earlier: &Earlier, reasons: usize) -> String {
    match (&earlier.of_lake, reasons) {
        (Some(_), _) => "The lake as it was then was scored again with the configuration, the models and the program of this report: \
                         what differs comes of what was read since, and of nothing else."
            .to_owned(),
        (None, 0 | 1) => String::new(),
        (None, _) => format!(
            "More than one of them differs, so the part of each cannot be told from the two reports. `footlight report --compare LAKE@{}` \
             compares with the lake as it was, scored as it is now: what moves there is what was read since.",
            earlier.run.lake_version.map_or("VERSION".to_owned(), |version| version.to_string())
        ),
    }
}

fn moved(earlier: &Earlier, now: &Report) -> Vec<Moved> {
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
            let by_cost = |amount: Maybe<MicroDollars>| {
                amount.0.zip(now.money.total.0).and_then(|(amount, total)| Share::of(amount.0, total.0))
            };
            let shares = [part.share.0, part.share_low.0, part.share_high.0];
            let now = share_range(shares, [by_cost(part.cost_low), by_cost(part.cost_high)]);
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

/// Figures of weeks that were whole and differ now, and the weeks that were whole and that the period does not hold whole any more. A week that was
/// not whole was not final, so it is completed, not restated; one that is withheld on either side has no figures that could differ.
fn restated(then: &[WeekThen], now: &[Week]) -> (Vec<Restated>, Vec<String>) {
    let now: BTreeMap<&str, &Week> = now.iter().map(|week| (week.iso_week.as_str(), week)).collect();
    let (mut restated, mut left) = (Vec::new(), Vec::new());
    for before in then.iter().filter(|week| !week.partial && week.active_actors.is_some()) {
        let iso_week = plain(&before.iso_week);
        let Some(week) = now.get(iso_week.as_str()).filter(|week| !week.partial) else {
            left.push(iso_week);
            continue;
        };
        if week.active_actors.0.is_none() {
            continue;
        }
        let counts: [(&'static str, Option<i64>, Option<Count>); 3] = [
            ("active people", before.active_actors, week.active_actors.0),
            ("sessions", before.sessions, week.sessions.0),
            ("prompts", before.prompts, week.prompts.0),
        ];
        let counts = counts.map(|(what, before, now)| {
            (what, before.map(|before| Quantity::Count(Count(before))), now.map(Quantity::Count))
        });
        let amounts = [
            (
                "tokens",
                before.tokens.map(|tokens| Quantity::Tokens(Tokens(tokens))),
                week.tokens.0.map(Quantity::Tokens),
            ),
            ("cost", before.cost.map(|cost| Quantity::Money(MicroDollars(cost))), week.cost.0.map(Quantity::Money)),
            (
                "outcomes",
                before.outcomes.map(|outcomes| Quantity::Count(Count(outcomes))),
                week.outcomes.0.map(Quantity::Count),
            ),
        ];
        for (what, before, now) in counts.into_iter().chain(amounts).filter(|(_, before, now)| before != now) {
            restated.push(Restated { iso_week: iso_week.clone(), what, before: Maybe(before), now: Maybe(now) });
        }
    }
    restated.sort_by(|a, b| a.iso_week.cmp(&b.iso_week));
    left.sort();
    (restated, left)
}

/// What differs between the two runs that can restate a week.
fn reasons(earlier: &Earlier, report: &Report, any_restated: bool) -> Vec<String> {
    let (then, now, mut reasons) = (&earlier.run, &report.run, Vec::new());
    let input = |files: Count, events: Count, version: Option<i64>| {
        let version = version.map_or_else(String::new, |version| format!(", lake version {}", Count(version)));
        format!("{files} files and {events} events{version}")
    };
    let [files, events] = [earlier.data_quality.files_read, earlier.data_quality.events].map(Count);
    let version_then = then.lake_version.filter(|_| now.lake_version.0.is_some());
    let version = now.lake_version.0.map(|version| version.0).filter(|_| version_then.is_some());
    let read = (report.data_quality.files_read, report.data_quality.events);
    if (files, events) != read || version_then != version {
        reasons.push(format!(
            "{}: {} against {} then",
            match (any_restated, read.0 >= files && read.1 >= events) {
                (true, _) => "late input",
                (false, true) => "more input",
                (false, false) => "other input",
            },
            input(read.0, read.1, version),
            input(files, events, version_then)
        ));
    }
    // What an earlier version did not write down cannot differ.
    let differ = [
        ("the configuration", "policy", &then.policy_hash, &now.policy_hash),
        ("the price table", "prices of", &then.price_table, &now.price_table),
        ("the models", "queries", &then.queries_hash, &now.queries_hash),
        ("the version", "footlight", &then.footlight_version, &now.footlight_version),
    ];
    for (what, word, then, now) in differ {
        if then != now && !then.is_empty() {
            reasons.push(format!("{what}: {word} {} then, {} now", plain(then), plain(now)));
        }
    }
    if reasons.is_empty() && any_restated {
        reasons.push(
            "neither input, configuration, prices, models nor version differs; the moment (--as-of) or --since may"
                .to_owned(),
        );
    }
    reasons
}

fn sentence(
    against: &str,
    earlier: &Earlier,
    moved: &[Moved],
    (restated, left): (&BTreeSet<&str>, usize),
    reasons: &[String],
) -> String {
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
    let why: Vec<&str> = reasons.iter().map(|reason| reason.split(':').next().unwrap_or_default()).collect();
    let weeks = match restated.len() {
        0 if earlier.weeks.is_empty() => {
            "whether weeks were restated cannot be told: the earlier report lists none".to_owned()
        }
        0 => "no week was restated".to_owned(),
        1 => format!("1 week was restated ({})", why.join(", ")),
        n => format!("{n} weeks were restated ({})", why.join(", ")),
    };
    let left = match left {
        0 => String::new(),
        1 => "; 1 week is no longer whole in the period".to_owned(),
        n => format!("; {n} weeks are no longer whole in the period"),
    };
    format!("Since {against}, {changes}; {weeks}{left}.")
}
