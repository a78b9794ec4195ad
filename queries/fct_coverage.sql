-- model: fct_coverage
-- grain: one actor who used a tool
-- reads: stg_events, int_repo_pairs, fct_sessions
-- measures: share of the distinct paths an actor's sessions edited that lie in a repository which the outcomes have. A path
--   outside the directory that its session worked in lies in no known repository. Null when nothing was edited
-- reference: signals.md 1.8
-- part: person
with edited as (
    select distinct
        s.actor_id,
        e.repo,
        replace(e.path, '\', '/') as path
    from stg_events as e
    inner join fct_sessions as s on e.root_session_id = s.session_id
    where e.kind = 'tool_call' and e.effect = 'write' and e.path is not null
        and coalesce(e.system, 'filesystem') = 'filesystem'
),
covered as (
    select distinct repo from int_repo_pairs
),
judged as (
    select
        e.actor_id,
        c.repo is not null and not (
            regexp_like(e.path, '^(/|~|[A-Za-z]:)')
            and regexp_like(e.repo, '^(/|~|[A-Za-z]:)')
            and not starts_with(e.path, concat(rtrim(replace(e.repo, '\', '/'), '/'), '/'))
        ) as is_covered
    from edited as e
    left join covered as c on e.repo = c.repo
),
shares as (
    select
        actor_id,
        count(*) as edited_paths,
        count(*) filter (where is_covered) as covered_paths
    from judged
    group by actor_id
),
people as (
    select distinct actor_id from fct_sessions
)
select
    p.actor_id,
    coalesce(s.edited_paths, 0) as edited_paths,
    coalesce(s.covered_paths, 0) as covered_paths,
    cast(s.covered_paths as double) / s.edited_paths as outcome_coverage
from people as p
left join shares as s on p.actor_id = s.actor_id
