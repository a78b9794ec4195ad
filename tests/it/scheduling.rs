//! Scheduled use: the plan of a run, its record, the gate, `--since`, where settings come from, and the examples of docs/scheduling.

use crate::sample::{OUT, demo, footlight};
use clap::Parser;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn documents() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/scheduling")
}

fn json(stdout: &str) -> Value {
    serde_json::from_str(stdout).unwrap_or_else(|error| panic!("{error}: {stdout}"))
}

fn snapshot(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}

/// Two sessions of one person, in the canonical format; the second file grows in the test.
fn small_logs(directory: &Path) {
    fs::create_dir_all(directory).unwrap();
    let line = |session: &str, day: u8, id: u8| {
        let step = |kind: &str, minute: u8, rest: &str| {
            format!(
                "{{\"ts\":\"2026-03-{day:02}T10:{minute:02}:00Z\",\"session_id\":\"{session}\",\"event_id\":\"{session}-{id}-{kind}\",\
                 \"actor_id\":\"ada\",\"trigger\":\"human\",\"client\":\"claude-code/2.1.0\",\"kind\":\"{kind}\",{rest}}}\n"
            )
        };
        let usage =
            "\"model\":\"claude-opus-4-8\",\"input_tokens\":100,\"output_tokens\":20,\"token_basis\":\"reported\"";
        step("prompt", 0, "\"text\":\"add a test\"") + &step("completion", 1, usage)
    };
    fs::write(directory.join("a.events.ndjson"), line("s-1", 2, 1)).unwrap();
    fs::write(directory.join("b.events.ndjson"), line("s-2", 20, 1)).unwrap();
    fs::write(directory.join("notes.txt"), "nothing\n").unwrap();
}

#[test]
fn a_plan_says_what_a_run_would_do_and_writes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    small_logs(&dir.join("logs"));
    let run = |more: &[&str]| {
        let mut arguments = vec!["run", "--input", "logs", "--lake", "lake", "--out", "out", "--exclude", "**/x*"];
        arguments.extend(more);
        footlight(dir, &arguments)
    };
    fs::write(dir.join("logs/x.ndjson"), "{}\n").unwrap();
    let (code, first, stderr) = run(&["--dry-run"]);
    assert_eq!(code, 0, "{stderr}");
    assert!(!dir.join("lake").exists() && !dir.join("out").exists(), "a plan writes nothing");
    assert_eq!(run(&[]).0, 0);
    let b = dir.join("logs/b.events.ndjson");
    let grown = fs::read_to_string(&b).unwrap();
    fs::write(&b, format!("{grown}{}", grown.replace("s-2-1-", "s-2-2-"))).unwrap();
    fs::write(dir.join("logs/objections.csv"), "unit,reason,date,decision\ns-1,mine,2026-03-03,open\n").unwrap();
    fs::write(dir.join("logs/footlight.toml"), "").unwrap();
    let before = fs::read_dir(dir.join("lake/ingested/_delta_log")).unwrap().count();
    let (code, second, stderr) = run(&["--dry-run", "--config", "logs/footlight.toml"]);
    assert_eq!(code, 0, "{stderr}");
    assert_eq!(fs::read_dir(dir.join("lake/ingested/_delta_log")).unwrap().count(), before);
    let models = first.lines().find(|line| line.starts_with("would run")).unwrap();
    // The number of models is the catalogue's business.
    let shown = format!("{first}\n{second}").replace(models, "would run MODELS");
    snapshot("dry_run.txt", &shown);
    let (_, stdout, _) = run(&["--dry-run", "--json", "--config", "logs/footlight.toml"]);
    let plan = json(&stdout);
    assert_eq!(plan["plan"]["files"][0]["state"], "grown");
    assert_eq!(plan["plan"]["bytes"], grown.len());
    assert!(plan["models"].as_array().unwrap().len() > 40);
    // The file of objections lies among the inputs, and is no log: nothing is quarantined for it.
    let ingest = [
        "ingest",
        "--json",
        "--input",
        "logs",
        "--lake",
        "lake",
        "--exclude",
        "**/x*",
        "--config",
        "logs/footlight.toml",
    ];
    let (code, stdout, stderr) = footlight(dir, &ingest);
    assert_eq!(code, 0, "{stderr}");
    // What was planned is what is done.
    let (done, plan) = (&json(&stdout)["ingest"], &plan["plan"]);
    assert_eq!(done["files_read"], plan["files"].as_array().unwrap().len());
    for figure in ["unchanged", "known", "excluded"] {
        assert_eq!(done[format!("files_{figure}")], plan[figure], "{figure}");
    }
    assert_eq!((&done["files_unrecognised"], &done["bytes_read"]), (&plan["unrecognised"], &plan["bytes"]));
}

