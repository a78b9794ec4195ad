//! What a tool call did to the world, what it touched, and which lines it wrote.
//!
//! Owns the names of OpenClaw's tools and how a name it does not know is read. Owns no events.

use super::platform::Platform;
use crate::events::Effect;
use crate::fingerprint::line_hashes;
use crate::sources::edits::{lines_written, plus_lines, text_field};
use serde_json::Value;

/// What one call does.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Touch {
    pub(super) effect: Option<Effect>,
    pub(super) system: Option<String>,
    pub(super) path: Option<String>,
    /// Hashes of the lines that the arguments add. They count once the result says that the call worked.
    pub(super) added_lines: Vec<i64>,
}

/// Reads a call from its tool name and arguments.
pub(super) fn touch(tool: &str, arguments: &Value, platform: &Platform<'_>) -> Touch {
    let name = tool.to_ascii_lowercase();
    let action = text_field(arguments, &["action"]).unwrap_or("").to_ascii_lowercase().replace('-', "_");
    let action = action.as_str();
    let (effect, system): (Option<Effect>, Option<&str>) = match name.as_str() {
        "exec" | "bash" | "shell" | "code_execution" => (Some(Effect::Execute), Some("shell")),
        "process" => {
            let acts = matches!(action, "write" | "send_keys" | "submit" | "paste" | "kill" | "remove" | "clear");
            (Some(if acts { Effect::Execute } else { Effect::Read }), Some("shell"))
        }
        "read" | "grep" | "find" | "glob" | "ls" | "memory_search" | "memory_get" | "image" | "pdf" => {
            (Some(Effect::Read), Some("filesystem"))
        }
        "write" | "edit" | "multiedit" | "apply_patch" => (Some(Effect::Write), Some("filesystem")),
        "web_search" | "web_fetch" | "x_search" => (Some(Effect::Read), Some("browser")),
        "browser" => {
            let acts = matches!(action, "act" | "upload" | "dialog");
            (Some(if acts { Effect::Execute } else { Effect::Read }), Some("browser"))
        }
        "cron" => {
            let looks = matches!(action, "list" | "status" | "runs" | "get");
            (Some(if looks { Effect::Read } else { Effect::Write }), Some("schedule"))
        }
        "gateway" | "canvas" | "nodes" => (Some(verb_effect(action).unwrap_or(Effect::Execute)), Some(&name)),
        "image_generate" | "video_generate" | "music_generate" => (Some(Effect::Write), Some("media")),
        "message" => {
            // The one tool for every chat system; which one is an argument.
            let channel = text_field(arguments, &["channel", "provider"]).unwrap_or("chat");
            (Some(verb_effect(action).unwrap_or(Effect::Send)), Some(channel))
        }
        "sessions_send" => (Some(Effect::Send), Some("agent")),
        "sessions_spawn" => (Some(Effect::Execute), Some("agent")),
        "sessions_list" | "sessions_history" | "sessions_search" | "session_status" | "agents_list" => {
            (Some(Effect::Read), Some("agent"))
        }
        "sessions_yield" | "update_plan" | "tts" => (Some(Effect::None), None),
        "slack" | "discord" | "telegram" | "whatsapp" | "signal" | "imessage" | "msteams" | "matrix" => {
            (Some(verb_effect(action).unwrap_or(Effect::Send)), Some(&name))
        }
        _ if platform.is_chat_system(&name) => (Some(verb_effect(action).unwrap_or(Effect::Send)), Some(&name)),
        // A plugin's tool: the verb in its action or name tells, else nothing is claimed.
        _ => {
            let mut words = name.split(['_', '-', '.', '/', ':']).filter(|word| !word.is_empty());
            let system = words.next();
            let effect = verb_effect(action).or_else(|| words.rev().find_map(verb_effect));
            (effect, effect.and(system))
        }
    };
    let is_file = system == Some("filesystem");
    Touch {
        effect,
        system: system.map(str::to_owned),
        path: is_file.then(|| text_field(arguments, &["path", "file_path", "filePath"]).map(str::to_owned)).flatten(),
        added_lines: if effect == Some(Effect::Write) && is_file { lines_written(arguments) } else { Vec::new() },
    }
}

/// What an action does: its first word that is a known verb, so `thread_reply`, `list_pins` and `channel_create` are told apart.
fn verb_effect(action: &str) -> Option<Effect> {
    action.split(['_', '.', ' ']).find_map(|word| {
        Some(match word {
            _ if word.starts_with("send") => Effect::Send,
            "post" | "reply" | "publish" | "broadcast" | "notify" | "react" | "sticker" => Effect::Send,
            "list" | "get" | "read" | "search" | "fetch" | "status" | "query" | "history" | "lookup" | "view"
            | "info" | "reactions" | "permissions" | "download" | "inspect" | "check" | "describe" | "snapshot"
            | "readmessages" => Effect::Read,
            "create" | "update" | "delete" | "remove" | "add" | "write" | "edit" | "set" | "upload" | "pin"
            | "unpin" | "unsend" | "move" | "patch" => Effect::Write,
            "run" | "execute" | "invoke" => Effect::Execute,
            _ => return None,
        })
    })
}

