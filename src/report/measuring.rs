//! Is the metric still measuring? Which number of usage invites gaming, by what the tests say, and what to measure instead.
//!
//! Owns which test bears on which number and the words. Nothing is claimed where every test abstains: then the first reason stands
//! in the place of a reading. Owns no test (`score::population`) and no suppression: hidden bins arrive hidden.
//!
//! Sources: Goodhart 1975, Campbell 1979 and Strathern 1997 on targets; signals.md section 2 (P1 to P4, S12) for the tests.

use jiff::civil::{Date, ISOWeekDate, Weekday};

use super::escape::{plain, plain_long};
use super::inputs::{Inputs, Kpi as KpiInput, WeekTotals};
use super::model::measuring::{Agreement, Bin, Kpi, Mean, Measuring, Reading, Sides, Tau, metric_text};
use super::model::{Figure, PopulationTest, Quantity};
use super::quantities::{Count, Estimate, Maybe, MicroDollars, Tokens};
use super::release::Release;
use crate::score::population::RankAgreement;
use crate::score::stats::student_t_quantile;

/// Whole weeks on either side of a date for a mean; a judgement default.
const FEWEST_WEEKS: usize = 4;

/// The view.
pub(super) fn measuring(
    inputs: &Inputs,
    figures: &[Figure],
    population: &[PopulationTest],
    release: &Release<'_>,
) -> Measuring {
    let mut sorted: Vec<&KpiInput> = inputs.kpis.iter().collect();
    sorted.sort_by(|a, b| (a.since, &a.kind, &a.scope).cmp(&(b.since, &b.kind, &b.scope)));
    let first = sorted.first().map(|kpi| kpi.since);
    let kpis: Vec<Kpi> = sorted.iter().map(|kpi| judge(kpi, first, inputs, figures, population, release)).collect();
    let speaks = population.iter().any(|test| test.test == "metric_decoupling" && test.speaks);
    let agreed = inputs.rank_agreement.filter(|_| speaks);
    let agreement = |found| agreement(found, release);
    Measuring { claim: claim(&kpis).to_owned(), kpis, rank_agreement: agreed.map(agreement) }
}

fn claim(kpis: &[Kpi]) -> &'static str {
    let any = |reading| kpis.iter().any(|kpi| kpi.reading == reading);
    if kpis.is_empty() {
        "No number of usage was made a target, as far as the configuration says"
    } else if any(Reading::InvitesGaming) {
        "A number that was made a target no longer measures the work by itself"
    } else if any(Reading::Quiet) {
        "No test that had enough data shows a target that is gamed"
    } else {
        "Whether the targets still measure cannot be told from these logs yet"
    }
}

/// Tests that read the organisation against the first date, whichever target it was of.
const OF_THE_FIRST_DATE: [&str; 3] = ["incentive_break", "metric_decoupling", "shared_burner_template"];

fn judge(
    kpi: &KpiInput,
    first: Option<Date>,
    inputs: &Inputs,
    figures: &[Figure],
    population: &[PopulationTest],
    release: &Release<'_>,
) -> Kpi {
    let own = plain(&kpi.scope);
    let bears = |test: &&PopulationTest| match test.test.as_str() {
        "quota_bunching" | "rank_chasing" => test.scope == own,
        other => OF_THE_FIRST_DATE.contains(&other) && Some(kpi.since) == first,
    };
    let tests: Vec<&PopulationTest> = population.iter().filter(bears).collect();
    let reading = if tests.iter().any(|test| test.points_to_metric) {
        Reading::InvitesGaming
    } else if tests.iter().any(|test| test.speaks) {
        Reading::Quiet
    } else {
        Reading::CannotBeTold
    };
    let mut says: Vec<String> = tests.iter().map(|test| says(test)).collect();
    if tests.is_empty() {
        says.push("No test reads this number.".to_owned());
    }
    let (sides, sides_note) = sides(kpi, inputs, release);
    let mut instead = instead(kpi, reading, &tests, figures);
    if let Some(drift) = drift(&sides) {
        says.push(drift);
        if reading == Reading::Quiet {
            let metric = plain(metric_text(&kpi.metric));
            instead.push(format!(
                "Until they agree, do not read {metric} as value: more use has come with fewer outcomes."
            ));
        }
    }
    let bunching = tests.iter().find(|test| test.test == "quota_bunching");
    Kpi {
        kind: plain(&kpi.kind),
        metric: plain(&kpi.metric),
        target: plain(&kpi.target),
        since: kpi.since.to_string(),
        until: kpi.until.map(|date| date.to_string()).unwrap_or_default(),
        reading,
        says,
        instead,
        sides,
        sides_note,
        bins: bins(kpi, bunching.is_some_and(|test| test.speaks), release),
        bins_note: bins_note(kpi, bunching.copied()),
    }
}

