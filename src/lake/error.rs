//! What can go wrong in the lake.

use parquet::errors::ParquetError;
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
    Delta(#[source] Box<deltalake::DeltaTableError>),
    /// An entry of a table's log is not whole, or is missing, so that the table cannot be opened.
    #[error("{path}: {problem}; `footlight verify` says what else is damaged")]
    Log {
        /// Entry, or the log where one is missing.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// DataFusion refused.
    #[error("{0}")]
    Engine(#[from] datafusion::error::DataFusionError),
    /// A data file is damaged or of another shape.
    #[error("data file: {0}")]
    Parquet(#[source] ParquetError),
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
                if is_full(&error) { LakeError::NoSpace { path, error } } else { LakeError::Io { path, error } }
            }
            other => other,
        }
    }
}

/// Whether the disk is full or a quota is reached.
pub fn is_full(error: &std::io::Error) -> bool {
    matches!(error.kind(), std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded)
}

/// The system's own error, where that is what a Parquet error stands for: a writer hands it on as one of its own.
pub fn of_the_system(error: ParquetError) -> Result<std::io::Error, ParquetError> {
    match error {
        ParquetError::External(cause) => match cause.downcast() {
            Ok(error) => Ok(*error),
            Err(cause) => Err(ParquetError::External(cause)),
        },
        other => Err(other),
    }
}

impl From<ParquetError> for LakeError {
    fn from(error: ParquetError) -> Self {
        match of_the_system(error) {
            Ok(error) => error.into(),
            Err(error) => LakeError::Parquet(error),
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

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use crate::lake::Table;
    use parquet::arrow::ArrowWriter;
    use std::fs::File;
    use std::sync::Arc;

    /// `/dev/full` takes nothing, whenever the writer comes to write.
    #[test]
    fn a_full_disk_is_no_damaged_file() {
        let file = File::options().write(true).open("/dev/full").unwrap();
        let schema = Arc::new(Table::Facts.schema().as_ref().clone());
        let failed = ArrowWriter::try_new(file, schema, None).and_then(ArrowWriter::close).unwrap_err();
        let error = LakeError::from(failed).at(Path::new("part.parquet"));
        assert!(matches!(&error, LakeError::NoSpace { path, .. } if path == "part.parquet"), "{error:?}");
        let damaged = LakeError::from(ParquetError::General("no footer".into()));
        assert!(matches!(damaged, LakeError::Parquet(_)), "{damaged:?}");
    }
}
