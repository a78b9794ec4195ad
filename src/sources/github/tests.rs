//! Fixtures of invented records, one a trap; the snapshots are read against `formats.md` section 10.

use super::GitHub;
use crate::events::ids::{outcome_key, outcome_version};
use crate::events::{OutcomeKind, OutcomeStatus};
use crate::sources::testing::{assert_fixture, assert_recognised, read_bytes, read_fixture};
use crate::sources::{Probe, Source, Unit};
use std::path::Path;

const FIXTURES: &[&str] = &[
    "gh_pull_requests.json",
    "rest_pulls.json",
    "rest_issues_pages.json",
    "rest_reviews.ndjson",
    "rest_deployments.json",
    "faults.json",
];

#[test]
fn every_trap_has_its_fixture() {
    for file in FIXTURES {
        assert_fixture(&GitHub, "github", file);
    }
}

#[test]
fn fixtures_are_recognised_whatever_they_are_called() {
    assert_recognised(&GitHub, "github");
}

#[test]
fn one_request_in_two_exports_has_one_identity_and_the_fuller_view_stays() {
    let outcome = |file: &str| {
        let read = read_fixture(&GitHub, &format!("src/sources/github/fixtures/{file}"));
        read.outcomes.into_iter().find(|(_, outcome)| outcome.outcome_id == "acme/shop#7").unwrap().1
    };
    let (gh, rest) = (outcome("gh_pull_requests.json"), outcome("rest_pulls.json"));
    assert_eq!(outcome_key(&gh), outcome_key(&rest));
    assert_eq!(gh.version, rest.version);
    assert!(outcome_version(&gh) > outcome_version(&rest));
    let mut reopened = rest.clone();
    (reopened.status, reopened.version) = (OutcomeStatus::Open, rest.version + 60);
    assert!(outcome_version(&reopened) > outcome_version(&gh), "the later state wins, whatever it is");
}

#[test]
fn one_review_in_two_exports_is_one() {
    let ids = |file: &str| -> Vec<String> {
        let read = read_fixture(&GitHub, &format!("src/sources/github/fixtures/{file}"));
        let reviews = read.outcomes.into_iter().filter(|(_, outcome)| outcome.kind == OutcomeKind::Review);
        reviews.map(|(_, outcome)| outcome.outcome_id).collect()
    };
    assert!(ids("gh_pull_requests.json").contains(&"acme/shop#7/PRR_1".to_owned()));
    assert!(ids("rest_reviews.ndjson").contains(&"acme/shop#7/PRR_1".to_owned()));
}

#[test]
fn apps_are_known_for_what_they_are_in_either_spelling() {
    let actors = |record: serde_json::Value| -> Vec<Option<String>> {
        let read = read_bytes(&GitHub, "x.json", record.to_string().as_bytes());
        assert!(read.rejects.is_empty(), "{:?}", read.rejects);
        read.outcomes.into_iter().map(|(_, outcome)| outcome.actor_id).collect()
    };
    let reviewers = ["coderabbitai", "github-actions", "grace-h"];
    let reviews: Vec<_> = (0..)
        .zip(reviewers)
        .map(|(number, login)| {
            serde_json::json!({"id": format!("PRR_{number}"), "author": {"login": login}, "state": "COMMENTED", "submittedAt": "2026-06-01T15:00:00Z"})
        })
        .collect();
    let request = |author: serde_json::Value, reviews: Vec<serde_json::Value>| {
        actors(serde_json::json!({
            "number": 12, "title": "Cents", "author": author, "state": "OPEN", "createdAt": "2026-06-01T09:00:00Z", "headRefName": "cents",
            "url": "https://github.test/acme/shop/pull/12", "reviews": reviews,
        }))
    };
    let bot = |name: &str| Some(format!("{name}[bot]"));
    let human = |name: &str| Some(name.to_owned());
    assert_eq!(
        request(serde_json::json!({"login": "ada-l", "is_bot": false, "type": "User"}), reviews),
        [human("ada-l"), bot("coderabbitai"), bot("github-actions"), human("grace-h")]
    );
    for (author, name) in [
        (serde_json::json!({"login": "app/copilot-swe-agent", "is_bot": true}), "copilot-swe-agent"),
        (serde_json::json!({"login": "Copilot", "type": "Bot"}), "Copilot"),
        (serde_json::json!({"login": "renovate[bot]", "type": "Bot"}), "renovate"),
        (serde_json::json!({"login": "helper", "is_bot": true}), "helper"),
    ] {
        assert_eq!(request(author, Vec::new()), [bot(name)]);
    }
    let review = actors(serde_json::json!({
        "id": 9, "node_id": "PRR_9", "user": {"login": "Copilot", "type": "Bot"}, "state": "COMMENTED", "submitted_at": "2026-06-01T15:00:00Z",
        "commit_id": "00000000000000000000000000000000000000c1", "pull_request_url": "https://api.github.com/repos/acme/shop/pulls/12",
    }));
    assert_eq!(review, [bot("Copilot")]);
}

