//! `footlight query`: one SELECT over the lake and the result tables. Nothing can be created, changed or read from elsewhere, and people
//! cannot be ranked.

mod ranking;

use super::base_tables::register_newest_roster;
use super::settings::Settings;
use super::written_rows::{RowOptions, RowWriter, objects, table};
use super::{Exit, UsageError};
use crate::cli::{Global, QueryArgs, RowFormat};
use crate::engine::{Engine, EngineError};
use crate::lake::{Lake, Table};
use crate::output::Printer;
use crate::results::{ResultsError, tables_directory};
use anyhow::Context;
use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::error::DataFusionError;
use datafusion::prelude::{DataFrame, ParquetReadOptions};
use futures::StreamExt;
use std::io::{BufWriter, IsTerminal, Write};
use std::path::Path;
use std::sync::Arc;

/// Rows of a table or of `--json` at most; an answer that is longer says so. The other formats have no limit.
const MAX_ROWS: usize = 10_000;

/// Runs the command.
pub async fn run(args: &QueryArgs, global: &Global, printer: Printer) -> anyhow::Result<Exit> {
    let settings = Settings::resolve(global)?;
    let format = format(args)?;
    let lake = Lake::open(&args.lake)?;
    let engine = Engine::new(&settings.engine_limits())?;
    for table in Table::ALL {
        let provider = lake.provider(table).await?;
        match table {
            Table::Roster => register_newest_roster(&engine, provider)?,
            _ => engine.register(table.name(), provider)?,
        }
    }
    if let Some(out) = &args.out {
        register_results(&engine, out).await?;
    }
    let frame = engine.query(&args.sql).await.map_err(|error| match error {
        EngineError::Sql(error) => not_planned(*error, args.out.is_none()),
        other => other.into(),
    })?;
    let plan = frame.clone().into_optimized_plan().map_err(|error| not_planned(error, args.out.is_none()))?;
    ranking::check(&plan)?;
    match &args.output {
        Some(path) => {
            let rows = to_file(frame, format, args.csv_raw, path).await?;
            printer.text(&format!("{rows} rows: {}\n", path.display()))?;
            printer.json(&serde_json::json!({
                "schema_version": 1, "status": Exit::Done.word(), "exit_code": 0, "rows_written": rows, "output": path,
            }))?;
        }
        None if format == RowFormat::Table || printer.json => shown(frame, printer).await?,
        None => to_stdout(frame, format, args.csv_raw).await?,
    }
    Ok(Exit::Done)
}

/// What is wrong with a question, which is wrong use: no data was looked at yet. Where it is a name of no table, the names that there are.
fn not_planned(error: DataFusionError, lake_alone: bool) -> anyhow::Error {
    use DataFusionError::{ArrowError, Execution, NotImplemented, Plan, SQL, SchemaError};
    if !matches!(
        error.find_root(),
        SQL(..) | Plan(_) | SchemaError(..) | NotImplemented(_) | Execution(_) | ArrowError(..)
    ) {
        return error.into();
    }
    let said = error.to_string();
    if !(said.contains("table '") && said.contains("not found")) {
        return UsageError(said).into();
    }
    let tables = Table::ALL.map(Table::name).join(", ");
    let results =
        if lake_alone { "those of results need --out OUT" } else { "those of results are the files in OUT/tables" };
    let said = said.replace("datafusion.public.", "");
    UsageError(format!("{said}; tables of the lake are {tables}, {results}")).into()
}

/// What was asked for, else what the name of the file says, else a table.
fn format(args: &QueryArgs) -> anyhow::Result<RowFormat> {
    let named = args.output.as_deref().and_then(Path::extension).and_then(|extension| extension.to_str());
    let by_name = named.and_then(|extension| match extension {
        "csv" => Some(RowFormat::Csv),
        "json" => Some(RowFormat::Json),
        "ndjson" | "jsonl" => Some(RowFormat::Ndjson),
        "parquet" => Some(RowFormat::Parquet),
        _ => None,
    });
    let format = args.format.or(by_name).unwrap_or(RowFormat::Table);
    if format == RowFormat::Parquet && args.output.is_none() {
        return Err(UsageError("--format parquet needs --output FILE".to_owned()).into());
    }
    Ok(format)
}

