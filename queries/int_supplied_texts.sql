-- model: int_supplied_texts
-- grain: one logical human prompt whose text was logged
-- reads: int_prompts, stg_events
-- family: REDUNDANCY
-- measures: how much a person supplied, in characters and in tokens of four characters, with the sketches of long texts. Injected text,
--   replayed context, tool results and retrieved files are no prompts and never stand here; boilerplate and retries are gone before
-- reference: signals.md stage 0 and S2
-- part: person
select
    prompts.event_key, prompts.ts, prompts.local_ts, prompts.session_id, prompts.actor_id,
    events.text_chars, events.text_chars / 4 as tokens,
    events.spans, events.repeated_permille, events.packed_permille, events.identifiers,
from int_prompts as prompts
join stg_events as events on events.event_key = prompts.event_key and events.kind = 'prompt'
where events.text_words is not null
