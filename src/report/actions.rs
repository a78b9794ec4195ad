//! What to do next: at most five things, each with its owner, what it may be worth and how to check it next month.
//!
//! Owns the rules that choose and their wording. Reads what the report publishes and nothing else, so that no action says what a
//! figure may not. The order is the order of the rules: the incentive first, since everything else is read through it, and what is not known
//! before what can be saved where the answer asks for it. The thresholds are judgement defaults.

use super::model::actions::Action;
use super::model::measuring::Reading;
use super::model::{MoneyPart, Report, Verdict};
use super::quantities::{Maybe, MicroDollars, Share};

/// Actions listed at most: more than a reader does in a month is no list of actions.
const MOST: usize = 5;
/// Share of the spend of which nothing is known from which it is worth finding out.
const MUCH_UNKNOWN: f64 = 0.1;
/// Share of the edited files whose outcomes are known, and of the billed use that the logs hold, under which data come first.
const GOOD_COVERAGE: f64 = 0.8;
/// Share of steps that nobody watches from which somebody should look.
const MUCH_UNATTENDED: f64 = 0.25;

/// The actions that a report asks for; at least one.
pub(super) fn actions(report: &Report) -> Vec<Action> {
    let unknown_first = matches!(report.answer.verdict, Verdict::Mixed | Verdict::Insufficient);
    let mut found: Vec<Action> = [
        replace_the_target(report),
        look_at_what_stands_out(report),
        follow_the_unknown(report).filter(|_| unknown_first),
        mend_the_waste(report),
        take_back_seats(report),
        follow_the_unknown(report).filter(|_| !unknown_first),
        look_at_the_unattended(report),
        keep_the_logs(report),
        find_what_was_billed(report),
    ]
    .into_iter()
    .flatten()
    .take(MOST)
    .collect();
    if found.is_empty() {
        found.push(Action {
            id: "keep_judging_by_outcomes",
            what: "Keep judging by outcomes rather than by usage".to_owned(),
            owner: "who reads this report".to_owned(),
            because: "Nothing in this report asks for a change.".to_owned(),
            expected: "No change is expected.".to_owned(),
            expected_low: Maybe(None),
            expected_high: Maybe(None),
            check: again("the four numbers"),
        });
    }
    found
}

fn again(what: &str) -> String {
    format!("Next month: {what}, in the report that is compared with this one (footlight report --compare).")
}

fn part<'a>(report: &'a Report, id: &str) -> Option<&'a MoneyPart> {
    report.money.parts.iter().find(|part| part.id == id)
}

/// A part's range in words: `$10 to $40`, `$40 at most`.
fn range(part: &MoneyPart) -> Option<String> {
    let (low, high) = (part.cost_low.0?, part.cost_high.0?);
    Some(match low {
        MicroDollars(0) => format!("{high} at most"),
        low if low == high => low.to_string(),
        low => format!("{low} to {high}"),
    })
}

fn replace_the_target(report: &Report) -> Option<Action> {
    let bent = || report.measuring.kpis.iter().filter(|kpi| kpi.reading == Reading::InvitesGaming);
    let first = bent().next()?;
    let mut targets: Vec<&str> = bent().map(|kpi| kpi.target.as_str()).collect();
    targets.dedup();
    let mut tests: Vec<&str> =
        report.population.iter().filter(|test| test.points_to_metric).map(|test| test.test.as_str()).collect();
    tests.dedup();
    let theater = part(report, "theater_like");
    let expected = match theater.and_then(range) {
        Some(range) => format!(
            "Theater-like spend falls: {range} in the period of this report. Use may fall with it; that is no loss."
        ),
        None => "Use falls towards what outcomes ask for; how far cannot be told.".to_owned(),
    };
    Some(Action {
        id: "replace_the_target",
        what: format!("Take the target off {} and measure outcomes in its place", first.metric_text()),
        owner: "who set the target".to_owned(),
        because: format!("{} points to {}.", tests.join(", "), targets.join(", ")),
        expected,
        expected_low: theater.map_or(Maybe(None), |part| part.cost_low),
        expected_high: theater.map_or(Maybe(None), |part| part.cost_high),
        check: format!("In eight weeks, under Population tests: {} quiet.", tests.join(", ")),
    })
}

