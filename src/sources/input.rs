//! One thing to read: a file (plain, gzip or zstd) or a git repository, opened with limits.

use super::utf16::{self, Decoder};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Bytes of a file that recognition may look at.
pub const PROBE_BYTES: usize = 64 * 1024;

/// Limits against hostile input (`faults.md` 27, 29, 30).
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Longest line in bytes; longer ones are skipped and rejected.
    pub line_bytes: usize,
    /// Past `ratio_after` decompressed bytes, at most this many decompressed bytes per compressed byte.
    pub ratio: u64,
    /// Decompressed bytes before the ratio is looked at.
    pub ratio_after: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { line_bytes: 16 << 20, ratio: 200, ratio_after: 64 << 20 }
    }
}

/// What kind of thing an input is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// A regular file.
    File,
    /// A directory that holds a git repository (work tree or bare).
    GitRepository,
}

/// One thing to read.
#[derive(Debug, Clone)]
pub struct Input {
    /// Where it is, from the root: the names of directories tell who wrote what is in them, also where the input is given as `.`.
    pub path: PathBuf,
    /// How it is called in the lake: the input root as given, joined with the path below it.
    pub name: String,
    /// File or repository.
    pub unit: Unit,
    /// Byte at which to start; only for sources that read a tail alone.
    pub start: u64,
    /// Limits against hostile input.
    pub limits: Limits,
    /// Latest moment that counts: a git source reads survival as of then. Microseconds since the epoch; null is "the newest".
    pub as_of_us: Option<i64>,
    /// Settings of sources that are configurable, see [`SourceOptions`].
    pub options: Arc<SourceOptions>,
    /// The plain bytes of a compressed file that was unpacked before, or of what lies in no file of its own, which are read in its place; null where the file is read.
    pub unpacked: Option<Arc<[u8]>>,
}

/// Configuration that sources read, from `[sources]` in footlight.toml.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SourceOptions {
    /// In-house platforms modelled on OpenClaw.
    pub openclaw: Vec<OpenClawPlatform>,
    /// Jira's exports.
    pub jira: JiraOptions,
    /// Exports that `[[mapping]]` describes; a table of its own at the top of footlight.toml, not of `[sources]`.
    #[serde(skip)]
    pub mappings: Vec<super::mapping::Mapping>,
}

/// What Jira's exports do not say of themselves.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct JiraOptions {
    /// IANA zone of the times in the CSV export; UTC when left out.
    pub time_zone: Option<String>,
}

/// One platform modelled on OpenClaw.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OpenClawPlatform {
    /// Client name in tables, `openclaw` for the original.
    pub name: String,
    /// Directory names that mark its root, like `.openclaw`.
    pub roots: Vec<String>,
    /// Triggers of its trajectories and key prefixes that mean a schedule, beyond `cron` and `heartbeat`.
    pub schedule_words: Vec<String>,
    /// Words that mean another agent, beyond `subagent`.
    pub agent_words: Vec<String>,
    /// Text prefixes of machine-made prompts, beyond OpenClaw's.
    pub schedule_prefixes: Vec<String>,
    /// Answers that say that a run had nothing to do, beyond `HEARTBEAT_OK` and `NO_REPLY`.
    pub idle_answers: Vec<String>,
    /// Chat systems with a tool of their own, beyond those that OpenClaw ships: a call of it sends unless its action says otherwise.
    pub chat_systems: Vec<String>,
}

/// What recognition may look at.
pub struct Probe<'a> {
    /// Path on disk, from the root as that of an [`Input`].
    pub path: &'a Path,
    /// File or repository.
    pub unit: Unit,
    /// The first bytes, decompressed; empty for a repository.
    pub head: &'a [u8],
    /// Configuration.
    pub options: &'a SourceOptions,
}

/// The name of a file without `.gz` or `.zst`; empty where it has none in UTF-8.
pub(crate) fn plain_name(path: &Path) -> &str {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or("");
    name.strip_suffix(".gz").or_else(|| name.strip_suffix(".zst")).unwrap_or(name)
}

