//! Rows to Parquet columns and back, one declaration a table.

use super::{ResultsError, tables_directory};
use crate::engine::rows::{Columns, RowError};
use crate::lake::of_the_system;
use crate::lake::schema::{money, timestamp};
use crate::report::inputs::{CoverageFact, JobFacts, OutcomeFact};
use crate::score::rows::{
    ActorWeekRow, AttributionRow, FindingRow, IdentityRow, OutcomeCoverageRow, PopulationRow, SeatRow, SessionRow,
    SessionSourceRow, SignalRow, TeamRow, word,
};
use arrow::array::{
    ArrayRef, BooleanArray, Decimal128Array, Float64Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use parquet::arrow::{ArrowWriter, ProjectionMask};
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use rayon::prelude::*;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Rows that are columns beside being rows while a table is written; a multiple of the pieces that the Parquet writer works in.
const ROWS_AT_ONCE: usize = 1 << 16;

/// Rows of one row group: a reader with several cores shares them.
const ROWS_OF_A_GROUP: usize = 1 << 18;

/// A row of a result table.
pub trait ResultRow: Sized + Send {
    /// File name without `.parquet`.
    const TABLE: &'static str;
    /// Columns.
    fn schema() -> SchemaRef;
    /// Rows to columns.
    fn columns(rows: &[Self]) -> Vec<ArrayRef>;
    /// Columns to rows.
    fn rows(columns: &Columns<'_>) -> Result<Vec<Self>, RowError>;
}

/// Writes `OUT/tables/TABLE.parquet`, whole or not at all.
pub fn write<R: ResultRow>(out: &Path, rows: &[R]) -> Result<(), ResultsError> {
    let mut writing = Writing::create::<R>(out)?;
    // A piece at a time: the columns of all rows would be a second copy of them.
    for piece in rows.chunks(ROWS_AT_ONCE) {
        writing.piece(piece)?;
    }
    writing.finish()
}

/// A table of more rows than memory should hold: written while they come, whole or not at all.
pub struct Table<R: ResultRow> {
    writing: Writing,
    waiting: Vec<R>,
}

impl<R: ResultRow> Table<R> {
    /// Begins `OUT/tables/TABLE.parquet`.
    pub fn create(out: &Path) -> Result<Self, ResultsError> {
        Ok(Self { writing: Writing::create::<R>(out)?, waiting: Vec::new() })
    }

    /// The next row.
    pub fn push(&mut self, row: R) -> Result<(), ResultsError> {
        self.waiting.push(row);
        if self.waiting.len() == ROWS_AT_ONCE {
            self.writing.piece(&self.waiting)?;
            self.waiting.clear();
        }
        Ok(())
    }

    /// Puts the file in its place.
    pub fn finish(mut self) -> Result<(), ResultsError> {
        if !self.waiting.is_empty() {
            self.writing.piece(&self.waiting)?;
        }
        self.writing.finish()
    }
}

/// A file of a table that is being written beside its place.
struct Writing {
    path: PathBuf,
    file: tempfile::NamedTempFile,
    writer: ArrowWriter<std::fs::File>,
}

impl Writing {
    fn create<R: ResultRow>(out: &Path) -> Result<Self, ResultsError> {
        let directory = tables_directory(out);
        let path = directory.join(format!("{}.parquet", R::TABLE));
        let io = |error| ResultsError::Io { path: path.clone(), error };
        let damaged = |error: String| ResultsError::Damaged { path: path.clone(), error };
        std::fs::create_dir_all(&directory).map_err(io)?;
        let compression = ZstdLevel::try_new(3).map(Compression::ZSTD).map_err(|error| damaged(error.to_string()))?;
        let properties = WriterProperties::builder()
            .set_compression(compression)
            .set_max_row_group_row_count(Some(ROWS_OF_A_GROUP))
            .set_created_by("footlight".into())
            .build();
        let file = tempfile::NamedTempFile::new_in(&directory).map_err(io)?;
        let handle = file.as_file().try_clone().map_err(io)?;
        let writer =
            ArrowWriter::try_new(handle, R::schema(), Some(properties)).map_err(|error| unwritten(&path, error))?;
        Ok(Self { path, file, writer })
    }

    fn piece<R: ResultRow>(&mut self, rows: &[R]) -> Result<(), ResultsError> {
        let batch = RecordBatch::try_new(R::schema(), R::columns(rows))
            .map_err(|error| ResultsError::Damaged { path: self.path.clone(), error: error.to_string() })?;
        self.writer.write(&batch).map_err(|error| unwritten(&self.path, error))
    }

    fn finish(self) -> Result<(), ResultsError> {
        let Self { path, file, writer } = self;
        writer.close().map_err(|error| unwritten(&path, error))?;
        persist(file, &path).map_err(|error| ResultsError::Io { path, error })
    }
}

fn unwritten(path: &Path, error: ParquetError) -> ResultsError {
    let path = path.to_owned();
    match of_the_system(error) {
        Ok(error) => ResultsError::Io { path, error },
        Err(error) => ResultsError::Damaged { path, error: error.to_string() },
    }
}

/// Writes a file under a temporary name and renames it, so that a reader never sees half of it.
pub fn write_file(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let directory = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(directory)?;
    file.write_all(bytes)?;
    persist(file, path)
}

fn persist(file: tempfile::NamedTempFile, path: &Path) -> std::io::Result<()> {
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// Reads `OUT/tables/TABLE.parquet`.
pub fn read<R: ResultRow>(out: &Path) -> Result<Vec<R>, ResultsError> {
    let groups = by_row_group(out, R::TABLE, None, |columns, rows: &mut Vec<R>| {
        rows.extend(R::rows(columns)?);
        Ok(())
    })?;
    Ok(groups.into_iter().flatten().collect())
}

/// What `take` makes of each row group of `OUT/tables/TABLE.parquet`, in the order of the file: groups are read in parallel, batch after batch, and of
/// the columns only `only` where that is said.
///
/// # Errors
/// [`ResultsError`] when the table is missing or cannot be read.
pub(super) fn by_row_group<T: Default + Send>(
    out: &Path,
    table: &str,
    only: Option<&[&str]>,
    take: impl Fn(&Columns<'_>, &mut T) -> Result<(), RowError> + Sync,
) -> Result<Vec<T>, ResultsError> {
    let path = tables_directory(out).join(format!("{table}.parquet"));
    let open = || match File::open(&path) {
        Ok(file) => Ok(file),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(ResultsError::Missing(path.clone())),
        Err(error) => Err(ResultsError::Io { path: path.clone(), error }),
    };
    let damaged = |error: String| ResultsError::Damaged { path: path.clone(), error };
    let metadata =
        ArrowReaderMetadata::load(&open()?, ArrowReaderOptions::new()).map_err(|error| damaged(error.to_string()))?;
    let group = |group: usize| -> Result<T, ResultsError> {
        let mut reader =
            ParquetRecordBatchReaderBuilder::new_with_metadata(open()?, metadata.clone()).with_row_groups(vec![group]);
        if let Some(only) = only {
            let projection = ProjectionMask::columns(metadata.parquet_schema(), only.iter().copied());
            reader = reader.with_projection(projection);
        }
        let mut taken = T::default();
        for batch in reader.build().map_err(|error| damaged(error.to_string()))? {
            let batch = batch.map_err(|error| damaged(error.to_string()))?;
            take(&Columns::new(&batch), &mut taken).map_err(|error| damaged(error.to_string()))?;
        }
        Ok(taken)
    };
    (0..metadata.metadata().num_row_groups()).into_par_iter().map(group).collect()
}

/// How one kind of column is declared, built and read.
macro_rules! column {
    (type text) => {
        (DataType::Utf8, false)
    };
    (type word) => {
        (DataType::Utf8, false)
    };
    (type maybe_text) => {
        (DataType::Utf8, true)
    };
    (type long) => {
        (DataType::Int64, false)
    };
    (type maybe_long) => {
        (DataType::Int64, true)
    };
    (type float) => {
        (DataType::Float64, false)
    };
    (type maybe_float) => {
        (DataType::Float64, true)
    };
    (type maybe_money) => {
        (money(), true)
    };
    (type moment) => {
        (timestamp(), false)
    };
    (type flag) => {
        (DataType::Boolean, false)
    };
    (type maybe_flag) => {
        (DataType::Boolean, true)
    };

    (build text, $rows:expr, $field:ident) => {
        Arc::new($rows.iter().map(|row| Some(row.$field.as_str())).collect::<StringArray>())
    };
    (build word, $rows:expr, $field:ident) => {
        Arc::new($rows.iter().map(|row| Some(row.$field.as_ref())).collect::<StringArray>())
    };
    (build maybe_text, $rows:expr, $field:ident) => {
        Arc::new($rows.iter().map(|row| row.$field.as_deref()).collect::<StringArray>())
    };
    (build long, $rows:expr, $field:ident) => {
        Arc::new($rows.iter().map(|row| Some(row.$field)).collect::<Int64Array>())
    };
    (build maybe_long, $rows:expr, $field:ident) => {
        Arc::new($rows.iter().map(|row| row.$field).collect::<Int64Array>())
    };
    (build float, $rows:expr, $field:ident) => {
        Arc::new($rows.iter().map(|row| Some(rounded(row.$field))).collect::<Float64Array>())
    };
    (build maybe_float, $rows:expr, $field:ident) => {
        Arc::new($rows.iter().map(|row| row.$field.map(rounded)).collect::<Float64Array>())
    };
    (build maybe_money, $rows:expr, $field:ident) => {
        Arc::new(
            $rows.iter().map(|row| row.$field.map(i128::from)).collect::<Decimal128Array>().with_data_type(money()),
        )
    };
    (build moment, $rows:expr, $field:ident) => {
        Arc::new($rows.iter().map(|row| Some(row.$field)).collect::<TimestampMicrosecondArray>().with_timezone("UTC"))
    };
    (build flag, $rows:expr, $field:ident) => {
        Arc::new($rows.iter().map(|row| Some(row.$field)).collect::<BooleanArray>())
    };
    (build maybe_flag, $rows:expr, $field:ident) => {
        Arc::new($rows.iter().map(|row| row.$field).collect::<BooleanArray>())
    };

    (open text, $columns:expr, $name:expr) => {
        $columns.text($name)?
    };
    (open word, $columns:expr, $name:expr) => {
        $columns.text($name)?
    };
    (open maybe_text, $columns:expr, $name:expr) => {
        $columns.text($name)?
    };
    (open long, $columns:expr, $name:expr) => {
        $columns.integer($name)?
    };
    (open maybe_long, $columns:expr, $name:expr) => {
        $columns.integer($name)?
    };
    (open float, $columns:expr, $name:expr) => {
        $columns.number($name)?
    };
    (open maybe_float, $columns:expr, $name:expr) => {
        $columns.number($name)?
    };
    (open maybe_money, $columns:expr, $name:expr) => {
        $columns.micro_usd($name)?
    };
    (open moment, $columns:expr, $name:expr) => {
        $columns.time($name)?
    };
    (open flag, $columns:expr, $name:expr) => {
        $columns.boolean($name)?
    };
    (open maybe_flag, $columns:expr, $name:expr) => {
        $columns.boolean($name)?
    };

    (get text, $column:expr, $row:expr) => {
        $column.required($row)?
    };
    (get word, $column:expr, $row:expr) => {
        word($column.required($row)?)
    };
    (get long, $column:expr, $row:expr) => {
        $column.required($row)?
    };
    (get float, $column:expr, $row:expr) => {
        $column.required($row)?
    };
    (get moment, $column:expr, $row:expr) => {
        $column.required($row)?
    };
    (get flag, $column:expr, $row:expr) => {
        $column.required($row)?
    };
    (get $maybe:ident, $column:expr, $row:expr) => {
        $column.get($row)
    };
}

/// A table: its file name, and for each field its kind and column name.
macro_rules! result_table {
    ($row:ty, $table:literal, { $($field:ident: $kind:ident = $name:literal,)+ }) => {
        impl ResultRow for $row {
            const TABLE: &'static str = $table;
            fn schema() -> SchemaRef {
                Arc::new(Schema::new(vec![$({
                    let (data_type, nullable) = column!(type $kind);
                    Field::new($name, data_type, nullable)
                },)+]))
            }
            fn columns(rows: &[Self]) -> Vec<ArrayRef> {
                vec![$(column!(build $kind, rows, $field),)+]
            }
            fn rows(columns: &Columns<'_>) -> Result<Vec<Self>, RowError> {
                $(let $field = column!(open $kind, columns, $name);)+
                (0..columns.rows())
                    .map(|row| Ok(Self { $($field: column!(get $kind, $field, row),)+ }))
                    .collect()
            }
        }
    };
}
pub(super) use {column, result_table};

/// Nine decimals: more than any of these figures can carry, few enough to be the same on every machine.
pub(super) fn rounded(value: f64) -> f64 {
    (value * 1e9).round() / 1e9
}

result_table!(SessionRow, "sessions", {
    session_id: text = "session_id",
    actor: text = "actor",
    team_id: text = "team_id",
    client: text = "client",
    trigger: text = "trigger",
    started_at: moment = "started_at",
    ended_at: moment = "ended_at",
    iso_week: text = "iso_week",
    prompts: long = "prompts",
    completions: long = "completions",
    tool_calls: long = "tool_calls",
    input_tokens: maybe_long = "input_tokens",
    output_tokens: maybe_long = "output_tokens",
    cache_read_tokens: maybe_long = "cache_read_tokens",
    cache_write_tokens: maybe_long = "cache_write_tokens",
    cost_micro_usd: maybe_money = "cost_usd",
    completions_without_usage: long = "completions_without_usage",
    lower_bound_completions: long = "lower_bound_completions",
    outcome_link: text = "outcome_link",
    score_db: maybe_float = "score_db",
    band: text = "band",
    archetype: text = "archetype",
    objection: text = "objection",
});

result_table!(ActorWeekRow, "actor_weeks", {
    actor: text = "actor",
    team_id: text = "team_id",
    iso_week: text = "iso_week",
    sessions: long = "sessions",
    prompts: long = "prompts",
    tokens: maybe_long = "tokens",
    cost_micro_usd: maybe_money = "cost_usd",
    outcomes: maybe_long = "outcomes",
    score_db: maybe_float = "score_db",
    band: text = "band",
    objection: text = "objection",
});

result_table!(SignalRow, "signals", {
    scope: word = "scope",
    unit_id: text = "unit_id",
    signal: word = "signal",
    family: word = "family",
    value: maybe_float = "value",
    n: long = "n",
    p: maybe_float = "p",
    weight_db: maybe_float = "weight_db",
    status: word = "status",
    abstain_reason: maybe_text = "abstain_reason",
    discount: float = "discount",
    evidence: text = "evidence",
});

result_table!(FindingRow, "findings", {
    session_id: text = "session_id",
    finding: text = "finding",
    count: long = "count",
    tokens: maybe_long = "tokens",
    cost_micro_usd: maybe_money = "cost_usd",
    first_at: moment = "first_at",
    last_at: moment = "last_at",
    evidence: text = "evidence",
});

result_table!(TeamRow, "teams", {
    team_id: text = "team_id",
    iso_week: text = "iso_week",
    actors: maybe_long = "actors",
    active_actors: maybe_long = "active_actors",
    tokens: maybe_long = "tokens",
    cost_micro_usd: maybe_money = "cost_usd",
    outcomes: maybe_long = "outcomes",
    tokens_with_outcome_low: maybe_long = "tokens_with_outcome_low",
    tokens_with_outcome_high: maybe_long = "tokens_with_outcome_high",
    flagged_share: maybe_float = "flagged_share",
    flagged_low: maybe_float = "flagged_low",
    flagged_high: maybe_float = "flagged_high",
    flagged_distinguishable: maybe_flag = "flagged_distinguishable",
    suppressed: flag = "suppressed",
});

result_table!(SeatRow, "seats", {
    actor: text = "actor",
    product: text = "product",
    team_id: text = "team_id",
    used: maybe_flag = "used",
    ever_used: maybe_flag = "ever_used",
    last_used_week: maybe_text = "last_used_week",
});

result_table!(OutcomeCoverageRow, "outcome_coverage", {
    actor: text = "actor",
    edited_paths: long = "edited_paths",
    covered_paths: long = "covered_paths",
});

result_table!(CoverageFact, "coverage", {
    month: text = "month",
    scope: text = "scope",
    measure: text = "measure",
    billed: long = "billed",
    logged: long = "logged",
    held_low: long = "held_low",
    held_high: long = "held_high",
    billed_periods: long = "billed_periods",
    people: long = "people",
});

result_table!(JobFacts, "declared_automations", {
    kind: text = "kind",
    job: text = "job",
    schedule: maybe_text = "schedule",
    owner: maybe_text = "owner",
    runs: long = "runs",
    weeks: long = "weeks",
    tokens: maybe_long = "tokens",
    cost_micro_usd: maybe_money = "cost_usd",
    unpriced_runs: long = "unpriced_runs",
    followed_runs: long = "followed_runs",
    taken_up_runs: maybe_long = "taken_up_runs",
    lines: long = "lines",
    landed_lines: maybe_long = "landed_lines",
    cost_not_taken_up_micro_usd: maybe_money = "cost_not_taken_up_usd",
});

result_table!(PopulationRow, "population", {
    test: text = "test",
    scope: text = "scope",
    estimate: maybe_float = "estimate",
    estimate_unit: text = "estimate_unit",
    ci_low: maybe_float = "ci_low",
    ci_high: maybe_float = "ci_high",
    p: maybe_float = "p",
    n: long = "n",
    n_unit: text = "n_unit",
    status: text = "status",
    note: text = "note",
});

result_table!(AttributionRow, "attribution", {
    session_id: text = "session_id",
    outcome_id: text = "outcome_id",
    tier: text = "tier",
    confidence: float = "confidence",
    lines_matched: long = "lines_matched",
    outcome_kind: text = "outcome_kind",
});

result_table!(SessionSourceRow, "session_sources", {
    session_id: text = "session_id",
    source: text = "source",
    requests_seen: long = "requests_seen",
    requests_counted: long = "requests_counted",
});

result_table!(IdentityRow, "identities", {
    identity: text = "identity",
    form: text = "form",
    actor: text = "actor",
    confidence: text = "confidence",
    conflict: flag = "conflict",
    reason: text = "reason",
    looks_like: maybe_text = "looks_like",
    events: long = "events",
    outcomes: long = "outcomes",
});

result_table!(OutcomeFact, "attributed_outcomes", {
    outcome_id: text = "outcome_id",
    kept: maybe_flag = "kept",
    outcome_kind: text = "outcome_kind",
});
