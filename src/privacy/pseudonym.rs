//! Keyed pseudonyms and the file that holds their key.
//!
//! Owns the key file's life: made at first use, refused when others can read it; and its epochs. The first line is the lake's key. A line
//! `NAME KEY` after it begins an epoch: from then on people, sessions and repositories are named under the last line's key, so that what was
//! published before cannot be joined with what comes after. Earlier epochs still find their people while their line stands; without the line
//! nobody can. What must be comparable for as long as the lake lives (redacted secrets, the key's own name) stays under the first line.
//!
//! Owns no identity: who is one person was decided before, by roster and aliases. A plain hash would not do, since listing the staff reverses it (EDPB 01/2025).

use std::fmt;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// Length of a key in bytes, the output of SHA-256.
const KEY_BYTES: usize = 32;
/// 80 bits: a collision among a million people has a chance below one in a million.
const PSEUDONYM_CHARACTERS: usize = 16;
/// RFC 4648 base32 in lower case.
const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
/// Most epochs of one file, fifteen years of quarters; a longer file is not a key.
const MOST_EPOCHS: usize = 60;
/// Longest name of an epoch.
const EPOCH_CHARACTERS: usize = 32;
/// Name of the key file when no path is configured, in the lake directory.
const KEY_FILE: &str = "pseudonym.key";

/// The kind of thing a pseudonym stands for; the same id in two domains has unrelated pseudonyms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Domain {
    /// A person or service.
    Actor,
    /// A session.
    Session,
    /// A repository.
    Repository,
    /// Somebody or something that was erased: unrelated to the pseudonyms that reports have.
    Erased,
    /// A secret that was redacted, so that its places can be counted.
    Secret,
    /// The key itself, so that a report can name the key it was made with.
    Key,
}

impl Domain {
    /// Names that are published change with every epoch; what is compared over the life of a lake does not.
    fn changes_with_epochs(self) -> bool {
        matches!(self, Domain::Actor | Domain::Session | Domain::Repository)
    }

    fn as_str(self) -> &'static str {
        match self {
            Domain::Actor => "actor",
            Domain::Session => "session",
            Domain::Repository => "repository",
            Domain::Erased => "erased",
            Domain::Secret => "secret",
            Domain::Key => "key",
        }
    }
}

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file could not be read or made.
    #[error("pseudonym key {path}: {source}", path = path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        source: io::Error,
    },
    /// Somebody else can read the key.
    #[error("pseudonym key {path} is readable by others (mode {mode:o}); run `chmod 600` on it", path = path.display())]
    Readable {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The content is not a key.
    #[error("pseudonym key {path} does not hold {KEY_BYTES} bytes in hexadecimal, and lines of an epoch's name and key after it", path = path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
    },
    /// The system gave no randomness.
    #[error("no randomness for a new pseudonym key: {0}")]
    Randomness(getrandom::Error),
}

/// Turns ids into pseudonyms under the keys of one file.
#[derive(Clone)]
pub struct Pseudonyms {
    keyed: Hmac<Sha256>,
    /// Oldest first; empty before the first rotation.
    epochs: Vec<Hmac<Sha256>>,
}

impl fmt::Debug for Pseudonyms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pseudonyms(***)")
    }
}

impl Pseudonyms {
    /// Opens the configured key file, or the lake's own, which is made (mode 0600) at first use. A configured file is never
    /// made: a mistyped path must not silently rename everybody.
    pub fn open(configured: Option<&Path>, lake: &Path) -> Result<Self, KeyError> {
        if let Some(path) = configured {
            return Self::read(path);
        }
        let path = lake.join(KEY_FILE);
        match path.try_exists() {
            Ok(true) => {}
            Ok(false) => make_key(lake, &path)?,
            Err(source) => return Err(KeyError::Io { path, source }),
        }
        Self::read(&path)
    }

