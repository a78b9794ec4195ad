//! The part that needs Arrow: batches of rows become the objects that the other writings give.

use crate::fingerprint::Json;
use crate::sources::{Input, InputError, Position, Reason, Sink};
use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{
    DataType, Date32Type, Decimal64Type, Decimal128Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type,
    Int64Type, TimeUnit, TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType,
    TimestampSecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use serde_json::Number;
use std::borrow::Cow;
use std::fs::File;
use std::sync::mpsc::{SyncSender, sync_channel};

/// Rows in a batch: one is decoded while another is turned into records, and no more are in memory.
const BATCH_ROWS: usize = 4096;
/// Containers inside containers that are converted.
const DEPTH: u8 = 4;

/// Reads the wanted columns of a file batch by batch. Nothing of a file that turns out to be damaged counts: the error makes the caller drop it whole.
pub(super) fn read(
    input: &Input,
    sink: &mut dyn Sink,
    is_wanted: fn(&str) -> bool,
    take_row: &mut impl FnMut(&Json<'_>, Position, &mut dyn Sink),
) -> Result<u64, InputError> {
    let file = File::open(&input.path).map_err(|error| input.io_error(error))?;
    let length = file.metadata().map_err(|error| input.io_error(error))?.len();
    let failed = |error: String| InputError::Format { path: input.name.clone(), reason: Reason::DamagedArchive, error };
    let (send, receive) = sync_channel::<RecordBatch>(1);
    // A file that breaks the reader is a damaged file: a thread of its own keeps a panic to it.
    std::thread::scope(|scope| {
        let scanning = scope.spawn(move || scan(file, is_wanted, &send));
        let mut row = 0;
        for batch in receive {
            take(&batch, &mut row, take_row, sink);
        }
        match scanning.join() {
            Ok(result) => result.map_err(|error| failed(error.to_string())),
            Err(_) => Err(failed("the Parquet reader gave up".to_owned())),
        }
    })?;
    Ok(length)
}

fn scan(
    file: File,
    is_wanted: fn(&str) -> bool,
    send: &SyncSender<RecordBatch>,
) -> Result<(), parquet::errors::ParquetError> {
    // The types are those of Parquet itself: what an Arrow writer noted beside them, dictionaries above all, would only add forms of the same.
    let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
    let builder = ParquetRecordBatchReaderBuilder::try_new_with_options(file, options)?;
    let roots = builder.parquet_schema().root_schema().get_fields();
    let wanted = roots.iter().enumerate().filter(|(_, field)| is_wanted(field.name()));
    let mask = ProjectionMask::roots(builder.parquet_schema(), wanted.map(|(index, _)| index));
    for batch in builder.with_projection(mask).with_batch_size(BATCH_ROWS).build()? {
        if send.send(batch?).is_err() {
            break;
        }
    }
    Ok(())
}

fn take(
    batch: &RecordBatch,
    row: &mut u64,
    take_row: &mut impl FnMut(&Json<'_>, Position, &mut dyn Sink),
    sink: &mut dyn Sink,
) {
    let schema = batch.schema();
    for index in 0..batch.num_rows() {
        let columns = schema.fields().iter().zip(batch.columns());
        let fields = columns.map(|(field, column)| (Cow::Borrowed(field.name().as_str()), value(column, index, DEPTH)));
        let fields = Json::Object(fields.collect());
        let at = Position { offset: *row, line: *row + 1 };
        *row += 1;
        take_row(&fields, at, sink);
    }
}

/// One value as JSON. Times become text in UTC, decimals their digits; a type that no export has becomes null.
fn value(column: &ArrayRef, index: usize, depth: u8) -> Json<'static> {
    if depth == 0 || column.is_null(index) {
        return Json::Null;
    }
    let text = |text: &str| Json::Text(Cow::Owned(text.to_owned()));
    let bytes = |bytes: &[u8]| std::str::from_utf8(bytes).map_or(Json::Null, text);
    match column.data_type() {
        DataType::Boolean => Json::Bool(column.as_boolean().value(index)),
        DataType::Int8 => integer(column.as_primitive::<Int8Type>().value(index)),
        DataType::Int16 => integer(column.as_primitive::<Int16Type>().value(index)),
        DataType::Int32 => integer(column.as_primitive::<Int32Type>().value(index)),
        DataType::Int64 => integer(column.as_primitive::<Int64Type>().value(index)),
        DataType::UInt8 => integer(column.as_primitive::<UInt8Type>().value(index)),
        DataType::UInt16 => integer(column.as_primitive::<UInt16Type>().value(index)),
        DataType::UInt32 => integer(column.as_primitive::<UInt32Type>().value(index)),
        DataType::UInt64 => Json::Number(column.as_primitive::<UInt64Type>().value(index).into()),
        // As text, since its digits are lost in a wider float.
        DataType::Float32 => Json::Text(Cow::Owned(column.as_primitive::<Float32Type>().value(index).to_string())),
        DataType::Float64 => {
            Number::from_f64(column.as_primitive::<Float64Type>().value(index)).map_or(Json::Null, Json::Number)
        }
        DataType::Decimal64(_, scale) => decimal(column.as_primitive::<Decimal64Type>().value(index).into(), *scale),
        DataType::Decimal128(_, scale) => decimal(column.as_primitive::<Decimal128Type>().value(index), *scale),
        DataType::Utf8 => text(column.as_string::<i32>().value(index)),
        DataType::LargeUtf8 => text(column.as_string::<i64>().value(index)),
        DataType::Utf8View => text(column.as_string_view().value(index)),
        // ClickHouse may write its strings without saying that they are text.
        DataType::Binary => bytes(column.as_binary::<i32>().value(index)),
        DataType::LargeBinary => bytes(column.as_binary::<i64>().value(index)),
        DataType::BinaryView => bytes(column.as_binary_view().value(index)),
        DataType::Date32 => {
            moment(i64::from(column.as_primitive::<Date32Type>().value(index)).saturating_mul(86_400_000_000))
        }
        DataType::Timestamp(unit, _) => moment(match unit {
            TimeUnit::Second => column.as_primitive::<TimestampSecondType>().value(index).saturating_mul(1_000_000),
            TimeUnit::Millisecond => {
                column.as_primitive::<TimestampMillisecondType>().value(index).saturating_mul(1000)
            }
            TimeUnit::Microsecond => column.as_primitive::<TimestampMicrosecondType>().value(index),
            TimeUnit::Nanosecond => column.as_primitive::<TimestampNanosecondType>().value(index).div_euclid(1000),
        }),
        DataType::List(_) => list(&column.as_list::<i32>().value(index), depth),
        DataType::LargeList(_) => list(&column.as_list::<i64>().value(index), depth),
        DataType::Map(_, _) => {
            let entries = column.as_map().value(index);
            let (keys, values) = (entries.column(0), entries.column(1));
            let pairs = (0..entries.len()).map(|entry| (key(keys, entry), value(values, entry, depth - 1)));
            Json::Object(pairs.collect())
        }
        DataType::Struct(_) => {
            let parts = column.as_struct();
            let named = parts.column_names().into_iter().zip(parts.columns());
            Json::Object(
                named.map(|(name, part)| (Cow::Owned(name.to_owned()), value(part, index, depth - 1))).collect(),
            )
        }
        _ => Json::Null,
    }
}

fn integer(number: impl Into<i64>) -> Json<'static> {
    Json::Number(number.into().into())
}

fn decimal(digits: i128, scale: i8) -> Json<'static> {
    Json::Text(Cow::Owned(format!("{digits}e{}", -i32::from(scale))))
}

fn moment(us: i64) -> Json<'static> {
    jiff::Timestamp::from_microsecond(us).map_or(Json::Null, |moment| Json::Text(Cow::Owned(moment.to_string())))
}

fn list(items: &ArrayRef, depth: u8) -> Json<'static> {
    Json::List((0..items.len()).map(|item| value(items, item, depth - 1)).collect())
}

fn key(keys: &ArrayRef, entry: usize) -> Cow<'static, str> {
    match value(keys, entry, 1) {
        Json::Text(text) => text,
        _ => Cow::Borrowed(""),
    }
}
