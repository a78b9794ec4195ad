//! The integration tests: one binary, since each links the engine again.

#![allow(clippy::unwrap_used, clippy::expect_used)] // everything in here is a test

mod attacker;
#[cfg(feature = "engine")]
mod directories;
#[cfg(feature = "engine")]
mod earlier;
#[cfg(feature = "engine")]
mod export;
#[cfg(feature = "engine")]
mod held;
#[cfg(feature = "engine")]
mod hostile;
#[cfg(feature = "engine")]
mod keeping;
#[cfg(feature = "engine")]
mod lake;
mod layering;
#[cfg(feature = "engine")]
mod merging;
#[cfg(feature = "engine")]
mod merging_measured;
#[cfg(feature = "engine")]
mod notebooks;
#[cfg(feature = "engine")]
mod organisation;
#[cfg(feature = "engine")]
mod outcomes;
#[cfg(feature = "engine")]
mod payloads;
#[cfg(feature = "engine")]
mod people;
#[cfg(feature = "engine")]
mod platforms;
#[cfg(feature = "engine")]
mod pseudonyms;
#[cfg(feature = "engine")]
mod queries;
#[cfg(feature = "engine")]
mod readme;
#[cfg(feature = "engine")]
mod reconcile;
#[cfg(feature = "engine")]
mod sample;
#[cfg(feature = "engine")]
mod scheduling;
#[cfg(feature = "engine")]
mod secrets;
#[cfg(feature = "engine")]
mod shapes;
#[cfg(feature = "engine")]
mod simulate;
mod traps;
