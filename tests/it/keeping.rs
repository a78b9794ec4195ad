//! What the lake keeps and what it gives up: a person is forgotten to the last byte and stays out, what is too old leaves in whole weeks, small
//! files are joined, damage is found, and a kill at any time harms nothing.

use crate::sample::footlight;
use arrow::array::{Array, AsArray};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

fn json(dir: &Path, args: &[&str]) -> (i32, Value) {
    let (code, stdout, stderr) = footlight(dir, &[&["--json"], args].concat());
    (code, serde_json::from_str(&stdout).unwrap_or_else(|error| panic!("{args:?}: {error}: {stdout}{stderr}")))
}

fn rows(dir: &Path, lake: &str, sql: &str) -> Value {
    let (code, answer) = json(dir, &["query", "--lake", lake, sql]);
    assert_eq!(code, 0, "{answer}");
    answer["rows"].clone()
}

fn ingest(dir: &Path, lake: &str) -> Value {
    let (code, answer) = json(dir, &["ingest", "--config", "footlight.toml", "--lake", lake, "--input", "logs"]);
    assert!(code == 0 || code == 3, "{answer}");
    answer["ingest"].clone()
}

/// Steps of one session in the canonical format, a prompt and a completion a day from `first` on.
fn session(session: &str, actor: Option<&str>, parent: Option<&str>, first: jiff::civil::Date, days: i32) -> String {
    let mut text = String::new();
    let field =
        |name: &str, value: Option<&str>| value.map_or_else(String::new, |value| format!("\"{name}\":\"{value}\","));
    for day in 0..days {
        let date = first.checked_add(jiff::Span::new().days(day)).unwrap();
        for (kind, rest) in [
            ("prompt", format!("\"text\":\"step {day} of {session}\"")),
            (
                "completion",
                format!(
                    "\"model\":\"claude-sonnet-4-6\",\"input_tokens\":{},\"output_tokens\":{}",
                    100 + day,
                    7 * day + 1
                ),
            ),
        ] {
            text.push_str(&format!(
                "{{\"ts\":\"{date}T10:0{}:00Z\",\"session_id\":\"{session}\",\"event_id\":\"{session}-{day}-{kind}\",{}{}\
                 \"kind\":\"{kind}\",\"client\":\"claude-code/2.1.0\",\"trigger\":\"human\",{rest}}}\n",
                usize::from(kind == "completion"),
                field("actor_id", actor),
                field("parent_session_id", parent),
            ));
        }
    }
    text
}

fn day(month: i8, day: i8) -> jiff::civil::Date {
    jiff::civil::date(2026, month, day)
}

const ROSTER: &str = "actor_id,aliases,team_id,role,kind,time_zone,active_from,active_to\n\
    zilpha.krone@example.test,zkrone;zilpha.k@corp.test,team-a,engineer,person,Europe/Berlin,2025-01-01,\n\
    bob.lind@example.test,blind,team-a,engineer,person,Europe/Berlin,2025-01-01,\n\
    cyd.marl@example.test,cmarl,team-b,engineer,person,America/New_York,2025-01-01,\n";

/// Whatever says who the erased one is.
const OF_HERS: [&str; 6] = ["zilpha", "zkrone", "krone", "z-own-session", "z-mixed-session", "z-helper-session"];

