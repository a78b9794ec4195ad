-- model: int_rank_tests
-- grain: one published leaderboard and cut
-- reads: int_rank_panel
-- family: INCENTIVE
-- measures: beta, the growth of people just below the cut less that of people just above it, after publication less before; its standard error
--   clustered by person, from the influence of each person on the four means, with the factor G / (G - 1); and z. A population test: it
--   names nobody
-- suggests: above zero, that a rank within reach draws use
-- abstains: beta is null where one of the four cells has fewer than $cell observations or there are fewer than $people people
-- reference: signals.md S12; Cameron, Gelbach and Miller 2008 (clustering)
-- params: cell = 5, people = 10
with panel as (
    select *, case when near = post then 1.0 else -1.0 end as sign from int_rank_panel
),
cells as (
    select metric, cut, near, post, sign, count(*) as observations, avg(growth) as growth, max(is_placebo) as is_placebo
    from panel
    group by metric, cut, near, post, sign
),
people as (
    select panel.metric, panel.cut, panel.actor_id, sum(panel.sign * (panel.growth - cells.growth) / cells.observations) as influence
    from panel
    join cells on cells.metric = panel.metric and cells.cut = panel.cut and cells.near = panel.near and cells.post = panel.post
    group by panel.metric, panel.cut, panel.actor_id
),
errors as (
    select metric, cut, count(*) as people, sqrt(sum(influence * influence) * count(*) / nullif(count(*) - 1, 0)) as error from people group by metric, cut
),
means as (
    select
        metric, cut, bool_or(is_placebo) as is_placebo, count(*) as cells, min(observations) as least_observations, sum(observations) as observations,
        sum(sign * growth) as beta, max(growth) filter (where post and not near) as above_growth,
    from cells
    group by metric, cut
),
post_weeks as (
    select metric, count(distinct iso_week) as post_weeks from int_rank_panel where post group by metric
)
select
    means.metric, means.cut, means.is_placebo, means.observations, errors.people, coalesce(post_weeks.post_weeks, 0) as post_weeks, means.above_growth,
    case when means.cells = 4 and means.least_observations >= $cell and errors.people >= $people then means.beta end as beta,
    case when means.cells = 4 and means.least_observations >= $cell and errors.people >= $people then errors.error end as error,
    case when means.cells = 4 and means.least_observations >= $cell and errors.people >= $people then means.beta / nullif(errors.error, 0.0) end as z,
from means
join errors on errors.metric = means.metric and errors.cut = means.cut
left join post_weeks on post_weeks.metric = means.metric
