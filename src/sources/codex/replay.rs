//! Whose line is this? A fork and a spawned subagent begin their rollout with a copy of their parent's history.
//!
//! Owns the decision for one line, from this file alone, so that neither the order in which files are read nor which
//! other files there are can change it. Owns no counters and no events.

/// Longest pause inside a copied history in microseconds: it is written in one go, and no model answers as fast.
const PAUSE_US: i64 = 1_000_000;
/// The same where the copied turns are numbered, so that the first own turn is known by its number: long enough for a slow disk.
const NUMBERED_PAUSE_US: i64 = 60_000_000;

/// When a thread began.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Birth {
    /// Microseconds since the epoch, as its `session_meta` says.
    pub(super) created_us: Option<i64>,
    /// Milliseconds since the epoch, as its UUIDv7 says.
    pub(super) uuid_ms: Option<i64>,
}

/// Where a line comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// The thread with this index in order of appearance in the file: 0 is the file's own, the others are ancestors
    /// whose lines were copied with their own timestamps.
    Thread(usize),
    /// Copied history whose timestamps were overwritten by the copy: it counts where it was written first.
    Restamped,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// The rest of the file is the thread's own.
    Own,
    /// The thread has a parent, but no line has shown yet that history was copied.
    Suspected { since_us: i64 },
    /// Copied history with the time of copying.
    Restamped { last_us: i64, numbered: bool },
    /// Copied history with its own times.
    Kept,
}

/// Follows one file from its first line to its last.
#[derive(Debug)]
pub(super) struct Replay {
    births: Vec<Birth>,
    state: State,
}

impl Default for Replay {
    fn default() -> Self {
        Self { births: Vec::new(), state: State::Own }
    }
}

impl Replay {
    /// Whether the file's own thread is known.
    pub(super) fn is_introduced(&self) -> bool {
        !self.births.is_empty()
    }

    /// Whether the lines that follow are the thread's own whatever they say, until another thread introduces itself.
    pub(super) fn is_over(&self) -> bool {
        self.state == State::Own
    }

    /// The file's own thread introduces itself. `has_parent` when it was forked or spawned.
    pub(super) fn own(&mut self, birth: Birth, has_parent: bool, at_us: i64) {
        self.births.push(birth);
        if has_parent {
            self.state = State::Suspected { since_us: at_us };
        }
    }

    /// Another thread introduces itself: what follows is history.
    pub(super) fn ancestor(&mut self, birth: Birth, at_us: i64) {
        self.births.push(birth);
        if self.state != State::Kept {
            self.state = State::Restamped { last_us: at_us, numbered: false };
        }
    }

    /// Whose the next line is. `turn_id` where the line names its turn, `is_usage` where it states token counts.
    pub(super) fn origin(&mut self, ts_us: i64, turn_id: Option<&str>, is_usage: bool) -> Origin {
        if self.is_over() {
            return Origin::Thread(0);
        }
        let own = self.births.first().copied().unwrap_or_default();
        let turn_ms = turn_id.and_then(uuid7_ms);
        // Turns and threads are numbered by UUIDv7: a turn younger than the thread is the thread's own.
        if let (Some(turn_ms), Some(own_ms)) = (turn_ms, own.uuid_ms)
            && turn_ms >= own_ms
        {
            self.state = State::Own;
            return Origin::Thread(0);
        }
        if own.created_us.is_some_and(|created| ts_us < created) {
            self.state = State::Kept;
            return self.author(ts_us);
        }
        match self.state {
            State::Restamped { last_us, numbered }
                if ts_us - last_us <= if numbered { NUMBERED_PAUSE_US } else { PAUSE_US } =>
            {
                self.state = State::Restamped { last_us: ts_us, numbered: numbered || turn_ms.is_some() };
                Origin::Restamped
            }
            State::Suspected { since_us } if turn_ms.is_some() || (is_usage && ts_us - since_us <= PAUSE_US) => {
                self.state = State::Restamped { last_us: ts_us, numbered: turn_ms.is_some() };
                Origin::Restamped
            }
            State::Suspected { .. } => Origin::Thread(0),
            _ => {
                self.state = State::Own;
                Origin::Thread(0)
            }
        }
    }

    /// The youngest ancestor that existed at the time; its own ancestors wrote what is older. History of a
    /// thread that the file does not introduce cannot be given the same identity as the original and is left to it.
    fn author(&self, ts_us: i64) -> Origin {
        let alive = |birth: &Birth| birth.created_us.filter(|created| *created <= ts_us);
        let ancestors = self.births.iter().enumerate().skip(1);
        match ancestors.filter_map(|(index, birth)| Some((alive(birth)?, index))).max() {
            Some((_, index)) => Origin::Thread(index),
            None => Origin::Restamped,
        }
    }
}

