//! Transcripts: the steps of one session, with what started each of them.
//!
//! Owns the state that steps inherit (the run's trigger, sender and time zone; the calls that wait for results) and
//! the identity of a step. Owns no rules: those are in [`super::triggers`], [`super::envelope`] and [`super::tools`].

use super::envelope::{Unwrapped, unwrap};
use super::platform::{Platform, os_user};
use super::records::{Block, Details, Entry, Message, Provenance, Strangers};
use super::tools::{Touch, diff_lines_added, touch};
use super::triggers::{self, Verdict};
use super::usage::UsageRead;
use crate::events::{Effect, Event, Fact, FactName, Kind, Trigger};
use crate::fingerprint::{result_hash, sketch_answer, sketch_call, sketch_prompt};
use crate::sources::document::{Items, read_document};
use crate::sources::json::{Moment, moment, parse_line};
use crate::sources::{Handled, Input, InputError, Line, Position, Reason, Sink, read_lines};
use serde_json::Value;
use serde_json::value::RawValue;
use std::collections::HashMap;

/// Models of rows that the gateway writes when it delivers or injects a text: no model answered, nothing was billed.
const MIRROR_MODELS: &[&str] = &["delivery-mirror", "gateway-injected"];
/// What `customType` is known to say; none of it is a step.
const KNOWN_CUSTOM_TYPES: &[&str] = &[
    "model-snapshot",
    "openclaw.cache-ttl",
    "openclaw:bootstrap-context:full",
    "openclaw:prompt-error",
    "openclaw.runtime-context",
    "openclaw.sessions_yield",
];
/// Calls remembered until their run ends; beyond that a result is read from its tool's name alone.
const CALLS_KEPT: usize = 4096;

/// Longer arguments are hashed and not looked into: a tree of them takes many times their length in memory.
const ARGUMENTS_BYTES: usize = 4 << 20;

/// Reads a transcript. `named_session` is the session id that the file name says, for files that lost their header.
pub(super) fn read(
    input: &Input,
    platform: &Platform<'_>,
    named_session: &str,
    sink: &mut dyn Sink,
) -> Result<u64, InputError> {
    let mut transcript = Transcript::new(platform, named_session);
    read_lines(input, sink, |line, sink| transcript.line(&line, sink))
}

/// The transcript in an exported bundle: one document with the header and the entries of the active branch.
#[derive(Debug, serde::Deserialize)]
struct Branch {
    header: Box<RawValue>,
    entries: Items<Box<RawValue>>,
}

/// Reads `session-branch.json` of an exported bundle.
pub(super) fn read_branch(input: &Input, platform: &Platform<'_>, sink: &mut dyn Sink) -> Result<u64, InputError> {
    let (document, end) = read_document::<Branch>(input, sink)?;
    let Some(Branch { header, entries }) = document else { return Ok(end) };
    let mut transcript = Transcript::new(platform, "");
    transcript.line(&Line { at: Position::default(), text: header.get(), complete: true }, sink);
    if transcript.session_id.is_empty() {
        // Steps of no session would become one session with those of every other such file.
        sink.reject(Position::default(), Reason::MissingField, "header.id");
        return Ok(end);
    }
    for entry in &entries.0 {
        transcript.line(&Line { at: Position::default(), text: entry.get(), complete: true }, sink);
    }
    Ok(end)
}

/// What the steps after a user message inherit, until the next one.
#[derive(Default)]
struct Run {
    verdict: Option<Verdict>,
    actor_id: Option<String>,
    utc_offset_min: Option<i32>,
    /// What tools did so far: a message or a write outranks anything else.
    did: Option<Effect>,
    calls: HashMap<String, Touch>,
}

/// A transcript that is being read.
pub(super) struct Transcript<'a> {
    platform: &'a Platform<'a>,
    session_id: String,
    parent_session_id: Option<String>,
    cwd: Option<String>,
    os_user: Option<String>,
    run: Run,
    strangers: Strangers,
}

impl<'a> Transcript<'a> {
    /// Nothing is read yet. `named_session` holds until a header says another.
    pub(super) fn new(platform: &'a Platform<'a>, named_session: &str) -> Self {
        Self {
            platform,
            session_id: named_session.to_owned(),
            parent_session_id: None,
            cwd: None,
            os_user: None,
            run: Run::default(),
            strangers: Strangers::default(),
        }
    }

