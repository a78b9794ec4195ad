//! A task: the rows of its panel in order, as prompts, requests with what was answered, and calls with what came of them.
//!
//! Owns the state that rows share: the request that is being answered and the calls that wait for the next one. Owns no files.

use super::records::{Metadata, ModelInfo, Request, Row};
use super::tools::{Call, call};
use super::usage;
use crate::events::{Approval, Effect, Event, Fact, FactName, Kind, Trigger};
use crate::fingerprint::{result_hash, sketch_answer, sketch_call};
use crate::sources::json::{Count, moment, parse_last_wins, reject_reason, safe_detail};
use crate::sources::slash::keep_prompt;
use crate::sources::{Position, Reason, Sink, home_user};

/// How reliable notes from a task's own rows are.
const RANK_ROW: i32 = 2;
/// What a request says when a person did not let the calls before it run.
const DENIALS: &[&str] = &["denied this operation", "The user denied"];
/// Words before the working directory in what is sent with a request.
const DIRECTORY_MARKS: &[&str] = &["# Current Working Directory (", "# Current Workspace Directory ("];

/// One task.
pub(super) struct Task {
    client: &'static str,
    task_id: String,
    metadata: Metadata,
    directory: Option<String>,
    trigger: Trigger,
    evidence: Option<&'static str>,
    seen_prompt: bool,
    open: Option<Open>,
    waiting: Vec<(Position, Event, Vec<i64>)>,
}

/// The request that the rows after it answer.
struct Open {
    at: Position,
    ts_us: i64,
    request: Request,
    model: Option<ModelInfo>,
    said: String,
}

impl Task {
    /// A task of a product. The id is the name of the task's directory.
    pub(super) fn new(client: &'static str, task_id: String, metadata: Metadata) -> Self {
        Self {
            client,
            task_id,
            metadata,
            directory: None,
            trigger: Trigger::Unknown,
            evidence: None,
            seen_prompt: false,
            open: None,
            waiting: Vec::new(),
        }
    }

    /// Reads one row.
    pub(super) fn row(&mut self, text: &str, at: Position, sink: &mut dyn Sink) {
        let row: Row = match parse_last_wins(text) {
            Ok(row) => row,
            Err(error) => return sink.reject(at, reject_reason(&error), &safe_detail(&error)),
        };
        let ts_us = match row.ts.as_deref().map(moment) {
            Some(Ok(moment)) => moment.us,
            Some(Err(reason)) => return sink.reject(at, reason, "ts"),
            None => return sink.reject(at, Reason::MissingField, "ts"),
        };
        if row.partial == Some(true) {
            return sink.ignore("partial");
        }
        match (row.kind.as_deref(), row.say.as_deref(), row.ask.as_deref()) {
            (Some("say"), Some(name), _) => self.say(&row, name, ts_us, at, sink),
            (Some("ask"), _, Some(name)) => self.ask(&row, name, ts_us, at, sink),
            (Some("say"), None, _) => sink.reject(at, Reason::MissingField, "say"),
            (Some("ask"), _, None) => sink.reject(at, Reason::MissingField, "ask"),
            (Some(_), ..) => sink.reject(at, Reason::UnknownKind, "type"),
            (None, ..) => sink.reject(at, Reason::MissingField, "type"),
        }
    }

    fn say(&mut self, row: &Row, name: &str, ts_us: i64, at: Position, sink: &mut dyn Sink) {
        let text = row.text.as_deref().unwrap_or("");
        match name {
            "task" => self.prompt(text, ts_us, "say.task", at, sink),
            "user_feedback" => self.prompt(text, ts_us, "say.user_feedback", at, sink),
            // Roo and Kilo write the first prompt as a plain text.
            "text" if !self.seen_prompt && self.open.is_none() => self.prompt(text, ts_us, "say.first_text", at, sink),
            "api_req_started" => self.request(row, text, ts_us, at, sink),
            "api_req_finished" => self.request_finished(text, at, sink),
            "deleted_api_reqs" => self.note_deleted(text, ts_us, at, sink),
            "subagent_usage" => self.subagents(row, text, ts_us, at, sink),
            "text" | "completion_result" => match &mut self.open {
                Some(open) => {
                    if !open.said.is_empty() {
                        open.said.push('\n');
                    }
                    open.said.push_str(text);
                }
                None => sink.ignore("say.text"),
            },
            "tool" | "command" | "use_mcp_server" | "browser_action_launch" | "browser_action" => {
                self.call(name, text, Some(Approval::Auto), ts_us, at, sink);
            }
            "reasoning" => sink.ignore("say.reasoning"),
            "command_output" => sink.ignore("say.command_output"),
            "condense_context" => sink.ignore("say.condense_context"),
            "checkpoint_created" | "checkpoint_saved" => sink.ignore("say.checkpoint"),
            "error"
            | "error_retry"
            | "api_req_retried"
            | "api_req_retry_delayed"
            | "api_req_rate_limit_wait"
            | "diff_error"
            | "clineignore_error"
            | "rooignore_error"
            | "command_permission_denied"
            | "condense_context_error" => sink.ignore("say.error"),
            "user_feedback_diff"
            | "info"
            | "task_progress"
            | "hook_status"
            | "hook_output_stream"
            | "subagent"
            | "use_subagents"
            | "conditional_rules_applied"
            | "generate_explanation"
            | "load_mcp_documentation"
            | "mcp_notification"
            | "mcp_server_request_started"
            | "mcp_server_response"
            | "browser_action_result"
            | "browser_session_status"
            | "shell_integration_warning"
            | "shell_integration_warning_with_suggestion"
            | "subtask_result"
            | "codebase_search_result"
            | "user_edit_todos"
            | "sliding_window_truncation"
            | "image" => sink.ignore("say.other"),
            _ => sink.reject(at, Reason::UnknownKind, "say"),
        }
    }

