-- model: fct_unmatched_sessions
-- grain: one session that no outcome is linked to
-- reads: fct_sessions, fct_attribution, fct_coverage
-- measures: what is left over on the side of use, and why: it changed nothing (`no_edits`), its author's work lies where no
--   outcomes are known (`no_coverage`, which says nothing about the work), or outcomes are known and none matches (`no_match`)
-- innocent: about half of honest sessions leave no commit
-- params: least_coverage = 0.8
select
    s.session_id,
    s.actor_id,
    case
        when s.edits = 0 and s.added_lines_count = 0 then 'no_edits'
        when coalesce(c.outcome_coverage, 0.0) < $least_coverage then 'no_coverage'
        else 'no_match'
    end as reason,
    s.edits,
    s.added_lines_count,
    s.tokens,
    s.cost_usd
from fct_sessions as s
left join fct_coverage as c on s.actor_id = c.actor_id
where s.session_id not in (select session_id from fct_attribution)
