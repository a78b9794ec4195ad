//! Scoring end to end, on worlds with known truth.

use proptest::prelude::*;

use std::cmp::Ordering;
use std::ops::{Deref, DerefMut};

use super::input::{Reading, SessionInput};
use super::objections::{Decision, Objection};
use super::rows::SignalRow;
use super::stats::Seeded;
use super::weigh::numbers;
use super::*;

const WEEK: i64 = 7 * 24 * 3_600 * 1_000_000;
const SIGNALS: [&str; 6] = [
    "prompt_repetition",
    "low_output_novelty",
    "loop_no_progress",
    "unattended_burn",
    "orphan_output",
    "model_overkill",
];

/// A reading with words of its own.
#[derive(Clone)]
struct Told {
    scope: Scope,
    unit_id: String,
    signal: String,
    value: Option<f64>,
    speaks: bool,
    abstain_reason: Option<String>,
    discount: f64,
    exculpation_db: f64,
    evidence: String,
}

impl Told {
    fn reading(&self) -> Reading<'_> {
        Reading {
            scope: self.scope,
            unit_id: &self.unit_id,
            signal: &self.signal,
            value: self.value,
            n: 20,
            speaks: self.speaks,
            abstain_reason: self.abstain_reason.as_deref(),
            discount: self.discount,
            exculpation_db: self.exculpation_db,
            most_db: None,
            evidence: &self.evidence,
        }
    }
}

/// What is scored: the input and the readings.
#[derive(Clone, Default)]
struct World {
    input: ScoreInput,
    readings: Vec<Told>,
}

impl Deref for World {
    type Target = ScoreInput;
    fn deref(&self) -> &ScoreInput {
        &self.input
    }
}

impl DerefMut for World {
    fn deref_mut(&mut self) -> &mut ScoreInput {
        &mut self.input
    }
}

/// Everything said, as it is written.
#[derive(Debug, PartialEq)]
struct Outcome {
    sessions: Vec<UnitScore>,
    actor_weeks: Vec<UnitScore>,
    signals: Vec<SignalRow>,
    objections: ObjectionCounts,
}

impl Outcome {
    fn explain(&self, scope: Scope, unit_id: &str) -> Option<explain::Explanation> {
        let units = if scope == Scope::Session { &self.sessions } else { &self.actor_weeks };
        let rows: Vec<SignalRow> = self.signals.iter().filter(|row| row.unit_id == unit_id).cloned().collect();
        units.iter().find(|unit| unit.unit_id == unit_id).map(|unit| explain::explain(scope, unit, &rows))
    }
}

/// Hears the signals in the order in which they are first met, and writes rows in theirs.
fn score(world: World) -> Outcome {
    let World { input, mut readings } = world;
    let mut scoring = Scoring::new(input);
    let mut signals: Vec<&str> = Vec::new();
    for reading in &readings {
        if !signals.contains(&reading.signal.as_str()) {
            signals.push(&reading.signal);
        }
    }
    for signal in signals {
        let mut hearing = scoring.hear(signal);
        for reading in readings.iter().filter(|reading| reading.signal == signal) {
            // Words are not looked at before rows are made.
            hearing.add(&Reading { abstain_reason: None, evidence: "", ..reading.reading() });
        }
        hearing.weigh();
    }
    let scored = scoring.finish();
    readings.sort_by(|one, two| written_order(&one.reading(), &two.reading()));
    let mut rows = SignalRows::new(&scored);
    Outcome {
        sessions: scored.sessions().collect(),
        actor_weeks: scored.actor_weeks().collect(),
        signals: readings.iter().map(|reading| rows.row(&reading.reading())).collect(),
        objections: scored.objection_counts,
    }
}

/// The order in which the caller makes rows: sessions before actor-weeks, by unit id and signal, and then as [`Hearing`] has it.
fn written_order(one: &Reading<'_>, two: &Reading<'_>) -> Ordering {
    let key = |one: &Reading<'_>| (one.scope, one.unit_id.to_owned(), one.signal.to_owned(), !one.speaks);
    let innocent = |one: &Reading<'_>| [Some(one.discount), Some(one.exculpation_db), one.most_db];
    let pairs = innocent(one).into_iter().zip(innocent(two));
    key(one)
        .cmp(&key(two))
        .then_with(|| numbers(one.value, two.value))
        .then(one.n.cmp(&two.n))
        .then_with(|| pairs.map(|(one, two)| numbers(one, two)).find(|one| one.is_ne()).unwrap_or(Ordering::Equal))
        .then_with(|| one.evidence.cmp(two.evidence))
}

