-- model: sig_deadline_burst
-- grain: one actor and ISO week
-- reads: fct_actor_weeks, int_deadline_series, int_person_offsets, quotas
-- family: INCENTIVE
-- measures: by how many standard errors the person uses more in the last fifth of the weeks in which they are behind the quota, weighed by
--   the gap, than in their other weeks, times the share of those weeks that ended at the quota or above; pooled over the weeks since
--   the announcement, and the quota with the largest value is taken
-- suggests: usage made up to reach a line before the cut-off
-- innocent: weighs no more than Bernstein's bound of its own p supports; working late in the week as a habit: the weeks before the
--   announcement and those not behind say so; sprint, release and month ends: cancelled when more outcomes landed in the same hours than of everybody's do (z of $outcome_z or more);
--   weeks on call are in no sum, and discounted $on_call
-- abstains: service accounts; actor unknown; time zone unknown where others' zones are known (where nobody's is, all weeks are cut at one instant); no weekly quota of an amount; fewer than $min_weeks weeks or $min_sessions sessions since the announcement
--   off call; behind in some, and fewer than $min_others others to compare with: being late may then be a habit
-- evasion: spreading the use over the week: sig_threshold_hugging, sig_quota_bunching; junk commits in the same hours: sig_orphan_output
-- reference: signals.md S11; Anscombe 1948 (outcome z)
-- params: min_weeks = 4, min_sessions = 8, outcome_z = 1.0, on_call = 0.2, min_others = 2
with weeks as (
    select * from fct_actor_weeks
),
quota_counts as (
    select count(*) as quotas from quotas where period = 'week' and metric in ('prompts', 'sessions', 'tokens', 'cost_usd')
),
valued as (
    select *, greatest(z, 0.0) * cast(weeks_reached as double) / greatest(weeks_behind, 1) as burst, weeks_behind = 0 or other_weeks >= $min_others as has_others
    from int_deadline_series
),
ranked as (
    select *, row_number() over (partition by actor_id, iso_week order by has_others desc, round(burst, 9) desc, quota_id) as place from valued
),
judged as (
    select
        weeks.actor_id, weeks.iso_week, case when offsets.basis = 'inferred' then concat('"offset_min":', offsets.offset_min, ',"offset_posterior":', offsets.posterior, ',') else '' end as zone, ranked.quota_id, ranked.metric, ranked.weeks, ranked.sessions, ranked.weeks_behind, ranked.weeks_reached,
        ranked.mean_late, ranked.expected_late, ranked.z, ranked.supported_z, ranked.late_outcomes, ranked.outcome_z, ranked.burst,
        case when ranked.outcome_z >= $outcome_z then 0.0 else 1.0 end as outcome_factor,
        case when ranked.is_on_call then $on_call else 1.0 end as on_call_factor,
        case
            when weeks.actor_kind = 'service' then 'declared automation'
            when weeks.actor_id = '(unassigned)' then 'actor unknown'
            when quota_counts.quotas = 0 then 'no weekly quota of an amount'
            when offsets.abstain_reason is not null and offsets.others_are_known then offsets.abstain_reason
            when coalesce(ranked.weeks, 0) < $min_weeks then concat('fewer than ', $min_weeks, ' weeks since the announcement')
            when ranked.sessions < $min_sessions then concat('fewer than ', $min_sessions, ' sessions since the announcement')
            when not ranked.has_others then concat('fewer than ', $min_others, ' weeks that were not behind to compare with')
        end as abstain_reason,
    from weeks
    cross join quota_counts
    left join int_person_offsets as offsets on offsets.actor_id = weeks.actor_id
    left join ranked on ranked.actor_id = weeks.actor_id and ranked.iso_week = weeks.iso_week and ranked.place = 1
)
select
    'actor_week' as scope, concat(actor_id, '/', iso_week) as unit_id, actor_id, iso_week,
    case when abstain_reason is null then round(burst, 9) end as value, coalesce(weeks, 0) as n,
    case when abstain_reason is null then 'speak' else 'abstain' end as status, abstain_reason,
    outcome_factor * on_call_factor as discount, 0.0 as exculpation_db, case when abstain_reason is null then round(1.086 * power(supported_z, 2) - 3.01, 2) end as most_db,
    concat('{', zone, '"quota":', coalesce(cast(quota_id as varchar), 'null'), ',"metric":"', coalesce(metric, ''), '","weeks":', coalesce(weeks, 0), ',"sessions":', coalesce(sessions, 0),
        ',"weeks_behind":', coalesce(weeks_behind, 0), ',"weeks_made_good":', coalesce(weeks_reached, 0),
        ',"late_share_of_quota_when_behind":', coalesce(cast(round(mean_late, 4) as varchar), 'null'), ',"late_share_of_quota_expected":', coalesce(cast(round(expected_late, 4) as varchar), 'null'),
        ',"z":', coalesce(cast(round(z, 4) as varchar), 'null'), ',"supported_z":', coalesce(cast(round(supported_z, 4) as varchar), 'null'), ',"late_outcomes":', coalesce(late_outcomes, 0), ',"outcome_z":', coalesce(cast(round(outcome_z, 4) as varchar), 'null'), ',"discounts":[', concat_ws(',',
            case when outcome_factor < 1 then concat('{"why":"outcomes landed in the same hours","factor":', outcome_factor, ',"outcomes":', late_outcomes, '}') end,
            case when on_call_factor < 1 then concat('{"why":"on call","factor":', on_call_factor, '}') end), ']}') as evidence,
from judged
