//! White space folded: one blank for each run of it.
//!
//! Owns the quick way for texts whose white space is of ASCII, which nearly all are. What is made of a folded text is for the others.

/// Whether all white space of a text is of ASCII, so that [`fold`] folds it.
pub(super) fn is_parted_by_ascii(text: &str) -> bool {
    text.is_ascii() || !has_wide_blank(text.as_bytes())
}

/// Whether white space beyond ASCII stands in a text, known by its bytes in UTF-8: U+0085 and U+00A0 have two of them; U+1680, U+2000 to U+200A, U+2028,
/// U+2029, U+202F, U+205F and U+3000 three. Without a branch, so that the compiler looks at a vector of bytes at once.
fn has_wide_blank(text: &[u8]) -> bool {
    let second = text.get(1..).unwrap_or_default();
    let third = text.get(2..).unwrap_or_default();
    let of_two = text.iter().zip(second).fold(0, |found: u8, (one, two)| {
        let is_blank = (*one == 0xC2) & ((*two == 0x85) | (*two == 0xA0));
        found | u8::from(is_blank)
    });
    let of_three = text.iter().zip(second).zip(third).fold(0, |found: u8, ((one, two), three)| {
        let general = (*three <= 0x8A) | (*three == 0xA8) | (*three == 0xA9) | (*three == 0xAF);
        let is_blank = ((*one == 0xE2) & (*two == 0x80) & general)
            | ((*one == 0xE2) & (*two == 0x81) & (*three == 0x9F))
            | ((*one == 0xE1) & (*two == 0x9A) & (*three == 0x80))
            | ((*one == 0xE3) & (*two == 0x80) & (*three == 0x80));
        found | u8::from(is_blank)
    });
    (of_two | of_three) != 0
}

/// Bytes that are folded at a time.
const BLOCK: usize = 32;

/// Adds a text with one blank for each run of white space of ASCII, and none at either end.
pub(super) fn fold(text: &[u8], folded: &mut Vec<u8>) {
    let start = folded.len();
    let (blocks, rest) = text.as_chunks::<BLOCK>();
    let mut before = b' ';
    for block in blocks {
        // Nearly every block stays as it is, which is found for all of its bytes at once.
        let mut previous = [before; BLOCK];
        previous[1..].copy_from_slice(&block[..BLOCK - 1]);
        let folds = block.iter().zip(&previous).fold(0u8, |folds, (byte, previous)| {
            let is_other_blank = byte.wrapping_sub(b'\t') <= b'\r' - b'\t';
            folds | u8::from(is_other_blank | ((*byte == b' ') & (*previous == b' ')))
        });
        if folds == 0 {
            folded.extend_from_slice(block);
            before = block[BLOCK - 1];
        } else {
            fold_each(block, &mut before, folded);
        }
    }
    fold_each(rest, &mut before, folded);
    if folded.len() > start && folded.last() == Some(&b' ') {
        folded.pop();
    }
}

/// [`fold`] of a block or less, byte by byte; `before` is the byte before these, a blank for any white space.
fn fold_each(bytes: &[u8], before: &mut u8, folded: &mut Vec<u8>) {
    // Source code has a line end in nearly every block. Every byte is written, and the place moves on unless it goes on with a run of blanks, so that no
    // branch depends on the text.
    let mut kept = [0; BLOCK];
    let mut length = 0;
    for &byte in bytes {
        let byte = if matches!(byte, b'\t'..=b'\r') { b' ' } else { byte };
        kept[length % BLOCK] = byte;
        length += usize::from((byte != b' ') | (*before != b' '));
        *before = byte;
    }
    folded.extend_from_slice(&kept[..length]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_character_is_told_from_white_space_beyond_ascii() {
        for c in (0..=0x0010_FFFF).filter_map(char::from_u32) {
            let is_wide_blank = !c.is_ascii() && c.is_whitespace();
            let mut text = [b'x'; 6];
            let length = c.encode_utf8(&mut text[1..]).len();
            assert_eq!(has_wide_blank(&text[..length + 2]), is_wide_blank, "U+{:04X}", c as u32);
        }
        for text in ["", "x", "é", "a\u{a0}", "\u{3000}a", "\u{2003}"] {
            let is_parted = !text.chars().any(|c| !c.is_ascii() && c.is_whitespace());
            assert_eq!(is_parted_by_ascii(text), is_parted, "{text}");
        }
        assert!(is_parted_by_ascii("a — b “c” … d\u{200b}"));
    }
}
