//! What a file is: the hash of its plain bytes up to a length (`faults.md`, input identity). The plain bytes of a database are its own and those of the
//! write-ahead log beside it, which can grow while the database does not.

use crate::sources::{InputError, Limits, PROBE_BYTES, byte_order, decompressed, packing, sqlite};
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

/// The first bytes of a file, decompressed.
pub fn head(path: &Path, limits: Limits) -> io::Result<Vec<u8>> {
    let mut head = Vec::with_capacity(PROBE_BYTES);
    decompressed(File::open(path)?, limits)?.take(PROBE_BYTES as u64).read_to_end(&mut head)?;
    Ok(head)
}

/// Hash of the first line of a head, of all of it when it has no line end.
pub fn first_line_hash(head: &[u8]) -> i64 {
    let end = memchr::memchr(b'\n', head).unwrap_or(head.len());
    xxhash_rust::xxh3::xxh3_64(&head[..end]) as i64
}

/// Whether the plain bytes of the file are others than those on disk, by its first bytes: it is compressed, or of UTF-16.
pub fn is_encoded(path: &Path) -> io::Result<bool> {
    let mut start = Vec::new();
    File::open(path)?.take(4 * 1024).read_to_end(&mut start)?;
    Ok(packing(&start).is_some() || byte_order(&start).is_some())
}

/// The plain bytes of a file.
fn plain(path: &Path, limits: Limits) -> io::Result<Box<dyn Read>> {
    let own = decompressed(File::open(path)?, limits)?;
    Ok(match sqlite::write_ahead_log(path) {
        Some(log) => Box::new(own.chain(File::open(log)?)),
        None => Box::new(own),
    })
}

/// Hexadecimal blake3 of the plain bytes up to each of `lengths` (ascending), as far as the file reaches, and the length read.
pub fn prefix_ids(path: &Path, limits: Limits, lengths: &[u64]) -> Result<(Vec<String>, u64), io::Error> {
    let mut reader = plain(path, limits)?;
    let mut hasher = blake3::Hasher::new();
    let mut ids = Vec::with_capacity(lengths.len());
    let mut done = 0;
    let mut buffer = vec![0; 256 * 1024];
    for &length in lengths {
        while done < length {
            let want = usize::try_from(length - done).unwrap_or(usize::MAX).min(buffer.len());
            let count = reader.read(&mut buffer[..want])?;
            if count == 0 {
                return Ok((ids, done));
            }
            hasher.update(&buffer[..count]);
            done += count as u64;
        }
        ids.push(hasher.finalize().to_hex().to_string());
    }
    Ok((ids, done))
}

/// Hexadecimal blake3 of all plain bytes, and their number.
pub fn whole_id(path: &Path, limits: Limits) -> io::Result<(String, u64)> {
    let mut reader = plain(path, limits)?;
    let mut hasher = blake3::Hasher::new();
    let length = io::copy(&mut reader, &mut hasher)?;
    Ok((hasher.finalize().to_hex().to_string(), length))
}

/// Length of the plain bytes, where the disk has them as they are; null for a compressed file.
pub fn length_on_disk(path: &Path) -> io::Result<Option<u64>> {
    if is_encoded(path)? {
        return Ok(None);
    }
    let log = sqlite::write_ahead_log(path).map_or(Ok(0), |log| std::fs::metadata(log).map(|log| log.len()))?;
    Ok(Some(std::fs::metadata(path)?.len() + log))
}

/// Length of the plain bytes. All of a compressed file are read for it.
pub fn length(path: &Path, limits: Limits) -> io::Result<u64> {
    match length_on_disk(path)? {
        Some(length) => Ok(length),
        None => io::copy(&mut plain(path, limits)?, &mut io::sink()),
    }
}

/// Unpacks all of a compressed file: finds damage and bombs before anything is taken from it. The plain bytes are kept for the reader where they are no more
/// than the longest line, for which a reader needs as much memory. Null for these and for a file that is not compressed.
pub fn unpacked(path: &Path, limits: Limits) -> io::Result<Option<Arc<[u8]>>> {
    if !is_encoded(path)? {
        return Ok(None);
    }
    let mut reader = plain(path, limits)?;
    let mut bytes = Vec::new();
    // What is longer than that on disk is longer still when unpacked (UTF-16 aside), and would be kept for nothing.
    if std::fs::metadata(path)?.len() <= limits.line_bytes as u64 {
        reader.by_ref().take(limits.line_bytes as u64).read_to_end(&mut bytes)?;
    }
    let is_whole = io::copy(&mut reader, &mut io::sink())? == 0;
    Ok(is_whole.then(|| bytes.into()))
}

/// An I/O error as an input error of this name.
pub fn input_error(name: &str, path: &Path, error: io::Error) -> InputError {
    crate::sources::Input {
        path: path.to_path_buf(),
        name: name.to_owned(),
        unit: crate::sources::Unit::File,
        start: 0,
        limits: Limits::default(),
        as_of_us: None,
        options: Default::default(),
        unpacked: None,
    }
    .io_error(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_compressed_file_is_unpacked_whole_and_kept_where_it_is_short() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("log.jsonl.zst");
        let text = b"{\"type\":\"user\"}\n".repeat(100);
        let packed = zstd::encode_all(&text[..], 1).unwrap();
        std::fs::write(&path, &packed).unwrap();
        let with = |line_bytes: usize| unpacked(&path, Limits { line_bytes, ..Limits::default() });
        assert_eq!(with(text.len()).unwrap().as_deref(), Some(&text[..]));
        assert_eq!(length(&path, Limits::default()).unwrap(), text.len() as u64);
        assert_eq!(with(text.len() - 1).unwrap(), None, "longer than the longest line");
        std::fs::write(&path, &text).unwrap();
        assert_eq!(with(text.len()).unwrap(), None, "nothing to unpack");
        std::fs::write(&path, &packed[..packed.len() - 3]).unwrap();
        for line_bytes in [10, text.len()] {
            assert!(with(line_bytes).is_err(), "cut short");
        }
        assert!(length(&path, Limits::default()).is_err(), "cut short");
    }

    #[test]
    fn a_file_is_as_long_as_the_disk_says_and_a_database_as_it_and_its_log() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("tool.db");
        std::fs::write(&path, b"SQLite format 3\0 and pages").unwrap();
        let same = |bytes: u64| {
            assert_eq!(length_on_disk(&path).unwrap(), Some(bytes));
            assert_eq!(length(&path, Limits::default()).unwrap(), bytes);
            assert_eq!(whole_id(&path, Limits::default()).unwrap().1, bytes);
        };
        same(26);
        std::fs::write(directory.path().join("tool.db-wal"), b"frames").unwrap();
        same(32);
    }
}
