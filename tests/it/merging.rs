//! One day seen through four sources has one right total, in whichever order and however many runs it is read.
//!
//! The day is invented: Ada works with Claude Code, which writes transcripts, tells a collector, and goes through a gateway that tells an
//! observability platform in turn; Bob's script knows only the gateway.

use crate::sample::footlight;
use serde_json::{Value, json};
use std::fs;
use std::path::Path;

const SESSION: &str = "da000000-0000-4000-8000-000000000001";
const EARLIER: &str = "da000000-0000-4000-8000-000000000002";
const MODEL: &str = "claude-sonnet-4-6";

/// Fresh input, cache write, cache read, output.
type Counts = [i64; 4];

/// Answered from start to finish, seen by all four under one id.
const FIRST: Counts = [12, 900, 15_000, 118];
/// The gateway has an id of its own for it and only the whole input. Bob sends the same in the same second.
const SECOND: Counts = [20, 0, 16_000, 240];
/// Sent twice, four seconds apart, with equal counts: two requests.
const REPEATED: Counts = [5, 100, 17_000, 64];
/// Of a session whose transcript is gone.
const EARLY: Counts = [30, 0, 2_000, 77];
/// Bob's script; asked again, the gateway answers from its cache.
const SCRIPT: Counts = [7_000, 0, 0, 50];

fn at(second: i64) -> jiff::Timestamp {
    jiff::Timestamp::from_second(1_780_300_800 + second).unwrap()
}

fn transcript() -> String {
    let envelope = |second: i64, uuid: &str| {
        json!({
            "uuid": uuid, "parentUuid": null, "isSidechain": false, "userType": "external", "entrypoint": "cli", "cwd": "/w/shop",
            "sessionId": SESSION, "version": "2.1.160", "gitBranch": "main", "timestamp": at(second).to_string(),
        })
    };
    let with = |mut line: Value, fields: Value| {
        line.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        line.to_string()
    };
    let prompt = |second, uuid: &str, id: &str, text: &str| {
        with(
            envelope(second, uuid),
            json!({
                "type": "user", "promptSource": "typed", "origin": {"kind": "human"}, "permissionMode": "default", "promptId": id,
                "message": {"role": "user", "content": text},
            }),
        )
    };
    let answer = |second, uuid: &str, number: u32, block: Value, output: i64, counts: Counts, stop: Value| {
        with(
            envelope(second, uuid),
            json!({
                "type": "assistant", "requestId": format!("req_day{number:08}"),
                "message": {
                    "id": format!("msg_day{number:08}"), "type": "message", "role": "assistant", "model": MODEL, "stop_reason": stop,
                    "stop_sequence": null, "content": [block],
                    "usage": {
                        "input_tokens": counts[0], "output_tokens": output, "cache_creation_input_tokens": counts[1],
                        "cache_read_input_tokens": counts[2], "service_tier": "standard",
                    },
                },
            }),
        )
    };
    let said = |text: &str| json!({"type": "text", "text": text});
    let call = json!({"type": "tool_use", "id": "toolu_day0000000001", "name": "Read", "input": {"file_path": "/w/shop/cart.ts"}});
    let result = with(
        envelope(6, "u-3"),
        json!({
            "type": "user",
            "message": {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "toolu_day0000000001", "content": "export"}]},
        }),
    );
    let failed = with(
        envelope(41, "u-9"),
        json!({
            "type": "assistant", "requestId": "req_day00000099", "isApiErrorMessage": true,
            "message": {
                "id": "u-9", "type": "message", "role": "assistant", "model": "<synthetic>", "stop_reason": "stop_sequence",
                "content": [said("API Error: overloaded")], "usage": {"input_tokens": 0, "output_tokens": 0},
            },
        }),
    );
    [
        prompt(0, "u-1", "5d9f0000-0000-4000-8000-0000000000a1", "make the cart count in cents"),
        // A streaming placeholder, then the whole, of one response.
        answer(4, "u-2", 1, said("Reading."), 3, FIRST, Value::Null),
        answer(5, "u-2b", 1, call, FIRST[3], FIRST, json!("tool_use")),
        result,
        answer(12, "u-4", 2, said("It counts in floats."), SECOND[3], SECOND, json!("end_turn")),
        prompt(20, "u-5", "5d9f0000-0000-4000-8000-0000000000a2", "go on"),
        answer(24, "u-6", 3, said("Done."), REPEATED[3], REPEATED, json!("end_turn")),
        answer(28, "u-7", 4, said("Done."), REPEATED[3], REPEATED, json!("end_turn")),
        failed,
    ]
    .join("\n")
        + "\n"
}

