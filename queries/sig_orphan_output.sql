-- model: sig_orphan_output
-- grain: one root session
-- reads: int_orphan_sessions
-- family: NO-CONSUMPTION
-- measures: one minus the share of the session's new lines in known repositories that any teammate landed in a commit within 60 days (a squash has the
--   date of its merge), asked once the horizon (14 days) is over, each weighed by what became of the commit: alive at 30 days, touched by another person (int_commit_use); times the mean of the same over the
--   person's writing sessions of the 28 days up to it (discounted ones by their factor), shrunk by two sessions of one half: one unused session is a coin flip
-- suggests: written output that nobody used
-- innocent: first 60 days and training, spikes (branch name) and on-call windows are discounts (int_orphan_sessions); uptake of $high_uptake or more takes 3 to 10 dB away by its percentile among
--   speaking sessions; debugging, review and planning write no lines, or none in a known repository, and abstain. What so many sessions that were hardly used can tell, by a Chernoff bound
--   against the share of everybody else (of all where nobody else is judged) with half of them independent, is the most it weighs
-- abstains: declared automation, service accounts; no lines written, none in the log, or none in a known repository; coverage unknown or too low; too few new lines;
--   a session younger than the horizon; too few such sessions of the actor, or too few new lines in them (int_orphan_sessions)
-- evasion: junk commits are not touched by anybody else, or do not live: they count less, and take at most 3 dB away; editing
--   comments in files that everybody edits passes
-- reference: signals.md S4; Baumann et al. 2026; Rahman and Shihab 2026
-- params: high_uptake = 0.5
with shares as (select uptake, count(*) as sessions from int_orphan_sessions where abstain_reason is null group by uptake),
-- The percent_rank of each uptake. Windows over all sessions would hold all their columns.
ranks as (
    select uptake, cast(sum(sessions) over (order by uptake) - sessions as double) / greatest(sum(sessions) over () - 1, 1) as uptake_rank from shares
),
everybody as (
    select count(*) as sessions, sum(case when is_unused then 1.0 else 0.0 end) as unused from int_orphan_sessions where is_judged
),
judged as (
    select sessions.*, ranks.uptake_rank,
        (orphans + 1.0) / (written + 2.0) as pooled_share, least(sessions.unused / nullif(written, 0.0), 0.999) as own_share,
        least(greatest(case when everybody.sessions > pooled_sessions then (everybody.unused - own_unused + 1.0) / (everybody.sessions - pooled_sessions + 2.0)
            else everybody.unused / nullif(everybody.sessions, 0) end, 0.001), 0.999) as base_share,
    from int_orphan_sessions as sessions
    cross join everybody
    left join ranks on ranks.uptake = sessions.uptake and sessions.abstain_reason is null
)
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
from judged
