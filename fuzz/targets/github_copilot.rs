//! Any bytes as a file of `github_copilot`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| footlight::sources::laws::fuzz("github_copilot", data));