fn telemetry() -> String {
    let attribute = |(key, value): (&str, Value)| json!({"key": key, "value": {"stringValue": value.as_str().map_or_else(|| value.to_string(), str::to_owned)}});
    let event = |name: &str, second: i64, session: &str, fields: Vec<(&str, Value)>| {
        let standing =
            [("event.name", json!(name)), ("session.id", json!(session)), ("user.email", json!("Ada@Example.test"))];
        let attributes: Vec<Value> = standing.into_iter().chain(fields).map(attribute).collect();
        let resource = json!({"attributes": [attribute(("service.name", json!("claude-code")))]});
        let record = json!({
            "timeUnixNano": format!("{}", at(second).as_nanosecond()), "body": {"stringValue": format!("claude_code.{name}")},
            "attributes": attributes,
        });
        let scope = json!({"scope": {"name": "com.anthropic.claude_code.events"}, "logRecords": [record]});
        json!({"resourceLogs": [{"resource": resource, "scopeLogs": [scope]}]}).to_string()
    };
    let request = |number: u32, second, session, counts: Counts| {
        let fields = vec![
            ("request_id", json!(format!("req_day{number:08}"))),
            ("model", json!(MODEL)),
            ("input_tokens", json!(counts[0])),
            ("cache_creation_tokens", json!(counts[1])),
            ("cache_read_tokens", json!(counts[2])),
            ("output_tokens", json!(counts[3])),
            ("cost_usd", json!(0.0125)),
            ("duration_ms", json!(3_000)),
        ];
        event("api_request", second, session, fields)
    };
    let prompt = |id: &str, second, session| {
        event("user_prompt", second, session, vec![("prompt.id", json!(id)), ("prompt_length", json!("28"))])
    };
    let tool = vec![
        ("tool_name", json!("Read")),
        ("tool_use_id", json!("toolu_day0000000001")),
        ("success", json!("true")),
        ("decision_source", json!("config")),
    ];
    let failed = vec![("request_id", json!("req_day00000099")), ("model", json!(MODEL)), ("status_code", json!("529"))];
    [
        prompt("5d9f0000-0000-4000-8000-0000000000b0", -600, EARLIER),
        request(9, -595, EARLIER, EARLY),
        prompt("5d9f0000-0000-4000-8000-0000000000a1", 0, SESSION),
        request(1, 6, SESSION, FIRST),
        event("tool_result", 6, SESSION, tool),
        request(2, 13, SESSION, SECOND),
        prompt("5d9f0000-0000-4000-8000-0000000000a2", 20, SESSION),
        request(3, 25, SESSION, REPEATED),
        request(4, 29, SESSION, REPEATED),
        event("api_error", 41, SESSION, failed),
    ]
    .join("\n")
        + "\n"
}

