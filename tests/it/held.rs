//! What the totals cover, through the binary: the share of billed use that the logs hold, seats without use, and logs that their own tool deletes.

use crate::sample::footlight;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

/// Twelve people with one response of 1,000 tokens on 1 June; a roster that gives all of them, and eight more, a licence of Codex.
fn logs(dir: &Path) {
    let (mut events, mut roster) = (String::new(), "actor_id,aliases,team_id,role,kind,licences\n".to_owned());
    for number in 0..20 {
        let person = format!("p{number:02}");
        let _ = writeln!(roster, "{person},{person}-login,red,engineer,person,codex");
        if number < 12 {
            let event = json!({
                "ts": format!("2026-06-01T10:{number:02}:07.123Z"), "session_id": format!("s-{person}"), "event_id": format!("e-{person}"),
                "actor_id": person, "kind": "completion", "client": "codex/1.0.0", "provider": "openai", "model": "gpt-5",
                "input_tokens": 900, "output_tokens": 100, "token_basis": "reported", "trigger": "human",
            });
            let _ = writeln!(events, "{event}");
        }
    }
    roster.push_str("ci,,red,,service,codex\n");
    fs::create_dir_all(dir.join("logs")).unwrap();
    fs::write(dir.join("logs/june.events.ndjson"), events).unwrap();
    fs::write(dir.join("logs/roster.csv"), roster).unwrap();
    fs::write(dir.join("footlight.toml"), "[privacy]\nmin_people = 5\n").unwrap();
}

fn summary(dir: &Path) -> Value {
    let (code, _, stderr) = footlight(dir, &["run", "--input", "logs", "--lake", "lake", "--out", "out"]);
    assert_eq!(code, 0, "{stderr}");
    serde_json::from_str(&fs::read_to_string(dir.join("out/summary.json")).unwrap()).unwrap()
}

#[test]
fn coverage_is_not_known_without_a_bill_and_a_share_with_one() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    logs(dir);
    let without = summary(dir);
    assert_eq!((&without["coverage"]["share"], &without["coverage"]["months"]), (&Value::Null, &json!([])));
    let report = fs::read_to_string(dir.join("out/report.md")).unwrap();
    assert!(report.contains("Not known: the lake has no bill"), "{report}");
    let (code, _, _) = footlight(dir, &["check", "--out", "out", "--fail-on", "billed_use_in_logs < 0.9"]);
    assert_eq!(code, 4, "what is not known does not pass");

    // A vendor's report of the same day, with a quarter more, and of the next, of which half is in no log.
    let used = |day: i64, tokens: i64| {
        let from = 1_780_272_000 + (day - 1) * 86_400;
        json!({"object": "bucket", "start_time": from, "end_time": from + 86_400, "results": [{
            "object": "organization.usage.completions.result", "input_tokens": tokens, "output_tokens": 0, "num_model_requests": 1,
            "model": "gpt-5-2025-08-07",
        }]})
    };
    let page = json!({"object": "page", "data": [used(1, 15_000), used(2, 5_000)], "has_more": false});
    fs::write(dir.join("logs/usage.json"), page.to_string()).unwrap();
    let with = summary(dir);
    let coverage = &with["coverage"];
    assert_eq!(
        (&coverage["share"], &coverage["high"], &coverage["measure"]),
        (&json!(0.6), &json!(0.6), &json!("tokens"))
    );
    assert_eq!(coverage["months"][0]["billed"], 20_000);
    for (file, needle) in [
        ("report.md", "| 2026-06 | openai | 20.0\u{a0}k | 12.0\u{a0}k |"),
        ("report.html", "<td>openai</td>"),
        ("report.csv", "coverage_month,coverage,2026-06 openai,share,0.6,0.6,0.6,,false"),
    ] {
        let text = fs::read_to_string(dir.join("out").join(file)).unwrap();
        assert!(text.contains(needle), "{file} lacks {needle}: {text}");
    }
    assert_eq!(footlight(dir, &["check", "--out", "out", "--fail-on", "billed_use_in_logs < 0.5"]).0, 0);
    let sql = "select month, scope, billed, held_low, people from coverage";
    let (_, stdout, _) = footlight(dir, &["query", "--json", "--lake", "lake", "--out", "out", sql]);
    let answer: Value = serde_json::from_str(&stdout).unwrap();
    let row = json!({"month": "2026-06", "scope": "openai", "billed": 20_000, "held_low": 12_000, "people": 12});
    assert_eq!(answer["rows"][0], row);
}

