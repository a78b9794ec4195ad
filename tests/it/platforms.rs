//! An in-house agent platform modelled on OpenClaw, known to nobody but its owner, is loaded by configuration alone.
//!
//! Harbor keeps its files under `.harbor`, calls a heartbeat a tide and a cron job a rota, says `ALL_QUIET` when there was nothing to do, and talks
//! through a chat system of its own. All of it is invented.

use crate::sample::footlight;
use serde_json::{Value, json};
use std::fs;
use std::path::Path;

const MAIN: &str = "4a2b0000-0000-4000-8000-000000000001";
const ROTA: &str = "4a2b0000-0000-4000-8000-000000000002";
const JOB: &str = "0b5e0000-0000-4000-8000-000000000009";

const CONFIGURATION: &str = r##"
[[identity]]
path = "homes/{actor}/**"

[[sources.openclaw]]
name = "harbor"
roots = [".harbor"]
schedule_words = ["rota", "tide"]
agent_words = ["deckhand"]
schedule_prefixes = ["[Harbor tide]"]
idle_answers = ["ALL_QUIET"]
chat_systems = ["quayside"]
"##;

fn at(minute: i64) -> jiff::Timestamp {
    jiff::Timestamp::from_second(1_780_300_800 + 60 * minute).unwrap()
}

struct Transcript {
    lines: Vec<Value>,
    parent: Value,
}

impl Transcript {
    fn new(session: &str) -> Self {
        let first = json!({"type": "session", "version": 3, "id": session, "timestamp": at(0).to_string(), "cwd": "/home/ada/.harbor/workspace"});
        Self { lines: vec![first], parent: Value::Null }
    }

    fn message(&mut self, minute: i64, message: Value) {
        let id = format!("aa0000{:02x}", self.lines.len());
        self.lines.push(json!({
            "type": "message", "id": id, "parentId": self.parent, "timestamp": at(minute).to_string(), "message": message,
        }));
        self.parent = json!(id);
    }

    fn asked(&mut self, minute: i64, text: &str) {
        self.message(minute, json!({"role": "user", "content": text, "timestamp": at(minute).as_millisecond()}));
    }

    fn answered(&mut self, minute: i64, content: Value) {
        let usage = json!({"input": 10, "output": 20, "cacheRead": 4000, "cacheWrite": 50, "totalTokens": 4080, "cost": {"total": 0.01}});
        self.message(
            minute,
            json!({
                "role": "assistant", "content": content, "api": "anthropic-messages", "provider": "anthropic", "model": "claude-sonnet-4-6",
                "usage": usage, "stopReason": "stop", "timestamp": at(minute).as_millisecond(),
            }),
        );
    }

    fn write(&self, path: &Path) {
        let lines: Vec<String> = self.lines.iter().map(Value::to_string).collect();
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, lines.join("\n") + "\n").unwrap();
    }
}

fn write_home(home: &Path) {
    let sessions = home.join(".harbor/agents/main/sessions");
    let said = |text: &str| json!([{"type": "text", "text": text}]);
    let mut main = Transcript::new(MAIN);
    for tide in 0..4 {
        main.asked(30 * tide, "[Harbor tide] look at the berths");
        main.answered(30 * tide + 1, said("`ALL_QUIET`"));
    }
    main.asked(130, "which berth is free tomorrow? tell the crew on the quay");
    main.answered(131, json!([{"type": "toolCall", "id": "call_1", "name": "quayside", "arguments": {"to": "#crew", "text": "berth 4"}}]));
    main.message(
        132,
        json!({"role": "toolResult", "toolCallId": "call_1", "toolName": "quayside", "content": [{"type": "text", "text": "ok"}], "isError": false}),
    );
    main.answered(133, said("Berth 4 is free, the crew knows."));
    main.write(&sessions.join(format!("{MAIN}.jsonl")));

    let mut rota = Transcript::new(ROTA);
    rota.asked(200, &format!("[rota:{JOB} fuel] write the fuel report\nCurrent time: Monday"));
    rota.answered(201, said("Fuel is at 80 percent in all tanks."));
    rota.write(&sessions.join(format!("{ROTA}.jsonl")));

    let key = format!("agent:main:rota:{JOB}");
    let index = json!({
        "agent:main:main": {"sessionId": MAIN, "updatedAt": at(133).as_millisecond(), "lastInteractionAt": at(130).as_millisecond()},
        key.clone(): {"sessionId": ROTA, "updatedAt": at(201).as_millisecond()},
    });
    fs::write(sessions.join("sessions.json"), index.to_string()).unwrap();
    let schedule = json!({"kind": "cron", "expr": "0 6 * * 1"});
    let payload = json!({"kind": "agentTurn", "message": "write the fuel report"});
    let job = json!({
        "id": JOB, "agentId": "main", "name": "fuel", "enabled": true, "schedule": schedule, "sessionTarget": "isolated", "payload": payload,
        "delivery": {"mode": "announce", "channel": "quayside"},
    });
    let rotas = home.join(".harbor/rota");
    fs::create_dir_all(rotas.join("finished")).unwrap();
    fs::write(rotas.join("rotas.json"), json!({"version": 1, "jobs": [job]}).to_string()).unwrap();
    let run = json!({
        "ts": at(202).as_millisecond(), "jobId": JOB, "action": "finished", "status": "ok", "deliveryStatus": "not-delivered",
        "sessionId": ROTA, "sessionKey": format!("{key}:run:{ROTA}"), "runAtMs": at(200).as_millisecond(), "durationMs": 90_000,
    });
    fs::write(rotas.join("finished").join(format!("{JOB}.jsonl")), format!("{run}\n")).unwrap();
}

