-- model: rpt_weekly
-- grain: one ISO week, in each actor's local time, in which anybody used a tool or anything landed
-- reads: fct_actor_weeks, stg_outcomes, int_counted_outcomes
-- measures: use and outcomes side by side, each piece of work once a person. Active people are known actors of kind person with a session begun or a
--   prompt in the week; use by services, by unknown actors and of sessions that ran on from the week before is in the totals. Tokens and cost are null
--   when nothing was reported; outcomes are null when no source has any, and in weeks after that of the newest commit (the newest
--   outcome where there are none): what was not read is not nothing
with used as (
    select
        iso_week,
        sum(sessions) as sessions,
        count(distinct actor_id) filter (where actor_kind = 'person' and actor_id <> '(unassigned)' and (sessions > 0 or prompts > 0)) as active_people,
        sum(prompts) as prompts,
        sum(human_prompts) as human_prompts,
        sum(tokens) as tokens,
        sum(cost_usd) as cost_usd
    from fct_actor_weeks
    group by iso_week
),
landed as (
    select iso_week, count(*) as outcomes
    from int_counted_outcomes
    group by iso_week
),
known as (
    select coalesce(max(iso_week) filter (where kind = 'commit'), max(iso_week)) as last_week from stg_outcomes
)
select
    coalesce(u.iso_week, l.iso_week) as iso_week,
    coalesce(u.sessions, 0) as sessions,
    coalesce(u.active_people, 0) as active_people,
    coalesce(u.prompts, 0) as prompts,
    coalesce(u.human_prompts, 0) as human_prompts,
    u.tokens,
    u.cost_usd,
    case when coalesce(u.iso_week, l.iso_week) <= known.last_week then coalesce(l.outcomes, 0) end as outcomes
from used as u
full outer join landed as l on u.iso_week = l.iso_week
cross join known
