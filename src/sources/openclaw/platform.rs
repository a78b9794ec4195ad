//! Which product wrote a file: OpenClaw under any of its names, or an in-house platform modelled on it.
//!
//! Owns the directory names that mark a root and the words a configured platform adds to the trigger rules.
//! Owns no rule itself: those are in [`super::triggers`].

use crate::sources::home_user;
use crate::sources::{OpenClawPlatform, SourceOptions};
use std::path::{Component, Path};

/// Roots of OpenClaw and of its earlier names.
const OPENCLAW_ROOTS: &[&str] = &[".openclaw", ".clawdbot", ".moltbot", ".moldbot"];
/// The client name of files that stand under no configured root.
const OPENCLAW: &str = "openclaw";
/// Words of a schedule in trigger fields, session keys and prompt prefixes.
const SCHEDULE_WORDS: &[&str] = &["cron", "heartbeat"];
/// Words of another agent.
const AGENT_WORDS: &[&str] = &["subagent"];

/// Whether a directory is a root, by its name.
pub(super) fn is_root(directory: &Path, options: &SourceOptions) -> bool {
    directory.file_name().and_then(|name| name.to_str()).is_some_and(|name| {
        OPENCLAW_ROOTS.contains(&name) || options.openclaw.iter().any(|it| it.roots.iter().any(|root| root == name))
    })
}

/// The platform that wrote a file, as far as its path tells.
#[derive(Debug, Clone, Copy)]
pub(super) struct Platform<'a> {
    configured: Option<&'a OpenClawPlatform>,
    /// The path leads through a directory that is known as a root, so that file names mean something.
    pub(super) under_root: bool,
}

impl<'a> Platform<'a> {
    /// Finds the platform by the innermost directory on the path that is a known root.
    pub(super) fn of(path: &Path, options: &'a SourceOptions) -> Self {
        let directories = path.components().rev().skip(1).filter_map(|component| match component {
            Component::Normal(name) => name.to_str(),
            _ => None,
        });
        for name in directories {
            if let Some(platform) = options.openclaw.iter().find(|it| it.roots.iter().any(|root| root == name)) {
                return Self { configured: Some(platform), under_root: true };
            }
            if OPENCLAW_ROOTS.contains(&name) {
                return Self { configured: None, under_root: true };
            }
        }
        Self { configured: None, under_root: false }
    }

    /// The client name of its events. Transcripts do not say which version wrote them.
    pub(super) fn name(&self) -> &'a str {
        self.configured.map_or(OPENCLAW, |it| &it.name)
    }

    /// Whether a trigger word, key segment or tool name means a schedule.
    pub(super) fn is_schedule_word(&self, word: &str) -> bool {
        SCHEDULE_WORDS.contains(&word)
            || self.configured.is_some_and(|it| it.schedule_words.iter().any(|known| known == word))
    }

    /// Whether it means another agent.
    pub(super) fn is_agent_word(&self, word: &str) -> bool {
        AGENT_WORDS.contains(&word)
            || self.configured.is_some_and(|it| it.agent_words.iter().any(|known| known == word))
    }

    /// Whether an answer, without decoration, is a configured word for "nothing to do".
    pub(super) fn is_idle_answer(&self, answer: &str) -> bool {
        self.configured.is_some_and(|it| it.idle_answers.iter().any(|known| !known.is_empty() && known == answer))
    }

    /// Whether a tool is a configured chat system.
    pub(super) fn is_chat_system(&self, tool: &str) -> bool {
        self.configured.is_some_and(|it| it.chat_systems.iter().any(|known| known.eq_ignore_ascii_case(tool)))
    }

    /// Whether a prompt starts with a configured prefix of machine-made prompts.
    pub(super) fn has_schedule_prefix(&self, text: &str) -> bool {
        self.configured.is_some_and(|it| {
            it.schedule_prefixes.iter().any(|prefix| !prefix.is_empty() && text.starts_with(prefix.as_str()))
        })
    }
}

/// The operating-system user whose home directory a working directory lies in.
pub(super) fn os_user(cwd: &str) -> Option<String> {
    // Agents often run as root, whose home stands beside the others'.
    let root = (cwd == "/root" || cwd.starts_with("/root/")).then_some("root");
    home_user(cwd).or(root).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn home_directories_of_three_systems_name_a_user() {
        assert_eq!(os_user("/home/bot/.openclaw/workspace").as_deref(), Some("bot"));
        assert_eq!(os_user("/Users/ada/work").as_deref(), Some("ada"));
        assert_eq!(os_user("C:\\Users\\ada\\work").as_deref(), Some("ada"));
        assert_eq!(os_user("/root/.openclaw").as_deref(), Some("root"));
        assert_eq!(os_user("/rooted/app"), None);
        assert_eq!(os_user(""), None);
    }

    #[test]
    fn innermost_root_decides_and_legacy_names_are_openclaw() {
        let options = SourceOptions {
            openclaw: vec![OpenClawPlatform {
                name: "meshdesk".into(),
                roots: vec![".meshdesk".into()],
                schedule_words: vec!["pulse".into()],
                ..OpenClawPlatform::default()
            }],
            ..SourceOptions::default()
        };
        let mesh = Platform::of(Path::new("/h/.openclaw/x/.meshdesk/agents/a/sessions/s.jsonl"), &options);
        assert_eq!(mesh.name(), "meshdesk");
        assert!(mesh.is_schedule_word("pulse") && mesh.is_schedule_word("cron"));
        let legacy = Platform::of(Path::new("/h/.moltbot/agents/a/sessions/s.jsonl"), &options);
        assert!(legacy.under_root && !legacy.is_schedule_word("pulse"));
        assert_eq!(legacy.name(), "openclaw");
        assert!(!Platform::of(Path::new("/h/s/.openclaw"), &options).under_root, "a file is not a root");
    }
}
