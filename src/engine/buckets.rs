//! Buckets of people: what lets a model of any size be worked on in pieces that fit in memory.
//!
//! Owns how many there are and which one a row is in. A person and all root sessions in which the person took part are in one bucket, so a model whose
//! rows are each made of one person's or one session's steps (`part: person` in its header) gives the same rows whether it reads all
//! people or one bucket after the other. Owns no running of models, which is [`super::Engine`]'s, and no files, which are [`super::store`]'s.

use arrow::array::{Array, AsArray, RecordBatch, StringArray, UInt32Array};
use arrow::compute::{cast, take_record_batch};
use arrow::datatypes::DataType;
use datafusion::error::{DataFusionError, Result};
use rustc_hash::FxHashMap;
use xxhash_rust::xxh3::xxh3_64;

/// Bytes that an event takes while its bucket is worked on by the widest of the models. A job that needs more runs once more, alone.
const BYTES_AN_EVENT: usize = 1_024;

/// Below so many events each thread's bucket would cost more in planning than it saves.
const EVENTS_TO_DIVIDE: usize = 50_000;

/// Buckets at most: each has files of its own for every model.
const MOST: usize = 256;

/// A slice is of everything that some models join, lines above all, which is less than what the widest model works on.
const BUCKETS_A_SLICE: usize = 6;

/// Buckets, and who is in which.
#[derive(Debug, Clone, Default)]
pub(super) struct Buckets {
    count: usize,
    /// People who share a session with others, and the one by whom all of them go.
    by: FxHashMap<String, String>,
}

impl Buckets {
    /// So many that those worked on at once, one a thread, take half of the memory; each thread has as many.
    pub(super) fn needed(events: usize, memory_bytes: usize, threads: usize) -> usize {
        let threads = threads.max(1);
        let for_memory = events.saturating_mul(BYTES_AN_EVENT).div_ceil((memory_bytes / 2 / threads).max(1));
        let for_threads = if events < EVENTS_TO_DIVIDE { 1 } else { threads };
        let count = for_memory.max(for_threads);
        if count == 1 { 1 } else { count.next_multiple_of(threads).min(MOST.max(threads)) }
    }

    /// `shared` are pairs of a session and one of the several people in it.
    pub(super) fn new(count: usize, shared: &[(String, String)]) -> Self {
        let mut groups = Groups::default();
        let mut first_of: FxHashMap<&str, &str> = FxHashMap::default();
        for (session, person) in shared {
            let first = *first_of.entry(session).or_insert(person);
            groups.join(first, person);
        }
        Self { count: count.max(1), by: groups.named() }
    }

    /// How many.
    pub(super) fn count(&self) -> usize {
        self.count.max(1)
    }

    /// In how many slices models over everything that hold one side of large joins are worked on: each reads all of it once more.
    pub(super) fn slices(&self) -> usize {
        (self.count() / BUCKETS_A_SLICE).max(1)
    }

    fn of(&self, person: &str) -> usize {
        let person = self.by.get(person).map_or(person, String::as_str);
        (xxh3_64(person.as_bytes()) % self.count() as u64) as usize
    }

    /// The rows of each bucket by the people in `column`, each in memory of its own; buckets without rows are left out.
    pub(super) fn split(&self, batch: &RecordBatch, column: &str) -> Result<Vec<(usize, RecordBatch)>> {
        if self.count() == 1 {
            return Ok(vec![(0, batch.clone())]);
        }
        let mut split = Vec::new();
        for (bucket, rows) in self.rows(batch, column)? {
            split.push((bucket, take_record_batch(batch, &UInt32Array::from(rows))?));
        }
        Ok(split)
    }

    /// The same as slices of one batch: one copy of each column, whatever the number of buckets.
    pub(super) fn sliced(&self, batch: &RecordBatch, column: &str) -> Result<Vec<(usize, RecordBatch)>> {
        let buckets = self.rows(batch, column)?;
        let order: UInt32Array = buckets.iter().flat_map(|(_, rows)| rows.iter().copied()).collect();
        let sorted = take_record_batch(batch, &order)?;
        let mut start = 0;
        let slices = buckets.into_iter().map(|(bucket, rows)| {
            let slice = sorted.slice(start, rows.len());
            start += rows.len();
            (bucket, slice)
        });
        Ok(slices.collect())
    }

