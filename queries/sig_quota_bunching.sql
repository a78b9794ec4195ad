-- model: sig_quota_bunching
-- grain: one quota
-- reads: quotas, int_quota_weeks, fct_quota_team_shares
-- family: INCENTIVE
-- measures: the log ratio of the weeks up to $beside above the quota to those up to $beside below it, since the announcement: what the eye sees in the
--   histogram, and whether there is enough to estimate bunching. The estimate, its counterfactual and its p are computed in src/score/population from
--   fct_bunching_bins and, for shares of teams, fct_quota_team_shares. Names nobody
-- suggests: excess of weeks at or just above the quota, missing mass below, since the announcement
-- innocent: round numbers, plan caps (mass below), a quota set where people already were: difference to the weeks before, placebo cuts
-- abstains: fewer than $min_weeks actor-weeks after the announcement within half and one and a half times Q, $min_side on either side,
--   $min_actors people; for active_week fewer than $min_team_weeks team-weeks after the announcement; a period other than a week
-- evasion: overshooting at random thins the excess, and costs more than the quota asks
-- reference: signals.md P1; Saez 2010; Chetty et al. 2011; McCrary 2008
-- params: min_weeks = 200, min_side = 50, min_actors = 30, min_team_weeks = 40, beside = 0.1
with near as (
    select
        quota_id,
        count(*) as weeks,
        count(*) filter (where ratio < 1) as weeks_below,
        count(*) filter (where ratio >= 1) as weeks_above,
        count(*) filter (where ratio >= 1 and ratio < 1 + $beside) as just_above,
        count(*) filter (where ratio < 1 and ratio >= 1 - $beside) as just_below,
        count(distinct actor_id) as actors,
    from int_quota_weeks
    where phase = 'after' and ratio >= 0.5 and ratio <= 1.5
    group by quota_id
),
earlier as (
    select quota_id, count(*) as weeks from int_quota_weeks where phase = 'before' and ratio >= 0.5 and ratio <= 1.5 group by quota_id
),
teams as (
    select quota_id, count(*) as team_weeks, count(distinct team_id) as teams
    from fct_quota_team_shares
    where phase = 'after'
    group by quota_id
),
counted as (
    select
        quotas.quota_id, quotas.metric, near.just_above, near.just_below,
        coalesce(near.weeks, 0) as weeks, coalesce(near.weeks_below, 0) as weeks_below, coalesce(near.weeks_above, 0) as weeks_above,
        coalesce(near.actors, 0) as actors, coalesce(earlier.weeks, 0) as weeks_before,
        coalesce(teams.team_weeks, 0) as team_weeks, coalesce(teams.teams, 0) as teams,
        case
            when quotas.period <> 'week' then 'only weekly quotas are read'
            when quotas.metric = 'active_week' and coalesce(teams.team_weeks, 0) < $min_team_weeks then concat('fewer than ', $min_team_weeks, ' team-weeks')
            when quotas.metric = 'active_week' then null
            when coalesce(near.weeks, 0) < $min_weeks then concat('fewer than ', $min_weeks, ' actor-weeks near the quota')
            when least(near.weeks_below, near.weeks_above) < $min_side then concat('fewer than ', $min_side, ' actor-weeks on one side')
            when near.actors < $min_actors then concat('fewer than ', $min_actors, ' people')
        end as abstain_reason,
    from quotas
    left join near on near.quota_id = quotas.quota_id
    left join earlier on earlier.quota_id = quotas.quota_id
    left join teams on teams.quota_id = quotas.quota_id
)
select
    'population' as scope, concat('quota/', quota_id) as unit_id, cast(null as varchar) as actor_id, cast(null as varchar) as iso_week,
    case when abstain_reason is null and metric <> 'active_week' then round(ln((just_above + 0.5) / (just_below + 0.5)), 9) end as value, case when metric = 'active_week' then team_weeks else weeks end as n,
    case when abstain_reason is null then 'speak' else 'abstain' end as status, abstain_reason, 1.0 as discount, 0.0 as exculpation_db,
    concat('{"metric":"', metric, '","actor_weeks":', weeks, ',"below":', weeks_below, ',"at_or_above":', weeks_above, ',"people":', actors,
        ',"actor_weeks_before":', weeks_before, ',"team_weeks":', team_weeks, ',"teams":', teams, '}') as evidence,
    quota_id, metric, weeks, weeks_below, weeks_above, actors, weeks_before, team_weeks, teams,
from counted
