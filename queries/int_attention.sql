-- model: int_attention
-- grain: one root session with a human turn
-- reads: int_attention_tails, int_attention_gaps
-- family: AGENT-WASTE
-- measures: its last human turn, how long it ran on after that, and how long people of its stratum usually leave an agent alone (int_attention_gaps), where the stratum has
--   $min_linked linked sessions, and never under $attention_min minutes
-- reference: signals.md S7
-- params: attention_min = 30, min_linked = 20
-- part: person
select
    tails.*,
    greatest($attention_min * 60.0, case when gaps.linked_sessions >= $min_linked then gaps.gap_seconds end) as attention_seconds,
from int_attention_tails as tails
left join int_attention_gaps as gaps on gaps.stratum = tails.stratum
