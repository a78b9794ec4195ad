//! Fixtures of invented records, one a trap; the snapshots are read against `formats.md` section 10.

use super::GitLab;
use crate::sources::testing::{assert_fixture, assert_recognised, read_fixture, read_mutated};
use proptest::prelude::*;

const FIXTURES: &[&str] = &["merge_requests.json"];

#[test]
fn every_trap_has_its_fixture() {
    for file in FIXTURES {
        assert_fixture(&GitLab, "gitlab", file);
    }
}

#[test]
fn fixtures_are_recognised_whatever_they_are_called() {
    assert_recognised(&GitLab, "gitlab");
}

#[test]
fn titles_and_descriptions_are_nowhere_in_what_is_kept() {
    let read = read_fixture(&GitLab, "src/sources/gitlab/fixtures/merge_requests.json").snapshot();
    for text in ["integer cents", "Part of"] {
        assert!(!read.contains(text), "{text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn no_change_makes_it_panic(file in prop::sample::select(FIXTURES), edits in prop::collection::vec((any::<usize>(), any::<u8>()), 0..20), keep in 0usize..120) {
        read_mutated(&GitLab, &format!("src/sources/gitlab/fixtures/{file}"), &edits, keep);
    }
}
