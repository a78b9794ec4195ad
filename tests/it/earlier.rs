//! `report --compare LAKE@VERSION`, through the binary: the lake as it was, scored as it is now, and what the difference may say.

use crate::sample::footlight;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

/// One response of a person each day of five weeks that begin on Monday 4 May 2026. `from` to `to` are people, of whom twelve are in each team.
fn logs(dir: &Path, name: &str, people: std::ops::Range<u32>, weeks: std::ops::Range<u32>) {
    let mut events = String::new();
    for person in people {
        for day in weeks.start * 7..weeks.end * 7 {
            let at = jiff::civil::date(2026, 5, 4).saturating_add(jiff::Span::new().days(i64::from(day)));
            let event = json!({
                "ts": format!("{at}T10:00:{:02}Z", person), "session_id": format!("s-{person}-{day}"),
                "event_id": format!("e-{person}-{day}"), "actor_id": format!("p{person:02}"), "kind": "completion", "trigger": "human",
                "client": "codex/1.0.0", "provider": "openai", "model": "gpt-5", "input_tokens": 900 + person, "output_tokens": 100,
                "token_basis": "reported",
            });
            let _ = writeln!(events, "{event}");
        }
    }
    fs::create_dir_all(dir.join("logs")).unwrap();
    fs::write(dir.join(format!("logs/{name}.events.ndjson")), events).unwrap();
}

fn run(dir: &Path, expected: i32, args: &[&str]) -> Value {
    let (code, stdout, stderr) = footlight(dir, args);
    assert_eq!(code, expected, "{args:?}: {stderr}");
    serde_json::from_str(&stdout).unwrap()
}

#[test]
fn the_lake_as_it_was_tells_what_came_late_from_what_is_new() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let mut roster = "actor_id,aliases,team_id,role,kind\n".to_owned();
    (0..36).for_each(|person| {
        let _ = writeln!(roster, "p{person:02},,team {},engineer,person", person / 12);
    });
    logs(dir, "first", 0..24, 0..4);
    fs::write(dir.join("logs/roster.csv"), roster).unwrap();
    let pipeline = ["run", "--json", "--input", "logs", "--lake", "lake", "--out", "out"];
    run(dir, 0, &pipeline);
    // Twelve people deliver late, and everybody has worked a week more; then one person delivers late, too.
    logs(dir, "late", 24..35, 0..4);
    logs(dir, "new", 0..35, 4..5);
    run(dir, 0, &pipeline);
    logs(dir, "last", 35..36, 0..5);
    run(dir, 0, &pipeline);
    let status = run(dir, 0, &["status", "--json", "lake"]);
    assert_eq!((&status["oldest_version"]["number"], &status["newest_version"]["number"]), (&json!(1), &json!(3)));

    let compare = |against: &str| {
        let answer = run(dir, 0, &["report", "--json", "--out", "out", "--compare", against]);
        answer["summary"]["comparison"].clone()
    };
    let first = compare("lake@1");
    let restated = |comparison: &Value| -> Vec<String> {
        let rows = comparison["restated"].as_array().unwrap();
        rows.iter().filter(|row| row["what"] == "sessions").map(|row| row.to_string()).collect()
    };
    assert_eq!(restated(&first).len(), 4, "{first}");
    assert_eq!(first["new_weeks"], json!(["2026-W23"]));
    let (reasons, note) = (first["reasons"].as_array().unwrap(), first["note"].as_str().unwrap());
    assert!(reasons.len() == 1 && reasons[0].as_str().unwrap().starts_with("late input"), "{reasons:?}");
    assert!(note.starts_with("The lake as it was then was scored again"), "{note}");
    let page = fs::read_to_string(dir.join("out/report.html")).unwrap();
    assert!(page.contains("Against version 1 of the lake, of 20"), "no section of the comparison");
    // Nothing is left of the other report, and made again it publishes nothing new.
    let left: Vec<_> = fs::read_dir(dir.join("out")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().starts_with('.')), "{left:?}");
    let ledger = fs::read(dir.join("lake/releases.jsonl")).unwrap();
    assert_eq!(compare("lake@v1"), first);
    assert_eq!(fs::read(dir.join("lake/releases.jsonl")).unwrap(), ledger, "the ledger grew");

    // Between the second version and the third one person has come: no figure may say so.
    let second = compare("lake@2");
    assert_eq!(restated(&second), Vec::<String>::new(), "{second}");
    let moved = |row: &&Value| row["change"] == "higher" || row["change"] == "lower";
    assert_eq!(second["moved"].as_array().unwrap().iter().filter(moved).count(), 0, "{second}");

    // What differs by more than the input is said; a report knows the lake that tells it apart.
    let old = dir.join("old.json");
    fs::copy(dir.join("out/summary.json"), &old).unwrap();
    fs::write(dir.join("footlight.toml"), "title = \"Renamed\"\n").unwrap();
    let (code, _, stderr) = footlight(dir, &["report", "--out", "out", "--compare", "lake@1"]);
    assert!(code == 2 && stderr.contains("run `footlight score` again"), "{stderr}");
    logs(dir, "later", 0..36, 5..6);
    let answer = run(dir, 0, &[&pipeline[..], &["--compare", "old.json"]].concat());
    let changed = answer["answer"]["what_changed"].as_str().unwrap();
    assert!(changed.starts_with("Since the report as of 2026-06-07, "), "{changed}");
    let compared = run(dir, 0, &["report", "--json", "--out", "out", "--compare", "old.json", "--lake", "lake"]);
    let comparison = &compared["summary"]["comparison"];
    let reasons: Vec<&str> = comparison["reasons"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert!(reasons.len() == 2 && reasons[1].starts_with("the configuration: policy "), "{reasons:?}");
    assert!(comparison["note"].as_str().unwrap().contains("--compare LAKE@3`"), "{comparison}");

    for (against, needle) in [
        ("lake@9", "the lake has no version 9; there are 1 ("),
        ("lake@2020-01-01", "the lake has no version that old"),
        ("lake@soon", "`soon` is no version and no time"),
    ] {
        let (code, _, stderr) = footlight(dir, &["report", "--out", "out", "--compare", against]);
        assert!(code == 2 && stderr.contains(needle), "{stderr}");
    }
    let (code, _, _) = footlight(dir, &["report", "--out", "out", "--compare", "nowhere@1"]);
    assert_eq!(code, 10);
    // Whoever is forgotten is in no earlier version either: their files are gone, and with them the versions.
    run(dir, 0, &["forget", "--json", "--lake", "lake", "--id", "p35", "--reason", "asked for it in June", "--yes"]);
    let (code, _, stderr) = footlight(dir, &["report", "--out", "out", "--compare", "lake@1"]);
    assert!(code == 2 && stderr.contains("version 1 of the lake at lake cannot be read any more"), "{stderr}");
}
