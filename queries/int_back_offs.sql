-- model: int_back_offs
-- grain: one tool call that was made again after a pause which had grown
-- reads: int_call_epochs
-- measures: equal (call, result) pairs in a row within one epoch, $identical or more, each pause longer than the one before and by 1.5 to 3 times in the mean: the
--   second and later calls of each such run. Calls in a row are by position, so waiting by a poll between them does not break a run
-- innocent: this is the look-alike: who waits longer each time for what is not ready burns nothing. One long pause after equal ones is none
-- reference: signals.md 1.4 and S3 (back-off)
-- params: identical = 5
-- part: person
with equal_calls as (
    select thread_id, call_hash, result_hash, epoch
    from int_call_epochs
    where call_hash is not null and result_hash is not null
    group by thread_id, call_hash, result_hash, epoch
    having count(*) >= $identical
),
alike as (
    select
        calls.thread_id, calls.call_hash, calls.result_hash, calls.epoch, calls.position,
        date_part('epoch', calls.ts) - date_part('epoch', calls.ts_before) as gap,
        calls.position - row_number() over (
            partition by calls.thread_id, calls.call_hash, calls.result_hash, calls.epoch order by calls.position
        ) as island,
    from int_call_epochs as calls
    join equal_calls as equal
        on equal.thread_id = calls.thread_id and equal.epoch = calls.epoch
        and equal.call_hash = calls.call_hash and equal.result_hash = calls.result_hash
),
-- The pause before the first call of a run belongs to something else.
runs as (
    select
        *,
        row_number() over (partition by thread_id, call_hash, result_hash, epoch, island order by position) as run_index,
        count(*) over (partition by thread_id, call_hash, result_hash, epoch, island) as run_calls,
        lag(gap) over (partition by thread_id, call_hash, result_hash, epoch, island order by position) as gap_before,
    from alike
),
growths as (
    select *, case when run_index > 2 then coalesce(ln(nullif(greatest(gap, 0.0), 0.0) / nullif(gap_before, 0.0)), 0.0) end as growth
    from runs where run_calls >= $identical
),
grown as (
    select
        *,
        exp(avg(growth) over (partition by thread_id, call_hash, result_hash, epoch, island)) as mean_growth,
        min(growth) over (partition by thread_id, call_hash, result_hash, epoch, island) as least_growth,
    from growths
)
select thread_id, position
from grown
where run_index > 1 and mean_growth between 1.5 and 3.0 and least_growth > 0
