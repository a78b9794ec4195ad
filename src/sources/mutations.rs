//! Mutated fixtures of every source of the registry, held against the laws of [`super::laws`]: nothing panics, nothing is kept without bound, and every
//! record ends as a record, a reject or an ignored kind.
//!
//! A source is covered by having fixtures. Two kinds of change are tried. Damage of bytes (flips, cuts, other encodings, lines twice, in another order or
//! gone, nesting, numbers beyond 64 bits) must leave the laws standing. One change of structure in a sound file must besides show in what is told:
//! a record that is lost is a reject or an ignored kind more, a stranger among records is too, and a new field changes nothing.
//!
//! `FOOTLIGHT_MUTATIONS` is the number of cases for each source and kind of change (default [`CASES`]), `FOOTLIGHT_MUTATED` a source to keep to.

mod change;
mod damage;
#[cfg(feature = "engine")]
mod parquet;

use super::laws::{Seed, Tree, beyond};
use super::{ALL, Source};
use change::{Change, Parts, Shows, any_change, changed, without_value};
use damage::{Damage, any_damage, damaged};
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{Config, TestError, TestRunner};
use rayon::prelude::*;

/// Cases of each kind for each source, few enough for every run of the tests.
const CASES: u32 = 48;
/// Smaller cases that are tried when one has failed.
const SHRINKS: u32 = 60;
/// A source that starts another program for each case is tried less often.
const SLOW: (&str, u32) = ("git", 16);

fn fails(law: String) -> TestCaseError {
    TestCaseError::fail(law)
}

fn with_damage(tree: &Tree, seed: &Seed, damages: &[Damage]) -> Result<(), TestCaseError> {
    let bytes = damages.iter().fold(seed.bytes.clone(), damaged);
    let read = || tree.broken_law(seed, &bytes).unwrap().map_err(|law| fails(format!("{}: {law}", seed.name)));
    let (once, again) = (read()?, read()?);
    prop_assert!(once.told.snapshot() == again.told.snapshot(), "{}: read twice, it says two things", seed.name);
    Ok(())
}

fn with_change(tree: &Tree, seed: &Seed, change: &Change) -> Result<(), TestCaseError> {
    let Some(mut parts) = Parts::of(seed) else { return Ok(()) };
    let read =
        |bytes: &[u8]| tree.broken_law(seed, bytes).unwrap().map_err(|law| fails(format!("{}: {law}", seed.name)));
    let unchanged = parts.written();
    let before = read(&unchanged)?;
    let Some(shows) = changed(&mut parts, change) else { return Ok(()) };
    let bytes = parts.written();
    let after = read(&bytes)?;
    let (was, is) = (before.without_places(), after.without_places());
    let told =
        || format!("\n--- no more\n{}\n--- new\n{}\n", beyond(&was, &is).join("\n"), beyond(&is, &was).join("\n"));
    let new_losses = beyond(&after.losses(), &before.losses());
    // A file that counts as a whole as one ignored kind, such as a backup, is not looked into.
    let is_passed_over = before.records() == 0 && before.told.rejects.is_empty() && before.told.ignored.len() == 1;
    match shows {
        Shows::Anything => {}
        _ if is_passed_over => {}
        Shows::Losses => {
            // What is gone took its own rejects with it: one that says the same may be new, which a file without the value tells.
            let is_told = || {
                let without = without_value(seed, change).map(|bytes| read(&bytes)).transpose();
                without
                    .map(|without| without.is_none_or(|without| !beyond(&after.losses(), &without.losses()).is_empty()))
            };
            let is_less = after.records() < before.records();
            // A reject of what is around the value takes the place of those within it, one of which may have said the same.
            let same = unchanged.iter().zip(&bytes).take_while(|(was, is)| was == is).count() as u64;
            let is_rejected_around = || !beyond(&after.rejects_until(same), &before.rejects_until(same)).is_empty();
            let is_told = !is_less || !new_losses.is_empty() || is_rejected_around() || is_told()?;
            prop_assert!(is_told, "{}: a record is lost without a word{}", seed.name, told());
        }
        Shows::LeftOut => {
            prop_assert!(!new_losses.is_empty(), "{}: a stranger is in nobody's count{}", seed.name, told())
        }
        Shows::Nothing => {
            // Of a map whose names somebody chose, it is an entry, which may be said to be none. Whatever else is told stays.
            let is_loss = |line: &String| line.starts_with("reject ") || line.starts_with("ignored ");
            let is_gone = |line: &String| !line.starts_with("ignored ");
            let is_same = !beyond(&was, &is).iter().any(is_gone) && beyond(&is, &was).iter().all(is_loss);
            prop_assert!(is_same, "{}: a new field changed what is told{}", seed.name, told());
        }
    }
    Ok(())
}

fn cases(source: &dyn Source) -> u32 {
    let asked = std::env::var("FOOTLIGHT_MUTATIONS").ok().and_then(|text| text.parse().ok());
    let cases = asked.unwrap_or(CASES);
    if source.name() == SLOW.0 { cases.div_ceil(CASES / SLOW.1) } else { cases }
}

/// Tries a strategy on every source, and says for each what failed.
fn on_every_source<S>(
    strategy: impl Fn() -> S + Sync,
    check: impl Fn(&Tree, &Seed, &S::Value) -> Result<(), TestCaseError> + Sync,
) where
    S: Strategy,
{
    let only = std::env::var("FOOTLIGHT_MUTATED").ok();
    let failures: Vec<String> = ALL
        .par_iter()
        .filter(|source| only.as_ref().is_none_or(|only| only == source.name()))
        .filter_map(|source| {
            let tree = Tree::of(*source).unwrap();
            assert!(!tree.seeds.is_empty(), "{} has no fixtures: nothing tests it", source.name());
            // The seed is fixed: what fails here fails everywhere. More cases are asked for by number.
            let config = Config {
                cases: cases(*source),
                failure_persistence: None,
                max_shrink_iters: SHRINKS,
                ..Config::default()
            };
            let mut runner = TestRunner::new_with_rng(
                config,
                proptest::test_runner::TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::ChaCha),
            );
            let result = runner.run(&(any::<Index>(), strategy()), |(index, value)| {
                check(&tree, &tree.seeds[index.index(tree.seeds.len())], &value)
            });
            match result {
                Ok(()) => None,
                Err(TestError::Fail(why, (_, value))) => Some(format!("{}: {why}\n=== by {value:?}", source.name())),
                Err(other) => Some(format!("{}: {other}", source.name())),
            }
        })
        .collect();
    assert!(failures.is_empty(), "{} sources:\n{}", failures.len(), failures.join("\n\n"));
}

#[test]
fn damaged_files_of_every_source_break_no_law() {
    on_every_source(
        || prop::collection::vec(any_damage(), 1..6),
        |tree, seed, damages| with_damage(tree, seed, damages),
    );
}

#[test]
fn changed_records_of_every_source_are_told_of() {
    on_every_source(any_change, with_change);
}
