-- model: rpt_model_people
-- grain: one model and person who used it
-- reads: stg_events
-- measures: rpt_totals_by_day_model by person, for who stands behind its figures: completions, tokens and cost; sums are null when nothing was reported
-- reference: docs/disclosure.md
select
    coalesce(model, '(unknown)') as model,
    actor_id,
    count(*) as completions,
    sum(tokens) as tokens,
    sum(cost_usd) as cost_usd,
from stg_events
where kind = 'completion'
group by coalesce(model, '(unknown)'), actor_id