    fn ask(&mut self, row: &Row, name: &str, ts_us: i64, at: Position, sink: &mut dyn Sink) {
        let text = row.text.as_deref().unwrap_or("");
        match name {
            "tool" | "command" | "use_mcp_server" | "browser_action_launch" => {
                // Roo and Kilo ask the panel for everything, and the panel may answer by rule.
                let approval = (self.client == "cline").then_some(Approval::Human);
                self.call(name, text, approval, ts_us, at, sink);
            }
            "followup"
            | "plan_mode_respond"
            | "act_mode_respond"
            | "command_output"
            | "completion_result"
            | "api_req_failed"
            | "resume_task"
            | "resume_completed_task"
            | "mistake_limit_reached"
            | "new_task"
            | "condense"
            | "summarize_task"
            | "report_bug"
            | "use_subagents"
            | "auto_approval_max_req_reached"
            | "idle"
            | "interactive_response"
            | "payment_required_prompt"
            | "invalid_model" => sink.ignore("ask.other"),
            _ => sink.reject(at, Reason::UnknownKind, "ask"),
        }
    }

    /// A step. Rows have no ids: the task, the moment and what the row is tell them apart.
    fn step(&self, kind: Kind, ts_us: i64, what: &str) -> Event {
        let mut event = Event::new(ts_us, self.task_id.as_str(), kind, self.client);
        event.event_id = Some(format!("{}:{ts_us}:{what}", self.task_id));
        event.trigger = self.trigger;
        event.trigger_evidence = self.evidence;
        event.repo.clone_from(&self.directory);
        event.os_user = self.directory.as_deref().and_then(home_user).map(str::to_owned);
        event
    }

    fn prompt(&mut self, text: &str, ts_us: i64, evidence: &'static str, at: Position, sink: &mut dyn Sink) {
        self.finish_request(sink);
        self.seen_prompt = true;
        (self.trigger, self.evidence) = (Trigger::Human, Some(evidence));
        let mut event = self.step(Kind::Prompt, ts_us, "prompt");
        keep_prompt(&mut event, text);
        sink.event(at, event);
    }

    fn request(&mut self, row: &Row, text: &str, ts_us: i64, at: Position, sink: &mut dyn Sink) {
        self.finish_request(sink);
        let request: Request = match parse_last_wins(text) {
            Ok(request) => request,
            Err(error) => return sink.reject(at, reject_reason(&error), "api_req_started.text"),
        };
        let sent = request.request.as_deref().unwrap_or("");
        if let Some(directory) = directory_in(sent) {
            self.directory = Some(directory.to_owned());
        }
        self.answer_calls(sent, ts_us, sink);
        self.open = Some(Open { at, ts_us, request, model: row.model_info.clone(), said: String::new() });
    }

    fn request_finished(&mut self, text: &str, at: Position, sink: &mut dyn Sink) {
        match (&mut self.open, parse_last_wins::<Request>(text)) {
            (_, Err(error)) => sink.reject(at, reject_reason(&error), "api_req_finished.text"),
            (Some(open), Ok(end)) if !open.request.has_usage() => open.request.finish_with(end),
            _ => sink.ignore("say.api_req_finished"),
        }
    }

