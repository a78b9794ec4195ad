//! Secrets without anything between them: `ghp_…` and right behind it `npm_…`.
//!
//! A pattern asks for the end of a word before and after a secret where its form is short, and takes as many characters as it can where the
//! length is open. Between two secrets there is no end of a word, and the second begins with characters that the first may have: one or
//! both are missed. Owns the second look that finds them: every form that begins at a keyword, whatever stands around it, is one where
//! on each side there is the end of a word or another secret.

use super::rules::{Found, Rule};
use regex::Regex;

/// A keyword in a text, and the rule that it wakes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Hit {
    pub start: usize,
    pub rule: usize,
}

/// Bytes of a form that are looked at: more than any secret of fixed length has.
const WINDOW: usize = 1024;
/// Keywords of one text that are looked at. Names are shorter; so many stand only in a text that was made of them.
const MOST_HITS: usize = 65_536;

/// A form that begins at a keyword.
struct Piece {
    found: Found,
    /// Its pattern asks for the end of a word before it, after it.
    needs: [bool; 2],
    ends_well: bool,
}

/// Adds the secrets that touch others. What was found before counts as a neighbour.
pub(super) fn touching(text: &str, mut hits: Vec<Hit>, rules: &[Rule], found: &mut Vec<Found>) {
    hits.sort_unstable();
    hits.dedup();
    hits.truncate(MOST_HITS);
    let mut pieces: Vec<Piece> = hits.iter().filter_map(|hit| piece(text, *hit, rules)).collect();
    if pieces.is_empty() {
        return;
    }
    // Where a neighbour on the right may begin: forms that end well themselves, and names of secrets that were found (`password=`).
    let mut beginnings: Vec<usize> = found.iter().map(|one| one.named_from).collect();
    beginnings.sort_unstable();
    let is_word = |at: usize| text.as_bytes().get(at).is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    // Beginnings of forms that end well, the last of them first.
    let mut right: Vec<usize> = Vec::new();
    for piece in pieces.iter_mut().rev() {
        let Found { start, end, .. } = piece.found;
        let named = beginnings.get(beginnings.partition_point(|one| *one <= start));
        let formed = right.iter().rev().find(|one| **one > start);
        let has_neighbour = named.into_iter().chain(formed).any(|begins| *begins <= end);
        piece.ends_well = !piece.needs[1] || !is_word(end) || has_neighbour;
        if piece.ends_well {
            right.push(start);
        }
    }
    let mut known: Vec<(usize, usize)> = found.iter().map(|one| (one.start, one.end)).collect();
    known.sort_unstable();
    let (mut known, mut reach) = (known.into_iter().peekable(), 0);
    for piece in pieces.into_iter().filter(|piece| piece.ends_well) {
        let start = piece.found.start;
        while let Some((_, end)) = known.next_if(|(begins, _)| *begins < start) {
            reach = reach.max(end);
        }
        // An underscore before it is no letter: names are written so.
        let begins = start == 0 || !is_word(start - 1) || text.as_bytes().get(start - 1) == Some(&b'_');
        if !piece.needs[0] || begins || start <= reach {
            reach = reach.max(piece.found.end);
            found.push(piece.found);
        }
    }
}

/// The form of a rule at one of its keywords.
fn piece(text: &str, hit: Hit, rules: &[Rule]) -> Option<Piece> {
    let rule = rules.get(hit.rule)?;
    let bare = rule.pattern.strip_suffix(r"\b");
    let beginning = rule.beginning.get_or_init(|| {
        // Rules whose secret stands behind a name begin with the name, which is no part of it.
        let form = bare.unwrap_or(rule.pattern);
        Regex::new(&format!(r"\A(?:{form})")).ok()
    });
    let window = text.get(hit.start..text.floor_char_boundary(hit.start.saturating_add(WINDOW)))?;
    let captures = beginning.as_ref()?.captures(window)?;
    let secret = captures.get(1).or_else(|| captures.get(0))?;
    let is_at_keyword = secret.start() == 0 && rule.admits(secret.as_str());
    is_at_keyword.then(|| Piece {
        found: Found { start: hit.start, end: hit.start + secret.end(), rule: rule.name, named_from: hit.start },
        needs: [rule.pattern.starts_with(r"(?:\b"), bare.is_some()],
        ends_well: false,
    })
}
