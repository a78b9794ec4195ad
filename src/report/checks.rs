//! The question behind each number of the first screen: SQL to the result tables that gives it exactly, before it is rounded.
//!
//! Owns the questions, as `footlight query --lake LAKE --out OUT` takes them. They say in SQL what `money`, `people` and `figures` compute, and
//! `tests/it/sample.rs` asks them of the sample and holds the answers against the report. Owns no figure.

use super::escape::plain;
use super::inputs::Inputs;
use super::people::{SUSTAINED_WEEKS, UNASSIGNED, sustained_window};

/// Each priced session with the part of the money that it stands in, and what of it is waste.
const PLACED: &str = "\
with waste as (
    select session_id, max(cost_usd) as cost_usd
    from findings
    where finding in ('identical_calls', 'no_op_run', 'undelivered_output')
    group by session_id
),
repeated as (select distinct session_id from findings where finding = 'repeated_prompt'),
placed as (
    select
        sessions.cost_usd,
        case
            when sessions.outcome_link = 'linked' then 'linked'
            when sessions.band = 'review' or (sessions.band = 'look' and weeks.band = 'review') then 'theater_like'
            when sessions.outcome_link = 'none' and sessions.band in ('none', 'note') and sessions.trigger = 'human'
                and repeated.session_id is null then 'exploration'
            else 'unknown'
        end as part,
        least(coalesce(waste.cost_usd, 0), sessions.cost_usd) as waste_usd
    from sessions
    left join waste on sessions.session_id = waste.session_id
    left join repeated on sessions.session_id = repeated.session_id
    left join actor_weeks as weeks on sessions.actor = weeks.actor and sessions.iso_week = weeks.iso_week
    where sessions.cost_usd is not null
)";

/// The question that gives the numbers of a method entry; empty where the result tables cannot say them.
pub(super) fn question(id: &str, inputs: &Inputs) -> String {
    match id {
        "spend" => "select sum(cost_usd) as spend_usd, count(cost_usd) as priced_sessions from sessions".to_owned(),
        "linked_share" => format!(
            "{PLACED}\nselect cast(sum(case when part = 'linked' then cost_usd - waste_usd end) as double) / cast(sum(cost_usd) as double) as linked_share\nfrom placed"
        ),
        "theater_like_share" => format!(
            "{PLACED}\nselect cast(sum(case when part = 'theater_like' then cost_usd else 0 end) as double) / cast(sum(cost_usd) as double) as theater_like_share\nfrom placed"
        ),
        "money" => format!(
            "{PLACED}\nselect part, sum(case when part = 'theater_like' then cost_usd else cost_usd - waste_usd end) as cost_usd from placed group by part\n\
             union all\nselect 'waste', sum(waste_usd) from placed where part <> 'theater_like'\norder by part"
        ),
        "sustained_share" => sustained(inputs),
        "confidence" => "\
select
    (select count(*) from sessions where band in ('none', 'note', 'look', 'review')) as scored_sessions,
    (select count(*) from sessions) as sessions,
    (select count(*) from population where status = 'speak') as tests_that_speak,
    (select count(*) from population) as tests,
    (select cast(sum(covered_paths) as double) / sum(edited_paths) from outcome_coverage) as outcome_coverage"
            .to_owned(),
        "answer" | "population" => {
            "select test, scope, status, estimate, ci_low, ci_high, p, n from population order by test, scope"
                .to_owned()
        }
        _ => String::new(),
    }
}

fn sustained(inputs: &Inputs) -> String {
    let Some(window) = sustained_window(inputs) else { return String::new() };
    let weeks: Vec<String> = window.iter().map(|week| format!("'{}'", plain(week).replace('\'', "''"))).collect();
    let weeks = weeks.join(", ");
    format!(
        "with present as (\n    select actor, count(distinct case when iso_week in ({weeks}) then iso_week end) as weeks\n    from actor_weeks\n    \
         where (sessions > 0 or prompts > 0) and actor <> '{UNASSIGNED}'\n    group by actor\n)\nselect\n    cast(sum(case when weeks >= {SUSTAINED_WEEKS} then 1 else 0 end) as double) / count(*) as \
         sustained_share,\n    count(*) as active_people\nfrom present"
    )
}
