//! What makes an erasure hold: tombstones as ingest and the lake's tables ask them, and the sweep that takes rows out.
//!
//! Owns which rows are an erased person's, by the same identity rules as scoring. A sweep reads tombstones alone, so whoever writes the lake
//! next can finish one that was cut short, and what arrives later is judged as what was there.

mod sweep;

use super::identity::{IdentityResolver, UNASSIGNED};
use super::settings::Settings;
use crate::events::RosterEntry;
use crate::ingest::{IngestOptions, KeepOut};
use crate::lake::{Lake, OldFiles, Purged, Table, TableChange};
use crate::privacy::{Ledger, Pseudonyms, Tombstones, is_masked};
use crate::results::write_file;
use anyhow::Context;
use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use sweep::Sweep;

/// The tables in the order in which a sweep rewrites them: the ledger first, since which files were somebody's alone is read off the rows, and
/// events last, since they say so longest.
const ORDER: [Table; Table::ALL.len()] = [
    Table::Quarantine,
    Table::Ingested,
    Table::Facts,
    Table::Roster,
    Table::Aggregates,
    Table::Outcomes,
    Table::Events,
];

/// Who was erased, under the present identity rules.
pub struct Erased {
    tombstones: Tombstones,
    /// Rules alone: people who were erased are on no roster.
    resolver: IdentityResolver,
    /// What ingest met of them that no tombstone has yet.
    learned: Mutex<Learned>,
}

/// By tombstone: keyed names and sessions.
#[derive(Default)]
struct Learned {
    names: BTreeSet<(usize, String)>,
    sessions: BTreeSet<(usize, String)>,
}

/// What a sweep did, or would do.
#[derive(Debug, Default)]
pub struct Swept {
    /// By table, in the order of [`Table::ALL`].
    pub tables: Vec<TableChange>,
    /// Files of older versions that were removed.
    pub purged: Purged,
    /// Inputs that held nothing but rows of erased people.
    pub own_files: BTreeSet<String>,
    /// Lines of the release ledger that had them.
    pub ledger_lines: usize,
}

impl Erased {
    /// Reads the tombstones of a lake; none when nobody was erased, and then no key is asked for.
    pub fn read(lake: &Path, settings: &Settings) -> anyhow::Result<Option<Self>> {
        if !Tombstones::exist(lake)? {
            return Ok(None);
        }
        let pseudonyms = Pseudonyms::open(settings.config.privacy.key_file.as_deref(), lake)?;
        Ok(Some(Self::new(Tombstones::read(lake, pseudonyms)?, settings)?))
    }

    /// These tombstones under the rules of the configuration.
    pub fn new(tombstones: Tombstones, settings: &Settings) -> anyhow::Result<Self> {
        let resolver = IdentityResolver::new(&settings.config.identity, &[]).context("[[identity]] path")?;
        Ok(Self { tombstones, resolver, learned: Mutex::default() })
    }

    /// Whether a sweep was cut short.
    pub fn is_unfinished(&self) -> bool {
        self.tombstones.all().iter().any(|tombstone| !tombstone.is_finished)
    }

    /// Whose tombstone a session log's actor has.
    fn of_actor(&self, actor_raw: &str, os_user: &str, source_file: &str) -> Option<usize> {
        match self.resolver.session_actor(actor_raw, os_user, source_file) {
            actor if actor != UNASSIGNED => self.tombstones.of_name(&actor),
            _ if os_user.is_empty() => None,
            _ => self.tombstones.of_name(os_user),
        }
    }

    /// Whose a step is: the actor's; where the log does not say whose, that of its session.
    fn of_step(&self, actor_raw: &str, os_user: &str, source_file: &str, session_id: &str) -> Option<usize> {
        self.of_actor(actor_raw, os_user, source_file).or_else(|| {
            let is_nobodys = self.resolver.session_actor(actor_raw, os_user, source_file) == UNASSIGNED;
            if is_nobodys { self.tombstones.of_session(session_id) } else { None }
        })
    }

    fn of_author(&self, actor_raw: &str) -> Option<usize> {
        match self.resolver.outcome(actor_raw).actor {
            actor if actor != UNASSIGNED => self.tombstones.of_name(&actor),
            _ => None,
        }
    }

