//! Invented inputs for the tests of the report: an organisation of forty, a person alone, and nothing at all.

use jiff::ToSpan;
use jiff::civil::date;

use super::inputs::{
    Archetype, CoverageFact, DayTotals, DeclaredJob, Inputs, JobFacts, Kpi, KpiBin, ModelTotals, OutcomeFact,
    PolicyMarker, QueryText, RetentionFact, RunFacts, SeatFact, SignalEntry, SourceSight, SystemActs, WeekTotals,
};
use super::readings::Readings;
use crate::score::objections::ObjectionCounts;
use crate::score::population::{RankAgreement, Tau};
use crate::score::rows::{ActorWeekRow, AttributionRow, FindingRow, PopulationRow, SessionRow, SignalRow, TeamRow};

const TEAMS: [&str; 4] = ["platform", "mobile", "data", "payments"];
const WEEKS: i64 = 12;

/// A number that looks scattered and is always the same.
fn scatter(a: i64, b: i64, modulus: i64) -> i64 {
    (a * 7_919 + b * 104_729 + a * b * 31).rem_euclid(modulus)
}

fn iso_week(index: i64) -> String {
    format!("2026-W{:02}", 35 + index)
}

fn facts(title: &str) -> RunFacts {
    RunFacts {
        title: title.into(),
        as_of: "2026-11-18T06:00:00Z".parse().ok(),
        watermark: "2026-11-09T06:00:00Z".parse().ok(),
        period_start: Some(date(2026, 8, 24)),
        period_end: Some(date(2026, 11, 12)),
        footlight_version: "0.1.0".into(),
        lake_version: Some(41),
        policy_hash: "5d0f0c1e9ab2".into(),
        price_table: "litellm 1.109.1".into(),
        queries_hash: "0f3d9a61c2b4".into(),
        reproduce: vec![
            "footlight ingest --input INPUTS... --lake LAKE".into(),
            "footlight report --out OUT --lake LAKE".into(),
        ],
        seats: Some(48),
        active_without_seat: Some(0),
        small_cell_floor: 5,
        files_read: 3_412,
        events: 812_554,
        duplicates: 20_118,
        sources: vec![
            SourceSight {
                source: "claude_code".into(),
                seen: 52_000,
                shared: 31_400,
                tokens_seen: 610_000_000,
                tokens_counted: 610_000_000,
                people: (0..40).map(|person| (format!("p{person:02}k3q"), [1_300, 15_250_000, 15_250_000])).collect(),
                ..SourceSight::default()
            },
            SourceSight {
                source: "litellm".into(),
                seen: 40_210,
                merged_by_id: 31_000,
                merged_by_counts: 400,
                other_steps_merged: 120,
                tokens_seen: 480_000_000,
                tokens_counted: 96_000_000,
                people: (0..40).map(|person| (format!("p{person:02}k3q"), [1_005, 12_000_000, 2_400_000])).collect(),
                merged_people: (0..40).map(|person| (format!("p{person:02}k3q"), [775, 10])).collect(),
                ..SourceSight::default()
            },
        ],
        identities: vec![("declared".into(), 40), ("roster".into(), 61), ("itself".into(), 3)],
        identity_conflicts: 1,
        quarantined: vec![("not_json".into(), 14), ("line_too_long".into(), 2), ("bad_timestamp".into(), 9)],
        ignored_kinds: vec![("file-history-snapshot".into(), 5_120), ("summary".into(), 311)],
        unpriced_models: vec!["local/qwen-coder".into()],
        outcome_coverage: Some(0.91),
        unassigned_tokens_share: Some(0.021),
        calibration_rung: "the organisation's own weeks before the quota".into(),
        calibration_notes: vec![],
        silenced: vec![],
        coverage: coverage(),
        seat_use: vec![
            SeatFact {
                product: "github-copilot".into(),
                seats: 40,
                used: 27,
                idle: 10,
                never_used: 6,
                use_unknown: 3,
                monthly_cost_micro_usd: Some(760_000_000),
            },
            SeatFact { product: "cursor".into(), seats: 4, used: 2, idle: 2, ..SeatFact::default() },
            SeatFact { product: "(any)".into(), seats: 48, used: 41, idle: 7, never_used: 6, ..SeatFact::default() },
        ],
        retention: vec![RetentionFact {
            source: "claude_code".into(),
            state: "gap".into(),
            kept_days: 30,
            kept_by: "default".into(),
            from: date(2026, 8, 1),
            to: date(2026, 8, 12),
        }],
        objections: ObjectionCounts::default(),
    }
}

