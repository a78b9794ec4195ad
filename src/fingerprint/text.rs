//! Text sketches: exact and masked hashes, shingles, MinHash bands.

use super::fold::{fold, is_parted_by_ascii};
use super::mask::Masked;
use super::{chunks, hash64, keep_smallest};
use crate::events::TextSketch;
use std::cell::RefCell;

/// At most this many shingle hashes of a prompt are kept, the smallest (bottom-k sketch), so Jaccard is exact for texts of up to this many shingles.
const SHINGLES_KEPT: usize = 256;
/// Of an answer those below are kept, the lowest quarter of the hash range, and of these at most so many: the sample that S5 compares answers by.
/// Nobody compares answers as sets, and they are most of what is said, so more would be most of a lake.
const SAMPLED_BELOW: i64 = i64::MIN / 2;
const SAMPLED_KEPT: usize = 64;
/// LSH layout for the within-actor join (`signals.md` S1): 32 bands of 4 rows.
const BANDS: usize = 32;
const ROWS: usize = 4;
/// Texts with fewer masked words are not compared (`prompt.min_tokens`).
const MIN_WORDS: usize = 8;
/// From this many words on, shingles are five words wide instead of three (`shingle.switch`).
const LONG_WORDS: usize = 200;

/// What sketching a text needs room for, kept from text to text: nearly all are short, and there are many.
#[derive(Default)]
struct Room {
    masked: Masked,
    folded: Vec<u8>,
}

/// Room beyond this is given back after the text that needed it.
const ROOM_KEPT: usize = 1 << 20;

thread_local! {
    static ROOM: RefCell<Room> = RefCell::default();
}

/// Hash of a text with white space folded.
pub fn text_hash(text: &str) -> i64 {
    ROOM.with_borrow_mut(|room| folded_hash(text, &mut room.folded))
}

/// [`text_hash`], with the room for the folded text.
fn folded_hash(text: &str, folded: &mut Vec<u8>) -> i64 {
    folded.clear();
    if is_parted_by_ascii(text) {
        fold(text.as_bytes(), folded);
    } else {
        for word in text.split_whitespace() {
            if !folded.is_empty() {
                folded.push(b' ');
            }
            folded.extend_from_slice(word.as_bytes());
        }
    }
    let hash = hash64(folded);
    if folded.capacity() > ROOM_KEPT {
        *folded = Vec::new();
    }
    hash
}

/// Sketches what a model said: of its shingles the sample that novelty is measured by (`signals.md` S5), and no bands.
pub fn sketch_answer(text: &str) -> TextSketch {
    sketch(text, |_, words| {
        // A quarter of them, more or less.
        let mut shingles = Vec::with_capacity(words.len() / 3 + 8);
        shingles.extend(shingle_hashes(words).filter(|shingle| *shingle < SAMPLED_BELOW));
        keep_smallest(&mut shingles, SAMPLED_KEPT);
        (shingles, Vec::new())
    })
}

/// Sketches what somebody handed to the agent: its shingles and bands, by which it is compared with other prompts, its spans and its packed size,
/// since what is supplied can be padded.
///
/// The MinHash is one-permutation with rotation densification (Li, Owen and Zhang 2012; Shrivastava and Li 2014).
pub fn sketch_prompt(text: &str) -> TextSketch {
    let blocks = chunks::sketch_blocks(text);
    let sketch = sketch(text, |length, words| {
        let mut shingles: Vec<i64> = shingle_hashes(words).collect();
        let bands = if length >= MIN_WORDS { band_hashes(&shingles) } else { Vec::new() };
        keep_smallest(&mut shingles, SHINGLES_KEPT);
        (shingles, bands)
    });
    TextSketch {
        spans: blocks.spans,
        repeated_permille: blocks.repeated_permille,
        packed_permille: blocks.packed_permille,
        ..sketch
    }
}

