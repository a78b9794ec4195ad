-- model: int_result_logging
-- grain: one client that has a tool call's result in the lake
-- reads: stg_events
-- measures: how many results of tool calls its logs have; a gateway without messages and telemetry without content have none, and that such a log
--   shows no call says nothing of the session
-- reference: signals.md S3
select split_part(client, '/', 1) as client_name, count(*) as results
from stg_events
where kind = 'tool_result' and call_id is not null and result_hash is not null
group by split_part(client, '/', 1)
