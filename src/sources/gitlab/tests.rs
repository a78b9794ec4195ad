//! Fixtures of invented records, one a trap; the snapshots are read against `formats.md` section 10.

use super::GitLab;
use crate::sources::testing::{assert_fixture, assert_recognised, read_fixture};

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
