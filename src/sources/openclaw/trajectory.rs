//! Trajectory files: the run-time's own diary of each run, beside the transcript. It says what started a run.
//!
//! Owns the facts of rule 1. Its usage is the transcript's usage told again and is never read; its contexts and prompts are not read either.

use super::platform::Platform;
use super::records::Strangers;
use super::transcript::run_of_job;
use super::triggers::{KeyKind, RANK_FRESHNESS, RANK_SESSION_KEY, RANK_TRAJECTORY, key_job_id, key_kind};
use crate::events::{Fact, FactName, Trigger};
use crate::sources::json::{moment, parse_line};
use crate::sources::{Handled, Input, InputError, Line, Reason, Sink, read_lines};
use serde_json::value::RawValue;

#[derive(Debug, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct Step {
    #[serde(rename = "type")]
    kind: String,
    source: Option<String>,
    ts: Option<Box<RawValue>>,
    session_id: Option<String>,
    session_key: Option<String>,
    data: Option<Box<RawValue>>,
}

#[derive(Debug, serde::Deserialize)]
struct Started {
    trigger: Option<String>,
}

/// Reads a trajectory file.
pub(super) fn read(input: &Input, platform: &Platform<'_>, sink: &mut dyn Sink) -> Result<u64, InputError> {
    let mut strangers = Strangers::default();
    read_lines(input, sink, |step, sink| line(&step, platform, &mut strangers, sink))
}

/// Reads one record.
pub(super) fn line(
    line: &Line<'_>,
    platform: &Platform<'_>,
    strangers: &mut Strangers,
    sink: &mut dyn Sink,
) -> Handled {
    let step: Step = match parse_line(line, sink) {
        Ok(step) => step,
        Err(handled) => return handled,
    };
    // An exported bundle tells the transcript again among the run-time's own records.
    if step.source.as_deref() == Some("transcript") {
        sink.ignore("trajectory.transcript");
        return Handled::Done;
    }
    match step.kind.as_str() {
        "session.started" => started(&step, line, platform, sink),
        "trace.metadata" => sink.ignore("trajectory.trace.metadata"),
        "context.compiled" => sink.ignore("trajectory.context.compiled"),
        "prompt.submitted" => sink.ignore("trajectory.prompt.submitted"),
        "model.completed" => sink.ignore("trajectory.model.completed"),
        "model.fallback_step" => sink.ignore("trajectory.model.fallback_step"),
        "tool.call" => sink.ignore("trajectory.tool.call"),
        "tool.result" => sink.ignore("trajectory.tool.result"),
        "trace.artifacts" => sink.ignore("trajectory.trace.artifacts"),
        "session.ended" => sink.ignore("trajectory.session.ended"),
        other => {
            sink.ignore("trajectory.other");
            strangers.count("trajectory.type", other, sink);
        }
    }
    Handled::Done
}

fn started(step: &Step, line: &Line<'_>, platform: &Platform<'_>, sink: &mut dyn Sink) {
    let Some(session_id) = step.session_id.as_deref().filter(|id| !id.is_empty()) else {
        return sink.reject(line.at, Reason::MissingField, "sessionId");
    };
    let ts_us = match step.ts.as_deref().map(moment) {
        Some(Ok(moment)) => moment.us,
        Some(Err(reason)) => return sink.reject(line.at, reason, "ts"),
        None => return sink.reject(line.at, Reason::MissingField, "ts"),
    };
    if let Some(job) = step.session_key.as_deref().and_then(|key| key_job_id(key, platform)) {
        sink.fact(line.at, run_of_job(session_id, Some(ts_us), job, "trajectory.sessionKey"));
    }
    let word = match step.data.as_deref().map(|data| serde_json::from_str::<Started>(data.get())) {
        Some(Ok(started)) => started.trigger,
        Some(Err(_)) => return sink.reject(line.at, Reason::BadValue, "data"),
        None => None,
    };
    let Some(word) = word else { return sink.ignore("trajectory.session.started_without_trigger") };
    let key = step.session_key.as_deref().map_or(KeyKind::Open, |key| key_kind(key, platform));
    let mut fact = |name, value: &str, rank, evidence: String| {
        sink.fact(
            line.at,
            Fact {
                session_id: session_id.to_owned(),
                ts_us: Some(ts_us),
                name,
                value: value.to_owned(),
                rank,
                evidence,
            },
        );
    };
    match verdict(&word, key, platform) {
        Some((trigger, rank)) => {
            let evidence = match (trigger, rank) {
                (Trigger::Agent, _) if key == KeyKind::Agent => "trajectory.sessionKey=subagent".to_owned(),
                (_, RANK_SESSION_KEY) => "trajectory.sessionKey=schedule".to_owned(),
                _ => format!("trajectory.trigger={}", bounded(&word)),
            };
            fact(FactName::Trigger, trigger.as_str(), rank, evidence);
        }
        // A word of a newer version is kept as it is, and nothing is concluded from it.
        None => fact(FactName::Note, bounded(&word), RANK_TRAJECTORY, "trajectory.trigger".to_owned()),
    }
}

/// Rule 1. `user` only says that the prompt came through the door that people use; agents use it too, so
/// the session key goes first and `user` itself ranks below what the transcript says.
fn verdict(word: &str, key: KeyKind, platform: &Platform<'_>) -> Option<(Trigger, i32)> {
    if key == KeyKind::Agent {
        return Some((Trigger::Agent, RANK_TRAJECTORY));
    }
    match (word, key) {
        // The key decides, so this ranks as a key.
        ("user", KeyKind::Schedule(_) | KeyKind::Hook) => Some((Trigger::Schedule, RANK_SESSION_KEY)),
        ("user", KeyKind::Open | KeyKind::Channel) => Some((Trigger::Human, RANK_FRESHNESS)),
        ("manual", _) => Some((Trigger::Human, RANK_TRAJECTORY)),
        // The memory flush before a compaction: the product's own clock.
        ("memory", _) => Some((Trigger::Schedule, RANK_TRAJECTORY)),
        (word, _) if platform.is_agent_word(word) => Some((Trigger::Agent, RANK_TRAJECTORY)),
        (word, _) if platform.is_schedule_word(word) => Some((Trigger::Schedule, RANK_TRAJECTORY)),
        // `overflow` repeats a run whose context was too long, whoever started it.
        _ => None,
    }
}

fn bounded(word: &str) -> &str {
    word.get(..64).unwrap_or(if word.len() > 64 { "" } else { word })
}
