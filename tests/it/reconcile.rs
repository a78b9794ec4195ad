//! `footlight reconcile` on invented logs and bills, through the binary: what is missing, what is extra, which code it ends with.

use crate::sample::footlight;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

const PEOPLE: [&str; 5] = ["ada", "bob", "cyd", "dan", "eve"];

/// A completion of 1,000 tokens in and 100 out.
fn completion(id: &str, session: &str, actor: &str, ts: &str, model: &str) -> String {
    json!({
        "ts": ts, "session_id": session, "event_id": id, "actor_id": format!("{actor}@example.test"), "kind": "completion",
        "client": "codex/1.0.0", "provider": "openai", "model": model, "input_tokens": 1000, "output_tokens": 100,
        "token_basis": "reported", "trigger": "human",
    })
    .to_string()
}

/// Five people with a response each on three days; one of them at half past one in the morning, which is the day before in UTC.
fn logs(dir: &Path) {
    let mut events = String::new();
    for (day, model) in [("01", "gpt-5"), ("02", "gpt-5-2025-08-07"), ("04", "gpt-5")] {
        for (number, person) in PEOPLE.iter().enumerate() {
            let ts = match (day, number) {
                ("01", 4) => "2026-06-02T01:30:00.417+02:00".to_owned(),
                _ => format!("2026-06-{day}T10:0{number}:07.{number}83Z"),
            };
            let _ = writeln!(
                events,
                "{}",
                completion(&format!("{person}-{day}"), &format!("s-{person}-{day}"), person, &ts, model)
            );
        }
    }
    let mut roster = "actor_id,aliases,team_id,role,kind,time_zone,active_from,active_to\n".to_owned();
    for person in PEOPLE {
        let _ = writeln!(roster, "{person},{person}@example.test;user-{person},red,engineer,person,Europe/Berlin,,");
    }
    roster.push_str("zoe,user-zoe,blue,engineer,person,,,\n");
    fs::create_dir_all(dir.join("logs")).unwrap();
    fs::write(dir.join("logs/june.events.ndjson"), events).unwrap();
    fs::write(dir.join("logs/roster.csv"), roster).unwrap();
    fs::write(dir.join("footlight.toml"), "[privacy]\nmin_people = 5\n").unwrap();
    let (code, _, stderr) = footlight(dir, &["ingest", "--input", "logs", "--lake", "lake"]);
    assert_eq!(code, 0, "{stderr}");
}

/// 1 June 2026 in seconds, and the days after it.
fn day(number: i64) -> i64 {
    1_780_272_000 + (number - 1) * 86_400
}

fn usage(results: &[(i64, Value)]) -> String {
    let buckets: Vec<Value> = results
        .iter()
        .map(|(number, result)| json!({"object": "bucket", "start_time": day(*number), "end_time": day(number + 1), "results": [result]}))
        .collect();
    json!({"object": "page", "data": buckets, "has_more": false}).to_string()
}

fn used(user: &str, tokens: i64, requests: i64) -> Value {
    json!({
        "object": "organization.usage.completions.result", "input_tokens": tokens, "input_cached_tokens": 0, "output_tokens": 0,
        "num_model_requests": requests, "model": "gpt-5-2025-08-07", "user_id": user, "project_id": "proj_shop",
    })
}

/// A day of five people, 5,500 tokens.
fn of_all(number: i64) -> impl Iterator<Item = (i64, Value)> {
    PEOPLE.iter().map(move |person| (number, used(&format!("user-{person}"), 1100, 1)))
}

/// One day as logged, one with as much again, one that nobody logged, one with less than is logged.
fn bill(dir: &Path) {
    let others = [(2, used("user-bob", 11_000, 10)), (3, used("user-zoe", 700, 1)), (4, used("", 3000, 3))];
    let results: Vec<(i64, Value)> = of_all(1).chain(others).collect();
    fs::write(dir.join("usage.json"), usage(&results)).unwrap();
}

