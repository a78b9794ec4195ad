-- model: int_loop_calls
-- grain: one tool call in the third or a later iteration of a run without progress
-- reads: int_call_epochs, int_back_offs
-- family: AGENT-WASTE
-- measures: runs of equal (call, result) pairs within one epoch: a pair repeated $identical times in a row, a pattern of 2 to 12 calls
--   repeated $repeats times, or, for calls in no such run, one pair 10 times in 30 calls (period 0). Gaps and islands. A call without a hash equals none
-- innocent: identical calls whose gaps grow are a back-off and leave (int_back_offs); so do those of a call that at last
--   answers something else: that was waiting for it; what a schedule began (a heartbeat that looks again) is nobody's loop
-- reference: signals.md S3; Main and Lorentz 1984; Kolpakov and Kucherov 1999
-- params: identical = 5, repeats = 4, longest_period = 12
-- part: person
with equal_calls as (
    select thread_id, call_hash, result_hash, epoch
    from int_call_epochs
    where result_hash is not null and is_answered is not true and by_schedule is not true
    group by thread_id, call_hash, result_hash, epoch
    having count(*) >= $repeats
),
candidates as (
    select calls.*
    from int_call_epochs as calls
    join equal_calls as equal
        on equal.thread_id = calls.thread_id and equal.epoch = calls.epoch
        and equal.call_hash = calls.call_hash and equal.result_hash = calls.result_hash
    left join int_back_offs as waits on waits.thread_id = calls.thread_id and waits.position = calls.position
    where waits.position is null and calls.by_schedule is not true
),
periods as (select value as period from range(1, 13) where value <= $longest_period),
looked_back as (
    select candidates.*, periods.period, candidates.position - periods.period as position_before
    from candidates cross join periods
),
repeated as (
    select calls.*
    from looked_back as calls
    join candidates as earlier
        on earlier.thread_id = calls.thread_id and earlier.position = calls.position_before and earlier.epoch = calls.epoch
        and earlier.call_hash = calls.call_hash and earlier.result_hash = calls.result_hash
),
islands as (
    select *, position - row_number() over (partition by thread_id, period order by position) as island from repeated
),
runs as (
    select
        *,
        count(*) over (partition by thread_id, period, island) as repeated_calls,
        row_number() over (partition by thread_id, period, island order by position) as run_index,
    from islands
),
dense as (
    select
        *,
        position - lag(position, 9) over (partition by thread_id, call_hash, result_hash, epoch order by position) < 30 as is_dense,
        row_number() over (partition by thread_id, call_hash, result_hash, epoch order by position) as occurrence,
        min(position) over (partition by thread_id, call_hash, result_hash, epoch) as run_start,
    from candidates
),
dense_groups as (select *, bool_or(is_dense) over (partition by thread_id, call_hash, result_hash, epoch) as has_dense from dense),
looped as (
    select session_id, thread_id, position, ts, tool_name, call_hash, tokens, cost_usd, period, island + 1 - period as run_start
    from runs
    where run_index > period and repeated_calls >= case when period = 1 then $identical - 1 else ($repeats - 1) * period end
    union all
    select session_id, thread_id, position, ts, tool_name, call_hash, tokens, cost_usd, 0 as period, run_start
    from dense_groups
    where has_dense and occurrence > 2
),
preferred as (
    select *, max(period) over (partition by thread_id, call_hash) as longest_period from looped
)
select
    session_id, thread_id, position, ts, tool_name, call_hash, tokens, cost_usd,
    min(period) as period, min(run_start) as run_start,
from preferred
where period > 0 or longest_period = 0
group by session_id, thread_id, position, ts, tool_name, call_hash, tokens, cost_usd
