-- model: int_prompt_edges
-- grain: one pair of near-identical masked prompt texts of one actor
-- reads: int_prompt_texts
-- family: REDUNDANCY
-- measures: pairs of distinct masked texts of one actor that share a MinHash band and whose shingle sets have Jaccard >= $jaccard. A bucket of more than $bucket_cap texts gives a star to its smallest hash instead of a clique. Exact up to the 256 shingles that the sketch keeps, a ratio of bottom-k sketches above
-- suggests: the two texts are one request, re-issued with small changes
-- innocent: see sig_prompt_repetition
-- abstains: texts under 8 masked words have no bands and meet only by their masked hash
-- evasion: a paraphrase by a model shares no shingles; sig_loop_no_progress and sig_orphan_output do not read words
-- reference: signals.md S1; Broder 1997; Lee et al. 2022
-- params: jaccard = 0.8, bucket_cap = 200
with texts as (
    select * from int_prompt_texts
),
text_bands as (
    select actor_id, masked_hash, unnest(bands) as band from texts
),
buckets as (
    select actor_id, band, count(*) as texts, min(masked_hash) as hub
    from text_bands
    group by actor_id, band
    having count(*) >= 2
),
small as (
    select text_bands.actor_id, text_bands.band, text_bands.masked_hash
    from text_bands
    join buckets on buckets.actor_id = text_bands.actor_id and buckets.band = text_bands.band
    where buckets.texts <= $bucket_cap
),
candidates as (
    select low.actor_id, low.masked_hash as low_hash, high.masked_hash as high_hash
    from small as low
    join small as high
        on high.actor_id = low.actor_id and high.band = low.band and high.masked_hash > low.masked_hash
    union all
    select buckets.actor_id, buckets.hub as low_hash, text_bands.masked_hash as high_hash
    from buckets
    join text_bands on text_bands.actor_id = buckets.actor_id and text_bands.band = buckets.band
    where buckets.texts > $bucket_cap and text_bands.masked_hash > buckets.hub
),
pairs as (
    select distinct actor_id, low_hash, high_hash from candidates
),
compared as (
    select
        pairs.actor_id,
        pairs.low_hash,
        pairs.high_hash,
        cast(cardinality(array_intersect(low.shingles, high.shingles)) as double) as shared,
        cast(cardinality(low.shingles) as double) + cast(cardinality(high.shingles) as double) as both_sizes,
    from pairs
    join texts as low on low.actor_id = pairs.actor_id and low.masked_hash = pairs.low_hash
    join texts as high on high.actor_id = pairs.actor_id and high.masked_hash = pairs.high_hash
)
select actor_id, low_hash, high_hash, shared / (both_sizes - shared) as jaccard
from compared
where both_sizes > shared and shared / (both_sizes - shared) >= $jaccard
