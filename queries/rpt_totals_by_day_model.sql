-- model: rpt_totals_by_day_model
-- grain: one UTC day, model and client
-- reads: stg_events
-- measures: the totals that other tools and bills can be compared with. A completion without usage is counted and adds nothing;
--   sums are null when nothing was reported. Shares are of completions
select
    cast(arrow_cast(ts, 'Timestamp(Microsecond, None)') as date) as utc_day,
    coalesce(model, '(unknown)') as model,
    split_part(client, '/', 1) as client_name,
    sum(input_tokens) as input_tokens,
    sum(output_tokens) as output_tokens,
    sum(cache_read_tokens) as cache_read_tokens,
    sum(cache_write_tokens) as cache_write_tokens,
    sum(cost_usd) as cost_usd,
    count(*) as completions,
    count(*) filter (where tokens is null) as completions_without_usage,
    count(*) filter (where output_is_lower_bound) as lower_bound_completions,
    cast(count(*) filter (where token_basis = 'estimated') as double) / count(*) as estimated_share,
    cast(count(*) filter (where cost_usd is null) as double) / count(*) as unpriced_share
from stg_events
where kind = 'completion'
group by 1, 2, 3
