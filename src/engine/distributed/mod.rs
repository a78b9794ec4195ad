//! A Ballista cluster as the machines that run models: `--engine ballista`.
//!
//! Owns how a plan of ours becomes a job of Ballista's, and the shared place: a directory or a bucket that this process, the scheduler and every
//! executor can read and write under the same name. What models read lies there, and each result becomes one Parquet file in it, written
//! by an executor under its final name in one piece, so that a task which is run again replaces what the first try wrote. Owns no
//! scheduling, no retrying and no shuffling, all of which are Ballista's; its processes are started by [`processes`].
//!
//! A job is planned twice: here the names of tables become files and the parameters values, and the scheduler makes the physical plan.

mod plans;
pub mod processes;
mod stores;

use self::stores::Stores;
use super::store::without_views;
use super::workers::{Shared, Workers};
use arrow::array::AsArray;
use arrow::datatypes::{Field, Fields, Schema, SchemaRef, UInt64Type};
use ballista_core::extension::{SessionConfigExt, SessionStateExt};
use datafusion::catalog::TableProvider;
use datafusion::datasource::MemTable;
use datafusion::datasource::file_format::format_as_file_type;
use datafusion::datasource::file_format::parquet::{ParquetFormat, ParquetFormatFactory};
use datafusion::datasource::listing::{ListingOptions, ListingTable, ListingTableConfig, ListingTableUrl};
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::object_store::ObjectStoreRegistry;
use datafusion::execution::{SessionState, SessionStateBuilder};
use datafusion::logical_expr::{LogicalPlan, LogicalPlanBuilder};
use datafusion::prelude::DataFrame;
use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt, TryStreamExt};
use object_store::path::Path as ObjectPath;
use object_store::{ObjectStore, ObjectStoreExt, PutPayload};
use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::net::TcpStream;
use url::Url;

/// How long a scheduler may take to answer the first time.
const CONNECT: Duration = Duration::from_secs(10);

/// Files of the lake on their way to a bucket at once.
const UPLOADS: usize = 4;

/// Partitions of a plan at least. With one, DataFusion collects the smaller side of every join and relies on the order of the other, which is lost
/// where Ballista cuts the plan into stages; with two, it sorts both sides for what comes after.
const LEAST_PARTITIONS: usize = 2;

