//! Tests of the engine over small tables.

use super::*;
use arrow::util::pretty::pretty_format_batches;
use futures::TryStreamExt as _;

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap()
}

fn models(files: &[(&str, &str)]) -> Models {
    let parse = |(name, rest): &(&str, &str)| {
        Model::parse(format!("{name}.sql"), &format!("-- model: {name}\n-- grain: row\n-- reads: {rest}\n"))
    };
    Models::of(files.iter().map(parse).collect::<Result<_, _>>().unwrap()).unwrap()
}

async fn engine_with_quotas(limits: &Limits) -> Engine {
    let engine = Engine::new(limits).unwrap();
    let schema = tables::configuration_schema("quotas").unwrap();
    engine.register("quotas", Arc::new(MemTable::try_new(schema, vec![Vec::new()]).unwrap())).unwrap();
    let rows = "insert into quotas (quota_id, metric) values (1, 'tokens'), (2, 'prompts'), (3, 'tokens')";
    engine.context().sql(rows).await.unwrap().collect().await.unwrap();
    engine
}

fn shown(batches: &[RecordBatch]) -> String {
    pretty_format_batches(batches).unwrap().to_string()
}

#[test]
fn models_run_in_order_with_their_parameters_bound() {
    runtime().block_on(async {
        let engine = engine_with_quotas(&Limits::default()).await;
        let models = models(&[
            ("int_counts", "stg_quotas\nselect metric, count(*) as quotas from stg_quotas group by metric"),
            (
                "stg_quotas",
                "quotas\n-- params: metric = 'tokens'\nselect * from quotas where metric = $metric or $metric = 'any'",
            ),
        ]);
        let runs = engine.run(&models, &Overrides::new()).await.unwrap();
        assert_eq!(
            runs.iter().map(|run| (run.model.as_str(), run.rows)).collect::<Vec<_>>(),
            [("stg_quotas", None), ("int_counts", Some(1))]
        );
        let any = Overrides::from([("stg_quotas.metric".to_owned(), ParamValue::Text("any".into()))]);
        let runs = engine.run(&models, &any).await.unwrap();
        assert_eq!(runs[1].rows, Some(2));
    });
}

#[test]
fn a_large_model_goes_to_a_file_and_reads_the_same() {
    runtime().block_on(async {
        let limits = Limits { rows_in_memory: 2, ..Limits::default() };
        let engine = engine_with_quotas(&limits).await;
        let models = models(&[("int_quotas", "quotas\nselect quota_id, metric from quotas")]);
        engine.run(&models, &Overrides::new()).await.unwrap();
        assert!(engine.scratch().join("int_quotas").exists());
        let rows = engine.rows("select quota_id, metric from int_quotas order by quota_id").await.unwrap();
        let same = engine.rows("select quota_id, metric from quotas order by quota_id").await.unwrap();
        assert_eq!(shown(&rows), shown(&same));
        let scratch = engine.scratch().to_path_buf();
        drop(engine);
        assert!(!scratch.exists());
    });
}

#[test]
fn a_model_without_rows_is_no_join_for_its_readers() {
    runtime().block_on(async {
        let engine = engine_with_quotas(&Limits::default()).await;
        let none = "quotas\nselect quota_id, metric as other from quotas where metric = 'nothing'";
        engine.run(&models(&[("int_none", none)]), &Overrides::new()).await.unwrap();
        let left =
            "select q.quota_id, n.other from quotas as q left join int_none as n on q.quota_id = n.quota_id order by 1";
        let plan = engine.query(left).await.unwrap().into_optimized_plan().unwrap().display_indent().to_string();
        assert!(!plan.contains("Join"), "{plan}");
        let same = "select quota_id, arrow_cast(null, 'Utf8') as other from quotas order by 1";
        assert_eq!(shown(&engine.rows(left).await.unwrap()), shown(&engine.rows(same).await.unwrap()));
        let kept = "select quota_id from quotas where quota_id not in (select quota_id from int_none)";
        assert_eq!(engine.rows(kept).await.unwrap().iter().map(RecordBatch::num_rows).sum::<usize>(), 3);
    });
}

#[test]
fn users_can_only_ask() {
    runtime().block_on(async {
        let engine = engine_with_quotas(&Limits::default()).await;
        for sql in ["create table x as select 1", "insert into quotas (quota_id) values (9)", "drop table quotas"] {
            assert!(engine.query(sql).await.is_err(), "{sql}");
        }
        assert!(engine.query("set datafusion.execution.time_zone = '+05:00'").await.is_err());
        assert!(engine.query("copy quotas to '/tmp/never.csv' stored as csv").await.is_err());
        assert!(engine.query("create external table x stored as csv location '/etc/passwd'").await.is_err());
        let rows = engine.rows("select count(*) as quotas from quotas").await.unwrap();
        assert_eq!(rows[0].num_rows(), 1);
    });
}

#[test]
fn an_error_names_the_file() {
    runtime().block_on(async {
        let engine = engine_with_quotas(&Limits::default()).await;
        let models = models(&[("int_wrong", "quotas\nselect nothing from quotas")]);
        let error = engine.run(&models, &Overrides::new()).await.unwrap_err();
        assert!(error.to_string().starts_with("int_wrong.sql: "), "{error}");
    });
}

