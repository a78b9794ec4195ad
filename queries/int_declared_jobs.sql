-- model: int_declared_jobs
-- grain: one declaration: an `[[automation]]`, or a schedule of a platform
-- reads: automations, facts, actors, identities
-- measures: what each declaration names (an account, a repository, a client, a schedule), whose it is, and what it may be called: by its repository or client, its
--   schedule's own id or its service account, never by an account that may be a person's. An owner who may be a person has no name here either
-- reference: schema.md `[[automation]]`; signals.md 1.6
with people as (
    select actor_id as name from actors where kind = 'person'
    union
    select i.actor_raw as name from identities as i inner join actors as a on i.actor_id = a.actor_id where a.kind = 'person'
),
named as (
    select
        m.actor_id, m.match, m.schedule,
        case when p.name is null and (strpos(m.owner, '@') = 0 or o.kind = 'service') then m.owner end as owner,
        coalesce(a.kind, 'person') as actor_kind,
        '^' || replace(replace(regexp_replace(lower(substr(m.match, strpos(m.match, ':') + 1)), '([.+^$(){}|\[\]\\])', '\\\1', 'g'), '*', '.*'), '?', '.') || '$' as pattern
    from automations as m
    left join actors as a on m.actor_id = a.actor_id
    left join actors as o on m.owner = o.actor_id
    left join people as p on m.owner = p.name
    where m.actor_id is not null or m.match is not null
)
select distinct
    'declaration' as kind,
    concat_ws(' ', match, case when actor_id is null then null when actor_kind = 'service' then actor_id else 'in an account of a person' end) as job,
    actor_id,
    case when match like 'repo:%' then pattern end as pattern,
    case when match like 'client:%' then pattern end as client_pattern,
    match is null as any_place,
    cast(null as varchar) as schedule_id,
    schedule,
    owner
from named
union all
select distinct
    'schedule' as kind,
    case when starts_with(session_id, 'cron:') then session_id else concat('session at ', value) end as job, -- the id of a session may hold whom it talks to
    cast(null as varchar) as actor_id,
    cast(null as varchar) as pattern,
    cast(null as varchar) as client_pattern,
    false as any_place,
    session_id as schedule_id,
    value as schedule,
    cast(null as varchar) as owner
from facts
where name = 'schedule'
