-- model: rpt_coverage
-- grain: one month and scope
-- reads: rpt_reconciliation, int_billed_people
-- measures: how much of the billed use the logs hold. At least what is held line by line, that is by day and model; at most what is held model by
--   model in the whole month, since a request near midnight may be billed on another day than it is logged. What is logged above a bill
--   never makes up for what is missing elsewhere. In tokens where a bill has them, else in millionths of a US dollar. Of money whose logged
--   responses have no price it is not known, so that it is left out. With the people behind it, as far as they are known
with lines as (
    select
        scope,
        cast(date_trunc('month', period_from) as date) as month,
        period_from, model,
        case when has_tokens then 'tokens' else 'micro_usd' end as measure,
        coalesce(case when has_tokens then billed_tokens else cast(billed_cost_usd * 1000000 as bigint) end, 0) as billed,
        coalesce(case when has_tokens then logged_tokens else cast(logged_cost_usd * 1000000 as bigint) end, 0) as logged
    from rpt_reconciliation
    where has_tokens or logged_cost_usd is not null or coalesce(completions, 0) = 0
),
models as (
    select
        scope, month, measure, model,
        sum(billed) as billed,
        sum(logged) as logged,
        sum(least(billed, logged)) as held_low
    from lines
    group by 1, 2, 3, 4
),
days as (
    select scope, month, measure, count(distinct period_from) as billed_periods from lines where billed > 0 group by 1, 2, 3
)
select
    m.month, m.scope, m.measure,
    sum(m.billed) as billed,
    sum(m.logged) as logged,
    sum(m.held_low) as held_low,
    sum(least(m.billed, m.logged)) as held_high,
    max(d.billed_periods) as billed_periods,
    max(coalesce(p.people, 0)) as people
from models as m
inner join days as d on m.scope = d.scope and m.month = d.month and m.measure = d.measure
left join int_billed_people as p on m.scope = p.scope and m.month = p.month
group by 1, 2, 3