/// The creation time inside a UUIDv7 (RFC 9562, 5.7), in milliseconds since the epoch.
pub(super) fn uuid7_ms(id: &str) -> Option<i64> {
    let bytes = id.as_bytes();
    if bytes.len() != 36 || bytes[14] != b'7' || bytes[8] != b'-' {
        return None;
    }
    let high = i64::from_str_radix(id.get(..8)?, 16).ok()?;
    let low = i64::from_str_radix(id.get(9..13)?, 16).ok()?;
    Some(high << 16 | low)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000;

    fn birth(seconds: i64) -> Birth {
        Birth { created_us: Some(seconds * SECOND), uuid_ms: Some(seconds * 1000) }
    }

    fn turn(seconds: i64) -> String {
        let ms = seconds * 1000;
        format!("{:08x}-{:04x}-7000-8000-000000000000", ms >> 16, ms & 0xffff)
    }

    #[test]
    fn uuid7_tells_its_time_and_other_versions_do_not() {
        assert_eq!(uuid7_ms(&turn(1_780_000_000)), Some(1_780_000_000_000));
        assert_eq!(uuid7_ms("00000000-0000-4000-8000-000000000000"), None);
        assert_eq!(uuid7_ms("t1"), None);
    }

    #[test]
    fn a_restamped_copy_ends_with_the_first_young_turn_whatever_the_clock_says() {
        let mut replay = Replay::default();
        replay.own(birth(1000), true, 1000 * SECOND);
        replay.ancestor(birth(100), 1000 * SECOND);
        assert_eq!(replay.origin(1000 * SECOND + 1, Some(&turn(200)), false), Origin::Restamped);
        assert_eq!(replay.origin(1000 * SECOND + 2, None, true), Origin::Restamped);
        assert!(!replay.is_over());
        assert_eq!(replay.origin(1000 * SECOND + 3, Some(&turn(1000)), false), Origin::Thread(0));
        assert!(replay.is_over());
        // What turn a line names no longer matters.
        assert_eq!(replay.origin(1000 * SECOND + 4, Some(&turn(200)), true), Origin::Thread(0));
        assert_eq!(replay.origin(1000 * SECOND + 4, None, true), Origin::Thread(0));
    }

    #[test]
    fn a_slow_copy_of_numbered_turns_goes_on_after_a_pause() {
        let mut replay = Replay::default();
        replay.own(birth(1000), true, 1000 * SECOND);
        replay.ancestor(birth(100), 1000 * SECOND);
        assert_eq!(replay.origin(1000 * SECOND + 1, Some(&turn(200)), false), Origin::Restamped);
        assert_eq!(replay.origin(1004 * SECOND, None, true), Origin::Restamped);
        assert_eq!(replay.origin(1005 * SECOND, Some(&turn(1004)), false), Origin::Thread(0));
    }

    #[test]
    fn without_turn_ids_a_pause_ends_the_copy() {
        let mut replay = Replay::default();
        replay.own(birth(1000), true, 1000 * SECOND);
        replay.ancestor(birth(100), 1000 * SECOND);
        assert_eq!(replay.origin(1000 * SECOND + 900_000, None, true), Origin::Restamped);
        assert_eq!(replay.origin(1001 * SECOND + 800_000, None, true), Origin::Restamped);
        assert_eq!(replay.origin(1003 * SECOND, None, true), Origin::Thread(0));
        assert_eq!(replay.origin(1003 * SECOND, None, true), Origin::Thread(0));
    }

    #[test]
    fn lines_with_their_own_times_belong_to_the_thread_that_lived_then() {
        let mut replay = Replay::default();
        replay.own(birth(1000), true, 100 * SECOND);
        replay.ancestor(birth(500), 100 * SECOND);
        replay.ancestor(birth(100), 100 * SECOND);
        assert_eq!(replay.origin(150 * SECOND, None, true), Origin::Thread(2));
        assert_eq!(replay.origin(600 * SECOND, None, true), Origin::Thread(1));
        assert_eq!(replay.origin(1001 * SECOND, None, false), Origin::Thread(0));
        assert_eq!(replay.origin(50 * SECOND, None, false), Origin::Thread(0), "the copy is over");
    }

    #[test]
    fn a_subagent_without_copied_history_is_its_own_from_the_first_line() {
        let mut replay = Replay::default();
        replay.own(Birth { created_us: Some(0), uuid_ms: None }, true, 0);
        assert_eq!(replay.origin(10, None, false), Origin::Thread(0));
        assert_eq!(replay.origin(8 * SECOND, None, true), Origin::Thread(0));
    }

    #[test]
    fn usage_within_a_second_of_a_spawn_is_history_even_where_no_line_names_the_parent() {
        let mut replay = Replay::default();
        replay.own(birth(1000), true, 1000 * SECOND);
        assert_eq!(replay.origin(1000 * SECOND + 400, None, true), Origin::Restamped);
        assert_eq!(replay.origin(1000 * SECOND + 500, None, true), Origin::Restamped);
        assert_eq!(replay.origin(1009 * SECOND, None, true), Origin::Thread(0));
    }
}
