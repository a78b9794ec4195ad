//! What a tool keeps in its own directory beside its logs: settings, caches, histories of prompts, copies of files, repositories. Somebody who points
//! footlight at the whole directory must get totals, and none of these is a log; some hold texts that look like one.
//!
//! Owns finding a tool's directory on a path and asking what it keeps there. Owns no list: each source has that of its tool, in its `home.rs`. What a list
//! does not name is judged like a file anywhere else.

use super::{ALL, SourceOptions};
use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use std::path::Path;

/// A tool's own directory.
pub struct Home {
    /// Whether a directory is one, by its name, and by what lies in it where others have that name too.
    pub is: fn(&Path, &SourceOptions) -> bool,
    /// Places below it, and what they are counted as. `*` stands for a part of a name, `**` for any directories; a directory is meant with all that is in it.
    pub kept: &'static [(&'static str, &'static str)],
    /// Places below it in which agents work: a repository there is read like any other, and everything else is no log of the tool.
    pub work: &'static [&'static str],
}

/// What is found at one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Companion {
    /// The source whose tool keeps it.
    pub source: &'static str,
    /// What it is counted as.
    pub kind: &'static str,
    /// Whether agents work there.
    pub is_work: bool,
}

/// What the directory where agents work is counted as.
const WORK: &str = "workspace";
/// The repository in which somebody keeps versions of the directory itself.
const REPOSITORY: (&str, &str) = (".git", "repository");

/// The directories of all tools.
pub struct Companions<'o> {
    options: &'o SourceOptions,
    homes: Vec<Known>,
}

struct Known {
    source: &'static str,
    home: &'static Home,
    /// The places, in the order of [`Home::kept`], [`REPOSITORY`] and [`Home::work`].
    places: GlobSet,
}

impl<'o> Companions<'o> {
    /// Those of every source of the registry.
    pub fn new(options: &'o SourceOptions) -> Self {
        let known = |source: &&'static dyn super::Source| {
            let home = source.home()?;
            Some(Known { source: source.name(), home, places: places(home)? })
        };
        Self { options, homes: ALL.iter().filter_map(known).collect() }
    }

    /// What a path below a tool's directory leads to, if the tool keeps it there beside its logs. The innermost of nested directories decides.
    ///
    /// The path is absolute, so that the directory is seen where the input is given as `.`.
    pub fn of(&self, path: &Path) -> Option<Companion> {
        self.in_one_of(path.ancestors().skip(1), path)
    }

    /// The same, of the tools' directories at or below `top` alone.
    pub fn below(&self, top: &Path, path: &Path) -> Option<Companion> {
        self.in_one_of(path.ancestors().skip(1).take_while(|directory| directory.starts_with(top)), path)
    }

    fn in_one_of<'p>(&self, directories: impl Iterator<Item = &'p Path>, path: &Path) -> Option<Companion> {
        for directory in directories {
            let Some(known) = self.homes.iter().find(|known| (known.home.is)(directory, self.options)) else {
                continue;
            };
            let place = *known.places.matches(path.strip_prefix(directory).ok()?).first()?;
            let kept = known.home.kept.iter().chain([&REPOSITORY]).nth(place);
            let kind = kept.map_or(WORK, |(_, kind)| kind);
            return Some(Companion { source: known.source, kind, is_work: kept.is_none() });
        }
        None
    }
}

/// Null when one of the places is no glob, which a test rules out.
fn places(home: &Home) -> Option<GlobSet> {
    let kept = home.kept.iter().chain([&REPOSITORY]).map(|(place, _)| place);
    let mut places = GlobSetBuilder::new();
    for place in kept.chain(home.work) {
        places.add(GlobBuilder::new(place).literal_separator(true).build().ok()?);
    }
    places.build().ok()
}

/// Whether the last part of a path is this name.
pub(crate) fn is_named(path: &Path, name: &str) -> bool {
    path.file_name().is_some_and(|last| last == name)
}

