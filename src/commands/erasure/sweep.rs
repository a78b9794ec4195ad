//! One pass over a lake: which rows are those of erased people, which inputs were theirs alone, and what of them stands in rows of others.

use super::Erased;
use crate::commands::expiry::{fewer_records, texts, with_column};
use crate::events::ids::KeyBuilder;
use crate::ingest::KeepOut;
use crate::lake::{Fate, Lake, LakeError, Rewriting, Table};
use crate::privacy::is_masked;
use arrow::array::{Array, ArrayRef, AsArray, BinaryArray, ListBuilder, RecordBatch, StringArray, StringBuilder};
use arrow::datatypes::{DataType, Field};
use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

/// One pass over a lake: what was found of erased people, and which rows go.
pub(super) struct Sweep<'a> {
    erased: &'a Erased,
    pub(super) own_files: BTreeSet<String>,
    /// Rows that go, by input.
    removed: HashMap<String, i64>,
    /// The last answer of `of_step`, which costs a MAC: rows are sorted by session, so that neighbours mostly ask the same.
    last_step: RefCell<Option<([String; 4], bool)>>,
    sessions: RefCell<HashMap<String, bool>>,
}

impl<'a> Sweep<'a> {
    /// Finds the inputs that held nothing but rows of erased people.
    pub(super) async fn over(erased: &'a Erased, lake: &Lake) -> Result<Self, LakeError> {
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