/// Three people; one of them under two names, in a file of her own, in a file of all, as a vendor's report has her, with a subagent that has no
/// name, with outcomes, and named by somebody else's session and outcome.
fn organisation(dir: &Path) {
    let logs = dir.join("logs");
    fs::create_dir_all(logs.join("exports/zkrone")).unwrap();
    fs::create_dir_all(logs.join("old/zkrone")).unwrap();
    fs::write(dir.join("footlight.toml"), "[[identity]]\npath = \"exports/{actor}/**\"\n").unwrap();
    fs::write(logs.join("roster.csv"), ROSTER).unwrap();
    let own = session("z-own-session", None, None, day(6, 1), 9)
        + "{\"ts\":\"never\",\"session_id\":\"z-own-session\"}\n{\"ts\"";
    fs::write(logs.join("exports/zkrone/own.events.ndjson"), &own).unwrap();
    fs::write(logs.join("old/zkrone/copy.events.ndjson"), &own).unwrap();
    let all = session("z-mixed-session", Some("Zilpha.K@corp.test"), None, day(6, 3), 5)
        + &session("z-helper-session", None, Some("z-mixed-session"), day(6, 3), 2)
        + &session("b-session", Some("bob.lind@example.test"), Some("z-mixed-session"), day(6, 1), 12)
        + &session("c-session", Some("cmarl"), None, day(6, 2), 7)
        + &session("nobodys", None, None, day(6, 2), 2);
    fs::write(logs.join("all.events.ndjson"), all).unwrap();
    let outcome = |id: &str, actor: &str, sessions: &str| {
        format!(
            "{{\"ts\":\"2026-06-09T12:00:00Z\",\"outcome_id\":\"{id}\",\"kind\":\"commit\",\"status\":\"landed\",\"actor_id\":\"{actor}\",\
             \"session_id\":{sessions},\"repo\":\"https://git.test/shop\",\"lines_added\":10}}\n"
        )
    };
    let outcomes = outcome("c0ffee01", "zilpha.krone@example.test", "[\"z-own-session\"]")
        + &outcome("c0ffee02", "blind", "[\"b-session\",\"z-mixed-session\"]")
        + &outcome("c0ffee03", "cyd.marl@example.test", "[\"c-session\"]");
    fs::write(logs.join("all.outcomes.ndjson"), outcomes).unwrap();
    let seat = |email: &str| {
        format!(
            "{{\"date\":\"2026-06-01\",\"actor\":{{\"type\":\"user_actor\",\"email_address\":\"{email}\"}},\"terminal_type\":\"vscode\",\
             \"core_metrics\":{{\"num_sessions\":3}},\"model_breakdown\":[]}}"
        )
    };
    let seats = format!(
        "{{\"data\":[{},{}],\"has_more\":false}}",
        seat("zilpha.krone@example.test"),
        seat("bob.lind@example.test")
    );
    fs::write(logs.join("seats.json"), seats).unwrap();
}

/// Every file below a directory.
fn files(directory: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files.extend(self::files(&path)) } else { files.push(path) }
    }
    files.sort();
    files
}

/// All text of a column, of lists and structs too.
fn text_of(column: &dyn Array, text: &mut String) {
    if let Some(strings) = column.as_string_opt::<i32>() {
        strings.iter().flatten().for_each(|one| text.push_str(&format!("{one}\n")));
    } else if let Some(strings) = column.as_string_view_opt() {
        strings.iter().flatten().for_each(|one| text.push_str(&format!("{one}\n")));
    } else if let Some(list) = column.as_list_opt::<i32>() {
        text_of(list.values(), text);
    } else if let Some(map) = column.as_map_opt() {
        map.entries().columns().iter().for_each(|one| text_of(one, text));
    } else if let Some(fields) = column.as_struct_opt() {
        fields.columns().iter().for_each(|one| text_of(one, text));
    }
}

/// What a lake says of somebody, in any byte of any file: as it stands there, and as Parquet decodes it.
fn traces(lake: &Path, names: &[&str]) -> Vec<String> {
    let mut traces = Vec::new();
    for path in files(lake) {
        let bytes = fs::read(&path).unwrap();
        let mut text = String::from_utf8_lossy(&bytes).to_lowercase();
        text.push_str(&path.display().to_string().replace(&lake.display().to_string(), ""));
        if path.extension().is_some_and(|extension| extension == "parquet") {
            for batch in
                ParquetRecordBatchReaderBuilder::try_new(fs::File::open(&path).unwrap()).unwrap().build().unwrap()
            {
                batch.unwrap().columns().iter().for_each(|column| text_of(column, &mut text));
            }
        }
        let text = text.to_lowercase();
        traces.extend(
            names.iter().filter(|name| text.contains(*name)).map(|name| format!("{name} in {}", path.display())),
        );
    }
    traces
}

