//! GitHub Copilot: usage metrics (user-days of `users-28-day`, days of an enterprise or organisation), seats, and bills.
//!
//! Owns what a row of the metrics and a seat is; bills are [`billing`]'s. Everything in it is a sum that the vendor counted, so it becomes aggregates and never events. Rules and their reasons stand
//! in `README.md`.

mod billing;
mod records;
#[cfg(test)]
mod tests;

use super::document::position_inside;
use super::documents::read_documents;
use super::equal_sums::EqualSums;
use super::json::{moment, parse_last_wins, reject_reason, safe_detail};
use super::spans::{Length, span};
use super::{Description, Input, InputError, Position, Probe, Reason, Sink, Source, Unit};
use crate::events::{Aggregate, CountedBy, Tokens, Trigger};
use records::{Day, Report, Seat};
use serde_json::value::RawValue;

const CLIENT: &str = "github-copilot";

/// Usage metrics, seats and bills of GitHub Copilot.
pub struct GithubCopilot;

impl Source for GithubCopilot {
    fn name(&self) -> &'static str {
        "github_copilot"
    }

    fn description(&self) -> Description {
        Description {
            title: "GitHub Copilot metrics, seats and bills",
            files: "the NDJSON behind the links of the users-28-day report, enterprise or organisation days, /copilot/billing/seats, \
                    billing usage as JSON and premium requests as CSV",
            tells: "seats by person and day: interactions, lines suggested and added, edits taken, use of the CLI; who holds a seat and when it was \
                    last used; what was billed: into the table `aggregates`",
            cannot_tell: "single requests, tokens outside the CLI, cost, which of the CLI's tokens were cached",
        }
    }

    fn recognises(&self, probe: &Probe<'_>) -> bool {
        let holds = |needle: &str| memchr::memmem::find(probe.head, needle.as_bytes()).is_some();
        let begins = probe
            .lines()
            .next()
            .is_some_and(|line| line.trim_ascii_start().starts_with(b"{") || line.starts_with(b"["));
        let is_metrics = holds("\"day\"")
            && (holds("\"user_initiated_interaction_count\"") || holds("\"code_generation_activity_count\""));
        let is_seats = holds("\"seats\"") && holds("\"assignee\"") && holds("\"created_at\"");
        let is_bill = holds("\"usageItems\"") && holds("\"netAmount\"") && holds("\"product\"");
        probe.unit == Unit::File && (begins && (is_metrics || is_seats || is_bill) || billing::recognises(probe.head))
    }

    fn read(&self, input: &Input, sink: &mut dyn Sink) -> Result<u64, InputError> {
        if billing::recognises(&input.head()?) {
            return billing::read(input, sink);
        }
        read_documents(input, sink, |raw, at, sink| match serde_json::from_str::<Report<'_>>(raw.get()) {
            Ok(Report { seats: Some(seats), .. }) => {
                for part in seats.0 {
                    seat(part.get(), position_inside(raw, at, part), sink);
                }
            }
            Ok(Report { usage_items: Some(items), .. }) => {
                let mut equals = EqualSums::default();
                for part in items.0 {
                    billing::item(part.get(), position_inside(raw, at, part), &mut equals, sink);
                }
            }
            Ok(Report { day_totals: Some(days), enterprise_id, organization_id, .. }) => {
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
fn word(raw: &RawValue) -> Option<String> {
    let text = raw.get().trim_matches('"');
    (!text.is_empty() && text != "null").then(|| text.to_owned())
}

/// A seat: the span runs from the day it was given to the moment it was last used, so that a later list says more and never less.
fn seat(text: &str, at: Position, sink: &mut dyn Sink) {
    let seat: Seat = match parse_last_wins(text) {
        Ok(seat) => seat,
        Err(error) => return sink.reject(at, reject_reason(&error), &safe_detail(&error)),
    };
    let Some(login) = seat.assignee.and_then(|assignee| assignee.login) else {
        return sink.reject(at, Reason::MissingField, "assignee.login");
    };
    let mut when = |raw: Option<&RawValue>, field: &str| {
        let read = raw.filter(|raw| raw.get() != "null").map(moment)?;
        read.map(|moment| moment.us).map_err(|reason| sink.reject(at, reason, field)).ok()
    };
    let given = when(seat.created_at.as_deref(), "created_at");
    let has_activity = seat.last_activity_at.as_deref().is_some_and(|raw| raw.get() != "null");
    let used = when(seat.last_activity_at.as_deref(), "last_activity_at");
    let Some(given) = given else {
        return sink.reject(at, Reason::MissingField, "created_at");
    };
    let to_us = used.map_or(given, |used| used.max(given)) + 1;
    let mut aggregate = Aggregate::new(given, to_us, "github_copilot.seats", CountedBy::Vendor);
    aggregate.client = Some(CLIENT.to_owned());
    aggregate.actor_id = Some(login);
    aggregate.group_id = seat.assigning_team.and_then(|team| team.slug);
    aggregate.trigger = Trigger::Human;
    aggregate.dimension = seat.plan_type.map(|plan| match seat.pending_cancellation_date {
        Some(day) => format!("plan={plan} ends={day}"),
        None => format!("plan={plan}"),
    });
    // An activity at a moment that cannot be read is not known to lie in any period.
    aggregate.seat_used = (used.is_some() || !has_activity).then_some(used.is_some());
    sink.aggregate(at, aggregate);
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
    base.client = Some(CLIENT.to_owned());
    base.trigger = Trigger::Human;
    let mut by_cli = [None; 3];
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
        by_cli = [part.prompts, part.requests, part.sessions];
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
        let lines = [base.lines_suggested, base.lines_added, base.lines_deleted];
        let counts = [[base.prompts, base.edits_accepted, generated], lines, by_cli].concat();
        let ways = [day.used_agent, day.used_chat, day.used_cli];
        let told = counts.iter().any(Option::is_some) || ways.iter().any(Option::is_some);
        let used = counts.iter().flatten().any(|&count| count > 0) || ways.contains(&Some(true));
        base.seat_used = told.then_some(used);
    }
    sink.aggregate(at, base);
}
