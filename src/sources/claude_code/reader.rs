//! Reads the records of one file in order and hands what they say to the sink.
//!
//! Owns the state that a file needs: the threads in it (the session and its subagents), the calls whose results are to come,
//! the prompts that were scheduled. Owns no identity across files: that is the event ids'. What assistant and user records
//! say is read in [`super::assistant`] and [`super::user`].

use super::edits::Requested;
use super::kinds::{RecordKind, attachment_kind, progress_kind, record_kind, stranger, system_kind};
use super::records::{Attachment, Record, id_of, object, too_deep, without_misfits};
use super::threads::{Mode, Thread};
use super::tools::Deed;
use crate::events::{Approval, Event, Fact, FactName, Kind, Outcome, OutcomeKind, OutcomeStatus, Trigger};
use crate::sources::json::{Count, Moment, parse_rfc3339, reject_reason, safe_detail};
use crate::sources::{Handled, Line, Position, Reason, Sink, home_user, quick_json};
use std::collections::{HashMap, HashSet, VecDeque};

/// Threads kept at once; the one that was opened first is closed beyond that. A session runs a handful of subagents in parallel.
const MOST_THREADS: usize = 64;
/// Calls, scheduled prompts and forks remembered, so that memory does not grow with the file; the oldest calls are forgotten first.
const MOST_REMEMBERED: usize = 256;

/// A tool call, kept for its result.
pub(super) struct Call {
    pub(super) tool: String,
    pub(super) deed: Deed,
    pub(super) approval: Option<Approval>,
    /// Of a call that edits files.
    pub(super) requested: Option<Requested>,
}

/// The state of one file.
#[derive(Default)]
pub(super) struct Reader {
    /// Agent id from a file name `agent-<id>.jsonl`.
    file_agent: Option<String>,
    pub(super) threads: VecDeque<Thread>,
    calls: HashMap<String, Call>,
    call_order: VecDeque<String>,
    /// Text hashes of prompts that ScheduleWakeup and CronCreate were given.
    scheduled: HashSet<i64>,
    /// Forked sessions whose origin was handed to the sink.
    forks: HashSet<String>,
}

/// A record that makes events: where it stands, when it was, and whose it is.
pub(super) struct Step<'r, 'a> {
    pub(super) at: Position,
    pub(super) moment: Moment,
    /// Index into [`Reader::threads`].
    pub(super) thread: usize,
    /// The record, or the envelope around a subagent's record.
    pub(super) envelope: &'r Record<'a>,
    /// The record itself.
    pub(super) record: &'r Record<'a>,
    /// The id of the record; of a copied record, that of the original.
    pub(super) uuid: Option<&'r str>,
}

impl Reader {
    /// A reader of the file called `name`, without compression endings.
    pub(super) fn new(name: &str) -> Self {
        let stem = name.split(".jsonl").next().unwrap_or(name);
        Self { file_agent: stem.strip_prefix("agent-").map(str::to_owned), ..Self::default() }
    }

