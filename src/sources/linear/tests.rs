//! Fixtures of invented records, one a trap; the snapshots are read against `formats.md` section 10.

use super::{Linear, MAPPING};
use crate::sources::testing::{assert_fixture, assert_recognised};

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
