//! Typed masking (`signals.md` stage 0.5): what varies between two uses of one template becomes a type.

use super::chunks::{IDENTIFIER_CHARS, is_written_without_blanks, names};
use super::hash64;
use memchr::{memchr, memmem};
use std::ops::Range;
use std::sync::LazyLock;

/// What begins and ends fenced code.
static FENCE: LazyLock<memmem::Finder<'static>> = LazyLock::new(|| memmem::Finder::new("```"));

/// Replaces numbers, hexadecimal ids, UUIDs, dates, URLs, paths, quoted strings and fenced code with
/// `<NUM>`, `<HEX>`, `<URL>`, `<PATH>`, `<STR>`, `<CODE>`, lower-cases the rest and folds white space. Of scripts that write no
/// blanks between words (Chinese, Japanese, Thai) each character is a word, and what stands among them is masked for itself.
///
/// Linear in the text: one pass over its words.
pub fn mask(text: &str) -> String {
    let mut masked = Masked::default();
    masked.read(text);
    String::from_utf8_lossy(&masked.text).into_owned()
}

/// A masked text, and what is found on the way while its words are at hand. Kept from text to text for its memory.
#[derive(Debug, Default)]
pub(super) struct Masked {
    /// The masked text, words parted by one blank.
    pub(super) text: Vec<u8>,
    /// Hashes of its words in order.
    pub(super) words: Vec<i64>,
    /// How many of them are one character of a script that writes no blanks.
    alone: usize,
    /// Hashes of the names in the text before it is masked, as [`super::chunks::identifiers`] has them, in order and with repetitions.
    pub(super) names: Vec<i64>,
    /// The text with the letters of ASCII in lower case, and blanks behind it, so that [`SHORT`] bytes can be taken from every place.
    lower: Vec<u8>,
}

/// Words up to this length are copied as so many bytes, which takes one instruction.
const SHORT: usize = 16;

impl Masked {
    /// How long the text is in words. Two characters that stand alone are about a word of a script that writes blanks, so that what is asked of a text
    /// in words asks the same of either.
    pub(super) fn length(&self) -> usize {
        self.words.len() - self.alone / 2
    }

    /// Masks another text.
    pub(super) fn read(&mut self, text: &str) {
        self.text.clear();
        self.words.clear();
        self.alone = 0;
        self.names.clear();
        self.lower.clear();
        self.lower.extend(text.bytes().map(|byte| byte.to_ascii_lowercase()));
        self.lower.extend([b' '; SHORT]);
        let find = |from: usize| text.as_bytes().get(from..).and_then(|rest| FENCE.find(rest)).map(|at| from + at);
        let mut at = 0;
        while let Some(fence) = find(at) {
            self.read_words(text, at..fence);
            self.push(b"<CODE>");
            let code = fence + 3;
            let end = find(code);
            let until = end.unwrap_or(text.len());
            names(&text[code..until], &self.lower[code..until], &mut self.names);
            at = end.map_or(text.len(), |end| end + 3);
        }
        self.read_words(text, at..text.len());
    }

    fn read_words(&mut self, text: &str, part: Range<usize>) {
        let bytes = &text.as_bytes()[..part.end];
        let mut quoted = None;
        let mut at = part.start;
        while at < bytes.len() {
            let start = at;
            let mut seen = 0;
            while let Some(&byte) = bytes.get(at)
                && CLASSES[usize::from(byte)] & SPACE == 0
            {
                seen |= CLASSES[usize::from(byte)];
                at += 1;
            }
            let word = start..at;
            at += 1;
            if word.is_empty() {
                continue;
            }
            // Most words: of letters alone, which are none of the types and name what they are.
            if seen & NO_LETTER == 0 {
                let hash = hash64(&self.lower[word.clone()]);
                if word.len() >= IDENTIFIER_CHARS {
                    self.names.push(hash);
                }
                if quoted.is_none() {
                    self.push_lower(word, hash);
                }
                continue;
            }
            names(&text[word.clone()], &self.lower[word.clone()], &mut self.names);
            if seen & WIDE == 0 {
                self.read_word(&text[..part.end], word, &mut quoted);
                continue;
            }
            // White space beyond ASCII may stand in it.
            for inner in text[word].split_whitespace() {
                let start = inner.as_ptr() as usize - text.as_ptr() as usize;
                let inner_word = start..start + inner.len();
                if inner.chars().any(stands_alone) {
                    self.read_run(&text[..part.end], inner_word, &mut quoted);
                } else {
                    self.read_word(&text[..part.end], inner_word, &mut quoted);
                }
            }
        }
    }