    /// The numbers of the rows of each bucket that has some, in their order.
    fn rows(&self, batch: &RecordBatch, column: &str) -> Result<Vec<(usize, Vec<u32>)>> {
        let people = batch.column_by_name(column).ok_or_else(|| {
            DataFusionError::Plan(format!("a model that is split by person has no column `{column}`"))
        })?;
        let people = cast(people, &DataType::Utf8)?;
        let people: &StringArray = people.as_string();
        let mut rows: Vec<Vec<u32>> = vec![Vec::new(); self.count()];
        let mut last: Option<(&str, usize)> = None;
        for row in 0..people.len() {
            let person = if people.is_valid(row) { people.value(row) } else { "" };
            let bucket = match last {
                Some((before, bucket)) if before == person => bucket,
                _ => self.of(person),
            };
            last = Some((person, bucket));
            rows[bucket].push(row as u32);
        }
        Ok(rows.into_iter().enumerate().filter(|(_, rows)| !rows.is_empty()).collect())
    }
}

/// Who belongs together, by union and find; each group is named for the smallest name in it.
#[derive(Default)]
struct Groups<'a>(FxHashMap<&'a str, &'a str>);

impl<'a> Groups<'a> {
    fn root(&self, mut person: &'a str) -> &'a str {
        while let Some(next) = self.0.get(person).copied().filter(|next| *next != person) {
            person = next;
        }
        person
    }

    fn join(&mut self, one: &'a str, other: &'a str) {
        let (one, other) = (self.root(one), self.root(other));
        let (low, high) = if one <= other { (one, other) } else { (other, one) };
        self.0.insert(high, low);
        self.0.entry(low).or_insert(low);
    }

    fn named(&self) -> FxHashMap<String, String> {
        self.0.keys().map(|person| ((*person).to_owned(), self.root(person).to_owned())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
        list.iter().map(|(session, person)| ((*session).to_owned(), (*person).to_owned())).collect()
    }

    #[test]
    fn whoever_shares_a_session_shares_a_bucket() {
        let shared = pairs(&[("s1", "zoe"), ("s1", "ada"), ("s2", "eve"), ("s2", "zoe"), ("s3", "tom"), ("s3", "tim")]);
        let buckets = Buckets::new(97, &shared);
        assert_eq!(buckets.of("ada"), buckets.of("zoe"));
        assert_eq!(buckets.of("eve"), buckets.of("zoe"));
        assert_eq!(buckets.of("tom"), buckets.of("tim"));
        assert_ne!(buckets.of("tom"), buckets.of("ada"));
        let mut turned = shared.clone();
        turned.reverse();
        assert_eq!(Buckets::new(97, &turned).by, buckets.by, "the order of pairs decides nothing");
    }

    #[test]
    fn rows_are_split_whole_and_by_person() {
        let people = StringArray::from(vec![Some("ada"), None, Some("eve"), Some("ada"), Some("tom"), Some("eve")]);
        let batch = RecordBatch::try_from_iter([("actor_id", Arc::new(people) as Arc<dyn Array>)]).unwrap();
        let buckets = Buckets::new(5, &[]);
        let split = buckets.split(&batch, "actor_id").unwrap();
        assert!(split.len() > 1, "five buckets and four people");
        assert_eq!(split.iter().map(|(_, part)| part.num_rows()).sum::<usize>(), 6);
        for (bucket, part) in &split {
            for person in part.column(0).as_string::<i32>().iter() {
                assert_eq!(buckets.of(person.unwrap_or("")), *bucket);
            }
        }
        assert_eq!(buckets.sliced(&batch, "actor_id").unwrap(), split);
        assert!(buckets.split(&batch, "person").is_err());
        assert_eq!(Buckets::new(1, &[]).split(&batch, "nobody").unwrap().len(), 1);
    }

    #[test]
    fn small_data_is_one_bucket_and_large_data_many() {
        assert_eq!(Buckets::needed(0, 1 << 30, 4), 1);
        assert_eq!(Buckets::needed(200_000, 4 << 30, 1), 1);
        assert_eq!(Buckets::needed(200_000, 4 << 30, 4), 4);
        assert_eq!(Buckets::needed(430_000, 1 << 30, 1), 1);
        assert_eq!(Buckets::needed(10_000_000, 1 << 30, 1), 20);
        assert_eq!(Buckets::needed(10_000_000, 1 << 30, 2), 40);
        assert_eq!(Buckets::needed(10_000_000, 4 << 30, 2), 10);
        assert_eq!(Buckets::needed(1_000_000_000, 0, 2), 256);
    }
}