    /// A record could not be read. It may have been the next prompt, so what follows it must not inherit from the one before.
    pub(super) fn lose_place(&mut self) {
        self.run = Run::default();
    }

    /// Reads one record.
    pub(super) fn line(&mut self, line: &Line<'_>, sink: &mut dyn Sink) -> Handled {
        let entry: Entry = match parse_line(line, sink) {
            Ok(entry) => entry,
            Err(handled) => {
                self.lose_place();
                return handled;
            }
        };
        match entry.kind.as_str() {
            "session" => self.header(entry, line.at, sink),
            "message" => self.message(entry, line.at, sink),
            "model_change" => sink.ignore("model_change"),
            "thinking_level_change" => sink.ignore("thinking_level_change"),
            "compaction" => sink.ignore("compaction"),
            "branch_summary" => sink.ignore("branch_summary"),
            "reset" => sink.ignore("reset"),
            "label" => sink.ignore("label"),
            // Where the conversation goes on after somebody went back in it.
            "leaf" => sink.ignore("leaf"),
            "session_info" => sink.ignore("session_info"),
            "custom" => {
                sink.ignore("custom");
                self.custom_type(entry.custom_type.as_deref(), sink);
            }
            // In the model's context, but nobody's prompt: run-time context and yield notices.
            "custom_message" => {
                sink.ignore("custom_message");
                self.custom_type(entry.custom_type.as_deref(), sink);
            }
            _ => sink.reject(line.at, Reason::UnknownKind, "type"),
        }
        Handled::Done
    }

    fn custom_type(&mut self, custom_type: Option<&str>, sink: &mut dyn Sink) {
        if let Some(name) = custom_type.filter(|name| !KNOWN_CUSTOM_TYPES.contains(name)) {
            self.strangers.count("customType", name, sink);
        }
    }

    fn header(&mut self, entry: Entry, at: Position, sink: &mut dyn Sink) {
        let Some(id) = entry.id.filter(|id| !id.is_empty()) else {
            return sink.reject(at, Reason::MissingField, "id");
        };
        if id != self.session_id {
            self.run = Run::default();
        }
        self.session_id = id;
        self.parent_session_id = entry.parent_session.as_deref().and_then(session_of_path);
        // Exports put `$WORKSPACE_DIR` in the place of a path, which would make one directory of all workspaces.
        self.cwd = entry.cwd.filter(|cwd| !cwd.starts_with('$'));
        self.os_user = self.cwd.as_deref().and_then(os_user);
        sink.ignore("session");
    }

    fn message(&mut self, entry: Entry, at: Position, sink: &mut dyn Sink) {
        let Some(message) = entry.message else { return sink.reject(at, Reason::MissingField, "message") };
        // A prompt that cannot be read ends what was inherited, too.
        let previous = if message.role == "user" { std::mem::take(&mut self.run) } else { Run::default() };
        // The message's own clock is the fallback: it differs from the entry's by the time it took to write.
        let moment = match entry.timestamp.as_deref().or(message.timestamp.as_deref()).map(moment) {
            Some(Ok(moment)) => moment,
            Some(Err(reason)) => return sink.reject(at, reason, "timestamp"),
            None => return sink.reject(at, Reason::MissingField, "timestamp"),
        };
        let id = entry.id.filter(|id| !id.is_empty());
        match message.role.as_str() {
            "user" => self.prompt(message, moment, id, previous, at, sink),
            "assistant" => self.completion(message, moment, id, at, sink),
            "toolResult" => self.tool_result(message, moment, id, at, sink),
            "bashExecution" => sink.ignore("message.bashExecution"),
            "branchSummary" => sink.ignore("message.branchSummary"),
            "compactionSummary" => sink.ignore("message.compactionSummary"),
            "custom" => sink.ignore("message.custom"),
            _ => sink.reject(at, Reason::UnknownKind, "message.role"),
        }
    }

    /// A step with everything that is inherited.
    fn step(&self, kind: Kind, moment: Moment, event_id: Option<String>) -> Event {
        let mut event = Event::new(moment.us, self.session_id.as_str(), kind, self.platform.name());
        let verdict = self.run.verdict.unwrap_or(Verdict::UNKNOWN);
        event.event_id = event_id;
        event.trigger = verdict.trigger;
        event.trigger_evidence = verdict.evidence;
        event.utc_offset_min = moment.offset_min.or(self.run.utc_offset_min);
        event.parent_session_id.clone_from(&self.parent_session_id);
        event.actor_id.clone_from(&self.run.actor_id);
        event.os_user.clone_from(&self.os_user);
        event.repo.clone_from(&self.cwd);
        event
    }

