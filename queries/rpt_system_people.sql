-- model: rpt_system_people
-- grain: one system and person whose agents acted on it
-- reads: stg_events
-- measures: rpt_governance by person, for who stands behind its figures: tool calls that write, send or execute
-- reference: docs/disclosure.md
select
    coalesce(system, '(unknown)') as system,
    actor_id,
    count(*) as calls,
from stg_events
where kind = 'tool_call' and effect in ('write', 'send', 'execute')
group by coalesce(system, '(unknown)'), actor_id
