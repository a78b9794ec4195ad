//! Reads `git log --raw -p -U0` between two commit headers: which files changed, how many lines, and the fingerprints of the
//! added ones.
//!
//! Lines inside a hunk are counted off by the hunk's header, never recognised by how they look, so no content can pass
//! for a header. Paths come from the raw part, C-quoted by git, so that a newline in a path is not the end of a line.

use super::command::GitError;
use crate::fingerprint::normalised_line_hash;
use crate::sources::generated::is_generated;
use rustc_hash::FxHashSet;
use std::io::{self, BufRead};
use xxhash_rust::xxh3::Xxh3;

/// Longer lines are not fingerprinted: minified code and data, never something a person or an agent typed.
const LINE_BYTES: usize = 64 * 1024;

/// One changed file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Change {
    /// Path after the change (before it, for a deletion), raw bytes.
    pub path: Vec<u8>,
    /// Git calls the content binary, or it is over 1 MiB.
    pub binary: bool,
}

/// What one commit, or one branch as a whole, changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Patch {
    /// Changed files in git's order.
    pub changes: Vec<Change>,
    /// Added lines, as `--numstat -M` counts them.
    pub added: i64,
    /// Deleted lines, likewise.
    pub deleted: i64,
    /// Sorted distinct hashes of the non-trivial added lines of authored files, without those that the same patch deletes:
    /// a line that was moved or re-indented was written before.
    pub lines: Vec<i64>,
    /// Hash of paths, added and deleted lines without positions: equal for a commit and its rebased copy, like
    /// `git patch-id`. Null when nothing changed.
    pub identity: Option<u64>,
}

/// Reads one line without its newline, keeping at most [`LINE_BYTES`]. Null at the end of the stream.
/// The flag says whether the line was cut.
fn read_capped(reader: &mut dyn BufRead, line: &mut Vec<u8>) -> io::Result<Option<bool>> {
    line.clear();
    let mut any = false;
    let mut cut = false;
    loop {
        let available = match reader.fill_buf() {
            Ok(available) => available,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        if available.is_empty() {
            return Ok(any.then_some(cut));
        }
        any = true;
        let (take, newline) = match memchr::memchr(b'\n', available) {
            Some(index) => (index, true),
            None => (available.len(), false),
        };
        let room = (LINE_BYTES - line.len()).min(take);
        line.extend_from_slice(&available[..room]);
        cut |= room < take;
        reader.consume(take + usize::from(newline));
        if newline {
            return Ok(Some(cut));
        }
    }
}

/// One entry of the raw part.
struct RawEntry {
    path: Vec<u8>,
    regular: bool,
    /// A change of type is printed as a deletion and a creation.
    sections: u8,
}

/// Reads up to the next commit header (a line that starts with NUL) or the end of the stream.
pub(super) fn read_patch(reader: &mut dyn BufRead) -> Result<Patch, GitError> {
    let unexpected = |what| GitError::Unexpected { subcommand: "log", what };
    let mut entries: Vec<RawEntry> = Vec::new();
    let mut patch = Patch::default();
    let mut identity = Xxh3::new();
    let mut line = Vec::new();
    let mut deleted = FxHashSet::default();
    let mut binary = FxHashSet::default();
    // Index of the current file among `entries`, and sections of it already seen.
    let mut current: Option<(usize, u8)> = None;
    loop {
        match reader.fill_buf() {
            Ok([]) | Ok([0, ..]) => break,
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error.into()),
        }
        if read_capped(reader, &mut line)?.is_none() {
            break;
        }
        if line.starts_with(b":") {
            entries.push(raw_entry(&line).ok_or_else(|| unexpected("a raw line"))?);
        } else if line.starts_with(b"diff --git ") {
            let next = match current {
                None => (0, 1),
                Some((index, seen)) if entries.get(index).is_some_and(|entry| seen < entry.sections) => {
                    (index, seen + 1)
                }
                Some((index, _)) => (index + 1, 1),
            };
            let entry = entries.get(next.0).ok_or_else(|| unexpected("more patches than files"))?;
            identity.update(&entry.path);
            identity.update(b"\n");
            current = Some(next);
        } else if line.starts_with(b"Binary files ") {
            let (index, _) = current.ok_or_else(|| unexpected("a binary file without a header"))?;
            binary.insert(index);
        } else if line.starts_with(b"@@ ") {
            let (old, new) = hunk_counts(&line).ok_or_else(|| unexpected("a hunk header"))?;
            let (index, _) = current.ok_or_else(|| unexpected("a hunk without a file"))?;
            let entry = &entries[index];
            let fingerprinted = entry.regular && !is_generated(&entry.path);
            read_hunk(
                reader,
                old.saturating_add(new),
                fingerprinted,
                &mut line,
                &mut patch,
                &mut deleted,
                &mut identity,
            )?;
        }
    }
    let changes = entries.into_iter().enumerate();
    patch.changes =
        changes.map(|(index, entry)| Change { path: entry.path, binary: binary.contains(&index) }).collect();
    patch.lines.retain(|line| !deleted.contains(line));
    patch.lines.sort_unstable();
    patch.lines.dedup();
    patch.identity = (patch.added + patch.deleted > 0).then(|| identity.digest());
    Ok(patch)
}

