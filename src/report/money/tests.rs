use proptest::prelude::*;

use super::*;
use crate::score::rows::{AttributionRow, FindingRow};

fn session(link: &str, band: &str, cost: i64) -> SessionRow {
    SessionRow {
        session_id: "s".into(),
        outcome_link: link.into(),
        band: band.into(),
        trigger: "human".into(),
        cost_micro_usd: Some(cost),
        ..SessionRow::default()
    }
}

fn part_of(session: SessionRow, attribution: Vec<AttributionRow>, findings: Vec<FindingRow>) -> Vec<(i64, i64, i64)> {
    let inputs = Inputs { sessions: vec![session], attribution, findings, ..Inputs::default() };
    split(&inputs, &Release::new(&inputs, None))
        .parts
        .iter()
        .map(|part| (part.cost, part.cost_low, part.cost_high))
        .collect()
}

#[test]
fn an_outcome_beats_every_suspicion() {
    let link = AttributionRow { session_id: "s".into(), tier: "lines".into(), ..AttributionRow::default() };
    let parts = part_of(session("linked", "review", 100), vec![link], vec![]);
    assert_eq!(parts, [(100, 100, 100), (0, 0, 0), (0, 0, 0), (0, 0, 0), (0, 0, 0)]);
}

#[test]
fn a_link_by_time_alone_is_not_certain() {
    let link = AttributionRow { session_id: "s".into(), tier: "window".into(), ..AttributionRow::default() };
    let parts = part_of(session("linked", "none", 100), vec![link], vec![]);
    assert_eq!(parts, [(100, 0, 100), (0, 0, 100), (0, 0, 0), (0, 0, 0), (0, 0, 100)]);
}

#[test]
fn what_was_not_compared_is_unknown() {
    let parts = part_of(session("none", "insufficient", 100), vec![], vec![]);
    assert_eq!(parts, [(0, 0, 0), (0, 0, 100), (0, 0, 0), (0, 0, 0), (100, 0, 100)]);
}

#[test]
fn overlapping_findings_make_waste_a_range() {
    let found = |finding: &str, cost| FindingRow {
        session_id: "s".into(),
        finding: finding.into(),
        cost_micro_usd: Some(cost),
        ..FindingRow::default()
    };
    let findings = vec![found("identical_calls", 30), found("no_op_run", 90), found("repeated_prompt", 5)];
    let parts = part_of(session("linked", "none", 100), vec![], findings);
    assert_eq!(parts, [(10, 0, 10), (0, 0, 0), (90, 90, 100), (0, 0, 0), (0, 0, 0)]);
}

proptest! {
    #[test]
    fn parts_add_up_and_lie_in_their_ranges(
        rows in prop::collection::vec(
            (0..3_usize, 0..5_usize, 0..3_usize, prop::option::of(0..5_000_000_000_i64), 0..4_usize, 0..6_000_000_000_i64, any::<bool>()),
            0..40,
        )
    ) {
        let mut inputs = Inputs::default();
        for (index, (link, band, trigger, cost, finding, finding_cost, window)) in rows.into_iter().enumerate() {
            let session_id = format!("s{index}");
            inputs.sessions.push(SessionRow {
                session_id: session_id.clone(),
                outcome_link: ["linked", "none", "unknown"][link].into(),
                band: ["insufficient", "none", "note", "look", "review"][band].into(),
                trigger: ["human", "schedule", "unknown"][trigger].into(),
                cost_micro_usd: cost,
                output_tokens: cost.map(|cost| cost / 7),
                ..SessionRow::default()
            });
            for name in &["identical_calls", "no_op_run", "repeated_prompt"][..finding] {
                inputs.findings.push(FindingRow {
                    session_id: session_id.clone(),
                    finding: (*name).into(),
                    cost_micro_usd: Some(finding_cost),
                    tokens: Some(finding_cost),
                    ..FindingRow::default()
                });
            }
            let tier = if window { "window" } else { "explicit" };
            inputs.attribution.push(AttributionRow { session_id, tier: tier.into(), ..AttributionRow::default() });
        }
        let money = split(&inputs, &Release::new(&inputs, None));
        prop_assert_eq!(money.parts.iter().map(|part| part.cost).sum::<i64>(), money.total);
        prop_assert_eq!(money.parts.iter().map(|part| part.tokens).sum::<i64>(), money.total_tokens);
        for part in &money.parts {
            prop_assert!(part.cost_low <= part.cost && part.cost <= part.cost_high, "{:?}", part);
            prop_assert!(part.cost_low >= 0 && part.cost_high <= money.total, "{:?}", part);
        }
    }
}

/// Twenty people: all of them have linked and unknown spend, eighteen exploration, three waste.
fn organisation() -> Inputs {
    let mut inputs = Inputs::default();
    inputs.run.small_cell_floor = 10;
    for person in 0..20 {
        let actor = format!("p{person:02}");
        let mut add = |id: &str, link: &str, band: &str, dollars: i64| {
            inputs.sessions.push(SessionRow {
                session_id: format!("{actor}-{id}"),
                actor: actor.clone(),
                output_tokens: Some(dollars),
                ..session(link, band, dollars * 1_000_000)
            });
        };
        add("a", "linked", "none", 30);
        add("b", "none", "insufficient", 10);
        if person < 18 {
            add("c", "none", "none", 15);
        }
        if person < 3 {
            inputs.findings.push(FindingRow {
                session_id: format!("{actor}-a"),
                finding: "identical_calls".into(),
                cost_micro_usd: Some(1_000_000),
                ..FindingRow::default()
            });
        }
        inputs.actor_weeks.push(crate::score::rows::ActorWeekRow { actor, sessions: 1, ..Default::default() });
    }
    inputs
}

#[test]
fn the_headline_is_shown_and_what_is_withheld_has_the_range_that_anybody_can_compute() {
    let inputs = organisation();
    let mut release = Release::new(&inputs, None);
    let exact = split(&inputs, &release);
    let money = exact.released(&mut release);
    let withheld: Vec<&str> = money.parts.iter().filter(|part| part.withheld).map(|part| part.id).collect();
    assert_eq!(withheld, ["exploration", "waste", "theater_like"]);
    for (part, truth) in money.parts.iter().zip(&exact.parts) {
        let (low, high) = (part.cost_low.0.unwrap().0, part.cost_high.0.unwrap().0);
        assert!(low <= truth.cost && truth.cost <= high, "{part:?} {}", truth.cost);
        let protected = !part.withheld || truth.cost == 0 || part.id == "exploration";
        assert!(protected || high * 100 >= truth.cost * 115 && low * 100 <= truth.cost * 85, "{part:?}");
    }
    // 3 of 1,070: a band is said, and neither value nor tokens nor sessions.
    let waste = money.parts.iter().find(|part| part.id == "waste").unwrap();
    assert_eq!((waste.share, waste.cost, waste.sessions), (Maybe(Some(Share(0.05))), Maybe(None), Maybe(None)));
}
