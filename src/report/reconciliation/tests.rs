//! Lines counted by hand, one a reason.

use super::*;

fn row(model: &str, day: &str, billed: Option<i64>, logged: Option<i64>) -> Row {
    Row {
        scope: "openai".into(),
        period: "day".into(),
        period_from: day.into(),
        model: model.into(),
        reports: if billed.is_some() { "openai.completions".into() } else { String::new() },
        has_tokens: true,
        billed_tokens: billed,
        logged_tokens: logged,
        completions: i64::from(logged.is_some()) * 10,
        ..Row::default()
    }
}

fn around() -> Surroundings {
    Surroundings {
        logged_days: [("openai".into(), ("2026-06-02".into(), "2026-06-08".into()))].into(),
        newest_billed: [("openai".into(), "2026-06-09".into())].into(),
        pages_missing: false,
    }
}

fn one(row: &Row) -> Line {
    lines(std::slice::from_ref(row), 0.05, &around()).remove(0)
}

#[test]
fn a_line_within_the_tolerance_needs_no_reason_and_one_beyond_has_some() {
    let within = one(&row("gpt-5", "2026-06-03", Some(1000), Some(950)));
    assert_eq!((within.missing, within.extra, within.ratio, within.over_tolerance), (50, 0, Some(0.95), false));
    assert!(within.why.is_empty());
    for (row, begins) in [
        (row("gpt-5", "2026-06-01", Some(1000), None), "before the oldest log, 2026-06-02"),
        (row("gpt-5", "2026-06-09", Some(1000), None), "after the newest log, 2026-06-08"),
        (row("gpt-5", "2026-06-03", Some(1000), None), "no log of this model in the period"),
        (row("gpt-5", "2026-06-03", Some(1000), Some(900)), "a part of the use is in no log"),
        (row("(no model)", "2026-06-03", Some(1000), None), "a charge without a model"),
        (row("gpt-5", "2026-06-03", None, Some(1)), "use that this bill does not hold"),
        (row("gpt-5", "2026-06-03", Some(1000), Some(1100)), "more use than this bill holds"),
        (row("gpt-5", "2026-06-09", Some(1000), Some(1100)), "the newest period of the bill"),
    ] {
        let line = one(&row);
        assert!(line.over_tolerance && line.why[0].starts_with(begins), "{begins}: {:?}", line.why);
    }
}

#[test]
fn what_the_logs_say_of_themselves_is_among_the_reasons() {
    let mut low = row("gpt-5", "2026-06-03", Some(1000), Some(900));
    (low.lower_bound_completions, low.completions_without_usage) = (3, 2);
    let why = one(&low).why;
    assert!(
        why.iter().any(|reason| reason.starts_with("2 of 10 responses in the logs have no token counts")),
        "{why:?}"
    );
    assert!(why.iter().any(|reason| reason.starts_with("3 of 10 responses")), "{why:?}");
    let mut gateway = row("gpt-5", "2026-06-03", Some(1000), Some(2000));
    gateway.reports = "openai.completions, requests".into();
    assert!(one(&gateway).why[0].contains("gateway"));
    let mut dear = row("gpt-5", "2026-06-03", Some(1000), Some(1000));
    (dear.billed_cost_micro_usd, dear.logged_cost_micro_usd) = (Some(1_000_000), Some(2_000_000));
    assert!(one(&dear).why[0].starts_with("tokens agree and money does not"));
}

#[test]
fn money_is_compared_where_a_bill_has_no_tokens() {
    let mut row = row("gpt-5", "2026-06-03", None, Some(7));
    (row.has_tokens, row.billed_cost_micro_usd, row.logged_cost_micro_usd) = (false, Some(3_000_000), Some(4_000_000));
    let line = one(&row);
    assert_eq!(
        (line.measure, line.billed, line.logged, line.extra),
        (Measure::MicroUsd, 3_000_000, 4_000_000, 1_000_000)
    );
}

/// A line in money of so many responses: billed, logged, and of that reported.
fn money(billed: i64, logged: Option<i64>, reported: Option<i64>) -> Row {
    Row {
        has_tokens: false,
        billed_cost_micro_usd: Some(billed),
        logged_cost_micro_usd: logged,
        reported_cost_micro_usd: reported,
        completions: 500,
        ..row("gpt-5", "2026-06-03", None, Some(7))
    }
}