fn reconcile(dir: &Path, arguments: &[&str]) -> (i32, Value, String) {
    let mut all = vec!["reconcile", "--json", "--lake", "lake"];
    all.extend(arguments);
    let (code, stdout, stderr) = footlight(dir, &all);
    (code, serde_json::from_str(&stdout).unwrap_or(Value::Null), stderr)
}

fn lines(answer: &Value) -> Vec<(String, String, i64, i64, i64, i64)> {
    let number = |line: &Value, name: &str| line[name].as_i64().unwrap();
    let rows = answer["reconciliation"]["lines"].as_array().unwrap().iter();
    rows.map(|line| {
        let text = |name: &str| line[name].as_str().unwrap().to_owned();
        let (billed, logged) = (number(line, "billed"), number(line, "logged"));
        (text("period_from"), text("model"), billed, logged, number(line, "missing"), number(line, "extra"))
    })
    .collect()
}

/// A reader that goes away ends the output and not the answer.
#[test]
fn a_closed_pipe_does_not_change_the_exit_code() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    logs(dir);
    bill(dir);
    for format in ["csv", "table", "ndjson"] {
        let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_footlight"))
            .current_dir(dir)
            .args(["reconcile", "--lake", "lake", "--bill", "usage.json", "--format", format])
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        assert_eq!(child.wait().unwrap().code(), Some(4), "{format}");
    }
}

#[test]
fn missing_and_extra_use_is_told_by_day_of_utc_and_ends_with_code_4() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    logs(dir);
    bill(dir);
    let (code, answer, stderr) = reconcile(dir, &["--bill", "usage.json"]);
    assert_eq!(code, 4, "{stderr}");
    assert_eq!((&answer["status"], &answer["exit_code"]), (&json!("gate_failed"), &json!(4)));
    let line = |day: &str, billed, logged, missing, extra| {
        (format!("2026-06-{day}"), "gpt-5".to_owned(), billed, logged, missing, extra)
    };
    assert_eq!(
        lines(&answer),
        [
            line("01", 5500, 5500, 0, 0),
            line("02", 11_000, 5500, 5500, 0),
            line("03", 700, 0, 700, 0),
            line("04", 3000, 5500, 0, 2500),
        ]
    );
    let scope = &answer["reconciliation"]["scopes"][0];
    assert_eq!(
        (&scope["missing"], &scope["missing_share"], &scope["extra_share"]),
        (&json!(6200), &json!(0.3069), &json!(0.1238))
    );
    // A team of five on the bill and in the logs is shown, one of whom the bill names one and the logs nobody is not.
    let teams = answer["reconciliation"]["teams"].as_array().unwrap();
    let of = |team: &str| teams.iter().find(|line| line["team_id"] == team).unwrap();
    assert_eq!((&of("red")["billed_tokens"], &of("red")["logged_tokens"]), (&json!(16_500), &json!(16_500)));
    assert_eq!((&of("blue")["suppressed"], &of("blue")["billed_tokens"]), (&json!(true), &Value::Null));
    assert_eq!(answer["reconciliation"]["accounts"][0]["account"], "proj_shop");
    // Wider, or over fewer days, it passes; nobody's name is in any of it.
    assert_eq!(reconcile(dir, &["--bill", "usage.json", "--tolerance", "35%"]).0, 0);
    assert_eq!(reconcile(dir, &["--bill", "usage.json", "--to", "2026-06-01"]).0, 0);
    assert_eq!(reconcile(dir, &["--bill", "usage.json", "--from", "2026-06-02", "--to", "2026-06-01"]).0, 2);
    assert_eq!(reconcile(dir, &["--bill", "usage.json", "--tolerance", "120%"]).0, 2);
    let (code, answer_of_error, stderr) = reconcile(dir, &["--bill", "."]);
    assert!(code == 2 && format!("{answer_of_error}{stderr}").contains("is a directory"), "{answer_of_error}{stderr}");
    let text = answer.to_string();
    assert!(PEOPLE.iter().all(|person| !text.contains(&format!("{person}@"))), "{text}");
}

