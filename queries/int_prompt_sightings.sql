-- model: int_prompt_sightings
-- grain: one prompt that was read off a request which several sources saw
-- reads: events, vantages, int_step_sightings
-- measures: gateways and telemetry know a prompt only as the newest message of a request. Where the session that counts the request
--   has prompts of its own, the last one before the answer is the same, and stands here with them; else the nearest source's prompt
--   stays and moves to that session, so that question and answer are not torn apart: `request_key` is the request that it goes with
-- reference: docs/merging.md
with requests as (
    select
        s.kept_key, s.authority, e.source, e.session_id, e.ts,
        coalesce(e.event_id, concat(e.source_file, ':', e.byte_offset)) as record
    from int_step_sightings as s
    inner join events as e on s.event_key = e.event_key
    where s.kind = 'completion'
),
kept as (
    select s.kept_key, e.session_id, e.ts
    from int_step_sightings as s
    inner join events as e on s.event_key = e.event_key
    where s.kind = 'completion' and s.is_kept
),
prompts as (
    select
        event_key, source, session_id, ts,
        coalesce(event_id, concat(source_file, ':', byte_offset)) as record,
        encode(event_key, 'hex') as hex_key
    from events
    where kind = 'prompt'
),
read_off as (
    select p.event_key, p.hex_key, p.source, p.ts, r.kept_key as request_key, r.authority
    from prompts as p
    inner join requests as r on p.source = r.source and p.record = r.record
),
asked as (
    select distinct request_key from read_off
),
absent as (
    select event_key from int_step_sightings where kind = 'prompt' and not is_kept
),
own as (
    select a.request_key, last_value(p.event_key order by p.ts, p.hex_key) as own_key
    from asked as a
    inner join kept as k on a.request_key = k.kept_key
    inner join prompts as p on k.session_id = p.session_id and p.ts <= k.ts
    left anti join read_off as r on p.event_key = r.event_key
    left anti join absent as x on p.event_key = x.event_key
    group by a.request_key
),
decided as (
    select
        r.event_key, r.source, r.authority, r.request_key, k.session_id, o.own_key,
        first_value(r.event_key) over (partition by r.request_key order by r.authority, r.source, r.ts, r.hex_key) as first_key
    from read_off as r
    inner join kept as k on r.request_key = k.kept_key
    left join own as o on r.request_key = o.request_key
)
select
    event_key, 'prompt' as kind, source, authority, 'request' as rule,
    own_key is null and event_key = first_key as is_kept,
    coalesce(own_key, first_key) as kept_key,
    case when own_key is null and event_key = first_key then session_id end as session_id,
    case when own_key is null and event_key = first_key then request_key end as request_key
from decided
union all
select
    p.event_key, 'prompt' as kind, p.source, coalesce(v.authority, 99) as authority, 'request' as rule, true as is_kept,
    p.event_key as kept_key, arrow_cast(null, 'Utf8') as session_id, arrow_cast(null, 'Binary') as request_key
from prompts as p
inner join (select distinct own_key from own) as o on p.event_key = o.own_key
left anti join int_step_sightings as s on p.event_key = s.event_key
left join vantages as v on p.source = v.source
