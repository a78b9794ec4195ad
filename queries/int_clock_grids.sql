-- model: int_clock_grids
-- grain: one client
-- reads: stg_events
-- family: CLOCK
-- measures: the share of a client's human prompts that share their second with another prompt of the same actor, and of its events that
--   stand on a whole minute; of its responses with tokens the share on a whole second
-- suggests: above $share, telemetry that batches or rounds its times: no clock test can be made
-- reference: signals.md stage 0.7
-- params: share = 0.3
with wholes as (
    select
        split_part(client, '/', 1) as client_name,
        count(*) as events,
        cast(count(*) filter (where arrow_cast(ts, 'Int64') % 60000000 = 0) as double) / count(*) as whole_minute,
        avg(cast(arrow_cast(ts, 'Int64') % 1000000 = 0 as double)) filter (where kind = 'completion' and tokens > 0) as responses_on_second,
    from stg_events
    group by split_part(client, '/', 1)
),
-- Of prompts alone: there are almost as many seconds as events.
seconds as (
    select split_part(client, '/', 1) as client_name, count(*) as prompts
    from stg_events
    where kind = 'prompt' and trigger = 'human'
    group by split_part(client, '/', 1), actor_id, arrow_cast(ts, 'Int64') / 1000000
),
shares as (
    select client_name, cast(coalesce(sum(prompts) filter (where prompts > 1), 0) as double) / sum(prompts) as shared_second
    from seconds
    group by client_name
)
select
    wholes.client_name, wholes.events, shares.shared_second, wholes.whole_minute, wholes.responses_on_second,
    coalesce(shares.shared_second, 0.0) > $share or wholes.whole_minute > $share as is_on_grid,
from wholes
left join shares on shares.client_name is not distinct from wholes.client_name
