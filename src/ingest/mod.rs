//! From input paths to a committed lake: what is new is read once, in parallel, with bounded memory.
//!
//! Owns discovery, the comparison with the ledger, the threads, pricing at the door and the run's counts. Owns no format (that is `sources`) and
//! no storage (that is `lake`).

mod content;
mod discover;
mod dry_run;
mod keep_out;
mod own_places;
mod plan;
mod redact;
mod sink;

pub use discover::from_root;
pub use dry_run::{Planned, PlannedFile, dry_run};
pub use keep_out::{KeepFrom, KeepOut};
pub use redact::Redactor;

use crate::lake::rows::{Ingested, Place};
use crate::lake::{Committed, Lake, LakeError, LakeWriter, Ledger, Reread, Table};
use crate::privacy::{Pseudonyms, Secrets};
use crate::sources::{Input, Limits, Source, SourceOptions, Unit};
use plan::Job;
use serde::Serialize;
use sink::JobSink;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// What to read and how.
#[derive(Clone)]
pub struct IngestOptions {
    /// Files and directories.
    pub inputs: Vec<PathBuf>,
    /// Names to leave out.
    pub exclude: globset::GlobSet,
    /// Read everything with this source instead of recognising it.
    pub source: Option<&'static dyn Source>,
    /// Threads.
    pub threads: usize,
    /// Limits against hostile input.
    pub limits: Limits,
    /// Latest moment that counts, microseconds since the epoch.
    pub as_of_us: Option<i64>,
    /// Configuration of sources.
    pub source_options: Arc<SourceOptions>,
    /// Who was erased and stays out; none where nobody was.
    pub keep_out: Option<Arc<dyn KeepOut>>,
    /// What is older than the retention and stays out.
    pub keep_from: KeepFrom,
    /// The key under which redacted secrets are tagged; the lake's own where none is configured.
    pub key_file: Option<PathBuf>,
}

/// Told of progress; implementations draw bars or write log lines.
pub trait Progress: Sync {
    /// The plan is made: this many files and bytes will be read.
    fn planned(&self, files: usize, bytes: u64);
    /// One file is done.
    fn file_done(&self, bytes: u64);
}

/// What an ingest run did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Files and repositories found below the inputs.
    pub files_found: usize,
    /// Read in this run.
    pub files_read: usize,
    /// Not read because nothing changed since the last run.
    pub files_unchanged: usize,
    /// Not read because the lake has their content under this or another name.
    pub files_known: usize,
    /// Left out by `--exclude`.
    pub files_excluded: usize,
    /// Passed over because they are no log of anybody's.
    pub files_unrecognised: Vec<String>,
    /// Not opened because a tool keeps them in its own directory beside its logs, by source and kind.
    pub files_passed_over: BTreeMap<String, u64>,
    /// Bytes on disk that were read: of a file that has grown, its tail.
    pub bytes_read: u64,
    /// Rows added by table.
    pub added: BTreeMap<&'static str, usize>,
    /// Records that the lake, or this run, already had.
    pub duplicates: usize,
    /// Records replaced by a fuller copy.
    pub replaced: usize,
    /// Records and files rejected in this run, by reason.
    pub rejected: BTreeMap<String, u64>,
    /// Known record kinds that carry nothing the pipeline needs, by source and kind.
    pub ignored: BTreeMap<String, u64>,
    /// Fields that the canonical format does not know.
    pub unknown_fields: BTreeMap<String, u64>,
    /// Models of responses without a price, with their number: the table lacks the model or a price that was needed, or the log a count.
    pub unpriced_models: BTreeMap<String, u64>,
    /// Secrets that were redacted in what was read, by rule.
    pub redacted: BTreeMap<String, u64>,
    /// Files read, by source.
    pub files_by_source: BTreeMap<&'static str, usize>,
    /// Records of people who were erased from the lake.
    pub kept_out: u64,
    /// Records older than the retention.
    pub expired: u64,
    /// Logs that their own tool deleted before they were read, or was about to, in words; said by whoever knows when the lake was written to before.
    pub retention: Vec<String>,
}

impl Summary {
    /// Whether anything was rejected in this run: exit code 3.
    pub fn is_partial(&self) -> bool {
        !self.rejected.is_empty()
    }

