//! Fixtures of invented records, one a trap; the snapshots are read against `formats.md` section 10.

use super::GitLab;
use crate::sources::testing::{assert_fixture, assert_recognised, read_bytes, read_fixture};

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

#[test]
fn a_revert_takes_back_the_request_of_its_description_and_none_that_its_title_quotes() {
    let named = |branch: &str, description: &str| {
        let record = serde_json::json!({
            "iid": 14, "title": "Revert \"Follow-up to !12: round cents\"", "description": description, "state": "merged",
            "created_at": "2026-06-06T09:00:00Z", "merged_at": "2026-06-06T10:00:00Z", "source_branch": branch,
            "merge_commit_sha": "00000000000000000000000000000000000000d7",
            "web_url": "https://gitlab.example.test/shop/web/cart/-/merge_requests/14",
        });
        let read = read_bytes(&GitLab, "merge_requests.json", format!("[{record}]\n").as_bytes());
        read.outcomes[0].1.refs[1..].to_vec()
    };
    assert_eq!(
        named("revert-4f2a91bc", "This reverts merge request !13\n\nIt broke what !9 had."),
        ["shop/web/cart!13"]
    );
    assert_eq!(named("revert-4f2a91bc", "This reverts merge request shop/web/cart!13."), ["shop/web/cart!13"]);
    // Written by hand: what it names is all that is known.
    assert_eq!(named("undo", "This reverts merge request !13"), ["shop/web/cart!12", "shop/web/cart!13"]);
}

#[test]
fn a_record_has_its_number_whole_or_cut_and_however_it_is_spelled() {
    let is_record = |text: &str| super::records::is_record(text.as_bytes());
    assert!(is_record(r#"{"iid":3,"web_url":"https://gitlab.example.test/shop/web/-/issues/3"}"#));
    assert!(is_record(r#"{"\u0069id":3,"web_url":"https://gitlab.example.test/shop/web/-/issues/3"}"#));
    assert!(is_record(r#"{"iid":3,"description":"cut"#));
    assert!(!is_record(r#"{"id":3,"web_url":"https://gitlab.example.test/shop/web/-/issues/3"}"#));
}
