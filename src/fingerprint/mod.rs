//! Sketches computed once at ingest, so that prompt text never reaches the lake.
//!
//! Owns masking, shingles, MinHash bands, spans and names of long texts, call and result hashes, and line hashes. Owns no thresholds and no
//! verdicts: what two equal sketches mean is decided in `queries/`. All hashes are xxh3-64 with a fixed
//! seed, stored as `i64` because Delta has no unsigned integers.

mod calls;
mod chunks;
mod fold;
mod json;
mod lines;
mod mask;
mod polls;
mod text;

pub use calls::{CallSketch, result_hash, sketch_call, sketch_call_of};
pub use json::Json;
pub use lines::{line_hashes, normalised_line_hash};
pub use mask::mask;
pub use text::{sketch_answer, sketch_prompt, sketch_result, text_hash};

/// xxh3-64 as the signed integer that tables hold.
pub(crate) fn hash64(bytes: &[u8]) -> i64 {
    xxhash_rust::xxh3::xxh3_64(bytes) as i64
}

/// Sorts hashes and leaves the smallest distinct ones, at most so many.
fn keep_smallest(hashes: &mut Vec<i64>, most: usize) {
    // Of a long list only the part that can stay is sorted; repetitions may make it larger.
    let mut part = 2 * most;
    while part < hashes.len() {
        let (smallest, _, _) = hashes.select_nth_unstable(part);
        smallest.sort_unstable();
        if smallest.chunk_by(|one, two| one == two).count() >= most {
            hashes.truncate(part);
            hashes.dedup();
            hashes.truncate(most);
            return;
        }
        part *= 2;
    }
    hashes.sort_unstable();
    hashes.dedup();
    hashes.truncate(most);
}
