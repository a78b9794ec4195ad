//! From records to Arrow rows. Owns the mapping of `events` types to the columns of [`super::schema`]; knows nothing of files and commits.

use super::columns::{Column, Held};
use super::schema::Table;
use crate::events::ids::{self, Key};
use crate::events::{Aggregate, Event, Fact, Kind, Outcome, RosterEntry};
use arrow::array::RecordBatch;
use arrow::error::ArrowError;
use rustc_hash::FxHasher;
use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};

/// Identity of a row and which of two copies stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowId {
    /// Same key, same thing.
    pub key: Key,
    /// The larger version stays.
    pub version: i64,
    /// Of equal versions the smaller stays.
    pub tie: i64,
    /// Place in the file and hash of everything else. Of equal ties, which only one file can have, the later record stays, and what was read
    /// last replaces what it differs from.
    pub hash: i64,
}

impl RowId {
    fn new(key: Key, version: i64, tie: i64) -> Self {
        Self { key, version, tie, hash: 0 }
    }

    /// Ties are broken by the first four bytes of the session id (so that all copies of a replayed history go to one session) and by the file's name
    /// second, which alone decides between ids that begin alike.
    fn tie(session_id: &str, source_file: &str) -> i64 {
        let mut head = [0u8; 4];
        for (slot, byte) in head.iter_mut().zip(session_id.bytes()) {
            *slot = byte;
        }
        let place = xxhash_rust::xxh3::xxh3_64(source_file.as_bytes()) as u32;
        ((u64::from(u32::from_be_bytes(head)) << 31) | u64::from(place >> 1)) as i64
    }
}

/// Where a row comes from.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// Source name.
    pub source: &'a str,
    /// Input as named in the lake.
    pub source_file: &'a str,
    /// Byte offset of the record.
    pub offset: u64,
}

/// One line of the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ingested {
    /// Input as named in the lake.
    pub source_file: String,
    /// Source that read it.
    pub source: String,
    /// Hexadecimal blake3 of the committed prefix; for a repository its state id.
    pub content_id: String,
    /// Length of the committed prefix in plain bytes.
    pub committed_bytes: i64,
    /// Hash of the first line.
    pub first_line_hash: i64,
    /// Size on disk.
    pub file_bytes: i64,
    /// Modification time, nanoseconds since the epoch.
    pub modified_ns: i64,
    /// Inode change time, nanoseconds since the epoch; 0 where the system has none.
    pub changed_ns: i64,
    /// Records read, over all runs.
    pub records: i64,
    /// Records rejected, over all runs, without one that the file ends in and that the next run reads again.
    pub rejects: i64,
    /// Ignored kinds with their counts, over all runs.
    pub ignored: BTreeMap<String, u64>,
    /// How often this file was read, 1 at first.
    pub version: i64,
}

/// Collects the rows of one table and turns them into a batch.
pub struct TableBuilder {
    table: Table,
    columns: Vec<Column>,
    next: usize,
    rows: usize,
    bytes: usize,
    /// Identities of the rows, in row order.
    pub ids: Vec<RowId>,
}

/// A row under construction: columns are appended in schema order, each exactly once, and hashed on the way.
struct Row<'a>(&'a mut TableBuilder, FxHasher);