/// Two months with a bill in tokens, and one in money by the month.
fn coverage() -> Vec<CoverageFact> {
    let fact = |month: &str, scope: &str, measure: &str, billed, (held_low, held_high), billed_periods| CoverageFact {
        month: month.into(),
        scope: scope.into(),
        measure: measure.into(),
        billed,
        logged: held_high + 1_000,
        held_low,
        held_high,
        billed_periods,
        people: 40,
    };
    vec![
        fact("2026-09", "anthropic", "tokens", 910_000_000, (803_000_000, 812_000_000), 30),
        fact("2026-10", "anthropic", "tokens", 1_240_000_000, (1_190_000_000, 1_201_000_000), 31),
        fact("2026-10", "cursor", "micro_usd", 412_000_000, (0, 0), 1),
    ]
}

fn catalogue() -> Vec<SignalEntry> {
    [
        (
            "prompt_repetition",
            "REDUNDANCY",
            "Share of prompt effort spent on near-identical prompts.",
            "Prompts issued to be counted.",
            "Hand-off templates, evaluations, retries, teaching.",
            "Jost 2006; Broder 1997",
        ),
        (
            "loop_no_progress",
            "AGENT-WASTE",
            "Tokens in runs of calls that change nothing.",
            "An agent left in a loop.",
            "Polling, watching a build, paging.",
            "Main and Lorentz 1984",
        ),
        (
            "orphan_output",
            "NO-CONSUMPTION",
            "Written lines that nobody took up.",
            "Output made for nobody.",
            "Spikes, reviews, repositories not connected.",
            "Baumann et al. 2026",
        ),
        (
            "threshold_hugging",
            "INCENTIVE",
            "Weeks that end just above the quota.",
            "Use that stops when the quota is met.",
            "Plan caps, a fixed recurring job.",
            "signals.md S10",
        ),
        (
            "timer_regularity",
            "CLOCK",
            "Starts that follow a machine's clock.",
            "A script that poses as a person.",
            "Declared schedules, stand-ups.",
            "Kim and Jo 2016",
        ),
        (
            "quota_bunching",
            "POPULATION",
            "Excess mass at the quota.",
            "Use aimed at the quota.",
            "A quota set at the median; plan caps.",
            "Kleven 2016",
        ),
    ]
    .into_iter()
    .map(|(name, family, measures, suggests, innocent, reference)| SignalEntry {
        name: name.into(),
        family: family.into(),
        measures: measures.into(),
        suggests: suggests.into(),
        innocent: innocent.into(),
        reference: reference.into(),
    })
    .collect()
}

