-- model: sig_orphan_output
-- grain: one root session
-- reads: fct_sessions, int_session_uptake, fct_coverage, int_on_call_sessions, int_learning_sessions, int_spike_sessions, stg_events
-- family: NO-CONSUMPTION
-- measures: one minus the share of the session's new lines in known repositories that any teammate landed in a commit within 60 days (a squash has the
--   date of its merge), asked once the horizon (14 days) is over, each weighed by what became of the commit: alive at 30 days, touched by another person (int_commit_use); times the mean of the same over the
--   person's writing sessions of the 28 days up to it (discounted ones by their factor), shrunk by two sessions of one half: one unused session is a coin flip
-- suggests: written output that nobody used
-- innocent: first 60 days and training, discount $learning; uptake of $high_uptake or more takes 3 to 10 dB away by its percentile among speaking sessions; spikes (branch name), on-call
--   windows are discounts; debugging, review and planning write no lines, or none in a known repository, and abstain. What so many sessions of an
--   uptake under $unused can tell, by a Chernoff bound against the share of everybody else (of all where nobody else is judged) with half of them independent, is the most it weighs
-- abstains: declared automation, service accounts; no lines written, none in the log, or none in a known repository; coverage unknown or under $coverage; under $session_lines new lines;
--   a session younger than the horizon; fewer than $min_sessions such sessions of the actor, or under $min_lines new lines in them
-- evasion: junk commits are not touched by anybody else, or do not live: they count less, and take at most 3 dB away; editing
--   comments in files that everybody edits passes
-- reference: signals.md S4; Baumann et al. 2026; Rahman and Shihab 2026
-- params: coverage = 0.8, session_lines = 20, min_lines = 200, min_sessions = 5, high_uptake = 0.5, unused = 0.2, spike = 0.2, on_call = 0.2, learning = 0.2
with sessions as (select * from fct_sessions),
spikes as (select * from int_spike_sessions),
unread as (select distinct root_session_id as session_id from stg_events where kind = 'tool_call' and effect = 'write' and call_hash is null),
ripe as (
    select
        sessions.*,
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
    from sessions
    left join int_session_uptake as uptake on uptake.session_id = sessions.session_id left join unread on unread.session_id = sessions.session_id left join fct_coverage on fct_coverage.actor_id = sessions.actor_id left join spikes on spikes.session_id = sessions.session_id
    left join int_on_call_sessions as on_call on on_call.session_id = sessions.session_id
    left join int_learning_sessions as learning on learning.session_id = sessions.session_id
),
pooled as (
    select *, count(case when own_reason is null then 1 end) over (partition by actor_id) as pooled_sessions,
        sum(case when own_reason is null then lines end) over (partition by actor_id) as pooled_lines,
        sum(case when own_reason is null then weight * (1.0 - uptake) else 0.0 end) over trailing as orphans, sum(case when own_reason is null then weight else 0.0 end) over trailing as written,
        sum(case when own_reason is null and uptake < $unused then weight else 0.0 end) over trailing as unused,
        sum(case when own_reason is null and uptake < $unused then 1.0 else 0.0 end) over (partition by actor_id) as own_unused, sum(case when own_reason is null and uptake < $unused then 1.0 else 0.0 end) over () as all_unused,
        count(case when own_reason is null then 1 end) over () as all_sessions,
    from (select *, spike_factor * on_call_factor * learning_factor as weight from ripe)
    window trailing as (partition by actor_id order by started_at range between interval '28 days' preceding and current row)
),
judged as (
    select *,
        case when own_reason is not null then own_reason when pooled_sessions < $min_sessions then concat('fewer than ', $min_sessions, ' sessions of the actor') when pooled_lines < $min_lines then concat('fewer than ', $min_lines, ' new lines of the actor') end as abstain_reason,
        (orphans + 1.0) / (written + 2.0) as pooled_share, least(unused / nullif(written, 0.0), 0.999) as own_share,
        least(greatest(case when all_sessions > pooled_sessions then (all_unused - own_unused + 1.0) / (all_sessions - pooled_sessions + 2.0) else all_unused / nullif(all_sessions, 0) end, 0.001), 0.999) as base_share,
    from pooled
),
ranked as (select *, percent_rank() over (partition by abstain_reason is null order by uptake) as uptake_rank from judged)
select
    'session' as scope, session_id as unit_id, actor_id, iso_week,
    case when abstain_reason is null then round((1.0 - uptake) * pooled_share, 9) end as value, coalesce(lines, 0) as n,
    case when abstain_reason is null then 'speak' else 'abstain' end as status, abstain_reason,
    weight as discount,
    case when abstain_reason is null and uptake >= $high_uptake and is_touched then -round(3.0 + 7.0 * uptake_rank, 6) when abstain_reason is null and uptake >= $high_uptake then -3.0 else 0.0 end as exculpation_db,
    case when abstain_reason is null then round(case when own_share > base_share then 2.171 * written / 2
        * (own_share * ln(own_share / base_share) + (1 - own_share) * ln((1 - own_share) / (1 - base_share))) else 0.0 end - 3.01, 2) end as most_db,
    concat('{"lines":', coalesce(lines, 0), ',"lines_known_before":', coalesce(all_lines - lines - elsewhere_lines, 0), ',"lines_elsewhere":', coalesce(elsewhere_lines, 0), ',"landed_lines":', coalesce(landed_lines, 0), ',"used_lines":', round(coalesce(used_lines, cast(landed_lines as double), 0.0), 1), ',"commits":', coalesce(commits, 0),
        ',"coverage":', coalesce(cast(round(outcome_coverage, 4) as varchar), 'null'), ',"pooled_sessions":', pooled_sessions, ',"unused_share_28_days":', coalesce(cast(case when abstain_reason is null then round(pooled_share, 4) end as varchar), 'null'), ',"discounts":[', concat_ws(',',
            case when spike_factor < 1 then concat('{"why":"spike or experiment branch","factor":', spike_factor, '}') end, case when on_call_factor < 1 then concat('{"why":"on call","factor":', on_call_factor, '}') end,
            case when learning_factor < 1 then concat('{"why":"', learning_why, '","factor":', learning_factor, '}') end), ']}') as evidence,
from ranked