/// One sentence from a test's result. What it saw, with its interval; never why.
fn says(test: &PopulationTest) -> String {
    if !test.speaks {
        // What else the note has are numbers of the parts, which stand with the test.
        let reason = test.note.split(';').next().unwrap_or_default();
        return format!("{} ({}): cannot be told, {}.", test.title(), test.test, reason.trim_end_matches('.'));
    }
    let saw = match (test.test.as_str(), test.points_to_metric) {
        ("quota_bunching", true) => "weeks pile up just above the line, more than a smooth spread would have",
        ("quota_bunching", false) => "no pile of weeks at the line that chance would not make",
        ("incentive_break", true) => "use rose at the date, and outcomes do not show this share of the rise",
        ("incentive_break", false) => "no rise in use at the date that outcomes do not show",
        ("metric_decoupling", true) => "use and outcomes came apart: who uses more lands less of what they used to",
        ("metric_decoupling", false) => "no change in how use and outcomes go together that chance would not make",
        ("rank_chasing", true) => "people just below the cut speed up more than people just above it",
        ("rank_chasing", false) => "people just below the cut do not speed up more than people just above it",
        ("shared_burner_template", true) => "a template spread after the date, and what it made went unused",
        ("shared_burner_template", false) => "no template spread after the date whose output went unused",
        (_, true) => "points to the metric",
        (_, false) => "does not point to the metric",
    };
    format!("{} ({}): {saw}{}.", test.title(), test.test, numbers(test))
}

/// That use rose and outcomes fell, where both means lie apart. Said whatever the tests say, and claimed by none.
fn drift(sides: &[Sides]) -> Option<String> {
    let [used, landed] = sides else { return None };
    let apart = !used.overlap && !landed.overlap;
    (apart && used.rose && !landed.rose).then(|| {
        "Weeks since the date have more use and fewer outcomes than those before. Means alone do not say why: trend, season and \
         other events are not taken out of them."
            .to_owned()
    })
}

/// ` (estimate 0.84 log odds, 95 % interval 0.31 to 1.42, p 0.004)`, as far as the test has them.
fn numbers(test: &PopulationTest) -> String {
    let mut parts = Vec::new();
    if let Some(estimate) = test.estimate.0 {
        parts.push(format!("estimate {estimate} {}", test.estimate_unit).trim_end().to_owned());
    }
    if let (Some(low), Some(high)) = (test.low.0, test.high.0) {
        parts.push(format!("95 % interval {low} to {high}"));
    }
    if let Some(p) = test.p.0 {
        parts.push(format!("p {p}"));
    }
    if parts.is_empty() { String::new() } else { format!(" ({})", parts.join(", ")) }
}

