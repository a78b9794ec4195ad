//! Outcomes of people without commits, from the exports of forges and trackers to the weeks of their people: each with its actor, each piece of work once; and which
//! lines of a session are looked for in commits.

use assert_cmd::Command;
use serde_json::Value;
use std::fs;
use std::path::Path;

fn footlight(dir: &Path, args: &[&str]) -> (i32, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_footlight"))
        .current_dir(dir)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .args(args)
        .output()
        .unwrap();
    (output.status.code().unwrap_or(-1), String::from_utf8(output.stdout).unwrap())
}

/// The rows of a question for one text, `line`.
fn asked(dir: &Path, args: &[&str], sql: &str) -> Vec<String> {
    let (code, stdout) = footlight(dir, &[&["query", "--json"], args, &[sql]].concat());
    assert_eq!(code, 0, "{stdout}");
    let answer: Value = serde_json::from_str(&stdout).unwrap();
    answer["rows"].as_array().unwrap().iter().map(|row| row["line"].as_str().unwrap().to_owned()).collect()
}

const ROSTER: &str = "actor_id,aliases,team_id\n\
    ada,ada-l;ada@example.test;acc-ada,shop\n\
    grace,grace-h;grace@example.test,shop\n\
    pat,pat@example.test,desk\n";

const MAPPINGS: &str = include_str!("../../src/sources/mapping/fixtures/footlight.toml");

/// One prompt of each of the three, and what Ada's own log says of the request that she opened.
const PROMPTS: &str = r#"{"ts":"2026-06-01T09:00:00Z","session_id":"s-ada","kind":"prompt","actor_id":"ada","trigger":"human","client":"deskbot/1"}
{"ts":"2026-06-01T09:00:00Z","session_id":"s-grace","kind":"prompt","actor_id":"grace","trigger":"human","client":"deskbot/1"}
{"ts":"2026-06-01T09:00:00Z","session_id":"s-pat","kind":"prompt","actor_id":"pat","trigger":"human","client":"deskbot/1"}
"#;

const TRANSCRIPT: &str = r#"{"type":"user","uuid":"u-1","parentUuid":null,"isSidechain":false,"userType":"external","entrypoint":"cli","cwd":"/home/ada-l/shop","sessionId":"5b0e0a4e-0000-4000-8000-000000000001","version":"2.1.160","timestamp":"2026-06-01T09:00:00.000Z","promptSource":"typed","origin":{"kind":"human"},"message":{"role":"user","content":"round the cents"}}
{"type":"pr-link","sessionId":"5b0e0a4e-0000-4000-8000-000000000001","prNumber":7,"prUrl":"https://github.test/acme/shop/pull/7","prRepository":"acme/shop","timestamp":"2026-06-01T09:20:00.000Z"}
"#;

/// A request of Ada's with its commit, which Grace reviewed in two rounds, and an issue that it closed.
const REQUESTS: &str = r#"[{"number":7,"title":"Cents, for PROJ-7","author":{"login":"ada-l"},"state":"MERGED","createdAt":"2026-06-01T09:20:00Z","updatedAt":"2026-06-02T08:00:00Z","closedAt":"2026-06-02T08:00:00Z","mergedAt":"2026-06-02T08:00:00Z","headRefName":"cents","commits":[{"oid":"00000000000000000000000000000000000000c1"}],"closingIssuesReferences":[{"number":5,"url":"https://github.test/acme/shop/issues/5"}],"reviews":[{"id":"PRR_1","author":{"login":"grace-h"},"state":"COMMENTED","submittedAt":"2026-06-01T15:00:00Z"},{"id":"PRR_2","author":{"login":"grace-h"},"state":"APPROVED","submittedAt":"2026-06-01T16:00:00Z"}],"url":"https://github.test/acme/shop/pull/7"}]"#;

/// The same request before it was merged, in the other spelling.
const EARLIER: &str = r#"{"html_url":"https://github.test/acme/shop/pull/7","number":7,"state":"open","title":"Cents","user":{"login":"ada-l"},"created_at":"2026-06-01T09:20:00Z","updated_at":"2026-06-01T10:00:00Z","head":{"ref":"cents","sha":"00000000000000000000000000000000000000c1"}}"#;

const ISSUES: &str = r#"[{"number":5,"title":"Totals","state":"CLOSED","stateReason":"COMPLETED","assignees":[{"login":"ada-l"}],"createdAt":"2026-05-30T09:00:00Z","updatedAt":"2026-06-02T08:00:01Z","closedAt":"2026-06-02T08:00:01Z","url":"https://github.test/acme/shop/issues/5"}]"#;

const TICKETS: &str = "Summary,Issue key,Issue id,Status,Resolution,Assignee Id,Created,Updated,Resolved\n\
    Cents,PROJ-7,1,Done,Done,acc-ada,30/May/26 9:00 AM,02/Jun/26 8:00 AM,02/Jun/26 8:00 AM\n";

const COMMITS: &str = r#"{"ts":"2026-06-01T10:00:00Z","outcome_id":"00000000000000000000000000000000000000c1","kind":"commit","status":"landed","actor_id":"ada@example.test","repo":"https://github.test/acme/shop"}
"#;

