-- model: rpt_session_links
-- grain: one root session
-- reads: fct_sessions, fct_attribution, fct_coverage, stg_outcomes, int_outcomes_until, int_repo_outcomes_until
-- measures: whether something came of a session: linked by the source, by lines or by files; unknown where only the time fits, or where
--   the outcomes of its person (no outcome at all, and under $coverage of the edited paths in known repositories) or of its time are not known (it ended
--   after int_repo_outcomes_until of its repository; after int_outcomes_until where no outcome is of that); else none
-- reference: outputs.md sessions.outcome_link, signals.md 1.8
-- params: coverage = 0.8
with links as (
    select session_id, bool_or(tier in ('explicit', 'lines', 'files')) as is_linked from fct_attribution group by session_id
),
known as (
    select actor_id from stg_outcomes
    union
    select actor_id from fct_coverage where outcome_coverage >= $coverage
)
select
    s.session_id,
    case
        when l.is_linked then 'linked'
        when l.session_id is not null then 'unknown'
        when s.actor_id = '(unassigned)' or k.actor_id is null then 'unknown'
        when s.ended_at > coalesce(r.outcomes_until, u.outcomes_until) then 'unknown'
        else 'none'
    end as outcome_link
from fct_sessions as s
cross join int_outcomes_until as u
left join int_repo_outcomes_until as r on s.repo = r.repo
left join links as l on s.session_id = l.session_id
left join known as k on s.actor_id = k.actor_id
