-- model: int_shared_lines
-- grain: one session and one outcome that added the same lines, in one slice of all lines
-- reads: int_session_lines, stg_outcomes
-- measures: how many distinct lines both added. Lines that many outcomes or many sessions add are nobody's
-- innocent: generated code and moved files carry lines without anybody typing them
-- reference: signals.md S4
-- params: common_outcomes = 10, common_sessions = 10, slice = 0, slices = 1
-- part: slice
with landed as (
    select outcome_key, line
    from (select outcome_key, unnest(added_lines) as line from stg_outcomes where cardinality(added_lines) > 0)
    where abs(line % $slices) = $slice
),
made as (
    select session_id, line from int_session_lines where abs(line % $slices) = $slice
),
rare_landed as (
    select line from landed group by line having count(*) <= $common_outcomes
),
rare_made as (
    select line from made group by line having count(*) <= $common_sessions
)
select m.session_id, l.outcome_key, count(distinct m.line) as lines
from made as m
inner join rare_made as rm on m.line = rm.line
inner join landed as l on m.line = l.line
inner join rare_landed as rl on l.line = rl.line
group by m.session_id, l.outcome_key
