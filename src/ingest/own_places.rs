//! What lies below an input is a tool's own and no log: counted by kind, and not opened.
//!
//! Owns which of it is passed over for an input as it was named. What tools keep is [`crate::sources::companions`]'.

use crate::sources::companions::{Companion, Companions};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The places of tools below the inputs, one input after the other.
pub struct OwnPlaces<'a> {
    companions: &'a Companions<'a>,
    /// The input as it was named, and where it is.
    input: PathBuf,
    absolute: PathBuf,
    /// The input itself lies in such a place: whoever names it means it, and only directories of tools below it count.
    is_meant: bool,
    /// The directory below the input in which agents work.
    work: Option<(PathBuf, Companion)>,
    /// Files at each place, by its name: once each, however often the inputs overlap.
    passed_over: BTreeMap<String, (Companion, u64)>,
}

impl<'a> OwnPlaces<'a> {
    /// Nothing was passed over yet.
    pub fn new(companions: &'a Companions<'a>) -> Self {
        let nowhere = PathBuf::new;
        Self {
            companions,
            input: nowhere(),
            absolute: nowhere(),
            is_meant: false,
            work: None,
            passed_over: BTreeMap::new(),
        }
    }

    /// Begins with the next input.
    pub fn enter(&mut self, input: &Path) {
        self.input = input.to_path_buf();
        // An input that is `.` or `projects` lies in a directory whose name tells.
        self.absolute = super::discover::from_root(input);
        let is_kept = |place: &Path| self.companions.of(place).is_some() && place.is_dir();
        self.is_meant = self.absolute.ancestors().any(is_kept);
        self.work = None;
    }

    /// Whether a path below the input is passed over; it is counted then, with all that is in it. A directory in which agents work is passed over file by
    /// file: the repositories in it are read.
    pub fn passes_over(&mut self, path: &Path, name: &str, is_directory: bool, is_repository: bool) -> bool {
        let Some(companion) = self.companion(path) else { return false };
        if companion.is_work && is_directory {
            if self.work.as_ref().is_none_or(|(directory, _)| !path.starts_with(directory)) && !is_repository {
                self.work = Some((path.to_path_buf(), companion));
            }
            return false;
        }
        let files = if is_directory { files_below(path) } else { 1 };
        self.passed_over.insert(name.to_owned(), (companion, files));
        true
    }

    /// Whether a tool keeps this for itself.
    pub fn keeps(&self, path: &Path) -> bool {
        self.companion(path).is_some_and(|companion| !companion.is_work)
    }

    fn companion(&self, path: &Path) -> Option<Companion> {
        let work = self.work.as_ref().filter(|(directory, _)| path.starts_with(directory));
        if let Some((_, companion)) = work {
            return Some(*companion);
        }
        let absolute = match path.strip_prefix(&self.input) {
            Ok(below) if below.as_os_str().is_empty() => self.absolute.clone(),
            Ok(below) => self.absolute.join(below),
            Err(_) => path.to_path_buf(),
        };
        if self.is_meant { self.companions.below(&self.absolute, &absolute) } else { self.companions.of(&absolute) }
    }

    /// Files that were passed over, by source and kind.
    pub fn counts(self) -> BTreeMap<String, u64> {
        let mut counts = BTreeMap::new();
        for (companion, files) in self.passed_over.into_values().filter(|(_, files)| *files > 0) {
            *counts.entry(format!("{}.{}", companion.source, companion.kind)).or_default() += files;
        }
        counts
    }
}

/// Everything below a directory that is none itself. What cannot be looked into is not counted.
fn files_below(directory: &Path) -> u64 {
    walkdir::WalkDir::new(directory).into_iter().flatten().filter(|entry| !entry.file_type().is_dir()).count() as u64
}
