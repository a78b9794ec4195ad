//! Stub.
use super::{Description, Input, InputError, Probe, Sink, Source};

/// Stub.
pub struct ClaudeCode;

impl Source for ClaudeCode {
    fn name(&self) -> &'static str {
        "claude_code"
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
