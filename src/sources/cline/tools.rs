//! What the rows of tools, commands and servers call. Owns the tool vocabulary.

use crate::events::Effect;
use crate::sources::edits::{lines_written, text_field};
use serde_json::Value;

/// One call as a row shows it.
#[derive(Debug, PartialEq)]
pub(super) struct Call {
    pub(super) tool: String,
    pub(super) effect: Option<Effect>,
    pub(super) system: Option<&'static str>,
    pub(super) path: Option<String>,
    /// What its hash is made of.
    pub(super) arguments: String,
    /// Lines that it adds if it works.
    pub(super) added_lines: Vec<i64>,
}

/// Reads a row whose name says that it calls something. Null where its text is not of that form.
pub(super) fn call(row: &str, text: &str) -> Option<Call> {
    let plain = |tool: &str, effect, system| Call {
        tool: tool.to_owned(),
        effect: Some(effect),
        system: Some(system),
        path: None,
        arguments: Value::String(text.to_owned()).to_string(),
        added_lines: Vec::new(),
    };
    match row {
        "command" => Some(plain("execute_command", Effect::Execute, "shell")),
        "browser_action_launch" | "browser_action" => Some(plain("browser_action", Effect::Execute, "browser")),
        "use_mcp_server" => {
            let fields: Value = serde_json::from_str(text).ok()?;
            let server = text_field(&fields, &["serverName"])?;
            let tool = text_field(&fields, &["toolName", "uri"])?;
            Some(Call {
                tool: format!("{server}__{tool}"),
                effect: None,
                system: None,
                path: None,
                arguments: text_field(&fields, &["arguments"]).unwrap_or("{}").to_owned(),
                added_lines: Vec::new(),
            })
        }
        _ => {
            let fields: Value = serde_json::from_str(text).ok()?;
            let tool = text_field(&fields, &["tool"])?.to_owned();
            let (effect, system) = effect_and_system(&tool);
            Some(Call {
                effect,
                system,
                path: text_field(&fields, &["path"]).map(str::to_owned),
                added_lines: if effect == Some(Effect::Write) { new_lines(&fields) } else { Vec::new() },
                arguments: text.to_owned(),
                tool,
            })
        }
    }
}

/// What a tool does and to what; null for tools that the products do not ship.
fn effect_and_system(tool: &str) -> (Option<Effect>, Option<&'static str>) {
    match tool {
        "editedExistingFile" | "newFileCreated" | "fileDeleted" | "appliedDiff" | "insertContent"
        | "searchAndReplace" => (Some(Effect::Write), Some("filesystem")),
        "readFile"
        | "listFilesTopLevel"
        | "listFilesRecursive"
        | "listFiles"
        | "listCodeDefinitionNames"
        | "searchFiles"
        | "codebaseSearch"
        | "fetchInstructions" => (Some(Effect::Read), Some("filesystem")),
        "webFetch" | "webSearch" => (Some(Effect::Read), Some("browser")),
        "newTask" | "runSlashCommand" => (Some(Effect::Execute), Some("agent")),
        "switchMode" | "finishTask" | "summarizeTask" | "useSkill" | "updateTodoList" => (Some(Effect::None), None),
        _ => (None, None),
    }
}

/// Lines that an edit adds. A replacement is a search block and what stands in its place; anything else is the new text or a diff.
fn new_lines(fields: &Value) -> Vec<i64> {
    let edit = text_field(fields, &["diff", "content"]).unwrap_or("");
    if !edit.contains("=======") {
        return lines_written(fields);
    }
    let mut replaces = false;
    let mut lines = Vec::new();
    for line in edit.lines() {
        match line.trim() {
            "=======" => replaces = true,
            end if end.starts_with(">>>>>>>") || end.starts_with("+++++++ REPLACE") => replaces = false,
            _ if replaces => lines.push(line),
            _ => {}
        }
    }
    crate::fingerprint::line_hashes(lines)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fingerprint::line_hashes;
    use serde_json::json;

    #[test]
    fn edits_of_every_form_add_the_same_line() {
        let expected = line_hashes(["let total = cents(1);"]);
        for fields in [
            json!({"tool": "newFileCreated", "path": "a", "content": "let total = cents(1);\n}\n"}),
            json!({"tool": "editedExistingFile", "path": "a", "content": "------- SEARCH\nlet before = 1;\n=======\nlet total = cents(1);\n+++++++ REPLACE\n"}),
            json!({"tool": "appliedDiff", "diff": "<<<<<<< SEARCH\nlet before = 1;\n=======\nlet total = cents(1);\n>>>>>>> REPLACE"}),
            json!({"tool": "editedExistingFile", "diff": "@@ -1 +1 @@\n-let before = 1;\n+let total = cents(1);"}),
        ] {
            assert_eq!(call("tool", &fields.to_string()).unwrap().added_lines, expected, "{fields}");
        }
    }

    #[test]
    fn rows_that_call_something_say_what() {
        let server = json!({"serverName": "tracker", "toolName": "create_issue", "arguments": "{\"t\":1}"}).to_string();
        let found = call("use_mcp_server", &server).unwrap();
        assert_eq!(
            (found.tool.as_str(), found.effect, found.arguments.as_str()),
            ("tracker__create_issue", None, "{\"t\":1}")
        );
        assert_eq!(call("command", "npm test").unwrap().effect, Some(Effect::Execute));
        assert_eq!(call("tool", "not json"), None);
        assert_eq!(call("tool", "{}"), None);
    }
}
