//! GitLab: merge requests and issues as outcomes, as the API and `glab ... -F json` print them.
//!
//! Owns what a record means ([`records`]). Owns no connection: it reads what somebody saved.

mod records;
#[cfg(test)]
mod tests;

use super::{Description, Input, InputError, Probe, Sink, Source, Unit, elements};

/// The GitLab source.
pub struct GitLab;

impl Source for GitLab {
    fn name(&self) -> &'static str {
        "gitlab"
    }

    fn description(&self) -> Description {
        Description {
            title: "GitLab records",
            files: "JSON of /merge_requests and /issues of a project or group, or of `glab mr list -F json`: arrays, pages behind each other, or an object a line",
            tells: "merge requests opened, merged, closed unmerged and taken back, with their commits on the default branch and named tickets; issues done",
            cannot_tell: "lines and files; reviews and approvals; commits before a squash; reopened issues",
        }
    }

    fn recognises(&self, probe: &Probe<'_>) -> bool {
        if probe.unit != Unit::File {
            return false;
        }
        let is_export = elements::first_object(probe.head, &[]).is_some_and(records::is_record);
        // A page of nothing has nothing to judge by but its name.
        is_export || elements::is_empty_array(probe.head) && probe.plain_name().contains("gitlab")
    }

    fn recognised_by(&self, probe: &Probe<'_>) -> String {
        match elements::first_object(probe.head, &[]) {
            Some(_) => "its first object has `iid` and an address of GitLab".to_owned(),
            None => "it is an empty page, and its name says gitlab".to_owned(),
        }
    }

    fn read(&self, input: &Input, sink: &mut dyn Sink) -> Result<u64, InputError> {
        elements::read_elements(input, &[], sink, records::take)
    }
}
