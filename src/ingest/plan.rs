//! Which of the files found must be read, and from where, by the ledger.

use super::content;
use super::discover::{Found, Unreadable};
use super::{IngestOptions, Summary};
use crate::lake::Ledger;
use crate::lake::rows::Ingested;
use crate::sources::{self, Probe, Reason, Source, Unit, canonical, git, sqlite};
use rayon::prelude::*;
use std::collections::HashMap;

/// One file or repository to read.
pub struct Job {
    /// What.
    pub found: Found,
    /// With which source.
    pub source: &'static dyn Source,
    /// Plain bytes that the lake has already.
    pub committed: u64,
    /// The ledger's entry for what is committed, under this or another name.
    pub known: Option<Ingested>,
    /// The ledger's entry for this name.
    pub before: Option<Ingested>,
    /// Hash of the first line.
    pub first_line_hash: i64,
    /// For a repository, the id of its state.
    pub state_id: Option<String>,
}

impl Job {
    /// Whether only what stands behind the committed part is read.
    pub fn is_tail_alone(&self) -> bool {
        self.committed > 0 && self.source.reads_tail_alone(&self.found.path) && self.found.unit == Unit::File
    }

    /// Bytes on disk that are read of it: of a file that has grown its tail, where its source reads one alone. A file that is compressed or of UTF-16 is read whole, and
    /// what is committed of it is counted in plain bytes.
    pub fn bytes_to_read(&self) -> u64 {
        let is_tail = self.is_tail_alone() && content::is_encoded(&self.found.path).is_ok_and(|encoded| !encoded);
        self.found.bytes.saturating_sub(if is_tail { self.committed } else { 0 })
    }
}

/// What becomes of one file.
enum Decision {
    Unchanged,
    /// Content that the lake has under this or another name: only the ledger is told.
    Known(Ingested),
    Read(Box<Job>),
    Skip(Found),
    Reject(Unreadable),
}

/// The plan of a run.
#[derive(Default)]
pub struct Plan {
    /// To read, largest first.
    pub jobs: Vec<Job>,
    /// Ledger entries for content that is known already.
    pub known: Vec<Ingested>,
    /// Files with the same content as one that is read.
    pub copies: Vec<Copy>,
    /// Files that cannot be read.
    pub rejects: Vec<Unreadable>,
}

/// A file with the same content as another.
pub struct Copy {
    /// The file.
    pub found: Found,
    /// Name of the one that is read.
    pub of: String,
}

/// Decides for every file. Reads at most the first 64 KiB of a file with a new name or size, and what the ledger says of a grown one.
pub fn plan(found: Vec<Found>, ledger: &Ledger, options: &IngestOptions, summary: &mut Summary) -> Plan {
    let decisions: Vec<Decision> = found.into_par_iter().map(|found| decide(found, ledger, options)).collect();
    let mut plan = Plan::default();
    for decision in decisions {
        match decision {
            Decision::Unchanged => summary.files_unchanged += 1,
            Decision::Known(entry) => {
                summary.files_known += 1;
                plan.known.push(entry);
            }
            Decision::Read(job) => plan.jobs.push(*job),
            Decision::Skip(found) => summary.files_unrecognised.push(found.name),
            Decision::Reject(unreadable) => plan.rejects.push(unreadable),
        }
    }
    set_copies_aside(&mut plan, options);
    summary.files_known += plan.copies.len();
    plan.jobs
        .sort_by(|one, two| two.found.bytes.cmp(&one.found.bytes).then_with(|| one.found.name.cmp(&two.found.name)));
    plan
}

fn decide(found: Found, ledger: &Ledger, options: &IngestOptions) -> Decision {
    if found.unit == Unit::GitRepository {
        return decide_repository(found, ledger, options);
    }
    let masked = options.keep_out.as_ref().map(|keep_out| keep_out.masked_file(&found.name));
    let before = ledger.named(&found.name).or_else(|| masked.as_deref().and_then(|masked| ledger.named(masked)));
    if before.is_some_and(|entry| unchanged(entry, &found)) {
        return Decision::Unchanged;
    }
    let head = match content::head(&found.path, options.limits) {
        Ok(head) => head,
        Err(error) => return reject(&found, error),
    };
    if head.is_empty() {
        return Decision::Skip(found);
    }
    let first_line_hash = content::first_line_hash(&head);
    let probe = Probe { path: &found.path, unit: found.unit, head: &head, options: &options.source_options };
    let source = match options.source {
        Some(source) => source,
        None => match sources::recognise(&probe) {
            Some(source) => source,
            None => {
                let (looks_like_data, lacking) = (is_data(&probe), canonical::lacking(&probe));
                return unrecognised(found, looks_like_data, lacking);
            }
        },
    };
    let committed = match committed(&found, before, first_line_hash, ledger, options) {
        Ok(committed) => committed,
        Err(error) => return reject(&found, error),
    };
    match committed {
        Some((entry, true)) => Decision::Known(Ingested {
            source_file: match (&options.keep_out, masked) {
                (Some(keep_out), Some(masked)) if keep_out.is_masked(&entry.source_file) => masked,
                _ => found.name.clone(),
            },
            file_bytes: found.bytes as i64,
            modified_ns: found.modified_ns,
            changed_ns: found.changed_ns,
            version: before.map_or(1, |before| before.version + 1),
            ..entry
        }),
        known => Decision::Read(Box::new(Job {
            source,
            committed: known.as_ref().map_or(0, |(entry, _)| entry.committed_bytes as u64),
            known: known.map(|(entry, _)| entry),
            before: before.cloned(),
            first_line_hash,
            state_id: None,
            found,
        })),
    }
}

