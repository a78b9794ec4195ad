//! footlight reads the logs that AI tools leave behind, joins them to what came of the work, and says how much of the
//! usage is real, how much is waste, and how much was made to be counted.
//!
//! Data flows one way, and so do imports:
//! [`events`] ← [`fingerprint`] ← [`sources`] → lake → engine → score, cluster → report, all driven by commands.

#[cfg(feature = "engine")]
pub mod cli;
#[cfg(feature = "engine")]
pub mod cluster;
#[cfg(feature = "engine")]
pub mod commands;
pub mod config;
#[cfg(feature = "engine")]
pub mod engine;
pub mod evaluate;
pub mod events;
pub mod fingerprint;
#[cfg(feature = "engine")]
pub mod ingest;
#[cfg(feature = "engine")]
pub mod lake;
#[cfg(feature = "engine")]
pub mod output;
pub mod pricing;
pub mod privacy;
pub mod report;
#[cfg(feature = "engine")]
pub mod results;
pub mod score;
pub mod simulate;
pub mod sources;
