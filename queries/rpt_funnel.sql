-- model: rpt_funnel
-- grain: the organisation, one row
-- reads: actors, fct_sessions, fct_attribution
-- measures: from a seat to something that lasts, over the last weeks of the data (local ISO weeks, the newest included): people on
--   the roster; of these with a session; with one in least_weeks of the weeks; with an outcome linked better than by nearness
--   in time; with such an outcome that landed and was not taken back. `unlisted_active` used a tool and are on no roster
-- reference: reports.md, funnel
-- params: weeks = 4, least_weeks = 3
with sessions as (
    select
        session_id,
        actor_id,
        arrow_cast(date_trunc('week', started_local), 'Int64') / 604800000000 as week
    from fct_sessions
    where actor_kind = 'person' and actor_id <> '(unassigned)'
),
newest as (
    select max(week) as week from sessions
),
recent as (
    select s.session_id, s.actor_id, s.week
    from sessions as s
    inner join newest as n on s.week > n.week - $weeks
),
links as (
    select
        session_id,
        bool_or(status = 'landed') as is_kept
    from fct_attribution
    where tier <> 'window'
    group by session_id
),
used as (
    select
        r.actor_id,
        count(distinct r.week) as weeks,
        bool_or(l.session_id is not null) as is_linked,
        bool_or(coalesce(l.is_kept, false)) as is_kept
    from recent as r
    left join links as l on r.session_id = l.session_id
    group by r.actor_id
),
listed as (
    select distinct actor_id from actors where on_roster and kind = 'person'
),
people as (
    select
        l.actor_id as listed_id,
        u.actor_id as active_id,
        u.weeks,
        u.is_linked,
        u.is_kept
    from listed as l
    full outer join used as u on l.actor_id = u.actor_id
)
select
    count(listed_id) as roster,
    count(active_id) filter (where listed_id is not null) as active,
    count(*) filter (where listed_id is not null and weeks >= $least_weeks) as sustained,
    count(*) filter (where listed_id is not null and is_linked) as linked,
    count(*) filter (where listed_id is not null and is_kept) as kept,
    count(*) filter (where listed_id is null) as unlisted_active
from people