impl Row<'_> {
    fn column(&mut self) -> &mut Column {
        let index = self.0.next;
        self.0.next += 1;
        &mut self.0.columns[index]
    }

    fn text(mut self, value: Option<&str>) -> Self {
        value.hash(&mut self.1);
        self.0.bytes += value.map_or(1, str::len);
        if let Column::Text(builder) = self.column() {
            builder.append_option(value);
        }
        self
    }

    fn long(mut self, value: Option<i64>) -> Self {
        value.hash(&mut self.1);
        self.0.bytes += 8;
        if let Column::Long(builder) = self.column() {
            builder.append_option(value);
        }
        self
    }

    fn int(mut self, value: Option<i32>) -> Self {
        value.hash(&mut self.1);
        if let Column::Int(builder) = self.column() {
            builder.append_option(value);
        }
        self
    }

    fn flag(mut self, value: Option<bool>) -> Self {
        value.hash(&mut self.1);
        if let Column::Flag(builder) = self.column() {
            builder.append_option(value);
        }
        self
    }

    fn moment(mut self, value: Option<i64>) -> Self {
        value.hash(&mut self.1);
        self.0.bytes += 8;
        if let Column::Moment(builder) = self.column() {
            builder.append_option(value);
        }
        self
    }

    fn money(mut self, micro_usd: Option<i64>) -> Self {
        micro_usd.hash(&mut self.1);
        self.0.bytes += 16;
        if let Column::Money(builder) = self.column() {
            builder.append_option(micro_usd.map(i128::from));
        }
        self
    }

    fn key(mut self, key: &Key) -> Self {
        self.0.bytes += 16;
        if let Column::Key(builder) = self.column() {
            builder.append_value(key);
        }
        self
    }

    fn longs(mut self, values: &[i64]) -> Self {
        values.hash(&mut self.1);
        self.0.bytes += values.len() * 8;
        if let Column::Longs(builder) = self.column() {
            if values.is_empty() {
                builder.append_null();
            } else {
                builder.values().append_slice(values);
                builder.append(true);
            }
        }
        self
    }

    fn texts(mut self, values: &[String]) -> Self {
        values.hash(&mut self.1);
        self.0.bytes += values.iter().map(String::len).sum::<usize>();
        if let Column::Texts(builder) = self.column() {
            if values.is_empty() {
                builder.append_null();
            } else {
                for value in values {
                    builder.values().append_value(value);
                }
                builder.append(true);
            }
        }
        self
    }

    fn place(self, place: Place<'_>) {
        self.text(Some(place.source_file)).long(Some(place.offset as i64)).done(place.offset);
    }

    /// Ends the row with its hash: the offset in the upper half, so that of two records of one file the later stays.
    fn done(self, offset: u64) {
        let hash = (offset.min((1 << 34) - 1) << 29 | self.1.finish() >> 35) as i64;
        let Row(builder, _) = self.long(Some(hash));
        if let Some(id) = builder.ids.last_mut() {
            id.hash = hash;
        }
    }
}

impl TableBuilder {
    /// An empty builder.
    pub fn new(table: Table) -> Self {
        let columns = table.schema().fields().iter().map(|field| Column::of(field, Held::default())).collect();
        Self { table, columns, next: 0, rows: 0, bytes: 0, ids: Vec::new() }
    }

