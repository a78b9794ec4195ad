//! A hand-made organisation of which every figure is known.

use super::*;

fn person(name: &str, label: &str, family: &str, dose: Option<f64>, lookalike: &str) -> PersonTruth {
    PersonTruth {
        actor_id: name.to_owned(),
        label: label.to_owned(),
        family: family.to_owned(),
        dose,
        evasion: if family == "hugger" { "overshoot".to_owned() } else { String::new() },
        lookalike: lookalike.to_owned(),
    }
}

/// Six people, one of them never seen, and a service. `t1` and `t2` are theater, `h3` is an innocent poller in `review`.
fn organisation() -> (Truth, Readings) {
    let people = vec![
        person("h1", "honest", "", None, ""),
        person("h2", "honest", "", None, ""),
        person("h3", "honest", "", None, "poller"),
        person("h4", "honest", "", None, ""),
        person("service", "honest", "", None, "ci_bot"),
        person("t1", "theater", "repeat", Some(0.6), ""),
        person("t2", "theater", "hugger", Some(0.05), ""),
    ];
    let seen = ["h1", "h2", "h3", "service", "t1", "t2"];
    let session = |actor: &str| SessionTruth {
        session_id: format!("s-{actor}"),
        actor_id: actor.to_owned(),
        injected_tokens: if actor == "t1" {
            900
        } else if actor == "t2" {
            100
        } else {
            0
        },
    };
    let commit = |number: u8| format!("{number:040x}");
    let truth = Truth {
        sessions: seen.iter().map(|actor| (format!("s-{actor}"), session(actor))).collect(),
        attribution: [("s-h1", commit(1)), ("s-h1", commit(2)), ("s-h2", commit(3)), ("s-h2", "DOC-7".to_owned())]
            .map(|(session, outcome)| (session.to_owned(), outcome))
            .into(),
        people,
    };
    let week = |actor: &str, number: u8, score_db: Option<f64>, band: &str, tokens: i64| WeekReading {
        actor: format!("p-{actor}"),
        iso_week: format!("2026-W0{number}"),
        tokens,
        outcomes: 1,
        score_db,
        band: band.to_owned(),
    };
    let signal = |unit: &str, scope: &str, name: &str, weight: f64| SignalReading {
        scope: scope.to_owned(),
        unit_id: unit.to_owned(),
        signal: name.to_owned(),
        value: Some(weight / 10.0),
        p: Some(0.04),
        weight_db: Some(weight),
        speaks: true,
    };
    let pair = |session: &str, outcome: String, tier: &str| PairReading {
        session_id: session.to_owned(),
        outcome_id: outcome,
        tier: tier.to_owned(),
    };
    let readings = Readings {
        sessions: seen
            .iter()
            .map(|actor| SessionReading {
                session_id: format!("s-{actor}"),
                actor: format!("p-{actor}"),
                iso_week: "2026-W02".to_owned(),
                tool_calls: 3,
                ..SessionReading::default()
            })
            .collect(),
        weeks: vec![
            week("h1", 2, Some(-3.0), "none", 50),
            week("h2", 2, None, "insufficient", 900),
            week("h3", 2, Some(14.0), "review", 100),
            week("service", 2, Some(40.0), "review", 9_999),
            week("t1", 2, Some(2.0), "note", 500),
            week("t1", 3, Some(20.0), "review", 500),
            week("t2", 2, Some(5.0), "look", 60),
        ],
        signals: vec![
            signal("s-t1", "session", "repeats", 6.0),
            signal("s-t1", "session", "repeats", 4.0),
            signal("p-t1/2026-W02", "actor_week", "hugs", 3.0),
            signal("s-h3", "session", "repeats", 5.0),
            SignalReading { speaks: false, ..signal("s-h1", "session", "repeats", 0.0) },
            signal("everybody", "population", "bunching", 9.0),
        ],
        attribution: vec![
            pair("s-h1", commit(1), "lines"),
            pair("s-h1", commit(9), "lines"),
            pair("s-h2", commit(3), "files"),
            pair("s-h2", "DOC-7".to_owned(), "explicit"),
        ],
        population: vec![PopulationReading {
            test: "quota_bunching".to_owned(),
            status: "speak".to_owned(),
            estimate: Some(0.2),
            p: Some(0.01),
            fires: true,
            ..PopulationReading::default()
        }],
        prompts: Some([("t1".to_owned(), (10, 2)), ("h1".to_owned(), (10, 10))].into()),
    };
    (truth, readings)
}

