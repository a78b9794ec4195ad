//! The lake's tables: their names and columns. A public contract (`schema.md`, `outputs.md`); columns are only ever added.

use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use std::sync::Arc;

/// A table of the lake. The ledger is committed after all others, so that a run that dies between two commits is read again and its
/// rows recognised by their keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Table {
    /// One step of a session a row.
    Events,
    /// Something that came of the work a row.
    Outcomes,
    /// What one file says about a session whose steps may stand in another.
    Facts,
    /// Sums that somebody else counted, with seats: a vendor's admin report or another reader of the logs. Never added to events.
    Aggregates,
    /// Who is who.
    Roster,
    /// Input that could not be read: where and why, never the text.
    Quarantine,
    /// Files already read, the ledger.
    Ingested,
}

impl Table {
    /// Every table, the ledger last.
    pub const ALL: [Table; 7] = [
        Table::Events,
        Table::Outcomes,
        Table::Facts,
        Table::Aggregates,
        Table::Roster,
        Table::Quarantine,
        Table::Ingested,
    ];

    /// Directory and SQL name.
    pub fn name(self) -> &'static str {
        match self {
            Table::Events => "events",
            Table::Outcomes => "outcomes",
            Table::Facts => "facts",
            Table::Aggregates => "aggregates",
            Table::Roster => "roster",
            Table::Quarantine => "quarantine",
            Table::Ingested => "ingested",
        }
    }

    /// Position in [`Table::ALL`].
    pub fn index(self) -> usize {
        self as usize
    }

    /// Columns that rows within a row group are sorted by.
    pub fn sort_columns(self) -> &'static [&'static str] {
        match self {
            Table::Events => &["session_id", "ts", "event_key"],
            Table::Outcomes => &["ts", "outcome_key"],
            Table::Facts => &["session_id", "fact_key"],
            Table::Aggregates => &["from_ts", "aggregate_key"],
            Table::Roster => &["actor_id"],
            Table::Quarantine => &["source_file", "byte_offset", "reject_key"],
            Table::Ingested => &["source_file"],
        }
    }

    /// Paths of the columns whose values are hardly ever met twice: keys, hashes, ids, places.
    pub fn unlike_columns(self) -> &'static [&'static str] {
        match self {
            Table::Events => &[
                "event_key",
                "event_id",
                "text_hash",
                "masked_hash",
                "shingles.list.element",
                "bands.list.element",
                "call_id",
                "call_hash",
                "result_hash",
                "byte_offset",
                "row_hash",
            ],
            Table::Outcomes => &["outcome_key", "byte_offset", "row_hash"],
            Table::Facts => &["fact_key", "byte_offset", "row_hash"],
            Table::Aggregates => &["aggregate_key", "byte_offset", "row_hash"],
            Table::Roster => &["roster_key", "byte_offset", "row_hash"],
            Table::Quarantine => &["reject_key", "byte_offset", "row_hash"],
            Table::Ingested => &["file_key", "content_id", "row_hash"],
        }
    }

    /// The column that identifies a row, 128 bits.
    pub fn key_column(self) -> &'static str {
        match self {
            Table::Events => "event_key",
            Table::Outcomes => "outcome_key",
            Table::Facts => "fact_key",
            Table::Aggregates => "aggregate_key",
            Table::Roster => "roster_key",
            Table::Quarantine => "reject_key",
            Table::Ingested => "file_key",
        }
    }

    /// Columns. The first three identify a row: its key (see [`Table::key_column`]), `version` (of two rows with one key the larger stays)
    /// and `tie` (then the smaller);
    /// the last, `row_hash`, tells whether a row that was read again has changed.
    pub fn schema(self) -> SchemaRef {
        let mut fields = vec![
            Field::new(self.key_column(), DataType::Binary, false),
            Field::new("version", DataType::Int64, false),
            Field::new("tie", DataType::Int64, false),
        ];
        fields.extend(match self {
            Table::Events => events(),
            Table::Outcomes => outcomes(),
            Table::Facts => facts(),
            Table::Aggregates => aggregates(),
            Table::Roster => roster(),
            Table::Quarantine => quarantine(),
            Table::Ingested => ingested(),
        });
        fields.push(Field::new("row_hash", DataType::Int64, false));
        Arc::new(Schema::new(fields))
    }
}

/// The type of moments: microseconds since the epoch, UTC.
pub fn timestamp() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
}

/// The type of money: US dollars with six decimals.
pub fn money() -> DataType {
    DataType::Decimal128(18, 6)
}

fn list_of(item: DataType) -> DataType {
    DataType::List(Arc::new(Field::new("element", item, true)))
}

fn text(name: &str) -> Field {
    Field::new(name, DataType::Utf8, true)
}

fn required_text(name: &str) -> Field {
    Field::new(name, DataType::Utf8, false)
}

fn long(name: &str) -> Field {
    Field::new(name, DataType::Int64, true)
}

fn moment(name: &str) -> Field {
    Field::new(name, timestamp(), true)
}

fn longs(name: &str) -> Field {
    Field::new(name, list_of(DataType::Int64), true)
}

