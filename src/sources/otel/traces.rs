//! Spans: which of them are requests with usage of their own.
//!
//! Owns the leaf rule. A span that contains requests may carry the sum of their usage, and a request is often traced by two libraries, one inside the other; only
//! the innermost counts. An agent's own total counts where there is nothing inside ([`super::agents`]).

use super::agents::Agents;
use super::attributes::Attributes;
use super::batch::Span;
use super::names::{self, Dialect, Field, Role};
use super::steps::{self, Place};
use super::usage;
use crate::sources::{Reason, Sink, ancestors};
use rustc_hash::{FxHashMap, FxHashSet};

/// Ancestors remembered of one file, 8 bytes each. Past this the oldest knowledge is dropped as a whole: traces are local in a file.
const REMEMBERED: usize = 4_000_000;

/// Which spans of a file have requests with usage below them. A span is exported when it ends, so children come before their parents.
#[derive(Default)]
pub(super) struct Traces {
    /// Above a request with usage that is no embedding.
    above_requests: FxHashSet<u64>,
    /// Above an embedding with usage, which is the same request as another embedding only.
    above_embeddings: FxHashSet<u64>,
    /// Above any request, with usage or without, or above an agent that states usage: what makes the total of an agent one that others tell.
    above_any: FxHashSet<u64>,
    agents: Agents,
}

/// What a span is and whether it states usage.
struct Classified<'r, 'a> {
    span: &'r Span<'a>,
    attributes: Attributes<'r>,
    dialect: Dialect,
    role: Option<Role>,
    states_usage: bool,
    is_embedding: bool,
}

impl Traces {
    /// Takes the spans of one request.
    pub(super) fn take(&mut self, spans: &[Span<'_>], sink: &mut dyn Sink) {
        let classified: Vec<Classified<'_, '_>> = spans.iter().map(classify).collect();
        self.mark(&classified, sink);
        for span in &classified {
            self.emit(span, sink);
        }
    }

    /// Tells what could not be told before the file was read to its end.
    pub(super) fn finish(&mut self, sink: &mut dyn Sink) {
        let above_any = &self.above_any;
        self.agents.finish(|key| above_any.contains(&key), sink);
    }

    /// Whether a request, which is an embedding or not, has one with usage below it that may be the same, as far as the file was read.
    pub(super) fn contains_request(&self, trace_id: Option<&str>, span_id: Option<&str>, is_embedding: bool) -> bool {
        let key = trace_id.zip(span_id).map(|(trace_id, span_id)| ancestors::key(trace_id, span_id));
        let is_above =
            |key: u64| self.above_requests.contains(&key) || is_embedding && self.above_embeddings.contains(&key);
        key.is_some_and(is_above)
    }

    /// Marks everything above a request, as far as this batch and those before it tell.
    fn mark(&mut self, spans: &[Classified<'_, '_>], sink: &mut dyn Sink) {
        if self.above_any.len() > REMEMBERED {
            self.above_requests.clear();
            self.above_embeddings.clear();
            self.above_any.clear();
            self.agents.give_up(sink);
        }
        let parents: FxHashMap<u64, u64> =
            spans.iter().filter_map(|classified| Some((key(classified.span)?, parent_key(classified.span)?))).collect();
        let is_used =
            |classified: &Classified<'_, '_>| classified.role == Some(Role::Inference) && classified.states_usage;
        mark_above(&mut self.above_requests, spans, &parents, |classified| {
            is_used(classified) && !classified.is_embedding
        });
        mark_above(&mut self.above_embeddings, spans, &parents, |classified| {
            is_used(classified) && classified.is_embedding
        });
        mark_above(&mut self.above_any, spans, &parents, |classified| {
            classified.role == Some(Role::Inference)
                || classified.role == Some(Role::Container) && classified.states_usage
        });
        spans.iter().filter_map(|classified| classified.span.end_us).for_each(|end_us| self.agents.see(end_us));
    }

    fn emit(&mut self, classified: &Classified<'_, '_>, sink: &mut dyn Sink) {
        let Classified { span, attributes, role, states_usage, is_embedding, .. } = classified;
        let at = span.at;
        match role {
            Some(Role::Inference)
                if *states_usage
                    && self.contains_request(span.trace_id.as_deref(), span.span_id.as_deref(), *is_embedding) =>
            {
                sink.ignore("request_around_request");
            }
            // Its event cannot be told to be the same request, and counts.
            Some(Role::Inference)
                if names::claude_code_span(&span.name).is_some() && attributes.get(Field::RequestId).is_none() =>
            {
                sink.ignore("claude_code/llm_request_without_id");
            }
            Some(Role::Tool)
                if names::claude_code_span(&span.name).is_some() && attributes.get(Field::ToolCallId).is_none() =>
            {
                sink.ignore("claude_code/tool_without_id");
            }
            Some(role @ (Role::Inference | Role::Tool)) => {
                let Some(place) = classified.place() else {
                    sink.reject(at, Reason::MissingField, "startTimeUnixNano");
                    return;
                };
                let taken = match role {
                    Role::Tool => steps::tool(&place, attributes, &span.name, sink),
                    _ => steps::request(&place, attributes, &span.events, sink),
                };
                if !taken {
                    sink.reject(at, Reason::MissingField, "traceId");
                }
            }
            Some(Role::Container) if *states_usage => {
                let place = classified.place().filter(|_| span.start_us.is_some());
                let waits = key(span).filter(|key| !self.above_any.contains(key)).zip(place);
                if !waits.is_some_and(|(key, place)| self.agents.hold(key, &place, attributes)) {
                    sink.ignore("agent_total");
                }
            }
            Some(Role::Container) => sink.ignore("agent_span"),
            Some(Role::Other) => sink.ignore("span"),
            // It may be a request of a convention that is not in the table.
            None if *states_usage => sink.reject(at, Reason::UnknownKind, "gen_ai.operation.name"),
            None => sink.ignore("span"),
        }
    }
}

impl Classified<'_, '_> {
    /// Null where nothing says when it was.
    fn place(&self) -> Option<Place<'_>> {
        let span = self.span;
        let end_us = span.end_us.or(span.start_us)?;
        Some(Place {
            at: span.at,
            dialect: self.dialect,
            is_log: false,
            trace_id: span.trace_id.as_deref(),
            span_id: span.span_id.as_deref(),
            scope_name: &span.origin.scope_name,
            start_us: span.start_us.unwrap_or(end_us),
            end_us,
            is_error: span.is_error,
        })
    }
}