#[test]
fn days_that_were_asked_for_are_compared_though_the_bill_has_no_row_on_them() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    logs(dir);
    fs::write(dir.join("usage.json"), usage(&of_all(2).collect::<Vec<_>>())).unwrap();
    let (code, answer, stderr) = reconcile(dir, &["--bill", "usage.json"]);
    assert_eq!((code, lines(&answer).len()), (0, 1), "{stderr} {answer}");
    let (code, answer, stderr) =
        reconcile(dir, &["--bill", "usage.json", "--from", "2026-06-01", "--to", "2026-06-04"]);
    let compared: Vec<_> = lines(&answer).into_iter().map(|line| (line.0, line.2, line.5)).collect();
    let line = |day: &str, billed: i64, extra: i64| (format!("2026-06-{day}"), billed, extra);
    assert_eq!((code, compared), (4, vec![line("01", 0, 5500), line("02", 5500, 0), line("04", 0, 5500)]), "{stderr}");
    let amounts = |answer: &Value| {
        let (team, account) = (&answer["reconciliation"]["teams"][0], &answer["reconciliation"]["accounts"][0]);
        [&team["billed_tokens"], &team["logged_tokens"], &account["billed_tokens"]].map(|amount| amount.as_i64())
    };
    assert_eq!(amounts(&answer), [Some(5500), Some(16_500), Some(5500)]);
    // A part of a month on one side is the same part on the other, for teams and accounts too.
    let (code, answer, stderr) =
        reconcile(dir, &["--bill", "usage.json", "--from", "2026-06-02", "--to", "2026-06-03"]);
    assert_eq!((code, amounts(&answer)), (0, [Some(5500); 3]), "{stderr} {answer}");
}

#[test]
fn the_answer_reads_as_it_should() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    logs(dir);
    bill(dir);
    let (code, text, _) = footlight(dir, &["reconcile", "--bill", "usage.json", "--lake", "lake"]);
    assert_eq!(code, 4);
    let (code, csv, _) = footlight(dir, &["reconcile", "--bill", "usage.json", "--lake", "lake", "--format", "csv"]);
    assert_eq!(code, 4);
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!("reconcile.txt", format!("{text}\n{csv}")));
}

#[test]
fn tokens_come_from_usage_and_money_from_costs_and_the_same_page_twice_counts_once() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    logs(dir);
    let cost = |number: i64, value: f64| {
        let result = json!({"object": "organization.costs.result", "amount": {"value": value, "currency": "usd"}, "line_item": "gpt-5-2025-08-07, input"});
        (number, result)
    };
    let results = [(1, used("user-ada", 5500, 5)), (2, used("user-ada", 5500, 5)), (4, used("user-ada", 5500, 5))];
    fs::write(dir.join("usage.json"), usage(&results)).unwrap();
    fs::write(dir.join("again.json"), usage(&results[..2])).unwrap();
    fs::write(dir.join("costs.json"), usage(&[cost(1, 0.01125), cost(2, 0.01125), cost(4, 5.0)])).unwrap();
    let (code, answer, stderr) = reconcile(dir, &["--bill", "usage.json", "again.json", "costs.json"]);
    assert_eq!(code, 0, "{stderr} {answer}");
    assert_eq!(answer["reconciliation"]["bill"]["duplicates"], 2);
    let lines = answer["reconciliation"]["lines"].as_array().unwrap();
    assert_eq!(lines.iter().map(|line| line["billed"].as_i64().unwrap()).sum::<i64>(), 16_500);
    assert_eq!(lines[0]["billed_cost_micro_usd"], 11_250);
    let why = lines[2]["why"][0].as_str().unwrap();
    assert!(why.starts_with("tokens agree and money does not"), "{why}");
}

/// The costs of these days at list prices, with the model in the line item as OpenAI has it.
fn costs(days: &[i64]) -> String {
    let result = json!({"object": "organization.costs.result", "amount": {"value": 0.01125, "currency": "usd"}, "line_item": "gpt-5-2025-08-07, input"});
    usage(&days.iter().map(|number| (*number, result.clone())).collect::<Vec<_>>())
}

