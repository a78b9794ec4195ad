//! Ingest is exactly-once: twice, in any order, with any number of threads, after a kill, moved, copied, compressed or grown.

use assert_cmd::Command;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

fn footlight(dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_footlight"));
    command.current_dir(dir).env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command
}

fn ingest(dir: &Path, inputs: &[&str], lake: &str, extra: &[&str]) -> i32 {
    let mut command = footlight(dir);
    command.arg("ingest").arg("--quiet").args(["--lake", lake]).args(extra).arg("--input").args(inputs);
    command.output().unwrap().status.code().unwrap_or(-1)
}

/// Everything in the lake that does not depend on when and under which name it was read.
fn digest(dir: &Path, lake: &str) -> String {
    let sql = "select source, event_id, cast(ts as varchar) as ts, session_id, kind, trigger, model, input_tokens, output_tokens,
        cache_read_tokens, cache_write_tokens, cost_usd, text_hash, call_hash, result_hash from events
        order by event_key, session_id";
    let events = query(dir, lake, sql);
    let outcomes = query(dir, lake, "select kind, outcome_id, status from outcomes order by outcome_key");
    let facts = query(dir, lake, "select session_id, name, value from facts order by fact_key");
    let rejects = query(dir, lake, "select byte_offset, reason from quarantine order by byte_offset, reason");
    assert!(events.contains("prompt"), "the lake is empty: {events}");
    [events, outcomes, facts, rejects].concat()
}

