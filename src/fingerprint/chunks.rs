//! What long texts repeat, how well they pack, and which names they use (`signals.md` S2).
//!
//! Owns winnowed spans, the compressed size and identifier hashes. Owns no thresholds of judgement: what a repeated or
//! unused span means is decided in `queries/int_resupplied.sql`.

use super::{hash64, keep_smallest};
use rustc_hash::FxHashSet;
use std::cell::RefCell;

/// Texts are looked at up to here (`signals.md` S2: cap of 4 MiB).
pub(super) const MOST_BYTES: usize = 4 * 1024 * 1024;
/// Bytes a fingerprint covers and fingerprints it is the smallest of (`winnow.text k,w`; Schleimer, Wilkerson and Aiken 2003).
const GRAM: usize = 25;
const WINDOW: usize = 26;
/// Fingerprints of one span. Their mean distance is (w + 1) / 2 bytes, so a span is about 200 bytes, or 50 tokens: what S2 counts
/// as supplied again. Shorter matches are phrases and prefixes of log lines.
const SPAN: usize = 14;
/// At most this many span hashes are kept, the smallest; every span of texts of up to about 7 kB.
const SPANS_KEPT: usize = 512;
/// Texts under this are not packed: the frame and the empty window would dominate.
const PACKED_FROM: usize = 2_000;
/// At most this many identifier hashes are kept, the smallest, so the kept of two texts can be compared.
const IDENTIFIERS_KEPT: usize = 512;
/// Shorter words are the grammar of every text.
pub(super) const IDENTIFIER_CHARS: usize = 5;
/// Multiplier of the rolling hash: odd and without pattern (Knuth's golden ratio).
const BASE: u64 = 0x9E37_79B9_7F4A_7C15;

/// What [`sketch_blocks`] finds in one text.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Blocks {
    /// Sorted distinct hashes of spans of about 200 bytes, the 512 smallest.
    pub spans: Vec<i64>,
    /// Thousandths of the text that stand in spans which the text has had before; null for texts under one span.
    pub repeated_permille: Option<i64>,
    /// Compressed size in thousandths of the size; null for texts under 2,000 bytes.
    pub packed_permille: Option<i64>,
}

/// Spans, repetition and compressed size of a text. Linear in the text; case and white space do not matter to spans.
pub(super) fn sketch_blocks(text: &str) -> Blocks {
    let bytes = &text.as_bytes()[..text.len().min(MOST_BYTES)];
    if bytes.len() < GRAM + SPAN * WINDOW / 2 {
        return Blocks::default();
    }
    let folded: Vec<u8> = bytes.iter().filter(|byte| !byte.is_ascii_whitespace()).map(u8::to_ascii_lowercase).collect();
    let fingerprints = winnow(&folded);
    let mut seen = FxHashSet::default();
    let mut covered_to = 0;
    let mut repeated = 0;
    for window in fingerprints.windows(SPAN) {
        let mut span = [0u8; SPAN * 8];
        for (slot, (_, hash)) in span.chunks_exact_mut(8).zip(window) {
            slot.copy_from_slice(&hash.to_le_bytes());
        }
        if !seen.insert(hash64(&span)) {
            let end = window[SPAN - 1].0 + GRAM;
            repeated += end - window[0].0.max(covered_to).min(end);
            covered_to = end;
        }
    }
    if seen.is_empty() {
        return Blocks { packed_permille: packed_permille(bytes), ..Blocks::default() };
    }
    let mut spans: Vec<i64> = seen.into_iter().collect();
    keep_smallest(&mut spans, SPANS_KEPT);
    Blocks {
        spans,
        repeated_permille: Some((repeated * 1000 / folded.len()) as i64),
        packed_permille: packed_permille(bytes),
    }
}

/// Positions and hashes that robust winnowing selects: of every 26 successive 25-byte grams the smallest, the chosen one for as
/// long as it stays in the window and nothing smaller comes.
fn winnow(bytes: &[u8]) -> Vec<(usize, u64)> {
    let mut selected = Vec::with_capacity(bytes.len() / 12);
    if bytes.len() < GRAM {
        return selected;
    }
    let leaving = (0..GRAM).fold(1u64, |power, _| power.wrapping_mul(BASE));
    let mut recent = [u64::MAX; WINDOW];
    let mut rolling = 0u64;
    let mut chosen: Option<(usize, u64)> = None;
    for (index, byte) in bytes.iter().enumerate() {
        rolling = rolling.wrapping_mul(BASE).wrapping_add(u64::from(*byte) + 1);
        if index >= GRAM {
            rolling = rolling.wrapping_sub(leaving.wrapping_mul(u64::from(bytes[index - GRAM]) + 1));
        }
        let Some(position) = (index + 1).checked_sub(GRAM) else { continue };
        // The low bits of a polynomial hash depend on few bytes; folding the high half in makes all of them count.
        let hash = (rolling ^ (rolling >> 32)).wrapping_mul(BASE);
        recent[position % WINDOW] = hash;
        if position + 1 < WINDOW {
            continue;
        }
        let first = position + 1 - WINDOW;
        let is_smaller = chosen.is_some_and(|(_, smallest)| hash < smallest);
        if is_smaller {
            chosen = Some((position, hash));
            selected.push((position, hash));
        } else if chosen.is_none_or(|(place, _)| place < first) {
            let smallest = (first..=position).rev().min_by_key(|place| recent[place % WINDOW]).unwrap_or(position);
            chosen = Some((smallest, recent[smallest % WINDOW]));
            selected.push((smallest, recent[smallest % WINDOW]));
        }
    }
    selected
}

