//! What the documents say, held against the program: tables, exit codes, configuration and commands.
//!
//! With `FOOTLIGHT_RENEW=1` the generated tables of README.md are written anew, to be read before they are committed.

use clap::Parser;
use footlight::cli::Cli;
use footlight::commands::{Exit, signals_markdown, signals_page, sources_markdown};
use footlight::config::Config;
use footlight::engine::{Models, overrides_from_toml};
use std::path::{Path, PathBuf};

fn document(name: &str) -> (PathBuf, String) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    let text = std::fs::read_to_string(&path).unwrap();
    (path, text)
}

/// The text with what stands between `<!-- name -->` and `<!-- /name -->` replaced.
fn with_table(text: &str, name: &str, table: &str) -> String {
    let (open, close) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->"));
    let (before, rest) = text.split_once(&open).unwrap();
    let (_, after) = rest.split_once(&close).unwrap();
    format!("{before}{open}{table}{close}{after}")
}

/// The contents of the fenced blocks of a language.
fn blocks<'a>(text: &'a str, language: &str) -> Vec<&'a str> {
    let fence = format!("```{language}\n");
    text.split(fence.as_str()).skip(1).map(|rest| rest.split("```").next().unwrap()).collect()
}

/// The words of a command as a shell would take them: double quotes group, `#` begins a comment.
pub fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (index, part) in line.split('"').enumerate() {
        if index % 2 == 1 {
            words.push(part.to_owned());
            continue;
        }
        let (code, is_last) = part.split_once(" #").map_or((part, false), |(code, _)| (code, true));
        words.extend(code.split_whitespace().map(str::to_owned));
        if is_last {
            break;
        }
    }
    words
}

#[test]
fn the_tables_of_the_readme_are_those_of_the_program() {
    let (path, text) = document("README.md");
    let renewed = with_table(&text, "sources", &sources_markdown());
    let renewed = with_table(&renewed, "signals", &signals_markdown(&Models::embedded().unwrap()));
    if std::env::var_os("FOOTLIGHT_RENEW").is_some() {
        std::fs::write(&path, &renewed).unwrap();
        return;
    }
    assert!(text == renewed, "README.md is not what the program lists: run this test with FOOTLIGHT_RENEW=1");
}

#[test]
fn the_page_of_signals_is_that_of_the_headers() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/signals.md");
    let page = signals_page(&Models::embedded().unwrap());
    if std::env::var_os("FOOTLIGHT_RENEW").is_some() {
        std::fs::write(&path, &page).unwrap();
        return;
    }
    let text = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(text == page, "docs/signals.md is not what the headers say: run this test with FOOTLIGHT_RENEW=1");
}

#[test]
fn the_readme_has_every_exit_code() {
    let (_, text) = document("README.md");
    let all = [
        Exit::Done,
        Exit::Failed,
        Exit::Usage,
        Exit::Partial,
        Exit::GateFailed,
        Exit::LakeMissing,
        Exit::Locked,
        Exit::Damaged,
        Exit::Resources,
        Exit::Refused,
    ];
    for exit in all {
        let cell = format!("| {} | `{}` |", exit as u8, exit.word());
        assert!(text.contains(&cell), "no row {cell}");
    }
}

#[test]
fn the_configuration_in_the_readme_is_valid() {
    let (path, text) = document("README.md");
    let examples = blocks(&text, "toml");
    assert!(!examples.is_empty());
    let models = Models::embedded().unwrap();
    for example in examples {
        let config = Config::parse(example, &path).unwrap();
        let params: toml::Table = config.params.into_iter().collect();
        models.check_overrides(&overrides_from_toml(&params).unwrap()).unwrap();
    }
}

/// A table that says which test shows what names it by its file and words in it: `file`: `words`.
#[test]
fn the_tests_that_the_documents_name_are_there() {
    for (name, rows) in [("docs/registers.md", 28), ("docs/statistics.md", 20)] {
        let (_, text) = document(name);
        let table: Vec<&str> =
            text.lines().filter(|line| line.starts_with("| ") && !line.ends_with("| shown by |")).collect();
        assert!(table.len() >= rows, "{name} has {} rows", table.len());
        for row in table {
            let shown_by = row.trim_end_matches(" |").rsplit(" | ").next().unwrap();
            let tests: Vec<(&str, &str)> = shown_by.split("; ").filter_map(|test| test.split_once("`: `")).collect();
            assert!(!tests.is_empty(), "{name}: no test in {row}");
            for (file, words) in tests {
                let (_, source) = document(file.trim_start_matches('`'));
                let words = words.trim_end_matches('`');
                assert!(source.contains(words), "{name}: {file} has no `{words}`");
            }
        }
    }
}

#[test]
fn the_commands_in_the_documents_parse() {
    let mut commands = 0;
    for name in [
        "README.md",
        "ARCHITECTURE.md",
        "CONTRIBUTING.md",
        "docs/evaluation.md",
        "docs/notebooks.md",
        "docs/focus.md",
        "docs/registers.md",
        "docs/scheduling.md",
        "docs/operations.md",
    ] {
        let (_, text) = document(name);
        for line in blocks(&text, "sh").into_iter().flat_map(str::lines) {
            let words = match words(line) {
                words if words.first().is_some_and(|word| word == "footlight") => words,
                words if words.starts_with(&["cargo".to_owned(), "run".to_owned(), "--".to_owned()]) => {
                    words[2..].to_vec()
                }
                _ => continue,
            };
            commands += 1;
            if let Err(error) = Cli::try_parse_from(&words) {
                panic!("{name}: {line}: {error}");
            }
        }
    }
    assert!(commands > 4, "the commands were not found");
}
