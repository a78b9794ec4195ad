//! Keyed pseudonyms and the file that holds their key.
//!
//! Owns the key file's life: made at first use, refused when others can read it. Owns no identity: who is one person was
//! decided before, by roster and aliases. A plain hash would not do, since listing the staff reverses it (EDPB 01/2025).

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
    /// The key itself, so that a report can name the key it was made with.
    Key,
}

impl Domain {
    fn as_str(self) -> &'static str {
        match self {
            Domain::Actor => "actor",
            Domain::Session => "session",
            Domain::Repository => "repository",
            Domain::Erased => "erased",
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
    #[error("pseudonym key {path} does not hold {KEY_BYTES} bytes in hexadecimal", path = path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
    },
    /// The system gave no randomness.
    #[error("no randomness for a new pseudonym key: {0}")]
    Randomness(getrandom::Error),
}

/// Turns ids into pseudonyms under one key.
#[derive(Clone)]
pub struct Pseudonyms {
    keyed: Hmac<Sha256>,
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

    /// A key given directly, as tests and simulations do.
    pub fn with_key(key: [u8; KEY_BYTES]) -> Self {
        // The array fits HMAC's block, so this is `new_from_slice` without its error.
        let mut block = hmac::digest::Key::<Hmac<Sha256>>::default();
        block[..KEY_BYTES].copy_from_slice(&key);
        Self { keyed: Hmac::new(&block) }
    }

    /// 16 characters of base32(HMAC-SHA256(key, domain, id)).
    pub fn of(&self, domain: Domain, id: &str) -> String {
        let mut mac = self.keyed.clone();
        // The zero byte ends the domain, so that no id can reach into another one.
        mac.update(domain.as_str().as_bytes());
        mac.update(&[0]);
        mac.update(id.as_bytes());
        base32(&mac.finalize().into_bytes(), PSEUDONYM_CHARACTERS)
    }

    /// Names the key without giving it away.
    pub fn key_id(&self) -> String {
        self.of(Domain::Key, "")
    }

    fn read(path: &Path) -> Result<Self, KeyError> {
        let failed = |source| KeyError::Io { path: path.to_owned(), source };
        let file = File::open(path).map_err(failed)?;
        refuse_shared(path, &file)?;
        let mut text = String::new();
        // Room for a newline; a longer file is not a key.
        file.take(2 * KEY_BYTES as u64 + 2).read_to_string(&mut text).map_err(failed)?;
        let key = parsed(text.trim_end()).ok_or_else(|| KeyError::Malformed { path: path.to_owned() })?;
        Ok(Self::with_key(key))
    }
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

    proptest! {
        #[test]
        fn a_pseudonym_is_sixteen_plain_characters(id in any::<String>()) {
            let pseudonym = Pseudonyms::with_key([7; 32]).of(Domain::Actor, &id);
            prop_assert!(pseudonym.len() == 16 && pseudonym.bytes().all(|byte| ALPHABET.contains(&byte)));
        }
    }
}
