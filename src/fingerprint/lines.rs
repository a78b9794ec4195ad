//! Hashes of code lines: how what a session wrote is found again in what a commit added (`signals.md` S4).

use super::hash64;

/// Lines shorter than this after normalisation say nothing about who wrote them.
const MIN_CHARS: usize = 10;

/// Hash of one line without its white space, or null when the line is trivial: fewer than 10 characters left,
/// or no letter or digit among them. Insensitive to indentation and to formatters that only move blanks.
pub fn normalised_line_hash(line: &str) -> Option<i64> {
    let mut kept = String::with_capacity(line.len());
    kept.extend(line.chars().filter(|c| !c.is_whitespace()));
    let meaningful = kept.chars().filter(|c| c.is_alphanumeric()).count();
    (kept.len() >= MIN_CHARS && meaningful >= 4).then(|| hash64(kept.as_bytes()))
}

/// Sorted distinct hashes of the non-trivial lines.
pub fn line_hashes<'a>(lines: impl IntoIterator<Item = &'a str>) -> Vec<i64> {
    let mut hashes: Vec<i64> = lines.into_iter().filter_map(normalised_line_hash).collect();
    hashes.sort_unstable();
    hashes.dedup();
    hashes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indentation_is_ignored_and_trivial_lines_are_dropped() {
        assert_eq!(normalised_line_hash("    let total = cents(1);"), normalised_line_hash("\tlet total=cents( 1 );"));
        assert_eq!(normalised_line_hash("    }"), None);
        assert_eq!(normalised_line_hash("============"), None);
        assert_eq!(line_hashes(["let total = 1;", "let total = 1;", "}"]).len(), 1);
    }
}
