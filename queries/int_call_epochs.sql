-- model: int_call_epochs
-- grain: one tool call that is no poll
-- reads: int_calls
-- measures: the call's position in its thread (a count of calls, never a clock) and its epoch, which begins anew at each edit that adds
--   something: a write that did not fail and whose arguments the thread has not seen before. is_answered says that the call was given another
--   result in the end, so that what came before was waiting for it; a last call without a result answers nothing
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
        call_hash,
        result_hash,
        tokens,
        cost_usd,
        row_number() over (partition by thread_id order by seq) as position,
        case
            when effect = 'write' and is_error is not true
                and row_number() over (partition by thread_id, call_hash order by seq) = 1 then 1
            else 0
        end as adds,
    from calls
)
select
    *,
    sum(adds) over (partition by thread_id order by position) as epoch,
    last_value(result_hash) ignore nulls over (partition by thread_id, call_hash order by position rows between unbounded preceding and unbounded following)
        is distinct from result_hash as is_answered,
from numbered