    /// One word of `text`; `quoted` is the quote that was opened by a word before it and is not closed yet.
    fn read_word(&mut self, text: &str, word: Range<usize>, quoted: &mut Option<u8>) {
        let bytes = text.as_bytes();
        if let Some(quote) = *quoted {
            let end = bytes[word].iter().rev().find(|byte| **byte == quote || !byte.is_ascii_punctuation());
            if end == Some(&quote) {
                *quoted = None;
            }
            return;
        }
        let end = word.end;
        let word = trimmed(bytes, word);
        let Some(&first) = bytes[word.clone()].first() else { return };
        let seen = bytes[word.clone()].iter().fold(0, |seen, byte| seen | CLASSES[usize::from(*byte)]);
        if matches!(first, b'"' | b'`' | b'\'') && word.len() > 1 {
            self.push(b"<STR>");
            let closes = |within: Range<usize>| memchr(first, &bytes[within]).is_some();
            // An apostrophe that does not close soon is not a quote.
            if !closes(word.start + 1..word.end) && closes(end..(end + QUOTED_WITHIN).min(bytes.len())) {
                *quoted = Some(first);
            }
            return;
        }
        match class(&text[word.clone()], seen) {
            Some(mask) => self.push(mask),
            None if seen & WIDE == 0 => {
                let hash = hash64(&self.lower[word.clone()]);
                self.push_lower(word, hash);
            }
            None => {
                let lower: String = text[word].chars().flat_map(char::to_lowercase).collect();
                self.push(lower.as_bytes());
            }
        }
    }

    /// A run of `text` without white space in which characters stand that are words by themselves. Other letters, and what ASCII is among them,
    /// are words like any; other punctuation parts them and is left out. `quoted` is as for [`Self::read_word`].
    fn read_run(&mut self, text: &str, run: Range<usize>, quoted: &mut Option<u8>) {
        let bytes = text.as_bytes();
        let mut at = run.start;
        if let Some(quote) = *quoted {
            let Some(end) = memchr(quote, &bytes[run.clone()]) else { return };
            *quoted = None;
            at += end + 1;
        }
        // Where the word begins that is being read.
        let mut start = at;
        while let Some(c) = text[at..run.end].chars().next() {
            let next = at + c.len_utf8();
            let opens = matches!(c, '"' | '`') || (c == '\'' && start == at);
            let within = next..(next + QUOTED_WITHIN).min(bytes.len());
            if opens && let Some(end) = memchr(bytes[at], &bytes[within]) {
                self.read_piece(text, start..at, quoted);
                self.push(b"<STR>");
                if next + end >= run.end {
                    *quoted = Some(bytes[at]);
                    return;
                }
                at = next + end + 1;
                start = at;
                continue;
            }
            let alone = stands_alone(c);
            if alone || !(c.is_ascii() || c.is_alphanumeric()) {
                self.read_piece(text, start..at, quoted);
                if alone {
                    self.push(&bytes[at..next]);
                    self.alone += 1;
                }
                start = next;
            }
            at = next;
        }
        self.read_piece(text, start..run.end, quoted);
    }

    /// A word of a run, which may be empty.
    fn read_piece(&mut self, text: &str, piece: Range<usize>, quoted: &mut Option<u8>) {
        if !piece.is_empty() {
            self.read_word(text, piece, quoted);
        }
    }

    fn push(&mut self, word: &[u8]) {
        self.part();
        self.text.extend_from_slice(word);
        self.words.push(hash64(word));
    }

    /// Adds a word as it stands in the text in lower case, with its hash.
    fn push_lower(&mut self, word: Range<usize>, hash: i64) {
        self.part();
        self.words.push(hash);
        match self.lower[word.start..].first_chunk::<SHORT>() {
            Some(bytes) if word.len() <= SHORT => {
                let end = self.text.len() + word.len();
                self.text.extend_from_slice(bytes);
                self.text.truncate(end);
            }
            _ => self.text.extend_from_slice(&self.lower[word]),
        }
    }

    fn part(&mut self) {
        if !self.text.is_empty() {
            self.text.push(b' ');
        }
    }
}

/// Whether a character is a word by itself. Korean is written with blanks; only its names are compared by pairs of characters, since its words take endings.
fn stands_alone(c: char) -> bool {
    !c.is_ascii() && is_written_without_blanks(c) && !matches!(c, '\u{AC00}'..='\u{D7AF}')
}

/// Bytes after a word within which a quote that it opens must close.
const QUOTED_WITHIN: usize = 300;

