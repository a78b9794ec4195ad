//! From a row to an event.

use super::columns::EventColumn as Column;
use super::written;
use crate::events::{CostBasis, Effect, Event, Kind, TokenBasis, Tokens, Trigger};
use crate::fingerprint::{result_hash, sketch_answer, sketch_call, sketch_result};
use crate::sources::slash::keep_prompt;
use crate::sources::tabular::{Rejected, Row};
use crate::sources::{Reason, Sink, home_user, without_credentials};

/// Reads one row. Rejects what is missing or wrong; `Err` when nothing can be kept.
pub(super) fn read(row: &Row<'_, '_>, sink: &mut dyn Sink) -> Result<Event, Rejected> {
    let moment = row.required_moment(Column::Ts as usize, sink)?;
    let session_id = row.required(Column::SessionId as usize, sink)?.into_owned();
    let kind: Kind = row.required_word(Column::Kind as usize, sink)?;
    let client = row.string(Column::Client as usize, sink).unwrap_or_else(|| "unknown".to_owned());
    let mut event = Event::new(moment.us, session_id, kind, client);
    event.utc_offset_min = moment.offset_min;
    event.parent_session_id = row.string(Column::ParentSessionId as usize, sink);
    event.event_id = row.string(Column::EventId as usize, sink);
    event.request_id = row.string(Column::RequestId as usize, sink);
    event.response_id = row.string(Column::ResponseId as usize, sink);
    event.actor_id = row.string(Column::ActorId as usize, sink);
    if let Some(trigger) = row.word(Column::Trigger as usize, sink) {
        event.trigger = trigger;
        event.trigger_evidence = (trigger != Trigger::Unknown).then_some("trigger");
    }
    event.provider = row.string(Column::Provider as usize, sink);
    event.model = row.string(Column::Model as usize, sink);
    usage(row, &mut event, sink);
    event.cost_micro_usd = row.micro_usd(Column::CostUsd as usize, sink);
    event.cost_basis = event.cost_micro_usd.map(|_| CostBasis::Reported);
    event.tool_name = row.string(Column::ToolName as usize, sink);
    event.call_id = row.string(Column::CallId as usize, sink);
    event.is_error = row.flag(Column::IsError as usize, sink);
    event.effect = row.word(Column::Effect as usize, sink);
    event.system = row.string(Column::System as usize, sink);
    event.approval = row.word(Column::Approval as usize, sink);
    event.path = row.string(Column::Path as usize, sink);
    event.repo = row.text(Column::Repo as usize, sink).map(|repo| without_credentials(&repo));
    event.os_user = event.repo.as_deref().and_then(home_user).map(str::to_owned);
    event.branch = row.string(Column::Branch as usize, sink);
    event.duration_ms = row.count(Column::DurationMs as usize, sink);
    content(row, &mut event, sink);
    Ok(event)
}

/// Counts belong to completions; elsewhere zeros are filler and anything else is a mistake of the exporter.
fn usage(row: &Row<'_, '_>, event: &mut Event, sink: &mut dyn Sink) {
    let tokens = Tokens {
        input: row.count(Column::InputTokens as usize, sink),
        output: row.count(Column::OutputTokens as usize, sink),
        reasoning: row.count(Column::ReasoningTokens as usize, sink),
        cache_read: row.count(Column::CacheReadTokens as usize, sink),
        cache_write: row.count(Column::CacheWriteTokens as usize, sink),
        cache_write_1h: None,
    };
    let counts = [
        (Column::InputTokens, tokens.input),
        (Column::OutputTokens, tokens.output),
        (Column::ReasoningTokens, tokens.reasoning),
        (Column::CacheReadTokens, tokens.cache_read),
        (Column::CacheWriteTokens, tokens.cache_write),
    ];
    if event.kind != Kind::Completion {
        for (column, _) in counts.iter().filter(|(_, count)| count.unwrap_or(0) != 0) {
            row.bad(*column as usize, Reason::BadValue, sink);
        }
        return;
    }
    let says = row.word(Column::TokenBasis as usize, sink);
    let has_counts = counts.iter().any(|(_, count)| count.is_some());
    let basis = match (has_counts, says) {
        (true, None | Some(TokenBasis::Absent)) => TokenBasis::Reported,
        (true, Some(said)) => said,
        (false, _) => TokenBasis::Absent,
    };
    if says.is_some_and(|said| said != basis) {
        row.bad(Column::TokenBasis as usize, Reason::BadValue, sink);
    }
    event.tokens = tokens;
    event.token_basis = Some(basis);
}

/// Texts and arguments become fingerprints and are dropped.
fn content(row: &Row<'_, '_>, event: &mut Event, sink: &mut dyn Sink) {
    let text = row.text(Column::Text as usize, sink);
    let text = text.as_deref();
    match event.kind {
        Kind::Prompt => {
            if let Some(text) = text {
                keep_prompt(event, text);
            }
        }
        Kind::Completion => event.text = text.map(sketch_answer),
        Kind::ToolResult => {
            event.text = text.map(sketch_result);
            event.result_hash = text.map(result_hash);
        }
        Kind::ToolCall => {
            let arguments = row.text(Column::ToolArgs as usize, sink);
            let arguments = arguments.as_deref();
            let tool = event.tool_name.as_deref().unwrap_or("");
            // Without arguments two calls cannot be told apart, and two that cannot are not two that are equal.
            if let Some(sketch) = arguments.or(text).map(|arguments| sketch_call(tool, arguments)) {
                (event.call_hash, event.call_names, event.marker) = (Some(sketch.hash), sketch.names, sketch.marker);
            }
            if event.effect == Some(Effect::Write) && event.is_error != Some(true) && is_file(event.system.as_deref()) {
                event.added_lines = written::lines(arguments, text);
            }
        }
    }
}

/// Lines are looked for in commits, so only files count; a message or a ticket is no code.
fn is_file(system: Option<&str>) -> bool {
    matches!(system, None | Some("filesystem" | "git"))
}