/// A world of `actors` people over 20 weeks with 5 sessions a week; an incentive starts with week 10. Readings are normal
/// plus .8 times the log volume, volume is heavy-tailed over people and sessions. `shift` adds sigmas per (actor, signal).
fn world(actors: u32, seed: u64, shift: impl Fn(u32, &str) -> f64) -> World {
    let mut random = Seeded::new(seed);
    let mut input =
        World { input: ScoreInput { leaderboards: vec![10 * WEEK], ..ScoreInput::default() }, readings: Vec::new() };
    for actor in 0..actors {
        let habit = random.normal();
        for week in 0..20 {
            for session in 0..5 {
                let log_volume = 9.0 + habit + random.normal();
                let session_id = format!("s{actor:03}-{week:02}-{session}");
                input.sessions.push(SessionInput {
                    session_id: session_id.as_str().into(),
                    actor: format!("a{actor:03}").into(),
                    team_id: "t".into(),
                    client_name: "cli".into(),
                    role: "engineer".into(),
                    trigger: "human".into(),
                    started_at: week * WEEK,
                    iso_week: format!("2026-W{week:02}").into(),
                    prompts: (log_volume * 2.0) as i64,
                    tokens: Some(log_volume.exp() as i64),
                    ..SessionInput::default()
                });
                for signal in SIGNALS {
                    let value = random.normal() + 0.8 * log_volume + if week < 10 { 0.0 } else { shift(actor, signal) };
                    input.readings.push(reading(Scope::Session, &session_id, signal, value));
                }
            }
            for signal in ["timer_regularity", "off_rhythm"] {
                let value = random.normal() + if week < 10 { 0.0 } else { shift(actor, signal) };
                let unit_id = format!("a{actor:03}/2026-W{week:02}");
                input.readings.push(reading(Scope::ActorWeek, &unit_id, signal, value));
            }
        }
    }
    input
}

fn reading(scope: Scope, unit_id: &str, signal: &str, value: f64) -> Told {
    Told {
        scope,
        unit_id: unit_id.into(),
        signal: signal.into(),
        value: Some(value),
        speaks: true,
        abstain_reason: None,
        discount: 1.0,
        exculpation_db: 0.0,
        evidence: r#"{"counted":20}"#.into(),
    }
}

/// Share of the units of these actors from week 10 on that reach `band`.
fn share_at(units: &[UnitScore], actors: std::ops::Range<u32>, band: Band) -> f64 {
    let mine: Vec<&UnitScore> = units
        .iter()
        .filter(|unit| {
            let number: u32 = unit.actor[1..].parse().unwrap();
            actors.contains(&number) && unit.iso_week.as_str() >= "2026-W10"
        })
        .collect();
    assert!(!mine.is_empty());
    mine.iter().filter(|unit| unit.band >= band).count() as f64 / mine.len() as f64
}

#[test]
fn honest_people_are_rarely_flagged_and_planted_theater_is() {
    let scored = score(world(120, 1, |actor, signal| match (actor, signal) {
        // Theater: the same prompt, the same output, used by nobody.
        (0..4, "prompt_repetition" | "low_output_novelty" | "orphan_output") => 2.5,
        // Honest: ticket templates; night work; a spike.
        (4..8, "prompt_repetition") => 3.5,
        (8..12, "timer_regularity" | "off_rhythm") => 3.5,
        (12..36, "orphan_output") => 3.5,
        _ => 0.0,
    }));
    let [sessions, weeks] = [&scored.sessions, &scored.actor_weeks];
    // Pooled: nearly every planted week is found; a lone session never goes to review.
    assert!(share_at(weeks, 0..4, Band::Review) > 0.9);
    assert_eq!(share_at(sessions, 0..120, Band::Review), 0.0);
    assert!(share_at(sessions, 0..4, Band::Look) > 0.2, "{}", share_at(sessions, 0..4, Band::Look));
    for honest in [4..8, 8..12, 12..36] {
        let (review, look) =
            (share_at(weeks, honest.clone(), Band::Review), share_at(sessions, honest.clone(), Band::Look));
        assert!(review <= 0.04 && look <= 0.05, "{honest:?}: review {review}, look {look}");
    }
    assert!(share_at(weeks, 36..120, Band::Review) <= 0.002);
    assert!(share_at(sessions, 36..120, Band::Look) <= 0.005);
}

