//! The bill as the queries see it: rows of `aggregates`.
//!
//! Owns the lake that bills are read into, in a temporary directory, and the view over it. Requests (a gateway's log, a table that a `[[mapping]]` reads as events) are
//! rows of one request each; a request that two of the bills tell of is one, by the rule of the lake (`int_counted_events`). A price that footlight put on them is none
//! that anybody billed.

use crate::cli::ReconcileArgs;
use crate::commands::UsageError;
use crate::commands::base_tables::{self, Span, aggregate_identities};
use crate::commands::identity::IdentityResolver;
use crate::commands::settings::Settings;
use crate::engine::rows::Columns;
use crate::engine::{Engine, Models};
use crate::ingest::{IngestOptions, KeepFrom, Progress, ingest};
use crate::lake::{Lake, Table};
use crate::sources::Limits;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// What was read of the bills.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(super) struct Read {
    /// Files by the source that read them.
    pub(super) files_by_source: BTreeMap<String, usize>,
    /// Rows of the bills.
    pub(super) rows: usize,
    /// Rows that stood twice, in one file or several, and count once.
    pub(super) duplicates: usize,
    /// Rows and files that could not be read, by reason.
    pub(super) rejected: BTreeMap<String, u64>,
    /// Rows that are no usage, by source and kind.
    pub(super) ignored: BTreeMap<String, u64>,
    /// Files that say that there are more pages of their report, where none was given.
    pub(super) pages_missing: i64,
}

impl Read {
    /// Whether a part of the bills could not be read, or was not given: exit code 3.
    pub(super) fn is_partial(&self) -> bool {
        !self.rejected.is_empty() || self.pages_missing > 0
    }
}

/// The columns of `aggregates`, for requests. A request's own tool is the gateway's business: what it is compared with is decided by its model.
const VIEW: &str = "
    select * from bill_aggregates
    union all
    select c.event_key, e.version, e.tie, c.source, 'requests', 'vendor', c.ts,
        arrow_cast(arrow_cast(c.ts, 'Int64') + 1, 'Timestamp(Microsecond, Some(\"UTC\"))'),
        arrow_cast(null, 'Utf8'), c.actor_id, arrow_cast(null, 'Utf8'), arrow_cast(null, 'Utf8'), c.session_id, c.provider, c.model, arrow_cast(null, 'Utf8'),
        c.trigger, c.input_tokens, c.output_tokens, e.reasoning_tokens, c.cache_read_tokens, c.cache_write_tokens, e.cache_write_1h_tokens,
        case when c.cost_basis = 'reported' then c.cost_usd end, 1,
        arrow_cast(null, 'Int64'), arrow_cast(null, 'Int64'), arrow_cast(null, 'Int64'), arrow_cast(null, 'Int64'), arrow_cast(null, 'Int64'),
        arrow_cast(null, 'Int64'), arrow_cast(null, 'Int64'), arrow_cast(null, 'Int64'), arrow_cast(null, 'Int64'), arrow_cast(null, 'Boolean'),
        c.source_file, c.byte_offset, e.row_hash
    from bill_counted_events as c
    inner join bill_events as e on c.event_key = e.event_key
    where c.kind = 'completion' and c.ts is not null";

/// Files whose last page says that there is another, but for those before or behind which a file of the same report goes on that is not cut itself. Which
/// page is the next no page says.
const CUT: &str = "
    with whole as (
        select a.report, a.from_ts, a.to_ts
        from bill_aggregates as a
        left semi join (select source_file from bill_ingested where strpos(coalesce(ignored, ''), 'page_is_missing') = 0) as i on a.source_file = i.source_file
    ),
    cut as (
        select i.source_file, a.report, min(a.from_ts) as first_ts, max(a.to_ts) as last_ts
        from bill_ingested as i
        left join bill_aggregates as a on i.source_file = a.source_file
        where strpos(i.ignored, 'page_is_missing') > 0
        group by i.source_file, a.report
    )
    select count(*) as files
    from cut
    left anti join whole as other
        on cut.report = other.report
        and (other.from_ts >= cut.last_ts or other.to_ts <= cut.first_ts)";

/// What the tables of the bill are read from, for as long as they are.
pub(super) struct Kept {
    _lake: tempfile::TempDir,
    /// Where requests are counted once each; its models are files of its own.
    _requests: Engine,
}

/// Nobody watches a bill being read.
struct Unwatched;

impl Progress for Unwatched {
    fn planned(&self, _files: usize, _bytes: u64) {}
    fn file_done(&self, _bytes: u64) {}
}

/// Reads the bills and registers them as `aggregates`, with who their accounts are.
pub(super) async fn read(
    args: &ReconcileArgs,
    settings: &Settings,
    engine: &Engine,
    resolver: &IdentityResolver,
) -> anyhow::Result<(Read, Kept)> {
    for file in &args.bill {
        if file.is_dir() {
            let message = format!("--bill {}: is a directory; name the files of the bill", file.display());
            return Err(UsageError(message).into());
        }
        if !file.is_file() {
            return Err(UsageError(format!("--bill {}: there is no such file", file.display())).into());
        }
    }
    let directory = tempfile::Builder::new().prefix("footlight-bill-").tempdir()?;
    let lake = Lake::open_for_writing(directory.path(), Duration::ZERO).await?;
    let options = IngestOptions {
        inputs: args.bill.clone(),
        exclude: globset::GlobSet::empty(),
        source: None,
        threads: settings.threads,
        limits: Limits::default(),
        as_of_us: None,
        source_options: Arc::new(settings.config.source_options()),
        key_file: settings.config.privacy.key_file.clone(),
        keep_out: None,
        keep_from: KeepFrom::default(),
    };
    let summary = ingest(&lake, &options, &Unwatched).await?;
    let mut rejected = summary.rejected;
    if !summary.files_unrecognised.is_empty() {
        *rejected.entry("unknown_format".to_owned()).or_default() += summary.files_unrecognised.len() as u64;
    }
    let mut read = Read {
        files_by_source: summary.files_by_source.into_iter().map(|(name, files)| (name.to_owned(), files)).collect(),
        rows: ["aggregates", "events"].iter().filter_map(|table| summary.added.get(table)).sum(),
        duplicates: summary.duplicates,
        rejected,
        ignored: summary.ignored,
        pages_missing: 0,
    };
    let requests = counted(&lake, settings).await?;
    engine.register("bill_counted_events", requests.query("select * from int_counted_events").await?.into_view())?;
    engine.register("bill_aggregates", lake.provider(Table::Aggregates).await?)?;
    engine.register("bill_ingested", lake.provider(Table::Ingested).await?)?;
    for batch in engine.rows(CUT).await? {
        let columns = Columns::new(&batch);
        let files = columns.integer("files")?;
        read.pages_missing += (0..batch.num_rows()).filter_map(|row| files.get(row)).sum::<i64>();
    }
    engine.register("bill_events", lake.provider(Table::Events).await?)?;
    engine.register("aggregates", engine.query(VIEW).await?.into_view())?;
    aggregate_identities(engine, resolver).await?;
    Ok((read, Kept { _lake: directory, _requests: requests }))
}

/// The bill's requests in an engine of their own, each once, whoever tells of it.
async fn counted(lake: &Lake, settings: &Settings) -> anyhow::Result<Engine> {
    let engine = Engine::new(&settings.engine_limits())?;
    base_tables::register(&engine, lake, &settings.config, Span::default()).await?;
    engine.run_for(&Models::embedded()?, &["int_counted_events"], &settings.overrides()?).await?;
    Ok(engine)
}