fn query(dir: &Path, lake: &str, sql: &str) -> String {
    let output = footlight(dir).args(["query", "--json", "--lake", lake, sql]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The rows of an answer.
fn rows(dir: &Path, lake: &str, sql: &str) -> serde_json::Value {
    let answer: serde_json::Value = serde_json::from_str(&query(dir, lake, sql)).unwrap();
    answer["rows"].clone()
}

fn count(dir: &Path, lake: &str, table: &str) -> i64 {
    let counted = rows(dir, lake, &format!("select count(*) as n from {table}"));
    counted[0]["n"].as_i64().unwrap()
}

/// A Claude Code session of `turns` turns; `step` makes its ids its own.
fn session(name: &str, turns: usize) -> String {
    let mut text = String::new();
    for turn in 0..turns {
        let minute = turn % 60;
        let common = format!(
            "\"isSidechain\":false,\"userType\":\"external\",\"entrypoint\":\"cli\",\"cwd\":\"/home/ada/shop\",\"sessionId\":\"{name}\",\
             \"version\":\"2.1.160\",\"gitBranch\":\"main\",\"timestamp\":\"2026-06-01T09:{minute:02}:00.000Z\""
        );
        text.push_str(&format!(
            "{{\"type\":\"user\",\"uuid\":\"u-{name}-{turn}\",\"parentUuid\":null,{common},\"permissionMode\":\"default\",\
             \"promptSource\":\"typed\",\"origin\":{{\"kind\":\"human\"}},\"message\":{{\"role\":\"user\",\
             \"content\":\"look at part {turn} of the cart and say what it does\"}}}}\n"
        ));
        for (output, stop) in [(3, "null"), (40 + turn, "\"end_turn\"")] {
            text.push_str(&format!(
                "{{\"type\":\"assistant\",\"uuid\":\"a-{name}-{turn}-{output}\",\"parentUuid\":\"u-{name}-{turn}\",{common},\
                 \"requestId\":\"req_{name}_{turn}\",\"message\":{{\"id\":\"msg_{name}_{turn}\",\"type\":\"message\",\
                 \"role\":\"assistant\",\"model\":\"claude-sonnet-4-6\",\"stop_reason\":{stop},\"stop_sequence\":null,\
                 \"content\":[{{\"type\":\"text\",\"text\":\"It adds up.\"}}],\"usage\":{{\"input_tokens\":7,\
                 \"output_tokens\":{output},\"cache_creation_input_tokens\":90,\"cache_read_input_tokens\":1500}}}}}}\n"
            ));
        }
    }
    text
}

/// Three sessions, one of them a resumed copy of another with a tail of its own, and a torn line.
fn logs(dir: &Path) -> PathBuf {
    let logs = dir.join("logs");
    fs::create_dir_all(&logs).unwrap();
    let first = session("aaaaaaaa-0000-4000-8000-000000000001", 8);
    fs::write(logs.join("a.jsonl"), &first).unwrap();
    let resumed = first.replace(
        "\"sessionId\":\"aaaaaaaa-0000-4000-8000-000000000001\"",
        "\"sessionId\":\"cccccccc-0000-4000-8000-000000000003\"",
    );
    let tail = session("cccccccc-0000-4000-8000-000000000003", 2);
    fs::write(logs.join("c.jsonl"), resumed + &tail).unwrap();
    let mut torn = session("bbbbbbbb-0000-4000-8000-000000000002", 5);
    torn.push_str("{\"type\":\"user\",\"uu");
    fs::write(logs.join("b.jsonl"), torn).unwrap();
    logs
}

#[test]
fn twice_is_once_in_any_order_and_with_any_number_of_threads() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    logs(dir);
    assert_eq!(ingest(dir, &["logs"], "one", &["--threads", "1"]), 3);
    let once = digest(dir, "one");
    assert_eq!(count(dir, "one", "events"), 2 * (8 + 2 + 5));
    assert_eq!(ingest(dir, &["logs"], "one", &[]), 0, "nothing new, and nothing rejected anew");
    assert_eq!(digest(dir, "one"), once);
    assert_eq!(ingest(dir, &["logs"], "part", &["--exclude", "**/b.jsonl"]), 0, "the torn file is left out");
    assert_eq!(count(dir, "part", "events"), 2 * (8 + 2));
    assert_eq!(ingest(dir, &["logs/c.jsonl", "logs/b.jsonl", "logs/a.jsonl"], "other", &["--threads", "2"]), 3);
    assert_eq!(digest(dir, "other"), once);
    for file in ["logs/c.jsonl", "logs/a.jsonl", "logs/b.jsonl"] {
        ingest(dir, &[file], "singly", &[]);
    }
    assert_eq!(digest(dir, "singly"), once);
}

/// A report of ccusage over the very session that stands beside it, as it would be made on the same machine.
const REPORT: &str = r#"{"daily":[{"date":"2026-06-01","inputTokens":56,"outputTokens":348,"cacheCreationTokens":720,"cacheReadTokens":12000,
"totalCost":0.5,"modelBreakdowns":[{"modelName":"claude-sonnet-4-6","inputTokens":56,"outputTokens":348,"cacheCreationTokens":720,
"cacheReadTokens":12000,"cost":0.5}]}],"totals":{}}"#;

