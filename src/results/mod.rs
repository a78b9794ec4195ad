//! OUT/tables/*.parquet and OUT/run.json: what scoring leaves behind for reports and for other programs.
//!
//! Owns the columns of those files (`outputs.md`, a public contract) and reading them back. Owns no numbers.
//! Rows are sorted by their key, floats rounded, so that the same lake and config give the same bytes.

mod columns;
mod evidence;
mod figures;
mod readings;
mod run_file;
mod views;

pub use columns::{ResultRow, Table, read, write, write_file};
pub use evidence::{EvidenceRow, explanations, write_evidence};
pub use figures::write_figures;
pub use readings::read_readings;
pub use run_file::{RunFile, Scoring};
pub use views::{views, write_views};

use std::path::{Path, PathBuf};

/// Why results could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum ResultsError {
    /// The operating system refused.
    #[error("{path}: {error}")]
    Io {
        /// File.
        path: PathBuf,
        /// Cause.
        #[source]
        error: std::io::Error,
    },
    /// There are no results.
    #[error("there is no {0}: run `footlight score` first")]
    Missing(PathBuf),
    /// A result file is damaged.
    #[error("{path}: {error}")]
    Damaged {
        /// File.
        path: PathBuf,
        /// Cause.
        error: String,
    },
}

/// `OUT/tables`.
pub fn tables_directory(out: &Path) -> PathBuf {
    out.join("tables")
}
