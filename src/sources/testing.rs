//! What tests of sources share: reading fixtures, and holding what was read against snapshots.
//!
//! Damaged and mutated input is not tested source by source: [`super::mutations`] feeds it to every source of the registry.

pub use super::recorded::Recorded;
use super::{Input, Limits, Probe, Source, Unit};
use crate::events::ids::{Key, aggregate_key, event_key, event_version};
use crate::events::{CountedBy, Event};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// An input over a temporary file with these bytes; keep the guard alive while reading.
pub fn input_of(name: &str, bytes: &[u8]) -> (Input, tempfile::TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, bytes).unwrap();
    (file_input(&path, name), dir)
}

/// An input over a file that exists.
pub fn file_input(path: &Path, name: &str) -> Input {
    Input {
        path: path.to_path_buf(),
        name: name.to_owned(),
        unit: Unit::File,
        start: 0,
        limits: Limits::default(),
        as_of_us: None,
        options: Arc::default(),
        unpacked: None,
    }
}

/// Reads bytes under a file name with a source.
pub fn read_bytes(source: &dyn Source, name: &str, bytes: &[u8]) -> Recorded {
    let (input, _guard) = input_of(name, bytes);
    let mut sink = Recorded::default();
    source.read(&input, &mut sink).unwrap();
    sink
}

/// Reads a fixture file, `path` relative to the crate root.
pub fn read_fixture(source: &dyn Source, path: &str) -> Recorded {
    let full = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    let mut sink = Recorded::default();
    source.read(&file_input(&full, path), &mut sink).unwrap();
    sink
}

/// Where a fixture of a source stands.
pub fn fixture_path(source: &dyn Source, file: &str) -> PathBuf {
    folder(source.name()).join("fixtures").join(file)
}

/// The bytes of a fixture.
pub fn fixture_bytes(source: &dyn Source, file: &str) -> Vec<u8> {
    std::fs::read(fixture_path(source, file)).unwrap()
}

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/sources").join(name)
}

/// Reads a fixture as it is and holds it against its snapshot in the source's folder, which `file` names with the folder: `jira/export.csv`.
pub fn assert_fixture(source: &dyn Source, folder: &str, file: &str) {
    assert_read(folder, file, &read_fixture(source, &format!("src/sources/{folder}/fixtures/{file}")));
}

/// Holds what was read against a snapshot in the source's folder.
pub fn assert_read(source: &str, snapshot: &str, read: &Recorded) {
    let snapshots = folder(source).join("snapshots");
    insta::with_settings!({ snapshot_path => snapshots, prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!(snapshot, read.snapshot());
    });
}

/// Asserts that a report became aggregates of this counter and nothing else, as its snapshot has them.
pub fn assert_aggregates(source: &dyn Source, snapshot: &str, read: &Recorded, counted_by: CountedBy) {
    assert!(read.events.is_empty() && read.facts.is_empty(), "{snapshot}");
    assert!(read.aggregates.iter().all(|(_, aggregate)| aggregate.counted_by == counted_by), "{snapshot}");
    assert_read(source.name(), snapshot, read);
}

/// Asserts that no two aggregates of a file are the same sum.
pub fn assert_distinct_aggregates(source: &dyn Source, read: &Recorded) {
    let keys: BTreeSet<_> = read.aggregates.iter().map(|(_, it)| aggregate_key(source.name(), it)).collect();
    assert_eq!(keys.len(), read.aggregates.len());
}

/// What the lake keeps of several files: of each step the fullest copy.
pub fn kept<'a>(source: &dyn Source, files: impl IntoIterator<Item = &'a Recorded>) -> BTreeMap<Key, Event> {
    let mut kept: BTreeMap<Key, Event> = BTreeMap::new();
    for (_, event) in files.into_iter().flat_map(|file| &file.events) {
        let key = event_key(source.name(), event);
        if kept.get(&key).is_none_or(|known| event_version(event) > event_version(known)) {
            kept.insert(key, event.clone());
        }
    }
    kept
}

/// Asserts that `recognise` gives every fixture of a folder to this source, whatever it is called.
pub fn assert_recognised(source: &dyn Source, folder: &str) {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/sources").join(folder).join("fixtures");
    let options = super::SourceOptions::default();
    let mut seen = 0;
    for fixture in std::fs::read_dir(fixtures).unwrap() {
        let bytes = std::fs::read(fixture.unwrap().path()).unwrap();
        let head = &bytes[..bytes.len().min(super::PROBE_BYTES)];
        let probe = Probe { path: Path::new("downloads/export"), unit: Unit::File, head, options: &options };
        let found = super::recognise(&probe);
        assert_eq!(found.map(Source::name), Some(source.name()), "{}", String::from_utf8_lossy(&head[..60]));
        assert!(!source.recognised_by(&probe).is_empty());
        seen += 1;
    }
    assert!(seen > 0);
}
