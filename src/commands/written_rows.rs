//! Rows of an answer as a table, CSV, JSON, NDJSON or Parquet.
//!
//! Owns what a cell looks like in each, and writing batch by batch, so that an answer of any size needs little memory. Owns no
//! question. A table is for people: numbers stand right, text that does not fit a terminal is cut and says so, numbers never are.
//! CSV is for spreadsheets as well: text that one would take for a formula gets an apostrophe, and characters that nobody sees are replaced.

use crate::cli::RowFormat;
use crate::privacy::{csv_text, json_text, terminal, terminal_lines};
use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, SchemaRef};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use comfy_table::{LineStyle, TableStyle};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use serde_json::{Map, Value};
use std::io::Write;

/// Narrowest that a column of text becomes in a table, in characters.
const NARROWEST: usize = 8;
/// Widest.
const WIDEST: usize = 60;
/// Characters between two columns.
const GAP: usize = 3;

/// A line under the names of the columns, and no other.
const STYLE: TableStyle = TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));

/// How rows are written.
#[derive(Debug, Clone, Copy)]
pub struct RowOptions {
    /// Leave text cells of CSV as they are, formulas and steering characters included.
    pub csv_raw: bool,
    /// A terminal reads the rows, which therefore have no steering characters even so. In JSON they are always escapes.
    pub to_terminal: bool,
}

/// Writes batches of one schema in one format.
pub struct RowWriter<W: Write + Send> {
    format: Kind<W>,
    options: RowOptions,
    rows: usize,
}

enum Kind<W: Write + Send> {
    Csv(Box<csv::Writer<W>>),
    Json(W),
    Ndjson(W),
    Parquet(Box<ArrowWriter<W>>),
}

impl<W: Write + Send> RowWriter<W> {
    /// A writer; CSV begins with the names of the columns. A table is no stream: see [`table`].
    pub fn new(format: RowFormat, schema: &SchemaRef, mut to: W, options: RowOptions) -> anyhow::Result<Self> {
        let format = match format {
            RowFormat::Csv | RowFormat::Table => {
                let mut writer = csv::Writer::from_writer(to);
                let names = schema.fields().iter().map(|field| field.name());
                if options.csv_raw {
                    writer.write_record(names)?;
                } else {
                    writer.write_record(names.map(|name| csv_text(name)))?;
                }
                Kind::Csv(Box::new(writer))
            }
            RowFormat::Json => {
                to.write_all(b"[")?;
                Kind::Json(to)
            }
            RowFormat::Ndjson => Kind::Ndjson(to),
            RowFormat::Parquet => {
                let properties = WriterProperties::builder()
                    .set_compression(Compression::ZSTD(ZstdLevel::try_new(3)?))
                    .set_created_by("footlight".into())
                    .build();
                Kind::Parquet(Box::new(ArrowWriter::try_new(to, schema.clone(), Some(properties))?))
            }
        };
        Ok(Self { format, options, rows: 0 })
    }

    /// Writes a batch.
    pub fn write(&mut self, batch: &RecordBatch) -> anyhow::Result<()> {
        match &mut self.format {
            Kind::Csv(writer) => {
                let cells = Cells::new(batch)?;
                for row in 0..batch.num_rows() {
                    let record = (0..batch.num_columns()).map(|column| {
                        let text = cells.text(column, row).unwrap_or_default();
                        match self.options {
                            _ if !is_text(batch.column(column).data_type()) => text,
                            RowOptions { csv_raw: true, to_terminal: true } => terminal(&text),
                            RowOptions { csv_raw: true, to_terminal: false } => text,
                            RowOptions { csv_raw: false, .. } => csv_text(&terminal_lines(&text)),
                        }
                    });
                    writer.write_record(record)?;
                }
            }
            Kind::Json(writer) => {
                for (index, row) in object_texts(batch)?.into_iter().enumerate() {
                    let separator: &[u8] = if self.rows + index == 0 { b"\n  " } else { b",\n  " };
                    writer.write_all(separator)?;
                    writer.write_all(json_text(&row).as_bytes())?;
                }
            }
            Kind::Ndjson(writer) => {
                for row in object_texts(batch)? {
                    writeln!(writer, "{}", json_text(&row))?;
                }
            }
            Kind::Parquet(writer) => writer.write(batch)?,
        }
        self.rows += batch.num_rows();
        Ok(())
    }

    /// Ends the file and says how many rows it has.
    pub fn finish(self) -> anyhow::Result<usize> {
        match self.format {
            Kind::Csv(mut writer) => writer.flush()?,
            Kind::Json(mut writer) => {
                writer.write_all(if self.rows == 0 { b"]\n" } else { b"\n]\n" })?;
                writer.flush()?;
            }
            Kind::Ndjson(mut writer) => writer.flush()?,
            Kind::Parquet(mut writer) => {
                writer.finish()?;
                writer.inner_mut().flush()?;
            }
        }
        Ok(self.rows)
    }
}

/// Rows as JSON with the columns in their order.
fn object_texts(batch: &RecordBatch) -> anyhow::Result<Vec<String>> {
    let schema = batch.schema();
    (0..batch.num_rows())
        .map(|row| {
            let members: Vec<String> = schema
                .fields()
                .iter()
                .zip(batch.columns())
                .map(|(field, column)| {
                    Ok(format!("{}:{}", Value::from(field.name().as_str()), value(column.as_ref(), row)?))
                })
                .collect::<anyhow::Result<_>>()?;
            Ok(format!("{{{}}}", members.join(",")))
        })
        .collect()
}

