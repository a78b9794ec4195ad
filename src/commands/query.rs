//! `footlight query`: one SELECT over the lake and the result tables. Nothing can be created, changed or read from elsewhere.

use super::Exit;
use super::settings::Settings;
use crate::cli::{Global, QueryArgs};
use crate::engine::Engine;
use crate::lake::{Lake, Table};
use crate::output::Printer;
use crate::report::escape::plain;
use crate::results::tables_directory;
use arrow::array::RecordBatch;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::prelude::ParquetReadOptions;

/// Rows printed at most; an answer that is longer says so.
const MAX_ROWS: usize = 10_000;

/// Runs the command.
pub async fn run(args: &QueryArgs, global: &Global, printer: Printer) -> anyhow::Result<Exit> {
    let settings = Settings::resolve(global)?;
    let lake = Lake::open(&args.lake)?;
    let engine = Engine::new(&settings.engine_limits())?;
    for table in Table::ALL {
        engine.register(table.name(), lake.provider(table).await?)?;
    }
    if let Some(out) = &args.out {
        register_results(&engine, out).await?;
    }
    let frame = engine.query(&args.sql).await?.limit(0, Some(MAX_ROWS + 1))?;
    let names: Vec<String> = frame.schema().fields().iter().map(|field| field.name().clone()).collect();
    let batches = frame.collect().await?;
    let rows = rows(&batches)?;
    if rows.len() > MAX_ROWS {
        printer.note(&format!("only the first {MAX_ROWS} rows are shown; add a limit or an aggregate"));
    }
    let shown = &rows[..rows.len().min(MAX_ROWS)];
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::UTF8_HORIZONTAL_ONLY).set_header(&names);
    table.add_rows(shown.iter().map(|row| row.iter().map(|cell| cell.as_deref().map_or_else(String::new, plain))));
    printer.text(&format!("{table}\n"))?;
    let objects: Vec<serde_json::Map<String, serde_json::Value>> = shown
        .iter()
        .map(|row| names.iter().cloned().zip(row.iter().map(|cell| cell.clone().into())).collect())
        .collect();
    printer.json(&serde_json::json!({
        "schema_version": 1, "status": Exit::Done.word(), "exit_code": 0, "columns": names, "rows": objects,
    }))?;
    Ok(Exit::Done)
}

async fn register_results(engine: &Engine, out: &std::path::Path) -> anyhow::Result<()> {
    let directory = tables_directory(out);
    for entry in std::fs::read_dir(&directory)? {
        let path = entry?.path();
        let name = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default().to_owned();
        if path.extension().is_some_and(|extension| extension == "parquet") {
            engine.context().register_parquet(&name, &path.to_string_lossy(), ParquetReadOptions::default()).await?;
        }
    }
    Ok(())
}

fn rows(batches: &[RecordBatch]) -> anyhow::Result<Vec<Vec<Option<String>>>> {
    let options = FormatOptions::default();
    let mut rows = Vec::new();
    for batch in batches {
        let formatters: Vec<ArrayFormatter<'_>> =
            batch.columns().iter().map(|column| ArrayFormatter::try_new(column, &options)).collect::<Result<_, _>>()?;
        for row in 0..batch.num_rows() {
            rows.push(
                batch
                    .columns()
                    .iter()
                    .zip(&formatters)
                    .map(|(column, formatter)| column.is_valid(row).then(|| formatter.value(row).to_string()))
                    .collect(),
            );
        }
    }
    Ok(rows)
}
