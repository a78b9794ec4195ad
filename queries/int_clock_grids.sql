-- model: int_clock_grids
-- grain: one client
-- reads: stg_events
-- family: CLOCK
-- measures: the share of a client's human prompts that share their second with another prompt of the same actor, and of its events that
--   stand on a whole minute
-- suggests: above $share, telemetry that batches or rounds its times: no clock test can be made
-- reference: signals.md stage 0.7
-- params: share = 0.3
with events as (
    select
        split_part(client, '/', 1) as client_name,
        actor_id,
        kind = 'prompt' and trigger = 'human' as is_prompt,
        date_part('epoch', ts) as seconds,
    from stg_events
),
seconds as (
    select
        client_name,
        count(*) as events,
        count(*) filter (where is_prompt) as prompts,
        count(*) filter (where seconds % 60 = 0) as on_whole_minutes,
    from events
    group by client_name, actor_id, floor(seconds)
),
shares as (
    select
        client_name,
        sum(events) as events,
        cast(coalesce(sum(prompts) filter (where prompts > 1), 0) as double) / nullif(sum(prompts), 0) as shared_second,
        cast(sum(on_whole_minutes) as double) / sum(events) as whole_minute,
    from seconds
    group by client_name
)
select *, coalesce(shared_second, 0.0) > $share or whole_minute > $share as is_on_grid from shares