/// Forty people in four teams over twelve weeks, a quota in the seventh and a leaderboard in the ninth.
pub(super) fn organisation() -> Inputs {
    let mut inputs = Inputs { run: facts("Northwind Robotics"), catalogue: catalogue(), ..Inputs::default() };
    for person in 0..40_i64 {
        for week in 0..WEEKS {
            person_week(&mut inputs, person, week);
        }
    }
    weekly_panel(&mut inputs);
    daily_panel(&mut inputs);
    for (test, scope, estimate, interval, p, n, speaks, note) in [
        (
            "quota_bunching",
            "500 prompts a week",
            Some(0.84),
            Some((0.31, 1.42)),
            Some(0.004),
            352,
            true,
            "17 % of the weeks near the line are not explained by the smooth fit.",
        ),
        (
            "incentive_break",
            "leaderboard published",
            Some(0.38),
            Some((-0.04, 0.71)),
            Some(0.07),
            24,
            true,
            "Use rose by 31 %; outcomes rose by 19 %, within their spread.",
        ),
        (
            "metric_decoupling",
            "organisation",
            None,
            None,
            None,
            40,
            false,
            "Needs six weeks after the date; there are five.",
        ),
        (
            "shared_burner_template",
            "organisation",
            Some(0.02),
            Some((-0.10, 0.15)),
            Some(0.71),
            40,
            true,
            "Shared templates are taken up like others.",
        ),
    ] {
        let (estimate_unit, n_unit) = match test {
            "quota_bunching" => ("bins of the counterfactual", "person-weeks"),
            "incentive_break" => ("share of the rise", "weeks"),
            "metric_decoupling" => ("Kendall's tau", "people"),
            _ => ("log odds", "templates"),
        };
        inputs.population.push(PopulationRow {
            test: test.into(),
            scope: scope.into(),
            estimate,
            estimate_unit: estimate_unit.into(),
            ci_low: interval.map(|interval: (f64, f64)| interval.0),
            ci_high: interval.map(|interval| interval.1),
            p,
            n,
            n_unit: n_unit.into(),
            status: if speaks { "speak" } else { "abstain" }.into(),
            note: note.into(),
        });
    }
    inputs.policies = vec![
        PolicyMarker { date: date(2026, 10, 5), label: "quota announced: 500 prompts a week".into() },
        PolicyMarker { date: date(2026, 10, 19), label: "leaderboard published".into() },
    ];
    inputs.queries = ["queries/fct_sessions.sql", "queries/stg_events.sql", "queries/sig_orphan_output.sql"]
        .map(|file| QueryText { file: file.into(), sql: "-- model: invented\nselect 1 < 2 as x\n".into() })
        .into();
    inputs.kpis = kpis();
    inputs.rank_agreement = Some(RankAgreement {
        people: 36,
        weeks: 5,
        before: Tau { value: 0.41, low: 0.22, high: 0.58 },
        after: Tau { value: 0.03, low: -0.19, high: 0.21 },
    });
    for (model, completions, price) in [
        ("claude-opus-5", 31_204, Some(6_812_400_000)),
        ("gpt-5.2-codex", 22_918, Some(2_904_117_500)),
        ("local/qwen-coder", 811, None),
    ] {
        inputs.models.push(ModelTotals {
            model: model.into(),
            completions,
            input_tokens: Some(completions * 812),
            output_tokens: Some(completions * 640),
            cache_read_tokens: Some(completions * 48_200),
            cache_write_tokens: price.map(|_| completions * 2_100),
            cost_micro_usd: price,
            people: (0..40).map(|person| (format!("p{person:02}k3q"), [completions / 40; 3])).collect(),
        });
    }
    for (name, sessions, actors) in [
        ("steady builders", 611, 29),
        ("question and answer", 402, 34),
        ("long unattended runs", 61, 9),
        ("noise", 118, 21),
        ("bulk rewriters", 12, 3),
    ] {
        inputs.archetypes.push(Archetype { name: name.into(), sessions, actors });
    }
    for (system, actors, calls) in [("filesystem", 31, 4_000), ("slack", 12, 90), ("database", 4, 11)] {
        inputs.systems.push(SystemActs {
            system: system.into(),
            actors,
            people: (0..actors).map(|person| (format!("p{person:02}k3q"), calls / actors)).collect(),
            sessions: actors * 5,
            writes: calls / 2,
            sends: calls / 4,
            executes: calls - calls / 2 - calls / 4,
            started_by_human: calls - calls / 5,
            started_by_schedule: calls / 5,
            approved_by_human: calls / 8,
            approved_by_rule: calls / 8,
            approval_unknown: calls - 2 * (calls / 8),
            off_hours: calls / 9,
            unattended: calls / 6,
            ..SystemActs::default()
        });
    }
    inputs.declared = declared();
    inputs.signals = Readings::of(&inputs.sessions, &signal_rows(&inputs.sessions));
    inputs
}

