//! Any bytes as a file of `copilot_cli`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| footlight::sources::laws::fuzz("copilot_cli", data));
