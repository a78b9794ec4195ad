-- model: int_log_copies
-- grain: one session and one way in which what it holds stands elsewhere too
-- reads: stg_events
-- measures: responses with an id that another row of the lake has with other token counts or as another person's (`same_id`), and responses that
--   have the same second and the same four token counts, at least $tokens together, as one of another person's session (`same_numbers`). Copies under one key
--   are one row of the lake already and cannot be seen here
-- innocent: one request seen by two tools that count differently; a shared account; a session handed over to a colleague with its history
-- params: tokens = 2000
with responses as (
    select
        session_id, actor_id, ts, tokens, event_id,
        input_tokens, output_tokens, cache_read_tokens, cache_write_tokens,
        arrow_cast(ts, 'Int64') / 1000000 as second
    from stg_events
    where kind = 'completion' and ts is not null and tokens is not null
),
-- Most ids, and most sums in a second, are met once: a count leaves them before anything is compared. Joins hold what they name first: the few.
repeated_ids as (
    select event_id from responses where event_id is not null group by event_id having count(*) > 1
),
with_ids as (
    select r.*, concat_ws('/', r.input_tokens, r.output_tokens, r.cache_read_tokens, r.cache_write_tokens) as counts
    from repeated_ids as i
    inner join responses as r on r.event_id = i.event_id
),
ids as (
    select event_id from with_ids group by event_id having min(actor_id) <> max(actor_id) or min(counts) <> max(counts)
),
repeated_numbers as (
    select second, tokens from responses where tokens >= $tokens group by second, tokens having count(*) > 1
),
with_numbers as (
    select r.*, concat_ws('/', r.input_tokens, r.output_tokens, r.cache_read_tokens, r.cache_write_tokens) as counts
    from repeated_numbers as n
    inner join responses as r on r.second = n.second and r.tokens = n.tokens
),
numbers as (
    select second, counts
    from with_numbers
    group by second, counts
    having min(actor_id) <> max(actor_id) and min(session_id) <> max(session_id)
)
select 'same_id' as log_check, r.session_id, count(*) as records, sum(r.tokens) as tokens, min(r.ts) as first_at, max(r.ts) as last_at
from ids as i
inner join with_ids as r on r.event_id = i.event_id
group by 2
union all
select 'same_numbers', r.session_id, count(*), sum(r.tokens), min(r.ts), max(r.ts)
from numbers as n
inner join with_numbers as r on r.second = n.second and r.counts = n.counts
group by 2
