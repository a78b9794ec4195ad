//! Columns under construction: one Arrow builder of the type that the schema names, with the room that it is given.
//!
//! Owns which builder a type has. Owns no columns: those are [`super::schema`]'s, and what stands in them is [`super::rows`]'s.

use super::schema::money;
use arrow::array::{
    ArrayBuilder, ArrayRef, BinaryBuilder, BooleanBuilder, Decimal128Builder, Int32Builder, Int64Builder, ListBuilder,
    StringBuilder, TimestampMicrosecondBuilder,
};
use arrow::datatypes::{DataType, Field};
use std::sync::Arc;

/// The values of one column.
pub(super) enum Column {
    Text(StringBuilder),
    Long(Int64Builder),
    Int(Int32Builder),
    Flag(BooleanBuilder),
    Moment(TimestampMicrosecondBuilder),
    Money(Decimal128Builder),
    Key(BinaryBuilder),
    Longs(ListBuilder<Int64Builder>),
    Texts(ListBuilder<StringBuilder>),
}

/// How much a column held: what the next one is given room for, since growing means copying.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Held {
    rows: usize,
    /// Bytes of texts, elements of lists.
    inside: usize,
    /// Bytes of texts in lists.
    bytes: usize,
}

impl Column {
    /// An empty column, with room for what one like it held.
    pub(super) fn of(field: &Field, room: Held) -> Self {
        let element = |item: DataType| Field::new("element", item, true);
        let Held { rows, inside, bytes } = room;
        match field.data_type() {
            DataType::Int64 => Column::Long(Int64Builder::with_capacity(rows)),
            DataType::Int32 => Column::Int(Int32Builder::with_capacity(rows)),
            DataType::Boolean => Column::Flag(BooleanBuilder::with_capacity(rows)),
            DataType::Timestamp(..) => {
                Column::Moment(TimestampMicrosecondBuilder::with_capacity(rows).with_timezone("UTC"))
            }
            DataType::Decimal128(..) => Column::Money(Decimal128Builder::with_capacity(rows).with_data_type(money())),
            DataType::Binary => Column::Key(BinaryBuilder::with_capacity(rows, inside)),
            DataType::List(item) if item.data_type() == &DataType::Int64 => {
                let elements = Int64Builder::with_capacity(inside);
                Column::Longs(ListBuilder::with_capacity(elements, rows).with_field(element(DataType::Int64)))
            }
            DataType::List(_) => {
                let elements = StringBuilder::with_capacity(inside, bytes);
                Column::Texts(ListBuilder::with_capacity(elements, rows).with_field(element(DataType::Utf8)))
            }
            _ => Column::Text(StringBuilder::with_capacity(rows, inside)),
        }
    }

    /// What there is of so many rows.
    pub(super) fn held(&self, rows: usize) -> Held {
        match self {
            Column::Text(builder) => Held { rows, inside: builder.values_slice().len(), bytes: 0 },
            Column::Key(builder) => Held { rows, inside: builder.values_slice().len(), bytes: 0 },
            Column::Longs(builder) => Held { rows, inside: builder.values_ref().len(), bytes: 0 },
            Column::Texts(builder) => {
                let texts = builder.values_ref();
                Held { rows, inside: texts.len(), bytes: texts.values_slice().len() }
            }
            Column::Long(_) | Column::Int(_) | Column::Flag(_) | Column::Moment(_) | Column::Money(_) => {
                Held { rows, ..Held::default() }
            }
        }
    }

    /// The values as an array.
    pub(super) fn finish(&mut self) -> ArrayRef {
        match self {
            Column::Text(builder) => Arc::new(builder.finish()),
            Column::Long(builder) => Arc::new(builder.finish()),
            Column::Int(builder) => Arc::new(builder.finish()),
            Column::Flag(builder) => Arc::new(builder.finish()),
            Column::Moment(builder) => Arc::new(builder.finish()),
            Column::Money(builder) => Arc::new(builder.finish()),
            Column::Key(builder) => Arc::new(builder.finish()),
            Column::Longs(builder) => Arc::new(builder.finish()),
            Column::Texts(builder) => Arc::new(builder.finish()),
        }
    }
}