    /// The key that is there, without making one.
    ///
    /// # Errors
    /// [`KeyError`] when the configured file, or a key in the lake, cannot be used.
    pub fn existing(configured: Option<&Path>, lake: &Path) -> Result<Option<Self>, KeyError> {
        let path = lake.join(KEY_FILE);
        match (configured, path.try_exists()) {
            (Some(path), _) => Self::read(path).map(Some),
            (None, Ok(true)) => Self::read(&path).map(Some),
            (None, Ok(false)) => Ok(None),
            (None, Err(source)) => Err(KeyError::Io { path, source }),
        }
    }

    /// A key given directly, as tests and simulations do.
    pub fn with_key(key: [u8; KEY_BYTES]) -> Self {
        Self { keyed: keyed_by(&key), epochs: Vec::new() }
    }

    /// 16 characters of base32(HMAC-SHA256(key, domain, id)), in the present epoch.
    pub fn of(&self, domain: Domain, id: &str) -> String {
        let epoch = self.epochs.last().filter(|_| domain.changes_with_epochs());
        named(epoch.unwrap_or(&self.keyed), domain, id)
    }

    /// Whether `pseudonym` stands for the id, in the present epoch or in one that the key file still has.
    pub fn is_of(&self, domain: Domain, id: &str, pseudonym: &str) -> bool {
        self.every(domain, id).iter().any(|one| one == pseudonym)
    }

    /// The pseudonyms of the id in all epochs that the key file still has, the present one last.
    pub fn every(&self, domain: Domain, id: &str) -> Vec<String> {
        let epochs = self.epochs.iter().filter(|_| domain.changes_with_epochs());
        std::iter::once(&self.keyed).chain(epochs).map(|keyed| named(keyed, domain, id)).collect()
    }

    /// A key of the release ledger's own, derived from this one (HMAC-SHA256 under a domain that no id can reach).
    pub fn release_key(&self) -> [u8; 32] {
        let mut mac = self.keyed.clone();
        mac.update(b"release\0");
        mac.finalize().into_bytes().into()
    }

    /// Names the key of the present epoch without giving it away.
    pub fn key_id(&self) -> String {
        named(self.epochs.last().unwrap_or(&self.keyed), Domain::Key, "")
    }

    /// Names the lake's key, the first line: for what lasts as long as the lake and is never named anew.
    pub fn lake_key_id(&self) -> String {
        named(&self.keyed, Domain::Key, "")
    }

    /// Whether an id names the lake's key or that of an epoch that the key file still has.
    pub fn has_key(&self, key_id: &str) -> bool {
        std::iter::once(&self.keyed).chain(&self.epochs).any(|keyed| named(keyed, Domain::Key, "") == key_id)
    }

    fn read(path: &Path) -> Result<Self, KeyError> {
        let failed = |source| KeyError::Io { path: path.to_owned(), source };
        let file = File::open(path).map_err(failed)?;
        refuse_shared(path, &file)?;
        let mut text = String::new();
        // Room for line ends; a longer file is not a key.
        let most = (MOST_EPOCHS + 1) * (EPOCH_CHARACTERS + 2 * KEY_BYTES + 4);
        file.take(most as u64).read_to_string(&mut text).map_err(failed)?;
        Self::parsed(&text).ok_or_else(|| KeyError::Malformed { path: path.to_owned() })
    }

    fn parsed(text: &str) -> Option<Self> {
        let mut lines = text.trim_end().lines();
        let mut pseudonyms = Self::with_key(parsed(lines.next()?.trim_end())?);
        for line in lines {
            let (name, key) = line.trim_end().split_once(' ')?;
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
            if name.is_empty() || name.len() > EPOCH_CHARACTERS || !name.bytes().all(plain) {
                return None;
            }
            pseudonyms.epochs.push(keyed_by(&parsed(key)?));
        }
        (pseudonyms.epochs.len() <= MOST_EPOCHS).then_some(pseudonyms)
    }
}

