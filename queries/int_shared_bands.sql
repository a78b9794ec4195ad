-- model: int_shared_bands
-- grain: one MinHash band that the prompts of $shared_actors people or more have
-- reads: int_prompt_texts
-- family: REDUNDANCY
-- measures: how many people have it. A quarter of a text's 32 bands in common is a Jaccard of about .7
-- innocent: texts that several people share are templates
-- reference: signals.md S1 and look-alike register (hand-off template); Broder 1997
-- params: shared_actors = 3, slice = 0, slices = 1
-- part: slice
with owned as (
    select actor_id, band from (select actor_id, unnest(bands) as band from int_prompt_texts) where abs(band % $slices) = $slice
),
-- Most bands are one text's. A count leaves them before people are told apart: a person may have several texts of a band.
crowded as (
    select band from owned group by band having count(*) >= $shared_actors
)
select band, count(*) as actors
from (select distinct crowded.band, owned.actor_id from crowded join owned on owned.band = crowded.band)
group by band
having count(*) >= $shared_actors
