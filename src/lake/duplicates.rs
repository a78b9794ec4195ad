//! Which rows stay when one thing was read more than once, in bounded memory.
//!
//! Every row's identity (40 bytes) goes into one of 64 buckets by key; buckets stay in memory up to a budget and go to
//! temporary files beyond it. Each bucket is then sorted alone. Of rows with one key the larger version stays, then the smaller tie,
//! then the row that was there first: a rule on content, so that file order and thread count do not matter.

use super::LakeError;
use super::rows::RowId;
use std::io::{BufReader, BufWriter, Read, Seek, SeekFrom, Write};

const BUCKETS: usize = 64;
/// Identities held in memory before buckets go to disk: 2 M of 40 bytes.
const IN_MEMORY: usize = 2_000_000;
const ENTRY_BYTES: usize = 40;

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
        self.add_except(file, ids, &[])
    }

    /// Adds the rows of one file in row order, but for those in `except` (sorted), which go anyway.
    pub fn add_except(&mut self, file: u32, ids: &[RowId], except: &[u32]) -> Result<(), LakeError> {
        for (row, id) in ids.iter().enumerate() {
            if except.binary_search(&(row as u32)).is_err() {
                let bucket = usize::from(id.key[0]) % BUCKETS;
                self.buckets[bucket].push(Entry { id: *id, file, row: row as u32 });
            }
        }
        self.held += ids.len();
        if self.held > IN_MEMORY {
            self.spill()?;
        }
        Ok(())
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

    /// The rows that must go, by file, sorted. `was_there` says of a file number whether it is in the lake already: a loser there means that a
    /// newer copy replaces it.
    pub fn losers(self) -> Result<std::collections::BTreeMap<u32, Vec<u32>>, LakeError> {
        let mut losers = std::collections::BTreeMap::<u32, Vec<u32>>::new();
        for (mut entries, file) in self.buckets.into_iter().zip(self.files) {
            if let Some(writer) = file {
                let mut file = writer.into_inner().map_err(|error| LakeError::from(error.into_error()))?;
                file.seek(SeekFrom::Start(0))?;
                let mut reader = BufReader::new(file);
                let mut bytes = [0; ENTRY_BYTES];
                while read_entry(&mut reader, &mut bytes)? {
                    entries.push(decode(&bytes));
                }
            }
            entries.sort_unstable_by(|one, two| {
                (one.id.key, -one.id.version, one.id.tie, one.file, one.row).cmp(&(
                    two.id.key,
                    -two.id.version,
                    two.id.tie,
                    two.file,
                    two.row,
                ))
            });
            for pair in entries.windows(2) {
                if pair[0].id.key == pair[1].id.key {
                    losers.entry(pair[1].file).or_default().push(pair[1].row);
                }
            }
        }
        for rows in losers.values_mut() {
            rows.sort_unstable();
        }
        Ok(losers)
    }
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
    bytes[32..36].copy_from_slice(&entry.file.to_le_bytes());
    bytes[36..].copy_from_slice(&entry.row.to_le_bytes());
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
    Entry { id: RowId { key, version: long(16), tie: long(24) }, file: int(32), row: int(36) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(key: u8, version: i64, tie: i64) -> RowId {
        RowId { key: [key; 16], version, tie }
    }

    #[test]
    fn larger_version_stays_then_smaller_tie_then_the_first() {
        let mut duplicates = Duplicates::new();
        duplicates.add(0, &[id(1, 5, 0), id(2, 1, 9), id(3, 1, 1)]).unwrap();
        duplicates.add(1, &[id(1, 7, 0), id(2, 1, 3), id(3, 1, 1), id(4, 0, 0)]).unwrap();
        let losers = duplicates.losers().unwrap();
        assert_eq!(losers.into_iter().collect::<Vec<_>>(), vec![(0, vec![0, 1]), (1, vec![2])]);
    }

    #[test]
    fn spilling_changes_nothing() {
        let ids: Vec<RowId> = (0..1000u32)
            .map(|n| RowId {
                key: xxhash_rust::xxh3::xxh3_128(&(n % 300).to_le_bytes()).to_le_bytes(),
                version: i64::from(n % 7),
                tie: i64::from(n),
            })
            .collect();
        let in_memory = |spill: bool| {
            let mut duplicates = Duplicates::new();
            for (file, chunk) in ids.chunks(100).enumerate() {
                duplicates.add(file as u32, chunk).unwrap();
                if spill {
                    duplicates.spill().unwrap();
                }
            }
            duplicates.losers().unwrap()
        };
        assert_eq!(in_memory(false), in_memory(true));
        assert_eq!(in_memory(true).values().map(Vec::len).sum::<usize>(), 700);
    }
}
