//! The part that needs Polars.

use crate::sources::tabular::{Cell, Layout, WIDTH};
use crate::sources::{Input, InputError, Position, Reason, Sink};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use parquet::errors::ParquetError;
use polars::prelude::{
    AnyValue, Column, DataFrame, Engine, LazyFrame, PlRefPath, PlanCallback, PolarsResult, ScanArgsParquet, TimeUnit,
    col,
};
use std::borrow::Cow;
use std::fs::File;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::mpsc::sync_channel;

/// Rows in a batch: one batch is read while another is turned into records, and no more are in memory.
const BATCH_ROWS: NonZeroUsize = NonZeroUsize::MIN.saturating_add(16 * 1024 - 1);

/// Reads a file batch by batch. Nothing of a file that turns out to be damaged counts: the error makes the caller drop it whole.
pub(super) fn read(layout: &impl Layout, input: &Input, sink: &mut dyn Sink) -> Result<u64, InputError> {
    let length = std::fs::metadata(&input.path).map_err(|error| input.io_error(error))?.len();
    let failed = |error: String| InputError::Format { path: input.name.clone(), reason: Reason::DamagedArchive, error };
    // Polars panics on a column type that it was built without. A thread of its own keeps that to this file.
    let plan = || {
        check(layout, &input.path).map_err(|error| error.to_string())?;
        plan(layout, input).map_err(|error| error.to_string())
    };
    let planned = std::thread::scope(|scope| scope.spawn(plan).join());
    let Plan { numbers, strangers, scan } = match planned {
        Ok(plan) => plan.map_err(failed)?,
        Err(_) => return Err(failed("a column has a type that this build cannot read".to_owned())),
    };
    for name in strangers {
        sink.unknown_field(&name);
    }
    let (send, receive) = sync_channel::<DataFrame>(1);
    std::thread::scope(|scope| {
        let scanning = scope.spawn(move || {
            let send = PlanCallback::new(move |batch| Ok(send.send(batch).is_err()));
            scan.sink_batches(send, true, Some(BATCH_ROWS))?.collect_with_engine(Engine::Streaming).map(|_| ())
        });
        let mut row = 0;
        for batch in receive {
            take(layout, &numbers, &batch, &mut row, sink);
        }
        match scanning.join() {
            Ok(result) => result.map_err(|error| failed(error.to_string())),
            // A file that breaks the reader is a damaged file.
            Err(_) => Err(failed("the Parquet reader gave up".to_owned())),
        }
    })?;
    Ok(length)
}

/// Checks that every column's bytes lie in the file, and that what is read of it decodes. Polars takes a file's word for where and how long things are: of a
/// damaged one it reads beyond the end, or asks for memory that nobody has, which ends the process. The `parquet` crate gives an error.
fn check(layout: &impl Layout, path: &Path) -> Result<(), ParquetError> {
    let file = File::open(path)?;
    let length = file.metadata()?.len();
    let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
    let builder = ParquetRecordBatchReaderBuilder::try_new_with_options(file, options)?;
    for column in builder.metadata().row_groups().iter().flat_map(|group| group.columns()) {
        let start = u64::try_from(column.dictionary_page_offset().unwrap_or(column.data_page_offset()));
        let bytes = u64::try_from(column.compressed_size());
        let end = start.ok().zip(bytes.ok()).and_then(|(start, bytes)| start.checked_add(bytes));
        if end.is_none_or(|end| end > length) {
            return Err(ParquetError::EOF("a column lies outside the file".to_owned()));
        }
    }
    let roots = builder.parquet_schema().root_schema().get_fields();
    let known = roots.iter().enumerate().filter(|(_, field)| layout.number(field.name()).is_some());
    let mask = ProjectionMask::roots(builder.parquet_schema(), known.map(|(index, _)| index));
    for batch in builder.with_projection(mask).with_batch_size(BATCH_ROWS.get()).build()? {
        batch?;
    }
    Ok(())
}

/// Which columns there are, and a scan of those that the table knows.
struct Plan {
    /// Column numbers in the order of the scan.
    numbers: Vec<usize>,
    /// Names of columns that the table does not know.
    strangers: Vec<String>,
    scan: LazyFrame,
}

fn plan(layout: &impl Layout, input: &Input) -> PolarsResult<Plan> {
    let path = PlRefPath::new(input.path.to_string_lossy());
    let arguments = ScanArgsParquet { glob: false, ..ScanArgsParquet::default() };
    let mut scan = LazyFrame::scan_parquet(path, arguments)?;
    let schema = scan.collect_schema()?;
    let (mut numbers, mut strangers, mut names) = (Vec::new(), Vec::new(), Vec::new());
    for name in schema.iter_names() {
        match layout.number(name) {
            Some(number) => {
                numbers.push(number);
                names.push(col(name.clone()));
            }
            None => strangers.push(name.to_string()),
        }
    }
    Ok(Plan { numbers, strangers, scan: scan.select(names) })
}

fn take(layout: &impl Layout, numbers: &[usize], batch: &DataFrame, row: &mut u64, sink: &mut dyn Sink) {
    let columns: &[Column] = batch.columns();
    for index in 0..batch.height() {
        let mut cells = [const { Cell::Null }; WIDTH];
        for (number, column) in numbers.iter().zip(columns) {
            cells[*number] = column.get(index).map_or(Cell::Bad, cell);
        }
        let at = Position { offset: *row, line: *row + 1 };
        *row += 1;
        layout.take(&cells, at, sink);
    }
}

fn cell(value: AnyValue<'_>) -> Cell<'_> {
    match value {
        AnyValue::Null => Cell::Null,
        AnyValue::Boolean(flag) => Cell::Flag(flag),
        AnyValue::String(text) => Cell::Text(Cow::Borrowed(text)),
        AnyValue::StringOwned(text) => Cell::Text(Cow::Owned(text.to_string())),
        // As text, since its digits are lost in a wider float.
        AnyValue::Float32(number) => Cell::Text(Cow::Owned(number.to_string())),
        AnyValue::Float64(number) => Cell::Float(number),
        AnyValue::Datetime(time, unit, zone) => {
            let us = match unit {
                TimeUnit::Nanoseconds => time.div_euclid(1000),
                TimeUnit::Microseconds => time,
                TimeUnit::Milliseconds => time.saturating_mul(1000),
            };
            // A wall-clock time without a zone is no moment.
            if zone.is_some() { Cell::Moment(us) } else { Cell::WallClock(us) }
        }
        AnyValue::List(items) => {
            let texts: Option<Vec<_>> =
                items.iter().map(|item| item.get_str().map(|text| Cow::Owned(text.to_owned()))).collect();
            texts.map_or(Cell::Bad, Cell::List)
        }
        AnyValue::Decimal(digits, _, 0) => Cell::Text(Cow::Owned(digits.to_string())),
        AnyValue::Decimal(digits, _, scale) => Cell::Text(Cow::Owned(format!("{digits}e-{scale}"))),
        value if value.is_integer() => value.extract::<i64>().map_or(Cell::Bad, Cell::Integer),
        value => value.get_str().map_or(Cell::Bad, |text| Cell::Text(Cow::Owned(text.to_owned()))),
    }
}