/// Why a cluster cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// Nobody listens there.
    #[error("no scheduler answers at {scheduler}: `footlight cluster scheduler` starts one")]
    NoScheduler {
        /// Where.
        scheduler: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The shared place is no directory of this machine and no bucket.
    #[error("{shared} is no directory of this machine and no s3://BUCKET/PREFIX")]
    Shared {
        /// What was given.
        shared: String,
    },
    /// The shared place could not be written.
    #[error("cannot write to {}", path.display())]
    Write {
        /// Where.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// An object store refused, or its settings are wrong.
    #[error("{0}")]
    Store(#[from] object_store::Error),
    /// A process of Ballista's ended.
    #[error("ballista: {0}")]
    Ballista(Box<ballista_core::error::BallistaError>),
}

impl From<ballista_core::error::BallistaError> for ClusterError {
    fn from(error: ballista_core::error::BallistaError) -> Self {
        Self::Ballista(Box::new(error))
    }
}

/// The place that every machine sees.
enum Place {
    /// A directory, for example on a network disk; what is in it goes with this value.
    Directory(tempfile::TempDir),
    /// A prefix of a bucket.
    Bucket {
        store: Arc<dyn ObjectStore>,
        /// `s3://BUCKET/PREFIX/`.
        url: Url,
        /// Where results of this run go, below `url`.
        run: String,
    },
}

/// One cluster, for one run.
pub struct Cluster {
    /// `http://HOST:PORT`.
    scheduler: String,
    place: Place,
    stores: Arc<Stores>,
    /// Ballista keeps settings by session; those of one run and one number of partitions are the same.
    session: String,
    files: AtomicUsize,
}

impl Cluster {
    /// The cluster of the scheduler at `HOST:PORT`, and a fresh place for this run below `shared`: a directory, or `s3://BUCKET/PREFIX` with the
    /// usual `AWS_` variables for its keys and endpoint.
    pub async fn connect(scheduler: &str, shared: &str) -> std::result::Result<Self, ClusterError> {
        let unreachable = |source| ClusterError::NoScheduler { scheduler: scheduler.to_owned(), source };
        match tokio::time::timeout(CONNECT, TcpStream::connect(scheduler)).await {
            Ok(connected) => drop(connected.map_err(unreachable)?),
            Err(_) => return Err(unreachable(std::io::ErrorKind::TimedOut.into())),
        }
        let stores = Arc::new(Stores::default());
        let place = match shared.split_once("://") {
            None => {
                let directory = tempfile::Builder::new().prefix("footlight-cluster-").tempdir_in(shared);
                Place::Directory(
                    directory.map_err(|source| ClusterError::Write { path: PathBuf::from(shared), source })?,
                )
            }
            Some(("s3", _)) => {
                let wrong = || ClusterError::Shared { shared: shared.to_owned() };
                let url = Url::parse(&format!("{}/", shared.trim_end_matches('/'))).map_err(|_| wrong())?;
                let store = stores.bucket(&url)?;
                Place::Bucket { store, url, run: format!("runs/{}", random()) }
            }
            Some(_) => return Err(ClusterError::Shared { shared: shared.to_owned() }),
        };
        let scheduler = format!("http://{scheduler}");
        Ok(Self { scheduler, place, stores, session: random(), files: AtomicUsize::new(0) })
    }

    /// A name for the next result.
    fn next(&self, label: &str) -> Result<Url> {
        let name = format!("{:05}-{label}.parquet", self.files.fetch_add(1, Ordering::Relaxed));
        match &self.place {
            Place::Directory(directory) => file_url(&directory.path().join(name)),
            Place::Bucket { url, run, .. } => {
                url.join(&format!("{run}/{name}")).map_err(|error| DataFusionError::External(Box::new(error)))
            }
        }
    }

    /// The session as Ballista's client has it: plans go to the scheduler.
    fn remote(&self, state: SessionState) -> Result<SessionState> {
        let partitions = state.config().target_partitions().max(LEAST_PARTITIONS);
        let config = state
            .config()
            .clone()
            .upgrade_for_ballista()
            // A fresh catalog would take the place of the one with the tables.
            .with_create_default_catalog_and_schema(false)
            .with_target_partitions(partitions)
            .with_ballista_adaptive_query_planner(false)
            .with_ballista_broadcast_join_threshold_bytes(0)
            .with_ballista_broadcast_join_threshold_rows(0)
            .set_bool("datafusion.optimizer.prefer_hash_join", true)
            .set_u64("datafusion.optimizer.hash_join_single_partition_threshold", 0)
            .set_u64("datafusion.optimizer.hash_join_single_partition_threshold_rows", 0);
        let state = SessionStateBuilder::new_from_existing(state).with_config(config).build();
        let state = state.upgrade_for_ballista(self.scheduler.clone())?;
        let session = format!("{}-{partitions}", self.session);
        Ok(SessionStateBuilder::new_from_existing(state).with_session_id(session).build())
    }

    async fn run(&self, frame: DataFrame, label: &str) -> Result<Shared> {
        let schema = as_read(frame.schema().inner());
        let (state, plan) = frame.into_parts();
        let runs_here = !plans::can_travel(&plan)?;
        let (state, plan) = if runs_here {
            (state, plan)
        } else {
            let plan = self.with_shared_tables(&state, plan).await?;
            (self.remote(state)?, plan)
        };
        let (url, rows) = self.write(state, plan, label).await?;
        tracing::debug!(label, rows, runs_here, "a result is in the shared place");
        Ok(Shared { table: table(vec![url], schema)?, rows })
    }

    /// Runs a plan where the session says, and writes its rows to one file.
    async fn write(&self, state: SessionState, plan: LogicalPlan, label: &str) -> Result<(Url, usize)> {
        let url = self.next(label)?;
        let parquet = format_as_file_type(Arc::new(ParquetFormatFactory::new()));
        let copy = LogicalPlanBuilder::copy_to(plan, url.to_string(), parquet, HashMap::new(), Vec::new())?.build()?;
        let mut rows = 0;
        for batch in DataFrame::new(state, copy).collect().await? {
            if let Some(counts) = batch.columns().first().and_then(|counts| counts.as_primitive_opt::<UInt64Type>()) {
                rows += counts.values().iter().sum::<u64>() as usize;
            }
        }
        Ok((url, rows))
    }

    /// The plan with files in place of the tables that only this process has, such as the numbers of `range`.
    async fn with_shared_tables(&self, state: &SessionState, plan: LogicalPlan) -> Result<LogicalPlan> {
        let mut shared = Vec::new();
        for scan in plans::scans_of_here(&plan)? {
            let name = scan.table_name.to_string();
            let whole = LogicalPlanBuilder::scan(scan.table_name, Arc::clone(&scan.source), None)?.build()?;
            let schema = without_views(whole.schema().inner());
            let (url, _) = self.write(state.clone(), whole, "numbers").await?;
            shared.push((name, table(vec![url], schema)?));
        }
        plans::with_tables(plan, &shared)
    }

    async fn share(&self, name: &str, schema: SchemaRef, files: Vec<PathBuf>) -> Result<Arc<dyn TableProvider>> {
        let urls = match &self.place {
            Place::Directory(_) => files.iter().map(|file| file_url(file)).collect::<Result<Vec<_>>>()?,
            Place::Bucket { store, url, .. } => mirror(store, url, name, files).await?,
        };
        if urls.is_empty() {
            return Ok(Arc::new(MemTable::try_new(schema, vec![Vec::new()])?));
        }
        table(urls, schema)
    }
}

impl Workers for Cluster {
    fn stores(&self) -> Arc<dyn ObjectStoreRegistry> {
        Arc::clone(&self.stores) as Arc<dyn ObjectStoreRegistry>
    }

    fn can_read(&self, table: &Arc<dyn TableProvider>) -> Result<bool> {
        match table.get_logical_plan() {
            Some(plan) => Ok(plans::scans_of_here(&plan)?.is_empty()),
            None => Ok(plans::is_listed(table)),
        }
    }

    fn files<'a>(
        &'a self,
        name: &'a str,
        schema: SchemaRef,
        files: Vec<PathBuf>,
    ) -> BoxFuture<'a, Result<Arc<dyn TableProvider>>> {
        self.share(name, schema, files).boxed()
    }

    fn keep<'a>(&'a self, frame: DataFrame, label: &'a str) -> BoxFuture<'a, Result<Shared>> {
        self.run(frame, label).boxed()
    }
}

