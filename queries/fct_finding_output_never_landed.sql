-- model: fct_finding_output_never_landed
-- grain: one root session
-- reads: int_session_uptake, fct_sessions, fct_coverage, fct_attribution
-- measures: $least new lines or more were written in known repositories, the horizon is over, and no teammate has landed one of them; only where the actor's
--   outcome coverage is $coverage or more, and no other link to an outcome exists
-- suggests: work that came to nothing, or that went somewhere the outcome sources do not look
-- innocent: spikes, drafts, rewrites before the commit, scripts run once; about half of honest sessions leave no commit
-- reference: signals.md S4; Baumann et al. 2026
-- params: least = 20, coverage = 0.8
with linked as (
    select distinct session_id from fct_attribution where tier in ('explicit', 'lines')
)
select
    uptake.session_id, 'output_never_landed' as finding, uptake.lines as count, sessions.tokens, sessions.cost_usd,
    uptake.first_written_at as first_at, uptake.last_written_at as last_at,
    concat('{"why":"none of ', uptake.lines, ' new lines was landed within the horizon","edits":', coalesce(sessions.edits, 0), ',"lines_known_before":', uptake.all_lines - uptake.lines - uptake.elsewhere_lines, ',"lines_elsewhere":', uptake.elsewhere_lines,
        ',"coverage":', round(fct_coverage.outcome_coverage, 4), ',"innocent":["a spike, a draft or a script that was run once","a rewrite before the commit"]}') as evidence,
from int_session_uptake as uptake
join fct_sessions as sessions on sessions.session_id = uptake.session_id
join fct_coverage on fct_coverage.actor_id = sessions.actor_id
left join linked on linked.session_id = uptake.session_id
where uptake.lines >= $least and uptake.landed_lines = 0 and not uptake.is_young
    and fct_coverage.outcome_coverage >= $coverage and linked.session_id is null
