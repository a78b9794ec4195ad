//! What bounds a database, and that the original stays as it is.

use super::*;
use crate::sources::testing::{Recorded, input_of};
use std::fs;
use std::path::PathBuf;
use std::time::SystemTime;

/// A database with some notes, and the directory that it lies in.
fn notes(statements: &str) -> (Input, tempfile::TempDir) {
    let (input, directory) = input_of("notes.db", b"");
    let connection = Connection::open(&input.path).unwrap();
    // Nothing waits for the disk here.
    connection
        .execute_batch("pragma synchronous = off; create table note (id text primary key, said text, at integer);")
        .unwrap();
    connection.execute_batch(statements).unwrap();
    connection.close().unwrap();
    (input, directory)
}

fn insert(count: usize) -> String {
    (0..count).map(|note| format!("insert into note values ('n{note}', 'said {note}', {note});")).collect()
}

/// Ids of all notes as they are read.
fn ids(input: &Input) -> (Vec<String>, Recorded) {
    let mut sink = Recorded::default();
    let mut ids = Vec::new();
    let database = Database::open(input, &mut sink).unwrap();
    if let Some(select) = database.select("note", &["id", "said"], &["never_there"], &mut sink) {
        database.rows("note", &select, [], &mut sink, &mut |row, sink| {
            assert!(row.is_null(3));
            ids.extend(row.some_text(1, sink).map(str::to_owned));
        });
    }
    assert_eq!(database.end(), sink.content.len() as u64);
    (ids, sink)
}

/// Names, lengths and times of everything in a directory.
fn listing(directory: &Path) -> Vec<(PathBuf, u64, SystemTime)> {
    let entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let mut listing: Vec<_> = entries
        .map(|path| {
            let meta = fs::metadata(&path).unwrap();
            (path, meta.len(), meta.modified().unwrap())
        })
        .collect();
    listing.sort();
    listing
}

#[test]
fn rows_that_stand_in_the_log_alone_are_read_and_nothing_is_touched() {
    let (input, directory) = notes("pragma journal_mode = wal;");
    let writer = Connection::open(&input.path).unwrap();
    writer.execute_batch(&insert(3)).unwrap();
    let before = listing(directory.path());
    let names: Vec<_> = before.iter().map(|(path, ..)| path.file_name().unwrap().to_str().unwrap()).collect();
    assert_eq!(names, ["notes.db", "notes.db-shm", "notes.db-wal"], "somebody has it open");
    assert_eq!(ids(&input).0, ["n0", "n1", "n2"]);
    let probe = |head: &[u8]| {
        let options = crate::sources::SourceOptions::default();
        tables(&Probe { path: &input.path, unit: Unit::File, head, options: &options })
    };
    assert!(probe(&input.head().unwrap()).unwrap().contains("note"));
    assert_eq!(probe(b"SQLite format 2"), None);
    assert_eq!(listing(directory.path()), before);
    // More is written to the log, the database stays as it is.
    writer.execute("insert into note values ('n3', '', 3)", []).unwrap();
    assert_eq!(ids(&input).0.len(), 4);
    assert_eq!(listing(directory.path())[0], before[0]);
}

/// Without an end this test fails: nobody writes into these pipes.
#[test]
#[cfg(unix)]
fn a_pipe_that_is_called_like_a_part_of_a_database_is_not_opened() {
    let (input, directory) = notes(&insert(2));
    let pipe = |name: &str| {
        let made = std::process::Command::new("mkfifo").arg(directory.path().join(name)).status();
        assert!(made.unwrap().success());
    };
    pipe("notes.db-journal");
    assert_eq!(ids(&input).0, ["n0", "n1"]);
    pipe("other.db");
    assert!(!is_part_of_database(&directory.path().join("other.db-journal")));
}

#[test]
fn tables_that_stand_in_the_log_alone_are_seen() {
    let (input, _guard) = input_of("fresh.sqlite", b"");
    let writer = Connection::open(&input.path).unwrap();
    writer.execute_batch("pragma journal_mode = wal; create table note (id text, said text);").unwrap();
    let options = crate::sources::SourceOptions::default();
    let head = input.head().unwrap();
    let probe = Probe { path: &input.path, unit: Unit::File, head: &head, options: &options };
    assert_eq!(tables(&probe), Some(BTreeSet::from(["note".to_owned()])));
}