#[test]
fn results_stand_until_something_that_they_depend_on_changes() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    small_logs(&dir.join("logs"));
    fs::write(dir.join("footlight.toml"), "").unwrap();
    let run = |out: &str, more: &[&str]| {
        let mut arguments =
            vec!["run", "--json", "--config", "footlight.toml", "--input", "logs", "--lake", "lake", "--out", out];
        arguments.extend(more);
        let (code, stdout, stderr) = footlight(dir, &arguments);
        assert_eq!(code, 0, "{stderr}");
        json(&stdout)
    };
    let stands = |more: &[&str]| run("out", more)["results_stand"].as_bool().unwrap();
    let first = run("out", &[]);
    let bytes = |out: &str| {
        let (out, mut bytes) = (dir.join(out), std::collections::BTreeMap::new());
        for directory in [out.clone(), out.join("tables")] {
            let entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
            bytes.extend(entries.filter(|path| path.is_file()).map(|path| {
                (path.clone(), (fs::read(&path).unwrap(), fs::metadata(&path).unwrap().modified().unwrap()))
            }));
        }
        bytes
    };
    let made = bytes("out");
    let second = run("out", &[]);
    assert_eq!((&first["results_stand"], &second["results_stand"]), (&false.into(), &true.into()));
    assert!(bytes("out") == made, "nothing was written");
    // It answers as if it had been made again, but for what ingest did and the time that passed.
    for member in ["status", "exit_code", "score", "answer", "report"] {
        assert_eq!(first[member], second[member], "{member}");
    }
    assert_eq!(first["freshness"]["watermark"], second["freshness"]["watermark"]);
    // Another OUT has results of its own, and those of a run with other arguments are other results.
    assert_eq!(run("other", &[])["results_stand"], false);
    assert!(stands(&[]), "the other one is no concern of the first");
    assert!(!stands(&["--seed", "2"]));
    assert!(!stands(&["--as-of", "2026-03-10"]) && stands(&["--as-of", "2026-03-10"]));
    assert!(!stands(&["--compare", "other/summary.json"]), "what is compared is compared each time");
    // Whatever is read: logs, the configuration, objections, results that somebody took away or wrote to.
    let changes: [(&str, &dyn Fn()); 5] = [
        ("logs", &|| {
            let path = dir.join("logs/b.events.ndjson");
            let grown = fs::read_to_string(&path).unwrap();
            fs::write(&path, format!("{grown}{}", grown.replace("s-2-1-", "s-2-2-"))).unwrap();
        }),
        ("configuration", &|| fs::write(dir.join("footlight.toml"), "[privacy]\nmin_people = 12\n").unwrap()),
        ("objections", &|| {
            fs::write(dir.join("objections.csv"), "unit,reason,date,decision\ns-1,mine,2026-03-03,open\n").unwrap()
        }),
        ("a report that is gone", &|| fs::remove_file(dir.join("out/report.html")).unwrap()),
        ("a table that was written to", &|| fs::write(dir.join("out/tables/sessions.parquet"), "").unwrap()),
    ];
    for (what, change) in changes {
        change();
        assert!(!stands(&[]), "{what}");
    }
    assert!(stands(&[]));
    // A row that leaves the lake without an ingest.
    let (code, _, stderr) = footlight(
        dir,
        &["forget", "--config", "footlight.toml", "--lake", "lake", "--id", "ada", "--reason", "asked for it", "--yes"],
    );
    assert_eq!(code, 0, "{stderr}");
    assert!(!stands(&[]));
}