fn keyed_by(key: &[u8; KEY_BYTES]) -> Hmac<Sha256> {
    // The array fits HMAC's block, so this is `new_from_slice` without its error.
    let mut block = hmac::digest::Key::<Hmac<Sha256>>::default();
    block[..KEY_BYTES].copy_from_slice(key);
    Hmac::new(&block)
}

fn named(keyed: &Hmac<Sha256>, domain: Domain, id: &str) -> String {
    let mut mac = keyed.clone();
    // The domain is part of what is signed, so every domain has a function of its own, unrelated to the others without the key. The zero
    // byte ends it, so that no id can reach into another one.
    mac.update(domain.as_str().as_bytes());
    mac.update(&[0]);
    mac.update(id.as_bytes());
    base32(&mac.finalize().into_bytes(), PSEUDONYM_CHARACTERS)
}

/// Writes a new key beside its place and moves it there whole; of two processes that do so, the first wins.
fn make_key(lake: &Path, path: &Path) -> Result<(), KeyError> {
    let mut key = [0; KEY_BYTES];
    getrandom::fill(&mut key).map_err(KeyError::Randomness)?;
    let failed = |source| KeyError::Io { path: path.to_owned(), source };
    // Temporary files are made with mode 0600.
    let mut file = tempfile::NamedTempFile::new_in(lake).map_err(failed)?;
    let text: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
    writeln!(file, "{text}").map_err(failed)?;
    file.as_file().sync_all().map_err(failed)?;
    match file.persist_noclobber(path) {
        Ok(_) => Ok(()),
        Err(taken) if taken.error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(other) => Err(failed(other.error)),
    }
}

#[cfg(unix)]
fn refuse_shared(path: &Path, file: &File) -> Result<(), KeyError> {
    use std::os::unix::fs::PermissionsExt;
    let metadata = file.metadata().map_err(|source| KeyError::Io { path: path.to_owned(), source })?;
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 != 0 { Err(KeyError::Readable { path: path.to_owned(), mode }) } else { Ok(()) }
}

/// Elsewhere permissions are lists that a mode does not show; the directory is what protects the key.
#[cfg(not(unix))]
fn refuse_shared(_path: &Path, _file: &File) -> Result<(), KeyError> {
    Ok(())
}

fn parsed(text: &str) -> Option<[u8; KEY_BYTES]> {
    if text.len() != 2 * KEY_BYTES || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let mut key = [0; KEY_BYTES];
    for (at, byte) in key.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * at..2 * at + 2)?, 16).ok()?;
    }
    Some(key)
}

