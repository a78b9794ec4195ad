//! Invented reports in the shapes that ccusage 20 writes, and the properties that hold for any of them.

use super::Ccusage;
use crate::events::CountedBy;
use crate::events::ids::{Key, aggregate_key};
use crate::sources::testing::{Recorded, assert_aggregates, fixture_bytes, read_bytes, read_fixture};
use crate::sources::{Probe, Source, SourceOptions, Unit, recognise};
use std::collections::BTreeSet;
use std::path::Path;

const FILES: &[&str] = &["daily_all", "claude_projects", "codex_daily", "sessions", "blocks", "damaged"];

fn bytes(name: &str) -> Vec<u8> {
    fixture_bytes(&Ccusage, &format!("{name}.json"))
}

fn fixture(name: &str) -> Recorded {
    read_fixture(&Ccusage, &format!("src/sources/ccusage/fixtures/{name}.json"))
}

#[test]
fn every_report_becomes_aggregates_and_no_event() {
    for name in FILES {
        let read = fixture(name);
        assert_aggregates(&Ccusage, name, &read, CountedBy::Reader);
    }
}

#[test]
fn sums_are_those_of_the_report() {
    let read = fixture("codex_daily");
    let sum = |of: fn(&crate::events::Aggregate) -> Option<i64>| -> i64 {
        read.aggregates.iter().filter_map(|(_, aggregate)| of(aggregate)).sum()
    };
    assert_eq!(
        [sum(|a| a.tokens.input), sum(|a| a.tokens.output), sum(|a| a.tokens.cache_read)],
        [10_000, 955, 28_100]
    );
    assert_eq!(sum(|a| a.cost_micro_usd), 105_200);
}

#[test]
fn reports_are_known_by_content() {
    let options = SourceOptions::default();
    let source = |head: &[u8]| {
        recognise(&Probe { path: Path::new("x.json"), unit: Unit::File, head, options: &options }).map(Source::name)
    };
    for name in FILES {
        assert_eq!(source(&bytes(name)), Some("ccusage"), "{name}");
    }
    for stranger in
        [r#"{"daily":[]}"#, r#"{"rows":[{"cacheCreationTokens":1}]}"#, r#"["cacheCreationTokens"]"#, "{}", ""]
    {
        assert_eq!(source(stranger.as_bytes()), None, "{stranger}");
    }
}

#[test]
fn a_report_that_was_made_twice_has_the_same_keys() {
    let keys = |read: &Recorded| -> BTreeSet<Key> {
        read.aggregates.iter().map(|(_, aggregate)| aggregate_key("ccusage", aggregate)).collect()
    };
    for name in FILES {
        let read = fixture(name);
        assert_eq!(keys(&read).len(), read.aggregates.len(), "{name}");
    }
    let later =
        String::from_utf8(bytes("daily_all")).unwrap().replace("\"outputTokens\": 118", "\"outputTokens\": 120");
    let name = "src/sources/ccusage/fixtures/daily_all.json";
    assert_eq!(keys(&read_bytes(&Ccusage, name, later.as_bytes())), keys(&fixture("daily_all")));
    let of_another = read_bytes(&Ccusage, "bob/daily_all.json", &bytes("daily_all"));
    assert!(keys(&of_another).is_disjoint(&keys(&fixture("daily_all"))), "two people's days are not one");
}

/// Found by mutation: models that are no list and no map were passed over, and the row stood for all of them.
#[test]
fn models_that_are_none_are_rejected_and_the_row_is_read() {
    let row = |models: &str| {
        format!(r#"{{"daily":[{{"date":"2026-06-01","inputTokens":10,"outputTokens":2,"models":{models}}}]}}"#)
    };
    for (models, reasons) in [
        ("7", vec!["bad_value"]),
        ("\"gpt-5\"", vec!["bad_value"]),
        ("null", vec![]),
        ("[\"gpt-5\"]", vec![]),
        ("[[1]]", vec!["bad_value"]),
    ] {
        let read = read_bytes(&Ccusage, "daily.json", row(models).as_bytes());
        assert_eq!((read.aggregates.len(), read.reasons()), (1, reasons), "{models}");
    }
}
