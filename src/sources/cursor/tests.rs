//! Invented pages in the shapes of the vendor's documentation, and the properties that hold for any of them.

use super::Cursor;
use crate::events::CountedBy;
use crate::sources::testing::{Recorded, assert_aggregates, assert_distinct_aggregates, fixture_bytes, read_fixture};
use crate::sources::{Probe, Source, SourceOptions, Unit, recognise};
use std::path::Path;

const FILES: &[&str] = &["first_layout.csv", "additive.csv", "inclusive.csv", "usage_events.json", "daily_usage.json"];

fn bytes(name: &str) -> Vec<u8> {
    fixture_bytes(&Cursor, name)
}

fn fixture(name: &str) -> Recorded {
    read_fixture(&Cursor, &format!("src/sources/cursor/fixtures/{name}"))
}

#[test]
fn every_report_becomes_aggregates_and_no_event() {
    for name in FILES {
        let read = fixture(name);
        assert_aggregates(&Cursor, name, &read, CountedBy::Vendor);
        assert_distinct_aggregates(&Cursor, &read);
    }
}

#[test]
fn reports_are_known_by_content() {
    let options = SourceOptions::default();
    let source = |head: &[u8]| {
        recognise(&Probe { path: Path::new("x"), unit: Unit::File, head, options: &options }).map(Source::name)
    };
    for name in FILES {
        assert_eq!(source(&bytes(name)), Some("cursor"), "{name}");
    }
    for stranger in [r#"Date,Amount"#, r#"Datum,Model,Cost"#, r#"{"data":[{"composerRequests":1}]}"#, r#"[1]"#, ""] {
        assert_eq!(source(stranger.as_bytes()), None, "{stranger}");
    }
}

#[test]
fn a_checksum_decides_what_the_cache_column_means() {
    let writes = |name: &str| {
        let read = fixture(name);
        read.aggregates.iter().map(|(_, it)| (it.tokens.input, it.tokens.cache_write)).collect::<Vec<_>>()
    };
    assert_eq!(writes("additive.csv")[0], (Some(120), Some(900)));
    assert_eq!(writes("inclusive.csv"), [(Some(120), Some(900)), (Some(40), Some(0)), (Some(400), Some(100))]);
}

#[test]
fn cells_that_are_no_amount_cost_nothing_of_their_own() {
    use super::cost;
    for (text, micros) in [("$0.12", Some(120_000)), ("0.12", Some(120_000)), ("$1,200", Some(1_200_000_000))] {
        assert_eq!(cost(text), Ok(micros), "{text}");
    }
    for text in ["Included", "free", "-", "NaN", "", " "] {
        assert_eq!(cost(text), Ok(None), "{text}");
    }
    assert!(cost("much").is_err() && cost("-3").is_err());
}

#[test]
fn equal_rows_all_count_and_idle_seats_appear() {
    let events = fixture("usage_events.json");
    let first = events.aggregates.iter().filter(|(_, it)| it.from_us == 1_780_304_400_000_000);
    assert_eq!(first.count(), 2);
    let days = fixture("daily_usage.json");
    let idle = days.aggregates.iter().map(|(_, it)| it).find(|it| it.actor_id.as_deref() == Some("idle@example.test"));
    assert_eq!(idle.and_then(|it| it.seat_used), Some(false));
}

#[test]
fn an_event_on_two_pages_of_one_file_counts_once_and_equal_events_of_a_page_all_count() {
    use crate::events::ids::aggregate_key;
    let event =
        |second: u32| format!(r#"{{"timestamp":"17803044{second:02}000","userEmail":"a@example.test","model":"m"}}"#);
    let page = |events: &[u32]| {
        let events: Vec<String> = events.iter().map(|second| event(*second)).collect();
        format!(r#"{{"usageEvents":[{}]}}"#, events.join(","))
    };
    let told = |text: String| {
        let read = crate::sources::testing::read_bytes(&Cursor, "x.json", text.as_bytes());
        read.aggregates
            .iter()
            .map(|(_, it)| aggregate_key("cursor", it))
            .collect::<std::collections::BTreeSet<_>>()
            .len()
    };
    assert_eq!(told(page(&[1, 2, 2, 3]) + &page(&[2, 2, 3, 4])), 5);
    assert_eq!(told(format!("[{},\n{}]", page(&[1, 2]), page(&[2, 3]))), 3, "a list of pages");
}

#[test]
fn a_page_that_is_missing_is_counted() {
    let page = |more: bool| format!(r#"{{"usageEvents":[],"pagination":{{"numPages":2,"hasNextPage":{more}}}}}"#);
    let missing = |text: String| {
        crate::sources::testing::read_bytes(&Cursor, "x.json", text.as_bytes()).ignored.get("page_is_missing").copied()
    };
    assert_eq!(missing(page(true)), Some(1));
    assert_eq!(missing(page(true) + &page(false)), None);
    assert_eq!(missing(r#"{"usageEvents":[]}"#.to_owned()), None);
}

/// Found by fuzzing: a quote that opens in the header made all rows part of it.
#[test]
fn a_quote_in_the_header_does_not_swallow_the_rows_in_silence() {
    let text = b"Date,Model,\"Cache Read,Max Mode\n2025-06-02,gpt-5,40,No\n";
    let read = crate::sources::testing::read_bytes(&Cursor, "x.csv", text);
    assert_eq!((read.aggregates.len(), read.reasons()), (0, vec!["bad_value"]));
}
