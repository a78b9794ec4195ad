//! Where a source puts what it reads.

use super::Reason;
use crate::events::{Aggregate, Event, Fact, Outcome, RosterEntry};

/// Where a record stands in its (decompressed) file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Position {
    /// Byte offset of the record's first byte.
    pub offset: u64,
    /// One-based line number; 0 where lines mean nothing.
    pub line: u64,
}

/// Receives everything that a source reads. Each byte of an input ends as an event, outcome, fact, aggregate or roster entry,
/// as an ignored record kind, or as a reject: there is no fourth way.
pub trait Sink {
    /// A step.
    fn event(&mut self, at: Position, event: Event);
    /// Something that came of the work.
    fn outcome(&mut self, at: Position, outcome: Outcome);
    /// Something about a session.
    fn fact(&mut self, at: Position, fact: Fact);
    /// A sum that somebody else counted. It is never added to what events say.
    fn aggregate(&mut self, at: Position, aggregate: Aggregate);
    /// A person or service.
    fn roster(&mut self, at: Position, entry: RosterEntry);
    /// A record that could not be read, with the reason. `detail` names the field or the parser's message,
    /// never the content.
    fn reject(&mut self, at: Position, reason: Reason, detail: &str);
    /// A known record that carries nothing the pipeline needs; counted by kind.
    fn ignore(&mut self, kind: &'static str);
    /// The next plain bytes of the input, from its first byte on. Told by sources that read an input once from front to back, up to
    /// where it is committed, so that nobody has to read it again to know what it was.
    fn content(&mut self, _bytes: &[u8]) {}
    /// What follows, until this is told again, was found inside the input and has the format of that source: its records are known under that name, so that
    /// the same step read from the source's own files is one. None ends it.
    fn inside(&mut self, _source: Option<&'static str>) {}
    /// A field that the canonical format does not know; counted by name.
    fn unknown_field(&mut self, _name: &str) {}
}

/// Where the records and rejects of a first look at an input go: they are told when it is read again.
pub(crate) struct Unheard;

impl Sink for Unheard {
    fn event(&mut self, _: Position, _: Event) {}
    fn outcome(&mut self, _: Position, _: Outcome) {}
    fn fact(&mut self, _: Position, _: Fact) {}
    fn aggregate(&mut self, _: Position, _: Aggregate) {}
    fn roster(&mut self, _: Position, _: RosterEntry) {}
    fn reject(&mut self, _: Position, _: Reason, _: &str) {}
    fn ignore(&mut self, _: &'static str) {}
}
