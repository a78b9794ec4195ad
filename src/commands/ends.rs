//! How commands end that do not end well: what tells damage, wrong use and defects from a machine that fails.
//!
//! Owns the looks at causes that take more than their type. The codes themselves are [`super::exit_of`]'s.

use super::Exit;
use crate::engine::ModelError;
use crate::privacy::KeyError;
use arrow::error::ArrowError;
use parquet::errors::ParquetError;

/// What a command answers. A defect that ends it is a failure like any other, with its code and, where that was asked for, its JSON; the panic hook has said
/// where it is.
pub(super) fn answered(command: impl FnOnce() -> anyhow::Result<Exit>) -> anyhow::Result<Exit> {
    // Nothing of the command is looked at afterwards.
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(command))
        .unwrap_or_else(|_| Err(anyhow::anyhow!("a defect of footlight ended it")))
}

/// Whether a Parquet file is not what was written. What the system or a store says of reading one is no damage, also where DataFusion has put it into
/// words of its own.
pub(super) fn is_damaged_data(cause: &(dyn std::error::Error + 'static)) -> bool {
    match cause.downcast_ref::<ParquetError>() {
        Some(ParquetError::External(cause)) => {
            cause.downcast_ref::<std::io::Error>().is_some_and(|error| error.raw_os_error().is_none())
        }
        Some(ParquetError::General(text)) => !text.contains("Object Store error"),
        // A type that no file can have, in what was to be written.
        Some(ParquetError::NYI(_)) => false,
        Some(_) => true,
        None => matches!(cause.downcast_ref::<ArrowError>(), Some(ArrowError::ParquetError(_))),
    }
}

/// Whether a key or a model that the user named cannot be used: trying again mends it as little as a mistyped flag. Only a configured key can be missing, and
/// the models that are embedded fit together.
pub(super) fn is_unusable(cause: &(dyn std::error::Error + 'static)) -> bool {
    match cause.downcast_ref::<KeyError>() {
        Some(KeyError::Readable { .. } | KeyError::Malformed { .. }) => true,
        Some(KeyError::Io { source, .. }) => source.kind() == std::io::ErrorKind::NotFound,
        Some(_) => false,
        None => cause.is::<ModelError>(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{exit_of, message};
    use super::*;
    use crate::lake::LakeError;
    use crate::privacy::TombstoneError;
    use datafusion::error::DataFusionError;
    use std::io;
    use std::path::PathBuf;

    fn code_of(error: impl std::error::Error + Send + Sync + 'static) -> Exit {
        exit_of(&anyhow::Error::new(error).context("while something was done"))
    }

    #[test]
    fn what_trying_again_does_not_mend_is_not_a_failure_of_the_machine() {
        let path = || PathBuf::from("key");
        assert_eq!(code_of(KeyError::Io { path: path(), source: io::ErrorKind::NotFound.into() }), Exit::Usage);
        assert_eq!(code_of(KeyError::Io { path: path(), source: io::ErrorKind::TimedOut.into() }), Exit::Failed);
        assert_eq!(code_of(KeyError::Readable { path: path(), mode: 0o644 }), Exit::Usage);
        assert_eq!(code_of(KeyError::Malformed { path: path() }), Exit::Usage);
        let missing = ModelError::Read { path: PathBuf::from("nowhere"), source: io::ErrorKind::NotFound.into() };
        assert_eq!(code_of(missing), Exit::Usage);
        let source = serde_json::from_str::<u8>("{").unwrap_err();
        assert_eq!(code_of(TombstoneError::Malformed { path: path(), source }), Exit::Damaged);
    }

    #[test]
    fn a_defect_is_a_failure_with_an_answer() {
        let error = answered(|| panic!("text of a prompt")).unwrap_err();
        assert_eq!((exit_of(&error), message(&error).as_str()), (Exit::Failed, "a defect of footlight ended it"));
        assert_eq!(answered(|| Ok(Exit::Partial)).unwrap(), Exit::Partial);
    }

    #[test]
    fn a_damaged_file_is_told_from_a_machine_that_cannot_read_it() {
        let engine = |error: ParquetError| LakeError::Engine(DataFusionError::ParquetError(Box::new(error)));
        let no_store = "Failed to fetch metadata for file x: Object Store error: no answer";
        assert_eq!(code_of(engine(ParquetError::EOF("no footer".to_owned()))), Exit::Damaged);
        assert_eq!(code_of(engine(ParquetError::General("a page".to_owned()))), Exit::Damaged);
        assert_eq!(code_of(engine(io::Error::other("zstd").into())), Exit::Damaged);
        assert_eq!(code_of(engine(io::Error::from_raw_os_error(5).into())), Exit::Failed);
        assert_eq!(code_of(engine(ParquetError::General(no_store.to_owned()))), Exit::Failed);
        assert_eq!(code_of(engine(ParquetError::NYI("an interval".to_owned()))), Exit::Failed);
        assert_eq!(code_of(LakeError::Arrow(ArrowError::ParquetError("a page".to_owned()))), Exit::Damaged);
        let full = DataFusionError::ResourcesExhausted("no memory".to_owned());
        assert_eq!(code_of(LakeError::Engine(full)), Exit::Resources);
        let log = LakeError::Log { path: PathBuf::from("events/_delta_log/1.json"), problem: "is empty".to_owned() };
        assert_eq!(code_of(log), Exit::Damaged);
    }
}