/// A table for people. With `width` it fits that many characters where text allows it.
pub fn table(schema: &SchemaRef, batches: &[RecordBatch], width: Option<usize>) -> anyhow::Result<String> {
    let numeric: Vec<bool> = schema.fields().iter().map(|field| field.data_type().is_numeric()).collect();
    let names: Vec<String> = schema.fields().iter().map(|field| terminal(field.name())).collect();
    let mut rows = Vec::new();
    for batch in batches {
        let cells = Cells::new(batch)?;
        for row in 0..batch.num_rows() {
            let cell = |column| cells.text(column, row).map_or_else(|| "null".to_owned(), |text| terminal(&text));
            rows.push((0..batch.num_columns()).map(cell).collect::<Vec<String>>());
        }
    }
    let natural: Vec<usize> = (0..names.len())
        .map(|column| {
            let cells = rows.iter().map(|row| row[column].chars().count());
            cells.chain([names[column].chars().count()]).max().unwrap_or(0)
        })
        .collect();
    let rigid: Vec<bool> = schema.fields().iter().map(|field| !is_text(field.data_type())).collect();
    let widths = width.map_or_else(|| natural.clone(), |width| fitted(&natural, &rigid, width));
    let mut table = comfy_table::Table::new();
    table.load_style(STYLE);
    table.set_content_arrangement(comfy_table::ContentArrangement::Disabled);
    let shown = |cells: &[String]| -> Vec<String> {
        cells.iter().zip(&widths).map(|(cell, width)| cut(cell, *width)).collect()
    };
    table.set_header(shown(&names));
    table.add_rows(rows.iter().map(|row| shown(row)));
    for (index, _) in numeric.iter().enumerate().filter(|(_, numeric)| **numeric) {
        if let Some(column) = table.column_mut(index) {
            column.set_cell_alignment(comfy_table::CellAlignment::Right);
        }
    }
    Ok(format!("{table}\n"))
}

/// Widths that come to `width` where they can: the widest column of text gives way first, numbers and moments never.
fn fitted(natural: &[usize], rigid: &[bool], width: usize) -> Vec<usize> {
    let mut widths: Vec<usize> = natural
        .iter()
        .zip(rigid)
        .map(|(natural, rigid)| if *rigid { *natural } else { (*natural).min(WIDEST) })
        .collect();
    let room = width.saturating_sub(GAP * widths.len());
    while widths.iter().sum::<usize>() > room {
        let text = (0..widths.len()).filter(|&column| !rigid[column] && widths[column] > NARROWEST);
        let Some(widest) = text.max_by_key(|&column| (widths[column], std::cmp::Reverse(column))) else { break };
        widths[widest] -= 1;
    }
    widths
}

/// At most `width` characters; the last is an ellipsis when something is missing.
fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    text.chars().take(width.saturating_sub(1)).chain(['…']).collect()
}

/// Rows as objects with values of their types.
pub fn objects(batch: &RecordBatch) -> anyhow::Result<Vec<Map<String, Value>>> {
    let schema = batch.schema();
    (0..batch.num_rows())
        .map(|row| {
            schema
                .fields()
                .iter()
                .zip(batch.columns())
                .map(|(field, column)| Ok((field.name().clone(), value(column.as_ref(), row)?)))
                .collect()
        })
        .collect()
}

/// One cell: numbers as numbers, lists as arrays, moments in RFC 3339. A decimal that a double cannot hold is a string.
fn value(column: &dyn Array, row: usize) -> anyhow::Result<Value> {
    if column.is_null(row) {
        return Ok(Value::Null);
    }
    if let Some(list) = column.as_list_opt::<i32>() {
        let items = list.value(row);
        return (0..items.len()).map(|item| value(items.as_ref(), item)).collect();
    }
    let options = FormatOptions::default();
    let text = ArrayFormatter::try_new(column, &options)?.value(row).try_to_string()?;
    Ok(match column.data_type() {
        DataType::Boolean => Value::Bool(text == "true"),
        kind if kind.is_numeric() => number(&text, kind),
        _ => Value::String(text),
    })
}

fn number(text: &str, kind: &DataType) -> Value {
    if let Ok(whole) = text.parse::<i64>() {
        return whole.into();
    }
    if let Ok(whole) = text.parse::<u64>() {
        return whole.into();
    }
    let number = text.parse::<f64>().ok();
    if kind.is_floating() {
        // Neither infinity nor NaN is JSON.
        return number.and_then(serde_json::Number::from_f64).map_or(Value::Null, Value::Number);
    }
    let bare = |text: &str| text.trim_end_matches('0').trim_end_matches('.').to_owned();
    match number.filter(|number| bare(&format!("{number:.6}")) == bare(text)) {
        Some(number) => number.into(),
        None => text.into(),
    }
}

fn is_text(kind: &DataType) -> bool {
    !(kind.is_numeric() || kind.is_temporal() || *kind == DataType::Boolean)
}

/// The cells of one batch as text.
struct Cells<'a> {
    batch: &'a RecordBatch,
    formatters: Vec<ArrayFormatter<'a>>,
}

/// How cells are written.
const CELLS: FormatOptions<'static> = FormatOptions::new();

impl<'a> Cells<'a> {
    fn new(batch: &'a RecordBatch) -> anyhow::Result<Self> {
        let formatters =
            batch.columns().iter().map(|column| ArrayFormatter::try_new(column, &CELLS)).collect::<Result<_, _>>()?;
        Ok(Self { batch, formatters })
    }

    /// `None` when null.
    fn text(&self, column: usize, row: usize) -> Option<String> {
        self.batch.column(column).is_valid(row).then(|| self.formatters[column].value(row).to_string())
    }
}

#[cfg(test)]
mod tests;
