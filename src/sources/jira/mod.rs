//! Jira: tickets as outcomes, from the CSV export and from the answers of the search.
//!
//! Owns what a ticket's status, resolution and history mean ([`search`]); the CSV export is a mapping in `mapping.toml`.

mod search;
#[cfg(test)]
mod tests;

use super::mapping::Mapping;
use super::{Description, Input, InputError, Probe, Reason, Sink, Source, Unit, elements};
use std::borrow::Cow;
use std::sync::LazyLock;

static MAPPING: LazyLock<Result<Mapping, toml::de::Error>> =
    LazyLock::new(|| toml::from_str(include_str!("mapping.toml")));

/// Keys under which an answer of the search has its tickets.
const WRAPPERS: &[&str] = &["issues"];

/// The Jira source.
pub struct Jira;

impl Source for Jira {
    fn name(&self) -> &'static str {
        "jira"
    }

    fn description(&self) -> Description {
        Description {
            title: "Jira tickets",
            files: "the CSV export; answers of /rest/api/{2,3}/search and search/jql, one or many, as arrays, or an issue a line",
            tells: "tickets done, given up, open and, with the changelog, reopened; assignee, parent and links",
            cannot_tell: "who did the work if not the assignee; the zone of the CSV's times, which is UTC unless [sources.jira] says another; earlier closures without the changelog",
        }
    }

    fn recognises(&self, probe: &Probe<'_>) -> bool {
        probe.unit == Unit::File
            && (is_search(probe.head) || MAPPING.as_ref().is_ok_and(|mapping| mapping.recognises(probe)))
    }

    fn recognised_by(&self, probe: &Probe<'_>) -> String {
        match (is_search(probe.head), MAPPING.as_ref()) {
            (true, _) => "its first object is a ticket with `key` and `fields`".to_owned(),
            (false, Ok(mapping)) => mapping.reason(probe),
            (false, Err(error)) => error.to_string(),
        }
    }

    fn read(&self, input: &Input, sink: &mut dyn Sink) -> Result<u64, InputError> {
        let mut head = [0; 4];
        let count = {
            let mut file = input.open()?;
            std::io::Read::read(&mut file, &mut head).map_err(|error| input.io_error(error))?
        };
        let is_json = head[..count].strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&head[..count]).trim_ascii_start();
        if matches!(is_json.first(), Some(b'{' | b'[')) {
            return elements::read_elements(input, WRAPPERS, sink, search::take);
        }
        let unreadable =
            |error: String| InputError::Format { path: input.name.clone(), reason: Reason::UnknownFormat, error };
        let mapping = MAPPING.as_ref().map_err(|error| unreadable(error.to_string()))?;
        let mapping = match &input.options.jira.time_zone {
            Some(zone) => Cow::Owned(mapping.in_zone(zone).map_err(unreadable)?),
            None => Cow::Borrowed(mapping),
        };
        mapping.read(input, sink)
    }
}

/// Whether a head begins with a ticket of the search.
fn is_search(head: &[u8]) -> bool {
    elements::first_object(head, WRAPPERS).is_some_and(search::is_ticket)
}
