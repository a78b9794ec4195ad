//! The sink that a source writes into during ingest: rows for the lake, counts for the summary, prices at the door.

use super::plan::Job;
use super::redact::Redactor;
use super::{IngestOptions, Summary};
use crate::events::{Aggregate, CostBasis, Event, Fact, Kind, Outcome, RosterEntry};
use crate::lake::rows::{Ingested, Place};
use crate::lake::{LakeError, RowSink, Table};
use crate::pricing::{self, Price};
use crate::privacy::Secrets;
use crate::sources::generated::is_generated_in_log;
use crate::sources::{Position, Reason, Sink};
use std::collections::BTreeMap;

/// The rows of one job.
pub struct JobSink<'a, 'writer, 'lake> {
    job: &'a Job,
    run: i64,
    rows: &'a mut RowSink<'writer, 'lake>,
    redactor: Redactor<'a>,
    counts: Summary,
    ignored: Ignored,
    records: i64,
    rejects: i64,
    /// Where the newest record begins that has no end, or was too long to look for it.
    cut_at: Option<u64>,
    error: Option<LakeError>,
    hasher: blake3::Hasher,
    options: &'a IngestOptions,
    /// Rejects of a file that may turn out to hold nothing but rows of erased people, whose name then is no longer told.
    held_rejects: Vec<(Position, Option<&'static str>, Reason, String)>,
    /// The last actor, user and session, and whether they stay out: neighbours mostly are of one person.
    last: Option<(Option<String>, Option<String>, String, bool)>,
    /// The source whose format a part of the input has.
    inside: Option<&'static str>,
}

/// Rejects that are held back at most, so that a hostile file cannot fill the memory.
const HELD_REJECTS: usize = 4_096;

impl<'a, 'writer, 'lake> JobSink<'a, 'writer, 'lake> {
    /// A sink for this job.
    pub fn new(
        job: &'a Job,
        run: i64,
        rows: &'a mut RowSink<'writer, 'lake>,
        secrets: &'a Secrets,
        options: &'a IngestOptions,
    ) -> Self {
        Self {
            job,
            run,
            rows,
            redactor: Redactor::new(secrets),
            counts: Summary::default(),
            ignored: Ignored::default(),
            records: 0,
            rejects: 0,
            cut_at: None,
            error: None,
            hasher: blake3::Hasher::new(),
            options,
            held_rejects: Vec::new(),
            last: None,
            inside: None,
        }
    }

    /// Whether a step, or a sum, of this actor stays out.
    fn stays_out(&mut self, actor: Option<&str>, os_user: Option<&str>, session_id: &str) -> bool {
        let Some(keep_out) = &self.options.keep_out else { return false };
        if let Some((last_actor, last_user, last_session, verdict)) = &self.last
            && last_actor.as_deref() == actor
            && last_user.as_deref() == os_user
            && last_session == session_id
        {
            return *verdict;
        }
        let verdict = keep_out.session(actor.unwrap_or(""), os_user.unwrap_or(""), &self.job.found.name, session_id);
        let owned = |text: Option<&str>| text.map(str::to_owned);
        self.last = Some((owned(actor), owned(os_user), session_id.to_owned(), verdict));
        verdict
    }

    /// Whether the file held nothing so far but rows of erased people.
    fn is_of_the_erased(&self) -> bool {
        let Some(keep_out) = &self.options.keep_out else { return false };
        // A file that the ledger knows by its name has held somebody else's rows.
        let before = self.job.before.as_ref();
        let was_masked = before.is_some_and(|before| keep_out.is_masked(&before.source_file));
        self.records == 0 && (was_masked || before.is_none() && self.counts.kept_out > 0)
    }

    /// The file's name as the lake may have it.
    fn told_name(&self) -> String {
        let name = &self.job.found.name;
        match &self.options.keep_out {
            Some(keep_out) if self.is_of_the_erased() => keep_out.masked_file(name),
            _ => name.clone(),
        }
    }

    /// Writes down the rejects that were held back.
    fn tell_rejects(&mut self) {
        if self.held_rejects.is_empty() {
            return;
        }
        let name = self.told_name();
        for (at, inside, reason, detail) in std::mem::take(&mut self.held_rejects) {
            let place = Place { source_file: &name, ..place(self.job, inside, at) };
            self.rows.table(Table::Quarantine).reject(place, at.line, reason.as_str(), &detail);
        }
        self.flush();
    }

    /// Rejects before what is committed were told before. Other records are told apart by their keys: a source with state may have more to say
    /// about an early one now, for example when a response went on after the file was read.
    fn is_known(&self, at: Position) -> bool {
        at.offset < self.job.committed
    }

    fn flush(&mut self) {
        if let Err(error) = self.rows.flush_if_large() {
            self.error.get_or_insert(error);
        }
    }

