-- model: int_session_lines
-- grain: one root session and one line that its edits added, by the hash of the line without its blanks
-- reads: stg_events, int_repo_outcomes_until
-- measures: when it was written first and last; whether in a repository whose commits' lines are known (is_covered); and whether that was, any time,
--   less than $horizon_days days before the moment up to which the repository's outcomes are known (is_young)
-- reference: signals.md S4 and 1.8
-- params: horizon_days = 14
-- part: person
with written as (
    select
        e.root_session_id as session_id, e.team_id, e.ts,
        -- A path as in fct_coverage. Joins hold what they name first: the few.
        coalesce(r.has_lines, false) and not coalesce(regexp_like(replace(e.path, '\', '/'), '^(/|~|[A-Za-z]:)') and regexp_like(e.repo, '^(/|~|[A-Za-z]:)')
            and not starts_with(replace(e.path, '\', '/'), concat(rtrim(replace(e.repo, '\', '/'), '/'), '/')), false) as is_covered,
        r.has_lines and date_part('epoch', r.outcomes_until) - date_part('epoch', e.ts) < $horizon_days * 86400.0 as is_young,
        unnest(e.added_lines) as line,
    from int_repo_outcomes_until as r
    right join stg_events as e on e.repo = r.repo
    where cardinality(e.added_lines) > 0
)
select
    session_id, line,
    min(team_id) as team_id, min(ts) as written_at, max(ts) as last_written_at,
    bool_or(is_covered) as is_covered, coalesce(bool_or(is_young), false) as is_young,
from written
group by session_id, line
