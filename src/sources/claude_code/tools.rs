//! What a tool does to the world, told from its name and arguments.
//!
//! Owns the table of Claude Code's own tools and the reading of MCP tool names. Claims only what name and arguments say: an
//! unknown tool has no effect and no system rather than a guessed one.

use crate::events::Effect;
use crate::fingerprint::Json;
use std::borrow::Cow;

/// What a call does, to what, and where.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Deed {
    pub(crate) effect: Option<Effect>,
    pub(crate) system: Option<Cow<'static, str>>,
    pub(crate) path: Option<String>,
}

/// Whether the tool changes files, so that its result may have added lines.
pub(super) fn edits_files(tool: &str) -> bool {
    matches!(tool, "Edit" | "Write" | "MultiEdit" | "NotebookEdit")
}

/// What a call to `tool` with these arguments does.
pub(crate) fn deed(tool: &str, arguments: &Json<'_>) -> Deed {
    let (effect, system) = match tool {
        "Edit" | "Write" | "MultiEdit" | "NotebookEdit" => (Some(Effect::Write), Some("filesystem")),
        "Read" | "Grep" | "Glob" | "LS" | "NotebookRead" | "LSP" => (Some(Effect::Read), Some("filesystem")),
        "Bash" | "PowerShell" => {
            let git = arguments.text("command").is_some_and(runs_git);
            (Some(Effect::Execute), Some(if git { "git" } else { "shell" }))
        }
        "BashOutput" | "TaskOutput" | "Monitor" => (Some(Effect::Read), Some("shell")),
        "KillShell" | "KillBash" | "TaskStop" => (Some(Effect::Execute), Some("shell")),
        "WebFetch" | "WebSearch" | "web_search" | "web_fetch" => (Some(Effect::Read), Some("browser")),
        "Task" | "Agent" | "Skill" | "SlashCommand" | "ToolSearch" | "TodoRead" | "TodoWrite" | "TaskCreate"
        | "TaskUpdate" | "TaskGet" | "TaskList" | "AskUserQuestion" | "EnterPlanMode" | "ExitPlanMode"
        | "exit_plan_mode" | "ScheduleWakeup" | "CronCreate" | "CronDelete" | "CronList" => (Some(Effect::None), None),
        _ => return mcp_deed(tool),
    };
    let path = match system {
        Some("filesystem") => ["file_path", "notebook_path", "path"].iter().find_map(|name| arguments.text(name)),
        Some("browser") => arguments.text("url"),
        _ => None,
    };
    Deed { effect, system: system.map(Cow::Borrowed), path: path.map(str::to_owned) }
}

/// Words in MCP server names that say what the server stands for; anything else goes by the server's own name.
const SYSTEMS: &[(&str, &str)] = &[
    ("slack", "slack"),
    ("gmail", "email"),
    ("outlook", "email"),
    ("email", "email"),
    ("mail", "email"),
    ("calendar", "calendar"),
    ("jira", "ticket"),
    ("linear", "ticket"),
    ("asana", "ticket"),
    ("playwright", "browser"),
    ("puppeteer", "browser"),
    ("chrome", "browser"),
    ("browser", "browser"),
    ("postgres", "database"),
    ("mysql", "database"),
    ("sqlite", "database"),
    ("bigquery", "database"),
    ("snowflake", "database"),
    ("database", "database"),
    ("filesystem", "filesystem"),
];

/// Verbs in MCP tool names. The first word of the name that is one of these decides.
const VERBS: &[(Effect, &[&str])] = &[
    (Effect::Send, &["send", "post", "reply", "publish", "notify", "forward", "message"]),
    (
        Effect::Write,
        &[
            "add",
            "append",
            "archive",
            "assign",
            "close",
            "commit",
            "copy",
            "create",
            "delete",
            "edit",
            "insert",
            "merge",
            "move",
            "patch",
            "push",
            "put",
            "remove",
            "rename",
            "replace",
            "save",
            "set",
            "transition",
            "update",
            "upload",
            "write",
        ],
    ),
    (
        Effect::Read,
        &[
            "check", "describe", "download", "fetch", "find", "get", "inspect", "list", "lookup", "query", "read",
            "resolve", "search", "show", "snapshot", "view",
        ],
    ),
    (Effect::Execute, &["call", "click", "evaluate", "exec", "execute", "invoke", "navigate", "run", "type"]),
];