fn base32(bytes: &[u8], characters: usize) -> String {
    (0..characters)
        .map(|at| {
            let bit = at * 5;
            let pair = u16::from(bytes[bit / 8]) << 8 | u16::from(bytes.get(bit / 8 + 1).copied().unwrap_or(0));
            char::from(ALPHABET[usize::from(pair >> (11 - bit % 8) & 31)])
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn known_answer() {
        // python3 -c "import hmac,base64;print(base64.b32encode(hmac.digest(bytes(range(32)),b'actor\0ada@example.com',
        // 'sha256'))[:16].lower())"
        let mut key = [0; 32];
        key.iter_mut().zip(0..).for_each(|(byte, value)| *byte = value);
        assert_eq!(Pseudonyms::with_key(key).of(Domain::Actor, "ada@example.com"), "bcpnlqto4ez2gp6l");
    }

    #[test]
    fn domains_and_keys_are_unrelated() {
        let one = Pseudonyms::with_key([1; 32]);
        let two = Pseudonyms::with_key([2; 32]);
        assert_ne!(one.of(Domain::Actor, "x"), one.of(Domain::Session, "x"));
        assert_ne!(one.of(Domain::Actor, "x"), two.of(Domain::Actor, "x"));
        assert_ne!(one.key_id(), two.key_id());
        assert_eq!(format!("{one:?}"), "Pseudonyms(***)");
    }

    #[test]
    fn the_lake_key_is_made_once_and_private() {
        let lake = tempfile::tempdir().unwrap();
        let first = Pseudonyms::open(None, lake.path()).unwrap();
        let again = Pseudonyms::open(None, lake.path()).unwrap();
        assert_eq!(first.of(Domain::Actor, "ada"), again.of(Domain::Actor, "ada"));
        assert_eq!(std::fs::read_dir(lake.path()).unwrap().count(), 1);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let path = lake.path().join(KEY_FILE);
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
            let error = Pseudonyms::open(None, lake.path()).unwrap_err();
            assert!(matches!(error, KeyError::Readable { mode: 0o640, .. }), "{error}");
        }
    }

    #[test]
    fn a_configured_key_is_never_made_and_must_be_one() {
        let lake = tempfile::tempdir().unwrap();
        let path = lake.path().join("mine");
        assert!(matches!(Pseudonyms::open(Some(&path), lake.path()), Err(KeyError::Io { .. })));
        for content in ["", "abc", &"g".repeat(64), &"é".repeat(32), &"a".repeat(66)] {
            let mut file = tempfile::NamedTempFile::new().unwrap();
            file.write_all(content.as_bytes()).unwrap();
            let error = Pseudonyms::open(Some(file.path()), lake.path()).unwrap_err();
            assert!(matches!(error, KeyError::Malformed { .. }), "{content}: {error}");
        }
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(format!("{}\n", "0a".repeat(32)).as_bytes()).unwrap();
        let opened = Pseudonyms::open(Some(file.path()), lake.path()).unwrap();
        assert_eq!(opened.key_id(), Pseudonyms::with_key([10; 32]).key_id());
    }

    #[test]
    fn a_new_epoch_renames_people_and_nothing_that_lasts() {
        let text = |epochs: &str| format!("{}\n{epochs}", "0a".repeat(32));
        let before = Pseudonyms::parsed(&text("")).unwrap();
        let first = Pseudonyms::parsed(&text(&format!("2026-q4 {}\n", "0b".repeat(32)))).unwrap();
        let second =
            Pseudonyms::parsed(&text(&format!("2026-q4 {}\n2027-q1 {}\n", "0b".repeat(32), "0c".repeat(32)))).unwrap();
        let forgot = Pseudonyms::parsed(&text(&format!("2027-q1 {}\n", "0c".repeat(32)))).unwrap();
        let names = [&before, &first, &second].map(|keys| keys.of(Domain::Actor, "ada"));
        assert!(names[0] != names[1] && names[1] != names[2] && names[0] != names[2], "{names:?}");
        assert_ne!(first.key_id(), second.key_id());
        assert_eq!([&first, &second].map(Pseudonyms::lake_key_id), [before.key_id(), before.key_id()]);
        // A longer life: what was redacted keeps its tag.
        assert_eq!(before.of(Domain::Secret, "x"), second.of(Domain::Secret, "x"));
        assert_eq!(second.every(Domain::Actor, "ada"), names);
        assert!(second.is_of(Domain::Actor, "ada", &names[1]));
        // Without its line an epoch is beyond everybody.
        assert!(!forgot.is_of(Domain::Actor, "ada", &names[1]) && forgot.is_of(Domain::Actor, "ada", &names[2]));
        for wrong in ["2026-q4", "2026 q4 aa", "a/b ", "\n\n"] {
            assert!(Pseudonyms::parsed(&text(&format!("{wrong}{}", "0b".repeat(32)))).is_none(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn a_pseudonym_is_sixteen_plain_characters(id in any::<String>()) {
            let pseudonym = Pseudonyms::with_key([7; 32]).of(Domain::Actor, &id);
            prop_assert!(pseudonym.len() == 16 && pseudonym.bytes().all(|byte| ALPHABET.contains(&byte)));
        }
    }
}