impl Probe<'_> {
    /// The file name without `.gz` or `.zst`.
    pub fn plain_name(&self) -> &str {
        plain_name(self.path)
    }

    /// The complete lines of the head; a file of one line without a newline counts as one.
    pub fn lines(&self) -> impl Iterator<Item = &[u8]> {
        let head = self.head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(self.head);
        head.split(|&byte| byte == b'\n').filter(|line| !line.trim_ascii().is_empty())
    }
}

/// Why an input could not be read at all.
#[derive(Debug, thiserror::Error)]
pub enum InputError {
    /// The operating system refused.
    #[error("cannot read {path}: {error}")]
    Io {
        /// Input.
        path: String,
        /// Cause.
        #[source]
        error: io::Error,
    },
    /// The file expands beyond the limit.
    #[error("{path} expands to more than {ratio} times its size")]
    CompressionBomb {
        /// Input.
        path: String,
        /// The limit.
        ratio: u64,
    },
    /// The archive is cut short or damaged.
    #[error("{path} is a damaged archive: {error}")]
    DamagedArchive {
        /// Input.
        path: String,
        /// Cause.
        error: String,
    },
    /// The whole file is unreadable in its format, for example a Parquet file without a footer.
    #[error("cannot read {path}: {error}")]
    Format {
        /// Input.
        path: String,
        /// Reason word.
        reason: super::Reason,
        /// Cause.
        error: String,
    },
}

impl InputError {
    /// The reason word for quarantine.
    pub fn reason(&self) -> super::Reason {
        match self {
            InputError::Io { .. } => super::Reason::Unreadable,
            InputError::CompressionBomb { .. } => super::Reason::CompressionBomb,
            InputError::DamagedArchive { .. } => super::Reason::DamagedArchive,
            InputError::Format { reason, .. } => *reason,
        }
    }
}

/// Marks an I/O error that the limits raised, so that it can be told from a damaged archive.
#[derive(Debug, thiserror::Error)]
#[error("expands to more than {0} times its size")]
struct BombError(u64);

impl Input {
    /// Another file that belongs to this one. Null when there is none, or a link, which may lead anywhere.
    pub(crate) fn beside(&self, path: PathBuf) -> Option<Input> {
        let is_file = std::fs::symlink_metadata(&path).is_ok_and(|meta| meta.is_file());
        is_file.then(|| Input { name: path.display().to_string(), path, start: 0, unpacked: None, ..self.clone() })
    }

    /// The first bytes of the file, decompressed, as recognition sees them.
    pub(crate) fn head(&self) -> Result<Vec<u8>, InputError> {
        let mut head = Vec::with_capacity(PROBE_BYTES);
        let mut reader = self.open()?.take(PROBE_BYTES as u64);
        reader.read_to_end(&mut head).map_err(|error| self.io_error(error))?;
        Ok(head)
    }

    /// The text of a small file, up to the line limit; what is longer is cut.
    pub(crate) fn small_text(&self) -> Result<String, InputError> {
        let mut text = String::new();
        let mut reader = self.open()?.take(self.limits.line_bytes as u64);
        reader.read_to_string(&mut text).map_err(|error| self.io_error(error))?;
        Ok(text)
    }

    /// Opens the file, decompressing by magic bytes, not by name.
    pub fn open(&self) -> Result<Box<dyn BufRead + Send>, InputError> {
        if let Some(bytes) = &self.unpacked {
            return Ok(Box::new(io::Cursor::new(bytes.clone())));
        }
        let file = File::open(&self.path).map_err(|error| self.io_error(error))?;
        decompressed(file, self.limits).map_err(|error| self.io_error(error))
    }