/// What to measure instead, drawn from which tests point. Nothing where nothing is claimed.
fn instead(kpi: &KpiInput, reading: Reading, tests: &[&PopulationTest], figures: &[Figure]) -> Vec<String> {
    let metric = plain(metric_text(&kpi.metric));
    let linked = figures.iter().find(|figure| figure.id == "linked_share").filter(|figure| figure.value.0.is_some());
    match reading {
        Reading::CannotBeTold => return Vec::new(),
        Reading::Quiet => {
            return vec![format!(
                "Nothing has to be replaced on this evidence: read {metric} beside spend with an outcome, and look at these tests \
                 again next month."
            )];
        }
        Reading::InvitesGaming => {}
    }
    let points = |name: &str| tests.iter().any(|test| test.test == name && test.points_to_metric);
    let mut words = Vec::new();
    words.push(match linked {
        Some(figure) => format!(
            "Spend with an outcome, now {} ({}), and the step Kept of the funnel: both need work that lands and stays.",
            figure.value,
            figure.interval_text()
        ),
        None => "Outcomes first: connect the repositories and trackers in which the work lands. Until then no number of usage says \
                 anything of its value."
            .to_owned(),
    });
    if points("quota_bunching") {
        words.push(format!(
            "No line: keep {metric} as a cost that is read as it falls, so that nothing is gained by passing a mark."
        ));
    }
    if points("rank_chasing") {
        words.push("No ranks: show teams their own trend, and nobody their place among others.".to_owned());
    }
    if points("metric_decoupling") {
        words.push(format!(
            "Not {metric} as a stand-in for value: the order of people by use no longer tells their order by outcomes."
        ));
    }
    if points("incentive_break") {
        words.push("Growth only where outcomes grow with it: the rise since the date is not counted as adoption until they do.".to_owned());
    }
    if points("shared_burner_template") {
        words.push(
            "Output that somebody takes up, not output: the template that spread made what nobody used.".to_owned(),
        );
    }
    words
}

/// An amount in the unit of a metric.
fn amount(metric: &str, value: f64) -> Quantity {
    match metric {
        "tokens" => Quantity::Tokens(Tokens(value.round() as i64)),
        "cost_usd" => Quantity::Money(MicroDollars((value * 1e6).round() as i64)),
        _ => Quantity::Number(Estimate(value)),
    }
}

fn bins(kpi: &KpiInput, speaks: bool, release: &Release<'_>) -> Vec<Bin> {
    let edge = |value: f64| match kpi.metric.as_str() {
        "prompts" | "sessions" => Quantity::Count(Count(value.round() as i64)),
        metric => amount(metric, value),
    };
    kpi.bins
        .iter()
        .map(|bin| Bin {
            from: edge(bin.from),
            to: edge(bin.to),
            above: bin.above,
            before: Maybe(bin.before.map(|weeks| Count(release.count(weeks)))),
            after: Maybe(bin.after.map(|weeks| Count(release.count(weeks)))),
            // A curve through a hidden bar would say about how high it is; a finer one than the bars would say what they round off.
            expected: Maybe(
                bin.expected.filter(|_| speaks && bin.after.is_some()).map(|weeks| Estimate(weeks.round())),
            ),
        })
        .collect()
}

fn bins_note(kpi: &KpiInput, bunching: Option<&PopulationTest>) -> String {
    if kpi.kind == "leaderboard" {
        return "A ranking has no line at which weeks could pile up.".to_owned();
    }
    if kpi.bins.is_empty() {
        return "There is no histogram: the target is a share of a team, or too small for bins.".to_owned();
    }
    let hidden = kpi.bins.iter().filter(|bin| bin.after.is_none()).count();
    let hidden = match hidden {
        0 => String::new(),
        hidden => format!(" {hidden} of {} bins are hidden: too few people stand in them.", kpi.bins.len()),
    };
    let curve = match bunching {
        Some(test) if test.speaks => {
            "The line with points is what a smooth curve expects, fitted to the weeks away from the target."
        }
        _ => "The test abstains, so no curve is drawn and nothing is read from the bars.",
    };
    format!(
        "Person-weeks by the amount used, from half the target to one and a half times. Before and after may hold different numbers of \
         weeks: compare their shapes, not their heights. {curve}{hidden}"
    )
}

/// Monday of `2026-W07`; none for what is no week.
pub(super) fn monday(iso_week: &str) -> Option<Date> {
    let (year, week) = iso_week.split_once("-W")?;
    ISOWeekDate::new(year.parse().ok()?, week.parse().ok()?, Weekday::Monday).ok().map(Date::from)
}

