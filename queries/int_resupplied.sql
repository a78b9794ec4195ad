-- model: int_resupplied
-- grain: one human prompt of at least $least_chars characters
-- reads: int_supplied_texts
-- family: REDUNDANCY
-- measures: characters of the prompt that stand in spans of 50 tokens supplied before, in this prompt or an earlier one of the session
-- innocent: a first supply is free
-- reference: signals.md S2; Schleimer, Wilkerson and Aiken 2003
-- params: least_chars = 256
-- part: person
with texts as (
    select event_key, ts, session_id, actor_id, text_chars, tokens, spans, repeated_permille, packed_permille
    from int_supplied_texts
    where text_chars >= $least_chars
),
spans as (
    select session_id, event_key, ts, unnest(spans) as span from texts where cardinality(spans) > 0
),
met as (
    -- A window a session: one a span would be a window a row.
    select event_key, coalesce(lag(span) over (partition by session_id order by span, ts, event_key) = span, false) as is_known from spans
),
known as (
    select event_key, avg(cast(is_known as double)) as known_share from met group by event_key
)
select
    texts.event_key, texts.ts, texts.session_id, texts.actor_id, texts.text_chars, texts.tokens, texts.packed_permille,
    cast(texts.text_chars as double) * (coalesce(texts.repeated_permille, 0) / 1000.0
        + (1 - coalesce(texts.repeated_permille, 0) / 1000.0) * coalesce(known.known_share, 0.0)) as resupplied_chars,
from texts
left join known on known.event_key = texts.event_key