fn measures(answer: &Value) -> Vec<(String, String, i64, i64)> {
    let rows = answer["reconciliation"]["lines"].as_array().unwrap().iter();
    rows.map(|line| {
        let text = |name: &str| line[name].as_str().unwrap().to_owned();
        (text("model"), text("measure"), line["billed"].as_i64().unwrap(), line["logged"].as_i64().unwrap())
    })
    .collect()
}

#[test]
fn tokens_without_models_and_money_with_models_are_one_line() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    logs(dir);
    let mut results = Vec::new();
    for number in [1, 2, 4] {
        let mut result = used("", 5500, 5);
        result["model"] = Value::Null;
        results.push((number, result));
    }
    fs::write(dir.join("usage.json"), usage(&results)).unwrap();
    fs::write(dir.join("costs.json"), costs(&[1, 2, 4])).unwrap();
    let (code, answer, stderr) = reconcile(dir, &["--bill", "usage.json", "costs.json"]);
    assert_eq!(code, 0, "{stderr} {answer}");
    let line = ("(all models)".to_owned(), "tokens".to_owned(), 5500, 5500);
    assert_eq!(measures(&answer), [line.clone(), line.clone(), line]);
}

#[test]
fn days_that_only_money_reaches_are_compared_in_money_and_a_missing_page_is_partial() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    logs(dir);
    let page = usage(&[(1, used("user-ada", 5500, 5))]);
    fs::write(dir.join("usage.json"), page.replace("\"has_more\":false", "\"has_more\":true")).unwrap();
    fs::write(dir.join("costs.json"), costs(&[1, 2, 4])).unwrap();
    let (code, answer, stderr) = reconcile(dir, &["--bill", "usage.json", "costs.json"]);
    assert_eq!(code, 3, "{stderr} {answer}");
    let line = |measure: &str, amount: i64| ("gpt-5".to_owned(), measure.to_owned(), amount, amount);
    assert_eq!(measures(&answer), [line("tokens", 5500), line("micro_usd", 11_250), line("micro_usd", 11_250)]);
    assert_eq!(answer["reconciliation"]["bill"]["pages_missing"], 1);
    // Two pages that both say that there are more do not excuse each other.
    let next = usage(&[(2, used("user-ada", 5500, 5)), (4, used("user-ada", 5500, 5))]);
    fs::write(dir.join("next.json"), next.replace("\"has_more\":false", "\"has_more\":true")).unwrap();
    let (code, answer, stderr) = reconcile(dir, &["--bill", "usage.json", "next.json", "costs.json"]);
    assert_eq!((code, &answer["reconciliation"]["bill"]["pages_missing"]), (3, &json!(2)), "{stderr} {answer}");
    // The next page of the report, which is the last, in a file of its own.
    fs::write(dir.join("next.json"), next).unwrap();
    let (code, answer, stderr) = reconcile(dir, &["--bill", "usage.json", "next.json", "costs.json"]);
    assert_eq!(code, 0, "{stderr} {answer}");
    assert_eq!(measures(&answer), vec![line("tokens", 5500); 3]);
}