#[test]
fn list_prices_above_what_a_plan_was_billed_are_told_and_fail_no_gate() {
    for billed in [0, 1_000] {
        let line = one(&money(billed, Some(800_000), None));
        assert_eq!((line.extra, line.extra_judged, line.over_tolerance), (800_000 - billed, 0, false));
        assert!(line.why[0].starts_with("logs are priced at list prices"), "{:?}", line.why);
        assert!(!totals(&[line], 0.05)[0].over_tolerance);
    }
    // What tools reported is held against the bill, and against one of nothing too.
    let line = one(&money(500_000, Some(900_000), Some(600_000)));
    assert_eq!((line.extra, line.extra_judged, line.over_tolerance), (400_000, 100_000, true));
    assert!(totals(&[line], 0.05)[0].over_tolerance);
    assert!(one(&money(0, Some(1), Some(1))).over_tolerance);
}

#[test]
fn responses_without_a_price_are_no_logs_that_are_missing() {
    let unpriced = Row { completions_without_cost: 500, ..money(900_000_000, None, None) };
    assert_eq!(one(&unpriced).why, ["500 of 500 responses in the logs have no price"]);
    assert_eq!(one(&unpriced).completions_without_cost, 500);
    let partly = Row { completions_without_cost: 3, ..money(900_000_000, Some(1), None) };
    let why = one(&partly).why;
    assert!(why[0].starts_with("a part of the use is in no log"), "{why:?}");
    assert_eq!(why[1], "3 of 500 responses in the logs have no price");
    let none = Row { completions: 0, ..money(900_000_000, None, None) };
    assert!(one(&none).why[0].starts_with("no log of this model in the period"));
}

#[test]
fn a_bill_with_pages_that_were_not_given_is_a_reason_for_more_in_the_logs() {
    let around = Surroundings { pages_missing: true, ..around() };
    let over = row("gpt-5", "2026-06-03", Some(1000), Some(2000));
    let why = lines(std::slice::from_ref(&over), 0.05, &around).remove(0).why;
    assert!(why[0].contains("more pages of it"), "{why:?}");
}

#[test]
fn what_is_above_the_bill_on_one_day_does_not_make_up_for_another() {
    let rows =
        [row("gpt-5", "2026-06-03", Some(1000), Some(1100)), row("gpt-5", "2026-06-04", Some(1000), Some(900)), {
            Row { scope: "anthropic".into(), ..row("claude-opus-4-8", "2026-06-04", Some(10), Some(10)) }
        }];
    let lines = lines(&rows, 0.05, &around());
    assert_eq!(lines.iter().map(|line| line.scope.as_str()).collect::<Vec<_>>(), ["anthropic", "openai", "openai"]);
    let totals = totals(&lines, 0.04);
    assert_eq!((totals[1].billed, totals[1].logged, totals[1].missing, totals[1].extra), (2000, 2000, 100, 100));
    assert_eq!(
        (totals[0].over_tolerance, totals[1].over_tolerance, totals[1].missing_share),
        (false, true, Some(0.05))
    );
    assert!(!super::totals(&lines, 0.05)[1].over_tolerance, "exactly the tolerance is within it");
}

#[test]
fn checks_are_added_up_by_kind_and_each_has_innocent_explanations() {
    let row = |check: &str, session: Option<&str>| CheckRow {
        check: check.into(),
        session_id: session.map(str::to_owned),
        records: 2,
        tokens: session.map(|_| 10),
        first_day: Some("2026-06-01".into()),
        last_day: Some("2026-06-02".into()),
    };
    let rows = [row("same_id", Some("b")), row("same_id", Some("a")), row("copied_log", None)];
    let checks = checks(&rows);
    assert_eq!(
        checks.iter().map(|check| (check.check.as_str(), check.logs)).collect::<Vec<_>>(),
        [("copied_log", 1), ("same_id", 2)]
    );
    assert_eq!(
        (checks[1].records, checks[1].tokens, checks[1].examples.clone()),
        (4, Some(20), vec!["a".to_owned(), "b".to_owned()])
    );
    assert!(checks.iter().all(|check| !check.innocent.is_empty() && !check.states.is_empty()));
}
