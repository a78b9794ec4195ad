-- model: fct_unmatched_outcomes
-- grain: one outcome that no session is linked to
-- reads: stg_outcomes, fct_attribution, fct_sessions, int_repo_pairs
-- measures: what is left over on the side of outcomes, and why: nobody knows the author, the author used no tool, the outcome
--   names no repository, no session worked in it, or none of this matches
-- innocent: work done without the tools, which is most work
with people as (
    select distinct actor_id from fct_sessions
),
places as (
    select distinct outcome_repo from int_repo_pairs
)
select
    o.outcome_key,
    o.outcome_id,
    o.kind,
    o.status,
    o.ts,
    o.repo,
    o.actor_id,
    case
        when o.actor_id = '(unassigned)' then 'author_unknown'
        when p.actor_id is null then 'author_without_sessions'
        when o.repo is null then 'no_repository'
        when r.outcome_repo is null then 'repo_without_sessions'
        else 'no_match'
    end as reason
from stg_outcomes as o
left join people as p on o.actor_id = p.actor_id
left join places as r on o.repo = r.outcome_repo
where o.outcome_key not in (select outcome_key from fct_attribution)
