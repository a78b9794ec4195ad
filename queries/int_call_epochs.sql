-- model: int_call_epochs
-- grain: one tool call that is no poll
-- reads: int_calls
-- measures: the call's position in its thread (a count of calls, never a clock) and its epoch, which begins anew at each edit that adds
--   something: a write that did not fail and whose arguments the thread has not seen before. A call of which the log does not say what it does may be an edit,
--   and arguments that are not in the log were not seen before. is_answered says that the call was given another
--   result in the end, so that what came before was waiting for it; a last call without a result answers nothing
-- evasion: calls of tools that nobody knows, with new arguments each, begin epochs as scratch files do
-- reference: signals.md S3 (edit, test, edit is progress; polls are no loops)
-- part: person
with calls as (
    select * from int_calls where not is_poll
),
numbered as (
    select
        session_id,
        thread_id,
        seq,
        ts,
        tool_name,
        path,
        call_hash,
        result_hash,
        tokens,
        cost_usd,
        by_schedule,
        row_number() over thread as position,
        lag(ts) over thread as ts_before,
        coalesce(effect, 'write') = 'write' and is_error is not true as is_write,
        -- The first of its arguments in the thread; a window a thread, since one a call would be a window a row.
        call_hash is null or row_number() over alike = 1 or lag(call_hash) over alike is distinct from call_hash as is_new,
    from calls
    window thread as (partition by thread_id order by seq), alike as (partition by thread_id order by call_hash, seq)
),
-- Most calls are made once. A call without a hash has that of 0, which is nobody's.
last_results as (
    select thread_id, coalesce(call_hash, 0) as call, max(position) filter (where result_hash is not null) as position
    from numbered
    group by thread_id, coalesce(call_hash, 0)
    having count(*) > 1
),
last_answers as (
    select last_results.thread_id, last_results.call, numbered.result_hash
    from last_results
    left join numbered on numbered.thread_id = last_results.thread_id and numbered.position = last_results.position
)
select
    numbered.session_id, numbered.thread_id, numbered.seq, numbered.ts, numbered.ts_before, numbered.tool_name, numbered.path,
    numbered.call_hash, numbered.result_hash, numbered.tokens, numbered.cost_usd, numbered.by_schedule, numbered.position,
    sum(case when numbered.is_write and numbered.is_new then 1 else 0 end)
        over (partition by numbered.thread_id order by numbered.position) as epoch,
    last_answers.thread_id is not null and last_answers.result_hash is distinct from numbered.result_hash as is_answered,
from numbered
left join last_answers on last_answers.thread_id = numbered.thread_id and last_answers.call = coalesce(numbered.call_hash, 0)