    fn add_counts(&mut self, other: &Summary) {
        for (to, from) in [
            (&mut self.rejected, &other.rejected),
            (&mut self.ignored, &other.ignored),
            (&mut self.unknown_fields, &other.unknown_fields),
            (&mut self.unpriced_models, &other.unpriced_models),
            (&mut self.redacted, &other.redacted),
        ] {
            for (name, count) in from {
                *to.entry(name.clone()).or_default() += count;
            }
        }
        for (name, count) in &other.files_by_source {
            *self.files_by_source.entry(name).or_default() += count;
        }
        self.kept_out += other.kept_out;
        self.expired += other.expired;
        self.files_read += other.files_read;
        self.bytes_read += other.bytes_read;
    }
}

/// What one thread has to say at its end.
#[derive(Default)]
struct ThreadResult {
    summary: Summary,
    entries: Vec<Ingested>,
    reread: HashSet<String>,
}

/// Reads what is new below the inputs into the lake, in one commit a table.
pub async fn ingest(lake: &Lake, options: &IngestOptions, progress: &dyn Progress) -> Result<Summary, LakeError> {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(options.threads.max(1))
        .build()
        .map_err(|error| LakeError::from(std::io::Error::other(error)))?;
    let ledger = Ledger::read(lake).await?;
    let mut summary = Summary::default();
    let key = Pseudonyms::open(options.key_file.as_deref(), lake.root())
        .map_err(|error| LakeError::from(std::io::Error::other(error)).at(lake.root()))?;
    let secrets = Secrets::keyed(key);
    let discovered = discover::discover(&options.inputs, &options.exclude, &secrets, &options.source_options);
    let discover::Discovered { found, unreadable, excluded, passed_over } = discovered;
    summary.files_excluded = excluded;
    summary.files_found = found.len() + unreadable.len() + passed_over.values().sum::<u64>() as usize;
    summary.files_passed_over = passed_over;
    let mut plan = pool.install(|| plan::plan(found, &ledger, options, &mut summary));
    plan.rejects.extend(unreadable);
    progress.planned(plan.jobs.len(), plan.jobs.iter().map(|job| job.found.bytes).sum());
    if plan.jobs.is_empty() && plan.known.is_empty() && plan.rejects.is_empty() {
        return Ok(summary);
    }
    let writer = LakeWriter::new(lake, lake.version().await? + 1, options.threads).await?;
    let next = AtomicUsize::new(0);
    let failed: Mutex<Option<LakeError>> = Mutex::new(None);
    let fail = |error| {
        failed.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
    };
    let results: Vec<ThreadResult> = pool.broadcast(|_| {
        let mut rows = writer.sink();
        let mut result = ThreadResult::default();
        while let Some(job) = plan.jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
            if let Err(error) = read_job(job, options, &secrets, writer.run(), &mut rows, &mut result) {
                fail(error);
                break;
            }
            progress.file_done(job.found.bytes);
        }
        if let Err(error) = rows.finish() {
            fail(error);
        }
        result
    });
    if let Some(error) = failed.into_inner().unwrap_or_else(PoisonError::into_inner) {
        return Err(error);
    }
    let mut reread = HashSet::new();
    let mut entries = plan.known;
    for result in results {
        summary.add_counts(&result.summary);
        entries.extend(result.entries);
        reread.extend(result.reread);
    }
    let masked = |name: &str| options.keep_out.as_ref().map(|keep_out| keep_out.masked_file(name));
    // Backwards, so that of one name the first stays.
    let by_name: HashMap<&str, &Ingested> =
        entries.iter().rev().map(|entry| (entry.source_file.as_str(), entry)).collect();
    let copies = plan.copies.iter().filter_map(|copy| {
        let of = by_name.get(copy.of.as_str()).or_else(|| by_name.get(masked(&copy.of)?.as_str()))?;
        Some(Ingested {
            // A copy of a file that held nothing but rows of erased people is named as little as that file.
            source_file: match masked(&copy.found.name) {
                Some(masked) if of.source_file != copy.of => masked,
                _ => copy.found.name.clone(),
            },
            file_bytes: copy.found.bytes as i64,
            modified_ns: copy.found.modified_ns,
            changed_ns: copy.found.changed_ns,
            version: ledger.named(&copy.found.name).map_or(1, |before| before.version + 1),
            ..(*of).clone()
        })
    });
    let copies: Vec<Ingested> = copies.collect();
    entries.extend(copies);
    let mut rows = writer.sink();
    for reject in &plan.rejects {
        *summary.rejected.entry(reject.reason.as_str().to_owned()).or_default() += 1;
        let place = Place { source: "", source_file: &reject.name, offset: 0 };
        let detail = secrets.redact(&reject.detail, |_| {});
        rows.table(Table::Quarantine).reject(place, 0, reject.reason.as_str(), &detail);
    }
    for entry in &entries {
        rows.table(Table::Ingested).ingested(entry);
    }
    rows.finish()?;
    let first = entries.iter().filter(|entry| ledger.named(&entry.source_file).is_none());
    let first: HashSet<String> = first.map(|entry| entry.source_file.clone()).collect();
    let prepared = pool.install(|| writer.prepare(&Reread { torn: reread, first }))?;
    finish(&mut summary, &prepared.commit().await?);
    Ok(summary)
}

