-- model: int_shared_ids
-- grain: one event that another source saw too, by an id which both state
-- reads: events
-- measures: requests by the provider's id of the response or of the request, tool steps by the provider's id of the call, prompts
--   by the prompt's id. A row that states both ids of a request joins who knows only one of them. An id that one source gives to
--   two requests, or that comes again more than a day later, is reused and names nothing
-- reference: formats.md 12
-- params: apart_hours = 24
with several as (
    select 1 as several
    from (select min(source) as first_source, max(source) as last_source from events where kind = 'completion') as ends
    where first_source <> last_source
),
linked as (
    select request_id, min(response_id) as response_id
    from events
    where kind = 'completion' and request_id is not null and response_id is not null
    group by request_id
    having min(response_id) = max(response_id)
),
named as (
    select
        e.event_key, e.source, e.kind, e.ts, e.request_id, e.response_id,
        case
            when e.kind = 'completion' then coalesce(e.response_id, l.response_id, e.request_id)
            when e.kind = 'prompt' then e.request_id
            else e.call_id
        end as name
    from events as e
    cross join several
    left join linked as l on e.kind = 'completion' and e.request_id = l.request_id
    where e.request_id is not null or e.response_id is not null
        or regexp_like(e.call_id, '^(toolu|srvtoolu|call|fc)_[A-Za-z0-9_]{8,}$')
),
by_source as (
    select
        kind, name, source,
        count(*) as events,
        min(ts) as first_ts,
        max(ts) as last_ts,
        max(request_id) as request_id,
        max(response_id) as response_id
    from named
    where name is not null
    group by kind, name, source
),
shared as (
    select
        kind, name,
        array_agg(source) as sources,
        max(request_id) as request_id,
        max(response_id) as response_id
    from by_source
    group by kind, name
    having count(*) > 1
        -- A prompt may stand in several records of a transcript.
        and (kind = 'prompt' or max(events) = 1)
        and arrow_cast(max(last_ts), 'Int64') - arrow_cast(min(first_ts), 'Int64') <= $apart_hours * 3600000000
)
select n.event_key, n.source, n.kind, n.name, s.sources, s.request_id, s.response_id
from named as n
inner join shared as s on n.kind = s.kind and n.name = s.name
