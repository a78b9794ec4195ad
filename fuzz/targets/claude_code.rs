//! Any bytes as a file of `claude_code`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| footlight::sources::laws::fuzz("claude_code", data));
