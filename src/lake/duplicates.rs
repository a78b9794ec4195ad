//! Which rows stay when one thing was read more than once, in bounded memory.
//!
//! Every row's identity (48 bytes) goes into one of 64 buckets by key; buckets stay in memory up to a budget and go to
//! temporary files beyond it. Each bucket is then sorted alone. Of rows with one key the larger version stays, then the smaller tie: a rule
//! on content, so that file order and thread count do not matter. Equal ties are one place of one file, read again after it has grown: then
//! what was read last stays, unless it is the same.

use super::LakeError;
use super::rows::RowId;
use crate::events::ids::Key;
use rayon::prelude::*;
use rustc_hash::FxHashSet;
use std::cmp::Reverse;
use std::io::{BufReader, BufWriter, Read, Seek, SeekFrom, Write};

const BUCKETS: usize = 64;
/// Identities held in memory before buckets go to disk: 1 M of 48 bytes.
const IN_MEMORY: usize = 1_000_000;
const ENTRY_BYTES: usize = 48;

/// A row's identity and place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// Identity.
    pub id: RowId,
    /// Number of the file or batch that holds it; files that were in the lake before have smaller numbers.
    pub file: u32,
    /// Row within it.
    pub row: u32,
}

/// Keys, by their first halves: they are random, so those of two keys are hardly ever one, and then a row is looked at for nothing.
pub struct Keys(FxHashSet<u64>);

impl Keys {
    /// False for a key that is surely none of them.
    pub fn may_have(&self, key: &[u8]) -> bool {
        let Ok(key) = <&Key>::try_from(key) else { return true };
        self.0.contains(&half(key))
    }
}

fn half(key: &Key) -> u64 {
    key.iter().take(8).fold(0, |half, &byte| half << 8 | u64::from(byte))
}

/// Collects identities and finds the rows that must go.
#[derive(Default)]
pub struct Duplicates {
    buckets: Vec<Vec<Entry>>,
    files: Vec<Option<BufWriter<std::fs::File>>>,
    held: usize,
}

impl Duplicates {
    /// Nothing collected.
    pub fn new() -> Self {
        Self {
            buckets: (0..BUCKETS).map(|_| Vec::new()).collect(),
            files: (0..BUCKETS).map(|_| None).collect(),
            held: 0,
        }
    }

    /// Adds the rows of one file in row order.
    pub fn add(&mut self, file: u32, ids: &[RowId]) -> Result<(), LakeError> {
        self.add_rows(file, ids.iter().enumerate().map(|(row, id)| (row as u32, *id)))
    }

    /// Adds some rows of one file.
    pub fn add_rows(&mut self, file: u32, rows: impl IntoIterator<Item = (u32, RowId)>) -> Result<(), LakeError> {
        for (row, id) in rows {
            let bucket = usize::from(id.key[0]) % BUCKETS;
            self.buckets[bucket].push(Entry { id, file, row });
            self.held += 1;
        }
        if self.held > IN_MEMORY {
            self.spill()?;
        }
        Ok(())
    }

    /// The keys of all rows that were added; none where some of them were put out of memory.
    pub fn keys(&self) -> Option<Keys> {
        let are_all_here = self.files.iter().all(Option::is_none);
        are_all_here.then(|| Keys(self.buckets.iter().flatten().map(|entry| half(&entry.id.key)).collect()))
    }

    fn spill(&mut self) -> Result<(), LakeError> {
        for (bucket, file) in self.buckets.iter_mut().zip(&mut self.files) {
            let writer = match file {
                Some(writer) => writer,
                None => file.insert(BufWriter::new(tempfile::tempfile()?)),
            };
            for entry in bucket.iter() {
                writer.write_all(&encode(entry))?;
            }
            *bucket = Vec::new();
        }
        self.held = 0;
        Ok(())
    }

    /// The rows that must go, by file, sorted. Files from `first_new_file` on were read in this run.
    pub fn losers(self, first_new_file: u32) -> Result<std::collections::BTreeMap<u32, Vec<u32>>, LakeError> {
        let buckets: Vec<_> = self.buckets.into_iter().zip(self.files).collect();
        let found = buckets.into_par_iter().map(|(entries, file)| losers_of_bucket(entries, file, first_new_file));
        let mut losers = std::collections::BTreeMap::<u32, Vec<u32>>::new();
        for (file, row) in found.collect::<Result<Vec<_>, LakeError>>()?.into_iter().flatten() {
            losers.entry(file).or_default().push(row);
        }
        for rows in losers.values_mut() {
            rows.sort_unstable();
        }
        Ok(losers)
    }
}

/// File and row of each row of a bucket that must go. `file` has what was put out of memory.
fn losers_of_bucket(
    mut entries: Vec<Entry>,
    file: Option<BufWriter<std::fs::File>>,
    first_new_file: u32,
) -> Result<Vec<(u32, u32)>, LakeError> {
    if let Some(writer) = file {
        let mut file = writer.into_inner().map_err(|error| LakeError::from(error.into_error()))?;
        file.seek(SeekFrom::Start(0))?;
        let mut reader = BufReader::new(file);
        let mut bytes = [0; ENTRY_BYTES];
        while read_entry(&mut reader, &mut bytes)? {
            entries.push(decode(&bytes));
        }
    }
    entries.sort_unstable_by_key(|entry| {
        let id = entry.id;
        // As a number keys are compared in two instructions.
        (u128::from_be_bytes(id.key), Reverse(id.version), id.tie, Reverse(id.hash), entry.file, entry.row)
    });
    let mut losers = Vec::new();
    for group in entries.chunk_by(|one, two| one.id.key == two.id.key).filter(|group| group.len() > 1) {
        let stays = stays(group, first_new_file);
        losers.extend(group.iter().filter(|entry| **entry != stays).map(|entry| (entry.file, entry.row)));
    }
    Ok(losers)
}

