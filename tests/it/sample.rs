//! The sample from end to end: the demo's report is the committed golden, a second run changes nothing, and explanations add up.

use crate::secrets::files_below;
use assert_cmd::Command;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

pub const OUT: &str = "reports/sample";

pub fn footlight(dir: &Path, args: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_footlight"))
        .current_dir(dir)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .args(args)
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap_or(-1), text(output.stdout), text(output.stderr))
}

/// A directory in which the demo was run, once for all tests.
pub fn demo() -> &'static Path {
    static DEMO: OnceLock<(tempfile::TempDir, String)> = OnceLock::new();
    let (dir, _) = DEMO.get_or_init(|| {
        let dir = tempfile::tempdir().unwrap();
        let (code, stdout, stderr) = footlight(dir.path(), &["demo", "--out", OUT]);
        assert_eq!(code, 0, "{stderr}");
        assert!(stdout.contains("Report: reports/sample/report.html"), "{stdout}");
        (dir, stdout)
    });
    dir.path()
}

fn golden(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(OUT).join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn the_report_is_the_golden() {
    for name in ["report.md", "summary.json", "report.html"] {
        let fresh = fs::read_to_string(demo().join(OUT).join(name)).unwrap();
        assert!(
            fresh == golden(name),
            "{name} differs from reports/sample: CONTRIBUTING.md says how goldens are renewed"
        );
    }
}

/// Whoever knows of one newcomer would learn from a count that grew by one on which side of a line that one stands.
#[test]
fn population_tests_say_what_they_count_and_count_nobody_out() {
    let out = demo().join(OUT);
    let summary: Value = serde_json::from_str(&fs::read_to_string(out.join("summary.json")).unwrap()).unwrap();
    let tests = summary["population"].as_array().unwrap();
    assert!(tests.len() >= 5, "{tests:?}");
    for test in tests {
        assert_ne!(test["n_unit"], "", "{test}");
        assert!(test["estimate"].is_null() || test["estimate_unit"] != "", "{test}");
        let of_people = !["weeks", "teams", "templates"].contains(&test["n_unit"].as_str().unwrap());
        assert!(!of_people || test["n"].as_i64().unwrap() % 5 == 0, "{test}");
        let words: Vec<&str> = test["note"].as_str().unwrap().split_whitespace().collect();
        for pair in words.windows(2).filter(|pair| pair[1].starts_with("people") || pair[1].starts_with("actors")) {
            // A number that a test needs is a setting, and ends in 0 or 5 where it stands before people.
            let number = pair[0].parse::<i64>().unwrap_or(0);
            assert!(number % 5 == 0, "{test}");
        }
    }
    let page = fs::read_to_string(out.join("report.html")).unwrap();
    let table = page.split("id=\"population\"").nth(1).unwrap().split("</section>").next().unwrap();
    assert!(table.contains(">4 teams</td>") && table.contains("person-weeks</td>"), "{table}");
}

#[test]
fn a_report_compared_with_itself_has_not_changed() {
    let dir = demo();
    let again = dir.join("compared");
    fs::create_dir_all(again.join("tables")).unwrap();
    fs::copy(dir.join(OUT).join("run.json"), again.join("run.json")).unwrap();
    for table in fs::read_dir(dir.join(OUT).join("tables")).unwrap().map(Result::unwrap) {
        fs::copy(table.path(), again.join("tables").join(table.file_name())).unwrap();
    }
    let summary = format!("{OUT}/summary.json");
    let (code, stdout, stderr) = footlight(dir, &["report", "--json", "--out", "compared", "--compare", &summary]);
    assert_eq!(code, 0, "{stderr}");
    let answer: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(answer["summary"]["comparison"]["restated"], serde_json::json!([]));
    // Every number of the first screen leads to the SQL that this run used.
    for figure in answer["summary"]["figures"].as_object().unwrap().values() {
        let queries = figure["queries"].as_array().unwrap();
        assert!(!queries.is_empty(), "{figure}");
        for query in queries {
            let sql = answer["summary"]["queries"][query.as_str().unwrap()].as_str().unwrap();
            assert!(sql.starts_with("-- model: "), "{query}");
        }
    }
    assert!(
        fs::read_to_string(again.join("report.csv"))
            .unwrap()
            .starts_with("id,view,cell,unit,value,low,high,n,suppressed")
    );
    let figures = fs::File::open(again.join("report.parquet")).unwrap();
    let figures = parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(figures).unwrap();
    let names: Vec<&str> = figures.schema().fields().iter().map(|field| field.name().as_str()).collect();
    assert_eq!(names, ["id", "view", "cell", "unit", "value", "low", "high", "n", "suppressed"]);
    let lines = csv::Reader::from_path(again.join("report.csv")).unwrap().records().count();
    assert_eq!(figures.metadata().file_metadata().num_rows() as usize, lines, "the figures of report.csv");
    let (code, _, stderr) = footlight(dir, &["report", "--out", "compared", "--compare", "nowhere.json"]);
    assert_eq!((code, stderr.contains("--compare nowhere.json")), (2, true), "{stderr}");
}

/// The files of a run, without its lake, its inputs and what other tests write beside them.
fn written(dir: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let out = dir.join(OUT);
    let all = files_below(&out).into_iter().map(|path| path.strip_prefix(&out).unwrap().to_owned());
    let names = all.filter(|path| path.starts_with("tables") || path.components().count() == 1);
    names.map(|name| (name.clone(), fs::read(out.join(&name)).unwrap())).collect()
}

/// The last command is asked: the report again, through the release ledger. The one before it is asked by the test of a second run. The report
/// prints it without paths, which the record of the run has.
#[test]
fn the_commands_that_a_report_prints_make_it_again() {
    let dir = demo();
    let commands = |text: &str, of: &str| -> Vec<String> {
        let file: Value = serde_json::from_str(text).unwrap();
        let commands = file.pointer(of).unwrap().as_array().unwrap();
        commands.iter().map(|command| command.as_str().unwrap().to_owned()).collect()
    };
    let printed = commands(&golden("summary.json"), "/run/reproduce");
    assert_eq!(
        printed,
        [
            "footlight ingest --input INPUTS... --lake LAKE --config CONFIG",
            "footlight score --lake LAKE --out OUT --seed 1 --config CONFIG",
            "footlight report --out OUT --lake LAKE --config CONFIG",
        ]
    );
    let record = files_below(&dir.join(OUT).join("lake/runs")).remove(0);
    let in_full = commands(&fs::read_to_string(record).unwrap(), "/reproduce");
    let last: Vec<&str> = in_full[2].split(' ').collect();
    assert_eq!(last[..2], ["footlight", "report"]);
    let (code, _, stderr) = footlight(dir, &[&last[1..], &["--dry-run"]].concat());
    assert_eq!(code, 0, "{stderr}");
    let (code, _, stderr) = footlight(dir, &last[1..]);
    assert_eq!(code, 0, "{stderr}");
    assert!(fs::read_to_string(dir.join(OUT).join("summary.json")).unwrap() == golden("summary.json"));
}

/// Every `why` of the page leads somewhere, each number of the first screen to a question, and its answer is the number before rounding.
#[test]
fn the_question_behind_each_number_of_the_first_screen_gives_it() {
    use footlight::privacy::rounding::{amount, count, share};
    let dir = demo();
    let page = fs::read_to_string(dir.join(OUT).join("report.html")).unwrap();
    let first_screen = page.split("<nav ").next().unwrap();
    let anchors: Vec<&str> =
        first_screen.split(r##"href="#"##).skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    assert!(anchors.iter().filter(|to| to.starts_with("why-")).count() >= 7, "{anchors:?}");
    for to in &anchors {
        assert!(page.contains(&format!(r#"id="{to}""#)), "#{to} leads nowhere");
    }
    let summary: Value = serde_json::from_str(&golden("summary.json")).unwrap();
    let ask = |id: &str| -> Vec<Value> {
        let entry = summary["method"].as_array().unwrap().iter().find(|entry| entry["id"] == id).unwrap();
        let question = entry["check"].as_str().unwrap();
        assert!(page.contains(&format!(r#"id="check-{id}""#)), "the page does not ask for {id}");
        let lake = format!("{OUT}/lake");
        let (code, stdout, stderr) =
            footlight(dir, &["query", "--format", "json", "--lake", &lake, "--out", OUT, question]);
        assert_eq!(code, 0, "{question}: {stderr}");
        serde_json::from_str(&stdout).unwrap()
    };
    let number = |value: &Value| value.as_f64().or_else(|| value.as_str()?.parse().ok()).unwrap();
    let micro = |value: &Value| (number(value) * 1e6).round() as i64;
    let figure = |id: &str| &summary["figures"][id];

    let spend = ask("spend");
    assert_eq!(amount(micro(&spend[0]["spend_usd"])), figure("spend")["value"].as_i64().unwrap());
    assert_eq!(count(spend[0]["priced_sessions"].as_i64().unwrap()), figure("spend")["n"].as_i64().unwrap());
    for id in ["linked_share", "sustained_share", "theater_like_share"] {
        let exact = number(&ask(id)[0][id]);
        assert!((share(exact) - figure(id)["value"].as_f64().unwrap()).abs() < 1e-9, "{id}: {exact}");
    }
    let parts = ask("money");
    let mut compared = 0;
    for part in summary["money"]["parts"].as_array().unwrap() {
        let exact = micro(&parts.iter().find(|row| row["part"] == part["id"]).unwrap()["cost_usd"]);
        let (low, high) = (part["cost_low"].as_i64().unwrap(), part["cost_high"].as_i64().unwrap());
        assert!(low <= exact && exact <= high, "{exact} of {part}");
        if let Some(shown) = part["cost"].as_i64() {
            assert_eq!(amount(exact), shown, "{part}");
            compared += 1;
        }
    }
    assert!(compared >= 2, "{parts:?}");
    let sure = ask("confidence");
    let said = summary["answer"]["how_sure"].as_str().unwrap();
    let tests = format!("{} of {} population tests", sure[0]["tests_that_speak"], sure[0]["tests"]);
    assert!(said.contains(&tests), "{said}: {sure:?}");
    let covered = (number(&sure[0]["outcome_coverage"]) * 100.0).round();
    assert!(said.contains(&format!("{covered}\u{a0}% of the edited files")), "{said}: {sure:?}");
    let scored = number(&sure[0]["scored_sessions"]) / number(&sure[0]["sessions"]);
    assert!((scored - summary["data_quality"]["scored_sessions"].as_f64().unwrap()).abs() < 1e-4);
}

#[test]
fn the_same_lake_gives_the_same_bytes_and_a_second_run_reads_nothing() {
    // The same inputs in another place, with one thread: every file that is written is the same.
    let twin = tempfile::tempdir().unwrap();
    let (code, stdout, stderr) = footlight(twin.path(), &["demo", "--json", "--threads", "1", "--out", OUT]);
    assert_eq!(code, 0, "{stderr}");
    let said: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(
        (&said["status"], &said["exit_code"]),
        (&"ok".into(), &code.into()),
        "the object says how the process ends"
    );
    let same = |what: &str| {
        let (expected, found) = (written(demo()), written(twin.path()));
        let names = |files: &[(PathBuf, Vec<u8>)]| files.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
        assert!(expected.len() >= 20 && names(&expected).iter().any(|name| name.ends_with("report.parquet")));
        assert_eq!(names(&expected), names(&found), "{what}");
        for ((name, one), (_, other)) in expected.iter().zip(&found) {
            assert!(one == other, "{what}: {} differs", name.display());
        }
    };
    same("with one thread");
    // Nothing is new in the inputs, and what is published again is the same again and leaves no trace in the ledger.
    let (lake, sample) = (format!("{OUT}/lake"), format!("{OUT}/sample"));
    let config = format!("{sample}/footlight.toml");
    let again = ["ingest", "--json", "--input", &sample, "--lake", &lake, "--config", &config];
    let (code, stdout, stderr) = footlight(twin.path(), &again);
    assert_eq!(code, 0, "{stderr}");
    let summary: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(summary["ingest"]["files_read"], 0, "{summary}");
    let ledger = || fs::read(twin.path().join(&lake).join("releases.jsonl")).unwrap();
    let before = ledger();
    let (code, _, stderr) =
        footlight(twin.path(), &["report", "--out", OUT, "--lake", &lake, "--config", &config, "--threads", "2"]);
    assert_eq!(code, 0, "{stderr}");
    assert!(ledger() == before && !before.is_empty());
    same("reported again");
}

#[test]
fn an_explanation_adds_up_to_the_score() {
    let dir = demo();
    let sql = "select session_id from sessions where score_db > 6 order by session_id limit 5";
    let (code, stdout, stderr) =
        footlight(dir, &["query", "--json", "--lake", &format!("{OUT}/lake"), "--out", OUT, sql]);
    assert_eq!(code, 0, "{stderr}");
    let rows: Value = serde_json::from_str(&stdout).unwrap();
    let sessions: Vec<&str> =
        rows["rows"].as_array().unwrap().iter().map(|row| row["session_id"].as_str().unwrap()).collect();
    assert!(!sessions.is_empty(), "no session of the sample stands out");
    for session in sessions {
        let (code, stdout, _) = footlight(dir, &["explain", "--json", "--out", OUT, session]);
        assert_eq!(code, 0);
        let answer: Value = serde_json::from_str(&stdout).unwrap();
        let parts = answer["explanation"]["contributions"].as_array().unwrap();
        let sum: i64 = parts.iter().map(|part| part["hundredths"].as_i64().unwrap()).sum();
        let score = answer["explanation"]["score_db"].as_f64().unwrap();
        assert_eq!(sum, (score * 100.0).round() as i64, "{session}");
        let (code, text, _) = footlight(dir, &["explain", "--out", OUT, session]);
        assert_eq!(code, 0);
        for part in ["How it adds up", "Innocent patterns", "What would change the band"] {
            assert!(text.contains(part), "{part} is missing for {session}:\n{text}");
        }
    }
}

#[test]
fn names_are_shown_for_a_reason_and_leave_a_line() {
    let dir = demo();
    let lake = format!("{OUT}/lake");
    let (_, stdout, _) = footlight(
        dir,
        &[
            "query",
            "--json",
            "--lake",
            &lake,
            "--out",
            OUT,
            "select session_id from sessions order by session_id limit 1",
        ],
    );
    let rows: Value = serde_json::from_str(&stdout).unwrap();
    let session = rows["rows"][0]["session_id"].as_str().unwrap();
    let (code, _, _) = footlight(dir, &["explain", "--out", OUT, "--identify", session]);
    assert_eq!(code, 2, "no reason, no lake");
    let (code, _, stderr) =
        footlight(dir, &["explain", "--out", OUT, "--identify", "--reason", "why", "--lake", &lake, session]);
    assert_eq!(code, 14, "{stderr}");
    let reason = "the team lead asked for the context of this session";
    let key = dir.join(OUT).join("sample/pseudonym.key");
    fs::write(dir.join("key.toml"), format!("[privacy]\nkey_file = {:?}\n", key.to_str().unwrap())).unwrap();
    let (code, stdout, stderr) = footlight(
        dir,
        &["explain", "--out", OUT, "--identify", "--reason", reason, "--lake", &lake, "--config", "key.toml", session],
    );
    assert_eq!(code, 0, "{stderr}");
    assert!(stdout.contains("account: "), "{stdout}");
    let log = fs::read_to_string(dir.join(&lake).join("access_log")).unwrap();
    assert!(log.contains(reason) && log.contains(session), "{log}");
}

#[test]
fn no_output_names_a_person_or_ranks_people() {
    let dir = demo();
    let roster = fs::read_to_string(dir.join(OUT).join("sample/roster.csv")).unwrap();
    let ids: Vec<&str> = roster.lines().skip(1).filter_map(|line| line.split(',').next()).collect();
    assert!(ids.len() > 10);
    for name in ["report.html", "report.md", "summary.json", "run.json"] {
        let text = fs::read_to_string(dir.join(OUT).join(name)).unwrap();
        for id in &ids {
            let whole_word = text.split(|c: char| !c.is_alphanumeric() && c != '-' && c != '_').any(|word| word == *id);
            assert!(!whole_word && !text.contains(&format!("{id}@")), "{name} names {id}");
        }
    }
    let (_, stdout, _) = footlight(
        dir,
        &["query", "--json", "--lake", &format!("{OUT}/lake"), "--out", OUT, "select distinct actor from sessions"],
    );
    for id in ids {
        assert!(!stdout.contains(&format!("\"{id}\"")), "the tables name {id}");
    }
}

#[test]
fn a_day_seen_through_transcript_telemetry_and_gateway_counts_once() {
    let dir = demo();
    let ask = |sql: &str| {
        let (code, stdout, stderr) =
            footlight(dir, &["query", "--json", "--lake", &format!("{OUT}/lake"), "--out", OUT, sql]);
        assert_eq!(code, 0, "{stderr}");
        let answer: Value = serde_json::from_str(&stdout).unwrap();
        answer["rows"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row["line"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let day = "5a3f0001-0000-4000-8000-000000000001";
    let seen = ask(&format!(
        "select concat_ws(' ', source, cast(requests_seen as varchar), cast(requests_counted as varchar)) as line
         from session_sources where session_id = '{day}' order by line"
    ));
    assert_eq!(seen, ["claude_code 6 6", "litellm 6 0", "otel 6 0"]);
    // Nothing but that day came through the collector and the gateway, so neither has a session of its own.
    let others = ask("select distinct source as line from session_sources where requests_counted > 0 order by line");
    assert_eq!(others, ["canonical", "claude_code", "codex", "openclaw"]);
    let totals = |table: &str, which: &str| {
        ask(&format!(
            "select concat_ws(' ', cast(sum(input_tokens) as varchar), cast(sum(output_tokens) as varchar)) as line from {table} where {which}"
        ))
    };
    let logged = format!("source = 'claude_code' and (session_id = '{day}' or parent_session_id = '{day}')");
    assert_eq!(totals("sessions", &format!("session_id = '{day}'")), totals("events", &logged));
    let run: Value = serde_json::from_str(&fs::read_to_string(dir.join(OUT).join("run.json")).unwrap()).unwrap();
    let merged =
        |by: &str| run["run"]["sources"].as_array().unwrap().iter().map(|one| one[by].as_i64().unwrap()).sum::<i64>();
    assert_eq!((merged("merged_by_id"), merged("merged_by_counts")), (11, 1), "one has an id of the gateway's own");
    let (_, explained, _) = footlight(dir, &["explain", "--out", OUT, day]);
    assert!(
        explained.contains("seen by claude_code (6 responses, 6 counted here), litellm (6 responses, 0 counted here)"),
        "{explained}"
    );
}

#[test]
fn exit_codes_are_the_contract() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    assert_eq!(footlight(dir, &["score", "--lake", "none", "--out", "o"]).0, 10);
    assert_eq!(footlight(dir, &["query", "--lake", "none", "select 1"]).0, 10);
    assert_eq!(footlight(dir, &["ingest", "--input", "none", "--lake", "l"]).0, 2);
    assert_eq!(footlight(dir, &["ingest", "--input", ".", "--lake", "l", "--source", "nonsense"]).0, 2);
    assert_eq!(footlight(dir, &["report", "--out", "none"]).0, 1);
    assert_eq!(footlight(dir, &["nonsense"]).0, 2);
    fs::write(dir.join("footlight.toml"), "quotas = 1\n").unwrap();
    let (code, _, stderr) = footlight(dir, &["ingest", "--input", ".", "--lake", "l"]);
    assert_eq!(code, 2);
    assert!(stderr.contains("quotas"), "{stderr}");
    let (code, stdout, _) =
        footlight(dir, &["score", "--json", "--lake", "none", "--out", "o", "--config", "absent.toml"]);
    assert_eq!(code, 2);
    let answer: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!((&answer["status"], &answer["exit_code"]), (&Value::from("usage"), &Value::from(2)));
    // What the command line's grammar refuses is answered in the form that was asked for, too.
    let (code, stdout, stderr) = footlight(dir, &["run", "--json", "--input", "logs", "--out", "o"]);
    let answer: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!((code, &answer["status"], &answer["exit_code"]), (2, &Value::from("usage"), &Value::from(2)));
    assert!(answer["error"].as_str().unwrap().contains("required") && stderr.contains("--lake"), "{stderr}");
    let (code, stdout, _) = footlight(dir, &["--help"]);
    assert!(code == 0 && stdout.contains("Usage"), "{stdout}");
}

/// A parameter that no model has, and one of another type, are found before anything is read or written.
#[test]
fn parameters_are_checked_first() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    fs::create_dir(dir.join("logs")).unwrap();
    for (line, said) in [
        ("\"sig_loop_no_progres.min_calls\" = 25", "sig_loop_no_progres.min_calls"),
        ("\"sig_loop_no_progress.min_calls\" = \"many\"", "is of type int"),
    ] {
        fs::write(dir.join("footlight.toml"), format!("[params]\n{line}\n")).unwrap();
        for typed in [
            &["run", "--input", "logs", "--lake", "l", "--out", "o"][..],
            &["run", "--dry-run", "--input", "logs", "--lake", "l", "--out", "o"],
            &["config", "show"],
        ] {
            let (code, _, stderr) = footlight(dir, typed);
            assert_eq!(code, 2, "{typed:?}: {stderr}");
            assert!(stderr.contains(said), "{stderr}");
        }
        assert!(!dir.join("l").exists() && !dir.join("o").exists());
    }
}

#[test]
fn queries_are_read_only() {
    let dir = demo();
    let lake = format!("{OUT}/lake");
    for sql in [
        "create table t as select 1",
        "drop table events",
        "insert into roster values (1)",
        "copy (select 1) to 'x.csv'",
        "create external table t stored as csv location '/etc/passwd'",
        "set datafusion.execution.batch_size = 1",
        "select * from '/etc/passwd'",
    ] {
        let (code, _, stderr) = footlight(dir, &["query", "--lake", &lake, sql]);
        assert_eq!(code, 2, "{sql} was let through: {stderr}");
    }
}
