-- model: int_attention_gaps
-- grain: one stratum with linked sessions in which a person typed
-- reads: int_attention_tails
-- family: AGENT-WASTE
-- measures: how long people of the stratum usually leave an agent alone: the 95th percentile of the longest run of its linked sessions, the one after the last
--   human turn among them
-- reference: signals.md S7
select stratum, count(*) as linked_sessions, percentile_cont(0.95) within group (order by greatest(tail_seconds, run_seconds)) as gap_seconds
from int_attention_tails
where is_linked
group by stratum
