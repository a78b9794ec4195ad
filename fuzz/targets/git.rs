//! Any bytes as a file of `git`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| footlight::sources::laws::fuzz("git", data));
