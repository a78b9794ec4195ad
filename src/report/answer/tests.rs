//! What the sentences say of organisations in which one thing is changed.

use crate::report::build;
use crate::report::fixture::organisation;
use crate::report::model::Verdict;

/// The claim about an organisation whose sessions all have this link, with a test that points to the metric and without.
fn claims(link: impl Fn(usize) -> &'static str) -> [String; 2] {
    [true, false].map(|points| {
        let mut inputs = organisation();
        if !points {
            inputs.population.clear();
        }
        inputs.findings.clear();
        for (number, session) in inputs.sessions.iter_mut().enumerate() {
            (session.outcome_link, session.band) = (link(number).into(), "none".into());
        }
        build(&inputs).answer.claim
    })
}

#[test]
fn a_claim_names_an_outcome_only_where_one_is_told() {
    assert_eq!(
        claims(|_| "unknown"),
        [
            "Part of this usage leans on the metric; what came of it is not known",
            "What came of this usage is not known"
        ]
    );
    // None and few are not told apart, in the figures as in the title.
    for some in [1, 40] {
        let link = |number: usize| if some > 1 && number.is_multiple_of(some) { "linked" } else { "none" };
        assert_eq!(
            claims(link),
            [
                "Little or none of this usage is known to have reached an outcome, and part of it leans on the metric",
                "Little or none of this usage is known to have reached an outcome"
            ],
            "{some}"
        );
    }
    assert_eq!(
        claims(|number| if number.is_multiple_of(3) { "linked" } else { "none" }),
        [
            "Part of this usage reached an outcome, and part of it leans on the metric",
            "Part of this usage reached an outcome; the rest is open"
        ]
    );
}

#[test]
fn sessions_that_stand_out_alone_point_to_no_target() {
    // One in six, and every population test is quiet.
    let report = |quiet: bool| {
        let mut inputs = organisation();
        for test in inputs.population.iter_mut().filter(|_| quiet) {
            test.p = test.p.map(|_| 0.6);
        }
        inputs.findings.clear();
        for (number, session) in inputs.sessions.iter_mut().enumerate() {
            let review = number.is_multiple_of(6);
            (session.outcome_link, session.band) =
                (if review { "none" } else { "linked" }.into(), if review { "review" } else { "none" }.into());
        }
        build(&inputs)
    };
    let found = report(true);
    assert_eq!(found.answer.verdict, Verdict::PartlyForTheMetric);
    assert!(found.answer.claim.starts_with("Part of this usage stands out"), "{}", found.answer.claim);
    for text in [&found.answer.claim, &found.answer.what_to_do, &found.answer.is_it_real] {
        assert!(!text.contains("target") && !text.contains("the metric") && !text.contains("incentive"), "{text}");
    }
    assert!(found.actions.iter().any(|action| action.id == "look_at_what_stands_out"), "{:?}", found.actions);
    assert!(found.actions.iter().all(|action| action.id != "replace_the_target"), "{:?}", found.actions);
    // A test that points is what the target is named for.
    let found = report(false);
    assert!(found.answer.what_to_do.contains("usage target"), "{}", found.answer.what_to_do);
    assert_eq!(found.actions[0].id, "replace_the_target");
    assert!(found.actions.iter().all(|action| action.id != "look_at_what_stands_out"));
}

#[test]
fn every_population_test_has_words_of_what_it_saw() {
    for test in ["quota_bunching", "incentive_break", "metric_decoupling", "shared_burner_template", "rank_chasing"] {
        assert!(!super::reading(test).contains(test), "{test}");
    }
}

#[test]
fn an_outcome_without_a_price_is_one() {
    let mut inputs = organisation();
    inputs.population.clear();
    inputs.findings.clear();
    for session in &mut inputs.sessions {
        (session.outcome_link, session.band, session.cost_micro_usd) = ("linked".into(), "none".into(), None);
    }
    assert_eq!(build(&inputs).answer.claim, "Part of this usage reached an outcome; the rest is open");
}

#[test]
fn what_is_not_known_comes_first_where_no_outcome_is() {
    let mut inputs = organisation();
    inputs.population.clear();
    inputs.findings.clear();
    for session in &mut inputs.sessions {
        (session.outcome_link, session.band) = ("unknown".into(), "none".into());
    }
    let said = build(&inputs).answer.is_it_real;
    assert!(said.contains("what ≥90\u{a0}% bought is not known"), "{said}");
}

#[test]
fn the_first_sentences_say_what_is_not_known_and_whether_the_logs_are_all() {
    let said = build(&organisation()).answer;
    assert!(said.is_it_real.contains(" bought is not known"), "{}", said.is_it_real);
    assert_eq!(said.is_it_real.matches("bought is not known").count(), 1);
    assert!(said.how_sure.contains("Of the billed use these logs hold "), "{}", said.how_sure);
    let mut without_bill = organisation();
    without_bill.run.coverage.clear();
    let said = build(&without_bill).answer;
    assert!(said.how_sure.ends_with("No bill was given: how much of the use these logs hold is not known."));
    // Of a bill with few people behind it, nothing but that there is one.
    let mut few = organisation();
    few.run.coverage.iter_mut().for_each(|month| month.people = 2);
    assert!(build(&few).answer.how_sure.ends_with("How much of the billed use these logs hold is withheld."));
}
