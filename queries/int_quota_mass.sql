-- model: int_quota_mass
-- grain: one quota and person
-- reads: int_quota_weeks
-- family: INCENTIVE
-- measures: the share q0 of weeks expected in [Q, $width Q): a logarithmic kernel density of the weeks outside [.9 Q, 1.2 Q], the person's own
--   shrunk to everyone's with a weight of $shrink weeks; for active_week the share of minimal check-ins before the announcement, shrunk
--   the same way. The kernel is logistic with scale 1/1.702, within .01 of the normal one. Never under $least
-- reference: signals.md S10; Silverman 1986 (bandwidth)
-- params: width = 1.1, shrink = 10, least = 0.05, bandwidth = 0.15
with weeks as (
    select *, ln(ratio) as log_ratio from int_quota_weeks where metric = 'active_week' or ratio > 0
),
points as (
    select
        *,
        1.06 * stddev_pop(log_ratio) over (partition by quota_id, actor_id) * power(count(*) over (partition by quota_id, actor_id), -0.2) as own_bandwidth,
        1.06 * stddev_pop(log_ratio) over (partition by quota_id) * power(count(*) over (partition by quota_id), -0.2) as pooled_bandwidth,
    from weeks
    where metric <> 'active_week' and not (ratio >= 0.9 and ratio < 1.2)
),
masses as (
    select
        quota_id,
        actor_id,
        1 / (1 + exp(-1.702 * (ln($width) - log_ratio) / greatest(own_bandwidth, $bandwidth)))
            - 1 / (1 + exp(1.702 * log_ratio / greatest(own_bandwidth, $bandwidth))) as own_mass,
        1 / (1 + exp(-1.702 * (ln($width) - log_ratio) / greatest(pooled_bandwidth, $bandwidth)))
            - 1 / (1 + exp(1.702 * log_ratio / greatest(pooled_bandwidth, $bandwidth))) as pooled_mass,
    from points
    union all
    select quota_id, actor_id, cast(is_minimal as double) as own_mass, cast(is_minimal as double) as pooled_mass
    from weeks
    where metric = 'active_week' and phase = 'before'
),
own as (
    select quota_id, actor_id, sum(own_mass) as mass, count(*) as weeks from masses group by quota_id, actor_id
),
pooled as (
    select quota_id, avg(pooled_mass) as mass from masses group by quota_id
),
people as (
    select distinct quota_id, actor_id from weeks
)
select
    people.quota_id,
    people.actor_id,
    coalesce(own.weeks, 0) as weeks,
    greatest($least, (coalesce(own.mass, 0.0) + $shrink * coalesce(pooled.mass, 2 * $least)) / (coalesce(own.weeks, 0) + $shrink)) as expected_share,
from people
left join own on own.quota_id = people.quota_id and own.actor_id = people.actor_id
left join pooled on pooled.quota_id = people.quota_id