/// Totals of everybody but her, to the last digit.
fn totals(dir: &Path, lake: &str) -> String {
    let but_her = "coalesce(actor_id, '') not like 'Zilpha%' and coalesce(actor_id, '') not like 'zilpha%'";
    let events = format!(
        "select actor_id, session_id, count(*) as n, sum(input_tokens) as input, sum(output_tokens) as output, sum(cost_usd) as cost,
         min(ts) as first, max(ts) as last from events where {but_her} and session_id not like 'z-%' group by actor_id, session_id order by 1, 2"
    );
    let outcomes =
        format!("select outcome_id, actor_id, status, lines_added from outcomes where {but_her} order by outcome_id");
    let seats = format!("select actor_id, sessions from aggregates where {but_her} order by actor_id");
    let roster = format!("select actor_id, team_id from roster where {but_her} order by actor_id, team_id");
    [events, outcomes, seats, roster].iter().map(|sql| rows(dir, lake, sql).to_string()).collect::<Vec<_>>().join("\n")
}

/// What scoring says of the weeks of somebody else's team.
fn weeks(dir: &Path, lake: &str, out: &str) -> Value {
    if !dir.join(out).exists() {
        let (code, _, stderr) = footlight(dir, &["score", "--config", "footlight.toml", "--lake", lake, "--out", out]);
        assert_eq!(code, 0, "{stderr}");
    }
    let sql = "select iso_week, sessions, prompts, tokens, cost_usd, outcomes from actor_weeks where team_id = 'team-c' order by iso_week";
    let (code, answer) = json(dir, &["query", "--lake", lake, "--out", out, sql]);
    assert_eq!(code, 0, "{answer}");
    answer["rows"].clone()
}

fn forget(dir: &Path, more: &[&str]) -> (i32, Value) {
    let mut args = vec!["forget", "--config", "footlight.toml", "--lake", "lake", "--id", "zkrone"];
    args.extend(["--reason", "Zilpha asked for it on 20 November"]);
    args.extend(more);
    json(dir, &args)
}

