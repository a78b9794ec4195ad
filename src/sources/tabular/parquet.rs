//! Rows from Parquet, through Polars: a lazy scan of the known columns, streamed in batches.

#[cfg(feature = "engine")]
mod scan;

use super::Layout;
use crate::sources::{Input, InputError, Sink};

/// Reads a Parquet file. Rows have no bytes of their own: offset and line of a row are its number.
#[cfg(feature = "engine")]
pub(super) fn read(layout: &impl Layout, input: &Input, sink: &mut dyn Sink) -> Result<u64, InputError> {
    scan::read(layout, input, sink)
}

/// A build without the engine has no Parquet reader and says so.
#[cfg(not(feature = "engine"))]
pub(super) fn read(_layout: &impl Layout, input: &Input, _sink: &mut dyn Sink) -> Result<u64, InputError> {
    Err(InputError::Format {
        path: input.name.clone(),
        reason: crate::sources::Reason::UnknownFormat,
        error: "this build was made without the feature `engine` and reads no Parquet".to_owned(),
    })
}
