//! What Gemini CLI's tools do. Owns the tool vocabulary.

use crate::events::Effect;

/// What a tool does and to what; null for tools that the product does not ship (MCP servers), since their names promise nothing.
pub(super) fn effect_and_system(tool: &str) -> (Option<Effect>, Option<&'static str>) {
    match tool {
        "run_shell_command" => (Some(Effect::Execute), Some("shell")),
        "write_file" | "replace" => (Some(Effect::Write), Some("filesystem")),
        "read_file" | "read_many_files" | "list_directory" | "glob" | "search_file_content" | "grep_search" => {
            (Some(Effect::Read), Some("filesystem"))
        }
        "google_web_search" | "web_fetch" => (Some(Effect::Read), Some("browser")),
        "save_memory" => (Some(Effect::Write), Some("memory")),
        "write_todos" | "ask_user" | "enter_plan_mode" | "exit_plan_mode" | "activate_skill" | "complete_task" => {
            (Some(Effect::None), None)
        }
        _ => (None, None),
    }
}