#[test]
fn aggregates_stand_beside_requests_and_are_in_no_total_of_them() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    fs::create_dir_all(dir.join("logs")).unwrap();
    fs::write(dir.join("logs/a.jsonl"), session("aaaaaaaa-0000-4000-8000-000000000001", 8)).unwrap();
    assert_eq!(ingest(dir, &["logs"], "lake", &[]), 0);
    let totals = "select count(*) as n, sum(input_tokens) as input, sum(output_tokens) as output, sum(cost_usd) as cost from events";
    let before = query(dir, "lake", totals);
    assert_eq!(count(dir, "lake", "aggregates"), 0);
    let duplicates = |out: &str| {
        let score = footlight(dir).args(["score", "--lake", "lake", "--out", out]).output().unwrap();
        assert!(score.status.success(), "{}", String::from_utf8_lossy(&score.stderr));
        let run = fs::read(dir.join(out).join("run.json")).unwrap();
        serde_json::from_slice::<serde_json::Value>(&run).unwrap()["run"]["duplicates"].as_i64().unwrap()
    };
    let duplicates_before = duplicates("without");
    fs::write(dir.join("logs/report.json"), REPORT).unwrap();
    let page = r#"{"data":[{"date":"2026-06-01","actor":{"type":"user_actor","email_address":"idle@example.test"},"terminal_type":"vscode",
        "core_metrics":{"num_sessions":SESSIONS},"model_breakdown":[]}],"has_more":false}"#;
    fs::write(dir.join("logs/seats.json"), page.replace("SESSIONS", "0")).unwrap();
    assert_eq!(ingest(dir, &["logs"], "lake", &[]), 0);
    assert_eq!(query(dir, "lake", totals), before, "requests count once");
    assert_eq!(duplicates("with"), duplicates_before, "no sum was read twice");
    let sums = "select counted_by, sum(input_tokens) as input, sum(output_tokens) as output, sum(cost_usd) as cost,
        count(*) filter (where not seat_used) as idle from aggregates group by counted_by order by counted_by";
    let of_reader = serde_json::json!({"counted_by": "reader", "input": 56, "output": 348, "cost": 0.5, "idle": 0});
    let of_vendor = serde_json::json!({"counted_by": "vendor", "input": null, "output": null, "cost": null, "idle": 1});
    assert_eq!(rows(dir, "lake", sums), serde_json::json!([of_reader, of_vendor]));
    // A page that is fetched again later says more of the same row.
    fs::write(dir.join("logs/seats.json"), page.replace("SESSIONS", "2")).unwrap();
    fs::write(dir.join("logs/earlier.json"), page.replace("SESSIONS", "1")).unwrap();
    assert_eq!(ingest(dir, &["logs"], "lake", &[]), 0);
    let seats = rows(dir, "lake", "select sessions, seat_used from aggregates where actor_id = 'idle@example.test'");
    assert_eq!(seats, serde_json::json!([{"sessions": 2, "seat_used": true}]));
    // A lake of a version that had no such table reads as having none.
    fs::remove_dir_all(dir.join("lake/aggregates")).unwrap();
    assert_eq!(count(dir, "lake", "aggregates"), 0);
}

#[test]
fn moved_copied_and_compressed_files_add_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let logs = logs(dir);
    ingest(dir, &["logs"], "lake", &[]);
    let before = digest(dir, "lake");
    fs::rename(logs.join("a.jsonl"), logs.join("renamed.jsonl")).unwrap();
    fs::copy(logs.join("c.jsonl"), logs.join("copy.jsonl")).unwrap();
    let plain = fs::read(logs.join("b.jsonl")).unwrap();
    fs::remove_file(logs.join("b.jsonl")).unwrap();
    let mut gzip =
        flate2::write::GzEncoder::new(fs::File::create(logs.join("b.jsonl.gz")).unwrap(), flate2::Compression::fast());
    gzip.write_all(&plain).unwrap();
    gzip.finish().unwrap();
    ingest(dir, &["logs"], "lake", &[]);
    let events = "select count(*) as n, sum(output_tokens) as tokens from events";
    assert_eq!(query(dir, "lake", events), {
        ingest(dir, &["logs"], "clean", &[]);
        query(dir, "clean", events)
    });
    assert_eq!(count(dir, "lake", "events"), 2 * (8 + 2 + 5));
    assert!(before.contains("torn_line"));
    // In one run, of files that begin alike: a copy, a packed copy and one that goes on are two contents.
    fs::create_dir(dir.join("alike")).unwrap();
    let longer = [plain.as_slice(), session("longer", 1).as_bytes()].concat();
    for (name, bytes) in [("a.jsonl", &plain), ("b.jsonl", &plain), ("c.jsonl", &longer)] {
        fs::write(dir.join("alike").join(name), bytes).unwrap();
    }
    let read = |lake: &str| {
        let output = footlight(dir).args(["ingest", "--json", "--lake", lake, "--input", "alike"]).output().unwrap();
        let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        (answer["ingest"]["files_read"].as_u64(), answer["ingest"]["files_known"].as_u64())
    };
    assert_eq!(read("three"), (Some(2), Some(1)));
    fs::copy(logs.join("b.jsonl.gz"), dir.join("alike/d.jsonl.gz")).unwrap();
    assert_eq!(read("four"), (Some(2), Some(2)));
    let contents = "select count(*) as files, count(distinct content_id) as contents from ingested";
    assert_eq!(rows(dir, "four", contents)[0], serde_json::json!({"files": 4, "contents": 2}));
}

