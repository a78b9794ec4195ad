-- model: int_quota_mass
-- grain: one quota and person
-- reads: int_quota_weeks
-- family: INCENTIVE
-- measures: the share q0 of weeks expected in [Q, $width Q): a logarithmic kernel density of the weeks outside [.9 Q, 1.2 Q), the person's own
--   shrunk to everyone's with a weight of $shrink weeks; for active_week the share of minimal check-ins before the announcement, shrunk
--   to that of the others who began as little then (quarters of people by sessions a week, where there are $peers others; else to everyone's): a week of one small session is rare for
--   whoever uses much, and an ordinary one for whoever uses little. The kernel is logistic with scale 1/1.702, within .01 of the normal one. Never under $least, and never certain (.999). The weeks left out are not none: n weeks
--   outside let a share leak of their kernels fall into that window, and of a kernel in its middle the share stay remains, so the g weeks that belong there
--   satisfy g = n leak + g stay; they are counted with n, and with what a kernel in the middle has in [Q, $width Q). That is much for whoever
--   stands on both sides of the line, and next to nothing for whoever keeps to it and is elsewhere otherwise
-- reference: signals.md S10; Silverman 1986 (bandwidth); Turnbull 1976 (self-consistent estimate from truncated data)
-- params: width = 1.1, shrink = 10, least = 0.05, bandwidth = 0.15, peers = 10
with weeks as (
    select *, ln(ratio) as log_ratio from int_quota_weeks where case when metric = 'active_week' then is_minimal is not null else ratio > 0 end
),
points as (
    select quota_id, actor_id, metric, log_ratio, is_minimal, own_sessions
    from weeks
    where case when metric = 'active_week' then phase = 'before' else not (ratio >= 0.9 and ratio < 1.2) end
),
users as (
    -- Whoever began as much is in one quarter, whatever the name.
    select *, cast(floor(4.0 * (rank() over (partition by quota_id order by sessions) - 1) / count(*) over (partition by quota_id)) as int) as quarter
    from (select quota_id, actor_id, count(*) as weeks, sum(cast(is_minimal as int)) as minimal, avg(own_sessions) as sessions
        from points where metric = 'active_week' group by quota_id, actor_id)
),
peers as (
    select quota_id, actor_id,
        case when count(*) over cell > $peers then cast(sum(minimal) over cell - minimal as double) / (sum(weeks) over cell - weeks) end as share,
    from users
    window cell as (partition by quota_id, quarter)
),
samples as ( -- everybody is the actor null
    select quota_id, actor_id, metric, log_ratio, is_minimal from points
    union all
    select quota_id, null, metric, log_ratio, is_minimal from points
),
scaled as (
    select
        *, ln(1.2 * 0.9) / 2 as middle,
        1.702 / greatest(1.06 * stddev_pop(log_ratio) over sample * power(count(*) over sample, -0.2), $bandwidth) as scale,
    from samples
    window sample as (partition by quota_id, actor_id)
),
masses as (
    select
        quota_id,
        actor_id,
        case when metric = 'active_week' then cast(is_minimal as double)
            else 1 / (1 + exp(-scale * (ln($width) - log_ratio))) - 1 / (1 + exp(scale * log_ratio)) end as mass,
        case when metric = 'active_week' then 0.0
            else 1 / (1 + exp(-scale * (ln(1.2) - log_ratio))) - 1 / (1 + exp(-scale * (ln(0.9) - log_ratio))) end as leak,
        1 / (1 + exp(-scale * (ln(1.2) - middle))) - 1 / (1 + exp(-scale * (ln(0.9) - middle))) as stay,
        1 / (1 + exp(-scale * (ln($width) - middle))) - 1 / (1 + exp(scale * middle)) as middle_mass,
    from scaled
),
fits as (
    select
        quota_id,
        actor_id,
        count(*) as weeks,
        count(*) + sum(leak) / (1 - avg(stay)) as filled_weeks,
        sum(mass) + sum(leak) / (1 - avg(stay)) * avg(middle_mass) as mass,
    from masses
    group by quota_id, actor_id
),
people as (
    select distinct quota_id, actor_id from weeks
)
select
    people.quota_id,
    people.actor_id,
    coalesce(own.weeks, 0) as weeks,
    least(0.999, greatest($least, (coalesce(own.mass, 0.0) + $shrink * coalesce(peers.share, pooled.mass / pooled.filled_weeks, 2 * $least)) / (coalesce(own.filled_weeks, 0.0) + $shrink))) as expected_share,
from people
left join fits as own on own.quota_id = people.quota_id and own.actor_id = people.actor_id
left join fits as pooled on pooled.quota_id = people.quota_id and pooled.actor_id is null
left join peers on peers.quota_id = people.quota_id and peers.actor_id = people.actor_id