#[test]
fn a_person_is_forgotten_to_the_last_byte_and_stays_out() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    organisation(dir);
    ingest(dir, "lake");
    // A second run replaces rows, so that an older version of the lake holds them too.
    let all = fs::read_to_string(dir.join("logs/all.events.ndjson")).unwrap();
    fs::write(dir.join("logs/all.events.ndjson"), all + &session("c-later", Some("cmarl"), None, day(6, 12), 2))
        .unwrap();
    fs::write(dir.join("logs/roster.csv"), ROSTER.replace("team-b", "team-c")).unwrap();
    let run = ["run", "--config", "footlight.toml", "--lake", "lake", "--out", "out", "--input", "logs"];
    assert_eq!(footlight(dir, &run).0, 0);
    let (code, stdout, _) = footlight(
        dir,
        &[
            "subject",
            "--config",
            "footlight.toml",
            "--lake",
            "lake",
            "--out",
            "out",
            "--id",
            "zkrone",
            "--reason",
            "Zilpha.Krone@example.test asked",
        ],
    );
    assert_eq!(code, 0, "{stdout}");
    let own = files(&dir.join("out/subjects")).into_iter().find(|path| path.ends_with("subject.json")).unwrap();
    let own: Value = serde_json::from_str(&fs::read_to_string(own).unwrap()).unwrap();
    let pseudonym = own["person"]["pseudonym"].as_str().unwrap();
    let held: Vec<_> = own["held"].as_array().unwrap().iter().map(|one| (&one["table"], &one["records"])).collect();
    assert!(held.contains(&(&Value::from("aggregates"), &Value::from(1))), "what a vendor reports of her: {held:?}");
    for name in ["zilpha", "zkrone", "z-own-session"] {
        assert!(!traces(&dir.join("lake"), &[name]).is_empty(), "{name} is not looked for in the right place");
    }
    let (before, scored) = (totals(dir, "lake"), weeks(dir, "lake", "out"));
    let duplicates = |out: &str| {
        let run: Value = serde_json::from_str(&fs::read_to_string(dir.join(out).join("run.json")).unwrap()).unwrap();
        run["run"]["duplicates"].as_i64().unwrap()
    };

    // Looking changes nothing, and neither does a command that nobody confirmed.
    let (code, plan) = forget(dir, &["--dry-run"]);
    assert_eq!((code, &plan["found"]), (0, &true.into()), "{plan}");
    assert!(!plan.to_string().contains(pseudonym), "a name and its pseudonym without a line in the access log");
    let removed = |answer: &Value, table: &str| {
        let tables = answer["tables"].as_array().unwrap();
        tables.iter().find(|one| one["table"] == table).unwrap()["rows_removed"].as_i64().unwrap()
    };
    assert_eq!(removed(&plan, "events"), 2 * (9 + 5 + 2));
    assert_eq!((removed(&plan, "outcomes"), removed(&plan, "aggregates"), removed(&plan, "roster")), (1, 1, 1));
    assert_eq!(forget(dir, &[]).0, 2);
    assert!(!dir.join("lake/tombstones").exists());
    assert_eq!(totals(dir, "lake"), before);

    let (code, answer) = forget(dir, &["--yes"]);
    assert_eq!(code, 0, "{answer}");
    assert_eq!(removed(&answer["receipt"], "events"), removed(&plan, "events"));
    assert!(answer["receipt"]["purged"]["files"].as_i64().unwrap() > 0);
    assert_eq!(answer["receipt"]["named_by_others"], serde_json::json!([]), "{answer}");
    assert!(dir.join("out/subjects").join(pseudonym).exists());
    assert!(answer["receipt"]["not_in_the_lake"].to_string().contains("OUT/subjects"), "{answer}");
    let events = answer["receipt"]["tables"].as_array().unwrap().iter().find(|one| one["table"] == "events").unwrap();
    assert_ne!(events["digest_before"], events["digest_after"]);
    assert_eq!(traces(&dir.join("lake"), &OF_HERS), Vec::<String>::new());
    assert_eq!(totals(dir, "lake"), before);
    assert_eq!(weeks(dir, "lake", "after"), scored);
    assert!(duplicates("after") <= duplicates("out"), "what left is no duplicate");
    assert_eq!(json(dir, &["verify", "lake"]).0, 0);

    // The same logs again, and logs that she made since, also under a name that only the next roster tells.
    let again = ingest(dir, "lake");
    assert_eq!((&again["files_read"], &again["kept_out"]), (&0.into(), &0.into()), "masked files are known: {again}");
    fs::write(dir.join("logs/roster.csv"), ROSTER.replace("zkrone;", "zkrone;zizi;")).unwrap();
    fs::write(dir.join("logs/more.events.ndjson"), session("z-mixed-session-2", Some("zizi"), None, day(6, 20), 3))
        .unwrap();
    let own = dir.join("logs/exports/zkrone/own.events.ndjson");
    fs::write(
        &own,
        fs::read_to_string(&own).unwrap() + "\":\"torn\"}\n" + &session("z-own-session", None, None, day(6, 20), 2),
    )
    .unwrap();
    let all = dir.join("logs/all.events.ndjson");
    fs::write(&all, fs::read_to_string(&all).unwrap().replace("\"client\"", "\"branch\":\"main\",\"client\"")).unwrap();
    let later = ingest(dir, "lake");
    assert!(later["kept_out"].as_i64().unwrap() > 0, "{later}");
    let mut names = OF_HERS.to_vec();
    names.push("zizi");
    assert_eq!(traces(&dir.join("lake"), &names), Vec::<String>::new());
    assert_eq!(totals(dir, "lake"), before.replace("team-c", "team-b"), "the roster is the first one again");
    assert_eq!(json(dir, &["verify", "lake"]).0, 0);

    let (code, answer) = forget(dir, &["--yes"]);
    assert_eq!((code, &answer["found"]), (0, &false.into()), "{answer}");
    let (code, _, stderr) = footlight(
        dir,
        &["forget", "--lake", "lake", "--id", "nobody.here", "--reason", "asked for it yesterday", "--yes"],
    );
    assert_eq!(code, 2);
    assert!(stderr.contains("nothing was found") && !stderr.contains("nobody.here"), "{stderr}");

    // Under another key nobody could be told apart from her: nothing is read.
    fs::write(dir.join("lake/pseudonym.key"), format!("{}\n", "0b".repeat(32))).unwrap();
    fs::write(dir.join("logs/new.events.ndjson"), session("n", Some("zkrone"), None, day(6, 20), 3)).unwrap();
    let (code, answer) = json(dir, &["ingest", "--lake", "lake", "--input", "logs"]);
    assert_eq!(code, 14, "{answer}");
    assert_eq!(traces(&dir.join("lake"), &["zkrone"]), Vec::<String>::new());
}