/// Where the answer is drawn from sessions alone.
fn look_at_what_stands_out(report: &Report) -> Option<Action> {
    let points = report.population.iter().any(|test| test.points_to_metric);
    if report.answer.verdict != Verdict::PartlyForTheMetric || points {
        return None;
    }
    let theater = part(report, "theater_like");
    let because = match theater.and_then(range) {
        Some(range) => format!("Theater-like spend is {range}, and no population test points to a target."),
        None => "Theater-like spend stands out, and no population test points to a target.".to_owned(),
    };
    Some(Action {
        id: "look_at_what_stands_out",
        what:
            "Find out what the spend that stands out was for, and declare the automation and the evaluations among it"
                .to_owned(),
        owner: "who runs footlight, with who keeps the tools and prompts".to_owned(),
        because,
        expected: "Not money: what is declared is no longer counted as theater-like, and what remains has a reason."
            .to_owned(),
        expected_low: Maybe(None),
        expected_high: Maybe(None),
        check: again("the part Theater-like, and what the sessions that stand out rest on"),
    })
}

fn mend_the_waste(report: &Report) -> Option<Action> {
    let waste = part(report, "waste").filter(|part| part.cost_high.0.is_some_and(|high| high.0 > 0))?;
    let named = report
        .findings
        .iter()
        .filter(|finding| finding.bears_on == "waste" && finding.cost.0.is_some())
        .max_by_key(|finding| (finding.cost.0, std::cmp::Reverse(finding.finding.as_str())));
    let because = match (range(waste), named) {
        (Some(range), Some(finding)) => {
            format!("Waste is {range}; the most of what may be told is {}.", finding.finding)
        }
        (Some(range), None) => format!("Waste is {range}."),
        (None, _) => "Steps moved nothing.".to_owned(),
    };
    Some(Action {
        id: "mend_the_waste",
        what: "Mend the tools and prompts that send agents in circles".to_owned(),
        owner: "who keeps the tools and prompts".to_owned(),
        because,
        expected: range(waste).map_or_else(String::new, |range| format!("{range} for a period like this one.")),
        expected_low: waste.cost_low,
        expected_high: waste.cost_high,
        check: again("the part Waste, and the findings that bear on waste"),
    })
}

fn take_back_seats(report: &Report) -> Option<Action> {
    let idle = report.idle_seats.filter(|idle| idle.cost_high.0 > 0)?;
    Some(Action {
        id: "take_back_seats",
        what: "Ask who needs the idle seats, and give back the others".to_owned(),
        owner: "who pays for the seats".to_owned(),
        because: "Seats are paid for that nobody used in the period.".to_owned(),
        expected: format!("{} to {} a month.", idle.cost_low, idle.cost_high),
        expected_low: Maybe(Some(idle.cost_low)),
        expected_high: Maybe(Some(idle.cost_high)),
        check: again("the table Seats"),
    })
}

fn follow_the_unknown(report: &Report) -> Option<Action> {
    let unknown = part(report, "unknown").filter(|part| part.cost_high.0.is_some_and(|high| high.0 > 0))?;
    if unknown.share.0.is_some_and(|share| share.0 < MUCH_UNKNOWN) {
        return None;
    }
    let covered = report.data_quality.outcome_coverage.0.is_some_and(|share| share.0 >= GOOD_COVERAGE);
    let (what, owner) = if covered {
        ("Name the session or the ticket in commits and pull requests", "who keeps the repositories")
    } else {
        (
            "Connect the repositories and trackers in which the work lands",
            "who runs footlight, with who keeps the repositories",
        )
    };
    let amount = range(unknown)?;
    Some(Action {
        id: "follow_the_unknown",
        what: what.to_owned(),
        owner: owner.to_owned(),
        because: format!("It is not known what this spend bought: {amount}."),
        expected: "Not money saved: it becomes known what this spend bought.".to_owned(),
        expected_low: unknown.cost_low,
        expected_high: unknown.cost_high,
        check: again("the part Unknown, and the confidence"),
    })
}

fn look_at_the_unattended(report: &Report) -> Option<Action> {
    let much = |share: Maybe<Share>| share.0.is_some_and(|share| share.0 >= MUCH_UNATTENDED);
    let row = report.systems.iter().find(|row| !row.suppressed && much(row.unattended))?;
    Some(Action {
        id: "look_at_the_unattended",
        what: format!("Decide who watches agents that act on {}", row.system),
        owner: format!("who owns {}", row.system),
        because: format!("{} of their steps there were taken while nobody watched.", row.unattended),
        expected: "Not money: each such step has an owner, or needs an approval.".to_owned(),
        expected_low: Maybe(None),
        expected_high: Maybe(None),
        check: again(&format!(
            "Unattended and Approved by people for {} under What agents wrote, sent and executed",
            row.system
        )),
    })
}

