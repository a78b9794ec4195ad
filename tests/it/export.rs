//! Rows out of footlight: `query` in its formats, and charges in the shape of FOCUS.

use crate::sample::{OUT, demo, footlight};
use serde_json::Value;
use std::fs;

fn query(arguments: &[&str]) -> (i32, String, String) {
    let lake = format!("{OUT}/lake");
    let mut all = vec!["query", "--lake", &lake, "--out", OUT];
    all.extend(arguments);
    footlight(demo(), &all)
}

#[test]
fn a_question_is_answered_in_every_format() {
    let sql = "select tier, count(*) as links, round(avg(confidence), 2) as confidence from attribution group by tier order by tier";
    let mut shown = String::new();
    for format in ["table", "csv", "json", "ndjson"] {
        let (code, stdout, stderr) = query(&["--format", format, sql]);
        assert_eq!(code, 0, "{stderr}");
        shown.push_str(&format!("{format}\n{stdout}\n"));
    }
    let parquet = demo().join("links.parquet");
    let (code, stdout, stderr) = query(&["--json", "--output", parquet.to_str().unwrap(), sql]);
    assert_eq!(code, 0, "{stderr}");
    let answer: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(answer["rows_written"], shown.lines().filter(|line| line.starts_with("{\"tier\"")).count());
    assert_eq!(&fs::read(parquet).unwrap()[..4], b"PAR1");
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!("query_formats.txt", shown));
    assert_eq!(query(&["--format", "parquet", sql]).0, 2, "Parquet needs a file");
    assert_eq!(query(&["--output", "nowhere/x.csv", sql]).0, 1);
}

#[test]
fn a_table_that_is_not_there_is_answered_with_those_that_are() {
    let (code, _, stderr) = query(&["select * from sesions"]);
    assert!(
        code == 2 && stderr.contains("table 'sesions' not found; tables of the lake are events, outcomes, "),
        "{stderr}"
    );
    let lake = format!("{OUT}/lake");
    let (code, _, stderr) = footlight(demo(), &["query", "--lake", &lake, "select * from sessions"]);
    assert!(code == 2 && stderr.contains("those of results need --out OUT"), "{stderr}");
    let (code, _, stderr) = footlight(demo(), &["query", "--lake", &lake, "--out", "nowhere", "select 1"]);
    let tables = std::path::Path::new("nowhere").join("tables");
    assert!(code == 1 && stderr.contains(&format!("there is no {}", tables.display())), "{stderr}");
}

#[test]
fn a_question_that_is_none_is_wrong_use() {
    for sql in ["selec 1", "select nope from events", "select nope(1)", "select 1; select 2", "select cast('x' as int)"]
    {
        let (code, _, stderr) = query(&[sql]);
        assert_eq!(code, 2, "{sql}: {stderr}");
    }
}

#[test]
fn files_have_all_rows_and_tables_say_when_they_have_not() {
    let csv = demo().join("events.csv");
    let (code, stdout, stderr) = query(&["--output", csv.to_str().unwrap(), "select kind, ts from events"]);
    assert_eq!(code, 0, "{stderr}");
    let rows = fs::read_to_string(&csv).unwrap().lines().count() - 1;
    assert!(rows > 10_000 && stdout.starts_with(&format!("{rows} rows: ")), "{rows}: {stdout}");
    let (_, stdout, stderr) = query(&["--json", "select kind, ts from events"]);
    let answer: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!((answer["rows"].as_array().unwrap().len(), &answer["truncated"]), (10_000, &Value::Bool(true)));
    assert!(stderr.contains("only the first 10000 rows"), "{stderr}");
}

#[test]
fn charges_have_the_columns_of_focus_and_the_cost_of_the_report() {
    let (dir, lake) = (demo(), format!("{OUT}/lake"));
    let config = format!("{OUT}/sample/footlight.toml");
    let export = |file: &str| {
        footlight(dir, &["export", "focus", "--json", "--lake", &lake, "--out", file, "--config", &config])
    };
    assert_eq!(export("focus.xlsx").0, 2);
    let (code, stdout, stderr) = export("focus.csv");
    assert_eq!(code, 0, "{stderr}");
    let answer: Value = serde_json::from_str(&stdout).unwrap();
    let text = fs::read_to_string(dir.join("focus.csv")).unwrap();
    let documented =
        fs::read_to_string(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/focus.md")).unwrap();
    let table = documented.split("| left out |").next().unwrap();
    for column in text.lines().next().unwrap().split(',') {
        assert!(table.contains(column), "docs/focus.md does not tell of {column}");
    }
    let summary: Value =
        serde_json::from_str(&fs::read_to_string(dir.join(OUT).join("summary.json")).unwrap()).unwrap();
    // The bill is exact, the report is rounded.
    let spend = footlight::privacy::rounding::amount(answer["list_cost_micro_usd"].as_i64().unwrap());
    assert_eq!(spend, summary["figures"]["spend"]["value"]);
    for name in ["example.com", "team-"] {
        assert!(!text.contains(name), "no account and no team: {name}");
    }
    let first: Vec<&str> = text.lines().take(6).collect();
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!("focus_head.csv", first.join("\n")));
    let (code, _, _) = export("again.csv");
    assert_eq!((code, fs::read_to_string(dir.join("again.csv")).unwrap()), (0, text));
}
