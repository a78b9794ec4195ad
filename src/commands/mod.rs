//! The verbs, one a file: each resolves what was typed, calls the stages and prints what they answer.
//!
//! Owns exit codes and the tokio runtime. Nobody uses this module.

mod access;
mod adversary;
mod base_tables;
mod catalogue;
mod check;
mod cluster;
mod config_show;
mod declared;
mod demo;
mod dry_run;
mod earlier;
mod ends;
mod erasure;
mod evaluate;
mod expiry;
mod explain;
mod export;
mod forget;
mod freshness;
mod gc;
mod hold;
mod holders;
mod identities;
mod identity;
mod ingest;
mod kpis;
mod objections;
mod panels;
mod policy;
mod query;
mod readings;
mod receipts;
mod reconcile;
mod record;
mod redaction;
mod report;
mod reproduce;
mod retention;
mod run;
mod run_facts;
mod score;
mod settings;
mod signals_heard;
mod simulate;
mod sources_try;
mod standing;
mod status;
mod subject;
mod survival;
mod team_rows;
mod verify;
mod written_rows;

pub use catalogue::{signals_markdown, signals_page, sources_markdown};

use crate::cli::{Cli, Color, Command, PolicyCommand, SourcesCommand};
use crate::engine::EngineError;
use crate::lake::{LakeError, is_full};
use crate::output::Printer;
use crate::privacy::{LedgerError, TombstoneError};
use crate::results::ResultsError;
use clap::CommandFactory;
use datafusion::common::SchemaError;
use datafusion::error::DataFusionError;
use std::process::ExitCode;

/// Exit codes, a stable contract (`faults.md`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Done.
    Done = 0,
    /// Failed; nothing was committed.
    Failed = 1,
    /// Wrong use or configuration.
    Usage = 2,
    /// Done, and some input was quarantined.
    Partial = 3,
    /// A gate of `check` failed.
    GateFailed = 4,
    /// No lake there.
    LakeMissing = 10,
    /// Locked by another run.
    Locked = 11,
    /// The lake is damaged.
    Damaged = 12,
    /// Out of disk, memory or time.
    Resources = 13,
    /// The privacy policy refused the output.
    Refused = 14,
}

impl Exit {
    /// The word that goes with the code in `--json`.
    pub fn word(self) -> &'static str {
        match self {
            Exit::Done => "ok",
            Exit::Failed => "failed",
            Exit::Usage => "usage",
            Exit::Partial => "partial",
            Exit::GateFailed => "gate_failed",
            Exit::LakeMissing => "lake_missing",
            Exit::Locked => "locked",
            Exit::Damaged => "lake_damaged",
            Exit::Resources => "resource_limit",
            Exit::Refused => "refused",
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit as u8)
    }
}

/// Marks an error that is the user's to mend: exit code 2.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct UsageError(pub String);

/// Marks an output that the privacy policy refuses: exit code 14.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct RefusedError(pub String);

/// Runs one command and says how it ended.
pub fn run(cli: Cli) -> Exit {
    let printer = Printer { json: cli.global.json, quiet: cli.global.quiet };
    crate::output::init_logging(cli.global.verbose, cli.global.quiet);
    match cli.global.color {
        Color::Auto => {}
        Color::Always => anstream::ColorChoice::Always.write_global(),
        Color::Never => anstream::ColorChoice::Never.write_global(),
    }
    match ends::answered(|| dispatch(&cli, printer)) {
        Ok(exit) => exit,
        Err(error) => {
            let exit = exit_of(&error);
            let mut message = message(&error);
            if error.chain().any(is_out_of_memory) {
                message.push_str("; the limit cannot be kept here, --memory gives more");
            }
            if error.chain().any(is_unknown_column) {
                message.push_str("; where the model is footlight's own, the lake was made by another version: ingest the logs into a new one");
            }
            printer.error(&format!("footlight: {message}"));
            let _ = printer.json(&serde_json::json!({
                "schema_version": 1, "status": exit.word(), "exit_code": exit as u8, "error": message,
            }));
            exit
        }
    }
}

/// Says what is wrong with what was typed, as JSON too where that was asked for, or prints the help that was.
pub fn not_parsed(error: &clap::Error) -> ExitCode {
    // Where nobody listens there is nobody to tell.
    let _ = error.print();
    if !error.use_stderr() {
        return ExitCode::SUCCESS;
    }
    let printer = Printer { json: std::env::args_os().any(|typed| typed == "--json"), quiet: false };
    let said = error.to_string();
    let message = said.lines().next().unwrap_or_default().trim_start_matches("error: ");
    let _ = printer.json(&serde_json::json!({
        "schema_version": 1, "status": Exit::Usage.word(), "exit_code": Exit::Usage as u8,
        "error": crate::privacy::terminal(message),
    }));
    Exit::Usage.into()
}

