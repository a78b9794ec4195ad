//! Somebody who points footlight at the whole directory of a tool gets the totals of its logs: what the tool keeps beside them is passed over and counted,
//! and a file that is nobody's is still rejected. The directories are laid out as the tools do it; all content is invented.

use assert_cmd::Command;
use serde_json::{Value, json};
use std::fs;
use std::path::Path;

/// A tool's directory.
struct Tool {
    /// Its path below the home directory.
    root: &'static str,
    /// The source of its logs, and the logs: places below the root, and the fixtures that stand there.
    source: &'static str,
    logs: &'static [(&'static str, &'static str)],
    /// What is kept beside them.
    kept: &'static [(&'static str, Kept)],
    /// What is counted, by kind.
    counts: &'static [(&'static str, u64)],
    /// Where a file of nobody's stands, among the logs.
    among_logs: &'static str,
}

/// A thing that is kept.
enum Kept {
    /// A file with this text.
    Text(&'static str),
    /// A copy of the tool's first log: reading it would count it once more, or under another name.
    CopyOfLog,
    /// A link to nowhere.
    Link,
    /// A repository with a commit.
    Repository,
}
use Kept::{CopyOfLog, Link, Repository, Text};

const CLAUDE_CODE: Tool = Tool {
    root: ".claude",
    source: "claude_code",
    logs: &[
        ("projects/-home-ada-shop/one.jsonl", "cache_tiers_and_cost.jsonl"),
        ("projects/-home-ada-shop/two/subagents/agent-a1b2c3.jsonl", "subagent/agent-a1b2c3.jsonl"),
    ],
    kept: &[
        ("settings.json", Text("{\"cleanupPeriodDays\": 90}")),
        ("settings.local.json", Link),
        (".credentials.json", Text("{}")),
        (
            "history.jsonl",
            Text(
                "{\"display\":\"look here\",\"pastedContents\":{},\"timestamp\":1780304400000,\"project\":\"/home/ada/shop\"}\n",
            ),
        ),
        ("stats-cache.json", Text("{\"version\":1}")),
        ("statsig/statsig.cached.evaluations.1", Text("{}")),
        ("telemetry/failed_events.json", Text("not json")),
        ("todos/one-agent-one.json", Text("[]")),
        ("tasks/one/1.json", Text("{\"id\":\"1\",\"subject\":\"look\"}")),
        ("shell-snapshots/snapshot-bash-1-a.sh", Text("export A=1\n")),
        ("file-history/one/0f0f@v1", CopyOfLog),
        ("file-history/one/copy.jsonl", CopyOfLog),
        ("debug/one.txt", Text("debug")),
        ("debug/latest", Link),
        ("ide/4711.lock", Text("{}")),
        ("plugins/installed_plugins.json", Text("{\"version\":1}")),
        ("plugins/marketplaces/shop", Repository),
        ("projects/-home-ada-shop/sessions-index.json", Text("{\"version\":1,\"entries\":[]}")),
        ("projects/-home-ada-shop/two/subagents/agent-a1b2c3.meta.json", Text("{\"agentType\":\"Explore\"}")),
        ("projects/-home-ada-shop/one/tool-results/x.json", Text("[1, 2")),
        ("projects/-home-ada-shop/memory/MEMORY.md", Text("# memory\n")),
    ],
    counts: &[
        ("cache", 1),
        ("credentials", 1),
        ("debug_logs", 2),
        ("file_history", 2),
        ("locks", 1),
        ("memory", 1),
        ("prompt_history", 1),
        ("session_index", 2),
        ("settings", 2),
        ("shell_snapshots", 1),
        ("telemetry", 2),
        ("todos", 2),
        ("tool_results", 1),
    ],
    among_logs: "projects/-home-ada-shop/three.jsonl",
};

const CODEX: Tool = Tool {
    root: ".codex",
    source: "codex",
    logs: &[(
        "sessions/2026/06/01/rollout-2026-06-01T10-00-00-019e0000-0000-7000-8000-000000000031.jsonl",
        "tools.jsonl",
    )],
    kept: &[
        ("config.toml", Text("model = \"gpt-5.5\"\n")),
        ("auth.json", Text("{}")),
        ("history.jsonl", Text("{\"session_id\":\"s\",\"ts\":1780304400,\"text\":\"look here\"}\n")),
        ("session_index.jsonl", Text("{\"id\":\"s\",\"thread_name\":\"look\"}\n")),
        ("version.json", Text("{\"latest_version\":\"0.139.0\"}")),
        ("models_cache.json", Text("{\"models\":[]}")),
        (".codex-global-state.json", Text("{}")),
        ("log/codex-tui.log", Text("2026-06-01T10:00:00Z INFO started\n")),
        ("logs_2.sqlite", Text("SQLite format 3\0 and no more")),
        ("state_5.sqlite-shm", Text("\0\0")),
        ("shell_snapshots/s.sh", Text("export A=1\n")),
        ("tmp/arg0/codex-arg0aB/apply_patch", Link),
        ("memories/raw.jsonl", CopyOfLog),
        ("skills/.system/look/package.json", Text("{}")),
        ("vendor_imports/skills", Repository),
    ],
    counts: &[
        ("cache", 2),
        ("credentials", 1),
        ("database", 2),
        ("debug_logs", 1),
        ("instructions", 1),
        ("memory", 1),
        ("prompt_history", 1),
        ("scratch", 1),
        ("session_index", 1),
        ("settings", 2),
        ("shell_snapshots", 1),
    ],
    among_logs: "sessions/2026/06/01/notes.jsonl",
};

const OPENCODE: Tool = Tool {
    root: ".local/share/opencode",
    source: "opencode",
    logs: &[
        (
            "storage/message/ses_main/msg_e82694e80001invented00000A.json",
            "opencode/storage/message/ses_main/msg_e82694e80001invented00000A.json",
        ),
        (
            "storage/part/msg_e82694e80001invented00000A/prt_00.json",
            "opencode/storage/part/msg_e82694e80001invented00000A/prt_00.json",
        ),
        ("storage/todo/ses_main.json", "opencode/storage/todo/ses_main.json"),
    ],
    kept: &[
        ("auth.json", Text("{}")),
        ("log/2026-06-01T090000.log", Text("INFO  2026-06-01T09:00:00 +0ms service=default started\n")),
        ("log/dev.log", Text("{\"level\":\"info\"}\n")),
        ("snapshot/p1", Repository),
        ("tool-output/tool_1", Text("{\"a\":")),
        ("tool-output/tool_2.json", CopyOfLog),
        ("bin/node_modules/x/package.json", Text("{}")),
        ("storage/migration", Text("2")),
        ("storage/session_share/ses_main.json", Text("{\"secret\":\"s\"}")),
    ],
    counts: &[("credentials", 1), ("debug_logs", 2), ("installation", 1), ("store", 2), ("tool_results", 2)],
    among_logs: "storage/message/ses_main/notes.json",
};

const OPENCLAW: Tool = Tool {
    root: ".openclaw",
    source: "openclaw",
    logs: &[(
        "agents/main/sessions/9d1c0000-0000-4000-8000-00000000000a.jsonl",
        "home/.openclaw/agents/main/sessions/9d1c0000-0000-4000-8000-00000000000a.jsonl",
    )],
    kept: &[
        ("openclaw.json", Text("{}")),
        ("openclaw.json.bak", Text("{}")),
        ("exec-approvals.json", Text("{}")),
        ("agents/main/agent/auth-profiles.json", Text("{}")),
        ("agents/main/agent/models.json", Text("{}")),
        ("identity/device.json", Text("{}")),
        ("devices/paired.json", Text("{}")),
        ("subagents/runs.json", Text("{\"version\":1,\"runs\":{}}")),
        ("delivery-queue/1.json", Text("{}")),
        ("logs/config-audit.jsonl", Text("{\"event\":\"config.write\"}\n")),
        ("logs/gateway.log", Text("started\n")),
        ("telegram/update-offset-default.json", Text("{}")),
        ("workspace/notes.json", Text("{}")),
        ("workspace/reports/june/s.jsonl", CopyOfLog),
        ("extensions/x/node_modules/.bin/x", Link),
    ],
    counts: &[
        ("channels", 1),
        ("credentials", 2),
        ("debug_logs", 2),
        ("plugins", 1),
        ("queue", 1),
        ("session_index", 1),
        ("settings", 5),
        ("workspace", 2),
    ],
    among_logs: "agents/main/sessions/notes.json",
};

const GEMINI_CLI: Tool = Tool {
    root: ".gemini",
    source: "gemini_cli",
    logs: &[("tmp/0f/chats/parent/child.jsonl", "home/.gemini/tmp/shop/chats/g-main/g-sub.jsonl")],
    kept: &[
        ("settings.json", Text("{}")),
        ("oauth_creds.json", Text("{}")),
        ("google_accounts.json", Text("{\"active\":null}")),
        ("projects.json", Text("{\"projects\":{}}")),
        ("tmp/0f/shell_history", Text("ls\n")),
        ("tmp/0f/checkpoint-look.json", Text("[{\"role\":\"user\",\"parts\":[{\"text\":\"look\"}]}]")),
        ("tmp/0f/checkpoints/1-write.json", Text("{}")),
        ("tmp/0f/tool-outputs/x.json", Text("{")),
        ("history/0f", Repository),
        ("extensions/x/gemini-extension.json", Text("{}")),
    ],
    counts: &[
        ("checkpoints", 2),
        ("credentials", 2),
        ("plugins", 1),
        ("prompt_history", 1),
        ("settings", 2),
        ("tool_results", 1),
    ],
    among_logs: "tmp/0f/chats/notes.json",
};

const CLINE: Tool = Tool {
    root: ".config/Code/User/globalStorage/rooveterinaryinc.roo-cline",
    source: "cline",
    logs: &[(
        "tasks/019e0000-0000-7000-8000-000000000001/ui_messages.json",
        "Code/User/globalStorage/rooveterinaryinc.roo-cline/tasks/019e0000-0000-7000-8000-000000000001/ui_messages.json",
    )],
    kept: &[
        ("settings/cline_mcp_settings.json", Text("{\"mcpServers\":{}}")),
        ("cache/openrouter_models.json", Text("{}")),
        ("tasks/_index.json", Text("{}")),
        ("tasks/019e0000-0000-7000-8000-000000000001/context_history.json", Text("[[1, [0, []]]]")),
        ("tasks/019e0000-0000-7000-8000-000000000001/checkpoints", Repository),
        ("checkpoints/123", Repository),
    ],
    counts: &[("cache", 1), ("session_index", 1), ("settings", 1), ("task_context", 1)],
    among_logs: "tasks/019e0000-0000-7000-8000-000000000001/notes.json",
};

const COPILOT_CLI: Tool = Tool {
    root: ".copilot",
    source: "copilot_cli",
    logs: &[("session-state/5b0e0a4e-0000-4000-8000-000000000009/events.jsonl", "cumulative.jsonl")],
    kept: &[
        ("config.json", Text("// comments\n{}")),
        ("command-history-state.json", Text("{\"commandHistory\":[\"look\"]}")),
        ("session-store.db", Text("SQLite format 3\0 and no more")),
        ("logs/process-1.log", Text("started\n")),
        ("session-state/5b0e0a4e-0000-4000-8000-000000000009/workspace.yaml", Text("id: x\n")),
        ("session-state/5b0e0a4e-0000-4000-8000-000000000009/vscode.metadata.json", Text("{}")),
        ("session-state/5b0e0a4e-0000-4000-8000-000000000009/files/events.jsonl", CopyOfLog),
        ("session-state/5b0e0a4e-0000-4000-8000-000000000009/rewind-snapshots/index.json", Text("{}")),
        ("pkg/universal/package.json", Text("{}")),
    ],
    counts: &[
        ("database", 1),
        ("debug_logs", 1),
        ("file_history", 1),
        ("files", 1),
        ("installation", 1),
        ("prompt_history", 1),
        ("session_index", 2),
        ("settings", 1),
    ],
    among_logs: "session-state/notes.jsonl",
};

fn footlight(dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_footlight"));
    command.current_dir(dir).env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command
}

/// The exit code and the summary of an ingest.
fn ingest(dir: &Path, input: &str, lake: &Path) -> (i32, Value) {
    let output =
        footlight(dir).args(["ingest", "--json", "--lake"]).arg(lake).args(["--input", input]).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let answer: Value = serde_json::from_str(&text)
        .unwrap_or_else(|error| panic!("{error}: {text} {}", String::from_utf8_lossy(&output.stderr)));
    (output.status.code().unwrap(), answer["ingest"].clone())
}

fn put(path: &Path, bytes: &[u8]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

fn repository(path: &Path) {
    fs::create_dir_all(path).unwrap();
    let git = |arguments: &[&str]| {
        let mut command = std::process::Command::new("git");
        command.args(["-c", "user.name=Ada", "-c", "user.email=ada@example.test", "-c", "commit.gpgsign=false"]);
        command.args(arguments).current_dir(path).env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
        assert!(command.output().unwrap().status.success(), "{arguments:?}");
    };
    git(&["init", "--quiet"]);
    git(&["commit", "--quiet", "--allow-empty", "-m", "checkpoint"]);
}

impl Tool {
    fn fixture(&self, index: usize) -> Vec<u8> {
        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/sources").join(self.source).join("fixtures");
        fs::read(fixtures.join(self.logs[index].1)).unwrap()
    }

    fn put_logs(&self, home: &Path) {
        for (index, (place, _)) in self.logs.iter().enumerate() {
            put(&home.join(self.root).join(place), &self.fixture(index));
        }
    }

    fn put_kept(&self, home: &Path) {
        for (place, kept) in self.kept {
            let path = home.join(self.root).join(place);
            match kept {
                Text(text) => put(&path, text.as_bytes()),
                CopyOfLog => put(&path, &self.fixture(0)),
                Repository => repository(&path),
                #[cfg(unix)]
                Link => {
                    fs::create_dir_all(path.parent().unwrap()).unwrap();
                    std::os::unix::fs::symlink("/nowhere", &path).unwrap();
                }
                #[cfg(not(unix))]
                Link => put(&path, b""),
            }
        }
    }

    /// What was passed over, without the files of repositories, whose number is git's.
    fn passed_over(&self, summary: &Value) -> Value {
        let mut counts = summary["files_passed_over"].clone();
        let repositories: Vec<&str> =
            self.kept.iter().filter(|(_, kept)| matches!(kept, Repository)).map(|(place, _)| *place).collect();
        if !repositories.is_empty() {
            let kinds = counts.as_object_mut().unwrap();
            kinds.retain(|kind, _| self.counts.iter().any(|(known, _)| kind.ends_with(&format!(".{known}"))));
        }
        counts
    }

    fn check(&self) {
        let dir = tempfile::tempdir().unwrap();
        let (bare, whole) = (dir.path().join("bare"), dir.path().join("whole"));
        self.put_logs(&bare);
        let (code, logs) = ingest(&bare, self.root, &dir.path().join("bare-lake"));
        assert_eq!((code, &logs["files_passed_over"]), (0, &json!({})), "{}: {logs}", self.source);
        assert!(logs["added"]["events"].as_u64().unwrap() > 0, "{logs}");

        self.put_logs(&whole);
        self.put_kept(&whole);
        let lake = dir.path().join("lake");
        let (code, summary) = ingest(&whole, self.root, &lake);
        assert_eq!((code, &summary["rejected"]), (0, &json!({})), "{}: {summary}", self.source);
        for totals in ["added", "duplicates", "replaced", "files_read", "files_unrecognised"] {
            assert_eq!(summary[totals], logs[totals], "{} {totals}: {summary}", self.source);
        }
        let counts: serde_json::Map<String, Value> =
            self.counts.iter().map(|(kind, count)| (format!("{}.{kind}", self.source), json!(count))).collect();
        assert_eq!(self.passed_over(&summary), Value::Object(counts), "{}", self.source);
        // From inside, and once more: nothing is new, and what is passed over is told each time.
        let (code, again) = ingest(&whole.join(self.root), ".", &dir.path().join("lake-inside"));
        assert_eq!((code, &again["files_passed_over"]), (0, &summary["files_passed_over"]), "{}", self.source);
        let (code, again) = ingest(&whole, self.root, &lake);
        assert_eq!((code, &again["files_read"]), (0, &json!(0)), "{}: {again}", self.source);
        assert_eq!(again["files_passed_over"], summary["files_passed_over"], "{}", self.source);

        // What is nobody's is rejected wherever it lies among the logs, and in the directory itself.
        for place in [self.among_logs, "export.json"] {
            put(&whole.join(self.root).join(place), b"{\"what\":\"is this\"}\n");
        }
        put(&whole.join(self.root).join("bundle.csv.zst"), &zstd::encode_all(&b"a,b\n"[..], 3).unwrap()[..9]);
        let (code, foreign) = ingest(&whole, self.root, &lake);
        assert_eq!(code, 3, "{}: {foreign}", self.source);
        let rejected: u64 =
            foreign["rejected"].as_object().unwrap().values().map(|count| count.as_u64().unwrap()).sum();
        assert_eq!(rejected, 3, "{}: {foreign}", self.source);
    }
}

#[test]
fn the_whole_directory_of_claude_code_gives_the_totals_of_its_logs() {
    CLAUDE_CODE.check();
}

#[test]
fn the_whole_directory_of_codex_gives_the_totals_of_its_logs() {
    CODEX.check();
}

#[test]
fn the_whole_directory_of_opencode_gives_the_totals_of_its_logs() {
    OPENCODE.check();
}

#[test]
fn the_whole_directory_of_openclaw_gives_the_totals_of_its_logs() {
    OPENCLAW.check();
}

#[test]
fn the_whole_directory_of_gemini_cli_gives_the_totals_of_its_logs() {
    GEMINI_CLI.check();
}

#[test]
fn the_whole_directory_of_cline_gives_the_totals_of_its_logs() {
    CLINE.check();
}

#[test]
fn the_whole_directory_of_copilot_cli_gives_the_totals_of_its_logs() {
    COPILOT_CLI.check();
}

/// Somebody who keeps settings in git has the logs in a repository: they are read, and it is none of work.
#[test]
fn a_directory_of_a_tool_that_is_a_repository_is_read_for_its_logs() {
    let dir = tempfile::tempdir().unwrap();
    CLAUDE_CODE.put_logs(dir.path());
    repository(&dir.path().join(".claude"));
    let (code, summary) = ingest(dir.path(), ".claude", &dir.path().join("lake"));
    assert_eq!((code, &summary["files_by_source"]), (0, &json!({"claude_code": 2})), "{summary}");
    assert!(summary["files_passed_over"]["claude_code.repository"].as_u64().unwrap() > 0, "{summary}");
}

/// Repositories in which agents work are outcomes like any other, and what somebody names is read although a tool keeps it.
#[test]
fn work_in_a_tools_directory_is_read_where_it_is_a_repository_or_is_named() {
    let dir = tempfile::tempdir().unwrap();
    OPENCLAW.put_logs(dir.path());
    let workspace = dir.path().join(".openclaw/workspace");
    repository(&workspace.join("shop"));
    put(
        &workspace.join("team.events.ndjson"),
        b"{\"ts\":\"2026-06-01T09:00:00Z\",\"session_id\":\"s\",\"kind\":\"prompt\"}\n",
    );
    let (code, summary) = ingest(dir.path(), ".openclaw", &dir.path().join("lake"));
    assert_eq!((code, &summary["files_by_source"]), (0, &json!({"git": 1, "openclaw": 1})), "{summary}");
    assert_eq!(summary["files_passed_over"], json!({"openclaw.workspace": 1}));
    let (code, summary) = ingest(dir.path(), ".openclaw/workspace", &dir.path().join("named"));
    assert_eq!((code, &summary["files_by_source"]), (0, &json!({"canonical": 1, "git": 1})), "{summary}");
    let (code, summary) = ingest(&workspace, ".", &dir.path().join("inside"));
    assert_eq!((code, &summary["files_by_source"]), (0, &json!({"canonical": 1, "git": 1})), "{summary}");
}
