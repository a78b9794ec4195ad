//! Assistant records: responses with their usage, and the tool calls in them.
//!
//! Owns which content blocks are calls and what a call's event holds. Owns no usage arithmetic ([`super::usage`]).

use super::edits::Requested;
use super::reader::{Call, Reader, Step};
use super::records::{Block, Content, id_of};
use super::tools::{deed, edits_files};
use super::usage::{Response, completion_id, lasting_id, model_name, provider};
use crate::events::{Event, Kind, TokenBasis};
use crate::fingerprint::{Json, sketch_call_of, text_hash};
use crate::sources::{Reason, Sink};
use std::borrow::Cow;

/// Model name of messages that the client wrote itself.
const SYNTHETIC: &str = "<synthetic>";

impl Reader {
    /// One line of a response.
    pub(super) fn assistant(&mut self, step: &Step<'_, '_>, sink: &mut dyn Sink) {
        let Some(message) = &step.record.message else {
            return sink.reject(step.at, Reason::MissingField, "message");
        };
        if message.model.as_deref() == Some(SYNTHETIC) {
            return self.synthetic(step, sink);
        }
        let (message_id, request_id) = (id_of(&message.id), id_of(&step.record.request_id));
        let id = completion_id(message_id, request_id, step.uuid);
        let thread = &mut self.threads[step.thread];
        let continues = id.is_some() && thread.response.as_ref().is_some_and(|it| it.id.as_deref() == id.as_deref());
        if !continues {
            thread.close(sink);
        }
        let mut response = match thread.response.take() {
            Some(response) => response,
            None => {
                let mut event = self.event(step, Kind::Completion);
                let speed = message.usage.as_ref().and_then(|usage| usage.speed.as_deref());
                event.provider = provider(message.model.as_deref());
                event.model = model_name(message.model.as_deref(), speed);
                event.event_id = lasting_id(message_id, request_id, step.uuid);
                event.request_id = request_id.map(str::to_owned);
                event.response_id = message_id.map(str::to_owned);
                Response::new(id.map(Cow::into_owned), step.at, event, step.envelope.version.as_deref())
            }
        };
        let cost = step.record.cost_usd.and_then(|cost| cost.0);
        let is_new_line =
            response.add(step.at, step.uuid, message.usage.as_ref(), cost, message.stop_reason.is_some(), sink);
        if let Some(content) = message.content.as_ref().filter(|_| is_new_line) {
            response.add_content(content);
        }
        self.threads[step.thread].response = Some(response);
        if let Some(Content::Blocks(blocks)) = &message.content {
            for block in blocks {
                self.block(step, block, message.model.as_deref(), sink);
            }
        }
    }

    /// A message that the client wrote itself. It has no usage; an API error among them says that the request failed.
    fn synthetic(&mut self, step: &Step<'_, '_>, sink: &mut dyn Sink) {
        if step.record.is_api_error_message != Some(true) {
            return sink.ignore("assistant/synthetic");
        }
        self.threads[step.thread].close(sink);
        let mut event = self.event(step, Kind::Completion);
        event.event_id = step.uuid.map(str::to_owned);
        event.request_id = id_of(&step.record.request_id).map(str::to_owned);
        event.token_basis = Some(TokenBasis::Absent);
        event.is_error = Some(true);
        sink.event(step.at, event);
    }

    fn block(&mut self, step: &Step<'_, '_>, block: &Block<'_>, model: Option<&str>, sink: &mut dyn Sink) {
        match block.kind.as_deref() {
            Some("tool_use" | "server_tool_use" | "mcp_tool_use") => self.tool_call(step, block, model, sink),
            Some("text" | "thinking" | "redacted_thinking") => {}
            Some("web_search_tool_result" | "web_fetch_tool_result" | "mcp_tool_result" | "advisor_tool_result") => {
                sink.ignore("assistant/server_tool_result");
            }
            _ => sink.ignore("assistant/other_block"),
        }
    }

    fn tool_call(&mut self, step: &Step<'_, '_>, block: &Block<'_>, model: Option<&str>, sink: &mut dyn Sink) {
        let Some(tool) = block.name.as_deref() else {
            return sink.reject(step.at, Reason::MissingField, "message.content.name");
        };
        let arguments = block.input.as_ref().unwrap_or(&Json::Null);
        let deed = deed(tool, arguments);
        let edits = edits_files(tool);
        let approval = self.threads[step.thread].mode.approval(edits);
        if matches!(tool, "ScheduleWakeup" | "CronCreate")
            && let Some(prompt) = arguments.text("prompt")
        {
            self.remember_schedule(text_hash(prompt));
        }
        let mut event: Event = self.event(step, Kind::ToolCall);
        event.event_id = tool_event_id(id_of(&block.id), step.uuid);
        event.call_id = id_of(&block.id).map(str::to_owned);
        event.provider = provider(model);
        event.model = model.map(str::to_owned);
        event.tool_name = Some(tool.to_owned());
        event.effect = deed.effect;
        event.system = deed.system.as_deref().map(str::to_owned);
        event.path = deed.path.clone();
        event.approval = approval;
        let sketch = sketch_call_of(tool, arguments);
        (event.call_hash, event.call_names, event.marker) = (Some(sketch.hash), sketch.names, sketch.marker);
        sink.event(step.at, event);
        if let Some(id) = id_of(&block.id) {
            let requested = edits.then(|| Requested::of(arguments));
            self.remember_call(id, Call { tool: tool.to_owned(), deed, approval, requested });
        }
    }
}

/// The id of a call, and of its result: Anthropic's tool ids are unique by themselves and survive a copy of the history into another
/// file. Other ids come from proxies, which may count from one in each response, and are told apart by their record.
pub(super) fn tool_event_id(id: Option<&str>, uuid: Option<&str>) -> Option<String> {
    match (id, uuid) {
        (Some(id), _) if id.starts_with("toolu_") || id.starts_with("srvtoolu_") => Some(id.to_owned()),
        (Some(id), Some(uuid)) => Some(format!("{uuid}:{id}")),
        (None, Some(uuid)) => Some(uuid.to_owned()),
        (_, None) => None,
    }
}