/// Lines that a diff in a result's `details` adds: the fallback for edits whose arguments do not hold the new text.
/// The product numbers the lines of its own diffs (`+12 text`); unified diffs have `@@` headers and no numbers.
pub(super) fn diff_lines_added(diff: &str) -> Vec<i64> {
    if diff.lines().any(|line| line.starts_with("@@")) {
        return line_hashes(plus_lines(diff));
    }
    line_hashes(plus_lines(diff).map(|line| line.trim_start().trim_start_matches(|c: char| c.is_ascii_digit())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::{OpenClawPlatform, SourceOptions};
    use serde_json::json;
    use std::path::Path;

    fn effect(tool: &str, arguments: Value) -> (Option<Effect>, Option<String>) {
        let options = SourceOptions {
            openclaw: vec![OpenClawPlatform {
                roots: vec![".meshdesk".into()],
                chat_systems: vec!["DeskChat".into()],
                ..OpenClawPlatform::default()
            }],
            ..SourceOptions::default()
        };
        let touch = touch(tool, &arguments, &Platform::of(Path::new("/h/.meshdesk/x"), &options));
        (touch.effect, touch.system)
    }

    #[test]
    fn tools_by_name_and_by_action() {
        for (tool, arguments, want, system) in [
            ("exec", json!({"command": "ls"}), Some(Effect::Execute), Some("shell")),
            ("Bash", json!({}), Some(Effect::Execute), Some("shell")),
            ("process", json!({"action": "poll"}), Some(Effect::Read), Some("shell")),
            ("process", json!({"action": "kill"}), Some(Effect::Execute), Some("shell")),
            ("web_fetch", json!({"url": "https://x.test"}), Some(Effect::Read), Some("browser")),
            ("browser", json!({"action": "act"}), Some(Effect::Execute), Some("browser")),
            ("cron", json!({"action": "add"}), Some(Effect::Write), Some("schedule")),
            ("cron", json!({"action": "list"}), Some(Effect::Read), Some("schedule")),
            ("message", json!({"action": "send", "channel": "deskchat"}), Some(Effect::Send), Some("deskchat")),
            ("message", json!({"action": "read", "channel": "slack"}), Some(Effect::Read), Some("slack")),
            ("message", json!({"action": "poll"}), Some(Effect::Send), Some("chat")),
            ("message", json!({"action": "thread-reply"}), Some(Effect::Send), Some("chat")),
            ("message", json!({"action": "list-pins"}), Some(Effect::Read), Some("chat")),
            ("message", json!({"action": "channel-create"}), Some(Effect::Write), Some("chat")),
            ("nodes", json!({"action": "status"}), Some(Effect::Read), Some("nodes")),
            ("gateway", json!({"action": "restart"}), Some(Effect::Execute), Some("gateway")),
            ("sessions_send", json!({}), Some(Effect::Send), Some("agent")),
            ("slack", json!({"action": "sendMessage"}), Some(Effect::Send), Some("slack")),
            ("deskchat", json!({"to": "#shop"}), Some(Effect::Send), Some("deskchat")),
            ("deskchat", json!({"action": "history"}), Some(Effect::Read), Some("deskchat")),
            ("deskchat_post", json!({}), Some(Effect::Send), Some("deskchat")),
            ("tracker", json!({"action": "create"}), Some(Effect::Write), Some("tracker")),
            ("fortune", json!({}), None, None),
            ("", Value::Null, None, None),
        ] {
            assert_eq!(effect(tool, arguments), (want, system.map(str::to_owned)), "{tool}");
        }
    }

    #[test]
    fn added_lines_of_every_spelling() {
        let expected = line_hashes(["let total = cents(1);"]);
        for arguments in [
            json!({"path": "a", "content": "let total = cents(1);\n}\n"}),
            json!({"path": "a", "oldText": "let before = 1;", "newText": "let total = cents(1);"}),
            json!({"path": "a", "edits": [{"oldText": "x", "newText": "let total = cents(1);"}]}),
            json!({"input": "*** Begin Patch\n+let total = cents(1);\n-let before = 1;\n"}),
        ] {
            let options = SourceOptions::default();
            let platform = Platform::of(Path::new("x"), &options);
            assert_eq!(touch("edit", &arguments, &platform).added_lines, expected, "{arguments}");
        }
        assert_eq!(diff_lines_added("  1 fn main()\n+ 2 let total = cents(1);\n- 2 let before = 1;"), expected);
        assert_eq!(diff_lines_added("+++ b/a\n@@ -1 +1 @@\n+let total = cents(1);"), expected);
    }
}
