//! SQLite databases that tools keep their sessions in: opening a copy within limits, and rows by table and column.
//!
//! Owns everything between a file and a row, for every source that reads databases: what bounds a hostile file, and how damage becomes a reject. Owns no
//! table of any product. Nothing here writes to the original or makes a file beside it. What bounds a file stands in this folder's README.md.

mod copy;
mod row;
#[cfg(test)]
mod tests;

use super::{Input, InputError, Position, Probe, Reason, Sink, Unit};
use copy::Copied;
pub use copy::{is_database, is_database_file, is_part_of_database, write_ahead_log};
use row::InRow;
pub(crate) use row::Row;
use rusqlite::config::DbConfig;
use rusqlite::limits::Limit;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, ErrorCode, OpenFlags, Params};
use std::cell::Cell;
use std::collections::BTreeSet;
use std::path::Path;

/// Values read of a database may be this many times as long as the file: each stands in it once, and some are asked for twice.
const READ_PER_BYTE: u64 = 4;
/// What a row costs beside its values.
const ROW_BYTES: u64 = 8;
/// Steps of SQLite's machine for each byte of the file, and at least: rows of sound databases take some tens each.
const STEPS_PER_BYTE: u64 = 100;
const STEPS_AT_LEAST: u64 = 2_000_000;
/// Steps between two looks at the budget.
const STEPS_AT_ONCE: u32 = 10_000;
/// Longest statement; also of those that make the tables of the file.
const STATEMENT_BYTES: i32 = 1 << 20;
/// Names of tables that are remembered.
const TABLES: usize = 10_000;

/// The tables of what a probe looks at; null where it is no database, or one that cannot be opened. Of a database that has tables those that a log beside it
/// adds are not seen: seeing them takes a copy of both.
pub(crate) fn tables(probe: &Probe<'_>) -> Option<BTreeSet<String>> {
    if probe.unit != Unit::File || !is_database(probe.head) {
        return None;
    }
    if is_database_file(probe.path) {
        let found = in_place(probe.path).ok();
        if found.as_ref().is_some_and(|found| !found.is_empty()) || write_ahead_log(probe.path).is_none() {
            return found;
        }
    }
    // Compressed, or with all tables in the log.
    let input = Input {
        path: probe.path.to_path_buf(),
        name: probe.path.display().to_string(),
        unit: Unit::File,
        start: 0,
        limits: super::Limits::default(),
        as_of_us: None,
        options: std::sync::Arc::default(),
        unpacked: None,
    };
    Database::of(&input).map(|database| database.tables).ok()
}