    /// Wraps an I/O error with this input's name, telling bombs and damaged archives apart.
    pub fn io_error(&self, error: io::Error) -> InputError {
        let path = self.name.clone();
        if let Some(bomb) = error.get_ref().and_then(|inner| inner.downcast_ref::<BombError>()) {
            return InputError::CompressionBomb { path, ratio: bomb.0 };
        }
        match error.kind() {
            io::ErrorKind::UnexpectedEof
            | io::ErrorKind::InvalidInput
            | io::ErrorKind::InvalidData
            | io::ErrorKind::Other => InputError::DamagedArchive { path, error: error.to_string() },
            _ => InputError::Io { path, error },
        }
    }
}

/// Bytes that are taken at once of what must be decoded.
const BUFFER: usize = 256 * 1024;

/// How a file is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packing {
    /// By gzip.
    Gzip,
    /// By zstd.
    Zstd,
}

/// How a file that begins so is packed; null where it is not.
pub fn packing(start: &[u8]) -> Option<Packing> {
    match start {
        [0x1f, 0x8b, ..] => Some(Packing::Gzip),
        // A frame, or one that readers skip (RFC 8878, 3.1.2), with which `pzstd` begins.
        [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Some(Packing::Zstd),
        _ => None,
    }
}

/// A reader of the plain bytes of a file that may be gzip (all members) or zstd (all frames), and of UTF-16, which it reads as UTF-8.
pub fn decompressed(file: File, limits: Limits) -> io::Result<Box<dyn BufRead + Send>> {
    let mut plain = unpacked(file, limits)?;
    let Some(order) = utf16::byte_order(plain.fill_buf()?) else { return Ok(plain) };
    plain.consume(utf16::MARK_BYTES);
    Ok(Box::new(BufReader::with_capacity(BUFFER, Decoder::new(plain, order))))
}

fn unpacked(file: File, limits: Limits) -> io::Result<Box<dyn BufRead + Send>> {
    /// Enough for the magic bytes. Larger reads of a plain file go past it, straight into the buffer of whoever reads.
    const PEEK: usize = 4 * 1024;
    let compressed_bytes = file.metadata().map(|meta| meta.len()).unwrap_or(0);
    let mut reader = BufReader::with_capacity(PEEK, file);
    let packing = packing(reader.fill_buf()?);
    let guard = |inner: Box<dyn Read + Send>| -> Box<dyn BufRead + Send> {
        Box::new(BufReader::with_capacity(
            BUFFER,
            RatioGuard {
                inner,
                allowed: compressed_bytes.saturating_mul(limits.ratio).max(limits.ratio_after),
                ratio: limits.ratio,
                read: 0,
            },
        ))
    };
    Ok(match packing {
        Some(Packing::Gzip) => {
            guard(Box::new(flate2::bufread::MultiGzDecoder::new(BufReader::with_capacity(BUFFER, reader))))
        }
        Some(Packing::Zstd) => {
            let mut decoder = zstd::stream::read::Decoder::with_buffer(BufReader::with_capacity(BUFFER, reader))?;
            decoder.window_log_max(27)?;
            guard(Box::new(decoder))
        }
        None => Box::new(reader),
    })
}

struct RatioGuard {
    inner: Box<dyn Read + Send>,
    allowed: u64,
    ratio: u64,
    read: u64,
}

impl Read for RatioGuard {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.read += count as u64;
        if self.read > self.allowed {
            return Err(io::Error::other(BombError(self.ratio)));
        }
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::testing::input_of;

    #[test]
    fn each_failure_of_reading_has_its_reason() {
        let (input, _guard) = input_of("log.jsonl", b"{}");
        let reason = |error: io::Error| input.io_error(error).reason().as_str();
        assert_eq!(reason(io::Error::from(io::ErrorKind::PermissionDenied)), "unreadable");
        assert_eq!(reason(io::Error::from(io::ErrorKind::NotFound)), "unreadable");
        assert_eq!(reason(io::Error::from(io::ErrorKind::UnexpectedEof)), "damaged_archive");
        assert_eq!(reason(io::Error::other(BombError(200))), "compression_bomb");
    }

    #[test]
    fn what_cannot_be_opened_or_unpacked_says_why() {
        let reason = |input: &Input| {
            let read = input
                .open()
                .and_then(|mut reader| io::copy(&mut reader, &mut io::sink()).map_err(|error| input.io_error(error)));
            read.unwrap_err().reason().as_str()
        };
        let (gone, guard) = input_of("log.jsonl", b"{}");
        drop(guard);
        assert_eq!(reason(&gone), "unreadable", "went away after it was found");
        let (mut replaced, guard) = input_of("log.jsonl", b"{}");
        replaced.path = guard.path().to_owned();
        assert_eq!(reason(&replaced), "unreadable", "a directory stands in its place");

        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        io::Write::write_all(&mut gzip, &b"{\"type\":\"user\"}\n".repeat(99)).unwrap();
        let gzip = gzip.finish().unwrap();
        let (cut, _guard) = input_of("log.jsonl.gz", &gzip[..gzip.len() - 9]);
        assert_eq!(reason(&cut), "damaged_archive");
        let zstd = zstd::encode_all(&vec![b'0'; 4 << 20][..], 19).unwrap();
        let (mut bomb, _guard) = input_of("log.jsonl.zst", &zstd);
        bomb.limits.ratio_after = 1 << 20;
        assert_eq!(reason(&bomb), "compression_bomb");
    }

    #[test]
    fn what_was_unpacked_is_read_in_place_of_the_file_and_of_no_other() {
        let (mut input, guard) = input_of("log.jsonl.gz", b"\x1f\x8b, of which nobody unpacks more");
        std::fs::write(guard.path().join("beside.json"), "{}").unwrap();
        input.unpacked = Some(Arc::from(&b"one\ntwo\n"[..]));
        let text = |input: &Input| std::io::read_to_string(input.open().unwrap()).unwrap();
        assert_eq!(input.head().unwrap(), b"one\ntwo\n");
        assert_eq!(text(&input), "one\ntwo\n");
        assert_eq!(text(&input.beside(guard.path().join("beside.json")).unwrap()), "{}");
    }

    #[test]
    fn every_member_of_a_gzip_file_is_read() {
        let mut bytes = Vec::new();
        for part in ["one\n", "two\n"] {
            let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            io::Write::write_all(&mut gzip, part.as_bytes()).unwrap();
            bytes.extend(gzip.finish().unwrap());
        }
        let (input, _guard) = input_of("log.jsonl.gz", &bytes);
        let mut text = String::new();
        input.open().unwrap().read_to_string(&mut text).unwrap();
        assert_eq!(text, "one\ntwo\n");
    }

    #[test]
    fn a_zstd_file_may_begin_with_a_frame_that_is_skipped() {
        let mut bytes: Vec<u8> = Vec::new();
        for text in ["one\n", "two\n"] {
            bytes.extend(b"\x50\x2a\x4d\x18\x04\x00\x00\x00size");
            bytes.extend(zstd::encode_all(text.as_bytes(), 3).unwrap());
        }
        let (input, _guard) = input_of("log.jsonl.zst", &bytes);
        assert_eq!(std::io::read_to_string(input.open().unwrap()).unwrap(), "one\ntwo\n");
        assert_eq!(packing(b"{\"a\":1}"), None);
    }

    #[test]
    fn a_file_of_utf_16_is_read_as_utf_8() {
        let utf16: Vec<u8> = "\u{feff}{\"a\":\"é\"}\r\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let zstd = zstd::encode_all(&utf16[..], 3).unwrap();
        for bytes in [&utf16, &zstd] {
            let (input, _guard) = input_of("log.jsonl", bytes);
            let mut text = String::new();
            input.open().unwrap().read_to_string(&mut text).unwrap();
            assert_eq!(text, "{\"a\":\"é\"}\r\n");
            assert_eq!(input.head().unwrap(), text.as_bytes());
        }
    }
}
