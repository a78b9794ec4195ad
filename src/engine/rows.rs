//! Typed access to the rows of a result, by column name.
//!
//! Owns the way from Arrow columns to Rust values, so that commands fill score rows without naming array types.
//! Money comes out in millionths of a US dollar, times in microseconds since the epoch (UTC), lists of numbers as `Vec<i64>`.

use arrow::array::{
    Array, AsArray, BooleanArray, Float64Array, Int64Array, ListArray, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Decimal128Type, Field, Int64Type, TimeUnit};
use arrow::error::ArrowError;
use std::sync::Arc;

/// Why a column could not be read as asked.
#[derive(Debug, thiserror::Error)]
pub enum RowError {
    /// There is no such column.
    #[error("the result has no column `{0}`")]
    NoColumn(String),
    /// The column is of another kind.
    #[error("column `{column}` is {found}, which cannot be read as {wanted}")]
    Type {
        /// Which.
        column: String,
        /// Its Arrow type.
        found: String,
        /// What was asked for.
        wanted: &'static str,
        /// What Arrow says.
        #[source]
        source: Option<ArrowError>,
    },
    /// A column that must not be null is.
    #[error("column `{column}` is null in row {row} of a batch")]
    Null {
        /// Which.
        column: String,
        /// Row in the batch, from 0.
        row: usize,
    },
}

/// One batch with typed columns by name.
pub struct Columns<'a>(&'a RecordBatch);

impl<'a> Columns<'a> {
    /// Over one batch.
    pub fn new(batch: &'a RecordBatch) -> Self {
        Self(batch)
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.0.num_rows()
    }

    /// Texts.
    pub fn text(&self, column: &str) -> Result<Column<StringArray>, RowError> {
        Ok(Column::new(column, self.cast(column, &DataType::Utf8, "text")?.as_string::<i32>().clone()))
    }

    /// Whole numbers.
    pub fn integer(&self, column: &str) -> Result<Column<Int64Array>, RowError> {
        Ok(Column::new(column, self.cast(column, &DataType::Int64, "a whole number")?.as_primitive().clone()))
    }

    /// Numbers.
    pub fn number(&self, column: &str) -> Result<Column<Float64Array>, RowError> {
        Ok(Column::new(column, self.cast(column, &DataType::Float64, "a number")?.as_primitive().clone()))
    }

    /// Booleans.
    pub fn boolean(&self, column: &str) -> Result<Column<BooleanArray>, RowError> {
        Ok(Column::new(column, self.cast(column, &DataType::Boolean, "a boolean")?.as_boolean().clone()))
    }

    /// Times, as microseconds since the epoch.
    pub fn time(&self, column: &str) -> Result<Column<TimestampMicrosecondArray>, RowError> {
        let wanted = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
        Ok(Column::new(column, self.cast(column, &wanted, "a time")?.as_primitive().clone()))
    }

    /// Decimal dollars, as millionths of a dollar.
    pub fn micro_usd(&self, column: &str) -> Result<Column<Int64Array>, RowError> {
        let decimal = self.cast(column, &DataType::Decimal128(38, 6), "decimal dollars")?;
        let micro = decimal.as_primitive::<Decimal128Type>();
        let unscaled: Int64Array =
            micro.iter().map(|value| value.and_then(|value| i64::try_from(value).ok())).collect();
        if unscaled.null_count() != micro.null_count() {
            let found = "a sum beyond nine trillion dollars".to_owned();
            return Err(RowError::Type { column: column.to_owned(), found, wanted: "decimal dollars", source: None });
        }
        Ok(Column::new(column, unscaled))
    }

    /// Lists of whole numbers.
    pub fn integers(&self, column: &str) -> Result<Column<ListArray>, RowError> {
        let wanted = DataType::List(Arc::new(Field::new_list_field(DataType::Int64, true)));
        Ok(Column::new(column, self.cast(column, &wanted, "a list of whole numbers")?.as_list::<i32>().clone()))
    }