fn rows(dir: &Path, sql: &str) -> Vec<String> {
    let (code, stdout, stderr) = footlight(dir, &["query", "--json", "--lake", "lake", "--out", "out", sql]);
    assert_eq!(code, 0, "{stderr}");
    let answer: Value = serde_json::from_str(&stdout).unwrap();
    answer["rows"].as_array().unwrap().iter().map(|row| row["line"].as_str().unwrap_or("(null)").to_owned()).collect()
}

#[test]
fn a_platform_of_ones_own_runs_from_end_to_end_by_configuration_alone() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    write_home(&dir.join("in/homes/ada@example.test"));
    fs::write(dir.join("footlight.toml"), CONFIGURATION).unwrap();
    let (code, stdout, stderr) = footlight(dir, &["run", "--input", "in", "--lake", "lake", "--out", "out"]);
    assert_eq!(code, 0, "{stderr} {stdout}");

    // Nothing of it was strange.
    assert_eq!(rows(dir, "select reason as line from quarantine"), Vec::<String>::new());
    let sql = "select concat_ws(' ', session_id, client, trigger, cast(prompts as varchar), cast(completions as varchar)) as line
        from sessions order by line";
    assert_eq!(rows(dir, sql), [format!("{MAIN} harbor human 5 6"), format!("{ROTA} harbor schedule 1 1")]);
    let sql = "select concat_ws(' ', kind, trigger, trigger_evidence, cast(count(*) as varchar)) as line
        from events where kind = 'prompt' group by kind, trigger, trigger_evidence order by line";
    assert_eq!(
        rows(dir, sql),
        ["prompt human text.bare 1", "prompt schedule text.configured_prefix 4", "prompt schedule text.cron 1"]
    );
    let sql = "select concat_ws(' ', tool_name, effect, system) as line from events where kind = 'tool_call'";
    assert_eq!(rows(dir, sql), ["quayside send quayside"]);
    let sql = "select concat_ws(' ', marker, cast(count(*) as varchar)) as line from events where marker is not null group by marker";
    assert_eq!(rows(dir, sql), ["no_op 4"]);
    let sql =
        "select concat_ws(' ', name, value) as line from facts where name in ('schedule', 'delivery') order by line";
    assert_eq!(rows(dir, sql), ["delivery not_delivered", "schedule 0 6 * * 1"]);
    let sql = "select concat_ws(' ', session_id, finding) as line from findings order by line";
    let found = rows(dir, sql);
    assert!(found.contains(&format!("{MAIN} no_op_run")), "{found:?}");

    // Its root is known from inside as well, where no name of the input tells.
    let root = dir.join("in/homes/ada@example.test/.harbor");
    let inside = ["ingest", "--input", ".", "--lake", "../../../../inside", "--config", "../../../../footlight.toml"];
    let (code, stdout, stderr) = footlight(&root, &inside);
    assert_eq!(code, 0, "{stderr} {stdout}");
    let sql = "select concat_ws(' ', client, cast(count(*) as varchar)) as line from events group by client";
    let asked = |lake: &str| footlight(dir, &["query", "--json", "--lake", lake, sql]).1;
    assert!(asked("inside").contains("harbor"));
    assert_eq!(asked("inside"), asked("lake"));

    // Without its configuration the same files are OpenClaw's or nobody's, and what only its owner knows is not guessed.
    fs::write(dir.join("other.toml"), "[[identity]]\npath = \"homes/{actor}/**\"\n").unwrap();
    let plain = ["ingest", "--input", "in", "--lake", "plain", "--config", "other.toml"];
    let (code, _, stderr) = footlight(dir, &plain);
    assert!(code == 0 || code == 3, "{stderr}");
    let sql = "select concat_ws(' ', client, trigger, coalesce(marker, '-')) as line from events where kind = 'prompt' or marker is not null
        group by client, trigger, marker order by line";
    let (_, stdout, _) = footlight(dir, &["query", "--json", "--lake", "plain", sql]);
    assert!(!stdout.contains("harbor") && !stdout.contains("no_op"), "{stdout}");
}
