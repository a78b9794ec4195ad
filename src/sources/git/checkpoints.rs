//! Entire's checkpoints: transcripts of agents' sessions that a repository keeps on a branch or refs of its own, and which commit they belong to.
//!
//! Owns the layout of that branch (`formats.md` 10.7) and which of its transcripts are read. A transcript is cumulative: each checkpoint of a session repeats all
//! before it, so the longest is read, and of the others only those that it does not begin with. What a transcript says is the business of the source whose format
//! it has, under whose name its records are kept: the same session read from the tool's own directory is the same records.

use super::command::{Git, GitError};
use crate::sources::json::{reject_reason, safe_detail};
use crate::sources::{Input, InputError, PROBE_BYTES, Position, Probe, Reason, Sink, Source, Unit};
use rustc_hash::FxHashMap;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::PathBuf;
use std::sync::Arc;

/// A transcript beyond this is not read: a session of that length is kept in parts by the tool itself.
const TRANSCRIPT_BYTES: u64 = 256 << 20;
/// Metadata beyond this is none.
const METADATA_BYTES: u64 = 4 << 20;

/// What the branch says, before any transcript is read.
#[derive(Debug, Default)]
pub(super) struct Checkpoints {
    /// Sessions by the checkpoint that a commit's `Entire-Checkpoint` names.
    sessions: FxHashMap<String, BTreeSet<String>>,
    /// Distinct transcripts by session, the longest first.
    transcripts: BTreeMap<String, Vec<Blob>>,
}

/// A file of the branch.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Blob {
    object: String,
    bytes: u64,
}

/// What is read of a checkpoint's or session's `metadata.json`.
#[derive(Debug, Deserialize)]
struct Metadata {
    session_id: Option<String>,
    #[serde(default)]
    session_ids: Vec<String>,
}

/// Refs that hold checkpoints: the branch here and on remotes, and one ref a checkpoint in the later layout.
fn refs(git: &Git) -> Result<Vec<String>, GitError> {
    let listing =
        git.text(&["for-each-ref", "--format=%(refname)", "refs/heads", "refs/remotes", "refs/entire/checkpoints"])?;
    let is_branch = |name: &str| name.ends_with("/entire/checkpoints/v1") && !name.starts_with("refs/entire/");
    let is_checkpoint = |name: &str| name.starts_with("refs/entire/checkpoints/");
    Ok(listing.lines().filter(|name| is_branch(name) || is_checkpoint(name)).map(str::to_owned).collect())
}

/// The checkpoint that a path belongs to, and the path below it: `01/23456789ab/2/metadata.json` is `2/metadata.json` of `0123456789ab`.
/// Under a ref of its own (`named`) the whole path is below the checkpoint.
fn place<'p>(named: Option<&str>, path: &'p str) -> Option<(String, &'p str)> {
    if let Some(checkpoint) = named {
        return Some((checkpoint.to_owned(), path));
    }
    let (shard, rest) = path.split_once('/')?;
    let (id, below) = rest.split_once('/')?;
    (shard.len() == 2).then(|| (format!("{shard}{id}"), below))
}

impl Checkpoints {
    /// Reads the layout and every metadata file; a damaged one is rejected.
    pub(super) fn read(git: &Git, sink: &mut dyn Sink) -> Result<Self, GitError> {
        let mut metadata: Vec<(String, String, Blob)> = Vec::new();
        let mut transcripts: BTreeMap<(String, String), Blob> = BTreeMap::new();
        for name in refs(git)? {
            let named = name.starts_with("refs/entire/").then(|| name.rsplit('/').next()).flatten();
            for (path, blob) in files(git, &name)? {
                let Some((checkpoint, below)) = place(named, &path) else { continue };
                let (directory, file) = below.rsplit_once('/').unwrap_or(("", below));
                match file {
                    "metadata.json" => metadata.push((checkpoint, directory.to_owned(), blob)),
                    "full.jsonl" | "full.json" => {
                        transcripts.insert((checkpoint, directory.to_owned()), blob);
                    }
                    _ => {}
                }
            }
        }
        let mut found = Self::default();
        let wanted: Vec<Blob> =
            metadata.iter().map(|(_, _, blob)| blob.clone()).filter(|blob| blob.bytes <= METADATA_BYTES).collect();
        let texts: FxHashMap<String, Vec<u8>> = contents(git, &wanted)?;
        for (checkpoint, directory, blob) in metadata {
            let Some(text) = texts.get(&blob.object) else {
                sink.reject(Position::default(), Reason::LineTooLong, "metadata.json of a checkpoint");
                continue;
            };
            let read: Metadata = match serde_json::from_slice(text) {
                Ok(read) => read,
                Err(error) => {
                    let detail = format!("metadata.json of a checkpoint: {}", safe_detail(&error));
                    sink.reject(Position::default(), reject_reason(&error), &detail);
                    continue;
                }
            };
            let sessions =
                read.session_id.iter().chain(&read.session_ids).filter_map(|id| super::messages::session_id(id));
            found.sessions.entry(checkpoint.clone()).or_default().extend(sessions);
            // A transcript is that of the session beside it; one at the top is of the checkpoint's only session.
            if let (Some(session), Some(blob)) = (read.session_id, transcripts.get(&(checkpoint, directory))) {
                let known = found.transcripts.entry(session).or_default();
                if !known.contains(blob) {
                    known.push(blob.clone());
                }
            }
        }
        for blobs in found.transcripts.values_mut() {
            blobs.sort_by(|one, two| (two.bytes, &one.object).cmp(&(one.bytes, &two.object)));
        }
        Ok(found)
    }

