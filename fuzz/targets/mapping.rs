//! Any bytes as a file of `mapping`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| footlight::sources::laws::fuzz("mapping", data));