/// A table or the object of `--json`, with the first rows.
async fn shown(frame: DataFrame, printer: Printer) -> anyhow::Result<()> {
    let frame = frame.limit(0, Some(MAX_ROWS + 1))?;
    let schema: SchemaRef = Arc::new(frame.schema().as_arrow().clone());
    let batches = frame.collect().await?;
    let found: usize = batches.iter().map(RecordBatch::num_rows).sum();
    if found > MAX_ROWS {
        printer.note(&format!(
            "only the first {MAX_ROWS} rows are shown; add a limit or an aggregate, or write all of them with --output"
        ));
    }
    let batches = first_rows(batches, MAX_ROWS);
    if printer.json {
        let names: Vec<&String> = schema.fields().iter().map(|field| field.name()).collect();
        let rows: Vec<_> = batches.iter().map(objects).collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect();
        return Ok(printer.json(&serde_json::json!({
            "schema_version": 1, "status": Exit::Done.word(), "exit_code": 0,
            "columns": names, "rows": rows, "truncated": found > MAX_ROWS,
        }))?);
    }
    let width = std::io::stdout().is_terminal().then(|| comfy_table::Table::new().width()).flatten();
    Ok(printer.data(&table(&schema, &batches, width.map(usize::from))?)?)
}

fn first_rows(batches: Vec<RecordBatch>, mut rows: usize) -> Vec<RecordBatch> {
    let mut first = Vec::new();
    for batch in batches {
        let taken = batch.num_rows().min(rows);
        rows -= taken;
        first.push(batch.slice(0, taken));
    }
    first
}

/// Writes all rows to a file, whole or not at all.
async fn to_file(frame: DataFrame, format: RowFormat, csv_raw: bool, path: &Path) -> anyhow::Result<usize> {
    let failed = || format!("cannot write {}", path.display());
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(directory).with_context(failed)?;
    let rows = if format == RowFormat::Table {
        let schema: SchemaRef = Arc::new(frame.schema().as_arrow().clone());
        let batches = frame.collect().await?;
        file.write_all(table(&schema, &batches, None)?.as_bytes()).with_context(failed)?;
        batches.iter().map(RecordBatch::num_rows).sum()
    } else {
        stream(frame, format, RowOptions { csv_raw, to_terminal: false }, BufWriter::new(file.as_file_mut())).await?
    };
    file.as_file().sync_all().with_context(failed)?;
    file.persist(path).map_err(|error| error.error).with_context(failed)?;
    Ok(rows)
}

/// Writes all rows to standard output; a closed pipe ends it.
async fn to_stdout(frame: DataFrame, format: RowFormat, csv_raw: bool) -> anyhow::Result<()> {
    let stdout = std::io::stdout();
    let options = RowOptions { csv_raw, to_terminal: stdout.is_terminal() };
    match stream(frame, format, options, BufWriter::new(stdout)).await {
        Err(error) if is_closed_pipe(&error) => Ok(()),
        other => other.map(|_| ()),
    }
}

/// Whether the reader of standard output went away, which ends the output and is no error.
pub(super) fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        let direct = cause.downcast_ref::<std::io::Error>();
        let in_csv = cause.downcast_ref::<csv::Error>().and_then(|error| match error.kind() {
            csv::ErrorKind::Io(error) => Some(error),
            _ => None,
        });
        direct.or(in_csv).is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
    })
}

async fn stream<W: Write + Send>(
    frame: DataFrame,
    format: RowFormat,
    options: RowOptions,
    to: W,
) -> anyhow::Result<usize> {
    let schema: SchemaRef = Arc::new(frame.schema().as_arrow().clone());
    let mut writer = RowWriter::new(format, &schema, to, options)?;
    let mut batches = frame.execute_stream().await?;
    while let Some(batch) = batches.next().await {
        writer.write(&batch?)?;
    }
    writer.finish()
}

async fn register_results(engine: &Engine, out: &std::path::Path) -> anyhow::Result<()> {
    let directory = tables_directory(out);
    let entries = std::fs::read_dir(&directory).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => ResultsError::Missing(directory.clone()),
        _ => ResultsError::Io { path: directory.clone(), error },
    })?;
    for entry in entries {
        let path = entry?.path();
        let name = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default().to_owned();
        if path.extension().is_some_and(|extension| extension == "parquet") {
            engine.context().register_parquet(&name, &path.to_string_lossy(), ParquetReadOptions::default()).await?;
        }
    }
    Ok(())
}