    /// Sessions of a checkpoint that a commit names.
    pub(super) fn sessions_of(&self, checkpoint: &str) -> impl Iterator<Item = &String> {
        self.sessions.get(checkpoint).into_iter().flatten()
    }

    /// Reads every session's transcripts with the sources whose formats they have.
    pub(super) fn read_transcripts(&self, git: &Git, input: &Input, sink: &mut dyn Sink) -> Result<(), InputError> {
        for blobs in self.transcripts.values() {
            let mut longest: Option<Arc<[u8]>> = None;
            for blob in blobs {
                if blob.bytes > TRANSCRIPT_BYTES {
                    sink.reject(Position::default(), Reason::LineTooLong, "transcript of a checkpoint");
                    continue;
                }
                let read = contents(git, std::slice::from_ref(blob));
                let read = read.map_err(|error| super::failed(&input.name, &error))?.remove(&blob.object);
                let Some(bytes) = read.map(Arc::<[u8]>::from) else { continue };
                if longest.as_ref().is_some_and(|longest| longest.starts_with(&bytes)) {
                    sink.ignore("checkpoint_repeated");
                    continue;
                }
                read_transcript(&bytes, &blob.object, input, sink);
                longest.get_or_insert(bytes);
            }
        }
        Ok(())
    }
}

/// Hands a transcript to the source that knows its format. One that cannot be read is rejected, whatever else is in the repository: whoever may push
/// to the branch must not hide the transcripts of others. It is never in a file, which a run that is killed would leave behind.
fn read_transcript(bytes: &Arc<[u8]>, object: &str, input: &Input, sink: &mut dyn Sink) {
    // Some formats name a session by its file, so each transcript has a name of its own, and nothing lies beside it.
    let path = PathBuf::from(format!("/nonexistent/checkpoint-{object}.jsonl"));
    let head = &bytes[..bytes.len().min(PROBE_BYTES)];
    let probe = Probe { path: &path, unit: Unit::File, head, options: &input.options };
    // A bundle is no transcript, and in it another could stand.
    let Some(source) = crate::sources::recognise(&probe).filter(|source| source.name() != super::Git.name()) else {
        sink.reject(Position::default(), Reason::UnknownFormat, "transcript of a checkpoint");
        return;
    };
    let transcript = Input { path, unit: Unit::File, start: 0, unpacked: Some(Arc::clone(bytes)), ..input.clone() };
    sink.inside(Some(source.name()));
    let read = source.read(&transcript, sink);
    sink.inside(None);
    if let Err(error) = read {
        sink.reject(Position::default(), error.reason(), "transcript of a checkpoint");
    }
}

/// Files of a tree with their sizes.
fn files(git: &Git, tree: &str) -> Result<Vec<(String, Blob)>, GitError> {
    git.stream(&["ls-tree", "-r", "-l", "-z", "--full-tree", "--end-of-options", tree], b"", |reader| {
        let mut files = Vec::new();
        let mut entry = Vec::new();
        while reader.read_until(0, &mut entry)? > 0 {
            let line = String::from_utf8_lossy(&entry);
            // `mode type object size\tpath`; a link or a submodule is no file.
            if let Some((about, path)) = line.trim_end_matches('\0').split_once('\t') {
                let words: Vec<&str> = about.split_whitespace().collect();
                if let ["100644" | "100755", "blob", object, size] = words[..]
                    && let Ok(bytes) = size.parse()
                {
                    files.push((path.to_owned(), Blob { object: object.to_owned(), bytes }));
                }
            }
            entry.clear();
        }
        Ok(files)
    })
}

/// Contents of blobs by object name; what git does not have is left out.
fn contents(git: &Git, blobs: &[Blob]) -> Result<FxHashMap<String, Vec<u8>>, GitError> {
    if blobs.is_empty() {
        return Ok(FxHashMap::default());
    }
    let unexpected = |what| GitError::Unexpected { subcommand: "cat-file", what };
    let wanted: BTreeSet<&str> = blobs.iter().map(|blob| blob.object.as_str()).collect();
    let names: String = wanted.iter().map(|name| format!("{name}\n")).collect();
    git.stream(&["cat-file", "--batch"], names.as_bytes(), |reader| {
        let mut contents = FxHashMap::default();
        let mut header = String::new();
        while reader.read_line(&mut header)? > 0 {
            let words: Vec<&str> = header.split_whitespace().collect();
            if let [name, "blob", size] = words[..] {
                let size: u64 = size.parse().map_err(|_| unexpected("a size"))?;
                let mut bytes = Vec::new();
                Read::take(&mut *reader, size).read_to_end(&mut bytes)?;
                if bytes.len() as u64 != size {
                    return Err(unexpected("a blob that ends early"));
                }
                let mut newline = [0];
                reader.read_exact(&mut newline)?;
                contents.insert(name.to_owned(), bytes);
            }
            header.clear();
        }
        Ok(contents)
    })
}

#[cfg(test)]
mod tests {
    use super::place;

    #[test]
    fn paths_belong_to_their_checkpoint() {
        assert_eq!(place(None, "01/23456789ab/2/metadata.json"), Some(("0123456789ab".into(), "2/metadata.json")));
        assert_eq!(place(None, "01/23456789ab/metadata.json"), Some(("0123456789ab".into(), "metadata.json")));
        assert_eq!(place(None, "README.md"), None);
        assert_eq!(place(Some("01J"), "0/full.jsonl"), Some(("01J".into(), "0/full.jsonl")));
    }
}
