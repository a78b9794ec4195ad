//! The numbers of usage that were made a target or a ranking, with the weeks of people around each target.
//!
//! Owns the words for a target and how coarse the published bins are. Owns no statistics (`score::population`) and no rule of
//! suppression (`privacy`).

use super::readings;
use crate::config::{Config, Quota, QuotaMetric, datetime_us};
use crate::privacy::{Cell, Rules};
use crate::report::inputs::{Kpi, KpiBin};
use crate::report::quantities::Count;
use crate::score::population::{Bin, Histogram, WeeksOfPeople, quota_scopes};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// Bins a side that are tried, finest first: few enough to be read, many enough to see a pile.
const BINS_A_SIDE: [usize; 3] = [10, 5, 4];
/// Share of the bins that must be visible before a coarser histogram is tried.
const VISIBLE: f64 = 0.8;

/// What people were told, in words.
pub(super) fn target(quota: &Quota) -> String {
    match quota.metric {
        QuotaMetric::ActiveWeek => format!("{:.0} % of a team active each week", quota.threshold * 100.0),
        metric => format!("{} {} a week", grouped(quota.threshold), metric.as_str()),
    }
}

/// A threshold as people write it: whole ones with a comma before every third digit, `400,000`.
fn grouped(threshold: f64) -> String {
    if threshold.fract() == 0.0 && (0.0..1e15).contains(&threshold) {
        Count(threshold as i64).to_string()
    } else {
        threshold.to_string()
    }
}

/// Quotas and leaderboards, oldest first.
pub fn kpis(config: &Config, histograms: &[Histogram]) -> anyhow::Result<Vec<Kpi>> {
    let rules = Rules::new(config.privacy.min_people)?;
    let mut kpis = Vec::new();
    let dated = config.quota.iter().filter(|quota| datetime_us(&quota.announced).is_some());
    for (quota, scope) in dated.zip(quota_scopes(&readings::quotas(config))) {
        let Some(since) = date(Some(&quota.announced))? else { continue };
        let bins = histograms.iter().find(|histogram| histogram.scope == scope);
        kpis.push(Kpi {
            kind: "quota".to_owned(),
            metric: quota.metric.as_str().to_owned(),
            target: target(quota),
            since,
            until: None,
            bins: bins.map(|histogram| published(histogram, rules)).unwrap_or_default(),
            scope,
        });
    }
    for board in &config.leaderboard {
        let Some(since) = date(Some(&board.published))? else { continue };
        let metric = board.metric.as_str().to_owned();
        kpis.push(Kpi {
            kind: "leaderboard".to_owned(),
            target: format!("ranking by {metric}"),
            since,
            until: date(board.withdrawn.as_ref())?,
            scope: format!("{metric} leaderboard of {since}"),
            metric,
            bins: Vec::new(),
        });
    }
    kpis.sort_by(|one, two| (one.since, &one.kind, &one.scope).cmp(&(two.since, &two.kind, &two.scope)));
    Ok(kpis)
}

fn date(value: Option<&toml::value::Datetime>) -> anyhow::Result<Option<Date>> {
    let Some(us) = value.and_then(datetime_us) else { return Ok(None) };
    Ok(Some(Timestamp::from_microsecond(us)?.to_zoned(TimeZone::UTC).date()))
}

/// The finest histogram of which most bins may be printed; the coarsest when none is.
fn published(histogram: &Histogram, rules: Rules) -> Vec<KpiBin> {
    let mut bins = Vec::new();
    for wanted in BINS_A_SIDE {
        bins = suppressed(&merged(histogram, wanted), histogram.bins_below, rules);
        let visible = bins.iter().filter(|(bin, _)| bin.after.is_some()).count();
        if visible as f64 >= VISIBLE * bins.len() as f64 {
            break;
        }
    }
    bins.into_iter().map(|(bin, _)| bin).collect()
}

