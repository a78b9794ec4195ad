//! The case file of an invented session, whole, and hostile text in it.

use super::*;
use crate::report::inputs::SignalEntry;
use crate::score::band::Band;
use crate::score::evidence::Contribution;
use crate::score::explain::{Abstention, Innocent};
use crate::score::rows::SignalRow;

/// A session that stands out, with every part of an explanation. The texts that logs decide are `text`.
pub(in crate::report) fn case(text: &str) -> CaseFile {
    let part = |name, kind, family, hundredths| Contribution { name, kind, family, hundredths };
    let row = |signal: &'static str, status: &'static str| SignalRow {
        scope: "session".into(),
        unit_id: format!("s-1{text}"),
        signal: signal.into(),
        family: "REDUNDANCY".into(),
        value: Some(0.75),
        n: 16,
        p: Some(0.0125),
        weight_db: Some(6.51),
        status: status.into(),
        abstain_reason: (status == "abstain").then(|| format!("too few writing sessions{text}")),
        discount: 0.5,
        evidence: serde_json::json!({
            "repeated_prompts": 12,
            "discounts": [{ "why": format!("on call{text}"), "factor": 0.5 }],
            "calibration": {
                "rung": "R0", "peers": "stratum", "stratum": format!("claude-code{text}|engineer|human"), "n_cal": 612,
                "reference": "all weeks",
            },
        })
        .to_string(),
    };
    let catalogue = [SignalEntry {
        name: "prompt_repetition".into(),
        family: "REDUNDANCY".into(),
        measures: format!("Share of prompt effort spent on near-identical prompts.{text}"),
        suggests: "Prompts issued to be counted.".into(),
        innocent: "hand-off templates, evaluations".into(),
        reference: String::new(),
    }];
    CaseFile {
        explanation: Explanation {
            scope: "session",
            unit_id: format!("s-1{text}"),
            score_db: Some(9.21),
            band: Band::Look,
            reasons: vec![
                "a session by itself reaches look at most; its week decides on review".into(),
                format!("contested: an objection of 2026-03-09 is open: a demo for a customer{text}"),
            ],
            contributions: vec![
                part("prompt_repetition", "signal", "REDUNDANCY", 651),
                part("orphan_output", "signal", "NO-CONSUMPTION", 400),
                part("rounding", "rounding", "", 1),
                part("orphan_output", "exculpation", "NO-CONSUMPTION", -131),
            ],
            innocent: vec![Innocent {
                signal: "prompt_repetition".into(),
                discount: 0.5,
                why: vec![format!("on call{text} (times 0.50)")],
                evidence: serde_json::json!({ "discount": 0.5 }),
            }],
            abstentions: vec![Abstention {
                signal: "timer_regularity".into(),
                reason: format!("too few starts{text}"),
            }],
            benign: vec!["a hand-off or ticket template", "retries after an error"],
            would_change: vec!["without prompt_repetition: -1.31 dB, none".into()],
        },
        score_hundredths: Some(921),
        objection: "open".into(),
        session: Some(SessionRow {
            session_id: format!("s-1{text}"),
            actor: "k3qk3qk3qk3qk3qk".into(),
            team_id: format!("platform{text}"),
            client: format!("claude-code/2.1.80{text}"),
            trigger: "human".into(),
            iso_week: "2026-W10".into(),
            prompts: 16,
            completions: 48,
            tool_calls: 60,
            cost_micro_usd: Some(1_234_567),
            outcome_link: "none".into(),
            score_db: Some(9.21),
            band: "look".into(),
            objection: "open".into(),
            ..SessionRow::default()
        }),
        week: None,
        exhibits: Vec::new(),
        readings: vec![
            CaseReading::new(&row("prompt_repetition", "speak"), &catalogue),
            CaseReading::new(&row("timer_regularity", "abstain"), &catalogue),
        ],
        findings: vec![FindingRow {
            session_id: format!("s-1{text}"),
            finding: "repeated_prompt".into(),
            count: 12,
            evidence: serde_json::json!({
                "why": format!("nearly the same prompt was given 12 times{text}"), "sessions": 1, "innocent": [format!("a template{text}")],
            })
            .to_string(),
            ..FindingRow::default()
        }],
        sources: vec![SessionSourceRow {
            session_id: format!("s-1{text}"),
            source: format!("litellm{text}"),
            requests_seen: 3,
            requests_counted: 1,
        }],
        attribution: vec![AttributionRow {
            session_id: format!("s-1{text}"),
            outcome_id: format!("PROJ-7{text}"),
            tier: "window".into(),
            confidence: 0.4,
            lines_matched: 0,
            outcome_kind: "ticket".into(),
        }],
        account: None,
        origin: Origin {
            footlight_version: "0.1.0".into(),
            policy_hash: "5d0f0c1e9ab2".into(),
            as_of: "2026-03-20T00:00:00Z".into(),
        },
    }
}

