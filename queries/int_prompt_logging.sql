-- model: int_prompt_logging
-- grain: one person of whose typed prompts at least one has its text in the lake
-- reads: stg_events
-- measures: whose prompts can be compared by their words; telemetry is set up person by person, and a lake of gateways or of telemetry without content has no row
-- reference: signals.md 1.1
select distinct actor_id from stg_events where kind = 'prompt' and trigger = 'human' and text_words is not null