/// Starts the program and kills it after a while.
#[cfg(unix)]
fn killed(dir: &Path, args: &[&str], delay_ms: u64) {
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_footlight"))
        .current_dir(dir)
        .args(args)
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    std::thread::sleep(std::time::Duration::from_millis(delay_ms));
    child.kill().unwrap();
    child.wait().unwrap();
}

fn copy(from: &Path, to: &Path) {
    for path in files(from) {
        let target = to.join(path.strip_prefix(from).unwrap());
        fs::create_dir_all(target.parent().unwrap()).unwrap();
        fs::copy(&path, target).unwrap();
    }
}

#[test]
#[cfg(unix)]
fn a_forgetting_that_is_killed_is_finished_by_whoever_writes_next() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    organisation(dir);
    ingest(dir, "fresh");
    let before = totals(dir, "fresh");
    for (round, delay_ms) in [5u64, 60, 110, 160, 210, 270, 340, 460].into_iter().enumerate() {
        let lake = format!("lake{round}");
        copy(&dir.join("fresh"), &dir.join(&lake));
        let args = [
            "forget",
            "--config",
            "footlight.toml",
            "--lake",
            &lake,
            "--id",
            "zkrone",
            "--reason",
            "asked for it on Monday",
            "--yes",
        ];
        killed(dir, &args, delay_ms);
        assert_eq!(totals(dir, &lake), before, "killed after {delay_ms} ms");
        let begun = dir.join(&lake).join("tombstones").is_dir();
        if begun && round % 2 == 0 {
            ingest(dir, &lake);
        } else {
            let (code, _, stderr) = footlight(dir, &args);
            assert_eq!(code, 0, "{stderr}");
        }
        assert_eq!(totals(dir, &lake), before, "killed after {delay_ms} ms");
        assert_eq!(
            traces(&dir.join(&lake).join("events"), &OF_HERS),
            Vec::<String>::new(),
            "killed after {delay_ms} ms"
        );
        assert_eq!(traces(&dir.join(&lake), &OF_HERS), Vec::<String>::new(), "killed after {delay_ms} ms");
        assert_eq!(json(dir, &["verify", &lake]).0, 0);
    }
}

/// Twelve weeks of three people in one file a week, read one after the other, so that the lake has many small files.
fn quarter(dir: &Path, lake: &str) {
    let logs = dir.join("logs");
    fs::create_dir_all(&logs).unwrap();
    fs::write(dir.join("footlight.toml"), "").unwrap();
    fs::write(
        logs.join("roster.csv"),
        ROSTER.replace("2025-01-01,\n", "2025-01-01,2026-03-01\n").replacen("2026-03-01", "", 1),
    )
    .unwrap();
    for week in 0..12 {
        let monday = day(3, 2).checked_add(jiff::Span::new().weeks(week)).unwrap();
        let mut text = String::new();
        for person in ["bob", "cyd", "eve"] {
            text.push_str(&session(&format!("{person}-{week:02}"), Some(person), None, monday, 5));
        }
        fs::write(logs.join(format!("{week:02}.events.ndjson")), text).unwrap();
        ingest(dir, lake);
    }
    fs::write(logs.join("bad.events.ndjson"), "{\"ts\":\"never\",\"session_id\":\"s\",\"kind\":\"prompt\"}\n").unwrap();
    ingest(dir, lake);
}

fn by_week(dir: &Path, lake: &str) -> Value {
    let sql = "select to_char(ts, '%G-W%V') as week, count(*) as n, sum(input_tokens) as input, sum(output_tokens) as output, sum(cost_usd) as cost
        from events group by 1 order by 1";
    rows(dir, lake, sql)
}

/// 2026-03-30 begins the fifth of the twelve weeks.
const RETENTION: &str =
    "[retention]\nevents = \"8w\"\naggregates = \"24m\"\nquarantine = \"1y\"\nruns = \"30d\"\nraw = \"8w\"\n";

