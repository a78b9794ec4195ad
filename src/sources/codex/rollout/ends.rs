//! What the executor says of a call before the model sees the answer.
//!
//! Owns what is kept of it until the answer comes, which takes most of it in, and the step that it is where none comes: only then is a whole event made of
//! it, and only then is what a command printed hashed.

use super::{Rollout, Turn};
use crate::events::{Effect, Event, Kind};
use crate::sources::codex::records::{Duration, Hashed};
use crate::sources::codex::thread::Thread;
use crate::sources::{Position, Sink, quick_json};
use std::rc::Rc;

/// Texts kept as they stand in the line, and bytes of one, so that a file without answers cannot fill the memory. Others are hashed at once.
const MOST_TEXTS: usize = 64;
const MOST_BYTES: usize = 16 * 1024;

/// The executor's word on a call; null and empty where it does not say.
#[derive(Default)]
pub(super) struct Word {
    pub(super) tool_name: Option<Rc<str>>,
    pub(super) is_error: Option<bool>,
    pub(super) duration_ms: Option<i64>,
    pub(super) effect: Option<Effect>,
    pub(super) system: Option<&'static str>,
    pub(super) path: Option<String>,
    pub(super) added_lines: Vec<i64>,
    pub(super) result_hash: Option<i64>,
    /// What a command printed, as it stands in the line, where it is not hashed yet.
    pub(super) printed: Option<Box<str>>,
}

/// A call's end that waits for the answer, with what held when it was told.
pub(super) struct End {
    pub(super) at: Position,
    pub(super) word: Word,
    ts_us: i64,
    thread: Rc<Thread>,
    turn: Rc<Turn>,
}

impl End {
    /// The step that it is where no answer comes.
    pub(super) fn into_event(self, call_id: String) -> Event {
        let Self { at: _, word, ts_us, thread, turn } = self;
        let mut event = turn.event(&thread, ts_us, Kind::ToolResult);
        event.event_id = Some(thread.call_event_id(&call_id));
        event.call_id = Some(call_id);
        event.approval = turn.approval;
        event.tool_name = word.tool_name.as_deref().map(str::to_owned);
        event.is_error = word.is_error;
        event.duration_ms = word.duration_ms;
        event.effect = word.effect;
        event.system = word.system.map(str::to_owned);
        event.path = word.path;
        event.added_lines = word.added_lines;
        event.result_hash = word.result_hash.or_else(|| word.printed.as_deref().and_then(hash_of));
        event
    }
}

/// The hash of a text that stands in a line.
fn hash_of(text: &str) -> Option<i64> {
    quick_json::from_str::<Hashed>(text).ok().map(|printed| printed.0)
}

impl Rollout {
    /// Whether the model has seen the answer of a call.
    pub(super) fn is_answered(&self, call_id: &str) -> bool {
        self.calls.get(call_id).is_some_and(|call| call.answered)
    }

    /// What the end of a command says, without what it printed.
    pub(super) fn command_word(&self, call_id: &str, exit_code: Option<i64>, duration: Option<&Duration>) -> Word {
        let is_error = exit_code.map(|code| code != 0);
        let duration_ms = duration.and_then(Duration::milliseconds);
        let mut word = Word { is_error, duration_ms, ..Word::default() };
        if is_error == Some(false)
            && let Some(call) = self.calls.get(call_id)
        {
            // A patch that a shell was handed: the executor tells of no files.
            word.path.clone_from(&call.patch.path);
            word.added_lines.clone_from(&call.patch.added_lines);
        }
        word
    }

    /// Adds what a command printed, as it stands in the line. Of a call that is answered nobody asks for it.
    pub(super) fn add_printed(&self, word: &mut Word, call_id: &str, text: &str) {
        if self.is_answered(call_id) {
            return;
        }
        if text.len() <= MOST_BYTES && self.ends.len() < MOST_TEXTS {
            word.printed = Some(text.into());
        } else {
            word.result_hash = hash_of(text);
        }
    }

    /// Keeps the executor's word until the answer comes, so that a call has one result.
    pub(super) fn end(
        &mut self,
        call_id: &str,
        mut word: Word,
        thread: usize,
        ts_us: i64,
        at: Position,
        sink: &mut dyn Sink,
    ) {
        match self.calls.get(call_id) {
            // A command that ran on after its answer; `write_stdin` reports its end to the model.
            Some(call) if call.answered => return sink.ignore("end_after_answer"),
            Some(call) => {
                word.tool_name.clone_from(&call.tool_name);
                word.effect = word.effect.or(call.effect);
                word.system = word.system.or(call.system);
            }
            None => {}
        }
        let (thread, turn) = (Rc::clone(&self.threads[thread]), Rc::clone(&self.turn));
        self.ends.insert(call_id.to_owned(), End { at, word, ts_us, thread, turn });
    }
}