/// A bot that lands its work, one without a price of which nothing is known, a job of many people, one of one person, and one that never ran.
fn declared() -> Vec<DeclaredJob> {
    let job = |kind: &str, job: &str, people: i64, runs: i64, facts: JobFacts| DeclaredJob {
        facts: JobFacts { kind: kind.into(), job: job.into(), runs, ..facts },
        people: (0..people).map(|person| (format!("p{person:02}k3q"), [runs / people, 9_000, 700_000])).collect(),
    };
    let landing = JobFacts {
        schedule: Some("0 2 * * *".into()),
        owner: Some("team-platform".into()),
        weeks: 12,
        tokens: Some(8_400_000),
        cost_micro_usd: Some(61_250_000),
        followed_runs: 80,
        taken_up_runs: Some(66),
        lines: 9_100,
        landed_lines: Some(7_800),
        cost_not_taken_up_micro_usd: Some(9_870_000),
        ..JobFacts::default()
    };
    let dark = JobFacts { weeks: 9, tokens: Some(640_000), unpriced_runs: 41, ..JobFacts::default() };
    let shared = JobFacts {
        weeks: 5,
        tokens: Some(108_000),
        cost_micro_usd: Some(8_400_000),
        followed_runs: 20,
        taken_up_runs: Some(1),
        lines: 400,
        landed_lines: Some(3),
        cost_not_taken_up_micro_usd: Some(7_100_000),
        ..JobFacts::default()
    };
    vec![
        job("declaration", "repo:infra-*", 0, 84, landing),
        job("service", "triage-bot", 0, 41, dark),
        job("undeclared", "openclaw", 12, 24, shared.clone()),
        job("declaration", "in an account of a person", 1, 24, shared),
        job("declaration", "repo:gone-*", 0, 0, JobFacts { owner: Some("team-web".into()), ..JobFacts::default() }),
    ]
}

/// The quota with a pile above its line, and the leaderboard two weeks later.
fn kpis() -> Vec<Kpi> {
    let bins = (0..10).map(|index| {
        let above = index >= 5;
        let pile = if index == 5 { 24 } else { 0 };
        KpiBin {
            from: 250.0 + 50.0 * index as f64,
            to: 300.0 + 50.0 * index as f64,
            above,
            before: (index != 9).then_some(30 - 2 * index),
            after: (index < 8).then_some(34 - 2 * index + pile),
            expected: Some(33.5 - 2.0 * index as f64),
        }
    });
    vec![
        Kpi {
            kind: "quota".into(),
            metric: "prompts".into(),
            target: "500 prompts a week".into(),
            since: date(2026, 10, 5),
            until: None,
            scope: "500 prompts a week".into(),
            bins: bins.collect(),
        },
        Kpi {
            kind: "leaderboard".into(),
            metric: "tokens".into(),
            target: "ranking by tokens".into(),
            since: date(2026, 10, 19),
            until: None,
            scope: "tokens leaderboard of 2026-10-19".into(),
            bins: vec![],
        },
    ]
}

fn person_week(inputs: &mut Inputs, person: i64, week: i64) {
    let team = TEAMS[(person % 4) as usize];
    let sessions = scatter(person, week, 5) - i64::from(week < 3) - i64::from(person > 34) * 2;
    if sessions <= 0 || (week == WEEKS - 1 && person % 3 != 0) {
        return;
    }
    let mut week_cost = 0;
    for number in 0..sessions {
        let draw = scatter(person * 13 + number, week, 100);
        let session_id = format!("{person:02}{week:02}{number}-4c1e-8d2a");
        let cost = 900_000 + scatter(person, week * 5 + number, 9_000_000) * (5 + week) / 6;
        let (link, band) = match draw {
            0..46 => ("linked", "none"),
            46..72 => ("none", "none"),
            72..80 => ("none", "note"),
            80..83 => ("none", "look"),
            83..86 if week > 5 => ("none", "review"),
            86..94 => ("unknown", "none"),
            _ => ("none", "insufficient"),
        };
        week_cost += cost;
        session(inputs, &session_id, (person, week, number), cost, (link, band));
        if link == "linked" {
            let outcome_id = format!("commit-{session_id}");
            let tier = if draw < 40 { "lines" } else { "window" };
            inputs.attribution.push(AttributionRow {
                session_id: session_id.clone(),
                outcome_id: outcome_id.clone(),
                tier: tier.into(),
                confidence: 0.8,
                lines_matched: draw,
                outcome_kind: "commit".into(),
            });
            inputs.outcomes.push(OutcomeFact {
                outcome_id,
                kept: (week < 9).then_some(draw % 11 != 0),
                outcome_kind: "commit".into(),
            });
        }
        let finding = match draw {
            5 | 17 | 51 | 63 => "identical_calls",
            9 | 29 | 70 => "no_op_run",
            47..55 => "output_never_landed",
            83..85 => "repeated_prompt",
            85 => "machine_clock_starts",
            _ => continue,
        };
        inputs.findings.push(FindingRow {
            session_id,
            finding: finding.into(),
            count: 3 + draw % 9,
            tokens: Some(cost / 40),
            cost_micro_usd: Some(cost / 3),
            first_at: week,
            last_at: week + 1,
            evidence: "{}".into(),
        });
    }
    inputs.actor_weeks.push(ActorWeekRow {
        actor: format!("p{person:02}k3q"),
        team_id: team.into(),
        iso_week: iso_week(week),
        sessions,
        prompts: sessions * 14,
        tokens: Some(week_cost / 2),
        cost_micro_usd: Some(week_cost),
        outcomes: Some(sessions / 2),
        score_db: None,
        band: "none".into(),
        objection: String::new(),
    });
}

