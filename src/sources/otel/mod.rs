//! OpenTelemetry: traces, logs and metrics of AI tools in OTLP, as the collector's file exporter, backends and Tempo write them.
//!
//! Owns recognition and framing. What the names mean is a table ([`names`]), which spans count is [`traces`]' rule, and everything with its reasons stands in
//! this folder's `README.md`. Owns no totals: copies of a request meet in the lake by their event ids.

mod agents;
mod any_value;
mod attributes;
mod batch;
mod claude_code;
mod framed;
mod ids;
mod logs;
mod metrics;
mod names;
mod protobuf;
mod records;
mod steps;
#[cfg(test)]
mod tests;
mod traces;
mod usage;
mod wire;
#[cfg(test)]
mod writers_tests;

use super::document::read_whole;
use super::exports::{first_keys, is_cut_by_lines};
use super::json::{reject_reason, safe_detail};
use super::{
    Description, Handled, Input, InputError, Position, Probe, Reason, Sink, Source, Unit, Vantage, read_lines,
};
use batch::Batch;
use protobuf::Decoded;
use traces::Traces;

/// The source.
pub struct Otel;

/// Keys of which one stands at the top of every request.
const LANDMARKS: &[&str] =
    &["resourceSpans", "resourceLogs", "resourceMetrics", "resource_spans", "resource_logs", "resource_metrics"];
/// Lines that recognition looks at: one bad line must not hide a file.
const RECOGNISED_WITHIN: usize = 5;

impl Source for Otel {
    fn name(&self) -> &'static str {
        "otel"
    }

    fn vantage(&self) -> Vantage {
        Vantage::Telemetry
    }

    fn description(&self) -> Description {
        Description {
            title: "OpenTelemetry GenAI",
            files: "OTLP as JSON or protocol buffers: files of the collector's file exporter, single messages and documents, Tempo's answers; traces, logs, \
                    metrics; also .gz, .zst",
            tells: "usage, model, provider and duration of each request, account where the writer adds it, tool calls and results, prompts where content \
                    is recorded; of Claude Code cost, commands, who approved a call, and its metrics: into the table `aggregates`",
            cannot_tell: "who or what started a prompt, unless Claude Code's active time shows a person; usage that only another metric states, or an agent's span unless its whole time is in one file; \
                          lines written",
        }
    }

    fn recognises(&self, probe: &Probe<'_>) -> bool {
        probe.unit == Unit::File && (is_otlp_json(probe.head) || framed::framing(probe.head, is_otlp_json).is_some())
    }

    fn read(&self, input: &Input, sink: &mut dyn Sink) -> Result<u64, InputError> {
        let mut reader = Reader::default();
        let head = input.head()?;
        let end = if let Some(framing) = framed::framing(&head, is_otlp_json) {
            framed::read(framing, input, sink, |message, at, sink| reader.message(message, at, sink))?
        } else if !is_cut_by_lines(&head) {
            read_whole(input, sink, |text, base, sink| reader.take(text, Position { offset: base, line: 1 }, sink))?
        } else {
            read_lines(input, sink, |line, sink| match reader.take(line.text, line.at, sink) {
                Ok(()) => Handled::Done,
                Err(_) if !line.complete => Handled::Torn,
                Err(error) => {
                    sink.reject(line.at, reject_reason(&error), &safe_detail(&error));
                    Handled::Done
                }
            })?
        };
        reader.traces.finish(sink);
        Ok(end)
    }
}

/// Whether a file begins like OTLP in JSON.
fn is_otlp_json(head: &[u8]) -> bool {
    let is_request = |text: &[u8]| {
        let keys = first_keys(text);
        let wraps = |key: &str| keys.iter().any(|held| held == key);
        let holds = |key: &str| memchr::memmem::find(text, format!("\"{key}\"").as_bytes()).is_some();
        LANDMARKS.iter().any(|key| wraps(key))
            || (wraps("trace") || wraps("batches"))
                && ["resourceSpans", "scopeSpans", "instrumentationLibrarySpans"].into_iter().any(holds)
    };
    let lines = head.split(|&byte| byte == b'\n').filter(|line| !line.trim_ascii().is_empty());
    is_request(head) || lines.take(RECOGNISED_WITHIN).any(is_request)
}

/// The state of one file.
#[derive(Default)]
struct Reader {
    traces: Traces,
}

impl Reader {
    /// Takes one request.
    fn take(&mut self, text: &str, base: Position, sink: &mut dyn Sink) -> Result<(), serde_json::Error> {
        let batch = Batch::from_json(text, base, sink)?;
        self.batch(&batch, sink);
        Ok(())
    }

    /// Takes one message, which is JSON or protocol buffers.
    fn message(&mut self, message: &[u8], at: Position, sink: &mut dyn Sink) {
        if message.starts_with(b"{") {
            let Ok(text) = simdutf8::basic::from_utf8(message) else {
                sink.reject(at, Reason::BadUtf8, "invalid byte sequence");
                return;
            };
            if let Err(error) = self.take(text, at, sink) {
                sink.reject(at, reject_reason(&error), &safe_detail(&error));
            }
            return;
        }
        match Decoded::of(message) {
            Some(decoded) => {
                let batch = decoded.batch(at, sink);
                self.batch(&batch, sink);
            }
            None => sink.reject(at, Reason::BadValue, "no export request in protocol buffers"),
        }
    }

    fn batch(&mut self, batch: &Batch<'_>, sink: &mut dyn Sink) {
        self.traces.take(&batch.spans, sink);
        for log in &batch.logs {
            logs::take(log, &self.traces, sink);
        }
        for counter in &batch.counters {
            metrics::take(counter, sink);
        }
    }
}
