//! Who a thread is: what its `session_meta` says of every step in it.

use super::records::SessionMeta;
use super::replay::{Birth, uuid7_ms};
use crate::events::{Event, Kind, Trigger};
use crate::sources::json::parse_rfc3339;
use crate::sources::{home_user, without_credentials};
use serde_json::Value;

/// Programs of OpenAI in which a person types. Other programs may name themselves as they like and drive Codex as they
/// like, so their names claim nothing.
const INTERACTIVE: &[&str] = &["codex-tui", "codex_cli_rs", "codex_vscode", "Codex Desktop"];

/// One thread.
#[derive(Debug, Default)]
pub(super) struct Thread {
    pub(super) id: String,
    parent: Option<String>,
    client: String,
    provider: Option<String>,
    repo: Option<String>,
    branch: Option<String>,
    os_user: Option<String>,
    trigger: Option<(Trigger, &'static str)>,
}

impl Thread {
    /// From its own introduction.
    pub(super) fn read(meta: &SessionMeta<'_>) -> Self {
        let text = |field: &Option<std::borrow::Cow<'_, str>>| field.as_deref().map(str::to_owned);
        let remote = meta.git.as_ref().and_then(|git| git.repository_url.as_deref()).map(without_credentials);
        Self {
            id: meta.id.as_ref().to_owned(),
            parent: parent(meta).map(str::to_owned),
            client: format!("codex/{}", meta.cli_version.as_deref().unwrap_or("unknown")),
            provider: text(&meta.model_provider),
            repo: remote.or_else(|| text(&meta.cwd)),
            branch: meta.git.as_ref().and_then(|git| text(&git.branch)),
            os_user: meta.cwd.as_deref().and_then(home_user).map(str::to_owned),
            trigger: trigger(meta),
        }
    }

    /// A thread of which only the id is known: its rollout has lost its first line.
    pub(super) fn unintroduced(id: &str) -> Self {
        Self { id: id.to_owned(), client: "codex/unknown".to_owned(), ..Self::default() }
    }

    /// Whether the thread says that an automation began it.
    pub(super) fn is_automation(&self) -> bool {
        self.trigger.is_some_and(|(trigger, _)| trigger == Trigger::Schedule)
    }

    /// An event with everything that holds for the whole thread.
    pub(super) fn event(&self, ts_us: i64, kind: Kind) -> Event {
        let mut event = Event::new(ts_us, self.id.as_str(), kind, self.client.as_str());
        event.parent_session_id = self.parent.clone();
        event.provider = self.provider.clone();
        event.repo = self.repo.clone();
        event.branch = self.branch.clone();
        event.os_user = self.os_user.clone();
        if let Some((trigger, evidence)) = self.trigger {
            event.trigger = trigger;
            event.trigger_evidence = Some(evidence);
        }
        event
    }

    /// Identity of a step that the log does not number: the same in the original and in every copy that kept its time.
    pub(super) fn step_id(&self, ts_us: i64, what: &str) -> String {
        format!("codex:{}:{ts_us}:{what}", self.id)
    }

    /// Identity of a call, and of its result.
    pub(super) fn call_event_id(&self, call_id: &str) -> String {
        ["codex:", self.id.as_str(), ":", call_id].concat()
    }
}

/// When the thread began: its own word, else its UUIDv7.
pub(super) fn birth(meta: &SessionMeta<'_>) -> Birth {
    let uuid_ms = uuid7_ms(&meta.id);
    let said = meta.timestamp.as_deref().and_then(|text| parse_rfc3339(text).ok());
    Birth { created_us: said.map(|moment| moment.us).or_else(|| Some(uuid_ms? * 1000)), uuid_ms }
}

/// When the thread that a rollout is named for began, where `first`, the first to introduce itself in it, is another and older: then the
/// rollout has lost its own introduction and begins with that of an ancestor.
pub(super) fn lost_birth(named: &str, first: &str, first_birth: Birth) -> Option<Birth> {
    let uuid_ms = uuid7_ms(named)?;
    let created_us = uuid_ms * 1000;
    let is_ancestor = named != first && first_birth.created_us.is_some_and(|first_us| first_us < created_us);
    is_ancestor.then_some(Birth { created_us: Some(created_us), uuid_ms: Some(uuid_ms) })
}

/// The thread that this one was forked from or spawned by.
pub(super) fn parent<'a>(meta: &'a SessionMeta<'_>) -> Option<&'a str> {
    let spawned_by = || meta.source.as_ref()?.pointer("/subagent/thread_spawn/parent_thread_id")?.as_str();
    meta.forked_from_id.as_deref().or(meta.parent_thread_id.as_deref()).or_else(spawned_by)
}

/// Who starts the turns of this thread, with the field that says so; null when no field does.
fn trigger(meta: &SessionMeta<'_>) -> Option<(Trigger, &'static str)> {
    let source = meta.source.as_ref();
    if source.is_some_and(|source| source.get("subagent").is_some()) {
        return Some((Trigger::Agent, "source=subagent"));
    }
    match meta.thread_source.as_deref() {
        Some("subagent") => return Some((Trigger::Agent, "thread_source=subagent")),
        Some("automation") => return Some((Trigger::Schedule, "thread_source=automation")),
        Some("user") | None => {}
        Some(_) => return Some((Trigger::Unknown, "thread_source=other")),
    }
    if source.and_then(Value::as_str) == Some("exec") {
        return Some((Trigger::Unknown, "source=exec"));
    }
    if meta.originator.as_deref() == Some("codex_exec") {
        return Some((Trigger::Unknown, "originator=codex_exec"));
    }
    let typed_in = meta.originator.as_deref().is_some_and(|originator| INTERACTIVE.contains(&originator));
    match source.and_then(Value::as_str) {
        Some("cli") if typed_in => Some((Trigger::Human, "source=cli")),
        Some("vscode") if typed_in => Some((Trigger::Human, "source=vscode")),
        None if typed_in => Some((Trigger::Human, "originator")),
        _ => None,
    }
}