#[test]
fn compressed_databases_are_read() {
    let (input, _guard) = notes(&insert(5));
    let bytes = fs::read(&input.path).unwrap();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut gzip, &bytes).unwrap();
    for (name, packed) in [("n.db.gz", gzip.finish().unwrap()), ("n.db.zst", zstd::encode_all(&bytes[..], 3).unwrap())]
    {
        let (input, _guard) = input_of(name, &packed);
        let (ids, sink) = ids(&input);
        assert_eq!((ids.len(), &sink.content), (5, &bytes), "{name}");
        let options = crate::sources::SourceOptions::default();
        let head = input.head().unwrap();
        let probe = Probe { path: &input.path, unit: Unit::File, head: &head, options: &options };
        assert!(tables(&probe).unwrap().contains("note"), "{name}");
    }
}

#[test]
fn a_damaged_page_is_a_reject_and_what_stands_before_it_is_read() {
    let (input, _guard) = notes(&insert(2000));
    let mut bytes = fs::read(&input.path).unwrap();
    let middle = bytes.len() / 4096 / 2 * 4096;
    bytes[middle..middle + 4096].fill(0xa5);
    fs::write(&input.path, &bytes).unwrap();
    let (ids, sink) = ids(&input);
    assert!(!ids.is_empty() && ids.len() < 2000, "{}", ids.len());
    assert_eq!(sink.reasons(), ["damaged_database"]);
    assert!(sink.rejects[0].2.starts_with("table note, behind row "), "{:?}", sink.rejects);
    assert!(sink.rejects[0].0.line > 0);
}

#[test]
fn no_damage_of_any_byte_is_more_than_a_reject() {
    let (input, _guard) = notes(&insert(300));
    let sound = fs::read(&input.path).unwrap();
    let mut random = fastrand::Rng::with_seed(7);
    for case in 0..400 {
        let mut bytes = sound.clone();
        for _ in 0..random.usize(1..12) {
            let at = random.usize(if case % 2 == 0 { 16..200 } else { 16..bytes.len() });
            bytes[at] = random.u8(..);
        }
        bytes.truncate(random.usize(bytes.len() / 2..bytes.len() + 1));
        fs::write(&input.path, &bytes).unwrap();
        let mut sink = Recorded::default();
        match Database::open(&input, &mut sink) {
            Ok(database) => {
                if let Some(select) = database.select("note", &["id", "said", "at"], &[], &mut sink) {
                    let mut count = 0;
                    database.rows("note", &select, [], &mut sink, &mut |_, _| count += 1);
                    assert!(count <= bytes.len(), "{count} rows of {} bytes", bytes.len());
                }
            }
            Err(error) => assert_eq!(error.reason(), Reason::DamagedDatabase),
        }
    }
}

#[test]
fn what_is_no_database_behind_its_first_bytes_says_so() {
    let mut bytes = b"SQLite format 3\0".to_vec();
    bytes.extend((0..8192u32).map(|byte| (byte * 31 % 251) as u8));
    let (input, _guard) = input_of("secret.db", &bytes);
    let error = Database::open(&input, &mut Recorded::default()).err().unwrap();
    assert_eq!(error.reason().as_str(), "damaged_database");
    assert!(error.to_string().contains("no database"), "{error}");
}

#[test]
fn views_virtual_tables_and_computed_columns_run_nothing() {
    let (input, _guard) = notes(
        "create view message as with recursive n(i) as (select 1 union all select i + 1 from n) select i as id, i as said from n;
         create virtual table part using fts5(id, said);
         create table session (id text, said text generated always as (replace(hex(zeroblob(1000000)), '0', 'abc')) virtual);
         insert into session (id) values ('s');",
    );
    let mut sink = Recorded::default();
    let database = Database::open(&input, &mut sink).unwrap();
    assert!(database.has("note") && !database.has("message") && !database.has("part"));
    assert!(database.select("session", &["id", "said"], &[], &mut sink).is_none());
    let details: Vec<&str> = sink.rejects.iter().map(|reject| reject.2.as_str()).collect();
    assert_eq!(details, ["table session, column said"]);
}