/// Means of whole weeks before the date, and after it until it ended; the week of the date is in neither. Outcomes have a mean over the weeks in
/// which they are known, where there are enough: what was not read is not nothing.
fn sides(kpi: &KpiInput, inputs: &Inputs, release: &Release<'_>) -> (Vec<Sides>, String) {
    let (mut before, mut after): (Vec<&WeekTotals>, Vec<&WeekTotals>) = (Vec::new(), Vec::new());
    for week in
        inputs.weeks.iter().filter(|week| !week.partial && week.active_actors >= inputs.run.small_cell_floor.max(1))
    {
        let Some(start) = monday(&week.iso_week) else { continue };
        let end = start.saturating_add(jiff::Span::new().days(7));
        if end <= kpi.since {
            before.push(week);
        } else if start >= kpi.since && kpi.until.is_none_or(|until| end <= until) {
            after.push(week);
        }
    }
    if before.len().min(after.len()) < FEWEST_WEEKS {
        let note = format!(
            "Needs {FEWEST_WEEKS} whole weeks with enough people on either side of the date; there are {} before and {} after.",
            before.len(),
            after.len()
        );
        return (Vec::new(), note);
    }
    let per_person =
        |value: Option<i64>, week: &WeekTotals| value.map(|value| value as f64 / week.active_actors as f64);
    let used = |week: &WeekTotals| match kpi.metric.as_str() {
        "prompts" => per_person(Some(week.prompts), week),
        "sessions" => per_person(Some(week.sessions), week),
        "tokens" => per_person(week.tokens, week),
        "cost_usd" => per_person(week.cost_micro_usd, week).map(|cost| cost / 1e6),
        _ => Some(week.active_actors as f64),
    };
    let (what, unit) = match kpi.metric.as_str() {
        "prompts" | "sessions" | "tokens" => (format!("{} a week and active person", kpi.metric), kpi.metric.as_str()),
        "cost_usd" => ("cost a week and active person".to_owned(), "cost_usd"),
        _ => ("active people a week".to_owned(), ""),
    };
    let landed = |week: &WeekTotals| per_person(week.outcomes, week);
    let sides = [before, after];
    let known = sides.clone().map(|weeks| weeks.into_iter().filter(|week| week.outcomes.is_some()).collect::<Vec<_>>());
    let compared =
        |what: String, unit: &str, [before, after]: &[Vec<&WeekTotals>; 2], of: &dyn Fn(&WeekTotals) -> Option<f64>| {
            if before.len().min(after.len()) < FEWEST_WEEKS {
                return None;
            }
            let (before, after) = (mean(before, of, unit)?, mean(after, of, unit)?);
            let overlap = before.1.0 <= after.1.1 && after.1.0 <= before.1.1;
            let rose = after.1.0 + after.1.1 > before.1.0 + before.1.1;
            Some(Sides { what, before: before.0, after: after.0, overlap, rose })
        };
    // A rounded zero is none or a few, and a mean of nothing else would say none.
    let told = !release.is_active() || known.iter().flatten().any(|week| week.outcomes != Some(0));
    let outcomes =
        compared("outcomes landed a week and active person".to_owned(), "", &known, &landed).filter(|_| told);
    let note = match &outcomes {
        Some(_) => String::new(),
        None if !told && known.iter().any(|weeks| !weeks.is_empty()) => {
            "Outcomes are not compared: too few landed in each of these weeks.".to_owned()
        }
        None => format!(
            "Outcomes are not compared: that needs {FEWEST_WEEKS} such weeks in which they are known on either side; there are {} before and {} after.",
            known[0].len(),
            known[1].len()
        ),
    };
    (compared(what, unit, &sides, &used).into_iter().chain(outcomes).collect(), note)
}

/// The mean with its interval, and the interval as bare numbers; none when a week's amount is not known.
fn mean(weeks: &[&WeekTotals], of: &dyn Fn(&WeekTotals) -> Option<f64>, unit: &str) -> Option<(Mean, (f64, f64))> {
    let values: Vec<f64> = weeks.iter().map(|week| of(week)).collect::<Option<_>>()?;
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (n - 1.0);
    let half = student_t_quantile(0.975, n - 1.0) * (variance / n).sqrt();
    let (low, high) = ((mean - half).max(0.0), mean + half);
    let weeks = Count(i64::try_from(values.len()).unwrap_or(i64::MAX));
    Some((Mean { value: amount(unit, mean), low: amount(unit, low), high: amount(unit, high), weeks }, (low, high)))
}

