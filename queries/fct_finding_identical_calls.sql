-- model: fct_finding_identical_calls
-- grain: one thread, tool call and unchanged result between two edits
-- reads: int_call_epochs
-- measures: the same call with the same result, $least times or more, with no edit between that added something. A call without a hash equals none
-- suggests: an agent that repeats a step which cannot bring anything new
-- innocent: polls are left out; flaky tests run again, a heartbeat looks again, and waiting with growing pauses, look the same
-- reference: signals.md S3
-- params: least = 5
-- part: person
select
    session_id, 'identical_calls' as finding, count(*) as count, sum(tokens) as tokens, sum(cost_usd) as cost_usd,
    min(ts) as first_at, max(ts) as last_at,
    concat('{"why":"the same call gave the same result ', count(*), ' times with no edit between","tool":"',
        replace(replace(regexp_replace(coalesce(max(tool_name), ''), '[[:cntrl:]]', ' ', 'g'), '\', '\\'), '"', '\"'), '","first_call":', min(position), ',"last_call":', max(position),
        ',"innocent":["a flaky test that is run again","a schedule that looks again","waiting for something outside the log"]}') as evidence,
from int_call_epochs
where result_hash is not null and call_hash is not null
group by session_id, thread_id, call_hash, result_hash, epoch
having count(*) >= $least