fn read_hunk(
    reader: &mut dyn BufRead,
    count: u64,
    fingerprinted: bool,
    line: &mut Vec<u8>,
    patch: &mut Patch,
    deleted: &mut FxHashSet<i64>,
    identity: &mut Xxh3,
) -> Result<(), GitError> {
    let mut left = count;
    while left > 0 {
        let Some(cut) = read_capped(reader, line)? else {
            return Err(GitError::Unexpected { subcommand: "log", what: "a hunk that ends early" });
        };
        match line.first() {
            Some(b'+') => {
                patch.added += 1;
                if fingerprinted && !cut {
                    patch.lines.extend(normalised_line_hash(&String::from_utf8_lossy(&line[1..])));
                }
            }
            Some(b'-') => {
                patch.deleted += 1;
                if fingerprinted && !cut {
                    deleted.extend(normalised_line_hash(&String::from_utf8_lossy(&line[1..])));
                }
            }
            // "\ No newline at end of file" stands between the deleted and the added lines and is not counted by the header.
            Some(b'\\') => continue,
            _ => return Err(GitError::Unexpected { subcommand: "log", what: "a hunk line" }),
        }
        identity.update(line);
        identity.update(b"\n");
        left -= 1;
    }
    Ok(())
}

/// `@@ -12,3 +14 @@`: the numbers of old and new lines, 1 when not stated.
fn hunk_counts(line: &[u8]) -> Option<(u64, u64)> {
    let mut words = line.split(|&byte| byte == b' ').skip(1);
    let count = |word: &[u8], sign: u8| -> Option<u64> {
        let range = std::str::from_utf8(word.strip_prefix(&[sign])?).ok()?;
        match range.split_once(',') {
            Some((_, count)) => count.parse().ok(),
            None => Some(1),
        }
    };
    Some((count(words.next()?, b'-')?, count(words.next()?, b'+')?))
}

/// `:100644 100644 <old> <new> M\tpath` or `:... R100\told\tnew`.
fn raw_entry(line: &[u8]) -> Option<RawEntry> {
    let mut fields = line.split(|&byte| byte == b'\t');
    let mut words = fields.next()?.split(|&byte| byte == b' ');
    let old_mode = words.next()?.strip_prefix(b":")?;
    let new_mode = words.next()?;
    let status = words.nth(2)?;
    let path = unquote(fields.next_back()?);
    let mode = if new_mode == b"000000" { old_mode } else { new_mode };
    Some(RawEntry { path, regular: mode.starts_with(b"100"), sections: if status.starts_with(b"T") { 2 } else { 1 } })
}

