//! The commands that make results again: in full for the record of a run, and for the report without paths and patterns, since directories and
//! files are often named after people and a report is for everybody.
//!
//! Owns which flags decide what comes out, and how a shell takes their values. What a report is compared with, threads, memory and machines
//! change no figure and are left out.

use super::settings::Settings;
use crate::cli::{IngestArgs, ScoringArgs};
use crate::sources::Limits;
use std::path::Path;

/// What was typed.
#[derive(Clone, Copy)]
pub struct Typed<'a> {
    /// What was read, where ingest was part of the run.
    pub ingest: Option<&'a IngestArgs>,
    /// How it was scored.
    pub scoring: &'a ScoringArgs,
    /// Settings, for the configuration file.
    pub settings: &'a Settings,
    /// The lake.
    pub lake: &'a Path,
    /// Where results go.
    pub out: &'a Path,
}

impl Typed<'_> {
    /// The commands in their order, with a word in capitals for every path and pattern.
    pub fn published(&self) -> Vec<String> {
        self.commands(|name, _| name.to_owned())
    }

    /// The commands in their order as a POSIX shell takes them.
    pub fn in_full(&self) -> Vec<String> {
        self.commands(|_, value| quoted(value))
    }

    fn commands(&self, named: impl Fn(&'static str, &str) -> String) -> Vec<String> {
        let path = |name, path: &Path| named(name, &path.display().to_string());
        let (lake, out) = (path("LAKE", self.lake), path("OUT", self.out));
        let config = flag("config", self.settings.config_path.as_deref().map(|config| path("CONFIG", config)));
        let mut commands = Vec::new();
        if let Some(ingest) = self.ingest {
            let mut inputs: Vec<String> = ingest.input.iter().map(|input| path("INPUTS...", input)).collect();
            inputs.dedup();
            let source =
                flag("source", Some(&ingest.source).filter(|source| *source != "auto").map(|name| quoted(name)));
            let exclude: String =
                ingest.exclude.iter().map(|pattern| flag("exclude", Some(named("PATTERN", pattern)))).collect();
            let max_line = Some(ingest.max_line).filter(|bytes| *bytes != Limits::default().line_bytes);
            let max_line = flag("max-line", max_line.map(|bytes| bytes.to_string()));
            commands.push(format!(
                "footlight ingest --input {} --lake {lake}{source}{exclude}{max_line}{config}",
                inputs.join(" ")
            ));
        }
        let since = flag("since", self.scoring.since.as_deref().map(quoted));
        let as_of = flag("as-of", self.scoring.as_of.as_deref().map(quoted));
        let queries = flag("queries", self.scoring.queries.as_deref().map(|directory| path("QUERIES", directory)));
        let seed = self.scoring.seed;
        commands
            .push(format!("footlight score --lake {lake} --out {out} --seed {seed}{queries}{since}{as_of}{config}"));
        commands.push(format!("footlight report --out {out} --lake {lake}{config}"));
        commands
    }
}

/// A flag with its value, after a blank; nothing without one.
fn flag(name: &str, value: Option<String>) -> String {
    value.map_or_else(String::new, |value| format!(" --{name} {value}"))
}

/// One word of a POSIX shell. A name in it stays in one piece, so that an erasure finds it in the record: `shlex` goes from one kind of quotes to the other
/// within a word, and a name that has an apostrophe would be cut there.
fn quoted(text: &str) -> String {
    let is_plain = |character: char| character.is_ascii_alphanumeric() || "_@%+=:,./-".contains(character);
    if !text.is_empty() && text.chars().all(is_plain) {
        return text.to_owned();
    }
    if !text.contains('\'') {
        return format!("'{text}'");
    }
    let mut word = String::from("\"");
    for character in text.chars() {
        if matches!(character, '"' | '$' | '`' | '\\') {
            word.push('\\');
        }
        word.push(character);
    }
    word.push('"');
    word
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{Cli, Command};
    use crate::config::Config;
    use clap::Parser;

    #[test]
    fn flags_that_decide_are_carried_and_paths_only_in_full() {
        let typed = "footlight run --input exports/ada logs --source codex --exclude **/ada/** --max-line 9 --lake ada-lake --out ada-out \
                     --since 2026-03-10 --as-of 2026-03-20 --queries ada-models --seed 7 --threads 3 --lock-timeout 5";
        let Command::Run(args) = Cli::parse_from(typed.split_whitespace()).command else { panic!() };
        let config_path = Some("ada/footlight.toml".into());
        let settings =
            Settings { config: Config::default(), config_path, threads: 3, memory_bytes: 1 << 30, objections: None };
        let typed = Typed {
            ingest: Some(&args.ingest),
            scoring: &args.scoring,
            settings: &settings,
            lake: &args.ingest.lake,
            out: &args.out.out,
        };
        assert_eq!(
            typed.in_full(),
            [
                "footlight ingest --input exports/ada logs --lake ada-lake --source codex --exclude '**/ada/**' --max-line 9 \
                 --config ada/footlight.toml",
                "footlight score --lake ada-lake --out ada-out --seed 7 --queries ada-models --since 2026-03-10 --as-of 2026-03-20 \
                 --config ada/footlight.toml",
                "footlight report --out ada-out --lake ada-lake --config ada/footlight.toml",
            ]
        );
        assert_eq!(
            typed.published(),
            [
                "footlight ingest --input INPUTS... --lake LAKE --source codex --exclude PATTERN --max-line 9 --config CONFIG",
                "footlight score --lake LAKE --out OUT --seed 7 --queries QUERIES --since 2026-03-10 --as-of 2026-03-20 --config CONFIG",
                "footlight report --out OUT --lake LAKE --config CONFIG",
            ]
        );
        let scored = Typed { ingest: None, ..typed };
        assert_eq!(scored.published(), typed.published()[1..]);
    }

    #[test]
    fn a_shell_takes_a_value_as_one_word() {
        for (text, word) in [
            ("exports/ada@example.com/2026-03.jsonl", "exports/ada@example.com/2026-03.jsonl"),
            ("**/archive/**", "'**/archive/**'"),
            ("my logs", "'my logs'"),
            ("~ada", "'~ada'"),
            ("o'hara's $5 \"logs\"", r#""o'hara's \$5 \"logs\"""#),
            ("logs/$5/o'hara", r#""logs/\$5/o'hara""#),
            ("", "''"),
        ] {
            assert_eq!(quoted(text), word);
        }
    }
}
