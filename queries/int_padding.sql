-- model: int_padding
-- grain: one human prompt of at least $least_chars characters
-- reads: int_supplied_texts, int_block_references
-- family: REDUNDANCY
-- measures: characters of the prompt that stand in spans of 50 tokens supplied before, in this prompt or an earlier one of the session
--   (resupplied); whether it is a block whose packed size is out of line for its length: $deviations robust deviations either side of
--   the median of its power-of-two bin, half a percent each (is_unusual); and what came back of it (int_block_references)
-- innocent: a first supply is free: logs, specifications and examples count only when supplied again or never referred to
-- evasion: articles and foreign code pack like any text and are supplied once: the references catch them
-- reference: signals.md S2; Schleimer, Wilkerson and Aiken 2003; Cebrian, Alfonseca and Ortega 2005
-- params: least_chars = 256, bin_texts = 30, deviations = 2.576, least_mad = 0.05
with texts as (
    select * from int_supplied_texts where text_chars >= $least_chars
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
),
sizes as (
    select event_key, floor(log2(cast(text_chars as double))) as bin, ln(greatest(cast(packed_permille as double), 1.0)) as size
    from texts
    where packed_permille is not null
),
medians as (
    select bin, count(*) as texts, median(size) as size from sizes group by bin
),
spreads as (
    select medians.bin, medians.texts, medians.size, greatest(median(abs(sizes.size - medians.size)), $least_mad) as mad
    from sizes
    join medians on medians.bin = sizes.bin
    group by medians.bin, medians.texts, medians.size
),
unusual as (
    select sizes.event_key
    from sizes
    join spreads on spreads.bin = sizes.bin
    where spreads.texts >= $bin_texts and abs(sizes.size - spreads.size) > $deviations * 1.4826 * spreads.mad
)
select
    texts.event_key, texts.ts, texts.session_id, texts.actor_id, texts.text_chars, texts.tokens,
    cast(texts.text_chars as double) * (coalesce(texts.repeated_permille, 0) / 1000.0
        + (1 - coalesce(texts.repeated_permille, 0) / 1000.0) * coalesce(known.known_share, 0.0)) as resupplied_chars,
    unusual.event_key is not null as is_unusual,
    blocks.reference_share, blocks.rare_references,
from texts
left join known on known.event_key = texts.event_key
left join unusual on unusual.event_key = texts.event_key
left join int_block_references as blocks on blocks.event_key = texts.event_key
