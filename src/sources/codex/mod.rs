//! Stub.
use super::{Description, Input, InputError, Probe, Sink, Source};

/// Stub.
pub struct Codex;

impl Source for Codex {
    fn name(&self) -> &'static str {
        "codex"
    }
    fn description(&self) -> Description {
        Description { title: "", files: "", tells: "", cannot_tell: "" }
    }
    fn recognises(&self, _probe: &Probe<'_>) -> bool {
        false
    }
    fn read(&self, _input: &Input, _sink: &mut dyn Sink) -> Result<u64, InputError> {
        Ok(0)
    }
}
