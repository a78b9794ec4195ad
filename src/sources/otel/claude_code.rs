//! Claude Code's own events.
//!
//! Owns which of them count. `api_request` events are the authority on usage, as the product documents; its metrics are [`super::metrics`]'.

use super::attributes::Attributes;
use super::names::Field;
use super::steps::{self, Place};
use crate::events::{Approval, Event, Kind, TokenBasis};
use crate::fingerprint::sketch_prompt;
use crate::sources::claude_code::own_words;
use crate::sources::slash::is_of_the_client;
use crate::sources::{Reason, Sink};

/// Events that carry nothing that other events or transcripts do not.
const IGNORED: &[(&str, &str)] = &[
    ("api_retries_exhausted", "claude_code/api_retries_exhausted"),
    ("assistant_response", "claude_code/assistant_response"),
    ("at_mention", "claude_code/at_mention"),
    ("auth", "claude_code/auth"),
    ("compaction", "claude_code/compaction"),
    ("hook_execution_complete", "claude_code/hook"),
    ("hook_execution_start", "claude_code/hook"),
    ("internal_error", "claude_code/internal_error"),
    ("mcp_server_connection", "claude_code/mcp_server_connection"),
    ("permission_mode_changed", "claude_code/permission_mode_changed"),
    ("plugin_installed", "claude_code/plugin"),
    ("plugin_loaded", "claude_code/plugin"),
    ("skill_activated", "claude_code/skill_activated"),
];

/// What Claude Code writes where a prompt is not to be logged.
const REDACTED: &str = "<REDACTED>";

/// Takes one event, by its name without `claude_code.`.
pub(super) fn event(name: &str, place: &Place<'_>, attributes: &Attributes<'_>, sink: &mut dyn Sink) {
    let taken = match name {
        "api_request" => steps::request(&ending(place, attributes), attributes, &[], sink),
        "api_error" => failed_request(&ending(place, attributes), attributes, sink),
        "user_prompt" => prompt(place, attributes, sink),
        "tool_result" => steps::tool(&ending(place, attributes), attributes, "", sink),
        "tool_decision" if attributes.text(Field::Decision).as_deref() == Some("reject") => {
            refused_call(place, attributes, sink)
        }
        "tool_decision" => {
            sink.ignore("claude_code/tool_decision");
            true
        }
        _ => {
            match IGNORED.iter().find(|(known, _)| *known == name) {
                Some((_, kind)) => sink.ignore(kind),
                None if super::usage::is_stated(attributes) => {
                    sink.reject(place.at, Reason::UnknownKind, "event.name");
                }
                None => sink.ignore("claude_code/other"),
            }
            true
        }
    };
    if !taken {
        sink.reject(place.at, Reason::MissingField, "session.id");
    }
}

/// An event is logged when the step ends and says how long it took.
fn ending<'r>(place: &Place<'r>, attributes: &Attributes<'_>) -> Place<'r> {
    // A duration that is none is rejected where the step is made.
    let duration = attributes.text(Field::DurationMs).and_then(|text| text.parse::<i64>().ok()).unwrap_or(0);
    let start_us = place.end_us.saturating_sub(duration.clamp(0, 86_400_000) * 1000);
    Place { start_us, ..*place }
}

/// A request that failed: the prompt may be sent again, and the log has no usage for it.
fn failed_request(place: &Place<'_>, attributes: &Attributes<'_>, sink: &mut dyn Sink) -> bool {
    let Some(mut event) = steps::step(Kind::Completion, place.end_us, place, attributes) else { return false };
    event.event_id = steps::request_id(place, attributes);
    steps::name(&mut event, place, attributes);
    event.model = attributes.string(Field::RequestModel);
    event.token_basis = Some(TokenBasis::Absent);
    event.is_error = Some(true);
    event.duration_ms = attributes.count(Field::DurationMs, place.at, sink);
    sink.event(place.at, event);
    true
}

/// What was handed to the agent. Whether a person typed it is not said: headless runs log the same.
fn prompt(place: &Place<'_>, attributes: &Attributes<'_>, sink: &mut dyn Sink) -> bool {
    let Some(mut event) = steps::step(Kind::Prompt, place.end_us, place, attributes) else { return false };
    event.command = attributes.text(Field::Command).map(|name| format!("/{}", name.trim_start_matches('/')));
    if event.command.as_deref().is_some_and(is_of_the_client) {
        sink.ignore("claude_code/local_command");
        return true;
    }
    let text = attributes.text(Field::InputMessages).map(|text| own_words(&text));
    if text == Some(None) {
        sink.ignore("claude_code/prompt_of_client");
        return true;
    }
    event.request_id = attributes.string(Field::PromptId);
    event.event_id = event.request_id.clone().or_else(|| steps::sequence_id(place, attributes));
    event.text = text.flatten().filter(|text| text != REDACTED).map(|text| sketch_prompt(&text));
    if event.text.is_none() {
        event.stated_chars = attributes.count(Field::PromptLength, place.at, sink);
    }
    event.marker = event.command.is_some().then_some("slash_command");
    sink.event(place.at, event);
    true
}

/// A call that was not let through. Its tool never ran, so no result follows.
fn refused_call(place: &Place<'_>, attributes: &Attributes<'_>, sink: &mut dyn Sink) -> bool {
    steps::tool(&Place { is_error: true, ..*place }, attributes, "", sink)
}

/// Who let a call run, where the event says so. What was allowed for good is asked once and then goes by the rule, and the event does not say which of the two it was.
pub(super) fn approve(call: &mut Event, result: &mut Event, attributes: &Attributes<'_>) {
    let approval = match attributes.text(Field::DecisionSource).as_deref() {
        Some("config" | "hook") => Some(Approval::Auto),
        Some("user_temporary" | "user_reject" | "user_abort") => Some(Approval::Human),
        _ => None,
    };
    call.approval = approval;
    result.approval = approval;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted() {
        assert!(IGNORED.is_sorted());
    }
}
