//! `footlight evaluate`.

use super::{Exit, UsageError};
use crate::cli::EvaluateArgs;
use crate::output::Printer;

/// Runs the command.
pub fn run(args: &EvaluateArgs, _printer: Printer) -> anyhow::Result<Exit> {
    Err(UsageError(format!("{}: not built in", args.truth.display())).into())
}
