-- model: int_prompt_texts
-- grain: one actor and masked text of a human prompt that is no stop phrase
-- reads: int_prompts
-- family: REDUNDANCY
-- measures: the sketch of each text once, whatever the number of prompts that carry it: equal masked hashes have equal sketches
-- reference: signals.md S1
-- part: person
with ranked as (
    select
        actor_id,
        masked_hash,
        shingles,
        bands,
        -- A window an actor: one a text would be a window a row.
        lag(masked_hash) over (partition by actor_id order by masked_hash, ts, event_key) is distinct from masked_hash as is_first,
    from int_prompts
    where not is_stop_phrase and masked_hash is not null
)
select actor_id, masked_hash, shingles, bands from ranked where is_first