#[test]
fn a_heavy_user_is_not_flagged_for_volume() {
    // Actor 0 works ten times as much as anybody would: readings follow, because they load on volume.
    let mut input = world(120, 2, |_, _| 0.0);
    let heavier = 10f64;
    for session in input.sessions.iter_mut().filter(|session| &*session.actor == "a000") {
        session.tokens = session.tokens.map(|tokens| tokens * heavier as i64);
        session.prompts += (2.0 * heavier.ln()) as i64;
    }
    for reading in input.readings.iter_mut().filter(|r| r.scope == Scope::Session && r.unit_id.starts_with("s000")) {
        reading.value = reading.value.map(|value| value + 0.8 * heavier.ln());
    }
    let scored = score(input);
    assert_eq!(share_at(&scored.actor_weeks, 0..1, Band::Review), 0.0);
    assert!(share_at(&scored.sessions, 0..1, Band::Look) <= 0.02);
}

#[test]
fn every_score_is_the_sum_of_its_lines_and_every_reading_leaves_a_row() {
    let mut input = world(30, 3, |actor, _| f64::from(actor % 3));
    input.readings.iter_mut().step_by(7).for_each(|reading| {
        (reading.discount, reading.exculpation_db) = (0.4, -3.337);
    });
    let readings = input.readings.len();
    let scored = score(input);
    assert_eq!(scored.signals.len(), readings);
    for unit in scored.sessions.iter().chain(&scored.actor_weeks) {
        let sum: i64 = unit.contributions.iter().map(|line| line.hundredths).sum();
        assert_eq!(Some(sum), unit.hundredths, "{}", unit.unit_id);
        assert_eq!(unit.hundredths.is_none(), unit.band == Band::Insufficient);
    }
}

#[test]
fn a_policy_that_came_to_one_team_ends_the_clean_window() {
    // The leaderboard of everybody comes in week 10.
    let clean_weeks = |rollouts: Vec<(String, i64)>| {
        let mut world = world(1, 5, |_, _| 0.0);
        world.input.rollouts = rollouts;
        let units = Scoring::new(world.input).units;
        (0..20).filter(|week| units.case_of(*week).1).count()
    };
    assert_eq!(clean_weeks(Vec::new()), 10);
    assert_eq!(clean_weeks(vec![("red".to_owned(), 5 * WEEK)]), 5);
    assert_eq!(clean_weeks(vec![("red".to_owned(), 15 * WEEK)]), 10);
}

#[test]
fn incentive_evidence_is_compared_with_that_of_others_and_not_with_weeks_that_can_hold_none() {
    // Nothing is found in any session. Since the tenth week everybody stands somewhere about a quota, and somebody is the nearest.
    let mut input = world(120, 12, |_, _| 0.0);
    for reading in &mut input.readings {
        (reading.speaks, reading.value) = (false, Some(0.0));
        reading.abstain_reason = Some("nothing was found".to_owned());
    }
    for actor in 0..120 {
        for week in 10..20 {
            let unit_id = format!("a{actor:03}/2026-W{week}");
            input.readings.push(reading(Scope::ActorWeek, &unit_id, "threshold_hugging", f64::from(actor)));
        }
    }
    let scored = score(input);
    let said = |actor: i32, words: &str| {
        let name = format!("a{actor:03}");
        let weeks = scored.actor_weeks.iter().filter(|week| week.actor == name && week.iso_week.as_str() >= "2026-W10");
        weeks.filter(|week| week.reasons.iter().any(|reason| reason.contains(words))).count()
    };
    // Ten earlier weeks of each one who stands nearer are above. As they are they hold nothing, and thirty people would be beyond them all.
    assert_eq!(said(119, "p = 0.0008 among 1190 actor-weeks"), 10);
    assert_eq!(said(118, "p = 0.0092 among 1190 actor-weeks"), 10);
    assert_eq!(said(100, "p = 0.1604 among 1190 actor-weeks"), 10);
    assert_eq!((0..120).map(|actor| said(actor, "does not survive")).sum::<usize>(), 1_200);
}