/// Size after zstd at level 1 with a window over the whole text, in thousandths; a window shorter than the text would
/// not see what it repeats (Cebrian, Alfonseca and Ortega 2005).
fn packed_permille(bytes: &[u8]) -> Option<i64> {
    thread_local! {
        static PACKER: RefCell<Option<zstd::bulk::Compressor<'static>>> = RefCell::new(new_packer());
    }
    if bytes.len() < PACKED_FROM {
        return None;
    }
    PACKER.with_borrow_mut(|packer| {
        let packed = packer.as_mut()?.compress(bytes).ok()?;
        Some((packed.len() * 1000 / bytes.len()) as i64)
    })
}

fn new_packer() -> Option<zstd::bulk::Compressor<'static>> {
    let mut packer = zstd::bulk::Compressor::new(1).ok()?;
    packer.window_log(22).ok()?;
    Some(packer)
}

/// Sorted distinct hashes of the names and longer words of texts, lower-cased, the 512 smallest: what an answer shares with the text
/// that it used. A word is five characters or more of letters, digits and `_`, not digits alone. Scripts that write no
/// blanks give pairs of characters instead.
pub(super) fn identifiers<'a>(texts: impl IntoIterator<Item = &'a str>) -> Vec<i64> {
    let (mut hashes, mut left) = (Vec::new(), MOST_BYTES);
    LOWER.with_borrow_mut(|lower| {
        for text in texts {
            let mut end = text.len().min(left);
            while !text.is_char_boundary(end) {
                end -= 1;
            }
            left -= end;
            lower.clear();
            lower.extend(text.as_bytes()[..end].iter().map(u8::to_ascii_lowercase));
            names(&text[..end], lower, &mut hashes);
        }
    });
    keep_identifiers(&mut hashes);
    hashes
}

/// Leaves of the hashes of names what is kept.
pub(super) fn keep_identifiers(hashes: &mut Vec<i64>) {
    keep_smallest(hashes, IDENTIFIERS_KEPT);
}

