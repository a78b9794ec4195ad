//! The dashboard's CSV, whose columns have changed twice: they are found by name.
//!
//! Owns the meaning of `Input (w/ Cache Write)`, which a checksum decides for each file, and the telling apart of equal rows.

use super::{CLIENT, cost};
use crate::events::{Aggregate, CountedBy, Tokens, Trigger};
use crate::sources::document::read_bytes;
use crate::sources::json::{MAX_COUNT, parse_rfc3339};
use crate::sources::spans::{Length, span};
use crate::sources::{Input, InputError, Position, Reason, Sink, Unheard};
use std::collections::HashMap;

/// Columns that are read. The first two make a header.
const COLUMNS: [&str; 12] = [
    "Date",
    "Model",
    "User",
    "Kind",
    "Max Mode",
    "Input (w/ Cache Write)",
    "Input (w/o Cache Write)",
    "Cache Read",
    "Output Tokens",
    "Total Tokens",
    "Cost",
    "Automation ID",
];
const CLOUD_AGENT: &str = "Cloud Agent ID";

/// Whether the first line is a header of this export.
pub(super) fn recognises(head: &[u8]) -> bool {
    let head = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head);
    let first = head.split(|&byte| byte == b'\n').next().unwrap_or(&[]);
    let holds = |needle: &str| memchr::memmem::find(first, needle.as_bytes()).is_some();
    (first.starts_with(b"Date,") || first.starts_with(b"\"Date\","))
        && holds("Model")
        && (holds("Cache Read") || holds("Cost per Request") || holds("Max Mode"))
}

/// How the two input columns relate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meaning {
    /// `Input (w/ Cache Write)` is the cache writes: all four columns add up to the total.
    Additive,
    /// It contains `Input (w/o Cache Write)`: the difference is the cache writes.
    Inclusive,
}

/// One row, read and not yet told apart.
struct Row {
    at: Position,
    from_us: i64,
    to_us: i64,
    actor_id: Option<String>,
    model: Option<String>,
    trigger: Trigger,
    cost_micro_usd: Option<i64>,
    with_write: Option<i64>,
    without_write: Option<i64>,
    cache_read: Option<i64>,
    output: Option<i64>,
    total: Option<i64>,
}

/// Reads the export, which is judged as a whole: its rows are read once to see what the columns mean, and once more to be told. So the text is held, up to the
/// length of a document, and no row is.
pub(super) fn read(input: &Input, sink: &mut dyn Sink) -> Result<u64, InputError> {
    let bytes = match read_bytes(input, sink)? {
        Ok(bytes) => bytes,
        Err(end) => return Ok(end),
    };
    let end = bytes.len() as u64;
    let Ok(header) = reader_of(&bytes).headers().cloned() else {
        sink.reject(Position::default(), Reason::BadUtf8, "header");
        return Ok(end);
    };
    if header.iter().any(|column| column.contains('\n')) {
        sink.reject(Position { offset: 0, line: 1 }, Reason::BadValue, "header: a quote may be open");
        return Ok(end);
    }
    let table = Table::of(&header);
    for column in header.iter().filter(|column| {
        let name = column.trim_start_matches('\u{feff}').trim();
        !name.eq_ignore_ascii_case(CLOUD_AGENT) && !COLUMNS.iter().any(|known| known.eq_ignore_ascii_case(name))
    }) {
        sink.unknown_field(column.trim());
    }
    let mut votes = Votes::default();
    table.each_row(&bytes, &mut Unheard, &mut |row, _| votes.count(&row));
    let meaning = votes.meaning();
    let mut seen: HashMap<u64, u32> = HashMap::new();
    table.each_row(&bytes, sink, &mut |row, sink| finish(row, meaning, &mut seen, sink));
    Ok(end)
}

fn reader_of(bytes: &[u8]) -> csv::Reader<&[u8]> {
    // Under the default terminator a row after `\r\n` is said to begin at the `\n`.
    csv::ReaderBuilder::new().flexible(true).terminator(csv::Terminator::Any(b'\n')).from_reader(bytes)
}

/// Where the columns stand.
struct Table {
    width: usize,
    places: [Option<usize>; 12],
    cloud_agent: Option<usize>,
}

impl Table {
    fn of(header: &csv::StringRecord) -> Self {
        let place = |name: &str| {
            header.iter().position(|column| column.trim_start_matches('\u{feff}').trim().eq_ignore_ascii_case(name))
        };
        Self { width: header.len(), places: COLUMNS.map(place), cloud_agent: place(CLOUD_AGENT) }
    }

