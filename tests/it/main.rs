//! The integration tests: one binary, since each links the engine again.

mod layering;
#[cfg(feature = "engine")]
mod organisation;
#[cfg(feature = "engine")]
mod queries;
