-- model: int_session_uptake
-- grain: one root session that wrote lines
-- reads: stg_events, stg_outcomes, int_commit_use, int_outcomes_until
-- family: NO-CONSUMPTION
-- measures: distinct non-trivial lines that the session added and nobody had committed before, and how many of them any teammate landed
--   within $horizon_days days; used_lines weighs these by what became of the commit (int_commit_use), touched_lines are those in a commit that
--   another person touched; young are those whose horizon reaches beyond the moment up to which outcomes are known. Lines are met by the hash of the line without its blanks
-- innocent: an author that no roster knows counts as a teammate
-- reference: signals.md S4; Ziegler et al. 2022; GitClear (two weeks)
-- params: horizon_days = 14
with written as (
    select root_session_id as session_id, actor_id, team_id, ts, tokens, unnest(added_lines) as line_hash
    from stg_events
    where cardinality(added_lines) > 0
),
lines as (
    select session_id, line_hash, min(actor_id) as actor_id, min(team_id) as team_id, min(ts) as written_at, max(ts) as last_written_at
    from written
    group by session_id, line_hash
),
landed as (
    select outcome_id, team_id, ts, unnest(added_lines) as line_hash
    from stg_outcomes
    where kind = 'commit' and status = 'landed' and cardinality(added_lines) > 0
),
known as (
    select line_hash, min(ts) as first_landed_at from landed group by line_hash
),
fresh as (
    select lines.*
    from lines
    left join known on known.line_hash = lines.line_hash
    where known.line_hash is null or known.first_landed_at >= lines.written_at
),
uptakes as (
    select fresh.session_id, fresh.line_hash, min(landed.outcome_id) as outcome_id, max(uses.used_share) as used_share, bool_or(uses.is_touched) as is_touched
    from fresh
    join landed on landed.line_hash = fresh.line_hash
    join int_commit_use as uses on uses.outcome_id = landed.outcome_id
    where landed.ts >= fresh.written_at
        and date_part('epoch', landed.ts) - date_part('epoch', fresh.written_at) <= $horizon_days * 86400.0
        and (landed.team_id = fresh.team_id or landed.team_id is null or landed.team_id = '(unassigned)')
    group by fresh.session_id, fresh.line_hash
),
-- Counts of sessions alone, and commits by themselves: a distinct count beside other aggregates keeps some 10 KB for each group.
counted as (
    select
        fresh.session_id,
        count(*) as lines,
        count(uptakes.line_hash) as landed_lines,
        sum(cast(uptakes.used_share as decimal(38, 15))) as used_lines, -- decimals have one sum, in any order
        count(*) filter (where uptakes.is_touched) as touched_lines,
    from fresh
    left join uptakes on uptakes.session_id = fresh.session_id and uptakes.line_hash = fresh.line_hash
    group by fresh.session_id
),
commits as (
    select session_id, count(distinct outcome_id) as commits from uptakes group by session_id
),
totals as (
    select session_id, count(*) as all_lines, min(written_at) as first_written_at, max(last_written_at) as last_written_at
    from lines
    group by session_id
)
select
    totals.session_id,
    totals.all_lines,
    coalesce(counted.lines, 0) as lines,
    coalesce(counted.landed_lines, 0) as landed_lines,
    coalesce(cast(counted.used_lines as double), 0.0) as used_lines,
    coalesce(counted.touched_lines, 0) as touched_lines,
    coalesce(commits.commits, 0) as commits,
    totals.first_written_at,
    totals.last_written_at,
    date_part('epoch', int_outcomes_until.outcomes_until) - date_part('epoch', totals.last_written_at) < $horizon_days * 86400.0 as is_young,
from totals
cross join int_outcomes_until
left join counted on counted.session_id = totals.session_id
left join commits on commits.session_id = totals.session_id