#[test]
fn models_that_do_not_fit_beside_each_other_run_alone() {
    runtime().block_on(async {
        let limits = Limits { memory_bytes: 24 << 20, threads: 3, ..Limits::default() };
        let engine = engine_with_quotas(&limits).await;
        let joined = "quotas\nselect count(*) as pairs from range(0, 300000) as one join range(0, 300000) as two on one.value = two.value";
        let models = models(&[("int_a", joined), ("int_b", joined), ("int_c", joined), ("int_d", "int_a, int_b, int_c\nselect * from int_c")]);
        let runs = engine.run(&models, &Overrides::new()).await.unwrap();
        assert_eq!(runs.iter().map(|run| run.model.as_str()).collect::<Vec<_>>(), ["int_a", "int_b", "int_c", "int_d"]);
        let rows = engine.rows("select pairs from int_d").await.unwrap();
        assert!(shown(&rows).contains("300000"));
    });
}

#[test]
fn what_does_not_fit_alone_is_joined_by_sorting_or_fails() {
    runtime().block_on(async {
        let limits = Limits { memory_bytes: 6 << 20, threads: 2, ..Limits::default() };
        let engine = engine_with_quotas(&limits).await;
        let joined = "quotas\nselect count(*) as pairs, sum(two.value) as total from range(0, 300000) as one join range(0, 400000) as two on one.value = two.value and two.value % 3 = 0";
        engine.run(&models(&[("int_a", joined)]), &Overrides::new()).await.unwrap();
        let rows = shown(&engine.rows("select pairs, total from int_a").await.unwrap());
        assert!(rows.contains("100000") && rows.contains("14999850000"), "{rows}");
        let held = "quotas\nselect count(distinct value), count(distinct value + 1), array_agg(value) from range(0, 3000000)";
        let error = engine.run(&models(&[("int_b", held)]), &Overrides::new()).await.unwrap_err();
        assert!(error.to_string().contains("and of 6.0 MB others hold"), "{error}");
    });
}

#[test]
fn a_shared_step_is_a_table_while_its_model_runs() {
    runtime().block_on(async {
        let engine = engine_with_quotas(&Limits { rows_in_memory: 1, ..Limits::default() }).await;
        let sql = "quotas\n-- params: least = 2\nwith counts as (select metric, count(*) as n from quotas group by metric), \
                   most as (select max(n) as n from counts) \
                   select counts.metric from counts join most on counts.n = most.n where counts.n >= $least";
        engine.run(&models(&[("int_common", sql)]), &Overrides::new()).await.unwrap();
        assert!(shown(&engine.rows("select * from int_common").await.unwrap()).contains("tokens"));
        assert!(engine.query("select * from counts").await.is_err());
        assert!(!engine.scratch().join("int_common-0").exists());
    });
}

#[test]
fn what_no_model_reads_any_more_is_dropped() {
    runtime().block_on(async {
        let steps = [
            ("int_files", "quotas\nselect quota_id, metric from quotas"),
            ("int_view", "int_files\n-- store: view\nselect quota_id from int_files"),
            ("int_few", "int_view\nselect max(quota_id) as quota_id from int_view"),
            ("int_seen", "int_files\nselect min(quota_id) as quota_id from int_files"),
            ("rpt_few", "int_few\nselect * from int_few"),
            ("rpt_view", "int_seen\n-- store: view\nselect * from int_seen"),
        ];
        let limits = Limits { rows_in_memory: 2, ..Limits::default() };
        let held = |engine: &Engine| engine.context().runtime_env().memory_pool.reserved();
        let all = engine_with_quotas(&limits).await;
        all.run(&models(&steps), &Overrides::new()).await.unwrap();
        let engine = engine_with_quotas(&limits).await;
        engine.run_keeping(&models(&steps), &Overrides::new(), &|name| name.starts_with("rpt_")).await.unwrap();
        assert!(all.scratch().join("int_files").exists() && !engine.scratch().join("int_files").exists());
        assert!(held(&engine) > 0 && held(&all) > held(&engine));
        for gone in ["int_files", "int_view", "int_few"] {
            assert!(engine.query(&format!("select * from {gone}")).await.is_err(), "{gone}");
        }
        // A view that stays reads for as long as it is there.
        for (table, value) in [("rpt_few", "3"), ("rpt_view", "1"), ("quotas", "tokens")] {
            let rows = engine.rows(&format!("select * from {table}")).await.unwrap();
            assert!(shown(&rows).contains(value), "{table}");
        }
    });
}

#[test]
fn what_is_longer_than_its_memory_is_streamed_in_the_order_of_all_its_words() {
    runtime().block_on(async {
        let engine = engine_with_quotas(&Limits { memory_bytes: 48 << 20, threads: 2, ..Limits::default() }).await;
        engine.set_aside(24 << 20);
        // Words of 33 bytes take 70 where rows are compared.
        let id = "lpad(cast(value * 7919 % 400009 as varchar), 33, '0')";
        let rows = format!("select value % 7 as part, {id} as id, repeat({id}, 2) as words from range(0, 400000)");
        let mut batches = engine.stream(&format!("select * from ({rows}) order by part, id, words")).await.unwrap();
        let (mut rows, mut before) = (0, String::new());
        while let Some(batch) = batches.try_next().await.unwrap() {
            let columns = Columns::new(&batch);
            let (part, id) = (columns.integer("part").unwrap(), columns.text("id").unwrap());
            for row in 0..batch.num_rows() {
                let key = format!("{}{}", part.get(row).unwrap(), id.required(row).unwrap());
                assert!(before < key);
                before = key;
            }
            rows += batch.num_rows();
        }
        assert_eq!(rows, 400_000);
    });
}