/// Whether a directory has one of several names, or begins like `prefix`, as the second directory of a tool does, and has what the tool has.
pub(crate) fn is_home(directory: &Path, names: &[&str], prefix: &str, holds: &str) -> bool {
    names.iter().any(|name| is_named(directory, name))
        || directory.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with(prefix))
            && directory.join(holds).is_dir()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_of_every_tool_is_a_glob() {
        let options = SourceOptions::default();
        let with_home: Vec<&str> =
            ALL.iter().filter(|source| source.home().is_some()).map(|source| source.name()).collect();
        let known: Vec<&str> = Companions::new(&options).homes.iter().map(|known| known.source).collect();
        assert_eq!(known, with_home);
        assert!(known.len() >= 7, "{known:?}");
    }

    #[test]
    fn a_place_counts_below_the_directory_of_its_tool_alone() {
        let options = SourceOptions::default();
        let companions = Companions::new(&options);
        let of = |path: &str| companions.of(Path::new(path)).map(|it| format!("{}.{}", it.source, it.kind));
        for (path, want) in [
            ("/h/.claude/settings.local.json", "claude_code.settings"),
            ("/h/.config/claude/history.jsonl", "claude_code.prompt_history"),
            ("/h/.claude/projects/-h-shop/s/subagents/agent-a1.meta.json", "claude_code.session_index"),
            ("/h/.claude/projects/-h-shop/s/tool-results", "claude_code.tool_results"),
            ("/h/.claude/.git", "claude_code.repository"),
            ("/h/.codex/state_5.sqlite-wal", "codex.database"),
            ("/h/.openclaw/agents/main/agent/codex-home/tmp", "codex.scratch"),
            ("/h/.local/share/opencode/log", "opencode.debug_logs"),
            ("/h/.local/state/opencode/prompt-history.jsonl", "opencode.prompt_history"),
            ("/h/.openclaw/agents/main/agent/auth-profiles.json", "openclaw.settings"),
            ("/h/.moltbot/workspace-2", "openclaw.workspace"),
            ("/h/.gemini/history/0f/.git", "gemini_cli.file_history"),
            ("/h/.copilot/session-state/s/vscode.metadata.json", "copilot_cli.session_index"),
            ("/h/globalStorage/kilocode.kilo-code/tasks/7/checkpoints", "cline.file_history"),
        ] {
            assert_eq!(of(path).as_deref(), Some(want), "{path}");
        }
        for path in [
            // Logs, and what nobody has named.
            "/h/.claude/projects/-h-shop/s.jsonl",
            "/h/.claude/export.json",
            "/h/.codex/sessions/2026/06/01/rollout-x.jsonl",
            "/h/.copilot/session-state/s/events.jsonl",
            "/h/.gemini/tmp/0f/chats/session-1.json",
            "/h/.openclaw/memory/main.sqlite",
            // The name alone, elsewhere.
            "/h/settings.json",
            "/h/logs/settings.json",
            "/h/code/opencode/log",
            "/h/.claude",
            // A directory in the place of a tool's own decides before one further out.
            "/h/.claude/plugins/x/.codex/export.json",
        ] {
            assert_eq!(of(path), None, "{path}");
        }
        let top = Path::new("/h/.openclaw/workspace");
        assert_eq!(companions.below(top, &top.join("exports/a.json")), None);
        assert!(companions.below(top, &top.join("shop/.claude/settings.json")).is_some());
    }

    #[test]
    fn the_root_of_a_configured_platform_is_one_of_openclaw() {
        let configuration = "[[openclaw]]\nname = \"meshdesk\"\nroots = [\".meshdesk\"]";
        let options: SourceOptions = toml::from_str(configuration).unwrap();
        let found = Companions::new(&options).of(Path::new("/h/.meshdesk/logs")).unwrap();
        assert_eq!((found.source, found.kind, found.is_work), ("openclaw", "debug_logs", false));
        assert_eq!(Companions::new(&SourceOptions::default()).of(Path::new("/h/.meshdesk/logs")), None);
    }

    #[test]
    fn a_second_directory_of_a_tool_is_known_by_what_it_holds() {
        let home = tempfile::tempdir().unwrap();
        let options = SourceOptions::default();
        for (directory, holds, file) in [
            (".claude-work", "projects", "settings.json"),
            (".codex-work", "sessions", "history.jsonl"),
            ("data/opencode", "storage", "auth.json"),
        ] {
            let directory = home.path().join(directory);
            std::fs::create_dir_all(&directory).unwrap();
            let found = || Companions::new(&options).of(&directory.join(file));
            assert_eq!(found(), None, "{}", directory.display());
            std::fs::create_dir(directory.join(holds)).unwrap();
            assert!(found().is_some(), "{}", directory.display());
        }
    }
}
