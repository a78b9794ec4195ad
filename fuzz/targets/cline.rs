//! Any bytes as a file of `cline`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| footlight::sources::laws::fuzz("cline", data));
