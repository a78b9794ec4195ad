-- model: int_censored_runs
-- grain: one root session with a human turn of which it cannot be told that nobody consumed what it did
-- reads: int_unattended, int_reached_sessions, fct_sessions, int_repo_outcomes_until, int_outcomes_until
-- family: AGENT-WASTE
-- measures: why: its repository is none of the outcomes' and it has no delivery record; or it ended less than $horizon_days days before the moment up to
--   which the outcomes of its repository (of all, where only deliveries are known) are known: what it did may land yet, or was not read.
--   A session that has a consumer is not asked
-- reference: signals.md S7 (alive at the horizon, sink coverage known) and 1.8
-- params: horizon_days = 14
-- part: person
with asked as (
    select
        unattended.session_id,
        coalesce(unattended.delivered, 0) + coalesce(unattended.not_delivered, 0) > 0 as has_deliveries,
    from int_unattended as unattended
    left join int_reached_sessions as reached on reached.session_id = unattended.session_id
    where not unattended.has_sink and reached.session_id is null
),
judged as (
    select
        asked.session_id,
        case
            when own.repo is null and not asked.has_deliveries then 'sinks unknown'
            when date_part('epoch', coalesce(own.outcomes_until, known.outcomes_until)) - date_part('epoch', sessions.ended_at) < $horizon_days * 86400.0
                then 'outcomes of its time not known yet'
        end as why,
    from asked
    join fct_sessions as sessions on sessions.session_id = asked.session_id
    left join int_repo_outcomes_until as own on own.repo = sessions.repo
    cross join int_outcomes_until as known
)
select session_id, why from judged where why is not null
