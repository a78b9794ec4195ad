-- model: int_billed_people
-- grain: one month and scope of a bill with somebody known behind it
-- reads: int_billed, actors, stg_events, int_model_names
-- measures: how many people stand behind a month of a bill: those whom it names, and those who by the logs used it in the periods that it has. Where
--   both are known it is the fewer of them, since what was billed and what was logged are each their own people's. Services are nobody, and so is whoever
--   is neither on the roster nor in a log: bills name keys and projects beside people
with people as (select actor_id from actors where kind = 'person' and actor_id <> '(unassigned)'),
periods as (select distinct scope, period, period_from from int_billed),
has_bill as (select max(period_from) as newest from int_billed having count(*) > 0),
named as (
    select b.scope, cast(date_trunc('month', b.period_from) as date) as month, count(distinct b.actor_id) as people
    from int_billed as b
    inner join people as p on b.actor_id = p.actor_id
    group by 1, 2
),
uses as (
    select distinct
        replace(split_part(e.client, '/', 1), 'copilot-cli', 'github-copilot') as client_name,
        n.maker, e.actor_id,
        cast(arrow_cast(e.ts, 'Timestamp(Microsecond, None)') as date) as utc_day
    from stg_events as e
    cross join has_bill
    left join int_model_names as n on e.model = n.model
    where e.kind = 'completion' and e.ts is not null
),
placed as (
    select u.client_name as scope, u.utc_day, u.actor_id from uses as u
    union all
    select u.maker, u.utc_day, u.actor_id
    from uses as u
    where u.client_name <> 'github-copilot' and u.client_name not in (select scope from periods)
),
logged as (
    select b.scope, cast(date_trunc('month', b.period_from) as date) as month, count(distinct u.actor_id) as people
    from placed as u
    inner join people as p on u.actor_id = p.actor_id
    inner join periods as b
        on u.scope = b.scope
        and case when b.period = 'month' then cast(date_trunc('month', u.utc_day) as date) else u.utc_day end = b.period_from
    group by 1, 2
)
select
    coalesce(n.month, l.month) as month,
    coalesce(n.scope, l.scope) as scope,
    least(coalesce(n.people, l.people), coalesce(l.people, n.people)) as people
from named as n
full join logged as l on n.month = l.month and n.scope = l.scope