/// The week of that session and of another, of which a signal abstains and an outcome is known.
pub(in crate::report) fn week(text: &str) -> CaseFile {
    let one = case(text);
    let (unit_id, other) = ("k3qk3qk3qk3qk3qk/2026-W10".to_owned(), format!("s-2{text}"));
    let session = one.session.clone().unwrap();
    let second = SessionRow {
        session_id: other.clone(),
        outcome_link: "linked".into(),
        objection: String::new(),
        ..session.clone()
    };
    let mut other_explanation = one.explanation.clone();
    (other_explanation.unit_id, other_explanation.innocent) = (other.clone(), Vec::new());
    let mut readings = one.readings.clone();
    readings.iter_mut().for_each(|reading| reading.unit_id.clone_from(&unit_id));
    readings.extend(one.readings.clone());
    readings.push(CaseReading { unit_id: other.clone(), ..one.readings[1].clone() });
    let week = ActorWeekRow {
        actor: "k3qk3qk3qk3qk3qk".into(),
        team_id: format!("platform{text}"),
        iso_week: "2026-W10".into(),
        sessions: 2,
        prompts: 32,
        score_db: Some(9.21),
        band: "review".into(),
        ..ActorWeekRow::default()
    };
    let mut attribution = one.attribution.clone();
    attribution.push(AttributionRow { session_id: other.clone(), ..attribution[0].clone() });
    let mut sources = one.sources.clone();
    sources.push(SessionSourceRow { session_id: other, ..sources[0].clone() });
    CaseFile {
        explanation: Explanation {
            scope: "actor_week",
            unit_id,
            band: Band::Review,
            innocent: Vec::new(),
            abstentions: vec![Abstention { signal: "rank_chasing".into(), reason: "no leaderboard".into() }],
            ..one.explanation.clone()
        },
        objection: String::new(),
        session: None,
        week: Some(week),
        exhibits: vec![
            Exhibit { session, explanation: Some(one.explanation.clone()) },
            Exhibit { session: second, explanation: Some(other_explanation) },
        ],
        readings,
        attribution,
        sources,
        ..one
    }
}

fn snapshot(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}

#[test]
fn a_case_as_text_page_and_json() {
    let case = case("");
    let sum: i64 = case.explanation.contributions.iter().map(|part| part.hundredths).sum();
    assert_eq!(Some(sum), case.score_hundredths);
    snapshot("case.txt", &case.text());
    snapshot("case.html", &case.html().unwrap());
    snapshot("case.json", &serde_json::to_string_pretty(&case).unwrap());
}

#[test]
fn a_week_says_what_its_exhibits_say() {
    let week = week("");
    let text = week.text();
    let read = "value 0.750, n 16, p 0.0125, discount 0.50, 6.51 dB; stratum claude-code|engineer|human; p among 612 readings (stratum, all weeks, \
                rung R0); counted repeated prompts 12";
    for line in [
        "  - exhibit 1: s-1 · claude-code/2.1.80 · 16 prompts · $1.23 · outcome none · look (objection open), +9.21 dB",
        "  - exhibit 2: s-2 · claude-code/2.1.80 · 16 prompts · $1.23 · outcome linked · look, +9.21 dB",
        &format!("  - prompt repetition: {read}"),
        &format!("  - exhibit 1, prompt repetition: {read}"),
        "  exhibit 1, 12 × repeated prompt: nearly the same prompt was given 12 times. It may be a template",
        "  exhibit 1, PROJ-7 by window (confidence 0.40, 0 lines)",
        "  exhibit 2, PROJ-7 by window (confidence 0.40, 0 lines)",
        "  - exhibit 1, prompt_repetition: evidence times 0.50: on call (times 0.50)",
        "  - rank_chasing: no leaderboard",
        "  - timer_regularity: too few starts (exhibits 1, 2)",
        "  seen by litellm (6 responses, 2 counted here)",
    ] {
        assert!(text.lines().any(|found| found == line), "{line}\n{text}");
    }
    let page = week.html().unwrap();
    let readings = page.split("<h2 id=\"readings\">").nth(1).unwrap();
    let group = readings.split("<tbody>").nth(2).unwrap();
    assert!(group.contains("Exhibit 1 <code>s-1</code>") && group.contains("p among 612 readings"), "{group}");
    assert!(page.contains("<td><code>s-2</code></td>"), "{page}");
    for untrue in ["No discount applied", "No outcome is linked", "None.", "Every signal that looked"] {
        assert!(!page.contains(untrue), "{untrue}");
    }
    let json = serde_json::to_value(&week).unwrap();
    assert_eq!(json["exhibits"][1]["explanation"]["unit_id"], "s-2");
    assert_eq!(json["readings"][2]["unit_id"], "s-1");
}

#[test]
fn hostile_text_changes_no_shape() {
    let benign = case("x").html().unwrap();
    for payload in ["<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "\u{202e}\u{1b}[2J", "]]>{{ 7*7 }}"]
    {
        let case = case(payload);
        let page = case.html().unwrap();
        assert_eq!(page.matches('<').count(), benign.matches('<').count(), "{payload}");
        assert!(!page.contains("<script") && !page.contains("<img"), "{payload}");
        for steering in ['\u{202e}', '\u{1b}'] {
            assert!(!page.contains(steering) && !case.text().contains(steering), "{payload}");
        }
    }
}

#[test]
fn the_row_of_an_objection_is_valid_csv() {
    for unit in ["s-1", "a,b", "say \"x\""] {
        let row = objection_row(unit);
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(row.as_bytes());
        let record = reader.records().next().unwrap().unwrap();
        assert_eq!((&record[0], record.len()), (unit, 4));
    }
}
