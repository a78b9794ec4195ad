-- model: int_deadline_weeks
-- grain: one weekly quota, known person and ISO week in which they began a session
-- reads: fct_sessions, quotas, int_counted_outcomes, int_on_call_sessions
-- family: INCENTIVE
-- measures: the quota's metric, in multiples of it, before and in the last $late share of the week, and the landed outcomes likewise. The cut is
--   the time of the week by which all but $late of the sessions of everybody have begun, before the first announcement where there
--   are $profile_sessions, so that weekends and habits of the place are in it. late_outcome_share is what lands after the cut of the outcomes of everybody who
--   uses a tool, by the same rule: work lands later in the week than it begins, so it is not $late; shrunk to it with a weight of $shrink outcomes. gap is what was missing at the cut, in the weeks after
--   the announcement; session_squares is the sum of the squared amounts of the sessions, from which the chance variation comes
-- innocent: the time of the week is the person's local one; sessions without a prompt say nothing of a quota in prompts, since gateways without messages log none
-- reference: signals.md S11; Claes et al. 2018 (rhythms)
-- params: late = 0.2, profile_sessions = 200, shrink = 10
with sessions as (
    select
        session_id, actor_id, iso_week, prompts, tokens, cost_usd, started_at,
        (date_part('epoch', started_local) + 259200.0) % 604800.0 as week_second,
    from fct_sessions
    where actor_kind = 'person' and actor_id <> '(unassigned)' and not declared and trigger <> 'schedule'
),
weekly_quotas as (
    select quota_id, metric, threshold, to_char(announced, '%G-W%V') as announced_week, announced, date_part('dow', announced) = 1 as is_whole
    from quotas
    where period = 'week' and metric in ('prompts', 'sessions', 'tokens', 'cost_usd') and threshold > 0
),
profile as (
    select
        max(announced) as announced, count(*) filter (where started_at < announced) as sessions_before,
        percentile_cont(1 - $late) within group (order by week_second) filter (where started_at < announced) as cut_before,
        percentile_cont(1 - $late) within group (order by week_second) as cut_ever,
    from sessions
    cross join (select min(announced) as announced from weekly_quotas)
),
cuts as (select announced, case when sessions_before >= $profile_sessions then cut_before else cut_ever end as cut from profile),
amounts as (
    select
        quotas.quota_id, quotas.metric, sessions.actor_id, sessions.iso_week, quotas.announced_week, quotas.is_whole, sessions.week_second >= cuts.cut as is_late,
        case quotas.metric when 'prompts' then cast(nullif(sessions.prompts, 0) as double) when 'sessions' then 1.0
            when 'tokens' then cast(sessions.tokens as double) else cast(sessions.cost_usd as double) end / quotas.threshold as amount,
    from sessions
    cross join weekly_quotas as quotas
    cross join cuts
),
weeks as (
    select
        quota_id, metric, actor_id, iso_week,
        case when iso_week < announced_week then 'before' when iso_week > announced_week or is_whole then 'after' else 'announced' end as phase,
        count(*) as sessions,
        coalesce(sum(amount) filter (where not is_late), 0.0) as early,
        coalesce(sum(amount) filter (where is_late), 0.0) as late,
        coalesce(sum(amount * amount), 0.0) as session_squares, max(amount) as largest_session,
    from amounts
    where amount is not null
    group by quota_id, metric, actor_id, iso_week, announced_week, is_whole
),
landed as (
    select counted.actor_id, counted.iso_week, counted.ts < cuts.announced as is_before, (date_part('epoch', counted.local_ts) + 259200.0) % 604800.0 >= cuts.cut as is_late
    from int_counted_outcomes as counted
    join (select distinct actor_id from sessions) as people on people.actor_id = counted.actor_id
    cross join cuts
),
outcomes as (
    select actor_id, iso_week, count(*) filter (where not is_late) as early_outcomes, count(*) filter (where is_late) as late_outcomes
    from landed group by actor_id, iso_week
),
outcome_profile as (
    select case when count(*) filter (where is_before) >= $profile_sessions
        then (count(*) filter (where is_before and is_late) + $shrink * $late) / (count(*) filter (where is_before) + $shrink)
        else (count(*) filter (where is_late) + $shrink * $late) / (count(*) + $shrink) end as late_outcome_share
    from landed
),
on_call as (select distinct actor_id, iso_week from int_on_call_sessions)
select
    weeks.*,
    case when phase = 'after' and early < 1.0 then 1.0 - early else 0.0 end as gap,
    coalesce(outcomes.early_outcomes, 0) as early_outcomes, coalesce(outcomes.late_outcomes, 0) as late_outcomes, outcome_profile.late_outcome_share,
    on_call.actor_id is not null as is_on_call,
from weeks cross join outcome_profile
left join outcomes on outcomes.actor_id = weeks.actor_id and outcomes.iso_week = weeks.iso_week
left join on_call on on_call.actor_id = weeks.actor_id and on_call.iso_week = weeks.iso_week
