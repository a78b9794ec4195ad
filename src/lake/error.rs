//! What can go wrong in the lake.

use std::path::{Path, PathBuf};

/// A lake error; the command line maps it to an exit code.
#[derive(Debug, thiserror::Error)]
pub enum LakeError {
    /// No lake there.
    #[error("there is no lake at {0}: run `footlight ingest --input PATH --lake {0}` first")]
    Missing(PathBuf),
    /// An earlier version cannot be read any more.
    #[error("version {version} of the lake at {lake} cannot be read any more: {why}")]
    NotKept {
        /// The lake.
        lake: PathBuf,
        /// Its version.
        version: u64,
        /// What is missing.
        why: String,
    },
    /// Another process writes.
    #[error("the lake at {0} is locked by another run")]
    Locked(PathBuf),
    /// The disk is full or a quota is reached.
    #[error("no space left for {path}: {error}")]
    NoSpace {
        /// File.
        path: String,
        /// Cause.
        error: std::io::Error,
    },
    /// The operating system refused.
    #[error("{path}: {error}")]
    Io {
        /// File.
        path: String,
        /// Cause.
        #[source]
        error: std::io::Error,
    },
    /// Delta refused.
    #[error("delta table: {0}")]
    Delta(Box<deltalake::DeltaTableError>),
    /// DataFusion refused.
    #[error("{0}")]
    Engine(#[from] datafusion::error::DataFusionError),
    /// A data file is damaged or of another shape.
    #[error("data file: {0}")]
    Parquet(#[from] parquet::errors::ParquetError),
    /// Arrow refused.
    #[error("arrow: {0}")]
    Arrow(#[from] arrow::error::ArrowError),
    /// A table lacks a column or has it in another type.
    #[error("table {table} has no column {column} of the expected type")]
    Column {
        /// Table.
        table: &'static str,
        /// Column.
        column: &'static str,
    },
}

impl LakeError {
    /// Names the file that an I/O error is about.
    pub fn at(self, path: &Path) -> Self {
        match self {
            LakeError::Io { error, .. } => {
                let path = path.display().to_string();
                match error.kind() {
                    std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => {
                        LakeError::NoSpace { path, error }
                    }
                    _ => LakeError::Io { path, error },
                }
            }
            other => other,
        }
    }
}

impl From<std::io::Error> for LakeError {
    fn from(error: std::io::Error) -> Self {
        LakeError::Io { path: "temporary file".into(), error }
    }
}

impl From<deltalake::DeltaTableError> for LakeError {
    fn from(error: deltalake::DeltaTableError) -> Self {
        LakeError::Delta(Box::new(error))
    }
}
