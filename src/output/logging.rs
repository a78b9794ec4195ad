//! Log lines on standard error. Prompt text is never logged; ids, counts and paths are, without secrets and without anything that a
//! terminal would obey.

use super::harmless;
use std::io::{self, Write};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

/// Starts logging at the level that -v and -q ask for; only footlight's own records, unless tracing is asked for.
pub fn init(verbose: u8, quiet: bool) {
    let level = match (quiet, verbose) {
        (true, _) => LevelFilter::ERROR,
        (_, 0) => LevelFilter::WARN,
        (_, 1) => LevelFilter::DEBUG,
        (_, _) => LevelFilter::TRACE,
    };
    // What the parts of a cluster say is chatter of a library: a step less of it.
    let of_cluster = match (quiet, verbose) {
        (true, _) => LevelFilter::ERROR,
        (_, 0) => LevelFilter::WARN,
        (_, 1) => LevelFilter::INFO,
        (_, _) => LevelFilter::DEBUG,
    };
    let of =
        |name: &str, level: LevelFilter| format!("{name}={level}").parse().unwrap_or_else(|_| LevelFilter::WARN.into());
    let filter = EnvFilter::default()
        .add_directive(LevelFilter::ERROR.into())
        .add_directive(of("footlight", level))
        .add_directive(of("ballista", of_cluster));
    // A second call in one process (tests) keeps the first subscriber. Colour would be escapes, which are replaced.
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(|| Harmless)
        .with_ansi(false)
        .with_target(false)
        .try_init();
}

/// Standard error for log lines, each of which arrives in one write. One that cannot be written is lost, and is no error: the subscriber would say so on the
/// same standard error, and that would end the program.
struct Harmless;

impl Write for Harmless {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let _ = io::stderr().lock().write_all(harmless(&String::from_utf8_lossy(line)).as_bytes());
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().lock().flush()
    }
}
