//! Clusters on loopback: a scheduler and two executors as processes of their own, and the results of the local engine to compare with.
//!
//! `cargo test --features cluster --test cluster`. Ports are free ones, processes end with the test, and no test looks at how long anything took.

#![allow(clippy::unwrap_used, clippy::expect_used)] // everything in here is a test

mod machines;

use arrow::array::{Int64Array, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema};
use arrow::util::display::array_value_to_string;
use footlight::engine::distributed::Cluster;
use footlight::engine::{Engine, Limits, Model, Overrides};
use machines::{Bucket, Machines, footlight};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

/// A lake of the sample, and what the local engine makes of it in `local`.
static SAMPLE: LazyLock<tempfile::TempDir> = LazyLock::new(|| {
    let directory = tempfile::tempdir().unwrap();
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("data/sample"), &directory.path().join("sample"));
    let run = ["ingest", "--input", "sample", "--lake", "lake", "--config", "sample/footlight.toml"];
    let (code, stderr) = footlight(directory.path(), &[], &run);
    assert!(code == 0 || code == 3, "{stderr}");
    score(directory.path(), &[], "local", &[]);
    directory
});

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), &target).unwrap();
            #[cfg(unix)]
            fs::set_permissions(&target, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        }
    }
}

fn score(directory: &Path, environment: &[(&str, String)], out: &str, more: &[&str]) {
    let mut arguments = vec!["score", "--lake", "lake", "--config", "sample/footlight.toml", "--out", out];
    arguments.extend(more);
    let (code, stderr) = footlight(directory, environment, &arguments);
    assert_eq!(code, 0, "{stderr}");
}

/// The result tables of a run, byte for byte: rows are sorted by key, and what is written depends on rows alone.
fn tables(out: &Path) -> BTreeMap<String, Vec<u8>> {
    let files = fs::read_dir(out.join("tables")).unwrap().map(Result::unwrap);
    files.map(|file| (file.file_name().into_string().unwrap(), fs::read(file.path()).unwrap())).collect()
}

fn assert_same_tables(out: &str) {
    let (local, other) = (tables(&SAMPLE.path().join("local")), tables(&SAMPLE.path().join(out)));
    assert!(local.len() >= 10 && local.keys().eq(other.keys()), "{:?}", other.keys());
    for (table, bytes) in &local {
        assert!(bytes == &other[table], "{table} differs between the local engine and {out}");
    }
}

#[test]
fn a_cluster_gives_the_rows_of_the_local_engine() {
    let directory = SAMPLE.path();
    let machines = Machines::start(&[]);
    score(directory, &[], "in_directory", &["--engine", "ballista", "--scheduler", &machines.scheduler]);
    assert_same_tables("in_directory");
    let left: Vec<_> =
        fs::read_dir(directory.join("in_directory")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().starts_with("footlight-")), "left behind: {left:?}");
}

#[test]
fn a_bucket_is_a_shared_place() {
    let Some(bucket) = Bucket::start() else {
        eprintln!("left out: there is no moto_server here; `pip install 'moto[server]'` brings it");
        return;
    };
    let directory = SAMPLE.path();
    let machines = Machines::start(&bucket.environment());
    // Something of a file that the lake does not have any more.
    bucket.put("acme/lake/events/part-erased.zstd.parquet");
    let on_cluster = ["--engine", "ballista", "--scheduler", &machines.scheduler, "--shared", "s3://footlight/acme"];
    score(directory, &bucket.environment(), "in_bucket", &on_cluster);
    assert_same_tables("in_bucket");
    let keys = bucket.keys();
    assert!(keys.iter().any(|key| key.starts_with("acme/lake/events/part-")), "{keys:?}");
    assert!(keys.iter().all(|key| key.starts_with("acme/lake/") && !key.contains("erased")), "{keys:?}");
}

/// Some seconds of work in several stages, each on both executors.
const HEAVY: &str = "-- model: heavy
-- grain: one remainder
-- reads: numbers
with pairs as (
    select one.n * 31 + other.n as m, one.n as a, other.n as b
    from numbers as one
    join numbers as other on other.n % 40 = one.n % 40
)
select m % 97 as remainder, count(*) as pairs, sum(a * b % 1009) as products, count(distinct a % 1013) as kinds
from pairs
group by 1
";

fn engine_with_numbers(engine: &Engine) {
    let schema = Arc::new(Schema::new(vec![Field::new("n", DataType::Int64, false)]));
    let numbers = Int64Array::from_iter_values(0..40_000);
    let batch = RecordBatch::try_new(Arc::clone(&schema), vec![Arc::new(numbers)]).unwrap();
    engine.register_batches("numbers", schema, vec![batch]).unwrap();
}

