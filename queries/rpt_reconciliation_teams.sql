-- model: rpt_reconciliation_teams
-- grain: one month, scope and team
-- reads: int_billed, int_billed_asked, int_logged_use, stg_events, actors, int_model_names
-- measures: what a team was billed for and what its logs hold, where the bill says whose a row is: an account or key that the roster knows as
--   an alias, or a group that is called like a team. Of a month that is billed or asked for in part, the logs of the same days count. `people`, by
--   which a cell may be shown, are the team's people who by the logs used it on those days, or those whom the bill names: the fewer, where both
--   are known, as in int_billed_people
with bill as (
    select * from int_billed_asked
),
scopes as (
    select
        scope, period,
        coalesce(min(first_asked), min(period_from)) as first_period,
        coalesce(max(last_asked), max(period_from)) as last_period
    from bill
    group by scope, period
    having bool_or(team_id <> '(unassigned)')
),
billed as (
    select
        scope, cast(date_trunc('month', period_from) as date) as month, team_id, sum(tokens) as tokens, sum(cost_usd) as cost_usd
    from bill
    group by 1, 2, 3
),
logged as (
    select
        s.scope, cast(date_trunc('month', l.utc_day) as date) as month, l.team_id,
        sum(l.tokens) as tokens, sum(l.cost_usd) as cost_usd
    from int_logged_use as l
    inner join scopes as s
        on l.client_name = s.scope
        or (l.maker = s.scope and l.client_name not in (select scope from int_billed))
    where case when s.period = 'month' then cast(date_trunc('month', l.utc_day) as date) else l.utc_day end
        between s.first_period and s.last_period
    group by 1, 2, 3
),
persons as (select actor_id from actors where kind = 'person' and actor_id <> '(unassigned)'),
named as (
    select b.scope, cast(date_trunc('month', b.period_from) as date) as month, b.team_id, count(distinct b.actor_id) as people
    from bill as b
    inner join persons as p on b.actor_id = p.actor_id
    group by 1, 2, 3
),
uses as (
    select distinct
        replace(split_part(e.client, '/', 1), 'copilot-cli', 'github-copilot') as client_name, n.maker, e.team_id, e.actor_id,
        cast(arrow_cast(e.ts, 'Timestamp(Microsecond, None)') as date) as utc_day
    from stg_events as e
    inner join persons as p on e.actor_id = p.actor_id
    left join int_model_names as n on e.model = n.model
    where e.kind = 'completion' and e.ts is not null
),
users as (
    select s.scope, cast(date_trunc('month', u.utc_day) as date) as month, u.team_id, count(distinct u.actor_id) as people
    from uses as u
    inner join scopes as s
        on u.client_name = s.scope
        or (u.maker = s.scope and u.client_name <> 'github-copilot' and u.client_name not in (select scope from int_billed))
    where case when s.period = 'month' then cast(date_trunc('month', u.utc_day) as date) else u.utc_day end
        between s.first_period and s.last_period
    group by 1, 2, 3
)
select
    b.scope, b.month, b.team_id,
    coalesce(least(coalesce(n.people, u.people), coalesce(u.people, n.people)), 0) as people,
    b.tokens as billed_tokens, l.tokens as logged_tokens, b.cost_usd as billed_cost_usd, l.cost_usd as logged_cost_usd
from billed as b
inner join scopes as s on b.scope = s.scope
left join logged as l on b.scope = l.scope and b.month = l.month and b.team_id = l.team_id
left join named as n on b.scope = n.scope and b.month = n.month and b.team_id = n.team_id
left join users as u on b.scope = u.scope and b.month = u.month and b.team_id = u.team_id