/// Which of the rows with one key stays; they are sorted by version, tie and hash.
fn stays(group: &[Entry], first_new_file: u32) -> Entry {
    let best = group[0];
    let equals = group.iter().take_while(|entry| (entry.id.version, entry.id.tie) == (best.id.version, best.id.tie));
    let newest = equals.clone().find(|entry| entry.file >= first_new_file);
    let wanted = newest.map_or(best.id.hash, |entry| entry.id.hash);
    // A row that is in the lake already and says the same is not written again.
    equals.filter(|entry| entry.id.hash == wanted).min_by_key(|entry| (entry.file, entry.row)).copied().unwrap_or(best)
}

fn read_entry(reader: &mut impl Read, bytes: &mut [u8; ENTRY_BYTES]) -> Result<bool, LakeError> {
    match reader.read_exact(bytes) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error.into()),
    }
}

fn encode(entry: &Entry) -> [u8; ENTRY_BYTES] {
    let mut bytes = [0; ENTRY_BYTES];
    bytes[..16].copy_from_slice(&entry.id.key);
    bytes[16..24].copy_from_slice(&entry.id.version.to_le_bytes());
    bytes[24..32].copy_from_slice(&entry.id.tie.to_le_bytes());
    bytes[32..40].copy_from_slice(&entry.id.hash.to_le_bytes());
    bytes[40..44].copy_from_slice(&entry.file.to_le_bytes());
    bytes[44..].copy_from_slice(&entry.row.to_le_bytes());
    bytes
}

fn decode(bytes: &[u8; ENTRY_BYTES]) -> Entry {
    let long = |at: usize| {
        let mut part = [0; 8];
        part.copy_from_slice(&bytes[at..at + 8]);
        i64::from_le_bytes(part)
    };
    let int = |at: usize| {
        let mut part = [0; 4];
        part.copy_from_slice(&bytes[at..at + 4]);
        u32::from_le_bytes(part)
    };
    let mut key = [0; 16];
    key.copy_from_slice(&bytes[..16]);
    Entry { id: RowId { key, version: long(16), tie: long(24), hash: long(32) }, file: int(40), row: int(44) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(key: u8, version: i64, tie: i64, hash: i64) -> RowId {
        RowId { key: [key; 16], version, tie, hash }
    }

    #[test]
    fn larger_version_stays_then_smaller_tie_then_what_was_read_last() {
        let mut duplicates = Duplicates::new();
        duplicates.add(0, &[id(1, 5, 0, 1), id(2, 1, 9, 1), id(3, 1, 1, 1), id(4, 1, 1, 8)]).unwrap();
        duplicates.add(1, &[id(1, 7, 0, 1), id(2, 1, 3, 1), id(3, 1, 1, 1), id(4, 1, 1, 2), id(5, 0, 0, 0)]).unwrap();
        let losers = duplicates.losers(1).unwrap();
        assert_eq!(losers.into_iter().collect::<Vec<_>>(), vec![(0, vec![0, 1, 3]), (1, vec![2])]);
    }

    #[test]
    fn rows_whose_key_did_not_come_again_need_not_be_added() {
        let id = |n: u32, version: i64| {
            let key = xxhash_rust::xxh3::xxh3_128(&n.to_le_bytes()).to_le_bytes();
            RowId { key, version, tie: i64::from(n % 3), hash: i64::from(n % 2) }
        };
        let before: Vec<RowId> = (0..200).map(|n| id(n, 1)).collect();
        let new: Vec<RowId> = (150..300).chain(180..220).map(|n| id(n, i64::from(n % 4))).collect();
        let losers = |all: bool| {
            let mut duplicates = Duplicates::new();
            duplicates.add(1, &new).unwrap();
            let keys = duplicates.keys().unwrap();
            let rows = before.iter().enumerate().filter(|(_, id)| all || keys.may_have(&id.key));
            let rows: Vec<(u32, RowId)> = rows.map(|(row, id)| (row as u32, *id)).collect();
            assert_eq!(rows.len(), if all { 200 } else { 50 });
            duplicates.add_rows(0, rows).unwrap();
            duplicates.losers(1).unwrap()
        };
        assert_eq!(losers(false), losers(true));
        assert!(losers(true).values().map(Vec::len).sum::<usize>() >= 90);
        let mut duplicates = Duplicates::new();
        duplicates.add(0, &new).unwrap();
        assert!(duplicates.keys().unwrap().may_have(b"no key"), "whoever reads it says that it is none");
        duplicates.spill().unwrap();
        assert!(duplicates.keys().is_none());
    }

    #[test]
    fn spilling_changes_nothing() {
        let ids: Vec<RowId> = (0..1000u32)
            .map(|n| RowId {
                key: xxhash_rust::xxh3::xxh3_128(&(n % 300).to_le_bytes()).to_le_bytes(),
                version: i64::from(n % 7),
                tie: i64::from(n),
                hash: 0,
            })
            .collect();
        let losers = |spill: bool| {
            let mut duplicates = Duplicates::new();
            for (file, chunk) in ids.chunks(100).enumerate() {
                duplicates.add(file as u32, chunk).unwrap();
                if spill {
                    duplicates.spill().unwrap();
                }
            }
            duplicates.losers(0).unwrap()
        };
        assert_eq!(losers(false), losers(true));
        assert_eq!(losers(true).values().map(Vec::len).sum::<usize>(), 700);
    }
}