fn gateway() -> String {
    let row = |id: &str, user: &str, (from, to): (i64, i64), counts: Counts| {
        let input = counts[0] + counts[1] + counts[2];
        json!({
            "request_id": id, "call_type": "anthropic_messages", "api_key": "88dc28d0f030c55ed4ab77ed8faf098196cb1c05df778539800c9f1243fe6b4b",
            "spend": 0.011, "total_tokens": input + counts[3], "prompt_tokens": input, "completion_tokens": counts[3],
            "startTime": at(from).to_string(), "endTime": at(to).to_string(), "model": MODEL, "custom_llm_provider": "anthropic",
            "user": user, "session_id": format!("gateway-{user}"), "cache_hit": "False", "request_tags": [], "metadata": {},
            "messages": {}, "response": {}, "status": "success",
        })
    };
    let with = |mut row: Value, fields: Value| {
        row.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        row
    };
    let cached = |counts: Counts| json!({"metadata": {"additional_usage_values": {"cache_read_input_tokens": counts[2], "cache_creation_input_tokens": counts[1]}}});
    let asked = |text: &str| json!({"messages": [{"role": "user", "content": text}]});
    let hit = json!({"cache_hit": "True", "spend": 0.0});
    let failed =
        json!({"status": "failure", "total_tokens": 0, "prompt_tokens": 0, "completion_tokens": 0, "spend": 0.0});
    let own = |number: u32| format!("chatcmpl-da7a{number:04}-1b2c-4d5e-8f90-a1b2c3d4e5f6");
    let rows = vec![
        with(row("msg_day00000001", "ada", (2, 6), FIRST), asked("make the cart count in cents")),
        row(&own(2), "ada", (10, 13), SECOND),
        with(row(&own(3), "bob", (10, 13), SECOND), cached(SECOND)),
        with(row("msg_day00000003", "ada", (22, 25), REPEATED), cached(REPEATED)),
        with(row("msg_day00000004", "ada", (26, 29), REPEATED), cached(REPEATED)),
        row(&own(5), "ada", (-598, -595), EARLY),
        with(row(&own(6), "ada", (40, 41), [0; 4]), failed),
        with(row(&own(7), "bob", (100, 102), SCRIPT), asked("summarise the tickets of today")),
        with(row(&format!("{}_cache_hit1780301000.25", own(7)), "bob", (200, 200), SCRIPT), hit),
    ];
    Value::Array(rows).to_string()
}

fn observability() -> String {
    let row = |id: &str, response: &str, second: i64, counts: Counts| {
        json!({
            "id": id, "trace_id": "0af7651916cd43dd8448eb211c80319c", "project_id": "p", "environment": "prod", "type": "GENERATION",
            "parent_observation_id": "", "start_time": at(second - 3).to_string(), "end_time": at(second).to_string(), "name": "answer",
            "level": "DEFAULT", "provided_model_name": MODEL, "total_cost": 0.011, "user_id": "ada", "session_id": "observed-ada",
            "usage_details": {"input": counts[0], "cache_creation_input_tokens": counts[1], "cache_read_input_tokens": counts[2], "output": counts[3]},
            "metadata": {"attributes": {"gen_ai.response.id": response}}, "input": "[{\"role\":\"user\",\"content\":\"make the cart count in cents\"}]",
            "output": "Reading.", "updated_at": at(second + 1).to_string(),
        })
        .to_string()
    };
    [row("b7ad6b7169203331", "msg_day00000001", 6, FIRST), row("b7ad6b7169203332", "msg_day00000003", 25, REPEATED)]
        .join("\n")
        + "\n"
}

const ROSTER: &str = "actor_id,aliases,team_id,role,kind,time_zone,active_from,active_to\n\
    ada@example.test,ada,team-shop,engineer,person,Europe/Berlin,,\n\
    bob@example.test,bob,team-shop,engineer,person,Europe/Berlin,,\n";

