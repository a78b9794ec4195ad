//! A simulated organisation through the whole program: it is read without a reject, and a run of it can be evaluated.

use assert_cmd::Command;
use serde_json::Value;
use std::path::Path;

fn footlight(dir: &Path, args: &[&str]) -> (i32, Value) {
    let output = Command::new(env!("CARGO_BIN_EXE_footlight"))
        .current_dir(dir)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .args(["--json", "--quiet"])
        .args(args)
        .output()
        .unwrap();
    let answer = serde_json::from_slice(&output.stdout);
    (output.status.code().unwrap(), answer.unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr))))
}

#[test]
fn a_simulated_organisation_is_read_scored_and_evaluated() {
    let directory = tempfile::tempdir().unwrap();
    let dir = directory.path();
    let (code, simulated) = footlight(
        dir,
        &["simulate", "--out", "org", "--pace", "1.05", "--seed", "5", "--people", "24", "--weeks", "4"],
    );
    assert_eq!((code, &simulated["status"]), (0, &Value::from("ok")));

    let config = "org/input/footlight.toml";
    let run = ["run", "--config", config, "--input", "org/input", "--lake", "lake", "--out", "out"];
    let (code, run) = footlight(dir, &run);
    // Exit code 3 would say that something was quarantined.
    assert_eq!(code, 0, "{run:#}");
    let count = |table: &str| {
        let sql = format!("select count(*) as n from {table}");
        let (_, answer) = footlight(dir, &["query", "--lake", "lake", &sql]);
        answer["rows"][0]["n"].as_u64().unwrap()
    };
    assert_eq!(count("quarantine"), 0);
    assert_eq!(Some(count("events")), simulated["written"]["events"].as_u64());
    assert_eq!(Some(count("outcomes")), simulated["written"]["outcomes"].as_u64());

    let evaluate =
        ["evaluate", "--truth", "org/truth", "--out", "out", "--lake", "lake", "--resamples", "100", "--seed", "2"];
    let (code, answer) = footlight(dir, &evaluate);
    assert_eq!(code, 0, "{answer:#}");
    let evaluation = &answer["evaluation"];
    assert_eq!((evaluation["people"].as_u64(), evaluation["theater"].as_u64()), (Some(24), Some(4)));
    assert_eq!(evaluation["all_doses"].as_array().unwrap().len(), 6, "the product and five baselines");
    let area = evaluation["all_doses"][1]["auroc"]["value"].as_f64().unwrap();
    assert!((0.0..=1.0).contains(&area));
    // Lines that are in a commit are found there, and what is found is true.
    let lines = &evaluation["attribution"][1];
    assert_eq!(lines["tier"], "lines");
    assert!(lines["precision"]["value"].as_f64().unwrap() > 0.9, "{lines}");
    assert_eq!(footlight(dir, &evaluate).1, answer, "the same seed gives the same figures");
}