#[test]
fn every_run_leaves_a_record_also_when_it_fails() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    small_logs(&dir.join("logs"));
    let run = |more: &[&str]| {
        let mut arguments = vec!["run", "--json", "--input", "logs", "--lake", "lake", "--out", "out"];
        arguments.extend(more);
        footlight(dir, &arguments)
    };
    let (code, stdout, stderr) = run(&[]);
    assert_eq!(code, 0, "{stderr}");
    let answer = json(&stdout);
    let record = json(&fs::read_to_string(dir.join(answer["run_record"].as_str().unwrap())).unwrap());
    assert_eq!((&record["status"], &record["exit_code"]), (&"ok".into(), &0.into()));
    assert_eq!(record["ingest"]["added"]["events"], 4);
    assert_eq!(record["freshness"]["newest_by_source"], serde_json::json!([["canonical", "2026-03-20T10:01:00Z"]]));
    assert_eq!(record["freshness"]["watermark"], "2026-03-17T10:01:00Z");
    assert!(record["freshness"]["lag_seconds"].as_i64().unwrap() > 0 && record["seconds"].as_f64().unwrap() > 0.0);
    let digest = record["tables_digest"].as_str().unwrap().to_owned();
    // Nothing new: the same tables, by their hash alone.
    let (_, stdout, _) = run(&[]);
    let second = json(&fs::read_to_string(dir.join(json(&stdout)["run_record"].as_str().unwrap())).unwrap());
    assert_eq!((&second["tables_digest"], &second["ingest"]["files_read"]), (&digest.into(), &0.into()));
    assert_eq!((&record["results_stand"], &second["results_stand"]), (&false.into(), &true.into()));
    let (code, _, _) = run(&["--queries", "nowhere"]);
    assert_eq!(code, 2);
    let records = fs::read_dir(dir.join("lake/runs")).unwrap().map(|entry| entry.unwrap().path());
    let failed: Vec<Value> = records
        .map(|path| json(&fs::read_to_string(path).unwrap()))
        .filter(|record| record["status"] == "usage")
        .collect();
    assert_eq!(failed.len(), 1);
    assert!(failed[0]["error"].as_str().unwrap().contains("nowhere") && failed[0]["score"].is_null());
    // From the tenth on there is one session; the lake keeps both.
    let (code, stdout, stderr) = run(&["--since", "2026-03-10"]);
    assert_eq!(code, 0, "{stderr}");
    assert_eq!(json(&stdout)["score"]["sessions"], 1);
    let facts = json(&fs::read_to_string(dir.join("out/run.json")).unwrap());
    assert_eq!((&facts["run"]["period_start"], &facts["run"]["duplicates"]), (&"2026-03-20".into(), &0.into()));
    assert!(facts["run"]["reproduce"][1].as_str().unwrap().contains("--since 2026-03-10"));
    // Nor is anything looked at that came after the moment that scores speak for.
    let (code, stdout, stderr) = run(&["--as-of", "2026-03-10"]);
    assert_eq!(code, 0, "{stderr}");
    assert_eq!(json(&stdout)["score"]["sessions"], 1);
    let facts = json(&fs::read_to_string(dir.join("out/run.json")).unwrap());
    assert_eq!(facts["run"]["period_end"], "2026-03-02");
    assert_eq!(run(&["--since", "2026-03-10", "--as-of", "2026-03-01"]).0, 2);
    // Nor is anything committed where a day is mistyped.
    let more = fs::read_to_string(dir.join("logs/a.events.ndjson")).unwrap().replace("s-1", "s-9");
    fs::write(dir.join("logs/c.events.ndjson"), more).unwrap();
    assert_eq!(run(&["--since", "ten days ago"]).0, 2);
    let (_, stdout, _) = footlight(dir, &["query", "--json", "--lake", "lake", "select count(*) as n from events"]);
    assert_eq!(json(&stdout)["rows"][0]["n"], 4);
}

