-- model: int_line_uptake
-- grain: one root session and one commit that landed lines of it, in one slice of all lines; without a commit what none landed
-- reads: int_session_lines, stg_outcomes, int_commit_use
-- family: NO-CONSUMPTION
-- measures: the lines that nobody had committed before, and of these the ones that any teammate landed within $merge_days days, since a squash or a rebase has the
--   date of its merge; a line in several commits is that of the smallest id. used_lines weighs them by what became of the commit (int_commit_use, the best of several), touched_lines are those
--   in a commit that another person touched. What was written in no repository whose commits' lines are known counts only where it landed all the
--   same: the rest is elsewhere_lines
-- innocent: an author that no roster knows counts as a teammate, and so does everybody for a session whose person no roster knows
-- reference: signals.md S4 and 1.8; Ziegler et al. 2022; GitClear (two weeks)
-- params: merge_days = 60, slice = 0, slices = 1
-- part: slice
with lines as (
    select * from int_session_lines where abs(line % $slices) = $slice
),
landed as (
    select outcome_id, team_id, ts, line
    from (select outcome_id, team_id, ts, unnest(added_lines) as line from stg_outcomes where kind = 'commit' and status = 'landed' and cardinality(added_lines) > 0)
    where abs(line % $slices) = $slice
),
known as (select line, min(ts) as first_landed_at from landed group by line),
fresh as (
    select lines.*, known.first_landed_at
    from known right join lines on lines.line = known.line
    where known.line is null or known.first_landed_at >= lines.written_at
),
uptakes as (
    select fresh.session_id, fresh.line, min(landed.outcome_id) as outcome_id, max(uses.used_share) as used_share, bool_or(uses.is_touched) as is_touched
    from fresh
    join landed on landed.line = fresh.line
    join int_commit_use as uses on uses.outcome_id = landed.outcome_id
    where fresh.first_landed_at is not null and landed.ts >= fresh.written_at
        and date_part('epoch', landed.ts) - date_part('epoch', fresh.written_at) <= $merge_days * 86400.0
        and (landed.team_id = fresh.team_id or landed.team_id is null or landed.team_id = '(unassigned)' or fresh.team_id = '(unassigned)')
    group by fresh.session_id, fresh.line
)
select
    fresh.session_id, uptakes.outcome_id,
    count(*) filter (where fresh.is_covered or uptakes.line is not null) as lines,
    count(*) filter (where not fresh.is_covered and uptakes.line is null) as elsewhere_lines,
    count(uptakes.line) as landed_lines,
    sum(cast(uptakes.used_share as decimal(38, 15))) as used_lines, -- decimals have one sum, in any order
    count(*) filter (where uptakes.is_touched) as touched_lines,
from uptakes
right join fresh on fresh.session_id = uptakes.session_id and fresh.line = uptakes.line
group by fresh.session_id, uptakes.outcome_id