/// The same organisation without any text: it is scored all the same, by what the metric and the clock say, and each signal that reads text
/// says that it could not judge, or what it judged by.
#[test]
fn without_text_what_can_be_judged_is_and_the_rest_says_why_not() {
    let directory = tempfile::tempdir().unwrap();
    let dir = directory.path();
    let scored = |name: &str, strip: &[&str]| {
        let mut simulate =
            vec!["simulate", "--out", name, "--pace", "1.05", "--seed", "5", "--people", "44", "--weeks", "12"];
        simulate.extend(strip);
        assert_eq!(footlight(dir, &simulate).0, 0);
        let path = |part: &str| format!("{name}/{part}");
        let (input, config, lake, out) = (path("input"), path("input/footlight.toml"), path("lake"), path("out"));
        for run in [
            ["ingest", "--input", &input, "--config", &config, "--lake", &lake].as_slice(),
            ["score", "--config", &config, "--lake", &lake, "--out", &out].as_slice(),
        ] {
            let (code, answer) = footlight(dir, run);
            assert_eq!(code, 0, "{answer:#}");
        }
        move |sql: &str| footlight(dir, &["query", "--lake", &lake, "--out", &out, sql]).1["rows"].clone()
    };
    let (full, stripped) = (scored("full", &[]), scored("stripped", &["--strip-text"]));

    // Texts, arguments, results and patches are gone; sessions, tokens and outcomes are not.
    let texts = "select count(text_hash) + count(call_hash) + count(result_hash) + count(nullif(cardinality(added_lines), 0)) as n from events";
    assert_eq!(stripped(texts)[0]["n"], 0);
    let sizes =
        "select count(*) as sessions, sum(input_tokens) as tokens, count(distinct actor) as people from sessions";
    assert_eq!(stripped(sizes), full(sizes));
    // A session or week that only readings of text or of results speak about, or could have found nothing in, is not scored.
    for table in ["sessions", "actor_weeks"] {
        let scores = format!("select count(*) as units, count(score_db) as scored from {table}");
        let count = |rows: &Value, name: &str| rows[0][name].as_i64().unwrap();
        let (with, without) = (full(&scores), stripped(&scores));
        assert_eq!(count(&without, "units"), count(&with, "units"), "{table}");
        let (with, without) = (count(&with, "scored"), count(&without, "scored"));
        assert!(0 < without && without <= with, "{table}: {without} of {with}");
    }

    // What needs no text gives the same readings.
    for signal in ["threshold_hugging", "deadline_burst", "timer_regularity", "unattended_burn"] {
        let readings = format!(
            "select unit_id, status, value, abstain_reason from signals where signal = '{signal}' order by unit_id"
        );
        let count = |rows: &Value| rows.as_array().unwrap().len();
        assert_eq!(count(&stripped(&readings)), count(&full(&readings)), "{signal}");
    }
    let spoken =
        |signal: &str| format!("select count(*) as n from signals where signal = '{signal}' and status = 'speak'");
    for signal in ["threshold_hugging", "deadline_burst"] {
        assert_eq!(stripped(&spoken(signal)), full(&spoken(signal)), "{signal}");
        assert!(stripped(&spoken(signal))[0]["n"].as_i64().unwrap() > 0, "{signal}");
    }

    // What needs text speaks of nobody, and says so wherever it would have looked.
    for (signal, reason) in [
        ("context_padding", "no prompt text in the log"),
        ("low_output_novelty", "no long output that can be compared"),
        ("loop_no_progress", "no results in the log"),
        ("orphan_output", "what was written is not in the log"),
    ] {
        assert_eq!(stripped(&spoken(signal))[0]["n"], 0, "{signal}");
        assert!(full(&spoken(signal))[0]["n"].as_i64().unwrap() > 0, "{signal}");
        let said =
            format!("select count(*) as n from signals where signal = '{signal}' and abstain_reason = '{reason}'");
        assert!(stripped(&said)[0]["n"].as_i64().unwrap() > 0, "{signal}");
        assert!(full(&said)[0]["n"].as_i64().unwrap() < stripped(&said)[0]["n"].as_i64().unwrap(), "{signal}");
    }

    // The size of a prompt is left of its text: trivial questions and requests of one size are told by it, the latter with little weight and in so many words.
    for signal in ["prompt_repetition", "model_overkill"] {
        assert!(stripped(&spoken(signal))[0]["n"].as_i64().unwrap() > 0, "{signal}");
    }
    let compared = "select count(*) as n from signals where signal = 'prompt_repetition' and status = 'speak'
        and evidence like '%\"compared_by\":\"size\"%' and weight_db <= 3";
    assert_eq!(stripped(compared), stripped(&spoken("prompt_repetition")));
    assert_eq!(full(compared)[0]["n"], 0);
}

