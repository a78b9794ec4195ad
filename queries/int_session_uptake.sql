-- model: int_session_uptake
-- grain: one root session that wrote lines
-- reads: stg_events, stg_outcomes, int_commit_use, int_repo_outcomes_until
-- family: NO-CONSUMPTION
-- measures: distinct non-trivial lines that the session added and nobody had committed before, and how many of them any teammate landed
--   within $merge_days days, since a squash or a rebase has the date of its merge; used_lines weighs these by what became of the commit (int_commit_use),
--   touched_lines are those in a commit that another person touched. What was written in no repository whose commits' lines are known counts only where it landed
--   all the same: the rest is elsewhere_lines. Young are sessions that wrote in such a repository less than $horizon_days days before the moment up to which
--   its outcomes are known. Lines are met by the hash of the line without its blanks
-- innocent: an author that no roster knows counts as a teammate, and so does everybody for a session whose person no roster knows
-- reference: signals.md S4 and 1.8; Ziegler et al. 2022; GitClear (two weeks)
-- params: horizon_days = 14, merge_days = 60
with written as (
    select
        e.root_session_id as session_id, e.team_id, e.ts,
        -- A path as in fct_coverage. Joins hold what they name first: the few.
        coalesce(r.has_lines, false) and not coalesce(regexp_like(replace(e.path, '\', '/'), '^(/|~|[A-Za-z]:)') and regexp_like(e.repo, '^(/|~|[A-Za-z]:)')
            and not starts_with(replace(e.path, '\', '/'), concat(rtrim(replace(e.repo, '\', '/'), '/'), '/')), false) as is_covered,
        r.has_lines and date_part('epoch', r.outcomes_until) - date_part('epoch', e.ts) < $horizon_days * 86400.0 as is_young,
        unnest(e.added_lines) as line_hash,
    from int_repo_outcomes_until as r
    right join stg_events as e on e.repo = r.repo
    where cardinality(e.added_lines) > 0
),
lines as (
    select session_id, line_hash, min(team_id) as team_id, min(ts) as written_at, max(ts) as last_written_at, bool_or(is_covered) as is_covered, bool_or(is_young) as is_young
    from written
    group by session_id, line_hash
),
landed as (
    select outcome_id, team_id, ts, unnest(added_lines) as line_hash
    from stg_outcomes where kind = 'commit' and status = 'landed' and cardinality(added_lines) > 0
),
known as (select line_hash, min(ts) as first_landed_at from landed group by line_hash),
fresh as (
    select lines.* from known right join lines on lines.line_hash = known.line_hash
    where known.line_hash is null or known.first_landed_at >= lines.written_at
),
uptakes as (
    select fresh.session_id, fresh.line_hash, min(landed.outcome_id) as outcome_id, max(uses.used_share) as used_share, bool_or(uses.is_touched) as is_touched
    from int_commit_use as uses
    join landed on landed.outcome_id = uses.outcome_id
    join fresh on fresh.line_hash = landed.line_hash
    where landed.ts >= fresh.written_at
        and date_part('epoch', landed.ts) - date_part('epoch', fresh.written_at) <= $merge_days * 86400.0
        and (landed.team_id = fresh.team_id or landed.team_id is null or landed.team_id = '(unassigned)' or fresh.team_id = '(unassigned)')
    group by fresh.session_id, fresh.line_hash
),
-- Counts of sessions alone, and commits by themselves: a distinct count beside other aggregates keeps some 10 KB for each group.
counted as (
    select
        fresh.session_id, count(uptakes.line_hash) as landed_lines,
        count(*) filter (where fresh.is_covered or uptakes.line_hash is not null) as lines,
        count(*) filter (where not fresh.is_covered and uptakes.line_hash is null) as elsewhere_lines,
        sum(cast(uptakes.used_share as decimal(38, 15))) as used_lines, -- decimals have one sum, in any order
        count(*) filter (where uptakes.is_touched) as touched_lines,
    from uptakes
    right join fresh on fresh.session_id = uptakes.session_id and fresh.line_hash = uptakes.line_hash
    group by fresh.session_id
),
commits as (select session_id, count(distinct outcome_id) as commits from uptakes group by session_id),
totals as (
    select session_id, count(*) as all_lines, min(written_at) as first_written_at, max(last_written_at) as last_written_at, coalesce(bool_or(is_young), false) as is_young
    from lines
    group by session_id
)
select
    totals.session_id, totals.all_lines,
    coalesce(counted.lines, 0) as lines,
    coalesce(counted.elsewhere_lines, 0) as elsewhere_lines,
    coalesce(counted.landed_lines, 0) as landed_lines,
    coalesce(cast(counted.used_lines as double), 0.0) as used_lines,
    coalesce(counted.touched_lines, 0) as touched_lines,
    coalesce(commits.commits, 0) as commits,
    totals.first_written_at, totals.last_written_at, totals.is_young,
from totals
left join counted on counted.session_id = totals.session_id
left join commits on commits.session_id = totals.session_id
