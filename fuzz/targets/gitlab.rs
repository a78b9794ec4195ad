//! Any bytes as a file of `gitlab`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| footlight::sources::laws::fuzz("gitlab", data));
