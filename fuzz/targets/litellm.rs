//! Any bytes as a file of `litellm`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| footlight::sources::laws::fuzz("litellm", data));
