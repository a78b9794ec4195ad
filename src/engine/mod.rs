//! The SQL engine: a DataFusion context over the base tables, in which the models of `queries/` run in order.
//!
//! Owns the context and its limits ([`Engine`]), the model files ([`models`], [`header`]), the base tables' names ([`tables`]),
//! the running of models and typed access to results ([`rows`]). Owns no judgement: what readings mean is decided in [`crate::score`].
//! Everything is built-in SQL, so that the same plans can run on more than one machine.

mod buckets;
mod compact;
#[cfg(feature = "cluster")]
pub mod distributed;
pub mod header;
mod held_side;
mod memory;
pub mod models;
pub mod rows;
mod run;
mod steps;
mod store;
pub mod tables;
pub mod workers;

use self::buckets::Buckets;
use self::compact::Compacting;
use self::held_side::FewRowsHeld;
use self::memory::CommonPool;
use self::rows::Columns;
use self::run::Run;
use self::store::Held;
use self::workers::Workers;
pub use header::{ParamValue, Store};
pub use models::{Model, ModelError, Models, Overrides, overrides_from_toml};

use arrow::array::{AsArray as _, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, SchemaRef};
use datafusion::catalog::TableProvider;
use datafusion::datasource::MemTable;
use datafusion::error::DataFusionError;
use datafusion::execution::context::SQLOptions;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::MemoryPool;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::execution::{SendableRecordBatchStream, SessionStateBuilder};
use datafusion::logical_expr::{ColumnarValue, Volatility, create_udf};
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_optimizer::optimizer::PhysicalOptimizer;
use datafusion::prelude::{DataFrame, SessionConfig, SessionContext};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Why the engine could not answer.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The models are wrong.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// A model failed.
    #[error("{file}: {source}")]
    Run {
        /// The model's file.
        file: String,
        /// What DataFusion says.
        #[source]
        source: Box<DataFusionError>,
    },
    /// Something else that DataFusion refuses: a user's query, a table.
    #[error("{0}")]
    Sql(#[source] Box<DataFusionError>),
    /// Temporary files could not be made.
    #[error("cannot use {} for temporary files", path.display())]
    Scratch {
        /// Where.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

impl From<DataFusionError> for EngineError {
    fn from(error: DataFusionError) -> Self {
        Self::Sql(Box::new(error))
    }
}

/// What the engine may use.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Bytes of memory for sorts, joins and aggregates; beyond, they spill to disk.
    pub memory_bytes: usize,
    /// Partitions worked on at once.
    pub threads: usize,
    /// Models of more rows than this are kept in a temporary Parquet file instead of memory.
    pub rows_in_memory: usize,
    /// Directory for temporary files; the system's when `None`. What is written there is removed with the engine.
    pub scratch: Option<PathBuf>,
    /// Buckets of people that large models are worked on in, one after the other; by events and memory when `None`.
    pub buckets: Option<usize>,
    /// Whether joins sort both of their sides from the beginning, and not only where holding one side was refused memory: slower, and the same rows.
    pub joins_sort: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory_bytes: 2 << 30,
            threads: 2,
            rows_in_memory: 1_000_000,
            scratch: None,
            buckets: None,
            joins_sort: false,
        }
    }
}

/// How one model ran.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelRun {
    /// Model.
    pub model: String,
    /// Rows; `None` for a view, which is not computed by itself.
    pub rows: Option<usize>,
    /// How long it took; of a model in buckets, the times of all of them together.
    pub took: Duration,
}

/// A DataFusion context with the product's limits.
pub struct Engine {
    context: SessionContext,
    pool: Arc<CommonPool>,
    held: Arc<Held>,
    scratch: tempfile::TempDir,
    limits: Limits,
}

/// Rows of a batch of what is streamed: those of 28 million readings with their words had 3.9 MB with DataFusion's 8,192, and some 290 files to merge.
const ROWS_OF_A_STREAM: usize = 1_024;

/// The part of the memory that the sort of a stream sets aside for merging what it holds: where a row is sorted by all of its words, what is compared is
/// up to twice as long as the row, and DataFusion reckons with as long.
const OF_MERGING: usize = 4;

/// The column by which a model of steps is split into buckets.
const PERSON: &str = "actor_id";

impl Engine {
    /// An engine without tables.
    pub fn new(limits: &Limits) -> Result<Self, EngineError> {
        Self::build(limits, None)
    }

    /// An engine whose models are run by other machines. They deal rows out among themselves, so people are in one bucket.
    pub fn with_workers(limits: &Limits, workers: Arc<dyn Workers>) -> Result<Self, EngineError> {
        Self::build(&Limits { buckets: Some(1), ..limits.clone() }, Some(workers))
    }