#[test]
fn a_file_that_grows_adds_its_tail_and_a_completed_line_leaves_the_quarantine() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let logs = dir.join("logs");
    fs::create_dir_all(&logs).unwrap();
    let whole = session("aaaaaaaa-0000-4000-8000-000000000001", 6);
    let path = logs.join("a.jsonl");
    for cut in [whole.len() / 5, whole.len() / 2, whole.len() * 4 / 5, whole.len()] {
        fs::write(&path, &whole.as_bytes()[..cut]).unwrap();
        ingest(dir, &["logs"], "grown", &[]);
    }
    ingest(dir, &["logs"], "clean", &[]);
    assert_eq!(digest(dir, "grown"), digest(dir, "clean"));
    assert_eq!(count(dir, "grown", "quarantine"), 0);
}

#[test]
fn a_file_that_could_not_be_read_leaves_the_quarantine_when_it_can() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let logs = dir.join("logs");
    fs::create_dir_all(&logs).unwrap();
    let (plain, packed) =
        (session("aaaaaaaa-0000-4000-8000-000000000001", 2), session("bbbbbbbb-0000-4000-8000-000000000002", 2));
    let packed = zstd::encode_all(packed.as_bytes(), 3).unwrap();
    fs::write(logs.join("a.jsonl"), &plain.as_bytes()[..5]).unwrap();
    fs::write(logs.join("b.jsonl.zst"), &packed[..packed.len() - 9]).unwrap();
    fs::write(logs.join("strange.jsonl"), "{\"what\":\"is this\"}\n").unwrap();
    assert_eq!(ingest(dir, &["logs"], "lake", &[]), 3);
    let reasons = "select reason from quarantine order by reason";
    let of = |reasons: &[&str]| -> Vec<_> { reasons.iter().map(|it| serde_json::json!({ "reason": it })).collect() };
    let all = of(&["damaged_archive", "unknown_format", "unknown_format"]);
    assert_eq!(rows(dir, "lake", reasons), serde_json::json!(all));
    fs::write(logs.join("a.jsonl"), &plain).unwrap();
    fs::write(logs.join("b.jsonl.zst"), &packed).unwrap();
    ingest(dir, &["logs"], "lake", &[]);
    assert_eq!(rows(dir, "lake", reasons), serde_json::json!(of(&["unknown_format"])));
    ingest(dir, &["logs"], "clean", &[]);
    assert_eq!(digest(dir, "lake"), digest(dir, "clean"));
}

#[test]
fn a_log_of_utf_16_is_the_same_log() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    for logs in ["logs", "utf16"] {
        fs::create_dir_all(dir.join(logs)).unwrap();
    }
    let whole = session("aaaaaaaa-0000-4000-8000-000000000001", 4);
    fs::write(dir.join("logs/a.jsonl"), &whole).unwrap();
    let utf16: Vec<u8> = [0xfeff].into_iter().chain(whole.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    assert_eq!(ingest(dir, &["logs"], "clean", &[]), 0);
    // It grows, and is cut within a character first.
    fs::write(dir.join("utf16/a.jsonl"), &utf16[..(utf16.len() / 2) | 1]).unwrap();
    ingest(dir, &["utf16"], "grown", &[]);
    fs::write(dir.join("utf16/a.jsonl"), &utf16).unwrap();
    assert_eq!(ingest(dir, &["utf16"], "grown", &[]), 0);
    assert_eq!(digest(dir, "grown"), digest(dir, "clean"));
    assert_eq!(count(dir, "grown", "quarantine"), 0);
}

