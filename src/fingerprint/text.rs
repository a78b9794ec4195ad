//! Text sketches: exact and masked hashes, shingles, MinHash bands.

use super::{chunks, hash64, mask};
use crate::events::TextSketch;

/// At most this many shingle hashes are kept, the smallest (bottom-k sketch), so Jaccard is exact for texts of up to this many shingles.
const SHINGLES_KEPT: usize = 256;
/// LSH layout for the within-actor join (`signals.md` S1): 32 bands of 4 rows.
const BANDS: usize = 32;
const ROWS: usize = 4;
/// Texts with fewer masked words are not compared (`prompt.min_tokens`).
const MIN_WORDS: usize = 8;
/// From this many words on, shingles are five words wide instead of three (`shingle.switch`).
const LONG_WORDS: usize = 200;

/// Hash of a text with white space folded.
pub fn text_hash(text: &str) -> i64 {
    let mut folded = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !folded.is_empty() {
            folded.push(' ');
        }
        folded.push_str(word);
    }
    hash64(folded.as_bytes())
}

/// Sketches a text.
///
/// Shingles are of 3 masked words (5 from 200 words on; Broder 1997, `signals.md` S1); the MinHash is one-permutation with
/// rotation densification (Li, Owen and Zhang 2012; Shrivastava and Li 2014).
pub fn sketch_text(text: &str) -> TextSketch {
    let masked = mask(text);
    let words: Vec<&str> = masked.split(' ').filter(|word| !word.is_empty()).collect();
    let mut shingles = shingle_hashes(&words);
    shingles.sort_unstable();
    shingles.dedup();
    let bands = if words.len() >= MIN_WORDS { band_hashes(&shingles) } else { Vec::new() };
    shingles.truncate(SHINGLES_KEPT);
    TextSketch {
        chars: text.chars().count() as i64,
        words: words.len() as i64,
        exact_hash: text_hash(text),
        masked_hash: hash64(masked.as_bytes()),
        shingles,
        bands,
        identifiers: chunks::identifiers([text]),
        ..TextSketch::default()
    }
}

/// [`sketch_text`] of what somebody handed to the agent, with its spans and its packed size: what is supplied can be padded.
pub fn sketch_prompt(text: &str) -> TextSketch {
    let blocks = chunks::sketch_blocks(text);
    TextSketch {
        spans: blocks.spans,
        repeated_permille: blocks.repeated_permille,
        packed_permille: blocks.packed_permille,
        ..sketch_text(text)
    }
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

fn shingle_hashes(words: &[&str]) -> Vec<i64> {
    let width = if words.len() >= LONG_WORDS { 5 } else { 3 };
    if words.is_empty() {
        return Vec::new();
    }
    let hashes: Vec<i64> = words.iter().map(|word| hash64(word.as_bytes())).collect();
    let width = width.min(hashes.len());
    hashes
        .windows(width)
        .map(|window| {
            let mut bytes = [0u8; 5 * 8];
            for (slot, hash) in bytes.chunks_exact_mut(8).zip(window) {
                slot.copy_from_slice(&hash.to_le_bytes());
            }
            hash64(&bytes[..width * 8])
        })
        .collect()
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
    use std::collections::HashSet;

    fn jaccard(one: &TextSketch, two: &TextSketch) -> f64 {
        let one: HashSet<_> = one.shingles.iter().collect();
        let two: HashSet<_> = two.shingles.iter().collect();
        one.intersection(&two).count() as f64 / one.union(&two).count() as f64
    }

    #[test]
    fn same_template_is_the_same_masked_text() {
        let one = sketch_text("Summarise ticket 4711 for the weekly status page and list every open risk");
        let two = sketch_text("Summarise ticket 9 for the weekly status page and list every open risk");
        assert_ne!(one.exact_hash, two.exact_hash);
        assert_eq!(one.masked_hash, two.masked_hash);
        assert_eq!(jaccard(&one, &two), 1.0);
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
        let jaccard = jaccard(&sketch_text(&words.join(" ")), &sketch_text(&edited.join(" ")));
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

    #[test]
    fn similar_texts_share_a_band_and_short_ones_have_none() {
        let one = sketch_text(
            "please go through the module and explain how the retry logic works in detail with examples for each branch today",
        );
        let two = sketch_text(
            "please go through the module and explain how the retry logic works in detail with examples for each branch now",
        );
        assert!(one.bands.iter().any(|band| two.bands.contains(band)));
        assert!(sketch_text("yes continue").bands.is_empty());
    }
}