fn keep_the_logs(report: &Report) -> Option<Action> {
    let mut sources: Vec<&str> = report.retention.iter().map(|row| row.source.as_str()).collect();
    sources.dedup();
    (!sources.is_empty()).then(|| Action {
        id: "keep_the_logs",
        what: format!("Ingest the logs of {} more often, or keep them longer", sources.join(", ")),
        owner: "who runs footlight".to_owned(),
        because: "The tools delete their logs; days that are gone look idle.".to_owned(),
        expected: "Not money: the next report has no gap.".to_owned(),
        expected_low: Maybe(None),
        expected_high: Maybe(None),
        check: again("Logs that are deleted, under Data quality"),
    })
}

fn find_what_was_billed(report: &Report) -> Option<Action> {
    let held = report.coverage.share.0.filter(|share| share.0 < GOOD_COVERAGE)?;
    Some(Action {
        id: "find_what_was_billed",
        what: "Find the use that was billed and is in no log".to_owned(),
        owner: "who runs footlight, with who pays the bill".to_owned(),
        because: format!("The logs hold {held} of the billed use."),
        expected: "Not money: what the report says holds for more of the use.".to_owned(),
        expected_low: Maybe(None),
        expected_high: Maybe(None),
        check: "Next month, by footlight reconcile with the new bill.".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{alone, nothing, organisation};
    use super::super::{Report, build};
    use super::*;

    fn ids(report: &Report) -> Vec<&'static str> {
        report.actions.iter().map(|action| action.id).collect()
    }

    #[test]
    fn each_action_has_an_owner_a_range_and_a_check() {
        for inputs in [organisation(), alone(), nothing()] {
            let report = build(&inputs);
            assert!((1..=MOST).contains(&report.actions.len()), "{:?}", ids(&report));
            for action in &report.actions {
                for text in [&action.what, &action.owner, &action.because, &action.expected, &action.check] {
                    assert!(!text.is_empty(), "{action:?}");
                }
                assert!(action.expected_low.0 <= action.expected_high.0, "{action:?}");
            }
        }
    }

    #[test]
    fn the_incentive_comes_first_and_nothing_is_asked_for_without_a_reason() {
        let mut bent = build(&organisation());
        bent.measuring.kpis.iter_mut().for_each(|kpi| kpi.reading = Reading::InvitesGaming);
        assert_eq!(actions(&bent)[0].id, "replace_the_target");
        bent.measuring.kpis.iter_mut().for_each(|kpi| kpi.reading = Reading::Quiet);
        assert!(actions(&bent).iter().all(|action| action.id != "replace_the_target"));
        assert_eq!(ids(&build(&nothing())), ["keep_judging_by_outcomes"]);
    }

    #[test]
    fn what_the_answer_asks_for_comes_before_what_can_be_saved() {
        let mut report = build(&organisation());
        report.measuring.kpis.clear();
        let place = |report: &Report, id: &str| actions(report).iter().position(|action| action.id == id).unwrap();
        report.answer.verdict = Verdict::Mixed;
        assert!(place(&report, "follow_the_unknown") < place(&report, "mend_the_waste"), "{:?}", actions(&report));
        report.answer.verdict = Verdict::MostlyReal;
        assert!(place(&report, "mend_the_waste") < place(&report, "follow_the_unknown"), "{:?}", actions(&report));
    }

    #[test]
    fn of_a_withheld_part_only_its_range_is_said() {
        let mut report = build(&organisation());
        let waste = report.money.parts.iter_mut().find(|part| part.id == "waste").unwrap();
        waste.withheld = true;
        waste.cost = Maybe(None);
        (waste.cost_low, waste.cost_high) = (Maybe(Some(MicroDollars(0))), Maybe(Some(MicroDollars(40_000_000))));
        let found = actions(&report);
        let action = found.iter().find(|action| action.id == "mend_the_waste").unwrap();
        assert!(action.expected.starts_with("$40 at most"), "{}", action.expected);
    }
}