#[test]
fn what_is_too_old_leaves_in_whole_weeks_and_what_stays_is_unchanged() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    quarter(dir, "lake");
    let before = by_week(dir, "lake");
    let status = json(dir, &["status", "lake"]).1;
    let of = |status: &Value, table: &str| {
        status["tables"].as_array().unwrap().iter().find(|one| one["table"] == table).unwrap().clone()
    };
    assert!(of(&status, "events")["files"].as_i64().unwrap() >= 12);
    // Without retention, small files are joined and nothing leaves.
    let (code, answer) = json(dir, &["gc", "--lake", "lake", "--as-of", "2026-05-27"]);
    assert_eq!(code, 0, "{answer}");
    assert_eq!(by_week(dir, "lake"), before);
    let status = json(dir, &["status", "lake"]).1;
    let events = of(&status, "events");
    assert_eq!(events["files"], 1, "{status}");
    assert!(events["old_bytes"].as_i64().unwrap() > 0, "readers of today keep their version");
    assert_eq!(json(dir, &["verify", "lake"]).0, 0);
    // Nothing is left to do, and nothing is done.
    let (_, answer) = json(dir, &["gc", "--lake", "lake", "--as-of", "2026-05-27"]);
    assert_eq!((&answer["written_to"], &answer["receipt"]["purged"]["files"]), (&Value::Null, &0.into()), "{answer}");

    fs::write(dir.join("footlight.toml"), RETENTION).unwrap();
    let args =
        |command: &str| [command, "--config", "footlight.toml", "--as-of", "2026-05-27"].map(str::to_owned).to_vec();
    let gc = |more: &[&str]| {
        let mut all = args("gc");
        all.extend(["--lake", "lake"].into_iter().chain(more.iter().copied()).map(str::to_owned));
        json(dir, &all.iter().map(String::as_str).collect::<Vec<_>>())
    };
    let verify = || {
        let mut all = args("verify");
        all.extend(["lake".to_owned(), "--retention".to_owned()]);
        json(dir, &all.iter().map(String::as_str).collect::<Vec<_>>())
    };
    let (code, answer) = verify();
    assert_eq!((code, &answer["status"]), (4, &"gate_failed".into()), "{answer}");
    let (code, plan) = gc(&["--dry-run"]);
    assert_eq!((code, by_week(dir, "lake")), (0, before.clone()));
    let due: Vec<(String, i64)> = plan["tables"]
        .as_array()
        .unwrap()
        .iter()
        .map(|table| (table["table"].as_str().unwrap().to_owned(), table["rows_removed"].as_i64().unwrap()))
        .filter(|(_, rows)| *rows > 0)
        .collect();
    // Four whole weeks, and two of the three on the roster had left before.
    assert_eq!(due, [("events".to_owned(), 4 * 3 * 10), ("roster".to_owned(), 2)], "{plan}");
    let (code, answer) = gc(&[]);
    assert_eq!(code, 0, "{answer}");
    let kept: Vec<Value> = before.as_array().unwrap()[4..].to_vec();
    assert_eq!(by_week(dir, "lake"), Value::from(kept.clone()));
    assert_eq!(answer["receipt"]["kept_from"]["events"], "2026-03-29T10:00:00Z");
    let receipt: Value =
        serde_json::from_str(&fs::read_to_string(dir.join(answer["written_to"].as_str().unwrap())).unwrap()).unwrap();
    assert_eq!(receipt, answer["receipt"]);
    // The files that held them stay for readers of older versions, and no longer than that.
    let (code, answer) = verify();
    assert_eq!(code, 0, "{answer}");
    fs::write(dir.join("logs/00.events.ndjson"), session("bob-00", Some("bob"), None, day(3, 2), 6)).unwrap();
    fs::write(dir.join("footlight.toml"), format!("{RETENTION}versions = 1\n")).unwrap();
    let late = json(
        dir,
        &[
            "run",
            "--config",
            "footlight.toml",
            "--as-of",
            "2026-05-27",
            "--lake",
            "lake",
            "--out",
            "out",
            "--input",
            "logs",
        ],
    )
    .1;
    assert_eq!((&late["ingest"]["expired"], &late["ingest"]["added"]["events"]), (&12.into(), &0.into()), "{late}");
    assert_eq!(by_week(dir, "lake"), Value::from(kept));
}

