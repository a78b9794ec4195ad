-- model: int_session_uptake
-- grain: one root session that wrote lines
-- reads: int_session_lines, int_line_uptake
-- family: NO-CONSUMPTION
-- measures: distinct non-trivial lines that the session added, those that nobody had committed before, and what became of them (int_line_uptake). Young are sessions that
--   wrote in a repository whose commits' lines are known so late that its outcomes are not (int_session_lines). Lines are met by the hash of the line without its blanks
-- reference: signals.md S4 and 1.8; Ziegler et al. 2022; GitClear (two weeks)
with totals as (
    select session_id, count(*) as all_lines, min(written_at) as first_written_at, max(last_written_at) as last_written_at, bool_or(is_young) as is_young
    from int_session_lines
    group by session_id
),
-- Commits by themselves: a distinct count beside other aggregates keeps some 10 KB for each group.
commits as (
    select
        session_id, outcome_id, sum(lines) as lines, sum(elsewhere_lines) as elsewhere_lines, sum(landed_lines) as landed_lines,
        sum(used_lines) as used_lines, sum(touched_lines) as touched_lines,
    from int_line_uptake
    group by session_id, outcome_id
),
counted as (
    select
        session_id, count(outcome_id) as commits, sum(lines) as lines, sum(elsewhere_lines) as elsewhere_lines, sum(landed_lines) as landed_lines,
        sum(used_lines) as used_lines, sum(touched_lines) as touched_lines,
    from commits
    group by session_id
)
select
    totals.session_id, totals.all_lines,
    coalesce(counted.lines, 0) as lines,
    coalesce(counted.elsewhere_lines, 0) as elsewhere_lines,
    coalesce(counted.landed_lines, 0) as landed_lines,
    coalesce(cast(counted.used_lines as double), 0.0) as used_lines,
    coalesce(counted.touched_lines, 0) as touched_lines,
    coalesce(counted.commits, 0) as commits,
    totals.first_written_at, totals.last_written_at, totals.is_young,
from totals
left join counted on counted.session_id = totals.session_id
