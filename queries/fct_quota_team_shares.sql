-- model: fct_quota_team_shares
-- grain: one active_week quota, team and ISO week
-- reads: actors, fct_actor_weeks, quotas
-- family: INCENTIVE
-- measures: n people of the team who were on the roster in that week (those without any use count), and k of them with a session of
--   their own begun or a prompt of their own (declared automation keeps nobody active); quorum is the smallest k that meets the quota. The week of
--   the announcement is neither before nor after, unless it was announced on its Monday. A share of a small team is discrete: the null of k is computed per size
-- reference: signals.md P1 (v) and finding 5
with active as (
    select distinct actor_id, iso_week from fct_actor_weeks where own_sessions > 0 or own_prompts > 0
),
weeks as (
    select
        iso_week,
        make_date(cast(substr(iso_week, 1, 4) as int), 1, 4) as fourth_of_january,
        cast(substr(iso_week, 7, 2) as int) as week_number,
    from active
    group by iso_week
),
mondays as (
    select iso_week, cast(date_trunc('week', fourth_of_january) as date) + 7 * (week_number - 1) as monday from weeks
),
people as (
    select distinct actors.team_id, actors.actor_id, mondays.iso_week
    from actors
    cross join mondays
    where actors.kind = 'person' and actors.team_id <> '(unassigned)'
        and coalesce(actors.active_from, mondays.monday) <= mondays.monday + 6
        and coalesce(actors.active_to, mondays.monday) >= mondays.monday
),
shares as (
    select people.team_id, people.iso_week, count(active.actor_id) as k, count(*) as n
    from people
    left join active on active.actor_id = people.actor_id and active.iso_week = people.iso_week
    group by people.team_id, people.iso_week
)
select
    quotas.quota_id, shares.team_id, shares.iso_week,
    case
        when shares.iso_week < to_char(quotas.announced, '%G-W%V') then 'before'
        when shares.iso_week > to_char(quotas.announced, '%G-W%V') or date_part('dow', quotas.announced) = 1 then 'after'
        else 'announced'
    end as phase,
    shares.k, shares.n, cast(ceil(round(quotas.threshold * shares.n, 9)) as bigint) as quorum,
from shares
cross join quotas
where quotas.metric = 'active_week' and quotas.period = 'week'
