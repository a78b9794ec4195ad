//! Hashes of code lines: how what a session wrote is found again in what a commit added (`signals.md` S4).

use super::hash64;

/// Lines shorter than this after normalisation say nothing about who wrote them.
const MIN_CHARS: usize = 10;

/// Letters and digits that a line must have.
const MIN_MEANINGFUL: usize = 4;
/// Lines of ASCII up to this length, which are nearly all, are hashed without an allocation.
const SHORT: usize = 256;

/// Hash of one line without its white space, or null when the line is trivial: fewer than 10 characters left,
/// or no letter or digit among them. Insensitive to indentation and to formatters that only move blanks.
pub fn normalised_line_hash(line: &str) -> Option<i64> {
    if line.len() <= SHORT && line.is_ascii() {
        return short_line_hash(line.as_bytes());
    }
    let mut kept = String::with_capacity(line.len());
    kept.extend(line.chars().filter(|c| !c.is_whitespace()));
    let meaningful = kept.chars().filter(|c| c.is_alphanumeric()).count();
    (kept.len() >= MIN_CHARS && meaningful >= MIN_MEANINGFUL).then(|| hash64(kept.as_bytes()))
}

/// [`normalised_line_hash`] of at most [`SHORT`] bytes of ASCII. Every byte is written, and the place moves on unless it is white space.
fn short_line_hash(line: &[u8]) -> Option<i64> {
    let mut kept = [0; SHORT];
    let (mut length, mut meaningful) = (0, 0);
    for &byte in line {
        kept[length % SHORT] = byte;
        length += usize::from(!matches!(byte, b'\t'..=b'\r' | b' '));
        meaningful += usize::from(byte.is_ascii_alphanumeric());
    }
    (length >= MIN_CHARS && meaningful >= MIN_MEANINGFUL).then(|| hash64(&kept[..length]))
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
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_line_is_hashed_without_white_space_whatever_it_is_written_in(
            line in "([a-zA-Z0-9]{1,30}|[ \\t\\r]{1,4}|\u{b}|\u{c}|\u{1c}|[{}();=+_-]{1,3}|[é注\u{a0}\u{3000}]?){0,24}"
        ) {
            let kept: String = line.split_whitespace().collect();
            let meaningful = kept.chars().filter(|c| c.is_alphanumeric()).count();
            let expected = (kept.len() >= 10 && meaningful >= 4).then(|| hash64(kept.as_bytes()));
            prop_assert_eq!(normalised_line_hash(&line), expected);
        }
    }

    #[test]
    fn a_line_of_any_length_is_one_line() {
        for length in [9, 10, 255, 256, 257, 1_000] {
            let expected = (length >= 10).then(|| hash64("x".repeat(length).as_bytes()));
            assert_eq!(normalised_line_hash(&"x".repeat(length)), expected, "{length}");
            assert_eq!(normalised_line_hash(&format!(" {}\t", "x".repeat(length))), expected, "{length}");
        }
    }

    #[test]
    fn indentation_is_ignored_and_trivial_lines_are_dropped() {
        assert_eq!(normalised_line_hash("    let total = cents(1);"), normalised_line_hash("\tlet total=cents( 1 );"));
        assert_eq!(normalised_line_hash("    }"), None);
        assert_eq!(normalised_line_hash("============"), None);
        assert_eq!(line_hashes(["let total = 1;", "let total = 1;", "}"]).len(), 1);
    }
}
