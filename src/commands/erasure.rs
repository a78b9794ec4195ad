//! What makes an erasure hold: tombstones as ingest and the lake's tables ask them, and the sweep that takes rows out.
//!
//! Owns which rows are an erased person's, by the same identity rules as scoring. A sweep reads tombstones alone, so whoever writes the lake
//! next can finish one that was cut short, and what arrives later is judged as what was there.

use super::identity::{IdentityResolver, UNASSIGNED};
use super::retention::{fewer_records, texts, with_column};
use super::settings::Settings;
use crate::events::RosterEntry;
use crate::events::ids::KeyBuilder;
use crate::ingest::{IngestOptions, KeepOut};
use crate::lake::{Fate, Lake, LakeError, OldFiles, Purged, Rewriting, Table, TableChange};
use crate::privacy::{Pseudonyms, Tombstones, is_masked};
use crate::results::write_file;
use anyhow::Context;
use arrow::array::{Array, ArrayRef, AsArray, BinaryArray, ListBuilder, RecordBatch, StringArray, StringBuilder};
use arrow::datatypes::{DataType, Field};
use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// The tables in the order in which a sweep rewrites them: the ledger first, since which files were somebody's alone is read off the rows, and
/// events last, since they say so longest.
const ORDER: [Table; 7] = [
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
        match self.resolver.outcome_actor(actor_raw) {
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
    pub async fn plan(&self, lake: &Lake) -> Result<Swept, LakeError> {
        let sweep = Sweep::over(self, lake).await?;
        let mut tables = Vec::new();
        for table in ORDER {
            tables.push(lake.plan_rewrite(table, &sweep).await?);
        }
        Ok(Swept { tables: in_order(tables), purged: Purged::default(), own_files: sweep.own_files })
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
        for mut tombstone in self.tombstones.all().to_vec() {
            tombstone.is_finished = true;
            self.tombstones.add(tombstone);
        }
        self.write(lake.root())?;
        Ok(Swept { tables: in_order(tables), purged, own_files })
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

/// One pass over a lake: what was found of erased people, and which rows go.
struct Sweep<'a> {
    erased: &'a Erased,
    own_files: BTreeSet<String>,
    /// Rows that go, by input.
    removed: HashMap<String, i64>,
    /// The last answer of `of_step`, which costs a MAC: rows are sorted by session, so that neighbours mostly ask the same.
    last_step: RefCell<Option<([String; 4], bool)>>,
    sessions: RefCell<HashMap<String, bool>>,
}

impl<'a> Sweep<'a> {
    /// Finds the inputs that held nothing but rows of erased people.
    async fn over(erased: &'a Erased, lake: &Lake) -> Result<Self, LakeError> {
        let mut sweep = Self {
            erased,
            own_files: BTreeSet::new(),
            removed: HashMap::new(),
            last_step: RefCell::default(),
            sessions: RefCell::default(),
        };
        let mut removed = HashMap::<String, i64>::new();
        let mut others = HashSet::<String>::new();
        for table in [Table::Events, Table::Outcomes, Table::Facts, Table::Aggregates, Table::Roster] {
            lake.scan(table, sweep.columns(table), |batch| {
                let names = texts(table, batch, "source_file")?;
                for (row, fate) in sweep.fates(table, 0, batch)?.into_iter().enumerate() {
                    if fate == Fate::Goes {
                        *removed.entry(names.value(row).to_owned()).or_default() += 1;
                    } else if !others.contains(names.value(row)) {
                        others.insert(names.value(row).to_owned());
                    }
                }
                Ok(())
            })
            .await?;
        }
        sweep.own_files = removed.keys().filter(|name| !others.contains(*name)).cloned().collect();
        sweep.add_copies(lake, &others).await?;
        // Whatever the ledger counts of them, nothing of it is in the lake any more, not even as a duplicate.
        removed.extend(sweep.own_files.iter().map(|name| (name.clone(), i64::MAX)));
        sweep.removed = removed;
        Ok(sweep)
    }

    /// Adds inputs without rows of anybody: copies of an erased person's, which were recognised and not read, and those in whose path a directory
    /// or file has an erased name.
    async fn add_copies(&mut self, lake: &Lake, others: &HashSet<String>) -> Result<(), LakeError> {
        let mut inputs = Vec::new();
        lake.scan(Table::Ingested, &["source_file", "content_id"], |batch| {
            let (names, contents) =
                (texts(Table::Ingested, batch, "source_file")?, texts(Table::Ingested, batch, "content_id")?);
            inputs
                .extend((0..batch.num_rows()).map(|row| (names.value(row).to_owned(), contents.value(row).to_owned())));
            Ok(())
        })
        .await?;
        lake.scan(Table::Quarantine, &["source_file"], |batch| {
            inputs.extend(
                texts(Table::Quarantine, batch, "source_file")?
                    .iter()
                    .flatten()
                    .map(|name| (name.to_owned(), String::new())),
            );
            Ok(())
        })
        .await?;
        let own: HashSet<&str> = inputs
            .iter()
            .filter(|(name, content)| !content.is_empty() && self.own_files.contains(name))
            .map(|(_, content)| content.as_str())
            .collect();
        let has_name = |name: &str| name.split('/').any(|part| self.erased.tombstones.of_name(part).is_some());
        let copies: Vec<String> = inputs
            .iter()
            .filter(|(name, content)| {
                !others.contains(name) && !is_masked(name) && (own.contains(content.as_str()) || has_name(name))
            })
            .map(|(name, _)| name.clone())
            .collect();
        self.own_files.extend(copies);
        Ok(())
    }

    fn is_step(&self, actor_raw: &str, os_user: &str, source_file: &str, session_id: &str) -> bool {
        let asked = [actor_raw, os_user, source_file, session_id];
        if let Some((last, answer)) = &*self.last_step.borrow()
            && last.iter().zip(asked).all(|(last, asked)| last == asked)
        {
            return *answer;
        }
        let answer = self.erased.of_step(actor_raw, os_user, source_file, session_id).is_some();
        *self.last_step.borrow_mut() = Some((asked.map(str::to_owned), answer));
        answer
    }

    fn is_session(&self, session_id: &str) -> bool {
        if let Some(known) = self.sessions.borrow().get(session_id) {
            return *known;
        }
        let is_erased = self.erased.is_erased_session(session_id);
        self.sessions.borrow_mut().insert(session_id.to_owned(), is_erased);
        is_erased
    }

    /// The ledger's rows: fewer records, and no name where a file was an erased person's alone.
    fn masked(&self, batch: &RecordBatch) -> Result<RecordBatch, LakeError> {
        let batch = fewer_records(batch, &self.removed)?;
        let names = texts(Table::Ingested, &batch, "source_file")?;
        let masked: StringArray = names
            .iter()
            .map(|name| {
                name.map(
                    |name| if self.own_files.contains(name) { self.erased.masked_file(name) } else { name.to_owned() },
                )
            })
            .collect();
        let keys: BinaryArray =
            masked.iter().flatten().map(|name| Some(KeyBuilder::new("ingested").text(name).finish())).collect();
        let batch = with_column(&batch, Table::Ingested.key_column(), Arc::new(keys))?;
        with_column(&batch, "source_file", Arc::new(masked))
    }

    fn without_parents(&self, batch: &RecordBatch) -> Result<RecordBatch, LakeError> {
        let parents = texts(Table::Events, batch, "parent_session_id")?;
        let kept: StringArray = parents.iter().map(|parent| parent.filter(|parent| !self.is_session(parent))).collect();
        with_column(batch, "parent_session_id", Arc::new(kept))
    }

    fn without_sessions(&self, batch: &RecordBatch) -> Result<RecordBatch, LakeError> {
        let mut kept = ListBuilder::new(StringBuilder::new()).with_field(Field::new("element", DataType::Utf8, true));
        for row in 0..batch.num_rows() {
            let sessions = named_sessions(batch, row)?;
            let left = sessions.into_iter().filter(|session| !self.is_session(session)).collect::<Vec<_>>();
            for session in &left {
                kept.values().append_value(session);
            }
            kept.append(!left.is_empty());
        }
        with_column(batch, "session_ids", Arc::new(kept.finish()))
    }
}

impl Rewriting for Sweep<'_> {
    fn columns(&self, table: Table) -> &'static [&'static str] {
        match table {
            Table::Events => &["actor_id", "os_user", "source_file", "session_id", "parent_session_id"],
            Table::Outcomes => &["actor_id", "session_ids", "source_file"],
            Table::Facts => &["session_id", "value", "source_file"],
            Table::Aggregates => &["actor_id", "key_id", "session_id", "source_file"],
            Table::Roster => &["actor_id", "source_file"],
            Table::Quarantine | Table::Ingested => &["source_file"],
        }
    }

    fn fates(&self, table: Table, _written_ms: i64, batch: &RecordBatch) -> Result<Vec<Fate>, LakeError> {
        let text = |column| Ok::<_, LakeError>(Texts(texts(table, batch, column)?));
        let files = text("source_file")?;
        let fate = |goes: bool, changes: bool| match (goes, changes) {
            (true, _) => Fate::Goes,
            (false, true) => Fate::Changes,
            (false, false) => Fate::Stays,
        };
        let rows = 0..batch.num_rows();
        Ok(match table {
            Table::Events => {
                let (actors, users) = (text("actor_id")?, text("os_user")?);
                let (sessions, parents) = (text("session_id")?, text("parent_session_id")?);
                rows.map(|row| {
                    let goes = self.is_step(actors.at(row), users.at(row), files.at(row), sessions.at(row));
                    fate(goes, !parents.at(row).is_empty() && self.is_session(parents.at(row)))
                })
                .collect()
            }
            Table::Outcomes => {
                let actors = text("actor_id")?;
                rows.map(|row| {
                    let names_one = named_sessions(batch, row)?.iter().any(|session| self.is_session(session));
                    Ok(fate(self.erased.of_author(actors.at(row)).is_some(), names_one))
                })
                .collect::<Result<_, LakeError>>()?
            }
            Table::Facts => {
                let (sessions, values) = (text("session_id")?, text("value")?);
                rows.map(|row| fate(self.is_session(sessions.at(row)) || self.is_session(values.at(row)), false))
                    .collect()
            }
            Table::Aggregates => {
                let (actors, keys, sessions) = (text("actor_id")?, text("key_id")?, text("session_id")?);
                rows.map(|row| {
                    let raw = if actors.0.is_valid(row) { actors.at(row) } else { keys.at(row) };
                    fate(self.is_step(raw, "", files.at(row), sessions.at(row)), false)
                })
                .collect()
            }
            Table::Roster => {
                let actors = text("actor_id")?;
                rows.map(|row| fate(self.erased.tombstones.of_name(actors.at(row)).is_some(), false)).collect()
            }
            Table::Quarantine => rows.map(|row| fate(self.own_files.contains(files.at(row)), false)).collect(),
            Table::Ingested => rows.map(|row| fate(false, self.removed.contains_key(files.at(row)))).collect(),
        })
    }

    fn change(&self, table: Table, batch: RecordBatch) -> Result<RecordBatch, LakeError> {
        match table {
            Table::Ingested => self.masked(&batch),
            Table::Events => self.without_parents(&batch),
            Table::Outcomes => self.without_sessions(&batch),
            _ => Ok(batch),
        }
    }
}

/// A text column; null is empty.
struct Texts<'a>(&'a StringArray);

impl<'a> Texts<'a> {
    fn at(&self, row: usize) -> &'a str {
        if self.0.is_null(row) { "" } else { self.0.value(row) }
    }
}

/// The sessions that an outcome names.
fn named_sessions(batch: &RecordBatch, row: usize) -> Result<Vec<String>, LakeError> {
    let missing = LakeError::Column { table: Table::Outcomes.name(), column: "session_ids" };
    let lists = batch.column_by_name("session_ids").and_then(|column| column.as_list_opt::<i32>()).ok_or(missing)?;
    if lists.is_null(row) {
        return Ok(Vec::new());
    }
    let values: ArrayRef = lists.value(row);
    let values = values.as_string_opt::<i32>();
    Ok(values.map_or_else(Vec::new, |values| values.iter().flatten().map(str::to_owned).collect()))
}

fn in_order(mut tables: Vec<TableChange>) -> Vec<TableChange> {
    tables.sort_by_key(|one| Table::ALL.iter().position(|table| table.name() == one.table));
    tables
}
