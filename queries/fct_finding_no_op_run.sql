-- model: fct_finding_no_op_run
-- grain: one root session with runs that say of themselves that they did nothing
-- reads: stg_events
-- measures: runs (a prompt and what follows it in its thread) with a completion whose marker is no_op, and the tokens of the whole run
-- suggests: a schedule that fires more often than there is work
-- innocent: a watch that finds nothing is doing its job; the price of each look is the point
-- reference: formats.md 3.3 rule 6
-- part: person
with steps as (
    select
        *,
        sum(case when kind = 'prompt' then 1 else 0 end) over (partition by session_id order by ts, byte_offset, event_key) as run,
    from stg_events
    where session_id in (select session_id from stg_events where kind = 'completion' and marker = 'no_op')
),
runs as (
    select
        root_session_id as session_id, session_id as thread_id, run,
        bool_or(kind = 'completion' and coalesce(marker = 'no_op', false)) as is_no_op,
        sum(tokens) as tokens, sum(cost_usd) as cost_usd, min(ts) as first_at, max(ts) as last_at,
        count(*) filter (where kind = 'tool_call') as tool_calls, min(trigger) filter (where kind = 'prompt') as started_by,
    from steps
    group by root_session_id, session_id, run
)
select
    session_id, 'no_op_run' as finding, count(*) as count, sum(tokens) as tokens, sum(cost_usd) as cost_usd,
    min(first_at) as first_at, max(last_at) as last_at,
    concat('{"why":"', count(*), ' runs answered that there was nothing to do","tool_calls":', sum(tool_calls),
        ',"scheduled_runs":', count(*) filter (where started_by = 'schedule'), ',"innocent":["a watch that finds nothing is doing its job"]}') as evidence,
from runs
where is_no_op
group by session_id
