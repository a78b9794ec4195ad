-- model: int_log_patterns
-- grain: one session and one regularity of its responses
-- reads: stg_events, int_clock_grids
-- measures: of at least $least responses with tokens: the share that follow the one before by one and the same number of seconds (`regular_steps`), that
--   have one and the same input and output (`identical_counts`), whose output is a multiple of a hundred (`round_numbers`), that happened on a whole second although
--   half of what its tool writes did not (`no_jitter`), and whose id says an earlier time than the id before (`ids_out_of_order`, ids of UUID version 7, in the order of the file)
-- innocent: a scheduled job; health checks and evaluations that ask the same; a limit on the output; an export that rounds its times; a log put together from several
-- reference: RFC 9562 section 5.7 (the first 48 bits of a version 7 UUID are its time)
-- params: least = 20
-- part: person
with said as (
    select
        session_id, ts, byte_offset, tokens, output_tokens, split_part(client, '/', 1) as client_name,
        concat_ws('/', input_tokens, output_tokens) as counts,
        arrow_cast(ts, 'Int64') as us,
        case when substr(event_id, 15, 1) = '7' and regexp_like(event_id, '^[0-9a-f]{8}-[0-9a-f]{4}-7') then substr(event_id, 1, 13) end as id_time
    from stg_events
    where kind = 'completion' and ts is not null and tokens > 0
),
responses as (
    select
        session_id, ts, tokens, output_tokens, client_name, counts, id_time,
        us % 1000000 = 0 as on_second,
        (us - lag(us) over file) / 1000000 as step,
        lag(id_time) over file as id_time_before
    from said
    window file as (partition by session_id order by ts, byte_offset)
),
sized as (
    select session_id, min(client_name) as client_name, count(*) as of_records, sum(tokens) as tokens, min(ts) as first_at, max(ts) as last_at
    from responses
    group by 1
    having count(*) >= $least
),
steps as (
    select session_id, max(n) as n
    from (select session_id, step, count(*) as n from responses where step > 0 group by 1, 2)
    group by 1
),
pairs as (
    select session_id, max(n) as n from (select session_id, counts, count(*) as n from responses group by 1, 2) group by 1
),
flags as (
    select
        session_id,
        count(*) filter (where output_tokens > 0 and output_tokens % 100 = 0) as round_numbers,
        count(*) filter (where on_second) as on_second,
        count(*) filter (where id_time < id_time_before) as out_of_order
    from responses
    group by 1
),
checks as (
    select 'regular_steps' as log_check, session_id, n as records, 0.8 as most from steps
    union all select 'identical_counts', session_id, n, 0.5 from pairs
    union all select 'round_numbers', session_id, round_numbers, 0.5 from flags
    union all select 'ids_out_of_order', session_id, out_of_order, 0.1 from flags
    union all
    select 'no_jitter', f.session_id, f.on_second, 0.95
    from flags as f
    inner join sized as s on f.session_id = s.session_id
    inner join int_clock_grids as c on s.client_name = c.client_name and c.responses_on_second < 0.5
)
select c.log_check, c.session_id, c.records, s.of_records, s.tokens, s.first_at, s.last_at
from checks as c
inner join sized as s on c.session_id = s.session_id
where c.records >= c.most * s.of_records
