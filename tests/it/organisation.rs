//! All models together over a small invented organisation: totals agree between models, and neither the number of
//! threads nor the switch to files nor buckets of people change a row.

use crate::queries::{block_on, engine_over_empty_tables, queries_directory, shown_rows};
use footlight::engine::{Engine, Limits, Models, Overrides};
use std::collections::BTreeMap;
use std::sync::LazyLock;

const ORGANISATION: &str = include_str!("small_organisation.sql");

async fn organisation(limits: &Limits) -> (Engine, Models) {
    let engine = engine_over_empty_tables(limits).await;
    let uncommented = ORGANISATION.lines().filter(|line| !line.starts_with("--")).collect::<Vec<_>>().join("\n");
    for statement in uncommented.split(';').filter(|statement| !statement.trim().is_empty()) {
        engine.context().sql(statement).await.unwrap().collect().await.unwrap();
    }
    let models = Models::with_directory(&queries_directory()).unwrap();
    engine.run(&models, &Overrides::new()).await.unwrap();
    (engine, models)
}

/// All models with the limits of every run, once for the tests that only read them.
static USUAL: LazyLock<(Engine, Models)> = LazyLock::new(|| block_on(organisation(&Limits::default())));

async fn rows(engine: &Engine, sql: &str) -> Vec<Vec<String>> {
    engine.rows(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}")).iter().flat_map(shown_rows).collect()
}

async fn row(engine: &Engine, sql: &str) -> String {
    rows(engine, sql).await.into_iter().map(|row| row.join(" ")).collect::<Vec<_>>().join("\n")
}

#[test]
fn totals_agree_between_models() {
    let (engine, _) = &*USUAL;
    block_on(async {
        let reported = row(engine, "select sum(tokens), sum(cost_usd) from stg_events").await;
        // 205 of 240 sessions report usage, two completions each, and 34 of the 40 subagents, one each: 444 at one cent.
        assert_eq!(reported.split(' ').nth(1), Some("4.440000"));
        for table in ["fct_sessions", "fct_actor_weeks", "rpt_weekly"] {
            assert_eq!(
                row(engine, &format!("select sum(tokens), sum(cost_usd) from {table}")).await,
                reported,
                "{table}"
            );
        }
        // What came of tokens is told in the week of their use, and of no more than were used in it.
        let linked = row(engine, "select sum(linked_tokens), sum(unknown_tokens) from rpt_linked_weeks").await;
        let of_sessions = "select coalesce(sum(s.tokens) filter (where l.outcome_link = 'linked'), 0), coalesce(sum(s.tokens) filter (where l.outcome_link = 'unknown'), 0)
            from fct_sessions as s inner join rpt_session_links as l on s.session_id = l.session_id";
        assert_eq!(row(engine, of_sessions).await, linked);
        let beyond = "select count(*) from rpt_linked_weeks as l
            left join fct_actor_weeks as w on l.actor_id = w.actor_id and l.iso_week = w.iso_week
            where w.tokens is null or l.linked_tokens + l.unknown_tokens > w.tokens";
        assert_eq!(row(engine, beyond).await, "0");
        let parts = "sum(input_tokens) + sum(output_tokens) + sum(cache_read_tokens), sum(cost_usd)";
        assert_eq!(row(engine, &format!("select {parts} from rpt_totals_by_day_model")).await, reported);

        let prompts = row(engine, "select count(*) from stg_events where kind = 'prompt' and trigger <> 'agent'").await;
        for table in ["fct_sessions", "fct_actor_weeks", "rpt_weekly"] {
            assert_eq!(row(engine, &format!("select sum(prompts) from {table}")).await, prompts, "{table}");
        }
        assert_eq!(row(engine, "select sum(1 + retries) from int_turns").await, prompts);
        let calls = row(engine, "select count(*) from stg_events where kind = 'tool_call'").await;
        assert_eq!(row(engine, "select count(*) from int_calls").await, calls);
        assert_eq!(row(engine, "select sum(tool_calls) from fct_sessions").await, calls);
        assert_eq!(
            row(engine, "select count(*) from stg_events").await,
            row(engine, "select count(*) from events").await
        );
    });
}

#[test]
fn sessions_and_outcomes_are_each_matched_or_left_over_once() {
    let (engine, _) = &*USUAL;
    block_on(async {
        // 240 sessions, of which s18 belongs to s5; the 40 subagents' sessions are nobody's own.
        assert_eq!(
            row(engine, "select count(*), count(distinct session_id), sum(subagents) from fct_sessions").await,
            "239 239 41"
        );
        let sessions = "select count(distinct session_id) from fct_attribution";
        let left_over = "select count(*) from fct_unmatched_sessions";
        let both = format!("select ({sessions}) + ({left_over})");
        assert_eq!(row(engine, &both).await, "239");
        let outcomes = "select count(distinct outcome_key) from fct_attribution";
        let both = format!("select ({outcomes}) + (select count(*) from fct_unmatched_outcomes)");
        assert_eq!(row(engine, &both).await, "120");
        let pairs = "select count(*) = count(distinct concat(session_id, ' ', outcome_id)) from fct_attribution";
        assert_eq!(row(engine, pairs).await, "true");
        let tiers = "select tier, count(*) > 0 from fct_attribution group by tier order by tier";
        assert_eq!(row(engine, tiers).await, "explicit true\nfiles true\nlines true\nwindow true");
        let weeks = "select min(iso_week), max(iso_week), count(distinct iso_week) from rpt_weekly";
        // The last session begins on Sunday the 1st of February by UTC, which is Monday in Kolkata.
        assert_eq!(row(engine, weeks).await, "2025-W48 2026-W06 11");
        let declared = "select count(*) from fct_sessions where declared";
        assert_eq!(row(engine, declared).await, row(engine, "select count(*) from fct_sessions where repo = '/w/repo3' or actor_kind = 'service' or session_id = 's5'").await);
    });
}

#[test]
fn threads_files_and_buckets_change_nothing() {
    let (usual, models) = &*USUAL;
    block_on(async {
        let found = async |engine: &Engine, model: &str| {
            let mut found = rows(engine, &format!("select * from {model}")).await;
            found.sort();
            found
        };
        let mut expected = BTreeMap::new();
        for model in models.iter() {
            expected.insert(model.name().to_owned(), found(usual, model.name()).await);
        }
        let spilling = Limits { threads: 1, rows_in_memory: 10, ..Limits::default() };
        let both = Limits { threads: 3, rows_in_memory: 10, buckets: Some(13), ..Limits::default() };
        for limits in [spilling, both] {
            let (engine, models) = organisation(&limits).await;
            // What has a row a slice is the same where it is added up, in the models that read it.
            for model in models.iter().filter(|model| !model.header.grain.contains("in one slice")) {
                assert_eq!(expected[model.name()], found(&engine, model.name()).await, "{}", model.name());
            }
        }
    });
}
