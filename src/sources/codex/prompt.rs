//! Which part of a user message a person typed.

use super::records::UserMessage;

/// First words of texts that Codex hands to the model in the user's name.
const INJECTED: &[&str] = &[
    "<environment_context>",
    "<user_instructions>",
    "<turn_aborted>",
    "<subagent_notification>",
    "<user_shell_command>",
    "<skill>",
    "# AGENTS.md instructions",
];
/// First words of what an editor puts in front of the typed text, and the heading that ends it.
const PREAMBLES: &[&str] = &["# Context from my IDE setup:", "# Files mentioned by the user:"];
const REQUEST: &str = "## My request for Codex:";

/// The typed text of a message, or null when nobody typed any of it.
pub(super) fn typed<'a>(record: &'a UserMessage<'_>) -> Option<&'a str> {
    if matches!(record.kind.as_deref(), Some("user_instructions" | "environment_context")) {
        return None;
    }
    let text = record.message.trim();
    if INJECTED.iter().any(|start| text.starts_with(start)) {
        return None;
    }
    if PREAMBLES.iter().any(|start| text.starts_with(start))
        && let Some((_, request)) = text.split_once(REQUEST)
    {
        return Some(request.trim());
    }
    Some(text)
}

/// Whether a text is the one that the desktop app hands to the agent when an automation is due: a heading and the automation's id below it.
pub(super) fn is_automation(text: &str) -> bool {
    let mut lines = text.lines();
    let mut next_starts = |start: &str| lines.next().is_some_and(|line| line.starts_with(start));
    next_starts("Automation: ") && next_starts("Automation ID: ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed_text(message: &str, kind: Option<&str>) -> Option<String> {
        let record = UserMessage { message: message.into(), kind: kind.map(Into::into) };
        typed(&record).map(str::to_owned)
    }

    #[test]
    fn injected_texts_are_nobodys_prompt_and_preambles_are_cut() {
        assert_eq!(typed_text("<environment_context>\n<cwd>/w</cwd></environment_context>", None), None);
        assert_eq!(typed_text("be brief", Some("user_instructions")), None);
        let message =
            "\n# Files mentioned by the user:\n\n## a.png: /w/a.png\n\n## My request for Codex:\nuse the logo\n";
        assert_eq!(typed_text(message, None).as_deref(), Some("use the logo"));
        assert_eq!(typed_text(" fix it ", Some("plain")).as_deref(), Some("fix it"));
    }
}
