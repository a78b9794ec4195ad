-- model: int_prompt_edges
-- grain: one pair of near-identical masked prompt texts of one actor
-- reads: int_prompt_texts
-- family: REDUNDANCY
-- measures: pairs of distinct masked texts of one actor that share $shared_bands MinHash bands (of 32: at a Jaccard of .67, the quarter of a tail, they do with .993, at .8 with 1) and whose shingle sets have Jaccard >= $jaccard, or containment >= $containment where the smaller has at least $size_ratio of the shingles of the larger: a tail of a quarter of the text leaves a Jaccard of .67 and a containment of .8. A bucket of more than $bucket_cap texts gives a star to its smallest hash instead of a clique. Exact up to the 256 shingles that the sketch keeps, a ratio of bottom-k sketches above
-- suggests: the two texts are one request, re-issued with small changes
-- innocent: see sig_prompt_repetition
-- abstains: texts under 8 masked words have no bands and meet only by their masked hash
-- evasion: random tails are contained up to a quarter of the text; a paraphrase by a model shares no shingles: sig_low_output_novelty reads the answers, sig_loop_no_progress and sig_orphan_output read no words
-- reference: signals.md S1; Broder 1997; Lee et al. 2022
-- params: jaccard = 0.8, containment = 0.8, size_ratio = 0.5, bucket_cap = 200, shared_bands = 2
-- part: person
with text_bands as (
    select actor_id, masked_hash, unnest(bands) as band from int_prompt_texts
),
buckets as (
    select actor_id, band, array_agg(masked_hash) as texts
    from text_bands
    group by actor_id, band
    having count(*) >= 2
),
lows as (
    select actor_id, texts, unnest(case when cardinality(texts) <= $bucket_cap then texts else make_array(array_min(texts)) end) as low_hash from buckets
),
candidates as (
    select actor_id, low_hash, unnest(texts) as high_hash from lows
),
pairs as (
    select actor_id, low_hash, high_hash from candidates where high_hash > low_hash group by actor_id, low_hash, high_hash having count(*) >= $shared_bands
),
compared as (
    select
        pairs.actor_id,
        pairs.low_hash,
        pairs.high_hash,
        cast(cardinality(array_intersect(low.shingles, high.shingles)) as double) as shared,
        cast(cardinality(low.shingles) as double) as low_size,
        cast(cardinality(high.shingles) as double) as high_size,
    from pairs
    join int_prompt_texts as low on low.actor_id = pairs.actor_id and low.masked_hash = pairs.low_hash
    join int_prompt_texts as high on high.actor_id = pairs.actor_id and high.masked_hash = pairs.high_hash
    -- Neither limit can be met beyond this ratio of sizes; the sets are intersected only within it.
    where least(cardinality(low.shingles), cardinality(high.shingles)) >= $size_ratio * greatest(cardinality(low.shingles), cardinality(high.shingles))
)
select actor_id, low_hash, high_hash, shared / (low_size + high_size - shared) as jaccard, shared / least(low_size, high_size) as containment
from compared
where low_size + high_size > shared
    and (shared / (low_size + high_size - shared) >= $jaccard
        or shared / least(low_size, high_size) >= $containment)