/// A full disk takes no log line, and a run goes on without them.
#[test]
#[cfg(target_os = "linux")]
fn a_log_that_cannot_be_written_ends_no_run() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    small_logs(&dir.join("logs"));
    let full = fs::File::options().write(true).open("/dev/full").unwrap();
    let ended = Command::new(env!("CARGO_BIN_EXE_footlight"))
        .current_dir(dir)
        .args(["run", "-vv", "--json", "--input", "logs", "--lake", "lake", "--out", "out"])
        .stderr(full)
        .output()
        .unwrap();
    assert_eq!(ended.status.code(), Some(0));
    assert_eq!(json(&String::from_utf8(ended.stdout).unwrap())["status"], "ok");
}

#[test]
fn nobody_writes_or_reads_results_that_another_run_is_making() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    small_logs(&dir.join("logs"));
    let (code, _, stderr) = footlight(dir, &["run", "--input", "logs", "--lake", "lake", "--out", "out"]);
    assert_eq!(code, 0, "{stderr}");
    let mut places = fs::read_dir(dir.join("lake/standing")).unwrap().map(|entry| entry.unwrap().path());
    let lock = places.find(|path| path.extension().is_some_and(|extension| extension == "lock")).unwrap();
    let held = fs::File::options().write(true).open(lock).unwrap();
    held.lock().unwrap();
    for command in ["score", "report"] {
        let (code, _, stderr) = footlight(dir, &[command, "--lake", "lake", "--out", "out"]);
        assert_eq!(code, 11, "{command}: {stderr}");
    }
    drop(held);
    let (code, _, stderr) = footlight(dir, &["report", "--lake", "lake", "--out", "out"]);
    assert_eq!(code, 0, "{stderr}");
}

/// Directories of exports are named after people, and so may patterns and models be: what is for everybody has none of them.
#[test]
fn a_report_names_no_path_and_the_record_makes_its_results_again() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    small_logs(&dir.join("exports/cleo.tarn@example.com"));
    small_logs(&dir.join("exports/dov o'hara"));
    small_logs(&dir.join("exports/cleo.tarn@example.com/archive"));
    fs::write(dir.join("exports/cleo.tarn@example.com/archive/c.events.ndjson"), "damaged\n").unwrap();
    let roster = "actor_id,aliases,team_id,role,kind\ncleo.tarn@example.com,ada,red,engineer,person\n";
    fs::write(dir.join("exports/roster.csv"), roster).unwrap();
    fs::create_dir(dir.join("tarn models")).unwrap();
    fs::write(dir.join("tarn.toml"), "title = \"Weekly\"\n").unwrap();
    let run = [
        "run",
        "--input",
        "exports/cleo.tarn@example.com",
        "exports/dov o'hara",
        "exports/roster.csv",
        "--exclude",
        "**/archive/**",
        "--exclude",
        "**/o'hara*.old",
        "--max-line",
        "1000000",
        "--queries",
        "tarn models",
        "--config",
        "tarn.toml",
        "--lake",
        "tarn-lake",
        "--out",
        "tarn-out",
    ];
    let (code, _, stderr) = footlight(dir, &run);
    assert_eq!(code, 0, "{stderr}");
    let out = dir.join("tarn-out");
    let public = ["report.html", "report.md", "summary.json", "report.csv", "report.parquet"];
    for file in public.into_iter().chain(["tables/teams.parquet", "tables/population.parquet"]) {
        let bytes = fs::read(out.join(file)).unwrap();
        let text = String::from_utf8_lossy(&bytes).to_lowercase();
        // Three letters are found in compressed bytes too.
        let login = if file.ends_with("parquet") { "cleo" } else { "ada" };
        for name in [login, "cleo", "tarn", "hara"] {
            let is_named = text.split(|c: char| !c.is_alphanumeric()).any(|word| word == name);
            assert!(!is_named, "{name} is in {file}");
        }
    }
    let summary = |out: &Path| json(&fs::read_to_string(out.join("summary.json")).unwrap());
    assert_eq!(
        summary(&out)["run"]["reproduce"],
        serde_json::json!([
            "footlight ingest --input INPUTS... --lake LAKE --exclude PATTERN --exclude PATTERN --max-line 1000000 --config CONFIG",
            "footlight score --lake LAKE --out OUT --seed 1 --queries QUERIES --config CONFIG",
            "footlight report --out OUT --lake LAKE --config CONFIG",
        ])
    );
    // The commands of the record, as a shell takes them, somewhere else.
    let record = fs::read_dir(dir.join("tarn-lake/runs")).unwrap().next().unwrap().unwrap().path();
    let record = json(&fs::read_to_string(record).unwrap());
    fs::rename(&out, dir.join("first")).unwrap();
    fs::rename(dir.join("tarn-lake"), dir.join("first-lake")).unwrap();
    for command in record["reproduce"].as_array().unwrap() {
        let (code, text) = shell(dir, command.as_str().unwrap(), &[]);
        assert_eq!(code, 0, "{command}: {text}");
    }
    let (first, again) = (summary(&dir.join("first")), summary(&out));
    for what in ["/run/queries_hash", "/run/policy_hash", "/data_quality", "/figures", "/weeks"] {
        assert_eq!(first.pointer(what).unwrap(), again.pointer(what).unwrap(), "{what}");
    }
}