/// Adds to the marks what stands above the spans that start them or that were marked before.
fn mark_above(
    marks: &mut FxHashSet<u64>,
    spans: &[Classified<'_, '_>],
    parents: &FxHashMap<u64, u64>,
    starts: impl Fn(&Classified<'_, '_>) -> bool,
) {
    let starts: Vec<(Option<u64>, u64)> = spans
        .iter()
        .filter(|classified| starts(classified) || key(classified.span).is_some_and(|key| marks.contains(&key)))
        .filter_map(|classified| Some((key(classified.span), parent_key(classified.span)?)))
        .collect();
    for (start, parent) in starts {
        ancestors::mark_above(marks, start, Some(parent), parents);
    }
}

fn classify<'r, 'a>(span: &'r Span<'a>) -> Classified<'r, 'a> {
    let dialect = steps::dialect(&span.origin, &span.name);
    let attributes = Attributes::merged(dialect, &[&span.origin.resource, &span.origin.scope, &span.attributes]);
    let states_usage = usage::is_stated(&attributes);
    let role = match (names::claude_code_span(&span.name), attributes.text(Field::Operation)) {
        (Some(role), _) => Some(role),
        (None, Some(operation)) => names::operation_role(&operation),
        (None, None) => {
            // Early instrumentations state a model and usage and no operation.
            let has_model =
                [Field::RequestModel, Field::ResponseModel].iter().any(|&field| attributes.get(field).is_some());
            if states_usage { has_model.then_some(Role::Inference) } else { Some(Role::Other) }
        }
    };
    let is_embedding = steps::is_embedding(&attributes);
    Classified { span, attributes, dialect, role, states_usage, is_embedding }
}

fn key(span: &Span<'_>) -> Option<u64> {
    Some(ancestors::key(span.trace_id.as_deref()?, span.span_id.as_deref()?))
}

fn parent_key(span: &Span<'_>) -> Option<u64> {
    Some(ancestors::key(span.trace_id.as_deref()?, span.parent_span_id.as_deref()?))
}