#[test]
fn the_history_of_somebody_who_is_still_there_stays_whole() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    fs::create_dir_all(dir.join("logs")).unwrap();
    fs::write(dir.join("footlight.toml"), "[retention]\nevents = \"180d\"\n").unwrap();
    let roster = "actor_id,aliases,team_id,role,kind,time_zone,active_from,active_to\n\
        ada@example.test,adal,red,engineer,person,Europe/Berlin,2025-01-01,2026-03-31\n\
        ada@example.test,,blue,engineer,person,Europe/Berlin,2026-04-01,\n\
        bob@example.test,blind,red,engineer,person,Europe/Berlin,2025-01-01,2026-01-31\n\
        bob@example.test,,blue,engineer,person,Europe/Berlin,2026-02-01,2026-03-31\n";
    fs::write(dir.join("logs/roster.csv"), roster).unwrap();
    ingest(dir, "lake");
    let (code, answer) = json(dir, &["gc", "--config", "footlight.toml", "--lake", "lake", "--as-of", "2026-11-23"]);
    assert_eq!(code, 0, "{answer}");
    let left = rows(dir, "lake", "select actor_id, team_id from roster order by team_id");
    assert_eq!(
        left,
        serde_json::json!([
            { "actor_id": "ada@example.test", "team_id": "blue" },
            { "actor_id": "ada@example.test", "team_id": "red" },
        ])
    );
}

#[test]
#[cfg(unix)]
fn a_gc_that_is_killed_leaves_the_old_or_the_new() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    quarter(dir, "fresh");
    fs::write(dir.join("footlight.toml"), RETENTION).unwrap();
    let before = by_week(dir, "fresh");
    let after = Value::from(before.as_array().unwrap()[4..].to_vec());
    let mut seen = [false; 2];
    for (round, delay_ms) in [5u64, 40, 70, 100, 130, 170, 220, 300, 450].into_iter().enumerate() {
        let lake = format!("lake{round}");
        copy(&dir.join("fresh"), &dir.join(&lake));
        let args = ["gc", "--config", "footlight.toml", "--as-of", "2026-05-27", "--lake", &lake];
        killed(dir, &args, delay_ms);
        let now = by_week(dir, &lake);
        assert!(now == before || now == after, "killed after {delay_ms} ms: {now}");
        seen[usize::from(now == after)] = true;
        assert_eq!(json(dir, &["verify", &lake]).0, 0, "killed after {delay_ms} ms");
        let (code, _, stderr) = footlight(dir, &args);
        assert_eq!(code, 0, "{stderr}");
        assert_eq!(by_week(dir, &lake), after);
    }
    assert!(seen[0], "every kill came too late");
}

