//! footlight: parse what was typed, run it, map the result to an exit code.

use clap::Parser;
use footlight::cli::Cli;
use std::process::ExitCode;

/// Scoring makes and drops many small arrays on many threads; the system's allocator spends a fifth of its time on them.
#[cfg(feature = "engine")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    footlight::output::say_where_it_panicked();
    footlight::commands::run(Cli::parse()).into()
}
