-- model: rpt_seats
-- grain: one tool, and `(any)` for everybody who holds a seat of one or more
-- reads: fct_seats, aggregates
-- measures: seats, those used in the period, those idle in it, those never used as far as anybody can tell, and those of which nobody can tell; what the
--   newest month's bill has for the seats of the tool. A person of several tools uses one when they use any
with people as (
    select
        actor_id,
        bool_or(used) as used,
        bool_or(ever_used) as ever_used,
        bool_or(used is null) as is_unknown
    from fct_seats
    group by 1
),
counted as (
    select
        product,
        count(*) as seats,
        count(*) filter (where used) as used,
        count(*) filter (where not used) as idle,
        count(*) filter (where not ever_used) as never_used,
        count(*) filter (where used is null) as use_unknown
    from fct_seats
    group by 1
    union all
    select
        '(any)',
        count(*),
        count(*) filter (where used),
        count(*) filter (where not coalesce(used, false) and not is_unknown),
        count(*) filter (where not coalesce(ever_used, false) and not is_unknown),
        count(*) filter (where not coalesce(used, false) and is_unknown)
    from people
),
bills as (
    select client, from_ts, sum(cost_usd) as cost_usd,
        row_number() over (partition by client order by from_ts desc) as newest
    from aggregates
    where report = 'github_copilot.seat_bill'
    group by 1, 2
)
select c.product, c.seats, c.used, c.idle, c.never_used, c.use_unknown, b.cost_usd as monthly_cost_usd
from counted as c
left join bills as b on c.product = b.client and b.newest = 1
where c.seats > 0
