//! Cron: declared jobs, and what became of each run.
//!
//! Owns the facts on schedules, deliveries and run results. The usage of a run is that of its session's transcript, told
//! again: it becomes a note, so that a run without a transcript can be counted as missing, and never tokens.

use super::platform::Platform;
use super::transcript::run_of_job;
use super::triggers::{KeyKind, RANK_SESSION_KEY, key_kind};
use crate::events::{Fact, FactName, Trigger};
use crate::sources::document::{Items, read_document};
use crate::sources::json::{Count, moment, parse_line};
use crate::sources::{Handled, Input, InputError, Line, Position, Reason, Sink, read_lines};
use serde_json::value::RawValue;

/// A run this short without usage called no model: it only put a text in the queue of the main session.
const ENQUEUED_MS: i64 = 1000;
/// Cron expressions and times are cut here.
const SCHEDULE_BYTES: usize = 200;

#[derive(Debug, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct RunLine {
    ts: Option<Box<RawValue>>,
    job_id: Option<String>,
    action: Option<String>,
    status: Option<String>,
    delivered: Option<bool>,
    delivery_status: Option<String>,
    session_id: Option<String>,
    session_key: Option<String>,
    run_at_ms: Option<Box<RawValue>>,
    #[serde(default)]
    duration_ms: Count,
    usage: Option<RunUsage>,
    trigger_fired: Option<bool>,
}

#[derive(Debug, serde::Deserialize)]
struct RunUsage {
    #[serde(default)]
    input_tokens: Count,
    #[serde(default)]
    output_tokens: Count,
    #[serde(default)]
    cache_read_tokens: Count,
    #[serde(default)]
    cache_write_tokens: Count,
    #[serde(default)]
    total_tokens: Count,
}

/// Reads a run log, `cron/runs/<jobId>.jsonl`.
pub(super) fn read_runs(input: &Input, platform: &Platform<'_>, sink: &mut dyn Sink) -> Result<u64, InputError> {
    read_lines(input, sink, |line, sink| {
        match parse_line::<RunLine>(&line, sink) {
            Ok(run) if run.action.as_deref() == Some("finished") => finished(run, &line, platform, sink),
            Ok(_) => sink.reject(line.at, Reason::UnknownKind, "action"),
            Err(handled) => return handled,
        }
        Handled::Done
    })
}

/// Reads a finished run of a database. What stands in columns beside the record is given apart; `ts` is in milliseconds.
pub(super) fn read_run(
    line: &Line<'_>,
    job_id: Option<&str>,
    session_key: Option<&str>,
    ts: Option<i64>,
    platform: &Platform<'_>,
    sink: &mut dyn Sink,
) {
    let Ok(mut run) = parse_line::<RunLine>(line, sink) else { return };
    // A trigger that was asked and had nothing to run: there was no run.
    if run.trigger_fired == Some(false) && run.status.is_none() {
        return sink.ignore("task_run.quiet");
    }
    run.job_id = job_id.map(str::to_owned).or(run.job_id);
    run.session_key = run.session_key.or_else(|| session_key.map(str::to_owned));
    run.ts = run.ts.or_else(|| ts.and_then(|ts| RawValue::from_string(ts.to_string()).ok()));
    finished(run, line, platform, sink);
}

fn finished(run: RunLine, line: &Line<'_>, platform: &Platform<'_>, sink: &mut dyn Sink) {
    let at = line.at;
    let Some(job) = run.job_id.as_deref().filter(|job| !job.is_empty()) else {
        return sink.reject(at, Reason::MissingField, "jobId");
    };
    let ts_us = match run.run_at_ms.as_deref().or(run.ts.as_deref()).map(moment) {
        Some(Ok(moment)) => moment.us,
        Some(Err(reason)) => return sink.reject(at, reason, "runAtMs"),
        None => return sink.reject(at, Reason::MissingField, "runAtMs"),
    };
    let tokens = run.usage.map(|usage| usage.total(at, sink)).unwrap_or_default();
    let duration_ms = run.duration_ms.get("durationMs", at, sink);
    let enqueued = run.status.as_deref() == Some("ok")
        && tokens.is_none()
        && duration_ms.is_some_and(|duration| duration < ENQUEUED_MS);
    // A run that only fed the main session has no session of its own; what it started carries text markers there.
    let own_session = run.session_id.filter(|id| !id.is_empty() && !enqueued);
    let session_id = own_session.clone().unwrap_or_else(|| format!("cron:{job}"));
    let mut fact = |name, value: &str, evidence: &str| {
        sink.fact(
            at,
            Fact {
                session_id: session_id.clone(),
                ts_us: Some(ts_us),
                name,
                value: value.to_owned(),
                rank: RANK_SESSION_KEY,
                evidence: evidence.to_owned(),
            },
        );
    };
    let mut strangers: [Option<&str>; 2] = [None, None];
    match run.status.as_deref() {
        Some(status @ ("ok" | "error" | "skipped")) => fact(FactName::RunStatus, status, "cron.run.status"),
        other => strangers[0] = other.map(|_| "status"),
    }
    let delivery = match (run.delivery_status.as_deref(), run.delivered) {
        (Some("delivered"), _) | (None, Some(true)) => Some("delivered"),
        (Some("not-delivered"), _) | (None, Some(false)) => Some("not_delivered"),
        (Some("not-requested"), _) => Some("not_requested"),
        (Some("unknown"), _) => Some("unknown"),
        (Some(_), _) => {
            strangers[1] = Some("deliveryStatus");
            None
        }
        (None, None) => None,
    };
    if let Some(delivery) = delivery {
        fact(FactName::Delivery, delivery, "cron.run.deliveryStatus");
    }
    if enqueued {
        fact(FactName::Note, "enqueued_heartbeat", "cron.run");
    }
    if let Some(tokens) = tokens {
        fact(FactName::Note, &format!("run_tokens={tokens}"), "cron.run.usage");
    }
    // In a session shared with people a run's start says nothing of the other prompts.
    let key = run.session_key.as_deref().map_or(KeyKind::Schedule("cron"), |key| key_kind(key, platform));
    if own_session.is_some() && matches!(key, KeyKind::Schedule(_)) {
        fact(FactName::Trigger, Trigger::Schedule.as_str(), "cron.run");
    }
    if let Some(session_id) = &own_session {
        sink.fact(at, run_of_job(session_id, Some(ts_us), job, "cron.run"));
    }
    for field in strangers.into_iter().flatten() {
        sink.reject(at, Reason::BadValue, field);
    }
}

