-- model: int_padding
-- grain: one human prompt of int_resupplied
-- reads: int_resupplied, int_block_references
-- family: REDUNDANCY
-- measures: characters of the prompt that were supplied before (int_resupplied); whether it is a block whose packed size is out of line for its
--   length: $deviations robust deviations either side of the median of its power-of-two bin, half a percent each (is_unusual); and what came back
--   of it (int_block_references)
-- innocent: a first supply is free: logs, specifications and examples count only when supplied again or never referred to
-- evasion: articles and foreign code pack like any text and are supplied once: the references catch them
-- reference: signals.md S2; Schleimer, Wilkerson and Aiken 2003; Cebrian, Alfonseca and Ortega 2005
-- params: bin_texts = 30, deviations = 2.576, least_mad = 0.05
with sizes as (
    select event_key, floor(log2(cast(text_chars as double))) as bin, ln(greatest(cast(packed_permille as double), 1.0)) as size
    from int_resupplied
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
),
-- Joins hold what they name first: the few.
judged as (
    select texts.*, unusual.event_key is not null as is_unusual
    from unusual
    right join int_resupplied as texts on texts.event_key = unusual.event_key
)
select
    judged.event_key, judged.ts, judged.session_id, judged.actor_id, judged.text_chars, judged.tokens, judged.resupplied_chars, judged.is_unusual,
    blocks.reference_share, blocks.rare_references,
from int_block_references as blocks
right join judged on judged.event_key = blocks.event_key
