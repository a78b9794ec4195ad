//! Any bytes as a file of `openai_admin`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| footlight::sources::laws::fuzz("openai_admin", data));