#[test]
fn small_data_abstains_and_says_why() {
    let mut input = world(2, 4, |_, _| 0.0);
    input.readings.retain(|reading| reading.unit_id.contains("-W1") || reading.unit_id.contains("-10-"));
    let scored = score(input);
    assert!(scored.sessions.iter().all(|session| session.band == Band::Insufficient && session.hundredths.is_none()));
    insta::assert_snapshot!(scored.signals[0].abstain_reason.as_deref().unwrap(), @"calibration: fewer than 20 comparable readings");
    // The same words for everybody: how many readings there are without one's own is one's own secret.
    let reasons = scored.signals.iter().filter_map(|row| row.abstain_reason.as_deref());
    let reasons: Vec<&str> = reasons.filter(|why| why.starts_with("calibration")).collect();
    assert!(
        !reasons.is_empty() && reasons.iter().all(|why| why.starts_with("calibration: fewer than ")),
        "{reasons:?}"
    );
    insta::assert_snapshot!(scored.actor_weeks[0].reasons.join("; "), @"no signal speaks about this week or its sessions");
}

#[test]
fn a_week_with_too_few_others_to_test_it_keeps_its_evidence() {
    // Twelve people and five weeks; all sessions of one person's last week are alike, and nothing is in any other.
    let mut input = world(12, 9, |_, _| 0.0);
    input.sessions.retain(|session| &*session.iso_week < "2026-W05");
    input.readings.retain(|reading| reading.signal == "prompt_repetition" && &reading.unit_id[5..7] < "05");
    for reading in &mut input.readings {
        reading.value = Some(if reading.unit_id.starts_with("s000-04") { 1.0 } else { 0.0 });
    }
    let scored = score(input);
    let (loud, others): (Vec<&UnitScore>, Vec<&UnitScore>) =
        scored.actor_weeks.iter().partition(|week| week.unit_id == "a000/2026-W04");
    // p = 1/276 in each session.
    assert_eq!((loud[0].hundredths, loud[0].band), (Some(919), Band::Note));
    assert_eq!(loud[0].contributions.iter().map(|line| line.hundredths).sum::<i64>(), 919);
    assert_eq!(loud[0].families[&Family::Redundancy].round(), 9.0);
    assert_eq!(
        loud[0].reasons,
        [
            "second calibration: n_cal = 55 < 100 actor-weeks",
            "too few weeks of other people to test this one: it reaches look at most"
        ]
    );
    assert_eq!(others.len(), 59);
    assert!(others.iter().all(|week| (week.hundredths, week.band) == (Some(0), Band::None)));
}

#[test]
fn finding_nothing_without_peers_says_nothing() {
    let quiet = |actors: u32| {
        let mut input = world(actors, 4, |_, _| 0.0);
        for reading in &mut input.readings {
            (reading.speaks, reading.value) = (false, Some(0.0));
            reading.abstain_reason = Some("nothing was found".to_owned());
        }
        score(input)
    };
    assert!(quiet(1).sessions.iter().all(|session| session.band == Band::Insufficient));
    assert!(quiet(40).sessions.iter().all(|session| session.band == Band::None));
}

#[test]
fn declared_automation_leaves_the_person_scopes() {
    let mut input = world(120, 5, |actor, _| if actor == 0 { 4.0 } else { 0.0 });
    input.sessions.iter_mut().filter(|session| &*session.actor == "a000").for_each(|session| session.declared = true);
    let scored = score(input);
    let session = scored.sessions.iter().find(|session| session.unit_id == "s000-15-0").unwrap();
    assert_eq!((session.band, session.hundredths), (Band::None, Some(0)));
    let explanation = scored.explain(Scope::Session, "s000-15-0").unwrap();
    assert_eq!(explanation.abstentions.len(), SIGNALS.len());
    assert_eq!(explanation.abstentions[0].reason, "declared automation: leaves the person scopes");
}

