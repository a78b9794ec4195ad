-- model: int_links_explicit
-- grain: one session and one outcome whose source names the session
-- reads: stg_outcomes, fct_sessions, int_session_roots
-- measures: trailers, notes, checkpoints and pull-request links. Naming a subagent names its root session
with named as (
    select outcome_key, unnest(session_ids) as session_id
    from stg_outcomes
    where cardinality(session_ids) > 0
),
rooted as (
    select distinct n.outcome_key, coalesce(r.root_session_id, n.session_id) as session_id
    from named as n
    left join int_session_roots as r on n.session_id = r.session_id
)
select
    r.session_id,
    r.outcome_key,
    cast(1.0 as double) as confidence
from rooted as r
inner join fct_sessions as s on r.session_id = s.session_id