impl RunUsage {
    /// All tokens of the run. `total_tokens` includes the cache, which `input_tokens` leaves out.
    fn total(self, at: Position, sink: &mut dyn Sink) -> Option<i64> {
        let mut count = |count: Count, field: &str| count.get(field, at, sink);
        let parts = [
            count(self.input_tokens, "usage.input_tokens"),
            count(self.output_tokens, "usage.output_tokens"),
            count(self.cache_read_tokens, "usage.cache_read_tokens"),
            count(self.cache_write_tokens, "usage.cache_write_tokens"),
        ];
        let total = count(self.total_tokens, "usage.total_tokens");
        total.or_else(|| parts.iter().any(Option::is_some).then(|| parts.iter().flatten().sum()))
    }
}

#[derive(Debug, serde::Deserialize)]
struct Jobs {
    jobs: Items<Box<RawValue>>,
}

#[derive(Debug, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct Job {
    id: Option<String>,
    enabled: Option<bool>,
    schedule: Option<Schedule>,
    session_target: Option<String>,
}

#[derive(Debug, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct Schedule {
    kind: Option<String>,
    expr: Option<String>,
    every_ms: Option<Box<RawValue>>,
    at: Option<Box<RawValue>>,
    at_ms: Option<Box<RawValue>>,
}

/// Reads `cron/jobs.json`: automation that somebody declared.
pub(super) fn read_jobs(input: &Input, sink: &mut dyn Sink) -> Result<u64, InputError> {
    let (document, end) = read_document::<Jobs>(input, sink)?;
    for raw in document.into_iter().flat_map(|document| document.jobs.0) {
        let at = Position::default();
        read_job(raw.get(), None, None, at, sink);
    }
    Ok(end)
}

/// Reads a declared job. What a database says of it in columns is given apart.
pub(super) fn read_job(text: &str, id: Option<&str>, enabled: Option<bool>, at: Position, sink: &mut dyn Sink) {
    match serde_json::from_str::<Job>(text) {
        Ok(job) => {
            let id = id.map(str::to_owned).or(job.id);
            declared(&Job { id, enabled: enabled.or(job.enabled), ..job }, at, sink);
        }
        Err(_) => sink.reject(at, Reason::BadValue, "jobs"),
    }
}

fn declared(job: &Job, at: Position, sink: &mut dyn Sink) {
    let Some(id) = job.id.as_deref().filter(|id| !id.is_empty()) else {
        return sink.reject(at, Reason::MissingField, "jobs.id");
    };
    let Some(value) = job.schedule.as_ref().and_then(Schedule::value) else {
        return sink.reject(at, Reason::BadValue, "jobs.schedule");
    };
    let target = job.session_target.as_deref().and_then(|target| target.strip_prefix("session:"));
    let evidence = if job.enabled == Some(false) { "cron.jobs.disabled" } else { "cron.jobs" };
    sink.fact(
        at,
        Fact {
            session_id: target.map_or_else(|| format!("cron:{id}"), str::to_owned),
            ts_us: None,
            name: FactName::Schedule,
            value,
            rank: RANK_SESSION_KEY,
            evidence: evidence.to_owned(),
        },
    );
}

impl Schedule {
    fn value(&self) -> Option<String> {
        let cut = |text: &str| text.chars().take(SCHEDULE_BYTES).collect::<String>();
        match self.kind.as_deref()? {
            "cron" => self.expr.as_deref().map(cut),
            "every" => {
                let millis: i64 = self.every_ms.as_deref()?.get().parse().ok().filter(|&millis| millis > 0)?;
                Some(format!("every:{millis}"))
            }
            "at" => {
                let moment = moment(self.at.as_deref().or(self.at_ms.as_deref())?).ok()?;
                Some(format!("at:{}", jiff::Timestamp::from_microsecond(moment.us).ok()?))
            }
            _ => None,
        }
    }
}
