//! Any bytes as a file of `anthropic_admin`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| footlight::sources::laws::fuzz("anthropic_admin", data));