    /// Reads one line.
    pub(super) fn line(&mut self, line: &Line<'_>, sink: &mut dyn Sink) -> Handled {
        // What is taken here is not too deep either.
        if let Some(record) = quick_json::quick::<Record<'_>>(line.text) {
            self.record(line.at, &record, sink);
            return Handled::Done;
        }
        if too_deep(line.text) {
            sink.reject(line.at, Reason::TooDeep, "deeper than 128 levels");
            return Handled::Done;
        }
        let error = match serde_json::from_str::<Record<'_>>(line.text) {
            Ok(record) => {
                self.record(line.at, &record, sink);
                return Handled::Done;
            }
            Err(error) => error,
        };
        if !line.complete && !error.is_data() {
            return Handled::Torn;
        }
        // A part of an unexpected shape does not take the record with it; and where serde refuses a repeated key, JSON readers keep
        // the last one (`faults.md` 35).
        if error.is_data()
            && let Some((repaired, message_misfits)) = without_misfits(line.text)
            && let Ok(record) = serde_json::from_str::<Record<'_>>(&repaired)
        {
            let needs_message = matches!(record.kind.as_deref(), Some("assistant" | "user"));
            if message_misfits && needs_message {
                sink.reject(line.at, reject_reason(&error), &format!("message: {}", safe_detail(&error)));
            } else {
                self.record(line.at, &record, sink);
            }
            return Handled::Done;
        }
        sink.reject(line.at, reject_reason(&error), &safe_detail(&error));
        Handled::Done
    }

    /// Closes what is still open at the end of the file.
    pub(super) fn finish(&mut self, sink: &mut dyn Sink) {
        for thread in &mut self.threads {
            thread.close(sink);
        }
    }

    fn record(&mut self, at: Position, record: &Record<'_>, sink: &mut dyn Sink) {
        let Some(kind) = record.kind.as_deref() else {
            return sink.reject(at, Reason::MissingField, "type");
        };
        match record_kind(kind) {
            RecordKind::Assistant => {
                if let Some(step) = self.step(at, record, record, None, sink) {
                    self.assistant(&step, sink);
                }
            }
            RecordKind::User => {
                if let Some(step) = self.step(at, record, record, None, sink) {
                    self.user(&step, sink);
                }
            }
            RecordKind::Progress => self.progress(at, record, sink),
            RecordKind::System => self.system(record, sink),
            RecordKind::Attachment => self.attachment(at, record, sink),
            RecordKind::PullRequestLink => pull_request(at, record, sink),
            RecordKind::PermissionMode => {
                if let Some(thread) = self.session_thread(record, sink) {
                    thread.mode = record.permission_mode.as_deref().map_or(Mode::Unsaid, Mode::of);
                }
                sink.ignore("permission-mode");
            }
            RecordKind::Metadata(kind) => sink.ignore(kind),
            RecordKind::Unknown => sink.reject(at, Reason::UnknownKind, stranger(kind)),
        }
    }

    /// A subagent's record inside a record of its parent, as versions before 2.1 inlined them.
    fn progress(&mut self, at: Position, record: &Record<'_>, sink: &mut dyn Sink) {
        let progress = object(&record.data);
        let kind = progress.and_then(|progress| progress.kind.as_deref());
        if kind != Some("agent_progress") {
            return sink.ignore(progress_kind(kind.unwrap_or("")));
        }
        let agent_id = progress.and_then(|progress| id_of(&progress.agent_id));
        let Some(inner) = progress.and_then(|progress| object(&progress.message)) else {
            return sink.reject(at, Reason::BadValue, "data.message");
        };
        match inner.kind.as_deref() {
            Some("assistant") => {
                if let Some(step) = self.step(at, record, inner, agent_id, sink) {
                    self.assistant(&step, sink);
                }
            }
            Some("user") => {
                if let Some(step) = self.step(at, record, inner, agent_id, sink) {
                    self.user(&step, sink);
                }
            }
            _ => sink.ignore("progress/agent_progress"),
        }
    }

    fn system(&mut self, record: &Record<'_>, sink: &mut dyn Sink) {
        let subtype = record.subtype.as_deref().unwrap_or("");
        if subtype == "scheduled_task_fire"
            && let Some(thread) = self.session_thread(record, sink)
        {
            thread.schedule_fired = true;
        }
        sink.ignore(system_kind(subtype));
    }

    fn attachment(&mut self, at: Position, record: &Record<'_>, sink: &mut dyn Sink) {
        let attachment: Option<&Attachment<'_>> = object(&record.attachment);
        let kind = attachment.and_then(|attachment| attachment.kind.as_deref()).unwrap_or("");
        if let Some(attachment) = attachment.filter(|_| kind == "queued_command") {
            let origin = object(&attachment.origin).and_then(|origin| origin.kind.as_deref());
            if origin == Some("human")
                && let Some(step) = self.step(at, record, record, None, sink)
            {
                return self.queued_prompt(&step, attachment, sink);
            }
        }
        sink.ignore(attachment_kind(kind));
    }

    /// Places a record: its moment and its thread. What an event cannot do without is rejected here when it is missing.
    fn step<'r, 'a>(
        &mut self,
        at: Position,
        envelope: &'r Record<'a>,
        record: &'r Record<'a>,
        agent_id: Option<&str>,
        sink: &mut dyn Sink,
    ) -> Option<Step<'r, 'a>> {
        let Some(timestamp) = record.timestamp.as_deref().or(envelope.timestamp.as_deref()) else {
            sink.reject(at, Reason::MissingField, "timestamp");
            return None;
        };
        let moment = match parse_rfc3339(timestamp) {
            Ok(moment) => moment,
            Err(reason) => {
                sink.reject(at, reason, "timestamp");
                return None;
            }
        };
        let Some(session_id) = id_of(&envelope.session_id) else {
            sink.reject(at, Reason::MissingField, "sessionId");
            return None;
        };
        let forked_from = object(&record.forked_from);
        let original = forked_from.and_then(|fork| id_of(&fork.session_id)).filter(|id| *id != session_id);
        if let Some(original) = original {
            self.note_fork(at, session_id, original, sink);
        }
        let thread = self.thread_of(original.unwrap_or(session_id), envelope, agent_id, sink);
        let uuid = forked_from.and_then(|fork| id_of(&fork.message_uuid)).or(id_of(&record.uuid));
        Some(Step { at, moment, thread, envelope, record, uuid })
    }

    /// Says once that a session began as a copy of another. A fact and not `parent_session_id`, because the session's own steps may
    /// stand in a third file, copied again, where nothing tells of the first fork.
    fn note_fork(&mut self, at: Position, session_id: &str, original: &str, sink: &mut dyn Sink) {
        if self.forks.len() < MOST_REMEMBERED && self.forks.insert(session_id.to_owned()) {
            let evidence = "forkedFrom.sessionId".to_owned();
            let (session_id, value) = (session_id.to_owned(), original.to_owned());
            sink.fact(at, Fact { session_id, ts_us: None, name: FactName::Parent, value, rank: 1, evidence });
        }
    }

    /// The thread that a record belongs to, opened if it is new.
    fn thread_of(
        &mut self,
        session_id: &str,
        record: &Record<'_>,
        agent_id: Option<&str>,
        sink: &mut dyn Sink,
    ) -> usize {
        let (agent_id, evidence) = match (agent_id, id_of(&record.agent_id), self.file_agent.as_deref()) {
            (Some(id), _, _) => (Some(id), Some("agent_progress")),
            (None, Some(id), _) if record.is_sidechain == Some(true) => (Some(id), Some("isSidechain")),
            (None, Some(id), Some(_)) | (None, None, Some(id)) => (Some(id), Some("agent_file")),
            (None, _, None) if record.is_sidechain == Some(true) => (None, Some("isSidechain")),
            (None, _, None) => (None, None),
        };
        // The ids of agents are short, so two sessions may have the same one.
        let (joint, suffix) = match (agent_id, evidence) {
            (Some(id), Some(_)) => ("/agent-", id),
            (None, Some(_)) => ("/sidechain", ""),
            (_, None) => ("", ""),
        };
        let is_own = |thread: &Thread| {
            let rest = thread.session_id.strip_prefix(session_id).and_then(|rest| rest.strip_prefix(joint));
            rest == Some(suffix)
        };
        if let Some(index) = self.threads.iter().position(is_own) {
            return index;
        }
        if self.threads.len() >= MOST_THREADS
            && let Some(mut oldest) = self.threads.pop_front()
        {
            oldest.close(sink);
        }
        let parent_session_id = evidence.is_some().then(|| session_id.to_owned());
        let cause = match evidence {
            Some(evidence) => (Trigger::Agent, evidence),
            None => (Trigger::Unknown, "no_prompt_in_file"),
        };
        self.threads.push_back(Thread {
            session_id: [session_id, joint, suffix].concat(),
            parent_session_id,
            agent: evidence,
            cause,
            mode: Mode::Unsaid,
            schedule_fired: false,
            response: None,
        });
        self.threads.len() - 1
    }

    /// The thread of a record that makes no event and may come before the first one that does.
    fn session_thread(&mut self, record: &Record<'_>, sink: &mut dyn Sink) -> Option<&mut Thread> {
        let session_id = id_of(&record.session_id)?;
        let index = self.thread_of(session_id, record, None, sink);
        self.threads.get_mut(index)
    }

    /// Takes note of the permission mode that a user record states.
    pub(super) fn note_mode(&mut self, step: &Step<'_, '_>) {
        if let Some(word) = step.record.permission_mode.as_deref() {
            self.threads[step.thread].mode = Mode::of(word);
        }
    }

    /// An event of a step, with everything that all events of a record share.
    pub(super) fn event(&self, step: &Step<'_, '_>, kind: Kind) -> Event {
        let thread = &self.threads[step.thread];
        let envelope = step.envelope;
        let client = match envelope.version.as_deref().filter(|version| !version.is_empty()) {
            Some(version) => ["claude-code/", version].concat(),
            None => "claude-code".to_owned(),
        };
        let mut event = Event::new(step.moment.us, thread.session_id.clone(), kind, client);
        event.utc_offset_min = step.moment.offset_min;
        event.parent_session_id = thread.parent_session_id.clone();
        event.trigger = thread.cause.0;
        event.trigger_evidence = Some(thread.cause.1);
        event.os_user = envelope.cwd.as_deref().and_then(home_user).map(str::to_owned);
        event.repo = envelope.cwd.as_deref().filter(|cwd| !cwd.is_empty()).map(str::to_owned);
        event.branch = envelope.git_branch.as_deref().filter(|branch| !branch.is_empty()).map(str::to_owned);
        event
    }

    /// Keeps a call for its result.
    pub(super) fn remember_call(&mut self, id: &str, call: Call) {
        if self.calls.insert(id.to_owned(), call).is_none() {
            self.call_order.push_back(id.to_owned());
        }
        if self.call_order.len() > MOST_REMEMBERED
            && let Some(oldest) = self.call_order.pop_front()
        {
            self.calls.remove(&oldest);
        }
    }

    /// The call that a result answers. It stays known, for a result that stands twice.
    pub(super) fn call(&self, id: &str) -> Option<&Call> {
        self.calls.get(id)
    }

    /// Remembers the text that a scheduled task will hand to the agent.
    pub(super) fn remember_schedule(&mut self, text_hash: i64) {
        if self.scheduled.len() < MOST_REMEMBERED {
            self.scheduled.insert(text_hash);
        }
    }

    /// Whether a text is one that this session scheduled.
    pub(super) fn was_scheduled(&self, text_hash: i64) -> bool {
        self.scheduled.contains(&text_hash)
    }

    /// Whether anything was scheduled, so that texts need not be hashed where nothing was.
    pub(super) fn has_schedules(&self) -> bool {
        !self.scheduled.is_empty()
    }
}

