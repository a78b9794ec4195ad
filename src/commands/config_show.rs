//! `footlight config show`: every setting, its effective value, and where that came from.

use super::settings::Settings;
use super::{Exit, UsageError};
use crate::cli::{ConfigArgs, ConfigKind, Global};
use crate::engine::Models;
use crate::output::Printer;
use crate::privacy::terminal;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// One setting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Setting {
    /// Key as footlight.toml writes it; entries of a list have their place, from 0.
    key: String,
    /// Value as TOML.
    value: String,
    /// `default`, a file with its line, or a flag.
    origin: String,
}

/// Runs the command.
pub fn run(args: &ConfigArgs, global: &Global, printer: Printer) -> anyhow::Result<Exit> {
    let ConfigKind::Show(show) = &args.what;
    let settings = Settings::resolve(global)?;
    let (models, _) = settings.models(show.queries.as_deref())?;
    let mut all = defaults(&settings, &models);
    if let Some(path) = &settings.config_path {
        let text = std::fs::read_to_string(path)?;
        for setting in of_file(&text, path)? {
            all.insert(setting.key.clone(), setting);
        }
    }
    for setting in of_flags(global, &settings) {
        all.insert(setting.key.clone(), setting);
    }
    let all: Vec<Setting> = all.into_values().collect();
    printer.text(&text(&all, show.origin))?;
    printer.json(&serde_json::json!({
        "schema_version": 1, "status": Exit::Done.word(), "exit_code": 0,
        "config": settings.config_path, "settings": all,
    }))?;
    Ok(Exit::Done)
}

/// What holds when nothing is said. Lists are empty by default and have no line.
fn defaults(settings: &Settings, models: &Models) -> BTreeMap<String, Setting> {
    let objections = settings
        .objections
        .as_ref()
        .map_or_else(|| "none".to_owned(), |path| format!("{:?}", path.display().to_string()));
    let known = crate::config::Config::default();
    let retention = known.retention.entries().into_iter().map(|(key, age)| {
        (format!("retention.{key}"), age.map_or_else(|| "none".to_owned(), |age| format!("\"{age}\"")))
    });
    let mut all = vec![
        ("title", "\"AI usage\"".to_owned()),
        ("objections", objections),
        ("privacy.min_people", known.privacy.min_people.to_string()),
        ("privacy.key_file", "\"LAKE/pseudonym.key\"".to_owned()),
        ("limits.threads", settings.threads.to_string()),
        ("limits.memory_mib", (settings.memory_bytes >> 20).to_string()),
        ("schedule.lateness_hours", known.schedule.lateness_hours.to_string()),
    ]
    .into_iter()
    .map(|(key, value)| (key.to_owned(), value))
    .chain(retention)
    .map(|(key, value)| Setting { key, value, origin: "default".to_owned() })
    .collect::<Vec<_>>();
    for model in models.iter() {
        for param in &model.header.params {
            all.push(Setting {
                key: format!("params.{}.{}", model.name(), param.name),
                value: param.default.to_string(),
                origin: format!("default, {}", model.file),
            });
        }
    }
    all.into_iter().map(|setting| (setting.key.clone(), setting)).collect()
}

/// Every value of the file with the line that it stands on.
fn of_file(text: &str, path: &Path) -> anyhow::Result<Vec<Setting>> {
    let table = DeTable::parse(text).map_err(|error| UsageError(format!("{}: {error}", path.display())))?;
    let mut settings = Vec::new();
    flatten(table.get_ref(), "", text, path, &mut settings);
    Ok(settings)
}

fn flatten(table: &DeTable<'_>, prefix: &str, text: &str, path: &Path, settings: &mut Vec<Setting>) {
    for (key, value) in table.iter() {
        let key = if prefix.is_empty() { key.get_ref().to_string() } else { format!("{prefix}.{}", key.get_ref()) };
        leaf(&key, value, text, path, settings);
    }
}

fn leaf(key: &str, value: &Spanned<DeValue<'_>>, text: &str, path: &Path, settings: &mut Vec<Setting>) {
    match value.get_ref() {
        DeValue::Table(table) => flatten(table, key, text, path, settings),
        DeValue::Array(array) if array.iter().any(|item| item.get_ref().is_table()) => {
            for (index, item) in array.iter().enumerate() {
                leaf(&format!("{key}[{index}]"), item, text, path, settings);
            }
        }
        _ => {
            let span = value.span();
            let line = 1 + text.get(..span.start).unwrap_or_default().matches('\n').count();
            let words: Vec<&str> = text.get(span).unwrap_or_default().split_whitespace().collect();
            settings.push(Setting {
                key: key.to_owned(),
                value: words.join(" "),
                origin: format!("{}:{line}", path.display()),
            });
        }
    }
}

/// What was typed wins.
fn of_flags(global: &Global, settings: &Settings) -> Vec<Setting> {
    let flag = |key: &str, value: String, flag: &str| Setting { key: key.to_owned(), value, origin: flag.to_owned() };
    let threads = global.threads.map(|_| flag("limits.threads", settings.threads.to_string(), "--threads"));
    let memory = global.memory.map(|bytes| flag("limits.memory_mib", (bytes >> 20).to_string(), "--memory"));
    threads.into_iter().chain(memory).collect()
}

fn text(settings: &[Setting], with_origin: bool) -> String {
    let widest = settings.iter().map(|setting| setting.key.len() + setting.value.chars().count()).max().unwrap_or(0);
    let mut out = String::new();
    for Setting { key, value, origin } in settings {
        let line = format!("{} = {}", terminal(key), terminal(value));
        if with_origin {
            let _ = writeln!(out, "{line:<width$}  # {}", terminal(origin), width = (widest + 3).min(80));
        } else {
            let _ = writeln!(out, "{line}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_of_a_file_has_its_line() {
        let text = "title = \"A\"\n\n[privacy]\nmin_people = 12 # more\n\n[[identity]]\nos_user = \"ada\"\nactor = \"a\"\n\
                    [[identity]]\npath = 'x/{actor}/**'\n[params]\n\"sig_x.least\" = 3\nsig_y.words = [\n  \"a\",\n  \"b\"\n]\n";
        let settings = of_file(text, Path::new("footlight.toml")).unwrap();
        let lines: Vec<String> =
            settings.into_iter().map(|one| format!("{} = {} # {}", one.key, one.value, one.origin)).collect();
        assert_eq!(
            lines,
            [
                "identity[0].actor = \"a\" # footlight.toml:8",
                "identity[0].os_user = \"ada\" # footlight.toml:7",
                "identity[1].path = 'x/{actor}/**' # footlight.toml:10",
                "params.sig_x.least = 3 # footlight.toml:12",
                "params.sig_y.words = [ \"a\", \"b\" ] # footlight.toml:13",
                "privacy.min_people = 12 # footlight.toml:4",
                "title = \"A\" # footlight.toml:1",
            ]
        );
    }
}
