//! From readings to evidence, from evidence to bands.
//!
//! Owns calibration, decibans, discounts, family caps, the two-key gate, pooling to actor-weeks, the second calibration and
//! the population tests' statistics, all as plain Rust over rows. Owns no SQL (readings come from `queries/`) and no rendering.

pub mod rows;
