-- model: rpt_reconciliation
-- grain: one period, scope and model of what was billed, with what the logs hold beside it
-- reads: int_billed, int_billed_asked, int_logged_use
-- measures: billed and logged use, what is billed and in no log (missing), and what is logged above the bill (extra). Logs count where a bill
--   speaks: from its first day to its last or, since days without use are on no bill, on the days that were asked for; those of a tool that has a
--   bill of its own there, the others by the maker of their model. A bill that names no models is compared with all of them together. It is tokens
--   that are compared, but on days that the bill's money reaches and its tokens do not, before their first and after their last, it is money.
--   Requests are told and not compared: vendors count calls that no log has
with bill as (
    select * from int_billed_asked
),
scopes as (
    select
        scope, period, count(tokens) > 0 as any_tokens,
        min(case when tokens is not null then period_from end) as first_tokens,
        max(case when tokens is not null then period_from end) as last_tokens,
        min(case when cost_usd is not null then period_from end) as first_cost,
        max(case when cost_usd is not null then period_from end) as last_cost,
        coalesce(min(first_asked), min(period_from)) as first_period,
        coalesce(max(last_asked), max(period_from)) as last_period
    from bill
    group by scope, period
),
whole as (select distinct scope, period_from from bill where model = '(all models)'),
placed as (
    select
        s.scope,
        case when s.period = 'month' then cast(date_trunc('month', l.utc_day) as date) else l.utc_day end as period_from,
        s.first_period, s.last_period, l.*
    from int_logged_use as l
    inner join scopes as s
        on l.client_name = s.scope
        or (l.maker = s.scope and l.client_name not in (select scope from int_billed))
),
logged as (
    select
        p.scope, p.period_from,
        case when w.scope is not null then '(all models)' else p.model end as model,
        sum(p.tokens) as tokens, sum(p.cost_usd) as cost_usd, sum(p.reported_cost_usd) as reported_cost_usd,
        sum(p.completions) as completions, sum(p.completions_without_usage) as completions_without_usage,
        sum(p.completions_without_cost) as completions_without_cost, sum(p.lower_bound_completions) as lower_bound_completions
    from placed as p
    left join whole as w on p.scope = w.scope and p.period_from = w.period_from
    where p.period_from between p.first_period and p.last_period
    group by 1, 2, 3
),
billed as (
    select
        scope, period_from, model, array_to_string(array_sort(array_agg(distinct report)), ', ') as reports,
        sum(tokens) as tokens, sum(cost_usd) as cost_usd, sum(requests) as requests
    from bill
    group by 1, 2, 3
),
compared as (
    select
        s.scope, s.period, coalesce(b.period_from, l.period_from) as period_from, coalesce(b.model, l.model) as model,
        coalesce(b.reports, '') as reports,
        s.any_tokens and (
            coalesce(b.period_from, l.period_from) between s.first_tokens and s.last_tokens
            or not coalesce(coalesce(b.period_from, l.period_from) between s.first_cost and s.last_cost, false)
        ) as has_tokens,
        b.tokens as billed_tokens, l.tokens as logged_tokens,
        b.cost_usd as billed_cost_usd, l.cost_usd as logged_cost_usd, l.reported_cost_usd, b.requests as billed_requests,
        coalesce(l.completions, 0) as completions, coalesce(l.completions_without_usage, 0) as completions_without_usage,
        coalesce(l.completions_without_cost, 0) as completions_without_cost, coalesce(l.lower_bound_completions, 0) as lower_bound_completions
    from billed as b
    full join logged as l on b.scope = l.scope and b.period_from = l.period_from and b.model = l.model
    inner join scopes as s on coalesce(b.scope, l.scope) = s.scope
)
select
    *,
    case when has_tokens then greatest(coalesce(billed_tokens, 0) - coalesce(logged_tokens, 0), 0) end as missing_tokens,
    case when has_tokens then greatest(coalesce(logged_tokens, 0) - coalesce(billed_tokens, 0), 0) end as extra_tokens
from compared