#[test]
fn a_gate_passes_fails_or_does_not_know() {
    let dir = demo();
    let check = |expressions: &[&str]| {
        let mut arguments = vec!["check", "--json", "--out", OUT];
        for expression in expressions {
            arguments.extend(["--fail-on", expression]);
        }
        let (code, stdout, _) = footlight(dir, &arguments);
        (code, json(&stdout))
    };
    let (code, all) = check(&[]);
    assert_eq!(code, 0);
    let figures = all["figures"].as_object().unwrap();
    for name in ["quarantined", "outcome_coverage", "linked_share_low", "spend_usd", "verdict", "objections_open"] {
        assert!(figures.contains_key(name), "{name} is missing: {figures:?}");
    }
    // What was published is asked, not what could be computed anew; a report of another run says nothing of this one.
    let copy = dir.join("published");
    fs::create_dir_all(copy.join("tables")).unwrap();
    for file in ["run.json", "tables"] {
        for path in crate::secrets::files_below(&dir.join(OUT).join(file)) {
            fs::copy(&path, copy.join(path.strip_prefix(dir.join(OUT)).unwrap())).unwrap();
        }
    }
    let mut published = json(&fs::read_to_string(dir.join(OUT).join("summary.json")).unwrap());
    published["figures"]["spend"]["value"] = Value::from(987_000_000);
    let spend = |summary: &Value| {
        fs::write(copy.join("summary.json"), summary.to_string()).unwrap();
        json(&footlight(dir, &["check", "--json", "--out", "published"]).1)["figures"]["spend_usd"].clone()
    };
    assert_eq!(spend(&published), 987.0);
    published["run"]["as_of"] = Value::from("2020-01-01");
    assert_eq!(spend(&published), figures["spend_usd"]);
    let (code, answer) = check(&["quarantined > 1000000", "confidence = 'insufficient'"]);
    assert_eq!((code, &answer["status"]), (0, &"ok".into()), "{answer}");
    let (code, answer) = check(&["quarantined > 1000000", "linked_share_low < 0.9 and spend_usd > 1"]);
    assert_eq!((code, &answer["status"]), (4, &"gate_failed".into()), "{answer}");
    assert_eq!(answer["gates"][1]["figures"]["spend_usd"], figures["spend_usd"]);
    // A figure that is not known does not let anything pass.
    let (code, answer) = check(&["spend_usd_high < 0"]);
    assert_eq!((code, &answer["gates"][0]["result"]), (4, &"unknown".into()), "{answer}");
    for wrong in ["quarantined", "no_such_figure > 1", "1; drop table figures", "(select 1 from sessions) > 0"] {
        let (code, answer) = check(&[wrong]);
        assert_eq!(code, 2, "{wrong}: {answer}");
    }
}

