//! Fixtures of invented records, one a trap; the snapshots are read against `formats.md` section 10.

use super::{Linear, MAPPING};
use crate::sources::testing::{assert_fixture, assert_recognised, read_mutated};
use proptest::prelude::*;

const FIXTURES: &[&str] = &["export_30_columns.csv", "export_34_columns.csv"];

#[test]
fn every_trap_has_its_fixture() {
    for file in FIXTURES {
        assert_fixture(&Linear, "linear", file);
    }
}

#[test]
fn fixtures_are_recognised_whatever_they_are_called() {
    assert_recognised(&Linear, "linear");
}

#[test]
fn the_embedded_mapping_is_a_mapping() {
    assert!(MAPPING.is_ok(), "{:?}", MAPPING.as_ref().err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn no_change_makes_it_panic(file in prop::sample::select(FIXTURES), edits in prop::collection::vec((any::<usize>(), any::<u8>()), 0..20), keep in 0usize..120) {
        read_mutated(&Linear, &format!("src/sources/linear/fixtures/{file}"), &edits, keep);
    }
}
