//! A sink that keeps everything, for tests of sources: snapshots are made of its text form.

use super::{Input, Limits, Position, Probe, Reason, Sink, Source, Unit};
use crate::events::ids::{Key, aggregate_key, event_key, event_version};
use crate::events::{Aggregate, CountedBy, Event, Fact, Outcome, RosterEntry};
use proptest::prelude::*;
use proptest::sample::Index;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Everything that a source put into its sink.
#[derive(Debug, Default)]
pub struct Recorded {
    /// Events with their positions.
    pub events: Vec<(Position, Event)>,
    /// Outcomes.
    pub outcomes: Vec<(Position, Outcome)>,
    /// Facts.
    pub facts: Vec<(Position, Fact)>,
    /// Aggregates.
    pub aggregates: Vec<(Position, Aggregate)>,
    /// Roster entries.
    pub roster: Vec<(Position, RosterEntry)>,
    /// Rejects.
    pub rejects: Vec<(Position, Reason, String)>,
    /// Ignored kinds with counts.
    pub ignored: BTreeMap<&'static str, u64>,
    /// Unknown fields with counts.
    pub unknown_fields: BTreeMap<String, u64>,
    /// The plain bytes told.
    pub content: Vec<u8>,
}

impl Sink for Recorded {
    fn event(&mut self, at: Position, event: Event) {
        self.events.push((at, event));
    }
    fn outcome(&mut self, at: Position, outcome: Outcome) {
        self.outcomes.push((at, outcome));
    }
    fn fact(&mut self, at: Position, fact: Fact) {
        self.facts.push((at, fact));
    }
    fn aggregate(&mut self, at: Position, aggregate: Aggregate) {
        self.aggregates.push((at, aggregate));
    }
    fn roster(&mut self, at: Position, entry: RosterEntry) {
        self.roster.push((at, entry));
    }
    fn reject(&mut self, at: Position, reason: Reason, detail: &str) {
        self.rejects.push((at, reason, detail.to_owned()));
    }
    fn ignore(&mut self, kind: &'static str) {
        *self.ignored.entry(kind).or_default() += 1;
    }
    fn content(&mut self, bytes: &[u8]) {
        self.content.extend_from_slice(bytes);
    }
    fn unknown_field(&mut self, name: &str) {
        *self.unknown_fields.entry(name.to_owned()).or_default() += 1;
    }
}

impl Recorded {
    /// Whether the source said nothing at all, not even that it passed something over.
    pub fn is_silent(&self) -> bool {
        self.snapshot().is_empty()
    }

    /// The reject reasons in order.
    pub fn reasons(&self) -> Vec<&'static str> {
        self.rejects.iter().map(|reject| reject.1.as_str()).collect()
    }

    /// A readable form for snapshots: one line an event with its non-null fields, then outcomes, facts, rejects and ignored kinds.
    /// Sketches and hashes are shown as sizes, so that a snapshot says what was read and not how it was hashed.
    pub fn snapshot(&self) -> String {
        let mut out = String::new();
        for (at, event) in &self.events {
            let _ = writeln!(out, "event @{}:{} {}", at.line, at.offset, event_line(event));
        }
        for (at, outcome) in &self.outcomes {
            let mut outcome = outcome.clone();
            let lines = outcome.added_lines.len();
            outcome.added_lines.clear();
            let _ = writeln!(out, "outcome @{}:{} {outcome:?} lines={lines}", at.line, at.offset);
        }
        for (at, fact) in &self.facts {
            let _ = writeln!(out, "fact @{}:{} {fact:?}", at.line, at.offset);
        }
        for (at, aggregate) in &self.aggregates {
            let _ = writeln!(out, "aggregate @{}:{} {}", at.line, at.offset, aggregate_line(aggregate));
        }
        for (at, entry) in &self.roster {
            let _ = writeln!(out, "roster @{}:{} {entry:?}", at.line, at.offset);
        }
        for (at, reason, detail) in &self.rejects {
            let _ = writeln!(out, "reject @{}:{} {} {detail}", at.line, at.offset, reason.as_str());
        }
        for (kind, count) in &self.ignored {
            let _ = writeln!(out, "ignored {kind} {count}");
        }
        for (name, count) in &self.unknown_fields {
            let _ = writeln!(out, "unknown field {name} {count}");
        }
        out
    }
}