    /// Rejects the file as a whole.
    pub fn reject_file(&mut self, reason: Reason, detail: &str) {
        let at = Position { offset: self.job.committed, line: 0 };
        self.reject(at, reason, detail);
    }

    /// Hexadecimal blake3 of the first `committed` bytes, where the source told of exactly those.
    pub fn content_id(&self, committed: u64) -> Option<String> {
        (self.hasher.count() == committed).then(|| self.hasher.finalize().to_hex().to_string())
    }

    /// The ledger's entry for what was read.
    pub fn entry(&self, content_id: String, committed_bytes: u64) -> Ingested {
        let before = self.job.before.as_ref();
        let found = &self.job.found;
        let known = self.job.known.as_ref().filter(|_| self.job.is_tail_alone());
        let mut ignored = known.map(|entry| entry.ignored.clone()).unwrap_or_default();
        for (kind, count) in self.ignored.counts() {
            *ignored.entry(kind.to_owned()).or_default() += count;
        }
        // A record behind what is committed is read again with the tail, and counts then.
        let cut = committed_bytes > 0 && self.cut_at.is_some_and(|at| at >= committed_bytes);
        Ingested {
            source_file: self.told_name(),
            source: self.job.source.name().to_owned(),
            content_id,
            committed_bytes: committed_bytes as i64,
            first_line_hash: self.job.first_line_hash,
            file_bytes: found.bytes as i64,
            modified_ns: found.modified_ns,
            changed_ns: found.changed_ns,
            records: known.map_or(0, |entry| entry.records) + self.records,
            rejects: known.map_or(0, |entry| entry.rejects) + self.rejects - i64::from(cut),
            ignored,
            version: before.map_or(1, |entry| entry.version + 1),
        }
    }

    /// The job's counts, or the first error of the lake.
    pub fn finish(mut self) -> Result<Summary, LakeError> {
        self.tell_rejects();
        if let Some(error) = self.error {
            return Err(error);
        }
        let source = self.job.source.name();
        let ignored = self.ignored.counts().into_iter();
        self.counts.ignored = ignored.map(|(kind, count)| (format!("{source}.{kind}"), count)).collect();
        self.counts.redacted = self.redactor.counts.iter().map(|(rule, count)| ((*rule).to_owned(), *count)).collect();
        self.counts.files_read = 1;
        self.counts.bytes_read = self.job.bytes_to_read();
        *self.counts.files_by_source.entry(source).or_default() += 1;
        Ok(self.counts)
    }
}

