//! What there is to read below the input paths.

use super::own_places::OwnPlaces;
use crate::privacy::Secrets;
use crate::sources::companions::Companions;
use crate::sources::{Reason, SourceOptions, Unit, sqlite};
use globset::GlobSet;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Something that may be read.
#[derive(Debug, Clone)]
pub struct Found {
    /// Where it is, from the root.
    pub path: PathBuf,
    /// Its name in the lake: the input as given, joined with the path below it, with forward slashes and without secrets.
    pub name: String,
    /// File or repository.
    pub unit: Unit,
    /// Size on disk; 0 for a repository.
    pub bytes: u64,
    /// Modification time in nanoseconds since the epoch.
    pub modified_ns: i64,
    /// Inode change time in nanoseconds since the epoch, where the system has one.
    pub changed_ns: i64,
}

/// Something below the inputs that cannot be read.
#[derive(Debug, Clone)]
pub struct Unreadable {
    /// Its name in the lake.
    pub name: String,
    /// Why.
    pub reason: Reason,
    /// The system's message.
    pub detail: String,
}

/// What lies below the inputs.
#[derive(Debug, Default)]
pub struct Discovered {
    /// What may be read, sorted by name and once each, however often the inputs overlap.
    pub found: Vec<Found>,
    /// What cannot be read.
    pub unreadable: Vec<Unreadable>,
    /// What `exclude` leaves out.
    pub excluded: usize,
    /// Files that tools keep beside their logs, by source and kind. They are not opened.
    pub passed_over: BTreeMap<String, u64>,
}

/// Walks the inputs. Links are followed only when they are inputs themselves; a directory that holds a git repository is one unit.
pub fn discover(inputs: &[PathBuf], exclude: &GlobSet, secrets: &Secrets, options: &SourceOptions) -> Discovered {
    let mut found = Vec::new();
    let mut unreadable = Vec::new();
    let mut excluded = 0;
    let companions = Companions::new(options);
    let mut own = OwnPlaces::new(&companions);
    for input in inputs {
        own.enter(input);
        let mut walk = walkdir::WalkDir::new(input).follow_root_links(true).sort_by_file_name().into_iter();
        while let Some(entry) = walk.next() {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    unreadable.push(Unreadable {
                        name: name_of(error.path().unwrap_or(input)),
                        reason: Reason::Unreadable,
                        detail: error
                            .io_error()
                            .map_or_else(|| "loop of links".into(), |error| error.kind().to_string()),
                    });
                    continue;
                }
            };
            let path = entry.path();
            let name = name_of(path);
            if exclude.is_match(&name) {
                excluded += 1;
                if entry.file_type().is_dir() {
                    walk.skip_current_dir();
                }
                continue;
            }
            let is_directory = entry.file_type().is_dir();
            let is_repository = is_directory && is_repository(path);
            if own.passes_over(path, &name, is_directory, is_repository) {
                if is_directory {
                    walk.skip_current_dir();
                }
                continue;
            }
            if is_directory {
                if is_repository && !own.keeps(&path.join(".git")) {
                    found.push(Found {
                        path: from_root(path),
                        name,
                        unit: Unit::GitRepository,
                        bytes: 0,
                        modified_ns: 0,
                        changed_ns: 0,
                    });
                    walk.skip_current_dir();
                }
                continue;
            }
            // A link given as an input was followed by the walk; any other link is left alone, it may lead anywhere.
            if entry.file_type().is_symlink() && entry.depth() > 0 {
                unreadable.push(Unreadable { name, reason: Reason::NotARegularFile, detail: "symbolic link".into() });
                continue;
            }
            match std::fs::metadata(path) {
                // The log of a database is read with it. One that is named alone is passed over like any stranger.
                Ok(meta) if entry.depth() > 0 && meta.is_file() && sqlite::is_part_of_database(path) => {}
                Ok(meta) if meta.is_file() => found.push(file(path, name, &meta)),
                Ok(_) => unreadable.push(Unreadable {
                    name,
                    reason: Reason::NotARegularFile,
                    detail: "pipe, socket or device".into(),
                }),
                Err(error) => {
                    unreadable.push(Unreadable { name, reason: Reason::Unreadable, detail: error.kind().to_string() })
                }
            }
        }
    }
    found.sort_by(|one, two| (&one.name, &one.path).cmp(&(&two.name, &two.path)));
    found.dedup_by(|one, two| one.path == two.path);
    // Names that are not text, and backslashes, can make two names one; the lake tells files by their names.
    found.dedup_by(|later, first| {
        let is_same = later.name == first.name;
        if is_same {
            let detail = "another file has this name, as far as it is text".to_owned();
            unreadable.push(Unreadable { name: later.name.clone(), reason: Reason::Unreadable, detail });
        }
        is_same
    });
    let names = found.iter_mut().map(|found| &mut found.name).chain(unreadable.iter_mut().map(|one| &mut one.name));
    for name in names {
        if let Cow::Owned(without) = secrets.redact(name, |_| {}) {
            *name = without;
        }
    }
    Discovered { found, unreadable, excluded, passed_over: own.counts() }
}

/// A file; of a database with its log beside it, both: the log can grow while the database does not.
fn file(path: &Path, name: String, meta: &std::fs::Metadata) -> Found {
    let log = sqlite::write_ahead_log(path).and_then(|log| std::fs::metadata(log).ok());
    let both = |of: fn(&std::fs::Metadata) -> i64| log.as_ref().map_or(0, of).max(of(meta));
    Found {
        path: from_root(path),
        name,
        unit: Unit::File,
        bytes: meta.len() + log.as_ref().map_or(0, |log| log.len()),
        modified_ns: both(modified_ns),
        changed_ns: both(changed_ns),
    }
}

/// The absolute path; links are not followed.
pub fn from_root(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf())
}

fn name_of(path: &Path) -> String {
    path.components()
        .filter(|part| !matches!(part, std::path::Component::CurDir))
        .collect::<PathBuf>()
        .to_string_lossy()
        .replace('\\', "/")
}

fn is_repository(path: &Path) -> bool {
    path.join(".git").exists()
        || (path.join("HEAD").is_file() && path.join("objects").is_dir() && path.join("refs").is_dir())
}

fn modified_ns(meta: &std::fs::Metadata) -> i64 {
    meta.modified()
        .ok()
        .and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok())
        .map_or(0, |since| since.as_nanos() as i64)
}

#[cfg(unix)]
fn changed_ns(meta: &std::fs::Metadata) -> i64 {
    use std::os::unix::fs::MetadataExt;
    meta.ctime().saturating_mul(1_000_000_000).saturating_add(meta.ctime_nsec())
}

#[cfg(not(unix))]
fn changed_ns(_: &std::fs::Metadata) -> i64 {
    0
}
