-- model: int_noisy_loop_calls
-- grain: one tool call in the third or a later iteration of a loop that noise hides
-- reads: int_call_epochs, int_back_offs, int_generic_results, int_loop_calls
-- family: AGENT-WASTE
-- measures: within one epoch of a thread, the same result to the same (tool, path) whatever the arguments, $dense times in $window calls, where the
--   result is no generic one; or the same call with the same result $scattered times, however far apart. Counted by calls, never by the clock
-- innocent: paging and searching give other results, but digits are masked in results (result_hash), so that many answers which differ in numbers alone look like one; a call that at last answers something else was waited for, and so was one that is made again after longer and longer pauses (int_back_offs); an edit that adds something begins a new epoch; what a schedule began is nobody's loop
-- evasion: writing scratch files begins epochs: sig_orphan_output
-- reference: signals.md S3 (noise calls, cosmetic arguments; coarse alphabet)
-- params: dense = 10, window = 30, scattered = 20
-- part: person
with equal_results as (
    select thread_id, result_hash, epoch
    from int_call_epochs
    where result_hash is not null and is_answered is not true and by_schedule is not true
    group by thread_id, result_hash, epoch
    having count(*) >= least($dense, $scattered)
),
calls as (
    select epochs.*, generic.result_hash is not null as is_generic
    from int_call_epochs as epochs
    join equal_results as equal
        on equal.thread_id = epochs.thread_id and equal.result_hash = epochs.result_hash and equal.epoch = epochs.epoch
    left join int_generic_results as generic on generic.result_hash = epochs.result_hash
    left join int_back_offs as waits on waits.thread_id = epochs.thread_id and waits.position = epochs.position
    where epochs.is_answered is not true and waits.position is null and epochs.by_schedule is not true
),
counted as (
    select
        *,
        count(*) over alike as alike_calls,
        row_number() over (partition by thread_id, tool_name, path, result_hash, epoch order by position) as alike_index,
        min(position) over alike as alike_start,
        count(*) over equal as equal_calls,
        row_number() over (partition by thread_id, call_hash, result_hash, epoch order by position) as equal_index,
        min(position) over equal as equal_start,
    from calls
    window alike as (partition by thread_id, tool_name, path, result_hash, epoch), equal as (partition by thread_id, call_hash, result_hash, epoch)
),
spaced as (
    select
        *,
        position - lag(position, cast($dense as bigint) - 1) over (partition by thread_id, tool_name, path, result_hash, epoch order by position) < $window as is_dense,
    from counted
    where not is_generic and alike_calls >= $dense
),
jittered as (
    select *, bool_or(is_dense) over (partition by thread_id, tool_name, path, result_hash, epoch) as has_dense from spaced
),
noisy as (
    select session_id, thread_id, position, ts, tool_name, call_hash, tokens, alike_start as run_start from jittered where has_dense and alike_index > 2
    union
    select session_id, thread_id, position, ts, tool_name, call_hash, tokens, equal_start as run_start from counted where equal_calls >= $scattered and equal_index > 2
),
known as (
    select distinct thread_id, position from int_loop_calls
)
select
    noisy.session_id, noisy.thread_id, noisy.position, noisy.ts, noisy.tool_name, noisy.call_hash, noisy.tokens, min(noisy.run_start) as run_start,
from noisy
left join known on known.thread_id = noisy.thread_id and known.position = noisy.position
where known.position is null
group by noisy.session_id, noisy.thread_id, noisy.position, noisy.ts, noisy.tool_name, noisy.call_hash, noisy.tokens