/// Neighbouring bins put together, counted from the line outwards, so that the line stays an edge. Bins that are left over at the
/// ends are dropped.
fn merged(histogram: &Histogram, wanted: usize) -> Vec<(usize, Bin)> {
    let size = histogram.bins_below.div_ceil(wanted).max(1);
    let first = histogram.bins_below % size;
    let whole = histogram.bins.get(first..).unwrap_or_default().chunks_exact(size);
    let add = |sum: &mut WeeksOfPeople, weeks: &WeeksOfPeople| {
        for (person, weeks) in weeks {
            *sum.entry(*person).or_default() += weeks;
        }
    };
    whole
        .enumerate()
        .filter_map(|(index, chunk)| {
            let (start, end) = (chunk.first()?, chunk.last()?);
            let mut bin = Bin { from: start.from, to: end.to, ..Bin::default() };
            for part in chunk {
                add(&mut bin.before, &part.before);
                add(&mut bin.after, &part.after);
            }
            bin.expected = chunk.iter().map(|part| part.expected).sum();
            Some((first + index * size, bin))
        })
        .collect()
}

/// Bins with few or dominated cells hidden; before and after are two tables with a total each.
fn suppressed(bins: &[(usize, Bin)], bins_below: usize, rules: Rules) -> Vec<(KpiBin, usize)> {
    let shown = |of: fn(&Bin) -> &WeeksOfPeople| -> Vec<Option<i64>> {
        let cells: Vec<Cell> = bins
            .iter()
            .map(|(at, bin)| Cell { name: format!("{at:04}"), parts: of(bin).values().copied().collect() })
            .collect();
        let hidden = rules.suppress(&cells).0;
        let weeks = |cell: &Cell| i64::try_from(cell.parts.iter().sum::<u64>()).unwrap_or(i64::MAX);
        cells.iter().zip(hidden).map(|(cell, hidden)| hidden.is_none().then(|| weeks(cell))).collect()
    };
    let (before, after) = (shown(|bin| &bin.before), shown(|bin| &bin.after));
    bins.iter()
        .zip(before.into_iter().zip(after))
        .map(|((at, bin), (before, after))| {
            let above = *at >= bins_below;
            (KpiBin { from: bin.from, to: bin.to, above, before, after, expected: bin.expected }, *at)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn histogram(people_of: impl Fn(usize) -> usize) -> Histogram {
        let bin = |at: usize| Bin {
            from: at as f64,
            to: at as f64 + 1.0,
            after: (0..people_of(at)).map(|person| (person, 1)).collect(),
            expected: Some(2.0),
            ..Bin::default()
        };
        Histogram { scope: "s".into(), bins_below: 20, bins: (0..40).map(bin).collect() }
    }

    #[test]
    fn a_line_that_was_announced_twice_has_two_histograms() {
        let quota = |day: &str| format!("[[quota]]\nmetric = \"prompts\"\nthreshold = 100\nannounced = {day}\n");
        let config = [quota("2026-03-09"), quota("2026-01-05")].concat();
        let config = Config::parse(&config, std::path::Path::new("footlight.toml")).unwrap();
        let histograms: Vec<Histogram> = quota_scopes(&readings::quotas(&config))
            .into_iter()
            .zip([12, 24])
            .map(|(scope, people)| Histogram { scope, ..histogram(|_| people) })
            .collect();
        let kpis = kpis(&config, &histograms).unwrap();
        let told: Vec<(&str, Option<i64>)> = kpis.iter().map(|kpi| (kpi.scope.as_str(), kpi.bins[0].after)).collect();
        assert_eq!(
            told,
            [
                ("prompts >= 100 a week, announced 2026-01-05", Some(48)),
                ("prompts >= 100 a week, announced 2026-03-09", Some(24))
            ]
        );
    }

    #[test]
    fn bins_are_as_fine_as_the_floor_allows_and_small_ones_are_hidden() {
        let fine = published(&histogram(|_| 12), Rules::default());
        assert_eq!((fine.len(), fine[9].above, fine[10].above, fine[10].from), (20, false, true, 20.0));
        // The same twelve people are in both halves: people are counted once, weeks twice.
        assert_eq!((fine[0].after, fine[0].expected, fine[0].before), (Some(24), Some(4.0), None));
        let thin = published(&histogram(|at| if at < 20 { 3 } else { 12 }), Rules::default());
        assert_eq!(thin.len(), 8);
        assert!(thin.iter().filter(|bin| !bin.above).all(|bin| bin.after.is_none()));
        assert!(thin.iter().filter(|bin| bin.above).all(|bin| bin.after == Some(60)));
    }
}
