//! User records: prompts, tool results, and what the client injects under the person's name.
//!
//! Owns what a prompt's and a result's event hold, and what a prompt does to the turn that follows it. Owns no rule of who wrote
//! a text ([`super::prompts`]).

use super::assistant::tool_event_id;
use super::edits::applied_lines;
use super::prompts::{Cause, Signs, UserText, classify};
use super::reader::{Call, Reader, Step};
use super::records::{Attachment, Block, Content, ToolUseResult, id_of, object};
use super::usage::{Response, milliseconds};
use crate::events::{Event, Kind, TokenBasis, Trigger};
use crate::fingerprint::{sketch_prompt, text_hash};
use crate::sources::slash::is_of_the_client;
use crate::sources::{Reason, Sink};
use std::borrow::Cow;

impl Reader {
    /// One user record.
    pub(super) fn user(&mut self, step: &Step<'_, '_>, sink: &mut dyn Sink) {
        let Some(message) = &step.record.message else {
            return sink.reject(step.at, Reason::MissingField, "message");
        };
        let Some(content) = &message.content else {
            return sink.reject(step.at, Reason::MissingField, "message.content");
        };
        self.note_mode(step);
        if let Content::Blocks(blocks) = content
            && blocks.iter().any(is_result)
        {
            let structured = object(&step.record.tool_use_result);
            blocks.iter().filter(|block| is_result(block)).for_each(|block| {
                self.tool_result(step, block, structured, sink);
            });
            if blocks.iter().any(|block| block.text.is_some()) {
                sink.ignore("user/text_beside_result");
            }
            return;
        }
        let (text, has_image) = typed_text(content);
        self.text(step, &text, has_image, sink);
    }

    /// Text that a person typed while the agent was busy and that reached it as an attachment, without a user record.
    pub(super) fn queued_prompt(&mut self, step: &Step<'_, '_>, attachment: &Attachment<'_>, sink: &mut dyn Sink) {
        let (text, has_image) = attachment.prompt.as_ref().map_or((Cow::Borrowed(""), false), typed_text);
        let signs = Signs { origin: Some("human"), has_image, ..Signs::default() };
        let id = id_of(&attachment.source_uuid).or(step.uuid).map(str::to_owned);
        let cause = (Trigger::Human, "origin.kind=human,queued");
        match classify(&signs, &text) {
            UserText::Prompt { text, .. } => self.prompt(step, id, cause, text.as_deref(), None, sink),
            UserText::Command { name, .. } if is_of_the_client(&name) => sink.ignore("attachment/queued_command"),
            UserText::Command { name, arguments, .. } => {
                self.prompt(step, id, cause, arguments.as_deref(), Some(name), sink);
            }
            UserText::Interrupt { .. } | UserText::Injected { .. } => sink.ignore("attachment/queued_command"),
        }
    }

    fn text(&mut self, step: &Step<'_, '_>, text: &str, has_image: bool, sink: &mut dyn Sink) {
        let record = step.record;
        let origin = object(&record.origin).and_then(|origin| origin.kind.as_deref());
        let thread = &self.threads[step.thread];
        let scheduled = if thread.schedule_fired {
            Some("system/scheduled_task_fire")
        } else if self.has_schedules() && self.was_scheduled(text_hash(&as_scheduled(text))) {
            Some("text_of_scheduled_task")
        } else {
            None
        };
        let signs = Signs {
            is_meta: record.is_meta == Some(true),
            is_compact_summary: record.is_compact_summary == Some(true),
            is_transcript_only: record.is_visible_in_transcript_only == Some(true),
            origin,
            prompt_source: record.prompt_source.as_deref(),
            entrypoint: step.envelope.entrypoint.as_deref(),
            user_type: step.envelope.user_type.as_deref(),
            has_permission_mode: record.permission_mode.is_some(),
            is_accepted_plan: record.plan_content.is_some(),
            agent: thread.agent,
            scheduled,
            has_image,
        };
        match classify(&signs, text) {
            UserText::Prompt { cause, text } => {
                self.prompt(step, step.uuid.map(str::to_owned), cause, text.as_deref(), None, sink);
            }
            UserText::Command { name, .. } if is_of_the_client(&name) => sink.ignore("user/local_command"),
            UserText::Command { cause, name, arguments } => {
                self.prompt(step, step.uuid.map(str::to_owned), cause, arguments.as_deref(), Some(name), sink);
            }
            UserText::Interrupt { in_tool } => self.interrupt(step, in_tool, sink),
            UserText::Injected { kind, cause } => {
                if let Some(cause) = cause {
                    self.start_turn(step.thread, cause, sink);
                }
                sink.ignore(kind);
            }
        }
    }

    /// Marks the response that the person cut short. Where none had begun, or the newest was whole and its calls answered, a request was
    /// under way all the same: it becomes a response without usage, so that what was billed and not logged is seen to be missing.
    fn interrupt(&mut self, step: &Step<'_, '_>, in_tool: bool, sink: &mut dyn Sink) {
        let thread = &mut self.threads[step.thread];
        if !in_tool && thread.response.as_ref().is_some_and(Response::is_answered) {
            thread.close(sink);
        }
        if let Some(response) = &mut thread.response {
            response.interrupt();
            return sink.ignore("user/interrupt");
        }
        let mut event = self.event(step, Kind::Completion);
        event.event_id = step.uuid.map(str::to_owned);
        event.token_basis = Some(TokenBasis::Absent);
        event.marker = Some("interrupt");
        sink.event(step.at, event);
    }

    fn start_turn(&mut self, thread: usize, cause: Cause, sink: &mut dyn Sink) {
        let thread = &mut self.threads[thread];
        thread.close(sink);
        thread.schedule_fired = false;
        thread.cause = cause;
    }

