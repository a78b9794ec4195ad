//! Typed masking (`signals.md` stage 0.5): what varies between two uses of one template becomes a type.

/// Replaces numbers, hexadecimal ids, UUIDs, dates, URLs, paths, quoted strings and fenced code with
/// `<NUM>`, `<HEX>`, `<URL>`, `<PATH>`, `<STR>`, `<CODE>`, lower-cases the rest and folds white space.
///
/// Linear in the text: one pass over its words.
pub fn mask(text: &str) -> String {
    let mut out = String::with_capacity(text.len().min(64 * 1024));
    let mut rest = text;
    while let Some(start) = rest.find("```") {
        mask_words(&rest[..start], &mut out);
        push(&mut out, "<CODE>");
        rest = match rest[start + 3..].find("```") {
            Some(end) => &rest[start + 3 + end + 3..],
            None => "",
        };
    }
    mask_words(rest, &mut out);
    out
}

fn mask_words(text: &str, out: &mut String) {
    let mut quoted: Option<char> = None;
    for word in text.split_whitespace() {
        if let Some(quote) = quoted {
            if word.trim_end_matches(|c: char| c.is_ascii_punctuation() && c != quote).ends_with(quote) {
                quoted = None;
            }
            continue;
        }
        let trimmed =
            word.trim_matches(|c: char| matches!(c, ',' | ';' | ':' | '.' | '!' | '?' | '(' | ')' | '[' | ']'));
        let Some(first) = trimmed.chars().next() else { continue };
        if matches!(first, '"' | '`' | '\'') && trimmed.len() > 1 {
            push(out, "<STR>");
            if !trimmed[1..].contains(first) && text_has_closing(text, word, first) {
                quoted = Some(first);
            }
            continue;
        }
        match class(trimmed) {
            Some(mask) => push(out, mask),
            None => {
                if !out.is_empty() && !out.ends_with(' ') {
                    out.push(' ');
                }
                if trimmed.is_ascii() {
                    let start = out.len();
                    out.push_str(trimmed);
                    if let Some(word) = out.get_mut(start..) {
                        word.make_ascii_lowercase();
                    }
                } else {
                    out.extend(trimmed.chars().flat_map(char::to_lowercase));
                }
            }
        }
    }
}

/// Whether the quote opened by `word` closes within the next 300 bytes; an apostrophe that never closes is not a quote.
fn text_has_closing(text: &str, word: &str, quote: char) -> bool {
    let offset = word.as_ptr() as usize - text.as_ptr() as usize + word.len();
    let mut window = (offset + 300).min(text.len());
    while !text.is_char_boundary(window) {
        window -= 1;
    }
    text.get(offset..window).is_some_and(|after| after.contains(quote))
}

fn push(out: &mut String, mask: &str) {
    if !out.is_empty() {
        out.push(' ');
    }
    out.push_str(mask);
}

fn class(word: &str) -> Option<&'static str> {
    let bytes = word.as_bytes();
    // Most words: of letters alone, which is none of the kinds below.
    if bytes.iter().all(u8::is_ascii_alphabetic) {
        return None;
    }
    let digits = bytes.iter().filter(|b| b.is_ascii_digit()).count();
    if word.contains("://") {
        return Some("<URL>");
    }
    if digits > 0
        && bytes.iter().all(|b| {
            b.is_ascii_digit()
                || matches!(b, b'.' | b',' | b'-' | b'/' | b':' | b'%' | b'+' | b'T' | b'Z' | b'#' | b'$')
        })
    {
        return Some("<NUM>");
    }
    if bytes.len() >= 7 && digits > 0 && bytes.iter().all(|b| b.is_ascii_hexdigit() || *b == b'-') {
        return Some("<HEX>");
    }
    if bytes.len() > 2
        && (word.contains('/') || word.contains('\\'))
        && bytes[0].is_ascii_graphic()
        && !word.starts_with('<')
    {
        return Some("<PATH>");
    }
    if bytes.len() >= 16
        && digits * 4 >= bytes.len()
        && bytes.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
    {
        return Some("<HEX>");
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn varying_parts_become_types() {
        assert_eq!(
            mask(
                "Fix issue #4512 in src/cart.rs by 2026-06-01, see https://x.test/a?b=1 and 5b0e0a4e-0000-4000-8000-000000000001"
            ),
            "fix issue <NUM> in <PATH> by <NUM> see <URL> and <HEX>"
        );
        assert_eq!(mask("rename \"old name here\" to `new`"), "rename <STR> to <STR>");
        assert_eq!(mask("run\n```sh\nls -la\n```\nnow"), "run <CODE> now");
    }

    #[test]
    fn apostrophes_and_unclosed_fences_do_not_swallow_the_rest() {
        assert_eq!(mask("don't stop 'til done"), "don't stop <STR> done");
        assert_eq!(mask("a ``` b c"), "a <CODE>");
        assert_eq!(mask(""), "");
    }
}