/// How often each kind was ignored. Most records of some logs are, and of few kinds: they are known by where their words stand.
#[derive(Default)]
struct Ignored(Vec<(&'static str, u64)>);

impl Ignored {
    fn add(&mut self, kind: &'static str) {
        match self.0.iter_mut().find(|(known, _)| std::ptr::eq(*known, kind)) {
            Some((_, count)) => *count += 1,
            None => self.0.push((kind, 1)),
        }
    }

    /// By kind: the same word may stand in two places.
    fn counts(&self) -> BTreeMap<&'static str, u64> {
        let mut counts: BTreeMap<&'static str, u64> = BTreeMap::new();
        for (kind, count) in &self.0 {
            *counts.entry(*kind).or_default() += count;
        }
        counts
    }
}

/// The place of a record of this job. A function of the job alone, since the rows are borrowed mutably beside it.
fn place<'a>(job: &'a Job, inside: Option<&'static str>, at: Position) -> Place<'a> {
    Place { source: inside.unwrap_or(job.source.name()), source_file: &job.found.name, offset: at.offset }
}

impl Sink for JobSink<'_, '_, '_> {
    fn event(&mut self, at: Position, mut event: Event) {
        if self.stays_out(event.actor_id.as_deref(), event.os_user.as_deref(), &event.session_id) {
            self.counts.kept_out += 1;
            return;
        }
        if self.options.keep_from.events_us.is_some_and(|from| event.ts_us < from) {
            self.counts.expired += 1;
            return;
        }
        if let (Some(keep_out), Some(parent)) = (&self.options.keep_out, &event.parent_session_id)
            && keep_out.is_erased_session(parent)
        {
            event.parent_session_id = None;
        }
        self.records += 1;
        // Commits have no fingerprints of such files, so no session is asked what became of them.
        if !event.added_lines.is_empty()
            && event.path.as_deref().is_some_and(|path| is_generated_in_log(path, event.repo.as_deref()))
        {
            event.added_lines.clear();
        }
        self.redactor.event(&mut event);
        if event.kind == Kind::Completion && event.cost_micro_usd.is_none() && event.tokens.is_stated() {
            let model = event.model.as_deref().unwrap_or("");
            match pricing::price(model, event.provider.as_deref(), &event.tokens) {
                Price::Priced(micro_usd) => {
                    event.cost_micro_usd = Some(micro_usd);
                    event.cost_basis = Some(CostBasis::Priced);
                }
                Price::Unpriced => {
                    event.cost_basis = Some(CostBasis::Unpriced);
                    *self.counts.unpriced_models.entry(model.to_owned()).or_default() += 1;
                }
            }
        }
        self.rows.table(Table::Events).event(place(self.job, self.inside, at), &event);
        self.flush();
    }

    fn outcome(&mut self, at: Position, mut outcome: Outcome) {
        if let Some(keep_out) = &self.options.keep_out {
            if keep_out.outcome(outcome.actor_id.as_deref().unwrap_or("")) {
                self.counts.kept_out += 1;
                return;
            }
            outcome.session_ids.retain(|session| !keep_out.is_erased_session(session));
        }
        if self.options.keep_from.events_us.is_some_and(|from| outcome.ts_us < from) {
            self.counts.expired += 1;
            return;
        }
        self.records += 1;
        self.redactor.outcome(&mut outcome);
        self.rows.table(Table::Outcomes).outcome(place(self.job, self.inside, at), &outcome);
        self.flush();
    }

    fn fact(&mut self, at: Position, mut fact: Fact) {
        let is_erased =
            |session: &str| self.options.keep_out.as_ref().is_some_and(|one| one.is_erased_session(session));
        if is_erased(&fact.session_id) || is_erased(&fact.value) {
            self.counts.kept_out += 1;
            return;
        }
        if self.options.keep_from.events_us.zip(fact.ts_us).is_some_and(|(from, ts)| ts < from) {
            self.counts.expired += 1;
            return;
        }
        self.records += 1;
        self.redactor.fact(&mut fact);
        self.rows.table(Table::Facts).fact(place(self.job, self.inside, at), &fact);
        self.flush();
    }

    fn aggregate(&mut self, at: Position, mut aggregate: Aggregate) {
        let actor = aggregate.actor_id.as_deref().or(aggregate.key_id.as_deref());
        if self.stays_out(actor, None, aggregate.session_id.as_deref().unwrap_or("")) {
            self.counts.kept_out += 1;
            return;
        }
        if self.options.keep_from.aggregates_us.is_some_and(|from| aggregate.to_us < from) {
            self.counts.expired += 1;
            return;
        }
        self.records += 1;
        self.redactor.aggregate(&mut aggregate);
        self.rows.table(Table::Aggregates).aggregate(place(self.job, self.inside, at), &aggregate);
        self.flush();
    }

    fn roster(&mut self, at: Position, mut entry: RosterEntry) {
        if self.options.keep_out.as_ref().is_some_and(|keep_out| keep_out.person(&entry)) {
            self.counts.kept_out += 1;
            return;
        }
        self.records += 1;
        self.redactor.roster(&mut entry);
        self.rows.table(Table::Roster).roster(place(self.job, self.inside, at), &entry, self.run);
    }

    fn reject(&mut self, at: Position, reason: Reason, detail: &str) {
        self.rejects += 1;
        if matches!(reason, Reason::TornLine | Reason::LineTooLong) {
            self.cut_at = Some(at.offset);
        }
        if !self.is_known(at) {
            *self.counts.rejected.entry(reason.as_str().to_owned()).or_default() += 1;
            let detail = self.redactor.redacted(detail);
            if self.options.keep_out.is_some() {
                self.held_rejects.push((at, self.inside, reason, detail.into_owned()));
                if self.held_rejects.len() >= HELD_REJECTS {
                    self.tell_rejects();
                }
                return;
            }
            self.rows.table(Table::Quarantine).reject(
                place(self.job, self.inside, at),
                at.line,
                reason.as_str(),
                &detail,
            );
            self.flush();
        }
    }

    fn ignore(&mut self, kind: &'static str) {
        self.ignored.add(kind);
    }

    fn content(&mut self, bytes: &[u8]) {
        // What stands inside the input is no run of its bytes.
        if self.inside.is_none() {
            self.hasher.update(bytes);
        }
    }

    fn inside(&mut self, source: Option<&'static str>) {
        self.inside = source;
    }

    fn unknown_field(&mut self, name: &str) {
        let name = self.redactor.redacted(name);
        *self.counts.unknown_fields.entry(format!("{}.{name}", self.job.source.name())).or_default() += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ignored_kinds_are_counted_by_their_words() {
        let mut ignored = Ignored::default();
        let elsewhere: &'static str = String::from("reasoning").leak();
        for kind in ["reasoning", "message", elsewhere, "reasoning"] {
            ignored.add(kind);
        }
        assert_eq!(ignored.counts(), BTreeMap::from([("message", 1), ("reasoning", 3)]));
    }
}
