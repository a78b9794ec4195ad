//! Linear's CSV export of issues: tickets as outcomes.
//!
//! Owns nothing but the mapping in `mapping.toml`, which says everything that there is to say of the format.

#[cfg(test)]
mod tests;

use super::mapping::Mapping;
use super::{Description, Input, InputError, Probe, Reason, Sink, Source};
use std::sync::LazyLock;

static MAPPING: LazyLock<Result<Mapping, toml::de::Error>> =
    LazyLock::new(|| toml::from_str(include_str!("mapping.toml")));

/// The Linear source.
pub struct Linear;

impl Source for Linear {
    fn name(&self) -> &'static str {
        "linear"
    }

    fn description(&self) -> Description {
        Description {
            title: "Linear issues",
            files: "the CSV export of a team or workspace, of 30 or 34 columns",
            tells: "issues done, cancelled and open, with assignee, parent and related issues",
            cannot_tell: "when an issue was reopened; who worked on it besides the assignee; sub-issue order and comments",
        }
    }

    fn recognises(&self, probe: &Probe<'_>) -> bool {
        MAPPING.as_ref().is_ok_and(|mapping| mapping.recognises(probe))
    }

    fn recognised_by(&self, probe: &Probe<'_>) -> String {
        MAPPING.as_ref().map_or_else(ToString::to_string, |mapping| mapping.reason(probe))
    }

    fn read(&self, input: &Input, sink: &mut dyn Sink) -> Result<u64, InputError> {
        match MAPPING.as_ref() {
            Ok(mapping) => mapping.read(input, sink),
            Err(error) => Err(InputError::Format {
                path: input.name.clone(),
                reason: Reason::UnknownFormat,
                error: error.to_string(),
            }),
        }
    }
}
