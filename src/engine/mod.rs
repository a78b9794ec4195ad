//! The SQL engine: a DataFusion context over the base tables, in which the models of `queries/` run in order.
//!
//! Owns the context and its limits ([`Engine`]), the model files ([`models`], [`header`]), the base tables' names ([`tables`])
//! and typed access to results ([`rows`]). Owns no judgement: what readings mean is decided in [`crate::score`].
//! Everything is built-in SQL, so that the same plans can run on more than one machine.

mod buckets;
pub mod header;
mod memory;
pub mod models;
pub mod rows;
mod store;
pub mod tables;

use self::buckets::Buckets;
use self::memory::CommonPool;
use self::rows::Columns;
use self::store::{Held, Kept, Place, Shelf};
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
use datafusion::execution::memory_pool::MemoryPool;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::prelude::{DataFrame, SessionConfig, SessionContext};
use std::collections::BTreeMap;
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
    /// Buckets of people that large models are worked on in, one after the other; by events and memory when `None`.
    pub buckets: Option<usize>,
}

impl Default for Limits {
    fn default() -> Self {
        Self { memory_bytes: 2 << 30, threads: 2, rows_in_memory: 1_000_000, scratch: None, buckets: None }
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
    held: Arc<Held>,
    scratch: tempfile::TempDir,
    limits: Limits,
}

/// The column by which a model of steps is split into buckets.
const PERSON: &str = "actor_id";

/// The parts of kept models in a run, by bucket of people.
#[derive(Default)]
struct Parts {
    buckets: Arc<Buckets>,
    kept: BTreeMap<String, Kept>,
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
        let pool: Arc<dyn MemoryPool> = Arc::new(CommonPool::new(limits.memory_bytes));
        let runtime = RuntimeEnvBuilder::new()
            .with_memory_pool(Arc::clone(&pool))
            .with_disk_manager_builder(spill)
            .build_arc()?;
        let mut config =
            SessionConfig::new().with_target_partitions(limits.threads.max(1)).with_information_schema(true);
        config.options_mut().execution.time_zone = Some("UTC".to_owned());
        // String views share the buffers of whole pages; sorts would count each of them with every batch.
        config.options_mut().execution.parquet.schema_force_view_types = false;
        // What each sort sets aside for merging, of which a plan has a dozen: with little memory less than DataFusion's 10 MB.
        let merging = (limits.memory_bytes / 64).min(config.options().execution.sort_spill_reservation_bytes);
        config.options_mut().execution.sort_spill_reservation_bytes = merging;
        let context = SessionContext::new_with_config_rt(config, runtime);
        let held = Arc::new(Held::new(limits.rows_in_memory, limits.memory_bytes, &pool));
        Ok(Self { context, held, scratch, limits: limits.clone() })
    }

    /// The context itself, for what this type does not wrap.
    pub fn context(&self) -> &SessionContext {
        &self.context
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
        self.register(name, Arc::new(MemTable::try_new(schema, vec![batches])?))
    }

    /// Registers a base table made from configuration with no rows.
    pub fn register_empty(&self, name: &str, schema: SchemaRef) -> Result<(), EngineError> {
        self.register_batches(name, schema, Vec::new())
    }

    /// Runs every model, each after what it reads.
    pub async fn run(&self, models: &Models, overrides: &Overrides) -> Result<Vec<ModelRun>, EngineError> {
        models.check_overrides(overrides)?;
        self.run_all(models.iter(), overrides).await
    }

    /// Runs only what `targets` need, for questions that do not need the rest.
    pub async fn run_for(
        &self,
        models: &Models,
        targets: &[&str],
        overrides: &Overrides,
    ) -> Result<Vec<ModelRun>, EngineError> {
        models.check_overrides(overrides)?;
        self.run_all(models.needed_for(targets).into_iter(), overrides).await
    }