const DESK: &str = "Ticket;Queue;State;Agent;Opened;Closed;Linked\n\
    H-1;eu;solved;pat@example.test;01.06.2026 09:00;02.06.2026 17:30;\n\
    H-2;eu;solved;pat@example.test;01.06.2026 09:00;03.06.2026 17:30;\n";

#[test]
fn people_without_commits_have_outcomes_and_one_piece_of_work_counts_once() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    fs::create_dir_all(dir.join("in/exports")).unwrap();
    for (name, text) in [
        ("roster.csv", ROSTER),
        ("week.events.ndjson", PROMPTS),
        ("exports/5b0e0a4e-0000-4000-8000-000000000001.jsonl", TRANSCRIPT),
        ("exports/requests.json", REQUESTS),
        ("exports/earlier.json", EARLIER),
        ("exports/issues.json", ISSUES),
        ("exports/jira.csv", TICKETS),
        ("work.outcomes.ndjson", COMMITS),
        ("exports/desk.csv", DESK),
    ] {
        fs::write(dir.join("in").join(name), text).unwrap();
    }
    fs::write(dir.join("footlight.toml"), MAPPINGS).unwrap();

    let (code, stdout) = footlight(dir, &["run", "--json", "--input", "in", "--lake", "lake", "--out", "out"]);
    assert_eq!(code, 0, "{stdout}");

    let lake = ["--lake", "lake"];
    let sql = "select concat_ws(' ', kind, outcome_id, actor_id, status) as line from outcomes order by line";
    assert_eq!(
        asked(dir, &lake, sql),
        [
            "commit 00000000000000000000000000000000000000c1 ada@example.test landed",
            "pull_request acme/shop#7 ada-l landed",
            "review acme/shop#7/PRR_1 grace-h landed",
            "review acme/shop#7/PRR_2 grace-h landed",
            "ticket PROJ-7 acc-ada landed",
            "ticket acme/shop#5 ada-l landed",
            "ticket helpdesk/eu/H-1 pat@example.test landed",
            "ticket helpdesk/eu/H-2 pat@example.test landed",
        ]
    );
    // Ada's request with its commit and two tickets is one, Grace's two rounds of review are one, Pat's tickets are two.
    let results = ["--lake", "lake", "--out", "out"];
    let sql = "select concat_ws(' ', iso_week, cast(outcomes as varchar)) as line from actor_weeks order by line";
    assert_eq!(asked(dir, &results, sql), ["2026-W23 1", "2026-W23 1", "2026-W23 2"]);
    // The forge's record of the request replaced the one that the session's log made; the session is still linked to it.
    let sql = "select concat_ws(' ', session_id, tier) as line from attribution where outcome_id = 'acme/shop#7' and tier = 'explicit'";
    assert_eq!(asked(dir, &results, sql), ["5b0e0a4e-0000-4000-8000-000000000001 explicit"]);
}

/// A first commit long before the logs, and one two weeks after them.
const HISTORY: &str = r#"{"ts":"2019-05-01T10:00:00Z","outcome_id":"00000000000000000000000000000000000000a1","kind":"commit","status":"landed","actor_id":"ada","repo":"https://github.test/acme/shop"}
{"ts":"2026-03-27T10:00:00Z","outcome_id":"00000000000000000000000000000000000000a2","kind":"commit","status":"landed","actor_id":"ada","repo":"https://github.test/acme/shop"}
"#;

const BILL: &str = r#"{"data":[{"starting_at":"2026-06-01T00:00:00Z","ending_at":"2026-06-02T00:00:00Z","results":[{"currency":"USD","amount":"250","workspace_id":"wrkspc_desk","description":"Claude Sonnet 4.6 Usage - Output Tokens","cost_type":"tokens","model":"claude-sonnet-4-6","token_type":"output_tokens"}]}],"has_more":false,"next_page":null}"#;

/// What a run over these files says of its span: the moment it speaks for, its first and last day, and each week with whether it is whole.
fn span_of(files: &[(&str, &str)]) -> (Value, [Value; 2], Vec<(String, bool)>) {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    fs::create_dir(dir.join("in")).unwrap();
    for (name, text) in files {
        fs::write(dir.join("in").join(name), text).unwrap();
    }
    let (code, stdout) = footlight(dir, &["run", "--json", "--input", "in", "--lake", "lake", "--out", "out"]);
    assert_eq!(code, 0, "{stdout}");
    let facts: Value = serde_json::from_str(&fs::read_to_string(dir.join("out/run.json")).unwrap()).unwrap();
    let week = |week: &Value| (week["iso_week"].as_str().unwrap().to_owned(), week["partial"] == false);
    let weeks = facts["weeks"].as_array().unwrap().iter().map(week).collect();
    let run = &facts["run"];
    (run["as_of"].clone(), [run["period_start"].clone(), run["period_end"].clone()], weeks)
}

