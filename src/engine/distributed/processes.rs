//! Ballista's own processes, with what our plans need: `footlight cluster scheduler` and `footlight cluster executor`.
//!
//! Owns their settings: functions (those of DataFusion, and its nested ones, which Ballista's executor leaves out), object stores, memory, and how soon
//! a machine that died is given up. Owns no scheduling and no execution.

use super::ClusterError;
use super::stores::Stores;
use crate::engine::memory::CommonPool;
use ballista_core::registry::BallistaFunctionRegistry;
use ballista_core::utils::default_session_builder;
use ballista_executor::executor_process::{ExecutorProcessConfig, start_executor_process};
use ballista_scheduler::cluster::BallistaCluster;
use ballista_scheduler::config::SchedulerConfig;
use ballista_scheduler::scheduler_process::start_server;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::MemoryPool;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::execution::{SessionState, SessionStateBuilder};
use datafusion::prelude::SessionConfig;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

/// Seconds between two signs of life of an executor.
const HEARTBEAT_SECONDS: u64 = 5;

/// Seconds without one after which the scheduler gives an executor up and has its tasks done elsewhere. Ballista's three minutes are long for a run of minutes.
const EXECUTOR_TIMEOUT_SECONDS: u64 = 30;

/// Seconds between two looks for executors that are silent.
const LOOK_SECONDS: u64 = 5;

/// Seconds that an executor waits for its scheduler to come up.
const CONNECT_SECONDS: u16 = 60;

/// Bytes of a message at most. A plan names every data file of the lake.
const MESSAGE_BYTES: u32 = 64 << 20;

/// What an executor is told.
#[derive(Debug, Clone)]
pub struct ExecutorOptions {
    /// Host of the scheduler.
    pub scheduler_host: String,
    /// Its port.
    pub scheduler_port: u16,
    /// Address to listen on.
    pub bind: String,
    /// Name under which others reach this machine; the address by which the scheduler sees it when `None`.
    pub advertise: Option<String>,
    /// Port for rows that other executors and the client fetch.
    pub port: u16,
    /// Port for tasks from the scheduler.
    pub task_port: u16,
    /// Tasks at once.
    pub slots: usize,
    /// Bytes of memory for the sorts, joins and aggregates of all of them.
    pub memory_bytes: usize,
    /// Directory for shuffles and spills.
    pub work_directory: PathBuf,
}

/// Runs a scheduler until the process is stopped. `advertise` is the host under which executors reach it.
pub async fn scheduler(bind: SocketAddr, advertise: Option<String>) -> Result<(), ClusterError> {
    let config = SchedulerConfig {
        bind_host: bind.ip().to_string(),
        bind_port: bind.port(),
        external_host: advertise.unwrap_or_else(|| bind.ip().to_string()),
        executor_timeout_seconds: EXECUTOR_TIMEOUT_SECONDS,
        no_executors_grace_period_seconds: 2 * EXECUTOR_TIMEOUT_SECONDS,
        expire_dead_executor_interval_seconds: LOOK_SECONDS,
        grpc_server_max_decoding_message_size: MESSAGE_BYTES,
        grpc_server_max_encoding_message_size: MESSAGE_BYTES,
        grpc_client_max_message_size: MESSAGE_BYTES,
        override_session_builder: Some(Arc::new(session)),
        ..SchedulerConfig::default()
    };
    let cluster = BallistaCluster::new_from_config(&config).await?;
    Ok(start_server(cluster, bind, Arc::new(config)).await?)
}

/// A session of the scheduler, which looks at files when it plans.
fn session(config: SessionConfig) -> datafusion::error::Result<SessionState> {
    let runtime = RuntimeEnvBuilder::new().with_object_store_registry(Arc::new(Stores::default())).build_arc()?;
    let state = default_session_builder(config)?;
    Ok(SessionStateBuilder::new_from_existing(state).with_runtime_env(runtime).build())
}

/// Runs an executor until the process is stopped.
pub async fn executor(options: ExecutorOptions) -> Result<(), ClusterError> {
    let ExecutorOptions { work_directory, memory_bytes, .. } = options;
    std::fs::create_dir_all(&work_directory)
        .map_err(|source| ClusterError::Write { path: work_directory.clone(), source })?;
    // All tasks share one limit, as all models of a local engine do; Ballista would cut it into one share a slot.
    let pool: Arc<dyn MemoryPool> = Arc::new(CommonPool::new(memory_bytes));
    let stores = Arc::new(Stores::default());
    let spill = work_directory.clone();
    let runtime = move |_: &SessionConfig| {
        let disk = DiskManagerBuilder::default().with_mode(DiskManagerMode::Directories(vec![spill.clone()]));
        RuntimeEnvBuilder::new()
            .with_memory_pool(Arc::clone(&pool))
            .with_disk_manager_builder(disk)
            .with_object_store_registry(Arc::clone(&stores) as _)
            .build_arc()
    };
    let functions = SessionStateBuilder::new().with_default_features().build();
    let config = ExecutorProcessConfig {
        bind_host: options.bind,
        external_host: options.advertise,
        port: options.port,
        grpc_port: options.task_port,
        scheduler_host: options.scheduler_host,
        scheduler_port: options.scheduler_port,
        scheduler_connect_timeout_seconds: CONNECT_SECONDS,
        vcores: options.slots,
        work_dir: Some(work_directory.display().to_string()),
        executor_heartbeat_interval_seconds: HEARTBEAT_SECONDS,
        grpc_max_decoding_message_size: MESSAGE_BYTES,
        grpc_max_encoding_message_size: MESSAGE_BYTES,
        memory_pool_size: Some(0),
        override_function_registry: Some(Arc::new(BallistaFunctionRegistry::from(&functions))),
        override_runtime_producer: Some(Arc::new(runtime)),
        ..ExecutorProcessConfig::default()
    };
    Ok(start_executor_process(Arc::new(config)).await?)
}
