-- model: fct_bunching_bins
-- grain: one quota, phase (before or after the announcement) and bin of the metric relative to the quota
-- reads: int_quota_weeks
-- family: INCENTIVE
-- measures: actor-weeks and people per bin of 1/$bins_per_quota Q from 0 to 2 Q; bin 0 begins at 0, the quota is the lower edge of bin
--   $bins_per_quota. Empty bins have no row. The estimators stand in src/score
-- reference: signals.md P1; Chetty et al. 2011
-- params: bins_per_quota = 50
with weeks as (
    select *, cast(floor(round(ratio * $bins_per_quota, 9)) as bigint) as bin
    from int_quota_weeks
    where phase in ('before', 'after') and ratio >= 0 and ratio < 2
)
select
    quota_id, metric, phase, bin,
    cast(bin as double) / $bins_per_quota * threshold as bin_low,
    cast(bin + 1 as double) / $bins_per_quota * threshold as bin_high,
    count(*) as actor_weeks,
    count(distinct actor_id) as actors,
from weeks
group by quota_id, metric, threshold, phase, bin