#[test]
fn night_work_alone_weighs_nothing() {
    let scored = score(world(120, 6, |actor, signal| if actor == 0 && signal == "off_rhythm" { 9.0 } else { 0.0 }));
    let of = |signal: &str, unit_id: &str| {
        scored.signals.iter().find(|row| row.signal == signal && row.unit_id == unit_id).unwrap().weight_db.unwrap()
    };
    for week in 10..20 {
        let unit_id = format!("a000/2026-W{week}");
        let opened = of("timer_regularity", &unit_id) > 0.0
            || (0..5).any(|session| of("unattended_burn", &format!("s000-{week}-{session}")) > 0.0);
        assert!(of("off_rhythm", &unit_id) <= 0.0 || opened, "{unit_id}");
    }
}

#[test]
fn unknown_units_signals_and_repeats_abstain_instead_of_vanishing() {
    let mut input = world(1, 7, |_, _| 0.0);
    input.readings.truncate(1);
    input.readings.push(input.readings[0].clone());
    input.readings.push(reading(Scope::Session, "s000-00-0", "vibes", 1.0));
    input.readings.push(reading(Scope::Session, "nobody", "orphan_output", 1.0));
    input.readings.push(reading(Scope::Session, "s000-00-0", "orphan_output", f64::NAN));
    let reasons: Vec<String> = score(input)
        .signals
        .into_iter()
        .map(|row| format!("{}: {}", row.signal, row.abstain_reason.unwrap()))
        .collect();
    insta::assert_snapshot!(reasons.join("\n"), @r"
    orphan_output: the session is not among the units of this run
    orphan_output: the reading has no finite value
    prompt_repetition: calibration: fewer than 20 comparable readings
    prompt_repetition: a second reading of the same unit and signal
    vibes: the signal has no family in the catalogue
    ");
}

#[test]
fn an_explanation_lists_what_adds_up_and_what_would_change_it() {
    let mut input = world(120, 8, |actor, signal| match (actor, signal) {
        (0, "prompt_repetition" | "orphan_output") => 5.0,
        _ => 0.0,
    });
    let discounted = input.readings.iter_mut().find(|r| r.unit_id == "s000-15-0" && r.signal == "loop_no_progress");
    discounted.unwrap().discount = 0.5;
    let scored = score(input);
    let explanation = scored.explain(Scope::Session, "s000-15-0").unwrap();
    let week = scored.explain(Scope::ActorWeek, "a000/2026-W15").unwrap();
    insta::with_settings!({ snapshot_path => "snapshots", prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!("explained_session", serde_json::to_string_pretty(&explanation).unwrap());
        insta::assert_snapshot!("explained_week", serde_json::to_string_pretty(&week).unwrap());
    });
    assert_eq!(scored.explain(Scope::Session, "nobody"), None);
}

#[test]
fn the_words_of_a_reading_stay_with_its_unit() {
    // Every reading says in words whose it is and what it found; every third abstains with a reason of its own.
    let mut input = world(120, 11, |_, _| 0.0);
    for (index, reading) in input.readings.iter_mut().enumerate() {
        reading.evidence =
            format!(r#"{{"of":"{} {}","value":"{:?}"}}"#, reading.unit_id, reading.signal, reading.value.unwrap());
        if index % 3 == 0 {
            (reading.speaks, reading.value) = (false, None);
            reading.abstain_reason = Some(format!("{} {} was not looked at", reading.unit_id, reading.signal));
        }
    }
    let scored = score(input);
    let mut of_one = Vec::new();
    for row in &scored.signals {
        let evidence: serde_json::Value = serde_json::from_str(&row.evidence).unwrap();
        let whose = format!("{} {}", row.unit_id, row.signal);
        assert_eq!(evidence["of"], whose.as_str());
        match &row.abstain_reason {
            Some(reason) => assert_eq!(*reason, format!("{whose} was not looked at")),
            None => assert_eq!(evidence["value"], format!("{:?}", row.value.unwrap())),
        }
        assert_eq!(row.p.is_none(), row.abstain_reason.is_some());
        if row.signal == "off_rhythm" {
            of_one.extend(row.p.zip(row.value));
        }
    }
    // Weeks of all people are compared at one volume, so a larger value never has a larger p, own readings left out of a hundred aside.
    of_one.sort_by(|one, two| one.1.total_cmp(&two.1));
    let (low, high) = of_one.split_at(of_one.len() / 2);
    let mean = |half: &[(f64, f64)]| half.iter().map(|(p, _)| p).sum::<f64>() / half.len() as f64;
    assert!(mean(low) > 0.7 && mean(high) < 0.3, "{} {}", mean(low), mean(high));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3))]
    #[test]
    fn the_order_of_rows_does_not_matter(seed in any::<u64>()) {
        let input = world(12, 10, |actor, _| f64::from(actor % 2));
        let mut shuffled = input.clone();
        let mut random = Seeded::new(seed);
        for index in (1..shuffled.readings.len()).rev() {
            shuffled.readings.swap(index, random.below(index + 1));
        }
        for index in (1..shuffled.sessions.len()).rev() {
            shuffled.sessions.swap(index, random.below(index + 1));
        }
        prop_assert!(score(shuffled) == score(input));
    }
}

