-- model: sig_rank_chasing
-- grain: one actor and ISO week
-- reads: fct_actor_weeks, int_rank_panel, int_rank_tests, leaderboards
-- family: INCENTIVE
-- measures: where the pooled test int_rank_tests says that the organisation chases ranks: the person's mean growth after weeks just below the cut, up to this week, over that of
--   people just above it, shrunk to beta with a weight of $shrink weeks. The slope of one person is for their own view
-- suggests: use that rises because a rank is within reach
-- innocent: weighs no more than what the person's own weeks say (Chernoff bound on their growth over that of people just above the cut); a new project, chance: placebo cuts at
--   twice and three times the top must be quieter than the cut itself
-- abstains: service accounts; actor unknown; no leaderboard; fewer than $min_weeks weeks since it was published; too few people near the cut;
--   beta is not above zero at $z standard errors (times the square root of the number of leaderboards), or a placebo cut is as loud; the person was not just below
--   the cut in $near_weeks weeks
-- evasion: rising before the rank is near, or spreading over colleagues: sig_quota_bunching, incentive_break
-- reference: signals.md S12
-- params: min_weeks = 6, z = 2.58, near_weeks = 2, shrink = 4
with boards as (
    select count(distinct metric) as boards from leaderboards
),
tests as (
    select
        real.*, coalesce(max(placebo.z), 0.0) as placebo_z,
    from int_rank_tests as real
    left join int_rank_tests as placebo on placebo.metric = real.metric and placebo.is_placebo
    where not real.is_placebo
    group by real.metric, real.cut, real.is_placebo, real.observations, real.people, real.post_weeks, real.above_growth, real.beta, real.error, real.z
),
opened as (
    select
        tests.*, boards.boards,
        case
            when post_weeks < $min_weeks then concat('fewer than ', $min_weeks, ' weeks since a leaderboard was published')
            when beta is null then 'too few people near the cut'
            when coalesce(z, 0.0) < $z * sqrt(boards) then 'the organisation does not chase ranks'
            when placebo_z >= z then 'a placebo cut is as loud'
        end as closed_reason,
    from tests
    cross join boards
),
best as (
    select * from (select *, row_number() over (order by closed_reason is not null, z desc nulls last, metric) as place from opened) where place = 1
),
spreads as (
    select stddev(panel.growth) as deviation from int_rank_panel as panel join best on best.metric = panel.metric and best.cut = panel.cut where not panel.near and panel.post
),
near_weeks as (
    select panel.actor_id, panel.iso_week, panel.growth - best.above_growth as excess
    from int_rank_panel as panel
    join best on best.metric = panel.metric and best.cut = panel.cut
    where panel.near and panel.post
),
running as (
    select weeks.actor_id, weeks.iso_week, count(*) as weeks, sum(near_weeks.excess) as excess
    from fct_actor_weeks as weeks
    join near_weeks on near_weeks.actor_id = weeks.actor_id and near_weeks.iso_week < weeks.iso_week
    group by weeks.actor_id, weeks.iso_week
),
judged as (
    select
        weeks.actor_id, weeks.iso_week, coalesce(running.weeks, 0) as near_weeks, running.excess, running.excess / sqrt(running.weeks) / nullif(spreads.deviation, 0) as own_z, best.metric, best.cut, best.beta, best.error, best.people,
        case
            when weeks.actor_kind = 'service' then 'declared automation'
            when weeks.actor_id = '(unassigned)' then 'actor unknown'
            when boards.boards = 0 then 'no leaderboard'
            when best.metric is null then concat('fewer than ', $min_weeks, ' weeks since a leaderboard was published')
            when best.closed_reason is not null then best.closed_reason
            when coalesce(running.weeks, 0) < $near_weeks then concat('just below the cut in fewer than ', $near_weeks, ' weeks')
        end as abstain_reason,
    from fct_actor_weeks as weeks
    cross join boards left join best on true left join spreads on true
    left join running on running.actor_id = weeks.actor_id and running.iso_week = weeks.iso_week
)
select
    'actor_week' as scope, concat(actor_id, '/', iso_week) as unit_id, actor_id, iso_week,
    case when abstain_reason is null then round((excess + $shrink * beta) / (near_weeks + $shrink), 9) end as value, near_weeks as n,
    case when abstain_reason is null then 'speak' else 'abstain' end as status, abstain_reason, 1.0 as discount, 0.0 as exculpation_db,
    case when abstain_reason is null then round(1.086 * power(greatest(coalesce(own_z, 0.0), 0.0), 2) - 3.01, 2) end as most_db,
    concat('{"metric":"', coalesce(metric, ''), '","cut":', coalesce(cast(cut as varchar), 'null'), ',"weeks_just_below":', near_weeks,
        ',"pooled_beta":', coalesce(cast(round(beta, 4) as varchar), 'null'), ',"pooled_error":', coalesce(cast(round(error, 4) as varchar), 'null'), ',"people":', coalesce(people, 0), ',"own_z":', coalesce(cast(round(own_z, 2) as varchar), 'null'), ',"discounts":[]}') as evidence,
from judged
