-- model: int_hugging
-- grain: one quota, person and ISO week after the announcement
-- reads: int_quota_weeks, int_quota_mass
-- family: INCENTIVE
-- measures: of all weeks since the announcement, those without use included, said at each week of use: how many lie in [Q, $width Q) (or are minimal check-ins), in
--   the same window above the placebo lines .8 Q and 1.25 Q, and in [.9 Q, Q); the share of the weeks before the announcement in the window;
--   and the tail P(Bin(weeks, q0) >= hits)
-- reference: signals.md S10
-- params: width = 1.1
with marked as (
    select
        *,
        cast(case when metric = 'active_week' then is_minimal else ratio >= 1.0 and ratio < $width end as int) as hit,
        cast(coalesce(ratio >= 0.8 and ratio < 0.8 * $width, false) as int) as low_placebo,
        cast(coalesce(ratio >= 1.25 and ratio < 1.25 * $width, false) as int) as high_placebo,
        cast(coalesce(ratio >= 0.9 and ratio < 1.0, false) as int) as below,
    from int_quota_weeks
    where case when metric = 'active_week' then is_minimal is not null else ratio is not null end
),
before as (
    select quota_id, actor_id, count(*) as weeks, sum(hit) as hits
    from marked
    where phase = 'before'
    group by quota_id, actor_id
),
calendar_weeks as (
    select quota_id, count(distinct iso_week) as weeks from marked where phase = 'after' group by quota_id
),
running as (
    select
        marked.quota_id, metric, actor_id, iso_week,
        calendar_weeks.weeks,
        count(*) over ever as used_weeks,
        sum(coalesce(hit, 0)) over ever as hits,
        sum(low_placebo) over ever as low_hits,
        sum(high_placebo) over ever as high_hits,
        sum(below) over ever as below_hits,
    from marked
    join calendar_weeks on calendar_weeks.quota_id = marked.quota_id
    where phase = 'after'
    window ever as (partition by marked.quota_id, actor_id)
),
log_factorials as (
    select value as k, sum(ln(greatest(value, 1))) over (order by value) as log_factorial from range(0, 1000)
),
tails as (
    select
        running.quota_id, running.actor_id, running.iso_week,
        sum(exp(all_weeks.log_factorial - chosen.log_factorial - rest.log_factorial
            + chosen.k * ln(mass.expected_share) + rest.k * ln(1 - mass.expected_share))) as p,
    from running
    join int_quota_mass as mass on mass.quota_id = running.quota_id and mass.actor_id = running.actor_id
    join log_factorials as all_weeks on all_weeks.k = running.weeks
    join log_factorials as chosen on chosen.k between running.hits and running.weeks
    join log_factorials as rest on rest.k = running.weeks - chosen.k
    group by running.quota_id, running.actor_id, running.iso_week
)
select
    running.*,
    mass.expected_share,
    least(tails.p, 1.0) as p,
    coalesce(before.weeks, 0) as weeks_before,
    coalesce(before.hits, 0) as hits_before,
from running
join int_quota_mass as mass on mass.quota_id = running.quota_id and mass.actor_id = running.actor_id
join tails on tails.quota_id = running.quota_id and tails.actor_id = running.actor_id and tails.iso_week = running.iso_week
left join before on before.quota_id = running.quota_id and before.actor_id = running.actor_id