fn event_line(event: &Event) -> String {
    let mut out = format!(
        "{} {} session={} trigger={} client={}",
        event.kind,
        jiff::Timestamp::from_microsecond(event.ts_us).map_or_else(|_| event.ts_us.to_string(), |ts| ts.to_string()),
        event.session_id,
        event.trigger,
        event.client
    );
    let mut field = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            let _ = write!(out, " {name}={value}");
        }
    };
    let tokens = &event.tokens;
    field("why", event.trigger_evidence.map(str::to_owned));
    field("offset", event.utc_offset_min.map(|v| v.to_string()));
    field("parent", event.parent_session_id.clone());
    field("id", event.event_id.clone());
    field("request", event.request_id.clone());
    field("response", event.response_id.clone());
    field("actor", event.actor_id.clone());
    field("os_user", event.os_user.clone());
    field("provider", event.provider.clone());
    field("model", event.model.clone());
    field("in", tokens.input.map(|v| v.to_string()));
    field("out", tokens.output.map(|v| v.to_string()));
    field("reasoning", tokens.reasoning.map(|v| v.to_string()));
    field("cache_read", tokens.cache_read.map(|v| v.to_string()));
    field("cache_write", tokens.cache_write.map(|v| v.to_string()));
    field("cache_write_1h", tokens.cache_write_1h.map(|v| v.to_string()));
    field("basis", event.token_basis.map(|v| v.to_string()));
    field("lower_bound", event.output_is_lower_bound.then(|| "yes".into()));
    field("output_estimate", event.output_estimate.map(|v| v.to_string()));
    field("cost", event.cost_micro_usd.map(|v| v.to_string()));
    field("marker", event.marker.map(str::to_owned));
    field("command", event.command.clone());
    field("tool", event.tool_name.clone());
    field("call", event.call_id.clone());
    field("error", event.is_error.map(|v| v.to_string()));
    field("effect", event.effect.map(|v| v.to_string()));
    field("system", event.system.clone());
    field("approval", event.approval.map(|v| v.to_string()));
    field("path", event.path.clone());
    field("repo", event.repo.clone());
    field("branch", event.branch.clone());
    field("ms", event.duration_ms.map(|v| v.to_string()));
    field("words", event.text.as_ref().map(|t| t.words.to_string()));
    field("call_hash", event.call_hash.map(|_| "yes".into()));
    field("result_hash", event.result_hash.map(|_| "yes".into()));
    field("added_lines", (!event.added_lines.is_empty()).then(|| event.added_lines.len().to_string()));
    out
}

fn aggregate_line(aggregate: &Aggregate) -> String {
    let moment = |us: i64| jiff::Timestamp::from_microsecond(us).map_or_else(|_| us.to_string(), |ts| ts.to_string());
    let (from, to) = (moment(aggregate.from_us), moment(aggregate.to_us));
    let mut out = format!("{} {from}..{to} by={}", aggregate.report, aggregate.counted_by);
    let mut field = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            let _ = write!(out, " {name}={value}");
        }
    };
    let tokens = &aggregate.tokens;
    field("client", aggregate.client.clone());
    field("actor", aggregate.actor_id.clone());
    field("key", aggregate.key_id.clone());
    field("group", aggregate.group_id.clone());
    field("session", aggregate.session_id.clone());
    field("provider", aggregate.provider.clone());
    field("model", aggregate.model.clone());
    field("dimension", aggregate.dimension.clone());
    field("trigger", (aggregate.trigger != crate::events::Trigger::Unknown).then(|| aggregate.trigger.to_string()));
    for (name, count) in [
        ("in", tokens.input),
        ("out", tokens.output),
        ("reasoning", tokens.reasoning),
        ("cache_read", tokens.cache_read),
        ("cache_write", tokens.cache_write),
        ("cache_write_1h", tokens.cache_write_1h),
        ("cost", aggregate.cost_micro_usd),
        ("requests", aggregate.requests),
        ("prompts", aggregate.prompts),
        ("sessions", aggregate.sessions),
        ("suggested", aggregate.lines_suggested),
        ("added", aggregate.lines_added),
        ("deleted", aggregate.lines_deleted),
        ("accepted", aggregate.edits_accepted),
        ("rejected", aggregate.edits_rejected),
        ("commits", aggregate.commits),
        ("pull_requests", aggregate.pull_requests),
    ] {
        field(name, count.map(|count| count.to_string()));
    }
    field("seat_used", aggregate.seat_used.map(|used| used.to_string()));
    out
}