fn decide_repository(found: Found, ledger: &Ledger, options: &IngestOptions) -> Decision {
    let before = ledger.named(&found.name).cloned();
    match git::state_id(&found.name, &found.path, options.as_of_us) {
        Ok(state) if before.as_ref().is_some_and(|entry| entry.content_id == state) => Decision::Unchanged,
        Ok(state) => Decision::Read(Box::new(Job {
            found,
            source: &git::Git,
            committed: 0,
            known: None,
            before,
            first_line_hash: 0,
            state_id: Some(state),
        })),
        Err(error) => {
            Decision::Reject(Unreadable { name: found.name, reason: error.reason(), detail: error.to_string() })
        }
    }
}

/// Size and times are hints; a file whose change time did not move was not written to.
fn unchanged(entry: &Ingested, found: &Found) -> bool {
    entry.file_bytes == found.bytes as i64
        && entry.modified_ns == found.modified_ns
        && entry.changed_ns == found.changed_ns
}

/// The longest committed prefix of this file that the ledger knows, and whether it is the whole file.
fn committed(
    found: &Found,
    before: Option<&Ingested>,
    first_line_hash: i64,
    ledger: &Ledger,
    options: &IngestOptions,
) -> std::io::Result<Option<(Ingested, bool)>> {
    let mut candidates: Vec<&Ingested> = before
        .into_iter()
        .chain(ledger.beginning_with(first_line_hash))
        .filter(|entry| entry.committed_bytes > 0)
        .collect();
    candidates.sort_by_key(|entry| entry.committed_bytes);
    candidates.dedup_by(|one, two| one.content_id == two.content_id);
    if candidates.is_empty() {
        return Ok(None);
    }
    let lengths: Vec<u64> = candidates.iter().map(|entry| entry.committed_bytes as u64).collect();
    let (ids, _) = content::prefix_ids(&found.path, options.limits, &lengths)?;
    let known = ids.iter().zip(&candidates).rev().find(|(id, entry)| **id == entry.content_id);
    let Some((_, entry)) = known else { return Ok(None) };
    let whole = content::length(&found.path, options.limits)? == entry.committed_bytes as u64;
    // Rows are not where they were written: a database whose log has grown has no beginning that was read.
    let has_beginning = whole || !sqlite::is_database_file(&found.path);
    Ok(has_beginning.then(|| ((*entry).clone(), whole)))
}

/// Files that are no log of anybody's, like a README, are passed over and named in the summary; what looks like data and is not recognised is a reject.
fn unrecognised(found: Found, looks_like_data: bool, lacking: Option<String>) -> Decision {
    if looks_like_data {
        let nothing = "no source recognises its content";
        let detail = lacking.map_or_else(|| nothing.to_owned(), |lacking| format!("{nothing}: {lacking}"));
        Decision::Reject(Unreadable { name: found.name, reason: Reason::UnknownFormat, detail })
    } else {
        Decision::Skip(found)
    }
}

fn reject(found: &Found, error: std::io::Error) -> Decision {
    let error = content::input_error(&found.name, &found.path, error);
    Decision::Reject(Unreadable { name: found.name.clone(), reason: error.reason(), detail: error.to_string() })
}

/// Of several files with the same content only the first by name is read; otherwise the order of delivery would show in the quarantine.
fn set_copies_aside(plan: &mut Plan, options: &IngestOptions) {
    let mut groups = HashMap::<(i64, &'static str), Vec<usize>>::new();
    for (index, job) in plan.jobs.iter().enumerate() {
        let is_spare_copy = job.source.is_spare_copy(&job.found.path);
        if job.found.unit == Unit::File && job.committed == 0 && !is_spare_copy {
            groups.entry((job.first_line_hash, job.source.name())).or_default().push(index);
        }
    }
    let mut copies = Vec::new();
    for indexes in groups.into_values().filter(|indexes| indexes.len() > 1) {
        let mut first_of = HashMap::new();
        let length = |index: &usize| content::length_on_disk(&plan.jobs[*index].found.path).ok().flatten();
        let lengths: Vec<Option<u64>> = indexes.iter().map(length).collect();
        let may_be_copies = may_be_copies(&lengths);
        for (index, _) in indexes.into_iter().zip(may_be_copies).filter(|(_, may_be_copy)| *may_be_copy) {
            // A file that cannot be hashed is left to the reader, which says why.
            if let Ok(id) = content::whole_id(&plan.jobs[index].found.path, options.limits) {
                let first = *first_of.entry(id).or_insert(index);
                if first != index {
                    copies.push((index, plan.jobs[first].found.name.clone()));
                }
            }
        }
    }
    copies.sort_unstable();
    for (index, first) in copies.into_iter().rev() {
        let job = plan.jobs.remove(index);
        plan.copies.push(Copy { found: job.found, of: first });
    }
}

/// Of files with these numbers of plain bytes, null where only reading tells, which can have the content of another.
fn may_be_copies(lengths: &[Option<u64>]) -> Vec<bool> {
    let mut files = HashMap::<u64, usize>::new();
    for length in lengths.iter().flatten() {
        *files.entry(*length).or_default() += 1;
    }
    let is_one_unknown = lengths.contains(&None);
    lengths.iter().map(|length| is_one_unknown || length.is_some_and(|length| files[&length] > 1)).collect()
}

fn is_data(probe: &Probe<'_>) -> bool {
    const DATA: &[&str] = &["jsonl", "ndjson", "json", "csv", "tsv", "parquet", "log"];
    probe.plain_name().rsplit_once('.').is_some_and(|(_, extension)| DATA.contains(&extension))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_one_length_and_those_whose_length_is_not_known_can_be_copies() {
        assert_eq!(may_be_copies(&[Some(3), Some(5), Some(3), Some(4)]), [true, false, true, false]);
        assert_eq!(may_be_copies(&[Some(3), Some(5), None]), [true; 3]);
    }
}
