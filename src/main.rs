//! footlight: parse what was typed, run it, map the result to an exit code.

use clap::Parser;
use footlight::cli::Cli;
use std::process::ExitCode;

fn main() -> ExitCode {
    footlight::output::say_where_it_panicked();
    match Cli::try_parse() {
        Ok(cli) => footlight::commands::run(cli).into(),
        Err(error) => footlight::commands::not_parsed(&error),
    }
}