    async fn run_all<'m>(
        &self,
        models: impl Iterator<Item = &'m Model>,
        overrides: &Overrides,
    ) -> Result<Vec<ModelRun>, EngineError> {
        let mut parts = Parts::default();
        let mut runs = Vec::new();
        for model in models {
            let run = self.run_one(model, overrides, &mut parts).await?;
            tracing::debug!(model = run.model, rows = run.rows, seconds = run.took.as_secs_f64(), "ran");
            runs.push(run);
        }
        Ok(runs)
    }

    /// Runs one model over the tables that are there, and registers its result under its name.
    pub async fn run_model(&self, model: &Model, overrides: &Overrides) -> Result<ModelRun, EngineError> {
        self.run_one(model, overrides, &mut Parts::default()).await
    }

    async fn run_one(&self, model: &Model, overrides: &Overrides, parts: &mut Parts) -> Result<ModelRun, EngineError> {
        let started = Instant::now();
        let failed = |source: DataFusionError| EngineError::Run { file: model.file.clone(), source: Box::new(source) };
        let params = model.params(overrides)?;
        let rows = self.materialise(model, &params, parts).await.map_err(failed)?;
        Ok(ModelRun { model: model.name().to_owned(), rows, took: started.elapsed() })
    }

    async fn materialise(
        &self,
        model: &Model,
        params: &[(String, ParamValue)],
        parts: &mut Parts,
    ) -> Result<Option<usize>, DataFusionError> {
        if model.header.store == Store::View {
            let view = self.frame(model, params).await?.into_view();
            self.context.deregister_table(model.name())?;
            self.context.register_table(model.name(), view)?;
            return Ok(None);
        }
        if let Some(shared) = &model.header.shared {
            parts.buckets = Arc::new(self.buckets(shared).await?);
        }
        let is_split = model.header.by_person && parts.buckets.count() > 1;
        let buckets = if is_split { parts.buckets.count() } else { 1 };
        let mut shelf = Shelf::new(self.scratch.path().join(model.name()), buckets, &self.held);
        let read: Vec<&String> = model.header.reads.iter().filter(|name| parts.kept.contains_key(*name)).collect();
        if is_split && !read.is_empty() {
            for bucket in 0..buckets {
                for name in &read {
                    self.replace(name, Arc::clone(&parts.kept[*name].parts[bucket]))?;
                }
                shelf.keep(self.frame(model, params).await?, &Place::Bucket(bucket)).await?;
            }
            for name in &read {
                self.replace(name, Arc::clone(&parts.kept[*name].whole))?;
            }
        } else if is_split {
            let place = Place::ByPerson(Arc::clone(&parts.buckets), PERSON);
            shelf.keep(self.frame(model, params).await?, &place).await?;
        } else {
            shelf.keep(self.frame(model, params).await?, &Place::Bucket(0)).await?;
        }
        let kept = shelf.close(&self.context).await?;
        self.replace(model.name(), Arc::clone(&kept.whole))?;
        let rows = kept.rows;
        if is_split {
            parts.kept.insert(model.name().to_owned(), kept);
        }
        Ok(Some(rows))
    }

    /// The plan of a model over the tables that are registered now.
    async fn frame(&self, model: &Model, params: &[(String, ParamValue)]) -> Result<DataFrame, DataFusionError> {
        let frame = self.context.sql_with_options(&model.sql, read_only()).await?;
        if params.is_empty() {
            return Ok(frame);
        }
        let values = params.iter().map(|(name, value)| (name.clone(), value.to_scalar())).collect::<Vec<_>>();
        frame.with_param_values(ParamValues::from(values))
    }

    fn replace(&self, name: &str, table: Arc<dyn TableProvider>) -> Result<(), DataFusionError> {
        self.context.deregister_table(name)?;
        self.context.register_table(name, table)?;
        Ok(())
    }

    /// The buckets of this run. `shared` is the model that says who took part in one session.
    async fn buckets(&self, shared: &str) -> Result<Buckets, DataFusionError> {
        let count = match self.limits.buckets {
            Some(count) => count,
            None => Buckets::needed(self.context.table("events").await?.count().await?, self.limits.memory_bytes),
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
