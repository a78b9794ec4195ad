//! How long a child process has been waited for, and the end of one that says nothing any more.
//!
//! Only the time in which somebody waits for its output counts: a child that waits for its reader is not silent.

use std::io::{self, Read};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Since when the child is waited for; none while what it said is worked on.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    since: Mutex<Option<Instant>>,
}

impl Waiting {
    /// Waits for the child.
    pub(super) fn during<T>(&self, wait: impl FnOnce() -> T) -> T {
        *self.since() = Some(Instant::now());
        let waited = wait();
        *self.since() = None;
        waited
    }

    /// Watches until `finished` is hung up. Once the child was waited for longer than `limit` at a time, calls `end`; whether that came to pass.
    pub(super) fn watch(&self, finished: &Receiver<()>, limit: Duration, end: impl FnOnce()) -> bool {
        loop {
            let waited = self.since().map_or(Duration::ZERO, |since| since.elapsed());
            let left = limit.saturating_sub(waited);
            if left.is_zero() {
                end();
                return true;
            }
            if finished.recv_timeout(left) != Err(RecvTimeoutError::Timeout) {
                return false;
            }
        }
    }

    fn since(&self) -> MutexGuard<'_, Option<Instant>> {
        self.since.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a child writes, read under the eyes of a watch.
pub(super) struct Watched<'w, R> {
    /// Its output.
    pub(super) output: R,
    /// Told of each wait.
    pub(super) waiting: &'w Waiting,
}

impl<R: Read> Read for Watched<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.waiting.during(|| self.output.read(buffer))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;

    const LIMIT: Duration = Duration::from_millis(50);
    const LONG: Duration = Duration::from_millis(200);

    fn is_ended(work: fn(&Waiting)) -> bool {
        let (waiting, (finish, finished)) = (Waiting::default(), channel());
        std::thread::scope(|scope| {
            let told = &waiting;
            let watch = scope.spawn(move || told.watch(&finished, LIMIT, || ()));
            work(told);
            drop(finish);
            watch.join().unwrap()
        })
    }

    #[test]
    fn only_the_time_that_is_waited_counts() {
        assert!(is_ended(|waiting| waiting.during(|| std::thread::sleep(LONG))));
        assert!(!is_ended(|_| std::thread::sleep(LONG)));
    }
}