fn mcp_deed(tool: &str) -> Deed {
    let Some((server, name)) = tool.strip_prefix("mcp__").and_then(|rest| rest.split_once("__")) else {
        return Deed::default();
    };
    let server = server.to_lowercase();
    let system = SYSTEMS
        .iter()
        .find(|(word, _)| server.contains(word))
        .map_or_else(|| Cow::Owned(server.clone()), |(_, system)| Cow::Borrowed(*system));
    let effect = words(name)
        .find_map(|word| VERBS.iter().find(|(_, verbs)| verbs.contains(&word.as_str())).map(|(effect, _)| *effect));
    Deed { effect, system: Some(system), path: None }
}

/// The words of `post_message`, `post-message` and `postMessage`, in lower case.
fn words(name: &str) -> impl Iterator<Item = String> {
    let mut spaced = String::with_capacity(name.len() + 8);
    let mut after_lower = false;
    for c in name.chars() {
        if c.is_uppercase() && after_lower {
            spaced.push(' ');
        }
        after_lower = c.is_lowercase();
        spaced.push(if c.is_alphanumeric() { c } else { ' ' });
    }
    spaced.split(' ').filter(|word| !word.is_empty()).map(str::to_lowercase).collect::<Vec<_>>().into_iter()
}

/// Whether the first command of a shell line that does something is git: directory changes and assignments are passed over.
fn runs_git(command: &str) -> bool {
    command
        .split(['\n', ';', '|', '&'])
        .filter_map(|part| part.split_whitespace().find(|word| !word.contains('=')))
        .find(|program| !matches!(*program, "cd" | "pushd" | "set" | "export"))
        == Some("git")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_command(command: &str) -> Option<Cow<'static, str>> {
        let arguments = serde_json::json!({ "command": command }).to_string();
        deed("Bash", &serde_json::from_str(&arguments).unwrap()).system
    }

    #[test]
    fn git_is_told_from_other_commands() {
        assert_eq!(with_command("git status").as_deref(), Some("git"));
        assert_eq!(with_command("cd /w/shop && GIT_PAGER=cat git log").as_deref(), Some("git"));
        assert_eq!(with_command("cargo test | grep git").as_deref(), Some("shell"));
        assert_eq!(with_command("").as_deref(), Some("shell"));
    }

    #[test]
    fn mcp_names_give_system_and_effect() {
        let none = Json::Null;
        for (tool, effect, system) in [
            ("mcp__slack__post_message", Some(Effect::Send), "slack"),
            ("mcp__claude_ai_Gmail__sendMessage", Some(Effect::Send), "email"),
            ("mcp__slack__get_messages", Some(Effect::Read), "slack"),
            ("mcp__github__create_pull_request", Some(Effect::Write), "github"),
            ("mcp__playwright__browser_click", Some(Effect::Execute), "browser"),
            ("mcp__crm__whoami", None, "crm"),
        ] {
            let deed = deed(tool, &none);
            assert_eq!((deed.effect, deed.system.as_deref()), (effect, Some(system)), "{tool}");
        }
        assert_eq!(deed("BrandNew", &none), Deed::default());
    }

    #[test]
    fn files_have_a_path_and_shells_do_not() {
        let arguments: Json<'_> = serde_json::from_str(r#"{"file_path":"/w/a.rs","command":"x"}"#).unwrap();
        assert_eq!(deed("Read", &arguments).path.as_deref(), Some("/w/a.rs"));
        assert_eq!(deed("Bash", &arguments).path, None);
    }
}