    fn build(limits: &Limits, workers: Option<Arc<dyn Workers>>) -> Result<Self, EngineError> {
        let parent = limits.scratch.clone().unwrap_or_else(std::env::temp_dir);
        let scratch = tempfile::Builder::new()
            .prefix("footlight-")
            .tempdir_in(&parent)
            .map_err(|source| EngineError::Scratch { path: parent, source })?;
        let spill =
            DiskManagerBuilder::default().with_mode(DiskManagerMode::Directories(vec![scratch.path().to_path_buf()]));
        let common = Arc::new(CommonPool::new(limits.memory_bytes));
        let pool: Arc<dyn MemoryPool> = Arc::clone(&common) as Arc<dyn MemoryPool>;
        let mut runtime = RuntimeEnvBuilder::new().with_memory_pool(Arc::clone(&pool)).with_disk_manager_builder(spill);
        if let Some(workers) = &workers {
            runtime = runtime.with_object_store_registry(workers.stores());
        }
        let mut config =
            SessionConfig::new().with_target_partitions(limits.threads.max(1)).with_information_schema(true);
        config.options_mut().execution.time_zone = Some("UTC".to_owned());
        // String views share the buffers of whole pages; sorts would count each of them with every batch.
        config.options_mut().execution.parquet.schema_force_view_types = false;
        // What each sort sets aside for merging, of which a plan has a dozen: with little memory less than DataFusion's 10 MB.
        let merging = (limits.memory_bytes / 64).min(config.options().execution.sort_spill_reservation_bytes);
        config.options_mut().execution.sort_spill_reservation_bytes = merging;
        let mut state =
            SessionStateBuilder::new_with_default_features().with_config(config).with_runtime_env(runtime.build_arc()?);
        if workers.is_none() {
            // Other machines know the steps of DataFusion's plans alone.
            let mut rules: Vec<Arc<dyn PhysicalOptimizerRule + Send + Sync>> = vec![Arc::new(FewRowsHeld)];
            rules.extend(PhysicalOptimizer::new().rules);
            rules.push(Arc::new(Compacting));
            state = state.with_physical_optimizer_rules(rules);
        }
        let context = SessionContext::new_with_state(state.build());
        let mut held = Held::new(limits.rows_in_memory, limits.memory_bytes, &pool);
        held.workers = workers;
        let held = Arc::new(held);
        Ok(Self { context, pool: common, held, scratch, limits: limits.clone() })
    }

    /// The context itself, for what this type does not wrap.
    pub fn context(&self) -> &SessionContext {
        &self.context
    }

    /// Leaves so many bytes less for what is asked from now on: the caller holds them for as long as there is this engine.
    pub fn set_aside(&self, bytes: usize) {
        self.pool.set_aside(bytes);
    }

    /// Registers a table, in place of one of the same name.
    pub fn register(&self, name: &str, table: Arc<dyn TableProvider>) -> Result<(), EngineError> {
        Ok(self.replace(name, table)?)
    }

    /// Registers batches as a table.
    pub fn register_batches(
        &self,
        name: &str,
        schema: SchemaRef,
        batches: Vec<RecordBatch>,
    ) -> Result<(), EngineError> {
        if batches.iter().all(|batch| batch.num_rows() == 0) && !self.has_workers() {
            return self.register(name, store::nothing(&schema)?);
        }
        self.register(name, Arc::new(MemTable::try_new(schema, vec![batches])?))
    }

    /// The lake's table of this name, made of these files, as the machines that run models read it; `None` where this process runs them.
    pub async fn shared_files(
        &self,
        name: &str,
        schema: SchemaRef,
        files: Vec<PathBuf>,
    ) -> Result<Option<Arc<dyn TableProvider>>, EngineError> {
        match &self.held.workers {
            Some(workers) => Ok(Some(workers.files(name, schema, files).await?)),
            None => Ok(None),
        }
    }

    /// Whether other machines run the models.
    pub fn has_workers(&self) -> bool {
        self.held.workers.is_some()
    }

    /// Puts what models read and only this process has where other machines can read it.
    async fn share(&self, names: impl Iterator<Item = &str>) -> Result<(), DataFusionError> {
        let Some(workers) = &self.held.workers else { return Ok(()) };
        for name in names {
            if !self.context.table_exist(name)? {
                continue;
            }
            let table = self.context.table_provider(name).await?;
            if !workers.can_read(&table)? {
                let shared = workers.keep(self.context.read_table(table)?, name).await?;
                self.replace(name, shared.table)?;
            }
        }
        Ok(())
    }

    /// Registers a base table made from configuration with no rows.
    pub fn register_empty(&self, name: &str, schema: SchemaRef) -> Result<(), EngineError> {
        self.register_batches(name, schema, Vec::new())
    }

    /// Runs every model, each after what it reads.
    pub async fn run(&self, models: &Models, overrides: &Overrides) -> Result<Vec<ModelRun>, EngineError> {
        self.run_keeping(models, overrides, &|_| true).await
    }

