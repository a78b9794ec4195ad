//! The one printer: standard output is data, standard error is for people.
//!
//! Owns colour, progress and logging, and neutralises control characters on the way to a terminal. Owns no wording.

mod logging;
mod progress;

pub use logging::init as init_logging;
pub use progress::IngestProgress;

use crate::privacy::{Secrets, json_text, terminal_lines};
use std::io::{self, Write};

/// Writes to standard output and standard error. A closed pipe (`| head`) is not an error.
#[derive(Debug, Clone, Copy)]
pub struct Printer {
    /// One JSON object instead of text.
    pub json: bool,
    /// Errors only.
    pub quiet: bool,
}

impl Printer {
    /// Prints data as text, unless JSON was asked for. What a terminal would obey is replaced.
    pub fn text(&self, text: &str) -> io::Result<()> {
        if self.json { Ok(()) } else { self.data(&terminal_lines(text)) }
    }

    /// Prints the JSON form, if it was asked for.
    pub fn json(&self, value: &impl serde::Serialize) -> io::Result<()> {
        if !self.json {
            return Ok(());
        }
        let text = serde_json::to_string_pretty(value).map_err(io::Error::other)?;
        self.data(&format!("{}\n", json_text(&text)))
    }

    /// Prints data in whatever form the command made.
    pub fn data(&self, text: &str) -> io::Result<()> {
        match anstream::stdout().lock().write_all(text.as_bytes()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            other => other,
        }
    }

    /// Tells people something on standard error.
    pub fn note(&self, text: &str) {
        if !self.quiet {
            // When standard error itself is gone there is nobody left to tell.
            let _ = writeln!(anstream::stderr(), "{}", harmless(text));
        }
    }

    /// Tells people what went wrong, also when quiet.
    pub fn error(&self, text: &str) {
        let _ = writeln!(anstream::stderr(), "{}", harmless(text));
    }
}

/// A message without secrets and without anything that a terminal would obey. Messages of other crates and of the system name what they
/// were given.
fn harmless(text: &str) -> String {
    terminal_lines(&Secrets::unkeyed().redact(text, |_| {}))
}

/// Says of a defect where it is and nothing else: a panic's own message can quote the text that caused it.
pub fn say_where_it_panicked() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map_or_else(|| "an unknown place".to_owned(), ToString::to_string);
        // When standard error itself is gone there is nobody left to tell.
        let _ = writeln!(anstream::stderr(), "footlight: a defect at {place}; nothing of the input is shown here");
    }));
}