/// Runs a model and gives its rows in the order of their first column.
async fn rows_of(engine: &Engine, sql: &str) -> Vec<String> {
    let name = sql.lines().next().unwrap().trim_start_matches("-- model: ");
    engine.run_model(&Model::parse(format!("{name}.sql"), sql).unwrap(), &Overrides::new()).await.unwrap();
    let mut rows = Vec::new();
    for batch in engine.rows(&format!("select * from {name} order by 1")).await.unwrap() {
        for row in 0..batch.num_rows() {
            let values = batch.columns().iter().map(|column| array_value_to_string(column, row).unwrap());
            rows.push(values.collect::<Vec<_>>().join(" "));
        }
    }
    rows
}

#[test]
fn an_executor_killed_in_the_middle_of_a_stage_changes_nothing() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let directory = tempfile::tempdir().unwrap();
        let limits = Limits { threads: 4, ..Limits::default() };
        let local = Engine::new(&limits).unwrap();
        engine_with_numbers(&local);
        let expected = rows_of(&local, HEAVY).await;
        assert_eq!(expected.len(), 97);

        let mut machines = Machines::start(&[]);
        let shared = directory.path().to_str().unwrap();
        let cluster = Cluster::connect(&machines.scheduler, shared).await.unwrap();
        let engine = Engine::with_workers(&limits, Arc::new(cluster)).unwrap();
        engine_with_numbers(&engine);
        let answer = tokio::spawn(async move { rows_of(&engine, HEAVY).await });
        // The pairs are stage 3; an executor that holds rows of the stages before and works on this one is lost with both.
        let victim = loop {
            assert!(!answer.is_finished(), "done before an executor was seen at work: {}", machines.logs());
            if let Some(victim) = machines.at_work_in_stage(3) {
                break victim;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        };
        machines.kill(victim);
        assert!(!machines.unfinished(victim, 3).is_empty(), "it was quicker than the kill");
        let given = machines.given_to_others(victim, 3);
        assert_eq!(answer.await.unwrap(), expected);
        assert!(machines.given_to_others(victim, 3) > given, "the work was given to nobody: {}", machines.logs());
    });
}

/// What Ballista 55 refuses, answers with other rows or tries without end, and what only this process has.
const AWKWARD: &[&str] = &[
    "-- model: filtered_windows\n-- grain: one number\n-- reads: numbers
select n, count(*) filter (where n % 3 = 0) over (partition by n % 5) as thirds from numbers where n < 500",
    "-- model: recursion\n-- grain: one number\n-- reads: numbers
with recursive halves as (
    select n, n as whole from numbers where n = 4096
    union all
    select n / 2, whole from halves where n > 1
)
select n, whole from halves",
    "-- model: table_functions\n-- grain: one number\n-- reads: numbers
select value, count(numbers.n) as found from range(1, 50) left join numbers on numbers.n % value = 7 group by value",
    "-- model: no_rows\n-- grain: one number\n-- reads: numbers
with none as (select n from numbers where n < 0)
select n, count(*) as found from none group by n",
    "-- model: sorted_halves\n-- grain: one number\n-- reads: numbers
select n, cast(row_number() over (partition by n % 7 order by n desc) as bigint) as place from numbers where n < 300
union all
select n, 0 - cast(row_number() over (partition by n % 11 order by n) as bigint) as place from numbers where n between 300 and 600",
];

#[test]
fn what_a_cluster_cannot_do_is_done_here() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let directory = tempfile::tempdir().unwrap();
        let local = Engine::new(&Limits::default()).unwrap();
        engine_with_numbers(&local);
        let machines = Machines::start(&[]);
        let cluster = Cluster::connect(&machines.scheduler, directory.path().to_str().unwrap()).await.unwrap();
        let engine = Engine::with_workers(&Limits::default(), Arc::new(cluster)).unwrap();
        engine_with_numbers(&engine);
        for sql in AWKWARD {
            let expected = rows_of(&local, sql).await;
            assert!(!expected.is_empty() || sql.contains("no_rows"), "{sql}");
            assert_eq!(rows_of(&engine, sql).await, expected, "{sql}");
        }
    });
}

#[test]
fn what_is_wrong_is_said() {
    let directory = tempfile::tempdir().unwrap();
    let nobody = format!("127.0.0.1:{}", machines::free_port());
    let of = |arguments: &[&str]| footlight(SAMPLE.path(), &[], arguments);
    let base =
        ["score", "--lake", "lake", "--config", "sample/footlight.toml", "--out", directory.path().to_str().unwrap()];
    let (code, stderr) = of(&[&base[..], &["--engine", "ballista", "--scheduler", &nobody]].concat());
    assert_eq!(code, 1, "{stderr}");
    assert!(stderr.contains(&format!("no scheduler answers at {nobody}")), "{stderr}");
    let (code, stderr) = of(&[&base[..], &["--engine", "ballista"]].concat());
    assert_eq!(code, 2, "{stderr}");
    let (code, stderr) = of(&[&base[..], &["--engine", "ballista", "--scheduler", "here"]].concat());
    assert_eq!(code, 2, "{stderr}");
    assert!(stderr.contains("write HOST:PORT"), "{stderr}");
}
