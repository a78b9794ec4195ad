-- model: int_links_window
-- grain: one session and one outcome of the same author in the same repository soon after it
-- reads: stg_outcomes, fct_sessions, int_repo_pairs
-- measures: nothing but nearness in time, from the start of the session until horizon_hours after its end
-- innocent: work done by hand beside an unrelated session; never more than a hint
-- params: horizon_hours = 4, confidence = 0.2
select
    s.session_id,
    o.outcome_key,
    max($confidence) as confidence
from fct_sessions as s
inner join int_repo_pairs as p on s.repo = p.repo
inner join stg_outcomes as o on p.outcome_repo = o.repo and s.actor_id = o.actor_id
where s.actor_id <> '(unassigned)'
    and o.ts >= s.started_at
    and arrow_cast(o.ts, 'Int64') <= arrow_cast(s.ended_at, 'Int64') + $horizon_hours * 3600000000
group by s.session_id, o.outcome_key
