//! Taking a person's names out of what stands beside the tables: records of runs and the access log.
//!
//! A name counts where it stands as a word, in any case, so that `ada` is not found in `adapter`.

use crate::privacy::rewrite_access_log;
use crate::results::write_file;
use anyhow::Context;
use regex::{Regex, RegexBuilder};
use serde_json::Value;
use std::collections::{BTreeSet, HashSet};
use std::path::Path;

/// Names shorter than this are words of any language.
const SHORTEST: usize = 3;

/// What is to be taken out.
pub struct Redaction {
    names: Option<Regex>,
    sessions: HashSet<String>,
}

impl Redaction {
    /// Names and session ids.
    pub fn new<'a>(
        names: impl Iterator<Item = &'a String>,
        sessions: impl Iterator<Item = &'a String>,
    ) -> Result<Self, regex::Error> {
        Ok(Self { names: words(names.map(String::as_str))?, sessions: sessions.cloned().collect() })
    }

    /// Names of inputs.
    pub fn of_files(files: &BTreeSet<String>) -> Result<Self, regex::Error> {
        Ok(Self { names: words(files.iter().map(String::as_str))?, sessions: HashSet::new() })
    }

    /// Both; files first, since they hold names.
    pub fn and<'a>(&'a self, other: &'a Self) -> Both<'a> {
        Both([other, self])
    }

    /// Whether a text names the person.
    pub fn is_in(&self, text: &str) -> bool {
        self.sessions.contains(text) || self.names.as_ref().is_some_and(|names| names.is_match(text))
    }

    /// The text with `instead` for every name.
    pub fn without(&self, text: &str, instead: &str) -> String {
        if self.sessions.contains(text) {
            return instead.to_owned();
        }
        match &self.names {
            Some(names) => names.replace_all(text, regex::NoExpand(instead)).into_owned(),
            None => text.to_owned(),
        }
    }

    /// Puts the pseudonym for every name in the access log. Returns the number of lines that changed.
    pub fn access_log(&self, lake: &Path, pseudonym: &str) -> anyhow::Result<usize> {
        Ok(rewrite_access_log(lake, |text| self.without(text, pseudonym))?)
    }
}

/// Two redactions, one after the other.
pub struct Both<'a>([&'a Redaction; 2]);

impl Both<'_> {
    /// Takes the names out of every record of a run. Returns the number of records that changed.
    pub fn run_records(&self, lake: &Path) -> anyhow::Result<usize> {
        let directory = lake.join("runs");
        if !directory.is_dir() {
            return Ok(0);
        }
        let mut changed = 0;
        for entry in std::fs::read_dir(&directory)? {
            let path = entry?.path();
            if path.extension().is_none_or(|extension| extension != "json") {
                // What a killed run left of a record, under the name that temporary files have, names its inputs too.
                if entry_name(&path).starts_with(".tmp") {
                    std::fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
                }
                continue;
            }
            let failed = || format!("record of a run {}", path.display());
            let text = std::fs::read_to_string(&path).with_context(failed)?;
            let before: Value = serde_json::from_str(&text).with_context(failed)?;
            let after = self.value(&before);
            if after != before {
                write_file(&path, format!("{}\n", serde_json::to_string_pretty(&after)?).as_bytes())
                    .with_context(failed)?;
                changed += 1;
            }
        }
        Ok(changed)
    }

    fn value(&self, value: &Value) -> Value {
        let text = |text: &str| self.0.iter().fold(text.to_owned(), |text, one| one.without(&text, "(erased)"));
        match value {
            Value::String(one) => Value::String(text(one)),
            Value::Array(all) => Value::Array(all.iter().map(|one| self.value(one)).collect()),
            Value::Object(all) => Value::Object(all.iter().map(|(key, one)| (text(key), self.value(one))).collect()),
            other => other.clone(),
        }
    }
}

fn entry_name(path: &Path) -> &str {
    path.file_name().and_then(|name| name.to_str()).unwrap_or_default()
}

/// An expression for all of the names, the longest first; none when there is nothing to look for.
fn words<'a>(names: impl Iterator<Item = &'a str>) -> Result<Option<Regex>, regex::Error> {
    let mut names: Vec<&str> = names.map(str::trim).filter(|name| name.chars().count() >= SHORTEST).collect();
    names.sort_by_key(|name| std::cmp::Reverse(name.len()));
    if names.is_empty() {
        return Ok(None);
    }
    let edge = |c: Option<char>| if c.is_some_and(|c| c.is_alphanumeric() || c == '_') { r"\b" } else { "" };
    let parts: Vec<String> = names
        .iter()
        .map(|name| format!("{}{}{}", edge(name.chars().next()), regex::escape(name), edge(name.chars().next_back())))
        .collect();
    RegexBuilder::new(&parts.join("|")).case_insensitive(true).size_limit(256 << 20).build().map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_go_as_words_in_any_case() {
        let names = ["ada".to_owned(), "ada@example.com".to_owned(), "x".to_owned()];
        let redaction = Redaction::new(names.iter(), ["s-1".to_owned()].iter()).unwrap();
        let without = |text: &str| redaction.without(text, "(erased)");
        assert_eq!(without("asked by ADA@example.com, or Ada"), "asked by (erased), or (erased)");
        assert_eq!(without("/home/ada/x"), "/home/(erased)/x");
        assert_eq!(without("an adapter of x"), "an adapter of x");
        assert_eq!((without("s-1").as_str(), without("s-12").as_str()), ("(erased)", "s-12"));
    }

    #[test]
    fn half_written_records_of_runs_name_nobody_either() {
        let lake = tempfile::tempdir().unwrap();
        let runs = lake.path().join("runs");
        std::fs::create_dir(&runs).unwrap();
        for name in [".tmpAb3xYz", "20260302T090000Z-abcdef.json"] {
            std::fs::write(runs.join(name), "{\"arguments\":{\"inputs\":[\"/home/ada/logs\"]}}").unwrap();
        }
        let of_ada = Redaction::new(["ada".to_owned()].iter(), std::iter::empty()).unwrap();
        let of_no_file = Redaction::of_files(&BTreeSet::new()).unwrap();
        assert_eq!(of_ada.and(&of_no_file).run_records(lake.path()).unwrap(), 1);
        let left: Vec<_> = std::fs::read_dir(&runs).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert_eq!(left.len(), 1, "{left:?}");
        assert!(!std::fs::read_to_string(&left[0]).unwrap().contains("ada"));
    }
}