#[test]
fn every_setting_says_where_it_comes_from() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let text = "title = \"Here\"\n\n[privacy]\nmin_people = 12\n\n[params]\n\"sig_loop_no_progress.min_calls\" = 25\n\n\
                [[quota]]\nmetric = \"tokens\"\nthreshold = 250000\nannounced = 2026-05-04\n";
    fs::write(dir.join("footlight.toml"), text).unwrap();
    fs::write(dir.join("objections.csv"), "unit,reason,date,decision\n").unwrap();
    let (code, stdout, stderr) = footlight(dir, &["config", "show", "--origin", "--threads", "3", "--memory", "2GiB"]);
    assert_eq!(code, 0, "{stderr}");
    let of_loops = |line: &&str| !line.starts_with("params.") || line.starts_with("params.sig_loop_no_progress");
    let shown: Vec<&str> = stdout.lines().filter(of_loops).collect();
    snapshot("config_show.txt", &shown.join("\n"));
    let (code, stdout, _) = footlight(dir, &["config", "show", "--json"]);
    assert_eq!(code, 0);
    let settings = json(&stdout)["settings"].as_array().unwrap().clone();
    let people = settings.iter().find(|setting| setting["key"] == "privacy.min_people").unwrap();
    assert_eq!(people["origin"], "footlight.toml:4");
    fs::write(dir.join("footlight.toml"), "[privacy]\nmin_people = 3\n").unwrap();
    assert_eq!(footlight(dir, &["config", "show"]).0, 2);
}

/// The examples find the program by its name.
fn shell(dir: &Path, script: &str, environment: &[(&str, &str)]) -> (i32, String) {
    let program = Path::new(env!("CARGO_BIN_EXE_footlight")).parent().unwrap();
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap_or_default());
    let output = Command::new("/bin/sh")
        .args(["-c", script])
        .current_dir(dir)
        .env_clear()
        .env("PATH", path)
        .envs(environment.iter().copied())
        .output()
        .unwrap();
    let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    (output.status.code().unwrap_or(-1), text)
}

#[test]
fn the_weekly_script_and_the_crontab_run() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    small_logs(&dir.join("logs"));
    fs::write(dir.join("footlight.toml"), "title = \"Weekly\"\n").unwrap();
    let script = documents().join("weekly.sh");
    let environment = [
        ("FOOTLIGHT_INPUTS", "logs"),
        ("FOOTLIGHT_LAKE", "lake"),
        ("FOOTLIGHT_OUT", "out"),
        ("FOOTLIGHT_CONFIG", "footlight.toml"),
    ];
    let script = script.to_str().unwrap();
    let (code, text) = shell(dir, script, &environment);
    assert_eq!(code, 0, "{text}");
    assert!(dir.join("out/report.html").is_file(), "{text}");
    // Without a setting: refused by the shell. Input that cannot be read, below: done, with 3.
    fs::write(dir.join("logs/torn.events.ndjson"), "{\"ts\":\"2026-03-02T10:00:00Z\",\"session_id\":3}\n").unwrap();
    assert_ne!(shell(dir, script, &environment[1..]).0, 0);
    // The line of the crontab, its paths replaced by those of this test, run as cron runs it.
    let crontab = fs::read_to_string(documents().join("crontab")).unwrap();
    let line = crontab.lines().find(|line| line.starts_with(|c: char| c.is_ascii_digit())).unwrap();
    let command = line.splitn(6, ' ').nth(5).unwrap();
    let command = command
        .replace("/usr/local/lib/footlight/weekly.sh", script)
        .replace("/var/log/footlight/weekly.log", "weekly.log");
    let (code, text) = shell(dir, &command, &environment);
    assert_eq!((code, text.as_str()), (3, ""), "everything goes to the log");
    assert!(fs::read_to_string(dir.join("weekly.log")).unwrap().contains("passed: quarantined > 1000"));
}

