//! How often requests that no id joins are matched rightly: precision and recall of `int_request_pairs` and `int_request_twins` over generated
//! days with known truth. Figures stand in docs/merging.md, and `FOOTLIGHT_RENEW=1` writes them anew; the test holds floors.

use crate::queries::{block_on, engine_over_empty_tables, queries_directory};
use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use footlight::engine::{Limits, Models, Overrides};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::sync::Arc;

/// A generated day.
struct World {
    name: &'static str,
    /// Share of requests with counts that many have: polls, classifications, continuations out of twelve forms.
    equal: f64,
    /// Share of the gateway's requests of which it knows the person.
    known: f64,
    /// Share of requests that are sent again within seconds, with the same counts.
    again: f64,
    /// Share of requests that only one of the two sources sees.
    one_sided: f64,
    /// Share of the matched that must be right.
    precision: f64,
    /// Share of those in both sources that must be matched rightly.
    recall: f64,
}

const WORLDS: [World; 5] = [
    World {
        name: "everyday work",
        equal: 0.05,
        known: 0.9,
        again: 0.01,
        one_sided: 0.3,
        precision: 0.998,
        recall: 0.97,
    },
    World {
        name: "many equal small requests",
        equal: 0.6,
        known: 0.9,
        again: 0.01,
        one_sided: 0.3,
        precision: 0.998,
        recall: 0.9,
    },
    World {
        name: "many equal ones, a gateway that knows nobody",
        equal: 0.6,
        known: 0.0,
        again: 0.01,
        one_sided: 0.3,
        precision: 0.998,
        recall: 0.35,
    },
    World { name: "many retries", equal: 0.2, known: 0.9, again: 0.2, one_sided: 0.3, precision: 0.99, recall: 0.79 },
    World {
        name: "hardly any in common",
        equal: 0.6,
        known: 0.3,
        again: 0.01,
        one_sided: 0.95,
        precision: 0.94,
        recall: 0.5,
    },
];
const PEOPLE: u64 = 240;
const REQUESTS: usize = 12_000;
const DAY_MS: u64 = 10 * 3_600_000;
const START_US: i64 = 1_780_290_000_000_000;

struct Draw(fastrand::Rng);

impl Draw {
    fn below(&mut self, end: u64) -> u64 {
        self.0.u64(..end)
    }
    fn chance(&mut self, share: f64) -> bool {
        self.0.f64() < share
    }
    /// Log-normal by twelve uniform draws.
    fn size(&mut self, middle: f64, spread: f64) -> i64 {
        let normal = (0..12).map(|_| self.0.f64()).sum::<f64>() - 6.0;
        (middle * (spread * normal).exp()) as i64 + 1
    }
}

/// One row of a source.
struct Row {
    id: String,
    source: &'static str,
    person: Option<u64>,
    ts_us: i64,
    duration_ms: Option<i64>,
    input: i64,
    cached: Option<i64>,
    output: i64,
}

/// The rows of a day, with ids so that `t7` and `g7` are one request, and how many stand in both sources.
fn day(world: &World, seed: u64) -> (Vec<Row>, usize) {
    let mut draw = Draw(fastrand::Rng::with_seed(seed));
    let (mut rows, mut both, mut number) = (Vec::new(), 0, 0);
    while number < REQUESTS {
        let person = draw.below(PEOPLE);
        let mut at_us = START_US + draw.below(DAY_MS) as i64 * 1000;
        let (input, cached, output) = if draw.chance(world.equal) {
            let form = draw.below(12) as i64;
            (300 + 11 * form, 0, 1 + form % 4)
        } else {
            (draw.size(40.0, 1.0), draw.size(18_000.0, 0.9), draw.size(220.0, 1.0))
        };
        let duration_ms = 300 + output * 12 + draw.below(900) as i64;
        let times = if draw.chance(world.again) { 2 } else { 1 };
        for _ in 0..times {
            let (in_transcript, at_gateway) = match (draw.chance(world.one_sided), draw.below(2)) {
                (false, _) => (true, true),
                (true, 0) => (true, false),
                (true, _) => (false, true),
            };
            let end_us = at_us + duration_ms * 1000;
            if in_transcript {
                // A transcript's line is written when the first block is there, and says no duration.
                let ts_us = at_us + draw.below(duration_ms as u64) as i64 * 1000;
                let id = format!("t{number}");
                let (person, cached) = (Some(person), Some(cached));
                rows.push(Row { id, source: "claude_code", person, ts_us, duration_ms: None, input, cached, output });
            }
            if at_gateway {
                let person = draw.chance(world.known).then_some(person);
                let ts_us = end_us + (draw.below(800) as i64 - 400) * 1000;
                let (id, input, duration_ms) = (format!("g{number}"), input + cached, Some(duration_ms));
                rows.push(Row { id, source: "litellm", person, ts_us, duration_ms, input, cached: None, output });
            }
            both += usize::from(in_transcript && at_gateway);
            number += 1;
            at_us = end_us + 200_000 + draw.below(4_000_000) as i64;
        }
    }
    (rows, both)
}

