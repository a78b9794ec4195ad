//! Tables that an earlier version of footlight made: they lack the columns that came later.
//!
//! Owns how such a table is read and how it is brought up to date. Owns no columns: those are [`super::schema`]'s.
//! A column that may be null is null in the rows that were written without it. Where one is missing that must have a value, or is there in another type, the
//! table stays as it is, and whoever asks for the column is told.

use super::{Lake, LakeError, Table};
use arrow::datatypes::{FieldRef, Schema};
use datafusion::catalog::TableProvider;
use datafusion::common::ScalarValue;
use datafusion::datasource::{ViewTable, provider_as_source};
use datafusion::logical_expr::{Expr, LogicalPlanBuilder, ident, lit};
use deltalake::kernel::StructType;
use deltalake::kernel::engine::arrow_conversion::TryIntoKernel;
use deltalake::kernel::transaction::CommitProperties;
use std::sync::Arc;

/// The columns that may be null and that a table with columns of other names lacks.
fn lacking(table: Table, has: impl Fn(&str) -> bool) -> Vec<FieldRef> {
    table.schema().fields().iter().filter(|field| field.is_nullable() && !has(field.name())).cloned().collect()
}

/// The columns as Delta describes them.
pub(super) fn as_delta(columns: &Schema) -> Result<StructType, LakeError> {
    Ok(TryIntoKernel::<StructType>::try_into_kernel(columns)?)
}

/// The table as it is read, with null in the columns that it lacks.
pub(super) fn filled(table: Table, held: Arc<dyn TableProvider>) -> Result<Arc<dyn TableProvider>, LakeError> {
    let schema = held.schema();
    let lacking = lacking(table, |name| schema.index_of(name).is_ok());
    if lacking.is_empty() {
        return Ok(held);
    }
    let mut columns: Vec<Expr> = schema.fields().iter().map(|field| ident(field.name())).collect();
    for field in lacking {
        columns.push(lit(ScalarValue::try_new_null(field.data_type())?).alias(field.name()));
    }
    let plan = LogicalPlanBuilder::scan(table.name(), provider_as_source(held), None)?.project(columns)?.build()?;
    Ok(Arc::new(ViewTable::new(plan, None)))
}

impl Lake {
    /// Adds to a table the columns that it lacks and that may be null, in a commit that touches no row.
    pub(super) async fn add_missing_columns(&self, table: Table) -> Result<(), LakeError> {
        let delta = self.delta(table).await?;
        let held = delta.snapshot()?.schema();
        let lacking = lacking(table, |name| held.field(name).is_some());
        if lacking.is_empty() {
            return Ok(());
        }
        // Whatever becomes of the commit, the table is opened anew afterwards.
        self.close(table);
        let fields: Vec<_> = as_delta(&Schema::new(lacking))?.fields().cloned().collect();
        // Without a checkpoint, as every other commit.
        let properties =
            CommitProperties::default().with_create_checkpoint(false).with_cleanup_expired_logs(Some(false));
        delta.add_columns().with_fields(fields).with_commit_properties(properties).await?;
        self.sync_log(table).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::{Fact, FactName};
    use crate::lake::files::{self, DataFile};
    use crate::lake::rows::{Place, TableBuilder};
    use arrow::array::{Array, RecordBatch};
    use datafusion::prelude::SessionContext;
    use deltalake::operations::create::CreateBuilder;
    use parquet::arrow::ArrowWriter;
    use std::path::Path;
    use std::time::Duration;

    /// One fact, with a moment.
    fn fact(session: &str) -> RecordBatch {
        let fact = Fact {
            session_id: session.to_owned(),
            ts_us: Some(1),
            name: FactName::Parent,
            value: String::new(),
            rank: 1,
            evidence: String::new(),
        };
        let mut builder = TableBuilder::new(Table::Facts);
        builder.fact(Place { source: "canonical", source_file: "a.ndjson", offset: 0 }, &fact);
        builder.finish().unwrap().0
    }

    /// A lake whose facts lack a column, in the table and in the file with its only row.
    async fn lake_without(root: &Path, column: &str) {
        drop(Lake::open_for_writing(root, Duration::ZERO).await.unwrap());
        let directory = root.join(Table::Facts.name());
        std::fs::remove_dir_all(&directory).unwrap();
        std::fs::create_dir(&directory).unwrap();
        let batch = fact("before");
        let kept: Vec<usize> =
            (0..batch.num_columns()).filter(|&at| batch.schema().field(at).name() != column).collect();
        let batch = batch.project(&kept).unwrap();
        CreateBuilder::new()
            .with_location(directory.to_string_lossy())
            .with_columns(as_delta(&batch.schema()).unwrap().fields().cloned())
            .await
            .unwrap();
        let path = directory.join("part-earlier.parquet");
        let mut writer = ArrowWriter::try_new(std::fs::File::create(&path).unwrap(), batch.schema(), None).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
        let bytes = std::fs::metadata(&path).unwrap().len();
        let file = DataFile { name: "part-earlier.parquet".to_owned(), bytes, rows: 1 };
        Lake::open(root).unwrap().commit(Table::Facts, &[file], &[], 1).await.unwrap();
    }

    /// How many facts are read, and how many of them have no moment.
    async fn facts(lake: &Lake) -> (usize, usize) {
        let provider = lake.provider(Table::Facts).await.unwrap();
        let read = SessionContext::new().read_table(provider).unwrap();
        let batches = read.select_columns(&["session_id", "ts"]).unwrap().collect().await.unwrap();
        let nulls = batches.iter().map(|batch| batch.column(1).null_count()).sum();
        (batches.iter().map(RecordBatch::num_rows).sum(), nulls)
    }

    fn runtime() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap()
    }

    #[test]
    fn a_column_that_came_later_is_null_when_it_is_read_and_added_when_the_lake_is_written() {
        runtime().block_on(async {
            let directory = tempfile::tempdir().unwrap();
            let root = directory.path().join("lake");
            lake_without(&root, "ts").await;
            assert_eq!(facts(&Lake::open(&root).unwrap()).await, (1, 1));

            let lake = Lake::open_for_writing(&root, Duration::ZERO).await.unwrap();
            let table = lake.delta(Table::Facts).await.unwrap();
            assert!(table.snapshot().unwrap().schema().field("ts").is_some());
            assert_eq!(table.version(), Some(2));
            let file = files::write(&lake.directory(Table::Facts), Table::Facts, &[fact("after")]).unwrap();
            lake.commit(Table::Facts, &[file], &[], 2).await.unwrap();
            assert_eq!(facts(&lake).await, (2, 1));
            drop(lake);
            // Nothing lacks any more, so nothing is committed.
            let again = Lake::open_for_writing(&root, Duration::ZERO).await.unwrap();
            assert_eq!(again.delta(Table::Facts).await.unwrap().version(), Some(3));
            assert!(again.verify().await.unwrap().findings.is_empty());
        });
    }

    #[test]
    fn a_column_that_must_have_a_value_is_not_made_up() {
        runtime().block_on(async {
            let directory = tempfile::tempdir().unwrap();
            let root = directory.path().join("lake");
            lake_without(&root, "rank").await;
            for lake in [Lake::open(&root).unwrap(), Lake::open_for_writing(&root, Duration::ZERO).await.unwrap()] {
                let provider = lake.provider(Table::Facts).await.unwrap();
                assert!(provider.schema().index_of("rank").is_err());
                let batches = SessionContext::new().read_table(provider).unwrap().collect().await.unwrap();
                assert_eq!(batches.iter().map(RecordBatch::num_rows).sum::<usize>(), 1);
            }
        });
    }
}