    fn prompt(
        &mut self,
        message: Message,
        moment: Moment,
        id: Option<String>,
        previous: Run,
        at: Position,
        sink: &mut dyn Sink,
    ) {
        let text = message.content.text();
        let unwrapped = unwrap(&text);
        let provenance = message.provenance.as_ref();
        let verdict = provenance
            .and_then(|provenance| triggers::by_provenance(provenance, self.platform))
            .or_else(|| triggers::by_text(unwrapped.text, self.platform))
            .unwrap_or_else(|| triggers::by_envelope(&unwrapped));
        let job = provenance
            .and_then(|provenance| provenance.job_id.as_deref())
            .or_else(|| triggers::cron_job_id(unwrapped.text, self.platform));
        if let Some(kind) = provenance.and_then(Provenance::unknown_kind) {
            self.strangers.count("provenance.kind", kind, sink);
        }
        if let Some(job) = job {
            sink.fact(at, run_of_job(&self.session_id, Some(moment.us), job, "transcript.job"));
        }
        self.run.verdict = Some(verdict);
        self.run.utc_offset_min = unwrapped.utc_offset_min;
        if verdict.trigger == Trigger::Human {
            self.run.actor_id.clone_from(&unwrapped.sender);
        }
        let goes_on = unwrapped.text.starts_with(triggers::FALLBACK_RETRY_PROMPT);
        if goes_on {
            self.run = previous;
        }
        let mut event = self.step(Kind::Prompt, moment, step_id(id.as_deref(), moment, None));
        (event.marker, event.command) = slash_command(&unwrapped);
        if goes_on {
            event.marker = Some("retry");
        }
        event.text = Some(sketch_prompt(triggers::without_clock(unwrapped.text)));
        sink.event(at, event);
    }

    fn completion(
        &mut self,
        mut message: Message,
        moment: Moment,
        id: Option<String>,
        at: Position,
        sink: &mut dyn Sink,
    ) {
        let usage = UsageRead::of(message.usage.take(), at, sink);
        if message.model.as_deref().is_some_and(|model| MIRROR_MODELS.contains(&model)) && usage.is_nothing() {
            return sink.ignore("message.delivery_mirror");
        }
        let text = message.content.text();
        let stop = message.stop_reason.as_deref().unwrap_or("");
        let step = step_id(id.as_deref(), moment, message.response_id.as_deref());
        let mut event = self.step(Kind::Completion, moment, step.clone());
        event.provider = message.provider.clone();
        event.model = message.model.clone();
        event.response_id.clone_from(&message.response_id);
        event.is_error = Some(stop == "error");
        usage.fill(&mut event, &message.content, &text, stop);
        if !text.is_empty() {
            event.text = Some(sketch_answer(&text));
        }
        let calls = message.content.0.iter().filter(|block| block.is_tool_call());
        if stop == "aborted" {
            event.marker = Some("interrupt");
        } else if calls.clone().next().is_none() && triggers::is_no_op(&text, self.run.did, self.platform) {
            event.marker = Some("no_op");
        }
        for _ in message.content.0.iter().filter(|block| block.is_of_unknown_kind()) {
            sink.ignore("assistant.block_of_unknown_kind");
        }
        sink.event(at, event);
        for (index, block) in calls.enumerate() {
            let mut event = self.step(Kind::ToolCall, moment, step.as_ref().map(|step| format!("{step}#{index}")));
            event.provider.clone_from(&message.provider);
            event.model.clone_from(&message.model);
            self.tool_call(block, event, at, sink);
        }
    }

