-- model: rpt_kept_outcomes
-- grain: one outcome that a session is linked to
-- reads: fct_attribution, stg_outcomes, int_as_of
-- measures: whether it was kept: false when reverted, abandoned or gone from the default branch; true when it has stood for
--   $survival_days days; null while it is too young to tell
-- reference: signals.md S4 (survival at 30 days)
-- params: survival_days = 30
with attributed as (
    select distinct outcome_key from fct_attribution where tier in ('explicit', 'lines', 'files')
)
select
    o.outcome_id,
    case
        when o.status in ('reverted', 'abandoned') or o.lines_surviving = 0 and o.lines_added > 0 then false
        when o.status = 'landed' and arrow_cast(a.as_of, 'Int64') - arrow_cast(o.ts, 'Int64') >= $survival_days * 86400000000 then true
    end as kept,
    o.kind as outcome_kind,
from stg_outcomes as o
inner join attributed on o.outcome_key = attributed.outcome_key
cross join int_as_of as a