/// What every text gets. `compared` makes of the length in words and the hashes of the masked words the shingles that are kept, and the bands.
///
/// Shingles are of 3 masked words (5 from 200 words on; Broder 1997, `signals.md` S1).
fn sketch(text: &str, compared: impl FnOnce(usize, &[i64]) -> (Vec<i64>, Vec<i64>)) -> TextSketch {
    ROOM.with_borrow_mut(|Room { masked, folded }| {
        masked.read(text);
        let (shingles, bands) = compared(masked.length(), &masked.words);
        let identifiers = if text.len() <= chunks::MOST_BYTES {
            chunks::keep_identifiers(&mut masked.names);
            masked.names.clone()
        } else {
            chunks::identifiers([text])
        };
        let sketch = TextSketch {
            chars: text.chars().count() as i64,
            words: masked.length() as i64,
            exact_hash: folded_hash(text, folded),
            masked_hash: hash64(&masked.text),
            shingles,
            bands,
            identifiers,
            ..TextSketch::default()
        };
        if masked.text.capacity() > ROOM_KEPT {
            *masked = Masked::default();
        }
        sketch
    })
}

/// Sizes and hash of a tool's result. It is never compared for similarity, so it gets no shingles.
pub fn sketch_result(text: &str) -> TextSketch {
    let exact_hash = text_hash(text);
    TextSketch {
        chars: text.chars().count() as i64,
        words: text.split_whitespace().count() as i64,
        exact_hash,
        masked_hash: exact_hash,
        ..TextSketch::default()
    }
}

/// Hashes of runs of words, whose own hashes are given.
fn shingle_hashes(words: &[i64]) -> impl Iterator<Item = i64> {
    let width = if words.len() >= LONG_WORDS { 5 } else { 3 };
    let width = width.min(words.len()).max(1);
    words.windows(width).map(move |window| {
        let mut bytes = [0u8; 5 * 8];
        for (slot, hash) in bytes.chunks_exact_mut(8).zip(window) {
            slot.copy_from_slice(&hash.to_le_bytes());
        }
        hash64(&bytes[..width * 8])
    })
}

fn band_hashes(shingles: &[i64]) -> Vec<i64> {
    let signature = one_permutation_minhash(shingles);
    signature
        .chunks_exact(ROWS)
        .enumerate()
        .map(|(band, rows)| {
            let mut bytes = [0u8; (ROWS + 1) * 8];
            bytes[..8].copy_from_slice(&(band as u64).to_le_bytes());
            for (slot, row) in bytes[8..].chunks_exact_mut(8).zip(rows) {
                slot.copy_from_slice(&row.to_le_bytes());
            }
            hash64(&bytes)
        })
        .collect()
}