    fn tool_call(&mut self, block: &Block, mut event: Event, at: Position, sink: &mut dyn Sink) {
        let Some(tool) = block.name.as_deref() else { return sink.reject(at, Reason::MissingField, "toolCall.name") };
        let json = block.arguments_json();
        let arguments = if json.len() <= ARGUMENTS_BYTES { serde_json::from_str(&json).ok() } else { None };
        let touch = touch(tool, &arguments.unwrap_or(Value::Null), self.platform);
        event.tool_name = Some(tool.to_owned());
        event.call_id.clone_from(&block.id);
        let sketch = sketch_call(tool, &json);
        (event.call_hash, event.call_names, event.marker) = (Some(sketch.hash), sketch.names, sketch.marker);
        event.effect = touch.effect;
        event.system.clone_from(&touch.system);
        event.path.clone_from(&touch.path);
        sink.event(at, event);
        if let Some(id) = &block.id {
            if self.run.calls.len() >= CALLS_KEPT {
                self.run.calls.clear();
            }
            self.run.calls.insert(id.clone(), touch);
        }
    }

    fn tool_result(&mut self, message: Message, moment: Moment, id: Option<String>, at: Position, sink: &mut dyn Sink) {
        let details = Details::of(message.details.as_deref());
        let failed = message.is_error == Some(true) || details.failed();
        let mut event = self.step(Kind::ToolResult, moment, step_id(id.as_deref(), moment, None));
        let known = message.tool_call_id.as_ref().and_then(|id| self.run.calls.get(id)).cloned();
        let touched =
            known.unwrap_or_else(|| touch(message.tool_name.as_deref().unwrap_or(""), &Value::Null, self.platform));
        let text = message.content.text();
        event.is_error = Some(failed);
        event.duration_ms = details.duration_ms();
        event.result_hash = Some(result_hash(&text));
        if !failed {
            event.added_lines = touched.added_lines;
            if event.added_lines.is_empty() && touched.effect == Some(Effect::Write) {
                event.added_lines = details.diff().map(|diff| diff_lines_added(&diff)).unwrap_or_default();
            }
            if matches!(touched.effect, Some(Effect::Send | Effect::Write)) {
                self.run.did = touched.effect;
            }
        }
        event.tool_name = message.tool_name;
        event.call_id = message.tool_call_id;
        event.effect = touched.effect;
        event.system = touched.system;
        event.path = touched.path;
        sink.event(at, event);
    }
}

/// Identity of a step. Entry ids have 32 bits, so two sessions may share one; with the moment, and the response where
/// there is one, only copies of a step do: forks, compacted successors and archived files keep all three. The session
/// id is left out on purpose, because a fork has another.
fn step_id(id: Option<&str>, moment: Moment, response_id: Option<&str>) -> Option<String> {
    let id = id?;
    Some(match response_id {
        Some(response) => format!("{id}@{}+{response}", moment.us),
        None => format!("{id}@{}", moment.us),
    })
}

/// The session id in the path of a transcript: the file name up to its first suffix.
pub(super) fn session_of_path(path: &str) -> Option<String> {
    let name = path.rsplit(['/', '\\']).next()?;
    let stem = name.split_once(".jsonl").map_or(name, |(stem, _)| stem);
    let stem = stem.split_once("-topic-").map_or(stem, |(stem, _)| stem);
    let stem = stem.split_once(".checkpoint.").map_or(stem, |(stem, _)| stem);
    // pi's own names are `<time>_<id>`.
    let stem = match stem.split_once('_') {
        Some((time, id)) if time.contains('T') && time.starts_with(|c: char| c.is_ascii_digit()) => id,
        _ => stem,
    };
    (!stem.is_empty()).then(|| stem.to_owned())
}

/// The fact that a session ran a declared job: its value is the `session_id` of the job's schedule fact.
pub(super) fn run_of_job(session_id: &str, ts_us: Option<i64>, job: &str, evidence: &str) -> Fact {
    Fact {
        session_id: session_id.to_owned(),
        ts_us,
        name: FactName::Note,
        value: format!("cron:{job}"),
        rank: triggers::RANK_SESSION_KEY,
        evidence: evidence.to_owned(),
    }
}

/// `/status`, and the sentence that stands for `/new`.
fn slash_command(message: &Unwrapped<'_>) -> (Option<&'static str>, Option<String>) {
    if message.text.starts_with(triggers::NEW_SESSION_PROMPT) {
        return (Some("slash_command"), Some("/new".to_owned()));
    }
    let word = message.text.split_whitespace().next().unwrap_or("");
    let name = word.strip_prefix('/').unwrap_or("");
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.len() <= 40
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
    if is_name { (Some("slash_command"), Some(word.to_owned())) } else { (None, None) }
}
