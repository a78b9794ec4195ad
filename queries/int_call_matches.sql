-- model: int_call_matches
-- grain: one of the first $longest calls of a session with a loop, polls left out
-- reads: int_calls, int_loop_calls, int_noisy_loop_calls
-- family: AGENT-WASTE
-- measures: for the coarse alphabet (tool, path), which arguments and results cannot jitter: the length of the longest stretch of calls from this one on that began earlier in
--   the session as well, overlap allowed; from runs of equal pairs at each distance. With it int_call_texture parses the phrases of Lempel and Ziv
-- reference: signals.md S3 (noise calls: coarse alphabet); Crochemore and Ilie 2008 (longest previous factor)
-- params: longest = 400
-- part: person
with looped as (
    select session_id from int_loop_calls
    union
    select session_id from int_noisy_loop_calls
),
numbered as (
    select
        int_calls.session_id, concat(coalesce(tool_name, ''), ' ', coalesce(path, '')) as symbol,
        row_number() over (partition by int_calls.session_id order by seq) as position,
    from int_calls
    join looped on looped.session_id = int_calls.session_id
    where not is_poll
),
calls as (
    select *, count(*) over (partition by session_id) as calls from numbered where position <= $longest
),
pairs as (
    select later.session_id, later.position, later.position - earlier.position as distance
    from calls as later
    join calls as earlier on earlier.session_id = later.session_id and earlier.symbol = later.symbol
    where earlier.position < later.position
),
islands as (
    select *, position - row_number() over (partition by session_id, distance order by position) as island from pairs
),
lengths as (
    select session_id, position, max(position) over (partition by session_id, distance, island) - position + 1 as length from islands
),
matches as (
    select session_id, position, max(length) as length from lengths group by session_id, position
)
select calls.session_id, calls.position, calls.symbol, calls.calls, coalesce(matches.length, 0) as match_length
from calls
left join matches on matches.session_id = calls.session_id and matches.position = calls.position