#[test]
#[allow(clippy::print_stderr)] // a check that is not made must say so
fn the_examples_are_what_their_readers_take() {
    let python = std::env::var("FOOTLIGHT_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let yaml = "import sys, yaml; job = yaml.safe_load(open(sys.argv[1])); \
        template = job['spec']['jobTemplate']['spec']; pod = template['template']['spec']; \
        assert pod['containers'][0]['name'] == template['podFailurePolicy']['rules'][0]['onExitCodes']['containerName']; \
        assert {m['name'] for m in pod['containers'][0]['volumeMounts']} == {v['name'] for v in pod['volumes']}";
    for (what, program, arguments) in [
        ("kubernetes.yaml", python.as_str(), vec!["-c", yaml, "kubernetes.yaml"]),
        ("airflow_dag.py", python.as_str(), vec!["-c", "compile(open('airflow_dag.py').read(), 'dag', 'exec')"]),
    ] {
        match Command::new(program).args(arguments).current_dir(documents()).output() {
            Ok(output) if output.status.success() => {}
            Ok(output) => {
                let error = String::from_utf8_lossy(&output.stderr).into_owned();
                assert!(error.contains("No module named"), "{what}: {error}");
                eprintln!("{what} is not checked: {}", error.lines().last().unwrap_or_default());
            }
            Err(error) => eprintln!("{what} is not checked: {program}: {error}"),
        }
    }
    // The commands of the DAG are footlight's, with its paths in place.
    let dag = fs::read_to_string(documents().join("airflow_dag.py")).unwrap();
    let constant = |name: &str| {
        let line = dag.lines().find(|line| line.starts_with(&format!("{name} = "))).unwrap();
        line.split('"').nth(1).unwrap().to_owned()
    };
    let commands: Vec<&str> = dag.lines().filter_map(|line| line.split("bash_command=").nth(1)).collect();
    assert_eq!(commands.len(), 3);
    for command in commands {
        let command = command.trim_start_matches('f').trim_end_matches(',').trim_matches(['"', '\'']);
        let command = command.replace("{PATHS}", &constant("PATHS")).replace("{CONFIG}", &constant("CONFIG"));
        let words = crate::readme::words(command.split(" || ").next().unwrap());
        assert!(footlight::cli::Cli::try_parse_from(&words).is_ok(), "{words:?}");
    }
    // systemd wants the script to be where the unit says: a copy of the unit names the one in this directory.
    let dir = tempfile::tempdir().unwrap();
    for unit in ["footlight.service", "footlight.timer"] {
        let text = fs::read_to_string(documents().join(unit)).unwrap();
        let script = documents().join("weekly.sh");
        fs::write(dir.path().join(unit), text.replace("/usr/local/lib/footlight/weekly.sh", script.to_str().unwrap()))
            .unwrap();
    }
    match Command::new("systemd-analyze")
        .args(["verify", "--man=no", "footlight.service", "footlight.timer"])
        .current_dir(dir.path())
        .output()
    {
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            // Without a running system it complains about that; what it says about our files counts.
            let ours: Vec<&str> = said.lines().filter(|line| line.contains("footlight.")).collect();
            assert!(ours.is_empty(), "{ours:?}");
        }
        Err(error) => eprintln!("the systemd units are not checked: systemd-analyze: {error}"),
    }
}

#[test]
#[cfg(not(feature = "cluster"))]
fn a_build_without_clusters_says_how_to_make_one_with_them() {
    let directory = tempfile::tempdir().unwrap();
    small_logs(&directory.path().join("logs"));
    let run =
        ["run", "--input", "logs", "--lake", "lake", "--out", "out", "--engine", "ballista", "--scheduler", "a:1"];
    for arguments in [&run[..], &["cluster", "scheduler"]] {
        let (code, _, stderr) = footlight(directory.path(), arguments);
        assert_eq!(code, 2, "{stderr}");
        assert!(stderr.contains("cargo build --release --features cluster"), "{stderr}");
    }
    assert!(!directory.path().join("lake").exists(), "refused before anything is written");
}
