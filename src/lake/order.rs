//! The order of rows by the columns that a table is sorted by.
//!
//! Owns how rows are compared. Owns no columns: those are [`super::schema`]'s.

use super::LakeError;
use arrow::array::{Array, ArrayRef, AsArray, BinaryArray, StringArray, UInt32Array};
use arrow::compute::{SortColumn, lexsort_to_indices};
use arrow::datatypes::{DataType, Int64Type, TimestampMicrosecondType};
use std::collections::HashMap;

/// The row numbers of columns of one length in the order of the first, of rows with equal values there in that of the second, and so on.
pub(super) fn order_of(columns: &[ArrayRef]) -> Result<UInt32Array, LakeError> {
    if let Some(rows) = Comparable::of(columns) {
        return Ok(rows.order());
    }
    let columns: Vec<SortColumn> =
        columns.iter().map(|values| SortColumn { values: values.clone(), options: None }).collect();
    Ok(lexsort_to_indices(&columns, None)?)
}

/// Rows that are compared by numbers: arrow asks a function behind a pointer for each column of each pair of rows, and most of those pairs are texts
/// that stand anywhere in memory.
struct Comparable<'a> {
    /// Of each row the place of its text among all texts, and its number; 0 where there is no such column.
    before_key: Vec<(u32, i64)>,
    key: &'a BinaryArray,
}

impl<'a> Comparable<'a> {
    /// Of a text, a number or both, and a key behind them, none of them ever null.
    fn of(columns: &'a [ArrayRef]) -> Option<Self> {
        if columns.iter().any(|column| column.null_count() > 0) {
            return None;
        }
        let (key, before) = columns.split_last()?;
        let key = key.as_binary_opt::<i32>()?;
        let (text, number) = match before {
            [one] if one.data_type() == &DataType::Utf8 => (Some(one), None),
            [one] => (None, Some(one)),
            [text, number] => (Some(text), Some(number)),
            _ => return None,
        };
        let places = match text {
            Some(text) => places(text.as_string_opt::<i32>()?),
            None => vec![0; key.len()],
        };
        let numbers = match number {
            Some(number) => numbers(number)?,
            None => &[],
        };
        let number = |row: usize| numbers.get(row).copied().unwrap_or(0);
        let before_key = places.into_iter().enumerate().map(|(row, place)| (place, number(row))).collect();
        Some(Self { before_key, key })
    }

    /// The sort is the one that arrow makes, over elements of the same type, so that rows which are equal in everything stand as they stand with it.
    fn order(&self) -> UInt32Array {
        let mut rows: Vec<usize> = (0..self.before_key.len()).collect();
        rows.sort_unstable_by(|&one, &other| {
            let keys = || self.key.value(one).cmp(self.key.value(other));
            self.before_key[one].cmp(&self.before_key[other]).then_with(keys)
        });
        UInt32Array::from(rows.into_iter().map(|row| row as u32).collect::<Vec<_>>())
    }
}

fn numbers(column: &ArrayRef) -> Option<&[i64]> {
    match column.as_primitive_opt::<Int64Type>() {
        Some(numbers) => Some(numbers.values()),
        None => Some(column.as_primitive_opt::<TimestampMicrosecondType>()?.values()),
    }
}

/// The place of each row's text among the different texts, from the least on. Neighbours mostly have the same.
fn places(texts: &StringArray) -> Vec<u32> {
    let mut met = HashMap::<&str, u32>::new();
    let mut last: Option<(&str, u32)> = None;
    let mut places = Vec::with_capacity(texts.len());
    for row in 0..texts.len() {
        let text = texts.value(row);
        let number = match last {
            Some((before, number)) if before == text => number,
            _ => {
                let next = met.len() as u32;
                *met.entry(text).or_insert(next)
            }
        };
        last = Some((text, number));
        places.push(number);
    }
    let mut sorted: Vec<(&str, u32)> = met.into_iter().collect();
    sorted.sort_unstable();
    let mut place_of = vec![0; sorted.len()];
    for (place, (_, number)) in sorted.into_iter().enumerate() {
        place_of[number as usize] = place as u32;
    }
    for place in &mut places {
        *place = place_of[*place as usize];
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{Int64Array, TimestampMicrosecondArray};
    use std::sync::Arc;

    fn by_arrow(columns: &[ArrayRef]) -> UInt32Array {
        let columns: Vec<SortColumn> =
            columns.iter().map(|values| SortColumn { values: values.clone(), options: None }).collect();
        lexsort_to_indices(&columns, None).unwrap()
    }

    proptest::proptest! {
        #[test]
        fn rows_stand_as_arrow_puts_them_also_those_that_are_equal(
            rows in proptest::collection::vec((0..6usize, -2..3i64, 0..3u8), 0..400),
        ) {
            const TEXTS: [&str; 6] = ["", "b", "b-1", "b-10", "a", "é"];
            let text: ArrayRef = Arc::new(rows.iter().map(|row| Some(TEXTS[row.0])).collect::<StringArray>());
            let moments: Vec<i64> = rows.iter().map(|row| row.1).collect();
            let moment: ArrayRef = Arc::new(TimestampMicrosecondArray::from(moments.clone()).with_timezone("UTC"));
            let long: ArrayRef = Arc::new(Int64Array::from(moments));
            let key: ArrayRef = Arc::new(BinaryArray::from_iter_values(rows.iter().map(|row| [row.2; 16])));
            for columns in [
                vec![text.clone(), moment.clone(), key.clone()],
                vec![text.clone(), long, key.clone()],
                vec![text, key.clone()],
                vec![moment, key],
            ] {
                proptest::prop_assert!(Comparable::of(&columns).is_some());
                proptest::prop_assert_eq!(order_of(&columns).unwrap(), by_arrow(&columns));
            }
        }
    }

    #[test]
    fn other_columns_and_missing_values_are_left_to_arrow() {
        let text: ArrayRef = Arc::new(StringArray::from(vec![Some("b"), None, Some("a")]));
        let key: ArrayRef = Arc::new(BinaryArray::from_iter_values([[2; 16], [1; 16], [3; 16]]));
        for (columns, order) in [
            (vec![text.clone(), key.clone()], [1u32, 2, 0]),
            (vec![text], [1, 2, 0]),
            (vec![key.clone(), key], [1, 0, 2]),
        ] {
            assert!(Comparable::of(&columns).is_none());
            assert_eq!(order_of(&columns).unwrap().values().to_vec(), order);
        }
    }
}