#[test]
fn damage_is_found_wherever_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    quarter(dir, "lake");
    footlight(dir, &["gc", "--lake", "lake", "--as-of", "2026-05-27"]);
    let (code, answer) = json(dir, &["verify", "lake"]);
    assert_eq!((code, &answer["findings"]), (0, &serde_json::json!([])), "{answer}");
    let is_damaged = |what: &str, problem: &str| {
        let (code, answer) = json(dir, &["verify", "lake"]);
        assert_eq!((code, &answer["status"]), (12, &"lake_damaged".into()), "{what}: {answer}");
        let found = answer["findings"].to_string();
        assert!(found.contains(problem), "{what}: {found}");
    };
    // The one file of events that is part of the table, by its size.
    let bytes = answer["tables"].as_array().unwrap().iter().find(|one| one["table"] == "events").unwrap()["bytes"]
        .as_u64()
        .unwrap();
    let data = files(&dir.join("lake/events"));
    let data = data
        .iter()
        .find(|path| path.extension().is_some_and(|one| one == "parquet") && fs::metadata(path).unwrap().len() == bytes)
        .unwrap();
    let whole = fs::read(data).unwrap();
    for part in 1..12 {
        let mut flipped = whole.clone();
        let at = whole.len() * part / 12;
        flipped[at] ^= 1 << (part % 8);
        fs::write(data, &flipped).unwrap();
        is_damaged(&format!("bit of byte {at}"), "do not hash");
    }
    let is_refused = |what: &str| {
        let (code, answer) = json(dir, &["query", "--lake", "lake", "select sum(input_tokens) as n from events"]);
        assert_eq!((code, &answer["status"]), (12, &"lake_damaged".into()), "{what}: {answer}");
    };
    let mut without_end = whole.clone();
    without_end[whole.len() - 4..].fill(b'x');
    fs::write(data, &without_end).unwrap();
    is_refused("no footer");
    fs::write(data, &whole[..whole.len() - 1]).unwrap();
    is_damaged("a byte is missing", "bytes and the log says");
    fs::remove_file(data).unwrap();
    is_damaged("the file is gone", "is missing");
    fs::write(data, &whole).unwrap();
    let logs = files(&dir.join("lake/outcomes/_delta_log"));
    let newest = files(&dir.join("lake/events/_delta_log"))
        .into_iter()
        .rfind(|path| path.extension().is_some_and(|one| one == "json"))
        .unwrap();
    let text = fs::read(&newest).unwrap();
    fs::write(&newest, &text[..text.len() / 2]).unwrap();
    is_damaged("a torn log entry", "no JSON object");
    is_refused("a torn log entry");
    fs::write(&newest, &text).unwrap();
    assert!(!logs.is_empty());
    fs::create_dir_all(dir.join("lake/tombstones")).unwrap();
    fs::write(dir.join("lake/tombstones/x.json"), "{").unwrap();
    is_damaged("a tombstone", "tombstone");
    fs::remove_dir_all(dir.join("lake/tombstones")).unwrap();
    assert_eq!(json(dir, &["verify", "lake"]).0, 0);
    assert_eq!(json(dir, &["verify", "nowhere"]).0, 10);
}

#[test]
fn status_says_what_the_lake_holds() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    quarter(dir, "lake");
    let (code, text, stderr) = footlight(dir, &["status", "lake"]);
    assert_eq!(code, 0, "{stderr}");
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    // Sizes and the clock are the machine's.
    let shown: Vec<String> = text
        .lines()
        .map(|line| match line.split_whitespace().collect::<Vec<_>>().as_slice() {
            [table, version, rows, files, _, _] if version.parse::<u32>().is_ok() => {
                format!("{table} {version} {rows} {files} BYTES")
            }
            ["lag", ..] => "lag HOURS".to_owned(),
            ["versions", "that", "can", "be", "read:", oldest, _, _, "UTC)", "to", newest, _, _, "UTC)"] => {
                format!("versions that can be read: {oldest} (TIME) to {newest} (TIME)")
            }
            _ => line.to_owned(),
        })
        .collect();
    settings.bind(|| insta::assert_snapshot!("status.txt", shown.join("\n")));
}

#[test]
fn the_annex_says_what_the_configuration_does() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let text = "title = \"Example *organisation*\"\n\n[privacy]\nmin_people = 12\n\n[retention]\nevents = \"180d\"\naggregates = \"24m\"\n";
    fs::write(dir.join("footlight.toml"), text).unwrap();
    let (code, annex, stderr) = footlight(dir, &["policy", "export"]);
    assert_eq!(code, 0, "{stderr}");
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!("annex.md", annex));
    assert_eq!(footlight(dir, &["policy", "export", "--output", "annex.md"]).0, 0);
    assert_eq!(fs::read_to_string(dir.join("annex.md")).unwrap(), annex, "the same bytes each time");
    let (_, answer) = json(dir, &["policy", "export"]);
    assert_eq!(
        answer["annex"]["retention"][1],
        serde_json::json!({"key": "events", "what": answer["annex"]["retention"][1]["what"], "age": "180d"})
    );
    // Another policy is another annex, also where only its hash tells.
    fs::write(dir.join("footlight.toml"), format!("{text}# agreed on 1 November\n")).unwrap();
    assert_ne!(footlight(dir, &["policy", "export"]).1, annex);
}
