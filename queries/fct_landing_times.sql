-- model: fct_landing_times
-- grain: one number of whole days, and whether a session's first linked outcome landed after it (else the session was still waiting)
-- reads: fct_sessions, fct_attribution, stg_outcomes, fct_coverage, int_as_of
-- measures: days from the end of a session that edited files to its first landed outcome, linked by a named session or by lines; sessions that
--   wait are censored at the date of the report, not failed (Kaplan and Meier, in src/score/survival). Sessions of declared automation and of
--   people with outcome coverage under $coverage are left out
-- reference: signals.md S4; Kaplan and Meier 1958
-- params: coverage = 0.8
with landings as (
    select fct_attribution.session_id, min(date_part('epoch', stg_outcomes.ts)) as landed_at
    from fct_attribution
    inner join stg_outcomes on stg_outcomes.outcome_id = fct_attribution.outcome_id
    where fct_attribution.tier in ('explicit', 'lines') and stg_outcomes.status in ('landed', 'reverted')
    group by fct_attribution.session_id
),
waits as (
    select
        date_part('epoch', fct_sessions.ended_at) as ended_at,
        case when landings.landed_at <= date_part('epoch', int_as_of.as_of) then landings.landed_at end as landed_at,
        date_part('epoch', int_as_of.as_of) as as_of,
    from fct_sessions
    inner join fct_coverage on fct_coverage.actor_id = fct_sessions.actor_id and fct_coverage.outcome_coverage >= $coverage
    cross join int_as_of
    left join landings on landings.session_id = fct_sessions.session_id
    where fct_sessions.edits > 0 and not fct_sessions.declared and fct_sessions.ended_at <= int_as_of.as_of
)
select
    cast(floor(greatest(coalesce(landed_at, as_of) - ended_at, 0.0) / 86400.0) as bigint) as days,
    landed_at is not null as landed,
    count(*) as sessions,
from waits
group by 1, 2