#[test]
fn figures_of_people() {
    let (truth, readings) = organisation();
    let evaluation = evaluate(&truth, &readings, 200, 1).unwrap();
    assert_eq!((evaluation.people, evaluation.theater, evaluation.in_review), (6, 2, 2));
    // t1 (20) outranks all four honest people, t2 (5) all but h3 (14): 7 of 8 pairs.
    let product = &evaluation.all_doses[0];
    assert_eq!(product.auroc.value, Some(7.0 / 8.0));
    assert_eq!(product.recall_at_1_percent.value, Some(0.5));
    assert_eq!(evaluation.doses_from_20_percent[0].auroc.value, Some(1.0));
    assert_eq!(evaluation.false_discoveries.value, Some(0.5));
    assert_eq!(evaluation.honest_in_review.value, Some(0.25));
    assert_eq!(evaluation.injected_tokens_in_review, Some(0.9));
    assert_eq!((product.worst_look_alike.name.as_str(), product.worst_look_alike.in_review), ("poller", 1));
    // Six person-weeks of people, one of them insufficient; h4 has none.
    assert_eq!(evaluation.insufficient_weeks.value, Some(1.0 / 6.0));
    let by_name = |rows: &[Flagged], name: &str| rows.iter().find(|row| row.name == name).unwrap().clone();
    assert_eq!(by_name(&evaluation.families, "repeat").in_review, 1);
    assert_eq!(by_name(&evaluation.families, "repeat").auroc, Some(1.0));
    assert_eq!(by_name(&evaluation.evasions, "overshoot").in_review, 0);
    assert_eq!(by_name(&evaluation.look_alikes, "ci_bot").in_review, 1);
}

#[test]
fn silence_and_delay() {
    let (truth, readings) = organisation();
    let evaluation = evaluate(&truth, &readings, 20, 1).unwrap();
    // Two signals spoke about t1, one about h3, none about the other four.
    let rows: Vec<_> =
        evaluation.coverage.iter().map(|row| (row.signals, row.people, row.theater, row.auroc)).collect();
    assert_eq!(rows, [(0, 6, 2, Some(7.0 / 8.0)), (1, 2, 1, Some(1.0)), (2, 1, 1, None)]);
    assert_eq!(
        (evaluation.coverage[1].recall.value, evaluation.coverage[1].false_alarms.value),
        (Some(1.0), Some(0.0))
    );
    // t1 is above in its second week of theater, t2 never; t2 is in `look` in its first.
    let rows: Vec<_> = evaluation.delays.iter().map(|row| (row.within, row.ever, row.median_weeks)).collect();
    assert_eq!(rows[0], ([0, 1, 1, 1], 1, Some(2)));
    assert_eq!(rows[1], ([1, 2, 2, 2], 2, Some(1)));
    assert_eq!(rows[2], ([0, 1, 1, 1], 1, Some(2)));
    // Of two person-weeks in review one is h3's.
    assert_eq!(evaluation.false_discoveries_of_weeks.value, Some(0.5));
    // The service is above the threshold, the poller is on it.
    assert_eq!(
        (evaluation.worst_look_alike_above.name.as_str(), evaluation.worst_look_alike_above.above_1_percent),
        ("ci_bot", 1)
    );
}

#[test]
fn baselines_are_on_the_same_people() {
    let (truth, readings) = organisation();
    let evaluation = evaluate(&truth, &readings, 50, 1).unwrap();
    let names: Vec<&str> = evaluation.all_doses.iter().map(|row| row.score.as_str()).collect();
    assert_eq!(
        names,
        ["footlight", "token leaderboard", "tokens per outcome", "isolation forest", "ECOD", "exact duplicate prompts"]
    );
    // By tokens t1 (1,000) outranks all; t2 (60) outranks h1 (50) and h4 (0): 6 of 8 pairs.
    assert_eq!(evaluation.all_doses[1].auroc.value, Some(6.0 / 8.0));
    assert_eq!(evaluation.all_doses[1].auroc_behind_product.value, Some(1.0 / 8.0));
    // The product finds t1 at 1 % false positives; the leaderboard finds as many without the poller.
    for row in &evaluation.all_doses[..2] {
        let worst = &row.worst_at_equal_recall;
        assert_eq!((worst.name.as_str(), worst.flagged, worst.people), ("poller", 0, 1), "{}", row.score);
    }
    // By duplicates t1 outranks all; t2, h2, h3 and h4 are unknown and tie, h1 is known: 4 + 1.5 of 8.
    assert_eq!(evaluation.all_doses[5].auroc.value, Some(5.5 / 8.0));
}

#[test]
fn commits_tier_by_tier() {
    let (truth, readings) = organisation();
    let tiers = evaluate(&truth, &readings, 50, 1).unwrap().attribution;
    let row = |tier: usize| {
        (tiers[tier].tier.as_str(), tiers[tier].pairs, tiers[tier].precision.value, tiers[tier].recall.value)
    };
    assert_eq!(row(0), ("explicit", 0, None, Some(0.0)));
    assert_eq!(row(1), ("lines", 2, Some(0.5), Some(1.0 / 3.0)));
    assert_eq!(row(2), ("files", 1, Some(1.0), Some(2.0 / 3.0)));
}

