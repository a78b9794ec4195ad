//! Fixtures of invented records, one a trap; the snapshots are read against `formats.md` section 10.

use super::Jira;
use crate::events::ids::outcome_key;
use crate::sources::testing::{Recorded, assert_fixture, assert_recognised, file_input, read_fixture};
use crate::sources::{JiraOptions, PROBE_BYTES, Probe, Source, SourceOptions, Unit, by_name};
use std::path::Path;
use std::sync::Arc;

const FIXTURES: &[&str] = &["export.csv", "search.json"];

#[test]
fn every_trap_has_its_fixture() {
    for file in FIXTURES {
        assert_fixture(&Jira, "jira", file);
    }
}

#[test]
fn fixtures_are_recognised_whatever_they_are_called() {
    assert_recognised(&Jira, "jira");
}

#[test]
fn one_ticket_in_both_exports_has_one_identity_and_one_version() {
    let outcome = |file: &str| {
        let read = read_fixture(&Jira, &format!("src/sources/jira/fixtures/{file}"));
        read.outcomes.into_iter().find(|(_, outcome)| outcome.outcome_id == "PROJ-7").unwrap().1
    };
    let (csv, search) = (outcome("export.csv"), outcome("search.json"));
    assert_eq!(outcome_key(&csv), outcome_key(&search));
    assert_eq!((csv.version, csv.ts_us, csv.status), (search.version, search.ts_us, search.status));
}

#[test]
fn the_zone_of_the_csv_is_configured() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/sources/jira/fixtures/export.csv");
    let mut input = file_input(&path, "export.csv");
    let zone = |zone: &str| SourceOptions {
        jira: JiraOptions { time_zone: Some(zone.to_owned()) },
        ..SourceOptions::default()
    };
    input.options = Arc::new(zone("Asia/Kolkata"));
    let mut sink = Recorded::default();
    Jira.read(&input, &mut sink).unwrap();
    // 7:59 in Kolkata is 2:29 in Greenwich.
    assert_eq!(sink.outcomes[0].1.ts_us, 1_780_367_340_000_000);
    input.options = Arc::new(zone("Mars/Olympus"));
    assert!(Jira.read(&input, &mut Recorded::default()).is_err());
}

#[test]
fn summaries_and_comments_are_nowhere_in_what_is_kept() {
    for file in ["export.csv", "search.json"] {
        let read = read_fixture(&Jira, &format!("src/sources/jira/fixtures/{file}")).snapshot();
        assert!(!read.contains("Round cents") && !read.contains("second, longer"), "{file}");
    }
}

#[test]
fn a_ticket_has_its_fields_whole_or_cut_and_however_they_are_spelled() {
    let is_ticket = |text: &str| super::search::is_ticket(text.as_bytes());
    assert!(is_ticket(r#"{"key":"CART-1","fields":{"created":"2026-06-01T10:00:00.000+0000"}}"#));
    assert!(is_ticket(r#"{"key":"CART-1","\u0066ields":{"created":"2026-06-01T10:00:00.000+0000"}}"#));
    assert!(is_ticket(r#"{"key":"CART-1","fields":{"status":{"statusCategory":{"key":"done"}},"summary":"cut"#));
    assert!(!is_ticket(r#"{"key":"CART-1","created":"2026-06-01T10:00:00.000+0000"}"#));
}

#[test]
fn records_of_forges_and_trackers_are_not_seen_in_the_logs_of_others() {
    let ours = ["github", "gitlab", "jira", "linear"];
    let folders = std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/sources")).unwrap();
    let mut seen = 0;
    for folder in folders.map(|folder| folder.unwrap().path()).filter(|folder| folder.join("fixtures").is_dir()) {
        let name = folder.file_name().unwrap().to_str().unwrap().to_owned();
        for fixture in std::fs::read_dir(folder.join("fixtures")).unwrap().map(|fixture| fixture.unwrap().path()) {
            if ours.contains(&name.as_str()) || !fixture.is_file() {
                continue;
            }
            let bytes = std::fs::read(&fixture).unwrap();
            let head = &bytes[..bytes.len().min(PROBE_BYTES)];
            let options = SourceOptions::default();
            let probe = Probe { path: &fixture, unit: Unit::File, head, options: &options };
            let taken = ours.iter().filter_map(|ours| by_name(ours)).find(|source| source.recognises(&probe));
            assert_eq!(taken.map(Source::name), None, "{}", fixture.display());
            seen += 1;
        }
    }
    assert!(seen > 50, "{seen}");
}
