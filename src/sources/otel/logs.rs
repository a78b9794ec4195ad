//! Log records: Claude Code's events, and the events in which the conventions describe a request.
//!
//! Owns which records are events. Owns neither the meaning of Claude Code's ([`super::claude_code`]) nor which requests count
//! ([`super::traces`]).

use super::attributes::Attributes;
use super::batch::Log;
use super::names::{Dialect, Field, Role, operation_role};
use super::steps::{self, Place};
use super::traces::Traces;
use super::{claude_code, usage};
use crate::fingerprint::Json;
use crate::sources::json::parse_utc;
use crate::sources::{Reason, Sink};
use std::borrow::Cow;

/// The event that tells all of a request: the same attributes as its span has, and the same ids.
const REQUEST_DETAILS: &str = "gen_ai.client.inference.operation.details";
const CLAUDE_CODE: &str = "claude_code.";

/// Takes one log record.
pub(super) fn take(log: &Log<'_>, traces: &Traces, sink: &mut dyn Sink) {
    let body = match &log.body {
        Json::Text(text) => text.as_ref(),
        _ => "",
    };
    let named = log.event_name.as_deref().unwrap_or(body);
    let dialect = steps::dialect(&log.origin, named);
    let attributes = Attributes::merged(dialect, &[&log.origin.resource, &log.origin.scope, &log.attributes]);
    let name = attributes.text(Field::EventName).unwrap_or(Cow::Borrowed(named));
    let is_claude_code = dialect == Dialect::ClaudeCode;
    if !is_claude_code && name != REQUEST_DETAILS {
        // Older conventions log each message of the whole history with every request; the requests themselves are spans.
        sink.ignore(if name.starts_with("gen_ai.") { "message_event" } else { "log" });
        return;
    }
    let stated = || attributes.text(Field::EventTime).and_then(|text| parse_utc(&text).ok());
    let Some(ts_us) = log.ts_us.or_else(stated) else {
        sink.reject(log.at, Reason::MissingField, "timeUnixNano");
        return;
    };
    let place = Place {
        at: log.at,
        dialect,
        is_log: true,
        trace_id: log.trace_id.as_deref(),
        span_id: log.span_id.as_deref(),
        scope_name: &log.origin.scope_name,
        start_us: ts_us,
        end_us: ts_us,
        is_error: false,
    };
    if is_claude_code {
        claude_code::event(name.strip_prefix(CLAUDE_CODE).unwrap_or(&name), &place, &attributes, sink);
        return;
    }
    let operation = attributes.text(Field::Operation);
    match operation.as_deref().map(operation_role) {
        None | Some(Some(Role::Inference)) => {
            // What its span would be.
            let is_embedding = steps::is_embedding(&attributes);
            if usage::is_stated(&attributes) && traces.contains_request(place.trace_id, place.span_id, is_embedding) {
                sink.ignore("request_around_request");
                return;
            }
            if !steps::request(&place, &attributes, &[], sink) {
                sink.reject(log.at, Reason::MissingField, "gen_ai.conversation.id");
            }
        }
        Some(Some(_)) if usage::is_stated(&attributes) => sink.ignore("agent_total"),
        Some(Some(_)) => sink.ignore("span"),
        Some(None) => sink.reject(log.at, Reason::UnknownKind, "gen_ai.operation.name"),
    }
}