/// Steps, sessions, tokens, errors and prompts are the same in both formats, and nothing is rejected.
#[test]
fn transcripts_are_read_as_the_same_organisation() {
    let directory = tempfile::tempdir().unwrap();
    let dir = directory.path();
    let totals = |format: &str| {
        let simulate = [
            "simulate", "--out", format, "--pace", "1.05", "--seed", "9", "--people", "14", "--weeks", "3", "--format",
            format,
        ];
        assert_eq!(footlight(dir, &simulate).0, 0);
        let (input, config, lake) =
            (format!("{format}/input"), format!("{format}/input/footlight.toml"), format!("{format}/lake"));
        let (code, ingest) = footlight(dir, &["ingest", "--input", &input, "--config", &config, "--lake", &lake]);
        assert_eq!((code, &ingest["ingest"]["rejected"]), (0, &serde_json::json!({})), "{ingest:#}");
        let sql = "select kind, count(*) as steps, count(distinct session_id) as sessions, sum(input_tokens) as input,
            sum(output_tokens) as output, sum(cache_read_tokens) as cache_read, sum(cache_write_tokens) as cache_write,
            sum(cast(is_error as int)) as errors, count(distinct case when kind = 'prompt' then text_hash end) as prompt_texts
            from events group by kind order by kind";
        footlight(dir, &["query", "--lake", &lake, sql]).1["rows"].clone()
    };
    let canonical = totals("canonical");
    assert_eq!(canonical.as_array().unwrap().len(), 4);
    assert_eq!(totals("claude_code"), canonical);
}

/// A tiny climb through the real pipeline: a frontier in every form, and nothing left behind. Each step is a run of everything; that a seed
/// gives the same organisation again is `simulate::tests`'s, that a lake gives the same scores is `sample`'s.
#[test]
fn an_adversary_climbs_on_the_score() {
    let directory = tempfile::tempdir().unwrap();
    let dir = directory.path();
    let args = ["simulate", "--adversary", "--out", "first", "--people", "24", "--weeks", "3", "--seed", "3"];
    let (code, answer) =
        footlight(dir, &[&args[..], &["--family", "pad_random", "--inflation", "1.5", "--steps", "1"]].concat());
    assert_eq!(code, 0, "{answer:#}");
    let frontier = &answer["frontier"];
    assert_eq!((&frontier["without_theater"]["people"], &frontier["levels"][0]["inflation"]), (&4.into(), &1.5.into()));
    let family = &frontier["levels"][0]["families"][0];
    let mean = |attempt: &Value| attempt["mean_score"].as_f64().unwrap();
    assert!(mean(&family["hidden"]) <= mean(&family["naive"]), "{family:#}");
    assert!(family["hidden"]["inflation"].as_f64().unwrap() >= 1.5);
    let winner = &frontier["levels"][0]["winner"];
    assert_eq!(winner["climbed"]["strategy"]["family"], "pad_random");
    // Use as the pipeline counts it: more with theater, and the held-out organisation is another one.
    assert!(winner["held_out"]["inflation"].as_f64().unwrap() > 1.2, "{winner:#}");
    assert_ne!(winner["held_out"]["tokens"], winner["climbed"]["tokens"]);
    let left: Vec<_> = std::fs::read_dir(dir.join("first")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["evasion.md"]);
    let page = std::fs::read_to_string(dir.join("first/evasion.md")).unwrap();
    assert!(page.starts_with("# Evasion frontier\n") && page.contains("| pad_random |"), "{page}");
}

#[test]
fn wrong_use_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let dir = directory.path();
    let (code, answer) = footlight(dir, &["simulate", "--out", "org", "--family", "magic"]);
    assert_eq!(code, 2);
    assert!(answer["error"].as_str().unwrap().contains("`magic` is no family"), "{answer}");
    for (flags, said) in [
        (["--adversary", "--world", "clean"], "nobody plays"),
        (["--adversary", "--theater-share", "0"], "nobody to adapt"),
        (["--adversary", "--family", "magic"], "`magic` is no family"),
    ] {
        let (code, answer) = footlight(dir, &[&["simulate", "--out", "org"], &flags[..]].concat());
        assert_eq!(code, 2, "{answer}");
        assert!(answer["error"].as_str().unwrap().contains(said), "{answer}");
    }
    let (code, answer) = footlight(dir, &["evaluate", "--truth", "nowhere", "--out", "out"]);
    assert_eq!(code, 2);
    assert!(answer["error"].as_str().unwrap().contains("truth.csv"), "{answer}");
}