#[test]
fn a_file_that_was_read_in_two_steps_has_as_many_records_as_one_read_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    fs::create_dir_all(dir.join("logs")).unwrap();
    let row = |minute: usize| {
        format!(
            "{{\"ts\":\"2026-06-01T09:{minute:02}:00Z\",\"session_id\":\"s\",\"kind\":\"prompt\",\"event_id\":\"p{minute}\"}}\n"
        )
    };
    let path = dir.join("logs/export.events.ndjson");
    // The last is the first again, and one line is no record.
    let parts = [(0..7).map(row).collect::<String>() + "{}\n", (7..10).map(row).collect::<String>() + &row(0)];
    fs::write(&path, &parts[0]).unwrap();
    assert_eq!(ingest(dir, &["logs"], "grown", &[]), 3);
    fs::write(&path, parts.concat()).unwrap();
    assert_eq!(ingest(dir, &["logs"], "grown", &[]), 0);
    assert_eq!(ingest(dir, &["logs"], "clean", &[]), 3);
    let read = "select records, rejects from ingested";
    assert_eq!(rows(dir, "grown", read), rows(dir, "clean", read));
    assert_eq!(rows(dir, "clean", read), serde_json::json!([{"records": 11, "rejects": 1}]));
    assert_eq!(count(dir, "grown", "events"), 10);
}

#[test]
fn what_a_file_held_is_told_of_all_of_it_when_it_has_grown() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    fs::create_dir_all(dir.join("logs")).unwrap();
    let row = |minute: usize, call_type: &str| {
        format!(
            "{{\"request_id\":\"r{minute}\",\"call_type\":\"{call_type}\",\"startTime\":\"2026-06-01T09:{minute:02}:00Z\",\"spend\":0,\"model\":\"m\"}}\n"
        )
    };
    let path = dir.join("logs/spend.jsonl");
    // The third row is not whole when the file is read first.
    let whole = ["acompletion", "list_mcp_tools", "list_mcp_tools", "list_mcp_tools"];
    let whole: Vec<String> = whole.iter().enumerate().map(|(minute, kind)| row(minute, kind)).collect();
    fs::write(&path, whole[..2].concat() + &whole[2][..40]).unwrap();
    assert_eq!(ingest(dir, &["logs"], "grown", &[]), 3);
    fs::write(&path, whole.concat()).unwrap();
    assert_eq!(ingest(dir, &["logs"], "grown", &[]), 0);
    assert_eq!(ingest(dir, &["logs"], "clean", &[]), 0);
    let read = "select records, rejects, ignored from ingested";
    assert_eq!(rows(dir, "grown", read), rows(dir, "clean", read));
    let expected = serde_json::json!([{"records": 1, "rejects": 0, "ignored": "{\"list_mcp_tools\":3}"}]);
    assert_eq!(rows(dir, "clean", read), expected);
    assert_eq!(count(dir, "grown", "quarantine"), 0);
}

#[test]
#[cfg(unix)]
fn a_run_killed_at_any_moment_and_a_second_run_are_one_clean_run() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let logs = logs(dir);
    for number in 0..40 {
        fs::write(
            logs.join(format!("s{number}.jsonl")),
            session(&format!("{number:08}-0000-4000-8000-00000000000f"), 20),
        )
        .unwrap();
    }
    ingest(dir, &["logs"], "clean", &[]);
    let clean = digest(dir, "clean");
    // Delays from "has not begun" to "is done", in steps that are no multiple of anything in the program.
    for (round, delay_ms) in [3u64, 17, 41, 73, 109, 151, 199, 307, 419, 701].into_iter().enumerate() {
        let lake = format!("killed{round}");
        let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_footlight"))
            .current_dir(dir)
            .args(["ingest", "--quiet", "--lake", &lake, "--input", "logs"])
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(std::time::Duration::from_millis(delay_ms));
        child.kill().unwrap();
        child.wait().unwrap();
        let code = ingest(dir, &["logs"], &lake, &[]);
        assert!(code == 0 || code == 3, "round {round} ended with {code}");
        assert_eq!(digest(dir, &lake), clean, "round {round}, killed after {delay_ms} ms");
    }
}