/// White space among ASCII, as [`char::is_whitespace`] has it.
const SPACE: u16 = 1;
/// Part of a character beyond ASCII.
const WIDE: u16 = 1 << 1;
/// Anything but a letter of ASCII.
const NO_LETTER: u16 = 1 << 2;
/// Anything that no number, date or time is written with.
const NO_NUMBER: u16 = 1 << 3;
/// Anything but a hexadecimal digit or a hyphen.
const NO_HEX: u16 = 1 << 4;
/// Anything but letters, digits, `_` and `-`.
const NO_ID: u16 = 1 << 5;
/// A digit.
const DIGIT: u16 = 1 << 6;
/// `/` or `\`.
const SLASH: u16 = 1 << 7;

/// What may stand around a word and is no part of it.
const PUNCTUATION: u16 = 1 << 8;

/// What each byte is, so that the classes of a word are found in one pass over it.
const CLASSES: [u16; 256] = {
    let mut classes = [0; 256];
    let mut index = 0;
    while index < 256 {
        let byte = index as u8;
        let mut class = 0;
        if matches!(byte, b'\t'..=b'\r' | b' ') {
            class |= SPACE;
        }
        if !byte.is_ascii() {
            class |= WIDE;
        }
        if !byte.is_ascii_alphabetic() {
            class |= NO_LETTER;
        }
        if !matches!(byte, b'0'..=b'9' | b'.' | b',' | b'-' | b'/' | b':' | b'%' | b'+' | b'T' | b'Z' | b'#' | b'$') {
            class |= NO_NUMBER;
        }
        if !(byte.is_ascii_hexdigit() || byte == b'-') {
            class |= NO_HEX;
        }
        if !(byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-') {
            class |= NO_ID;
        }
        if byte.is_ascii_digit() {
            class |= DIGIT;
        }
        if byte == b'/' || byte == b'\\' {
            class |= SLASH;
        }
        if matches!(byte, b',' | b';' | b':' | b'.' | b'!' | b'?' | b'(' | b')' | b'[' | b']') {
            class |= PUNCTUATION;
        }
        classes[index] = class;
        index += 1;
    }
    classes
};

/// A word without the punctuation around it; the text is given by its bytes.
fn trimmed(text: &[u8], word: Range<usize>) -> Range<usize> {
    let is_punctuation = |at: usize| CLASSES[usize::from(text[at])] & PUNCTUATION != 0;
    let Range { mut start, mut end } = word;
    while start < end && is_punctuation(start) {
        start += 1;
    }
    while start < end && is_punctuation(end - 1) {
        end -= 1;
    }
    start..end
}

/// The type of a word that is not of letters alone; `seen` are the classes of its bytes.
fn class(word: &str, seen: u16) -> Option<&'static [u8]> {
    let bytes = word.as_bytes();
    let has_digit = seen & DIGIT != 0;
    if seen & SLASH != 0 && word.contains("://") {
        return Some(b"<URL>");
    }
    if has_digit && seen & NO_NUMBER == 0 {
        return Some(b"<NUM>");
    }
    if bytes.len() >= 7 && has_digit && seen & NO_HEX == 0 {
        return Some(b"<HEX>");
    }
    if bytes.len() > 2 && seen & SLASH != 0 && bytes[0].is_ascii_graphic() && bytes[0] != b'<' {
        return Some(b"<PATH>");
    }
    let digits = || bytes.iter().filter(|byte| byte.is_ascii_digit()).count();
    if bytes.len() >= 16 && seen & NO_ID == 0 && digits() * 4 >= bytes.len() {
        return Some(b"<HEX>");
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
    fn where_no_blanks_are_written_each_character_is_a_word() {
        assert_eq!(mask("工単1234を見て、café-2も"), "工 単 <NUM> を 見 て café-2 も");
        assert_eq!(mask("「工単SUP-1234」"), "工 単 sup-1234");
        assert_eq!(mask("https://x.test/a?b=1を見る src/cart.rsの行"), "<URL> を 見 る <PATH> の 行");
        assert_eq!(mask("ไทย 12"), "ไ ท ย <NUM>");
        // Korean has blanks.
        assert_eq!(mask("주문 12 확인"), "주문 <NUM> 확인");
    }

    #[test]
    fn quotes_in_a_script_without_blanks_are_masked() {
        assert_eq!(mask("\"前の名前\"を`new`に"), "<STR> を <STR> に");
        assert_eq!(mask("\"注文 票\"を見て"), "<STR> を 見 て");
        assert_eq!(mask("注文\"の 票"), "注 文 \" の 票");
    }

    #[test]
    fn apostrophes_and_unclosed_fences_do_not_swallow_the_rest() {
        assert_eq!(mask("don't stop 'til done"), "don't stop <STR> done");
        assert_eq!(mask("a ``` b c"), "a <CODE>");
        assert_eq!(mask(""), "");
    }
}
