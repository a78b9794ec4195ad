-- model: int_orphan_sessions
-- grain: one root session
-- reads: fct_sessions, int_session_uptake, fct_coverage, int_on_call_sessions, int_learning_sessions, int_spike_sessions, stg_events
-- family: NO-CONSUMPTION
-- measures: what sig_orphan_output judges a session by: the share of its new lines that was used (uptake); of the person's sessions of the 28 days up to it that can be judged
--   by themselves the weights, discounts taken off (written), what of these was not used (orphans), and those with an uptake under $unused (unused, own_unused of all time). is_judged: the session can be judged by
--   itself; abstain_reason: why it, or its person, cannot be
-- abstains: declared automation, service accounts; actor unknown; no lines written, none in the log, or none in a known repository; coverage unknown or under $coverage; under $session_lines new lines;
--   a session younger than the horizon; fewer than $min_sessions such sessions of the actor, or under $min_lines new lines in them
-- innocent: spikes (branch name, factor $spike), on-call windows ($on_call), first 60 days and training ($learning)
-- reference: signals.md S4
-- params: coverage = 0.8, session_lines = 20, min_lines = 200, min_sessions = 5, unused = 0.2, spike = 0.2, on_call = 0.2, learning = 0.2
-- part: person
with unread as (select distinct root_session_id as session_id from stg_events where kind = 'tool_call' and effect = 'write' and call_hash is null),
ripe as (
    select
        sessions.session_id, sessions.actor_id, sessions.iso_week, sessions.started_at,
        uptake.lines, uptake.all_lines, uptake.elsewhere_lines, uptake.landed_lines, uptake.used_lines, uptake.commits,
        2 * coalesce(uptake.touched_lines, uptake.landed_lines) >= uptake.landed_lines as is_touched, fct_coverage.outcome_coverage,
        coalesce(uptake.used_lines, cast(uptake.landed_lines as double)) / nullif(uptake.lines, 0) as uptake,
        case when spikes.session_id is null then 1.0 else $spike end as spike_factor, case when on_call.session_id is null then 1.0 else $on_call end as on_call_factor,
        case when learning.session_id is null then 1.0 else $learning end as learning_factor, learning.why as learning_why,
        case
            when sessions.declared or sessions.trigger = 'schedule' or sessions.actor_kind = 'service' then 'declared automation'
            when sessions.actor_id = '(unassigned)' then 'actor unknown'
            when uptake.session_id is null then case when unread.session_id is null then 'no lines were written' else 'what was written is not in the log' end
            when fct_coverage.outcome_coverage is null then 'outcome coverage unknown'
            when fct_coverage.outcome_coverage < $coverage then concat('outcome coverage under ', $coverage)
            when uptake.lines = 0 and uptake.elsewhere_lines > 0 then 'what was written lies in no known repository'
            when uptake.lines < $session_lines then concat('fewer than ', $session_lines, ' new lines')
            when uptake.is_young then 'younger than the horizon'
        end as own_reason,
    from fct_sessions as sessions
    left join int_session_uptake as uptake on uptake.session_id = sessions.session_id left join unread on unread.session_id = sessions.session_id left join fct_coverage on fct_coverage.actor_id = sessions.actor_id left join int_spike_sessions as spikes on spikes.session_id = sessions.session_id
    left join int_on_call_sessions as on_call on on_call.session_id = sessions.session_id
    left join int_learning_sessions as learning on learning.session_id = sessions.session_id
),
judged as (
    select *, spike_factor * on_call_factor * learning_factor as weight, own_reason is null as is_judged, own_reason is null and uptake < $unused as is_unused from ripe
),
pooled as (
    select *, count(case when is_judged then 1 end) over (partition by actor_id) as pooled_sessions,
        sum(case when is_judged then lines end) over (partition by actor_id) as pooled_lines,
        sum(case when is_unused then 1.0 else 0.0 end) over (partition by actor_id) as own_unused,
        sum(case when is_judged then weight * (1.0 - uptake) else 0.0 end) over trailing as orphans, sum(case when is_judged then weight else 0.0 end) over trailing as written,
        sum(case when is_unused then weight else 0.0 end) over trailing as unused,
    from judged
    window trailing as (partition by actor_id order by started_at range between interval '28 days' preceding and current row)
)
select
    * except (own_reason, pooled_lines, started_at),
    case when own_reason is not null then own_reason when pooled_sessions < $min_sessions then concat('fewer than ', $min_sessions, ' sessions of the actor')
        when pooled_lines < $min_lines then concat('fewer than ', $min_lines, ' new lines of the actor') end as abstain_reason,
from pooled