#[test]
fn two_runs_at_once_wait_or_are_told() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    logs(dir);
    fs::create_dir_all(dir.join("lake")).unwrap();
    let lock = fs::File::create(dir.join("lake/.lock")).unwrap();
    lock.lock().unwrap();
    assert_eq!(ingest(dir, &["logs"], "lake", &[]), 11);
    drop(lock);
    assert_eq!(ingest(dir, &["logs"], "lake", &[]), 3);
}

#[test]
fn what_is_needed_after_the_commit_is_looked_at_before_it() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let logs = logs(dir);
    fs::write(dir.join("key.toml"), "[privacy]\nkey_file = \"nowhere\"\n").unwrap();
    let output =
        footlight(dir).args(["ingest", "--config", "key.toml", "--lake", "lake", "--input", "logs"]).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("pseudonym key") && !said.contains("temporary"), "{said}");
    assert_eq!(ingest(dir, &["logs"], "lake", &[]), 3);
    let before = count(dir, "lake", "events");
    fs::write(logs.join("new.jsonl"), session("99999999-0000-4000-8000-000000000009", 2)).unwrap();
    fs::write(dir.join("lake/retention.json"), "{").unwrap();
    assert_eq!(ingest(dir, &["logs"], "lake", &[]), 1);
    assert_eq!(count(dir, "lake", "events"), before);
    fs::remove_file(dir.join("lake/retention.json")).unwrap();
    assert_eq!(ingest(dir, &["logs"], "lake", &[]), 0);
    assert!(count(dir, "lake", "events") > before);
    for bytes in ["0", "18446744073709551615"] {
        assert_eq!(ingest(dir, &["logs"], "lake", &["--max-line", bytes]), 2);
    }
}

/// The lake has accounts as the logs have them; one that a group shares was made for it.
#[cfg(unix)]
#[test]
fn a_new_lake_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    logs(dir);
    fs::create_dir(dir.join("shared")).unwrap();
    fs::set_permissions(dir.join("shared"), fs::Permissions::from_mode(0o750)).unwrap();
    let mode = |lake: &str| fs::metadata(dir.join(lake)).unwrap().permissions().mode() & 0o777;
    for lake in ["shared", "below/it"] {
        ingest(dir, &["logs"], lake, &[]);
    }
    assert_eq!((mode("shared"), mode("below/it")), (0o750, 0o700));
}

/// Two names that are one as text: both are told of, and one is read.
#[cfg(unix)]
#[test]
fn a_file_whose_name_is_anothers_as_text_is_told() {
    use std::os::unix::ffi::OsStrExt;
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let logs = logs(dir);
    for (number, name) in [b"caf\xe8.jsonl", b"caf\xe9.jsonl"].into_iter().enumerate() {
        let text = session(&format!("{number:08}-0000-4000-8000-00000000000a"), 2);
        fs::write(logs.join(std::ffi::OsStr::from_bytes(name)), text).unwrap();
    }
    let output = footlight(dir).args(["ingest", "--json", "--lake", "lake", "--input", "logs"]).output().unwrap();
    let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((output.status.code(), &answer["ingest"]["rejected"]["unreadable"]), (Some(3), &serde_json::json!(1)));
}

