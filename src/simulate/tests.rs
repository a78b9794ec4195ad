//! The organisation against its own truth.
