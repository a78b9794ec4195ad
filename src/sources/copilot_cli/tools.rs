//! What Copilot CLI's tools do. Owns the tool vocabulary.

use crate::events::Effect;
use crate::sources::edits::{lines_written, text_field};
use serde_json::Value;

/// What one call does.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Touch {
    pub(super) effect: Option<Effect>,
    pub(super) system: Option<&'static str>,
    pub(super) path: Option<String>,
    /// Hashes of the lines that the arguments add. They count once the call has worked.
    pub(super) added_lines: Vec<i64>,
}

/// Reads a call. Effects are null for tools that the product does not ship (MCP servers), since their names promise nothing.
pub(super) fn touch(tool: &str, arguments: &Value) -> Touch {
    let (effect, system) = match tool {
        "bash" | "powershell" | "shell" | "write_bash" | "write_powershell" => (Some(Effect::Execute), Some("shell")),
        "read_bash" | "stop_bash" | "list_bash" | "read_powershell" | "stop_powershell" => {
            (Some(Effect::Read), Some("shell"))
        }
        "edit" | "create" | "apply_patch" => (Some(Effect::Write), Some("filesystem")),
        "str_replace_editor" if text_field(arguments, &["command"]) == Some("view") => {
            (Some(Effect::Read), Some("filesystem"))
        }
        "str_replace_editor" => (Some(Effect::Write), Some("filesystem")),
        "view" | "grep" | "glob" | "rg" | "show_file" | "lsp" => (Some(Effect::Read), Some("filesystem")),
        "web_fetch" | "web_search" => (Some(Effect::Read), Some("browser")),
        "task" => (Some(Effect::Execute), Some("agent")),
        "report_intent" | "update_todo" | "task_complete" | "ask_user" | "skill" | "read_agent" | "list_agents" => {
            (Some(Effect::None), None)
        }
        _ => (None, None),
    };
    Touch {
        effect,
        system,
        path: text_field(arguments, &["path", "file_path"]).map(str::to_owned),
        added_lines: if effect == Some(Effect::Write) { lines_written(arguments) } else { Vec::new() },
    }
}
