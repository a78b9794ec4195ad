-- model: rpt_days
-- grain: one day, in UTC as bills are
-- reads: stg_events
-- measures: root sessions with a step that day, prompts that no other agent wrote, tokens and cost; null when nothing was reported
-- reference: reports.md totals
select
    cast(ts as date) as day,
    count(distinct root_session_id) as sessions,
    count(*) filter (where kind = 'prompt' and trigger <> 'agent') as prompts,
    sum(tokens) as tokens,
    sum(cost_usd) as cost_usd
from stg_events
group by cast(ts as date)