fn pull_request(at: Position, record: &Record<'_>, sink: &mut dyn Sink) {
    let (Some(repository), Count::Value(number)) = (record.pr_repository.as_deref(), record.pr_number) else {
        return sink.reject(at, Reason::MissingField, "prRepository or prNumber");
    };
    let Some(timestamp) = record.timestamp.as_deref() else {
        return sink.reject(at, Reason::MissingField, "timestamp");
    };
    let moment = match parse_rfc3339(timestamp) {
        Ok(moment) => moment,
        Err(reason) => return sink.reject(at, reason, "timestamp"),
    };
    let mut outcome =
        Outcome::new(moment.us, format!("{repository}#{number}"), OutcomeKind::PullRequest, OutcomeStatus::Open);
    outcome.session_ids = id_of(&record.session_id).map(str::to_owned).into_iter().collect();
    outcome.repo = Some(repository.to_owned());
    // A fact too: the forge's own export of the request replaces this outcome and knows of no sessions.
    if let Some(session_id) = id_of(&record.session_id) {
        sink.fact(
            at,
            Fact {
                session_id: session_id.to_owned(),
                ts_us: Some(moment.us),
                name: FactName::Outcome,
                value: outcome.outcome_id.clone(),
                rank: 1,
                evidence: "pr-link".to_owned(),
            },
        );
    }
    sink.outcome(at, outcome);
}