#[test]
fn rows_that_no_file_of_this_length_holds_are_not_read_on() {
    // A default that was added later stands in the file once and is read with each row.
    let long = "x".repeat(20_000);
    let (input, _guard) = notes(&format!("{}; alter table note add column more text default '{long}';", insert(500)));
    let mut sink = Recorded::default();
    let database = Database::open(&input, &mut sink).unwrap();
    let select = database.select("note", &["more"], &[], &mut sink).unwrap();
    let mut count = 0;
    assert!(!database.rows("note", &select, [], &mut sink, &mut |_, _| count += 1));
    assert!(count < 100, "{count}");
    assert_eq!(sink.reasons(), ["damaged_database"]);
}

#[test]
fn a_statement_that_takes_too_many_steps_ends() {
    let (input, _guard) = notes(&insert(1500));
    let mut sink = Recorded::default();
    let database = Database::open(&input, &mut sink).unwrap();
    // As if a file had led the machine into a loop.
    let loops = "select 1 from note a, note b, note c, note d where a.at + b.at + c.at + d.at < 0";
    assert!(!database.rows("note", loops, [], &mut sink, &mut |_, _| {}));
    assert!(sink.rejects[0].2.contains("more steps"), "{:?}", sink.rejects);
}

#[test]
fn a_value_over_the_line_limit_and_a_packed_bomb_are_rejects() {
    let bomb = zstd::encode_all(&vec![b' '; 8 << 20][..], 19).unwrap();
    let (mut input, _guard) = notes(&insert(1));
    let connection = Connection::open(&input.path).unwrap();
    connection.execute("insert into note values ('bomb', ?1, 1), ('broken', x'28b52ffd00', 2)", [bomb]).unwrap();
    connection.execute("insert into note values ('long', ?1, 3)", ["x".repeat(2 << 20)]).unwrap();
    connection.close().unwrap();
    input.limits.line_bytes = 1 << 20;
    let mut sink = Recorded::default();
    let database = Database::open(&input, &mut sink).unwrap();
    let select = database.select("note", &["id", "said"], &[], &mut sink).unwrap();
    let mut ids = Vec::new();
    database.rows("note", &select, [], &mut sink, &mut |row, sink| {
        ids.extend(row.text(1, sink).map(str::to_owned));
        assert!(row.number == 1 || row.unpacked(2, sink).is_none());
    });
    assert_eq!(ids, ["n0", "bomb", "broken"], "the statement ends at a value that is too long");
    assert_eq!(sink.reasons(), ["line_too_long", "damaged_archive", "damaged_database"]);
    assert!(sink.rejects[2].2.contains("longer than a line"), "{:?}", sink.rejects);
    assert_eq!(sink.rejects[0].2, "table note, row 2: said");
}

#[test]
fn a_write_under_way_is_left_to_the_next_run() {
    let (input, directory) = notes(&insert(3));
    let journal = directory.path().join("notes.db-journal");
    fs::write(&journal, [0; 512]).unwrap();
    assert_eq!(ids(&input).0.len(), 3, "a journal that was cleared");
    fs::write(&journal, b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7 and pages").unwrap();
    let error = Database::open(&input, &mut Recorded::default()).err().unwrap();
    assert_eq!(error.reason(), Reason::Unreadable);
    assert!(journal.exists());
}

#[test]
fn only_what_lies_beside_a_database_is_a_part_of_it() {
    let (input, directory) = notes(&insert(1));
    let at = |name: &str| directory.path().join(name);
    for name in ["notes.db-wal", "notes.db-shm", "notes.db-journal", "lonely.db-wal", "text.log-wal"] {
        fs::write(at(name), "w").unwrap();
    }
    fs::write(at("text.log"), "t").unwrap();
    for (name, is_part) in [
        ("notes.db-wal", true),
        ("notes.db-shm", true),
        ("notes.db-journal", true),
        ("lonely.db-wal", false),
        ("text.log-wal", false),
        ("notes.db", false),
    ] {
        assert_eq!(is_part_of_database(&at(name)), is_part, "{name}");
    }
    assert_eq!(write_ahead_log(&input.path), Some(at("notes.db-wal")));
    assert_eq!(write_ahead_log(&at("text.log")), None);
}