    /// Writes the request that was being answered.
    fn finish_request(&mut self, sink: &mut dyn Sink) {
        let Some(open) = self.open.take() else { return };
        let mut event = self.step(Kind::Completion, open.ts_us, "request");
        let chosen =
            self.metadata.model_usage.iter().rev().find(|chosen| chosen.ts.is_some_and(|ts| ts <= open.ts_us / 1000));
        let stated = open.model.as_ref();
        event.model = stated.and_then(|model| model.model_id.clone()).or_else(|| chosen?.model_id.clone());
        event.provider =
            stated.and_then(|model| model.provider_id.clone()).or_else(|| chosen?.model_provider_id.clone());
        usage::fill(&mut event, &open.request, open.at, sink);
        match open.request.cancel_reason.as_deref() {
            Some("user_cancelled") => event.marker = Some("interrupt"),
            Some(_) => event.is_error = Some(true),
            None => event.is_error = Some(false),
        }
        event.text = (!open.said.is_empty()).then(|| sketch_answer(&open.said));
        sink.event(open.at, event);
    }

    fn call(
        &mut self,
        row: &str,
        text: &str,
        approval: Option<Approval>,
        ts_us: i64,
        at: Position,
        sink: &mut dyn Sink,
    ) {
        let Some(Call { tool, effect, system, path, arguments, added_lines }) = call(row, text) else {
            return sink.reject(at, Reason::BadValue, "text");
        };
        let sketch = sketch_call(&tool, &arguments);
        let mut asked = self.step(Kind::ToolCall, ts_us, &format!("{row}:{:x}", sketch.hash));
        (asked.call_hash, asked.call_names, asked.marker) = (Some(sketch.hash), sketch.names, sketch.marker);
        asked.tool_name = Some(tool);
        asked.call_id.clone_from(&asked.event_id);
        asked.effect = effect;
        asked.system = system.map(str::to_owned);
        asked.path = path;
        asked.approval = approval;
        self.waiting.push((at, asked.clone(), added_lines));
        sink.event(at, asked);
    }

    /// The results of calls are what the next request sends.
    fn answer_calls(&mut self, sent: &str, ts_us: i64, sink: &mut dyn Sink) {
        let said = sent.split("<environment_details>").next().unwrap_or(sent);
        let denied = DENIALS.iter().any(|denial| said.contains(denial));
        for (at, asked, added_lines) in std::mem::take(&mut self.waiting) {
            let mut event =
                Event { kind: Kind::ToolResult, ts_us, call_hash: None, call_names: Vec::new(), marker: None, ..asked };
            event.is_error = Some(denied);
            if denied {
                event.approval = None;
            }
            event.result_hash = Some(result_hash(said));
            if event.effect == Some(Effect::Write) && !denied {
                event.added_lines = added_lines;
            }
            sink.event(at, event);
        }
    }

    /// Usage of requests whose rows were deleted with a checkpoint. They were billed, but an earlier run may have read the rows: a note, never tokens.
    fn note_deleted(&self, text: &str, ts_us: i64, at: Position, sink: &mut dyn Sink) {
        let deleted: Request = match parse_last_wins(text) {
            Ok(deleted) => deleted,
            Err(error) => return sink.reject(at, reject_reason(&error), "deleted_api_reqs.text"),
        };
        let count = |count: Count| if let Count::Value(value) = count { value } else { 0 };
        let tokens = [deleted.tokens_in, deleted.tokens_out, deleted.cache_writes, deleted.cache_reads].map(count);
        sink.fact(
            at,
            Fact {
                session_id: self.task_id.clone(),
                ts_us: Some(ts_us),
                name: FactName::Note,
                value: format!("deleted_tokens={}", tokens.iter().sum::<i64>()),
                rank: RANK_ROW,
                evidence: "say.deleted_api_reqs".to_owned(),
            },
        );
    }

    /// The usage of a task's subagents: one row for all their requests, which stand nowhere else.
    fn subagents(&mut self, row: &Row, text: &str, ts_us: i64, at: Position, sink: &mut dyn Sink) {
        let usage: Request = match parse_last_wins(text) {
            Ok(usage) => usage,
            Err(error) => return sink.reject(at, reject_reason(&error), "subagent_usage.text"),
        };
        let mut event = self.step(Kind::Completion, ts_us, "subagents");
        (event.trigger, event.trigger_evidence) = (Trigger::Agent, Some("say.subagent_usage"));
        event.model = row.model_info.as_ref().and_then(|model| model.model_id.clone());
        event.provider = row.model_info.as_ref().and_then(|model| model.provider_id.clone());
        usage::fill(&mut event, &usage, at, sink);
        sink.event(at, event);
    }

    /// Writes what is still open at the end of the file.
    pub(super) fn finish(mut self, sink: &mut dyn Sink) {
        self.finish_request(sink);
        for _ in &self.waiting {
            sink.ignore("call.unanswered");
        }
    }
}

/// The working directory that is told with a request.
fn directory_in(sent: &str) -> Option<&str> {
    let (mark, start) = DIRECTORY_MARKS.iter().find_map(|mark| Some((mark, sent.find(mark)?)))?;
    sent.get(start + mark.len()..)?
        .split_once(')')
        .map(|(directory, _)| directory)
        .filter(|directory| !directory.is_empty())
}