#[test]
fn ablation_drops_one_signal_at_a_time() {
    let (truth, readings) = organisation();
    let evaluation = evaluate(&truth, &readings, 50, 1).unwrap();
    // Sums: t1 9, h3 5, the others nothing: t1 outranks 4, t2 ties with 3 and loses to h3: 5.5 of 8.
    assert_eq!(evaluation.sum_of_weights, Some(5.5 / 8.0));
    let row = |name: &str| evaluation.ablation.iter().find(|row| row.signal == name).unwrap();
    // The weights of one signal in one week do not add up: the larger counts.
    assert_eq!((row("repeats").spoke, row("repeats").alone), (2, Some(5.5 / 8.0)));
    assert_eq!(row("hugs").alone, Some(6.0 / 8.0));
    assert_eq!(row("repeats").without, Some(6.0 / 8.0));
    assert!(evaluation.ablation.iter().all(|row| row.signal != "bunching"));
    let repeats = evaluation.abstentions.iter().find(|row| row.signal == "repeats").unwrap();
    assert_eq!((repeats.readings, repeats.share), (4, 0.25));
    // h3's reading is the only one of an honest person.
    assert_eq!(evaluation.calibration[0].n, 1);
}

#[test]
fn a_signal_that_found_nothing_takes_nothing_from_the_sum() {
    let (truth, mut readings) = organisation();
    let hugs = readings.signals.iter().find(|reading| reading.signal == "hugs").unwrap().clone();
    for name in ["bursts", "chases"] {
        let (value, weight_db) = (Some(0.0), Some(-3.0));
        readings.signals.push(SignalReading { signal: name.to_owned(), value, weight_db, ..hugs.clone() });
    }
    let evaluation = evaluate(&truth, &readings, 50, 1).unwrap();
    // t1 keeps its 9 and stays ahead of h3's 5: with two floors of -3 it would fall behind.
    assert_eq!(evaluation.sum_of_weights, Some(5.5 / 8.0));
    let bursts = evaluation.ablation.iter().find(|row| row.signal == "bursts").unwrap();
    assert_eq!((bursts.spoke, bursts.without), (1, Some(5.5 / 8.0)));
    // Who was looked at and had nothing found is above those of whom nothing is known.
    assert_eq!(bursts.alone, Some(6.0 / 8.0));
}

#[test]
fn a_group_is_seen_from_a_week_on() {
    let (truth, readings) = organisation();
    let all = observe(&truth, &readings, "2026-W01").unwrap();
    // Of four honest people none may be above, so the threshold is h3's 14: t1 (20) is above, t2 (5) is not.
    assert_eq!((all.people, all.honest, all.above_1_percent, all.in_review), (2, 4, 1, 1));
    assert_eq!((all.threshold, all.mean_score), (Some(14.0), 12.5));
    assert_eq!((all.tokens, all.outcomes, all.tool_calls, all.active_days, all.person_weeks), (1_060, 3, 6, 2, 3));
    let late = observe(&truth, &readings, "2026-W03").unwrap();
    assert_eq!((late.tokens, late.tool_calls, late.active_days, late.above_1_percent), (500, 0, 0, 1));
    assert_eq!(Trial::new(all.clone(), &late, Metric::Tokens).inflation, 2.12);
    assert_eq!(Trial::new(late, &all, Metric::ActiveDays).inflation, 0.0);
}

#[test]
fn directories_that_do_not_belong_together() {
    let (truth, mut readings) = organisation();
    readings.sessions[1].actor = readings.sessions[0].actor.clone();
    assert!(matches!(evaluate(&truth, &readings, 1, 1), Err(EvaluateError::Mixed(_))));
    let error = evaluate(&Truth::default(), &readings, 1, 1).unwrap_err();
    assert!(error.to_string().contains("belong together"));
}

#[test]
fn the_text_has_every_block() {
    let (truth, readings) = organisation();
    let text = evaluate(&truth, &readings, 50, 1).unwrap().to_string();
    for part in [
        "6 people: 2 theater",
        "ranked by",
        "false discoveries",
        "poller",
        "overshoot",
        "speak    fires estimate 0.200 p 0.010",
        "n/a",
        "abstains 0.250",
        "2 signals    1 people (0.17),   1 theater",
        "in band review                               0   1   1   1    1 of   2; 2",
        "worst above the threshold: ci_bot 1.000",
        "bunching                 abstains 0.000  alone n/a",
    ] {
        assert!(text.contains(part), "{part} is missing in\n{text}");
    }
}
