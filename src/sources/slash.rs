//! Slash commands at the beginning of what somebody typed.

use crate::events::Event;
use crate::fingerprint::sketch_prompt;

/// Commands that Claude Code answers by itself, in their order: no agent is given anything to do, so they are no prompts (formats.md section 1, rule 4). Other
/// names are a person's or a plugin's own, and what they stand for is handed to the agent.
const OF_THE_CLIENT: &[&str] = &[
    "add-dir",
    "agents",
    "bashes",
    "clear",
    "compact",
    "config",
    "context",
    "copy",
    "cost",
    "doctor",
    "exit",
    "export",
    "fast",
    "help",
    "hooks",
    "ide",
    "keybindings",
    "login",
    "logout",
    "mcp",
    "memory",
    "model",
    "output-style",
    "permissions",
    "plugin",
    "privacy-settings",
    "quit",
    "release-notes",
    "rename",
    "resume",
    "rewind",
    "sandbox",
    "skills",
    "stats",
    "status",
    "tasks",
    "terminal-setup",
    "theme",
    "todos",
    "upgrade",
    "usage",
    "vim",
];

/// Whether Claude Code answers this command by itself.
pub(crate) fn is_of_the_client(command: &str) -> bool {
    OF_THE_CLIENT.binary_search(&command.trim_start_matches('/')).is_ok()
}

/// The slash command that a text begins with; a path is none.
pub(crate) fn slash_command(text: &str) -> Option<&str> {
    let word = text.split_whitespace().next()?;
    let name = word.strip_prefix('/')?;
    let is_name = name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | ':'));
    is_name.then_some(word)
}

/// Keeps what somebody typed: the sketch of the text or, where it begins with a slash command, the command and the sketch of what follows it, since only
/// that is the person's own (signals.md section 1, slash commands).
pub(crate) fn keep_prompt(event: &mut Event, text: &str) {
    let Some(command) = slash_command(text) else {
        event.text = Some(sketch_prompt(text));
        return;
    };
    let arguments = text.trim_start()[command.len()..].trim();
    event.text = (!arguments.is_empty()).then(|| sketch_prompt(arguments));
    event.marker = Some("slash_command");
    event.command = Some(command.to_owned());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_told_from_paths() {
        assert_eq!(slash_command("/review the branch"), Some("/review"));
        assert_eq!(slash_command("/home/ada/x is broken"), None);
        assert_eq!(slash_command("and/or"), None);
    }

    #[test]
    fn the_commands_of_the_client_are_told_from_others() {
        assert!(OF_THE_CLIENT.is_sorted());
        assert!(is_of_the_client("/clear") && is_of_the_client("vim"));
        assert!(!is_of_the_client("/review") && !is_of_the_client("/mcp__forge__issue"));
    }

    #[test]
    fn only_what_follows_the_command_is_fingerprinted() {
        let kept = |text: &str| {
            let mut event = Event::new(0, "session", crate::events::Kind::Prompt, "tool/1");
            keep_prompt(&mut event, text);
            (event.command, event.text.map(|text| text.exact_hash))
        };
        let plain = kept("look at the parser once more");
        assert_eq!(kept(" /review  look at the parser once more"), (Some("/review".to_owned()), plain.1));
        assert_eq!(kept("/review"), (Some("/review".to_owned()), None));
        assert!(plain.0.is_none() && plain.1.is_some());
    }
}
