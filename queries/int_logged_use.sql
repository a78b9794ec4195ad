-- model: int_logged_use
-- grain: one UTC day, tool, model and team
-- reads: stg_events, int_model_names
-- measures: what the logs hold, in the words of bills: bills count days of UTC, whatever the time zone of a person, and Copilot's bill has one name
--   for all of Copilot. What Copilot used has no maker, since no maker bills it. Of the cost `reported_cost_usd` is what tools were told; the rest is
--   at list prices, and a response without a price has none
-- innocent: a model that somebody connected to Copilot's CLI with a key of their own is billed by its maker, and is missing there
with events as (
    select *, replace(split_part(client, '/', 1), 'copilot-cli', 'github-copilot') as client_name
    from stg_events
    where kind = 'completion' and ts is not null
)
select
    cast(arrow_cast(e.ts, 'Timestamp(Microsecond, None)') as date) as utc_day,
    e.client_name,
    coalesce(n.name, '(no model)') as model,
    case when e.client_name = 'github-copilot' then '' else coalesce(n.maker, '') end as maker,
    e.team_id,
    sum(e.tokens) as tokens,
    sum(e.cost_usd) as cost_usd,
    sum(e.cost_usd) filter (where e.cost_basis = 'reported') as reported_cost_usd,
    count(*) as completions,
    count(*) filter (where e.tokens is null) as completions_without_usage,
    count(*) filter (where e.cost_usd is null) as completions_without_cost,
    count(*) filter (where e.output_is_lower_bound) as lower_bound_completions
from events as e
left join int_model_names as n on e.model = n.model
group by 1, 2, 3, 4, 5
