-- model: int_log_copies
-- grain: one session and one way in which what it holds stands elsewhere too
-- reads: events, stg_events
-- measures: responses with an id that another row of the lake has with other token counts or as another person's (`same_id`), and responses that
--   have the same second and the same four token counts, at least $tokens together, as one of another person's session (`same_numbers`). Copies under one key
--   are one row of the lake already and cannot be seen here
-- innocent: one request seen by two tools that count differently; a shared account; a session handed over to a colleague with its history
-- params: tokens = 2000
with responses as (
    select
        s.session_id, s.actor_id, s.ts, s.tokens, e.event_id,
        concat_ws('/', s.input_tokens, s.output_tokens, s.cache_read_tokens, s.cache_write_tokens) as counts,
        floor(arrow_cast(s.ts, 'Int64') / 1000000) as second
    from stg_events as s
    inner join events as e on s.event_key = e.event_key
    where s.kind = 'completion' and s.ts is not null and s.tokens is not null
),
ids as (
    select event_id
    from responses
    where event_id is not null
    group by event_id
    having count(distinct actor_id) > 1 or count(distinct counts) > 1
),
numbers as (
    select second, counts
    from responses
    where tokens >= $tokens
    group by second, counts
    having count(distinct actor_id) > 1 and count(distinct session_id) > 1
)
select 'same_id' as log_check, r.session_id, count(*) as records, sum(r.tokens) as tokens, min(r.ts) as first_at, max(r.ts) as last_at
from responses as r
inner join ids as i on r.event_id = i.event_id
group by 2
union all
select 'same_numbers', r.session_id, count(*), sum(r.tokens), min(r.ts), max(r.ts)
from responses as r
inner join numbers as n on r.second = n.second and r.counts = n.counts
group by 2