#[test]
fn seat_holders_without_any_use_are_counted_and_named_nowhere() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    logs(dir);
    let seat = |number: i64, last: Value| {
        json!({"created_at": "2026-01-05T00:00:00Z", "last_activity_at": last, "plan_type": "business",
               "assignee": {"login": format!("p{number:02}-login")}})
    };
    let seats: Vec<Value> = (0..20)
        .map(|number| seat(number, if number < 14 { json!("2026-06-01T12:00:00Z") } else { Value::Null }))
        .collect();
    fs::write(dir.join("logs/seats.json"), json!({"total_seats": 20, "seats": seats}).to_string()).unwrap();
    let bill = json!({"usageItems": [{"date": "2026-06-01", "product": "Copilot", "sku": "Copilot Business", "quantity": 20, "unitType": "user-months",
        "netAmount": 380.0}]});
    fs::write(dir.join("logs/bill.json"), bill.to_string()).unwrap();
    let summary = summary(dir);
    let of = |product: &str| {
        summary["seats"].as_array().unwrap().iter().find(|row| row["product"] == product).unwrap().clone()
    };
    let copilot = of("github-copilot");
    assert_eq!(
        (&copilot["seats"], &copilot["used"], &copilot["idle"], &copilot["never_used"]),
        (&json!(20), &json!(15), &json!(5), &json!(5)),
        "14 of 20, rounded"
    );
    assert_eq!(
        (&copilot["idle_cost_low"], &copilot["idle_cost_high"]),
        (&json!(95_000_000), &json!(95_000_000)),
        "of 5 seats, as they are counted"
    );
    let codex = of("codex");
    assert_eq!(
        (&codex["seats"], &codex["used"], &codex["idle"]),
        (&json!(20), &json!(10), &json!(10)),
        "12 of 20, rounded; the service holds none"
    );
    assert_eq!((&of("(any)")["seats"], &of("(any)")["idle"]), (&json!(20), &json!(5)));
    let funnel = &summary["funnel"];
    assert_eq!(
        (&funnel[0]["id"], &funnel[0]["people"], &funnel[1]["people"]),
        (&json!("seats"), &json!(20), &json!(10))
    );
    let (_, stdout, _) = footlight(
        dir,
        &[
            "query",
            "--json",
            "--lake",
            "lake",
            "--out",
            "out",
            "select actor from seats where product = 'codex' and not used",
        ],
    );
    let answer: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(answer["rows"].as_array().unwrap().len(), 8);
    assert!(!stdout.contains("p19"), "holders are pseudonyms: {stdout}");
    for file in ["report.html", "report.md", "summary.json", "report.csv", "run.json"] {
        assert!(!fs::read_to_string(dir.join("out").join(file)).unwrap().contains("p19"), "{file}");
    }
}

#[test]
fn who_uses_a_tool_without_a_seat_is_in_no_share_of_the_seats() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    logs(dir);
    let mut events = String::new();
    for number in 0..6 {
        let event = json!({
            "ts": format!("2026-06-01T11:{number:02}:07.123Z"), "session_id": format!("s-c{number}"), "event_id": format!("e-c{number}"),
            "actor_id": format!("c{number}"), "kind": "completion", "client": "codex/1.0.0", "provider": "openai", "model": "gpt-5",
            "input_tokens": 900, "output_tokens": 100, "token_basis": "reported", "trigger": "human",
        });
        let _ = writeln!(events, "{event}");
    }
    fs::write(dir.join("logs/guests.events.ndjson"), events).unwrap();
    let summary = summary(dir);
    let active = &summary["funnel"][1];
    assert_eq!((&active["id"], &active["people"]), (&json!("active"), &json!(20)), "18, rounded");
    assert_eq!(active["of_previous"], json!(0.6), "12 of 20 seats");
    let run: Value = serde_json::from_str(&fs::read_to_string(dir.join("out/run.json")).unwrap()).unwrap();
    assert_eq!(run["run"]["active_without_seat"], json!(6));
}

#[test]
fn an_ingest_that_came_late_says_which_logs_may_be_gone() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let project = dir.join("home/.claude/projects/shop");
    fs::create_dir_all(&project).unwrap();
    let line = json!({
        "type": "assistant", "uuid": "a", "parentUuid": null, "isSidechain": false, "userType": "external", "cwd": "/home/ada/shop",
        "sessionId": "s", "version": "2.1.160", "gitBranch": "main", "timestamp": "2026-06-01T09:10:00.000Z", "requestId": "r",
        "message": {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude-sonnet-4-6", "content": [{"type": "text", "text": "done"}],
                    "stop_reason": "end_turn", "usage": {"input_tokens": 3, "output_tokens": 20}},
    });
    let log = project.join("s.jsonl");
    fs::write(&log, format!("{line}\n")).unwrap();
    let aged = |days: u64| {
        let file = fs::File::options().write(true).open(&log).unwrap();
        file.set_modified(SystemTime::now() - Duration::from_secs(days * 86_400)).unwrap();
    };
    let told = |args: &[&str]| {
        let (code, stdout, stderr) = footlight(dir, args);
        assert_eq!(code, 0, "{stderr}");
        serde_json::from_str::<Value>(&stdout).unwrap()["ingest"]["retention"].clone()
    };
    let ingest = || told(&["ingest", "--json", "--input", "home", "--lake", "lake"]);
    aged(2);
    assert_eq!(ingest(), json!([]));
    // Twenty-six of thirty days: just in time. With ten days by its settings it is not deleted here at all.
    fs::write(&log, format!("{line}\n{}\n", line.to_string().replace("msg_1", "msg_2"))).unwrap();
    aged(26);
    let notes = ingest();
    assert!(notes[0].as_str().unwrap().starts_with("Logs of claude_code go from "), "{notes}");
    // The lake was written to eighty days ago, and the tool keeps thirty.
    let state = fs::read_to_string(dir.join("lake/retention.json")).unwrap();
    let mut state: Value = serde_json::from_str(&state).unwrap();
    let long_ago = jiff::Timestamp::now() - jiff::SignedDuration::from_hours(24 * 80);
    state["ingested_at"]["claude_code"] = json!(long_ago.to_string());
    fs::write(dir.join("lake/retention.json"), state.to_string()).unwrap();
    let notes = told(&["run", "--json", "--input", "home", "--lake", "lake", "--out", "out"]);
    assert!(notes[0].as_str().unwrap().contains("may be gone"), "{notes}");
    let report = fs::read_to_string(dir.join("out/report.md")).unwrap();
    assert!(report.contains("### Logs that are deleted"), "{report}");
    let summary: Value = serde_json::from_str(&fs::read_to_string(dir.join("out/summary.json")).unwrap()).unwrap();
    assert_eq!((&summary["retention"][0]["state"], &summary["retention"][0]["kept_days"]), (&json!("gap"), &json!(30)));
    assert_eq!(footlight(dir, &["check", "--out", "out", "--fail-on", "retention_gaps > 0"]).0, 4);
}