#[test]
fn hostile_files_are_quarantined_and_the_rest_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let logs = logs(dir);
    let good = session("dddddddd-0000-4000-8000-000000000004", 2);
    let mut hostile = good.clone().into_bytes();
    hostile.extend(vec![b'['; 100_000]);
    hostile.extend(b"\n{\"type\":\"assistant\",\"a\":\"\xff\xfe\"}\n");
    hostile.extend(vec![b'x'; 100 << 20]);
    hostile.extend(b"\n");
    hostile.extend(session("eeeeeeee-0000-4000-8000-000000000005", 1).as_bytes());
    fs::write(logs.join("hostile.jsonl"), hostile).unwrap();
    let zeros = vec![0u8; 100 << 20];
    let mut bomb = good.clone().into_bytes();
    bomb.extend(zeros);
    fs::write(logs.join("bomb.jsonl.zst"), zstd::encode_all(&bomb[..], 19).unwrap()).unwrap();
    let mut cut = zstd::encode_all(session("ffffffff-0000-4000-8000-000000000006", 9).as_bytes(), 3).unwrap();
    cut.truncate(cut.len() - 9);
    fs::write(logs.join("cut.jsonl.zst"), cut).unwrap();
    fs::write(logs.join("strange.jsonl"), "{\"what\":\"is this\"}\n").unwrap();
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("/etc/passwd", logs.join("link.jsonl")).unwrap();
        // Nobody writes into it: who opens it waits for ever.
        assert!(std::process::Command::new("mkfifo").arg(logs.join("pipe.jsonl")).status().unwrap().success());
    }
    assert_eq!(ingest(dir, &["logs"], "lake", &[]), 3);
    let text = query(dir, "lake", "select reason, count(*) as n from quarantine group by reason order by reason");
    let mut reasons = vec![
        "bad_utf8",
        "compression_bomb",
        "damaged_archive",
        "line_too_long",
        "too_deep",
        "torn_line",
        "unknown_format",
    ];
    if cfg!(unix) {
        reasons.push("not_a_regular_file");
    }
    for reason in reasons {
        assert!(text.contains(reason), "{reason} is missing from {text}");
    }
    if cfg!(unix) {
        let details = query(dir, "lake", "select detail from quarantine where reason = 'not_a_regular_file'");
        assert!(details.contains("symbolic link") && details.contains("pipe"), "{details}");
    }
    assert_eq!(count(dir, "lake", "events"), 2 * (8 + 2 + 5) + 2 * (2 + 1));
}

#[test]
fn a_logged_cost_is_kept_and_what_has_no_price_has_no_cost() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let logs = dir.join("logs");
    fs::create_dir_all(&logs).unwrap();
    let priced = session("aaaaaaaa-0000-4000-8000-000000000001", 1);
    // Version 1.0 logged what a response cost; the table would say something else.
    let logged = session("bbbbbbbb-0000-4000-8000-000000000002", 1)
        .replace("\"type\":\"assistant\",", "\"type\":\"assistant\",\"costUSD\":7.25,");
    let stranger =
        session("cccccccc-0000-4000-8000-000000000003", 1).replace("claude-sonnet-4-6", "a-model-of-nobodys");
    fs::write(logs.join("a.jsonl"), priced).unwrap();
    fs::write(logs.join("b.jsonl"), logged).unwrap();
    fs::write(logs.join("c.jsonl"), stranger).unwrap();
    // What was read was paid for, though the log does not say what was written.
    let half = session("dddddddd-0000-4000-8000-000000000004", 1)
        .replace("\"output_tokens\":3,", "")
        .replace("\"output_tokens\":40,", "");
    fs::write(logs.join("d.jsonl"), half).unwrap();
    assert_eq!(ingest(dir, &["logs"], "lake", &[]), 0);
    let costs = query(
        dir,
        "lake",
        "select cost_basis, case when cost_usd = 7.25 then 'logged' when cost_usd > 0 then 'computed' else 'none' end as cost
         from events where kind = 'completion' order by session_id",
    );
    let costs: serde_json::Value = serde_json::from_str(&costs).unwrap();
    let rows: Vec<(&str, &str)> = costs["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row["cost_basis"].as_str().unwrap(), row["cost"].as_str().unwrap()))
        .collect();
    assert_eq!(rows, [("priced", "computed"), ("reported", "logged"), ("unpriced", "none"), ("unpriced", "none")]);
}

