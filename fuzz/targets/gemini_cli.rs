//! Any bytes as a file of `gemini_cli`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| footlight::sources::laws::fuzz("gemini_cli", data));