fn one_permutation_minhash(shingles: &[i64]) -> [u64; BANDS * ROWS] {
    const BINS: usize = BANDS * ROWS;
    let mut bins = [u64::MAX; BINS];
    for &shingle in shingles {
        let hash = shingle as u64;
        let bin = (hash >> 57) as usize; // 7 high bits choose one of 128 bins
        bins[bin] = bins[bin].min(hash & ((1 << 57) - 1));
    }
    if bins.iter().all(|&value| value == u64::MAX) {
        return bins;
    }
    let filled = bins;
    for (index, bin) in bins.iter_mut().enumerate() {
        let mut distance = 0;
        while *bin == u64::MAX {
            distance += 1;
            let donor = filled[(index + distance) % BINS];
            if donor != u64::MAX {
                *bin = donor.wrapping_add((distance as u64) << 57);
            }
        }
    }
    bins
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashSet;

    /// Words, blanks of all kinds, quotes, fences and what is masked, beyond ASCII too.
    const HOSTILE: &str = "([a-zA-Z]{1,20}|[ \\t\\n]{1,3}|\u{b}|\u{1c}|\u{a0}|\u{3000}|```|[`'\"]|[0-9]{1,6}|[/,.:;()<>#$%_-]|http://x.y|[éßİ注文—🙂]){0,60}";

    proptest! {
        #[test]
        fn what_is_found_in_one_pass_is_what_the_rules_say(text in HOSTILE) {
            let folded = text.split_whitespace().collect::<Vec<_>>().join(" ");
            prop_assert_eq!(text_hash(&text), hash64(folded.as_bytes()));
            let sketch = sketch_prompt(&text);
            prop_assert_eq!(sketch.exact_hash, hash64(folded.as_bytes()));
            prop_assert_eq!(sketch.identifiers, chunks::identifiers([text.as_str()]));
            let mut masked = Masked::default();
            masked.read("what was read before leaves nothing behind");
            masked.read(&text);
            let plain = super::super::mask(&text);
            prop_assert_eq!(&masked.text, plain.as_bytes());
            let words: Vec<i64> = plain.split(' ').filter(|word| !word.is_empty()).map(|word| hash64(word.as_bytes())).collect();
            prop_assert_eq!(masked.words, words);
        }

        #[test]
        fn the_smallest_are_those_of_a_whole_sort(hashes in prop::collection::vec(0i64..400, 0..900), most in 1usize..40) {
            let mut kept = hashes.clone();
            keep_smallest(&mut kept, most);
            let distinct: std::collections::BTreeSet<i64> = hashes.into_iter().collect();
            prop_assert_eq!(kept, distinct.into_iter().take(most).collect::<Vec<_>>());
        }
    }

    fn jaccard(one: &TextSketch, two: &TextSketch) -> f64 {
        let one: HashSet<_> = one.shingles.iter().collect();
        let two: HashSet<_> = two.shingles.iter().collect();
        one.intersection(&two).count() as f64 / one.union(&two).count() as f64
    }

    #[test]
    fn same_template_is_the_same_masked_text() {
        let one = sketch_prompt("Summarise ticket 4711 for the weekly status page and list every open risk");
        let two = sketch_prompt("Summarise ticket 9 for the weekly status page and list every open risk");
        assert_ne!(one.exact_hash, two.exact_hash);
        assert_eq!(one.masked_hash, two.masked_hash);
        assert_eq!(jaccard(&one, &two), 1.0);
    }

    #[test]
    fn a_request_without_blanks_is_compared_by_its_characters() {
        let request = |ticket: &str, list: char| {
            sketch_prompt(&format!(
                "先週の注文票{ticket}を要約し、未解決の課題と次の手順を{list}条書きで短く答えてください"
            ))
        };
        let one = request("工単1234", '箇');
        let other_ticket = request("工単1235", '箇');
        let other_word = request("工単1234", '個');
        assert!((15..25).contains(&one.words), "{}", one.words);
        // A short approval is as short as `please continue`, and nothing to be compared.
        assert!(sketch_prompt("请继续执行").words < 4);
        assert_eq!(one.bands.len(), BANDS);
        assert_ne!(one.exact_hash, other_ticket.exact_hash);
        assert_eq!(one.masked_hash, other_ticket.masked_hash);
        assert_ne!(one.masked_hash, other_word.masked_hash);
        assert!(jaccard(&one, &other_word) >= 0.8, "{}", jaccard(&one, &other_word));
    }

    #[test]
    fn one_interior_edit_in_twenty_words_leaves_the_published_jaccard() {
        // signals.md S1: J = 0.71 with 3-grams for a 20-word prompt.
        let words: Vec<String> = [
            "alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu",
            "nu", "xi", "omicron", "pi", "rho", "sigma", "tau", "upsilon",
        ]
        .iter()
        .map(|w| (*w).to_owned())
        .collect();
        let mut edited = words.clone();
        edited[10] = "changed".into();
        let jaccard = jaccard(&sketch_prompt(&words.join(" ")), &sketch_prompt(&edited.join(" ")));
        assert!((jaccard - 0.714).abs() < 0.01, "{jaccard}");
    }

    /// `size` shingle hashes of which two such sets of the same `draw` share a `shared` first part.
    fn shingle_sets(draw: u64, size: u64, shared: u64) -> [Vec<i64>; 2] {
        let hash = |side: u64, index: u64| hash64(format!("{draw}/{side}/{index}").as_bytes());
        [1, 2].map(|side| (0..size).map(|index| hash(if index < shared { 0 } else { side }, index)).collect())
    }

    /// Broder 1997: the share of equal minima estimates the Jaccard index J without bias, with standard error
    /// sqrt(J (1 - J) / k) for k independent permutations. One permutation in k bins has no larger error where the sets
    /// fill the bins (Li, Owen and Zhang 2012, lemma 4).
    #[test]
    fn the_error_of_minhash_is_that_of_broder() {
        const DRAWS: u32 = 300;
        for (shared, size) in [(600u64, 1_000u64), (800, 1_000), (900, 1_000)] {
            let truth = shared as f64 / (2 * size - shared) as f64;
            let estimates = (0..DRAWS).map(|draw| {
                let [one, two] = shingle_sets(u64::from(draw), size, shared).map(|set| one_permutation_minhash(&set));
                one.iter().zip(&two).filter(|(one, two)| one == two).count() as f64 / one.len() as f64
            });
            let estimates: Vec<f64> = estimates.collect();
            let mean = estimates.iter().sum::<f64>() / f64::from(DRAWS);
            let deviation =
                (estimates.iter().map(|found| (found - mean).powi(2)).sum::<f64>() / f64::from(DRAWS)).sqrt();
            let error = (truth * (1.0 - truth) / (BANDS * ROWS) as f64).sqrt();
            assert!((mean - truth).abs() < 4.0 * error / f64::from(DRAWS).sqrt(), "{truth}: {mean}");
            assert!((0.8..1.1).contains(&(deviation / error)), "{truth}: {deviation}, Broder {error}");
        }
    }

    /// P(two texts meet in a band) = 1 - (1 - J^r)^b: the row 32x4 of the table in signals.md S1.
    #[test]
    fn bands_meet_as_often_as_the_table_of_signals_md_s1_says() {
        const DRAWS: u32 = 400;
        for (jaccard, published) in [(0.3, 0.23), (0.5, 0.87), (0.7, 1.0)] {
            let size = 800u64;
            let shared = (2.0 * size as f64 * jaccard / (1.0 + jaccard)).round() as u64;
            let met = (0..DRAWS).filter(|draw| {
                let [one, two] = shingle_sets(u64::from(*draw), size, shared).map(|set| band_hashes(&set));
                one.iter().any(|band| two.contains(band))
            });
            let share = met.count() as f64 / f64::from(DRAWS);
            // Four binomial errors, and the rounding of the table.
            let error = (published * (1.0 - published) / f64::from(DRAWS)).sqrt();
            assert!((share - published).abs() < 4.0 * error + 0.006, "{jaccard}: {share}, published {published}");
        }
    }

    /// S5 compares what stands below the lowest quarter among the 64 smallest: of a prompt, which keeps more, and of an answer it must be the same.
    #[test]
    fn an_answer_keeps_the_sample_that_a_prompt_of_its_words_has() {
        for words in [1usize, 5, 60, 400, 5_000] {
            // Letters alone: a number is masked, and masked words are all the same.
            let letters = |word: usize| -> String {
                let hash = hash64(&word.to_le_bytes()).unsigned_abs();
                hash.to_string().bytes().map(|digit| char::from(b'a' + (digit - b'0'))).collect()
            };
            let text = (0..words).map(letters).collect::<Vec<_>>().join(" ");
            let (prompt, answer) = (sketch_prompt(&text), sketch_answer(&text));
            let sample = prompt.shingles.iter().take(64).filter(|shingle| **shingle < -4_611_686_018_427_387_904);
            assert_eq!(answer.shingles, sample.copied().collect::<Vec<_>>(), "{words} words");
            assert_eq!((answer.words, answer.masked_hash, answer.bands.len()), (prompt.words, prompt.masked_hash, 0));
            assert_eq!(
                answer.shingles.len() == 64,
                words > 300,
                "{words} words: short texts are sampled whole, long ones up to the bound"
            );
        }
    }

    #[test]
    fn similar_texts_share_a_band_and_short_ones_have_none() {
        let one = sketch_prompt(
            "please go through the module and explain how the retry logic works in detail with examples for each branch today",
        );
        let two = sketch_prompt(
            "please go through the module and explain how the retry logic works in detail with examples for each branch now",
        );
        assert!(one.bands.iter().any(|band| two.bands.contains(band)));
        assert!(sketch_prompt("yes continue").bands.is_empty());
    }
}
