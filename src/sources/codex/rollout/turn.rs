//! What holds for the steps of a turn, whichever thread they are of.
//!
//! Owns what every step of a turn is told with. Owns no reading of it.

use crate::events::{Approval, Event, Kind, Trigger};
use crate::sources::codex::thread::Thread;

/// As the last turn context and the last prompt have it.
#[derive(Clone, Default)]
pub(super) struct Turn {
    pub(super) model: Option<String>,
    pub(super) zone: Option<jiff::tz::TimeZone>,
    pub(super) approval: Option<Approval>,
    /// What the last prompt says of who started its turn, where that is not what its thread says.
    pub(super) cause: Option<(Trigger, &'static str)>,
}

impl Turn {
    /// A step of a thread.
    pub(super) fn event(&self, thread: &Thread, ts_us: i64, kind: Kind) -> Event {
        let mut event = thread.event(ts_us, kind);
        if let Some((trigger, evidence)) = self.cause.filter(|_| event.trigger != Trigger::Agent) {
            event.trigger = trigger;
            event.trigger_evidence = Some(evidence);
        }
        event.model = self.model.clone();
        event.utc_offset_min = self.zone.as_ref().and_then(|zone| {
            let moment = jiff::Timestamp::from_microsecond(ts_us).ok()?;
            Some(zone.to_offset(moment).seconds() / 60)
        });
        event
    }
}
