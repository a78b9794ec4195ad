//! Batches that hold what they show and no more, where an operator holds batches.
//!
//! Owns when rows are copied for that, and a step in physical plans that does it, put below sorts and the held side of joins by [`Compacting`]. Owns no limit of memory, which is
//! [`super::memory`]'s.
//!
//! An aggregate gives its groups as slices of one batch, a join and an exchange leave string views into the buffers of what they read, and a
//! semi join gives all its rows at once. Whoever holds such batches counts the whole behind each of them: the sort of 500,000 short rows was refused 4 GiB. Here rows
//! whose buffers are more than twice what they show are copied, in pieces of a batch's length, so that what is counted is what is held.

use arrow::array::{Array, ArrayRef, AsArray, MutableArrayData, RecordBatch, RecordBatchOptions, make_array};
use arrow::datatypes::DataType;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode, TreeNodeRecursion};
use datafusion::config::ConfigOptions;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::joins::HashJoinExec;
use datafusion::physical_plan::sorts::sort::SortExec;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    ChildrenPropertiesMode, DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties, ReplaceChildrenOptions,
    replace_children_if_necessary,
};
use futures::{TryStreamExt as _, stream};
use std::fmt;
use std::sync::Arc;

/// Bytes behind a column that are not worth a copy.
const SPARE_BYTES: usize = 16 << 10;

/// Puts [`CompactExec`] below what holds batches.
#[derive(Debug)]
pub(super) struct Compacting;

impl PhysicalOptimizerRule for Compacting {
    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        let below = |node: Arc<dyn ExecutionPlan>| {
            let sorts = node.downcast_ref::<SortExec>().is_some_and(|sort| sort.fetch().is_none());
            if !sorts && !node.is::<HashJoinExec>() {
                return Ok(Transformed::no(node));
            }
            let mut children: Vec<Arc<dyn ExecutionPlan>> = node.children().into_iter().cloned().collect();
            if let Some(held) = children.first_mut() {
                *held = Arc::new(CompactExec::new(Arc::clone(held)));
            }
            Ok(Transformed::yes(replace_children_if_necessary(node, children)?))
        };
        plan.transform_up(below).data()
    }

    fn name(&self) -> &str {
        "compacting"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

/// The rows of its input, unchanged and in their order.
#[derive(Debug)]
struct CompactExec {
    input: Arc<dyn ExecutionPlan>,
    properties: Arc<PlanProperties>,
}

impl CompactExec {
    fn new(input: Arc<dyn ExecutionPlan>) -> Self {
        Self { properties: Arc::clone(input.properties()), input }
    }
}

impl DisplayAs for CompactExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CompactExec")
    }
}

impl ExecutionPlan for CompactExec {
    fn name(&self) -> &str {
        "CompactExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn maintains_input_order(&self) -> Vec<bool> {
        vec![true]
    }

    fn benefits_from_input_partitioning(&self) -> Vec<bool> {
        vec![false]
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn replace_children(
        self: Arc<Self>,
        mut children: Vec<Arc<dyn ExecutionPlan>>,
        _: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        match (children.pop(), children.is_empty()) {
            (Some(input), true) => Ok(Arc::new(Self::new(input))),
            _ => Err(DataFusionError::Internal("CompactExec has one input".to_owned())),
        }
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        self.replace_children(children, ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute))
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let rows = context.session_config().batch_size().max(1);
        let input = self.input.execute(partition, context)?;
        let schema = input.schema();
        let pieces = input.map_ok(move |batch| stream::iter(pieces(batch, rows))).try_flatten();
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, pieces)))
    }
}

/// The batch in pieces of so many rows, each with buffers of its own where it shares larger ones.
fn pieces(batch: RecordBatch, rows: usize) -> impl Iterator<Item = Result<RecordBatch>> + Send {
    let starts = (0..batch.num_rows()).step_by(rows);
    starts.map(move |start| compacted(&batch.slice(start, rows.min(batch.num_rows() - start))))
}

/// The batch, with columns of its own where they share more than they show.
pub(super) fn compacted(batch: &RecordBatch) -> Result<RecordBatch> {
    let columns = batch.columns().iter().map(own).collect::<Result<_>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    Ok(RecordBatch::try_new_with_options(batch.schema(), columns, &options)?)
}