/// The four inputs, in the order in which a request is seen.
fn inputs() -> [(&'static str, String); 4] {
    [
        ("claude-code/ada/projects/-w-shop/da000000-0000-4000-8000-000000000001.jsonl", transcript()),
        ("otel/day.jsonl", telemetry()),
        ("gateway/spend.json", gateway()),
        ("langfuse/observations.jsonl", observability()),
    ]
}

fn write(dir: &Path, name: &str, text: &str) {
    let path = dir.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn configure(dir: &Path) {
    write(dir, "in/roster.csv", ROSTER);
    write(dir, "pseudonym.key", &("5a".repeat(32) + "\n"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(dir.join("pseudonym.key"), fs::Permissions::from_mode(0o600)).unwrap();
    }
    let key = dir.join("pseudonym.key");
    let rule = "[[identity]]\npath = \"claude-code/{actor}/**\"\n";
    write(dir, "footlight.toml", &format!("{rule}[privacy]\nkey_file = {:?}\n", key.to_str().unwrap()));
}

fn done(dir: &Path, args: &[&str]) -> String {
    let (code, stdout, stderr) = footlight(dir, args);
    assert!(code == 0, "{args:?}: {code} {stderr} {stdout}");
    stdout
}

fn rows(dir: &Path, out: &str, sql: &str) -> Vec<String> {
    let stdout = done(dir, &["query", "--json", "--lake", "lake", "--out", out, sql]);
    let answer: Value = serde_json::from_str(&stdout).unwrap();
    answer["rows"].as_array().unwrap().iter().map(|row| row["line"].as_str().unwrap_or("(null)").to_owned()).collect()
}

/// The tables of a run, by name.
fn tables(dir: &Path, out: &str) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<_> =
        fs::read_dir(dir.join(out).join("tables")).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
        .iter()
        .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), fs::read(path).unwrap()))
        .collect()
}

#[test]
fn a_day_seen_through_four_sources_has_one_right_total() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    configure(dir);
    for (name, text) in inputs() {
        write(dir, &format!("in/{name}"), &text);
    }
    done(dir, &["run", "--input", "in", "--lake", "lake", "--out", "out"]);

    // The lake keeps everything that was seen.
    let sql = "select concat_ws(' ', source, cast(count(*) as varchar), cast(sum(output_tokens) as varchar)) as line
        from events where kind = 'completion' group by source order by line";
    assert_eq!(
        rows(dir, "out", sql),
        ["claude_code 5 486", "langfuse 2 182", "litellm 9 853", "otel 6 563"],
        "claude_code and otel have a failed request, litellm a failed attempt and an answer from its cache"
    );

    // Counted once: six requests of Ada's, two of Bob's that a model answered. Failures and the cache's answer use nothing.
    let truth = [FIRST, SECOND, REPEATED, REPEATED, EARLY, SECOND, SCRIPT];
    let sum = |column: usize| truth.iter().map(|counts| counts[column]).sum::<i64>();
    let expected = format!("{} {} {} {}", sum(0), sum(1), sum(2), sum(3));
    let sql = "select concat_ws(' ', cast(sum(input_tokens) as varchar), cast(sum(cache_write_tokens) as varchar),
        cast(sum(cache_read_tokens) as varchar), cast(sum(output_tokens) as varchar)) as line from sessions";
    assert_eq!(rows(dir, "out", sql), [expected.as_str()]);

    // By session: Bob's request in the same second is his own; the transcript's session has its three prompts and one call once.
    let sql = "select concat_ws(' ', session_id, cast(prompts as varchar), cast(completions as varchar), cast(tool_calls as varchar),
        cast(output_tokens as varchar)) as line from sessions order by line";
    assert_eq!(
        rows(dir, "out", sql),
        [
            format!("{SESSION} 2 5 1 486"),
            format!("{EARLIER} 1 1 0 77"),
            // The attempt that failed at the gateway has an id of the gateway's own and no counts: nothing says which request it was.
            "gateway-ada 0 1 0 0".to_owned(),
            "gateway-bob 1 3 0 290".to_owned(),
        ]
    );
    let people = rows(dir, "out", "select actor as line from sessions group by actor order by actor");
    assert_eq!(people.len(), 2, "{people:?}: transcript by directory, telemetry by e-mail, gateway by login");

    // All its sources are kept, in the table, in the explanation and in the panel.
    let sql = "select concat_ws(' ', session_id, source, cast(requests_seen as varchar), cast(requests_counted as varchar)) as line
        from session_sources order by line";
    assert_eq!(
        rows(dir, "out", sql),
        [
            format!("{SESSION} claude_code 5 5"),
            format!("{SESSION} langfuse 2 0"),
            format!("{SESSION} litellm 4 0"),
            format!("{SESSION} otel 5 0"),
            format!("{EARLIER} litellm 1 0"),
            format!("{EARLIER} otel 1 1"),
            "gateway-ada litellm 1 1".to_owned(),
            "gateway-bob litellm 3 3".to_owned(),
        ]
    );
    let explained = done(dir, &["explain", "--out", "out", SESSION]);
    assert!(
        explained.contains("seen by claude_code (5 responses, 5 counted here), langfuse (2 responses, 0 counted here)"),
        "{explained}"
    );
    let run: Value = serde_json::from_str(&fs::read_to_string(dir.join("out/run.json")).unwrap()).unwrap();
    let told: Vec<String> = run["run"]["sources"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            format!(
                "{} {} {} {}",
                one["source"].as_str().unwrap(),
                one["seen"],
                one["merged_by_id"],
                one["merged_by_counts"]
            )
        })
        .collect();
    // Two were matched by their counts: the second request and the early one.
    assert_eq!(told, ["claude_code 5 0 0", "langfuse 2 2 0", "litellm 9 3 2", "otel 6 5 0"]);
    let report = fs::read_to_string(dir.join("out/report.md")).unwrap();
    assert!(report.contains("| Responses seen by several sources and counted once: merged by id | 10 |"), "{report}");
}