/// A turn of a session in a database of OpenCode.
fn opencode_turn(connection: &rusqlite::Connection, turn: i64) {
    let (asked, answered) = (1_780_304_400_000 + 60_000 * turn, 1_780_304_401_000 + 60_000 * turn);
    let records = [
        ("q", asked, serde_json::json!({"role": "user", "time": {"created": asked}})),
        (
            "a",
            answered,
            serde_json::json!({
                "role": "assistant", "modelID": "claude-sonnet-4-6", "providerID": "anthropic", "cost": 0.01,
                "time": {"created": answered, "completed": answered + 2000}, "tokens": {"input": 10, "output": 40 + turn, "reasoning": 0},
            }),
        ),
    ];
    for (role, created, record) in records {
        let id = format!("msg_{role}{turn}");
        connection
            .execute("insert into message values (?1, 's', ?2, ?3)", rusqlite::params![id, created, record.to_string()])
            .unwrap();
        let part = serde_json::json!({"type": "text", "text": format!("words of turn {turn}")}).to_string();
        connection.execute("insert into part values (?1, ?2, ?3)", [&format!("prt_{role}{turn}"), &id, &part]).unwrap();
    }
}

#[test]
fn a_live_database_is_read_again_when_its_log_grows_and_counts_once() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let store = dir.join("logs/opencode");
    fs::create_dir_all(&store).unwrap();
    let path = store.join("opencode.db");
    let connection = rusqlite::Connection::open(&path).unwrap();
    connection
        .execute_batch(
            "pragma journal_mode = wal; pragma wal_autocheckpoint = 0;
             create table session (id text primary key, parent_id text, directory text, version text);
             create table message (id text primary key, session_id text, time_created integer, data text);
             create table part (id text primary key, message_id text, data text);
             insert into session values ('s', null, '/home/ada/shop', '1.18.34');
             insert into message values ('bad', 's', 0, '{');",
        )
        .unwrap();
    opencode_turn(&connection, 0);
    let main = fs::read(&path).unwrap();
    assert_eq!(ingest(dir, &["logs"], "lake", &[]), 3, "one row is no record");
    assert_eq!(count(dir, "lake", "events"), 2);
    assert_eq!(ingest(dir, &["logs"], "lake", &[]), 0, "nothing is new");
    assert_eq!(fs::read(&path).unwrap(), main);

    // The log grows, the database does not.
    opencode_turn(&connection, 1);
    connection.execute("insert into message values ('bad2', 's', 0, '[')", []).unwrap();
    assert_eq!(fs::read(&path).unwrap(), main);
    assert_eq!(ingest(dir, &["logs"], "lake", &[]), 3);
    assert_eq!(count(dir, "lake", "events"), 4);
    assert_eq!(count(dir, "lake", "quarantine"), 2, "the old reject once, and the new one");

    // The log is folded in and goes; a copy of the closed database lies beside it. Nothing is new.
    connection.execute_batch("pragma wal_checkpoint(truncate)").unwrap();
    connection.close().unwrap();
    fs::copy(&path, store.join("opencode.db.1")).unwrap();
    ingest(dir, &["logs"], "lake", &[]);
    assert_eq!(ingest(dir, &["logs"], "lake", &[]), 0);
    assert_eq!((count(dir, "lake", "events"), count(dir, "lake", "quarantine")), (4, 2));
    let found =
        rows(dir, "lake", "select event_id, trigger, output_tokens from events where kind = 'completion' order by ts");
    assert_eq!(found[1]["output_tokens"], 41, "{found}");
    let names: Vec<_> = fs::read_dir(&store).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names.len(), 2, "reading leaves nothing beside the database: {names:?}");
}
