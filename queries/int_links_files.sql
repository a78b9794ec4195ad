-- model: int_links_files
-- grain: one session and one outcome of the same author that changed the same file of the same repository
-- reads: stg_events, stg_outcomes, fct_sessions, int_repo_pairs
-- measures: edited paths that end in a path of the outcome, from the first edit until horizon_days after the last. Paths in
--   outcomes are relative to the repository, those in logs are absolute or relative to the directory of the session
-- reference: confidence is a judgement: .3, and up to .6 when every file of the outcome was edited
-- params: horizon_days = 3, early_seconds = 60
with edited as (
    select
        e.root_session_id as session_id,
        e.repo,
        replace(e.path, '\', '/') as path,
        min(e.ts) as first_at,
        max(e.ts) as last_at
    from stg_events as e
    where e.kind = 'tool_call' and e.effect = 'write' and e.path is not null and e.repo is not null
    group by e.root_session_id, e.repo, e.path
),
changed as (
    select outcome_key, ts, actor_id, repo, files, replace(path, '\', '/') as path
    from (
        select outcome_key, ts, actor_id, repo, cardinality(paths) as files, unnest(paths) as path
        from stg_outcomes
        where cardinality(paths) > 0 and repo is not null
    ) as whole
),
matched as (
    select e.session_id, c.outcome_key, c.path, max(c.files) as files
    from edited as e
    inner join fct_sessions as s on e.session_id = s.session_id
    inner join int_repo_pairs as p on e.repo = p.repo
    inner join changed as c
        on p.outcome_repo = c.repo
        and s.actor_id = c.actor_id
        and split_part(e.path, '/', -1) = split_part(c.path, '/', -1)
    where s.actor_id <> '(unassigned)'
        and arrow_cast(c.ts, 'Int64') between arrow_cast(e.first_at, 'Int64') - $early_seconds * 1000000
            and arrow_cast(e.last_at, 'Int64') + $horizon_days * 86400000000
        and (
            e.path = c.path
            or ends_with(e.path, concat('/', c.path))
            or (not regexp_like(e.path, '^(/|~|[A-Za-z]:)') and ends_with(c.path, concat('/', e.path)))
        )
    group by e.session_id, c.outcome_key, c.path
)
select
    session_id,
    outcome_key,
    0.3 + 0.3 * count(*) / max(files) as confidence
from matched
group by session_id, outcome_key
