//! GitHub: pull requests, reviews, issues and deployments as outcomes, as `gh ... --json` and the REST API print them.
//!
//! Owns what a record is ([`records`]) and what becomes of it ([`outcomes`]). Owns no connection: it reads what somebody saved.

mod outcomes;
mod records;
#[cfg(test)]
mod tests;

use super::{Description, Input, InputError, Probe, Sink, Source, Unit, elements};

/// Keys under which answers of searches and of GraphQL-like tools have their records.
const WRAPPERS: &[&str] = &["items"];

/// The GitHub source.
pub struct GitHub;

impl Source for GitHub {
    fn name(&self) -> &'static str {
        "github"
    }

    fn description(&self) -> Description {
        Description {
            title: "GitHub records",
            files: "JSON of `gh pr list`, `gh issue list` and of REST pulls, issues, reviews, deployments and their statuses: arrays, pages behind each other, or an object a line",
            tells: "pull requests opened, merged and closed unmerged, with lines, commits, closed issues and named tickets; reviews given; issues done and reopened; deployments",
            cannot_tell: "lines and commits where REST lists only name the request; who merged; which commit a deployment status is of where its deployment is in another file",
        }
    }

    fn recognises(&self, probe: &Probe<'_>) -> bool {
        if probe.unit != Unit::File {
            return false;
        }
        let is_export = elements::first_object(probe.head, WRAPPERS).is_some_and(records::is_record);
        // A page of nothing has nothing to judge by but its name.
        is_export || elements::is_empty_array(probe.head) && probe.plain_name().contains("github")
    }

    fn recognised_by(&self, probe: &Probe<'_>) -> String {
        match elements::first_object(probe.head, WRAPPERS) {
            Some(object) => format!("its first object is a {}", records::shape_of(object)),
            None => "it is an empty page, and its name says github".to_owned(),
        }
    }

    fn read(&self, input: &Input, sink: &mut dyn Sink) -> Result<u64, InputError> {
        let mut deployments = outcomes::Deployments::default();
        let end = elements::read_elements(input, WRAPPERS, sink, |element, sink| {
            outcomes::take(element, &mut deployments, sink)
        })?;
        deployments.finish(sink);
        Ok(end)
    }
}
