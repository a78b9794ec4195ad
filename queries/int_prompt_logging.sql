-- model: int_prompt_logging
-- grain: one row
-- reads: stg_events
-- measures: whether any prompt of a person has its text in the lake; a lake of gateways or of telemetry without content has none
-- reference: signals.md 1.1
select count(*) > 0 as has_text from (select 1 as one from stg_events where kind = 'prompt' and trigger = 'human' and text_words is not null limit 1)
