//! Any bytes as a file of `langfuse`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| footlight::sources::laws::fuzz("langfuse", data));