/// What may happen to a file: bytes overwritten, bytes put in, the end cut off.
#[derive(Debug, Clone)]
pub struct Damage {
    overwritten: Vec<(Index, u8)>,
    put_in: Vec<u8>,
    at: Index,
    cut: Index,
}

/// Any damage, often of the bytes that JSON is built from.
pub fn damage() -> impl Strategy<Value = Damage> {
    let overwritten = prop::collection::vec((any::<Index>(), any::<u8>()), 0..8);
    let put_in = prop::collection::vec(prop::sample::select(b"{}[]\"\\:,0-e.\n\xff".to_vec()), 0..6);
    (overwritten, put_in, any::<Index>(), any::<Index>()).prop_map(|(overwritten, put_in, at, cut)| Damage {
        overwritten,
        put_in,
        at,
        cut,
    })
}

impl Damage {
    /// The bytes of a file, which is not empty, after it.
    pub fn of(&self, mut bytes: Vec<u8>) -> Vec<u8> {
        for (index, byte) in &self.overwritten {
            let index = index.index(bytes.len());
            bytes[index] = *byte;
        }
        let place = self.at.index(bytes.len());
        bytes.splice(place..place, self.put_in.iter().copied());
        bytes.truncate(self.cut.index(bytes.len()) + 1);
        bytes
    }
}

/// Reads damaged bytes and checks what holds for any file: no panic and no error, no more committed than was there, no negative count.
pub fn read_damaged(source: &dyn Source, name: &str, bytes: &[u8]) -> Recorded {
    let (input, _guard) = input_of(name, bytes);
    let mut sink = Recorded::default();
    let end = source.read(&input, &mut sink).unwrap();
    assert!(end <= bytes.len() as u64);
    for (at, event) in &sink.events {
        let tokens = &event.tokens;
        let counts = [tokens.input, tokens.output, tokens.reasoning, tokens.cache_read, tokens.cache_write];
        assert!(counts.iter().flatten().all(|&count| count >= 0));
        assert!(event.cost_micro_usd.is_none_or(|cost| cost > 0));
        assert!(at.offset <= bytes.len() as u64);
    }
    sink
}

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

/// Reads a fixture with bytes overwritten and its end cut off: it must not panic, and must say of a changed file something of every record.
pub fn read_mutated(source: &dyn Source, path: &str, edits: &[(usize, u8)], keep: usize) {
    let full = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    let mut bytes = std::fs::read(&full).unwrap();
    bytes.truncate(bytes.len() * keep.min(100) / 100);
    for (at, byte) in edits {
        let length = bytes.len().max(1);
        if let Some(place) = bytes.get_mut(at % length) {
            *place = *byte;
        }
    }
    let name = full.file_name().unwrap().to_str().unwrap().to_owned();
    let (input, _guard) = input_of(&name, &bytes);
    let mut sink = Recorded::default();
    if let Ok(end) = source.read(&input, &mut sink) {
        assert!(end <= bytes.len() as u64, "committed beyond the file");
    }
}
