-- model: fct_actor_weeks
-- grain: one actor and ISO week in local time in which the actor used a tool
-- reads: stg_events, fct_sessions, stg_outcomes, int_counted_outcomes, fct_coverage, int_unprompted_clients
-- measures: use by the week in which it happened; a session counts in the week in which it began. All of a session is its
--   actor's, subagents included. Outcomes of every kind that landed in the week count, each piece of work once; they are null when no outcome
--   source covers the actor, and in weeks after that of the newest commit (the newest outcome where there are none): what was not read is not nothing.
--   own_steps, own_sessions, own_prompts, own_tokens and own_cost_usd are the same without declared automation and what a
--   schedule began, a session or a step of one, which leave the person scopes: what a person is read by. own_tokens and own_cost_usd are null when nothing of it was reported
-- reference: outputs.md, signals.md 1.6
-- part: person
with sessions as (
    select session_id, actor_id, iso_week, not declared and trigger <> 'schedule' as is_own from fct_sessions
),
used as (
    select
        s.actor_id,
        e.iso_week,
        count(*) filter (where e.kind = 'prompt' and e.trigger <> 'agent') as prompts,
        count(*) filter (where e.kind = 'prompt' and e.trigger = 'human') as human_prompts,
        sum(e.tokens) as tokens,
        sum(e.cost_usd) as cost_usd,
        count(*) filter (where s.is_own and e.trigger is distinct from 'schedule') as own_steps,
        count(*) filter (where s.is_own and e.kind = 'prompt' and e.trigger in ('human', 'unknown')) as own_prompts,
        sum(e.tokens) filter (where s.is_own and e.trigger is distinct from 'schedule') as own_tokens,
        sum(e.cost_usd) filter (where s.is_own and e.trigger is distinct from 'schedule') as own_cost_usd,
        count(n.actor_id) filter (where s.is_own) as unprompted_steps,
        count(distinct cast(e.local_ts as date)) as active_days, min(e.ts) as first_at, max(e.ts) as last_at
    from stg_events as e
    inner join sessions as s on e.root_session_id = s.session_id
    left join int_unprompted_clients as n on e.actor_id = n.actor_id and coalesce(split_part(e.client, '/', 1), '') = n.client_name
    group by s.actor_id, e.iso_week
),
begun as (
    select actor_id, iso_week, count(*) as sessions, count(*) filter (where is_own) as own_sessions
    from sessions
    group by actor_id, iso_week
),
people as (
    select distinct actor_id, team_id, role, actor_kind
    from fct_sessions
),
landed as (
    select actor_id, iso_week, count(*) as outcomes
    from int_counted_outcomes
    group by actor_id, iso_week
),
covered as (
    select distinct actor_id from stg_outcomes
    union
    select actor_id from fct_coverage where outcome_coverage > 0
),
known as (
    select coalesce(max(iso_week) filter (where kind = 'commit'), max(iso_week)) as last_week from stg_outcomes
)
select
    u.actor_id,
    p.team_id,
    p.role,
    p.actor_kind,
    u.iso_week,
    coalesce(b.sessions, 0) as sessions,
    u.prompts,
    u.human_prompts,
    u.tokens,
    u.cost_usd,
    u.own_steps,
    coalesce(b.own_sessions, 0) as own_sessions,
    case when u.own_prompts > 0 or u.unprompted_steps = 0 then u.own_prompts end as own_prompts, -- null where a client logs none
    u.own_tokens,
    u.own_cost_usd,
    case when c.actor_id is not null and u.iso_week <= k.last_week then coalesce(l.outcomes, 0) end as outcomes,
    u.active_days, u.first_at, u.last_at
from used as u
inner join people as p on u.actor_id = p.actor_id
cross join known as k
left join begun as b on u.actor_id = b.actor_id and u.iso_week = b.iso_week
left join landed as l on u.actor_id = l.actor_id and u.iso_week = l.iso_week
left join covered as c on u.actor_id = c.actor_id