/// The column, copied if more than half of what it holds is not its own.
fn own(column: &ArrayRef) -> Result<ArrayRef> {
    if column.get_buffer_memory_size() <= 2 * shown_bytes(column.as_ref()) + SPARE_BYTES {
        return Ok(Arc::clone(column));
    }
    Ok(match column.data_type() {
        DataType::Utf8View => Arc::new(column.as_string_view().gc()),
        DataType::BinaryView => Arc::new(column.as_binary_view().gc()),
        _ => {
            let data = column.to_data();
            let mut copy = MutableArrayData::new(vec![&data], false, column.len());
            copy.try_extend(0, 0, column.len())?;
            make_array(copy.freeze())
        }
    })
}

/// Bytes of a column's own rows, about.
fn shown_bytes(column: &dyn Array) -> usize {
    const VIEW_BYTES: usize = size_of::<u128>();
    match column.data_type() {
        DataType::Utf8View => column.len() * VIEW_BYTES + column.as_string_view().total_buffer_bytes_used(),
        DataType::BinaryView => column.len() * VIEW_BYTES + column.as_binary_view().total_buffer_bytes_used(),
        DataType::List(_) => {
            let lists = column.as_list::<i32>();
            let (first, last) = (lists.value_offsets()[0] as usize, lists.value_offsets()[lists.len()] as usize);
            column.len() * size_of::<i32>() + shown_bytes(&lists.values().slice(first, last - first))
        }
        _ => column.to_data().get_slice_memory_size().unwrap_or(usize::MAX / 4),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{Int64Array, ListArray, StringArray, StringViewArray, StructArray};
    use arrow::datatypes::{Field, Int64Type};

    const ROWS: usize = 100_000;

    fn large() -> RecordBatch {
        let texts = || (0..ROWS).map(|row| (row % 7 != 0).then(|| format!("a text of more than twelve bytes, {row}")));
        let lists = (0..ROWS as i64).map(|row| (row % 5 != 0).then(|| (0..row % 9).map(Some).collect::<Vec<_>>()));
        let numbers: ArrayRef =
            Arc::new(Int64Array::from_iter((0..ROWS as i64).map(|row| (row % 3 != 0).then_some(row))));
        let field = Arc::new(Field::new("n", DataType::Int64, true));
        RecordBatch::try_from_iter([
            ("text", Arc::new(StringArray::from_iter(texts())) as ArrayRef),
            ("view", Arc::new(StringViewArray::from_iter(texts()))),
            ("list", Arc::new(ListArray::from_iter_primitive::<Int64Type, _, _>(lists))),
            ("struct", Arc::new(StructArray::from(vec![(field, Arc::clone(&numbers))]))),
            ("number", numbers),
        ])
        .unwrap()
    }

    #[test]
    fn pieces_are_the_same_rows_and_hold_no_more_than_twice_their_own() {
        let batch = large();
        let whole: Vec<RecordBatch> = pieces(batch.clone(), 8_192).collect::<Result<_>>().unwrap();
        assert_eq!(whole.len(), ROWS.div_ceil(8_192));
        let mut start = 0;
        for piece in &whole {
            assert_eq!(piece, &batch.slice(start, piece.num_rows()));
            start += piece.num_rows();
            for (name, column) in piece.schema().fields().iter().zip(piece.columns()) {
                let (held, own) = (column.get_buffer_memory_size(), shown_bytes(column));
                assert!(held <= 2 * own + SPARE_BYTES, "{name:?}: {held} bytes for {own}");
            }
        }
        assert_eq!(start, ROWS);
        let held: usize = whole.iter().map(RecordBatch::get_array_memory_size).sum();
        assert!(held < 2 * batch.get_array_memory_size(), "{held}");
    }

    #[test]
    fn what_shares_nothing_is_not_copied() {
        let batch = pieces(large(), 8_192).nth(1).unwrap().unwrap();
        let same = compacted(&batch).unwrap();
        for (one, other) in batch.columns().iter().zip(same.columns()) {
            assert!(Arc::ptr_eq(one, other));
        }
        assert_eq!(pieces(batch.slice(0, 0), 8_192).count(), 0);
    }
}