/// Undoes git's C quoting of paths (`core.quotePath`). What is not quoted is as it is.
pub(super) fn unquote(path: &[u8]) -> Vec<u8> {
    let Some(inner) = path.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\"")) else { return path.to_vec() };
    let mut out = Vec::with_capacity(inner.len());
    let mut bytes = inner.iter().copied();
    while let Some(byte) = bytes.next() {
        if byte != b'\\' {
            out.push(byte);
            continue;
        }
        match bytes.next() {
            Some(b'a') => out.push(7),
            Some(b'b') => out.push(8),
            Some(b't') => out.push(b'\t'),
            Some(b'n') => out.push(b'\n'),
            Some(b'v') => out.push(11),
            Some(b'f') => out.push(12),
            Some(b'r') => out.push(b'\r'),
            Some(digit @ b'0'..=b'3') => {
                let value = [bytes.next(), bytes.next()].iter().fold(u32::from(digit - b'0'), |value, next| {
                    value * 8 + u32::from(next.unwrap_or(b'0').saturating_sub(b'0'))
                });
                out.push(value as u8);
            }
            Some(other) => out.push(other),
            None => {}
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &[u8]) -> Result<Patch, GitError> {
        read_patch(&mut &text[..])
    }

    #[test]
    fn quoted_paths_are_bytes_again() {
        assert_eq!(unquote(br#""caf\303\251 \"x\"\n""#), "café \"x\"\n".as_bytes());
        assert_eq!(unquote(b"plain.rs"), b"plain.rs");
        assert_eq!(unquote(br#""\"#), br#""\"#);
    }

    #[test]
    fn a_change_of_type_is_two_sections_of_one_file() {
        let text = b":100644 120000 a b T\tone\n:100644 100644 a b M\ttwo\n\n\
            diff --git a/one b/one\n@@ -1 +0,0 @@\n-let old_link_text = 1;\ndiff --git a/one b/one\n@@ -0,0 +1 @@\n+src/elsewhere.rs\n\\ No newline at end of file\n\
            diff --git a/two b/two\n@@ -1 +1 @@\n-let before = 1;\n+let after = 2222;\n";
        let patch = read(text).unwrap();
        assert_eq!((patch.added, patch.deleted, patch.lines.len(), patch.changes.len()), (2, 2, 1, 2));
    }

    #[test]
    fn output_that_breaks_off_is_an_error_and_not_a_smaller_patch() {
        let whole = b":100644 100644 a b M\tone\n\ndiff --git a/one b/one\n@@ -0,0 +1,2 @@\n+first line here\n+second line here\n";
        assert_eq!(read(whole).unwrap().added, 2);
        let cut = whole.len() - "+second line here\n".len();
        assert!(read(&whole[..cut]).is_err());
        assert!(read(b"@@ -1 +1 @@\n-a\n+b\n").is_err());
        assert!(read(b"diff --git a/x b/x\n").is_err());
    }

    proptest! {
        #[test]
        fn no_output_makes_it_panic(pieces in proptest::collection::vec(prop_oneof![
            Just(&b":100644 100644 a b M\tone\n"[..]), Just(&b":1\n"[..]), Just(&b"diff --git a/x b/x\n"[..]), Just(&b"@@ -1 +1,2 @@\n"[..]),
            Just(&b"@@ -1,99999999999999999999 +1 @@\n"[..]), Just(&b"@@ -1,18446744073709551615 +1,18446744073709551615 @@\n"[..]),
            Just(&b"Binary files a and b differ\n"[..]), Just(&b"+added line\n"[..]), Just(&b"-deleted\n"[..]), Just(&b"\\ No\n"[..]), Just(&b"\n"[..]),
            Just(&b"\xff\xfe"[..]),
        ], 0..24)) {
            let _ = read(&pieces.concat());
        }
    }
}
