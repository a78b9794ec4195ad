//! The rule table and how a text is searched with it.
//!
//! One pass of Aho-Corasick over the keywords of all rules finds the rules that can apply; only their patterns run, each compiled at its
//! first use. Patterns are `regex`'s: linear in the text, whatever it holds. Secrets that touch each other are `touching`'s, texts in
//! which they stand escaped are `encodings`'s.

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use regex::Regex;
use std::sync::{LazyLock, OnceLock};

use super::encodings::decoded;
use super::touching::{Hit, touching};

/// The table, as it is compiled in.
pub(super) const TABLE: &str = include_str!("rules.tsv");

/// Shortest text that can hold a secret with the name of what it is.
const SHORTEST: usize = 8;

/// How often a value is searched for the name of another secret: a bound for texts that are made of names.
const MOST_LOOKS_INSIDE: usize = 64;

/// Longest value that a word of documentation in it makes a placeholder.
const LONGEST_PLACEHOLDER: usize = 24;

/// What a value must be besides matching.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Guard {
    /// Nothing: the form is proof.
    Form,
    /// No placeholder.
    Word,
    /// No placeholder, and letters and digits mixed.
    Value,
}

/// One line of the table.
pub(super) struct Rule {
    pub(super) name: &'static str,
    guard: Guard,
    pub(super) pattern: &'static str,
    regex: OnceLock<Option<Regex>>,
    /// The form at the beginning of a text, whatever follows it; see `touching`.
    pub(super) beginning: OnceLock<Option<Regex>>,
}

/// All lines, and which of them each keyword wakes.
struct Table {
    rules: Vec<Rule>,
    keywords: Option<AhoCorasick>,
    woken: Vec<usize>,
}

/// A secret in a text, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Found {
    pub start: usize,
    pub end: usize,
    pub rule: &'static str,
    /// Where what names it begins: `password=` before the value, else the secret itself.
    pub named_from: usize,
}

static RULES: LazyLock<Table> = LazyLock::new(|| {
    let mut rules = Vec::new();
    let (mut keywords, mut woken) = (Vec::new(), Vec::new());
    for [name, words, guard, pattern] in lines() {
        for word in words.split(' ') {
            keywords.push(word);
            woken.push(rules.len());
        }
        let guard = match guard {
            "value" => Guard::Value,
            "word" => Guard::Word,
            _ => Guard::Form,
        };
        rules.push(Rule { name, guard, pattern, regex: OnceLock::new(), beginning: OnceLock::new() });
    }
    let keywords = AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .match_kind(MatchKind::Standard)
        .kind(Some(AhoCorasickKind::DFA))
        .build(keywords)
        .ok();
    Table { rules, keywords, woken }
});

/// The lines of the table in their four columns.
fn lines() -> impl Iterator<Item = [&'static str; 4]> {
    TABLE.lines().filter(|line| !line.starts_with('#')).filter_map(|line| {
        let mut columns = line.split('\t');
        Some([columns.next()?, columns.next()?, columns.next()?, columns.next()?])
    })
}

/// The names of the rules.
pub fn names() -> impl Iterator<Item = &'static str> {
    lines().map(|[name, ..]| name)
}

/// The secrets of a text, in order and without overlaps; of two that overlap the one that begins first, then the longer, up to where the
/// other begins. The text is searched as it stands and with its escapes taken off.
pub(super) fn find(text: &str) -> Vec<Found> {
    if text.len() < SHORTEST {
        return Vec::new();
    }
    let mut found = search(text);
    for plain in decoded(text) {
        found.extend(search(&plain.text).into_iter().map(|one| Found {
            start: plain.place(one.start),
            end: plain.place(one.end),
            named_from: plain.place(one.named_from),
            ..one
        }));
    }
    apart(found)
}

