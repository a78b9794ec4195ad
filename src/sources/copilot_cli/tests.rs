//! Fixtures of invented sessions, and the properties that hold for any of them.

use super::CopilotCli;
use crate::events::ids::{Key, event_key};
use crate::events::{TokenBasis, Tokens};
use crate::sources::testing::{Recorded, assert_read, fixture_bytes, read_bytes, read_fixture};
use crate::sources::{Probe, Source, SourceOptions, Unit, recognise};
use std::collections::BTreeSet;
use std::path::Path;

fn bytes(name: &str) -> Vec<u8> {
    fixture_bytes(&CopilotCli, name)
}

fn fixture(name: &str) -> Recorded {
    read_fixture(&CopilotCli, &format!("src/sources/copilot_cli/fixtures/{name}"))
}

fn check(snapshot: &str, recorded: &Recorded) {
    assert_read("copilot_cli", snapshot, recorded);
}

fn sums(recorded: &Recorded, model: &str) -> [i64; 4] {
    let of = |count: fn(&Tokens) -> Option<i64>| {
        let mine = recorded.events.iter().filter(|(_, event)| event.model.as_deref() == Some(model));
        mine.filter_map(|(_, event)| count(&event.tokens)).sum()
    };
    [of(|t| t.input), of(|t| t.output), of(|t| t.cache_read), of(|t| t.cache_write)]
}

#[test]
fn a_session_with_every_trap() {
    check("session", &fixture("session.jsonl"));
}

#[test]
fn sums_that_contain_the_ones_before_count_the_difference() {
    let read = fixture("cumulative.jsonl");
    check("cumulative", &read);
    assert_eq!(sums(&read, "gpt-5.5"), [1900 - 500, 160, 500, 0]);
}

#[test]
fn totals_are_those_that_the_runs_state() {
    let read = fixture("session.jsonl");
    // 10001 - 8000 and 1000 of the second run; 520, 40 and the 3 of a run that nobody closed.
    assert_eq!(sums(&read, "gpt-5.5"), [3001, 563, 8000, 0]);
    assert_eq!(sums(&read, "claude-haiku-4.5"), [600, 50, 0, 100]);
    assert_eq!(sums(&read, "gpt-5-mini"), [90, 9, 0, 0]);
    assert_eq!(sums(&read, "claude-sonnet-4.6"), [0, 12, 0, 0]);
}

#[test]
fn what_is_no_sum_of_its_own_is_an_estimate_and_says_so() {
    let read = fixture("session.jsonl");
    let basis = |id: &str| {
        let event = read.events.iter().map(|(_, event)| event).find(|event| event.event_id.as_deref() == Some(id));
        event.and_then(|event| event.token_basis)
    };
    assert_eq!(basis("api-1"), Some(TokenBasis::Estimated));
    assert_eq!(basis("api-3"), Some(TokenBasis::Reported), "the only response of its model");
    assert_eq!(basis("m-last"), Some(TokenBasis::Reported), "its output, and no more");
    assert_eq!(basis("m-none"), Some(TokenBasis::Absent));
}

#[test]
fn sessions_are_known_by_content() {
    let options = SourceOptions::default();
    let source = |head: &[u8]| {
        recognise(&Probe { path: Path::new("x.jsonl"), unit: Unit::File, head, options: &options }).map(Source::name)
    };
    for name in ["session.jsonl", "cumulative.jsonl"] {
        assert_eq!(source(&bytes(name)), Some("copilot_cli"), "{name}");
    }
    let headless = bytes("session.jsonl").split(|&byte| byte == b'\n').skip(1).collect::<Vec<_>>().join(&b'\n');
    assert_eq!(source(&headless), Some("copilot_cli"));
    for stranger in [
        r#"{"type":"user.message","data":{}}"#,
        r#"{"type":"session.started","id":"1","timestamp":"2026-06-01T09:00:00Z","data":{}}"#,
        r#"{"type":"user","id":"1","timestamp":"2026-06-01T09:00:00Z","data":{}}"#,
        "",
    ] {
        assert_eq!(source(stranger.as_bytes()), None, "{stranger}");
    }
}

#[test]
fn a_session_without_its_first_line_takes_its_name_from_the_path() {
    let line = r#"{"type":"user.message","id":"1","timestamp":"2026-06-01T09:00:00Z","data":{"content":"hi"}}"#;
    let session = |name: &str| read_bytes(&CopilotCli, name, line.as_bytes()).events[0].1.session_id.clone();
    assert_eq!(session("session-state/s-1/events.jsonl.zst"), "s-1");
    assert_eq!(session("history-session-state/s-2.jsonl"), "s-2");
}

fn keys(recorded: &Recorded) -> BTreeSet<Key> {
    recorded.events.iter().map(|(_, event)| event_key("copilot_cli", event)).collect()
}

#[test]
fn no_step_stands_twice_and_a_longer_file_has_the_same_steps() {
    let whole = fixture("session.jsonl");
    assert_eq!(keys(&whole).len(), whole.events.len());
    let bytes = bytes("session.jsonl");
    let cut = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(place, _)| place + 1);
    for end in cut {
        let part = read_bytes(&CopilotCli, "session-state/cp-main/events.jsonl", &bytes[..end]);
        assert!(keys(&part).is_subset(&keys(&whole)), "cut at {end}");
    }
}

#[test]
fn every_line_is_a_record_an_ignored_kind_or_a_reject() {
    for line in String::from_utf8(bytes("session.jsonl")).unwrap().lines() {
        assert!(!read_bytes(&CopilotCli, "x.jsonl", line.as_bytes()).is_silent(), "{line}");
    }
}

/// Found by mutation: sums of a model that say nothing were passed over.
#[test]
fn sums_of_a_model_without_counts_are_rejected() {
    for usage in [r#"{"usage":{"zz":1}}"#, r#"{"zz":1}"#, r#"{"usage":{"cacheReadTokens":5}}"#] {
        let line = format!(
            r#"{{"type":"session.shutdown","data":{{"modelMetrics":{{"gpt-5":{usage}}}}},"id":"e1","timestamp":"2026-06-01T09:00:00.000Z"}}"#
        );
        let read = read_bytes(&CopilotCli, "s/events.jsonl", format!("{line}\n").as_bytes());
        assert_eq!((read.events.len(), read.reasons()), (0, vec!["missing_field"]), "{usage}");
    }
}
