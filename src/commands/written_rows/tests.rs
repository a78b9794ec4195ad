//! One small answer in every format, whole.

use super::*;
use arrow::array::{
    ArrayRef, BooleanArray, Decimal128Array, Float64Array, Int64Array, ListArray, StringArray,
    TimestampMicrosecondArray,
};
use arrow::datatypes::Int64Type;
use arrow::datatypes::{Field, Schema};
use std::sync::Arc;

fn answer() -> RecordBatch {
    let money = DataType::Decimal128(18, 6);
    let lists = ListArray::from_iter_primitive::<Int64Type, _, _>([Some(vec![Some(1), None]), None, Some(vec![])]);
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("model", Arc::new(StringArray::from(vec![Some("opus-4.8"), Some("=cmd|'/c calc'!A0"), None]))),
        ("tokens", Arc::new(Int64Array::from(vec![Some(-12), Some(9_007_199_254_740_993), None]))),
        (
            "cost_usd",
            Arc::new(Decimal128Array::from(vec![Some(1_234_567), Some(-500_000), None]).with_data_type(money)),
        ),
        ("share", Arc::new(Float64Array::from(vec![Some(0.25), Some(f64::NAN), None]))),
        ("linked", Arc::new(BooleanArray::from(vec![Some(true), Some(false), None]))),
        (
            "at",
            Arc::new(
                TimestampMicrosecondArray::from(vec![Some(1_772_445_600_000_000), Some(0), None]).with_timezone("UTC"),
            ),
        ),
        ("ids", Arc::new(lists)),
        (
            "note",
            Arc::new(StringArray::from(vec![
                Some("a note that is much longer than anybody would want to read in a narrow table of a terminal"),
                Some("esc \u{1b}[31m and \u{202e}rtl, \"quoted\"\nline"),
                Some(""),
            ])),
        ),
    ];
    let fields: Vec<Field> =
        columns.iter().map(|(name, column)| Field::new(*name, column.data_type().clone(), true)).collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns.into_iter().map(|(_, column)| column).collect())
        .unwrap()
}

fn written(format: RowFormat, csv_raw: bool, to_terminal: bool) -> Vec<u8> {
    let batch = answer();
    let mut bytes = Vec::new();
    let mut writer = RowWriter::new(format, &batch.schema(), &mut bytes, RowOptions { csv_raw, to_terminal }).unwrap();
    writer.write(&batch.slice(0, 1)).unwrap();
    writer.write(&batch.slice(1, 2)).unwrap();
    assert_eq!(writer.finish().unwrap(), 3);
    bytes
}

fn text(format: RowFormat) -> String {
    String::from_utf8(written(format, false, false)).unwrap()
}

fn snapshot(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}

#[test]
fn every_format_whole() {
    let batch = answer();
    snapshot("answer.wide.txt", &table(&batch.schema(), std::slice::from_ref(&batch), None).unwrap());
    snapshot("answer.narrow.txt", &table(&batch.schema(), std::slice::from_ref(&batch), Some(120)).unwrap());
    snapshot("answer.csv", &text(RowFormat::Csv).escape_debug().to_string().replace("\\n", "\n"));
    snapshot("answer.json", &text(RowFormat::Json).escape_debug().to_string().replace("\\n", "\n"));
    snapshot("answer.ndjson", &text(RowFormat::Ndjson).escape_debug().to_string().replace("\\n", "\n"));
}

#[test]
fn parquet_is_read_back_as_it_was() {
    let bytes = written(RowFormat::Parquet, false, false);
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(&bytes).unwrap();
    let reader = parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
    let batches: Vec<RecordBatch> = reader.build().unwrap().map(Result::unwrap).collect();
    let back = arrow::compute::concat_batches(&answer().schema(), &batches).unwrap();
    // NaN equals nothing: the text of both is compared.
    let shown = |batch: RecordBatch| table(&batch.schema(), &[batch], None).unwrap();
    assert_eq!(shown(back), shown(answer()));
}

#[test]
fn a_spreadsheet_gets_no_formula_and_a_terminal_no_orders() {
    let safe = text(RowFormat::Csv);
    assert!(safe.contains(",'=cmd|") || safe.contains("\n'=cmd|"), "{safe}");
    assert!(safe.contains("-0.500000") && !safe.contains("'-0.5"), "numbers stay numbers: {safe}");
    let raw = String::from_utf8(written(RowFormat::Csv, true, false)).unwrap();
    assert!(raw.contains("\n=cmd|"), "{raw}");
    for format in [RowFormat::Csv, RowFormat::Json, RowFormat::Ndjson] {
        let shown = String::from_utf8(written(format, false, true)).unwrap();
        assert!(!shown.contains(['\u{1b}', '\u{202e}']), "{shown}");
    }
}

#[test]
fn an_empty_answer_is_still_an_answer() {
    let schema = answer().schema();
    for (format, expected) in [
        (RowFormat::Csv, "model,tokens,cost_usd,share,linked,at,ids,note\n"),
        (RowFormat::Json, "[]\n"),
        (RowFormat::Ndjson, ""),
    ] {
        let mut bytes = Vec::new();
        let options = RowOptions { csv_raw: false, to_terminal: false };
        RowWriter::new(format, &schema, &mut bytes, options).unwrap().finish().unwrap();
        assert_eq!(String::from_utf8(bytes).unwrap(), expected);
    }
}

#[test]
fn text_gives_way_and_numbers_do_not() {
    assert_eq!(fitted(&[100, 20, 9], &[false, true, false], 60), [22, 20, 9]);
    assert_eq!(fitted(&[30, 5], &[true, false], 10), [30, 5]);
    assert_eq!(cut("abcdef", 4), "abc…");
    assert_eq!(cut("abcd", 4), "abcd");
}