    /// Rows so far.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Rough size so far in bytes.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    fn row(&mut self, id: RowId) -> Row<'_> {
        debug_assert!(
            self.next == 0 || self.next == self.columns.len(),
            "a row of {} is incomplete",
            self.table.name()
        );
        self.next = 0;
        self.rows += 1;
        self.ids.push(id);
        let mut row = Row(self, FxHasher::default()).key(&id.key).long(Some(id.version)).long(Some(id.tie));
        row.1 = FxHasher::default();
        row
    }

    /// Adds an event.
    pub fn event(&mut self, place: Place<'_>, event: &Event) {
        let id = RowId::new(
            ids::event_key(place.source, event),
            ids::event_version(event),
            RowId::tie(&event.session_id, place.source_file),
        );
        let tokens = &event.tokens;
        let sketch = event.text.as_ref();
        // Spans and sizes are compared for what a person supplies; nobody asks them of an answer.
        let supplied = sketch.filter(|_| event.kind == Kind::Prompt);
        self.row(id)
            .text(Some(place.source))
            .text(event.event_id.as_deref())
            .moment(Some(event.ts_us))
            .int(event.utc_offset_min)
            .text(Some(&event.session_id))
            .text(event.parent_session_id.as_deref())
            .text(event.actor_id.as_deref())
            .text(event.os_user.as_deref())
            .text(Some(event.kind.as_str()))
            .text(Some(event.trigger.as_str()))
            .text(event.trigger_evidence)
            .text(Some(&event.client))
            .text(event.provider.as_deref())
            .text(event.model.as_deref())
            .long(tokens.input)
            .long(tokens.output)
            .long(tokens.reasoning)
            .long(tokens.cache_read)
            .long(tokens.cache_write)
            .long(tokens.cache_write_1h)
            .text(event.token_basis.map(|basis| basis.as_str()))
            .flag(Some(event.output_is_lower_bound))
            .long(event.output_estimate)
            .money(event.cost_micro_usd)
            .text(event.cost_basis.map(|basis| basis.as_str()))
            .long(sketch.map(|text| text.chars).or(event.stated_chars))
            .long(sketch.map(|text| text.words))
            .long(sketch.map(|text| text.exact_hash))
            .long(sketch.map(|text| text.masked_hash))
            .longs(sketch.map_or(&[], |text| &text.shingles))
            .longs(sketch.map_or(&[], |text| &text.bands))
            .text(event.marker)
            .text(event.command.as_deref())
            .text(event.tool_name.as_deref())
            .text(event.call_id.as_deref())
            .flag(event.is_error)
            .text(event.effect.map(|effect| effect.as_str()))
            .text(event.system.as_deref())
            .text(event.approval.map(|approval| approval.as_str()))
            .text(event.path.as_deref())
            .text(event.repo.as_deref())
            .text(event.branch.as_deref())
            .long(event.duration_ms)
            .long(event.call_hash)
            .long(event.result_hash)
            .longs(&event.added_lines)
            .longs(supplied.map_or(&[], |text| &text.spans))
            .long(supplied.and_then(|text| text.repeated_permille))
            .long(supplied.and_then(|text| text.packed_permille))
            .longs(sketch.map_or(&event.call_names, |text| &text.identifiers))
            .text(event.request_id.as_deref().and_then(ids::shared_id))
            .text(event.response_id.as_deref().and_then(ids::shared_id))
            .place(place);
    }

    /// Adds an outcome.
    pub fn outcome(&mut self, place: Place<'_>, outcome: &Outcome) {
        let id =
            RowId::new(ids::outcome_key(outcome), ids::outcome_version(outcome), RowId::tie("", place.source_file));
        self.row(id)
            .text(Some(place.source))
            .moment(Some(outcome.ts_us))
            .text(Some(&outcome.outcome_id))
            .text(Some(outcome.kind.as_str()))
            .text(Some(outcome.status.as_str()))
            .text(outcome.actor_id.as_deref())
            .texts(&outcome.session_ids)
            .text(outcome.repo.as_deref())
            .text(outcome.branch.as_deref())
            .texts(&outcome.paths)
            .long(outcome.lines_added)
            .long(outcome.lines_deleted)
            .long(outcome.lines_surviving)
            .longs(&outcome.added_lines)
            .texts(&outcome.refs)
            .place(place);
    }

    /// Adds a fact.
    pub fn fact(&mut self, place: Place<'_>, fact: &Fact) {
        let id = RowId::new(ids::fact_key(place.source, fact), 0, RowId::tie(&fact.session_id, place.source_file));
        self.row(id)
            .text(Some(place.source))
            .text(Some(&fact.session_id))
            .moment(fact.ts_us)
            .text(Some(fact.name.as_str()))
            .text(Some(&fact.value))
            .int(Some(fact.rank))
            .text(Some(&fact.evidence))
            .place(place);
    }

    /// Adds an aggregate.
    pub fn aggregate(&mut self, place: Place<'_>, aggregate: &Aggregate) {
        let id = RowId::new(
            ids::aggregate_key(place.source, aggregate),
            ids::aggregate_version(aggregate),
            RowId::tie("", place.source_file),
        );
        let tokens = &aggregate.tokens;
        self.row(id)
            .text(Some(place.source))
            .text(Some(aggregate.report))
            .text(Some(aggregate.counted_by.as_str()))
            .moment(Some(aggregate.from_us))
            .moment(Some(aggregate.to_us))
            .text(aggregate.client.as_deref())
            .text(aggregate.actor_id.as_deref())
            .text(aggregate.key_id.as_deref())
            .text(aggregate.group_id.as_deref())
            .text(aggregate.session_id.as_deref())
            .text(aggregate.provider.as_deref())
            .text(aggregate.model.as_deref())
            .text(aggregate.dimension.as_deref())
            .text(Some(aggregate.trigger.as_str()))
            .long(tokens.input)
            .long(tokens.output)
            .long(tokens.reasoning)
            .long(tokens.cache_read)
            .long(tokens.cache_write)
            .long(tokens.cache_write_1h)
            .money(aggregate.cost_micro_usd)
            .long(aggregate.requests)
            .long(aggregate.prompts)
            .long(aggregate.sessions)
            .long(aggregate.lines_suggested)
            .long(aggregate.lines_added)
            .long(aggregate.lines_deleted)
            .long(aggregate.edits_accepted)
            .long(aggregate.edits_rejected)
            .long(aggregate.commits)
            .long(aggregate.pull_requests)
            .flag(aggregate.seat_used)
            .place(place);
    }

    /// Adds a roster entry; `version` is the number of the ingest run. Of the rows about one id those of the latest run count; rows of one run that
    /// differ are all kept, so that a reader sees that they contradict each other.
    pub fn roster(&mut self, place: Place<'_>, entry: &RosterEntry, version: i64) {
        let id = RowId::new(ids::roster_key(entry), version, RowId::tie("", place.source_file));
        self.row(id)
            .text(Some(&entry.actor_id))
            .texts(&entry.aliases)
            .text(entry.team_id.as_deref())
            .text(entry.role.as_deref())
            .text(Some(if entry.is_service { "service" } else { "person" }))
            .text(entry.time_zone.as_deref())
            .text(entry.active_from.as_deref())
            .text(entry.active_to.as_deref())
            .texts(&entry.licences)
            .place(place);
    }

    /// Adds a reject.
    pub fn reject(&mut self, place: Place<'_>, line: u64, reason: &str, detail: &str) {
        let key = ids::KeyBuilder::new("reject")
            .text(place.source_file)
            .number(place.offset as i64)
            .text(reason)
            .text(detail)
            .finish();
        let id = RowId::new(key, 0, 0);
        self.row(id)
            .text(Some(place.source))
            .text(Some(reason))
            .text(Some(detail))
            .long(Some(line as i64))
            .place(place);
    }

    /// Adds a line of the ledger.
    pub fn ingested(&mut self, entry: &Ingested) {
        let key = ids::KeyBuilder::new("ingested").text(&entry.source_file).finish();
        let id = RowId::new(key, entry.version, 0);
        self.row(id)
            .text(Some(&entry.source_file))
            .text(Some(&entry.source))
            .text(Some(&entry.content_id))
            .long(Some(entry.committed_bytes))
            .long(Some(entry.first_line_hash))
            .long(Some(entry.file_bytes))
            .long(Some(entry.modified_ns))
            .long(Some(entry.changed_ns))
            .long(Some(entry.records))
            .long(Some(entry.rejects))
            .text(Some(&serde_json::json!(entry.ignored).to_string()))
            .done(0);
    }

    /// The rows as a batch, with their identities; the builder is empty afterwards, with room for as many rows again.
    pub fn finish(&mut self) -> Result<(RecordBatch, Vec<RowId>), ArrowError> {
        let schema = self.table.schema();
        let mut arrays = Vec::with_capacity(self.columns.len());
        for (column, field) in self.columns.iter_mut().zip(schema.fields()) {
            let room = column.held(self.rows);
            arrays.push(std::mem::replace(column, Column::of(field, room)).finish());
        }
        self.next = 0;
        self.rows = 0;
        self.bytes = 0;
        let room = Vec::with_capacity(self.ids.len());
        let ids = std::mem::replace(&mut self.ids, room);
        Ok((RecordBatch::try_new(schema, arrays)?, ids))
    }
}