#[test]
fn objections_take_out_contest_or_leave_a_unit() {
    let planted = |actor, signal: &str| match (actor, signal) {
        (0..4, "prompt_repetition" | "low_output_novelty" | "orphan_output") => 2.5,
        _ => 0.0,
    };
    let before = score(world(120, 1, planted));
    let flagged: Vec<&UnitScore> = before.actor_weeks.iter().filter(|week| week.band == Band::Review).take(2).collect();
    let looked = before.sessions.iter().find(|unit| unit.band == Band::Look).unwrap();
    let objection = |scope, unit_id: &str, decision| Objection {
        scope,
        unit_id: unit_id.to_owned(),
        date: "2026-03-09".into(),
        decision,
        reason: "a demo".into(),
    };
    let mut input = world(120, 1, planted);
    input.objections = vec![
        objection(Scope::ActorWeek, &flagged[0].unit_id, Decision::Accepted),
        objection(Scope::ActorWeek, &flagged[1].unit_id, Decision::Open),
        objection(Scope::Session, &looked.unit_id, Decision::Rejected),
        objection(Scope::Session, "of-nobody", Decision::Open),
    ];
    let after = score(input);
    let week = |unit: &UnitScore| after.actor_weeks.iter().find(|week| week.unit_id == unit.unit_id).unwrap();
    let taken = week(flagged[0]);
    assert_eq!((taken.hundredths, taken.band, taken.contributions.len()), (Some(0), Band::None, 0));
    assert_eq!(
        taken.reasons,
        ["an objection was accepted on 2026-03-09: a demo; it leaves the scores, its cost stays in the totals"]
    );
    let of_the_week: Vec<&UnitScore> =
        after.sessions.iter().filter(|unit| unit.actor == taken.actor && unit.iso_week == taken.iso_week).collect();
    assert!(!of_the_week.is_empty() && of_the_week.iter().all(|unit| unit.band == Band::None));
    assert!(of_the_week[0].reasons[0].starts_with("with its week: an objection was accepted"));
    // Its readings are kept, and say why they weigh nothing.
    let abstains = |unit: &str| {
        let mut rows = after.signals.iter().filter(|row| row.unit_id == unit);
        rows.all(|row| row.abstain_reason.as_deref() == Some("an accepted objection: leaves the scores"))
    };
    assert!(abstains(&taken.unit_id) && abstains(&of_the_week[0].unit_id));
    let contested = week(flagged[1]);
    assert_eq!((contested.band, contested.objection), (Band::Review, Some(Decision::Open)));
    assert_eq!(contested.reasons.last().unwrap(), "contested: an objection of 2026-03-09 is open: a demo");
    let kept = after.sessions.iter().find(|unit| unit.unit_id == looked.unit_id).unwrap();
    assert_eq!(kept.reasons.last().unwrap(), "an objection was looked at and not accepted on 2026-03-09: a demo");
    let ObjectionCounts { open, accepted, rejected, unmatched } = after.objections;
    assert_eq!((open, accepted, rejected, unmatched), (1, 1, 1, 1));
}
