-- model: rpt_reconciliation_teams
-- grain: one month, scope and team
-- reads: int_billed, int_logged_use, stg_events
-- measures: what a team was billed for and what its logs hold, where the bill says whose a row is: an account or key that the roster knows as
--   an alias, or a group that is called like a team. `people` are the team's people in the logs of the month, by which a cell may be shown
with scopes as (
    select scope from int_billed where team_id <> '(unassigned)' group by scope
),
billed as (
    select
        scope, cast(date_trunc('month', period_from) as date) as month, team_id,
        sum(tokens) as tokens, sum(cost_usd) as cost_usd
    from int_billed
    group by 1, 2, 3
),
logged as (
    select
        s.scope, cast(date_trunc('month', l.utc_day) as date) as month, l.team_id,
        sum(l.tokens) as tokens, sum(l.cost_usd) as cost_usd
    from int_logged_use as l
    inner join scopes as s
        on l.client_name = s.scope
        or (l.maker = s.scope and l.client_name not in (select scope from scopes))
    group by 1, 2, 3
),
people as (
    select
        team_id,
        cast(date_trunc('month', arrow_cast(ts, 'Timestamp(Microsecond, None)')) as date) as month,
        count(distinct actor_id) as people
    from stg_events
    where ts is not null
    group by 1, 2
)
select
    b.scope, b.month, b.team_id,
    coalesce(p.people, 0) as people,
    b.tokens as billed_tokens,
    l.tokens as logged_tokens,
    b.cost_usd as billed_cost_usd,
    l.cost_usd as logged_cost_usd
from billed as b
inner join scopes as s on b.scope = s.scope
left join logged as l on b.scope = l.scope and b.month = l.month and b.team_id = l.team_id
left join people as p on b.month = p.month and b.team_id = p.team_id