    /// Hands over every row that is one; the others are rejected.
    fn each_row(&self, bytes: &[u8], sink: &mut dyn Sink, handle: &mut dyn FnMut(Row, &mut dyn Sink)) {
        let mut reader = reader_of(bytes);
        let mut record = csv::StringRecord::new();
        let at = |position: Option<&csv::Position>| Position {
            offset: position.map_or(0, csv::Position::byte),
            line: position.map_or(0, csv::Position::line),
        };
        loop {
            match reader.read_record(&mut record) {
                Ok(false) => break,
                // The end of a last line, or an empty one.
                Ok(true) if record.len() < 2 && record.iter().all(|cell| cell.trim().is_empty()) => {}
                Ok(true) => {
                    let at = at(record.position());
                    if record.len() != self.width {
                        sink.reject(at, Reason::RaggedRow, &format!("{} of {} fields", record.len(), self.width));
                        continue;
                    }
                    let cell =
                        |column: usize| self.places[column].and_then(|place| record.get(place)).unwrap_or("").trim();
                    let in_cloud =
                        self.cloud_agent.and_then(|place| record.get(place)).is_some_and(|id| !id.trim().is_empty());
                    let trigger = match (!cell(11).is_empty(), in_cloud) {
                        (true, _) => Trigger::Schedule,
                        (false, true) => Trigger::Agent,
                        (false, false) => Trigger::Unknown,
                    };
                    if let Some(row) = row(cell, trigger, at, sink) {
                        handle(row, sink);
                    }
                }
                Err(error) => sink.reject(at(error.position()), Reason::BadUtf8, "invalid byte sequence"),
            }
        }
    }
}

fn row<'r>(cell: impl Fn(usize) -> &'r str, trigger: Trigger, at: Position, sink: &mut dyn Sink) -> Option<Row> {
    let date = cell(0);
    // Early exports have days, later ones moments.
    let moment = if date.len() == 10 {
        span(date, Length::Day)
    } else {
        parse_rfc3339(date).map(|moment| (moment.us, moment.us + 1))
    };
    let (from_us, to_us) = moment.map_err(|reason| sink.reject(at, reason, "Date")).ok()?;
    let mut count = |column: usize| {
        let text = cell(column).replace(',', "");
        if matches!(text.as_str(), "" | "-" | "NaN") {
            return None;
        }
        let read = text.parse::<i64>().ok().filter(|count| (0..=MAX_COUNT).contains(count));
        if read.is_none() {
            sink.reject(at, Reason::OutOfRange, COLUMNS[column]);
        }
        read
    };
    let (with_write, without_write) = (count(5), count(6));
    let (cache_read, output, total) = (count(7), count(8), count(9));
    let text = |column: usize| Some(cell(column).to_owned()).filter(|text| !text.is_empty());
    let cost_micro_usd = cost(cell(10)).map_err(|reason| sink.reject(at, reason, "Cost")).ok().flatten();
    let (actor_id, model) = (text(2), text(1));
    Some(Row {
        at,
        from_us,
        to_us,
        actor_id,
        model,
        trigger,
        cost_micro_usd,
        with_write,
        without_write,
        cache_read,
        output,
        total,
    })
}

/// What the rows with a total agree on. Rows without cache writes agree with both, and so does a file without any.
#[derive(Default)]
struct Votes {
    additive: usize,
    inclusive: usize,
}

impl Votes {
    fn count(&mut self, row: &Row) {
        let (Some(with), Some(without), Some(total)) = (row.with_write, row.without_write, row.total) else { return };
        let rest = row.cache_read.unwrap_or(0) + row.output.unwrap_or(0);
        self.additive += usize::from(with + without + rest == total && without > 0);
        self.inclusive += usize::from(with + rest == total && without > 0);
    }

    fn meaning(&self) -> Meaning {
        if self.inclusive > self.additive { Meaning::Inclusive } else { Meaning::Additive }
    }
}

/// Puts a row into the sink. Events have no ids: equal rows are told apart by their number, so that as many count as there are, and a file that is read
/// again has the same.
fn finish(row: Row, meaning: Meaning, seen: &mut HashMap<u64, u32>, sink: &mut dyn Sink) {
    let counts = [row.with_write, row.without_write, row.cache_read, row.output, row.total];
    let mut aggregate = Aggregate::new(row.from_us, row.to_us, "cursor.usage_csv", CountedBy::Vendor);
    let same = format!("{:?} {:?} {:?} {counts:?}", row.from_us, row.actor_id, row.model);
    aggregate.client = Some(CLIENT.to_owned());
    aggregate.actor_id = row.actor_id;
    aggregate.model = row.model;
    aggregate.requests = Some(1);
    aggregate.trigger = row.trigger;
    aggregate.cost_micro_usd = row.cost_micro_usd;
    aggregate.tokens = Tokens {
        input: row.without_write.or(row.with_write),
        output: row.output,
        cache_read: row.cache_read,
        cache_write: match (meaning, row.with_write, row.without_write) {
            (_, _, None) | (_, None, _) => None,
            (Meaning::Additive, Some(with), Some(_)) => Some(with),
            (Meaning::Inclusive, Some(with), Some(without)) => Some((with - without).max(0)),
        },
        ..Tokens::default()
    };
    let number = seen.entry(xxhash_rust::xxh3::xxh3_64(same.as_bytes())).or_default();
    *number += 1;
    let counts = counts.map(|count| count.map_or_else(String::new, |count| count.to_string()));
    aggregate.dimension = Some(format!("{}#{number}", counts.join("/")));
    sink.aggregate(row.at, aggregate);
}