#[test]
fn a_deployment_is_of_its_commit_and_landed_when_it_succeeded() {
    let mut outcomes = read_fixture(&GitHub, "src/sources/github/fixtures/rest_deployments.json").outcomes;
    // What stays in the lake is the view with the largest version.
    outcomes.sort_by_key(|(_, outcome)| (outcome.outcome_id.clone(), outcome_version(outcome)));
    let last = |id: &str| outcomes.iter().rfind(|(_, outcome)| outcome.outcome_id.ends_with(id)).unwrap().1.clone();
    for (id, at, commit, creator) in [
        ("/31", "2026-06-02T09:05:00Z", "00000000000000000000000000000000000000c2", "grace-h"),
        ("/33", "2026-06-04T09:05:00Z", "00000000000000000000000000000000000000c4", "ada-l"),
    ] {
        let outcome = last(id);
        let ts_us = at.parse::<jiff::Timestamp>().unwrap().as_microsecond();
        assert_eq!((outcome.status, outcome.ts_us), (OutcomeStatus::Landed, ts_us), "{id}");
        assert_eq!((outcome.refs, outcome.actor_id.as_deref()), (vec![commit.to_owned()], Some(creator)), "{id}");
    }
    assert_eq!((last("/32").status, last("/32").refs), (OutcomeStatus::Abandoned, vec![]));
}

#[test]
fn titles_and_bodies_are_nowhere_in_what_is_kept() {
    let read = read_fixture(&GitHub, "src/sources/github/fixtures/gh_pull_requests.json").snapshot();
    for text in ["integer cents", "Looks right", "left-pad\""] {
        assert!(!read.contains(text), "{text}");
    }
}

#[test]
fn a_head_that_is_cut_and_a_page_of_nothing_are_recognised() {
    let long = format!(r#"[{{"number":1,"headRefName":"x","body":"{}"#, "long ".repeat(20_000));
    let options = Default::default();
    let recognised = |name: &str, head: &[u8]| {
        GitHub.recognises(&Probe { path: Path::new(name), unit: Unit::File, head, options: &options })
    };
    assert!(recognised("x.json", long.as_bytes()));
    assert!(recognised("github-pulls.json", b"[]\n"));
    assert!(!recognised("x.json", b"[]\n"));
    assert!(!recognised("x.json", br#"[{"number":1,"url":"https://example.test/a/b"}]"#));
    assert!(!recognised("x.jsonl", br#"{"type":"user","message":{"content":"{\"number\":1,\"headRefName\":\"x\"}"}}"#));
}

#[test]
fn every_record_is_told_by_the_names_that_it_needs() {
    let is_record = |text: &str| super::records::is_record(text.as_bytes());
    for text in [
        r#"{"number":1,"html_url":"https://github.example/shop/web/pull/1"}"#,
        r#"{"number":1,"state_reason":"completed"}"#,
        r#"{"\u006eumber":1,"stateReason":"completed"}"#,
        r#"{"deployment_url":"https://github.example/shop/web/deployments/1"}"#,
        r#"{"environment":"production","sha":"d7"}"#,
    ] {
        assert!(is_record(text), "{text}");
        assert!(!is_record(&text[..text.len() - 1]), "what is cut is told by names that only GitHub has: {text}");
    }
    assert!(is_record(r#"{"pull_request_url":"https://github.example/shop/web/pull/1"}"#));
    for name in
        ["headRefName", "isDraft", "closingIssuesReferences", "patch_url", "pull_request_url", "merge_commit_sha"]
    {
        assert!(is_record(&format!(r#"{{"{name}":null,"body":"cut"#)), "{name}");
    }
    assert!(!is_record(r#"{"type":"event_msg","payload":{"number":1}}"#));
}
