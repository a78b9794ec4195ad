-- model: fct_finding_undelivered_output
-- grain: one root session with runs whose delivery failed or never happened
-- reads: facts, stg_events
-- measures: runs of which the log says not_delivered. Tokens and cost are of the session's completions, and null where other runs of the
--   same session were delivered, since the log does not split them
-- suggests: output that nobody received
-- innocent: the run may have written its result elsewhere; a channel may have been down
-- reference: formats.md 3.3 rule 6
with deliveries as (
    select
        session_id as thread_id,
        count(*) filter (where value = 'not_delivered') as undelivered,
        count(*) filter (where value = 'delivered') as delivered,
    from facts
    where name = 'delivery'
    group by session_id
),
threads as (
    select
        session_id as thread_id, min(root_session_id) as session_id, min(ts) as first_at, max(ts) as last_at,
        sum(tokens) as tokens, sum(cost_usd) as cost_usd,
        count(*) filter (where effect = 'send' and is_error is not true) as sends, count(*) filter (where effect = 'write' and is_error is not true) as writes,
    from stg_events
    group by session_id
),
joined as (
    select threads.*, deliveries.undelivered, deliveries.delivered
    from deliveries
    join threads on threads.thread_id = deliveries.thread_id
    where deliveries.undelivered > 0
)
select
    session_id, 'undelivered_output' as finding, sum(undelivered) as count,
    case when sum(delivered) = 0 then sum(tokens) end as tokens, case when sum(delivered) = 0 then sum(cost_usd) end as cost_usd,
    min(first_at) as first_at, max(last_at) as last_at,
    concat('{"why":"the log says that ', sum(undelivered), ' results were not delivered","delivered":', sum(delivered), ',"sends":', sum(sends), ',"writes":', sum(writes),
        ',"innocent":[', concat_ws(',',
            case when sum(sends) > 0 then '"a step of the run sent something itself"' end,
            case when sum(writes) > 0 then '"the run wrote files"' end), ']}') as evidence,
from joined
group by session_id
