//! Totals of agents below which no request stands: remote agents, and frameworks that trace agents alone.
//!
//! Owns when that is certain within a file, and the steps that wait until it is. Owns no marks of what stands below what ([`super::traces`]).

use super::attributes::Attributes;
use super::steps::{self, Place};
use crate::events::{Aggregate, Event, Fact, Outcome, RosterEntry};
use crate::sources::{Position, Reason, Sink};

/// How long the spans of a file must go on after an agent's has ended: its requests are exported before it, or within the seconds of a batch.
const GOES_ON_US: i64 = 60_000_000;
/// Totals that wait at once, some hundred bytes each. What comes after them is not counted.
const WAITING: usize = 10_000;

/// Agents of a file whose totals may have to count.
#[derive(Default)]
pub(super) struct Agents {
    waiting: Vec<Waiting>,
    /// The earliest and the latest end of a span.
    ends_us: Option<(i64, i64)>,
}

struct Waiting {
    key: u64,
    start_us: i64,
    end_us: i64,
    steps: Held,
}

impl Agents {
    /// Takes note of when a span ended.
    pub(super) fn see(&mut self, end_us: i64) {
        let (first, last) = self.ends_us.unwrap_or((end_us, end_us));
        self.ends_us = Some((first.min(end_us), last.max(end_us)));
    }

    /// Lets a total wait. False when it cannot.
    pub(super) fn hold(&mut self, key: u64, place: &Place<'_>, attributes: &Attributes<'_>) -> bool {
        let mut steps = Held::default();
        let can = self.waiting.len() < WAITING && steps::request(place, attributes, &[], &mut steps);
        if can {
            self.waiting.push(Waiting { key, start_us: place.start_us, end_us: place.end_us, steps });
        }
        can
    }

    /// Counts the totals of agents that nothing below tells. It is certain where the file's spans begin before the agent and go on after it: in a file that begins or
    /// ends within its time, its requests may stand in the one before or in the next.
    pub(super) fn finish(&mut self, has_requests: impl Fn(u64) -> bool, sink: &mut dyn Sink) {
        let ends_us = self.ends_us.take();
        for Waiting { key, start_us, end_us, steps } in self.waiting.drain(..) {
            let covers = |(first, last): (i64, i64)| first < start_us && last >= end_us.saturating_add(GOES_ON_US);
            if has_requests(key) || !ends_us.is_some_and(covers) {
                sink.ignore("agent_total");
            } else {
                steps.tell(sink);
            }
        }
    }

    /// Counts none of those that wait, since what stands below them is no longer known.
    pub(super) fn give_up(&mut self, sink: &mut dyn Sink) {
        self.finish(|_| true, sink);
    }
}

/// What a span became, until it is known whether it counts.
#[derive(Default)]
struct Held {
    events: Vec<(Position, Event)>,
    rejects: Vec<(Position, Reason, String)>,
    ignored: Vec<&'static str>,
}

impl Held {
    fn tell(self, sink: &mut dyn Sink) {
        self.events.into_iter().for_each(|(at, event)| sink.event(at, event));
        self.rejects.into_iter().for_each(|(at, reason, detail)| sink.reject(at, reason, &detail));
        self.ignored.into_iter().for_each(|kind| sink.ignore(kind));
    }
}

impl Sink for Held {
    fn event(&mut self, at: Position, event: Event) {
        self.events.push((at, event));
    }
    // A request becomes steps alone.
    fn outcome(&mut self, _: Position, _: Outcome) {}
    fn fact(&mut self, _: Position, _: Fact) {}
    fn aggregate(&mut self, _: Position, _: Aggregate) {}
    fn roster(&mut self, _: Position, _: RosterEntry) {}
    fn reject(&mut self, at: Position, reason: Reason, detail: &str) {
        self.rejects.push((at, reason, detail.to_owned()));
    }
    fn ignore(&mut self, kind: &'static str) {
        self.ignored.push(kind);
    }
}