#[test]
fn outcomes_do_not_stretch_the_time_that_logs_are_known_of() {
    let prompt = |id: &str, ts: &str| {
        format!(
            "{{\"ts\":\"{ts}\",\"session_id\":\"{id}\",\"kind\":\"prompt\",\"actor_id\":\"ada\",\"trigger\":\"human\",\"client\":\"deskbot/1\"}}\n"
        )
    };
    // From a Monday to the Friday of the week after.
    let logs = prompt("s-1", "2026-03-02T09:00:00Z") + &prompt("s-2", "2026-03-13T09:00:00Z");
    let weeks = |weeks: &[(&str, bool)]| weeks.iter().map(|(week, whole)| ((*week).to_owned(), *whole)).collect();
    let all = span_of(&[("a.events.ndjson", &logs), ("a.outcomes.ndjson", HISTORY)]);
    let whole: Vec<(String, bool)> =
        weeks(&[("2019-W18", false), ("2026-W10", true), ("2026-W11", true), ("2026-W13", false)]);
    // Scores speak for the newest commit; what is left of the logs is not known of its week.
    assert_eq!(all, ("2026-03-27T10:00:00Z".into(), ["2026-03-02".into(), "2026-03-13".into()], whole));
    // Outcomes alone have no period, and weeks of which nothing is known but them.
    let landed = span_of(&[("a.outcomes.ndjson", HISTORY)]);
    let none: Vec<(String, bool)> = weeks(&[("2019-W18", false), ("2026-W13", false)]);
    assert_eq!(landed, ("2026-03-27T10:00:00Z".into(), [Value::Null, Value::Null], none));
    // Nor has what a vendor counted.
    assert_eq!(span_of(&[("cost.json", BILL)]), (Value::Null, [Value::Null, Value::Null], vec![]));
}

/// Edits of the same size in four files of one repository.
const EDITS: &str = r#"{"ts":"2026-06-01T09:00:00Z","session_id":"s","kind":"tool_call","actor_id":"ada","tool_name":"edit","effect":"write","repo":"/w/shop","path":"/w/shop/src/cents.rs","tool_args":"{\"content\":\"let total = cents(1);\"}"}
{"ts":"2026-06-01T09:00:01Z","session_id":"s","kind":"tool_call","actor_id":"ada","tool_name":"edit","effect":"write","repo":"/w/shop","path":"/w/shop/services/vendor/pay.rs","tool_args":"{\"content\":\"let total = cents(2);\"}"}
{"ts":"2026-06-01T09:00:02Z","session_id":"s","kind":"tool_call","actor_id":"ada","tool_name":"edit","effect":"write","repo":"/w/shop","path":"web/yarn.lock","tool_args":"{\"content\":\"let total = cents(3);\"}"}
{"ts":"2026-06-01T09:00:03Z","session_id":"s","kind":"tool_call","actor_id":"ada","tool_name":"edit","effect":"write","repo":"/w/vendor/shop","path":"/w/vendor/shop/src/cents.rs","tool_args":"{\"content\":\"let total = cents(4);\"}"}
"#;

#[test]
fn lines_of_files_that_nobody_writes_are_no_lines_of_a_session() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    fs::write(dir.join("week.events.ndjson"), EDITS).unwrap();
    let (code, stdout) = footlight(dir, &["ingest", "--json", "--input", "week.events.ndjson", "--lake", "lake"]);
    assert_eq!(code, 0, "{stdout}");
    let sql = "select concat_ws(' ', path, cast(coalesce(cardinality(added_lines), 0) as varchar)) as line from events order by ts";
    assert_eq!(
        asked(dir, &["--lake", "lake"], sql),
        [
            "/w/shop/src/cents.rs 1",
            "/w/shop/services/vendor/pay.rs 0",
            "web/yarn.lock 0",
            "/w/vendor/shop/src/cents.rs 1",
        ]
    );
}

#[test]
fn sources_try_says_what_would_be_read_and_writes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    fs::write(dir.join("desk.csv"), DESK).unwrap();
    fs::write(dir.join("footlight.toml"), MAPPINGS).unwrap();
    let (code, stdout) = footlight(dir, &["sources", "try", "desk.csv", "--records", "1", "--json"]);
    let answer: Value = serde_json::from_str(&stdout).unwrap();
    let file = &answer["files"][0];
    assert_eq!((code, file["source"].as_str(), file["read"]["outcomes"].as_u64()), (0, Some("mapping"), Some(2)));
    assert_eq!(file["records"][0]["outcome_id"], "helpdesk/eu/H-1");
    let (code, _) = footlight(dir, &["sources", "try", "footlight.toml"]);
    assert_eq!(code, 3, "nobody knows the file");
    assert_eq!(fs::read_dir(dir).unwrap().count(), 2);
    fs::create_dir(dir.join(".claude")).unwrap();
    fs::write(dir.join(".claude/settings.json"), "{\"theme\": \"dark\"}").unwrap();
    let (code, stdout) = footlight(dir, &["sources", "try", ".claude/settings.json"]);
    assert_eq!(code, 3);
    assert!(stdout.contains("it is what claude_code keeps beside its logs (settings)"), "{stdout}");
}