    fn prompt(
        &mut self,
        step: &Step<'_, '_>,
        id: Option<String>,
        cause: Cause,
        text: Option<&str>,
        command: Option<String>,
        sink: &mut dyn Sink,
    ) {
        self.start_turn(step.thread, cause, sink);
        let mut event = self.event(step, Kind::Prompt);
        event.event_id = id;
        event.request_id = id_of(&step.record.prompt_id).map(str::to_owned);
        event.text = text.map(sketch_prompt);
        event.marker = command.is_some().then_some("slash_command");
        event.command = command;
        sink.event(step.at, event);
    }

    fn tool_result(
        &mut self,
        step: &Step<'_, '_>,
        block: &Block<'_>,
        structured: Option<&ToolUseResult<'_>>,
        sink: &mut dyn Sink,
    ) {
        let call_id = id_of(&block.tool_use_id);
        if let (Some(id), Some(response)) = (call_id, &mut self.threads[step.thread].response) {
            response.answer(id);
        }
        let call = call_id.and_then(|id| self.call(id));
        let mut event: Event = self.event(step, Kind::ToolResult);
        event.event_id = tool_event_id(call_id, step.uuid);
        event.call_id = call_id.map(str::to_owned);
        // A result without the flag is a success: the client writes it on failures, and on some successes.
        let failed = block.is_error == Some(true);
        event.is_error = Some(failed);
        if let Some(call) = call {
            event.tool_name = Some(call.tool.clone());
            event.effect = call.deed.effect;
            event.system = call.deed.system.as_deref().map(str::to_owned);
            event.path = call.deed.path.clone();
            event.approval = call.approval;
        }
        if let Some(structured) = structured {
            event.duration_ms =
                milliseconds(structured.duration_ms).or_else(|| milliseconds(structured.total_duration_ms));
            if event.path.is_none() {
                event.path = structured.file_path.as_deref().map(str::to_owned);
            }
        }
        if !failed {
            event.added_lines = added_lines(call, structured);
        }
        event.result_hash = block.content.0.0;
        sink.event(step.at, event);
    }
}

/// The lines that a successful result added. What was applied is believed before what was asked for; of an edit that the person changed
/// before accepting it, only the lines that the agent had asked for are the session's.
fn added_lines(call: Option<&Call>, structured: Option<&ToolUseResult<'_>>) -> Vec<i64> {
    let Some(requested) = call.and_then(|call| call.requested.as_ref()) else { return Vec::new() };
    let Some(mut applied) = structured.and_then(applied_lines) else { return requested.lines() };
    if !applied.is_empty() && structured.is_some_and(|structured| structured.user_modified == Some(true)) {
        let requested = requested.lines();
        applied.retain(|line| requested.binary_search(line).is_ok());
    }
    applied
}

fn is_result(block: &Block<'_>) -> bool {
    block.kind.as_deref() == Some("tool_result")
}

/// The text blocks of a message, and whether anything else was sent along.
fn typed_text<'a>(content: &'a Content<'_>) -> (Cow<'a, str>, bool) {
    match content {
        Content::Text(text) => (Cow::Borrowed(text), false),
        Content::Blocks(blocks) => {
            let texts: Vec<&str> = blocks.iter().filter_map(|block| block.text.as_deref()).collect();
            let has_image = blocks.iter().any(|block| matches!(block.kind.as_deref(), Some("image" | "document")));
            match texts.as_slice() {
                [text] => (Cow::Borrowed(text), has_image),
                texts => (Cow::Owned(texts.join("\n")), has_image),
            }
        }
    }
}

/// A prompt as a scheduling tool is given it: a slash command is written out as `/name arguments`.
fn as_scheduled(text: &str) -> Cow<'_, str> {
    match super::prompts::slash_command(text) {
        Some((name, Some(arguments))) => Cow::Owned(format!("{name} {arguments}")),
        Some((name, None)) => Cow::Owned(name),
        None => Cow::Borrowed(text),
    }
}

#[cfg(test)]
mod tests {
    use crate::events::{Kind, Trigger};
    use crate::sources::claude_code::ClaudeCode;
    use crate::sources::testing::read_bytes;

    #[test]
    fn what_another_agent_wrote_is_no_prompt_and_the_turn_after_it_is_an_agents() {
        let record = |kind: &str, second: u32, message: &str| {
            format!(
                r#"{{"type":"{kind}","uuid":"u-{second}","userType":"external","entrypoint":"cli","sessionId":"s1","timestamp":"2026-06-01T09:00:{second:02}.000Z","message":{message}}}"#
            ) + "\n"
        };
        let answer = |id: &str| {
            format!(
                r#"{{"id":"{id}","role":"assistant","model":"claude-sonnet-4-6","stop_reason":"end_turn","content":[{{"type":"text","text":"Noted."}}],"usage":{{"input_tokens":2,"output_tokens":8}}}}"#
            )
        };
        let lines = [
            record("user", 1, r#"{"role":"user","content":"why does `<teammate-message>` show up?"}"#),
            record("assistant", 2, &answer("msg_syn1")),
            record(
                "user",
                3,
                r#"{"role":"user","content":"<teammate-message teammate_id=\"pd\" color=\"blue\">\n{\"type\":\"idle_notification\"}\n</teammate-message>"}"#,
            ),
            record("assistant", 4, &answer("msg_syn2")),
        ];
        let read = read_bytes(&ClaudeCode, "s1.jsonl", lines.concat().as_bytes());
        let told: Vec<_> = read.events.iter().map(|(_, event)| (event.kind, event.trigger)).collect();
        let expected =
            [(Kind::Prompt, Trigger::Human), (Kind::Completion, Trigger::Human), (Kind::Completion, Trigger::Agent)];
        assert_eq!(told, expected, "{:?}", read.rejects);
    }
}
