//! Steps that stand inside others, by the keys of their ids.
//!
//! Owns the key of a step within its trace, and the walk from one up to everything around it. Owns neither which steps are walked from nor what a mark means.

use rustc_hash::{FxBuildHasher, FxHashMap, FxHashSet};
use std::hash::{BuildHasher, Hasher};

/// The key of a step, which is known by its id within its trace.
pub(crate) fn key(trace_id: &str, id: &str) -> u64 {
    let mut hasher = FxBuildHasher.build_hasher();
    hasher.write(trace_id.as_bytes());
    hasher.write_u8(0xff);
    hasher.write(id.as_bytes());
    hasher.finish()
}

/// Adds to the marks `parent`, which stands around `start`, and what stands around that. It stops at what was marked before, so that every step is walked over
/// once, and at one that is said to be its own ancestor.
pub(crate) fn mark_above(
    marks: &mut FxHashSet<u64>,
    start: Option<u64>,
    parent: Option<u64>,
    parents: &FxHashMap<u64, u64>,
) {
    let mut next = parent;
    while let Some(key) = next.filter(|&key| start != Some(key) && marks.insert(key)) {
        next = parents.get(&key).copied();
    }
}
