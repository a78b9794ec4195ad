//! footlight: parse what was typed, run it, map the result to an exit code.

use clap::Parser;
use footlight::cli::Cli;
use std::process::ExitCode;

/// Many threads build and drop strings at once; the figures against the system's allocator are in benches/README.md.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    footlight::commands::run(Cli::parse()).into()
}