fn session(
    inputs: &mut Inputs,
    session_id: &str,
    (person, week, number): (i64, i64, i64),
    cost: i64,
    (link, band): (&str, &str),
) {
    let person_tokens = cost * 9 / 10;
    inputs.sessions.push(SessionRow {
        session_id: session_id.into(),
        actor: format!("p{person:02}k3q"),
        team_id: TEAMS[(person % 4) as usize].into(),
        client: "claude-code/2.1.80".into(),
        trigger: if number == 3 { "schedule" } else { "human" }.into(),
        iso_week: iso_week(week),
        prompts: 14,
        completions: 60,
        tool_calls: 90,
        input_tokens: Some(person_tokens / 50),
        output_tokens: Some(person_tokens / 80),
        cache_read_tokens: Some(person_tokens * 2 / 5),
        cache_write_tokens: Some(person_tokens / 30),
        cost_micro_usd: (person != 17).then_some(cost),
        completions_without_usage: i64::from(person == 17) * 4,
        lower_bound_completions: i64::from(person % 9 == 0),
        outcome_link: link.into(),
        score_db: (band != "insufficient").then_some(1.0),
        band: band.into(),
        archetype: match scatter(person, week, 9) {
            0..5 => "steady builders",
            5..7 => "question and answer",
            7 if person < 9 => "long unattended runs",
            8 if person < 3 => "bulk rewriters",
            _ => "noise",
        }
        .into(),
        ..SessionRow::default()
    });
}

/// The readings of sessions whose id says person, week and number, as those of [`organisation`] do.
pub(super) fn signal_rows(sessions: &[SessionRow]) -> Vec<SignalRow> {
    let mut rows = Vec::new();
    for session in sessions {
        let digits = |from: usize, to: usize| session.session_id.get(from..to)?.parse::<i64>().ok();
        let (Some(person), Some(week), Some(number)) = (digits(0, 2), digits(2, 4), digits(4, 5)) else { continue };
        for (signal, family, modulus) in [
            ("prompt_repetition", "REDUNDANCY", 17),
            ("loop_no_progress", "AGENT-WASTE", 23),
            ("orphan_output", "NO-CONSUMPTION", 12),
            ("timer_regularity", "CLOCK", 41),
        ] {
            let draw = scatter(person + number, week * modulus, modulus);
            let speaks = draw % 3 != 1;
            let reason = if draw % 2 == 0 { "too_few_observations" } else { "coverage_below_floor" };
            rows.push(SignalRow {
                scope: "session".into(),
                unit_id: session.session_id.clone(),
                signal: signal.into(),
                family: family.into(),
                value: Some(0.1),
                n: 20,
                p: speaks.then_some((1 + draw) as f64 / modulus as f64),
                weight_db: Some(if speaks { (draw % 7) as f64 } else { 0.0 }),
                status: if speaks { "speak" } else { "abstain" }.into(),
                abstain_reason: (!speaks).then(|| reason.into()),
                discount: 1.0,
                evidence: "{}".into(),
            });
        }
    }
    rows
}