#[test]
fn neither_order_nor_runs_nor_threads_change_what_is_counted() {
    let one = tempfile::tempdir().unwrap();
    configure(one.path());
    for (name, text) in inputs() {
        write(one.path(), &format!("in/{name}"), &text);
    }
    done(one.path(), &["ingest", "--input", "in", "--lake", "lake"]);
    done(one.path(), &["score", "--lake", "lake", "--out", "out"]);
    let expected = tables(one.path(), "out");

    let two = tempfile::tempdir().unwrap();
    configure(two.path());
    for (name, text) in inputs().into_iter().rev() {
        write(two.path(), &format!("in/{name}"), &text);
        done(two.path(), &["ingest", "--threads", "1", "--input", "in", "--lake", "lake"]);
    }
    done(two.path(), &["score", "--threads", "1", "--lake", "lake", "--out", "out"]);
    for ((name, bytes), (other, others)) in expected.iter().zip(tables(two.path(), "out")) {
        assert_eq!(*name, other);
        assert!(*bytes == others, "{name} depends on the order in which files are read");
    }
}

#[test]
fn a_typed_prompt_stays_its_writers_whoever_made_the_gateways_key() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    configure(dir);
    write(dir, "in/roster.csv", &format!("{ROSTER}lead@example.test,lead,team-lead,lead,person,Europe/Berlin,,\n"));
    let [(transcript, steps), _, (spend, rows_of_gateway), _] = inputs();
    write(dir, &format!("in/{transcript}"), &steps);
    done(dir, &["run", "--input", "in", "--lake", "lake", "--out", "alone"]);
    let of_lead = rows_of_gateway.replace("\"user\":\"ada\"", "\"user\":\"lead\"");
    assert_ne!(of_lead, rows_of_gateway);
    write(dir, &format!("in/{spend}"), &of_lead);
    done(dir, &["run", "--input", "in", "--lake", "lake", "--out", "both"]);

    // The gateway's row stands for the prompt that the transcript has, and is the lead's by its key: prompt and session stay Ada's.
    let sql = format!(
        "select concat_ws(' ', actor, cast(prompts as varchar)) as line from sessions where session_id = '{SESSION}'"
    );
    let alone = rows(dir, "alone", &sql);
    assert_eq!((alone.len(), &alone), (1, &rows(dir, "both", &sql)));
}
