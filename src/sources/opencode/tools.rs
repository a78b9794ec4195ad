//! What OpenCode's tools do. Owns the tool vocabulary.

use crate::events::Effect;

/// What a tool does and to what; null for tools that the product does not ship (MCP servers, plugins), since their names promise nothing.
pub(super) fn effect_and_system(tool: &str) -> (Option<Effect>, Option<&'static str>) {
    match tool {
        "bash" => (Some(Effect::Execute), Some("shell")),
        "write" | "edit" | "multiedit" | "patch" | "apply_patch" => (Some(Effect::Write), Some("filesystem")),
        "read" | "grep" | "glob" | "list" | "codesearch" | "lsp" => (Some(Effect::Read), Some("filesystem")),
        "webfetch" | "websearch" => (Some(Effect::Read), Some("browser")),
        "task" => (Some(Effect::Execute), Some("agent")),
        "todowrite" | "todoread" | "question" | "skill" | "plan_enter" | "plan_exit" => (Some(Effect::None), None),
        _ => (None, None),
    }
}
