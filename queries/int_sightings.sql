-- model: int_sightings
-- grain: one event of a step that several sources saw
-- reads: int_step_sightings, int_prompt_sightings
-- measures: requests, tool steps and prompts together. Where `is_kept` is false the event is not counted: `kept_key` is. `session_id`
--   is where a kept prompt moves to, and `request_key` the request that it goes with, else null
-- reference: docs/merging.md
select event_key, kind, source, authority, rule, is_kept, kept_key, arrow_cast(null, 'Utf8') as session_id, arrow_cast(null, 'Binary') as request_key
from int_step_sightings
union all
select event_key, kind, source, authority, rule, is_kept, kept_key, session_id, request_key
from int_prompt_sightings
