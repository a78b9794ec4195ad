//! Tombstones: who was erased from a lake, told so that nobody can read it off and every ingest can honour it.
//!
//! Owns the shape of `LAKE/tombstones/ID.json` and the comparison. Each name, session and file is an HMAC under the key of the pseudonyms, in a
//! domain of its own, so that a tombstone names nobody without the key and matches no pseudonym with it. Owns no identity rules and no rows.

use super::pseudonym::{Domain, Pseudonyms};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, HashMap};
use std::io;
use std::path::{Path, PathBuf};

/// Directory in the lake.
const DIRECTORY: &str = "tombstones";
/// How masked names of files begin.
const MASK: &str = "erased:";

/// One person who was erased.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tombstone {
    /// Version of the file's shape.
    pub schema_version: u32,
    /// Keyed id of the account.
    pub tombstone_id: String,
    /// Names the key that everything here was made with.
    pub key_id: String,
    /// When, RFC 3339.
    pub erased_at: String,
    /// False while the rows may not all be gone: whoever writes the lake next finishes it.
    pub is_finished: bool,
    /// Keyed accounts, aliases and user names.
    pub names: BTreeSet<String>,
    /// Keyed ids of sessions that were this person's alone.
    pub sessions: BTreeSet<String>,
    /// Ids of the release ledger that are to be taken out of it; empty when they are out.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub ledger_members: BTreeSet<String>,
}

/// Why tombstones cannot be honoured. Nothing may be ingested then: it could bring somebody back.
#[derive(Debug, thiserror::Error)]
pub enum TombstoneError {
    /// The operating system refused.
    #[error("tombstone {path}: {source}", path = path.display())]
    Io {
        /// File or directory.
        path: PathBuf,
        /// What went wrong.
        source: io::Error,
    },
    /// The file is not a tombstone.
    #[error("tombstone {path}: {source}", path = path.display())]
    Malformed {
        /// File.
        path: PathBuf,
        /// What went wrong.
        source: serde_json::Error,
    },
    /// The key is another one than that of the tombstone.
    #[error(
        "tombstone {path} was made with key {made_with}, and the present key is {present}: people who were erased cannot be told; restore the key",
        path = path.display()
    )]
    OtherKey {
        /// File.
        path: PathBuf,
        /// Id of its key.
        made_with: String,
        /// Id of the key at hand.
        present: String,
    },
}

/// All tombstones of a lake under its key.
#[derive(Debug, Clone)]
pub struct Tombstones {
    pseudonyms: Pseudonyms,
    all: Vec<Tombstone>,
    names: HashMap<String, usize>,
    sessions: HashMap<String, usize>,
}

impl Tombstones {
    /// Whether a lake has any, before a key is asked for.
    pub fn exist(lake: &Path) -> Result<bool, TombstoneError> {
        Ok(!paths(lake)?.is_empty())
    }

    /// Reads those of a lake.
    pub fn read(lake: &Path, pseudonyms: Pseudonyms) -> Result<Self, TombstoneError> {
        let mut tombstones = Self { pseudonyms, all: Vec::new(), names: HashMap::new(), sessions: HashMap::new() };
        // Under the lake's key, like all that is in them: an epoch renames people, and whoever was erased stays out.
        let present = tombstones.pseudonyms.lake_key_id();
        for path in paths(lake)? {
            let text = std::fs::read(&path).map_err(|source| TombstoneError::Io { path: path.clone(), source })?;
            let tombstone: Tombstone = serde_json::from_slice(&text)
                .map_err(|source| TombstoneError::Malformed { path: path.clone(), source })?;
            // Earlier versions wrote the id of the epoch beside what they, too, made with the lake's key.
            if !tombstones.pseudonyms.has_key(&tombstone.key_id) {
                return Err(TombstoneError::OtherKey { path, made_with: tombstone.key_id, present });
            }
            tombstones.add(tombstone);
        }
        Ok(tombstones)
    }

    /// A tombstone for an account, without names and sessions yet.
    pub fn begin(&self, account: &str, at: &str) -> Tombstone {
        Tombstone {
            schema_version: 1,
            tombstone_id: self.id_of(account),
            key_id: self.pseudonyms.lake_key_id(),
            erased_at: at.to_owned(),
            is_finished: false,
            names: BTreeSet::new(),
            sessions: BTreeSet::new(),
            ledger_members: BTreeSet::new(),
        }
    }

    /// The key that they were made with.
    pub fn pseudonyms(&self) -> &Pseudonyms {
        &self.pseudonyms
    }

    /// The id that an account's tombstone has.
    pub fn id_of(&self, account: &str) -> String {
        self.keyed("account", account)
    }

    /// Adds a tombstone, or replaces the one of the same id.
    pub fn add(&mut self, tombstone: Tombstone) {
        let place = match self.all.iter().position(|one| one.tombstone_id == tombstone.tombstone_id) {
            Some(place) => {
                self.all[place] = tombstone;
                place
            }
            None => {
                self.all.push(tombstone);
                self.all.len() - 1
            }
        };
        self.names.extend(self.all[place].names.iter().map(|name| (name.clone(), place)));
        self.sessions.extend(self.all[place].sessions.iter().map(|session| (session.clone(), place)));
    }

    /// Every tombstone, in the order of their ids.
    pub fn all(&self) -> &[Tombstone] {
        &self.all
    }

    /// The tombstone at a place that [`Self::of_name`] or [`Self::of_session`] told.
    pub fn get(&self, place: usize) -> Option<&Tombstone> {
        self.all.get(place)
    }

    /// What a tombstone has for a name: accounts and logins compare without case and surrounding blanks, as identity rules do.
    pub fn name(&self, name: &str) -> String {
        self.keyed("name", &name.trim().to_lowercase())
    }

