-- model: fct_seats
-- grain: one person and one tool that they hold a seat of
-- reads: aggregates, aggregate_identities, roster, fct_sessions, actors
-- measures: whether a seat was used in the period that the logs cover: by its vendor's account, or by a session of the person with the tool in the logs.
--   Vendors list holders without any use, which no log can. The licences of the roster count too; where neither a vendor nor any log
--   of the tool speaks of a holder, use is unknown and not absent. Services hold no seats. Copilot's CLI is a use of a seat of Copilot
-- reference: reports.md (seats, active), formats.md sections 7 and 8
with period as (select min(started_at) as began from fct_sessions),
listed as (
    select
        i.actor_id, replace(coalesce(a.client, a.source), 'copilot-cli', 'github-copilot') as product,
        max(case when a.seat_used then a.to_ts end) as last_used_at,
        true as by_vendor
    from aggregates as a
    inner join aggregate_identities as i on coalesce(a.actor_id, a.key_id, a.group_id, '') = i.actor_raw
    where a.counted_by = 'vendor' and a.actor_id is not null and a.seat_used is not null
    group by 1, 2
    union all
    select actor_id, replace(licence, 'copilot-cli', 'github-copilot'), null, false
    from (select actor_id, unnest(licences) as licence from roster where kind = 'person')
),
holders as (
    select actor_id, product, max(last_used_at) as last_used_at, bool_or(by_vendor) as by_vendor
    from listed
    group by 1, 2
),
logged as (
    select actor_id, replace(client_name, 'copilot-cli', 'github-copilot') as product, max(ended_at) as last_used_at
    from fct_sessions
    group by 1, 2
),
tools as (select distinct product from logged)
select
    h.actor_id, h.product,
    coalesce(p.team_id, '(unassigned)') as team_id,
    h.by_vendor,
    greatest(h.last_used_at, l.last_used_at) as last_used_at,
    case
        when l.actor_id is not null then true
        when h.last_used_at is not null and (e.began is null or h.last_used_at > e.began) then true
        when h.by_vendor or t.product is not null then false
    end as used,
    case
        when coalesce(h.last_used_at, l.last_used_at) is not null then true
        when h.by_vendor or t.product is not null then false
    end as ever_used
from holders as h
cross join period as e
left join logged as l on h.actor_id = l.actor_id and h.product = l.product
left join tools as t on h.product = t.product
left join actors as p on h.actor_id = p.actor_id
where coalesce(p.kind, 'person') = 'person'
