//! JSON reports of ccusage: `ccusage daily --json` and its kin. The last resort, where the logs themselves are gone.
//!
//! Owns which lists a report has. Everything in it is a sum over requests, so it becomes aggregates and never events. Rules and their reasons
//! stand in `README.md`.

mod records;
mod rows;
#[cfg(test)]
mod tests;

use super::document::{Items, read_text};
use super::json::{reject_reason, safe_detail};
use super::{Description, Input, InputError, Probe, Reason, Sink, Source, Unit};
use rows::Report;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// Reports of ccusage.
pub struct Ccusage;

/// The names of a report's lists, and of the sum of one.
const LISTS: &[&str] = &["daily", "weekly", "monthly", "session", "sessions", "blocks", "projects", "totals"];

impl Source for Ccusage {
    fn name(&self) -> &'static str {
        "ccusage"
    }

    fn description(&self) -> Description {
        Description {
            title: "ccusage JSON reports (last resort)",
            files: "output of `ccusage daily --json`, and of weekly, monthly, session and blocks",
            tells: "sums of tokens and cost by day, session or window and model, into the table `aggregates`: beside totals of requests, never in them",
            cannot_tell: "single requests, prompts, tools, people; the time zone of its days; which of its reports overlap",
        }
    }

    fn recognises(&self, probe: &Probe<'_>) -> bool {
        let holds = |needle: &str| memchr::memmem::find(probe.head, needle.as_bytes()).is_some();
        let counts = holds("\"cacheCreationTokens\"") || holds("\"tokenCounts\"") && holds("\"isGap\"");
        probe.unit == Unit::File && counts && first_key(probe.head).is_some_and(|key| LISTS.contains(&key))
    }

    fn read(&self, input: &Input, sink: &mut dyn Sink) -> Result<u64, InputError> {
        let text = match read_text(input, sink)? {
            Ok(text) => text,
            Err(end) => return Ok(end),
        };
        let lists: BTreeMap<&str, &RawValue> = match text.parse(sink) {
            Ok(lists) => lists,
            Err(end) => return Ok(end),
        };
        for (name, raw) in lists {
            let at = text.position(raw.get());
            if name == "totals" {
                // The sum of the rows.
                sink.ignore("totals");
                continue;
            }
            let Some(report) = Report::named(name) else {
                if !raw.get().starts_with(['[', '{']) {
                    sink.unknown_field(name);
                    continue;
                }
                sink.reject(at, Reason::UnknownKind, "list");
                continue;
            };
            let rows: serde_json::Result<Vec<(Option<&str>, &RawValue)>> = if name == "projects" {
                serde_json::from_str::<BTreeMap<&str, Items<&RawValue>>>(raw.get()).map(|projects| {
                    projects
                        .into_iter()
                        .flat_map(|(name, rows)| rows.0.into_iter().map(move |row| (Some(name), row)))
                        .collect()
                })
            } else {
                serde_json::from_str::<Items<&RawValue>>(raw.get())
                    .map(|rows| rows.0.into_iter().map(|row| (None, row)).collect())
            };
            match rows {
                Ok(rows) => {
                    for (project, row) in rows {
                        rows::read(report, project, row, &input.name, text.position(row.get()), sink);
                    }
                }
                Err(error) => sink.reject(at, reject_reason(&error), &safe_detail(&error)),
            }
        }
        Ok(text.length)
    }
}

/// The first key of a document that is an object.
fn first_key(head: &[u8]) -> Option<&str> {
    let head = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head).trim_ascii_start();
    let rest = head.strip_prefix(b"{")?.trim_ascii_start().strip_prefix(b"\"")?;
    std::str::from_utf8(rest.split(|&byte| byte == b'"').next()?).ok()
}