#[test]
fn other_bills_a_gateway_a_mapped_table_and_our_own_export() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    logs(dir);
    // What the lake exports is what the lake holds.
    let (code, _, stderr) = footlight(dir, &["export", "focus", "--lake", "lake", "--out", "focus.csv"]);
    assert_eq!(code, 0, "{stderr}");
    let (code, answer, stderr) = reconcile(dir, &["--bill", "focus.csv", "--tolerance", "0%"]);
    assert_eq!(code, 0, "{stderr} {answer}");
    assert_eq!(lines(&answer).iter().map(|line| line.3).sum::<i64>(), 16_500);
    // A gateway saw two of five requests of a day.
    let request = |number: i64| {
        json!({
            "request_id": format!("r{number}"), "call_type": "acompletion", "api_key": "0a", "spend": 0.0021, "prompt_tokens": 1000,
            "completion_tokens": 100, "startTime": "2026-06-01T09:00:00.000Z", "endTime": "2026-06-01T09:00:02.500Z", "model": "gpt-5",
            "custom_llm_provider": "openai", "metadata": {}, "cache_hit": "False", "status": "success",
        })
        .to_string()
    };
    fs::write(dir.join("spend.jsonl"), format!("{}\n{}\n", request(1), request(2))).unwrap();
    let (code, answer, _) = reconcile(dir, &["--bill", "spend.jsonl"]);
    assert_eq!((code, lines(&answer)[0].5), (4, 3300), "{answer}");
    assert!(answer["reconciliation"]["lines"][0]["why"].to_string().contains("gateway"));
    // A table of the house, and one row of it that cannot be read.
    let mapping = "[[mapping]]\nname = \"invoice\"\ntable = \"events\"\n[mapping.fields]\nts = \"Day\"\nsession_id = { value = \"invoice\" }\n\
        event_id = { template = \"{Day}/{Model}\" }\nkind = { value = \"completion\" }\nclient = { value = \"invoice\" }\nmodel = \"Model\"\n\
        input_tokens = \"Tokens\"\ncost_usd = \"Dollars\"\ntoken_basis = { value = \"reported\" }\n";
    fs::write(dir.join("footlight.toml"), format!("[privacy]\nmin_people = 5\n{mapping}")).unwrap();
    fs::write(
        dir.join("invoice.csv"),
        "Day,Model,Tokens,Dollars\n2026-06-01T00:00:00Z,GPT-5,5500,1.50\nsome day,GPT-5,5500,1.50\n",
    )
    .unwrap();
    let (code, answer, stderr) = reconcile(dir, &["--bill", "invoice.csv"]);
    assert_eq!(code, 3, "{stderr} {answer}");
    assert_eq!(
        (lines(&answer)[0].2, &answer["reconciliation"]["lines"][0]["billed_cost_micro_usd"]),
        (5500, &json!(1_500_000))
    );
    // A tool whose use leaves no logs, in money alone.
    fs::write(
        dir.join("cursor.csv"),
        "Date,User,Cloud Agent ID,Automation ID,Kind,Model,Max Mode,Input (w/ Cache Write),Input (w/o Cache Write),Cache Read,Output Tokens,Total Tokens,Cost\n\
         2026-06-01T09:00:00.000Z,ada@example.test,,,Included,claude-4.6-sonnet,No,900,120,15000,118,16138,0.01\n",
    )
    .unwrap();
    let (code, answer, _) = reconcile(dir, &["--bill", "cursor.csv"]);
    let line = &answer["reconciliation"]["lines"][0];
    assert_eq!(
        (code, line["scope"].as_str(), line["model"].as_str()),
        (4, Some("cursor"), Some("claude-sonnet-4-6")),
        "{answer}"
    );
    assert!(line["why"][0].as_str().unwrap().starts_with("no log of this tool or maker"));
    // What is no bill is no comparison.
    fs::write(dir.join("notes.txt"), "nothing\n").unwrap();
    let (code, _, stderr) = reconcile(dir, &["--bill", "notes.txt"]);
    assert!(code == 2 && stderr.contains("no source recognises the bill"), "{code} {stderr}");
    let (code, _, stderr) = reconcile(dir, &["--bill", "logs/roster.csv"]);
    assert!(code == 2 && stderr.contains("says nothing of what was used"), "{code} {stderr}");
    assert_eq!(reconcile(dir, &["--bill", "nowhere.json"]).0, 2);
    let (code, _, _) = footlight(dir, &["reconcile", "--bill", "usage.json", "--lake", "nowhere"]);
    assert_eq!(code, 10);
}