/// The rows as a table.
fn batch(rows: &[Row]) -> RecordBatch {
    let text = |of: &dyn Fn(&Row) -> Option<String>| Arc::new(rows.iter().map(of).collect::<StringArray>()) as ArrayRef;
    let long = |of: &dyn Fn(&Row) -> Option<i64>| Arc::new(rows.iter().map(of).collect::<Int64Array>()) as ArrayRef;
    RecordBatch::try_from_iter([
        ("id", text(&|row| Some(row.id.clone()))),
        ("source", text(&|row| Some(row.source.to_owned()))),
        ("actor_id", text(&|row| row.person.map(|person| format!("p{person}")))),
        ("ts_us", long(&|row| Some(row.ts_us))),
        ("duration_ms", long(&|row| row.duration_ms)),
        ("input_tokens", long(&|row| Some(row.input))),
        ("cache_read_tokens", long(&|row| row.cached)),
        ("output_tokens", long(&|row| Some(row.output))),
    ])
    .unwrap()
}

struct Measured {
    pairs: usize,
    matched: usize,
    right: usize,
}

async fn measure(world: &World, seed: u64, models: &Models) -> Measured {
    let engine = engine_over_empty_tables(&Limits::default()).await;
    let (rows, both) = day(world, seed);
    let batch = batch(&rows);
    engine.register_batches("rows", batch.schema(), vec![batch]).unwrap();
    for statement in [
        "insert into actors (actor_id, on_roster) select distinct actor_id, true from rows where actor_id is not null",
        "insert into identities select distinct actor_id, '' as os_user, 'f' as source_file, actor_id as actor from rows where actor_id is not null",
        "insert into identities values ('', '', 'f', '(unassigned)')",
        "insert into events (event_key, source, event_id, kind, session_id, source_file, ts, duration_ms, actor_id, model, input_tokens,
            cache_read_tokens, output_tokens, token_basis, output_is_lower_bound)
        select arrow_cast(id, 'Binary') as event_key, source, id as event_id, 'completion' as kind, source as session_id, 'f' as source_file,
            to_timestamp_micros(ts_us) as ts, duration_ms, actor_id, 'claude-sonnet-4-6' as model, input_tokens, cache_read_tokens, output_tokens,
            'reported' as token_basis, false as output_is_lower_bound from rows",
    ] {
        engine.context().sql(statement).await.unwrap().collect().await.unwrap();
    }
    for model in ["int_shared_ids", "int_request_pairs", "int_request_twins"] {
        engine.run_model(models.get(model).unwrap(), &Overrides::new()).await.unwrap();
    }
    let sql = "select min(e.event_id) as gateway, max(e.event_id) as transcript
        from int_request_twins as t inner join events as e on t.event_key = e.event_key group by t.twin";
    let mut measured = Measured { pairs: both, matched: 0, right: 0 };
    for batch in engine.context().sql(sql).await.unwrap().collect().await.unwrap() {
        let text =
            |column: usize, row: usize| arrow::util::display::array_value_to_string(batch.column(column), row).unwrap();
        for row in 0..batch.num_rows() {
            measured.matched += 1;
            measured.right += usize::from(text(0, row)[1..] == text(1, row)[1..]);
        }
    }
    measured
}

#[test]
fn what_no_id_joins_is_matched_rightly_or_not_at_all() {
    let models = Models::with_directory(&queries_directory()).unwrap();
    let mut table = String::from(
        "| day | in both sources | matched | wrongly | precision | recall |\n|---|---:|---:|---:|---:|---:|\n",
    );
    for world in &WORLDS {
        let mut sum = Measured { pairs: 0, matched: 0, right: 0 };
        for seed in 1..=2 {
            let one = block_on(measure(world, seed, &models));
            (sum.pairs, sum.matched, sum.right) =
                (sum.pairs + one.pairs, sum.matched + one.matched, sum.right + one.right);
        }
        let precision = sum.right as f64 / sum.matched as f64;
        let recall = sum.right as f64 / sum.pairs as f64;
        let wrong = sum.matched - sum.right;
        let (name, pairs, matched) = (world.name, sum.pairs, sum.matched);
        let _ = writeln!(table, "| {name} | {pairs} | {matched} | {wrong} | {precision:.4} | {recall:.4} |");
        assert!(precision > world.precision && recall > world.recall, "{table}");
    }
    if std::env::var_os("FOOTLIGHT_RENEW").is_some() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/merging.md");
        let page = fs::read_to_string(&path).unwrap();
        let (begin, end) = ("<!-- measured -->\n", "<!-- end of measured -->\n");
        let from = page.find(begin).unwrap() + begin.len();
        let to = page.find(end).unwrap();
        fs::write(&path, format!("{}{table}{}", &page[..from], &page[to..])).unwrap();
    }
}