fn texts(name: &str) -> Field {
    Field::new(name, list_of(DataType::Utf8), true)
}

fn place() -> [Field; 2] {
    [required_text("source_file"), Field::new("byte_offset", DataType::Int64, false)]
}

fn events() -> Vec<Field> {
    let mut fields = vec![
        required_text("source"),
        text("event_id"),
        moment("ts"),
        Field::new("utc_offset_min", DataType::Int32, true),
        required_text("session_id"),
        text("parent_session_id"),
        text("actor_id"),
        text("os_user"),
        required_text("kind"),
        required_text("trigger"),
        text("trigger_evidence"),
        required_text("client"),
        text("provider"),
        text("model"),
        long("input_tokens"),
        long("output_tokens"),
        long("reasoning_tokens"),
        long("cache_read_tokens"),
        long("cache_write_tokens"),
        long("cache_write_1h_tokens"),
        text("token_basis"),
        Field::new("output_is_lower_bound", DataType::Boolean, false),
        long("output_estimate"),
        Field::new("cost_usd", money(), true),
        text("cost_basis"),
        long("text_chars"),
        long("text_words"),
        long("text_hash"),
        long("masked_hash"),
        longs("shingles"),
        longs("bands"),
        text("marker"),
        text("command"),
        text("tool_name"),
        text("call_id"),
        Field::new("is_error", DataType::Boolean, true),
        text("effect"),
        text("system"),
        text("approval"),
        text("path"),
        text("repo"),
        text("branch"),
        long("duration_ms"),
        long("call_hash"),
        long("result_hash"),
        longs("added_lines"),
        longs("spans"),
        long("repeated_permille"),
        long("packed_permille"),
        longs("identifiers"),
        text("request_id"),
        text("response_id"),
    ];
    fields.extend(place());
    fields
}

fn outcomes() -> Vec<Field> {
    let mut fields = vec![
        required_text("source"),
        moment("ts"),
        required_text("outcome_id"),
        required_text("kind"),
        required_text("status"),
        text("actor_id"),
        texts("session_ids"),
        text("repo"),
        text("branch"),
        texts("paths"),
        long("lines_added"),
        long("lines_deleted"),
        long("lines_surviving"),
        longs("added_lines"),
        texts("refs"),
    ];
    fields.extend(place());
    fields
}

fn facts() -> Vec<Field> {
    let mut fields = vec![
        required_text("source"),
        required_text("session_id"),
        moment("ts"),
        required_text("name"),
        required_text("value"),
        Field::new("rank", DataType::Int32, false),
        required_text("evidence"),
    ];
    fields.extend(place());
    fields
}

fn aggregates() -> Vec<Field> {
    let mut fields = vec![
        required_text("source"),
        required_text("report"),
        required_text("counted_by"),
        moment("from_ts"),
        moment("to_ts"),
        text("client"),
        text("actor_id"),
        text("key_id"),
        text("group_id"),
        text("session_id"),
        text("provider"),
        text("model"),
        text("dimension"),
        required_text("trigger"),
        long("input_tokens"),
        long("output_tokens"),
        long("reasoning_tokens"),
        long("cache_read_tokens"),
        long("cache_write_tokens"),
        long("cache_write_1h_tokens"),
        Field::new("cost_usd", money(), true),
        long("requests"),
        long("prompts"),
        long("sessions"),
        long("lines_suggested"),
        long("lines_added"),
        long("lines_deleted"),
        long("edits_accepted"),
        long("edits_rejected"),
        long("commits"),
        long("pull_requests"),
        Field::new("seat_used", DataType::Boolean, true),
    ];
    fields.extend(place());
    fields
}

fn roster() -> Vec<Field> {
    let mut fields = vec![
        required_text("actor_id"),
        texts("aliases"),
        text("team_id"),
        text("role"),
        required_text("kind"),
        text("time_zone"),
        text("active_from"),
        text("active_to"),
        texts("licences"),
    ];
    fields.extend(place());
    fields
}

fn quarantine() -> Vec<Field> {
    let mut fields = vec![
        required_text("source"),
        required_text("reason"),
        required_text("detail"),
        Field::new("line", DataType::Int64, false),
    ];
    fields.extend(place());
    fields
}

fn ingested() -> Vec<Field> {
    vec![
        required_text("source_file"),
        required_text("source"),
        // blake3 of the committed prefix of the plain bytes, and that prefix's length: what a file is.
        required_text("content_id"),
        Field::new("committed_bytes", DataType::Int64, false),
        // Hash of the first line: which ledger entries a file of unknown name is compared with.
        Field::new("first_line_hash", DataType::Int64, false),
        // Size on disk and times: hints that nothing changed, never identity.
        Field::new("file_bytes", DataType::Int64, false),
        Field::new("modified_ns", DataType::Int64, false),
        Field::new("changed_ns", DataType::Int64, false),
        Field::new("records", DataType::Int64, false),
        Field::new("rejects", DataType::Int64, false),
        // JSON object: ignored record kinds with their counts.
        required_text("ignored"),
    ]
}
