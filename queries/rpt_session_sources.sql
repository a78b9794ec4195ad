-- model: rpt_session_sources
-- grain: one root session and one source that saw something of it
-- reads: int_sightings, stg_events
-- measures: requests of the session that the source saw, and how many of them are counted under its name. Sessions that one source
--   alone saw are here too, so that every session says where it is known from
-- reference: docs/merging.md
-- part: person
with counted as (
    select root_session_id as session_id, source, count(*) filter (where kind = 'completion') as requests
    from stg_events
    group by root_session_id, source
),
merged as (
    select k.root_session_id as session_id, s.source, count(*) filter (where s.kind = 'completion') as requests
    from int_sightings as s
    inner join stg_events as k on s.kept_key = k.event_key
    where not s.is_kept
    group by k.root_session_id, s.source
)
select
    coalesce(c.session_id, m.session_id) as session_id,
    coalesce(c.source, m.source) as source,
    coalesce(c.requests, 0) + coalesce(m.requests, 0) as requests_seen,
    coalesce(c.requests, 0) as requests_counted
from counted as c
full outer join merged as m on c.session_id = m.session_id and c.source = m.source
