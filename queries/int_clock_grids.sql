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
shared as (
    select
        client_name,
        is_prompt,
        seconds % 60 = 0 as is_whole_minute,
        count(*) over (partition by client_name, is_prompt, actor_id, floor(seconds)) > 1 as is_shared,
    from events
),
shares as (
    select
        client_name,
        count(*) as events,
        avg(case when is_prompt then cast(is_shared as double) end) as shared_second,
        avg(cast(is_whole_minute as double)) as whole_minute,
    from shared
    group by client_name
)
select *, coalesce(shared_second, 0.0) > $share or whole_minute > $share as is_on_grid from shares
