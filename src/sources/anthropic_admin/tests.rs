//! Invented pages in the shapes of the vendor's documentation, and the properties that hold for any of them.

use super::AnthropicAdmin;
use crate::events::CountedBy;
use crate::sources::testing::{Recorded, assert_aggregates, assert_distinct_aggregates, fixture_bytes, read_fixture};
use crate::sources::{Probe, Source, SourceOptions, Unit, recognise};
use std::path::Path;

const FILES: &[&str] = &["usage.json", "claude_code.json", "cost.json"];

fn bytes(name: &str) -> Vec<u8> {
    fixture_bytes(&AnthropicAdmin, name)
}

fn fixture(name: &str) -> Recorded {
    read_fixture(&AnthropicAdmin, &format!("src/sources/anthropic_admin/fixtures/{name}"))
}

#[test]
fn every_report_becomes_aggregates_and_no_event() {
    for name in FILES {
        let read = fixture(name);
        assert_aggregates(&AnthropicAdmin, name, &read, CountedBy::Vendor);
        assert_distinct_aggregates(&AnthropicAdmin, &read);
    }
}

#[test]
fn reports_are_known_by_content() {
    let options = SourceOptions::default();
    let source = |head: &[u8]| {
        recognise(&Probe { path: Path::new("x"), unit: Unit::File, head, options: &options }).map(Source::name)
    };
    for name in FILES {
        assert_eq!(source(&bytes(name)), Some("anthropic_admin"), "{name}");
    }
    for stranger in [
        r#"{"data":[]}"#,
        r#"{"data":[{"starting_at":"x"}]}"#,
        r#"{"core_metrics":{},"actor":{}}"#,
        r#""data" "core_metrics" "actor""#,
        "",
    ] {
        assert_eq!(source(stranger.as_bytes()), None, "{stranger}");
    }
}

#[test]
fn cents_are_hundredths_and_sums_are_those_counted_by_hand() {
    let read = fixture("claude_code.json");
    let cost: i64 = read.aggregates.iter().filter_map(|(_, aggregate)| aggregate.cost_micro_usd).sum();
    // Two terminals at 177 cents; 5 euro cents are not dollars.
    assert_eq!(cost, 2 * 1_770_000);
    let idle = read.aggregates.iter().map(|(_, aggregate)| aggregate).find(|it| it.seat_used == Some(false)).unwrap();
    assert_eq!(idle.actor_id.as_deref(), Some("idle@example.test"));
    let billed: Vec<_> = fixture("cost.json").aggregates.iter().filter_map(|(_, it)| it.cost_micro_usd).collect();
    assert_eq!(billed, [12_345_678, 500, 1_000_000], "cents to the millionth of a dollar");
    let usage = fixture("usage.json");
    let input: i64 = usage.aggregates.iter().filter_map(|(_, aggregate)| aggregate.tokens.input).sum();
    assert_eq!(input, 4 * 1000);
}

fn read(page: &str) -> Recorded {
    crate::sources::testing::read_bytes(&AnthropicAdmin, "x.json", page.as_bytes())
}

#[test]
fn rows_cut_by_what_has_no_column_all_count() {
    let page = r#"{"data":[{"starting_at":"2026-06-01T00:00:00Z","ending_at":"2026-06-02T00:00:00Z","results":[
        {"uncached_input_tokens":10,"model":"m","hue":"red"},{"uncached_input_tokens":20,"model":"m","hue":"blue"}]}]}"#;
    let usage = read(page);
    assert_distinct_aggregates(&AnthropicAdmin, &usage);
    assert_eq!(usage.aggregates.iter().filter_map(|(_, it)| it.tokens.input).sum::<i64>(), 30);
    let day = r#"{"date":"2026-06-01","actor":{"email_address":"a@example.test"},"core_metrics":{"num_sessions":1},"model_breakdown":[{"model":"m"}]}"#;
    let days = read(&format!(r#"{{"data":[{day},{day}]}}"#));
    assert_distinct_aggregates(&AnthropicAdmin, &days);
    assert_eq!(days.aggregates.iter().filter_map(|(_, it)| it.sessions).sum::<i64>(), 2);
}

#[test]
fn use_without_a_session_is_use_of_the_seat() {
    let used = |sessions: &str, rest: &str| {
        let core = format!(r#""core_metrics":{{{sessions}}}"#);
        let page = format!(
            r#"{{"data":[{{"date":"2026-06-01","actor":{{"email_address":"a@example.test"}},{core}{rest}}}]}}"#
        );
        read(&page).aggregates.last().and_then(|(_, it)| it.seat_used)
    };
    let none = r#""num_sessions":0"#;
    for rest in [
        r#","model_breakdown":[{"model":"m","tokens":{"cache_read":1}}]"#,
        r#","tool_actions":{"edit_tool":{"accepted":1}}"#,
    ] {
        assert_eq!(used(none, rest), Some(true), "{rest}");
        assert_eq!(used(none, &rest.replace('1', "0")), Some(false), "{rest}");
    }
    assert_eq!(used(r#""num_sessions":0,"lines_of_code":{"added":3}"#, ""), Some(true));
    assert_eq!(used("", ""), None, "nothing is said of use");
}

#[test]
fn a_page_that_is_missing_is_counted() {
    let page = |more: &str| {
        format!(r#"{{"data":[{{"starting_at":"2026-06-01","ending_at":"2026-06-02","results":[]}}]{more}}}"#)
    };
    let missing = |pages: &[&str]| {
        let pages: Vec<String> = pages.iter().map(|more| page(more)).collect();
        read(&pages.join("\n")).ignored.get("page_is_missing").copied()
    };
    let (more, last) = (r#","has_more":true"#, r#","has_more":false"#);
    assert_eq!(missing(&[more]), Some(1));
    assert_eq!(missing(&[last, more]), Some(1));
    for whole in [&[more, last][..], &[last], &[""]] {
        assert_eq!(missing(whole), None, "{whole:?}");
    }
}
