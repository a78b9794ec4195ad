//! A private copy of a database and of the log of its latest writes, taken without touching either.
//!
//! Owns which files belong to a database and when a copy is of one moment. A database in use is not opened where it lies: SQLite would make files beside it.

use crate::sources::{Input, InputError, Reason};
use std::ffi::OsString;
use std::fs::{self, File, Metadata};
use std::io::{self, BufRead, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How every database begins.
const MAGIC: &[u8] = b"SQLite format 3\0";
/// How the journal of a write that is under way begins. One that was cleared has zeros there.
const JOURNAL_MAGIC: [u8; 8] = [0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7];
/// Bytes that begin a write-ahead log; they change when it is begun anew.
const LOG_HEADER: usize = 32;
/// How often a copy is tried while somebody writes.
const ATTEMPTS: u32 = 8;
/// Longer after each attempt.
const PAUSE: Duration = Duration::from_millis(20);

/// Whether these are the first bytes of a database.
pub fn is_database(head: &[u8]) -> bool {
    head.starts_with(MAGIC)
}

/// Whether the file is a database that is not compressed.
pub fn is_database_file(path: &Path) -> bool {
    first_bytes(path, MAGIC.len()).is_ok_and(|head| is_database(&head))
}

/// The write-ahead log of a database: the rows that were written last may stand there alone. Null when there is none.
pub fn write_ahead_log(path: &Path) -> Option<PathBuf> {
    let log = beside(path, "-wal");
    let is_file = fs::symlink_metadata(&log).is_ok_and(|meta| meta.is_file() && meta.len() > 0);
    (is_file && is_database_file(path)).then_some(log)
}

/// Whether a file is the log, the index of the log or the journal of a database that lies beside it: a part of that database.
pub fn is_part_of_database(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or("");
    let database = ["-wal", "-shm", "-journal"].iter().find_map(|suffix| name.strip_suffix(suffix));
    database.is_some_and(|database| is_database_file(&path.with_file_name(database)))
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path.as_os_str());
    name.push(suffix);
    PathBuf::from(name)
}

/// The first bytes of a regular file. Nothing else is opened: whoever opens a pipe waits for somebody to write into it.
fn first_bytes(path: &Path, count: usize) -> io::Result<Vec<u8>> {
    if !fs::metadata(path)?.is_file() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let mut bytes = Vec::with_capacity(count);
    File::open(path)?.take(count as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// A copy in a directory of its own, which only this user may open and which goes with it.
pub(super) struct Copied {
    directory: tempfile::TempDir,
    /// The database.
    pub(super) path: PathBuf,
    /// Plain bytes of the database and its log.
    pub(super) bytes: u64,
}

impl Copied {
    /// Copies the database, decompressed, and its log.
    pub(super) fn of(input: &Input) -> Result<Self, InputError> {
        let failed = |error| input.io_error(error);
        let directory = tempfile::Builder::new().prefix("footlight-").tempdir().map_err(failed)?;
        let path = directory.path().join("database");
        let mut copied = Self { directory, path, bytes: 0 };
        let mut reader = input.open()?;
        if !is_database(reader.fill_buf().map_err(failed)?) || !is_database_file(&input.path) {
            copied.bytes = io::copy(&mut reader, &mut copied.create("")?).map_err(failed)?;
            return Ok(copied);
        }
        if first_bytes(&beside(&input.path, "-journal"), JOURNAL_MAGIC.len()).is_ok_and(|head| head == JOURNAL_MAGIC) {
            return Err(being_written(input, "a journal lies beside it"));
        }
        for attempt in 0..ATTEMPTS {
            let before = Moment::of(&input.path).map_err(failed)?;
            let main = copied.copy(&input.path, "").map_err(failed)?;
            let log = write_ahead_log(&input.path).map_or(Ok(0), |log| copied.copy(&log, "-wal")).map_err(failed)?;
            // A log that only grew is sound up to where it was read: its frames have checksums, and a write counts when its last frame is there.
            if before == Moment::of(&input.path).map_err(failed)? {
                copied.bytes = main + log;
                return Ok(copied);
            }
            std::thread::sleep(PAUSE * attempt);
        }
        Err(being_written(input, "it changed whenever it was copied"))
    }

    fn create(&self, suffix: &str) -> Result<File, InputError> {
        let path = beside(&self.path, suffix);
        File::create(&path).map_err(|error| InputError::Io { path: path.display().to_string(), error })
    }

    fn copy(&self, from: &Path, suffix: &str) -> io::Result<u64> {
        io::copy(&mut File::open(from)?, &mut File::create(beside(&self.path, suffix))?)
    }

    /// Hands over the bytes of the database, then those of its log.
    pub(super) fn tell(&self, told: &mut dyn FnMut(&[u8])) -> io::Result<()> {
        let mut buffer = vec![0; 256 * 1024];
        for suffix in ["", "-wal"] {
            let mut file = match File::open(beside(&self.path, suffix)) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                file => file?,
            };
            loop {
                match file.read(&mut buffer)? {
                    0 => break,
                    count => told(&buffer[..count]),
                }
            }
        }
        Ok(())
    }

    /// Takes the names of the copy away while it is open, so that nothing of it stays behind a process that is killed. Where a system refuses, they go at the end.
    pub(super) fn unlink(&self) {
        for entry in fs::read_dir(self.directory.path()).into_iter().flatten().flatten() {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// What changes when a database is written to beyond the end of its log.
#[derive(PartialEq)]
struct Moment {
    length: u64,
    modified: Option<std::time::SystemTime>,
    changed: (i64, i64),
    log_header: Option<Vec<u8>>,
}

impl Moment {
    fn of(path: &Path) -> io::Result<Self> {
        let meta = fs::metadata(path)?;
        let log_header = write_ahead_log(path).and_then(|log| first_bytes(&log, LOG_HEADER).ok());
        Ok(Self { length: meta.len(), modified: meta.modified().ok(), changed: changed(&meta), log_header })
    }
}

#[cfg(unix)]
fn changed(meta: &Metadata) -> (i64, i64) {
    use std::os::unix::fs::MetadataExt;
    (meta.ctime(), meta.ctime_nsec())
}

#[cfg(not(unix))]
fn changed(_: &Metadata) -> (i64, i64) {
    (0, 0)
}

fn being_written(input: &Input, how: &str) -> InputError {
    InputError::Format {
        path: input.name.clone(),
        reason: Reason::Unreadable,
        error: format!("the database is being written to: {how}; it is read by the next run"),
    }
}