fn dispatch(cli: &Cli, printer: Printer) -> anyhow::Result<Exit> {
    let global = &cli.global;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    match &cli.command {
        Command::Run(args) => runtime.block_on(run::run(args, global, printer)),
        Command::Ingest(args) => runtime.block_on(ingest::run(args, global, printer)),
        Command::Score(args) => runtime.block_on(score::run(args, global, printer)),
        Command::Report(args) => runtime.block_on(report::run(args, global, printer)),
        Command::Explain(args) => runtime.block_on(explain::run(args, global, printer)),
        Command::Subject(args) => runtime.block_on(subject::run(args, global, printer)),
        Command::Identities(args) => runtime.block_on(identities::run(args, global, printer)),
        Command::Forget(args) => runtime.block_on(forget::run(args, global, printer)),
        Command::Gc(args) => runtime.block_on(gc::run(args, global, printer)),
        Command::Verify(args) => runtime.block_on(verify::run(args, global, printer)),
        Command::Status(args) => runtime.block_on(status::run(args, global, printer)),
        Command::Query(args) => runtime.block_on(query::run(args, global, printer)),
        Command::Check(args) => runtime.block_on(check::run(args, global, printer)),
        Command::Reconcile(args) => runtime.block_on(reconcile::run(args, global, printer)),
        Command::Config(args) => config_show::run(args, global, printer),
        Command::Policy(args) => match &args.command {
            PolicyCommand::Export(args) => policy::run(args, global, printer),
        },
        Command::Export(args) => runtime.block_on(export::run(args, global, printer)),
        Command::Sources(args) => match &args.command {
            Some(SourcesCommand::Try(args)) => sources_try::run(args, global, printer),
            None => catalogue::sources(printer),
        },
        Command::Signals => catalogue::signals(printer),
        Command::Simulate(args) if args.adversary.adversary => runtime.block_on(adversary::run(args, global, printer)),
        Command::Simulate(args) => simulate::run(args, global, printer),
        Command::Evaluate(args) => runtime.block_on(evaluate::run(args, global, printer)),
        Command::Demo(args) => runtime.block_on(demo::run(args, global, printer)),
        Command::Cluster(args) => cluster::run(args, global),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut Cli::command(), "footlight", &mut script);
            printer.data(&String::from_utf8_lossy(&script))?;
            Ok(Exit::Done)
        }
    }
}

/// The error and its causes in one line, without those that the error above has said already.
fn message(error: &anyhow::Error) -> String {
    let mut message = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if message.is_empty() {
            message = cause;
        } else if !message.contains(&cause) && !cause.is_empty() {
            message = format!("{message}: {cause}");
        }
    }
    crate::privacy::terminal(&message)
}

/// Whether the engine hit its memory limit. Our errors box DataFusion's, and a box is a type of its own.
fn is_out_of_memory(cause: &(dyn std::error::Error + 'static)) -> bool {
    let error = cause
        .downcast_ref::<DataFusionError>()
        .or_else(|| cause.downcast_ref::<Box<DataFusionError>>().map(AsRef::as_ref));
    error.is_some_and(|error| matches!(error.find_root(), DataFusionError::ResourcesExhausted(_)))
}

/// Whether a model asked for a column that what it reads does not have.
fn is_unknown_column(cause: &(dyn std::error::Error + 'static)) -> bool {
    let Some(EngineError::Run { source, .. }) = cause.downcast_ref::<EngineError>() else { return false };
    match source.find_root() {
        DataFusionError::SchemaError(error, _) => matches!(error.as_ref(), SchemaError::FieldNotFound { .. }),
        _ => false,
    }
}

/// The exit code of an error, by its type.
fn exit_of(error: &anyhow::Error) -> Exit {
    // Whatever was being written, and through whatever library.
    if error.chain().filter_map(|cause| cause.downcast_ref()).any(is_full) {
        return Exit::Resources;
    }
    for cause in error.chain() {
        match cause.downcast_ref::<LakeError>() {
            Some(LakeError::Missing(_)) => return Exit::LakeMissing,
            Some(LakeError::NotKept { .. }) => return Exit::Usage,
            Some(LakeError::Locked(_)) => return Exit::Locked,
            Some(LakeError::NoSpace { .. }) => return Exit::Resources,
            Some(LakeError::Parquet(_) | LakeError::Log { .. } | LakeError::Column { .. }) => return Exit::Damaged,
            // Its own cause says what it is.
            Some(_) | None => {}
        }
        if is_out_of_memory(cause) {
            return Exit::Resources;
        }
        if ends::is_damaged_data(cause) {
            return Exit::Damaged;
        }
        if let Some(ResultsError::Damaged { .. }) = cause.downcast_ref::<ResultsError>() {
            return Exit::Damaged;
        }
        if cause.is::<UsageError>() || cause.is::<crate::config::ConfigError>() || ends::is_unusable(cause) {
            return Exit::Usage;
        }
        match cause.downcast_ref::<TombstoneError>() {
            Some(TombstoneError::OtherKey { .. }) => return Exit::Refused,
            Some(TombstoneError::Malformed { .. }) => return Exit::Damaged,
            Some(_) | None => {}
        }
        if cause.is::<RefusedError>() {
            return Exit::Refused;
        }
        if let Some(error) = cause.downcast_ref::<LedgerError>() {
            return match error {
                LedgerError::OtherKey { .. } => Exit::Refused,
                LedgerError::Damaged { .. } => Exit::Damaged,
                LedgerError::Io { .. } => Exit::Failed,
            };
        }
    }
    Exit::Failed
}

#[cfg(test)]
mod tests {
    use super::*;
    use datafusion::common::{DFSchema, unqualified_field_not_found};

    #[test]
    fn a_column_that_a_model_misses_is_known_as_that() {
        let failed = |source| EngineError::Run { file: "queries/a.sql".to_owned(), source: Box::new(source) };
        let missing = unqualified_field_not_found("x", &DFSchema::empty());
        let error = anyhow::Error::from(failed(missing)).context("scoring");
        assert!(error.chain().any(is_unknown_column));
        let other = failed(DataFusionError::Plan("x".to_owned()));
        assert!(!is_unknown_column(&other));
    }
}