impl Drop for Cluster {
    /// Removes the results of this run from a bucket; a directory goes by itself.
    fn drop(&mut self) {
        let Place::Bucket { store, url, run } = &self.place else { return };
        let prefix = ObjectPath::from(format!("{}/{run}", url.path().trim_matches('/')));
        let removed = tokio::task::block_in_place(|| {
            tokio::runtime::Handle::current().block_on(async {
                let found = store.list(Some(&prefix)).map_ok(|object| object.location).boxed();
                store.delete_stream(found).try_for_each(|_| async { Ok(()) }).await
            })
        });
        if let Err(error) = removed {
            tracing::warn!("results of this run stay in the bucket under {run}: {error}");
        }
    }
}

/// Makes `lake/NAME` of the bucket hold the files of the lake's table and no others: what was erased from the lake goes there too. Names of data files are
/// random and never used again, so one that is there has the same bytes.
async fn mirror(store: &Arc<dyn ObjectStore>, url: &Url, name: &str, files: Vec<PathBuf>) -> Result<Vec<Url>> {
    let directory = ObjectPath::from(format!("{}/lake/{name}", url.path().trim_matches('/')));
    let mut there: BTreeSet<ObjectPath> =
        store.list(Some(&directory)).map_ok(|object| object.location).try_collect().await?;
    let mut urls = Vec::with_capacity(files.len());
    let mut missing = Vec::new();
    for file in files {
        let place =
            directory.clone().join(file.file_name().map(|name| name.to_string_lossy()).unwrap_or_default().as_ref());
        let mut whole = url.clone();
        whole.set_path(place.as_ref());
        urls.push(whole);
        if !there.remove(&place) {
            missing.push(upload(Arc::clone(store), place, file));
        }
    }
    futures::stream::iter(missing).buffer_unordered(UPLOADS).try_collect::<()>().await?;
    let strays = futures::stream::iter(there.into_iter().map(Ok)).boxed();
    store.delete_stream(strays).try_for_each(|_| async { Ok(()) }).await?;
    Ok(urls)
}

async fn upload(store: Arc<dyn ObjectStore>, place: ObjectPath, file: PathBuf) -> Result<()> {
    let bytes = tokio::fs::read(&file)
        .await
        .map_err(|error| DataFusionError::IoError(error).context(format!("cannot read {}", file.display())))?;
    store.put(&place, PutPayload::from(bytes)).await?;
    Ok(())
}

/// The columns as they are read back: plain strings, and null allowed everywhere, since Parquet files of executors say so.
fn as_read(schema: &SchemaRef) -> SchemaRef {
    let schema = without_views(schema);
    let fields: Fields = schema.fields().iter().map(|field| Field::clone(field).with_nullable(true)).collect();
    Arc::new(Schema::new(fields))
}

fn table(urls: Vec<Url>, schema: SchemaRef) -> Result<Arc<dyn TableProvider>> {
    let urls = urls.iter().map(ListingTableUrl::parse).collect::<Result<_>>()?;
    let options = ListingOptions::new(Arc::new(ParquetFormat::new())).with_file_extension(".parquet");
    let config = ListingTableConfig::new_with_multi_paths(urls).with_listing_options(options).with_schema(schema);
    Ok(Arc::new(ListingTable::try_new(config)?))
}

fn file_url(path: &Path) -> Result<Url> {
    let absolute = std::path::absolute(path)?;
    Url::from_file_path(&absolute)
        .map_err(|()| DataFusionError::Execution(format!("{} cannot be a URL", absolute.display())))
}

/// A name that no other run has.
fn random() -> String {
    use std::hash::{BuildHasher, Hasher, RandomState};
    let half = || RandomState::new().build_hasher().finish();
    format!("{:016x}{:016x}", half(), half())
}
