//! `sessions.json`: the index from session keys to sessions. The key says what kind of session it is.
//!
//! Owns the facts of rules 3 and 5, and who started whom. Its token counters are those of the last run, or a snapshot
//! of the context, and are never read.

use super::platform::Platform;
use super::transcript::run_of_job;
use super::triggers::{KeyKind, RANK_FRESHNESS, RANK_SESSION_KEY, key_job_id, key_kind};
use crate::events::{Fact, FactName, Trigger};
use crate::sources::document::{Entries, Judged, read_document};
use crate::sources::json::moment;
use crate::sources::{Input, InputError, Position, Sink};
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// From how long after the last interaction of a person on a session that is still busy runs by itself. One answer to
/// a person can take many minutes; runs are cut off long before an hour by default.
const QUIET_US: i64 = 3_600_000_000;

/// What the index says of a session key.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SessionEntry {
    pub(super) session_id: Option<String>,
    updated_at: Option<Box<RawValue>>,
    last_interaction_at: Option<Box<RawValue>>,
    spawned_by: Option<String>,
    parent_session_key: Option<String>,
    heartbeat_isolated_base_session_key: Option<String>,
    bootstrap_context_run_kind: Option<String>,
}

impl SessionEntry {
    /// Fills in what the record does not say from the columns beside it, in which times are milliseconds.
    pub(super) fn complete(
        &mut self,
        updated_at: Option<i64>,
        last_interaction_at: Option<i64>,
        spawned_by: Option<&str>,
        parent_session_key: Option<&str>,
    ) {
        let raw = |ms: Option<i64>| ms.and_then(|ms| RawValue::from_string(ms.to_string()).ok());
        self.updated_at = self.updated_at.take().or_else(|| raw(updated_at));
        self.last_interaction_at = self.last_interaction_at.take().or_else(|| raw(last_interaction_at));
        self.spawned_by = self.spawned_by.take().or_else(|| spawned_by.map(str::to_owned));
        self.parent_session_key = self.parent_session_key.take().or_else(|| parent_session_key.map(str::to_owned));
    }
}

/// Reads a session index.
pub(super) fn read(input: &Input, platform: &Platform<'_>, sink: &mut dyn Sink) -> Result<u64, InputError> {
    let (document, end) = read_document::<Entries<Judged<Option<SessionEntry>>>>(input, sink)?;
    let Some(Entries(entries)) = document else { return Ok(end) };
    let mut index = BTreeMap::new();
    for (key, Judged(entry)) in entries {
        match entry {
            Ok(entry) => {
                index.insert(key, entry);
            }
            Err((reason, detail)) => sink.reject(Position::default(), reason, &detail),
        }
    }
    tell(&index, platform, sink);
    Ok(end)
}

/// Tells what an index says of its sessions.
pub(super) fn tell(index: &BTreeMap<String, Option<SessionEntry>>, platform: &Platform<'_>, sink: &mut dyn Sink) {
    for (key, entry) in index {
        match entry.as_ref().and_then(|entry| Some((entry, entry.session_id.as_deref().filter(|id| !id.is_empty())?))) {
            Some((entry, session_id)) => describe(index, key, entry, session_id, platform, sink),
            None => sink.ignore("sessions.entry_without_session"),
        }
    }
}

