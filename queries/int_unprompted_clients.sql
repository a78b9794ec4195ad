-- model: int_unprompted_clients
-- grain: one actor and client of whose use the log has responses and not one prompt; of a client without a name the empty text
-- reads: stg_events
-- measures: what gateways without messages and telemetry without content leave: that there is no prompt says nothing of how many were typed, and when
--   somebody began is then told by the first response after a silence. own_prompts of fct_actor_weeks is null in a week of such use and no other
-- reference: signals.md S8
-- part: person
select actor_id, coalesce(split_part(client, '/', 1), '') as client_name
from stg_events
where kind in ('prompt', 'completion')
group by actor_id, coalesce(split_part(client, '/', 1), '')
having count(*) filter (where kind = 'prompt') = 0
