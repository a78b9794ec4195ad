//! The threads of a file: the session and its subagents.
//!
//! Owns what a thread carries from one record to the next: what started its turn, who lets its tools run, the response that is being
//! written. Owns no reading.

use super::prompts::Cause;
use super::usage::Response;
use crate::events::Approval;
use crate::sources::Sink;

/// One conversation of a file: the session, or a subagent of it.
pub(super) struct Thread {
    pub(super) session_id: String,
    pub(super) parent_session_id: Option<String>,
    /// Evidence that this is a subagent.
    pub(super) agent: Option<&'static str>,
    /// What started the turn that is running.
    pub(super) cause: Cause,
    /// Who lets tools run, as far as the permission mode says.
    pub(super) mode: Mode,
    /// A `scheduled_task_fire` record came, its prompt did not yet.
    pub(super) schedule_fired: bool,
    /// The response that is being written.
    pub(super) response: Option<Response>,
}

impl Thread {
    /// Hands the response that the thread was writing to the sink.
    pub(super) fn close(&mut self, sink: &mut dyn Sink) {
        if let Some(response) = self.response.take() {
            response.finish(sink);
        }
    }
}

/// What the newest `permissionMode` says about approval.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Mode {
    /// Absent, `default` or `plan`: a person may have been asked, or a stored rule may have answered. The log does not say.
    #[default]
    Unsaid,
    /// `acceptEdits`: file changes run by rule, other tools as in `default`.
    EditsByRule,
    /// `auto`, `dontAsk`: a rule decides.
    ByRule,
    /// `bypassPermissions`: nobody is asked.
    NoOneAsked,
}

impl Mode {
    pub(super) fn of(word: &str) -> Self {
        match word {
            "acceptEdits" => Mode::EditsByRule,
            "auto" | "dontAsk" => Mode::ByRule,
            "bypassPermissions" => Mode::NoOneAsked,
            _ => Mode::Unsaid,
        }
    }

    /// Who lets a call run in this mode.
    pub(super) fn approval(self, edits_files: bool) -> Option<Approval> {
        match self {
            Mode::Unsaid => None,
            Mode::EditsByRule => edits_files.then_some(Approval::Auto),
            Mode::ByRule => Some(Approval::Auto),
            Mode::NoOneAsked => Some(Approval::None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mode_claims_only_what_it_says() {
        assert_eq!(Mode::of("default").approval(true), None);
        assert_eq!(Mode::of("acceptEdits").approval(true), Some(Approval::Auto));
        assert_eq!(Mode::of("acceptEdits").approval(false), None);
        assert_eq!(Mode::of("bypassPermissions").approval(false), Some(Approval::None));
    }
}
