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

/// A session of these lines, `kind data` each, a second apart.
fn session(lines: &[(&str, String)]) -> Recorded {
    let line = |(index, (kind, data)): (usize, &(&str, String))| {
        let (minute, second) = (index / 60 % 60, index % 60);
        format!(
            r#"{{"type":"{kind}","data":{data},"id":"e{index}","timestamp":"2026-06-01T{:02}:{minute:02}:{second:02}Z"}}"#,
            index / 3600
        )
    };
    let lines: Vec<String> = lines.iter().enumerate().map(line).collect();
    read_bytes(&CopilotCli, "s/events.jsonl", lines.join("\n").as_bytes())
}

fn answer(model: &str, output: i64) -> (&'static str, String) {
    ("assistant.message", format!(r#"{{"content":"x","model":{model},"outputTokens":{output}}}"#))
}

fn resume() -> (&'static str, String) {
    ("session.resume", "{}".to_owned())
}

fn shutdown(sums: &[(&str, i64, i64)]) -> (&'static str, String) {
    let sums = sums.iter().map(|(model, input, output)| {
        format!(r#""{model}":{{"usage":{{"inputTokens":{input},"outputTokens":{output}}}}}"#)
    });
    ("session.shutdown", format!(r#"{{"modelMetrics":{{{}}}}}"#, sums.collect::<Vec<_>>().join(",")))
}

fn all_of(read: &Recorded) -> [i64; 2] {
    let sum = |count: fn(&Tokens) -> Option<i64>| read.events.iter().filter_map(|(_, it)| count(&it.tokens)).sum();
    [sum(|t| t.input), sum(|t| t.output)]
}

#[test]
fn runs_that_answered_nothing_state_their_own_sums() {
    let titles = |input, output| shutdown(&[("gpt-5-mini", input, output)]);
    let grown = session(&[titles(100, 5), resume(), titles(200, 10)]);
    assert_eq!(all_of(&grown), [300, 15]);
    let equal = session(&[titles(100, 5), resume(), titles(100, 5)]);
    assert_eq!(all_of(&equal), [200, 10]);
    let again = session(&[titles(100, 5), titles(100, 5)]);
    assert_eq!(all_of(&again), [100, 5], "not started again: told again");
}

/// What one model says of a later statement holds for all of it.
#[test]
fn whether_sums_are_cumulative_is_decided_once_for_all_models() {
    let main = |output| answer(r#""gpt-5.5""#, output);
    let stated = |input, output, titles| shutdown(&[("gpt-5.5", input, output), ("gpt-5-mini", 10 * titles, titles)]);
    let own = [main(100), stated(1000, 100, 5), resume(), main(110), stated(1200, 110, 10)];
    assert_eq!(all_of(&session(&own)), [1000 + 50 + 1200 + 100, 100 + 5 + 110 + 10]);
    let cumulative = [main(100), stated(1000, 100, 5), resume(), main(110), stated(2200, 210, 10)];
    assert_eq!(all_of(&session(&cumulative)), [2200 + 100, 210 + 10]);
    let mut idle = cumulative.to_vec();
    idle.extend([resume(), stated(2200, 210, 10)]);
    assert_eq!(all_of(&session(&idle)), [2200 + 100, 210 + 10], "as before, nothing was used");
}

#[test]
fn sums_of_a_run_are_not_laid_on_responses_of_one_that_was_killed() {
    let read = session(&[answer(r#""m""#, 10), resume(), answer(r#""m""#, 20), shutdown(&[("m", 1000, 25)])]);
    let tokens: Vec<_> = read.events.iter().map(|(_, it)| (it.tokens.input, it.tokens.output)).collect();
    assert_eq!(tokens, [(None, Some(10)), (Some(1000), Some(25))]);
    let moved = ("session.context_changed", "{}".to_owned());
    let same_run = session(&[answer(r#""m""#, 10), moved, answer(r#""m""#, 20), shutdown(&[("m", 1000, 35)])]);
    assert_eq!(all_of(&same_run), [1000, 35]);
    assert!(same_run.events.iter().all(|(_, it)| it.tokens.input.is_some()));
}

#[test]
fn responses_whose_model_no_sums_name_count_once() {
    for model in [r#""auto""#, "null"] {
        let read = session(&[answer(model, 100), shutdown(&[("gpt-5.5", 1000, 120), ("gpt-5-mini", 90, 9)])]);
        assert_eq!(sums(&read, "gpt-5.5"), [1000, 120, 0, 0], "{model}");
        assert_eq!(all_of(&read), [1090, 129], "{model}");
        assert_eq!(read.events.len(), 2, "{model}");
    }
    let alias = session(&[answer(r#""gpt-5.5-fast""#, 100), shutdown(&[("gpt-5.5", 1000, 120)])]);
    assert_eq!(sums(&alias, "gpt-5.5-fast"), [1000, 120, 0, 0], "as the response says");
    let either = session(&[answer(r#""auto""#, 40), shutdown(&[("a", 1000, 50), ("b", 2000, 50)])]);
    assert_eq!(all_of(&either), [3000, 100], "whose it is cannot be told, that it counts once can");
    let other = session(&[answer(r#""auto""#, 40), shutdown(&[("gpt-5-mini", 90, 9)])]);
    assert_eq!(all_of(&other), [90, 40], "nine tokens do not hold forty");
}

#[test]
fn output_of_responses_that_were_let_go_before_the_sums_counts_once() {
    let mut lines: Vec<_> = (0..20_001).map(|_| answer(r#""m""#, 2)).collect();
    lines.push(shutdown(&[("m", 1000, 40_010)]));
    assert_eq!(all_of(&session(&lines)), [1000, 40_010]);
    lines = (0..20_001).map(|_| answer(r#""auto""#, 2)).collect();
    lines.push(shutdown(&[("m", 1000, 40_010)]));
    assert_eq!(all_of(&session(&lines)), [1000, 40_010]);
}
