//! What is reported while a turn runs: messages and the ends of calls, as events of their own or, in rollouts whose `history_mode` is
//! `paginated`, as completed items.
//!
//! Owns what such a record becomes. Owns neither the matching of ends to calls nor what a tool does.

use super::ends::Word;
use super::{Rollout, parse};
use crate::events::{Effect, Kind, Trigger};
use crate::fingerprint::text_hash;
use crate::sources::codex::kinds::{IGNORED_TURN_ITEMS, known};
use crate::sources::codex::records::{
    Duration, DynamicToolCallResponse, ExecCommandEnd, FileChangeItem, Hashed, ItemCompleted, McpResult,
    McpToolCallEnd, McpToolCallItem, MessageItem, PatchApplyEnd, PayloadKind, UserMessage,
};
use crate::sources::codex::{prompt, tools};
use crate::sources::slash::keep_prompt;
use crate::sources::{Position, Reason, Sink};
use serde_json::value::RawValue;
use std::rc::Rc;

/// How a message is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// As an event of its own.
    Event,
    /// As a completed item.
    Item,
}

impl Rollout {
    /// A message in the person's name: a prompt, where somebody typed it.
    pub(super) fn user_message(
        &mut self,
        record: &UserMessage<'_>,
        form: Form,
        thread: usize,
        ts_us: i64,
        at: Position,
        sink: &mut dyn Sink,
    ) {
        let Some(text) = prompt::typed(record) else { return sink.ignore("injected_user_message") };
        if self.is_told_again(Kind::Prompt, form, text) {
            return sink.ignore("repeated_message");
        }
        let goes_on = std::mem::replace(&mut self.has_prompt, true);
        let cause = if prompt::is_automation(text) {
            Some((Trigger::Schedule, "text.automation"))
        } else if goes_on && self.threads[thread].is_automation() {
            // Who goes on in the thread of an automation may be a person; the log does not say.
            Some((Trigger::Unknown, "thread_source=automation, later prompt"))
        } else {
            None
        };
        Rc::make_mut(&mut self.turn).cause = cause;
        let mut event = self.event(thread, ts_us, Kind::Prompt);
        event.event_id = Some(self.threads[thread].step_id(ts_us, &format!("{:016x}", text_hash(text))));
        keep_prompt(&mut event, text);
        sink.event(at, event);
    }

    /// What the agent said; it becomes the text of the next counted response.
    pub(super) fn agent_message(&mut self, text: &str, form: Form) {
        if !self.is_told_again(Kind::Completion, form, text) {
            self.said.push_str(text);
            self.said.push('\n');
        }
    }

    /// Whether a message is the one before it, told in the other form.
    fn is_told_again(&mut self, role: Kind, form: Form, text: &str) -> bool {
        let hash = text_hash(text);
        let again = self.last_message.is_some_and(|(last_role, last_form, last_hash)| {
            last_role == role && last_form != form && last_hash == hash
        });
        self.last_message = (!again).then_some((role, form, hash));
        again
    }

    /// `item_completed`: what other rollouts tell as events.
    pub(super) fn item_completed(
        &mut self,
        payload: &RawValue,
        thread: usize,
        ts_us: i64,
        at: Position,
        sink: &mut dyn Sink,
    ) {
        let Some(ItemCompleted { item }) = parse(payload, at, sink) else { return };
        let Some(PayloadKind { kind }) = parse(item, at, sink) else { return };
        match kind.as_ref() {
            "UserMessage" => {
                let Some(message) = parse::<MessageItem<'_>>(item, at, sink) else { return };
                let record = UserMessage { message: message.text().into(), kind: None };
                self.user_message(&record, Form::Item, thread, ts_us, at, sink);
            }
            "AgentMessage" => {
                let Some(message) = parse::<MessageItem<'_>>(item, at, sink) else { return };
                sink.ignore("agent_message");
                self.agent_message(&message.text(), Form::Item);
            }
            "CommandExecution" | "FileChange" | "McpToolCall" | "DynamicToolCall" => {
                self.call_end(&kind, item, thread, ts_us, at, sink);
            }
            other => match known(IGNORED_TURN_ITEMS, other) {
                Some(_) => sink.ignore("item_completed"),
                None => sink.reject(at, Reason::UnknownKind, "item_completed"),
            },
        }
    }

    /// The executor's word on a call, by the name of the event or of the item that has it.
    pub(super) fn call_end(
        &mut self,
        kind: &str,
        payload: &RawValue,
        thread: usize,
        ts_us: i64,
        at: Position,
        sink: &mut dyn Sink,
    ) {
        let (call_id, word) = match kind {
            "exec_command_end" | "CommandExecution" => {
                let Some(end) = parse::<ExecCommandEnd<'_, Hashed>>(payload, at, sink) else { return };
                let mut word = self.command_word(&end.call_id, end.exit_code, end.duration.as_ref());
                word.result_hash = end.aggregated_output.map(|printed| printed.0);
                (end.call_id, word)
            }
            "patch_apply_end" | "FileChange" => {
                let end = if kind == "patch_apply_end" {
                    parse::<PatchApplyEnd<'_>>(payload, at, sink)
                } else {
                    parse::<FileChangeItem<'_>>(payload, at, sink).map(PatchApplyEnd::from)
                };
                let Some(end) = end else { return };
                let mut word = Word { is_error: Some(!end.success), ..Word::default() };
                (word.effect, word.system) = (Some(Effect::Write), Some("filesystem"));
                let mut paths = end.changes.keys();
                word.path = paths.next().filter(|_| end.changes.len() == 1).map(|path| path.as_ref().to_owned());
                if end.success && !self.is_answered(&end.call_id) {
                    word.added_lines = tools::changed_lines(end.changes.values());
                }
                (end.call_id, word)
            }
            "mcp_tool_call_end" => {
                let Some(end) = parse::<McpToolCallEnd<'_>>(payload, at, sink) else { return };
                let is_error = end.result.map(|result| match result {
                    McpResult::Ok(answer) => answer.is_error.unwrap_or(false),
                    McpResult::Err(_) => true,
                });
                (end.call_id, Word { is_error, duration_ms: milliseconds(end.duration), ..Word::default() })
            }
            "McpToolCall" => {
                let Some(end) = parse::<McpToolCallItem<'_>>(payload, at, sink) else { return };
                let says_error = end.result.and_then(|answer| answer.is_error) == Some(true);
                let is_error = end.status.map(|status| status == "failed" || says_error);
                (end.id, Word { is_error, duration_ms: milliseconds(end.duration), ..Word::default() })
            }
            _ => {
                let Some(end) = parse::<DynamicToolCallResponse<'_>>(payload, at, sink) else { return };
                let is_error = end.success.map(|success| !success);
                (end.call_id, Word { is_error, duration_ms: milliseconds(end.duration), ..Word::default() })
            }
        };
        self.end(&call_id, word, thread, ts_us, at, sink);
    }
}

fn milliseconds(span: Option<Duration>) -> Option<i64> {
    span.and_then(|span| span.milliseconds())
}
