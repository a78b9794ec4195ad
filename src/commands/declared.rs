//! Declared automation by job, with the people in whose accounts it ran.
//!
//! Owns reading the models. Owns no definition of a job or of uptake (`queries/int_automation_runs.sql`, `queries/rpt_declared_automations.sql`), and
//! no decision on what is published (`report::release`).

use crate::engine::Engine;
use crate::engine::rows::Columns;
use crate::report::inputs::{DeclaredJob, JobFacts};
use std::collections::BTreeMap;

/// Sessions, tokens and micro-dollars by pseudonym, by kind and name of the job.
type People = BTreeMap<(String, String), BTreeMap<String, [i64; 3]>>;

/// Jobs by kind and name, under the names of people that `rename` gives them.
pub async fn jobs(engine: &Engine, rename: &impl Fn(&str) -> String) -> anyhow::Result<Vec<DeclaredJob>> {
    let mut people = people(engine, rename).await?;
    let mut rows = Vec::new();
    for batch in engine.rows("select * from rpt_declared_automations order by kind, job").await? {
        let columns = Columns::new(&batch);
        let (kind, job) = (columns.text("kind")?, columns.text("job")?);
        let (schedule, owner) = (columns.text("schedule")?, columns.text("owner")?);
        let money = |column: &str| columns.micro_usd(column);
        let (cost, not_taken_up) = (money("cost_usd")?, money("cost_not_taken_up_usd")?);
        for row in 0..batch.num_rows() {
            let count = |column: &str| columns.integer(column)?.required(row);
            let maybe = |column: &str| columns.integer(column).map(|column| column.get(row));
            let (kind, job) = (kind.required(row)?, job.required(row)?);
            rows.push(DeclaredJob {
                people: people.remove(&(kind.clone(), job.clone())).unwrap_or_default(),
                facts: JobFacts {
                    kind,
                    job,
                    schedule: schedule.get(row),
                    owner: owner.get(row),
                    runs: count("runs")?,
                    weeks: count("weeks")?,
                    tokens: maybe("tokens")?,
                    cost_micro_usd: cost.get(row),
                    unpriced_runs: count("unpriced_runs")?,
                    followed_runs: count("followed_runs")?,
                    taken_up_runs: maybe("taken_up_runs")?,
                    lines: count("lines")?,
                    landed_lines: maybe("landed_lines")?,
                    cost_not_taken_up_micro_usd: not_taken_up.get(row),
                },
            });
        }
    }
    Ok(rows)
}

async fn people(engine: &Engine, rename: &impl Fn(&str) -> String) -> anyhow::Result<People> {
    let sql = "select r.kind, r.job, r.actor_id, count(*) as runs, sum(s.tokens) as tokens, sum(s.cost_usd) as cost_usd
        from int_automation_runs as r inner join fct_sessions as s on r.session_id = s.session_id
        where r.is_person group by 1, 2, 3 order by 1, 2, 3";
    let mut people = People::new();
    for batch in engine.rows(sql).await? {
        let columns = Columns::new(&batch);
        let (kind, job, actor) = (columns.text("kind")?, columns.text("job")?, columns.text("actor_id")?);
        let (runs, tokens) = (columns.integer("runs")?, columns.integer("tokens")?);
        let cost = columns.micro_usd("cost_usd")?;
        for row in 0..batch.num_rows() {
            let amounts = [runs.required(row)?, tokens.get(row).unwrap_or(0), cost.get(row).unwrap_or(0)];
            let job = (kind.required(row)?, job.required(row)?);
            people.entry(job).or_default().insert(rename(&actor.required(row)?), amounts);
        }
    }
    Ok(people)
}