/// The secrets of a text as it stands; they may overlap.
fn search(text: &str) -> Vec<Found> {
    let table = &*RULES;
    let Some(keywords) = &table.keywords else { return Vec::new() };
    let hits: Vec<Hit> = keywords
        .find_overlapping_iter(text)
        .map(|hit| Hit { start: hit.start(), rule: table.woken[hit.pattern().as_usize()] })
        .collect();
    let mut woken: Vec<usize> = hits.iter().map(|hit| hit.rule).collect();
    woken.sort_unstable();
    woken.dedup();
    let mut found = Vec::new();
    for rule in woken.into_iter().map(|index| &table.rules[index]) {
        let Some(regex) = rule.regex.get_or_init(|| Regex::new(rule.pattern).ok()) else { continue };
        let (mut from, mut looks_inside) = (0, MOST_LOOKS_INSIDE);
        while let Some(captures) = regex.captures_at(text, from) {
            let whole = captures.get(0);
            let (Some(whole), Some(secret)) = (whole, captures.get(1).or(whole)) else { break };
            // The name of the next secret may have been taken for the end of this one.
            let has_name = secret.start() > whole.start();
            let looks_on = has_name && looks_inside > 0;
            looks_inside -= usize::from(looks_on);
            from = if looks_on { secret.start() } else { whole.end() };
            if rule.admits(secret.as_str()) {
                let named_from = whole.start();
                found.push(Found { start: secret.start(), end: secret.end(), rule: rule.name, named_from });
            }
        }
    }
    if hits.len() > 1 {
        touching(text, hits, &table.rules, &mut found);
    }
    found
}

/// Without overlaps and in order; nothing that was in one of them is left out.
fn apart(mut found: Vec<Found>) -> Vec<Found> {
    found.sort_by_key(|found| (found.start, std::cmp::Reverse(found.end)));
    let mut apart: Vec<Found> = Vec::with_capacity(found.len());
    for one in found {
        match apart.last_mut() {
            Some(last) if one.end <= last.end => continue,
            Some(last) => last.end = last.end.min(one.start),
            None => {}
        }
        apart.push(one);
    }
    apart
}

impl Rule {
    /// Whether a value that has the form is a secret.
    pub(super) fn admits(&self, value: &str) -> bool {
        self.guard.admits(value)
    }
}

impl Guard {
    fn admits(self, value: &str) -> bool {
        match self {
            Guard::Form => true,
            Guard::Word => !is_placeholder(value),
            Guard::Value => {
                let has = |is: fn(&u8) -> bool| value.bytes().any(|byte| is(&byte));
                !is_placeholder(value) && has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic)
            }
        }
    }
}

/// What stands where a secret would stand: a variable, a type, a mask, a word of documentation.
fn is_placeholder(value: &str) -> bool {
    const WORDS: [&str; 22] = [
        "string",
        "str",
        "text",
        "none",
        "null",
        "nil",
        "true",
        "false",
        "undefined",
        "required",
        "optional",
        "hidden",
        "redacted",
        "changeme",
        "change-me",
        "password",
        "passwd",
        "secret",
        "token",
        "secretstr",
        "input",
        "prompt",
    ];
    let first = value.chars().next().unwrap_or(' ');
    let lower = value.to_ascii_lowercase();
    let bare = lower.trim_matches(|character: char| !character.is_ascii_alphanumeric());
    matches!(first, '$' | '<' | '{' | '[' | '*' | '…' | '/')
        || first == '%' && (value.ends_with('%') || value.len() < 4 || value.starts_with("%("))
        || value.chars().all(|character| character == first)
        || WORDS.contains(&bare)
        || value.contains("${")
        || ["os.environ", "process.env", "getenv"].iter().any(|part| lower.contains(part))
        || value.len() <= LONGEST_PLACEHOLDER
            && ["your_", "your-", "example", "placeholder", "xxxx", "****"].iter().any(|part| lower.contains(part))
}

/// What is wrong with the table: lines without four columns, patterns that do not compile, names that stand twice.
#[cfg(test)]
pub(super) fn faults() -> Vec<String> {
    let mut faults = Vec::new();
    let mut seen = std::collections::BTreeSet::new();
    for line in TABLE.lines().filter(|line| !line.starts_with('#')) {
        let columns: Vec<&str> = line.split('\t').collect();
        let [name, words, guard, pattern] = columns[..] else {
            faults.push(format!("{} columns: {line}", columns.len()));
            continue;
        };
        if let Err(error) = Regex::new(pattern) {
            faults.push(format!("{name}: {error}"));
        }
        let lower = words.split(' ').all(|word| word.len() > 1 && word == word.to_ascii_lowercase());
        if !lower || !["form", "word", "value"].contains(&guard) || !seen.insert(name) {
            faults.push(format!("{name}: {words}, {guard}"));
        }
    }
    faults
}
