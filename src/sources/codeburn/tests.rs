//! Invented files in the shapes that codeburn 0.9 writes, and the properties that hold for any of them.

use super::Codeburn;
use crate::events::CountedBy;
use crate::events::ids::{Key, aggregate_key};
use crate::sources::testing::{Recorded, assert_aggregates, fixture_bytes, read_fixture};
use crate::sources::{Probe, Source, SourceOptions, Unit, recognise};
use std::collections::BTreeSet;
use std::path::Path;

const FILES: &[&str] = &["export", "export_euro", "report"];

fn bytes(name: &str) -> Vec<u8> {
    fixture_bytes(&Codeburn, &format!("{name}.json"))
}

fn fixture(name: &str) -> Recorded {
    read_fixture(&Codeburn, &format!("src/sources/codeburn/fixtures/{name}.json"))
}

#[test]
fn every_file_becomes_aggregates_and_no_event() {
    for name in FILES {
        let read = fixture(name);
        assert_aggregates(&Codeburn, name, &read, CountedBy::Reader);
    }
}

#[test]
fn a_day_in_two_windows_is_one_day() {
    let read = fixture("export");
    let days = read.aggregates.iter().filter(|(_, aggregate)| aggregate.report == "codeburn.daily");
    let keys: Vec<Key> = days.map(|(_, aggregate)| aggregate_key("codeburn", aggregate)).collect();
    assert_eq!((keys.len(), keys.iter().collect::<BTreeSet<_>>().len()), (3, 2));
}

#[test]
fn files_are_known_by_content() {
    let options = SourceOptions::default();
    let source = |head: &[u8]| {
        recognise(&Probe { path: Path::new("x.json"), unit: Unit::File, head, options: &options }).map(Source::name)
    };
    for name in FILES {
        assert_eq!(source(&bytes(name)), Some("codeburn"), "{name}");
    }
    for stranger in [r#"{"schema":"other"}"#, r#"{"overview":{},"periodKey":"x"}"#, r#"["codeburn.export.v2"]"#, ""] {
        assert_eq!(source(stranger.as_bytes()), None, "{stranger}");
    }
}
