//! Parquet files of which bytes were changed: in the footer, which says how long everything is, and in pages, which are packed.
//!
//! Nothing may panic past its reader, and what a footer claims may not be taken for true in memory. libFuzzer does not try this path: Polars, which one of
//! the two readers is, would have to be built with its instruments.

use crate::sources::laws::Tree;
use crate::sources::{Source, by_name};
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

/// Cases for each file, few enough for every run of the tests; `FOOTLIGHT_MUTATIONS` is the number for more.
const CASES: u32 = 96;
/// Length of the footer, and the magic bytes behind it.
const TRAILER: usize = 8;
/// Bytes by which the peak of resident memory may grow, whatever the files said.
const MEMORY: u64 = 512 << 20;

/// Where a change lies.
#[derive(Debug, Clone)]
enum Part {
    Pages,
    Footer,
    LengthOfFooter,
}

fn any_change() -> impl Strategy<Value = (Part, Index, u8)> {
    let part = prop_oneof![2 => Just(Part::Pages), 4 => Just(Part::Footer), 1 => Just(Part::LengthOfFooter)];
    // Numbers in a footer are of variable length: a byte that says that more come, or the largest, makes other lengths of them.
    let byte = prop_oneof![any::<u8>(), Just(0xff), Just(0x80), Just(0x7f), Just(0)];
    (part, any::<Index>(), byte)
}

fn changed(file: &[u8], changes: &[(Part, Index, u8)]) -> Vec<u8> {
    let trailer = file.len() - TRAILER;
    let footer = trailer - u32::from_le_bytes(file[trailer..trailer + 4].try_into().unwrap()) as usize;
    let mut bytes = file.to_vec();
    for (part, at, byte) in changes {
        let (from, to) = match part {
            Part::Pages => (4, footer),
            Part::Footer => (footer, trailer),
            Part::LengthOfFooter => (trailer, trailer + 4),
        };
        bytes[from + at.index(to - from)] = *byte;
    }
    bytes
}

/// Peak of the memory that was resident, in bytes; null where the system does not say.
fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    Some(line.split_whitespace().nth(1)?.parse::<u64>().ok()? * 1024)
}

/// The test in a process of its own, so that memory is its alone, and an allocation that is refused ends it and not the other tests.
const ALONE: &str = "FOOTLIGHT_PARQUET_ALONE";

#[test]
fn parquet_files_with_changed_bytes_are_read_or_rejected_in_bounded_memory() {
    if std::env::var_os(ALONE).is_some() {
        return try_files();
    }
    let name = "sources::mutations::parquet::parquet_files_with_changed_bytes_are_read_or_rejected_in_bounded_memory";
    let mut alone = std::process::Command::new(std::env::current_exe().unwrap());
    let output = alone.args(["--exact", name, "--nocapture"]).env(ALONE, "1").output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && said.contains("1 passed"),
        "{said}\n{}",
        &errors[errors.len().saturating_sub(4000)..]
    );
}

fn try_files() {
    let cases = std::env::var("FOOTLIGHT_MUTATIONS").ok().and_then(|text| text.parse().ok()).unwrap_or(CASES);
    let before = peak();
    let only = std::env::var("FOOTLIGHT_MUTATED").ok();
    for source in ["canonical", "langfuse"].into_iter().filter(|source| only.as_ref().is_none_or(|only| only == source))
    {
        let source: &dyn Source = by_name(source).unwrap();
        let tree = Tree::of(by_name(source.name()).unwrap()).unwrap();
        for seed in tree.seeds.iter().filter(|seed| seed.name.ends_with(".parquet")) {
            let sound = tree.broken_law(seed, &seed.bytes).unwrap().unwrap();
            assert!(sound.end.is_ok() && sound.records() > 0, "{}", seed.name);
            let config = Config { cases, failure_persistence: None, max_shrink_iters: 60, ..Config::default() };
            let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
            let result = runner.run(&prop::collection::vec(any_change(), 1..4), |changes| {
                let read = tree.broken_law(seed, &changed(&seed.bytes, &changes)).unwrap();
                prop_assert!(read.is_ok(), "{}: {:?}", seed.name, read.err());
                Ok(())
            });
            assert!(result.is_ok(), "{}: {result:?}", seed.name);
        }
    }
    if let (Some(before), Some(after)) = (before, peak()) {
        assert!(after - before < MEMORY, "{} MiB more", (after - before) >> 20);
    }
}
