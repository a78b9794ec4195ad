//! GitHub Copilot usage metrics: user-days (`users-28-day`), and the days of an enterprise or organisation.
//!
//! Owns what a row is. Everything in it is a sum that the vendor counted, so it becomes aggregates and never events. Rules and their reasons stand
//! in `README.md`.

mod records;
#[cfg(test)]
mod tests;

use super::document::{position_inside, read_documents};
use super::json::{parse_last_wins, reject_reason, safe_detail};
use super::spans::{Length, span};
use super::{Description, Input, InputError, Position, Probe, Reason, Sink, Source, Unit};
use crate::events::{Aggregate, CountedBy, Tokens, Trigger};
use records::{Day, Report};

/// Usage metrics of GitHub Copilot.
pub struct GithubCopilot;

impl Source for GithubCopilot {
    fn name(&self) -> &'static str {
        "github_copilot"
    }

    fn description(&self) -> Description {
        Description {
            title: "GitHub Copilot usage metrics",
            files: "the NDJSON behind the links of the users-28-day report, and enterprise or organisation days",
            tells: "seats by person and day: interactions, lines suggested and added, edits taken, use of the CLI: into the table `aggregates`",
            cannot_tell: "single requests, tokens outside the CLI, cost, which of the CLI's tokens were cached",
        }
    }

    fn recognises(&self, probe: &Probe<'_>) -> bool {
        let holds = |needle: &str| memchr::memmem::find(probe.head, needle.as_bytes()).is_some();
        let begins = probe
            .lines()
            .next()
            .is_some_and(|line| line.trim_ascii_start().starts_with(b"{") || line.starts_with(b"["));
        probe.unit == Unit::File
            && begins
            && holds("\"day\"")
            && (holds("\"user_initiated_interaction_count\"") || holds("\"code_generation_activity_count\""))
    }

    fn read(&self, input: &Input, sink: &mut dyn Sink) -> Result<u64, InputError> {
        read_documents(input, sink, |raw, at, sink| match serde_json::from_str::<Report<'_>>(raw.get()) {
            Ok(Report { day_totals: Some(days), enterprise_id, organization_id }) => {
                let group = enterprise_id.or(organization_id).and_then(word);
                for part in days.0 {
                    row(part.get(), group.clone(), position_inside(raw, at, part), sink);
                }
            }
            Ok(Report { day_totals: None, .. }) => row(raw.get(), None, at, sink),
            Err(error) => sink.reject(at, reject_reason(&error), &safe_detail(&error)),
        })
    }
}

/// An id as a report writes it: a text or a number.
fn word(raw: &serde_json::value::RawValue) -> Option<String> {
    let text = raw.get().trim_matches('"');
    (!text.is_empty() && text != "null").then(|| text.to_owned())
}

fn row(text: &str, group: Option<String>, at: Position, sink: &mut dyn Sink) {
    let day: Day = match parse_last_wins(text) {
        Ok(day) => day,
        Err(error) => return sink.reject(at, reject_reason(&error), &safe_detail(&error)),
    };
    let (from_us, to_us) = match day.day.as_deref().map(|day| span(day, Length::Day)) {
        Some(Ok(span)) => span,
        Some(Err(reason)) => return sink.reject(at, reason, "day"),
        None => return sink.reject(at, Reason::MissingField, "day"),
    };
    let actor_id = day.user_login.or_else(|| word(day.user_id.as_deref()?));
    let report = if actor_id.is_some() { "github_copilot.users" } else { "github_copilot.days" };
    let mut base = Aggregate::new(from_us, to_us, report, CountedBy::Vendor);
    base.actor_id = actor_id;
    base.group_id =
        group.or_else(|| word(day.enterprise_id.as_deref()?)).or_else(|| word(day.organization_id.as_deref()?));
    base.client = Some("github-copilot".to_owned());
    base.trigger = Trigger::Human;
    if let Some(cli) = day.totals_by_cli {
        let usage = cli.token_usage.unwrap_or_default();
        let mut part = Aggregate { client: Some("copilot-cli".to_owned()), ..base.clone() };
        part.prompts = cli.prompt_count.get("totals_by_cli.prompt_count", at, sink);
        part.requests = cli.request_count.get("totals_by_cli.request_count", at, sink);
        part.sessions = cli.session_count.get("totals_by_cli.session_count", at, sink);
        part.tokens = Tokens {
            input: usage.prompt_tokens_sum.get("token_usage.prompt_tokens_sum", at, sink),
            output: usage.output_tokens_sum.get("token_usage.output_tokens_sum", at, sink),
            ..Tokens::default()
        };
        sink.aggregate(at, part);
    }
    // `totals_by_feature`, `totals_by_ide` and the like cut the same counts again.
    base.prompts = day.user_initiated_interaction_count.get("user_initiated_interaction_count", at, sink);
    base.edits_accepted = day.code_acceptance_activity_count.get("code_acceptance_activity_count", at, sink);
    base.lines_suggested = day.loc_suggested_to_add_sum.get("loc_suggested_to_add_sum", at, sink);
    base.lines_added = day.loc_added_sum.get("loc_added_sum", at, sink);
    base.lines_deleted = day.loc_deleted_sum.get("loc_deleted_sum", at, sink);
    let generated = day.code_generation_activity_count.get("code_generation_activity_count", at, sink);
    if let Some(pulls) = day.pull_requests {
        base.pull_requests = pulls.total_created.get("pull_requests.total_created", at, sink);
    }
    if base.actor_id.is_some() {
        let counts = [base.prompts, base.edits_accepted, base.lines_suggested, base.lines_added, generated];
        let ways = [day.used_agent, day.used_chat, day.used_cli];
        let told = counts.iter().any(Option::is_some) || ways.iter().any(Option::is_some);
        let used = counts.iter().flatten().any(|&count| count > 0) || ways.contains(&Some(true));
        base.seat_used = told.then_some(used);
    }
    sink.aggregate(at, base);
}