    fn cast(&self, column: &str, wanted: &DataType, words: &'static str) -> Result<Arc<dyn Array>, RowError> {
        let array = self.0.column_by_name(column).ok_or_else(|| RowError::NoColumn(column.to_owned()))?;
        let wrong = |source| RowError::Type {
            column: column.to_owned(),
            found: array.data_type().to_string(),
            wanted: words,
            source,
        };
        // Arrow would also parse texts as numbers and print numbers as texts: that would hide a wrong column.
        let is_text = |kind: &DataType| matches!(kind, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View);
        if is_text(array.data_type()) != is_text(wanted) && *array.data_type() != DataType::Null {
            return Err(wrong(None));
        }
        cast(array, wanted).map_err(|source| wrong(Some(source)))
    }
}

/// A typed column that knows its name.
pub struct Column<A> {
    name: String,
    array: A,
}

impl<A: Array> Column<A> {
    fn new(name: &str, array: A) -> Self {
        Self { name: name.to_owned(), array }
    }

    fn present<T>(&self, row: usize, value: Option<T>) -> Result<T, RowError> {
        value.ok_or_else(|| RowError::Null { column: self.name.clone(), row })
    }
}

impl Column<StringArray> {
    /// The text of a row, where it lies; `None` when null.
    pub fn borrowed(&self, row: usize) -> Option<&str> {
        self.array.is_valid(row).then(|| self.array.value(row))
    }

    /// [`Column::borrowed`] of a column that is never null.
    pub fn borrowed_required(&self, row: usize) -> Result<&str, RowError> {
        self.present(row, self.borrowed(row))
    }
}

macro_rules! column_access {
    ($array:ty, $value:ty, $read:expr) => {
        impl Column<$array> {
            /// The value of a row; `None` when null.
            pub fn get(&self, row: usize) -> Option<$value> {
                let read: fn(&$array, usize) -> $value = $read;
                self.array.is_valid(row).then(|| read(&self.array, row))
            }

            /// The value of a row of a column that is never null.
            pub fn required(&self, row: usize) -> Result<$value, RowError> {
                self.present(row, self.get(row))
            }
        }
    };
}

column_access!(StringArray, String, |array, row| array.value(row).to_owned());
column_access!(Int64Array, i64, |array, row| array.value(row));
column_access!(Float64Array, f64, |array, row| array.value(row));
column_access!(BooleanArray, bool, |array, row| array.value(row));
column_access!(TimestampMicrosecondArray, i64, |array, row| array.value(row));
column_access!(ListArray, Vec<i64>, |array, row| {
    array.value(row).as_primitive::<Int64Type>().iter().flatten().collect()
});

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{Decimal128Array, Int32Array, StringViewArray};

    #[test]
    fn columns_are_read_by_kind_and_null_stays_null() {
        let cost = Decimal128Array::from(vec![Some(1_250_000), None]).with_precision_and_scale(18, 6).unwrap();
        let list = ListArray::from_iter_primitive::<Int64Type, _, _>([Some(vec![Some(1), Some(2)]), None]);
        let batch = RecordBatch::try_from_iter_with_nullable([
            ("name", Arc::new(StringViewArray::from(vec![Some("ada"), None])) as Arc<dyn Array>, true),
            ("count", Arc::new(Int32Array::from(vec![7, 8])), true),
            ("cost", Arc::new(cost), true),
            ("lines", Arc::new(list), true),
        ])
        .unwrap();
        let columns = Columns::new(&batch);
        assert_eq!(columns.text("name").unwrap().get(0).as_deref(), Some("ada"));
        assert_eq!(columns.integer("count").unwrap().required(1).unwrap(), 8);
        assert_eq!(columns.number("count").unwrap().get(0), Some(7.0));
        assert_eq!(columns.micro_usd("cost").unwrap().get(0), Some(1_250_000));
        assert_eq!(columns.micro_usd("cost").unwrap().get(1), None);
        assert_eq!(columns.integers("lines").unwrap().get(0), Some(vec![1, 2]));
        let message = |error: RowError| error.to_string();
        assert_eq!(message(columns.text("nobody").err().unwrap()), "the result has no column `nobody`");
        assert_eq!(
            message(columns.integer("name").err().unwrap()),
            "column `name` is Utf8View, which cannot be read as a whole number"
        );
        let null = columns.text("name").unwrap().required(1).err().unwrap();
        assert_eq!(message(null), "column `name` is null in row 1 of a batch");
    }
}
