-- model: sig_threshold_hugging
-- grain: one actor and ISO week
-- reads: fct_actor_weeks, int_hugging, int_quota_stops, quotas
-- family: INCENTIVE
-- measures: -log10 of P(Bin(W, q0) >= H), times the number of quotas: H of the W weeks since the announcement lie in [Q, 1.1 Q), or for
--   active_week are minimal check-ins; or, where it is smaller after twice the number of tests, of the stop test: the session that goes over the
--   line is the last of the week more often than at the placebo lines. The quota with the smallest p is taken
-- suggests: use that stops once the official count is reached
-- innocent: weighs no more than its own p supports; plan caps and rate limits pile up below the line: as many weeks in [.9 Q, Q) as above cancel the evidence; a line that was set
--   where the person already stood shows in the weeks before and abstains
-- abstains: no weekly quota; service accounts; fewer than $min_weeks weeks since the announcement, or use in
--   fewer than $min_used of them; the placebo lines .8 Q or 1.25 Q, or the
--   weeks before the announcement, hold half as much as the line itself
-- evasion: overshooting a little leaves the window, and meets the stop test; overshooting at random: sig_quota_bunching reads the whole density
-- reference: signals.md S10
-- params: min_weeks = 8, min_used = 4
with weeks as (
    select * from fct_actor_weeks
),
quota_counts as (
    select count(*) as quotas from quotas where period = 'week'
),
hugging as (
    select hugs.* except (p), hugs.p as window_p, stops.p as stop_p, stops.crossings, stops.stops,
        case when stops.p is null then hugs.p else least(1.0, 2 * hugs.p, 2 * stops.p) end as p,
    from int_hugging as hugs
    left join int_quota_stops as stops on stops.quota_id = hugs.quota_id and stops.actor_id = hugs.actor_id and stops.iso_week = hugs.iso_week
),
ranked as (
    select
        *,
        below_hits >= hits and hits > 0 as is_capped,
        2 * greatest(low_hits, high_hits) > hits as is_loud,
        weeks_before >= 4 and 2.0 * hits_before / weeks_before > cast(hits as double) / weeks and hits_before > 0 as was_there,
        row_number() over (partition by actor_id, iso_week order by round(p, 12), quota_id) as place,
    from hugging
),
judged as (
    select
        weeks.actor_id, weeks.iso_week, quota_counts.quotas, ranked.quota_id, ranked.metric, ranked.weeks, ranked.used_weeks, ranked.hits, ranked.low_hits,
        ranked.high_hits, ranked.below_hits, ranked.weeks_before, ranked.hits_before, ranked.expected_share, ranked.p, ranked.crossings, ranked.stops, ranked.stop_p,
        case when ranked.is_capped then 0.0 else 1.0 end as cap_factor,
        case
            when weeks.actor_kind = 'service' then 'declared automation'
            when weeks.actor_id = '(unassigned)' then 'actor unknown'
            when quota_counts.quotas = 0 then 'no weekly quota'
            when coalesce(ranked.weeks, 0) < $min_weeks then concat('fewer than ', $min_weeks, ' weeks since the announcement')
            when ranked.used_weeks < $min_used then concat('use in fewer than ', $min_used, ' weeks since the announcement')
            when ranked.is_loud then 'a placebo line is loud'
            when ranked.was_there then 'the weeks before the announcement stood at the line'
        end as abstain_reason,
    from weeks
    cross join quota_counts
    left join ranked on ranked.actor_id = weeks.actor_id and ranked.iso_week = weeks.iso_week and ranked.place = 1
)
select
    'actor_week' as scope, concat(actor_id, '/', iso_week) as unit_id, actor_id, iso_week,
    case when abstain_reason is null then round(greatest(0.0, -log10(least(1.0, greatest(p * quotas, 1e-300)))), 9) end as value,
    coalesce(weeks, 0) as n, case when abstain_reason is null then 'speak' else 'abstain' end as status, abstain_reason,
    cap_factor as discount, 0.0 as exculpation_db, case when abstain_reason is null then round(5 * -log10(least(1.0, greatest(p * quotas, 1e-300))) - 3.01, 2) end as most_db,
    concat('{"quota":', coalesce(cast(quota_id as varchar), 'null'), ',"metric":"', coalesce(metric, ''), '","weeks":', coalesce(weeks, 0), ',"weeks_at_line":', coalesce(hits, 0),
        ',"expected_share":', coalesce(cast(round(expected_share, 4) as varchar), 'null'), ',"minus_log10_p":', coalesce(cast(round(-log10(greatest(p, 1e-300)), 2) as varchar), 'null'),
        ',"weeks_crossing":', coalesce(crossings, 0), ',"weeks_stopping_there":', coalesce(stops, 0),
        ',"stop_minus_log10_p":', coalesce(cast(case when stop_p is not null then round(-log10(greatest(stop_p, 1e-300)), 2) end as varchar), 'null'), ',"weeks_at_0.8":', coalesce(low_hits, 0), ',"weeks_at_1.25":', coalesce(high_hits, 0), ',"weeks_just_below":', coalesce(below_hits, 0),
        ',"weeks_before":', coalesce(weeks_before, 0), ',"weeks_before_at_line":', coalesce(hits_before, 0), ',"discounts":[', concat_ws(',',
            case when cap_factor < 1 then concat('{"why":"mass below the line: plan cap or rate limit","factor":0.0,"weeks":', below_hits, '}') end), ']}') as evidence,
from judged
