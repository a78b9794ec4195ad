//! The one printer: standard output is data, standard error is for people.
//!
//! Owns colour, progress and logging, and neutralises control characters on the way to a terminal. Owns no wording.

mod logging;
mod progress;

pub use logging::init as init_logging;
pub use progress::IngestProgress;

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
    /// Prints data as text, unless JSON was asked for.
    pub fn text(&self, text: &str) -> io::Result<()> {
        if self.json { Ok(()) } else { self.data(text) }
    }

    /// Prints the JSON form, if it was asked for.
    pub fn json(&self, value: &impl serde::Serialize) -> io::Result<()> {
        if !self.json {
            return Ok(());
        }
        let text = serde_json::to_string_pretty(value).map_err(io::Error::other)?;
        self.data(&format!("{text}\n"))
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
            let _ = writeln!(anstream::stderr(), "{text}");
        }
    }

    /// Tells people what went wrong, also when quiet.
    pub fn error(&self, text: &str) {
        let _ = writeln!(anstream::stderr(), "{text}");
    }
}