fn finish(summary: &mut Summary, committed: &BTreeMap<Table, Committed>) {
    for (table, counts) in committed {
        if *table == Table::Ingested {
            continue;
        }
        summary.added.insert(table.name(), counts.added);
        if *table != Table::Quarantine {
            summary.duplicates += counts.duplicates;
            summary.replaced += counts.replaced;
        }
    }
}

/// Reads one file. What is wrong with the file is a reject; only what is wrong with the lake is an error.
fn read_job(
    job: &Job,
    options: &IngestOptions,
    secrets: &Secrets,
    run: i64,
    rows: &mut crate::lake::RowSink<'_, '_>,
    result: &mut ThreadResult,
) -> Result<(), LakeError> {
    let name = &job.found.name;
    let mut input = Input {
        path: job.found.path.clone(),
        name: name.clone(),
        unit: job.found.unit,
        start: if job.is_tail_alone() { job.committed } else { 0 },
        limits: options.limits,
        as_of_us: options.as_of_us,
        options: options.source_options.clone(),
        unpacked: None,
    };
    let mut sink = JobSink::new(job, run, rows, secrets, options);
    let read = unpack(job, options).and_then(|unpacked| {
        input.unpacked = unpacked;
        job.source.read(&input, &mut sink)
    });
    let outcome = match read {
        Ok(committed) => {
            identify(job, options, committed, &sink).map_err(|error| content::input_error(name, &job.found.path, error))
        }
        Err(error) => Err(error),
    };
    let entry = match outcome {
        Ok((content_id, committed_bytes)) => Some(sink.entry(content_id, committed_bytes)),
        Err(error) => {
            sink.reject_file(error.reason(), &error.to_string());
            None
        }
    };
    result.reread.extend(job.before.as_ref().map(|before| before.source_file.clone()));
    result.summary.add_counts(&sink.finish()?);
    result.entries.extend(entry);
    Ok(())
}

/// A compressed file is taken whole or not at all, so damage and bombs are looked for before anything is read from it. Its plain bytes, where they were kept.
fn unpack(job: &Job, options: &IngestOptions) -> Result<Option<Arc<[u8]>>, crate::sources::InputError> {
    if job.found.unit == Unit::GitRepository {
        return Ok(None);
    }
    let path = &job.found.path;
    content::unpacked(path, options.limits).map_err(|error| content::input_error(&job.found.name, path, error))
}

/// The identity of what was committed, and its length. Most sources told the sink every byte; for others the file is read again.
fn identify(
    job: &Job,
    options: &IngestOptions,
    committed: u64,
    sink: &JobSink<'_, '_, '_>,
) -> std::io::Result<(String, u64)> {
    if let Some(state) = &job.state_id {
        return Ok((state.clone(), committed));
    }
    if let Some(id) = sink.content_id(committed) {
        return Ok((id, committed));
    }
    let (ids, length) = content::prefix_ids(&job.found.path, options.limits, &[committed])?;
    Ok((ids.into_iter().next().unwrap_or_default(), length))
}
