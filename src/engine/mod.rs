//! The SQL engine: a DataFusion context over the base tables, in which the models of `queries/` run in order.
//!
//! Owns the context and its limits ([`Engine`]), the model files ([`models`], [`header`]), the base tables' names ([`tables`])
//! and typed access to results ([`rows`]). Owns no judgement: what readings mean is decided in [`crate::score`].
//! Everything is built-in SQL, so that the same plans can run on more than one machine.

pub mod header;
pub mod models;
pub mod rows;
mod store;
pub mod tables;

use self::store::Held;
pub use header::{ParamValue, Store};
pub use models::{Model, ModelError, Models, Overrides, overrides_from_toml};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::catalog::TableProvider;
use datafusion::common::ParamValues;
use datafusion::datasource::MemTable;
use datafusion::error::DataFusionError;
use datafusion::execution::context::SQLOptions;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::FairSpillPool;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::prelude::{DataFrame, SessionConfig, SessionContext};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

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
}

impl Default for Limits {
    fn default() -> Self {
        Self { memory_bytes: 2 << 30, threads: 2, rows_in_memory: 1_000_000, scratch: None }
    }
}

/// How one model ran.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelRun {
    /// Model.
    pub model: String,
    /// Rows; `None` for a view, which is not computed by itself.
    pub rows: Option<usize>,
    /// How long it took.
    pub took: Duration,
}

/// A DataFusion context with the product's limits.
pub struct Engine {
    context: SessionContext,
    held: Held,
    scratch: tempfile::TempDir,
}

impl Engine {
    /// An engine without tables.
    pub fn new(limits: &Limits) -> Result<Self, EngineError> {
        let parent = limits.scratch.clone().unwrap_or_else(std::env::temp_dir);
        let scratch = tempfile::Builder::new()
            .prefix("footlight-")
            .tempdir_in(&parent)
            .map_err(|source| EngineError::Scratch { path: parent, source })?;
        let spill =
            DiskManagerBuilder::default().with_mode(DiskManagerMode::Directories(vec![scratch.path().to_path_buf()]));
        let runtime = RuntimeEnvBuilder::new()
            .with_memory_pool(Arc::new(FairSpillPool::new(limits.memory_bytes)))
            .with_disk_manager_builder(spill)
            .build_arc()?;
        let mut config =
            SessionConfig::new().with_target_partitions(limits.threads.max(1)).with_information_schema(true);
        config.options_mut().execution.time_zone = Some("UTC".to_owned());
        // String views share the buffers of whole pages; sorts would count each of them with every batch.
        config.options_mut().execution.parquet.schema_force_view_types = false;
        let context = SessionContext::new_with_config_rt(config, runtime);
        // A sixteenth: a few models are read at once, and their sorts and joins need the rest.
        let held = Held { rows: limits.rows_in_memory, bytes: limits.memory_bytes / 16 };
        Ok(Self { context, held, scratch })
    }

    /// The context itself, for what this type does not wrap.
    pub fn context(&self) -> &SessionContext {
        &self.context
    }

    /// Registers a table, in place of one of the same name.
    pub fn register(&self, name: &str, table: Arc<dyn TableProvider>) -> Result<(), EngineError> {
        self.context.deregister_table(name)?;
        self.context.register_table(name, table)?;
        Ok(())
    }

    /// Registers batches as a table.
    pub fn register_batches(
        &self,
        name: &str,
        schema: SchemaRef,
        batches: Vec<RecordBatch>,
    ) -> Result<(), EngineError> {
        self.register(name, Arc::new(MemTable::try_new(schema, vec![batches])?))
    }

    /// Registers a base table made from configuration with no rows.
    pub fn register_empty(&self, name: &str, schema: SchemaRef) -> Result<(), EngineError> {
        self.register_batches(name, schema, Vec::new())
    }

    /// Runs every model, each after what it reads.
    pub async fn run(&self, models: &Models, overrides: &Overrides) -> Result<Vec<ModelRun>, EngineError> {
        models.check_overrides(overrides)?;
        let mut runs = Vec::new();
        for model in models.iter() {
            runs.push(self.run_model(model, overrides).await?);
        }
        Ok(runs)
    }

    /// Runs only what `targets` need, for questions that do not need the rest.
    pub async fn run_for(
        &self,
        models: &Models,
        targets: &[&str],
        overrides: &Overrides,
    ) -> Result<Vec<ModelRun>, EngineError> {
        models.check_overrides(overrides)?;
        let mut runs = Vec::new();
        for model in models.needed_for(targets) {
            runs.push(self.run_model(model, overrides).await?);
        }
        Ok(runs)
    }

    /// Runs one model over the tables that are there, and registers its result under its name.
    pub async fn run_model(&self, model: &Model, overrides: &Overrides) -> Result<ModelRun, EngineError> {
        let started = Instant::now();
        let failed = |source: DataFusionError| EngineError::Run { file: model.file.clone(), source: Box::new(source) };
        let params = model.params(overrides)?;
        let rows = self.materialise(model, params).await.map_err(failed)?;
        Ok(ModelRun { model: model.name().to_owned(), rows, took: started.elapsed() })
    }

    async fn materialise(
        &self,
        model: &Model,
        params: Vec<(String, ParamValue)>,
    ) -> Result<Option<usize>, DataFusionError> {
        let mut frame = self.context.sql_with_options(&model.sql, read_only()).await?;
        if !params.is_empty() {
            let values = params.into_iter().map(|(name, value)| (name, value.to_scalar())).collect::<Vec<_>>();
            frame = frame.with_param_values(ParamValues::from(values))?;
        }
        let (table, rows) = match model.header.store {
            Store::View => (frame.into_view(), None),
            Store::Table => {
                let path = self.scratch.path().join(format!("{}.parquet", model.name()));
                let (table, rows) = store::keep(&self.context, frame, &path, self.held).await?;
                (table, Some(rows))
            }
        };
        self.context.deregister_table(model.name())?;
        self.context.register_table(model.name(), table)?;
        Ok(rows)
    }

    /// Answers a user's question. Only queries are allowed: nothing that creates, changes or configures.
    pub async fn query(&self, sql: &str) -> Result<DataFrame, EngineError> {
        Ok(self.context.sql_with_options(sql, read_only()).await?)
    }

    /// All rows of the answer to a question of our own.
    pub async fn rows(&self, sql: &str) -> Result<Vec<RecordBatch>, EngineError> {
        Ok(self.query(sql).await?.collect().await?)
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