/// A gateway's log and the observations of a platform that it told tell of one request: as bills they charge it once.
#[test]
fn a_request_that_two_bills_tell_of_is_billed_once() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    logs(dir);
    let id = "chatcmpl-Bq7vN2hXk4mPz8sT";
    let gateway = json!({
        "request_id": id, "call_type": "acompletion", "api_key": "0a", "spend": 0.0021, "prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100,
        "startTime": "2026-06-01T09:00:00.000Z", "endTime": "2026-06-01T09:00:02.500Z", "model": "gpt-5", "custom_llm_provider": "openai", "metadata": {},
        "cache_hit": "False", "status": "success",
    });
    let platform = json!({
        "id": format!("time-09-00-00-000000_{id}"), "trace_id": "tr-1", "type": "GENERATION", "start_time": "2026-06-01 09:00:00.000000",
        "end_time": "2026-06-01 09:00:02.500000", "provided_model_name": "gpt-5", "usage_details": {"input": 1000, "output": 100, "total": 1100},
        "total_cost": 0.0021, "session_id": "sess-9", "updated_at": "2026-06-01 09:00:03.000000",
    });
    fs::write(dir.join("spend.jsonl"), format!("{gateway}\n")).unwrap();
    fs::write(dir.join("observations.jsonl"), format!("{platform}\n")).unwrap();
    for bills in [&["spend.jsonl"][..], &["observations.jsonl"], &["spend.jsonl", "observations.jsonl"]] {
        let arguments: Vec<&str> = bills.iter().flat_map(|bill| ["--bill", *bill]).collect();
        let (_, answer, stderr) = reconcile(dir, &arguments);
        assert_eq!(lines(&answer)[0].2, 1100, "{bills:?} {stderr} {answer}");
        assert_eq!(answer["reconciliation"]["lines"][0]["billed_cost_micro_usd"], json!(2100), "{bills:?}");
    }
}

#[test]
fn logs_that_look_made_are_facts_with_counts_and_innocent_explanations() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let mut events = String::new();
    for number in 0..25 {
        let ts = format!("2026-06-20T10:{:02}:{:02}Z", number / 2, number % 2 * 30);
        let mut event: Value =
            serde_json::from_str(&completion(&format!("m{number}"), "made", "ada", &ts, "gpt-5")).unwrap();
        event["duration_ms"] = json!(if number == 7 { 1 } else { 2000 });
        let _ = writeln!(events, "{event}");
    }
    for (number, second) in [10, 40, 5].into_iter().enumerate() {
        let ts = format!("2026-06-20T{}:00:{second:02}.250Z", if number == 1 { 12 } else { 11 });
        let _ = writeln!(events, "{}", completion(&format!("b{number}"), "backwards", "ada", &ts, "gpt-5"));
    }
    fs::create_dir_all(dir.join("logs")).unwrap();
    fs::write(dir.join("logs/june.events.ndjson"), &events).unwrap();
    fs::write(dir.join("logs/copy.events.ndjson"), &events).unwrap();
    let (code, _, stderr) = footlight(dir, &["ingest", "--input", "logs", "--lake", "lake"]);
    assert_eq!(code, 0, "{stderr}");
    fs::write(dir.join("usage.json"), usage(&[(20, used("", 28 * 1100, 28))])).unwrap();
    let (code, answer, stderr) = reconcile(dir, &["--bill", "usage.json"]);
    assert_eq!(code, 0, "facts about logs are no gate: {stderr}");
    let checks = answer["reconciliation"]["checks"].as_array().unwrap();
    let found: Vec<(&str, i64, i64)> = checks
        .iter()
        .map(|check| {
            (check["check"].as_str().unwrap(), check["logs"].as_i64().unwrap(), check["records"].as_i64().unwrap())
        })
        .collect();
    assert_eq!(
        found,
        [
            ("clock_backwards", 1, 1),
            ("copied_log", 1, 28),
            ("identical_counts", 1, 25),
            ("impossible_rate", 1, 1),
            ("regular_steps", 1, 24),
            ("round_numbers", 1, 25),
        ]
    );
    assert!(checks.iter().all(|check| check["innocent"].as_str().is_some_and(|text| !text.is_empty())));
    assert!(!answer.to_string().contains("ada@"), "no person is named");
}