    fn learn(&self, put: impl FnOnce(&mut Learned)) {
        put(&mut self.learned.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Puts what ingest learned into the tombstones, unfinished. True when there was something.
    fn take_learned(&mut self) -> bool {
        let learned = std::mem::take(self.learned.get_mut().unwrap_or_else(PoisonError::into_inner));
        let mut grown = HashMap::new();
        for (place, name) in learned.names {
            grown.entry(place).or_insert_with(|| self.tombstones.get(place).cloned());
            if let Some(Some(tombstone)) = grown.get_mut(&place) {
                tombstone.names.insert(name);
            }
        }
        for (place, session) in learned.sessions {
            grown.entry(place).or_insert_with(|| self.tombstones.get(place).cloned());
            if let Some(Some(tombstone)) = grown.get_mut(&place) {
                tombstone.sessions.insert(session);
            }
        }
        let any = !grown.is_empty();
        for mut tombstone in grown.into_values().flatten() {
            tombstone.is_finished = false;
            self.tombstones.add(tombstone);
        }
        any
    }

    /// What a sweep would take out. Writes nothing.
    pub async fn plan(&self, lake: &Lake) -> anyhow::Result<Swept> {
        let sweep = Sweep::over(self, lake).await?;
        let mut tables = Vec::new();
        for table in ORDER {
            tables.push(lake.plan_rewrite(table, &sweep).await?);
        }
        let members = self.ledger_members();
        let ledger_lines = match Ledger::exists(lake.root()) {
            true => Ledger::open(lake.root(), self.tombstones.pseudonyms())?.lines_with(&members),
            false => 0,
        };
        Ok(Swept { tables: in_order(tables), own_files: sweep.own_files, ledger_lines, ..Swept::default() })
    }

    /// Takes out of the lake what the tombstones say, and every file of older versions, which may hold it still. The tombstones are on disk as
    /// unfinished before the first row goes, and finished after the last file went.
    pub async fn sweep(&mut self, lake: &Lake) -> anyhow::Result<Swept> {
        self.write(lake.root())?;
        let sweep = Sweep::over(self, lake).await?;
        let mut tables = Vec::new();
        for table in ORDER {
            tables.push(lake.rewrite(table, &sweep, false).await?);
        }
        let mut purged = Purged::default();
        for table in ORDER {
            let one = lake.vacuum(table, OldFiles::All, false).await?;
            purged.files += one.files;
            purged.bytes += one.bytes;
        }
        let own_files = sweep.own_files;
        let ledger_lines = Ledger::forget(lake.root(), self.tombstones.pseudonyms(), &self.ledger_members())?;
        for mut tombstone in self.tombstones.all().to_vec() {
            tombstone.is_finished = true;
            tombstone.ledger_members.clear();
            self.tombstones.add(tombstone);
        }
        self.write(lake.root())?;
        Ok(Swept { tables: in_order(tables), purged, own_files, ledger_lines })
    }

    /// What is to be taken out of the release ledger.
    fn ledger_members(&self) -> BTreeSet<String> {
        self.tombstones.all().iter().flat_map(|tombstone| tombstone.ledger_members.iter().cloned()).collect()
    }

    /// Writes the tombstones, each whole or not at all.
    fn write(&self, lake: &Path) -> anyhow::Result<()> {
        for tombstone in self.tombstones.all() {
            let path = tombstone.path(lake);
            let text = format!("{}\n", serde_json::to_string_pretty(tombstone)?);
            let directory = path.parent().unwrap_or(lake);
            std::fs::create_dir_all(directory)
                .and_then(|()| write_file(&path, text.as_bytes()))
                .and_then(|()| std::fs::File::open(directory)?.sync_all())
                .with_context(|| format!("cannot write {}", path.display()))?;
        }
        Ok(())
    }
}

impl KeepOut for Erased {
    fn session(&self, actor_raw: &str, os_user: &str, source_file: &str, session_id: &str) -> bool {
        let Some(place) = self.of_step(actor_raw, os_user, source_file, session_id) else { return false };
        if !session_id.is_empty() && self.tombstones.of_session(session_id).is_none() {
            let keyed = self.tombstones.session(session_id);
            self.learn(|learned| {
                learned.sessions.insert((place, keyed));
            });
        }
        true
    }

    fn outcome(&self, actor_raw: &str) -> bool {
        self.of_author(actor_raw).is_some()
    }

    fn person(&self, entry: &RosterEntry) -> bool {
        let Some(place) = self.tombstones.of_name(&entry.actor_id) else { return false };
        for alias in entry.aliases.iter().filter(|alias| self.tombstones.of_name(alias).is_none()) {
            let keyed = self.tombstones.name(alias);
            self.learn(|learned| {
                learned.names.insert((place, keyed));
            });
        }
        true
    }

    fn is_erased_session(&self, session_id: &str) -> bool {
        self.tombstones.of_session(session_id).is_some()
    }

    fn masked_file(&self, source_file: &str) -> String {
        self.tombstones.masked_file(source_file)
    }

    fn is_masked(&self, source_file: &str) -> bool {
        is_masked(source_file)
    }
}

/// Runs `ingest` so that erased people stay out: what an earlier sweep left is finished before, and what was met of them for the first time is
/// swept after.
pub async fn keeping_out<T>(
    lake: &Lake,
    settings: &Settings,
    options: &IngestOptions,
    ingest: impl AsyncFnOnce(IngestOptions) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let Some(mut erased) = Erased::read(lake.root(), settings)? else { return ingest(options.clone()).await };
    if erased.is_unfinished() {
        tracing::warn!("an erasure was cut short; it is finished now");
        erased.sweep(lake).await?;
    }
    let erased = Arc::new(erased);
    let done = ingest(IngestOptions { keep_out: Some(erased.clone()), ..options.clone() }).await?;
    if let Ok(mut erased) = Arc::try_unwrap(erased)
        && erased.take_learned()
    {
        erased.sweep(lake).await?;
    }
    Ok(done)
}

fn in_order(mut tables: Vec<TableChange>) -> Vec<TableChange> {
    tables.sort_by_key(|one| Table::ALL.iter().position(|table| table.name() == one.table));
    tables
}
