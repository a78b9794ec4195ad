//! Progress of an ingest: a bar on a terminal, a log line every 30 seconds elsewhere, nothing when quiet.

use crate::ingest::Progress;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const LINE_EVERY: Duration = Duration::from_secs(30);

/// Progress of one ingest.
pub struct IngestProgress {
    bar: ProgressBar,
    lines: bool,
    files: AtomicUsize,
    total: AtomicUsize,
    bytes: AtomicU64,
    last_line: Mutex<Instant>,
}

impl IngestProgress {
    /// Shown unless `quiet`.
    pub fn new(quiet: bool) -> Self {
        let terminal = std::io::stderr().is_terminal();
        let target = if quiet || !terminal { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        let bar = ProgressBar::with_draw_target(Some(0), target);
        if let Ok(style) = ProgressStyle::with_template("reading {wide_bar} {bytes}/{total_bytes} {eta}") {
            bar.set_style(style);
        }
        Self {
            bar,
            lines: !quiet && !terminal,
            files: AtomicUsize::new(0),
            total: AtomicUsize::new(0),
            bytes: AtomicU64::new(0),
            last_line: Mutex::new(Instant::now()),
        }
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

impl Progress for IngestProgress {
    fn planned(&self, files: usize, bytes: u64) {
        self.total.store(files, Ordering::Relaxed);
        self.bar.set_length(bytes);
    }

    fn file_done(&self, bytes: u64) {
        self.bar.inc(bytes);
        let files = self.files.fetch_add(1, Ordering::Relaxed) + 1;
        let bytes = self.bytes.fetch_add(bytes, Ordering::Relaxed) + bytes;
        if !self.lines {
            return;
        }
        if let Ok(mut last) = self.last_line.try_lock()
            && last.elapsed() >= LINE_EVERY
        {
            *last = Instant::now();
            tracing::warn!(
                "reading: {files} of {} files so far, {} MiB",
                self.total.load(Ordering::Relaxed),
                bytes >> 20
            );
        }
    }
}
