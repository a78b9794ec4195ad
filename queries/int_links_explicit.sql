-- model: int_links_explicit
-- grain: one session and one outcome of which one names the other
-- reads: stg_outcomes, facts, fct_sessions, int_session_roots
-- measures: trailers, notes, checkpoints, and pull requests that a session's own log says it opened. Naming a subagent names its root session.
--   Lines are told where the tool's own record has them (git-ai notes)
with named as (
    select outcome_key, unnest(session_ids) as session_id
    from stg_outcomes
    where cardinality(session_ids) > 0
    union all
    select o.outcome_key, f.session_id
    from facts as f
    inner join stg_outcomes as o on o.kind = 'pull_request' and lower(o.outcome_id) = lower(f.value)
    where f.name = 'outcome'
),
rooted as (
    select distinct n.outcome_key, coalesce(r.root_session_id, n.session_id) as session_id
    from named as n
    left join int_session_roots as r on n.session_id = r.session_id
),
attested as (
    select
        o.outcome_key,
        coalesce(r.root_session_id, f.session_id) as session_id,
        sum(cast(split_part(f.value, ' ', 2) as bigint)) as lines
    from facts as f
    inner join stg_outcomes as o on o.kind = 'commit' and o.outcome_id = split_part(f.value, ' ', 1)
    left join int_session_roots as r on f.session_id = r.session_id
    where f.name = 'attested_lines'
    group by 1, 2
)
select
    r.session_id,
    r.outcome_key,
    cast(1.0 as double) as confidence,
    a.lines as lines_matched
from rooted as r
inner join fct_sessions as s on r.session_id = s.session_id
left join attested as a on r.outcome_key = a.outcome_key and r.session_id = a.session_id