fn weekly_panel(inputs: &mut Inputs) {
    for week in 0..WEEKS {
        let of_week = || inputs.sessions.iter().filter(|session| session.iso_week == iso_week(week));
        let active = inputs.actor_weeks.iter().filter(|row| row.iso_week == iso_week(week));
        let cost: i64 = of_week().filter_map(|session| session.cost_micro_usd).sum();
        let sessions = of_week().count() as i64;
        inputs.weeks.push(WeekTotals {
            iso_week: iso_week(week),
            active_actors: active.count() as i64,
            sessions,
            prompts: sessions * 14,
            tokens: Some(cost / 2),
            cost_micro_usd: Some(cost),
            outcomes: Some(of_week().filter(|session| session.outcome_link == "linked").count() as i64),
            partial: week == WEEKS - 1,
            withheld: false,
            is_open: week >= WEEKS - 2,
        });
        for (index, team) in TEAMS.iter().enumerate() {
            let suppressed = *team == "payments" || (week < 2 && index == 1);
            let figure = |value: i64| (!suppressed).then_some(value);
            let tokens = cost / 8 + 1_000 * index as i64;
            inputs.teams.push(TeamRow {
                team_id: (*team).into(),
                iso_week: iso_week(week),
                actors: figure(10),
                active_actors: figure(7 + scatter(week, index as i64, 4)),
                tokens: figure(tokens),
                cost_micro_usd: figure(cost / 4),
                outcomes: figure(6 + index as i64),
                tokens_with_outcome_low: figure(tokens * 2 / 5),
                tokens_with_outcome_high: figure(tokens * 3 / 5),
                flagged_share: (!suppressed).then_some(0.06),
                flagged_low: (!suppressed).then_some(0.01),
                flagged_high: (!suppressed).then_some(0.17),
                flagged_distinguishable: (!suppressed).then_some(false),
                suppressed,
            });
        }
    }
}

fn daily_panel(inputs: &mut Inputs) {
    for index in 0..80_i64 {
        let sessions = 4 + scatter(index, 3, 15);
        inputs.days.push(DayTotals {
            day: date(2026, 8, 24).saturating_add(index.days()),
            sessions,
            prompts: sessions * 14,
            tokens: Some(sessions * 1_900_000),
            cost_micro_usd: Some(sessions * 6_200_000),
        });
    }
}

/// One person, two weeks, no outcome source, no price for the model.
pub(super) fn alone() -> Inputs {
    let mut inputs = Inputs {
        run: RunFacts {
            seats: None,
            quarantined: vec![],
            ignored_kinds: vec![],
            files_read: 3,
            events: 214,
            duplicates: 0,
            sources: vec![],
            identities: vec![("unknown".into(), 1)],
            identity_conflicts: 0,
            unpriced_models: vec!["local/qwen-coder".into()],
            outcome_coverage: None,
            unassigned_tokens_share: Some(0.0),
            calibration_rung: "built-in reference".into(),
            coverage: vec![],
            seat_use: vec![],
            retention: vec![],
            ..facts("")
        },
        ..Inputs::default()
    };
    for number in 0..3 {
        let session_id = format!("one-{number}");
        session(&mut inputs, &session_id, (17, number, 0), 400_000, ("unknown", "insufficient"));
    }
    let alone = inputs.sessions[0].clone();
    inputs.actor_weeks.push(ActorWeekRow {
        actor: alone.actor,
        team_id: alone.team_id,
        iso_week: alone.iso_week,
        sessions: 3,
        prompts: 14,
        band: "insufficient".into(),
        ..ActorWeekRow::default()
    });
    for week in 0..2 {
        inputs.weeks.push(WeekTotals {
            iso_week: iso_week(week),
            active_actors: 1,
            sessions: 1 + week,
            prompts: 14,
            tokens: Some(210_000 * (1 + week)),
            cost_micro_usd: None,
            outcomes: None,
            partial: week == 1,
            withheld: false,
            is_open: false,
        });
    }
    inputs.models.push(ModelTotals {
        model: "local/qwen-coder".into(),
        completions: 180,
        input_tokens: Some(21_600),
        output_tokens: Some(13_500),
        ..ModelTotals::default()
    });
    inputs
}

/// A lake without events.
pub(super) fn nothing() -> Inputs {
    Inputs {
        run: RunFacts { small_cell_floor: 5, footlight_version: "0.1.0".into(), ..RunFacts::default() },
        ..Inputs::default()
    }
}
