//! `footlight cluster`, and the engine of `--engine`: this process, or a Ballista cluster.
//!
//! Owns what is said where the binary was built without the feature `cluster`.

use super::{Exit, UsageError};
use crate::cli::{ClusterArgs, EngineName, Global, MachinesArgs};
use crate::engine::{Engine, Limits};
use std::path::Path;

/// Refuses what no engine can be made of, before anything is read or written.
pub fn check(machines: &MachinesArgs) -> anyhow::Result<()> {
    match machines.engine {
        EngineName::Local => Ok(()),
        EngineName::Ballista => built::check(machines).map(drop),
    }
}

/// The engine that `--engine` names.
pub async fn engine(limits: &Limits, machines: &MachinesArgs, out: &Path) -> anyhow::Result<Engine> {
    match machines.engine {
        EngineName::Local => Ok(Engine::new(limits)?),
        EngineName::Ballista => built::engine(limits, machines, out).await,
    }
}

/// Runs the command.
pub fn run(args: &ClusterArgs, global: &Global) -> anyhow::Result<Exit> {
    built::run(args, global)
}

#[cfg(not(feature = "cluster"))]
mod built {
    use super::{ClusterArgs, Engine, Exit, Global, Limits, MachinesArgs, Path, UsageError};

    fn missing() -> anyhow::Error {
        let message =
            "this footlight was built without clusters: `cargo build --release --features cluster` makes one with them";
        UsageError(message.to_owned()).into()
    }

    pub fn check(_: &MachinesArgs) -> anyhow::Result<()> {
        Err(missing())
    }

    pub async fn engine(_: &Limits, _: &MachinesArgs, _: &Path) -> anyhow::Result<Engine> {
        Err(missing())
    }

    pub fn run(_: &ClusterArgs, _: &Global) -> anyhow::Result<Exit> {
        Err(missing())
    }
}

#[cfg(feature = "cluster")]
mod built {
    use super::{ClusterArgs, Engine, Exit, Global, Limits, MachinesArgs, Path, UsageError};
    use crate::cli::{ClusterCommand, ExecutorArgs};
    use crate::commands::settings::Settings;
    use crate::engine::distributed::processes::{ExecutorOptions, executor, scheduler};
    use crate::engine::distributed::{Cluster, ClusterError};
    use std::sync::Arc;

    /// Bytes of a thread's stack: plans are read and written by recursion.
    const STACK_BYTES: usize = 32 << 20;

    /// The address of the scheduler.
    pub fn check(machines: &MachinesArgs) -> anyhow::Result<&str> {
        let Some(address) = &machines.scheduler else {
            return Err(UsageError("--engine ballista needs --scheduler HOST:PORT".to_owned()).into());
        };
        host_and_port(address)?;
        Ok(address)
    }

    /// An engine whose models run on the cluster; the place that all see is OUT unless another is named.
    pub async fn engine(limits: &Limits, machines: &MachinesArgs, out: &Path) -> anyhow::Result<Engine> {
        let address = check(machines)?;
        let shared = machines.shared.clone().unwrap_or_else(|| out.display().to_string());
        let cluster = Cluster::connect(address, &shared).await.map_err(|error| match error {
            ClusterError::Shared { .. } => UsageError(format!("--shared: {error}")).into(),
            error => anyhow::Error::from(error),
        })?;
        Ok(Engine::with_workers(limits, Arc::new(cluster))?)
    }

    /// Runs a process of the cluster until it is stopped.
    pub fn run(args: &ClusterArgs, global: &Global) -> anyhow::Result<Exit> {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().enable_all().thread_stack_size(STACK_BYTES).build()?;
        match &args.command {
            ClusterCommand::Scheduler(args) => {
                // The future is large and the main thread's stack is not: it runs on a thread of the runtime.
                let running = runtime.spawn(scheduler(args.bind, args.advertise.clone()));
                runtime.block_on(running)??;
            }
            ClusterCommand::Executor(args) => {
                let running = runtime.spawn(executor(options(args, global)?));
                runtime.block_on(running)??;
            }
        }
        Ok(Exit::Done)
    }

    fn options(args: &ExecutorArgs, global: &Global) -> anyhow::Result<ExecutorOptions> {
        let settings = Settings::resolve(global)?;
        let (scheduler_host, scheduler_port) = host_and_port(&args.scheduler)?;
        Ok(ExecutorOptions {
            scheduler_host,
            scheduler_port,
            bind: args.bind.to_string(),
            advertise: args.advertise.clone(),
            port: args.port,
            task_port: args.task_port,
            slots: settings.threads,
            memory_bytes: settings.memory_bytes,
            work_directory: args.work_dir.clone(),
        })
    }

    fn host_and_port(address: &str) -> Result<(String, u16), UsageError> {
        let parts = address.rsplit_once(':').filter(|(host, _)| !host.is_empty());
        parts
            .and_then(|(host, port)| Some((host.to_owned(), port.parse().ok()?)))
            .ok_or_else(|| UsageError(format!("--scheduler {address}: write HOST:PORT")))
    }
}
