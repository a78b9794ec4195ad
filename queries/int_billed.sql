-- model: int_billed
-- grain: one row of a bill or of a vendor's admin report that says what was used or charged
-- reads: int_charges
-- measures: what counts of the charges: two reports of one use count once. Of a scope and day the finest report has the tokens and the finest the
--   cost, a vendor's own before a cloud's bill before a gateway's log. Of a month it is the finest that has nearly all that the largest has, since a
--   report by the day may speak of a few days only, and then the bill of the month stays. What subscriptions used no other report has, and each host
--   of a maker's models (its own, a cloud) is billed for itself. Where a report gives tokens of a day without any name, the day has one line for
--   `(all models)`, whatever its money names, since tokens and money of one use would else stand on different lines
-- reference: formats.md sections 7, 8 and 12; the share is judgement: reports of one use differ by rounding and by the edges of days
-- params: covers = 0.95
with reports as (
    select
        scope, host, period_from, report_rank, sum(tokens) as tokens, sum(cost_usd) as cost_usd,
        max(case when period = 'month' then $covers else 0 end) as share
    from int_charges
    where not by_subscription
    group by scope, host, period_from, report_rank
),
compared as (
    select
        *,
        max(tokens) over (partition by scope, host, period_from) as most_tokens,
        max(cost_usd) over (partition by scope, host, period_from) as most_cost
    from reports
),
finest as (
    select
        scope, host, period_from,
        min(case when tokens >= share * most_tokens then report_rank end) as tokens_rank,
        min(case when cost_usd >= share * most_cost then report_rank end) as cost_rank
    from compared
    group by scope, host, period_from
),
counted as (
    select
        c.scope, c.period, c.period_from, c.report, c.actor_id, c.team_id, c.group_id, c.key_id, c.name,
        case when c.by_subscription or c.report_rank = f.tokens_rank then c.tokens end as tokens,
        case when c.by_subscription or c.report_rank = f.cost_rank then c.cost_usd end as cost_usd,
        c.requests
    from int_charges as c
    left join finest as f on c.scope = f.scope and c.host = f.host and c.period_from = f.period_from
),
named as (
    select
        *,
        max(name) over (partition by scope, period_from) as any_name,
        max(case when tokens is not null then name end) over (partition by scope, period_from, report) as tokens_name
    from counted
    where tokens is not null or cost_usd is not null
),
judged as (
    select *, max(case when tokens is not null and tokens_name is null then 1 else 0 end) over (partition by scope, period_from) as has_nameless
    from named
)
select
    scope, period, period_from, report, actor_id, team_id, group_id, key_id,
    case when any_name is null or has_nameless = 1 then '(all models)' else coalesce(name, '(no model)') end as model,
    tokens, cost_usd, requests
from judged
