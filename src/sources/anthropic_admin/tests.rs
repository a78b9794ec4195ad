//! Invented pages in the shapes of the vendor's documentation, and the properties that hold for any of them.

use super::AnthropicAdmin;
use crate::events::CountedBy;
use crate::events::ids::aggregate_key;
use crate::sources::testing::{Recorded, damage, read_damaged, read_fixture};
use crate::sources::{Probe, Source, SourceOptions, Unit, recognise};
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::path::Path;

const FILES: &[&str] = &["usage.json", "claude_code.json"];

fn bytes(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/sources/anthropic_admin/fixtures").join(name))
        .unwrap()
}

fn fixture(name: &str) -> Recorded {
    read_fixture(&AnthropicAdmin, &format!("src/sources/anthropic_admin/fixtures/{name}"))
}

#[test]
fn every_report_becomes_aggregates_and_no_event() {
    for name in FILES {
        let read = fixture(name);
        assert!(read.events.is_empty() && read.facts.is_empty(), "{name}");
        assert!(read.aggregates.iter().all(|(_, aggregate)| aggregate.counted_by == CountedBy::Vendor), "{name}");
        let keys: BTreeSet<_> = read.aggregates.iter().map(|(_, it)| aggregate_key("anthropic_admin", it)).collect();
        assert_eq!(keys.len(), read.aggregates.len(), "{name}");
        insta::with_settings!({ snapshot_path => "snapshots", prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_snapshot!(*name, read.snapshot());
        });
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
    let usage = fixture("usage.json");
    let input: i64 = usage.aggregates.iter().filter_map(|(_, aggregate)| aggregate.tokens.input).sum();
    assert_eq!(input, 4 * 1000);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    /// Cut, overwritten and spliced bytes never end in a panic, and reading again says the same.
    #[test]
    fn damaged_reports_are_read_to_the_end(file in 0..FILES.len(), damage in damage()) {
        let bytes = damage.of(bytes(FILES[file]));
        let once = read_damaged(&AnthropicAdmin, "x", &bytes);
        prop_assert_eq!(once.snapshot(), read_damaged(&AnthropicAdmin, "x", &bytes).snapshot());
    }
}