fn agreement(found: RankAgreement, release: &Release<'_>) -> Agreement {
    let tau = |tau: crate::score::population::Tau| Tau {
        value: Estimate(tau.value),
        low: Estimate(tau.low),
        high: Estimate(tau.high),
    };
    let reading = if found.after.high < found.before.low {
        "Lower than before: use tells less of who lands what."
    } else if found.after.low > found.before.high {
        "Higher than before: use tells more of who lands what."
    } else {
        "The intervals overlap: by these alone the two sides are not distinguishable; the test compares the same people on both."
    };
    Agreement {
        people: Count(release.count(found.people)),
        weeks: Count(found.weeks),
        before: tau(found.before),
        after: tau(found.after),
        reading: plain_long(reading),
    }
}

#[cfg(test)]
mod tests {
    use super::super::build;
    use super::super::fixture::organisation;
    use super::*;

    /// The first target of the organisation where use doubles at its date, and outcomes land as `outcomes` says of a week and whether it comes after.
    fn target(outcomes: impl Fn(usize, bool) -> Option<i64>) -> Kpi {
        let mut inputs = organisation();
        for (number, week) in inputs.weeks.iter_mut().enumerate() {
            let after = week.iso_week.as_str() >= "2026-W41";
            (week.prompts, week.active_actors) = (if after { 8_000 } else { 4_000 } + 10 * number as i64, 40);
            week.outcomes = outcomes(number, after);
        }
        build(&inputs).measuring.kpis.swap_remove(0)
    }

    fn drifts(kpi: &Kpi) -> bool {
        kpi.says.iter().any(|sentence| sentence.starts_with("Weeks since the date have more use and fewer outcomes"))
    }

    #[test]
    fn fewer_outcomes_are_said_of_weeks_in_which_they_are_known() {
        let fell = target(|number, after| Some(if after { 10 } else { 60 } + number as i64 % 2));
        assert!(drifts(&fell) && fell.sides.len() == 2 && fell.sides_note.is_empty(), "{fell:?}");
        // Commits were read up to the date: that nothing landed since is not known.
        let unread = target(|number, after| (!after).then_some(60 + number as i64 % 2));
        assert!(!drifts(&unread) && unread.sides.len() == 1, "{unread:?}");
        assert!(unread.sides_note.ends_with("there are 6 before and 0 after."), "{}", unread.sides_note);
        // The last week is not known yet, and the others still have a mean.
        let young = target(|number, _| (number < 10).then_some(60 + number as i64 % 2));
        let weeks = |side: usize| (young.sides[side].before.weeks.0, young.sides[side].after.weeks.0);
        assert_eq!((weeks(0), weeks(1), drifts(&young)), ((6, 5), (6, 4), false));
    }

    #[test]
    fn a_test_says_in_words_what_it_asks_and_why_it_cannot_tell() {
        let mut report = build(&organisation());
        let test = report.population.iter_mut().find(|test| test.test == "quota_bunching").unwrap();
        (test.speaks, test.note) = (false, "after the announcement 4 teams, 10 needed; jump 0.22 (SE 0.39)".into());
        assert_eq!(
            says(test),
            "Weeks that pile up at the target (quota_bunching): cannot be told, after the announcement 4 teams, 10 needed."
        );
        (test.speaks, test.points_to_metric) = (true, false);
        (test.estimate, test.estimate_unit) = (Maybe(Some(Estimate(0.5))), "log odds".into());
        assert!(says(test).contains("(estimate 0.500 log odds, "), "{}", says(test));
    }

    #[test]
    fn without_any_outcome_source_no_mean_of_outcomes_is_shown() {
        let none = target(|_, _| None);
        assert!(none.sides.len() == 1 && none.sides[0].what.starts_with("prompts"), "{none:?}");
        assert!(none.sides_note.starts_with("Outcomes are not compared: that needs"), "{}", none.sides_note);
        // Weeks come rounded: of a few outcomes each, nothing is left to take a mean of.
        let few = target(|_, _| Some(0));
        assert!(few.sides.len() == 1 && few.sides_note.ends_with("too few landed in each of these weeks."), "{few:?}");
    }
}