thread_local! {
    /// Room for a text in lower case, at most [`MOST_BYTES`].
    static LOWER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Bytes of a word, found without decoding. Those of characters beyond ASCII count as such until they are looked at.
const IN_WORD: [bool; 256] = {
    let mut in_word = [true; 256];
    let mut byte = 0;
    while byte < 128 {
        in_word[byte] = (byte as u8).is_ascii_alphanumeric() || byte as u8 == b'_';
        byte += 1;
    }
    in_word
};

/// Adds the hashes of a text's names; `lower` is the text with the letters of ASCII in lower case.
pub(super) fn names(text: &str, lower: &[u8], hashes: &mut Vec<i64>) {
    let is_ascii = text.is_ascii();
    let mut at = 0;
    while at < lower.len() {
        let start = at;
        while lower.get(at).is_some_and(|byte| IN_WORD[usize::from(*byte)]) {
            at += 1;
        }
        if at > start {
            let word = &lower[start..at];
            if is_ascii || word.is_ascii() {
                name(word, hashes);
            } else {
                wide_names(&text[start..at], hashes);
            }
        }
        at += 1;
    }
}

/// A word of ASCII in lower case, where it is long enough and not digits alone.
fn name(word: &[u8], hashes: &mut Vec<i64>) {
    let is_number = || word[0].is_ascii_digit() && word.iter().all(u8::is_ascii_digit);
    if word.len() >= IDENTIFIER_CHARS && !is_number() {
        hashes.push(hash64(word));
    }
}

/// The names in a run without white space or punctuation of ASCII.
fn wide_names(run: &str, hashes: &mut Vec<i64>) {
    for word in run.split(|c: char| !(c.is_alphanumeric() || c == '_')) {
        if word.is_ascii() {
            name(word.to_ascii_lowercase().as_bytes(), hashes);
        } else if word.chars().any(is_written_without_blanks) {
            let pairs = word.char_indices().zip(word.char_indices().skip(1));
            hashes.extend(pairs.map(|((start, _), (last, c))| hash64(&word.as_bytes()[start..last + c.len_utf8()])));
        } else if word.chars().count() >= IDENTIFIER_CHARS {
            hashes.push(hash64(word.to_lowercase().as_bytes()));
        }
    }
}

/// A character of a script that writes no blanks between words, or whose words take endings (Korean).
pub(super) fn is_written_without_blanks(c: char) -> bool {
    matches!(c as u32, 0x0E00..=0x0EFF | 0x1000..=0x109F | 0x3040..=0x9FFF | 0xAC00..=0xD7AF | 0x2_0000..=0x3_FFFF)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Invented prose without repetition: numbered words in an order that never recurs.
    fn prose(from: u64, words: u64) -> String {
        (from..from + words).map(|n| format!("word{:x} ", n.wrapping_mul(0x5851_F42D_4C95_7F2D) >> 40)).collect()
    }

    #[test]
    fn winnowing_selects_the_published_density_and_leaves_no_gap() {
        let text = prose(0, 2_000);
        let selected = winnow(text.as_bytes());
        let density = selected.len() as f64 / text.len() as f64;
        assert!((density - 2.0 / 27.0).abs() < 0.008, "{density}"); // signals.md S2: 7.4 %
        assert!(selected.windows(2).all(|pair| pair[1].0 > pair[0].0 && pair[1].0 - pair[0].0 <= WINDOW));
        // The guarantee: any shared run of k + w - 1 = 50 bytes shares a fingerprint.
        let run = &text[500..550];
        let inside = winnow(run.as_bytes());
        assert_eq!(inside.len(), 1);
        assert!(selected.iter().any(|(_, hash)| *hash == inside[0].1));
    }

    #[test]
    fn a_span_supplied_again_is_found_whatever_stands_around_it() {
        let block = prose(0, 150);
        let one = sketch_blocks(&format!("{} {block}", prose(10_000, 40)));
        let two = sketch_blocks(&format!("{block} {}", prose(20_000, 90)));
        let shared = one.spans.iter().filter(|span| two.spans.contains(span)).count();
        assert!(shared * 10 > one.spans.len() * 6, "{shared} of {}", one.spans.len());
        let other = sketch_blocks(&prose(30_000, 150));
        assert!(!other.spans.iter().any(|span| one.spans.contains(span)));
    }

    #[test]
    fn a_phrase_or_the_prefix_of_a_log_line_is_no_repetition() {
        let log: String = (0..60u64)
            .map(|n| format!("2026-06-01 10:00:{n:02} INFO com.shop.cart.Handler - {}\n", prose(n * 50, 12)))
            .collect();
        assert_eq!(sketch_blocks(&log).repeated_permille, Some(0));
    }

    #[test]
    fn a_text_that_repeats_itself_says_how_much() {
        let paragraph = prose(0, 100);
        let five = paragraph.repeat(5);
        let sketch = sketch_blocks(&five);
        assert!((700..=800).contains(&sketch.repeated_permille.unwrap()), "{sketch:?}");
        assert!(sketch.packed_permille < sketch_blocks(&prose(0, 500)).packed_permille);
        // One byte over and over: one span, seen again to the end.
        assert!(sketch_blocks(&"-".repeat(5_000)).repeated_permille.unwrap() > 800);
    }

    #[test]
    fn short_texts_have_no_sketch_and_every_length_is_taken() {
        assert_eq!(sketch_blocks("continue"), Blocks::default());
        assert_eq!(identifiers(["go on"]), Vec::<i64>::new());
        for length in 0..2_100 {
            let sketch = sketch_blocks(&"é".repeat(length));
            assert!(sketch.spans.len() <= SPANS_KEPT);
        }
    }

    #[test]
    fn random_text_packs_worse_than_prose() {
        let mut state = 7u64;
        let random: String = (0..4_000)
            .map(|_| {
                state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                char::from(b'!' + ((state >> 33) % 90) as u8)
            })
            .collect();
        let random = sketch_blocks(&random).packed_permille.unwrap();
        let plain = sketch_blocks(&"the cart rounds every price before it adds them up, and so on. ".repeat(70));
        assert!(random > 750 && plain.packed_permille.unwrap() < 100, "{random} {plain:?}");
    }

    #[test]
    fn identifiers_are_names_and_longer_words_in_any_case_and_script() {
        let spec = identifiers(["OrderRepository throws on save_order(12345) in the cart"]);
        let answer = identifiers(["the bug is in orderrepository.save_order"]);
        assert_eq!(spec.len(), 3); // orderrepository, throws, save_order
        assert_eq!(answer.iter().filter(|id| spec.contains(id)).count(), 2);
        let one = identifiers(["注文リポジトリ"]);
        assert!(identifiers(["この注文は"]).iter().any(|id| one.contains(id)));
        assert_eq!(identifiers(["größer"]), identifiers(["GRÖßER"]));
        // A word beyond ASCII anywhere in a text changes nothing for the others.
        assert!(identifiers(["Totals of 2026, größer"]).contains(&identifiers(["totals 12345"])[0]));
    }
}
