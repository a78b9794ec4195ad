//! Invented pages in the shapes of the vendor's documentation, and the properties that hold for any of them.

use super::OpenAiAdmin;
use crate::events::CountedBy;
use crate::sources::testing::{Recorded, assert_aggregates, assert_distinct_aggregates, fixture_bytes, read_fixture};
use crate::sources::{Probe, Source, SourceOptions, Unit, recognise};
use std::path::Path;

const FILES: &[&str] = &["usage.json", "costs.json"];

fn bytes(name: &str) -> Vec<u8> {
    fixture_bytes(&OpenAiAdmin, name)
}

fn fixture(name: &str) -> Recorded {
    read_fixture(&OpenAiAdmin, &format!("src/sources/openai_admin/fixtures/{name}"))
}

#[test]
fn every_report_becomes_aggregates_and_no_event() {
    for name in FILES {
        let read = fixture(name);
        assert_aggregates(&OpenAiAdmin, name, &read, CountedBy::Vendor);
        assert_distinct_aggregates(&OpenAiAdmin, &read);
    }
}

#[test]
fn reports_are_known_by_content() {
    let options = SourceOptions::default();
    let source = |head: &[u8]| {
        recognise(&Probe { path: Path::new("x"), unit: Unit::File, head, options: &options }).map(Source::name)
    };
    for name in FILES {
        assert_eq!(source(&bytes(name)), Some("openai_admin"), "{name}");
    }
    for stranger in [
        r#"{"object":"page","data":[]}"#,
        r#"{"object":"list","data":[]}"#,
        r#"{"start_time":1,"results":[]}"#,
        r#""page" organization.usage."#,
        "",
    ] {
        assert_eq!(source(stranger.as_bytes()), None, "{stranger}");
    }
}

#[test]
fn sums_are_those_counted_by_hand() {
    let read = fixture("usage.json");
    let sum = |of: fn(&crate::events::Aggregate) -> Option<i64>| -> i64 {
        read.aggregates.iter().filter_map(|(_, aggregate)| of(aggregate)).sum()
    };
    // 500,000 - 380,000, the same less 20,000, 10 - 50 is nothing, 700 of embeddings, and the row whose output is no count.
    assert_eq!(sum(|a| a.tokens.input), 120_000 + 100_000 + 700 + 120_000);
    assert_eq!(sum(|a| a.requests), 220 * 4 + 7);
    let costs: i64 = fixture("costs.json").aggregates.iter().filter_map(|(_, it)| it.cost_micro_usd).sum();
    assert_eq!(costs, 60_000 + 1_250_000);
}

#[test]
fn rows_cut_by_what_has_no_column_all_count() {
    let row = |cut: &str| {
        format!(r#"{{"object":"organization.usage.images.result","num_model_requests":3,"model":"m"{cut}}}"#)
    };
    let rows = [
        r#","size":"256x256""#,
        r#","size":"512x512""#,
        r#","source":"image.edit""#,
        r#","hue":"red""#,
        r#","hue":"blue""#,
    ];
    let rows: Vec<String> = rows.iter().map(|cut| row(cut)).collect();
    let page = format!(
        r#"{{"object":"page","data":[{{"object":"bucket","start_time":1780272000,"end_time":1780358400,"results":[{}]}}]}}"#,
        rows.join(",")
    );
    let read = |text: &str| crate::sources::testing::read_bytes(&OpenAiAdmin, "x.json", text.as_bytes());
    let once = read(&page);
    assert_distinct_aggregates(&OpenAiAdmin, &once);
    let told: Vec<_> = once.aggregates.iter().map(|(_, it)| it.dimension.as_deref()).collect();
    assert_eq!(told, [Some("size=256x256"), Some("size=512x512"), Some("source=image.edit"), None, Some("#2")]);
    let twice: Vec<_> = read(&format!("{page}\n{page}")).aggregates.into_iter().map(|(_, it)| it.dimension).collect();
    assert_eq!(twice[..5], twice[5..], "a page that was fetched again has the same");
}