    /// Runs every model, each after what it reads. When no model is left that reads it, the result of one whose name does not stay is dropped:
    /// its memory and its temporary files are there for the next, and no question can be asked of it.
    pub async fn run_keeping(
        &self,
        models: &Models,
        overrides: &Overrides,
        stays: &(dyn Fn(&str) -> bool + Sync),
    ) -> Result<Vec<ModelRun>, EngineError> {
        models.check_overrides(overrides)?;
        Run::new(self, models.iter().collect(), overrides, stays).finish().await
    }

    /// Runs only what `targets` need, for questions that do not need the rest.
    pub async fn run_for(
        &self,
        models: &Models,
        targets: &[&str],
        overrides: &Overrides,
    ) -> Result<Vec<ModelRun>, EngineError> {
        models.check_overrides(overrides)?;
        Run::new(self, models.needed_for(targets), overrides, &|_| true).finish().await
    }

    /// Runs one model over the tables that are there, and registers its result under its name.
    pub async fn run_model(&self, model: &Model, overrides: &Overrides) -> Result<(), EngineError> {
        Run::new(self, vec![model], overrides, &|_| true).finish().await.map(drop)
    }

    fn replace(&self, name: &str, table: Arc<dyn TableProvider>) -> Result<(), DataFusionError> {
        self.context.deregister_table(name)?;
        self.context.register_table(name, table)?;
        Ok(())
    }

    /// Drops the result of a model that takes so much memory, with its temporary files.
    fn forget(&self, name: &str, bytes: usize) -> Result<(), DataFusionError> {
        self.context.deregister_table(name)?;
        self.held.release(bytes);
        match std::fs::remove_dir_all(self.scratch().join(name)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// The buckets of this run. `shared` is the model that says who took part in one session.
    async fn buckets(&self, shared: &str) -> Result<Buckets, DataFusionError> {
        let count = match self.limits.buckets {
            Some(count) => count,
            None => {
                let events = self.context.table("events").await?.count().await?;
                Buckets::needed(events, self.limits.memory_bytes, self.limits.threads)
            }
        };
        let mut pairs = Vec::new();
        if count > 1 {
            let columns = format!("select session_id, actor_id from {shared} order by session_id, actor_id");
            for batch in self.context.sql_with_options(&columns, read_only()).await?.collect().await? {
                let wrong = |error: rows::RowError| DataFusionError::External(Box::new(error));
                let columns = Columns::new(&batch);
                let (sessions, people) =
                    (columns.text("session_id").map_err(wrong)?, columns.text(PERSON).map_err(wrong)?);
                for row in 0..batch.num_rows() {
                    pairs.push((sessions.required(row).map_err(wrong)?, people.required(row).map_err(wrong)?));
                }
            }
        }
        Ok(Buckets::new(count, &pairs))
    }

    /// Answers a user's question. Only queries are allowed: nothing that creates, changes or configures.
    pub async fn query(&self, sql: &str) -> Result<DataFrame, EngineError> {
        Ok(self.context.sql_with_options(sql, read_only()).await?)
    }

    /// The rows of the answer to a question of our own, as they come. In one partition, so that what is sorted goes to files where it does not fit:
    /// partitions that each hold their share would leave the merge of them no memory. In small batches, since a merge holds one of each file that was spilled.
    pub async fn stream(&self, sql: &str) -> Result<SendableRecordBatchStream, EngineError> {
        let mut state = self.context.state();
        *state.config_mut() = state.config().clone().with_target_partitions(1).with_batch_size(ROWS_OF_A_STREAM);
        let options = state.config_mut().options_mut();
        options.optimizer.repartition_sorts = false;
        options.execution.sort_spill_reservation_bytes = self.pool.limit() / OF_MERGING;
        let frame = SessionContext::new_with_state(state).sql_with_options(sql, read_only()).await?;
        Ok(frame.execute_stream().await?)
    }

    /// All rows of the answer to a question of our own.
    pub async fn rows(&self, sql: &str) -> Result<Vec<RecordBatch>, EngineError> {
        Ok(self.query(sql).await?.collect().await?)
    }

    /// Makes a function of one text known to SQL, for what no expression says.
    pub fn register_text_function(&self, name: &str, function: impl Fn(&str) -> String + Send + Sync + 'static) {
        let run = move |arguments: &[ColumnarValue]| {
            let arrays = ColumnarValue::values_to_arrays(arguments)?;
            let texts = arrays.first().map(|texts| cast(texts, &DataType::Utf8)).transpose()?;
            let named: StringArray = texts
                .iter()
                .flat_map(|texts| texts.as_string::<i32>().iter())
                .map(|text| text.map(&function))
                .collect();
            Ok(ColumnarValue::Array(Arc::new(named)))
        };
        let text = DataType::Utf8;
        self.context.register_udf(create_udf(name, vec![text.clone()], text, Volatility::Immutable, Arc::new(run)));
    }

    /// Where temporary files are.
    pub fn scratch(&self) -> &Path {
        self.scratch.path()
    }
}

fn read_only() -> SQLOptions {
    SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false)
}

#[cfg(test)]
mod tests;
