-- model: int_logged_use
-- grain: one UTC day, tool, model and team
-- reads: stg_events, int_model_names
-- measures: what the logs hold, in the words of bills: bills count days of UTC, whatever the time zone of a person
select
    cast(arrow_cast(e.ts, 'Timestamp(Microsecond, None)') as date) as utc_day,
    split_part(e.client, '/', 1) as client_name,
    coalesce(n.name, '(no model)') as model,
    coalesce(n.maker, '') as maker,
    e.team_id,
    sum(e.tokens) as tokens,
    sum(e.cost_usd) as cost_usd,
    count(*) as completions,
    count(*) filter (where e.tokens is null) as completions_without_usage,
    count(*) filter (where e.output_is_lower_bound) as lower_bound_completions
from stg_events as e
left join int_model_names as n on e.model = n.model
where e.kind = 'completion' and e.ts is not null
group by 1, 2, 3, 4, 5