/// The tables of a file as it lies there, without a lock and without its log.
fn in_place(path: &Path) -> rusqlite::Result<BTreeSet<String>> {
    let mut uri = String::from("file:");
    for byte in path.as_os_str().as_encoded_bytes() {
        match byte {
            b'/' | b'.' | b'-' | b'_' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => uri.push(char::from(*byte)),
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri.push_str("?immutable=1");
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
    let mut connection = Connection::open_with_flags(uri, flags)?;
    bound(&mut connection, STEPS_AT_LEAST, 1 << 20)?;
    names_of_tables(&connection)
}

/// Ordinary tables: no views, and no virtual ones, whose code would run.
fn names_of_tables(connection: &Connection) -> rusqlite::Result<BTreeSet<String>> {
    let mut statement = connection.prepare("select name from sqlite_master where type = 'table' and rootpage > 0")?;
    let names = statement.query_map([], |row| row.get::<_, String>(0))?;
    names.take(TABLES).collect()
}

/// Sets everything that bounds a connection.
fn bound(connection: &mut Connection, steps: u64, value_bytes: usize) -> rusqlite::Result<()> {
    for (option, on) in [
        (DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true),
        (DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false),
        (DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true),
    ] {
        connection.set_db_config(option, on)?;
    }
    for (limit, value) in [
        (Limit::SQLITE_LIMIT_LENGTH, i32::try_from(value_bytes).unwrap_or(i32::MAX)),
        (Limit::SQLITE_LIMIT_SQL_LENGTH, STATEMENT_BYTES),
        (Limit::SQLITE_LIMIT_ATTACHED, 0),
        (Limit::SQLITE_LIMIT_WORKER_THREADS, 0),
    ] {
        connection.set_limit(limit, value)?;
    }
    let mut left = steps;
    let out_of_steps = move || {
        left = left.saturating_sub(u64::from(STEPS_AT_ONCE));
        left == 0
    };
    connection.progress_handler(i32::try_from(STEPS_AT_ONCE).unwrap_or(i32::MAX), Some(out_of_steps))?;
    connection.execute_batch(
        "pragma locking_mode = exclusive; pragma cache_size = -8192; pragma mmap_size = 0; pragma cell_size_check = on; \
         pragma automatic_index = off; pragma query_only = on;",
    )
}

/// A copy of a database, open.
pub(crate) struct Database {
    connection: Connection,
    tables: BTreeSet<String>,
    /// Bytes of values that may still be read.
    left: Cell<u64>,
    /// Bytes that compressed values may still become.
    unpacked_left: Cell<u64>,
    /// Longest value.
    value_bytes: usize,
    /// Behind the connection, so that it goes after it.
    copied: Copied,
}

impl Database {
    /// Opens a copy, and tells the sink the bytes of it.
    pub(crate) fn open(input: &Input, sink: &mut dyn Sink) -> Result<Self, InputError> {
        let database = Self::of(input)?;
        database.copied.tell(&mut |bytes| sink.content(bytes)).map_err(|error| input.io_error(error))?;
        database.copied.unlink();
        Ok(database)
    }

    fn of(input: &Input) -> Result<Self, InputError> {
        let copied = Copied::of(input)?;
        let limits = input.limits;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let opened = Connection::open_with_flags(&copied.path, flags).and_then(|mut connection| {
            let steps = STEPS_AT_LEAST + copied.bytes.saturating_mul(STEPS_PER_BYTE);
            bound(&mut connection, steps, limits.line_bytes)?;
            connection.execute_batch("begin")?;
            let tables = names_of_tables(&connection)?;
            Ok((connection, tables))
        });
        let (connection, tables) = opened.map_err(|error| InputError::Format {
            path: input.name.clone(),
            reason: Reason::DamagedDatabase,
            error: what_failed(&error).to_owned(),
        })?;
        let unpacked = copied.bytes.saturating_mul(limits.ratio).max(limits.ratio_after);
        Ok(Self {
            connection,
            tables,
            left: Cell::new((1 << 16) + copied.bytes.saturating_mul(READ_PER_BYTE)),
            unpacked_left: Cell::new(unpacked),
            value_bytes: limits.line_bytes,
            copied,
        })
    }

    /// Where it is committed: the length of the database and of its log.
    pub(crate) fn end(&self) -> u64 {
        self.copied.bytes
    }

    /// Whether it has this table.
    pub(crate) fn has(&self, table: &str) -> bool {
        self.tables.contains(table)
    }

    /// The statement that reads these columns of a table behind its row number; what is optional and not there reads as null. Null, and a reject, where
    /// the table or a column is missing. A column that is computed when it is read counts as missing: its computation would be the file's own.
    pub(crate) fn select(
        &self,
        table: &'static str,
        columns: &[&str],
        optional: &[&str],
        sink: &mut dyn Sink,
    ) -> Option<String> {
        if !self.has(table) {
            sink.reject(Position::default(), Reason::MissingField, &format!("table {table}"));
            return None;
        }
        let there = match self.columns_of(table) {
            Ok(there) => there,
            Err(error) => {
                sink.reject(Position::default(), Reason::DamagedDatabase, what_failed(&error));
                return None;
            }
        };
        let mut statement = String::from("select rowid");
        for column in columns {
            if !there.contains(*column) {
                sink.reject(Position::default(), Reason::MissingField, &format!("table {table}, column {column}"));
                return None;
            }
            statement.push_str(&format!(", \"{column}\""));
        }
        for column in optional {
            statement.push_str(&if there.contains(*column) { format!(", \"{column}\"") } else { ", null".to_owned() });
        }
        statement.push_str(&format!(" from \"{table}\""));
        Some(statement)
    }

    fn columns_of(&self, table: &str) -> rusqlite::Result<BTreeSet<String>> {
        let mut statement = self.connection.prepare("select name from pragma_table_xinfo(?1) where hidden = 0")?;
        statement.query_map([table], |row| row.get::<_, String>(0))?.collect()
    }

    /// Hands over the rows of a statement made by [`Database::select`]. What SQLite says of damage, and what goes past the limits, is a reject and ends
    /// them. False then.
    pub(crate) fn rows(
        &self,
        table: &'static str,
        statement: &str,
        parameters: impl Params,
        sink: &mut dyn Sink,
        handle: &mut dyn FnMut(&Row<'_>, &mut dyn Sink),
    ) -> bool {
        let mut last = 0;
        let read = || -> rusqlite::Result<Option<&'static str>> {
            let mut prepared = self.connection.prepare(statement)?;
            let columns = prepared.column_count();
            let mut rows = prepared.query(parameters)?;
            while let Some(row) = rows.next()? {
                let number = row.get_ref(0)?.as_i64().unwrap_or_default();
                let mut length = ROW_BYTES;
                for column in 1..columns {
                    length += match row.get_ref(column)? {
                        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => bytes.len() as u64,
                        _ => 0,
                    };
                }
                let Some(left) = self.left.get().checked_sub(length) else {
                    return Ok(Some("more rows than a file of its length holds"));
                };
                self.left.set(left);
                last = number;
                let mut placed = InRow { sink: &mut *sink, table, number };
                handle(&Row { row, number, database: self }, &mut placed);
            }
            Ok(None)
        };
        let why = match read() {
            Ok(None) => return true,
            Ok(Some(why)) => why,
            Err(error) => what_failed(&error),
        };
        let at = Position { offset: 0, line: u64::try_from(last).unwrap_or_default() };
        sink.reject(at, Reason::DamagedDatabase, &format!("table {table}, behind row {last}: {why}"));
        false
    }
}

/// What went wrong, in words that quote nothing of the file.
fn what_failed(error: &rusqlite::Error) -> &'static str {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt) => "a page is damaged",
        Some(ErrorCode::NotADatabase) => "it is no database, or is encrypted",
        Some(ErrorCode::OperationInterrupted) => "reading it takes more steps than its length allows",
        Some(ErrorCode::TooBig) => "a value is longer than a line may be",
        Some(ErrorCode::OutOfMemory) => "reading it takes more memory than there is",
        Some(ErrorCode::CannotOpen | ErrorCode::SystemIoFailure | ErrorCode::DiskFull) => "its copy cannot be read",
        _ => "SQLite cannot read it",
    }
}