    /// What a tombstone has for a session.
    pub fn session(&self, session_id: &str) -> String {
        self.keyed("session", session_id)
    }

    /// Whose tombstone has this name.
    pub fn of_name(&self, name: &str) -> Option<usize> {
        if self.names.is_empty() { None } else { self.names.get(&self.name(name)).copied() }
    }

    /// Whose tombstone has this session.
    pub fn of_session(&self, session_id: &str) -> Option<usize> {
        if self.sessions.is_empty() { None } else { self.sessions.get(&self.session(session_id)).copied() }
    }

    /// What stands in the ledger instead of the name of a file that held nothing but rows of erased people.
    pub fn masked_file(&self, source_file: &str) -> String {
        if is_masked(source_file) {
            return source_file.to_owned();
        }
        format!("{MASK}{}", self.keyed("file", source_file))
    }

    fn keyed(&self, what: &str, value: &str) -> String {
        self.pseudonyms.of(Domain::Erased, &format!("{what}\0{value}"))
    }
}

impl Tombstone {
    /// Where it stands in a lake.
    pub fn path(&self, lake: &Path) -> PathBuf {
        lake.join(DIRECTORY).join(format!("{}.json", self.tombstone_id))
    }
}

/// Whether a name of a file is a masked one.
pub fn is_masked(source_file: &str) -> bool {
    source_file.starts_with(MASK)
}

/// The files of tombstones, by name.
fn paths(lake: &Path) -> Result<Vec<PathBuf>, TombstoneError> {
    let directory = lake.join(DIRECTORY);
    let entries = match std::fs::read_dir(&directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => return Err(TombstoneError::Io { path: directory, source }),
    };
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry.map_err(|source| TombstoneError::Io { path: directory.clone(), source })?.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(tombstone: &Tombstone, lake: &Path) {
        let path = tombstone.path(lake);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, serde_json::to_string(tombstone).unwrap()).unwrap();
    }

    #[test]
    fn a_tombstone_knows_its_person_and_names_nobody() {
        let lake = tempfile::tempdir().unwrap();
        let pseudonyms = Pseudonyms::with_key([3; 32]);
        assert!(!Tombstones::exist(lake.path()).unwrap());
        let empty = Tombstones::read(lake.path(), pseudonyms.clone()).unwrap();
        let mut tombstone = empty.begin("ada@example.com", "2026-11-22T10:00:00Z");
        tombstone.names.insert(empty.name("Ada@Example.com "));
        tombstone.sessions.insert(empty.session("s-1"));
        write(&tombstone, lake.path());
        let text = std::fs::read_to_string(tombstone.path(lake.path())).unwrap();
        assert!(!text.to_lowercase().contains("ada") && !text.contains("s-1"), "{text}");
        assert!(!text.contains(&pseudonyms.of(Domain::Actor, "ada@example.com")), "it matches no pseudonym");
        let tombstones = Tombstones::read(lake.path(), pseudonyms).unwrap();
        assert_eq!(tombstones.of_name("ada@example.com"), Some(0));
        assert_eq!(tombstones.of_name("ada"), None);
        assert_eq!((tombstones.of_session("s-1"), tombstones.of_session("ada@example.com")), (Some(0), None));
        let masked = tombstones.masked_file("exports/ada/x.jsonl");
        assert!(is_masked(&masked) && !masked.contains("ada") && tombstones.masked_file(&masked) == masked);
    }

    #[test]
    fn a_new_epoch_forgets_nobody_who_was_erased() {
        let lake = tempfile::tempdir().unwrap();
        let before = Tombstones::read(lake.path(), Pseudonyms::open(None, lake.path()).unwrap()).unwrap();
        let mut tombstone = before.begin("ada", "2026-11-22T10:00:00Z");
        tombstone.names.insert(before.name("ada"));
        write(&tombstone, lake.path());
        let key = lake.path().join("pseudonym.key");
        let line = format!("{}2027-q1 {}\n", std::fs::read_to_string(&key).unwrap(), "0b".repeat(32));
        std::fs::write(&key, line).unwrap();
        let after = Tombstones::read(lake.path(), Pseudonyms::open(None, lake.path()).unwrap()).unwrap();
        assert_eq!(after.of_name("ada"), Some(0));
        assert_eq!(after.begin("ada", "2027-01-04T10:00:00Z").tombstone_id, tombstone.tombstone_id);
        // As a version wrote it that named the epoch.
        let epoch = after.pseudonyms().key_id();
        assert_ne!(epoch, tombstone.key_id);
        write(&Tombstone { key_id: epoch, ..tombstone }, lake.path());
        let named_after_the_epoch = Tombstones::read(lake.path(), after.pseudonyms().clone()).unwrap();
        assert_eq!(named_after_the_epoch.of_name("ada"), Some(0));
    }

    #[test]
    fn under_another_key_or_damaged_they_are_an_error() {
        let lake = tempfile::tempdir().unwrap();
        let made = Tombstones::read(lake.path(), Pseudonyms::with_key([3; 32])).unwrap();
        let tombstone = made.begin("ada", "2026-11-22T10:00:00Z");
        write(&tombstone, lake.path());
        let error = Tombstones::read(lake.path(), Pseudonyms::with_key([4; 32])).unwrap_err();
        assert!(matches!(error, TombstoneError::OtherKey { .. }), "{error}");
        std::fs::write(tombstone.path(lake.path()), "{").unwrap();
        let error = Tombstones::read(lake.path(), Pseudonyms::with_key([3; 32])).unwrap_err();
        assert!(matches!(error, TombstoneError::Malformed { .. }), "{error}");
    }
}