/// Tells what an entry says of a session. The index is there to find its parent in.
pub(super) fn describe(
    index: &BTreeMap<String, Option<SessionEntry>>,
    key: &str,
    entry: &SessionEntry,
    session_id: &str,
    platform: &Platform<'_>,
    sink: &mut dyn Sink,
) {
    let at = Position::default();
    let fact = |ts_us, name, value: &str, rank, evidence: &str| Fact {
        session_id: session_id.to_owned(),
        ts_us,
        name,
        value: value.to_owned(),
        rank,
        evidence: evidence.to_owned(),
    };
    let mut told = false;
    let mut tell = |fact: Fact, sink: &mut dyn Sink| {
        told = true;
        sink.fact(at, fact);
    };
    let trigger =
        |trigger: Trigger, rank, evidence: &str| fact(None, FactName::Trigger, trigger.as_str(), rank, evidence);
    let kind = match key_kind(key, platform) {
        KeyKind::Open | KeyKind::Channel
            if entry.heartbeat_isolated_base_session_key.is_some() && key.ends_with(":heartbeat") =>
        {
            KeyKind::Schedule("heartbeat")
        }
        kind => kind,
    };
    match kind {
        KeyKind::Schedule(word) => {
            tell(trigger(Trigger::Schedule, RANK_SESSION_KEY, &format!("sessionKey={word}")), sink);
        }
        KeyKind::Hook => tell(trigger(Trigger::Schedule, RANK_SESSION_KEY, "sessionKey=hook"), sink),
        KeyKind::Agent => tell(trigger(Trigger::Agent, RANK_SESSION_KEY, "sessionKey=subagent"), sink),
        KeyKind::Channel => tell(trigger(Trigger::Human, RANK_FRESHNESS, "sessionKey=channel"), sink),
        KeyKind::Probe => tell(fact(None, FactName::Note, "probe", RANK_SESSION_KEY, "sessionKey=model-run"), sink),
        KeyKind::Open => {}
    }
    // Of the run that last filled the context, whatever the key is: weaker than what a run or a prompt says of itself.
    if entry.bootstrap_context_run_kind.as_deref() == Some("cron") {
        let evidence = "sessions.bootstrapContextRunKind=cron";
        tell(trigger(Trigger::Schedule, RANK_FRESHNESS, evidence), sink);
    }
    if let Some(job) = key_job_id(key, platform) {
        tell(run_of_job(session_id, None, job, "sessionKey"), sink);
    }
    if let Some(parent_key) = entry.spawned_by.as_deref().or(entry.parent_session_key.as_deref()) {
        let parent = index.get(parent_key).and_then(Option::as_ref).and_then(|parent| parent.session_id.as_deref());
        match parent {
            Some(parent) if parent != session_id => {
                tell(fact(None, FactName::Parent, parent, RANK_SESSION_KEY, "sessions.spawnedBy"), sink);
            }
            Some(_) => {}
            // The key itself may hold a telephone number, so it is not kept.
            None => {
                tell(fact(None, FactName::Note, "parent_not_in_index", RANK_SESSION_KEY, "sessions.spawnedBy"), sink)
            }
        }
    }
    let when = |raw: &Option<Box<RawValue>>, field: &str, sink: &mut dyn Sink| match raw.as_deref().map(moment)? {
        Ok(moment) => Some(moment.us),
        Err(reason) => {
            sink.reject(at, reason, field);
            None
        }
    };
    let interaction = when(&entry.last_interaction_at, "lastInteractionAt", sink);
    let update = when(&entry.updated_at, "updatedAt", sink);
    if let Some(interaction) = interaction {
        let evidence = "sessions.lastInteractionAt";
        tell(fact(Some(interaction), FactName::Trigger, Trigger::Human.as_str(), RANK_FRESHNESS, evidence), sink);
        let alone = interaction.saturating_add(QUIET_US);
        if let Some(update) = update.filter(|update| *update > alone) {
            let evidence = "sessions.updatedAt";
            tell(fact(Some(alone), FactName::Trigger, Trigger::Schedule.as_str(), RANK_FRESHNESS, evidence), sink);
            // Nobody was there for any prompt until then, not for one alone.
            tell(fact(Some(alone), FactName::Note, &format!("until={update}"), RANK_FRESHNESS, evidence), sink);
        }
    }
    if !told {
        sink.ignore("sessions.entry");
    }
}

#[cfg(test)]
mod tests {
    use crate::events::FactName;
    use crate::sources::openclaw::OpenClaw;
    use crate::sources::testing::read_bytes;

    #[test]
    fn what_began_an_hour_after_the_last_interaction_is_scheduled_until_the_last_update() {
        let index =
            r#"{"agent:main:main":{"sessionId":"s1","lastInteractionAt":1778058000000,"updatedAt":1778108400000}}"#;
        let read = read_bytes(&OpenClaw, ".openclaw/agents/main/sessions/sessions.json", index.as_bytes());
        let facts: Vec<_> = read.facts.into_iter().map(|(_, fact)| (fact.ts_us, fact.name, fact.value)).collect();
        let alone = Some(1_778_061_600_000_000);
        assert_eq!(
            facts[1..],
            [
                (alone, FactName::Trigger, "schedule".to_owned()),
                (alone, FactName::Note, "until=1778108400000000".to_owned()),
            ]
        );
    }

    #[test]
    fn a_session_whose_context_a_cron_run_filled_is_scheduled_unless_more_is_known() {
        let facts = |entry: &str| {
            let index = format!(r#"{{"agent:main:main":{{"sessionId":"s1"{entry}}}}}"#);
            let read = read_bytes(&OpenClaw, ".openclaw/agents/main/sessions/sessions.json", index.as_bytes());
            read.facts.into_iter().map(|(_, fact)| (fact.value, fact.rank, fact.evidence)).collect::<Vec<_>>()
        };
        let scheduled = ("schedule".to_owned(), 5, "sessions.bootstrapContextRunKind=cron".to_owned());
        assert_eq!(facts(r#","bootstrapContextRunKind":"cron""#), [scheduled]);
        assert_eq!(facts(r#","bootstrapContextRunKind":"default""#), []);
        assert_eq!(facts(r#","bootstrapContextRunKind":null"#), []);
    }
}
