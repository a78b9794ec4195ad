-- model: int_log_rates
-- grain: one session and one rate that nothing reaches
-- reads: stg_events
-- measures: responses that were written faster than any model writes ($tokens_a_second output tokens a second of their own duration), and minutes
--   in which one thread has more responses than its turns allow ($responses_a_minute); a thread waits for one before it asks for the next
-- innocent: durations that leave out the waiting; responses from a cache; batches; a log in which several threads have one session id
-- reference: hosts of models advertise up to some 3,000 tokens a second; faults.md 36
-- params: tokens_a_second = 5000, responses_a_minute = 120
-- part: person
with responses as (
    select session_id, ts, tokens, output_tokens, duration_ms, floor(arrow_cast(ts, 'Int64') / 60000000) as minute
    from stg_events
    where kind = 'completion' and ts is not null
),
minutes as (
    select session_id, minute, count(*) as responses, sum(tokens) as tokens, min(ts) as first_at, max(ts) as last_at
    from responses
    group by 1, 2
)
select
    'impossible_rate' as log_check,
    session_id,
    count(*) as records,
    sum(tokens) as tokens,
    min(ts) as first_at,
    max(ts) as last_at,
    max(output_tokens * 1000 / nullif(duration_ms, 0)) as most
from responses
where output_tokens * 1000 / nullif(duration_ms, 0) > $tokens_a_second
group by 2
union all
select 'crowded_minute', session_id, sum(responses), sum(tokens), min(first_at), max(last_at), max(responses)
from minutes
where responses > $responses_a_minute
group by 2
