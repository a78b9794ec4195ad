//! JSON of codeburn: `codeburn export -f json` and `codeburn report --format json`. The last resort, where the logs themselves are gone.
//!
//! Owns which tables of it are read. Everything in it is a sum over requests, so it becomes aggregates and never events. Rules and their reasons
//! stand in `README.md`.

mod records;
#[cfg(test)]
mod tests;

use super::document::read_text;
use super::json::{moment, parse_last_wins, reject_reason, safe_detail};
use super::money::micro_units;
use super::spans::{Length, span};
use super::{Description, Input, InputError, Position, Probe, Reason, Sink, Source, Unit};
use crate::events::{Aggregate, CountedBy, Tokens};
use records::{Document, ExportDay, ExportSession, ReportDay};
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

/// Exports and reports of codeburn.
pub struct Codeburn;

impl Source for Codeburn {
    fn name(&self) -> &'static str {
        "codeburn"
    }

    fn description(&self) -> Description {
        Description {
            title: "codeburn JSON (last resort)",
            files: "output of `codeburn export -f json` and `codeburn report --format json`",
            tells: "sums of tokens, calls and cost by day and session, into the table `aggregates`: beside totals of requests, never in them",
            cannot_tell: "single requests, prompts, tools, people, models by day, clients; the time zone of its days",
        }
    }

    fn recognises(&self, probe: &Probe<'_>) -> bool {
        let holds = |needle: &str| memchr::memmem::find(probe.head, needle.as_bytes()).is_some();
        let is_export = holds("\"schema\"") && holds("\"codeburn.export.v");
        let is_report = holds("\"periodKey\"") && holds("\"overview\"") && holds("\"cacheHitPercent\"");
        probe.unit == Unit::File
            && probe.lines().next().is_some_and(|line| line.starts_with(b"{"))
            && (is_export || is_report)
    }

    fn read(&self, input: &Input, sink: &mut dyn Sink) -> Result<u64, InputError> {
        let text = match read_text(input, sink)? {
            Ok(text) => text,
            Err(end) => return Ok(end),
        };
        let document: Document<'_> = match text.parse(sink) {
            Ok(document) => document,
            Err(end) => return Ok(end),
        };
        let reader = Reader { file: &input.name, is_usd: document.is_usd() };
        if !reader.is_usd {
            // Converted at the rate of some day: no cost of ours.
            sink.ignore("cost_in_another_currency");
        }
        if document.periods.is_none() && document.sessions.is_none() && document.daily.is_none() {
            sink.reject(Position::default(), Reason::MissingField, "periods, sessions or daily");
        }
        let place = |raw: &RawValue| text.position(raw.get());
        for period in document.periods.iter().flat_map(|periods| &periods.0) {
            for raw in &period.daily.0 {
                reader.export_day(raw, place(raw), sink);
            }
        }
        for raw in document.sessions.iter().flat_map(|sessions| &sessions.0) {
            reader.session(raw, place(raw), sink);
        }
        for raw in document.daily.iter().flat_map(|daily| &daily.0) {
            reader.report_day(raw, place(raw), sink);
        }
        // Told again, or sums without a date.
        for (kind, is_there) in [("overview", document.overview.is_some()), ("models", document.models.is_some())] {
            if is_there {
                sink.ignore(kind);
            }
        }
        Ok(text.length)
    }
}

/// What every row of a file shares.
struct Reader<'a> {
    /// The file's name in the lake: it names nobody, so that those of two people are told apart by it alone.
    file: &'a str,
    is_usd: bool,
}

impl Reader<'_> {
    fn day(&self, date: Option<&str>, report: &'static str) -> Result<Aggregate, (Reason, &'static str)> {
        let date = date.ok_or((Reason::MissingField, "date"))?;
        let (from_us, to_us) = span(date, Length::Day).map_err(|reason| (reason, "date"))?;
        let mut aggregate = Aggregate::new(from_us, to_us, report, CountedBy::Reader);
        aggregate.dimension = Some(self.file.to_owned());
        Ok(aggregate)
    }

    fn money(&self, raw: Option<&RawValue>, at: Position, sink: &mut dyn Sink) -> Option<i64> {
        let raw = raw.filter(|_| self.is_usd)?;
        micro_units(raw.get()).map_err(|reason| sink.reject(at, reason, "cost")).ok()
    }

    /// A day of an export. Its periods overlap, so that a day stands in several: all are one aggregate.
    fn export_day(&self, raw: &RawValue, at: Position, sink: &mut dyn Sink) {
        let Some(row) = parse::<ExportDay>(raw, at, sink) else { return };
        let mut aggregate = match self.day(row.date.as_deref(), "codeburn.daily") {
            Ok(aggregate) => aggregate,
            Err((reason, field)) => return sink.reject(at, reason, field),
        };
        aggregate.tokens = Tokens {
            input: row.input.get("Input Tokens", at, sink),
            output: row.output.get("Output Tokens", at, sink),
            cache_read: row.cache_read.get("Cache Read Tokens", at, sink),
            cache_write: row.cache_write.get("Cache Write Tokens", at, sink),
            ..Tokens::default()
        };
        aggregate.requests = row.calls.get("API Calls", at, sink);
        aggregate.sessions = row.sessions.get("Sessions", at, sink);
        aggregate.cost_micro_usd = self.money(row.cost.as_deref(), at, sink);
        sink.aggregate(at, aggregate);
    }

    fn report_day(&self, raw: &RawValue, at: Position, sink: &mut dyn Sink) {
        let Some(row) = parse::<ReportDay>(raw, at, sink) else { return };
        let mut aggregate = match self.day(row.date.as_deref(), "codeburn.report") {
            Ok(aggregate) => aggregate,
            Err((reason, field)) => return sink.reject(at, reason, field),
        };
        aggregate.requests = row.calls.get("calls", at, sink);
        aggregate.prompts = row.turns.get("turns", at, sink);
        aggregate.cost_micro_usd = self.money(row.cost.as_deref(), at, sink);
        sink.aggregate(at, aggregate);
    }

    fn session(&self, raw: &RawValue, at: Position, sink: &mut dyn Sink) {
        let Some(row) = parse::<ExportSession>(raw, at, sink) else { return };
        let from_us = match row.started_at.as_deref().map(moment) {
            Some(Ok(moment)) => moment.us,
            Some(Err(reason)) => return sink.reject(at, reason, "Started At"),
            None => return sink.reject(at, Reason::MissingField, "Started At"),
        };
        // The end of a session is not told.
        let mut aggregate = Aggregate::new(from_us, from_us + 1, "codeburn.session", CountedBy::Reader);
        aggregate.dimension = Some(self.file.to_owned());
        aggregate.session_id = row.session_id;
        aggregate.group_id = row.project;
        aggregate.requests = row.calls.get("API Calls", at, sink);
        aggregate.prompts = row.turns.get("Turns", at, sink);
        aggregate.cost_micro_usd = self.money(row.cost.as_deref(), at, sink);
        sink.aggregate(at, aggregate);
    }
}

fn parse<T: DeserializeOwned>(raw: &RawValue, at: Position, sink: &mut dyn Sink) -> Option<T> {
    let parsed = parse_last_wins(raw.get());
    parsed.map_err(|error| sink.reject(at, reject_reason(&error), &safe_detail(&error))).ok()
}
