-- model: int_call_trigrams
-- grain: one root session with three tool calls or more in one thread
-- reads: int_call_epochs, int_calls
-- family: AGENT-WASTE
-- measures: rep3, one minus distinct over all runs of three calls in the coarse alphabet (tool, path), and the share of calls whose result the
--   thread had not seen before. Context for sig_loop_no_progress, never scored: editing one file has few trigrams, too
-- reference: signals.md S3 (rep3; progress)
with calls as (
    select
        epochs.session_id, epochs.thread_id, epochs.position, epochs.result_hash,
        concat(coalesce(epochs.tool_name, ''), ' ', coalesce(int_calls.path, '')) as symbol,
    from int_call_epochs as epochs
    join int_calls on int_calls.session_id = epochs.session_id and int_calls.seq = epochs.seq
),
grams as (
    select
        session_id, thread_id, symbol as third,
        lag(symbol) over (partition by thread_id order by position) as second,
        lag(symbol, 2) over (partition by thread_id order by position) as first,
        case when result_hash is not null and row_number() over (partition by thread_id, result_hash order by position) = 1 then 1 else 0 end as is_new,
    from calls
),
counted as (
    select session_id, thread_id, first, second, third, count(*) as calls, sum(is_new) as new_results
    from grams
    group by session_id, thread_id, first, second, third
)
select
    session_id,
    1.0 - cast(count(*) filter (where first is not null) as double) / sum(calls) filter (where first is not null) as rep3,
    cast(sum(new_results) as double) / sum(calls) as new_result_share,
from counted
group by session_id
having count(*) filter (where first is not null) > 0
